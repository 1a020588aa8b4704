//! What the tests of a file have reached of its definitions: states, branches, handlers and retries.

use std::collections::{BTreeMap, BTreeSet};

use super::bench::{Bench, for_each_state};
use crate::backend::asl::Origin;
use crate::backend::asl::state::{Handling, Retrier, State};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::PipelineId;
use crate::simulate::event::{EventKind, ExecutionId};
use crate::simulate::log::Log;
use crate::source::{Sources, Span};

/// What happened in runs, by pipeline and state.
#[derive(Debug, Default)]
pub struct Coverage {
    reached: BTreeSet<(PipelineId, String, Point)>,
}

/// Something of a state that a test can reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    State,
    /// A rule of a Choice by its place; None for its default.
    Branch(Option<usize>),
    Handler(usize),
    Retry(usize),
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub reached: usize,
    pub all: usize,
}

impl Count {
    fn add(&mut self, reached: bool) {
        self.all += 1;
        self.reached += usize::from(reached);
    }

    pub fn is_full(self) -> bool {
        self.reached == self.all
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.reached += other.reached;
        self.all += other.all;
    }
}

/// What was reached, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub states: Count,
    pub branches: Count,
    /// Catchers of calls, and of maps and parallels that hold calls.
    pub handlers: Count,
    /// Retries that the program says: not the one that every call has.
    pub retries: Count,
    /// A warning for each place of the source, in order.
    pub gaps: Vec<Diagnostic>,
}

impl std::ops::AddAssign<&Report> for Report {
    /// The counts; what was not reached belongs to its file.
    fn add_assign(&mut self, other: &Report) {
        self.states += other.states;
        self.branches += other.branches;
        self.handlers += other.handlers;
        self.retries += other.retries;
    }
}

impl Coverage {
    /// Adds what happened in a run.
    pub fn note(&mut self, bench: &Bench<'_>, log: &Log) {
        let mut pipelines: BTreeMap<ExecutionId, PipelineId> = BTreeMap::new();
        for event in &log.events {
            if let EventKind::ExecutionStarted { arn, .. } = &event.kind
                && let Some(pipeline) = bench.pipeline_of(arn)
            {
                pipelines.insert(event.execution, pipeline);
            }
            let (state, point) = match &event.kind {
                EventKind::StateEntered { name, .. } => (name, Point::State),
                EventKind::Chosen { name, rule } => (name, Point::Branch(*rule)),
                EventKind::Caught { name, catcher, .. } => (name, Point::Handler(*catcher)),
                EventKind::Retrying { name, retrier, .. } => (name, Point::Retry(*retrier)),
                _ => continue,
            };
            if let Some(pipeline) = pipelines.get(&event.execution) {
                self.reached.insert((*pipeline, state.to_string(), point));
            }
        }
    }

    /// Of the file's own pipelines, what was reached. `sources` are those of the program.
    pub fn report(&self, bench: &Bench<'_>, sources: &Sources) -> Report {
        let mut report = Report::default();
        let mut gaps: BTreeMap<(Span, Vec<Span>), Vec<String>> = BTreeMap::new();
        let ids = (0u32..).map(PipelineId);
        for (id, pipeline) in ids.zip(&bench.program.pipelines) {
            if pipeline.span.file != bench.program.file {
                continue;
            }
            let definition = &bench.definitions[id.0 as usize];
            for_each_state(&definition.machine.states, &mut |name, state| {
                let mut lacks = Vec::new();
                let mut look = |point: Point, count: &mut Count, told: String| {
                    let key = (id, name.to_owned(), point);
                    let reached = self.reached.contains(&key);
                    count.add(reached);
                    if !reached {
                        lacks.push(told);
                    }
                    reached
                };
                let entered = look(
                    Point::State,
                    &mut report.states,
                    "no test reaches this".to_owned(),
                );
                for (point, told) in branches(state) {
                    look(point, &mut report.branches, told);
                }
                for (point, told) in handlers(state) {
                    look(point, &mut report.handlers, told);
                }
                for (point, told) in retries(state) {
                    look(point, &mut report.retries, told);
                }
                // Where nothing comes, nothing else can be.
                lacks.truncate(if entered { lacks.len() } else { 1 });
                if let Some(origin) = definition.origins.get(name)
                    && !lacks.is_empty()
                {
                    let told = gaps.entry(place(origin)).or_default();
                    for lack in lacks {
                        if !told.contains(&lack) {
                            told.push(lack);
                        }
                    }
                }
            });
        }
        report.gaps = gaps
            .into_iter()
            .map(|((span, uses), told)| gap(first_line(span, sources), &uses, &told))
            .collect();
        report
    }
}

