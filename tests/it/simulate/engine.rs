//! What executions do in virtual time.

use flowc::simulate::call::Answer;
use flowc::simulate::definition::{Machine, Mode};
use flowc::simulate::event::EventKind;
use flowc::simulate::failure::Failure;
use flowc::simulate::log::Log;
use flowc::simulate::mock::{Mocks, Rule, Target};
use flowc::simulate::object::Objects;
use flowc::simulate::run::{Error, Outcome, Simulation, Status, Validation, World};
use serde_json::{Value, json};

const SECOND: i64 = 1000;

/// A definition, how it is answered, and what came of it.
struct Run {
    outcome: Outcome,
    log: Log,
}

impl Run {
    fn called(&self) -> Vec<&str> {
        self.log.calls().map(|call| &*call.state).collect()
    }

    fn output(&self) -> &Value {
        let output = self.outcome.output.as_ref();
        output.unwrap_or_else(|| panic!("it failed: {:?}", self.outcome.failure))
    }

    fn failure(&self) -> &Failure {
        self.outcome.failure.as_ref().expect("it did not fail")
    }
}

fn machine(definition: &Value, mode: Mode) -> Machine {
    Machine::parse(definition, mode).unwrap_or_else(|refusals| panic!("{refusals:?}"))
}

fn run_with(
    definition: &Value,
    input: Value,
    mocks: &mut Mocks,
    change: impl FnOnce(&mut Simulation),
) -> Run {
    run_among(definition, input, mocks, &[], change)
}

/// With other machines, by their ARNs.
fn run_among(
    definition: &Value,
    input: Value,
    mocks: &mut Mocks,
    others: &[(&str, &Machine)],
    change: impl FnOnce(&mut Simulation),
) -> Run {
    let machine = machine(definition, Mode::Standard);
    let mut simulation = Simulation::new(&machine);
    simulation.settings.validation = Validation::None;
    let others = others
        .iter()
        .map(|(arn, machine)| ((*arn).to_owned(), *machine));
    simulation.others = others.collect();
    change(&mut simulation);
    let mut log = Log::default();
    let world = World {
        service: mocks,
        objects: &mut Objects::default(),
        guard: None,
        observer: &mut log,
    };
    let outcome = simulation.run(input, world).expect("it is set up well");
    Run { outcome, log }
}

fn run(definition: &Value, input: Value, mocks: &mut Mocks) -> Run {
    run_with(definition, input, mocks, |_| {})
}

fn mocked(state: &str, answers: impl IntoIterator<Item = Answer>) -> Mocks<'static> {
    let mut mocks = Mocks::default();
    mocks.add(Rule::new(Target::State(state.to_owned()), answers));
    mocks
}

fn fails(error: &str) -> Answer {
    Answer::fail(Failure::new(error, "why"))
}

/// A machine of JSONata with these states, the first of which begins.
fn jsonata(states: Value) -> Value {
    let first = states
        .as_object()
        .and_then(|states| states.keys().next())
        .cloned();
    json!({ "QueryLanguage": "JSONata", "StartAt": first, "States": states })
}

fn task(more: Value) -> Value {
    let mut task =
        json!({ "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:glue:getJob", "End": true });
    for (name, value) in more.as_object().expect("fields") {
        task[name] = value.clone();
        if name == "Next" {
            task.as_object_mut().expect("fields").shift_remove("End");
        }
    }
    task
}

