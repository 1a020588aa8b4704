//! What a run costs otherwise than before, on the same assumptions.

use serde::Serialize;

use super::Side;
use crate::cost::assume::{self, Source};
use crate::cost::report::dollars;
use crate::cost::{self, Estimate, Options, Problems, Range};

/// So many assumptions are named.
const NAMED: usize = 6;

/// A pipeline whose runs cost otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostChange {
    pub pipeline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Cost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Cost>,
    /// By how much the dearest month is dearer, in percent; None where one side costs nothing or is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// What was assumed because nothing says it: `partitions = 10`.
    pub assumed: Vec<String>,
}

/// In dollars, of the cheapest and of the dearest way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    pub run: [f64; 2],
    pub month: [f64; 2],
    /// State transitions of a run, as a formula.
    pub transitions: String,
    /// Most events in the history of one execution.
    pub events: f64,
}

/// What an execution's history holds at most. <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub(super) const MOST_EVENTS: usize = 25_000;

/// The pipelines whose estimates differ, and what cannot be assumed as the configuration says: sentences.
pub(super) fn compare(old: Option<&Side>, new: Option<&Side>) -> (Vec<CostChange>, Vec<String>) {
    let mut notes = Vec::new();
    let mut estimates = |side: Option<&Side>| -> Vec<Estimate> {
        let Some(side) = side else {
            return Vec::new();
        };
        let options = Options {
            given: side.assumed.to_vec(),
            ..Options::default()
        };
        let definitions = &side.output.definitions;
        cost::estimate(side.program, definitions, &options).unwrap_or_else(|Problems(problems)| {
            let why = problems.join("; ");
            notes.push(format!(
                "costs are told without [assume] of flowc.toml: {why}"
            ));
            cost::estimate_default(side.program, definitions)
        })
    };
    let (olds, news) = (estimates(old), estimates(new));
    notes.dedup();
    let mut changes = Vec::new();
    for after in &news {
        let before = olds.iter().find(|before| before.pipeline == after.pipeline);
        let change = change(before, Some(after));
        changes.extend((change.before != change.after).then_some(change));
    }
    for before in &olds {
        if !news.iter().any(|after| after.pipeline == before.pipeline) {
            changes.push(change(Some(before), None));
        }
    }
    (changes, notes)
}

fn change(before: Option<&Estimate>, after: Option<&Estimate>) -> CostChange {
    let known = after.or(before);
    let assumed = known.into_iter().flat_map(|estimate| &estimate.assumptions);
    let assumed = assumed.filter(|assumption| assumption.source == Source::Default);
    let (old, new) = (before.map(cost), after.map(cost));
    let high = |cost: &Option<Cost>| cost.as_ref().map(|cost| cost.month[1]);
    let percent = high(&old).zip(high(&new)).filter(|(old, _)| *old > 0.0);
    CostChange {
        pipeline: known
            .map(|estimate| estimate.pipeline.clone())
            .unwrap_or_default(),
        percent: percent.map(|(old, new)| (new / old - 1.0) * 100.0),
        before: old,
        after: new,
        assumed: assumed
            .take(NAMED)
            .map(|a| format!("{} = {}", a.name, assume::write(a.value, a.unit)))
            .collect(),
    }
}

fn cost(estimate: &Estimate) -> Cost {
    let pair = |range: Range| [range.low, range.high];
    let transitions = match estimate.formulas() {
        (low, None) => low,
        (low, Some(high)) => format!("{low} … {high}"),
    };
    let own = estimate.range(&estimate.events).high;
    let children = estimate
        .child_events
        .values()
        .map(|events| estimate.range(events).high);
    Cost {
        run: pair(estimate.run()),
        month: pair(estimate.month()),
        transitions,
        events: children.fold(own, f64::max),
    }
}

impl Cost {
    /// `$1.20`, `$1.20 … $3`
    pub(super) fn month_words(&self) -> String {
        let [low, high] = self.month.map(dollars);
        if low == high {
            low
        } else {
            format!("{low} … {high}")
        }
    }
}

impl CostChange {
    /// The line for people: dollars a month, and by how much more.
    pub(super) fn month(&self) -> (String, String, String) {
        let words = |cost: &Option<Cost>| cost.as_ref().map(Cost::month_words).unwrap_or_default();
        let percent = match self.percent {
            Some(percent) if percent.abs() >= 0.05 => format!("{percent:+.1} %"),
            _ => String::new(),
        };
        (words(&self.before), words(&self.after), percent)
    }

    /// The formulas of transitions, where they differ.
    pub(super) fn transitions(&self) -> Option<(&str, &str)> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        let pair = (before.transitions.as_str(), after.transitions.as_str());
        (pair.0 != pair.1).then_some(pair)
    }
}
