//! Uses: of steps, which are written out where they are used, and of what is called by a name.

use std::collections::HashSet;
use std::rc::Rc;

use super::calls::Called;
use super::guard::{Modifiers, is_native};
use super::{
    CallerBlock, Flow, Inner, MOST_NESTED, Made, Owner, Place, ReturnRecord, StepRef, collect_sets,
};
use crate::diagnostic::{Code, Diagnostic, Label};
use crate::ir::{self, Block, Expr, ExprKind, Stage, StageKind, Time, Type, VariableKind};
use crate::resolve::arguments::{Formal, bind_arguments};
use crate::resolve::expr;
use crate::resolve::order::inner_stages;
use crate::resolve::program::Context;
use crate::resolve::resource::kind_of;
use crate::resolve::scope::{FrameKind, Named};
use crate::resolve::symbols::{ItemRef, Lookup, Space, duplicate};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, CallMode, ItemKind, StepBody};

/// What a name in a flow means.
enum Meaning<'u> {
    Step(StepRef<'u>),
    Called(Called),
    /// The block that the step's user gives.
    Body,
    Reported,
}

/// Checks a step that nothing uses: its parameters are values of their types that only the run knows.
pub(in crate::resolve) fn check_step_alone(context: &mut Context<'_>, item: ItemRef) {
    let symbols_item = context.symbols.item(item);
    let ItemKind::Step(step) = &symbols_item.kind else {
        return;
    };
    let mut heads = Vec::new();
    for walk in 0..=super::MOST_WALKS {
        let mut flow = Flow::new(context, item.unit, heads);
        flow.step_alone(step);
        if flow.unsettled && walk < super::MOST_WALKS {
            heads = flow.heads;
            continue;
        }
        flow.finish();
        return;
    }
}