#[test]
fn retries_wait_longer_each_time_up_to_their_cap() {
    let definition = jsonata(json!({
        "A": task(json!({
            "Retry": [{
                "ErrorEquals": ["X"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 4,
                "MaxDelaySeconds": 30,
            }],
        })),
    }));
    let run = run(&definition, json!({}), &mut mocked("A", [fails("X")]));
    let delays: Vec<i64> = run
        .log
        .retries()
        .map(|(_, _, delay)| delay / SECOND)
        .collect();
    assert_eq!(delays, [2, 6, 18, 30]);
    assert_eq!(run.called().len(), 5);
    assert_eq!(run.outcome.duration, 56 * SECOND);
    // One for the state, one for each retry.
    assert_eq!(run.outcome.transitions, 5);
    assert_eq!(run.outcome.events, 2 + 1 + 5 * 3);
    let attempts: Vec<u64> = run.log.calls().map(|call| call.attempt).collect();
    assert_eq!(attempts, [0, 1, 2, 3, 4]);
}

#[test]
fn each_retrier_counts_its_own_attempts() {
    let definition = jsonata(json!({
        "A": task(json!({
            "Retry": [
                { "ErrorEquals": ["X"], "IntervalSeconds": 1, "MaxAttempts": 1 },
                { "ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 1 },
            ],
        })),
    }));
    let mut mocks = mocked("A", [fails("X"), fails("Y"), fails("X")]);
    let run = run(&definition, json!({}), &mut mocks);
    assert_eq!(run.called().len(), 3);
    assert_eq!(run.outcome.duration, 11 * SECOND);
    assert_eq!(run.failure().name(), "X");
}

#[test]
fn jitter_follows_the_seed() {
    let definition = jsonata(json!({
        "A": task(json!({
            "Retry": [{ "ErrorEquals": ["X"], "IntervalSeconds": 100, "JitterStrategy": "FULL" }],
        })),
    }));
    let delay = |seed| {
        let mut mocks = mocked("A", [fails("X")]);
        run_with(&definition, json!({}), &mut mocks, |s| {
            s.settings.seed = seed
        })
        .outcome
        .duration
    };
    assert_eq!(delay(1), delay(1));
    assert_ne!(delay(1), delay(2));
    assert!(delay(3) < 700 * SECOND);
}

#[test]
fn the_first_catcher_that_fits_takes_the_failure_and_replaces_the_states_fields() {
    let definition = jsonata(json!({
        "A": task(json!({
            "Assign": { "state": 1 },
            "Output": "{% $states.result %}",
            "Catch": [
                { "ErrorEquals": ["Other"], "Next": "No" },
                {
                    "ErrorEquals": ["States.TaskFailed"], "Next": "B",
                    "Assign": { "caught": "{% $states.errorOutput.Error %}" },
                    "Output": "{% $states.errorOutput %}",
                },
                { "ErrorEquals": ["States.ALL"], "Next": "No" },
            ],
        })),
        "B": { "Type": "Pass", "Output": "{% [$caught, $exists($state), $states.input.Cause] %}", "End": true },
        "No": { "Type": "Fail" },
    }));
    let run = run(&definition, json!({}), &mut mocked("A", [fails("X")]));
    assert_eq!(run.output(), &json!(["X", false, "why"]));
    assert_eq!(run.log.caught().count(), 1);
}

#[test]
fn a_call_that_takes_too_long_times_out() {
    let definition = jsonata(json!({
        "A": task(json!({
            "TimeoutSeconds": "{% $states.input.limit %}",
            "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "B" }],
        })),
        "B": { "Type": "Succeed" },
    }));
    let answer = || Answer::succeed(json!({})).after(20 * SECOND);
    let late = run(
        &definition,
        json!({ "limit": 10 }),
        &mut mocked("A", [answer()]),
    );
    assert_eq!(late.outcome.duration, 10 * SECOND);
    assert_eq!(
        late.output(),
        &json!({ "Error": "States.Timeout", "Cause": null })
    );
    let early = run(
        &definition,
        json!({ "limit": 30 }),
        &mut mocked("A", [answer()]),
    );
    assert_eq!(early.outcome.duration, 20 * SECOND);
    assert_eq!(early.output(), &json!({}));
}

#[test]
fn a_missed_heartbeat_is_a_timeout() {
    let definition = jsonata(json!({
        "A": {
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": { "MessageBody": "{% $states.context.Task.Token %}", "QueueUrl": "q" },
            "HeartbeatSeconds": 10, "TimeoutSeconds": 100, "End": true,
        },
    }));
    let answer = |beats: &[i64]| {
        let beats: Vec<i64> = beats.iter().map(|beat| beat * SECOND).collect();
        Answer::succeed(json!("done"))
            .after(35 * SECOND)
            .with_heartbeats(beats)
    };
    let alive = run(
        &definition,
        json!({}),
        &mut mocked("A", [answer(&[9, 18, 27])]),
    );
    assert_eq!(alive.output(), &json!("done"));
    let silent = run(&definition, json!({}), &mut mocked("A", [answer(&[9, 20])]));
    assert_eq!(silent.failure(), &Failure::bare("States.Timeout"));
    assert_eq!(silent.outcome.duration, 19 * SECOND);
    let types: Vec<String> = silent
        .log
        .events
        .iter()
        .map(|e| e.kind.type_name())
        .collect();
    assert!(types.contains(&"TaskTimedOut".to_owned()));
}

#[test]
fn a_token_is_answered_from_another_branch() {
    let definition = jsonata(json!({
        "Both": {
            "Type": "Parallel", "End": true,
            "Branches": [
                { "StartAt": "Ask", "States": { "Ask": {
                    "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject.waitForTaskToken",
                    "Arguments": { "Bucket": "b", "Key": "k", "Body": "{% $states.context.Task.Token %}" },
                    "End": true,
                } } },
                { "StartAt": "Wait", "States": {
                    "Wait": { "Type": "Wait", "Seconds": 5, "Next": "Send" },
                    "Send": {
                        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
                        "Arguments": { "TaskToken": "T", "Output": "{\"ok\": true}" }, "End": true,
                    },
                } },
            ],
        },
    }));
    // The token is known when it is sent: read it from the call.
    let machine = machine(&definition, Mode::Standard);
    let mut simulation = Simulation::new(&machine);
    simulation.settings.validation = Validation::None;
    let mut log = Log::default();
    let world = World {
        service: &mut Mocks::default(),
        objects: &mut Objects::default(),
        guard: None,
        observer: &mut log,
    };
    let outcome = simulation.run(json!({}), world).expect("it is set up well");
    // The wrong token answers nothing, and nobody else does: the execution's time runs out.
    assert_eq!(outcome.status, Status::TimedOut);
    let token = log
        .calls()
        .next()
        .and_then(|call| call.token.clone())
        .expect("a token");
    let text = definition
        .to_string()
        .replace("\"T\"", &format!("\"{token}\""));
    let definition: Value = serde_json::from_str(&text).expect("JSON");
    let run = run(&definition, json!({}), &mut Mocks::default());
    assert_eq!(run.output()[0], json!({ "ok": true }));
    assert_eq!(run.outcome.duration, 5 * SECOND);
}

fn branch(name: &str, more: Value) -> Value {
    json!({ "StartAt": name, "States": { name: task(more) } })
}

#[test]
fn branches_make_their_calls_before_the_first_goes_on_and_a_failure_stops_the_others() {
    let definition = jsonata(json!({
        "Both": {
            "Type": "Parallel", "End": true,
            "Branches": [
                { "StartAt": "A", "States": { "A": task(json!({ "Next": "A2" })), "A2": task(json!({})) } },
                branch("B", json!({})),
                { "StartAt": "C", "States": {
                    "C": { "Type": "Wait", "Seconds": 1, "Next": "C2" }, "C2": task(json!({})),
                } },
            ],
            "Catch": [{ "ErrorEquals": ["X"], "Next": "D" }],
        },
        "D": { "Type": "Succeed" },
    }));
    let good = run(&definition, json!({}), &mut Mocks::default());
    assert_eq!(good.called(), ["A", "B", "A2", "C2"]);
    let mut mocks = mocked("B", [fails("X").after(SECOND / 2)]);
    let bad = run(&definition, json!({}), &mut mocks);
    assert_eq!(bad.called(), ["A", "B", "A2"]);
    assert_eq!(bad.outcome.duration, SECOND / 2);
    assert_eq!(bad.output()["Error"], "X");
    let aborted: Vec<&str> = bad
        .log
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::StateAborted { name, .. } => Some(&**name),
            _ => None,
        })
        .collect();
    assert_eq!(aborted, ["B", "C"]);
}

