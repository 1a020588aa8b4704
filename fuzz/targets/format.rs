//! What is a program is formatted, and what was formatted once is not changed by formatting it again.
#![no_main]

use flowc::format::{FormatError, format};
use flowc::source::FileId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match format(FileId(0), text) {
        Ok(formatted) => {
            let again = format(FileId(0), &formatted);
            assert_eq!(again.ok().as_ref(), Some(&formatted));
        }
        Err(FormatError::Syntax(_)) => {}
        Err(error) => panic!("{error}"),
    }
});
