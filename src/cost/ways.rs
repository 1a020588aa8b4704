//! The transitions of whatever happens: what each handler, branch and retry adds to the cheapest way.
//!
//! As many flows come out of a state as go in. So all visits follow from a few counts: how often each map's processor
//! ran, how often a way was taken that is not the cheapest, how often something was tried again or cut short.

use std::collections::BTreeMap;

use super::flow::{EdgeKind, Flow, Sum};
use super::formula::{Bounds, Size};
use super::{MapKind, kind};
use crate::backend::asl::Definition;
use crate::backend::asl::state::State;

/// Something that may happen any number of times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// A map's processor began, for an item or a batch.
    Item { map: String },
    /// One state followed another.
    Taken { from: String, to: String },
    /// A state was tried again.
    Retried { state: String },
    /// A state was entered and not left: the execution or what is around it ended.
    Stopped { state: String },
    /// A branch ended before its first state was entered.
    Unbegun { state: String },
}

/// A sum of counts of what happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exact {
    pub constant: f64,
    pub terms: BTreeMap<Happening, f64>,
}

impl Exact {
    fn one(happening: Happening) -> Self {
        Self {
            constant: 0.0,
            terms: BTreeMap::from([(happening, 1.0)]),
        }
    }

    fn add(&mut self, other: &Self, factor: f64) {
        self.constant += factor * other.constant;
        for (happening, coefficient) in &other.terms {
            *self.terms.entry(happening.clone()).or_default() += factor * coefficient;
        }
        self.terms.retain(|_, coefficient| *coefficient != 0.0);
    }

    /// With how often each thing happened.
    pub fn evaluate(&self, count: &dyn Fn(&Happening) -> f64) -> f64 {
        let terms = self.terms.iter();
        terms.fold(self.constant, |sum, (happening, coefficient)| {
            sum + coefficient * count(happening)
        })
    }
}

/// The billed transitions of an execution and its standard children, whatever happens in them.
pub fn exact(flow: &Flow, sizes: &[Size]) -> Exact {
    let mut total = Exact::default();
    let entry = Exact {
        constant: 1.0,
        ..Exact::default()
    };
    add_flow(flow, entry, sizes, &mut total);
    total
}

fn add_flow(flow: &Flow, entry: Exact, sizes: &[Size], total: &mut Exact) {
    let sum = Sum::new(
        sizes,
        |_| Bounds::constant(1.0),
        |_, inside| {
            inside
                .into_iter()
                .fold(Bounds::default(), |a, b| a.then(&b))
        },
    );
    let cheapest = sum.cheapest(flow);
    let name = |at: usize| flow.nodes[at].name.to_owned();
    let taken = |from: usize, to: usize| Happening::Taken {
        from: name(from),
        to: name(to),
    };
    // Where each state leads: the way whose count follows from the others', and those that are counted.
    let mut follows = Vec::new();
    let mut counted = Vec::new();
    for (at, node) in flow.nodes.iter().enumerate() {
        let edge = cheapest[at].and_then(|edge| node.edges.get(edge));
        let follow = edge.filter(|edge| !edge.back).and_then(|edge| edge.to);
        let mut others: Vec<usize> = node.edges.iter().filter_map(|edge| edge.to).collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|to| Some(*to) != follow);
        follows.push(follow);
        counted.push(others);
    }
    let mut visits: Vec<Exact> = vec![Exact::default(); flow.nodes.len()];
    if let Some(start) = visits.get_mut(flow.start) {
        start.add(&entry, 1.0);
    }
    let entered: Vec<usize> = flow.order().to_vec();
    for at in &entered {
        for to in &counted[*at] {
            visits[*to].add(&Exact::one(taken(*at, *to)), 1.0);
        }
    }
    for at in entered {
        let node = &flow.nodes[at];
        let own = visits[at].clone();
        total.add(&own, 1.0);
        let retried = Exact::one(Happening::Retried { state: name(at) });
        if matches!(
            node.state,
            State::Task(_) | State::Map(_) | State::Parallel(_)
        ) {
            total.add(&retried, 1.0);
        }
        if let Some(to) = follows[at] {
            let mut on = own.clone();
            for other in &counted[at] {
                on.add(&Exact::one(taken(at, *other)), -1.0);
            }
            on.add(&Exact::one(Happening::Stopped { state: name(at) }), -1.0);
            visits[to].add(&on, 1.0);
        }
        for inside in &node.inside {
            let begun = match kind(node) {
                MapKind::Distributed { express: true } => continue,
                MapKind::No => {
                    let state = inside.nodes.get(inside.start).map(|first| first.name);
                    let mut begun = own.clone();
                    begun.add(&retried, 1.0);
                    let state = state.unwrap_or_default().to_owned();
                    begun.add(&Exact::one(Happening::Unbegun { state }), -1.0);
                    begun
                }
                _ => Exact::one(Happening::Item { map: name(at) }),
            };
            add_flow(inside, begun, sizes, total);
        }
    }
}

/// A way that is not the cheapest, and what it adds each time; what maps and loops on it take comes on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    pub from: String,
    pub to: String,
    /// A failure is caught; else a choice.
    pub is_handler: bool,
    pub transitions: f64,
}

/// The ways of a flow and of those inside that change the count, loops' own left out.
pub(super) fn others(flow: &Flow, definition: &Definition, sizes: &[Size]) -> Vec<Way> {
    let exact = exact(flow, sizes);
    let mut ways = Vec::new();
    let mut open = vec![flow];
    while let Some(flow) = open.pop() {
        for (at, node) in flow.nodes.iter().enumerate() {
            open.extend(&node.inside);
            let is_helper = |at: usize| {
                let origin = definition.origins.get(flow.nodes[at].name);
                origin.is_some_and(|origin| origin.role == Some("wait"))
            };
            for edge in &node.edges {
                let Some(to) = edge.to.filter(|to| !edge.back && !is_helper(*to)) else {
                    continue;
                };
                let way = Way {
                    from: node.name.to_owned(),
                    to: flow.nodes[to].name.to_owned(),
                    is_handler: matches!(edge.kind, EdgeKind::Catch(_)),
                    transitions: 0.0,
                };
                let happening = Happening::Taken {
                    from: way.from.clone(),
                    to: way.to.clone(),
                };
                if flow.loops.iter().any(|round| round.holds(at)) {
                    continue;
                }
                if let Some(transitions) = exact.terms.get(&happening)
                    && !ways
                        .iter()
                        .any(|known: &Way| known.from == way.from && known.to == way.to)
                {
                    ways.push(Way {
                        transitions: *transitions,
                        ..way
                    });
                }
            }
        }
    }
    ways
}
