//! A second reading of definitions, beside the simulator's: one body after another, so that the order of calls is that of
//! the text, which made-up programs are held to.
//!
//! As the service does it: Assign and Output see what was there before the state; a catcher's fields replace the state's;
//! names cannot be shadowed; a distributed child sees nothing of outside; the clock only moves in Wait.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::{Map, Value, json};

#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub error: String,
    pub cause: String,
}

/// One call of a Task.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    pub state: String,
    pub arguments: Value,
}

type Answer = Result<Value, Failure>;

/// What a Task answers, by its name and its arguments.
type Answering = dyn FnMut(&str, &Value) -> Answer;

pub struct Machine {
    definition: Value,
    answering: Option<Box<Answering>>,
    datasets: BTreeMap<String, Vec<Value>>,
    /// In order.
    pub calls: Vec<Called>,
    /// Every state entered, in order.
    pub entered: Vec<String>,
    /// Milliseconds.
    clock: Rc<Cell<f64>>,
    input: Value,
}

struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    variables: Map<String, Value>,
}

impl Scope<'_> {
    fn visible(&self) -> Map<String, Value> {
        let mut all = self.outer.map(Scope::visible).unwrap_or_default();
        for (name, value) in &self.variables {
            assert!(
                !all.contains_key(name),
                "`{name}` is assigned in an outer scope"
            );
            all.insert(name.clone(), value.clone());
        }
        all
    }
}

pub fn fails(error: &str, cause: &str) -> Answer {
    Err(Failure {
        error: error.to_owned(),
        cause: cause.to_owned(),
    })
}

impl Machine {
    pub fn new(definition: &impl serde::Serialize) -> Self {
        let definition = serde_json::to_value(definition).expect("a definition is JSON");
        check(&definition);
        Self {
            definition,
            answering: None,
            datasets: BTreeMap::new(),
            calls: Vec::new(),
            entered: Vec::new(),
            clock: Rc::new(Cell::new(1_700_000_000_000.0)),
            input: Value::Null,
        }
    }

    /// Answers of all Tasks.
    pub fn answering(mut self, answering: impl FnMut(&str, &Value) -> Answer + 'static) -> Self {
        self.answering = Some(Box::new(answering));
        self
    }

    pub fn run(&mut self, input: Value) -> Answer {
        self.input = input.clone();
        let definition = self.definition.clone();
        let mut scope = Scope {
            outer: None,
            variables: Map::new(),
        };
        let id = json!("arn:execution:parent");
        self.flow(&definition, input, &mut scope, &id)
    }

    fn flow(&mut self, flow: &Value, input: Value, scope: &mut Scope<'_>, id: &Value) -> Answer {
        let mut name = flow["StartAt"].as_str().expect("StartAt").to_owned();
        let mut input = input;
        loop {
            assert!(self.entered.len() < 20_000, "this does not end");
            self.entered.push(name.clone());
            let state = &flow["States"][&name];
            assert!(state.is_object(), "there is no state `{name}`");
            match self.state(&name, state, input, scope, id)? {
                Step::Next(next, output) => {
                    name = next;
                    input = output;
                }
                Step::End(output) => return Ok(output),
            }
        }
    }

