//! Nodes, edges and boxes: the picture for those who lay it out themselves.

use super::{Arm, Chart, Graph, Kind, Loop, Node};
use crate::ir::LabelId;

/// A graph with nested boxes. Nodes and boxes have ids of their own: their places in these lists.
#[derive(Debug, Default)]
pub(super) struct Flat {
    pub nodes: Vec<FlatNode>,
    pub boxes: Vec<FlatBox>,
    pub edges: Vec<Edge>,
    /// What stands in no box.
    pub roots: Vec<Part>,
}

#[derive(Debug)]
pub(super) struct FlatNode {
    pub shape: Shape,
    /// The first is the title.
    pub lines: Vec<String>,
    /// The stage whose own node it is; empty for others.
    pub stage: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Where a pipeline begins or ends.
    Terminal,
    Call,
    Pipeline,
    Pass,
    Wait,
    Choice,
    /// Where branches begin, and where a loop is entered again.
    Fork,
    Jump,
    Fail,
}

#[derive(Debug)]
pub(super) struct FlatBox {
    pub lines: Vec<String>,
    /// The stage whose box it is; empty for others.
    pub stage: String,
    pub parts: Vec<Part>,
    /// The node by which it is entered.
    pub first: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Node(usize),
    Box(usize),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub from: Part,
    pub to: usize,
    pub words: String,
    /// Taken when something went wrong, or from one picture to another.
    pub dashed: bool,
}

/// Where the next node is entered from.
#[derive(Clone)]
struct Exit {
    from: Part,
    words: String,
    dashed: bool,
}

impl Exit {
    fn plain(from: usize) -> Self {
        Self::of(Part::Node(from), "", false)
    }

    fn of(from: Part, words: &str, dashed: bool) -> Self {
        Self {
            from,
            words: words.to_owned(),
            dashed,
        }
    }
}

/// All charts, each in a box of its own where there are several.
pub(super) fn flatten(graph: &Graph) -> Flat {
    let mut flattener = Flattener::default();
    let several = graph.charts.len() > 1;
    let mut starts = Vec::new();
    for chart in &graph.charts {
        flattener.labels.clear();
        starts.push((chart.name.as_str(), flattener.flat.nodes.len()));
        if several {
            let lines = vec![chart.name.clone()];
            flattener.boxed(lines, |f| f.chart(chart));
        } else {
            flattener.chart(chart);
        }
    }
    for (from, name) in std::mem::take(&mut flattener.calls) {
        if let Some((_, start)) = starts.iter().find(|(known, _)| *known == name) {
            flattener.flat.edges.push(Edge {
                from: Part::Node(from),
                to: *start,
                words: String::new(),
                dashed: true,
            });
        }
    }
    flattener.flat
}

#[derive(Default)]
struct Flattener {
    flat: Flat,
    /// The boxes around, innermost last.
    open: Vec<usize>,
    /// Where jumps to a label come from.
    labels: Vec<(LabelId, Vec<Exit>)>,
    /// Where `continue` goes.
    heads: Vec<(LabelId, usize)>,
    /// Calls of pipelines.
    calls: Vec<(usize, String)>,
    /// The stage whose node or box comes next.
    stage: String,
}

impl Flattener {
    fn chart(&mut self, chart: &Chart) {
        let start = self.node(Shape::Terminal, chart.start(), Vec::new());
        self.labels.push((chart.label, Vec::new()));
        let mut exits = self.sequence(&chart.stages, vec![Exit::plain(start)]);
        exits.extend(self.take_jumps(chart.label));
        self.node(Shape::Terminal, vec!["end".to_owned()], exits);
    }

    fn node(&mut self, shape: Shape, lines: Vec<String>, from: Vec<Exit>) -> usize {
        let id = self.flat.nodes.len();
        let stage = std::mem::take(&mut self.stage);
        self.flat.nodes.push(FlatNode {
            shape,
            lines,
            stage,
        });
        self.place(Part::Node(id));
        for exit in from {
            self.edge(exit, id);
        }
        id
    }

    fn edge(&mut self, exit: Exit, to: usize) {
        let edge = Edge {
            from: exit.from,
            to,
            words: exit.words,
            dashed: exit.dashed,
        };
        if !self.flat.edges.contains(&edge) {
            self.flat.edges.push(edge);
        }
    }

    fn place(&mut self, part: Part) {
        match self.open.last() {
            Some(open) => self.flat.boxes[*open].parts.push(part),
            None => self.flat.roots.push(part),
        }
    }

    fn boxed<T>(&mut self, lines: Vec<String>, fill: impl FnOnce(&mut Self) -> T) -> T {
        let id = self.flat.boxes.len();
        let stage = std::mem::take(&mut self.stage);
        self.flat.boxes.push(FlatBox {
            lines,
            stage,
            parts: Vec::new(),
            first: self.flat.nodes.len(),
        });
        self.place(Part::Box(id));
        self.open.push(id);
        let filled = fill(self);
        self.open.pop();
        filled
    }

    fn take_jumps(&mut self, label: LabelId) -> Vec<Exit> {
        match self.labels.iter().rposition(|(known, _)| *known == label) {
            Some(at) => self.labels.remove(at).1,
            None => Vec::new(),
        }
    }

    fn sequence(&mut self, stages: &[Node], from: Vec<Exit>) -> Vec<Exit> {
        stages
            .iter()
            .fold(from, |from, node| self.stage(node, from))
    }

