//! What each intrinsic function does. The errors are the reasons that a cause gives.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use serde_json::{Map, Value};

use crate::simulate::digest;
use crate::simulate::jsonata::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Format,
    StringToJson,
    JsonToString,
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
}

/// Name, function, fewest and most arguments.
const ALL: [(&str, Function, usize, usize); 18] = [
    ("States.Format", Function::Format, 1, usize::MAX),
    ("States.StringToJson", Function::StringToJson, 1, 1),
    ("States.JsonToString", Function::JsonToString, 1, 1),
    ("States.Array", Function::Array, 0, usize::MAX),
    ("States.ArrayPartition", Function::ArrayPartition, 2, 2),
    ("States.ArrayContains", Function::ArrayContains, 2, 2),
    ("States.ArrayRange", Function::ArrayRange, 3, 3),
    ("States.ArrayGetItem", Function::ArrayGetItem, 2, 2),
    ("States.ArrayLength", Function::ArrayLength, 1, 1),
    ("States.ArrayUnique", Function::ArrayUnique, 1, 1),
    ("States.Base64Encode", Function::Base64Encode, 1, 1),
    ("States.Base64Decode", Function::Base64Decode, 1, 1),
    ("States.Hash", Function::Hash, 2, 2),
    ("States.JsonMerge", Function::JsonMerge, 3, 3),
    ("States.MathRandom", Function::MathRandom, 2, 3),
    ("States.MathAdd", Function::MathAdd, 2, 2),
    ("States.StringSplit", Function::StringSplit, 2, 2),
    ("States.UUID", Function::Uuid, 0, 0),
];

/// Marks a brace that a backslash stood before; no JSON text of people holds it.
pub(super) const ESCAPED: char = '\u{f8ff}';

/// Texts to encode, decode or hash are no longer than this (characters).
const LONGEST_TEXT: usize = 10_000;

/// Ranges have no more numbers than this.
const LONGEST_RANGE: i64 = 1000;

impl Function {
    pub fn find(name: &str) -> Option<Self> {
        ALL.iter()
            .find(|(known, ..)| *known == name)
            .map(|(_, function, ..)| *function)
    }

    pub fn check_count(self, count: usize) -> Result<(), String> {
        let row = ALL.iter().find(|(_, function, ..)| *function == self);
        match row {
            Some((name, _, least, most)) if !(*least..=*most).contains(&count) => {
                Err(format!("`{name}` does not take {count} arguments"))
            }
            _ => Ok(()),
        }
    }

