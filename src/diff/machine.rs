//! A definition as a list of states that know where they stand, and the variables in their expressions.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::value::expression;
use crate::backend::asl::{Definition, Origin};
use crate::source::Span;

/// The states of a definition, inner ones included, in the order of the document.
#[derive(Debug)]
pub(super) struct Machine {
    pub nodes: Vec<Node>,
    /// The first is the machine's own.
    pub flows: Vec<Flow>,
    /// What stands beside the states: `Comment`, `TimeoutSeconds`.
    pub header: Map<String, Value>,
    names: BTreeMap<String, usize>,
}

/// A state without the flows inside.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub name: String,
    /// Index into [`Machine::flows`].
    pub flow: usize,
    /// Its fields, but for where it goes on.
    pub own: Map<String, Value>,
    pub next: Option<Target>,
    /// The name of the stage that it is from, before numbering.
    pub stage: String,
    /// What a helper state is for; None for the stage's own state.
    pub role: Option<&'static str>,
    pub span: Option<Span>,
    /// The flows inside of it, in their order.
    pub inside: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    State(String),
    End,
}

/// States among which names are looked up.
#[derive(Debug)]
pub(super) struct Flow {
    /// The Map or Parallel that it is of.
    pub owner: Option<usize>,
    pub start: String,
    pub members: Vec<usize>,
}

impl Machine {
    pub fn new(definition: &Definition) -> Self {
        let document = serde_json::to_value(&definition.machine).unwrap_or_default();
        Self::read(document, &definition.origins)
    }

    /// From a document, and where its states come from.
    pub fn read(document: Value, origins: &IndexMap<String, Origin>) -> Self {
        let mut machine = Self {
            nodes: Vec::new(),
            flows: Vec::new(),
            header: Map::new(),
            names: BTreeMap::new(),
        };
        if let Value::Object(mut document) = document {
            machine.flow(None, &mut document, origins);
            machine.header = document;
        }
        machine
    }

    /// Takes the states and the start out of a document.
    fn flow(
        &mut self,
        owner: Option<usize>,
        document: &mut Map<String, Value>,
        of: &IndexMap<String, Origin>,
    ) {
        let start = match document.remove("StartAt") {
            Some(Value::String(start)) => start,
            _ => String::new(),
        };
        let id = self.flows.len();
        self.flows.push(Flow {
            owner,
            start,
            members: Vec::new(),
        });
        let Some(Value::Object(states)) = document.remove("States") else {
            return;
        };
        for (name, state) in states {
            let Value::Object(mut own) = state else {
                continue;
            };
            let mut inner: Vec<Map<String, Value>> = Vec::new();
            if let Some(Value::Object(mut processor)) = own.remove("ItemProcessor") {
                if let Some(config) = processor.remove("ProcessorConfig") {
                    own.insert("ProcessorConfig".to_owned(), config);
                }
                inner.push(processor);
            }
            if let Some(Value::Array(branches)) = own.remove("Branches") {
                let branches = branches.into_iter().filter_map(|branch| match branch {
                    Value::Object(branch) => Some(branch),
                    _ => None,
                });
                inner.extend(branches);
            }
            let next = ["Next", "Default", "End"].into_iter().find_map(|key| {
                let target = match own.get(key)? {
                    Value::String(name) => Target::State(name.clone()),
                    Value::Bool(true) => Target::End,
                    _ => return None,
                };
                own.shift_remove(key);
                Some(target)
            });
            let origin = of.get(&name);
            let node = Node {
                flow: id,
                own,
                next,
                stage: origin.map_or_else(|| name.clone(), |origin| origin.stage.clone()),
                role: origin.and_then(|origin| origin.role),
                span: origin.map(|origin| origin.span),
                inside: Vec::new(),
                name: name.clone(),
            };
            let at = self.nodes.len();
            self.names.insert(name, at);
            self.nodes.push(node);
            self.flows[id].members.push(at);
            for mut flow in inner {
                let inside = self.flows.len();
                self.nodes[at].inside.push(inside);
                self.flow(Some(at), &mut flow, of);
            }
        }
    }

    /// The state of this name, which no other has.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The flows inside of a state, in their order.
    pub fn flows_of(&self, owner: usize) -> &[usize] {
        &self.nodes[owner].inside
    }

    /// For each state, those that lead to it, with the words for when.
    pub fn ways_in(&self) -> Vec<Vec<(usize, String)>> {
        let mut ways = vec![Vec::new(); self.nodes.len()];
        for at in 0..self.nodes.len() {
            for (when, target) in self.edges(at) {
                if let Target::State(name) = target
                    && let Some(to) = self.find(&name)
                {
                    ways[to].push((at, when));
                }
            }
        }
        ways
    }

    /// Gives states and variables other names.
    pub fn rename(
        &mut self,
        states: &BTreeMap<String, String>,
        variables: &BTreeMap<String, String>,
    ) {
        let renamed = |name: &mut String| {
            if let Some(new) = states.get(name) {
                name.clone_from(new);
            }
        };
        self.names.clear();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            renamed(&mut node.name);
            if let Some(Target::State(next)) = &mut node.next {
                renamed(next);
            }
            for part in ["Choices", "Catch"] {
                for rule in node
                    .own
                    .get_mut(part)
                    .and_then(Value::as_array_mut)
                    .into_iter()
                    .flatten()
                {
                    if let Some(Value::String(next)) = rule.get_mut("Next") {
                        renamed(next);
                    }
                }
            }
            rename_variables(&mut node.own, &|name| variables.get(name).cloned());
            self.names.insert(node.name.clone(), at);
        }
        for flow in &mut self.flows {
            renamed(&mut flow.start);
        }
    }

    /// The states that something in it goes on to, with the words for when.
    pub fn edges(&self, at: usize) -> Vec<(String, Target)> {
        let node = &self.nodes[at];
        let mut edges = Vec::new();
        for (part, word) in [("Choices", "if"), ("Catch", "catch")] {
            for rule in rules(&node.own, part) {
                if let Some(Value::String(next)) = rule.get("Next") {
                    edges.push((
                        format!("{word} {}", label(rule)),
                        Target::State(next.clone()),
                    ));
                }
            }
        }
        edges.extend(node.next.clone().map(|next| (String::new(), next)));
        edges
    }
}

