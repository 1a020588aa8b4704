//! Whether a value may stand where it stands, and what to say when not.

use std::fmt::Display;

use crate::catalog::resource::{self, RefForm};
use crate::catalog::shape::{Shape, ShapeKind};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, find_nearest};
use crate::ir::types::EnumType;
use crate::ir::{Binary, Element, Entry, Expr, ExprKind, Literal, Type};
use crate::resolve::expr::{Checker, invalid, text};
use crate::resolve::types::{SHOWN_VALUES, describe, fits};
use crate::source::Span;
use crate::syntax::ast;

/// What a place takes.
#[derive(Clone, Copy)]
pub(in crate::resolve) struct Wanted<'a> {
    pub ty: &'a Type,
    /// The API's member that the place belongs to.
    pub member: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    pub(in crate::resolve) fn value(ty: &'a Type) -> Self {
        Self { ty, member: None }
    }
}

/// Whether a type is of CloudFormation's schemas.
pub(in crate::resolve) fn is_of_template(ty: &Type) -> bool {
    match ty {
        Type::Shape(shape) => shape.service().contains("::"),
        Type::Optional(inner) => is_of_template(inner),
        _ => false,
    }
}

/// The code of a mistake in what is given where this type is wanted: calls and resources have codes of their own.
pub(in crate::resolve) fn code_at(ty: &Type, code: Code) -> Code {
    if !is_of_template(ty) {
        return code;
    }
    match code {
        Code::UnknownArgument => Code::UnknownProperty,
        Code::MissingArgument | Code::OneOfSeveral => Code::MissingProperty,
        Code::WrongArgumentType => Code::PropertyType,
        Code::UnknownEnumValue | Code::OutOfRange => Code::PropertyValue,
        code => code,
    }
}

impl Checker<'_> {
    /// The value as it stands in the place; `invalid` where it does not fit, which is reported.
    pub(in crate::resolve) fn fit(&mut self, value: Expr, wanted: Wanted<'_>) -> Expr {
        if value.ty == Type::Invalid || matches!(wanted.ty, Type::Any | Type::Invalid) {
            return value;
        }
        if let (Type::Resource(kind), Some(member)) = (&value.ty, wanted.member)
            && !matches!(wanted.ty, Type::Resource(_))
        {
            let kind = *kind;
            return self.fit_resource(value, kind, member, wanted);
        }
        let span = value.span;
        if let Some(Literal::String(text)) = value.as_literal() {
            match wanted.ty.non_null() {
                Type::Timestamp if value.ty != Type::Timestamp => {
                    return match text::check_timestamp(text, span) {
                        Ok(()) => Expr {
                            ty: Type::Timestamp,
                            ..value
                        },
                        Err(diagnostic) => {
                            self.report(*diagnostic);
                            invalid(span)
                        }
                    };
                }
                Type::Enum(values) if !values.values.contains(text) => {
                    let diagnostic = unknown_value(text, &values, span, wanted);
                    self.report(diagnostic);
                    return invalid(span);
                }
                _ => {}
            }
        }
        if let (Some(Literal::String(text)), Some(member)) = (value.as_literal(), wanted.member)
            // What names a resource in a template, its schema says.
            && !is_of_template(wanted.ty)
            && let Some(diagnostic) = names_none(text, span, member)
        {
            self.report(diagnostic);
            return invalid(span);
        }
        let lenient = wanted.member.is_some() && value.ty.is_nullable_by_model();
        let fitting = if lenient {
            fits(&value.ty.non_null(), wanted.ty)
        } else {
            value_fits(&value, wanted.ty)
        };
        if !fitting {
            let diagnostic = mismatch(&value, wanted);
            self.report(diagnostic);
            return invalid(span);
        }
        let diagnostic = out_of_range(&value, wanted).or_else(|| out_of_pattern(&value, wanted));
        if let Some(diagnostic) = diagnostic {
            self.report(diagnostic);
            return invalid(span);
        }
        value
    }
}

/// A text that cannot be what the member names a resource by.
fn names_none(text: &str, span: Span, member: &str) -> Option<Diagnostic> {
    let kinds = resource::named_kinds("", member);
    if resource::wanted_form(member) == RefForm::Url
        && kinds.contains(&"queue")
        && !text.starts_with("http")
    {
        let diagnostic = Diagnostic::new(
            Code::WrongResource,
            span,
            format!("`{member}` takes a URL, and this is none"),
        );
        return Some(diagnostic.help(format!(
            "`queue work = \"{text}\"` among the file's items declares it: give `work`, and its URL is passed"
        )));
    }
    // An access point stands by its ARN.
    if kinds == ["bucket"] && text.contains('/') && !text.starts_with("arn:") {
        let diagnostic = Diagnostic::new(
            Code::WrongResource,
            span,
            format!("`{member}` takes the name of a bucket, and this is none"),
        );
        return Some(diagnostic.help("it stands without `s3://` and without the key behind it"));
    }
    None
}

