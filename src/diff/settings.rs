//! What stands around a definition: what starts it, what watches it, how it logs, and what it is told at deployment.
//!
//! Read from the template: what is there is what counts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Side;
use super::change::{Area, Change, Kind};
use super::value::{Step, differences, path_text, words};
use crate::backend::cfn::names::Names;
use crate::ir::PipelineId;

/// What is told of a resource in one line: the first of these properties.
const TELLING: [&str; 5] = [
    "ScheduleExpression",
    "EventPattern",
    "Source",
    "MetricName",
    "LogGroupName",
];

/// The resources of one pipeline, by their logical names.
type Own<'t> = BTreeMap<&'t str, &'t Value>;

/// The changes of the settings of a pipeline.
pub(super) fn compare(old: (&Side, PipelineId), new: (&Side, PipelineId)) -> Vec<Change> {
    let (old_machine, olds) = own(old.0, old.1);
    let (new_machine, news) = own(new.0, new.1);
    let mut changes = Vec::new();
    // A pipeline under another name has the same resources under other names.
    let renamed = |name: &str| {
        let rest = name.strip_prefix(old_machine.as_str()).unwrap_or(name);
        format!("{new_machine}{rest}")
    };
    let olds: BTreeMap<String, &Value> = olds
        .into_iter()
        .map(|(name, resource)| (renamed(name), resource))
        .collect();
    let names: BTreeSet<&str> = olds
        .keys()
        .map(String::as_str)
        .chain(news.keys().copied())
        .collect();
    for name in names {
        let (before, after) = (olds.get(name).copied(), news.get(name).copied());
        if before == after {
            continue;
        }
        if name == new_machine {
            if let Some((before, after)) = before.zip(after) {
                machine(&before["Properties"], &after["Properties"], &mut changes);
            }
            continue;
        }
        let Some(area) = before.or(after).and_then(area) else {
            continue;
        };
        let telling = |resource: &Value| {
            let properties = &resource["Properties"];
            let found = TELLING.iter().find_map(|name| properties.get(name));
            found.map(words)
        };
        match (before, after) {
            (Some(before), Some(after)) => {
                let (before, after) = (&before["Properties"], &after["Properties"]);
                for found in differences(before, after) {
                    // Which copy of a target it is says nothing.
                    let what = path_text(&found.path);
                    let text =
                        matches!(found.path.last(), Some(Step::Member(m)) if m == "Description");
                    let area = if text { Area::Text } else { area };
                    push(area, name, &what, &found.before, &found.after, &mut changes);
                }
            }
            (None, Some(after)) => {
                let change = Change::new(area, Kind::Added, name, kind_of(after));
                changes.push(Change {
                    after: telling(after),
                    ..change
                });
            }
            (Some(before), None) => {
                let change = Change::new(area, Kind::Removed, name, kind_of(before));
                changes.push(Change {
                    before: telling(before),
                    ..change
                });
            }
            (None, None) => {}
        }
    }
    changes
}

/// The logical name of a pipeline's machine, and the resources whose names begin so.
fn own<'t>(side: &'t Side, id: PipelineId) -> (String, Own<'t>) {
    let names = Names::new(side.program);
    let machine = names.pipeline(id).machine.clone();
    let others: Vec<&str> = (0u32..)
        .zip(&side.program.pipelines)
        .map(|(at, _)| names.pipeline(PipelineId(at)).machine.as_str())
        .collect();
    // Of two pipelines whose names both begin a resource's, the longer one owns it.
    let owned = |name: &str| {
        let best = others
            .iter()
            .filter(|other| name.starts_with(**other))
            .max_by_key(|o| o.len());
        best == Some(&machine.as_str())
    };
    let resources = side.output.template["Resources"]
        .as_object()
        .into_iter()
        .flatten();
    let own = resources
        .filter(|(name, _)| owned(name))
        .map(|(name, resource)| (name.as_str(), resource))
        .collect();
    (machine, own)
}

