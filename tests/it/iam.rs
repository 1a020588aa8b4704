//! What each call needs, and no more.

use flowc::backend::cfn::names::{Labels, Names};
use flowc::backend::iam;
use flowc::ir::access::{self, Problem};
use flowc::ir::{Binding, Deploy, PipelineId, Program, Type, VariableId};

use crate::by_hand::*;

/// The policy of the first pipeline, a line a statement: `actions | resources | conditions`.
pub fn policy(program: &Program) -> Vec<String> {
    let pipeline = &program.pipelines[0];
    let problems = access::find_accesses(program, pipeline).problems;
    assert_eq!(problems, [], "the permissions can be said");
    lines(program)
}

fn lines(program: &Program) -> Vec<String> {
    lines_with(program, &Labels::new())
}

pub fn lines_with(program: &Program, labels: &Labels) -> Vec<String> {
    let names = Names::new(program);
    let text = |patterns: &[flowc::ir::pattern::Pattern]| {
        patterns
            .iter()
            .map(|p| {
                names
                    .plain(p, labels)
                    .replace("arn:${AWS::Partition}:", "~")
                    .replace("${AWS::Region}:${AWS::AccountId}", "RA")
                    .replace("${AWS::AccountId}", "A")
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    iam::policy(program, &program.pipelines[0])
        .statements
        .iter()
        .map(|s| {
            let mut line = format!("{} | {}", s.actions.join(" "), text(&s.resources));
            for (operator, key, values) in &s.conditions {
                line += &format!(" | {operator} {key} {}", text(values));
            }
            line
        })
        .collect()
}

fn problems(program: &Program) -> Vec<Problem> {
    access::find_accesses(program, &program.pipelines[0]).problems
}

#[test]
fn a_job_by_its_name_is_one_exact_arn() {
    let start = sync("glue", "startJobRun", vec![("JobName", text("clean"))]);
    assert_eq!(
        policy(&program(calls(vec![start]))),
        [
            "glue:BatchStopJobRun glue:GetJobRun glue:GetJobRuns glue:StartJobRun | ~glue:RA:job/clean"
        ]
    );
}

#[test]
fn the_same_call_without_waiting_needs_less() {
    let start = request("glue", "startJobRun", vec![("JobName", text("clean"))]);
    assert_eq!(
        policy(&program(calls(vec![start]))),
        ["glue:StartJobRun | ~glue:RA:job/clean"]
    );
}

#[test]
fn what_is_fixed_in_a_string_stays_fixed_in_the_pattern() {
    let key = template(vec![
        text("sales/"),
        variable(1, Type::String),
        text("/_SUCCESS"),
    ]);
    let head = request(
        "s3",
        "headObject",
        vec![("Bucket", text("raw")), ("Key", key)],
    );
    assert_eq!(
        policy(&program(calls(vec![head]))),
        [
            "s3:GetObject | ~s3:::raw/sales/*/_SUCCESS",
            "s3:ListBucket | ~s3:::raw | StringLike s3:prefix sales/*/_SUCCESS"
        ]
    );
}

#[test]
fn a_name_of_a_literal_type_gives_each_value() {
    let name = template(vec![text("clean-"), variable(1, one_of(&["eu", "us"]))]);
    let start = request("glue", "startJobRun", vec![("JobName", name)]);
    assert_eq!(
        policy(&program(calls(vec![start]))),
        ["glue:StartJobRun | ~glue:RA:job/clean-eu ~glue:RA:job/clean-us"]
    );
}

#[test]
fn one_variable_in_two_arguments_is_one_choice() {
    let area = || variable(1, one_of(&["eu", "us"]));
    let bucket = template(vec![text("raw-"), area()]);
    let key = template(vec![area(), text("/in.csv")]);
    let get = request("s3", "getObject", vec![("Bucket", bucket), ("Key", key)]);
    assert_eq!(
        policy(&program(calls(vec![get]))),
        [
            "s3:GetObject | ~s3:::raw-eu/eu/in.csv ~s3:::raw-us/us/in.csv",
            "s3:ListBucket | ~s3:::raw-eu | StringLike s3:prefix eu/in.csv",
            "s3:ListBucket | ~s3:::raw-us | StringLike s3:prefix us/in.csv",
        ]
    );
}

#[test]
fn too_many_values_are_a_wildcard() {
    let values: Vec<String> = (0..21).map(|i| format!("v{i}")).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let name = template(vec![text("clean-"), variable(1, one_of(&values))]);
    let start = request("glue", "startJobRun", vec![("JobName", name)]);
    assert_eq!(
        policy(&program(calls(vec![start]))),
        ["glue:StartJobRun | ~glue:RA:job/clean-*"]
    );
}

#[test]
fn both_sides_of_an_if_are_allowed() {
    let name = either(text("full"), text("delta"));
    let start = request("glue", "startJobRun", vec![("JobName", name)]);
    assert_eq!(
        policy(&program(calls(vec![start]))),
        ["glue:StartJobRun | ~glue:RA:job/delta ~glue:RA:job/full"]
    );
}

#[test]
fn a_name_bound_once_is_followed_to_its_value() {
    let settings = object(vec![("job", text("clean")), ("n", variable(1, Type::Int))]);
    let mut program = program(calls(vec![request(
        "glue",
        "startJobRun",
        vec![(
            "JobName",
            member(variable(2, Type::Any), "job", Type::String),
        )],
    )]));
    program.pipelines[0].variables[2].value = Some(settings);
    assert_eq!(policy(&program), ["glue:StartJobRun | ~glue:RA:job/clean"]);
}

#[test]
fn wildcard_characters_of_a_name_are_escaped() {
    let start = request("glue", "startJobRun", vec![("JobName", text("a*b?c${d}"))]);
    assert_eq!(
        policy(&program(calls(vec![start]))),
        ["glue:StartJobRun | ~glue:RA:job/a${*}b${?}c${$}{d}"]
    );
}

#[test]
fn an_existing_resource_is_named_by_its_kinds_arn() {
    let mut program = program(calls(vec![
        request(
            "sns",
            "publish",
            vec![("TopicArn", resource_arn(0)), ("Message", text("m"))],
        ),
        request("lambda", "invoke", vec![("FunctionName", resource_arn(1))]),
    ]));
    program.resources = vec![existing("topic", "ops"), existing("function", "lister")];
    assert_eq!(
        policy(&program),
        [
            "lambda:InvokeFunction | ~lambda:RA:function:lister",
            "sns:Publish | ~sns:RA:ops"
        ]
    );
}

#[test]
fn a_created_resource_is_named_by_what_the_template_knows() {
    let mut program = program(calls(vec![
        request(
            "sns",
            "publish",
            vec![("TopicArn", resource_arn(0)), ("Message", text("m"))],
        ),
        request("glue", "startJobRun", vec![("JobName", resource_name(1))]),
    ]));
    program.resources = vec![created("topic", "ops"), created("job", "clean")];
    assert_eq!(
        policy(&program),
        [
            "glue:StartJobRun | ~glue:RA:job/${Clean}",
            "sns:Publish | ${Ops}"
        ]
    );
}

#[test]
fn an_arn_in_place_of_a_name_is_taken_as_it_is() {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:shared";
    let invoke = request("lambda", "invoke", vec![("FunctionName", text(arn))]);
    assert_eq!(
        policy(&program(calls(vec![invoke]))),
        [format!("lambda:InvokeFunction | {arn}")]
    );
}

#[test]
fn a_parameter_stays_in_the_arn() {
    let name = template(vec![
        text("clean-"),
        late(Deploy::Param(flowc::ir::ParamId(0))),
    ]);
    let mut program = program(calls(vec![request(
        "glue",
        "startJobRun",
        vec![("JobName", name)],
    )]));
    program.params = vec![param("env", one_of(&["dev", "prod"]), Some("dev"))];
    assert_eq!(
        policy(&program),
        ["glue:StartJobRun | ~glue:RA:job/clean-${Env}"]
    );
}

#[test]
fn a_name_that_only_the_run_knows_must_be_bounded() {
    let start = || {
        request(
            "glue",
            "startJobRun",
            vec![("JobName", variable(1, Type::String))],
        )
    };
    let found = problems(&program(calls(vec![start()])));
    assert!(
        matches!(found.as_slice(), [Problem::Unbounded { member, .. }] if member == "JobName"),
        "{found:?}"
    );
    let mut bounded = start();
    bounded.within = Some(text("clean-*"));
    assert_eq!(
        policy(&program(calls(vec![bounded]))),
        ["glue:StartJobRun | ~glue:RA:job/clean-*"]
    );
}

#[test]
fn a_bound_must_say_something_new() {
    let within = |name, bound: &str| {
        let mut start = request("glue", "startJobRun", vec![("JobName", name)]);
        start.within = Some(text(bound));
        problems(&program(calls(vec![start])))
    };
    let found = within(text("clean"), "clean-*");
    assert!(
        matches!(found.as_slice(), [Problem::WithinNeedless { .. }]),
        "{found:?}"
    );
    let partly = || template(vec![text("clean-"), variable(1, Type::String)]);
    let found = within(partly(), "c*");
    assert!(
        matches!(found.as_slice(), [Problem::WithinNeedless { .. }]),
        "{found:?}"
    );
    let found = within(partly(), "load-*");
    assert!(
        matches!(found.as_slice(), [Problem::WithinContradicts { .. }]),
        "{found:?}"
    );
    assert_eq!(within(partly(), "clean-eu-*"), []);
    let found = within(variable(1, Type::String), "*");
    assert!(
        matches!(found.as_slice(), [Problem::WithinTooWide { .. }]),
        "{found:?}"
    );
}

#[test]
fn a_child_is_started_polled_and_stopped_by_its_exact_name() {
    let child = late(Deploy::Machine(PipelineId(1)));
    let mut program = program(calls(vec![sync(
        "sfn",
        "startExecution",
        vec![("StateMachineArn", child)],
    )]));
    program.pipelines.push(pipeline("child", Vec::new()));
    assert_eq!(
        policy(&program),
        [
            "events:DescribeRule events:PutRule events:PutTargets | ~events:RA:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule",
            "states:DescribeExecution states:StopExecution | ~states:RA:execution:child:*",
            "states:StartExecution | ~states:RA:stateMachine:child"
        ]
    );
}

#[test]
fn another_role_needs_only_to_be_assumed() {
    let mut start = request(
        "glue",
        "startJobRun",
        vec![("JobName", variable(1, Type::String))],
    );
    start.credentials = Some(text("arn:aws:iam::111122223333:role/partner"));
    assert_eq!(
        policy(&program(calls(vec![start]))),
        ["sts:AssumeRole | arn:aws:iam::111122223333:role/partner"]
    );
}

/// Two stages: a call whose result is bound to the second variable, and one that reads a member of it.
fn made(
    first: flowc::ir::Call,
    second: impl Fn(flowc::ir::Expr) -> flowc::ir::Call,
    id: &str,
) -> Program {
    let mut stages = calls(vec![first]);
    stages[0].binds = Binding::Name(VariableId(2));
    let id = member(variable(2, Type::Any), id, Type::String);
    stages.extend(calls(vec![second(id)]));
    program(stages)
}

#[test]
fn an_id_leads_to_the_arguments_of_the_call_that_made_it() {
    let start = |workgroup: Option<&str>| {
        let mut arguments = vec![("QueryString", text("SELECT 1"))];
        arguments.extend(workgroup.map(|w| ("WorkGroup", text(w))));
        let mut start = request("athena", "startQueryExecution", arguments);
        start.credentials = Some(text("arn:aws:iam::111122223333:role/partner"));
        start
    };
    let results = |id| request("athena", "getQueryResults", vec![("QueryExecutionId", id)]);
    let on = |program: Program| policy(&program)[0].clone();
    assert_eq!(
        on(made(start(Some("etl")), results, "QueryExecutionId")),
        "athena:GetQueryResults | ~athena:RA:workgroup/etl"
    );
    assert_eq!(
        on(made(start(None), results, "QueryExecutionId")),
        "athena:GetQueryResults | ~athena:RA:workgroup/primary"
    );
    // From elsewhere, nothing is known of it.
    let elsewhere = program(calls(vec![results(variable(1, Type::String))]));
    assert_eq!(
        on(elsewhere),
        "athena:GetQueryResults | ~athena:RA:workgroup/*"
    );
}

#[test]
fn an_execution_that_a_call_started_is_of_its_machine() {
    let arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:child";
    let start = request(
        "sfn",
        "startExecution",
        vec![("StateMachineArn", text(arn))],
    );
    let describe = |id| request("sfn", "describeExecution", vec![("ExecutionArn", id)]);
    assert_eq!(
        policy(&made(start, describe, "ExecutionArn")),
        [
            "states:DescribeExecution | ~states:RA:execution:child:*".to_owned(),
            format!("states:StartExecution | {arn}"),
        ]
    );
}