/// Whether the value fits, its literal parts by what they are.
fn value_fits(value: &Expr, to: &Type) -> bool {
    let to_settled = to.non_null();
    match &value.kind {
        ExprKind::Literal(literal) => literal_fits(literal, to) || fits(&value.ty, to),
        ExprKind::If {
            then, otherwise, ..
        } => value_fits(then, to) && value_fits(otherwise, to),
        ExprKind::Binary {
            op: Binary::Coalesce,
            left,
            right,
        } => fits(&left.ty.non_null(), to) && value_fits(right, to),
        ExprKind::Let { body, .. } => value_fits(body, to),
        ExprKind::List(elements) => match &to_settled {
            Type::List(wanted) => elements.iter().all(|Element { spread, value }| {
                if *spread {
                    value_fits(value, &to_settled)
                } else {
                    value_fits(value, wanted)
                }
            }),
            to => fits(&value.ty, to),
        },
        ExprKind::Object(entries) if to_settled.has_members() => {
            let pairs: Option<Vec<(&str, &Expr)>> = entries
                .iter()
                .map(|entry| match entry {
                    Entry::Pair { key, value } => Some((key.as_str(), value)),
                    _ => None,
                })
                .collect();
            let Some(pairs) = pairs else {
                return fits(&value.ty, to);
            };
            let fields = to_settled.fields();
            let closed = matches!(to_settled, Type::Shape(_));
            fields.iter().all(
                |field| match pairs.iter().find(|(key, _)| *key == field.name) {
                    Some((_, value)) if field.optional => {
                        value_fits(value, &Type::optional(field.ty.clone()))
                    }
                    Some((_, value)) => value_fits(value, &field.ty),
                    None => field.optional,
                },
            ) && (!closed
                || pairs
                    .iter()
                    .all(|(key, _)| fields.iter().any(|f| f.name == *key)))
        }
        _ => fits(&value.ty, to),
    }
}

/// Whether a value known at build time is one of a type.
pub(in crate::resolve) fn literal_fits(value: &Literal, to: &Type) -> bool {
    match (value, &to.expand()) {
        (_, Type::Any | Type::Invalid) => true,
        (Literal::Null, to) => to.is_nullable(),
        (value, Type::Optional(to)) => literal_fits(value, to),
        (value, Type::Union(members)) => members.iter().any(|to| literal_fits(value, to)),
        (Literal::Bool(_), Type::Bool) | (Literal::String(_), Type::String) => true,
        (Literal::Number(n), Type::Int | Type::Size) => n.is_i64() || n.is_u64(),
        (Literal::Number(_), Type::Number | Type::Duration) => true,
        (Literal::String(text), Type::Timestamp) => {
            text::check_timestamp(text, Span::default()).is_ok()
        }
        (Literal::String(text), Type::Enum(values)) => values.values.contains(text),
        (Literal::List(items), Type::List(element)) => {
            items.iter().all(|item| literal_fits(item, element))
        }
        (Literal::Object(entries), Type::Map(value)) => {
            entries.iter().all(|(_, item)| literal_fits(item, value))
        }
        (Literal::Object(entries), to) if to.has_members() => {
            let fields = to.fields();
            let closed = matches!(to, Type::Shape(_));
            fields.iter().all(
                |field| match entries.iter().find(|(key, _)| *key == field.name) {
                    Some((_, Literal::Null)) if field.optional => true,
                    Some((_, value)) => literal_fits(value, &field.ty),
                    None => field.optional,
                },
            ) && (!closed
                || entries
                    .iter()
                    .all(|(key, _)| fields.iter().any(|f| f.name == *key)))
        }
        _ => false,
    }
}

/// A literal that is none of the values that there are.
fn unknown_value(text: &str, values: &EnumType, span: Span, wanted: Wanted<'_>) -> Diagnostic {
    let (code, message) = match wanted.member {
        Some(member) => (
            code_at(wanted.ty, Code::UnknownEnumValue),
            format!("`{member}` has no value `\"{text}\"`"),
        ),
        None => (
            Code::TypeMismatch,
            format!(
                "expected {}, found `\"{text}\"`",
                describe(&Type::Enum(values.clone().into()))
            ),
        ),
    };
    offer_value(
        Diagnostic::new(code, span, message),
        text,
        &values.values,
        span,
    )
}

