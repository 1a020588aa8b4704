//! JSONata as Step Functions has it: JSONata 2.0.6 without `$eval`, with functions of its own, on no input document.
//!
//! The one door to the evaluator. An expression is parsed once; what it reads of its surroundings is known from then on,
//! so that an evaluation binds no more than it needs.

mod adapt;
mod functions;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use indexmap::IndexMap;
use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::Value;

use super::clock::Millis;
use super::data::{Data, Foreign, from_jsonata};

pub use adapt::ADDED_FUNCTIONS;

/// The service stops an expression after one second. A build that is not optimized needs longer for the same work.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
const TIME_LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 1 });

/// A source of numbers that a seed decides.
pub type Random = Rc<RefCell<fastrand::Rng>>;

/// A member of `$states`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    Input,
    Result,
    ErrorOutput,
    Context,
}

impl Reserved {
    pub const ALL: [Self; 4] = [Self::Input, Self::Result, Self::ErrorOutput, Self::Context];

    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Result => "result",
            Self::ErrorOutput => "errorOutput",
            Self::Context => "context",
        }
    }
}

/// What an expression can see.
pub trait Environment {
    fn variable(&self, name: &str) -> Option<Data>;

    /// A member of `$states`, where it exists.
    fn reserved(&self, member: Reserved) -> Option<Data>;

    /// For `$now` and `$millis`.
    fn now(&self) -> Millis;

    /// For `$random`, `$shuffle` and `$uuid`.
    fn random(&self) -> Random;

    /// After which an evaluation is stopped.
    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }

    /// The document that `$` and bare names read. Step Functions has none.
    fn document(&self) -> Option<Data> {
        None
    }
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is undefined.
    Nothing,
    /// It is a function.
    NoJson,
    /// The evaluator's message, with its code.
    Thrown(String),
}

/// A parsed expression.
#[derive(Debug)]
pub struct Expression {
    source: String,
    tree: AstNode,
    /// Names of variables and functions that it reads and does not itself define everywhere.
    names: Vec<String>,
    /// Members of `$states` that it reads; all of them when it reads `$states` as a whole.
    reserved: Vec<Reserved>,
    /// The functions to register, those that the evaluator does not have as Step Functions has them.
    added: Vec<&'static str>,
    /// What it reads of the input document, when it does.
    document: Option<String>,
}

impl Expression {
    /// Parses what stands between `{%` and `%}`. The error is the parser's message.
    pub fn parse(source: &str) -> Result<Self, String> {
        let source = source.trim();
        let mut tree = parser::parse(source).map_err(|error| message(&error.to_string()))?;
        adapt::refuse_newer(&mut tree)?;
        let document = adapt::find_document_use(&mut tree);
        let uses = adapt::adapt(&mut tree);
        Ok(Self {
            source: source.to_owned(),
            tree,
            names: uses.names,
            reserved: uses.reserved,
            added: uses.added,
            document,
        })
    }

    /// Without `{%` and `%}`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Names that it reads from outside, in order of appearance; those that are nowhere else may be functions' names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Members of `$states` that it reads.
    pub fn reserved(&self) -> &[Reserved] {
        &self.reserved
    }

    /// What it reads of an input document at its top level (`$`, `$$`, a bare name), which Step Functions does not have.
    pub fn document(&self) -> Option<&str> {
        self.document.as_deref()
    }

    pub fn evaluate(&self, environment: &dyn Environment) -> Result<Value, Problem> {
        let value = self.run(environment)?;
        match from_jsonata(&value) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(Problem::Nothing),
            Err(Foreign::Function) => Err(Problem::NoJson),
            Err(Foreign::TooDeep) => Err(Problem::Thrown(
                "D1011: The value is nested too deeply".to_owned(),
            )),
        }
    }

    fn run(&self, environment: &dyn Environment) -> Result<JValue, Problem> {
        let mut context = Context::new();
        for name in &self.names {
            if let Some(value) = environment.variable(name) {
                context.bind(name.clone(), value.jsonata());
            }
        }
        if !self.reserved.is_empty() {
            let members = self.reserved.iter().filter_map(|member| {
                let value = environment.reserved(*member)?;
                Some((member.name().to_owned(), value.jsonata()))
            });
            let members: IndexMap<String, JValue> = members.collect();
            context.bind("states".to_owned(), JValue::object(members));
        }
        let options = EvaluatorOptions {
            timeout_ms: u64::try_from(environment.time_limit().as_millis()).ok(),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        for name in &self.added {
            functions::register(&mut evaluator, name, environment);
        }
        let document = environment
            .document()
            .map_or(JValue::Undefined, |document| document.jsonata());
        evaluator
            .evaluate(&self.tree, &document)
            .map_err(|error| Problem::Thrown(message(error.message())))
    }
}

/// A message as the service gives it: its code first, and no more than JSONata's own text.
fn message(text: &str) -> String {
    if text == "Unclosed comment" {
        return "S0106: Comment has no closing tag".to_owned();
    }
    let text = [
        "Invalid syntax: ",
        "Invalid number: ",
        "Signature validation failed: ",
    ]
    .into_iter()
    .find_map(|head| text.strip_prefix(head))
    .unwrap_or(text);
    match text.split_once("non-function") {
        // The evaluator names the thing that was called.
        Some((head, _)) if text.starts_with("T1006") => format!("{head}non-function"),
        _ => text.to_owned(),
    }
}
