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
type Group = BTreeMap<String, BTreeMap<Pattern, Origin>>;

/// Where a triple is from.
#[derive(Clone, Default)]
struct Origin {
    assumed: bool,
    reasons: BTreeSet<Reason>,
    /// The place of its action among those of its grant: the first names the statement.
    rank: usize,
}

pub(super) fn merge(needs: Vec<Need>) -> Policy {
    let mut groups: BTreeMap<Vec<Condition>, Group> = BTreeMap::new();
    for need in needs {
        let mut conditions = need.conditions;
        conditions.sort();
        conditions.dedup();
        let group = groups.entry(conditions).or_default();
        for (rank, action) in need.actions.iter().enumerate() {
            for resource in &need.resources {
                let resources = group.entry(action.clone()).or_default();
                let fresh = !resources.contains_key(resource);
                let origin = resources.entry(resource.clone()).or_default();
                origin.assumed |= need.assumed;
                origin.reasons.insert(need.reason.clone());
                origin.rank = if fresh { rank } else { origin.rank.min(rank) };
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
fn drop_covered(groups: &mut BTreeMap<Vec<Condition>, Group>) {
    for group in groups.values_mut() {
        for resources in group.values_mut() {
            let names: Vec<Pattern> = resources.keys().cloned().collect();
            for name in &names {
                let wider = names.iter().find(|other| {
                    *other != name && resources.contains_key(other) && other.covers(name)
                });
                if let Some(wider) = wider
                    && let Some(origin) = resources.remove(name)
                    && let Some(kept) = resources.get_mut(wider)
                {
                    kept.reasons.extend(origin.reasons);
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
            resources.retain(|name, origin| {
                let wider = free.iter_mut().find(|(wider, _)| wider.covers(name));
                if let Some((_, kept)) = wider {
                    kept.reasons.append(&mut origin.reasons);
                    return false;
                }
                true
            });
        }
        group.retain(|_, resources| !resources.is_empty());
    }
    groups.retain(|_, group| !group.is_empty());
    groups.insert(Vec::new(), free);
}

/// A statement before it has a name.
struct Draft {
    statement: Statement,
    /// The action that it is named after.
    first: String,
}

/// One statement for the actions of a service that are allowed on the same resources.
fn join_actions(conditions: Vec<Condition>, group: Group, drafts: &mut Vec<Draft>) {
    let mut by_resources: BTreeMap<(String, Vec<Pattern>), Vec<(String, Vec<Origin>)>> =
        BTreeMap::new();
    for (action, resources) in group {
        let service = action.split(':').next().unwrap_or_default().to_owned();
        let (names, origins) = resources.into_iter().unzip();
        by_resources
            .entry((service, names))
            .or_default()
            .push((action, origins));
    }
    for ((_, resources), actions) in by_resources {
        let first = actions
            .iter()
            .min_by_key(|(action, origins)| (origins.iter().map(|o| o.rank).min(), action.clone()))
            .map(|(action, _)| action.clone())
            .unwrap_or_default();
        let origins = || actions.iter().flat_map(|(_, origins)| origins);
        let assumed = origins().any(|o| o.assumed);
        let reasons: BTreeSet<Reason> = origins().flat_map(|o| o.reasons.iter().cloned()).collect();
        drafts.push(Draft {
            statement: Statement {
                sid: String::new(),
                actions: actions.into_iter().map(|(action, _)| action).collect(),
                resources,
                conditions: conditions
                    .iter()
                    .map(|c| (c.operator.clone(), c.key.clone(), vec![c.value.clone()]))
                    .collect(),
                assumed,
                reasons: reasons.into_iter().collect(),
            },
            first,
        });
    }
}

/// Joins statements that differ in the value of their only condition: one of several values is what IAM asks for.
fn join_values(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut joined: Vec<Draft> = Vec::new();
    for draft in drafts {
        let statement = &draft.statement;
        let same = joined.iter_mut().find(|other| {
            let other = &other.statement;
            other.actions == statement.actions
                && other.resources == statement.resources
                && match (other.conditions.as_slice(), statement.conditions.as_slice()) {
                    ([(o1, k1, _)], [(o2, k2, _)]) => o1 == o2 && k1 == k2 && takes_any(o1),
                    _ => false,
                }
        });
        match same {
            Some(other) => {
                let other = &mut other.statement;
                for value in statement
                    .conditions
                    .iter()
                    .flat_map(|(_, _, values)| values)
                {
                    let values = &mut other.conditions[0].2;
                    if values.iter().any(|wider| wider.covers(value)) {
                        continue;
                    }
                    values.retain(|narrower| !value.covers(narrower));
                    values.push(value.clone());
                    values.sort();
                }
                other.assumed |= statement.assumed;
                other.reasons.extend(statement.reasons.iter().cloned());
                other.reasons.sort();
                other.reasons.dedup();
            }
            None => joined.push(draft),
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
        let key = |d: &Draft| {
            (
                d.first.clone(),
                d.statement.conditions.clone(),
                d.statement.resources.clone(),
            )
        };
        key(a).cmp(&key(b))
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
