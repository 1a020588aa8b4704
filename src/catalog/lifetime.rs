//! What an operation makes or starts that costs or holds something until another operation ends it.
//!
//! Only what lives for one run in practice: clusters, sessions, transactions, applications that are started and stopped. A
//! bucket or a table that a pipeline makes is meant to stay.

/// An operation that begins something, and those that end it.
#[derive(Debug, PartialEq, Eq)]
pub struct Lifetime {
    pub service: &'static str,
    pub begin: &'static str,
    /// Any of them; the first is the usual one.
    pub ends: &'static [&'static str],
}

impl Lifetime {
    /// Whether an operation ends it.
    pub fn is_ended_by(&self, service: &str, operation: &str) -> bool {
        self.service == service && self.ends.contains(&operation)
    }
}

/// What an operation begins.
pub fn find_lifetime(service: &str, operation: &str) -> Option<&'static Lifetime> {
    LIFETIMES
        .iter()
        .find(|lifetime| lifetime.service == service && lifetime.begin == operation)
}

/// All of them, by service and operation.
pub fn lifetimes() -> &'static [Lifetime] {
    LIFETIMES
}

macro_rules! lifetimes {
    ($($service:ident $begin:ident => $($end:ident)|+;)*) => {
        &[$(Lifetime {
            service: stringify!($service),
            begin: stringify!($begin),
            ends: &[$(stringify!($end)),+],
        }),*]
    };
}

#[rustfmt::skip]
const LIFETIMES: &[Lifetime] = lifetimes! {
    appstream startFleet => stopFleet;
    athena createCapacityReservation => cancelCapacityReservation | deleteCapacityReservation;
    athena startSession => terminateSession;
    bedrock createProvisionedModelThroughput => deleteProvisionedModelThroughput;
    databasemigration createReplicationInstance => deleteReplicationInstance;
    databasemigration startReplicationTask => stopReplicationTask;
    docdb startDBCluster => stopDBCluster;
    ec2 runInstances => terminateInstances;
    ec2 startInstances => stopInstances;
    ecs startTask => stopTask;
    eks createCluster => deleteCluster;
    eks createFargateProfile => deleteFargateProfile;
    eks createNodegroup => deleteNodegroup;
    emr createCluster => terminateCluster | terminateJobFlows;
    emr runJobFlow => terminateJobFlows | terminateCluster;
    emr startNotebookExecution => stopNotebookExecution;
    emrcontainers createManagedEndpoint => deleteManagedEndpoint;
    emrcontainers createVirtualCluster => deleteVirtualCluster;
    emrserverless createApplication => deleteApplication;
    emrserverless startApplication => stopApplication;
    fsx createFileSystem => deleteFileSystem;
    glue createDevEndpoint => deleteDevEndpoint;
    glue createSession => stopSession | deleteSession;
    kinesisanalyticsv2 startApplication => stopApplication;
    lakeformation startTransaction => commitTransaction | cancelTransaction;
    memorydb createCluster => deleteCluster;
    neptune startDBCluster => stopDBCluster;
    rds createDBInstance => deleteDBInstance;
    rds restoreDBClusterFromSnapshot => deleteDBCluster;
    rds restoreDBInstanceFromDBSnapshot => deleteDBInstance;
    rds startDBCluster => stopDBCluster;
    rds startDBInstance => stopDBInstance;
    rdsdata beginTransaction => commitTransaction | rollbackTransaction;
    redshift createCluster => deleteCluster;
    redshift restoreFromClusterSnapshot => deleteCluster;
    redshift resumeCluster => pauseCluster;
    s3 createMultipartUpload => completeMultipartUpload | abortMultipartUpload;
    sagemaker createEndpoint => deleteEndpoint;
    transfer startServer => stopServer;
    workspaces startWorkspaces => stopWorkspaces;
};
