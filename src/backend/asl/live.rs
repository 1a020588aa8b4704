//! Which variables are still read behind each place of a scope.

use std::collections::BTreeSet;

use super::graph::{Edge, Graph, NodeId, Target};
use super::terms::{variables, walk};
use crate::ir::{ExprKind, VariableId};

/// An edge by the node that it leaves; None is the scope's entry.
pub(super) type EdgeRef = (Option<NodeId>, usize);

pub(super) struct Live {
    /// On entering a node.
    entering: Vec<BTreeSet<VariableId>>,
}

impl Live {
    pub fn of(graph: &Graph, ways_in: &[Vec<EdgeRef>]) -> Self {
        let mut live = Live {
            entering: vec![BTreeSet::new(); graph.nodes.len()],
        };
        // Only what the scope itself assigns can end to be read.
        let own: BTreeSet<VariableId> = graph
            .edges()
            .flat_map(|edge| edge.assigns.iter().map(|assign| assign.variable))
            .collect();
        let mut queue: Vec<(NodeId, VariableId)> = Vec::new();
        for id in graph.ids() {
            let node = graph.node(id);
            let mut read = BTreeSet::new();
            for expr in node.op.exprs() {
                read.extend(variables(expr));
            }
            for body in node.op.bodies() {
                reads(body, &mut read);
            }
            for edge in node.op.edges() {
                for (n, assign) in edge.assigns.iter().enumerate() {
                    let n = if edge.settled { 0 } else { n };
                    let before = edge.assigns.get(..n).unwrap_or_default();
                    read.extend(variables(&assign.value).into_iter().filter(|variable| {
                        before.iter().all(|assign| assign.variable != *variable)
                    }));
                }
                if let Target::End(Some(value)) = &edge.target {
                    read.extend(
                        variables(value)
                            .into_iter()
                            .filter(|variable| edge.settled || !edge.assigns_to(*variable)),
                    );
                }
            }
            queue.extend(
                read.into_iter()
                    .filter(|variable| own.contains(variable))
                    .map(|variable| (id, variable)),
            );
        }
        while let Some((id, variable)) = queue.pop() {
            if !live.entering[id.0 as usize].insert(variable) {
                continue;
            }
            for (from, slot) in &ways_in[id.0 as usize] {
                let Some(from) = from else { continue };
                let killed = graph
                    .node(*from)
                    .op
                    .edge(*slot)
                    .is_some_and(|edge| edge.assigns_to(variable));
                if !killed {
                    queue.push((*from, variable));
                }
            }
        }
        live
    }

    pub fn entering(&self, id: NodeId) -> &BTreeSet<VariableId> {
        &self.entering[id.0 as usize]
    }

    pub fn set(&mut self, id: NodeId, live: BTreeSet<VariableId>) {
        self.entering[id.0 as usize] = live;
    }

    pub fn grow(&mut self, nodes: usize) {
        self.entering.resize(nodes, BTreeSet::new());
    }

    /// Behind an edge, when all of it has been assigned.
    pub fn behind(&self, target: &Target, variable: VariableId) -> bool {
        match target {
            Target::Node(id) => self.entering(*id).contains(&variable),
            Target::End(_) | Target::Open => false,
        }
    }

    /// Where an edge begins that is not settled.
    pub fn on(&self, edge: &Edge, variable: VariableId) -> bool {
        let mut live = self.behind(&edge.target, variable);
        if let Target::End(Some(value)) = &edge.target {
            live |= variables(value).contains(&variable);
        }
        for assign in edge.assigns.iter().rev() {
            if assign.variable == variable {
                live = false;
            }
            live |= variables(&assign.value).contains(&variable);
        }
        live
    }
}

impl Edge {
    pub fn assigns_to(&self, variable: VariableId) -> bool {
        self.assigns.iter().any(|a| a.variable == variable)
    }
}

/// The edges that lead to each node.
pub(super) fn ways_in(graph: &Graph) -> Vec<Vec<EdgeRef>> {
    let mut ways: Vec<Vec<EdgeRef>> = vec![Vec::new(); graph.nodes.len()];
    if let Some(id) = graph.entry.node() {
        ways[id.0 as usize].push((None, 0));
    }
    for from in graph.ids() {
        for (slot, edge) in graph.node(from).op.edges().into_iter().enumerate() {
            if let Some(id) = edge.node() {
                ways[id.0 as usize].push((Some(from), slot));
            }
        }
    }
    ways
}

/// Every variable that a scope and the scopes inside read.
pub(super) fn reads(graph: &Graph, found: &mut BTreeSet<VariableId>) {
    let mut read = |expr: &crate::ir::Expr| {
        walk(expr, &mut |part| {
            if let ExprKind::Variable(id) = part.kind {
                found.insert(id);
            }
        });
    };
    for edge in graph.edges() {
        for assign in &edge.assigns {
            read(&assign.value);
        }
        if let Target::End(Some(value)) = &edge.target {
            read(value);
        }
    }
    for node in &graph.nodes {
        for expr in node.op.exprs() {
            read(expr);
        }
    }
    for node in &graph.nodes {
        for body in node.op.bodies() {
            reads(body, found);
        }
    }
}
