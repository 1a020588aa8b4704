//! From the structured program to graphs: one for the pipeline, one for each branch and map body.
//!
//! Correct first: every assignment gets a point of its own, and fusing finds what can carry it. Values go where they are
//! wanted: a stage is told the variable for its value, and each of its ways out assigns it.

mod fan;
mod flow;
mod guard;

use std::collections::HashMap;

use super::graph::{
    self, Assign, Choice, Delay, Edge, FrameId, Graph, Node, NodeId, Op, Outcome, OwnerId, Target,
    Task, TaskResource,
};
use super::jsonata;
use super::symbols::{Symbols, member};
use super::terms::{Terms, can_fail, is_unknown};
use crate::ir::{
    self, Arguments, Binding, Block, Call, Deploy, Expr, ExprKind, LabelId, Local, Pipeline, Stage,
    StageKind, Type, VariableId, VariableKind,
};
use crate::source::Span;
use guard::Frame;

/// The stage that states are named after and traced to.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub base: String,
    pub exact: bool,
    pub doc: Option<String>,
    pub span: Span,
    pub expanded_from: Vec<Span>,
}

/// A pipeline as graphs, not yet fused.
pub(super) struct Lowered<'p> {
    pub graph: Graph,
    pub symbols: Symbols<'p>,
    pub owners: Vec<Owner>,
}

/// Where a jump to a label goes.
#[derive(Clone, Copy)]
struct Label {
    /// Behind the block; of a loop, behind it.
    exit: NodeId,
    /// The loop's head.
    head: Option<NodeId>,
    /// What a `return` assigns.
    value: Option<VariableId>,
    /// Handlers further in are left by the jump.
    frame: Option<FrameId>,
}

struct Lowering<'p> {
    pipeline: &'p Pipeline,
    symbols: Symbols<'p>,
    /// The scope that is being lowered.
    graph: Graph,
    frames: Vec<Frame>,
    /// The innermost handler around.
    frame: Option<FrameId>,
    labels: HashMap<LabelId, Label>,
    /// Variables that are one: a poll's `result` is its stage's value.
    aliases: HashMap<VariableId, VariableId>,
    /// The errors that a handler's `error` can have; all, when not in the map.
    caught: HashMap<VariableId, Vec<String>>,
    owners: Vec<Owner>,
    owner: OwnerId,
    /// `$states.errorOutput`
    error_output: VariableId,
    order: u32,
    locals: u32,
    /// The documentation of a block, for the first state of it.
    doc: Option<String>,
    terms: Terms,
}

/// Ids of made locals, far from those of the source.
const FIRST_LOCAL: u32 = 1 << 30;

pub(super) fn lower(pipeline: &Pipeline) -> Lowered<'_> {
    let mut symbols = Symbols::new(pipeline);
    let error_output = symbols.place("$states.errorOutput", error_type());
    let mut lowering = Lowering {
        pipeline,
        symbols,
        graph: Graph::default(),
        frames: Vec::new(),
        frame: None,
        labels: HashMap::new(),
        aliases: HashMap::new(),
        caught: HashMap::new(),
        owners: vec![Owner {
            base: pipeline.name.clone(),
            exact: false,
            doc: None,
            span: pipeline.span,
            expanded_from: Vec::new(),
        }],
        owner: OwnerId(0),
        error_output,
        order: 0,
        locals: FIRST_LOCAL,
        doc: None,
        terms: Terms {
            span: pipeline.span,
        },
    };
    let inputs = lowering.parameters();
    lowering.graph.entry.assigns = inputs;
    let value = lowering
        .symbols
        .variable("result", pipeline.returns.clone());
    let end = Target::End(Some(Box::new(
        lowering.terms.variable(value, pipeline.returns.clone()),
    )));
    lowering.body(&pipeline.body, pipeline.label, value, end);
    Lowered {
        graph: lowering.graph,
        symbols: lowering.symbols,
        owners: lowering.owners,
    }
}

/// What `$states.errorOutput` holds.
fn error_type() -> Type {
    Type::object([
        ("Error".to_owned(), Type::String, false),
        ("Cause".to_owned(), Type::String, true),
    ])
}

