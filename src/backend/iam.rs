//! Policies: what a pipeline's role is allowed to do, and who may take on the role.
//!
//! Statements are joined only where that allows nothing new; each keeps the reasons of all that it was made of.

mod merge;
pub mod pack;

pub use merge::merge;

use serde_json::{Map, Value, json};

use super::asl::Definition;
use super::cfn::names::{Labels, Names};
use crate::ir::access::{self, Reason};
use crate::ir::pattern::trace::Tracer;
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::{Deploy, Pipeline, Program};

/// A policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub statements: Vec<Statement>,
}

/// Allows all actions on all resources under all conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `[A-Za-z0-9]+`, unique in the policy.
    pub sid: String,
    /// Sorted.
    pub actions: Vec<String>,
    /// ARNs, sorted; a lone `*` where AWS offers no resource-level permission.
    pub resources: Vec<Pattern>,
    /// Operator, key, and the values of which one must fit.
    pub conditions: Vec<(String, String, Vec<Pattern>)>,
    /// No source confirms an action of it: it follows from the naming rule.
    pub assumed: bool,
    /// Sorted by place.
    pub reasons: Vec<Reason>,
}

/// What the pipeline's role must be allowed to do.
pub fn policy(program: &Program, pipeline: &Pipeline) -> Policy {
    let needs = &access::accesses(program, pipeline).needs;
    merge(needs.iter().filter(|need| need.step.is_none()))
}

/// What the roles of the pipeline's steps must be allowed to do, by step.
pub fn step_policies(program: &Program, pipeline: &Pipeline) -> Vec<(String, Policy)> {
    let steps = access::steps(pipeline);
    if steps.is_empty() {
        return Vec::new();
    }
    let needs = &access::accesses(program, pipeline).needs;
    let of = |step: &String| merge(needs.iter().filter(|need| need.step.as_ref() == Some(step)));
    steps
        .into_iter()
        .map(|step| (step.clone(), of(&step)))
        .collect()
}

/// Who may take on the pipeline's role: Step Functions, for this machine of this account.
pub fn trust(
    program: &Program,
    pipeline: &Pipeline,
    names: &Names,
    definition: &Definition,
) -> Value {
    let machine = Tracer::outside(program).machine(&pipeline.name);
    // Children of a distributed map run as a machine of their own, named by the map's label.
    let machines: Vec<Value> = std::iter::once(machine.clone())
        .chain(definition.labels.values().map(|label| {
            let mut child = machine.clone();
            child.push(Piece::Text(format!("/{label}")));
            child
        }))
        .map(|arn| names.value(&arn, &Labels::new()))
        .collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "states.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": names.deploy(&Deploy::Account) },
                "ArnLike": { "aws:SourceArn": one_or_list(machines) },
            },
        }],
    })
}

impl Policy {
    /// The document for the template, its late parts as intrinsic functions.
    pub fn template(&self, names: &Names, labels: &Labels) -> Value {
        self.document(&|pattern| vec![names.value(pattern, labels)])
    }

    /// The document for readers: the same text with `${…}` where the deployment fills in, and both texts where it chooses.
    pub fn plain(&self, names: &Names, labels: &Labels) -> Value {
        self.document(&|pattern| texts(pattern, names, labels))
    }

    fn document(&self, text: &dyn Fn(&Pattern) -> Vec<Value>) -> Value {
        let statements: Vec<Value> = self.statements.iter().map(|s| s.document(text)).collect();
        object! { "Version": "2012-10-17", "Statement": statements }
    }
}

impl Statement {
    /// The statement as JSON, with each pattern as `text` writes it.
    pub fn document(&self, text: &dyn Fn(&Pattern) -> Vec<Value>) -> Value {
        let mut document = object! {
            "Sid": self.sid.as_str(),
            "Effect": "Allow",
            "Action": one_or_list(self.actions.iter().cloned().map(Value::String).collect()),
            "Resource": one_or_list(self.resources.iter().flat_map(text).collect()),
        };
        if !self.conditions.is_empty() {
            let mut operators = Map::new();
            for (operator, key, values) in &self.conditions {
                let values = one_or_list(values.iter().flat_map(text).collect());
                let keys = operators
                    .entry(operator.clone())
                    .or_insert_with(|| json!({}));
                keys[key] = values;
            }
            document["Condition"] = Value::Object(operators);
        }
        document
    }

    /// Whether AWS offers no resource-level permission for its actions.
    pub fn is_unscopable(&self) -> bool {
        self.resources == [Pattern::any()]
    }
}

/// A pattern as people read it.
pub fn texts(pattern: &Pattern, names: &Names, labels: &Labels) -> Vec<Value> {
    names
        .each_plain(pattern, labels)
        .into_iter()
        .map(Value::String)
        .collect()
}

/// One value by itself, several as a list.
pub fn one_or_list(mut values: Vec<Value>) -> Value {
    if values.len() == 1 {
        values.remove(0)
    } else {
        Value::Array(values)
    }
}
