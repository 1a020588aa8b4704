//! JSONPath as the States Language has it: reference paths, and paths that select several values.
//!
//! A path is parsed once. A definite path names one place and fails when nothing is there; any other gives a list, empty
//! when nothing fits.

mod filter;
mod parse;

use serde_json::Value;

use super::data::Data;
use filter::Filter;

/// A parsed path.
#[derive(Clone, Debug)]
pub struct Path {
    text: String,
    root: Root,
    steps: Vec<Step>,
}

/// What a path begins at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$`: whatever the field reads.
    Input,
    /// `$$`
    Context,
    /// `$name`
    Variable(String),
}

#[derive(Clone, Debug)]
enum Step {
    /// `.name`, `['name']`
    Child(String),
    /// `['a','b']`
    Children(Vec<String>),
    /// `.*`, `[*]`
    Wildcard,
    /// `[1]`, from the end when negative.
    Index(i64),
    /// `[0,2]`
    Indices(Vec<i64>),
    /// `[1:3]`, either end open, from the end when negative.
    Slice(Option<i64>, Option<i64>),
    /// `[?(…)]`
    Filter(Filter),
    /// `..`: the value and all below it.
    Descendants,
    /// `.length()` and its like, last.
    Function(Function),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Length,
    Min,
    Max,
    Sum,
    Average,
    Deviation,
    Keys,
    First,
    Last,
}

/// Why a path leads nowhere, as the service words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

impl Path {
    /// The error says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::parse(text)
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether it is the whole of what it begins at.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it can name one place only, which is what the States Language calls a reference path.
    pub fn is_definite(&self) -> bool {
        let single =
            |step: &Step| matches!(step, Step::Child(_) | Step::Index(_) | Step::Function(_));
        self.steps.iter().all(single)
    }

    /// The value at the path, or the list of all that it selects.
    pub fn select(&self, root: &Value) -> Result<Value, Missing> {
        if self.is_definite() {
            return self.select_one(root);
        }
        let (steps, function) = match self.steps.split_last() {
            Some((Step::Function(function), steps)) => (steps, Some(*function)),
            _ => (&self.steps[..], None),
        };
        let mut found = vec![root];
        for step in steps {
            found = found
                .into_iter()
                .flat_map(|value| step.all(value, root))
                .collect();
        }
        let list = Value::Array(found.into_iter().cloned().collect());
        Ok(match function {
            None => list,
            Some(function) => function.apply(&list).unwrap_or(Value::Null),
        })
    }

    /// The same on a value of which only a part may be needed.
    pub(super) fn select_in(&self, root: &Data) -> Result<Value, Missing> {
        let mut part = root;
        let mut steps = &self.steps[..];
        while let Some((Step::Child(name), rest)) = steps.split_first()
            && let Some(next) = part.part(name)
        {
            part = next;
            steps = rest;
        }
        if steps.len() == self.steps.len() {
            return self.select(root.json());
        }
        let rest = Self {
            steps: steps.to_vec(),
            ..self.clone()
        };
        // What is missing is told by the whole path.
        rest.select(part.json())
            .or_else(|_| self.select(root.json()))
    }

    fn select_one(&self, root: &Value) -> Result<Value, Missing> {
        let mut value = root;
        for (at, step) in self.steps.iter().enumerate() {
            if let Step::Function(function) = step {
                return function.apply(value).ok_or_else(|| {
                    Missing(format!("No results for path: {}", self.bracketed(at)))
                });
            }
            value = match step.one(value) {
                Some(next) => next,
                None => return Err(self.missing(at, value)),
            };
        }
        Ok(value.clone())
    }

    /// The value at a definite path, without copying it.
    pub fn find<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.steps
            .iter()
            .try_fold(root, |value, step| step.one(value))
    }

    fn missing(&self, at: usize, value: &Value) -> Missing {
        let last = at + 1 == self.steps.len();
        Missing(match (&self.steps[at], value) {
            (Step::Index(_), Value::Array(_)) => {
                format!(
                    "Index out of bounds when evaluating path {}",
                    self.bracketed(at + 1)
                )
            }
            (Step::Child(name), value) if !value.is_object() => format!(
                "Expected to find an object with property ['{name}'] in path {} but found '{}'",
                self.bracketed(at),
                java_type(value)
            ),
            (Step::Child(_), _) if !last => {
                format!("Missing property in path {}", self.bracketed(at + 1))
            }
            _ => format!("No results for path: {}", self.bracketed(at + 1)),
        })
    }

    /// `$['a'][0]`, as far as the given number of steps.
    fn bracketed(&self, count: usize) -> String {
        let mut text = "$".to_owned();
        for step in &self.steps[..count] {
            match step {
                Step::Child(name) => text.push_str(&format!("['{name}']")),
                Step::Index(index) => text.push_str(&format!("[{index}]")),
                _ => text.push_str("[*]"),
            }
        }
        text
    }

    /// `root` with `value` put at the path; members on the way are made. None when something else is in the way.
    pub fn put(&self, root: Value, value: Value) -> Option<Value> {
        put(&self.steps, root, value)
    }
}

