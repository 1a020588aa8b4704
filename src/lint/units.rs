//! Durations where an API counts something else than seconds.

use super::parts::arguments;
use crate::catalog::meaning::find_unit;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Call, Entry, Expr, ExprKind, Literal, Pipeline, StageKind, Type, for_each_stage};

/// `Timeout: 2h` for a member that counts minutes.
pub(super) fn mistaken_units(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        if let StageKind::Call(call) = &stage.kind {
            for (member, value) in arguments(call) {
                look(call, member, value, &mut found);
            }
        }
    });
    found
}

fn look(call: &Call, path: &str, value: &Expr, found: &mut Vec<Diagnostic>) {
    match &value.kind {
        ExprKind::Object(entries) => {
            for entry in entries {
                if let Entry::Pair { key, value } = entry {
                    look(call, &format!("{path}.{key}"), value, found);
                }
            }
        }
        ExprKind::List(elements) => {
            for element in elements {
                look(call, path, &element.value, found);
            }
        }
        _ => found.extend(describe(call, path, value)),
    }
}

fn describe(call: &Call, path: &str, value: &Expr) -> Option<Diagnostic> {
    if value.ty.non_null() != Type::Duration {
        return None;
    }
    let unit = find_unit(call.operation.service, &call.operation.name, path)?;
    let member = path.rsplit('.').next().unwrap_or(path);
    let diagnostic = Diagnostic::new(
        Code::MistakenUnit,
        value.span,
        format!(
            "`{member}` counts {}, and a duration is its number of seconds",
            unit.word()
        ),
    );
    let seconds = match value.as_literal() {
        Some(Literal::Number(number)) => number.as_u64(),
        _ => None,
    };
    Some(match seconds.and_then(|seconds| unit.count(seconds)) {
        Some(count) => diagnostic.replace(
            value.span,
            count.to_string(),
            format!("write `{count}`, in {}", unit.word()),
        ),
        None => diagnostic.help(format!("write the number of {}", unit.word())),
    })
}
