//! A definition as a graph: which state may follow which, where it goes round, and what its ways add up to.
//!
//! A loop is what a transition back to a state that is being passed makes; how often it goes round is a size. Without
//! those transitions what is left has no circle, and is added up from its ends.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::formula::{Bounds, Formula, Size, SizeId};
use crate::backend::asl::state::{self, State, Transition};

/// One `States` object.
#[derive(Debug)]
pub struct Flow<'d> {
    pub nodes: Vec<Node<'d>>,
    pub start: usize,
    /// Each in front of those that it leads to, but for transitions back.
    order: Vec<usize>,
    pub loops: Vec<Loop>,
}

#[derive(Debug)]
pub struct Node<'d> {
    pub name: &'d str,
    pub state: &'d State,
    pub edges: Vec<Edge>,
    /// The branches, or the map's processor.
    pub inside: Vec<Flow<'d>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// None ends the flow.
    pub to: Option<usize>,
    pub kind: EdgeKind,
    /// It leads to a state that is being passed.
    pub back: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    Next,
    /// The rule of a Choice at this place.
    Way(usize),
    Default,
    /// The catcher at this place.
    Catch(usize),
}

/// All transitions back to one state.
#[derive(Debug)]
pub struct Loop {
    pub header: usize,
    /// Where those transitions begin.
    pub tails: Vec<usize>,
    nodes: BTreeSet<usize>,
    /// How often it goes round again, each time that it is come to. Set by whoever knows the sizes.
    pub repeats: Option<SizeId>,
}

impl Loop {
    pub fn holds(&self, node: usize) -> bool {
        self.nodes.contains(&node)
    }
}

impl<'d> Flow<'d> {
    pub fn of_machine(machine: &'d state::Machine) -> Self {
        Self::new(&machine.start_at, &machine.states)
    }

    fn new(start: &str, states: &'d indexmap::IndexMap<String, State>) -> Self {
        let find = |name: &str| states.get_index_of(name);
        let nodes = states
            .iter()
            .map(|(name, state)| Node {
                name,
                state,
                edges: edges(state, &find),
                inside: match state {
                    State::Parallel(parallel) => parallel
                        .branches
                        .iter()
                        .map(|branch| Self::new(&branch.start_at, &branch.states))
                        .collect(),
                    State::Map(map) => {
                        let processor = &map.item_processor;
                        vec![Self::new(&processor.start_at, &processor.states)]
                    }
                    _ => Vec::new(),
                },
            })
            .collect();
        let mut flow = Self {
            nodes,
            start: find(start).unwrap_or_default(),
            order: Vec::new(),
            loops: Vec::new(),
        };
        flow.walk();
        flow
    }

    /// Orders the states and finds the transitions back, depth first without recursion: flows may be long.
    fn walk(&mut self) {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.nodes.len()];
        let mut stack: Vec<(usize, usize)> = Vec::new();
        if !self.nodes.is_empty() {
            marks[self.start] = Mark::Open;
            stack.push((self.start, 0));
        }
        while let Some((node, at)) = stack.pop() {
            let Some(edge) = self.nodes[node].edges.get_mut(at) else {
                marks[node] = Mark::Done;
                self.order.push(node);
                continue;
            };
            stack.push((node, at + 1));
            match edge.to {
                Some(to) if marks[to] == Mark::Open => {
                    edge.back = true;
                    match self.loops.iter_mut().find(|round| round.header == to) {
                        Some(round) if round.tails.contains(&node) => {}
                        Some(round) => round.tails.push(node),
                        None => self.loops.push(Loop {
                            header: to,
                            tails: vec![node],
                            nodes: BTreeSet::new(),
                            repeats: None,
                        }),
                    }
                }
                Some(to) if marks[to] == Mark::New => {
                    marks[to] = Mark::Open;
                    stack.push((to, 0));
                }
                _ => {}
            }
        }
        self.order.reverse();
        // In the order of the document, for people.
        self.loops.sort_by_key(|round| round.header);
        let mut before = vec![Vec::new(); self.nodes.len()];
        for (from, node) in self.nodes.iter().enumerate() {
            for to in node.edges.iter().filter_map(|edge| edge.to) {
                before[to].push(from);
            }
        }
        for round in &mut self.loops {
            round.nodes.insert(round.header);
            let mut open = round.tails.clone();
            while let Some(node) = open.pop() {
                if round.nodes.insert(node) {
                    open.extend(&before[node]);
                }
            }
        }
    }

    /// The states that can be entered, each in front of those that it leads to but for transitions back.
    pub fn order(&self) -> &[usize] {
        &self.order
    }
}

