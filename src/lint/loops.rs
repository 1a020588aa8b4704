//! Loops that nothing ends.

use std::collections::HashSet;

use super::parts::any_part;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    Binding, Block, Expr, ExprKind, Pipeline, Stage, StageKind, VariableId, for_each_stage,
};

/// `loop` blocks without anything in them that leaves them.
pub(super) fn endless(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    look(&pipeline.body, &mut found);
    found
}

fn look(block: &Block, found: &mut Vec<Diagnostic>) {
    for stage in &block.stages {
        if let StageKind::Loop {
            condition: None,
            block,
            ..
        } = &stage.kind
            && !has_end(block)
        {
            found.push(
                Diagnostic::new(
                    Code::EndlessLoop,
                    stage.span,
                    "this loop never ends: nothing in it leaves it",
                )
                .help("`break`, `return` or `fail` in it leaves it; `while` has a condition"),
            );
        }
        for inner in stage.blocks() {
            look(inner, found);
        }
    }
}

/// Conditions of polls and `while` that are the same each time: nothing that they read changes.
pub(super) fn unchanging(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for_each_stage(&pipeline.body, &mut |stage| match &stage.kind {
        StageKind::Poll(poll) => {
            let mut changed = changed_in(&poll.block);
            changed.insert(poll.result);
            if is_same_each_time(&poll.until, &changed) {
                found.push(
                    Diagnostic::new(
                        Code::UnchangingCondition,
                        poll.until.span,
                        "this is the same after each call: it reads nothing that the poll changes",
                    )
                    .help("`result` is what the call has just given"),
                );
            }
        }
        StageKind::Loop {
            condition: Some(condition),
            block,
            ..
        } if !has_end(block) && is_same_each_time(condition, &changed_in(block)) => {
            found.push(
                Diagnostic::new(
                    Code::UnchangingCondition,
                    condition.span,
                    "this is the same each time: the loop changes nothing that it reads, so it never ends once it has begun",
                )
                .help("`set` a name that it reads, or leave the loop with `break`"),
            );
        }
        _ => {}
    });
    found
}

/// The variables that get a value in a block.
fn changed_in(block: &Block) -> HashSet<VariableId> {
    let mut changed = HashSet::new();
    for_each_stage(block, &mut |stage: &Stage| {
        if let StageKind::Assign { variable, .. } = &stage.kind {
            changed.insert(*variable);
        }
        match &stage.binds {
            Binding::None => {}
            Binding::Name(id) => {
                changed.insert(*id);
            }
            Binding::Fields(fields) => changed.extend(fields.iter().map(|(_, id)| *id)),
        }
    });
    changed
}

/// Whether an expression has one value as long as these variables alone change. What the run knows beside them may differ.
fn is_same_each_time(expr: &Expr, changed: &HashSet<VariableId>) -> bool {
    !any_part(expr, &mut |part| match &part.kind {
        ExprKind::Variable(id) => changed.contains(id),
        ExprKind::Context(_) | ExprKind::Jsonata { .. } => true,
        ExprKind::Function { function, .. } => function.volatile,
        _ => false,
    })
}

/// Whether something in the block can end the loop around it. A jump inside of an inner map is taken for one too.
pub(super) fn has_end(block: &Block) -> bool {
    block.stages.iter().any(|stage| {
        let leaves = matches!(
            stage.kind,
            StageKind::Break(_) | StageKind::Return { .. } | StageKind::Fail(_)
        );
        leaves || stage.blocks().into_iter().any(has_end)
    })
}
