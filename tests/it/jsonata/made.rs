//! Makes typed expressions, and a world for them, of any bytes: what a shrinking of the bytes simplifies.

use std::sync::Arc;

use flowc::ir::*;
use flowc::source::{FileId, Span};
use serde_json::{Map, Value, json};

use super::run::{Known, World};

/// Bytes to decide by; zero once they are used up, which decides for what is simplest.
pub struct Maker<'b> {
    bytes: std::slice::Iter<'b, u8>,
    variables: Vec<Type>,
    locals: Vec<(Local, Type)>,
    next: u32,
}

pub fn optional(ty: Type) -> Type {
    Type::optional(ty)
}

fn list(ty: Type) -> Type {
    Type::list(ty)
}

/// A file of a listing: members that are required, lists, and missing.
fn file() -> Type {
    Type::object([
        ("key".to_owned(), Type::String, false),
        ("size".to_owned(), Type::Int, false),
        ("tags".to_owned(), list(Type::String), false),
        ("note".to_owned(), Type::String, true),
        ("in".to_owned(), Type::Bool, false),
        ("--x y".to_owned(), list(list(Type::Int)), true),
    ])
}

pub fn variable_types() -> Vec<(&'static str, Type)> {
    vec![
        ("text", Type::String),
        ("n", Type::Int),
        ("flag", Type::Bool),
        ("words", list(Type::String)),
        ("numbers", list(Type::Int)),
        ("matrix", list(list(Type::Int))),
        ("file", file()),
        ("files", list(file())),
        ("anything", Type::Any),
        ("maybe_n", optional(Type::Int)),
        ("maybe_text", optional(Type::String)),
        ("maybe_file", optional(file())),
        ("holes", list(optional(Type::Int))),
        ("at", Type::Timestamp),
        ("maybe_at", optional(Type::Timestamp)),
        ("sizes", Type::Map(Arc::new(Type::Int))),
        ("things", list(Type::Any)),
        ("maybe_words", optional(list(Type::String))),
    ]
}

const TEXTS: [&str; 12] = [
    "",
    "a",
    "it's",
    "say \"x\"",
    "${p0}",
    "{% 1 %}",
    "ü→𝄞",
    "a\\b",
    "a\nb",
    "b",
    "and",
    "x%}",
];

const MOMENTS: [&str; 4] = [
    "2026-01-31T02:00:00.000Z",
    "2026-01-31T03:00:00.000+01:00",
    "2024-02-29T23:59:59.999Z",
    "1970-01-01T00:00:00.000Z",
];

