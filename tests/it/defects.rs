//! `docs/DEFECTS.md` says of each defect what is expected of its source; that this is so, `ui` sees.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_defects_source_is_told_what_the_table_says() {
    let table = read("docs/DEFECTS.md");
    let rows: Vec<&str> = (table.lines())
        .filter(|line| line.starts_with("| ") && !line.starts_with("| defect"))
        .filter(|line| !line.starts_with("| **"))
        .collect();
    assert_eq!(rows.len(), 28);
    let mut linked = BTreeSet::new();
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next();
        let cell = cell.unwrap_or_default();
        let Some((before, after)) = cell.split_once("](../") else {
            assert!(cell.starts_with("cannot be written: "), "{row}");
            continue;
        };
        let code = before.rsplit('`').nth(1).unwrap_or_default();
        let path = after.trim_end_matches(')');
        let text = read(path);
        let expected: Vec<&str> = (text.lines())
            .map_while(|line| line.strip_prefix("// expect: ")?.split('@').next())
            .collect();
        assert!(!expected.is_empty(), "{row}");
        assert!(expected.iter().all(|expected| *expected == code), "{row}");
        assert!(linked.insert(path.to_owned()), "{row}");
    }
    let machines: Value =
        serde_json::from_str(&read("tests/ui/negative/machines.json")).expect("it is JSON");
    let machines = machines.as_object().expect("an object");
    assert_eq!(machines.len(), 28);
    // Each source of the folder shows one of the machines' defects.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/negative");
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().unwrap_or_default();
        if let Some(stem) = name.strip_suffix(".flow").filter(|stem| *stem != "ok") {
            assert!(machines.contains_key(stem), "{stem}");
        }
    }
}
