//! A definition as it runs: states in one list, fields parsed, names resolved.
//!
//! Reads what the service accepts, and refuses what it refuses at creation, in its words where they are known.

mod check;
mod fields;
mod map;
mod parse;
mod substitute;

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use super::choice::Condition;
use super::data::Data;
use super::jsonpath::Path;
use super::template::Template;

pub use substitute::{Placeholder, Substituted, substitute};

pub(super) use map::{
    Batcher, HeaderLocation, InputType, ManifestType, Map, Reader, ReaderConfig, Writer,
};

/// The type of a state machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Standard,
    Express,
}

/// Something that the service refuses when a machine is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `SCHEMA_VALIDATION_FAILED`
    pub code: &'static str,
    /// `/States/A/Resource`
    pub location: String,
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at {}", self.code, self.message, self.location)
    }
}

/// A machine that can run.
#[derive(Debug)]
pub struct Machine {
    pub mode: Mode,
    /// Seconds.
    pub(super) timeout: Option<u64>,
    pub(super) states: Vec<State>,
    /// The whole machine's states first.
    pub(super) flows: Vec<Flow>,
    names: HashMap<Rc<str>, StateId>,
    /// Whether a state of it answers a callback of another.
    pub sends_tokens: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StateId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlowId(u32);

/// The flow of the machine itself.
pub(super) const ROOT: FlowId = FlowId(0);

/// One `States` object.
#[derive(Debug)]
pub(super) struct Flow {
    pub start: StateId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    JsonPath,
    Jsonata,
}

#[derive(Debug)]
pub(super) struct State {
    pub name: Rc<str>,
    pub language: Language,
    pub kind: Kind,
    pub input_path: Option<Path>,
    /// `InputPath` is null: the input is `{}`.
    pub no_input: bool,
    pub parameters: Option<Template>,
    pub result_selector: Option<Template>,
    pub result_path: ResultPath,
    pub output_path: Option<Path>,
    pub no_output: bool,
    pub assign: Vec<(Rc<str>, Template)>,
    pub output: Option<Template>,
    pub retry: Vec<Retrier>,
    pub catch: Vec<Catcher>,
    /// None ends the flow.
    pub next: Option<StateId>,
}

/// Where a result goes.
#[derive(Clone, Debug, Default)]
pub(super) enum ResultPath {
    /// It becomes the output.
    #[default]
    Whole,
    /// It is thrown away.
    Nowhere,
    Into(Path),
}

#[derive(Debug)]
pub(super) enum Kind {
    Task(Box<Task>),
    Pass {
        result: Option<Data>,
    },
    Choice(Box<Choice>),
    Wait(Wait),
    Succeed,
    Fail {
        error: Option<Setting>,
        cause: Option<Setting>,
    },
    Parallel(Vec<FlowId>),
    Map(Box<Map>),
}

impl Kind {
    /// As the history spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Task(_) => "Task",
            Self::Pass { .. } => "Pass",
            Self::Choice(_) => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
            Self::Parallel(_) => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}

/// A scalar field, and the name it was written under: `TimeoutSeconds` or `TimeoutSecondsPath`.
#[derive(Debug)]
pub(super) struct Setting {
    pub name: &'static str,
    pub template: Template,
}

impl Setting {
    /// The text of the path, where it is one.
    pub fn path(&self) -> Option<&str> {
        match &self.template {
            Template::Path(path, _) => Some(path.text()),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Task {
    pub resource: Rc<Resource>,
    pub timeout: Option<Setting>,
    pub heartbeat: Option<Setting>,
    pub credentials: Option<Template>,
}

/// What a Task calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// As written.
    pub arn: String,
    pub kind: ResourceKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// `arn:aws:lambda:…:function:NAME`
    Function,
    /// `arn:aws:states:…:activity:NAME`
    Activity,
    /// `arn:aws:states:::SERVICE:OPERATION[.PATTERN]`, `aws-sdk:` before the service or not.
    Service {
        sdk: bool,
        service: String,
        operation: String,
        /// `sync`, `sync:2`, `waitForTaskToken`
        pattern: Option<String>,
    },
}

impl Resource {
    pub fn parse(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            kind: ResourceKind::parse(arn),
        }
    }

    pub fn is_callback(&self) -> bool {
        matches!(&self.kind, ResourceKind::Service { pattern: Some(pattern), .. } if pattern == "waitForTaskToken")
    }

    /// Whether the task waits for the end of what it starts.
    pub fn is_sync(&self) -> bool {
        matches!(&self.kind, ResourceKind::Service { pattern: Some(pattern), .. } if pattern.starts_with("sync"))
    }

    /// `lambda`, `aws-sdk:s3`; None for what is no service.
    pub fn type_name(&self) -> Option<String> {
        match &self.kind {
            ResourceKind::Service { sdk, service, .. } => Some(if *sdk {
                format!("aws-sdk:{service}")
            } else {
                service.clone()
            }),
            _ => None,
        }
    }

    /// `invoke`, `startExecution.sync:2`; None for what is no service.
    pub fn operation_name(&self) -> Option<String> {
        match &self.kind {
            ResourceKind::Service {
                operation, pattern, ..
            } => Some(match pattern {
                Some(pattern) => format!("{operation}.{pattern}"),
                None => operation.clone(),
            }),
            _ => None,
        }
    }
}

impl ResourceKind {
    fn parse(arn: &str) -> Self {
        let mut parts = arn.splitn(6, ':');
        let (_, _, service, _, account) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        );
        let rest = parts.next().unwrap_or_default();
        match service {
            Some("states") if account == Some("") => {
                let (sdk, rest) = match rest.strip_prefix("aws-sdk:") {
                    Some(rest) => (true, rest),
                    None => (false, rest),
                };
                let (service, action) = rest.split_once(':').unwrap_or((rest, ""));
                let (operation, pattern) = match action.split_once('.') {
                    Some((operation, pattern)) => (operation, Some(pattern.to_owned())),
                    None => (action, None),
                };
                Self::Service {
                    sdk,
                    service: service.to_owned(),
                    operation: operation.to_owned(),
                    pattern,
                }
            }
            Some("lambda") => Self::Function,
            // Also what no ARN is: recordings and templates have names there.
            _ => Self::Activity,
        }
    }
}

#[derive(Debug)]
pub(super) struct Choice {
    pub rules: Vec<Rule>,
    /// The state's own Assign and Output hold for it.
    pub default: Option<StateId>,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub test: Test,
    pub assign: Vec<(Rc<str>, Template)>,
    pub output: Option<Template>,
    pub next: StateId,
}

#[derive(Debug)]
pub(super) enum Test {
    Jsonata(Template),
    JsonPath(Condition),
}

#[derive(Debug)]
pub(super) enum Wait {
    Seconds(Setting),
    Timestamp(Setting),
}

#[derive(Debug)]
pub(super) struct Retrier {
    pub errors: Vec<String>,
    /// Seconds.
    pub interval: f64,
    pub max_attempts: u64,
    pub backoff: f64,
    /// Seconds.
    pub max_delay: Option<f64>,
    pub jitter: bool,
}

#[derive(Debug)]
pub(super) struct Catcher {
    pub errors: Vec<String>,
    pub assign: Vec<(Rc<str>, Template)>,
    pub output: Option<Template>,
    pub result_path: ResultPath,
    pub next: StateId,
}

impl Machine {
    /// Reads a definition; all that the service would refuse, when there is such a thing.
    pub fn parse(definition: &Value, mode: Mode) -> Result<Self, Vec<Refusal>> {
        parse::parse(definition, mode)
    }

    /// Reads a definition's text.
    pub fn parse_text(text: &str, mode: Mode) -> Result<Self, Vec<Refusal>> {
        match serde_json::from_str(text) {
            Ok(definition) => Self::parse(&definition, mode),
            Err(error) => {
                let text = error.to_string();
                let message = text.split(" at line ").next().unwrap_or_default();
                Err(vec![Refusal {
                    code: "INVALID_JSON_DESCRIPTION",
                    location: format!("line {}, column {}", error.line(), error.column()),
                    message: message.to_owned(),
                }])
            }
        }
    }

    pub(super) fn state(&self, id: StateId) -> &State {
        &self.states[id.0 as usize]
    }

    pub(super) fn flow(&self, id: FlowId) -> &Flow {
        &self.flows[id.0 as usize]
    }

    pub(super) fn find_state(&self, name: &str) -> Option<StateId> {
        self.names.get(name).copied()
    }

    /// The names of all states, in the order of the document, inner ones behind those around them.
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        self.states.iter().map(|state| &*state.name)
    }
}
