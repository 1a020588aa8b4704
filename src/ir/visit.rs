//! Walks over everything that a pipeline or a resource holds.

use super::{
    Arguments, Batch, Block, Call, Expr, Fail, Items, Map, Origin, Pipeline, PipelineId, Resource,
    ResourceId, Stage, StageKind, Target, Tolerate,
};

impl Expr {
    /// Calls `visit` with every part, the parts of a part before itself.
    pub fn for_each_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        for child in self.children_mut() {
            child.for_each_mut(visit);
        }
        visit(self);
    }
}

impl Resource {
    /// All expressions of its name and properties, with all their parts.
    pub fn for_each_expr_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match &mut self.origin {
            Origin::Existing(name) => name.for_each_mut(visit),
            Origin::Created(creation) => {
                if let Some(name) = &mut creation.name {
                    name.for_each_mut(visit);
                }
                for (_, value) in &mut creation.properties {
                    value.for_each_mut(visit);
                }
                for touch in &mut creation.touches {
                    if let Some(path) = &mut touch.path {
                        path.for_each_mut(visit);
                    }
                }
            }
        }
    }

    /// All resources that are named outside of expressions.
    pub fn for_each_resource_mut(&mut self, visit: &mut dyn FnMut(&mut ResourceId)) {
        if let Origin::Created(creation) = &mut self.origin {
            creation
                .touches
                .iter_mut()
                .for_each(|touch| visit(&mut touch.resource));
            creation.depends_on.iter_mut().for_each(visit);
        }
    }
}

impl Pipeline {
    /// All expressions, with all their parts.
    pub fn for_each_expr_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        for param in &mut self.params {
            if let Some(default) = &mut param.default {
                default.for_each_mut(visit);
            }
        }
        if let Some(keep) = &mut self.settings.log.keep {
            keep.for_each_mut(visit);
        }
        for (_, value) in &mut self.settings.tags {
            value.for_each_mut(visit);
        }
        if let Some(key) = &mut self.settings.encrypt {
            key.for_each_mut(visit);
        }
        for trigger in &mut self.settings.triggers {
            trigger.for_each_expr_mut(&mut |expr| expr.for_each_mut(visit));
        }
        for variable in &mut self.variables {
            if let Some(value) = &mut variable.value {
                value.for_each_mut(visit);
            }
        }
        for_each_stage_mut(&mut self.body, &mut |stage| {
            stage.own_exprs_mut(&mut |expr| expr.for_each_mut(visit));
        });
    }

    /// All resources that are named outside of expressions.
    pub fn for_each_resource_mut(&mut self, visit: &mut dyn FnMut(&mut ResourceId)) {
        if let Some(role) = &mut self.settings.role {
            visit(role);
        }
        for alarm in &mut self.settings.alarms {
            alarm.notify.iter_mut().for_each(&mut *visit);
        }
        for trigger in &mut self.settings.triggers {
            trigger
                .source
                .resource_mut()
                .into_iter()
                .for_each(&mut *visit);
        }
        for_each_stage_mut(&mut self.body, &mut |stage| match &mut stage.kind {
            StageKind::Call(call) => {
                if let Target::Function(id) | Target::Activity(id) = &mut call.target {
                    visit(id);
                }
                for access in &mut call.accesses {
                    visit(&mut access.resource);
                }
            }
            StageKind::Map(map) => {
                if let Items::Dataset(dataset) = &mut map.items {
                    for access in &mut dataset.accesses {
                        visit(&mut access.resource);
                    }
                }
            }
            _ => {}
        });
    }

    /// All pipelines that are called.
    pub fn for_each_target_mut(&mut self, visit: &mut dyn FnMut(&mut PipelineId)) {
        for_each_stage_mut(&mut self.body, &mut |stage| {
            if let StageKind::Call(call) = &mut stage.kind
                && let Target::Pipeline(id) = &mut call.target
            {
                visit(id);
            }
        });
    }
}

/// Calls `visit` with every stage of a block, outer ones before inner ones.
pub fn for_each_stage_mut(block: &mut Block, visit: &mut dyn FnMut(&mut Stage)) {
    for stage in &mut block.stages {
        visit(stage);
        for inner in stage.blocks_mut() {
            for_each_stage_mut(inner, visit);
        }
    }
}

/// Calls `visit` with every stage of a block, outer ones before inner ones.
pub fn for_each_stage<'a>(block: &'a Block, visit: &mut dyn FnMut(&'a Stage)) {
    for stage in &block.stages {
        visit(stage);
        for inner in stage.blocks() {
            for_each_stage(inner, visit);
        }
    }
}

