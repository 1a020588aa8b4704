//! What becomes of a run.

use serde_json::Value;

use crate::simulate::clock::Millis;
use crate::simulate::failure::Failure;

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    /// As the service writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub status: Status,
    /// When it succeeded.
    pub output: Option<Value>,
    /// When it did not.
    pub failure: Option<Failure>,
    /// Virtual time.
    pub duration: Millis,
    /// States entered, and retries: what a standard machine is billed by.
    pub transitions: u64,
    /// Events in the history of the execution itself.
    pub events: u64,
    /// The machine's variables at the end.
    pub variables: Vec<(String, Value)>,
}

/// Why there is no outcome: the simulation was set up wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the answer given for `{state}` is not of the type of {operation}: {message}")]
    Mock {
        state: String,
        /// `athena:getQueryResults`
        operation: String,
        message: String,
    },
    #[error("the machine did not end within {0} states")]
    Endless(u64),
    #[error("there is no state `{0}`")]
    NoState(String),
}
