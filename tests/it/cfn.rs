//! The template around the machines.

use flowc::backend::asl::Definition;
use flowc::backend::check::{self, Excess, Limit};
use flowc::backend::iam::pack;
use flowc::backend::{cfn, iam};
use flowc::catalog::resource::RefForm;
use flowc::ir::{
    Deploy, ExprKind, Literal, LogLevel, Origin, ParamId, PipelineId, Program, ResourceId, Time,
    Type, VariableId,
};
use serde_json::{Value, json};

use crate::by_hand::*;

fn template(program: &Program, definitions: &[Definition]) -> Value {
    let policies: Vec<_> = program
        .pipelines
        .iter()
        .map(|pipeline| iam::policy(program, pipeline))
        .collect();
    cfn::template(program, definitions, &policies)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("it is JSON")
}

fn logging(mut program: Program) -> Program {
    for pipeline in &mut program.pipelines {
        pipeline.settings.log.level = LogLevel::Errors;
    }
    program
}

#[test]
fn a_pipeline_brings_its_log_group_role_policy_and_machine() {
    let start = sync("glue", "startJobRun", vec![("JobName", text("clean"))]);
    let program = logging(program(calls(vec![start])));
    insta::assert_snapshot!(pretty(&template(&program, &[definition()])));
}

#[test]
fn parameters_keep_their_types_values_and_words() {
    let mut program = program(Vec::new());
    let mut env = param("env", one_of(&["dev", "prod"]), Some("dev"));
    env.doc = Some("Where it runs.".to_owned());
    let mut workers = param("max_workers", Type::Int, None);
    workers.default = Some(Literal::Number(4.into()));
    program.params = vec![
        env,
        workers,
        param("rate", Type::Number, None),
        param("areas", Type::list(Type::String), Some("eu,us")),
        param("unused", Type::String, None),
    ];
    let mut definition = definition();
    definition.substitutions = (0..4)
        .map(|i| (format!("p{i}"), Deploy::Param(ParamId(i))))
        .collect();
    let template = template(&program, &[definition]);
    insta::assert_snapshot!(pretty(&template["Parameters"]));
    assert_eq!(
        template["Resources"]["Load"]["Properties"]["DefinitionSubstitutions"],
        json!({
            "p0": { "Ref": "Env" },
            "p1": { "Ref": "MaxWorkers" },
            "p2": { "Ref": "Rate" },
            "p3": { "Fn::Join": [",", { "Ref": "Areas" }] },
        })
    );
}

#[test]
fn references_are_what_each_kind_gives() {
    let mut program = program(Vec::new());
    program.resources = vec![
        created("topic", "ops"),
        created("queue", "dead_letters"),
        created("job", "clean"),
        existing("queue", "orders"),
        existing("function", "lister"),
    ];
    let deploys = [
        Deploy::Resource(ResourceId(0), RefForm::Arn),
        Deploy::Resource(ResourceId(0), RefForm::Name),
        Deploy::Resource(ResourceId(1), RefForm::Url),
        Deploy::Resource(ResourceId(1), RefForm::Arn),
        Deploy::Resource(ResourceId(2), RefForm::Arn),
        Deploy::Resource(ResourceId(3), RefForm::Url),
        Deploy::Resource(ResourceId(4), RefForm::Name),
        Deploy::Resource(ResourceId(4), RefForm::Arn),
        Deploy::Import("shared-bucket".to_owned()),
        Deploy::Account,
    ];
    let mut definition = definition();
    definition.substitutions = deploys
        .into_iter()
        .enumerate()
        .map(|(i, deploy)| (format!("d{i}"), deploy))
        .collect();
    let template = template(&program, &[definition]);
    insta::assert_snapshot!(pretty(
        &template["Resources"]["Load"]["Properties"]["DefinitionSubstitutions"]
    ));
}

