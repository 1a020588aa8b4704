//! From the tree as written to the program as meant. Everything that can be wrong with a program is found here, except
//! the size of what is emitted.
//!
//! Reports into one list and goes on; a program comes out only when there was no error.

mod arguments;
mod call;
mod expr;
mod names;
pub mod permissions;
mod types;

use crate::diagnostic::Diagnostic;
use crate::ir::Program;
use crate::source::FileId;
use crate::syntax::ast;

/// A file of the compilation, parsed. The first is the one that was given; `uses` are the others by their `use` path.
#[derive(Clone, Debug)]
pub struct Unit {
    pub file: FileId,
    /// The file's name without folder and ending.
    pub stem: String,
    pub ast: ast::File,
    /// For each `use` of the file, in order: the index of the unit it names, or None when it could not be read (reported
    /// by the caller).
    pub uses: Vec<Option<usize>>,
}

/// What is known of a program after checking.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// None when there was an error.
    pub program: Option<Program>,
    /// In source order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks the first unit with those that it uses.
pub fn resolve(_units: &[Unit]) -> Analysis {
    Analysis {
        program: None,
        diagnostics: Vec::new(),
    }
}
