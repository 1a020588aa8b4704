//! A deployment that nobody made: values for what a template leaves open, to run its definitions without AWS.
//!
//! The names are plausible and the same each time; nothing here is written to a template.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::asl::Definition;
use super::cfn::names::{Labels, Names};
use super::iam::Policy;
use crate::catalog::grant::ArnPart;
use crate::catalog::resource::{RefForm, url_template};
use crate::ir::expr::Part;
use crate::ir::pattern::trace::Tracer;
use crate::ir::pattern::{Condition, Pattern, Piece};
use crate::ir::{Deploy, Literal, Origin, Param, Program, ResourceId, Type};

/// Stands for ids that a service chooses.
const CHOSEN_ID: &str = "0123456789ab";

/// What the deployment decides.
pub struct Deployment<'p> {
    program: &'p Program,
    names: Names<'p>,
    pub partition: String,
    pub region: String,
    pub account: String,
    pub stack: String,
    /// By the parameters' names in the source.
    params: BTreeMap<String, String>,
}

impl<'p> Deployment<'p> {
    /// Parameters have their defaults, or the first value of their type.
    pub fn new(program: &'p Program) -> Self {
        let params = program.params.iter();
        Self {
            program,
            names: Names::new(program),
            partition: "aws".to_owned(),
            region: "eu-central-1".to_owned(),
            account: "123456789012".to_owned(),
            stack: program.stem.clone(),
            params: params
                .map(|param| (param.name.clone(), value_of(param)))
                .collect(),
        }
    }

    /// Gives a parameter a value; false when there is no such parameter.
    pub fn set(&mut self, param: &str, value: &str) -> bool {
        match self.params.get_mut(param) {
            Some(known) => {
                value.clone_into(known);
                true
            }
            None => false,
        }
    }

    /// A state machine's ARN by its pipeline's name.
    pub fn machine_arn(&self, name: &str) -> String {
        self.text(&Tracer::outside(self.program).machine(name))
    }

    /// What stands for each `${key}` in a definition.
    pub fn substitutions(&self, definition: &Definition) -> BTreeMap<String, String> {
        self.fill(&definition.substitutions)
    }

    /// What stands for each of these.
    pub fn fill(&self, deploys: &BTreeMap<String, Deploy>) -> BTreeMap<String, String> {
        let tracer = Tracer::outside(self.program);
        deploys
            .iter()
            .map(|(key, deploy)| (key.clone(), self.text(&tracer.deploy(deploy))))
            .collect()
    }

    /// A policy as it would be attached.
    pub fn policy(&self, policy: &Policy, labels: &Labels) -> Value {
        let text = |pattern: &Pattern| vec![Value::String(self.write(pattern, Some(labels)))];
        let statements: Vec<Value> = policy
            .statements
            .iter()
            .map(|statement| statement.document(&text))
            .collect();
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    fn text(&self, pattern: &Pattern) -> String {
        self.write(pattern, None)
    }

    /// With labels it is a policy's text, in which characters that IAM reads are kept from it.
    fn write(&self, pattern: &Pattern, labels: Option<&Labels>) -> String {
        let mut text = String::new();
        for piece in pattern.pieces() {
            match piece {
                Piece::Text(part) if labels.is_some() => {
                    for c in part.chars() {
                        match c {
                            '*' | '?' | '$' => text.extend(["${", c.encode_utf8(&mut [0; 4]), "}"]),
                            c => text.push(c),
                        }
                    }
                }
                Piece::Text(part) => text.push_str(part),
                Piece::Deploy(deploy) => text.push_str(&self.deploy(deploy)),
                Piece::If(choice) => {
                    let chosen = if self.holds(&choice.condition) {
                        &choice.then
                    } else {
                        &choice.otherwise
                    };
                    text.push_str(&self.write(chosen, labels));
                }
                Piece::Label(item) => {
                    text.push_str(
                        labels
                            .and_then(|labels| labels.get(item))
                            .map_or("*", |l| l),
                    );
                }
                Piece::UrlSuffix => text.push_str(self.url_suffix()),
                Piece::Variable(name) => text.extend(["${", name, "}"]),
                Piece::One => text.push('?'),
                Piece::Any => text.push('*'),
            }
        }
        text
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Equal(left, right) => self.text(left) == self.text(right),
            Condition::Not(condition) => !self.holds(condition),
            Condition::All(conditions) => conditions.iter().all(|c| self.holds(c)),
            Condition::AnyOf(conditions) => conditions.iter().any(|c| self.holds(c)),
        }
    }

