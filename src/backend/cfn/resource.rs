//! Declared resources that the template makes, and what comes along with them: roles, log groups, resource policies.

use serde_json::{Map, Value, json};

use super::build::{Admitted, Build, is_true, kept};
use super::fill;
use super::names::Labels;
use super::role::{self, Role};
use super::{machine, watch};
use crate::backend::iam::{self, one_or_list};
use crate::catalog::created::{self, ResourcePolicy};
use crate::catalog::resource::RefForm;
use crate::ir::access;
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::{Creation, Deletion, Deploy, ExprKind, LogLevel, Resource, ResourceId};

/// Days that the logs of jobs and functions are kept.
const KEEP: u32 = 30;
/// Seconds that a dead letter is kept: as long as the service can.
const DEAD_LETTERS: u32 = 1_209_600;
/// Seconds that a message is hidden while a pipeline works on it: longer than the longest express execution.
const HIDDEN: u32 = 360;
/// Tries before a message is a dead letter.
const TRIES: u32 = 5;

pub(super) fn add(build: &mut Build<'_>, id: ResourceId, creation: &Creation) {
    let resource = build.program.resource(id);
    let names = build.names.resource(id);
    let logical = names.resource.clone();
    let mut properties: Map<String, Value> = creation
        .properties
        .iter()
        .map(|(name, value)| (name.clone(), build.expression(value)))
        .collect();
    wanted(build, id, resource, &mut properties);
    let mut beside = kept(creation.deletion, creation.replacement);
    let depends: Vec<Value> = creation
        .depends_on
        .iter()
        .map(|other| build.names.resource(*other).resource.clone())
        .filter(|other| !other.is_empty())
        .map(Value::String)
        .collect();
    if !depends.is_empty() {
        beside["DependsOn"] = Value::Array(depends);
    }
    if resource.kind.cfn_type == "AWS::IAM::Role" && !creation.touches.is_empty() {
        let policy = iam::merge(&access::find_service_accesses(build.program, id, None).needs);
        let own = json!({
            "PolicyName": resource.name,
            "PolicyDocument": policy.template(build.names, &Labels::new()),
        });
        let policies = properties.entry("Policies").or_insert_with(|| json!([]));
        if let Value::Array(policies) = policies {
            policies.push(own);
        }
    }
    let tags = build.tags.clone();
    build.add_with(
        &logical,
        resource.kind.cfn_type,
        beside,
        Value::Object(properties),
        &tags,
    );
    add_roles(build, id, creation);
    add_logs(build, id, creation);
    add_policy(build, id, creation);
}

/// What pipelines want of the resource, where its author says nothing else.
fn wanted(
    build: &mut Build<'_>,
    id: ResourceId,
    resource: &Resource,
    properties: &mut Map<String, Value>,
) {
    if build.wanted.evented.contains(&id) {
        let path = "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled";
        fill(properties, path, json!(true));
    }
    if build.wanted.streamed.contains(&id) {
        let path = "StreamSpecification.StreamViewType";
        fill(properties, path, json!("NEW_AND_OLD_IMAGES"));
    }
    if build.wanted.polled.contains(&id) {
        fill(properties, "VisibilityTimeout", json!(HIDDEN));
        if !properties.contains_key("RedrivePolicy") {
            let dead_letters = add_dead_letters(build, id, resource);
            let policy = json!({
                "deadLetterTargetArn": { "Fn::GetAtt": [dead_letters, "Arn"] },
                "maxReceiveCount": TRIES,
            });
            properties.insert("RedrivePolicy".to_owned(), policy);
        }
    }
    let encryption = created::find(&resource.cfn_type).encryption.as_ref();
    if let Some(own) = encryption.and_then(|e| e.own.as_ref())
        && !build.wanted.notified.contains_key(&id)
        && let Some(encryption) = encryption
    {
        fill(properties, &encryption.key, json!(own));
    }
    if resource.kind.word == "key" && !properties.contains_key("KeyPolicy") {
        properties.insert("KeyPolicy".to_owned(), key_policy(build, id));
    }
}