impl<'p> Lowering<'p> {
    /// Assigns each parameter from the execution's input.
    fn parameters(&mut self) -> Vec<Assign> {
        let pipeline = self.pipeline;
        pipeline
            .params
            .iter()
            .map(|param| {
                let variable = pipeline.variable(param.variable);
                let mut text = member("$states.input", &variable.name);
                if pipeline.takes_lists() {
                    // A pipe gives the list itself, everybody else an object with it.
                    text = format!("($type($states.input) = \"array\" ? $states.input : {text})");
                }
                let given = match &param.default {
                    None if !variable.ty.is_nullable() || variable.ty == Type::Any => {
                        let place = self.symbols.place(text, variable.ty.clone());
                        self.terms.variable(place, variable.ty.clone())
                    }
                    _ => {
                        let ty = Type::optional(variable.ty.clone());
                        let place = self.symbols.optional_place(text, ty.clone());
                        self.terms.variable(place, ty)
                    }
                };
                let value = match &param.default {
                    None => given,
                    Some(default) if default.as_literal() == Some(&ir::Literal::Null) => given,
                    Some(default) => {
                        let default = self.expr(default);
                        let ty = variable.ty.clone();
                        self.terms.binary(ir::Binary::Coalesce, given, default, ty)
                    }
                };
                Assign {
                    variable: param.variable,
                    value,
                }
            })
            .collect()
    }

    /// A scope's flow from its entry to its end.
    fn body(&mut self, block: &Block, label: LabelId, value: VariableId, end: Target) {
        let entry = self.point("input");
        self.place(entry);
        self.node_mut(entry).entered = true;
        self.graph.entry.target = Target::Node(entry);
        let exit = self.point("done");
        self.labels.insert(
            label,
            Label {
                exit,
                head: None,
                value: Some(value),
                frame: self.frame,
            },
        );
        if let Some(at) = self.block(block, entry, Some(value)) {
            self.connect(at, exit);
        }
        self.place(exit);
        self.set_next(exit, end);
    }

    /// The stages of a block; the last one's value is wanted in `want`. None when nothing comes out of it.
    fn block(&mut self, block: &Block, at: NodeId, want: Option<VariableId>) -> Option<NodeId> {
        let Some((last, before)) = block.stages.split_last() else {
            return Some(self.assign_value(at, want, self.terms.null()));
        };
        let mut at = at;
        for stage in before {
            at = self.stage(stage, at, None)?;
        }
        self.stage(last, at, want)
    }

    fn stage(&mut self, stage: &Stage, at: NodeId, want: Option<VariableId>) -> Option<NodeId> {
        let outer = (self.owner, self.terms);
        self.terms = Terms { span: stage.span };
        self.owner = OwnerId(self.owners.len() as u32);
        let mut doc = stage.doc.clone().or_else(|| self.doc.take());
        if matches!(
            stage.kind,
            StageKind::Block { .. }
                | StageKind::Poll(_)
                | StageKind::Loop {
                    condition: None,
                    ..
                }
        ) {
            self.doc = doc.take();
        }
        self.owners.push(Owner {
            base: stage.name.base.clone(),
            exact: stage.name.exact,
            doc,
            span: stage.span,
            expanded_from: stage.expanded_from.clone(),
        });
        let end = self.bound(stage, at, want);
        self.doc = None;
        (self.owner, self.terms) = outer;
        end
    }

    fn bound(&mut self, stage: &Stage, at: NodeId, want: Option<VariableId>) -> Option<NodeId> {
        match &stage.binds {
            Binding::None => self.guarded(stage, at, want),
            Binding::Name(variable) => {
                let at = self.guarded(stage, at, Some(*variable))?;
                let value = self.terms.variable(*variable, stage.ty.clone());
                Some(match want {
                    Some(_) => self.assign_value(at, want, value),
                    None => at,
                })
            }
            Binding::Fields(fields) => {
                let whole = match want {
                    Some(variable) => variable,
                    None => self.symbols.variable(&*stage.name.base, stage.ty.clone()),
                };
                let at = self.guarded(stage, at, Some(whole))?;
                let assigns = fields
                    .iter()
                    .map(|(name, variable)| {
                        let base = self.terms.variable(whole, stage.ty.clone());
                        let ty = self.symbols.ty(*variable).clone();
                        (*variable, self.terms.member(base, name, ty))
                    })
                    .collect();
                Some(self.assign(at, None, assigns))
            }
        }
    }

