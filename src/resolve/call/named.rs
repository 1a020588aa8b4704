//! Calls by a name: declared functions, activities and pipelines, `lambda(…)` and `http(…)`.

use crate::catalog::resource::RefForm;
use crate::catalog::{self, Form, Operation, Pattern};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::ir::{
    self, Arguments, Context, Deploy, Entry, Expr, ExprKind, Literal, ResourceId, Target, Time,
    Type,
};
use crate::resolve::arguments::{self, Formal};
use crate::resolve::call::{
    ACTIVITY, CallSite, Callee, CheckedCall, api_call, check_token, choose_form, result_type,
};
use crate::resolve::expr::Checker;
use crate::resolve::names::Names;
use crate::source::Span;
use crate::syntax::ast::{self, CallMode};

/// The member by which a child execution tells whose child it is; the console shows the link.
const PARENT_LINK: &str = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID";

/// A declared function by its name.
pub(in crate::resolve) fn check_function(
    names: &mut dyn Names,
    site: &CallSite,
    id: ResourceId,
    function: &ir::Resource,
    args: &[ast::Arg],
) -> Option<CheckedCall> {
    let checker = &mut Checker::new(names);
    let payload = check_payload(checker, &function.name, function.span, args, site.span);
    let (operation, form) = invoke(checker, site)?;
    let name = Expr {
        kind: ExprKind::Deploy(Deploy::Resource(id, RefForm::Name)),
        ty: Type::String,
        time: Time::Deploy,
        span: site.span,
    };
    let mut members = vec![
        ("FunctionName".to_owned(), name),
        ("Payload".to_owned(), payload?),
    ];
    mark_event(site, &mut members);
    let call = api_call(site, operation, form, Target::Function(id), members);
    check_token(checker, site, &call)?;
    Some(answer(site, call, function.returns.clone()))
}

/// `lambda("name", payload)`
pub(in crate::resolve) fn check_lambda(
    names: &mut dyn Names,
    site: &CallSite,
    args: &[ast::Arg],
) -> Option<CheckedCall> {
    let checker = &mut Checker::new(names);
    let Some((operation, form)) = invoke(checker, site) else {
        arguments::check_all(checker, args);
        return None;
    };
    let args = name_arguments(checker, "lambda", &["FunctionName", "Payload"], args)?;
    let mut members = arguments::check_members(
        checker,
        &args,
        form.input,
        form.requirements(),
        "`lambda`",
        site.span,
    )?;
    mark_event(site, &mut members);
    let call = api_call(site, operation, form, Target::Api, members);
    check_token(checker, site, &call)?;
    Some(answer(site, call, Type::Any))
}

/// The function's own answer, where it is waited for.
fn answer(site: &CallSite, mut call: ir::Call, returns: Type) -> CheckedCall {
    let ty = match site.mode {
        CallMode::Complete => {
            call.value_path = vec!["Payload".to_owned()];
            returns
        }
        CallMode::Await => returns,
        CallMode::Start => result_type(call.form.result),
    };
    CheckedCall { call, ty }
}

fn invoke(
    checker: &mut Checker<'_>,
    site: &CallSite,
) -> Option<(&'static Operation, &'static Form)> {
    let operation = find("lambda", "invoke")?;
    Some((operation, choose_form(checker, site, operation)?))
}

/// A function that is only started gets its payload as an event.
fn mark_event(site: &CallSite, members: &mut Vec<(String, Expr)>) {
    if site.mode == CallMode::Start && members.iter().all(|(name, _)| name != "InvocationType") {
        let event = Literal::String("Event".to_owned());
        members.push((
            "InvocationType".to_owned(),
            Expr::literal(event, Type::String, site.span),
        ));
    }
}

