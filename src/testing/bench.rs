//! A program as the simulator runs it: its definitions as a deployment would have them, read back, with their policies.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::sample::smallest;
use crate::backend;
use crate::backend::asl::state::State;
use crate::backend::asl::{self, Origin};
use crate::backend::deployment::Deployment;
use crate::ir::test::StagePlace;
use crate::ir::{
    Call, Deploy, Items, Map, PipelineId, Program, Stage, StageKind, Type, for_each_stage,
};
use crate::simulate::definition::{Machine, Mode, substitute};
use crate::simulate::log::Log;
use crate::simulate::permissions::{Policy, machine_of};

/// A program, ready to be run.
pub struct Bench<'p> {
    pub program: &'p Program,
    pub deployment: Deployment<'p>,
    /// Of the pipelines, in their order.
    pub definitions: Vec<asl::Definition>,
    machines: Vec<Machine>,
    policies: Vec<Option<Policy>>,
    /// By the ARNs of the roles of steps.
    step_policies: Vec<(String, Policy)>,
    arns: Vec<String>,
    /// The stage of each state that calls or reads, by pipeline and name.
    stages: Vec<HashMap<String, &'p Stage>>,
}

/// What a run needs of a bench, when nothing else is asked of it.
pub struct Parts {
    /// Of the pipelines, in their order, with their ARNs.
    pub machines: Vec<(String, Machine)>,
    /// By the machines' names.
    pub policies: Vec<(String, Policy)>,
    /// By the ARNs of the roles of steps.
    pub step_policies: Vec<(String, Policy)>,
}

/// A definition that the simulator does not take: the service would refuse it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pipeline}` would be refused: {reasons}")]
pub struct Refused {
    pub pipeline: String,
    pub reasons: String,
}

impl<'p> Bench<'p> {
    pub fn new(program: &'p Program, deployment: Deployment<'p>) -> Result<Self, Refused> {
        let made = backend::make(program);
        let mut machines = Vec::new();
        let mut policies = Vec::new();
        let mut step_policies = Vec::new();
        let ids = (0u32..).map(PipelineId);
        for (id, pipeline) in ids.zip(&program.pipelines) {
            for (step, policy) in backend::iam::step_policies(program, pipeline) {
                let role = Deploy::StepRole(id, step.clone());
                let filled = deployment.fill(&BTreeMap::from([(step, role)]));
                let document = deployment.policy(&policy, &Default::default());
                let policy = Policy::parse(&document);
                step_policies.extend(filled.into_values().zip(policy));
            }
        }
        let parts = made.definitions.iter().zip(&made.policies);
        for (pipeline, (definition, policy)) in program.pipelines.iter().zip(parts) {
            let mode = if pipeline.settings.express {
                Mode::Express
            } else {
                Mode::Standard
            };
            let refused = |reasons| Refused {
                pipeline: pipeline.name.clone(),
                reasons,
            };
            machines.push(read(&deployment, definition, mode).map_err(refused)?);
            // A role that somebody else made has a policy of its own.
            let own = pipeline.settings.role.is_none();
            let document = own.then(|| deployment.policy(policy, &definition.labels));
            policies.push(document.as_ref().and_then(Policy::parse));
        }
        let arns = program.pipelines.iter();
        let arns = arns.map(|pipeline| deployment.machine_arn(&pipeline.name));
        let ids = (0u32..).map(PipelineId);
        let stages = ids
            .zip(&made.definitions)
            .map(|(id, definition)| find_stages(program, id, definition));
        Ok(Self {
            program,
            arns: arns.collect(),
            stages: stages.collect(),
            deployment,
            machines,
            policies,
            step_policies,
            definitions: made.definitions,
        })
    }

    pub fn into_parts(self) -> Parts {
        let names: Vec<String> = (0..self.arns.len())
            .map(|at| self.machine_name(at).to_owned())
            .collect();
        let policies = names.into_iter().zip(self.policies);
        Parts {
            policies: policies
                .filter_map(|(name, policy)| Some((name, policy?)))
                .collect(),
            step_policies: self.step_policies,
            machines: self.arns.into_iter().zip(self.machines).collect(),
        }
    }

    pub fn machine(&self, at: usize) -> &Machine {
        &self.machines[at]
    }

    /// As it stands in ARNs.
    pub fn machine_name(&self, at: usize) -> &str {
        self.arns[at].rsplit(':').next().unwrap_or_default()
    }

    pub fn role(&self, at: usize) -> String {
        format!(
            "arn:{}:iam::{}:role/{}",
            self.deployment.partition,
            self.deployment.account,
            self.machine_name(at)
        )
    }

    /// The other machines, by their ARNs.
    pub fn others(&self, at: usize) -> BTreeMap<String, &Machine> {
        let all = self.arns.iter().zip(&self.machines).enumerate();
        let others = all.filter(|(other, _)| *other != at);
        others
            .map(|(_, (arn, machine))| (arn.clone(), machine))
            .collect()
    }