/// What a resource is for; None where other parts of a report tell of it.
fn area(resource: &Value) -> Option<Area> {
    match resource["Type"].as_str()? {
        "AWS::Scheduler::Schedule" | "AWS::Events::Rule" | "AWS::Pipes::Pipe" => {
            Some(Area::Trigger)
        }
        "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => Some(Area::Alarm),
        "AWS::CloudWatch::Dashboard"
        | "AWS::Logs::LogGroup"
        | "AWS::StepFunctions::StateMachineAlias"
        | "AWS::StepFunctions::StateMachineVersion" => Some(Area::Setting),
        _ => None,
    }
}

fn kind_of(resource: &Value) -> &str {
    let full = resource["Type"].as_str().unwrap_or_default();
    full.rsplit("::").next().unwrap_or(full)
}

/// The machine's own properties, but for its definition.
fn machine(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let none = Value::Object(Map::new());
    let without = |properties: &Value| {
        let mut properties = properties.as_object().cloned().unwrap_or_default();
        for told in ["Definition", "DefinitionString", "DefinitionSubstitutions"] {
            properties.shift_remove(told);
        }
        Value::Object(properties)
    };
    for found in differences(&without(before), &without(after)) {
        push(
            Area::Setting,
            "",
            &path_text(&found.path),
            &found.before,
            &found.after,
            changes,
        );
    }
    let given = |properties: &Value| {
        let given = properties["DefinitionSubstitutions"].as_object();
        given.map_or_else(|| none.clone(), |given| Value::Object(given.clone()))
    };
    let (old, new) = (given(before), given(after));
    for found in differences(&old, &new) {
        // What stands on one side only stands in what differs between the definitions.
        let [Step::Member(key), ..] = found.path.as_slice() else {
            continue;
        };
        if old.get(key).is_none() || new.get(key).is_none() {
            continue;
        }
        let subjects = users(&format!("${{{key}}}"), &[before, after]);
        let what = format!("what ${{{}}} stands for", path_text(&found.path));
        push(Area::Call, "", &what, &found.before, &found.after, changes);
        if let Some(change) = changes.last_mut() {
            change.subjects = subjects;
        }
    }
}

/// The texts that stand for a definition's placeholders, where the template has a text for them.
pub(super) fn placeholders(side: &Side, id: PipelineId) -> Vec<(String, String)> {
    let names = Names::new(side.program);
    let machine = &side.output.template["Resources"][&names.pipeline(id).machine];
    let given = machine["Properties"]["DefinitionSubstitutions"].as_object();
    let text = |value: &Value| {
        let text = value.as_str().or_else(|| value["Fn::Sub"].as_str());
        text.map(str::to_owned)
    };
    let given = given.into_iter().flatten();
    given
        .filter_map(|(key, value)| Some((format!("${{{key}}}"), text(value)?)))
        .collect()
}

/// The states in which a placeholder stands.
fn users(placeholder: &str, machines: &[&Value]) -> Vec<String> {
    let mut found = Vec::new();
    for machine in machines {
        let parsed = machine["DefinitionString"]
            .as_str()
            .map(serde_json::from_str);
        let definition = match parsed {
            Some(parsed) => parsed.unwrap_or_default(),
            None => machine["Definition"].clone(),
        };
        find_users(&definition, placeholder, &mut found);
    }
    found
}

fn find_users(flow: &Value, placeholder: &str, found: &mut Vec<String>) {
    for (name, state) in flow["States"].as_object().into_iter().flatten() {
        let mut own = state.as_object().cloned().unwrap_or_default();
        let processor = own.shift_remove("ItemProcessor");
        let branches = own.shift_remove("Branches");
        if Value::Object(own).to_string().contains(placeholder) && !found.contains(name) {
            found.push(name.clone());
        }
        for inner in processor
            .iter()
            .chain(branches.iter().filter_map(Value::as_array).flatten())
        {
            find_users(inner, placeholder, found);
        }
    }
}

fn push(
    area: Area,
    subject: &str,
    what: &str,
    before: &Option<Value>,
    after: &Option<Value>,
    changes: &mut Vec<Change>,
) {
    let kind = match (before, after) {
        (None, _) => Kind::Added,
        (_, None) => Kind::Removed,
        _ => Kind::Changed,
    };
    changes.push(Change {
        before: before.as_ref().map(words),
        after: after.as_ref().map(words),
        ..Change::new(area, kind, subject, what)
    });
}
