//! Costs as people read them, and as data.

use std::sync::LazyLock;

use handlebars::Handlebars;
use serde::Serialize;
use serde_json::{Value, json};

use super::assume::{self, Source};
use super::formula::Bounds;
use super::price::prices;
use super::{Estimate, Range, ways};

/// The history of a standard execution has no more events.
const MOST_EVENTS: f64 = 25_000.0;

/// For a terminal, or for a page of Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Text,
    Markdown,
}

/// What a template is filled with.
#[derive(Serialize)]
struct Page {
    pipelines: Vec<Section>,
}

#[derive(Serialize)]
struct Section {
    name: String,
    mode: &'static str,
    region: String,
    as_of: String,
    /// What the lines are headed by, padded to a column; formulas and what they come to.
    formulas: Vec<Line>,
    prices: Vec<Line>,
    total: Line,
    month: Line,
    modes: Vec<Line>,
    notes: Vec<String>,
    /// What else may happen.
    ways: Vec<Line>,
    assumptions: Vec<Line>,
}

#[derive(Clone, Default, Serialize)]
struct Line {
    head: String,
    text: String,
    value: String,
}

pub fn render(estimates: &[Estimate], style: Style) -> String {
    let page = Page {
        pipelines: estimates.iter().map(|one| section(one, style)).collect(),
    };
    let name = match style {
        Style::Text => "text",
        Style::Markdown => "markdown",
    };
    let text = TEMPLATES
        .render(name, &page)
        .expect("the template takes every page");
    format!("{}\n", text.trim())
}

static TEMPLATES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(handlebars::no_escape);
    for (name, text) in [
        ("text", include_str!("../../templates/cost.hbs")),
        ("markdown", include_str!("../../templates/cost.md.hbs")),
    ] {
        templates
            .register_template_string(name, text)
            .expect("the template is well formed");
    }
    templates
});

fn line(head: impl Into<String>, text: impl Into<String>, value: impl Into<String>) -> Line {
    Line {
        head: head.into(),
        text: text.into(),
        value: value.into(),
    }
}

fn section(estimate: &Estimate, style: Style) -> Section {
    let mut formulas = Vec::new();
    let mut formula = |head: &str, bounds: &Bounds| {
        let [low, high] =
            [&bounds.low, &bounds.high].map(|formula| formula.text(&estimate.sizes.all));
        let range = estimate.range(bounds);
        if low == high {
            formulas.push(line(head, low, count(range.low)));
        } else {
            formulas.push(line(
                head,
                format!("{low} (the cheapest way)"),
                count(range.low),
            ));
            formulas.push(line(
                "",
                format!("{high} (the dearest way)"),
                count(range.high),
            ));
        }
    };
    formula("transitions", &estimate.transitions);
    // An express execution has no history.
    if !estimate.express {
        formula("history", &estimate.events);
    }
    for (map, events) in &estimate.child_events {
        formula(&format!("history of a child of {map}"), events);
    }
    let mut machine = Vec::new();
    let own = if estimate.express {
        "express"
    } else {
        "standard"
    };
    let what = if estimate.express {
        "request and duration".to_owned()
    } else {
        let each = prices().transition.get(&estimate.region);
        format!(
            "transitions × {}",
            dollars(each.copied().unwrap_or_default())
        )
    };
    machine.push(line(own, what, money(estimate.machine())));
    if estimate.children != Range::default() {
        let what = "child executions of distributed maps: requests and durations";
        machine.push(line("express", what, money(estimate.children)));
    }
    let mut unpriced = Vec::new();
    let mut is_unverified = false;
    for calls in &estimate.calls {
        let count = estimate.range(&calls.count);
        let price = &calls.price;
        match price.price {
            // What only a handler calls is not on these ways.
            _ if count.high == 0.0 => {}
            Some(each) if each != Range::default() => {
                is_unverified |= price.unverified;
                let each = Range {
                    low: each.low * count.low,
                    high: each.high * count.high,
                };
                let mark = if price.unverified { " *" } else { "" };
                let text = format!(
                    "{} × {}: {}{mark}",
                    counts(count),
                    price.operation,
                    price.how
                );
                machine.push(line(&calls.state, text, money(each)));
            }
            Some(_) => {}
            None => unpriced.push(format!("`{}` ({})", calls.state, price.operation)),
        }
    }
    let total = line("a run", "", money(estimate.run()));
    let month = line(
        "a month",
        format!("{} runs", number(estimate.runs)),
        money(estimate.month()),
    );
    let mut notes = Vec::new();
    if is_unverified {
        notes.push("* not read on AWS's own page".to_owned());
    }
    if !unpriced.is_empty() {
        notes.push(format!("not priced: {}", unpriced.join(", ")));
    }
    notes.extend(history(estimate));
    let (modes, more) = modes(estimate);
    notes.extend(more);
    let assumptions = estimate
        .assumptions
        .iter()
        .map(|one| {
            let from = match one.source {
                Source::Default => "assumed",
                Source::Program => "follows",
                Source::Config => "flowc.toml",
                Source::Given => "given",
            };
            let value = assume::write(one.value, one.unit);
            line(format!("{}={value}", one.name), one.what.clone(), from)
        })
        .collect();
    let mut section = Section {
        name: estimate.pipeline.clone(),
        mode: own,
        region: estimate.region.clone(),
        as_of: prices().as_of.clone(),
        formulas,
        prices: machine,
        total,
        month,
        modes,
        notes,
        ways: estimate.ways.iter().map(way).collect(),
        assumptions,
    };
    if style == Style::Text {
        let tables = [
            &mut section.formulas,
            &mut section.modes,
            &mut section.ways,
            &mut section.assumptions,
        ];
        tables.into_iter().for_each(|table| align(table));
        // The sums stand below what they sum up.
        let mut table = std::mem::take(&mut section.prices);
        table.extend([section.total.clone(), section.month.clone()]);
        align(&mut table);
        section.month = table.pop().unwrap_or_default();
        section.total = table.pop().unwrap_or_default();
        section.prices = table;
    }
    section
}