    /// The stages of a box, which is entered by a node whatever it holds.
    fn body(&mut self, stages: &[Node], from: Vec<Exit>) -> Vec<Exit> {
        if stages.is_empty() {
            let id = self.node(Shape::Pass, vec!["nothing".to_owned()], from);
            return vec![Exit::plain(id)];
        }
        self.sequence(stages, from)
    }

    fn stage(&mut self, node: &Node, from: Vec<Exit>) -> Vec<Exit> {
        let (anchor, mut exits) = self.kind(node, from);
        for handler in &node.handlers {
            let caught = Exit::of(anchor, &format!("catch {}", handler.errors), true);
            exits.extend(self.sequence(&handler.stages, vec![caught]));
        }
        let Some(finally) = &node.finally else {
            return exits;
        };
        exits.push(Exit::of(anchor, "on failure", true));
        self.boxed(vec!["finally".to_owned()], |f| f.body(finally, exits))
    }

    /// What stands for the stage where an edge begins, and where the next one is entered from.
    fn kind(&mut self, node: &Node, from: Vec<Exit>) -> (Part, Vec<Exit>) {
        let lines: Vec<String> = std::iter::once(node.title.clone())
            .chain(node.lines.iter().cloned())
            .collect();
        let next_box = Part::Box(self.flat.boxes.len());
        self.stage.clone_from(&node.stage);
        match &node.kind {
            Kind::Call | Kind::Pass | Kind::Wait => {
                let shape = match node.kind {
                    Kind::Call => Shape::Call,
                    Kind::Pass => Shape::Pass,
                    _ => Shape::Wait,
                };
                let id = self.node(shape, lines, from);
                (Part::Node(id), vec![Exit::plain(id)])
            }
            Kind::Pipeline(name) => {
                let id = self.node(Shape::Pipeline, lines, from);
                self.calls.push((id, name.clone()));
                (Part::Node(id), vec![Exit::plain(id)])
            }
            Kind::Fail => {
                let id = self.node(Shape::Fail, lines, from);
                (Part::Node(id), Vec::new())
            }
            Kind::Return(label) | Kind::Break(label) => {
                let id = self.node(Shape::Jump, lines, from);
                if let Some((_, exits)) = (self.labels.iter_mut().rev()).find(|(l, _)| l == label) {
                    exits.push(Exit::plain(id));
                }
                (Part::Node(id), Vec::new())
            }
            Kind::Continue(label) => {
                let id = self.node(Shape::Jump, lines, from);
                let head = self.heads.iter().rev().find(|(l, _)| l == label);
                if let Some((_, head)) = head {
                    let head = *head;
                    self.edge(Exit::plain(id), head);
                }
                (Part::Node(id), Vec::new())
            }
            Kind::Choice(arms) => {
                let id = self.node(Shape::Choice, lines, from);
                let mut exits = Vec::new();
                for arm in arms {
                    let chosen = Exit::of(Part::Node(id), &arm.words, false);
                    exits.extend(self.sequence(&arm.stages, vec![chosen]));
                }
                (Part::Node(id), exits)
            }
            Kind::Fork(branches) => {
                let exits = self.boxed(lines, |f| f.fork(branches, from));
                (next_box, exits)
            }
            Kind::Group { label, stages } => {
                self.labels.extend(label.map(|label| (label, Vec::new())));
                let mut exits = self.boxed(lines, |f| f.body(stages, from));
                if let Some(label) = label {
                    exits.extend(self.take_jumps(*label));
                }
                (next_box, exits)
            }
            Kind::Loop(looped) => {
                let exits = self.boxed(lines, |f| f.looped(looped, from));
                (next_box, exits)
            }
        }
    }

    fn fork(&mut self, branches: &[Arm], from: Vec<Exit>) -> Vec<Exit> {
        let fork = self.node(Shape::Fork, vec!["all".to_owned()], from);
        let mut exits = Vec::new();
        for branch in branches {
            let label = branch.label;
            self.labels.extend(label.map(|label| (label, Vec::new())));
            let lines = vec![branch.words.clone()];
            exits.extend(self.boxed(lines, |f| f.body(&branch.stages, vec![Exit::plain(fork)])));
            if let Some(label) = label {
                exits.extend(self.take_jumps(label));
            }
        }
        exits
    }

    fn looped(&mut self, looped: &Loop, from: Vec<Exit>) -> Vec<Exit> {
        let head = match &looped.before {
            Some(condition) => self.node(Shape::Choice, vec![condition.clone()], from.clone()),
            None if looped.until.is_none() => {
                self.node(Shape::Fork, vec!["again".to_owned()], from.clone())
            }
            None => self.flat.nodes.len(),
        };
        if let Some(label) = looped.label {
            self.labels.push((label, Vec::new()));
            self.heads.push((label, head));
        }
        let entries = match (&looped.before, &looped.until) {
            (Some(_), _) => vec![Exit::of(Part::Node(head), "yes", false)],
            (None, None) => vec![Exit::plain(head)],
            (None, Some(_)) => from,
        };
        let mut exits = self.body(&looped.stages, entries);
        let mut left = Vec::new();
        if let Some(until) = &looped.until {
            let asks = self.node(Shape::Choice, vec![until.clone()], exits);
            let every = looped.every.as_deref().unwrap_or_default();
            exits = vec![Exit::of(
                Part::Node(asks),
                &format!("no, after {every}"),
                false,
            )];
            left.push(Exit::of(Part::Node(asks), "yes", false));
        }
        if looped.before.is_some() {
            left.push(Exit::of(Part::Node(head), "no", false));
        }
        for exit in exits {
            self.edge(exit, head);
        }
        if let Some(label) = looped.label {
            self.heads.pop();
            left.extend(self.take_jumps(label));
        }
        left
    }
}
