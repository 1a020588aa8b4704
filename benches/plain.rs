//! plain SOURCES EXPECTED [OUT]   The baseline of scripts/bench/run.py: what any compiler of these files has to do.
//!
//! Reads the sources, runs the grammar over them, prints the expected documents with serde_json, and writes them to OUT.
//! Without OUT it only loads the expected documents, which is not part of the work and is taken off.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use pest::Parser;
use serde_json::Value;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/flow.pest"]
struct Grammar;

fn main() {
    let args: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (sources, expected, out) = match args.as_slice() {
        [sources, expected] => (sources, expected, None),
        [sources, expected, out] => (sources, expected, Some(out)),
        _ => process::exit(2),
    };
    let documents: Vec<(PathBuf, Value)> = files(expected)
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a document");
            let below = path.strip_prefix(expected).expect("below the folder");
            (
                below.to_owned(),
                serde_json::from_str(&text).expect("it is JSON"),
            )
        })
        .collect();
    let Some(out) = out else {
        return;
    };
    for path in files(sources) {
        let text = fs::read_to_string(&path).expect("a source");
        Grammar::parse(Rule::file, &text).expect("it follows the grammar");
    }
    for (below, document) in documents {
        let mut text = serde_json::to_string_pretty(&document).expect("it serializes");
        text.push('\n');
        let path = out.join(below);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(path, text).expect("the file");
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
