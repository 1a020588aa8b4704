//! The catalog as programs read it; `docs/CATALOG.md` describes the form, which only grows.

use serde::Serialize;

use super::page::ways;
use crate::catalog::grant::{Grant, GrantSource, When};
use crate::catalog::shape::{Shape, ShapeKind};
use crate::catalog::{
    self, Form, Operation, Overview, Pattern, Requirement, RequirementKind, Service, resource, wait,
};

#[derive(Serialize)]
pub(super) struct Services {
    services: Vec<ServiceRow>,
}

#[derive(Serialize)]
struct ServiceRow {
    name: &'static str,
    aliases: Vec<&'static str>,
    documented: bool,
    operations: usize,
    optimized: Vec<&'static str>,
}

pub(super) fn services(overview: &[Overview]) -> Services {
    let services = overview
        .iter()
        .map(|service| ServiceRow {
            name: service.name,
            aliases: catalog::aliases(service.name).collect(),
            documented: service.documented,
            operations: service.operations,
            optimized: service.optimized.clone(),
        })
        .collect();
    Services { services }
}

#[derive(Serialize)]
pub(super) struct ServicePage {
    service: &'static str,
    aliases: Vec<&'static str>,
    error_prefix: String,
    documented: bool,
    operations: Vec<OperationRow>,
}

#[derive(Serialize)]
struct OperationRow {
    name: String,
    refused: Option<String>,
    calls: Vec<CallRow>,
}

#[derive(Serialize)]
struct CallRow {
    way: &'static str,
    pattern: &'static str,
    resource: String,
    optimized: bool,
}

pub(super) fn service(service: &'static Service) -> ServicePage {
    let operations = service
        .operations()
        .map(|operation| OperationRow {
            name: operation.name.clone(),
            refused: operation.refused.clone(),
            calls: ways(operation)
                .into_iter()
                .map(|(way, form)| CallRow {
                    way: way.word(),
                    pattern: pattern(form.pattern),
                    resource: form.resource.clone(),
                    optimized: form.optimized,
                })
                .collect(),
        })
        .collect();
    ServicePage {
        service: service.name,
        aliases: catalog::aliases(service.name).collect(),
        error_prefix: service.error_prefix.clone(),
        documented: service.documented,
        operations,
    }
}

#[derive(Serialize)]
pub(super) struct OperationPage {
    service: &'static str,
    operation: String,
    refused: Option<String>,
    calls: Vec<Call>,
    types: Vec<TypeRow>,
}

#[derive(Serialize)]
struct Call {
    way: &'static str,
    pattern: &'static str,
    resource: String,
    optimized: bool,
    /// Places in `types`.
    arguments: usize,
    result: usize,
    requirements: Vec<RequirementRow>,
    errors: Vec<ErrorRow>,
    other_errors: bool,
    permissions: Vec<Permission>,
    not_granted: Vec<String>,
    unverified: Vec<String>,
    wait: Option<WaitRow>,
}

/// How the end of what a call starts is seen.
#[derive(Serialize)]
struct WaitRow {
    operation: &'static str,
    path: &'static str,
    running: &'static [&'static str],
    done: &'static [&'static str],
    failed: &'static [&'static str],
}

#[derive(Serialize)]
struct RequirementRow {
    kind: &'static str,
    members: Vec<String>,
}

#[derive(Serialize)]
struct ErrorRow {
    name: String,
    transient: bool,
}

#[derive(Serialize)]
struct Permission {
    actions: Vec<String>,
    /// Empty: AWS offers no resource-level permission.
    resources: Vec<String>,
    conditions: Vec<ConditionRow>,
    when: Option<WhenRow>,
    assumed: bool,
}

#[derive(Serialize)]
struct ConditionRow {
    operator: String,
    key: String,
    value: String,
}

