//! No state where a neighbour can carry what it does.
//!
//! What a point assigns goes into the one state behind it, where only that reads it or several ways would have to carry
//! it; else to the edges that lead to it; failing both, the point becomes a state. Nothing volatile or expensive is
//! evaluated twice, nothing is evaluated where another handler would take its failure.

use std::collections::BTreeSet;

use super::graph::{Assign, Choice, Edge, FrameId, Graph, Node, NodeId, Op, OwnerId, Target};
use super::live::{EdgeRef, Live, reads, ways_in};
use super::settle::{at_once, occurrences, with_values};
use super::symbols::Symbols;
use super::terms::{can_fail, is_cheap, is_volatile, reads_once, size, substitute, variables};
use crate::ir::{Context, Expr, ExprKind, Time, Type, VariableId};

/// The text that may be written more than once to save a state, in parts of expressions.
const COPIES: usize = 24;
/// No state assigns more than this.
const ASSIGNS: usize = 40;

/// Fuses the pipeline's graph and the graphs inside.
pub(super) fn fuse(graph: &mut Graph, symbols: &Symbols<'_>, params: &BTreeSet<VariableId>) {
    show_input(graph, symbols, params);
    fuse_scope(graph, symbols, params);
}

fn fuse_scope(graph: &mut Graph, symbols: &Symbols<'_>, params: &BTreeSet<VariableId>) {
    drop_unreachable(graph);
    let ways_in = ways_in(graph);
    let live = Live::of(graph, &ways_in);
    let inside = graph
        .nodes
        .iter()
        .map(|node| {
            let mut found = BTreeSet::new();
            for body in node.op.bodies() {
                reads(body, &mut found);
            }
            found
        })
        .collect();
    let mut fuser = Fuser {
        graph,
        symbols,
        ways_in,
        live,
        inside,
    };
    // What several ways would have to carry goes into the one state behind them, and so does what is read there alone.
    for id in fuser.graph.ids() {
        if fuser.ways_in[id.0 as usize].len() > 1 || fuser.is_for_next(id) {
            fuser.push(id);
        }
    }
    for id in fuser.graph.ids() {
        fuser.pull(id);
    }
    for id in fuser.graph.ids() {
        fuser.push(id);
    }
    fuser.enter(params);
    for id in fuser.graph.ids() {
        fuser.sink(id);
    }
    for id in fuser.graph.ids() {
        fuser.merge(id);
    }
    for node in &mut graph.nodes {
        for body in node.op.bodies_mut() {
            fuse_scope(body, symbols, params);
        }
    }
}

fn drop_unreachable(graph: &mut Graph) {
    let mut reached = vec![false; graph.nodes.len()];
    let mut queue: Vec<NodeId> = graph.entry.node().into_iter().collect();
    while let Some(id) = queue.pop() {
        if std::mem::replace(&mut reached[id.0 as usize], true) {
            continue;
        }
        queue.extend(graph.node(id).op.edges().into_iter().filter_map(Edge::node));
    }
    for (node, reached) in graph.nodes.iter_mut().zip(reached) {
        if !reached {
            node.op = Op::Gone;
        }
    }
}

/// A parameter that a first map or parallel reads inside is not assigned by then: it is read from the context object.
fn show_input(graph: &mut Graph, symbols: &Symbols<'_>, params: &BTreeSet<VariableId>) {
    let mut at = graph.entry.node();
    let mut inside = BTreeSet::new();
    // Through points that only lead on.
    let mut steps = graph.nodes.len();
    while let Some(id) = at {
        let node = graph.node(id);
        for body in node.op.bodies() {
            reads(body, &mut inside);
        }
        steps = steps.saturating_sub(1);
        at = match &node.op {
            Op::Pass { next } if steps > 0 => next.node(),
            _ => None,
        };
    }
    from_context(graph, symbols, |variable| {
        params.contains(&variable) && inside.contains(&variable)
    });
}

/// Reads required parameters from the context object, which shows the execution's input everywhere.
fn from_context(graph: &mut Graph, symbols: &Symbols<'_>, which: impl Fn(VariableId) -> bool) {
    let (shown, kept): (Vec<Assign>, Vec<Assign>) = std::mem::take(&mut graph.entry.assigns)
        .into_iter()
        .partition(|assign| {
            which(assign.variable) && matches!(assign.value.kind, ExprKind::Variable(_))
        });
    graph.entry.assigns = kept;
    let values: Vec<(VariableId, Expr)> = shown
        .into_iter()
        .map(|assign| {
            let context = Expr {
                kind: ExprKind::Context(Context::ExecutionInput),
                ty: Type::object([]),
                time: Time::Run,
                span: assign.value.span,
            };
            let member = ExprKind::Member {
                base: Box::new(context),
                name: symbols.name(assign.variable).to_owned(),
            };
            let value = Expr {
                kind: member,
                ..assign.value
            };
            (assign.variable, value)
        })
        .collect();
    if !values.is_empty() {
        replace_everywhere(graph, &values);
    }
}

