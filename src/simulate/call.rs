//! What tasks ask of the world, and what the world answers.

use std::rc::Rc;

use serde_json::Value;

use super::clock::Millis;
use super::data::Data;
use super::definition::Resource;
use super::failure::Failure;

/// One call of a Task state, retries each on their own.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name of the state.
    pub state: Rc<str>,
    pub resource: Rc<Resource>,
    pub arguments: Data,
    /// 0 at first, then the number of the retry.
    pub attempt: u64,
    /// How many calls this state made before, in the whole run.
    pub earlier: u64,
    /// The ARN of the execution that calls.
    pub execution: Rc<str>,
    /// The role under which the call is made, when the state names one.
    pub credentials: Option<String>,
    /// The innermost item of a map that is worked on.
    pub iteration: Option<Rc<Iteration>>,
    /// The token of a callback.
    pub token: Option<String>,
    pub time: Millis,
}

/// An item of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Iteration {
    /// The name of the map.
    pub map: Rc<str>,
    pub index: usize,
    /// As the reader or the state gave it; the batch where items come in batches.
    pub item: Data,
    pub outer: Option<Rc<Iteration>>,
}

/// How a call ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub outcome: Result<Data, Failure>,
    /// How long it takes.
    pub after: Millis,
    /// When it gives signs of life, from its start.
    pub heartbeats: Vec<Millis>,
    /// It never ends by itself.
    pub never: bool,
}

impl Answer {
    pub fn succeed(result: impl Into<Data>) -> Self {
        Self {
            outcome: Ok(result.into()),
            after: 0,
            heartbeats: Vec::new(),
            never: false,
        }
    }

    pub fn fail(failure: Failure) -> Self {
        Self {
            outcome: Err(failure),
            after: 0,
            heartbeats: Vec::new(),
            never: false,
        }
    }

    /// Nobody answers: the call runs into its time-out.
    pub fn never() -> Self {
        Self {
            never: true,
            ..Self::fail(Failure::default())
        }
    }

    #[must_use]
    pub fn after(mut self, millis: Millis) -> Self {
        self.after = millis;
        self
    }

    #[must_use]
    pub fn with_heartbeats(mut self, millis: impl IntoIterator<Item = Millis>) -> Self {
        self.heartbeats = millis.into_iter().collect();
        self
    }
}

/// Whoever answers calls.
pub trait Service {
    /// None leaves the call to the simulator: another definition that it starts, or a value made from its result's type.
    fn answer(&mut self, call: &Call) -> Option<Answer>;

    /// What a map's ItemReader gives instead of reading objects, by the ARN of the execution and the state's name.
    fn items(&mut self, _execution: &str, _state: &str) -> Option<Vec<Data>> {
        None
    }
}

/// Answers nothing.
impl Service for () {
    fn answer(&mut self, _: &Call) -> Option<Answer> {
        None
    }
}

/// What a state does beside calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access<'a> {
    /// A distributed map starts children.
    MapRun {
        label: &'a str,
    },
    ReadObject {
        bucket: &'a str,
        key: &'a str,
        /// A certain version of it.
        version: bool,
    },
    ListObjects {
        bucket: &'a str,
        prefix: &'a str,
    },
    WriteResults {
        bucket: &'a str,
        prefix: &'a str,
    },
}

/// Asked before something is done; a refusal fails it.
pub trait Guard {
    fn check(&mut self, call: &Call) -> Result<(), Failure>;

    /// `execution` is the ARN of the one that does it.
    fn check_access(
        &mut self,
        _execution: &str,
        _state: &str,
        _access: Access,
    ) -> Result<(), Failure> {
        Ok(())
    }

    /// Told what a call gave.
    fn note_result(&mut self, _call: &Call, _result: &Value) {}
}
