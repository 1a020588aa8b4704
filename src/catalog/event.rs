//! What triggers know of the events that start a pipeline: their fields, where the service has each, and the words of its
//! patterns.
//!
//! From the event reference of EventBridge, the user guides of Scheduler and Pipes, and Step Functions' own events.

/// A trigger's event, or one record of it.
#[derive(Debug)]
pub struct Event {
    /// The word after `on`.
    pub word: &'static str,
    /// It delivers a list of records.
    pub list: bool,
    pub fields: &'static [EventField],
    /// What a pattern of it may begin with; empty when it takes none.
    pub pattern: &'static [&'static str],
}

/// A member of `event`.
#[derive(Debug)]
pub struct EventField {
    pub name: &'static str,
    /// As the service names it.
    pub path: &'static str,
    pub kind: FieldKind,
    /// No text that it can be holds a quote or a backslash, so that it may stand inside of other text.
    pub plain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A string.
    Text,
    /// A string, or null.
    MaybeText,
    /// A string that the service leaves out where it has none: the empty string.
    QuotedText,
    Timestamp,
    /// A moment that the service has as text between quotes.
    QuotedTimestamp,
    Int,
    Number,
    Texts,
    /// One of these.
    OneOf(&'static [&'static str]),
    Any,
}

impl FieldKind {
    /// The placeholder stands between quotes.
    pub fn is_quoted(self) -> bool {
        matches!(self, FieldKind::QuotedText | FieldKind::QuotedTimestamp)
    }
}

const fn field(name: &'static str, path: &'static str, kind: FieldKind, plain: bool) -> EventField {
    EventField {
        name,
        path,
        kind,
        plain,
    }
}

/// How an execution ended.
pub const STATUSES: &[(&str, &str)] = &[
    ("succeeded", "SUCCEEDED"),
    ("failed", "FAILED"),
    ("timed_out", "TIMED_OUT"),
    ("aborted", "ABORTED"),
];