impl<'b> Maker<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes: bytes.iter(),
            variables: variable_types().into_iter().map(|(_, ty)| ty).collect(),
            locals: Vec::new(),
            next: 0,
        }
    }

    fn pick(&mut self, n: usize) -> usize {
        self.bytes.next().map_or(0, |b| *b as usize) % n
    }

    fn chance(&mut self) -> bool {
        self.pick(2) == 1
    }

    /// Values for all variables; every second one that can be null is read from the input.
    pub fn world(&mut self) -> World {
        let variables = variable_types()
            .into_iter()
            .map(|(name, ty)| {
                let input = ty.is_nullable() && self.chance();
                Known {
                    name: name.to_owned(),
                    input,
                    value: self.json(&ty, 3),
                }
            })
            .collect();
        World {
            variables,
            sdk: false,
        }
    }

    fn json(&mut self, ty: &Type, depth: usize) -> Value {
        match ty {
            Type::String => json!(TEXTS[self.pick(TEXTS.len())]),
            Type::Int => json!(self.pick(9) as i64 - 3),
            Type::Bool => json!(self.chance()),
            Type::Timestamp => json!(MOMENTS[self.pick(MOMENTS.len())]),
            Type::List(element) => {
                let length = self.pick(4);
                (0..length).map(|_| self.json(element, depth)).collect()
            }
            Type::Map(value) => {
                let length = self.pick(3);
                (0..length)
                    .map(|_| {
                        (
                            TEXTS[self.pick(TEXTS.len())].to_owned(),
                            self.json(value, depth),
                        )
                    })
                    .collect::<Map<_, _>>()
                    .into()
            }
            Type::Object(object) => {
                let mut members = Map::new();
                for field in &object.fields {
                    let value = self.json(&field.ty, depth);
                    if !field.optional || self.chance() {
                        members.insert(field.name.clone(), value);
                    }
                }
                members.into()
            }
            Type::Optional(ty) => {
                if self.chance() {
                    self.json(ty, depth)
                } else {
                    Value::Null
                }
            }
            _ if depth == 0 => json!(1),
            _ => {
                let ty = match self.pick(7) {
                    0 => return Value::Null,
                    1 => Type::Int,
                    2 => Type::String,
                    3 => Type::Bool,
                    4 => list(Type::Any),
                    5 => Type::Map(Arc::new(Type::Any)),
                    _ => file(),
                };
                self.json(&ty, depth - 1)
            }
        }
    }

    /// An expression of one of the types, and all of its parts.
    pub fn any_expr(&mut self, depth: usize) -> Expr {
        let ty = self.any_type();
        self.expr(&ty, depth)
    }

    fn any_type(&mut self) -> Type {
        match self.pick(16) {
            0 => Type::String,
            1 => Type::Int,
            2 => Type::Bool,
            3 => list(Type::Int),
            4 => list(list(Type::Int)),
            5 => list(Type::String),
            6 => optional(Type::Int),
            7 => optional(Type::String),
            8 => Type::Any,
            9 => file(),
            10 => list(file()),
            11 => Type::Map(Arc::new(Type::Int)),
            12 => Type::Timestamp,
            13 => list(optional(Type::Int)),
            14 => list(Type::Any),
            _ => optional(list(Type::String)),
        }
    }

    pub fn expr(&mut self, ty: &Type, depth: usize) -> Expr {
        if depth == 0 {
            return self.atom(ty);
        }
        let depth = depth - 1;
        match self.pick(8) {
            0 | 1 => self.atom(ty),
            2 => self.conditional(ty, depth),
            3 => self.coalesce(ty, depth),
            4 => self.let_in(ty, depth),
            _ => self.compound(ty, depth),
        }
    }

    /// A variable, a local, a member of one, or a literal.
    fn atom(&mut self, ty: &Type) -> Expr {
        let mut found = Vec::new();
        for (id, variable) in self.variables.clone().into_iter().enumerate() {
            let expr = run(ExprKind::Variable(VariableId(id as u32)), variable);
            paths(expr, ty, &mut found, 2);
        }
        for (local, local_type) in self.locals.clone() {
            let expr = run(ExprKind::Local(local), local_type);
            paths(expr, ty, &mut found, 2);
        }
        let choice = self.pick(found.len() + 2);
        if choice < found.len() {
            return found.swap_remove(choice);
        }
        let value = self.json(ty, 2);
        Expr::literal(literal(&value), ty.clone(), span())
    }

    fn conditional(&mut self, ty: &Type, depth: usize) -> Expr {
        let condition = if self.pick(8) == 7 {
            self.expr(&Type::Any, depth)
        } else {
            self.expr(&Type::Bool, depth)
        };
        run(
            ExprKind::If {
                condition: Box::new(condition),
                then: Box::new(self.expr(ty, depth)),
                otherwise: Box::new(self.expr(ty, depth)),
            },
            ty.clone(),
        )
    }

    fn coalesce(&mut self, ty: &Type, depth: usize) -> Expr {
        let left = self.expr(&optional(ty.clone()), depth);
        let right = self.expr(ty, depth);
        binary(Binary::Coalesce, left, right, ty.clone())
    }

    fn let_in(&mut self, ty: &Type, depth: usize) -> Expr {
        let value = self.any_expr(depth);
        let name = ["x", "count", "text"][self.pick(3)];
        let local = self.local(name);
        self.locals.push((local.clone(), value.ty.clone()));
        let body = self.expr(ty, depth);
        self.locals.pop();
        run(
            ExprKind::Let {
                local,
                value: Box::new(value),
                body: Box::new(body),
            },
            ty.clone(),
        )
    }

    fn local(&mut self, name: &str) -> Local {
        self.next += 1;
        Local {
            id: self.next,
            name: name.into(),
        }
    }

    fn compound(&mut self, ty: &Type, depth: usize) -> Expr {
        match ty {
            Type::String => {
                let count = self.pick(3) + 1;
                let parts = (0..count).map(|_| self.any_expr(depth)).collect();
                run(ExprKind::Template(parts), Type::String)
            }
            Type::Int => self.arithmetic(depth),
            Type::Bool => self.test(depth),
            Type::Timestamp => {
                let moment = self.expr(&Type::Timestamp, depth);
                let seconds = self.expr(&Type::Int, depth);
                let op = [Binary::Add, Binary::Sub][self.pick(2)];
                binary(op, moment, seconds, Type::Timestamp)
            }
            Type::List(element) => self.list_of(element, depth),
            Type::Map(value) => self.map_of(value, depth),
            Type::Object(object) => {
                let mut entries = Vec::new();
                if self.chance() {
                    let spread = self.expr(&optional(ty.clone()), depth);
                    entries.push(Entry::Spread(spread));
                }
                for field in &object.fields {
                    if !field.optional || self.chance() {
                        entries.push(Entry::Pair {
                            key: field.name.clone(),
                            value: self.expr(&field.ty, depth),
                        });
                    }
                }
                run(ExprKind::Object(entries), ty.clone())
            }
            Type::Optional(inner) => self.optional_of(inner, depth),
            _ => {
                let expr = self.any_expr(depth);
                Expr {
                    ty: Type::Any,
                    ..expr
                }
            }
        }
    }

    fn arithmetic(&mut self, depth: usize) -> Expr {
        match self.pick(6) {
            0 => run(
                ExprKind::Unary {
                    op: Unary::Negate,
                    operand: Box::new(self.expr(&Type::Int, depth)),
                },
                Type::Int,
            ),
            1 => {
                let left = self.expr(&Type::Int, depth);
                let right = Expr::literal(literal(&json!(3)), Type::Int, span());
                binary(Binary::Rem, left, right, Type::Int)
            }
            2 => {
                let left = self.expr(&Type::Any, depth);
                let right = self.expr(&Type::Int, depth);
                binary(Binary::Add, left, right, Type::Int)
            }
            n => {
                let op = [Binary::Add, Binary::Sub, Binary::Mul][n - 3];
                let left = self.expr(&Type::Int, depth);
                let right = self.expr(&Type::Int, depth);
                binary(op, left, right, Type::Int)
            }
        }
    }

    fn test(&mut self, depth: usize) -> Expr {
        match self.pick(8) {
            0 => run(
                ExprKind::Unary {
                    op: Unary::Not,
                    operand: Box::new(self.expr(&Type::Bool, depth)),
                },
                Type::Bool,
            ),
            1 => {
                let op = [Binary::And, Binary::Or][self.pick(2)];
                let left = self.expr(&Type::Bool, depth);
                let right = if self.pick(4) == 3 {
                    self.expr(&Type::Any, depth)
                } else {
                    self.expr(&Type::Bool, depth)
                };
                binary(op, left, right, Type::Bool)
            }
            2 => {
                let ty = [Type::Int, Type::Timestamp, Type::Any][self.pick(3)].clone();
                let left = self.expr(&ty, depth);
                let right = self.expr(if ty == Type::Any { &Type::Int } else { &ty }, depth);
                let op = [Binary::Lt, Binary::Le, Binary::Gt, Binary::Ge][self.pick(4)];
                binary(op, left, right, Type::Bool)
            }
            3 => {
                let (item, list) = match self.pick(4) {
                    0 => (Type::String, list(Type::String)),
                    1 => (optional(Type::Int), list(optional(Type::Int))),
                    2 => (list(Type::Int), list(list(Type::Int))),
                    _ => (Type::Any, list(Type::Any)),
                };
                let item = self.expr(&item, depth);
                let list = self.expr(&list, depth);
                binary(Binary::In, item, list, Type::Bool)
            }
            4 => {
                let value = self.any_expr(depth);
                let op = [Binary::Eq, Binary::Ne][self.pick(2)];
                let null = Expr::null(span());
                let (left, right) = if self.chance() {
                    (null, value)
                } else {
                    (value, null)
                };
                binary(op, left, right, Type::Bool)
            }
            _ => {
                let (left, right) = match self.pick(6) {
                    0 => (Type::Int, optional(Type::Int)),
                    1 => (optional(Type::String), optional(Type::String)),
                    2 => (list(Type::Int), list(Type::Int)),
                    3 => (Type::Timestamp, optional(Type::Timestamp)),
                    4 => (Type::Any, Type::Any),
                    _ => (optional(Type::String), Type::String),
                };
                let left = self.expr(&left, depth);
                let right = self.expr(&right, depth);
                let op = [Binary::Eq, Binary::Ne][self.pick(2)];
                binary(op, left, right, Type::Bool)
            }
        }
    }

    fn list_of(&mut self, element: &Type, depth: usize) -> Expr {
        let ty = list(element.clone());
        match self.pick(4) {
            0 => {
                let count = self.pick(3);
                let elements = (0..count)
                    .map(|_| {
                        let spread = self.chance();
                        let value = match (spread, self.chance()) {
                            (true, true) => self.expr(&optional(ty.clone()), depth),
                            (true, false) => self.expr(&ty, depth),
                            (false, _) => self.expr(element, depth),
                        };
                        Element { spread, value }
                    })
                    .collect();
                run(ExprKind::List(elements), ty)
            }
            1 => {
                let base = self.expr(&ty, depth);
                let from = self.chance().then(|| Box::new(self.place(depth)));
                let to = self.chance().then(|| Box::new(self.place(depth)));
                run(
                    ExprKind::Slice {
                        base: Box::new(base),
                        from,
                        to,
                    },
                    ty,
                )
            }
            2 if matches!(element, Type::Int | Type::Object(_)) => {
                let list = self.expr(&ty, depth);
                let local = self.local("item");
                self.locals.push((local.clone(), element.clone()));
                let key = self.expr(&Type::Int, depth.min(1));
                self.locals.pop();
                run(
                    ExprKind::Sort {
                        list: Box::new(list),
                        local,
                        key: Box::new(key),
                    },
                    ty,
                )
            }
            _ => {
                let source_element = if self.chance() {
                    element.clone()
                } else {
                    [
                        file(),
                        Type::Int,
                        list(Type::Int),
                        optional(Type::Int),
                        Type::Any,
                    ][self.pick(5)]
                    .clone()
                };
                let source = self.expr(&list(source_element.clone()), depth);
                let local = self.local("item");
                self.locals.push((local.clone(), source_element));
                let condition = self
                    .chance()
                    .then(|| Box::new(self.expr(&Type::Bool, depth)));
                let value = self.expr(element, depth);
                self.locals.pop();
                run(
                    ExprKind::ListComprehension {
                        local,
                        source: Box::new(source),
                        condition,
                        value: Box::new(value),
                    },
                    ty,
                )
            }
        }
    }

    fn place(&mut self, depth: usize) -> Expr {
        if self.chance() {
            return self.expr(&Type::Int, depth.min(1));
        }
        let place = json!(self.pick(7) as i64 - 3);
        Expr::literal(literal(&place), Type::Int, span())
    }

    fn map_of(&mut self, value: &Type, depth: usize) -> Expr {
        let ty = Type::Map(Arc::new(value.clone()));
        if self.chance() {
            let entries = (0..self.pick(3))
                .map(|at| match self.pick(3) {
                    0 => Entry::Pair {
                        key: TEXTS[(at + 4 * self.pick(3)) % TEXTS.len()].to_owned(),
                        value: self.expr(value, depth),
                    },
                    1 => Entry::Computed {
                        key: self.expr(&Type::String, depth),
                        value: self.expr(value, depth),
                    },
                    _ => Entry::Spread(self.expr(&optional(ty.clone()), depth)),
                })
                .collect();
            return run(ExprKind::Object(entries), ty);
        }
        let source = self.expr(&list(file()), depth);
        let local = self.local("file");
        self.locals.push((local.clone(), file()));
        let condition = self
            .chance()
            .then(|| Box::new(self.expr(&Type::Bool, depth)));
        let key = self.expr(&Type::String, depth);
        let value = self.expr(value, depth);
        self.locals.pop();
        run(
            ExprKind::ObjectComprehension {
                local,
                source: Box::new(source),
                condition,
                key: Box::new(key),
                value: Box::new(value),
            },
            ty,
        )
    }

    fn optional_of(&mut self, inner: &Type, depth: usize) -> Expr {
        let ty = optional(inner.clone());
        match self.pick(4) {
            0 => {
                let base = self.expr(&list(inner.clone()), depth);
                let index = self.place(depth);
                index_of(base, index, ty)
            }
            1 if *inner == Type::Int => {
                let base = self.expr(&Type::Map(Arc::new(Type::Int)), depth);
                let key = self.expr(&Type::String, depth);
                index_of(base, key, ty)
            }
            2 => {
                let condition = self.expr(&Type::Bool, depth);
                run(
                    ExprKind::If {
                        condition: Box::new(condition),
                        then: Box::new(self.expr(inner, depth)),
                        otherwise: Box::new(Expr::null(span())),
                    },
                    ty,
                )
            }
            _ => {
                let expr = self.expr(inner, depth);
                Expr { ty, ..expr }
            }
        }
    }
}

