//! The names of all IAM actions that the service authorization reference lists.

use std::sync::LazyLock;

use super::lines::find_line;

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
    find_line(&NAMES, action).is_some()
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
