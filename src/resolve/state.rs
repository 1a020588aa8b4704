//! What is certainly bound at a place of a flow, with which type, and what is known not to be null.
//!
//! One state that changes as the flow is walked, with a journal: a branch is walked, its changes taken out as a
//! [`Delta`], and what several branches agree on is put back. The cost is that of the changes, not of all names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::ir::{Type, VariableId};
use crate::resolve::expr::{Path, PathRoot};

/// Whether a variable has a value at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Status {
    #[default]
    Unbound,
    /// On some of the ways here.
    Maybe,
    Bound,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct VariableState {
    pub status: Status,
    /// Of the values that it can have here.
    pub ty: Type,
}

impl Default for VariableState {
    fn default() -> Self {
        Self {
            status: Status::Unbound,
            ty: Type::Never,
        }
    }
}

#[derive(Debug)]
enum Entry {
    Variable(VariableId, VariableState),
    FactAdded(Path),
    FactRemoved(Path),
}

/// What a way through the flow changed since a mark.
#[derive(Clone, Debug, Default)]
pub(super) struct Delta {
    variables: BTreeMap<VariableId, VariableState>,
    added: Vec<Path>,
    removed: Vec<Path>,
}

/// A point to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(usize);

#[derive(Debug)]
pub(super) struct State {
    variables: Vec<VariableState>,
    /// By their roots: what is bound again takes its own with it.
    facts: HashMap<PathRoot, BTreeSet<Vec<String>>>,
    journal: Vec<Entry>,
    /// Every binding ever walked, in order, rolled back or not: what a region may have bound.
    log: Vec<(VariableId, Type)>,
    /// False behind what never goes on.
    pub reachable: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            variables: Vec::new(),
            facts: HashMap::new(),
            journal: Vec::new(),
            log: Vec::new(),
            reachable: true,
        }
    }
}

impl State {
    pub fn get(&self, id: VariableId) -> VariableState {
        self.variables
            .get(id.0 as usize)
            .cloned()
            .unwrap_or_default()
    }

    pub fn is_known(&self, path: &Path) -> bool {
        self.facts
            .get(&path.root)
            .is_some_and(|known| known.contains(&path.members))
    }

    fn insert(&mut self, path: &Path) -> bool {
        self.facts
            .entry(path.root)
            .or_default()
            .insert(path.members.clone())
    }

    fn remove(&mut self, path: &Path) -> bool {
        self.facts
            .get_mut(&path.root)
            .is_some_and(|known| known.remove(&path.members))
    }

    /// Gives a variable a value.
    pub fn bind(&mut self, id: VariableId, ty: Type) {
        self.log.push((id, ty.clone()));
        self.forget(id);
        self.put(
            id,
            VariableState {
                status: Status::Bound,
                ty,
            },
        );
    }

    pub fn learn(&mut self, paths: Vec<Path>) {
        for path in paths {
            if self.insert(&path) {
                self.journal.push(Entry::FactAdded(path));
            }
        }
    }

    fn put(&mut self, id: VariableId, state: VariableState) {
        let at = id.0 as usize;
        if self.variables.len() <= at {
            self.variables.resize_with(at + 1, Default::default);
        }
        if self.variables[at] != state {
            let old = std::mem::replace(&mut self.variables[at], state);
            self.journal.push(Entry::Variable(id, old));
        }
    }

    /// What was known of a variable is not known of its new value.
    fn forget(&mut self, id: VariableId) {
        let root = PathRoot::Variable(id);
        let Some(known) = self.facts.remove(&root) else {
            return;
        };
        let removed = known
            .into_iter()
            .map(|members| Entry::FactRemoved(Path { root, members }));
        self.journal.extend(removed);
    }

    pub fn mark(&self) -> Mark {
        Mark(self.journal.len())
    }

    /// What has changed since the mark, left as it is.
    pub fn delta(&self, mark: Mark) -> Delta {
        let mut delta = Delta::default();
        let mut facts: BTreeMap<(u8, u32, Vec<String>), (bool, Path)> = BTreeMap::new();
        for entry in &self.journal[mark.0..] {
            match entry {
                Entry::Variable(id, _) => {
                    delta.variables.insert(*id, self.get(*id));
                }
                // The first entry tells how it was at the mark.
                Entry::FactAdded(path) => {
                    facts
                        .entry(order(path))
                        .or_insert_with(|| (false, path.clone()));
                }
                Entry::FactRemoved(path) => {
                    facts
                        .entry(order(path))
                        .or_insert_with(|| (true, path.clone()));
                }
            }
        }
        for (was, path) in facts.into_values() {
            match (was, self.is_known(&path)) {
                (false, true) => delta.added.push(path),
                (true, false) => delta.removed.push(path),
                _ => {}
            }
        }
        delta
    }

