//! Joining statements allows neither more nor less.

use std::collections::BTreeSet;

use flowc::backend::iam::{Policy, merge};
use flowc::ir::access::{Condition, Need, Reason};
use flowc::ir::pattern::Pattern;
use proptest::prelude::*;

use crate::by_hand::span;

const TEXTS: &[&str] = &["a", "ab", "b", "bb", "c", "abc", ""];

/// All requests of a small world: an action, a resource, and the value of the one key that conditions look at.
fn requests() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let actions = ["s:One", "s:Two", "t:One"];
    actions.into_iter().flat_map(|action| {
        TEXTS
            .iter()
            .flat_map(move |resource| TEXTS.iter().map(move |value| (action, *resource, *value)))
    })
}

fn glob(text: &str) -> Pattern {
    Pattern::text(text).with_wildcards()
}

fn needed(needs: &[Need], request: (&str, &str, &str)) -> bool {
    let (action, resource, value) = request;
    needs.iter().any(|need| {
        need.actions.iter().any(|a| a == action)
            && need
                .resources
                .iter()
                .any(|r| r.covers(&Pattern::text(resource)))
            && need
                .conditions
                .iter()
                .all(|c| c.value.covers(&Pattern::text(value)))
    })
}

fn allowed(policy: &Policy, request: (&str, &str, &str)) -> bool {
    let (action, resource, value) = request;
    policy.statements.iter().any(|statement| {
        statement.actions.iter().any(|a| a == action)
            && statement
                .resources
                .iter()
                .any(|r| r.covers(&Pattern::text(resource)))
            && statement
                .conditions
                .iter()
                .all(|(_, _, values)| values.iter().any(|v| v.covers(&Pattern::text(value))))
    })
}

fn any_need() -> impl Strategy<Value = Need> {
    let texts = || prop::sample::select(vec!["a", "ab", "b", "a*", "*b", "*", "?b", "c"]);
    let actions = prop::sample::subsequence(vec!["s:One", "s:Two", "t:One"], 1..=3);
    let resources = prop::collection::vec(texts(), 1..3);
    let conditions = prop::collection::vec((texts(), any::<bool>()), 0..3);
    (actions, resources, conditions, 0usize..4).prop_map(|(actions, resources, conditions, at)| {
        Need {
            actions: actions.into_iter().map(str::to_owned).collect(),
            resources: resources.into_iter().map(glob).collect(),
            conditions: conditions
                .into_iter()
                .map(|(value, other)| Condition {
                    operator: "StringLike".to_owned(),
                    key: if other { "k" } else { "l" }.to_owned(),
                    value: glob(value),
                })
                .collect(),
            assumed: false,
            step: None,
            reason: Reason {
                span: span(at),
                stage: format!("stage{at}"),
                what: "call".to_owned(),
            },
        }
    })
}

proptest! {
    #[test]
    fn joined_statements_allow_what_was_needed_and_no_more(needs in prop::collection::vec(any_need(), 0..8)) {
        let policy = merge(&needs);
        for request in requests() {
            prop_assert_eq!(needed(&needs, request), allowed(&policy, request), "{:?}", request);
        }
    }

    #[test]
    fn every_reason_stays_and_every_statement_has_its_name(needs in prop::collection::vec(any_need(), 0..8)) {
        let policy = merge(&needs);
        let given: BTreeSet<_> = needs.iter().map(|need| &need.reason).collect();
        let kept: BTreeSet<_> = policy.statements.iter().flat_map(|s| &s.reasons).collect();
        prop_assert_eq!(given, kept);
        let sids: BTreeSet<_> = policy.statements.iter().map(|s| &s.sid).collect();
        prop_assert_eq!(sids.len(), policy.statements.len());
        prop_assert!(sids.iter().all(|sid| sid.chars().all(|c| c.is_ascii_alphanumeric())));
    }

    #[test]
    fn the_order_of_the_program_does_not_show(needs in prop::collection::vec(any_need(), 0..6)) {
        let mut turned = needs.clone();
        turned.reverse();
        let texts = |policy: Policy| -> BTreeSet<String> {
            policy.statements.iter().map(|s| format!("{:?} {:?} {:?}", s.actions, s.resources, s.conditions)).collect()
        };
        prop_assert_eq!(texts(merge(&needs)), texts(merge(&turned)));
    }
}
