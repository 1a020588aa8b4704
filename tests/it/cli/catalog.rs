//! `flowc catalog`

use serde_json::Value;

use super::{errors, flowc, printed};

fn page(name: &str) -> String {
    printed(&["catalog", name])
}

fn data(args: &[&str]) -> Value {
    serde_json::from_str(&printed(args)).expect("it is JSON")
}

#[test]
fn a_job_that_can_be_awaited_tells_what_each_way_to_call_it_takes_and_gives() {
    insta::assert_snapshot!("glue.startJobRun", page("glue.startJobRun"));
}

#[test]
fn a_recursive_type_is_spelled_out_once() {
    insta::assert_snapshot!("dynamodb.putItem", page("dynamodb.putItem"));
}

#[test]
fn an_operation_that_step_functions_adds_has_a_page() {
    insta::assert_snapshot!("emr.createCluster", page("emr.createCluster"));
}

#[test]
fn a_permission_under_a_condition_says_when_it_is_needed() {
    insta::assert_snapshot!("s3.headObject", page("s3.headObject"));
}

#[test]
fn an_operation_that_only_the_sdk_has_tells_how_its_end_is_seen() {
    insta::assert_snapshot!(
        "databasemigration.startReplicationTask",
        page("databasemigration.startReplicationTask")
    );
    insta::assert_snapshot!("glue.startCrawler", page("glue.startCrawler"));
}

#[test]
fn a_refused_operation_says_why() {
    insta::assert_snapshot!("kinesis.subscribeToShard", page("kinesis.subscribeToShard"));
    insta::assert_snapshot!("sts.assumeRole", page("sts.assumeRole"));
}

#[test]
fn a_service_lists_its_operations_and_how_each_is_called() {
    insta::assert_snapshot!("kinesis", page("kinesis"));
    insta::assert_snapshot!("emr", page("emr"));
    assert_eq!(page("states"), page("sfn"));
}

#[test]
fn all_services_are_listed_once() {
    let text = printed(&["catalog"]);
    let names: Vec<&str> = (text.lines().skip(2))
        .filter(|line| !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 430);
    assert!(names.is_sorted());
    assert!(text.contains("optimized: startJobRun"));
    assert!(!names.contains(&"activity"));
    let listed = data(&["catalog", "--json"]);
    let listed: Vec<&str> = (listed["services"].as_array().into_iter().flatten())
        .filter_map(|service| service["name"].as_str())
        .collect();
    assert_eq!(listed, names);
}

#[test]
fn an_unknown_name_is_told_with_the_nearest() {
    for (written, said) in [
        ("glu", "there is no service `glu`; did you mean `glue`?"),
        ("Glue", "there is no service `Glue`; did you mean `glue`?"),
        (
            "elbv2",
            "there is no service `elbv2`; did you mean `elasticloadbalancingv2`?",
        ),
        (
            "dms.StartReplicationTask",
            "there is no service `dms`; did you mean `databasemigration.startReplicationTask`?",
        ),
        (
            "glue.StartJobRun",
            "`glue` has no operation `StartJobRun`; did you mean `glue.startJobRun`?",
        ),
        (
            "glue.makeCoffee",
            "`glue` has no operation `makeCoffee`; `flowc catalog glue` lists them",
        ),
        (
            "activity",
            "there is no service `activity`; `flowc catalog` lists all",
        ),
    ] {
        for more in [&[][..], &["--json"]] {
            let output = flowc(&[&["catalog", written], more].concat());
            assert_eq!(output.status.code(), Some(1), "{written}");
            assert_eq!(errors(&output), format!("error: {said}\n"));
            assert!(output.stdout.is_empty());
        }
    }
}

#[test]
fn data_is_the_same_by_either_option() {
    let by_flag = printed(&["catalog", "s3.headObject", "--json"]);
    assert_eq!(
        by_flag,
        printed(&["catalog", "s3.headObject", "--format", "json"])
    );
    insta::assert_snapshot!("s3.headObject.json", by_flag);
}

#[test]
fn data_of_a_service_has_its_operations_and_their_resources() {
    let glue = data(&["catalog", "glue", "--json"]);
    let operations = glue["operations"].as_array().expect("a list");
    let start = (operations.iter())
        .find(|operation| operation["name"] == "startJobRun")
        .expect("startJobRun");
    assert_eq!(start["calls"][0]["way"], "call");
    assert_eq!(
        start["calls"][0]["resource"],
        "arn:aws:states:::glue:startJobRun.sync"
    );
    assert_eq!(start["refused"], Value::Null);
    let kinesis = data(&["catalog", "kinesis", "--json"]);
    let refused = (kinesis["operations"].as_array().into_iter().flatten())
        .find(|operation| !operation["refused"].is_null())
        .expect("a refused one");
    assert_eq!(refused["name"], "subscribeToShard");
    assert_eq!(refused["calls"], serde_json::json!([]));
}

#[test]
fn data_of_a_recursive_type_is_finite() {
    let put = data(&["catalog", "dynamodb.putItem", "--json"]);
    let types = put["types"].as_array().expect("a list");
    let is_value = |ty: &Value| {
        (ty["members"].as_array().into_iter().flatten()).any(|member| member["name"] == "BOOL")
    };
    let at = types
        .iter()
        .position(is_value)
        .expect("the attribute's value");
    let list = (types[at]["members"].as_array().into_iter().flatten())
        .find(|member| member["name"] == "L")
        .and_then(|member| member["type"].as_u64())
        .expect("a list");
    assert_eq!(types[list as usize]["element"], at as u64);
}
