//! The plain stages: `let`, `set`, `try`, `wait`, `fail`, and the jumps.

use super::{Flow, Inner};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, Expr, StageKind, Time, Type, VariableKind};
use crate::resolve::expr;
use crate::resolve::scope::{BodyId, BodyKind, Named};
use crate::source::Span;
use crate::syntax::ast;

impl<'u> Flow<'_, 'u> {
    /// `let`: a variable, or a value that stands where it is used.
    pub(super) fn let_stage(&mut self, binding: &ast::Let) -> (Option<StageKind>, Type) {
        let value = expr::check(&mut self.scope, &binding.value, None);
        let frame = self.scope.binding_frame().unwrap_or(self.place.frame);
        let name = &binding.name;
        if let Some((of, body, Named::Variable(known))) = self.scope.find_variable(&name.node) {
            let variable = &self.scope.flow.variables[known.0 as usize];
            let (kind, first) = (variable.kind, variable.span);
            let taken = of == frame
                && body == self.body_id()
                && matches!(kind, VariableKind::Let | VariableKind::Parameter)
                && first != name.span
                && self.scope.flow.state.get(known).status == crate::resolve::state::Status::Bound;
            if taken {
                self.report(
                    Diagnostic::new(
                        Code::DuplicateName,
                        name.span,
                        format!("`{}` is bound already", name.node),
                    )
                    .also(first, "bound here first")
                    .help(format!(
                        "`set {} = …` changes it; another value needs another name",
                        name.node
                    )),
                );
                return (None, Type::Invalid);
            }
        }
        let ty = value.ty.clone();
        let changes = self.scope.frame(frame).set_names.contains(&name.node);
        if value.time < Time::Run && self.place.straight && !changes {
            self.scope
                .name(frame, &name.node, Named::Inline(value.clone()), name.span);
            return (Some(StageKind::Pass(value)), ty);
        }
        let variable = self.scope.declare(frame, name, VariableKind::Let);
        self.scope.bind(variable, ty.clone());
        let again = self
            .lets
            .insert(variable, name.span)
            .is_some_and(|first| first != name.span);
        self.scope.flow.variables[variable.0 as usize].value =
            (!changes && !again).then(|| value.clone());
        (Some(StageKind::Assign { variable, value }), ty)
    }

    pub(super) fn set_stage(&mut self, name: &ast::Name, value: &ast::Expr) -> Inner {
        let Some((frame, body, named)) = self.scope.find_variable(&name.node) else {
            self.report(
                Diagnostic::new(
                    Code::SetUnbound,
                    name.span,
                    format!("there is no `{}` to set", name.node),
                )
                .help(format!("`let {} = …` before it binds the name", name.node)),
            );
            // What reads the name would have read what is set.
            let frame = self.scope.binding_frame().unwrap_or(self.place.frame);
            let variable = self.scope.declare(frame, name, VariableKind::Result);
            self.scope.bind(variable, Type::Invalid);
            expr::check(&mut self.scope, value, None);
            return Inner::broken();
        };
        let value = expr::check(&mut self.scope, value, None);
        let ty = value.ty.clone();
        let own = Some(frame) == self.scope.binding_frame();
        let problem = match named {
            Named::Variable(variable) if own && body == self.body_id() => {
                if self.scope.flow.state.get(variable).status
                    == crate::resolve::state::Status::Unbound
                {
                    self.report(
                        Diagnostic::new(
                            Code::SetUnbound,
                            name.span,
                            format!("`{}` has no value yet that could be set", name.node),
                        )
                        .also(
                            self.scope.flow.variables[variable.0 as usize].span,
                            "bound here",
                        )
                        .help("bind it with `let` before the ways part"),
                    );
                    self.scope.bind(variable, Type::Invalid);
                    return Inner::broken();
                }
                self.scope.bind(variable, ty.clone());
                self.scope.flow.variables[variable.0 as usize].value = None;
                return Inner::of(ty, StageKind::Assign { variable, value });
            }
            Named::Variable(variable) => {
                let bound = self.scope.flow.variables[variable.0 as usize].span;
                let message = if body == self.body_id() {
                    format!(
                        "`{}` is not this step's own, so the step cannot set it",
                        name.node
                    )
                } else {
                    format!(
                        "`{}` is bound outside, and what is set in a map's body or a branch does not come out",
                        name.node
                    )
                };
                let diagnostic =
                    Diagnostic::new(Code::SetOuter, name.span, message).also(bound, "bound here");
                let inside = self.scope.body(self.body_id()).kind;
                if body == self.body_id() {
                    diagnostic.help("give it out as the step's value, and set it behind the use")
                } else if inside == BodyKind::Branch {
                    diagnostic.help("give it out as the branch's value: `x = parallel { a { … } … }`, then `set … = x.a`")
                } else {
                    diagnostic.help("give it out as the body's value and collect it: `xs = map(…) { … }`, then `set … = sum(xs)`")
                }
            }
            Named::Inline(_) => Diagnostic::new(
                Code::SetOuter,
                name.span,
                format!(
                    "`{}` is not this step's own, so the step cannot set it",
                    name.node
                ),
            )
            .help("give it out as the step's value, and set it behind the use"),
        };
        self.report(problem);
        Inner::broken()
    }

    pub(super) fn try_stage(&mut self, block: &'u ast::Block) -> Inner {
        let label = self.new_label();
        let (block, ty) = self.inner_block(&block.stages);
        Inner::of(ty, StageKind::Block { label, block })
    }

    pub(super) fn wait(&mut self, duration: &ast::Expr) -> Inner {
        let value = self.duration(duration, "a wait", 0);
        if self.express() {
            self.check_express_time(&value, "a wait");
        }
        Inner::of(Type::Null, StageKind::Wait(value))
    }

    pub(super) fn fail(
        &mut self,
        ast: &ast::Stage,
        error: Option<&ast::ErrorName>,
        cause: Option<&ast::Expr>,
    ) -> Inner {
        let fail = match error {
            Some(error) => {
                let cause =
                    cause.map(|cause| expr::check(&mut self.scope, cause, Some(&Type::String)));
                self.check_raised_name(error);
                ir::Fail::Raise {
                    error: error.name.clone(),
                    cause,
                }
            }
            None => match self.place.error {
                Some(error) => ir::Fail::Again(error),
                None => {
                    self.report(
                        Diagnostic::new(
                            Code::MisplacedFail,
                            ast.span,
                            "outside of a handler `fail` needs the error's name",
                        )
                        .help("`fail Load.Empty \"no rows\"` raises an error of your own; in a `catch`, `fail` alone raises the caught one again"),
                    );
                    self.scope.flow.state.reachable = false;
                    return Inner::broken();
                }
            },
        };
        self.scope.flow.state.reachable = false;
        Inner::of(Type::Never, StageKind::Fail(fail))
    }

    pub(super) fn return_stage(&mut self, ast: &ast::Stage, value: Option<&ast::Expr>) -> Inner {
        let value = match value {
            Some(value) => expr::check(&mut self.scope, value, None),
            None => Expr::null(ast.span),
        };
        let at = self.place.returns;
        let (label, body, mark, cleanups) = {
            let target = &self.returns[at];
            (target.label, target.body, target.mark, target.cleanups)
        };
        let left = self.check_jump("return", ast.span, body, cleanups);
        if left {
            let way = self.scope.flow.state.delta(mark);
            let target = &mut self.returns[at];
            target.ways.push(Some(way));
            target.ty = target.ty.join(&value.ty);
        }
        self.scope.flow.state.reachable = false;
        Inner::of(Type::Never, StageKind::Return { label, value })
    }

    /// Reports a jump that would have to leave a body or a `finally`.
    pub(super) fn check_jump(
        &mut self,
        word: &str,
        span: Span,
        body: BodyId,
        cleanups: usize,
    ) -> bool {
        if body != self.body_id() {
            self.report(
                Diagnostic::new(
                    Code::MisplacedJump,
                    span,
                    format!("`{word}` would have to leave a map's body or a branch, which run on their own"),
                )
                .help("give a value out, and decide behind the map or the parallel"),
            );
            return false;
        }
        if self.cleanups > cleanups {
            self.report(
                Diagnostic::new(
                    Code::FinallyLeft,
                    span,
                    format!("`{word}` may not leave a `finally`: what was on its way out goes on after it"),
                )
                .help("take it out; the `finally` ends by itself"),
            );
            return false;
        }
        true
    }

    pub(super) fn leave_loop(&mut self, span: Span, breaks: bool) -> Inner {
        let word = if breaks { "break" } else { "continue" };
        let Some(at) = self.place.looped else {
            self.report(
                Diagnostic::new(
                    Code::MisplacedJump,
                    span,
                    format!("`{word}` stands in no loop of this body"),
                )
                .help("it belongs into the block of a `loop` or a `while`"),
            );
            return Inner::broken();
        };
        let (label, body, mark, cleanups) = {
            let target = &self.loops[at];
            (target.label, target.body, target.mark, target.cleanups)
        };
        if self.check_jump(word, span, body, cleanups) && breaks {
            let way = self.scope.flow.state.delta(mark);
            self.loops[at].breaks.push(Some(way));
        }
        self.scope.flow.state.reachable = false;
        Inner::of(
            Type::Never,
            if breaks {
                StageKind::Break(label)
            } else {
                StageKind::Continue(label)
            },
        )
    }
}
