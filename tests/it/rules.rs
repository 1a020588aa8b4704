//! Every definition obeys the rules of the States Language, as its documentation and its specification give them. The
//! table here knows nothing of the compiler; each rule is shown to see what it is for.

mod document;
mod expressions;
mod sample;
mod shape;

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::compiled;
use crate::support::programs::generate::programs;
use document::Document;

type Check = fn(&Document<'_>, &mut dyn FnMut(&str, String));

/// A rule, and definitions that break it: each changes the sound sample in one place.
struct Rule {
    name: &'static str,
    check: Check,
    breaks: &'static [fn(&mut Value)],
}

macro_rules! rules {
    ($($module:ident::$name:ident: [$($break:expr),+ $(,)?];)+) => {
        &[$(Rule {
            name: stringify!($name),
            check: $module::$name,
            breaks: &[$($break),+],
        }),+]
    };
}

fn at<'d>(definition: &'d mut Value, pointer: &str) -> &'d mut Value {
    definition
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("the sample has {pointer}"))
}

fn put(definition: &mut Value, pointer: &str, value: Value) {
    let (outer, key) = pointer.rsplit_once('/').expect("a pointer");
    at(definition, outer)[key] = value;
}

fn take(definition: &mut Value, pointer: &str) {
    let (outer, key) = pointer.rsplit_once('/').expect("a pointer");
    let outer = at(definition, outer).as_object_mut().expect("an object");
    assert!(outer.remove(key).is_some(), "the sample has {pointer}");
}