/// Adds the nearest of the values, or what they are.
pub(super) fn offer_value(
    diagnostic: Diagnostic,
    text: &str,
    values: &[String],
    span: Span,
) -> Diagnostic {
    const SHOWN: usize = 12;
    match find_nearest(text, values.iter().map(String::as_str)) {
        Some(near) => diagnostic
            .replace(span, format!("\"{near}\""), format!("write `\"{near}\"`"))
            .guessed(text, near),
        // So few are in the message or beside the place already.
        None if values.len() <= SHOWN_VALUES
            && !matches!(
                diagnostic.code,
                Code::UnknownEnumValue | Code::PropertyValue
            ) =>
        {
            diagnostic
        }
        None if values.len() <= SHOWN => {
            let words: Vec<String> = values.iter().map(|v| format!("`{v}`")).collect();
            diagnostic.help(format!("the values are {}", words.join(", ")))
        }
        None => {
            let words: Vec<String> = values[..SHOWN].iter().map(|v| format!("`{v}`")).collect();
            diagnostic.help(format!(
                "{} of the {} values are {}",
                SHOWN,
                values.len(),
                words.join(", ")
            ))
        }
    }
}

fn mismatch(value: &Expr, wanted: Wanted<'_>) -> Diagnostic {
    let span = value.span;
    let found = describe(&value.ty);
    let expected = describe(wanted.ty);
    let without_null = value.ty.non_null();
    if value.ty.is_nullable() && value.ty != Type::Null && fits(&without_null, wanted.ty) {
        let message = match wanted.member {
            Some(member) => format!("`{member}` takes {expected}, and this may be null"),
            None => format!("expected {expected}, and this may be null"),
        };
        return offer_default(
            Diagnostic::new(Code::MayBeNull, span, message),
            span,
            &without_null,
            false,
        );
    }
    let diagnostic = match wanted.member {
        Some(member) => Diagnostic::new(
            code_at(wanted.ty, Code::WrongArgumentType),
            span,
            format!("`{member}` takes {expected}, found {found}"),
        ),
        None => Diagnostic::new(
            Code::TypeMismatch,
            span,
            format!("expected {expected}, found {found}"),
        ),
    };
    advise(diagnostic, value, wanted.ty)
}

/// A way from the type that was found to the one that is wanted.
fn advise(diagnostic: Diagnostic, value: &Expr, wanted: &Type) -> Diagnostic {
    let span = value.span;
    let target = wanted.non_null();
    match (&value.ty.expand(), &target) {
        (Type::Int | Type::Number | Type::Bool | Type::Duration | Type::Size, Type::String) => {
            let (before, after) = if is_plain_literal(value) {
                ("\"", "\"")
            } else {
                ("\"{", "}\"")
            };
            diagnostic.fix(wrap(span, before, after, "make it a string", true))
        }
        (Type::String, Type::Int | Type::Number | Type::Duration) => match value.as_literal() {
            Some(Literal::String(text)) if is_number(text) => {
                diagnostic.replace(span, text.clone(), "write the number")
            }
            _ => diagnostic.help("`number(…)` reads a number from a string"),
        },
        (Type::Number, Type::Int) if value.as_literal().is_some() => {
            diagnostic.help("write a whole number")
        }
        (Type::Number, Type::Int) => {
            diagnostic.help("`round(…)`, `floor(…)` and `ceil(…)` give an int")
        }
        (_, Type::Bool) => advise_condition(diagnostic, value),
        (Type::List(element), Type::String) => {
            if fits(element, &Type::String) {
                diagnostic.help("`join(…, \", \")` makes one text of them, `string(…)` a JSON text")
            } else {
                diagnostic.help("`string(…)` makes a JSON text of it")
            }
        }
        (Type::String, Type::Timestamp) => diagnostic.help(
            "declare it as `timestamp`, or write `fromMillis(toMillis(…))` to check and turn it",
        ),
        (found, Type::List(element)) if fits(found, element) => {
            diagnostic.fix(wrap(span, "[", "]", "make it a list of one", false))
        }
        (Type::List(element), target) if fits(element, target) => {
            diagnostic.help("take one element with `[0]`, or go through all of them")
        }
        (found, Type::Shape(shape)) if is_attribute_value(*shape) => {
            if matches!(found, Type::Map(_) | Type::Object(_) | Type::Any) {
                diagnostic.help(
                    "DynamoDB wants each value with its type: `attributes({ … })` writes it so",
                )
            } else {
                diagnostic.help(
                    "DynamoDB wants each value with its type: write the whole item or key as `attributes({ … })`",
                )
            }
        }
        _ => diagnostic,
    }
}

