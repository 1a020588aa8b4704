//! Patterns of events, and expressions of schedules: what the service would refuse, or take for something else.

use super::super::Flow;
use crate::catalog::event::{Event, FILTERS, OPERATORS};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, find_nearest};
use crate::ir::Expr;
use crate::resolve::expr;
use crate::syntax::ast::{self, Entry, ExprKind};

impl Flow<'_, '_> {
    /// An object that EventBridge takes for a pattern.
    pub(super) fn event_pattern(
        &mut self,
        written: &ast::Expr,
        event: &'static Event,
    ) -> Option<Expr> {
        let before = self.scope.diagnostics.len();
        match &written.kind {
            ExprKind::Object(entries) => self.check_top(entries, written, event),
            _ => self.report(
                Diagnostic::new(
                    Code::EventPattern,
                    written.span,
                    "a pattern is an object, written out",
                )
                .help("`{ source: [\"aws.glue\"], \"detail-type\": [\"Glue Job State Change\"] }`"),
            ),
        }
        let value = expr::check(&mut self.scope, written, None);
        let value = self.deployed(value)?;
        (self.scope.diagnostics.len() == before).then_some(value)
    }

    /// A pattern, or a list of patterns of which one must fit.
    pub(super) fn filters(&mut self, written: &ast::Expr, event: &'static Event) -> Vec<Expr> {
        let patterns: Vec<&ast::Expr> = match &written.kind {
            ExprKind::List(elements) => elements.iter().map(|e| &e.value).collect(),
            _ => vec![written],
        };
        if patterns.len() > FILTERS {
            self.report(
                Diagnostic::new(
                    Code::EventPattern,
                    written.span,
                    format!("a pipe has at most {FILTERS} filters, found {}", patterns.len()),
                )
                .help("the values of one list are alternatives too: `{ body: { kind: [\"a\", \"b\"] } }`"),
            );
        }
        patterns
            .into_iter()
            .filter_map(|pattern| self.event_pattern(pattern, event))
            .collect()
    }

    fn check_top(&mut self, entries: &[Entry], written: &ast::Expr, event: &'static Event) {
        if entries.is_empty() {
            self.report(Diagnostic::new(
                Code::EventPattern,
                written.span,
                "an empty pattern fits nothing",
            ));
        }
        for entry in entries {
            let Entry::Pair { key, value } = entry else {
                self.report(Diagnostic::new(
                    Code::EventPattern,
                    written.span,
                    "a pattern's keys and values are written out",
                ));
                continue;
            };
            if !event.pattern.contains(&key.node.as_str()) {
                let diagnostic = Diagnostic::new(
                    Code::EventPattern,
                    key.span,
                    format!("such an event has no `{}`", key.node),
                );
                let words = event.pattern.iter().copied();
                let mapped = key.node.replace('_', "-");
                let near = words.clone().find(|word| *word == mapped);
                self.report(match near.or_else(|| find_nearest(&key.node, words)) {
                    Some(near) => diagnostic
                        .replace(key.span, quoted(near), format!("write `{near}`"))
                        .guessed(&key.node, near),
                    None => {
                        let words: Vec<String> = event
                            .pattern
                            .iter()
                            .map(|word| format!("`{word}`"))
                            .collect();
                        diagnostic.help(format!("it has {}", words.join(", ")))
                    }
                });
                continue;
            }
            self.check_part(value);
        }
    }

