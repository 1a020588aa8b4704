//! A pipeline's own resources: machine, role, policy, log group.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::build::{Build, kept};
use super::names::PipelineNames;
use super::resource::unique;
use super::role::Role;
use super::value::looks_intrinsic;
use crate::backend::asl::Definition;
use crate::backend::check::OUTPUTS;
use crate::backend::iam::{self, Policy, pack};
use crate::catalog::resource::RefForm;
use crate::ir::pattern::Pattern;
use crate::ir::{Deletion, Deploy, ExprKind, LogLevel, Pipeline, PipelineId, Type};

/// Days that logs are kept where the pipeline does not say.
const KEEP: u32 = 30;
/// Seconds that a data key of an encrypted machine is used.
const DATA_KEY: u32 = 300;

/// The name of a pipeline's log group. Outside of this prefix each group takes room in the account's one log resource
/// policy.
pub(super) fn log_group_name(pipeline: &str) -> Pattern {
    unique(Pattern::text(format!("/aws/vendedlogs/states/{pipeline}")))
}

pub(super) struct Machine<'p> {
    pub id: PipelineId,
    /// Of all pipelines: who refers to whom decides how.
    pub definitions: &'p [Definition],
    pub definition: &'p Definition,
    pub policy: &'p Policy,
}

impl Machine<'_> {
    fn pipeline<'p>(&self, build: &Build<'p>) -> &'p Pipeline {
        build.program.pipeline(self.id)
    }

    fn own<'b>(&self, build: &'b Build<'_>) -> &'b PipelineNames {
        build.names.pipeline(self.id)
    }

    pub fn add(&self, build: &mut Build<'_>) {
        let pipeline = self.pipeline(build);
        let names = build.names;
        let own = names.pipeline(self.id);
        let tags = build.tags_of(pipeline);
        if pipeline.settings.log.level != LogLevel::Off {
            let properties = self.log_group(build);
            let beside = kept(Deletion::Retain, Deletion::Retain);
            build.add_with(&own.logs, "AWS::Logs::LogGroup", beside, properties, &tags);
        }
        let mut policies = Vec::new();
        if pipeline.settings.role.is_none() {
            let role = object! {
                "Description": format!("Runs the state machine {}", pipeline.name),
                "AssumeRolePolicyDocument": iam::trust(build.program, pipeline, names, self.definition),
            };
            build.add(&own.role, "AWS::IAM::Role", role, &tags);
            self.add_step_roles(build, &tags);
            for (name, cfn_type, policy) in self.policies(build) {
                build.add(&name, cfn_type, policy, &tags);
                policies.push(name);
            }
        }
        let mut beside = json!({});
        // Without its permissions a machine can neither be made, if it logs, nor run.
        match policies.as_slice() {
            [] => {}
            [policy] => beside["DependsOn"] = json!(policy),
            policies => beside["DependsOn"] = json!(policies),
        }
        let properties = self.machine(build);
        build.add_with(
            &own.machine,
            "AWS::StepFunctions::StateMachine",
            beside,
            properties,
            &tags,
        );
        let mut outputs = std::mem::take(&mut build.outputs);
        self.outputs(build, &mut outputs);
        build.outputs = outputs;
    }

    fn outputs(&self, build: &Build<'_>, outputs: &mut Map<String, Value>) {
        let pipeline = self.pipeline(build);
        let own = self.own(build);
        let machine = &own.machine;
        outputs.insert(
            format!("{machine}Arn"),
            json!({
                "Description": format!("ARN of the state machine {}", pipeline.name),
                "Value": { "Ref": machine },
            }),
        );
        if 3 * self.definitions.len() > OUTPUTS {
            return;
        }
        outputs.insert(
            format!("{machine}Name"),
            json!({
                "Description": format!("Name of the state machine {}", pipeline.name),
                "Value": { "Fn::GetAtt": [machine, "Name"] },
            }),
        );
        // Whoever owns a role that the pipeline takes on must know this one.
        if pipeline.settings.role.is_none() && self.takes_on_roles(build) {
            outputs.insert(
                format!("{machine}RoleArn"),
                json!({
                    "Description": format!("ARN of the role of the state machine {}", pipeline.name),
                    "Value": { "Fn::GetAtt": [own.role, "Arn"] },
                }),
            );
        }
    }

    fn takes_on_roles(&self, build: &Build<'_>) -> bool {
        let mut takes = false;
        crate::ir::for_each_stage(&self.pipeline(build).body, &mut |stage| {
            if let crate::ir::StageKind::Call(call) = &stage.kind {
                let foreign = |role: &crate::ir::Expr| {
                    !matches!(role.kind, ExprKind::Deploy(Deploy::StepRole(..)))
                };
                takes |= call.credentials.as_ref().is_some_and(foreign);
            }
        });
        takes
    }

    fn log_group(&self, build: &Build<'_>) -> Value {
        let pipeline = self.pipeline(build);
        let keep = match &pipeline.settings.log.keep {
            Some(days) => build.expression(days),
            None => json!(KEEP),
        };
        let mut properties = json!({
            "LogGroupName": build.names.text(&log_group_name(&pipeline.name)),
            "RetentionInDays": keep,
        });
        // The key of somebody else may not let the log service use it.
        if let Some(key) = &pipeline.settings.encrypt
            && let ExprKind::Deploy(Deploy::Resource(id, _)) = key.kind
            && build.program.resource(id).creation().is_some()
        {
            properties["KmsKeyId"] = build.expression(key);
        }
        properties
    }

    /// The roles of the steps, which the machine's role takes on.
    fn add_step_roles(&self, build: &mut Build<'_>, tags: &[(String, Value)]) {
        let pipeline = self.pipeline(build);
        let names = build.names;
        let own = names.pipeline(self.id);
        for (step, policy) in iam::step_policies(build.program, pipeline) {
            let Some(logical) = own.step_roles.get(&step) else {
                continue;
            };
            let trust = json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "AWS": { "Fn::GetAtt": [own.role, "Arn"] } },
                    "Action": "sts:AssumeRole",
                }],
            });
            Role {
                logical,
                description: format!("The step {step} of {}", pipeline.name),
                trust,
                policy: &policy,
                policy_name: &step,
                labels: &self.definition.labels,
                managed: &[],
                tags,
            }
            .add(build);
        }
    }

    /// Apart from the role, so that statements can name the machine; in several parts when one would be too large.
    fn policies(&self, build: &Build<'_>) -> Vec<(String, &'static str, Value)> {
        let own = self.own(build);
        let pipeline = self.pipeline(build);
        let labels = &self.definition.labels;
        if self.policy.statements.is_empty() {
            return Vec::new();
        }
        let parts = pack::pack(self.policy, labels);
        let roles = json!([{ "Ref": own.role }]);
        if let [_] = parts.as_slice() {
            let policy = object! {
                "PolicyName": pipeline.name.as_str(),
                "PolicyDocument": self.policy.template(build.names, labels),
                "Roles": roles,
            };
            return vec![(own.policy.clone(), "AWS::IAM::Policy", policy)];
        }
        parts
            .iter()
            .enumerate()
            .map(|(i, part)| {
                let policy = object! {
                    "Description": format!("Part {} of what {} may do", i + 1, pipeline.name),
                    "PolicyDocument": part.template(build.names, labels),
                    "Roles": roles.clone(),
                };
                let name = format!("{}Part{}", own.policy, i + 1);
                (name, "AWS::IAM::ManagedPolicy", policy)
            })
            .collect()
    }

    fn machine(&self, build: &Build<'_>) -> Value {
        let pipeline = self.pipeline(build);
        let own = self.own(build);
        let settings = &pipeline.settings;
        let role = match settings.role {
            Some(role) => build.pattern(&build.tracer.resource(role, RefForm::Arn)),
            None => json!({ "Fn::GetAtt": [own.role, "Arn"] }),
        };
        let mut properties = json!({ "StateMachineName": pipeline.name });
        if settings.express {
            properties["StateMachineType"] = json!("EXPRESS");
        }
        properties["RoleArn"] = role;
        properties["LoggingConfiguration"] = self.logging(build);
        if settings.trace {
            properties["TracingConfiguration"] = json!({ "Enabled": true });
        }
        if let Some(key) = &settings.encrypt {
            properties["EncryptionConfiguration"] = json!({
                "Type": "CUSTOMER_MANAGED_KMS_KEY",
                "KmsKeyId": build.expression(key),
                "KmsDataKeyReusePeriodSeconds": DATA_KEY,
            });
        }
        self.define(build, &mut properties);
        properties
    }

    /// A version for each change, and the alias that triggers start.
    pub fn add_release(&self, build: &mut Build<'_>) {
        let pipeline = self.pipeline(build);
        let Some(release) = &pipeline.settings.release else {
            return;
        };
        let machine = self.own(build).machine.clone();
        let version = build.names.claim(&machine, "Version");
        // The revision changes with the definition and the role: a new one makes a new version, and the alias may point
        // to the old one for a while.
        let properties = json!({
            "StateMachineArn": { "Ref": machine },
            "StateMachineRevisionId": { "Fn::GetAtt": [machine, "StateMachineRevisionId"] },
        });
        let beside = json!({ "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain" });
        build.add_with(
            &version,
            "AWS::StepFunctions::StateMachineVersion",
            beside,
            properties,
            &[],
        );
        let mut properties = json!({ "Name": release.alias });
        match &release.gradual {
            None => {
                properties["RoutingConfiguration"] =
                    json!([{ "StateMachineVersionArn": { "Ref": version }, "Weight": 100 }]);
            }
            Some(gradual) => {
                let mut preference = json!({
                    "StateMachineVersionArn": { "Ref": version },
                    "Type": if gradual.linear { "LINEAR" } else { "CANARY" },
                    "Percentage": gradual.percent,
                    "Interval": gradual.minutes,
                });
                let alarms: Vec<Value> = build
                    .alarms
                    .iter()
                    .filter(|(of, _)| *of == self.id)
                    .map(|(_, alarm)| json!({ "Ref": alarm }))
                    .collect();
                if !alarms.is_empty() {
                    preference["Alarms"] = Value::Array(alarms);
                }
                properties["DeploymentPreference"] = preference;
            }
        }
        let alias = self.own(build).alias.clone();
        build.add(
            &alias,
            "AWS::StepFunctions::StateMachineAlias",
            properties,
            &[],
        );
        build.outputs.insert(
            format!("{alias}Arn"),
            json!({
                "Description": format!("ARN to start {} by, as it is released", pipeline.name),
                "Value": { "Ref": alias },
            }),
        );
    }

    fn logging(&self, build: &Build<'_>) -> Value {
        let log = &self.pipeline(build).settings.log;
        let level = match log.level {
            LogLevel::Errors => "ERROR",
            LogLevel::All => "ALL",
            LogLevel::Off => return json!({ "Level": "OFF" }),
        };
        json!({
            "Level": level,
            "IncludeExecutionData": log.payload,
            "Destinations": [{
                "CloudWatchLogsLogGroup": { "LogGroupArn": { "Fn::GetAtt": [self.own(build).logs, "Arn"] } },
            }],
        })
    }

    /// The definition, and what is substituted in it.
    fn define(&self, build: &Build<'_>, properties: &mut Value) {
        let substitutions: Map<String, Value> = self
            .definition
            .substitutions
            .iter()
            .map(|(key, deploy)| (key.clone(), self.substitution(build, deploy)))
            .collect();
        if !substitutions.is_empty() {
            properties["DefinitionSubstitutions"] = Value::Object(substitutions);
        }
        let definition = serde_json::to_value(&self.definition.machine).unwrap_or_default();
        if looks_intrinsic(&definition) {
            properties["DefinitionString"] = Value::String(definition.to_string());
        } else {
            properties["Definition"] = definition;
        }
    }

    fn substitution(&self, build: &Build<'_>, deploy: &Deploy) -> Value {
        match deploy {
            // Made before this one, unless this one is reached from there.
            Deploy::Machine(id) if !self.reaches(*id) => build.names.deploy(deploy),
            Deploy::Param(id) if matches!(build.program.param(*id).ty, Type::List(_)) => {
                json!({ "Fn::Join": [",", build.names.deploy(deploy)] })
            }
            deploy => build.names.text(&build.tracer.deploy(deploy)),
        }
    }

    /// Whether that pipeline starts this one, by whatever way.
    fn reaches(&self, from: PipelineId) -> bool {
        let mut seen = BTreeSet::new();
        let mut left = vec![from];
        while let Some(id) = left.pop() {
            if id == self.id {
                return true;
            }
            if !seen.insert(id) {
                continue;
            }
            if let Some(definition) = self.definitions.get(id.0 as usize) {
                left.extend(definition.substitutions.values().filter_map(|d| match d {
                    Deploy::Machine(id) => Some(*id),
                    _ => None,
                }));
            }
        }
        false
    }
}
