//! What goes to the terminal. A closed pipe ends the talk, not the work.

use std::io::{self, Write};

use super::Format;
use crate::diagnostic::{Diagnostic, Severity, formats, render};
use crate::source::Sources;
use crate::workspace::Error;

/// After this many diagnostics of one file, people stop reading.
const MOST_SHOWN: usize = 100;

pub(super) struct Output {
    format: Format,
    color: bool,
    quiet: bool,
    sarif: formats::Sarif,
    /// Why standard output took no more, when it is not that its reader went away.
    failure: Option<io::Error>,
}

impl Output {
    pub(super) fn new(format: Format, color: bool, quiet: bool) -> Self {
        Self {
            format,
            color,
            quiet,
            sarif: formats::Sarif::default(),
            failure: None,
        }
    }

    pub(super) fn color(&self) -> bool {
        self.color
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// A line `        Verb what`, the verb right-aligned in twelve columns.
    pub(super) fn status(&mut self, verb: &str, what: &str) {
        if self.quiet {
            return;
        }
        let line = if self.color {
            format!("\u{1b}[1;32m{verb:>12}\u{1b}[0m {what}\n")
        } else {
            format!("{verb:>12} {what}\n")
        };
        tell(&line);
    }

    /// What was asked for, on stdout.
    pub(super) fn result(&mut self, text: &str) {
        if self.failure.is_some() {
            return;
        }
        let mut stdout = io::stdout();
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        self.failure = written
            .err()
            .filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
    }

    /// Something outside the program went wrong.
    pub(super) fn error(&mut self, message: &str) {
        self.remark("error", "1;91", message);
    }

    /// Something outside the program is not as it should be.
    pub(super) fn warning(&mut self, message: &str) {
        self.remark("warning", "1;93", message);
    }

    fn remark(&self, word: &str, color: &str, message: &str) {
        tell(&if self.color {
            format!("\u{1b}[{color}m{word}\u{1b}[0m: {message}\n")
        } else {
            format!("{word}: {message}\n")
        });
    }

    /// The diagnostics of one file: for people on stderr, for programs on stdout.
    pub(super) fn diagnostics(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        let people = matches!(
            self.format,
            Format::Human | Format::Short | Format::Markdown
        );
        let shown = if people {
            diagnostics.len().min(MOST_SHOWN)
        } else {
            diagnostics.len()
        };
        for diagnostic in diagnostics.iter().take(shown) {
            match self.format {
                Format::Human | Format::Markdown => {
                    let mut text = render::render(diagnostic, sources, self.color);
                    text.push('\n');
                    tell(&text);
                }
                Format::Short => tell(&render::short(diagnostic, sources)),
                Format::Json => self.result(&format!("{}\n", formats::json(diagnostic, sources))),
                Format::Github => self.result(&formats::github(diagnostic, sources)),
                Format::Sarif => self.sarif.add(diagnostic, sources),
            }
        }
        if shown < diagnostics.len() {
            let more = diagnostics.len() - shown;
            tell(&format!("… and {more} more\n"));
        }
    }

    /// `sales.flow: 2 errors, 1 warning`, when there is something to count.
    pub(super) fn summary(&mut self, path: &str, diagnostics: &[Diagnostic]) {
        if diagnostics.is_empty() || !matches!(self.format, Format::Human | Format::Markdown) {
            return;
        }
        let errors = diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .count();
        let warnings = diagnostics.len() - errors;
        let counts: Vec<String> = [(errors, "error"), (warnings, "warning")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| plural(count, word))
            .collect();
        tell(&format!("{path}: {}\n", counts.join(", ")));
    }

    /// Writes what was gathered over all files; fails when something that was asked for could not be written.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if self.format == Format::Sarif {
            let sarif = std::mem::take(&mut self.sarif).finish();
            if let Ok(text) = serde_json::to_string_pretty(&sarif) {
                self.result(&format!("{text}\n"));
            }
        }
        match self.failure.take() {
            Some(error) => Err(Error::standard_output(&error)),
            None => Ok(()),
        }
    }
}

/// `1 error`, `2 errors`
pub(super) fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

/// Writes to stderr. Where that fails there is nobody to tell.
fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
