//! Build- and deploy-time expressions as values of the template, and the resources made of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::names::{Labels, Names};
use crate::ir::pattern::trace::{Choices, Tracer};
use crate::ir::{Entry, Expr, ExprKind, Literal, Origin, Program, Resource, Time};

/// A resource that the template makes.
pub(super) fn resource(program: &Program, names: &Names, resource: &Resource) -> Value {
    let mut value = json!({ "Type": resource.cfn_type });
    let mut given = Map::new();
    if let Origin::Created { name, properties } = &resource.origin {
        for (property, expr) in properties {
            given.insert(property.clone(), expression(program, names, expr));
        }
        if let (Some(name), Some(property)) = (name, non_empty(resource.kind.name_property)) {
            let name = expression(program, names, name);
            set(&mut given, property, name);
        }
    }
    if !given.is_empty() {
        value["Properties"] = Value::Object(given);
    }
    value
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Sets a property by its dotted path.
fn set(properties: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            properties.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = properties.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

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
                    expression(program, names, then),
                    expression(program, names, otherwise),
                ] }),
                None => Value::Null,
            }
        }
        _ => names.value(&Tracer::outside(program).constant(expr), &Labels::new()),
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
pub(super) fn references(resources: &Map<String, Value>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for value in resources.values() {
        find_references(value, &mut names);
    }
    names
}

fn find_references(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|e| find_references(e, names)),
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("Ref", Value::String(name)) => {
                        names.insert(name.clone());
                    }
                    ("Fn::Sub", Value::String(text)) => find_placeholders(text, names),
                    ("Fn::Sub", Value::Array(parts)) => {
                        if let Some(Value::String(text)) = parts.first() {
                            find_placeholders(text, names);
                        }
                    }
                    _ => {}
                }
                find_references(value, names);
            }
        }
        _ => {}
    }
}

fn find_placeholders(text: &str, names: &mut BTreeSet<String>) {
    for part in text.split("${").skip(1) {
        if let Some((name, _)) = part.split_once('}') {
            names.insert(name.split('.').next().unwrap_or(name).to_owned());
        }
    }
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
