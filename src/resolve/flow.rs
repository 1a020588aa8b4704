//! Flows: from stages as written to stages as meant. Steps are expanded, names bound, types and ways followed.
//!
//! A pipeline is walked in order, with the state of its names. Where a flow comes back to an earlier place (a loop, a
//! block that is retried), the types of what is set on the way are found by walking again until they stay the same; only
//! the last walk reports.

mod calls;
mod choice;
mod errors;
mod fan;
mod guard;
mod loops;
mod operations;
mod retry;
mod settings;
mod stages;
mod steps;
mod test;
mod times;
mod triggers;
mod unknown;
mod warnings;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    self, Binding, Block, Expr, Guard, LabelId, Pipeline, PipelineParam, Stage, StageKind,
    StateName, Type, VariableId, VariableKind,
};
use crate::resolve::expr::{self, Wanted};
use crate::resolve::names::Names;
use crate::resolve::order::inner_stages;
use crate::resolve::program::Context;
use crate::resolve::scope::{Body, BodyId, BodyKind, FrameId, FrameKind, Scope};
use crate::resolve::state::{Delta, Mark};
use crate::resolve::symbols::{ItemRef, duplicate};
use crate::resolve::types::resolve_type;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, ItemKind, MemberKind};
use errors::Raises;
pub(super) use retry::check_policy;
use settings::Defaults;
pub(super) use steps::check_step_alone;
pub(super) use test::check_test;
use warnings::{Bound, warn_of_bare_seconds};

/// How often a pipeline is walked until the types in its loops stay the same; then they become `any`.
const MOST_WALKS: usize = 6;

/// Stages of one pipeline, expanded.
const MOST_STAGES: usize = 100_000;

/// Stages in each other, with all steps written out: bounds the recursion over them.
const MOST_DEPTH: usize = 128;

/// Uses of steps in each other.
const MOST_NESTED: usize = 64;

/// Where a stage stands: what is lexically around it. A caller's block keeps its own when it is written into a step.
#[derive(Clone, Debug)]
struct Place {
    frame: FrameId,
    unit: usize,
    /// The innermost loop, by its place in [`Flow::loops`].
    looped: Option<usize>,
    /// Where `return` goes, by its place in [`Flow::returns`].
    returns: usize,
    /// `error` of the handler around, for a `fail` without a name.
    error: Option<VariableId>,
    /// The block that `body` stands for, by its place in [`Flow::blocks`].
    block: Option<usize>,
    /// Runs exactly once each time that its body or step runs.
    straight: bool,
    /// What names of states begin with: the uses of steps around.
    prefix: Option<Rc<str>>,
}

/// The target of `break` and `continue`.
struct LoopRecord {
    label: LabelId,
    body: BodyId,
    mark: Mark,
    breaks: Vec<Option<Delta>>,
    cleanups: usize,
}

/// The target of `return`.
struct ReturnRecord {
    label: LabelId,
    body: BodyId,
    mark: Mark,
    ways: Vec<Option<Delta>>,
    /// Of the values that are returned; `Never` when none is.
    ty: Type,
    cleanups: usize,
}

/// A caller's block, where it stands.
struct CallerBlock<'u> {
    block: &'u ast::Block,
    place: Place,
    expanding: Vec<Span>,
    uses: Vec<Span>,
}

/// A step of the pipeline.
#[derive(Clone, Copy)]
struct StepRef<'u> {
    step: &'u ast::Step,
    doc: Option<&'u Spanned<String>>,
    /// None for a step of the pipeline itself.
    item: Option<ItemRef>,
}

