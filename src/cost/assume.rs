//! What is assumed of all that the source leaves open: asked for by name, given by the user or taken from a default.

use std::fmt::Write as _;

/// How an assumption is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `200`, `1.5`
    Count,
    /// `90s`, `1h30m`, a number of seconds. In seconds.
    Duration,
    /// `10GB`, a number of bytes; a kilobyte has 1,024. In bytes.
    Bytes,
    /// `30/month`. A month.
    Rate,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    /// It follows from the source: `every 20s`, a job's workers.
    Program,
    /// `[assume]` of `flowc.toml`.
    Config,
    /// `--assume`.
    Given,
}

/// A value with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumption {
    pub name: String,
    pub value: f64,
    pub unit: Unit,
    pub source: Source,
    /// What it is: `items of the map \`load\``.
    pub what: String,
}

/// A question: what something is assumed to be.
pub(super) struct Question<'q> {
    pub name: &'q str,
    pub unit: Unit,
    pub default: f64,
    /// The default follows from the source.
    pub known: bool,
    /// The most that it can be, in its unit.
    pub most: f64,
    pub what: String,
}

/// What a user gave: a name and a value as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub name: String,
    pub value: String,
    pub source: Source,
}

impl Given {
    /// `partitions=200`, several separated by commas.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts
            .map(|part| match part.split_once('=') {
                Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
                    Ok(Self {
                        name: name.trim().to_owned(),
                        value: value.trim().to_owned(),
                        source: Source::Given,
                    })
                }
                _ => Err(format!("`{part}` is not written as NAME=VALUE")),
            })
            .collect()
    }
}

/// All that was asked and answered for one pipeline.
pub(super) struct Assumptions<'g> {
    /// A name may stand behind this and a dot, to hold for this pipeline alone.
    pipeline: &'g str,
    given: &'g [Given],
    pub all: Vec<Assumption>,
    pub problems: Vec<String>,
    /// Every name that could have been given.
    pub names: Vec<String>,
    /// Places of those that were read.
    pub read: Vec<usize>,
}

impl<'g> Assumptions<'g> {
    pub fn new(pipeline: &'g str, given: &'g [Given]) -> Self {
        Self {
            pipeline,
            given,
            all: Vec::new(),
            problems: Vec::new(),
            names: Vec::new(),
            read: Vec::new(),
        }
    }

    /// The value of it, asked once or again.
    pub fn ask(&mut self, question: Question) -> f64 {
        match self.all.iter().find(|known| known.name == question.name) {
            Some(known) => known.value,
            None => {
                let answer = self.answer(&question);
                let (value, source) = answer.unwrap_or((
                    question.default,
                    if question.known {
                        Source::Program
                    } else {
                        Source::Default
                    },
                ));
                self.all.push(Assumption {
                    name: question.name.to_owned(),
                    value,
                    unit: question.unit,
                    source,
                    what: question.what,
                });
                value
            }
        }
    }

    /// Its value if somebody gave one; then it is asked.
    pub fn ask_if_given(&mut self, question: Question) -> Option<f64> {
        let (value, source) = self.answer(&question)?;
        self.all.push(Assumption {
            name: question.name.to_owned(),
            value,
            unit: question.unit,
            source,
            what: question.what,
        });
        Some(value)
    }

    /// The strongest and most special one counts: of the command line before the configuration, of the pipeline before all.
    fn answer(&mut self, question: &Question) -> Option<(f64, Source)> {
        self.names.push(question.name.to_owned());
        let own = format!("{}.{}", self.pipeline, question.name);
        let mut found: Option<usize> = None;
        for source in [Source::Given, Source::Config] {
            for name in [own.as_str(), question.name] {
                let fits = |given: &Given| given.source == source && given.name == name;
                let places = (0..self.given.len()).filter(|at| fits(&self.given[*at]));
                let places: Vec<usize> = places.collect();
                // The last one was written to change the others.
                found = found.or(places.last().copied());
                self.read.extend(places);
            }
        }
        let given = &self.given[found?];
        let value = match parse(&given.value, question.unit) {
            Ok(value) => value,
            Err(wanted) => {
                let problem = format!("`{}` is {wanted}, not `{}`", given.name, given.value);
                self.problems.push(problem);
                return None;
            }
        };
        if value > question.most {
            let most = write(question.most, question.unit);
            let problem = format!(
                "`{}` cannot be more than {most}: {}",
                given.name, question.what
            );
            self.problems.push(problem);
            return None;
        }
        Some((value, given.source))
    }
}

