//! When an expression is known, and places that need an earlier time.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Binary, Element, Entry, Expr, ExprKind, Time, Type, Unary};
use crate::resolve::names::Names;

/// The time of an expression of this kind: that of its latest part.
pub(super) fn of(kind: &ExprKind) -> Time {
    let own = match kind {
        ExprKind::Variable(_) | ExprKind::Context(_) | ExprKind::Jsonata { .. } => Time::Run,
        ExprKind::Deploy(_) => Time::Deploy,
        ExprKind::Function { function, .. } if function.volatile => Time::Run,
        _ => Time::Build,
    };
    kind.children()
        .iter()
        .map(|child| child.time)
        .fold(own, Time::max)
}

/// Reports a value that is known later than `time`. `what` is the place that needs it: "a pipeline's `timeout`".
pub(in crate::resolve) fn require_time(
    names: &mut dyn Names,
    expr: &Expr,
    time: Time,
    what: &str,
) -> bool {
    if expr.ty == crate::ir::Type::Invalid {
        return false;
    }
    if expr.time > time {
        let cause = latest(expr).map_or(expr.span, |cause| cause.span);
        let within = cause.file == expr.span.file
            && expr.span.start <= cause.start
            && cause.end <= expr.span.end;
        let diagnostic = Diagnostic::new(
            Code::KnownTooLate,
            if within { cause } else { expr.span },
            format!("{what} must be known {}", when(time)),
        )
        .label(format!("known only {}", when(expr.time)));
        let diagnostic = if within {
            diagnostic
        } else {
            diagnostic.also(
                cause,
                format!("because this is known only {}", when(expr.time)),
            )
        };
        names.report(diagnostic.help(match time {
            Time::Build => "write the value itself",
            _ => "use a literal, a `param`, or what is made of them",
        }));
        return false;
    }
    if time == Time::Deploy
        && expr.time == Time::Deploy
        && let Some(part) = find_uncomputable(expr)
    {
        names.report(
                Diagnostic::new(
                    Code::KnownTooLate,
                    part.span,
                    format!("{what} must be known when the template is deployed, and a template cannot compute this"),
                )
                .help("a template can only join texts: make the computed value a `param`"),
            );
        return false;
    }
    true
}

fn when(time: Time) -> &'static str {
    match time {
        Time::Build => "when it is compiled",
        Time::Deploy => "when it is deployed",
        Time::Run => "when it runs",
    }
}

/// The smallest part that makes the expression as late as it is.
fn latest(expr: &Expr) -> Option<&Expr> {
    let late = expr
        .kind
        .children()
        .into_iter()
        .find(|child| child.time == expr.time);
    late.and_then(latest).or(Some(expr))
}

/// The first part that CloudFormation has no function for.
fn find_uncomputable(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Deploy(_) => None,
        ExprKind::Template(parts) => parts.iter().find_map(find_uncomputable),
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => find_undecidable(condition)
            .or_else(|| find_uncomputable(then))
            .or_else(|| find_uncomputable(otherwise)),
        ExprKind::List(elements) => elements.iter().find_map(|Element { spread, value }| {
            if *spread {
                Some(value)
            } else {
                find_uncomputable(value)
            }
        }),
        ExprKind::Object(entries) => entries.iter().find_map(|entry| match entry {
            Entry::Pair { value, .. } => find_uncomputable(value),
            Entry::Computed { key, .. } => Some(key),
            Entry::Spread(value) => Some(value),
        }),
        _ => Some(expr),
    }
}

/// The first part of a condition that CloudFormation's conditions cannot say.
fn find_undecidable(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Unary {
            op: Unary::Not,
            operand,
        } => find_undecidable(operand),
        ExprKind::Binary {
            op: Binary::And | Binary::Or,
            left,
            right,
        } => find_undecidable(left).or_else(|| find_undecidable(right)),
        ExprKind::Binary {
            op: Binary::Eq | Binary::Ne,
            left,
            right,
        } => find_uncomputable(left).or_else(|| find_uncomputable(right)),
        ExprKind::Binary {
            op: Binary::In,
            left,
            right,
        } => match &right.kind {
            ExprKind::Literal(_) | ExprKind::List(_) => {
                find_uncomputable(left).or_else(|| find_uncomputable(right))
            }
            _ => Some(right),
        },
        _ if expr.ty == Type::Bool => find_uncomputable(expr),
        _ => Some(expr),
    }
}
