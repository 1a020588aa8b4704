//! What types mean to each other: which fits where, how a written one is read, how people call them.
//!
//! What a type is made of (members, elements, the join of two) is `ir::Type`'s own.

use std::sync::Arc;

use crate::catalog::resource;
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::Type;
use crate::ir::types::{EnumType, FieldType, ObjectType, ResourceKindRef};
use crate::resolve::names::Names;
use crate::syntax::ast;

/// The names of types that the language has, beside resource kinds.
const BUILT_IN: [(&str, Type); 6] = [
    ("any", Type::Any),
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("number", Type::Number),
    ("string", Type::String),
    ("timestamp", Type::Timestamp),
];

/// Two types of an API may be nested without end; what agrees down to here is taken to agree.
const MAX_DEPTH: usize = 12;

/// The meaning of a written type; `Invalid` where it was reported.
pub(super) fn resolve_type(names: &mut dyn Names, ty: &ast::Type) -> Type {
    resolve_in(names, ty, &mut Vec::new())
}

/// `open` are the names of types that are being resolved.
fn resolve_in(names: &mut dyn Names, ty: &ast::Type, open: &mut Vec<String>) -> Type {
    match &ty.kind {
        ast::TypeKind::Invalid => Type::Invalid,
        ast::TypeKind::Literal(value) => Type::one_of([value.clone()]),
        ast::TypeKind::List(element) => Type::list(resolve_in(names, element, open)),
        ast::TypeKind::Optional(inner) => Type::optional(resolve_in(names, inner, open)),
        ast::TypeKind::Union(members) => members
            .iter()
            .map(|member| resolve_in(names, member, open))
            .reduce(|a, b| a.join(&b))
            .unwrap_or(Type::Invalid),
        ast::TypeKind::Object(written) => {
            let mut fields: Vec<FieldType> = Vec::new();
            let mut places = Vec::new();
            for field in written {
                let ty = resolve_in(names, &field.ty, open);
                if let Some(at) = fields.iter().position(|f| f.name == field.name.node) {
                    names.report(
                        Diagnostic::new(
                            Code::DuplicateKey,
                            field.name.span,
                            format!("the type has two members `{}`", field.name.node),
                        )
                        .also(places[at], "the first"),
                    );
                    continue;
                }
                places.push(field.name.span);
                fields.push(FieldType {
                    name: field.name.node.clone(),
                    ty,
                    optional: field.optional,
                });
            }
            Type::Object(Arc::new(ObjectType { fields }))
        }
        ast::TypeKind::Name(name) => resolve_name(names, name, ty, open),
    }
}

fn resolve_name(names: &mut dyn Names, name: &str, ty: &ast::Type, open: &mut Vec<String>) -> Type {
    if let Some((_, built_in)) = BUILT_IN.iter().find(|(word, _)| *word == name) {
        return built_in.clone();
    }
    if let Some(alias) = names.find_type(name) {
        if open.iter().any(|n| n == name) {
            names.report(
                Diagnostic::new(
                    Code::RecursiveType,
                    ty.span,
                    format!("the type `{name}` contains itself"),
                )
                .help("write `any` for the part that repeats"),
            );
            return Type::Invalid;
        }
        open.push(name.to_owned());
        let meaning = resolve_in(names, &alias.ty, open);
        open.pop();
        return meaning;
    }
    if let Some(kind) = resource::find_kind(name) {
        return Type::Resource(ResourceKindRef(kind));
    }
    let declared = names.type_names();
    let candidates = BUILT_IN
        .iter()
        .map(|(word, _)| *word)
        .chain(declared.iter().map(String::as_str))
        .chain(resource::kinds().iter().map(|kind| kind.word));
    let mut diagnostic = Diagnostic::new(
        Code::UnknownType,
        ty.span,
        format!("there is no type `{name}`"),
    );
    let meant = match name {
        "integer" | "long" => Some("int"),
        "boolean" => Some("bool"),
        "float" | "double" | "decimal" => Some("number"),
        "str" | "text" => Some("string"),
        "datetime" => Some("timestamp"),
        "json" => Some("any"),
        _ => None,
    };
    let near = match name {
        "date" | "time" => Some("timestamp"),
        "object" => Some("any"),
        _ => find_nearest(name, candidates),
    };
    diagnostic = match (meant, near) {
        _ if matches!(name, "null" | "none" | "nil" | "undefined" | "void") => {
            diagnostic.help("what may be null is `T?`: `string?`, `[int]?`")
        }
        (Some(meant), _) => diagnostic.replace(ty.span, meant, format!("write `{meant}`")),
        (None, Some(near)) => diagnostic
            .nearest(ty.span, name, near),
        (None, None) => diagnostic.help(
            "types are `string`, `int`, `number`, `bool`, `timestamp`, `any`, string literals, `[T]`, `{ a: T }`, `T?`, resource kinds and what `type` declares",
        ),
    };
    names.report(diagnostic);
    Type::Invalid
}

