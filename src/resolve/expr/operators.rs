//! Operators and `if … then … else`.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Binary, Expr, ExprKind, Literal, Type, Unary};
use crate::resolve::expr::facts::facts;
use crate::resolve::expr::fit::{is_attribute_value, offer_default, offer_value};
use crate::resolve::expr::{Checker, Wanted, invalid, text};
use crate::resolve::types::{describe, enum_of};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, BinaryOp, UnaryOp};

mod addition;

/// What can be compared with what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    Bool,
    List,
    Object,
    /// Of `any`, or of several kinds: no comparison is known to be wrong.
    Unknown,
}

impl Checker<'_> {
    pub(super) fn infer_unary(
        &mut self,
        op: &Spanned<UnaryOp>,
        operand: &ast::Expr,
        span: Span,
    ) -> Expr {
        let (op, value, ty) = match op.node {
            UnaryOp::Not => {
                let value = self.check(operand, Some(Wanted::value(&Type::Bool)));
                (Unary::Not, value, Type::Bool)
            }
            UnaryOp::Negate => {
                let value = self.check(operand, None);
                let Some(value) = self.number_operand(value, "-") else {
                    return invalid(span);
                };
                let ty = number_type(&value.ty);
                (Unary::Negate, value, ty)
            }
        };
        if value.ty == Type::Invalid {
            return invalid(span);
        }
        let kind = ExprKind::Unary {
            op,
            operand: Box::new(value),
        };
        self.build(kind, ty, span)
    }

    pub(super) fn infer_binary(
        &mut self,
        op: &Spanned<BinaryOp>,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        wanted: Option<Wanted<'_>>,
    ) -> Expr {
        match op.node {
            BinaryOp::Coalesce => self.infer_coalesce(left, right, span, wanted),
            BinaryOp::And | BinaryOp::Or => {
                let bool = Some(Wanted::value(&Type::Bool));
                let is_and = op.node == BinaryOp::And;
                let left = self.check(left, bool);
                let right = self.knowing(facts(&left, is_and), |c| c.check(right, bool));
                let op = if is_and { Binary::And } else { Binary::Or };
                self.binary(op, left, right, Type::Bool, span)
            }
            BinaryOp::Add => self.infer_addition(left, right, span),
            BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                let left = self.check(left, None);
                let right = self.check(right, None);
                self.arithmetic(op, left, right, span)
            }
            _ => {
                let left = self.check(left, None);
                let listed = match &right.kind {
                    ast::ExprKind::List(elements) if op.node == BinaryOp::In => elements.as_slice(),
                    _ => &[],
                };
                let right = self.check(right, None);
                if !self.check_listed_values(&left, listed) {
                    return invalid(span);
                }
                let value = self.compare(op, left, right);
                Expr { span, ..value }
            }
        }
    }

    /// Checks something where these paths are not null.
    pub(super) fn knowing<T>(
        &mut self,
        paths: Vec<super::Path>,
        check: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.known.len();
        self.known.extend(paths);
        let value = check(self);
        self.known.truncate(before);
        value
    }

    fn binary(&mut self, op: Binary, left: Expr, right: Expr, ty: Type, span: Span) -> Expr {
        if left.ty == Type::Invalid || right.ty == Type::Invalid {
            return invalid(span);
        }
        let kind = ExprKind::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
        };
        self.build(kind, ty, span)
    }

    fn infer_coalesce(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        wanted: Option<Wanted<'_>>,
    ) -> Expr {
        let nullable = wanted.map(|wanted| Type::optional(wanted.ty.clone()));
        let left = match (wanted, &nullable) {
            (Some(wanted), Some(ty)) => self.check(
                left,
                Some(Wanted {
                    ty,
                    member: wanted.member,
                }),
            ),
            _ => self.check(left, None),
        };
        let right = self.check(right, wanted);
        let ty = left.ty.non_null().join(&right.ty.expand());
        self.binary(Binary::Coalesce, left, right, ty, span)
    }

    pub(super) fn infer_if(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Expr,
        otherwise: &ast::Expr,
        span: Span,
        wanted: Option<Wanted<'_>>,
    ) -> Expr {
        let condition = self.check(condition, Some(Wanted::value(&Type::Bool)));
        let then = self.knowing(facts(&condition, true), |c| c.check(then, wanted));
        let otherwise = self.knowing(facts(&condition, false), |c| c.check(otherwise, wanted));
        if [&condition, &then, &otherwise]
            .iter()
            .any(|part| part.ty == Type::Invalid)
        {
            return invalid(span);
        }
        let ty = then.ty.join(&otherwise.ty);
        let kind = ExprKind::If {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        self.build(kind, ty, span)
    }

    /// `== != < <= > >= in` of two checked values.
    pub(super) fn compare(
        &mut self,
        op: &Spanned<BinaryOp>,
        mut left: Expr,
        mut right: Expr,
    ) -> Expr {
        let span = if left.span.file == right.span.file {
            left.span.to(right.span)
        } else {
            right.span
        };
        if left.ty == Type::Invalid || right.ty == Type::Invalid {
            return invalid(span);
        }
        let fine = self.read_as_moment(&mut left, &right) && self.read_as_moment(&mut right, &left);
        if !fine {
            return invalid(span);
        }
        let (binary, fine) = match op.node {
            BinaryOp::Eq => (Binary::Eq, self.check_equality(&left, &right, span)),
            BinaryOp::Ne => (Binary::Ne, self.check_equality(&left, &right, span)),
            BinaryOp::In => (Binary::In, self.check_membership(&left, &right, span)),
            BinaryOp::Lt => (Binary::Lt, self.check_order("<", &left, &right)),
            BinaryOp::Le => (Binary::Le, self.check_order("<=", &left, &right)),
            BinaryOp::Gt => (Binary::Gt, self.check_order(">", &left, &right)),
            BinaryOp::Ge => (Binary::Ge, self.check_order(">=", &left, &right)),
            // No other operator compares; the grammar lets none come here.
            _ => return invalid(span),
        };
        if fine {
            self.binary(binary, left, right, Type::Bool, span)
        } else {
            invalid(span)
        }
    }

    /// A literal that stands beside a timestamp is one. False when it is not, which is reported.
    fn read_as_moment(&mut self, value: &mut Expr, beside: &Expr) -> bool {
        if beside.ty.non_null() != Type::Timestamp || value.ty == Type::Timestamp {
            return true;
        }
        let Some(Literal::String(text)) = value.as_literal() else {
            return true;
        };
        match text::check_timestamp(text, value.span) {
            Ok(()) => {
                value.ty = Type::Timestamp;
                true
            }
            Err(diagnostic) => {
                self.report(*diagnostic);
                false
            }
        }
    }

    fn check_equality(&mut self, left: &Expr, right: &Expr, span: Span) -> bool {
        if left.ty == Type::Null || right.ty == Type::Null {
            return true;
        }
        if !(self.check_plain(left) && self.check_plain(right)) {
            return false;
        }
        for (value, other) in [(left, right), (right, left)] {
            if !self.check_enum_value(value, other) {
                return false;
            }
        }
        let (a, b) = (class(&left.ty), class(&right.ty));
        if a != b && a != Class::Unknown && b != Class::Unknown {
            let diagnostic = Diagnostic::new(
                Code::ImpossibleComparison,
                span,
                format!(
                    "{} is never equal to {}",
                    describe(&left.ty.non_null()),
                    describe(&right.ty.non_null())
                ),
            )
            .also(left.span, describe(&left.ty))
            .also(right.span, describe(&right.ty));
            self.report(match (a, b) {
                (Class::Number, Class::Text) | (Class::Text, Class::Number) => diagnostic.help(
                    "`number(…)` reads a number from a string, `\"{…}\"` makes a string of a number",
                ),
                (Class::Bool, Class::Text) => compare_with_bool(diagnostic, right),
                (Class::Text, Class::Bool) => compare_with_bool(diagnostic, left),
                (Class::List, _) | (_, Class::List) => {
                    diagnostic.help("`in` tells whether a value is in a list")
                }
                _ => diagnostic,
            });
            return false;
        }
        if let (Type::Enum(a), Type::Enum(b)) = (left.ty.non_null(), right.ty.non_null())
            && !a.open
            && !b.open
            && !a.values.iter().any(|value| b.values.contains(value))
        {
            self.report(
                Diagnostic::new(
                    Code::ImpossibleComparison,
                    span,
                    "these are never equal: they have no value in common",
                )
                .also(left.span, describe(&left.ty))
                .also(right.span, describe(&right.ty)),
            );
            return false;
        }
        true
    }

    /// A literal beside a value that can never be it.
    fn check_enum_value(&mut self, value: &Expr, beside: &Expr) -> bool {
        let (Some(Literal::String(text)), Some(values)) = (value.as_literal(), enum_of(&beside.ty))
        else {
            return true;
        };
        if values.values.contains(text) {
            return true;
        }
        let diagnostic = Diagnostic::new(
            Code::ImpossibleComparison,
            value.span,
            format!("this is never equal: there is no value `\"{text}\"`"),
        )
        .also(beside.span, describe(&beside.ty));
        self.report(offer_value(diagnostic, text, &values.values, value.span));
        false
    }

    fn check_membership(&mut self, left: &Expr, right: &Expr, span: Span) -> bool {
        let element = match right.ty.expand() {
            Type::Any => return true,
            Type::List(element) => element,
            Type::Optional(inner) if matches!(inner.expand(), Type::List(_)) => {
                self.report(offer_default(
                    Diagnostic::new(
                        Code::MayBeNull,
                        right.span,
                        "`in` needs a list, and this may be null",
                    ),
                    right.span,
                    &inner,
                    true,
                ));
                return false;
            }
            other => {
                let diagnostic = Diagnostic::new(
                    Code::WrongOperand,
                    right.span,
                    format!("`in` needs a list, found {}", describe(&other)),
                );
                self.report(match class(&other) {
                    Class::Text => diagnostic.help("`contains(text, part)` looks into a string"),
                    Class::Object => {
                        diagnostic.help("`keys(…)` gives the list of an object's keys")
                    }
                    _ => diagnostic,
                });
                return false;
            }
        };
        if matches!(class(&left.ty), Class::List | Class::Object) {
            self.report(Diagnostic::new(
                Code::WrongOperand,
                left.span,
                format!(
                    "`in` looks for a string, a number, a bool or null, found {}",
                    describe(&left.ty)
                ),
            ));
            return false;
        }
        match &right.kind {
            ExprKind::Literal(Literal::List(items)) => {
                let texts = items.iter().filter_map(|item| match item {
                    Literal::String(text) => Some(text.as_str()),
                    _ => None,
                });
                self.check_listed_texts(left, texts, right.span)
                    && self.check_element_class(left, &element, right, span)
            }
            _ => {
                self.check_enum_value(
                    left,
                    &Expr {
                        ty: element.expand(),
                        ..right.clone()
                    },
                ) && self.check_element_class(left, &element, right, span)
            }
        }
    }

    /// Values of a list that is written out, each where it stands.
    fn check_listed_values(&mut self, left: &Expr, elements: &[ast::Element]) -> bool {
        let Some(values) = enum_of(&left.ty) else {
            return true;
        };
        let mut fine = true;
        for element in elements.iter().filter(|element| !element.spread) {
            let ast::ExprKind::String(parts) = &element.value.kind else {
                continue;
            };
            let [ast::StringPart::Text(text)] = parts.as_slice() else {
                continue;
            };
            if !values.values.contains(text) {
                fine = false;
                let place = element.value.span;
                let diagnostic = Diagnostic::new(
                    Code::ImpossibleComparison,
                    place,
                    format!("this is never found: there is no value `\"{text}\"`"),
                )
                .also(left.span, describe(&left.ty));
                self.report(offer_value(diagnostic, text, &values.values, place));
            }
        }
        fine
    }

    /// As [`Self::check_listed_values`], for a list that is written elsewhere.
    fn check_listed_texts<'t>(
        &mut self,
        left: &Expr,
        mut texts: impl Iterator<Item = &'t str>,
        place: Span,
    ) -> bool {
        let Some(values) = enum_of(&left.ty) else {
            return true;
        };
        let Some(wrong) = texts.find(|text| !values.values.iter().any(|value| value == text))
        else {
            return true;
        };
        let diagnostic = Diagnostic::new(
            Code::ImpossibleComparison,
            place,
            format!("`\"{wrong}\"` is in this list, and there is no such value"),
        )
        .also(left.span, describe(&left.ty));
        let near = crate::diagnostic::find_nearest(wrong, values.values.iter().map(String::as_str));
        self.report(match near {
            Some(near) => diagnostic.help(format!("there is `\"{near}\"`")),
            None => diagnostic,
        });
        false
    }

    fn check_element_class(
        &mut self,
        left: &Expr,
        element: &Type,
        right: &Expr,
        span: Span,
    ) -> bool {
        let (a, b) = (class(&left.ty), class(element));
        if a == b || a == Class::Unknown || b == Class::Unknown || left.ty == Type::Null {
            return true;
        }
        self.report(
            Diagnostic::new(
                Code::ImpossibleComparison,
                span,
                format!(
                    "{} is never in {}",
                    describe(&left.ty.non_null()),
                    describe(&right.ty)
                ),
            )
            .also(left.span, describe(&left.ty))
            .also(right.span, describe(&right.ty)),
        );
        false
    }

    fn check_order(&mut self, op: &str, left: &Expr, right: &Expr) -> bool {
        if !(self.check_plain(left) && self.check_plain(right)) {
            return false;
        }
        let (a, b) = (class(&left.ty), class(&right.ty));
        // What is of another kind is so whether it may be null or not.
        let apart = [a, b].contains(&Class::Text) && [a, b].contains(&Class::Number);
        let present = apart || self.check_present(left, op) && self.check_present(right, op);
        if !present {
            return false;
        }
        for (value, class) in [(left, a), (right, b)] {
            if !matches!(class, Class::Number | Class::Text | Class::Unknown) {
                self.report(Diagnostic::new(
                    Code::WrongOperand,
                    value.span,
                    format!(
                        "`{op}` orders numbers, strings and timestamps, found {}",
                        describe(&value.ty)
                    ),
                ));
                return false;
            }
        }
        if !self.check_unit(op, left, right) {
            return false;
        }
        let moments = [&left.ty, &right.ty].map(|ty| ty.expand() == Type::Timestamp);
        let mixed = a != b && a != Class::Unknown && b != Class::Unknown;
        let half = moments[0] != moments[1] && a == Class::Text && b == Class::Text;
        if mixed || half {
            let diagnostic = Diagnostic::new(
                Code::WrongOperand,
                right.span,
                format!(
                    "`{op}` orders values of one kind: expected {}, found {}",
                    describe(&left.ty),
                    describe(&right.ty)
                ),
            )
            .also(left.span, describe(&left.ty));
            self.report(if half {
                diagnostic.help("`fromMillis(toMillis(…))` reads a timestamp from a string")
            } else {
                let text = if a == Class::Text { left } else { right };
                diagnostic.help(match text.ty.non_null() {
                    Type::Timestamp => "`toMillis(…)` reads a number from a timestamp",
                    _ => number_of(&text.ty),
                })
            });
            return false;
        }
        true
    }

    /// DynamoDB's typed value, where a plain one is meant.
    fn check_plain(&mut self, value: &Expr) -> bool {
        let whole = match &value.ty {
            Type::Optional(inner) => inner.as_ref(),
            ty => ty,
        };
        let typed = matches!(whole, Type::Shape(shape) if is_attribute_value(*shape));
        if typed {
            self.report(
                Diagnostic::new(
                    Code::WrongOperand,
                    value.span,
                    "this is DynamoDB's value with its type, such as `{ N: \"3\" }`",
                )
                .help("`plain(…)` of the whole item gives plain values: `plain(read.Item).count`"),
            );
        }
        !typed
    }

    /// Reports an operand that may be null where a value is needed.
    fn check_present(&mut self, value: &Expr, op: &str) -> bool {
        match &value.ty {
            Type::Any => true,
            Type::Null => {
                self.report(Diagnostic::new(
                    Code::WrongOperand,
                    value.span,
                    format!("`{op}` needs a value, found null"),
                ));
                false
            }
            ty if ty.is_nullable() => {
                let without_null = ty.non_null();
                self.report(offer_default(
                    Diagnostic::new(
                        Code::MayBeNull,
                        value.span,
                        format!("`{op}` needs a value, and this may be null"),
                    ),
                    value.span,
                    &without_null,
                    true,
                ));
                false
            }
            _ => true,
        }
    }

    /// Seconds beside bytes.
    fn check_unit(&mut self, op: &str, left: &Expr, right: &Expr) -> bool {
        let mixed = matches!(
            (left.ty.expand(), right.ty.expand()),
            (Type::Duration, Type::Size) | (Type::Size, Type::Duration)
        );
        if mixed {
            self.report(
                Diagnostic::new(
                    Code::WrongOperand,
                    right.span,
                    format!("`{op}` stands between a duration and a size"),
                )
                .also(left.span, describe(&left.ty)),
            );
        }
        !mixed
    }

    /// The operand of arithmetic, when it is a number.
    fn number_operand(&mut self, value: Expr, op: &str) -> Option<Expr> {
        if value.ty == Type::Invalid || !self.check_plain(&value) {
            return None;
        }
        // A text is no number whether it may be null or not.
        if class(&value.ty) != Class::Text && !self.check_present(&value, op) {
            return None;
        }
        if matches!(class(&value.ty), Class::Number | Class::Unknown) {
            return Some(value);
        }
        let diagnostic = Diagnostic::new(
            Code::WrongOperand,
            value.span,
            format!("`{op}` needs numbers, found {}", describe(&value.ty)),
        );
        self.report(match class(&value.ty) {
            Class::Text => diagnostic.help(number_of(&value.ty)),
            _ => diagnostic,
        });
        None
    }

    fn arithmetic(&mut self, op: &Spanned<BinaryOp>, left: Expr, right: Expr, span: Span) -> Expr {
        let (binary, sign) = match op.node {
            BinaryOp::Add => (Binary::Add, "+"),
            BinaryOp::Sub => (Binary::Sub, "-"),
            BinaryOp::Mul => (Binary::Mul, "*"),
            BinaryOp::Div => (Binary::Div, "/"),
            _ => (Binary::Rem, "%"),
        };
        if left.ty == Type::Invalid || right.ty == Type::Invalid {
            return invalid(span);
        }
        let moment = |value: &Expr| value.ty.non_null() == Type::Timestamp;
        let additive = matches!(binary, Binary::Add | Binary::Sub);
        if additive && (moment(&left) || moment(&right)) {
            return self.moment_arithmetic(binary, sign, left, right, span);
        }
        let Some(left) = self.number_operand(left, sign) else {
            return invalid(span);
        };
        let Some(right) = self.number_operand(right, sign) else {
            return invalid(span);
        };
        if additive && !self.check_unit(sign, &left, &right) {
            return invalid(span);
        }
        let ty = result_type(binary, &left.ty.expand(), &right.ty.expand());
        self.binary(binary, left, right, ty, span)
    }

    /// `t + d`, `d + t`, `t - d`, `t - u`.
    fn moment_arithmetic(
        &mut self,
        op: Binary,
        sign: &str,
        mut left: Expr,
        mut right: Expr,
        span: Span,
    ) -> Expr {
        if !(self.check_present(&left, sign) && self.check_present(&right, sign)) {
            return invalid(span);
        }
        if op == Binary::Sub
            && !(self.read_as_moment(&mut left, &right) && self.read_as_moment(&mut right, &left))
        {
            return invalid(span);
        }
        let kinds = [&left, &right].map(|value| match value.ty.expand() {
            Type::Timestamp => Some(true),
            ty if class(&ty) == Class::Number => Some(false),
            _ => None,
        });
        let ty = match (op, kinds) {
            (Binary::Add, [Some(true), Some(false)] | [Some(false), Some(true)])
            | (Binary::Sub, [Some(true), Some(false)]) => Type::Timestamp,
            (Binary::Sub, [Some(true), Some(true)]) => Type::Number,
            _ => {
                let wrong = if kinds[0].is_none() { &left } else { &right };
                let diagnostic = Diagnostic::new(
                    Code::WrongOperand,
                    wrong.span,
                    format!(
                        "with a timestamp, `{sign}` takes {}, found {}",
                        if op == Binary::Add {
                            "a duration"
                        } else {
                            "a duration or a timestamp behind it"
                        },
                        describe(&wrong.ty)
                    ),
                );
                self.report(if class(&wrong.ty) == Class::Unknown {
                    diagnostic.help(
                        "`number(…)` says that it is seconds, `fromMillis(toMillis(…))` that it is a timestamp",
                    )
                } else {
                    diagnostic
                });
                return invalid(span);
            }
        };
        self.binary(op, left, right, ty, span)
    }
}

