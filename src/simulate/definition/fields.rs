//! Reads the fields of one object, and gathers what is wrong with them.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Map as Object, Value};

use super::{Language, Refusal, ResultPath, Setting};
use crate::simulate::jsonpath::Path;
use crate::simulate::template::{Malformed, Template};

pub(super) const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";

/// All that was found wrong.
#[derive(Default)]
pub(super) struct Problems(RefCell<Vec<Refusal>>);

impl Problems {
    pub fn add(&self, code: &'static str, location: &str, message: impl Into<String>) {
        self.0.borrow_mut().push(Refusal {
            code,
            location: location.to_owned(),
            message: message.into(),
        });
    }

    pub fn take(self) -> Vec<Refusal> {
        self.0.into_inner()
    }
}

/// The fields of an object at a place.
pub(super) struct Fields<'a> {
    pub object: &'a Object<String, Value>,
    /// `/States/A`; empty for the machine itself.
    pub location: String,
    pub language: Language,
    pub problems: &'a Problems,
}

impl<'a> Fields<'a> {
    pub fn refuse(&self, field: &str, message: impl Into<String>) {
        self.problems.add(SCHEMA, &self.place(field), message);
    }

    /// The place of a field, or of the object itself.
    pub fn place(&self, field: &str) -> String {
        match (self.location.as_str(), field) {
            ("", "") => "/".to_owned(),
            (location, "") => location.to_owned(),
            (location, field) => format!("{location}/{field}"),
        }
    }

    pub fn get(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field)
    }

    pub fn has(&self, field: &str) -> bool {
        self.object.contains_key(field)
    }

    /// Refuses the object when one of the fields is missing.
    pub fn require(&self, fields: &[&str]) -> bool {
        let missing: Vec<&str> = fields.iter().copied().filter(|f| !self.has(f)).collect();
        if !missing.is_empty() {
            let message = format!("These fields are required: [{}]", missing.join(", "));
            self.refuse("", message);
        }
        missing.is_empty()
    }

    pub fn text(&self, field: &str) -> Option<&'a str> {
        let value = self.get(field)?;
        let text = value.as_str();
        if text.is_none() {
            self.refuse(field, "Expected value of type String");
        }
        text
    }

    pub fn object(&self, field: &str) -> Option<Fields<'a>> {
        let value = self.get(field)?;
        match value.as_object() {
            Some(object) => Some(Fields {
                object,
                location: self.place(field),
                language: self.language,
                problems: self.problems,
            }),
            None => {
                self.refuse(field, "Expected value of type Object");
                None
            }
        }
    }

    /// The objects of a list.
    pub fn objects(&self, field: &str) -> Vec<Fields<'a>> {
        let Some(value) = self.get(field) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.refuse(field, "Expected value of type Array");
            return Vec::new();
        };
        let mut objects = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let location = format!("{}[{at}]", self.place(field));
            match item.as_object() {
                Some(object) => objects.push(Fields {
                    object,
                    location,
                    language: self.language,
                    problems: self.problems,
                }),
                None => self
                    .problems
                    .add(SCHEMA, &location, "Expected value of type Object"),
            }
        }
        objects
    }

    pub fn texts(&self, field: &str) -> Vec<String> {
        let items = self.get(field).and_then(Value::as_array);
        let texts = items
            .into_iter()
            .flatten()
            .map(|item| item.as_str().map(str::to_owned));
        match texts.collect::<Option<Vec<String>>>() {
            Some(texts) => texts,
            None => {
                self.refuse(field, "Expected value of type Array of String");
                Vec::new()
            }
        }
    }

    /// A number within bounds, or what stands for it when it is not given.
    pub fn number(&self, field: &str, least: f64, most: f64, absent: f64) -> f64 {
        match self.get(field).map(|value| value.as_f64()) {
            None => absent,
            Some(Some(number)) if (least..=most).contains(&number) => number,
            Some(_) => {
                self.refuse(
                    field,
                    format!("Value is not a number between {least} and {most}"),
                );
                absent
            }
        }
    }

    pub fn path(&self, field: &str) -> Option<Path> {
        let text = self.text(field)?;
        match Path::parse(text) {
            Ok(path) => Some(path),
            Err(_) => {
                self.refuse(field, "Value is not a valid JSONPath");
                None
            }
        }
    }

    /// A field that takes any value, in the state's language.
    pub fn template(&self, field: &str) -> Option<Template> {
        let value = self.get(field)?;
        let location = self.place(field);
        let parsed = match self.language {
            Language::Jsonata => Template::parse_jsonata(value, &location),
            Language::JsonPath => Template::parse_jsonpath(value, &location),
        };
        self.parsed(parsed)
    }

    fn parsed(&self, parsed: Result<Template, Malformed>) -> Option<Template> {
        match parsed {
            Ok(template) => Some(template),
            Err(Malformed { location, message }) => {
                self.problems.add(SCHEMA, &location, message);
                None
            }
        }
    }

    /// A scalar that may also be an expression, or in JSONPath a path under the second name. One of both at most.
    pub fn setting(&self, plain: &'static str, by_path: &'static str) -> Option<Setting> {
        if self.has(plain) && self.has(by_path) {
            let message = format!("Only one of '{plain}' and '{by_path}' can be given");
            self.refuse(plain, message);
        }
        if self.has(plain) {
            let template = match self.language {
                Language::Jsonata => self.template(plain)?,
                Language::JsonPath => Template::Constant(self.get(plain)?.clone().into()),
            };
            return Some(Setting {
                name: plain,
                template,
            });
        }
        let value = self.get(by_path)?;
        let parsed = Template::parse_dynamic(value, by_path, &self.place(by_path));
        Some(Setting {
            name: by_path,
            template: self.parsed(parsed)?,
        })
    }

    /// The variables that `Assign` sets.
    pub fn assign(&self) -> Vec<(Rc<str>, Template)> {
        let Some(fields) = self.object("Assign") else {
            return Vec::new();
        };
        let mut assigned = Vec::new();
        for (key, value) in fields.object {
            let location = fields.place(key);
            let (name, parsed) = match (self.language, key.strip_suffix(".$")) {
                (Language::JsonPath, Some(name)) => {
                    (name, Template::parse_dynamic(value, key, &location))
                }
                (Language::JsonPath, None) => {
                    (key.as_str(), Template::parse_jsonpath(value, &location))
                }
                (Language::Jsonata, _) => (key.as_str(), Template::parse_jsonata(value, &location)),
            };
            if !is_variable_name(name) {
                fields.refuse(key, format!("'{name}' is not a valid variable name"));
            }
            if let Some(template) = self.parsed(parsed) {
                assigned.push((Rc::from(name), template));
            }
        }
        assigned
    }

    pub fn result_path(&self) -> ResultPath {
        match self.get("ResultPath") {
            None => ResultPath::Whole,
            Some(Value::Null) => ResultPath::Nowhere,
            Some(_) => match self.path("ResultPath") {
                Some(path) if path.is_root() => ResultPath::Whole,
                Some(path) => {
                    if !path.is_definite() {
                        self.refuse("ResultPath", "Value is not a Reference Path");
                    }
                    ResultPath::Into(path)
                }
                None => ResultPath::Whole,
            },
        }
    }
}

fn is_variable_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= 80
        && name != "states"
}
