//! Executions that a task starts.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>

use std::rc::Rc;

use serde_json::{Value, json};

use super::task::Pending;
use super::{Engine, ExecutionId, Mode, Parent, Status, ThreadId};
use crate::simulate::call::{Answer, Call};
use crate::simulate::clock::Moment;
use crate::simulate::data::Data;
use crate::simulate::definition::ResourceKind;
use crate::simulate::event::EventKind;
use crate::simulate::failure::{Failure, TASK_FAILED};

/// How the one who waits gets the input and the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `.sync`: as JSON texts.
    Texts,
    /// `.sync:2`: as values.
    Values,
    /// `startSyncExecution`: as texts, and a failed execution is a result.
    Synchronous,
}

impl Engine<'_, '_> {
    /// Starts the execution that a call asks for, where its machine is known; else makes up an answer. None: the answer
    /// comes when the execution ends.
    pub(super) fn start_other(
        &mut self,
        id: ThreadId,
        call: &Call,
        pending: &mut Pending,
    ) -> Option<Answer> {
        let form = match &call.resource.kind {
            ResourceKind::Service {
                service,
                operation,
                pattern,
                ..
            } if service == "states" || service == "sfn" => {
                match (operation.as_str(), pattern.as_deref()) {
                    ("startExecution", None) => None,
                    ("startExecution", Some("sync")) => Some(Form::Texts),
                    ("startExecution", Some("sync:2")) => Some(Form::Values),
                    ("startSyncExecution", None) => Some(Form::Synchronous),
                    _ => return Some(self.default_answer(id, &call.resource)),
                }
            }
            _ => return Some(self.default_answer(id, &call.resource)),
        };
        let arguments = call.arguments.json();
        let arn = arguments.get("StateMachineArn").and_then(Value::as_str);
        // A version or an alias stands behind the name.
        let plain = arn.map(|arn| arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":"));
        let machine = plain
            .as_deref()
            .and_then(|arn| self.simulation.others.get(arn).copied());
        let (Some(machine), Some(plain)) = (machine, plain) else {
            return Some(self.default_answer(id, &call.resource));
        };
        let name = plain.rsplit(':').next().unwrap_or_default();
        let input = match arguments.get("Input") {
            None => json!({}),
            Some(Value::String(text)) => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
            }
            Some(other) => other.clone(),
        };
        let names = match arguments.get("Name").and_then(Value::as_str) {
            Some(given) => self.names_of(name, machine.mode, given),
            None => self.names(name, machine.mode),
        };
        let arn = Rc::clone(&names.arn);
        let parent = match form {
            None => Parent::Nobody,
            Some(form) => Parent::Task(id, form),
        };
        let started = self.start_execution(machine, names, input.into(), parent);
        let accepted = json!({
            "ExecutionArn": *arn,
            "StartDate": Moment::from_millis(self.now).text(),
        });
        match form {
            None => Some(Answer::succeed(accepted)),
            Some(form) => {
                pending.started = Some(started);
                if form != Form::Synchronous {
                    let submitted = EventKind::TaskSubmitted {
                        resource: Rc::clone(&call.resource),
                        output: accepted.into(),
                    };
                    self.log(id, submitted);
                }
                None
            }
        }
    }

    /// An execution that a task waits for has ended.
    pub(super) fn started_ended(
        &mut self,
        id: ThreadId,
        started: ExecutionId,
        form: Form,
        status: Status,
        ending: Result<Data, Failure>,
    ) {
        let execution = self.execution(started);
        let names = &execution.names;
        let payload = |data: &Data| match form {
            Form::Values => data.json().clone(),
            Form::Texts | Form::Synchronous => Value::String(data.text()),
        };
        let time = |millis| Moment::from_millis(millis).text();
        let mut description = json!({
            "ExecutionArn": *names.arn,
            "Input": payload(&execution.input),
            "InputDetails": { "Included": true },
            "Name": *names.name,
            "StartDate": time(execution.start),
            "StateMachineArn": *names.machine_arn,
            "Status": status.name(),
            "StopDate": time(self.now),
        });
        match &ending {
            Ok(output) => {
                description["Output"] = payload(output);
                description["OutputDetails"] = json!({ "Included": true });
            }
            Err(failure) => {
                for (name, part) in [("Error", &failure.error), ("Cause", &failure.cause)] {
                    if let Some(part) = part {
                        description[name] = json!(part);
                    }
                }
            }
        }
        if execution.mode == Mode::Standard {
            description["RedriveCount"] = json!(0);
        }
        let answer = if ending.is_ok() || form == Form::Synchronous {
            Ok(description.into())
        } else {
            Err(Failure::new(TASK_FAILED, description.to_string()))
        };
        self.deliver(id, answer);
    }
}