    fn url_suffix(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        }
    }

    fn deploy(&self, deploy: &Deploy) -> String {
        match deploy {
            Deploy::Param(id) => {
                let name = &self.program.param(*id).name;
                self.params.get(name).cloned().unwrap_or_default()
            }
            Deploy::Resource(id, form) => self.resource(*id, *form),
            Deploy::Machine(id) => self.machine_arn(&self.program.pipeline(*id).name),
            Deploy::Account => self.account.clone(),
            Deploy::Region => self.region.clone(),
            Deploy::Partition => self.partition.clone(),
            Deploy::StackName => self.stack.clone(),
            Deploy::StackUnique => CHOSEN_ID.to_owned(),
            Deploy::Attribute(id, attribute) => {
                format!("{}-{attribute}", self.names.resource(*id).resource).to_lowercase()
            }
            Deploy::Part(id, part) => self.part(*id, *part),
            Deploy::StepRole(id, step) => {
                let roles = &self.names.pipeline(*id).step_roles;
                self.role_arn(roles.get(step).map_or(step, |role| role))
            }
            Deploy::Import(export) => export.clone(),
        }
    }

    fn part(&self, id: ResourceId, part: Part) -> String {
        let names = self.names.resource(id);
        match part {
            Part::Role(at) => self.role_arn(names.roles.get(at).map_or("", |role| &role.role)),
            Part::Profile(at) => names
                .roles
                .get(at)
                .map_or_else(String::new, |role| self.chosen_name(&role.profile)),
            Part::LogGroup => self.chosen_name(&names.logs),
        }
    }

    fn role_arn(&self, logical: &str) -> String {
        format!(
            "arn:{}:iam::{}:role/{}",
            self.partition,
            self.account,
            self.chosen_name(logical)
        )
    }

    /// A name such as CloudFormation chooses.
    fn chosen_name(&self, logical: &str) -> String {
        format!("{}-{logical}-{CHOSEN_ID}", self.stack)
    }

    /// A resource that the template makes: its wished name, or one such as CloudFormation chooses.
    fn resource(&self, id: ResourceId, form: RefForm) -> String {
        let resource = self.program.resource(id);
        let wished = match &resource.origin {
            Origin::Existing(name) => Some(name),
            Origin::Created(creation) => creation.name.as_ref(),
        };
        let name = match wished {
            Some(name) => self.text(&Tracer::outside(self.program).constant(name)),
            None => format!("{}-{}", self.stack, self.names.resource(id).resource).to_lowercase(),
        };
        let template = match form {
            RefForm::Name => return name,
            RefForm::Arn => &resource.kind.arn,
            RefForm::Url => url_template(),
        };
        if template.parts.is_empty() {
            return name;
        }
        let parts = template.parts.iter().map(|part| match part {
            ArnPart::Text(text) => text.clone(),
            ArnPart::Partition => self.partition.clone(),
            ArnPart::Region => self.region.clone(),
            ArnPart::Account => self.account.clone(),
            ArnPart::UrlSuffix => self.url_suffix().to_owned(),
            ArnPart::Member(_) => name.trim_start_matches('/').to_owned(),
            // An id that the service chooses.
            ArnPart::Any => CHOSEN_ID.to_owned(),
            ArnPart::Machine | ArnPart::Variable(_) => String::new(),
        });
        parts.collect()
    }
}

fn value_of(param: &Param) -> String {
    match (&param.default, &param.ty) {
        (Some(default), _) => text_of(default),
        (None, Type::Enum(values)) => values.values.first().cloned().unwrap_or_default(),
        (None, Type::Int | Type::Number) => "1".to_owned(),
        (None, Type::Bool) => "false".to_owned(),
        (None, Type::Timestamp) => "2026-01-01T00:00:00Z".to_owned(),
        (None, _) => param.name.clone(),
    }
}

/// As a template's parameter takes it.
fn text_of(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => text.clone(),
        Literal::Number(number) => number.to_string(),
        Literal::Bool(value) => value.to_string(),
        Literal::List(elements) => {
            let texts: Vec<String> = elements.iter().map(text_of).collect();
            texts.join(",")
        }
        Literal::Null | Literal::Object(_) => String::new(),
    }
}
