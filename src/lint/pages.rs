//! Answers that come page by page: pages that are forgotten, and those that do not fit.

use std::collections::HashMap;

use super::name;
use super::parts::{arguments, expressions};
use crate::catalog::quota::find_large_page;
use crate::catalog::shape::{Paging, Shape};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    Binary, Binding, Call, Expr, ExprKind, Literal, Pipeline, StageKind, VariableId, for_each_stage,
};
use crate::source::Span;

/// A first page that is taken for everything: nothing looks whether there is another. And pages that may be larger than
/// what a state may hold.
pub(super) fn pages(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut answers = Vec::new();
    let mut by_variable = HashMap::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        let StageKind::Call(call) = &stage.kind else {
            return;
        };
        if !call.value_path.is_empty() || !asks_for_pages(call) {
            return;
        }
        let at = answers.len();
        match &stage.binds {
            Binding::None => return,
            Binding::Name(id) => {
                by_variable.insert(*id, (at, None));
            }
            Binding::Fields(fields) => {
                by_variable.extend(
                    fields
                        .iter()
                        .map(|(name, id)| (*id, (at, Some(name.as_str())))),
                );
            }
        }
        answers.push(Answer::new(call));
    });
    if answers.is_empty() {
        return Vec::new();
    }
    for_each_stage(&pipeline.body, &mut |stage| {
        for expr in expressions(stage) {
            read(expr, false, &by_variable, &mut answers);
        }
    });
    answers.into_iter().filter_map(Answer::describe).collect()
}

/// Whether a call's answers are pages, of a size that it leaves to the service.
fn asks_for_pages(call: &Call) -> bool {
    let shape = call.form.input;
    find(shape, Paging::Next).is_some()
        && !arguments(call).iter().any(|(name, _)| {
            shape
                .find_member(name)
                .is_some_and(|member| member.raw.paging == Some(Paging::Size))
        })
}

/// The name of a structure's member that is this to its pages.
fn find(shape: Shape, paging: Paging) -> Option<&'static str> {
    let member = shape.members().find(|m| m.raw.paging == Some(paging))?;
    Some(&member.raw.name)
}

/// By variables, the answer that is in them, or whose member.
type Variables<'p> = HashMap<VariableId, (usize, Option<&'p str>)>;

/// A call, and what the pipeline reads of its answer.
struct Answer<'p> {
    call: &'p Call,
    /// The first place where a page is read as if it were all, and the page's name.
    page: Option<(Span, &'static str)>,
    /// Something looks whether there is more, or gets the whole answer and can.
    is_followed: bool,
    is_read: bool,
}

impl<'p> Answer<'p> {
    fn new(call: &'p Call) -> Self {
        Self {
            call,
            page: None,
            is_followed: false,
            is_read: false,
        }
    }

    /// `few`: one or some of the first are wanted, or whether there is any.
    fn read(&mut self, path: &[&str], few: bool, span: Span) {
        self.is_read = true;
        let mut shape = self.call.form.result;
        if path.is_empty() {
            self.is_followed |= !few;
        }
        for name in path {
            let Some(member) = shape.find_member(name) else {
                return;
            };
            match member.raw.paging {
                Some(Paging::Next) => self.is_followed = true,
                Some(Paging::Page) if !few => {
                    let earlier = self.page.is_none_or(|(first, _)| span < first);
                    if earlier {
                        self.page = Some((span, &member.raw.name));
                    }
                }
                _ => {}
            }
            shape = member.shape;
        }
    }

    fn describe(self) -> Option<Diagnostic> {
        match self.page {
            Some((span, page)) if !self.is_followed => self.describe_first_page(span, page),
            _ if self.is_read => self.describe_large_page(),
            _ => None,
        }
    }

    fn describe_large_page(&self) -> Option<Diagnostic> {
        let operation = self.call.operation;
        let page = find_large_page(operation.service, &operation.name)?;
        let size = find(self.call.form.input, Paging::Size)?;
        Some(
            Diagnostic::new(
                Code::LargePage,
                super::head(self.call),
                format!("a page has {page}, and a state's data 256 KiB at most: one that is larger fails the execution"),
            )
            .help(format!("say with `{size}` how many a page is to have")),
        )
    }

    fn describe_first_page(&self, span: Span, page: &str) -> Option<Diagnostic> {
        let call = name(self.call);
        let token = find(self.call.form.input, Paging::Next)?;
        let mut diagnostic = Diagnostic::new(
            Code::FirstPageOnly,
            span,
            format!("`{page}` holds the first page only: `{call}` gives the rest when it is called again"),
        )
        .also(super::head(self.call), "answers page by page")
        .help(format!(
            "call it in a `loop` with `{token}` from the answer before, until there is none; `flowc explain F1023` shows one"
        ));
        if let Some(size) = find(self.call.form.input, Paging::Size) {
            diagnostic = diagnostic.help(format!("where one page is enough, say so with `{size}`"));
        }
        Some(diagnostic)
    }
}

/// Tells the answers what an expression reads of them.
fn read(expr: &Expr, few: bool, variables: &Variables<'_>, answers: &mut [Answer<'_>]) {
    let mut path = Vec::new();
    let mut base = expr;
    while let ExprKind::Member { base: inner, name } = &base.kind {
        path.push(name.as_str());
        base = inner;
    }
    if let ExprKind::Variable(id) = &base.kind {
        if let Some((at, field)) = variables.get(id) {
            path.extend(field);
            path.reverse();
            answers[*at].read(&path, few, expr.span);
        }
        return;
    }
    let mut part = |part: &Expr, few: bool| read(part, few, variables, answers);
    match &expr.kind {
        ExprKind::Index { base, index } if index.as_literal().is_some() => part(base, true),
        ExprKind::Slice {
            base, to: Some(to), ..
        } if to.as_literal().is_some() => part(base, true),
        ExprKind::Binary {
            op: Binary::Coalesce,
            left,
            right,
        } => {
            part(left, few);
            part(right, few);
        }
        ExprKind::Binary { left, right, .. } if is_smallest(left) || is_smallest(right) => {
            part(counted(left), true);
            part(counted(right), true);
        }
        _ => {
            for child in expr.children() {
                part(child, false);
            }
        }
    }
}

/// Null, 0 or 1: what is compared with it is whether there is any.
fn is_smallest(expr: &Expr) -> bool {
    match expr.as_literal() {
        Some(Literal::Null) => true,
        Some(Literal::Number(number)) => number.as_f64().is_some_and(|n| n == 0.0 || n == 1.0),
        _ => false,
    }
}

/// The list of which this is the number.
fn counted(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Function { function, args } if function.name == "count" && args.len() == 1 => {
            &args[0]
        }
        _ => expr,
    }
}
