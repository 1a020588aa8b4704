//! Literals and texts: numbers, strings with what is interpolated, timestamps.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Expr, ExprKind, Literal, Type};
use crate::resolve::expr::Checker;
use crate::source::Span;
use crate::syntax::ast;

/// Up to here every integer is exact in a double.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A number as written. Whole numbers are ints, however they are spelled.
pub(super) fn number(text: &str, span: Span) -> Expr {
    let Ok(number) = serde_json::from_str::<serde_json::Number>(text) else {
        return super::invalid(span);
    };
    let whole = number
        .as_f64()
        .filter(|n| n.fract() == 0.0 && n.abs() <= MAX_EXACT);
    match whole {
        _ if number.is_i64() || number.is_u64() => {
            Expr::literal(Literal::Number(number), Type::Int, span)
        }
        Some(whole) => Expr::literal(Literal::Number((whole as i64).into()), Type::Int, span),
        None => Expr::literal(Literal::Number(number), Type::Number, span),
    }
}

impl Checker<'_> {
    pub(super) fn infer_string(&mut self, parts: &[ast::StringPart], span: Span) -> Expr {
        let mut values = Vec::with_capacity(parts.len());
        let mut plain = true;
        let mut broken = false;
        for part in parts {
            match part {
                ast::StringPart::Text(text) => {
                    let text = Literal::String(text.clone());
                    values.push(Expr::literal(text, Type::String, span));
                }
                ast::StringPart::Expr(expr) => {
                    plain = false;
                    let value = self.check(expr, None);
                    broken |= value.ty == Type::Invalid;
                    values.push(value);
                }
            }
        }
        if broken {
            return super::invalid(span);
        }
        if plain {
            let text = values.iter().filter_map(|value| match value.as_literal() {
                Some(Literal::String(text)) => Some(text.as_str()),
                _ => None,
            });
            return Expr::literal(Literal::String(text.collect()), Type::String, span);
        }
        self.build(ExprKind::Template(values), Type::String, span)
    }
}

/// Whether a text is a moment as Step Functions takes it: `2026-01-01T02:00:00Z`, with a fraction or an offset if wished.
pub(super) fn check_timestamp(text: &str, span: Span) -> Result<(), Box<Diagnostic>> {
    let Err(why) = read_timestamp(text) else {
        return Ok(());
    };
    let diagnostic = Diagnostic::new(
        Code::MalformedTimestamp,
        span,
        format!("`\"{text}\"` is no timestamp: {why}"),
    );
    Err(Box::new(
        if read_date(text).is_ok_and(|rest| rest.is_empty()) {
            diagnostic
                .replace(
                    span,
                    format!("\"{text}T00:00:00Z\""),
                    "write the start of the day",
                )
                .offered()
        } else {
            diagnostic.help("a timestamp looks like `2026-01-01T02:00:00Z`")
        },
    ))
}

fn read_timestamp(text: &str) -> Result<(), &'static str> {
    let rest = read_date(text)?;
    let rest = rest
        .strip_prefix('T')
        .ok_or("expected `T` and the time after the date")?;
    let (_, rest) = read_digits(rest, 2, 0, 23).ok_or("expected two digits of the hour")?;
    let rest = rest
        .strip_prefix(':')
        .ok_or("expected `:` after the hour")?;
    let (_, rest) = read_digits(rest, 2, 0, 59).ok_or("expected two digits of the minute")?;
    let rest = rest.strip_prefix(':').ok_or("expected the seconds")?;
    let (_, mut rest) = read_digits(rest, 2, 0, 59).ok_or("expected two digits of the second")?;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(fraction.len());
        if end == 0 || end > 9 {
            return Err("expected one to nine digits of a second's fraction");
        }
        rest = &fraction[end..];
    }
    if rest == "Z" {
        return Ok(());
    }
    const OFFSET: &str = "expected `Z` or an offset such as `+02:00` at the end";
    let rest = rest.strip_prefix(['+', '-']).ok_or(OFFSET)?;
    let (_, rest) = read_digits(rest, 2, 0, 23).ok_or(OFFSET)?;
    let rest = rest.strip_prefix(':').ok_or(OFFSET)?;
    let (_, rest) = read_digits(rest, 2, 0, 59).ok_or(OFFSET)?;
    if rest.is_empty() { Ok(()) } else { Err(OFFSET) }
}

/// What is left after `2026-01-31`.
fn read_date(text: &str) -> Result<&str, &'static str> {
    let (year, rest) = read_digits(text, 4, 0, 9999).ok_or("expected four digits of the year")?;
    let rest = rest
        .strip_prefix('-')
        .ok_or("expected `-` after the year")?;
    let (month, rest) = read_digits(rest, 2, 1, 12).ok_or("expected a month from `01` to `12`")?;
    let rest = rest
        .strip_prefix('-')
        .ok_or("expected `-` after the month")?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let (_, rest) = read_digits(rest, 2, 1, days).ok_or("that month has no such day")?;
    Ok(rest)
}

fn read_digits(text: &str, count: usize, min: u32, max: u32) -> Option<(u32, &str)> {
    let digits = text.get(..count)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse().ok()?;
    (min..=max)
        .contains(&value)
        .then_some((value, &text[count..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_need_date_time_and_offset() {
        for good in [
            "2026-01-01T02:00:00Z",
            "2024-02-29T23:59:59.123456789+02:00",
            "2026-12-31T00:00:00.5-11:30",
        ] {
            assert_eq!(read_timestamp(good), Ok(()), "{good}");
        }
        for bad in [
            "2026-01-01",
            "2026-01-01 02:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T02:00:00",
            "2026-01-01t02:00:00z",
            "tomorrow",
            "",
            "2026-01-01T02:00:00.Z",
            "２０２６-01-01T02:00:00Z",
        ] {
            assert!(read_timestamp(bad).is_err(), "{bad}");
        }
    }
}
