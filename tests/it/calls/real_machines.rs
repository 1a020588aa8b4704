//! The calls of state machines that others run.

use flowc::diagnostic::Severity;
use flowc::driver;
use serde_json::Value;

use super::{compile, said};

#[test]
fn calls_of_real_machines_raise_no_error() {
    let mut compilation = compile(include_str!("../../real/machines.flow"));
    // What is doubtful in how they handle errors is theirs.
    compilation
        .diagnostics
        .retain(|d| d.severity == Severity::Error);
    assert_eq!(said(&compilation), "");
    let program = compilation.program.expect("nothing was reported");
    assert_eq!(program.pipelines.len(), 11);
    let emission = driver::emit(&program);
    assert!(
        emission.diagnostics.is_empty(),
        "{:?}",
        emission.diagnostics
    );
    let mut tasks = 0;
    for artifact in &emission.artifacts {
        if artifact.name.ends_with(".asl.json") {
            let machine: Value = serde_json::from_str(&artifact.text).expect("it is JSON");
            count_tasks(&machine, &mut tasks);
        }
    }
    assert_eq!(tasks, 45);
}

fn count_tasks(value: &Value, tasks: &mut usize) {
    match value {
        Value::Object(members) => {
            *tasks += usize::from(value["Type"] == "Task");
            members.values().for_each(|value| count_tasks(value, tasks));
        }
        Value::Array(items) => items.iter().for_each(|value| count_tasks(value, tasks)),
        _ => {}
    }
}
