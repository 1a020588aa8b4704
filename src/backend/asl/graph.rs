//! Control flow between the structured program and the document: states-to-be, and edges that carry assignments.
//!
//! A graph is one scope (the machine, a branch, a map's body). Only edges assign: an edge's assignments happen one after
//! another when it is taken, until fusing has settled them to happen at once. A `Pass` is a point between others until fusing finds that nothing else can carry what it
//! assigns. Knows nothing of JSONata's text.

use super::jsonata;
use crate::catalog::Form;
use crate::ir::{self, Expr, VariableId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(pub u32);

/// What stands around a node: the innermost handler, in the arena of all scopes' frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FrameId(pub u32);

/// The stage that a node was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct OwnerId(pub u32);

#[derive(Debug, Default)]
pub(super) struct Graph {
    pub nodes: Vec<Node>,
    /// Into the first node. What it assigns (parameters, a map's item) comes from the scope's input.
    pub entry: Edge,
}

#[derive(Debug)]
pub(super) struct Node {
    pub op: Op,
    pub owner: OwnerId,
    /// None for the state that bears the owner's own name.
    pub role: Option<&'static str>,
    /// The handler, if any, that takes an expression's failure at this place.
    pub eval_guard: Option<FrameId>,
    /// Position in the document.
    pub order: u32,
    /// Something leads here.
    pub entered: bool,
}

#[derive(Debug, Default)]
pub(super) struct Edge {
    pub assigns: Vec<Assign>,
    /// The assignments happen at once, and the value of the scope that ends behind it is from before them.
    pub settled: bool,
    pub target: Target,
}

#[derive(Clone, Debug)]
pub(super) struct Assign {
    pub variable: VariableId,
    pub value: Expr,
}

#[derive(Debug, Default)]
pub(super) enum Target {
    /// Not connected yet, or nothing behind it: no way leads on.
    #[default]
    Open,
    Node(NodeId),
    /// The scope's end, with its value where somebody uses it.
    End(Option<Box<Expr>>),
}

#[derive(Debug)]
pub(super) enum Op {
    Pass {
        next: Edge,
    },
    Task(Box<Task>),
    Map(Box<Map>),
    Parallel(Box<Parallel>),
    Choice(Box<Choice>),
    Wait {
        delay: Delay,
        next: Edge,
    },
    Fail {
        error: Expr,
        cause: Option<Expr>,
    },
    /// A `Pass` whose expressions can fail, with the handlers that take that.
    Evaluate(Box<Outcome>),
    /// Taken out by fusing.
    Gone,
}

#[derive(Debug)]
pub(super) enum Delay {
    Seconds(Expr),
    Until(Expr),
}

/// What Task, Map and Parallel have in common.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub next: Edge,
    pub retry: Vec<ir::Retry>,
    pub catch: Vec<Catch>,
}

#[derive(Debug)]
pub(super) struct Catch {
    pub errors: Vec<String>,
    pub edge: Edge,
}

#[derive(Debug)]
pub(super) struct Task {
    pub resource: TaskResource,
    pub arguments: Arguments,
    pub timeout: Option<Expr>,
    pub heartbeat: Option<Expr>,
    pub credentials: Option<Expr>,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Arguments {
    Value(Expr),
    Members(Vec<jsonata::Member>),
}

#[derive(Debug)]
pub(super) enum TaskResource {
    Integration(&'static Form),
    Activity(ir::Deploy),
}

#[derive(Debug)]
pub(super) struct Map {
    pub items: ir::Items,
    pub concurrency: Option<Expr>,
    pub distributed: Option<ir::Distributed>,
    /// How the body gets its item, its index and, when it can't see out, what it uses of outside.
    pub item: MapInput,
    pub index: MapInput,
    pub captures: Vec<Capture>,
    /// Filled in when the body's use of them is final.
    pub input: BodyInput,
    /// `$states.result`, to ask whether anybody uses the list.
    pub result: VariableId,
    pub body: Graph,
    pub outcome: Outcome,
}

/// What a map's ItemSelector has to select.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BodyInput {
    pub item: bool,
    pub index: bool,
    /// The input is an object of several values, not the item itself.
    pub selected: bool,
}

/// A value that comes in by the body's input.
#[derive(Debug)]
pub(super) struct MapInput {
    /// The variable of the body.
    pub variable: VariableId,
    /// Its place in the body's input; the text is known when it is known what else comes in.
    pub source: VariableId,
    /// The member of the input, where the input has members.
    pub key: String,
}

#[derive(Debug)]
pub(super) struct Capture {
    pub input: MapInput,
    /// Evaluated where the map stands.
    pub value: Expr,
}

#[derive(Debug)]
pub(super) struct Parallel {
    pub branches: Vec<ParallelBranch>,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub(super) struct ParallelBranch {
    pub name: String,
    /// `$states.result[n]`
    pub result: VariableId,
    pub body: Graph,
}

#[derive(Debug, Default)]
pub(super) struct Choice {
    pub rules: Vec<Rule>,
    /// Open when no value gets here.
    pub default: Edge,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub condition: Expr,
    pub edge: Edge,
}

impl Edge {
    pub fn to(target: NodeId) -> Self {
        Self {
            target: Target::Node(target),
            ..Self::default()
        }
    }

