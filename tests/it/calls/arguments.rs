//! Arguments of an API's operation against its model.

use super::each_says;

/// The names are bounded by what may follow the call; a service's own error is not what these tests are about.
fn holds(cases: &[(&str, &str)]) {
    each_says(cases, |call| {
        format!(
            "param name: string = \"a\"\n\
             pipeline it(maybe: string?, names: [string]) {{ flow {call} }}"
        )
    });
}

#[test]
fn names_of_services_and_operations_are_checked() {
    holds(&[
        (
            "gluee.startCrawler(Name: name)",
            "F0401 there is no service `gluee`: gluee\n\
             fix write `glue`",
        ),
        (
            "dms.startReplicationTask()",
            "F0401 there is no service `dms`: dms\n\
             fix write `databasemigration`",
        ),
        (
            "stepfunctions.startExecution()",
            "F0401 there is no service `stepfunctions`: stepfunctions\n\
             fix write `sfn`",
        ),
        (
            "elasticfilesystem.describeFileSystems()",
            "F0401 there is no service `elasticfilesystem`: elasticfilesystem\n\
             fix write `efs`",
        ),
        (
            "glue.startCrawlr(Name: name)",
            "F0402 `glue` has no operation `startCrawlr`: startCrawlr\n\
             fix write `startCrawler`",
        ),
        (
            "glue.StartCrawler(Name: name)",
            "F0402 `glue` has no operation `StartCrawler`: StartCrawler\n\
             fix write `startCrawler`",
        ),
        (
            "glue.headObject()",
            "F0402 `glue` has no operation `headObject`: headObject",
        ),
        (
            "kinesis.subscribeToShard()",
            "F0403 Step Functions cannot call `kinesis.subscribeToShard`: it streams events, which Step Functions cannot call: subscribeToShard",
        ),
        (
            "sts.assumeRole()",
            "F0403 Step Functions cannot call `sts.assumeRole`: AWS lists it among the operations that Step Functions does not support: assumeRole",
        ),
        ("start glue.startCrawler(Name: name)", ""),
        (
            "await eks.createCluster()",
            "F0407 `eks.createCluster` needs `Name`, `RoleArn` and `ResourcesVpcConfig`: eks.createCluster()",
        ),
        (
            "await sqs.sendMessage(QueueUrl: name, MessageBody: \"x\")",
            "F0413 `await` needs `task.token` in the arguments: sqs.sendMessage(QueueUrl: name, MessageBody: \"x\")",
        ),
        (
            "await sqs.sendMessage(QueueUrl: name, MessageBody: { token: task.token }) timeout 1h",
            "",
        ),
    ]);
}

#[test]
fn unknown_and_missing_members_are_told_at_any_depth() {
    holds(&[
        (
            "glue.startCrawler(Nmae: name)",
            "F0406 `glue.startCrawler` has no argument `Nmae`: Nmae\n\
             fix write `Name`",
        ),
        (
            "glue.startCrawler()",
            "F0407 `glue.startCrawler` needs `Name`: glue.startCrawler()",
        ),
        (
            "glue.startCrawler(name)",
            "F0415 the arguments of `glue.startCrawler` have names: name\n\
             fix name it `Name`",
        ),
        (
            "glue.startCrawler(Name: name, Name: name)",
            "F0414 `Name` is given twice: Name",
        ),
        (
            "emr.addStep(ClusterId: name, Step: { Name: name, HadoopJarStep: { Jarr: name } })",
            "F0406 `HadoopJarStep` has no member `Jarr`: Jarr\n\
             fix write `Jar`",
        ),
        (
            "emr.addStep(ClusterId: name, Step: { Name: name, HadoopJarStep: { Args: [] } })",
            "F0407 `HadoopJarStep` needs `Jar`: { Args: [] }",
        ),
        (
            "eventbridge.putEvents(Entries: [{ Detail: { any: [1] }, DetailType: name, Source: name }])",
            "",
        ),
        (
            "eventbridge.putEvents(Entries: [{ Detail: {}, DetailTyp: name, Source: name }])",
            "F0406 `Entries` has no member `DetailTyp`: DetailTyp\n\
             fix write `DetailType`",
        ),
        (
            "glue.startJobRun(JobName: name, Arguments: { \"--anything\": name })",
            "",
        ),
        (
            "glue.startCrawler(Name: maybe)",
            "F0303 `Name` takes string, and this may be null: maybe",
        ),
        (
            "glue.startJobRun(JobName: name, SecurityConfiguration: maybe)",
            "",
        ),
    ]);
}

