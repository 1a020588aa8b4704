//! What a call needs: the catalog's grants with the call's own arguments in them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::grant::{ArnPart, ArnTemplate, Grant, Hole, Reading, When};
use crate::catalog::{find_form, machine};
use crate::simulate::call::{Access, Call};
use crate::simulate::definition::{Resource, ResourceKind};
use crate::simulate::run::Settings;

/// All actions on all resources.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Need {
    pub actions: Vec<String>,
    /// A lone `*` where AWS offers no resource-level permission.
    pub resources: Vec<String>,
    /// What the request says of itself.
    pub context: BTreeMap<String, String>,
    /// Operator, key and value, as a statement would have them.
    pub conditions: Vec<(String, String, String)>,
}

/// Fills templates.
pub(super) struct Filler<'f> {
    pub settings: &'f Settings,
    /// Services, arguments and results of earlier calls.
    pub made: &'f [(String, Value, Value)],
}

/// The service of the operation that a resource names.
pub(super) fn service_of(resource: &Resource) -> Option<String> {
    find_form(&resource.arn).map(|(operation, _)| operation.service.to_owned())
}

pub(super) fn of_call(call: &Call, filler: &Filler) -> Vec<Need> {
    if let Some(role) = &call.credentials {
        // The rest is that role's to allow.
        return filler.needs(machine::assume_role(), &json!({ "RoleArn": role }), "");
    }
    match &call.resource.kind {
        ResourceKind::Activity => Vec::new(),
        ResourceKind::Function => vec![Need {
            actions: vec!["lambda:InvokeFunction".to_owned()],
            resources: vec![call.resource.arn.clone()],
            context: BTreeMap::new(),
            conditions: Vec::new(),
        }],
        ResourceKind::Service { .. } => match find_form(&call.resource.arn) {
            Some((operation, form)) => {
                filler.needs(&form.grants, call.arguments.json(), operation.service)
            }
            None => Vec::new(),
        },
    }
}

pub(super) fn of_access(access: Access, filler: &Filler) -> Vec<Need> {
    match access {
        Access::MapRun { label } => {
            filler.needs(machine::map_run(), &json!({ "Label": label }), "")
        }
        Access::ReadObject {
            bucket,
            key,
            version,
        } => {
            let grants = if version {
                machine::read_object_version()
            } else {
                machine::read_object()
            };
            filler.needs(grants, &json!({ "Bucket": bucket, "Key": key }), "")
        }
        Access::ListObjects { bucket, prefix } => {
            let arguments = match prefix {
                "" => json!({ "Bucket": bucket }),
                prefix => json!({ "Bucket": bucket, "Key": prefix }),
            };
            filler.needs(machine::list_objects(), &arguments, "")
        }
        Access::WriteResults { bucket, prefix } => {
            let arguments = match prefix.trim_end_matches('/') {
                "" => json!({ "Bucket": bucket }),
                prefix => json!({ "Bucket": bucket, "Key": prefix }),
            };
            filler.needs(machine::write_results(), &arguments, "")
        }
    }
}

impl Filler<'_> {
    fn needs(&self, grants: &[Grant], arguments: &Value, service: &str) -> Vec<Need> {
        grants
            .iter()
            .filter(|grant| holds(grant.when.as_ref(), arguments))
            .filter_map(|grant| self.need(grant, arguments, service))
            .collect()
    }

    fn need(&self, grant: &Grant, arguments: &Value, service: &str) -> Option<Need> {
        let resources: Vec<String> = if grant.resources.is_empty() {
            vec!["*".to_owned()]
        } else {
            grant
                .resources
                .iter()
                .flat_map(|r| self.fill(r, arguments, service))
                .collect()
        };
        if resources.is_empty() {
            return None;
        }
        let mut context = BTreeMap::new();
        let mut conditions = Vec::new();
        for condition in &grant.conditions {
            for value in self.fill(&condition.value, arguments, service) {
                context.insert(condition.key.clone(), value.clone());
                conditions.push((condition.operator.clone(), condition.key.clone(), value));
            }
        }
        Some(Need {
            actions: grant.actions.clone(),
            resources,
            context,
            conditions,
        })
    }

    /// A template with all combinations of what its holes hold; none when something that it needs is not given.
    fn fill(&self, template: &ArnTemplate, arguments: &Value, service: &str) -> Vec<String> {
        let settings = self.settings;
        let mut filled = vec![String::new()];
        // Filled already: an ARN took the place of all that is left.
        let mut whole = Vec::new();
        for (at, part) in template.parts.iter().enumerate() {
            let text = match part {
                ArnPart::Text(text) => text,
                ArnPart::Partition => &settings.partition,
                ArnPart::Region => &settings.region,
                ArnPart::Account => &settings.account,
                ArnPart::UrlSuffix => url_suffix(&settings.partition),
                ArnPart::Machine => &settings.machine,
                ArnPart::Any => "*",
                ArnPart::Variable(name) => &format!("${{{name}}}"),
                ArnPart::Member(hole) => {
                    let is_hole = |part: &ArnPart| matches!(part, ArnPart::Member(_));
                    let is_last = !template.parts[at + 1..].iter().any(is_hole);
                    let mut next = Vec::new();
                    for value in self.values(hole, arguments, service) {
                        let text = read(hole.reading, &value);
                        if !replaces(hole.reading, &value) {
                            next.extend(filled.iter().map(|start| format!("{start}{text}")));
                        } else if is_last {
                            whole.push(text);
                        } else {
                            next.push(text);
                        }
                    }
                    filled = next;
                    continue;
                }
            };
            for start in &mut filled {
                start.push_str(text);
            }
        }
        filled.extend(whole);
        filled
    }

    fn values(&self, hole: &Hole, arguments: &Value, service: &str) -> Vec<String> {
        let (path, back) = match hole.path.split_once("->") {
            Some((path, back)) => (path, Some(back)),
            None => (hole.path.as_str(), None),
        };
        let mut found = texts_at(arguments, path);
        if let Some(back) = back {
            found = found
                .iter()
                .flat_map(|value| {
                    let earlier = self
                        .made
                        .iter()
                        .filter(|(of, _, result)| of == service && holds_text(result, value));
                    let texts: Vec<String> = earlier
                        .flat_map(|(_, arguments, _)| texts_at(arguments, back))
                        .collect();
                    if texts.is_empty() {
                        vec!["*".to_owned()]
                    } else {
                        texts
                    }
                })
                .collect();
        }
        if found.is_empty() {
            found.extend(hole.absent.clone());
        }
        found
    }
}

