//! What comes after what: states that are new, gone or elsewhere, and those that go on otherwise.

use std::collections::BTreeSet;

use super::change::{Area, Change, Kind};
use super::machine::{Machine, Target, label, rules};
use super::matching::Matching;
use super::states::call;
use super::value::{seconds, words};

/// Compares the ways through two machines, the old one under the new names.
pub(super) struct Order<'a> {
    old: &'a Machine,
    new: &'a Machine,
    matching: &'a Matching,
    /// By old state.
    moved: Vec<bool>,
    /// What leads to each old state, and to each new one.
    old_ways: Vec<Vec<(usize, String)>>,
    new_ways: Vec<Vec<(usize, String)>>,
}

/// Where a way leads: to a state of the new machine, to one that is gone, or to the end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Goal {
    New(usize),
    End,
}

impl<'a> Order<'a> {
    pub fn new(old: &'a Machine, new: &'a Machine, matching: &'a Matching) -> Self {
        let mut order = Self {
            old,
            new,
            matching,
            moved: vec![false; old.nodes.len()],
            old_ways: old.ways_in(),
            new_ways: new.ways_in(),
        };
        order.find_moved();
        order
    }

    /// Of the states that are there before and after, those that stand elsewhere.
    fn find_moved(&mut self) {
        for (at, found) in self.matching.new_of.iter().enumerate() {
            if let Some(found) = found {
                let flow = self.matching.flows.get(&self.old.nodes[at].flow);
                self.moved[at] = flow != Some(&self.new.nodes[*found].flow);
            }
        }
        for (a, b) in &self.matching.flows {
            let mut kept: Vec<(usize, usize)> = Vec::new();
            for old in &self.old.flows[*a].members {
                if let Some(new) = self.matching.new_of[*old]
                    && self.new.nodes[new].flow == *b
                {
                    kept.push((*old, new));
                }
            }
            let places: Vec<usize> = kept.iter().map(|(_, new)| *new).collect();
            let stay = longest_increasing(&places);
            for (i, (old, _)) in kept.iter().enumerate() {
                // States are written in another order too where only handlers changed: what leads there says more.
                if !stay.contains(&i) && self.is_reached_otherwise(*old) {
                    self.moved[*old] = true;
                }
            }
        }
    }

    /// Whether a state is entered from others than before.
    fn is_reached_otherwise(&self, old: usize) -> bool {
        let Some(new) = self.matching.new_of[old] else {
            return true;
        };
        let begins = |machine: &Machine, at: usize| {
            let node = &machine.nodes[at];
            machine.flows[node.flow].start == node.name
        };
        let before: BTreeSet<Option<usize>> = self.old_ways[old]
            .iter()
            .map(|(at, _)| self.matching.new_of[*at])
            .collect();
        let after: BTreeSet<Option<usize>> =
            self.new_ways[new].iter().map(|(at, _)| Some(*at)).collect();
        before != after || begins(self.old, old) != begins(self.new, new)
    }

