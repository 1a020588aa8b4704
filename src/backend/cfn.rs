//! The template: one for a file, with the machines of its pipelines and all that they need.
//!
//! A value, never text: what a program says cannot break out of its place.

pub mod names;

mod machine;
mod parameters;
mod value;

use serde_json::{Map, Value, json};

use super::asl::Definition;
use super::iam::Policy;
use crate::ir::{Origin, PipelineId, Program};
use names::Names;

/// What CloudFormation takes as a description, in bytes.
const DESCRIPTION: usize = 1024;

/// The template of a program, from what was made for each of its pipelines, in their order.
pub fn template(program: &Program, definitions: &[Definition], policies: &[Policy]) -> Value {
    let names = Names::new(program);
    let mut resources = Map::new();
    for (id, resource) in (0u32..).map(crate::ir::ResourceId).zip(&program.resources) {
        if let Origin::Created { .. } = resource.origin {
            let logical = names.resource(id).to_owned();
            resources.insert(logical, value::resource(program, &names, resource));
        }
    }
    let mut outputs = Map::new();
    for ((id, definition), policy) in (0u32..).map(PipelineId).zip(definitions).zip(policies) {
        let pipeline = machine::Machine {
            program,
            names: &names,
            id,
            definitions,
            definition,
            policy,
        };
        pipeline.resources(&mut resources);
        pipeline.outputs(&mut outputs);
    }
    let mut template = json!({ "AWSTemplateFormatVersion": "2010-09-09" });
    if let Some(doc) = program.doc.as_deref().filter(|doc| !doc.is_empty()) {
        template["Description"] = Value::String(cut(doc, DESCRIPTION));
    }
    let conditions = names.conditions();
    let mut used = value::references(&resources);
    used.extend(value::references(&conditions));
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
