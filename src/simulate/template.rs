//! Fields that hold values with expressions or paths in them.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::data::Data;
use super::failure::Trouble;
use super::intrinsic::{self, Intrinsic};
use super::jsonata::{Expression, Problem};
use super::jsonpath::Path;
use super::scene::Scene;

/// A parsed field. What has nothing to evaluate in it is one constant.
#[derive(Clone, Debug)]
pub(super) enum Template {
    Constant(Data),
    /// `{% … %}`
    Expression(Rc<Expression>),
    /// A path behind a key that ends in `.$`; the key is for messages.
    Path(Path, String),
    /// A call behind a key that ends in `.$`.
    Intrinsic(Box<Intrinsic>),
    Object(Vec<(String, Template)>),
    Array(Vec<Template>),
}

/// What is wrong with a field's text, and where in the field.
pub(super) struct Malformed {
    pub location: String,
    pub message: String,
}

fn malformed<T>(location: &str, message: String) -> Result<T, Malformed> {
    Err(Malformed {
        location: location.to_owned(),
        message,
    })
}

/// The expression of a text, when it is one.
pub(super) fn expression_source(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}

/// Half of the marks, or blanks around them, are a mistake rather than a text.
pub(super) fn looks_like_expression(text: &str) -> bool {
    expression_source(text).is_none() && (text.starts_with("{%") || text.ends_with("%}"))
}

impl Template {
    /// A field of a JSONata state. `location` is where the field stands: `/States/A/Output`.
    pub fn parse_jsonata(value: &Value, location: &str) -> Result<Self, Malformed> {
        Ok(match value {
            Value::String(text) => match expression_source(text) {
                Some(source) => match Expression::parse(source) {
                    Ok(expression) => Self::Expression(Rc::new(expression)),
                    Err(reason) => return malformed(location, reason),
                },
                None if looks_like_expression(text) => {
                    let message = "an expression begins with `{%` and ends with `%}`";
                    return malformed(location, message.to_owned());
                }
                None => Self::Constant(value.clone().into()),
            },
            Value::Array(items) => {
                let parsed = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| Self::parse_jsonata(item, &format!("{location}/{at}")));
                Self::array(parsed.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let parsed = members.iter().map(|(name, member)| {
                    let member = Self::parse_jsonata(member, &format!("{location}/{name}"))?;
                    Ok((name.clone(), member))
                });
                Self::object(parsed.collect::<Result<_, Malformed>>()?)
            }
            other => Self::Constant(other.clone().into()),
        })
    }

    /// A field of a JSONPath state: members whose names end in `.$` hold paths and calls.
    pub fn parse_jsonpath(value: &Value, location: &str) -> Result<Self, Malformed> {
        Ok(match value {
            Value::Array(items) => {
                let parsed = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| Self::parse_jsonpath(item, &format!("{location}/{at}")));
                Self::array(parsed.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let parsed = members.iter().map(|(name, member)| {
                    let location = format!("{location}/{name}");
                    Ok(match name.strip_suffix(".$") {
                        None => (name.clone(), Self::parse_jsonpath(member, &location)?),
                        Some(short) => (
                            short.to_owned(),
                            Self::parse_dynamic(member, name, &location)?,
                        ),
                    })
                });
                Self::object(parsed.collect::<Result<_, Malformed>>()?)
            }
            other => Self::Constant(other.clone().into()),
        })
    }

    /// The value of a member whose name ends in `.$`, or of a field whose name ends in `Path`.
    pub fn parse_dynamic(value: &Value, name: &str, location: &str) -> Result<Self, Malformed> {
        let wrong = || {
            let message = format!(
                "The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
            );
            malformed(location, message)
        };
        let Value::String(text) = value else {
            return wrong();
        };
        if intrinsic::is_call(text) {
            return match Intrinsic::parse(text) {
                Ok(call) => Ok(Self::Intrinsic(Box::new(call))),
                Err(_) => wrong(),
            };
        }
        match Path::parse(text) {
            Ok(path) => Ok(Self::Path(path, name.to_owned())),
            Err(_) => wrong(),
        }
    }

