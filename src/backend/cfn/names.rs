//! The template's logical names, and how a pattern reads with them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::catalog::created;
use crate::catalog::resource::RefForm;
use crate::ir::pattern::{Choice, Condition, Pattern, Piece};
use crate::ir::{
    Deploy, ParamId, Part, PipelineId, Program, Resource, ResourceId, VariableId, access,
};

/// Logical names of everything in the template: stable, readable, unique.
pub struct Names<'p> {
    program: &'p Program,
    params: Vec<String>,
    resources: Vec<ResourceNames>,
    pipelines: Vec<PipelineNames>,
    /// What was found to need one, in the order of use.
    conditions: RefCell<Conditions>,
}

#[derive(Default)]
struct Conditions {
    taken: BTreeSet<String>,
    named: Vec<(String, Value)>,
}

/// The resources that a pipeline makes, as far as others refer to them.
pub struct PipelineNames {
    pub machine: String,
    pub role: String,
    pub policy: String,
    pub logs: String,
    /// What triggers start instead of the machine; empty without a release.
    pub alias: String,
    /// The roles of its steps, by step.
    pub step_roles: BTreeMap<String, String>,
}

/// A made resource, and what comes along with it. All empty for an existing one.
#[derive(Default)]
pub struct ResourceNames {
    pub resource: String,
    /// In the order of the catalog's roles of the type, made or not.
    pub roles: Vec<RoleNames>,
    pub logs: String,
}

pub struct RoleNames {
    pub role: String,
    pub profile: String,
}

impl ResourceNames {
    fn claim(resource: &Resource, taken: &mut BTreeSet<String>) -> Self {
        let Some(creation) = resource.creation() else {
            return Self::default();
        };
        let name = &resource.name;
        let mut claim_part = |made: bool, suffix: &str| {
            if made {
                claim(name, suffix, taken)
            } else {
                String::new()
            }
        };
        Self {
            resource: claim_part(true, ""),
            roles: created::find(&resource.cfn_type)
                .roles
                .iter()
                .map(|role| {
                    let made = creation.roles.iter().any(|own| std::ptr::eq(*own, role));
                    RoleNames {
                        role: claim_part(made, &format!("{}Role", role.suffix)),
                        profile: claim_part(
                            made && role.profile,
                            &format!("{}Profile", role.suffix),
                        ),
                    }
                })
                .collect(),
            logs: claim_part(creation.logs.is_some(), "Logs"),
        }
    }
}

impl<'p> Names<'p> {
    pub fn new(program: &'p Program) -> Self {
        let mut taken = BTreeSet::new();
        let params = program
            .params
            .iter()
            .map(|p| claim(&p.name, "", &mut taken))
            .collect();
        let pipelines = program
            .pipelines
            .iter()
            .map(|p| PipelineNames {
                machine: claim(&p.name, "", &mut taken),
                role: claim(&p.name, "Role", &mut taken),
                policy: claim(&p.name, "Policy", &mut taken),
                logs: claim(&p.name, "Logs", &mut taken),
                alias: match &p.settings.release {
                    Some(_) => claim(&p.name, "Alias", &mut taken),
                    None => String::new(),
                },
                step_roles: access::steps(p)
                    .into_iter()
                    .map(|step| {
                        let own = format!("{}{}", pascal(&p.name), pascal(&step));
                        let role = claim(&own, "Role", &mut taken);
                        (step, role)
                    })
                    .collect(),
            })
            .collect();
        let resources = program
            .resources
            .iter()
            .map(|r| ResourceNames::claim(r, &mut taken))
            .collect();
        Self {
            program,
            params,
            resources,
            pipelines,
            conditions: RefCell::new(Conditions {
                taken,
                named: Vec::new(),
            }),
        }
    }

    /// A logical name for something that nothing else refers to by a pattern.
    pub fn claim(&self, of: &str, suffix: &str) -> String {
        claim(of, suffix, &mut self.conditions.borrow_mut().taken)
    }

    /// The conditions that the values so far refer to.
    pub fn conditions(&self) -> Map<String, Value> {
        self.conditions.borrow().named.iter().cloned().collect()
    }

    /// The name of a condition.
    pub fn condition(&self, condition: &Condition) -> String {
        let value = self.condition_value(condition);
        let mut conditions = self.conditions.borrow_mut();
        if let Some((name, _)) = conditions.named.iter().find(|(_, known)| *known == value) {
            return name.clone();
        }
        let wanted = match condition {
            Condition::Equal(left, right) => match (left.as_deploy(), right.as_text()) {
                (Some(Deploy::Param(id)), Some(text)) => {
                    format!("{}Is{}", self.param(*id), pascal(text))
                }
                _ => "Condition".to_owned(),
            },
            _ => "Condition".to_owned(),
        };
        let name = claim(&wanted, "", &mut conditions.taken);
        conditions.named.push((name.clone(), value));
        name
    }

