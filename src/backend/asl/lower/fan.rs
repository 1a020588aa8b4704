//! Bodies with a scope of their own: maps and parallels, their closures, and `collect`.

use std::collections::{BTreeMap, BTreeSet};

use super::Lowering;
use crate::backend::asl::graph::{
    Assign, BodyInput, Capture, Graph, Map, MapInput, NodeId, Op, Parallel, ParallelBranch, Target,
};
use crate::backend::asl::terms::{walk, walk_mut};
use crate::ir::{self, Block, Branch, Context, Expr, ExprKind, LabelId, Time, Type, VariableId};

/// What one body of a collecting map or parallel gives: one of the two.
fn outcome_type(value: &Type, failure: &Type) -> Type {
    Type::object([
        ("ok".to_owned(), value.clone(), true),
        ("failed".to_owned(), failure.clone(), true),
    ])
}

impl Lowering<'_> {
    pub(super) fn map(
        &mut self,
        map: &ir::Map,
        retry: &[ir::Retry],
        at: NodeId,
        value: Option<VariableId>,
    ) -> NodeId {
        let mut items = map.items.clone();
        match &mut items {
            ir::Items::Values(expr) => self.spell(expr),
            ir::Items::Dataset(dataset) => {
                let dataset = &mut *dataset;
                let config = dataset.config.iter_mut().map(|(_, expr)| expr);
                let arguments = dataset.arguments.iter_mut().map(|(_, expr)| expr);
                self.spell_all(config.chain(arguments));
                self.spell_all([&mut dataset.bucket].into_iter().chain(&mut dataset.key));
            }
        }
        let concurrency = map.concurrency.as_ref().map(|expr| self.expr(expr));
        let mut distributed = map.distributed.clone();
        if let Some(distributed) = &mut distributed {
            match &mut distributed.batch {
                Some(ir::Batch::Items(expr) | ir::Batch::Bytes(expr)) => self.spell(expr),
                None => {}
            }
            match &mut distributed.tolerate {
                Some(ir::Tolerate::Count(expr) | ir::Tolerate::Percentage(expr)) => {
                    self.spell(expr);
                }
                None => {}
            }
            if let Some(results) = &mut distributed.results {
                self.spell(&mut results.bucket);
                self.spell_all(&mut results.prefix);
            }
        }

        let item = self.map_input(map.item);
        let index = self.map_input(map.index);
        let batched = distributed.as_ref().is_some_and(|d| d.batch.is_some());
        let failure = |lowering: &Self, error: VariableId| {
            let terms = lowering.terms;
            let read = |id| terms.variable(id, lowering.symbols.ty(id).clone());
            let mut pairs = vec![("item", read(map.item))];
            if !batched {
                pairs.push(("index", read(map.index)));
            }
            pairs.push(("error", lowering.error_value(error)));
            terms.object(pairs)
        };
        let inputs = [&item, &index]
            .map(|input| Assign {
                variable: input.variable,
                value: self
                    .terms
                    .variable(input.source, self.symbols.ty(input.variable).clone()),
            })
            .into();
        let success = |_: &Self, value| value;
        let collect = map.collect.then_some((success, failure));
        let mut body = self.scope(&map.body, map.label, &map.returns, inputs, collect);
        let captures = match distributed {
            Some(_) => self.close(&mut body),
            None => Vec::new(),
        };

        let result = self.symbols.place("$states.result", Type::list(Type::Any));
        let mut outcome = self.outcome(retry);
        if let Some(value) = value {
            let listed = distributed.as_ref().is_none_or(|d| d.results.is_none());
            outcome.next.assigns.push(Assign {
                variable: value,
                value: if map.collect && listed {
                    self.collected(result, &map.returns)
                } else {
                    self.terms.variable(result, self.symbols.ty(value).clone())
                },
            });
        }
        let op = Op::Map(Box::new(Map {
            items,
            concurrency,
            distributed,
            item,
            index,
            captures,
            input: BodyInput::default(),
            result,
            body,
            outcome,
        }));
        self.then(at, None, op)
    }

    fn map_input(&mut self, variable: VariableId) -> MapInput {
        let ty = self.symbols.ty(variable).clone();
        let key = self.symbols.name(variable).to_owned();
        MapInput {
            variable,
            source: self.symbols.place("$states.input", ty),
            key,
        }
    }

    /// `{ ok, failed }` of the bodies' outcomes, both in item order.
    fn collected(&mut self, result: VariableId, returns: &Type) -> Expr {
        let terms = self.terms;
        let failure = Type::Any;
        let element = outcome_type(returns, &failure);
        let source = || terms.variable(result, Type::list(element.clone()));
        let mut part = |name: &str, ty: &Type| {
            let local = self.local("body");
            let read = |name: &str, ty: Type| {
                let base = Expr {
                    kind: ExprKind::Local(local.clone()),
                    ty: element.clone(),
                    time: Time::Run,
                    span: terms.span,
                };
                terms.member(base, name, ty)
            };
            // A path over all bodies passes by those that lack the member, when a value is neither null nor a list.
            let plain = name == "failed" || !(ty.is_nullable() || may_be_list(ty));
            let failed = read("failed", Type::optional(error_item()));
            let condition = (!plain).then(|| Box::new(terms.is_null(failed)));
            Expr {
                kind: ExprKind::ListComprehension {
                    local: local.clone(),
                    source: Box::new(source()),
                    condition,
                    value: Box::new(read(name, ty.clone())),
                },
                ty: Type::list(ty.clone()),
                time: Time::Run,
                span: terms.span,
            }
        };
        let ok = part("ok", returns);
        let failed = part("failed", &error_item());
        terms.object(vec![("ok", ok), ("failed", failed)])
    }

    pub(super) fn parallel(
        &mut self,
        collect: bool,
        branches: &[Branch],
        retry: &[ir::Retry],
        at: NodeId,
        value: Option<VariableId>,
    ) -> NodeId {
        let mut lowered = Vec::new();
        let mut values = Vec::new();
        for (n, branch) in branches.iter().enumerate() {
            let name = branch.name.as_str();
            let failure = |lowering: &Self, error: VariableId| {
                let terms = lowering.terms;
                terms.object(vec![(name, lowering.error_value(error))])
            };
            let success = |lowering: &Self, value| lowering.terms.object(vec![(name, value)]);
            let collect = collect.then_some((success, failure));
            let body = self.scope(
                &branch.block,
                branch.label,
                &branch.returns,
                Vec::new(),
                collect,
            );
            let text = format!("$states.result[{n}]");
            let result = self.symbols.place(text, branch.returns.clone());
            values.push((name, self.terms.variable(result, branch.returns.clone())));
            lowered.push(ParallelBranch {
                name: name.to_owned(),
                result,
                body,
            });
        }
        let mut outcome = self.outcome(retry);
        if let Some(value) = value {
            let terms = self.terms;
            outcome.next.assigns.push(Assign {
                variable: value,
                value: if collect {
                    // Each branch gives an object with one member, named after it. The text reads them all at once.
                    let part = |part: &str| {
                        let branches = values.iter().map(|(name, value)| {
                            let value = terms.member(value.clone(), part, Type::object([]));
                            (*name, value)
                        });
                        terms.jsonata(
                            format!("$merge([$states.result.{part}])"),
                            branches.collect(),
                            Type::object([]),
                        )
                    };
                    terms.object(vec![("ok", part("ok")), ("failed", part("failed"))])
                } else {
                    terms.object(values)
                },
            });
        }
        let op = Op::Parallel(Box::new(Parallel {
            branches: lowered,
            outcome,
        }));
        self.then(at, None, op)
    }

    /// A body as a graph of its own. With `collect`, its value is wrapped, and so is its failure.
    fn scope(
        &mut self,
        block: &Block,
        label: LabelId,
        returns: &Type,
        inputs: Vec<Assign>,
        collect: Option<(
            impl Fn(&Self, Expr) -> Expr,
            impl Fn(&Self, VariableId) -> Expr,
        )>,
    ) -> Graph {
        let outer = std::mem::take(&mut self.graph);
        let frame = self.frame.take();
        self.graph.entry.assigns = inputs;
        let terms = self.terms;
        let value = self.symbols.variable("result", returns.clone());
        let read = terms.variable(value, returns.clone());
        let end = |value: Expr| Target::End(Some(Box::new(value)));
        match collect {
            None => self.body(block, label, value, end(read)),
            Some((success, failure)) => {
                let error = self.symbols.variable("failure", super::error_type());
                let failed = self.point("failed");
                self.enter_catch_all(error, failed);
                let ok = terms.object(vec![("ok", success(self, read))]);
                self.body(block, label, value, end(ok));
                if let Some(failed) = self.reached(failed) {
                    let failure = failure(self, error);
                    self.set_next(failed, end(terms.object(vec![("failed", failure)])));
                }
            }
        }
        self.frame = frame;
        std::mem::replace(&mut self.graph, outer)
    }

    /// What a distributed body uses of outside comes in by its input, under new variables.
    fn close(&mut self, body: &mut Graph) -> Vec<Capture> {
        let mut own = BTreeSet::new();
        assigned(body, &mut own);
        let mut free = BTreeMap::new();
        let mut contexts = BTreeMap::new();
        for_each_expr(body, &mut |expr| {
            walk(expr, &mut |part| match part.kind {
                ExprKind::Variable(id) if !own.contains(&id) => {
                    free.entry(id).or_insert_with(|| part.ty.clone());
                }
                ExprKind::Context(context) if is_outer(context) => {
                    contexts.entry(context).or_insert_with(|| part.ty.clone());
                }
                _ => {}
            });
        });
        free.retain(|id, _| self.symbols.find_place(*id).is_none());

        let mut captures = Vec::new();
        let mut variables = BTreeMap::new();
        for (id, _) in free {
            let name = self.symbols.name(id).to_owned();
            let ty = self.symbols.ty(id).clone();
            let value = self.terms.variable(id, ty.clone());
            let input = self.capture(&name, ty, &captures);
            variables.insert(id, input.variable);
            captures.push(Capture { input, value });
        }
        let mut places = BTreeMap::new();
        for (context, ty) in contexts {
            let value = Expr {
                kind: ExprKind::Context(context),
                ty: ty.clone(),
                time: Time::Run,
                span: self.terms.span,
            };
            let input = self.capture(context_name(context), ty, &captures);
            places.insert(context, input.variable);
            captures.push(Capture { input, value });
        }
        for_each_expr_mut(body, &mut |expr| {
            walk_mut(expr, &mut |part| match &mut part.kind {
                ExprKind::Variable(id) => {
                    if let Some(inner) = variables.get(id) {
                        *id = *inner;
                    }
                }
                ExprKind::Context(context) => {
                    if let Some(inner) = places.get(context) {
                        part.kind = ExprKind::Variable(*inner);
                    }
                }
                _ => {}
            });
        });
        for capture in &captures {
            let ty = capture.value.ty.clone();
            body.entry.assigns.push(Assign {
                variable: capture.input.variable,
                value: self.terms.variable(capture.input.source, ty),
            });
        }
        captures
    }

    fn capture(&mut self, name: &str, ty: Type, others: &[Capture]) -> MapInput {
        let free = |key: &String| others.iter().all(|other| other.input.key != *key);
        let key = std::iter::once(name.to_owned())
            .chain((2..).map(|n| format!("{name}_{n}")))
            .find(free)
            .unwrap_or_default();
        MapInput {
            variable: self.symbols.variable(name, ty.clone()),
            source: self.symbols.place("$states.input", ty),
            key,
        }
    }
}

