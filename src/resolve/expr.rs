//! Expressions: names resolved, types inferred and checked, times computed, build-time parts folded.
//!
//! Checking goes both ways: an expression tells its type, and the place where it stands tells what is wanted, so that a
//! literal is read as what the place takes and a mistake is shown at the smallest part that is wrong.

mod access;
mod collections;
mod facts;
mod fit;
mod functions;
mod jsonata;
mod operators;
mod resources;
mod text;
mod time;

use crate::catalog::resource::RefForm;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::fold::{self, Outcome};
use crate::ir::{Expr, ExprKind, Literal, Time, Type};
use crate::resolve::names::Names;
use crate::source::Span;
use crate::syntax::ast;

pub(super) use collections::{ObjectParts, short_value};
pub(super) use facts::{Path, PathRoot, facts};
pub(super) use fit::{Wanted, code_at, is_attribute_value, is_of_template};
pub(super) use time::require_time;

/// Checks an expression. With `expected`, a value that does not fit is reported, and literals are read as that type.
/// An expression of type `Invalid` has been reported.
pub(super) fn check(names: &mut dyn Names, expr: &ast::Expr, expected: Option<&Type>) -> Expr {
    Checker::new(names).check(expr, expected.map(Wanted::value))
}

/// Checks a condition: a `bool`.
pub(super) fn check_condition(names: &mut dyn Names, expr: &ast::Expr) -> Expr {
    check(names, expr, Some(&Type::Bool))
}

/// Checks the list that something goes through: the list, and the type of an element.
pub(super) fn check_list(names: &mut dyn Names, expr: &ast::Expr) -> (Expr, Type) {
    Checker::new(names).check_source(expr)
}

/// Reports a checked value that does not fit where it goes.
pub(super) fn fit(names: &mut dyn Names, value: Expr, expected: &Type) -> Expr {
    Checker::new(names).fit(value, Wanted::value(expected))
}

/// As [`fit`], where an API's member is wanted.
pub(super) fn fit_member(names: &mut dyn Names, value: Expr, wanted: Wanted<'_>) -> Expr {
    Checker::new(names).fit(value, wanted)
}

/// A declared resource's name.
pub(super) fn resource_name(names: &mut dyn Names, value: Expr) -> Expr {
    let name = Checker::new(names).resource_as(value, RefForm::Name);
    Expr {
        ty: Type::String,
        ..name
    }
}

/// The ARN of a declared resource of this kind, or a string that is one. None when it was reported.
pub(super) fn resource_arn(names: &mut dyn Names, value: Expr, kind: &str) -> Option<Expr> {
    let mut checker = Checker::new(names);
    let arn = match &value.ty {
        Type::Resource(found) if found.0.word == kind => {
            let arn = checker.resource_as(value, RefForm::Arn);
            Expr {
                ty: Type::String,
                ..arn
            }
        }
        Type::Resource(found) => {
            checker.report(
                Diagnostic::new(
                    Code::WrongResource,
                    value.span,
                    format!("a `{kind}` is wanted, and this is a `{}`", found.0.word),
                )
                .help(format!(
                    "`{kind} loader = \"its-name\"` among the file's items declares one"
                )),
            );
            return None;
        }
        _ => checker.fit(value, Wanted::value(&Type::String)),
    };
    (arn.ty != Type::Invalid).then_some(arn)
}

/// The condition that a `match` arm's pattern puts on the subject.
pub(super) fn check_pattern(names: &mut dyn Names, subject: &Expr, pattern: &ast::Pattern) -> Expr {
    let mut checker = Checker::new(names);
    let value = checker.check(&pattern.value, None);
    checker.compare(&pattern.op, subject.clone(), value)
}

/// Checks the body of a `fn` once, whether it is used or not.
pub(super) fn check_fn(names: &mut dyn Names, function: &ast::Fn) {
    Checker::new(names).check_fn_alone(function);
}

