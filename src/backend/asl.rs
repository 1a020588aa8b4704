//! Amazon States Language, JSONata throughout.
//!
//! A pipeline is lowered to graphs whose edges assign, pruned of what nobody reads, fused into as few states as its
//! neighbours allow, named and written out.

mod emit;
mod fuse;
mod graph;
pub mod jsonata;
mod live;
mod lower;
mod naming;
mod settle;
pub mod state;
mod symbols;
mod terms;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::ir::{Deploy, PipelineId, Program, VariableId};
use crate::source::Span;

/// What a pipeline becomes, and what the template has to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    pub machine: state::Machine,
    /// What stands for each `${key}` in it.
    pub substitutions: BTreeMap<String, Deploy>,
    /// The labels of its distributed maps, by the variable of their items.
    pub labels: BTreeMap<VariableId, String>,
    /// Where each state comes from, in the order of the document, inner states after those around them.
    pub origins: IndexMap<String, Origin>,
    /// The variables that it assigns, and what each keeps.
    pub variables: BTreeMap<VariableId, Kept>,
}

/// What a definition keeps of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name in the definition.
    pub name: String,
    /// The paths of its members, where only some of them are kept.
    pub members: BTreeSet<Vec<String>>,
}

/// The source of a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The stage's name before numbering.
    pub stage: String,
    pub span: Span,
    /// Uses of steps that the stage was expanded from, outermost first.
    pub expanded_from: Vec<Span>,
    /// What a helper state is for; None for the stage's own state.
    pub role: Option<&'static str>,
}

/// One pipeline of a program.
pub fn lower(program: &Program, id: PipelineId) -> Definition {
    let pipeline = program.pipeline(id);
    let mut lowered = lower::lower(pipeline);
    // What is left of a value may be a constant, which leaves more unread.
    usage::prune(&mut lowered.graph, &lowered.symbols);
    usage::prune(&mut lowered.graph, &lowered.symbols);
    let params: BTreeSet<VariableId> = pipeline.params.iter().map(|p| p.variable).collect();
    fuse::fuse(&mut lowered.graph, &lowered.symbols, &params);
    settle::settle(&mut lowered.graph, &lowered.symbols);
    // Less is read now: what a state reads of its own result needs no variable.
    usage::prune(&mut lowered.graph, &lowered.symbols);
    emit::emit(program, pipeline, lowered)
}