/// The expression and those of its members that have the type.
fn paths(expr: Expr, wanted: &Type, found: &mut Vec<Expr>, depth: usize) {
    if depth > 0 {
        let (object, optional_base) = match &expr.ty {
            Type::Object(object) => (Some(object.clone()), false),
            Type::Optional(ty) => match ty.as_ref() {
                Type::Object(object) => (Some(object.clone()), true),
                _ => (None, true),
            },
            _ => (None, false),
        };
        for field in object.iter().flat_map(|object| &object.fields) {
            let ty = if field.optional || optional_base {
                optional(field.ty.clone())
            } else {
                field.ty.clone()
            };
            paths(
                member(expr.clone(), &field.name, ty),
                wanted,
                found,
                depth - 1,
            );
        }
        if expr.ty == Type::Any {
            paths(
                member(expr.clone(), "key", Type::Any),
                wanted,
                found,
                depth - 1,
            );
        }
    }
    if expr.ty == *wanted {
        found.push(expr);
    }
}

pub fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

pub fn run(kind: ExprKind, ty: Type) -> Expr {
    Expr {
        kind,
        ty,
        time: Time::Run,
        span: span(),
    }
}

pub fn member(base: Expr, name: &str, ty: Type) -> Expr {
    run(
        ExprKind::Member {
            base: Box::new(base),
            name: name.to_owned(),
        },
        ty,
    )
}

pub fn index_of(base: Expr, index: Expr, ty: Type) -> Expr {
    run(
        ExprKind::Index {
            base: Box::new(base),
            index: Box::new(index),
        },
        ty,
    )
}

pub fn binary(op: Binary, left: Expr, right: Expr, ty: Type) -> Expr {
    run(
        ExprKind::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
        },
        ty,
    )
}

pub fn literal(value: &Value) -> Literal {
    match value {
        Value::Null => Literal::Null,
        Value::Bool(value) => Literal::Bool(*value),
        Value::Number(number) => Literal::Number(number.clone()),
        Value::String(text) => Literal::String(text.clone()),
        Value::Array(items) => Literal::List(items.iter().map(literal).collect()),
        Value::Object(members) => Literal::Object(
            members
                .iter()
                .map(|(key, value)| (key.clone(), literal(value)))
                .collect(),
        ),
    }
}
