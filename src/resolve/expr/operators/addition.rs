//! `+`: a sum, or a text, a list or an object that was meant to be joined with it.

use super::{Class, class, number_of};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::ir::{Expr, Type};
use crate::resolve::expr::{Checker, invalid};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, BinaryOp};

impl Checker<'_> {
    /// A chain of `+`, so that texts in it make one message.
    pub(super) fn infer_addition(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Expr {
        let mut operands = vec![right];
        let mut rest = left;
        while let ast::ExprKind::Binary { op, left, right } = &rest.kind {
            if op.node != BinaryOp::Add {
                break;
            }
            operands.push(right);
            rest = left;
        }
        operands.push(rest);
        operands.reverse();
        let values: Vec<Expr> = operands
            .iter()
            .map(|operand| self.check(operand, None))
            .collect();
        if values.iter().any(|value| value.ty == Type::Invalid) {
            return invalid(span);
        }
        let is_text = |value: &Expr| {
            class(&value.ty) == Class::Text && value.ty.non_null() != Type::Timestamp
        };
        if let Some(text) = values.iter().find(|value| is_text(value)) {
            let diagnostic = Diagnostic::new(
                Code::StringAddition,
                text.span,
                "`+` adds numbers, and this is a string",
            );
            // A written text makes one of the others; two numbers before it may be meant to be added first.
            let literal = operands.iter().any(|o| plain_text(o) == Some(true));
            let added = values.iter().take_while(|value| !is_text(value)).count() > 1;
            let number = values.iter().any(|value| class(&value.ty) == Class::Number);
            let diagnostic = if number && !literal {
                diagnostic.help(number_of(&text.ty))
            } else {
                diagnostic
            };
            let diagnostic = diagnostic.help("write the values into one string: `\"{a}{b}\"`");
            self.report(match interpolation_fix(&operands) {
                Some(fix) if literal && !added => diagnostic.fix(fix),
                Some(fix) => diagnostic.fix(fix).offered(),
                None => diagnostic,
            });
            return invalid(span);
        }
        if let Some(diagnostic) = join_instead(&values, &operands, span) {
            self.report(diagnostic);
            return invalid(span);
        }
        let op = Spanned::new(BinaryOp::Add, span);
        let mut values = values.into_iter();
        let Some(mut sum) = values.next() else {
            return invalid(span);
        };
        for value in values {
            let place = sum.span.to(value.span);
            sum = self.arithmetic(&op, sum, value, place);
        }
        Expr { span, ..sum }
    }
}

/// Lists or objects that were meant to be joined: one message, and how that is written.
fn join_instead(values: &[Expr], operands: &[&ast::Expr], span: Span) -> Option<Diagnostic> {
    let first = class(&values.first()?.ty);
    if !values.iter().all(|value| class(&value.ty) == first) {
        return None;
    }
    let (open, close, what) = match first {
        Class::List => ("[...", "]", "lists"),
        Class::Object => ("{ ...", " }", "objects"),
        _ => return None,
    };
    let places: Vec<Span> = operands.iter().map(|operand| operand.span).collect();
    let mut edits = vec![Edit {
        span: places.first()?.before(),
        text: open.to_owned(),
    }];
    edits.extend(places.windows(2).map(|pair| Edit {
        span: pair[0].after().to(pair[1].before()),
        text: ", ...".to_owned(),
    }));
    edits.push(Edit {
        span: places.last()?.after(),
        text: close.to_owned(),
    });
    let diagnostic = Diagnostic::new(
        Code::WrongOperand,
        span,
        format!("`+` adds numbers, and these are {what}"),
    );
    Some(diagnostic.fix(Fix {
        title: "join them".to_owned(),
        edits,
        safe: true,
    }))
}

/// Turns `"a" + b + "c"` into `"a{b}c"`, when the literals are plain ones whose text can stay as it is.
fn interpolation_fix(operands: &[&ast::Expr]) -> Option<Fix> {
    let mut edits = Vec::new();
    let last = operands.len().checked_sub(1)?;
    // The literals lose their quotes but for the outermost, the others get braces, what stands between goes.
    let mut open = String::from("\"");
    for (at, operand) in operands.iter().enumerate() {
        let literal = plain_text(operand)?;
        let span = operand.span;
        let begin = if literal {
            Span {
                end: span.start + 1,
                ..span
            }
        } else {
            span.before()
        };
        let from = match at.checked_sub(1).and_then(|i| operands.get(i)) {
            Some(before) => {
                let end = before.span.end - u32::from(plain_text(before)?);
                Span {
                    start: end,
                    end: begin.end,
                    ..span
                }
            }
            None => begin,
        };
        if !literal {
            open.push('{');
        }
        edits.push(Edit {
            span: from,
            text: std::mem::take(&mut open),
        });
        if !literal {
            open.push('}');
        }
        if at == last {
            open.push('"');
            let end = Span {
                start: span.end - u32::from(literal),
                ..span
            };
            edits.push(Edit {
                span: end,
                text: std::mem::take(&mut open),
            });
        }
    }
    Some(Fix {
        title: "write one string".to_owned(),
        edits,
        safe: true,
    })
}

/// Whether it is a plain string literal; None for one whose text is not what is written between its quotes.
fn plain_text(expr: &ast::Expr) -> Option<bool> {
    let ast::ExprKind::String(parts) = &expr.kind else {
        return Some(false);
    };
    let text: Option<usize> = parts
        .iter()
        .map(|part| match part {
            ast::StringPart::Text(text) => Some(text.len()),
            ast::StringPart::Expr(_) => None,
        })
        .sum();
    let written = (expr.span.end - expr.span.start) as usize;
    (text? + 2 == written).then_some(true)
}
