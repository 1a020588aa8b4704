//! `while`, `loop` and `poll`.

use std::rc::Rc;

use super::{Flow, Inner, LoopRecord};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Block, FailWhen, Poll, StageKind, Type, VariableKind};
use crate::resolve::expr::{self, facts};
use crate::resolve::scope::{FrameKind, Named};
use crate::source::Span;
use crate::syntax::ast::{self, PollPartKind};

impl<'u> Flow<'_, 'u> {
    pub(super) fn repeat(
        &mut self,
        condition: Option<&'u ast::Expr>,
        block: &'u ast::Block,
    ) -> Inner {
        let label = self.new_label();
        let mark = self.scope.flow.state.mark();
        self.loops.push(LoopRecord {
            label,
            body: self.body_id(),
            mark,
            breaks: Vec::new(),
            cleanups: self.cleanups,
        });
        let at = self.loops.len() - 1;
        let outer = self.place.looped.replace(at);
        let mut ways = Vec::new();
        let mut made = None;
        self.come_back(|flow| {
            let condition =
                condition.map(|condition| expr::check_condition(&mut flow.scope, condition));
            if let Some(condition) = &condition {
                // Behind the loop the condition does not hold.
                let before = flow.scope.flow.state.mark();
                flow.scope.flow.state.learn(facts(condition, false));
                ways.push(flow.scope.flow.state.take_since(mark, before));
                flow.scope.flow.state.learn(facts(condition, true));
            }
            let (block, _) = flow.inner_block(&block.stages);
            made = Some((condition, block));
        });
        self.place.looped = outer;
        ways.append(&mut self.loops[at].breaks);
        self.scope.flow.state.roll_back(mark);
        self.scope.flow.state.reachable = true;
        self.scope.flow.state.join(ways);
        let ty = if self.scope.flow.state.reachable {
            Type::Null
        } else {
            Type::Never
        };
        match made {
            Some((condition, block)) => Inner::of(
                ty,
                StageKind::Loop {
                    label,
                    condition,
                    block,
                },
            ),
            None => Inner::broken(),
        }
    }

    pub(super) fn poll(
        &mut self,
        ast: &'u ast::Stage,
        poll: &'u ast::Poll,
        base: &Rc<str>,
    ) -> Inner {
        let parts = self.poll_parts(ast, poll);
        let result =
            self.scope
                .new_variable("result", VariableKind::PollResult, Type::Never, ast.span);
        let mut made = Inner::broken();
        self.come_back(|flow| made = flow.poll_once(poll, &parts, result, base));
        made
    }

    fn poll_once(
        &mut self,
        poll: &'u ast::Poll,
        parts: &PollParts<'u>,
        result: crate::ir::VariableId,
        base: &Rc<str>,
    ) -> Inner {
        let (block, ty) = match &poll.body {
            ast::PollBody::Block(block) => self.block(&block.stages),
            ast::PollBody::Stage(stage) => {
                // The call is the poll's own: its state has the poll's name.
                let owner = super::Owner {
                    base: base.clone(),
                    doc: None,
                };
                let named = match (&stage.binding, &stage.kind) {
                    (None, ast::StageKind::Call { .. }) => Some(&owner),
                    (None, ast::StageKind::Use { name, .. }) if !self.is_step(&name.node) => {
                        Some(&owner)
                    }
                    _ => None,
                };
                let (stage, ty) = self.stage_named(stage, named);
                let stages = stage.into_iter().collect();
                (Block { stages }, ty)
            }
        };
        self.scope.bind(result, ty.clone());
        let frame = self
            .scope
            .push_frame(self.scope.flow.frame, FrameKind::Implicit);
        let span = self.scope.flow.variables[result.0 as usize].span;
        self.scope
            .name(frame, "result", Named::Variable(result), span);
        let outer = self.scope.flow.frame.replace(frame);
        let outer_place = std::mem::replace(&mut self.place.frame, frame);
        let mut fail_when = Vec::new();
        for (condition, error, cause) in &parts.fails {
            let condition = expr::check_condition(&mut self.scope, condition);
            let before = self.scope.flow.state.mark();
            self.scope.flow.state.learn(facts(&condition, true));
            let cause = cause.map(|cause| expr::check(&mut self.scope, cause, Some(&Type::String)));
            self.scope.flow.state.roll_back(before);
            let name = match error {
                Some(error) => {
                    self.check_raised_name(error);
                    error.name.clone()
                }
                None => {
                    self.top_raises().raise("Poll.Failed");
                    "Poll.Failed".to_owned()
                }
            };
            self.scope.flow.state.learn(facts(&condition, false));
            fail_when.push(FailWhen {
                condition,
                error: name,
                cause,
            });
        }
        let until = parts
            .until
            .map(|until| expr::check_condition(&mut self.scope, until));
        self.scope.flow.frame = outer;
        self.place.frame = outer_place;
        let every = parts
            .every
            .map(|every| self.duration(every, "a poll's `every`", 1));
        let timeout = parts
            .timeout
            .map(|timeout| self.duration(timeout, "a poll's `timeout`", 1));
        let max = parts.max.map(|max| {
            let value = expr::check(&mut self.scope, max, Some(&Type::Int));
            self.check_range(&value, "a poll's `max`", 1, 1_000_000, " calls");
            value
        });
        if timeout.is_some() || max.is_some() {
            self.top_raises().raise("Poll.TimedOut");
        }
        if self.express() {
            for time in every.iter().chain(&timeout) {
                self.check_express_time(time, "a poll's time");
            }
        }
        let (Some(until), Some(every)) = (until, every) else {
            return Inner {
                ty,
                ..Inner::broken()
            };
        };
        let holds = Some(until.clone());
        let kind = StageKind::Poll(Box::new(Poll {
            block,
            result,
            fail_when,
            until,
            every,
            timeout,
            max,
        }));
        Inner {
            holds,
            ..Inner::of(ty, kind)
        }
    }

    fn poll_parts(&mut self, ast: &ast::Stage, poll: &'u ast::Poll) -> PollParts<'u> {
        let mut parts = PollParts::default();
        for part in &poll.parts {
            let first = match &part.kind {
                PollPartKind::Until(value) => {
                    once(&mut parts.until, value, &mut parts.places, part.span, 0)
                }
                PollPartKind::Every(value) => {
                    once(&mut parts.every, value, &mut parts.places, part.span, 1)
                }
                PollPartKind::Timeout(value) => {
                    once(&mut parts.timeout, value, &mut parts.places, part.span, 2)
                }
                PollPartKind::Max(value) => {
                    once(&mut parts.max, value, &mut parts.places, part.span, 3)
                }
                PollPartKind::FailWhen {
                    condition,
                    error,
                    cause,
                } => {
                    parts
                        .fails
                        .push((condition, error.as_ref(), cause.as_ref()));
                    None
                }
            };
            if let Some(first) = first {
                self.report(
                    Diagnostic::new(
                        Code::RepeatedPart,
                        part.span,
                        "this part of the poll stands here twice",
                    )
                    .also(first, "the first"),
                );
            }
        }
        let word = super::word_place(ast, "poll");
        if parts.until.is_none() {
            self.report(
                Diagnostic::new(
                    Code::PollPart,
                    word,
                    "the poll does not say when it is done",
                )
                .help("`until result.Status == \"FINISHED\"` looks at the last result"),
            );
        }
        if parts.every.is_none() {
            self.report(
                Diagnostic::new(
                    Code::PollPart,
                    word,
                    "the poll does not say how long it waits between two calls",
                )
                .help("add `every 30s`"),
            );
        }
        parts
    }
}

fn once<'u>(
    place: &mut Option<&'u ast::Expr>,
    value: &'u ast::Expr,
    places: &mut [Option<Span>; 4],
    span: Span,
    at: usize,
) -> Option<Span> {
    if place.is_some() {
        return places[at];
    }
    *place = Some(value);
    places[at] = Some(span);
    None
}

type Fails<'u> = (
    &'u ast::Expr,
    Option<&'u ast::ErrorName>,
    Option<&'u ast::Expr>,
);

#[derive(Default)]
struct PollParts<'u> {
    until: Option<&'u ast::Expr>,
    every: Option<&'u ast::Expr>,
    timeout: Option<&'u ast::Expr>,
    max: Option<&'u ast::Expr>,
    fails: Vec<Fails<'u>>,
    places: [Option<Span>; 4],
}
