//! Executions: how they are named, begin and end.

use std::rc::Rc;

use serde_json::Value;

use super::{
    Engine, Outcome, Place, Start, StateOutcome, StateStatus, Status, ThreadId, WakeKind, context,
    nested,
};
use crate::simulate::clock::Millis;
use crate::simulate::data::Data;
use crate::simulate::definition::{Machine, Mode, ROOT};
use crate::simulate::digest;
use crate::simulate::event::{EventKind, ExecutionId};
use crate::simulate::failure::{Failure, TIMEOUT};
use crate::simulate::scene::Scope;

/// Who waits for an execution.
#[derive(Clone, Debug)]
pub(super) enum Parent {
    Outside,
    /// A distributed map's thread, and the place among its items.
    Map(ThreadId, usize),
    /// A task, and whether it gets the input and the output as values or as JSON texts.
    Task(ThreadId, nested::Form),
    /// Started and left alone.
    Nobody,
}

/// The names of an execution.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub arn: Rc<str>,
    pub name: Rc<str>,
    pub machine_arn: Rc<str>,
    pub machine: Rc<str>,
}

pub(super) struct Execution {
    pub mode: Mode,
    pub names: Names,
    pub input: Data,
    /// As the context object tells of it, and of its machine.
    pub described: Data,
    pub machine_described: Data,
    pub start: Millis,
    pub events: u64,
    pub parent: Parent,
    pub root: ThreadId,
    pub end: Option<Millis>,
}