    /// Goes back to the mark.
    pub fn roll_back(&mut self, mark: Mark) {
        while self.journal.len() > mark.0 {
            match self.journal.pop() {
                Some(Entry::Variable(id, old)) => self.variables[id.0 as usize] = old,
                Some(Entry::FactAdded(path)) => {
                    self.remove(&path);
                }
                Some(Entry::FactRemoved(path)) => {
                    self.insert(&path);
                }
                None => break,
            }
        }
    }

    /// Goes back to the mark and gives what had changed; None when this way never goes on.
    pub fn take(&mut self, mark: Mark) -> Option<Delta> {
        let delta = self.reachable.then(|| self.delta(mark));
        self.roll_back(mark);
        self.reachable = true;
        delta
    }

    /// As [`State::take`], but goes back no further than to a later mark: what happened between the two stays.
    pub fn take_since(&mut self, mark: Mark, back: Mark) -> Option<Delta> {
        let delta = self.reachable.then(|| self.delta(mark));
        self.roll_back(back);
        self.reachable = true;
        delta
    }

    /// Goes on where several ways meet; unreachable when there is none. The state is that at their common mark.
    pub fn join(&mut self, ways: Vec<Option<Delta>>) {
        let ways: Vec<Delta> = ways.into_iter().flatten().collect();
        let Some((first, others)) = ways.split_first() else {
            self.reachable = false;
            return;
        };
        if others.is_empty() {
            self.apply(first.clone());
            return;
        }
        let changed: BTreeSet<VariableId> = ways
            .iter()
            .flat_map(|way| way.variables.keys().copied())
            .collect();
        for id in changed {
            let base = self.get(id);
            let joined = ways
                .iter()
                .map(|way| way.variables.get(&id).unwrap_or(&base).clone())
                .reduce(|a, b| VariableState {
                    status: match (a.status, b.status) {
                        (Status::Bound, Status::Bound) => Status::Bound,
                        (Status::Unbound, Status::Unbound) => Status::Unbound,
                        _ => Status::Maybe,
                    },
                    ty: a.ty.join(&b.ty),
                });
            if let Some(joined) = joined {
                self.put(id, joined);
            }
        }
        for path in ways.iter().flat_map(|way| &way.removed) {
            if self.remove(path) {
                self.journal.push(Entry::FactRemoved(path.clone()));
            }
        }
        let common: Vec<Path> = first
            .added
            .iter()
            .filter(|path| others.iter().all(|way| way.added.contains(path)))
            .cloned()
            .collect();
        self.learn(common);
    }

    fn apply(&mut self, delta: Delta) {
        for (id, state) in delta.variables {
            self.put(id, state);
        }
        for path in delta.removed {
            if self.remove(&path) {
                self.journal.push(Entry::FactRemoved(path));
            }
        }
        self.learn(delta.added);
    }

    /// How many bindings have been walked: the start of a region.
    pub fn walked(&self) -> usize {
        self.log.len()
    }

    /// What the bindings since then gave each variable.
    pub fn bound_since(&self, start: usize) -> BTreeMap<VariableId, Type> {
        let mut bound: BTreeMap<VariableId, Type> = BTreeMap::new();
        for (id, ty) in &self.log[start..] {
            match bound.get_mut(id) {
                Some(known) => *known = known.join(ty),
                None => {
                    bound.insert(*id, ty.clone());
                }
            }
        }
        bound
    }

    /// The state when some of these bindings have happened, and some not: at a handler, or where a loop begins again.
    pub fn weaken(&mut self, bindings: &BTreeMap<VariableId, Type>) {
        for (id, ty) in bindings {
            self.forget(*id);
            let old = self.get(*id);
            let status = match old.status {
                Status::Bound => Status::Bound,
                Status::Maybe | Status::Unbound => Status::Maybe,
            };
            self.put(
                *id,
                VariableState {
                    status,
                    ty: old.ty.join(ty),
                },
            );
        }
    }

    /// Takes over how these variables stand, from a state that was rolled back.
    pub fn restore(&mut self, states: Vec<(VariableId, VariableState)>) {
        for (id, state) in states {
            self.put(id, state);
        }
    }
}

fn order(path: &Path) -> (u8, u32, Vec<String>) {
    match path.root {
        PathRoot::Variable(id) => (0, id.0, path.members.clone()),
        PathRoot::Local(id) => (1, id, path.members.clone()),
    }
}
