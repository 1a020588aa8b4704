//! What a formatted program looks like, and what formatting may not change.

mod cli;
mod grammar;
mod made;
mod scattered;

use flowc::format::{FormatError, format};
use flowc::source::FileId;
use flowc::syntax::{self, Parsed};
use proptest::prelude::*;

use scattered::{is_code_space, scatter};

fn parse(text: &str) -> Parsed {
    syntax::parse(FileId(0), text)
}

fn formatted(text: &str) -> String {
    match format(FileId(0), text) {
        Ok(formatted) => formatted,
        Err(error) => panic!("{error}: {error:?}\n{text}"),
    }
}

fn comments(text: &str) -> Vec<String> {
    let comments = parse(text).comments.into_iter();
    comments.map(|c| c.node.replace("\r\n", "\n")).collect()
}

/// All programs that the project gives to people.
fn examples() -> Vec<(String, String)> {
    let examples = programs_of(&["examples", "examples/lib", "templates/init"]);
    assert!(examples.len() >= 20);
    examples
}

/// Those, and the ugly ones.
fn programs() -> Vec<(String, String)> {
    programs_of(&["examples", "tests/it/format"])
}

/// The programs in folders, by their paths, in a fixed order.
fn programs_of(folders: &[&str]) -> Vec<(String, String)> {
    let mut programs = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).expect("a folder of programs") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "flow") {
                let text = std::fs::read_to_string(&path).expect("text");
                programs.push((path.display().to_string(), text));
            }
        }
    }
    programs.sort();
    programs
}

#[test]
fn every_example_is_formatted() {
    for (path, text) in examples() {
        assert_eq!(formatted(&text), text, "{path}");
    }
}

/// Each file beside this one is written as nobody should; the snapshot shows what becomes of it.
#[test]
fn ugly_programs_become_fair() {
    insta::glob!("format/*.flow", |path| {
        let text = std::fs::read_to_string(path).expect("a program");
        let shown = format!("{text}\n//// formatted\n\n{}", formatted(&text));
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(shown);
        });
    });
}

#[test]
fn a_hundred_columns_fit_and_no_more() {
    // `let x = [` and `, "b"]` are fifteen columns, the quotes of the first string two.
    let of_width = |width: usize| format!("let x = [\"{}\", \"b\"]\n", "é".repeat(width - 17));
    assert_eq!(formatted(&of_width(100)), of_width(100));
    assert_eq!(formatted(&of_width(101)).lines().count(), 4);
    // What follows a bracket on its line counts; a comment at the line's end does not.
    let condition = |width: usize| {
        let name = "a".repeat(width - 34);
        format!("step s() {{\n  catcher({name}, second_argument) {{ a }}\n}}\n")
    };
    assert_eq!(formatted(&condition(100)), condition(100));
    assert_eq!(formatted(&condition(101)).lines().count(), 5);
    let commented = of_width(100).replace('\n', " // and a remark that goes on\n");
    assert_eq!(formatted(&commented), commented);
}

#[test]
fn nothing_is_made_of_nothing() {
    assert_eq!(formatted(""), "");
    assert_eq!(formatted(" \r\n\t\u{FEFF}\n"), "");
    assert_eq!(formatted("\n\n// only this  \n\n"), "// only this\n");
    assert_eq!(formatted("let x=1"), "let x = 1\n");
}

#[test]
fn windows_line_ends_become_newlines_wherever_they_stand() {
    let text = "//! Doc.\n\n/* two\n   lines */\nlet a = \"\"\"\n  x\n  y\n  \"\"\"\nlet b = jsonata`$sum(\n  c)`\n";
    let windows = text.replace('\n', "\r\n");
    assert_eq!(formatted(&windows), text);
    assert_eq!(
        syntax::dump(&parse(&windows).file),
        syntax::dump(&parse(text).file)
    );
}

#[test]
fn a_carriage_return_that_means_something_is_kept() {
    let text = "let a = \"\"\"x\r\r\ny\rz\"\"\"\n";
    assert_eq!(formatted(text), text);
}

#[test]
fn arrows_are_written_in_two_characters() {
    assert_eq!(
        formatted("step s() { a → b→c }"),
        "step s() {\n  a -> b -> c\n}\n"
    );
}

#[test]
fn what_is_no_program_is_not_formatted() {
    let Err(FormatError::Syntax(diagnostics)) = format(FileId(0), "let x = \nlet y = 1") else {
        panic!("a missing value is an error");
    };
    assert_eq!(diagnostics.len(), 1);
    // The settings of a pipeline stand first; to move them is a fix, not a matter of style.
    let late = "pipeline p() { step a = f  step b = g trace flow a }";
    assert!(matches!(
        format(FileId(0), late),
        Err(FormatError::Syntax(_))
    ));
}

