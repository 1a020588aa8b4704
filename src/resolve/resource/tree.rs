//! Properties before they are checked: what the author wrote, what short forms stand for, what is set by default, each at
//! its place.

use indexmap::IndexMap;
use serde_json::Value;

use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Element, Entry, ExprKind, StringPart};

#[derive(Clone, Debug)]
pub(super) enum Tree {
    Leaf(ast::Expr),
    /// By key, with the place where it was written.
    Object(IndexMap<String, (Span, Tree)>),
    /// A list that short forms may add to.
    List(Vec<Tree>),
}

impl Tree {
    pub fn object() -> Self {
        Tree::Object(IndexMap::new())
    }

    /// Objects whose keys are all written out are looked into; everything else is one value.
    pub fn of(expr: &ast::Expr) -> Self {
        let ExprKind::Object(entries) = &expr.kind else {
            return Tree::Leaf(expr.clone());
        };
        let mut members = IndexMap::new();
        for entry in entries {
            let (key, value) = match entry {
                Entry::Pair { key, value } => (key, Tree::of(value)),
                Entry::Short(name) => (name, Tree::Leaf(crate::resolve::expr::short_value(name))),
                Entry::Computed { .. } | Entry::Spread(_) => return Tree::Leaf(expr.clone()),
            };
            if members
                .insert(key.node.clone(), (key.span, value))
                .is_some()
            {
                // The check of the object as it stands reports the double.
                return Tree::Leaf(expr.clone());
            }
        }
        Tree::Object(members)
    }

    /// Sets what is below a key. Gives the place of what stands there already and cannot be joined with it.
    pub fn add(&mut self, key: &Spanned<String>, value: Tree) -> Option<Span> {
        let Tree::Object(members) = self else {
            return Some(key.span);
        };
        match members.get_mut(&key.node) {
            None => {
                members.insert(key.node.clone(), (key.span, value));
                None
            }
            Some((place, known)) => match (known, value) {
                (known @ Tree::Object(_), Tree::Object(others)) => {
                    let mut first = None;
                    for (name, (span, value)) in others {
                        first = first.or(known.add(&Spanned::new(name, span), value));
                    }
                    first
                }
                (Tree::List(elements), Tree::List(others)) => {
                    elements.extend(others);
                    None
                }
                _ => Some(*place),
            },
        }
    }

    /// As [`Tree::add`], at a dotted path.
    pub fn add_at(&mut self, path: &str, span: Span, value: Tree) -> Option<Span> {
        let (first, value) = match path.split_once('.') {
            None => (path, value),
            Some((first, rest)) => {
                let mut inner = Tree::object();
                inner.add_at(rest, span, value);
                (first, inner)
            }
        };
        self.add(&Spanned::new(first.to_owned(), span), value)
    }

    /// Sets what is not there yet, at any depth.
    pub fn fill(&mut self, key: &Spanned<String>, value: Tree) {
        let Tree::Object(members) = self else {
            return;
        };
        match members.get_mut(&key.node) {
            None => {
                members.insert(key.node.clone(), (key.span, value));
            }
            Some((_, known @ Tree::Object(_))) => {
                if let Tree::Object(others) = value {
                    for (name, (span, value)) in others {
                        known.fill(&Spanned::new(name, span), value);
                    }
                }
            }
            Some(_) => {}
        }
    }

    /// Where a dotted path was written; None when nothing stands there.
    pub fn find(&self, path: &str) -> Option<Span> {
        let Tree::Object(members) = self else {
            return None;
        };
        match path.split_once('.') {
            None => members.get(path).map(|(span, _)| *span),
            Some((first, rest)) => match members.get(first)? {
                // What stands there is not known to its depth, and may hold it.
                (span, Tree::Leaf(_)) => Some(*span),
                (_, inner) => inner.find(rest),
            },
        }
    }

    /// Whether `true` is written at a key, or `false`, or nothing; None where only the deployment knows.
    pub fn is_switched_on(&self, key: &str) -> Option<bool> {
        let Tree::Object(members) = self else {
            return None;
        };
        match members.get(key) {
            None => Some(false),
            Some((_, Tree::Leaf(value))) => match value.kind {
                ExprKind::Bool(on) => Some(on),
                _ => None,
            },
            Some(_) => None,
        }
    }

    /// The entries of the object, their values at `span` where nobody wrote them.
    pub fn into_entries(self, span: Span) -> Vec<Entry> {
        match self {
            Tree::Object(members) => members
                .into_iter()
                .map(|(name, (place, value))| Entry::Pair {
                    key: Spanned::new(name, place),
                    value: value.into_expr(place),
                })
                .collect(),
            Tree::Leaf(value) => vec![Entry::Spread(value)],
            Tree::List(_) => vec![Entry::Spread(self.into_expr(span))],
        }
    }

    fn into_expr(self, span: Span) -> ast::Expr {
        match self {
            Tree::Leaf(value) => value,
            Tree::Object(_) => ast::Expr {
                kind: ExprKind::Object(self.into_entries(span)),
                span,
            },
            Tree::List(elements) => ast::Expr {
                kind: ExprKind::List(
                    elements
                        .into_iter()
                        .map(|element| Element {
                            spread: false,
                            value: element.into_expr(span),
                        })
                        .collect(),
                ),
                span,
            },
        }
    }
}

/// A value of the catalog's, at the place of what it belongs to. A text that begins with `$` is a name that is shown.
pub(super) fn of_json(value: &Value, span: Span) -> Tree {
    match value {
        Value::Object(members) => Tree::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), (span, of_json(value, span))))
                .collect(),
        ),
        Value::Array(elements) => Tree::List(elements.iter().map(|e| of_json(e, span)).collect()),
        Value::String(name) if name.starts_with('$') => Tree::Leaf(named(name, span)),
        value => Tree::Leaf(scalar(value, span)),
    }
}

pub(super) fn named(name: &str, span: Span) -> ast::Expr {
    ast::Expr {
        kind: ExprKind::Name(name.to_owned()),
        span,
    }
}

pub(super) fn text(text: &str, span: Span) -> ast::Expr {
    ast::Expr {
        kind: ExprKind::String(vec![StringPart::Text(text.to_owned())]),
        span,
    }
}

pub(super) fn scalar(value: &Value, span: Span) -> ast::Expr {
    let kind = match value {
        Value::Null => ExprKind::Null,
        Value::Bool(value) => ExprKind::Bool(*value),
        Value::Number(number) => ExprKind::Number(number.to_string()),
        Value::String(value) => return text(value, span),
        other => return text(&other.to_string(), span),
    };
    ast::Expr { kind, span }
}
