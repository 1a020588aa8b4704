//! What CloudFormation will do to the resources of a template: create, change in place, replace, delete.
//!
//! Which property replaces, which type holds data and what names it is the catalog's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::value::{Difference, Step, differences, path_text, words};
use crate::catalog::cloudformation::{self, Replacement, ResourceType};
use crate::catalog::created::{self, Keep};

/// A resource of the template that is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResourceChange {
    /// Its logical name.
    pub name: String,
    /// `AWS::DynamoDB::Table`
    #[serde(rename = "type")]
    pub cfn_type: String,
    pub action: Action,
    pub properties: Vec<PropertyChange>,
    /// What becomes of what it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataFate>,
    /// Why the deployment will fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
}

/// What CloudFormation does, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Replace,
    /// Some of the changed properties replace it under conditions that the schema does not say.
    MayReplace,
    Delete,
    /// It leaves the stack and goes on to exist.
    LeaveBehind,
    Create,
    Update,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataFate {
    Lost,
    /// It may be replaced, and then what it holds is lost.
    MayBeLost,
    /// The old resource stays, outside of the stack.
    Left,
    /// A snapshot is made.
    Snapshot,
    /// Nothing happens to it now, but it is not kept any more when the resource goes.
    Unprotected,
}

impl ResourceChange {
    /// Whether it is more than a description, or what other parts of a report tell of.
    pub fn has_effect(&self) -> bool {
        let told = |path: &str| {
            TOLD_ELSEWHERE.contains(&path)
                || path == "Description"
                || path.ends_with(".Description")
        };
        self.action != Action::Update
            || self.data.is_some()
            || self.properties.iter().any(|property| !told(&property.path))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PropertyChange {
    /// `KeySchema[0].AttributeName`, `DeletionPolicy`
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Its change replaces the resource.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
}

/// Properties that other parts of a report tell about, each told here in one word.
const TOLD_ELSEWHERE: [&str; 7] = [
    "Definition",
    "DefinitionString",
    "DefinitionSubstitutions",
    "PolicyDocument",
    "AssumeRolePolicyDocument",
    "Policies",
    "DashboardBody",
];

/// All resources that differ, the gravest first.
pub(super) fn compare(old: &Value, new: &Value) -> Vec<ResourceChange> {
    let none = Map::new();
    let of = |template: &Value| template["Resources"].as_object().cloned();
    let (old, new) = (
        of(old).unwrap_or_else(|| none.clone()),
        of(new).unwrap_or(none),
    );
    let mut changes: BTreeMap<String, ResourceChange> = BTreeMap::new();
    for (name, before) in &old {
        match new.get(name) {
            None => {
                changes.insert(name.clone(), deleted(name, before));
            }
            Some(after) if before != after => {
                changes.insert(name.clone(), changed(name, before, after));
            }
            Some(_) => {}
        }
    }
    for (name, after) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        let change = ResourceChange {
            name: name.clone(),
            cfn_type: type_of(after).to_owned(),
            action: Action::Create,
            properties: Vec::new(),
            data: None,
            fails: None,
        };
        changes.insert(name.clone(), change);
    }
    spread(&old, &new, &mut changes);
    let mut changes: Vec<ResourceChange> = changes.into_values().collect();
    changes.sort_by(|a, b| (a.action, &a.name).cmp(&(b.action, &b.name)));
    changes
}

fn type_of(resource: &Value) -> &str {
    resource["Type"].as_str().unwrap_or_default()
}

fn holds_data(cfn_type: &str) -> bool {
    created::find(cfn_type).keep != Keep::No
}

/// What becomes of the data of a resource that goes, by the attribute that decides; None where it holds none.
fn fate(cfn_type: &str, policy: &Value) -> Option<DataFate> {
    let fate = match policy.as_str() {
        Some("Retain" | "RetainExceptOnCreate") => DataFate::Left,
        Some("Snapshot") => DataFate::Snapshot,
        _ => DataFate::Lost,
    };
    holds_data(cfn_type).then_some(fate)
}

fn deleted(name: &str, before: &Value) -> ResourceChange {
    let cfn_type = type_of(before);
    let policy = &before["DeletionPolicy"];
    let stays = matches!(policy.as_str(), Some("Retain" | "RetainExceptOnCreate"));
    ResourceChange {
        name: name.to_owned(),
        cfn_type: cfn_type.to_owned(),
        action: if stays {
            Action::LeaveBehind
        } else {
            Action::Delete
        },
        properties: Vec::new(),
        data: fate(cfn_type, policy),
        fails: None,
    }
}

fn changed(name: &str, before: &Value, after: &Value) -> ResourceChange {
    let cfn_type = type_of(after);
    let known = cloudformation::find_type(cfn_type);
    let mut properties: Vec<PropertyChange> = Vec::new();
    let mut replacement = Replacement::Never;
    for difference in differences(before, after) {
        let (inside, path) = match difference.path.split_first() {
            Some((Step::Member(first), rest)) if first == "Properties" && !rest.is_empty() => {
                (true, rest)
            }
            _ => (false, &difference.path[..]),
        };
        if let ([Step::Member(first), ..], true) = (path, inside)
            && TOLD_ELSEWHERE.contains(&first.as_str())
        {
            if !properties.iter().any(|known| known.path == *first) {
                properties.push(PropertyChange {
                    path: first.clone(),
                    before: None,
                    after: None,
                    replaces: false,
                });
            }
            continue;
        }
        let replaces = match known {
            Some(known) if inside => replaces(known, path, &difference),
            _ => Replacement::Never,
        };
        replacement = replacement.max(replaces);
        properties.push(PropertyChange {
            path: path_text(path),
            before: difference.before.as_ref().map(words),
            after: difference.after.as_ref().map(words),
            replaces: replaces != Replacement::Never,
        });
    }
    let mut change = ResourceChange {
        name: name.to_owned(),
        cfn_type: cfn_type.to_owned(),
        action: Action::Update,
        properties,
        data: unprotected(before, after),
        fails: None,
    };
    if type_of(before) != cfn_type {
        // <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html>
        change.fails = Some(format!(
            "its type was {}, and a resource cannot become one of another type; give it another name",
            type_of(before)
        ));
    }
    replace(&mut change, replacement, before, after);
    change
}

/// Whether what is kept today would be lost tomorrow.
fn unprotected(before: &Value, after: &Value) -> Option<DataFate> {
    let weaker = ["DeletionPolicy", "UpdateReplacePolicy"]
        .iter()
        .any(|policy| {
            let lost = |side: &Value| fate(type_of(after), &side[policy]) == Some(DataFate::Lost);
            !lost(before) && lost(after)
        });
    weaker.then_some(DataFate::Unprotected)
}

/// Makes a change a replacement.
fn replace(change: &mut ResourceChange, replacement: Replacement, before: &Value, after: &Value) {
    change.action = match replacement {
        Replacement::Never => return,
        Replacement::Sometimes => Action::MayReplace,
        Replacement::Always => Action::Replace,
    };
    // Which template's attribute counts when both change is not documented: the weaker one is told.
    let fates = [before, after].map(|side| fate(&change.cfn_type, &side["UpdateReplacePolicy"]));
    let fate = fates.into_iter().flatten().min();
    change.data = match fate {
        Some(DataFate::Lost) if replacement == Replacement::Sometimes => Some(DataFate::MayBeLost),
        fate => fate.or(change.data),
    };
    if replacement == Replacement::Always && change.fails.is_none() {
        change.fails = kept_name(&change.cfn_type, before, after);
    }
}

/// A resource that bears a name of the author's cannot be replaced while it keeps that.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>
fn kept_name(cfn_type: &str, before: &Value, after: &Value) -> Option<String> {
    let known = cloudformation::find_type(cfn_type).filter(|known| !known.goes_first)?;
    let given = |name: &&String| {
        let (before, after) = (&before["Properties"][name], &after["Properties"][name]);
        !before.is_null() && before == after
    };
    let name = known.identifier.first()?;
    known.identifier.iter().all(|name| given(&name)).then(|| {
        let value = words(&after["Properties"][name]);
        format!("it keeps the name {value}, and the new one is made before the old one goes; change `{name}` too")
    })
}

/// Whether a difference replaces the resource: a property that can only be given when it is made, or a part of one, or
/// what such a one is a part of.
fn replaces(known: &ResourceType, path: &[Step], difference: &Difference) -> Replacement {
    let names: Vec<&str> = path
        .iter()
        .map(|step| match step {
            Step::Member(name) => name.as_str(),
            Step::Element(_) => "*",
        })
        .collect();
    let mut found = Replacement::Never;
    for rule in &known.create_only {
        let parts: Vec<&str> = rule.path.split('/').collect();
        let shared = parts.iter().zip(&names).take_while(|(a, b)| a == b).count();
        let hit = shared == parts.len()
            || shared == names.len() && {
                let rest = &parts[shared..];
                [&difference.before, &difference.after]
                    .into_iter()
                    .flatten()
                    .any(|v| holds(v, rest))
            };
        if hit {
            found = found.max(rule.replacement);
        }
    }
    found
}

fn holds(value: &Value, path: &[&str]) -> bool {
    match path.split_first() {
        None => true,
        Some((&"*", rest)) => value
            .as_array()
            .into_iter()
            .flatten()
            .any(|v| holds(v, rest)),
        Some((first, rest)) => value.get(first).is_some_and(|v| holds(v, rest)),
    }
}

/// Replaces what refers to a replaced resource by a property that can only be given when it is made.
fn spread(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    changes: &mut BTreeMap<String, ResourceChange>,
) {
    let mut left: Vec<String> = changes
        .values()
        .filter(|change| change.action == Action::Replace)
        .map(|change| change.name.clone())
        .collect();
    while let Some(replaced) = left.pop() {
        for (name, after) in new {
            let Some(before) = old.get(name) else {
                continue;
            };
            let grave = |change: &ResourceChange| change.action == Action::Replace;
            let Some(known) = cloudformation::find_type(type_of(after)) else {
                continue;
            };
            if *name == replaced || changes.get(name).is_some_and(grave) {
                continue;
            }
            let refers = |rule: &&cloudformation::CreateOnly| {
                let value = at(&after["Properties"], &rule.path);
                rule.replacement == Replacement::Always
                    && value.is_some_and(|value| references(value).contains(&replaced))
            };
            let Some(rule) = known.create_only.iter().find(refers) else {
                continue;
            };
            let change = changes
                .entry(name.clone())
                .or_insert_with(|| ResourceChange {
                    name: name.clone(),
                    cfn_type: type_of(after).to_owned(),
                    action: Action::Update,
                    properties: Vec::new(),
                    data: None,
                    fails: None,
                });
            let path = rule.path.replace('/', ".");
            if !change.properties.iter().any(|known| known.path == path) {
                change.properties.push(PropertyChange {
                    path,
                    before: Some(format!("{replaced}, as it is")),
                    after: Some(format!("{replaced}, replaced")),
                    replaces: true,
                });
            }
            replace(change, Replacement::Always, before, after);
            left.push(name.clone());
        }
    }
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/')
        .take_while(|part| *part != "*")
        .try_fold(value, |value, part| value.get(part))
}

/// The logical names that a value refers to.
pub(super) fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|e| collect(e, found)),
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("Ref", Value::String(name)) => {
                        found.insert(name.clone());
                    }
                    ("Fn::GetAtt", Value::Array(parts)) => {
                        found.extend(parts.first().and_then(Value::as_str).map(str::to_owned));
                    }
                    ("Fn::Sub", Value::String(text)) => holes(text, found),
                    ("Fn::Sub", Value::Array(parts)) => {
                        if let Some(text) = parts.first().and_then(Value::as_str) {
                            holes(text, found);
                        }
                    }
                    _ => {}
                }
                collect(value, found);
            }
        }
        _ => {}
    }
}

