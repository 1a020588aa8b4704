//! Expressions and types.

use super::writer::Writer;
use crate::source::Span;
use crate::syntax::ast::{
    Arg, BinaryOp, Element, Entry, Expr, ExprKind, Field, ForClause, Type, TypeKind, UnaryOp,
};

/// What stands inside a pair of brackets that is printed on one line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    None,
    Blanks,
}

impl Writer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Duration(_)
            | ExprKind::Size(_)
            | ExprKind::String(_)
            | ExprKind::Regex(_)
            | ExprKind::Jsonata(_)
            | ExprKind::Name(_) => self.leaf(expr.span),
            ExprKind::Member { .. } | ExprKind::Index { .. } | ExprKind::Slice { .. } => {
                self.accesses(expr);
            }
            ExprKind::Call { name, args } => {
                self.leaf(name.span);
                self.arguments(args);
            }
            ExprKind::Unary { op, operand } => {
                match op.node {
                    UnaryOp::Not => self.word("not"),
                    UnaryOp::Negate => self.token("-"),
                }
                self.expr(operand);
            }
            ExprKind::Binary { .. } => self.operators(expr),
            ExprKind::If { .. } => self.conditional(expr),
            ExprKind::List(elements) => self.list(
                "[",
                elements,
                "]",
                Padding::None,
                |w, Element { spread, value }| {
                    if *spread {
                        w.token("...");
                    }
                    w.expr(value);
                },
            ),
            ExprKind::Object(entries) => self.entries(entries),
            ExprKind::ListComprehension { value, clause } => {
                self.enclosed("[", "]", Padding::None, |w| {
                    w.expr(value);
                    w.for_clause(clause);
                });
            }
            ExprKind::ObjectComprehension { key, value, clause } => {
                self.enclosed("{", "}", Padding::Blanks, |w| {
                    w.key(key);
                    w.word(":");
                    w.expr(value);
                    w.for_clause(clause);
                });
            }
            ExprKind::Paren(inner) => {
                self.enclosed("(", ")", Padding::None, |w| w.expr(inner));
            }
            ExprKind::Invalid => self.misread(),
        }
    }

    /// `a.b[0][1..2]`, from the name to the last access.
    fn accesses(&mut self, expr: &Expr) {
        let mut accesses = Vec::new();
        let mut first = expr;
        while let ExprKind::Member { base, .. }
        | ExprKind::Index { base, .. }
        | ExprKind::Slice { base, .. } = &first.kind
        {
            accesses.push(first);
            first = base;
        }
        self.expr(first);
        for access in accesses.into_iter().rev() {
            match &access.kind {
                ExprKind::Member { name, .. } => {
                    self.token(".");
                    self.leaf(name.span);
                }
                ExprKind::Index { index, .. } => {
                    self.token("[");
                    self.expr(index);
                    self.token("]");
                }
                ExprKind::Slice { from, to, .. } => {
                    self.token("[");
                    if let Some(from) = from {
                        self.expr(from);
                    }
                    self.token("..");
                    if let Some(to) = to {
                        self.expr(to);
                    }
                    self.token("]");
                }
                _ => self.misread(),
            }
        }
    }

    /// `a + b - c`: operators that bind alike break together, each at the start of its line.
    fn operators(&mut self, expr: &Expr) {
        let ExprKind::Binary { op: top, .. } = &expr.kind else {
            return self.misread();
        };
        let mut links = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary { op, left, right } = &first.kind
            && strength(op.node) == strength(top.node)
        {
            links.push((op.node, right));
            first = left;
        }
        self.group(|w| {
            w.expr(first);
            w.indent(|w| {
                for (op, right) in links.into_iter().rev() {
                    w.comments_before_joint();
                    w.line();
                    w.word(op.word());
                    w.expr(right);
                }
            });
        });
    }

    /// `if a then b else if c then d else e`, broken before each `else`.
    fn conditional(&mut self, expr: &Expr) {
        self.group(|w| {
            w.indent(|w| {
                let mut last = expr;
                while let ExprKind::If {
                    condition,
                    then,
                    otherwise,
                } = &last.kind
                {
                    w.group(|w| {
                        w.word("if");
                        w.expr(condition);
                        w.line();
                        w.word("then");
                        w.expr(then);
                    });
                    w.line();
                    w.word("else");
                    last = otherwise;
                }
                w.expr(last);
            });
        });
    }

    fn for_clause(&mut self, clause: &ForClause) {
        self.line();
        self.word("for");
        self.leaf(clause.name.span);
        self.space();
        self.word("in");
        self.expr(&clause.source);
        if let Some(condition) = &clause.condition {
            self.line();
            self.word("if");
            self.expr(condition);
        }
    }

    /// `{ key: value, … }`
    pub(super) fn entries(&mut self, entries: &[Entry]) {
        self.list("{", entries, "}", Padding::Blanks, |w, entry| match entry {
            Entry::Pair { key, value } => w.pair(key.span, value),
            Entry::Computed { key, value } => {
                w.key(key);
                w.word(":");
                w.expr(value);
            }
            Entry::Short(name) => w.leaf(name.span),
            Entry::Spread(value) => {
                w.token("...");
                w.expr(value);
            }
        });
    }

    /// `key: value`
    pub(super) fn pair(&mut self, key: Span, value: &Expr) {
        self.leaf(key);
        self.word(":");
        self.expr(value);
    }

    /// A computed key: in brackets, unless it is a string with expressions or what stands before `for`.
    fn key(&mut self, key: &Expr) {
        if self.next_token() < key.span.start as usize {
            self.token("[");
            self.expr(key);
            self.token("]");
        } else {
            self.expr(key);
        }
    }

    /// `(a, name: b)`. A lone list or object keeps the brackets together.
    pub(super) fn arguments(&mut self, args: &[Arg]) {
        if let [
            Arg {
                name: None,
                value,
                for_name: None,
                ..
            },
        ] = args
            && self.has_own_lines(value)
        {
            self.token("(");
            self.expr(value);
            self.drop_comma();
            self.token(")");
            return;
        }
        self.list("(", args, ")", Padding::None, |w, arg| {
            if let Some(name) = &arg.name {
                w.leaf(name.span);
                w.word(":");
            }
            w.expr(&arg.value);
            if let Some(name) = &arg.for_name {
                w.space();
                w.word("for");
                w.leaf(name.span);
            }
        });
    }

    /// Whether an expression begins and ends at brackets that it breaks at, or is a text of several lines.
    fn has_own_lines(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::List(_)
            | ExprKind::Object(_)
            | ExprKind::ListComprehension { .. }
            | ExprKind::ObjectComprehension { .. } => true,
            ExprKind::String(_) | ExprKind::Jsonata(_) => self.has_many_lines(expr.span),
            _ => false,
        }
    }

    /// Elements between brackets: on one line, or each on a line of its own with a comma behind it.
    pub(super) fn list<T>(
        &mut self,
        open: &'static str,
        elements: &[T],
        close: &'static str,
        padding: Padding,
        element: impl Fn(&mut Self, &T),
    ) {
        self.group(|w| {
            w.token(open);
            if elements.is_empty() && !w.is_commented() {
                return w.token(close);
            }
            w.indent(|w| {
                for (index, each) in elements.iter().enumerate() {
                    if index == 0 {
                        w.edge(padding);
                    } else {
                        w.comma();
                        w.line_between();
                    }
                    element(w, each);
                }
                if !elements.is_empty() {
                    w.last_comma();
                }
                w.closing_comments(elements.is_empty());
            });
            w.edge(padding);
            w.token(close);
        });
    }

    /// Content between brackets that has no commas of its own.
    pub(super) fn enclosed(
        &mut self,
        open: &'static str,
        close: &'static str,
        padding: Padding,
        content: impl FnOnce(&mut Self),
    ) {
        self.group(|w| {
            w.token(open);
            w.indent(|w| {
                w.edge(padding);
                content(w);
                w.closing_comments(false);
            });
            w.edge(padding);
            w.token(close);
        });
    }

    pub(super) fn edge(&mut self, padding: Padding) {
        match padding {
            Padding::None => self.soft_line(),
            Padding::Blanks => self.line(),
        }
    }

    // Types

    pub(super) fn ty(&mut self, ty: &Type) {
        if !matches!(ty.kind, TypeKind::Union(_)) {
            self.drop_bar();
        }
        match &ty.kind {
            TypeKind::Name(_) | TypeKind::Literal(_) => self.leaf(ty.span),
            TypeKind::List(element) => {
                self.token("[");
                self.ty(element);
                self.token("]");
            }
            TypeKind::Object(fields) => {
                self.list("{", fields, "}", Padding::Blanks, |w, field| w.field(field));
            }
            TypeKind::Optional(inner) => {
                self.ty(inner);
                self.token("?");
            }
            TypeKind::Union(members) => self.union(members),
            TypeKind::Invalid => self.misread(),
        }
    }

    fn field(&mut self, field: &Field) {
        self.leaf(field.name.span);
        if field.optional {
            self.token("?");
        }
        self.word(":");
        self.ty(&field.ty);
    }

    /// `"a" | "b"`, or each on a line of its own behind a bar.
    fn union(&mut self, members: &[Type]) {
        self.group(|w| {
            w.indent(|w| {
                for (index, member) in members.iter().enumerate() {
                    if index == 0 {
                        w.soft_line();
                        w.drop_bar();
                        w.leading_comments();
                        w.if_broken("| ");
                    } else {
                        w.comments_before_joint();
                        w.line();
                        w.word("|");
                    }
                    w.ty(member);
                }
            });
        });
    }
}

/// Operators of one strength are a chain.
fn strength(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Coalesce => 0,
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::In => 3,
        BinaryOp::Add | BinaryOp::Sub => 4,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 5,
    }
}
