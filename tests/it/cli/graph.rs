//! `flowc graph`

use super::{errors, flowc_in, write};

const TWO: &str = r#"
pipeline nightly(day: string) { flow glue.startCrawler(Name: "sales") -> load(day) }
pipeline load(day: string) { flow glue.startJobRun(JobName: "clean") }
"#;

#[test]
fn a_picture_goes_to_stdout_in_the_wanted_form() {
    let folder = write(&[("jobs.flow", TWO)]);
    for (options, begins) in [
        (&[][..], "flowchart TB\n"),
        (&["--as", "mermaid"], "flowchart TB\n"),
        (&["--as", "dot"], "digraph {\n"),
        (
            &["--as", "svg"],
            "<svg xmlns=\"http://www.w3.org/2000/svg\" ",
        ),
    ] {
        let output = flowc_in(folder.path(), &[&["graph", "jobs.flow"], options].concat());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.starts_with(begins), "{text}");
        assert!(text.ends_with('\n'));
        assert!(text.contains("nightly(day)") && text.contains("load(day)"));
    }
}

#[test]
fn one_pipeline_can_be_chosen() {
    let folder = write(&[("jobs.flow", TWO)]);
    let output = flowc_in(folder.path(), &["graph", "jobs.flow", "--pipeline", "load"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("load(day)") && !text.contains("nightly"),
        "{text}"
    );
    let output = flowc_in(folder.path(), &["graph", "jobs.flow", "--pipeline", "laod"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        errors(&output),
        "error: there is no pipeline `laod` in this file; did you mean `load`?\n"
    );
}

#[test]
fn a_program_with_errors_has_no_picture() {
    let folder = write(&[(
        "jobs.flow",
        "pipeline a() { flow glue.startCrawlr(Name: \"x\") }\n",
    )]);
    let output = flowc_in(folder.path(), &["graph", "jobs.flow"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(errors(&output).contains("F0402"));
    let output = flowc_in(folder.path(), &["graph", "other.flow"]);
    assert_eq!(output.status.code(), Some(2));
}
