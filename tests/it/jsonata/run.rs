//! Runs emitted JSONata, with an evaluator that others wrote.

use flowc::backend::asl::jsonata::{Atom, AttributeSpelling, Environment};
use flowc::ir::{Deploy, VariableId};
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::value::JValue;
use serde_json::{Map, Value};

/// A variable of a machine: under a name of its own, or a member of the input that may be missing.
#[derive(Clone, Debug)]
pub struct Known {
    pub name: String,
    /// It is read from the state's input, where null is left out.
    pub input: bool,
    pub value: Value,
}

#[derive(Clone, Debug, Default)]
pub struct World {
    pub variables: Vec<Known>,
    pub sdk: bool,
}

impl Environment for World {
    fn variable(&self, id: VariableId) -> Atom {
        let known = &self.variables[id.0 as usize];
        if known.input {
            Atom {
                text: format!("$states.input.{}", known.name),
                missing: true,
            }
        } else {
            Atom::new(format!("${}", known.name))
        }
    }

    fn deploy(&mut self, deploy: &Deploy) -> String {
        match deploy {
            Deploy::Param(id) => format!("p{}", id.0),
            Deploy::Resource(id, _) => format!("r{}", id.0),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    fn attributes(&self) -> AttributeSpelling {
        if self.sdk {
            AttributeSpelling::Sdk
        } else {
            AttributeSpelling::Api
        }
    }
}

/// The value of an expression; None when there is none.
pub fn evaluate(source: &str, world: &World) -> Result<Option<Value>, String> {
    let tree = jsonata_core::parser::parse(source).map_err(|e| format!("{source}: {e}"))?;
    let mut context = Context::new();
    let mut input = Map::new();
    for known in &world.variables {
        if !known.input {
            context.bind(known.name.clone(), to_jsonata(&known.value));
        } else if !known.value.is_null() {
            input.insert(known.name.clone(), known.value.clone());
        }
    }
    let states = serde_json::json!({ "input": input });
    context.bind("states".to_owned(), to_jsonata(&states));
    let mut evaluator = Evaluator::with_context(context);
    register(&mut evaluator);
    let value = evaluator
        .evaluate(&tree, &JValue::Undefined)
        .map_err(|e| e.to_string())?;
    Ok(from_jsonata(&value))
}

/// The value of a field: every `{% … %}` in it evaluated.
pub fn evaluate_template(template: &Value, world: &World) -> Result<Value, String> {
    match template {
        Value::String(text) => match text.strip_prefix("{% ").and_then(|t| t.strip_suffix(" %}")) {
            Some(source) => evaluate(source, world)?.ok_or_else(|| format!("{source}: nothing")),
            None => Ok(template.clone()),
        },
        Value::Array(items) => items
            .iter()
            .map(|item| evaluate_template(item, world))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| Ok((key.clone(), evaluate_template(value, world)?)))
            .collect::<Result<Map<_, _>, String>>()
            .map(Value::Object),
        other => Ok(other.clone()),
    }
}

pub fn to_jsonata(value: &Value) -> JValue {
    JValue::from_json_str(&value.to_string()).expect("JSON is a value of JSONata")
}

fn from_jsonata(value: &JValue) -> Option<Value> {
    if value.is_undefined() {
        return None;
    }
    let text = value.to_json_string().expect("a value is JSON");
    Some(serde_json::from_str(&text).expect("a value is JSON"))
}

/// What Step Functions adds.
fn register(evaluator: &mut Evaluator) {
    let list =
        |items: Vec<JValue>| Ok::<_, EvaluatorError>(JValue::sequence(items).unwrap_sequence());
    evaluator
        .register_fn("range", move |args: &[JValue]| {
            let number = |at: usize| args.get(at).and_then(JValue::as_f64).unwrap_or(0.0);
            let (first, last, step) = (number(0), number(1), number(2));
            let mut items = Vec::new();
            let mut next = first;
            while step != 0.0
                && (if step > 0.0 {
                    next <= last
                } else {
                    next >= last
                })
            {
                items.push(JValue::from_f64(next));
                next += step;
            }
            list(items)
        })
        .expect("a name of its own");
    evaluator
        .register_fn("partition", |args: &[JValue]| {
            let items = args
                .first()
                .and_then(JValue::as_array)
                .cloned()
                .unwrap_or_default();
            let size = args.get(1).and_then(JValue::as_i64).unwrap_or(1).max(1) as usize;
            let parts = items.chunks(size).map(|part| JValue::array(part.to_vec()));
            Ok(JValue::array(parts.collect()))
        })
        .expect("a name of its own");
}
