//! The calls of a pipeline and of those that it calls, by the names that a test can give them.

use std::collections::BTreeSet;

use crate::catalog::{self, Form};
use crate::ir::test::StagePlace;
use crate::ir::{
    Arguments, Binding, Block, Call, Items, Pipeline, PipelineId, Stage, StageKind, Target, Type,
};
use crate::resolve::program::Context;

/// A call, or a map over a dataset.
pub(super) struct Candidate {
    pub place: StagePlace,
    /// The step, the binding, what is called.
    names: Vec<String>,
    /// `glue`, `startJobRun`
    operation: Option<(String, String)>,
    pub arguments: Type,
    /// Of the stage's value; of a dataset, the list of its items.
    pub result: Type,
    /// Of the innermost map around.
    pub item: Option<Type>,
    /// And whether it calls a pipeline. None for a dataset.
    pub called: Option<(&'static Form, bool)>,
    pub is_dataset: bool,
}

/// All calls of a pipeline, then those of the pipelines that it calls.
pub(super) fn find_candidates(context: &mut Context<'_>, pipeline: PipelineId) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut open = vec![pipeline];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(pipeline) = context.pipeline(id) else {
            continue;
        };
        let mut walk = Walk {
            pipeline,
            id,
            found: Vec::new(),
            called: Vec::new(),
            functions: Vec::new(),
        };
        walk.block(&pipeline.body, None, None);
        let Walk {
            found: mut own,
            called,
            functions,
            ..
        } = walk;
        for (at, resource) in functions {
            if let Some(ast) = context.resource_ast(resource) {
                own[at].names.push(ast.name.node.clone());
            }
        }
        for (at, callee) in &called {
            if let Some(callee) = context.pipeline(*callee) {
                own[*at].names.push(callee.name.clone());
            }
        }
        found.extend(own);
        open.extend(called.into_iter().map(|(_, callee)| callee));
    }
    found
}

struct Walk<'p> {
    pipeline: &'p Pipeline,
    id: PipelineId,
    found: Vec<Candidate>,
    called: Vec<(usize, PipelineId)>,
    functions: Vec<(usize, crate::ir::ResourceId)>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block, item: Option<&Type>, alias: Option<&str>) {
        for stage in &block.stages {
            self.stage(stage, item, alias);
        }
    }

    fn stage(&mut self, stage: &Stage, item: Option<&Type>, alias: Option<&str>) {
        let bound = match &stage.binds {
            Binding::Name(variable) => Some(self.pipeline.variable(*variable).name.as_str()),
            _ => None,
        };
        match &stage.kind {
            StageKind::Call(call) => {
                let names = bound.into_iter().chain(alias).map(str::to_owned);
                self.call(stage, call, item, names.collect());
            }
            StageKind::Map(map) => {
                let inner = self.pipeline.variable(map.item).ty.clone();
                if let Items::Dataset(_) = &map.items {
                    let batched = map.distributed.as_ref().is_some_and(|d| d.batch.is_some());
                    let listed = if batched {
                        inner.clone()
                    } else {
                        Type::list(inner.clone())
                    };
                    let own = stage.name.base.strip_suffix("-map");
                    self.found.push(Candidate {
                        place: StagePlace::of(self.id, stage),
                        names: bound.into_iter().chain(own).map(str::to_owned).collect(),
                        operation: None,
                        arguments: Type::Any,
                        result: listed,
                        item: item.cloned(),
                        called: None,
                        is_dataset: true,
                    });
                }
                self.block(&map.body, Some(&inner), None);
                for handler in &stage.guard.catch {
                    self.block(&handler.block, item, None);
                }
                if let Some(block) = &stage.guard.finally {
                    self.block(block, item, None);
                }
                return;
            }
            StageKind::Poll(poll) => {
                self.block(&poll.block, item, bound.or(alias));
                for handler in &stage.guard.catch {
                    self.block(&handler.block, item, None);
                }
                if let Some(block) = &stage.guard.finally {
                    self.block(block, item, None);
                }
                return;
            }
            _ => {}
        }
        for block in stage.blocks() {
            self.block(block, item, None);
        }
    }

    fn call(&mut self, stage: &Stage, call: &Call, item: Option<&Type>, names: Vec<String>) {
        let at = self.found.len();
        match call.target {
            Target::Function(id) | Target::Activity(id) => self.functions.push((at, id)),
            Target::Pipeline(id) => self.called.push((at, id)),
            Target::Api => {}
        }
        let arguments = match &call.arguments {
            Arguments::Members(members) => Type::object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), plain(&value.ty), value.ty.is_nullable())),
            ),
            Arguments::Value(value) => plain(&value.ty),
        };
        self.found.push(Candidate {
            place: StagePlace::of(self.id, stage),
            names,
            operation: Some((
                call.operation.service.to_owned(),
                call.operation.name.clone(),
            )),
            arguments,
            result: call.result.clone(),
            item: item.cloned(),
            called: Some((call.form, matches!(call.target, Target::Pipeline(_)))),
            is_dataset: false,
        });
    }
}

