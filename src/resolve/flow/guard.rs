//! Modifiers: sorted, and what stands around a stage walked in its order (retry, then catch, then finally).

use std::rc::Rc;

use super::errors::{Raises, Taker};
use super::{Flow, Inner, Made};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Block, Expr, Guard, Handler, StageKind, Type, VariableKind};
use crate::resolve::scope::{FrameKind, Named};
use crate::resolve::state::Delta;
use crate::source::Span;
use crate::syntax::ast::{self, ModifierKind};

/// A stage's modifiers by what they are.
#[derive(Default)]
pub(super) struct Modifiers<'u> {
    pub retries: Vec<(
        &'u ast::Modifier,
        Option<&'u ast::Name>,
        &'u [ast::RetryPart],
    )>,
    pub retry_none: Option<Span>,
    pub catches: Vec<(&'u [ast::ErrorName], &'u ast::Block, Span)>,
    pub finally: Option<(&'u ast::Block, Span)>,
    pub timeout: Option<(&'u ast::Expr, Span)>,
    pub heartbeat: Option<(&'u ast::Expr, Span)>,
    pub credentials: Option<(&'u ast::Expr, Span)>,
    pub named: Option<(&'u ast::Text, Span)>,
    pub within: Option<(&'u ast::Expr, Span)>,
    pub returns: Option<(&'u ast::Type, Span)>,
    pub accesses: Vec<&'u ast::AccessClause>,
}

impl<'u> Modifiers<'u> {
    /// Whether anything stands around the stage.
    pub fn guards(&self) -> bool {
        !self.retries.is_empty()
            || self.retry_none.is_some()
            || !self.catches.is_empty()
            || self.finally.is_some()
    }

    /// What belongs to a call alone: the word and its place.
    pub fn of_calls(&self) -> Vec<(&'static str, Span)> {
        let mut found: Vec<(&'static str, Span)> = [
            ("timeout", self.timeout.map(|(_, span)| span)),
            ("heartbeat", self.heartbeat.map(|(_, span)| span)),
            ("credentials", self.credentials.map(|(_, span)| span)),
            ("within", self.within.map(|(_, span)| span)),
            ("returns", self.returns.map(|(_, span)| span)),
        ]
        .into_iter()
        .filter_map(|(word, span)| Some((word, span?)))
        .collect();
        found.extend(
            self.accesses
                .iter()
                .map(|access| (access_word(access.mode), access.span)),
        );
        found
    }
}

impl<'u> Flow<'_, 'u> {
    /// Sorts modifiers; those that may stand once and stand twice are reported.
    pub(super) fn sort_modifiers(
        &mut self,
        modifiers: &'u [ast::Modifier],
        stage: Span,
    ) -> Modifiers<'u> {
        let mut sorted = Modifiers::default();
        for modifier in modifiers {
            let span = modifier.span;
            let first = match &modifier.kind {
                ModifierKind::Retry { policy, parts } => {
                    sorted.retries.push((modifier, policy.as_ref(), parts));
                    None
                }
                ModifierKind::RetryNone => sorted.retry_none.replace(span),
                ModifierKind::Catch { errors, block } => {
                    sorted.catches.push((errors, block, span));
                    None
                }
                ModifierKind::Finally(block) => {
                    sorted.finally.replace((block, span)).map(|(_, span)| span)
                }
                ModifierKind::Timeout(value) => {
                    sorted.timeout.replace((value, span)).map(|(_, span)| span)
                }
                ModifierKind::Heartbeat(value) => sorted
                    .heartbeat
                    .replace((value, span))
                    .map(|(_, span)| span),
                ModifierKind::Credentials(value) => sorted
                    .credentials
                    .replace((value, span))
                    .map(|(_, span)| span),
                ModifierKind::Named(text) => {
                    sorted.named.replace((text, span)).map(|(_, span)| span)
                }
                ModifierKind::Within(value) => {
                    sorted.within.replace((value, span)).map(|(_, span)| span)
                }
                ModifierKind::Returns(ty) => {
                    sorted.returns.replace((ty, span)).map(|(_, span)| span)
                }
                ModifierKind::Access(access) => {
                    let first = sorted.accesses.iter().find(|a| a.mode == access.mode);
                    let first = first.map(|first| first.span);
                    sorted.accesses.push(access);
                    first
                }
                ModifierKind::Allow(allow) => {
                    self.scope.context.allow(allow, stage);
                    None
                }
            };
            if let Some(first) = first {
                self.report(
                    Diagnostic::new(
                        Code::RepeatedPart,
                        span,
                        format!("`{}` stands here twice", word(&modifier.kind)),
                    )
                    .also(first, "the first"),
                );
            }
        }
        if let Some(none) = sorted.retry_none
            && let Some((retry, ..)) = sorted.retries.first()
        {
            self.report(
                Diagnostic::new(
                    Code::RepeatedPart,
                    none,
                    "`retry none` leaves no room for another `retry`",
                )
                .also(retry.span, "which stands here"),
            );
        }
        sorted
    }

    /// A stage that is no use of a step, with its guard.
    pub(super) fn guarded(
        &mut self,
        ast: &'u ast::Stage,
        base: &Rc<str>,
        walk: impl FnOnce(&mut Self) -> Inner,
    ) -> Made {
        let _ = base;
        let modifiers = self.sort_modifiers(&ast.modifiers, ast.span);
        let takes_calls = matches!(ast.kind, ast::StageKind::Call { .. });
        if !takes_calls {
            let dataset = matches!(&ast.kind, ast::StageKind::Map(_));
            self.report_call_modifiers(&modifiers, dataset, &ast.kind);
        }
        self.guarded_by(&modifiers, ast.span, ast.span, walk)
    }

    fn report_call_modifiers(
        &mut self,
        modifiers: &Modifiers<'_>,
        is_map: bool,
        kind: &ast::StageKind,
    ) {
        for (word, span) in modifiers.of_calls() {
            if is_map && matches!(word, "within" | "reads") {
                continue;
            }
            let diagnostic = Diagnostic::new(
                Code::MisplacedModifier,
                span,
                format!("`{word}` belongs to a call"),
            );
            self.report(match kind {
                ast::StageKind::Poll(_) => {
                    diagnostic.help("in a poll, what belongs to the call stands before `until`")
                }
                _ => diagnostic.help("put it behind the call itself"),
            });
        }
    }

    /// Walks a stage, its handlers and its `finally`, and what of the names is known behind them.
    pub(super) fn guarded_by(
        &mut self,
        modifiers: &Modifiers<'u>,
        stage: Span,
        written: Span,
        walk: impl FnOnce(&mut Self) -> Inner,
    ) -> Made {
        let named = self.given_name(modifiers);
        let start = self.scope.flow.state.mark();
        let walked = self.scope.flow.state.walked();
        self.check_cleanup_place(modifiers);
        self.raises.push(Raises::default());
        let again = !modifiers.retries.is_empty();
        let mut inner = Inner::broken();
        if again {
            // The block starts again with its names as a failed attempt leaves them.
            self.come_back(|flow| inner = walk(flow));
        } else {
            inner = walk(self);
        }
        let raises = self.raises.pop().unwrap_or_default();
        let mut guard = Guard {
            retry: self.retries(modifiers, &raises, &inner, stage),
            ..Guard::default()
        };
        let mut ty = inner.ty.clone();
        let mut ways: Vec<Option<Delta>> = Vec::new();
        if !modifiers.catches.is_empty() {
            let native = inner.kind.is_some();
            ways.push(self.scope.flow.state.take(start));
            if ways[0].is_none() {
                ty = Type::Never;
            }
            let mut taker = Taker::default();
            for (errors, block, span) in &modifiers.catches {
                let errors = self.error_names(errors, &raises, &mut taker, native, false);
                let bound = self.scope.flow.state.bound_since(walked);
                self.scope.flow.state.weaken(&bound);
                let (handler, value) = self.handler(errors, block, *span);
                guard.catch.push(handler);
                let way = self.scope.flow.state.take(start);
                if way.is_some() {
                    ty = ty.join(&value);
                }
                ways.push(way);
            }
            self.scope.flow.state.join(ways);
        }
        self.merge_raises(raises);
        if let Some((block, place)) = modifiers.finally {
            self.finally = self.finally.or(Some(Span {
                end: place.start + "finally".len() as u32,
                ..place
            }));
            let after = self.scope.flow.state.take(start);
            let bound = self.scope.flow.state.bound_since(walked);
            self.scope.flow.state.weaken(&bound);
            let walked = self.scope.flow.state.walked();
            let block = self.cleanup(block);
            let bound = self.scope.flow.state.bound_since(walked);
            let ends = self.scope.flow.state.reachable;
            let states = bound
                .keys()
                .map(|id| (*id, self.scope.flow.state.get(*id)))
                .collect();
            self.scope.flow.state.roll_back(start);
            self.scope.flow.state.reachable = true;
            self.scope.flow.state.join(vec![after.filter(|_| ends)]);
            if self.scope.flow.state.reachable {
                self.scope.flow.state.restore(states);
            }
            guard.finally = Some(block);
        }
        let _ = written;
        Made {
            kind: inner.kind,
            guard,
            ty,
            named,
            fresh_facts: inner.holds,
        }
    }

    /// A handler's block, with `error` in it.
    fn handler(
        &mut self,
        errors: Vec<String>,
        block: &'u ast::Block,
        span: Span,
    ) -> (Handler, Type) {
        let error_type = Type::object([
            ("name".to_owned(), Type::String, false),
            ("cause".to_owned(), Type::String, false),
        ]);
        let error = self
            .scope
            .new_variable("error", VariableKind::Error, error_type.clone(), span);
        let outer = self.place.clone();
        let frame = self
            .scope
            .push_frame(self.scope.flow.frame, FrameKind::Implicit);
        self.scope
            .name(frame, "error", Named::Variable(error), span);
        self.scope.bind(error, error_type);
        self.scope.flow.frame = Some(frame);
        self.place.frame = frame;
        self.place.error = Some(error);
        let (block, ty) = self.inner_block(&block.stages);
        self.scope.flow.frame = Some(outer.frame);
        self.place = outer;
        let handler = Handler {
            errors,
            error,
            block,
            span,
        };
        (handler, ty)
    }

    fn cleanup(&mut self, block: &'u ast::Block) -> Block {
        self.cleanups += 1;
        let (block, _) = self.inner_block(&block.stages);
        self.cleanups -= 1;
        block
    }

    /// A `finally` in a body that a sibling's failure cancels would not run.
    fn check_cleanup_place(&mut self, modifiers: &Modifiers<'_>) {
        let Some((_, span)) = modifiers.finally else {
            return;
        };
        let mut next = self.scope.flow.body;
        while let Some(id) = next {
            let body = self.scope.body(id);
            next = body.parent;
            if let Some(around) = body.cancelled {
                let span = Span {
                    end: span.start + "finally".len() as u32,
                    ..span
                };
                self.report(
                    Diagnostic::new(
                        Code::FinallyCancelled,
                        span,
                        "this `finally` would not run when a sibling fails first: the service then cancels this body where it stands",
                    )
                    .also(around, "its bodies run beside each other")
                    .help("with `collect` one failure does not cancel the others; or put the `finally` around the whole"),
                );
                return;
            }
        }
    }

    /// The name that `named` gives the state.
    fn given_name(&mut self, modifiers: &Modifiers<'_>) -> Option<String> {
        const LONGEST: usize = 80;
        let (text, _) = modifiers.named?;
        let length = text.node.chars().count();
        if length == 0 || length > LONGEST {
            self.report(Diagnostic::new(
                Code::StateName,
                text.span,
                format!("a state's name has 1 to {LONGEST} characters, and this one {length}"),
            ));
            return None;
        }
        let first = self.given_names.insert(text.node.clone(), text.span);
        if let Some(first) = first {
            let diagnostic = if first == text.span {
                Diagnostic::new(
                    Code::StateName,
                    text.span,
                    "the step is used more than once, and each use would have this name",
                )
                .help("take `named` out: the states are then called after the uses")
            } else {
                Diagnostic::new(
                    Code::StateName,
                    text.span,
                    format!("another state is named `{}` already", text.node),
                )
                .also(first, "here")
            };
            self.report(diagnostic);
        }
        Some(text.node.clone())
    }

    /// Transfers what holds of a poll's last result to the variable that it is bound to.
    pub(super) fn learn_of_result(&mut self, condition: &Expr, variable: crate::ir::VariableId) {
        use crate::resolve::expr::{PathRoot, facts};
        let paths = facts(condition, true)
            .into_iter()
            .filter(|path| match path.root {
                PathRoot::Variable(id) => {
                    self.scope.flow.variables[id.0 as usize].kind == VariableKind::PollResult
                }
                PathRoot::Local(_) => false,
            })
            .map(|mut path| {
                path.root = PathRoot::Variable(variable);
                path
            })
            .collect();
        self.scope.flow.state.learn(paths);
    }
}

/// The word that a modifier begins with.
fn access_word(mode: ast::AccessMode) -> &'static str {
    match mode {
        ast::AccessMode::Reads => "reads",
        ast::AccessMode::Writes => "writes",
    }
}

fn word(modifier: &ModifierKind) -> &'static str {
    match modifier {
        ModifierKind::Retry { .. } => "retry",
        ModifierKind::RetryNone => "retry none",
        ModifierKind::Catch { .. } => "catch",
        ModifierKind::Finally(_) => "finally",
        ModifierKind::Timeout(_) => "timeout",
        ModifierKind::Heartbeat(_) => "heartbeat",
        ModifierKind::Credentials(_) => "credentials",
        ModifierKind::Named(_) => "named",
        ModifierKind::Within(_) => "within",
        ModifierKind::Access(access) => access_word(access.mode),
        ModifierKind::Returns(_) => "returns",
        ModifierKind::Allow(_) => "allow",
    }
}

/// Whether the service itself retries such a stage.
pub(super) fn is_native(kind: &StageKind) -> bool {
    matches!(
        kind,
        StageKind::Call(_) | StageKind::Map(_) | StageKind::Parallel { .. }
    )
}
