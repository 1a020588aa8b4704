//! Runs a program's tests: on the definitions that it becomes, never on the source, under the roles that it gives them.
//!
//! The program is lowered as for a build, its definitions are read back by the simulator, and the calls are answered by the
//! test's mocks, else by values of their types. Touches nothing of the world.

pub mod answers;
pub mod bench;
pub mod coverage;
mod expect;
pub mod junit;
mod path;
mod sample;
mod value;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Test;
use crate::ir::test::{AnswerKind, Expectation};
use crate::simulate::call::Guard;
use crate::simulate::clock::Millis;
use crate::simulate::log::Log;
use crate::simulate::object::Objects;
use crate::simulate::permissions::{Denial, Permissions, Roles};
use crate::simulate::run::{Error, Limits, Outcome, Settings, Simulation, Validation, World};
use answers::{Answers, Calls};
use bench::Bench;
use coverage::Coverage;
use value::Formula;

/// A test that enters more states than this is taken for endless.
const MOST_TRANSITIONS: u64 = 200_000;

/// How tests are run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Calls that the generated policies do not allow fail.
    pub permissions: bool,
    /// Decides ids, jitter and random numbers.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            permissions: true,
            seed: 1,
        }
    }
}

/// What became of one run of a test.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub pipeline: String,
    pub title: String,
    /// Of `each step fails`: the call that failed in this run.
    pub failing: Option<String>,
    /// Why it did not pass.
    pub failures: Vec<Diagnostic>,
    /// Mocks that no call asked.
    pub unused: Vec<String>,
    /// Virtual time.
    pub duration: Millis,
}

impl Verdict {
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// `a failed load is told (run fails)`
    pub fn name(&self) -> String {
        match &self.failing {
            Some(call) => format!("{} ({call} fails)", self.title),
            None => self.title.clone(),
        }
    }
}

/// One run, and all that happened in it.
#[derive(Debug)]
pub struct Ran {
    pub outcome: Result<Outcome, Error>,
    pub log: Log,
    /// What the roles do not allow.
    pub denials: Vec<Denial>,
    /// What went wrong in the test itself.
    troubles: Vec<Diagnostic>,
    /// Places among the test's mocks.
    unused: Vec<usize>,
}

/// Runs those tests of a program whose names hold all of `filter`, in source order.
pub fn run(
    bench: &Bench<'_>,
    filter: Option<&str>,
    options: Options,
    coverage: &mut Coverage,
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for test in &bench.program.tests {
        let pipeline = &bench.program.pipeline(test.pipeline).name;
        let fits = |filter: &str| test.title.contains(filter) || pipeline.contains(filter);
        if filter.is_none_or(fits) {
            verdicts.extend(run_test(bench, test, options, coverage));
        }
    }
    verdicts
}

fn run_test(
    bench: &Bench<'_>,
    test: &Test,
    options: Options,
    coverage: &mut Coverage,
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let ran = run_once(bench, test, &[], options);
    coverage.note(bench, &ran.log);
    // A test that only fails each step says nothing of the run in which none fails.
    let alone = test.each.is_some() && test.expectations.is_empty() && ran.troubles.is_empty();
    if !alone {
        verdicts.push(judge(bench, test, &test.expectations, &ran, None));
    }
    let Some(each) = &test.each else {
        return verdicts;
    };
    let mut calls = bench.calls_of(test.pipeline, &ran.log);
    for target in &each.but {
        let left_out = Calls::of(bench, target);
        calls.retain(|state| !left_out.has(test.pipeline, state));
    }
    if calls.is_empty() {
        let failure = Diagnostic::new(
            Code::TestFailed,
            test.span,
            format!(
                "\"{}\" fails each step, and no call is left to fail",
                test.title
            ),
        )
        .help("mock what lets the pipeline come to its calls");
        verdicts.push(verdict(bench, test, None, vec![failure], &ran));
    }
    for state in calls {
        let ran = run_once(bench, test, std::slice::from_ref(&state), options);
        coverage.note(bench, &ran.log);
        verdicts.push(judge(bench, test, &each.expectations, &ran, Some(state)));
    }
    verdicts
}