fn put(steps: &[Step], root: Value, value: Value) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    match (step, root) {
        (Step::Child(name), Value::Object(mut members)) => {
            let member = members
                .get_mut(name)
                .map(Value::take)
                .unwrap_or(Value::Null);
            let member = if member.is_null() && !rest.is_empty() {
                Value::Object(serde_json::Map::new())
            } else {
                member
            };
            members.insert(name.clone(), put(rest, member, value)?);
            Some(Value::Object(members))
        }
        (Step::Index(index), Value::Array(mut items)) => {
            let at = place(*index, items.len())?;
            let item = items.get_mut(at)?.take();
            items[at] = put(rest, item, value)?;
            Some(Value::Array(items))
        }
        _ => None,
    }
}

/// The place that an index means in a list; None when it is outside.
fn place(index: i64, len: usize) -> Option<usize> {
    let at = if index < 0 { index + len as i64 } else { index };
    usize::try_from(at).ok().filter(|at| *at < len)
}

impl Step {
    fn one<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match (self, value) {
            (Step::Child(name), Value::Object(members)) => members.get(name),
            (Step::Index(index), Value::Array(items)) => {
                place(*index, items.len()).map(|at| &items[at])
            }
            _ => None,
        }
    }

    fn all<'a>(&self, value: &'a Value, root: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Step::Child(_) | Step::Index(_), _) => self.one(value).into_iter().collect(),
            (Step::Children(names), Value::Object(members)) => {
                names.iter().filter_map(|name| members.get(name)).collect()
            }
            (Step::Wildcard, Value::Object(members)) => members.values().collect(),
            (Step::Wildcard, Value::Array(items)) => items.iter().collect(),
            (Step::Indices(indices), Value::Array(items)) => indices
                .iter()
                .filter_map(|index| place(*index, items.len()).map(|at| &items[at]))
                .collect(),
            (Step::Slice(from, to), Value::Array(items)) => {
                let len = items.len() as i64;
                let end = |index: i64| if index < 0 { index + len } else { index }.clamp(0, len);
                let from = end(from.unwrap_or(0)) as usize;
                let to = end(to.unwrap_or(len)) as usize;
                items.get(from..to).unwrap_or_default().iter().collect()
            }
            (Step::Filter(filter), Value::Array(items)) => items
                .iter()
                .filter(|item| filter.holds(item, root))
                .collect(),
            (Step::Filter(filter), Value::Object(_)) if filter.holds(value, root) => vec![value],
            (Step::Descendants, _) => {
                let mut all = Vec::new();
                descend(value, &mut all);
                all
            }
            _ => Vec::new(),
        }
    }
}

fn descend<'a>(value: &'a Value, all: &mut Vec<&'a Value>) {
    all.push(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| descend(item, all)),
        Value::Object(members) => members.values().for_each(|member| descend(member, all)),
        _ => {}
    }
}

impl Function {
    const ALL: [(&str, Self); 9] = [
        ("length", Self::Length),
        ("min", Self::Min),
        ("max", Self::Max),
        ("sum", Self::Sum),
        ("avg", Self::Average),
        ("stddev", Self::Deviation),
        ("keys", Self::Keys),
        ("first", Self::First),
        ("last", Self::Last),
    ];

    fn apply(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Length, Value::Array(items)) => Some(Value::from(items.len())),
            (Self::Length, Value::Object(members)) => Some(Value::from(members.len())),
            (Self::Length, Value::String(text)) => Some(Value::from(text.chars().count())),
            (Self::Keys, Value::Object(members)) => {
                Some(members.keys().cloned().map(Value::String).collect())
            }
            (Self::First, Value::Array(items)) => items.first().cloned(),
            (Self::Last, Value::Array(items)) => items.last().cloned(),
            (_, Value::Array(items)) => {
                let numbers: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
                self.aggregate(&numbers).map(super::data::number_of)
            }
            _ => None,
        }
    }

    fn aggregate(self, numbers: &[f64]) -> Option<f64> {
        if numbers.is_empty() {
            return None;
        }
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        match self {
            Self::Min => numbers.iter().copied().reduce(f64::min),
            Self::Max => numbers.iter().copied().reduce(f64::max),
            Self::Sum => Some(sum),
            Self::Average => Some(sum / count),
            Self::Deviation => {
                let squares: f64 = numbers.iter().map(|n| n * n).sum();
                Some((squares / count - (sum / count).powi(2)).max(0.0).sqrt())
            }
            _ => None,
        }
    }
}