/// A declared activity by its name.
pub(in crate::resolve) fn check_activity(
    names: &mut dyn Names,
    site: &CallSite,
    id: ResourceId,
    activity: &ir::Resource,
    args: &[ast::Arg],
) -> Option<CheckedCall> {
    let checker = &mut Checker::new(names);
    let payload = check_payload(checker, &activity.name, activity.span, args, site.span);
    let word = match site.mode {
        CallMode::Complete => None,
        CallMode::Start => Some("start"),
        CallMode::Await => Some("await"),
    };
    if let Some(word) = word {
        checker.report(
            Diagnostic::new(
                Code::PatternNotOffered,
                site.span,
                format!("`{word}` cannot stand before an activity"),
            )
            .help("a call of an activity waits for its worker, and there is no other way"),
        );
        return None;
    }
    if site.express {
        checker.report(
            Diagnostic::new(
                Code::NotInExpress,
                site.span,
                "an express pipeline cannot wait for an activity's worker",
            )
            .help("move it into a `mode standard` pipeline, and `start` that one from here"),
        );
        return None;
    }
    let operation = find(ACTIVITY, "run")?;
    let form = operation.form(Pattern::RequestResponse)?;
    let mut call = api_call(site, operation, form, Target::Activity(id), Vec::new());
    call.arguments = Arguments::Value(payload?);
    Some(CheckedCall {
        call,
        ty: activity.returns.clone(),
    })
}

/// The one argument of a function or an activity; an empty object without one.
fn check_payload(
    checker: &mut Checker<'_>,
    name: &str,
    declared: Span,
    args: &[ast::Arg],
    span: Span,
) -> Option<Expr> {
    if let (Some(first), Some(last)) = (args.first(), args.last())
        && args.iter().any(|arg| arg.name.is_some())
    {
        arguments::check_all(checker, args);
        let diagnostic = Diagnostic::new(
            Code::NamedArgument,
            first.span.to(last.span),
            format!("`{name}` takes its payload as one value, not by names"),
        );
        let all_named = args.iter().all(|arg| arg.name.is_some());
        checker.report(if all_named {
            diagnostic.fix(Fix {
                title: "make it one object".to_owned(),
                edits: vec![
                    Edit {
                        span: first.span.before(),
                        text: "{ ".to_owned(),
                    },
                    Edit {
                        span: last.span.after(),
                        text: " }".to_owned(),
                    },
                ],
                safe: true,
            })
        } else {
            diagnostic.help("write one object: `{ … }`")
        });
        return None;
    }
    match args {
        [] => Some(Expr::literal(
            Literal::Object(Vec::new()),
            Type::object([]),
            span,
        )),
        [only] => {
            let payload = checker.check(&only.value, None);
            (payload.ty != Type::Invalid).then_some(payload)
        }
        [_, second, ..] => {
            arguments::check_all(checker, args);
            checker.report(
                Diagnostic::new(
                    Code::WrongArgumentCount,
                    second.span,
                    format!(
                        "`{name}` takes its payload as one value, found {} arguments",
                        args.len()
                    ),
                )
                .also(declared, "declared here")
                .help("several values go into one object: `{ … }`"),
            );
            None
        }
    }
}

/// A pipeline of this file or a used one.
pub(in crate::resolve) fn check_pipeline(
    names: &mut dyn Names,
    site: &CallSite,
    callee: &Callee<'_>,
    args: &[ast::Arg],
) -> Option<CheckedCall> {
    let checker = &mut Checker::new(names);
    let formals: Vec<Formal<'_>> = callee
        .params
        .iter()
        .map(|param| Formal {
            name: &param.name,
            ty: &param.ty,
            optional: param.optional,
        })
        .collect();
    let what = format!("`{}`", callee.name);
    let bound = arguments::bind(checker, &what, site.span, callee.span, &formals, args);
    if site.express && site.mode == CallMode::Complete && !callee.express {
        checker.report(
            Diagnostic::new(
                Code::NotInExpress,
                site.span,
                format!(
                    "an express pipeline cannot wait for `{}`, which is a standard one",
                    callee.name
                ),
            )
            .also(callee.span, "declared here")
            .help(format!(
                "`start {}(…)` goes on at once; or make it `mode express`",
                callee.name
            )),
        );
        return None;
    }
    let in_line = site.mode == CallMode::Complete && callee.express;
    let (operation, form) = if in_line {
        let operation = find("sfn", "startSyncExecution")?;
        (operation, operation.form(Pattern::RequestResponse)?)
    } else {
        let operation = find("sfn", "startExecution")?;
        (operation, choose_form(checker, site, operation)?)
    };
    let machine = Expr {
        kind: ExprKind::Deploy(Deploy::Machine(callee.id)),
        ty: Type::String,
        time: Time::Deploy,
        span: site.span,
    };
    let members = vec![
        ("StateMachineArn".to_owned(), machine),
        ("Input".to_owned(), input(callee, bound?, site.span)),
    ];
    let mut call = api_call(site, operation, form, Target::Pipeline(callee.id), members);
    check_token(checker, site, &call)?;
    let ty = match site.mode {
        CallMode::Complete => {
            call.value_path = vec!["Output".to_owned()];
            call.parse = in_line;
            callee.returns.clone()
        }
        CallMode::Start => result_type(form.result),
        CallMode::Await => Type::Any,
    };
    Some(CheckedCall { call, ty })
}

