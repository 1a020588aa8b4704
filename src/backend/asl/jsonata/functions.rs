//! Calls of functions. What a function gives as a sequence becomes a list; null means what it means everywhere.

use super::Demand;
use super::code::{Code, Level};
use super::writer::{Writer, is_nullable};
use crate::ir::Expr;
use crate::ir::functions::Function;

/// Functions whose value is a sequence: one item would lose its list, none would be nothing.
const SEQUENCES: &[&str] = &["keys", "match", "partition", "range", "spread"];

/// Functions that can be without a value though their arguments have one.
const PARTIAL: &[&str] = &[
    "assert",
    "average",
    "lookup",
    "max",
    "min",
    "parseInteger",
    "toMillis",
];

/// Functions for which null is a value like others.
const TAKES_NULL: &[&str] = &["boolean", "string", "type"];

impl Writer<'_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        function: &Function,
        args: &[Expr],
        demand: Demand,
    ) -> Code {
        let name = function.jsonata;
        match (name, args) {
            ("exists", [value]) => {
                let value = self.loose(value);
                return Code::new(
                    format!("{} != null", value.above(Level::Comparison)),
                    Level::Comparison,
                );
            }
            ("not", [value]) => return self.not(value, demand),
            _ => {}
        }
        let mut missing = false;
        let values: Vec<String> = args
            .iter()
            .enumerate()
            .map(|(at, arg)| {
                let demand = if at > 0 || TAKES_NULL.contains(&name) {
                    Demand::Value
                } else {
                    Demand::Loose
                };
                let code = self.emit(arg, demand);
                missing |= code.missing;
                code.text
            })
            .collect();
        let call = format!("${name}({})", values.join(", "));
        if SEQUENCES.contains(&name) {
            return Code::new(format!("[{call}]"), Level::Atom);
        }
        let partial = PARTIAL.contains(&name) && is_nullable(&expr.ty);
        Code::path(call).missing(missing || partial)
    }
}
