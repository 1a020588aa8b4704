//! Which state of one definition is which of another: by name where a name is the author's, else by what it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::machine::{Machine, Node, blank, rules, shape};

/// Of two states of the same call, so much must agree for them to be one under two names.
const ALIKE: f64 = 0.6;

/// Pairs of states and of flows, each in one pair at most.
#[derive(Debug)]
pub(super) struct Matching {
    /// By old state.
    pub new_of: Vec<Option<usize>>,
    /// By new state.
    pub old_of: Vec<Option<usize>>,
    /// By old flow.
    pub flows: BTreeMap<usize, usize>,
}

/// The names that changed, old to new.
#[derive(Debug, Default)]
pub(super) struct Renames {
    pub states: BTreeMap<String, String>,
    pub variables: BTreeMap<String, String>,
}

pub(super) fn find(old: &Machine, new: &Machine) -> Matching {
    let mut matching = Matching {
        new_of: vec![None; old.nodes.len()],
        old_of: vec![None; new.nodes.len()],
        flows: BTreeMap::from([(0, 0)]),
    };
    let (old_families, new_families) = (families(old), families(new));
    for (at, node) in old.nodes.iter().enumerate() {
        let family = (node.stage.as_str(), node.role);
        let only = |families: &BTreeMap<_, usize>| families.get(&family) == Some(&1);
        if let Some(found) = new.find(&node.name)
            && only(&old_families)
            && only(&new_families)
        {
            matching.pair(at, found);
        }
    }
    let shapes = |machine: &Machine| machine.nodes.iter().map(shape).collect::<Vec<_>>();
    let (old_shapes, new_shapes) = (shapes(old), shapes(new));
    loop {
        let before = matching.count();
        matching.pair_flows(old, new);
        // Numbered names say little: what such a state does says more.
        let numbered = |a: usize, b: usize| {
            (&old.nodes[a].stage, old.nodes[a].role) == (&new.nodes[b].stage, new.nodes[b].role)
                && old_shapes[a] == new_shapes[b]
        };
        matching.pair_in_order(old, new, &numbered);
        if matching.count() == before {
            for (at, node) in old.nodes.iter().enumerate() {
                if let Some(found) = new.find(&node.name)
                    && matching.is_free(at, found)
                {
                    matching.pair(at, found);
                }
            }
            matching.pair_in_order(old, new, &|a, b| old_shapes[a] == new_shapes[b]);
            matching.pair_in_order(old, new, &|a, b| alike(&old.nodes[a], &new.nodes[b]));
            matching.pair_helpers(old, new);
        }
        if matching.count() == before {
            return matching;
        }
    }
}

/// How many states each stage has of each role.
fn families(machine: &Machine) -> BTreeMap<(&str, Option<&str>), usize> {
    let mut families = BTreeMap::new();
    for node in &machine.nodes {
        *families
            .entry((node.stage.as_str(), node.role))
            .or_default() += 1;
    }
    families
}

impl Matching {
    fn pair(&mut self, old: usize, new: usize) {
        self.new_of[old] = Some(new);
        self.old_of[new] = Some(old);
    }

    fn is_free(&self, old: usize, new: usize) -> bool {
        self.new_of[old].is_none() && self.old_of[new].is_none()
    }

    fn count(&self) -> usize {
        self.new_of.iter().flatten().count()
    }

    /// The flows of paired states: those that share most states, then the others in order.
    fn pair_flows(&mut self, old: &Machine, new: &Machine) {
        for (at, found) in self.new_of.iter().enumerate() {
            let Some(found) = found else { continue };
            let old_flows: Vec<usize> = old.flows_of(at).to_vec();
            let new_flows: Vec<usize> = new.flows_of(*found).to_vec();
            let mut votes: Vec<(usize, usize, usize)> = Vec::new();
            for a in &old_flows {
                for b in &new_flows {
                    let members = old.flows[*a].members.iter();
                    let shared = members
                        .filter(|m| {
                            self.new_of[**m].is_some_and(|m| new.flows[*b].members.contains(&m))
                        })
                        .count();
                    votes.push((shared, *a, *b));
                }
            }
            // Most votes first, then those that stand in the same place.
            let place = |flows: &[usize], flow: usize| flows.iter().position(|f| *f == flow);
            votes.sort_by_key(|(shared, a, b)| {
                let same = place(&old_flows, *a) == place(&new_flows, *b);
                (std::cmp::Reverse(*shared), !same, *a, *b)
            });
            let mut taken: BTreeSet<usize> = BTreeSet::new();
            for flow in &old_flows {
                self.flows.remove(flow);
            }
            for (_, a, b) in votes {
                if !self.flows.contains_key(&a) && taken.insert(b) {
                    self.flows.insert(a, b);
                }
            }
        }
    }

