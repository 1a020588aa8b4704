//! Results as JUnit XML, which CI systems read.
//!
//! The format has no standard; this is what Jenkins, GitLab and GitHub's actions take: suites, cases, failures.

use std::fmt::Write;

use super::Verdict;
use crate::diagnostic::{Diagnostic, render};
use crate::source::Sources;

/// The tests of one file.
#[derive(Debug)]
pub struct Suite {
    /// The file's path.
    pub name: String,
    pub cases: Vec<Case>,
}

#[derive(Debug)]
pub struct Case {
    /// The pipeline.
    class: String,
    name: String,
    /// Seconds of virtual time.
    time: f64,
    failures: Vec<(String, String)>,
}

impl Suite {
    pub fn new(path: &str, verdicts: &[Verdict], sources: &Sources) -> Self {
        let cases = verdicts.iter().map(|verdict| Case {
            class: verdict.pipeline.clone(),
            name: verdict.name(),
            time: verdict.duration as f64 / 1000.0,
            failures: verdict
                .failures
                .iter()
                .map(|failure| {
                    (
                        failure.message.clone(),
                        render::render(failure, sources, false),
                    )
                })
                .collect(),
        });
        Self {
            name: path.to_owned(),
            cases: cases.collect(),
        }
    }

    /// A file that does not compile has one case, which fails.
    pub fn broken(path: &str, errors: &[Diagnostic], sources: &Sources) -> Self {
        let failures = errors
            .iter()
            .map(|error| (error.message.clone(), render::render(error, sources, false)));
        Self {
            name: path.to_owned(),
            cases: vec![Case {
                class: path.to_owned(),
                name: "compiles".to_owned(),
                time: 0.0,
                failures: failures.collect(),
            }],
        }
    }

    fn failed(&self) -> usize {
        self.cases.iter().filter(|c| !c.failures.is_empty()).count()
    }
}

/// The whole document.
pub fn document(suites: &[Suite]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let failures: usize = suites.iter().map(Suite::failed).sum();
    let _ = writeln!(
        text,
        "<testsuites name=\"flowc test\" tests=\"{tests}\" failures=\"{failures}\">"
    );
    for suite in suites {
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">",
            escape(&suite.name),
            suite.cases.len(),
            suite.failed()
        );
        for case in &suite.cases {
            let head = format!(
                "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
                escape(&case.class),
                escape(&case.name),
                case.time
            );
            if case.failures.is_empty() {
                let _ = writeln!(text, "{head}/>");
                continue;
            }
            let _ = writeln!(text, "{head}>");
            for (message, told) in &case.failures {
                let _ = writeln!(
                    text,
                    "      <failure message=\"{}\">{}</failure>",
                    escape(message),
                    escape(told.trim_end())
                );
            }
            text.push_str("    </testcase>\n");
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// For text and for attributes. Characters that XML 1.0 has not are replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}