    pub fn node(&self) -> Option<NodeId> {
        match self.target {
            Target::Node(id) => Some(id),
            _ => None,
        }
    }
}

impl Graph {
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// Every edge, the entry first.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        std::iter::once(&self.entry).chain(self.nodes.iter().flat_map(|node| node.op.edges()))
    }

    pub fn edges_mut(&mut self) -> impl Iterator<Item = &mut Edge> {
        std::iter::once(&mut self.entry)
            .chain(self.nodes.iter_mut().flat_map(|node| node.op.edges_mut()))
    }
}

impl Op {
    /// Ways out: the next state or the default first, then catchers or rules.
    pub fn edges(&self) -> Vec<&Edge> {
        match self {
            Op::Pass { next } | Op::Wait { next, .. } => vec![next],
            Op::Task(task) => task.outcome.edges(),
            Op::Map(map) => map.outcome.edges(),
            Op::Parallel(parallel) => parallel.outcome.edges(),
            Op::Evaluate(outcome) => outcome.edges(),
            Op::Choice(choice) => std::iter::once(&choice.default)
                .chain(choice.rules.iter().map(|rule| &rule.edge))
                .collect(),
            Op::Fail { .. } | Op::Gone => Vec::new(),
        }
    }

    pub fn edges_mut(&mut self) -> Vec<&mut Edge> {
        match self {
            Op::Pass { next } | Op::Wait { next, .. } => vec![next],
            Op::Task(task) => task.outcome.edges_mut(),
            Op::Map(map) => map.outcome.edges_mut(),
            Op::Parallel(parallel) => parallel.outcome.edges_mut(),
            Op::Evaluate(outcome) => outcome.edges_mut(),
            Op::Choice(choice) => std::iter::once(&mut choice.default)
                .chain(choice.rules.iter_mut().map(|rule| &mut rule.edge))
                .collect(),
            Op::Fail { .. } | Op::Gone => Vec::new(),
        }
    }

    pub fn edge_mut(&mut self, slot: usize) -> Option<&mut Edge> {
        match self {
            Op::Pass { next } | Op::Wait { next, .. } => (slot == 0).then_some(next),
            Op::Task(task) => task.outcome.edge_mut(slot),
            Op::Map(map) => map.outcome.edge_mut(slot),
            Op::Parallel(parallel) => parallel.outcome.edge_mut(slot),
            Op::Evaluate(outcome) => outcome.edge_mut(slot),
            Op::Choice(choice) => match slot {
                0 => Some(&mut choice.default),
                slot => choice.rules.get_mut(slot - 1).map(|rule| &mut rule.edge),
            },
            Op::Fail { .. } | Op::Gone => None,
        }
    }

    pub fn edge(&self, slot: usize) -> Option<&Edge> {
        self.edges().into_iter().nth(slot)
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Op::Task(task) => Some(&task.outcome),
            Op::Map(map) => Some(&map.outcome),
            Op::Parallel(parallel) => Some(&parallel.outcome),
            Op::Evaluate(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The scopes inside.
    pub fn bodies(&self) -> Vec<&Graph> {
        match self {
            Op::Map(map) => vec![&map.body],
            Op::Parallel(parallel) => parallel.branches.iter().map(|b| &b.body).collect(),
            _ => Vec::new(),
        }
    }

    pub fn bodies_mut(&mut self) -> Vec<&mut Graph> {
        match self {
            Op::Map(map) => vec![&mut map.body],
            Op::Parallel(parallel) => parallel.branches.iter_mut().map(|b| &mut b.body).collect(),
            _ => Vec::new(),
        }
    }

    /// What is evaluated when the state is entered, without what its edges assign and what is inside its bodies.
    pub fn exprs(&self) -> Vec<&Expr> {
        let mut all = Vec::new();
        match self {
            Op::Task(task) => {
                all.extend(task.arguments.exprs());
                all.extend(&task.timeout);
                all.extend(&task.heartbeat);
                all.extend(&task.credentials);
            }
            Op::Map(map) => {
                map.own_exprs(&mut all);
                all.extend(map.captures.iter().map(|capture| &capture.value));
            }
            Op::Choice(choice) => all.extend(choice.rules.iter().map(|rule| &rule.condition)),
            Op::Wait { delay, .. } => all.push(delay.expr()),
            Op::Fail { error, cause } => {
                all.push(error);
                all.extend(cause);
            }
            Op::Pass { .. } | Op::Parallel(_) | Op::Evaluate(_) | Op::Gone => {}
        }
        all
    }

    pub fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        let mut all = Vec::new();
        match self {
            Op::Task(task) => {
                all.extend(task.arguments.exprs_mut());
                all.extend(&mut task.timeout);
                all.extend(&mut task.heartbeat);
                all.extend(&mut task.credentials);
            }
            Op::Map(map) => map.exprs_mut(&mut all),
            Op::Choice(choice) => all.extend(choice.rules.iter_mut().map(|r| &mut r.condition)),
            Op::Wait { delay, .. } => all.push(delay.expr_mut()),
            Op::Fail { error, cause } => {
                all.push(error);
                all.extend(cause);
            }
            Op::Pass { .. } | Op::Parallel(_) | Op::Evaluate(_) | Op::Gone => {}
        }
        all
    }
}

impl Outcome {
    fn edges(&self) -> Vec<&Edge> {
        std::iter::once(&self.next)
            .chain(self.catch.iter().map(|catch| &catch.edge))
            .collect()
    }