fn place(origin: &Origin) -> (Span, Vec<Span>) {
    (origin.span, origin.expanded_from.clone())
}

fn gap(span: Span, uses: &[Span], told: &[String]) -> Diagnostic {
    let (first, rest) = match told.split_first() {
        Some((first, rest)) => (first.clone(), rest),
        None => (String::new(), told),
    };
    let mut diagnostic = Diagnostic::new(Code::NotCovered, span, first);
    for more in rest {
        diagnostic.notes.push(more.clone());
    }
    if let Some(last) = uses.last() {
        diagnostic = diagnostic.also(*last, "used here");
    }
    diagnostic
}

/// What stands on the first line: a whole stage with its handlers would underline half of the file.
fn first_line(span: Span, sources: &Sources) -> Span {
    let text = sources.text(span);
    let line = text.lines().next().unwrap_or(text).trim_end();
    Span {
        end: span.start + line.len() as u32,
        ..span
    }
}

fn branches(state: &State) -> Vec<(Point, String)> {
    let State::Choice(choice) = state else {
        return Vec::new();
    };
    let count = choice.choices.len();
    let mut found: Vec<(Point, String)> = (0..count)
        .map(|at| {
            let told = match count {
                1 => "the condition never holds in a test".to_owned(),
                _ => format!("condition {} never holds in a test", at + 1),
            };
            (Point::Branch(Some(at)), told)
        })
        .collect();
    if choice.default.is_some() {
        let told = match count {
            1 => "the condition always holds in tests".to_owned(),
            _ => "in tests some condition always holds".to_owned(),
        };
        found.push((Point::Branch(None), told));
    }
    found
}

fn handling(state: &State) -> Option<&Handling> {
    match state {
        State::Task(task) => Some(&task.handling),
        State::Map(map) => Some(&map.handling),
        State::Parallel(parallel) => Some(&parallel.handling),
        _ => None,
    }
}

/// Whether something of it can be made to fail: a call, or a body that calls.
fn calls(state: &State) -> bool {
    let mut found = matches!(state, State::Task(_));
    let mut look = |_: &str, inner: &State| found |= matches!(inner, State::Task(_));
    match state {
        State::Map(map) => for_each_state(&map.item_processor.states, &mut look),
        State::Parallel(parallel) => {
            for branch in &parallel.branches {
                for_each_state(&branch.states, &mut look);
            }
        }
        _ => {}
    }
    found
}

fn handlers(state: &State) -> Vec<(Point, String)> {
    let Some(handling) = handling(state).filter(|_| calls(state)) else {
        return Vec::new();
    };
    let catchers = handling.catch.iter().enumerate();
    catchers
        .map(|(at, catcher)| {
            let told = format!(
                "no test lets this fail into its handler of {}",
                names(&catcher.error_equals)
            );
            (Point::Handler(at), told)
        })
        .collect()
}

fn retries(state: &State) -> Vec<(Point, String)> {
    let Some(handling) = handling(state) else {
        return Vec::new();
    };
    let retriers = handling.retry.iter().enumerate();
    retriers
        .filter(|(_, retrier)| !is_default(retrier))
        .map(|(at, retrier)| {
            let told = format!("no test retries this on {}", names(&retrier.error_equals));
            (Point::Retry(at), told)
        })
        .collect()
}

/// The retry of transient errors that every call has when the program says nothing.
fn is_default(retrier: &Retrier) -> bool {
    retrier.max_attempts == 0
        || (retrier.interval_seconds, retrier.max_attempts) == (2, 3)
            && retrier.backoff_rate == 2.0
            && retrier.jitter_strategy.is_some()
            && retrier.max_delay_seconds.is_none()
}

fn names(errors: &[String]) -> String {
    match errors {
        [all] if all == "States.ALL" => "any error".to_owned(),
        [one] => format!("`{one}`"),
        [first, ..] => format!("`{first}` and {} more", errors.len() - 1),
        [] => "nothing".to_owned(),
    }
}
