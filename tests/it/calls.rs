//! Calls of APIs in whole programs: what is wrong with their arguments and with what is read of their results.

mod arguments;
mod errors;
mod every_operation;
mod real_machines;
mod results;

use std::fmt::Write;

use flowc::diagnostic::levels::LintLevels;
use flowc::driver::{self, Compilation};
use flowc::source::{ReadError, SourceFile};

pub fn compile(text: &str) -> Compilation {
    let main = SourceFile::new("it.flow", text);
    let mut read = |_: &str| Err(ReadError::Missing(Vec::new()));
    driver::compile(main, &LintLevels::default(), &mut read)
}

/// What is said, a line each: the code, the message and what is underlined; then the fix. How else to help is left to the
/// snapshots of mistakes.
fn said(compilation: &Compilation) -> String {
    let mut said = String::new();
    for diagnostic in &compilation.diagnostics {
        let span = diagnostic.primary.span;
        let text = &compilation.sources.get(span.file).text;
        let place = &text[span.start as usize..span.end as usize];
        let _ = writeln!(
            said,
            "{} {}: {place}",
            diagnostic.code.code(),
            diagnostic.message
        );
        if let Some(fix) = &diagnostic.fix {
            let _ = writeln!(said, "fix {}", fix.title);
        }
    }
    said.trim_end().to_owned()
}

/// Compiles a pipeline for each case and compares what is said of it; lints have opinions on more than these cases are about.
fn each_says(cases: &[(&str, &str)], pipeline: impl Fn(&str) -> String) {
    let mut wrong = String::new();
    for (case, expected) in cases {
        let mut compilation = compile(&pipeline(case));
        compilation
            .diagnostics
            .retain(|d| !d.code.code().starts_with("F10"));
        let said = said(&compilation);
        if said != *expected {
            let _ = writeln!(
                wrong,
                "{case}\n--- expected\n{expected}\n--- said\n{said}\n"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