#[derive(Serialize)]
struct WhenRow {
    member: String,
    /// `given`, `absent` or `one_of`
    is: &'static str,
    values: Vec<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum TypeRow {
    Object {
        members: Vec<MemberRow>,
        exactly_one: bool,
    },
    List {
        element: usize,
        min: Option<u64>,
        max: Option<u64>,
    },
    Map {
        key: Option<usize>,
        value: usize,
        min: Option<u64>,
        max: Option<u64>,
    },
    String {
        values: Vec<String>,
        min: Option<u64>,
        max: Option<u64>,
    },
    Int {
        min: Option<i64>,
        max: Option<i64>,
    },
    Number {
        min: Option<f64>,
        max: Option<f64>,
    },
    Bool,
    Timestamp,
    Bytes,
    Any,
}

#[derive(Serialize)]
struct MemberRow {
    name: String,
    other_spelling: Option<String>,
    #[serde(rename = "type")]
    ty: usize,
    required: bool,
    deprecated: bool,
    filled_in: bool,
    takes_any_json: bool,
    holds_json: bool,
    resources: Vec<&'static str>,
}

pub(super) fn operation(operation: &Operation) -> OperationPage {
    let mut types = Types::default();
    let calls = ways(operation)
        .into_iter()
        .map(|(way, form)| call(operation, way.word(), form, &mut types))
        .collect();
    OperationPage {
        service: operation.service,
        operation: operation.name.clone(),
        refused: operation.refused.clone(),
        calls,
        types: types.rows(),
    }
}

fn call(operation: &Operation, way: &'static str, form: &Form, types: &mut Types) -> Call {
    let wait = (form.pattern == Pattern::RequestResponse)
        .then(|| wait::find_wait(operation.service, &operation.name))
        .flatten();
    Call {
        way,
        pattern: pattern(form.pattern),
        resource: form.resource.clone(),
        optimized: form.optimized,
        arguments: types.place(form.input),
        result: types.place(form.result),
        requirements: form.requirements().iter().map(requirement).collect(),
        errors: form
            .errors
            .iter()
            .map(|name| ErrorRow {
                name: name.clone(),
                transient: form.transient.contains(name),
            })
            .collect(),
        other_errors: form.open_errors,
        permissions: form.grants.iter().map(permission).collect(),
        not_granted: form.dependents.clone(),
        unverified: form.unverified.clone(),
        wait: wait.map(|wait| WaitRow {
            operation: wait.poll,
            path: wait.path,
            running: wait.running,
            done: wait.done,
            failed: wait.failed,
        }),
    }
}

fn pattern(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::RequestResponse => "request_response",
        Pattern::Sync => "sync",
        Pattern::Callback => "wait_for_task_token",
    }
}

fn requirement(requirement: &Requirement) -> RequirementRow {
    RequirementRow {
        kind: match requirement.kind {
            RequirementKind::ExactlyOne => "exactly_one",
            RequirementKind::AtLeastOne => "at_least_one",
            RequirementKind::AtMostOne => "at_most_one",
            RequirementKind::Together => "all_or_none",
        },
        members: requirement.members.clone(),
    }
}

fn permission(grant: &Grant) -> Permission {
    Permission {
        actions: grant.actions.clone(),
        resources: grant.resources.iter().map(ToString::to_string).collect(),
        conditions: grant
            .conditions
            .iter()
            .map(|condition| ConditionRow {
                operator: condition.operator.clone(),
                key: condition.key.clone(),
                value: condition.value.to_string(),
            })
            .collect(),
        when: grant.when.as_ref().map(when),
        assumed: grant.source == GrantSource::Assumed,
    }
}

fn when(when: &When) -> WhenRow {
    let row = |member: &str, is, values: &[String]| WhenRow {
        member: member.to_owned(),
        is,
        values: values.to_vec(),
    };
    match when {
        When::Given(path) => row(path, "given", &[]),
        When::Absent(path) => row(path, "absent", &[]),
        When::OneOf(path, values) => row(path, "one_of", values),
    }
}

/// The types of a page, each in one place: they may be recursive.
#[derive(Default)]
struct Types {
    shapes: Vec<Shape>,
}

impl Types {
    fn place(&mut self, shape: Shape) -> usize {
        match self.shapes.iter().position(|known| *known == shape) {
            Some(at) => at,
            None => {
                self.shapes.push(shape);
                self.shapes.len() - 1
            }
        }
    }

    /// All types that those with a place lead to.
    fn rows(mut self) -> Vec<TypeRow> {
        let mut rows = Vec::new();
        while let Some(shape) = self.shapes.get(rows.len()).copied() {
            rows.push(self.row(shape));
        }
        rows
    }

    fn row(&mut self, shape: Shape) -> TypeRow {
        match shape.kind() {
            ShapeKind::Structure { union, .. } => TypeRow::Object {
                members: shape
                    .members()
                    .map(|member| MemberRow {
                        name: member.raw.name.clone(),
                        other_spelling: member.raw.api_name.clone(),
                        ty: self.place(member.shape),
                        required: member.raw.required,
                        deprecated: member.raw.deprecated,
                        filled_in: member.raw.idempotency_token,
                        takes_any_json: member.raw.any_json,
                        holds_json: member.raw.json_text,
                        resources: resource::named_kinds(shape.service(), &member.raw.name)
                            .to_vec(),
                    })
                    .collect(),
                exactly_one: *union,
            },
            ShapeKind::List { element, min, max } => TypeRow::List {
                element: self.place(shape.at(*element)),
                min: *min,
                max: *max,
            },
            ShapeKind::Map {
                key,
                value,
                min,
                max,
            } => TypeRow::Map {
                key: key.map(|key| self.place(shape.at(key))),
                value: self.place(shape.at(*value)),
                min: *min,
                max: *max,
            },
            ShapeKind::String { values, min, max } => TypeRow::String {
                values: values.clone(),
                min: *min,
                max: *max,
            },
            ShapeKind::Integer { min, max } => TypeRow::Int {
                min: *min,
                max: *max,
            },
            ShapeKind::Number { min, max } => TypeRow::Number {
                min: *min,
                max: *max,
            },
            ShapeKind::Boolean => TypeRow::Bool,
            ShapeKind::Timestamp => TypeRow::Timestamp,
            ShapeKind::Blob => TypeRow::Bytes,
            ShapeKind::Json => TypeRow::Any,
        }
    }
}
