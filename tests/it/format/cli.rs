//! `flowc fmt` as people run it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const UGLY: &str = "let  x=1\n";
const FAIR: &str = "let x = 1\n";

/// What a run left: exit code, standard output, standard error.
type Run = (i32, String, String);

fn fmt(folder: &Path, args: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowc"))
        .arg("fmt")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("flowc starts");
    let mut stdin = child.stdin.take().expect("an input");
    stdin.write_all(input.as_bytes()).expect("flowc reads");
    drop(stdin);
    let output = child.wait_with_output().expect("flowc ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code().expect("no signal"),
        text(output.stdout),
        text(output.stderr),
    )
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn read(folder: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a file")
}

#[test]
fn files_are_formatted_in_place_and_only_those_that_need_it() {
    let folder = folder(&[("a.flow", UGLY), ("b/c.flow", FAIR), ("b/d.txt", UGLY)]);
    let (code, out, err) = fmt(folder.path(), &[], "");
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(
        err.starts_with("   Formatted ") && err.ends_with("a.flow\n"),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1);
    assert_eq!(read(&folder, "a.flow"), FAIR);
    assert_eq!(read(&folder, "b/d.txt"), UGLY);
    let (code, _, err) = fmt(folder.path(), &[], "");
    assert_eq!(
        (code, err.as_str()),
        (0, "     Checked 2 files, all formatted\n")
    );
}

#[test]
fn check_shows_what_would_change_and_writes_nothing() {
    let folder = folder(&[("a.flow", UGLY), ("b.flow", FAIR)]);
    let (code, out, _) = fmt(folder.path(), &["--check", "a.flow", "b.flow"], "");
    assert_eq!(code, 1);
    assert_eq!(
        out,
        "--- a.flow\n+++ a.flow (formatted)\n@@ -1 +1 @@\n-let  x=1\n+let x = 1\n"
    );
    assert_eq!(read(&folder, "a.flow"), UGLY);
    let (code, out, _) = fmt(folder.path(), &["--check", "b.flow"], "");
    assert_eq!((code, out.as_str()), (0, ""));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = folder(&[]);
    let run = fmt(folder.path(), &["-"], UGLY);
    assert_eq!(run, (0, FAIR.to_owned(), String::new()));
    let (code, out, _) = fmt(folder.path(), &["--check", "-"], UGLY);
    assert_eq!(code, 1);
    assert!(out.starts_with("--- <stdin>\n"), "{out}");
    let run = fmt(folder.path(), &["--check", "-"], FAIR);
    assert_eq!(run, (0, String::new(), String::new()));
    let (code, out, err) = fmt(folder.path(), &["-"], "let x =");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("<stdin>"), "{err}");
}

#[test]
fn a_file_with_a_syntax_error_is_left_alone_and_the_others_are_not() {
    let broken = "let  x =\n";
    let folder = folder(&[("a.flow", broken), ("b.flow", UGLY)]);
    let (code, out, err) = fmt(folder.path(), &["a.flow", "b.flow"], "");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("a.flow:") && err.contains("Formatted b.flow"),
        "{err}"
    );
    assert_eq!(read(&folder, "a.flow"), broken);
    assert_eq!(read(&folder, "b.flow"), FAIR);
}

#[test]
fn a_file_that_is_not_text_is_left_alone() {
    let folder = folder(&[]);
    fs::write(folder.path().join("a.flow"), [b'l', 0xFF]).expect("a file");
    let (code, _, err) = fmt(folder.path(), &["a.flow"], "");
    assert_eq!(code, 1);
    assert!(err.contains("error[F0122]"), "{err}");
    let after = fs::read(folder.path().join("a.flow")).expect("a file");
    assert_eq!(after, [b'l', 0xFF]);
}

#[test]
fn a_read_only_file_is_not_replaced() {
    let folder = folder(&[("a.flow", UGLY), ("b.flow", FAIR)]);
    for name in ["a.flow", "b.flow"] {
        let path = folder.path().join(name);
        let mut permissions = fs::metadata(&path).expect("a file").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).expect("a mode");
    }
    let (code, out, err) = fmt(folder.path(), &["a.flow"], "");
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "error: cannot write `a.flow`: it is read-only\n");
    assert_eq!(read(&folder, "a.flow"), UGLY);
    // One that is formatted need not be written.
    assert_eq!(fmt(folder.path(), &["b.flow"], "").0, 0);
}

#[cfg(unix)]
#[test]
fn a_link_stays_one() {
    let folder = folder(&[("real/a.flow", UGLY)]);
    let link = folder.path().join("a.flow");
    std::os::unix::fs::symlink("real/a.flow", &link).expect("a link");
    assert_eq!(fmt(folder.path(), &["a.flow"], "").0, 0);
    assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
    assert_eq!(read(&folder, "real/a.flow"), FAIR);
}

#[test]
fn files_of_one_name_in_two_folders_do_not_clash() {
    let folder = folder(&[("a/x.flow", UGLY), ("b/x.flow", UGLY)]);
    assert_eq!(fmt(folder.path(), &["a/x.flow", "b/x.flow"], "").0, 0);
    assert_eq!(read(&folder, "b/x.flow"), FAIR);
}

#[test]
fn windows_line_ends_are_a_difference() {
    let folder = folder(&[("a.flow", "let x = 1\r\n")]);
    let (code, out, _) = fmt(folder.path(), &["--check", "a.flow"], "");
    assert_eq!(code, 1);
    assert!(out.contains("-let x = 1"), "{out}");
    assert_eq!(fmt(folder.path(), &["a.flow"], "").0, 0);
    assert_eq!(read(&folder, "a.flow"), FAIR);
}

#[test]
fn what_is_not_there_is_said() {
    let folder = folder(&[]);
    let (code, _, err) = fmt(folder.path(), &["none.flow"], "");
    assert_eq!(code, 2);
    assert_eq!(err, "error: there is no file or folder `none.flow`\n");
}
