//! Texts with values in them.

use super::parts::{expressions, for_each_part};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Expr, ExprKind, Literal, Pipeline, Time, Type, for_each_stage};

/// JSON that is written as text, with values put into it.
pub(super) fn hand_made_json(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for_each_template(pipeline, &mut |parts| {
        if !looks_like_json(parts) {
            return;
        }
        let broken = parts.iter().find(|part| may_hold_quotes(part));
        if let Some(part) = broken {
            found.push(
                Diagnostic::new(
                    Code::HandMadeJson,
                    part.span,
                    "this is put into JSON text as it is: a quote or a line break in it breaks the JSON",
                )
                .help("write an object, `{ key: value }`: members that take JSON take it, and `string({ … })` makes text of it"),
            );
        }
    });
    found
}

/// Values that may be null, in a text: the text then has a hole where nobody looks.
pub(super) fn interpolated_nulls(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for_each_template(pipeline, &mut |parts| {
        for part in parts {
            // That a model promises no member of a result says nothing of this one.
            let nullable =
                part.ty.is_nullable() && part.ty != Type::Any && !part.ty.is_nullable_by_model();
            if nullable {
                found.push(
                    Diagnostic::new(
                        Code::NullInText,
                        part.span,
                        "this may be null, and stands in the text as nothing then",
                    )
                    .help("say what stands for null: `{x ?? \"none\"}`"),
                );
            }
        }
    });
    found
}

fn for_each_template<'a>(pipeline: &'a Pipeline, visit: &mut dyn FnMut(&'a [Expr])) {
    for_each_stage(&pipeline.body, &mut |stage| {
        for expr in expressions(stage) {
            for_each_part(expr, &mut |part| {
                if let ExprKind::Template(parts) = &part.kind {
                    visit(parts);
                }
            });
        }
    });
}

/// Whether the text that is fixed begins, goes on and ends as JSON does.
fn looks_like_json(parts: &[Expr]) -> bool {
    let text = |part: &Expr| match part.as_literal() {
        Some(Literal::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (Some(first), Some(last)) = (parts.first().and_then(text), parts.last().and_then(text))
    else {
        return false;
    };
    let (first, last) = (first.trim_start().to_owned(), last.trim_end().to_owned());
    let framed = first.starts_with('{') && last.ends_with('}')
        || first.starts_with('[') && last.ends_with(']');
    let keyed = parts.iter().filter_map(text).any(|text| {
        let mut quoted = text.match_indices('"');
        quoted.any(|(at, _)| text[at + 1..].trim_start().starts_with(':'))
    });
    framed && keyed
}

/// Whether a value may be any text.
fn may_hold_quotes(part: &Expr) -> bool {
    part.time != Time::Build
        && matches!(
            part.ty.non_null(),
            Type::String | Type::Any | Type::Union(_)
        )
        && !matches!(&part.kind, ExprKind::Context(_) | ExprKind::Deploy(_))
        && !matches!(&part.kind, ExprKind::Function { function, .. } if function.name == "string")
}
