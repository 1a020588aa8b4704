//! State machines that others run, written in the language: as small as the originals, and as readable.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::compiled;

/// The states of each original, those inside of others counted.
const ORIGINALS: [(&str, usize); 6] = [
    ("etl_pipeline_pattern", 16),
    ("fastq_stats", 16),
    ("ingestion", 22),
    ("query_executor", 12),
    ("stage_glue", 11),
    ("storm_events", 9),
];

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "flow"))
        .collect();
    files.sort();
    files
}

fn compile(path: &Path) -> Vec<(String, Value)> {
    let program = compiled::compile_file(path).unwrap_or_else(|problems| panic!("{problems}"));
    compiled::definitions(&program)
}

fn states(flow: &Value) -> usize {
    let states = flow["States"].as_object().expect("States");
    let inside = |state: &Value| {
        let branches = state["Branches"].as_array().into_iter().flatten();
        branches
            .chain(state.get("ItemProcessor"))
            .map(self::states)
            .sum::<usize>()
    };
    states.values().map(|state| 1 + inside(state)).sum()
}

#[test]
fn none_has_more_states_than_its_original() {
    let found = files("tests/corpus");
    let stems: Vec<&str> = found
        .iter()
        .filter_map(|path| path.file_stem()?.to_str())
        .collect();
    assert_eq!(stems, ORIGINALS.map(|(stem, _)| stem));
    for (path, (stem, original)) in found.iter().zip(ORIGINALS) {
        let here: usize = compile(path)
            .iter()
            .map(|(_, definition)| states(definition))
            .sum();
        assert!(
            here <= original,
            "{stem}: {here} states, the original has {original}"
        );
    }
}

#[test]
fn definitions_read_as_if_written_by_hand() {
    for path in files("tests/corpus") {
        for (name, definition) in compile(&path) {
            let text = serde_json::to_string_pretty(&definition).expect("JSON");
            insta::with_settings!({ description => path.to_string_lossy().replace('\\', "/"), omit_expression => true }, {
                insta::assert_snapshot!(name, text);
            });
        }
    }
}

#[test]
fn the_calls_of_the_others_are_all_understood() {
    let found = files("tests/corpus/calls");
    assert_eq!(found.len(), 5);
    for path in found {
        assert!(!compile(&path).is_empty());
    }
}