struct Flow<'c, 'u> {
    scope: Scope<'c, 'u>,
    /// Where the pipeline's name stands.
    name: Span,
    steps: HashMap<&'u str, StepRef<'u>>,
    used_steps: HashSet<&'u str>,
    place: Place,
    loops: Vec<LoopRecord>,
    returns: Vec<ReturnRecord>,
    blocks: Vec<CallerBlock<'u>>,
    /// The steps that are being expanded, by the places of their names.
    expanding: Vec<Span>,
    /// The uses that led here, outermost first.
    uses: Vec<Span>,
    /// What each open guard's stage can raise.
    raises: Vec<Raises>,
    defaults: Defaults,
    labels: u32,
    stages: usize,
    /// How deep the stage at hand stands in others.
    depth: usize,
    /// Blocks of `finally` around.
    cleanups: usize,
    /// For each place that the flow comes back to, in order: what the way back binds.
    heads: Vec<BTreeMap<VariableId, Type>>,
    head: usize,
    unsettled: bool,
    /// Where the `let` of each variable stands.
    lets: HashMap<VariableId, Span>,
    /// Given names of states, for doubles.
    given_names: HashMap<String, Span>,
    /// Where the pipeline's own timeout stands.
    timeout: Option<Span>,
    /// The first `finally`.
    finally: Option<Span>,
    /// What is bound by name: the place of the name, and the variables of all uses of its step.
    bindings: BTreeMap<Span, Bound>,
}

/// Checks a pipeline. What it gives is whole only when nothing was reported.
pub(super) fn check_pipeline(context: &mut Context<'_>, item: ItemRef) -> Pipeline {
    let symbols_item = context.symbols.item(item);
    let ItemKind::Pipeline(ast) = &symbols_item.kind else {
        return empty_pipeline(&ast::Name::new(String::new(), symbols_item.span));
    };
    let mut heads = Vec::new();
    for walk in 0.. {
        let mut flow = Flow::new(context, item.unit, heads);
        let mut pipeline = flow.pipeline(item, ast);
        if flow.unsettled && walk < MOST_WALKS {
            heads = flow.heads;
            if walk + 1 == MOST_WALKS {
                for ty in heads.iter_mut().flat_map(BTreeMap::values_mut) {
                    *ty = Type::Any;
                }
            }
            continue;
        }
        pipeline.doc = symbols_item.doc.as_ref().map(|doc| doc.node.clone());
        flow.finish();
        return pipeline;
    }
    empty_pipeline(&ast.name)
}

fn empty_pipeline(name: &ast::Name) -> Pipeline {
    Pipeline {
        name: name.node.clone(),
        doc: None,
        params: Vec::new(),
        settings: ir::Settings::default(),
        variables: Vec::new(),
        label: LabelId(0),
        body: Block::default(),
        returns: Type::Any,
        labels: 1,
        span: name.span,
        accesses: OnceCell::new(),
    }
}

impl<'c, 'u> Flow<'c, 'u> {
    fn new(
        context: &'c mut Context<'u>,
        unit: usize,
        heads: Vec<BTreeMap<VariableId, Type>>,
    ) -> Self {
        let mut scope = Scope::new(context, unit);
        let frame = scope.push_frame(None, FrameKind::Pipeline);
        scope.flow.frame = Some(frame);
        let mark = scope.flow.state.mark();
        let label = LabelId(0);
        scope.flow.bodies.push(Body {
            parent: None,
            kind: BodyKind::Pipeline,
            cancelled: None,
            express: false,
        });
        scope.flow.body = Some(BodyId(0));
        Self {
            scope,
            name: Span::default(),
            steps: HashMap::new(),
            used_steps: HashSet::new(),
            place: Place {
                frame,
                unit,
                looped: None,
                returns: 0,
                error: None,
                block: None,
                straight: true,
                prefix: None,
            },
            loops: Vec::new(),
            returns: vec![ReturnRecord {
                label,
                body: BodyId(0),
                mark,
                ways: Vec::new(),
                ty: Type::Never,
                cleanups: 0,
            }],
            blocks: Vec::new(),
            expanding: Vec::new(),
            uses: Vec::new(),
            raises: vec![Raises::default()],
            defaults: Defaults::default(),
            labels: 1,
            stages: 0,
            depth: 0,
            cleanups: 0,
            heads,
            head: 0,
            unsettled: false,
            lets: HashMap::new(),
            given_names: HashMap::new(),
            timeout: None,
            finally: None,
            bindings: BTreeMap::new(),
        }
    }

    fn finish(self) {
        self.scope.finish();
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.scope.report(diagnostic);
    }

    fn new_label(&mut self) -> LabelId {
        self.labels += 1;
        LabelId(self.labels - 1)
    }

