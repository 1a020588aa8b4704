//! DynamoDB's attribute values: objects made by type where the type is known, by a function of the value where only the
//! run knows. Written as expressions of the program again, so that a template shows them as somebody would write them.

use std::borrow::Cow;

use super::AttributeSpelling;
use super::code::{Code, Demand};
use super::operators::element_type;
use super::writer::{Writer, can_be_null, is_bool, is_list, is_number, is_text};
use crate::ir::types::Type;
use crate::ir::{Binary, Element, Entry, Expr, ExprKind, Literal, Local};

/// The expression with its attribute values as objects.
pub(super) fn spelled_out(expr: &Expr, spelling: AttributeSpelling) -> Cow<'_, Expr> {
    match &expr.kind {
        ExprKind::Attributes(value) => {
            let mut fresh = u32::MAX;
            Cow::Owned(
                Attributes {
                    spelling,
                    fresh: &mut fresh,
                }
                .item(value),
            )
        }
        _ => Cow::Borrowed(expr),
    }
}

impl Writer<'_> {
    pub(super) fn attributes(&mut self, value: &Expr, demand: Demand) -> Code {
        let spelling = self.env.attributes();
        let mut fresh = self.fresh;
        let item = Attributes {
            spelling,
            fresh: &mut fresh,
        }
        .item(value);
        self.fresh = fresh;
        self.emit(&item, demand.part())
    }

    pub(super) fn plain(&mut self, value: &Expr, demand: Demand) -> Code {
        let nullable = can_be_null(value);
        let null = if nullable {
            "$value = null ? null : "
        } else {
            ""
        };
        let text = format!("({PLAIN}; {null}{})", members_by("$value", "$plain"));
        let ty = Type::object([]);
        self.emit(&run_time(&text, value, ty), demand.part())
    }
}

/// The value of one attribute, in either spelling.
const PLAIN: &str = "$plain := function($a) { \
    $exists($a.S) ? $a.S : \
    $exists($a.N) ? $number($a.N) : \
    $exists($a.M) ? $merge([$each($a.M, function($x, $k) { {$k: $plain($x)} })]) : \
    $exists($a.L) ? [$map($a.L, $plain)[]] : \
    $exists($a.BOOL) ? $a.BOOL : $exists($a.Bool) ? $a.Bool : \
    $exists($a.SS) ? $a.SS : $exists($a.Ss) ? $a.Ss : \
    $exists($a.NS) ? [$map($a.NS, function($n) { $number($n) })] : \
    $exists($a.Ns) ? [$map($a.Ns, function($n) { $number($n) })] : \
    $exists($a.B) ? $a.B : $exists($a.BS) ? $a.BS : $exists($a.Bs) ? $a.Bs : null }";

/// An object with each of its members put through a function.
fn members_by(object: &str, function: &str) -> String {
    format!("$merge([$each({object}, function($x, $k) {{ {{$k: {function}($x)}} }})])")
}

fn run_time(text: &str, value: &Expr, ty: Type) -> Expr {
    Expr {
        kind: ExprKind::Jsonata {
            text: text.to_owned(),
            names: vec![("value".to_owned(), value.clone())],
        },
        ty,
        ..value.clone()
    }
}

struct Attributes<'f> {
    spelling: AttributeSpelling,
    /// Ids for new locals, downwards.
    fresh: &'f mut u32,
}