/// Runs a test's pipeline as the test says, with all calls of some of its states failing. Expects nothing.
pub fn run_once(bench: &Bench<'_>, test: &Test, failing: &[String], options: Options) -> Ran {
    let at = test.pipeline.0 as usize;
    let settings = Settings {
        partition: bench.deployment.partition.clone(),
        region: bench.deployment.region.clone(),
        account: bench.deployment.account.clone(),
        machine: bench.machine_name(at).to_owned(),
        role: bench.role(at),
        seed: options.seed,
        limits: Limits {
            transitions: MOST_TRANSITIONS,
            ..Limits::default()
        },
        // A mock gives what the test is about; the compiler has held it to its type.
        validation: Validation::Present,
        ..Settings::default()
    };
    let mut answers = Answers::new(bench, test, failing);
    let input = match &test.given {
        None => Ok(serde_json::json!({})),
        Some(given) => Formula::new(bench, given).evaluate(&Default::default()),
    };
    let mut log = Log::default();
    let mut roles = Roles::default();
    let all = Settings::clone(&settings);
    if options.permissions {
        for (machine, policy) in bench.policies() {
            roles.add(machine, Permissions::new(policy, &all));
        }
        for (role, policy) in bench.step_policies() {
            roles.add_assumed(role, Permissions::new(policy, &all));
        }
    }
    let input = match input {
        Ok(input) => input,
        Err(message) => {
            let given = test.given.as_ref().map_or(test.span, |given| given.span);
            answers.trouble(given, format!("what is given has no value: {message}"));
            serde_json::json!({})
        }
    };
    let simulation = Simulation {
        settings,
        others: bench.others(at),
        ..Simulation::new(bench.machine(at))
    };
    let guard = options.permissions.then_some(&mut roles as &mut dyn Guard);
    let outcome = simulation.run(
        input,
        World {
            service: &mut answers,
            objects: &mut Objects::default(),
            guard,
            observer: &mut log,
        },
    );
    let (troubles, unused) = answers.finish();
    Ran {
        outcome,
        log,
        denials: roles.into_denials(),
        troubles,
        unused,
    }
}

fn judge(
    bench: &Bench<'_>,
    test: &Test,
    expectations: &[Expectation],
    ran: &Ran,
    failing: Option<String>,
) -> Verdict {
    let mut failures = unknown_states(bench, test);
    failures.extend(ran.troubles.iter().cloned());
    failures.extend(denied(bench, test, &ran.denials));
    match &ran.outcome {
        // What else is not as expected follows from the refusal.
        Ok(_) if !ran.denials.is_empty() => {}
        Ok(outcome) => {
            let ending = expect::Ending {
                bench,
                test,
                outcome,
                log: &ran.log,
            };
            failures.extend(expectations.iter().filter_map(|e| ending.check(e)));
        }
        Err(error) => failures.push(Diagnostic::new(
            Code::TestFailed,
            test.span,
            format!("\"{}\" cannot be run: {error}", test.title),
        )),
    }
    verdict(bench, test, failing, failures, ran)
}

/// Numbered names of states that the definition has not.
fn unknown_states(bench: &Bench<'_>, test: &Test) -> Vec<Diagnostic> {
    let targets = test.targets().into_iter();
    targets
        .filter(|target| Calls::of(bench, target).is_empty())
        .map(|target| {
            let states = target
                .stages
                .iter()
                .flat_map(|place| bench.states_of(place));
            let words: Vec<String> = states.map(|state| format!("`{state}`")).collect();
            Diagnostic::new(
                Code::TestFailed,
                target.span,
                format!("the definition has no state `{}`", target.name),
            )
            .help(format!("there are {}", words.join(", ")))
        })
        .collect()
}

/// What the role of a state's machine does not allow: one failure for each state.
fn denied(bench: &Bench<'_>, test: &Test, denials: &[Denial]) -> Vec<Diagnostic> {
    let mut failures: Vec<(&str, Diagnostic)> = Vec::new();
    for denial in denials {
        let what = format!("{} on {}", denial.action, denial.resource);
        let missing = format!("this statement is missing: {}", denial.statement);
        let known = failures
            .iter_mut()
            .find(|(state, _)| *state == denial.state);
        if let Some((_, failure)) = known {
            failure.notes.push(format!("nor {what}"));
            failure.help.push(missing);
            continue;
        }
        let span = bench
            .origin(test.pipeline, &denial.state)
            .map_or(test.span, |origin| origin.span);
        let message = format!(
            "the role is not allowed to do {what}, as `{}` does",
            denial.state
        );
        let failure = Diagnostic::new(Code::TestFailed, span, message).help(missing);
        failures.push((&denial.state, failure));
    }
    failures.into_iter().map(|(_, failure)| failure).collect()
}

fn verdict(
    bench: &Bench<'_>,
    test: &Test,
    failing: Option<String>,
    mut failures: Vec<Diagnostic>,
    ran: &Ran,
) -> Verdict {
    if let Some(first) = failures.first_mut() {
        first
            .notes
            .push(format!("the path taken: {}", path::text(&ran.log)));
        if let Some(call) = &failing {
            first.notes.push(format!("in this run `{call}` fails"));
        }
    }
    let unused = ran.unused.iter().map(|at| {
        let mock = &test.mocks[*at];
        let line = match mock.answers.first().map(|answer| &answer.kind) {
            Some(AnswerKind::Fails { .. }) => "fails",
            Some(AnswerKind::Never) => "never",
            _ => "returns",
        };
        format!("mock {} {line} …", mock.target.name)
    });
    Verdict {
        pipeline: bench.program.pipeline(test.pipeline).name.clone(),
        title: test.title.clone(),
        failing,
        failures,
        unused: unused.collect(),
        duration: ran.outcome.as_ref().map_or(0, |outcome| outcome.duration),
    }
}
