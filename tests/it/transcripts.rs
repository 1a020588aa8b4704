//! Transcripts: what people type, and what they see. Each file's ```console blocks run in one empty folder, in order.
//!
//! A line that begins with `$ ` is a command for the shell, which finds `flowc`; the lines behind it are what it prints,
//! both streams in order, then `[exit N]` when it does not end with 0. `> ` goes on with the command. A block in
//! another language whose first line is a comment `// file: NAME` is written to that file first. What differs is shown,
//! and stands in `NAME.new` beside the transcript, to be looked at and taken over.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use similar::TextDiff;

fn transcripts() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("tests/cli")
        .expect("the transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    found.push(PathBuf::from("README.md"));
    found.sort();
    found
}

#[test]
fn every_transcript_is_what_a_terminal_shows() {
    let mut wrong = Vec::new();
    for path in transcripts() {
        let text = fs::read_to_string(&path).expect("text");
        let folder = tempfile::tempdir().expect("a folder");
        let now = replay(&text, folder.path());
        if now != text {
            let diff = TextDiff::from_lines(text.as_str(), now.as_str())
                .unified_diff()
                .header(&path.to_string_lossy(), "now")
                .to_string();
            fs::write(path.with_extension("md.new"), &now).expect("a place beside");
            wrong.push(diff);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The transcript with what its commands print now.
fn replay(text: &str, folder: &Path) -> String {
    let mut now = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        now.push_str(line);
        now.push('\n');
        let Some(language) = line.strip_prefix("```").filter(|l| !l.is_empty()) else {
            continue;
        };
        let mut block = Vec::new();
        while let Some(line) = lines.next_if(|line| *line != "```") {
            block.push(line);
        }
        if language == "console" {
            run_block(&block, folder, &mut now);
            continue;
        }
        if let Some(name) = block.first().and_then(|l| l.strip_prefix("// file: ")) {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            let content: String = block[1..].iter().map(|line| format!("{line}\n")).collect();
            fs::write(path, content).expect("the file");
        }
        for line in block {
            now.push_str(line);
            now.push('\n');
        }
    }
    now
}

fn run_block(block: &[&str], folder: &Path, now: &mut String) {
    let mut lines = block.iter().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else {
            continue;
        };
        let mut command = first.to_owned();
        now.push_str(line);
        now.push('\n');
        while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
            command.push('\n');
            command.push_str(&more[2..]);
            now.push_str(more);
            now.push('\n');
        }
        now.push_str(&run(&command, folder));
    }
}

fn run(command: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_flowc"));
    let programs = program.parent().expect("a folder").to_string_lossy();
    let path = std::env::var("PATH").unwrap_or_default();
    let out = Command::new("sh")
        .arg("-c")
        .arg(format!("exec 2>&1\n{command}"))
        .current_dir(folder)
        .env("PATH", format!("{programs}:{path}"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let mut shown = String::from_utf8_lossy(&out.stdout).into_owned();
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push('\n');
    }
    match out.status.code() {
        Some(0) => {}
        Some(code) => shown.push_str(&format!("[exit {code}]\n")),
        None => shown.push_str("[killed]\n"),
    }
    shown
}

#[test]
fn a_transcript_that_lies_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let lies = "```console\n$ flowc explain F9999\nall is well\n```\n";
    let now = replay(lies, folder.path());
    assert!(now.contains("[exit 1]"), "{now}");
    assert_ne!(now, lies);
}
