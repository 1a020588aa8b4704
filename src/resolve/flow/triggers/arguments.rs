//! A trigger's arguments: by place or by name, and what each may be.

use super::super::Flow;
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{Expr, Literal, Time, Type};
use crate::resolve::expr::{self, require_time};
use crate::source::Span;
use crate::syntax::ast;

/// Arguments as they are taken.
pub(super) struct Arguments<'u> {
    word: &'u str,
    place: Span,
    left: Vec<&'u ast::Arg>,
    /// Names that were asked for, given or not.
    known: Vec<&'static str>,
}

impl<'u> Arguments<'u> {
    pub fn new(args: &'u [ast::Arg], word: &'u str, place: Span) -> Self {
        Self {
            word,
            place,
            left: args.iter().collect(),
            known: Vec::new(),
        }
    }

    /// Where the trigger's word stands.
    pub fn place(&self) -> Span {
        self.place
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.left
            .iter()
            .position(|arg| arg.name.as_ref().is_some_and(|own| own.node == name))
    }

    /// A named argument, which stays.
    pub fn peek(&self, name: &str) -> Option<&'u ast::Expr> {
        self.position(name).map(|at| &self.left[at].value)
    }

    pub fn named(&mut self, name: &'static str) -> Option<&'u ast::Expr> {
        self.known.push(name);
        let at = self.position(name)?;
        Some(&self.left.remove(at).value)
    }

    /// The first argument, with or without its name; its lack is reported.
    pub fn needed(&mut self, flow: &mut Flow<'_, 'u>, name: &str) -> Option<&'u ast::Expr> {
        let unnamed = self.left.iter().position(|arg| arg.name.is_none());
        if let Some(at) = self.position(name).or(unnamed) {
            return Some(&self.left.remove(at).value);
        }
        flow.report(Diagnostic::new(
            Code::TriggerArgument,
            self.place,
            format!("`on {}` needs its {name}", self.word),
        ));
        None
    }

    /// What nobody took is unknown, or was given before.
    pub fn finish(self, flow: &mut Flow<'_, 'u>) {
        for arg in self.left {
            let Some(name) = &arg.name else {
                flow.report(
                    Diagnostic::new(
                        Code::TriggerArgument,
                        arg.value.span,
                        format!("`on {}` takes one argument without a name", self.word),
                    )
                    .help(format!("the others are {}", listed(&self.known))),
                );
                continue;
            };
            if self.known.contains(&name.node.as_str()) {
                flow.report(Diagnostic::new(
                    Code::TriggerArgument,
                    name.span,
                    format!("`{}` is given twice", name.node),
                ));
                continue;
            }
            let diagnostic = Diagnostic::new(
                Code::TriggerArgument,
                name.span,
                format!("`on {}` has no argument `{}`", self.word, name.node),
            );
            flow.report(match find_nearest(&name.node, self.known.iter().copied()) {
                Some(near) => diagnostic.nearest(name.span, &name.node, near),
                None if self.known.is_empty() => diagnostic,
                None => diagnostic.help(format!("there are {}", listed(&self.known))),
            });
        }
    }
}

fn listed(names: &[&str]) -> String {
    let words: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    words.join(", ")
}

impl Flow<'_, '_> {
    /// A string that the deployment knows.
    pub(super) fn text(&mut self, written: &ast::Expr) -> Option<Expr> {
        let value = expr::check(&mut self.scope, written, Some(&Type::String));
        self.deployed(value)
    }

    pub(super) fn fit_text(&mut self, value: Expr) -> Option<Expr> {
        let value = self.fit(value, &Type::String);
        self.deployed(value)
    }

    pub(super) fn deployed(&mut self, value: Expr) -> Option<Expr> {
        let what = "what a trigger is made of";
        require_time(&mut self.scope, &value, Time::Deploy, what).then_some(value)
    }

    /// A moment, as the scheduler takes it.
    pub(super) fn moment(&mut self, written: &ast::Expr) -> Option<Expr> {
        let value = expr::check(&mut self.scope, written, Some(&Type::Timestamp));
        self.deployed(value)
    }

    /// A whole number that is known at build time.
    pub(super) fn count(
        &mut self,
        written: &ast::Expr,
        what: &str,
        range: (u64, u64),
    ) -> Option<u64> {
        let value = expr::check(&mut self.scope, written, Some(&Type::Int));
        self.within(value, what, 1, range)
    }

    /// Whole units of a duration that is known at build time.
    pub(super) fn units(
        &mut self,
        written: &ast::Expr,
        what: &str,
        seconds: u64,
        range: (u64, u64),
    ) -> Option<u64> {
        let value = expr::check(&mut self.scope, written, Some(&Type::Duration));
        self.within(value, what, seconds, range)
    }

    fn within(&mut self, value: Expr, what: &str, unit: u64, range: (u64, u64)) -> Option<u64> {
        if !require_time(&mut self.scope, &value, Time::Build, what) {
            return None;
        }
        let given = match value.as_literal() {
            Some(Literal::Number(number)) => number.as_u64(),
            _ => None,
        };
        let units = given.filter(|g| g.is_multiple_of(unit)).map(|g| g / unit);
        if let Some(units) = units.filter(|units| (range.0..=range.1).contains(units)) {
            return Some(units);
        }
        let of = match (value.ty == Type::Duration, unit) {
            (_, 60) => " minutes",
            (true, _) => " seconds",
            (false, _) => "",
        };
        self.report(Diagnostic::new(
            Code::NumberOutOfRange,
            value.span,
            format!(
                "{what} is a whole number from {} to {}{of}",
                range.0, range.1
            ),
        ));
        None
    }
}
