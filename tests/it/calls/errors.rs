//! Errors by the names that people write, and by those that are emitted.

use flowc::driver;
use serde_json::Value;

use super::{compile, each_says};

/// What a call's handler catches in the definition.
fn caught(call: &str) -> Value {
    let compilation = compile(&format!(
        "pipeline it() {{ step it = {call} {{}} flow it }}"
    ));
    let program = compilation.program.unwrap_or_else(|| panic!("{call}"));
    let artifacts = driver::emit(&program).artifacts;
    let machine: Value = serde_json::from_str(&artifacts[1].text).expect("it is JSON");
    machine["States"]["it"]["Catch"][0]["ErrorEquals"].clone()
}

#[test]
fn an_error_is_emitted_as_its_integration_names_it() {
    for (call, emitted) in [
        (
            r#"glue.startJobRun(JobName: "a") catch Glue.ConcurrentRunsExceeded"#,
            "Glue.ConcurrentRunsExceededException",
        ),
        (
            r#"dynamodb.putItem(TableName: "a", Item: attributes({ id: 1 })) catch DynamoDb.ConditionalCheckFailed"#,
            "DynamoDB.ConditionalCheckFailedException",
        ),
        (
            r#"dynamodb.scan(TableName: "a") catch DynamoDB.ProvisionedThroughputExceeded"#,
            "DynamoDb.ProvisionedThroughputExceededException",
        ),
        (
            "rds.describeDBInstances() catch Rds.DBInstanceNotFoundFault",
            "Rds.DbInstanceNotFoundException",
        ),
        (
            r#"sfn.startExecution(StateMachineArn: "arn:aws:states:eu-west-1:111122223333:stateMachine:a") catch Sfn.ExecutionAlreadyExists"#,
            "StepFunctions.ExecutionAlreadyExistsException",
        ),
    ] {
        assert_eq!(caught(call), serde_json::json!([emitted]), "{call}");
    }
}

#[test]
fn an_error_that_the_call_never_raises_is_told() {
    let call = |call: &str| format!("pipeline it() {{ flow {call} {{}} }}");
    each_says(
        &[
            (
                r#"glue.startJobRun(JobName: "a") catch Glue.ConcurentRunsExceeded"#,
                "F0601 nothing here raises `Glue.ConcurentRunsExceeded`: Glue.ConcurentRunsExceeded\n\
                 fix write `Glue.ConcurrentRunsExceeded`",
            ),
            (
                r#"glue.startCrawler(Name: "a") catch S3.NoSuchKey"#,
                "F0601 nothing here raises `S3.NoSuchKey`: S3.NoSuchKey",
            ),
            (
                r#"dynamodb.scan(TableName: "a") catch DynamoDB.AmazonDynamoDBException"#,
                "F0601 nothing here raises `DynamoDB.AmazonDynamoDBException`: DynamoDB.AmazonDynamoDBException",
            ),
        ],
        call,
    );
}
