//! The program itself: what it prints, and how it ends.

mod catalog;

use std::process::{Command, Output, Stdio};

/// Runs it in an empty folder, without what the environment says of terminals.
fn flowc(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    Command::new(env!("CARGO_BIN_EXE_flowc"))
        .args(args)
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("it starts")
}

/// What it prints when all is well.
fn printed(args: &[&str]) -> String {
    let output = flowc(args);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(errors(&output), "");
    String::from_utf8(output.stdout).expect("it prints text")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
