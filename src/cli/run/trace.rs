//! What happens in a run, as lines that people read.

use std::collections::BTreeMap;

use crate::simulate::call::Iteration;
use crate::simulate::clock::{Millis, duration_text};
use crate::simulate::data::Data;
use crate::simulate::definition::ResourceKind;
use crate::simulate::event::{Event, EventKind, ExecutionId};
use crate::simulate::failure::Failure;

/// Payloads are cut here unless they are asked for in full.
const WIDTH: usize = 100;

pub(super) struct Trace {
    full: bool,
    start: Option<Millis>,
    /// Names of executions behind the first.
    executions: BTreeMap<ExecutionId, String>,
}

impl Trace {
    pub fn new(full: bool) -> Self {
        Self {
            full,
            start: None,
            executions: BTreeMap::new(),
        }
    }

    /// The lines for an event; empty for those that add nothing.
    pub fn lines(&mut self, event: &Event) -> String {
        let start = *self.start.get_or_insert(event.time);
        let head = |name: &str, what: &str| {
            let time = duration_text(event.time - start);
            let place = self.place(event);
            format!("{time:>12}  {place}{name}  {what}\n")
        };
        match &event.kind {
            EventKind::ExecutionStarted { arn, input, .. } => {
                if event.execution == ExecutionId::default() {
                    return head("start", "") + &self.detail("input", input);
                }
                let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
                let short: String = name.chars().take(8).collect();
                self.executions.insert(event.execution, short);
                String::new()
            }
            EventKind::StateEntered { kind, name, input } => {
                let mut text = head(name, kind);
                if self.full {
                    text.push_str(&self.detail("input", input));
                }
                text
            }
            EventKind::TaskScheduled { call, .. } => {
                let called = match &call.resource.kind {
                    ResourceKind::Service { .. } => format!(
                        "{}:{}",
                        call.resource.type_name().unwrap_or_default(),
                        call.resource.operation_name().unwrap_or_default()
                    ),
                    _ => call.resource.arn.clone(),
                };
                line("call", &called) + &self.detail("with", &call.arguments)
            }
            EventKind::TaskSucceeded { output, .. } => self.detail("result", output),
            EventKind::TaskFailed { failure, .. } => self.failure("failed", failure),
            EventKind::TaskTimedOut { failure, .. } => self.failure("timed out", failure),
            EventKind::EvaluationFailed { failure, .. } => self.failure("failed", failure),
            EventKind::Retrying { retry, delay, .. } => line(
                "retry",
                &format!("{retry}, after {}", duration_text(*delay)),
            ),
            EventKind::Caught { next, .. } => line("caught", &format!("goes on with {next}")),
            EventKind::StateExited {
                output, assigned, ..
            } => {
                let mut text = String::new();
                for (name, value) in assigned {
                    text.push_str(&line(
                        "set",
                        &format!("{name} = {}", self.cut(&value.text())),
                    ));
                }
                text.push_str(&self.detail("output", output));
                text
            }
            EventKind::StateAborted { name, .. } => head(name, "is stopped"),
            EventKind::MapStarted { length } => line("items", &length.to_string()),
            EventKind::MapRunFailed(failure) => self.failure("failed", failure),
            EventKind::Note(note) => line("note", note),
            EventKind::ExecutionSucceeded { output } if self.is_first(event) => {
                head("end", "") + &self.detail("output", output)
            }
            EventKind::ExecutionFailed(failure) | EventKind::ExecutionTimedOut(failure)
                if self.is_first(event) =>
            {
                head("end", "") + &self.failure("failed", failure)
            }
            EventKind::ExecutionFailed(failure) => {
                head("end", "") + &self.failure("failed", failure)
            }
            _ => String::new(),
        }
    }

    fn is_first(&self, event: &Event) -> bool {
        event.execution == ExecutionId::default()
    }

    /// The iteration, or the execution, that a line is of: `each[3] `.
    fn place(&self, event: &Event) -> String {
        let mut text = String::new();
        if event.iteration.is_none()
            && let Some(name) = self.executions.get(&event.execution)
        {
            text.push_str(&format!("{name} › "));
        }
        let mut iterations = Vec::new();
        let mut inner: Option<&Iteration> = event.iteration.as_deref();
        while let Some(iteration) = inner {
            iterations.push(format!("{}[{}] › ", iteration.map, iteration.index));
            inner = iteration.outer.as_deref();
        }
        iterations.reverse();
        text + &iterations.concat()
    }

    fn detail(&self, name: &str, data: &Data) -> String {
        line(name, &self.cut(&data.text()))
    }

    fn failure(&self, what: &str, failure: &Failure) -> String {
        line(what, &self.cut(&failure.to_string()))
    }

    fn cut(&self, text: &str) -> String {
        if self.full || text.chars().count() <= WIDTH {
            return text.to_owned();
        }
        let mut cut: String = text.chars().take(WIDTH - 1).collect();
        cut.push('…');
        cut
    }
}

fn line(name: &str, text: &str) -> String {
    format!("{:>24}  {text}\n", name)
}