fn holes(text: &str, found: &mut BTreeSet<String>) {
    for part in text.split("${").skip(1) {
        if let Some((name, _)) = part.split_once('}') {
            found.insert(name.split('.').next().unwrap_or(name).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(before: Value, after: Value) -> ResourceChange {
        let template = |resource: Value| json!({ "Resources": { "R": resource } });
        let mut changes = compare(&template(before), &template(after));
        assert_eq!(changes.len(), 1, "{changes:?}");
        changes.remove(0)
    }

    fn table(key: &str, policy: Option<&str>) -> Value {
        let mut table = json!({
            "Type": "AWS::DynamoDB::Table",
            "Properties": { "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }], "BillingMode": "PAY_PER_REQUEST" },
        });
        if let Some(policy) = policy {
            table["UpdateReplacePolicy"] = json!(policy);
            table["DeletionPolicy"] = json!(policy);
        }
        table
    }

    #[test]
    fn a_property_that_is_given_once_replaces() {
        let change = one(table("id", None), table("key", None));
        assert_eq!(
            (change.action, change.data),
            (Action::MayReplace, Some(DataFate::MayBeLost))
        );
        assert!(change.properties[0].replaces);
        let change = one(table("id", Some("Retain")), table("key", Some("Retain")));
        assert_eq!(change.data, Some(DataFate::Left));
        // The weaker of both counts.
        let change = one(table("id", Some("Retain")), table("key", None));
        assert_eq!(change.data, Some(DataFate::MayBeLost));
    }

    #[test]
    fn what_protects_no_longer_is_told() {
        let change = one(table("id", Some("Retain")), table("id", None));
        assert_eq!(
            (change.action, change.data),
            (Action::Update, Some(DataFate::Unprotected))
        );
    }

    #[test]
    fn what_stands_on_a_replaced_resource_is_replaced() {
        let template = |name: &str| {
            json!({ "Resources": {
                "D": { "Type": "AWS::Glue::Database", "Properties": { "DatabaseName": name } },
                "T": { "Type": "AWS::Glue::Table", "Properties": { "DatabaseName": { "Ref": "D" } } },
            } })
        };
        let changes = compare(&template("1"), &template("2"));
        let actions: Vec<_> = changes
            .iter()
            .map(|c| (c.name.as_str(), c.action))
            .collect();
        assert_eq!(actions, [("D", Action::Replace), ("T", Action::Replace)]);
    }

    #[test]
    fn a_name_that_stays_is_in_the_way_of_a_new_one() {
        let function = |package: &str| {
            json!({
                "Type": "AWS::Lambda::Function",
                "Properties": { "FunctionName": "orders", "PackageType": package },
            })
        };
        let fails = one(function("Zip"), function("Image"))
            .fails
            .expect("it fails");
        assert!(
            fails.contains("\"orders\"") && fails.contains("`FunctionName`"),
            "{fails}"
        );
    }

    #[test]
    fn what_leaves_the_stack_is_deleted_or_stays() {
        let gone = |policy| {
            let old = json!({ "Resources": { "R": table("id", policy) } });
            let changes = compare(&old, &json!({}));
            (changes[0].action, changes[0].data)
        };
        assert_eq!(gone(None), (Action::Delete, Some(DataFate::Lost)));
        assert_eq!(
            gone(Some("RetainExceptOnCreate")),
            (Action::LeaveBehind, Some(DataFate::Left))
        );
        assert_eq!(
            gone(Some("Snapshot")),
            (Action::Delete, Some(DataFate::Snapshot))
        );
    }
}
