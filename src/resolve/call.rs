//! Calls: from `service.operation` or a name, and its arguments, to a Task's form, arguments and value.
//!
//! What stands behind a call (timeouts, bounds, handlers) is the flow's.

mod named;

use crate::catalog::shape::{Shape, ShapeKind};
use crate::catalog::{self, Form, Operation, Pattern, Service};
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{self, Arguments, Context, Expr, ExprKind, PipelineId, Target, Type};
use crate::resolve::arguments;
use crate::resolve::expr::Checker;
use crate::resolve::names::Names;
use crate::resolve::types::{either, there_are};
use crate::source::Span;
use crate::syntax::ast::{self, CallMode};

pub(super) use named::{check_activity, check_function, check_http, check_lambda, check_pipeline};

/// Stands for the activities in the catalog; nobody writes it.
const ACTIVITY: &str = "activity";

/// What stands around a call.
#[derive(Clone, Debug)]
pub(super) struct CallSite {
    pub mode: CallMode,
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
    names: &mut dyn Names,
    site: &CallSite,
    service: &ast::Name,
    operation: &ast::Name,
    args: &[ast::Arg],
) -> Option<CheckedCall> {
    let checker = &mut Checker::new(names);
    let found = find_operation(checker, service, operation)
        .and_then(|operation| Some((operation, choose_form(checker, site, operation)?)));
    let Some((operation, form)) = found else {
        arguments::check_all(checker, args);
        return None;
    };
    let what = call_name(operation);
    let members = arguments::check_members(
        checker,
        args,
        form.input,
        form.requirements(),
        &what,
        site.span,
    )?;
    let call = api_call(site, operation, form, Target::Api, members);
    check_token(checker, site, &call)?;
    Some(CheckedCall {
        ty: result_type(form.result),
        call,
    })
}

/// How messages call an operation.
fn call_name(operation: &Operation) -> String {
    if operation.service == "http" {
        return "`http`".to_owned();
    }
    format!("`{}.{}`", operation.service, operation.name)
}

fn api_call(
    site: &CallSite,
    operation: &'static Operation,
    form: &'static Form,
    target: Target,
    members: Vec<(String, Expr)>,
) -> ir::Call {
    ir::Call {
        operation,
        form,
        target,
        arguments: Arguments::Members(members),
        value_path: Vec::new(),
        parse: false,
        result: Type::Any,
        timeout: None,
        heartbeat: None,
        credentials: None,
        within: None,
        accesses: Vec::new(),
        span: site.span,
    }
}

/// The type of a whole result.
fn result_type(shape: Shape) -> Type {
    match shape.kind() {
        ShapeKind::Json => Type::Any,
        _ => Type::Shape(shape).expand(),
    }
}

fn find_operation(
    checker: &mut Checker<'_>,
    service: &ast::Name,
    operation: &ast::Name,
) -> Option<&'static Operation> {
    let known = (service.node != ACTIVITY)
        .then(|| catalog::find_service(&service.node))
        .flatten();
    let Some(found) = known else {
        report_unknown_service(checker, service);
        return None;
    };
    let Some(known) = found.find_operation(&operation.node) else {
        report_unknown_operation(checker, found, service, operation);
        return None;
    };
    if let Some(reason) = &known.refused {
        checker.report(Diagnostic::new(
            Code::RefusedOperation,
            operation.span,
            format!(
                "Step Functions cannot call `{}.{}`: {reason}",
                service.node, operation.node
            ),
        ));
        return None;
    }
    Some(known)
}

fn report_unknown_service(checker: &mut Checker<'_>, service: &ast::Name) {
    let diagnostic = Diagnostic::new(
        Code::UnknownService,
        service.span,
        format!("there is no service `{}`", service.node),
    );
    // What people call a service is not always what its SDK calls it.
    let meant = catalog::find_meant_service(&service.node).filter(|name| *name != ACTIVITY);
    let near = find_nearest(
        &service.node,
        catalog::service_names().filter(|name| *name != ACTIVITY),
    );
    checker.report(match (meant, near) {
        (Some(meant), _) => {
            diagnostic.replace(service.span, meant, format!("write `{meant}`"))
        }
        (None, Some(near)) => diagnostic
            .nearest(service.span, &service.node, near),
        (None, None) => diagnostic.help(
            "services have the names of Step Functions' SDK integrations: `glue`, `s3`, `sfn`, `eventbridge`",
        ),
    });
}

