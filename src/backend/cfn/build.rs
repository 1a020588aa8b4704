//! The template while it is made: what stands in it so far, and what of the whole program decides a part of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::names::{Labels, Names};
use super::value;
use crate::backend::iam::one_or_list;
use crate::catalog::cloudformation::{self, Tagging};
use crate::catalog::created::ResourcePolicy;
use crate::ir::pattern::Pattern;
use crate::ir::pattern::trace::Tracer;
use crate::ir::trigger::PipeKind;
use crate::ir::{
    Deletion, Deploy, Expr, ExprKind, Literal, Pipeline, PipelineId, Program, ResourceId,
    TriggerSource,
};

pub(super) struct Build<'p> {
    pub program: &'p Program,
    pub names: &'p Names<'p>,
    pub tracer: Tracer<'p>,
    pub resources: Map<String, Value>,
    pub outputs: Map<String, Value>,
    pub wanted: Wanted,
    /// The tags that all pipelines agree on.
    pub tags: Vec<(String, Value)>,
    /// The logical names of the alarms so far that tell a bad version, with the pipelines whose they are.
    pub alarms: Vec<(PipelineId, String)>,
}

/// What pipelines want of made resources.
#[derive(Default)]
pub(super) struct Wanted {
    /// Buckets whose events start a pipeline.
    pub evented: BTreeSet<ResourceId>,
    /// Tables whose changes start a pipeline.
    pub streamed: BTreeSet<ResourceId>,
    /// Queues whose messages start a pipeline.
    pub polled: BTreeSet<ResourceId>,
    /// Topics that alarms notify, with the pipelines whose alarms they are.
    pub notified: BTreeMap<ResourceId, BTreeSet<PipelineId>>,
    /// Keys that machines and their logs are encrypted with, with the pipelines.
    pub encrypting: BTreeMap<ResourceId, BTreeSet<PipelineId>>,
}

impl<'p> Build<'p> {
    pub fn new(program: &'p Program, names: &'p Names<'p>) -> Self {
        let mut build = Self {
            program,
            names,
            tracer: Tracer::outside(program),
            resources: Map::new(),
            outputs: Map::new(),
            wanted: Wanted::of(program),
            tags: Vec::new(),
            alarms: Vec::new(),
        };
        build.tags = build.common_tags();
        build
    }

    /// A build- or deploy-time expression.
    pub fn expression(&self, expr: &Expr) -> Value {
        value::expression(self.program, self.names, expr)
    }

    /// A pattern of a policy.
    pub fn pattern(&self, pattern: &Pattern) -> Value {
        self.names.value(pattern, &Labels::new())
    }

    /// Puts a resource in, with its properties, and tags where its type takes them.
    pub fn add(
        &mut self,
        logical: &str,
        cfn_type: &str,
        properties: Value,
        tags: &[(String, Value)],
    ) {
        self.add_with(logical, cfn_type, json!({}), properties, tags);
    }

    /// As [`Build::add`], with what stands beside the properties.
    pub fn add_with(
        &mut self,
        logical: &str,
        cfn_type: &str,
        beside: Value,
        properties: Value,
        tags: &[(String, Value)],
    ) {
        let mut resource = json!({ "Type": cfn_type });
        if let (Value::Object(resource), Value::Object(beside)) = (&mut resource, beside) {
            resource.extend(beside);
        }
        let mut properties = match properties {
            Value::Object(properties) => properties,
            _ => Map::new(),
        };
        set_tags(cfn_type, &mut properties, tags);
        if !properties.is_empty() {
            resource["Properties"] = Value::Object(properties);
        }
        self.resources.insert(logical.to_owned(), resource);
    }

    pub fn tags_of(&self, pipeline: &Pipeline) -> Vec<(String, Value)> {
        let tags = pipeline.settings.tags.iter();
        tags.map(|(key, value)| (key.clone(), self.expression(value)))
            .collect()
    }

    /// What stands with all pipelines: it is true of the file's own resources too.
    fn common_tags(&self) -> Vec<(String, Value)> {
        let mut pipelines = self.program.pipelines.iter().map(|p| self.tags_of(p));
        let Some(first) = pipelines.next() else {
            return Vec::new();
        };
        pipelines.fold(first, |mut common, tags| {
            common.retain(|tag| tags.contains(tag));
            common
        })
    }

