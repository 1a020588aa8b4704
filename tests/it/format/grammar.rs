//! No construct of the grammar is left out.

use std::collections::BTreeSet;

use pest::Parser;
use pest_derive::Parser;

/// The grammar once more: the compiler's own parser keeps its rules to itself.
#[derive(Parser)]
#[grammar = "../grammar/flow.pest"]
struct Grammar;

/// Rules that only look ahead.
const LOOK_AHEAD: [&str; 3] = ["following_word", "quoted_name", "reserved_word"];

#[test]
fn one_program_of_the_snapshots_uses_every_rule_of_the_grammar() {
    let grammar = include_str!("../../../grammar/flow.pest");
    let is_silent = |rule: &str| {
        grammar.lines().any(|line| {
            line.split_once('=')
                .is_some_and(|(name, rest)| name.trim() == rule && rest.starts_with(" _{"))
        })
    };
    let expected: BTreeSet<String> = Rule::all_rules()
        .iter()
        .map(|rule| format!("{rule:?}"))
        .filter(|rule| !is_silent(rule) && !LOOK_AHEAD.contains(&rule.as_str()))
        .collect();
    assert!(expected.len() > 200);
    let program = include_str!("everything.flow");
    let used: BTreeSet<String> = Grammar::parse(Rule::file, program)
        .expect("a program")
        .flatten()
        .map(|pair| format!("{:?}", pair.as_rule()))
        .collect();
    let missing: Vec<&String> = expected.difference(&used).collect();
    assert!(missing.is_empty(), "everything.flow lacks {missing:?}");
}