/// A child's input: its arguments by name, and the link to this execution.
fn input(callee: &Callee<'_>, bound: Vec<Option<Expr>>, span: Span) -> Expr {
    let link = Expr {
        kind: ExprKind::Context(Context::ExecutionId),
        ty: Type::String,
        time: Time::Run,
        span,
    };
    let given = callee
        .params
        .iter()
        .zip(bound)
        .filter_map(|(param, value)| Some((param.name.clone(), value?)));
    let members: Vec<(String, Expr)> = given.chain([(PARENT_LINK.to_owned(), link)]).collect();
    let ty = Type::object(
        members
            .iter()
            .map(|(name, value)| (name.clone(), value.ty.clone(), false)),
    );
    let entries = members
        .into_iter()
        .map(|(key, value)| Entry::Pair { key, value })
        .collect();
    Expr {
        kind: ExprKind::Object(entries),
        ty,
        time: Time::Run,
        span,
    }
}

/// `http(connection, method, url, …)`
pub(in crate::resolve) fn check_http(
    names: &mut dyn Names,
    site: &CallSite,
    args: &[ast::Arg],
) -> Option<CheckedCall> {
    let checker = &mut Checker::new(names);
    let found = find("http", "invoke")
        .and_then(|operation| Some((operation, choose_form(checker, site, operation)?)));
    let Some((operation, form)) = found else {
        arguments::check_all(checker, args);
        return None;
    };
    let mut args = name_arguments(
        checker,
        "http",
        &["InvocationConfig", "Method", "ApiEndpoint"],
        args,
    )?;
    // The connection stands alone in the source and in an object in the call.
    if let Some(first) = args.first_mut().filter(|arg| is_given_by_place(arg)) {
        let key = ast::Name::new("ConnectionArn".to_owned(), first.value.span);
        let connection = ast::Entry::Pair {
            key,
            value: first.value.clone(),
        };
        first.value = ast::Expr {
            span: first.value.span,
            kind: ast::ExprKind::Object(vec![connection]),
        };
    }
    let members = arguments::check_members(
        checker,
        &args,
        form.input,
        form.requirements(),
        "`http`",
        site.span,
    )?;
    let call = api_call(site, operation, form, Target::Api, members);
    Some(CheckedCall {
        ty: result_type(form.result),
        call,
    })
}

/// An argument that `name_arguments` named: its name stands where its value does.
fn is_given_by_place(arg: &ast::Arg) -> bool {
    arg.name
        .as_ref()
        .is_some_and(|name| name.span == arg.value.span)
}

/// Gives arguments their members' names by their places. None when there are too many without a name.
fn name_arguments(
    checker: &mut Checker<'_>,
    what: &str,
    members: &[&str],
    args: &[ast::Arg],
) -> Option<Vec<ast::Arg>> {
    let mut places = members.iter();
    let mut named = Vec::with_capacity(args.len());
    for arg in args {
        let mut arg = arg.clone();
        if arg.name.is_none() {
            let Some(member) = places.next() else {
                checker.report(
                    Diagnostic::new(
                        Code::UnnamedArgument,
                        arg.span,
                        format!(
                            "`{what}` takes {} arguments by place, the others by name",
                            members.len()
                        ),
                    )
                    .help("write `Member: value`"),
                );
                return None;
            };
            arg.name = Some(ast::Name::new((*member).to_owned(), arg.value.span));
        }
        named.push(arg);
    }
    Some(named)
}

/// An operation that the language itself calls. A test builds every operation of the catalog.
fn find(service: &str, operation: &str) -> Option<&'static Operation> {
    catalog::find_service(service)?.find_operation(operation)
}
