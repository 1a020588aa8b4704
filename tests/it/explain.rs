//! What `flowc explain` shows: each page is held to the compiler.

use flowc::diagnostic::levels::LintLevels;
use flowc::diagnostic::{Code, Severity};
use flowc::driver::{self, Compilation};
use flowc::source::{ReadError, SourceFile};

/// The areas whose pages are complete.
const AREAS: &[&str] = &["F01"];

/// Its program would be larger than 4 MiB.
const WITHOUT_PROGRAM: &[Code] = &[Code::SourceTooLarge];

fn pages() -> impl Iterator<Item = Code> {
    Code::ALL
        .iter()
        .copied()
        .filter(|code| AREAS.iter().any(|area| code.code().starts_with(area)))
}

/// The text of each block that begins with this fence.
fn blocks(page: &str, fence: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == fence {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(format!("{}\n", text.join("\n")));
        }
    }
    blocks
}

fn compile(text: &str) -> Compilation {
    driver::compile(
        SourceFile::new("page.flow", text),
        &LintLevels::default(),
        &mut |_| Err(ReadError::Missing(Vec::new())),
    )
}

fn codes(compilation: &Compilation) -> Vec<Code> {
    compilation.diagnostics.iter().map(|d| d.code).collect()
}

#[test]
fn a_page_begins_with_its_code_and_name() {
    for code in pages() {
        let heading = format!("# {} {}\n\n", code.code(), code.name());
        assert!(code.explanation().starts_with(&heading), "{heading}");
    }
}

#[test]
fn a_failing_program_yields_its_code() {
    for code in pages().filter(|code| !WITHOUT_PROGRAM.contains(code)) {
        let failing = blocks(code.explanation(), "```flow fails");
        assert!(!failing.is_empty(), "{}", code.code());
        for text in failing {
            let found = codes(&compile(&text));
            assert!(found.contains(&code), "{}: {found:?}\n{text}", code.code());
        }
    }
}

#[test]
fn a_mended_program_yields_no_error() {
    for code in pages().filter(|code| !WITHOUT_PROGRAM.contains(code)) {
        let mended = blocks(code.explanation(), "```flow");
        assert!(!mended.is_empty(), "{}", code.code());
        for text in mended {
            let compilation = compile(&text);
            let errors: Vec<&str> = compilation
                .diagnostics
                .iter()
                .filter(|d| d.severity == Severity::Error)
                .map(|d| d.message.as_str())
                .collect();
            assert_eq!(errors, Vec::<&str>::new(), "{}\n{text}", code.code());
        }
    }
}
