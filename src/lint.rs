//! Opinions on a valid program: warnings, a function each.

mod loops;

use crate::diagnostic::Diagnostic;
use crate::ir::Program;

/// All warnings, in no particular order.
pub fn lint(program: &Program) -> Vec<Diagnostic> {
    loops::endless(program)
}
