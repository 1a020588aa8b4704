//! From the tree as written to the program as meant. Everything that can be wrong with a program is found here, except
//! the size of what is emitted.
//!
//! Reports into one list and goes on; a program comes out only when there was no error.

mod arguments;
mod call;
mod expr;
mod flow;
mod names;
mod operations;
mod order;
pub mod permissions;
mod program;
mod resource;
mod scope;
mod state;
mod symbols;
mod types;

pub use types::describe as describe_type;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::ir::Program;
use crate::source::{FileId, Span};
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

/// A lint that is silenced at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub code: Code,
    pub span: Span,
}

/// What is known of a program after checking.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// None when there was an error.
    pub program: Option<Program>,
    /// In source order, each once.
    pub diagnostics: Vec<Diagnostic>,
    pub allowed: Vec<Allowed>,
}

/// Whether a name may be unknown because its file could not be read, which is reported.
fn is_of_missing_file(units: &[Unit], diagnostic: &Diagnostic) -> bool {
    let of_names = matches!(
        diagnostic.code,
        Code::UnknownStep
            | Code::UnknownName
            | Code::UnknownFunction
            | Code::UnknownType
            | Code::UnknownPolicy
    );
    of_names
        && units.iter().any(|unit| {
            unit.file == diagnostic.primary.span.file && unit.uses.iter().any(Option::is_none)
        })
}

/// Checks the first unit with those that it uses.
pub fn resolve(units: &[Unit]) -> Analysis {
    let mut context = program::Context::new(units);
    context.check();
    let mut diagnostics = std::mem::take(&mut context.diagnostics);
    let allowed = std::mem::take(&mut context.allowed);
    let fine = diagnostics.iter().all(|d| d.severity != Severity::Error);
    let program = fine.then(|| context.into_program());
    if let Some(program) = &program {
        diagnostics.extend(permissions::check(program));
        diagnostics.extend(operations::check(program));
    }
    diagnostics.retain(|d| !is_of_missing_file(units, d));
    diagnostics.sort_by(|a, b| {
        (a.primary.span, a.code, &a.message).cmp(&(b.primary.span, b.code, &b.message))
    });
    // A step that is used twice makes its mistake once.
    diagnostics.dedup_by(|a, b| {
        (a.primary.span, a.code, &a.message) == (b.primary.span, b.code, &b.message)
    });
    let fine = diagnostics.iter().all(|d| d.severity != Severity::Error);
    Analysis {
        program: program.filter(|_| fine),
        diagnostics,
        allowed,
    }
}
