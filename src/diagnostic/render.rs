//! Draws diagnostics for people. The only file that knows the drawing library.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::source::{FileId, Sources, Span};

/// Lines shown around a place, beside those that the renderer folds.
const CONTEXT_LINES: usize = 2;

/// Of a fix that mends one habit in many places, so many are shown.
const MOST_EDITS: usize = 32;

/// One diagnostic with its source, as rustc would show it; ends with a newline.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.code());
    let mut group = Group::with_title(title);
    for snippet in snippets(diagnostic, sources) {
        group = group.element(snippet);
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut report = vec![group];
    if let Some(fix) = &diagnostic.fix {
        let title = Level::HELP.secondary_title(fix.title.as_str());
        match fix.edits.first() {
            Some(first) => {
                let shown = &fix.edits[..fix.edits.len().min(MOST_EDITS)];
                let window = Window::around(sources, first.span.file, shown.iter().map(|e| e.span));
                let mut snippet = Snippet::source(window.text)
                    .line_start(window.line)
                    .path(window.path);
                for edit in shown {
                    snippet =
                        snippet.patch(Patch::new(window.range(edit.span), edit.text.as_str()));
                }
                report.push(title.element(snippet));
            }
            None => report.push(Group::with_title(title)),
        }
    }
    let mut text = renderer.render(&report);
    text.push('\n');
    text
}

/// One line: `path:line:column: error[F0101]: message`, newline included.
pub fn short(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let span = diagnostic.primary.span;
    let (line, column) = sources.line_column(span);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}:{line}:{column}: {}[{}]: {}",
        sources.get(span.file).path,
        severity_word(diagnostic.severity),
        diagnostic.code.code(),
        diagnostic.message
    );
    text
}

pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A snippet a file, the primary one first.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let primary = diagnostic.primary.span.file;
    let mut files = vec![primary];
    for label in &diagnostic.secondary {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
        .into_iter()
        .map(|file| {
            let labels = diagnostic
                .secondary
                .iter()
                .filter(move |l| l.span.file == file);
            let spans = labels
                .clone()
                .map(|l| l.span)
                .chain((file == primary).then_some(diagnostic.primary.span));
            let window = Window::around(sources, file, spans);
            let mut snippet = Snippet::source(window.text)
                .line_start(window.line)
                .path(window.path);
            if file == primary {
                let mut annotation =
                    AnnotationKind::Primary.span(window.range(diagnostic.primary.span));
                if !diagnostic.primary.text.is_empty() {
                    annotation = annotation.label(diagnostic.primary.text.as_str());
                }
                snippet = snippet.annotation(annotation);
            }
            for label in labels {
                let mut annotation = AnnotationKind::Context.span(window.range(label.span));
                if !label.text.is_empty() {
                    annotation = annotation.label(label.text.as_str());
                }
                snippet = snippet.annotation(annotation);
            }
            snippet
        })
        .collect()
}

/// The lines of a file that a diagnostic is about: the drawing library scans all that it is given.
struct Window<'a> {
    path: &'a str,
    text: &'a str,
    /// The number of the first line, from 1.
    line: usize,
    start: usize,
}

impl<'a> Window<'a> {
    fn around(sources: &'a Sources, file: FileId, spans: impl Iterator<Item = Span>) -> Self {
        let source = sources.get(file);
        let text: &str = &source.text;
        let (mut from, mut to) = (text.len(), 0);
        for span in spans {
            from = from.min(span.start as usize);
            to = to.max(span.end as usize);
        }
        let (from, to) = (floor(text, from), floor(text, to));
        let mut start = line_start(text, from);
        let mut end = line_end(text, to);
        for _ in 0..CONTEXT_LINES {
            start = line_start(text, start.saturating_sub(1));
            end = line_end(text, (end + 1).min(text.len()));
        }
        Self {
            path: &source.path,
            text: &text[start..end],
            line: text[..start].bytes().filter(|b| *b == b'\n').count() + 1,
            start,
        }
    }

    fn range(&self, span: Span) -> Range<usize> {
        let clamp = |at: u32| {
            let at = (at as usize).saturating_sub(self.start);
            floor(self.text, at)
        };
        clamp(span.start)..clamp(span.end)
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..floor(text, at)]
        .rfind('\n')
        .map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    let at = floor(text, at);
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline)
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
