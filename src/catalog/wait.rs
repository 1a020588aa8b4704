//! Jobs that have no optimized integration, or are looked at without one: what starts them, what tells their state, and
//! which states are an end. For loops that poll.
//!
//! The values are the API's; on which side of the end each one stands is read from its documentation.

/// How the end of what an operation starts is seen.
#[derive(Debug, PartialEq, Eq)]
pub struct WaitLoop {
    pub service: &'static str,
    /// The operation that starts it.
    pub start: &'static str,
    /// The operation that tells its state.
    pub poll: &'static str,
    /// Where in the poll's result the state stands.
    pub path: &'static str,
    pub running: &'static [&'static str],
    pub done: &'static [&'static str],
    pub failed: &'static [&'static str],
}

/// How to wait for what an operation starts.
pub fn find_wait(service: &str, start: &str) -> Option<&'static WaitLoop> {
    WAITS
        .iter()
        .find(|wait| wait.service == service && wait.start == start)
}

/// All of them, by service and operation.
pub fn waits() -> &'static [WaitLoop] {
    WAITS
}

macro_rules! waits {
    ($($service:ident $start:ident => $poll:ident $path:literal
        running $running:tt done $done:tt failed $failed:tt;)*) => {
        &[$(WaitLoop {
            service: stringify!($service),
            start: stringify!($start),
            poll: stringify!($poll),
            path: $path,
            running: &$running,
            done: &$done,
            failed: &$failed,
        }),*]
    };
}