const STATUS_VALUES: &[&str] = &["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

const ENVELOPE: &[&str] = &[
    "account",
    "detail",
    "detail-type",
    "id",
    "region",
    "resources",
    "source",
    "time",
    "version",
    "$or",
];

/// All events, by their words.
#[rustfmt::skip]
pub const EVENTS: &[Event] = &[
    // <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>
    Event { word: "schedule", list: false, pattern: &[], fields: &[
        field("scheduled_time", "aws.scheduler.scheduled-time", FieldKind::QuotedTimestamp, true),
        field("schedule_arn", "aws.scheduler.schedule-arn", FieldKind::QuotedText, true),
        field("execution_id", "aws.scheduler.execution-id", FieldKind::QuotedText, true),
        field("attempt", "aws.scheduler.attempt-number", FieldKind::QuotedText, true),
    ] },
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
    Event { word: "s3", list: false, pattern: &[], fields: &[
        field("bucket", "$.detail.bucket.name", FieldKind::Text, true),
        field("key", "$.detail.object.key", FieldKind::Text, false),
        field("size", "$.detail.object.size", FieldKind::Int, true),
        field("etag", "$.detail.object.etag", FieldKind::Text, true),
        // Left out where the bucket is not versioned.
        field("version", "$.detail.object.version-id", FieldKind::QuotedText, true),
        field("time", "$.time", FieldKind::Timestamp, true),
        field("reason", "$.detail.reason", FieldKind::Text, true),
    ] },
    Event { word: "event", list: false, pattern: ENVELOPE, fields: &[
        field("id", "$.id", FieldKind::Text, true),
        field("source", "$.source", FieldKind::Text, false),
        field("detail_type", "$.detail-type", FieldKind::Text, false),
        field("account", "$.account", FieldKind::Text, true),
        field("region", "$.region", FieldKind::Text, true),
        field("time", "$.time", FieldKind::Timestamp, true),
        field("resources", "$.resources", FieldKind::Texts, false),
        field("detail", "$.detail", FieldKind::Any, false),
    ] },
    // <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>
    Event { word: "finished", list: false, pattern: &[], fields: &[
        field("status", "$.detail.status", FieldKind::OneOf(STATUS_VALUES), true),
        field("execution", "$.detail.executionArn", FieldKind::Text, true),
        field("name", "$.detail.name", FieldKind::Text, true),
        field("input", "$.detail.input", FieldKind::MaybeText, false),
        field("output", "$.detail.output", FieldKind::MaybeText, false),
        field("error", "$.detail.error", FieldKind::MaybeText, false),
        field("cause", "$.detail.cause", FieldKind::MaybeText, false),
        field("time", "$.time", FieldKind::Timestamp, true),
    ] },
    // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html>
    Event { word: "kinesis", list: true, pattern: &[
        "approximateArrivalTimestamp", "data", "eventSource", "eventSourceARN", "partitionKey", "sequenceNumber",
    ], fields: &[
        field("data", "$.data", FieldKind::Any, false),
        field("partition_key", "$.partitionKey", FieldKind::Text, false),
        field("sequence_number", "$.sequenceNumber", FieldKind::Text, true),
        field("arrived", "$.approximateArrivalTimestamp", FieldKind::Number, true),
        field("stream", "$.eventSourceARN", FieldKind::Text, true),
    ] },
    Event { word: "sqs", list: true, pattern: &[
        "attributes", "awsRegion", "body", "eventSource", "eventSourceARN", "messageAttributes", "messageId",
    ], fields: &[
        field("body", "$.body", FieldKind::Any, false),
        field("message_id", "$.messageId", FieldKind::Text, true),
        field("attributes", "$.messageAttributes", FieldKind::Any, false),
        // Milliseconds since 1970, as text.
        field("sent", "$.attributes.SentTimestamp", FieldKind::Text, true),
        field("group", "$.attributes.MessageGroupId", FieldKind::QuotedText, true),
        field("queue", "$.eventSourceARN", FieldKind::Text, true),
    ] },
    Event { word: "dynamodb", list: true, pattern: &[
        "awsRegion", "dynamodb", "eventID", "eventName", "eventSource", "eventSourceARN",
    ], fields: &[
        field("name", "$.eventName", FieldKind::OneOf(&["INSERT", "MODIFY", "REMOVE"]), true),
        field("keys", "$.dynamodb.Keys", FieldKind::Any, false),
        field("new", "$.dynamodb.NewImage", FieldKind::Any, false),
        field("old", "$.dynamodb.OldImage", FieldKind::Any, false),
        field("id", "$.eventID", FieldKind::Text, true),
        field("stream", "$.eventSourceARN", FieldKind::Text, true),
    ] },
];

/// By its word.
pub fn find(word: &str) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.word == word)
}

/// What a value of a pattern may be compared with otherwise than as it is.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
pub const OPERATORS: &[&str] = &[
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
];

/// Whether an event's path can go on so: `$.detail.order-id[0]`.
pub fn is_path_step(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Limits of delivery: attempts, and seconds that an event is kept for them.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>
pub const RULE_ATTEMPTS: (u64, u64) = (0, 185);
pub const RULE_AGE: (u64, u64) = (60, 86_400);
/// Of the records of a stream.
/// <https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceKinesisStreamParameters.html>
pub const STREAM_ATTEMPTS: (u64, u64) = (0, 10_000);
pub const STREAM_AGE: (u64, u64) = (60, 604_800);
/// Records or messages of a batch.
pub const BATCH: (u64, u64) = (1, 10_000);
/// Messages of a batch of a FIFO queue.
pub const FIFO_BATCH: (u64, u64) = (1, 10);
/// Seconds that a batch is waited for.
pub const WINDOW: (u64, u64) = (0, 300);
/// Batches of a shard at the same time.
pub const PARALLEL: (u64, u64) = (1, 10);
/// Minutes in which a schedule may start.
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_FlexibleTimeWindow.html>
pub const FLEXIBLE: (u64, u64) = (1, 1_440);
/// Filters of a pipe.
pub const FILTERS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_stands_once_and_has_a_path_that_the_service_reads() {
        for event in EVENTS {
            for (i, field) in event.fields.iter().enumerate() {
                assert!(event.fields[..i].iter().all(|f| f.name != field.name));
                let steps = field.path.trim_start_matches("$.").split('.');
                assert!(steps.into_iter().all(is_path_step), "{}", field.path);
            }
            assert!(find(event.word).is_some());
        }
    }
}
