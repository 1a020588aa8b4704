//! The AWS model: services, operations, shapes, errors, permissions, resource kinds. The only module that knows AWS.
//!
//! Curated integrations (`catalog/integrations/*.toml`, one a service) lie over tables derived from pinned packages
//! (`catalog/derived/`). A service is decoded when it is first asked for, and nothing at start-up.

pub mod grant;
pub mod resource;
pub mod shape;

use grant::Grant;
use shape::Shape;

/// How a Task state waits: for acceptance, for the job's end, or for its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    RequestResponse,
    /// `.sync` or `.sync:2`
    Sync,
    /// `.waitForTaskToken`
    Callback,
}

/// A service as `.flow` names it: the SDK integration's name (`glue`, `sfn`, `eventbridge`).
#[derive(Debug)]
pub struct Service {
    pub name: &'static str,
    /// The prefix of SDK errors: `Glue`, `DynamoDb`.
    pub error_prefix: String,
    /// Whether AWS's documentation listed the service as an SDK integration on the day of the derived tables.
    pub documented: bool,
    operations: Vec<Operation>,
}

/// One operation of a service, in each pattern that Step Functions offers.
#[derive(Debug)]
pub struct Operation {
    pub service: &'static str,
    /// As written in `.flow` and in the resource ARN: `startJobRun`.
    pub name: String,
    /// Why Step Functions refuses it, when it does; then it has no forms.
    pub refused: Option<String>,
    /// At most one a pattern.
    pub forms: Vec<Form>,
}

/// An operation in one pattern: all that a Task state needs to know.
#[derive(Debug)]
pub struct Form {
    pub pattern: Pattern,
    /// `arn:aws:states:::glue:startJobRun.sync`
    pub resource: String,
    /// An optimized integration, not `aws-sdk:`.
    pub optimized: bool,
    /// Members of `Arguments`.
    pub input: Shape,
    /// What `$states.result` holds.
    pub result: Shape,
    /// Full names that the task can raise by itself, as emitted: `Glue.ConcurrentRunsExceededException`, and
    /// `States.TaskFailed` where a job's failure is reported so.
    pub errors: Vec<String>,
    /// Errors may have names that no model knows: a function's own exceptions, a callback's.
    pub open_errors: bool,
    /// The errors that the default retry takes: throttling, service and network faults.
    pub transient: Vec<String>,
    pub grants: Vec<Grant>,
}

/// The service of this name, by its SDK name or by an integration's own name without hyphens (`states`, `events`,
/// `elasticmapreduce`).
pub fn find_service(_name: &str) -> Option<&'static Service> {
    None
}

/// All names that [`find_service`] knows, sorted; decodes nothing.
pub fn service_names() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}

impl Service {
    /// By the API's name in lower camel case.
    pub fn find_operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.name == name)
    }

    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter()
    }
}

impl Operation {
    pub fn form(&self, pattern: Pattern) -> Option<&Form> {
        self.forms.iter().find(|f| f.pattern == pattern)
    }

    /// The pattern of a plain call: Sync where there is one, else RequestResponse (or the only one there is).
    pub fn complete(&self) -> Option<&Form> {
        self.form(Pattern::Sync)
            .or_else(|| self.form(Pattern::RequestResponse))
            .or_else(|| self.forms.first())
    }
}

impl Form {
    /// The emitted name of an error as somebody wrote it: with or without `Exception`, in either spelling of the
    /// service's prefix (`DynamoDB.`/`DynamoDb.`, `StepFunctions.`/`Sfn.`).
    pub fn find_error(&self, _written: &str) -> Option<&str> {
        None
    }
}