#[test]
fn a_map_runs_as_many_iterations_at_once_as_it_may() {
    let definition = |most: u64| {
        jsonata(json!({
            "Each": {
                "Type": "Map", "Items": "{% [1..100] %}", "MaxConcurrency": most, "End": true,
                "ItemProcessor": { "StartAt": "A", "States": { "A": task(json!({})) } },
            },
        }))
    };
    let duration = |most| {
        let mut mocks = mocked("A", [Answer::succeed(json!({})).after(SECOND)]);
        run(&definition(most), json!({}), &mut mocks)
            .outcome
            .duration
            / SECOND
    };
    assert_eq!(duration(1), 100);
    assert_eq!(duration(30), 4);
    // The service runs 40 at a time.
    assert_eq!(duration(0), 3);
    assert_eq!(duration(100), 3);
}

#[test]
fn variables_of_an_iteration_are_its_own_and_outer_ones_are_read() {
    let definition = jsonata(json!({
        "Start": { "Type": "Pass", "Assign": { "base": 10 }, "Next": "Each" },
        "Each": {
            "Type": "Map", "Items": [1, 2, 3],
            "ItemProcessor": { "StartAt": "A", "States": {
                "A": { "Type": "Pass", "Assign": { "own": "{% $base + $states.input %}" }, "Next": "B" },
                "B": { "Type": "Pass", "Output": "{% $own %}", "End": true },
            } },
            "Assign": { "all": "{% $states.result %}" },
            "Next": "End",
        },
        "End": { "Type": "Pass", "Output": "{% [$all, $exists($own)] %}", "End": true },
    }));
    let run = run(&definition, json!({}), &mut Mocks::default());
    assert_eq!(run.output(), &json!([11, 12, 13, false]));
    assert_eq!(
        run.log.variable("all").map(|v| v.json().clone()),
        Some(json!([11, 12, 13]))
    );
    let names: Vec<&str> = run
        .outcome
        .variables
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["base", "all"]);
}

