//! Names and what is read of their values: members, elements, parts of lists.

use crate::catalog::cloudformation;
use crate::catalog::resource::RefForm;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, find_nearest};
use crate::ir::functions::Function;
use crate::ir::{Binary, Context, Deploy, Expr, ExprKind, Literal, Type};
use crate::resolve::arguments::other_spelling;
use crate::resolve::expr::facts::path_of;
use crate::resolve::expr::fit::offer_default;
use crate::resolve::expr::{Checker, Wanted, invalid, is_attribute_value};
use crate::resolve::names::{Found, Root};
use crate::resolve::types::describe;
use crate::source::Span;
use crate::syntax::ast;

/// The members of a root, what each is, and its type.
fn root_members(root: Root) -> Vec<(&'static str, ExprKind, Type)> {
    let context = |name, context, ty| (name, ExprKind::Context(context), ty);
    let deploy = |name, deploy| (name, ExprKind::Deploy(deploy), Type::String);
    match root {
        Root::Execution => vec![
            context("id", Context::ExecutionId, Type::String),
            context("name", Context::ExecutionName, Type::String),
            context("start", Context::ExecutionStart, Type::Timestamp),
            context("role", Context::ExecutionRole, Type::String),
            context("input", Context::ExecutionInput, Type::Any),
            context("redrive_count", Context::ExecutionRedriveCount, Type::Int),
        ],
        Root::Child => vec![
            context("id", Context::ChildId, Type::String),
            context("name", Context::ChildName, Type::String),
        ],
        Root::State => vec![
            context("name", Context::StateName, Type::String),
            context("entered", Context::StateEntered, Type::Timestamp),
            context("retry_count", Context::StateRetryCount, Type::Int),
        ],
        Root::Machine => vec![
            context("id", Context::MachineId, Type::String),
            context("name", Context::MachineName, Type::String),
        ],
        Root::Task => vec![context("token", Context::TaskToken, Type::String)],
        Root::Aws => vec![
            deploy("account", Deploy::Account),
            deploy("region", Deploy::Region),
            deploy("partition", Deploy::Partition),
        ],
        Root::Stack => vec![deploy("name", Deploy::StackName)],
        // A trigger's event is read where the trigger is checked.
        Root::Event => Vec::new(),
    }
}

/// Names that the language gives in certain places, and where.
const GIVEN: [(&str, &str); 7] = [
    (
        "child",
        "`child` has a value in the body of a distributed map",
    ),
    (
        "error",
        "`error` has a value in a handler: `catch all { … }`",
    ),
    ("event", "`event` has a value behind a trigger's `with`"),
    ("index", "`index` has a value in a map's body"),
    ("item", "`item` has a value in a map's body"),
    (
        "result",
        "`result` has a value in a poll's `until` and `fail when`",
    ),
    (
        "task",
        "`task.token` has a value in the arguments of a call with `await`",
    ),
];

fn root_word(root: Root) -> &'static str {
    match root {
        Root::Execution => "execution",
        Root::Child => "child",
        Root::State => "state",
        Root::Machine => "machine",
        Root::Task => "task",
        Root::Aws => "aws",
        Root::Stack => "stack",
        Root::Event => "event",
    }
}

