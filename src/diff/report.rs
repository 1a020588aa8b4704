//! All that changes, counted and judged.

use serde::Serialize;

use super::change::Kind;
use super::permissions::PermissionKind;
use super::resources::{Action, DataFate, ResourceChange};
use super::{FileChange, PermissionChange, PipelineChange};

/// What changes between two sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What it was compared with, in words.
    pub before: String,
    /// What was compared, in words.
    pub after: String,
    /// Files that are on either side.
    pub compared: usize,
    /// Files whose source is not the same, or that of what they use.
    pub touched: usize,
    /// Those that change something, by path.
    pub files: Vec<FileChange>,
    /// What was asked not to happen, and does.
    pub tripped: Vec<Tripped>,
}

/// A condition under which a change is not let through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    WidenedPermissions,
    ReplacedResources,
    DataLoss,
    /// The dearest month of a pipeline is dearer by more than so many percent.
    Cost(f64),
}

impl Condition {
    /// `widened-permissions`, `cost:+20%`; why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(percent) = text.strip_prefix("cost") {
            let number = percent
                .strip_prefix(":+")
                .and_then(|rest| rest.strip_suffix('%'));
            let number = number.and_then(|number| number.parse::<f64>().ok());
            return match number.filter(|number| number.is_finite() && *number >= 0.0) {
                Some(number) => Ok(Self::Cost(number)),
                None => Err(format!("`{text}` is no condition; write `cost:+20%`")),
            };
        }
        let known = CONDITIONS.iter().find(|(name, _)| *name == text);
        known.map(|(_, condition)| *condition).ok_or_else(|| {
            let names: Vec<&str> = CONDITIONS.iter().map(|(name, _)| *name).collect();
            format!(
                "there is no condition `{text}`; there are {} and cost:+20%",
                names.join(", ")
            )
        })
    }
}

/// A condition that holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tripped {
    pub condition: String,
    pub why: String,
}

/// The conditions that are a name alone.
pub const CONDITIONS: [(&str, Condition); 3] = [
    ("widened-permissions", Condition::WidenedPermissions),
    ("replaced-resources", Condition::ReplacedResources),
    ("data-loss", Condition::DataLoss),
];

impl Report {
    /// Whether nothing that is generated differs.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a run or a deployment can tell the difference.
    pub fn has_effect(&self) -> bool {
        self.files.iter().any(FileChange::has_effect)
    }

    fn permissions(&self) -> impl Iterator<Item = &PermissionChange> {
        self.files.iter().flat_map(|file| &file.permissions)
    }

    fn resources(&self) -> impl Iterator<Item = &ResourceChange> {
        self.files.iter().flat_map(|file| &file.resources)
    }

    /// Notes which of the conditions hold.
    pub fn judge(&mut self, conditions: &[Condition]) {
        for condition in conditions {
            let (name, count, what) = self.measure(*condition);
            if count > 0 && !self.tripped.iter().any(|known| known.condition == name) {
                self.tripped.push(Tripped {
                    condition: name,
                    why: counted(count, what),
                });
            }
        }
    }

    /// The name of a condition, how often it holds, and what does then.
    fn measure(&self, condition: Condition) -> (String, usize, &'static str) {
        let named = CONDITIONS.iter().find(|(_, known)| *known == condition);
        let name = named.map(|(name, _)| (*name).to_owned());
        let (count, what) = match condition {
            Condition::WidenedPermissions => (
                self.permissions().filter(|p| p.wider).count(),
                "permission is wider|permissions are wider",
            ),
            Condition::ReplacedResources => {
                let replaced =
                    |r: &&ResourceChange| matches!(r.action, Action::Replace | Action::MayReplace);
                (
                    self.resources().filter(replaced).count(),
                    "resource is or may be replaced|resources are or may be replaced",
                )
            }
            Condition::DataLoss => {
                let lost = |r: &&ResourceChange| {
                    matches!(r.data, Some(DataFate::Lost | DataFate::MayBeLost))
                };
                (
                    self.resources().filter(lost).count(),
                    "resource loses or may lose its data|resources lose or may lose their data",
                )
            }
            Condition::Cost(most) => {
                let costs = self.files.iter().flat_map(|file| &file.costs);
                let dearer =
                    costs.filter(|cost| cost.percent.is_some_and(|percent| percent > most));
                (
                    dearer.count(),
                    "pipeline is dearer by more than that|pipelines are dearer by more than that",
                )
            }
        };
        let name = name.unwrap_or_else(|| match condition {
            Condition::Cost(most) => format!("cost:+{most}%"),
            _ => String::new(),
        });
        (name, count, what)
    }

