//! What pipelines do, as a picture shows it: stages in their order, what is inside of them, where errors go, and what each
//! step calls. Written as Mermaid, DOT and SVG.
//!
//! A picture leaves out what only moves data (`let`, `set`) and the default retry of every call.

mod build;
mod dot;
mod flat;
mod mermaid;
mod svg;
mod words;

use std::collections::BTreeMap;

use crate::ir::{LabelId, Program};

/// The pipelines of a program that are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    pub charts: Vec<Chart>,
}

/// One pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    pub name: String,
    /// `load(at)`
    pub signature: String,
    pub express: bool,
    pub doc: Option<String>,
    pub label: LabelId,
    pub stages: Vec<Node>,
}

/// What is to be seen of a stage at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Added,
    Changed,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub kind: Kind,
    /// The name of its state, before numbering.
    pub stage: String,
    pub title: String,
    /// What there is to say below the title.
    pub lines: Vec<String>,
    pub doc: Option<String>,
    pub handlers: Vec<Handler>,
    pub finally: Option<Vec<Node>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Call,
    /// A call of a pipeline, by its name.
    Pipeline(String),
    Pass,
    Wait,
    Fail,
    Return(LabelId),
    Break(LabelId),
    Continue(LabelId),
    /// One of the arms.
    Choice(Vec<Arm>),
    /// All of the branches.
    Fork(Vec<Arm>),
    /// Stages as one: a `try`, an expanded step, a map's body.
    Group {
        label: Option<LabelId>,
        stages: Vec<Node>,
    },
    /// Stages that are done again.
    Loop(Loop),
}

/// An arm of a choice, or a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    pub words: String,
    /// What a `return` in a branch ends.
    pub label: Option<LabelId>,
    pub stages: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    pub label: Option<LabelId>,
    pub stages: Vec<Node>,
    /// What is looked at before each round.
    pub before: Option<String>,
    /// What is looked at after each round, and what then ends it.
    pub until: Option<String>,
    /// What stands between two rounds: `30s`.
    pub every: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// `all`, `States.Timeout`
    pub errors: String,
    pub stages: Vec<Node>,
}

/// The picture of all pipelines, or of one.
pub fn graph(program: &Program, pipeline: Option<&str>) -> Graph {
    let charts = program
        .pipelines
        .iter()
        .filter(|p| pipeline.is_none_or(|name| p.name == name))
        .map(|pipeline| build::chart(program, pipeline))
        .collect();
    Graph { charts }
}

impl Graph {
    /// A Mermaid flowchart.
    pub fn mermaid(&self) -> String {
        mermaid::write(self, &BTreeMap::new())
    }

    /// As [`Graph::mermaid`], with marks on stages, by the names of their states before numbering.
    pub fn mermaid_marked(&self, marks: &BTreeMap<String, Mark>) -> String {
        mermaid::write(self, marks)
    }

    /// A digraph for Graphviz.
    pub fn dot(&self) -> String {
        dot::write(self)
    }

    /// A picture that stands for itself: no fonts, scripts or styles from elsewhere; light or dark as its reader likes.
    pub fn svg(&self) -> String {
        svg::write(self)
    }
}

impl Chart {
    /// What stands where it begins.
    fn start(&self) -> Vec<String> {
        let express = self.express.then(|| "express".to_owned());
        std::iter::once(self.signature.clone())
            .chain(express)
            .collect()
    }
}

/// Whether something goes on behind the last of the stages.
fn go_on(stages: &[Node]) -> bool {
    stages.iter().all(Node::goes_on)
}

impl Node {
    /// Whether something can go on behind it.
    fn goes_on(&self) -> bool {
        let itself = self.kind.goes_on() || self.handlers.iter().any(|h| go_on(&h.stages));
        itself && self.finally.as_deref().is_none_or(go_on)
    }

    /// The stages inside, those of handlers and of `finally` too.
    fn inner(&self) -> impl Iterator<Item = &Node> {
        let own: Vec<&[Node]> = match &self.kind {
            Kind::Choice(arms) | Kind::Fork(arms) => arms.iter().map(|a| &a.stages[..]).collect(),
            Kind::Group { stages, .. } => vec![stages],
            Kind::Loop(looped) => vec![&looped.stages],
            _ => Vec::new(),
        };
        own.into_iter()
            .chain(self.handlers.iter().map(|h| &h.stages[..]))
            .chain(self.finally.as_deref())
            .flatten()
    }

    fn jumps_to(&self, label: LabelId) -> bool {
        let itself = matches!(self.kind, Kind::Return(l) | Kind::Break(l) if l == label);
        itself || self.inner().any(|node| node.jumps_to(label))
    }
}

impl Kind {
    fn goes_on(&self) -> bool {
        let jumped = |label: &Option<LabelId>, stages: &[Node]| {
            label.is_some_and(|label| stages.iter().any(|node| node.jumps_to(label)))
        };
        match self {
            Kind::Call | Kind::Pipeline(_) | Kind::Pass | Kind::Wait => true,
            Kind::Fail | Kind::Return(_) | Kind::Break(_) | Kind::Continue(_) => false,
            Kind::Choice(arms) => arms.iter().any(|arm| go_on(&arm.stages)),
            // A body that never goes on ends its item or its branch all the same.
            Kind::Fork(branches) => (branches.iter())
                .all(|branch| go_on(&branch.stages) || jumped(&branch.label, &branch.stages)),
            Kind::Group { label, stages } => go_on(stages) || jumped(label, stages),
            Kind::Loop(Loop {
                label,
                stages,
                before,
                until,
                ..
            }) => before.is_some() || until.is_some() || jumped(label, stages),
        }
    }
}
