//! Build-time expressions evaluated, exactly as the JSONata that would be emitted for them evaluates.
//!
//! What cannot be reproduced exactly is left to the run. Nothing here reports, and nothing here knows names.

mod functions;
mod moments;
mod numbers;

use super::expr::{Binary, Element, Entry, Expr, ExprKind, Literal, Time, Unary};
use super::types::Type;
use crate::source::Span;
pub use numbers::text_of;
use numbers::{from_number, to_number};

/// An expression that needs more steps is left to the run.
const MAX_STEPS: usize = 200_000;

/// What evaluating gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Value(Literal),
    /// It reads a comprehension's name, or has a meaning inside of something only: evaluated with what is around it.
    Open,
    /// Only the run can tell.
    Unknown,
    /// It fails whenever it is evaluated; the reason.
    Fails(String),
}

/// Evaluates an expression in which nothing is known later than at build time.
pub fn evaluate(expr: &Expr) -> Outcome {
    let mut evaluator = Evaluator {
        locals: Vec::new(),
        steps: 0,
    };
    match evaluator.value(expr) {
        Ok(value) => Outcome::Value(value),
        Err(Stop::Open) => Outcome::Open,
        Err(Stop::Unknown) => Outcome::Unknown,
        Err(Stop::Fails(why)) => Outcome::Fails(why),
    }
}

/// The same expression without parts that cannot count: arms not taken, operands that decide nothing.
pub fn simplify(expr: Expr) -> Expr {
    let Expr {
        kind,
        ty,
        time,
        span,
    } = expr;
    // A part that stands for the whole keeps its own type and time, which are no wider.
    let part = |part: Expr| Expr { span, ..part };
    let kind = match kind {
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => match condition.as_literal() {
            Some(Literal::Bool(true)) => return part(*then),
            Some(Literal::Bool(false)) => return part(*otherwise),
            _ => ExprKind::If {
                condition,
                then,
                otherwise,
            },
        },
        ExprKind::Binary { op, left, right } => match (op, left.as_literal(), right.as_literal()) {
            (Binary::And, Some(Literal::Bool(true)), _)
            | (Binary::Or, Some(Literal::Bool(false)), _)
            | (Binary::Coalesce, Some(Literal::Null), _) => return part(*right),
            (Binary::And, Some(Literal::Bool(false)), _)
            | (Binary::Or, Some(Literal::Bool(true)), _) => return part(*left),
            (Binary::Coalesce, Some(_), _) => return part(*left),
            (Binary::And, _, Some(Literal::Bool(true)))
            | (Binary::Or, _, Some(Literal::Bool(false)))
                if left.ty == Type::Bool =>
            {
                return part(*left);
            }
            (Binary::Eq | Binary::Ne, _, Some(Literal::Bool(value))) if left.ty == Type::Bool => {
                return if (op == Binary::Eq) == *value {
                    part(*left)
                } else {
                    negated(*left, time, span)
                };
            }
            _ => ExprKind::Binary { op, left, right },
        },
        ExprKind::Template(parts) => ExprKind::Template(joined(parts)),
        ExprKind::Function { function, args } if function.name == "join" => {
            match joined_texts(&args) {
                Some(parts) => ExprKind::Template(joined(parts)),
                None => ExprKind::Function { function, args },
            }
        }
        ExprKind::List(elements) => ExprKind::List(spread_out(elements)),
        ExprKind::Object(entries) => ExprKind::Object(merged(entries)),
        ExprKind::Let {
            local,
            value,
            mut body,
        } => {
            let is_read =
                |part: &Expr| matches!(&part.kind, ExprKind::Local(read) if read.id == local.id);
            if reads(&body, &is_read) == Some(1) {
                put(&mut body, local.id, &mut Some(*value));
                return part(*body);
            }
            ExprKind::Let { local, value, body }
        }
        kind => kind,
    };
    Expr {
        kind,
        ty,
        time,
        span,
    }
}

fn negated(operand: Expr, time: Time, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Unary {
            op: Unary::Not,
            operand: Box::new(operand),
        },
        ty: Type::Bool,
        time,
        span,
    }
}

/// A list's elements, those of written lists that are spread in it among them.
fn spread_out(elements: Vec<Element>) -> Vec<Element> {
    elements
        .into_iter()
        .flat_map(|element| match element.value.kind {
            ExprKind::List(inner) if element.spread => inner,
            _ => vec![element],
        })
        .collect()
}