#[test]
fn values_have_the_type_that_the_member_takes() {
    holds(&[
        (
            "glue.startCrawler(Name: 3)",
            "F0408 `Name` takes string, found int: 3\n\
             fix make it a string",
        ),
        (
            "glue.startJobRun(JobName: name, NumberOfWorkers: \"3\", WorkerType: \"G.1X\")",
            "F0408 `NumberOfWorkers` takes int or null, found string: \"3\"\n\
             fix write the number",
        ),
        (
            "glue.startJobRun(JobName: name, Timeout: 1.5)",
            "F0408 `Timeout` takes int or null, found number: 1.5",
        ),
        (
            "glue.startJobRun(JobName: name, Arguments: { \"--n\": 3 })",
            "F0408 `Arguments` takes string, found int: 3\n\
             fix make it a string",
        ),
        (
            "glue.batchGetJobs(JobNames: name)",
            "F0408 `JobNames` takes a list of strings, found string: name\n\
             fix make it a list of one",
        ),
        (
            "glue.startCrawler(Name: names)",
            "F0408 `Name` takes string, found a list of strings: names",
        ),
        (
            "s3.headObject(Bucket: name, Key: \"k\", IfModifiedSince: \"yesterday\")",
            "F0318 `\"yesterday\"` is no timestamp: expected four digits of the year: \"yesterday\"",
        ),
        (
            "sns.publish(TopicArn: name, Message: { any: [1, true] })",
            "",
        ),
        (
            "sns.publish(TopicArn: name, Message: name, Subject: {})",
            "F0408 `Subject` takes string or null, found an empty object: {}",
        ),
        (
            "dynamodb.putItem(TableName: name, Item: { id: name })",
            "F0408 `Item` takes an object, found string: name",
        ),
    ]);
}

#[test]
fn values_of_an_enum_are_known() {
    holds(&[
        (
            "glue.startJobRun(JobName: name, ExecutionClass: \"FLEXIBLE\")",
            "F0409 `ExecutionClass` has no value `\"FLEXIBLE\"`: \"FLEXIBLE\"",
        ),
        (
            "glue.startJobRun(JobName: name, ExecutionClass: \"flex\")",
            "F0409 `ExecutionClass` has no value `\"flex\"`: \"flex\"\n\
             fix write `\"FLEX\"`",
        ),
        ("glue.startJobRun(JobName: name, ExecutionClass: name)", ""),
        (
            "emr.addStep(ClusterId: name, Step: { Name: name, ActionOnFailure: \"STOP\", HadoopJarStep: { Jar: name } })",
            "F0409 `ActionOnFailure` has no value `\"STOP\"`: \"STOP\"",
        ),
        (
            "sqs.createQueue(QueueName: \"q\", Attributes: { VisibilityTimout: \"30\" })",
            "F0409 `Attributes` has no key `VisibilityTimout`: VisibilityTimout\n\
             fix write `\"VisibilityTimeout\"`",
        ),
        (
            "sqs.createQueue(QueueName: \"q\", Attributes: { VisibilityTimeout: \"30\" })",
            "",
        ),
    ]);
}