#[test]
fn assignments_of_one_state_see_what_was_before_it() {
    let definition = jsonata(json!({
        "A": { "Type": "Pass", "Assign": { "a": 1, "b": 2 }, "Next": "B" },
        "B": {
            "Type": "Pass", "Assign": { "a": "{% $b %}", "b": "{% $a %}" },
            "Output": "{% $a %}", "Next": "C",
        },
        "C": { "Type": "Pass", "Output": "{% [$states.input, $a, $b] %}", "End": true },
    }));
    let run = run(&definition, json!({}), &mut Mocks::default());
    assert_eq!(run.output(), &json!([1, 2, 1]));
}

#[test]
fn an_inner_flow_may_not_assign_an_outer_name() {
    let definition = jsonata(json!({
        "Start": { "Type": "Pass", "Assign": { "x": 1 }, "Next": "Each" },
        "Each": {
            "Type": "Map", "Items": [1], "End": true,
            "ItemProcessor": { "StartAt": "A", "States": {
                "A": { "Type": "Pass", "Assign": { "x": 2 }, "End": true },
            } },
        },
    }));
    let refusals = Machine::parse(&definition, Mode::Standard).expect_err("it hides a name");
    assert_eq!(refusals[0].location, "/States/A/Assign");
    // A distributed map's children see nothing of outside.
    let mut distributed = definition.clone();
    distributed["States"]["Each"]["ItemProcessor"]["ProcessorConfig"] =
        json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
    assert!(Machine::parse(&distributed, Mode::Standard).is_ok());
}

#[test]
fn waits_move_the_clock_and_nothing_else_does() {
    let definition = jsonata(json!({
        "A": { "Type": "Wait", "Seconds": "{% $states.input.seconds %}", "Next": "B" },
        "B": { "Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 5000) %}", "Next": "C" },
        "C": { "Type": "Wait", "Timestamp": "2000-01-01T00:00:00Z", "Next": "D" },
        "D": {
            "Type": "Pass", "End": true,
            "Output": "{% ($toMillis($now()) - $toMillis($states.context.Execution.StartTime)) / 1000 %}",
        },
    }));
    let run = run(
        &definition,
        json!({ "seconds": 100 }),
        &mut Mocks::default(),
    );
    assert_eq!(run.output(), &json!(105));
    assert_eq!(run.outcome.duration, 105 * SECOND);
}

