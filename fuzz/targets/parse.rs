//! Any text gives a tree and diagnostics whose spans lie inside the text.
#![no_main]

use flowc::source::FileId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parsed = flowc::syntax::parse(FileId(0), text);
    for diagnostic in &parsed.diagnostics {
        assert!(text.get(diagnostic.primary.span.range()).is_some());
    }
});
