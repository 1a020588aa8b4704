//! The rules of JSONPath's Choice states.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::clock::Moment;
use super::failure::Trouble;
use super::jsonpath::Path;
use super::scene::Scene;

/// A condition on the state's input.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Is(Path, Kind, bool),
    Compare {
        variable: Path,
        kind: Comparable,
        relation: Relation,
        operand: Operand,
    },
    /// `*` stands for any text; a backslash makes it a star.
    Matches(Path, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Present,
    Numeric,
    String,
    Boolean,
    Timestamp,
}

/// What is compared; anything else on either side makes the condition false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparable {
    String,
    Numeric,
    Boolean,
    Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Constant(Value),
    Path(Path),
}

const KINDS: [(&str, Kind); 6] = [
    ("IsNull", Kind::Null),
    ("IsPresent", Kind::Present),
    ("IsNumeric", Kind::Numeric),
    ("IsString", Kind::String),
    ("IsBoolean", Kind::Boolean),
    ("IsTimestamp", Kind::Timestamp),
];

const COMPARABLES: [(&str, Comparable); 4] = [
    ("String", Comparable::String),
    ("Numeric", Comparable::Numeric),
    ("Boolean", Comparable::Boolean),
    ("Timestamp", Comparable::Timestamp),
];

const RELATIONS: [(&str, Relation); 5] = [
    ("Equals", Relation::Equals),
    ("LessThan", Relation::LessThan),
    ("GreaterThan", Relation::GreaterThan),
    ("LessThanEquals", Relation::LessThanEquals),
    ("GreaterThanEquals", Relation::GreaterThanEquals),
];

/// Fields of a rule that are no operators.
const OTHER_FIELDS: [&str; 5] = ["Variable", "Next", "Comment", "Assign", "Output"];

impl Condition {
    /// Reads the operators of a rule. The error says what is wrong.
    pub fn parse(rule: &Map<String, Value>) -> Result<Self, String> {
        let mut operators = rule
            .iter()
            .filter(|(name, _)| !OTHER_FIELDS.contains(&name.as_str()));
        let (name, operand) = operators.next().ok_or("a rule needs an operator")?;
        if let Some((second, _)) = operators.next() {
            return Err(format!(
                "a rule has one operator, not `{name}` and `{second}`"
            ));
        }
        let parts = || {
            let parts = operand.as_array().filter(|parts| !parts.is_empty());
            let parts = parts.ok_or_else(|| format!("`{name}` needs a list of rules"))?;
            parts
                .iter()
                .map(parse_inner)
                .collect::<Result<Vec<_>, String>>()
        };
        match name.as_str() {
            "And" => return parts().map(Self::And),
            "Or" => return parts().map(Self::Or),
            "Not" => return Ok(Self::Not(Box::new(parse_inner(operand)?))),
            _ => {}
        }
        let variable = rule.get("Variable").and_then(Value::as_str);
        let variable = Path::parse(variable.ok_or("a rule needs a `Variable`")?)?;
        if let Some((_, kind)) = KINDS.iter().find(|(known, _)| known == name) {
            let expected = operand
                .as_bool()
                .ok_or_else(|| format!("`{name}` needs a boolean"))?;
            return Ok(Self::Is(variable, *kind, expected));
        }
        if name == "StringMatches" {
            let pattern = operand.as_str().ok_or("`StringMatches` needs a string")?;
            return Ok(Self::Matches(variable, pattern.to_owned()));
        }
        let (kind, relation, by_path) =
            find_operator(name).ok_or_else(|| format!("there is no operator `{name}`"))?;
        let operand = if by_path {
            let text = operand
                .as_str()
                .ok_or_else(|| format!("`{name}` needs a path"))?;
            Operand::Path(Path::parse(text)?)
        } else if kind.accepts(operand) {
            Operand::Constant(operand.clone())
        } else {
            return Err(format!("`{name}` does not compare with {operand}"));
        };
        Ok(Self::Compare {
            variable,
            kind,
            relation,
            operand,
        })
    }