    fn body_id(&self) -> BodyId {
        self.scope.flow.body.unwrap_or(BodyId(0))
    }

    fn express(&self) -> bool {
        self.scope.body(self.body_id()).express
    }

    fn pipeline(&mut self, item: ItemRef, ast: &'u ast::Pipeline) -> Pipeline {
        let signature = self.scope.context.signature(item);
        self.name = ast.name.span;
        self.scope.flow.bodies[0].express = signature.express;
        let mut params = Vec::new();
        let mut names: HashMap<&str, Span> = HashMap::new();
        for (param, callee) in ast.params.iter().zip(&signature.params) {
            if let Some(first) = names.insert(&param.name.node, param.name.span) {
                self.report(duplicate(&param.name, Some(first)));
                continue;
            }
            let default = param
                .default
                .as_ref()
                .map(|default| expr::check(&mut self.scope, default, Some(&callee.ty)));
            let variable =
                self.scope
                    .declare(self.place.frame, &param.name, VariableKind::Parameter);
            self.scope.bind(variable, callee.ty.clone());
            params.push(PipelineParam { variable, default });
        }
        self.collect_steps(ast, &mut names);
        let flow = self.one_flow(ast);
        let settings = self.settings(ast, &signature);
        let frame = self.place.frame;
        if let Some(flow) = flow {
            let mut set_names = HashSet::new();
            collect_sets(&flow.stages, &mut set_names);
            self.scope.flow.frames[frame.0].set_names = set_names;
        }
        let mut stages = Vec::new();
        for member in &ast.members {
            if let MemberKind::Let(binding) = &member.kind {
                if let Some(first) = names.insert(&binding.name.node, binding.name.span) {
                    self.report(duplicate(&binding.name, Some(first)));
                    continue;
                }
                self.scope.flow.before_flow = true;
                let (kind, ty) = self.let_stage(binding);
                self.scope.flow.before_flow = false;
                if let Some(kind @ StageKind::Assign { .. }) = kind {
                    let name = self.state_name(&binding.name.node);
                    stages.push(self.made(kind, ty, name, member.span));
                }
            }
        }
        let mut ty = Type::Null;
        if let Some(flow) = flow {
            let (block, value) = self.block(&flow.stages);
            stages.extend(block.stages);
            ty = if self.scope.flow.state.reachable {
                value
            } else {
                Type::Never
            };
        }
        self.check_unused_steps();
        self.warn();
        let mut body = Block { stages };
        if settings.role_per_step {
            operations::give_roles(self.scope.context.pipeline_id(item), &mut body);
        }
        let bound = self.scope.bound_names(self.place.frame);
        let id = self.scope.context.pipeline_id(item);
        self.scope.context.set_bound_at_end(id, bound);
        let returned = self.returns[0].ty.clone();
        let returns = match ty.join(&returned) {
            Type::Never => Type::Null,
            ty => ty,
        };
        Pipeline {
            name: ast.name.node.clone(),
            doc: None,
            params,
            settings,
            variables: std::mem::take(&mut self.scope.flow.variables),
            label: LabelId(0),
            body,
            returns,
            labels: self.labels,
            span: ast.name.span,
            accesses: OnceCell::new(),
        }
    }

    fn collect_steps(&mut self, ast: &'u ast::Pipeline, names: &mut HashMap<&'u str, Span>) {
        for member in &ast.members {
            let MemberKind::Step(step) = &member.kind else {
                continue;
            };
            if let Some(first) = names.insert(&step.name.node, step.name.span) {
                self.report(duplicate(&step.name, Some(first)));
                continue;
            }
            self.scope.flow.steps.insert(step.name.node.clone());
            self.steps.insert(
                &step.name.node,
                StepRef {
                    step,
                    doc: member.doc.as_ref(),
                    item: None,
                },
            );
        }
    }

