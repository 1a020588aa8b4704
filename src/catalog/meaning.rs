//! What members mean beyond their types: text that is a query, numbers that count something else than seconds.
//!
//! From the members' descriptions in the API references.

/// Members whose text is executed as a query, and the member that takes parameters beside it.
const QUERIES: &[(&str, &str, &str)] = &[
    ("athena", "QueryString", "ExecutionParameters"),
    ("dynamodb", "Statement", "Parameters"),
    ("rdsdata", "Sql", "Parameters"),
    ("redshiftdata", "Sql", "Parameters"),
    ("redshiftdata", "Sqls", ""),
    ("timestreamquery", "QueryString", ""),
];

/// Members that are named after no unit and count minutes: service, operation, member (dotted inside of members).
const MINUTES: &[(&str, &str, &str)] = &[
    ("databrew", "createProfileJob", "Timeout"),
    ("databrew", "createRecipeJob", "Timeout"),
    ("glue", "createJob", "Timeout"),
    ("glue", "createJob", "NotificationProperty.NotifyDelayAfter"),
    ("glue", "createSession", "IdleTimeout"),
    ("glue", "createSession", "Timeout"),
    (
        "glue",
        "startJobRun",
        "NotificationProperty.NotifyDelayAfter",
    ),
    ("glue", "startJobRun", "Timeout"),
];

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Milliseconds,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    pub fn word(self) -> &'static str {
        match self {
            Unit::Milliseconds => "milliseconds",
            Unit::Minutes => "minutes",
            Unit::Hours => "hours",
            Unit::Days => "days",
        }
    }

    /// How many of it are so many seconds, where that is a whole number.
    pub fn count(self, seconds: u64) -> Option<u64> {
        let each = match self {
            Unit::Milliseconds => return seconds.checked_mul(1000),
            Unit::Minutes => 60,
            Unit::Hours => 3600,
            Unit::Days => 86_400,
        };
        seconds.is_multiple_of(each).then_some(seconds / each)
    }
}

/// The member that takes parameters of the query that is the text of another; empty where there is none. None: the text is
/// no query.
pub fn find_query(service: &str, member: &str) -> Option<&'static str> {
    QUERIES
        .iter()
        .find(|(of, name, _)| *of == service && *name == member)
        .map(|(.., parameters)| *parameters)
}

/// What a member of a call counts when it is not seconds. `path` is dotted: `NotificationProperty.NotifyDelayAfter`.
pub fn find_unit(service: &str, operation: &str, path: &str) -> Option<Unit> {
    if MINUTES.contains(&(service, operation, path)) {
        return Some(Unit::Minutes);
    }
    let member = path.rsplit('.').next().unwrap_or(path);
    // `TimeoutInMinutes`, `ExecutionTimeoutMinutes`, `TimeoutInMinutesOverride`.
    let words = [
        ("Millis", Unit::Milliseconds),
        ("Milliseconds", Unit::Milliseconds),
        ("Minutes", Unit::Minutes),
        ("Hours", Unit::Hours),
        ("Days", Unit::Days),
    ];
    let member = member.strip_suffix("Override").unwrap_or(member);
    words
        .into_iter()
        .find(|(word, _)| member.ends_with(word))
        .map(|(_, unit)| unit)
}

/// Service, member, and the member with its parameters, of all texts that are queries.
pub fn queries() -> &'static [(&'static str, &'static str, &'static str)] {
    QUERIES
}

/// Service, operation and member of all numbers that count minutes without saying so.
pub fn minutes() -> &'static [(&'static str, &'static str, &'static str)] {
    MINUTES
}
