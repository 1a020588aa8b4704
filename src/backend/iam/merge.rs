//! Joins needs to statements that allow the same and no more.
//!
//! A policy is a set of triples: an action on a resource under conditions. Joining keeps that set, but for triples that
//! another one covers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Policy, Statement};
use crate::backend::cfn::names::pascal;
use crate::ir::access::{Condition, Need, Reason};
use crate::ir::pattern::Pattern;

/// What is allowed under the same conditions: resources by action.
type Group<'n> = BTreeMap<&'n str, BTreeMap<&'n Pattern, Origin<'n>>>;

/// Where a triple is from.
#[derive(Clone, Default)]
struct Origin<'n> {
    assumed: bool,
    reasons: BTreeSet<&'n Reason>,
    /// The place of its need, and of its action in that: the first action names the statement.
    rank: (usize, usize),
}

/// The policy that allows what the needs name, in an order that does not depend on theirs.
pub fn merge<'n>(needs: impl IntoIterator<Item = &'n Need>) -> Policy {
    let mut groups: BTreeMap<Vec<&Condition>, Group> = BTreeMap::new();
    for (place, need) in needs.into_iter().enumerate() {
        let mut conditions: Vec<&Condition> = need.conditions.iter().collect();
        conditions.sort();
        conditions.dedup();
        let group = groups.entry(conditions).or_default();
        for (i, action) in need.actions.iter().enumerate() {
            let rank = (place, i);
            for resource in &need.resources {
                let resources = group.entry(action).or_default();
                let origin = resources.entry(resource).or_insert_with(|| Origin {
                    rank,
                    ..Origin::default()
                });
                origin.assumed |= need.assumed;
                origin.reasons.insert(&need.reason);
                origin.rank = origin.rank.min(rank);
            }
        }
    }
    drop_covered(&mut groups);
    let mut statements = Vec::new();
    for (conditions, group) in groups {
        join_actions(conditions, group, &mut statements);
    }
    let statements = join_values(statements);
    name(statements)
}

/// Drops what another triple of the same action allows anyway: a name under a wider pattern, and what is allowed without
/// conditions too. The reasons go where the permission goes.
fn drop_covered(groups: &mut BTreeMap<Vec<&Condition>, Group>) {
    for group in groups.values_mut() {
        for resources in group.values_mut() {
            for wide in wide(resources) {
                if !resources.contains_key(wide) {
                    continue;
                }
                let covered: Vec<&Pattern> = resources
                    .keys()
                    .copied()
                    .filter(|name| *name != wide && wide.covers(name))
                    .collect();
                for name in covered {
                    let reasons = resources.remove(name).map(|origin| origin.reasons);
                    if let Some(kept) = resources.get_mut(wide) {
                        kept.reasons.extend(reasons.into_iter().flatten());
                    }
                }
            }
        }
    }
    let Some(mut free) = groups.remove(&Vec::new()) else {
        return;
    };
    for group in groups.values_mut() {
        for (action, resources) in group.iter_mut() {
            let Some(free) = free.get_mut(action) else {
                continue;
            };
            let wide = wide(free);
            resources.retain(|name, origin| {
                let wider = match free.contains_key(*name) {
                    true => Some(*name),
                    false => wide.iter().copied().find(|wide| wide.covers(name)),
                };
                let Some(kept) = wider.and_then(|wider| free.get_mut(wider)) else {
                    return true;
                };
                kept.reasons.append(&mut origin.reasons);
                false
            });
        }
        group.retain(|_, resources| !resources.is_empty());
    }
    groups.retain(|_, group| !group.is_empty());
    groups.insert(Vec::new(), free);
}

/// Those that can cover others: an exact name covers itself alone.
fn wide<'n>(resources: &BTreeMap<&'n Pattern, Origin>) -> Vec<&'n Pattern> {
    resources
        .keys()
        .copied()
        .filter(|name| !name.is_exact())
        .collect()
}

/// A statement before it has a name.
struct Draft {
    statement: Statement,
    /// The action that it is named after.
    first: String,
}

/// An action, and where its triples are from.
type Allowed<'n> = (&'n str, Vec<Origin<'n>>);

