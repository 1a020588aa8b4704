//! The template: one for a file, with the machines of its pipelines and all that they need.
//!
//! A value, never text: what a program says cannot break out of its place.

pub mod names;
pub mod notes;

mod build;
mod dashboard;
mod late;
mod machine;
mod parameters;
mod resource;
mod role;
mod start;
pub mod value;
mod watch;

use serde_json::{Map, Value, json};

use super::asl::Definition;
use super::iam::Policy;
use crate::ir::{PipelineId, Program, ResourceId};
use build::Build;
use names::Names;

/// What CloudFormation takes as a description, in bytes.
const DESCRIPTION: usize = 1024;

/// The template of a program, from what was made for each of its pipelines, in their order.
pub fn template(program: &Program, definitions: &[Definition], policies: &[Policy]) -> Value {
    let names = Names::new(program);
    let mut build = Build::new(program, &names);
    for (id, resource) in (0u32..).map(ResourceId).zip(&program.resources) {
        if let Some(creation) = resource.creation() {
            resource::add(&mut build, id, creation);
        }
    }
    for ((id, definition), policy) in (0u32..).map(PipelineId).zip(definitions).zip(policies) {
        let pipeline = machine::Machine {
            id,
            definitions,
            definition,
            policy,
        };
        pipeline.add(&mut build);
        start::add(&mut build, id);
        watch::add(&mut build, id);
        dashboard::add(&mut build, id);
        pipeline.add_release(&mut build);
    }
    for note in notes::notes(program) {
        let name = names.claim(&note.name, "Note");
        let value = json!({ "Description": cut(&note.text, DESCRIPTION), "Value": names.text(&note.about) });
        build.outputs.insert(name, value);
    }
    let Build {
        resources, outputs, ..
    } = build;
    let mut template = json!({ "AWSTemplateFormatVersion": "2010-09-09" });
    if let Some(doc) = program.doc.as_deref().filter(|doc| !doc.is_empty()) {
        template["Description"] = Value::String(cut(doc, DESCRIPTION));
    }
    let conditions = names.conditions();
    let mut used = value::references(&resources);
    used.extend(value::references(&conditions));
    used.extend(value::references(&outputs));
    let parameters = parameters::parameters(program, &names, &used, definitions);
    if !parameters.is_empty() {
        template["Parameters"] = Value::Object(parameters);
    }
    if !conditions.is_empty() {
        template["Conditions"] = Value::Object(conditions);
    }
    template["Resources"] = Value::Object(resources);
    template["Outputs"] = Value::Object(outputs);
    template
}

/// Sets what is not there yet at a dotted path.
fn fill(properties: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            properties.entry(path).or_insert(value);
        }
        Some((first, rest)) => {
            let inner = properties.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                fill(inner, rest, value);
            }
        }
    }
}

/// The text, cut at a character so that it has at most so many bytes.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let ellipsis = "…";
    let mut end = most - ellipsis.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ellipsis}", text[..end].trim_end())
}