/// What is no bool is no condition by itself: what of it is to be tested.
fn advise_condition(diagnostic: Diagnostic, value: &Expr) -> Diagnostic {
    let span = value.span;
    if let Some(Literal::String(text)) = value.as_literal()
        && matches!(text.as_str(), "true" | "false")
    {
        return diagnostic.replace(span, text.as_str(), format!("write `{text}`"));
    }
    if value.ty.is_nullable() {
        return diagnostic.help("`… != null` tells whether it is there");
    }
    match value.ty.expand() {
        Type::String | Type::Enum(_) => {
            diagnostic.help("say what it is compared with: `… == \"yes\"`")
        }
        Type::Int | Type::Number | Type::Duration | Type::Size => {
            diagnostic.help("say what it is compared with: `… > 0`")
        }
        Type::List(_) => diagnostic.help("`count(…) > 0` tells whether the list has elements"),
        Type::Map(_) | Type::Object(_) | Type::Shape(_) => {
            diagnostic.help("`… != {}` tells whether the object has members")
        }
        _ => diagnostic,
    }
}

/// DynamoDB's typed value, by its members.
pub(in crate::resolve) fn is_attribute_value(shape: Shape) -> bool {
    shape.has_members()
        && ["S", "N", "M", "L"]
            .iter()
            .all(|name| shape.find_member(name).is_some())
}

/// Written as the number or bool itself, and not computed.
fn is_plain_literal(value: &Expr) -> bool {
    let written = (value.span.end - value.span.start) as usize;
    match value.as_literal() {
        Some(Literal::Number(n)) => {
            n.to_string().len() == written && matches!(value.ty, Type::Int | Type::Number)
        }
        Some(Literal::Bool(b)) => b.to_string().len() == written,
        _ => false,
    }
}

fn is_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}

pub(super) fn wrap(span: Span, before: &str, after: &str, title: &str, safe: bool) -> Fix {
    Fix {
        title: title.to_owned(),
        edits: vec![
            Edit {
                span: span.before(),
                text: before.to_owned(),
            },
            Edit {
                span: span.after(),
                text: after.to_owned(),
            },
        ],
        safe,
    }
}

/// Offers `??` with the plainest value of the type; in parentheses where the place is a part of an expression.
pub(super) fn offer_default(
    diagnostic: Diagnostic,
    span: Span,
    ty: &Type,
    parentheses: bool,
) -> Diagnostic {
    let value = match ty.expand() {
        Type::Bool => "false",
        Type::Int | Type::Number | Type::Duration | Type::Size => "0",
        Type::List(_) => "[]",
        Type::Map(_) => "{}",
        _ => return diagnostic.help("say what stands for null with `??`, or test it before"),
    };
    let (before, after) = if parentheses {
        ("(", format!(" ?? {value})"))
    } else {
        ("", format!(" ?? {value}"))
    };
    diagnostic
        .help("say what stands for null with `??`, or test it before")
        .fix(wrap(
            span,
            before,
            &after,
            &format!("take `{value}` for null"),
            false,
        ))
}

/// The model's shape of what is wanted.
pub(super) fn shape_of(ty: &Type) -> Option<Shape> {
    match ty {
        Type::Shape(shape) => Some(*shape),
        Type::Optional(inner) => shape_of(inner),
        _ => None,
    }
}

/// What the schema says of a string's form, where the value is known.
fn out_of_pattern(value: &Expr, wanted: Wanted<'_>) -> Option<Diagnostic> {
    let pattern = shape_of(wanted.ty)?.pattern()?;
    let Some(Literal::String(text)) = value.as_literal() else {
        return None;
    };
    // What CloudFormation itself fills in when it deploys.
    if text.contains("{{resolve:") {
        return None;
    }
    let pattern = regex::Regex::new(pattern).ok()?;
    if pattern.is_match(text) {
        return None;
    }
    let place = wanted.member.unwrap_or("this");
    Some(
        Diagnostic::new(
            code_at(wanted.ty, Code::OutOfRange),
            value.span,
            format!("`{place}` cannot be `\"{text}\"`"),
        )
        .help(format!("it matches `{pattern}`")),
    )
}