    /// Pairs free states of paired flows that are the same, keeping their order.
    fn pair_in_order(&mut self, old: &Machine, new: &Machine, same: &dyn Fn(usize, usize) -> bool) {
        let flows: Vec<(usize, usize)> = self.flows.iter().map(|(a, b)| (*a, *b)).collect();
        for (a, b) in flows {
            let free = |members: &[usize], taken: &[Option<usize>]| -> Vec<usize> {
                members
                    .iter()
                    .copied()
                    .filter(|m| taken[*m].is_none())
                    .collect()
            };
            let olds = free(&old.flows[a].members, &self.new_of);
            let news = free(&new.flows[b].members, &self.old_of);
            for (i, j) in longest_common(olds.len(), news.len(), &|i, j| same(olds[i], news[j])) {
                self.pair(olds[i], news[j]);
            }
        }
    }

    /// Helper states go with their stage's own.
    fn pair_helpers(&mut self, old: &Machine, new: &Machine) {
        let mut stages: BTreeMap<&str, &str> = BTreeMap::new();
        for (a, b) in self.new_of.iter().enumerate() {
            if let Some(b) = b
                && old.nodes[a].role.is_none()
            {
                stages.insert(&old.nodes[a].stage, &new.nodes[*b].stage);
            }
        }
        for (a, node) in old.nodes.iter().enumerate() {
            let Some(stage) = stages
                .get(node.stage.as_str())
                .filter(|_| node.role.is_some())
            else {
                continue;
            };
            let found = new
                .nodes
                .iter()
                .position(|n| n.stage == **stage && n.role == node.role);
            if let Some(b) = found.filter(|b| self.is_free(a, *b)) {
                self.pair(a, b);
            }
        }
    }
}

/// Whether two states make the same call in nearly the same way.
fn alike(old: &Node, new: &Node) -> bool {
    let resource = old.own.get("Resource");
    if resource.is_none() || resource != new.own.get("Resource") {
        return false;
    }
    let parts = |node: &Node| {
        let mut own = node.own.clone();
        blank(&mut own);
        let mut leaves = BTreeSet::new();
        collect_leaves(&Value::Object(own), &mut String::new(), &mut leaves);
        leaves
    };
    let (old, new) = (parts(old), parts(new));
    let shared = old.intersection(&new).count() as f64;
    let all = old.union(&new).count() as f64;
    shared >= ALIKE * all
}

fn collect_leaves(value: &Value, path: &mut String, leaves: &mut BTreeSet<String>) {
    let length = path.len();
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                path.push('/');
                path.push_str(key);
                collect_leaves(member, path, leaves);
                path.truncate(length);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                path.push_str("/-");
                collect_leaves(element, path, leaves);
                path.truncate(length);
            }
        }
        leaf => {
            leaves.insert(format!("{path}={leaf}"));
        }
    }
}

/// What has another name now.
pub(super) fn renames(old: &Machine, new: &Machine, matching: &Matching) -> Renames {
    let mut renames = Renames::default();
    let mut candidates: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (a, b) in matching.new_of.iter().enumerate() {
        let Some(b) = b else { continue };
        let (a, b) = (&old.nodes[a], &new.nodes[*b]);
        if a.name != b.name {
            renames.states.insert(a.name.clone(), b.name.clone());
        }
        align_assigned(&a.own, &b.own, &mut candidates);
        for part in ["Choices", "Catch"] {
            let (olds, news) = (rules(&a.own, part), rules(&b.own, part));
            if olds.len() == news.len() {
                for (old, new) in olds.into_iter().zip(news) {
                    align_assigned(old, new, &mut candidates);
                }
            }
        }
    }
    let mut taken: BTreeSet<String> = assigned(old)
        .filter(|name| !candidates.contains_key(*name))
        .cloned()
        .collect();
    for (name, wishes) in candidates {
        let wish = wishes.first().filter(|_| wishes.len() == 1);
        // Two variables that become one are a change, not a name.
        match wish {
            Some(wish) if taken.insert(wish.clone()) => {
                if *wish != name {
                    renames.variables.insert(name, wish.clone());
                }
            }
            _ => {
                taken.insert(name);
            }
        }
    }
    renames
}

