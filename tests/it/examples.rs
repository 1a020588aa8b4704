//! The examples become what is committed beside them.

use std::process::Command;

/// `flowc build --out generated` in their folder makes it so; what differs is reviewed as any other change of output.
#[test]
fn the_examples_become_what_is_committed() {
    let out = Command::new(env!("CARGO_BIN_EXE_flowc"))
        .args(["build", "--check", "--out", "generated"])
        .current_dir("examples")
        .output()
        .expect("it starts");
    assert!(
        out.status.success(),
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}