const RULES: &[Rule] = rules! {
    shape::states_have_the_fields_of_their_type: [
        |d| take(d, "/States/list/Resource"),
        |d| put(d, "/States/list/ResultPath", json!("$.x")),
        |d| put(d, "/States/pause/Retry", json!([])),
        |d| put(d, "/States/many/Type", json!("Switch")),
    ];
    shape::flows_have_the_fields_of_their_kind: [
        |d| take(d, "/QueryLanguage"),
        |d| put(d, "/TimeoutSeconds", json!(0)),
        |d| put(d, "/States/both/Branches/0/ProcessorConfig", json!({})),
    ];
    shape::comments_are_text: [
        |d| put(d, "/States/many/Comment", json!(1)),
        |d| put(d, "/Comment", json!(["x"])),
    ];
    shape::states_go_on_or_end: [
        |d| put(d, "/States/list/End", json!(true)),
        |d| take(d, "/States/pause/Next"),
        |d| put(d, "/States/tell/End", json!(false)),
        |d| put(d, "/States/many/Next", json!("pause")),
    ];
    shape::names_lead_to_states_of_the_same_flow: [
        |d| put(d, "/StartAt", json!("nothing")),
        |d| put(d, "/States/many/Default", json!("left")),
        |d| put(d, "/States/list/Catch/0/Next", json!("nobody")),
    ];
    shape::every_state_is_reached: [
        |d| put(d, "/States/alone", json!({ "Type": "Succeed" })),
        |d| put(d, "/States/each/ItemProcessor/States/loop", json!({ "Type": "Pass", "Next": "loop" })),
    ];
    shape::every_flow_can_end: [
        |d| put(d, "/States/both/Branches/0/States/left", json!({ "Type": "Pass", "Next": "left" })),
    ];
    shape::names_are_short_and_unique_in_the_machine: [
        |d| put(d, "/States/both/Branches/0/States/list", json!({ "Type": "Succeed" })),
        |d| put(d, &format!("/States/{}", "x".repeat(81)), json!({ "Type": "Succeed" })),
    ];
    shape::choices_have_rules_and_a_default: [
        |d| put(d, "/States/many/Choices", json!([])),
        |d| take(d, "/States/many/Default"),
        |d| put(d, "/States/many/Choices/0/Condition", json!("$count > 1")),
        |d| put(d, "/States/many/Choices/0/Variable", json!("$.x")),
    ];
    shape::waits_have_one_time: [
        |d| put(d, "/States/pause/Timestamp", json!("2026-01-01T00:00:00Z")),
        |d| take(d, "/States/pause/Seconds"),
        |d| put(d, "/States/pause/Seconds", json!(1.5)),
        |d| put(d, "/States/pause", json!({ "Type": "Wait", "Timestamp": "tomorrow", "Next": "both" })),
    ];
    shape::failures_are_texts: [
        |d| put(d, "/States/failed/Error", json!(404)),
    ];
    shape::resources_are_constants: [
        |d| put(d, "/States/tell/Resource", json!("{% $x %}")),
        |d| put(d, "/States/tell/Resource", json!("sns:publish")),
    ];
    shape::tasks_times_are_in_range: [
        |d| put(d, "/States/ask/HeartbeatSeconds", json!(7200)),
        |d| put(d, "/States/ask/TimeoutSeconds", json!(0)),
        |d| put(d, "/States/ask/TimeoutSeconds", json!("60")),
    ];
    shape::credentials_name_a_role: [
        |d| put(d, "/States/tell/Credentials", json!({ "Role": "x" })),
    ];
    shape::arguments_are_given_by_name: [
        |d| take(d, "/States/tell/Arguments"),
        |d| put(d, "/States/tell/Arguments", json!(["x"])),
    ];
    shape::parallels_have_branches: [
        |d| put(d, "/States/both/Branches", json!([])),
    ];
    shape::maps_have_what_their_mode_has: [
        |d| put(d, "/States/each/Label", json!("each")),
        |d| put(d, "/States/each/ToleratedFailureCount", json!(1)),
        |d| take(d, "/States/rows/ItemProcessor/ProcessorConfig/ExecutionType"),
        |d| put(d, "/States/each/ItemProcessor/ProcessorConfig/ExecutionType", json!("EXPRESS")),
        |d| put(d, "/States/rows/Items", json!([])),
        |d| put(d, "/States/each/Items", json!("xs")),
    ];
    shape::maps_numbers_are_in_range: [
        |d| put(d, "/States/each/MaxConcurrency", json!(-1)),
        |d| put(d, "/States/rows/ToleratedFailurePercentage", json!(101)),
        |d| put(d, "/States/rows/ItemBatcher", json!({})),
        |d| put(d, "/States/rows/ItemBatcher/MaxInputBytesPerBatch", json!(300_000)),
    ];
    shape::labels_are_short_and_unique: [
        |d| put(d, "/States/rows/Label", json!("x".repeat(41))),
        |d| put(d, "/States/rows/Label", json!("a b")),
        |d| take(d, "/States/rows/Label"),
    ];
    shape::readers_and_writers_are_complete: [
        |d| take(d, "/States/rows/ItemReader/Arguments/Key"),
        |d| put(d, "/States/rows/ItemReader/ReaderConfig/InputType", json!("XML")),
        |d| put(d, "/States/rows/ItemReader/ReaderConfig/CSVHeaderLocation", json!("GIVEN")),
        |d| take(d, "/States/rows/ResultWriter/Arguments/Bucket"),
    ];
    shape::express_children_do_not_wait: [
        |d| put(d, "/States/rows/ItemProcessor/States/load/Resource", json!("arn:aws:states:::glue:startJobRun.sync")),
    ];
    shape::retriers_are_in_range: [
        |d| put(d, "/States/list/Retry/0/IntervalSeconds", json!(0)),
        |d| put(d, "/States/list/Retry/0/BackoffRate", json!(0.5)),
        |d| put(d, "/States/list/Retry/0/MaxDelaySeconds", json!(1)),
        |d| put(d, "/States/list/Retry/0/JitterStrategy", json!("SOME")),
        |d| put(d, "/States/list/Retry/0/MaxAttempts", json!("{% 3 %}")),
        |d| put(d, "/States/list/Retry/0/Next", json!("many")),
    ];
    shape::catchers_have_their_fields: [
        |d| put(d, "/States/list/Catch/0/ResultPath", json!("$.error")),
    ];
    shape::errors_are_matched_in_order: [
        |d| put(d, "/States/list/Catch/0/ErrorEquals", json!([])),
        |d| put(d, "/States/list/Catch/0/ErrorEquals", json!(["States.ALL"])),
        |d| put(d, "/States/list/Retry/0/ErrorEquals", json!(["States.ALL", "S3.S3Exception"])),
        |d| put(d, "/States/list/Retry/0/ErrorEquals", json!(["S3.S3Exception", "S3.S3Exception"])),
        |d| put(d, "/States/list/Catch/0/ErrorEquals", json!(["States.Runtime"])),
    ];
    shape::no_value_is_null: [
        |d| put(d, "/States/list/Assign/keys_value", Value::Null),
    ];
    expressions::expressions_stand_where_they_are_evaluated: [
        |d| put(d, "/States/list/Comment", json!("{% $now() %}")),
        |d| put(d, "/States/list/Catch/0/ErrorEquals", json!(["{% $x %}"])),
    ];
    expressions::expressions_are_whole_strings: [
        |d| put(d, "/States/tell/Arguments/Message", json!(" {% $now() %}")),
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $now()")),
        |d| put(d, "/States/tell/Arguments", json!({ "{% $now() %}": 1 })),
    ];
    expressions::expressions_parse: [
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $now( %}")),
    ];
    expressions::functions_exist: [
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $eval('1') %}")),
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $uper('a') %}")),
    ];
    expressions::variables_are_assigned_in_sight: [
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $nothing %}")),
        // A child execution sees nothing of its parent.
        |d| put(d, "/States/rows/ItemProcessor/States/load/Arguments/Payload", json!("{% $day %}")),
        // What a branch assigns is gone behind it.
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $inner %}")),
    ];
    expressions::no_flow_assigns_a_name_of_one_around_it: [
        |d| put(d, "/States/both/Branches/0/States/left/Assign", json!({ "day": 1 })),
    ];
    expressions::assigned_names_are_names: [
        |d| put(d, "/States/list/Assign/states", json!(1)),
        |d| put(d, "/States/list/Assign/count", json!(1)),
        |d| put(d, "/States/list/Assign/a.b", json!(1)),
    ];
    expressions::expressions_have_no_context: [
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $ %}")),
        |d| put(d, "/States/tell/Arguments/Message", json!("{% day %}")),
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $keys_value[$$.x] %}")),
    ];
    expressions::states_is_read_where_it_has_a_value: [
        |d| put(d, "/States/many/Choices/0/Condition", json!("{% $states.result = 1 %}")),
        |d| put(d, "/States/pause/Assign", json!({ "x": "{% $states.result %}" })),
        |d| put(d, "/States/tell/Output", json!("{% $states.errorOutput %}")),
        |d| put(d, "/States/each/MaxConcurrency", json!("{% $states.context.Map.Item.Index %}")),
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $states.context.Map.Item.Value %}")),
        |d| put(d, "/States/ask/Output", json!("{% $states.context.Task.Token %}")),
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $states.output %}")),
    ];
    expressions::callbacks_hand_on_their_token: [
        |d| put(d, "/States/ask/Arguments/MessageBody", json!({})),
        |d| put(d, "/States/tell/Arguments/Message", json!("{% $states.context.Task.Token %}")),
    ];
};

