//! Tests of programs, as `flowc test` runs them.

mod cleanup;
mod examples;
mod reports;

use flowc::backend::deployment::Deployment;
use flowc::diagnostic::levels::LintLevels;
use flowc::diagnostic::{Severity, render};
use flowc::driver::{self, Compilation};
use flowc::source::{ReadError, SourceFile};
use flowc::testing::bench::Bench;
use flowc::testing::coverage::{Coverage, Report};
use flowc::testing::{self, Options, Verdict};
use flowc::workspace;

/// A program without errors.
pub fn compiled(path: &str, text: &str) -> Compilation {
    let main = SourceFile::new(path, text);
    let compilation = driver::compile(main, &LintLevels::default(), &mut |path| {
        workspace::read_used(path).map_err(|_| ReadError::Missing(Vec::new()))
    });
    let errors: Vec<String> = compilation
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| render::render(d, &compilation.sources, false))
        .collect();
    assert!(errors.is_empty(), "{path}\n{}", errors.join("\n"));
    compilation
}

/// What became of a program's tests, and what they reach.
pub fn tested(compilation: &Compilation) -> (Vec<Verdict>, Report) {
    let program = compilation.program.as_ref().expect("a program");
    let bench = Bench::new(program, Deployment::new(program)).expect("definitions");
    let mut coverage = Coverage::default();
    let verdicts = testing::run(&bench, None, Options::default(), &mut coverage);
    let report = coverage.report(&bench, &compilation.sources);
    (verdicts, report)
}

/// The failures of a program's tests as people read them, without colours.
pub fn failures(text: &str) -> Vec<String> {
    let compilation = compiled("tested.flow", text);
    let (verdicts, _) = tested(&compilation);
    verdicts
        .iter()
        .flat_map(|verdict| &verdict.failures)
        .map(|failure| render::render(failure, &compilation.sources, false))
        .collect()
}

/// The names of the runs of a program's tests, and whether each passed.
pub fn runs(text: &str) -> Vec<(String, bool)> {
    let (verdicts, _) = tested(&compiled("tested.flow", text));
    verdicts
        .iter()
        .map(|verdict| (verdict.name(), verdict.passed()))
        .collect()
}
