//! What the calls of a test's run are answered: by the call that is to fail, by mocks, by values of their types.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::bench::Bench;
use super::sample::{result_of, smallest};
use super::value::{Formula, Values};
use crate::catalog::Pattern;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::test::{AnswerKind, MockTarget, TestValue};
use crate::ir::{Call as Called, PipelineId, StageKind, Target, Test, Type, VariableId};
use crate::simulate::call::{Answer, Call, Service};
use crate::simulate::clock::Millis;
use crate::simulate::data::Data;
use crate::simulate::failure::{Failure, TASK_FAILED};
use crate::simulate::permissions::machine_of;
use crate::source::Span;

pub(super) struct Answers<'b, 'p> {
    bench: &'b Bench<'p>,
    test: &'b Test,
    /// States of the tested pipeline whose calls fail, with every attempt.
    failing: &'b [String],
    rules: Vec<Rule>,
    troubles: Vec<Diagnostic>,
}

/// A mock, ready to answer.
struct Rule {
    /// Its place in the test.
    at: usize,
    calls: Calls,
    when: Option<(Span, Formula)>,
    answers: Vec<Prepared>,
    used: usize,
}

/// The states of a target, each with the place of its stage in the target.
pub(super) struct Calls(BTreeMap<(PipelineId, String), usize>);

struct Prepared {
    kind: PreparedKind,
    after: Option<Formula>,
    span: Span,
}

enum PreparedKind {
    Returns(Formula),
    Fails {
        /// For each stage of the target.
        errors: Vec<String>,
        cause: Option<Formula>,
    },
    Never,
}

impl Calls {
    pub fn of(bench: &Bench<'_>, target: &MockTarget) -> Self {
        let states = target.stages.iter().enumerate().flat_map(|(at, place)| {
            let mut states = bench.states_of(place);
            if let Some(wanted) = &target.state {
                states.retain(|state| state == wanted);
            }
            let states = states.into_iter();
            states.map(move |state| ((place.pipeline, state), at))
        });
        Self(states.collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The place of the call's stage in the target.
    pub fn find(&self, bench: &Bench<'_>, execution: &str, state: &str) -> Option<usize> {
        let pipeline = bench.pipeline_of(execution)?;
        self.0.get(&(pipeline, state.to_owned())).copied()
    }

    pub fn has(&self, pipeline: PipelineId, state: &str) -> bool {
        self.0.contains_key(&(pipeline, state.to_owned()))
    }
}

impl<'b, 'p> Answers<'b, 'p> {
    pub fn new(bench: &'b Bench<'p>, test: &'b Test, failing: &'b [String]) -> Self {
        let formula = |expr| Formula::new(bench, expr);
        let rules = test.mocks.iter().enumerate().map(|(at, mock)| Rule {
            at,
            calls: Calls::of(bench, &mock.target),
            when: mock.when.as_ref().map(|when| (when.span, formula(when))),
            answers: mock
                .answers
                .iter()
                .map(|answer| Prepared {
                    kind: match &answer.kind {
                        AnswerKind::Returns(value) => PreparedKind::Returns(formula(value)),
                        AnswerKind::Fails { errors, cause } => PreparedKind::Fails {
                            errors: errors.clone(),
                            cause: cause.as_ref().map(formula),
                        },
                        AnswerKind::Never => PreparedKind::Never,
                    },
                    after: answer.after.as_ref().map(formula),
                    span: mock.span,
                })
                .collect(),
            used: 0,
        });
        // Those with a condition are asked first.
        let (mut rules, others): (Vec<Rule>, Vec<Rule>) =
            rules.partition(|rule| rule.when.is_some());
        rules.extend(others);
        Self {
            bench,
            test,
            failing,
            rules,
            troubles: Vec::new(),
        }
    }

    /// Something of the test itself has no value: it fails whatever else happens.
    pub fn trouble(&mut self, span: Span, message: String) {
        let known = |other: &Diagnostic| other.primary.span == span && other.message == message;
        if !self.troubles.iter().any(known) {
            self.troubles
                .push(Diagnostic::new(Code::TestFailed, span, message));
        }
    }

    /// What was wrong in the test, and the places of the mocks that answered nothing.
    pub fn finish(self) -> (Vec<Diagnostic>, Vec<usize>) {
        let mut unused: Vec<usize> = self
            .rules
            .iter()
            .filter(|rule| rule.used == 0)
            .map(|rule| rule.at)
            .collect();
        unused.sort_unstable();
        (self.troubles, unused)
    }

    /// What the names in conditions and answers stand for.
    fn values(&self, call: &Call) -> Values {
        let item = call.iteration.as_deref();
        let values = (0u32..).map(VariableId).zip(&self.test.values);
        values
            .filter_map(|(id, value)| {
                let value = match value {
                    TestValue::Arguments => call.arguments.clone(),
                    TestValue::Attempt => Data::new(json!(call.attempt)),
                    TestValue::Item => item?.item.clone(),
                    TestValue::Index => Data::new(json!(item?.index)),
                    TestValue::Result | TestValue::Duration | TestValue::Variable(..) => {
                        return None;
                    }
                };
                Some((id, value))
            })
            .collect()
    }

    /// The rule that answers a call, by its place, and the place of the call's stage in its target.
    fn rule_for(&mut self, call: &Call, values: &Values) -> Option<(usize, usize)> {
        for at in 0..self.rules.len() {
            let rule = &self.rules[at];
            let Some(stage) = rule.calls.find(self.bench, &call.execution, &call.state) else {
                continue;
            };
            let Some((span, condition)) = &rule.when else {
                return Some((at, stage));
            };
            let span = *span;
            match condition.evaluate(values) {
                Ok(Value::Bool(true)) => return Some((at, stage)),
                Ok(_) => {}
                Err(message) => {
                    self.trouble(span, format!("this condition has no value: {message}"));
                }
            }
        }
        None
    }

    fn answer_of(&mut self, at: usize, stage: usize, call: &Call, values: &Values) -> Answer {
        let rule = &mut self.rules[at];
        let turn = rule.used.min(rule.answers.len().saturating_sub(1));
        rule.used += 1;
        let Some(prepared) = rule.answers.get(turn) else {
            return Answer::never();
        };
        let span = prepared.span;
        let mut troubles = Vec::new();
        let mut value = |formula: &Formula| match formula.evaluate(values) {
            Ok(value) => value,
            Err(message) => {
                troubles.push(format!("this answer has no value: {message}"));
                Value::Null
            }
        };
        let after = prepared.after.as_ref().map(&mut value);
        let answer = match &prepared.kind {
            PreparedKind::Never => Answer::never(),
            PreparedKind::Fails { errors, cause } => {
                let cause = cause.as_ref().map(&mut value);
                Answer::fail(Failure {
                    error: errors.get(stage).cloned(),
                    cause: cause.and_then(|cause| cause.as_str().map(str::to_owned)),
                })
            }
            PreparedKind::Returns(formula) => {
                let value = value(formula);
                match called(self.bench, call) {
                    Some(called) => Answer::succeed(result_of(called, &call.resource, value)),
                    None => Answer::succeed(value),
                }
            }
        };
        for message in troubles {
            self.trouble(span, message);
        }
        let seconds = after.and_then(|after| after.as_f64()).unwrap_or_default();
        answer.after((seconds.max(0.0) * 1000.0) as Millis)
    }
}

/// The call of the program that a call of a run is.
fn called<'p>(bench: &Bench<'p>, call: &Call) -> Option<&'p Called> {
    let pipeline = bench.pipeline_of(&call.execution)?;
    match &bench.stage(pipeline, &call.state)?.kind {
        StageKind::Call(called) => Some(called),
        _ => None,
    }
}