fn edges(state: &State, find: &dyn Fn(&str) -> Option<usize>) -> Vec<Edge> {
    let edge = |to: Option<usize>, kind| Edge {
        to,
        kind,
        back: false,
    };
    let next = |transition: &Transition| {
        let to = match transition {
            Transition::Next(name) => find(name),
            Transition::End => None,
        };
        edge(to, EdgeKind::Next)
    };
    let with_catch = |transition: &Transition, handling: &state::Handling| {
        let catch = handling.catch.iter().enumerate();
        let catch = catch.map(|(at, catcher)| edge(find(&catcher.next), EdgeKind::Catch(at)));
        std::iter::once(next(transition)).chain(catch).collect()
    };
    match state {
        State::Task(task) => with_catch(&task.transition, &task.handling),
        State::Map(map) => with_catch(&map.transition, &map.handling),
        State::Parallel(parallel) => with_catch(&parallel.transition, &parallel.handling),
        State::Pass(pass) => vec![next(&pass.transition)],
        State::Wait(wait) => vec![next(&wait.transition)],
        State::Choice(choice) => {
            let rules = choice.choices.iter().enumerate();
            let rules = rules.map(|(at, rule)| edge(find(&rule.next), EdgeKind::Way(at)));
            let default = choice.default.iter();
            let default = default.map(|name| edge(find(name), EdgeKind::Default));
            rules.chain(default).collect()
        }
        State::Succeed(_) | State::Fail(_) => vec![edge(None, EdgeKind::Next)],
    }
}

/// What a state's flows inside come to, given each one's sum.
type Inside<'s> = dyn Fn(&Node, Vec<Bounds>) -> Bounds + 's;

/// What is added up over a flow's ways.
pub struct Sum<'s> {
    sizes: &'s [Size],
    weigh: Box<dyn Fn(&Node) -> Bounds + 's>,
    inside: Box<Inside<'s>>,
    /// Of flows and loops, by the flow's address and the loop's header: what stands inside of many is added up once.
    done: RefCell<HashMap<(usize, Option<usize>), Bounds>>,
}

/// Which transitions are looked at.
#[derive(Clone, Copy, PartialEq)]
enum Ways {
    /// Those of a run in which nothing fails.
    Good,
    /// Those of catchers and those to a Fail state too.
    All,
}

impl<'s> Sum<'s> {
    /// `weigh` says what a state itself adds, `inside` what its flows inside come to, given each one's sum.
    pub fn new(
        sizes: &'s [Size],
        weigh: impl Fn(&Node) -> Bounds + 's,
        inside: impl Fn(&Node, Vec<Bounds>) -> Bounds + 's,
    ) -> Self {
        Self {
            sizes,
            weigh: Box::new(weigh),
            inside: Box::new(inside),
            done: RefCell::default(),
        }
    }

    /// From the start to an end: of runs that succeed without a failure; where there is none, of all.
    pub fn of(&self, flow: &Flow) -> Bounds {
        self.once(flow, None, &|| {
            let good = self.sum_from_start(flow, None, Ways::Good);
            good.or_else(|| self.sum_from_start(flow, None, Ways::All))
                .unwrap_or_default()
        })
    }

