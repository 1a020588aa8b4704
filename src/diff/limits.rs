//! Limits of the services that a change comes near to, or goes further towards.

use serde::Serialize;

use super::Side;
use super::costs::{CostChange, MOST_EVENTS};
use crate::backend::check::{self, Limit, Measure};

/// A size that is near its limit, and larger than before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LimitChange {
    /// The pipeline, or the file's stem.
    pub subject: String,
    /// `definition`, `template`
    pub what: &'static str,
    /// `characters`, `resources`
    pub unit: &'static str,
    pub before: usize,
    pub after: usize,
    pub most: usize,
}

/// From here on (of ten) a limit is near.
const NEAR: usize = 7;

pub(super) fn compare(
    old: Option<&Side>,
    new: Option<&Side>,
    costs: &[CostChange],
) -> Vec<LimitChange> {
    let measure = |side: Option<&Side>| -> Vec<Measure> {
        side.map_or_else(Vec::new, |side| {
            let texts = side
                .artifacts
                .iter()
                .map(|artifact| artifact.text.as_str())
                .collect::<Vec<_>>();
            check::measure(side.program, side.output, &texts)
        })
    };
    let olds = measure(old);
    let mut changes = Vec::new();
    for now in measure(new) {
        let same = |was: &&Measure| {
            was.limit == now.limit && (was.subject == now.subject || now.limit.is_of_template())
        };
        let before = olds.iter().find(same).map_or(0, |was| was.size);
        let near = now.size * 10 >= now.most * NEAR;
        // A template that can no longer be sent along with the request.
        let direct = now.limit == Limit::Template
            && before <= check::TEMPLATE_DIRECT
            && now.size > check::TEMPLATE_DIRECT
            && before > 0;
        if now.size <= before || !(near || direct) {
            continue;
        }
        let (what, unit) = now.limit.words();
        let most = if near {
            now.most
        } else {
            check::TEMPLATE_DIRECT
        };
        changes.push(LimitChange {
            subject: now.subject,
            what,
            unit,
            before,
            after: now.size,
            most,
        });
    }
    for cost in costs {
        let events =
            |cost: &Option<super::Cost>| cost.as_ref().map_or(0, |cost| cost.events as usize);
        let (before, after) = (events(&cost.before), events(&cost.after));
        if after > before && after * 10 >= MOST_EVENTS * NEAR {
            changes.push(LimitChange {
                subject: cost.pipeline.clone(),
                what: "history",
                unit: "events, as assumed",
                before,
                after,
                most: MOST_EVENTS,
            });
        }
    }
    changes
}