    fn edges_mut(&mut self) -> Vec<&mut Edge> {
        std::iter::once(&mut self.next)
            .chain(self.catch.iter_mut().map(|catch| &mut catch.edge))
            .collect()
    }

    fn edge_mut(&mut self, slot: usize) -> Option<&mut Edge> {
        match slot {
            0 => Some(&mut self.next),
            slot => self.catch.get_mut(slot - 1).map(|catch| &mut catch.edge),
        }
    }
}

impl Arguments {
    fn exprs(&self) -> Vec<&Expr> {
        match self {
            Arguments::Value(value) => vec![value],
            Arguments::Members(members) => members.iter().map(|member| &member.value).collect(),
        }
    }

    fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Arguments::Value(value) => vec![value],
            Arguments::Members(members) => {
                members.iter_mut().map(|member| &mut member.value).collect()
            }
        }
    }
}

impl Delay {
    fn expr(&self) -> &Expr {
        match self {
            Delay::Seconds(expr) | Delay::Until(expr) => expr,
        }
    }

    fn expr_mut(&mut self) -> &mut Expr {
        match self {
            Delay::Seconds(expr) | Delay::Until(expr) => expr,
        }
    }
}

impl Map {
    /// Whether a body's item is a list of items.
    pub fn is_batched(&self) -> bool {
        self.distributed.as_ref().is_some_and(|d| d.batch.is_some())
    }

    /// Without the captures: those are used only as far as the body uses them.
    pub fn own_exprs<'a>(&'a self, all: &mut Vec<&'a Expr>) {
        match &self.items {
            ir::Items::Values(expr) => all.push(expr),
            ir::Items::Dataset(dataset) => {
                all.push(&dataset.bucket);
                all.extend(&dataset.key);
                all.extend(dataset.config.iter().map(|(_, expr)| expr));
                all.extend(dataset.arguments.iter().map(|(_, expr)| expr));
            }
        }
        all.extend(&self.concurrency);
        let Some(distributed) = &self.distributed else {
            return;
        };
        match &distributed.batch {
            Some(ir::Batch::Items(expr) | ir::Batch::Bytes(expr)) => all.push(expr),
            None => {}
        }
        match &distributed.tolerate {
            Some(ir::Tolerate::Count(expr) | ir::Tolerate::Percentage(expr)) => all.push(expr),
            None => {}
        }
        if let Some(results) = &distributed.results {
            all.push(&results.bucket);
            all.extend(&results.prefix);
        }
    }

    fn exprs_mut<'a>(&'a mut self, all: &mut Vec<&'a mut Expr>) {
        match &mut self.items {
            ir::Items::Values(expr) => all.push(expr),
            ir::Items::Dataset(dataset) => {
                all.push(&mut dataset.bucket);
                all.extend(&mut dataset.key);
                all.extend(dataset.config.iter_mut().map(|(_, expr)| expr));
                all.extend(dataset.arguments.iter_mut().map(|(_, expr)| expr));
            }
        }
        all.extend(&mut self.concurrency);
        if let Some(distributed) = &mut self.distributed {
            match &mut distributed.batch {
                Some(ir::Batch::Items(expr) | ir::Batch::Bytes(expr)) => all.push(expr),
                None => {}
            }
            match &mut distributed.tolerate {
                Some(ir::Tolerate::Count(expr) | ir::Tolerate::Percentage(expr)) => all.push(expr),
                None => {}
            }
            if let Some(results) = &mut distributed.results {
                all.push(&mut results.bucket);
                all.extend(&mut results.prefix);
            }
        }
        all.extend(self.captures.iter_mut().map(|capture| &mut capture.value));
    }
}