impl Stage {
    /// As [`Stage::blocks`], to change them in place.
    pub fn blocks_mut(&mut self) -> Vec<&mut Block> {
        let mut blocks: Vec<&mut Block> = match &mut self.kind {
            StageKind::Block { block, .. } | StageKind::Loop { block, .. } => vec![block],
            StageKind::Map(map) => vec![&mut map.body],
            StageKind::Parallel { branches, .. } => {
                branches.iter_mut().map(|b| &mut b.block).collect()
            }
            StageKind::If {
                arms, otherwise, ..
            } => arms
                .iter_mut()
                .map(|(_, block)| block)
                .chain([otherwise])
                .collect(),
            StageKind::Poll(poll) => vec![&mut poll.block],
            StageKind::Call(_)
            | StageKind::Pass(_)
            | StageKind::Assign { .. }
            | StageKind::Wait(_)
            | StageKind::WaitUntil(_)
            | StageKind::Fail(_)
            | StageKind::Return { .. }
            | StageKind::Break(_)
            | StageKind::Continue(_) => Vec::new(),
        };
        blocks.extend(
            self.guard
                .catch
                .iter_mut()
                .map(|handler| &mut handler.block),
        );
        blocks.extend(&mut self.guard.finally);
        blocks
    }

    /// The expressions of the stage itself, without those of the blocks in it.
    pub fn own_exprs_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match &mut self.kind {
            StageKind::Call(call) => call_exprs_mut(call, visit),
            StageKind::Pass(value)
            | StageKind::Assign { value, .. }
            | StageKind::Wait(value)
            | StageKind::WaitUntil(value)
            | StageKind::Return { value, .. } => visit(value),
            StageKind::Map(map) => map_exprs_mut(map, visit),
            StageKind::If { arms, .. } => arms.iter_mut().for_each(|(c, _)| visit(c)),
            StageKind::Poll(poll) => {
                for fail in &mut poll.fail_when {
                    visit(&mut fail.condition);
                    fail.cause.iter_mut().for_each(&mut *visit);
                }
                visit(&mut poll.until);
                visit(&mut poll.every);
                poll.timeout.iter_mut().for_each(&mut *visit);
                poll.max.iter_mut().for_each(&mut *visit);
            }
            StageKind::Loop { condition, .. } => condition.iter_mut().for_each(visit),
            StageKind::Fail(Fail::Raise { cause, .. }) => cause.iter_mut().for_each(visit),
            StageKind::Fail(Fail::Again(_))
            | StageKind::Block { .. }
            | StageKind::Parallel { .. }
            | StageKind::Break(_)
            | StageKind::Continue(_) => {}
        }
    }
}

fn call_exprs_mut(call: &mut Call, visit: &mut dyn FnMut(&mut Expr)) {
    match &mut call.arguments {
        Arguments::Members(members) => members.iter_mut().for_each(|(_, value)| visit(value)),
        Arguments::Value(value) => visit(value),
    }
    let parts = [
        &mut call.timeout,
        &mut call.heartbeat,
        &mut call.credentials,
        &mut call.within,
    ];
    parts.into_iter().flatten().for_each(&mut *visit);
    for access in &mut call.accesses {
        access.path.iter_mut().for_each(&mut *visit);
    }
}

fn map_exprs_mut(map: &mut Map, visit: &mut dyn FnMut(&mut Expr)) {
    match &mut map.items {
        Items::Values(values) => visit(values),
        Items::Dataset(dataset) => {
            visit(&mut dataset.bucket);
            dataset.key.iter_mut().for_each(&mut *visit);
            let config = dataset.config.iter_mut();
            for (_, value) in config.chain(&mut dataset.arguments) {
                visit(value);
            }
            dataset.within.iter_mut().for_each(&mut *visit);
            for access in &mut dataset.accesses {
                access.path.iter_mut().for_each(&mut *visit);
            }
        }
    }
    map.concurrency.iter_mut().for_each(&mut *visit);
    let Some(distributed) = &mut map.distributed else {
        return;
    };
    if let Some(Batch::Items(value) | Batch::Bytes(value)) = &mut distributed.batch {
        visit(value);
    }
    if let Some(Tolerate::Count(value) | Tolerate::Percentage(value)) = &mut distributed.tolerate {
        visit(value);
    }
    if let Some(results) = &mut distributed.results {
        visit(&mut results.bucket);
        results.prefix.iter_mut().for_each(visit);
    }
}