    pub fn holds(&self, scene: &Scene) -> Result<bool, Trouble> {
        match self {
            Self::And(parts) => {
                for part in parts {
                    if !part.holds(scene)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.holds(scene)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(inner) => Ok(!inner.holds(scene)?),
            Self::Is(variable, Kind::Present, expected) => {
                let present = match scene.find(variable) {
                    Some(Value::Array(items)) if !variable.is_definite() => !items.is_empty(),
                    found => found.is_some(),
                };
                Ok(present == *expected)
            }
            Self::Is(variable, kind, expected) => {
                let value = find(variable, scene)?;
                let is = match kind {
                    Kind::Null => value.is_null(),
                    Kind::Numeric => value.is_number(),
                    Kind::String => value.is_string(),
                    Kind::Boolean => value.is_boolean(),
                    Kind::Timestamp => moment(&value).is_some(),
                    Kind::Present => true,
                };
                Ok(is == *expected)
            }
            Self::Matches(variable, pattern) => {
                let value = find(variable, scene)?;
                Ok(value.as_str().is_some_and(|text| matches(pattern, text)))
            }
            Self::Compare {
                variable,
                kind,
                relation,
                operand,
            } => {
                let value = find(variable, scene)?;
                let order = match operand {
                    Operand::Constant(operand) => kind.order(&value, operand),
                    Operand::Path(path) => kind.order(&value, &find(path, scene)?),
                };
                Ok(order.is_some_and(|order| relation.fits(order)))
            }
        }
    }
}

fn parse_inner(rule: &Value) -> Result<Condition, String> {
    match rule {
        Value::Object(rule) => Condition::parse(rule),
        _ => Err("a rule is an object".to_owned()),
    }
}

fn find_operator(name: &str) -> Option<(Comparable, Relation, bool)> {
    let (short, by_path) = match name.strip_suffix("Path") {
        Some(short) => (short, true),
        None => (name, false),
    };
    let (kind, rest) = COMPARABLES
        .iter()
        .find_map(|(prefix, kind)| Some((*kind, short.strip_prefix(prefix)?)))?;
    let (_, relation) = RELATIONS.iter().find(|(known, _)| *known == rest)?;
    if kind == Comparable::Boolean && *relation != Relation::Equals {
        return None;
    }
    Some((kind, *relation, by_path))
}

fn find(path: &Path, scene: &Scene) -> Result<Value, Trouble> {
    scene.find(path).ok_or_else(|| {
        Trouble::Runtime(format!(
            "Invalid path '{}': The choice state's condition path references an invalid value.",
            path.text()
        ))
    })
}

fn moment(value: &Value) -> Option<Moment> {
    Moment::parse(value.as_str()?)
}

impl Comparable {
    fn accepts(self, operand: &Value) -> bool {
        match self {
            Self::String => operand.is_string(),
            Self::Numeric => operand.is_number(),
            Self::Boolean => operand.is_boolean(),
            Self::Timestamp => moment(operand).is_some(),
        }
    }

    /// None when one of the two is of another type.
    fn order(self, one: &Value, other: &Value) -> Option<Ordering> {
        match self {
            Self::String => {
                let (one, other) = (one.as_str()?, other.as_str()?);
                Some(one.encode_utf16().cmp(other.encode_utf16()))
            }
            Self::Numeric => match (one.as_i64(), other.as_i64()) {
                (Some(one), Some(other)) => Some(one.cmp(&other)),
                _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
            },
            Self::Boolean => Some(one.as_bool()?.cmp(&other.as_bool()?)),
            Self::Timestamp => Some(moment(one)?.cmp(&moment(other)?)),
        }
    }
}

impl Relation {
    fn fits(self, order: Ordering) -> bool {
        match self {
            Self::Equals => order == Ordering::Equal,
            Self::LessThan => order == Ordering::Less,
            Self::GreaterThan => order == Ordering::Greater,
            Self::LessThanEquals => order != Ordering::Greater,
            Self::GreaterThanEquals => order != Ordering::Less,
        }
    }
}

/// Whether a text fits a pattern in which `*` stands for any text and `\` makes the next character itself.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '*' => {
                parts.push(String::new());
                continue;
            }
            '\\' => chars.next().unwrap_or('\\'),
            c => c,
        };
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let [first, middle @ .., last] = &parts[..] else {
        return parts[0] == text;
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(matches("log-*.txt", "log-1.txt"));
        assert!(matches("*", ""));
        assert!(matches("a*b*c", "a-b-b-c"));
        assert!(!matches("a*b*c", "a-c"));
        assert!(!matches("ab*ba", "aba"));
        assert!(matches("a\\*b", "a*b"));
        assert!(!matches("a\\*b", "axb"));
        assert!(matches("a\\\\b", "a\\b"));
    }

    #[test]
    fn operators_are_read_by_their_parts() {
        assert!(find_operator("NumericLessThanEqualsPath").is_some());
        assert!(find_operator("BooleanEquals").is_some());
        assert!(find_operator("BooleanLessThan").is_none());
        assert!(find_operator("StringFoo").is_none());
    }
}
