//! Whether a role may make the calls of a run: policies written by hand, and those that programs get.

use flowc::backend::deployment::Deployment;
use flowc::backend::{self, iam};
use flowc::catalog::Pattern;
use flowc::ir::{Call, Deploy, Program};
use flowc::simulate::definition::{Machine, Mode, substitute};
use flowc::simulate::mock::Mocks;
use flowc::simulate::object::Objects;
use flowc::simulate::permissions::{Denial, Permissions, Policy};
use flowc::simulate::run::{Outcome, Settings, Simulation, World};
use serde_json::{Value, json};

use crate::by_hand::*;

struct Run {
    outcome: Outcome,
    denials: Vec<Denial>,
}

impl Run {
    fn denied(&self) -> Vec<String> {
        let denials = self.denials.iter();
        denials
            .map(|denial| format!("{} on {}", denial.action, denial.resource))
            .collect()
    }
}

fn run_machine(machine: &Machine, policy: &Value, objects: &mut Objects) -> Run {
    let policy = Policy::parse(policy).expect("it is a policy");
    let settings = Settings {
        machine: "load".to_owned(),
        ..Settings::default()
    };
    let mut permissions = Permissions::new(&policy, &settings);
    let simulation = Simulation {
        settings: settings.clone(),
        ..Simulation::new(machine)
    };
    let world = World {
        service: &mut Mocks::default(),
        objects,
        guard: Some(&mut permissions),
        observer: &mut |_: &flowc::simulate::event::Event| {},
    };
    let outcome = simulation.run(json!({}), world).expect("it is set up well");
    Run {
        outcome,
        denials: permissions.denials,
    }
}

fn run(definition: &Value, statements: Value) -> Run {
    let machine = Machine::parse(definition, Mode::Standard)
        .unwrap_or_else(|refusals| panic!("{refusals:?}"));
    let mut objects = Objects::default();
    objects.insert("in", "items.json", "[1]");
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    run_machine(&machine, &policy, &mut objects)
}

