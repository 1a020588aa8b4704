//! What waits without an end, and what is not waited for.

use super::loops::has_end;
use super::parts::{any_part, arguments, for_each_part, stage_calls};
use super::{head, name};
use crate::catalog::{Pattern, quota, wait};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    Binding, Block, Call, ExprKind, Pipeline, Stage, StageKind, Target, VariableId, for_each_stage,
};
use crate::source::Span;

/// Polls, loops that wait, and calls that wait for somebody's answer, when nothing bounds them.
pub(super) fn without_end(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let bounded = pipeline.settings.timeout.is_some();
    let mut found = Vec::new();
    for_each_stage(&pipeline.body, &mut |stage| match &stage.kind {
        StageKind::Poll(poll) if poll.timeout.is_none() && poll.max.is_none() && !bounded => {
            found.push(
                Diagnostic::new(
                    Code::EndlessPoll,
                    poll.until.span,
                    "this poll ends only when its condition comes true: nothing else bounds it",
                )
                .help("add `timeout 2h` or `max 60` to it; both raise `Poll.TimedOut`"),
            );
        }
        // What has no end at all is `loops`' to tell.
        StageKind::Loop {
            condition, block, ..
        } if !bounded && !counts(block) && (condition.is_some() || has_end(block)) => {
            if let Some(wait) = own_wait(block).filter(|_| calls_outside_of_loops(block)) {
                found.push(
                    Diagnostic::new(
                        Code::EndlessPoll,
                        wait,
                        "this loop looks again and again, and nothing bounds how often",
                    )
                    .help("`poll … until … every … timeout …` does the same with an end; or give the pipeline a `timeout`"),
                );
            }
        }
        StageKind::Call(call)
            if waits_for_somebody(call) && call.timeout.is_none() && call.heartbeat.is_none() =>
        {
            found.push(endless_wait(call));
        }
        _ => {}
    });
    found
}

fn waits_for_somebody(call: &Call) -> bool {
    call.form.pattern == Pattern::Callback || matches!(call.target, Target::Activity(_))
}

fn endless_wait(call: &Call) -> Diagnostic {
    let (place, message) = match call.target {
        Target::Activity(_) => (
            call.span,
            "this call waits for a worker without an end: when none takes it, it waits as long as the execution may last",
        ),
        _ => (
            head(call),
            "this call waits for an answer without an end: when none comes, it waits as long as the execution may last",
        ),
    };
    Diagnostic::new(Code::EndlessWait, place, message)
        .help("add `timeout 2d`, or `heartbeat 10m` when whoever answers sends signs of life")
}

/// Jobs that are waited for, which neither their service nor anything here ever ends.
pub(super) fn endless_jobs(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if pipeline.settings.timeout.is_some() {
        return found;
    }
    for_each_stage(&pipeline.body, &mut |stage| {
        let StageKind::Call(call) = &stage.kind else {
            return;
        };
        if call.form.pattern != Pattern::Sync || call.timeout.is_some() {
            return;
        }
        let Some(bound) = quota::find_unbounded(call.operation.service, &call.operation.name)
        else {
            return;
        };
        let member = bound.split('.').next().unwrap_or_default();
        if arguments(call)
            .iter()
            .any(|(name, _)| !bound.is_empty() && *name == member)
        {
            return;
        }
        found.push(
            Diagnostic::new(
                Code::EndlessJob,
                head(call),
                format!(
                    "this call waits for its job without an end: no limit of `{}` ends one that hangs",
                    call.operation.service
                ),
            )
            .help("add `timeout 4h` to it, or to the pipeline"),
        );
    });
    found
}

/// Whether some name in the block is made of itself: a counter, with which the loop ends.
fn counts(block: &Block) -> bool {
    let mut counted = false;
    for_each_stage(block, &mut |stage| {
        if let StageKind::Assign { variable, value } = &stage.kind {
            counted |= any_part(
                value,
                &mut |part| matches!(&part.kind, ExprKind::Variable(id) if id == variable),
            );
        }
    });
    counted
}

/// The first wait of the loop's own, not of one inside of it.
fn own_wait(block: &Block) -> Option<Span> {
    block.stages.iter().find_map(|stage| match &stage.kind {
        StageKind::Wait(value) | StageKind::WaitUntil(value) => Some(value.span),
        StageKind::Loop { .. } | StageKind::Poll(_) | StageKind::Map(_) => None,
        _ => stage.blocks().into_iter().find_map(own_wait),
    })
}

fn calls_outside_of_loops(block: &Block) -> bool {
    block.stages.iter().any(|stage| match &stage.kind {
        StageKind::Call(_) => true,
        StageKind::Loop { .. } | StageKind::Poll(_) => false,
        _ => stage.blocks().into_iter().any(calls_outside_of_loops),
    })
}

/// Jobs that are only started, when another call of their service takes them for finished.
pub(super) fn unawaited_jobs(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut started: Vec<(&Call, VariableId, &'static wait::WaitLoop)> = Vec::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        if let StageKind::Call(call) = &stage.kind
            && call.form.pattern == Pattern::RequestResponse
            && let Binding::Name(id) = stage.binds
            && let Some(wait) = wait::find_wait(call.operation.service, &call.operation.name)
        {
            started.push((call, id, wait));
        }
    });
    let mut found = Vec::new();
    for (call, id, wait) in started {
        let looked_at = pipeline.body.stages.iter().any(|stage| {
            stage_calls(stage, &mut |other| {
                other.operation.service == wait.service && other.operation.name == wait.poll
            })
        });
        if looked_at {
            continue;
        }
        let mut user: Option<&Call> = None;
        for_each_stage(&pipeline.body, &mut |stage| {
            if user.is_none() {
                user = takes_for_finished(stage, call, id);
            }
        });
        if let Some(user) = user {
            let complete = call.operation.form(Pattern::Sync).is_some();
            found.push(describe_unawaited(call, user, wait, complete));
        }
    }
    found
}

/// A call of the same service that reads what was started, and does not end or look at it.
fn takes_for_finished<'a>(stage: &'a Stage, started: &Call, id: VariableId) -> Option<&'a Call> {
    let StageKind::Call(call) = &stage.kind else {
        return None;
    };
    let operation = &call.operation.name;
    let ends = [
        "stop",
        "cancel",
        "terminate",
        "batchStop",
        "delete",
        "tag",
        "describe",
    ];
    if call.operation.service != started.operation.service
        || ends.iter().any(|word| operation.starts_with(word))
    {
        return None;
    }
    let mut reads = false;
    for (_, value) in arguments(call) {
        for_each_part(value, &mut |part| {
            reads |= matches!(&part.kind, ExprKind::Variable(read) if *read == id);
        });
    }
    reads.then_some(call.as_ref())
}

fn describe_unawaited(
    call: &Call,
    user: &Call,
    wait: &wait::WaitLoop,
    complete: bool,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        Code::UnawaitedJob,
        head(call),
        format!("nothing waits for the end of what `{}` starts", name(call)),
    )
    .also(head(user), "takes it for finished");
    if complete {
        diagnostic.help("without `start` the call waits for the end")
    } else {
        diagnostic.help(format!(
            "look at it until it has ended: `poll {}.{}(…) until result.{} in [\"{}\"] … every 30s timeout 2h`",
            wait.service,
            wait.poll,
            wait.path,
            wait.done.join("\", \"")
        ))
    }
}
