//! Build- and deploy-time expressions as values of the template, and the resources made of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::names::Names;
use crate::ir::pattern::trace::{Choices, Tracer};
use crate::ir::{Entry, Expr, ExprKind, Literal, Program, Time};

/// A build- or deploy-time expression. Text that only the deployment can join becomes Fn::Sub.
pub(super) fn expression(program: &Program, names: &Names, expr: &Expr) -> Value {
    match &expr.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::List(elements) => elements
            .iter()
            .map(|element| expression(program, names, &element.value))
            .collect(),
        ExprKind::Object(entries) => Value::Object(
            entries
                .iter()
                .filter_map(|entry| match entry {
                    Entry::Pair { key, value } => {
                        Some((key.clone(), expression(program, names, value)))
                    }
                    Entry::Computed { .. } | Entry::Spread(_) => None,
                })
                .collect(),
        ),
        ExprKind::If {
            condition,
            then,
            otherwise,
        } if expr.time != Time::Build => {
            let tracer = Tracer::outside(program);
            match tracer.condition(condition, &mut Choices::default()) {
                Some(condition) => json!({ "Fn::If": [
                    names.condition(&condition),
                    part_of_choice(program, names, then),
                    part_of_choice(program, names, otherwise),
                ] }),
                None => Value::Null,
            }
        }
        _ => names.text(&Tracer::outside(program).constant(expr)),
    }
}

/// Null in a choice leaves the property out.
fn part_of_choice(program: &Program, names: &Names, expr: &Expr) -> Value {
    match expr.as_literal() {
        Some(Literal::Null) => json!({ "Ref": "AWS::NoValue" }),
        _ => expression(program, names, expr),
    }
}

pub(super) fn literal(value: &Literal) -> Value {
    match value {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Number(value) => Value::Number(value.clone()),
        Literal::String(value) => Value::String(value.clone()),
        Literal::List(elements) => elements.iter().map(literal).collect(),
        Literal::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), literal(value)))
            .collect(),
    }
}

/// The names that Ref, Fn::GetAtt and Fn::Sub inside refer to.
pub(super) fn references(resources: &Map<String, Value>) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for value in resources.values() {
        find_references(value, &mut names);
    }
    names
}

fn find_references<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|e| find_references(e, names)),
        // An intrinsic function stands alone in its object.
        Value::Object(members) => {
            if members.len() == 1
                && let Some((function, operand)) = members.iter().next()
            {
                find_reference(function, operand, names);
            }
            members.values().for_each(|v| find_references(v, names));
        }
        _ => {}
    }
}

fn find_reference<'a>(function: &str, operand: &'a Value, names: &mut BTreeSet<&'a str>) {
    let first = match operand {
        Value::Array(parts) => parts.first().unwrap_or(operand),
        operand => operand,
    };
    let Value::String(text) = first else {
        return;
    };
    match function {
        "Ref" | "Fn::GetAtt" => {
            names.insert(text);
        }
        "Fn::Sub" => names.extend(placeholders(text)),
        _ => {}
    }
}

/// The names that the text of an Fn::Sub refers to, those of CloudFormation's own (`AWS::Region`) among them.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("${").skip(1);
    let names = parts.filter_map(|part| Some(part.split_once('}')?.0));
    names.map(|name| name.split('.').next().unwrap_or(name))
}

/// Whether CloudFormation would take something inside for an intrinsic function.
pub(super) fn looks_intrinsic(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(looks_intrinsic),
        Value::Object(members) => {
            (members.len() == 1 && members.keys().all(|k| k == "Ref" || k.starts_with("Fn::")))
                || members.values().any(looks_intrinsic)
        }
        _ => false,
    }
}
