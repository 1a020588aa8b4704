//! Tests: what they name of a pipeline, and whether their values are of the types that stand there.
//!
//! Runs nothing. Looks at pipelines that are checked already, and only where nothing was wrong with them.

mod calls;

use super::Flow;
use super::errors::Raises;
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::test::{
    Answer, AnswerKind, EachStepFails, Expectation, ExpectationKind, Mock, MockTarget, TestValue,
};
use crate::ir::{
    self, Expr, ExprKind, Literal, PipelineId, StageKind, Time, Type, VariableId, for_each_stage,
};
use crate::resolve::expr::{self, require_time};
use crate::resolve::names::Names;
use crate::resolve::program::Context;
use crate::resolve::types::there_are;
use crate::source::Span;
use crate::syntax::ast::{self, TestMemberKind};
use calls::{Candidate, find_candidates};

/// What a test may name by itself, beside the calls.
const NEVER_CAUGHT: &str = "States.Runtime";

/// Checks a test of a pipeline. What it gives is whole only when nothing was reported.
pub(in crate::resolve) fn check_test(
    context: &mut Context<'_>,
    test: &ast::Test,
    pipeline: PipelineId,
) -> ir::Test {
    let candidates = find_candidates(context, pipeline);
    let mut flow = Flow::new(context, 0, Vec::new());
    flow.scope.flow.outside = true;
    let mut checker = TestChecker {
        flow,
        pipeline,
        candidates,
        values: Vec::new(),
    };
    let checked = checker.test(test);
    checker.flow.finish();
    checked
}

struct TestChecker<'c, 'u> {
    flow: Flow<'c, 'u>,
    pipeline: PipelineId,
    candidates: Vec<Candidate>,
    values: Vec<TestValue>,
}

/// The calls that a mock or an expectation is about.
struct Found {
    target: MockTarget,
    /// Places among the candidates.
    at: Vec<usize>,
}