    /// The stage without what stands around it.
    fn kind(&mut self, stage: &Stage, at: NodeId, value: Option<VariableId>) -> Option<NodeId> {
        match &stage.kind {
            StageKind::Call(call) if runs_in_line(call) => Some(self.child(call, at, value)),
            StageKind::Call(call) => Some(self.call(call, &stage.guard.retry, at, value)),
            StageKind::Pass(expr) => {
                let expr = self.expr(expr);
                Some(self.assign_value(at, value, expr))
            }
            StageKind::Assign {
                variable,
                value: expr,
            } => {
                let expr = self.expr(expr);
                let ty = expr.ty.clone();
                let at = self.assign(at, None, vec![(*variable, expr)]);
                let assigned = self.terms.variable(*variable, ty);
                Some(match value {
                    Some(_) => self.assign_value(at, value, assigned),
                    None => at,
                })
            }
            StageKind::Block { label, block } => {
                let exit = self.point("end");
                let frame = self.frame;
                self.labels.insert(
                    *label,
                    Label {
                        exit,
                        head: None,
                        value,
                        frame,
                    },
                );
                if let Some(at) = self.block(block, at, value) {
                    self.connect(at, exit);
                }
                self.reached(exit)
            }
            StageKind::Map(map) => Some(self.map(map, &stage.guard.retry, at, value)),
            StageKind::Parallel { collect, branches } => {
                Some(self.parallel(*collect, branches, &stage.guard.retry, at, value))
            }
            StageKind::If {
                arms,
                otherwise,
                exhaustive,
            } => self.choose(arms, otherwise, *exhaustive, at, value),
            StageKind::Poll(poll) => self.poll(poll, at, value),
            StageKind::Loop {
                label,
                condition,
                block,
            } => self.repeat(*label, condition.as_ref(), block, at, value),
            StageKind::Wait(expr) => {
                let expr = self.expr(expr);
                Some(self.wait(at, None, Delay::Seconds(expr), value))
            }
            StageKind::WaitUntil(expr) => {
                let expr = self.expr(expr);
                Some(self.wait(at, None, Delay::Until(expr), value))
            }
            StageKind::Fail(fail) => {
                self.fail(fail, at);
                None
            }
            StageKind::Return { label, value } => {
                let expr = self.expr(value);
                let target = self.labels.get(label).copied()?;
                let at = self.assign_value(at, target.value, expr);
                self.jump(at, guard::Exit::Return, *label);
                None
            }
            StageKind::Break(label) => {
                self.jump(at, guard::Exit::Break, *label);
                None
            }
            StageKind::Continue(label) => {
                self.jump(at, guard::Exit::Continue, *label);
                None
            }
        }
    }

    fn call(
        &mut self,
        call: &Call,
        retry: &[ir::Retry],
        at: NodeId,
        value: Option<VariableId>,
    ) -> NodeId {
        let resource = match &call.target {
            ir::Target::Activity(id) => {
                use crate::catalog::resource::RefForm;
                TaskResource::Activity(Deploy::Resource(*id, RefForm::Arn))
            }
            _ => TaskResource::Integration(call.form),
        };
        let mut outcome = self.outcome(retry);
        if let Some(value) = value {
            // A handler's value may be null where an API's result never is.
            let ty = match self.symbols.ty(value) {
                Type::Optional(ty) if is_object(call) => (**ty).clone(),
                ty => ty.clone(),
            };
            let mut text = String::from("$states.result");
            for name in &call.value_path {
                text = member(&text, name);
            }
            if call.parse {
                text = format!("$parse({text})");
            }
            let place = self.symbols.place(text, ty.clone());
            outcome.next.assigns.push(Assign {
                variable: value,
                value: self.terms.variable(place, ty),
            });
        }
        let task = Task {
            resource,
            arguments: self.arguments(call),
            timeout: call.timeout.as_ref().map(|expr| self.expr(expr)),
            heartbeat: call.heartbeat.as_ref().map(|expr| self.expr(expr)),
            credentials: call.credentials.as_ref().map(|expr| self.expr(expr)),
            outcome,
        };
        self.then(at, None, Op::Task(Box::new(task)))
    }