/// The queue for messages that a pipeline cannot take.
fn add_dead_letters(build: &mut Build<'_>, id: ResourceId, resource: &Resource) -> String {
    let logical = build.names.claim(&resource.name, "DeadLetters");
    let mut properties = json!({
        "SqsManagedSseEnabled": true,
        "MessageRetentionPeriod": DEAD_LETTERS,
    });
    if is_true(build.program, id, "FifoQueue") {
        properties["FifoQueue"] = json!(true);
    }
    add_queue(build, &logical, properties, &[], &build.tags.clone());
    logical
}

/// A queue that nobody declared, with its policy.
pub(super) fn add_queue(
    build: &mut Build<'_>,
    logical: &str,
    properties: Value,
    admitted: &[Admitted],
    tags: &[(String, Value)],
) {
    const QUEUE: &str = "AWS::SQS::Queue";
    build.add(logical, QUEUE, properties, tags);
    if let Some(about) = &created::find(QUEUE).policy {
        let arn = json!({ "Fn::GetAtt": [logical, "Arn"] });
        let document = build.resource_policy(about, vec![arn], admitted);
        let logical_policy = build.names.claim(logical, "Policy");
        let properties = attached(about, json!({ "Ref": logical }), document);
        build.add(&logical_policy, &about.cfn_type, properties, &[]);
    }
}

fn attached(about: &ResourcePolicy, named: Value, document: Value) -> Value {
    let named = if about.list { json!([named]) } else { named };
    let mut properties = Map::new();
    properties.insert(about.property.clone(), named);
    properties.insert("PolicyDocument".to_owned(), document);
    Value::Object(properties)
}

fn add_roles(build: &mut Build<'_>, id: ResourceId, creation: &Creation) {
    let resource = build.program.resource(id);
    let tags = build.tags.clone();
    let all = &created::find(&resource.cfn_type).roles;
    for (at, about) in all.iter().enumerate() {
        if !creation.roles.iter().any(|own| std::ptr::eq(*own, about)) {
            continue;
        }
        let accesses = access::find_service_accesses(build.program, id, Some(about));
        let policy = iam::merge(&accesses.needs);
        let names = &build.names.resource(id).roles[at];
        let source = access::trust_source(build.program, id, about);
        Role {
            logical: &names.role,
            description: format!("What {} works under", resource.name),
            trust: role::trust(build, &about.service, source.as_ref()),
            policy: &policy,
            policy_name: &resource.name,
            labels: &Labels::new(),
            managed: &about.managed,
            tags: &tags,
        }
        .add(build);
        if about.profile {
            let profile = json!({ "Roles": [{ "Ref": names.role }] });
            build.add(&names.profile, "AWS::IAM::InstanceProfile", profile, &[]);
        }
    }
}

fn add_logs(build: &mut Build<'_>, id: ResourceId, creation: &Creation) {
    let Some(group) = access::log_group(build.program, id).filter(|_| creation.logs.is_some())
    else {
        return;
    };
    let properties = json!({
        "LogGroupName": build.names.text(&unique(group)),
        "RetentionInDays": KEEP,
    });
    let logical = build.names.resource(id).logs.clone();
    let beside = kept(Deletion::Retain, Deletion::Retain);
    let tags = build.tags.clone();
    build.add_with(&logical, "AWS::Logs::LogGroup", beside, properties, &tags);
}

/// The name of what is kept: with a part of the stack's own, so that it stands in nobody's way later.
pub(super) fn unique(mut name: Pattern) -> Pattern {
    name.push(Piece::Text("-".to_owned()));
    name.push(Piece::Deploy(Deploy::StackUnique));
    name
}

/// The resource policy, unless the author made one.
fn add_policy(build: &mut Build<'_>, id: ResourceId, creation: &Creation) {
    let resource = build.program.resource(id);
    let Some(about) = &created::find(&resource.cfn_type).policy else {
        return;
    };
    if has_own_policy(build, id, about) {
        return;
    }
    let arn = build.tracer.resource(id, RefForm::Arn);
    let resources = about
        .resources
        .iter()
        .map(|template| {
            let mut whole = Pattern::default();
            for part in &template.parts {
                match part {
                    crate::catalog::grant::ArnPart::Member(_) => whole.append(arn.clone()),
                    part => build.tracer.push_part(&mut whole, part),
                }
            }
            build.pattern(&whole)
        })
        .collect();
    let mut admitted = Vec::new();
    if let Some(pipelines) = build.wanted.notified.get(&id) {
        let sources = pipelines
            .iter()
            .flat_map(|pipeline| watch::alarm_arns(build, *pipeline, id))
            .collect();
        admitted.push(Admitted {
            service: "cloudwatch.amazonaws.com",
            sources,
        });
    }
    let document = build.resource_policy(about, resources, &admitted);
    let named = json!({ "Ref": build.names.resource(id).resource });
    let logical = build.names.claim(&resource.name, "Policy");
    let beside = kept(creation.deletion, creation.replacement);
    let properties = attached(about, named, document);
    build.add_with(&logical, &about.cfn_type, beside, properties, &[]);
}

