//! Types in people's words: a row a member, what is inside below it.
//!
//! A structure is spelled out where it is met first; a second or a recursive one points there.

use super::layout::{FIRM, Row};
use crate::catalog::resource;
use crate::catalog::shape::{Member, Paging, Shape, ShapeKind};

/// Of a longer list of values, so many are shown; data has them all.
const MOST_VALUES: usize = 24;

/// The members of a structure at every depth.
pub(super) fn rows(shape: Shape) -> Vec<Row> {
    let mut pages = Pages {
        seen: Vec::new(),
        rows: Vec::new(),
    };
    pages.members(shape, "", 1);
    pages.rows
}

struct Pages {
    /// Where a structure was spelled out.
    seen: Vec<(Shape, String)>,
    rows: Vec<Row>,
}

impl Pages {
    fn members(&mut self, shape: Shape, path: &str, depth: usize) {
        for member in shape.members() {
            let path = if path.is_empty() {
                member.raw.name.clone()
            } else {
                format!("{path}.{}", member.raw.name)
            };
            self.member(member, &path, depth);
        }
    }

    fn find(&self, shape: Shape) -> Option<String> {
        let found = self.seen.iter().find(|(seen, _)| *seen == shape);
        found.map(|(_, path)| path.clone())
    }

    fn member(&mut self, member: Member, path: &str, depth: usize) {
        let mark = if member.raw.required { "*" } else { "" };
        let left = format!(
            "{:indent$}{}{mark}",
            "",
            member.raw.name,
            indent = 2 * depth
        );
        let inner = structure_in(member.shape);
        let known = inner.and_then(|inner| self.find(inner));
        let mut right = describe(member.shape);
        if let Some(known) = &known {
            right.push_str(&format!(", as `{known}`"));
        }
        for note in notes(member) {
            right.push_str("; ");
            right.push_str(&note);
        }
        self.rows.push(Row { left, right });
        if let (Some(inner), None) = (inner, known) {
            self.seen.push((inner, path.to_owned()));
            self.members(inner, path, depth + 1);
        }
    }
}

/// The structure with members that a value is, or that a list or a map of it holds.
fn structure_in(shape: Shape) -> Option<Shape> {
    match shape.kind() {
        ShapeKind::Structure { members, .. } => (!members.is_empty()).then_some(shape),
        ShapeKind::List { element, .. } => structure_in(shape.at(*element)),
        ShapeKind::Map { value, .. } => structure_in(shape.at(*value)),
        _ => None,
    }
}

/// What is to know of a member beside its type.
fn notes(member: Member) -> Vec<String> {
    let raw = member.raw;
    let mut notes = Vec::new();
    if raw.any_json {
        notes.push("any JSON is taken, and sent as text".to_owned());
    }
    if raw.json_text {
        notes.push("the text is JSON".to_owned());
    }
    if raw.idempotency_token {
        notes.push("filled in when it is not given".to_owned());
    }
    if raw.paging == Some(Paging::Page) {
        notes.push("a page at a time".to_owned());
    }
    if raw.deprecated {
        notes.push("deprecated".to_owned());
    }
    let kinds = resource::named_kinds(member.shape.service(), &raw.name);
    if !kinds.is_empty() {
        notes.push(format!("a declared {} can stand here", either(kinds)));
    }
    // A first letter in the other case is what everybody expects.
    if let Some(other) = &raw.api_name
        && !other.eq_ignore_ascii_case(&raw.name)
    {
        notes.push(format!("also `{other}`"));
    }
    notes
}

