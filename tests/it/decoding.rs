//! What a build looks at of the catalog: that of the services that it uses, and nothing else.

use std::process::Command;

use flowc::{backend, catalog};

use crate::by_hand::*;

/// What one test decodes, another one of the same process would see.
#[test]
#[ignore = "runs in a process of its own, started by the next one"]
fn three_services_alone() {
    assert!(catalog::service_names().count() > 430);
    assert!(catalog::decoded_services().is_empty());
    let program = program(calls(vec![
        request(
            "s3",
            "headObject",
            vec![("Bucket", text("raw")), ("Key", text("in/_SUCCESS"))],
        ),
        sync("glue", "startJobRun", vec![("JobName", text("clean"))]),
        request(
            "sns",
            "publish",
            vec![
                ("TopicArn", text("arn:aws:sns:eu-west-1:111122223333:ops")),
                ("Message", text("done")),
            ],
        ),
    ]));
    let (artifacts, excesses) = backend::emit(&program);
    assert_eq!(artifacts.len(), 3);
    assert!(excesses.is_empty());
    assert_eq!(catalog::decoded_services(), ["glue", "s3", "sns"]);
}

#[test]
fn a_build_that_uses_three_services_decodes_only_those() {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "decoding::three_services_alone", "--ignored"])
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}
