//! Values and conditions of tests: written as JSONata as those of definitions are, and evaluated as the service would.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::bench::Bench;
use crate::backend::asl::jsonata::{self, Atom};
use crate::ir::{Deploy, Expr, VariableId};
use crate::simulate::clock::Millis;
use crate::simulate::data::Data;
use crate::simulate::definition::substitute;
use crate::simulate::jsonata::{Environment, Expression, Problem, Random, Reserved};
use crate::simulate::run::Settings;

/// What the variables of an expression hold, by their ids.
pub(super) type Values = BTreeMap<VariableId, Data>;

/// An expression of a test, ready to be evaluated.
pub(super) struct Formula(Node);

enum Node {
    Plain(Value),
    Computed(Box<Expression>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    /// Why it cannot be read.
    Malformed(String),
}

impl Formula {
    pub fn new(bench: &Bench<'_>, expr: &Expr) -> Self {
        let mut writing = Writing::default();
        let template = jsonata::template(expr, &mut writing);
        let deploys = writing.deploys.into_iter().enumerate();
        let deploys = deploys.map(|(at, deploy)| (key(at), deploy)).collect();
        let substitutions = bench.deployment.fill(&deploys);
        let text = substitute(&template.to_string(), &substitutions).text;
        Self(match serde_json::from_str(&text) {
            Ok(value) => Node::read(value),
            Err(error) => Node::Malformed(error.to_string()),
        })
    }

    /// The error is what the evaluator says.
    pub fn evaluate(&self, values: &Values) -> Result<Value, String> {
        self.0.evaluate(&Given {
            values,
            random: Rc::new(RefCell::new(fastrand::Rng::with_seed(1))),
        })
    }
}

impl Node {
    fn read(value: Value) -> Self {
        match value {
            Value::String(text) => {
                let inner = text
                    .strip_prefix("{%")
                    .and_then(|text| text.strip_suffix("%}"));
                match inner.map(Expression::parse) {
                    None => Self::Plain(Value::String(text)),
                    Some(Ok(expression)) => Self::Computed(Box::new(expression)),
                    Some(Err(message)) => Self::Malformed(message),
                }
            }
            Value::Array(elements) => Self::List(elements.into_iter().map(Self::read).collect()),
            Value::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (name, Self::read(value)))
                    .collect(),
            ),
            plain => Self::Plain(plain),
        }
    }

    fn evaluate(&self, given: &Given<'_>) -> Result<Value, String> {
        match self {
            Self::Plain(value) => Ok(value.clone()),
            Self::Computed(expression) => match expression.evaluate(given) {
                Ok(value) => Ok(value),
                Err(Problem::Nothing) => Ok(Value::Null),
                Err(Problem::NoJson) => Err("it is a function".to_owned()),
                Err(Problem::Thrown(message)) => Err(message),
            },
            Self::List(elements) => elements.iter().map(|node| node.evaluate(given)).collect(),
            Self::Object(members) => {
                let members: Result<Map<String, Value>, String> = members
                    .iter()
                    .map(|(name, node)| Ok((name.clone(), node.evaluate(given)?)))
                    .collect();
                members.map(Value::Object)
            }
            Self::Malformed(message) => Err(message.clone()),
        }
    }
}

/// What expressions are written with.
#[derive(Default)]
struct Writing {
    deploys: Vec<Deploy>,
}

fn key(at: usize) -> String {
    format!("value_{at}")
}

fn variable(id: VariableId) -> String {
    format!("value_{}", id.0)
}

impl jsonata::Environment for Writing {
    fn variable(&self, id: VariableId) -> Atom {
        Atom::new(format!("${}", variable(id)))
    }

    fn deploy(&mut self, deploy: &Deploy) -> String {
        let at = match self.deploys.iter().position(|known| known == deploy) {
            Some(at) => at,
            None => {
                self.deploys.push(deploy.clone());
                self.deploys.len() - 1
            }
        };
        key(at)
    }
}

/// What expressions are evaluated with.
struct Given<'v> {
    values: &'v Values,
    random: Random,
}

impl Environment for Given<'_> {
    fn variable(&self, name: &str) -> Option<Data> {
        let id = name.strip_prefix("value_")?.parse().ok()?;
        self.values.get(&VariableId(id)).cloned()
    }

    fn reserved(&self, _: Reserved) -> Option<Data> {
        None
    }

    /// The start of every run.
    fn now(&self) -> Millis {
        Settings::default().start
    }

    fn random(&self) -> Random {
        Rc::clone(&self.random)
    }
}
