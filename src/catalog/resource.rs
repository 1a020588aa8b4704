//! The kinds of resources that a program can name.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use super::cloudformation::{self, ResourceType};
use super::grant::ArnTemplate;
use super::shape::Shape;

/// A kind: `bucket`, `job`, `table`, …
#[derive(Debug)]
pub struct ResourceKind {
    /// The word in `.flow`; the type, where no word is for it.
    pub word: &'static str,
    pub cfn_type: &'static str,
    /// CloudFormation's property (dotted path) that holds the name; empty when the service chooses it.
    pub name_property: &'static str,
    /// The ARN, its name as the hole `Name`.
    pub arn: ArnTemplate,
    /// What `Ref` of the CloudFormation resource gives.
    pub ref_form: RefForm,
    /// The attribute that gives the ARN (`Arn`), or empty when `Ref` does or none does.
    pub arn_attribute: &'static str,
    /// The attribute that gives the name, or empty when `Ref` does or none does.
    pub name_attribute: &'static str,
}

impl ResourceKind {
    /// Whether a flow calls what is of this kind by its name: functions and activities.
    pub fn is_callable(&self) -> bool {
        matches!(self.word, "function" | "activity")
    }

    /// How a made resource is named where this is wanted: its ARN, where nothing gives its name.
    pub fn available(&self, wanted: RefForm) -> RefForm {
        match wanted {
            RefForm::Url if self.ref_form != RefForm::Url => self.available(RefForm::Name),
            RefForm::Name if self.ref_form != RefForm::Name && self.name_attribute.is_empty() => {
                RefForm::Arn
            }
            form => form,
        }
    }
}

/// How a resource is named where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefForm {
    Name,
    Arn,
    Url,
}

/// One row of the table: word, type, name property, ARN, what `Ref` gives, the attribute with the ARN.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    RefForm,
    &'static str,
);

/// ARN formats: the service authorization reference. `Ref` and attributes: CloudFormation's resource reference.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("activity", "AWS::StepFunctions::Activity", "Name", "arn:{partition}:states:{region}:{account}:activity:{Name}", RefForm::Arn, ""),
    ("bucket", "AWS::S3::Bucket", "BucketName", "arn:{partition}:s3:::{Name}", RefForm::Name, "Arn"),
    // The last part is an id that EventBridge chooses.
    ("connection", "AWS::Events::Connection", "Name", "arn:{partition}:events:{region}:{account}:connection/{Name}/*", RefForm::Name, "Arn"),
    ("crawler", "AWS::Glue::Crawler", "Name", "arn:{partition}:glue:{region}:{account}:crawler/{Name}", RefForm::Name, ""),
    ("database", "AWS::Glue::Database", "DatabaseInput.Name", "arn:{partition}:glue:{region}:{account}:database/{Name}", RefForm::Name, ""),
    ("delivery_stream", "AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", "arn:{partition}:firehose:{region}:{account}:deliverystream/{Name}", RefForm::Name, "Arn"),
    ("ecs_cluster", "AWS::ECS::Cluster", "ClusterName", "arn:{partition}:ecs:{region}:{account}:cluster/{Name}", RefForm::Name, "Arn"),
    // Known by the id that EMR chooses (`j-…`); the property `Name` is a label.
    ("emr_cluster", "AWS::EMR::Cluster", "", "arn:{partition}:elasticmapreduce:{region}:{account}:cluster/{Name}", RefForm::Name, ""),
    ("function", "AWS::Lambda::Function", "FunctionName", "arn:{partition}:lambda:{region}:{account}:function:{Name}", RefForm::Name, "Arn"),
    ("glue_connection", "AWS::Glue::Connection", "ConnectionInput.Name", "arn:{partition}:glue:{region}:{account}:connection/{Name}", RefForm::Name, ""),
    // Its full name is `database/table`; `Ref` and the API's members have the last part alone.
    ("glue_table", "AWS::Glue::Table", "TableInput.Name", "arn:{partition}:glue:{region}:{account}:table/{Name}", RefForm::Name, ""),
    ("job", "AWS::Glue::Job", "Name", "arn:{partition}:glue:{region}:{account}:job/{Name}", RefForm::Name, ""),
    ("key", "AWS::KMS::Key", "", "arn:{partition}:kms:{region}:{account}:key/{Name}", RefForm::Name, "Arn"),
    ("queue", "AWS::SQS::Queue", "QueueName", "arn:{partition}:sqs:{region}:{account}:{Name}", RefForm::Url, "Arn"),
    ("redshift_cluster", "AWS::Redshift::Cluster", "ClusterIdentifier", "arn:{partition}:redshift:{region}:{account}:cluster:{Name}", RefForm::Name, ""),
    // The ARN ends in an id that the name does not reveal.
    ("redshift_workgroup", "AWS::RedshiftServerless::Workgroup", "WorkgroupName", "arn:{partition}:redshift-serverless:{region}:{account}:workgroup/*", RefForm::Name, "Workgroup.WorkgroupArn"),
    ("repository", "AWS::ECR::Repository", "RepositoryName", "arn:{partition}:ecr:{region}:{account}:repository/{Name}", RefForm::Name, "Arn"),
    ("role", "AWS::IAM::Role", "RoleName", "arn:{partition}:iam::{account}:role/{Name}", RefForm::Name, "Arn"),
    // Secrets Manager appends a hyphen and six characters.
    ("secret", "AWS::SecretsManager::Secret", "Name", "arn:{partition}:secretsmanager:{region}:{account}:secret:{Name}-??????", RefForm::Arn, ""),
    ("ssm_parameter", "AWS::SSM::Parameter", "Name", "arn:{partition}:ssm:{region}:{account}:parameter/{Name|no_leading_slash}", RefForm::Name, ""),
    ("stream", "AWS::Kinesis::Stream", "Name", "arn:{partition}:kinesis:{region}:{account}:stream/{Name}", RefForm::Name, "Arn"),
    ("table", "AWS::DynamoDB::Table", "TableName", "arn:{partition}:dynamodb:{region}:{account}:table/{Name}", RefForm::Name, "Arn"),
    ("topic", "AWS::SNS::Topic", "TopicName", "arn:{partition}:sns:{region}:{account}:{Name}", RefForm::Arn, ""),
    ("workgroup", "AWS::Athena::WorkGroup", "Name", "arn:{partition}:athena:{region}:{account}:workgroup/{Name}", RefForm::Name, ""),
];