impl Checker<'_> {
    pub(super) fn infer_name(&mut self, name: &str, span: Span) -> Expr {
        match self.names.find(name, span) {
            Found::Value(value) => self.narrow(Expr { span, ..value }),
            Found::Reported => invalid(span),
            Found::Root(root) => {
                let word = root_word(root);
                let members: Vec<String> = root_members(root)
                    .iter()
                    .map(|(member, ..)| format!("`{word}.{member}`"))
                    .collect();
                let diagnostic = Diagnostic::new(
                    Code::NoValue,
                    span,
                    format!("`{word}` is no value by itself, its members are"),
                );
                self.report(if members.is_empty() {
                    diagnostic
                } else {
                    diagnostic.help(format!("there are {}", members.join(", ")))
                });
                invalid(span)
            }
            Found::NoValue(what) => {
                let diagnostic = Diagnostic::new(
                    Code::NoValue,
                    span,
                    format!("`{name}` is a {what}, and has no value here"),
                );
                self.report(match what {
                    "function" => diagnostic.help(format!("call it: `{name}(…)`")),
                    "pipeline" => diagnostic.help(format!(
                        "call it in the flow, and bind what it returns: `x = {name}(…)`"
                    )),
                    "step" => diagnostic.help("its result has a value behind its use in a flow"),
                    _ => diagnostic,
                });
                invalid(span)
            }
            Found::Missing(candidates) => {
                self.report_missing(name, span, &candidates);
                invalid(span)
            }
        }
    }

    fn report_missing(&mut self, name: &str, span: Span, candidates: &[String]) {
        let diagnostic = Diagnostic::new(
            Code::UnknownName,
            span,
            format!("there is no name `{name}` here"),
        );
        if let Some((_, place)) = GIVEN.iter().find(|(given, _)| *given == name) {
            self.report(diagnostic.help(*place));
            return;
        }
        let near = find_nearest(name, candidates.iter().map(String::as_str));
        self.report(match near {
            Some(near) => diagnostic.nearest(span, name, near),
            None if Function::find(name).is_some() => {
                diagnostic.help(format!("`{name}` is a function: call it as `{name}(…)`"))
            }
            None => diagnostic,
        });
    }

    pub(super) fn infer_member(&mut self, base: &ast::Expr, name: &ast::Name, span: Span) -> Expr {
        if let ast::ExprKind::Name(root_name) = &base.kind {
            match self.names.find(root_name, base.span) {
                Found::Root(root) => return self.root_member(root, name, span),
                Found::Value(value) => {
                    let value = self.narrow(Expr {
                        span: base.span,
                        ..value
                    });
                    return self.member_of(value, name, span, root_name);
                }
                Found::Reported => return invalid(span),
                _ => {}
            }
        }
        let of = source_path(base).unwrap_or_else(|| "it".to_owned());
        let place = base.span;
        let base = self.check(base, None);
        // With its parentheses, behind which the member stands.
        let base = Expr {
            span: place,
            ..base
        };
        self.member_of(base, name, span, &of)
    }

    fn root_member(&mut self, root: Root, name: &ast::Name, span: Span) -> Expr {
        let members = root_members(root);
        if let Some((_, kind, ty)) = members.iter().find(|(member, ..)| *member == name.node) {
            return self.build(kind.clone(), ty.clone(), span);
        }
        if root == Root::Event {
            return invalid(span);
        }
        let names: Vec<&str> = members.iter().map(|(member, ..)| *member).collect();
        self.report_unknown_member(root_word(root), name, &names);
        invalid(span)
    }

    fn report_unknown_member(&mut self, of: &str, name: &ast::Name, candidates: &[&str]) {
        const SHOWN: usize = 12;
        let diagnostic = Diagnostic::new(
            Code::UnknownMember,
            name.span,
            format!("{} has no member `{}`", quoted(of), name.node),
        );
        let near = find_nearest(&name.node, candidates.iter().copied());
        self.report(match near {
            Some(near) => diagnostic
                .replace(
                    name.span,
                    in_place_of(name, near),
                    format!("write `{near}`"),
                )
                .guessed(&name.node, near),
            None if candidates.is_empty() => diagnostic,
            None => {
                let mut shown: Vec<String> = candidates
                    .iter()
                    .take(SHOWN)
                    .map(|c| format!("`{c}`"))
                    .collect();
                if candidates.len() > SHOWN {
                    shown.push(format!("and {} more", candidates.len() - SHOWN));
                }
                diagnostic.help(match shown.as_slice() {
                    [only] => format!("its only member is {only}"),
                    several => format!("its members are {}", several.join(", ")),
                })
            }
        });
    }

    pub(super) fn member_of(&mut self, base: Expr, name: &ast::Name, span: Span, of: &str) -> Expr {
        let ty = match &base.ty {
            Type::Invalid => return invalid(span),
            Type::Resource(_) => return self.resource_member(base, name, span),
            ty => ty.clone(),
        };
        if let Some((emitted, member)) = ty.find_member(&name.node) {
            let member = member.expand();
            let kind = match other_attribute(&ty, &emitted) {
                // Results come in either spelling.
                Some(other) => {
                    let mut read = |name: String| {
                        let base = Box::new(base.clone());
                        let kind = ExprKind::Member { base, name };
                        Box::new(self.build(kind, member.clone(), span))
                    };
                    ExprKind::Binary {
                        op: Binary::Coalesce,
                        left: read(emitted),
                        right: read(other),
                    }
                }
                None => {
                    if emitted != name.node && !matches!(ty.non_null(), Type::Union(_)) {
                        self.report(other_spelling(name, &emitted, in_place_of(name, &emitted)));
                    }
                    ExprKind::Member {
                        base: Box::new(base),
                        name: emitted,
                    }
                }
            };
            let value = self.build(kind, member, span);
            return self.narrow(value);
        }
        let diagnostic = match ty.non_null() {
            Type::List(element) => {
                let diagnostic = Diagnostic::new(
                    Code::MemberOfList,
                    name.span,
                    format!("this is {}, and a list has no members", describe(&ty)),
                )
                .also(base.span, "the list");
                let counted = matches!(name.node.as_str(), "count" | "length" | "size");
                let open = matches!(element.expand(), Type::Any | Type::Invalid);
                let is_member = element.find_member(&name.node).is_some();
                if is_member && !(counted && open) {
                    diagnostic
                        .help(format!(
                            "`[x.{0} for x in …]` is the list of its elements' `{0}`, `[0].{0}` the first one's",
                            name.node
                        ))
                        .fix(comprehension_fix(base.span, name))
                } else {
                    let diagnostic = diagnostic
                        .help("`count(…)` gives a list's length, `[0]` its first element");
                    match counted && is_dotted(name) {
                        true => diagnostic.fix(count_fix(base.span, name)),
                        false => diagnostic,
                    }
                }
            }
            other if other.has_members() || matches!(other, Type::Union(_)) => {
                if let Some(path) = deeper_member(&ty, &name.node) {
                    let diagnostic = Diagnostic::new(
                        Code::UnknownMember,
                        name.span,
                        format!("{} has no member `{}`", quoted(of), name.node),
                    );
                    match is_dotted(name) {
                        true => diagnostic
                            .replace(name.span, path.as_str(), format!("write `{path}`"))
                            .offered(),
                        false => diagnostic.help(format!("there is `.{path}`")),
                    }
                } else {
                    let names = ty.member_names();
                    let candidates: Vec<&str> = names.iter().map(String::as_str).collect();
                    self.report_unknown_member(of, name, &candidates);
                    return invalid(span);
                }
            }
            Type::Never => Diagnostic::new(
                Code::UnknownMember,
                name.span,
                "this is null, and null has no members",
            ),
            _ => {
                let diagnostic = Diagnostic::new(
                    Code::UnknownMember,
                    name.span,
                    format!("{} has no member `{}`", describe(&ty.non_null()), name.node),
                );
                if matches!(ty.non_null(), Type::String) && name.node == "length" {
                    diagnostic.help("`length(…)` gives a string's length")
                } else if matches!(ty.non_null(), Type::String) {
                    diagnostic.help("where the string is JSON text, `parse(…)` reads it")
                } else {
                    diagnostic
                }
            }
        };
        self.report(diagnostic);
        invalid(span)
    }

    /// `.name`, `.arn` and `.url` of a declared resource.
    fn resource_member(&mut self, base: Expr, name: &ast::Name, span: Span) -> Expr {
        let forms: &[&str] = match &base.ty {
            Type::Resource(kind) if kind.0.ref_form == RefForm::Url => &["name", "arn", "url"],
            _ => &["name", "arn"],
        };
        let form = match name.node.as_str() {
            "name" => RefForm::Name,
            "arn" => RefForm::Arn,
            "url" if forms.contains(&"url") => RefForm::Url,
            _ => return self.resource_attribute(base, name, span, forms),
        };
        let value = self.resource_as(base, form);
        Expr {
            ty: Type::String,
            span,
            ..value
        }
    }

    /// What CloudFormation knows of a resource that the template makes: `orders.StreamArn`.
    fn resource_attribute(
        &mut self,
        base: Expr,
        name: &ast::Name,
        span: Span,
        forms: &[&str],
    ) -> Expr {
        let Type::Resource(kind) = &base.ty else {
            return invalid(span);
        };
        let known = cloudformation::find_type(kind.0.cfn_type);
        let attributes: Vec<&str> = known
            .iter()
            .flat_map(|known| known.attributes.members())
            .map(|attribute| attribute.raw.name.as_str())
            .collect();
        // `cluster.Endpoint.Address` is one attribute.
        let is_known = |text: &str| {
            attributes.iter().any(|a| {
                *a == text
                    || a.strip_prefix(text)
                        .is_some_and(|rest| rest.starts_with('.'))
            })
        };
        let made = match &base.kind {
            ExprKind::Deploy(Deploy::Resource(id, _)) => Some(*id),
            _ => None,
        };
        let Some(id) = made.filter(|id| is_known(&name.node) && self.names.is_made(*id)) else {
            let of = describe(&base.ty);
            if is_known(&name.node) {
                self.report(
                    Diagnostic::new(
                        Code::UnknownMember,
                        name.span,
                        format!(
                            "`{}` is known only of {of} that this template makes",
                            name.node
                        ),
                    )
                    .help("write the value itself, or take it as a `param` or by `import(…)`"),
                );
            } else if kind.0.is_callable() {
                let member = &name.node;
                self.report(
                    Diagnostic::new(
                        Code::UnknownMember,
                        name.span,
                        format!("{of} has no member `{member}`"),
                    )
                    .help(format!(
                        "what it answers is named where it is called: `answer = …(…)`, then `answer.{member}`"
                    )),
                );
            } else {
                let mut all = forms.to_vec();
                if made.is_some_and(|id| self.names.is_made(id)) {
                    all.extend(&attributes);
                }
                self.report_unknown_member(&of, name, &all);
            }
            return invalid(span);
        };
        let kind = ExprKind::Deploy(Deploy::Attribute(id, name.node.clone()));
        self.build(kind, Type::String, span)
    }

    /// Without null in its type where a test has shown so.
    fn narrow(&self, value: Expr) -> Expr {
        if !value.ty.is_nullable() || matches!(value.ty, Type::Any | Type::Null) {
            return value;
        }
        match path_of(&value) {
            Some(path) if self.known.contains(&path) || self.names.is_known(&path) => Expr {
                ty: value.ty.non_null(),
                ..value
            },
            _ => value,
        }
    }

    pub(super) fn infer_index(&mut self, base: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
        let base = self.check(base, None);
        let index_place = index.span;
        let index = self.check(index, None);
        if base.ty == Type::Invalid || index.ty == Type::Invalid {
            return invalid(span);
        }
        let whole = base.ty.non_null();
        if let Some(Literal::String(key)) = index.as_literal()
            && !matches!(whole, Type::List(_))
        {
            let name = ast::Name::new(key.clone(), index_place);
            return self.member_of(base, &name, span, "it");
        }
        let wanted = match &whole {
            Type::List(_) => Type::Int,
            Type::Map(_) => Type::String,
            whole if whole.has_members() => Type::String,
            _ => Type::Any,
        };
        let ty = match &whole {
            Type::Any => Type::Any,
            Type::List(element) => optional_element(&base.ty, element),
            Type::Map(value) => optional_element(&base.ty, value),
            whole if whole.has_members() => Type::Any,
            Type::Never => {
                self.report(Diagnostic::new(
                    Code::WrongOperand,
                    base.span,
                    "this is null, and null has no elements",
                ));
                return invalid(span);
            }
            Type::String => {
                self.report(
                    Diagnostic::new(Code::WrongOperand, base.span, "a string has no elements")
                        .help("`substring(…, start, length)` takes a part of it"),
                );
                return invalid(span);
            }
            other => {
                let found = describe(other);
                self.report(Diagnostic::new(
                    Code::WrongOperand,
                    base.span,
                    format!("expected a list or an object before `[`, found {found}"),
                ));
                return invalid(span);
            }
        };
        let index = self.fit(index, Wanted::value(&wanted));
        if index.ty == Type::Invalid {
            return invalid(span);
        }
        let kind = ExprKind::Index {
            base: Box::new(base),
            index: Box::new(index),
        };
        self.build(kind, ty, span)
    }

    pub(super) fn infer_slice(
        &mut self,
        base: &ast::Expr,
        from: Option<&ast::Expr>,
        to: Option<&ast::Expr>,
        span: Span,
    ) -> Expr {
        let (base, element) = self.check_source_part(base, true);
        let end = |checker: &mut Self, end: Option<&ast::Expr>| {
            end.map(|end| checker.check(end, Some(Wanted::value(&Type::Int))))
        };
        let from = end(self, from);
        let to = end(self, to);
        let broken = [&from, &to]
            .iter()
            .any(|end| end.as_ref().is_some_and(|e| e.ty == Type::Invalid));
        if broken || base.ty == Type::Invalid {
            return invalid(span);
        }
        let kind = ExprKind::Slice {
            base: Box::new(base),
            from: from.map(Box::new),
            to: to.map(Box::new),
        };
        self.build(kind, Type::list(element), span)
    }

    /// A list that something goes through, and the type of its elements.
    pub(super) fn check_source(&mut self, expr: &ast::Expr) -> (Expr, Type) {
        self.check_source_part(expr, false)
    }

    /// As [`Self::check_source`]; `parentheses` where more stands behind the list.
    fn check_source_part(&mut self, expr: &ast::Expr, parentheses: bool) -> (Expr, Type) {
        let value = self.check(expr, None);
        let span = value.span;
        let broken = (invalid(span), Type::Invalid);
        match value.ty.expand() {
            Type::Any => (value, Type::Any),
            Type::Invalid => broken,
            Type::List(element) => {
                let element = element.expand();
                (value, element)
            }
            Type::Optional(inner) if matches!(inner.expand(), Type::List(_)) => {
                self.report(offer_default(
                    Diagnostic::new(
                        Code::MayBeNull,
                        span,
                        "expected a list, and this may be null",
                    ),
                    span,
                    &inner,
                    parentheses,
                ));
                broken
            }
            other => {
                let diagnostic = Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("expected a list, found {}", describe(&other)),
                );
                self.report(match other {
                    Type::Map(_) | Type::Object(_) | Type::Shape(_) => {
                        diagnostic.help("`keys(…)` gives the list of an object's keys")
                    }
                    Type::Int | Type::Number => {
                        diagnostic.help("`range(1, n, 1)` gives the numbers from 1 to n")
                    }
                    Type::String => diagnostic.help(
                        "`split(…, \"\")` gives the list of its characters, `[…]` a list of one",
                    ),
                    _ => diagnostic,
                });
                broken
            }
        }
    }
}

