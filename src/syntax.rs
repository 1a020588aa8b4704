//! From text to a tree as written. Any bytes in, a tree and diagnostics out.
//!
//! Knows nothing of names, types or AWS.

pub mod ast;
mod build;
mod dump;
mod grammar;
mod limits;

pub use dump::dump;

pub use crate::diagnostic::Diagnostic;
use crate::diagnostic::Severity;
use crate::source::{FileId, Spanned};

/// A file's tree, its comments, and what is wrong with its text.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    pub file: ast::File,
    /// Every comment with its marks, documentation too, in order.
    pub comments: Vec<Spanned<String>>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether the text is no program.
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Parses a file. Never fails: what is no program is left out of the tree, and told.
pub fn parse(file: FileId, text: &str) -> Parsed {
    if let Some(diagnostic) = limits::check(file, text) {
        return Parsed {
            diagnostics: vec![diagnostic],
            ..Parsed::default()
        };
    }
    match grammar::parse_file(text) {
        Ok(pairs) => build::file(file, text, pairs),
        Err(error) => Parsed {
            diagnostics: vec![grammar::describe_error(file, text, &error)],
            ..Parsed::default()
        },
    }
}