/// A declared resource is passed by its name, its ARN or its URL.
fn plain(ty: &Type) -> Type {
    match ty {
        Type::Resource(_) => Type::String,
        ty => ty.clone(),
    }
}

/// The places of those that a name is about. Those of the tested pipeline come before those of others, calls before
/// datasets, and a name of its own before that of the step around.
pub(super) fn find(
    candidates: &[Candidate],
    parts: &[&str],
    quoted: bool,
    pipeline: PipelineId,
) -> Vec<usize> {
    let written = parts.join(".");
    let last = |base: &str| base.rsplit('.').next() == Some(written.as_str());
    let is_state = |candidate: &Candidate| {
        candidate.place.base == written || unnumbered(&written) == Some(&candidate.place.base)
    };
    let is_own = |candidate: &Candidate| {
        is_state(candidate)
            || last(&candidate.place.base)
            || candidate.names.contains(&written)
            || candidate
                .place
                .base
                .strip_suffix(written.as_str())
                .is_some_and(|before| before.ends_with('.'))
    };
    let is_step = |candidate: &Candidate| {
        let mut around: Vec<&str> = candidate.place.base.split('.').collect();
        around.pop();
        around.contains(&written.as_str())
    };
    let is_operation = |candidate: &Candidate| match parts {
        [service, operation] => candidate.operation.as_ref().is_some_and(|(of, name)| {
            name == operation
                && (of == service
                    || catalog::find_service(service).is_some_and(|known| known.name == of))
        }),
        _ => false,
    };
    let wanted: &[&dyn Fn(&Candidate) -> bool] = if quoted {
        &[&is_state]
    } else {
        &[&is_own, &is_operation, &is_step]
    };
    for is_dataset in [false, true] {
        for own in [true, false] {
            // A name of its own counts before the others, but all of that name are meant.
            for fits in wanted {
                let at: Vec<usize> = candidates
                    .iter()
                    .enumerate()
                    .filter(|(_, candidate)| {
                        (candidate.place.pipeline == pipeline) == own
                            && candidate.is_dataset == is_dataset
                            && fits(candidate)
                    })
                    .map(|(at, _)| at)
                    .collect();
                if !at.is_empty() {
                    return at;
                }
            }
        }
    }
    Vec::new()
}

/// `run` of `run-2`: the second state that was made for stages of this name.
fn unnumbered(name: &str) -> Option<&str> {
    let (base, number) = name.rsplit_once('-')?;
    number.parse::<u32>().ok().filter(|n| *n > 1).map(|_| base)
}

/// Whether a name is that of one state among those that were made for its stages.
pub(super) fn is_numbered(candidates: &[Candidate], at: &[usize], name: &str) -> bool {
    at.iter().all(|at| {
        let base = &candidates[*at].place.base;
        base != name && unnumbered(name) == Some(base)
    })
}

/// What can be named; with `dotted`, operations.
pub(super) fn names(candidates: &[Candidate], dotted: bool) -> Vec<String> {
    let mut names: Vec<String> = candidates
        .iter()
        .flat_map(|candidate| {
            let operation = candidate
                .operation
                .as_ref()
                .filter(|_| dotted)
                .map(|(service, name)| format!("{service}.{name}"));
            let own = if candidate.is_dataset {
                None
            } else {
                candidate.place.base.rsplit('.').next().map(str::to_owned)
            };
            own.into_iter()
                .chain(candidate.names.clone())
                .chain(operation)
        })
        .collect();
    names.sort();
    names.dedup();
    names
}
