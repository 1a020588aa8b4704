//! A program without errors can be emitted, and the same text gives the same bytes.
#![no_main]

use flowc::diagnostic::levels::LintLevels;
use flowc::driver::{compile, emit};
use flowc::source::{ReadError, SourceFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let run = || {
        let main = SourceFile::new("fuzz.flow", text);
        let compilation = compile(main, &LintLevels::default(), &mut |_| Err(ReadError::Missing(Vec::new())));
        compilation.program.as_ref().map(|p| emit(p).artifacts)
    };
    assert_eq!(run(), run());
});