impl<'u> Flow<'_, 'u> {
    /// A step of the pipeline that nothing uses, in a frame of its own.
    pub(super) fn use_alone(&mut self, step: StepRef<'u>) {
        let outer = self.place.clone();
        let frame = self
            .scope
            .push_frame(self.scope.flow.frame, FrameKind::Step);
        self.scope.flow.frame = Some(frame);
        self.place.frame = frame;
        self.step_alone(step.step);
        self.expanding.pop();
        self.scope.flow.frame = Some(outer.frame);
        self.place = outer;
    }

    fn step_alone(&mut self, step: &'u ast::Step) {
        self.expanding.push(step.name.span);
        match &step.body {
            StepBody::Invalid => {}
            StepBody::Stage(stage) => {
                let mut names = HashSet::new();
                collect_sets(std::slice::from_ref(&**stage), &mut names);
                self.scope.flow.frames[self.place.frame.0].set_names = names;
                self.stage(stage);
            }
            StepBody::Flow { params, block } => {
                for param in params {
                    let ty = self.resolve_type(&param.ty);
                    if let Some(default) = &param.default {
                        expr::check(&mut self.scope, default, Some(&ty));
                    }
                    let variable =
                        self.scope
                            .declare(self.place.frame, &param.name, VariableKind::Let);
                    self.scope.bind(variable, ty);
                }
                let mut names = HashSet::new();
                collect_sets(&block.stages, &mut names);
                self.scope.flow.frames[self.place.frame.0].set_names = names;
                self.block(&block.stages);
            }
        }
    }

    /// A stage that is a name.
    pub(super) fn use_stage(
        &mut self,
        ast: &'u ast::Stage,
        mode: CallMode,
        name: &'u ast::Name,
        args: Option<&'u [ast::Arg]>,
        block: Option<&'u ast::Block>,
        owner: Option<&Owner<'u>>,
    ) -> (Option<Stage>, Type) {
        match self.meaning(name) {
            Meaning::Step(step) => self.use_step(ast, mode, name, args, block, step, owner),
            Meaning::Body => self.use_body(ast, mode, name, args, block, owner),
            Meaning::Called(called) => {
                let base = self.base_name(ast, owner);
                if let Some(block) = block {
                    self.report_needless_block(name, block.span);
                }
                let modifiers = self.sort_modifiers(&ast.modifiers, ast.span);
                let made = self.guarded_by(&modifiers, ast.span, ast.span, |flow| {
                    flow.named_call(ast, mode, called, args.unwrap_or_default())
                });
                self.bound(ast, made, base, owner, None)
            }
            Meaning::Reported => {
                for arg in args.unwrap_or_default() {
                    expr::check(&mut self.scope, &arg.value, None);
                }
                let made = Made {
                    kind: None,
                    guard: Default::default(),
                    ty: Type::Invalid,
                    named: None,
                    fresh_facts: None,
                };
                let base = self.base_name(ast, owner);
                self.bound(
                    ast,
                    made,
                    base,
                    owner,
                    Some(name).filter(|_| owner.is_none()),
                )
            }
        }
    }

    fn meaning(&mut self, name: &ast::Name) -> Meaning<'u> {
        if name.node == "body" && !self.steps.contains_key("body") {
            if !self.expanding.is_empty() {
                return Meaning::Body;
            }
            self.report(
                Diagnostic::new(
                    Code::StepBlock,
                    name.span,
                    "`body` stands for the block that a step is given, and this is no step's flow",
                )
                .help(
                    "`step locked(name: string) { … body … }` takes one: `locked(\"sales\") { … }`",
                ),
            );
            return Meaning::Reported;
        }
        // In a file's step only the file's items are visible.
        if let Some(step) = self.own_step(&name.node) {
            self.used_steps.insert(&step.step.name.node);
            return Meaning::Step(step);
        }
        match self
            .scope
            .context
            .symbols
            .find(self.scope.unit, Space::Value, &name.node)
        {
            Lookup::Item(item) => {
                let ast_item = self.scope.context.symbols.item(item);
                match &ast_item.kind {
                    ItemKind::Step(step) => {
                        return Meaning::Step(StepRef {
                            step,
                            doc: ast_item.doc.as_ref(),
                            item: Some(item),
                        });
                    }
                    ItemKind::Pipeline(_) => return Meaning::Called(Called::Pipeline(item)),
                    ItemKind::Resource(resource) if is_callable(resource) => {
                        return Meaning::Called(Called::Resource(item));
                    }
                    ItemKind::Resource(resource) => match kind_of(resource).map(|k| k.word) {
                        None => return Meaning::Reported,
                        Some(kind) => {
                            self.report(
                                Diagnostic::new(
                                    Code::UnknownStep,
                                    name.span,
                                    format!("`{}` is a {kind}, and only a function or an activity can be called", name.node),
                                )
                                .also(resource.name.span, "declared here")
                                .help("give it to a call as an argument: `service.operation(Member: name)`"),
                            );
                            return Meaning::Reported;
                        }
                    },
                    _ => {}
                }
            }
            Lookup::Ambiguous(first, second) => {
                let diagnostic = self
                    .scope
                    .context
                    .ambiguous(&name.node, name.span, first, second);
                self.report(diagnostic);
                return Meaning::Reported;
            }
            Lookup::Missing => match name.node.as_str() {
                "lambda" => return Meaning::Called(Called::Lambda),
                "http" => return Meaning::Called(Called::Http),
                _ => {}
            },
        }
        self.report_unknown_step(name);
        Meaning::Reported
    }

    /// Whether a name in a flow is a step, which binds its name.
    pub(super) fn is_step(&self, name: &str) -> bool {
        if self.own_step(name).is_some() {
            return true;
        }
        match self
            .scope
            .context
            .symbols
            .find(self.scope.unit, Space::Value, name)
        {
            Lookup::Item(item) => {
                matches!(
                    self.scope.context.symbols.item(item).kind,
                    ItemKind::Step(_)
                )
            }
            _ => false,
        }
    }

    /// The pipeline's step of this name, where it is visible. In the definition of `step load = load({ day })` it is not: that
    /// is the function which the step hides.
    fn own_step(&self, name: &str) -> Option<StepRef<'u>> {
        let step = *self.steps.get(name)?;
        let symbols = &self.scope.context.symbols;
        let hides = || match symbols.find(self.scope.unit, Space::Value, name) {
            Lookup::Item(item) => match &symbols.item(item).kind {
                ItemKind::Pipeline(_) => true,
                ItemKind::Resource(resource) => is_callable(resource),
                _ => false,
            },
            _ => false,
        };
        let in_own_definition = self.expanding.last() == Some(&step.step.name.span);
        (self.pipeline_steps_visible() && !(in_own_definition && hides())).then_some(step)
    }

    pub(super) fn pipeline_steps_visible(&self) -> bool {
        let mut next = self.scope.flow.frame;
        while let Some(id) = next {
            let frame = self.scope.frame(id);
            if frame.kind == FrameKind::Pipeline {
                return true;
            }
            next = frame.parent;
        }
        false
    }

    fn report_needless_block(&mut self, name: &ast::Name, block: Span) {
        self.report(
            Diagnostic::new(
                Code::StepBlock,
                block,
                format!("`{}` takes no block", name.node),
            )
            .help("a step takes one when its flow says `body`"),
        );
    }

    #[allow(clippy::too_many_arguments)]
    fn use_step(
        &mut self,
        ast: &'u ast::Stage,
        mode: CallMode,
        name: &'u ast::Name,
        args: Option<&'u [ast::Arg]>,
        block: Option<&'u ast::Block>,
        step: StepRef<'u>,
        owner: Option<&Owner<'u>>,
    ) -> (Option<Stage>, Type) {
        let base = self.base_name(ast, owner);
        self.check_no_mode(mode, name, "a step");
        let modifiers = self.sort_modifiers(&ast.modifiers, ast.span);
        for (word, span) in modifiers.of_calls() {
            self.report(
                Diagnostic::new(
                    Code::MisplacedModifier,
                    span,
                    format!("`{word}` belongs to a call, and `{}` is a step", name.node),
                )
                .also(step.step.name.span, "put it in the step, behind the call"),
            );
        }
        let broken = |flow: &mut Self| {
            let made = Made {
                kind: None,
                guard: Default::default(),
                ty: Type::Invalid,
                named: None,
                fresh_facts: None,
            };
            flow.bound(ast, made, base.clone(), owner, Some(name))
        };
        if self.expanding.contains(&step.step.name.span) {
            self.report(
                Diagnostic::new(
                    Code::RecursiveStep,
                    name.span,
                    format!("`{}` reaches itself", name.node),
                )
                .also(step.step.name.span, "declared here")
                .help("a step is written out where it is used, so it must come to an end: use `loop`, or a pipeline that calls itself"),
            );
            return broken(self);
        }
        if self.expanding.len() >= MOST_NESTED {
            self.report(
                Diagnostic::new(
                    Code::ExpandsTooFar,
                    name.span,
                    format!("steps use each other more than {MOST_NESTED} deep here"),
                )
                .help("make a part of it a pipeline of its own, and call that"),
            );
            return broken(self);
        }
        if let Some(item) = step.item {
            self.scope.context.used_steps.insert(item);
        }
        self.check_block(name, block, step.step);
        if matches!(step.step.body, StepBody::Invalid) {
            return broken(self);
        }
        if let Some(ast::Binding::Name(bound)) = &ast.binding {
            let renamed = &mut self.scope.flow.renamed;
            renamed.insert(name.node.clone(), bound.node.clone());
        }
        let before = self.scope.diagnostics.len();
        let used = self.use_known_step(ast, name, args, block, step, owner, base, modifiers);
        self.point_to_use(before, ast, name);
        used
    }

    /// A name that is wrong in a step is wrong where it is used from here, and perhaps not elsewhere.
    fn point_to_use(&mut self, before: usize, ast: &ast::Stage, name: &ast::Name) {
        for diagnostic in self.scope.diagnostics.iter_mut().skip(before) {
            let place = diagnostic.primary.span;
            let inside = place.file == ast.span.file
                && ast.span.start <= place.start
                && place.end <= ast.span.end;
            let of_names = match diagnostic.code {
                Code::MayBeUnbound | Code::NotBoundYet | Code::OutOfScope => true,
                // A misspelt one is wrong wherever the step is used.
                Code::UnknownName => diagnostic.fix.is_none(),
                _ => false,
            };
            if of_names && !inside {
                diagnostic.secondary.push(Label {
                    span: name.span,
                    text: format!("`{}` is used here", name.node),
                });
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn use_known_step(
        &mut self,
        ast: &'u ast::Stage,
        name: &'u ast::Name,
        args: Option<&'u [ast::Arg]>,
        block: Option<&'u ast::Block>,
        step: StepRef<'u>,
        owner: Option<&Owner<'u>>,
        base: Rc<str>,
        modifiers: Modifiers<'u>,
    ) -> (Option<Stage>, Type) {
        let bare = !modifiers.guards() && modifiers.named.is_none();
        if bare {
            let (stage, ty) = self.expand(ast, name, args, block, step, &base, owner);
            let binds = self.bind_result(ast.binding.as_ref(), Some(name), &ty, None);
            return (stage.map(|stage| Stage { binds, ..stage }), ty);
        }
        let mut expanded = None;
        let made = self.guarded_by(&modifiers, ast.span, ast.span, |flow| {
            let (stage, ty) = flow.expand(ast, name, args, block, step, &base, owner);
            let Some(stage) = stage else {
                return Inner {
                    ty,
                    ..Inner::broken()
                };
            };
            expanded = Some(stage.clone());
            let label = flow.new_label();
            let block = Block {
                stages: vec![stage],
            };
            Inner::of(ty, StageKind::Block { label, block })
        });
        let (stage, ty) = self.bound(ast, made, base, owner, Some(name));
        let stage = stage.map(|outer| match expanded {
            Some(inner) => join_guards(outer, inner, &modifiers),
            None => outer,
        });
        (stage, ty)
    }

    fn check_block(&mut self, name: &ast::Name, block: Option<&ast::Block>, step: &'u ast::Step) {
        let takes = takes_block(step);
        match block {
            Some(block) if !takes => self.report_needless_block(name, block.span),
            None if takes => self.report(
                Diagnostic::new(
                    Code::StepBlock,
                    name.span,
                    format!("`{}` needs a block: its flow says `body`", name.node),
                )
                .also(step.name.span, "declared here")
                .help(format!("`{}(…) {{ what it does inside }}`", name.node)),
            ),
            _ => {}
        }
    }

    /// A step written out: one stage.
    #[allow(clippy::too_many_arguments)]
    fn expand(
        &mut self,
        ast: &'u ast::Stage,
        name: &'u ast::Name,
        args: Option<&'u [ast::Arg]>,
        block: Option<&'u ast::Block>,
        step: StepRef<'u>,
        base: &Rc<str>,
        owner: Option<&Owner<'u>>,
    ) -> (Option<Stage>, Type) {
        let args = args.unwrap_or_default();
        let doc = owner.and_then(|owner| owner.doc).or(step.doc);
        match &step.step.body {
            StepBody::Invalid => (None, Type::Invalid),
            StepBody::Stage(stage) => {
                if let Some(arg) = args.first() {
                    self.report(
                        Diagnostic::new(
                            Code::WrongArgumentCount,
                            arg.span,
                            format!("`{}` takes no arguments", name.node),
                        )
                        .also(step.step.name.span, "declared here")
                        .help("a step with parameters is `step name(p: type) { … }`; this one sees the names around its use"),
                    );
                    for arg in args {
                        expr::check(&mut self.scope, &arg.value, None);
                    }
                }
                let stages = std::slice::from_ref(&**stage);
                let outer = self.enter(name, block, step, base, stages);
                let owner = Owner {
                    base: base.clone(),
                    doc,
                };
                let (stage, ty) = self.stage_named(stage, Some(&owner));
                self.leave(outer);
                (stage, ty)
            }
            StepBody::Flow {
                params,
                block: flow,
            } => {
                let unit = self.scope.unit;
                if let Some(item) = step.item {
                    self.scope.unit = item.unit;
                }
                let types: Vec<Type> = params
                    .iter()
                    .map(|param| self.resolve_type(&param.ty))
                    .collect();
                self.scope.unit = unit;
                let takes_block = takes_block(step.step);
                let changes = |name: &str| match block {
                    Some(block) => takes_block && binds(&block.stages, name),
                    None => takes_block,
                };
                let formals: Vec<Formal<'_>> = params
                    .iter()
                    .zip(&types)
                    .map(|(param, ty)| Formal {
                        name: &param.name.node,
                        ty,
                        optional: param.default.is_some() || ty.is_nullable() && *ty != Type::Any,
                    })
                    .collect();
                let what = format!("`{}`", name.node);
                let bound = bind_arguments(
                    &mut self.scope,
                    &what,
                    name.span,
                    step.step.name.span,
                    &formals,
                    args,
                );
                let mut own: Vec<(&str, Span)> = Vec::new();
                for param in params {
                    if let Some((_, first)) = own.iter().find(|(name, _)| *name == param.name.node)
                    {
                        let first = *first;
                        self.report(duplicate(&param.name, Some(first)));
                    }
                    own.push((&param.name.node, param.name.span));
                }
                let outer = self.enter(name, block, step, base, &flow.stages);
                let mut stages = Vec::new();
                let known = bound.is_some();
                let values = bound.unwrap_or_default();
                for (at, (param, ty)) in params.iter().zip(&types).enumerate() {
                    let value = values.get(at).cloned().flatten();
                    let value = match (value, &param.default) {
                        (Some(value), _) => Some(value),
                        (None, Some(default)) => {
                            Some(expr::check(&mut self.scope, default, Some(ty)))
                        }
                        (None, None) if known => Some(Expr::null(name.span)),
                        (None, None) => None,
                    };
                    stages.extend(self.parameter(param, ty, value, &changes));
                }
                let mark = self.scope.flow.state.mark();
                let label = self.new_label();
                self.returns.push(ReturnRecord {
                    label,
                    body: self.body_id(),
                    mark,
                    ways: Vec::new(),
                    ty: Type::Never,
                    cleanups: self.cleanups,
                });
                self.place.returns = self.returns.len() - 1;
                let (inner, mut ty) = self.block(&flow.stages);
                if inner.stages.is_empty() && !stages.is_empty() {
                    // The value is that of the flow, not of the last parameter.
                    let nothing = StageKind::Pass(Expr::null(name.span));
                    stages.push(self.made(nothing, Type::Null, base.clone(), name.span));
                }
                stages.extend(inner.stages);
                let at = self.place.returns;
                let record = &mut self.returns[at];
                let mut ways = std::mem::take(&mut record.ways);
                ty = ty.join(&record.ty.clone());
                if !ways.is_empty() {
                    ways.push(self.scope.flow.state.take(mark));
                    self.scope.flow.state.join(ways);
                }
                self.leave(outer);
                let kind = StageKind::Block {
                    label,
                    block: Block { stages },
                };
                let mut stage = self.made(kind, ty.clone(), base.clone(), ast.span);
                stage.doc = doc.map(|doc: &Spanned<String>| doc.node.clone());
                (Some(stage), ty)
            }
        }
    }

    /// A step's parameter: its argument where that stands, or a variable that gets it once.
    fn parameter(
        &mut self,
        param: &'u ast::Parameter,
        ty: &Type,
        value: Option<Expr>,
        changes: &dyn Fn(&str) -> bool,
    ) -> Option<Stage> {
        let frame = self.place.frame;
        let name = &param.name;
        let Some(value) = value else {
            let variable = self.scope.declare(frame, name, VariableKind::Let);
            self.scope.bind(variable, Type::Invalid);
            return None;
        };
        let set = self.scope.frame(frame).set_names.contains(&name.node);
        // A step changes nothing that is around it; the block that it is given may.
        let root = self.path_root(&value);
        let stands = value.time < Time::Run || root.is_some_and(|root| !changes(&root));
        if stands && !set {
            let declared = match ty {
                Type::Any | Type::Invalid => value.ty.clone(),
                Type::Resource(_) => value.ty.clone(),
                _ if value.ty.is_nullable() || value.time == Time::Run => value.ty.clone(),
                ty => ty.clone(),
            };
            let value = Expr {
                ty: declared,
                ..value
            };
            self.scope
                .name(frame, &name.node, Named::Inline(value), name.span);
            return None;
        }
        let variable = self.scope.declare(frame, name, VariableKind::Let);
        let declared = match ty {
            Type::Any | Type::Invalid => value.ty.clone(),
            ty => ty.clone(),
        };
        self.scope.bind(variable, declared.clone());
        if !set {
            self.scope.flow.variables[variable.0 as usize].value = Some(value.clone());
        }
        let base = self.state_name(&name.node);
        let kind = StageKind::Assign { variable, value };
        Some(self.made(kind, declared, base, name.span))
    }

    /// The name at the root of a chain of members, which costs nothing to read again; empty for one that nothing changes.
    fn path_root(&self, value: &Expr) -> Option<String> {
        match &value.kind {
            ExprKind::Variable(id) => Some(self.scope.flow.variables[id.0 as usize].name.clone()),
            // A state's own names and a token are another thing in another state.
            ExprKind::Context(
                ir::Context::StateName
                | ir::Context::StateEntered
                | ir::Context::StateRetryCount
                | ir::Context::TaskToken,
            ) => None,
            ExprKind::Context(_) => Some(String::new()),
            ExprKind::Member { base, .. } => self.path_root(base),
            _ => None,
        }
    }

    /// Goes into a step's flow; gives what is to be restored.
    fn enter(
        &mut self,
        name: &ast::Name,
        block: Option<&'u ast::Block>,
        step: StepRef<'u>,
        base: &Rc<str>,
        stages: &[ast::Stage],
    ) -> (Place, usize) {
        let outer = self.place.clone();
        let unit = self.scope.unit;
        let parent = match step.item {
            None => self.scope.flow.frame,
            Some(_) => None,
        };
        let frame = self.scope.push_frame(parent, FrameKind::Step);
        let mut names = HashSet::new();
        collect_sets(stages, &mut names);
        self.scope.flow.frames[frame.0].set_names = names;
        self.scope.flow.frame = Some(frame);
        if let Some(item) = step.item {
            self.scope.unit = item.unit;
        }
        self.place.frame = frame;
        self.place.unit = self.scope.unit;
        self.place.prefix = Some(base.clone());
        self.place.block = block.map(|block| {
            self.blocks.push(CallerBlock {
                block,
                place: outer.clone(),
                expanding: self.expanding.clone(),
                uses: self.uses.clone(),
            });
            self.blocks.len() - 1
        });
        if let StepBody::Flow { .. } = step.step.body {
            self.place.looped = None;
            self.place.straight = true;
            if step.item.is_some() {
                self.place.error = None;
            }
        }
        self.expanding.push(step.step.name.span);
        self.uses.push(name.span);
        (outer, unit)
    }

    fn leave(&mut self, (outer, unit): (Place, usize)) {
        self.scope.flow.frame = Some(outer.frame);
        self.scope.unit = unit;
        self.place = outer;
        self.expanding.pop();
        self.uses.pop();
    }

    /// `body`: the caller's block, with the names, loops and targets of the place where it is written.
    fn use_body(
        &mut self,
        ast: &'u ast::Stage,
        mode: CallMode,
        name: &ast::Name,
        args: Option<&[ast::Arg]>,
        block: Option<&'u ast::Block>,
        owner: Option<&Owner<'u>>,
    ) -> (Option<Stage>, Type) {
        self.check_no_mode(mode, name, "the caller's block");
        if let Some(arg) = args.and_then(<[_]>::first) {
            self.report(Diagnostic::new(
                Code::WrongArgumentCount,
                arg.span,
                "`body` takes no arguments: the block sees the names around it",
            ));
        }
        if let Some(block) = block {
            self.report_needless_block(name, block.span);
        }
        let base = self.base_name(ast, owner);
        let made = self.guarded(ast, &base, |flow| flow.caller_block());
        self.bound(ast, made, base, owner, None)
    }

    fn caller_block(&mut self) -> Inner {
        let label = self.new_label();
        let Some(at) = self.place.block else {
            // Missing, which is reported at the use; or the step is checked by itself.
            let block = Block::default();
            return Inner::of(Type::Any, StageKind::Block { label, block });
        };
        let straight = self.place.straight;
        let mut place = self.blocks[at].place.clone();
        place.straight &= straight;
        let stages = &self.blocks[at].block.stages;
        let outer = std::mem::replace(&mut self.place, place);
        let unit = std::mem::replace(&mut self.scope.unit, self.place.unit);
        let CallerBlock {
            expanding, uses, ..
        } = &self.blocks[at];
        let expanding = std::mem::replace(&mut self.expanding, expanding.clone());
        let uses = std::mem::replace(&mut self.uses, uses.clone());
        self.scope.flow.frame = Some(self.place.frame);
        let (block, ty) = self.block(stages);
        self.uses = uses;
        self.expanding = expanding;
        self.scope.unit = unit;
        self.scope.flow.frame = Some(outer.frame);
        self.place = outer;
        Inner::of(ty, StageKind::Block { label, block })
    }
}

/// A call with nothing of its own around it takes what stands around its use; the block is not needed then.
fn join_guards(outer: Stage, inner: Stage, modifiers: &Modifiers<'_>) -> Stage {
    let own = inner.guard.catch.is_empty() && inner.guard.finally.is_none();
    let plain = own
        && is_native(&inner.kind)
        && modifiers.retries.is_empty()
        && modifiers.retry_none.is_none();
    if !plain || !matches!(inner.binds, crate::ir::Binding::None) {
        return outer;
    }
    let mut guard = outer.guard;
    guard.retry = inner.guard.retry;
    Stage {
        guard,
        binds: outer.binds,
        ty: outer.ty,
        name: if outer.name.exact {
            outer.name
        } else {
            inner.name
        },
        ..inner
    }
}

/// Whether a step's flow says `body`, in whatever block of it.
fn takes_block(step: &ast::Step) -> bool {
    fn says_body(stages: &[ast::Stage]) -> bool {
        stages.iter().any(|stage| {
            matches!(&stage.kind, ast::StageKind::Use { name, .. } if name.node == "body")
                || inner_stages(stage).into_iter().any(says_body)
        })
    }
    match &step.body {
        StepBody::Stage(stage) => says_body(std::slice::from_ref(stage)),
        StepBody::Flow { block, .. } => says_body(&block.stages),
        StepBody::Invalid => false,
    }
}

/// Whether a caller's block can give a name another value. A block that holds a block of its own user can.
fn binds(stages: &[ast::Stage], name: &str) -> bool {
    stages.iter().any(|stage| {
        let bound = match &stage.binding {
            Some(ast::Binding::Name(bound)) => bound.node == name,
            Some(ast::Binding::Fields(fields, _)) => fields.iter().any(|f| f.node == name),
            None => false,
        };
        let by_kind = match &stage.kind {
            ast::StageKind::Use { name: used, .. } => used.node == name || used.node == "body",
            ast::StageKind::Let(bound) => bound.name.node == name,
            ast::StageKind::Set { name: bound, .. } => bound.node == name,
            _ => false,
        };
        bound
            || by_kind
            || inner_stages(stage)
                .into_iter()
                .any(|inner| binds(inner, name))
    })
}

/// Whether a flow can call it by its name.
pub(super) fn is_callable(resource: &ast::Resource) -> bool {
    kind_of(resource).is_some_and(|kind| kind.is_callable())
}