/// One statement for the actions of a service that are allowed on the same resources.
fn join_actions(conditions: Vec<&Condition>, group: Group, drafts: &mut Vec<Draft>) {
    let mut by_resources: BTreeMap<(&str, Vec<&Pattern>), Vec<Allowed>> = BTreeMap::new();
    for (action, resources) in group {
        let service = action.split(':').next().unwrap_or_default();
        let (names, origins) = resources.into_iter().unzip();
        by_resources
            .entry((service, names))
            .or_default()
            .push((action, origins));
    }
    for ((_, resources), actions) in by_resources {
        let first = actions
            .iter()
            .min_by_key(|(action, origins)| (origins.iter().map(|o| o.rank).min(), *action))
            .map(|(action, _)| *action)
            .unwrap_or_default()
            .to_owned();
        let origins = || actions.iter().flat_map(|(_, origins)| origins);
        let assumed = origins().any(|o| o.assumed);
        let reasons: BTreeSet<&Reason> =
            origins().flat_map(|o| o.reasons.iter().copied()).collect();
        drafts.push(Draft {
            statement: Statement {
                sid: String::new(),
                actions: actions
                    .iter()
                    .map(|(action, _)| (*action).to_owned())
                    .collect(),
                resources: resources.into_iter().cloned().collect(),
                conditions: conditions
                    .iter()
                    .map(|c| (c.operator.clone(), c.key.clone(), vec![c.value.clone()]))
                    .collect(),
                assumed,
                reasons: reasons.into_iter().cloned().collect(),
            },
            first,
        });
    }
}

/// Actions, resources, operator and key.
type Place = (Vec<String>, Vec<Pattern>, String, String);

/// Joins statements that differ in the value of their only condition: one of several values is what IAM asks for.
fn join_values(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut joined: Vec<Draft> = Vec::new();
    let mut places: BTreeMap<Place, usize> = BTreeMap::new();
    for draft in drafts {
        let statement = &draft.statement;
        let [(operator, key, values)] = statement.conditions.as_slice() else {
            joined.push(draft);
            continue;
        };
        if !takes_any(operator) {
            joined.push(draft);
            continue;
        }
        let place = (
            statement.actions.clone(),
            statement.resources.clone(),
            operator.clone(),
            key.clone(),
        );
        match places.get(&place).and_then(|at| joined.get_mut(*at)) {
            Some(other) => {
                let other = &mut other.statement;
                other.conditions[0].2.extend(values.iter().cloned());
                other.assumed |= statement.assumed;
                other.reasons.extend(statement.reasons.iter().cloned());
            }
            None => {
                places.insert(place, joined.len());
                joined.push(draft);
            }
        }
    }
    for draft in &mut joined {
        let statement = &mut draft.statement;
        statement.reasons.sort();
        statement.reasons.dedup();
        for (_, _, values) in &mut statement.conditions {
            values.sort();
            values.dedup();
            let wide: Vec<Pattern> = values.iter().filter(|v| !v.is_exact()).cloned().collect();
            for wide in wide {
                if values.contains(&wide) {
                    values.retain(|value| *value == wide || !wide.covers(value));
                }
            }
        }
    }
    joined
}

/// Whether several values of the operator mean "one of these"; those that negate mean "none of these".
fn takes_any(operator: &str) -> bool {
    !operator.contains("Not")
}

/// Orders by service, action, conditions and resources, and names each statement after its first action.
fn name(mut drafts: Vec<Draft>) -> Policy {
    drafts.sort_by(|a, b| {
        let (one, other) = (&a.statement, &b.statement);
        a.first
            .cmp(&b.first)
            .then_with(|| one.conditions.cmp(&other.conditions))
            .then_with(|| one.resources.cmp(&other.resources))
    });
    let mut taken = BTreeSet::new();
    let statements = drafts
        .into_iter()
        .map(|draft| {
            let base = pascal(&draft.first);
            let mut sid = base.clone();
            let mut number = 1;
            while !taken.insert(sid.clone()) {
                number += 1;
                sid = format!("{base}{number}");
            }
            Statement {
                sid,
                ..draft.statement
            }
        })
        .collect();
    Policy { statements }
}
