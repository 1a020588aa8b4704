//! The way that a run took, in one line.

use std::fmt::Write;

use crate::simulate::call::Iteration;
use crate::simulate::event::{Event, EventKind, ExecutionId};
use crate::simulate::log::Log;

/// Of a longer way, so many states at each end are shown.
const SHOWN: usize = 12;

struct Visit {
    /// `list`, `run[1]`
    state: String,
    retries: u64,
    /// What the state failed with at last.
    error: Option<String>,
}

/// `list -> run[0] -> run[1] (fails Glue.Busy after 3 retries)`
pub(super) fn text(log: &Log) -> String {
    let mut visits: Vec<Visit> = Vec::new();
    for event in &log.events {
        let here = place(event);
        let known = visits.iter().rposition(|visit| visit.state == here);
        match &event.kind {
            EventKind::StateEntered { .. } => visits.push(Visit {
                state: here,
                retries: 0,
                error: None,
            }),
            EventKind::Retrying { .. } => {
                if let Some(at) = known {
                    visits[at].retries += 1;
                    visits[at].error = None;
                }
            }
            EventKind::TaskFailed { failure, .. }
            | EventKind::TaskTimedOut { failure, .. }
            | EventKind::EvaluationFailed { failure, .. } => {
                if let Some(at) = known {
                    visits[at].error = Some(failure.name().to_owned());
                }
            }
            _ => {}
        }
    }
    let texts: Vec<String> = visits.iter().map(Visit::text).collect();
    if texts.len() > 2 * SHOWN + 1 {
        let (first, last) = (&texts[..SHOWN], &texts[texts.len() - SHOWN..]);
        let between = texts.len() - 2 * SHOWN;
        return format!(
            "{} -> … {between} more … -> {}",
            first.join(" -> "),
            last.join(" -> ")
        );
    }
    match texts.as_slice() {
        [] => "no state was entered".to_owned(),
        texts => texts.join(" -> "),
    }
}

impl Visit {
    fn text(&self) -> String {
        let mut text = self.state.clone();
        let retries = match self.retries {
            0 => String::new(),
            1 => "1 retry".to_owned(),
            n => format!("{n} retries"),
        };
        match (&self.error, self.retries) {
            (None, 0) => {}
            (None, _) => {
                let _ = write!(text, " (after {retries})");
            }
            (Some(error), 0) => {
                let _ = write!(text, " (fails {error})");
            }
            (Some(error), _) => {
                let _ = write!(text, " (fails {error} after {retries})");
            }
        }
        text
    }
}

/// The state with the places of the items around it; one of another execution is marked.
fn place(event: &Event) -> String {
    let mut text = event.state.as_deref().unwrap_or_default().to_owned();
    let mut indexes = Vec::new();
    let mut inner: Option<&Iteration> = event.iteration.as_deref();
    while let Some(iteration) = inner {
        indexes.push(iteration.index);
        inner = iteration.outer.as_deref();
    }
    for index in indexes.into_iter().rev() {
        let _ = write!(text, "[{index}]");
    }
    if event.execution != ExecutionId::default() && event.iteration.is_none() {
        text.insert_str(0, "› ");
    }
    text
}
