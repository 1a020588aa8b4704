//! The context object.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>

use serde_json::{Value, json};

use super::{Engine, ThreadId};
use crate::simulate::clock::Moment;
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
        let names = &execution.names;
        let time = |millis| Moment::from_millis(millis).text();
        let mut of_execution = json!({
            "Id": *names.arn,
            "Input": execution.input.json(),
            "StartTime": time(execution.start),
            "Name": *names.name,
            "RoleArn": self.simulation.settings.role,
        });
        if execution.mode == Mode::Standard {
            of_execution["RedriveCount"] = json!(0);
        }
        let mut state = json!({ "Name": *thread.state.name, "EnteredTime": time(thread.entered) });
        if matches!(
            thread.state.kind,
            Kind::Task(_) | Kind::Map(_) | Kind::Parallel(_)
        ) {
            state["RetryCount"] = json!(thread.retries);
        }
        let mut context = json!({
            "Execution": of_execution,
            "StateMachine": { "Id": *names.machine_arn, "Name": *names.machine },
            "State": state,
        });
        if let Some(token) = extra.token {
            context["Task"] = json!({ "Token": token });
        }
        if let Some(item) = extra.item {
            let mut of_item = json!({ "Index": item.index, "Value": item.value.json() });
            for (name, text) in [("Key", item.key), ("Source", item.source)] {
                if let Some(text) = text {
                    of_item[name] = Value::from(text);
                }
            }
            context["Map"] = json!({ "Item": of_item });
        }
        Data::new(context)
    }
}
