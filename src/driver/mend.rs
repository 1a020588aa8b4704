//! Applies the fixes that are safe, and looks at what came of it before anybody writes it.

use super::{Compilation, compile};
use crate::diagnostic::levels::LintLevels;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, ReadError, SourceFile, Span};

/// A fix can uncover the next problem; more rounds than this mean that two of them disagree.
const MOST_ROUNDS: usize = 50;

const MAIN: FileId = FileId(0);

/// A file's text with all its safe fixes, and what is to say about it.
#[derive(Debug)]
pub struct Mended {
    pub text: String,
    pub compilation: Compilation,
    /// How many problems were fixed.
    pub count: usize,
}

/// The given file mended until no safe fix is left; None when there is none to begin with.
///
/// # Errors
/// What is the matter with the fixes, when they would leave more mistakes of syntax than there were.
pub fn mend(
    before: &Compilation,
    levels: &LintLevels,
    read: &mut dyn FnMut(&str) -> Result<SourceFile, ReadError>,
) -> Result<Option<Mended>, &'static str> {
    let path = before.sources.get(MAIN).path.clone();
    let mut mended: Option<Mended> = None;
    for _ in 0..MOST_ROUNDS {
        let current = mended.as_ref().map_or(before, |m| &m.compilation);
        let text = &current.sources.get(MAIN).text;
        let Some((text, count)) = apply_fixes(text, MAIN, &current.diagnostics) else {
            return Ok(mended);
        };
        let compilation = compile(SourceFile::new(&*path, &*text), levels, read);
        // Other problems may well be more: a fix uncovers what it hid.
        if compilation.syntax_error_count() > current.syntax_error_count() {
            return Err("the fixes would break its syntax");
        }
        let count = count + mended.map_or(0, |m| m.count);
        mended = Some(Mended {
            text,
            compilation,
            count,
        });
    }
    Err("the fixes undo each other")
}

/// The file's text with its safe fixes applied, and their number; None when there is none.
/// Of two fixes that touch the same text, the first is applied.
pub fn apply_fixes(
    text: &str,
    file: FileId,
    diagnostics: &[Diagnostic],
) -> Option<(String, usize)> {
    // What was read in place of its bytes is not to be written there.
    let unreadable = |d: &Diagnostic| d.code == Code::NotText && d.primary.span.file == file;
    if diagnostics.iter().any(unreadable) {
        return None;
    }
    let mut edits = Vec::new();
    let mut taken: Vec<Span> = Vec::new();
    let mut count = 0;
    for fix in diagnostics.iter().filter_map(|d| d.fix.as_ref()) {
        let free = fix.edits.iter().all(|edit| {
            edit.span.file == file
                && taken.iter().all(|t| {
                    edit.span.end < t.start
                        || t.end < edit.span.start
                        || edit.span == *t && edits.contains(&edit)
                })
        });
        if !fix.safe || fix.edits.is_empty() || !free {
            continue;
        }
        count += 1;
        for edit in &fix.edits {
            if !edits.contains(&edit) {
                taken.push(edit.span);
                edits.push(edit);
            }
        }
    }
    if count == 0 {
        return None;
    }
    edits.sort_by_key(|edit| edit.span);
    let has_crlf = text.contains("\r\n");
    let mut mended = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        mended.push_str(text.get(at..edit.span.start as usize)?);
        if has_crlf {
            // What was moved from elsewhere in the text has such ends already.
            let unix = edit.text.replace("\r\n", "\n");
            mended.push_str(&unix.replace('\n', "\r\n"));
        } else {
            mended.push_str(&edit.text);
        }
        at = edit.span.end as usize;
    }
    mended.push_str(text.get(at..)?);
    Some((mended, count))
}
