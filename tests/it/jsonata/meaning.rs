//! What an expression means, read directly from the language: the judge of what is emitted.

use std::collections::HashMap;

use flowc::ir::{Binary, Element, Entry, Expr, ExprKind, Literal, Type, Unary};
use serde_json::{Map, Number, Value, json};

use super::run::World;

/// Why there is no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The evaluation fails.
    Error,
    /// The language does not say.
    Unsaid,
}

pub type Meaning = Result<Value, Fault>;

pub struct Reader<'w> {
    pub world: &'w World,
    pub locals: HashMap<u32, Value>,
}

impl Reader<'_> {
    pub fn value(&mut self, expr: &Expr) -> Meaning {
        Ok(match &expr.kind {
            ExprKind::Literal(value) => literal(value),
            ExprKind::Variable(id) => self.world.variables[id.0 as usize].value.clone(),
            ExprKind::Local(local) => self.locals[&local.id].clone(),
            ExprKind::Member { base, name } => member(&self.value(base)?, name)?,
            ExprKind::Index { base, index } => {
                let base = self.value(base)?;
                let index = self.value(index)?;
                match (&base, &index) {
                    (Value::Array(items), Value::Number(n)) => {
                        at(items, n.as_i64().ok_or(Fault::Unsaid)?)
                    }
                    (Value::Object(_) | Value::Null, Value::String(key)) => member(&base, key)?,
                    (Value::Null, _) => Value::Null,
                    _ => return Err(Fault::Unsaid),
                }
            }
            ExprKind::Slice { base, from, to } => {
                let items = self.list(base)?;
                let end = |n: Value| n.as_i64().ok_or(Fault::Unsaid);
                let length = items.len() as i64;
                let place = |n: i64| if n < 0 { n + length } else { n };
                let from = match from {
                    Some(from) => place(end(self.value(from)?)?),
                    None => 0,
                };
                let to = match to {
                    Some(to) => place(end(self.value(to)?)?),
                    None => length - 1,
                };
                items
                    .into_iter()
                    .enumerate()
                    .filter(|(at, _)| (from..=to).contains(&(*at as i64)))
                    .map(|(_, item)| item)
                    .collect()
            }
            ExprKind::Template(parts) => {
                let mut text = String::new();
                for part in parts {
                    let part = self.value(part)?;
                    if !part.is_null() {
                        text.push_str(&as_text(&part));
                    }
                }
                Value::String(text)
            }
            ExprKind::Unary { op, operand } => match op {
                Unary::Not => Value::Bool(!self.truth(operand)?),
                Unary::Negate => number(-self.number(operand)?)?,
            },
            ExprKind::Binary { op, left, right } => self.binary(expr, *op, left, right)?,
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                if self.truth(condition)? {
                    self.value(then)?
                } else {
                    self.value(otherwise)?
                }
            }
            ExprKind::List(elements) => {
                let mut items = Vec::new();
                for Element { spread, value } in elements {
                    match self.value(value)? {
                        Value::Array(spreaded) if *spread => items.extend(spreaded),
                        Value::Null if *spread => {}
                        item => items.push(item),
                    }
                }
                Value::Array(items)
            }
            ExprKind::Object(entries) => {
                let mut members = Map::new();
                for entry in entries {
                    match entry {
                        Entry::Pair { key, value } => {
                            let value = self.value(value)?;
                            members.insert(key.clone(), value);
                        }
                        Entry::Computed { key, value } => {
                            let key = self.key(key)?;
                            let value = self.value(value)?;
                            members.insert(key, value);
                        }
                        Entry::Spread(value) => match self.value(value)? {
                            Value::Object(spreaded) => members.extend(spreaded),
                            Value::Null => {}
                            _ => return Err(Fault::Unsaid),
                        },
                    }
                }
                Value::Object(members)
            }
            ExprKind::ListComprehension {
                local,
                source,
                condition,
                value,
            } => {
                let mut items = Vec::new();
                for item in self.list(source)? {
                    self.locals.insert(local.id, item);
                    if let Some(condition) = condition
                        && !self.truth(condition)?
                    {
                        continue;
                    }
                    items.push(self.value(value)?);
                }
                Value::Array(items)
            }
            ExprKind::ObjectComprehension {
                local,
                source,
                condition,
                key,
                value,
            } => {
                let mut members = Map::new();
                for item in self.list(source)? {
                    self.locals.insert(local.id, item);
                    if let Some(condition) = condition
                        && !self.truth(condition)?
                    {
                        continue;
                    }
                    let key = self.key(key)?;
                    let value = self.value(value)?;
                    members.insert(key, value);
                }
                Value::Object(members)
            }
            ExprKind::Sort { list, local, key } => {
                let items = self.list(list)?;
                if items.len() < 2 {
                    return Ok(Value::Array(items));
                }
                let mut keyed = Vec::new();
                for item in items {
                    self.locals.insert(local.id, item.clone());
                    let key = self.value(key)?;
                    keyed.push((key, item));
                }
                if keyed.iter().any(|(key, _)| ordered(key, key).is_none()) {
                    return Err(Fault::Error);
                }
                keyed.sort_by(|(a, _), (b, _)| ordered(a, b).unwrap_or(std::cmp::Ordering::Equal));
                keyed.into_iter().map(|(_, item)| item).collect()
            }
            ExprKind::Let { local, value, body } => {
                let value = self.value(value)?;
                self.locals.insert(local.id, value);
                self.value(body)?
            }
            ExprKind::Attributes(value) => match attribute(&self.value(value)?) {
                Value::Object(mut attribute) => attribute.remove("M").unwrap_or(Value::Null),
                _ => Value::Null,
            },
            ExprKind::Plain(value) => match self.value(value)? {
                Value::Object(members) => {
                    members.iter().map(|(k, v)| (k.clone(), plain(v))).collect()
                }
                _ => Value::Null,
            },
            _ => return Err(Fault::Unsaid),
        })
    }

    fn binary(&mut self, expr: &Expr, op: Binary, left: &Expr, right: &Expr) -> Meaning {
        let moments = is_moment(&left.ty) || is_moment(&right.ty);
        Ok(match op {
            Binary::Coalesce => match self.value(left)? {
                Value::Null => self.value(right)?,
                value => value,
            },
            Binary::Or => Value::Bool(self.truth(left)? || self.truth(right)?),
            Binary::And => Value::Bool(self.truth(left)? && self.truth(right)?),
            Binary::Eq | Binary::Ne => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let same = if moments && !left.is_null() && !right.is_null() {
                    millis(&left)? == millis(&right)?
                } else {
                    equal(&left, &right)
                };
                Value::Bool(same == (op == Binary::Eq))
            }
            Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let (left, right) = if moments {
                    (json!(millis(&left)?), json!(millis(&right)?))
                } else {
                    (left, right)
                };
                let order = ordered(&left, &right).ok_or(Fault::Error)?;
                Value::Bool(match op {
                    Binary::Lt => order.is_lt(),
                    Binary::Le => order.is_le(),
                    Binary::Gt => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            Binary::In => {
                let left = self.value(left)?;
                Value::Bool(self.list(right)?.iter().any(|item| equal(item, &left)))
            }
            Binary::Add | Binary::Sub if moments => {
                if !is_moment(&expr.ty) {
                    let difference = millis(&self.value(left)?)? - millis(&self.value(right)?)?;
                    return number(difference as f64 / 1000.0);
                }
                let (moment, seconds) = if is_moment(&left.ty) {
                    (left, right)
                } else {
                    (right, left)
                };
                let sign = if op == Binary::Sub { -1 } else { 1 };
                let shift = (self.number(seconds)? * 1000.0) as i64;
                iso(millis(&self.value(moment)?)? + sign * shift)
            }
            Binary::Add => number(self.number(left)? + self.number(right)?)?,
            Binary::Sub => number(self.number(left)? - self.number(right)?)?,
            Binary::Mul => number(self.number(left)? * self.number(right)?)?,
            Binary::Div => number(self.number(left)? / self.number(right)?)?,
            Binary::Rem => number(self.number(left)? % self.number(right)?)?,
        })
    }

    fn truth(&mut self, expr: &Expr) -> Result<bool, Fault> {
        self.value(expr)?.as_bool().ok_or(Fault::Error)
    }

    fn number(&mut self, expr: &Expr) -> Result<f64, Fault> {
        self.value(expr)?.as_f64().ok_or(Fault::Error)
    }

    fn list(&mut self, expr: &Expr) -> Result<Vec<Value>, Fault> {
        match self.value(expr)? {
            Value::Array(items) => Ok(items),
            _ => Err(Fault::Unsaid),
        }
    }

    fn key(&mut self, expr: &Expr) -> Result<String, Fault> {
        match self.value(expr)? {
            Value::String(key) => Ok(key),
            _ => Err(Fault::Unsaid),
        }
    }
}

