//! Formats a file: one style for every program, comments and spelling kept.
//!
//! It adds no meaning, takes none away, and asks nothing about what names stand for. What it made is parsed and
//! compared before anyone sees it, so that a bug in it costs an error message, never a program.
//!
//! The style: two blanks a level, 100 columns, a list or a flow on one line where it fits, else each element or arrow
//! on its own. What branches, loops or defines opens its block; other blocks stay on the line where there is room.

mod doc;
mod expr;
mod flow;
mod items;
mod modifiers;
mod writer;

use std::borrow::Cow;

use crate::source::FileId;
use crate::syntax::{self, Diagnostic, Parsed};
use writer::Writer;

/// Why a file was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It is no program.
    #[error("the file has syntax errors")]
    Syntax(Vec<Diagnostic>),
    /// The formatter does not know how the program was written.
    #[error(
        "this is a bug in the formatter: it lost its place at byte {0}; the file was left as it is"
    )]
    Lost(usize),
    #[error(
        "this is a bug in the formatter: it would have changed {0}; the file was left as it is"
    )]
    Changed(Change),
    #[error(
        "this is a bug in the formatter: its text, formatted again, would be another; the file was left as it is"
    )]
    Unstable,
}

/// What a formatted file has in common with its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The tree, so that it is another program or none.
    Program,
    /// The texts of the comments or their order.
    Comments,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Change::Program => "the program",
            Change::Comments => "its comments",
        })
    }
}

/// The formatted text of a file, with newlines as line ends.
pub fn format(file: FileId, text: &str) -> Result<String, FormatError> {
    let written = syntax::parse(file, text);
    if written.has_errors() {
        return Err(FormatError::Syntax(written.diagnostics));
    }
    let formatted = match with_newlines(text) {
        Cow::Borrowed(_) => print(text, &written)?,
        Cow::Owned(text) => print(&text, &syntax::parse(file, &text))?,
    };
    let read = syntax::parse(file, &formatted);
    if read.has_errors() || syntax::dump(&read.file) != syntax::dump(&written.file) {
        return Err(FormatError::Changed(Change::Program));
    }
    if !has_same_comments(&read, &written) {
        return Err(FormatError::Changed(Change::Comments));
    }
    if print(&formatted, &read)? != formatted {
        return Err(FormatError::Unstable);
    }
    Ok(formatted)
}

fn has_same_comments(read: &Parsed, written: &Parsed) -> bool {
    read.comments.len() == written.comments.len()
        && read
            .comments
            .iter()
            .zip(&written.comments)
            .all(|(read, written)| read.node.trim_end() == with_newlines(written.node.trim_end()))
}

fn print(text: &str, parsed: &Parsed) -> Result<String, FormatError> {
    let mut writer = Writer::new(text, &parsed.comments);
    writer.file(&parsed.file);
    writer.finish().map_err(FormatError::Lost)
}

/// Windows line ends become newlines. One behind another carriage return is left: in a text of several lines the pair
/// means what it would not mean after.
fn with_newlines(text: &str) -> Cow<'_, str> {
    if !text.contains("\r\n") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut before = '\n';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\r' || before == '\r' || chars.peek() != Some(&'\n') {
            out.push(c);
        }
        before = c;
    }
    Cow::Owned(out)
}