/// What the model says of lengths and sizes, where the value is known.
fn out_of_range(value: &Expr, wanted: Wanted<'_>) -> Option<Diagnostic> {
    let shape = shape_of(wanted.ty)?;
    let (what, count, min, max) = match (value.as_literal(), &value.kind, shape.kind()) {
        (Some(Literal::String(text)), _, ShapeKind::String { min, max, .. }) => (
            "characters",
            text.chars().count() as i128,
            min.map(i128::from),
            max.map(i128::from),
        ),
        (Some(Literal::List(items)), _, ShapeKind::List { min, max, .. }) => (
            "elements",
            items.len() as i128,
            min.map(i128::from),
            max.map(i128::from),
        ),
        (None, ExprKind::List(elements), ShapeKind::List { min, max, .. })
            if elements.iter().all(|e| !e.spread) =>
        {
            (
                "elements",
                elements.len() as i128,
                min.map(i128::from),
                max.map(i128::from),
            )
        }
        (Some(Literal::Object(entries)), _, ShapeKind::Map { min, max, .. }) => (
            "members",
            entries.len() as i128,
            min.map(i128::from),
            max.map(i128::from),
        ),
        (None, ExprKind::Object(entries), ShapeKind::Map { min, max, .. })
            if entries.iter().all(|e| matches!(e, Entry::Pair { .. })) =>
        {
            (
                "members",
                entries.len() as i128,
                min.map(i128::from),
                max.map(i128::from),
            )
        }
        (Some(Literal::Number(n)), _, ShapeKind::Number { min, max }) => {
            return range_message(&n.as_f64()?, min.as_ref(), max.as_ref(), "", wanted).map(
                |message| {
                    Diagnostic::new(code_at(wanted.ty, Code::OutOfRange), value.span, message)
                },
            );
        }
        (Some(Literal::Number(n)), _, ShapeKind::Integer { min, max }) => (
            "",
            i128::from(n.as_i64()?),
            min.map(i128::from),
            max.map(i128::from),
        ),
        _ => return None,
    };
    range_message(&count, min.as_ref(), max.as_ref(), what, wanted)
        .map(|message| Diagnostic::new(code_at(wanted.ty, Code::OutOfRange), value.span, message))
}

/// What is to say of a number, or of a count of `what`, that is not between its limits.
fn range_message<T: PartialOrd + Display>(
    found: &T,
    min: Option<&T>,
    max: Option<&T>,
    what: &str,
    wanted: Wanted<'_>,
) -> Option<String> {
    let range = missed_range(found, min, max)?;
    let place = wanted.member.unwrap_or("this");
    Some(if what.is_empty() {
        format!("`{place}` takes {range}, found {found}")
    } else {
        format!("`{place}` takes {range} {what}, found {found}")
    })
}

/// The limits in words, when the number is not between them.
fn missed_range<T: PartialOrd + Display>(
    found: &T,
    min: Option<&T>,
    max: Option<&T>,
) -> Option<String> {
    if min.is_none_or(|min| min <= found) && max.is_none_or(|max| found <= max) {
        return None;
    }
    match (min, max) {
        (Some(min), Some(max)) if min == max => Some(format!("{min}")),
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    }
}

/// What is to say of a key of an object whose keys are data, where the model says which there are.
pub(super) fn check_map_key(key: &ast::Name, wanted: Wanted<'_>) -> Option<Diagnostic> {
    let map = shape_of(wanted.ty)?;
    let ShapeKind::Map {
        key: Some(keys), ..
    } = map.kind()
    else {
        return None;
    };
    let ShapeKind::String { values, min, max } = map.at(*keys).kind() else {
        return None;
    };
    let place = wanted.member.unwrap_or("this");
    if !values.is_empty() && !values.contains(&key.node) {
        let message = format!("`{place}` has no key `{}`", key.node);
        let diagnostic = Diagnostic::new(
            code_at(wanted.ty, Code::UnknownEnumValue),
            key.span,
            message,
        );
        return Some(offer_value(diagnostic, &key.node, values, key.span));
    }
    let length = key.node.chars().count() as u64;
    let range = missed_range(&length, min.as_ref(), max.as_ref())?;
    Some(Diagnostic::new(
        code_at(wanted.ty, Code::OutOfRange),
        key.span,
        format!("`{place}` takes keys of {range} characters, found one of {length}"),
    ))
}