#[test]
fn a_child_is_made_before_the_one_that_starts_it() {
    let mut program = program(Vec::new());
    program.pipelines.push(pipeline("child", Vec::new()));
    let starts = |id| {
        let mut definition = definition();
        let machine = Deploy::Machine(PipelineId(id));
        definition.substitutions.insert("other".to_owned(), machine);
        definition
    };
    let given = |template: &Value, machine: &str| {
        template["Resources"][machine]["Properties"]["DefinitionSubstitutions"]["other"].clone()
    };
    let one_way = template(&program, &[starts(1), definition()]);
    assert_eq!(given(&one_way, "Load"), json!({ "Ref": "Child" }));
    // Where each starts the other, none can wait for the other.
    let both_ways = template(&program, &[starts(1), starts(0)]);
    let arn = |name| json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{name}") });
    assert_eq!(given(&both_ways, "Load"), arn("child"));
    assert_eq!(given(&both_ways, "Child"), arn("load"));
}

#[test]
fn children_of_a_distributed_map_may_take_on_the_role() {
    let mut definition = definition();
    let label = "files".to_owned();
    definition.labels.insert(VariableId(0), label);
    let template = template(&program(Vec::new()), &[definition]);
    let trust = &template["Resources"]["LoadRole"]["Properties"]["AssumeRolePolicyDocument"];
    let machine = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:load";
    assert_eq!(
        trust["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"],
        json!([{ "Fn::Sub": machine }, { "Fn::Sub": format!("{machine}/files") }])
    );
}

#[test]
fn a_brought_role_replaces_role_and_policy() {
    let mut program = logging(program(Vec::new()));
    program.resources = vec![existing("role", "etl")];
    program.pipelines[0].settings.role = Some(ResourceId(0));
    let template = template(&program, &[definition()]);
    let resources = template["Resources"].as_object().expect("resources");
    assert_eq!(resources.keys().collect::<Vec<_>>(), ["LoadLogs", "Load"]);
    assert_eq!(
        resources["Load"]["Properties"]["RoleArn"],
        json!({ "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/etl" })
    );
}

#[test]
fn what_looks_like_an_intrinsic_function_stays_data() {
    let mut definition = definition();
    let flowc::backend::asl::state::State::Succeed(done) = &mut definition.machine.states["Done"]
    else {
        panic!("it is a Succeed");
    };
    done.output = Some(json!({ "Ref": "Load" }));
    let template = template(&program(Vec::new()), &[definition]);
    let properties = &template["Resources"]["Load"]["Properties"];
    assert_eq!(properties["Definition"], Value::Null);
    let text = properties["DefinitionString"].as_str().expect("text");
    assert!(text.contains(r#"{"Ref":"Load"}"#), "{text}");
}

#[test]
fn names_that_would_be_one_are_told_apart() {
    let mut program = program(Vec::new());
    program.params = vec![param("load_role", Type::String, None)];
    let names = cfn::names::Names::new(&program);
    assert_eq!(names.param(ParamId(0)), "LoadRole");
    assert_eq!(names.pipeline(PipelineId(0)).role, "LoadRole2");
}

/// What is too large of a program, with definitions of one state.
fn excesses(program: &Program) -> Vec<Excess> {
    let definitions: Vec<_> = program.pipelines.iter().map(|_| definition()).collect();
    let written: Vec<_> = definitions.iter().map(|d| (d, "{}")).collect();
    let policies: Vec<_> = program
        .pipelines
        .iter()
        .map(|pipeline| iam::policy(program, pipeline))
        .collect();
    let template = cfn::template(program, &definitions, &policies);
    check::check(
        program,
        &written,
        &policies,
        (&template, &template.to_string()),
    )
}

fn jobs(count: usize) -> Program {
    let start = |i| {
        let name = format!("clean-a-job-with-a-name-that-fills-policies-{i}");
        request("glue", "startJobRun", vec![("JobName", text(&name))])
    };
    program(calls((0..count).map(start).collect()))
}

#[test]
fn a_policy_that_is_too_large_is_split_into_managed_ones() {
    let program = jobs(200);
    let policy = iam::policy(&program, &program.pipelines[0]);
    let template = template(&program, &[definition()]);
    let resources = template["Resources"].as_object().expect("resources");
    let parts: Vec<_> = resources
        .iter()
        .filter(|(_, r)| r["Type"] == "AWS::IAM::ManagedPolicy")
        .collect();
    assert!(parts.len() > 1);
    let mut named = Vec::new();
    for (name, part) in &parts {
        let document = &part["Properties"]["PolicyDocument"];
        assert!(document.to_string().len() < pack::MANAGED * 2, "{name}");
        for statement in document["Statement"].as_array().expect("statements") {
            named.extend(statement["Resource"].as_array().expect("several").clone());
        }
    }
    assert_eq!(named.len(), policy.statements[0].resources.len());
    let waits = resources["Load"]["DependsOn"].as_array().expect("several");
    assert_eq!(waits.len(), parts.len());
    assert_eq!(excesses(&program), []);
}

#[test]
fn what_no_role_can_hold_is_told_with_its_largest_statements() {
    let found = excesses(&jobs(700));
    let [excess] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (excess.limit, excess.most),
        (Limit::Policies, pack::MANAGED_COUNT)
    );
    assert_eq!(excess.contributors[0].0, "GlueStartJobRun");
}

#[test]
fn a_name_and_the_number_of_resources_have_their_limits() {
    let mut program = program(Vec::new());
    program.pipelines[0].name = "x".repeat(81);
    let found = excesses(&program);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].limit, found[0].size), (Limit::MachineName, 81));
    program.pipelines = (0..201)
        .map(|i| pipeline(&format!("p{i}"), Vec::new()))
        .collect();
    let limits: Vec<_> = excesses(&program).iter().map(|e| e.limit).collect();
    assert_eq!(limits, [Limit::Outputs]);
}

