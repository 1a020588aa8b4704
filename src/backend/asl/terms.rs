//! Building expressions, and questions about them that decide where one may be evaluated: how often, how late, and
//! whether it can fail.

use crate::ir::fold::{reads, simplify};
use crate::ir::types::Type;
use crate::ir::{
    Binary, Context, Element, Entry, Expr, ExprKind, Literal, Time, Unary, VariableId,
};
use crate::source::Span;

/// Made expressions stand where the stage stands that they were made for.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub span: Span,
}

impl Terms {
    fn run(self, kind: ExprKind, ty: Type) -> Expr {
        Expr {
            kind,
            ty,
            time: Time::Run,
            span: self.span,
        }
    }

    pub fn variable(self, id: VariableId, ty: Type) -> Expr {
        self.run(ExprKind::Variable(id), ty)
    }

    pub fn null(self) -> Expr {
        Expr::null(self.span)
    }

    pub fn int(self, value: u64) -> Expr {
        Expr::literal(Literal::Number(value.into()), Type::Int, self.span)
    }

    pub fn string(self, value: &str) -> Expr {
        Expr::literal(Literal::String(value.to_owned()), Type::String, self.span)
    }

    pub fn member(self, base: Expr, name: &str, ty: Type) -> Expr {
        let kind = ExprKind::Member {
            base: Box::new(base),
            name: name.to_owned(),
        };
        self.run(kind, ty)
    }

    pub fn object(self, pairs: Vec<(&str, Expr)>) -> Expr {
        let ty = Type::object(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.ty.clone(), false)),
        );
        let entries = pairs
            .into_iter()
            .map(|(key, value)| Entry::Pair {
                key: key.to_owned(),
                value,
            })
            .collect();
        self.run(ExprKind::Object(entries), ty)
    }

    pub fn binary(self, op: Binary, left: Expr, right: Expr, ty: Type) -> Expr {
        let kind = ExprKind::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
        };
        self.run(kind, ty)
    }

    pub fn eq(self, left: Expr, right: Expr) -> Expr {
        self.binary(Binary::Eq, left, right, Type::Bool)
    }

    pub fn is_null(self, value: Expr) -> Expr {
        self.eq(value, self.null())
    }

    pub fn is_not_null(self, value: Expr) -> Expr {
        self.binary(Binary::Ne, value, self.null(), Type::Bool)
    }

    pub fn or(self, conditions: Vec<Expr>) -> Option<Expr> {
        conditions
            .into_iter()
            .reduce(|left, right| self.binary(Binary::Or, left, right, Type::Bool))
    }

    pub fn choose(self, condition: Expr, then: Expr, otherwise: Expr, ty: Type) -> Expr {
        let kind = ExprKind::If {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        self.run(kind, ty)
    }

    pub fn strings(self, values: &[String]) -> Expr {
        let kind = ExprKind::List(
            values
                .iter()
                .map(|value| Element {
                    spread: false,
                    value: self.string(value),
                })
                .collect(),
        );
        self.run(kind, Type::list(Type::String))
    }

    pub fn text(self, value: Expr) -> Expr {
        self.run(ExprKind::Template(vec![value]), Type::String)
    }

    /// JSONata as it stands; `$name` is the value of that name.
    pub fn jsonata(self, text: String, names: Vec<(&str, Expr)>, ty: Type) -> Expr {
        let names = names
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        self.run(ExprKind::Jsonata { text, names }, ty)
    }
}

/// Calls `visit` for each part, outermost first.
pub(super) fn walk(expr: &Expr, visit: &mut impl FnMut(&Expr)) {
    visit(expr);
    for child in expr.children() {
        walk(child, visit);
    }
}

pub(super) fn walk_mut(expr: &mut Expr, visit: &mut impl FnMut(&mut Expr)) {
    visit(expr);
    for child in expr.children_mut() {
        walk_mut(child, visit);
    }
}

