//! What CloudWatch measures of a pipeline and of what it uses: for alarms, by the word that names one, and for dashboards.
//!
//! Names and dimensions: the services' own guides. Knows nothing of programs.

use super::grant::Reading;

/// What an alarm can watch.
#[derive(Debug, PartialEq)]
pub struct Measure {
    /// The word in `alarm`.
    pub word: &'static str,
    pub subject: Subject,
    pub namespace: &'static str,
    pub metric: &'static str,
    pub statistic: &'static str,
    /// Beside the subject's own; a set each where several metrics are added up.
    pub dimensions: &'static [&'static [(&'static str, &'static str)]],
    pub bound: Bound,
    /// What an alarm says, with the pipeline or what it uses behind it.
    pub says: &'static str,
}

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The state machine.
    Machine,
    /// The queue that takes what could not start it.
    DeadLetters,
    GlueJob,
    WorkGroup,
    Function,
    EmrCluster,
    /// An application of EMR Serverless.
    Application,
    Queue,
}

/// What is compared with what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// More than this many, 0 if not said.
    Count,
    /// Longer than a duration, which must be said; so many of the metric's units are a second.
    Longer(f64),
    /// More than a size, which must be said.
    Bytes,
    /// Nothing for as long as is said.
    Nothing,
    /// At least 1 for as long as is said.
    Lasting,
}

impl Subject {
    /// The dimension that names it.
    pub fn dimension(self) -> &'static str {
        match self {
            Subject::Machine => "StateMachineArn",
            Subject::DeadLetters | Subject::Queue => "QueueName",
            Subject::GlueJob => "JobName",
            Subject::WorkGroup => "WorkGroup",
            Subject::Function => "FunctionName",
            Subject::EmrCluster => "JobFlowId",
            Subject::Application => "ApplicationId",
        }
    }

    /// The operation that uses it, and the member that names it. None for what belongs to the pipeline.
    pub fn used_by(self) -> Option<(&'static str, &'static str, &'static str)> {
        Some(match self {
            Subject::Machine | Subject::DeadLetters => return None,
            Subject::GlueJob => ("glue", "startJobRun", "JobName"),
            Subject::WorkGroup => ("athena", "startQueryExecution", "WorkGroup"),
            Subject::Function => ("lambda", "invoke", "FunctionName"),
            Subject::EmrCluster => ("emr", "addStep", "ClusterId"),
            Subject::Application => ("emrserverless", "startJobRun", "ApplicationId"),
            Subject::Queue => ("sqs", "sendMessage", "QueueUrl"),
        })
    }

    /// The part of that member which is the dimension's value.
    pub fn reading(self) -> Reading {
        match self {
            Subject::Queue => Reading::UrlTail,
            _ => Reading::Text,
        }
    }

    /// As people call it.
    pub fn noun(self) -> &'static str {
        match self {
            Subject::Machine => "state machine",
            Subject::DeadLetters => "dead-letter queue",
            Subject::GlueJob => "Glue job",
            Subject::WorkGroup => "Athena workgroup",
            Subject::Function => "function",
            Subject::EmrCluster => "EMR cluster",
            Subject::Application => "EMR Serverless application",
            Subject::Queue => "queue",
        }
    }
}

const PLAIN: &[&[(&str, &str)]] = &[&[]];
const STATES: &str = "AWS/States";

macro_rules! measures {
    ($($word:literal $subject:ident $namespace:expr, $metric:literal $statistic:literal $dimensions:expr, $bound:expr, $says:literal;)*) => {
        /// In the order of the guide.
        pub const MEASURES: &[Measure] = &[$(Measure {
            word: $word,
            subject: Subject::$subject,
            namespace: $namespace,
            metric: $metric,
            statistic: $statistic,
            dimensions: $dimensions,
            bound: $bound,
            says: $says,
        }),*];
    };
}