/// What a call is answered that no mock answers; `tokens_sent` when the machine that makes it sends tokens of tasks.
fn default_answer(called: &Called, tokens_sent: bool, call: &Call) -> Option<Answer> {
    // The pipeline itself runs.
    if matches!(called.target, Target::Pipeline(_)) {
        return None;
    }
    // Another call of the machine may send the token.
    if called.form.pattern == Pattern::Callback && tokens_sent {
        return None;
    }
    let value = match &called.result {
        // What the service answers by itself: of a job that was waited for, that it is done.
        Type::Shape(_) if called.value_path.is_empty() => json!({}),
        ty => smallest(ty),
    };
    Some(Answer::succeed(result_of(called, &call.resource, value)))
}

/// Default answers for the calls of a bench's machines, which outlive it.
#[derive(Default)]
pub struct Defaults {
    /// By the machine's name and the state's.
    calls: HashMap<(String, String), Called>,
    /// The machines that send tokens of tasks.
    senders: BTreeSet<String>,
}

impl Defaults {
    pub fn of(bench: &Bench<'_>) -> Self {
        let mut defaults = Self::default();
        for at in 0..bench.program.pipelines.len() {
            let machine = bench.machine_name(at);
            if bench.machine(at).sends_tokens {
                defaults.senders.insert(machine.to_owned());
            }
            for (state, called) in bench.calls(PipelineId(at as u32)) {
                let place = (machine.to_owned(), state.to_owned());
                defaults.calls.insert(place, called.clone());
            }
        }
        defaults
    }

    pub fn answer(&self, call: &Call) -> Option<Answer> {
        let machine = machine_of(&call.execution)?.to_owned();
        let sends = self.senders.contains(&machine);
        let called = self.calls.get(&(machine, call.state.to_string()))?;
        default_answer(called, sends, call)
    }
}

impl Service for Answers<'_, '_> {
    fn answer(&mut self, call: &Call) -> Option<Answer> {
        if self.failing.iter().any(|state| **state == *call.state)
            && self.bench.pipeline_of(&call.execution) == Some(self.test.pipeline)
        {
            let cause = format!("`{}` fails in this test", call.state);
            return Some(Answer::fail(Failure::new(TASK_FAILED, cause)));
        }
        let values = self.values(call);
        if let Some((at, stage)) = self.rule_for(call, &values) {
            return Some(self.answer_of(at, stage, call, &values));
        }
        let called = called(self.bench, call)?;
        default_answer(called, self.bench.sends_tokens(&call.execution), call)
    }

    fn items(&mut self, execution: &str, state: &str) -> Option<Vec<Data>> {
        let pipeline = self.bench.pipeline_of(execution)?;
        let stage = self.bench.stage(pipeline, state)?;
        let rule = self
            .rules
            .iter()
            .position(|rule| rule.calls.find(self.bench, execution, state).is_some());
        let items = match rule {
            Some(at) => {
                let rule = &mut self.rules[at];
                let turn = rule.used.min(rule.answers.len().saturating_sub(1));
                rule.used += 1;
                let prepared = rule.answers.get(turn)?;
                let PreparedKind::Returns(formula) = &prepared.kind else {
                    return None;
                };
                let span = prepared.span;
                match formula.evaluate(&Values::new()) {
                    Ok(Value::Array(items)) => items,
                    Ok(_) => Vec::new(),
                    Err(message) => {
                        self.trouble(span, format!("this answer has no value: {message}"));
                        Vec::new()
                    }
                }
            }
            // One item, so that the body runs.
            None => vec![self.bench.sample_item(pipeline, stage)?],
        };
        Some(items.into_iter().map(Data::new).collect())
    }
}
