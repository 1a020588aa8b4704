//! Names that a service keeps for itself.

use super::parts::arguments;
use crate::catalog::dynamodb::{is_expression, reserved_names};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Entry, Expr, ExprKind, Literal, Pipeline, StageKind, for_each_stage};

/// Attributes in DynamoDB's expressions under words that it reserves: it refuses the call, whatever the data.
pub(super) fn attributes(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        if let StageKind::Call(call) = &stage.kind {
            for (member, value) in arguments(call) {
                look(call.operation.service, member, value, &mut found);
            }
        }
    });
    found
}

/// Through what is made of members, as transactions are.
fn look(service: &str, member: &str, value: &Expr, found: &mut Vec<Diagnostic>) {
    if is_expression(service, member)
        && let Some(Literal::String(text)) = value.as_literal()
    {
        let names = reserved_names(text);
        let Some(first) = names.first() else {
            return;
        };
        let words: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let verb = if words.len() == 1 { "is" } else { "are" };
        found.push(
            Diagnostic::new(
                Code::ReservedAttribute,
                value.span,
                format!("{} {verb} reserved by DynamoDB, which refuses the expression", words.join(", ")),
            )
            .help(format!(
                "write `#{first}`, and say what it stands for: `ExpressionAttributeNames: {{ \"#{first}\": \"{first}\" }}`"
            )),
        );
        return;
    }
    match &value.kind {
        ExprKind::Object(entries) => {
            for entry in entries {
                if let Entry::Pair { key, value } = entry {
                    look(service, key, value, found);
                }
            }
        }
        ExprKind::List(elements) => {
            for element in elements {
                look(service, member, &element.value, found);
            }
        }
        _ => {}
    }
}