fn replace_everywhere(graph: &mut Graph, values: &[(VariableId, Expr)]) {
    let value_of = |id| {
        values
            .iter()
            .find(|(variable, _)| *variable == id)
            .map(|(_, value)| value.clone())
    };
    for edge in graph.edges_mut() {
        for assign in &mut edge.assigns {
            substitute(&mut assign.value, &value_of);
        }
        if let Target::End(Some(value)) = &mut edge.target {
            substitute(value, &value_of);
        }
    }
    for node in &mut graph.nodes {
        for expr in node.op.exprs_mut() {
            substitute(expr, &value_of);
        }
        for body in node.op.bodies_mut() {
            replace_everywhere(body, values);
        }
    }
}

struct Fuser<'g, 's, 'p> {
    graph: &'g mut Graph,
    symbols: &'s Symbols<'p>,
    ways_in: Vec<Vec<EdgeRef>>,
    live: Live,
    /// What the scopes inside each node read.
    inside: Vec<BTreeSet<VariableId>>,
}

impl Fuser<'_, '_, '_> {
    fn edge(&self, (from, slot): EdgeRef) -> Option<&Edge> {
        match from {
            None => Some(&self.graph.entry),
            Some(id) => self.graph.node(id).op.edge(slot),
        }
    }

    fn edge_mut(&mut self, (from, slot): EdgeRef) -> Option<&mut Edge> {
        match from {
            None => Some(&mut self.graph.entry),
            Some(id) => self.graph.node_mut(id).op.edge_mut(slot),
        }
    }

    /// The way out of a point.
    fn point(&self, id: NodeId) -> Option<&Edge> {
        match &self.graph.node(id).op {
            Op::Pass { next } => Some(next),
            Op::Evaluate(outcome) => Some(&outcome.next),
            _ => None,
        }
    }

    /// Moves what a point does to the edges that lead to it.
    fn pull(&mut self, id: NodeId) {
        let Some(next) = self.point(id) else {
            return;
        };
        if next.node() == Some(id) || matches!(next.target, Target::Open) {
            return;
        }
        let ways = &self.ways_in[id.0 as usize];
        let moved: usize = next.assigns.iter().map(|a| size(&a.value)).sum::<usize>()
            + match &next.target {
                Target::End(Some(value)) => size(value),
                _ => 0,
            };
        if moved * ways.len().saturating_sub(1) > COPIES
            || ways.is_empty()
            || !ways.iter().all(|way| self.can_carry(*way, id))
        {
            return;
        }
        let ways = std::mem::take(&mut self.ways_in[id.0 as usize]);
        let op = std::mem::replace(&mut self.graph.node_mut(id).op, Op::Gone);
        let next = match op {
            Op::Pass { next } => next,
            Op::Evaluate(outcome) => {
                self.forget(id, &outcome.catch);
                outcome.next
            }
            _ => return,
        };
        for way in &ways {
            let assigns = next.assigns.clone();
            let target = next.target.copy();
            if let Some(edge) = self.edge_mut(*way) {
                edge.assigns.extend(assigns);
                edge.target = target;
            }
        }
        if let Some(target) = next.node() {
            let into = &mut self.ways_in[target.0 as usize];
            into.retain(|(from, _)| *from != Some(id));
            into.extend(ways);
        }
    }

    /// A node that is gone leads nowhere by its catchers either.
    fn forget(&mut self, id: NodeId, catch: &[super::graph::Catch]) {
        for catch in catch {
            if let Some(target) = catch.edge.node() {
                self.ways_in[target.0 as usize].retain(|(from, _)| *from != Some(id));
            }
        }
    }

    fn can_carry(&self, way: EdgeRef, point: NodeId) -> bool {
        let (Some(edge), Some(next)) = (self.edge(way), self.point(point)) else {
            return false;
        };
        let end = match &next.target {
            Target::End(value) => value.as_deref(),
            _ => None,
        };
        if next.assigns.is_empty() && end.is_none() {
            // Only the scope's entry must lead to a state.
            return !matches!((&next.target, way.0), (Target::End(_), None));
        }
        if matches!((&next.target, way.0), (Target::End(_), None)) {
            return false;
        }
        let mut moved = next.assigns.iter().map(|assign| &assign.value).chain(end);
        if moved.any(can_fail) && !(self.takes_failures_of(way, point) && self.keeps(way, next)) {
            return false;
        }
        if edge.assigns.len() + next.assigns.len() > ASSIGNS && way.0.is_some() {
            return false;
        }
        let all: Vec<Assign> = edge.assigns.iter().chain(&next.assigns).cloned().collect();
        at_once(&all, end, self.symbols, |variable| {
            self.live.behind(&next.target, variable)
        })
        .is_some()
    }

    /// Whether an expression's failure on this edge goes where it goes at that point.
    fn takes_failures_of(&self, (from, slot): EdgeRef, point: NodeId) -> bool {
        let guard = self.graph.node(point).eval_guard;
        let Some(node) = from.map(|id| self.graph.node(id)) else {
            return guard.is_none();
        };
        match node.op.outcome() {
            Some(_) if slot == 0 => node.eval_guard == guard && !retries_evaluation(node),
            _ => guard.is_none(),
        }
    }

    /// Whether nothing reads what a point assigns but the state behind it, on entering.
    fn is_for_next(&self, id: NodeId) -> bool {
        let Some(next) = self.point(id) else {
            return false;
        };
        let Some(target) = next.node() else {
            return false;
        };
        let edges = self.graph.node(target).op.edges();
        !next.assigns.is_empty()
            && next.assigns.iter().all(|assign| {
                edges
                    .iter()
                    .all(|edge| !self.live.on(edge, assign.variable))
            })
    }

    /// Whether a failure among what is moved to this edge loses nothing that a handler reads: a catcher's assignments take
    /// the place of the state's, those before the failure too.
    fn keeps(&self, way: EdgeRef, moved: &Edge) -> bool {
        let outcome = way.0.and_then(|id| self.graph.node(id).op.outcome());
        let (Some(outcome), Some(edge)) = (outcome, self.edge(way)) else {
            return true;
        };
        edge.assigns.iter().chain(&moved.assigns).all(|assign| {
            outcome
                .catch
                .iter()
                .all(|catch| !self.live.on(&catch.edge, assign.variable))
        })
    }

    /// Moves what a point does into the only state behind it.
    fn push(&mut self, id: NodeId) {
        let Some(next) = self.point(id) else {
            return;
        };
        let Some(target) = next.node() else {
            return;
        };
        let assigns = next.assigns.clone();
        if target == id || !self.absorb(&assigns, target, self.graph.node(id).eval_guard) {
            return;
        }
        let ways = std::mem::take(&mut self.ways_in[id.0 as usize]);
        if let Op::Evaluate(outcome) = std::mem::replace(&mut self.graph.node_mut(id).op, Op::Gone)
        {
            self.forget(id, &outcome.catch);
        }
        for way in &ways {
            if let Some(edge) = self.edge_mut(*way) {
                edge.target = Target::Node(target);
            }
        }
        self.ways_in[target.0 as usize] = ways;
    }

    /// Puts assignments in front of a state into it: their values where it reads them, the rest on its ways out.
    fn absorb(&mut self, assigns: &[Assign], target: NodeId, guard: Option<FrameId>) -> bool {
        if self.ways_in[target.0 as usize].len() != 1 {
            return false;
        }
        let behind = Target::Node(target);
        let live = |variable| self.live.behind(&behind, variable);
        let Some((assigns, _)) = at_once(assigns, None, self.symbols, live) else {
            return false;
        };
        let node = self.graph.node(target);
        let inside = &self.inside[target.0 as usize];
        let mut copies = 0;
        for assign in &assigns {
            let variable = assign.variable;
            let here: usize = node
                .op
                .exprs()
                .into_iter()
                .flat_map(occurrences)
                .filter(|(read, _)| *read == variable)
                .map(|(_, times)| times)
                .sum();
            let on = node
                .op
                .edges()
                .into_iter()
                .filter(|edge| self.live.on(edge, variable))
                .count();
            let value = &assign.value;
            let certain = || {
                let reads = |expr: &&Expr| reads_once(expr, variable);
                here == 1 && on == 0 && node.op.exprs().iter().any(reads)
            };
            if inside.contains(&variable)
                || is_volatile(value)
                || (here + on.min(1) > 1 && !is_cheap(value))
                || (can_fail(value) && !(certain() && self.fails_alike(node, guard)))
            {
                return false;
            }
            copies += size(value) * (here + on).saturating_sub(1);
        }
        if copies > COPIES {
            return false;
        }
        let values: Vec<(VariableId, Expr)> = assigns
            .iter()
            .map(|assign| (assign.variable, assign.value.clone()))
            .collect();
        let carried: Vec<Vec<Assign>> = node
            .op
            .edges()
            .into_iter()
            .map(|edge| {
                assigns
                    .iter()
                    .filter(|assign| self.live.on(edge, assign.variable))
                    .cloned()
                    .collect()
            })
            .collect();
        let fits = node
            .op
            .edges()
            .into_iter()
            .zip(&carried)
            .all(|(edge, more)| {
                let all: Vec<Assign> = more.iter().chain(&edge.assigns).cloned().collect();
                let end = match &edge.target {
                    Target::End(value) => value.as_deref(),
                    _ => None,
                };
                at_once(&all, end, self.symbols, |variable| {
                    self.live.behind(&edge.target, variable)
                })
                .is_some()
            });
        if !fits {
            return false;
        }
        let mut entering = self.live.entering(target).clone();
        for (variable, value) in &values {
            entering.remove(variable);
            entering.extend(
                variables(value)
                    .into_iter()
                    .filter(|read| self.symbols.find_place(*read).is_none()),
            );
        }
        self.live.set(target, entering);
        let node = self.graph.node_mut(target);
        for expr in node.op.exprs_mut() {
            *expr = with_values(expr, &values);
        }
        for (edge, mut carried) in node.op.edges_mut().into_iter().zip(carried) {
            carried.append(&mut edge.assigns);
            edge.assigns = carried;
        }
        true
    }

    /// Whether the failure of an expression of this state goes to that handler.
    fn fails_alike(&self, node: &Node, guard: Option<FrameId>) -> bool {
        match node.op.outcome() {
            Some(_) => node.eval_guard == guard && !retries_evaluation(node),
            None => guard.is_none(),
        }
    }

    /// The first state carries what comes in by the input; the context object shows it; or a state of its own assigns it.
    fn enter(&mut self, params: &BTreeSet<VariableId>) {
        let Some(first) = self.graph.entry.node() else {
            let entry = std::mem::take(&mut self.graph.entry);
            self.input_state(entry);
            return;
        };
        let entry = std::mem::take(&mut self.graph.entry.assigns);
        if entry.is_empty() || self.absorb(&entry, first, None) {
            return;
        }
        let live = |variable| self.live.entering(first).contains(&variable);
        let assigns = match at_once(&entry, None, self.symbols, live) {
            Some((assigns, _)) => assigns,
            None => entry,
        };
        let shown = |assign: &Assign| {
            params.contains(&assign.variable) && matches!(assign.value.kind, ExprKind::Variable(_))
        };
        let only_params = assigns.iter().all(shown);
        self.graph.entry.assigns = assigns;
        if only_params {
            from_context(self.graph, self.symbols, |_| true);
            return;
        }
        let entry = std::mem::replace(&mut self.graph.entry, Edge::to(first));
        self.input_state(entry);
    }

    /// A state in front of all others; several where what they assign must happen in turn.
    fn input_state(&mut self, edge: Edge) {
        let mut turns: Vec<Vec<Assign>> = vec![Vec::new()];
        for assign in edge.assigns {
            let Some(turn) = turns.last_mut() else { return };
            turn.push(assign);
            if at_once(turn, None, self.symbols, |_| true).is_none() {
                let assign = turn.pop();
                turns.push(assign.into_iter().collect());
            }
        }
        let first = edge.target.copy();
        let mut known: BTreeSet<VariableId> = turns
            .iter()
            .flatten()
            .map(|assign| assign.variable)
            .collect();
        if let Target::Node(first) = first {
            known.extend(self.live.entering(first));
        }
        let owner = self.graph.nodes.first().map(|node| node.owner);
        let mut target = edge.target;
        for (n, assigns) in turns.into_iter().enumerate().rev() {
            let id = NodeId(self.graph.nodes.len() as u32);
            if let Target::Node(next) = target {
                let ways = &mut self.ways_in[next.0 as usize];
                ways.retain(|(from, _)| from.is_some());
                ways.push((Some(id), 0));
            }
            self.graph.nodes.push(Node {
                op: Op::Pass {
                    next: Edge {
                        assigns,
                        target,
                        ..Edge::default()
                    },
                },
                owner: owner.unwrap_or(OwnerId(0)),
                role: Some("input"),
                eval_guard: None,
                // In front of what was placed.
                order: u32::from(n > 0),
                entered: true,
            });
            self.ways_in.push(vec![(None, 0)]);
            self.inside.push(BTreeSet::new());
            self.live.grow(self.graph.nodes.len());
            self.live.set(id, known.clone());
            target = Target::Node(id);
        }
        self.graph.entry.target = target;
    }

    /// States that hand on their input unchanged need not keep in a variable what only the next state reads of it.
    fn sink(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        if !matches!(node.op, Op::Choice(_) | Op::Wait { .. } | Op::Pass { .. })
            || !self.sees_input(id)
        {
            return;
        }
        let edges = node.op.edges().len();
        for slot in 0..edges {
            let Some(edge) = self.graph.node(id).op.edge(slot) else {
                continue;
            };
            let Some(target) = edge.node() else { continue };
            if self.ways_in[target.0 as usize].len() != 1 {
                continue;
            }
            let node = self.graph.node(target);
            let only_here = |variable: VariableId| {
                !self.inside[target.0 as usize].contains(&variable)
                    && node
                        .op
                        .edges()
                        .into_iter()
                        .all(|edge| !self.live.on(edge, variable))
            };
            let of_input = |assign: &Assign| {
                is_cheap(&assign.value)
                    && !can_fail(&assign.value)
                    && !is_volatile(&assign.value)
                    && variables(&assign.value)
                        .iter()
                        .all(|read| self.symbols.find_place(*read).is_some())
            };
            let Some((assigns, _)) = at_once(&edge.assigns, None, self.symbols, |variable| {
                self.live.behind(&edge.target, variable)
            }) else {
                continue;
            };
            let (sunk, kept): (Vec<Assign>, Vec<Assign>) = assigns
                .into_iter()
                .partition(|assign| of_input(assign) && only_here(assign.variable));
            if sunk.is_empty() {
                continue;
            }
            let values: Vec<(VariableId, Expr)> = sunk
                .into_iter()
                .map(|assign| (assign.variable, assign.value))
                .collect();
            if let Some(edge) = self.graph.node_mut(id).op.edge_mut(slot) {
                edge.assigns = kept;
            }
            for expr in self.graph.node_mut(target).op.exprs_mut() {
                *expr = with_values(expr, &values);
            }
        }
    }

    /// Whether the state's input is the scope's.
    fn sees_input(&self, id: NodeId) -> bool {
        let mut at = id;
        for _ in 0..self.graph.nodes.len() {
            let [(from, _)] = self.ways_in[at.0 as usize].as_slice() else {
                return false;
            };
            let Some(from) = from else {
                return true;
            };
            if self.graph.node(*from).op.outcome().is_some() {
                return false;
            }
            at = *from;
        }
        false
    }

    /// A choice that is only another's default becomes a part of it.
    fn merge(&mut self, id: NodeId) {
        loop {
            let Op::Choice(choice) = &self.graph.node(id).op else {
                return;
            };
            let Some(target) = choice.default.node() else {
                return;
            };
            let alone = self.ways_in[target.0 as usize].len() == 1;
            if target == id || !alone || !choice.default.assigns.is_empty() {
                return;
            }
            let Op::Choice(_) = &self.graph.node(target).op else {
                return;
            };
            let Op::Choice(inner) =
                std::mem::replace(&mut self.graph.node_mut(target).op, Op::Gone)
            else {
                return;
            };
            let Choice { rules, default } = *inner;
            let targets: Vec<NodeId> = rules
                .iter()
                .map(|rule| &rule.edge)
                .chain([&default])
                .filter_map(Edge::node)
                .collect();
            if let Op::Choice(choice) = &mut self.graph.node_mut(id).op {
                choice.rules.extend(rules);
                choice.default = default;
            }
            for next in targets {
                self.ways_in[next.0 as usize].retain(|(from, _)| *from != Some(target));
                self.ways_in[next.0 as usize].push((Some(id), 0));
            }
        }
    }
}

fn retries_evaluation(node: &Node) -> bool {
    node.op.outcome().is_some_and(|outcome| {
        outcome.retry.iter().any(|rule| {
            rule.errors
                .iter()
                .any(|name| name == "States.ALL" || name == "States.QueryEvaluationError")
        })
    })
}

impl Target {
    fn copy(&self) -> Target {
        match self {
            Target::Open => Target::Open,
            Target::Node(id) => Target::Node(*id),
            Target::End(value) => Target::End(value.clone()),
        }
    }
}
