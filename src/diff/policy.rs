//! The permissions that a template gives, read from its policies: who may do what on what, and when.
//!
//! Texts are those of the policies, with `${…}` where the deployment fills in; of a choice that the deployment makes,
//! both texts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::ir::pattern::{Pattern, Piece};

/// A choice inside of a choice inside of a join has more texts than anybody reads.
const MOST_TEXTS: usize = 64;

/// What somebody may do, or may not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub allows: bool,
    /// Empty in a role's own policies: the role.
    pub who: String,
    pub action: String,
    pub resource: String,
    pub conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    pub operator: String,
    pub key: String,
    /// Sorted.
    pub values: Vec<String>,
}

/// The grants of a template by who holds them: the logical name of a role; of a resource with a policy of its own, with
/// the property; `Role: trust` for who may take a role on.
pub(super) type Grants = BTreeMap<String, Vec<Grant>>;

pub(super) fn grants(template: &Value) -> Grants {
    let mut reader = Reader::default();
    let none = Map::new();
    let resources = template["Resources"].as_object().unwrap_or(&none);
    // Who attaches a managed policy by its logical name.
    let mut attached: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (logical, resource) in resources {
        for arn in list(&resource["Properties"]["ManagedPolicyArns"]) {
            if let Some(policy) = arn["Ref"]
                .as_str()
                .filter(|name| resources.contains_key(*name))
            {
                attached
                    .entry(policy.to_owned())
                    .or_default()
                    .push(logical.clone());
            }
        }
    }
    for (logical, resource) in resources {
        let Some(properties) = resource["Properties"].as_object() else {
            continue;
        };
        match resource["Type"].as_str().unwrap_or_default() {
            "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => {
                let mut holders = attached.get(logical).cloned().unwrap_or_default();
                for part in ["Roles", "Users", "Groups"] {
                    for holder in properties.get(part).into_iter().flat_map(list) {
                        let name = holder["Ref"].as_str().map(str::to_owned);
                        holders.extend(name.map_or_else(|| texts(holder), |name| vec![name]));
                    }
                }
                if holders.is_empty() {
                    holders.push(logical.clone());
                }
                for holder in holders {
                    reader.document(&holder, properties.get("PolicyDocument"));
                }
            }
            "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => {
                reader.document(
                    &format!("{logical}: trust"),
                    properties.get("AssumeRolePolicyDocument"),
                );
                for policy in properties.get("Policies").into_iter().flat_map(list) {
                    reader.document(logical, policy.get("PolicyDocument"));
                }
                for arn in properties
                    .get("ManagedPolicyArns")
                    .into_iter()
                    .flat_map(list)
                {
                    let own = arn["Ref"]
                        .as_str()
                        .is_some_and(|name| resources.contains_key(name));
                    if !own {
                        reader.managed(logical, arn);
                    }
                }
            }
            "AWS::Lambda::Permission" => reader.function(properties),
            _ => {
                for (property, value) in properties {
                    reader.nested(logical, property, value);
                }
            }
        }
    }
    for grants in reader.grants.values_mut() {
        grants.sort();
        grants.dedup();
    }
    reader.grants
}

#[derive(Default)]
struct Reader {
    grants: Grants,
}

impl Reader {
    fn document(&mut self, holder: &str, document: Option<&Value>) {
        for statement in document.into_iter().flat_map(|d| list(&d["Statement"])) {
            let grants = statement_grants(statement);
            self.grants
                .entry(holder.to_owned())
                .or_default()
                .extend(grants);
        }
    }

