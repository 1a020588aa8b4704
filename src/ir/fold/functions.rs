//! Those pure functions of the library whose meaning is reproduced exactly; the others are left to the run.

use std::cmp::Ordering;

use super::numbers::{MAX_EXACT, from_number, json_of, to_number};
use super::{Evaluated, Stop, is_equal, moments};
use crate::ir::Literal;

/// A list or text longer than this is not made at build time.
const MAX_LENGTH: i64 = 10_000;

/// Calls a function with values.
pub(super) fn call(name: &str, args: &[Literal]) -> Evaluated {
    use Literal::{Bool, List, Null, Number, Object, String as Text};
    let text = |text: String| Ok(Text(text));
    match (name, args) {
        ("string", [value]) => match value {
            Text(_) => Ok(value.clone()),
            value => text(json_of(value).ok_or(Stop::Unknown)?),
        },
        ("length", [Text(s)]) => count(s.chars().count()),
        ("substring", [Text(s), Number(start)]) => text(substring(s, whole(start)?, None)),
        ("substring", [Text(s), Number(start), Number(length)]) => {
            text(substring(s, whole(start)?, Some(whole(length)?)))
        }
        ("substringBefore", [Text(s), Text(mark)]) => text(
            s.split_once(mark.as_str())
                .map_or(s.as_str(), |(before, _)| before)
                .to_owned(),
        ),
        ("substringAfter", [Text(s), Text(mark)]) => text(
            s.split_once(mark.as_str())
                .map_or(s.as_str(), |(_, after)| after)
                .to_owned(),
        ),
        // Beyond ASCII the case of letters depends on the version of Unicode.
        ("uppercase", [Text(s)]) if s.is_ascii() => text(s.to_ascii_uppercase()),
        ("lowercase", [Text(s)]) if s.is_ascii() => text(s.to_ascii_lowercase()),
        ("trim", [Text(s)]) => text(trim(s)),
        ("pad", [Text(s), Number(width)]) => text(pad(s, whole(width)?, " ")?),
        ("pad", [Text(s), Number(width), Text(with)]) => text(pad(s, whole(width)?, with)?),
        ("contains", [Text(s), Text(part)]) => Ok(Bool(s.contains(part.as_str()))),
        // By an empty mark JSONata splits between code units.
        ("split", [Text(s), Text(mark), ..]) if mark.is_empty() && !s.is_ascii() => {
            Err(Stop::Unknown)
        }
        ("split", [Text(s), Text(mark)]) => Ok(List(split(s, mark).map(Text).collect())),
        ("split", [Text(s), Text(mark), Number(limit)]) => {
            let limit = whole(limit)?;
            if limit < 0 {
                return Err(Stop::Fails("`split` takes no negative limit".to_owned()));
            }
            Ok(List(
                split(s, mark).take(limit as usize).map(Text).collect(),
            ))
        }
        ("join", [List(items)]) => join(items, ""),
        ("join", [List(items), Text(mark)]) => join(items, mark),
        ("replace", [Text(s), Text(part), Text(with)]) if !part.is_empty() => {
            text(s.replace(part.as_str(), with))
        }
        ("base64encode", [Text(s)]) if s.is_ascii() => text(base64(s.as_bytes())),
        ("encodeUrlComponent", [Text(s)]) => text(percent(s, "-_.!~*'()")),
        ("encodeUrl", [Text(s)]) => text(percent(s, "-_.!~*'();/?:@&=+$,#")),
        ("number", [Number(_)]) => Ok(args[0].clone()),
        ("number", [Bool(value)]) => count(usize::from(*value)),
        ("number", [Text(s)]) => read_number(s),
        ("abs", [Number(n)]) => from_number(to_number(n)?.abs()),
        ("floor", [Number(n)]) => from_number(to_number(n)?.floor()),
        ("ceil", [Number(n)]) => from_number(to_number(n)?.ceil()),
        ("round", [Number(n)]) => from_number(half_even(to_number(n)?)),
        ("sqrt", [Number(n)]) => {
            let n = to_number(n)?;
            if n < 0.0 {
                return Err(Stop::Fails("`sqrt` takes no negative number".to_owned()));
            }
            from_number(n.sqrt())
        }
        ("power", [Number(base), Number(exponent)]) => power(to_number(base)?, whole(exponent)?),
        ("sum", [List(items)]) => from_number(numbers(items)?.into_iter().sum::<f64>()),
        ("average", [List(items)]) if !items.is_empty() => {
            from_number(numbers(items)?.into_iter().sum::<f64>() / items.len() as f64)
        }
        ("max", [List(items)]) if !items.is_empty() => from_number(
            numbers(items)?
                .into_iter()
                .fold(f64::NEG_INFINITY, f64::max),
        ),
        ("min", [List(items)]) if !items.is_empty() => {
            from_number(numbers(items)?.into_iter().fold(f64::INFINITY, f64::min))
        }
        ("max" | "min" | "average", [List(_)]) => Ok(Null),
        ("boolean", [value]) => Ok(Bool(truth(value))),
        ("count", [List(items)]) => count(items.len()),
        ("append", [a, b]) => {
            let list = |value: &Literal| match value {
                List(items) => items.clone(),
                value => vec![value.clone()],
            };
            Ok(List([list(a), list(b)].concat()))
        }
        ("reverse", [List(items)]) => Ok(List(items.iter().rev().cloned().collect())),
        ("distinct", [List(items)]) => {
            let mut kept: Vec<Literal> = Vec::new();
            for item in items {
                if !kept.iter().any(|known| is_equal(known, item)) {
                    kept.push(item.clone());
                }
            }
            Ok(List(kept))
        }
        ("sort", [List(items)]) => sort_by_key(
            items
                .iter()
                .map(|item| (item.clone(), item.clone()))
                .collect(),
        ),
        ("zip", lists) => zip(lists),
        ("keys", [Object(members)]) => Ok(List(
            members.iter().map(|(key, _)| Text(key.clone())).collect(),
        )),
        ("lookup", [Object(members), Text(key)]) => Ok(members
            .iter()
            .find(|(name, _)| name == key)
            .map_or(Null, |(_, value)| value.clone())),
        ("merge", [List(items)]) => {
            let mut merged = Vec::new();
            for item in items {
                let Object(members) = item else {
                    return Err(Stop::Unknown);
                };
                for (key, value) in members {
                    super::set(&mut merged, key.clone(), value.clone());
                }
            }
            Ok(Object(merged))
        }
        ("type", [value]) => text(
            match value {
                Null => "null",
                Bool(_) => "boolean",
                Number(_) => "number",
                Text(_) => "string",
                List(_) => "array",
                Object(_) => "object",
            }
            .to_owned(),
        ),
        ("toMillis", [moment]) => from_number(moments::millis(moment)?),
        ("fromMillis", [Number(ms)]) => text(moments::text_of_millis(whole(ms)?)?),
        ("partition", [List(items), Number(size)]) => {
            let size = whole(size)?;
            if size < 1 {
                return Err(Stop::Fails(
                    "`partition` takes a size of at least 1".to_owned(),
                ));
            }
            Ok(List(
                items
                    .chunks(size as usize)
                    .map(|part| List(part.to_vec()))
                    .collect(),
            ))
        }
        ("range", [Number(first), Number(last), Number(step)]) => {
            range(whole(first)?, whole(last)?, whole(step)?)
        }
        ("parse", [Text(s)]) => match serde_json::from_str(s) {
            Ok(value) => literal(value),
            Err(_) => Err(Stop::Fails("the text is no JSON".to_owned())),
        },
        ("assert", [Bool(true), ..]) => Ok(Null),
        ("assert", [Bool(false), ..]) => Err(Stop::Fails("the assertion is false".to_owned())),
        _ => Err(Stop::Unknown),
    }
}