/// Whether every value of `from` may stand where `to` is wanted.
///
/// A result's member that may be missing only because its API's model promises none fits as if it were there: nearly
/// all are such, and a value that is missing after all fails where it is used.
pub(super) fn fits(from: &Type, to: &Type) -> bool {
    fits_to(from, to, 0)
}

fn fits_to(from: &Type, to: &Type, depth: usize) -> bool {
    if depth > MAX_DEPTH || from == to {
        return true;
    }
    let (from, to) = (&from.expand(), &to.expand());
    if from == to {
        return true;
    }
    let deeper = |from: &Type, to: &Type| fits_to(from, to, depth + 1);
    match (from, to) {
        (Type::Any | Type::Invalid | Type::Never, _) | (_, Type::Any | Type::Invalid) => true,
        (Type::Null, to) => to.is_nullable(),
        (Type::Optional(from), Type::Optional(to)) => deeper(from, to),
        (from, Type::Optional(to)) if !from.is_nullable() => deeper(from, to),
        (Type::Optional(inner), to) => matches!(**inner, Type::Shape(_)) && deeper(inner, to),
        (Type::Union(members), to) => members.iter().all(|from| deeper(from, to)),
        (from, Type::Union(members)) => members.iter().any(|to| deeper(from, to)),
        (Type::Int, Type::Number | Type::Duration | Type::Size) => true,
        (Type::Number, Type::Duration) => true,
        (Type::Duration | Type::Size, Type::Int | Type::Number) => true,
        (Type::Enum(_) | Type::Timestamp | Type::Resource(_), Type::String) => true,
        (Type::Enum(from), Type::Enum(to)) => enum_fits(from, to),
        // Which string it is only the run tells.
        (Type::String, Type::Enum(to)) => to.open,
        (Type::List(from), Type::List(to)) => deeper(from, to),
        (Type::Map(from), Type::Map(to)) => deeper(from, to),
        (from, Type::Map(to)) if from.has_members() => {
            from.fields().iter().all(|field| deeper(&field.ty, to))
        }
        (Type::Map(from), to) if to.has_members() => to
            .fields()
            .iter()
            .all(|field| field.optional && deeper(from, &field.ty)),
        (from, to) if from.has_members() && to.has_members() => {
            let by_model = matches!(from, Type::Shape(_));
            let (given, wanted) = (from.fields(), to.fields());
            // The API refuses members that it does not know; an object type of the author's ignores them.
            let known = |field: &FieldType| {
                !matches!(to, Type::Shape(_)) || wanted.iter().any(|w| w.name == field.name)
            };
            given.iter().all(known)
                && wanted.iter().all(|wanted| {
                    match given.iter().find(|field| field.name == wanted.name) {
                        Some(field) => {
                            (wanted.optional || !field.optional || by_model)
                                && deeper(&field.ty, &wanted.ty)
                        }
                        None => wanted.optional,
                    }
                })
        }
        _ => false,
    }
}