    /// An object of parts, or a list of what a value may be.
    fn check_part(&mut self, value: &ast::Expr) {
        match &value.kind {
            ExprKind::Object(entries) => {
                for entry in entries {
                    if let Entry::Pair { value, .. } = entry {
                        self.check_part(value);
                    }
                }
            }
            ExprKind::List(elements) => {
                if elements.is_empty() {
                    self.report(Diagnostic::new(
                        Code::EventPattern,
                        value.span,
                        "a value that may be none of anything fits nothing",
                    ));
                }
                for element in elements {
                    match &element.value.kind {
                        // `$or` takes whole patterns, everything else one operator.
                        ExprKind::Object(entries) if entries.len() == 1 => {
                            self.check_operator(&entries[0]);
                        }
                        ExprKind::Object(entries) => {
                            for entry in entries {
                                if let Entry::Pair { value, .. } = entry {
                                    self.check_part(value);
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
            ExprKind::Name(_) | ExprKind::Call { .. } | ExprKind::Member { .. } => {}
            _ => self.report(
                Diagnostic::new(
                    Code::EventPattern,
                    value.span,
                    "a pattern names values in a list",
                )
                .fix(Fix {
                    title: "make it a list of one".to_owned(),
                    edits: vec![
                        Edit {
                            span: value.span.before(),
                            text: "[".to_owned(),
                        },
                        Edit {
                            span: value.span.after(),
                            text: "]".to_owned(),
                        },
                    ],
                    safe: true,
                }),
            ),
        }
    }

    fn check_operator(&mut self, entry: &Entry) {
        let Entry::Pair { key, value } = entry else {
            return;
        };
        let known = OPERATORS.contains(&key.node.as_str());
        // Of `$or`, a list of patterns: its parts are lists or objects of lists.
        if known || matches!(value.kind, ExprKind::Object(_) | ExprKind::List(_)) {
            if !known {
                self.check_part(value);
            }
            return;
        }
        let diagnostic = Diagnostic::new(
            Code::EventPattern,
            key.span,
            format!("there is no comparison `{}`", key.node),
        );
        let mapped = key.node.replace('_', "-");
        let near = OPERATORS.iter().copied().find(|word| *word == mapped);
        self.report(
            match near.or_else(|| find_nearest(&key.node, OPERATORS.iter().copied())) {
                Some(near) => diagnostic
                    .replace(key.span, quoted(near), format!("write `{near}`"))
                    .guessed(&key.node, near),
                None => {
                    let words: Vec<String> =
                        OPERATORS.iter().map(|word| format!("`{word}`")).collect();
                    diagnostic.help(format!("there are {}", words.join(", ")))
                }
            },
        );
    }
}

/// A key as it is written: in quotes, where it is no word.
fn quoted(key: &str) -> String {
    if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        key.to_owned()
    } else {
        format!("\"{key}\"")
    }
}

/// Whether Scheduler takes it for an expression; why not, where it does not.
pub(super) fn check_schedule(text: &str) -> Result<(), String> {
    let Some((word, rest)) = text.split_once('(') else {
        return Err(format!("`{text}` is no schedule"));
    };
    let Some(inside) = rest.strip_suffix(')') else {
        return Err(format!("`{text}` does not end in `)`"));
    };
    match word {
        "rate" => check_rate(inside),
        "cron" => check_cron(inside),
        "at" => check_at(inside),
        _ => Err(format!("`{word}(…)` is no schedule")),
    }
}

fn check_rate(inside: &str) -> Result<(), String> {
    let wrong = || format!("`rate({inside})` is no rate");
    let (count, unit) = inside.split_once(' ').ok_or_else(wrong)?;
    let count: u32 = count.parse().map_err(|_| wrong())?;
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    if count == 0 || !matches!(singular, "minute" | "hour" | "day") {
        return Err(wrong());
    }
    if (count == 1) != (unit == singular) {
        let right = if count == 1 {
            singular.to_owned()
        } else {
            format!("{singular}s")
        };
        return Err(format!("`rate({inside})` must be `rate({count} {right})`"));
    }
    Ok(())
}

fn check_at(inside: &str) -> Result<(), String> {
    let digits = |range: std::ops::Range<usize>| {
        inside
            .get(range)
            .is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let fits = inside.len() == 19
        && [0..4, 5..7, 8..10, 11..13, 14..16, 17..19]
            .into_iter()
            .all(digits)
        && inside.get(4..5) == Some("-")
        && inside.get(10..11) == Some("T")
        && inside.get(13..14) == Some(":");
    if fits {
        Ok(())
    } else {
        Err(format!(
            "`at({inside})` names no moment; it has no zone, which is said by `timezone`"
        ))
    }
}

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn check_cron(inside: &str) -> Result<(), String> {
    let fields: Vec<&str> = inside.split_ascii_whitespace().collect();
    let [minutes, hours, days, months, weekdays, years] = fields.as_slice() else {
        return Err(format!(
            "a cron expression has six fields, found {}",
            fields.len()
        ));
    };
    for (name, field, range, words, signs) in [
        ("minutes", minutes, (0, 59), &[][..], ""),
        ("hours", hours, (0, 23), &[][..], ""),
        ("day of month", days, (1, 31), &[][..], "?LW"),
        ("month", months, (1, 12), MONTHS, ""),
        ("day of week", weekdays, (1, 7), DAYS, "?L#"),
        ("year", years, (1970, 2199), &[][..], ""),
    ] {
        if !is_cron_field(field, range, words, signs) {
            return Err(format!("`{field}` is no {name}"));
        }
    }
    match (*days, *weekdays) {
        ("?", "?") => Err("one of day of month and day of week must say something".to_owned()),
        (days, weekdays) if days != "?" && weekdays != "?" => {
            Err("one of day of month and day of week must be `?`".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_cron_field(field: &str, range: (u32, u32), words: &[&str], signs: &str) -> bool {
    let value = |text: &str| {
        let named = words.iter().any(|word| word.eq_ignore_ascii_case(text));
        let number = text.parse::<u32>();
        named || number.is_ok_and(|n| (range.0..=range.1).contains(&n))
    };
    let count = |text: &str| text.parse::<u32>().is_ok_and(|n| n > 0);
    field.split(',').all(|part| {
        let (part, step) = match part.split_once('/') {
            Some((part, step)) => (part, Some(step)),
            None => (part, None),
        };
        if step.is_some_and(|step| !count(step)) {
            return false;
        }
        match part {
            "*" => true,
            "?" => signs.contains('?') && step.is_none(),
            "L" => signs.contains('L'),
            "LW" => signs.contains('W'),
            part => {
                if let Some((first, last)) = part.split_once('-') {
                    return value(first) && value(last);
                }
                if let Some((day, which)) = part.split_once('#') {
                    let which = which.parse::<u32>();
                    return signs.contains('#')
                        && value(day)
                        && which.is_ok_and(|n| (1..=5).contains(&n));
                }
                let bare = part
                    .strip_suffix('W')
                    .filter(|_| signs.contains('W'))
                    .or_else(|| part.strip_suffix('L').filter(|_| signs.contains('#')));
                value(bare.unwrap_or(part))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_told_from_what_is_none() {
        for right in [
            "rate(1 minute)",
            "rate(12 hours)",
            "cron(0 2 * * ? *)",
            "cron(0/15 8-18 ? * MON-FRI *)",
            "cron(0 10 L * ? 2026)",
            "cron(0 10 ? * 6#3 *)",
            "cron(0 10 15W * ? *)",
            "at(2026-01-31T02:00:00)",
        ] {
            assert_eq!(check_schedule(right), Ok(()), "{right}");
        }
        for wrong in [
            "rate(1 minutes)",
            "rate(0 hours)",
            "rate(5 weeks)",
            "cron(0 2 * * *)",
            "cron(0 2 * * * *)",
            "cron(60 2 * * ? *)",
            "cron(0 2 ? * ? *)",
            "every day",
            "at(2026-01-31)",
            "at(2026-01-31T02:00:00Z)",
        ] {
            assert!(check_schedule(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_event_that_has_a_pattern_names_its_parts() {
        for event in crate::catalog::event::EVENTS
            .iter()
            .filter(|event| event.list)
        {
            assert!(!event.pattern.is_empty(), "{}", event.word);
        }
    }
}