/// What one expression is checked with.
pub(super) struct Checker<'a> {
    pub(super) names: &'a mut dyn Names,
    /// Paths that tests inside the expression have shown not to be null.
    known: Vec<Path>,
    /// Inside of `attributes(…)`.
    in_attributes: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn new(names: &'a mut dyn Names) -> Self {
        Self {
            names,
            known: Vec::new(),
            in_attributes: false,
        }
    }

    pub(super) fn check(&mut self, expr: &ast::Expr, wanted: Option<Wanted<'_>>) -> Expr {
        let value = self.infer(expr, wanted);
        let Some(wanted) = wanted else {
            return value;
        };
        if let Some(diagnostic) = resources::other_form(expr, &value, wanted) {
            self.report(diagnostic);
            return invalid(expr.span);
        }
        self.fit(value, wanted)
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.names.report(diagnostic);
    }

    fn infer(&mut self, expr: &ast::Expr, wanted: Option<Wanted<'_>>) -> Expr {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Null => Expr::null(span),
            ast::ExprKind::Bool(value) => Expr::literal(Literal::Bool(*value), Type::Bool, span),
            ast::ExprKind::Number(text) => text::number(text, span),
            ast::ExprKind::Duration(seconds) => {
                Expr::literal(Literal::Number((*seconds).into()), Type::Duration, span)
            }
            ast::ExprKind::Size(bytes) => {
                Expr::literal(Literal::Number((*bytes).into()), Type::Size, span)
            }
            ast::ExprKind::String(parts) => self.infer_string(parts, span),
            ast::ExprKind::Regex(_) => {
                self.report(
                    Diagnostic::new(Code::MisplacedPattern, span, "a pattern is no value").help(
                        "patterns stand as arguments of `match`, `contains`, `split` and `replace`",
                    ),
                );
                invalid(span)
            }
            ast::ExprKind::Jsonata(text) => self.infer_jsonata(text, span),
            ast::ExprKind::Name(name) => self.infer_name(name, span),
            ast::ExprKind::Member { base, name } => self.infer_member(base, name, span),
            ast::ExprKind::Index { base, index } => self.infer_index(base, index, span),
            ast::ExprKind::Slice { base, from, to } => {
                self.infer_slice(base, from.as_deref(), to.as_deref(), span)
            }
            ast::ExprKind::Call { name, args } => self.infer_call(name, args, span),
            ast::ExprKind::Unary { op, operand } => self.infer_unary(op, operand, span),
            ast::ExprKind::Binary { op, left, right } => {
                self.infer_binary(op, left, right, span, wanted)
            }
            ast::ExprKind::If {
                condition,
                then,
                otherwise,
            } => self.infer_if(condition, then, otherwise, span, wanted),
            ast::ExprKind::List(elements) => self.infer_list(elements, span, wanted),
            ast::ExprKind::Object(entries) => self.infer_object(entries, span, wanted),
            ast::ExprKind::ListComprehension { value, clause } => {
                self.infer_list_comprehension(value, clause, span, wanted)
            }
            ast::ExprKind::ObjectComprehension { key, value, clause } => {
                self.infer_object_comprehension(key, value, clause, span, wanted)
            }
            ast::ExprKind::Paren(inner) => self.infer(inner, wanted),
            ast::ExprKind::Invalid => invalid(span),
        }
    }

    /// An expression of these parts: its time computed, folded where that is possible.
    fn build(&mut self, kind: ExprKind, ty: Type, span: Span) -> Expr {
        if ty == Type::Invalid {
            return invalid(span);
        }
        let mut expr = fold::simplify(Expr {
            time: time::of(&kind),
            kind,
            ty,
            span,
        });
        if expr.time != Time::Build || expr.as_literal().is_some() {
            return expr;
        }
        match fold::evaluate(&expr) {
            Outcome::Value(value) => {
                expr.kind = ExprKind::Literal(value);
                expr
            }
            // What stands in a comprehension is evaluated with it.
            Outcome::Open => expr,
            Outcome::Unknown => {
                expr.time = Time::Run;
                expr
            }
            Outcome::Fails(why) => {
                self.report(Diagnostic::new(
                    Code::AlwaysFails,
                    span,
                    format!("this fails whenever it is evaluated: {why}"),
                ));
                invalid(span)
            }
        }
    }
}

/// Stands for what was reported.
pub(super) fn invalid(span: Span) -> Expr {
    Expr::literal(Literal::Null, Type::Invalid, span)
}