    fn state(
        &mut self,
        name: &str,
        state: &Value,
        input: Value,
        scope: &mut Scope<'_>,
        id: &Value,
    ) -> Result<Step, Failure> {
        let mut states = json!({
            "input": input,
            "context": {
                "Execution": { "Id": id, "Input": self.input, "Name": "run", "StartTime": "2026-01-01T00:00:00Z" },
                "State": { "Name": name, "RetryCount": 0 },
                "StateMachine": { "Id": "arn:machine", "Name": "machine" },
                "Task": { "Token": "token" },
            },
        });
        match state["Type"].as_str().expect("Type") {
            "Pass" => self.leave(state, states.clone(), input, scope),
            "Succeed" => Ok(Step::End(self.output(state, &states, input, scope)?)),
            "Fail" => {
                let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
                Err(Failure {
                    error: text(self.evaluate(&state["Error"], &states, scope)?),
                    cause: text(self.evaluate(&state["Cause"], &states, scope)?),
                })
            }
            "Wait" => {
                if let Some(seconds) = state.get("Seconds") {
                    let seconds = self.evaluate(seconds, &states, scope)?;
                    let seconds = seconds.as_f64().expect("Seconds is a number");
                    assert_eq!(seconds.fract(), 0.0, "whole seconds");
                    self.clock.set(self.clock.get() + seconds * 1000.0);
                } else {
                    let at = self.evaluate(&state["Timestamp"], &states, scope)?;
                    assert!(at.is_string(), "Timestamp is a string");
                }
                self.leave(state, states.clone(), input, scope)
            }
            "Choice" => {
                for rule in state["Choices"].as_array().expect("Choices") {
                    match self.evaluate(&rule["Condition"], &states, scope)? {
                        Value::Bool(true) => return self.leave(rule, states, input, scope),
                        Value::Bool(false) => {}
                        other => return Err(evaluation(&format!("{other} is no boolean"))),
                    }
                }
                assert!(
                    state.get("Default").is_some(),
                    "no choice of `{name}` matched"
                );
                self.leave(state, states, input, scope)
            }
            kind => {
                let mut attempts: Vec<u64> = Vec::new();
                loop {
                    let attempt = match kind {
                        "Task" => self.task(name, state, &states, scope),
                        "Map" => self.map(name, state, &states, scope, id),
                        "Parallel" => self.parallel(state, &states, scope, id),
                        other => panic!("no state is of type {other}"),
                    };
                    let left = attempt.and_then(|result| {
                        let mut states = states.clone();
                        states["result"] = result.clone();
                        self.leave(state, states, result, scope)
                    });
                    let failure = match left {
                        Ok(step) => return Ok(step),
                        Err(failure) => failure,
                    };
                    let no_rules = Vec::new();
                    let retry = state["Retry"].as_array().unwrap_or(&no_rules);
                    attempts.resize(retry.len(), 0);
                    let rule = retry.iter().position(|rule| matches(rule, &failure));
                    if let Some(n) = rule
                        && attempts[n] < retry[n]["MaxAttempts"].as_u64().unwrap_or(3)
                    {
                        attempts[n] += 1;
                        continue;
                    }
                    let catch = state["Catch"].as_array().unwrap_or(&no_rules);
                    let Some(rule) = catch.iter().find(|rule| matches(rule, &failure)) else {
                        return Err(failure);
                    };
                    let output = json!({ "Error": failure.error, "Cause": failure.cause });
                    states["errorOutput"] = output.clone();
                    return self.leave(rule, states, output, scope);
                }
            }
        }
    }

    /// Assign, Output and Next of a state, a rule or a catcher.
    fn leave(
        &self,
        fields: &Value,
        states: Value,
        default: Value,
        scope: &mut Scope<'_>,
    ) -> Result<Step, Failure> {
        let mut assigned = Map::new();
        if let Some(assign) = fields["Assign"].as_object() {
            for (name, value) in assign {
                assigned.insert(name.clone(), self.evaluate(value, &states, scope)?);
            }
        }
        let output = self.output(fields, &states, default, scope)?;
        scope.variables.extend(assigned);
        let next = fields.get("Next").or_else(|| fields.get("Default"));
        Ok(match next.and_then(Value::as_str) {
            Some(next) => Step::Next(next.to_owned(), output),
            None => {
                assert_eq!(fields["End"], json!(true), "neither Next nor End: {fields}");
                Step::End(output)
            }
        })
    }

    fn output(&self, fields: &Value, states: &Value, default: Value, scope: &Scope<'_>) -> Answer {
        match fields.get("Output") {
            Some(output) => self.evaluate(output, states, scope),
            None => Ok(default),
        }
    }