fn url_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    }
}

fn holds(when: Option<&When>, arguments: &Value) -> bool {
    match when {
        None => true,
        Some(When::Given(path)) => !texts_at(arguments, path).is_empty(),
        Some(When::Absent(path)) => texts_at(arguments, path).is_empty(),
        Some(When::OneOf(path, values)) => texts_at(arguments, path)
            .iter()
            .any(|text| values.contains(text)),
    }
}

/// The texts at a dotted path; `[]` stands for each element, `{}` for each key. What is no text counts as its JSON.
fn texts_at(value: &Value, path: &str) -> Vec<String> {
    let (part, rest) = match path.split_once('.') {
        Some((part, rest)) => (part, Some(rest)),
        None => (path, None),
    };
    let name = part.trim_end_matches("[]").trim_end_matches("{}");
    let member = if name.is_empty() {
        Some(value)
    } else {
        value.get(name)
    };
    let Some(member) = member.filter(|member| !member.is_null()) else {
        return Vec::new();
    };
    let follow = |value: &Value| match rest {
        Some(rest) => texts_at(value, rest),
        None => match value {
            Value::String(text) => vec![text.clone()],
            Value::Null => Vec::new(),
            other => vec![other.to_string()],
        },
    };
    if part.ends_with("[]") {
        member
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(follow)
            .collect()
    } else if part.ends_with("{}") {
        let keys = member.as_object().into_iter().flatten();
        keys.flat_map(|(key, value)| match rest {
            None => vec![key.clone()],
            Some(rest) => texts_at(value, rest),
        })
        .collect()
    } else {
        follow(member)
    }
}

fn holds_text(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| holds_text(item, wanted)),
        Value::Object(members) => members.values().any(|member| holds_text(member, wanted)),
        _ => false,
    }
}

/// Whether a value is an ARN that takes the place of what stands before it.
fn replaces(reading: Reading, value: &str) -> bool {
    matches!(
        reading,
        Reading::Arn | Reading::NameOrArn | Reading::Revised
    ) && value.starts_with("arn:")
}

/// The part of an argument's text that an ARN wants.
fn read(reading: Reading, value: &str) -> String {
    // `s3://bucket/key`
    let place = || {
        let place = value.strip_prefix("s3://")?;
        Some(place.split_once('/').unwrap_or((place, "")))
    };
    let part = match reading {
        Reading::Text | Reading::Arn | Reading::NameOrArn | Reading::Id => value,
        Reading::Revised => {
            let name = value.rsplit('/').next().unwrap_or(value);
            if !name.contains(':') {
                return format!("{value}:*");
            }
            value
        }
        Reading::Name if value.starts_with("arn:") => {
            let last = value.splitn(6, ':').last().unwrap_or(value);
            let name = last.split_once([':', '/']).map_or(last, |(_, name)| name);
            name.split([':', '/']).next().unwrap_or(name)
        }
        Reading::Name => value,
        Reading::UrlTail => value.rsplit('/').next().unwrap_or(value),
        Reading::HostLabel => value.split('.').next().unwrap_or(value),
        Reading::NoLeadingSlash => value.strip_prefix('/').unwrap_or(value),
        Reading::S3Bucket => place().map_or(value, |(bucket, _)| bucket),
        Reading::S3Key => place().map_or(value, |(_, key)| key),
    };
    part.to_owned()
}
