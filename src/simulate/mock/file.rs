//! Mock files: answers, data and surroundings of a run as JSON.
//!
//! Reads our own format and that of Step Functions Local, `MockConfigFile.json`
//! (<https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html>). Reads no files itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Mocks, Rule, Target};
use crate::simulate::call::{Answer, Call};
use crate::simulate::clock::Millis;
use crate::simulate::failure::Failure;
use crate::simulate::run::Validation;

/// What a mock file says.
#[derive(Debug, Default)]
pub struct MockFile {
    pub mocks: Mocks<'static>,
    /// By `bucket/key`.
    pub objects: BTreeMap<String, Content>,
    /// Definitions of machines that tasks start: files, by ARN.
    pub executions: BTreeMap<String, String>,
    /// Values of `${Name}`.
    pub substitutions: BTreeMap<String, String>,
    pub validation: Option<Validation>,
}

/// What an object holds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A file, relative to the mock file.
    File(String),
    Text {
        text: String,
    },
    Json {
        json: Value,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    #[serde(default)]
    mocks: Vec<OwnRule>,
    #[serde(default)]
    items: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    objects: BTreeMap<String, Content>,
    #[serde(default)]
    executions: BTreeMap<String, String>,
    #[serde(default)]
    substitutions: BTreeMap<String, Value>,
    validation: Option<Word>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Strict,
    Present,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRule {
    state: Option<String>,
    operation: Option<String>,
    function: Option<String>,
    #[serde(default)]
    when: OwnCondition,
    /// The only answer, or the answers in order.
    #[serde(flatten)]
    answer: OwnAnswer,
    #[serde(default)]
    answers: Vec<OwnAnswer>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnCondition {
    /// Every member of it is in the arguments, as it is.
    arguments: Option<Value>,
    attempt: Option<u64>,
    index: Option<usize>,
    item: Option<Value>,
}

#[derive(Default, Deserialize)]
struct OwnAnswer {
    #[serde(rename = "return", default, deserialize_with = "some")]
    returned: Option<Value>,
    #[serde(rename = "throw")]
    thrown: Option<Thrown>,
    /// Seconds.
    after: Option<f64>,
    /// Seconds from the start.
    heartbeats: Option<Vec<f64>>,
    #[serde(default)]
    never: bool,
}

/// A null that is there is a value.
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Thrown {
    #[serde(alias = "Error")]
    error: Option<String>,
    #[serde(alias = "Cause")]
    cause: Option<String>,
}

impl OwnAnswer {
    fn is_given(&self) -> bool {
        self.returned.is_some() || self.thrown.is_some() || self.never
    }

    fn read(self) -> Result<Answer, String> {
        let millis = |seconds: f64| (seconds.max(0.0) * 1000.0) as Millis;
        let answer = match (self.returned, self.thrown, self.never) {
            (Some(result), None, false) => Answer::succeed(result),
            (None, Some(thrown), false) => Answer::fail(Failure {
                error: thrown.error,
                cause: thrown.cause,
            }),
            (None, None, true) => Answer::never(),
            _ => return Err("an answer has one of `return`, `throw` and `never`".to_owned()),
        };
        let heartbeats = self.heartbeats.unwrap_or_default().into_iter().map(millis);
        Ok(answer
            .after(millis(self.after.unwrap_or_default()))
            .with_heartbeats(heartbeats))
    }
}

impl OwnCondition {
    fn is_empty(&self) -> bool {
        self.arguments.is_none()
            && self.attempt.is_none()
            && self.index.is_none()
            && self.item.is_none()
    }

    fn holds(&self, call: &Call) -> bool {
        let iteration = call.iteration.as_deref();
        let fits = |wanted: &Option<Value>, found: Option<&Value>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| found.is_some_and(|found| is_part(wanted, found)))
        };
        fits(&self.arguments, Some(call.arguments.json()))
            && fits(&self.item, iteration.map(|iteration| iteration.item.json()))
            && self.attempt.is_none_or(|attempt| attempt == call.attempt)
            && self
                .index
                .is_none_or(|index| iteration.is_some_and(|i| i.index == index))
    }
}

/// Whether every member of `wanted` is in `found`; anything but objects is compared as a whole.
fn is_part(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(name, wanted)| found.get(name).is_some_and(|found| is_part(wanted, found))),
        _ => wanted == found,
    }
}

/// Reads a mock file. `case` chooses a test case of a `MockConfigFile`, and `machine` the state machine there.
pub fn read(text: &str, machine: &str, case: Option<&str>) -> Result<MockFile, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.get("MockedResponses").is_some() || value.get("StateMachines").is_some() {
        return read_config(&value, machine, case);
    }
    if let Some(case) = case {
        return Err(format!(
            "only a `MockConfigFile` has test cases; there is no `{case}`"
        ));
    }
    let own: Own = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let mut mocks = Mocks::default();
    for (at, rule) in own.mocks.into_iter().enumerate() {
        let rule = read_rule(rule).map_err(|reason| format!("mocks[{at}]: {reason}"))?;
        mocks.add(rule);
    }
    for (state, items) in own.items {
        mocks.set_items(&state, items);
    }
    let substitutions = own.substitutions.into_iter().map(|(name, value)| {
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        (name, text)
    });
    Ok(MockFile {
        mocks,
        objects: own.objects,
        executions: own.executions,
        substitutions: substitutions.collect(),
        validation: own.validation.map(|word| match word {
            Word::Strict => Validation::Strict,
            Word::Present => Validation::Present,
            Word::None => Validation::None,
        }),
    })
}