#[rustfmt::skip]
measures! {
    "failed" Machine STATES, "ExecutionsFailed" "Sum" PLAIN, Bound::Count, "executions failed";
    "timed_out" Machine STATES, "ExecutionsTimedOut" "Sum" PLAIN, Bound::Count, "executions timed out";
    "aborted" Machine STATES, "ExecutionsAborted" "Sum" PLAIN, Bound::Count, "executions were stopped";
    "throttled" Machine STATES, "ExecutionThrottled" "Sum" PLAIN, Bound::Count, "states or retries were throttled";
    // In milliseconds.
    "duration" Machine STATES, "ExecutionTime" "Maximum" PLAIN, Bound::Longer(1000.0), "an execution took too long";
    "silent" Machine STATES, "ExecutionsSucceeded" "Sum" PLAIN, Bound::Nothing, "no execution succeeded";
    "dead_letters" DeadLetters "AWS/SQS", "ApproximateNumberOfMessagesVisible" "Maximum" PLAIN, Bound::Count, "something could not start it";
    "failed_tasks" GlueJob "Glue", "glue.driver.aggregate.numFailedTasks" "Sum" &[&[("JobRunId", "ALL"), ("Type", "count")]], Bound::Count, "Spark tasks failed";
    "failed_queries" WorkGroup "AWS/Athena", "TotalExecutionTime" "SampleCount" &[
        &[("QueryState", "FAILED"), ("QueryType", "DML")], &[("QueryState", "FAILED"), ("QueryType", "DDL")],
    ], Bound::Count, "queries failed";
    "scanned" WorkGroup "AWS/Athena", "ProcessedBytes" "Sum" &[&[("QueryState", "SUCCEEDED"), ("QueryType", "DML")]], Bound::Bytes, "queries read too much";
    "function_errors" Function "AWS/Lambda", "Errors" "Sum" PLAIN, Bound::Count, "the function failed";
    "failed_apps" EmrCluster "AWS/ElasticMapReduce", "AppsFailed" "Maximum" PLAIN, Bound::Count, "applications failed";
    "idle" EmrCluster "AWS/ElasticMapReduce", "IsIdle" "Minimum" PLAIN, Bound::Lasting, "the cluster does nothing";
    "failed_jobs" Application "AWS/EMRServerless", "FailedJobs" "Sum" PLAIN, Bound::Count, "job runs failed";
    "queued" Queue "AWS/SQS", "ApproximateNumberOfMessagesVisible" "Maximum" PLAIN, Bound::Count, "messages wait in the queue";
}

/// By its word.
pub fn find(word: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.word == word)
}

/// A line of a dashboard's graph: metric, statistic, what people call it, the dimensions beside the subject's own.
pub type Line = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// A graph of a dashboard.
#[derive(Debug)]
pub struct Graph {
    pub subject: Subject,
    pub title: &'static str,
    pub namespace: &'static str,
    pub lines: &'static [Line],
    /// Of the left axis.
    pub unit: &'static str,
}

const ALL_RUNS: &[(&str, &str)] = &[("JobRunId", "ALL"), ("Type", "count")];
const GAUGE: &[(&str, &str)] = &[("JobRunId", "ALL"), ("Type", "gauge")];
const DML_DONE: &[(&str, &str)] = &[("QueryState", "SUCCEEDED"), ("QueryType", "DML")];
const DML_FAILED: &[(&str, &str)] = &[("QueryState", "FAILED"), ("QueryType", "DML")];

