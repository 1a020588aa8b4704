//! Names of executions that are started by hand.

use super::parts::{any_part, arguments};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Context, Expr, ExprKind, Pipeline, StageKind, for_each_stage};

/// A child's name that is the same when the pipeline is redriven: the service refuses the second.
pub(super) fn repeated_names(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // An express execution is not redriven.
    if pipeline.settings.express {
        return found;
    }
    for_each_stage(&pipeline.body, &mut |stage| {
        let StageKind::Call(call) = &stage.kind else {
            return;
        };
        let starts = call.operation.service == "sfn" && call.operation.name == "startExecution";
        let name = arguments(call)
            .into_iter()
            .find(|(member, _)| starts && *member == "Name");
        if let Some((_, value)) = name
            && !differs(pipeline, value)
        {
            found.push(
                Diagnostic::new(
                    Code::RepeatedChildName,
                    value.span,
                    "a redrive starts the child under the same name again, which the service refuses",
                )
                .help("put `{execution.redrive_count}` into the name, or leave `Name` out: the service then gives one"),
            );
        }
    });
    found
}

/// Whether a name differs from one attempt of the execution to the next.
fn differs(pipeline: &Pipeline, name: &Expr) -> bool {
    any_part(name, &mut |part| match &part.kind {
        ExprKind::Context(context) => matches!(
            context,
            Context::ExecutionRedriveCount | Context::StateEntered | Context::TaskToken
        ),
        ExprKind::Function { function, .. } => function.volatile,
        ExprKind::Jsonata { text, .. } => text.contains('$'),
        ExprKind::Variable(id) => pipeline
            .variable(*id)
            .value
            .as_ref()
            .is_some_and(|value| differs(pipeline, value)),
        _ => false,
    })
}
