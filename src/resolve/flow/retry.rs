//! Retries: the default for transient errors, what a pipeline or a stage says in its place or beside it, and policies.

use super::errors::{ALL, Raises, Taker};
use super::guard::Modifiers;
use super::{Flow, Inner, warn_of_bare_seconds};
use crate::catalog::Form;
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{self, Expr, Literal, StageKind, Time, Type};
use crate::resolve::expr::{self, require_time};
use crate::resolve::names::Names;
use crate::resolve::program::Context;
use crate::resolve::scope::Scope;
use crate::resolve::symbols::{Lookup, Space};
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind, RetryPartKind};

/// What a `retry` says, each part at most once.
#[derive(Clone, Default, Debug)]
pub(super) struct Spec {
    pub on: Option<Vec<ast::ErrorName>>,
    max: Option<u64>,
    every: Option<u64>,
    backoff: Option<f64>,
    max_delay: Option<u64>,
    jitter: bool,
    broken: bool,
}

/// The longest delay, in seconds. Source: the developer guide's chapter on errors.
const MOST_DELAY: u64 = 31_622_399;
const MOST: u64 = 99_999_999;
/// The first delay where nobody says one, in seconds.
const EVERY: u64 = 2;

impl Spec {
    /// Reads parts over those of a policy.
    pub fn read(scope: &mut Scope<'_, '_>, parts: &[ast::RetryPart], base: Spec) -> Spec {
        let mut spec = base;
        let mut seen: Vec<(std::mem::Discriminant<RetryPartKind>, Span)> = Vec::new();
        for part in parts {
            let kind = std::mem::discriminant(&part.kind);
            if let Some((_, first)) = seen.iter().find(|(k, _)| *k == kind) {
                scope.report(
                    Diagnostic::new(
                        Code::RepeatedPart,
                        part.span,
                        "this part of the retry stands here twice",
                    )
                    .also(*first, "the first"),
                );
                continue;
            }
            seen.push((kind, part.span));
            match &part.kind {
                RetryPartKind::On(errors) => spec.on = Some(errors.clone()),
                RetryPartKind::Max(value) => {
                    let value = whole(scope, value, &Type::Int, "`max`", 0, MOST);
                    spec.broken |= value.is_none();
                    spec.max = value.or(spec.max);
                }
                RetryPartKind::Every(value) => {
                    let value = whole(scope, value, &Type::Duration, "`every`", 1, MOST);
                    spec.broken |= value.is_none();
                    spec.every = value.or(spec.every);
                }
                RetryPartKind::MaxDelay(value) => {
                    let value = whole(scope, value, &Type::Duration, "`max_delay`", 1, MOST_DELAY);
                    spec.broken |= value.is_none();
                    spec.max_delay = value.or(spec.max_delay);
                }
                RetryPartKind::Backoff(value) => {
                    let value = rate(scope, value);
                    spec.broken |= value.is_none();
                    spec.backoff = value.or(spec.backoff);
                }
                RetryPartKind::Jitter => spec.jitter = true,
            }
        }
        let every = spec.every.unwrap_or(EVERY);
        if let Some(cap) = spec.max_delay
            && cap < every
            && let Some(part) = parts.iter().rfind(|part| {
                matches!(
                    part.kind,
                    RetryPartKind::MaxDelay(_) | RetryPartKind::Every(_)
                )
            })
        {
            scope.report(Diagnostic::new(
                Code::NumberOutOfRange,
                part.span,
                format!("`max_delay` caps every delay at {cap} s, and `every` asks for {every} s"),
            ));
        }
        spec
    }

    fn rule(&self, errors: Vec<String>, default: bool) -> ir::Retry {
        ir::Retry {
            errors,
            interval_seconds: self.every.unwrap_or(EVERY),
            max_attempts: self.max.unwrap_or(3),
            backoff_rate: self.backoff.unwrap_or(2.0),
            max_delay_seconds: self.max_delay,
            jitter: self.jitter || default,
        }
    }
}

/// A whole number that is known now.
fn whole(
    scope: &mut Scope<'_, '_>,
    written: &ast::Expr,
    ty: &Type,
    what: &str,
    least: u64,
    most: u64,
) -> Option<u64> {
    let value = expr::check(scope, written, Some(ty));
    let what = format!("{what} of a retry");
    if !require_time(scope, &value, Time::Build, &what) {
        return None;
    }
    let Some(Literal::Number(written_number)) = value.as_literal() else {
        return None;
    };
    let number = written_number
        .as_u64()
        .filter(|n| (least..=most).contains(n));
    if number.is_none() {
        let unit = match ty {
            Type::Duration => " seconds",
            _ => "",
        };
        scope.report(Diagnostic::new(
            Code::NumberOutOfRange,
            value.span,
            format!(
                "{what} must be a whole number from {least} to {most}{unit}, found {written_number}"
            ),
        ));
    } else if *ty == Type::Duration {
        warn_of_bare_seconds(scope, written);
    }
    number
}

fn rate(scope: &mut Scope<'_, '_>, written: &ast::Expr) -> Option<f64> {
    let value: Expr = expr::check(scope, written, Some(&Type::Number));
    if !require_time(scope, &value, Time::Build, "`backoff` of a retry") {
        return None;
    }
    let number = match value.as_literal() {
        Some(Literal::Number(number)) => number.as_f64().filter(|n| *n >= 1.0),
        _ => None,
    };
    if number.is_none() {
        scope.report(
            Diagnostic::new(
                Code::NumberOutOfRange,
                value.span,
                "`backoff` of a retry must be at least 1",
            )
            .help("1 waits as long each time, 2 doubles the delay"),
        );
    }
    number
}

