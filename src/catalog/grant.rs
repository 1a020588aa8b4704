//! What a call must be allowed to do, with holes that its arguments fill.

/// One statement that a call needs: all actions on all resources under all conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// `glue:StartJobRun`
    pub actions: Vec<String>,
    /// None means that AWS offers no resource-level permission here (`*`).
    pub resources: Vec<ArnTemplate>,
    pub conditions: Vec<Condition>,
    /// Needed only when this holds of the arguments.
    pub when: Option<When>,
    pub source: GrantSource,
}

/// Where the fact is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantSource {
    /// AWS's guide or the service authorization reference.
    Documented,
    /// By the naming rule, since no source knows the operation: reported by `flowc iam --why`.
    Assumed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// A member (dotted path) is given.
    Given(String),
    /// A member is not given.
    Absent(String),
    /// A member is given and has one of these values, or a value that only the run knows.
    OneOf(String, Vec<String>),
}

/// `StringEquals iam:PassedToService glue.amazonaws.com`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub operator: String,
    pub key: String,
    pub value: ArnTemplate,
}

/// An ARN, or a condition's value, with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArnTemplate {
    pub parts: Vec<ArnPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArnPart {
    Text(String),
    Partition,
    Region,
    Account,
    /// The name of the machine that makes the call.
    Machine,
    /// A value of the call.
    Member(Hole),
    /// An id that exists only at run time, chosen by the service: `*`.
    Any,
}

/// A hole that an argument fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Dotted path into the arguments; `[]` stands for each element, `{}` for each key of a map.
    pub path: String,
    pub reading: Reading,
    /// What stands there when the argument is not given; None: the grant is not needed then.
    pub absent: Option<String>,
}

/// How the argument's text becomes a part of an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it is.
    Text,
    /// The whole ARN; where a name is given, it stands in the ARN's last place (`NameOrArn` of APIs).
    Arn,
    /// A name, or an ARN that replaces the whole template.
    NameOrArn,
    /// The last segment of a URL: an SQS queue's name.
    UrlTail,
    /// Without a leading slash.
    NoLeadingSlash,
    /// The bucket of `s3://bucket/key`.
    S3Bucket,
    /// The key or prefix of `s3://bucket/key`.
    S3Key,
}