#[test]
fn the_machines_own_timeout_ends_the_execution_past_all_handlers() {
    let mut definition = jsonata(json!({
        "A": task(json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "B" }] })),
        "B": { "Type": "Succeed" },
    }));
    definition["TimeoutSeconds"] = json!(60);
    let run = run(&definition, json!({}), &mut mocked("A", [Answer::never()]));
    assert_eq!(run.outcome.status, Status::TimedOut);
    assert_eq!(run.outcome.duration, 60 * SECOND);
    assert_eq!(
        run.log.events.last().map(|e| e.kind.type_name()),
        Some("ExecutionTimedOut".to_owned())
    );
}

#[test]
fn an_express_execution_has_five_minutes_and_no_history_limit() {
    let definition = jsonata(json!({
        "A": { "Type": "Wait", "Seconds": 200, "Next": "B" },
        "B": { "Type": "Wait", "Seconds": 200, "End": true },
    }));
    let machine = machine(&definition, Mode::Express);
    let world = World {
        service: &mut Mocks::default(),
        objects: &mut Objects::default(),
        guard: None,
        observer: &mut (),
    };
    let outcome = Simulation::new(&machine)
        .run(json!({}), world)
        .expect("it is set up well");
    assert_eq!(
        (outcome.status, outcome.duration),
        (Status::TimedOut, 300 * SECOND)
    );
    let callback = jsonata(json!({
        "A": {
            "Type": "Task", "Resource": "arn:aws:states:::sns:publish.waitForTaskToken",
            "Arguments": {}, "End": true,
        },
    }));
    assert!(Machine::parse(&callback, Mode::Express).is_err());
}

#[test]
fn a_full_history_ends_a_standard_execution() {
    let definition = jsonata(json!({
        "A": { "Type": "Pass", "Next": "B" },
        "B": { "Type": "Choice", "Choices": [{ "Condition": false, "Next": "C" }], "Default": "A" },
        "C": { "Type": "Succeed" },
    }));
    let run = run(&definition, json!({}), &mut Mocks::default());
    assert_eq!(run.outcome.events, 25_000);
    assert_eq!(
        run.failure().cause.as_deref(),
        Some("The execution reached the maximum number of history events (25000).")
    );
    let machine = machine(&definition, Mode::Express);
    let mut simulation = Simulation::new(&machine);
    simulation.settings.limits.transitions = 1000;
    let world = World {
        service: &mut Mocks::default(),
        objects: &mut Objects::default(),
        guard: None,
        observer: &mut (),
    };
    assert_eq!(simulation.run(json!({}), world), Err(Error::Endless(1000)));
}

#[test]
fn payloads_and_variables_have_limits() {
    let pass = |fields: Value| {
        let mut state = json!({ "Type": "Pass", "End": true });
        state
            .as_object_mut()
            .expect("fields")
            .extend(fields.as_object().expect("fields").clone());
        jsonata(json!({ "A": state }))
    };
    let big = "{% $join($map([1..70000], function($n) { 'abcd' })) %}";
    let output = run(
        &pass(json!({ "Output": big })),
        json!({}),
        &mut Mocks::default(),
    );
    assert_eq!(output.failure().name(), "States.DataLimitExceeded");
    let assign = pass(json!({ "Assign": { "x": big }, "Output": 1 }));
    let assign = run(&assign, json!({}), &mut Mocks::default());
    assert_eq!(assign.failure().name(), "States.DataLimitExceeded");
    // A result that is too large can be caught.
    let definition = jsonata(json!({
        "A": task(json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "B" }] })),
        "B": { "Type": "Succeed" },
    }));
    let result = Answer::succeed(json!("x".repeat(300_000)));
    let task = run(&definition, json!({}), &mut mocked("A", [result]));
    assert_eq!(task.output()["Error"], "States.DataLimitExceeded");
}