#[test]
fn lengths_and_numbers_are_within_the_limits_of_the_model() {
    holds(&[
        (
            "glue.startCrawler(Name: \"\")",
            "F0410 `Name` takes 1 to 255 characters, found 0: \"\"",
        ),
        (
            "glue.startJobRun(JobName: name, Timeout: 0)",
            "F0410 `Timeout` takes at least 1, found 0: 0",
        ),
        (
            "athena.getQueryResults(QueryExecutionId: name, MaxResults: 2000)",
            "F0410 `MaxResults` takes 1 to 1000, found 2000: 2000",
        ),
        ("glue.batchGetCrawlers(CrawlerNames: [])", ""),
        (
            "bedrockruntime.converse(ModelId: name, InferenceConfig: { Temperature: 1.5 })",
            "F0410 `Temperature` takes 0 to 1, found 1.5: 1.5",
        ),
        (
            "dynamodb.batchGetItem(RequestItems: {})",
            "F0410 `RequestItems` takes 1 to 100 members, found 0: {}",
        ),
        (
            "dynamodb.batchGetItem(RequestItems: { \"\": { Keys: [{}] } })",
            "F0410 `RequestItems` takes keys of 1 to 1024 characters, found one of 0: \"\"",
        ),
    ]);
}

#[test]
fn a_union_takes_one_member() {
    holds(&[
        (
            "rdsdata.executeStatement(ResourceArn: name, SecretArn: name, Sql: name, Parameters: [{ Name: name, Value: { StringValue: name, LongValue: 3 } }])",
            "F0411 `Value` takes one member, found `StringValue` and `LongValue`: LongValue",
        ),
        (
            "rdsdata.executeStatement(ResourceArn: name, SecretArn: name, Sql: name, Parameters: [{ Name: name, Value: {} }])",
            "F0411 `Value` needs one of `IsNull`, `BooleanValue`, `LongValue`, `DoubleValue`, `StringValue`, `BlobValue` or `ArrayValue`: {}",
        ),
        (
            "sns.publish(Message: name)",
            "F0411 `sns.publish` needs `TopicArn`, `TargetArn` or `PhoneNumber`: sns.publish(Message: name)",
        ),
        (
            "sns.publish(TopicArn: name, PhoneNumber: name, Message: name)",
            "F0411 `sns.publish` takes only one of `TopicArn`, `TargetArn` or `PhoneNumber`: PhoneNumber",
        ),
        (
            "glue.startJobRun(JobName: name, MaxCapacity: 2, WorkerType: \"G.1X\")",
            "F0411 `WorkerType` needs `NumberOfWorkers` beside it: WorkerType\n\
             F0411 `glue.startJobRun` takes only one of `WorkerType` or `MaxCapacity`: WorkerType",
        ),
        (
            "glue.startJobRun(JobName: name, NumberOfWorkers: 2)",
            "F0411 `NumberOfWorkers` needs `WorkerType` beside it: NumberOfWorkers",
        ),
    ]);
}

#[test]
fn the_references_spelling_is_understood_and_mended() {
    holds(&[
        (
            "rds.describeDBInstances(DBInstanceIdentifier: name)",
            "F0420 Step Functions spells `DBInstanceIdentifier` as `DbInstanceIdentifier`: DBInstanceIdentifier\n\
             fix write `DbInstanceIdentifier`",
        ),
        ("rds.describeDBInstances(DbInstanceIdentifier: name)", ""),
        (
            "rds.describeDBInstances(dbInstanceIdentifier: name)",
            "F0406 `rds.describeDBInstances` has no argument `dbInstanceIdentifier`: dbInstanceIdentifier\n\
             fix write `DbInstanceIdentifier`",
        ),
        (
            "ecs.runTask(TaskDefinition: name, Overrides: { taskRoleArn: name })",
            "F0420 Step Functions spells `taskRoleArn` as `TaskRoleArn`: taskRoleArn\n\
             fix write `TaskRoleArn`",
        ),
        (
            "redshiftdata.executeStatement(Sql: \"x\", Database: \"d\", ClusterIdentifier: name, Parameters: [{ name, value: name }])",
            "F0420 Step Functions spells `name` as `Name`: name\n\
             fix write `Name`\n\
             F0420 Step Functions spells `value` as `Value`: value\n\
             fix write `Value`",
        ),
        (
            "dynamodb.query(TableName: name, KeyConditionExpression: name, ExpressionAttributeValues: { \":a\": { BOOL: true }, \":b\": { Bool: true }, \":c\": { NULL: true } })",
            "",
        ),
        (
            "dynamodb.putItem(TableName: name, Item: { a: { BOOL: true }, b: { Bool: true }, c: { Ss: [name] } })",
            "",
        ),
    ]);
}
