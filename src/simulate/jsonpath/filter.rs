//! The conditions of `[?(…)]`.

use std::cmp::Ordering;
use std::rc::Rc;

use regex::Regex;
use serde_json::Value;

use super::Step;
use super::parse::{Cursor, comma, steps};

/// A condition on one element.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    /// Something is there.
    Exists(Operand),
    Compare(Operand, Operator, Operand),
    Matches(Operand, Rc<Regex>),
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// `@…`
    Element(Vec<Step>),
    /// `$…`
    Root(Vec<Step>),
    Literal(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    Size,
    Empty,
    Contains,
}

const OPERATORS: [(&str, Operator); 14] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessEqual),
    (">=", Operator::GreaterEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
    ("contains", Operator::Contains),
];

/// Conditions nest no deeper than this.
const MOST_NESTED: usize = 50;

impl Filter {
    pub fn parse(cursor: &mut Cursor) -> Result<Self, String> {
        any(cursor, 0)
    }

    pub fn holds(&self, element: &Value, root: &Value) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(|part| part.holds(element, root)),
            Self::And(parts) => parts.iter().all(|part| part.holds(element, root)),
            Self::Not(inner) => !inner.holds(element, root),
            Self::Exists(operand) => operand.value(element, root).is_some(),
            Self::Compare(left, operator, right) => {
                let left = left.value(element, root);
                let right = right.value(element, root);
                operator.holds(left.as_ref(), right.as_ref())
            }
            Self::Matches(operand, pattern) => {
                let value = operand.value(element, root);
                value.is_some_and(|value| value.as_str().is_some_and(|text| pattern.is_match(text)))
            }
        }
    }
}

fn any(cursor: &mut Cursor, depth: usize) -> Result<Filter, String> {
    let mut parts = vec![all(cursor, depth)?];
    while next_is(cursor, "||") {
        parts.push(all(cursor, depth)?);
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => Filter::Or(parts),
    })
}

fn all(cursor: &mut Cursor, depth: usize) -> Result<Filter, String> {
    let mut parts = vec![single(cursor, depth)?];
    while next_is(cursor, "&&") {
        parts.push(single(cursor, depth)?);
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => Filter::And(parts),
    })
}

fn next_is(cursor: &mut Cursor, token: &str) -> bool {
    cursor.skip_blanks();
    cursor.take(token)
}

fn single(cursor: &mut Cursor, depth: usize) -> Result<Filter, String> {
    if depth > MOST_NESTED {
        return Err("the filter is nested too deeply".to_owned());
    }
    cursor.skip_blanks();
    if cursor.take("!") {
        return Ok(Filter::Not(Box::new(single(cursor, depth + 1)?)));
    }
    if cursor.take("(") {
        let inner = any(cursor, depth + 1)?;
        cursor.skip_blanks();
        cursor.expect(")")?;
        return Ok(inner);
    }
    let left = operand(cursor)?;
    cursor.skip_blanks();
    if cursor.take("=~") {
        cursor.skip_blanks();
        return Ok(Filter::Matches(left, Rc::new(pattern(cursor)?)));
    }
    let operator = OPERATORS.iter().find(|(token, _)| {
        let word = token.starts_with(char::is_alphabetic);
        cursor
            .rest()
            .strip_prefix(token)
            .is_some_and(|rest| !word || !rest.starts_with(char::is_alphanumeric))
    });
    let Some((token, operator)) = operator else {
        return Ok(Filter::Exists(left));
    };
    cursor.take(token);
    cursor.skip_blanks();
    Ok(Filter::Compare(left, *operator, operand(cursor)?))
}

fn operand(cursor: &mut Cursor) -> Result<Operand, String> {
    if cursor.take("@") {
        return steps(cursor).map(Operand::Element);
    }
    if cursor.take("$") {
        return steps(cursor).map(Operand::Root);
    }
    literal(cursor).map(Operand::Literal)
}

