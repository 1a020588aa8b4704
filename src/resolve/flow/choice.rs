//! `if` and `match`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Flow, Inner};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Binary, Block, Expr, ExprKind, Literal, StageKind, Time, Type, VariableKind};
use crate::resolve::expr::{self, facts};
use crate::resolve::state::Delta;
use crate::source::Span;
use crate::syntax::ast;

impl<'u> Flow<'_, 'u> {
    pub(super) fn if_stage(&mut self, choice: &'u ast::If) -> Inner {
        let start = self.scope.flow.state.mark();
        let mut arms = Vec::new();
        let mut ways: Vec<Option<Delta>> = Vec::new();
        let mut ty = Type::Never;
        let mut next = Some(choice);
        let mut otherwise = Block::default();
        while let Some(choice) = next.take() {
            let condition = expr::check_condition(&mut self.scope, &choice.condition);
            let before = self.scope.flow.state.mark();
            self.scope.flow.state.learn(facts(&condition, true));
            let (block, value) = self.inner_block(&choice.then.stages);
            ty = ty.join(&value);
            ways.push(self.scope.flow.state.take_since(start, before));
            self.scope.flow.state.learn(facts(&condition, false));
            arms.push((condition, block));
            match &choice.otherwise {
                Some(ast::Else::If(choice)) => next = Some(choice),
                Some(ast::Else::Block(block)) => {
                    let (block, value) = self.inner_block(&block.stages);
                    otherwise = block;
                    ty = ty.join(&value);
                }
                None => ty = ty.join(&Type::Null),
            }
        }
        ways.push(self.scope.flow.state.take(start));
        self.scope.flow.state.join(ways);
        Inner::of(
            ty,
            StageKind::If {
                arms,
                otherwise,
                exhaustive: false,
            },
        )
    }

    pub(super) fn match_stage(
        &mut self,
        ast: &'u ast::Stage,
        choice: &'u ast::Match,
        base: &Rc<str>,
    ) -> Inner {
        let subject = expr::check(&mut self.scope, &choice.subject, None);
        let mut first = None;
        let subject = if subject.time < Time::Run || is_path(&subject) {
            subject
        } else {
            let name = "subject";
            let variable =
                self.scope
                    .new_variable(name, VariableKind::Let, Type::Never, subject.span);
            self.scope.bind(variable, subject.ty.clone());
            self.scope.flow.variables[variable.0 as usize].value = Some(subject.clone());
            let read = Expr {
                kind: ExprKind::Variable(variable),
                ty: subject.ty.clone(),
                time: Time::Run,
                span: subject.span,
            };
            first = Some(StageKind::Assign {
                variable,
                value: subject,
            });
            read
        };
        let start = self.scope.flow.state.mark();
        let mut covered = Covered::default();
        let mut arms = Vec::new();
        let mut ways: Vec<Option<Delta>> = Vec::new();
        let mut ty = Type::Never;
        let mut otherwise = None;
        for arm in &choice.arms {
            if arm.patterns.is_empty() {
                if otherwise.is_none() {
                    let before = self.scope.flow.state.mark();
                    let (block, value) = self.inner_block(&arm.block.stages);
                    ty = ty.join(&value);
                    ways.push(self.scope.flow.state.take_since(start, before));
                    otherwise = Some((block, arm.span));
                } else {
                    self.report(unreachable_arm(arm.span));
                }
                continue;
            }
            if let Some((_, first)) = &otherwise {
                let first = *first;
                self.report(
                    unreachable_arm(arm.span).also(first, "`else` takes everything before it"),
                );
            }
            let mut condition: Option<Expr> = None;
            for pattern in &arm.patterns {
                let test = expr::check_pattern(&mut self.scope, &subject, pattern);
                if let Some(first) = covered.add(pattern) {
                    self.report(
                        Diagnostic::new(
                            Code::UnreachableArm,
                            pattern.value.span,
                            "an arm before this one takes this value",
                        )
                        .also(first, "here"),
                    );
                }
                condition = Some(match condition {
                    None => test,
                    Some(before) => either(before, test),
                });
            }
            let condition = condition
                .unwrap_or_else(|| Expr::literal(Literal::Bool(true), Type::Bool, arm.span));
            let before = self.scope.flow.state.mark();
            self.scope.flow.state.learn(facts(&condition, true));
            let (block, value) = self.inner_block(&arm.block.stages);
            ty = ty.join(&value);
            ways.push(self.scope.flow.state.take_since(start, before));
            self.scope.flow.state.learn(facts(&condition, false));
            arms.push((condition, block));
        }
        let exhaustive = otherwise.is_none() && covered.is_all(&subject.ty);
        if otherwise.is_none() && !exhaustive && subject.ty != Type::Invalid {
            self.report_open_match(&subject, choice.subject.span, &covered);
        }
        self.scope.flow.state.roll_back(start);
        self.scope.flow.state.join(ways);
        let kind = StageKind::If {
            arms,
            otherwise: otherwise.map_or_else(Block::default, |(block, _)| block),
            exhaustive,
        };
        let Some(assign) = first else {
            return Inner::of(ty, kind);
        };
        let label = self.new_label();
        let stages = vec![
            self.made(
                assign,
                subject.ty.clone(),
                format!("{base}.subject").into(),
                ast.span,
            ),
            self.made(kind, ty.clone(), base.clone(), ast.span),
        ];
        Inner::of(
            ty,
            StageKind::Block {
                label,
                block: Block { stages },
            },
        )
    }

    fn report_open_match(&mut self, subject: &Expr, span: Span, covered: &Covered) {
        let missing = covered.missing(&subject.ty);
        let diagnostic = Diagnostic::new(
            Code::NotExhaustive,
            span,
            "this `match` does not say what to do with every value",
        );
        self.report(match missing {
            Some(missing) if !missing.is_empty() => diagnostic.help(format!(
                "no arm takes {}; add one, or `else {{ … }}`",
                crate::resolve::types::and(&missing)
            )),
            _ => diagnostic.help("add `else { … }`: further values can come"),
        });
    }
}

