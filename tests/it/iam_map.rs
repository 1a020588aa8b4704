//! What distributed maps, their readers and writers, and declared data need.

use flowc::backend::cfn::names::{Labels, Names};
use flowc::backend::iam;
use flowc::ir::access::{self, Problem};
use flowc::ir::{
    Access, Batch, Block, Dataset, Distributed, Expr, Items, LabelId, Map, Program, Reader,
    ResourceId, ResultTarget, StageKind, Type, VariableId,
};

use crate::by_hand::*;
use crate::iam::lines_with;

const ITEM: VariableId = VariableId(8);

fn map(items: Items, distributed: Option<Distributed>, body: Block) -> Map {
    Map {
        items,
        item: ITEM,
        index: VariableId(9),
        concurrency: None,
        collect: false,
        distributed,
        label: LabelId(0),
        body,
        returns: Type::Any,
    }
}

fn distributed() -> Distributed {
    Distributed {
        express: false,
        batch: None,
        tolerate: None,
        results: None,
        label: None,
    }
}

fn dataset(reader: Reader, key: Option<Expr>) -> Dataset {
    Dataset {
        reader,
        bucket: text("raw"),
        key,
        config: Vec::new(),
        arguments: Vec::new(),
        within: None,
        accesses: Vec::new(),
        span: span(0),
    }
}

fn over(map: Map) -> Program {
    program(vec![stage("files", StageKind::Map(Box::new(map)))])
}

fn labels() -> Labels {
    Labels::from([(ITEM, "files".to_owned())])
}

/// What reading needs, without what every distributed map needs.
fn reading(dataset: Dataset) -> Vec<String> {
    let program = over(map(
        Items::Dataset(Box::new(dataset)),
        Some(distributed()),
        Block::default(),
    ));
    lines_with(&program, &labels())
        .into_iter()
        .filter(|line| !line.starts_with("states:"))
        .collect()
}

#[test]
fn a_distributed_map_starts_looks_at_stops_and_redrives_its_own_children() {
    let program = over(map(
        Items::Values(list(vec![])),
        Some(distributed()),
        Block::default(),
    ));
    assert_eq!(
        lines_with(&program, &labels()),
        [
            "states:DescribeExecution states:StopExecution | ~states:RA:execution:load/files:* ~states:RA:execution:load:*",
            "states:RedriveExecution | ~states:RA:execution:load/files:*",
            "states:StartExecution | ~states:RA:stateMachine:load",
        ]
    );
}

#[test]
fn express_children_are_started_anew_instead_of_redriven() {
    let express = Distributed {
        express: true,
        ..distributed()
    };
    let program = over(map(
        Items::Values(list(vec![])),
        Some(express),
        Block::default(),
    ));
    assert!(
        !lines_with(&program, &labels())
            .join(" ")
            .contains("Redrive")
    );
}

#[test]
fn an_inline_map_needs_nothing_of_its_own() {
    let program = over(map(Items::Values(list(vec![])), None, Block::default()));
    assert_eq!(lines_with(&program, &labels()), [""; 0]);
}

#[test]
fn a_reader_reads_its_object_and_nothing_beside() {
    for reader in [
        Reader::Csv,
        Reader::Json,
        Reader::Jsonl,
        Reader::Parquet,
        Reader::Manifest,
    ] {
        assert_eq!(
            reading(dataset(reader, Some(text("in/a.csv")))),
            ["s3:GetObject | ~s3:::raw/in/a.csv"]
        );
    }
    let mut old = dataset(Reader::Csv, Some(text("in/a.csv")));
    old.arguments = vec![("VersionId".to_owned(), text("v1"))];
    assert_eq!(reading(old), ["s3:GetObjectVersion | ~s3:::raw/in/a.csv"]);
}

#[test]
fn a_listing_is_held_to_its_prefix_and_opens_files_only_when_it_loads_them() {
    let list = "s3:ListBucket | ~s3:::raw | StringLike s3:prefix in/";
    let objects = || dataset(Reader::Objects, Some(text("in/")));
    assert_eq!(reading(objects()), [list]);
    let mut loading = objects();
    loading.config = vec![("Transformation".to_owned(), text("LOAD_AND_FLATTEN"))];
    assert_eq!(reading(loading), ["s3:GetObject | ~s3:::raw/in/*", list]);
    assert_eq!(
        reading(dataset(Reader::Objects, None)),
        ["s3:ListBucket | ~s3:::raw"]
    );
}