    fn array(items: Vec<Template>) -> Self {
        let constant = |item: &Template| match item {
            Self::Constant(value) => Some(value.json().clone()),
            _ => None,
        };
        match items.iter().map(constant).collect::<Option<Vec<Value>>>() {
            Some(values) => Self::Constant(Value::Array(values).into()),
            None => Self::Array(items),
        }
    }

    fn object(members: Vec<(String, Template)>) -> Self {
        let constant = |(name, member): &(String, Template)| match member {
            Self::Constant(value) => Some((name.clone(), value.json().clone())),
            _ => None,
        };
        match members.iter().map(constant).collect::<Option<Map<_, _>>>() {
            Some(values) => Self::Constant(Value::Object(values).into()),
            None => Self::Object(members),
        }
    }

    /// `field` is the field's name, for messages: `Output`.
    pub fn evaluate(&self, field: &str, scene: &Scene) -> Result<Data, Trouble> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Path(path, name) => select(path, name, scene),
            _ => self.value(&Location::Field(field), scene).map(Data::new),
        }
    }

    fn value(&self, location: &Location, scene: &Scene) -> Result<Value, Trouble> {
        match self {
            Self::Constant(value) => Ok(value.json().clone()),
            Self::Expression(expression) => evaluate(expression, &|| location.text(), scene),
            Self::Path(path, name) => select(path, name, scene).map(Data::into_json),
            Self::Intrinsic(call) => call.evaluate(scene),
            Self::Object(members) => members
                .iter()
                .map(|(name, member)| {
                    let location = Location::Member(location, name);
                    Ok((name.clone(), member.value(&location, scene)?))
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            Self::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| item.value(&Location::Item(location, at), scene))
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
        }
    }

    /// All expressions in it.
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Expression(expression) => vec![expression],
            Self::Object(members) => members
                .iter()
                .flat_map(|(_, member)| member.expressions())
                .collect(),
            Self::Array(items) => items.iter().flat_map(Self::expressions).collect(),
            Self::Constant(_) | Self::Path(..) | Self::Intrinsic(_) => Vec::new(),
        }
    }
}

/// Where a value stands, made a text only when something is wrong there.
enum Location<'a> {
    Field(&'a str),
    Member(&'a Location<'a>, &'a str),
    Item(&'a Location<'a>, usize),
}

impl Location<'_> {
    fn text(&self) -> String {
        match self {
            Self::Field(name) => (*name).to_owned(),
            Self::Member(outer, name) => format!("{}/{name}", outer.text()),
            Self::Item(outer, at) => format!("{}/{at}", outer.text()),
        }
    }
}

fn select(path: &Path, field: &str, scene: &Scene) -> Result<Data, Trouble> {
    scene.select(path).map_err(|_| {
        Trouble::Runtime(format!(
            "The JSONPath '{}' specified for the field '{field}' could not be found in the input '{}'",
            path.text(),
            scene.root.text()
        ))
    })
}

/// The value of an expression; `location` is the field that it stands in.
fn evaluate(
    expression: &Expression,
    location: &dyn Fn() -> String,
    scene: &Scene,
) -> Result<Value, Trouble> {
    expression.evaluate(scene).map_err(|problem| {
        let location = location();
        let what = match problem {
            Problem::Nothing => "returned nothing (undefined).".to_owned(),
            Problem::NoJson => "returned an unsupported result type.".to_owned(),
            Problem::Thrown(message) => format!("threw an error during evaluation. {message}"),
        };
        let cause = format!(
            "The JSONata expression '{}' specified for the field '{location}' {what}",
            expression.source()
        );
        Trouble::Evaluation { cause, location }
    })
}

/// An expression whose value has not the type that its field needs.
pub(super) fn unexpected_type(
    template: &Template,
    field: &str,
    expected: &str,
    value: &Value,
) -> Trouble {
    let was = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match template {
        Template::Expression(expression) => Trouble::Evaluation {
            cause: format!(
                "The JSONata expression '{}' specified for the field '{field}' returned an unexpected result type. Expected '{expected}', but was '{was}' for value: {value}",
                expression.source()
            ),
            location: field.to_owned(),
        },
        _ => Trouble::Runtime(format!(
            "The field '{field}' must be of type '{expected}', but was '{was}': {value}"
        )),
    }
}
