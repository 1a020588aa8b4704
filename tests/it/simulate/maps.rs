//! Distributed maps: what they read, how they batch, what they tolerate and write.

use std::io::Write;
use std::sync::Arc;

use flowc::simulate::call::Answer;
use flowc::simulate::definition::{Machine, Mode};
use flowc::simulate::failure::Failure;
use flowc::simulate::log::Log;
use flowc::simulate::mock::{Mocks, Rule, Target};
use flowc::simulate::object::Objects;
use flowc::simulate::run::{Outcome, Simulation, Validation, World};
use parquet::data_type::{ByteArrayType, Int32Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

/// A distributed map whose children pass their input on, with these fields beside.
fn map(fields: Value) -> Value {
    let mut map = json!({
        "Type": "Map", "End": true, "Label": "each",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Work",
            "States": { "Work": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": { "FunctionName": "f", "Payload": "{% $states.input %}" },
                "Output": "{% $states.input %}", "End": true,
            } },
        },
    });
    map.as_object_mut()
        .expect("fields")
        .extend(fields.as_object().expect("fields").clone());
    json!({ "QueryLanguage": "JSONata", "StartAt": "Map", "States": { "Map": map } })
}

struct Run {
    outcome: Outcome,
    log: Log,
    objects: Objects,
}

fn run(definition: &Value, input: Value, mut objects: Objects, mocks: &mut Mocks) -> Run {
    let machine = Machine::parse(definition, Mode::Standard)
        .unwrap_or_else(|refusals| panic!("{refusals:?}"));
    let mut simulation = Simulation::new(&machine);
    simulation.settings.validation = Validation::None;
    let mut log = Log::default();
    let world = World {
        service: mocks,
        objects: &mut objects,
        guard: None,
        observer: &mut log,
    };
    let outcome = simulation.run(input, world).expect("it is set up well");
    Run {
        outcome,
        log,
        objects,
    }
}

fn read(config: Value, key: &str, content: impl Into<Vec<u8>>) -> Result<Value, Failure> {
    let mut objects = Objects::default();
    objects.insert("bucket", key, content);
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject",
        "Arguments": { "Bucket": "bucket", "Key": key },
        "ReaderConfig": config,
    });
    let definition = map(json!({ "ItemReader": reader }));
    let run = run(&definition, json!({}), objects, &mut Mocks::default());
    run.outcome
        .output
        .ok_or_else(|| run.outcome.failure.unwrap_or_default())
}

#[test]
fn rows_of_csv_are_objects_of_texts() {
    let csv = "a,b\n1,\"x, y\"\n2\n3,z,more\n";
    assert_eq!(
        read(
            json!({ "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" }),
            "f.csv",
            csv
        ),
        Ok(json!([{ "a": "1", "b": "x, y" }, { "a": "2", "b": "" }, { "a": "3", "b": "z" }]))
    );
    let given = json!({
        "InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x"], "CSVDelimiter": "PIPE", "MaxItems": 1,
    });
    assert_eq!(
        read(given, "f.csv", "1|2\n3|4\n"),
        Ok(json!([{ "x": "1" }]))
    );
}

#[test]
fn json_is_read_by_pointer_and_objects_have_keys() {
    let json = json!({ "data": { "rows": [1, 2] } }).to_string();
    let config = json!({ "InputType": "JSON", "ItemsPointer": "/data/rows" });
    assert_eq!(read(config, "f.json", json.as_str()), Ok(json!([1, 2])));
    assert_eq!(
        read(
            json!({ "InputType": "JSON" }),
            "f.json",
            json!({ "k": 1 }).to_string()
        ),
        Ok(json!([{ "Key": "k", "Value": 1 }]))
    );
    assert_eq!(
        read(json!({ "InputType": "JSONL" }), "f.jsonl", "1\n\n{}\n"),
        Ok(json!([1, {}]))
    );
    let failure = read(json!({ "InputType": "JSON" }), "f.json", "7").expect_err("no list");
    assert_eq!(
        failure,
        Failure::new(
            "States.ItemReaderFailed",
            "Attempting to map over non-iterable node."
        )
    );
}

