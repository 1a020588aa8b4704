//! From text to a tree as written. Any bytes in, a tree and diagnostics out.
//!
//! Knows nothing of names, types or AWS.

pub mod ast;
mod build;
mod draft;
mod dump;
mod foreign_words;
mod grammar;
mod limits;
mod recovery;
mod scan;

pub use dump::dump;

use foreign_words::Bound;
use grammar::Rule;
use scan::Scan;

pub use crate::diagnostic::Diagnostic;
use crate::diagnostic::Severity;
use crate::source::{FileId, Span, Spanned};

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
    let unreadable = limits::check_size(file, text).or_else(|| limits::check_encoding(file, text));
    if let Some(diagnostic) = unreadable {
        return Parsed {
            diagnostics: vec![diagnostic],
            ..Parsed::default()
        };
    }
    let scan = scan::scan(text);
    if scan.flaws.is_empty()
        && limits::check_tokens(file, text, &scan.tokens).is_none()
        && let Ok(pairs) = grammar::parse(Rule::file, text)
    {
        let bound = Bound::of(text, &scan.tokens);
        build::file(file, text, comments(file, text, &scan), bound, pairs)
    } else {
        recovery::recover(file, text, scan)
    }
}

fn comments(file: FileId, text: &str, scan: &Scan) -> Vec<Spanned<String>> {
    scan.comments
        .iter()
        .map(|(start, end)| (*start as usize, *end as usize))
        .map(|(start, end)| {
            let text = text.get(start..end).unwrap_or("");
            Spanned::new(text.to_owned(), Span::new(file, start, end))
        })
        .collect()
}