    pub fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        self.added(&mut changes);
        self.removed(&mut changes);
        for (old, new) in self.matching.new_of.iter().enumerate() {
            let Some(new) = *new else { continue };
            if self.moved[old] {
                let change = Change::new(Area::Order, Kind::Moved, &self.new.nodes[new].name, "")
                    .before(place(self.old, &self.old_ways, old))
                    .after(place(self.new, &self.new_ways, new));
                changes.push(change);
            }
        }
        for (a, b) in &self.matching.flows {
            let target =
                |machine: &Machine, flow: usize| Target::State(machine.flows[flow].start.clone());
            let subject = self.new.flows[*b]
                .owner
                .map_or("", |at| &self.new.nodes[at].name);
            let (before, after) = (target(self.old, *a), target(self.new, *b));
            self.transition(subject, "begins with", &before, &after, false, &mut changes);
        }
        for (old, new) in self.matching.new_of.iter().enumerate() {
            let Some(new) = *new else { continue };
            let subject = &self.new.nodes[new].name;
            let mut after = self.new.edges(new);
            for (words, before) in self.old.edges(old) {
                let Some(at) = after.iter().position(|(other, _)| *other == words) else {
                    // A rule that is gone is told with the state's other rules.
                    if words.is_empty() {
                        let change = Change::new(Area::Order, Kind::Removed, subject, "goes on to");
                        changes.push(change.before(name(&before)));
                    }
                    continue;
                };
                let (_, target) = after.remove(at);
                let what = match words.as_str() {
                    "" => "goes on to".to_owned(),
                    words => format!("{words}, goes on to"),
                };
                self.transition(
                    subject,
                    &what,
                    &before,
                    &target,
                    self.moved[old],
                    &mut changes,
                );
            }
            for (_, target) in after.iter().filter(|(words, _)| words.is_empty()) {
                let change = Change::new(Area::Order, Kind::Added, subject, "goes on to");
                changes.push(change.after(name(target)));
            }
        }
        self.branches(&mut changes);
        changes
    }

    /// A target that is not the one before, unless what is new, gone or elsewhere explains it.
    fn transition(
        &self,
        subject: &str,
        what: &str,
        before: &Target,
        after: &Target,
        moved: bool,
        changes: &mut Vec<Change>,
    ) {
        let (from, to) = (
            self.goal(self.old, before, true),
            self.goal(self.new, after, false),
        );
        if from.is_some() && from == to || moved {
            return;
        }
        let (ends, starts) = (self.old_goals(before), self.new_goals(after));
        let explained = from.is_none_or(|goal| !ends.contains(&goal))
            || to.is_some_and(|goal| !starts.contains(&goal));
        if explained && !ends.is_disjoint(&starts) {
            return;
        }
        changes.push(
            Change::new(Area::Order, Kind::Changed, subject, what)
                .before(name(before))
                .after(name(after)),
        );
    }

    /// In states of the new machine; None for one that is gone.
    fn goal(&self, machine: &Machine, target: &Target, old: bool) -> Option<Goal> {
        match target {
            Target::End => Some(Goal::End),
            Target::State(name) => {
                let at = machine.find(name)?;
                let at = if old { self.matching.new_of[at]? } else { at };
                Some(Goal::New(at))
            }
        }
    }

    /// Where a target led, through states that are gone or elsewhere now.
    fn old_goals(&self, target: &Target) -> BTreeSet<Goal> {
        let passes = |at: usize| self.moved[at] || self.matching.new_of[at].is_none();
        let goal = |at: usize| self.matching.new_of[at].map(Goal::New);
        goals(self.old, target, &passes, &goal)
    }

    /// Where a target leads, through states that are new or were elsewhere.
    fn new_goals(&self, target: &Target) -> BTreeSet<Goal> {
        let passes = |at: usize| self.matching.old_of[at].is_none_or(|old| self.moved[old]);
        goals(self.new, target, &passes, &|at| Some(Goal::New(at)))
    }

    fn added(&self, changes: &mut Vec<Change>) {
        for at in own_states(self.new, &self.matching.old_of) {
            let node = &self.new.nodes[at];
            let what = described(self.new, at);
            changes.push(
                Change::new(Area::Step, Kind::Added, &node.name, what).after(place(
                    self.new,
                    &self.new_ways,
                    at,
                )),
            );
        }
    }

    fn removed(&self, changes: &mut Vec<Change>) {
        for at in own_states(self.old, &self.matching.new_of) {
            let node = &self.old.nodes[at];
            let what = described(self.old, at);
            changes.push(
                Change::new(Area::Step, Kind::Removed, &node.name, what).before(place(
                    self.old,
                    &self.old_ways,
                    at,
                )),
            );
        }
    }

    /// Parallel's branches, which have no names: by what they begin with.
    fn branches(&self, changes: &mut Vec<Change>) {
        for (old, new) in self.matching.new_of.iter().enumerate() {
            let Some(new) = *new else { continue };
            let before: Vec<usize> = self.old.flows_of(old).to_vec();
            let after: Vec<usize> = self.new.flows_of(new).to_vec();
            let same: Vec<usize> = before
                .iter()
                .filter_map(|flow| self.matching.flows.get(flow).copied())
                .collect();
            let kept: Vec<usize> = after.iter().copied().filter(|f| same.contains(f)).collect();
            let name = &self.new.nodes[new].name;
            let starts = |flows: &[usize]| {
                let starts = flows
                    .iter()
                    .map(|flow| self.new.flows[*flow].start.as_str());
                starts.collect::<Vec<_>>().join(", ")
            };
            if same != kept {
                changes.push(
                    Change::new(Area::Branch, Kind::Changed, name, "order of its branches")
                        .before(starts(&same))
                        .after(starts(&kept)),
                );
            }
            let paired = |flow: &&usize| self.matching.flows.contains_key(*flow);
            for flow in before.iter().filter(|flow| !paired(flow)) {
                let start = &self.old.flows[*flow].start;
                changes.push(Change::new(
                    Area::Branch,
                    Kind::Removed,
                    name,
                    format!("branch that begins with {start}"),
                ));
            }
            for flow in after.iter().filter(|flow| !kept.contains(flow)) {
                let start = &self.new.flows[*flow].start;
                changes.push(Change::new(
                    Area::Branch,
                    Kind::Added,
                    name,
                    format!("branch that begins with {start}"),
                ));
            }
        }
    }
}

fn name(target: &Target) -> String {
    match target {
        Target::State(name) => name.clone(),
        Target::End => "the end".to_owned(),
    }
}

