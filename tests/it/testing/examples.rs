//! Every example has tests for its good way and for what it exists for; together they reach all of it.

use std::fs;

use super::{compiled, tested};
use flowc::diagnostic::render;
use flowc::driver;

fn examples() -> Vec<String> {
    let mut paths: Vec<String> = fs::read_dir("examples")
        .expect("the examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "flow"))
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    paths.sort();
    paths
}

#[test]
fn the_tests_of_all_examples_pass_under_their_roles_and_reach_every_handler() {
    let examples = examples();
    assert!(examples.len() >= 28, "only {} examples", examples.len());
    let mut wrong = Vec::new();
    for path in &examples {
        let compilation = compiled(path, &fs::read_to_string(path).expect("text"));
        let (verdicts, report) = tested(&compilation);
        let told = |d| render::render(d, &compilation.sources, false);
        wrong.extend(verdicts.iter().flat_map(|v| &v.failures).map(told));
        let full = [
            report.states,
            report.branches,
            report.handlers,
            report.retries,
        ];
        if !full.iter().all(|count| count.is_full()) {
            wrong.push(format!("{path} is not covered"));
            wrong.extend(report.gaps.iter().map(told));
        }
        assert!(report.states.all > 0, "{path} has no states");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_pipeline_of_every_example_has_a_test_that_succeeds_and_most_have_one_that_fails() {
    use flowc::ir::test::ExpectationKind;
    let mut without_failure = Vec::new();
    for path in examples() {
        let compilation = compiled(&path, &fs::read_to_string(&path).expect("text"));
        let program = compilation.program.expect("a program");
        let own = program
            .pipelines
            .iter()
            .filter(|p| p.span.file == program.file);
        for pipeline in own {
            let of = |wanted: fn(&ExpectationKind) -> bool| {
                program.tests.iter().any(|test| {
                    program.pipeline(test.pipeline).name == pipeline.name
                        && test.expectations.iter().any(|e| wanted(&e.kind))
                })
            };
            assert!(
                of(|kind| matches!(kind, ExpectationKind::Succeeded(_))),
                "{path}: `{}` has no test that succeeds",
                pipeline.name
            );
            if !of(|kind| matches!(kind, ExpectationKind::Failed { .. })) {
                without_failure.push(pipeline.name.clone());
            }
        }
    }
    // What has one call and no handler, and what another pipeline of the file is the failure of.
    assert_eq!(
        without_failure,
        [
            "publish_mart",
            "after_publishing",
            "prepare",
            "load_dataset"
        ]
    );
}

#[test]
fn tests_change_nothing_of_what_is_built() {
    for path in examples() {
        let text = fs::read_to_string(&path).expect("text");
        let tests = text.find("\ntest \"").expect("tests");
        let with = compiled(&path, &text);
        let without = compiled(&path, &text[..tests]);
        let made = |compilation: &driver::Compilation| {
            driver::emit(compilation.program.as_ref().expect("a program")).artifacts
        };
        assert!(made(&with) == made(&without), "{path} is built otherwise");
    }
}