    /// The policy of a resource: TLS alone, and the services that are admitted.
    pub fn resource_policy(
        &self,
        about: &ResourcePolicy,
        resources: Vec<Value>,
        admitted: &[Admitted],
    ) -> Value {
        let resource = one_or_list(resources);
        let secure = about.secure.iter().cloned().map(Value::String).collect();
        let mut statements = vec![json!({
            "Sid": "DenyWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": one_or_list(secure),
            "Resource": resource,
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        })];
        if let Some(action) = &about.admit {
            for admitted in admitted {
                let sources = admitted.sources.iter().map(|s| self.pattern(s)).collect();
                statements.push(json!({
                    "Sid": format!("Admit{}", super::names::pascal(admitted.service.split('.').next().unwrap_or_default())),
                    "Effect": "Allow",
                    "Principal": { "Service": admitted.service },
                    "Action": action,
                    "Resource": resource,
                    "Condition": {
                        "StringEquals": { "aws:SourceAccount": self.names.deploy(&Deploy::Account) },
                        "ArnLike": { "aws:SourceArn": one_or_list(sources) },
                    },
                }));
            }
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

/// A service that may send to a resource.
pub(super) struct Admitted {
    pub service: &'static str,
    /// On whose behalf it may.
    pub sources: Vec<Pattern>,
}

/// Tags that are not there yet, in the form that the type takes.
fn set_tags(cfn_type: &str, properties: &mut Map<String, Value>, tags: &[(String, Value)]) {
    if tags.is_empty() {
        return;
    }
    let tagging = cloudformation::find_type(cfn_type).and_then(|known| known.tagging());
    match tagging {
        Some(Tagging::List) => {
            let list = properties.entry("Tags").or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                for (key, value) in tags {
                    if !list.iter().any(|tag| tag["Key"] == **key) {
                        list.push(json!({ "Key": key, "Value": value }));
                    }
                }
            }
        }
        Some(Tagging::Map) => {
            let map = properties.entry("Tags").or_insert_with(|| json!({}));
            if let Value::Object(map) = map {
                for (key, value) in tags {
                    map.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        None => {}
    }
}

/// The attributes that say what becomes of a resource when it leaves the stack. A first deployment that fails leaves
/// nothing behind.
pub(super) fn kept(deletion: Deletion, replacement: Deletion) -> Value {
    let word = |deletion, keeps| match deletion {
        Deletion::Delete => "Delete",
        Deletion::Retain => keeps,
        Deletion::Snapshot => "Snapshot",
    };
    if (deletion, replacement) == (Deletion::Delete, Deletion::Delete) {
        return json!({});
    }
    json!({
        "DeletionPolicy": word(deletion, "RetainExceptOnCreate"),
        "UpdateReplacePolicy": word(replacement, "Retain"),
    })
}

impl Wanted {
    fn of(program: &Program) -> Self {
        let mut wanted = Self::default();
        let made = |id: ResourceId| program.resource(id).creation().is_some();
        for (id, pipeline) in (0u32..).map(PipelineId).zip(&program.pipelines) {
            let settings = &pipeline.settings;
            for trigger in &settings.triggers {
                let Some(from) = trigger.source.resource().filter(|from| made(*from)) else {
                    continue;
                };
                match &trigger.source {
                    TriggerSource::Pipe(pipe) if pipe.kind == PipeKind::DynamoDb => {
                        wanted.streamed.insert(from);
                    }
                    TriggerSource::Pipe(pipe) if pipe.kind == PipeKind::Sqs => {
                        wanted.polled.insert(from);
                    }
                    TriggerSource::Pipe(_) | TriggerSource::Schedule(_) => {}
                    TriggerSource::Rule(_) => {
                        wanted.evented.insert(from);
                    }
                }
            }
            for topic in settings.alarms.iter().flat_map(|alarm| &alarm.notify) {
                if made(*topic) {
                    wanted.notified.entry(*topic).or_default().insert(id);
                }
            }
            if let Some(ExprKind::Deploy(Deploy::Resource(key, _))) =
                settings.encrypt.as_ref().map(|key| &key.kind)
                && made(*key)
            {
                wanted.encrypting.entry(*key).or_default().insert(id);
            }
        }
        wanted
    }
}

/// Whether a made resource has this property, and it is true.
pub(super) fn is_true(program: &Program, id: ResourceId, property: &str) -> bool {
    let creation = program.resource(id).creation();
    creation
        .and_then(|creation| creation.property(property))
        .and_then(Expr::as_literal)
        .is_some_and(|value| *value == Literal::Bool(true))
}