#[test]
fn what_the_deployment_decides_is_decided_in_the_template() {
    let get = request(
        "s3",
        "getObject",
        vec![("Bucket", resource_name(0)), ("Key", text("in.csv"))],
    );
    let mut program = program(calls(vec![get]));
    program.params = vec![param("env", one_of(&["dev", "prod"]), Some("dev"))];
    let env = || late(Deploy::Param(ParamId(0)));
    let name = decided(equal(env(), text("prod")), text("acme"), text("sandbox"));
    program.resources = vec![
        resource("bucket", "raw", Origin::Existing(name)),
        resource("bucket", "out", Origin::Existing(looked_up(env()))),
    ];
    program.pipelines[0].settings.log.level = LogLevel::Errors;
    let keep = decided(equal(env(), text("prod")), text("365"), text("7"));
    program.pipelines[0].settings.log.keep = Some(keep);
    let mut definition = definition();
    for (key, id) in [("raw", 0), ("out", 1)] {
        let bucket = Deploy::Resource(ResourceId(id), RefForm::Name);
        definition.substitutions.insert(key.to_owned(), bucket);
    }
    let template = template(&program, &[definition]);
    insta::assert_snapshot!(pretty(&json!({
        "Conditions": template["Conditions"],
        "Substitutions": template["Resources"]["Load"]["Properties"]["DefinitionSubstitutions"],
        "Keep": template["Resources"]["LoadLogs"]["Properties"]["RetentionInDays"],
        "Policy": template["Resources"]["LoadPolicy"]["Properties"]["PolicyDocument"]["Statement"][1],
    })));
    let names = cfn::names::Names::new(&program);
    let policy = iam::policy(&program, &program.pipelines[0]);
    let plain = policy.plain(&names, &cfn::names::Labels::new());
    assert_eq!(
        plain["Statement"][1]["Resource"],
        json!([
            "arn:${AWS::Partition}:s3:::acme/in.csv",
            "arn:${AWS::Partition}:s3:::sandbox/in.csv"
        ])
    );
}

/// `{ dev: "d", prod: "p" }[key]`
fn looked_up(key: flowc::ir::Expr) -> flowc::ir::Expr {
    let kind = ExprKind::Index {
        base: Box::new(object(vec![("dev", text("d")), ("prod", text("p"))])),
        index: Box::new(key),
    };
    typed(kind, Type::String, Time::Deploy)
}
