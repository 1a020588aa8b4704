//! A pipeline's own resources: machine, role, policy, log group.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::names::{Labels, Names, PipelineNames};
use super::value::{expression, looks_intrinsic};
use crate::backend::asl::Definition;
use crate::backend::check::OUTPUTS;
use crate::backend::iam::{self, Policy, pack};
use crate::catalog::resource::RefForm;
use crate::ir::pattern::trace::Tracer;
use crate::ir::{Deploy, LogLevel, Pipeline, PipelineId, Program, Type};

/// Days that logs are kept where the pipeline does not say.
const KEEP: u32 = 30;

pub(super) struct Machine<'p> {
    pub program: &'p Program,
    pub names: &'p Names<'p>,
    pub id: PipelineId,
    /// Of all pipelines: who refers to whom decides how.
    pub definitions: &'p [Definition],
    pub definition: &'p Definition,
    pub policy: &'p Policy,
}

impl Machine<'_> {
    fn pipeline(&self) -> &Pipeline {
        self.program.pipeline(self.id)
    }

    fn own(&self) -> &PipelineNames {
        self.names.pipeline(self.id)
    }

    pub fn resources(&self, resources: &mut Map<String, Value>) {
        let own = self.own();
        if self.logs() {
            resources.insert(own.logs.clone(), self.log_group());
        }
        let mut policies = Vec::new();
        if self.pipeline().settings.role.is_none() {
            resources.insert(own.role.clone(), self.role());
            for (name, policy) in self.policies() {
                policies.push(name.clone());
                resources.insert(name, policy);
            }
        }
        resources.insert(own.machine.clone(), self.machine(&policies));
    }

    pub fn outputs(&self, outputs: &mut Map<String, Value>) {
        let pipeline = self.pipeline();
        let machine = &self.own().machine;
        outputs.insert(
            format!("{machine}Arn"),
            json!({
                "Description": format!("ARN of the state machine {}", pipeline.name),
                "Value": { "Ref": machine },
            }),
        );
        if 2 * self.definitions.len() > OUTPUTS {
            return;
        }
        outputs.insert(
            format!("{machine}Name"),
            json!({
                "Description": format!("Name of the state machine {}", pipeline.name),
                "Value": { "Fn::GetAtt": [machine, "Name"] },
            }),
        );
    }

    fn logs(&self) -> bool {
        self.pipeline().settings.log.level != LogLevel::Off
    }

    fn log_group(&self) -> Value {
        let pipeline = self.pipeline();
        let keep = match &pipeline.settings.log.keep {
            Some(days) => expression(self.program, self.names, days),
            None => json!(KEEP),
        };
        let mut properties = json!({
            // Outside of this prefix each group takes room in the account's one log resource policy.
            "LogGroupName": format!("/aws/vendedlogs/states/{}", pipeline.name),
            "RetentionInDays": keep,
        });
        self.tag(&mut properties);
        // Its name is fixed: a group that were kept would stand in the way of the next deployment.
        json!({
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": properties,
        })
    }

    fn role(&self) -> Value {
        let pipeline = self.pipeline();
        let mut properties = json!({
            "Description": format!("Runs the state machine {}", pipeline.name),
            "AssumeRolePolicyDocument": iam::trust(self.program, pipeline, self.names, self.definition),
        });
        self.tag(&mut properties);
        json!({ "Type": "AWS::IAM::Role", "Properties": properties })
    }

    /// Apart from the role, so that statements can name the machine; in several parts when one would be too large.
    fn policies(&self) -> Vec<(String, Value)> {
        let own = self.own();
        let labels = &self.definition.labels;
        if self.policy.statements.is_empty() {
            return Vec::new();
        }
        let parts = pack::pack(self.policy, labels);
        let roles = json!([{ "Ref": own.role }]);
        if let [_] = parts.as_slice() {
            let policy = json!({
                "Type": "AWS::IAM::Policy",
                "Properties": {
                    "PolicyName": self.pipeline().name,
                    "PolicyDocument": self.policy.template(self.names, labels),
                    "Roles": roles,
                },
            });
            return vec![(own.policy.clone(), policy)];
        }
        parts
            .iter()
            .enumerate()
            .map(|(i, part)| {
                let policy = json!({
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {
                        "Description": format!("Part {} of what {} may do", i + 1, self.pipeline().name),
                        "PolicyDocument": part.template(self.names, labels),
                        "Roles": roles,
                    },
                });
                (format!("{}Part{}", own.policy, i + 1), policy)
            })
            .collect()
    }

    fn machine(&self, policies: &[String]) -> Value {
        let pipeline = self.pipeline();
        let own = self.own();
        let settings = &pipeline.settings;
        let mut resource = json!({ "Type": "AWS::StepFunctions::StateMachine" });
        // Without its permissions a machine can neither be made, if it logs, nor run.
        match policies {
            [] => {}
            [policy] => resource["DependsOn"] = json!(policy),
            policies => resource["DependsOn"] = json!(policies),
        }
        let role = match settings.role {
            Some(role) => {
                let arn = Tracer::outside(self.program).resource(role, RefForm::Arn);
                self.names.value(&arn, &Labels::new())
            }
            None => json!({ "Fn::GetAtt": [own.role, "Arn"] }),
        };
        let mut properties = json!({ "StateMachineName": pipeline.name });
        if settings.express {
            properties["StateMachineType"] = json!("EXPRESS");
        }
        properties["RoleArn"] = role;
        properties["LoggingConfiguration"] = self.logging();
        if settings.trace {
            properties["TracingConfiguration"] = json!({ "Enabled": true });
        }
        self.tag(&mut properties);
        self.define(&mut properties);
        resource["Properties"] = properties;
        resource
    }

    fn logging(&self) -> Value {
        let log = &self.pipeline().settings.log;
        let level = match log.level {
            LogLevel::Errors => "ERROR",
            LogLevel::All => "ALL",
            LogLevel::Off => return json!({ "Level": "OFF" }),
        };
        json!({
            "Level": level,
            "IncludeExecutionData": log.payload,
            "Destinations": [{
                "CloudWatchLogsLogGroup": { "LogGroupArn": { "Fn::GetAtt": [self.own().logs, "Arn"] } },
            }],
        })
    }

    /// The definition, and what is substituted in it.
    fn define(&self, properties: &mut Value) {
        let substitutions: Map<String, Value> = self
            .definition
            .substitutions
            .iter()
            .map(|(key, deploy)| (key.clone(), self.substitution(deploy)))
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

    fn substitution(&self, deploy: &Deploy) -> Value {
        match deploy {
            // Made before this one, unless this one is reached from there.
            Deploy::Machine(id) if !self.reaches(*id) => self.names.deploy(deploy),
            Deploy::Param(id) if matches!(self.program.param(*id).ty, Type::List(_)) => {
                json!({ "Fn::Join": [",", self.names.deploy(deploy)] })
            }
            deploy => {
                let pattern = Tracer::outside(self.program).deploy(deploy);
                self.names.value(&pattern, &Labels::new())
            }
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

    fn tag(&self, properties: &mut Value) {
        let tags: Vec<Value> = self
            .pipeline()
            .settings
            .tags
            .iter()
            .map(|(key, value)| {
                json!({ "Key": key, "Value": expression(self.program, self.names, value) })
            })
            .collect();
        if !tags.is_empty() {
            properties["Tags"] = Value::Array(tags);
        }
    }
}
