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

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_no_success() {
    let folder = write(&[]);
    for args in [&["completions", "bash"][..], &["explain"]] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("the device that is always full");
        let output = Command::new(env!("CARGO_BIN_EXE_flowc"))
            .args(args)
            .current_dir(folder.path())
            .stdout(full)
            .output()
            .expect("it starts");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            errors(&output),
            "error: cannot write `standard output`: no space left on device\n"
        );
    }
}

#[test]
fn a_name_that_the_author_chose_is_offered_and_not_put_there() {
    let text = "let orders_us = 1\nlet all = orders_eu\nlet some = upprcase(\"a\")\n";
    let folder = write(&[("a.flow", text)]);
    let output = flowc_in(folder.path(), &["check", "--fix", "a.flow"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = errors(&output);
    assert!(errors.contains("Fixed 1 problem in a.flow"), "{errors}");
    assert!(errors.contains("write `orders_us`"), "{errors}");
    let mended = std::fs::read_to_string(folder.path().join("a.flow")).expect("a file");
    assert_eq!(mended, text.replace("upprcase(", "uppercase("));
}

#[test]
fn a_file_that_was_not_read_as_it_is_is_not_mended() {
    let folder = write(&[]);
    let bytes = b"let a = \"\xE9\"\nlet b = upprcase(a)\n";
    std::fs::write(folder.path().join("a.flow"), bytes).expect("a file");
    let output = flowc_in(
        folder.path(),
        &["check", "--fix", "--format", "short", "a.flow"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        errors(&output),
        "a.flow:1:10: error[F0122]: this is not UTF-8 text\n"
    );
    let after = std::fs::read(folder.path().join("a.flow")).expect("a file");
    assert_eq!(after, bytes);
}

#[test]
fn an_input_that_the_pipeline_does_not_take_is_told_and_run() {
    let text =
        "pipeline p(day: string, parts: [{ n: int }], note: string = \"\") {\n  flow pass day\n}\n";
    let folder = write(&[("a.flow", text)]);
    let told = |input: &str| {
        let output = flowc_in(folder.path(), &["run", "a.flow", "--input", input]);
        let all = errors(&output);
        let warnings = all.lines().filter_map(|l| l.strip_prefix("warning: "));
        warnings.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(told(r#"{ "day": "d", "parts": [{ "n": 1 }] }"#).is_empty());
    assert_eq!(
        told(r#"{ "day": 1, "parts": [{ "n": "1" }, {}], "noet": "" }"#),
        [
            "`day` is string, and this is `1`",
            "`parts[0].n` is int, and this is `\"1\"`",
            "`parts[1]` has no `n`",
            "there is no parameter `noet`; did you mean `note`?",
        ]
    );
    assert_eq!(
        told("[]"),
        ["the input is an object with a member for each parameter"]
    );
    assert_eq!(
        told(r#"{ "day": "d" }"#),
        ["the input has no `parts`, which is a list of objects"]
    );
}

#[test]
fn a_job_that_is_waited_for_is_done_unless_a_mock_says_otherwise() {
    let text = "pipeline p() {\n  step scored = sagemaker.createTransformJob(\n    TransformJobName: \"score\",\n    ModelName: \"churn\",\n    TransformInput: { DataSource: { S3DataSource: { S3DataType: \"S3Prefix\", S3Uri: \"s3://in/a\" } } },\n    TransformOutput: { S3OutputPath: \"s3://out/a\" },\n    TransformResources: { InstanceType: \"ml.m5.large\", InstanceCount: 1 },\n  ) timeout 1h\n\n  flow scored -> return scored.TransformJobStatus\n}\n\ntest \"it is scored\" of p {\n  expect succeeded with \"Completed\"\n}\n";
    let folder = write(&[("a.flow", text)]);
    let output = flowc_in(folder.path(), &["test", "a.flow"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let output = flowc_in(folder.path(), &["run", "a.flow", "--json"]);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(summary["output"], "Completed");
}
