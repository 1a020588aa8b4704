//! Opinions on a valid program: warnings, a function each.

use crate::diagnostic::Diagnostic;
use crate::ir::Program;

/// All warnings, in no particular order.
pub fn lint(_program: &Program) -> Vec<Diagnostic> {
    Vec::new()
}
