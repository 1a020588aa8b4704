//! What types mean to each other: which fits where, what two have in common, what a member has, how people call them.
//!
//! A type of an API is looked into one level at a time, so that recursive ones do no harm.

use crate::ir::Type;
use crate::resolve::names::Names;
use crate::syntax::ast;

/// The meaning of a written type; `Invalid` where it was reported.
pub(super) fn resolve_type(_names: &mut dyn Names, _ty: &ast::Type) -> Type {
    Type::Any
}

/// Whether every value of `from` may stand where `to` is wanted.
pub(super) fn fits(_from: &Type, _to: &Type) -> bool {
    true
}

/// The type that has the values of both.
pub(super) fn join(left: &Type, right: &Type) -> Type {
    if left == right {
        left.clone()
    } else {
        Type::Any
    }
}

/// In people's words: `a list of strings`, `string or null`.
pub(super) fn describe(_ty: &Type) -> String {
    "any".to_owned()
}

/// The type of a member, when it has one. None: there is no such member.
pub(super) fn member(_ty: &Type, _name: &str) -> Option<Type> {
    Some(Type::Any)
}

/// The type of a list's elements; None when it is no list. Of `any`: `any`.
pub(super) fn element(_ty: &Type) -> Option<Type> {
    Some(Type::Any)
}
