//! Template parameters.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::names::Names;
use crate::backend::asl::Definition;
use crate::backend::asl::jsonata::parameter_pattern;
use crate::ir::{Deploy, Literal, Param, ParamId, Program, Type};

/// What CloudFormation takes as a parameter's description, in bytes.
const DESCRIPTION: usize = 4000;

/// The parameters that something in the template refers to.
pub(super) fn parameters(
    program: &Program,
    names: &Names,
    used: &BTreeSet<&str>,
    definitions: &[Definition],
) -> Map<String, Value> {
    let substituted: BTreeSet<ParamId> = definitions
        .iter()
        .flat_map(|definition| definition.substitutions.values())
        .filter_map(|deploy| match deploy {
            Deploy::Param(id) => Some(*id),
            _ => None,
        })
        .collect();
    (0u32..)
        .map(ParamId)
        .zip(&program.params)
        .map(|(id, param)| (names.param(id), id, param))
        .filter(|(name, ..)| used.contains(name))
        .map(|(name, id, param)| {
            let substituted = substituted.contains(&id);
            (name.to_owned(), parameter(param, substituted))
        })
        .collect()
}

/// One that is substituted in a definition may not hold what would break out of its place there.
fn parameter(param: &Param, substituted: bool) -> Value {
    let mut value = json!({ "Type": parameter_type(&param.ty) });
    if let Some(doc) = param.doc.as_deref().filter(|doc| !doc.is_empty()) {
        value["Description"] = Value::String(super::cut(doc, DESCRIPTION));
    }
    if let Some(default) = &param.default {
        value["Default"] = default_value(default);
    }
    match &param.ty {
        Type::Enum(values) => value["AllowedValues"] = json!(values.values),
        Type::Bool => value["AllowedValues"] = json!(["true", "false"]),
        Type::Timestamp => {
            value["AllowedPattern"] = json!(TIMESTAMP);
            value["ConstraintDescription"] = json!("must be a moment such as 2026-01-31T02:00:00Z");
        }
        Type::Int | Type::Duration | Type::Size => {
            value["AllowedPattern"] = json!(INTEGER);
            value["ConstraintDescription"] = json!("must be a whole number");
        }
        ty => {
            if let Some(pattern) = parameter_pattern(ty).filter(|_| substituted) {
                value["AllowedPattern"] = json!(pattern);
                value["ConstraintDescription"] =
                    json!("must hold no quotes, backslashes, braces or control characters");
            }
        }
    }
    value
}

const TIMESTAMP: &str = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$";

/// CloudFormation's `Number` takes fractions too, so whole numbers are text of a form.
const INTEGER: &str = r"^-?(0|[1-9]\d{0,15})$";

fn parameter_type(ty: &Type) -> &'static str {
    match ty {
        Type::Number => "Number",
        Type::List(_) => "CommaDelimitedList",
        _ => "String",
    }
}

fn default_value(literal: &Literal) -> Value {
    match literal {
        Literal::String(text) => Value::String(text.clone()),
        Literal::Number(number) => Value::String(number.to_string()),
        Literal::Bool(value) => Value::String(value.to_string()),
        Literal::List(elements) => Value::String(
            elements
                .iter()
                .map(|element| match element {
                    Literal::String(text) => text.clone(),
                    element => super::value::literal(element).to_string(),
                })
                .collect::<Vec<_>>()
                .join(","),
        ),
        Literal::Null | Literal::Object(_) => Value::String(String::new()),
    }
}
