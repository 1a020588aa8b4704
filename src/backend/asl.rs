//! Amazon States Language, JSONata throughout.

pub mod jsonata;
pub mod state;

use std::collections::BTreeMap;

use crate::ir::{Deploy, VariableId};

/// What a pipeline becomes, and what the template has to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    pub machine: state::Machine,
    /// What stands for each `${key}` in it.
    pub substitutions: BTreeMap<String, Deploy>,
    /// The labels of its distributed maps, by the variable of their items.
    pub labels: BTreeMap<VariableId, String>,
}