#[test]
fn an_inventory_reads_its_manifest_and_the_data_beside() {
    let day = variable(1, Type::String);
    let key = template(vec![text("inv/raw/daily/"), day, text("/manifest.json")]);
    assert_eq!(
        reading(dataset(Reader::Inventory, Some(key))),
        ["s3:GetObject | ~s3:::raw/inv/raw/daily/*/manifest.json ~s3:::raw/inv/raw/daily/data/*"]
    );
}

#[test]
fn an_unknown_key_is_bounded_at_the_map() {
    let unknown = || dataset(Reader::Csv, Some(variable(1, Type::String)));
    let program = over(map(
        Items::Dataset(Box::new(unknown())),
        Some(distributed()),
        Block::default(),
    ));
    let problems = access::find_accesses(&program, &program.pipelines[0]).problems;
    assert!(matches!(problems.as_slice(), [Problem::Unbounded { member, .. }] if member == "Key"));
    let mut bounded = unknown();
    bounded.within = Some(text("in/*.csv"));
    assert_eq!(reading(bounded), ["s3:GetObject | ~s3:::raw/in/*.csv"]);
}

#[test]
fn what_a_manifest_names_is_declared() {
    let mut manifest = dataset(Reader::Manifest, Some(text("unload/manifest.csv")));
    manifest.accesses = vec![access(0, false, Some("unload/*"))];
    let mut program = over(map(
        Items::Dataset(Box::new(manifest)),
        Some(distributed()),
        Block::default(),
    ));
    program.resources = vec![existing("bucket", "raw")];
    let lines = lines_with(&program, &labels()).join("\n");
    assert!(
        lines.contains("s3:GetObject | ~s3:::raw/unload/*\n"),
        "{lines}"
    );
}

#[test]
fn results_are_written_below_their_prefix() {
    let writing = |prefix: Option<&str>| {
        let results = Distributed {
            results: Some(ResultTarget {
                bucket: text("out"),
                prefix: prefix.map(text),
            }),
            ..distributed()
        };
        let program = over(map(
            Items::Values(list(vec![])),
            Some(results),
            Block::default(),
        ));
        lines_with(&program, &labels())[0].clone()
    };
    let actions = "s3:AbortMultipartUpload s3:GetObject s3:ListMultipartUploadParts s3:PutObject";
    assert_eq!(
        writing(Some("runs")),
        format!("{actions} | ~s3:::out/runs/*")
    );
    assert_eq!(
        writing(Some("runs/")),
        format!("{actions} | ~s3:::out/runs/*")
    );
    assert_eq!(writing(None), format!("{actions} | ~s3:::out/*/*"));
}

fn item_job(name: Expr) -> Block {
    Block {
        stages: calls(vec![request(
            "glue",
            "startJobRun",
            vec![("JobName", name)],
        )]),
    }
}

#[test]
fn an_item_of_a_written_list_is_each_of_its_elements() {
    let items = Items::Values(list(vec![
        object(vec![("job", text("eu"))]),
        object(vec![("job", text("us"))]),
    ]));
    let name = template(vec![
        text("clean-"),
        member(variable(ITEM.0, Type::Any), "job", Type::Any),
    ]);
    let program = over(map(items, None, item_job(name)));
    assert_eq!(
        lines_with(&program, &labels()),
        ["glue:StartJobRun | ~glue:RA:job/clean-eu ~glue:RA:job/clean-us"]
    );
}

#[test]
fn a_listed_objects_key_begins_with_the_prefix() {
    let get = || {
        let item = variable(ITEM.0, Type::Any);
        let key = member(item, "Key", Type::String);
        Block {
            stages: calls(vec![request(
                "s3",
                "getObject",
                vec![("Bucket", text("raw")), ("Key", key)],
            )]),
        }
    };
    let objects = || Items::Dataset(Box::new(dataset(Reader::Objects, Some(text("in/")))));
    let program = over(map(objects(), Some(distributed()), get()));
    let lines = lines_with(&program, &labels());
    assert!(
        lines.contains(&"s3:GetObject | ~s3:::raw/in/*".to_owned()),
        "{lines:?}"
    );
    // In a batch the item is the list of its items.
    let batched = Distributed {
        batch: Some(Batch::Items(text("10"))),
        ..distributed()
    };
    let program = over(map(objects(), Some(batched), get()));
    let problems = access::find_accesses(&program, &program.pipelines[0]).problems;
    assert!(!problems.is_empty());
}

