//! Spans of time and other numbers that the service bounds.

use super::{Flow, MOST_SECONDS, warn_of_bare_seconds};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, Expr, Type};
use crate::resolve::expr;
use crate::syntax::ast;

impl Flow<'_, '_> {
    /// A span of time in seconds: an int or a duration; checked against the service's range where it is known.
    pub(super) fn duration(&mut self, written: &ast::Expr, what: &str, least: i64) -> Expr {
        let value = expr::check(&mut self.scope, written, Some(&Type::Duration));
        if self.check_range(&value, what, least, MOST_SECONDS, " seconds") {
            warn_of_bare_seconds(&mut self.scope, written);
        }
        value
    }

    /// Reports a known number out of a range; `unit` is what follows it: " seconds".
    pub(super) fn check_range(
        &mut self,
        value: &Expr,
        what: &str,
        least: i64,
        most: i64,
        unit: &str,
    ) -> bool {
        let Some(ir::Literal::Number(number)) = value.as_literal() else {
            return true;
        };
        let Some(number) = number.as_f64() else {
            return true;
        };
        if value.ty == Type::Invalid || (least as f64 <= number && number <= most as f64) {
            return true;
        }
        self.report(Diagnostic::new(
            Code::NumberOutOfRange,
            value.span,
            match unit.strip_prefix(' ') {
                Some(_) => format!("{what} must be {least} to {most}{unit}, found {number}"),
                None => format!("{what} must be {least} to {most}{unit}, found {number}{unit}"),
            },
        ));
        false
    }

    /// Reports what takes longer than an express execution may.
    pub(super) fn check_express_time(&mut self, value: &Expr, what: &str) {
        const MOST: i64 = 300;
        if let Some(ir::Literal::Number(seconds)) = value.as_literal()
            && seconds
                .as_f64()
                .is_some_and(|seconds| seconds > MOST as f64)
        {
            self.report(
                Diagnostic::new(
                    Code::NotInExpress,
                    value.span,
                    format!("{what} cannot be longer than 5 minutes in an express pipeline: the execution ends by then"),
                )
                .help("make it `mode standard`, or move this part into a standard pipeline that is started from here"),
            );
        }
    }
}
