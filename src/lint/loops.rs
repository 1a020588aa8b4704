//! Loops that nothing ends.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Block, Pipeline, StageKind};

/// `loop` blocks without anything in them that leaves them.
pub(super) fn endless(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    look(&pipeline.body, &mut found);
    found
}

fn look(block: &Block, found: &mut Vec<Diagnostic>) {
    for stage in &block.stages {
        if let StageKind::Loop {
            condition: None,
            block,
            ..
        } = &stage.kind
            && !has_end(block)
        {
            found.push(
                Diagnostic::new(
                    Code::EndlessLoop,
                    stage.span,
                    "this loop never ends: nothing in it leaves it",
                )
                .help("`break`, `return` or `fail` in it leaves it; `while` has a condition"),
            );
        }
        for inner in stage.blocks() {
            look(inner, found);
        }
    }
}

/// Whether something in the block can end the loop around it. A jump inside of an inner map is taken for one too.
pub(super) fn has_end(block: &Block) -> bool {
    block.stages.iter().any(|stage| {
        let leaves = matches!(
            stage.kind,
            StageKind::Break(_) | StageKind::Return { .. } | StageKind::Fail(_)
        );
        leaves || stage.blocks().into_iter().any(has_end)
    })
}