fn has_own_policy(build: &Build<'_>, id: ResourceId, about: &ResourcePolicy) -> bool {
    build.program.resources.iter().any(|other| {
        let named = other
            .creation()
            .filter(|_| other.cfn_type == about.cfn_type)
            .and_then(|creation| creation.property(&about.property));
        named.is_some_and(|named| {
            let names_it = |expr: &crate::ir::Expr| matches!(&expr.kind, ExprKind::Deploy(Deploy::Resource(other, _)) if *other == id);
            names_it(named) || named.children().into_iter().any(names_it)
        })
    })
}

/// The account rules over its key; services use it for what stands here, and no more.
fn key_policy(build: &Build<'_>, id: ResourceId) -> Value {
    let account = build.names.deploy(&Deploy::Account);
    let mut statements = vec![json!({
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": { "AWS": { "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" } },
        "Action": "kms:*",
        "Resource": "*",
    })];
    let logs =
        json!({ "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*" });
    if build.wanted.encrypting.contains_key(&id) {
        statements.push(json!({
            "Sid": "LogDelivery",
            "Effect": "Allow",
            "Principal": { "Service": "delivery.logs.amazonaws.com" },
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": account },
                "StringLike": { "kms:EncryptionContext:SourceArn": logs },
            },
        }));
    }
    let groups = encrypted_groups(build, id);
    if !groups.is_empty() {
        let groups = groups.iter().map(|group| build.names.text(group)).collect();
        statements.push(json!({
            "Sid": "LogGroups",
            "Effect": "Allow",
            "Principal": { "Service": { "Fn::Sub": "logs.${AWS::Region}.${AWS::URLSuffix}" } },
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
            "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn": one_or_list(groups) } },
        }));
    }
    let notified = build.wanted.notified.keys();
    if notified
        .copied()
        .any(|topic| access::is_encrypted_with(build.program, topic, id))
    {
        statements.push(json!({
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": { "Service": "cloudwatch.amazonaws.com" },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": { "StringEquals": { "aws:SourceAccount": account } },
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The ARNs of the log groups that are encrypted with the key.
fn encrypted_groups(build: &Build<'_>, key: ResourceId) -> Vec<Pattern> {
    let program = build.program;
    let pipelines = build.wanted.encrypting.get(&key).into_iter().flatten();
    let own = pipelines
        .map(|id| program.pipeline(*id))
        .filter(|pipeline| pipeline.settings.log.level != LogLevel::Off)
        .map(|pipeline| machine::log_group_name(&pipeline.name));
    let made = (0u32..)
        .map(ResourceId)
        .zip(&program.resources)
        .filter(|(id, resource)| {
            resource.cfn_type == "AWS::Logs::LogGroup"
                && access::is_encrypted_with(program, *id, key)
        })
        // The group waits for the key, so that the key can name it by its name alone.
        .map(
            |(_, resource)| match resource.creation().and_then(|c| c.name.as_ref()) {
                Some(name) => build.tracer.text_of(name),
                None => Pattern::any(),
            },
        );
    own.chain(made)
        .map(|name| {
            let mut arn = Pattern::text("arn:");
            for piece in [
                Piece::Deploy(Deploy::Partition),
                Piece::Text(":logs:".to_owned()),
                Piece::Deploy(Deploy::Region),
                Piece::Text(":".to_owned()),
                Piece::Deploy(Deploy::Account),
                Piece::Text(":log-group:".to_owned()),
            ] {
                arn.push(piece);
            }
            arn.append(name);
            arn
        })
        .collect()
}