/// `{ item, index, error }`, looked into no further.
fn error_item() -> Type {
    Type::object([])
}

fn may_be_list(ty: &Type) -> bool {
    match ty {
        Type::List(_) | Type::Any | Type::Invalid | Type::Union(_) => true,
        Type::Optional(inner) => may_be_list(inner),
        Type::Shape(shape) => {
            use crate::catalog::shape::ShapeKind;
            matches!(shape.kind(), ShapeKind::List { .. } | ShapeKind::Json)
        }
        _ => false,
    }
}

/// Of the pipeline's execution, which a child's context object does not show.
fn is_outer(context: Context) -> bool {
    match context {
        Context::ExecutionId
        | Context::ExecutionName
        | Context::ExecutionStart
        | Context::ExecutionRole
        | Context::ExecutionInput
        | Context::ExecutionRedriveCount
        | Context::MachineId
        | Context::MachineName => true,
        Context::ChildId
        | Context::ChildName
        | Context::StateName
        | Context::StateEntered
        | Context::StateRetryCount
        | Context::TaskToken => false,
    }
}

fn context_name(context: Context) -> &'static str {
    match context {
        Context::ExecutionId => "execution_id",
        Context::ExecutionName => "execution_name",
        Context::ExecutionStart => "execution_start",
        Context::ExecutionRole => "execution_role",
        Context::ExecutionInput => "execution_input",
        Context::ExecutionRedriveCount => "redrive_count",
        Context::MachineId => "machine_id",
        Context::MachineName => "machine_name",
        Context::ChildId => "child_id",
        Context::ChildName => "child_name",
        Context::StateName => "state_name",
        Context::StateEntered => "state_entered",
        Context::StateRetryCount => "retry_count",
        Context::TaskToken => "task_token",
    }
}

