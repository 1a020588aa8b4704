//! Identity policies, and what they allow.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A policy document.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    allows: bool,
    actions: Patterns,
    resources: Patterns,
    /// Operator, key, values.
    conditions: Vec<(String, String, Vec<String>)>,
}

#[derive(Clone, Debug)]
enum Patterns {
    Any(Vec<String>),
    /// `NotAction`, `NotResource`
    AllBut(Vec<String>),
}

impl Policy {
    /// Reads a document; None when it is none.
    pub fn parse(document: &Value) -> Option<Self> {
        let statements = match document.get("Statement")? {
            Value::Array(statements) => statements.iter().collect(),
            statement => vec![statement],
        };
        let statements = statements.into_iter().map(parse_statement);
        Some(Self {
            statements: statements.collect::<Option<_>>()?,
        })
    }

    /// Whether an action on a resource is allowed. A condition on something that `context` does not tell is taken to
    /// hold.
    pub fn allows(&self, action: &str, resource: &str, context: &BTreeMap<String, String>) -> bool {
        let fits = |statement: &&Statement| {
            statement.actions.fit(action, true)
                && statement.resources.fit(resource, false)
                && statement
                    .conditions
                    .iter()
                    .all(|(operator, key, values)| condition_holds(operator, key, values, context))
        };
        let fitting: Vec<&Statement> = self.statements.iter().filter(fits).collect();
        !fitting.is_empty() && fitting.iter().all(|statement| statement.allows)
    }
}

fn parse_statement(value: &Value) -> Option<Statement> {
    let patterns = |name: &str| match (value.get(name), value.get(format!("Not{name}"))) {
        (Some(patterns), _) => texts(patterns).map(Patterns::Any),
        (None, Some(patterns)) => texts(patterns).map(Patterns::AllBut),
        (None, None) => None,
    };
    let mut conditions = Vec::new();
    let empty = Map::new();
    let of = value
        .get("Condition")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    for (operator, keys) in of {
        for (key, values) in keys.as_object()? {
            conditions.push((operator.clone(), key.clone(), texts(values)?));
        }
    }
    Some(Statement {
        allows: value.get("Effect")?.as_str()? == "Allow",
        actions: patterns("Action")?,
        resources: patterns("Resource")?,
        conditions,
    })
}

/// One text, or a list of them; numbers and booleans count as texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        other => Some(vec![text(other)?]),
    }
}

impl Patterns {
    fn fit(&self, text: &str, any_case: bool) -> bool {
        let fits = |pattern: &String| {
            if any_case {
                matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
            } else {
                matches(pattern, text)
            }
        };
        match self {
            Self::Any(patterns) => patterns.iter().any(fits),
            Self::AllBut(patterns) => !patterns.iter().any(fits),
        }
    }
}

/// A character of a pattern.
#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Any,
    One,
    Char(char),
}

/// `*` stands for any text, `?` for one character; `${*}`, `${?}` and `${$}` for themselves.
fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let escaped = ["${*}", "${?}", "${$}"]
            .into_iter()
            .find(|e| rest.starts_with(e));
        if let Some(escaped) = escaped {
            pieces.extend(escaped.chars().nth(2).map(Piece::Char));
            rest = &rest[escaped.len()..];
            continue;
        }
        pieces.push(match c {
            '*' => Piece::Any,
            '?' => Piece::One,
            c => Piece::Char(c),
        });
        rest = &rest[c.len_utf8()..];
    }
    pieces
}

fn matches(pattern: &str, text: &str) -> bool {
    let pattern = pieces(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last star stood, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Piece::Any) => {
                star = Some((p, t));
                p += 1;
            }
            Some(piece) if *piece == Piece::One || *piece == Piece::Char(text[t]) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|piece| *piece == Piece::Any)
}

fn condition_holds(
    operator: &str,
    key: &str,
    values: &[String],
    context: &BTreeMap<String, String>,
) -> bool {
    let operator = operator
        .split_once(':')
        .map_or(operator, |(_, operator)| operator);
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let found = context
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(key));
    let Some((_, found)) = found else {
        // Nobody knows: the one who asks wants to hear of what is certainly missing.
        return true;
    };
    let any = |fits: &dyn Fn(&str) -> bool| values.iter().any(|value| fits(value));
    let number = |text: &str| text.parse::<f64>().ok();
    let compare = |fits: &dyn Fn(f64, f64) -> bool| {
        any(&|value| match (number(found), number(value)) {
            (Some(found), Some(value)) => fits(found, value),
            _ => false,
        })
    };
    match operator {
        "StringEquals" => any(&|value| value == found),
        "StringNotEquals" => !any(&|value| value == found),
        "StringEqualsIgnoreCase" | "Bool" => any(&|value| value.eq_ignore_ascii_case(found)),
        "StringNotEqualsIgnoreCase" => !any(&|value| value.eq_ignore_ascii_case(found)),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&|value| matches(value, found)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !any(&|value| matches(value, found)),
        "Null" => any(&|value| value == "false"),
        "NumericEquals" => compare(&|found, value| found == value),
        "NumericLessThan" => compare(&|found, value| found < value),
        "NumericLessThanEquals" => compare(&|found, value| found <= value),
        "NumericGreaterThan" => compare(&|found, value| found > value),
        "NumericGreaterThanEquals" => compare(&|found, value| found >= value),
        // Dates and addresses are nothing that a simulation knows.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(statements: Value) -> Policy {
        Policy::parse(&json!({ "Version": "2012-10-17", "Statement": statements }))
            .expect("a policy")
    }

    fn allows(policy: &Policy, action: &str, resource: &str) -> bool {
        policy.allows(action, resource, &BTreeMap::new())
    }

    #[test]
    fn wildcards_fit_as_iam_has_them() {
        assert!(matches("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/c"));
        assert!(matches("s-??????", "s-abcdef"));
        assert!(!matches("s-??????", "s-abc"));
        assert!(matches("*a*b*", "xaxbx"));
        assert!(!matches("a*b", "ac"));
        assert!(matches("*", ""));
        assert!(matches("a${*}b", "a*b"));
        assert!(!matches("a${*}b", "axb"));
    }

    #[test]
    fn an_explicit_denial_wins() {
        let policy = policy(json!([
            { "Effect": "Allow", "Action": "glue:*", "Resource": "*" },
            { "Effect": "Deny", "Action": ["glue:DeleteJob"], "Resource": "arn:x:job/a" },
            { "Effect": "Allow", "NotAction": "s3:*", "Resource": "arn:y" },
        ]));
        assert!(allows(&policy, "Glue:getjob", "arn:x:job/a"));
        assert!(!allows(&policy, "glue:DeleteJob", "arn:x:job/a"));
        assert!(allows(&policy, "glue:DeleteJob", "arn:x:job/b"));
        assert!(allows(&policy, "sns:Publish", "arn:y"));
        assert!(!allows(&policy, "s3:GetObject", "arn:y"));
    }

    #[test]
    fn conditions_are_held_to_what_is_known() {
        let policy = policy(json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
            "Condition": {
                "StringEquals": { "iam:PassedToService": ["a.amazonaws.com", "b.amazonaws.com"] },
                "ArnLike": { "aws:SourceArn": "arn:*" },
            },
        }));
        let with = |service: &str| {
            let context = BTreeMap::from([("iam:PassedToService".to_owned(), service.to_owned())]);
            policy.allows("iam:PassRole", "arn:role", &context)
        };
        assert!(with("b.amazonaws.com"));
        assert!(!with("c.amazonaws.com"));
    }
}
