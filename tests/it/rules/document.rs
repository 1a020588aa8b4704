//! A definition taken apart: its flows (the machine, branches, processors), their states, and every string in them.

use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Machine,
    Branch,
    /// Of an inline map.
    Inline,
    Distributed {
        express: bool,
    },
}

/// States that lead to one another.
pub struct Flow<'d> {
    pub path: String,
    pub kind: Kind,
    pub fields: &'d Map<String, Value>,
    /// The flow around it, in [`Document::flows`].
    pub outer: Option<usize>,
}

pub struct Document<'d> {
    /// Outer ones before those inside.
    pub flows: Vec<Flow<'d>>,
}

/// A state, and where it stands.
pub struct State<'d> {
    pub flow: usize,
    pub name: &'d str,
    pub path: String,
    pub fields: &'d Map<String, Value>,
}

/// A string of a state that the service may evaluate, by the field in which it stands: `Assign`, `Catch/Assign`.
pub struct Text<'d> {
    pub path: String,
    pub field: String,
    pub text: &'d str,
}

impl<'d> Document<'d> {
    pub fn new(definition: &'d Value) -> Self {
        let mut document = Self { flows: Vec::new() };
        document.add(String::new(), Kind::Machine, definition, None);
        document
    }

    fn add(&mut self, path: String, kind: Kind, flow: &'d Value, outer: Option<usize>) {
        let Some(fields) = flow.as_object() else {
            return;
        };
        let own = self.flows.len();
        self.flows.push(Flow {
            path: path.clone(),
            kind,
            fields,
            outer,
        });
        let states = fields.get("States").and_then(Value::as_object);
        for (name, state) in states.into_iter().flatten() {
            let path = format!("{path}/{name}");
            let branches = state["Branches"].as_array();
            for (n, branch) in branches.into_iter().flatten().enumerate() {
                self.add(format!("{path}#{n}"), Kind::Branch, branch, Some(own));
            }
            if let Some(processor) = state.get("ItemProcessor") {
                let config = &processor["ProcessorConfig"];
                let kind = match config["Mode"].as_str() {
                    Some("DISTRIBUTED") => Kind::Distributed {
                        express: config["ExecutionType"] == "EXPRESS",
                    },
                    _ => Kind::Inline,
                };
                self.add(path, kind, processor, Some(own));
            }
        }
    }

    pub fn states(&self) -> impl Iterator<Item = State<'d>> + '_ {
        self.flows.iter().enumerate().flat_map(|(flow, of)| {
            of.states().map(move |(name, fields)| State {
                flow,
                name,
                path: format!("{}/{name}", of.path),
                fields,
            })
        })
    }

    pub fn flow(&self, state: &State<'_>) -> &Flow<'d> {
        &self.flows[state.flow]
    }

    /// The flows around this one, the innermost first, up to where a child execution begins.
    pub fn seen_from(&self, flow: usize) -> Vec<usize> {
        let mut seen = Vec::new();
        let mut at = flow;
        while !matches!(self.flows[at].kind, Kind::Distributed { .. })
            && let Some(outer) = self.flows[at].outer
        {
            seen.push(outer);
            at = outer;
        }
        seen
    }
}

impl<'d> Flow<'d> {
    pub fn states(&self) -> impl Iterator<Item = (&'d str, &'d Map<String, Value>)> + use<'d> {
        let states = self.fields.get("States").and_then(Value::as_object);
        states
            .into_iter()
            .flatten()
            .filter_map(|(name, state)| Some((name.as_str(), state.as_object()?)))
    }

    pub fn start(&self) -> Option<&'d str> {
        self.fields.get("StartAt")?.as_str()
    }

    pub fn find(&self, name: &str) -> Option<&'d Map<String, Value>> {
        self.states()
            .find(|(known, _)| *known == name)
            .map(|(_, state)| state)
    }
}

impl<'d> State<'d> {
    pub fn ty(&self) -> &'d str {
        self.fields
            .get("Type")
            .and_then(Value::as_str)
            .unwrap_or("")
    }

    pub fn get(&self, field: &str) -> Option<&'d Value> {
        self.fields.get(field)
    }

    pub fn text(&self, field: &str) -> Option<&'d str> {
        self.get(field)?.as_str()
    }

    fn list(&self, field: &str) -> impl Iterator<Item = &'d Map<String, Value>> + use<'d> {
        let list = self.get(field).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object)
    }

    pub fn retriers(&self) -> impl Iterator<Item = &'d Map<String, Value>> + use<'d> {
        self.list("Retry")
    }

    pub fn catchers(&self) -> impl Iterator<Item = &'d Map<String, Value>> + use<'d> {
        self.list("Catch")
    }

    pub fn rules(&self) -> impl Iterator<Item = &'d Map<String, Value>> + use<'d> {
        self.list("Choices")
    }

    /// The state, its catchers and its rules: whatever assigns, gives out and leads on.
    pub fn ways(&self) -> impl Iterator<Item = &'d Map<String, Value>> + use<'d> {
        std::iter::once(self.fields)
            .chain(self.catchers())
            .chain(self.rules())
    }

    /// The names of the states that come next.
    pub fn next(&self) -> Vec<&'d str> {
        self.ways()
            .flat_map(|way| [way.get("Next"), way.get("Default")])
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    pub fn assigned(&self) -> Vec<&'d str> {
        self.ways()
            .filter_map(|way| way.get("Assign")?.as_object())
            .flat_map(|assign| assign.keys().map(String::as_str))
            .collect()
    }

    /// Every string of the state itself, without those of the flows inside.
    pub fn texts(&self) -> Vec<Text<'d>> {
        let mut found = Vec::new();
        for (field, value) in self.fields {
            match field.as_str() {
                "Branches" => {}
                "ItemProcessor" => {
                    collect(&value["ProcessorConfig"], &self.path, field, &mut found);
                }
                "Catch" | "Choices" | "Retry" => {
                    for way in self.list(field) {
                        for (inner, value) in way {
                            let field = format!("{field}/{inner}");
                            collect(value, &self.path, &field, &mut found);
                        }
                    }
                }
                field => collect(value, &self.path, field, &mut found),
            }
        }
        found
    }
}

fn collect<'d>(value: &'d Value, path: &str, field: &str, found: &mut Vec<Text<'d>>) {
    match value {
        Value::String(text) => found.push(Text {
            path: format!("{path}.{field}"),
            field: field.to_owned(),
            text,
        }),
        Value::Array(items) => {
            for item in items {
                collect(item, path, field, found);
            }
        }
        Value::Object(members) => {
            for member in members.values() {
                collect(member, path, field, found);
            }
        }
        _ => {}
    }
}

/// The source between the marks.
pub fn expression(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}")
}

/// Whether a value is an expression.
pub fn is_expression(value: &Value) -> bool {
    value.as_str().and_then(expression).is_some()
}
