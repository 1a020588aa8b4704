//! Short forms: a word and a value, written out as the properties that they stand for.
//!
//! The forms are the catalog's data; `catalog/created/README.md` says what each `$` means.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::tree::{self, Tree};
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{Literal, Time, Type};
use crate::resolve::expr::{self, require_time};
use crate::resolve::names::Names;
use crate::resolve::scope::Scope;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Entry, ExprKind, StringPart};

/// The properties that a short form stands for. None where its value was reported.
pub(super) fn write_out(
    scope: &mut Scope<'_, '_>,
    template: &Map<String, Value>,
    key: &Spanned<String>,
    value: &ast::Expr,
) -> Option<Tree> {
    let mut writer = Writer {
        scope,
        word: &key.node,
        value: value.clone(),
        key: None,
        fine: true,
    };
    let tree = writer.object(template, key.span);
    writer.fine.then_some(tree)
}

/// Whether a short form sets the property at a dotted path.
pub(super) fn sets(template: &Map<String, Value>, path: &str) -> bool {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match template.get(first) {
        Some(Value::Object(inner)) if !rest.is_empty() => sets(inner, rest),
        found => found.is_some(),
    }
}

struct Writer<'s, 'c, 'u> {
    scope: &'s mut Scope<'c, 'u>,
    word: &'s str,
    value: ast::Expr,
    /// Of the entry at hand.
    key: Option<ast::Expr>,
    fine: bool,
}

