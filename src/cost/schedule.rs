//! How often a schedule starts a pipeline.

use crate::ir::{Literal, Pipeline, TriggerSource};

const HOURS_A_MONTH: f64 = 730.0;
const DAYS_A_MONTH: f64 = HOURS_A_MONTH / 24.0;

/// Runs a month that the schedules of a pipeline say; None where something else starts it, or they say it too finely.
pub(super) fn runs(pipeline: &Pipeline) -> Option<f64> {
    let triggers = &pipeline.settings.triggers;
    if triggers.is_empty() {
        return None;
    }
    let each = triggers.iter().map(|trigger| match &trigger.source {
        TriggerSource::Schedule(schedule) => match schedule.expression.as_literal() {
            Some(Literal::String(text)) => a_month(text),
            _ => None,
        },
        _ => None,
    });
    each.sum()
}

/// `rate(5 minutes)`, `cron(0 2 * * ? *)`
fn a_month(expression: &str) -> Option<f64> {
    let (kind, rest) = expression.trim().split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    let fields: Vec<&str> = inside.split_whitespace().collect();
    match (kind, fields.as_slice()) {
        ("rate", [count, unit]) => {
            let count: f64 = count.parse().ok().filter(|count| *count > 0.0)?;
            let each = match unit.trim_end_matches('s') {
                "minute" => HOURS_A_MONTH * 60.0,
                "hour" => HOURS_A_MONTH,
                "day" => DAYS_A_MONTH,
                _ => return None,
            };
            Some(each / count)
        }
        ("cron", [minutes, hours, "*" | "?", "*", weekdays, "*"]) => {
            let days = match *weekdays {
                "?" | "*" => DAYS_A_MONTH,
                "MON-FRI" | "2-6" => DAYS_A_MONTH * 5.0 / 7.0,
                _ => return None,
            };
            Some(days * times(minutes, 60)? * times(hours, 24)?)
        }
        _ => None,
    }
}

/// How many values of so many a field of a cron expression takes: `*`, `*/15`, `6-22/4`, `0,30`.
fn times(field: &str, all: u32) -> Option<f64> {
    let mut count = 0;
    for part in field.split(',') {
        let (span, step) = match part.split_once('/') {
            Some((span, step)) => (span, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match span.split_once('-') {
            Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
            None if span == "*" => (0, all - 1),
            None if part.contains('/') => (span.parse().ok()?, all - 1),
            None => (span.parse().ok()?, span.parse().ok()?),
        };
        if last < first || last >= all {
            return None;
        }
        count += (last - first) / step + 1;
    }
    Some(f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_says_how_often_it_starts() {
        let cases = [
            ("rate(5 minutes)", Some(8_760.0)),
            ("rate(1 day)", Some(DAYS_A_MONTH)),
            ("cron(0 2 * * ? *)", Some(DAYS_A_MONTH)),
            ("cron(*/15 6-22/4 * * ? *)", Some(DAYS_A_MONTH * 20.0)),
            (
                "cron(0,30 * ? * MON-FRI *)",
                Some(HOURS_A_MONTH * 2.0 * 5.0 / 7.0),
            ),
            ("cron(0 2 1 * ? *)", None),
            ("at(2026-01-01T00:00:00)", None),
            ("rate(0 minutes)", None),
        ];
        for (expression, runs) in cases {
            let found = a_month(expression);
            let same = match (found, runs) {
                (Some(found), Some(runs)) => (found - runs).abs() < 1e-6,
                (found, runs) => found == runs,
            };
            assert!(same, "{expression}: {found:?}, not {runs:?}");
        }
    }
}