    fn task(&mut self, name: &str, state: &Value, states: &Value, scope: &Scope<'_>) -> Answer {
        let arguments = match state.get("Arguments") {
            Some(arguments) => self.evaluate(arguments, states, scope)?,
            None => states["input"].clone(),
        };
        for field in ["TimeoutSeconds", "HeartbeatSeconds"] {
            if let Some(seconds) = state.get(field) {
                self.evaluate(seconds, states, scope)?;
            }
        }
        let answer = self
            .answering
            .as_mut()
            .map_or(Ok(json!({})), |answering| answering(name, &arguments));
        self.calls.push(Called {
            state: name.to_owned(),
            arguments,
        });
        answer
    }

    fn parallel(&mut self, state: &Value, states: &Value, scope: &Scope<'_>, id: &Value) -> Answer {
        let mut outputs = Vec::new();
        for branch in state["Branches"].as_array().expect("Branches") {
            let mut inner = Scope {
                outer: Some(scope),
                variables: Map::new(),
            };
            outputs.push(self.flow(branch, states["input"].clone(), &mut inner, id)?);
        }
        Ok(Value::Array(outputs))
    }

    fn map(
        &mut self,
        name: &str,
        state: &Value,
        states: &Value,
        scope: &Scope<'_>,
        id: &Value,
    ) -> Answer {
        let processor = &state["ItemProcessor"];
        let distributed = processor["ProcessorConfig"]["Mode"] == "DISTRIBUTED";
        let items = match (state.get("Items"), state.get("ItemReader")) {
            (Some(items), _) => self.evaluate(items, states, scope)?,
            (None, Some(reader)) => {
                self.evaluate(&reader["Arguments"], states, scope)?;
                json!(self.datasets.get(name).cloned().unwrap_or_default())
            }
            (None, None) => states["input"].clone(),
        };
        let Value::Array(items) = items else {
            return Err(evaluation(&format!(
                "Items of `{name}` is no array: {items}"
            )));
        };
        let mut inputs = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let input = match state.get("ItemSelector") {
                None => item,
                Some(selector) => {
                    let mut states = states.clone();
                    states["context"]["Map"] = json!({ "Item": { "Index": index, "Value": item } });
                    self.evaluate(selector, &states, scope)?
                }
            };
            inputs.push(input);
        }
        if let Some(batcher) = state.get("ItemBatcher") {
            let size = match batcher.get("MaxItemsPerBatch") {
                Some(size) => self
                    .evaluate(size, states, scope)?
                    .as_u64()
                    .expect("a size"),
                None => 2,
            };
            let more = match batcher.get("BatchInput") {
                Some(more) => Some(self.evaluate(more, states, scope)?),
                None => None,
            };
            inputs = inputs
                .chunks(size as usize)
                .map(|batch| {
                    let mut input = json!({ "Items": batch });
                    if let Some(more) = &more {
                        input["BatchInput"] = more.clone();
                    }
                    input
                })
                .collect();
        }
        let mut outputs = Vec::new();
        for (n, input) in inputs.into_iter().enumerate() {
            let mut inner = Scope {
                outer: (!distributed).then_some(scope),
                variables: Map::new(),
            };
            let child = json!(format!("arn:execution:child:{n}"));
            let id = if distributed { &child } else { id };
            match self.flow(processor, input, &mut inner, id) {
                Ok(output) => outputs.push(output),
                Err(_) if distributed => {
                    return fails("States.ExceedToleratedFailureThreshold", "too many");
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(Value::Array(outputs))
    }

    fn evaluate(&self, template: &Value, states: &Value, scope: &Scope<'_>) -> Answer {
        match template {
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| Ok((key.clone(), self.evaluate(value, states, scope)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            Value::Array(items) => items
                .iter()
                .map(|item| self.evaluate(item, states, scope))
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            Value::String(text) => {
                let source = text
                    .strip_prefix("{%")
                    .and_then(|text| text.strip_suffix("%}"));
                match source {
                    Some(source) => self.expression(source, states, scope),
                    None => Ok(template.clone()),
                }
            }
            other => Ok(other.clone()),
        }
    }

    fn expression(&self, source: &str, states: &Value, scope: &Scope<'_>) -> Answer {
        let ast = parser::parse(source)
            .unwrap_or_else(|error| panic!("`{source}` is no JSONata: {error:?}"));
        let mut context = Context::new();
        for (name, value) in scope.visible() {
            context.bind(name, value_in(&value));
        }
        context.bind("states".to_owned(), value_in(states));
        let mut evaluator = Evaluator::with_context(context);
        let clock = Rc::clone(&self.clock);
        let registered = [
            evaluator
                .register_fn_override("millis", move |_: &[JValue]| Ok(JValue::from(clock.get()))),
            evaluator.register_fn("uuid", |_: &[JValue]| Ok(JValue::from("uuid"))),
            evaluator.register_fn("parse", |args: &[JValue]| {
                let text = args.first().and_then(|arg| arg.as_str()).unwrap_or("");
                JValue::from_json_str(text)
                    .map_err(|_| EvaluatorError::EvaluationError("not JSON".to_owned()))
            }),
        ];
        assert!(registered.iter().all(Result::is_ok));
        match evaluator.evaluate(&ast, &JValue::Null) {
            Ok(value) if value.is_undefined() => {
                Err(evaluation(&format!("`{source}` returned nothing")))
            }
            Ok(value) => {
                let text = value.to_json_string().expect("a result is JSON");
                Ok(serde_json::from_str(&text).expect("JSON"))
            }
            Err(error) => Err(evaluation(&format!("`{source}`: {error:?}"))),
        }
    }
}

enum Step {
    Next(String, Value),
    End(Value),
}

fn value_in(value: &Value) -> JValue {
    JValue::from_json_str(&value.to_string()).expect("JSON")
}

fn evaluation(cause: &str) -> Failure {
    Failure {
        error: "States.QueryEvaluationError".to_owned(),
        cause: cause.to_owned(),
    }
}

fn matches(rule: &Value, failure: &Failure) -> bool {
    let names = rule["ErrorEquals"].as_array().expect("ErrorEquals");
    names.iter().any(|name| {
        name == &json!(failure.error)
            || (name == "States.ALL" && failure.error != "States.Runtime")
            || (name == "States.TaskFailed"
                && failure.error != "States.Timeout"
                && !failure.error.starts_with("States.Query"))
    })
}

/// What the service refuses at creation, as far as lowering could get it wrong.
fn check(definition: &Value) {
    check_flow(definition, &[], &mut Vec::new());
}

fn check_flow(flow: &Value, outer: &[String], names: &mut Vec<String>) {
    let states = flow["States"].as_object().expect("States");
    let mut own = Vec::new();
    let mut reached = vec![flow["StartAt"].as_str().expect("StartAt").to_owned()];
    for (name, state) in states {
        assert!(!names.contains(name), "two states are called `{name}`");
        assert!(name.chars().count() <= 80, "`{name}` is too long");
        names.push(name.clone());
        let rules = ["Catch", "Choices"].map(|key| state[key].as_array().into_iter().flatten());
        for fields in std::iter::once(state).chain(rules.into_iter().flatten()) {
            for key in ["Next", "Default"] {
                reached.extend(fields.get(key).map(|next| {
                    let next = next.as_str().expect("a name");
                    assert!(states.contains_key(next), "`{name}` leads to `{next}`");
                    next.to_owned()
                }));
            }
            for variable in fields["Assign"].as_object().into_iter().flat_map(Map::keys) {
                assert!(!outer.contains(variable), "`{variable}` shadows");
                own.push(variable.clone());
            }
        }
        if state["Type"] == "Choice" {
            assert!(state["Choices"].as_array().is_some_and(|c| !c.is_empty()));
        }
    }
    assert!(reached.iter().all(|name| states.contains_key(name)));
    for name in states.keys() {
        assert!(reached.contains(name), "nothing leads to `{name}`");
    }
    let mut outer = outer.to_vec();
    outer.extend(own);
    for state in states.values() {
        let branches = state["Branches"].as_array().into_iter().flatten();
        for inner in branches.chain(state.get("ItemProcessor")) {
            check_flow(inner, &outer, names);
        }
    }
}
