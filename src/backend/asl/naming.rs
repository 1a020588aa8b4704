//! Names of states and variables: readable, unique where they must be, and the same from one build to the next.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, NodeId, Op, OwnerId};
use super::jsonata;
use super::live::{Live, ways_in};
use super::lower::Owner;
use super::symbols::Symbols;
use crate::ir::VariableId;

/// The longest name of a state, and of a variable.
const LONGEST: usize = 80;

/// A node in the scopes of one pipeline: the scope's number in depth-first order, and the node there.
pub(super) type Place = (usize, NodeId);

/// Names of states.
#[derive(Debug, Default)]
pub(super) struct StateNames {
    names: BTreeMap<Place, String>,
    taken: BTreeSet<String>,
}

impl StateNames {
    pub fn of(graph: &Graph, owners: &[Owner]) -> Self {
        let mut places = Vec::new();
        collect(graph, &mut 0, &mut places);
        places.sort_by_key(|(_, _, owner, order)| (*owner, *order));
        let mut of_owner: BTreeMap<OwnerId, Vec<(Place, Option<&'static str>)>> = BTreeMap::new();
        for (place, role, owner, _) in places {
            of_owner.entry(owner).or_default().push((place, role));
        }
        let mut names = Self::default();
        let find = |owner: OwnerId| owners.get(owner.0 as usize);
        // Given names are never changed; states that bear their owner's name come before helpers.
        let mut own: BTreeMap<OwnerId, String> = BTreeMap::new();
        for exact in [true, false] {
            for (owner, states) in &of_owner {
                let Some(info) = find(*owner).filter(|info| info.exact == exact) else {
                    continue;
                };
                if let Some((place, _)) = states.iter().find(|(_, role)| role.is_none()) {
                    let name = names.take(&info.base);
                    names.names.insert(*place, name.clone());
                    own.insert(*owner, name);
                }
            }
        }
        for (owner, states) in &of_owner {
            let base = match (own.get(owner), find(*owner)) {
                (Some(name), _) => name.clone(),
                (None, Some(info)) => names.free_owner(&info.base, states),
                (None, None) => continue,
            };
            for (place, role) in states {
                if !names.names.contains_key(place) {
                    let name = names.take(&format!("{base}.{}", role.unwrap_or("value")));
                    names.names.insert(*place, name);
                }
            }
        }
        names
    }

    pub fn get(&self, place: Place) -> &str {
        self.names.get(&place).map_or("", String::as_str)
    }

    /// A new name that begins so: cut to length, numbered when it is taken.
    pub fn take(&mut self, wish: &str) -> String {
        let name = std::iter::once(cut(wish))
            .chain((2..).map(|n| cut(&format!("{wish}-{n}"))))
            .find(|name| !self.taken.contains(name))
            .unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    /// An owner without a state of its own is numbered so that its helpers stay together.
    fn free_owner(&self, base: &str, states: &[(Place, Option<&'static str>)]) -> String {
        let free = |base: &String| {
            states.iter().all(|(_, role)| {
                !self
                    .taken
                    .contains(&cut(&format!("{base}.{}", role.unwrap_or("value"))))
            })
        };
        std::iter::once(base.to_owned())
            .chain((2..).map(|n| format!("{base}-{n}")))
            .find(free)
            .unwrap_or_default()
    }
}

type Found = (Place, Option<&'static str>, OwnerId, u32);

fn collect(graph: &Graph, scope: &mut usize, places: &mut Vec<Found>) {
    let own = *scope;
    for id in graph.ids() {
        let node = graph.node(id);
        if !matches!(node.op, Op::Gone) {
            places.push(((own, id), node.role, node.owner, node.order));
        }
        for body in node.op.bodies() {
            *scope += 1;
            collect(body, scope, places);
        }
    }
}

/// Past the longest, the first 71 characters, `-`, and a hash of all.
fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST - 9).collect();
    format!("{start}-{:08x}", hash(name))
}

/// FNV-1a, folded to 32 bits: the same on every machine.
pub(super) fn hash(text: &str) -> u32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) as u32
}

/// Names of variables, without `$`.
///
/// A scope may not assign what a scope around it assigns; in one scope two variables share a name when one is never read
/// behind an assignment of the other.
pub(super) fn variable_names(graph: &Graph, symbols: &Symbols<'_>) -> BTreeMap<VariableId, String> {
    let mut names = BTreeMap::new();
    name_scope(graph, symbols, &BTreeSet::new(), &mut names);
    names
}

fn name_scope(
    graph: &Graph,
    symbols: &Symbols<'_>,
    outer: &BTreeSet<String>,
    names: &mut BTreeMap<VariableId, String>,
) {
    let own: BTreeSet<VariableId> = graph
        .edges()
        .flat_map(|edge| edge.assigns.iter().map(|assign| assign.variable))
        .collect();
    let mut groups: BTreeMap<String, BTreeSet<VariableId>> = BTreeMap::new();
    for id in own {
        groups.entry(wish(symbols.name(id))).or_default().insert(id);
    }
    let rivals = rivals(graph, &groups);
    // Who has a name in this scope; across wishes no name is shared.
    let mut taken: BTreeMap<String, (String, Vec<VariableId>)> = BTreeMap::new();
    for (wish, members) in &groups {
        for id in members {
            let rivals = rivals.get(id);
            let free = |name: &String| {
                !outer.contains(name)
                    && match taken.get(name) {
                        None => name == wish || !groups.contains_key(name),
                        Some((group, users)) => {
                            group == wish
                                && users
                                    .iter()
                                    .all(|user| rivals.is_none_or(|r| !r.contains(user)))
                        }
                    }
            };
            let name = std::iter::once(wish.clone())
                .chain((2..).map(|n| format!("{wish}_{n}")))
                .find(free)
                .unwrap_or_default();
            taken
                .entry(name.clone())
                .or_insert_with(|| (wish.clone(), Vec::new()))
                .1
                .push(*id);
            names.insert(*id, name);
        }
    }
    let mut outer = outer.clone();
    outer.extend(taken.into_keys());
    for node in &graph.nodes {
        for body in node.op.bodies() {
            name_scope(body, symbols, &outer, names);
        }
    }
}

/// Variables of the same wish that are needed at the same time.
fn rivals(
    graph: &Graph,
    groups: &BTreeMap<String, BTreeSet<VariableId>>,
) -> BTreeMap<VariableId, BTreeSet<VariableId>> {
    let mut group_of: BTreeMap<VariableId, &BTreeSet<VariableId>> = BTreeMap::new();
    for members in groups.values().filter(|members| members.len() > 1) {
        for id in members {
            group_of.insert(*id, members);
        }
    }
    let mut rivals: BTreeMap<VariableId, BTreeSet<VariableId>> = BTreeMap::new();
    if group_of.is_empty() {
        return rivals;
    }
    let live = Live::of(graph, &ways_in(graph));
    for edge in graph.edges() {
        for assign in &edge.assigns {
            let Some(group) = group_of.get(&assign.variable) else {
                continue;
            };
            let behind: Vec<VariableId> = match edge.node() {
                Some(target) => {
                    let live = live.entering(target);
                    let (few, many) = if group.len() < live.len() {
                        (*group, live)
                    } else {
                        (live, *group)
                    };
                    few.iter().filter(|id| many.contains(id)).copied().collect()
                }
                None => Vec::new(),
            };
            let beside = edge.assigns.iter().map(|other| other.variable);
            for rival in behind.into_iter().chain(beside) {
                if rival != assign.variable && group.contains(&rival) {
                    rivals.entry(assign.variable).or_default().insert(rival);
                    rivals.entry(rival).or_default().insert(assign.variable);
                }
            }
        }
    }
    rivals
}

/// The source's name as one that the service takes, and that no function has.
fn wish(name: &str) -> String {
    let name = name.trim_start_matches('_');
    let name = match name.chars().next() {
        None => "value".to_owned(),
        Some(first) if first.is_alphabetic() => name.to_owned(),
        Some(_) => format!("v{name}"),
    };
    // Room for a number behind it.
    let longest = LONGEST - 8;
    let name = if name.chars().count() > longest {
        let start: String = name.chars().take(longest - 9).collect();
        format!("{start}_{:08x}", hash(&name))
    } else {
        name
    };
    if jsonata::is_reserved(&name) {
        format!("{name}_value")
    } else {
        name
    }
}