impl TestChecker<'_, '_> {
    fn test(&mut self, test: &ast::Test) -> ir::Test {
        let mut given = None;
        let mut mocks: Vec<Mock> = Vec::new();
        let mut expectations = Vec::new();
        let mut each: Option<(EachStepFails, Span)> = None;
        for member in &test.members {
            match &member.kind {
                TestMemberKind::Given(value) => {
                    if let Some((_, first)) = &given {
                        self.report_again("given", member.span, *first);
                    }
                    let ty = self.input_type();
                    let value = self.known(value, Some(&ty), "what a pipeline is given");
                    given = Some((value, member.span));
                }
                TestMemberKind::Mock {
                    target,
                    when,
                    answers,
                } => {
                    let mock = self.mock(target, when.as_ref(), answers, member.span);
                    mocks.extend(mock);
                }
                TestMemberKind::Expect(expectation) => {
                    expectations.extend(self.expectation(expectation, member.span));
                }
                TestMemberKind::EachStepFails { but, expected } => {
                    if let Some((_, first)) = &each {
                        self.report_again("each step fails", member.span, *first);
                    }
                    let mut inner = Vec::new();
                    for member in expected {
                        if let TestMemberKind::Expect(expectation) = &member.kind {
                            inner.extend(self.expectation(expectation, member.span));
                        }
                    }
                    self.check_ends(&inner);
                    if expected.is_empty() {
                        self.report_nothing_expected(member.span);
                    }
                    let but = but.iter().filter_map(|target| self.find_calls(target));
                    let but = but.map(|found| found.target).collect();
                    let fails = EachStepFails {
                        but,
                        expectations: inner,
                    };
                    each = Some((fails, member.span));
                }
                TestMemberKind::Invalid => {}
            }
        }
        if given.is_none() {
            self.check_missing_input(test.pipeline.span);
        }
        self.check_ends(&expectations);
        self.check_hidden(&mocks);
        let expects = |member: &ast::TestMember| {
            matches!(
                member.kind,
                TestMemberKind::Expect(_)
                    | TestMemberKind::EachStepFails { .. }
                    | TestMemberKind::Invalid
            )
        };
        if !test.members.iter().any(expects) {
            self.report_nothing_expected(test.title.span);
        }
        ir::Test {
            title: test.title.node.clone(),
            pipeline: self.pipeline,
            given: given.map(|(value, _)| value),
            mocks,
            expectations,
            each: each.map(|(each, _)| each),
            values: std::mem::take(&mut self.values),
            span: test.title.span,
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.flow.report(diagnostic);
    }

    fn report_again(&mut self, what: &str, span: Span, first: Span) {
        self.report(
            Diagnostic::new(
                Code::RepeatedPart,
                span,
                format!("`{what}` stands in this test twice"),
            )
            .also(first, "the first")
            .help("a second case is a test of its own"),
        );
    }

    fn report_nothing_expected(&mut self, span: Span) {
        self.report(
            Diagnostic::new(Code::ExpectsNothing, span, "this test expects nothing, so it can never fail")
                .help("say what is expected: `expect succeeded`, `expect failed`, `expect load called 2`, `expect duration < 5m`"),
        );
    }

    // Values

    /// A value that is known before the pipeline runs.
    fn known(&mut self, value: &ast::Expr, wanted: Option<&Type>, what: &str) -> Expr {
        let value = expr::check(&mut self.flow.scope, value, wanted);
        require_time(&mut self.flow.scope, &value, Time::Deploy, what);
        named(value)
    }

    /// An id for what a name in an expression stands for.
    fn value(&mut self, value: TestValue, ty: Type, span: Span) -> Expr {
        let at = match self.values.iter().position(|known| *known == value) {
            Some(at) => at,
            None => {
                self.values.push(value);
                self.values.len() - 1
            }
        };
        Expr {
            kind: ExprKind::Variable(VariableId(at as u32)),
            ty,
            time: Time::Run,
            span,
        }
    }

    /// Checks something that sees these names.
    fn with_names<T>(
        &mut self,
        names: Vec<(String, TestValue, Type)>,
        span: Span,
        check: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let count = names.len();
        for (name, value, ty) in names {
            let value = self.value(value, ty, span);
            self.flow.scope.show(&name, value);
        }
        let checked = check(self);
        for _ in 0..count {
            self.flow.scope.hide();
        }
        checked
    }

    /// What conditions and answers see of the calls.
    fn call_names(&self, at: &[usize]) -> Vec<(String, TestValue, Type)> {
        let of = |read: &dyn Fn(&Candidate) -> Type| {
            let types = at.iter().map(|at| read(&self.candidates[*at]));
            types.fold(Type::Never, |all, ty| all.join(&ty))
        };
        let name = |name: &str, value, ty| (name.to_owned(), value, ty);
        let mut names = vec![
            name(
                "arguments",
                TestValue::Arguments,
                of(&|candidate| candidate.arguments.clone()),
            ),
            name("attempt", TestValue::Attempt, Type::Int),
        ];
        if at.iter().all(|at| self.candidates[*at].item.is_some()) {
            let item = of(&|candidate| candidate.item.clone().unwrap_or(Type::Any));
            names.push(name("item", TestValue::Item, item));
            names.push(name("index", TestValue::Index, Type::Int));
        }
        names
    }

    /// The object of the pipeline's parameters.
    fn input_type(&self) -> Type {
        let Some(pipeline) = self.flow.scope.context.pipeline(self.pipeline) else {
            return Type::Any;
        };
        Type::object(pipeline.params.iter().map(|param| {
            let variable = pipeline.variable(param.variable);
            let optional = param.default.is_some() || variable.ty.is_nullable();
            (variable.name.clone(), variable.ty.clone(), optional)
        }))
    }

    fn check_missing_input(&mut self, span: Span) {
        let missing: Vec<String> = self
            .input_type()
            .fields()
            .iter()
            .filter(|field| !field.optional)
            .map(|field| field.name.clone())
            .collect();
        if !missing.is_empty() {
            let words: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
            let written: Vec<String> = missing.iter().map(|name| format!("{name}: …")).collect();
            self.report(
                Diagnostic::new(
                    Code::MissingArgument,
                    span,
                    format!(
                        "the pipeline needs {}, and the test gives nothing",
                        crate::resolve::types::and(&words)
                    ),
                )
                .help(format!("`given {{ {} }}`", written.join(", "))),
            );
        }
    }

    // Mocks

    fn mock(
        &mut self,
        target: &ast::MockTarget,
        when: Option<&ast::Expr>,
        answers: &[ast::Answer],
        span: Span,
    ) -> Option<Mock> {
        let found = self.find(target)?;
        let dataset = found.at.iter().all(|at| self.candidates[*at].is_dataset);
        let names = if dataset {
            Vec::new()
        } else {
            self.call_names(&found.at)
        };
        let wanted = self.answer_type(&found.at);
        if dataset && let Some(when) = when {
            self.report(
                Diagnostic::new(
                    Code::MisplacedModifier,
                    when.span,
                    "a dataset is read as a whole, and there is no call to put a condition on",
                )
                .help("leave the condition out"),
            );
        }
        let (when, answers) = self.with_names(names, target.span, |checker| {
            let when = when.map(|when| expr::check_condition(&mut checker.flow.scope, when));
            let answers: Vec<Answer> = answers
                .iter()
                .filter_map(|answer| checker.answer(answer, &found, &wanted, dataset))
                .collect();
            (when, answers)
        });
        Some(Mock {
            target: found.target,
            when,
            answers,
            span,
        })
    }

    fn answer(
        &mut self,
        answer: &ast::Answer,
        found: &Found,
        wanted: &Type,
        dataset: bool,
    ) -> Option<Answer> {
        let after = answer.after.as_ref().map(|after| {
            let value = expr::check(&mut self.flow.scope, after, Some(&Type::Duration));
            require_time(
                &mut self.flow.scope,
                &value,
                Time::Deploy,
                "how long a call takes",
            );
            value
        });
        let kind = match &answer.kind {
            ast::AnswerKind::Returns(value) => {
                let value = expr::check(&mut self.flow.scope, value, Some(wanted));
                AnswerKind::Returns(named(value))
            }
            ast::AnswerKind::Fails { error, .. } if dataset => {
                self.report(
                    Diagnostic::new(
                        Code::MisplacedFail,
                        error.span,
                        "a dataset's items are given here, and it cannot be made to fail",
                    )
                    .help("let a call in the map's body fail"),
                );
                return None;
            }
            ast::AnswerKind::Fails { error, cause } => {
                let mut raises = Raises::default();
                for at in &found.at {
                    if let Some((form, pipeline)) = self.candidates[*at].called {
                        raises.call(form, pipeline);
                    }
                }
                self.flow.error_name(error, &raises, true);
                let errors = found.at.iter().map(|at| {
                    let form = self.candidates[*at].called.map(|(form, _)| form);
                    let emitted = form.and_then(|form| form.find_error(&error.name));
                    emitted.unwrap_or(&error.name).to_owned()
                });
                AnswerKind::Fails {
                    errors: errors.collect(),
                    cause: cause
                        .as_ref()
                        .map(|cause| expr::check(&mut self.flow.scope, cause, Some(&Type::String))),
                }
            }
            ast::AnswerKind::Never => AnswerKind::Never,
        };
        Some(Answer { kind, after })
    }

    /// What an answer must be: of an API's result only what is given.
    fn answer_type(&self, at: &[usize]) -> Type {
        let types: Vec<Type> = at
            .iter()
            .map(|at| loosened(&self.candidates[*at].result))
            .collect();
        match types.split_first() {
            Some((first, rest)) if rest.iter().all(|ty| ty == first) => first.clone(),
            _ => Type::Any,
        }
    }

    /// A mock behind one that takes all its calls.
    fn check_hidden(&mut self, mocks: &[Mock]) {
        for (at, mock) in mocks.iter().enumerate() {
            let same = |first: &&Mock| {
                first.target.stages == mock.target.stages
                    && first.when.is_none()
                    && mock.when.is_none()
            };
            if let Some(first) = mocks[..at].iter().find(same) {
                self.report(
                    Diagnostic::new(
                        Code::NeverAnswers,
                        mock.target.span,
                        format!("this never answers: `{}` is mocked already", mock.target.name),
                    )
                    .also(first.target.span, "this one answers all its calls")
                    .help("several answers stand in one mock, `mock load returns 1, 2`; `when` tells mocks of one name apart"),
                );
            }
        }
    }

    // Expectations

    fn expectation(&mut self, expectation: &ast::Expectation, span: Span) -> Option<Expectation> {
        let kind = match expectation {
            ast::Expectation::Succeeded(value) => {
                let ty = self
                    .flow
                    .scope
                    .context
                    .pipeline(self.pipeline)?
                    .returns
                    .clone();
                let wanted = (ty != Type::Null).then_some(ty);
                let value = value
                    .as_ref()
                    .map(|value| self.known(value, wanted.as_ref(), "what is expected"));
                ExpectationKind::Succeeded(value)
            }
            ast::Expectation::Failed { error, cause } => {
                let errors = match error {
                    Some(error) if error.name == NEVER_CAUGHT => vec![error.name.clone()],
                    Some(error) => {
                        let raises = self.all_raises();
                        let mut errors = self.flow.error_name(error, &raises, true);
                        if !errors.contains(&error.name) {
                            errors.push(error.name.clone());
                        }
                        errors
                    }
                    None => Vec::new(),
                };
                let cause = cause
                    .as_ref()
                    .map(|cause| self.known(cause, Some(&Type::String), "what is expected"));
                ExpectationKind::Failed { errors, cause }
            }
            ast::Expectation::TimedOut => ExpectationKind::TimedOut,
            ast::Expectation::Called {
                target,
                times,
                with,
            } => {
                let found = self.find_calls(target);
                let times = self.known(times, Some(&Type::Int), "how often a call is expected");
                let with = with
                    .as_ref()
                    .map(|with| self.known(with, None, "what is expected"));
                ExpectationKind::Called {
                    target: found?.target,
                    times: self.count(&times)?,
                    with,
                }
            }
            ast::Expectation::Before { first, second } => {
                let (first, second) = (self.find_calls(first), self.find_calls(second));
                ExpectationKind::Before {
                    first: first?.target,
                    second: second?.target,
                }
            }
            ast::Expectation::Holds(condition) => {
                if self.report_misspelt_end(condition) {
                    return None;
                }
                let names = self.ending_names();
                let condition = self.with_names(names, condition.span, |checker| {
                    expr::check_condition(&mut checker.flow.scope, condition)
                });
                ExpectationKind::Holds(condition)
            }
        };
        Some(Expectation { kind, span })
    }

    /// `expect succeded`: a word that is no name, and nearly one for an end.
    fn report_misspelt_end(&mut self, condition: &ast::Expr) -> bool {
        let ast::ExprKind::Name(word) = &condition.kind else {
            return false;
        };
        if self.ending_names().iter().any(|(name, ..)| name == word) {
            return false;
        }
        let Some(near) = find_nearest(word, ["succeeded", "failed", "timed_out"]) else {
            return false;
        };
        self.report(
            Diagnostic::new(
                Code::MisspeltKeyword,
                condition.span,
                format!("expected `{near}`, found `{word}`"),
            )
            .nearest(condition.span, word, near),
        );
        true
    }

    fn count(&mut self, times: &Expr) -> Option<u64> {
        if times.ty == Type::Invalid {
            return None;
        }
        let number = match times.as_literal()? {
            Literal::Number(number) => number.as_u64(),
            _ => None,
        };
        if number.is_none() {
            self.report(
                Diagnostic::new(
                    Code::NumberOutOfRange,
                    times.span,
                    "a call is made so many times, or 0 times",
                )
                .help("write a whole number that is not below 0"),
            );
        }
        number
    }

    /// What is known when the pipeline has ended. Names of the flow hide the others.
    fn ending_names(&self) -> Vec<(String, TestValue, Type)> {
        let context = &self.flow.scope.context;
        let returns = context
            .pipeline(self.pipeline)
            .map_or(Type::Any, |pipeline| pipeline.returns.clone());
        let mut names = vec![
            ("result".to_owned(), TestValue::Result, returns),
            ("duration".to_owned(), TestValue::Duration, Type::Duration),
        ];
        for (name, (id, ty)) in context.bound_at_end(self.pipeline).into_iter().flatten() {
            let value = TestValue::Variable(*id, name.clone());
            names.push((name.clone(), value, ty.clone()));
        }
        names
    }

    /// The end is said once.
    fn check_ends(&mut self, expectations: &[Expectation]) {
        let is_end = |expectation: &&Expectation| {
            matches!(
                expectation.kind,
                ExpectationKind::Succeeded(_)
                    | ExpectationKind::Failed { .. }
                    | ExpectationKind::TimedOut
            )
        };
        let mut ends = expectations.iter().filter(is_end);
        let first = ends.next().map(|first| first.span);
        for again in ends {
            let diagnostic = Diagnostic::new(
                Code::RepeatedPart,
                again.span,
                "a run ends in one way, and this test expects another one too",
            );
            self.report(match first {
                Some(first) => diagnostic
                    .also(first, "the first")
                    .help("a second case is a test of its own"),
                None => diagnostic,
            });
        }
    }

    /// All that the pipeline can fail with.
    fn all_raises(&self) -> Raises {
        let mut raises = Raises::default();
        for candidate in self
            .candidates
            .iter()
            .filter(|c| c.place.pipeline == self.pipeline)
        {
            if let Some((form, pipeline)) = candidate.called {
                raises.call(form, pipeline);
            }
        }
        let Some(pipeline) = self.flow.scope.context.pipeline(self.pipeline) else {
            return raises;
        };
        for_each_stage(&pipeline.body, &mut |stage| match &stage.kind {
            StageKind::Fail(ir::Fail::Raise { error, .. }) => raises.raise(error),
            StageKind::Poll(poll) => {
                raises.raise("Poll.TimedOut");
                for fail in &poll.fail_when {
                    raises.raise(&fail.error);
                }
            }
            StageKind::Parallel { .. } => raises.parallel(),
            StageKind::Map(map) => {
                raises.map();
                if map.distributed.is_some() {
                    raises.distribute(stage.span);
                }
            }
            _ => {}
        });
        raises
    }

    // Calls by their names

    /// Calls, and no datasets.
    fn find_calls(&mut self, target: &ast::MockTarget) -> Option<Found> {
        let found = self.find(target)?;
        if found.at.iter().any(|at| self.candidates[*at].is_dataset) {
            self.report(
                Diagnostic::new(
                    Code::UnknownCall,
                    target.span,
                    format!(
                        "`{}` is a map over a dataset, and no call",
                        found.target.name
                    ),
                )
                .help("name a call in its body"),
            );
            return None;
        }
        Some(found)
    }

    fn find(&mut self, target: &ast::MockTarget) -> Option<Found> {
        let parts: Vec<&str> = target.parts.iter().map(|part| part.node.as_str()).collect();
        let name = parts.join(".");
        let at = calls::find(&self.candidates, &parts, target.quoted, self.pipeline);
        if at.is_empty() {
            self.report_unknown_call(target, &parts);
            return None;
        }
        let stages = at.iter().map(|at| self.candidates[*at].place.clone());
        Some(Found {
            target: MockTarget {
                state: calls::is_numbered(&self.candidates, &at, &name).then(|| name.clone()),
                name,
                stages: stages.collect(),
                span: target.span,
            },
            at,
        })
    }

    fn report_unknown_call(&mut self, target: &ast::MockTarget, parts: &[&str]) {
        const SHOWN: usize = 8;
        let name = parts.join(".");
        let pipeline = self
            .flow
            .scope
            .context
            .pipeline(self.pipeline)
            .map_or_else(String::new, |pipeline| pipeline.name.clone());
        let message = match parts {
            [_, _] => format!("`{pipeline}` never calls `{name}`"),
            _ => format!("`{pipeline}` has no call `{name}`"),
        };
        let diagnostic = Diagnostic::new(Code::UnknownCall, target.span, message);
        let names = calls::names(&self.candidates, parts.len() > 1);
        let near = find_nearest(&name, names.iter().map(String::as_str)).map(str::to_owned);
        let diagnostic = match near {
            Some(near) => {
                let written = if target.quoted {
                    format!("\"{near}\"")
                } else {
                    near.clone()
                };
                diagnostic
                    .replace(target.span, written, format!("write `{near}`"))
                    .guessed(&name, &near)
            }
            None => {
                let names = calls::names(&self.candidates, false);
                let mut words: Vec<String> = names
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .take(SHOWN)
                    .collect();
                if names.len() > SHOWN {
                    words.push(format!("{} more", names.len() - SHOWN));
                }
                if words.is_empty() {
                    diagnostic.help("it makes no call at all")
                } else {
                    diagnostic.help(there_are(&words))
                }
            }
        };
        self.report(diagnostic);
    }
}

/// Of an API's structure any members can be given; the others have their smallest values.
fn loosened(ty: &Type) -> Type {
    match ty {
        Type::Shape(shape) if shape.has_members() => Type::object(
            ty.fields()
                .into_iter()
                .map(|field| (field.name, field.ty, true)),
        ),
        ty => ty.clone(),
    }
}

/// A declared resource stands for its name.
fn named(value: Expr) -> Expr {
    match value.ty {
        Type::Resource(_) => Expr {
            ty: Type::String,
            ..value
        },
        _ => value,
    }
}