static KINDS: LazyLock<Vec<ResourceKind>> = LazyLock::new(|| {
    let kind =
        |&(word, cfn_type, name_property, arn, ref_form, arn_attribute): &Row| ResourceKind {
            word,
            cfn_type,
            name_property,
            arn: ArnTemplate::parse(arn).expect("the table above is well formed"),
            ref_form,
            arn_attribute,
            // What names these is an attribute too; a secret's name is none.
            name_attribute: match (word, ref_form) {
                (_, RefForm::Name) | ("secret", _) => "",
                _ => name_property,
            },
        };
    ROWS.iter().map(kind).collect()
});

/// A place for each of CloudFormation's types, filled when somebody names it.
static TYPES: LazyLock<BTreeMap<String, OnceLock<ResourceKind>>> = LazyLock::new(|| {
    cloudformation::type_names()
        .map(|name| (name, OnceLock::new()))
        .collect()
});

/// By CloudFormation's type: the kind that has a word, else one that is called by its type.
pub fn find_type(cfn_type: &str) -> Option<&'static ResourceKind> {
    let worded = kinds().iter().find(|kind| kind.cfn_type == cfn_type);
    worded.or_else(|| {
        let known = cloudformation::find_type(cfn_type)?;
        Some(TYPES.get(cfn_type)?.get_or_init(|| of_type(known)))
    })
}

/// Older types, of which `Ref` gives another than what identifies them.
const NAMED_BY_REF: &[&str] = &["AWS::Events::Rule"];

fn of_type(known: &'static ResourceType) -> ResourceKind {
    let attributes = || known.attributes.members().map(|m| m.raw.name.as_str());
    let identifier = match known.identifier.as_slice() {
        [one] => one.as_str(),
        _ => "",
    };
    let by_arn = identifier.to_ascii_lowercase().ends_with("arn")
        && !NAMED_BY_REF.contains(&known.name.as_str());
    let is_arn = |name: &&str| *name == "Arn" || name.ends_with("Arn");
    let arn_attribute = attributes().find(|name| *name == "Arn").or_else(|| {
        let mut arns = attributes().filter(is_arn);
        arns.next().filter(|_| arns.next().is_none())
    });
    // A property that names it for good: the identifier, or `Name` where the identifier is what the service chose.
    let named = [identifier, "Name"]
        .into_iter()
        .find(|name| known.properties.find_member(name).is_some() && known.is_create_only(name));
    ResourceKind {
        word: &known.name,
        cfn_type: &known.name,
        name_property: named.unwrap_or_default(),
        arn: ArnTemplate { parts: Vec::new() },
        ref_form: if by_arn { RefForm::Arn } else { RefForm::Name },
        arn_attribute: arn_attribute.filter(|_| !by_arn).unwrap_or_default(),
        name_attribute: "",
    }
}