impl Writer<'_, '_, '_> {
    fn object(&mut self, template: &Map<String, Value>, span: Span) -> Tree {
        if let Some(Value::Object(ways)) = template.get("$choose") {
            return self.choose(ways);
        }
        let mut members = IndexMap::new();
        for (name, value) in template {
            let value = self.tree(value);
            members.insert(name.clone(), (span, value));
        }
        Tree::Object(members)
    }

    fn tree(&mut self, template: &Value) -> Tree {
        let span = self.value.span;
        match template {
            Value::Object(members) => self.object(members, span),
            Value::Array(elements) => match elements.as_slice() {
                [Value::String(way), each] if way == "$each" => self.each(each),
                [Value::String(way), each] if way == "$entries" => self.entries(each),
                elements => Tree::List(elements.iter().map(|e| self.tree(e)).collect()),
            },
            Value::String(name) if name.starts_with('$') => match name.as_str() {
                "$" => Tree::of(&self.value),
                "$seconds" => self.units(1, "seconds"),
                "$minutes" => self.units(60, "minutes"),
                "$hours" => self.units(3_600, "hours"),
                "$days" => self.units(86_400, "days"),
                "$enabled" => self.switch("Disabled"),
                "$suspended" => self.switch("Suspended"),
                "$arn" => self.arn(),
                "$key" => self.attribute().0,
                "$value" => self.attribute().1,
                "$bucket" => self.location(|place| place.bucket),
                "$path" => self.location(|place| place.path),
                "$bucket_arn" => self.location(|place| {
                    let mut parts = vec![
                        StringPart::Text("arn:".to_owned()),
                        StringPart::Expr(tree::named("$partition", place.bucket.span)),
                        StringPart::Text(":s3:::".to_owned()),
                    ];
                    if let ExprKind::String(bucket) = place.bucket.kind {
                        parts.extend(bucket);
                    }
                    ast::Expr {
                        kind: ExprKind::String(parts),
                        span: place.bucket.span,
                    }
                }),
                name => match name.strip_prefix("$.") {
                    Some(member) => self.member(member),
                    None => Tree::Leaf(tree::named(name, span)),
                },
            },
            value => Tree::Leaf(tree::scalar(value, span)),
        }
    }

    fn wrong(&mut self, span: Span, message: String) -> Diagnostic {
        self.fine = false;
        Diagnostic::new(Code::PropertyValue, span, message)
    }

    fn nothing(&self) -> Tree {
        Tree::Leaf(ast::Expr {
            kind: ExprKind::Null,
            span: self.value.span,
        })
    }

    /// Whole units of a duration that is known at build time; in seconds, of any.
    fn units(&mut self, seconds: u64, unit: &str) -> Tree {
        let what = format!("`{}`", self.word);
        let value = expr::check(self.scope, &self.value.clone(), Some(&Type::Duration));
        if value.ty == Type::Invalid {
            self.fine = false;
            return self.nothing();
        }
        if seconds == 1 && value.time == Time::Deploy {
            return Tree::Leaf(self.value.clone());
        }
        if !require_time(self.scope, &value, Time::Build, &what) {
            self.fine = false;
            return self.nothing();
        }
        let given = match value.as_literal() {
            Some(Literal::Number(number)) => number.as_u64(),
            _ => None,
        };
        match given.filter(|given| given % seconds == 0) {
            Some(given) => Tree::Leaf(ast::Expr {
                kind: ExprKind::Number((given / seconds).to_string()),
                span: value.span,
            }),
            None => {
                let diagnostic = self.wrong(value.span, format!("{what} counts whole {unit}"));
                self.scope.report(diagnostic);
                self.nothing()
            }
        }
    }

    /// The ARN of a declared resource, or an ARN as it stands.
    fn arn(&mut self) -> Tree {
        let span = self.value.span;
        if let ExprKind::String(parts) = &self.value.kind {
            let is_arn = matches!(parts.first(), Some(StringPart::Text(text)) if text.starts_with("arn:"))
                || matches!(parts.first(), Some(StringPart::Expr(_)));
            if !is_arn {
                let word = self.word;
                let diagnostic = self
                    .wrong(span, format!("`{word}` takes a declared resource, or an ARN"))
                    .help("a name alone does not say where it is: declare it, and give its name in this file");
                self.scope.report(diagnostic);
                return self.nothing();
            }
            return Tree::Leaf(self.value.clone());
        }
        Tree::Leaf(ast::Expr {
            kind: ExprKind::Member {
                base: Box::new(self.value.clone()),
                name: Spanned::new("arn".to_owned(), span),
            },
            span,
        })
    }

    fn switch(&mut self, off: &str) -> Tree {
        let span = self.value.span;
        Tree::Leaf(ast::Expr {
            kind: match self.value.kind {
                ExprKind::Bool(true) => return Tree::Leaf(tree::text("Enabled", span)),
                ExprKind::Bool(false) => return Tree::Leaf(tree::text(off, span)),
                _ => ExprKind::If {
                    condition: Box::new(self.value.clone()),
                    then: Box::new(tree::text("Enabled", span)),
                    otherwise: Box::new(tree::text(off, span)),
                },
            },
            span,
        })
    }

    /// `{ name: "N" }`, or `"name"` alone.
    fn attribute(&mut self) -> (Tree, Tree) {
        let span = self.value.span;
        if let Some(key) = &self.key {
            return (Tree::Leaf(key.clone()), Tree::of(&self.value));
        }
        match &self.value.kind {
            ExprKind::Object(entries) => match entries.as_slice() {
                [Entry::Pair { key, value }] => (
                    Tree::Leaf(tree::text(&key.node, key.span)),
                    Tree::Leaf(value.clone()),
                ),
                _ => {
                    if self.fine {
                        let word = self.word;
                        let diagnostic = self
                            .wrong(span, format!("`{word}` takes one attribute"))
                            .help("write its name, for a number with its type: `{ hour: \"N\" }`");
                        self.scope.report(diagnostic);
                    }
                    (self.nothing(), self.nothing())
                }
            },
            _ => (
                Tree::Leaf(self.value.clone()),
                Tree::Leaf(tree::text("S", span)),
            ),
        }
    }

    fn member(&mut self, name: &str) -> Tree {
        let span = self.value.span;
        if let ExprKind::Object(entries) = &self.value.kind {
            for entry in entries {
                match entry {
                    Entry::Pair { key, value } if key.node == name => return Tree::of(value),
                    Entry::Short(short) if short.node == name => {
                        return Tree::Leaf(expr::short_value(short));
                    }
                    _ => {}
                }
            }
        }
        let word = self.word;
        let diagnostic = self.wrong(span, format!("`{word}` needs a member `{name}`"));
        self.scope.report(diagnostic);
        self.nothing()
    }

    fn each(&mut self, template: &Value) -> Tree {
        let values: Vec<ast::Expr> = match &self.value.kind {
            ExprKind::List(elements) if elements.iter().all(|e| !e.spread) => {
                elements.iter().map(|e| e.value.clone()).collect()
            }
            _ => vec![self.value.clone()],
        };
        let whole = self.value.clone();
        let list = values
            .into_iter()
            .map(|value| {
                self.value = value;
                self.tree(template)
            })
            .collect();
        self.value = whole;
        Tree::List(list)
    }

    fn entries(&mut self, template: &Value) -> Tree {
        let ExprKind::Object(entries) = self.value.kind.clone() else {
            let word = self.word;
            let diagnostic = self
                .wrong(self.value.span, format!("`{word}` takes an object"))
                .help("write the names as keys: `{ dt: \"string\", hour: \"int\" }`");
            self.scope.report(diagnostic);
            return self.nothing();
        };
        let whole = self.value.clone();
        let mut list = Vec::new();
        for entry in entries {
            let Entry::Pair { key, value } = entry else {
                continue;
            };
            self.key = Some(tree::text(&key.node, key.span));
            self.value = value;
            list.push(self.tree(template));
        }
        self.key = None;
        self.value = whole;
        Tree::List(list)
    }

    fn choose(&mut self, ways: &Map<String, Value>) -> Tree {
        let value = expr::check(self.scope, &self.value.clone(), Some(&Type::String));
        if value.ty == Type::Invalid {
            self.fine = false;
            return self.nothing();
        }
        let what = format!("`{}`", self.word);
        if !require_time(self.scope, &value, Time::Build, &what) {
            self.fine = false;
            return self.nothing();
        }
        let Some(Literal::String(wanted)) = value.as_literal() else {
            return self.nothing();
        };
        if let Some(way) = ways.get(wanted) {
            return self.tree(way);
        }
        let words: Vec<String> = ways.keys().map(|way| format!("`\"{way}\"`")).collect();
        let diagnostic = self.wrong(value.span, format!("{what} has no value `\"{wanted}\"`"));
        let near = find_nearest(wanted, ways.keys().map(String::as_str));
        self.scope.report(match near {
            Some(near) => diagnostic
                .replace(
                    value.span,
                    format!("\"{near}\""),
                    format!("write `\"{near}\"`"),
                )
                .guessed(wanted, near),
            None => diagnostic.help(format!("the values are {}", words.join(", "))),
        });
        self.nothing()
    }

    /// A part of `s3://bucket/path`.
    fn location(&mut self, part: impl Fn(Location) -> ast::Expr) -> Tree {
        match Location::read(&self.value) {
            Some(place) => Tree::Leaf(part(place)),
            None => {
                if self.fine {
                    let word = self.word;
                    let diagnostic = self
                        .wrong(
                            self.value.span,
                            format!("`{word}` takes a place in a bucket, written out"),
                        )
                        .help(
                            "`\"s3://{code}/functions/list.zip\"`, with a declared bucket `code`",
                        );
                    self.scope.report(diagnostic);
                }
                self.nothing()
            }
        }
    }
}

