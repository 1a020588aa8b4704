//! The tightest policy of each integration that data pipelines use, as AWS's guides and the authorization reference
//! let it be, one row each. `~` stands for `arn:${AWS::Partition}:`, `RA` for region and account, `A` for the account.

use flowc::catalog::Pattern;
use flowc::ir::{Call, Expr, Type};

use crate::by_hand::*;
use crate::iam::policy;

/// `RULE` stands for what the rule's events need.
fn row(call: Call, expected: &[&str]) {
    let rule = "events:DescribeRule events:PutRule events:PutTargets | ~events:RA:rule/StepFunctionsGetEventsFor";
    let expected: Vec<String> = expected
        .iter()
        .map(|line| line.replace("RULE ", rule))
        .collect();
    assert_eq!(policy(&program(calls(vec![call]))), expected);
}

fn role(name: &str) -> Expr {
    text(&format!("arn:aws:iam::111122223333:role/{name}"))
}

fn unknown() -> Expr {
    variable(1, Type::String)
}

#[test]
fn lambda_invokes_exactly_what_is_named() {
    let invoke = |name, more: Vec<(&'static str, Expr)>| {
        let arguments = std::iter::once(("FunctionName", text(name)))
            .chain(more)
            .collect();
        request("lambda", "invoke", arguments)
    };
    row(
        invoke("lister", vec![]),
        &["lambda:InvokeFunction | ~lambda:RA:function:lister"],
    );
    row(
        invoke("lister:live", vec![]),
        &["lambda:InvokeFunction | ~lambda:RA:function:lister:live"],
    );
    row(
        invoke("lister", vec![("Qualifier", text("live"))]),
        &["lambda:InvokeFunction | ~lambda:RA:function:lister:live"],
    );
}

#[test]
fn a_glue_crawler_is_started_and_looked_at_by_its_name() {
    row(
        request("glue", "startCrawler", vec![("Name", text("raw"))]),
        &["glue:StartCrawler | ~glue:RA:crawler/raw"],
    );
    row(
        request("glue", "getCrawler", vec![("Name", text("raw"))]),
        &["glue:GetCrawler | ~glue:RA:crawler/raw"],
    );
}

#[test]
fn glue_partitions_are_of_their_table_database_and_catalog() {
    row(
        request(
            "glue",
            "getPartitions",
            vec![
                ("DatabaseName", text("sales")),
                ("TableName", text("orders")),
            ],
        ),
        &[
            "glue:GetPartitions | ~glue:RA:catalog ~glue:RA:database/sales ~glue:RA:table/sales/orders",
        ],
    );
}

#[test]
fn an_athena_query_is_started_polled_and_stopped_in_its_workgroup() {
    let mut query = sync(
        "athena",
        "startQueryExecution",
        vec![
            ("QueryString", text("SELECT 1")),
            ("WorkGroup", text("etl")),
            (
                "ResultConfiguration",
                object(vec![("OutputLocation", text("s3://results/daily/"))]),
            ),
        ],
    );
    query.accesses = vec![];
    let program = program(calls(vec![query]));
    assert_eq!(
        crate::iam::lines_with(&program, &Default::default()),
        [
            "athena:GetQueryExecution athena:StartQueryExecution athena:StopQueryExecution | ~athena:RA:workgroup/etl",
            "s3:GetBucketLocation | ~s3:::results",
            "s3:AbortMultipartUpload s3:GetObject s3:ListMultipartUploadParts s3:PutObject | ~s3:::results/daily/*",
            "s3:ListBucket | ~s3:::results | StringLike s3:prefix daily/*",
        ]
    );
}

#[test]
fn an_emr_cluster_is_made_with_the_roles_that_it_gets() {
    row(
        sync(
            "emr",
            "createCluster",
            vec![
                ("Name", text("nightly")),
                ("ServiceRole", text("emr-service")),
                ("JobFlowRole", text("emr-ec2")),
            ],
        ),
        &[
            "elasticmapreduce:DescribeCluster elasticmapreduce:TerminateJobFlows | ~elasticmapreduce:RA:cluster/*",
            "elasticmapreduce:RunJobFlow | *",
            "iam:PassRole | ~iam::A:role/emr-ec2 | StringEquals iam:PassedToService ec2.amazonaws.com",
            "iam:PassRole | ~iam::A:role/emr-service | StringEquals iam:PassedToService elasticmapreduce.amazonaws.com",
        ],
    );
}

