//! What a state does otherwise than before, field by field. A field that nothing here knows is told as it stands.

use serde_json::{Map, Value};

use super::change::{Area, Change, Kind};
use super::machine::{Node, label};
use super::value::{differences, path_text, seconds, words};

/// The changes of a state whose old form has the new names already.
pub(super) fn compare(old: &Node, new: &Node) -> Vec<Change> {
    let mut found = Finder {
        subject: &new.name,
        changes: Vec::new(),
    };
    let mut keys: Vec<&String> = old.own.keys().collect();
    keys.extend(new.own.keys().filter(|key| !old.own.contains_key(*key)));
    for key in keys {
        let (before, after) = (old.own.get(key), new.own.get(key));
        if before != after {
            found.field(key, before, after);
        }
    }
    found.changes
}

struct Finder<'a> {
    subject: &'a str,
    changes: Vec<Change>,
}

impl Finder<'_> {
    fn field(&mut self, key: &str, before: Option<&Value>, after: Option<&Value>) {
        match key {
            "Comment" => self.whole(Area::Text, "description", before, after, &text),
            "Type" => self.whole(Area::Step, "kind of state", before, after, &text),
            "Resource" => self.whole(Area::Call, "call", before, after, &call),
            "Credentials" => self.parts(Area::Call, "role", before, after),
            "Arguments" => self.parts(Area::Call, "argument", before, after),
            "TimeoutSeconds" => self.whole(Area::Timeout, "timeout", before, after, &seconds),
            "HeartbeatSeconds" => self.whole(Area::Timeout, "heartbeat", before, after, &seconds),
            "Seconds" => self.whole(Area::Timeout, "wait", before, after, &seconds),
            "Timestamp" => self.whole(Area::Timeout, "wait until", before, after, &words),
            "MaxConcurrency" => self.whole(Area::Concurrency, "concurrency", before, after, &words),
            "ToleratedFailureCount" => {
                self.whole(Area::Handler, "items that may fail", before, after, &words);
            }
            "ToleratedFailurePercentage" => {
                self.whole(
                    Area::Handler,
                    "percentage of items that may fail",
                    before,
                    after,
                    &words,
                );
            }
            "Retry" => self.retry(before, after),
            "Catch" => self.rules("Catch", before, after),
            "Choices" => self.rules("Choices", before, after),
            "Assign" => self.parts(Area::Data, "keeps", before, after),
            "Output" => self.parts(Area::Data, "gives", before, after),
            "Items" => self.whole(Area::Data, "items", before, after, &words),
            "ItemReader" => self.parts(Area::Data, "reads items from", before, after),
            "ItemSelector" => self.parts(Area::Data, "gives each item", before, after),
            "ItemBatcher" => self.parts(Area::Concurrency, "batch", before, after),
            "ResultWriter" => self.parts(Area::Data, "writes results to", before, after),
            "ProcessorConfig" => self.parts(Area::Concurrency, "children", before, after),
            "Label" => self.whole(
                Area::Setting,
                "label of child executions",
                before,
                after,
                &text,
            ),
            "Error" => self.whole(Area::Handler, "error that it raises", before, after, &words),
            "Cause" => self.whole(Area::Handler, "cause that it gives", before, after, &words),
            key => self.parts(Area::Other, &format!("definition: {key}"), before, after),
        }
    }

    fn add(&mut self, area: Area, what: &str, before: Option<String>, after: Option<String>) {
        let kind = match (&before, &after) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            _ => Kind::Changed,
        };
        let change = Change::new(area, kind, self.subject, what);
        self.changes.push(Change {
            before,
            after,
            ..change
        });
    }

    fn whole(
        &mut self,
        area: Area,
        what: &str,
        before: Option<&Value>,
        after: Option<&Value>,
        written: &dyn Fn(&Value) -> String,
    ) {
        self.add(area, what, before.map(written), after.map(written));
    }

    /// Each part that differs; the whole, where it is there on one side only and is no object.
    fn parts(&mut self, area: Area, what: &str, before: Option<&Value>, after: Option<&Value>) {
        let none = Value::Object(Map::new());
        let empty = |side: Option<&Value>| side.is_none_or(Value::is_object);
        let found = match (before, after) {
            (before, after) if empty(before) && empty(after) => {
                differences(before.unwrap_or(&none), after.unwrap_or(&none))
            }
            (Some(before), Some(after)) => differences(before, after),
            _ => Vec::new(),
        };
        if found.is_empty() {
            // `{}` is not nothing.
            self.add(area, what, before.map(words), after.map(words));
        }
        for difference in found {
            let path = path_text(&difference.path);
            let what = match path.as_str() {
                "" => what.to_owned(),
                path => format!("{what} {path}"),
            };
            let written = |value: &Option<Value>| value.as_ref().map(words);
            self.add(
                area,
                &what,
                written(&difference.before),
                written(&difference.after),
            );
        }
    }

    fn retry(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let (old, new) = (list(before), list(after));
        for (errors, before, after) in aligned(&old, &new) {
            let what = format!("retry on {errors}");
            let differ = (before.zip(after)).map(|(before, after)| retrier(before, after));
            match differ {
                Some(None) => {}
                Some(Some((before, after))) => {
                    self.add(Area::Retry, &what, Some(before), Some(after))
                }
                None => {
                    let whole = |rule: Option<&Map<String, Value>>| rule.map(retrier_words);
                    self.add(Area::Retry, &what, whole(before), whole(after));
                }
            }
        }
        self.reordered(Area::Retry, "order of retry rules", &old, &new);
    }

    /// Handlers and branches. Where they go on is told with the order of states.
    fn rules(&mut self, part: &str, before: Option<&Value>, after: Option<&Value>) {
        let (old, new) = (list(before), list(after));
        let (area, word) = match part {
            "Catch" => (Area::Handler, "catch"),
            _ => (Area::Branch, "if"),
        };
        let target = |rule: &Map<String, Value>| {
            let next = rule.get("Next").and_then(Value::as_str);
            next.unwrap_or_default().to_owned()
        };
        // A condition alone that changed is the same branch.
        let pairs = match (part, old.len() == new.len()) {
            ("Choices", true) if aligned(&old, &new).len() > old.len() => old
                .iter()
                .zip(&new)
                .map(|(a, b)| (label(a), Some(*a), Some(*b)))
                .collect(),
            _ => aligned(&old, &new),
        };
        for (name, before, after) in pairs {
            let what = format!("{word} {name}");
            match (before, after) {
                (Some(before), Some(after)) => {
                    if label(before) != label(after) {
                        self.add(area, "condition", Some(label(before)), Some(label(after)));
                        if before.get("Next") != after.get("Next") {
                            self.add(area, &what, Some(target(before)), Some(target(after)));
                        }
                    }
                    self.rule(&what, before, after);
                }
                (before, after) => self.add(area, &what, before.map(target), after.map(target)),
            }
        }
        let what = format!(
            "order of its {}",
            if part == "Catch" {
                "handlers"
            } else {
                "branches"
            }
        );
        self.reordered(area, &what, &old, &new);
    }

    /// What one rule says beside what it is for. Where it goes on is told with the order of states, unless only one side
    /// says that.
    fn rule(&mut self, rule: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let mut keys: Vec<&String> = before.keys().collect();
        keys.extend(after.keys().filter(|key| !before.contains_key(*key)));
        for key in keys {
            let (before, after) = (before.get(key), after.get(key));
            let (area, what) = match key.as_str() {
                "Condition" | "ErrorEquals" => continue,
                "Next"
                    if before.is_some_and(Value::is_string)
                        && after.is_some_and(Value::is_string) =>
                {
                    continue;
                }
                "Next" => (Area::Order, "goes on to"),
                "Assign" => (Area::Data, "keeps"),
                "Output" => (Area::Data, "gives"),
                "Comment" => (Area::Text, "description"),
                other => (Area::Other, other),
            };
            if before != after {
                self.parts(area, &format!("{rule}, {what}"), before, after);
            }
        }
    }

    /// Rules are tried one after another: their order counts.
    fn reordered(
        &mut self,
        area: Area,
        what: &str,
        old: &[&Map<String, Value>],
        new: &[&Map<String, Value>],
    ) {
        let labels = |rules: &[&Map<String, Value>], others: &[&Map<String, Value>]| {
            let kept = |name: &String| others.iter().any(|rule| label(rule) == *name);
            let labels = rules.iter().map(|rule| label(rule)).filter(kept);
            labels.collect::<Vec<String>>()
        };
        let (before, after) = (labels(old, new), labels(new, old));
        if before != after {
            self.add(
                area,
                what,
                Some(before.join(" | ")),
                Some(after.join(" | ")),
            );
        }
    }
}

