//! The calls of state machines that others run.

use super::{Scope, check_stage, say};
use crate::catalog;
use crate::ir::Type;
use crate::source::{SourceFile, Sources};
use crate::syntax::{self, ast};

const TEXT: &str = include_str!("../../../tests/real/machines.flow");

#[test]
fn calls_of_real_machines_raise_no_error() {
    let mut sources = Sources::default();
    let file = sources.add(SourceFile::new("machines.flow", TEXT));
    let parsed = syntax::parse(file, &sources.get(file).text);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let (mut pipelines, mut calls, mut wrong) = (0, 0, String::new());
    for item in &parsed.file.items {
        let ast::ItemKind::Pipeline(pipeline) = &item.kind else {
            continue;
        };
        pipelines += 1;
        for stage in steps(pipeline) {
            let mut scope = scope_of(&parsed.file, pipeline);
            if matches!(stage.kind, ast::StageKind::Call { .. }) {
                calls += 1;
                check_stage(&mut scope, stage);
            }
            wrong += &say(&scope.diagnostics, &sources);
        }
    }
    assert_eq!(wrong, "");
    assert_eq!((pipelines, calls), (11, 33));
}

/// The stages of a pipeline's steps; of a poll, what it repeats.
fn steps(pipeline: &ast::Pipeline) -> impl Iterator<Item = &ast::Stage> {
    pipeline.members.iter().filter_map(|member| {
        let ast::MemberKind::Step(step) = &member.kind else {
            return None;
        };
        let ast::StepBody::Stage(stage) = &step.body else {
            return None;
        };
        Some(match &stage.kind {
            ast::StageKind::Poll(poll) => match &poll.body {
                ast::PollBody::Stage(inner) => inner.as_ref(),
                ast::PollBody::Block(_) => stage.as_ref(),
            },
            _ => stage.as_ref(),
        })
    })
}

/// All that an expression of the pipeline can name, wherever it stands: resources and parameters as text, results of its
/// calls of APIs with their types, what functions answer as anything.
fn scope_of(file: &ast::File, pipeline: &ast::Pipeline) -> Scope {
    let mut scope = Scope::default();
    for item in &file.items {
        match &item.kind {
            ast::ItemKind::Resource(resource) => scope.bind(&resource.name.node, Type::String),
            ast::ItemKind::Param(param) => {
                let is_int = matches!(&param.ty.kind, ast::TypeKind::Name(name) if name == "int");
                let ty = if is_int { Type::Int } else { Type::String };
                scope.bind(&param.name.node, ty);
            }
            _ => {}
        }
    }
    for param in &pipeline.params {
        scope.bind(&param.name.node, Type::String);
    }
    for name in ["item", "id"] {
        scope.bind(name, Type::String);
    }
    for member in &pipeline.members {
        let ast::MemberKind::Step(step) = &member.kind else {
            continue;
        };
        let ty = match &step.body {
            ast::StepBody::Stage(stage) => result_of(stage),
            _ => Type::Any,
        };
        scope.bind(&step.name.node, ty);
    }
    scope
}

fn result_of(stage: &ast::Stage) -> Type {
    let ast::StageKind::Call {
        service, operation, ..
    } = &stage.kind
    else {
        return Type::Any;
    };
    (catalog::find_service(&service.node))
        .and_then(|service| service.find_operation(&operation.node))
        .and_then(|operation| operation.complete())
        .map_or(Type::Any, |form| Type::Shape(form.result).expand())
}
