//! JSON values that many places share, and the bridge to JSONata's values.
//!
//! States hand their input on unchanged more often than not; a shared value costs nothing to pass, is converted to
//! JSONata's form at most once, and is measured at most once.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

use indexmap::IndexMap;
use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

/// A JSON value, cheap to clone.
#[derive(Clone)]
pub struct Data(Rc<Inner>);

struct Inner {
    /// Members that are shared with others: the value is their object.
    parts: Vec<(&'static str, Data)>,
    json: OnceCell<Value>,
    jsonata: OnceCell<JValue>,
    size: OnceCell<usize>,
}

impl Data {
    pub fn new(json: Value) -> Self {
        Self(Rc::new(Inner {
            parts: Vec::new(),
            json: OnceCell::from(json),
            jsonata: OnceCell::new(),
            size: OnceCell::new(),
        }))
    }

    /// An object of values that are not copied until somebody needs the whole.
    pub fn of_parts(parts: Vec<(&'static str, Data)>) -> Self {
        Self(Rc::new(Inner {
            parts,
            json: OnceCell::new(),
            jsonata: OnceCell::new(),
            size: OnceCell::new(),
        }))
    }

    pub fn json(&self) -> &Value {
        self.0.json.get_or_init(|| {
            let parts = self.0.parts.iter();
            let members = parts.map(|(name, part)| ((*name).to_owned(), part.json().clone()));
            Value::Object(members.collect())
        })
    }

    /// A member of a value that is made of parts.
    pub(super) fn part(&self, name: &str) -> Option<&Data> {
        self.0
            .parts
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, part)| part)
    }

    /// The value itself; copied only when others hold it too.
    pub fn into_json(self) -> Value {
        self.json();
        match Rc::try_unwrap(self.0) {
            Ok(inner) => inner.json.into_inner().unwrap_or_default(),
            Err(shared) => Data(shared).json().clone(),
        }
    }

    /// Bytes of its compact JSON text, which is what the service's limits count.
    pub fn size(&self) -> usize {
        *self.0.size.get_or_init(|| text_size(self.json()))
    }

    /// Compact JSON text.
    pub fn text(&self) -> String {
        self.json().to_string()
    }

    pub(super) fn jsonata(&self) -> JValue {
        let convert = || {
            if self.0.parts.is_empty() {
                return to_jsonata(self.json());
            }
            let parts = self.0.parts.iter();
            let members = parts.map(|(name, part)| ((*name).to_owned(), part.jsonata()));
            JValue::object(members.collect::<IndexMap<_, _>>())
        };
        self.0.jsonata.get_or_init(convert).clone()
    }
}

impl From<Value> for Data {
    fn from(json: Value) -> Self {
        Self::new(json)
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0) || self.json() == other.json()
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.json())
    }
}

/// A writer that counts.
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn text_size(json: &Value) -> usize {
    match json {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        _ => {
            let mut counter = Counter(0);
            // A counter takes every byte.
            let _ = serde_json::to_writer(&mut counter, json);
            counter.0
        }
    }
}

pub(super) fn to_jsonata(json: &Value) -> JValue {
    match json {
        Value::Null => JValue::Null,
        Value::Bool(value) => JValue::Bool(*value),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(to_jsonata).collect()),
        Value::Object(members) => JValue::object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), to_jsonata(value)))
                .collect::<IndexMap<_, _>>(),
        ),
    }
}

/// Why a value of JSONata is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    Function,
    TooDeep,
}

/// Values nest no deeper than this, so that walking and dropping them needs a bounded stack.
const MOST_NESTED: usize = 1000;

/// None for undefined; an undefined member or element is left out.
pub(super) fn from_jsonata(value: &JValue) -> Result<Option<Value>, Foreign> {
    convert(value, 0)
}

fn convert(value: &JValue, depth: usize) -> Result<Option<Value>, Foreign> {
    if depth > MOST_NESTED {
        return Err(Foreign::TooDeep);
    }
    Ok(Some(match value {
        JValue::Undefined => return Ok(None),
        JValue::Null => Value::Null,
        JValue::Bool(value) => Value::Bool(*value),
        JValue::Number(number) => number_of(*number),
        JValue::String(text) => Value::String(text.to_string()),
        JValue::Array(items) => {
            let mut converted = Vec::with_capacity(items.len());
            for item in items {
                converted.extend(convert(item, depth + 1)?);
            }
            Value::Array(converted)
        }
        JValue::Object(members) => {
            let mut converted = Map::with_capacity(members.len());
            for (name, member) in members.iter() {
                if let Some(member) = convert(member, depth + 1)? {
                    converted.insert(name.clone(), member);
                }
            }
            Value::Object(converted)
        }
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => {
            return Err(Foreign::Function);
        }
    }))
}

/// JSONata knows doubles only; a whole one is written without a point.
pub(super) fn number_of(number: f64) -> Value {
    /// The largest integer up to which doubles have no gaps.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