/// `s3://bucket/path`
struct Location {
    bucket: ast::Expr,
    path: ast::Expr,
}

impl Location {
    fn read(value: &ast::Expr) -> Option<Self> {
        let ExprKind::String(parts) = &value.kind else {
            return None;
        };
        let (first, rest) = parts.split_first()?;
        let StringPart::Text(first) = first else {
            return None;
        };
        let after = first.strip_prefix("s3://")?;
        let mut bucket = Vec::new();
        let mut path = Vec::new();
        let mut in_path = false;
        let texts = std::iter::once(StringPart::Text(after.to_owned())).chain(rest.iter().cloned());
        for part in texts {
            match part {
                part if in_path => path.push(part),
                StringPart::Text(text) => match text.split_once('/') {
                    Some((before, behind)) => {
                        bucket.push(StringPart::Text(before.to_owned()));
                        path.push(StringPart::Text(behind.to_owned()));
                        in_path = true;
                    }
                    None => bucket.push(StringPart::Text(text)),
                },
                part => bucket.push(part),
            }
        }
        let part = |mut parts: Vec<StringPart>| {
            parts.retain(|part| !matches!(part, StringPart::Text(text) if text.is_empty()));
            ast::Expr {
                kind: ExprKind::String(parts),
                span: value.span,
            }
        };
        Some(Self {
            bucket: part(bucket),
            path: part(path),
        })
    }
}
