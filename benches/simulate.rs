//! How fast the simulator is: `cargo bench --bench simulate`.

use divan::Bencher;
use flowc::simulate::definition::{Machine, Mode};
use flowc::simulate::mock::Mocks;
use flowc::simulate::object::Objects;
use flowc::simulate::run::{Outcome, Simulation, World};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

fn run(definition: &Value, input: Value) -> Outcome {
    let machine = Machine::parse(definition, Mode::Standard).expect("a definition");
    let mut simulation = Simulation::new(&machine);
    // What is measured is longer than a history may be.
    simulation.settings.limits.history = None;
    let world = World {
        service: &mut Mocks::default(),
        objects: &mut Objects::default(),
        guard: None,
        observer: &mut (),
    };
    simulation.run(input, world).expect("it is set up well")
}

/// A choice and an assignment, half a million times.
#[divan::bench(sample_count = 3)]
fn million_transitions_of_a_jsonata_loop(bencher: Bencher) {
    let definition = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Start",
        "States": {
            "Start": { "Type": "Pass", "Assign": { "i": 0 }, "Next": "More" },
            "More": {
                "Type": "Choice",
                "Choices": [{ "Condition": "{% $i < 500000 %}", "Next": "Add" }],
                "Default": "Done",
            },
            "Add": { "Type": "Pass", "Assign": { "i": "{% $i + 1 %}" }, "Next": "More" },
            "Done": { "Type": "Succeed" },
        },
    });
    bencher.bench(|| {
        let outcome = run(&definition, json!({}));
        assert_eq!(outcome.transitions, 1_000_003);
        outcome
    });
}

#[divan::bench(sample_count = 3)]
fn million_transitions_of_a_jsonpath_loop(bencher: Bencher) {
    let definition = json!({
        "StartAt": "Start",
        "States": {
            "Start": { "Type": "Pass", "Result": { "i": 0 }, "Next": "More" },
            "More": {
                "Type": "Choice",
                "Choices": [{ "Variable": "$.i", "NumericLessThan": 500_000, "Next": "Add" }],
                "Default": "Done",
            },
            "Add": { "Type": "Pass", "Parameters": { "i.$": "States.MathAdd($.i, 1)" }, "Next": "More" },
            "Done": { "Type": "Succeed" },
        },
    });
    bencher.bench(|| run(&definition, json!({})));
}

fn map(processor: Value) -> Value {
    json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "Items": "{% $states.input %}",
                "ItemSelector": { "n": "{% $states.context.Map.Item.Value %}" },
                "ItemProcessor": {
                    "ProcessorConfig": processor,
                    "StartAt": "Work",
                    "States": {
                        "Work": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::lambda:invoke",
                            "Arguments": { "FunctionName": "f", "Payload": "{% $states.input %}" },
                            "Assign": { "code": "{% $states.result.StatusCode %}" },
                            "Next": "Tell",
                        },
                        "Tell": { "Type": "Pass", "Output": "{% $code %}", "End": true },
                    },
                },
                "End": true,
            },
        },
    })
}

#[divan::bench(sample_count = 3)]
fn ten_thousand_items_of_an_inline_map(bencher: Bencher) {
    let definition = map(json!({ "Mode": "INLINE" }));
    let items: Value = (0..10_000).collect();
    bencher.bench(|| run(&definition, items.clone()));
}

#[divan::bench(sample_count = 3)]
fn ten_thousand_items_of_a_distributed_map(bencher: Bencher) {
    let definition = map(json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" }));
    let items: Value = (0..10_000).collect();
    bencher.bench(|| run(&definition, items.clone()));
}