fn literal(cursor: &mut Cursor) -> Result<Value, String> {
    match cursor.peek() {
        Some('\'' | '"') => cursor.quoted().map(Value::String),
        Some('[') => {
            cursor.take("[");
            let mut items = Vec::new();
            cursor.skip_blanks();
            while cursor.peek() != Some(']') {
                items.push(literal(cursor)?);
                if !comma(cursor) {
                    break;
                }
            }
            cursor.expect("]")?;
            Ok(Value::Array(items))
        }
        _ => {
            let word =
                cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '+' | '.' | '_'));
            match serde_json::from_str(word) {
                Ok(value) => Ok(value),
                // Published definitions compare with words that lack their quotes.
                Err(_) if word.starts_with(char::is_alphabetic) => {
                    Ok(Value::String(word.to_owned()))
                }
                Err(_) => Err(format!("`{word}` is no value")),
            }
        }
    }
}

/// `/…/flags`
fn pattern(cursor: &mut Cursor) -> Result<Regex, String> {
    cursor.expect("/")?;
    let mut escaped = false;
    let rest = cursor.rest();
    let end = rest.find(|c| {
        let ends = c == '/' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let source = &rest[..end.ok_or("a pattern is not closed")?];
    cursor.take(source);
    cursor.expect("/")?;
    let flags = cursor.take_while(char::is_alphabetic);
    let flags: String = flags.chars().filter(|c| "imsx".contains(*c)).collect();
    let flags = if flags.is_empty() {
        flags
    } else {
        format!("(?{flags})")
    };
    // A pattern matches the whole text.
    let source = source.replace("\\/", "/");
    Regex::new(&format!("{flags}^(?:{source})$")).map_err(|error| error.to_string())
}

impl Operand {
    fn value(&self, element: &Value, root: &Value) -> Option<Value> {
        let (steps, start) = match self {
            Self::Literal(value) => return Some(value.clone()),
            Self::Element(steps) => (steps, element),
            Self::Root(steps) => (steps, root),
        };
        let path = super::Path {
            text: String::new(),
            root: super::Root::Input,
            steps: steps.clone(),
        };
        path.select(start).ok()
    }
}

impl Operator {
    fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        match self {
            Self::Equal => equal(left, right),
            Self::NotEqual => !equal(left, right),
            Self::Less => order(left, right) == Some(Ordering::Less),
            Self::LessEqual => matches!(order(left, right), Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order(left, right) == Some(Ordering::Greater),
            Self::GreaterEqual => {
                matches!(
                    order(left, right),
                    Some(Ordering::Greater | Ordering::Equal)
                )
            }
            Self::In => contains(right, left),
            Self::NotIn => !contains(right, left),
            Self::SubsetOf => {
                items(left).is_some_and(|all| all.iter().all(|item| contains(right, Some(item))))
            }
            Self::AnyOf => {
                items(left).is_some_and(|all| all.iter().any(|item| contains(right, Some(item))))
            }
            Self::NoneOf => {
                items(left).is_some_and(|all| !all.iter().any(|item| contains(right, Some(item))))
            }
            Self::Size => size(left).is_some() && size(left) == right.and_then(Value::as_u64),
            Self::Empty => size(left).map(|size| size == 0) == right.and_then(Value::as_bool),
            Self::Contains => match (left, right) {
                (Some(Value::String(text)), Some(Value::String(part))) => text.contains(part),
                _ => contains(left, right),
            },
        }
    }
}

fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn items(value: Option<&Value>) -> Option<&Vec<Value>> {
    value.and_then(Value::as_array)
}

fn contains(list: Option<&Value>, item: Option<&Value>) -> bool {
    items(list).is_some_and(|all| all.iter().any(|one| equal(Some(one), item)))
}

fn size(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Array(items) => Some(items.len() as u64),
        Value::String(text) => Some(text.chars().count() as u64),
        _ => None,
    }
}