#[test]
fn compressed_files_are_known_by_their_ending() {
    let config = || json!({ "InputType": "JSONL" });
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"1\n2\n").expect("a vector takes bytes");
    let gzip = gzip.finish().expect("a vector takes bytes");
    assert_eq!(read(config(), "f.jsonl.gz", gzip), Ok(json!([1, 2])));
    let zstd = zstd::encode_all(&b"3\n"[..], 1).expect("a vector takes bytes");
    assert_eq!(read(config(), "f.jsonl.zst", zstd), Ok(json!([3])));
    assert!(read(config(), "f.jsonl.gz", "1\n").is_err());
}

/// Two rows of an integer and a text.
fn parquet_file() -> Vec<u8> {
    let schema = "message rows { required int32 n; required binary t (UTF8); }";
    let schema = parse_message_type(schema).expect("a schema");
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema.into(), Arc::default())
        .expect("a vector takes bytes");
    let mut group = writer.next_row_group().expect("a vector takes bytes");
    let mut column = group.next_column().expect("a column").expect("a column");
    let numbers = column.typed::<Int32Type>();
    numbers
        .write_batch(&[1, 2], None, None)
        .expect("two numbers");
    column.close().expect("a column");
    let mut column = group.next_column().expect("a column").expect("a column");
    let texts = column.typed::<ByteArrayType>();
    texts
        .write_batch(&["one".into(), "two".into()], None, None)
        .expect("two texts");
    column.close().expect("a column");
    group.close().expect("a group");
    writer.close().expect("a file");
    file
}

#[test]
fn parquet_rows_are_objects() {
    assert_eq!(
        read(
            json!({ "InputType": "PARQUET" }),
            "f.parquet",
            parquet_file()
        ),
        Ok(json!([{ "n": 1, "t": "one" }, { "n": 2, "t": "two" }]))
    );
}

#[test]
fn manifests_name_the_files_that_hold_the_items() {
    let mut objects = Objects::default();
    objects.insert(
        "bucket",
        "run-manifest.csv",
        "s3://bucket/a.jsonl\ns3://bucket/b.jsonl\n",
    );
    objects.insert("bucket", "a.jsonl", "1\n");
    objects.insert("bucket", "b.jsonl", "2\n");
    let inventory = json!({
        "destinationBucket": "arn:aws:s3:::bucket", "fileFormat": "CSV", "fileSchema": "Bucket, Key",
        "files": [{ "key": "data.csv" }],
    });
    objects.insert("bucket", "manifest.json", inventory.to_string());
    objects.insert("bucket", "data.csv", "b1,k1\nb1,k2\n");
    let read = |key: &str, config: Value| {
        let reader = json!({
            "Resource": "arn:aws:states:::s3:getObject",
            "Arguments": { "Bucket": "bucket", "Key": key }, "ReaderConfig": config,
        });
        let definition = map(json!({ "ItemReader": reader }));
        run(
            &definition,
            json!({}),
            objects.clone(),
            &mut Mocks::default(),
        )
        .outcome
        .output
    };
    assert_eq!(
        read(
            "run-manifest.csv",
            json!({ "ManifestType": "ATHENA_DATA", "InputType": "JSONL" })
        ),
        Some(json!([1, 2]))
    );
    assert_eq!(
        read("manifest.json", json!({ "InputType": "MANIFEST" })),
        Some(json!([{ "Bucket": "b1", "Key": "k1" }, { "Bucket": "b1", "Key": "k2" }]))
    );
}

