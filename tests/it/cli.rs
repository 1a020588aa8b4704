//! The program itself: what it prints, and how it ends.

mod catalog;
mod graph;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Runs it in an empty folder.
fn flowc(args: &[&str]) -> Output {
    flowc_in(write(&[]).path(), args)
}

/// A folder with these files, which goes away with its value.
fn write(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// Runs it without what the environment says of terminals.
fn flowc_in(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flowc"))
        .args(args)
        .current_dir(folder)
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