    /// An express pipeline that is waited for: the call succeeds when the child fails, so its status is looked at.
    fn child(&mut self, call: &Call, at: NodeId, value: Option<VariableId>) -> NodeId {
        let terms = self.terms;
        let name = self.owner_name();
        let cause = self
            .symbols
            .variable(format!("{name}_cause"), Type::optional(Type::String));
        let at = self.call(call, &[], at, None);
        let value = value.map(|value| (value, self.symbols.ty(value).clone()));
        let mut read = |text: &str, ty: &Type| {
            let place = self.symbols.place(text, ty.clone());
            terms.variable(place, ty.clone())
        };
        let status = read("$states.result.Status", &Type::String);
        let when_done = |then: Expr, otherwise: Expr, ty: Type| {
            let done = terms.eq(status.clone(), terms.string("SUCCEEDED"));
            terms.choose(done, then, otherwise, ty)
        };
        let failure = terms.text(read("$states.result", &Type::object([])));
        let mut assigns = vec![Assign {
            variable: cause,
            value: when_done(terms.null(), failure, Type::optional(Type::String)),
        }];
        if let Some((value, ty)) = value {
            let output = read("$parse($states.result.Output)", &ty);
            assigns.push(Assign {
                variable: value,
                value: when_done(output, terms.null(), ty),
            });
        }
        if let Some(edge) = self.node_mut(at).op.edge_mut(0) {
            edge.assigns = assigns;
        }
        let failed = terms.is_not_null(terms.variable(cause, Type::optional(Type::String)));
        let (targets, done) = self.branch(at, Some("status"), vec![failed]);
        for target in targets {
            self.place(target);
            let cause = terms.variable(cause, Type::String);
            self.raise(target, Some("failed"), guard::TASK_FAILED, Some(cause));
        }
        self.place(done);
        done
    }

    /// Never absent: a state without arguments would send its input.
    fn arguments(&self, call: &Call) -> graph::Arguments {
        match &call.arguments {
            Arguments::Value(expr) => graph::Arguments::Value(self.expr(expr)),
            Arguments::Members(members) => graph::Arguments::Members(
                members
                    .iter()
                    .map(|(name, value)| {
                        // What is sent to one's own code is sent as it is.
                        let required = match call.target {
                            ir::Target::Api => call
                                .form
                                .input
                                .find_member(name)
                                .is_some_and(|member| member.raw.required),
                            _ => true,
                        };
                        jsonata::Member {
                            name: name.clone(),
                            value: self.expr(value),
                            optional: !required,
                        }
                    })
                    .collect(),
            ),
        }
    }

    /// The expression with this pipeline's variables: aliases taken, an error's members as the service spells them.
    fn expr(&self, expr: &Expr) -> Expr {
        let mut expr = expr.clone();
        self.spell(&mut expr);
        expr
    }

    fn spell(&self, expr: &mut Expr) {
        let is_error = |id: VariableId| {
            (id.0 as usize) < self.pipeline.variables.len()
                && self.pipeline.variable(id).kind == VariableKind::Error
        };
        if let ExprKind::Member { base, name } = &mut expr.kind
            && let ExprKind::Variable(id) = base.kind
            && is_error(id)
        {
            base.ty = error_type();
            match name.as_str() {
                "name" => *name = "Error".to_owned(),
                "cause" => {
                    let base = std::mem::replace(base.as_mut(), self.terms.null());
                    *expr = self.cause_of(base);
                }
                _ => {}
            }
            return;
        }
        match &mut expr.kind {
            ExprKind::Variable(id) if is_error(*id) => {
                *expr = self.error_value(*id);
            }
            ExprKind::Variable(id) => {
                while let Some(alias) = self.aliases.get(id) {
                    *id = *alias;
                }
            }
            _ => {
                for child in expr.children_mut() {
                    self.spell(child);
                }
            }
        }
    }

    /// `{ name, cause }` of an error as the service gives it.
    fn error_value(&self, error: VariableId) -> Expr {
        let terms = self.terms;
        let base = || terms.variable(error, error_type());
        let name = terms.member(base(), "Error", Type::String);
        terms.object(vec![("name", name), ("cause", self.cause_of(base()))])
    }