/// In the order of the page.
#[rustfmt::skip]
pub const GRAPHS: &[Graph] = &[
    Graph { subject: Subject::Machine, title: "Executions", namespace: STATES, unit: "Count", lines: &[
        ("ExecutionsStarted", "Sum", "started", &[]),
        ("ExecutionsSucceeded", "Sum", "succeeded", &[]),
        ("ExecutionsFailed", "Sum", "failed", &[]),
        ("ExecutionsTimedOut", "Sum", "timed out", &[]),
        ("ExecutionsAborted", "Sum", "stopped", &[]),
    ] },
    Graph { subject: Subject::Machine, title: "Duration", namespace: STATES, unit: "Milliseconds", lines: &[
        ("ExecutionTime", "p50", "half are done after", &[]),
        ("ExecutionTime", "p95", "95 of 100 are done after", &[]),
        ("ExecutionTime", "Maximum", "the longest", &[]),
    ] },
    Graph { subject: Subject::Machine, title: "Throttled", namespace: STATES, unit: "Count", lines: &[
        ("ExecutionThrottled", "Sum", "states and retries", &[]),
    ] },
    Graph { subject: Subject::DeadLetters, title: "Starts that failed", namespace: "AWS/SQS", unit: "Count", lines: &[
        ("ApproximateNumberOfMessagesVisible", "Maximum", "waiting", &[]),
        ("ApproximateAgeOfOldestMessage", "Maximum", "seconds since the oldest", &[]),
    ] },
    Graph { subject: Subject::GlueJob, title: "Glue job", namespace: "Glue", unit: "Count", lines: &[
        ("glue.driver.aggregate.numCompletedTasks", "Sum", "tasks done", ALL_RUNS),
        ("glue.driver.aggregate.numFailedTasks", "Sum", "tasks failed", ALL_RUNS),
        ("glue.driver.aggregate.elapsedTime", "Maximum", "milliseconds", ALL_RUNS),
        ("glue.ALL.jvm.heap.usage", "Maximum", "heap in use", GAUGE),
    ] },
    Graph { subject: Subject::WorkGroup, title: "Athena workgroup", namespace: "AWS/Athena", unit: "Milliseconds", lines: &[
        ("TotalExecutionTime", "Average", "time of a query", DML_DONE),
        ("QueryQueueTime", "Average", "of that, in the queue", DML_DONE),
        ("TotalExecutionTime", "SampleCount", "queries that failed", DML_FAILED),
        ("ProcessedBytes", "Sum", "bytes read", DML_DONE),
    ] },
    Graph { subject: Subject::Function, title: "Function", namespace: "AWS/Lambda", unit: "Count", lines: &[
        ("Invocations", "Sum", "calls", &[]),
        ("Errors", "Sum", "errors", &[]),
        ("Throttles", "Sum", "throttled", &[]),
        ("Duration", "p95", "milliseconds, 95 of 100", &[]),
    ] },
    Graph { subject: Subject::EmrCluster, title: "EMR cluster", namespace: "AWS/ElasticMapReduce", unit: "Count", lines: &[
        ("AppsRunning", "Maximum", "applications running", &[]),
        ("AppsPending", "Maximum", "waiting", &[]),
        ("AppsFailed", "Maximum", "failed", &[]),
        ("YARNMemoryAvailablePercentage", "Minimum", "memory left, percent", &[]),
    ] },
    Graph { subject: Subject::Application, title: "EMR Serverless application", namespace: "AWS/EMRServerless", unit: "Count", lines: &[
        ("RunningJobs", "Maximum", "running", &[]),
        ("PendingJobs", "Maximum", "waiting", &[]),
        ("FailedJobs", "Sum", "failed", &[]),
        ("SuccessJobs", "Sum", "succeeded", &[]),
    ] },
    Graph { subject: Subject::Queue, title: "Queue", namespace: "AWS/SQS", unit: "Count", lines: &[
        ("NumberOfMessagesSent", "Sum", "sent", &[]),
        ("ApproximateNumberOfMessagesVisible", "Maximum", "waiting", &[]),
        ("ApproximateAgeOfOldestMessage", "Maximum", "seconds since the oldest", &[]),
    ] },
];

/// The longest time that an alarm can look back, in seconds: a day; with periods of an hour, a week.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
pub const LOOK_BACK: u64 = 7 * 86_400;
/// Periods of an alarm are at most so long where it looks back further than a day.
pub const HOUR: u64 = 3_600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_stands_once() {
        for (i, measure) in MEASURES.iter().enumerate() {
            assert!(MEASURES[..i].iter().all(|m| m.word != measure.word));
        }
    }

    #[test]
    fn what_is_used_is_an_operation_that_names_it() {
        for subject in MEASURES
            .iter()
            .map(|m| m.subject)
            .chain(GRAPHS.iter().map(|g| g.subject))
        {
            let Some((service, operation, member)) = subject.used_by() else {
                continue;
            };
            let operation = crate::catalog::find_service(service)
                .and_then(|s| s.find_operation(operation))
                .expect(operation);
            let form = operation.complete().expect("it can be called");
            assert!(form.input.find_member(member).is_some(), "{member}");
        }
    }
}