/// How a number is read from a string.
fn number_of(text: &Type) -> &'static str {
    if text.is_nullable() {
        "`number(… ?? \"0\")` reads a number from a string that may be null, such as a field of a CSV file"
    } else {
        "`number(…)` reads a number from a string, such as a field of a CSV file"
    }
}

fn class(ty: &Type) -> Class {
    match ty.non_null() {
        Type::Int | Type::Number | Type::Duration | Type::Size => Class::Number,
        Type::String | Type::Timestamp | Type::Enum(_) | Type::Resource(_) => Class::Text,
        Type::Bool => Class::Bool,
        Type::List(_) => Class::List,
        Type::Object(_) | Type::Map(_) | Type::Shape(_) => Class::Object,
        _ => Class::Unknown,
    }
}

fn number_type(ty: &Type) -> Type {
    match ty.expand() {
        ty @ (Type::Int | Type::Duration | Type::Size) => ty,
        _ => Type::Number,
    }
}

fn result_type(op: Binary, left: &Type, right: &Type) -> Type {
    let whole = |ty: &Type| matches!(ty, Type::Int | Type::Duration | Type::Size);
    if op == Binary::Div || !whole(left) || !whole(right) {
        return Type::Number;
    }
    match (op, left, right) {
        (_, Type::Int, Type::Int) => Type::Int,
        (Binary::Add | Binary::Sub, a, b) if a == b => a.clone(),
        (Binary::Rem, a, _) => a.clone(),
        (_, Type::Int, unit) | (_, unit, Type::Int) => unit.clone(),
        _ => Type::Int,
    }
}

/// `"true"` where `true` was meant.
fn compare_with_bool(diagnostic: Diagnostic, text: &Expr) -> Diagnostic {
    match text.as_literal() {
        Some(Literal::String(word)) if matches!(word.as_str(), "true" | "false") => {
            diagnostic.replace(text.span, word.as_str(), format!("write `{word}`"))
        }
        _ => diagnostic.help("a bool is `true` or `false`, without quotes"),
    }
}