#[test]
fn emr_steps_are_of_their_cluster_or_of_any_whose_id_only_the_run_knows() {
    let step = |cluster| {
        sync(
            "emr",
            "addStep",
            vec![("ClusterId", cluster), ("Step", object(vec![]))],
        )
    };
    row(
        step(text("j-1ABC")),
        &[
            "elasticmapreduce:AddJobFlowSteps elasticmapreduce:CancelSteps elasticmapreduce:DescribeStep | ~elasticmapreduce:RA:cluster/j-1ABC",
        ],
    );
    row(
        step(unknown()),
        &[
            "elasticmapreduce:AddJobFlowSteps elasticmapreduce:CancelSteps elasticmapreduce:DescribeStep | ~elasticmapreduce:RA:cluster/*",
        ],
    );
    row(
        sync("emr", "terminateCluster", vec![("ClusterId", unknown())]),
        &[
            "elasticmapreduce:DescribeCluster elasticmapreduce:TerminateJobFlows | ~elasticmapreduce:RA:cluster/*",
        ],
    );
    row(
        request(
            "emr",
            "cancelStep",
            vec![("ClusterId", unknown()), ("StepId", unknown())],
        ),
        &["elasticmapreduce:CancelSteps | ~elasticmapreduce:RA:cluster/*"],
    );
}

#[test]
fn an_emr_serverless_run_is_of_its_application() {
    row(
        sync(
            "emrserverless",
            "startJobRun",
            vec![
                ("ApplicationId", text("00f1")),
                ("ExecutionRoleArn", role("spark")),
            ],
        ),
        &[
            "emr-serverless:CancelJobRun emr-serverless:GetJobRun | ~emr-serverless:RA:/applications/00f1/jobruns/*",
            "emr-serverless:StartJobRun | ~emr-serverless:RA:/applications/00f1",
            "RULE EMRServerlessJobRule",
            "iam:PassRole | arn:aws:iam::111122223333:role/spark | StringEquals iam:PassedToService emr-serverless.amazonaws.com",
        ],
    );
}

#[test]
fn an_emr_on_eks_run_is_held_to_its_role() {
    row(
        sync(
            "emrcontainers",
            "startJobRun",
            vec![
                ("VirtualClusterId", text("vc1")),
                ("ExecutionRoleArn", role("spark")),
            ],
        ),
        &[
            "emr-containers:CancelJobRun emr-containers:DescribeJobRun | ~emr-containers:RA:/virtualclusters/vc1/jobruns/*",
            "emr-containers:StartJobRun | ~emr-containers:RA:/virtualclusters/vc1 | ArnEquals emr-containers:ExecutionRoleArn arn:aws:iam::111122223333:role/spark",
        ],
    );
}

#[test]
fn dynamodb_has_the_one_action_on_the_one_table() {
    for (operation, action) in [
        ("getItem", "GetItem"),
        ("putItem", "PutItem"),
        ("updateItem", "UpdateItem"),
        ("deleteItem", "DeleteItem"),
        ("query", "Query"),
    ] {
        row(
            request("dynamodb", operation, vec![("TableName", text("runs"))]),
            &[&format!("dynamodb:{action} | ~dynamodb:RA:table/runs")],
        );
    }
}

#[test]
fn messages_and_events_go_to_their_one_place() {
    row(
        request(
            "sns",
            "publish",
            vec![("TopicArn", text("arn:aws:sns:eu-west-1:111122223333:ops"))],
        ),
        &["sns:Publish | arn:aws:sns:eu-west-1:111122223333:ops"],
    );
    let queue = "https://sqs.eu-west-1.amazonaws.com/111122223333/orders";
    row(
        request("sqs", "sendMessage", vec![("QueueUrl", text(queue))]),
        &["sqs:SendMessage | ~sqs:RA:orders"],
    );
    let entries = list(vec![
        object(vec![
            ("Source", text("acme")),
            ("EventBusName", text("data")),
        ]),
        object(vec![("Source", text("acme"))]),
    ]);
    row(
        request("eventbridge", "putEvents", vec![("Entries", entries)]),
        &["events:PutEvents | ~events:RA:event-bus/data ~events:RA:event-bus/default"],
    );
}

#[test]
fn an_ecs_task_is_run_in_its_cluster() {
    let run = |pattern| {
        call(
            "ecs",
            "runTask",
            pattern,
            vec![("TaskDefinition", text("load:3")), ("Cluster", text("etl"))],
        )
    };
    let only = "ArnEquals ecs:cluster ~ecs:RA:cluster/etl";
    let run_task = format!("ecs:RunTask | ~ecs:RA:task-definition/load:3 | {only}");
    row(run(Pattern::RequestResponse), &[&run_task]);
    row(
        run(Pattern::Sync),
        &[
            &run_task,
            &format!("ecs:DescribeTasks ecs:StopTask | ~ecs:RA:task/etl/* | {only}"),
            "RULE ECSTaskRule",
        ],
    );
    let arguments = vec![("TaskDefinition", text("load")), ("Cluster", text("etl"))];
    row(
        request("ecs", "runTask", arguments),
        &[&format!(
            "ecs:RunTask | ~ecs:RA:task-definition/load:* | {only}"
        )],
    );
}

#[test]
fn a_batch_job_names_definition_and_queue() {
    let submit = |pattern| {
        call(
            "batch",
            "submitJob",
            pattern,
            vec![
                ("JobName", text("load")),
                ("JobDefinition", text("load:7")),
                ("JobQueue", text("nightly")),
            ],
        )
    };
    let submit_job =
        "batch:SubmitJob | ~batch:RA:job-definition/load:7 ~batch:RA:job-queue/nightly";
    row(submit(Pattern::RequestResponse), &[submit_job]);
    row(
        submit(Pattern::Sync),
        &[
            "batch:DescribeJobs | *",
            submit_job,
            "batch:TerminateJob | ~batch:RA:job/*",
            "RULE BatchJobsRule",
        ],
    );
}

