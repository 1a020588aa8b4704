//! Numbers as JSONata has them: doubles, and the text that it gives them.

use serde_json::Number;

use super::{Evaluated, Stop};
use crate::ir::Literal;

/// Up to here every integer is exact in a double.
pub(super) const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

pub(super) fn to_number(number: &Number) -> Result<f64, Stop> {
    number.as_f64().ok_or(Stop::Unknown)
}

/// A whole number is an integer again.
pub(super) fn from_number(value: f64) -> Evaluated {
    if !value.is_finite() {
        return Err(Stop::Fails("the number is out of range".to_owned()));
    }
    Ok(Literal::Number(
        if value.fract() == 0.0 && value.abs() <= MAX_EXACT {
            Number::from(value as i64)
        } else {
            Number::from_f64(value).ok_or(Stop::Unknown)?
        },
    ))
}

/// The text that interpolation gives a value: the empty one for null, a string's own, else JSON without blanks, numbers
/// rounded to 15 digits. None for an integer that no double holds.
pub fn text_of(value: &Literal) -> Option<String> {
    match value {
        Literal::Null => Some(String::new()),
        Literal::String(text) => Some(text.clone()),
        value => {
            let mut text = String::new();
            write(value, &mut text)?;
            Some(text)
        }
    }
}

/// JSON text as `$string` writes it.
pub(super) fn json_of(value: &Literal) -> Option<String> {
    let mut text = String::new();
    write(value, &mut text)?;
    Some(text)
}

fn write(value: &Literal, text: &mut String) -> Option<()> {
    match value {
        Literal::Null => text.push_str("null"),
        Literal::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Literal::Number(n) => text.push_str(&number_text(round_to_15(n.as_f64()?))),
        Literal::String(string) => text.push_str(&serde_json::to_string(string).ok()?),
        Literal::List(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(item, text)?;
            }
            text.push(']');
        }
        Literal::Object(members) => {
            text.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::to_string(key).ok()?);
                text.push(':');
                write(value, text)?;
            }
            text.push('}');
        }
    }
    Some(())
}

/// JavaScript's `Number(value.toPrecision(15))`: halves are rounded away from zero.
fn round_to_15(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // The exact digits; 60 tell a half from what is a little more.
    let exact = format!("{:.60e}", value.abs());
    let Some((mantissa, exponent)) = exact.split_once('e') else {
        return value;
    };
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let (kept, rest) = digits.split_at(15.min(digits.len()));
    let mut number: u64 = kept.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0'));
    if rest.first().is_some_and(|d| *d >= b'5') {
        number += 1;
    }
    let rounded = format!("{number}e{}", exponent.parse::<i32>().unwrap_or(0) - 14);
    rounded.parse::<f64>().map_or(value, |n| n.copysign(value))
}

/// JavaScript's text of a number: the shortest that reads back the same, with an exponent from 1e21 on and below 1e-6.
pub(super) fn number_text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let count = digits.len() as i32;
    let point = exponent + 1;
    let text = if (count..=21).contains(&point) {
        format!("{digits}{}", "0".repeat((point - count) as usize))
    } else if (1..=21).contains(&point) {
        let (whole, fraction) = digits.split_at(point as usize);
        format!("{whole}.{fraction}")
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", "0".repeat(-point as usize))
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { "-" } else { "+" };
        format!("{first}{dot}{rest}e{sign}{}", exponent.abs())
    };
    if value < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_javascript() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1.5e300, "1.5e+300"),
            (0.000_001, "0.000001"),
            (1e-7, "1e-7"),
            (1.25e-9, "1.25e-9"),
            (123_456.789, "123456.789"),
        ] {
            assert_eq!(number_text(value), text);
        }
    }

    #[test]
    fn text_has_fifteen_digits() {
        let text = |value: f64| number_text(round_to_15(value));
        assert_eq!(text(0.1 + 0.2), "0.3");
        assert_eq!(text(100_000_000_000_000.5), "100000000000001");
        assert_eq!(text(9_007_199_254_740_991.0), "9007199254740990");
        assert_eq!(text(-2.0 / 3.0), "-0.666666666666667");
        assert_eq!(text(5e-324), "5e-324");
    }
}