#[rustfmt::skip]
const WAITS: &[WaitLoop] = waits! {
    appflow startFlow => describeFlowExecutionRecords "FlowExecutions[].ExecutionStatus"
        running ["InProgress", "CancelStarted"] done ["Successful"] failed ["Error", "Canceled"];
    athena startQueryExecution => getQueryExecution "QueryExecution.Status.State"
        running ["QUEUED", "RUNNING"] done ["SUCCEEDED"] failed ["FAILED", "CANCELLED"];
    backup startBackupJob => describeBackupJob "State"
        running ["CREATED", "PENDING", "RUNNING", "ABORTING"] done ["COMPLETED", "PARTIAL"] failed ["ABORTED", "FAILED", "EXPIRED"];
    batch submitJob => describeJobs "Jobs[].Status"
        running ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"] done ["SUCCEEDED"] failed ["FAILED"];
    bedrock createModelInvocationJob => getModelInvocationJob "Status"
        running ["Submitted", "Validating", "Scheduled", "InProgress", "Stopping"] done ["Completed", "PartiallyCompleted"]
        failed ["Failed", "Stopped", "Expired"];
    cloudwatchlogs createExportTask => describeExportTasks "ExportTasks[].Status.Code"
        running ["PENDING", "RUNNING", "PENDING_CANCEL"] done ["COMPLETED"] failed ["FAILED", "CANCELLED"];
    codebuild startBuild => batchGetBuilds "Builds[].BuildStatus"
        running ["IN_PROGRESS"] done ["SUCCEEDED"] failed ["FAILED", "FAULT", "TIMED_OUT", "STOPPED"];
    comprehend startEntitiesDetectionJob => describeEntitiesDetectionJob "EntitiesDetectionJobProperties.JobStatus"
        running ["SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED"] done ["COMPLETED"] failed ["FAILED", "STOPPED"];
    databrew startJobRun => describeJobRun "State"
        running ["STARTING", "RUNNING", "STOPPING"] done ["SUCCEEDED"] failed ["FAILED", "STOPPED", "TIMEOUT"];
    datasync startTaskExecution => describeTaskExecution "Status"
        running ["QUEUED", "CANCELLING", "LAUNCHING", "PREPARING", "TRANSFERRING", "VERIFYING"] done ["SUCCESS"] failed ["ERROR"];
    dynamodb exportTableToPointInTime => describeExport "ExportDescription.ExportStatus"
        running ["IN_PROGRESS"] done ["COMPLETED"] failed ["FAILED"];
    dynamodb importTable => describeImport "ImportTableDescription.ImportStatus"
        running ["IN_PROGRESS", "CANCELLING"] done ["COMPLETED"] failed ["FAILED", "CANCELLED"];
    emr addJobFlowSteps => describeStep "Step.Status.State"
        running ["PENDING", "CANCEL_PENDING", "RUNNING"] done ["COMPLETED"] failed ["CANCELLED", "FAILED", "INTERRUPTED"];
    emr runJobFlow => describeCluster "Cluster.Status.State"
        running ["STARTING", "BOOTSTRAPPING", "RUNNING"] done ["WAITING"]
        failed ["TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"];
    emrcontainers startJobRun => describeJobRun "JobRun.State"
        running ["PENDING", "SUBMITTED", "RUNNING", "CANCEL_PENDING"] done ["COMPLETED"] failed ["FAILED", "CANCELLED"];
    emrserverless startJobRun => getJobRun "JobRun.State"
        running ["SUBMITTED", "PENDING", "SCHEDULED", "QUEUED", "RUNNING", "CANCELLING"] done ["SUCCESS"]
        failed ["FAILED", "CANCELLED"];
    // A crawler that is ready again may have failed: Crawler.LastCrawl.Status tells.
    glue startCrawler => getCrawler "Crawler.State"
        running ["RUNNING", "STOPPING"] done ["READY"] failed [];
    glue startDataQualityRulesetEvaluationRun => getDataQualityRulesetEvaluationRun "Status"
        running ["STARTING", "RUNNING", "STOPPING"] done ["SUCCEEDED"] failed ["FAILED", "STOPPED", "TIMEOUT"];
    glue startJobRun => getJobRun "JobRun.JobRunState"
        running ["STARTING", "RUNNING", "STOPPING", "WAITING"] done ["SUCCEEDED"]
        failed ["FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"];
    // A completed run may hold failed actions: Run.Statistics.FailedActions tells.
    glue startWorkflowRun => getWorkflowRun "Run.Status"
        running ["RUNNING", "STOPPING"] done ["COMPLETED"] failed ["STOPPED", "ERROR"];
    quicksight createIngestion => describeIngestion "Ingestion.IngestionStatus"
        running ["INITIALIZED", "QUEUED", "RUNNING"] done ["COMPLETED"] failed ["FAILED", "CANCELLED"];
    redshiftdata executeStatement => describeStatement "Status"
        running ["SUBMITTED", "PICKED", "STARTED"] done ["FINISHED"] failed ["FAILED", "ABORTED"];
    rekognition startLabelDetection => getLabelDetection "JobStatus"
        running ["IN_PROGRESS"] done ["SUCCEEDED"] failed ["FAILED"];
    sagemaker createProcessingJob => describeProcessingJob "ProcessingJobStatus"
        running ["InProgress", "Stopping"] done ["Completed"] failed ["Failed", "Stopped"];
    sagemaker createTrainingJob => describeTrainingJob "TrainingJobStatus"
        running ["InProgress", "Stopping", "Deleting"] done ["Completed"] failed ["Failed", "Stopped"];
    sagemaker createTransformJob => describeTransformJob "TransformJobStatus"
        running ["InProgress", "Stopping"] done ["Completed"] failed ["Failed", "Stopped"];
    sfn startExecution => describeExecution "Status"
        running ["RUNNING", "PENDING_REDRIVE"] done ["SUCCEEDED"] failed ["FAILED", "TIMED_OUT", "ABORTED"];
    textract startDocumentAnalysis => getDocumentAnalysis "JobStatus"
        running ["IN_PROGRESS"] done ["SUCCEEDED", "PARTIAL_SUCCESS"] failed ["FAILED"];
    transcribe startTranscriptionJob => getTranscriptionJob "TranscriptionJob.TranscriptionJobStatus"
        running ["QUEUED", "IN_PROGRESS"] done ["COMPLETED"] failed ["FAILED"];
    translate startTextTranslationJob => describeTextTranslationJob "TextTranslationJobProperties.JobStatus"
        running ["SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED"] done ["COMPLETED", "COMPLETED_WITH_ERROR"]
        failed ["FAILED", "STOPPED"];
};