    pub fn call(self, args: Vec<Value>, random: &Random) -> Result<Value, String> {
        let is_template = |at: usize| self == Self::Format && at == 0;
        let mut args = args.into_iter().enumerate().map(|(at, arg)| match arg {
            // Outside of a template a brace is a brace.
            Value::String(text) if !is_template(at) => Value::String(text.replace(ESCAPED, "")),
            other => other,
        });
        if self == Self::Array {
            return Ok(args.collect());
        }
        let first = args.next().unwrap_or(Value::Null);
        if self == Self::Format {
            return format_text(&first, args);
        }
        let mut next = || args.next().unwrap_or(Value::Null);
        Ok(match self {
            Self::Array | Self::Format => Value::Null,
            Self::StringToJson => {
                let text = text_of(&first)?;
                if text.trim().is_empty() {
                    return Ok(Value::Null);
                }
                serde_json::from_str(text).map_err(|error| format!("Invalid JSON: {error}"))?
            }
            Self::JsonToString => Value::String(first.to_string()),
            Self::ArrayPartition => {
                let size = whole(&next())?;
                let size = usize::try_from(size).ok().filter(|size| *size > 0);
                let size = size.ok_or("The chunk size must be a positive integer")?;
                list_of(&first)?
                    .chunks(size)
                    .map(|part| part.to_vec())
                    .map(Value::Array)
                    .collect()
            }
            Self::ArrayContains => Value::Bool(list_of(&first)?.contains(&next())),
            Self::ArrayRange => range(whole(&first)?, whole(&next())?, whole(&next())?)?,
            Self::ArrayGetItem => {
                let index = usize::try_from(whole(&next())?).ok();
                let item = index.and_then(|index| list_of(&first).ok()?.get(index).cloned());
                item.ok_or("The index is out of bounds")?
            }
            Self::ArrayLength => Value::from(list_of(&first)?.len()),
            Self::ArrayUnique => {
                let mut unique: Vec<Value> = Vec::new();
                for item in list_of(&first)? {
                    if !unique.contains(item) {
                        unique.push(item.clone());
                    }
                }
                Value::Array(unique)
            }
            Self::Base64Encode => Value::String(STANDARD.encode(short_text(&first)?)),
            Self::Base64Decode => {
                let bytes = STANDARD
                    .decode(short_text(&first)?)
                    .map_err(|e| e.to_string())?;
                Value::String(String::from_utf8_lossy(&bytes).into_owned())
            }
            Self::Hash => {
                let algorithm = next();
                let content = match &first {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                if content.chars().count() > LONGEST_TEXT {
                    return Err(too_long());
                }
                let digest = digest::hash(&content, text_of(&algorithm)?);
                Value::String(digest.ok_or_else(|| format!("There is no algorithm {algorithm}"))?)
            }
            Self::JsonMerge => {
                let second = next();
                if next() != Value::Bool(false) {
                    return Err("Deep merging is not supported".to_owned());
                }
                let mut merged = object_of(&first)?.clone();
                merged.extend(object_of(&second)?.clone());
                Value::Object(merged)
            }
            Self::MathRandom => {
                let (start, end) = (rounded(&first)?, rounded(&next())?);
                let seed = args.next().map(|seed| rounded(&seed)).transpose()?;
                // A range that holds nothing has only its start.
                let end = end.max(start + 1);
                Value::from(match seed {
                    Some(seed) => Rng::with_seed(seed as u64).i64(start..end),
                    None => random.borrow_mut().i64(start..end),
                })
            }
            Self::MathAdd => {
                let (one, other) = (rounded(&first)?, rounded(&next())?);
                Value::from(one.checked_add(other).ok_or("The sum is too large")?)
            }
            Self::StringSplit => {
                let separators = next();
                let separators = text_of(&separators)?;
                let parts = text_of(&first)?.split(|c| separators.contains(c));
                let parts = parts.filter(|part| !part.is_empty());
                parts.map(Value::from).collect()
            }
            Self::Uuid => Value::String(digest::uuid(&mut random.borrow_mut())),
        })
    }
}

fn format_text(template: &Value, mut args: impl Iterator<Item = Value>) -> Result<Value, String> {
    let mut text = String::new();
    let mut rest = text_of(template)?.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ESCAPED => text.extend(rest.next()),
            '{' if rest.peek() == Some(&'}') => {
                rest.next();
                match args.next() {
                    Some(Value::String(arg)) => text.push_str(&arg),
                    Some(arg) => text.push_str(&arg.to_string()),
                    None => return Err("There are more `{}` than arguments".to_owned()),
                }
            }
            '{' | '}' => return Err("A brace that is none of `{}` needs a backslash".to_owned()),
            c => text.push(c),
        }
    }
    if args.next().is_some() {
        return Err("There are more arguments than `{}`".to_owned());
    }
    Ok(Value::String(text))
}

fn range(first: i64, last: i64, step: i64) -> Result<Value, String> {
    if step == 0 {
        return Err("The step must not be zero".to_owned());
    }
    let count = (i128::from(last) - i128::from(first)).div_euclid(i128::from(step)) + 1;
    if count > i128::from(LONGEST_RANGE) {
        return Err(format!("A range has no more than {LONGEST_RANGE} numbers"));
    }
    let within = |n: &i64| if step > 0 { *n <= last } else { *n >= last };
    let numbers = (0..=LONGEST_RANGE).map_while(|n| first.checked_add(n.checked_mul(step)?));
    Ok(numbers.take_while(within).map(Value::from).collect())
}

fn text_of(value: &Value) -> Result<&str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("{value} is no string"))
}

fn too_long() -> String {
    format!("The text is longer than {LONGEST_TEXT} characters")
}

fn short_text(value: &Value) -> Result<&str, String> {
    let text = text_of(value)?;
    if text.chars().count() > LONGEST_TEXT {
        Err(too_long())
    } else {
        Ok(text)
    }
}

fn list_of(value: &Value) -> Result<&Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| format!("{value} is no array"))
}

fn object_of(value: &Value) -> Result<&Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{value} is no object"))
}

fn whole(value: &Value) -> Result<i64, String> {
    rounded(value)
}

/// To the nearest whole number, halves up.
fn rounded(value: &Value) -> Result<i64, String> {
    match value.as_i64() {
        Some(number) => Ok(number),
        None => match value.as_f64() {
            Some(number) => Ok((number + 0.5).floor() as i64),
            None => Err(format!("{value} is no number")),
        },
    }
}
