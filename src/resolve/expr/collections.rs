//! Lists, objects and comprehensions.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::types::{FieldType, ObjectType};
use crate::ir::{Element, Entry, Expr, ExprKind, Literal, Type};
use crate::resolve::arguments;
use crate::resolve::expr::facts::facts;
use crate::resolve::expr::fit::{check_map_key, offer_default};
use crate::resolve::expr::{Checker, Wanted, invalid};
use crate::resolve::types::describe;
use crate::source::Span;
use crate::syntax::ast;

impl Checker<'_> {
    pub(super) fn infer_list(
        &mut self,
        elements: &[ast::Element],
        span: Span,
        wanted: Option<Wanted<'_>>,
    ) -> Expr {
        let wanted_list = wanted.map(|wanted| (wanted, wanted.ty.non_null()));
        let wanted_element = wanted_list.as_ref().and_then(|(wanted, ty)| match ty {
            Type::List(element) => Some((wanted.member, element.as_ref().clone())),
            _ => None,
        });
        let mut ty = Type::Never;
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let value = if element.spread {
                let (list, inner) = self.check_source(&element.value);
                ty = ty.join(&inner);
                list
            } else {
                let value = match &wanted_element {
                    Some((member, element_ty)) => self.check(
                        &element.value,
                        Some(Wanted {
                            ty: element_ty,
                            member: *member,
                        }),
                    ),
                    None => self.check(&element.value, None),
                };
                ty = ty.join(&value.ty);
                value
            };
            items.push(Element {
                spread: element.spread,
                value,
            });
        }
        if items.iter().any(|item| item.value.ty == Type::Invalid) {
            return invalid(span);
        }
        self.build(ExprKind::List(items), Type::list(ty), span)
    }

    pub(super) fn infer_object(
        &mut self,
        entries: &[ast::Entry],
        span: Span,
        wanted: Option<Wanted<'_>>,
    ) -> Expr {
        self.check_keys(entries);
        let target = wanted.map(|wanted| object_target(wanted.ty));
        if let (Some(wanted), Some(Some(target))) = (wanted, &target)
            && target.has_members()
        {
            let wanted = Wanted {
                ty: target,
                member: wanted.member,
            };
            return arguments::check_object(self, entries, span, wanted);
        }
        let value_ty = match &target {
            Some(Some(Type::Map(value))) => Some(value.as_ref().clone()),
            _ => None,
        };
        let member = wanted.and_then(|wanted| wanted.member);
        let mut object = ObjectParts::default();
        for entry in entries {
            if let (Some(wanted), ast::Entry::Pair { key, .. } | ast::Entry::Short(key)) =
                (wanted, entry)
                && let Some(diagnostic) = check_map_key(key, wanted)
            {
                self.report(diagnostic);
                object.broken = true;
            }
            let wanted = value_ty.as_ref().map(|ty| Wanted { ty, member });
            self.infer_entry(entry, wanted, &mut object);
        }
        self.build_object(object, span)
    }

    fn infer_entry(
        &mut self,
        entry: &ast::Entry,
        wanted: Option<Wanted<'_>>,
        object: &mut ObjectParts,
    ) {
        match entry {
            ast::Entry::Pair { key, value } => {
                let value = self.check(value, wanted);
                object.add(key.node.clone(), value);
            }
            ast::Entry::Short(name) => {
                let value = self.check(&short_value(name), wanted);
                object.add(name.node.clone(), value);
            }
            ast::Entry::Computed { key, value } => {
                let key = self.check_key(key);
                let value = self.check(value, wanted);
                object.add_computed(key, value);
            }
            ast::Entry::Spread(value) => {
                let value = self.check_spread(value);
                object.add_spread(value);
            }
        }
    }

    /// Reports keys that are given twice.
    fn check_keys(&mut self, entries: &[ast::Entry]) {
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for entry in entries {
            let key = match entry {
                ast::Entry::Pair { key, .. } => key,
                ast::Entry::Short(name) => name,
                ast::Entry::Computed { .. } | ast::Entry::Spread(_) => continue,
            };
            match seen.iter().find(|(name, _)| *name == key.node) {
                Some((_, first)) => {
                    let first = *first;
                    self.report(
                        Diagnostic::new(
                            Code::DuplicateKey,
                            key.span,
                            format!("the object has two members `{}`", key.node),
                        )
                        .also(first, "the first"),
                    );
                }
                None => seen.push((&key.node, key.span)),
            }
        }
    }

    /// A key that is computed: a string.
    pub(in crate::resolve) fn check_key(&mut self, key: &ast::Expr) -> Expr {
        self.check(key, Some(Wanted::value(&Type::String)))
    }

    /// What stands behind `...` in an object: an object.
    pub(in crate::resolve) fn check_spread(&mut self, value: &ast::Expr) -> Expr {
        let value = self.check(value, None);
        let span = value.span;
        match value.ty.expand() {
            Type::Any | Type::Invalid | Type::Map(_) => value,
            ty if ty.has_members() => value,
            Type::Optional(inner)
                if inner.has_members() || matches!(inner.expand(), Type::Map(_)) =>
            {
                self.report(offer_default(
                    Diagnostic::new(
                        Code::MayBeNull,
                        span,
                        "`...` needs an object, and this may be null",
                    ),
                    span,
                    &Type::map(Type::Any),
                    false,
                ));
                invalid(span)
            }
            other => {
                self.report(Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("`...` needs an object here, found {}", describe(&other)),
                ));
                invalid(span)
            }
        }
    }

    pub(in crate::resolve) fn build_object(&mut self, object: ObjectParts, span: Span) -> Expr {
        if object.broken {
            return invalid(span);
        }
        let ty = object.ty();
        self.build(ExprKind::Object(object.entries), ty, span)
    }

    pub(super) fn infer_list_comprehension(
        &mut self,
        value: &ast::Expr,
        clause: &ast::ForClause,
        span: Span,
        wanted: Option<Wanted<'_>>,
    ) -> Expr {
        let element = wanted.and_then(|wanted| match wanted.ty.non_null() {
            Type::List(element) => Some((wanted.member, element.as_ref().clone())),
            _ => None,
        });
        let (source, local, condition, value) = self.check_clause(clause, |checker| {
            let wanted = element.as_ref().map(|(member, ty)| Wanted {
                ty,
                member: *member,
            });
            checker.check(value, wanted)
        });
        let broken = condition
            .as_ref()
            .is_some_and(|condition| condition.ty == Type::Invalid);
        if broken || source.ty == Type::Invalid || value.ty == Type::Invalid {
            return invalid(span);
        }
        let ty = Type::list(value.ty.clone());
        let kind = ExprKind::ListComprehension {
            local,
            source: Box::new(source),
            condition: condition.map(Box::new),
            value: Box::new(value),
        };
        self.build(kind, ty, span)
    }

    pub(super) fn infer_object_comprehension(
        &mut self,
        key: &ast::Expr,
        value: &ast::Expr,
        clause: &ast::ForClause,
        span: Span,
        wanted: Option<Wanted<'_>>,
    ) -> Expr {
        let element = wanted.and_then(|wanted| match wanted.ty.non_null() {
            Type::Map(element) => Some((wanted.member, element.as_ref().clone())),
            _ => None,
        });
        let (source, local, condition, (key, value)) = self.check_clause(clause, |checker| {
            let key = checker.check_key(key);
            let wanted = element.as_ref().map(|(member, ty)| Wanted {
                ty,
                member: *member,
            });
            (key, checker.check(value, wanted))
        });
        let broken = condition
            .as_ref()
            .is_some_and(|condition| condition.ty == Type::Invalid);
        if broken
            || [&source, &key, &value]
                .iter()
                .any(|e| e.ty == Type::Invalid)
        {
            return invalid(span);
        }
        let ty = Type::map(value.ty.clone());
        let kind = ExprKind::ObjectComprehension {
            local,
            source: Box::new(source),
            condition: condition.map(Box::new),
            key: Box::new(key),
            value: Box::new(value),
        };
        self.build(kind, ty, span)
    }

    /// `for name in source if condition`, and what is checked with the name in scope.
    fn check_clause<T>(
        &mut self,
        clause: &ast::ForClause,
        check: impl FnOnce(&mut Self) -> T,
    ) -> (Expr, crate::ir::Local, Option<Expr>, T) {
        let (source, element) = self.check_source(&clause.source);
        let local = self.show_local(&clause.name, &source, element);
        let condition = clause
            .condition
            .as_ref()
            .map(|condition| self.check(condition, Some(Wanted::value(&Type::Bool))));
        let known = condition
            .as_ref()
            .map(|condition| facts(condition, true))
            .unwrap_or_default();
        let value = self.knowing(known, check);
        self.names.hide();
        (source, local, condition, value)
    }

    /// Makes a name for each element of the list visible; to be hidden by the caller.
    pub(super) fn show_local(
        &mut self,
        name: &ast::Name,
        source: &Expr,
        element: Type,
    ) -> crate::ir::Local {
        let local = self.names.fresh(&name.node);
        let value = Expr {
            kind: ExprKind::Local(local.clone()),
            ty: element,
            time: source.time,
            span: name.span,
        };
        self.names.show(&name.node, value);
        local
    }
}