    /// The whole in one line.
    pub fn summary(&self) -> String {
        if self.files.is_empty() {
            return match self.touched {
                0 => "Nothing changes: the sources are the same.".to_owned(),
                count => {
                    let files = counted(
                        count,
                        "file is written otherwise|files are written otherwise",
                    );
                    format!("Nothing changes: {files}, and what is generated is the same.")
                }
            };
        }
        let mut parts = Vec::new();
        let mut add = |count: usize, words: &str| {
            if count > 0 {
                parts.push(counted(count, words));
            }
        };
        let pipelines = |test: &dyn Fn(&PipelineChange) -> bool| {
            let all = self.files.iter().flat_map(|file| &file.pipelines);
            all.filter(|pipeline| test(pipeline)).count()
        };
        let changed = |p: &PipelineChange| p.kind == Kind::Changed;
        add(
            pipelines(&|p| changed(p) && p.has_effect()),
            "pipeline changes|pipelines change",
        );
        add(
            pipelines(&|p| p.kind == Kind::Added),
            "pipeline is new|pipelines are new",
        );
        add(
            pipelines(&|p| p.kind == Kind::Removed),
            "pipeline is gone|pipelines are gone",
        );
        add(
            pipelines(&|p| p.kind == Kind::Renamed),
            "pipeline has another name|pipelines have other names",
        );
        add(
            pipelines(&|p| changed(p) && !p.has_effect()),
            "pipeline changes in names and descriptions only|pipelines change in names and descriptions only",
        );
        let permissions = |test: &dyn Fn(&PermissionChange) -> bool| {
            self.permissions().filter(|p| test(p)).count()
        };
        add(
            permissions(&|p| p.wider),
            "permission is wider|permissions are wider",
        );
        add(
            permissions(&|p| !p.wider),
            "permission is narrower or gone|permissions are narrower or gone",
        );
        let resources = |actions: &[Action]| {
            self.resources()
                .filter(|r| actions.contains(&r.action) && r.has_effect())
                .count()
        };
        add(
            resources(&[Action::Replace]),
            "resource is replaced|resources are replaced",
        );
        add(
            resources(&[Action::MayReplace]),
            "resource may be replaced|resources may be replaced",
        );
        add(
            resources(&[Action::Delete, Action::LeaveBehind]),
            "resource goes|resources go",
        );
        add(
            resources(&[Action::Create]),
            "resource is created|resources are created",
        );
        add(
            resources(&[Action::Update]),
            "resource changes in place|resources change in place",
        );
        let lost = |fates: &[DataFate]| {
            self.resources()
                .filter(|r| r.data.is_some_and(|data| fates.contains(&data)))
                .count()
        };
        add(lost(&[DataFate::Lost]), "LOSES ITS DATA|LOSE THEIR DATA");
        add(
            lost(&[DataFate::MayBeLost]),
            "may lose its data|may lose their data",
        );
        let costs = || {
            self.files
                .iter()
                .flat_map(|file| &file.costs)
                .filter_map(|c| c.percent)
        };
        let dearer = costs().filter(|percent| *percent >= 0.05).count();
        let cheaper = costs().filter(|percent| *percent <= -0.05).count();
        add(dearer, "is dearer|are dearer");
        add(cheaper, "is cheaper|are cheaper");
        let moved = self
            .files
            .iter()
            .filter(|file| file.before.is_some())
            .count();
        add(moved, "file is elsewhere|files are elsewhere");
        if parts.is_empty() {
            return "Only the template is written otherwise.".to_owned();
        }
        format!("{}.", parts.join(", "))
    }
}

/// `1 pipeline changes`, `2 pipelines change`
pub(super) fn counted(count: usize, words: &str) -> String {
    let (one, many) = words.split_once('|').unwrap_or((words, words));
    format!("{count} {}", if count == 1 { one } else { many })
}

impl PermissionKind {
    /// `is new`
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Widened => "wider",
            Self::Gained => "new",
            Self::Narrowed => "narrower",
            Self::Lost => "gone",
        }
    }
}

impl Action {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Replace => "replaced",
            Self::MayReplace => "may be replaced",
            Self::Delete => "deleted",
            Self::LeaveBehind => "leaves the stack, and stays",
            Self::Create => "created",
            Self::Update => "changed in place",
        }
    }
}

impl DataFate {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Lost => "its data is lost",
            Self::MayBeLost => "then its data is lost",
            Self::Left => "the old one stays with its data, outside of the stack",
            Self::Snapshot => "a snapshot of its data is kept",
            Self::Unprotected => "its data is not kept any more when it goes",
        }
    }

    pub(super) fn is_grave(self) -> bool {
        matches!(self, Self::Lost | Self::MayBeLost | Self::Unprotected)
    }
}
