//! Answers given beforehand: by state, by operation, by function, under conditions, one after another.

pub mod file;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::call::{Answer, Call, Service};
use super::data::Data;
use super::definition::ResourceKind;
use crate::catalog;

/// Which calls a rule answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Those of the state of this name.
    State(String),
    /// Those of an operation, in every pattern: `glue` and `startJobRun`.
    Operation(String, String),
    /// Those of a function, by its name.
    Function(String),
    Any,
}

impl Target {
    /// Reads `glue:startJobRun`, `glue.startJobRun` or a resource's ARN.
    pub fn operation(text: &str) -> Option<Self> {
        let rest = text.split_once(":states:::").map_or(text, |(_, rest)| rest);
        let rest = rest.strip_prefix("aws-sdk:").unwrap_or(rest);
        let (service, operation) = rest.split_once([':', '.'])?;
        let operation = operation.split('.').next().unwrap_or(operation);
        Some(Self::Operation(service_name(service), operation.to_owned()))
    }

    pub fn fits(&self, call: &Call) -> bool {
        match (self, &call.resource.kind) {
            (Self::Any, _) => true,
            (Self::State(name), _) => *name == *call.state,
            (Self::Operation(service, operation), kind) => match kind {
                ResourceKind::Service {
                    service: of,
                    operation: op,
                    ..
                } => operation == op && *service == service_name(of),
                ResourceKind::Function => service == "lambda" && operation == "invoke",
                ResourceKind::Activity => false,
            },
            (Self::Function(name), ResourceKind::Function) => {
                function_name(&call.resource.arn) == name
            }
            (
                Self::Function(name),
                ResourceKind::Service {
                    service, operation, ..
                },
            ) => {
                let function = call
                    .arguments
                    .json()
                    .get("FunctionName")
                    .and_then(Value::as_str);
                service == "lambda"
                    && operation == "invoke"
                    && function.is_some_and(|function| function_name(function) == name)
            }
            (Self::Function(_), ResourceKind::Activity) => false,
        }
    }
}

/// The catalog's name of a service, whichever integration names it.
fn service_name(name: &str) -> String {
    let plain = name.replace('-', "");
    catalog::find_service(&plain).map_or(plain, |service| service.name.to_owned())
}

/// The name in a function's ARN, or the name itself.
fn function_name(text: &str) -> &str {
    match text.split_once(":function:") {
        Some((_, rest)) => rest.split(':').next().unwrap_or(rest),
        None => text,
    }
}

/// A condition on a call.
type Condition<'m> = Box<dyn Fn(&Call) -> bool + 'm>;

/// Answers for the calls that it fits, in order; the last one repeats.
pub struct Rule<'m> {
    target: Target,
    condition: Option<Condition<'m>>,
    answers: Vec<Answer>,
    /// Each new activation of the state begins with the first answer, and only its retries go on.
    by_attempt: bool,
    used: usize,
}

impl<'m> Rule<'m> {
    pub fn new(target: Target, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            target,
            condition: None,
            answers: answers.into_iter().collect(),
            by_attempt: false,
            used: 0,
        }
    }

    /// Only calls that the condition holds for.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Call) -> bool + 'm) -> Self {
        self.condition = Some(Box::new(condition));
        self
    }

    /// Counts attempts within one visit of the state instead of calls.
    #[must_use]
    pub fn by_attempt(mut self) -> Self {
        self.by_attempt = true;
        self
    }

    fn fits(&self, call: &Call) -> bool {
        self.target.fits(call) && self.condition.as_ref().is_none_or(|holds| holds(call))
    }

    fn next(&mut self, call: &Call) -> Option<Answer> {
        let at = if self.by_attempt {
            call.attempt as usize
        } else {
            self.used
        };
        self.used += 1;
        self.answers.get(at).or(self.answers.last()).cloned()
    }
}

impl fmt::Debug for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("target", &self.target)
            .field("conditional", &self.condition.is_some())
            .field("answers", &self.answers)
            .field("used", &self.used)
            .finish()
    }
}

/// Rules, of which the first that fits answers.
#[derive(Debug, Default)]
pub struct Mocks<'m> {
    rules: Vec<Rule<'m>>,
    items: BTreeMap<String, Vec<Data>>,
}

impl<'m> Mocks<'m> {
    pub fn add(&mut self, rule: Rule<'m>) {
        self.rules.push(rule);
    }

    /// A rule that is looked at before those that are there.
    pub fn add_first(&mut self, rule: Rule<'m>) {
        self.rules.insert(0, rule);
    }

    /// What the reader of a distributed map finds.
    pub fn set_items(&mut self, state: &str, items: impl IntoIterator<Item = Value>) {
        let items = items.into_iter().map(Data::new).collect();
        self.items.insert(state.to_owned(), items);
    }

    /// The targets of rules that answered nothing.
    pub fn unused(&self) -> impl Iterator<Item = &Target> {
        self.rules
            .iter()
            .filter(|rule| rule.used == 0)
            .map(|rule| &rule.target)
    }
}

impl Service for Mocks<'_> {
    fn answer(&mut self, call: &Call) -> Option<Answer> {
        self.rules
            .iter_mut()
            .find(|rule| rule.fits(call))?
            .next(call)
    }

    fn items(&mut self, _execution: &str, state: &str) -> Option<Vec<Data>> {
        self.items.get(state).cloned()
    }
}
