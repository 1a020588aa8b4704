//! Who may import whom, as src/README.md draws it; and that files stay readable.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules, and what of the crate each may use; `*` for all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("diagnostic", &["source"]),
    ("syntax", &["source", "diagnostic"]),
    ("catalog", &[]),
    ("ir", &["source", "catalog"]),
    (
        "resolve",
        &["source", "diagnostic", "syntax", "catalog", "ir"],
    ),
    ("lint", &["source", "diagnostic", "catalog", "ir"]),
    ("backend", &["source", "catalog", "ir"]),
    ("format", &["source", "syntax", "diagnostic"]),
    ("simulate", &["catalog", "backend"]),
    (
        "cost",
        &["source", "diagnostic", "catalog", "ir", "backend"],
    ),
    (
        "testing",
        &[
            "source",
            "diagnostic",
            "catalog",
            "ir",
            "backend",
            "simulate",
        ],
    ),
    ("workspace", &["source", "diagnostic"]),
    ("environment", &["diagnostic", "ir", "backend"]),
    ("diff", &["source", "catalog", "ir", "backend", "cost"]),
    (
        "driver",
        &[
            "source",
            "diagnostic",
            "syntax",
            "catalog",
            "ir",
            "resolve",
            "lint",
            "backend",
        ],
    ),
    ("cli", &["*"]),
    ("lib", &["*"]),
    ("main", &["*"]),
];

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("src"), &mut found);
    found.sort();
    found
}

/// The modules that a text imports by `use crate::…` or names by `crate::…`.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        let mut rest = line;
        while let Some(at) = rest.find("crate::") {
            rest = &rest[at + "crate::".len()..];
            let names = match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap_or(list),
                None => rest,
            };
            for name in names.split(',') {
                let name: String = name
                    .trim()
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                if !name.is_empty() {
                    found.push(name);
                }
                if !rest.starts_with('{') {
                    break;
                }
            }
        }
    }
    found
}

#[test]
fn layers_use_only_what_stands_below_them() {
    let mut wrong = Vec::new();
    for path in sources() {
        let below = path.strip_prefix("src").expect("below src");
        let first = below.iter().next().expect("a name").to_string_lossy();
        let module = first.trim_end_matches(".rs");
        let Some((_, may)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: no layer is said for it", path.display()));
            continue;
        };
        let text = fs::read_to_string(&path).expect("text");
        for import in imports(&text) {
            let fine = import == module || may.contains(&"*") || may.contains(&import.as_str());
            if !fine {
                wrong.push(format!("{}: uses `{import}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_import_is_seen_in_every_form() {
    let text = "use crate::syntax::ast;\nuse crate::{ir, catalog::Form};\nlet x = crate::cli::run();\n// crate::lint\n";
    assert_eq!(imports(text), ["syntax", "ir", "catalog", "cli"]);
}

#[test]
fn no_file_is_longer_than_can_be_read() {
    const MOST: usize = 900;
    let long: Vec<String> = sources()
        .into_iter()
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).expect("text").lines().count();
            (lines > MOST).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