    fn condition_value(&self, condition: &Condition) -> Value {
        let all = |conditions: &[Condition]| -> Value {
            conditions.iter().map(|c| self.condition_value(c)).collect()
        };
        match condition {
            Condition::Equal(left, right) => {
                let none = Labels::new();
                json!({ "Fn::Equals": [self.value(left, &none), self.value(right, &none)] })
            }
            Condition::Not(condition) => json!({ "Fn::Not": [self.condition_value(condition)] }),
            Condition::All(conditions) => json!({ "Fn::And": all(conditions) }),
            Condition::AnyOf(conditions) => json!({ "Fn::Or": all(conditions) }),
        }
    }

    fn choice(&self, choice: &Choice, labels: &Labels) -> (String, Value) {
        let name = self.condition(&choice.condition);
        let value = json!({ "Fn::If": [
            name,
            self.value(&choice.then, labels),
            self.value(&choice.otherwise, labels),
        ] });
        (format!("If{name}"), value)
    }

    pub fn param(&self, id: ParamId) -> &str {
        &self.params[id.0 as usize]
    }

    pub fn resource(&self, id: ResourceId) -> &ResourceNames {
        &self.resources[id.0 as usize]
    }

    pub fn pipeline(&self, id: PipelineId) -> &PipelineNames {
        &self.pipelines[id.0 as usize]
    }

    /// What stands between `${` and `}` of Fn::Sub for a value of the deployment, and the value itself when Fn::Sub
    /// cannot name it.
    fn substitute(&self, deploy: &Deploy) -> (String, Option<Value>) {
        let name = match deploy {
            Deploy::Param(id) => self.param(*id).to_owned(),
            Deploy::Resource(id, form) => {
                let logical = &self.resource(*id).resource;
                let kind = self.program.resource(*id).kind;
                match kind.available(*form) {
                    form if form == kind.ref_form => logical.to_owned(),
                    RefForm::Arn => format!("{logical}.{}", kind.arn_attribute),
                    RefForm::Name | RefForm::Url => format!("{logical}.{}", kind.name_attribute),
                }
            }
            Deploy::Attribute(id, name) => format!("{}.{name}", self.resource(*id).resource),
            Deploy::Part(id, part) => {
                let names = self.resource(*id);
                match part {
                    Part::Role(at) => format!("{}.Arn", names.roles[*at].role),
                    Part::Profile(at) => names.roles[*at].profile.clone(),
                    Part::LogGroup => names.logs.clone(),
                }
            }
            Deploy::StepRole(id, step) => {
                let roles = &self.pipeline(*id).step_roles;
                format!("{}.Arn", roles.get(step).map_or("", String::as_str))
            }
            Deploy::Machine(id) => self.pipeline(*id).machine.clone(),
            Deploy::Account => "AWS::AccountId".to_owned(),
            Deploy::Region => "AWS::Region".to_owned(),
            Deploy::Partition => "AWS::Partition".to_owned(),
            Deploy::StackName => "AWS::StackName".to_owned(),
            Deploy::StackUnique => {
                // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/8-4-4-4-12
                let id =
                    json!({ "Fn::Select": [2, { "Fn::Split": ["/", { "Ref": "AWS::StackId" }] }] });
                let last = json!({ "Fn::Select": [4, { "Fn::Split": ["-", id] }] });
                return ("Unique".to_owned(), Some(last));
            }
            Deploy::Import(export) => {
                let name = format!("Import{}", pascal(export));
                return (name, Some(json!({ "Fn::ImportValue": export })));
            }
        };
        (name, None)
    }

    /// The pattern as people read it: each text that the deployment can decide for.
    pub fn each_plain(&self, pattern: &Pattern, labels: &Labels) -> Vec<String> {
        match pattern.split_choice() {
            None => vec![self.plain(pattern, labels)],
            Some((then, otherwise)) => {
                let mut texts = self.each_plain(&then, labels);
                for text in self.each_plain(&otherwise, labels) {
                    if !texts.contains(&text) {
                        texts.push(text);
                    }
                }
                texts
            }
        }
    }

    /// The pattern as a policy's text with `${…}` in it.
    pub fn plain(&self, pattern: &Pattern, labels: &Labels) -> String {
        self.write(pattern, labels, Reader::People).0
    }