#[test]
fn a_training_job_is_named_by_its_prefix() {
    let name = template(vec![text("churn-"), unknown()]);
    row(
        sync(
            "sagemaker",
            "createTrainingJob",
            vec![("TrainingJobName", name), ("RoleArn", role("train"))],
        ),
        &[
            "RULE SageMakerTrainingJobsRule",
            "iam:PassRole | arn:aws:iam::111122223333:role/train | StringEquals iam:PassedToService sagemaker.amazonaws.com",
            "sagemaker:AddTags sagemaker:CreateTrainingJob sagemaker:DescribeTrainingJob sagemaker:ListTags sagemaker:StopTrainingJob | ~sagemaker:RA:training-job/churn-*",
        ],
    );
}

#[test]
fn redshift_data_takes_one_way_to_its_credentials() {
    row(
        request(
            "redshiftdata",
            "executeStatement",
            vec![
                ("ClusterIdentifier", text("dwh")),
                ("Database", text("sales")),
                ("DbUser", text("etl")),
                ("Sql", text("SELECT 1")),
            ],
        ),
        &[
            "redshift-data:ExecuteStatement | ~redshift:RA:cluster:dwh",
            "redshift:GetClusterCredentials | ~redshift:RA:dbname:dwh/sales ~redshift:RA:dbuser:dwh/etl",
        ],
    );
    row(
        request("redshiftdata", "describeStatement", vec![("Id", unknown())]),
        &[
            "redshift-data:DescribeStatement | * | StringEquals redshift-data:statement-owner-iam-userid ${aws:userid}",
        ],
    );
}

#[test]
fn s3_names_the_object_and_lists_for_a_clean_not_found() {
    let object = || vec![("Bucket", text("raw")), ("Key", text("in/_SUCCESS"))];
    let found = &[
        "s3:GetObject | ~s3:::raw/in/_SUCCESS",
        "s3:ListBucket | ~s3:::raw | StringLike s3:prefix in/_SUCCESS",
    ];
    row(request("s3", "headObject", object()), found);
    row(request("s3", "getObject", object()), found);
    row(
        request("s3", "putObject", object()),
        &["s3:PutObject | ~s3:::raw/in/_SUCCESS"],
    );
    row(
        request("s3", "deleteObject", object()),
        &["s3:DeleteObject | ~s3:::raw/in/_SUCCESS"],
    );
    row(
        request(
            "s3",
            "listObjectsV2",
            vec![("Bucket", text("raw")), ("Prefix", text("in/"))],
        ),
        &["s3:ListBucket | ~s3:::raw | StringLike s3:prefix in/"],
    );
}

#[test]
fn an_http_call_is_held_to_its_method_and_endpoint() {
    let endpoint = template(vec![text("https://api.example.com/orders/"), unknown()]);
    let connection = "arn:aws:events:eu-west-1:111122223333:connection/shop/1234";
    row(
        request(
            "http",
            "invoke",
            vec![
                ("ApiEndpoint", endpoint),
                ("Method", text("GET")),
                (
                    "Authentication",
                    object(vec![("ConnectionArn", text(connection))]),
                ),
            ],
        ),
        &[
            &format!("events:RetrieveConnectionCredentials | {connection}"),
            "secretsmanager:DescribeSecret secretsmanager:GetSecretValue | ~secretsmanager:RA:secret:events!connection/shop/*",
            "states:InvokeHTTPEndpoint | * | StringEquals states:HTTPMethod GET | StringLike states:HTTPEndpoint https://api.example.com/orders/*",
        ],
    );
}

#[test]
fn a_model_is_invoked_by_its_id() {
    row(
        request(
            "bedrockruntime",
            "invokeModel",
            vec![("ModelId", text("amazon.titan-text-lite-v1"))],
        ),
        &[
            "bedrock:InvokeModel | ~bedrock:${AWS::Region}::foundation-model/amazon.titan-text-lite-v1",
        ],
    );
}

#[test]
fn parameters_and_secrets_are_read_by_their_names() {
    row(
        request("ssm", "getParameter", vec![("Name", text("/etl/rate"))]),
        &["ssm:GetParameter | ~ssm:RA:parameter/etl/rate"],
    );
    let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf";
    row(
        request(
            "secretsmanager",
            "getSecretValue",
            vec![("SecretId", text(arn))],
        ),
        &[&format!("secretsmanager:GetSecretValue | {arn}")],
    );
    // Secrets Manager ends the name with characters of its own.
    row(
        request(
            "secretsmanager",
            "getSecretValue",
            vec![("SecretId", text("db"))],
        ),
        &["secretsmanager:GetSecretValue | ~secretsmanager:RA:secret:db-??????"],
    );
}
