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
    names().any(|name| name == action)
}
