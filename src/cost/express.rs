//! Whether a machine could be express, and what it would hold in memory.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>

use super::assume::{Assumptions, Question, Unit};
use super::flow::Flow;
use super::{MapKind, Range, kind};
use crate::backend::asl::Definition;
use crate::backend::asl::state::State;

/// Why a machine cannot be express.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Empty for the machine as a whole.
    pub state: String,
    pub reason: &'static str,
}

/// An express execution ends after so many seconds.
const LONGEST: f64 = 300.0;
const MEGABYTE: f64 = 1024.0 * 1024.0;
/// What an execution hands from state to state.
const PAYLOAD: f64 = 10.0 * 1024.0;
/// No state takes more.
const MOST_PAYLOAD: f64 = 256.0 * 1024.0;

/// What the service refuses in an express machine.
pub(super) fn obstacles(flow: &Flow) -> Vec<Obstacle> {
    let mut found = Vec::new();
    for node in &flow.nodes {
        let reason = match node.state {
            State::Task(task) if task.resource.contains(".sync") => Some("waits for a job's end"),
            State::Task(task) if task.resource.ends_with(".waitForTaskToken") => {
                Some("waits for a callback")
            }
            // An activity's ARN is filled in by the template.
            State::Task(task) if !task.resource.starts_with("arn:") => Some("is an activity"),
            State::Map(_) if matches!(kind(node), MapKind::Distributed { .. }) => {
                Some("is a distributed map")
            }
            State::Wait(wait) => {
                let seconds = wait.seconds.as_ref().and_then(serde_json::Value::as_f64);
                let long = seconds.is_some_and(|seconds| seconds > LONGEST);
                long.then_some("waits longer than 5 minutes")
            }
            _ => None,
        };
        found.extend(reason.map(|reason| Obstacle {
            state: node.name.to_owned(),
            reason,
        }));
        if kind(node) == MapKind::Inline || matches!(node.state, State::Parallel(_)) {
            for inside in &node.inside {
                found.extend(obstacles(inside));
            }
        }
    }
    found
}

/// With what is assumed, it must end in time too.
pub(super) fn check(mut obstacles: Vec<Obstacle>, seconds: Range) -> Result<(), Vec<Obstacle>> {
    if obstacles.is_empty() && seconds.high > LONGEST {
        obstacles.push(Obstacle {
            state: String::new(),
            reason: "it takes longer than 5 minutes with what is assumed",
        });
    }
    if obstacles.is_empty() {
        Ok(())
    } else {
        Err(obstacles)
    }
}

/// Megabytes beside the base: the definition, and the payload in each map and branch that holds one.
pub(super) fn megabytes(
    flow: &Flow,
    definition: &Definition,
    assumptions: &mut Assumptions,
) -> f64 {
    fn holders(flow: &Flow) -> f64 {
        let count = |node: &super::Node| {
            let own = matches!(node.state, State::Map(_) | State::Parallel(_));
            f64::from(u8::from(own)) + node.inside.iter().map(holders).sum::<f64>()
        };
        flow.nodes.iter().map(count).sum()
    }
    let payload = assumptions.ask(Question {
        name: "payload",
        unit: Unit::Bytes,
        default: PAYLOAD,
        known: false,
        most: MOST_PAYLOAD,
        what: "what an express execution hands on".to_owned(),
    });
    let text = serde_json::to_string(&definition.machine).unwrap_or_default();
    (text.len() as f64 + payload * holders(flow).max(1.0)) / MEGABYTE
}
