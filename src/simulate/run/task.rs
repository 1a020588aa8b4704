//! Tasks: calls, their answers, time-outs, tokens.

use std::rc::Rc;

use serde_json::Value;

use super::context::Extra;
use super::fields::View;
use super::settle::{Exit, too_large};
use super::state::Step;
use super::{Engine, Error, Thread, ThreadId, Work};
use crate::simulate::answer::{check_result, default_result};
use crate::simulate::call::{Answer, Call};
use crate::simulate::clock::Millis;
use crate::simulate::data::Data;
use crate::simulate::definition::{Resource, ResourceKind, State, Task};
use crate::simulate::digest;
use crate::simulate::event::EventKind;
use crate::simulate::failure::{Failure, HTTP_SOCKET, TIMEOUT, Trouble};

/// What a task waits for.
pub(super) struct Pending {
    pub resource: Rc<Resource>,
    /// How it ends when its time comes.
    pub ending: Result<Data, Failure>,
    /// It ends because its time is over.
    pub timed_out: bool,
    pub token: Option<String>,
    /// Milliseconds; between two signs of life.
    heartbeat: Option<Millis>,
    /// The last moment.
    deadline: Option<Millis>,
    /// An execution that it started and waits for.
    pub started: Option<super::ExecutionId>,
}

/// The service ends an HTTP task after 60 seconds.
const HTTP_LIMIT: Millis = 60_000;

