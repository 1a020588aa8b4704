//! JSON text that a service takes as a string, with parts that only the deployment knows.

use serde_json::Value;

use crate::ir::pattern::trace::Tracer;
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::{Entry, Expr, ExprKind, Literal, Type};

/// A JSON value of which texts may be known late.
pub(super) enum Late {
    Json(Value),
    /// A string.
    Text(Pattern),
    /// JSON as it stands: a number of the deployment's, a placeholder of a service's.
    Raw(Pattern),
    Object(Vec<(String, Late)>),
    List(Vec<Late>),
}

impl Late {
    /// A build- or deploy-time expression.
    pub fn of(tracer: &Tracer<'_>, expr: &Expr) -> Self {
        // The tracer follows names of the program that the expression stands in; this one has none.
        match &expr.kind {
            ExprKind::Literal(literal) => Late::Json(super::value::literal(literal)),
            ExprKind::List(elements) => Late::List(
                elements
                    .iter()
                    .map(|e| Self::of(tracer, &e.value))
                    .collect(),
            ),
            ExprKind::Object(entries) => Late::Object(
                entries
                    .iter()
                    .filter_map(|entry| match entry {
                        Entry::Pair { key, value } => Some((key.clone(), Self::of(tracer, value))),
                        Entry::Computed { .. } | Entry::Spread(_) => None,
                    })
                    .collect(),
            ),
            _ => {
                let text = Tracer::outside(tracer.program).text_of(expr);
                match expr.ty {
                    Type::Int | Type::Number | Type::Bool | Type::Duration | Type::Size => {
                        Late::Raw(text)
                    }
                    _ => Late::Text(text),
                }
            }
        }
    }

    /// The JSON text, without blanks.
    pub fn write(&self) -> Pattern {
        let mut out = Pattern::default();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut Pattern) {
        match self {
            Late::Json(value) => text(out, &quote_angles(&value.to_string())),
            Late::Text(pattern) => {
                text(out, "\"");
                write_escaped(pattern, out);
                text(out, "\"");
            }
            Late::Raw(pattern) => out.append(pattern.clone()),
            Late::Object(members) => {
                text(out, "{");
                for (i, (key, value)) in members.iter().enumerate() {
                    if i > 0 {
                        text(out, ",");
                    }
                    text(out, &quote_angles(&Value::String(key.clone()).to_string()));
                    text(out, ":");
                    value.write_to(out);
                }
                text(out, "}");
            }
            Late::List(elements) => {
                text(out, "[");
                for (i, element) in elements.iter().enumerate() {
                    if i > 0 {
                        text(out, ",");
                    }
                    element.write_to(out);
                }
                text(out, "]");
            }
        }
    }
}

/// The pattern's texts as they stand between quotes.
pub(super) fn write_escaped(pattern: &Pattern, out: &mut Pattern) {
    for piece in pattern.pieces() {
        match piece {
            Piece::Text(part) => text(out, &escape(part)),
            piece => out.push(piece.clone()),
        }
    }
}

/// Text as it stands between the quotes of JSON.
pub(super) fn escape(part: &str) -> String {
    let quoted = Value::String(part.to_owned()).to_string();
    let inner = quoted.get(1..quoted.len().saturating_sub(1));
    quote_angles(inner.unwrap_or_default())
}

/// EventBridge takes `<name>` for a placeholder wherever it stands.
fn quote_angles(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e")
}

pub(super) fn text(out: &mut Pattern, part: &str) {
    out.push(Piece::Text(part.to_owned()));
}

/// A literal as JSON.
pub(super) fn literal(value: &Literal) -> Late {
    Late::Json(super::value::literal(value))
}
