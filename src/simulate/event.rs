//! What happens in a run: the events of the service's history, and what they leave out.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::call::{Call, Iteration};
use super::clock::{Millis, Moment};
use super::data::Data;
use super::definition::{Resource, ResourceKind};
use super::failure::Failure;

/// One of the executions of a run: the first is the one that was started from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionId(pub u32);

#[derive(Clone, Debug)]
pub struct Event {
    pub execution: ExecutionId,
    /// As the execution's history counts; 0 for what the history leaves out.
    pub id: u64,
    pub previous: u64,
    pub time: Millis,
    /// The item that is worked on, and by it the iteration.
    pub iteration: Option<Rc<Iteration>>,
    /// The state that the flow is in; None for what an execution does as a whole.
    pub state: Option<Rc<str>>,
    pub kind: EventKind,
}

#[derive(Clone, Debug)]
pub enum EventKind {
    ExecutionStarted {
        arn: Rc<str>,
        input: Data,
        role: Rc<str>,
    },
    ExecutionSucceeded {
        output: Data,
    },
    ExecutionFailed(Failure),
    ExecutionTimedOut(Failure),
    ExecutionAborted,
    /// `kind` is the state's type.
    StateEntered {
        kind: &'static str,
        name: Rc<str>,
        input: Data,
    },
    StateExited {
        kind: &'static str,
        name: Rc<str>,
        output: Data,
        assigned: Vec<(Rc<str>, Data)>,
    },
    StateAborted {
        kind: &'static str,
        name: Rc<str>,
    },
    TaskScheduled {
        call: Rc<Call>,
        /// Seconds.
        timeout: Option<u64>,
        heartbeat: Option<u64>,
    },
    TaskStarted(Rc<Resource>),
    TaskSubmitted {
        resource: Rc<Resource>,
        output: Data,
    },
    TaskSucceeded {
        resource: Rc<Resource>,
        output: Data,
    },
    TaskFailed {
        resource: Rc<Resource>,
        failure: Failure,
    },
    TaskTimedOut {
        resource: Rc<Resource>,
        failure: Failure,
    },
    EvaluationFailed {
        failure: Failure,
        location: String,
        state: Rc<str>,
    },
    ParallelStarted,
    ParallelSucceeded,
    ParallelFailed,
    MapStarted {
        length: usize,
    },
    MapSucceeded,
    MapFailed,
    IterationStarted {
        name: Rc<str>,
        index: usize,
    },
    IterationSucceeded {
        name: Rc<str>,
        index: usize,
    },
    IterationFailed {
        name: Rc<str>,
        index: usize,
    },
    IterationAborted {
        name: Rc<str>,
        index: usize,
    },
    MapRunStarted {
        arn: String,
    },
    MapRunSucceeded,
    MapRunFailed(Failure),
    /// Not in the history: a Choice state took the rule of this place, or its default.
    Chosen {
        name: Rc<str>,
        rule: Option<usize>,
    },
    /// Not in the history: the retrier of this place took the failure.
    Retrying {
        name: Rc<str>,
        retrier: usize,
        retry: u64,
        delay: Millis,
        failure: Failure,
    },
    /// Not in the history: the catcher of this place took the failure.
    Caught {
        name: Rc<str>,
        catcher: usize,
        next: Rc<str>,
        failure: Failure,
    },
    /// Not in the history: something to know about the simulation.
    Note(String),
}

impl EventKind {
    /// Whether the history has it.
    pub fn is_recorded(&self) -> bool {
        !matches!(
            self,
            Self::Chosen { .. } | Self::Retrying { .. } | Self::Caught { .. } | Self::Note(_)
        )
    }

