//! For each `finally`: with every call failing in turn, alone and together with the cleanup, the cleanup runs exactly as often
//! as without, and the first error is the one that comes out.

use std::collections::BTreeSet;
use std::fs;

use super::compiled;
use flowc::backend::deployment::Deployment;
use flowc::ir::test::StagePlace;
use flowc::ir::{Block, PipelineId, Program, Stage, StageKind, Test, for_each_stage};
use flowc::simulate::log::Log;
use flowc::simulate::run::Status;
use flowc::testing::bench::Bench;
use flowc::testing::{Options, run_once};

/// Flows in which a `finally` is left in every way that there is.
const FLOWS: &[(&str, &str)] = &[
    ("a plain one", "try { a -> b } finally { z }"),
    ("behind a call", "a finally { z } -> b"),
    (
        "one in another",
        "try { a -> try { b } finally { y } -> c } finally { z }",
    ),
    (
        "with a handler",
        "try { a -> try { b } catch all { c -> fail } } finally { y -> z }",
    ),
    (
        "left by a return",
        "try { a -> if x > 0 { return } -> b } finally { z } -> c",
    ),
    (
        "in a loop",
        "let n = 0 -> loop { try { a -> set n = n + 1 -> if n > 2 { break } -> b } finally { z } }",
    ),
    (
        "in a collecting map",
        "map(i in [1, 2, 3], 2) collect { try { a -> b } finally { z } } -> c",
    ),
    (
        "in branches",
        "parallel collect { one { try { a } finally { y } } two { try { b } finally { z } } } -> c",
    ),
    (
        "with a retry",
        "try { a retry on all max 2 every 1s -> b } finally { z }",
    ),
    (
        "that raises",
        "try { a -> if x > 0 { fail Own.Error \"on purpose\" } } finally { z }",
    ),
];

fn program(flow: &str) -> String {
    let functions: String = ["a", "b", "c", "y", "z"]
        .iter()
        .map(|name| format!("function {name} = \"{name}\" returns {{ ok: bool }}\n"))
        .collect();
    format!(
        "{functions}
pipeline cleaned(x: int) {{
  flow {flow}
}}

test \"positive\" of cleaned {{
  given {{ x: 1 }}
  expect z called 1
}}

test \"negative\" of cleaned {{
  given {{ x: 0 }}
  expect z called 1
}}
"
    )
}

/// Stages by their calls.
fn calls<'p>(block: &'p Block, found: &mut Vec<&'p Stage>) {
    for_each_stage(block, &mut |stage| {
        if let StageKind::Call(_) = stage.kind {
            found.push(stage);
        }
    });
}

/// A `finally`: the calls of its cleanup that run whenever it does, and those of what it guards.
struct Finally {
    cleanup: Vec<StagePlace>,
    guarded: Vec<StagePlace>,
}

fn finallies(program: &Program, id: PipelineId) -> Vec<Finally> {
    let mut found = Vec::new();
    for_each_stage(&program.pipeline(id).body, &mut |stage| {
        let Some(block) = &stage.guard.finally else {
            return;
        };
        let place = |stage: &&Stage| StagePlace::of(id, stage);
        let mut cleanup = Vec::new();
        let mut inner = block;
        // A step that is used there is a block of its own.
        while let [
            Stage {
                kind: StageKind::Block { block, .. },
                ..
            },
        ] = inner.stages.as_slice()
        {
            inner = block;
        }
        if let Some(first) = inner.stages.first()
            && matches!(first.kind, StageKind::Call(_))
        {
            cleanup.push(StagePlace::of(id, first));
        }
        let mut guarded = Vec::new();
        if let StageKind::Call(_) = stage.kind {
            guarded.push(stage);
        }
        for inner in stage.blocks() {
            if !std::ptr::eq(inner, block) {
                calls(inner, &mut guarded);
            }
        }
        found.push(Finally {
            cleanup,
            guarded: guarded.iter().map(place).collect(),
        });
    });
    found
}