fn access(resource: u32, writes: bool, path: Option<&str>) -> Access {
    Access {
        writes,
        resource: ResourceId(resource),
        path: path.map(text),
        span: span(0),
    }
}

fn query(accesses: Vec<Access>) -> Program {
    statement("SELECT 1", accesses)
}

fn statement(sql: &str, accesses: Vec<Access>) -> Program {
    let mut query = sync(
        "athena",
        "startQueryExecution",
        vec![("QueryString", text(sql)), ("WorkGroup", text("etl"))],
    );
    query.accesses = accesses;
    let mut program = program(calls(vec![query]));
    program.resources = vec![
        existing("bucket", "curated"),
        existing("glue_table", "sales/orders"),
        existing("database", "scratch"),
        existing("topic", "ops"),
        existing("key", "1234"),
    ];
    program
}

#[test]
fn a_query_touches_what_is_declared() {
    let read = query(vec![
        access(0, false, Some("orders/*")),
        access(1, false, None),
    ]);
    insta::assert_snapshot!("query_reads", lines_with(&read, &labels()).join("\n"));
    let write = query(vec![
        access(0, true, Some("orders/*")),
        access(1, true, None),
    ]);
    insta::assert_snapshot!("query_writes", lines_with(&write, &labels()).join("\n"));
    let tables = query(vec![access(2, true, Some("tmp_*")), access(4, false, None)]);
    insta::assert_snapshot!(
        "query_makes_tables",
        lines_with(&tables, &labels()).join("\n")
    );
}

#[test]
fn an_insert_leaves_the_tables_of_its_database_where_they_are() {
    let writes = |sql| {
        let program = statement(sql, vec![access(2, true, Some("orders"))]);
        lines_with(&program, &labels()).join(" ")
    };
    let insert = writes("  insert INTO orders SELECT * FROM raw");
    assert!(insert.contains("glue:BatchCreatePartition"), "{insert}");
    assert!(!insert.contains("glue:DeleteTable"), "{insert}");
    let anything = writes("CREATE TABLE orders AS SELECT * FROM raw");
    assert!(anything.contains("glue:CreateTable"), "{anything}");
}

#[test]
fn a_query_without_declared_data_is_told() {
    let program = query(Vec::new());
    let problems = access::find_accesses(&program, &program.pipelines[0]).problems;
    assert!(
        matches!(
            problems.as_slice(),
            [Problem::UndeclaredData {
                only_tables: false,
                ..
            }]
        ),
        "{problems:?}"
    );
}

#[test]
fn a_query_that_declares_files_but_no_tables_is_told() {
    let program = query(vec![access(0, false, Some("orders/*"))]);
    let problems = access::find_accesses(&program, &program.pipelines[0]).problems;
    assert!(
        matches!(
            problems.as_slice(),
            [Problem::UndeclaredData {
                only_tables: true,
                ..
            }]
        ),
        "{problems:?}"
    );
}

#[test]
fn a_topic_is_not_read_and_a_job_reads_under_its_own_role() {
    let program = query(vec![access(1, false, None), access(3, false, None)]);
    let problems = access::find_accesses(&program, &program.pipelines[0]).problems;
    assert!(
        matches!(
            problems.as_slice(),
            [Problem::AccessNotTaken {
                kind: "topic",
                own_role: false,
                ..
            }]
        ),
        "{problems:?}"
    );
    let mut job = sync("glue", "startJobRun", vec![("JobName", text("clean"))]);
    job.accesses = vec![access(0, false, None), access(1, false, None)];
    let mut program = crate::by_hand::program(calls(vec![job]));
    program.resources = vec![existing("bucket", "curated"), existing("key", "1234")];
    let found = access::find_accesses(&program, &program.pipelines[0]);
    assert!(
        matches!(
            found.problems.as_slice(),
            [Problem::AccessNotTaken {
                kind: "bucket",
                own_role: true,
                ..
            }]
        ),
        "{:?}",
        found.problems
    );
    assert!(
        found
            .needs
            .iter()
            .any(|need| need.actions == ["kms:Decrypt"])
    );
}

#[test]
fn names_of_a_map_without_a_label_are_open() {
    let program = over(map(
        Items::Values(list(vec![])),
        Some(distributed()),
        Block::default(),
    ));
    let names = Names::new(&program);
    let policy = iam::policy(&program, &program.pipelines[0]);
    let text = policy.plain(&names, &Labels::new()).to_string();
    assert!(text.contains("execution:load/*:*"), "{text}");
}