/// What a way adds each time that it is taken.
fn way(way: &ways::Way) -> Line {
    let sign = if way.transitions < 0.0 { '−' } else { '+' };
    let what = if way.is_handler {
        format!("`{}` fails and is caught", way.from)
    } else {
        format!("`{}` goes on to `{}`", way.from, way.to)
    };
    line(
        format!("{sign}{}", number(way.transitions.abs())),
        what,
        if way.is_handler {
            format!("to `{}`", way.to)
        } else {
            String::new()
        },
    )
}

/// Pads what stands in the first two columns.
fn align(table: &mut [Line]) {
    let width = |of: fn(&Line) -> &String| {
        let widths = table.iter().map(|line| of(line).chars().count());
        widths.max().unwrap_or_default()
    };
    let (head, text) = (width(|line| &line.head), width(|line| &line.text));
    for line in table {
        line.head = format!("{:head$}", line.head);
        line.text = format!("{:text$}", line.text);
    }
}

/// How much of the history is used.
fn history(estimate: &Estimate) -> Option<String> {
    if estimate.express {
        return None;
    }
    let full = |name: &str, events: f64| {
        let most = number(MOST_EVENTS);
        let events = number(events);
        if name.is_empty() {
            format!(
                "the history would have {events} events, and an execution ends at {most}: use a distributed map or a pipeline of its own"
            )
        } else {
            format!(
                "the history of a child of `{name}` would have {events} events, and an execution ends at {most}"
            )
        }
    };
    let own = estimate.range(&estimate.events).high;
    if own > MOST_EVENTS {
        return Some(full("", own));
    }
    let children = estimate.child_events.iter();
    let mut children = children.map(|(map, events)| (map, estimate.range(events).high));
    let (map, events) = children.find(|(_, events)| *events > MOST_EVENTS)?;
    Some(full(map, events))
}

/// Both modes, the cheaper first, and why the other may still be right.
fn modes(estimate: &Estimate) -> (Vec<Line>, Vec<String>) {
    let month = |express| money(estimate.machine_month(express));
    let standard = line("standard", month(false), "a month");
    match &estimate.as_express {
        Ok(_) => {
            let express = line("express", month(true), "a month");
            let cheaper = estimate.machine_month(true).high < estimate.machine_month(false).high;
            let why = if cheaper {
                "express is cheaper; standard runs each state exactly once, keeps its history for 90 days, can be redriven, and has no limit of 5 minutes"
            } else {
                "standard is cheaper here; express starts and runs faster, and has no limit of events"
            };
            let lines = if cheaper {
                vec![express, standard]
            } else {
                vec![standard, express]
            };
            (lines, vec![why.to_owned()])
        }
        Err(obstacles) => {
            let reasons: Vec<String> = obstacles
                .iter()
                .take(3)
                .map(|obstacle| match obstacle.state.as_str() {
                    "" => obstacle.reason.to_owned(),
                    state => format!("`{state}` {}", obstacle.reason),
                })
                .collect();
            let more = match obstacles.len().saturating_sub(3) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let why = format!("{}{more}", reasons.join(", "));
            let express = line("express", "not possible", why);
            (vec![standard, express], Vec::new())
        }
    }
}