fn report_unknown_operation(
    checker: &mut Checker<'_>,
    found: &'static Service,
    service: &ast::Name,
    operation: &ast::Name,
) {
    let diagnostic = Diagnostic::new(
        Code::UnknownOperation,
        operation.span,
        format!("`{}` has no operation `{}`", service.node, operation.node),
    );
    if let Some(near) = find_nearest(&operation.node, found.operation_names()) {
        checker.report(diagnostic.nearest(operation.span, &operation.node, near));
        return;
    }
    let others: Vec<String> = catalog::service_names()
        .filter(|name| *name != ACTIVITY)
        .filter_map(catalog::find_service)
        .filter(|other| other.operation_names().any(|name| name == operation.node))
        .map(|other| format!("`{}`", other.name))
        .collect();
    checker.report(match others.as_slice() {
        [] => match alike(&operation.node, found) {
            alike if alike.is_empty() => diagnostic,
            alike => diagnostic.help(there_are(&alike)),
        },
        [only] => diagnostic.help(format!("it is an operation of {only}")),
        [first @ .., _] if first.len() < 4 => {
            let mut others = others;
            others.dedup();
            diagnostic.help(format!("it is an operation of {}", either(&others)))
        }
        _ => diagnostic,
    });
}

/// Operations on the same thing: `startCrawler` and others for `runCrawler`.
fn alike(operation: &str, service: &Service) -> Vec<String> {
    let thing = |name: &str| {
        let at = name.find(char::is_uppercase)?;
        Some(name[at..].to_owned())
    };
    let Some(wanted) = thing(operation) else {
        return Vec::new();
    };
    service
        .operation_names()
        .filter(|name| thing(name).is_some_and(|of| of == wanted))
        .map(|name| format!("`{name}`"))
        .collect()
}

/// The form of an operation for the way in which it is called.
fn choose_form(
    checker: &mut Checker<'_>,
    site: &CallSite,
    operation: &'static Operation,
) -> Option<&'static Form> {
    let what = call_name(operation);
    let plain = operation.form(Pattern::RequestResponse);
    let complete = operation.complete();
    let wanted = match site.mode {
        CallMode::Complete => complete,
        CallMode::Start => plain,
        CallMode::Await => operation.form(Pattern::Callback),
    };
    let Some(form) = wanted else {
        checker.report(not_offered(site, operation));
        return None;
    };
    if site.express && form.pattern != Pattern::RequestResponse {
        let does = match form.pattern {
            Pattern::Callback => "wait for a task token",
            _ => "wait for the end of a job",
        };
        let diagnostic = Diagnostic::new(
            Code::NotInExpress,
            site.span,
            format!("an express pipeline cannot {does}, as {what} does here"),
        );
        checker.report(if site.mode == CallMode::Complete && plain.is_some() {
            diagnostic.help(format!(
                "`start {}.{}(…)` goes on at once; to wait, call it in a `mode standard` pipeline and `start` that one",
                operation.service, operation.name
            ))
        } else {
            diagnostic.help("move it into a `mode standard` pipeline, and `start` that one from here")
        });
        return None;
    }
    Some(form)
}

/// A way of calling that an operation does not have.
fn not_offered(site: &CallSite, operation: &Operation) -> Diagnostic {
    let what = call_name(operation);
    let offered: Vec<String> = operation
        .forms
        .iter()
        .map(|form| match form.pattern {
            Pattern::RequestResponse if operation.form(Pattern::Sync).is_some() => {
                "`start`".to_owned()
            }
            Pattern::RequestResponse | Pattern::Sync => "a plain call".to_owned(),
            Pattern::Callback => "`await`".to_owned(),
        })
        .collect();
    let mut words: Vec<String> = Vec::new();
    for word in offered {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let message = match site.mode {
        CallMode::Await => format!("{what} cannot be awaited: it passes no task token on"),
        _ => format!("{what} cannot be started without waiting for it"),
    };
    Diagnostic::new(Code::PatternNotOffered, site.span, message)
        .help(format!("there is {}", either(&words)))
}

/// Whether somebody gets a token, with which alone a heartbeat can be sent.
pub(super) fn can_send_heartbeats(call: &ir::Call) -> bool {
    matches!(call.target, Target::Activity(_)) || has_token(&call.arguments)
}

fn has_token(arguments: &Arguments) -> bool {
    match arguments {
        Arguments::Members(members) => members.iter().any(|(_, value)| reads_token(value)),
        Arguments::Value(value) => reads_token(value),
    }
}

/// An awaited call must give its token to somebody.
fn check_token(checker: &mut Checker<'_>, site: &CallSite, call: &ir::Call) -> Option<()> {
    if site.mode != CallMode::Await {
        return Some(());
    }
    if has_token(&call.arguments) {
        return Some(());
    }
    checker.report(
        Diagnostic::new(
            Code::MissingTaskToken,
            site.span,
            "`await` needs `task.token` in the arguments",
        )
        .help("whoever answers must be given the token: `{ token: task.token }`"),
    );
    None
}

fn reads_token(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Context(Context::TaskToken) => true,
        // It may read the context object by itself.
        ExprKind::Jsonata { text, .. } if text.contains("Task.Token") => true,
        kind => kind.children().into_iter().any(reads_token),
    }
}
