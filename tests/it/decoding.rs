//! What a build looks at of the catalog: that of the services that it uses, and nothing else.

use std::process::Command;

use flowc::{catalog, driver};

use crate::calls::compile;

/// What one test decodes, another one of the same process would see.
#[test]
#[ignore = "runs in a process of its own, started by the next one"]
fn three_services_alone() {
    assert!(catalog::service_names().count() > 430);
    assert!(catalog::decoded_services().is_empty());
    let compilation = compile(
        r#"
        topic ops = "ops"
        pipeline load(day: string) {
          step gate = s3.headObject(Bucket: "acme-raw", Key: "sales/{day}/_SUCCESS") retry on S3.NoSuchKey every 1m max 60
          step run = glue.startJobRun(JobName: "clean", Arguments: { "--day": day })
                       catch Glue.ConcurrentRunsExceeded { sns.publish(TopicArn: ops, Message: "busy") -> fail }
          flow gate -> run -> return run.JobRunState
        }"#,
    );
    let program = compilation.program.expect("nothing is wrong");
    assert_eq!(driver::emit(&program).artifacts.len(), 3);
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
