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
    /// The payload that was shown last: what a state gives the next one is not shown twice.
    shown: String,
    /// When and where the lines before were: a line of another place or time says so.
    head: String,
}

impl Trace {
    pub fn new(full: bool) -> Self {
        Self {
            full,
            start: None,
            executions: BTreeMap::new(),
            shown: String::new(),
            head: String::new(),
        }
    }

    /// The lines for an event; empty for those that add nothing.
    pub fn lines(&mut self, event: &Event) -> String {
        let start = *self.start.get_or_insert(event.time);
        let time = duration_text(event.time - start);
        let state = event.state.as_deref().unwrap_or_default();
        let head = format!("{time:>12}  {}{state}", self.place(event));
        match &event.kind {
            EventKind::ExecutionStarted { input, .. } if self.is_first(event) => {
                self.head = format!("{time:>12}  start");
                let input = self.detail("input", input);
                format!("{}\n{input}", self.head)
            }
            EventKind::ExecutionSucceeded { .. }
            | EventKind::ExecutionFailed(_)
            | EventKind::ExecutionTimedOut(_)
            | EventKind::ExecutionAborted
                if self.is_first(event) =>
            {
                format!("{time:>12}  end\n{}", self.details(event))
            }
            EventKind::ExecutionStarted { arn, .. } => {
                let name = arn.rsplit(':').next().unwrap_or_default();
                let short = name.chars().take(8).collect();
                self.executions.insert(event.execution, short);
                String::new()
            }
            EventKind::StateEntered { kind, .. } => {
                self.head = head;
                let details = self.details(event);
                format!("{}  {kind}\n{details}", self.head)
            }
            EventKind::StateAborted { .. } => {
                self.head = head;
                format!("{}  is stopped\n", self.head)
            }
            _ => {
                let details = self.details(event);
                if details.is_empty() || self.head == head {
                    return details;
                }
                self.head = head;
                format!("{}\n{details}", self.head)
            }
        }
    }

    /// What is told below the line that says when and where.
    fn details(&mut self, event: &Event) -> String {
        match &event.kind {
            EventKind::StateEntered { input, .. } => self.flow("input", input),
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
                text.push_str(&self.flow("output", output));
                text
            }
            EventKind::MapStarted { length } => line("items", &length.to_string()),
            EventKind::MapRunFailed(failure) => self.failure("failed", failure),
            EventKind::Note(note) => line("note", note),
            EventKind::ExecutionSucceeded { output } if self.is_first(event) => {
                self.detail("output", output)
            }
            EventKind::ExecutionFailed(failure) | EventKind::ExecutionTimedOut(failure) => {
                self.failure("failed", failure)
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

    fn detail(&mut self, name: &str, data: &Data) -> String {
        self.shown = data.text();
        line(name, &self.cut(&self.shown))
    }

    /// What goes from state to state.
    fn flow(&mut self, name: &str, data: &Data) -> String {
        if !self.full && data.text() == self.shown {
            return String::new();
        }
        self.detail(name, data)
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