impl Attributes<'_> {
    /// A whole item: an object of attributes.
    fn item(&mut self, value: &Expr) -> Expr {
        match self.members(value) {
            Some(members) => members,
            None => {
                let text = format!("({}; $attribute($value).M)", self.function());
                run_time(&text, value, Type::object([]))
            }
        }
    }

    /// The members of an object as attributes, when its type tells what they are.
    fn members(&mut self, value: &Expr) -> Option<Expr> {
        match &value.kind {
            ExprKind::Literal(Literal::Object(entries)) => {
                let entries = entries
                    .iter()
                    .map(|(key, literal)| Entry::Pair {
                        key: key.clone(),
                        value: self.attribute(&literal_expr(literal, value)),
                    })
                    .collect();
                Some(object(entries, value))
            }
            ExprKind::Object(entries) => {
                let entries = entries
                    .iter()
                    .map(|entry| match entry {
                        Entry::Pair { key, value } => Entry::Pair {
                            key: key.clone(),
                            value: self.attribute(value),
                        },
                        Entry::Computed { key, value } => Entry::Computed {
                            key: key.clone(),
                            value: self.attribute(value),
                        },
                        Entry::Spread(value) => Entry::Spread(self.item(value)),
                    })
                    .collect();
                Some(object(entries, value))
            }
            _ => match &value.ty {
                Type::Object(ty) => Some(self.once(value, |this, value| {
                    let entries = ty
                        .fields
                        .iter()
                        .map(|field| {
                            let ty = if field.optional {
                                Type::optional(field.ty.clone())
                            } else {
                                field.ty.clone()
                            };
                            let member = Expr {
                                kind: ExprKind::Member {
                                    base: Box::new(value.clone()),
                                    name: field.name.clone(),
                                },
                                ty,
                                ..value.clone()
                            };
                            Entry::Pair {
                                key: field.name.clone(),
                                value: this.attribute(&member),
                            }
                        })
                        .collect();
                    object(entries, value)
                })),
                _ => None,
            },
        }
    }

    /// One attribute: `{ S: … }`.
    fn attribute(&mut self, value: &Expr) -> Expr {
        match &value.kind {
            ExprKind::Function { function, args } => match (function.name, args.as_slice()) {
                ("string_set", [list]) => {
                    return single(self.name("SS", "Ss"), list.clone());
                }
                ("number_set", [list]) => {
                    let local = self.local("n");
                    let numbers = Expr {
                        kind: ExprKind::ListComprehension {
                            local: local.clone(),
                            source: Box::new(list.clone()),
                            condition: None,
                            value: Box::new(number_text(&local_expr(
                                &local,
                                element_type(&list.ty),
                                list,
                            ))),
                        },
                        ty: Type::list(Type::String),
                        ..list.clone()
                    };
                    return single(self.name("NS", "Ns"), numbers);
                }
                _ => {}
            },
            ExprKind::Literal(Literal::List(items)) => {
                let elements = items
                    .iter()
                    .map(|item| Element {
                        spread: false,
                        value: self.attribute(&literal_expr(item, value)),
                    })
                    .collect();
                return single("L", list(elements, value));
            }
            ExprKind::List(elements) => {
                let elements = elements
                    .iter()
                    .map(|element| Element {
                        spread: element.spread,
                        value: if element.spread {
                            self.each(&element.value)
                        } else {
                            self.attribute(&element.value)
                        },
                    })
                    .collect();
                return single("L", list(elements, value));
            }
            _ => {}
        }
        if let Some(members) = self.members(value) {
            return single("M", members);
        }
        match &value.ty {
            Type::Optional(present) => self.once(value, |this, value| {
                let certain = Expr {
                    ty: present.as_ref().clone(),
                    ..value.clone()
                };
                Expr {
                    kind: ExprKind::If {
                        condition: Box::new(Expr {
                            kind: ExprKind::Binary {
                                op: Binary::Ne,
                                left: Box::new(value.clone()),
                                right: Box::new(Expr::null(value.span)),
                            },
                            ty: Type::Bool,
                            ..value.clone()
                        }),
                        then: Box::new(this.attribute(&certain)),
                        otherwise: Box::new(this.null(value)),
                    },
                    ty: Type::object([]),
                    ..value.clone()
                }
            }),
            Type::Null => self.null(value),
            ty if is_text(ty) => single("S", value.clone()),
            ty if is_number(ty) => single("N", number_text(value)),
            ty if is_bool(ty) => single(self.name("BOOL", "Bool"), value.clone()),
            ty if is_list(ty) => single("L", self.each(value)),
            _ => {
                let text = format!("({}; $attribute($value))", self.function());
                run_time(&text, value, Type::object([]))
            }
        }
    }

    /// Each item of a list as an attribute.
    fn each(&mut self, list: &Expr) -> Expr {
        let local = self.local("item");
        let item = local_expr(&local, element_type(&list.ty), list);
        Expr {
            kind: ExprKind::ListComprehension {
                value: Box::new(self.attribute(&item)),
                local,
                source: Box::new(list.clone()),
                condition: None,
            },
            ty: Type::list(Type::object([])),
            ..list.clone()
        }
    }

    fn null(&self, near: &Expr) -> Expr {
        let yes = Expr::literal(Literal::Bool(true), Type::Bool, near.span);
        single(self.name("NULL", "Nul"), yes)
    }

    /// The body over a value that is evaluated once.
    fn once(&mut self, value: &Expr, body: impl FnOnce(&mut Self, &Expr) -> Expr) -> Expr {
        if matches!(
            value.kind,
            ExprKind::Variable(_) | ExprKind::Local(_) | ExprKind::Member { .. }
        ) {
            return body(self, value);
        }
        let local = self.local("v");
        let name = local_expr(&local, value.ty.clone(), value);
        let body = body(self, &name);
        Expr {
            ty: body.ty.clone(),
            kind: ExprKind::Let {
                local,
                value: Box::new(value.clone()),
                body: Box::new(body),
            },
            ..value.clone()
        }
    }

    fn local(&mut self, name: &str) -> Local {
        *self.fresh -= 1;
        Local {
            id: *self.fresh,
            name: name.into(),
        }
    }

    fn name(&self, api: &'static str, sdk: &'static str) -> &'static str {
        match self.spelling {
            AttributeSpelling::Api => api,
            AttributeSpelling::Sdk => sdk,
        }
    }

    /// The attribute of a value of any type.
    fn function(&self) -> String {
        let bool = self.name("BOOL", "Bool");
        let null = self.name("NULL", "Nul");
        format!(
            "$attribute := function($v) {{ ($t := $type($v); \
             $t = 'string' ? {{'S': $v}} : \
             $t = 'number' ? {{'N': $string($v)}} : \
             $t = 'boolean' ? {{'{bool}': $v}} : \
             $t = 'array' ? {{'L': [$map($v, $attribute)]}} : \
             $t = 'object' ? {{'M': {}}} : \
             {{'{null}': true}}) }}",
            members_by("$v", "$attribute")
        )
    }
}

