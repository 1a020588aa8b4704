//! A change of a pipeline or of the template around it, as plain values.

use std::collections::HashMap;

use serde::Serialize;

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub area: Area,
    pub kind: Kind,
    /// The steps or states, by their names now; empty for the pipeline itself.
    pub subjects: Vec<String>,
    /// What of them, in words: `timeout`, `argument Arguments.--day`. Empty for the whole.
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// In the source as it is now; of what is gone, as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Added,
    Removed,
    Changed,
    Renamed,
    Moved,
}

/// What a change is about, in the order in which changes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    Parameter,
    Result,
    Trigger,
    Alarm,
    Setting,
    Step,
    Call,
    Order,
    Branch,
    Concurrency,
    Timeout,
    Retry,
    Handler,
    Data,
    /// What no other area is about.
    Other,
    /// Names that a run does not depend on.
    Name,
    /// Descriptions, and how something is written.
    Text,
}

/// A line of a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub path: String,
    pub line: usize,
}

impl Change {
    /// Whether a run or a deployment can tell the difference.
    pub fn has_effect(&self) -> bool {
        !matches!(self.area, Area::Name | Area::Text) && self.kind != Kind::Renamed
    }

    pub(super) fn new(area: Area, kind: Kind, subject: &str, what: impl Into<String>) -> Self {
        Self {
            area,
            kind,
            subjects: (!subject.is_empty())
                .then(|| subject.to_owned())
                .into_iter()
                .collect(),
            what: what.into(),
            before: None,
            after: None,
            place: None,
        }
    }

    pub(super) fn before(mut self, before: impl Into<String>) -> Self {
        self.before = Some(before.into());
        self
    }

    pub(super) fn after(mut self, after: impl Into<String>) -> Self {
        self.after = Some(after.into());
        self
    }
}

/// By area; what is said of several subjects in the same words is said once.
pub(super) fn arrange(changes: Vec<Change>) -> Vec<Change> {
    let mut arranged: Vec<Change> = Vec::new();
    let mut known = HashMap::new();
    for change in changes {
        let Change {
            area,
            kind,
            what,
            before,
            after,
            ..
        } = &change;
        let said = (*area, *kind, what.clone(), before.clone(), after.clone());
        let joins = !change.subjects.is_empty() && !change.what.is_empty();
        let place = known.entry((joins, said)).or_insert(arranged.len());
        match arranged.get_mut(*place) {
            Some(same) if joins => {
                for subject in change.subjects {
                    if !same.subjects.contains(&subject) {
                        same.subjects.push(subject);
                    }
                }
            }
            _ => arranged.push(change),
        }
    }
    arranged.sort_by_key(|change| change.area);
    arranged
}
