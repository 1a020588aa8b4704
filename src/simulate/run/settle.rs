//! From one state to the next: outputs, variables, retries, handlers, ends.

use std::rc::Rc;

use serde_json::Value;

use super::fields::View;
use super::state::Step;
use super::{Engine, StateOutcome, StateStatus, Status, ThreadId, Work};
use crate::simulate::clock::Millis;
use crate::simulate::data::Data;
use crate::simulate::definition::{Kind, Language, ResultPath, State, StateId};
use crate::simulate::event::EventKind;
use crate::simulate::failure::{
    DATA_LIMIT_EXCEEDED, Failure, QUERY_EVALUATION_ERROR, RESULT_PATH_MATCH_FAILURE, RUNTIME,
    Trouble,
};
use crate::simulate::template::Template;

/// How a state is left.
pub(super) struct Exit<'a> {
    pub assign: &'a [(Rc<str>, Template)],
    pub output: Option<&'a Template>,
    pub next: Option<StateId>,
    pub ending: Ending<'a>,
}

/// What a state leaves behind.
pub(super) enum Ending<'a> {
    /// Work was done.
    Result(Data),
    /// None was: the effective input goes on.
    Input(Data),
    /// A catcher takes an error.
    Error(Data, &'a ResultPath),
}

impl<'a> Exit<'a> {
    pub fn result(state: &'a State, result: Data) -> Self {
        Self {
            assign: &state.assign,
            output: state.output.as_ref(),
            next: state.next,
            ending: Ending::Result(result),
        }
    }

    pub fn input(state: &'a State, input: Data) -> Self {
        Self {
            ending: Ending::Input(input.clone()),
            ..Self::result(state, input)
        }
    }
}

