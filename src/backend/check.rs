//! Sizes and limits of what was made, as plain values with what contributes most.
//!
//! Limits: `facts` of Step Functions, IAM and CloudFormation quotas, from AWS's guides.

mod texts;

use serde_json::Value;

use super::asl::Definition;
use super::asl::state::{Flow, State};
use super::cfn::names::Names;
use super::iam::pack::{MANAGED_COUNT, Sizer};
use super::iam::{self, Policy};
use crate::ir::{PipelineId, Program};
use crate::source::Span;

/// Resources, parameters and outputs of a template.
pub const RESOURCES: usize = 500;
pub const PARAMETERS: usize = 200;
pub const OUTPUTS: usize = 200;
/// Characters of a parameter's name, and bytes of its value.
pub const PARAMETER_NAME: usize = 255;
pub const PARAMETER_VALUE: usize = 4_096;
/// Bytes of a template that is deployed from S3.
pub const TEMPLATE: usize = 1_000_000;
/// Bytes of a template that is sent along with the request; above, it is deployed from S3.
pub const TEMPLATE_DIRECT: usize = 51_200;
/// Characters of a definition.
pub const DEFINITION: usize = 1_048_576;
/// Characters of a machine's name.
pub const MACHINE_NAME: usize = 80;
/// Characters of a trust policy without blanks.
pub const TRUST: usize = 2_048;
/// Characters of a rule's pattern.
pub const PATTERN: usize = 2_048;
/// Fields that a rule picks out of an event.
pub const PICKED: usize = 100;
/// Widgets of a dashboard, and bytes of its body.
pub const WIDGETS: usize = 500;
pub const DASHBOARD: usize = 1_000_000;
/// Values that CloudFormation takes from elsewhere when it deploys: `{{resolve:…}}`.
pub const RESOLVED: usize = 60;

/// How many contributors are named.
const NAMED: usize = 5;

/// Something that is larger than the service takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    pub limit: Limit,
    /// The pipeline's place; the file's beginning for what is about the template.
    pub span: Span,
    /// The pipeline, or the file's stem.
    pub subject: String,
    pub size: usize,
    pub most: usize,
    /// The largest parts, largest first.
    pub contributors: Vec<(String, usize)>,
}

/// How large something is, whether or not that is too large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    pub limit: Limit,
    /// The pipeline, or the file's stem.
    pub subject: String,
    pub size: usize,
    pub most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    MachineName,
    Definition,
    Policies,
    Trust,
    Template,
    Resources,
    Parameters,
    Outputs,
    Pattern,
    Picked,
    Widgets,
    Dashboard,
    Resolved,
    /// A property's text, or its elements; the subject names it.
    Text,
    Elements,
}

impl Excess {
    /// What is too large and by how much, as a sentence.
    pub fn message(&self) -> String {
        let (what, unit) = self.limit.words();
        let Excess {
            subject,
            size,
            most,
            ..
        } = self;
        format!("the {what} of `{subject}` has {size} {unit}; the service takes at most {most}")
    }

    /// The largest parts, as a sentence; None when there are none to name.
    pub fn help(&self) -> Option<String> {
        let parts: Vec<String> = self
            .contributors
            .iter()
            .map(|(name, size)| format!("`{name}` ({size})"))
            .collect();
        (!parts.is_empty()).then(|| format!("the largest parts: {}", parts.join(", ")))
    }
}

impl Limit {
    /// Whether it is one of the template rather than of a pipeline.
    pub fn is_of_template(self) -> bool {
        matches!(
            self,
            Self::Template | Self::Resources | Self::Parameters | Self::Outputs
        )
    }

    /// What is too large, and in what it is counted.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::MachineName => ("name", "characters"),
            Self::Definition => ("definition", "characters"),
            Self::Policies => ("role", "managed policies"),
            Self::Trust => ("trust policy", "characters"),
            Self::Template => ("template", "bytes"),
            Self::Resources => ("template", "resources"),
            Self::Parameters => ("template", "parameters"),
            Self::Outputs => ("template", "outputs"),
            Self::Pattern => ("pattern", "characters"),
            Self::Picked => ("input", "fields of the event"),
            Self::Widgets => ("dashboard", "widgets"),
            Self::Dashboard => ("dashboard", "bytes"),
            Self::Resolved => ("template", "values from elsewhere (`{{resolve:…}}`)"),
            Self::Text => ("value", "characters"),
            Self::Elements => ("value", "elements"),
        }
    }
}