fn read_rule(rule: OwnRule) -> Result<Rule<'static>, String> {
    let target = match (rule.state, rule.operation, rule.function) {
        (Some(state), None, None) => Target::State(state),
        (None, Some(operation), None) => Target::operation(&operation)
            .ok_or_else(|| format!("`{operation}` is not written as `service:operation`"))?,
        (None, None, Some(function)) => Target::Function(function),
        (None, None, None) => Target::Any,
        _ => return Err("a mock has one of `state`, `operation` and `function`".to_owned()),
    };
    let answers = match (rule.answer.is_given(), rule.answers.is_empty()) {
        (true, true) => vec![rule.answer.read()?],
        (false, false) => rule
            .answers
            .into_iter()
            .map(OwnAnswer::read)
            .collect::<Result<Vec<_>, String>>()?,
        _ => return Err("a mock has an answer, or a list of `answers`".to_owned()),
    };
    let made = Rule::new(target, answers);
    let condition = rule.when;
    Ok(if condition.is_empty() {
        made
    } else {
        made.when(move |call| condition.holds(call))
    })
}

/// The format of Step Functions Local.
fn read_config(value: &Value, machine: &str, case: Option<&str>) -> Result<MockFile, String> {
    let empty = Map::new();
    let member = |value: &Value, name: &str| value.get(name).and_then(Value::as_object).cloned();
    let machines = member(value, "StateMachines").unwrap_or_else(|| empty.clone());
    // Its only machine may have another name than the file.
    let found = match (machines.get(machine), machines.len()) {
        (Some(found), _) => Some(found),
        (None, 1) => machines.values().next(),
        (None, _) => None,
    };
    let names = |of: &Map<String, Value>| {
        let names: Vec<String> = of.keys().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let found = found.ok_or_else(|| {
        format!(
            "there is no state machine `{machine}` among {}",
            names(&machines)
        )
    })?;
    let cases = member(found, "TestCases").unwrap_or_default();
    let chosen = match (case, cases.len()) {
        (Some(case), _) => cases
            .get(case)
            .ok_or_else(|| format!("there is no test case `{case}` among {}", names(&cases)))?,
        (None, 1) => cases.values().next().ok_or("there is no test case")?,
        (None, _) => {
            return Err(format!(
                "name one of the test cases behind the file, as in `file.json#Case`: {}",
                names(&cases)
            ));
        }
    };
    let responses = member(value, "MockedResponses").unwrap_or_default();
    let mut mocks = Mocks::default();
    for (state, response) in chosen.as_object().into_iter().flatten() {
        let name = response.as_str().unwrap_or_default();
        let response = responses
            .get(name)
            .and_then(Value::as_object)
            .ok_or_else(|| format!("there is no mocked response `{name}`"))?;
        let answers = read_response(response).map_err(|reason| format!("`{name}`: {reason}"))?;
        mocks.add(Rule::new(Target::State(state.clone()), answers));
    }
    Ok(MockFile {
        mocks,
        ..MockFile::default()
    })
}

/// `{ "0": { "Throw": … }, "1-2": { "Return": … } }`
fn read_response(response: &Map<String, Value>) -> Result<Vec<Answer>, String> {
    let mut numbered: BTreeMap<u32, Answer> = BTreeMap::new();
    for (key, value) in response {
        let number = |text: &str| {
            text.trim()
                .parse::<u32>()
                .map_err(|_| format!("`{key}` is no number and no range"))
        };
        let (first, last) = match key.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(key)?, number(key)?),
        };
        if last < first || last - first > 10_000 {
            return Err(format!("`{key}` is no range of attempts"));
        }
        let answer = match (value.get("Return"), value.get("Throw")) {
            (Some(result), None) => Answer::succeed(result.clone()),
            (None, Some(thrown)) => {
                let text = |name: &str| thrown.get(name).and_then(Value::as_str).map(str::to_owned);
                Answer::fail(Failure {
                    error: text("Error"),
                    cause: text("Cause"),
                })
            }
            _ => return Err(format!("`{key}` has one of `Return` and `Throw`")),
        };
        for number in first..=last {
            numbered.insert(number, answer.clone());
        }
    }
    let complete = numbered.keys().copied().eq(0..numbered.len() as u32);
    if !complete || numbered.is_empty() {
        return Err("the attempts are not numbered from 0 without a gap".to_owned());
    }
    Ok(numbered.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_step_functions_local_is_read() {
        let text = r#"{
            "StateMachines": { "M": { "TestCases": { "Good": { "A": "Twice" }, "Bad": { "A": "No" } } } },
            "MockedResponses": { "Twice": { "0-1": { "Throw": { "Error": "X" } }, "2": { "Return": 1 } } }
        }"#;
        assert!(read(text, "M", Some("Good")).is_ok());
        let wrong = |case| read(text, "other", case).expect_err("a mistake");
        assert_eq!(
            wrong(None),
            "name one of the test cases behind the file, as in `file.json#Case`: `Good`, `Bad`"
        );
        assert_eq!(wrong(Some("Bad")), "there is no mocked response `No`");
        assert_eq!(
            wrong(Some("Ugly")),
            "there is no test case `Ugly` among `Good`, `Bad`"
        );
    }

    #[test]
    fn mistakes_in_a_mock_file_are_placed() {
        let wrong = |text| read(text, "m", None).expect_err("a mistake");
        assert_eq!(
            wrong(r#"{ "mocks": [{ "state": "A", "operation": "a:b", "return": 1 }] }"#),
            "mocks[0]: a mock has one of `state`, `operation` and `function`"
        );
        assert_eq!(
            wrong(r#"{ "mocks": [{ "state": "A" }] }"#),
            "mocks[0]: a mock has an answer, or a list of `answers`"
        );
        assert!(
            read(
                r#"{ "mocks": [{ "state": "A", "return": null, "after": 2 }] }"#,
                "m",
                None
            )
            .is_ok()
        );
    }
}
