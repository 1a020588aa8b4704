//! The names of all IAM actions that the service authorization reference lists.

use std::sync::LazyLock;

static NAMES: LazyLock<String> = LazyLock::new(|| {
    let packed = include_bytes!("derived/actions.bin");
    let bytes = zstd::decode_all(&packed[..]).expect("the catalog's script compressed it");
    String::from_utf8(bytes).expect("the script wrote UTF-8")
});

/// All actions, sorted: `glue:StartJobRun`. Decodes the table when it is first used.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.lines()
}

/// Whether AWS's reference lists the action.
pub fn is_known(action: &str) -> bool {
    let mut rest = NAMES.as_str();
    // Halves what is left, at the start of a line.
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        let start = rest[..middle].rfind('\n').map_or(0, |at| at + 1);
        let (line, after) = rest[start..]
            .split_once('\n')
            .unwrap_or((&rest[start..], ""));
        match line.cmp(action) {
            std::cmp::Ordering::Less => rest = after,
            std::cmp::Ordering::Greater => rest = &rest[..start],
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_is_known_and_nothing_else_is() {
        let all: Vec<&str> = names().collect();
        assert!(all.is_sorted());
        for action in &all {
            assert!(is_known(action), "{action}");
            assert!(!is_known(&format!("{action}s!")));
        }
        assert!(!is_known(""));
        assert!(!is_known("a"));
        assert!(!is_known("zzz:Z"));
    }
}