#[test]
fn runtime_errors_end_the_execution_even_inside_a_branch_with_handlers() {
    let definition = json!({
        "StartAt": "Both",
        "States": {
            "Both": {
                "Type": "Parallel", "End": true,
                "Branches": [{ "StartAt": "A", "States": {
                    "A": { "Type": "Pass", "InputPath": "$.none", "End": true },
                } }],
                "Catch": [{ "ErrorEquals": ["States.Runtime"], "Next": "B" }],
            },
            "B": { "Type": "Succeed" },
        },
    });
    let run = run(&definition, json!({}), &mut Mocks::default());
    assert_eq!(run.failure().name(), "States.Runtime");
    assert_eq!(
        run.failure().cause.as_deref(),
        Some(
            "An error occurred while executing the state 'A' (entered at the event id #4). Invalid path '$.none' : No results for path: $['none']"
        )
    );
}

#[test]
fn a_child_execution_is_run_where_its_definition_is_known() {
    let arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:child";
    let child = jsonata(json!({
        "Wait": { "Type": "Wait", "Seconds": 7, "Next": "Check" },
        "Check": {
            "Type": "Choice", "Choices": [{ "Condition": "{% $states.input.bad %}", "Next": "Bad" }],
            "Default": "Good",
        },
        "Good": { "Type": "Pass", "Output": { "made": "{% $states.input %}" }, "End": true },
        "Bad": { "Type": "Fail", "Error": "Child.Bad", "Cause": "told so" },
    }));
    let child = machine(&child, Mode::Standard);
    let parent = |pattern: &str| {
        jsonata(json!({
            "Start": {
                "Type": "Task", "Resource": format!("arn:aws:states:::states:startExecution{pattern}"),
                "Arguments": { "StateMachineArn": arn, "Input": "{% $states.input %}" },
                "End": true,
            },
        }))
    };
    let run = |pattern: &str, bad: bool| {
        let input = json!({ "bad": bad });
        let others = [(arn, &child)];
        run_among(
            &parent(pattern),
            input,
            &mut Mocks::default(),
            &others,
            |_| {},
        )
    };
    let values = run(".sync:2", false);
    assert_eq!(
        values.output()["Output"],
        json!({ "made": { "bad": false } })
    );
    assert_eq!(values.output()["Status"], "SUCCEEDED");
    assert_eq!(values.outcome.duration, 7 * SECOND);
    assert_eq!(values.outcome.events, 8);
    let texts = run(".sync", false);
    assert_eq!(
        texts.output()["Output"],
        json!("{\"made\":{\"bad\":false}}")
    );
    let bad = run(".sync:2", true);
    assert_eq!(bad.failure().name(), "States.TaskFailed");
    let cause: Value =
        serde_json::from_str(bad.failure().cause.as_deref().expect("a cause")).expect("JSON");
    assert_eq!(
        (&cause["Error"], &cause["Cause"]),
        (&json!("Child.Bad"), &json!("told so"))
    );
    let left = run("", true);
    assert_eq!(left.outcome.duration, 0);
    assert!(left.output().get("ExecutionArn").is_some());
}

#[test]
fn a_stop_from_outside_aborts() {
    let definition = jsonata(json!({ "A": { "Type": "Wait", "Seconds": 60, "End": true } }));
    let run = run_with(
        &definition,
        json!({}),
        &mut Mocks::default(),
        |simulation| {
            simulation.stop_after = Some(3 * SECOND);
        },
    );
    assert_eq!(
        (run.outcome.status, run.outcome.duration),
        (Status::Aborted, 3 * SECOND)
    );
}

