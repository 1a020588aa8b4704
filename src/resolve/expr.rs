//! Expressions: names resolved, types inferred and checked, times computed, build-time parts folded.

use crate::ir::{Expr, Time, Type, VariableId};
use crate::resolve::names::Names;
use crate::syntax::ast;

/// A chain of members from a name: what a test like `x.a != null` tells something of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Path {
    pub root: PathRoot,
    pub members: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PathRoot {
    Variable(VariableId),
    /// By the id of an `ir::Local`.
    Local(u32),
}

/// Checks an expression. With `expected`, a value that does not fit is reported, and literals are read as that type.
/// An expression of type `Invalid` has been reported.
pub(super) fn check(_names: &mut dyn Names, expr: &ast::Expr, _expected: Option<&Type>) -> Expr {
    Expr::null(expr.span)
}

/// Checks a condition: a `bool`.
pub(super) fn check_condition(names: &mut dyn Names, expr: &ast::Expr) -> Expr {
    check(names, expr, Some(&Type::Bool))
}

/// Reports a value that is known later than `time`. `what` is the place that needs it: "a pipeline's `timeout`".
pub(super) fn require_time(_names: &mut dyn Names, _expr: &Expr, _time: Time, _what: &str) -> bool {
    true
}

/// The paths that are certainly not null when the condition has the given truth.
pub(super) fn facts(_condition: &Expr, _truth: bool) -> Vec<Path> {
    Vec::new()
}
