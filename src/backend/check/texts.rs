//! Lengths of what stands in the template's resources: by CloudFormation's schemas, and where these say nothing, by the
//! services' quotas. What only the deployment fills in counts as nothing, so that nothing is reported that may fit.

use serde_json::Value;

use super::{
    DASHBOARD, Excess, Limit, MANAGED_COUNT, PARAMETER_NAME, PARAMETER_VALUE, PATTERN, PICKED,
    WIDGETS, largest, size_of,
};
use crate::backend::cfn::names::{Names, pascal};
use crate::catalog::cloudformation;
use crate::catalog::shape::{Shape, ShapeKind};
use crate::ir::{PipelineId, Program, ResourceId};
use crate::source::Span;

pub(super) fn check(program: &Program, names: &Names, template: &Value) -> Vec<Excess> {
    let mut found = Vec::new();
    for (logical, resource) in template["Resources"].as_object().into_iter().flatten() {
        let mut checker = Checker {
            span: place(program, names, logical),
            logical,
            found: &mut found,
        };
        let cfn_type = resource["Type"].as_str().unwrap_or_default();
        let properties = &resource["Properties"];
        if let Some(known) = cloudformation::find_type(cfn_type) {
            checker.value(properties, known.properties, "");
        }
        checker.quotas(cfn_type, properties);
    }
    for (logical, parameter) in template["Parameters"].as_object().into_iter().flatten() {
        let declared = program
            .params
            .iter()
            .find(|param| pascal(&param.name) == *logical);
        let mut checker = Checker {
            span: declared.map_or_else(|| Span::new(program.file, 0, 0), |param| param.span),
            logical,
            found: &mut found,
        };
        checker.add(Limit::Text, "", logical.len(), PARAMETER_NAME, Vec::new());
        let default = parameter["Default"].as_str().map_or(0, str::len);
        checker.add(Limit::Text, "Default", default, PARAMETER_VALUE, Vec::new());
    }
    found
}

/// The place of the declaration that a resource of the template is of.
fn place(program: &Program, names: &Names, logical: &str) -> Span {
    let resources = (0u32..).map(ResourceId).zip(&program.resources);
    for (id, resource) in resources {
        let own = &names.resource(id).resource;
        if !own.is_empty() && logical.starts_with(own.as_str()) {
            return resource.span;
        }
    }
    let pipelines = (0u32..).map(PipelineId).zip(&program.pipelines);
    // The longest name that fits: `load` and `load_all` may stand together.
    pipelines
        .filter(|(id, _)| logical.starts_with(names.pipeline(*id).machine.as_str()))
        .max_by_key(|(id, _)| names.pipeline(*id).machine.len())
        .map_or_else(
            || Span::new(program.file, 0, 0),
            |(_, pipeline)| pipeline.span,
        )
}

struct Checker<'c> {
    span: Span,
    logical: &'c str,
    found: &'c mut Vec<Excess>,
}

impl Checker<'_> {
    fn add(
        &mut self,
        limit: Limit,
        path: &str,
        size: usize,
        most: usize,
        parts: Vec<(String, usize)>,
    ) {
        if size <= most {
            return;
        }
        let subject = if path.is_empty() {
            self.logical.to_owned()
        } else {
            format!("{}.{path}", self.logical)
        };
        self.found.push(Excess {
            limit,
            span: self.span,
            subject,
            size,
            most,
            contributors: largest(parts),
        });
    }

    /// What the schema says of a property and of all that is in it.
    fn value(&mut self, value: &Value, shape: Shape, path: &str) {
        let inside = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        match (value, shape.kind()) {
            (Value::Object(members), ShapeKind::Structure { .. }) => {
                for (name, value) in members {
                    if let Some(member) = shape.find_member(name) {
                        self.value(value, member.shape, &inside(name));
                    }
                }
            }
            (Value::Array(elements), ShapeKind::List { element, max, .. }) => {
                let most = max.and_then(|max| usize::try_from(max).ok());
                if let Some(most) = most {
                    self.add(Limit::Elements, path, elements.len(), most, Vec::new());
                }
                for value in elements {
                    self.value(value, shape.at(*element), path);
                }
            }
            (value, ShapeKind::String { max, .. }) => {
                let most = max.and_then(|max| usize::try_from(max).ok());
                // A machine's name is measured with its pipeline.
                if let Some(most) = most.filter(|_| path != "StateMachineName") {
                    self.add(Limit::Text, path, least(value), most, Vec::new());
                }
            }
            _ => {}
        }
    }

    /// What the schemas do not say.
    fn quotas(&mut self, cfn_type: &str, properties: &Value) {
        match cfn_type {
            "AWS::Events::Rule" => {
                let pattern = &properties["EventPattern"];
                self.add(
                    Limit::Pattern,
                    "EventPattern",
                    size_of(pattern),
                    PATTERN,
                    Vec::new(),
                );
                for target in properties["Targets"].as_array().into_iter().flatten() {
                    let picked = target["InputTransformer"]["InputPathsMap"].as_object();
                    self.add(
                        Limit::Picked,
                        "Targets",
                        picked.map_or(0, |p| p.len()),
                        PICKED,
                        Vec::new(),
                    );
                }
            }
            "AWS::CloudWatch::Dashboard" => {
                let body = &properties["DashboardBody"];
                let text = text_of(body);
                self.add(
                    Limit::Dashboard,
                    "DashboardBody",
                    text.len(),
                    DASHBOARD,
                    Vec::new(),
                );
                let widgets = text.matches("\"type\":\"").count();
                self.add(
                    Limit::Widgets,
                    "DashboardBody",
                    widgets,
                    WIDGETS,
                    Vec::new(),
                );
            }
            "AWS::IAM::Role" => {
                let attached = properties["ManagedPolicyArns"].as_array();
                let count = attached.map_or(0, Vec::len);
                self.add(Limit::Policies, "", count, MANAGED_COUNT, Vec::new());
            }
            _ => {}
        }
    }
}

/// The text that a value is certainly made of.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(members) => match members.get("Fn::Sub") {
            Some(Value::String(text)) => fixed(text),
            Some(Value::Array(parts)) => parts
                .first()
                .map(text_of)
                .map_or_else(String::new, |t| fixed(&t)),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// Without what the deployment fills in.
fn fixed(text: &str) -> String {
    let mut whole = String::new();
    let mut parts = text.split("${");
    whole.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match part.split_once('}') {
            Some((name, rest)) if name.starts_with('!') => {
                whole.push_str(&name[1..]);
                whole.push_str(rest);
            }
            Some((_, rest)) => whole.push_str(rest),
            None => whole.push_str(part),
        }
    }
    whole
}

/// The characters that a text has at least.
fn least(value: &Value) -> usize {
    text_of(value).chars().count()
}