fn is_moment(ty: &Type) -> bool {
    match ty {
        Type::Optional(ty) => is_moment(ty),
        ty => *ty == Type::Timestamp,
    }
}

fn member(base: &Value, name: &str) -> Meaning {
    match base {
        Value::Object(members) => Ok(members.get(name).cloned().unwrap_or(Value::Null)),
        Value::Array(_) => Err(Fault::Unsaid),
        _ => Ok(Value::Null),
    }
}

fn at(items: &[Value], index: i64) -> Value {
    let index = if index < 0 {
        index + items.len() as i64
    } else {
        index
    };
    usize::try_from(index)
        .ok()
        .and_then(|index| items.get(index))
        .cloned()
        .unwrap_or(Value::Null)
}

pub fn literal(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Number(number) => Value::Number(number.clone()),
        Literal::String(text) => Value::String(text.clone()),
        Literal::List(items) => items.iter().map(self::literal).collect(),
        Literal::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), self::literal(value)))
            .collect(),
    }
}

/// A number; an integer where it is one.
fn number(value: f64) -> Meaning {
    if !value.is_finite() {
        return Err(Fault::Unsaid);
    }
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Ok(json!(value as i64));
    }
    Number::from_f64(value)
        .map(Value::Number)
        .ok_or(Fault::Unsaid)
}