/// `$0.0026`: two digits behind the point, of less than a dollar the first three that are not zero.
pub fn dollars(value: f64) -> String {
    if value == 0.0 {
        return "$0".to_owned();
    }
    let digits = if value >= 1.0 {
        2
    } else {
        // One dollar has its first digit in front of the point.
        let zeros = -value.log10().floor() as usize;
        (zeros + 1).clamp(2, 12)
    };
    let text = format!("{value:.digits$}");
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut cents = cents.to_owned();
    while cents.len() > 2 && cents.ends_with('0') {
        cents.pop();
    }
    format!("${}.{cents}", grouped(whole))
}

fn money(range: Range) -> String {
    let (low, high) = (dollars(range.low), dollars(range.high));
    if low == high {
        low
    } else {
        format!("{low} … {high}")
    }
}

fn count(value: f64) -> String {
    number(value)
}

fn counts(range: Range) -> String {
    let (low, high) = (number(range.low), number(range.high));
    if low == high {
        low
    } else {
        format!("{low} … {high}")
    }
}

/// `12,500`, with at most two digits behind the point.
fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    let text = format!("{rounded}");
    match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", grouped(whole)),
        None => grouped(&text),
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// As data: formulas as texts and their values.
pub fn json(estimates: &[Estimate]) -> Value {
    let all = estimates.iter().map(|estimate| {
        let bounds = |bounds: &Bounds| {
            let range = estimate.range(bounds);
            json!({
                "formula": {
                    "low": bounds.low.text(&estimate.sizes.all),
                    "high": bounds.high.text(&estimate.sizes.all),
                },
                "low": range.low,
                "high": range.high,
            })
        };
        let dollars = |range: Range| json!({ "low": range.low, "high": range.high });
        let calls: Vec<Value> = estimate
            .calls
            .iter()
            .map(|calls| {
                json!({
                    "state": calls.state,
                    "operation": calls.price.operation,
                    "calls": bounds(&calls.count),
                    "dollars_a_call": calls.price.price.map(dollars),
                    "unverified": calls.price.unverified,
                })
            })
            .collect();
        let ways: Vec<Value> = estimate
            .ways
            .iter()
            .map(|way| {
                json!({
                    "from": way.from,
                    "to": way.to,
                    "handler": way.is_handler,
                    "transitions": way.transitions,
                })
            })
            .collect();
        let assumptions: serde_json::Map<String, Value> = estimate
            .assumptions
            .iter()
            .map(|one| (one.name.clone(), json!(one.value)))
            .collect();
        let children: serde_json::Map<String, Value> = estimate
            .child_events
            .iter()
            .map(|(map, events)| (map.clone(), bounds(events)))
            .collect();
        json!({
            "pipeline": estimate.pipeline,
            "mode": if estimate.express { "express" } else { "standard" },
            "region": estimate.region,
            "prices_as_of": prices().as_of,
            "transitions": bounds(&estimate.transitions),
            "events": bounds(&estimate.events),
            "child_events": children,
            "seconds": dollars(estimate.seconds),
            "calls": calls,
            "dollars": {
                "run": dollars(estimate.run()),
                "month": dollars(estimate.month()),
                "standard": dollars(estimate.standard),
                "express": estimate.as_express.as_ref().ok().copied().map(dollars),
                "services": dollars(estimate.services),
            },
            "ways": ways,
            "runs_a_month": estimate.runs,
            "assumptions": assumptions,
        })
    });
    Value::Array(all.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_digits_that_matter() {
        let cases = [
            (0.0, "$0"),
            (0.000025, "$0.000025"),
            (0.0026, "$0.0026"),
            (0.44, "$0.44"),
            (0.5, "$0.50"),
            (73.333, "$73.33"),
            (1_234_567.891, "$1,234,567.89"),
        ];
        for (value, text) in cases {
            assert_eq!(dollars(value), text);
        }
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(number(25_000.0), "25,000");
        assert_eq!(number(100.0), "100");
        assert_eq!(number(30.416666), "30.42");
    }
}
