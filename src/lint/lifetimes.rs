//! What is made for one run and stays when the run fails.

use super::parts::{calls, own_blocks};
use super::{head, name};
use crate::catalog::lifetime::{Lifetime, find_lifetime};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Block, Call, Pipeline, Stage, StageKind, Type};

/// Calls whose counterpart runs only when everything between succeeds. Where there is none, what was made is meant to stay.
pub(super) fn unreleased(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    walk(&pipeline.body, &mut Vec::new(), &mut Vec::new(), &mut found);
    found
}

/// `around` are the stages that the block stands in; `rest` what follows behind each of them, innermost last.
fn walk<'a>(
    block: &'a Block,
    around: &mut Vec<&'a Stage>,
    rest: &mut Vec<&'a [Stage]>,
    found: &mut Vec<Diagnostic>,
) {
    for (at, stage) in block.stages.iter().enumerate() {
        let behind = &block.stages[at + 1..];
        if let StageKind::Call(call) = &stage.kind
            && let Some(lifetime) = find_lifetime(call.operation.service, &call.operation.name)
            && !around.iter().any(|outer| is_released_by(outer, lifetime))
        {
            let ways = std::iter::once(behind).chain(rest.iter().rev().copied());
            found.extend(check(call, lifetime, ways));
        }
        around.push(stage);
        rest.push(behind);
        for inner in stage.blocks() {
            walk(inner, around, rest, found);
        }
        rest.pop();
        around.pop();
    }
}

/// Whether the stage's guard ends it whatever fails.
fn is_released_by(stage: &Stage, lifetime: &Lifetime) -> bool {
    let ends = |block: &Block| calls(block, &mut |call| is_end(call, lifetime));
    stage.guard.finally.as_ref().is_some_and(ends)
        || stage.guard.catch.iter().any(|handler| {
            handler.errors.iter().any(|error| error == "States.ALL") && ends(&handler.block)
        })
}

fn calls_in(stage: &Stage, lifetime: &Lifetime) -> bool {
    own_blocks(stage)
        .into_iter()
        .any(|block| calls(block, &mut |call| is_end(call, lifetime)))
}

fn is_end(call: &Call, lifetime: &Lifetime) -> bool {
    lifetime.is_ended_by(call.operation.service, &call.operation.name)
}

/// Follows the flow to the release; reports when something before it can leave without.
fn check<'a>(
    call: &Call,
    lifetime: &Lifetime,
    ways: impl Iterator<Item = &'a [Stage]>,
) -> Option<Diagnostic> {
    let mut leaves = None;
    for stages in ways {
        match follow(stages, lifetime, &mut leaves) {
            Some(Release::Always) => break,
            Some(Release::At(end)) => return leaves.map(|stage| describe(call, end, stage)),
            None => {}
        }
    }
    None
}

enum Release<'a> {
    /// From here on it is released, whatever happens.
    Always,
    /// By this call, when the flow comes to it.
    At(&'a Call),
}

fn follow<'a>(
    stages: &'a [Stage],
    lifetime: &Lifetime,
    leaves: &mut Option<&'a Stage>,
) -> Option<Release<'a>> {
    for stage in stages {
        let guarded = is_released_by(stage, lifetime);
        if guarded {
            // What has failed before has left already.
            return match leaves {
                None => Some(Release::Always),
                Some(_) => find_end(stage, lifetime).map(Release::At),
            };
        }
        if let StageKind::Call(call) = &stage.kind
            && is_end(call, lifetime)
        {
            return Some(Release::At(call));
        }
        // What runs beside it can fail first, and cancels it.
        let cancels = match &stage.kind {
            StageKind::Map(map) => !map.collect,
            StageKind::Parallel { collect, .. } => !collect,
            _ => false,
        };
        let inside = calls_in(stage, lifetime);
        if cancels && inside && leaves.is_none() {
            let stages = own_blocks(stage)
                .into_iter()
                .flat_map(|block| &block.stages);
            *leaves = stages
                .filter(
                    |stage| !matches!(&stage.kind, StageKind::Call(call) if is_end(call, lifetime)),
                )
                .find_map(find_leaving);
        }
        for block in own_blocks(stage) {
            if calls(block, &mut |call| is_end(call, lifetime)) {
                let found = follow(&block.stages, lifetime, leaves);
                if found.is_some() {
                    return found;
                }
            }
        }
        if leaves.is_none() {
            *leaves = find_leaving(stage);
        }
    }
    None
}

fn find_end<'a>(stage: &'a Stage, lifetime: &Lifetime) -> Option<&'a Call> {
    if let StageKind::Call(call) = &stage.kind
        && is_end(call, lifetime)
    {
        return Some(call);
    }
    let inner = stage.blocks().into_iter().flat_map(|block| &block.stages);
    inner
        .into_iter()
        .find_map(|stage| find_end(stage, lifetime))
}

/// The stage by which a failure, or a `return`, can go past what stands behind.
fn find_leaving(stage: &Stage) -> Option<&Stage> {
    let takes_all = stage.guard.catch.iter().any(|handler| {
        let all = handler.errors.iter().any(|error| error == "States.ALL");
        let goes_on = handler
            .block
            .stages
            .last()
            .is_none_or(|last| last.ty != Type::Never);
        all && goes_on
    });
    if takes_all {
        return None;
    }
    match &stage.kind {
        StageKind::Call(_) | StageKind::Fail(_) | StageKind::Return { .. } => Some(stage),
        StageKind::Map(map) if map.collect => None,
        StageKind::Parallel { collect: true, .. } => None,
        _ => own_blocks(stage)
            .into_iter()
            .flat_map(|block| &block.stages)
            .find_map(find_leaving),
    }
}

fn describe(call: &Call, end: &Call, leaves: &Stage) -> Diagnostic {
    let what = match &leaves.kind {
        StageKind::Return { .. } => "the flow returns before".to_owned(),
        StageKind::Fail(_) => "the flow fails before".to_owned(),
        _ => format!("`{}` fails", leaves.name.base),
    };
    Diagnostic::new(
        Code::UnreleasedResource,
        head(call),
        format!(
            "when {what}, `{}` never runs, and what `{}` made stays",
            name(end),
            name(call)
        ),
    )
    .also(head(end), "runs only when everything before it succeeds")
    .help(format!(
        "`try {{ … }} finally {{ {}(…) }}` around the work between runs it in every case",
        name(end)
    ))
}
