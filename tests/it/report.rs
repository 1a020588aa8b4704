//! The reports that people read.

use flowc::backend::report;
use flowc::source::{SourceFile, Sources};

use crate::by_hand::*;

#[test]
fn each_statement_tells_the_stages_and_lines_that_need_it() {
    let mut sources = Sources::default();
    sources.add(SourceFile::new("load.flow", "pipeline load() {\n\n\n}\n"));
    let mut first = sync("glue", "startJobRun", vec![("JobName", text("clean"))]);
    first.span = span(18);
    let mut second = request("glue", "startJobRun", vec![("JobName", text("clean"))]);
    second.span = span(19);
    let mut head = request(
        "s3",
        "headObject",
        vec![("Bucket", text("raw")), ("Key", text("in/_SUCCESS"))],
    );
    head.span = span(20);
    let mut program = program(calls(vec![first, second, head]));
    program.pipelines[0].settings.trace = true;
    let permissions = report::permissions(&program, &[definition()], &sources);
    insta::assert_snapshot!("why", report::render(&permissions, true));
    insta::assert_snapshot!("without_why", report::render(&permissions, false));
}