const DURATIONS: [(&str, f64); 5] = [
    ("ms", 0.001),
    ("d", 86_400.0),
    ("h", 3_600.0),
    ("m", 60.0),
    ("s", 1.0),
];
const KILO: f64 = 1024.0;
const BYTES: [(&str, f64); 5] = [
    ("KB", KILO),
    ("MB", KILO * KILO),
    ("GB", KILO * KILO * KILO),
    ("TB", KILO * KILO * KILO * KILO),
    ("B", 1.0),
];
/// A month has 30 days and 10 hours.
const RATES: [(&str, f64); 6] = [
    ("minute", 43_800.0),
    ("hour", 730.0),
    ("day", 730.0 / 24.0),
    ("week", 730.0 / 168.0),
    ("month", 1.0),
    ("year", 1.0 / 12.0),
];

/// The value; else what is wanted: `a number`.
fn parse(text: &str, unit: Unit) -> Result<f64, &'static str> {
    let (value, wanted) = match unit {
        Unit::Count => (number(text), "a number"),
        Unit::Duration => (
            joined(text, &DURATIONS),
            "a duration such as `90s` or `1h30m`",
        ),
        Unit::Bytes => (joined(text, &BYTES), "a size such as `10GB` or `512KB`"),
        Unit::Rate => {
            let value = match text.split_once('/') {
                None => number(text),
                Some((count, unit)) => {
                    let factor = RATES.iter().find(|(name, _)| *name == unit.trim());
                    number(count.trim())
                        .zip(factor)
                        .map(|(count, (_, factor))| count * factor)
                }
            };
            (
                value,
                "a rate such as `30/month` (a minute, hour, day, week, month or year)",
            )
        }
    };
    value.ok_or(wanted)
}

/// Not negative, and finite.
fn number(text: &str) -> Option<f64> {
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | 'e');
    let text = text.replace('_', "");
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(fits) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// `1h30m`: numbers with units, in a row; a number alone counts units of one.
fn joined(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    if let Some(value) = number(text) {
        return Some(value);
    }
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value = number(&rest[..digits])?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (_, factor) = units.iter().find(|(unit, _)| *unit == &rest[..letters])?;
        sum += value * factor;
        rest = &rest[letters..];
    }
    Some(sum)
}

/// As it would be given: `200`, `1h30m`, `10GB`, `30/month`.
pub fn write(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => grouped(value),
        Unit::Rate => format!("{}/month", grouped(value)),
        Unit::Bytes => {
            let unit = BYTES[..4].iter().rev().find(|(_, factor)| value >= *factor);
            match unit {
                Some((unit, factor)) => format!("{}{unit}", grouped(value / factor)),
                None => format!("{}B", grouped(value)),
            }
        }
        Unit::Duration if value < 1.0 => format!("{}ms", grouped(value * 1000.0)),
        Unit::Duration => {
            let mut rest = value;
            let mut text = String::new();
            for (unit, factor) in &DURATIONS[1..] {
                let whole = if *factor == 1.0 {
                    rest
                } else {
                    (rest / factor).floor()
                };
                if whole > 0.0 {
                    let _ = write!(text, "{}{unit}", grouped(whole));
                    rest -= whole * factor;
                }
            }
            text
        }
    }
}

/// With at most three digits behind the point.
fn grouped(value: f64) -> String {
    let rounded = (value * 1000.0).round() / 1000.0;
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let cases = [
            (200.0, Unit::Count, "200"),
            (5_400.0, Unit::Duration, "1h30m"),
            (0.1, Unit::Duration, "100ms"),
            (10.0 * KILO * KILO * KILO, Unit::Bytes, "10GB"),
            (30.0, Unit::Rate, "30/month"),
        ];
        for (value, unit, text) in cases {
            assert_eq!(write(value, unit), text);
            assert_eq!(parse(text, unit), Ok(value), "{text}");
        }
        assert_eq!(parse("2/hour", Unit::Rate), Ok(1460.0));
        assert_eq!(parse("90", Unit::Duration), Ok(90.0));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for (text, unit) in [
            ("-1", Unit::Count),
            ("many", Unit::Count),
            ("inf", Unit::Count),
            ("1e999", Unit::Count),
            ("", Unit::Count),
            ("5 parsecs", Unit::Duration),
            ("m5", Unit::Duration),
            ("10gb", Unit::Bytes),
            ("30/fortnight", Unit::Rate),
        ] {
            assert!(parse(text, unit).is_err(), "{text}");
        }
    }
}
