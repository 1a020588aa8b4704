//! A report as a terminal shows it.

use super::change::{Change, Kind};
use super::permissions::PermissionChange;
use super::report::Report;
use super::resources::{Action, ResourceChange};
use super::sentence::{Part, cut, join, need, sentence, sign, subjects, word};
use super::{CostChange, FileChange, PipelineChange};

/// Characters of a value.
const VALUE: usize = 100;
/// Width of the column of subjects, at most.
const SUBJECTS: usize = 24;

/// The report, in colours if wanted, without the textual differences.
pub fn render(report: &Report, color: bool) -> String {
    let mut page = Page {
        color,
        text: String::new(),
    };
    for file in &report.files {
        page.file(file);
    }
    let summary = report.summary();
    page.line(0, &page.bold(&summary));
    page.text
}

struct Page {
    color: bool,
    text: String,
}

impl Page {
    fn line(&mut self, depth: usize, text: &str) {
        let line = format!("{}{text}", "  ".repeat(depth));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn sign(&self, sign: char) -> String {
        let code = match sign {
            '+' => "32",
            '-' => "31",
            '!' => "1;91",
            _ => "33",
        };
        self.paint(code, &sign.to_string())
    }

    fn file(&mut self, file: &FileChange) {
        let mark = match file.kind {
            Kind::Added => ", new",
            Kind::Removed => ", gone",
            _ => "",
        };
        let was = file
            .before
            .as_ref()
            .map_or_else(String::new, |was| format!(", was {was}"));
        let title = self.bold(&format!("{}{mark}{was}", file.path));
        self.line(0, &title);
        for pipeline in &file.pipelines {
            self.pipeline(pipeline);
        }
        if !file.permissions.is_empty() {
            self.line(1, "permissions");
            for permission in &file.permissions {
                self.permission(permission);
            }
        }
        if !file.resources.is_empty() {
            self.line(1, "resources");
            for resource in file
                .resources
                .iter()
                .filter(|resource| resource.has_effect())
            {
                self.resource(resource);
            }
            let others = file
                .resources
                .iter()
                .filter(|resource| !resource.has_effect());
            let others: Vec<&str> = others.map(|resource| resource.name.as_str()).collect();
            if !others.is_empty() {
                let sign = self.sign('~');
                self.line(
                    2,
                    &format!(
                        "{sign} updated with what is told above: {}",
                        others.join(", ")
                    ),
                );
            }
        }
        if !file.template.is_empty() {
            self.line(1, "template");
            self.changes(&file.template);
        }
        if !file.limits.is_empty() {
            self.line(1, "limits");
            for limit in &file.limits {
                let words = format!(
                    "the {} of {}: {} of {} {}, was {}",
                    limit.what, limit.subject, limit.after, limit.most, limit.unit, limit.before
                );
                let sign = self.sign('!');
                self.line(2, &format!("{sign} {words}"));
            }
        }
        if !file.costs.is_empty() {
            self.line(1, "cost");
            for cost in &file.costs {
                self.cost(cost);
            }
        }
        self.line(0, "");
    }

    fn cost(&mut self, cost: &CostChange) {
        let (before, after, percent) = cost.month();
        let words = match (before.as_str(), after.as_str()) {
            ("", after) => format!("{after} a month"),
            (before, "") => format!("nothing, was {before} a month"),
            (before, after) if before == after => format!("{after} a month, as before"),
            (before, after) => format!("{before} -> {after} a month"),
        };
        let percent = if percent.is_empty() {
            percent
        } else {
            format!(" ({percent})")
        };
        let sign = self.sign('~');
        let name = self.bold(&cost.pipeline);
        self.line(2, &format!("{sign} {name}: {words}{percent}"));
        if let Some((before, after)) = cost.transitions() {
            let value = |text: &str| cut(text, VALUE);
            self.line(
                4,
                &format!("transitions {} -> {}", value(before), value(after)),
            );
        }
        if !cost.assumed.is_empty() {
            self.line(4, &format!("assumed {}", cost.assumed.join(", ")));
        }
    }

    fn pipeline(&mut self, pipeline: &PipelineChange) {
        let words = match pipeline.kind {
            Kind::Added => "new".to_owned(),
            Kind::Removed => "gone".to_owned(),
            Kind::Renamed => {
                format!(
                    "was called {}",
                    pipeline.before.as_deref().unwrap_or_default()
                )
            }
            _ if !pipeline.has_effect() => "names and descriptions only".to_owned(),
            _ => String::new(),
        };
        let name = self.bold(&pipeline.name);
        let comma = if words.is_empty() { "" } else { ": " };
        self.line(1, &format!("pipeline {name}{comma}{words}"));
        self.changes(&pipeline.changes);
    }

    fn changes(&mut self, changes: &[Change]) {
        let named: Vec<String> = changes
            .iter()
            .map(|change| subjects(change).join(", "))
            .collect();
        let width = named
            .iter()
            .map(|names| names.chars().count())
            .max()
            .unwrap_or(0)
            .min(SUBJECTS);
        for (change, names) in changes.iter().zip(named) {
            let parts = sentence(change).into_iter().map(|part| match part {
                Part::Words(words) => words.replace('→', "->"),
                Part::Value(value) => cut(&value, VALUE),
            });
            let words = join(parts);
            let sign = self.sign(sign(change.kind));
            let gap = if width == 0 { "" } else { "  " };
            self.line(2, &format!("{sign} {names:width$}{gap}{words}"));
        }
    }

    fn permission(&mut self, permission: &PermissionChange) {
        let sign = self.sign(match (permission.wider, permission.kind) {
            (true, _) => '!',
            (false, super::PermissionKind::Lost) => '-',
            (false, _) => '~',
        });
        let who = match permission.principal.as_str() {
            "" => self.bold(&permission.holder),
            who => format!("{} by {who}", self.bold(&permission.holder)),
        };
        self.line(
            2,
            &format!(
                "{sign} {who}: {}: {}",
                word(permission),
                permission.actions.join(", ")
            ),
        );
        let mut detail = |word: &str, texts: Vec<String>| {
            for (i, text) in texts.iter().enumerate() {
                let word = if i == 0 { word } else { "" };
                self.line(4, &format!("{word:4}{text}"));
            }
        };
        let given: Vec<String> = permission
            .resources
            .iter()
            .filter(|r| !r.is_empty())
            .cloned()
            .collect();
        detail("on", given);
        detail("if", permission.conditions.clone());
        let was = permission
            .before
            .iter()
            .map(|scope| match scope.conditions.as_slice() {
                [] => scope.resource.clone(),
                conditions => format!("{} if {}", scope.resource, conditions.join(" and ")),
            });
        detail("was", was.collect());
        let needs = permission
            .needed_by
            .iter()
            .map(|by| format!("{} ({}:{})", need(by), by.place.path, by.place.line));
        detail("for", needs.collect());
    }

    fn resource(&mut self, resource: &ResourceChange) {
        let grave = resource.data.is_some_and(|data| data.is_grave()) || resource.fails.is_some();
        let sign = self.sign(match resource.action {
            Action::Replace | Action::MayReplace => '!',
            _ if grave => '!',
            Action::Delete | Action::LeaveBehind => '-',
            Action::Create => '+',
            Action::Update => '~',
        });
        let mut words = resource.action.words().to_owned();
        if let Some(data) = resource.data {
            words.push_str(&format!("; {}", data.words()));
        }
        let plain: Vec<&str> = resource
            .properties
            .iter()
            .filter(|p| p.before.is_none() && p.after.is_none())
            .map(|p| p.path.as_str())
            .collect();
        if !plain.is_empty() {
            words.push_str(&format!(": {}", plain.join(", ")));
        }
        let name = self.bold(&resource.name);
        self.line(2, &format!("{sign} {name} ({}) {words}", resource.cfn_type));
        for property in &resource.properties {
            let value = |text: &String| cut(text, VALUE);
            let words = match (&property.before, &property.after) {
                (Some(before), Some(after)) => format!("{} -> {}", value(before), value(after)),
                (Some(before), None) => format!("gone (was {})", value(before)),
                (None, Some(after)) => format!("{}, new", value(after)),
                (None, None) => continue,
            };
            let mark = if property.replaces {
                "  (replaces it)"
            } else {
                ""
            };
            self.line(4, &format!("{}: {words}{mark}", property.path));
        }
        if let Some(fails) = &resource.fails {
            self.line(4, &format!("the deployment will fail: {fails}"));
        }
    }
}
