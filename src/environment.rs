//! The values of an environment for a template's parameters, in the form that `aws cloudformation deploy` takes.
//!
//! Pure: what `flowc.toml` holds comes in as plain values, and what is wrong goes out as sentences.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::backend::Artifact;
use crate::backend::cfn::names::Names;
use crate::diagnostic::find_nearest;
use crate::ir::{Param, ParamId, Program, Type};

/// Bytes of a parameter's value.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const VALUE: usize = 4_096;

/// Why an environment's values are no parameters of a template: sentences.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A parameter has neither a default nor a value.
    #[error("{0}")]
    Missing(String),
    /// A parameter cannot have the value.
    #[error("{0}")]
    Wrong(String),
}

/// `NAME.ENVIRONMENT.params.json`
pub fn file_name(program: &Program, environment: &str) -> String {
    format!("{}.{environment}.params.json", program.stem)
}

/// `NAME.ENVIRONMENT.params.json`: what the environment says of each parameter of the template. What it leaves out has its
/// default; what has none is reported, and so is a value that the parameter cannot have.
pub fn parameters(
    program: &Program,
    template: &Value,
    environment: &str,
    given: &BTreeMap<String, Value>,
) -> Result<Artifact, Vec<Problem>> {
    let names = Names::new(program);
    let mut list = Vec::new();
    let mut problems = Vec::new();
    for (id, param) in (0u32..).map(ParamId).zip(&program.params) {
        let key = names.param(id);
        // A parameter that the template does not have cannot be set.
        let Some(declared) = template["Parameters"].get(key) else {
            continue;
        };
        match given.get(&param.name) {
            Some(value) => match text(param, value).and_then(|text| allowed(text, declared)) {
                Ok(text) => list.push(json!({ "ParameterKey": key, "ParameterValue": text })),
                Err(why) => problems.push(Problem::Wrong(format!("`{}` {why}", param.name))),
            },
            None if param.default.is_none() => problems.push(Problem::Missing(format!(
                "`{}` has no default, and the environment gives it no value",
                param.name
            ))),
            None => {}
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut text = serde_json::to_string_pretty(&list).unwrap_or_default();
    text.push('\n');
    Ok(Artifact {
        name: file_name(program, environment),
        text,
    })
}

/// Values of an environment that no parameter takes, with the nearest name there is.
pub fn unknown<'a>(
    given: &'a BTreeMap<String, Value>,
    declared: &'a [String],
) -> Vec<(&'a str, Option<&'a str>)> {
    let names = || declared.iter().map(String::as_str);
    given
        .keys()
        .filter(|name| !declared.contains(name))
        .map(|name| (name.as_str(), find_nearest(name, names())))
        .collect()
}

/// The value as CloudFormation takes it; why not, where it has another type.
fn text(param: &Param, value: &Value) -> Result<String, String> {
    let wrong = |wanted: &str| Err(format!("is {wanted}, and this is `{value}`"));
    match (&param.ty, value) {
        (Type::String | Type::Timestamp | Type::Enum(_), Value::String(text)) => Ok(text.clone()),
        (Type::String | Type::Timestamp, _) => wrong("a string"),
        (Type::Enum(values), _) => wrong(&listed(&values.values)),
        (Type::Int | Type::Duration | Type::Size, Value::Number(number)) if !number.is_f64() => {
            Ok(number.to_string())
        }
        (Type::Int | Type::Duration | Type::Size, _) => wrong("a whole number"),
        (Type::Number, Value::Number(number)) => Ok(number.to_string()),
        (Type::Number, _) => wrong("a number"),
        (Type::Bool, Value::Bool(value)) => Ok(value.to_string()),
        (Type::Bool, _) => wrong("`true` or `false`"),
        (_, Value::Array(elements)) => elements
            .iter()
            .map(|element| match element {
                Value::String(text) if !text.contains(',') => Ok(text.clone()),
                Value::String(text) => Err(format!(
                    "is a list whose elements hold no commas, and `{text}` does"
                )),
                other => Err(format!("is a list of strings, and `{other}` is none")),
            })
            .collect::<Result<Vec<_>, _>>()
            .map(|elements| elements.join(",")),
        _ => wrong("a list of strings"),
    }
}

/// The text, where the template's own rules allow it.
fn allowed(text: String, declared: &Value) -> Result<String, String> {
    if let Some(values) = declared["AllowedValues"].as_array() {
        let values: Vec<String> = values
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if !values.contains(&text) {
            let near = find_nearest(&text, values.iter().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "is {}, and this is `{text}`{hint}",
                listed(&values)
            ));
        }
    }
    if let Some(pattern) = declared["AllowedPattern"].as_str()
        && let Ok(pattern) = regex::Regex::new(pattern)
        && !pattern.is_match(&text)
    {
        let why = declared["ConstraintDescription"]
            .as_str()
            .unwrap_or("is of another form");
        return Err(format!("{why}, and this is `{text}`"));
    }
    if text.len() > VALUE {
        return Err(format!(
            "has {} bytes; a parameter holds at most {VALUE}",
            text.len()
        ));
    }
    Ok(text)
}

fn listed(values: &[String]) -> String {
    let words: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} or {last}", others.join(", "))
        }
        _ => words.concat(),
    }
}