/// All that is too large: of each pipeline in order, then of the template. The texts are what is written of the
/// definitions and of the template.
pub fn check(
    program: &Program,
    definitions: &[(&Definition, &str)],
    policies: &[Policy],
    template: (&Value, &str),
) -> Vec<Excess> {
    let (template, text) = template;
    let names = Names::new(program);
    let mut found = Vec::new();
    let section = |name: &str| template[name].as_object();
    for ((id, (definition, written)), policy) in
        (0u32..).map(PipelineId).zip(definitions).zip(policies)
    {
        let pipeline = program.pipeline(id);
        let mut add =
            |limit, size, most, contributors: &mut dyn FnMut() -> Vec<(String, usize)>| {
                if size > most {
                    found.push(Excess {
                        limit,
                        span: pipeline.span,
                        subject: pipeline.name.clone(),
                        size,
                        most,
                        contributors: largest(contributors()),
                    });
                }
            };
        let none = &mut Vec::new;
        add(
            Limit::MachineName,
            pipeline.name.chars().count(),
            MACHINE_NAME,
            none,
        );
        // What is written has blanks that the service does not get.
        let size = match written.len() {
            size if size <= DEFINITION => size,
            _ => size_of(&definition.machine),
        };
        add(Limit::Definition, size, DEFINITION, &mut || {
            let mut sizes = Vec::new();
            state_sizes(&definition.machine.states, &mut sizes);
            sizes
        });
        let labels = &definition.labels;
        let parts = policy_parts(template, &names.pipeline(id).policy);
        add(Limit::Policies, parts, MANAGED_COUNT, &mut || {
            let sizer = Sizer { labels };
            let sized = |s: &iam::Statement| (s.sid.clone(), sizer.statement(s));
            policy.statements.iter().map(sized).collect()
        });
        // The frame, and an ARN for the machine and for each map's children.
        let width = |label: &String| 70 + pipeline.name.len() + label.len();
        let trust = 290 + pipeline.name.len() + labels.values().map(width).sum::<usize>();
        add(Limit::Trust, trust, TRUST, &mut || {
            labels
                .values()
                .map(|label| (label.clone(), width(label)))
                .collect()
        });
    }
    let span = Span::new(program.file, 0, 0);
    let mut add = |limit, size, most, contributors: Vec<(String, usize)>| {
        if size > most {
            found.push(Excess {
                limit,
                span,
                subject: program.stem.clone(),
                size,
                most,
                contributors: largest(contributors),
            });
        }
    };
    let resources = || {
        section("Resources")
            .into_iter()
            .flatten()
            .map(|(name, resource)| (name.clone(), size_of(resource)))
            .collect()
    };
    let resources = if text.len() > TEMPLATE {
        resources()
    } else {
        Vec::new()
    };
    let count = |name| section(name).map_or(0, |members| members.len());
    add(Limit::Template, text.len(), TEMPLATE, resources);
    add(Limit::Resources, count("Resources"), RESOURCES, Vec::new());
    add(
        Limit::Parameters,
        count("Parameters"),
        PARAMETERS,
        Vec::new(),
    );
    add(Limit::Outputs, count("Outputs"), OUTPUTS, Vec::new());
    let resolved = text.matches("{{resolve:").count();
    add(Limit::Resolved, resolved, RESOLVED, Vec::new());
    found.extend(texts::check(program, &names, template));
    found
}

/// The sizes of what can grow with a program: each pipeline's definition and policies, then those of the template. The
/// texts are those of the artifacts, in their order.
pub fn measure(program: &Program, output: &super::Output, texts: &[&str]) -> Vec<Measure> {
    let names = Names::new(program);
    let mut found = Vec::new();
    let mut add = |limit, subject: &str, size, most| {
        found.push(Measure {
            limit,
            subject: subject.to_owned(),
            size,
            most,
        });
    };
    for (i, (pipeline, definition)) in program
        .pipelines
        .iter()
        .zip(&output.definitions)
        .enumerate()
    {
        let size = size_of(&definition.machine);
        add(Limit::Definition, &pipeline.name, size, DEFINITION);
        let policy = &names.pipeline(PipelineId(i as u32)).policy;
        let parts = policy_parts(&output.template, policy);
        add(Limit::Policies, &pipeline.name, parts, MANAGED_COUNT);
    }
    let stem = &program.stem;
    let count = |name: &str| {
        output.template[name]
            .as_object()
            .map_or(0, |members| members.len())
    };
    add(
        Limit::Template,
        stem,
        texts.first().map_or(0, |text| text.len()),
        TEMPLATE,
    );
    add(Limit::Resources, stem, count("Resources"), RESOURCES);
    add(Limit::Parameters, stem, count("Parameters"), PARAMETERS);
    add(Limit::Outputs, stem, count("Outputs"), OUTPUTS);
    found
}

/// How many policies a role's permissions take.
fn policy_parts(template: &Value, policy: &str) -> usize {
    let part = format!("{policy}Part");
    match template["Resources"].as_object() {
        Some(resources) if resources.contains_key(&format!("{part}1")) => {
            let is_part = |name: &&String| name.starts_with(&part);
            resources.keys().filter(is_part).count()
        }
        _ => 1,
    }
}

/// Characters of the compact JSON.
fn size_of(value: &impl serde::Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.chars().count())
}

/// Each state without the states inside.
fn state_sizes<'a>(
    states: impl IntoIterator<Item = (&'a String, &'a State)>,
    sizes: &mut Vec<(String, usize)>,
) {
    for (name, state) in states {
        let flows: Vec<&Flow> = match state {
            State::Map(map) => vec![&map.item_processor],
            State::Parallel(parallel) => parallel.branches.iter().collect(),
            _ => Vec::new(),
        };
        let inside: usize = flows.iter().map(size_of).sum();
        sizes.push((name.clone(), size_of(state).saturating_sub(inside)));
        for flow in flows {
            state_sizes(&flow.states, sizes);
        }
    }
}

fn largest(mut sizes: Vec<(String, usize)>) -> Vec<(String, usize)> {
    sizes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sizes.truncate(NAMED);
    sizes
}