#[test]
fn a_call_without_an_answer_gets_a_value_of_its_results_type() {
    let definition = jsonata(json!({
        "A": {
            "Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync",
            "Arguments": { "JobName": "j" }, "Next": "B", "Output": "{% $states.result.JobRunState %}",
        },
        "B": {
            "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:redshiftdata:describeStatement",
            "Arguments": { "Id": "x" }, "Output": "{% [$states.input, $states.result.Status] %}", "End": true,
        },
    }));
    let run = run(&definition, json!({}), &mut Mocks::default());
    assert_eq!(run.output(), &json!(["SUCCEEDED", "FINISHED"]));
}

#[test]
fn an_answer_of_another_type_is_told_with_its_place() {
    let definition = jsonata(json!({
        "A": {
            "Type": "Task", "Resource": "arn:aws:states:::events:putEvents",
            "Arguments": { "Entries": [] }, "End": true,
        },
    }));
    let machine = machine(&definition, Mode::Standard);
    let world = World {
        service: &mut mocked("A", [Answer::succeed(json!({ "Entries": "none" }))]),
        objects: &mut Objects::default(),
        guard: None,
        observer: &mut (),
    };
    let error = Simulation::new(&machine)
        .run(json!({}), world)
        .expect_err("a misfit");
    assert_eq!(
        error.to_string(),
        "the answer given for `A` is not of the type of events:putEvents: Field 'Entries' must be an array"
    );
}

#[test]
fn mocks_fit_by_operation_function_item_and_attempt() {
    let definition = jsonata(json!({
        "Each": {
            "Type": "Map", "Items": ["a", "b"], "MaxConcurrency": 1, "Next": "Other",
            "ItemProcessor": { "StartAt": "Invoke", "States": { "Invoke": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": { "FunctionName": "arn:aws:lambda:eu-central-1:123456789012:function:f:1" },
                "Output": "{% $states.result.Payload %}",
                "Retry": [{ "ErrorEquals": ["X"], "IntervalSeconds": 1 }],
                "End": true,
            } } },
        },
        "Other": {
            "Type": "Task", "Resource": "arn:aws:states:::emr-serverless:startJobRun.sync",
            "Arguments": {}, "Output": "{% [$states.input, $states.result] %}", "End": true,
        },
    }));
    let mut mocks = Mocks::default();
    let payload = |value: Value| Answer::succeed(json!({ "Payload": value }));
    mocks.add(
        Rule::new(Target::Function("f".to_owned()), [fails("X")]).when(|call| {
            call.attempt == 0 && call.iteration.as_ref().is_some_and(|i| i.index == 1)
        }),
    );
    mocks.add(Rule::new(
        Target::Function("f".to_owned()),
        [payload(json!(1)), payload(json!(2))],
    ));
    let operation = Target::operation("emrserverless.startJobRun").expect("an operation");
    mocks.add(Rule::new(operation, [Answer::succeed(json!("job"))]));
    mocks.add(Rule::new(Target::State("Nobody".to_owned()), [fails("Y")]));
    let run = run(&definition, json!({}), &mut mocks);
    assert_eq!(run.output(), &json!([1, 2, "job"]));
    assert_eq!(run.called(), ["Invoke", "Invoke", "Invoke", "Other"]);
    assert_eq!(
        mocks.unused().collect::<Vec<_>>(),
        [&Target::State("Nobody".to_owned())]
    );
}

#[test]
fn the_same_run_is_the_same_to_the_last_event() {
    let definition = jsonata(json!({
        "Each": {
            "Type": "Map", "Items": "{% [1..20] %}", "End": true,
            "ItemProcessor": { "StartAt": "A", "States": { "A": task(json!({
                "Retry": [{ "ErrorEquals": ["X"], "JitterStrategy": "FULL" }],
                "Output": "{% [$uuid(), $random(), $shuffle([1..5])] %}",
            })) } },
        },
    }));
    let history = || {
        let mut mocks = mocked(
            "A",
            [
                fails("X"),
                Answer::succeed(json!({})),
                fails("X"),
                Answer::succeed(json!({})),
            ],
        );
        let run = run(&definition, json!({}), &mut mocks);
        run.log
            .events
            .iter()
            .map(|event| event.history().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(history(), history());
}
