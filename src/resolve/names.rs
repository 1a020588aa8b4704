//! How expressions see the names around them: the seam between expressions and the flow that they stand in.

use crate::diagnostic::Diagnostic;
use crate::ir::{Expr, Local, ResourceId};
use crate::resolve::expr::Path;
use crate::source::Span;
use crate::syntax::ast;

/// What a bare name in an expression means.
pub(super) enum Found {
    /// A variable, an inlined `let`, a parameter, a resource, a comprehension's name: the expression that it stands for.
    Value(Expr),
    /// A name that has members only.
    Root(Root),
    /// A name of the author's that is no value here: a `fn`, a step, a type. The word says which.
    NoValue(&'static str),
    /// It may not be used here, and that has been reported: not certainly bound, out of scope.
    Reported,
    /// Nothing of this name; the names in scope, for a nearest one.
    Missing(Vec<String>),
}

/// Roots of dotted names that are no values themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Execution,
    Child,
    State,
    Machine,
    /// `task.token`
    Task,
    Aws,
    Stack,
    /// A trigger's `event`.
    Event,
}

/// What stands around an expression. Implemented by the flow's scopes, and by those of items and triggers.
pub(super) trait Names {
    /// Looks a name up. Shown names hide own names, own names hide roots.
    fn find(&mut self, name: &str, span: Span) -> Found;

    /// A `fn` of the program.
    fn find_fn(&self, name: &str) -> Option<ast::Fn>;

    /// All names of `fn`s, for a nearest name.
    fn fn_names(&self) -> Vec<String>;

    /// Whether a name is a step that is visible here.
    fn is_step(&self, _name: &str) -> bool {
        false
    }

    /// A named `type` of the program.
    fn find_type(&self, name: &str) -> Option<ast::TypeAlias>;

    fn type_names(&self) -> Vec<String>;

    /// A new id for a comprehension's name or an expanded `fn`'s argument.
    fn fresh(&mut self, name: &str) -> Local;

    /// Makes a name visible until [`Names::hide`].
    fn show(&mut self, name: &str, value: Expr);

    /// Takes back the newest name that was shown.
    fn hide(&mut self);

    /// Inside the body of an expanded `fn` only its shown arguments and the file's items are visible.
    /// False, and nothing entered, when the `fn` is being expanded already.
    fn enter_fn(&mut self, name: &str) -> bool;

    fn leave_fn(&mut self);

    /// Whether a test that stands around has shown that a path is not null.
    fn is_known(&self, _path: &Path) -> bool {
        false
    }

    /// Whether the template makes a resource, so that its attributes can be read.
    fn is_made(&self, _resource: ResourceId) -> bool {
        false
    }

    fn report(&mut self, diagnostic: Diagnostic);
}
