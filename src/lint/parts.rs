//! What stages are made of, to look at: calls, expressions, what is read.

use std::collections::HashSet;

use crate::ir::{
    Arguments, Batch, Block, Call, Expr, ExprKind, Fail, Items, Map, Pipeline, Stage, StageKind,
    Tolerate, VariableId, for_each_stage,
};

/// The expressions of the stage itself, without those of the blocks in it.
pub(super) fn expressions(stage: &Stage) -> Vec<&Expr> {
    match &stage.kind {
        StageKind::Call(call) => of_call(call),
        StageKind::Pass(value)
        | StageKind::Assign { value, .. }
        | StageKind::Wait(value)
        | StageKind::WaitUntil(value)
        | StageKind::Return { value, .. } => vec![value],
        StageKind::Map(map) => of_map(map),
        StageKind::If { arms, .. } => arms.iter().map(|(condition, _)| condition).collect(),
        StageKind::Poll(poll) => {
            let fails = poll
                .fail_when
                .iter()
                .flat_map(|fail| std::iter::once(&fail.condition).chain(&fail.cause));
            fails
                .chain([&poll.until, &poll.every])
                .chain(&poll.timeout)
                .chain(&poll.max)
                .collect()
        }
        StageKind::Loop { condition, .. } => condition.iter().collect(),
        StageKind::Fail(Fail::Raise { cause, .. }) => cause.iter().collect(),
        StageKind::Fail(Fail::Again(_))
        | StageKind::Block { .. }
        | StageKind::Parallel { .. }
        | StageKind::Break(_)
        | StageKind::Continue(_) => Vec::new(),
    }
}

/// A call's arguments: the emitted names of members, and their values; without a name the whole input of an activity.
pub(super) fn arguments(call: &Call) -> Vec<(&str, &Expr)> {
    match &call.arguments {
        Arguments::Members(members) => members
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect(),
        Arguments::Value(value) => vec![("", value)],
    }
}

fn of_call(call: &Call) -> Vec<&Expr> {
    let arguments = arguments(call).into_iter().map(|(_, value)| value);
    arguments
        .chain(&call.timeout)
        .chain(&call.heartbeat)
        .chain(&call.credentials)
        .collect()
}

fn of_map(map: &Map) -> Vec<&Expr> {
    let mut found: Vec<&Expr> = match &map.items {
        Items::Values(values) => vec![values],
        Items::Dataset(dataset) => std::iter::once(&dataset.bucket)
            .chain(&dataset.key)
            .chain(dataset.arguments.iter().map(|(_, value)| value))
            .collect(),
    };
    found.extend(&map.concurrency);
    if let Some(distributed) = &map.distributed {
        if let Some(Batch::Items(value) | Batch::Bytes(value)) = &distributed.batch {
            found.push(value);
        }
        if let Some(Tolerate::Count(value) | Tolerate::Percentage(value)) = &distributed.tolerate {
            found.push(value);
        }
        if let Some(results) = &distributed.results {
            found.push(&results.bucket);
            found.extend(&results.prefix);
        }
    }
    found
}

/// Calls `visit` with an expression and all its parts, outer ones first.
pub(super) fn for_each_part<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    for child in expr.children() {
        for_each_part(child, visit);
    }
}

/// Whether some part of an expression is so.
pub(super) fn any_part(expr: &Expr, is: &mut dyn FnMut(&Expr) -> bool) -> bool {
    is(expr) || expr.children().into_iter().any(|child| any_part(child, is))
}

/// The variables that something in the pipeline reads.
pub(super) fn read_variables(pipeline: &Pipeline) -> HashSet<VariableId> {
    let mut read = HashSet::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        for expr in expressions(stage) {
            for_each_part(expr, &mut |part| {
                if let ExprKind::Variable(id) = &part.kind {
                    read.insert(*id);
                }
            });
        }
        if let StageKind::Fail(Fail::Again(error)) = &stage.kind {
            read.insert(*error);
        }
    });
    read
}

/// Whether some stage of a block, of whatever depth, makes a call that is so.
pub(super) fn calls(block: &Block, is: &mut dyn FnMut(&Call) -> bool) -> bool {
    block.stages.iter().any(|stage| stage_calls(stage, is))
}

/// Whether a stage, or one inside of it or of its guard, makes a call that is so.
pub(super) fn stage_calls(stage: &Stage, is: &mut dyn FnMut(&Call) -> bool) -> bool {
    if let StageKind::Call(call) = &stage.kind
        && is(call)
    {
        return true;
    }
    stage.blocks().into_iter().any(|block| calls(block, is))
}

/// The blocks of a stage without those of its guard.
pub(super) fn own_blocks(stage: &Stage) -> Vec<&Block> {
    let all = stage.blocks();
    let guard = stage.guard.catch.len() + usize::from(stage.guard.finally.is_some());
    let own = all.len() - guard;
    all.into_iter().take(own).collect()
}
