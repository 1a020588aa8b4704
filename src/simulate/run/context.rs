//! The context object.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>

use serde_json::json;

use super::{Engine, Names, ThreadId};
use crate::simulate::clock::{Millis, Moment};
use crate::simulate::data::Data;
use crate::simulate::definition::{Kind, Mode};

/// What only some fields see of it.
#[derive(Clone, Copy, Default)]
pub(super) struct Extra<'e> {
    pub token: Option<&'e str>,
    pub item: Option<Item<'e>>,
}

/// An item of a map, in its ItemSelector.
#[derive(Clone, Copy)]
pub(super) struct Item<'e> {
    pub index: usize,
    pub value: &'e Data,
    /// Of a member of an object.
    pub key: Option<&'e str>,
    /// Of a distributed map: `STATE_DATA`, or where it was read.
    pub source: Option<&'e str>,
}

impl Engine<'_, '_> {
    pub(super) fn context(&self, thread: ThreadId, extra: Extra) -> Data {
        if let Some(context) = &self.context_override {
            return context.clone();
        }
        let thread = self.thread(thread);
        let execution = self.execution(thread.execution);
        let entered = Moment::from_millis(thread.entered).text();
        let mut state = json!({ "Name": *thread.state.name, "EnteredTime": entered });
        if matches!(
            thread.state.kind,
            Kind::Task(_) | Kind::Map(_) | Kind::Parallel(_)
        ) {
            state["RetryCount"] = json!(thread.retries);
        }
        let mut parts = vec![
            ("Execution", execution.described.clone()),
            ("StateMachine", execution.machine_described.clone()),
            ("State", Data::new(state)),
        ];
        if let Some(token) = extra.token {
            parts.push(("Task", Data::new(json!({ "Token": token }))));
        }
        if let Some(item) = extra.item {
            let mut of_item = vec![
                ("Index", Data::new(json!(item.index))),
                ("Value", item.value.clone()),
            ];
            for (name, text) in [("Key", item.key), ("Source", item.source)] {
                of_item.extend(text.map(|text| (name, Data::new(json!(text)))));
            }
            parts.push((
                "Map",
                Data::of_parts(vec![("Item", Data::of_parts(of_item))]),
            ));
        }
        Data::of_parts(parts)
    }
}

/// An execution, and its machine, as the context object tells of them.
pub(super) fn describe(
    names: &Names,
    input: &Data,
    start: Millis,
    role: &str,
    mode: Mode,
) -> (Data, Data) {
    let text = |text: &str| Data::new(json!(text));
    let mut of_execution = vec![
        ("Id", text(&names.arn)),
        ("Input", input.clone()),
        ("StartTime", text(&Moment::from_millis(start).text())),
        ("Name", text(&names.name)),
        ("RoleArn", text(role)),
    ];
    if mode == Mode::Standard {
        of_execution.push(("RedriveCount", Data::new(json!(0))));
    }
    let machine = json!({ "Id": *names.machine_arn, "Name": *names.machine });
    (Data::of_parts(of_execution), Data::new(machine))
}
