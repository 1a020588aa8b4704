//! Stages that call: an API, a function, an activity, a pipeline; with what stands behind a call.

use super::guard::Modifiers;
use super::{Flow, Inner};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Access, Expr, Literal, StageKind, Target, Time, Type};
use crate::resolve::call::{self, CallSite, Callee, CheckedCall};
use crate::resolve::expr::{self, require_time};
use crate::resolve::program::find_resource;
use crate::resolve::symbols::ItemRef;
use crate::source::Span;
use crate::syntax::ast::{self, CallMode};

/// What is called by a name.
#[derive(Clone, Copy)]
pub(super) enum Called {
    /// A declared function or activity.
    Resource(ItemRef),
    Pipeline(ItemRef),
    Lambda,
    Http,
}

impl<'u> Flow<'_, 'u> {
    pub(super) fn api_call(
        &mut self,
        ast: &'u ast::Stage,
        mode: CallMode,
        service: &ast::Name,
        operation: &ast::Name,
        args: &[ast::Arg],
    ) -> Inner {
        let site = self.site(ast, mode);
        let checked = self.in_call(mode, |flow| {
            call::check_api(&mut flow.scope, &site, service, operation, args)
        });
        self.finish_call(ast, checked)
    }

    /// The call as written, without its binding and modifiers.
    fn site(&self, ast: &ast::Stage, mode: CallMode) -> CallSite {
        let span = match &ast.kind {
            ast::StageKind::Call { call, .. } | ast::StageKind::Use { call, .. } => *call,
            _ => ast.span,
        };
        CallSite {
            mode,
            express: self.express(),
            span,
        }
    }

    /// `task.token` has a value in the arguments of an awaited call.
    fn in_call<T>(&mut self, mode: CallMode, check: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.scope.flow.awaited, mode == CallMode::Await);
        let checked = check(self);
        self.scope.flow.awaited = outer;
        checked
    }

    /// A function, an activity, a pipeline, `lambda` or `http`.
    pub(super) fn named_call(
        &mut self,
        ast: &'u ast::Stage,
        mode: CallMode,
        called: Called,
        args: &[ast::Arg],
    ) -> Inner {
        let site = self.site(ast, mode);
        let checked = match called {
            Called::Lambda => self.in_call(mode, |flow| {
                call::check_lambda(&mut flow.scope, &site, args)
            }),
            Called::Http => call::check_http(&mut self.scope, &site, args),
            Called::Resource(item) => {
                let found = self.scope.context.resource(item).and_then(|(id, kind)| {
                    Some((id, kind, self.scope.context.resource_value(id)?))
                });
                match found {
                    Some((id, kind, resource)) if kind.word == "function" => self
                        .in_call(mode, |flow| {
                            call::check_function(&mut flow.scope, &site, id, &resource, args)
                        }),
                    Some((id, _, resource)) => self.in_call(mode, |flow| {
                        call::check_activity(&mut flow.scope, &site, id, &resource, args)
                    }),
                    None => None,
                }
            }
            Called::Pipeline(item) => {
                let id = self.scope.context.pipeline_id(item);
                let signature = self.scope.context.signature(item);
                let returns = match mode {
                    CallMode::Complete => self.scope.context.returns(id),
                    _ => Type::Any,
                };
                let name = match &self.scope.context.symbols.item(item).kind {
                    ast::ItemKind::Pipeline(pipeline) => &pipeline.name,
                    _ => return Inner::broken(),
                };
                let callee = Callee {
                    id,
                    name: &name.node,
                    express: signature.express,
                    params: &signature.params,
                    returns: &returns,
                    span: name.span,
                };
                self.in_call(mode, |flow| {
                    call::check_pipeline(&mut flow.scope, &site, &callee, args)
                })
            }
        };
        self.finish_call(ast, checked)
    }

    /// Adds what stands behind the call.
    fn finish_call(&mut self, ast: &'u ast::Stage, checked: Option<CheckedCall>) -> Inner {
        // Sorting reports what stands twice, and has been done for the guard.
        let silent = self.scope.diagnostics.len();
        let modifiers = self.sort_modifiers(&ast.modifiers, ast.span);
        self.scope.diagnostics.truncate(silent);
        let timeout = self.call_time(modifiers.timeout, "a call's `timeout`");
        let heartbeat = self.call_time(modifiers.heartbeat, "a call's `heartbeat`");
        self.check_heartbeat(timeout.as_ref(), heartbeat.as_ref());
        let credentials = modifiers
            .credentials
            .and_then(|(role, _)| self.credentials(role));
        let within = modifiers.within.map(|(pattern, _)| {
            let value = expr::check(&mut self.scope, pattern, None);
            self.pattern(value)
        });
        let accesses = self.accesses(&modifiers);
        let returns = modifiers
            .returns
            .map(|(ty, place)| (self.resolve_type(ty), place));
        let Some(CheckedCall { mut call, mut ty }) = checked else {
            return match returns {
                Some((returns, _)) => Inner {
                    ty: returns,
                    ..Inner::broken()
                },
                None => Inner::broken(),
            };
        };
        if let Some((returns, span)) = returns {
            if ty == Type::Any {
                ty = returns;
            } else {
                self.report(
                    Diagnostic::new(
                        Code::MisplacedReturns,
                        span,
                        "the result's type is known, and `returns` cannot change it",
                    )
                    .replace(span, "", "leave it out")
                    .offered(),
                );
            }
        }
        if self.express() {
            for time in timeout.iter().chain(&heartbeat) {
                self.check_express_time(time, "a call's time");
            }
        }
        if let Target::Activity(_) = call.target
            && let Some((_, span)) = modifiers.credentials
        {
            self.report(Diagnostic::new(
                Code::MisplacedModifier,
                span,
                "an activity is not called under another role",
            ));
        }
        if let Some((_, span)) = modifiers.heartbeat
            && !call::can_send_heartbeats(&call)
        {
            self.report(
                Diagnostic::new(
                    Code::MisplacedModifier,
                    span,
                    "nobody sends a heartbeat here: the call gives no task token away",
                )
                .help("`timeout` ends a call that takes too long; `heartbeat` is for `await` and for activities"),
            );
        }
        call.result = ty.clone();
        call.timeout = timeout.or_else(|| self.defaults.timeout.clone());
        call.heartbeat = heartbeat;
        call.credentials = credentials;
        call.within = within;
        call.accesses = accesses;
        let pipeline = matches!(call.target, Target::Pipeline(_));
        let default_retry = if pipeline {
            None
        } else {
            self.default_retry(call.form)
        };
        let form = call.form;
        self.top_raises().call(form, pipeline);
        Inner {
            default_retry,
            ..Inner::of(ty, StageKind::Call(Box::new(call)))
        }
    }

    fn call_time(&mut self, time: Option<(&ast::Expr, Span)>, what: &str) -> Option<Expr> {
        let (written, _) = time?;
        let value = self.duration(written, what, 1);
        (value.ty != Type::Invalid).then_some(value)
    }

    fn check_heartbeat(&mut self, timeout: Option<&Expr>, heartbeat: Option<&Expr>) {
        let seconds = |value: Option<&Expr>| match value?.as_literal()? {
            Literal::Number(number) => number.as_f64(),
            _ => None,
        };
        if let (Some(timeout_seconds), Some(heartbeat_seconds), Some(value)) =
            (seconds(timeout), seconds(heartbeat), heartbeat)
            && heartbeat_seconds >= timeout_seconds
        {
            let mut diagnostic = Diagnostic::new(
                Code::HeartbeatNotShorter,
                value.span,
                "the heartbeat must be shorter than the timeout",
            );
            if let Some(timeout) = timeout {
                diagnostic = diagnostic.also(timeout.span, "the timeout");
            }
            self.report(
                diagnostic.help("a heartbeat that is missed ends the call before its timeout does"),
            );
        }
    }

    /// A role's ARN: of a declared role, or a string.
    fn credentials(&mut self, written: &ast::Expr) -> Option<Expr> {
        let value = expr::check(&mut self.scope, written, None);
        let value = expr::resource_arn(&mut self.scope, value, "role")?;
        (value.ty != Type::Invalid).then_some(value)
    }

    /// A pattern that bounds a name: a string, or a resource that stands for its name.
    pub(super) fn pattern(&mut self, value: Expr) -> Expr {
        if matches!(value.ty, Type::Resource(_)) {
            return expr::resource_name(&mut self.scope, value);
        }
        let value = self.fit(value, &Type::String);
        require_time(&mut self.scope, &value, Time::Deploy, "a bound");
        value
    }

    /// What `reads` and `writes` name.
    pub(super) fn accesses(&mut self, modifiers: &Modifiers<'u>) -> Vec<Access> {
        let mut accesses = Vec::new();
        for clause in &modifiers.accesses {
            for target in &clause.targets {
                let path = target
                    .path
                    .as_ref()
                    .map(|path| expr::check(&mut self.scope, path, Some(&Type::String)));
                if let Some((resource, _)) = find_resource(&mut self.scope, &target.resource) {
                    accesses.push(Access {
                        writes: clause.mode == ast::AccessMode::Writes,
                        resource,
                        path,
                        span: target.span,
                    });
                }
            }
        }
        accesses
    }

    /// `start` or `await` before what is no call.
    pub(super) fn check_no_mode(&mut self, mode: CallMode, name: &ast::Name, what: &str) {
        let word = match mode {
            CallMode::Complete => return,
            CallMode::Start => "start",
            CallMode::Await => "await",
        };
        self.report(
            Diagnostic::new(
                Code::MisplacedStart,
                name.span,
                format!(
                    "`{word}` cannot stand before `{}`, which is {what}",
                    name.node
                ),
            )
            .help("put it before the call itself, in the step"),
        );
    }
}
