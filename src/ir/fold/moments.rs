//! Timestamps as moments: milliseconds, as JSONata has them.

use super::numbers::{from_number, to_number};
use super::{Evaluated, Stop};
use crate::ir::{Binary, Literal};

/// An operator of which at least one side is a timestamp.
pub(super) fn operate(
    op: Binary,
    left: &Literal,
    right: &Literal,
    moments: [bool; 2],
) -> Evaluated {
    let bool = |value| Ok(Literal::Bool(value));
    match (op, left, right) {
        (Binary::Eq, Literal::Null, other) | (Binary::Eq, other, Literal::Null) => {
            return bool(*other == Literal::Null);
        }
        (Binary::Ne, Literal::Null, other) | (Binary::Ne, other, Literal::Null) => {
            return bool(*other != Literal::Null);
        }
        _ => {}
    }
    match (op, moments) {
        (Binary::Add, [true, false]) => shifted(left, right, 1.0),
        (Binary::Add, [false, true]) => shifted(right, left, 1.0),
        (Binary::Sub, [true, false]) => shifted(left, right, -1.0),
        (Binary::Sub, _) => from_number((millis(left)? - millis(right)?) / 1000.0),
        (Binary::Add, _) => Err(Stop::Unknown),
        _ => {
            let (a, b) = (millis(left)?, millis(right)?);
            bool(match op {
                Binary::Eq => a == b,
                Binary::Ne => a != b,
                Binary::Lt => a < b,
                Binary::Le => a <= b,
                Binary::Gt => a > b,
                Binary::Ge => a >= b,
                _ => return Err(Stop::Unknown),
            })
        }
    }
}

fn shifted(moment: &Literal, seconds: &Literal, sign: f64) -> Evaluated {
    let Literal::Number(seconds) = seconds else {
        return Err(Stop::Unknown);
    };
    let at = millis(moment)? + sign * to_number(seconds)? * 1000.0;
    if at.fract() != 0.0 {
        return Err(Stop::Unknown);
    }
    text_of_millis(at as i64).map(Literal::String)
}

/// Of a timestamp with date, time, at most milliseconds, and offset; others are left to the run.
pub(super) fn millis(value: &Literal) -> Result<f64, Stop> {
    let Literal::String(text) = value else {
        return Err(Stop::Unknown);
    };
    read(text).map(|ms| ms as f64).ok_or(Stop::Unknown)
}

fn read(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse::<i64>().ok())?
    };
    let mark = |at: usize, mark: u8| (bytes.get(at) == Some(&mark)).then_some(());
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    for (at, c) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        mark(at, c)?;
    }
    let fine = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !fine {
        return None;
    }
    let mut at = 19;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        let end = text[at + 1..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(text.len(), |n| at + 1 + n);
        let digits = end - at - 1;
        if !(1..=3).contains(&digits) {
            return None;
        }
        fraction = number(at + 1, end)? * 10_i64.pow(3 - digits as u32);
        at = end;
    }
    let offset = match text.get(at..)? {
        "Z" => 0,
        zone if zone.len() == 6 && zone.as_bytes()[3] == b':' => {
            let minutes = number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?;
            match zone.as_bytes()[0] {
                b'+' => minutes,
                b'-' => -minutes,
                _ => return None,
            }
        }
        _ => return None,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + (minute - offset) * 60 + second;
    Some(seconds * 1_000 + fraction)
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// As `$fromMillis` writes it: always milliseconds, always UTC.
pub(super) fn text_of_millis(ms: i64) -> Result<String, Stop> {
    let (day, of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if !(0..=9999).contains(&year) {
        return Err(Stop::Unknown);
    }
    let (second, fraction) = (of_day / 1_000, of_day % 1_000);
    Ok(format!(
        "{year:04}-{month:02}-{day_of_month:02}T{:02}:{:02}:{:02}.{fraction:03}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_go_to_millis_and_back() {
        for (text, ms) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2000-02-29T12:30:45.678Z", 951_827_445_678),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2026-11-24T00:00:00.000Z", 1_795_478_400_000),
        ] {
            assert_eq!(read(text), Some(ms), "{text}");
            assert_eq!(text_of_millis(ms).ok().as_deref(), Some(text));
        }
        assert_eq!(
            read("2026-01-01T02:00:00+02:00"),
            read("2026-01-01T00:00:00Z")
        );
        assert_eq!(read("2026-01-01T00:00:00.1234Z"), None);
    }
}
