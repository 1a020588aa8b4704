//! Calls in expressions: the library's functions, the language's own, and `fn`s, which are expanded.

use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::functions::{ALGORITHMS, Function, Takes};
use crate::ir::{Binary, Deploy, Expr, ExprKind, Literal, Time, Type};
use crate::resolve::arguments::{self, Formal};
use crate::resolve::expr::fit::offer_default;
use crate::resolve::expr::{Checker, Wanted, invalid};
use crate::resolve::names::Found;
use crate::resolve::types::{describe, resolve_type};
use crate::source::Span;
use crate::syntax::ast;

/// Names that are called like functions and are no rows of the library.
const OWN: [&str; 4] = ["attributes", "exists", "import", "plain"];

/// What is no function here, JSONata's that take a function among them, and how it is said.
const SAID_OTHERWISE: [(&str, &str); 10] = [
    ("coalesce", "`a ?? b` is `b` where `a` is null"),
    ("default", "`a ?? b` is `b` where `a` is null"),
    (
        "each",
        "`[f(k) for k in keys(object)]` goes through an object",
    ),
    (
        "filter",
        "`[x for x in xs if x.size > 0]` keeps what a condition holds of",
    ),
    (
        "format",
        "a text takes values in braces: `\"{day}/{hour}\"`",
    ),
    ("map", "`[f(x) for x in xs]` makes a list from a list"),
    ("nvl", "`a ?? b` is `b` where `a` is null"),
    (
        "reduce",
        "`sum`, `join`, `merge` and `append` combine a list's elements",
    ),
    (
        "sift",
        "`{ k: object[k] for k in keys(object) if … }` keeps some of an object",
    ),
    (
        "single",
        "`[x for x in xs if …][0]` takes the first that a condition holds of",
    ),
];

