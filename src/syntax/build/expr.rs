//! Expressions; binary operators are climbed by precedence.

use std::sync::LazyLock;

use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::{Builder, Children};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{
    Arg, BinaryOp, Element, Entry, Expr, ExprKind, ForClause, StringPart, UnaryOp,
};
use crate::syntax::grammar::Rule;

/// Weakest first. A rule is either a prefix or stands between two operands: a second row would replace the first.
static OPERATORS: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::coalesce))
        .op(left(Rule::kw_or))
        .op(left(Rule::kw_and))
        .op(Op::prefix(Rule::kw_not))
        .op(left(Rule::equal)
            | left(Rule::not_equal)
            | left(Rule::less)
            | left(Rule::at_most)
            | left(Rule::greater)
            | left(Rule::at_least)
            | left(Rule::kw_in))
        .op(left(Rule::plus) | left(Rule::minus))
        .op(left(Rule::star) | left(Rule::slash) | left(Rule::remainder))
        .op(Op::prefix(Rule::negation))
});

impl Builder<'_> {
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let mut children = Children::of(pair.clone());
        if let Some(operand) = children.take(Rule::operand)
            && children.peek().is_none()
        {
            return self.operand(operand);
        }
        let builder = std::cell::RefCell::new(self);
        OPERATORS
            .map_primary(|operand| builder.borrow_mut().operand(operand))
            .map_prefix(|op, operand| {
                let op = Spanned::new(
                    if op.as_rule() == Rule::kw_not {
                        UnaryOp::Not
                    } else {
                        UnaryOp::Negate
                    },
                    builder.borrow().span(&op),
                );
                Expr {
                    span: op.span.to(operand.span),
                    kind: ExprKind::Unary {
                        op,
                        operand: Box::new(operand),
                    },
                }
            })
            .map_infix(|left, op, right| {
                let op = Spanned::new(binary_op(op.as_rule()), builder.borrow().span(&op));
                builder.borrow_mut().check_chain(&left, &op);
                Expr {
                    span: left.span.to(right.span),
                    kind: ExprKind::Binary {
                        op,
                        left: Box::new(left),
                        right: Box::new(right),
                    },
                }
            })
            .parse(pair.into_inner())
    }

    /// `a < b < c` reads as mathematics and means something else.
    fn check_chain(&mut self, left: &Expr, op: &Spanned<BinaryOp>) {
        if !is_comparison(op.node) {
            return;
        }
        if let ExprKind::Binary { op: inner, .. } = &left.kind
            && is_comparison(inner.node)
        {
            self.report(
                Diagnostic::new(Code::Syntax, op.span, "comparisons do not chain".to_owned())
                    .also(inner.span, "this one comes first")
                    .help("join them with `and`, or put one in parentheses"),
            );
        }
    }

    fn operand(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let mut children = Children::of(pair);
        let primary = children.any();
        let mut expr = self.primary(primary);
        while let Some(access) = children.next() {
            let span = expr.span.to(self.span(&access));
            let base = Box::new(expr);
            let kind = match access.as_rule() {
                Rule::member_access => {
                    let name = Children::of(access).rest(Rule::any_name);
                    match name.first() {
                        Some(name) => ExprKind::Member {
                            base,
                            name: self.name(name),
                        },
                        None => ExprKind::Invalid,
                    }
                }
                _ => self.index(base, access),
            };
            expr = Expr { kind, span };
        }
        expr
    }

    fn index(&mut self, base: Box<Expr>, access: Pair<'_, Rule>) -> ExprKind {
        let mut children = Children::of(access);
        children.need(Rule::open_bracket);
        let from = children
            .take(Rule::expr)
            .map(|expr| Box::new(self.expr(expr)));
        match (children.take(Rule::slice_end), from) {
            (Some(end), from) => ExprKind::Slice {
                base,
                from,
                to: Children::of(end)
                    .rest(Rule::expr)
                    .pop()
                    .map(|expr| Box::new(self.expr(expr))),
            },
            (None, Some(index)) => ExprKind::Index { base, index },
            (None, None) => ExprKind::Invalid,
        }
    }

    pub(super) fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::kw_null => ExprKind::Null,
            Rule::kw_true => ExprKind::Bool(true),
            Rule::kw_false => ExprKind::Bool(false),
            Rule::number => ExprKind::Number(pair.as_str().to_owned()),
            Rule::duration => match seconds(pair.as_str()) {
                Some(seconds) => ExprKind::Duration(seconds),
                None => self.too_big(span, "duration"),
            },
            Rule::size => match bytes(pair.as_str()) {
                Some(bytes) => ExprKind::Size(bytes),
                None => self.too_big(span, "size"),
            },
            Rule::string => ExprKind::String(self.string_parts(pair)),
            Rule::raw_string => ExprKind::String(raw_parts(between(pair.as_str(), "r\"", "\""))),
            Rule::regex => ExprKind::Regex(between(pair.as_str(), "re\"", "\"").to_owned()),
            Rule::jsonata => {
                ExprKind::Jsonata(between(pair.as_str(), "jsonata`", "`").replace("\r\n", "\n"))
            }
            Rule::paren => {
                let inner = Children::of(pair).rest(Rule::expr).pop();
                match inner {
                    Some(inner) => ExprKind::Paren(Box::new(self.expr(inner))),
                    None => ExprKind::Invalid,
                }
            }
            Rule::if_expr => self.if_expr(pair),
            Rule::list => self.list(pair),
            Rule::object => self.object(pair),
            _ => self.reference(pair),
        };
        Expr { kind, span }
    }

    fn too_big(&mut self, span: Span, what: &str) -> ExprKind {
        self.report(Diagnostic::new(
            Code::Syntax,
            span,
            format!("this {what} is too large"),
        ));
        ExprKind::Invalid
    }

    fn if_expr(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut parts = Children::of(pair)
            .rest(Rule::expr)
            .into_iter()
            .map(|expr| Box::new(self.expr(expr)));
        match (parts.next(), parts.next(), parts.next()) {
            (Some(condition), Some(then), Some(otherwise)) => ExprKind::If {
                condition,
                then,
                otherwise,
            },
            _ => ExprKind::Invalid,
        }
    }

    fn list(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut children = Children::of(pair);
        let mut elements = Vec::new();
        let mut clause = None;
        while let Some(child) = children.next() {
            match child.as_rule() {
                Rule::element => elements.push(self.element(child)),
                Rule::for_clause => clause = Some(self.for_clause(child)),
                _ => {}
            }
        }
        match (clause, elements.pop()) {
            (Some(clause), Some(element)) => {
                if element.spread {
                    self.report(Diagnostic::new(
                        Code::Syntax,
                        element.value.span,
                        "a comprehension has one value for each name; it does not spread",
                    ));
                }
                ExprKind::ListComprehension {
                    value: Box::new(element.value),
                    clause: Box::new(clause),
                }
            }
            (_, last) => {
                elements.extend(last);
                ExprKind::List(elements)
            }
        }
    }

    fn element(&mut self, pair: Pair<'_, Rule>) -> Element {
        let mut children = Children::of(pair);
        let spread = children.take(Rule::spread).is_some();
        let value = children.need(Rule::expr);
        Element {
            spread,
            value: self.expr(value),
        }
    }

    fn object(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut children = Children::of(pair);
        let mut pairs = Vec::new();
        let mut clause = None;
        while let Some(child) = children.next() {
            match child.as_rule() {
                Rule::entry => pairs.push(child),
                Rule::for_clause => clause = Some(self.for_clause(child)),
                _ => {}
            }
        }
        match clause {
            Some(clause) => match pairs.pop() {
                Some(entry) => self.object_comprehension(entry, clause),
                None => ExprKind::Invalid,
            },
            None => ExprKind::Object(pairs.into_iter().map(|entry| self.entry(entry)).collect()),
        }
    }

    fn object_comprehension(&mut self, entry: Pair<'_, Rule>, clause: ForClause) -> ExprKind {
        let span = self.span(&entry);
        let mut children = Children::of(entry);
        let key = match children.next() {
            Some(key) if key.as_rule() == Rule::entry_key => self.entry_key(key),
            Some(key) if key.as_rule() == Rule::computed_key => {
                let expr = Children::of(key).rest(Rule::expr).pop();
                expr.map_or_else(|| invalid(span), |expr| self.expr(expr))
            }
            _ => {
                self.report(Diagnostic::new(
                    Code::Syntax,
                    span,
                    "a comprehension has one value for each name; it does not spread",
                ));
                invalid(span)
            }
        };
        match children.rest(Rule::expr).pop() {
            Some(value) => ExprKind::ObjectComprehension {
                key: Box::new(key),
                value: Box::new(self.expr(value)),
                clause: Box::new(clause),
            },
            None => {
                self.report(
                    Diagnostic::new(
                        Code::Syntax,
                        span,
                        "expected `key: value`, found a key alone",
                    )
                    .help("write `{ x.name: x.value for x in xs }`"),
                );
                ExprKind::Invalid
            }
        }
    }

    fn entry_key(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let first = children.any();
        let mut expr = if first.as_rule() == Rule::string {
            self.string(first)
        } else {
            Expr {
                span: self.span(&first),
                kind: ExprKind::Name(first.as_str().to_owned()),
            }
        };
        for access in children.rest(Rule::member_access) {
            for name in Children::of(access).rest(Rule::any_name) {
                expr = Expr {
                    kind: ExprKind::Member {
                        base: Box::new(expr),
                        name: self.name(&name),
                    },
                    span,
                };
            }
        }
        expr
    }

    pub(super) fn entry(&mut self, pair: Pair<'_, Rule>) -> Entry {
        let mut children = Children::of(pair);
        if children.take(Rule::spread).is_some() {
            let value = children.need(Rule::expr);
            return Entry::Spread(self.expr(value));
        }
        if let Some(key) = children.take(Rule::computed_key) {
            let span = self.span(&key);
            let key = Children::of(key).rest(Rule::expr).pop();
            let key = key.map_or_else(|| invalid(span), |key| self.expr(key));
            let value = children.rest(Rule::expr).pop();
            return Entry::Computed {
                key,
                value: value.map_or_else(|| invalid(span), |value| self.expr(value)),
            };
        }
        let key = children.need(Rule::entry_key);
        let key = self.entry_key(key);
        let value = children
            .rest(Rule::expr)
            .pop()
            .map(|value| self.expr(value));
        match (key.kind, value) {
            (ExprKind::Name(name), Some(value)) => Entry::Pair {
                key: Spanned::new(name, key.span),
                value,
            },
            (ExprKind::Name(name), None) => Entry::Short(Spanned::new(name, key.span)),
            (ExprKind::String(parts), Some(value)) => match plain(&parts) {
                Some(text) => Entry::Pair {
                    key: Spanned::new(text, key.span),
                    value,
                },
                None => Entry::Computed {
                    key: Expr {
                        kind: ExprKind::String(parts),
                        span: key.span,
                    },
                    value,
                },
            },
            (kind, value) => {
                let whole = self.text.get(key.span.range()).unwrap_or("");
                let message = match kind {
                    ExprKind::Member { .. } => {
                        format!("`{whole}` is no key; a key is one name or a string")
                    }
                    _ => format!("expected `:` and a value after {whole}"),
                };
                self.report(
                    Diagnostic::new(Code::Syntax, key.span, message)
                        .help("a computed key stands in brackets: `[expression]: value`"),
                );
                Entry::Computed {
                    key: invalid(key.span),
                    value: value.unwrap_or_else(|| invalid(key.span)),
                }
            }
        }
    }

    fn for_clause(&mut self, pair: Pair<'_, Rule>) -> ForClause {
        let mut children = Children::of(pair);
        children.need(Rule::kw_for);
        let name = children.need(Rule::name);
        children.need(Rule::kw_in);
        let source = children.need(Rule::expr);
        let condition = children.rest(Rule::expr).pop();
        ForClause {
            name: self.name(&name),
            source: self.expr(source),
            condition: condition.map(|condition| self.expr(condition)),
        }
    }

    fn reference(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut children = Children::of(pair);
        let name = children.any();
        match children.take(Rule::call_arguments) {
            Some(args) => ExprKind::Call {
                name: self.name(&name),
                args: self.arguments(args),
            },
            None if self.is_left_out(&name) => ExprKind::Invalid,
            None => self.name_or_value(&name),
        }
    }

    /// A name, unless it is another language's word for a value and nothing of that name is there.
    fn name_or_value(&mut self, name: &Pair<'_, Rule>) -> ExprKind {
        let Some(word) = self.bound.find(name.as_str()) else {
            return ExprKind::Name(name.as_str().to_owned());
        };
        let span = self.span(name);
        self.report(
            word.describe(span)
                .replace(span, word.own, format!("write `{}`", word.own)),
        );
        match word.own {
            "null" => ExprKind::Null,
            own => ExprKind::Bool(own == "true"),
        }
    }

    pub(super) fn arguments(&mut self, pair: Pair<'_, Rule>) -> Vec<Arg> {
        Children::of(pair)
            .rest(Rule::argument)
            .into_iter()
            .map(|argument| self.argument(argument))
            .collect()
    }

    fn argument(&mut self, pair: Pair<'_, Rule>) -> Arg {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let name = children.take(Rule::argument_name).map(|name| {
            let name = Children::of(name).any();
            let span = self.span(&name);
            let text = if name.as_rule() == Rule::string {
                let parts = self.string_parts(name);
                plain(&parts).unwrap_or_default()
            } else {
                name.as_str().to_owned()
            };
            Spanned::new(text, span)
        });
        let value = children.need(Rule::expr);
        let value = self.expr(value);
        let for_name = children.rest(Rule::name).pop().map(|name| self.name(&name));
        Arg {
            name,
            value,
            for_name,
            span,
        }
    }
}