impl Node {
    /// Reads `$states.result[i]` from where the branch stands now.
    pub fn move_results(&mut self, places: &[Option<usize>]) {
        for value in self.own.values_mut() {
            move_results(value, places);
        }
    }
}

fn move_results(value: &mut Value, places: &[Option<usize>]) {
    const RESULT: &str = "$states.result[";
    match value {
        Value::String(text) if text.contains(RESULT) => {
            let mut parts = text.split(RESULT);
            let mut moved = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let (number, rest) = part.split_once(']').unwrap_or((part, ""));
                let place = number.parse().ok().and_then(|at: usize| *places.get(at)?);
                let number = place.map_or_else(|| number.to_owned(), |place| place.to_string());
                moved.push_str(&format!("{RESULT}{number}]{rest}"));
            }
            *text = moved;
        }
        Value::Array(elements) => elements.iter_mut().for_each(|e| move_results(e, places)),
        Value::Object(members) => members.values_mut().for_each(|m| move_results(m, places)),
        _ => {}
    }
}

/// The rules of a Choice, and the handlers of any state.
pub(super) fn rules<'n>(own: &'n Map<String, Value>, part: &str) -> Vec<&'n Map<String, Value>> {
    let rules = own.get(part).and_then(Value::as_array);
    rules
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect()
}

/// What tells a rule from its siblings: its condition, or the errors that it is for.
pub(super) fn label(rule: &Map<String, Value>) -> String {
    match (rule.get("Condition"), rule.get("ErrorEquals")) {
        (Some(condition), _) => super::value::words(condition),
        (_, Some(Value::Array(errors))) => {
            let names = errors
                .iter()
                .filter_map(Value::as_str)
                .map(|name| match name {
                    "States.ALL" => "all",
                    name => name,
                });
            names.collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

/// What a state is but for names: where it goes, what its variables and its label are called.
pub(super) fn shape(node: &Node) -> String {
    let mut own = node.own.clone();
    own.remove("Label");
    own.remove("Comment");
    for part in ["Choices", "Catch"] {
        for rule in own
            .get_mut(part)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Value::Object(rule) = rule {
                rule.remove("Next");
            }
        }
    }
    blank(&mut own);
    Value::Object(own).to_string()
}

/// Takes the names of variables out.
pub(super) fn blank(own: &mut Map<String, Value>) {
    rename_variables(own, &|name| (name != "states").then(String::new));
}

/// Gives the variables in a state's fields other names: where they are assigned, and in expressions.
fn rename_variables(own: &mut Map<String, Value>, name: &dyn Fn(&str) -> Option<String>) {
    for (key, value) in own.iter_mut() {
        match (key.as_str(), value) {
            ("Assign", Value::Object(assigned)) => {
                // Blanked names must not fall on each other.
                let renamed = std::mem::take(assigned).into_iter().enumerate();
                *assigned = renamed
                    .map(|(i, (variable, mut value))| {
                        rename_in(&mut value, name);
                        let new = match name(&variable) {
                            Some(new) if new.is_empty() => i.to_string(),
                            Some(new) => new,
                            None => variable,
                        };
                        (new, value)
                    })
                    .collect();
            }
            ("Choices" | "Catch", Value::Array(rules)) => {
                for rule in rules {
                    if let Value::Object(rule) = rule {
                        rename_variables(rule, name);
                    }
                }
            }
            (_, value) => rename_in(value, name),
        }
    }
}

fn rename_in(value: &mut Value, name: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) if expression(text).is_some() => *text = rename_text(text, name),
        Value::Array(elements) => elements.iter_mut().for_each(|e| rename_in(e, name)),
        Value::Object(members) => members.values_mut().for_each(|m| rename_in(m, name)),
        _ => {}
    }
}

/// `$name` outside of quotes.
fn rename_text(text: &str, name: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '\'', '"', '`']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes()[0] {
            b'$' => {
                let word = &rest[1..];
                let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                let word = &word[..word.find(ends).unwrap_or(word.len())];
                let called = rest[1 + word.len()..].starts_with('(');
                match name(word).filter(|_| !word.is_empty() && !called) {
                    Some(new) => out.extend(["$", &new]),
                    None => out.extend(["$", word]),
                }
                1 + word.len()
            }
            quote => {
                let length = quoted(rest, quote);
                out.push_str(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// Bytes of the quoted text that this begins with.
fn quoted(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_renamed_outside_of_quotes_only() {
        let name = |name: &str| (name == "gate").then(|| "check".to_owned());
        let text = r#"{% $gate.A & '$gate' & "it\"$gate" & `$gate` & $gates & $gate(1) & $$ %}"#;
        let renamed =
            r#"{% $check.A & '$gate' & "it\"$gate" & `$gate` & $gates & $gate(1) & $$ %}"#;
        assert_eq!(rename_text(text, &name), renamed);
    }

    #[test]
    fn an_unclosed_quote_ends_with_the_text() {
        assert_eq!(rename_text("{% 'é$a", &|_| Some("b".to_owned())), "{% 'é$a");
        assert_eq!(rename_text("{% 'a\\", &|_| None), "{% 'a\\");
    }
}