    /// A policy of a resource, wherever it stands among its properties.
    fn nested(&mut self, logical: &str, path: &str, value: &Value) {
        match value {
            Value::Object(members) if members.contains_key("Statement") => {
                self.document(&format!("{logical}: {path}"), Some(value));
            }
            Value::Object(members) => {
                for (key, member) in members {
                    self.nested(logical, &format!("{path}.{key}"), member);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|e| self.nested(logical, path, e)),
            _ => {}
        }
    }

    /// A policy that somebody else wrote: all that it allows.
    fn managed(&mut self, holder: &str, arn: &Value) {
        for text in texts(arn) {
            self.grants
                .entry(holder.to_owned())
                .or_default()
                .push(Grant {
                    allows: true,
                    who: String::new(),
                    action: "all of a managed policy".to_owned(),
                    resource: text,
                    conditions: Vec::new(),
                });
        }
    }

    fn function(&mut self, properties: &Map<String, Value>) {
        let first = |key: &str| {
            properties
                .get(key)
                .map(texts)
                .unwrap_or_default()
                .join(" or ")
        };
        let condition = |key: &str, name: &str, operator: &str| {
            let values = properties.get(key).map(texts)?;
            Some(Condition {
                operator: operator.to_owned(),
                key: name.to_owned(),
                values,
            })
        };
        let conditions = [
            condition("SourceArn", "aws:SourceArn", "ArnLike"),
            condition("SourceAccount", "aws:SourceAccount", "StringEquals"),
            condition("PrincipalOrgID", "aws:PrincipalOrgID", "StringEquals"),
        ];
        let function = first("FunctionName");
        self.grants
            .entry(format!("{function}: policy"))
            .or_default()
            .push(Grant {
                allows: true,
                who: first("Principal"),
                action: first("Action"),
                resource: function,
                conditions: conditions.into_iter().flatten().collect(),
            });
    }
}

/// Each action on each resource for each principal. What is said by exclusion stays whole.
fn statement_grants(statement: &Value) -> Vec<Grant> {
    let said = |key: &str| statement.get(key).map(texts);
    let excluded = |key: &str| {
        let values = statement.get(key)?;
        Some(vec![format!("all but {}", joined(values))])
    };
    let who = principals(statement);
    let actions = said("Action").or_else(|| excluded("NotAction"));
    let resources = said("Resource").or_else(|| excluded("NotResource"));
    let resources = resources.unwrap_or_else(|| vec![String::new()]);
    let conditions = conditions(&statement["Condition"]);
    let mut grants = Vec::new();
    for who in &who {
        for action in actions.iter().flatten() {
            for resource in &resources {
                grants.push(Grant {
                    allows: statement["Effect"] != "Deny",
                    who: who.clone(),
                    action: action.clone(),
                    resource: resource.clone(),
                    conditions: conditions.clone(),
                });
            }
        }
    }
    grants
}

fn principals(statement: &Value) -> Vec<String> {
    if let Some(not) = statement.get("NotPrincipal") {
        return vec![format!("all but {}", joined(not))];
    }
    match statement.get("Principal") {
        None => vec![String::new()],
        Some(Value::Object(kinds))
            if !kinds.keys().any(|k| k == "Ref" || k.starts_with("Fn::")) =>
        {
            kinds.values().flat_map(texts).collect()
        }
        Some(value) => texts(value),
    }
}

fn conditions(operators: &Value) -> Vec<Condition> {
    let mut found = Vec::new();
    for (operator, keys) in operators.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let mut values = texts(values);
            values.sort();
            values.dedup();
            found.push(Condition {
                operator: operator.clone(),
                key: key.clone(),
                values,
            });
        }
    }
    found.sort();
    found
}

fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(elements) => elements,
        Value::Null => &[],
        value => std::slice::from_ref(value),
    }
}

fn joined(value: &Value) -> String {
    match value {
        Value::Object(_) => value.to_string(),
        value => texts(value).join(", "),
    }
}

/// The texts that a value of the template can have, `${…}` where only the deployment knows.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Object(members) if members.len() == 1 => {
            let (function, argument) = members.iter().next().unwrap_or_else(|| unreachable!());
            call(function, argument).unwrap_or_else(|| vec![opaque(value)])
        }
        Value::Object(_) => vec![opaque(value)],
        value => vec![value.to_string()],
    }
}

fn opaque(value: &Value) -> String {
    format!("${{{value}}}")
}