    /// The cause of what `$states.errorOutput` held. The service gives null for one that has none, as a time-out has; the
    /// language knows causes as texts only.
    fn cause_of(&self, error: Expr) -> Expr {
        let terms = self.terms;
        let given = terms.member(error, "Cause", Type::optional(Type::String));
        terms.binary(ir::Binary::Coalesce, given, terms.string(""), Type::String)
    }

    fn local(&mut self, name: &str) -> Local {
        self.locals += 1;
        Local {
            id: self.locals,
            name: name.into(),
        }
    }

    /// A copy of a dataset's, a batch's … expressions in this scope's words.
    fn spell_all<'e>(&self, exprs: impl IntoIterator<Item = &'e mut Expr>) {
        for expr in exprs {
            self.spell(expr);
        }
    }
}

/// Making and joining nodes.
impl Lowering<'_> {
    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        self.graph.node_mut(id)
    }

    fn add(&mut self, role: Option<&'static str>, op: Op) -> NodeId {
        let id = NodeId(self.graph.nodes.len() as u32);
        let eval_guard = self.eval_guard();
        self.graph.nodes.push(Node {
            op,
            owner: self.owner,
            role,
            eval_guard,
            order: 0,
            entered: false,
        });
        self.place(id);
        id
    }

    /// A point that others lead to; placed in the document when its turn comes.
    fn point(&mut self, role: &'static str) -> NodeId {
        self.add(
            Some(role),
            Op::Pass {
                next: Edge::default(),
            },
        )
    }

    /// States stand in the document in the order in which they were placed.
    fn place(&mut self, id: NodeId) {
        self.order += 1;
        let order = self.order;
        self.node_mut(id).order = order;
    }

    fn then(&mut self, at: NodeId, role: Option<&'static str>, op: Op) -> NodeId {
        let id = self.add(role, op);
        self.connect(at, id);
        id
    }

    fn connect(&mut self, from: NodeId, to: NodeId) {
        self.set_next(from, Target::Node(to));
        self.node_mut(to).entered = true;
    }

    fn set_next(&mut self, from: NodeId, target: Target) {
        if let Some(edge) = self.node_mut(from).op.edge_mut(0) {
            edge.target = target;
        }
    }

    /// The point, when something leads to it; placed here.
    fn reached(&mut self, point: NodeId) -> Option<NodeId> {
        self.place(point);
        self.graph.node(point).entered.then_some(point)
    }

    fn assign(
        &mut self,
        at: NodeId,
        role: Option<&'static str>,
        assigns: Vec<(VariableId, Expr)>,
    ) -> NodeId {
        let assigns: Vec<Assign> = assigns
            .into_iter()
            .map(|(variable, value)| Assign { variable, value })
            .collect();
        let fails = assigns.iter().any(|assign| can_fail(&assign.value));
        let next = Edge {
            assigns,
            ..Edge::default()
        };
        let op = if fails && self.eval_guard().is_some() {
            let catch = self.catchers();
            Op::Evaluate(Box::new(Outcome {
                next,
                catch,
                retry: Vec::new(),
            }))
        } else {
            Op::Pass { next }
        };
        self.then(at, role, op)
    }

    /// Nothing when nobody wants the value and there surely is one.
    fn assign_value(&mut self, at: NodeId, want: Option<VariableId>, value: Expr) -> NodeId {
        let variable = match want {
            Some(variable) => variable,
            None if can_fail(&value) => {
                let name = format!("{}_value", self.owner_name());
                self.symbols.variable(name, value.ty.clone())
            }
            None => return at,
        };
        self.assign(at, None, vec![(variable, value)])
    }

    fn wait(
        &mut self,
        at: NodeId,
        role: Option<&'static str>,
        delay: Delay,
        value: Option<VariableId>,
    ) -> NodeId {
        let (at, delay) = match delay {
            Delay::Seconds(expr) => {
                let (at, expr) = self.precomputed(at, expr);
                (at, Delay::Seconds(expr))
            }
            Delay::Until(expr) => {
                let (at, expr) = self.precomputed(at, expr);
                (at, Delay::Until(expr))
            }
        };
        let next = Edge::default();
        let at = self.then(at, role, Op::Wait { delay, next });
        self.assign_value(at, value, self.terms.null())
    }

    /// Where an expression can fail and a handler would take that, it is computed in a point of its own.
    fn precomputed(&mut self, at: NodeId, expr: Expr) -> (NodeId, Expr) {
        if !can_fail(&expr) || self.eval_guard().is_none() {
            return (at, expr);
        }
        let name = format!("{}_value", self.owner_name());
        let ty = expr.ty.clone();
        let variable = self.symbols.variable(name, ty.clone());
        let at = self.assign(at, Some("value"), vec![(variable, expr)]);
        (at, self.terms.variable(variable, ty))
    }

    /// A choice with a point behind each condition, and one behind none.
    fn branch(
        &mut self,
        at: NodeId,
        role: Option<&'static str>,
        conditions: Vec<Expr>,
    ) -> (Vec<NodeId>, NodeId) {
        let fails = |condition: &Expr| can_fail(condition) || is_unknown(&condition.ty);
        let guarded = self.eval_guard().is_some() && conditions.iter().any(fails);
        let (at, conditions) = if guarded {
            self.precompute_choice(at, conditions)
        } else {
            (at, conditions)
        };
        let choice = self.add(role, Op::Choice(Box::default()));
        self.connect(at, choice);
        let targets: Vec<NodeId> = conditions.iter().map(|_| self.point("then")).collect();
        let default = self.point("else");
        let rules = conditions
            .into_iter()
            .zip(&targets)
            .map(|(condition, target)| super::graph::Rule {
                condition,
                edge: Edge::to(*target),
            })
            .collect();
        for target in targets.iter().chain([&default]) {
            self.node_mut(*target).entered = true;
        }
        self.node_mut(choice).op = Op::Choice(Box::new(Choice {
            rules,
            default: Edge::to(default),
        }));
        (targets, default)
    }

    /// Which condition holds, computed where a handler takes a failure: choices themselves cannot catch.
    fn precompute_choice(&mut self, at: NodeId, conditions: Vec<Expr>) -> (NodeId, Vec<Expr>) {
        let terms = self.terms;
        let name = format!("{}_choice", self.owner_name());
        let count = conditions.len();
        if count == 1 {
            let value = conditions
                .into_iter()
                .next()
                .map_or_else(|| terms.null(), |condition| strict(terms, condition));
            let variable = self.symbols.variable(name, Type::Bool);
            let at = self.assign(at, Some("condition"), vec![(variable, value)]);
            return (at, vec![terms.variable(variable, Type::Bool)]);
        }
        // In order, and no further than the first that holds.
        let value = conditions.into_iter().enumerate().rev().fold(
            terms.int(count as u64),
            |otherwise, (n, condition)| {
                let condition = strict(terms, condition);
                terms.choose(condition, terms.int(n as u64), otherwise, Type::Int)
            },
        );
        let variable = self.symbols.variable(name, Type::Int);
        let at = self.assign(at, Some("condition"), vec![(variable, value)]);
        let conditions = (0..count)
            .map(|n| terms.eq(terms.variable(variable, Type::Int), terms.int(n as u64)))
            .collect();
        (at, conditions)
    }

    fn outcome(&mut self, retry: &[ir::Retry]) -> Outcome {
        Outcome {
            next: Edge::default(),
            retry: retry.to_vec(),
            catch: self.catchers(),
        }
    }

    /// The owner's name as a part of a variable's.
    fn owner_name(&self) -> String {
        let base = self
            .owners
            .get(self.owner.0 as usize)
            .map_or("", |owner| owner.base.as_str());
        base.chars()
            .map(|c| if c.is_alphanumeric() { c } else { '_' })
            .collect()
    }
}

/// Whether it is a pipeline that answers with its status instead of failing.
fn runs_in_line(call: &Call) -> bool {
    call.parse && matches!(call.target, ir::Target::Pipeline(_))
}

/// Whether the call's value is an object, whatever comes.
fn is_object(call: &Call) -> bool {
    call.value_path.is_empty() && !call.parse && call.form.result.has_members()
}

/// A condition of unknown type must be a bool: outside of a choice nothing else would say so.
fn strict(terms: Terms, condition: Expr) -> Expr {
    if !is_unknown(&condition.ty) {
        return condition;
    }
    terms.jsonata(
        "$type($condition) = 'boolean' ? $condition : $error('the condition is not a boolean')"
            .to_owned(),
        vec![("condition", condition)],
        Type::Bool,
    )
}