/// Orders by keys that are all numbers or all strings; equal ones keep their order.
pub(super) fn sort_by_key(mut keyed: Vec<(Literal, Literal)>) -> Evaluated {
    let one_kind = keyed
        .iter()
        .all(|(key, _)| matches!(key, Literal::Number(_)))
        || keyed
            .iter()
            .all(|(key, _)| matches!(key, Literal::String(_)));
    if !one_kind {
        return Err(Stop::Unknown);
    }
    keyed.sort_by(|(a, _), (b, _)| order(a, b).unwrap_or(Ordering::Equal));
    Ok(Literal::List(
        keyed.into_iter().map(|(_, item)| item).collect(),
    ))
}

/// Numbers among each other, and strings by their UTF-16 code units.
pub(super) fn order(a: &Literal, b: &Literal) -> Option<Ordering> {
    match (a, b) {
        (Literal::Number(a), Literal::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Literal::String(a), Literal::String(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
        _ => None,
    }
}

fn count(n: usize) -> Evaluated {
    Ok(Literal::Number((n as u64).into()))
}

fn whole(number: &serde_json::Number) -> Result<i64, Stop> {
    number
        .as_i64()
        .filter(|n| n.unsigned_abs() as f64 <= MAX_EXACT)
        .ok_or(Stop::Unknown)
}

fn numbers(items: &[Literal]) -> Result<Vec<f64>, Stop> {
    items
        .iter()
        .map(|item| match item {
            Literal::Number(n) => to_number(n),
            _ => Err(Stop::Unknown),
        })
        .collect()
}

/// From a start that counts from the end when negative; by characters.
fn substring(text: &str, start: i64, length: Option<i64>) -> String {
    let chars: Vec<char> = text.chars().collect();
    let len = chars.len() as i64;
    let start = if len + start < 0 { 0 } else { start };
    let from = if start < 0 { len + start } else { start }.min(len);
    let to = match length {
        None => len,
        Some(length) if length <= 0 => return String::new(),
        Some(length) => from.saturating_add(length).min(len),
    };
    chars[from as usize..to as usize].iter().collect()
}

/// Runs of blanks become one, those at the ends go.
fn trim(text: &str) -> String {
    let mut trimmed = String::new();
    for word in text
        .split([' ', '\t', '\n', '\r'])
        .filter(|w| !w.is_empty())
    {
        if !trimmed.is_empty() {
            trimmed.push(' ');
        }
        trimmed.push_str(word);
    }
    trimmed
}

/// To the right; to the left when the width is negative.
fn pad(text: &str, width: i64, with: &str) -> Result<String, Stop> {
    if width.abs() > MAX_LENGTH || with.is_empty() {
        return Err(Stop::Unknown);
    }
    let missing = width.unsigned_abs() as usize;
    let missing = missing.saturating_sub(text.chars().count());
    let padding: String = with.chars().cycle().take(missing).collect();
    Ok(if width < 0 {
        format!("{padding}{text}")
    } else {
        format!("{text}{padding}")
    })
}

/// By an empty mark into characters.
fn split<'a>(text: &'a str, mark: &'a str) -> Box<dyn Iterator<Item = String> + 'a> {
    if mark.is_empty() {
        Box::new(text.chars().map(String::from))
    } else {
        Box::new(text.split(mark).map(str::to_owned))
    }
}

fn join(items: &[Literal], mark: &str) -> Evaluated {
    let texts: Option<Vec<&str>> = items
        .iter()
        .map(|item| match item {
            Literal::String(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    Ok(Literal::String(texts.ok_or(Stop::Unknown)?.join(mark)))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        for at in 0..4 {
            if at <= chunk.len() {
                text.push(char::from(DIGITS[(group >> (18 - 6 * at) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

fn percent(text: &str, kept: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if byte.is_ascii_alphanumeric() || (byte.is_ascii() && kept.contains(c)) {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// JSON's numbers; JSONata reads `0x`, `0b` and `0o` too, which are left to it.
fn read_number(text: &str) -> Evaluated {
    match serde_json::from_str::<serde_json::Number>(text) {
        Ok(number) if text.trim() == text => from_number(to_number(&number)?),
        _ if text.starts_with("0x") || text.starts_with("0b") || text.starts_with("0o") => {
            Err(Stop::Unknown)
        }
        _ => Err(Stop::Fails(format!("`\"{text}\"` is no number"))),
    }
}

/// To the nearest whole number, halves to the even one.
fn half_even(value: f64) -> f64 {
    value.round_ties_even()
}

/// Only where every step is exact.
fn power(base: f64, exponent: i64) -> Evaluated {
    if base.fract() != 0.0 || !(0..=64).contains(&exponent) {
        return Err(Stop::Unknown);
    }
    let mut product = 1.0_f64;
    for _ in 0..exponent {
        product *= base;
        if product.abs() > MAX_EXACT {
            return Err(Stop::Unknown);
        }
    }
    from_number(product)
}

/// What JSONata takes for true.
fn truth(value: &Literal) -> bool {
    match value {
        Literal::Null => false,
        Literal::Bool(value) => *value,
        Literal::Number(n) => n.as_f64() != Some(0.0),
        Literal::String(text) => !text.is_empty(),
        Literal::List(items) => items.iter().any(truth),
        Literal::Object(members) => !members.is_empty(),
    }
}

fn zip(lists: &[Literal]) -> Evaluated {
    let lists: Option<Vec<&Vec<Literal>>> = lists
        .iter()
        .map(|list| match list {
            Literal::List(items) => Some(items),
            _ => None,
        })
        .collect();
    let lists = lists.ok_or(Stop::Unknown)?;
    let shortest = lists.iter().map(|items| items.len()).min().unwrap_or(0);
    let rows = (0..shortest).map(|at| {
        let row = lists.iter().filter_map(|items| items.get(at).cloned());
        Literal::List(row.collect())
    });
    Ok(Literal::List(rows.collect()))
}

/// From first to last, both included.
fn range(first: i64, last: i64, step: i64) -> Evaluated {
    if step == 0 {
        return Err(Stop::Fails("`range` takes no step of 0".to_owned()));
    }
    let reachable = (last >= first) == (step > 0) || first == last;
    if !reachable || (last - first).abs() / step.abs() >= 1000 {
        return Err(Stop::Unknown);
    }
    let mut items = Vec::new();
    let mut at = first;
    while if step > 0 { at <= last } else { at >= last } {
        items.push(Literal::Number(at.into()));
        at += step;
    }
    Ok(Literal::List(items))
}

fn literal(value: serde_json::Value) -> Evaluated {
    use serde_json::Value;
    Ok(match value {
        Value::Null => Literal::Null,
        Value::Bool(value) => Literal::Bool(value),
        Value::Number(n) => from_number(to_number(&n)?)?,
        Value::String(text) => Literal::String(text),
        Value::Array(items) => {
            Literal::List(items.into_iter().map(literal).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => Literal::Object(
            members
                .into_iter()
                .map(|(key, value)| Ok((key, literal(value)?)))
                .collect::<Result<_, Stop>>()?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Literal {
        Literal::String(text.to_owned())
    }

    fn int(n: i64) -> Literal {
        Literal::Number(n.into())
    }

    fn value(name: &str, args: &[Literal]) -> Option<Literal> {
        call(name, args).ok()
    }

    #[test]
    fn substrings_count_characters_and_from_the_end() {
        for (start, length, expected) in [
            (0, Some(2), "aé"),
            (-3, None, "字bc"),
            (-3, Some(1), "字"),
            (-99, Some(2), "aé"),
            (2, Some(-1), ""),
            (9, None, ""),
        ] {
            let mut args = vec![text("aé字bc"), int(start)];
            args.extend(length.map(int));
            assert_eq!(value("substring", &args), Some(text(expected)));
        }
    }

    #[test]
    fn rounding_is_to_the_even_neighbour() {
        for (n, expected) in [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2)] {
            let n = Literal::Number(serde_json::Number::from_f64(n).expect("finite"));
            assert_eq!(value("round", &[n]), Some(int(expected)));
        }
    }

    #[test]
    fn strings_are_ordered_by_code_units() {
        assert_eq!(
            order(&text("\u{FFFD}"), &text("😀")),
            Some(Ordering::Greater)
        );
    }

    #[test]
    fn encodings_are_those_of_the_web() {
        assert_eq!(value("base64encode", &[text("any")]), Some(text("YW55")));
        assert_eq!(value("base64encode", &[text("a")]), Some(text("YQ==")));
        assert_eq!(
            value("encodeUrlComponent", &[text("a b/ü")]),
            Some(text("a%20b%2F%C3%BC"))
        );
    }

    #[test]
    fn a_text_that_is_no_number_fails() {
        assert!(matches!(
            call("number", &[text("abc")]),
            Err(Stop::Fails(_))
        ));
    }
}