fn call(function: &str, argument: &Value) -> Option<Vec<String>> {
    match (function, argument) {
        ("Ref", Value::String(name)) if name == "AWS::NoValue" => Some(Vec::new()),
        ("Ref", Value::String(name)) => Some(vec![format!("${{{name}}}")]),
        ("Fn::GetAtt", Value::Array(parts)) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            Some(vec![format!("${{{}}}", parts?.join("."))])
        }
        ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
            [_, then, otherwise] => {
                let mut found = texts(then);
                for text in texts(otherwise) {
                    if !found.contains(&text) {
                        found.push(text);
                    }
                }
                Some(found)
            }
            _ => None,
        },
        // What Fn::Sub leaves to IAM reads as IAM sees it.
        ("Fn::Sub", Value::String(text)) => Some(vec![text.replace("${!", "${")]),
        ("Fn::Sub", Value::Array(parts)) => {
            let [Value::String(text), Value::Object(given)] = parts.as_slice() else {
                return None;
            };
            let mut found = vec![text.replace("${!", "${")];
            for (name, value) in given {
                let hole = format!("${{{name}}}");
                if value.get("Fn::If").is_none() && !value.is_string() {
                    continue;
                }
                let choices = texts(value);
                let with = |text: &String| -> Vec<String> {
                    choices
                        .iter()
                        .map(|choice| text.replace(&hole, choice))
                        .collect()
                };
                found = found.iter().flat_map(with).collect();
                if found.len() > MOST_TEXTS {
                    return None;
                }
            }
            Some(found)
        }
        ("Fn::Join", Value::Array(parts)) => {
            let [Value::String(separator), Value::Array(elements)] = parts.as_slice() else {
                return None;
            };
            let mut found = vec![String::new()];
            for (i, element) in elements.iter().enumerate() {
                let choices = texts(element);
                let between = if i == 0 { "" } else { separator.as_str() };
                let with = |text: &String| -> Vec<String> {
                    choices
                        .iter()
                        .map(|choice| format!("{text}{between}{choice}"))
                        .collect()
                };
                found = found.iter().flat_map(with).collect();
                if found.len() > MOST_TEXTS {
                    return None;
                }
            }
            Some(found)
        }
        _ => None,
    }
}

impl Grant {
    /// Whether all that the other allows or denies, this one does too.
    pub fn covers(&self, other: &Self) -> bool {
        self.allows == other.allows
            && covers(
                &self.action.to_ascii_lowercase(),
                &other.action.to_ascii_lowercase(),
            )
            && covers(&self.who, &other.who)
            && covers(&self.resource, &other.resource)
            && self.conditions.iter().all(|own| {
                let mut others = other.conditions.iter();
                others.any(|other| own.holds_where(other))
            })
    }
}

impl Condition {
    /// Whether it certainly holds where the other does.
    fn holds_where(&self, other: &Self) -> bool {
        if (&self.operator, &self.key) != (&other.operator, &other.key) {
            return false;
        }
        if self.values == other.values {
            return true;
        }
        // `ForAllValues`, `…IfExists` and the like: only what is said the same is known to mean the same.
        let plain = |operators: &[&str]| operators.contains(&self.operator.as_str());
        let all = |inner: &[String], outer: &[String], covers: &dyn Fn(&str, &str) -> bool| {
            inner
                .iter()
                .all(|value| outer.iter().any(|wide| covers(wide, value)))
        };
        if plain(&["StringLike", "ArnLike", "ArnEquals"]) {
            return all(&other.values, &self.values, &covers);
        }
        if plain(&[
            "StringEquals",
            "NumericEquals",
            "Bool",
            "DateEquals",
            "IpAddress",
        ]) {
            return all(&other.values, &self.values, &|wide, value| wide == value);
        }
        if plain(&["StringNotEquals", "NotIpAddress", "NumericNotEquals"]) {
            return all(&self.values, &other.values, &|wide, value| wide == value);
        }
        false
    }
}