/// The variables that it reads, each as often as it does.
pub(super) fn variables(expr: &Expr) -> Vec<VariableId> {
    let mut found = Vec::new();
    walk(expr, &mut |part| {
        if let ExprKind::Variable(id) = part.kind {
            found.push(id);
        }
    });
    found
}

/// Puts values in the place of variables.
pub(super) fn substitute(expr: &mut Expr, value_of: &impl Fn(VariableId) -> Option<Expr>) {
    if let ExprKind::Variable(id) = expr.kind {
        if let Some(value) = value_of(id) {
            *expr = value;
        }
        return;
    }
    for child in expr.children_mut() {
        substitute(child, value_of);
    }
    fold(expr);
}

/// What substituting makes known: `{ a: x }.a` is `x`, numbers are added, strings joined.
fn fold(expr: &mut Expr) {
    match &mut expr.kind {
        ExprKind::Member { base, name } => {
            let ExprKind::Object(entries) = &mut base.kind else {
                return;
            };
            // What is left out must not have been able to fail.
            let only_pairs = entries.iter().all(|entry| match entry {
                Entry::Pair { key, value } => key == name || !can_fail(value),
                _ => false,
            });
            let found = entries.iter_mut().rev().find_map(|entry| match entry {
                Entry::Pair { key, value } if key == name => Some(value),
                _ => None,
            });
            if only_pairs && let Some(value) = found {
                *expr = std::mem::replace(value, Expr::null(value.span));
            }
        }
        ExprKind::Binary {
            op: Binary::Add,
            left,
            right,
        } => {
            if let (Some(Literal::Number(left)), Some(Literal::Number(right))) =
                (left.as_literal(), right.as_literal())
                && let Some(sum) = left
                    .as_i64()
                    .zip(right.as_i64())
                    .and_then(|(left, right)| left.checked_add(right))
            {
                let sum = Literal::Number(sum.into());
                *expr = Expr::literal(sum, expr.ty.clone(), expr.span);
            }
        }
        ExprKind::Template(parts) => {
            let text: Option<String> = parts
                .iter()
                .map(|part| match part.as_literal() {
                    Some(Literal::String(text)) => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            if let Some(text) = text {
                *expr = Expr::literal(Literal::String(text), Type::String, expr.span);
                return;
            }
        }
        _ => {}
    }
    let whole = std::mem::replace(expr, Expr::null(expr.span));
    *expr = simplify(whole);
}

/// Its value depends on when or where it is evaluated.
pub(super) fn is_volatile(expr: &Expr) -> bool {
    let mut volatile = false;
    walk(expr, &mut |part| match &part.kind {
        ExprKind::Function { function, .. } => volatile |= function.volatile,
        ExprKind::Context(context) => {
            volatile |= matches!(
                context,
                Context::StateName
                    | Context::StateEntered
                    | Context::StateRetryCount
                    | Context::TaskToken
            );
        }
        ExprKind::Jsonata { text, .. } => {
            volatile |= ["$now", "$millis", "$random", "$uuid"]
                .iter()
                .any(|name| text.contains(name));
        }
        _ => {}
    });
    volatile
}

/// Short, and evaluated in no time: may stand more than once.
pub(super) fn is_cheap(expr: &Expr) -> bool {
    let mut size = 0;
    let mut plain = true;
    walk(expr, &mut |part| {
        size += 1;
        plain &= match &part.kind {
            ExprKind::ListComprehension { .. }
            | ExprKind::ObjectComprehension { .. }
            | ExprKind::Sort { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Attributes(_)
            | ExprKind::Plain(_)
            | ExprKind::Let { .. }
            | ExprKind::Jsonata { .. } => false,
            ExprKind::Function { args, .. } => args.iter().all(|arg| is_scalar(&arg.ty)),
            _ => true,
        };
    });
    plain && size <= 12
}

fn is_scalar(ty: &Type) -> bool {
    match ty {
        Type::Null
        | Type::Bool
        | Type::Int
        | Type::Number
        | Type::String
        | Type::Timestamp
        | Type::Duration
        | Type::Size
        | Type::Enum(_)
        | Type::Regex
        | Type::Resource(_) => true,
        Type::Optional(inner) => is_scalar(inner),
        Type::Shape(shape) => {
            use crate::catalog::shape::ShapeKind;
            matches!(
                shape.kind(),
                ShapeKind::String { .. }
                    | ShapeKind::Integer { .. }
                    | ShapeKind::Number { .. }
                    | ShapeKind::Boolean
                    | ShapeKind::Timestamp
            )
        }
        _ => false,
    }
}

/// Functions that refuse some arguments of the right type.
const PARTIAL: &[&str] = &[
    "assert",
    "base64decode",
    "decodeUrl",
    "decodeUrlComponent",
    "error",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "number",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "range",
    "single",
    "sqrt",
    "toMillis",
];

/// Whether evaluating it can end in States.QueryEvaluationError, given that values have their types.
pub(super) fn can_fail(expr: &Expr) -> bool {
    let mut fails = false;
    walk(expr, &mut |part| {
        fails |= match &part.kind {
            // What lowering writes itself has a type, and is safe where it raises nothing on purpose.
            ExprKind::Jsonata { text, .. } => part.ty == Type::Any || text.contains("$error("),
            ExprKind::Unary { op, operand } => *op == Unary::Negate && is_unknown(&operand.ty),
            ExprKind::Binary { op, left, right } => match op {
                Binary::Div | Binary::Rem => {
                    is_unknown(&left.ty) || is_unknown(&right.ty) || !is_nonzero(right)
                }
                Binary::Add
                | Binary::Sub
                | Binary::Mul
                | Binary::Lt
                | Binary::Le
                | Binary::Gt
                | Binary::Ge => is_unknown(&left.ty) || is_unknown(&right.ty),
                Binary::And | Binary::Or => is_unknown(&left.ty) || is_unknown(&right.ty),
                Binary::Coalesce | Binary::Eq | Binary::Ne | Binary::In => false,
            },
            ExprKind::If { condition, .. } => is_unknown(&condition.ty),
            ExprKind::ListComprehension { condition, .. } => {
                condition.as_ref().is_some_and(|c| is_unknown(&c.ty))
            }
            ExprKind::ObjectComprehension { condition, key, .. } => {
                condition.as_ref().is_some_and(|c| is_unknown(&c.ty)) || is_unknown(&key.ty)
            }
            ExprKind::Sort { key, .. } => is_unknown(&key.ty),
            ExprKind::Function { function, args } => {
                PARTIAL.contains(&function.name)
                    || args
                        .iter()
                        .any(|arg| is_unknown(&arg.ty) && function.name != "string")
            }
            ExprKind::Object(entries) => entries.iter().any(|entry| match entry {
                Entry::Pair { .. } => false,
                Entry::Computed { key, .. } => is_unknown(&key.ty),
                Entry::Spread(value) => is_unknown(&value.ty),
            }),
            _ => false,
        };
    });
    fails
}

/// Only the run can tell what it is.
pub(super) fn is_unknown(ty: &Type) -> bool {
    match ty {
        Type::Any | Type::Union(_) => true,
        Type::Optional(inner) => is_unknown(inner),
        Type::Shape(shape) => matches!(shape.kind(), crate::catalog::shape::ShapeKind::Json),
        _ => false,
    }
}

fn is_nonzero(expr: &Expr) -> bool {
    match expr.as_literal() {
        Some(Literal::Number(number)) => number.as_f64().is_some_and(|value| value != 0.0),
        _ => false,
    }
}

/// Whether evaluating it reads the variable, whatever the values are, and once.
pub(super) fn reads_once(expr: &Expr, variable: VariableId) -> bool {
    reads(
        expr,
        &|part| matches!(part.kind, ExprKind::Variable(id) if id == variable),
    ) == Some(1)
}

/// How much text it is, roughly.
pub(super) fn size(expr: &Expr) -> usize {
    let mut size = 0;
    walk(expr, &mut |_| size += 1);
    size
}