impl Checker<'_> {
    pub(super) fn infer_call(&mut self, name: &ast::Name, args: &[ast::Arg], span: Span) -> Expr {
        if let Some(function) = self.names.find_fn(&name.node) {
            return self.expand_fn(&function, name, args, span);
        }
        match name.node.as_str() {
            "attributes" => self.call_attributes(args, span),
            "plain" => self.call_plain(args, span),
            "exists" => self.call_exists(args, span),
            "import" => self.call_import(args, span),
            "sort" if args.get(1).is_some_and(|arg| arg.for_name.is_some()) => {
                self.call_sort(args, span)
            }
            _ => match Function::find(&name.node) {
                Some(function) => self.call_library(function, name, args, span),
                None => {
                    self.report_unknown_function(name);
                    for arg in args {
                        self.check(&arg.value, None);
                    }
                    invalid(span)
                }
            },
        }
    }

    fn report_unknown_function(&mut self, name: &ast::Name) {
        let called = |found: Found| match found {
            Found::Value(value) => {
                matches!(&value.ty, Type::Resource(kind) if kind.0.is_callable())
            }
            Found::NoValue(what) => what == "pipeline",
            _ => false,
        };
        if self.names.is_step(&name.node) || called(self.names.find(&name.node, name.span)) {
            let diagnostic = Diagnostic::new(
                Code::UnknownFunction,
                name.span,
                format!("`{}` is called in a flow, not in an expression", name.node),
            );
            return self.report(diagnostic.help(format!(
                "call it before, and read its result here: `x = {}(…) -> …`",
                name.node
            )));
        }
        let diagnostic = Diagnostic::new(
            Code::UnknownFunction,
            name.span,
            format!("there is no function `{}`", name.node),
        );
        if name.node == "eval" {
            let diagnostic = Diagnostic::new(
                Code::UnknownFunction,
                name.span,
                "Step Functions has no `eval`",
            );
            return self.report(diagnostic.help("`parse(…)` reads JSON text"));
        }
        if let Some((_, advice)) = SAID_OTHERWISE.iter().find(|(word, _)| *word == name.node) {
            return self.report(diagnostic.help(*advice));
        }
        let meant = match name.node.as_str() {
            "toString" | "str" | "json" | "to_json" | "toJson" | "stringify" | "dumps" => {
                Some("string")
            }
            "from_json" | "fromJson" | "loads" | "parse_json" => Some("parse"),
            "strip" => Some("trim"),
            "unique" | "uniq" => Some("distinct"),
            "toNumber" | "float" => Some("number"),
            "upper" | "toUpperCase" => Some("uppercase"),
            "lower" | "toLowerCase" => Some("lowercase"),
            "avg" | "mean" => Some("average"),
            "ceiling" => Some("ceil"),
            "pow" => Some("power"),
            _ => None,
        };
        // Of a list it would be `count`; a whole number would be cut off; texts are not appended.
        let similar = match name.node.as_str() {
            "len" | "size" => Some("length"),
            "int" => Some("number"),
            "concat" => Some("append"),
            _ => None,
        };
        let own = self.names.fn_names();
        let candidates = own
            .iter()
            .map(String::as_str)
            .chain(OWN)
            .chain(Function::all().iter().map(|f| f.name));
        let near = similar.or_else(|| find_nearest(&name.node, candidates));
        self.report(match (meant, near) {
            (Some(meant), _) => {
                diagnostic.replace(name.span, meant, format!("write `{meant}`"))
            }
            (None, Some(near)) => diagnostic
                .nearest(name.span, &name.node, near),
            (None, None) => diagnostic.help("results of calls and steps are read by their names: a call stands in the flow, not in an expression"),
        });
    }

    fn call_library(
        &mut self,
        function: &'static Function,
        name: &ast::Name,
        args: &[ast::Arg],
        span: Span,
    ) -> Expr {
        if matches!(function.name, "string_set" | "number_set") && !self.in_attributes {
            self.report(
                Diagnostic::new(
                    Code::WrongOperand,
                    span,
                    format!(
                        "`{}` has a meaning inside of `attributes(…)` only",
                        function.name
                    ),
                )
                .help("it says that a list is stored as one of DynamoDB's sets"),
            );
            return invalid(span);
        }
        let count_fits = self.check_count(
            function.name,
            &function.params.iter().map(|p| p.name).collect::<Vec<_>>(),
            function.required(),
            function.variadic,
            args,
            name.span,
        );
        if !count_fits {
            return invalid(span);
        }
        let last = function.params.len().saturating_sub(1);
        let mut values = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            if let Some(value) = function
                .params
                .get(at.min(last))
                .map(|param| self.check_argument(&arg.value, param.takes))
            {
                values.push(value);
            }
        }
        if values.iter().any(|value| value.ty == Type::Invalid) {
            return invalid(span);
        }
        let ty = function.result(&values);
        let kind = ExprKind::Function {
            function,
            args: values,
        };
        self.build(kind, ty, span)
    }

    /// Reports arguments with names, and too few or too many.
    fn check_count(
        &mut self,
        name: &str,
        params: &[&str],
        required: usize,
        variadic: bool,
        args: &[ast::Arg],
        place: Span,
    ) -> bool {
        if let Some(named) = args.iter().find_map(|arg| arg.name.as_ref()) {
            self.report(
                Diagnostic::new(
                    Code::NamedArgument,
                    named.span,
                    format!("the arguments of `{name}` have no names"),
                )
                .help(format!(
                    "it is `{}`",
                    signature(name, params, required, variadic)
                )),
            );
            return false;
        }
        if let Some(arg) = args.iter().find(|arg| arg.for_name.is_some()) {
            self.report(Diagnostic::new(
                Code::WrongOperand,
                arg.span,
                format!("`{name}` takes no key: that is for `sort(xs, x.key for x)`"),
            ));
            return false;
        }
        let fits = args.len() >= required && (variadic || args.len() <= params.len());
        if !fits {
            let expected = match (required, params.len()) {
                (least, _) if variadic => format!("at least {least}"),
                (least, most) if least == most => format!("{least}"),
                (least, most) => format!("{least} to {most}"),
            };
            let noun = if expected == "1" {
                "argument"
            } else {
                "arguments"
            };
            self.report(
                Diagnostic::new(
                    Code::WrongArgumentCount,
                    place,
                    format!("`{name}` takes {expected} {noun}, found {}", args.len()),
                )
                .help(format!(
                    "it is `{}`",
                    signature(name, params, required, variadic)
                )),
            );
        }
        fits
    }

    fn check_argument(&mut self, arg: &ast::Expr, takes: Takes) -> Expr {
        if let (ast::ExprKind::Regex(pattern), Takes::Regex | Takes::Pattern) = (&arg.kind, takes) {
            return self.build(ExprKind::Regex(pattern.clone()), Type::Regex, arg.span);
        }
        let ty = match takes {
            Takes::Any => return self.check(arg, None),
            Takes::String | Takes::Pattern => Type::String,
            Takes::Number => Type::Number,
            Takes::Int => Type::Int,
            Takes::Bool => Type::Bool,
            Takes::Algorithm => Type::one_of(ALGORITHMS.map(str::to_owned)),
            Takes::Regex => {
                let value = self.check(arg, None);
                if value.ty != Type::Invalid {
                    self.report(
                        Diagnostic::new(
                            Code::TypeMismatch,
                            arg.span,
                            format!("expected a pattern, found {}", describe(&value.ty)),
                        )
                        .help("a pattern is written as `re\"…\"`"),
                    );
                }
                return invalid(arg.span);
            }
            Takes::List => return self.check_source(arg).0,
            Takes::Strings => Type::list(Type::String),
            Takes::Numbers => Type::list(Type::Number),
            Takes::Scalar | Takes::Sortable | Takes::ListOrValue => {
                return self.check_loose_argument(arg, takes);
            }
            Takes::Object => Type::map(Type::Any),
            Takes::Objects => Type::list(Type::map(Type::Any)),
            Takes::ObjectOrObjects => return self.check_loose_argument(arg, takes),
        };
        // A list says best itself that it may be null, or is none.
        if matches!(takes, Takes::Strings | Takes::Numbers | Takes::Objects) {
            let (list, _) = self.check_source(arg);
            return self.fit(list, Wanted::value(&ty));
        }
        self.check(arg, Some(Wanted::value(&ty)))
    }

    /// Arguments that may be of several kinds.
    fn check_loose_argument(&mut self, arg: &ast::Expr, takes: Takes) -> Expr {
        let value = self.check(arg, None);
        let span = value.span;
        let ty = value.ty.expand();
        if matches!(ty, Type::Any | Type::Invalid) {
            return value;
        }
        // A null beside a list is an element, a list that may be null is a mistake.
        let needed = takes != Takes::ListOrValue || matches!(ty.non_null(), Type::List(_));
        if ty.is_nullable() && needed {
            let without_null = ty.non_null();
            self.report(offer_default(
                Diagnostic::new(
                    Code::MayBeNull,
                    span,
                    "a value is needed here, and this may be null",
                ),
                span,
                &without_null,
                false,
            ));
            return invalid(span);
        }
        let is_object = |ty: &Type| matches!(ty, Type::Map(_) | Type::Any) || ty.has_members();
        let (fits, expected) = match takes {
            Takes::Scalar => (
                matches!(
                    ty,
                    Type::String
                        | Type::Enum(_)
                        | Type::Timestamp
                        | Type::Int
                        | Type::Number
                        | Type::Duration
                        | Type::Size
                        | Type::Bool
                ),
                "a string, a number or a bool",
            ),
            Takes::Sortable => match &ty {
                Type::List(element) => (
                    is_sortable(&element.expand()),
                    "a list of numbers or of strings",
                ),
                _ => (false, "a list of numbers or of strings"),
            },
            Takes::ObjectOrObjects => match &ty {
                Type::List(element) => (
                    is_object(&element.expand()),
                    "an object or a list of objects",
                ),
                ty => (is_object(ty), "an object or a list of objects"),
            },
            _ => (true, ""),
        };
        if fits {
            return value;
        }
        let diagnostic = Diagnostic::new(
            Code::TypeMismatch,
            span,
            format!("expected {expected}, found {}", describe(&ty)),
        );
        self.report(match (takes, &ty) {
            (Takes::Sortable, Type::List(_)) => {
                diagnostic.help("`sort(xs, x.key for x)` sorts by a key")
            }
            _ => diagnostic,
        });
        invalid(span)
    }

    /// `sort(xs, x.key for x)`
    fn call_sort(&mut self, args: &[ast::Arg], span: Span) -> Expr {
        let [list, key] = args else {
            self.report(Diagnostic::new(
                Code::WrongArgumentCount,
                span,
                format!(
                    "`sort` takes a list and a key, found {} arguments",
                    args.len()
                ),
            ));
            return invalid(span);
        };
        let Some(name) = &key.for_name else {
            return invalid(span);
        };
        let (list, element) = self.check_source(&list.value);
        let local = self.show_local(name, &list, element.clone());
        let key = self.check(&key.value, None);
        self.names.hide();
        if list.ty == Type::Invalid || key.ty == Type::Invalid {
            return invalid(span);
        }
        if !is_sortable(&key.ty.expand()) {
            let nullable = key.ty.is_nullable() && is_sortable(&key.ty.non_null());
            let diagnostic = if nullable {
                let without_null = key.ty.non_null();
                offer_default(
                    Diagnostic::new(
                        Code::MayBeNull,
                        key.span,
                        "`sort` needs a key for each element, and this may be null",
                    ),
                    key.span,
                    &without_null,
                    false,
                )
            } else {
                Diagnostic::new(
                    Code::TypeMismatch,
                    key.span,
                    format!(
                        "`sort` orders by numbers or strings, found {}",
                        describe(&key.ty)
                    ),
                )
            };
            self.report(diagnostic);
            return invalid(span);
        }
        let kind = ExprKind::Sort {
            list: Box::new(list),
            local,
            key: Box::new(key),
        };
        self.build(kind, Type::list(element), span)
    }

    /// `exists(x)`: whether a value is there, which is the same as not being null.
    fn call_exists(&mut self, args: &[ast::Arg], span: Span) -> Expr {
        let Some(value) = self.only_argument("exists", "value", args, span) else {
            return invalid(span);
        };
        let value = self.check(value, None);
        if value.ty == Type::Invalid {
            return invalid(span);
        }
        let null = Expr::null(span);
        let kind = ExprKind::Binary {
            op: Binary::Ne,
            left: Box::new(value),
            right: Box::new(null),
        };
        self.build(kind, Type::Bool, span)
    }

    fn call_attributes(&mut self, args: &[ast::Arg], span: Span) -> Expr {
        let Some(value) = self.only_argument("attributes", "value", args, span) else {
            return invalid(span);
        };
        let outer = std::mem::replace(&mut self.in_attributes, true);
        let value = self.check(value, None);
        self.in_attributes = outer;
        if value.ty == Type::Invalid {
            return invalid(span);
        }
        let ty = match value.ty.non_null() {
            Type::Map(_) => Type::map(Type::Any),
            ty if ty.has_members() => Type::map(Type::Any),
            _ => Type::Any,
        };
        self.build(ExprKind::Attributes(Box::new(value)), ty, span)
    }

    fn call_plain(&mut self, args: &[ast::Arg], span: Span) -> Expr {
        let Some(value) = self.only_argument("plain", "item", args, span) else {
            return invalid(span);
        };
        let value = self.check(value, None);
        let item = value.ty.non_null();
        match item {
            Type::Invalid => return invalid(span),
            Type::Any | Type::Map(_) | Type::List(_) | Type::Union(_) | Type::Never => {}
            ref ty if ty.has_members() => {}
            other => {
                self.report(Diagnostic::new(
                    Code::TypeMismatch,
                    value.span,
                    format!("expected an item of DynamoDB, found {}", describe(&other)),
                ));
                return invalid(span);
            }
        }
        self.build(ExprKind::Plain(Box::new(value)), Type::Any, span)
    }

    /// `import("Export")`
    fn call_import(&mut self, args: &[ast::Arg], span: Span) -> Expr {
        let Some(name) = self.only_argument("import", "export", args, span) else {
            return invalid(span);
        };
        let name = self.check(name, Some(Wanted::value(&Type::String)));
        if name.ty == Type::Invalid {
            return invalid(span);
        }
        match name.as_literal() {
            Some(Literal::String(export)) => {
                let kind = ExprKind::Deploy(Deploy::Import(export.clone()));
                self.build(kind, Type::String, span)
            }
            _ => {
                self.report(
                    Diagnostic::new(
                        Code::KnownTooLate,
                        name.span,
                        "the name of an `import` must be known when it is compiled",
                    )
                    .help("write the export's name itself"),
                );
                invalid(span)
            }
        }
    }

    fn only_argument<'x>(
        &mut self,
        name: &str,
        param: &str,
        args: &'x [ast::Arg],
        span: Span,
    ) -> Option<&'x ast::Expr> {
        if !self.check_count(name, &[param], 1, false, args, span) {
            return None;
        }
        args.first().map(|arg| &arg.value)
    }

    /// The body of a `fn` with its arguments, each evaluated once.
    fn expand_fn(
        &mut self,
        function: &ast::Fn,
        name: &ast::Name,
        args: &[ast::Arg],
        span: Span,
    ) -> Expr {
        let types: Vec<Type> = function
            .params
            .iter()
            .map(|param| resolve_type(self.names, &param.ty))
            .collect();
        let formals: Vec<Formal<'_>> = function
            .params
            .iter()
            .zip(&types)
            .map(|(param, ty)| Formal {
                name: &param.name.node,
                ty,
                optional: param.default.is_some() || matches!(ty, Type::Optional(_)),
            })
            .collect();
        let what = format!("`{}`", function.name.node);
        let bound = arguments::bind(self, &what, name.span, function.name.span, &formals, args);
        let Some(bound) = bound else {
            return invalid(span);
        };
        if !self.names.enter_fn(&function.name.node) {
            self.report(
                Diagnostic::new(
                    Code::RecursiveFunction,
                    name.span,
                    format!("`{}` uses itself", function.name.node),
                )
                .also(function.name.span, "declared here")
                .help("a `fn` is written out where it is used, so it must come to an end"),
            );
            return invalid(span);
        }
        let known = std::mem::take(&mut self.known);
        let mut lets = Vec::new();
        let mut broken = false;
        for ((param, ty), value) in function.params.iter().zip(&types).zip(bound) {
            let value = match (value, &param.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.check(default, Some(Wanted::value(ty))),
                (None, None) => Expr::null(span),
            };
            broken |= value.ty == Type::Invalid;
            let declared = Expr {
                ty: if *ty == Type::Invalid {
                    Type::Any
                } else {
                    ty.clone()
                },
                ..value.clone()
            };
            if is_cheap(&value) {
                self.names.show(&param.name.node, declared);
                continue;
            }
            let local = self.names.fresh(&param.name.node);
            let read = Expr {
                kind: ExprKind::Local(local.clone()),
                ..declared
            };
            lets.push((local, value));
            self.names.show(&param.name.node, read);
        }
        let mut body = if broken {
            invalid(span)
        } else {
            self.check(&function.body, None)
        };
        for _ in &function.params {
            self.names.hide();
        }
        self.names.leave_fn();
        self.known = known;
        if body.ty == Type::Invalid {
            return invalid(span);
        }
        for (local, value) in lets.into_iter().rev() {
            let ty = body.ty.clone();
            let kind = ExprKind::Let {
                local,
                value: Box::new(value),
                body: Box::new(body),
            };
            body = self.build(kind, ty, span);
        }
        Expr { span, ..body }
    }

    /// The body with its parameters as values of their types.
    pub(super) fn check_fn_alone(&mut self, function: &ast::Fn) {
        if !self.names.enter_fn(&function.name.node) {
            return;
        }
        let mut shown = 0;
        for param in &function.params {
            let ty = resolve_type(self.names, &param.ty);
            if let Some(default) = &param.default {
                self.check(default, Some(Wanted::value(&ty)));
            }
            let local = self.names.fresh(&param.name.node);
            let value = Expr {
                kind: ExprKind::Local(local),
                ty,
                time: Time::Run,
                span: param.name.span,
            };
            self.names.show(&param.name.node, value);
            shown += 1;
        }
        self.check(&function.body, None);
        for _ in 0..shown {
            self.names.hide();
        }
        self.names.leave_fn();
    }
}

/// Whether a value may be written out at each use: reading it costs nothing and gives the same each time.
fn is_cheap(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Literal(Literal::List(_) | Literal::Object(_)) => value.time < Time::Run,
        ExprKind::Literal(_)
        | ExprKind::Variable(_)
        | ExprKind::Local(_)
        | ExprKind::Context(_)
        | ExprKind::Deploy(_) => true,
        ExprKind::Member { base, .. } => is_cheap(base),
        _ => value.time == Time::Deploy,
    }
}

fn is_sortable(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Any
            | Type::Never
            | Type::Int
            | Type::Number
            | Type::Duration
            | Type::Size
            | Type::String
            | Type::Enum(_)
            | Type::Timestamp
            | Type::Resource(_)
    )
}

fn signature(name: &str, params: &[&str], required: usize, variadic: bool) -> String {
    let mut text = params
        .iter()
        .enumerate()
        .map(|(at, param)| {
            if at < required {
                (*param).to_owned()
            } else {
                format!("{param}?")
            }
        })
        .collect::<Vec<_>>()
        .join(", ");
    if variadic {
        text.push_str(", …");
    }
    format!("{name}({text})")
}
