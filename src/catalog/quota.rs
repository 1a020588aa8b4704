//! What a service takes only so many of at once, and what it lets run as long as it likes.
//!
//! Quotas of the services' own pages; most can be raised.

/// Operations of which a service runs only so many at once.
#[derive(Debug, PartialEq, Eq)]
pub struct Capacity {
    pub service: &'static str,
    pub start: &'static str,
    /// What bounds it, as a sentence goes on: `a job runs once at a time, …`.
    pub bound: &'static str,
    /// How many any account can have at once.
    pub least: u64,
}

const CAPACITIES: &[Capacity] = &[
    Capacity {
        service: "athena",
        start: "startQueryExecution",
        bound: "an account has 150 to 200 active queries",
        least: 150,
    },
    Capacity {
        service: "emr",
        start: "addStep",
        bound: "a cluster takes 256 steps that are pending or active",
        least: 256,
    },
    Capacity {
        service: "glue",
        start: "startJobRun",
        bound: "a job runs as often at once as its `MaxConcurrentRuns` says, once if it says nothing",
        least: 1,
    },
];

/// How many of an operation a service runs at once, where that is few.
pub fn find_capacity(service: &str, start: &str) -> Option<&'static Capacity> {
    CAPACITIES
        .iter()
        .find(|capacity| capacity.service == service && capacity.start == start)
}

pub fn capacities() -> &'static [Capacity] {
    CAPACITIES
}

/// Jobs that their service never ends: service, operation, and the argument that would (dotted), if there is one.
const UNBOUNDED: &[(&str, &str, &str)] = &[
    ("batch", "submitJob", "Timeout.AttemptDurationSeconds"),
    ("ecs", "runTask", ""),
    ("eks", "runJob", ""),
    ("emr", "addStep", ""),
    ("emrcontainers", "startJobRun", ""),
];

/// Whether a job may run for ever: the argument that bounds it, empty where there is none.
pub fn find_unbounded(service: &str, start: &str) -> Option<&'static str> {
    find(UNBOUNDED, service, start)
}

pub fn unbounded() -> &'static [(&'static str, &'static str, &'static str)] {
    UNBOUNDED
}

/// Operations of which a page can be larger than the 256 KiB of a state's data, where the call does not say how much it is to
/// hold: service, operation, and what a page has.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>,
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html>
const LARGE_PAGES: &[(&str, &str, &str)] = &[
    ("dynamodb", "query", "up to 1 MB"),
    ("dynamodb", "scan", "up to 1 MB"),
    ("s3", "listObjectVersions", KEYS),
    ("s3", "listObjects", KEYS),
    ("s3", "listObjectsV2", KEYS),
];
const KEYS: &str = "up to 1,000 keys of up to 1,024 bytes";

/// What a page of an operation has that may be too much for a state.
pub fn find_large_page(service: &str, operation: &str) -> Option<&'static str> {
    find(LARGE_PAGES, service, operation)
}

pub fn large_pages() -> &'static [(&'static str, &'static str, &'static str)] {
    LARGE_PAGES
}

/// What a table says of an operation.
fn find(
    table: &[(&str, &str, &'static str)],
    service: &str,
    operation: &str,
) -> Option<&'static str> {
    table
        .iter()
        .find(|(own, name, _)| *own == service && *name == operation)
        .map(|(_, _, says)| *says)
}

/// A standard execution ends at so many events of its history.
pub const HISTORY_EVENTS: u64 = 25_000;