impl<'a> Engine<'a, '_> {
    /// A new execution's names.
    pub(super) fn names(&mut self, machine: &str, mode: Mode) -> Names {
        let settings = &self.simulation.settings;
        let id = digest::uuid(&mut self.random.borrow_mut());
        let is_first = self.executions.is_empty();
        let name = match &settings.execution {
            Some(name) if is_first => name.clone(),
            _ => id,
        };
        self.names_of(machine, mode, &name)
    }

    pub(super) fn names_of(&mut self, machine: &str, mode: Mode, name: &str) -> Names {
        let arn = match mode {
            Mode::Standard => self.arn(&format!("execution:{machine}:{name}")),
            Mode::Express => {
                let run = digest::uuid(&mut self.random.borrow_mut());
                self.arn(&format!("express:{machine}:{name}:{run}"))
            }
        };
        Names {
            arn: Rc::from(arn),
            name: Rc::from(name),
            machine_arn: Rc::from(self.arn(&format!("stateMachine:{machine}"))),
            machine: Rc::from(machine),
        }
    }

    /// Of Step Functions.
    pub(super) fn arn(&self, rest: &str) -> String {
        let settings = &self.simulation.settings;
        format!(
            "arn:{}:states:{}:{}:{rest}",
            settings.partition, settings.region, settings.account
        )
    }

    pub(super) fn start_execution(
        &mut self,
        machine: &'a Machine,
        names: Names,
        input: Data,
        parent: Parent,
    ) -> ExecutionId {
        let start = Start {
            machine,
            flow: ROOT,
            mode: machine.mode,
            iteration: None,
        };
        self.start_flow(start, names, input, parent)
    }

    /// A child of a distributed map is an execution of the flow inside.
    pub(super) fn start_flow(
        &mut self,
        start: Start<'a>,
        names: Names,
        input: Data,
        parent: Parent,
    ) -> ExecutionId {
        let Start { machine, mode, .. } = start;
        let id = ExecutionId(self.executions.len() as u32);
        let arn = Rc::clone(&names.arn);
        let role = &self.simulation.settings.role;
        let (described, machine_described) =
            context::describe(&names, &input, self.now, role, mode);
        self.executions.push(Execution {
            mode,
            names,
            input: input.clone(),
            described,
            machine_described,
            start: self.now,
            events: 0,
            parent,
            root: 0,
            end: None,
        });
        let scope = Rc::new(Scope::default());
        let root = self.start_thread(id, &start, None, scope, input.clone());
        self.executions[id.0 as usize].root = root;
        let role = Rc::from(self.simulation.settings.role.as_str());
        self.log(root, EventKind::ExecutionStarted { arn, input, role });
        // The first state follows nothing.
        self.thread_mut(root).last = 0;
        let limit = match (mode, machine.timeout) {
            (Mode::Express, timeout) => timeout.unwrap_or(u64::MAX).min(5 * 60),
            (Mode::Standard, timeout) => timeout.unwrap_or(u64::MAX).min(366 * 24 * 60 * 60),
        };
        self.at(self.now + limit as Millis * 1000, WakeKind::Deadline(id));
        id
    }

    /// Ends an execution, whoever waits for it, and all that runs in it.
    pub(super) fn end_execution(
        &mut self,
        id: ExecutionId,
        status: Status,
        ending: Result<Data, Failure>,
    ) {
        let (root, events) = {
            let execution = self.execution(id);
            if execution.end.is_some() {
                return;
            }
            (execution.root, execution.events)
        };
        let last = self.threads[root]
            .as_ref()
            .map_or(events, |thread| thread.last);
        let variables: Vec<(String, Value)> = match &self.threads[root] {
            Some(thread) => {
                let own = thread.scope.own().into_iter();
                own.map(|(name, value)| (name.to_string(), value.into_json()))
                    .collect()
            }
            None => Vec::new(),
        };
        let kind = match (&ending, status) {
            (Ok(output), _) => EventKind::ExecutionSucceeded {
                output: output.clone(),
            },
            (Err(failure), Status::TimedOut) => EventKind::ExecutionTimedOut(failure.clone()),
            (Err(_), Status::Aborted) => EventKind::ExecutionAborted,
            (Err(failure), _) => EventKind::ExecutionFailed(failure.clone()),
        };
        let place = Place {
            execution: id,
            iteration: None,
            state: None,
        };
        self.log_of(place, last, kind);
        let now = self.now;
        let execution = &mut self.executions[id.0 as usize];
        execution.end = Some(now);
        let parent = execution.parent.clone();
        let (start, events) = (execution.start, execution.events);
        self.is_watched(root, || StateOutcome {
            status: StateStatus::Failed,
            output: ending.as_ref().ok().map(|output| output.json().clone()),
            failure: ending.as_ref().err().cloned(),
            next: None,
        });
        self.cancel_quietly(root);
        match parent {
            Parent::Outside => {
                self.outcome = Some(Outcome {
                    status,
                    output: ending.as_ref().ok().map(|output| output.json().clone()),
                    failure: ending.err(),
                    duration: now - start,
                    transitions: self.transitions,
                    events,
                    variables,
                });
            }
            Parent::Map(thread, index) => self.child_ended(thread, index, id, ending),
            Parent::Task(thread, form) => self.started_ended(thread, id, form, status, ending),
            Parent::Nobody => {}
        }
        // Nobody reads them any more.
        let nothing = Data::new(Value::Null);
        let execution = &mut self.executions[id.0 as usize];
        execution.input = nothing.clone();
        execution.described = nothing.clone();
        execution.machine_described = nothing;
    }

    pub(super) fn time_out(&mut self, id: ExecutionId) {
        if self.execution(id).end.is_none() {
            self.end_execution(id, Status::TimedOut, Err(Failure::bare(TIMEOUT)));
        }
    }

    pub(super) fn stop(&mut self, id: ExecutionId) {
        if self.execution(id).end.is_none() {
            self.end_execution(id, Status::Aborted, Err(Failure::default()));
        }
    }

    /// Ends an execution because whoever waits for it does so no more.
    pub(super) fn abandon(&mut self, id: ExecutionId) {
        let execution = &mut self.executions[id.0 as usize];
        if execution.end.is_none() {
            execution.parent = Parent::Nobody;
            self.end_execution(id, Status::Aborted, Err(Failure::default()));
        }
    }
}