    fn one_flow(&mut self, ast: &'u ast::Pipeline) -> Option<&'u ast::Flow> {
        let mut flows = ast.members.iter().filter_map(|member| match &member.kind {
            MemberKind::Flow(flow) => Some((flow, member.span)),
            _ => None,
        });
        let first = flows.next();
        match first {
            None => {
                // What could not be read may have been the flow.
                let broken = ast
                    .members
                    .iter()
                    .any(|m| matches!(m.kind, MemberKind::Invalid));
                if !broken {
                    self.report(
                        Diagnostic::new(
                            Code::FlowCount,
                            ast.name.span,
                            format!("`{}` has no flow", ast.name.node),
                        )
                        .help("`flow a -> b` says what runs, and in which order"),
                    );
                }
            }
            Some((_, first)) => {
                for (_, second) in flows {
                    self.report(
                        Diagnostic::new(
                            Code::FlowCount,
                            second,
                            format!("`{}` has two flows", ast.name.node),
                        )
                        .also(first, "the first")
                        .help("join them with `->`"),
                    );
                }
            }
        }
        first.map(|(flow, _)| flow)
    }

    /// Stages one after another, and the type of the last one's value.
    fn block(&mut self, stages: &'u [ast::Stage]) -> (Block, Type) {
        let mut block = Block::default();
        let mut ty = Type::Null;
        let mut ended = false;
        for stage in stages {
            if !self.scope.flow.state.reachable {
                self.report(
                    Diagnostic::new(
                        Code::Unreachable,
                        stage.span,
                        "this is never reached: what stands before it never goes on",
                    )
                    .help("take it out, or move it before the end"),
                );
                self.scope.flow.state.reachable = true;
                ended = true;
            }
            let (made, value) = self.stage(stage);
            block.stages.extend(made);
            ty = value;
        }
        if let Some(ast::Binding::Name(name)) = stages.last().and_then(|s| s.binding.as_ref()) {
            self.bindings.remove(&name.span);
        }
        if ended {
            self.scope.flow.state.reachable = false;
        }
        if !self.scope.flow.state.reachable {
            ty = Type::Never;
        }
        (block, ty)
    }

    /// A block that does not run exactly once.
    fn inner_block(&mut self, stages: &'u [ast::Stage]) -> (Block, Type) {
        let straight = std::mem::replace(&mut self.place.straight, false);
        let result = self.block(stages);
        self.place.straight = straight;
        result
    }

    /// A stage and the type of its value; no stage when something was reported, or when there is nothing to do.
    fn stage(&mut self, ast: &'u ast::Stage) -> (Option<Stage>, Type) {
        self.stage_named(ast, None)
    }

    /// A stage that is called as `owner` says where it has no binding of its own: the body of a step.
    fn stage_named(
        &mut self,
        ast: &'u ast::Stage,
        owner: Option<&Owner<'u>>,
    ) -> (Option<Stage>, Type) {
        if self.depth >= MOST_DEPTH {
            self.report(
                Diagnostic::new(
                    Code::ExpandsTooFar,
                    ast.span,
                    format!("with all steps written out, stages stand more than {MOST_DEPTH} deep in each other here"),
                )
                .help("make a part of it a pipeline of its own, and call that"),
            );
            return (None, Type::Invalid);
        }
        self.depth += 1;
        let made = self.counted_stage(ast, owner);
        self.depth -= 1;
        made
    }

    fn counted_stage(
        &mut self,
        ast: &'u ast::Stage,
        owner: Option<&Owner<'u>>,
    ) -> (Option<Stage>, Type) {
        self.stages += 1;
        if self.stages > MOST_STAGES {
            if self.stages == MOST_STAGES + 1 {
                self.report(
                    Diagnostic::new(
                        Code::ExpandsTooFar,
                        ast.span,
                        format!("with all steps written out, the pipeline has more than {MOST_STAGES} stages"),
                    )
                    .help("make a part of it a pipeline of its own, and call that"),
                );
            }
            return (None, Type::Invalid);
        }
        if let ast::StageKind::Use {
            mode,
            name,
            args,
            block,
            ..
        } = &ast.kind
        {
            return self.use_stage(ast, *mode, name, args.as_deref(), block.as_ref(), owner);
        }
        let base = self.base_name(ast, owner);
        let made = self.guarded(ast, &base, |flow| flow.kind(ast, &base));
        let implicit = match (&ast.kind, owner) {
            (ast::StageKind::Map(map), None) => self.mapped_name(map),
            _ => None,
        };
        self.bound(ast, made, base, owner, implicit)
    }

    /// The name that `map(…) -> s` binds to the list: that of the stage that it maps.
    fn mapped_name(&self, map: &'u ast::Map) -> Option<&'u ast::Name> {
        let ast::MapBody::Stage(stage) = &map.body else {
            return None;
        };
        match (&stage.binding, &stage.kind) {
            (Some(ast::Binding::Name(name)), _) => Some(name),
            (Some(ast::Binding::Fields(..)), _) => None,
            (None, ast::StageKind::Map(map)) => self.mapped_name(map),
            (None, ast::StageKind::Use { name, .. }) => self.is_step(&name.node).then_some(name),
            _ => None,
        }
    }

    /// The name of a stage's state: its binding, else its owner's name, else what it is.
    fn base_name(&self, ast: &ast::Stage, owner: Option<&Owner<'_>>) -> Rc<str> {
        let own = match (&ast.binding, owner) {
            (_, Some(owner)) => return owner.base.clone(),
            (Some(ast::Binding::Name(name)), None) => &*name.node,
            _ => kind_name(&ast.kind),
        };
        match &self.place.prefix {
            Some(prefix) => format!("{prefix}.{own}").into(),
            None => own.into(),
        }
    }

    fn state_name(&self, own: &str) -> Rc<str> {
        match &self.place.prefix {
            Some(prefix) => format!("{prefix}.{own}").into(),
            None => own.into(),
        }
    }

    /// The stage with its binding. `implicit` is the name that it binds when it says no other.
    fn bound(
        &mut self,
        ast: &'u ast::Stage,
        made: Made,
        base: Rc<str>,
        owner: Option<&Owner<'u>>,
        implicit: Option<&ast::Name>,
    ) -> (Option<Stage>, Type) {
        let binds = self.bind_result(
            ast.binding.as_ref(),
            implicit,
            &made.ty,
            made.fresh_facts.as_ref(),
        );
        let ty = made.ty.clone();
        let stage = made.kind.map(|kind| {
            let name = StateName {
                base: match (&made.named, &kind) {
                    (Some(name), _) => name.clone(),
                    (None, StageKind::Map(_)) => format!("{base}-map"),
                    (None, _) => base.to_string(),
                },
                exact: made.named.is_some(),
            };
            Stage {
                kind,
                binds,
                guard: made.guard,
                name,
                ty: made.ty,
                doc: owner.and_then(|owner| owner.doc.map(|doc| doc.node.clone())),
                span: ast.span,
                expanded_from: self.uses.clone(),
            }
        });
        (stage, ty)
    }

    fn bind_result(
        &mut self,
        binding: Option<&ast::Binding>,
        implicit: Option<&ast::Name>,
        ty: &Type,
        facts: Option<&Expr>,
    ) -> Binding {
        let frame = self.scope.binding_frame().unwrap_or(self.place.frame);
        match (binding, implicit) {
            (Some(ast::Binding::Name(name)), _) | (None, Some(name)) => {
                let variable = self.scope.declare(frame, name, VariableKind::Result);
                self.scope.bind(variable, ty.clone());
                if binding.is_some() {
                    self.note_binding(name, variable);
                }
                if let Some(condition) = facts {
                    self.learn_of_result(condition, variable);
                }
                Binding::Name(variable)
            }
            (Some(ast::Binding::Fields(names, _)), _) => {
                let mut fields = Vec::new();
                for name in names {
                    let member = ty.find_member(&name.node);
                    if member.is_none() && *ty != Type::Never {
                        self.report_unknown_field(name, ty);
                    }
                    let (emitted, ty) =
                        member.unwrap_or_else(|| (name.node.clone(), Type::Invalid));
                    let variable = self.scope.declare(frame, name, VariableKind::Result);
                    self.scope.bind(variable, ty.expand());
                    self.note_binding(name, variable);
                    fields.push((emitted, variable));
                }
                Binding::Fields(fields)
            }
            (None, None) => Binding::None,
        }
    }

    fn report_unknown_field(&mut self, name: &ast::Name, ty: &Type) {
        let diagnostic = Diagnostic::new(
            Code::UnknownMember,
            name.span,
            format!("the result has no member `{}`", name.node),
        );
        let names = ty.member_names();
        let near = crate::diagnostic::find_nearest(&name.node, names.iter().map(String::as_str));
        let diagnostic = match near {
            Some(near) => diagnostic.nearest(name.span, &name.node, near),
            None => diagnostic.help(format!("it is {}", crate::resolve::types::describe(ty))),
        };
        self.report(diagnostic);
    }

    /// A stage of our own, without a guard.
    fn made(&self, kind: StageKind, ty: Type, base: Rc<str>, span: Span) -> Stage {
        Stage {
            kind,
            binds: Binding::None,
            guard: Guard::default(),
            name: StateName {
                base: base.to_string(),
                exact: false,
            },
            ty,
            doc: None,
            span,
            expanded_from: self.uses.clone(),
        }
    }

    /// What a stage does, without what stands around it.
    fn kind(&mut self, ast: &'u ast::Stage, base: &Rc<str>) -> Inner {
        match &ast.kind {
            // Uses are expanded before.
            ast::StageKind::Use { .. } | ast::StageKind::Invalid => Inner::broken(),
            ast::StageKind::Call {
                mode,
                service,
                operation,
                args,
                ..
            } => self.api_call(ast, *mode, service, operation, args),
            ast::StageKind::Pass(value) => {
                let value = match value {
                    Some(value) => expr::check(&mut self.scope, value, None),
                    None => Expr::null(ast.span),
                };
                Inner::of(value.ty.clone(), StageKind::Pass(value))
            }
            ast::StageKind::Let(binding) => {
                let (kind, ty) = self.let_stage(binding);
                Inner {
                    kind,
                    ty,
                    ..Inner::broken()
                }
            }
            ast::StageKind::Set { name, value } => self.set_stage(name, value),
            ast::StageKind::Map(map) => self.map(ast, map, base),
            ast::StageKind::Parallel { collect, branches } => {
                self.parallel(ast, *collect, branches)
            }
            ast::StageKind::If(choice) => self.if_stage(choice),
            ast::StageKind::Match(choice) => self.match_stage(ast, choice, base),
            ast::StageKind::Try(block) => self.try_stage(block),
            ast::StageKind::Poll(poll) => self.poll(ast, poll, base),
            ast::StageKind::While { condition, block } => self.repeat(Some(condition), block),
            ast::StageKind::Loop(block) => self.repeat(None, block),
            ast::StageKind::Wait(duration) => self.wait(duration),
            ast::StageKind::WaitUntil(moment) => {
                let value = expr::check(&mut self.scope, moment, Some(&Type::Timestamp));
                Inner::of(Type::Null, StageKind::WaitUntil(value))
            }
            ast::StageKind::Fail { error, cause } => self.fail(ast, error.as_ref(), cause.as_ref()),
            ast::StageKind::Return(value) => self.return_stage(ast, value.as_ref()),
            ast::StageKind::Break => self.leave_loop(ast.span, true),
            ast::StageKind::Continue => self.leave_loop(ast.span, false),
        }
    }

    /// Walks what a flow comes back to: first as the ways back leave it, as far as they are known from earlier walks.
    fn come_back(&mut self, walk: impl FnOnce(&mut Self)) {
        let at = self.head;
        self.head += 1;
        if self.heads.len() <= at {
            self.heads.resize_with(at + 1, BTreeMap::new);
        }
        let known = self.heads[at].clone();
        self.scope.flow.state.weaken(&known);
        let start = self.scope.flow.state.walked();
        let existing = self.scope.flow.variables.len() as u32;
        walk(self);
        let mut bound = self.scope.flow.state.bound_since(start);
        // What is broken is reported at its place, and must be again in the next walk.
        bound.retain(|id, ty| id.0 < existing && *ty != Type::Invalid);
        for (id, ty) in &known {
            let joined = bound.get(id).map_or_else(|| ty.clone(), |new| ty.join(new));
            bound.insert(*id, joined);
        }
        if bound != known {
            self.unsettled = true;
            self.heads[at] = bound;
        }
    }

    /// Reports a value of a known type that does not fit.
    fn fit(&mut self, value: Expr, ty: &Type) -> Expr {
        expr::fit(&mut self.scope, value, ty)
    }

    fn resolve_type(&mut self, ty: &ast::Type) -> Type {
        resolve_type(&mut self.scope, ty)
    }
}

/// The longest span of time that the service takes (seconds).
const MOST_SECONDS: i64 = 99_999_999;

/// A step whose stage is being made.
struct Owner<'u> {
    /// What its states are called after.
    base: Rc<str>,
    doc: Option<&'u Spanned<String>>,
}

/// A stage without its guard and binding.
struct Inner {
    /// None when something was reported.
    kind: Option<StageKind>,
    ty: Type,
    /// A condition that holds of the value, the value being `result` in it.
    holds: Option<Expr>,
    /// The retries of a call's own transient errors.
    default_retry: Option<ir::Retry>,
}

impl Inner {
    fn of(ty: Type, kind: StageKind) -> Self {
        Self {
            kind: Some(kind),
            ty,
            holds: None,
            default_retry: None,
        }
    }

