//! Programs built by hand: the smallest that say one thing.

use flowc::backend::asl::Definition;
use flowc::backend::asl::state::{Machine, State, Succeed};
use flowc::catalog::resource::{RefForm, find_kind};
use flowc::catalog::{self, Pattern};
use flowc::ir::types::EnumType;
use flowc::ir::*;
use flowc::source::{FileId, Span};
use std::sync::Arc;

/// A place of its own for each number, so that what is told apart by places stays apart.
pub fn span(at: usize) -> Span {
    Span::new(FileId(0), at, at + 1)
}

pub fn typed(kind: ExprKind, ty: Type, time: Time) -> Expr {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1000);
    let at = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let span = span(at);
    Expr {
        kind,
        ty,
        time,
        span,
    }
}

pub fn text(text: &str) -> Expr {
    let literal = Literal::String(text.to_owned());
    typed(ExprKind::Literal(literal), Type::String, Time::Build)
}

pub fn template(parts: Vec<Expr>) -> Expr {
    typed(ExprKind::Template(parts), Type::String, Time::Run)
}

pub fn variable(id: u32, ty: Type) -> Expr {
    typed(ExprKind::Variable(VariableId(id)), ty, Time::Run)
}

pub fn member(base: Expr, name: &str, ty: Type) -> Expr {
    let base = Box::new(base);
    let name = name.to_owned();
    typed(ExprKind::Member { base, name }, ty, Time::Run)
}

pub fn either(then: Expr, otherwise: Expr) -> Expr {
    let kind = ExprKind::If {
        condition: Box::new(variable(0, Type::Bool)),
        then: Box::new(then),
        otherwise: Box::new(otherwise),
    };
    typed(kind, Type::String, Time::Run)
}

pub fn list(elements: Vec<Expr>) -> Expr {
    let elements = elements
        .into_iter()
        .map(|value| Element {
            spread: false,
            value,
        })
        .collect();
    typed(ExprKind::List(elements), Type::list(Type::Any), Time::Run)
}

pub fn object(members: Vec<(&str, Expr)>) -> Expr {
    let entries = members
        .into_iter()
        .map(|(key, value)| Entry::Pair {
            key: key.to_owned(),
            value,
        })
        .collect();
    typed(ExprKind::Object(entries), Type::Any, Time::Run)
}

pub fn late(deploy: Deploy) -> Expr {
    typed(ExprKind::Deploy(deploy), Type::String, Time::Deploy)
}

pub fn resource_name(id: u32) -> Expr {
    late(Deploy::Resource(ResourceId(id), RefForm::Name))
}

pub fn resource_arn(id: u32) -> Expr {
    late(Deploy::Resource(ResourceId(id), RefForm::Arn))
}

pub fn one_of(values: &[&str]) -> Type {
    Type::Enum(Arc::new(EnumType {
        values: values.iter().map(|v| (*v).to_owned()).collect(),
        open: false,
    }))
}

/// A call in one of its patterns, its stage named after the operation.
pub fn call(
    service: &str,
    operation: &str,
    pattern: Pattern,
    arguments: Vec<(&str, Expr)>,
) -> Call {
    let operation = catalog::find_service(service)
        .and_then(|service| service.find_operation(operation))
        .unwrap_or_else(|| panic!("{service}.{operation} is not there"));
    let form = operation
        .form(pattern)
        .unwrap_or_else(|| panic!("{service}.{} has no {pattern:?}", operation.name));
    Call {
        operation,
        form,
        target: Target::Api,
        arguments: Arguments::Members(
            arguments
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        ),
        value_path: Vec::new(),
        parse: false,
        result: Type::Any,
        timeout: None,
        heartbeat: None,
        credentials: None,
        within: None,
        accesses: Vec::new(),
        span: span(0),
    }
}

pub fn sync(service: &str, operation: &str, arguments: Vec<(&str, Expr)>) -> Call {
    call(service, operation, Pattern::Sync, arguments)
}