/// An object's members, those of written objects that are spread in it among them; as they were when another kind of
/// entry says what becomes of a name given twice.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    let is_pair = |entry: &Entry| matches!(entry, Entry::Pair { .. });
    let written = |entry: &Entry| match entry {
        Entry::Spread(value) => {
            matches!(&value.kind, ExprKind::Object(inner) if inner.iter().all(is_pair))
        }
        entry => is_pair(entry),
    };
    if entries.iter().all(is_pair) || !entries.iter().all(written) {
        return entries;
    }
    let mut pairs: Vec<Entry> = Vec::new();
    for entry in entries {
        let more = match entry {
            Entry::Spread(Expr {
                kind: ExprKind::Object(inner),
                ..
            }) => inner,
            entry => vec![entry],
        };
        for entry in more {
            let same = |known: &Entry| match (known, &entry) {
                (Entry::Pair { key: known, .. }, Entry::Pair { key, .. }) => known == key,
                _ => false,
            };
            match pairs.iter().position(same) {
                Some(at) => pairs[at] = entry,
                None => pairs.push(entry),
            }
        }
    }
    pairs
}

/// How often evaluating it evaluates such a part; None when that depends on values.
pub fn reads(expr: &Expr, is_read: &dyn Fn(&Expr) -> bool) -> Option<usize> {
    if is_read(expr) {
        return Some(1);
    }
    let all = |parts: Vec<&Expr>| {
        parts
            .into_iter()
            .try_fold(0, |sum, part| Some(sum + reads(part, is_read)?))
    };
    let certain: Vec<&Expr> = match &expr.kind {
        ExprKind::If { condition, .. } => vec![condition],
        ExprKind::Binary {
            op: Binary::And | Binary::Or | Binary::Coalesce,
            left,
            ..
        } => vec![left],
        ExprKind::ListComprehension { source, .. }
        | ExprKind::ObjectComprehension { source, .. }
        | ExprKind::Sort { list: source, .. } => vec![source],
        ExprKind::Jsonata { .. } => Vec::new(),
        _ => return all(expr.children()),
    };
    let is_certain = |part: &&Expr| certain.iter().any(|known| std::ptr::eq(*known, *part));
    let others = expr.children().into_iter().filter(|part| !is_certain(part));
    if all(others.collect()) != Some(0) {
        return None;
    }
    all(certain)
}

/// Puts the value where its name is read, once.
fn put(expr: &mut Expr, local: u32, value: &mut Option<Expr>) {
    if matches!(&expr.kind, ExprKind::Local(read) if read.id == local) {
        if let Some(value) = value.take() {
            *expr = value;
        }
        return;
    }
    for child in expr.children_mut() {
        put(child, local, value);
    }
    let whole = std::mem::replace(expr, Expr::null(expr.span));
    *expr = simplify(whole);
}

/// `join` of strings that are written out, with a known separator: the parts of a string.
fn joined_texts(args: &[Expr]) -> Option<Vec<Expr>> {
    let ExprKind::List(elements) = &args.first()?.kind else {
        return None;
    };
    let is_text = |element: &Element| {
        !element.spread
            && matches!(
                element.value.ty,
                Type::String | Type::Timestamp | Type::Enum(_)
            )
    };
    if elements.is_empty() || !elements.iter().all(is_text) {
        return None;
    }
    let between = match args.get(1) {
        None => "",
        Some(separator) => match separator.as_literal()? {
            Literal::String(text) => text.as_str(),
            _ => return None,
        },
    };
    let mut parts = Vec::new();
    for element in elements {
        if !parts.is_empty() && !between.is_empty() {
            let text = Literal::String(between.to_owned());
            parts.push(Expr::literal(text, Type::String, element.value.span));
        }
        parts.push(element.value.clone());
    }
    Some(parts)
}

/// A template's parts, those of templates inside among them, and neighbouring texts as one.
fn joined(parts: Vec<Expr>) -> Vec<Expr> {
    let mut flat: Vec<Expr> = Vec::new();
    let inner = parts.into_iter().flat_map(|part| match part.kind {
        ExprKind::Template(parts) => parts,
        _ => vec![part],
    });
    for part in inner {
        let text = match part.as_literal() {
            Some(value) => text_of(value),
            None => None,
        };
        let Some(text) = text else {
            flat.push(part);
            continue;
        };
        if text.is_empty() {
            continue;
        }
        match flat.last_mut().map(|last| &mut last.kind) {
            Some(ExprKind::Literal(Literal::String(before))) => before.push_str(&text),
            _ => flat.push(Expr::literal(
                Literal::String(text),
                Type::String,
                part.span,
            )),
        }
    }
    flat
}

/// Why there is no value.
#[derive(Debug)]
enum Stop {
    Open,
    Unknown,
    Fails(String),
}