/// Unpaired states; helpers of a stage only where its own state is not among them.
fn own_states(machine: &Machine, pairs: &[Option<usize>]) -> Vec<usize> {
    let unpaired = || (0..pairs.len()).filter(|at| pairs[*at].is_none());
    // Where a flow ends says nothing beside what leads there.
    let is_end = |at: &usize| {
        let node = &machine.nodes[*at];
        node.own.len() == 1 && node.own.get("Type").is_some_and(|kind| kind == "Succeed")
    };
    let only_ends = unpaired().all(|at| is_end(&at));
    let stages: BTreeSet<&str> = unpaired()
        .filter(|at| machine.nodes[*at].role.is_none())
        .map(|at| machine.nodes[at].stage.as_str())
        .collect();
    unpaired()
        .filter(|at| {
            let node = &machine.nodes[*at];
            (only_ends || !is_end(at))
                && (node.role.is_none() || !stages.contains(node.stage.as_str()))
        })
        .collect()
}

/// What a state does, in a few words.
fn described(machine: &Machine, at: usize) -> String {
    let own = &machine.nodes[at].own;
    let field = |name: &str| own.get(name);
    if let Some(resource) = field("Resource") {
        return call(resource);
    }
    let kind = field("Type")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    match kind {
        "Choice" => {
            let conditions = rules(own, "Choices").into_iter().map(label);
            format!("if {}", conditions.collect::<Vec<_>>().join(" | "))
        }
        "Wait" => match (field("Seconds"), field("Timestamp")) {
            (Some(time), _) => format!("wait {}", seconds(time)),
            (None, Some(moment)) => format!("wait until {}", words(moment)),
            (None, None) => "wait".to_owned(),
        },
        "Map" => match field("Items").or(field("ItemReader")) {
            Some(items) => format!("map over {}", words(items)),
            None => "map".to_owned(),
        },
        "Parallel" => format!("{} branches at once", machine.flows_of(at).len()),
        "Fail" => format!("fail {}", field("Error").map(words).unwrap_or_default()),
        kind => format!("{kind} state"),
    }
}

/// Where a state stands: `after gate`, `first in glue-map`.
fn place(machine: &Machine, ways: &[Vec<(usize, String)>], at: usize) -> String {
    let mut words: Vec<String> = Vec::new();
    for (other, when) in ways[at].iter().filter(|(other, _)| *other != at) {
        let name = &machine.nodes[*other].name;
        words.push(match when.split_once(' ') {
            Some(("catch", errors)) => format!("{name} (catch {errors})"),
            _ => name.clone(),
        });
    }
    words.dedup();
    let more = words.len().saturating_sub(3);
    words.truncate(3);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    let flow = &machine.flows[machine.nodes[at].flow];
    let inside = flow.owner.map(|owner| machine.nodes[owner].name.as_str());
    match (words.is_empty(), inside) {
        (true, Some(owner)) => format!("first in {owner}"),
        (true, None) => "first".to_owned(),
        (false, Some(owner)) => format!("after {}, in {owner}", words.join(", ")),
        (false, None) => format!("after {}", words.join(", ")),
    }
}

fn goals(
    machine: &Machine,
    target: &Target,
    passes: &dyn Fn(usize) -> bool,
    goal: &dyn Fn(usize) -> Option<Goal>,
) -> BTreeSet<Goal> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut left = vec![target.clone()];
    while let Some(target) = left.pop() {
        let at = match &target {
            Target::End => {
                found.insert(Goal::End);
                continue;
            }
            Target::State(name) => machine.find(name),
        };
        let Some(at) = at.filter(|at| seen.insert(*at)) else {
            continue;
        };
        if passes(at) {
            let edges = machine.edges(at).into_iter();
            left.extend(
                edges
                    .filter(|(when, _)| !when.starts_with("catch "))
                    .map(|(_, to)| to),
            );
        } else {
            found.extend(goal(at));
        }
    }
    found
}

/// The places of a longest increasing subsequence of distinct numbers.
fn longest_increasing(numbers: &[usize]) -> BTreeSet<usize> {
    // `ends[k]`: where a subsequence of length k + 1 ends with the least number.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; numbers.len()];
    for at in 0..numbers.len() {
        let length = ends.partition_point(|end| numbers[*end] < numbers[at]);
        previous[at] = length.checked_sub(1).map(|before| ends[before]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut found = BTreeSet::new();
    let mut next = ends.last().copied();
    while let Some(at) = next {
        found.insert(at);
        next = previous[at];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_in_order_is_as_much_as_can_be() {
        let stay = |numbers: &[usize]| longest_increasing(numbers).into_iter().collect::<Vec<_>>();
        assert_eq!(stay(&[0, 1, 2]), [0, 1, 2]);
        assert_eq!(stay(&[0, 3, 1, 2]), [0, 2, 3]);
        assert!(stay(&[]).is_empty());
        assert_eq!(stay(&[2, 1]).len(), 1);
    }
}
