//! Expressions of made-up programs: of the type that is wanted, out of the names that are known.

use super::{Around, Errors, Maker, Name, Ty, text};
use crate::support::programs::Expr;

impl Maker<'_> {
    pub(super) fn of(&mut self, scope: &[Name], ty: Ty) -> Option<Expr> {
        let names: Vec<&Name> = scope.iter().filter(|name| name.ty == ty).collect();
        if names.is_empty() {
            return None;
        }
        Some(Expr::name(&names[self.pick(names.len())].name))
    }

    pub(super) fn int(&mut self, scope: &[Name], deep: usize) -> Expr {
        let other = if deep == 0 { 4 } else { 8 };
        match self.pick(other) {
            0 => Expr::Int(self.pick(4) as i64),
            1 | 2 => self.of(scope, Ty::Int).unwrap_or(Expr::Int(1)),
            3 => match self.maybe(scope) {
                Some(answer) => {
                    let other = Box::new(Expr::Int(self.pick(3) as i64));
                    Expr::Else(Box::new(answer.member("n")), other)
                }
                None => match self.of(scope, Ty::Answer) {
                    Some(answer) => answer.member("n"),
                    None => Expr::Int(2),
                },
            },
            4 => Expr::Add(
                Box::new(self.int(scope, deep - 1)),
                Box::new(self.int(scope, deep - 1)),
            ),
            5 => Expr::Choose(
                Box::new(self.boolean(scope, deep - 1)),
                Box::new(self.int(scope, deep - 1)),
                Box::new(self.int(scope, deep - 1)),
            ),
            6 => match self.collected(scope) {
                Some(collected) => {
                    let part = ["ok", "failed"][self.pick(2)];
                    Expr::Call("count", Box::new(collected.member(part)))
                }
                None => Expr::Call("count", Box::new(self.ints(scope, 0))),
            },
            _ => Expr::Call("sum", Box::new(self.ints(scope, deep - 1))),
        }
    }

    pub(super) fn boolean(&mut self, scope: &[Name], deep: usize) -> Expr {
        let other = if deep == 0 { 3 } else { 6 };
        if deep > 0 && self.one_in(16) {
            let risky = Expr::Risky(Box::new(self.boolean(scope, deep - 1)));
            return Expr::Equal(Box::new(risky), Box::new(Expr::Int(1)));
        }
        match self.pick(other) {
            0 => match self.of(scope, Ty::Answer) {
                Some(answer) => answer.member("b"),
                None => Expr::Less(Box::new(Expr::name("a")), Box::new(Expr::Int(2))),
            },
            1 => match self.of(scope, Ty::Bool) {
                Some(name) => name,
                None => Expr::Equal(Box::new(self.word(scope)), Box::new(text("p"))),
            },
            2 => {
                let left = self.of(scope, Ty::Int).unwrap_or(Expr::name("a"));
                Expr::Less(Box::new(left), Box::new(self.int(scope, 0)))
            }
            3 => Expr::Not(Box::new(self.boolean(scope, deep - 1))),
            4 => Expr::Both(
                Box::new(self.boolean(scope, deep - 1)),
                Box::new(self.boolean(scope, deep - 1)),
            ),
            _ => Expr::Either(
                Box::new(self.boolean(scope, deep - 1)),
                Box::new(self.boolean(scope, deep - 1)),
            ),
        }
    }

    /// An answer that may be null: one of a list, or of a way that is not always gone.
    pub(super) fn maybe(&mut self, scope: &[Name]) -> Option<Expr> {
        match self.pick(3) {
            0 => None,
            1 => self.of(scope, Ty::Maybe),
            _ => {
                let at = self.pick(4) as i64 - 1;
                Some(Expr::At(Box::new(self.answers(scope)?), at))
            }
        }
    }

    pub(super) fn answers(&mut self, scope: &[Name]) -> Option<Expr> {
        match self.pick(2) {
            0 => self.of(scope, Ty::Answers),
            _ => Some(self.of(scope, Ty::CollectedAnswers)?.member("ok")),
        }
    }

    pub(super) fn collected(&mut self, scope: &[Name]) -> Option<Expr> {
        let ty = [Ty::Collected, Ty::CollectedAnswers][self.pick(2)];
        self.of(scope, ty)
    }

    pub(super) fn word(&mut self, scope: &[Name]) -> Expr {
        match self.of(scope, Ty::Answer) {
            Some(answer) if self.pick(2) == 0 => answer.member("s"),
            _ => Expr::name("w"),
        }
    }

    pub(super) fn ints(&mut self, scope: &[Name], deep: usize) -> Expr {
        match self.pick(if deep == 0 { 3 } else { 5 }) {
            0 => Expr::name("xs"),
            1 => self.of(scope, Ty::Ints).unwrap_or(Expr::name("xs")),
            2 => match self.answers(scope) {
                Some(answers) => Expr::Pluck(Box::new(answers), &["n"]),
                None => match self.of(scope, Ty::Answer) {
                    Some(answer) => answer.member("xs"),
                    None => Expr::name("xs"),
                },
            },
            3 => Expr::Each(Box::new(self.ints(scope, deep - 1))),
            _ => {
                let items = (0..=self.pick(3)).map(|_| self.int(scope, 0)).collect();
                Expr::List(items)
            }
        }
    }

    /// Something to hand on.
    pub(super) fn payload(&mut self, scope: &[Name], around: &Around) -> Expr {
        if self.one_in(8) {
            let risky = Expr::Risky(Box::new(self.boolean(scope, 1)));
            return Expr::Object(vec![("k0".to_owned(), risky)]);
        }
        let members = (0..self.pick(4))
            .map(|n| {
                let value = match self.pick(6) {
                    0 | 1 => {
                        let at = self.pick(scope.len().max(1));
                        match scope.len().checked_sub(at + 1).map(|at| &scope[at]) {
                            Some(name) => Expr::name(&name.name),
                            None => Expr::Null,
                        }
                    }
                    2 => self.int(scope, 1),
                    3 => self.boolean(scope, 1),
                    4 => match self.collected(scope) {
                        Some(collected) => {
                            let path: &[&str] = if self.pick(2) == 0 {
                                &["error", "name"]
                            } else {
                                &["item"]
                            };
                            Expr::Pluck(Box::new(collected.member("failed")), path)
                        }
                        None => self.joined(scope, around),
                    },
                    _ if around.error != Errors::None => Expr::name("error"),
                    _ => self.ints(scope, 1),
                };
                (format!("k{n}"), value)
            })
            .collect();
        Expr::Object(members)
    }

    pub(super) fn joined(&mut self, scope: &[Name], around: &Around) -> Expr {
        let mut parts = vec![text("n=")];
        parts.push(self.int(scope, 1));
        if around.error != Errors::None {
            parts.push(text(" of "));
            parts.push(Expr::name("error").member("name"));
        }
        Expr::Joined(parts)
    }
}
