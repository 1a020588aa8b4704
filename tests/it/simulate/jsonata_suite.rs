//! JSONata's official suite, through the simulator's door.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use flowc::simulate::clock::Millis;
use flowc::simulate::data::Data;
use flowc::simulate::jsonata::{Environment, Expression, Problem, Random, Reserved};
use serde_json::{Map, Number, Value};

use crate::support::read_compressed;

/// The suite gives its expressions a document, which Step Functions does not.
struct Given {
    time_limit: Duration,
    document: Option<Data>,
    variables: Map<String, Value>,
}

impl Environment for Given {
    fn variable(&self, name: &str) -> Option<Data> {
        self.variables.get(name).cloned().map(Data::new)
    }

    fn reserved(&self, _: Reserved) -> Option<Data> {
        None
    }

    fn now(&self) -> Millis {
        1_700_000_000_000
    }

    fn random(&self) -> Random {
        Rc::new(RefCell::new(fastrand::Rng::with_seed(1)))
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    fn document(&self) -> Option<Data> {
        self.document.clone()
    }
}

#[derive(Debug)]
enum Answer {
    Value(Value),
    Nothing,
    Error(String),
}

fn answer(case: &Value, datasets: &Value, time_limit: Duration) -> Answer {
    let source = case["expr"].as_str().expect("an expression");
    let expression = match Expression::parse(source) {
        Ok(expression) => expression,
        Err(message) => return Answer::Error(message),
    };
    let document = match case.get("data") {
        Some(data) => Some(data.clone()),
        None => case["dataset"].as_str().map(|name| datasets[name].clone()),
    };
    let given = Given {
        time_limit,
        document: document.map(Data::new),
        variables: case["bindings"].as_object().cloned().unwrap_or_default(),
    };
    match expression.evaluate(&given) {
        Ok(value) => Answer::Value(value),
        Err(Problem::Nothing) => Answer::Nothing,
        Err(Problem::NoJson) => Answer::Error("a function".to_owned()),
        Err(Problem::Thrown(message)) => Answer::Error(message),
    }
}

/// Numbers are doubles, and equal to 15 digits, as many as JSONata writes.
fn same_number(one: &Number, other: &Number) -> bool {
    let (one, other) = (one.as_f64(), other.as_f64());
    let text = |number: Option<f64>| number.map(|number| format!("{number:.14e}"));
    text(one) == text(other)
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

fn same_in_any_order(one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (one.as_array(), other.as_array()) else {
        return same(one, other);
    };
    let mut rest: Vec<&Value> = other.iter().collect();
    one.len() == other.len()
        && one.iter().all(|item| {
            let at = rest.iter().position(|other| same(item, other));
            at.map(|at| rest.remove(at)).is_some()
        })
}

fn passes(case: &Value, answer: &Answer) -> bool {
    let code = case.get("code").or_else(|| case["error"].get("code"));
    match (answer, code) {
        (Answer::Error(message), Some(code)) => {
            message.starts_with(code.as_str().expect("a code is text"))
        }
        (Answer::Error(_), None) => false,
        (_, Some(_)) => false,
        (Answer::Nothing, None) => case.get("undefinedResult").is_some(),
        (Answer::Value(value), None) => case.get("result").is_some_and(|result| {
            if case["unordered"] == true {
                same_in_any_order(value, result)
            } else {
                same(value, result)
            }
        }),
    }
}

#[test]
fn jsonatas_suite_passes_but_for_what_step_functions_has_otherwise() {
    let suite = read_compressed("jsonata_suite.json.zst");
    let suite: Value = serde_json::from_slice(&suite).expect("the suite is JSON");
    let exceptions: BTreeMap<&str, &str> = include_str!("../../data/jsonata_suite_exceptions.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('\t').expect("an id and a reason"))
        .collect();
    let cases = suite["cases"].as_array().expect("cases");
    let mut wrong = Vec::new();
    let mut needless = Vec::new();
    let mut passed = 0;
    for case in cases {
        let id = case["id"].as_str().expect("an id");
        // One of the exceptions does not end by itself.
        let seconds = if exceptions.contains_key(id) { 1 } else { 60 };
        let answer = answer(case, &suite["datasets"], Duration::from_secs(seconds));
        match (passes(case, &answer), exceptions.get(id)) {
            (true, None) => passed += 1,
            (true, Some(_)) => needless.push(id),
            (false, None) => wrong.push(format!(
                "{id}: {} gives {answer:?}, not {}",
                case["expr"],
                case.get("result")
                    .or(case.get("code"))
                    .unwrap_or(&Value::Null)
            )),
            (false, Some(_)) => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(needless.is_empty(), "these pass: {needless:?}");
    assert_eq!(passed + exceptions.len(), cases.len());
}