    /// The pattern as a value of the template that IAM never sees: `*` and `?` stand for themselves.
    pub fn text(&self, pattern: &Pattern) -> Value {
        if let Some(deploy) = pattern.as_deploy() {
            return self.deploy(deploy);
        }
        if let Some(text) = pattern.as_text() {
            return Value::String(text.to_owned());
        }
        if let Some(choice) = pattern.as_choice() {
            return json!({ "Fn::If": [
                self.condition(&choice.condition),
                self.text(&choice.then),
                self.text(&choice.otherwise),
            ] });
        }
        let (text, given) = self.write(pattern, &Labels::new(), Reader::Template);
        substitution(text, given)
    }

    /// The pattern as a value of the template.
    pub fn value(&self, pattern: &Pattern, labels: &Labels) -> Value {
        if let Some(deploy) = pattern.as_deploy() {
            return self.deploy(deploy);
        }
        if let Some(choice) = pattern.as_choice() {
            return self.choice(choice, labels).1;
        }
        let (text, given) = self.write(pattern, labels, Reader::Policy);
        let late = pattern
            .pieces()
            .iter()
            .any(|p| matches!(p, Piece::Deploy(_) | Piece::If(_) | Piece::UrlSuffix));
        match late {
            false => Value::String(self.plain(pattern, labels)),
            true => substitution(text, given),
        }
    }

    /// A value of the deployment as a value of the template.
    pub fn deploy(&self, deploy: &Deploy) -> Value {
        let (name, value) = self.substitute(deploy);
        match (value, name.split_once('.')) {
            (Some(value), _) => value,
            (None, Some((logical, attribute))) => json!({ "Fn::GetAtt": [logical, attribute] }),
            (None, None) => object! { "Ref": name },
        }
    }

    /// What IAM has to see as `${…}` is kept from Fn::Sub.
    fn write(
        &self,
        pattern: &Pattern,
        labels: &Labels,
        reader: Reader,
    ) -> (String, Map<String, Value>) {
        let open = if reader == Reader::People {
            "${"
        } else {
            "${!"
        };
        let mut text = String::new();
        let mut given = Map::new();
        for piece in pattern.pieces() {
            match piece {
                Piece::Text(part) => {
                    let mut rest = part.chars().peekable();
                    while let Some(c) = rest.next() {
                        match c {
                            '$' if reader == Reader::Template && rest.peek() == Some(&'{') => {
                                rest.next();
                                text.push_str("${!");
                            }
                            c if reader == Reader::Template => text.push(c),
                            '*' | '?' => text.extend([open, c.encode_utf8(&mut [0; 4]), "}"]),
                            '$' if rest.peek() == Some(&'{') => text.extend([open, "$}"]),
                            c => text.push(c),
                        }
                    }
                }
                Piece::Deploy(deploy) => {
                    let (name, value) = self.substitute(deploy);
                    text.extend(["${", &name, "}"]);
                    if let Some(value) = value {
                        given.insert(name, value);
                    }
                }
                Piece::If(choice) => {
                    let (name, value) = self.choice(choice, labels);
                    text.extend(["${", &name, "}"]);
                    let known = given.iter().any(|(n, v)| *n == name && *v != value);
                    let name = if known {
                        format!("{name}{}", given.len())
                    } else {
                        name
                    };
                    given.insert(name, value);
                }
                Piece::Label(item) => match labels.get(item) {
                    Some(label) => text.push_str(label),
                    None => text.push('*'),
                },
                Piece::Variable(name) => text.extend([open, name, "}"]),
                Piece::UrlSuffix => text.push_str("${AWS::URLSuffix}"),
                Piece::One => text.push('?'),
                Piece::Any => text.push('*'),
            }
        }
        (text, given)
    }
}

/// Who sees a written pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// IAM, when Fn::Sub is through with it.
    Policy,
    People,
    /// A service, when Fn::Sub is through with it.
    Template,
}

/// The labels of a pipeline's distributed maps.
pub type Labels = BTreeMap<VariableId, String>;

/// `sales_daily` → `SalesDaily`. What a logical name may not hold is left out.
pub fn pascal(name: &str) -> String {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .map(|word| {
            let mut letters = word.chars();
            match letters.next() {
                Some(first) => first.to_uppercase().chain(letters).collect::<String>(),
                None => String::new(),
            }
        })
        .collect()
}

fn substitution(text: String, given: Map<String, Value>) -> Value {
    match given.is_empty() {
        true => object! { "Fn::Sub": text },
        false => object! { "Fn::Sub": vec![Value::String(text), Value::Object(given)] },
    }
}

fn claim(name: &str, suffix: &str, taken: &mut BTreeSet<String>) -> String {
    let mut base = pascal(name);
    if base.is_empty() || base.starts_with(|c: char| c.is_ascii_digit()) {
        base.insert(0, 'X');
    }
    base.push_str(suffix);
    let mut claimed = base.clone();
    let mut number = 1;
    while !taken.insert(claimed.clone()) {
        number += 1;
        claimed = format!("{base}{number}");
    }
    claimed
}