    /// The machines whose roles the template makes, and their policies.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &Policy)> {
        let all = self.policies.iter().enumerate();
        all.filter_map(|(at, policy)| Some((self.machine_name(at), policy.as_ref()?)))
    }

    /// The roles of steps, by their ARNs, and their policies.
    pub fn step_policies(&self) -> &[(String, Policy)] {
        &self.step_policies
    }

    /// The pipeline of an execution, by the execution's ARN.
    pub fn pipeline_of(&self, execution: &str) -> Option<PipelineId> {
        let name = machine_of(execution)?;
        let at = (0..self.arns.len()).find(|at| self.machine_name(*at) == name)?;
        Some(PipelineId(at as u32))
    }

    /// What a state was made for.
    pub fn origin(&self, pipeline: PipelineId, state: &str) -> Option<&Origin> {
        self.definitions[pipeline.0 as usize].origins.get(state)
    }

    /// The stage whose call a state makes, or whose dataset it reads.
    pub(super) fn stage(&self, pipeline: PipelineId, state: &str) -> Option<&'p Stage> {
        self.stages[pipeline.0 as usize].get(state).copied()
    }

    /// The states of a pipeline that call, and their calls.
    pub(super) fn calls(&self, pipeline: PipelineId) -> impl Iterator<Item = (&str, &'p Call)> {
        let stages = self.stages[pipeline.0 as usize].iter();
        stages.filter_map(|(state, stage)| match &stage.kind {
            StageKind::Call(call) => Some((state.as_str(), &**call)),
            _ => None,
        })
    }

    /// The names of the states that were made for a stage, to call or to read.
    pub(super) fn states_of(&self, place: &StagePlace) -> BTreeSet<String> {
        let stages = &self.stages[place.pipeline.0 as usize];
        stages
            .iter()
            .filter(|(_, stage)| StagePlace::of(place.pipeline, stage) == *place)
            .map(|(state, _)| state.clone())
            .collect()
    }

    /// Whether some state of an execution's machine sends tokens of tasks.
    pub(super) fn sends_tokens(&self, execution: &str) -> bool {
        self.pipeline_of(execution)
            .is_some_and(|pipeline| self.machine(pipeline.0 as usize).sends_tokens)
    }

    /// An item of a map's dataset, made from its type.
    pub(super) fn sample_item(&self, pipeline: PipelineId, stage: &Stage) -> Option<Value> {
        let StageKind::Map(map) = &stage.kind else {
            return None;
        };
        let ty = &self.program.pipeline(pipeline).variable(map.item).ty;
        let batched = map.distributed.as_ref().is_some_and(|d| d.batch.is_some());
        Some(match ty {
            Type::List(element) if batched => smallest(element),
            ty => smallest(ty),
        })
    }

    /// The states of a pipeline that called in a run, in the order of their first calls.
    pub fn calls_of(&self, pipeline: PipelineId, log: &Log) -> Vec<String> {
        let mut states: Vec<String> = Vec::new();
        for call in log.calls() {
            let own = self.pipeline_of(&call.execution) == Some(pipeline);
            if own && !states.iter().any(|state| **state == *call.state) {
                states.push(call.state.to_string());
            }
        }
        states
    }
}

fn read(
    deployment: &Deployment<'_>,
    made: &asl::Definition,
    mode: Mode,
) -> Result<Machine, String> {
    let definition = serde_json::to_string(&made.machine).map_err(|error| error.to_string())?;
    let substituted = substitute(&definition, &deployment.substitutions(made));
    Machine::parse_text(&substituted.text, mode).map_err(|refusals| {
        let texts: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        texts.join("; ")
    })
}

/// The stages of the Task states, and of the maps that read, traced by what the lowering says of their origin.
fn find_stages<'p>(
    program: &'p Program,
    id: PipelineId,
    definition: &asl::Definition,
) -> HashMap<String, &'p Stage> {
    let mut sources = Vec::new();
    for_each_stage(&program.pipeline(id).body, &mut |stage| {
        let reads = |map: &Map| matches!(map.items, Items::Dataset(_));
        match &stage.kind {
            StageKind::Call(_) => sources.push(stage),
            StageKind::Map(map) if reads(map) => sources.push(stage),
            _ => {}
        }
    });
    let mut found = HashMap::new();
    for_each_state(&definition.machine.states, &mut |name, state| {
        let Some(origin) = definition.origins.get(name) else {
            return;
        };
        let stage = sources.iter().find(|stage| {
            let fits = match stage.kind {
                StageKind::Call(_) => matches!(state, State::Task(_)),
                _ => matches!(state, State::Map(_)),
            };
            fits && stage.span == origin.span
                && stage.name.base == origin.stage
                && stage.expanded_from == origin.expanded_from
        });
        if let Some(stage) = stage {
            found.insert(name.to_owned(), *stage);
        }
    });
    found
}

/// All states, inner ones after those around them.
pub(super) fn for_each_state<'s>(
    states: &'s indexmap::IndexMap<String, State>,
    visit: &mut dyn FnMut(&'s str, &'s State),
) {
    for (name, state) in states {
        visit(name, state);
        match state {
            State::Map(map) => for_each_state(&map.item_processor.states, visit),
            State::Parallel(parallel) => {
                for branch in &parallel.branches {
                    for_each_state(&branch.states, visit);
                }
            }
            _ => {}
        }
    }
}
