//! Queries whose text is made at run time.

use super::name;
use super::parts::{any_part, arguments};
use crate::catalog::meaning::find_query;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Context, Expr, ExprKind, Pipeline, StageKind, Time, Type, for_each_stage};

/// Values from outside in the text of a query: they may hold more than a value.
pub(super) fn spliced(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        let StageKind::Call(call) = &stage.kind else {
            return;
        };
        for (member, value) in arguments(call) {
            let Some(parameters) = find_query(call.operation.service, member) else {
                continue;
            };
            let Some(part) = find_spliced(pipeline, value) else {
                continue;
            };
            let diagnostic = Diagnostic::new(
                Code::SplicedQuery,
                part.span,
                format!(
                    "this becomes a part of the query that `{}` executes, whatever it holds",
                    name(call)
                ),
            );
            found.push(if parameters.is_empty() {
                diagnostic.help("check it against what it can be, or choose among fixed texts")
            } else {
                diagnostic.help(format!(
                    "write a placeholder into the text, and give the value in `{parameters}`"
                ))
            });
        }
    });
    found
}

/// The first part of a query's text that can be any text when it runs.
fn find_spliced<'a>(pipeline: &'a Pipeline, value: &'a Expr) -> Option<&'a Expr> {
    match &value.kind {
        ExprKind::Template(parts) => parts.iter().find(|part| is_any_text(pipeline, part)),
        ExprKind::List(elements) => elements
            .iter()
            .find_map(|element| find_spliced(pipeline, &element.value)),
        ExprKind::If {
            then, otherwise, ..
        } => find_spliced(pipeline, then).or_else(|| find_spliced(pipeline, otherwise)),
        ExprKind::Let { body, .. } => find_spliced(pipeline, body),
        // A text that was made before: the place where it is used says more than that where it was made.
        ExprKind::Variable(id) => {
            let made = pipeline.variable(*id).value.as_ref()?;
            find_spliced(pipeline, made).map(|_| value)
        }
        _ => None,
    }
}

fn is_any_text(pipeline: &Pipeline, part: &Expr) -> bool {
    if part.time != Time::Run {
        return false;
    }
    if let ExprKind::Variable(id) = &part.kind
        && let Some(value) = &pipeline.variable(*id).value
        && value.time == Time::Run
        && is_of_the_service(value)
    {
        return false;
    }
    let text = matches!(
        part.ty.non_null(),
        Type::String | Type::Timestamp | Type::Any | Type::Union(_)
    );
    text && !is_of_the_service(part)
}

/// Made of what the service itself gives: names of executions and moments hold nothing else.
fn is_of_the_service(value: &Expr) -> bool {
    !any_part(value, &mut |part| match &part.kind {
        ExprKind::Variable(_) | ExprKind::Local(_) | ExprKind::Jsonata { .. } => true,
        ExprKind::Context(context) => {
            matches!(context, Context::ExecutionInput | Context::TaskToken)
        }
        _ => false,
    })
}
