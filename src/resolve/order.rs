//! Which pipeline is checked first: those that it calls, so that what they return is known.
//!
//! Looks at names only, without recursion over pipelines: a file may hold thousands that call each other in a row.

use std::collections::BTreeSet;

use crate::ir::PipelineId;
use crate::resolve::program::Context;
use crate::resolve::symbols::{ItemRef, Lookup, Space};
use crate::syntax::ast::{
    Else, ItemKind, MapBody, MemberKind, ModifierKind, PollBody, Stage, StageKind, Step, StepBody,
};

/// The pipelines that this one reaches and that are not checked yet, each behind those that it calls; itself last.
pub(super) fn callees_first(context: &Context<'_>, id: PipelineId) -> Vec<PipelineId> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![(id, false)];
    while let Some((id, done)) = open.pop() {
        if done {
            order.push(id);
            continue;
        }
        if context.is_checked(id) || !seen.insert(id) {
            continue;
        }
        open.push((id, true));
        let callees = callees(context, context.pipeline_item(id));
        open.extend(callees.into_iter().rev().map(|callee| (callee, false)));
    }
    order
}

fn callees(context: &Context<'_>, pipeline: ItemRef) -> Vec<PipelineId> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![pipeline];
    while let Some(item) = open.pop() {
        let mut names = Vec::new();
        match &context.symbols.item(item).kind {
            ItemKind::Pipeline(pipeline) => {
                for member in &pipeline.members {
                    match &member.kind {
                        MemberKind::Step(step) => step_names(step, &mut names),
                        MemberKind::Flow(flow) => stage_names(&flow.stages, &mut names),
                        _ => {}
                    }
                }
            }
            ItemKind::Step(step) => step_names(step, &mut names),
            _ => {}
        }
        for name in names {
            let Lookup::Item(item) = context.symbols.find(item.unit, Space::Value, name) else {
                continue;
            };
            if !seen.insert(item) {
                continue;
            }
            match context.symbols.item(item).kind {
                ItemKind::Pipeline(_) => found.push(context.pipeline_id(item)),
                ItemKind::Step(_) => open.push(item),
                _ => {}
            }
        }
    }
    found
}

fn step_names<'a>(step: &'a Step, names: &mut Vec<&'a str>) {
    match &step.body {
        StepBody::Stage(stage) => stage_names(std::slice::from_ref(stage), names),
        StepBody::Flow { block, .. } => stage_names(&block.stages, names),
        StepBody::Invalid => {}
    }
}

fn stage_names<'a>(stages: &'a [Stage], names: &mut Vec<&'a str>) {
    for stage in stages {
        if let StageKind::Use { name, .. } = &stage.kind {
            names.push(&name.node);
        }
        for inner in inner_stages(stage) {
            stage_names(inner, names);
        }
    }
}

/// The flows inside of a stage, its modifiers' too.
pub(super) fn inner_stages(stage: &Stage) -> Vec<&[Stage]> {
    let mut inner: Vec<&[Stage]> = Vec::new();
    match &stage.kind {
        StageKind::Use { block, .. } => inner.extend(block.iter().map(|b| b.stages.as_slice())),
        StageKind::Map(map) => match &map.body {
            MapBody::Block(block) => inner.push(&block.stages),
            MapBody::Stage(stage) => inner.push(std::slice::from_ref(stage)),
            MapBody::Invalid => {}
        },
        StageKind::Parallel { branches, .. } => {
            inner.extend(branches.iter().map(|b| b.block.stages.as_slice()));
        }
        StageKind::If(choice) => {
            let mut next = Some(choice.as_ref());
            while let Some(choice) = next.take() {
                inner.push(&choice.then.stages);
                match &choice.otherwise {
                    Some(Else::If(choice)) => next = Some(choice),
                    Some(Else::Block(block)) => inner.push(&block.stages),
                    None => {}
                }
            }
        }
        StageKind::Match(choice) => {
            inner.extend(choice.arms.iter().map(|arm| arm.block.stages.as_slice()));
        }
        StageKind::Try(block) | StageKind::Loop(block) | StageKind::While { block, .. } => {
            inner.push(&block.stages);
        }
        StageKind::Poll(poll) => match &poll.body {
            PollBody::Stage(stage) => inner.push(std::slice::from_ref(stage)),
            PollBody::Block(block) => inner.push(&block.stages),
        },
        _ => {}
    }
    for modifier in &stage.modifiers {
        match &modifier.kind {
            ModifierKind::Catch { block, .. } | ModifierKind::Finally(block) => {
                inner.push(&block.stages);
            }
            _ => {}
        }
    }
    inner
}