    fn once(&self, flow: &Flow, header: Option<usize>, add: &dyn Fn() -> Bounds) -> Bounds {
        let key = (std::ptr::from_ref(flow).addr(), header);
        if let Some(known) = self.done.borrow().get(&key) {
            return known.clone();
        }
        let sum = add();
        self.done.borrow_mut().insert(key, sum.clone());
        sum
    }

    /// Of each state the transition that the cheapest way takes, of those of runs in which nothing fails; the first, where
    /// there are none.
    pub fn cheapest(&self, flow: &Flow) -> Vec<Option<usize>> {
        let sums = self.sums(flow, None, Ways::Good);
        let nodes = flow.nodes.iter();
        nodes
            .map(|node| {
                let cost = |edge: &Edge| match edge.to {
                    _ if edge.back || matches!(edge.kind, EdgeKind::Catch(_)) => None,
                    None => Some(0.0),
                    Some(to) => Some(sums[to].as_ref()?.low.value(self.sizes)),
                };
                let costs = node.edges.iter().enumerate();
                let costs = costs.filter_map(|(at, edge)| Some((at, cost(edge)?)));
                let least = costs.min_by(|(_, a), (_, b)| a.total_cmp(b));
                let first = (!node.edges.is_empty()).then_some(0);
                least.map(|(at, _)| at).or(first)
            })
            .collect()
    }

    /// Within a loop: once round, from its header to a transition back.
    fn sum_from_start(&self, flow: &Flow, within: Option<&Loop>, ways: Ways) -> Option<Bounds> {
        let sums = self.sums(flow, within, ways);
        let entry = within.map_or(flow.start, |round| round.header);
        sums.into_iter().nth(entry).flatten()
    }

    /// From each state to an end.
    fn sums(&self, flow: &Flow, within: Option<&Loop>, ways: Ways) -> Vec<Option<Bounds>> {
        let mut sums: Vec<Option<Bounds>> = vec![None; flow.nodes.len()];
        for at in flow.order.iter().rev().copied() {
            if within.is_some_and(|round| !round.nodes.contains(&at)) {
                continue;
            }
            let node = &flow.nodes[at];
            if ways == Ways::Good && matches!(node.state, State::Fail(_)) {
                continue;
            }
            let mut behind: Option<Bounds> = None;
            for edge in &node.edges {
                if ways == Ways::Good && matches!(edge.kind, EdgeKind::Catch(_)) {
                    continue;
                }
                let way = match (edge.to, within) {
                    (to, Some(round)) if edge.back && to == Some(round.header) => {
                        Some(Bounds::default())
                    }
                    (Some(to), _) if !edge.back => sums[to].clone(),
                    (None, None) => Some(Bounds::default()),
                    _ => None,
                };
                behind = match (behind, way) {
                    (Some(one), Some(other)) => Some(one.or(other, self.sizes)),
                    (one, other) => one.or(other),
                };
            }
            sums[at] = behind.map(|behind| {
                let inside = node.inside.iter().map(|flow| self.of(flow)).collect();
                let inside = (self.inside)(node, inside);
                let round = within.map(|round| round.header);
                let rounds = match flow.loops.iter().find(|round| round.header == at) {
                    Some(inner) if round != Some(at) => self.rounds(flow, inner),
                    _ => Bounds::default(),
                };
                (self.weigh)(node).then(&inside).then(&rounds).then(&behind)
            });
        }
        sums
    }

    fn rounds(&self, flow: &Flow, round: &Loop) -> Bounds {
        let Some(size) = round.repeats else {
            return Bounds::default();
        };
        let once = self.once(flow, Some(round.header), &|| {
            self.sum_from_start(flow, Some(round), Ways::Good)
                .or_else(|| {
                    // Only a failure leads back; without one, that is not worth a word.
                    let fails = self.sizes[size.0 as usize].value > 0.0;
                    fails.then(|| self.sum_from_start(flow, Some(round), Ways::All))?
                })
                .unwrap_or_default()
        });
        once.times(&Formula::size(size))
    }
}
