//! The explanations of codes: their programs do what they say.

use std::fmt::Write;
use std::path::Path;

use flowc::backend::deployment::Deployment;
use flowc::diagnostic::Code;
use flowc::diagnostic::levels::LintLevels;
use flowc::driver;
use flowc::source::SourceFile;
use flowc::testing::bench::Bench;
use flowc::testing::coverage::Coverage;
use flowc::testing::{self, Options};
use flowc::workspace;

/// The codes that a program gets, in the order of places; those of its tests behind them, and on request those of what no
/// test reaches.
fn codes(text: &str, coverage: bool) -> Vec<&'static str> {
    let main = SourceFile::new("explained.flow", text);
    // The files that pages use are those of the mistakes' tests.
    let mut read = |path: &str| {
        let places = ["names", "items"].map(|area| format!("tests/ui/{area}/{path}"));
        let there = places.iter().find(|place| Path::new(place).exists());
        workspace::read_used(there.unwrap_or(&places[0]))
    };
    let compilation = driver::compile(main, &LintLevels::default(), &mut read);
    let mut diagnostics = compilation.diagnostics;
    if let Some(program) = &compilation.program {
        diagnostics.extend(driver::emit(program).diagnostics);
    }
    if let Some(program) = compilation.program.filter(|p| !p.tests.is_empty()) {
        let bench = Bench::new(&program, Deployment::new(&program)).expect("definitions");
        let mut reached = Coverage::default();
        let verdicts = testing::run(&bench, None, Options::default(), &mut reached);
        diagnostics.extend(verdicts.into_iter().flat_map(|verdict| verdict.failures));
        if coverage {
            diagnostics.extend(reached.report(&bench, &compilation.sources).gaps);
        }
    }
    diagnostics.iter().map(|d| d.code.code()).collect()
}

/// The programs of a page: whether each is to fail, and its text.
fn programs(page: &str) -> Vec<(bool, &str)> {
    let mut programs = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("```flow") {
        let (info, after) = after.split_once('\n').expect("a line");
        let (text, after) = after.split_once("```").expect("an end");
        programs.push((info.trim() == "fails", text));
        rest = after;
    }
    programs
}

fn pages() -> impl Iterator<Item = Code> {
    Code::ALL
        .iter()
        .copied()
        // Its program would be larger than 4 MiB.
        .filter(|code| *code != Code::SourceTooLarge)
}

#[test]
fn failing_programs_fail_with_their_code_alone_and_mended_ones_have_no_diagnostics() {
    let mut wrong = String::new();
    for code in pages() {
        let programs = programs(code.explanation());
        for (fails, text) in &programs {
            let (mut found, wanted) = (
                codes(text, code == Code::NotCovered),
                vec![code.code(); usize::from(*fails)],
            );
            // A page may show several mistakes of its kind.
            found.dedup();
            if found != wanted {
                let _ = writeln!(wrong, "{} fails: {fails}: {found:?}", code.code());
            }
        }
        if !(programs.iter().any(|(fails, _)| *fails) && programs.iter().any(|(fails, _)| !fails)) {
            let _ = writeln!(wrong, "{} lacks a program", code.code());
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn pages_begin_with_the_code_and_its_name() {
    for code in pages() {
        let heading = format!("# {} {}\n\n", code.code(), code.name());
        assert!(code.explanation().starts_with(&heading), "{}", code.code());
    }
}
