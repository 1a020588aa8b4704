//! Whether a role may make the calls of a run: what each call needs, by the catalog, against what its policy allows.
//!
//! Knows identity policies only. All that the catalog says of a call is needed, also what only decides which error comes
//! (ListBucket for a key that is not there). What a service does under the caller's name beside the call itself (a query that reads
//! files) is not seen in the call, and not asked about.

mod need;
mod policy;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Access, Call, Guard};
use super::failure::{Failure, PERMISSIONS};
use super::run::Settings;
use need::{Filler, Need};
pub use policy::Policy;

/// Something that a run needed and the policy does not allow.
#[derive(Clone, Debug, PartialEq)]
pub struct Denial {
    /// The state.
    pub state: String,
    pub action: String,
    pub resource: String,
    /// The statement that is missing.
    pub statement: Value,
}

/// Fails what a policy does not allow.
pub struct Permissions<'p> {
    policy: &'p Policy,
    settings: &'p Settings,
    /// Calls and their results, for needs that look back.
    made: Vec<(String, Value, Value)>,
    pub denials: Vec<Denial>,
    /// Actions and resources that were looked up, so that a loop asks once.
    known: BTreeMap<Vec<String>, Option<usize>>,
}

impl<'p> Permissions<'p> {
    pub fn new(policy: &'p Policy, settings: &'p Settings) -> Self {
        Self {
            policy,
            settings,
            made: Vec::new(),
            denials: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    fn judge(&mut self, state: &str, needs: Vec<Need>) -> Result<(), Failure> {
        let mut missing = Vec::new();
        for need in needs {
            for action in &need.actions {
                for resource in &need.resources {
                    if let Some(denial) = self.find_denial(state, action, resource, &need) {
                        missing.push(denial);
                    }
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = missing
            .iter()
            .map(|at| {
                let denial = &self.denials[*at];
                format!("{} on {}", denial.action, denial.resource)
            })
            .collect();
        let cause = format!(
            "The role is not allowed to do {}. Missing: {}",
            told.join(", "),
            self.denials[missing[0]].statement
        );
        Err(Failure::new(PERMISSIONS, cause))
    }

    /// The place of what is missing among the denials.
    fn find_denial(
        &mut self,
        state: &str,
        action: &str,
        resource: &str,
        need: &Need,
    ) -> Option<usize> {
        let mut key = vec![state.to_owned(), action.to_owned(), resource.to_owned()];
        key.extend(
            need.context
                .iter()
                .map(|(key, value)| format!("{key}={value}")),
        );
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut context = need.context.clone();
        context.insert(
            "aws:RequestedRegion".to_owned(),
            self.settings.region.clone(),
        );
        context.insert(
            "aws:PrincipalAccount".to_owned(),
            self.settings.account.clone(),
        );
        let found = if self.policy.allows(action, resource, &context) {
            None
        } else {
            let mut statement =
                json!({ "Effect": "Allow", "Action": action, "Resource": resource });
            for (operator, key, value) in &need.conditions {
                statement["Condition"][operator][key] = json!(value);
            }
            self.denials.push(Denial {
                state: state.to_owned(),
                action: action.to_owned(),
                resource: resource.to_owned(),
                statement,
            });
            Some(self.denials.len() - 1)
        };
        self.known.insert(key, found);
        found
    }
}

impl Guard for Permissions<'_> {
    fn check(&mut self, call: &Call) -> Result<(), Failure> {
        let filler = Filler {
            settings: self.settings,
            made: &self.made,
        };
        let needs = need::of_call(call, &filler);
        self.judge(&call.state, needs)
    }

    fn check_access(
        &mut self,
        _execution: &str,
        state: &str,
        access: Access,
    ) -> Result<(), Failure> {
        let filler = Filler {
            settings: self.settings,
            made: &self.made,
        };
        let needs = need::of_access(access, &filler);
        self.judge(state, needs)
    }

    fn note_result(&mut self, call: &Call, result: &Value) {
        if let Some(service) = need::service_of(&call.resource) {
            self.made
                .push((service, call.arguments.json().clone(), result.clone()));
        }
    }
}

/// Several machines, each with a role of its own. A machine without one here may do everything.
#[derive(Default)]
pub struct Roles<'p> {
    /// By the machines' names.
    machines: BTreeMap<String, Permissions<'p>>,
    /// By the ARNs of the roles that states call under.
    assumed: BTreeMap<String, Permissions<'p>>,
}

impl<'p> Roles<'p> {
    pub fn add(&mut self, machine: &str, permissions: Permissions<'p>) {
        self.machines.insert(machine.to_owned(), permissions);
    }

    /// A role that states name for their calls; what is not added may do everything.
    pub fn add_assumed(&mut self, arn: &str, permissions: Permissions<'p>) {
        self.assumed.insert(arn.to_owned(), permissions);
    }

    /// What was refused: by machines, then in order.
    pub fn into_denials(self) -> Vec<Denial> {
        let all = self
            .machines
            .into_values()
            .chain(self.assumed.into_values());
        all.flat_map(|permissions| permissions.denials).collect()
    }

    fn of(&mut self, execution: &str) -> Option<&mut Permissions<'p>> {
        self.machines.get_mut(machine_of(execution)?)
    }
}

/// The machine's name in the ARN of an execution, of a map's child too.
pub fn machine_of(execution: &str) -> Option<&str> {
    execution.split(':').nth(6)?.split('/').next()
}

impl Guard for Roles<'_> {
    fn check(&mut self, call: &Call) -> Result<(), Failure> {
        if let Some(permissions) = self.of(&call.execution) {
            permissions.check(call)?;
        }
        let role = call.credentials.as_ref();
        match role.and_then(|role| self.assumed.get_mut(role)) {
            Some(permissions) => permissions.check(&Call {
                credentials: None,
                ..call.clone()
            }),
            None => Ok(()),
        }
    }

    fn check_access(
        &mut self,
        execution: &str,
        state: &str,
        access: Access,
    ) -> Result<(), Failure> {
        match self.of(execution) {
            Some(permissions) => permissions.check_access(execution, state, access),
            None => Ok(()),
        }
    }

    fn note_result(&mut self, call: &Call, result: &Value) {
        if let Some(permissions) = self.of(&call.execution) {
            permissions.note_result(call, result);
        }
        let role = call.credentials.as_ref();
        if let Some(permissions) = role.and_then(|role| self.assumed.get_mut(role)) {
            permissions.note_result(call, result);
        }
    }
}