/// Checks a policy by itself. The names of its errors are checked where it is used.
pub(in crate::resolve) fn check_policy(
    context: &mut Context<'_>,
    unit: usize,
    policy: &ast::RetryPolicy,
) {
    let mut scope = Scope::new(context, unit);
    Spec::read(&mut scope, &policy.parts, Spec::default());
    scope.finish();
}

impl<'u> Flow<'_, 'u> {
    /// A retry's parts, over those of the policy that it names.
    pub(super) fn spec(&mut self, policy: Option<&ast::Name>, parts: &[ast::RetryPart]) -> Spec {
        let base = policy.map_or_else(Spec::default, |name| self.policy(name));
        Spec::read(&mut self.scope, parts, base)
    }

    fn policy(&mut self, name: &ast::Name) -> Spec {
        let unit = self.scope.unit;
        let found = self
            .scope
            .context
            .symbols
            .find(unit, Space::Policy, &name.node);
        let item = match found {
            Lookup::Item(item) => item,
            Lookup::Ambiguous(first, second) => {
                let diagnostic = self
                    .scope
                    .context
                    .ambiguous(&name.node, name.span, first, second);
                self.report(diagnostic);
                first
            }
            Lookup::Missing => {
                let names = self.scope.context.symbols.names(unit, Space::Policy);
                let diagnostic = Diagnostic::new(
                    Code::UnknownPolicy,
                    name.span,
                    format!("there is no retry policy `{}`", name.node),
                );
                let near = find_nearest(&name.node, names.iter().map(String::as_str));
                self.report(match near {
                    Some(near) => diagnostic.nearest(name.span, &name.node, near),
                    None => diagnostic.help(format!(
                        "`retry {} = max 5 every 10s` among the file's items declares one",
                        name.node
                    )),
                });
                return Spec {
                    broken: true,
                    ..Spec::default()
                };
            }
        };
        let ItemKind::Retry(policy) = &self.scope.context.symbols.item(item).kind else {
            return Spec::default();
        };
        // Its own problems are reported with the policy.
        let mut scope = Scope::new(self.scope.context, item.unit);
        Spec::read(&mut scope, &policy.parts, Spec::default())
    }

    /// The rules of a stage, in the order of matching.
    pub(super) fn retries(
        &mut self,
        modifiers: &Modifiers<'u>,
        raises: &Raises,
        inner: &Inner,
        stage: Span,
    ) -> Vec<ir::Retry> {
        let _ = stage;
        let walked = inner.kind.is_some();
        let mut default = inner.default_retry.clone();
        if modifiers.retry_none.is_some() {
            return Vec::new();
        }
        let mut rules = Vec::new();
        let mut taker = Taker::default();
        let mut replaced: Option<Span> = None;
        for (modifier, policy, parts) in &modifiers.retries {
            let spec = self.spec(*policy, parts);
            match &spec.on {
                Some(errors) => {
                    let names = self.error_names(errors, raises, &mut taker, walked, true);
                    if names.iter().any(|name| name == ALL) {
                        default = None;
                    }
                    if !names.is_empty() && !spec.broken {
                        rules.push(spec.rule(names, false));
                    }
                }
                None => {
                    if let Some(first) = replaced.replace(modifier.span) {
                        self.report(
                            Diagnostic::new(
                                Code::RepeatedPart,
                                modifier.span,
                                "a second `retry` without `on`: both would be for the same transient errors",
                            )
                            .also(first, "the first"),
                        );
                    }
                    match &mut default {
                        Some(rule) => *rule = spec.rule(rule.errors.clone(), true),
                        None if walked && !spec.broken => {
                            self.report_needs_on(inner, modifier.span);
                        }
                        None => {}
                    }
                }
            }
        }
        // What a rule before takes is not there for the default.
        if let Some(mut rule) = default {
            rule.errors
                .retain(|name| !rules.iter().any(|r| r.errors.contains(name)));
            if !rule.errors.is_empty() && rule.max_attempts > 0 {
                rules.push(rule);
            }
        }
        // The service wants it alone and last.
        rules.sort_by_key(|rule| rule.errors.iter().any(|name| name == ALL));
        rules
    }

    fn report_needs_on(&mut self, inner: &Inner, span: Span) {
        let what = match &inner.kind {
            Some(StageKind::Call(call)) => match call.target {
                ir::Target::Pipeline(_) => "a pipeline's call",
                _ => "this call",
            },
            Some(StageKind::Map(_)) => "a map",
            Some(StageKind::Parallel { .. }) => "a parallel",
            Some(StageKind::Poll(_)) => "a poll",
            _ => "a block",
        };
        self.report(
            Diagnostic::new(
                Code::RetryNeedsOn,
                span,
                format!("{what} has no transient errors of its own, so the retry must say what it is for"),
            )
            .help("`retry on Some.Error, … max 3`; `retry on all` is every error that can be retried"),
        );
    }

    /// The default rule of a call; of no attempts where the pipeline wants none, for the call to say other numbers.
    pub(super) fn default_retry(&self, form: &Form) -> Option<ir::Retry> {
        if form.transient.is_empty() {
            return None;
        }
        let none = Spec {
            max: Some(0),
            ..Spec::default()
        };
        let spec = self.defaults.retry.as_ref().unwrap_or(&none);
        Some(spec.rule(form.transient.clone(), true))
    }
}