/// What a scope and the scopes inside assign.
fn assigned(graph: &Graph, found: &mut BTreeSet<VariableId>) {
    for edge in graph.edges() {
        found.extend(edge.assigns.iter().map(|assign| assign.variable));
    }
    for node in &graph.nodes {
        for body in node.op.bodies() {
            assigned(body, found);
        }
    }
}

/// Each expression of a scope and of the scopes inside.
fn for_each_expr(graph: &Graph, visit: &mut impl FnMut(&Expr)) {
    for edge in graph.edges() {
        for assign in &edge.assigns {
            visit(&assign.value);
        }
        if let Target::End(Some(value)) = &edge.target {
            visit(value);
        }
    }
    for node in &graph.nodes {
        for expr in node.op.exprs() {
            visit(expr);
        }
        for body in node.op.bodies() {
            for_each_expr(body, visit);
        }
    }
}

fn for_each_expr_mut(graph: &mut Graph, visit: &mut impl FnMut(&mut Expr)) {
    for edge in graph.edges_mut() {
        for assign in &mut edge.assigns {
            visit(&mut assign.value);
        }
        if let Target::End(Some(value)) = &mut edge.target {
            visit(value);
        }
    }
    for node in &mut graph.nodes {
        for expr in node.op.exprs_mut() {
            visit(expr);
        }
        for body in node.op.bodies_mut() {
            for_each_expr_mut(body, visit);
        }
    }
}
