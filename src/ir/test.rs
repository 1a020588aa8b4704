//! Tests as meant: what a pipeline is given, what its calls answer, and what is expected of its run.
//!
//! They change nothing of what is emitted. Stages are named by their places, which the states of a definition are traced to.

use super::{Expr, PipelineId, Stage, VariableId};
use crate::source::Span;

/// `test "…" of pipeline { … }`
#[derive(Clone, Debug)]
pub struct Test {
    pub title: String,
    pub pipeline: PipelineId,
    /// The execution's input; an empty object when not written.
    pub given: Option<Expr>,
    pub mocks: Vec<Mock>,
    pub expectations: Vec<Expectation>,
    pub each: Option<EachStepFails>,
    /// What the variables in its expressions stand for, by their ids.
    pub values: Vec<TestValue>,
    /// Where its title stands.
    pub span: Span,
}

/// `each step but a fails { … }`: a run for each call, in which that call fails.
#[derive(Clone, Debug)]
pub struct EachStepFails {
    /// Those that are left out.
    pub but: Vec<MockTarget>,
    /// Of each of the runs.
    pub expectations: Vec<Expectation>,
}

/// What a variable in an expression of a test stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum TestValue {
    /// Those of the call.
    Arguments,
    /// Of the innermost map around the call.
    Item,
    Index,
    /// 0 at first, then the number of the retry.
    Attempt,
    /// What the pipeline returned; null when it did not.
    Result,
    /// Seconds of virtual time.
    Duration,
    /// A name that the flow has bound when it ends, with the source's name; null where it has no value.
    Variable(VariableId, String),
}

/// Answers to calls, in order; the last one repeats.
#[derive(Clone, Debug)]
pub struct Mock {
    pub target: MockTarget,
    /// A condition on the call.
    pub when: Option<Expr>,
    pub answers: Vec<Answer>,
    pub span: Span,
}

/// Calls of a test's pipeline, or of one that it calls.
#[derive(Clone, Debug)]
pub struct MockTarget {
    /// As it was written, for people.
    pub name: String,
    pub stages: Vec<StagePlace>,
    /// Of several states that were made for them only the one of this name: they are numbered when they are written out.
    pub state: Option<String>,
    pub span: Span,
}

/// Where a stage stands: what its states are traced to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagePlace {
    pub pipeline: PipelineId,
    pub base: String,
    pub span: Span,
    /// Uses of steps that the stage was expanded from, outermost first.
    pub expanded_from: Vec<Span>,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub kind: AnswerKind,
    /// Seconds.
    pub after: Option<Expr>,
}

#[derive(Clone, Debug)]
pub enum AnswerKind {
    /// The value of the stage; of a map over a dataset, the items.
    Returns(Expr),
    Fails {
        /// For each stage of the target, as its service names the error.
        errors: Vec<String>,
        cause: Option<Expr>,
    },
    /// Nobody answers.
    Never,
}

#[derive(Clone, Debug)]
pub struct Expectation {
    pub kind: ExpectationKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExpectationKind {
    /// With this output, where one is given.
    Succeeded(Option<Expr>),
    /// With one of these names; with any when there is none.
    Failed {
        errors: Vec<String>,
        cause: Option<Expr>,
    },
    TimedOut,
    /// So often, retries not counted; the arguments of each hold all of `with`.
    Called {
        target: MockTarget,
        times: u64,
        with: Option<Expr>,
    },
    /// The first call of one comes before the first of the other.
    Before {
        first: MockTarget,
        second: MockTarget,
    },
    /// A condition on how it ended.
    Holds(Expr),
}

impl StagePlace {
    pub fn of(pipeline: PipelineId, stage: &Stage) -> Self {
        Self {
            pipeline,
            base: stage.name.base.clone(),
            span: stage.span,
            expanded_from: stage.expanded_from.clone(),
        }
    }
}

impl Test {
    /// All expressions, with all their parts.
    pub fn for_each_expr_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        let mut all: Vec<&mut Expr> = Vec::new();
        all.extend(&mut self.given);
        for mock in &mut self.mocks {
            all.extend(&mut mock.when);
            for answer in &mut mock.answers {
                all.extend(&mut answer.after);
                match &mut answer.kind {
                    AnswerKind::Returns(value) => all.push(value),
                    AnswerKind::Fails { cause, .. } => all.extend(cause),
                    AnswerKind::Never => {}
                }
            }
        }
        let each = self.each.iter_mut().flat_map(|each| &mut each.expectations);
        for expectation in self.expectations.iter_mut().chain(each) {
            match &mut expectation.kind {
                ExpectationKind::Succeeded(value) => all.extend(value),
                ExpectationKind::Failed { cause, .. } => all.extend(cause),
                ExpectationKind::Called { with, .. } => all.extend(with),
                ExpectationKind::Holds(condition) => all.push(condition),
                ExpectationKind::TimedOut | ExpectationKind::Before { .. } => {}
            }
        }
        for expr in all {
            expr.for_each_mut(visit);
        }
    }

    /// All targets of its mocks and expectations.
    pub fn targets(&self) -> Vec<&MockTarget> {
        let mut targets: Vec<&MockTarget> = self.mocks.iter().map(|mock| &mock.target).collect();
        let mut expectations: Vec<&Expectation> = self.expectations.iter().collect();
        if let Some(each) = &self.each {
            targets.extend(&each.but);
            expectations.extend(&each.expectations);
        }
        for expectation in expectations {
            match &expectation.kind {
                ExpectationKind::Called { target, .. } => targets.push(target),
                ExpectationKind::Before { first, second } => targets.extend([first, second]),
                _ => {}
            }
        }
        targets
    }

    /// All pipelines that it names.
    pub fn for_each_pipeline_mut(&mut self, visit: &mut dyn FnMut(&mut PipelineId)) {
        visit(&mut self.pipeline);
        let mut targets: Vec<&mut MockTarget> =
            self.mocks.iter_mut().map(|mock| &mut mock.target).collect();
        let mut expectations: Vec<&mut Expectation> = self.expectations.iter_mut().collect();
        if let Some(each) = &mut self.each {
            targets.extend(&mut each.but);
            expectations.extend(&mut each.expectations);
        }
        for expectation in expectations {
            match &mut expectation.kind {
                ExpectationKind::Called { target, .. } => targets.push(target),
                ExpectationKind::Before { first, second } => targets.extend([first, second]),
                _ => {}
            }
        }
        for stage in targets.into_iter().flat_map(|target| &mut target.stages) {
            visit(&mut stage.pipeline);
        }
    }
}
