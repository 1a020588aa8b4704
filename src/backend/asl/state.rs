//! The documents of the States Language, as types that serialize in the order in which people read them.
//! Field tables: `facts` of the States Language, JSONata edition.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

/// A state machine's definition.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Machine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    pub query_language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    pub start_at: String,
    pub states: IndexMap<String, State>,
}

/// A branch, or a map's processor.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Flow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor_config: Option<ProcessorConfig>,
    pub start_at: String,
    pub states: IndexMap<String, State>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProcessorConfig {
    /// `INLINE` or `DISTRIBUTED`
    pub mode: &'static str,
    /// `STANDARD` or `EXPRESS`, with `DISTRIBUTED` only
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_type: Option<&'static str>,
}

/// Where a state goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    Next(String),
    End,
}

/// Any JSON value with `{% … %}` strings in it.
pub type Template = Value;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "Type")]
pub enum State {
    Task(Box<Task>),
    Pass(Pass),
    Choice(Choice),
    Wait(Wait),
    Map(Box<Map>),
    Parallel(Box<Parallel>),
    Succeed(Succeed),
    Fail(Fail),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Task {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    pub resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_seconds: Option<Template>,
    #[serde(flatten)]
    pub result: ResultFields,
    #[serde(flatten)]
    pub handling: Handling,
    #[serde(flatten, serialize_with = "transition")]
    pub transition: Transition,
}

/// What a state does with its result.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResultFields {
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub assign: IndexMap<String, Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Template>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Handling {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retry: Vec<Retrier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub catch: Vec<Catcher>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Retrier {
    pub error_equals: Vec<String>,
    pub interval_seconds: u64,
    pub max_attempts: u64,
    pub backoff_rate: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_delay_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_strategy: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Catcher {
    pub error_equals: Vec<String>,
    #[serde(flatten)]
    pub result: ResultFields,
    pub next: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pass {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(flatten)]
    pub result: ResultFields,
    #[serde(flatten, serialize_with = "transition")]
    pub transition: Transition,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Choice {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    pub choices: Vec<Rule>,
    /// Used only when `default` is taken.
    #[serde(flatten)]
    pub result: ResultFields,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rule {
    pub condition: Template,
    #[serde(flatten)]
    pub result: ResultFields,
    pub next: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Wait {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Template>,
    #[serde(flatten)]
    pub result: ResultFields,
    #[serde(flatten, serialize_with = "transition")]
    pub transition: Transition,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Map {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_reader: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_selector: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_batcher: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_count: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_percentage: Option<Template>,
    pub item_processor: Flow,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_writer: Option<Template>,
    #[serde(flatten)]
    pub result: ResultFields,
    #[serde(flatten)]
    pub handling: Handling,
    #[serde(flatten, serialize_with = "transition")]
    pub transition: Transition,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parallel {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    pub branches: Vec<Flow>,
    #[serde(flatten)]
    pub result: ResultFields,
    #[serde(flatten)]
    pub handling: Handling,
    #[serde(flatten, serialize_with = "transition")]
    pub transition: Transition,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Succeed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Template>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Fail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Template>,
}

fn transition<S: serde::Serializer>(
    transition: &Transition,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(Some(1))?;
    match transition {
        Transition::Next(name) => map.serialize_entry("Next", name)?,
        Transition::End => map.serialize_entry("End", &true)?,
    }
    map.end()
}