/// Equal in depth; numbers by value.
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => left == right,
    }
}

/// Numbers by value, strings by their UTF-16 units as JavaScript has them.
fn ordered(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
        _ => None,
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `2026-01-31T02:00:00.000Z` and the like, in UTC or with an offset.
fn millis(value: &Value) -> Result<i64, Fault> {
    let text = value.as_str().ok_or(Fault::Error)?;
    let field = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<i64>().ok());
    let parse = || {
        let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
        let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
        let rest = &text[19..];
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => (rest.get(..3)?.parse::<i64>().ok()?, &rest[3..]),
            None => (0, rest),
        };
        let offset = match zone {
            "Z" => 0,
            zone => {
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                let hours: i64 = zone.get(1..3)?.parse().ok()?;
                let minutes: i64 = zone.get(4..6)?.parse().ok()?;
                sign * (hours * 60 + minutes)
            }
        };
        let seconds =
            days(year, month, day) * 86400 + hour * 3600 + (minute - offset) * 60 + second;
        Some(seconds * 1000 + fraction)
    };
    parse().ok_or(Fault::Error)
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468
}

fn iso(millis: i64) -> Value {
    let day = millis.div_euclid(86_400_000);
    let rest = millis.rem_euclid(86_400_000);
    let shifted = day + 719468;
    let era = shifted.div_euclid(146097);
    let of_era = shifted.rem_euclid(146097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    json!(format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1000 % 60,
        rest % 1000
    ))
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::String(text) => json!({ "S": text }),
        Value::Array(items) => json!({ "L": items.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .iter()
                .map(|(key, value)| (key.clone(), attribute(value)))
                .collect();
            json!({ "M": members })
        }
    }
}

fn plain(attribute: &Value) -> Value {
    let Some((kind, value)) = attribute.as_object().and_then(|a| a.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), value) {
        ("N", Value::String(number)) => serde_json::from_str(number).unwrap_or(Value::Null),
        ("L", Value::Array(items)) => items.iter().map(plain).collect(),
        ("M", Value::Object(members)) => {
            members.iter().map(|(k, v)| (k.clone(), plain(v))).collect()
        }
        ("NS" | "Ns", Value::Array(items)) => items
            .iter()
            .map(|n| {
                n.as_str()
                    .and_then(|n| serde_json::from_str(n).ok())
                    .unwrap_or(Value::Null)
            })
            .collect(),
        ("NULL" | "Nul", _) => Value::Null,
        (_, value) => value.clone(),
    }
}
