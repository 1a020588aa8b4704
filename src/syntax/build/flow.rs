//! Flows, stages and their modifiers.

use pest::iterators::Pair;

use super::expr::binary_op;
use super::{Builder, Children};
use crate::source::Spanned;
use crate::syntax::ast::{
    AccessClause, AccessMode, AccessTarget, Allow, Arm, BinaryOp, Binding, Block, Branch, CallMode,
    Else, ErrorName, Expr, ExprKind, Flow, If, Map, MapBody, MapOption, MapOptionKind, Match,
    Modifier, ModifierKind, Pattern, Poll, PollBody, PollPart, PollPartKind, RetryPart,
    RetryPartKind, Stage, StageKind, UnaryOp,
};
use crate::syntax::grammar::Rule;

impl Builder<'_> {
    pub(super) fn flow(&mut self, pair: Pair<'_, Rule>) -> Flow {
        let span = self.span(&pair);
        Flow {
            stages: self.stages(pair),
            span,
        }
    }

    pub(super) fn block(&mut self, pair: Pair<'_, Rule>) -> Block {
        let span = self.span(&pair);
        Block {
            stages: self.stages(pair),
            span,
        }
    }

    fn stages(&mut self, pair: Pair<'_, Rule>) -> Vec<Stage> {
        Children::of(pair)
            .rest(Rule::stage)
            .into_iter()
            .map(|stage| self.stage(stage))
            .collect()
    }

    pub(super) fn stage(&mut self, pair: Pair<'_, Rule>) -> Stage {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let binding = match children.peek() {
            Some(Rule::name_binding) => {
                let name = Children::of(children.any()).need(Rule::name);
                Some(Binding::Name(self.name(&name)))
            }
            Some(Rule::fields_binding) => {
                let pair = children.any();
                let mut span = self.span(&pair);
                let mut names = Vec::new();
                let mut inner = Children::of(pair);
                while let Some(child) = inner.next() {
                    match child.as_rule() {
                        Rule::name => names.push(self.name(&child)),
                        Rule::close_brace => span = span.to(self.span(&child)),
                        _ => {}
                    }
                }
                Some(Binding::Fields(names, span))
            }
            _ => None,
        };
        let kind = children.any();
        let kind = self.stage_kind(kind);
        let mut modifiers = Vec::new();
        while let Some(modifier) = children.next() {
            modifiers.push(self.modifier(modifier));
        }
        Stage {
            binding,
            kind,
            modifiers,
            span,
        }
    }

    fn stage_kind(&mut self, pair: Pair<'_, Rule>) -> StageKind {
        match pair.as_rule() {
            Rule::map => StageKind::Map(Box::new(self.map(pair))),
            Rule::parallel => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_parallel);
                let collect = children
                    .take(Rule::collect_option)
                    .map(|collect| self.span(&collect));
                StageKind::Parallel {
                    collect,
                    branches: children
                        .rest(Rule::branch)
                        .into_iter()
                        .map(|branch| self.branch(branch))
                        .collect(),
                }
            }
            Rule::if_stage => StageKind::If(Box::new(self.if_stage(pair))),
            Rule::match_stage => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_match);
                let subject = children.need(Rule::expr);
                StageKind::Match(Box::new(Match {
                    subject: self.expr(subject),
                    arms: children
                        .rest(Rule::arm)
                        .into_iter()
                        .map(|arm| self.arm(arm))
                        .collect(),
                }))
            }
            Rule::try_stage => StageKind::Try(self.only_block(pair)),
            Rule::poll => StageKind::Poll(Box::new(self.poll(pair))),
            Rule::while_stage => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_while);
                let condition = children.need(Rule::expr);
                let block = children.need(Rule::block);
                StageKind::While {
                    condition: self.expr(condition),
                    block: self.block(block),
                }
            }
            Rule::loop_stage => StageKind::Loop(self.only_block(pair)),
            Rule::wait_stage => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_wait);
                let until = children.take(Rule::kw_until).is_some();
                let expr = children.need(Rule::expr);
                let expr = self.expr(expr);
                if until {
                    StageKind::WaitUntil(expr)
                } else {
                    StageKind::Wait(expr)
                }
            }
            Rule::fail_stage => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_fail);
                let error = children
                    .take(Rule::error_name)
                    .map(|error| self.error_name(error));
                StageKind::Fail {
                    error,
                    cause: children.take(Rule::cause).map(|cause| self.cause(cause)),
                }
            }
            Rule::return_stage => StageKind::Return(self.optional_expr(pair)),
            Rule::pass_stage => StageKind::Pass(self.optional_expr(pair)),
            Rule::break_stage => StageKind::Break,
            Rule::continue_stage => StageKind::Continue,
            Rule::let_item => StageKind::Let(self.let_item(pair)),
            Rule::set_stage => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_set);
                let name = children.need(Rule::name);
                let value = children.rest(Rule::expr).pop();
                let name = self.name(&name);
                StageKind::Set {
                    value: value.map_or_else(
                        || Expr {
                            kind: ExprKind::Invalid,
                            span: name.span,
                        },
                        |value| self.expr(value),
                    ),
                    name,
                }
            }
            _ => self.call(pair),
        }
    }

    fn call(&mut self, pair: Pair<'_, Rule>) -> StageKind {
        let mut children = Children::of(pair);
        let mode = if children.take(Rule::kw_start).is_some() {
            CallMode::Start
        } else if children.take(Rule::kw_await).is_some() {
            CallMode::Await
        } else {
            CallMode::Complete
        };
        let name = children.need(Rule::name);
        if self.is_left_out(&name) {
            return StageKind::Invalid;
        }
        let name = self.name(&name);
        if children.take(Rule::dot).is_some() {
            let operation = children.need(Rule::any_name);
            let args = children.need(Rule::call_arguments);
            return StageKind::Call {
                mode,
                call: name.span.to(self.span(&args)),
                service: name,
                operation: self.name(&operation),
                args: self.arguments(args),
            };
        }
        let args = children.take(Rule::call_arguments);
        let call = args
            .as_ref()
            .map_or(name.span, |args| name.span.to(self.span(args)));
        let args = args.map(|args| self.arguments(args));
        let block = children.take(Rule::block).map(|block| self.block(block));
        StageKind::Use {
            mode,
            name,
            args,
            block,
            call,
        }
    }

    fn only_block(&mut self, pair: Pair<'_, Rule>) -> Block {
        let span = self.span(&pair);
        match Children::of(pair).rest(Rule::block).pop() {
            Some(block) => self.block(block),
            None => Block {
                stages: Vec::new(),
                span,
            },
        }
    }

    fn optional_expr(&mut self, pair: Pair<'_, Rule>) -> Option<Expr> {
        Children::of(pair)
            .rest(Rule::expr)
            .pop()
            .map(|expr| self.expr(expr))
    }

    fn map(&mut self, pair: Pair<'_, Rule>) -> Map {
        let mut children = Children::of(pair);
        children.need(Rule::kw_map);
        children.need(Rule::open_paren);
        let (mut item, mut item_type) = (None, None);
        if let Some(pair) = children.take(Rule::map_item) {
            let mut inner = Children::of(pair);
            let name = inner.need(Rule::name);
            item = Some(self.name(&name));
            item_type = inner
                .rest(Rule::type_expr)
                .pop()
                .map(|ty| self.type_expr(ty));
        }
        let items = children.need(Rule::expr);
        let items = self.expr(items);
        let mut concurrency = None;
        let mut options = Vec::new();
        let mut body = MapBody::Invalid;
        while let Some(child) = children.next() {
            match child.as_rule() {
                Rule::expr => concurrency = Some(self.expr(child)),
                Rule::block => body = MapBody::Block(self.block(child)),
                Rule::stage => body = MapBody::Stage(self.stage(child)),
                Rule::comma | Rule::close_paren | Rule::arrow => {}
                _ => options.push(self.map_option(child)),
            }
        }
        Map {
            item,
            item_type,
            items,
            concurrency,
            options,
            body,
        }
    }

    fn map_option(&mut self, pair: Pair<'_, Rule>) -> MapOption {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut children = Children::of(pair);
        children.any();
        let kind = match rule {
            Rule::distributed_option => MapOptionKind::Distributed,
            Rule::express_option => MapOptionKind::Express,
            Rule::standard_option => MapOptionKind::Standard,
            Rule::collect_option => MapOptionKind::Collect,
            Rule::batch_option => {
                let expr = children.need(Rule::expr);
                MapOptionKind::Batch(self.expr(expr))
            }
            Rule::tolerate_option => {
                let expr = children.need(Rule::expr);
                MapOptionKind::Tolerate {
                    value: self.expr(expr),
                    percent: children.take(Rule::percent).is_some(),
                }
            }
            Rule::results_option => {
                children.need(Rule::kw_to);
                let target = children.need(Rule::name);
                let args = children.need(Rule::call_arguments);
                MapOptionKind::Results {
                    target: self.name(&target),
                    args: self.arguments(args),
                }
            }
            _ => {
                let text = children.need(Rule::text);
                MapOptionKind::Label(self.text(text))
            }
        };
        MapOption { kind, span }
    }

    fn branch(&mut self, pair: Pair<'_, Rule>) -> Branch {
        let mut children = Children::of(pair);
        let name = children.need(Rule::name);
        let block = children.need(Rule::block);
        Branch {
            name: self.name(&name),
            block: self.block(block),
        }
    }

    fn if_stage(&mut self, pair: Pair<'_, Rule>) -> If {
        let mut children = Children::of(pair);
        children.need(Rule::kw_if);
        let condition = children.need(Rule::expr);
        let then = children.need(Rule::block);
        let condition = self.expr(condition);
        let then = self.block(then);
        let otherwise = children.take(Rule::kw_else).map(|_| {
            let other = children.any();
            if other.as_rule() == Rule::if_stage {
                Else::If(Box::new(self.if_stage(other)))
            } else {
                Else::Block(self.block(other))
            }
        });
        If {
            condition,
            then,
            otherwise,
        }
    }

    fn arm(&mut self, pair: Pair<'_, Rule>) -> Arm {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let mut patterns = Vec::new();
        let mut block = Block {
            stages: Vec::new(),
            span,
        };
        while let Some(child) = children.next() {
            match child.as_rule() {
                Rule::pattern => patterns.push(self.pattern(child)),
                Rule::block => block = self.block(child),
                _ => {}
            }
        }
        Arm {
            patterns,
            block,
            span,
        }
    }

    fn pattern(&mut self, pair: Pair<'_, Rule>) -> Pattern {
        let span = self.span(&pair);
        let mut op = Spanned::new(BinaryOp::Eq, span.before());
        let mut children = Children::of(pair);
        let mut child = children.any();
        if matches!(
            child.as_rule(),
            Rule::at_most
                | Rule::at_least
                | Rule::less
                | Rule::greater
                | Rule::not_equal
                | Rule::equal
        ) {
            op = Spanned::new(binary_op(child.as_rule()), self.span(&child));
            child = children.any();
        }
        let value = if child.as_rule() == Rule::negative_number {
            let span = self.span(&child);
            let number = &child.as_str()[1..];
            Expr {
                kind: ExprKind::Unary {
                    op: Spanned::new(
                        UnaryOp::Negate,
                        crate::source::Span {
                            end: span.start + 1,
                            ..span
                        },
                    ),
                    operand: Box::new(Expr {
                        kind: ExprKind::Number(number.to_owned()),
                        span: crate::source::Span {
                            start: span.start + 1,
                            ..span
                        },
                    }),
                },
                span,
            }
        } else {
            self.primary(child)
        };
        Pattern { op, value }
    }

    fn poll(&mut self, pair: Pair<'_, Rule>) -> Poll {
        let mut children = Children::of(pair);
        children.need(Rule::kw_poll);
        let body = children.any();
        let body = if body.as_rule() == Rule::block {
            PollBody::Block(self.block(body))
        } else {
            PollBody::Stage(Box::new(self.stage(body)))
        };
        let mut parts = Vec::new();
        while let Some(part) = children.next() {
            parts.push(self.poll_part(part));
        }
        Poll { body, parts }
    }

    fn poll_part(&mut self, pair: Pair<'_, Rule>) -> PollPart {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut children = Children::of(pair);
        children.any();
        children.take(Rule::kw_when);
        let expr = children.need(Rule::expr);
        let expr = self.expr(expr);
        let kind = match rule {
            Rule::poll_until => PollPartKind::Until(expr),
            Rule::poll_every => PollPartKind::Every(expr),
            Rule::poll_timeout => PollPartKind::Timeout(expr),
            Rule::poll_max => PollPartKind::Max(expr),
            _ => PollPartKind::FailWhen {
                condition: expr,
                error: children
                    .take(Rule::error_name)
                    .map(|error| self.error_name(error)),
                cause: children.take(Rule::cause).map(|cause| self.cause(cause)),
            },
        };
        PollPart { kind, span }
    }

    pub(super) fn error_name(&mut self, pair: Pair<'_, Rule>) -> ErrorName {
        let span = self.span(&pair);
        let inner = Children::of(pair).any();
        if inner.as_rule() == Rule::string {
            let expr = self.string(inner);
            let name = match expr.kind {
                ExprKind::String(parts) => parts
                    .into_iter()
                    .filter_map(|part| match part {
                        crate::syntax::ast::StringPart::Text(text) => Some(text),
                        crate::syntax::ast::StringPart::Expr(_) => None,
                    })
                    .collect(),
                _ => String::new(),
            };
            return ErrorName {
                name,
                quoted: true,
                span,
            };
        }
        ErrorName {
            name: inner.as_str().to_owned(),
            quoted: false,
            span,
        }
    }

    pub(super) fn cause(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let first = children.any();
        if first.as_rule() == Rule::string {
            return self.string(first);
        }
        let inner = children.need(Rule::expr);
        Expr {
            kind: ExprKind::Paren(Box::new(self.expr(inner))),
            span,
        }
    }

    pub(super) fn modifier(&mut self, pair: Pair<'_, Rule>) -> Modifier {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::retry => self.retry(pair),
            Rule::catch => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_catch);
                let errors = children.need(Rule::error_names);
                let block = children.need(Rule::block);
                ModifierKind::Catch {
                    errors: self.error_names(errors),
                    block: self.block(block),
                }
            }
            Rule::finally => ModifierKind::Finally(self.only_block(pair)),
            Rule::access => ModifierKind::Access(self.access(pair)),
            Rule::allow => ModifierKind::Allow(self.allow(pair)),
            rule => {
                let mut children = Children::of(pair);
                children.any();
                let child = children.any();
                match rule {
                    Rule::timeout_modifier => ModifierKind::Timeout(self.expr(child)),
                    Rule::heartbeat => ModifierKind::Heartbeat(self.expr(child)),
                    Rule::credentials => ModifierKind::Credentials(self.expr(child)),
                    Rule::named => ModifierKind::Named(self.text(child)),
                    Rule::within => ModifierKind::Within(self.expr(child)),
                    _ => ModifierKind::Returns(self.type_expr(child)),
                }
            }
        };
        Modifier { kind, span }
    }

    fn retry(&mut self, pair: Pair<'_, Rule>) -> ModifierKind {
        let mut children = Children::of(pair);
        children.need(Rule::kw_retry);
        if children.take(Rule::kw_none).is_some() {
            return ModifierKind::RetryNone;
        }
        let policy = children.take(Rule::retry_policy).map(|policy| {
            let name = Children::of(policy).need(Rule::name);
            self.name(&name)
        });
        let mut parts = Vec::new();
        while let Some(part) = children.next() {
            parts.push(self.retry_part(part));
        }
        ModifierKind::Retry { policy, parts }
    }

    pub(super) fn retry_part(&mut self, pair: Pair<'_, Rule>) -> RetryPart {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut children = Children::of(pair);
        children.any();
        let kind = match rule {
            Rule::retry_jitter => RetryPartKind::Jitter,
            Rule::retry_on => {
                let errors = children.need(Rule::error_names);
                RetryPartKind::On(self.error_names(errors))
            }
            rule => {
                let expr = children.need(Rule::expr);
                let expr = self.expr(expr);
                match rule {
                    Rule::retry_max => RetryPartKind::Max(expr),
                    Rule::retry_every => RetryPartKind::Every(expr),
                    Rule::retry_backoff => RetryPartKind::Backoff(expr),
                    _ => RetryPartKind::MaxDelay(expr),
                }
            }
        };
        RetryPart { kind, span }
    }

    fn error_names(&mut self, pair: Pair<'_, Rule>) -> Vec<ErrorName> {
        Children::of(pair)
            .rest(Rule::error_name)
            .into_iter()
            .map(|error| self.error_name(error))
            .collect()
    }

    pub(super) fn access(&mut self, pair: Pair<'_, Rule>) -> AccessClause {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let mode = if children.take(Rule::kw_reads).is_some() {
            AccessMode::Reads
        } else {
            AccessMode::Writes
        };
        let targets = children
            .rest(Rule::access_target)
            .into_iter()
            .map(|target| {
                let span = self.span(&target);
                let mut children = Children::of(target);
                let resource = children.need(Rule::name);
                AccessTarget {
                    resource: self.name(&resource),
                    path: children
                        .rest(Rule::string)
                        .pop()
                        .map(|path| self.string(path)),
                    span,
                }
            })
            .collect();
        AccessClause {
            mode,
            targets,
            span,
        }
    }

    pub(super) fn allow(&mut self, pair: Pair<'_, Rule>) -> Allow {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        children.need(Rule::kw_allow);
        children.need(Rule::open_paren);
        let lint = children.need(Rule::lint_name);
        Allow {
            lint: self.name(&lint),
            reason: children
                .rest(Rule::text)
                .pop()
                .map(|reason| self.text(reason)),
            span,
        }
    }
}
