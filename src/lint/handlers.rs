//! Handlers after which a failed execution looks as if it had succeeded.

use std::collections::HashSet;

use super::parts::{calls, own_blocks, read_variables, stage_calls};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Binding, Block, Call, Handler, Pipeline, Stage, StageKind, Type, VariableId};
use crate::source::Span;

/// What a failure of a stage means for what is around.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// In the pipeline's own flow.
    Pipeline,
    /// In an item's or a branch's body: telling somebody is what such handlers are for.
    Body,
}

/// A handler that does something and goes on, when nothing later looks at what came out.
pub(super) fn failures_that_end_as_success(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut search = Search {
        read: read_variables(pipeline),
        found: Vec::new(),
    };
    search.block(&pipeline.body, Place::Pipeline, false);
    search.found
}

struct Search {
    read: HashSet<VariableId>,
    found: Vec<Diagnostic>,
}

impl Search {
    /// `value_read`: something looks at the block's value.
    fn block(&mut self, block: &Block, place: Place, value_read: bool) {
        for (at, stage) in block.stages.iter().enumerate() {
            let last = at + 1 == block.stages.len();
            let read = self.is_read(&stage.binds) || last && value_read;
            self.stage(stage, place, read);
        }
    }

    fn is_read(&self, binds: &Binding) -> bool {
        match binds {
            Binding::None => false,
            Binding::Name(id) => self.read.contains(id),
            Binding::Fields(fields) => fields.iter().any(|(_, id)| self.read.contains(id)),
        }
    }

    fn stage(&mut self, stage: &Stage, place: Place, read: bool) {
        for handler in &stage.guard.catch {
            if !read && says_nothing(&handler.block) && hides(stage, handler, place) {
                self.found.push(describe(stage, handler));
            }
            // Where the handler ends in the failure, what it does on the way hides none; nor does cleaning up.
            if goes_on(&handler.block) {
                self.block(&handler.block, place, read);
            }
        }
        let (inside, read) = match &stage.kind {
            StageKind::Map(_) | StageKind::Parallel { .. } => (Place::Body, read),
            // A poll looks at every result.
            StageKind::Poll(_) => (place, true),
            StageKind::Loop { .. } => (place, false),
            _ => (place, read),
        };
        for block in own_blocks(stage) {
            self.block(block, inside, read);
        }
    }
}

/// Whether the flow goes on behind a block.
fn goes_on(block: &Block) -> bool {
    block
        .stages
        .last()
        .is_none_or(|last| last.ty != Type::Never)
}

/// Whether the flow goes on behind a handler that does not say that this is meant: an empty one and one that ends in `pass`
/// say so.
fn says_nothing(block: &Block) -> bool {
    let last = block.stages.last();
    goes_on(block) && last.is_some_and(|last| !matches!(last.kind, StageKind::Pass(_)))
}

fn hides(stage: &Stage, handler: &Handler, place: Place) -> bool {
    match place {
        Place::Pipeline => !stands_in(stage, handler),
        Place::Body => !calls(&handler.block, &mut |_| true),
    }
}

/// Whether the handler does the failed stage's work in another way: a lighter job, another queue.
fn stands_in(stage: &Stage, handler: &Handler) -> bool {
    calls(&handler.block, &mut |other| {
        let same = |call: &Call| {
            call.operation.service == other.operation.service
                && call.operation.name == other.operation.name
                && other.operation.service != "lambda"
        };
        match &stage.kind {
            StageKind::Call(call) => same(call),
            _ => own_blocks(stage)
                .into_iter()
                .flat_map(|block| &block.stages)
                .any(|stage| stage_calls(stage, &mut |call| same(call))),
        }
    })
}

fn describe(stage: &Stage, handler: &Handler) -> Diagnostic {
    let word = Span {
        end: handler
            .span
            .end
            .min(handler.span.start + "catch".len() as u32),
        ..handler.span
    };
    let what = match &stage.kind {
        StageKind::Block { .. } => "the block".to_owned(),
        _ => format!("`{}`", stage.name.base),
    };
    Diagnostic::new(
        Code::FailureEndsAsSuccess,
        word,
        format!("when {what} fails, this handler runs and the execution goes on as if it had succeeded"),
    )
    .help("end it in `fail` to fail with the same error, in `return` to end here, or in `pass` to say that going on is right")
}