fn java_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) if number.is_f64() => "java.lang.Double",
        Value::Number(_) => "java.lang.Integer",
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "java.util.ArrayList",
        Value::Object(_) => "java.util.LinkedHashMap",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn select(path: &str, root: Value) -> Result<Value, String> {
        let path = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        path.select(&root).map_err(|missing| missing.0)
    }

    #[test]
    fn a_definite_path_names_one_value() {
        let root = || json!({ "a": { "b-c": [1, [2, 3]] }, "it's": 4 });
        assert_eq!(select("$", root()), Ok(root()));
        assert_eq!(select("$.a['b-c'][0]", root()), Ok(json!(1)));
        assert_eq!(select("$.a.b-c[-1][1]", root()), Ok(json!(3)));
        assert_eq!(select("$['it\\'s']", root()), Ok(json!(4)));
        assert_eq!(select("$[\"a\"]['b-c'].length()", root()), Ok(json!(2)));
    }

    #[test]
    fn a_definite_path_says_what_is_missing() {
        let root = || json!({ "a": { "b": [1] } });
        let message = |path| select(path, root()).expect_err("nothing is there");
        assert_eq!(message("$.x"), "No results for path: $['x']");
        assert_eq!(message("$.x.y"), "Missing property in path $['x']");
        assert_eq!(
            message("$.a.b[7]"),
            "Index out of bounds when evaluating path $['a']['b'][7]"
        );
    }

    #[test]
    fn other_paths_give_lists() {
        let root = || json!({ "items": [{ "v": 1 }, { "v": 2 }, { "w": 3 }] });
        assert_eq!(select("$.items[*].v", root()), Ok(json!([1, 2])));
        assert_eq!(select("$.items[1:].v", root()), Ok(json!([2])));
        assert_eq!(select("$.items[:1]", root()), Ok(json!([{ "v": 1 }])));
        assert_eq!(
            select("$.items[0,2]", root()),
            Ok(json!([{ "v": 1 }, { "w": 3 }]))
        );
        assert_eq!(select("$..v", root()), Ok(json!([1, 2])));
        assert_eq!(select("$..v.sum()", root()), Ok(json!(3)));
        assert_eq!(select("$.none[*].v", root()), Ok(json!([])));
        assert_eq!(select("$.items[?(@.v > 1)].v", root()), Ok(json!([2])));
        assert_eq!(select("$.items[?(@.w)]", root()), Ok(json!([{ "w": 3 }])));
        assert_eq!(
            select("$.items[?(!@.w && @.v == 1 || @.w in [3, 4])]", root()),
            Ok(json!([{ "v": 1 }, { "w": 3 }]))
        );
    }

    #[test]
    fn filters_compare_texts_patterns_and_the_root() {
        let root = || json!({ "want": "b", "l": [{ "n": "a" }, { "n": "b" }, { "n": "Bc" }] });
        assert_eq!(
            select("$.l[?(@.n == 'a')]", root()),
            Ok(json!([{ "n": "a" }]))
        );
        assert_eq!(select("$.l[?(@.n == $.want)].n", root()), Ok(json!(["b"])));
        assert_eq!(
            select("$.l[?(@.n =~ /b.*/i)].n", root()),
            Ok(json!(["b", "Bc"]))
        );
        assert_eq!(select("$.l[?(@['n'] size 2)].n", root()), Ok(json!(["Bc"])));
    }

    #[test]
    fn putting_makes_what_is_not_there() {
        let put = |path: &str, root: Value| {
            let path = Path::parse(path).expect("a path");
            path.put(root, json!(1))
        };
        assert_eq!(put("$", json!([])), Some(json!(1)));
        assert_eq!(put("$.a.b", json!({})), Some(json!({ "a": { "b": 1 } })));
        assert_eq!(
            put("$.a[1]", json!({ "a": [0, 0] })),
            Some(json!({ "a": [0, 1] }))
        );
        assert_eq!(put("$.a", json!(5)), None);
    }

    #[test]
    fn variables_and_the_context_are_roots_too() {
        let root = |text: &str| Path::parse(text).expect("a path").root().clone();
        assert_eq!(root("$.a"), Root::Input);
        assert_eq!(root("$$.Execution.Id"), Root::Context);
        assert_eq!(root("$x.a[0]"), Root::Variable("x".to_owned()));
        for wrong in [
            "a",
            "$.",
            "$[",
            "$.a[",
            "$['a'",
            "$.a..",
            "$.a[?(@.x]",
            "$.a b(",
            "",
        ] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