    fn broken() -> Self {
        Self {
            kind: None,
            ty: Type::Invalid,
            holds: None,
            default_retry: None,
        }
    }
}

/// A stage with its guard, before its value is bound.
struct Made {
    kind: Option<StageKind>,
    guard: Guard,
    ty: Type,
    named: Option<String>,
    fresh_facts: Option<Expr>,
}

fn kind_name(kind: &ast::StageKind) -> &str {
    match kind {
        ast::StageKind::Use { name, .. } => &name.node,
        ast::StageKind::Call { operation, .. } => &operation.node,
        ast::StageKind::Pass(_) => "pass",
        ast::StageKind::Let(binding) => &binding.name.node,
        ast::StageKind::Set { name, .. } => &name.node,
        ast::StageKind::Map(map) => match &map.body {
            ast::MapBody::Stage(stage) => stage_name(stage),
            ast::MapBody::Block(block) => block.stages.first().map_or("each", stage_name),
            ast::MapBody::Invalid => "each",
        },
        ast::StageKind::Parallel { .. } => "parallel",
        ast::StageKind::If(_) => "if",
        ast::StageKind::Match(_) => "match",
        ast::StageKind::Try(_) => "try",
        ast::StageKind::Poll(poll) => match &poll.body {
            ast::PollBody::Stage(stage) => stage_name(stage),
            ast::PollBody::Block(_) => "poll",
        },
        ast::StageKind::While { .. } => "while",
        ast::StageKind::Loop(_) => "loop",
        ast::StageKind::Wait(_) | ast::StageKind::WaitUntil(_) => "wait",
        ast::StageKind::Fail { .. } => "fail",
        ast::StageKind::Return(_) => "return",
        ast::StageKind::Break => "break",
        ast::StageKind::Continue => "continue",
        ast::StageKind::Invalid => "invalid",
    }
}

fn stage_name(stage: &ast::Stage) -> &str {
    match &stage.binding {
        Some(ast::Binding::Name(name)) => &name.node,
        _ => kind_name(&stage.kind),
    }
}

/// The word that a stage begins with, behind its binding as the formatter writes that.
fn word_place(stage: &ast::Stage, word: &str) -> Span {
    let bound = match &stage.binding {
        Some(ast::Binding::Name(name)) => Some(name.span),
        Some(ast::Binding::Fields(_, span)) => Some(*span),
        None => None,
    };
    let start = bound.map_or(stage.span.start, |name| name.end + " = ".len() as u32);
    Span {
        start: start.min(stage.span.end),
        end: (start + word.len() as u32).min(stage.span.end),
        ..stage.span
    }
}

/// All names that a flow sets, in whatever block.
fn collect_sets(stages: &[ast::Stage], names: &mut HashSet<String>) {
    for stage in stages {
        if let ast::StageKind::Set { name, .. } = &stage.kind {
            names.insert(name.node.clone());
        }
        for inner in inner_stages(stage) {
            collect_sets(inner, names);
        }
    }
}

/// For an API's member: what is wanted there.
fn wanted<'a>(ty: &'a Type, member: &'a str) -> Wanted<'a> {
    Wanted {
        ty,
        member: Some(member),
    }
}