fn single(name: &str, value: Expr) -> Expr {
    let near = value.clone();
    object(
        vec![Entry::Pair {
            key: name.to_owned(),
            value,
        }],
        &near,
    )
}

fn object(entries: Vec<Entry>, near: &Expr) -> Expr {
    Expr {
        kind: ExprKind::Object(entries),
        ty: Type::object([]),
        ..near.clone()
    }
}

fn list(elements: Vec<Element>, near: &Expr) -> Expr {
    Expr {
        kind: ExprKind::List(elements),
        ty: Type::list(Type::object([])),
        ..near.clone()
    }
}

/// A number as DynamoDB takes it.
fn number_text(value: &Expr) -> Expr {
    if let Some(literal @ Literal::Number(_)) = value.as_literal() {
        let text = Literal::String(super::writer::literal_text(literal));
        return Expr::literal(text, Type::String, value.span);
    }
    Expr {
        kind: ExprKind::Template(vec![value.clone()]),
        ty: Type::String,
        ..value.clone()
    }
}

fn local_expr(local: &Local, ty: Type, near: &Expr) -> Expr {
    Expr {
        kind: ExprKind::Local(local.clone()),
        ty,
        ..near.clone()
    }
}

fn literal_expr(literal: &Literal, near: &Expr) -> Expr {
    let ty = match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Number(_) => Type::Number,
        Literal::String(_) => Type::String,
        Literal::List(_) => Type::list(Type::Any),
        Literal::Object(_) => Type::object([]),
    };
    Expr::literal(literal.clone(), ty, near.span)
}