impl<'a> Engine<'a, '_> {
    pub(super) fn wake(&mut self, id: ThreadId) {
        let work = std::mem::replace(&mut self.thread_mut(id).work, Work::Entering);
        let step = match work {
            Work::Entering => return self.run_thread(id),
            Work::Waiting => self.leave_wait(id),
            Work::Retrying => {
                self.transitions += 1;
                self.perform(id)
            }
            Work::Task(pending) => self.end_task(id, *pending),
            Work::Fan(fan) => {
                // Children end it, time does not.
                self.thread_mut(id).work = Work::Fan(fan);
                return;
            }
        };
        self.settle_and_run(id, step);
    }

    /// Enters states until something has to be waited for.
    pub(super) fn run_thread(&mut self, id: ThreadId) {
        while self.can_go_on(id) {
            self.enter(id);
            if !self.can_go_on(id) {
                return;
            }
            let step = self.perform(id);
            if !self.settle(id, step) {
                return;
            }
        }
    }

    pub(super) fn settle_and_run(&mut self, id: ThreadId, step: Result<Step<'a>, Trouble>) {
        if self.settle(id, step) {
            self.run_thread(id);
        }
    }

    pub(super) fn enter(&mut self, id: ThreadId) {
        self.transitions += 1;
        let now = self.now;
        let thread = self.thread_mut(id);
        thread.entered = now;
        thread.attempts.clear();
        thread.attempts.resize(thread.state.retry.len(), 0);
        thread.retries = 0;
        let entered = EventKind::StateEntered {
            kind: thread.state.kind.name(),
            name: Rc::clone(&thread.state.name),
            input: thread.input.clone(),
        };
        let event = self.log(id, entered);
        self.thread_mut(id).entered_id = event;
    }

    /// Draws the conclusions of a step. Whether the thread is about to enter another state.
    fn settle(&mut self, id: ThreadId, step: Result<Step<'a>, Trouble>) -> bool {
        if self.threads[id].is_none() {
            return false;
        }
        let left = match step {
            Ok(Step::Blocked) => return false,
            Ok(Step::Left(exit)) => self.leave(id, exit),
            Err(trouble) => Err(trouble),
        };
        match left {
            Ok((next, output)) => self.go_on(id, next, output),
            Err(trouble) => self.fail(id, trouble),
        }
    }

    fn go_on(&mut self, id: ThreadId, next: Option<StateId>, output: Data) -> bool {
        if self.watched.is_some() {
            let machine = self.thread(id).machine;
            let is_watched = self.is_watched(id, || StateOutcome {
                status: StateStatus::Succeeded,
                output: Some(output.json().clone()),
                failure: None,
                next: next.map(|next| machine.state(next).name.to_string()),
            });
            if is_watched {
                return false;
            }
        }
        let thread = self.thread_mut(id);
        match next {
            Some(next) => {
                thread.state = thread.machine.state(next);
                thread.input = output;
                true
            }
            None => {
                self.end_flow(id, Ok(output));
                false
            }
        }
    }

    /// Evaluates what leaves a state, and writes its variables.
    fn leave(&mut self, id: ThreadId, exit: Exit) -> Result<(Option<StateId>, Data), Trouble> {
        let thread = self.thread(id);
        let state = thread.state;
        let (assigned, output) = match state.language {
            Language::Jsonata => self.leave_jsonata(id, &exit)?,
            Language::JsonPath => self.leave_jsonpath(id, state, &exit)?,
        };
        let limits = self.simulation.settings.limits;
        if output.size() > limits.payload {
            return Err(Trouble::Failed(too_large(&state.name)));
        }
        let scope = Rc::clone(&self.thread(id).scope);
        let assigned_size: usize = assigned.iter().map(|(_, value)| value.size()).sum();
        if assigned_size > limits.payload {
            let cause = format!(
                "The variables assigned by the state '{}' exceed the maximum number of bytes service limit.",
                state.name
            );
            return Err(Trouble::Failed(Failure::new(DATA_LIMIT_EXCEEDED, cause)));
        }
        for (name, value) in &assigned {
            scope.set(name, value.clone());
        }
        if assigned_size > 0 && scope.size() > limits.variables {
            let cause =
                "The variables of the execution exceed the maximum number of bytes service limit.";
            return Err(Trouble::Failed(Failure::new(DATA_LIMIT_EXCEEDED, cause)));
        }
        if !matches!(state.kind, Kind::Fail { .. }) {
            let exited = EventKind::StateExited {
                kind: state.kind.name(),
                name: Rc::clone(&state.name),
                output: output.clone(),
                assigned,
            };
            self.log(id, exited);
        }
        Ok((exit.next, output))
    }

    fn leave_jsonata(&self, id: ThreadId, exit: &Exit) -> Result<Left, Trouble> {
        let mut view = View::default();
        let default = match &exit.ending {
            Ending::Result(result) => {
                // A Pass state has no result to speak of.
                if !matches!(self.thread(id).state.kind, Kind::Pass { .. }) {
                    view.result = Some(result);
                }
                result
            }
            Ending::Input(input) => input,
            Ending::Error(error, _) => {
                view.error = Some(error);
                error
            }
        };
        let assigned = self.assigned(id, exit, view)?;
        let output = match exit.output {
            Some(template) => self.evaluate(id, template, "Output", view)?,
            None => default.clone(),
        };
        Ok((assigned, output))
    }

    fn leave_jsonpath(&self, id: ThreadId, state: &State, exit: &Exit) -> Result<Left, Trouble> {
        let (root, combined) = match &exit.ending {
            Ending::Input(input) => (input, input.clone()),
            Ending::Error(error, path) => (error, self.put(id, path, error.clone())?),
            Ending::Result(result) => {
                let selected = match &state.result_selector {
                    Some(template) => {
                        self.evaluate(id, template, "ResultSelector", View::rooted(result))?
                    }
                    None => result.clone(),
                };
                (result, self.put(id, &state.result_path, selected)?)
            }
        };
        let assigned = self.assigned(id, exit, View::rooted(root))?;
        let output = match (&exit.ending, &state.output_path) {
            (Ending::Error(..), _) => combined,
            _ if state.no_output => Data::new(Value::Object(serde_json::Map::new())),
            (_, Some(path)) => self.path_of_data(id, path, Some(&combined))?,
            (_, None) => combined,
        };
        Ok((assigned, output))
    }

    fn assigned(
        &self,
        id: ThreadId,
        exit: &Exit,
        view: View,
    ) -> Result<Vec<(Rc<str>, Data)>, Trouble> {
        let assigned = exit.assign.iter().map(|(name, template)| {
            let field = format!("Assign/{name}");
            let value = self.evaluate(id, template, &field, view)?;
            Ok((Rc::clone(name), value))
        });
        assigned.collect()
    }

    /// The raw input with a result put into it.
    fn put(&self, id: ThreadId, path: &ResultPath, result: Data) -> Result<Data, Trouble> {
        let input = &self.thread(id).input;
        let path = match path {
            ResultPath::Whole => return Ok(result),
            ResultPath::Nowhere => return Ok(input.clone()),
            ResultPath::Into(path) => path,
        };
        match path.put(input.json().clone(), result.into_json()) {
            Some(combined) => Ok(Data::new(combined)),
            None => {
                let cause = format!(
                    "Unable to apply the ResultPath '{}' to the input '{}'",
                    path.text(),
                    input.text()
                );
                Err(Trouble::raised(RESULT_PATH_MATCH_FAILURE, cause))
            }
        }
    }

    /// Looks for a retrier and a catcher. Whether the thread is about to enter another state.
    pub(super) fn fail(&mut self, id: ThreadId, trouble: Trouble) -> bool {
        let state = self.thread(id).state;
        let failure = self.tell(id, trouble);
        if failure.name() == RUNTIME {
            let execution = self.thread(id).execution;
            self.end_execution(execution, Status::Failed, Err(failure));
            return false;
        }
        if self.retry(id, state, &failure) {
            return false;
        }
        let found = state
            .catch
            .iter()
            .position(|catcher| failure.is_taken_by(&catcher.errors));
        let Some(at) = found else {
            self.end_flow(id, Err(failure));
            return false;
        };
        let catcher = &state.catch[at];
        let next = Rc::clone(&self.thread(id).machine.state(catcher.next).name);
        let caught = EventKind::Caught {
            name: Rc::clone(&state.name),
            catcher: at,
            next,
            failure: failure.clone(),
        };
        self.log(id, caught);
        let exit = Exit {
            assign: &catcher.assign,
            output: catcher.output.as_ref(),
            next: Some(catcher.next),
            ending: Ending::Error(Data::new(failure.output()), &catcher.result_path),
        };
        match self.leave(id, exit) {
            Ok((next, output)) => {
                let machine = self.thread(id).machine;
                let is_watched = self.is_watched(id, || StateOutcome {
                    status: StateStatus::CaughtError,
                    output: Some(output.json().clone()),
                    failure: Some(failure),
                    next: next.map(|next| machine.state(next).name.to_string()),
                });
                !is_watched && self.go_on(id, next, output)
            }
            // A handler does not take its own failure.
            Err(trouble) => {
                self.fail_unhandled(id, trouble);
                false
            }
        }
    }

    fn fail_unhandled(&mut self, id: ThreadId, trouble: Trouble) {
        let failure = self.tell(id, trouble);
        if failure.name() == RUNTIME {
            let execution = self.thread(id).execution;
            self.end_execution(execution, Status::Failed, Err(failure));
        } else {
            self.end_flow(id, Err(failure));
        }
    }

    /// The failure that handlers see; an evaluation's has its own event.
    fn tell(&mut self, id: ThreadId, trouble: Trouble) -> Failure {
        let thread = self.thread(id);
        let state = thread.state;
        // A state on its own has no history.
        let alone = self.watched.is_some();
        let told = |cause: &str| {
            if alone {
                return cause.to_owned();
            }
            format!(
                "An error occurred while executing the state '{}' (entered at the event id #{}). {cause}",
                state.name, thread.entered_id
            )
        };
        match trouble {
            Trouble::Failed(failure) => failure,
            Trouble::Raised { error, cause } => Failure::new(error, told(&cause)),
            Trouble::Runtime(cause) => Failure::new(RUNTIME, told(&cause)),
            Trouble::Evaluation { cause, location } => {
                let failure = Failure::new(QUERY_EVALUATION_ERROR, told(&cause));
                let leaving = ["Assign", "Output", "Catch"]
                    .iter()
                    .any(|f| location.starts_with(f));
                let event = EventKind::EvaluationFailed {
                    failure: failure.clone(),
                    location,
                    state: Rc::clone(&state.name),
                };
                self.log(id, event);
                match &state.kind {
                    Kind::Map(_) if !leaving => self.log(id, EventKind::MapFailed),
                    _ => 0,
                };
                failure
            }
        }
    }

    /// Whether the first retrier that takes the failure has an attempt left.
    fn retry(&mut self, id: ThreadId, state: &State, failure: &Failure) -> bool {
        let rule = state
            .retry
            .iter()
            .position(|rule| failure.is_taken_by(&rule.errors));
        let Some(at) = rule else {
            return false;
        };
        let rule = &state.retry[at];
        let attempts = self.thread(id).attempts[at];
        if attempts >= rule.max_attempts {
            return false;
        }
        let is_watched = self.is_watched(id, || StateOutcome {
            status: StateStatus::Retriable,
            output: None,
            failure: Some(failure.clone()),
            next: None,
        });
        if is_watched {
            return true;
        }
        let exponent = i32::try_from(attempts).unwrap_or(i32::MAX);
        let mut seconds = rule.interval * rule.backoff.powi(exponent);
        if let Some(most) = rule.max_delay {
            seconds = seconds.min(most);
        }
        if rule.jitter {
            seconds *= self.random.borrow_mut().f64();
        }
        // No execution lives longer than a year, whatever the product is.
        let delay = (seconds * 1000.0).min(4e10) as Millis;
        let thread = self.thread_mut(id);
        thread.attempts[at] += 1;
        thread.retries += 1;
        thread.work = Work::Retrying;
        let retrying = EventKind::Retrying {
            name: Rc::clone(&state.name),
            retrier: at,
            retry: thread.retries,
            delay,
            failure: failure.clone(),
        };
        self.log(id, retrying);
        self.wake_at(id, self.now + delay);
        true
    }

    /// The thread's flow has come to its end.
    fn end_flow(&mut self, id: ThreadId, ending: Result<Data, Failure>) {
        let thread = self.thread(id);
        let execution = thread.execution;
        match thread.parent {
            Some((parent, index)) => self.inner_flow_ended(id, parent, index, ending),
            None => {
                let status = match &ending {
                    Ok(_) => Status::Succeeded,
                    Err(_) => Status::Failed,
                };
                self.end_execution(execution, status, ending);
            }
        }
    }
}

type Left = (Vec<(Rc<str>, Data)>, Data);

/// `name` is the state, or what the task called.
pub(super) fn too_large(name: &str) -> Failure {
    let cause = format!(
        "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    Failure::new(DATA_LIMIT_EXCEEDED, cause)
}