fn enum_fits(from: &EnumType, to: &EnumType) -> bool {
    match (from.open, to.open) {
        (false, _) => from.values.iter().all(|value| to.values.contains(value)),
        (true, true) => from.values.iter().any(|value| to.values.contains(value)),
        (true, false) => false,
    }
}

/// In people's words: `a list of strings`, `string or null`.
pub fn describe(ty: &Type) -> String {
    match &ty.expand() {
        Type::Any => "any".to_owned(),
        // Reported already, so nothing describes it but a message about something else.
        Type::Invalid => "a value".to_owned(),
        Type::Never => "nothing".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int => "int".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Size => "size".to_owned(),
        Type::Enum(values) => describe_enum(values),
        Type::List(element) => match element.expand() {
            Type::Any | Type::Invalid | Type::Never => "a list".to_owned(),
            element => format!("a list of {}", plural(&element)),
        },
        Type::Map(value) => match value.expand() {
            Type::Any | Type::Invalid => "an object".to_owned(),
            value => format!("an object of {}", plural(&value)),
        },
        Type::Object(object) => describe_object(object),
        Type::Shape(_) => "an object".to_owned(),
        Type::Optional(inner) => {
            let mut words = alternatives(inner);
            words.push("null".to_owned());
            either(&words)
        }
        ty @ Type::Union(_) => either(&alternatives(ty)),
        Type::Resource(kind) => format!("a {}", kind.0.word),
        Type::Regex => "a pattern".to_owned(),
    }
}

/// The words for the kinds of values that a type has.
fn alternatives(ty: &Type) -> Vec<String> {
    match &ty.expand() {
        Type::Union(members) => members.iter().map(describe).collect(),
        Type::Enum(values) if values.values.len() <= SHOWN_VALUES => enum_words(values),
        ty => vec![describe(ty)],
    }
}

fn plural(ty: &Type) -> String {
    match ty {
        Type::Bool | Type::Int | Type::Number | Type::String | Type::Timestamp => {
            format!("{}s", describe(ty))
        }
        Type::Duration | Type::Size => format!("{}s", describe(ty)),
        Type::List(_) => "lists".to_owned(),
        Type::Map(_) | Type::Object(_) | Type::Shape(_) => "objects".to_owned(),
        Type::Resource(kind) => format!("{}s", kind.0.word),
        Type::Enum(_) => "strings".to_owned(),
        other => describe(other),
    }
}

/// So many values of an enum are named one by one.
pub(super) const SHOWN_VALUES: usize = 4;

fn describe_enum(ty: &EnumType) -> String {
    if ty.values.len() > SHOWN_VALUES {
        return format!("one of {} strings", ty.values.len());
    }
    either(&enum_words(ty))
}

fn enum_words(ty: &EnumType) -> Vec<String> {
    ty.values.iter().map(|v| format!("`\"{v}\"`")).collect()
}

fn describe_object(ty: &ObjectType) -> String {
    const SHOWN: usize = 3;
    match ty.fields.len() {
        0 => "an empty object".to_owned(),
        1..=SHOWN => {
            let words: Vec<String> = ty.fields.iter().map(|f| format!("`{}`", f.name)).collect();
            format!("an object with {}", and(&words))
        }
        _ => "an object".to_owned(),
    }
}

/// `a`, `b` or `c`
pub(super) fn either(words: &[String]) -> String {
    listed(words, "or")
}

/// `a`, `b` and `c`
pub(super) fn and(words: &[String]) -> String {
    listed(words, "and")
}

/// `there is a`, `there are a, b, c`
pub(super) fn there_are(words: &[String]) -> String {
    let verb = if words.len() == 1 { "is" } else { "are" };
    format!("there {verb} {}", words.join(", "))
}

fn listed(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// The values of an enum, when the type is one: its own, or of the API.
pub(super) fn enum_of(ty: &Type) -> Option<Arc<EnumType>> {
    match ty.non_null() {
        Type::Enum(values) => Some(values),
        _ => None,
    }
}