fn task(resource: &str, arguments: Value) -> Value {
    json!({ "QueryLanguage": "JSONata", "StartAt": "Task", "States": { "Task": {
        "Type": "Task", "Resource": resource, "Arguments": arguments, "End": true,
    } } })
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn put_object() -> Value {
    task(
        "arn:aws:states:::aws-sdk:s3:putObject",
        json!({ "Bucket": "raw", "Key": "a/b.csv", "Body": "x" }),
    )
}

#[test]
fn call_without_its_statement_fails_and_names_it() {
    let put = put_object();
    let denied = run(&put, json!([allow("s3:PutObject", "arn:aws:s3:::other/*")]));
    let failure = denied.outcome.failure.expect("it fails");
    assert_eq!(failure.error.as_deref(), Some("States.Permissions"));
    let statement = allow("s3:PutObject", "arn:aws:s3:::raw/a/b.csv");
    assert_eq!(denied.denials[0].statement, statement);
    assert_eq!(denied.denials[0].state, "Task");
    let cause = failure.cause.expect("it has a cause");
    assert!(cause.contains(&statement.to_string()), "{cause}");
    let allowed = run(&put, json!([statement]));
    assert_eq!(allowed.denied(), Vec::<String>::new());
    assert!(allowed.outcome.output.is_some());
}

#[test]
fn wildcards_match_and_what_is_denied_outright_stays_so() {
    let put = put_object();
    let broad = allow("s3:Put*", "arn:aws:s3:::r?w/*.csv");
    assert!(run(&put, json!([broad])).denials.is_empty());
    let deny = json!({ "Effect": "Deny", "NotAction": "s3:List*", "Resource": "*" });
    let denied = run(&put, json!([broad, deny]));
    let place = "arn:aws:s3:::raw/a/b.csv";
    assert_eq!(denied.denied(), [format!("s3:PutObject on {place}")]);
    let elsewhere =
        json!({ "Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::raw/*" });
    assert_eq!(run(&put, json!([elsewhere])).denials.len(), 1);
}

#[test]
fn role_is_passed_to_the_one_service_only() {
    let train = task(
        "arn:aws:states:::sagemaker:createTrainingJob",
        json!({ "TrainingJobName": "t", "RoleArn": "arn:aws:iam::123456789012:role/train" }),
    );
    let pass = |service: &str| {
        json!([allow("sagemaker:*", "*"), {
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/*",
            "Condition": { "StringEquals": { "iam:PassedToService": service } },
        }])
    };
    assert!(
        run(&train, pass("sagemaker.amazonaws.com"))
            .denials
            .is_empty()
    );
    let denied = run(&train, pass("glue.amazonaws.com"));
    assert_eq!(
        denied.denied(),
        ["iam:PassRole on arn:aws:iam::123456789012:role/train"]
    );
    assert_eq!(
        denied.denials[0].statement["Condition"],
        json!({ "StringEquals": { "iam:PassedToService": "sagemaker.amazonaws.com" } })
    );
}

#[test]
fn waiting_for_a_job_needs_what_looks_at_it_and_stops_it() {
    let job = task(
        "arn:aws:states:::glue:startJobRun.sync",
        json!({ "JobName": "load" }),
    );
    let arn = "arn:aws:glue:eu-central-1:123456789012:job/load";
    let denied = run(&job, json!([allow("glue:StartJobRun", arn)])).denied();
    assert!(
        denied.contains(&format!("glue:GetJobRun on {arn}")),
        "{denied:?}"
    );
    assert!(
        denied
            .iter()
            .all(|denied| !denied.starts_with("glue:StartJobRun"))
    );
}

#[test]
fn credentials_need_the_role_to_be_assumed_and_nothing_else() {
    let mut get = task(
        "arn:aws:states:::aws-sdk:s3:getObject",
        json!({ "Bucket": "raw", "Key": "a" }),
    );
    let role = "arn:aws:iam::999999999999:role/reader";
    get["States"]["Task"]["Credentials"] = json!({ "RoleArn": role });
    let denied = run(&get, json!([allow("s3:*", "*")]));
    assert_eq!(denied.denied(), [format!("sts:AssumeRole on {role}")]);
    assert!(
        run(&get, json!([allow("sts:AssumeRole", role)]))
            .denials
            .is_empty()
    );
}

#[test]
fn distributed_map_reads_starts_and_writes_with_its_own_permissions() {
    let definition = json!({ "QueryLanguage": "JSONata", "StartAt": "Map", "States": { "Map": {
        "Type": "Map", "Label": "each", "End": true,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": { "InputType": "JSON" },
            "Arguments": { "Bucket": "in", "Key": "items.json" },
        },
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Pass", "States": { "Pass": { "Type": "Pass", "End": true } },
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": { "Bucket": "out", "Prefix": "run" },
        },
    } } });
    let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:load";
    let needed = [
        allow("s3:GetObject", "arn:aws:s3:::in/items.json"),
        allow("s3:*", "arn:aws:s3:::out/run*"),
        allow("states:StartExecution", machine),
        allow("states:*", "arn:aws:states:*:*:execution:load*"),
    ];
    let allowed = run(&definition, json!(needed));
    assert_eq!(allowed.denied(), Vec::<String>::new());
    assert!(allowed.outcome.output.is_some());
    for left_out in 0..needed.len() {
        let mut rest = needed.to_vec();
        rest.remove(left_out);
        let denied = run(&definition, json!(rest));
        assert!(!denied.denials.is_empty(), "{}", needed[left_out]);
        assert!(denied.outcome.output.is_none(), "{}", needed[left_out]);
    }
}

/// Calls as data pipelines make them.
fn programs() -> Vec<Program> {
    let role = |name: &str| text(&format!("arn:aws:iam::111122223333:role/{name}"));
    let one = |call: Call| program(calls(vec![call]));
    let mut of_resource = program(calls(vec![
        request(
            "s3",
            "getObject",
            vec![("Bucket", resource_name(0)), ("Key", text("a*b/c.csv"))],
        ),
        request("sns", "publish", vec![("TopicArn", resource_arn(1))]),
    ]));
    of_resource.resources = vec![created("bucket", "lake"), created("topic", "alarms")];
    vec![
        of_resource,
        one(request(
            "lambda",
            "invoke",
            vec![("FunctionName", text("f:live"))],
        )),
        one(sync("glue", "startJobRun", vec![("JobName", text("load"))])),
        one(request(
            "glue",
            "getPartitions",
            vec![
                ("DatabaseName", text("sales")),
                ("TableName", text("orders")),
            ],
        )),
        one(sync(
            "athena",
            "startQueryExecution",
            vec![
                ("QueryString", text("SELECT 1")),
                ("WorkGroup", text("etl")),
            ],
        )),
        one(sync(
            "emr",
            "createCluster",
            vec![
                ("Name", text("nightly")),
                ("ServiceRole", text("emr-service")),
                ("JobFlowRole", text("emr-ec2")),
            ],
        )),
        one(sync(
            "emrcontainers",
            "startJobRun",
            vec![
                ("VirtualClusterId", text("vc1")),
                ("ExecutionRoleArn", role("spark")),
            ],
        )),
        one(sync(
            "emrserverless",
            "startJobRun",
            vec![
                ("ApplicationId", text("00f1")),
                ("ExecutionRoleArn", role("spark")),
            ],
        )),
        one(request(
            "dynamodb",
            "putItem",
            vec![("TableName", text("runs"))],
        )),
        one(request(
            "sqs",
            "sendMessage",
            vec![(
                "QueueUrl",
                text("https://sqs.eu-central-1.amazonaws.com/123456789012/orders"),
            )],
        )),
        one(call(
            "ecs",
            "runTask",
            Pattern::Sync,
            vec![("TaskDefinition", text("load:3")), ("Cluster", text("etl"))],
        )),
        one(sync(
            "batch",
            "submitJob",
            vec![
                ("JobName", text("load")),
                ("JobDefinition", text("load:7")),
                ("JobQueue", text("nightly")),
            ],
        )),
        one(call(
            "sfn",
            "startExecution",
            Pattern::Sync,
            vec![(
                "StateMachineArn",
                text("arn:aws:states:eu-central-1:123456789012:stateMachine:child"),
            )],
        )),
        one(request(
            "eventbridge",
            "putEvents",
            vec![(
                "Entries",
                list(vec![
                    object(vec![("EventBusName", text("data"))]),
                    object(vec![("Source", text("acme"))]),
                ]),
            )],
        )),
        one(request(
            "rdsdata",
            "executeStatement",
            vec![
                (
                    "ResourceArn",
                    text("arn:aws:rds:eu-central-1:123456789012:cluster:dwh"),
                ),
                (
                    "SecretArn",
                    text("arn:aws:secretsmanager:eu-central-1:123456789012:secret:dwh-AbCdEf"),
                ),
                ("Sql", text("SELECT 1")),
            ],
        )),
        one(sync(
            "sagemaker",
            "createTrainingJob",
            vec![
                (
                    "TrainingJobName",
                    template(vec![text("churn-"), late(Deploy::StackName)]),
                ),
                ("RoleArn", role("train")),
            ],
        )),
    ]
}

fn made(program: &Program) -> (Machine, Value) {
    let output = backend::make(program);
    let deployment = Deployment::new(program);
    let definition = &output.definitions[0];
    let text = serde_json::to_string(&definition.machine).expect("a definition is JSON");
    let substituted = substitute(&text, &deployment.substitutions(definition));
    assert_eq!(substituted.unknown, []);
    let machine = Machine::parse_text(&substituted.text, Mode::Standard)
        .unwrap_or_else(|refusals| panic!("{refusals:?}"));
    let policy: &iam::Policy = &output.policies[0];
    (machine, deployment.policy(policy, &definition.labels))
}

#[test]
fn programs_may_do_what_they_do_and_need_each_statement_for_it() {
    for program in programs() {
        let (machine, policy) = made(&program);
        let run = run_machine(&machine, &policy, &mut Objects::default());
        assert_eq!(run.denied(), Vec::<String>::new(), "{policy:#}");
        assert!(run.outcome.output.is_some(), "{:?}", run.outcome.failure);
        let statements = policy["Statement"].as_array().expect("statements");
        for (at, statement) in statements.iter().enumerate() {
            let mut less = policy.clone();
            less["Statement"]
                .as_array_mut()
                .expect("statements")
                .remove(at);
            let run = run_machine(&machine, &less, &mut Objects::default());
            assert!(!run.denials.is_empty(), "{statement:#}");
        }
    }
}

#[test]
fn text_that_iam_would_read_as_a_wildcard_allows_only_itself() {
    let get = |key: &str| {
        let arguments = vec![("Bucket", text("lake")), ("Key", text(key))];
        program(calls(vec![request("s3", "putObject", arguments)]))
    };
    let (machine, policy) = made(&get("a*b.csv"));
    let (other, _) = made(&get("axb.csv"));
    let denials = |machine| run_machine(machine, &policy, &mut Objects::default()).denied();
    assert_eq!(denials(&machine), Vec::<String>::new(), "{policy:#}");
    assert_eq!(
        denials(&other),
        ["s3:PutObject on arn:aws:s3:::lake/axb.csv"]
    );
}
