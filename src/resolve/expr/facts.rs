//! What a test tells: the paths that are certainly not null once it has held.

use crate::ir::{Binary, Expr, ExprKind, Literal, Type, Unary, VariableId};

/// A chain of members from a name: what a test like `x.a != null` tells something of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::resolve) struct Path {
    pub root: PathRoot,
    pub members: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::resolve) enum PathRoot {
    Variable(VariableId),
    /// By the id of an `ir::Local`.
    Local(u32),
}

/// The path that an expression is, when it is one.
pub(super) fn path_of(expr: &Expr) -> Option<Path> {
    let root = |root| {
        Some(Path {
            root,
            members: Vec::new(),
        })
    };
    match &expr.kind {
        ExprKind::Variable(id) => root(PathRoot::Variable(*id)),
        ExprKind::Local(local) => root(PathRoot::Local(local.id)),
        ExprKind::Member { base, name } => {
            let mut path = path_of(base)?;
            path.members.push(name.clone());
            Some(path)
        }
        // One member in two spellings.
        ExprKind::Binary {
            op: Binary::Coalesce,
            left,
            right,
        } if is_same_place(left, right) => path_of(left),
        _ => None,
    }
}

/// Whether both were written as one member, which results have in either spelling.
fn is_same_place(left: &Expr, right: &Expr) -> bool {
    let is_member = |expr: &Expr| matches!(expr.kind, ExprKind::Member { .. });
    left.span == right.span && is_member(left) && is_member(right)
}

/// The paths that are certainly not null when the condition has the given truth.
pub(in crate::resolve) fn facts(condition: &Expr, truth: bool) -> Vec<Path> {
    let mut found = Vec::new();
    collect(condition, truth, &mut found);
    found
}

fn collect(condition: &Expr, truth: bool, found: &mut Vec<Path>) {
    match &condition.kind {
        ExprKind::Unary {
            op: Unary::Not,
            operand,
        } => collect(operand, !truth, found),
        ExprKind::Binary { op, left, right } => match (op, truth) {
            (Binary::And, true) | (Binary::Or, false) => {
                collect(left, truth, found);
                collect(right, truth, found);
            }
            // Whichever side decided: what both tell holds.
            (Binary::Or, true) | (Binary::And, false) => {
                let right = facts(right, truth);
                let left = facts(left, truth);
                found.extend(left.into_iter().filter(|path| right.contains(path)));
            }
            (Binary::Ne, true) | (Binary::Eq, false) => {
                if is_null(right) {
                    add(left, found);
                } else if is_null(left) {
                    add(right, found);
                }
            }
            (Binary::Eq, true) | (Binary::Ne, false) => {
                if !right.ty.is_nullable() {
                    add(left, found);
                }
                if !left.ty.is_nullable() {
                    add(right, found);
                }
            }
            (Binary::In, true) => {
                if let Type::List(element) = right.ty.expand()
                    && !element.is_nullable()
                {
                    add(left, found);
                }
            }
            (Binary::Coalesce, true) if is_same_place(left, right) => add(condition, found),
            // `flag ?? false` holds only when the flag does.
            (Binary::Coalesce, _) if right.as_literal() == Some(&Literal::Bool(!truth)) => {
                add(left, found);
                collect(left, truth, found);
            }
            _ => {}
        },
        ExprKind::Variable(_) | ExprKind::Local(_) | ExprKind::Member { .. } if truth => {
            add(condition, found);
        }
        _ => {}
    }
}

fn is_null(expr: &Expr) -> bool {
    expr.as_literal() == Some(&Literal::Null)
}

/// A path that is not null has no null on its way.
fn add(expr: &Expr, found: &mut Vec<Path>) {
    let Some(mut path) = path_of(expr) else {
        return;
    };
    loop {
        found.push(path.clone());
        if path.members.pop().is_none() {
            break;
        }
    }
}
