//! What a state machine's role needs beside what its calls need: distributed maps, logs, traces, other roles, and the
//! data that a call touches under the caller's name.
//!
//! Holes of these grants are not arguments of an operation; each function says what fills them.

use std::sync::LazyLock;

use super::grant::{ArnTemplate, Condition, Grant, GrantSource};

/// Actions, resources (none: AWS offers no resource-level permission), and at most one condition.
type Row = (
    &'static [&'static str],
    &'static [&'static str],
    Option<(&'static str, &'static str, &'static str)>,
);

fn read(rows: &[Row]) -> Vec<Grant> {
    let template = |text: &str| ArnTemplate::parse(text).expect("the tables here are well formed");
    rows.iter()
        .map(|(actions, resources, condition)| Grant {
            actions: actions.iter().map(|a| (*a).to_owned()).collect(),
            resources: resources.iter().map(|r| template(r)).collect(),
            conditions: condition
                .iter()
                .map(|(operator, key, value)| Condition {
                    operator: (*operator).to_owned(),
                    key: (*key).to_owned(),
                    value: template(value),
                })
                .collect(),
            when: None,
            source: GrantSource::Documented,
        })
        .collect()
}

macro_rules! grants {
    ($(#[$doc:meta])* $name:ident, $rows:expr) => {
        $(#[$doc])*
        pub fn $name() -> &'static [Grant] {
            static GRANTS: LazyLock<Vec<Grant>> = LazyLock::new(|| read($rows));
            &GRANTS
        }
    };
}

grants! {
    /// A distributed map starts children of its own machine, looks at them and stops them. Holes: `Label`.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html>
    map_run, &[
        (&["states:StartExecution"], &["arn:{partition}:states:{region}:{account}:stateMachine:{machine}"], None),
        (
            &["states:DescribeExecution", "states:StopExecution"],
            &[
                "arn:{partition}:states:{region}:{account}:execution:{machine}:*",
                "arn:{partition}:states:{region}:{account}:execution:{machine}/{Label}:*",
            ],
            None,
        ),
    ]
}

grants! {
    /// A redrive of the map runs its failed standard children again; express ones are started anew. Holes: `Label`.
    redrive, &[(
        &["states:RedriveExecution"],
        &["arn:{partition}:states:{region}:{account}:execution:{machine}/{Label}:*"],
        None,
    )]
}

grants! {
    /// A reader of one object. Holes: `Bucket`, `Key`.
    read_object, &[(&["s3:GetObject"], &["arn:{partition}:s3:::{Bucket}/{Key}"], None)]
}

grants! {
    /// A reader of one version of an object. Holes: `Bucket`, `Key`.
    read_object_version, &[(&["s3:GetObjectVersion"], &["arn:{partition}:s3:::{Bucket}/{Key}"], None)]
}

grants! {
    /// A reader that lists. Holes: `Bucket`, `Key` (the prefix; may be absent).
    list_objects, &[(
        &["s3:ListBucket"],
        &["arn:{partition}:s3:::{Bucket}"],
        Some(("StringLike", "s3:prefix", "{Key}")),
    )]
}

grants! {
    /// A result writer. Holes: `Bucket`, `Key` (the prefix without its last slash; may be absent).
    write_results, &[
        (
            &["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"],
            &["arn:{partition}:s3:::{Bucket}/{Key=*}/*"],
            None,
        ),
    ]
}

grants! {
    /// Delivery of logs to CloudWatch Logs.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>
    log_delivery, &[(
        &[
            "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
        ],
        &[],
        None,
    )]
}

grants! {
    /// Traces to X-Ray. <https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html>
    tracing, &[(
        &["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
        &[],
        None,
    )]
}

grants! {
    /// A task's `Credentials`: everything else is then allowed by that role. Holes: `RoleArn`.
    assume_role, &[(&["sts:AssumeRole"], &["{RoleArn|arn}"], None)]
}

grants! {
    /// An encrypted machine: its role, and whoever starts it. Holes: `Key`, `Machine`.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html>
    encrypted_machine, &[(
        &["kms:Decrypt", "kms:GenerateDataKey"],
        &["{Key|arn}"],
        Some(("StringEquals", "kms:EncryptionContext:aws:states:stateMachineArn", "{Machine}")),
    )]
}

grants! {
    /// The logs of an encrypted machine. Holes: `Key`.
    encrypted_logs, &[(
        &["kms:GenerateDataKey"],
        &["{Key|arn}"],
        Some(("StringLike", "kms:EncryptionContext:SourceArn", "arn:{partition}:logs:{region}:{account}:*")),
    )]
}

grants! {
    /// A trigger. Holes: `Machine`, of the machine or of its alias.
    start_machine, &[(&["states:StartExecution"], &["{Machine|arn}"], None)]
}

grants! {
    /// A pipe that waits for an express machine. Holes: `Machine`.
    start_machine_and_wait, &[(&["states:StartSyncExecution"], &["{Machine|arn}"], None)]
}

grants! {
    /// What cannot be delivered. Holes: `DeadLetters`.
    send_dead_letters, &[(&["sqs:SendMessage"], &["{DeadLetters|arn}"], None)]
}

// What a pipe needs of its source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html>

grants! {
    /// A pipe's stream. Holes: `Source`.
    read_kinesis, &[(
        &[
            "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
            "kinesis:ListShards",
        ],
        &["{Source|arn}"],
        None,
    )]
}

grants! {
    /// A pipe's table. Holes: `Source`, the ARN of the stream.
    read_dynamodb, &[
        (&["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], &["{Source|arn}"], None),
        (&["dynamodb:ListStreams"], &[], None),
    ]
}

grants! {
    /// A pipe's queue. Holes: `Source`.
    read_queue, &[(
        &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        &["{Source|arn}"],
        None,
    )]
}

/// A queue's ARN, its name as the hole `Name`.
pub fn queue_arn() -> &'static ArnTemplate {
    static TEMPLATE: LazyLock<ArnTemplate> = LazyLock::new(|| {
        ArnTemplate::parse("arn:{partition}:sqs:{region}:{account}:{Name}")
            .expect("it is well formed")
    });
    &TEMPLATE
}

/// Characters of a queue's name.
const QUEUE_NAME: usize = 80;

/// The name of the queue that takes what could not start a machine.
pub fn dead_letters_name(machine: &str) -> String {
    shorten(machine, "-dead-letters", QUEUE_NAME)
}

/// A name behind which something stands, with at most so many characters: where it is too long, a hash stands for its end.
pub fn shorten(name: &str, behind: &str, most: usize) -> String {
    let whole = name.chars().count() + behind.chars().count();
    if whole <= most {
        return format!("{name}{behind}");
    }
    // FNV-1a: short, and the same on every machine.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let room = most.saturating_sub(behind.chars().count() + 9);
    let front: String = name.chars().take(room).collect();
    format!("{front}-{hash:08x}{behind}")
}

/// The property of a resource that says in a call's place what the call does not: the member that names the resource, and
/// the property's path.
pub fn find_implied(
    service: &str,
    operation: &str,
    path: &str,
) -> Option<(&'static str, &'static str)> {
    match (service, operation, path) {
        ("athena", "startQueryExecution", "ResultConfiguration.OutputLocation") => Some((
            "WorkGroup",
            "WorkGroupConfiguration.ResultConfiguration.OutputLocation",
        )),
        _ => None,
    }
}

/// A state machine's ARN, its name as the hole `Name`.
pub fn machine_arn() -> &'static ArnTemplate {
    static TEMPLATE: LazyLock<ArnTemplate> = LazyLock::new(|| {
        ArnTemplate::parse("arn:{partition}:states:{region}:{account}:stateMachine:{Name}")
            .expect("it is well formed")
    });
    &TEMPLATE
}

/// What a member of a result can be, in terms of the call's arguments, where they say more than nothing.
pub fn find_result(service: &str, operation: &str, member: &str) -> Option<&'static ArnTemplate> {
    static EXECUTION: LazyLock<ArnTemplate> = LazyLock::new(|| {
        ArnTemplate::parse(
            "arn:{partition}:states:{region}:{account}:execution:{StateMachineArn|name}:*",
        )
        .expect("it is well formed")
    });
    match (service, operation, member) {
        ("sfn", "startExecution", "ExecutionArn") => Some(&EXECUTION),
        _ => None,
    }
}

const CATALOG: &str = "arn:{partition}:glue:{region}:{account}:catalog";
const DATABASE: &str = "arn:{partition}:glue:{region}:{account}:database/{Database}";
const GLUE_TABLE: &str = "arn:{partition}:glue:{region}:{account}:table/{Database}/{Table=*}";

grants! {
    read_bucket, &[
        (&["s3:GetBucketLocation"], &["{Arn|arn}"], None),
        (&["s3:ListBucket"], &["{Arn|arn}"], Some(("StringLike", "s3:prefix", "{Path}"))),
        (&["s3:GetObject"], &["{Arn|arn}/{Path=*}"], None),
    ]
}

grants! {
    write_bucket, &[
        (&["s3:GetBucketLocation"], &["{Arn|arn}"], None),
        (&["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], &["{Arn|arn}/{Path=*}"], None),
    ]
}

const GET_DATABASE: Row = (&["glue:GetDatabase"], &[CATALOG, DATABASE], None);

grants! {
    read_glue_table, &[
        GET_DATABASE,
        (
            &["glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"],
            &[CATALOG, DATABASE, GLUE_TABLE],
            None,
        ),
    ]
}

grants! {
    write_glue_table, &[
        GET_DATABASE,
        (
            &[
                "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition",
                "glue:BatchCreatePartition", "glue:CreatePartition", "glue:UpdatePartition", "glue:UpdateTable",
            ],
            &[CATALOG, DATABASE, GLUE_TABLE],
            None,
        ),
    ]
}

grants! {
    read_database, &[
        GET_DATABASE,
        (
            &[
                "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition",
            ],
            &[CATALOG, DATABASE, GLUE_TABLE],
            None,
        ),
    ]
}

grants! {
    // Tables come and go in it: CREATE TABLE AS, DROP TABLE.
    write_database, &[
        GET_DATABASE,
        (
            &[
                "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition",
                "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable", "glue:BatchCreatePartition",
                "glue:CreatePartition", "glue:UpdatePartition", "glue:DeletePartition", "glue:BatchDeletePartition",
            ],
            &[CATALOG, DATABASE, GLUE_TABLE],
            None,
        ),
    ]
}

grants! { read_table, &[(&["dynamodb:PartiQLSelect"], &["{Arn|arn}"], None)] }

grants! {
    write_table, &[(
        &["dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"],
        &["{Arn|arn}"],
        None,
    )]
}

grants! { read_key, &[(&["kms:Decrypt"], &["{Arn|arn}"], None)] }

grants! { write_key, &[(&["kms:Decrypt", "kms:GenerateDataKey"], &["{Arn|arn}"], None)] }

/// Services whose jobs read and write under a role of their own, not under the caller's.
const OWN_ROLE: &[&str] = &[
    "batch",
    "codebuild",
    "databrew",
    "ecs",
    "eks",
    "emr",
    "emrcontainers",
    "emrserverless",
    "glue",
    "lambda",
    "mediaconvert",
    "sagemaker",
    "sfn",
];

/// Whether what an operation of this service touches is touched under the caller's name.
pub fn acts_as_caller(service: &str) -> bool {
    OWN_ROLE.binary_search(&service).is_err()
}

/// Whether an operation touches, under the caller's name, data that only its text names: SQL.
pub fn touches_named_data(service: &str, operation: &str) -> bool {
    matches!((service, operation), ("athena", "startQueryExecution"))
}

/// The member of an operation whose text says what becomes of the data, and how it begins when no table comes or goes by it.
pub fn find_statement(service: &str, operation: &str) -> Option<(&'static str, &'static str)> {
    match (service, operation) {
        ("athena", "startQueryExecution") => Some(("QueryString", "INSERT")),
        _ => None,
    }
}

/// What `reads` (or `writes`) of a resource of this kind needs: Athena's queries, PartiQL, encrypted objects and messages.
/// Holes: `Arn`, and `Path` behind the resource's `/`; of the data catalog `Database` and `Table`. None when such a
/// resource is not touched by a call beside its arguments.
pub fn find_access(kind: &str, writes: bool) -> Option<&'static [Grant]> {
    Some(match (kind, writes) {
        ("bucket", false) => read_bucket(),
        ("bucket", true) => write_bucket(),
        ("database", false) => read_database(),
        ("database", true) => write_database(),
        ("glue_table", false) => read_glue_table(),
        ("glue_table", true) => write_glue_table(),
        ("table", false) => read_table(),
        ("table", true) => write_table(),
        ("key", false) => read_key(),
        ("key", true) => write_key(),
        _ => return None,
    })
}

/// Whether it is the data catalog's: what a query looks its tables up in.
pub fn is_catalog(kind: &str) -> bool {
    matches!(kind, "database" | "glue_table")
}

/// The kinds that [`find_access`] knows.
pub const ACCESSIBLE: [&str; 5] = ["bucket", "database", "glue_table", "table", "key"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_well_formed() {
        let fixed = [
            map_run(),
            redrive(),
            read_object(),
            read_object_version(),
            list_objects(),
            write_results(),
            log_delivery(),
            tracing(),
            assume_role(),
            encrypted_machine(),
            encrypted_logs(),
            start_machine(),
            start_machine_and_wait(),
            send_dead_letters(),
            read_kinesis(),
            read_dynamodb(),
            read_queue(),
        ];
        assert!(fixed.iter().all(|grants| !grants.is_empty()));
        for kind in ACCESSIBLE {
            assert!(find_access(kind, false).is_some_and(|g| !g.is_empty()));
            assert!(find_access(kind, true).is_some_and(|g| !g.is_empty()));
        }
        assert!(OWN_ROLE.is_sorted());
    }
}