/// A type without what is inside of it.
pub(super) fn describe(shape: Shape) -> String {
    match shape.kind() {
        ShapeKind::Structure { members, .. } if members.is_empty() => "empty object".to_owned(),
        ShapeKind::Structure { union: false, .. } => "object".to_owned(),
        ShapeKind::Structure { union: true, .. } => "object with exactly one of".to_owned(),
        ShapeKind::List { element, min, max } => {
            let elements = several(shape.at(*element));
            format!("list of {elements}{}", counts(min, max, "element"))
        }
        ShapeKind::Map {
            key,
            value,
            min,
            max,
        } => {
            let values = several(shape.at(*value));
            let keys = key.map(|key| keys(shape.at(key))).unwrap_or_default();
            format!("object of {values}{keys}{}", counts(min, max, "member"))
        }
        ShapeKind::String { values, min, max } if values.is_empty() => {
            format!("string{}", counts(min, max, "character"))
        }
        ShapeKind::String { values, .. } => one_of(values),
        ShapeKind::Integer { min, max } => format!("int{}", limits(min, max)),
        ShapeKind::Number { min, max } => format!("number{}", limits(min, max)),
        ShapeKind::Boolean => "bool".to_owned(),
        ShapeKind::Timestamp => "timestamp".to_owned(),
        ShapeKind::Blob => "string (bytes)".to_owned(),
        ShapeKind::Json => "any".to_owned(),
    }
}

/// What a list or an object holds.
fn several(shape: Shape) -> String {
    match shape.kind() {
        ShapeKind::Structure { union: true, .. } => "objects with exactly one of".to_owned(),
        ShapeKind::Structure { .. } => "objects".to_owned(),
        ShapeKind::List { element, .. } => format!("lists of {}", several(shape.at(*element))),
        ShapeKind::Map { value, .. } => format!("objects of {}", several(shape.at(*value))),
        ShapeKind::String { values, min, max } if values.is_empty() => {
            match counts(min, max, "character").as_str() {
                "" => "strings".to_owned(),
                limits => format!("strings ({})", limits.trim_start_matches(", ")),
            }
        }
        ShapeKind::String { values, .. } => one_of(values),
        ShapeKind::Integer { .. } => "ints".to_owned(),
        ShapeKind::Number { .. } => "numbers".to_owned(),
        ShapeKind::Boolean => "bools".to_owned(),
        ShapeKind::Timestamp => "timestamps".to_owned(),
        ShapeKind::Blob => "strings (bytes)".to_owned(),
        ShapeKind::Json => "anything".to_owned(),
    }
}

/// The keys that there may be, where they are known.
fn keys(shape: Shape) -> String {
    match shape.kind() {
        ShapeKind::String { values, .. } if !values.is_empty() => {
            format!(", keys {}", one_of(values))
        }
        _ => String::new(),
    }
}

/// `"a" | "b"`, to be broken behind a bar.
fn one_of(values: &[String]) -> String {
    let mut words: Vec<String> = (values.iter().take(MOST_VALUES))
        .map(|value| format!("\"{value}\""))
        .collect();
    if values.len() > MOST_VALUES {
        words.push(format!("… {} more", values.len() - MOST_VALUES));
    }
    let firm = |word: String| word.replace(' ', &FIRM.to_string());
    let words: Vec<String> = words.into_iter().map(firm).collect();
    words.join(&format!("{FIRM}| "))
}

/// How many there may be of something that is counted.
fn counts(min: &Option<u64>, max: &Option<u64>, unit: &str) -> String {
    let min = min.filter(|min| *min > 0);
    let limits = limits(&min, max);
    match (limits.as_str(), max.or(min)) {
        ("", _) => limits,
        (_, Some(1)) => format!("{limits} {unit}"),
        _ => format!("{limits} {unit}s"),
    }
}

fn limits<T: std::fmt::Display + PartialEq>(min: &Option<T>, max: &Option<T>) -> String {
    match (min, max) {
        (None, None) => String::new(),
        (Some(min), Some(max)) if min == max => format!(", {min}"),
        (Some(min), Some(max)) => format!(", {min} to {max}"),
        (Some(min), None) => format!(", at least {min}"),
        (None, Some(max)) => format!(", at most {max}"),
    }
}

fn either(words: &[&str]) -> String {
    words.join(" or ")
}
