//! More at once than a service takes, and more events than a history has.

use super::name;
use crate::catalog::Pattern;
use crate::catalog::quota::{Capacity, HISTORY_EVENTS, find_capacity};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    Block, Call, Expr, ExprKind, Items, Literal, Map, Pipeline, Poll, Stage, StageKind, Target,
    for_each_stage,
};

/// As many iterations of an inline map run at once, if nothing is said.
const INLINE: u64 = 40;
const DISTRIBUTED: u64 = 10_000;

/// Maps that say no number, over calls of which a service takes only so many.
pub(super) fn uncapped_maps(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        let StageKind::Map(map) = &stage.kind else {
            return;
        };
        if map.concurrency.is_some() {
            return;
        }
        let widest = if map.distributed.is_some() {
            DISTRIBUTED
        } else {
            INLINE
        };
        let at_once = known_items(map).map_or(widest, |items| items.min(widest));
        if let Some((call, capacity)) = find_capped(&map.body, at_once) {
            let place = match &map.items {
                Items::Values(values) => values.span,
                Items::Dataset(dataset) => dataset.span,
            };
            found.push(
                Diagnostic::new(
                    Code::UncappedMap,
                    place,
                    format!("this map may call `{}` {at_once} times at once", name(call)),
                )
                .also(super::head(call), capacity.bound)
                .help("say how many at a time, behind what it runs over: `map(…, 10)`"),
            );
        }
    });
    found
}

/// A call in the block, but not in a map of its own that has a number, of which so many at once are too many.
fn find_capped(block: &Block, at_once: u64) -> Option<(&Call, &'static Capacity)> {
    block.stages.iter().find_map(|stage| match &stage.kind {
        StageKind::Call(call) => {
            let capacity = find_capacity(call.operation.service, &call.operation.name)?;
            let is_called = call.form.pattern != Pattern::Callback;
            (is_called && at_once > capacity.least).then_some((call.as_ref(), capacity))
        }
        StageKind::Map(_) => None,
        _ => stage
            .blocks()
            .into_iter()
            .find_map(|block| find_capped(block, at_once)),
    })
}

/// Inline maps and polls that write more events than an execution may have.
pub(super) fn long_histories(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // An express execution has no history.
    if !pipeline.settings.express {
        look(&pipeline.body, &mut found);
    }
    found
}

fn look(block: &Block, found: &mut Vec<Diagnostic>) {
    for stage in &block.stages {
        match &stage.kind {
            StageKind::Map(map) if map.distributed.as_ref().is_some_and(|map| map.express) => {}
            StageKind::Map(map) if map.distributed.is_none() => {
                let events = events(stage);
                let place = match &map.items {
                    Items::Values(values) => values.span,
                    Items::Dataset(dataset) => dataset.span,
                };
                if events > HISTORY_EVENTS {
                    found.push(too_many(place, "map", events).help(
                        "`distributed` gives each item an execution with a history of its own",
                    ));
                } else {
                    look(&map.body, found);
                }
            }
            StageKind::Poll(poll) => {
                let events = rounds(poll).map_or(0, |rounds| {
                    rounds.saturating_mul(block_events(&poll.block) + 4)
                });
                if events > HISTORY_EVENTS {
                    found.push(too_many(poll.every.span, "poll", events).help(
                        "look less often, or let the service wait: a call without `start` waits for the end of a job",
                    ));
                }
            }
            _ => stage
                .blocks()
                .into_iter()
                .for_each(|inner| look(inner, found)),
        }
    }
}

fn too_many(place: crate::source::Span, what: &str, events: u64) -> Diagnostic {
    Diagnostic::new(
        Code::LongHistory,
        place,
        format!(
            "this {what} can write {events} events, and an execution ends when its history has {HISTORY_EVENTS}"
        ),
    )
}

/// How often a poll calls at most, where the source says it.
fn rounds(poll: &Poll) -> Option<u64> {
    let max = poll.max.as_ref().and_then(number);
    let every = number(&poll.every).filter(|every| *every > 0);
    let timeout = poll.timeout.as_ref().and_then(number);
    let in_time = timeout
        .zip(every)
        .map(|(timeout, every)| timeout / every + 1);
    match (max, in_time) {
        (Some(max), Some(in_time)) => Some(max.min(in_time)),
        (max, in_time) => max.or(in_time),
    }
}

/// The least that a stage writes when it succeeds; what only the run knows is left out.
fn events(stage: &Stage) -> u64 {
    match &stage.kind {
        StageKind::Call(call) => {
            let waits = call.form.pattern != Pattern::RequestResponse
                && !matches!(call.target, Target::Activity(_));
            if waits { 6 } else { 5 }
        }
        StageKind::Wait(_) | StageKind::WaitUntil(_) => 2,
        StageKind::Block { block, .. } => block_events(block),
        StageKind::Parallel { branches, .. } => {
            let branches = branches.iter().map(|branch| block_events(&branch.block));
            4 + branches.sum::<u64>()
        }
        StageKind::If {
            arms, otherwise, ..
        } => {
            let arms = arms.iter().map(|(_, arm)| arm).chain([otherwise]);
            2 + arms.map(block_events).min().unwrap_or_default()
        }
        StageKind::Map(map) if map.distributed.is_some() => 6,
        StageKind::Map(map) => {
            let each = 2 + block_events(&map.body);
            4 + known_items(map).unwrap_or_default().saturating_mul(each)
        }
        StageKind::Poll(poll) => block_events(&poll.block) + 2,
        _ => 0,
    }
}

fn block_events(block: &Block) -> u64 {
    block.stages.iter().map(events).fold(0, u64::saturating_add)
}

/// How many items a map has, where the source says it.
fn known_items(map: &Map) -> Option<u64> {
    match &map.items {
        Items::Values(values) => known_length(values),
        Items::Dataset(_) => None,
    }
}

fn known_length(list: &Expr) -> Option<u64> {
    match &list.kind {
        ExprKind::Literal(Literal::List(elements)) => Some(elements.len() as u64),
        ExprKind::List(elements) if elements.iter().all(|element| !element.spread) => {
            Some(elements.len() as u64)
        }
        ExprKind::ListComprehension {
            source,
            condition: None,
            ..
        } => known_length(source),
        ExprKind::Function { function, args } if function.name == "range" => {
            let numbers: Option<Vec<u64>> = args.iter().map(number).collect();
            match numbers?[..] {
                [first, last, step] if step > 0 && last >= first => Some((last - first) / step + 1),
                _ => None,
            }
        }
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<u64> {
    match expr.as_literal() {
        Some(Literal::Number(number)) => number.as_u64(),
        _ => None,
    }
}