/// `short` as the expression that it stands for.
pub(in crate::resolve) fn short_value(name: &ast::Name) -> ast::Expr {
    ast::Expr {
        kind: ast::ExprKind::Name(name.node.clone()),
        span: name.span,
    }
}

/// The object type that a place takes, when it takes just one.
fn object_target(ty: &Type) -> Option<Type> {
    match ty.non_null() {
        Type::Union(members) => {
            let mut objects = members
                .iter()
                .filter(|ty| ty.has_members() || matches!(ty, Type::Map(_)));
            match (objects.next(), objects.next()) {
                (Some(only), None) => Some(only.clone()),
                _ => None,
            }
        }
        ty => Some(ty),
    }
}

/// The entries of an object and what its type is made of.
#[derive(Default)]
pub(in crate::resolve) struct ObjectParts {
    entries: Vec<Entry>,
    fields: Vec<FieldType>,
    /// The type of values under keys that only the run knows.
    rest: Option<Type>,
    pub(in crate::resolve) broken: bool,
}

impl ObjectParts {
    pub(in crate::resolve) fn add(&mut self, key: String, value: Expr) {
        self.broken |= value.ty == Type::Invalid;
        self.field(&key, value.ty.clone(), false);
        self.entries.push(Entry::Pair { key, value });
    }