/// An element that may be out of range; by the model's grace where the list is an API's.
fn optional_element(base: &Type, element: &Type) -> Type {
    match element.expand() {
        Type::Any => Type::Any,
        expanded if base.is_nullable_by_model() || matches!(element, Type::Shape(_)) => {
            match element {
                Type::Shape(_) => Type::Optional(std::sync::Arc::new(element.clone())),
                _ => Type::optional(expanded),
            }
        }
        expanded => Type::optional(expanded),
    }
}

/// A member's name as it is written where the other stands: in quotes between brackets.
fn in_place_of(name: &ast::Name, other: &str) -> String {
    if is_dotted(name) {
        other.to_owned()
    } else {
        format!("\"{other}\"")
    }
}

/// The other spelling of a type of DynamoDB's typed values: `Bool` of `BOOL`.
fn other_attribute(base: &Type, member: &str) -> Option<String> {
    let Type::Shape(shape) = base.non_null() else {
        return None;
    };
    let found = is_attribute_value(shape).then(|| shape.find_member(member));
    found.flatten()?.raw.api_name.clone()
}

/// Whether a member is written behind a dot, and not in quotes between brackets.
fn is_dotted(name: &ast::Name) -> bool {
    (name.span.end - name.span.start) as usize == name.node.len()
}

