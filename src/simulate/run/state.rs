//! What each type of state does.

use std::rc::Rc;

use serde_json::Value;

use super::fields::View;
use super::settle::Exit;
use super::{Engine, ThreadId, Work};
use crate::simulate::clock::{Millis, Moment};
use crate::simulate::data::Data;
use crate::simulate::definition::{Choice, Kind, Language, Setting, State, Test, Wait};
use crate::simulate::event::EventKind;
use crate::simulate::failure::{Failure, NO_CHOICE_MATCHED, Trouble};
use crate::simulate::template::{Template, unexpected_type};

/// What came of a state's work so far.
pub(super) enum Step<'a> {
    /// Something has to be waited for.
    Blocked,
    Left(Exit<'a>),
}

/// The service waits no longer than this.
const LONGEST_WAIT_DAYS: i64 = 24_855;

impl<'a> Engine<'a, '_> {
    /// Does the work of the state that the thread is in.
    pub(super) fn perform(&mut self, id: ThreadId) -> Result<Step<'a>, Trouble> {
        let state = self.thread(id).state;
        let input = self.effective_input(id, state)?;
        match &state.kind {
            Kind::Pass { result } => {
                let payload = self.payload(id, state, View::rooted(&input))?;
                let result = result.clone().unwrap_or(payload);
                Ok(Step::Left(Exit::result(state, result)))
            }
            Kind::Succeed => Ok(Step::Left(Exit::input(state, input))),
            Kind::Fail { error, cause } => Err(self.failure_of(id, error, cause)),
            Kind::Choice(choice) => self.choose(id, state, choice, input),
            Kind::Wait(wait) => self.start_wait(id, state, wait, &input),
            Kind::Task(task) => self.start_task(id, state, task, input),
            Kind::Parallel(branches) => self.start_parallel(id, state, branches, input),
            Kind::Map(map) => self.start_map(id, state, map, input),
        }
    }

    fn failure_of(
        &self,
        id: ThreadId,
        error: &Option<Setting>,
        cause: &Option<Setting>,
    ) -> Trouble {
        let part = |setting: &Option<Setting>| match setting {
            None => Ok(None),
            Some(setting) => {
                let value = self.evaluate(id, &setting.template, setting.name, View::default())?;
                match value.json() {
                    Value::String(text) => Ok(Some(text.clone())),
                    other => Err(unexpected_type(
                        &setting.template,
                        setting.name,
                        "string",
                        other,
                    )),
                }
            }
        };
        match (part(error), part(cause)) {
            (Ok(error), Ok(cause)) => Trouble::Failed(Failure { error, cause }),
            (Err(trouble), _) | (_, Err(trouble)) => trouble,
        }
    }

    fn choose(
        &mut self,
        id: ThreadId,
        state: &'a State,
        choice: &'a Choice,
        input: Data,
    ) -> Result<Step<'a>, Trouble> {
        for (at, rule) in choice.rules.iter().enumerate() {
            let holds = match &rule.test {
                Test::JsonPath(condition) => {
                    self.with_scene(id, View::rooted(&input), |scene| condition.holds(scene))?
                }
                Test::Jsonata(template) => self.condition(id, template, at)?,
            };
            if holds {
                let name = Rc::clone(&state.name);
                self.log(
                    id,
                    EventKind::Chosen {
                        name,
                        rule: Some(at),
                    },
                );
                return Ok(Step::Left(Exit {
                    assign: &rule.assign,
                    output: rule.output.as_ref(),
                    next: Some(rule.next),
                    ..Exit::input(state, input)
                }));
            }
        }
        match choice.default {
            Some(next) => {
                let name = Rc::clone(&state.name);
                self.log(id, EventKind::Chosen { name, rule: None });
                Ok(Step::Left(Exit {
                    next: Some(next),
                    ..Exit::input(state, input)
                }))
            }
            None => Err(Trouble::raised(
                NO_CHOICE_MATCHED,
                "Failed to transition out of the state. The state does not point to a next state.",
            )),
        }
    }

    fn condition(&self, id: ThreadId, template: &Template, at: usize) -> Result<bool, Trouble> {
        let field = format!("Choices[{at}]/Condition");
        let value = self.evaluate(id, template, &field, View::default())?;
        match value.json() {
            Value::Bool(holds) => Ok(*holds),
            other => Err(unexpected_type(template, &field, "boolean", other)),
        }
    }

    fn start_wait(
        &mut self,
        id: ThreadId,
        state: &'a State,
        wait: &Wait,
        input: &Data,
    ) -> Result<Step<'a>, Trouble> {
        let view = View::rooted(input);
        let until = match wait {
            Wait::Seconds(setting) => self.now + self.wait_seconds(id, state, setting, view)?,
            Wait::Timestamp(setting) => {
                let value = self.wait_value(id, setting, view)?;
                let text = value.json().as_str().unwrap_or_default().to_owned();
                let Some(moment) = Moment::parse(&text) else {
                    return Err(no_moment(state, setting, &value));
                };
                moment.millis_ceil()
            }
        };
        let longest = LONGEST_WAIT_DAYS * 24 * 60 * 60 * 1000;
        if until.saturating_sub(self.now) > longest {
            return Err(Trouble::Runtime("Wait state delay is too long".to_owned()));
        }
        self.thread_mut(id).work = Work::Waiting;
        self.wake_at(id, until.max(self.now));
        Ok(Step::Blocked)
    }

    fn wait_seconds(
        &self,
        id: ThreadId,
        state: &State,
        setting: &Setting,
        view: View,
    ) -> Result<Millis, Trouble> {
        let value = self.wait_value(id, setting, view)?;
        let seconds = match value.json() {
            Value::Number(number) => match number.as_i64() {
                Some(seconds) => Some(seconds),
                // `1.0` of an expression is a whole number.
                None => number
                    .as_f64()
                    .filter(|n| n.fract() == 0.0)
                    .map(|n| n as i64),
            },
            _ => None,
        };
        match seconds {
            Some(seconds) if seconds >= 0 => Ok(seconds.saturating_mul(1000)),
            _ => {
                let what = if seconds.is_some() {
                    "references a negative value"
                } else {
                    "cannot be parsed as a long value"
                };
                Err(match (state.language, setting.path()) {
                    (_, Some(path)) => Trouble::Runtime(format!(
                        "The {} parameter {what}: {path} == {}",
                        setting.name,
                        value.text()
                    )),
                    (Language::Jsonata, None) => Trouble::Evaluation {
                        cause: format!("The {} parameter {what}: {}", setting.name, value.text()),
                        location: setting.name.to_owned(),
                    },
                    (Language::JsonPath, None) => Trouble::Runtime(format!(
                        "The {} parameter {what}: {}",
                        setting.name,
                        value.text()
                    )),
                })
            }
        }
    }

    /// The time of a Wait state is over.
    pub(super) fn leave_wait(&mut self, id: ThreadId) -> Result<Step<'a>, Trouble> {
        let state = self.thread(id).state;
        let input = self.effective_input(id, state)?;
        Ok(Step::Left(Exit::input(state, input)))
    }
}

fn no_moment(state: &State, setting: &Setting, value: &Data) -> Trouble {
    let text = match value.json() {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (state.language, setting.path()) {
        (Language::Jsonata, _) => Trouble::Evaluation {
            cause: format!(
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
            ),
            location: setting.name.to_owned(),
        },
        (Language::JsonPath, path) => Trouble::Runtime(format!(
            "The {} parameter does not reference a valid ISO-8601 extended offset date-time format string: {} == {text}",
            setting.name,
            path.unwrap_or_default()
        )),
    }
}
