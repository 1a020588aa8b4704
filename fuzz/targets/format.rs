//! What was formatted once is not changed by formatting it again.
#![no_main]

use flowc::format::format;
use flowc::source::FileId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(formatted) = format(FileId(0), text) {
        assert_eq!(format(FileId(0), &formatted).ok().as_ref(), Some(&formatted));
    }
});