/// The states of a pipeline that were made for a stage.
fn states(bench: &Bench<'_>, place: &StagePlace) -> BTreeSet<String> {
    let definition = &bench.definitions[place.pipeline.0 as usize];
    definition
        .origins
        .iter()
        .filter(|(_, origin)| {
            origin.role.is_none()
                && origin.span == place.span
                && origin.stage == place.base
                && origin.expanded_from == place.expanded_from
        })
        .map(|(name, _)| name.clone())
        .collect()
}

/// Calls of some states, retries left out.
fn count(log: &Log, states: &BTreeSet<String>) -> usize {
    log.calls()
        .filter(|call| call.attempt == 0 && states.contains(&*call.state))
        .count()
}

/// Holds every `finally` of a test's pipeline to what it promises; gives the number of runs that it took.
fn hold(bench: &Bench<'_>, test: &Test, told: &str, wrong: &mut Vec<String>) -> usize {
    let options = Options::default();
    let run = |failing: &[String]| run_once(bench, test, failing, options);
    let mut runs = 0;
    for finally in finallies(bench.program, test.pipeline) {
        let cleanup: BTreeSet<String> = finally
            .cleanup
            .iter()
            .flat_map(|place| states(bench, place))
            .collect();
        let guarded = finally
            .guarded
            .iter()
            .flat_map(|place| states(bench, place));
        for state in guarded.collect::<BTreeSet<String>>() {
            let alone = run(std::slice::from_ref(&state));
            let failed: BTreeSet<String> = BTreeSet::from([state.clone()]);
            if count(&alone.log, &failed) == 0 {
                continue;
            }
            runs += 1;
            let often = count(&alone.log, &cleanup);
            let entries = times_entered(&alone.log, &finally, bench);
            if often != entries {
                wrong.push(format!(
                    "{told}, {}: with `{state}` failing the cleanup ran {often} times for {entries}",
                    test.title
                ));
            }
            let both: Vec<String> = [state.clone()].into_iter().chain(cleanup.clone()).collect();
            for (what, ran) in [("alone", &alone), ("with the cleanup", &run(&both))] {
                let outcome = ran.outcome.as_ref().expect("a run");
                let Some(failure) = &outcome.failure else {
                    // The bodies of a collecting map keep their failures.
                    continue;
                };
                let first = format!("`{state}` fails in this test");
                if outcome.status != Status::Failed || failure.cause.as_deref() != Some(&first) {
                    wrong.push(format!(
                        "{told}, {}: `{state}` fails {what}, and out comes {failure}",
                        test.title
                    ));
                }
                if count(&ran.log, &cleanup) != often {
                    wrong.push(format!(
                        "{told}, {}: `{state}` fails {what}, and the cleanup ran {} times, not {often}",
                        test.title,
                        count(&ran.log, &cleanup)
                    ));
                }
            }
        }
    }
    runs
}

/// How often what a `finally` guards began: by the calls of its first stage.
fn times_entered(log: &Log, finally: &Finally, bench: &Bench<'_>) -> usize {
    finally
        .guarded
        .first()
        .map_or(0, |first| count(log, &states(bench, first)))
}

fn hold_all(path: &str, text: &str, wrong: &mut Vec<String>) -> usize {
    let compilation = compiled(path, text);
    let program = compilation.program.as_ref().expect("a program");
    let bench = Bench::new(program, Deployment::new(program)).expect("definitions");
    program
        .tests
        .iter()
        .map(|test| hold(&bench, test, path, wrong))
        .sum()
}

#[test]
fn each_finally_runs_once_whatever_fails_and_the_first_error_comes_out() {
    let mut wrong = Vec::new();
    for (what, flow) in FLOWS {
        let runs = hold_all(what, &program(flow), &mut wrong);
        assert!(runs > 0, "nothing failed in {what}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_finally_of_the_examples_does_so_too() {
    let mut wrong = Vec::new();
    let mut files = 0;
    let mut paths: Vec<_> = ["examples", "tests/corpus"]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "flow"))
        .collect();
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path).expect("text");
        if !text.contains("finally {") {
            continue;
        }
        files += 1;
        let path = path.to_string_lossy();
        assert!(
            hold_all(&path, &text, &mut wrong) > 0,
            "nothing failed in {path}"
        );
    }
    assert!(files >= 2, "only {files} files have a `finally`");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
