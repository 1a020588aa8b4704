//! All that happened in a run, to be asked about.

use std::rc::Rc;

use super::call::Call;
use super::clock::Millis;
use super::data::Data;
use super::event::{Event, EventKind, ExecutionId, Observer};
use super::failure::Failure;

/// The events of a run, in order.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub events: Vec<Event>,
}

impl Observer for Log {
    fn see(&mut self, event: &Event) {
        self.events.push(event.clone());
    }
}

impl Log {
    /// All calls, in order.
    pub fn calls(&self) -> impl Iterator<Item = &Rc<Call>> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::TaskScheduled { call, .. } => Some(call),
            _ => None,
        })
    }

    /// The calls of one state, in order.
    pub fn calls_of<'l>(&'l self, state: &'l str) -> impl Iterator<Item = &'l Rc<Call>> {
        self.calls().filter(move |call| *call.state == *state)
    }

    /// The states entered, in order, in whichever execution.
    pub fn entered(&self) -> impl Iterator<Item = &str> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::StateEntered { name, .. } => Some(&**name),
            _ => None,
        })
    }

    /// What states were left with: name, output and the variables that they assigned.
    pub fn exited(&self) -> impl Iterator<Item = (&str, &Data, &[(Rc<str>, Data)])> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::StateExited {
                name,
                output,
                assigned,
                ..
            } => Some((&**name, output, assigned.as_slice())),
            _ => None,
        })
    }

    /// The value that a variable was last given, in whichever scope.
    pub fn variable(&self, name: &str) -> Option<&Data> {
        let assigned = self.exited().flat_map(|(.., assigned)| assigned);
        assigned
            .filter(|(known, _)| **known == *name)
            .map(|(_, value)| value)
            .last()
    }

    /// Failures that a retrier took: the state, the number of the retry, the wait before it.
    pub fn retries(&self) -> impl Iterator<Item = (&str, u64, Millis)> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Retrying {
                name, retry, delay, ..
            } => Some((&**name, *retry, *delay)),
            _ => None,
        })
    }

    /// Failures that a catcher took: the state, the next one, the failure.
    pub fn caught(&self) -> impl Iterator<Item = (&str, &str, &Failure)> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Caught {
                name,
                next,
                failure,
                ..
            } => Some((&**name, &**next, failure)),
            _ => None,
        })
    }

    /// The history of one execution.
    pub fn history(&self, execution: ExecutionId) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(move |event| event.execution == execution && event.kind.is_recorded())
    }
}
