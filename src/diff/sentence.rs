//! A change in words, for every form of a report.

use super::change::{Area, Change, Kind};
use super::permissions::{Need, PermissionChange};

/// So many subjects are named.
const MOST_SUBJECTS: usize = 6;

/// How a change looks at a glance: `+ - ~ >`.
pub(super) fn sign(kind: Kind) -> char {
    match kind {
        Kind::Added => '+',
        Kind::Removed => '-',
        Kind::Changed => '~',
        Kind::Renamed | Kind::Moved => '>',
    }
}

/// The names of what it is about.
pub(super) fn subjects(change: &Change) -> Vec<String> {
    let mut names = change.subjects.clone();
    let more = names.len().saturating_sub(MOST_SUBJECTS);
    if more > 1 {
        names.truncate(MOST_SUBJECTS);
        names.push(format!("{more} more"));
    }
    names
}

/// A part of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Words of ours, and of the language.
    Words(String),
    /// A name or a value.
    Value(String),
}

/// What is said of the subjects.
pub(super) fn sentence(change: &Change) -> Vec<Part> {
    let Change {
        what,
        before,
        after,
        ..
    } = change;
    let words = |text: &str| Part::Words(text.to_owned());
    let value = |text: &Option<String>| Part::Value(text.clone().unwrap_or_default());
    let what = || Part::Words(what.clone());
    match (change.area, change.kind) {
        (Area::Step, Kind::Added) => {
            vec![
                words("new"),
                value(after),
                words(":"),
                Part::Value(change.what.clone()),
            ]
        }
        (Area::Step, Kind::Removed) => {
            vec![
                words("gone, was"),
                value(before),
                words(":"),
                Part::Value(change.what.clone()),
            ]
        }
        (Area::Order, Kind::Moved) => {
            vec![words("moved"), value(after), words(", was"), value(before)]
        }
        (Area::Step, Kind::Renamed) => vec![words("was called"), value(before)],
        // A rule is told with where it leads to.
        (Area::Branch | Area::Handler, Kind::Added) if is_rule(&change.what) => {
            vec![words("new:"), what(), words("leads to"), value(after)]
        }
        (Area::Branch | Area::Handler, Kind::Removed) if is_rule(&change.what) => {
            vec![words("gone:"), what(), words("led to"), value(before)]
        }
        (Area::Branch | Area::Handler, _) if is_rule(&change.what) => {
            vec![
                what(),
                words("leads to"),
                value(after),
                words("and no longer to"),
                value(before),
            ]
        }
        (_, Kind::Added) => match after {
            None => vec![words("new:"), what()],
            Some(_) => vec![words("new:"), what(), words("="), value(after)],
        },
        (_, Kind::Removed) => match before {
            None => vec![words("gone:"), what()],
            Some(_) => vec![words("gone:"), what(), words("="), value(before)],
        },
        _ => match (before, after) {
            (Some(_), Some(_)) => vec![what(), value(before), words("→"), value(after)],
            (Some(_), None) => vec![what(), words("was"), value(before)],
            (None, Some(_)) => vec![what(), words("is"), value(after)],
            (None, None) => vec![what()],
        },
    }
}

/// The parts one behind the other; marks of punctuation follow without a blank.
pub(super) fn join(parts: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() && !part.starts_with([':', ',']) {
            text.push(' ');
        }
        text.push_str(&part);
    }
    text
}

fn is_rule(what: &str) -> bool {
    what.starts_with("catch ") || what.starts_with("if ")
}

/// A text on one line, at most so long.
pub(super) fn cut(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let kept: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `gate: s3.headObject`
pub(super) fn need(need: &Need) -> String {
    match need.step.as_str() {
        "" => need.what.clone(),
        step => format!("{step}: {}", need.what),
    }
}

/// `wider`, `forbidden, gone`
pub(super) fn word(permission: &PermissionChange) -> String {
    let word = permission.kind.words();
    if permission.denies {
        format!("forbidden, {word}")
    } else {
        word.to_owned()
    }
}