#[test]
fn a_list_gives_objects_or_what_is_in_them() {
    let mut objects = Objects::default();
    objects.insert("bucket", "in/a.json", "[1, 2]");
    objects.insert("bucket", "in/b.json", "[3]");
    objects.insert("bucket", "other", "[4]");
    let list = |config: Value| {
        let reader = json!({
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Arguments": { "Bucket": "bucket", "Prefix": "in/" }, "ReaderConfig": config,
        });
        map(json!({ "ItemReader": reader }))
    };
    let listed = run(
        &list(json!({})),
        json!({}),
        objects.clone(),
        &mut Mocks::default(),
    );
    let listed = listed.outcome.output.expect("a list");
    assert_eq!(listed[1]["Key"], "in/b.json");
    assert_eq!(listed[0]["Size"], 6);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let config = json!({ "InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN" });
    let read = run(&list(config), json!({}), objects, &mut Mocks::default());
    assert_eq!(read.outcome.output, Some(json!([1, 2, 3])));
}

#[test]
fn data_that_nobody_gave_is_no_items_and_a_note() {
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject", "Arguments": { "Bucket": "b", "Key": "k" },
        "ReaderConfig": { "InputType": "JSON" },
    });
    let definition = map(json!({ "ItemReader": reader }));
    let unknown = run(
        &definition,
        json!({}),
        Objects::default(),
        &mut Mocks::default(),
    );
    assert_eq!(unknown.outcome.output, Some(json!([])));
    // A bucket of which something is known has no other objects.
    let mut objects = Objects::default();
    objects.insert("b", "other", "[]");
    let missing = run(&definition, json!({}), objects, &mut Mocks::default());
    assert_eq!(
        missing.outcome.failure.map(|f| f.name().to_owned()),
        Some("States.ItemReaderFailed".to_owned())
    );
}

#[test]
fn items_are_selected_before_they_are_batched() {
    let definition = map(json!({
        "Items": "{% [1..5] %}",
        "ItemSelector": {
            "n": "{% $states.context.Map.Item.Value %}", "at": "{% $states.context.Map.Item.Index %}",
            "from": "{% $states.context.Map.Item.Source %}",
        },
        "ItemBatcher": { "MaxItemsPerBatch": 2, "BatchInput": { "shared": "{% $states.input.x %}" } },
    }));
    let run = run(
        &definition,
        json!({ "x": 7 }),
        Objects::default(),
        &mut Mocks::default(),
    );
    let output = run.outcome.output.expect("batches");
    assert_eq!(output.as_array().map(Vec::len), Some(3));
    assert_eq!(
        output[2],
        json!({ "Items": [{ "n": 5, "at": 4, "from": "STATE_DATA" }], "BatchInput": { "shared": 7 } })
    );
}

