//! What changes between two programs: not which lines, but what a run, a deployment and an auditor see.
//!
//! Everything is read from what is generated, so that what differs there is told here, if only as a field that differs;
//! what the source says beside that (parameters, results, places) comes from the program. Pure: whoever calls compiles.

mod annotation;
mod change;
mod costs;
mod limits;
mod machine;
pub mod markdown;
mod matching;
mod order;
mod permissions;
mod pipelines;
mod policy;
mod report;
mod resources;
mod sentence;
mod settings;
mod states;
mod template;
pub mod terminal;
mod value;

use serde::Serialize;
use similar::TextDiff;

use crate::backend::{Artifact, Output};
use crate::cost::assume::Given;
use crate::ir::Program;
use crate::source::Sources;
pub use annotation::annotations;
pub use change::{Area, Change, Kind, Place};
pub use costs::{Cost, CostChange};
pub use limits::LimitChange;
pub use permissions::{Need, PermissionChange, PermissionKind, Scope};
pub use pipelines::{PipelineChange, compare_documents};
pub use report::{CONDITIONS, Condition, Report, Tripped};
pub use resources::{Action, DataFate, PropertyChange, ResourceChange};

/// A program and what it becomes.
pub struct Side<'a> {
    pub program: &'a Program,
    pub sources: &'a Sources,
    pub output: &'a Output,
    /// The template, then each pipeline's definition and policy.
    pub artifacts: &'a [Artifact],
    /// What is assumed of sizes and rates, beside the defaults.
    pub assumed: &'a [Given],
}

/// What changes of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileChange {
    pub path: String,
    /// Its path before, where that was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Whether the file as a whole is new or gone.
    pub kind: Kind,
    pub pipelines: Vec<PipelineChange>,
    pub permissions: Vec<PermissionChange>,
    pub resources: Vec<ResourceChange>,
    /// What else stands in the template: parameters, conditions, outputs.
    pub template: Vec<Change>,
    pub limits: Vec<LimitChange>,
    pub costs: Vec<CostChange>,
    /// What else is to be said: sentences.
    pub notes: Vec<String>,
    /// The pictures of the pipelines that changed and are still there, their changed steps marked.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
    /// The generated files that differ.
    #[serde(skip)]
    pub texts: Vec<TextChange>,
}

/// A generated file on both sides; empty where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    before_name: String,
    after_name: String,
    before: String,
    after: String,
}

impl TextChange {
    /// As `diff -u` shows it.
    pub fn unified(&self) -> String {
        let diff = TextDiff::from_lines(self.before.as_str(), self.after.as_str());
        let mut unified = diff.unified_diff();
        unified
            .context_radius(3)
            .header(&self.before_name, &self.after_name)
            .to_string()
    }
}

/// A pipeline as Mermaid draws it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub pipeline: String,
    pub mermaid: String,
}

impl FileChange {
    /// Whether nothing that is generated, and nothing of what pipelines take and give, is otherwise than before.
    pub fn is_empty(&self) -> bool {
        self.pipelines.is_empty()
            && self.permissions.is_empty()
            && self.resources.is_empty()
            && self.template.is_empty()
    }

    /// Whether a run or a deployment can tell the difference.
    pub fn has_effect(&self) -> bool {
        !self.permissions.is_empty()
            || self.pipelines.iter().any(PipelineChange::has_effect)
            || self.template.iter().any(Change::has_effect)
            || self.resources.iter().any(ResourceChange::has_effect)
    }
}

/// Compares what a file became with what it becomes. A side is missing where the file is, or where it becomes nothing.
pub fn compare(path: &str, old: Option<&Side>, new: Option<&Side>) -> FileChange {
    let kind = match (old, new) {
        (None, Some(_)) => Kind::Added,
        (Some(_), None) => Kind::Removed,
        _ => Kind::Changed,
    };
    let pipelines = pipelines::compare(old, new);
    let none = serde_json::Value::Null;
    let template =
        |side: Option<&Side>| side.map_or(none.clone(), |side| side.output.template.clone());
    let (before, after) = (template(old), template(new));
    let first = |side: Option<&Side>| {
        side.and_then(|side| side.artifacts.first())
            .map(|a| a.text.clone())
    };
    let same_template = first(old) == first(new);
    let same = |old: &Side, new: &Side| old.output.definitions == new.output.definitions;
    let (costs, notes) = match old.zip(new) {
        Some((old, new)) if same(old, new) && old.assumed == new.assumed => Default::default(),
        _ => costs::compare(old, new),
    };
    let mut change = FileChange {
        path: path.to_owned(),
        before: None,
        kind,
        permissions: if same_template {
            Vec::new()
        } else {
            permissions::compare(old, new)
        },
        resources: resources::compare(&before, &after),
        template: template::compare(&before, &after),
        limits: limits::compare(old, new, &costs),
        costs,
        notes,
        pictures: pictures(new, &pipelines),
        texts: texts(path, old, new),
        pipelines,
    };
    // Nothing that is written otherwise goes untold.
    if change.is_empty() && !change.texts.is_empty() {
        let what = "generated files, written in another order";
        change
            .template
            .push(Change::new(Area::Text, Kind::Changed, "", what));
    }
    change
}

fn pictures(new: Option<&Side>, pipelines: &[PipelineChange]) -> Vec<Picture> {
    let Some(new) = new else {
        return Vec::new();
    };
    let drawn = pipelines
        .iter()
        .filter(|pipeline| pipeline.kind == Kind::Added || !pipeline.marks.is_empty());
    drawn
        .map(|pipeline| {
            let graph = crate::backend::graph::graph(new.program, Some(&pipeline.name));
            Picture {
                pipeline: pipeline.name.clone(),
                mermaid: graph.mermaid_marked(&pipeline.marks),
            }
        })
        .collect()
}

fn texts(path: &str, old: Option<&Side>, new: Option<&Side>) -> Vec<TextChange> {
    let of = |side: Option<&Side>| -> Vec<(String, String)> {
        let artifacts = side.into_iter().flat_map(|side| side.artifacts).enumerate();
        artifacts
            .map(|(i, artifact)| {
                // The template is named after the file, which may have another name on each side.
                let name = if i == 0 {
                    "template.json"
                } else {
                    artifact.name.as_str()
                };
                (name.to_owned(), artifact.text.clone())
            })
            .collect()
    };
    let (olds, news) = (of(old), of(new));
    let mut names: Vec<&String> = news.iter().map(|(name, _)| name).collect();
    names.extend(
        olds.iter()
            .map(|(name, _)| name)
            .filter(|n| !news.iter().any(|(m, _)| m == *n)),
    );
    let find = |side: &[(String, String)], name: &str| {
        let found = side.iter().find(|(other, _)| other == name);
        found.map(|(_, text)| text.clone())
    };
    let mut changes = Vec::new();
    for name in names {
        let (before, after) = (find(&olds, name), find(&news, name));
        if before == after {
            continue;
        }
        let named = |prefix: &str, text: &Option<String>| match text {
            Some(_) => format!("{prefix}/{path}: {name}"),
            None => "/dev/null".to_owned(),
        };
        changes.push(TextChange {
            before_name: named("a", &before),
            after_name: named("b", &after),
            before: before.unwrap_or_default(),
            after: after.unwrap_or_default(),
        });
    }
    changes
}
