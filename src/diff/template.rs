//! What stands in a template beside its resources: parameters, conditions, outputs, its description.

use serde_json::{Map, Value};

use super::change::{Area, Change, Kind};
use super::value::{Step, differences, path_text, words};

pub(super) fn compare(old: &Value, new: &Value) -> Vec<Change> {
    let without = |template: &Value| {
        let mut template = template.as_object().cloned().unwrap_or_else(Map::new);
        template.shift_remove("Resources");
        template.shift_remove("AWSTemplateFormatVersion");
        for section in ["Parameters", "Conditions", "Outputs"] {
            template
                .entry(section)
                .or_insert_with(|| Value::Object(Map::new()));
        }
        Value::Object(template)
    };
    let mut changes = Vec::new();
    for found in differences(&without(old), &without(new)) {
        let names: Vec<&str> = found
            .path
            .iter()
            .map(|step| match step {
                Step::Member(name) => name.as_str(),
                Step::Element(_) => "",
            })
            .collect();
        let (area, subject, what) = match names.as_slice() {
            ["Description"] => (Area::Text, "", "description of the template".to_owned()),
            [section, name, rest @ ..] => {
                let word = match *section {
                    "Parameters" => "parameter of the template",
                    "Conditions" => "condition of the template",
                    "Outputs" => "output of the template",
                    other => other,
                };
                let area = match (*section, rest.last()) {
                    (_, Some(&"Description" | &"ConstraintDescription")) => Area::Text,
                    ("Parameters", _) => Area::Parameter,
                    ("Outputs", _) => Area::Result,
                    _ => Area::Other,
                };
                let rest = path_text(&found.path[2..]);
                let what = if rest.is_empty() {
                    word.to_owned()
                } else {
                    format!("{word}: {rest}")
                };
                (area, *name, what)
            }
            _ => (Area::Other, "", path_text(&found.path)),
        };
        let kind = match (&found.before, &found.after) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            _ => Kind::Changed,
        };
        // What a new output says follows from its name.
        let whole = names.len() == 2 && names[0] == "Outputs";
        let written = |value: &Option<Value>| value.as_ref().filter(|_| !whole).map(words);
        changes.push(Change {
            before: written(&found.before),
            after: written(&found.after),
            ..Change::new(area, kind, subject, what)
        });
    }
    super::change::arrange(changes)
}
