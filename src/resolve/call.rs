//! Calls: from a name or `service.operation` and its arguments to a Task's form, arguments and value.

use crate::ir::{self, PipelineId, ResourceId, Type};
use crate::resolve::names::Names;
use crate::source::Span;
use crate::syntax::ast;

/// What stands around a call.
#[derive(Clone, Debug)]
pub(super) struct CallSite {
    pub mode: ast::CallMode,
    /// The pipeline (or the distributed map's child) that makes the call is express.
    pub express: bool,
    /// The whole call, without its modifiers.
    pub span: Span,
}

/// A call without its modifiers, and the type of its stage's value.
pub(super) struct CheckedCall {
    pub call: ir::Call,
    pub ty: Type,
}

/// What a pipeline that is called must tell of itself.
pub(super) struct Callee<'a> {
    pub id: PipelineId,
    pub name: &'a str,
    pub express: bool,
    pub params: &'a [CalleeParam],
    pub returns: &'a Type,
    /// Where it is declared.
    pub span: Span,
}

pub(super) struct CalleeParam {
    pub name: String,
    pub ty: Type,
    /// It has a default.
    pub optional: bool,
}

/// `service.operation(Member: value)`. None when nothing can be said of the call; that has been reported.
pub(super) fn check_api(
    _names: &mut dyn Names,
    _site: &CallSite,
    _service: &ast::Name,
    _operation: &ast::Name,
    _args: &[ast::Arg],
) -> Option<CheckedCall> {
    None
}

/// A declared function by its name.
pub(super) fn check_function(
    _names: &mut dyn Names,
    _site: &CallSite,
    _id: ResourceId,
    _function: &ir::Resource,
    _args: &[ast::Arg],
) -> Option<CheckedCall> {
    None
}

/// A declared activity by its name.
pub(super) fn check_activity(
    _names: &mut dyn Names,
    _site: &CallSite,
    _id: ResourceId,
    _activity: &ir::Resource,
    _args: &[ast::Arg],
) -> Option<CheckedCall> {
    None
}

/// A pipeline of this file or a used one.
pub(super) fn check_pipeline(
    _names: &mut dyn Names,
    _site: &CallSite,
    _callee: &Callee<'_>,
    _args: &[ast::Arg],
) -> Option<CheckedCall> {
    None
}

/// `lambda("name", payload)`
pub(super) fn check_lambda(
    _names: &mut dyn Names,
    _site: &CallSite,
    _args: &[ast::Arg],
) -> Option<CheckedCall> {
    None
}

/// `http(connection, method, url, …)`
pub(super) fn check_http(
    _names: &mut dyn Names,
    _site: &CallSite,
    _args: &[ast::Arg],
) -> Option<CheckedCall> {
    None
}