    /// As the history names it: `TaskStateEntered`.
    pub fn type_name(&self) -> String {
        let task = |resource: &Resource, what: &str| match &resource.kind {
            ResourceKind::Function => format!("LambdaFunction{what}"),
            ResourceKind::Activity => format!("Activity{what}"),
            ResourceKind::Service { .. } => format!("Task{what}"),
        };
        let name = match self {
            Self::StateEntered { kind, .. } => return format!("{kind}StateEntered"),
            Self::StateExited { kind, .. } => return format!("{kind}StateExited"),
            Self::StateAborted { kind, .. } => return format!("{kind}StateAborted"),
            Self::TaskScheduled { call, .. } => return task(&call.resource, "Scheduled"),
            Self::TaskStarted(resource) => return task(resource, "Started"),
            Self::TaskSubmitted { resource, .. } => return task(resource, "Submitted"),
            Self::TaskSucceeded { resource, .. } => return task(resource, "Succeeded"),
            Self::TaskFailed { resource, .. } => return task(resource, "Failed"),
            Self::TaskTimedOut { resource, .. } => return task(resource, "TimedOut"),
            Self::ExecutionStarted { .. } => "ExecutionStarted",
            Self::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            Self::ExecutionFailed(_) => "ExecutionFailed",
            Self::ExecutionTimedOut(_) => "ExecutionTimedOut",
            Self::ExecutionAborted => "ExecutionAborted",
            Self::EvaluationFailed { .. } => "EvaluationFailed",
            Self::ParallelStarted => "ParallelStateStarted",
            Self::ParallelSucceeded => "ParallelStateSucceeded",
            Self::ParallelFailed => "ParallelStateFailed",
            Self::MapStarted { .. } => "MapStateStarted",
            Self::MapSucceeded => "MapStateSucceeded",
            Self::MapFailed => "MapStateFailed",
            Self::IterationStarted { .. } => "MapIterationStarted",
            Self::IterationSucceeded { .. } => "MapIterationSucceeded",
            Self::IterationFailed { .. } => "MapIterationFailed",
            Self::IterationAborted { .. } => "MapIterationAborted",
            Self::MapRunStarted { .. } => "MapRunStarted",
            Self::MapRunSucceeded => "MapRunSucceeded",
            Self::MapRunFailed(_) => "MapRunFailed",
            Self::Chosen { .. } => "Chosen",
            Self::Retrying { .. } => "Retrying",
            Self::Caught { .. } => "Caught",
            Self::Note(_) => "Note",
        };
        name.to_owned()
    }