impl<'a> Engine<'a, '_> {
    pub(super) fn start_task(
        &mut self,
        id: ThreadId,
        state: &'a State,
        task: &'a Task,
        input: Data,
    ) -> Result<Step<'a>, Trouble> {
        let resource = Rc::clone(&task.resource);
        let needs_token = resource.is_callback();
        let token = needs_token.then(|| digest::uuid(&mut self.random.borrow_mut()));
        let extra = Extra {
            token: token.as_deref(),
            ..Extra::default()
        };
        let view = View {
            extra,
            ..View::rooted(&input)
        };
        let arguments = self.payload(id, state, view)?;
        let seconds = |setting: &Option<_>| match setting {
            None => Ok(None),
            Some(setting) => self
                .whole_number(id, setting, view)
                .map(|n| Some(n.max(0) as u64)),
        };
        let timeout = seconds(&task.timeout)?;
        let heartbeat = seconds(&task.heartbeat)?;
        let credentials = match &task.credentials {
            None => None,
            Some(template) => {
                let credentials = self.evaluate(id, template, "Credentials", view)?;
                let role = credentials.json().get("RoleArn").and_then(Value::as_str);
                role.map(str::to_owned)
            }
        };
        let execution = self.thread(id).execution;
        let call = Rc::new(Call {
            state: Rc::clone(&state.name),
            resource: Rc::clone(&resource),
            arguments,
            attempt: self.thread(id).retries,
            earlier: self.count_call(&state.name),
            execution: Rc::clone(&self.execution(execution).names.arn),
            credentials,
            iteration: self.thread(id).iteration.clone(),
            token: token.clone(),
            time: self.now,
        });
        let scheduled = EventKind::TaskScheduled {
            call: Rc::clone(&call),
            timeout,
            heartbeat,
        };
        self.log(id, scheduled);
        self.log(id, EventKind::TaskStarted(Rc::clone(&resource)));
        if self.threads[id].is_none() {
            return Ok(Step::Blocked);
        }
        let mut pending = Pending {
            resource: Rc::clone(&resource),
            ending: Ok(Data::new(Value::Null)),
            timed_out: false,
            token,
            heartbeat: heartbeat.map(|seconds| seconds as Millis * 1000),
            deadline: timeout.map(|seconds| self.now.saturating_add(seconds as Millis * 1000)),
            started: None,
        };
        if let Err(failure) = self.guard(&call) {
            self.schedule_answer(id, pending, Answer::fail(failure));
            return Ok(Step::Blocked);
        }
        let answer = match self.world.service.answer(&call) {
            Some(answer) => self.checked(&call, answer),
            None => match self.start_other(id, &call, &mut pending) {
                Some(answer) => answer,
                None => {
                    self.wait_for(id, pending);
                    return Ok(Step::Blocked);
                }
            },
        };
        if resource.is_sync() || resource.is_callback() {
            let output = default_result(&request_of(&resource));
            let submitted = EventKind::TaskSubmitted {
                resource: Rc::clone(&resource),
                output,
            };
            self.log(id, submitted);
        }
        self.answer_tokens(&call, &answer);
        if let (Some(guard), Ok(result)) = (&mut self.world.guard, &answer.outcome) {
            guard.note_result(&call, result.json());
        }
        if self.threads[id].is_some() {
            self.schedule_answer(id, pending, answer);
        }
        Ok(Step::Blocked)
    }

    /// The answer that nobody gave: made from the result's type. A callback waits when another state may send its token.
    pub(super) fn default_answer(&self, id: ThreadId, resource: &Resource) -> Answer {
        if resource.is_callback() && self.thread(id).machine.sends_tokens {
            return Answer::never();
        }
        Answer::succeed(default_result(resource))
    }

    fn checked(&mut self, call: &Call, answer: Answer) -> Answer {
        let strict = self.simulation.settings.validation.is_strict();
        if let (Ok(result), Some(strict)) = (&answer.outcome, strict)
            && let Err(message) = check_result(&call.resource, result.json(), strict)
        {
            let operation = match (call.resource.type_name(), call.resource.operation_name()) {
                (Some(service), Some(operation)) => format!("{service}:{operation}"),
                _ => call.resource.arn.clone(),
            };
            self.error = Some(Error::Mock {
                state: call.state.to_string(),
                operation,
                message,
            });
        }
        answer
    }

    /// Waits for what comes from elsewhere, until the time-out.
    pub(super) fn wait_for(&mut self, id: ThreadId, pending: Pending) {
        self.schedule_answer(id, pending, Answer::never());
    }

    fn schedule_answer(&mut self, id: ThreadId, mut pending: Pending, answer: Answer) {
        let now = self.now;
        let ends = (!answer.never).then(|| now.saturating_add(answer.after.max(0)));
        let mut silent = None;
        if let Some(heartbeat) = pending.heartbeat {
            // The first gap between two signs of life that is too long.
            let mut last = now;
            let signs = answer
                .heartbeats
                .iter()
                .map(|after| now.saturating_add(*after));
            for sign in signs.chain(ends) {
                if sign.saturating_sub(last) > heartbeat {
                    break;
                }
                last = sign;
            }
            if ends != Some(last) {
                silent = Some(last.saturating_add(heartbeat));
            }
        }
        let http = matches!(&pending.resource.kind, ResourceKind::Service { service, .. } if service == "http");
        let over = [pending.deadline, silent].into_iter().flatten().min();
        let cut = http.then_some(now + HTTP_LIMIT);
        let (time, ending, timed_out) = match (ends, over, cut) {
            (Some(ends), over, cut)
                if over.is_none_or(|over| ends <= over) && cut.is_none_or(|cut| ends <= cut) =>
            {
                (Some(ends), answer.outcome, false)
            }
            (_, Some(over), cut) if cut.is_none_or(|cut| over <= cut) => {
                (Some(over), Err(Failure::bare(TIMEOUT)), true)
            }
            (_, _, Some(cut)) => {
                let failure =
                    Failure::new(HTTP_SOCKET, "The HTTP task did not end within 60 seconds");
                (Some(cut), Err(failure), false)
            }
            (_, over, None) => (over, Err(Failure::bare(TIMEOUT)), true),
        };
        pending.ending = ending;
        pending.timed_out = timed_out;
        if let Some(token) = &pending.token {
            self.tokens.insert(token.clone(), id);
        }
        self.thread_mut(id).work = Work::Task(Box::new(pending));
        match time {
            Some(time) => self.wake_at(id, time),
            None => self.park(id),
        }
    }

    /// The task is over, one way or the other.
    pub(super) fn end_task(&mut self, id: ThreadId, pending: Pending) -> Result<Step<'a>, Trouble> {
        if let Some(token) = &pending.token {
            self.tokens.remove(token);
        }
        let state = self.thread(id).state;
        let resource = pending.resource;
        if pending.timed_out
            && let Some(started) = pending.started
        {
            // Its end is nobody's concern any more.
            self.abandon(started);
        }
        let ending = pending.ending.and_then(|output| {
            let called = resource.type_name().unwrap_or_else(|| resource.arn.clone());
            if output.size() > self.simulation.settings.limits.payload {
                Err(too_large(&called))
            } else {
                Ok(output)
            }
        });
        match ending {
            Ok(output) => {
                let event = EventKind::TaskSucceeded {
                    resource,
                    output: output.clone(),
                };
                self.log(id, event);
                Ok(Step::Left(Exit::result(state, output)))
            }
            Err(failure) => {
                let event = if pending.timed_out {
                    EventKind::TaskTimedOut {
                        resource,
                        failure: failure.clone(),
                    }
                } else {
                    EventKind::TaskFailed {
                        resource,
                        failure: failure.clone(),
                    }
                };
                self.log(id, event);
                Err(Trouble::Failed(failure))
            }
        }
    }

    /// Ends a task from elsewhere, now.
    pub(super) fn deliver(&mut self, id: ThreadId, ending: Result<Data, Failure>) {
        let now = self.now;
        if let Some(Thread {
            work: Work::Task(pending),
            ..
        }) = self.threads.get_mut(id).and_then(Option::as_mut)
        {
            pending.ending = ending;
            pending.timed_out = false;
            self.wake_at(id, now);
        }
    }

    /// A call may be the answer to a callback of another task.
    fn answer_tokens(&mut self, call: &Call, answer: &Answer) {
        let ResourceKind::Service { operation, .. } = &call.resource.kind else {
            return;
        };
        if answer.outcome.is_err() || !operation.starts_with("sendTask") {
            return;
        }
        let arguments = call.arguments.json();
        let part = |name: &str| arguments.get(name).cloned();
        let token = part("TaskToken").and_then(|token| token.as_str().map(str::to_owned));
        let Some(thread) = token.and_then(|token| self.tokens.get(&token).copied()) else {
            return;
        };
        let text = |name: &str| part(name).and_then(|value| value.as_str().map(str::to_owned));
        match operation.as_str() {
            "sendTaskSuccess" => {
                let output = match part("Output") {
                    Some(Value::String(text)) => {
                        serde_json::from_str(&text).unwrap_or(Value::String(text))
                    }
                    Some(other) => other,
                    None => Value::Null,
                };
                self.deliver(thread, Ok(Data::new(output)));
            }
            "sendTaskFailure" => {
                let failure = Failure {
                    error: text("Error"),
                    cause: text("Cause"),
                };
                self.deliver(thread, Err(failure));
            }
            "sendTaskHeartbeat" => self.hear(thread),
            _ => {}
        }
    }

    /// A sign of life: the time to the next one starts anew.
    fn hear(&mut self, id: ThreadId) {
        let Work::Task(pending) = &self.thread(id).work else {
            return;
        };
        if let (Some(heartbeat), true) = (pending.heartbeat, pending.timed_out) {
            let next = self.now.saturating_add(heartbeat);
            let time = pending.deadline.map_or(next, |deadline| deadline.min(next));
            self.wake_at(id, time);
        }
    }

    /// A task is cancelled.
    pub(super) fn forget(&mut self, pending: &Pending) {
        if let Some(token) = &pending.token {
            self.tokens.remove(token);
        }
        if let Some(started) = pending.started {
            self.abandon(started);
        }
    }
}

/// The request-response form of a resource: what accepts the work.
fn request_of(resource: &Resource) -> Resource {
    let arn = match &resource.kind {
        ResourceKind::Service {
            pattern: Some(pattern),
            ..
        } => resource
            .arn
            .strip_suffix(pattern.as_str())
            .map(|arn| arn.trim_end_matches('.')),
        _ => None,
    };
    arn.map_or_else(|| resource.clone(), Resource::parse)
}