/// What a tree would not tell, the formatter cannot keep: the parser refuses it.
#[test]
fn what_would_be_lost_is_an_error() {
    for text in [
        "pipeline p() { log errors, keep 1d, keep 2d }",
        "pipeline p() { log errors, payload, payload }",
        "pipeline p() { tags { a: 1 for x in xs } }",
        "let x = { ...a for a in b }",
        "let x = [...a for a in b]",
    ] {
        assert!(
            matches!(format(FileId(0), text), Err(FormatError::Syntax(_))),
            "{text}"
        );
    }
}

#[test]
fn a_flow_of_thousands_of_steps_is_formatted() {
    let steps: String = (0..2000)
        .map(|i| {
            format!(
                "step s{i} = glue.startJobRun(JobName:\"job-{i}\",Arguments:{{n:{i}}}) // {i}\n"
            )
        })
        .collect();
    let chain: Vec<String> = (0..2000).map(|i| format!("s{i}")).collect();
    let text = format!("pipeline p() {{{steps} flow {} }}", chain.join("->"));
    assert_eq!(formatted(&text).lines().count(), 4003);
}

#[test]
fn the_deepest_nesting_is_formatted() {
    let list = format!("let x = {}{}\n", "[".repeat(90), "]".repeat(90));
    assert_eq!(formatted(&list).lines().count(), 179);
    let blocks = format!("step s() {{ {}a{} }}", "try { ".repeat(90), " }".repeat(90));
    assert_eq!(formatted(&blocks).lines().count(), 183);
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_program_keeps_its_tree_its_comments_and_its_format(
        choices in prop::collection::vec(any::<u8>(), 0..400),
        gaps in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let text = scatter(&made::program(&choices), &gaps);
        let written = parse(&text);
        prop_assume!(!written.has_errors());
        let formatted = match format(FileId(0), &text) {
            Ok(formatted) => formatted,
            Err(error) => return Err(TestCaseError::fail(format!("{error}\n{text}"))),
        };
        // The formatter looks at these itself; here it does not judge its own case.
        prop_assert_eq!(syntax::dump(&parse(&formatted).file), syntax::dump(&written.file));
        prop_assert_eq!(comments(&formatted), comments(&text));
        prop_assert_eq!(&format(FileId(0), &formatted).unwrap_or_default(), &formatted);
        prop_assert!(formatted.is_empty() || formatted.ends_with('\n') && !formatted.ends_with("\n\n"));
        prop_assert!(!formatted.starts_with('\n') && !formatted.contains("\n\n\n\n"));
    }

    /// Whatever the parser takes, the formatter does.
    #[test]
    fn a_mutilated_program_is_formatted_or_refused(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12), 1..4),
    ) {
        let programs = programs();
        let mut text = which.get(&programs).1.clone();
        for (at, length) in cuts {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let from = at.index(places.len());
            let to = (from + length).min(places.len() - 1);
            text.replace_range(places[from]..places[to], "");
        }
        match format(FileId(0), &text) {
            Ok(_) | Err(FormatError::Syntax(_)) => {}
            Err(error) => return Err(TestCaseError::fail(format!("{error}\n{text}"))),
        }
    }

    /// Blanks and line breaks are no part of the style but for empty lines and what stands beside comments.
    #[test]
    fn an_example_that_was_reflowed_is_formatted_as_it_was(
        which in any::<prop::sample::Index>(),
        choices in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let examples = examples();
        let (path, text) = which.get(&examples);
        let reflowed = scattered::reflow(text, &choices);
        let restored = format(FileId(0), &reflowed);
        prop_assert!(restored.is_ok(), "{path}: {restored:?}\n{reflowed}");
        prop_assert_eq!(&restored.unwrap_or_default(), text, "{}\n{}", path, reflowed);
    }
}

#[test]
fn a_reflowed_text_changes_blanks_only() {
    for (path, text) in examples() {
        let choices: Vec<u8> = (0..2000u32).map(|i| (i * 7919 % 251) as u8).collect();
        let reflowed = scattered::reflow(&text, &choices);
        assert_ne!(reflowed, text, "{path}");
        let without = |text: &str| {
            text.chars()
                .filter(|c| !is_code_space(*c))
                .collect::<String>()
        };
        assert_eq!(without(&reflowed), without(&text), "{path}");
    }
}