/// Variables that are assigned the same in the same place.
fn align_assigned(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    candidates: &mut BTreeMap<String, BTreeSet<String>>,
) {
    let assigned = |own: &Map<String, Value>| -> Vec<(String, Value)> {
        let assign = own.get("Assign").and_then(Value::as_object);
        let mut blanked = Map::new();
        blanked.insert(
            "Assign".to_owned(),
            Value::Object(assign.cloned().unwrap_or_default()),
        );
        blank(&mut blanked);
        let values = blanked["Assign"].as_object().cloned().unwrap_or_default();
        let names = assign.into_iter().flat_map(|assign| assign.keys().cloned());
        names
            .zip(values.into_iter().map(|(_, value)| value))
            .collect()
    };
    let (olds, news) = (assigned(old), assigned(new));
    let kept = |name: &str, others: &[(String, Value)]| others.iter().any(|(n, _)| n == name);
    for (name, _) in olds.iter().filter(|(name, _)| kept(name, &news)) {
        candidates
            .entry(name.clone())
            .or_default()
            .insert(name.clone());
    }
    let mut free: Vec<&(String, Value)> = news.iter().filter(|(n, _)| !kept(n, &olds)).collect();
    for (name, value) in olds.iter().filter(|(name, _)| !kept(name, &news)) {
        if let Some(at) = free.iter().position(|(_, new)| new == value) {
            let (wish, _) = free.remove(at);
            candidates
                .entry(name.clone())
                .or_default()
                .insert(wish.clone());
        }
    }
}

/// The variables of a machine, repeated where they are assigned more than once.
fn assigned(machine: &Machine) -> impl Iterator<Item = &String> {
    machine.nodes.iter().flat_map(|node| {
        let rules = ["Choices", "Catch"]
            .into_iter()
            .flat_map(|part| rules(&node.own, part));
        std::iter::once(&node.own)
            .chain(rules)
            .filter_map(|own| own.get("Assign").and_then(Value::as_object))
            .flat_map(|assign| assign.keys())
    })
}

/// More cells than this are not worth their memory.
const MOST_CELLS: usize = 4_000_000;

/// The pairs of a longest common subsequence; of some common subsequence, where that would take too long.
fn longest_common(
    old: usize,
    new: usize,
    same: &dyn Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    if old * new > MOST_CELLS {
        let mut next = 0;
        let pair = |i| {
            let j = (next..new).find(|j| same(i, *j))?;
            next = j + 1;
            Some((i, j))
        };
        return (0..old).filter_map(pair).collect();
    }
    let mut lengths = vec![vec![0u32; new + 1]; old + 1];
    for i in (0..old).rev() {
        for j in (0..new).rev() {
            lengths[i][j] = match same(i, j) {
                true => lengths[i + 1][j + 1] + 1,
                false => lengths[i + 1][j].max(lengths[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < old && j < new {
        if lengths[i][j] == lengths[i + 1][j + 1] + 1 && same(i, j) {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longest_common_subsequence_keeps_the_order() {
        let (old, new) = (["a", "b", "c", "d"], ["b", "a", "c", "x", "d"]);
        let pairs = longest_common(4, 5, &|i, j| old[i] == new[j]);
        let shared: Vec<&str> = pairs.iter().map(|(i, _)| old[*i]).collect();
        assert_eq!(shared.len(), 3);
        assert_eq!(shared[1..], ["c", "d"]);
        assert!(longest_common(0, 3, &|_, _| true).is_empty());
    }
}