/// What breaks which rule, and where.
fn breaches(definition: &Value) -> Vec<String> {
    let document = Document::new(definition);
    let mut found = Vec::new();
    for rule in RULES {
        (rule.check)(&document, &mut |place, what| {
            found.push(format!("{}: {place} {what}", rule.name));
        });
    }
    found
}

#[test]
fn the_sound_sample_breaks_no_rule() {
    assert_eq!(breaches(&sample::sound()), [""; 0]);
}

#[test]
fn every_rule_sees_what_it_is_for() {
    for rule in RULES {
        for (n, break_it) in rule.breaks.iter().enumerate() {
            let mut definition = sample::sound();
            break_it(&mut definition);
            let found = breaches(&definition);
            assert!(
                found.iter().any(|breach| breach.starts_with(rule.name)),
                "{} does not see its case {n}: {found:#?}",
                rule.name
            );
        }
    }
}

#[test]
fn every_example_and_every_pipeline_of_others_obeys_the_rules() {
    let mut machines = 0;
    for folder in ["examples", "tests/corpus", "tests/corpus/calls"] {
        for entry in std::fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "flow") {
                machines += check_file(&path);
            }
        }
    }
    assert!(machines >= 31, "{machines}");
}

/// The number of definitions that the file makes.
fn check_file(path: &Path) -> usize {
    let program = compiled::compile_file(path).unwrap_or_else(|problems| panic!("{problems}"));
    let definitions = compiled::definitions(&program);
    for (name, definition) in &definitions {
        assert_eq!(breaches(definition), [""; 0], "{} {name}", path.display());
    }
    definitions.len()
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), cases: 300, failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn every_made_up_program_obeys_the_rules(made in programs()) {
        let program = compiled::compile(&made.0.to_string()).map_err(TestCaseError::fail)?;
        for (_, definition) in compiled::definitions(&program) {
            prop_assert_eq!(breaches(&definition), Vec::<String>::new(), "{:#}", definition);
        }
    }
}
