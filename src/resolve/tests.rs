//! Calls and expressions from text, before there is a flow around them: names stand for values of given types.

mod arguments;
mod every_operation;
mod real_machines;
mod results;

use std::fmt::Write;

use crate::catalog;
use crate::diagnostic::Diagnostic;
use crate::ir::{Expr, ExprKind, Local, Time, Type, VariableId};
use crate::resolve::call::{self, CallSite, CheckedCall};
use crate::resolve::expr::{self, Path};
use crate::resolve::names::{Found, Names, Root};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::syntax::{self, ast};

/// Names and what they stand for.
#[derive(Default)]
struct Scope {
    names: Vec<(String, Expr)>,
    known: Vec<Path>,
    locals: u32,
    diagnostics: Vec<Diagnostic>,
}

impl Scope {
    fn bind(&mut self, name: &str, ty: Type) {
        let value = Expr {
            kind: ExprKind::Variable(VariableId(self.names.len() as u32)),
            ty,
            time: Time::Run,
            span: Span::default(),
        };
        self.names.push((name.to_owned(), value));
    }

    /// With the result of a plain call bound.
    fn with(mut self, name: &str, operation: &str) -> Self {
        let (service, operation) = operation.split_once('.').expect("service.operation");
        let result = catalog::find_service(service)
            .and_then(|service| service.find_operation(operation))
            .and_then(|operation| operation.complete())
            .expect("it can be called")
            .result;
        self.bind(name, Type::Shape(result).expand());
        self
    }

    fn with_type(mut self, name: &str, ty: Type) -> Self {
        self.bind(name, ty);
        self
    }
}

impl Names for Scope {
    fn find(&mut self, name: &str, _span: Span) -> Found {
        if let Some((_, value)) = self.names.iter().rev().find(|(known, _)| known == name) {
            return Found::Value(value.clone());
        }
        match name {
            "task" => Found::Root(Root::Task),
            "execution" => Found::Root(Root::Execution),
            "aws" => Found::Root(Root::Aws),
            _ => Found::Missing(self.names.iter().map(|(name, _)| name.clone()).collect()),
        }
    }

    fn find_fn(&self, _name: &str) -> Option<ast::Fn> {
        None
    }

    fn fn_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn find_type(&self, _name: &str) -> Option<ast::TypeAlias> {
        None
    }

    fn type_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn fresh(&mut self, name: &str) -> Local {
        self.locals += 1;
        Local {
            id: self.locals,
            name: name.into(),
        }
    }

    fn show(&mut self, name: &str, value: Expr) {
        self.names.push((name.to_owned(), value));
    }

    fn hide(&mut self) {
        self.names.pop();
    }

    fn enter_fn(&mut self, _name: &str) -> bool {
        false
    }

    fn leave_fn(&mut self) {}

    fn is_known(&self, path: &Path) -> bool {
        self.known.contains(path)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// The only stage of a flow.
fn parse_stage(text: &str) -> (Sources, ast::Stage) {
    let mut sources = Sources::default();
    let file = sources.add(SourceFile::new("it.flow", text));
    let parsed = syntax::parse(FileId(0), &sources.get(file).text);
    assert!(
        parsed.diagnostics.is_empty(),
        "{text}\n{:?}",
        parsed.diagnostics
    );
    let stage = parsed
        .file
        .items
        .into_iter()
        .find_map(|item| match item.kind {
            ast::ItemKind::Pipeline(pipeline) => {
                pipeline
                    .members
                    .into_iter()
                    .find_map(|member| match member.kind {
                        ast::MemberKind::Flow(flow) => flow.stages.into_iter().next(),
                        _ => None,
                    })
            }
            _ => None,
        });
    (sources, stage.expect("the pipeline has a flow"))
}

/// The only stage of a pipeline around it.
fn stage_of(stage: &str) -> (Sources, ast::Stage) {
    parse_stage(&format!("pipeline it() {{ flow {stage} }}"))
}

fn check_stage(scope: &mut Scope, stage: &ast::Stage) -> Option<CheckedCall> {
    let ast::StageKind::Call {
        mode,
        service,
        operation,
        args,
    } = &stage.kind
    else {
        panic!("not a call of an API")
    };
    let site = CallSite {
        mode: *mode,
        express: false,
        span: stage.span,
    };
    call::check_api(scope, &site, service, operation, args)
}

/// What is said of a call, a line each: the code, the message, what is underlined, and the fix.
fn call_problems(mut scope: Scope, text: &str) -> String {
    let (sources, stage) = stage_of(text);
    let checked = check_stage(&mut scope, &stage);
    let said = say(&scope.diagnostics, &sources);
    let fine = scope
        .diagnostics
        .iter()
        .all(|d| d.severity == crate::diagnostic::Severity::Warning);
    assert_eq!(checked.is_some(), fine, "{said}");
    said
}

/// What is said of an expression.
fn expr_problems(mut scope: Scope, text: &str) -> String {
    let (sources, stage) = stage_of(&format!("pass {text}"));
    let ast::StageKind::Pass(Some(value)) = &stage.kind else {
        panic!("not an expression")
    };
    expr::check(&mut scope, value, None);
    say(&scope.diagnostics, &sources)
}

fn say(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut said = String::new();
    for diagnostic in diagnostics {
        let span = diagnostic.primary.span;
        let text = &sources.get(span.file).text;
        let place = &text[span.start as usize..span.end as usize];
        let code = diagnostic.code.code();
        let _ = writeln!(said, "{code} {}: {place}", diagnostic.message);
        for help in &diagnostic.help {
            let _ = writeln!(said, "      {help}");
        }
        if let Some(fix) = &diagnostic.fix {
            let _ = writeln!(said, "  fix {}", fix.title);
        }
    }
    said
}