type Evaluated = Result<Literal, Stop>;

struct Evaluator {
    /// Names of comprehensions and `fn`s, by their ids.
    locals: Vec<(u32, Literal)>,
    steps: usize,
}

impl Evaluator {
    fn value(&mut self, expr: &Expr) -> Evaluated {
        self.spend(1)?;
        match &expr.kind {
            ExprKind::Literal(value) => {
                self.spend(size(value))?;
                Ok(value.clone())
            }
            ExprKind::Local(local) => {
                let found = self.locals.iter().rev().find(|(id, _)| *id == local.id);
                let (_, value) = found.ok_or(Stop::Open)?;
                let value = value.clone();
                self.spend(size(&value))?;
                Ok(value)
            }
            ExprKind::Member { base, name } => Ok(member(self.value(base)?, name)),
            ExprKind::Index { base, index } => {
                let base = self.value(base)?;
                index_of(base, self.value(index)?)
            }
            ExprKind::Slice { base, from, to } => {
                let Literal::List(items) = self.value(base)? else {
                    return Err(Stop::Unknown);
                };
                let from = self.position(from.as_deref(), items.len(), 0)?;
                let to = self.position(to.as_deref(), items.len(), -1)?;
                let chosen = (0_i64..)
                    .zip(items)
                    .filter(|(at, _)| from <= *at && *at <= to);
                Ok(Literal::List(chosen.map(|(_, item)| item).collect()))
            }
            ExprKind::Template(parts) => {
                let mut text = String::new();
                for part in parts {
                    let part = self.value(part)?;
                    text.push_str(&text_of(&part).ok_or(Stop::Unknown)?);
                }
                self.spend(text.len())?;
                Ok(Literal::String(text))
            }
            ExprKind::Unary { op, operand } => match (op, self.value(operand)?) {
                (Unary::Not, Literal::Bool(value)) => Ok(Literal::Bool(!value)),
                (Unary::Negate, Literal::Number(n)) => from_number(-to_number(&n)?),
                _ => Err(Stop::Unknown),
            },
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => match self.value(condition)? {
                Literal::Bool(true) => self.value(then),
                Literal::Bool(false) => self.value(otherwise),
                _ => Err(Stop::Unknown),
            },
            ExprKind::List(elements) => self.list(elements),
            ExprKind::Object(entries) => self.object(entries),
            ExprKind::ListComprehension {
                local,
                source,
                condition,
                value,
            } => {
                let mut items = Vec::new();
                self.each(source, local.id, condition.as_deref(), |evaluator| {
                    items.push(evaluator.value(value)?);
                    Ok(())
                })?;
                Ok(Literal::List(items))
            }
            ExprKind::ObjectComprehension {
                local,
                source,
                condition,
                key,
                value,
            } => {
                let mut members: Vec<(String, Literal)> = Vec::new();
                self.each(source, local.id, condition.as_deref(), |evaluator| {
                    let Literal::String(key) = evaluator.value(key)? else {
                        return Err(Stop::Unknown);
                    };
                    let value = evaluator.value(value)?;
                    set(&mut members, key, value);
                    Ok(())
                })?;
                Ok(Literal::Object(members))
            }
            ExprKind::Sort { list, local, key } => {
                let mut keyed = Vec::new();
                self.each(list, local.id, None, |evaluator| {
                    let item = evaluator
                        .locals
                        .last()
                        .map_or(Literal::Null, |(_, item)| item.clone());
                    keyed.push((evaluator.value(key)?, item));
                    Ok(())
                })?;
                functions::sort_by_key(keyed)
            }
            ExprKind::Let { local, value, body } => {
                let value = self.value(value)?;
                self.locals.push((local.id, value));
                let body = self.value(body);
                self.locals.pop();
                body
            }
            // They say what kind of set `attributes` makes.
            ExprKind::Function { function, .. } if function.jsonata.is_empty() => Err(Stop::Open),
            ExprKind::Function { function, args } => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(self.value(arg)?);
                }
                let value = functions::call(function.name, &values)?;
                self.spend(size(&value))?;
                Ok(value)
            }
            ExprKind::Attributes(value) => match self.attribute(value)? {
                // An item is a map of attribute values, everything else one of them.
                Literal::Object(mut members) if members.first().is_some_and(|(k, _)| k == "M") => {
                    Ok(members.swap_remove(0).1)
                }
                value => Ok(value),
            },
            ExprKind::Variable(_)
            | ExprKind::Deploy(_)
            | ExprKind::Context(_)
            | ExprKind::Plain(_)
            | ExprKind::Regex(_)
            | ExprKind::Jsonata { .. } => Err(Stop::Unknown),
        }
    }

    fn spend(&mut self, steps: usize) -> Result<(), Stop> {
        self.steps += steps;
        if self.steps > MAX_STEPS {
            Err(Stop::Unknown)
        } else {
            Ok(())
        }
    }

    /// Does something for each element that the condition holds of, the element under its name.
    fn each(
        &mut self,
        source: &Expr,
        local: u32,
        condition: Option<&Expr>,
        mut body: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Literal::List(items) = self.value(source)? else {
            return Err(Stop::Unknown);
        };
        for item in items {
            self.locals.push((local, item));
            let done = match condition {
                None => body(self),
                Some(condition) => match self.value(condition) {
                    Ok(Literal::Bool(true)) => body(self),
                    Ok(Literal::Bool(false)) => Ok(()),
                    Ok(_) => Err(Stop::Unknown),
                    Err(stop) => Err(stop),
                },
            };
            self.locals.pop();
            done?;
        }
        Ok(())
    }

    /// An end of a slice as a position from the start.
    fn position(&mut self, end: Option<&Expr>, len: usize, absent: i64) -> Result<i64, Stop> {
        let at = match end {
            None => absent,
            Some(end) => match self.value(end)? {
                Literal::Number(n) => n.as_i64().ok_or(Stop::Unknown)?,
                _ => return Err(Stop::Unknown),
            },
        };
        Ok(if at < 0 { len as i64 + at } else { at })
    }

    fn list(&mut self, elements: &[Element]) -> Evaluated {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            match (self.value(&element.value)?, element.spread) {
                (Literal::List(inner), true) => items.extend(inner),
                (_, true) => return Err(Stop::Unknown),
                (item, false) => items.push(item),
            }
        }
        Ok(Literal::List(items))
    }

    fn object(&mut self, entries: &[Entry]) -> Evaluated {
        let mut members = Vec::new();
        for entry in entries {
            match entry {
                Entry::Pair { key, value } => {
                    let value = self.value(value)?;
                    set(&mut members, key.clone(), value);
                }
                Entry::Computed { key, value } => {
                    let Literal::String(key) = self.value(key)? else {
                        return Err(Stop::Unknown);
                    };
                    let value = self.value(value)?;
                    set(&mut members, key, value);
                }
                Entry::Spread(value) => {
                    let Literal::Object(inner) = self.value(value)? else {
                        return Err(Stop::Unknown);
                    };
                    for (key, value) in inner {
                        set(&mut members, key, value);
                    }
                }
            }
        }
        Ok(Literal::Object(members))
    }

    fn binary(&mut self, op: Binary, left: &Expr, right: &Expr) -> Evaluated {
        let moments = [left, right].map(|side| side.ty.non_null() == Type::Timestamp);
        let first = self.value(left)?;
        match (op, &first) {
            (Binary::Coalesce, Literal::Null) => return self.value(right),
            (Binary::Coalesce, _) => return Ok(first),
            (Binary::And, Literal::Bool(false)) | (Binary::Or, Literal::Bool(true)) => {
                return Ok(first);
            }
            (Binary::And | Binary::Or, Literal::Bool(_)) => {
                return match self.value(right)? {
                    second @ Literal::Bool(_) => Ok(second),
                    _ => Err(Stop::Unknown),
                };
            }
            (Binary::And | Binary::Or, _) => return Err(Stop::Unknown),
            _ => {}
        }
        let second = self.value(right)?;
        if moments != [false, false] && op != Binary::In {
            return moments::operate(op, &first, &second, moments);
        }
        let bool = |value| Ok(Literal::Bool(value));
        match op {
            Binary::Eq => bool(is_equal(&first, &second)),
            Binary::Ne => bool(!is_equal(&first, &second)),
            Binary::In => match second {
                Literal::List(items) => bool(items.iter().any(|item| is_equal(&first, item))),
                _ => Err(Stop::Unknown),
            },
            Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => {
                let order = functions::order(&first, &second).ok_or(Stop::Unknown)?;
                bool(match op {
                    Binary::Lt => order.is_lt(),
                    Binary::Le => order.is_le(),
                    Binary::Gt => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            _ => {
                let (Literal::Number(a), Literal::Number(b)) = (&first, &second) else {
                    return Err(Stop::Unknown);
                };
                let (a, b) = (to_number(a)?, to_number(b)?);
                if b == 0.0 && matches!(op, Binary::Div | Binary::Rem) {
                    return Err(Stop::Fails("it divides by zero".to_owned()));
                }
                from_number(match op {
                    Binary::Add => a + b,
                    Binary::Sub => a - b,
                    Binary::Mul => a * b,
                    Binary::Div => a / b,
                    _ => a % b,
                })
            }
        }
    }

    /// DynamoDB's typed form of a value.
    fn attribute(&mut self, expr: &Expr) -> Evaluated {
        let typed = |name: &str, value| Ok(Literal::Object(vec![(name.to_owned(), value)]));
        match &expr.kind {
            ExprKind::Function { function, args } if function.jsonata.is_empty() => {
                let Some(Literal::List(items)) =
                    args.first().map(|arg| self.value(arg)).transpose()?
                else {
                    return Err(Stop::Unknown);
                };
                let texts: Option<Vec<Literal>> = items
                    .iter()
                    .map(|item| text_of(item).map(Literal::String))
                    .collect();
                let name = if function.name == "string_set" {
                    "SS"
                } else {
                    "NS"
                };
                typed(name, Literal::List(texts.ok_or(Stop::Unknown)?))
            }
            ExprKind::Object(entries) => {
                let mut members = Vec::new();
                for entry in entries {
                    let Entry::Pair { key, value } = entry else {
                        return Err(Stop::Unknown);
                    };
                    let value = self.attribute(value)?;
                    set(&mut members, key.clone(), value);
                }
                typed("M", Literal::Object(members))
            }
            ExprKind::List(elements) => {
                let mut items = Vec::new();
                for element in elements {
                    if element.spread {
                        return Err(Stop::Unknown);
                    }
                    items.push(self.attribute(&element.value)?);
                }
                typed("L", Literal::List(items))
            }
            _ => attribute_of(&self.value(expr)?).ok_or(Stop::Unknown),
        }
    }
}

fn attribute_of(value: &Literal) -> Option<Literal> {
    let typed = |name: &str, value| Literal::Object(vec![(name.to_owned(), value)]);
    Some(match value {
        Literal::Null => typed("NULL", Literal::Bool(true)),
        Literal::Bool(_) => typed("BOOL", value.clone()),
        Literal::Number(_) => typed("N", Literal::String(text_of(value)?)),
        Literal::String(_) => typed("S", value.clone()),
        Literal::List(items) => {
            let items: Option<Vec<Literal>> = items.iter().map(attribute_of).collect();
            typed("L", Literal::List(items?))
        }
        Literal::Object(members) => {
            let members: Option<Vec<(String, Literal)>> = members
                .iter()
                .map(|(key, value)| Some((key.clone(), attribute_of(value)?)))
                .collect();
            typed("M", Literal::Object(members?))
        }
    })
}

fn member(base: Literal, name: &str) -> Literal {
    match base {
        Literal::Object(members) => members
            .into_iter()
            .find(|(key, _)| key == name)
            .map_or(Literal::Null, |(_, value)| value),
        _ => Literal::Null,
    }
}

fn index_of(base: Literal, index: Literal) -> Evaluated {
    match (base, index) {
        (Literal::Null, _) => Ok(Literal::Null),
        (base @ Literal::Object(_), Literal::String(key)) => Ok(member(base, &key)),
        (Literal::List(mut items), Literal::Number(at)) => {
            let at = at.as_i64().ok_or(Stop::Unknown)?;
            let at = if at < 0 { items.len() as i64 + at } else { at };
            let at = usize::try_from(at).ok().filter(|at| *at < items.len());
            Ok(at.map_or(Literal::Null, |at| items.swap_remove(at)))
        }
        _ => Err(Stop::Unknown),
    }
}

/// The last value under a key counts; its place is the first one's.
fn set(members: &mut Vec<(String, Literal)>, key: String, value: Literal) {
    match members.iter_mut().find(|(known, _)| *known == key) {
        Some(member) => member.1 = value,
        None => members.push((key, value)),
    }
}

/// Deep equality; the order of an object's members does not count.
fn is_equal(a: &Literal, b: &Literal) -> bool {
    match (a, b) {
        (Literal::Number(a), Literal::Number(b)) => a.as_f64() == b.as_f64(),
        (Literal::List(a), Literal::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Literal::Object(a), Literal::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    b.iter()
                        .any(|(other, against)| key == other && is_equal(value, against))
                })
        }
        (a, b) => a == b,
    }
}

/// About how much work it is to copy a value.
fn size(value: &Literal) -> usize {
    match value {
        Literal::Null | Literal::Bool(_) | Literal::Number(_) => 0,
        Literal::String(text) => text.len() / 64,
        Literal::List(items) => items.iter().map(|item| 1 + size(item)).sum(),
        Literal::Object(members) => members.iter().map(|(_, value)| 1 + size(value)).sum(),
    }
}
