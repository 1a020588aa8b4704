//! How states, executions and calls fail.

use std::fmt;

use serde_json::{Value, json};

/// An error as the service reports it. Either part may be missing: a Fail state need not say any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    pub error: Option<String>,
    pub cause: Option<String>,
}

impl Failure {
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            cause: Some(cause.into()),
        }
    }

    /// Without a cause, as time-outs are.
    pub fn bare(error: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            cause: None,
        }
    }

    /// The error's name; empty when it has none.
    pub fn name(&self) -> &str {
        self.error.as_deref().unwrap_or_default()
    }

    /// What a catcher gets: `{ Error, Cause }`, a missing part as null.
    pub fn output(&self) -> Value {
        json!({ "Error": self.error, "Cause": self.cause })
    }

    /// Whether a rule's `ErrorEquals` takes it.
    pub(super) fn is_taken_by(&self, names: &[String]) -> bool {
        let error = self.name();
        names.iter().any(|name| match name.as_str() {
            ALL => error != RUNTIME,
            TASK_FAILED => error == TASK_FAILED || !NOT_TASK_FAILED.contains(&error),
            name => error == name,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.error, &self.cause) {
            (Some(error), Some(cause)) => write!(f, "{error}: {cause}"),
            (Some(text), None) | (None, Some(text)) => write!(f, "{text}"),
            (None, None) => write!(f, "an error without a name"),
        }
    }
}

pub const ALL: &str = "States.ALL";
pub const TASK_FAILED: &str = "States.TaskFailed";
pub const TIMEOUT: &str = "States.Timeout";
pub const RUNTIME: &str = "States.Runtime";
pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
pub const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
pub const PARAMETER_PATH_FAILURE: &str = "States.ParameterPathFailure";
pub const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
pub const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";
pub const PERMISSIONS: &str = "States.Permissions";
pub const HTTP_SOCKET: &str = "States.Http.Socket";

/// What `States.TaskFailed` does not stand for.
const NOT_TASK_FAILED: [&str; 5] = [
    TIMEOUT,
    "States.HeartbeatTimeout",
    RUNTIME,
    QUERY_EVALUATION_ERROR,
    DATA_LIMIT_EXCEEDED,
];

/// Why a state did not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A retrier or a catcher may take it.
    Failed(Failure),
    /// The state itself raised it: the cause is told with the state's name. A retrier or a catcher may take it.
    Raised { error: &'static str, cause: String },
    /// An expression of a JSONata state has no fitting value; the history names the field. A retrier or a catcher may
    /// take it.
    Evaluation { cause: String, location: String },
    /// Ends the execution, whatever handlers there are.
    Runtime(String),
}

impl Trouble {
    pub fn raised(error: &'static str, cause: impl Into<String>) -> Self {
        Self::Raised {
            error,
            cause: cause.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(error: &str, names: &[&str]) -> bool {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Failure::bare(error).is_taken_by(&names)
    }

    #[test]
    fn wildcards_take_what_the_service_says() {
        assert!(taken("Glue.X", &[ALL]));
        assert!(taken(TIMEOUT, &[ALL]));
        assert!(taken(DATA_LIMIT_EXCEEDED, &[ALL]));
        assert!(!taken(RUNTIME, &[ALL]));
        assert!(taken("Glue.X", &[TASK_FAILED]));
        assert!(taken(TASK_FAILED, &[TASK_FAILED]));
        assert!(taken(PERMISSIONS, &[TASK_FAILED]));
        assert!(!taken(TIMEOUT, &[TASK_FAILED]));
        assert!(!taken("glue.x", &["Glue.X"]));
        assert!(Failure::default().is_taken_by(&[ALL.to_owned()]));
    }
}
