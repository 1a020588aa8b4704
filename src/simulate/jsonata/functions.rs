//! The functions that Step Functions adds, and those whose answer the virtual world decides.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

use fastrand::Rng;
use jsonata_core::evaluator::{Evaluator, EvaluatorError, HostFnResult};
use jsonata_core::value::JValue;
use serde_json::Value;

use super::super::data::to_jsonata;
use super::Environment;
use crate::simulate::digest;

/// A list longer than this is a mistake, and would take the memory of the machine.
const LONGEST_RANGE: f64 = 1_000_000.0;

pub(super) fn register(evaluator: &mut Evaluator, name: &str, environment: &dyn Environment) {
    let registered = match name {
        "partition" => evaluator.register_fn(name, partition),
        "range" => evaluator.register_fn(name, range),
        "hash" => evaluator.register_fn(name, hash),
        "parse" => evaluator.register_fn(name, parse),
        "eval" => evaluator.register_fn_override(name, no_function),
        "millis" => {
            let now = environment.now();
            evaluator
                .register_fn_override(name, move |_: &[JValue]| Ok(JValue::from_f64(now as f64)))
        }
        "random" => {
            let random = environment.random();
            evaluator.register_fn_override(name, move |args: &[JValue]| {
                let number = match args.first() {
                    None | Some(JValue::Undefined) => random.borrow_mut().f64(),
                    Some(seed) => {
                        let seed = integer("random", 1, seed)?;
                        Rng::with_seed(seed.to_bits()).f64()
                    }
                };
                Ok(JValue::from_f64(number))
            })
        }
        "uuid" => {
            let random = environment.random();
            evaluator.register_fn(name, move |_: &[JValue]| {
                let id = digest::uuid(&mut random.borrow_mut());
                Ok(JValue::string(id))
            })
        }
        "shuffle" => {
            let random = environment.random();
            evaluator.register_fn_override(name, move |args: &[JValue]| match args {
                [] | [JValue::Undefined, ..] => Ok(JValue::Undefined),
                [JValue::Array(items), ..] => {
                    let mut items = items.to_vec();
                    random.borrow_mut().shuffle(&mut items);
                    Ok(JValue::array(items))
                }
                [other, ..] => Ok(JValue::array(vec![other.clone()])),
            })
        }
        _ => Ok(()),
    };
    // The names above are no others than those that may be registered so.
    debug_assert!(registered.is_ok(), "`{name}` cannot be registered");
}

fn wrong_argument(function: &str, place: usize) -> EvaluatorError {
    EvaluatorError::TypeError(format!(
        "T0410: Argument {place} of function \"{function}\" does not match function signature"
    ))
}

/// Whole parameters are rounded down.
fn integer(function: &str, place: usize, value: &JValue) -> Result<f64, EvaluatorError> {
    match value.as_f64() {
        Some(number) => Ok(number.floor()),
        None => Err(wrong_argument(function, place)),
    }
}

fn text<'a>(
    function: &str,
    place: usize,
    args: &'a [JValue],
) -> Result<Option<&'a str>, EvaluatorError> {
    match args.get(place - 1) {
        None | Some(JValue::Undefined) => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text)),
            None => Err(wrong_argument(function, place)),
        },
    }
}

fn no_function(_: &[JValue]) -> HostFnResult {
    Err(EvaluatorError::ReferenceError(
        "T1006: Attempted to invoke a non-function".to_owned(),
    ))
}

/// `$partition(array, size)`
fn partition(args: &[JValue]) -> HostFnResult {
    let items = match args.first() {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(JValue::Array(items)) => items.to_vec(),
        Some(other) => vec![other.clone()],
    };
    let size = match args.get(1) {
        None | Some(JValue::Undefined) => return Err(wrong_argument("partition", 2)),
        Some(size) => integer("partition", 2, size)?,
    };
    if size < 1.0 {
        return Err(wrong_argument("partition", 2));
    }
    let parts = items.chunks(size.min(items.len().max(1) as f64) as usize);
    let parts = parts.map(|part| JValue::array(part.to_vec())).collect();
    Ok(JValue::array(parts))
}

/// `$range(first, last, step)`, the last included when it is hit; a sequence, so one number stands alone.
fn range(args: &[JValue]) -> HostFnResult {
    let number = |place: usize| match args.get(place - 1) {
        None | Some(JValue::Undefined) => Ok(None),
        Some(value) => integer("range", place, value).map(Some),
    };
    let (Some(first), Some(last), Some(step)) = (number(1)?, number(2)?, number(3)?) else {
        return Ok(JValue::Undefined);
    };
    if step == 0.0 {
        return Err(wrong_argument("range", 3));
    }
    let count = ((last - first) / step).floor() + 1.0;
    if count > LONGEST_RANGE {
        return Err(EvaluatorError::EvaluationError(format!(
            "D2014: The size of the sequence allocated by the range must not exceed 1e6. Attempted to allocate {count}"
        )));
    }
    let numbers = (0..count.max(0.0) as u64).map(|n| JValue::from_f64(first + n as f64 * step));
    let numbers: Vec<JValue> = numbers.collect();
    // An empty list is a list; a sequence without items would be nothing.
    if numbers.is_empty() {
        return Ok(JValue::array(numbers));
    }
    Ok(JValue::sequence(numbers).unwrap_sequence())
}

/// `$hash(text, algorithm)`
fn hash(args: &[JValue]) -> HostFnResult {
    let Some(content) = text("hash", 1, args)? else {
        return Ok(JValue::Undefined);
    };
    let algorithm = text("hash", 2, args)?.ok_or_else(|| wrong_argument("hash", 2))?;
    match digest::hash(content, algorithm) {
        Some(digest) => Ok(JValue::string(digest)),
        None => Err(wrong_argument("hash", 2)),
    }
}

/// `$parse(text)`
fn parse(args: &[JValue]) -> HostFnResult {
    let Some(content) = text("parse", 1, args)? else {
        return Ok(JValue::Undefined);
    };
    match serde_json::from_str::<Value>(content) {
        Ok(value) => Ok(to_jsonata(&value)),
        Err(error) => Err(EvaluatorError::EvaluationError(format!(
            "D3120: Syntax error in expression passed to function parse: {error}"
        ))),
    }
}
