//! Arguments: an API's members against its model at any depth, and those of steps, pipelines and `fn`s by name or place.

use std::collections::BTreeSet;

use crate::catalog::shape::{Shape, ShapeKind};
use crate::catalog::{Requirement, RequirementKind};
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{Entry, Expr, Literal, Type};
use crate::resolve::expr::{
    Checker, ObjectParts, Wanted, code_at, is_attribute_value, is_of_template, short_value,
};
use crate::resolve::names::Names;
use crate::resolve::types::{and, either, there_are};
use crate::source::Span;
use crate::syntax::ast;

/// A parameter of a step, a pipeline or a `fn`.
pub(super) struct Formal<'a> {
    pub name: &'a str,
    pub ty: &'a Type,
    /// It may be left out.
    pub optional: bool,
}

/// The arguments of a step's use for its parameters, in their order; None where one is left out that may be.
/// `what` is how messages call it: "`load`". `used` is its name at the use, `declared` at its declaration.
/// None as a whole when something was reported.
pub(super) fn bind_arguments(
    names: &mut dyn Names,
    what: &str,
    used: Span,
    declared: Span,
    formals: &[Formal<'_>],
    args: &[ast::Arg],
) -> Option<Vec<Option<Expr>>> {
    bind(
        &mut Checker::new(names),
        what,
        used,
        declared,
        formals,
        args,
    )
}

pub(super) fn bind(
    checker: &mut Checker<'_>,
    what: &str,
    used: Span,
    declared: Span,
    formals: &[Formal<'_>],
    args: &[ast::Arg],
) -> Option<Vec<Option<Expr>>> {
    let mut fine = true;
    let mut bound: Vec<Option<(Expr, Span)>> = formals.iter().map(|_| None).collect();
    let mut meant = BTreeSet::new();
    let mut has_unknown = false;
    let mut next = 0;
    for arg in args {
        let at = match &arg.name {
            Some(name) => formals.iter().position(|formal| formal.name == name.node),
            None => {
                next += 1;
                (next <= formals.len()).then_some(next - 1)
            }
        };
        let Some(at) = at else {
            fine = false;
            checker.check(&arg.value, None);
            match &arg.name {
                Some(name) => {
                    let names: Vec<&str> = formals.iter().map(|formal| formal.name).collect();
                    let near = report_unknown_parameter(checker, what, name, &names, declared);
                    has_unknown |= near.is_none();
                    meant.extend(near);
                }
                None if next == formals.len() + 1 => {
                    checker.report(too_many(what, formals, args, used, declared));
                }
                None => {}
            }
            continue;
        };
        let formal = &formals[at];
        // A default stands for what is left out, not for null.
        let value = checker.check(&arg.value, Some(Wanted::value(formal.ty)));
        fine &= value.ty != Type::Invalid;
        if let Some((_, first)) = &bound[at] {
            fine = false;
            checker.report(
                Diagnostic::new(
                    Code::RepeatedArgument,
                    arg.span,
                    format!("`{}` is given twice", formal.name),
                )
                .also(*first, "the first"),
            );
            continue;
        }
        bound[at] = Some((value, arg.span));
    }
    let missing: Vec<String> = formals
        .iter()
        .zip(&bound)
        .filter(|(formal, value)| {
            value.is_none() && !formal.optional && !meant.contains(formal.name)
        })
        .map(|(formal, _)| format!("`{}`", formal.name))
        .collect();
    // What has another name may be what is missing.
    if !missing.is_empty() && !has_unknown {
        fine = false;
        checker.report(
            Diagnostic::new(
                Code::MissingArgument,
                used,
                format!("{what} needs {}", and(&missing)),
            )
            .also(declared, "declared here"),
        );
    }
    fine.then(|| {
        bound
            .into_iter()
            .map(|value| value.map(|(value, _)| value))
            .collect()
    })
}

fn too_many(
    what: &str,
    formals: &[Formal<'_>],
    args: &[ast::Arg],
    used: Span,
    declared: Span,
) -> Diagnostic {
    let count = match formals.len() {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    };
    let given = args.iter().filter(|arg| arg.name.is_none()).count();
    let diagnostic = Diagnostic::new(
        Code::WrongArgumentCount,
        used,
        format!("{what} takes {count}, found {given}"),
    )
    .also(declared, "declared here");
    if formals.is_empty() {
        return diagnostic;
    }
    let words: Vec<String> = formals.iter().map(|f| format!("`{}`", f.name)).collect();
    diagnostic.help(format!("it takes {}", and(&words)))
}

/// Gives the parameter that was meant, if one is near.
fn report_unknown_parameter(
    checker: &mut Checker<'_>,
    what: &str,
    name: &ast::Name,
    candidates: &[&str],
    declared: Span,
) -> Option<String> {
    let diagnostic = Diagnostic::new(
        Code::UnknownArgument,
        name.span,
        format!("{what} has no parameter `{}`", name.node),
    )
    .also(declared, "declared here");
    let near = find_nearest(&name.node, candidates.iter().copied()).map(str::to_owned);
    checker.report(match &near {
        Some(near) => diagnostic.nearest(name.span, &name.node, near),
        None if candidates.is_empty() => diagnostic.help("it has none"),
        None => {
            let words: Vec<String> = candidates.iter().map(|c| format!("`{c}`")).collect();
            diagnostic.help(format!("it takes {}", and(&words)))
        }
    });
    near
}

/// The arguments of an API's operation: members as they are emitted. None when something was reported.
pub(super) fn check_members(
    checker: &mut Checker<'_>,
    args: &[ast::Arg],
    shape: Shape,
    requirements: &[Requirement],
    what: &str,
    place: Span,
) -> Option<Vec<(String, Expr)>> {
    let mut target = Target {
        ty: Type::Shape(shape),
        what: what.to_owned(),
        member: None,
        top: true,
    };
    let written = args.iter().filter_map(|arg| arg.name.as_ref());
    let mut given = Given {
        lacking: target.lacking(written),
        ..Given::default()
    };
    for arg in args {
        match &arg.name {
            Some(name) => check_member(checker, &target, name, &arg.value, &mut given),
            None => {
                given.parts.broken = true;
                checker.report(unnamed(&arg.value, shape, what));
                checker.check(&arg.value, None);
                // What was left unnamed may be what is missing.
                target.top = false;
                given.is_open = true;
            }
        }
    }
    finish(checker, &target, &mut given, place);
    if !given.parts.broken {
        check_requirements(checker, requirements, &mut given, what, place);
    }
    (!given.parts.broken).then(|| given.parts.into_pairs())
}

fn unnamed(value: &ast::Expr, shape: Shape, what: &str) -> Diagnostic {
    let required: Vec<&str> = shape
        .members()
        .filter(|member| is_required(member.raw))
        .map(|member| member.raw.name.as_str())
        .collect();
    let diagnostic = Diagnostic::new(
        Code::UnnamedArgument,
        value.span,
        format!("the arguments of {what} have names"),
    );
    match required.as_slice() {
        [only] => diagnostic.fix(crate::diagnostic::Fix {
            title: format!("name it `{only}`"),
            edits: vec![crate::diagnostic::Edit {
                span: value.span.before(),
                text: format!("{only}: "),
            }],
            safe: false,
        }),
        [] => diagnostic.help("write `Member: value`"),
        several => {
            let words: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
            diagnostic.help(format!("it needs {}", and(&words)))
        }
    }
}

/// An object literal where an object with known members is wanted: an API's structure, or a type of the author's.
pub(super) fn check_object(
    checker: &mut Checker<'_>,
    entries: &[ast::Entry],
    span: Span,
    wanted: Wanted<'_>,
) -> Expr {
    let what = match wanted.member {
        Some(member) => format!("`{member}`"),
        None => "the object".to_owned(),
    };
    let target = Target {
        ty: wanted.ty.clone(),
        what,
        member: wanted.member.map(str::to_owned),
        top: false,
    };
    let written = entries.iter().filter_map(|entry| match entry {
        ast::Entry::Pair { key: name, .. } | ast::Entry::Short(name) => Some(name),
        ast::Entry::Computed { .. } | ast::Entry::Spread(_) => None,
    });
    let mut given = Given {
        lacking: target.lacking(written),
        ..Given::default()
    };
    for entry in entries {
        match entry {
            ast::Entry::Pair { key, value } => {
                check_member(checker, &target, key, value, &mut given);
            }
            ast::Entry::Short(name) => {
                check_member(checker, &target, name, &short_value(name), &mut given);
            }
            ast::Entry::Computed { key, value } => {
                let key = checker.check_key(key);
                match key.as_literal() {
                    Some(Literal::String(text)) => {
                        let name = ast::Name::new(text.clone(), key.span);
                        check_member(checker, &target, &name, value, &mut given);
                    }
                    _ => {
                        given.is_open = true;
                        let value = checker.check(value, None);
                        given.parts.add_computed(key, value);
                    }
                }
            }
            ast::Entry::Spread(value) => {
                let value = checker.check_spread(value);
                given.parts.add_spread(value);
            }
        }
    }
    finish(checker, &target, &mut given, span);
    checker.build_object(given.parts, span)
}

/// The properties of a resource of a template, `what` as messages call it.
pub(super) fn check_properties(
    names: &mut dyn Names,
    entries: &[ast::Entry],
    properties: Shape,
    what: &str,
    place: Span,
) -> Expr {
    let checker = &mut Checker::new(names);
    let target = Target {
        ty: Type::Shape(properties),
        what: format!("a {what}"),
        member: None,
        top: false,
    };
    let mut given = Given {
        lacking: target.lacking(entries.iter().filter_map(|entry| match entry {
            ast::Entry::Pair { key, .. } => Some(key),
            _ => None,
        })),
        ..Given::default()
    };
    for entry in entries {
        if let ast::Entry::Pair { key, value } = entry {
            check_member(checker, &target, key, value, &mut given);
        }
    }
    finish(checker, &target, &mut given, place);
    checker.build_object(given.parts, place)
}

/// What the members are checked against.
struct Target {
    ty: Type,
    /// How messages call it: "`s3.headObject`", "`Overrides`".
    what: String,
    /// The member that it is the value of.
    member: Option<String>,
    /// The arguments of a call themselves.
    top: bool,
}

/// Members as they are checked.
#[derive(Default)]
struct Given {
    parts: ObjectParts,
    /// Emitted names and where they were written.
    places: Vec<(String, Span)>,
    /// Members that an unknown name probably meant: not reported as missing too.
    meant: BTreeSet<String>,
    /// There may be members that only the run knows.
    is_open: bool,
    /// A member has a name that none has: it may be what is missing.
    has_unknown: bool,
    /// The required members that are not written.
    lacking: Vec<String>,
}

/// A member's emitted name, and the type that its value must have.
struct Slot {
    name: String,
    ty: Type,
}

impl Target {
    fn is_api(&self) -> bool {
        matches!(self.ty, Type::Shape(_))
    }

    /// DynamoDB's typed values are taken in the spelling of the API and of the SDK.
    fn takes_both_spellings(&self) -> bool {
        matches!(self.ty, Type::Shape(shape) if is_attribute_value(shape))
    }

    fn find(&self, name: &str) -> Option<Slot> {
        match &self.ty {
            Type::Shape(shape) => shape.find_member(name).map(|member| {
                let ty = if member.raw.any_json {
                    Type::Any
                } else {
                    Type::Shape(member.shape)
                };
                Slot {
                    name: member.raw.name.clone(),
                    ty: if is_required(member.raw) {
                        ty
                    } else {
                        Type::optional(ty)
                    },
                }
            }),
            ty => ty
                .fields()
                .into_iter()
                .find(|field| field.name == name)
                .map(|field| Slot {
                    name: field.name,
                    ty: if field.optional {
                        Type::optional(field.ty)
                    } else {
                        field.ty
                    },
                }),
        }
    }

    /// The required members that are not among the written ones.
    fn lacking<'n>(&self, written: impl Iterator<Item = &'n ast::Name>) -> Vec<String> {
        let mut lacking = self.required();
        for name in written {
            if let Some(slot) = self.find(&name.node) {
                lacking.retain(|required| *required != slot.name);
            }
        }
        lacking
    }

    /// Both spellings of every member, each with the one that is emitted.
    fn spellings(&self) -> Vec<(String, String)> {
        match &self.ty {
            Type::Shape(shape) => shape
                .members()
                .flat_map(|member| {
                    let name = &member.raw.name;
                    std::iter::once((name.clone(), name.clone())).chain(
                        member
                            .raw
                            .api_name
                            .iter()
                            .map(|api_name| (api_name.clone(), name.clone())),
                    )
                })
                .collect(),
            ty => ty
                .fields()
                .into_iter()
                .map(|field| (field.name.clone(), field.name))
                .collect(),
        }
    }

    fn required(&self) -> Vec<String> {
        match &self.ty {
            Type::Shape(shape) => shape
                .members()
                .filter(|member| is_required(member.raw))
                .map(|member| member.raw.name.clone())
                .collect(),
            ty => ty
                .fields()
                .into_iter()
                .filter(|field| !field.optional)
                .map(|field| field.name)
                .collect(),
        }
    }
}

fn is_required(member: &crate::catalog::shape::RawMember) -> bool {
    member.required && !member.idempotency_token
}

fn check_member(
    checker: &mut Checker<'_>,
    target: &Target,
    key: &ast::Name,
    value: &ast::Expr,
    given: &mut Given,
) {
    let Some(slot) = target.find(&key.node) else {
        given.parts.broken = true;
        report_unknown_member(checker, target, key, value, given);
        checker.check(value, None);
        return;
    };
    let member = if target.is_api() {
        Some(slot.name.as_str())
    } else {
        target.member.as_deref()
    };
    let written = value;
    let value = checker.check(
        value,
        Some(Wanted {
            ty: &slot.ty,
            member,
        }),
    );
    if let Some((_, first)) = given.places.iter().find(|(name, _)| *name == slot.name) {
        let first = *first;
        given.parts.broken = true;
        // Two keys of one object literal that are written alike have been reported with its keys.
        if target.top || first.end - first.start != key.span.end - key.span.start {
            checker.report(
                Diagnostic::new(
                    Code::RepeatedArgument,
                    key.span,
                    format!("`{}` is given twice", slot.name),
                )
                .also(first, "the first"),
            );
        }
        return;
    }
    if key.node != slot.name && !target.takes_both_spellings() {
        checker.report(other_spelling(
            key,
            &slot.name,
            replacement(key, written, &slot.name),
        ));
    }
    given.places.push((slot.name.clone(), key.span));
    // What is null is left out of a call.
    if target.is_api() && slot.ty.is_nullable() && value.as_literal() == Some(&Literal::Null) {
        given.parts.broken |= value.ty == Type::Invalid;
        return;
    }
    given.parts.add(slot.name, value);
}

/// The text that puts another key in a key's place: a name that stands for itself keeps its value.
fn replacement(key: &ast::Name, value: &ast::Expr, name: &str) -> String {
    if value.span == key.span {
        format!("{name}: {}", key.node)
    } else {
        name.to_owned()
    }
}

/// A member in the API reference's spelling: understood, and written otherwise in the definition.
pub(super) fn other_spelling(
    written: &ast::Name,
    emitted: &str,
    replacement: String,
) -> Diagnostic {
    Diagnostic::new(
        Code::OtherSpelling,
        written.span,
        format!("Step Functions spells `{}` as `{emitted}`", written.node),
    )
    .replace(written.span, replacement, format!("write `{emitted}`"))
}

fn report_unknown_member(
    checker: &mut Checker<'_>,
    target: &Target,
    key: &ast::Name,
    value: &ast::Expr,
    given: &mut Given,
) {
    const SHOWN: usize = 12;
    let (code, noun) = match (target.is_api(), target.top) {
        (true, true) => (Code::UnknownArgument, "argument"),
        (true, false) if is_of_template(&target.ty) => (Code::UnknownProperty, "property"),
        (true, false) => (Code::UnknownArgument, "member"),
        (false, _) => (Code::UnknownMember, "member"),
    };
    let diagnostic = Diagnostic::new(
        code,
        key.span,
        format!("{} has no {noun} `{}`", target.what, key.node),
    );
    let spellings = target.spellings();
    let near = find_nearest(&key.node, spellings.iter().map(|(name, _)| name.as_str()));
    let emitted = near.and_then(|near| {
        spellings
            .iter()
            .find(|(name, _)| name == near)
            .map(|(_, emitted)| emitted.clone())
    });
    checker.report(match &emitted {
        Some(name) => diagnostic
            .replace(
                key.span,
                replacement(key, value, name),
                format!("write `{name}`"),
            )
            .guessed(&key.node, name),
        None if spellings.is_empty() => diagnostic.help("it takes none"),
        None if !given.lacking.is_empty() => {
            let words: Vec<String> = given.lacking.iter().map(|n| format!("`{n}`")).collect();
            diagnostic.help(format!("it needs {}", and(&words)))
        }
        None => {
            let mut words: Vec<String> = Vec::new();
            for (_, name) in &spellings {
                let word = format!("`{name}`");
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            if words.len() > SHOWN {
                let more = words.len() - SHOWN;
                words.truncate(SHOWN);
                words.push(format!("and {more} more"));
            }
            diagnostic.help(there_are(&words))
        }
    });
    given.has_unknown |= emitted.is_none();
    given.meant.extend(emitted);
}

/// What can only be said when all members are known: those that are missing, and unions.
fn finish(checker: &mut Checker<'_>, target: &Target, given: &mut Given, place: Span) {
    if given.is_open || given.parts.is_open() {
        return;
    }
    let present: BTreeSet<String> = given.parts.field_names().map(str::to_owned).collect();
    let is_there =
        |name: &String| present.contains(name) || given.places.iter().any(|(n, _)| n == name);
    let missing: Vec<String> = target
        .required()
        .into_iter()
        .filter(|name| !is_there(name) && !given.meant.contains(name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() && !given.has_unknown {
        given.parts.broken = true;
        let (code, verb) = if target.is_api() {
            (code_at(&target.ty, Code::MissingArgument), "needs")
        } else {
            (Code::TypeMismatch, "must have")
        };
        checker.report(Diagnostic::new(
            code,
            place,
            format!("{} {verb} {}", target.what, and(&missing)),
        ));
    }
    let Type::Shape(shape) = &target.ty else {
        return;
    };
    if !matches!(shape.kind(), ShapeKind::Structure { union: true, .. }) || given.parts.broken {
        return;
    }
    let names: Vec<String> = shape
        .members()
        .map(|member| format!("`{}`", member.raw.name))
        .collect();
    match given.places.as_slice() {
        [_] => {}
        [] if present.is_empty() => {
            given.parts.broken = true;
            checker.report(Diagnostic::new(
                code_at(&target.ty, Code::OneOfSeveral),
                place,
                format!("{} needs one of {}", target.what, either(&names)),
            ));
        }
        [(first, first_place), (second, second_place), ..] => {
            given.parts.broken = true;
            checker.report(
                Diagnostic::new(
                    code_at(&target.ty, Code::OneOfSeveral),
                    *second_place,
                    format!(
                        "{} takes one member, found `{first}` and `{second}`",
                        target.what
                    ),
                )
                .also(*first_place, "the first"),
            );
        }
        _ => {}
    }
}

/// What the API demands of members together.
fn check_requirements(
    checker: &mut Checker<'_>,
    requirements: &[Requirement],
    given: &mut Given,
    what: &str,
    place: Span,
) {
    for requirement in requirements {
        let there: Vec<&(String, Span)> = given
            .places
            .iter()
            .filter(|(name, _)| requirement.members.contains(name))
            .collect();
        let all: Vec<String> = requirement
            .members
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let diagnostic = match (requirement.kind, there.as_slice()) {
            (RequirementKind::ExactlyOne | RequirementKind::AtLeastOne, []) => Diagnostic::new(
                Code::OneOfSeveral,
                place,
                format!("{what} needs {}", either(&all)),
            ),
            (RequirementKind::ExactlyOne | RequirementKind::AtMostOne, [first, second, ..]) => {
                Diagnostic::new(
                    Code::OneOfSeveral,
                    second.1,
                    format!("{what} takes only one of {}", either(&all)),
                )
                .also(first.1, format!("`{}`", first.0))
            }
            (RequirementKind::Together, [first, ..]) if there.len() < requirement.members.len() => {
                let absent: Vec<String> = requirement
                    .members
                    .iter()
                    .filter(|name| !there.iter().any(|(n, _)| n == *name))
                    .map(|name| format!("`{name}`"))
                    .collect();
                Diagnostic::new(
                    Code::OneOfSeveral,
                    first.1,
                    format!("`{}` needs {} beside it", first.0, and(&absent)),
                )
            }
            _ => continue,
        };
        given.parts.broken = true;
        checker.report(diagnostic);
    }
}

impl ObjectParts {
    /// The members of a call, which has no computed ones.
    fn into_pairs(self) -> Vec<(String, Expr)> {
        self.into_entries()
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Pair { key, value } => Some((key, value)),
                Entry::Computed { .. } | Entry::Spread(_) => None,
            })
            .collect()
    }
}

/// Reports what is wrong inside of arguments of which nothing else can be said.
pub(super) fn check_all(checker: &mut Checker<'_>, args: &[ast::Arg]) {
    for arg in args {
        checker.check(&arg.value, None);
    }
}
