//! What a formatted program looks like, and what formatting may not change.

mod made;

use flowc::format::format;
use flowc::source::FileId;
use flowc::syntax::{self, Parsed};
use proptest::prelude::*;

fn parse(text: &str) -> Parsed {
    syntax::parse(FileId(0), text)
}

fn formatted(text: &str) -> String {
    match format(FileId(0), text) {
        Ok(formatted) => formatted,
        Err(error) => panic!("{error}: {error:?}\n{text}"),
    }
}

/// What may stand between two tokens; the first where nothing must.
const GAPS: [&str; 20] = [
    "",
    " ",
    "\n",
    "  ",
    "\n\n",
    "\n  \n\n",
    "\t",
    "\r\n",
    "\r\n\r\n",
    "\u{FEFF}",
    " // c\n",
    "\n// own line\n",
    "//\n",
    " /* c */ ",
    "/**/",
    "\n /* own line */\n",
    " /* two\n   lines */ ",
    "\n/// Documentation.\n",
    "\n//// no documentation\r\n",
    "\n\n// apart\n\n",
];

/// The tokens with gaps between them, whatever their bytes decide.
fn scattered(tokens: &[String], gaps: &[u8]) -> String {
    let mut text = String::new();
    let mut gaps = gaps.iter();
    let mut last = "";
    for token in tokens {
        let gap = gaps.next().map_or(0, |byte| *byte as usize);
        // Three of four are blanks: comments at each gap leave no lines to fit.
        let gap = GAPS[if gap < 192 {
            gap % 10
        } else {
            gap % GAPS.len()
        }];
        match token.strip_prefix(made::GLUED) {
            Some(glued) => text.push_str(glued),
            None if gap.is_empty() && may_join(last, token) => text.push_str(token),
            None if gap.is_empty() || last.ends_with('/') && gap.starts_with('/') => {
                text.push(' ');
                text.push_str(gap);
                text.push_str(token);
            }
            None => {
                text.push_str(gap);
                text.push_str(token);
            }
        }
        last = token;
    }
    text
}

/// Whether two tokens stay two with nothing between them.
fn may_join(first: &str, second: &str) -> bool {
    let (Some(end), Some(start)) = (first.chars().last(), second.chars().next()) else {
        return true;
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"' || c == '`';
    let is_bracket = |c: char| "(){}[],".contains(c);
    is_bracket(end)
        || is_bracket(start)
        || is_word(end) != is_word(start) && end != '.' && start != '.'
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_program_keeps_its_tree_and_comments(
        choices in prop::collection::vec(any::<u8>(), 0..400),
        gaps in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let text = scattered(&made::program(&choices), &gaps);
        let before = parse(&text);
        prop_assert!(!before.has_errors(), "{:?}\n{text}", before.diagnostics);
        let formatted = format(FileId(0), &text);
        prop_assert!(formatted.is_ok(), "{formatted:?}\n{text}");
    }
}

#[test]
fn zz_samples() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (
        prop::collection::vec(any::<u8>(), 0..400),
        prop::collection::vec(any::<u8>(), 0..600),
    );
    for _ in 0..12 {
        let (choices, gaps) = strategy.new_tree(&mut runner).unwrap().current();
        let text = scattered(&made::program(&choices), &gaps);
        println!("=====\n{text}\n-----\n{}", formatted(&text));
    }
}