fn list(value: Option<&Value>) -> Vec<&Map<String, Value>> {
    let elements = value.and_then(Value::as_array);
    elements
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect()
}

type Aligned<'a> = (
    String,
    Option<&'a Map<String, Value>>,
    Option<&'a Map<String, Value>>,
);

/// Rules of both sides by what tells them apart; of equal ones, in order.
fn aligned<'a>(old: &[&'a Map<String, Value>], new: &[&'a Map<String, Value>]) -> Vec<Aligned<'a>> {
    let mut free: Vec<&Map<String, Value>> = new.to_vec();
    let mut pairs: Vec<Aligned> = Vec::new();
    for rule in old {
        let name = label(rule);
        let found = free.iter().position(|other| label(other) == name);
        pairs.push((name, Some(rule), found.map(|at| free.remove(at))));
    }
    pairs.extend(free.into_iter().map(|rule| (label(rule), None, Some(rule))));
    pairs
}

/// The fields of a retry rule that differ, on both sides; None when none does.
fn retrier(before: &Map<String, Value>, after: &Map<String, Value>) -> Option<(String, String)> {
    let differ = |key: &&String| before.get(*key) != after.get(*key);
    let mut keys: Vec<&String> = before.keys().filter(differ).collect();
    keys.extend(after.keys().filter(|key| !before.contains_key(*key)));
    if keys.is_empty() {
        return None;
    }
    let side = |rule: &Map<String, Value>| {
        let written = keys.iter().map(|key| retry_part(key, rule.get(*key)));
        written.collect::<Vec<_>>().join(", ")
    };
    Some((side(before), side(after)))
}

fn retrier_words(rule: &Map<String, Value>) -> String {
    let fields = rule.iter().filter(|(key, _)| *key != "ErrorEquals");
    let written = fields.map(|(key, value)| retry_part(key, Some(value)));
    written.collect::<Vec<_>>().join(", ")
}

/// In the words of the language.
fn retry_part(key: &str, value: Option<&Value>) -> String {
    let known = value.map(|value| match key {
        "MaxAttempts" => format!("max {value}"),
        "IntervalSeconds" => format!("every {}", seconds(value)),
        "BackoffRate" => format!("backoff {value}"),
        "MaxDelaySeconds" => format!("max_delay {}", seconds(value)),
        "JitterStrategy" => "jitter".to_owned(),
        key => format!("{key} {}", words(value)),
    });
    known.unwrap_or_else(|| match key {
        "MaxDelaySeconds" => "no max_delay".to_owned(),
        "JitterStrategy" => "no jitter".to_owned(),
        key => format!("no {key}"),
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| words(value), str::to_owned)
}

/// `glue:startJobRun.sync`
pub(super) fn call(value: &Value) -> String {
    let text = text(value);
    text.strip_prefix("arn:aws:states:::")
        .unwrap_or(&text)
        .to_owned()
}