fn invalid(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Invalid,
        span,
    }
}

/// The text of a string without expressions.
fn plain(parts: &[StringPart]) -> Option<String> {
    parts
        .iter()
        .map(|part| match part {
            StringPart::Text(text) => Some(text.as_str()),
            StringPart::Expr(_) => None,
        })
        .collect()
}

fn raw_parts(text: &str) -> Vec<StringPart> {
    if text.is_empty() {
        Vec::new()
    } else {
        vec![StringPart::Text(text.to_owned())]
    }
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> &'t str {
    text.strip_prefix(open)
        .and_then(|text| text.strip_suffix(close))
        .unwrap_or(text)
}

pub(super) fn binary_op(rule: Rule) -> BinaryOp {
    match rule {
        Rule::coalesce => BinaryOp::Coalesce,
        Rule::kw_or => BinaryOp::Or,
        Rule::kw_and => BinaryOp::And,
        Rule::equal => BinaryOp::Eq,
        Rule::not_equal => BinaryOp::Ne,
        Rule::less => BinaryOp::Lt,
        Rule::at_most => BinaryOp::Le,
        Rule::greater => BinaryOp::Gt,
        Rule::at_least => BinaryOp::Ge,
        Rule::kw_in => BinaryOp::In,
        Rule::plus => BinaryOp::Add,
        Rule::minus => BinaryOp::Sub,
        Rule::star => BinaryOp::Mul,
        Rule::slash => BinaryOp::Div,
        _ => BinaryOp::Rem,
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
            | BinaryOp::In
    )
}

/// `1h30m` in seconds, unless it is more than fits.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let mut total = 0u64;
    let mut number = 0u64;
    for byte in text.bytes() {
        let unit = match byte {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            digit => {
                number = number
                    .checked_mul(10)?
                    .checked_add(u64::from(digit - b'0'))?;
                continue;
            }
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        number = 0;
    }
    // A JSON number holds integers exactly up to 2^53.
    (total < 1 << 53).then_some(total)
}

/// `256KB` in bytes, unless it is more than fits.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let unit: u64 = match unit {
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        _ => 1 << 30,
    };
    number
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
        .filter(|total| *total < 1 << 53)
}
