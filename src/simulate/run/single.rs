//! One state on its own, as the TestState API runs it.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html>

use std::rc::Rc;

use serde_json::{Map as Object, Value};

use super::fields::View;
use super::settle::Exit;
use super::state::Step;
use super::{Engine, Error, Mode, Parent, ROOT, Simulation, Start, ThreadId, World};
use crate::simulate::answer::check_result;
use crate::simulate::data::Data;
use crate::simulate::definition::{Kind, State};
use crate::simulate::failure::{EXCEED_TOLERATED_FAILURE_THRESHOLD, Failure, Trouble};

/// What a single state is given.
#[derive(Clone, Debug, Default)]
pub struct StateTest {
    /// The state's name; the machine's first state if not given.
    pub state: Option<String>,
    pub input: Value,
    pub variables: Object<String, Value>,
    /// In place of the context object.
    pub context: Option<Value>,
    /// In place of the state's work.
    pub mock: Option<Result<Value, Failure>>,
    /// Retries that were made before.
    pub retries: u64,
    /// Items of a distributed map that failed.
    pub failed_items: u64,
}

/// What became of the state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateOutcome {
    pub status: StateStatus,
    pub output: Option<Value>,
    pub failure: Option<Failure>,
    /// The state that would be next.
    pub next: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateStatus {
    Succeeded,
    Failed,
    /// A retrier would try it again.
    Retriable,
    /// A catcher took the failure.
    CaughtError,
}

impl StateStatus {
    /// As the service writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Retriable => "RETRIABLE",
            Self::CaughtError => "CAUGHT_ERROR",
        }
    }
}

/// A thread that is looked at, and what became of it.
pub(super) struct Watched {
    pub thread: ThreadId,
    pub outcome: Option<StateOutcome>,
}

impl<'a> Simulation<'a> {
    /// Runs one state, until it is left.
    pub fn run_state(&self, test: &StateTest, world: World<'_>) -> Result<StateOutcome, Error> {
        let machine = self.machine;
        let mut engine = Engine::new(self, world);
        engine.context_override = test.context.clone().map(Data::new);
        let names = engine.names(&self.settings.machine, Mode::Express);
        let input = Data::new(test.input.clone());
        // The service does it in an express execution.
        let start = Start {
            machine,
            flow: ROOT,
            mode: Mode::Express,
            iteration: None,
        };
        let execution = engine.start_flow(start, names, input, Parent::Outside);
        let id = engine.execution(execution).root;
        if let Some(name) = &test.state {
            let state = machine
                .find_state(name)
                .ok_or_else(|| Error::NoState(name.clone()))?;
            engine.thread_mut(id).state = machine.state(state);
        }
        for (name, value) in &test.variables {
            let scope = Rc::clone(&engine.thread(id).scope);
            scope.set(&Rc::from(name.as_str()), Data::new(value.clone()));
        }
        engine.watched = Some(Watched {
            thread: id,
            outcome: None,
        });
        engine.park(id);
        engine.enter(id);
        let thread = engine.thread_mut(id);
        thread.retries = test.retries;
        thread.attempts.fill(test.retries);
        let state = thread.state;
        let step = match &test.mock {
            None => engine.perform(id),
            Some(mock) => engine.perform_mocked(id, state, test, mock)?,
        };
        engine.settle_and_run(id, step);
        engine.run_watched()
    }
}

impl<'a> Engine<'a, '_> {
    /// What a state does around its work, and the answer in the place of the work.
    fn perform_mocked(
        &mut self,
        id: ThreadId,
        state: &'a State,
        test: &StateTest,
        mock: &Result<Value, Failure>,
    ) -> Result<Result<Step<'a>, Trouble>, Error> {
        let misfit = |message: String| Error::Mock {
            state: state.name.to_string(),
            operation: state.kind.name().to_owned(),
            message,
        };
        match (&state.kind, mock) {
            (Kind::Task(_) | Kind::Map(_), _) | (Kind::Parallel(_), Err(_)) => {}
            (Kind::Parallel(branches), Ok(result)) => {
                if result
                    .as_array()
                    .is_none_or(|results| results.len() != branches.len())
                {
                    return Err(misfit("Mocked result must contain the same number of items as number of Parallel branches.".to_owned()));
                }
            }
            (kind, _) => {
                let name = kind.name();
                return Err(misfit(format!(
                    "State type '{name}' is not supported when a mock is specified"
                )));
            }
        }
        if let (Kind::Task(task), Ok(result)) = (&state.kind, mock)
            && let Some(strict) = self.simulation.settings.validation.is_strict()
            && let Err(message) = check_result(&task.resource, result, strict)
        {
            return Err(Error::Mock {
                state: state.name.to_string(),
                operation: task.resource.arn.clone(),
                message,
            });
        }
        let prepared = self.effective_input(id, state).and_then(|input| {
            self.payload(id, state, View::rooted(&input))?;
            let Kind::Map(map) = &state.kind else {
                return Ok(());
            };
            if map.reader.is_none() {
                self.items_of_state(id, state, map, &input)?;
            }
            let view = View::rooted(&input);
            if let Some(setting) = &map.max_concurrency {
                self.whole_number(id, setting, view)?;
            }
            let count = self.tolerated_count(id, map.tolerated_count.as_ref(), view)?;
            self.tolerated_percentage(id, map.tolerated_percentage.as_ref(), view)?;
            match count {
                Some(count) if test.failed_items > count => {
                    let cause = "The specified tolerated failure threshold was exceeded";
                    let failure = Failure::new(EXCEED_TOLERATED_FAILURE_THRESHOLD, cause);
                    Err(Trouble::Failed(failure))
                }
                _ => Ok(()),
            }
        });
        Ok(prepared.and_then(|()| match mock {
            Ok(result) => Ok(Step::Left(Exit::result(state, Data::new(result.clone())))),
            Err(failure) => Err(Trouble::Failed(failure.clone())),
        }))
    }

    /// Notes what became of the thread that is looked at. Whether it is that thread.
    pub(super) fn is_watched(
        &mut self,
        id: ThreadId,
        outcome: impl FnOnce() -> StateOutcome,
    ) -> bool {
        match &mut self.watched {
            Some(watched) if watched.thread == id => {
                watched.outcome.get_or_insert_with(outcome);
                true
            }
            _ => false,
        }
    }
}