fn count_fix(base: Span, name: &ast::Name) -> Fix {
    Fix {
        title: "count the elements".to_owned(),
        edits: vec![
            Edit {
                span: base.before(),
                text: "count(".to_owned(),
            },
            Edit {
                span: base.after().to(name.span),
                text: ")".to_owned(),
            },
        ],
        safe: true,
    }
}

fn comprehension_fix(base: Span, name: &ast::Name) -> Fix {
    Fix {
        title: format!("take `{}` of each element", name.node),
        edits: vec![
            Edit {
                span: base.before(),
                text: format!("[x.{} for x in ", name.node),
            },
            Edit {
                span: base.after().to(name.span),
                text: "]".to_owned(),
            },
        ],
        safe: false,
    }
}

/// A member that stands one level deeper, in just one of the members: results are often wrapped.
fn deeper_member(ty: &Type, name: &str) -> Option<String> {
    let mut found = ty.member_names().into_iter().filter_map(|outer| {
        let (_, inside) = ty.find_member(&outer)?;
        let inside = inside.non_null();
        // What has any member says nothing.
        let names = inside.member_names();
        let (inner, _) = inside.find_member(name)?;
        names.contains(&inner).then(|| format!("{outer}.{inner}"))
    });
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// A name in backticks, words as they are.
fn quoted(of: &str) -> String {
    if of.contains(' ') || of == "it" {
        of.to_owned()
    } else {
        format!("`{of}`")
    }
}

/// A chain of names as written.
fn source_path(expr: &ast::Expr) -> Option<String> {
    match &expr.kind {
        ast::ExprKind::Name(name) => Some(name.clone()),
        ast::ExprKind::Member { base, name } => {
            Some(format!("{}.{}", source_path(base)?, name.node))
        }
        ast::ExprKind::Paren(inner) => source_path(inner),
        _ => None,
    }
}
