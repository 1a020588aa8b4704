//! `docs/DEFECTS.md` says of each defect what is true of its source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::calls::compile;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_defects_source_is_told_what_the_table_says() {
    let table = read(&root().join("docs/DEFECTS.md"));
    let rows: Vec<&str> = (table.lines())
        .filter(|line| line.starts_with("| ") && !line.starts_with("| defect"))
        .filter(|line| !line.starts_with("| **"))
        .collect();
    assert_eq!(rows.len(), 28);
    let mut linked = BTreeSet::new();
    for row in rows {
        let cell = row
            .trim_end_matches(" |")
            .rsplit(" | ")
            .next()
            .unwrap_or_default();
        let Some((before, after)) = cell.split_once("](../") else {
            assert!(cell.starts_with("cannot be written: "), "{row}");
            continue;
        };
        let code = before.rsplit('`').nth(1).unwrap_or_default();
        let path: PathBuf = root().join(after.trim_end_matches(')'));
        let text = read(&path);
        assert!(text.starts_with(&format!("// expect: {code}@")), "{row}");
        let found: BTreeSet<&str> = compile(&text)
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code.code())
            .collect();
        assert_eq!(found, BTreeSet::from([code]), "{row}");
        linked.insert(path);
    }
    let sources = std::fs::read_dir(root().join("tests/ui/defects")).expect("the folder");
    let sources: BTreeSet<PathBuf> = (sources.filter_map(|entry| Some(entry.ok()?.path())))
        .filter(|path| path.extension().is_some_and(|ending| ending == "flow"))
        .collect();
    assert_eq!(linked, sources);
    let machines: Value =
        serde_json::from_str(&read(&root().join("tests/ui/defects/machines.json")))
            .expect("it is JSON");
    assert_eq!(machines.as_object().map(serde_json::Map::len), Some(28));
    for source in &sources {
        let name = source
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        assert!(machines.get(name).is_some(), "{name}");
    }
}
