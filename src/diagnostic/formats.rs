//! Diagnostics for programs: JSON lines, GitHub workflow commands, SARIF 2.1.0.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::render::severity_word;
use super::{Code, Diagnostic, Label, Severity};
use crate::source::{Sources, Span};

/// One JSON object; lines and columns from 1, columns in characters, offsets in bytes.
pub fn json(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    json!({
        "code": diagnostic.code.code(),
        "name": diagnostic.code.name(),
        "severity": severity_word(diagnostic.severity),
        "message": diagnostic.message,
        "primary": label(&diagnostic.primary, sources),
        "secondary": diagnostic.secondary.iter().map(|l| label(l, sources)).collect::<Vec<_>>(),
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(|fix| json!({
            "title": fix.title,
            "safe": fix.safe,
            "edits": fix.edits.iter().map(|edit| {
                let mut place = place(edit.span, sources);
                place["text"] = json!(edit.text);
                place
            }).collect::<Vec<_>>(),
        })),
    })
}

fn label(label: &Label, sources: &Sources) -> Value {
    let mut value = place(label.span, sources);
    value["text"] = json!(label.text);
    value
}

fn place(span: Span, sources: &Sources) -> Value {
    let (line, column) = sources.line_column(span);
    let (end_line, end_column) = sources.line_column(span.after());
    json!({
        "file": sources.get(span.file).path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
    })
}

/// A workflow command that GitHub shows beside the line, newline included.
/// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
pub fn github(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let span = diagnostic.primary.span;
    let (line, column) = sources.line_column(span);
    let (end_line, end_column) = sources.line_column(span.after());
    let mut message = diagnostic.message.clone();
    for help in &diagnostic.help {
        message.push('\n');
        message.push_str(help);
    }
    // GitHub refuses columns for an annotation of several lines.
    let columns = if line == end_line {
        format!(",col={column},endColumn={end_column}")
    } else {
        String::new()
    };
    format!(
        "::{} file={},line={line},endLine={end_line}{columns},title={}::{}\n",
        severity_word(diagnostic.severity),
        escape_property(&sources.get(span.file).path),
        escape_property(&format!(
            "{} {}",
            diagnostic.code.code(),
            diagnostic.code.name()
        )),
        escape_message(&message),
    )
}

fn escape_message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// The pieces of one SARIF run, gathered over all files.
#[derive(Debug, Default)]
pub struct Sarif {
    results: Vec<Value>,
    /// The codes of the results: the rules that the log describes.
    codes: BTreeSet<Code>,
}

impl Sarif {
    pub fn add(&mut self, diagnostic: &Diagnostic, sources: &Sources) {
        let location = |label: &Label| {
            let (line, column) = sources.line_column(label.span);
            let (end_line, end_column) = sources.line_column(label.span.after());
            let mut location = json!({
                "physicalLocation": {
                    "artifactLocation": { "uri": sources.get(label.span.file).path },
                    "region": {
                        "startLine": line,
                        "startColumn": column,
                        "endLine": end_line,
                        "endColumn": end_column,
                    },
                },
            });
            if !label.text.is_empty() {
                location["message"] = json!({ "text": label.text });
            }
            location
        };
        let mut text = diagnostic.message.clone();
        for help in &diagnostic.help {
            text.push('\n');
            text.push_str(help);
        }
        let mut result = json!({
            "ruleId": diagnostic.code.code(),
            "level": severity_word(diagnostic.severity),
            "message": { "text": text },
            "locations": [location(&diagnostic.primary)],
        });
        if !diagnostic.secondary.is_empty() {
            result["relatedLocations"] = diagnostic.secondary.iter().map(location).collect();
        }
        self.results.push(result);
        self.codes.insert(diagnostic.code);
    }

    /// The whole log.
    pub fn finish(self) -> Value {
        let rules: Vec<Value> = self
            .codes
            .iter()
            .map(|code| {
                json!({
                    "id": code.code(),
                    "name": code.name(),
                    "fullDescription": { "text": code.explanation() },
                    "defaultConfiguration": { "level": match code.severity() {
                        Severity::Error => "error",
                        Severity::Warning => "warning",
                    } },
                })
            })
            .collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "flowc",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                } },
                "columnKind": "unicodeCodePoints",
                "results": self.results,
            }],
        })
    }
}