#[test]
fn batches_are_no_larger_than_said() {
    let items: Vec<String> = (0..100).map(|n| format!("{n:040}")).collect();
    let definition = map(json!({
        "Items": "{% $states.input %}", "ItemBatcher": { "MaxInputBytesPerBatch": 500 },
    }));
    let run = run(
        &definition,
        json!(items),
        Objects::default(),
        &mut Mocks::default(),
    );
    let batches = run.outcome.output.expect("batches");
    let batches = batches.as_array().expect("batches");
    assert!(batches.len() > 8);
    assert!(batches.iter().all(|batch| batch.to_string().len() <= 500));
    let count: usize = batches
        .iter()
        .map(|b| b["Items"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(count, 100);
}

/// Fails the children whose items are even.
fn even_ones_fail() -> Mocks<'static> {
    let mut mocks = Mocks::default();
    let failure = Failure::new("Even", "it is even");
    mocks.add(
        Rule::new(Target::Any, [Answer::fail(failure)]).when(|call| {
            let item = call.iteration.as_ref().and_then(|i| i.item.json().as_u64());
            item.is_some_and(|item| item % 2 == 0)
        }),
    );
    mocks
}

#[test]
fn failures_within_the_threshold_are_tolerated() {
    let with = |fields: Value| {
        let mut all = json!({ "Items": "{% [1..10] %}" });
        all.as_object_mut()
            .expect("fields")
            .extend(fields.as_object().expect("fields").clone());
        run(
            &map(all),
            json!({}),
            Objects::default(),
            &mut even_ones_fail(),
        )
        .outcome
    };
    let name = |outcome: Outcome| outcome.failure.unwrap_or_default().name().to_owned();
    assert_eq!(
        name(with(json!({}))),
        "States.ExceedToleratedFailureThreshold"
    );
    assert_eq!(
        with(json!({ "ToleratedFailureCount": 5 })).output,
        Some(json!([1, 3, 5, 7, 9]))
    );
    assert_eq!(
        name(with(json!({ "ToleratedFailureCount": 4 }))),
        "States.ExceedToleratedFailureThreshold"
    );
    assert!(
        with(json!({ "ToleratedFailurePercentage": 50 }))
            .output
            .is_some()
    );
    assert!(
        with(json!({ "ToleratedFailurePercentage": 49.9 }))
            .output
            .is_none()
    );
}

#[test]
fn children_are_executions_of_their_own() {
    let definition = map(
        json!({ "Items": [1, 2], "ItemSelector": { "id": "{% $states.context.Execution.Id %}" } }),
    );
    let run = run(
        &definition,
        json!({}),
        Objects::default(),
        &mut Mocks::default(),
    );
    let executions: Vec<&str> = run.log.calls().map(|call| &*call.execution).collect();
    assert!(
        executions[0]
            .starts_with("arn:aws:states:eu-central-1:123456789012:execution:machine/each:")
    );
    assert_ne!(executions[0], executions[1]);
    // The parent's history has none of theirs.
    assert_eq!(run.outcome.events, 8);
}

#[test]
fn results_are_written_where_the_writer_says() {
    let writer = |config: Value| {
        map(json!({
            "Items": "{% [1..4] %}", "ToleratedFailureCount": 10,
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Arguments": { "Bucket": "out", "Prefix": "results/" },
                "WriterConfig": config,
            },
        }))
    };
    let config = json!({ "OutputType": "JSONL", "Transformation": "COMPACT" });
    let run = run(
        &writer(config),
        json!({}),
        Objects::default(),
        &mut even_ones_fail(),
    );
    let output = run.outcome.output.expect("details");
    let key = output["ResultWriterDetails"]["Key"]
        .as_str()
        .expect("a key");
    assert!(
        key.starts_with("results/") && key.ends_with("/manifest.json"),
        "{key}"
    );
    let find = |ending: &str| {
        let found = run.objects.iter().find(|(_, key, _)| key.ends_with(ending));
        let (.., content) = found.unwrap_or_else(|| panic!("no {ending}"));
        String::from_utf8(content.to_vec()).expect("text")
    };
    assert_eq!(find("SUCCEEDED_0.jsonl"), "1\n3\n");
    let failed = find("FAILED_0.jsonl");
    let first: Value = serde_json::from_str(failed.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (&first["Error"], &first["Input"]),
        (&json!("Even"), &json!("2"))
    );
    let manifest: Value = serde_json::from_str(&find("manifest.json")).expect("JSON");
    assert_eq!(manifest["DestinationBucket"], "out");
    assert_eq!(manifest["MapRunArn"], output["MapRunArn"]);
}

#[test]
fn a_retry_of_the_map_is_a_new_run() {
    let mut definition = map(json!({
        "Items": [2, 3],
        "Retry": [{ "ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "MaxAttempts": 1 }],
    }));
    definition["States"]["Map"]["MaxConcurrency"] = json!(1);
    let mut mocks = Mocks::default();
    let failure = Answer::fail(Failure::bare("Once"));
    mocks.add(Rule::new(
        Target::State("Work".to_owned()),
        [failure, Answer::succeed(json!({}))],
    ));
    let run = run(&definition, json!({}), Objects::default(), &mut mocks);
    assert_eq!(run.outcome.output, Some(json!([2, 3])));
    assert_eq!(run.log.calls().count(), 3);
    assert_eq!(run.log.retries().count(), 1);
}