    /// The member of a history event that holds its details, and them; None when it has none.
    fn details(&self) -> Option<(String, Value)> {
        let type_name = self.type_name();
        let member = || {
            let mut chars = type_name.chars();
            let first = chars.next().map(|c| c.to_ascii_lowercase());
            format!(
                "{}{}EventDetails",
                first.unwrap_or_default(),
                chars.as_str()
            )
        };
        let details = match self {
            Self::ExecutionStarted { input, role, .. } => json!({
                "input": input.text(), "inputDetails": { "truncated": false }, "roleArn": **role,
            }),
            Self::ExecutionSucceeded { output } => json!({
                "output": output.text(), "outputDetails": { "truncated": false },
            }),
            Self::ExecutionFailed(failure)
            | Self::ExecutionTimedOut(failure)
            | Self::MapRunFailed(failure) => Value::Object(failure_details(failure)),
            Self::StateEntered { name, input, .. } => {
                return Some((
                    "stateEnteredEventDetails".to_owned(),
                    json!({
                        "name": **name, "input": input.text(), "inputDetails": { "truncated": false },
                    }),
                ));
            }
            Self::StateExited {
                name,
                output,
                assigned,
                ..
            } => {
                let mut details = json!({
                    "name": **name, "output": output.text(), "outputDetails": { "truncated": false },
                });
                if !assigned.is_empty() {
                    let variables = assigned
                        .iter()
                        .map(|(name, value)| ((**name).to_owned(), Value::String(value.text())));
                    details["assignedVariables"] = Value::Object(variables.collect());
                    details["assignedVariablesDetails"] = json!({ "truncated": false });
                }
                return Some(("stateExitedEventDetails".to_owned(), details));
            }
            Self::TaskScheduled {
                call,
                timeout,
                heartbeat,
            } => {
                let mut details = resource_details(&call.resource);
                match call.resource.kind {
                    ResourceKind::Service { .. } => {
                        details.insert("parameters".to_owned(), json!(call.arguments.text()));
                    }
                    _ => {
                        details.insert("input".to_owned(), json!(call.arguments.text()));
                        details.insert("inputDetails".to_owned(), json!({ "truncated": false }));
                    }
                }
                for (name, seconds) in [
                    ("timeoutInSeconds", timeout),
                    ("heartbeatInSeconds", heartbeat),
                ] {
                    if let Some(seconds) = seconds {
                        details.insert(name.to_owned(), json!(seconds));
                    }
                }
                Value::Object(details)
            }
            Self::TaskStarted(resource) => match resource.kind {
                ResourceKind::Function => return None,
                ResourceKind::Activity => json!({ "workerName": "worker" }),
                ResourceKind::Service { .. } => Value::Object(resource_details(resource)),
            },
            Self::TaskSubmitted { resource, output } | Self::TaskSucceeded { resource, output } => {
                let mut details = match resource.kind {
                    ResourceKind::Service { .. } => resource_details(resource),
                    _ => Map::new(),
                };
                details.insert("output".to_owned(), json!(output.text()));
                details.insert("outputDetails".to_owned(), json!({ "truncated": false }));
                Value::Object(details)
            }
            Self::TaskFailed { resource, failure } | Self::TaskTimedOut { resource, failure } => {
                let mut details = match resource.kind {
                    ResourceKind::Service { .. } => resource_details(resource),
                    _ => Map::new(),
                };
                details.extend(failure_details(failure));
                Value::Object(details)
            }
            Self::EvaluationFailed {
                failure,
                location,
                state,
            } => {
                let mut details = failure_details(failure);
                details.insert("location".to_owned(), json!(location));
                details.insert("state".to_owned(), json!(**state));
                Value::Object(details)
            }
            Self::MapStarted { length } => json!({ "length": length }),
            Self::IterationStarted { name, index }
            | Self::IterationSucceeded { name, index }
            | Self::IterationFailed { name, index }
            | Self::IterationAborted { name, index } => json!({ "name": **name, "index": index }),
            Self::MapRunStarted { arn } => json!({ "mapRunArn": arn }),
            Self::ExecutionAborted
            | Self::StateAborted { .. }
            | Self::ParallelStarted
            | Self::ParallelSucceeded
            | Self::ParallelFailed
            | Self::MapSucceeded
            | Self::MapFailed
            | Self::MapRunSucceeded
            | Self::Chosen { .. }
            | Self::Retrying { .. }
            | Self::Caught { .. }
            | Self::Note(_) => return None,
        };
        Some((member(), details))
    }
}

fn resource_details(resource: &Resource) -> Map<String, Value> {
    let mut details = Map::new();
    match (resource.type_name(), resource.operation_name()) {
        (Some(service), Some(operation)) => {
            details.insert("resourceType".to_owned(), json!(service));
            details.insert("resource".to_owned(), json!(operation));
        }
        _ => {
            details.insert("resource".to_owned(), json!(resource.arn));
        }
    }
    details
}

fn failure_details(failure: &Failure) -> Map<String, Value> {
    let parts = [("error", &failure.error), ("cause", &failure.cause)];
    let parts = parts
        .into_iter()
        .filter_map(|(name, part)| Some((name.to_owned(), Value::String(part.clone()?))));
    parts.collect()
}

impl Event {
    /// As `GetExecutionHistory` gives it.
    pub fn history(&self) -> Value {
        let mut event = json!({
            "timestamp": Moment::from_millis(self.time).text(),
            "type": self.kind.type_name(),
            "id": self.id,
            "previousEventId": self.previous,
        });
        if let Some((member, details)) = self.kind.details() {
            event[member] = details;
        }
        event
    }
}

/// Sees all events of a run, as they happen.
pub trait Observer {
    fn see(&mut self, event: &Event);
}

/// Looks away.
impl Observer for () {
    fn see(&mut self, _: &Event) {}
}

impl<F: FnMut(&Event)> Observer for F {
    fn see(&mut self, event: &Event) {
        self(event);
    }
}
