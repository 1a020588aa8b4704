//! The template's logical names, and how a pattern reads with them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::catalog::resource::RefForm;
use crate::ir::pattern::{Choice, Condition, Pattern, Piece};
use crate::ir::{Deploy, Origin, ParamId, PipelineId, Program, ResourceId, VariableId};

/// Logical names of everything in the template: stable, readable, unique.
pub struct Names<'p> {
    program: &'p Program,
    params: Vec<String>,
    resources: Vec<String>,
    pipelines: Vec<PipelineNames>,
    /// What was found to need one, in the order of use.
    conditions: RefCell<Conditions>,
}

#[derive(Default)]
struct Conditions {
    taken: BTreeSet<String>,
    named: Vec<(String, Value)>,
}

/// The resources that a pipeline makes.
pub struct PipelineNames {
    pub machine: String,
    pub role: String,
    pub policy: String,
    pub logs: String,
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
            })
            .collect();
        let resources = program
            .resources
            .iter()
            .map(|r| match r.origin {
                Origin::Created { .. } => claim(&r.name, "", &mut taken),
                Origin::Existing(_) => String::new(),
            })
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

    /// Empty for an existing one.
    pub fn resource(&self, id: ResourceId) -> &str {
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
                let logical = self.resource(*id);
                let kind = self.program.resource(*id).kind;
                match form {
                    form if *form == kind.ref_form => logical.to_owned(),
                    RefForm::Arn => format!("{logical}.{}", kind.arn_attribute),
                    // The property that holds the name is an attribute too, where `Ref` gives something else.
                    RefForm::Name | RefForm::Url => {
                        let property = kind.name_property.rsplit('.').next().unwrap_or_default();
                        format!("{logical}.{property}")
                    }
                }
            }
            Deploy::Machine(id) => self.pipeline(*id).machine.clone(),
            Deploy::Account => "AWS::AccountId".to_owned(),
            Deploy::Region => "AWS::Region".to_owned(),
            Deploy::Partition => "AWS::Partition".to_owned(),
            Deploy::StackName => "AWS::StackName".to_owned(),
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
        self.write(pattern, labels, false).0
    }

    /// The pattern as a value of the template.
    pub fn value(&self, pattern: &Pattern, labels: &Labels) -> Value {
        if let Some(deploy) = pattern.as_deploy() {
            return self.deploy(deploy);
        }
        if let Some(choice) = pattern.as_choice() {
            return self.choice(choice, labels).1;
        }
        let (text, given) = self.write(pattern, labels, true);
        let late = pattern
            .pieces()
            .iter()
            .any(|p| matches!(p, Piece::Deploy(_) | Piece::If(_) | Piece::UrlSuffix));
        match (late, given.is_empty()) {
            (false, _) => Value::String(self.plain(pattern, labels)),
            (true, true) => json!({ "Fn::Sub": text }),
            (true, false) => json!({ "Fn::Sub": [text, given] }),
        }
    }

    /// A value of the deployment as a value of the template.
    pub fn deploy(&self, deploy: &Deploy) -> Value {
        let (name, value) = self.substitute(deploy);
        match (value, name.split_once('.')) {
            (Some(value), _) => value,
            (None, Some((logical, attribute))) => json!({ "Fn::GetAtt": [logical, attribute] }),
            (None, None) => json!({ "Ref": name }),
        }
    }

    /// With `sub`, what IAM has to see as `${…}` is kept from Fn::Sub.
    fn write(&self, pattern: &Pattern, labels: &Labels, sub: bool) -> (String, Map<String, Value>) {
        let open = if sub { "${!" } else { "${" };
        let mut text = String::new();
        let mut given = Map::new();
        for piece in pattern.pieces() {
            match piece {
                Piece::Text(part) => {
                    let mut rest = part.chars().peekable();
                    while let Some(c) = rest.next() {
                        match c {
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