pub fn request(service: &str, operation: &str, arguments: Vec<(&str, Expr)>) -> Call {
    call(service, operation, Pattern::RequestResponse, arguments)
}

pub fn stage(name: &str, kind: StageKind) -> Stage {
    Stage {
        kind,
        binds: Binding::None,
        guard: Guard::default(),
        name: StateName {
            base: name.to_owned(),
            exact: false,
        },
        ty: Type::Any,
        doc: None,
        span: span(0),
        expanded_from: Vec::new(),
    }
}

pub fn calls(calls: Vec<Call>) -> Vec<Stage> {
    calls
        .into_iter()
        .map(|call| {
            let name = call.operation.name.clone();
            stage(&name, StageKind::Call(Box::new(call)))
        })
        .collect()
}

/// A run-time variable, known by its place in the list.
pub fn bound(name: &str, ty: Type, value: Option<Expr>) -> Variable {
    Variable {
        name: name.to_owned(),
        kind: VariableKind::Let,
        ty,
        value,
        span: span(0),
    }
}

pub fn pipeline(name: &str, stages: Vec<Stage>) -> Pipeline {
    Pipeline {
        name: name.to_owned(),
        doc: None,
        params: Vec::new(),
        settings: Settings {
            log: Log {
                level: LogLevel::Off,
                ..Log::default()
            },
            ..Settings::default()
        },
        variables: (0..10)
            .map(|i| bound(&format!("v{i}"), Type::String, None))
            .collect(),
        label: LabelId(0),
        body: Block { stages },
        returns: Type::Any,
        labels: 1,
        span: span(0),
        accesses: std::cell::OnceCell::new(),
    }
}

pub fn existing(kind: &str, name: &str) -> Resource {
    resource(kind, name, Origin::Existing(text(name)))
}

pub fn created(kind: &str, name: &str) -> Resource {
    resource(kind, name, Origin::Created(Creation::default()))
}

pub fn resource(kind: &str, name: &str, origin: Origin) -> Resource {
    let kind = find_kind(kind).unwrap_or_else(|| panic!("no kind {kind}"));
    Resource {
        name: name.to_owned(),
        kind,
        cfn_type: kind.cfn_type.to_owned(),
        origin,
        returns: Type::Any,
        doc: None,
        span: span(0),
    }
}

pub fn param(name: &str, ty: Type, default: Option<&str>) -> Param {
    Param {
        name: name.to_owned(),
        ty,
        default: default.map(|d| Literal::String(d.to_owned())),
        doc: None,
        span: span(0),
    }
}

pub fn program(stages: Vec<Stage>) -> Program {
    Program {
        file: FileId(0),
        stem: "test".to_owned(),
        doc: None,
        params: Vec::new(),
        resources: Vec::new(),
        pipelines: vec![pipeline("load", stages)],
        tests: Vec::new(),
    }
}

/// A definition of one state: what it does is of no matter to what stands around it.
pub fn definition() -> Definition {
    let mut states = indexmap::IndexMap::new();
    states.insert(
        "Done".to_owned(),
        State::Succeed(Succeed {
            comment: None,
            output: None,
        }),
    );
    Definition {
        machine: Machine {
            comment: None,
            query_language: "JSONata",
            timeout_seconds: None,
            start_at: "Done".to_owned(),
            states,
        },
        substitutions: std::collections::BTreeMap::new(),
        labels: std::collections::BTreeMap::new(),
        origins: indexmap::IndexMap::new(),
        variables: std::collections::BTreeMap::new(),
    }
}

pub fn equal(left: Expr, right: Expr) -> Expr {
    let kind = ExprKind::Binary {
        op: Binary::Eq,
        left: Box::new(left),
        right: Box::new(right),
    };
    typed(kind, Type::Bool, Time::Deploy)
}

/// What the deployment decides.
pub fn decided(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    let kind = ExprKind::If {
        condition: Box::new(condition),
        then: Box::new(then),
        otherwise: Box::new(otherwise),
    };
    typed(kind, Type::String, Time::Deploy)
}