fn unreachable_arm(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::UnreachableArm,
        span,
        "this arm is never reached: `else` stands before it",
    )
    .help("put `else` last")
}

fn either(left: Expr, right: Expr) -> Expr {
    if left.ty == Type::Invalid || right.ty == Type::Invalid {
        return Expr {
            ty: Type::Invalid,
            ..left
        };
    }
    Expr {
        time: left.time.max(right.time),
        span: left.span.to(right.span),
        ty: Type::Bool,
        kind: ExprKind::Binary {
            op: Binary::Or,
            left: Box::new(left),
            right: Box::new(right),
        },
    }
}

/// The values that the arms of a `match` take for certain.
#[derive(Default)]
struct Covered {
    values: BTreeMap<String, Span>,
}

impl Covered {
    /// Adds a pattern; gives the place of an earlier one that takes its value.
    fn add(&mut self, pattern: &ast::Pattern) -> Option<Span> {
        if pattern.op.node != ast::BinaryOp::Eq {
            return None;
        }
        let value = match &pattern.value.kind {
            ast::ExprKind::Null => "null".to_owned(),
            ast::ExprKind::Bool(value) => value.to_string(),
            ast::ExprKind::Number(text) => text.clone(),
            ast::ExprKind::String(parts) => match parts.as_slice() {
                [] => "\"\"".to_owned(),
                [ast::StringPart::Text(text)] => format!("\"{text}\""),
                _ => return None,
            },
            _ => return None,
        };
        let span = pattern.value.span;
        match self.values.get(&value) {
            Some(first) => Some(*first),
            None => {
                self.values.insert(value, span);
                None
            }
        }
    }

    fn is_all(&self, ty: &Type) -> bool {
        self.missing(ty).is_some_and(|missing| missing.is_empty())
    }

    /// The values of a type that no arm takes, in backticks; None when they cannot be listed.
    fn missing(&self, ty: &Type) -> Option<Vec<String>> {
        let mut wanted: Vec<String> = match ty.non_null() {
            Type::Bool => vec!["true".to_owned(), "false".to_owned()],
            Type::Enum(values) if !values.open => {
                values.values.iter().map(|v| format!("\"{v}\"")).collect()
            }
            Type::Never if *ty == Type::Null => Vec::new(),
            _ => return None,
        };
        if ty.is_nullable() {
            wanted.push("null".to_owned());
        }
        Some(
            wanted
                .into_iter()
                .filter(|value| !self.values.contains_key(value))
                .map(|value| format!("`{value}`"))
                .collect(),
        )
    }
}

fn is_path(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Variable(_) | ExprKind::Context(_) => true,
        ExprKind::Member { base, .. } => is_path(base),
        _ => false,
    }
}