/// The URL of what is called by one, a queue's, its name as the hole `Name`.
pub fn url_template() -> &'static ArnTemplate {
    static TEMPLATE: LazyLock<ArnTemplate> = LazyLock::new(|| {
        ArnTemplate::parse("https://sqs.{region}.{url_suffix}/{account}/{Name}")
            .expect("it is well formed")
    });
    &TEMPLATE
}

/// By the word in `.flow`.
pub fn find_kind(word: &str) -> Option<&'static ResourceKind> {
    kinds()
        .binary_search_by(|kind| kind.word.cmp(word))
        .ok()
        .map(|at| &kinds()[at])
}

/// All kinds, by their words.
pub fn kinds() -> &'static [ResourceKind] {
    &KINDS
}

/// How a property of a template wants a resource. What the schema notes of the string decides, then the property's name.
pub fn wanted_by_property(kind: &ResourceKind, member: &str, shape: Shape) -> RefForm {
    let mut named = shape.named().filter_map(|form| form.rsplit_once('.'));
    if let Some((_, form)) = named.find(|(cfn_type, _)| *cfn_type == kind.cfn_type) {
        return match form {
            "Arn" => RefForm::Arn,
            _ => RefForm::Name,
        };
    }
    let pattern = shape.pattern().unwrap_or_default();
    if pattern.trim_start_matches(['^', '(']).starts_with("arn") {
        return RefForm::Arn;
    }
    match (kind.word, member) {
        (_, member) if member.ends_with("Name") || member.ends_with("Names") => RefForm::Name,
        // These name queues by their URLs, and a role by its name.
        ("queue", "Queues") => RefForm::Url,
        ("role", "Roles") => RefForm::Name,
        // A key's ARN is good everywhere; roles, topics and functions are rarely taken by less.
        ("key" | "role" | "topic" | "function" | "queue" | "secret", _) => {
            match wanted_form(member) {
                RefForm::Url => RefForm::Url,
                _ => RefForm::Arn,
            }
        }
        _ => wanted_form(member),
    }
}

/// How an API member wants a resource: by its name, its ARN or its URL.
/// From the member's name: `…Arn` takes ARNs, `…Url` URLs, all others names.
pub fn wanted_form(member: &str) -> RefForm {
    if member.ends_with("Arn") || member.ends_with("ARN") || member.ends_with("Arns") {
        RefForm::Arn
    } else if member.ends_with("Url") {
        RefForm::Url
    } else {
        RefForm::Name
    }
}

/// The kinds of which a member names one, by service and member; empty when that is not known.
pub fn named_kinds(service: &str, member: &str) -> &'static [&'static str] {
    match (service, member) {
        (_, "Bucket" | "BucketName") => &["bucket"],
        (_, "FunctionName" | "FunctionArn") => &["function"],
        (_, "TopicArn") => &["topic"],
        (_, "QueueUrl" | "QueueArn") => &["queue"],
        (_, "CrawlerName") => &["crawler"],
        (_, "SecretId" | "SecretArn") => &["secret"],
        (_, "RoleArn" | "ExecutionRoleArn" | "JobRole" | "ServiceRole") => &["role"],
        (_, "KmsKeyId" | "KMSKeyId" | "KmsKeyArn") => &["key"],
        (_, "DeliveryStreamName") => &["delivery_stream"],
        (_, "StreamName" | "StreamARN" | "StreamArn") => &["stream", "table", "delivery_stream"],
        ("athena", "WorkGroup") => &["workgroup"],
        ("athena", "Database") => &["database"],
        ("dynamodb", "TableName") => &["table"],
        ("ecr", "RepositoryName") => &["repository"],
        ("ecs", "Cluster") => &["ecs_cluster"],
        ("emr", "ClusterId" | "JobFlowId") => &["emr_cluster"],
        ("glue", "JobName") => &["job"],
        ("glue", "DatabaseName") => &["database"],
        ("glue", "TableName") => &["glue_table"],
        ("glue", "ConnectionName") => &["glue_connection"],
        ("kms", "KeyId") => &["key"],
        ("redshift" | "redshiftdata", "ClusterIdentifier") => &["redshift_cluster"],
        ("redshiftdata" | "redshiftserverless", "WorkgroupName") => &["redshift_workgroup"],
        (_, "ConnectionArn") => &["connection"],
        _ => &[],
    }
}
