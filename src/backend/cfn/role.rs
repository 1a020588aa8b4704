//! Roles: who takes one on, and what it may do.

use serde_json::{Value, json};

use super::build::Build;
use super::names::Labels;
use crate::backend::iam::{Policy, pack};
use crate::ir::Deploy;
use crate::ir::pattern::Pattern;

/// A role with its policies, all made before what works under it.
pub(super) struct Role<'r> {
    pub logical: &'r str,
    pub description: String,
    pub trust: Value,
    pub policy: &'r Policy,
    /// The name of its inline policy.
    pub policy_name: &'r str,
    pub labels: &'r Labels,
    /// AWS's own policies, by their names behind `policy/`.
    pub managed: &'r [String],
    pub tags: &'r [(String, Value)],
}

impl Role<'_> {
    /// Its policy stands in it; where that would be too large, it is managed policies of their own.
    pub fn add(&self, build: &mut Build<'_>) {
        let mut attached: Vec<Value> = self
            .managed
            .iter()
            .map(|name| json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:iam::aws:policy/{name}") }))
            .collect();
        let mut properties = json!({
            "Description": self.description,
            "AssumeRolePolicyDocument": self.trust,
        });
        if !self.policy.statements.is_empty() {
            let parts = pack::pack(self.policy, self.labels);
            match parts.as_slice() {
                [_] => {
                    properties["Policies"] = json!([{
                        "PolicyName": self.policy_name,
                        "PolicyDocument": self.policy.template(build.names, self.labels),
                    }]);
                }
                parts => {
                    for (i, part) in parts.iter().enumerate() {
                        let logical = build.names.claim(self.logical, &format!("Part{}", i + 1));
                        let policy = json!({
                            "Description": format!("Part {} of what {} may do", i + 1, self.policy_name),
                            "PolicyDocument": part.template(build.names, self.labels),
                        });
                        build.add(&logical, "AWS::IAM::ManagedPolicy", policy, self.tags);
                        attached.push(json!({ "Ref": logical }));
                    }
                }
            }
        }
        if !attached.is_empty() {
            properties["ManagedPolicyArns"] = Value::Array(attached);
        }
        build.add(self.logical, "AWS::IAM::Role", properties, self.tags);
    }
}

/// A service takes it on, for this account, and where it says so, for this resource alone.
pub(super) fn trust(build: &Build<'_>, service: &str, source: Option<&Pattern>) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "sts:AssumeRole",
    });
    if let Some(source) = source {
        statement["Condition"] = json!({
            "StringEquals": { "aws:SourceAccount": build.names.deploy(&Deploy::Account) },
            "ArnLike": { "aws:SourceArn": build.pattern(source) },
        });
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}