    pub(in crate::resolve) fn add_computed(&mut self, key: Expr, value: Expr) {
        self.broken |= key.ty == Type::Invalid;
        if let Some(Literal::String(name)) = key.as_literal() {
            let name = name.clone();
            return self.add(name, value);
        }
        self.broken |= value.ty == Type::Invalid;
        self.other(&value.ty);
        self.entries.push(Entry::Computed { key, value });
    }

    pub(in crate::resolve) fn add_spread(&mut self, value: Expr) {
        self.broken |= value.ty == Type::Invalid;
        match value.ty.expand() {
            Type::Map(inner) => self.other(&inner),
            ty if ty.has_members() => {
                for field in ty.fields() {
                    self.field(&field.name, field.ty.expand(), field.optional);
                }
            }
            _ => self.other(&Type::Any),
        }
        self.entries.push(Entry::Spread(value));
    }

    /// The members that are certainly or possibly there, and whether there may be others.
    pub(in crate::resolve) fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    pub(in crate::resolve) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    pub(in crate::resolve) fn is_open(&self) -> bool {
        self.rest.is_some()
    }

    fn field(&mut self, name: &str, ty: Type, optional: bool) {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) if optional => field.ty = field.ty.join(&ty),
            Some(field) => {
                field.ty = ty;
                field.optional = false;
            }
            None => self.fields.push(FieldType {
                name: name.to_owned(),
                ty,
                optional,
            }),
        }
    }

    fn other(&mut self, ty: &Type) {
        self.rest = Some(match self.rest.take() {
            Some(rest) => rest.join(ty),
            None => ty.clone(),
        });
    }

    fn ty(&self) -> Type {
        match &self.rest {
            None => Type::Object(
                ObjectType {
                    fields: self.fields.clone(),
                }
                .into(),
            ),
            Some(Type::Any) => Type::Any,
            Some(rest) => Type::map(
                self.fields
                    .iter()
                    .fold(rest.clone(), |ty, field| ty.join(&field.ty)),
            ),
        }
    }
}
