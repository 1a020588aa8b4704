//! Where two JSON values differ, and how people read one.

use serde_json::Value;

/// A place in which two values differ: `Arguments.Entries[0].Detail`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub path: Vec<Step>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Element(usize),
}

/// The path as people write it.
pub(super) fn path_text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Member(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Step::Element(at) => text.push_str(&format!("[{at}]")),
        }
    }
    text
}

/// The innermost places in which two values differ. Empty when they are equal; the order of members counts for nothing.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    find(before, after, &mut Vec::new(), &mut found);
    found
}

fn find(before: &Value, after: &Value, path: &mut Vec<Step>, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    let mut at =
        |step: Step, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>| {
            path.push(step);
            match (before, after) {
                (Some(before), Some(after)) => find(before, after, path, found),
                (before, after) => found.push(Difference {
                    path: path.clone(),
                    before: before.cloned(),
                    after: after.cloned(),
                }),
            }
            path.pop();
        };
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before {
                at(
                    Step::Member(key.clone()),
                    Some(value),
                    after.get(key),
                    found,
                );
            }
            for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                at(Step::Member(key.clone()), None, Some(value), found);
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            let same = |(a, b): &(&Value, &Value)| a == b;
            let start = before.iter().zip(after).take_while(same).count();
            let rest = before.len().min(after.len()) - start;
            let end = (before.iter().rev().zip(after.iter().rev()))
                .take(rest)
                .take_while(same)
                .count();
            let (before, after) = (
                &before[start..before.len() - end],
                &after[start..after.len() - end],
            );
            for i in 0..before.len().max(after.len()) {
                at(Step::Element(start + i), before.get(i), after.get(i), found);
            }
        }
        _ => found.push(Difference {
            path: path.clone(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

/// The value on one line: an expression without its braces, all else as JSON.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::String(text) => match expression(text) {
            Some(inner) => inner.to_owned(),
            None => format!("{value}"),
        },
        value => value.to_string(),
    }
}

/// What stands between `{%` and `%}`.
pub(super) fn expression(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{%")?.strip_suffix("%}")?;
    Some(inner.trim())
}

/// A number of seconds as people write it; anything else as it is.
pub(super) fn seconds(value: &Value) -> String {
    match value.as_u64() {
        Some(seconds) => duration(seconds),
        None => words(value),
    }
}

/// `1h30m`
pub(super) fn duration(seconds: u64) -> String {
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if rest >= length {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: Value, after: Value) -> Vec<String> {
        let found = differences(&before, &after);
        found.iter().map(|found| path_text(&found.path)).collect()
    }

    #[test]
    fn a_difference_is_found_where_it_is() {
        assert!(paths(json!({ "a": 1, "b": 2 }), json!({ "b": 2, "a": 1 })).is_empty());
        assert_eq!(
            paths(
                json!({ "a": { "b": 1 } }),
                json!({ "a": { "b": 2, "c": 3 } })
            ),
            ["a.b", "a.c"]
        );
        assert_eq!(paths(json!([1, 2, 3]), json!([1, 9, 2, 3])), ["[1]"]);
        assert_eq!(paths(json!([1, 2]), json!([2])), ["[0]"]);
        assert_eq!(paths(json!(1), json!("1")), [""]);
    }

    #[test]
    fn an_expression_reads_without_its_braces() {
        assert_eq!(words(&json!("{% $a + 1 %}")), "$a + 1");
        assert_eq!(words(&json!("a")), "\"a\"");
        assert_eq!(seconds(&json!(5400)), "1h30m");
    }
}