/// Whether every text of one pattern is one of the other's. `${…}` covers itself alone.
fn covers(wide: &str, narrow: &str) -> bool {
    wide == narrow || pattern(wide).covers(&pattern(narrow))
}

fn pattern(text: &str) -> Pattern {
    let mut pattern = Pattern::default();
    let mut rest = text;
    while let Some(at) = rest.find(['*', '?', '$']) {
        pattern.push(Piece::Text(rest[..at].to_owned()));
        rest = &rest[at..];
        let late = rest
            .strip_prefix("${")
            .and_then(|inner| inner.split_once('}'));
        let length = match (late, rest.as_bytes()[0]) {
            // Written so, they are characters.
            (Some((name @ ("*" | "?" | "$"), _)), _) => {
                pattern.push(Piece::Text(name.to_owned()));
                name.len() + 3
            }
            (Some((name, _)), _) => {
                pattern.push(Piece::Variable(name.to_owned()));
                name.len() + 3
            }
            (None, b'*') => {
                pattern.push(Piece::Any);
                1
            }
            (None, b'?') => {
                pattern.push(Piece::One);
                1
            }
            (None, _) => {
                pattern.push(Piece::Text("$".to_owned()));
                1
            }
        };
        rest = &rest[length..];
    }
    pattern.push(Piece::Text(rest.to_owned()));
    pattern
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_of_the_deployment_covers_itself_alone() {
        assert!(covers("arn:${P}:s3:::b/*", "arn:${P}:s3:::b/x/*"));
        assert!(!covers("arn:${P}:s3:::b/x/*", "arn:${P}:s3:::b/*"));
        assert!(!covers("${A}*", "${B}x"));
        assert!(covers("*", "${A}"));
        assert!(!covers("a${*}", "ab"));
        assert!(covers("$a*", "$ab"));
    }

    #[test]
    fn the_texts_of_a_template_are_those_that_iam_sees() {
        assert_eq!(
            texts(&json!({ "Fn::Sub": "a-${B}-${!*}" })),
            ["a-${B}-${*}"]
        );
        let choice = json!({ "Fn::If": ["C", "x", { "Ref": "Y" }] });
        assert_eq!(texts(&choice), ["x", "${Y}"]);
        assert_eq!(
            texts(&json!({ "Fn::Sub": ["${Z}/k", { "Z": choice }] })),
            ["x/k", "${Y}/k"]
        );
        assert_eq!(
            texts(&json!({ "Fn::Join": ["-", ["a", choice]] })),
            ["a-x", "a-${Y}"]
        );
        assert!(texts(&json!({ "Ref": "AWS::NoValue" })).is_empty());
    }

    fn only(statement: Value) -> Grant {
        let mut grants = statement_grants(&statement);
        assert_eq!(grants.len(), 1);
        grants.remove(0)
    }

    #[test]
    fn more_conditions_allow_less() {
        let free = only(json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }));
        let bound = only(json!({
            "Effect": "Allow", "Action": "s3:getobject", "Resource": "*",
            "Condition": { "StringEquals": { "aws:SourceAccount": "1" } },
        }));
        let either = only(json!({
            "Effect": "Allow", "Action": "s3:Get*", "Resource": "*",
            "Condition": { "StringEquals": { "aws:SourceAccount": ["1", "2"] } },
        }));
        assert!(free.covers(&bound) && !bound.covers(&free));
        assert!(either.covers(&bound) && !bound.covers(&either));
        let never = only(json!({ "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*" }));
        assert!(!free.covers(&never) && !never.covers(&bound));
    }

    #[test]
    fn fewer_exceptions_allow_more() {
        let but = |values: Value| {
            only(json!({
                "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
                "Condition": { "StringNotEquals": { "k": values } },
            }))
        };
        assert!(but(json!("a")).covers(&but(json!(["a", "b"]))));
        assert!(!but(json!(["a", "b"])).covers(&but(json!("a"))));
    }
}
