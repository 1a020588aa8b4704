//! From a program to what is written: definitions, policies, the template. A backend cannot fail.
//!
//! Never looks at the syntax, never reports; sizes and limits of what was made are `check`'s.

/// As `json!` of an object whose members are values already: they are moved, and not written out and dropped.
macro_rules! object {
    ($($key:literal: $value:expr),* $(,)?) => {
        serde_json::Value::Object(serde_json::Map::from_iter([
            $(($key.to_owned(), serde_json::Value::from($value))),*
        ]))
    };
}

pub mod asl;
pub mod cfn;
pub mod check;
pub mod deployment;
pub mod graph;
pub mod iam;
pub mod report;

use serde::Serialize;
use serde_json::Value;

use crate::ir::{PipelineId, Program};
use asl::Definition;
use cfn::names::Names;
use iam::Policy;

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// `sales.template.json`, `sales_daily.asl.json`
    pub name: String,
    pub text: String,
}

/// What a program becomes: for each pipeline, in order, its definition and its policy, and the template around them.
#[derive(Clone, Debug)]
pub struct Output {
    pub definitions: Vec<Definition>,
    pub policies: Vec<Policy>,
    pub template: Value,
}

/// Lowers all pipelines, and derives their permissions and the template.
pub fn make(program: &Program) -> Output {
    let ids = (0u32..).map(PipelineId).take(program.pipelines.len());
    let definitions: Vec<Definition> = ids.map(|id| asl::lower(program, id)).collect();
    let policies: Vec<Policy> = program
        .pipelines
        .iter()
        .map(|pipeline| iam::policy(program, pipeline))
        .collect();
    let template = cfn::template(program, &definitions, &policies);
    Output {
        definitions,
        policies,
        template,
    }
}

/// All artifacts of a program: the template, then each pipeline's definition and policy; and what of them is too large.
pub fn write(program: &Program, output: &Output) -> (Vec<Artifact>, Vec<check::Excess>) {
    let names = Names::new(program);
    let mut artifacts = vec![Artifact {
        name: format!("{}.template.json", program.stem),
        text: pretty(&output.template),
    }];
    for ((pipeline, definition), policy) in program
        .pipelines
        .iter()
        .zip(&output.definitions)
        .zip(&output.policies)
    {
        artifacts.push(Artifact {
            name: format!("{}.asl.json", pipeline.name),
            text: pretty(&definition.machine),
        });
        artifacts.push(Artifact {
            name: format!("{}.iam.json", pipeline.name),
            text: pretty(&policy.plain(&names, &definition.labels)),
        });
    }
    let texts = artifacts.iter().skip(1).step_by(2).map(|a| a.text.as_str());
    let definitions: Vec<_> = output.definitions.iter().zip(texts).collect();
    let template = (&output.template, artifacts[0].text.as_str());
    let excesses = check::check(program, &definitions, &output.policies, template);
    (artifacts, excesses)
}

/// JSON as people read it, with a newline at its end.
fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
