//! Pipelines that start each other for ever.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Deploy, Entry, Expr, ExprKind, PipelineId, Program, TriggerSource};
use crate::source::Span;

/// Triggers by which the end of a pipeline's execution leads to another one of it.
pub(super) fn endless(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (at, pipeline) in program.pipelines.iter().enumerate() {
        for (awaited, span) in awaited(program, at) {
            if !is_started_by(program, awaited, at) {
                continue;
            }
            let other = &program.pipelines[awaited].name;
            let message = if awaited == at {
                format!("the end of `{other}` starts `{other}` again, and so on without end")
            } else {
                format!(
                    "the end of `{other}` starts `{0}`, and the end of `{0}` leads to `{other}` again, without end",
                    pipeline.name
                )
            };
            found.push(
                Diagnostic::new(Code::EndlessLoop, span, message)
                    .help("a call says what follows once: `flow … -> start next()`"),
            );
        }
    }
    found
}

/// Whether the end of the pipeline at `end` leads to the start of that at `start`, where it is itself or starts it.
fn is_started_by(program: &Program, start: usize, end: usize) -> bool {
    let mut seen = vec![false; program.pipelines.len()];
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if at == end {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            open.extend(awaited(program, at).into_iter().map(|(at, _)| at));
        }
    }
    false
}

/// The pipelines whose ends start the one at `at`, by their places in the program.
fn awaited(program: &Program, at: usize) -> Vec<(usize, Span)> {
    let triggers = &program.pipelines[at].settings.triggers;
    triggers
        .iter()
        .filter_map(|trigger| match &trigger.source {
            TriggerSource::Rule(rule) if rule.word == "finished" => {
                Some((machine(&rule.pattern)?.0 as usize, trigger.span))
            }
            _ => None,
        })
        .collect()
}

/// The pipeline that a pattern names.
fn machine(pattern: &Expr) -> Option<PipelineId> {
    match &pattern.kind {
        ExprKind::Deploy(Deploy::Machine(id)) => Some(*id),
        ExprKind::Object(entries) => entries.iter().find_map(|entry| match entry {
            Entry::Pair { value, .. } => machine(value),
            Entry::Computed { .. } | Entry::Spread(_) => None,
        }),
        ExprKind::List(elements) => elements.iter().find_map(|e| machine(&e.value)),
        _ => None,
    }
}
