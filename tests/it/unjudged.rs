//! Faults that none of the judges in `scripts/judges` finds: these tests alone hold them.

use std::path::Path;

use flowc::backend;
use flowc::driver;
use serde_json::{Value, json};

use crate::support::compiled::{compile, compile_file, definition};

const RESOURCES: &str = "
bucket raw = \"acme-raw\"
topic ops = \"ops\"
function f = \"f\"
";

fn with_flow(flow: &str) -> String {
    format!("{RESOURCES}\npipeline p(rows: [string]) {{ flow {flow} }}")
}

fn problems(flow: &str) -> String {
    match compile(&with_flow(flow)) {
        Ok(_) => panic!("`{flow}` is not reported"),
        Err(problems) => problems,
    }
}

/// Each example and its template.
fn templates() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<(String, Value)> = std::fs::read_dir(folder)
        .expect("the examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "flow"))
        .map(|path| {
            let program = compile_file(&path).unwrap_or_else(|problems| panic!("{problems}"));
            let name = path.file_stem().expect("a name").to_string_lossy();
            (name.into_owned(), backend::make(&program).template)
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(found.len() > 20);
    found
}

/// (example, logical id, properties) of every resource of a type.
fn all_of(cfn_type: &str) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (example, template) in templates() {
        for (id, resource) in template["Resources"].as_object().expect("resources") {
            if resource["Type"] == cfn_type {
                found.push((example.clone(), id.clone(), resource["Properties"].clone()));
            }
        }
    }
    assert!(!found.is_empty(), "no example has one");
    found
}

/// Every `${Name}` in the texts of a value.
fn placeholders(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            for part in text.split("${").skip(1) {
                let (name, _) = part.split_once('}').expect("a placeholder ends");
                found.push(name.to_owned());
            }
        }
        Value::Array(values) => values.iter().for_each(|v| placeholders(v, found)),
        Value::Object(members) => members.values().for_each(|v| placeholders(v, found)),
        _ => {}
    }
}

#[test]
fn a_csv_files_header_is_given_exactly_where_it_is_said_to_be() {
    let config = |options: &str| {
        let machine = definition(&with_flow(&format!(
            "map(row in csv(raw, \"in.csv\"{options}), 10) {{ f(row) }}"
        )));
        let states = machine["States"].as_object().expect("states").clone();
        let map = states.values().find(|s| s["Type"] == "Map").cloned();
        map.expect("a map")["ItemReader"]["ReaderConfig"].clone()
    };
    assert_eq!(
        config(", CSVHeaders: [\"sku\", \"price\"]"),
        json!({ "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["sku", "price"], "InputType": "CSV" })
    );
    assert_eq!(
        config(""),
        json!({ "CSVHeaderLocation": "FIRST_ROW", "InputType": "CSV" })
    );
    let given =
        problems("map(row in csv(raw, \"in.csv\", CSVHeaderLocation: \"GIVEN\"), 10) { f(row) }");
    assert!(given.contains("CSVHeaderLocation"), "{given}");
}

#[test]
fn a_label_has_at_most_40_characters() {
    let map = |label: &str| {
        format!("map(row in csv(raw, \"in.csv\"), 10) label \"{label}\" {{ f(row) }}")
    };
    assert!(compile(&with_flow(&map(&"x".repeat(40)))).is_ok());
    assert!(problems(&map(&"x".repeat(41))).contains("error[F0509]"));
}

#[test]
fn nothing_is_awaited_that_has_no_end() {
    let machine = definition(&with_flow("sns.publish(TopicArn: ops, Message: \"done\")"));
    let resource = &machine["States"]["publish"]["Resource"];
    assert_eq!(*resource, "arn:aws:states:::sns:publish");
}

#[test]
fn no_delay_is_capped_below_the_first() {
    for parts in ["every 1m max_delay 30s", "max_delay 1s", "patient every 1m"] {
        let text = format!(
            "retry patient = max_delay 30s\n{}",
            with_flow(&format!("f() retry {parts}"))
        );
        let reported = compile(&text).err().unwrap_or_default();
        assert!(reported.contains("error[F0515]"), "{parts}: {reported}");
    }
}

#[test]
fn every_machine_logs_to_a_group_that_log_delivery_may_write_to() {
    for (example, id, properties) in all_of("AWS::StepFunctions::StateMachine") {
        let level = &properties["LoggingConfiguration"]["Level"];
        assert!(level.is_string() && level != "OFF", "{example}: {id}");
    }
    for (example, id, properties) in all_of("AWS::Logs::LogGroup") {
        let name = &properties["LogGroupName"];
        let sub = &name["Fn::Sub"];
        let name = sub[0].as_str().or(sub.as_str()).or(name.as_str());
        // The policy of log delivery has room for few groups of other names.
        let fits = name.is_some_and(|n| {
            n.starts_with("/aws/vendedlogs/states/") || n.starts_with("/aws/lambda/")
        });
        assert!(fits, "{example}: {id}: {properties}");
        assert!(properties["RetentionInDays"].is_u64(), "{example}: {id}");
    }
}

#[test]
fn a_template_that_the_request_cannot_carry_says_so() {
    let notes = |calls: usize| {
        let flow = vec!["f({ rows, text: \"one more of many\" })"; calls].join(" -> ");
        let program = compile(&with_flow(&flow)).unwrap_or_else(|problems| panic!("{problems}"));
        let emission = driver::emit(&program);
        let template = (emission.artifacts.iter()).find(|a| a.name.ends_with(".template.json"));
        let size = template.expect("a template").text.len();
        (size, emission.notes)
    };
    let (size, said) = notes(2);
    assert!(size <= backend::check::TEMPLATE_DIRECT && said.is_empty());
    let (size, said) = notes(60);
    assert!(size > backend::check::TEMPLATE_DIRECT);
    assert!(
        said.len() == 1 && said[0].contains("`--s3-bucket`"),
        "{said:?}"
    );
}

#[test]
fn every_queue_is_encrypted() {
    for (example, id, properties) in all_of("AWS::SQS::Queue") {
        let encrypted =
            properties["SqsManagedSseEnabled"] == true || properties["KmsMasterKeyId"].is_object();
        assert!(encrypted, "{example}: {id}: {properties}");
    }
}

#[test]
fn every_substitution_is_used_and_every_placeholder_has_one() {
    for (example, id, properties) in all_of("AWS::StepFunctions::StateMachine") {
        let mut used = Vec::new();
        placeholders(&properties["Definition"], &mut used);
        used.sort();
        used.dedup();
        let given = &properties["DefinitionSubstitutions"];
        let mut given: Vec<String> = (given.as_object().into_iter())
            .flat_map(|given| given.keys().cloned())
            .collect();
        given.sort();
        assert_eq!(used, given, "{example}: {id}");
    }
}
