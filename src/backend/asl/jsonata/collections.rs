//! Lists and objects. JSONata makes a scalar of a sequence of one, nothing of an empty one, and joins a list inside a
//! list's constructor with it; what is written here keeps every list as long and as deep as it is meant.

use super::code::{Code, Demand, Level};
use super::operators::element_type;
use super::text;
use super::writer::{
    Writer, can_be_null, is_bool, is_list, is_nullable, is_number, is_text, may_be_list, present,
};
use crate::catalog::shape::ShapeKind;
use crate::ir::types::Type;
use crate::ir::{Binary, Element, Entry, Expr, ExprKind, Literal, Local};

impl Writer<'_> {
    pub(super) fn list(&mut self, elements: &[Element]) -> Code {
        let items: Vec<String> = elements
            .iter()
            .map(|element| {
                if element.spread {
                    self.spread(&element.value)
                } else {
                    self.item(&element.value)
                }
            })
            .collect();
        Code::new(format!("[{}]", items.join(", ")), Level::Atom)
    }

    /// One item of a list's constructor. A list needs brackets of its own, or it would be taken for its items.
    fn item(&mut self, value: &Expr) -> String {
        let code = self.value(value);
        if !may_be_list(&value.ty) || code.is_constructor() {
            return code.text;
        }
        if is_list(&value.ty) {
            return format!("[{}]", code.text);
        }
        let bound = self.bind(code);
        let text = &bound.code.text;
        let item = Code::new(
            format!("$type({text}) = 'array' ? [[{text}]] : {text}"),
            Level::Conditional,
        );
        self.close(bound, item).text
    }

    /// All items of a list, or all members of an object: null has none.
    fn spread(&mut self, value: &Expr) -> String {
        if can_be_null(value) {
            return self.if_present(value);
        }
        let code = self.loose(value);
        // A constructor inside a constructor would be one item.
        if code.is_constructor() {
            format!("({})", code.text)
        } else {
            code.text
        }
    }

    /// The value, and nothing in place of null: what a constructor leaves out.
    pub(super) fn if_present(&mut self, value: &Expr) -> String {
        let code = self.loose(value);
        let bound = self.bind(code);
        let present = Code::new(
            format!(
                "{} != null ? {}",
                bound.code.above(Level::Comparison),
                bound.code.text
            ),
            Level::Conditional,
        );
        self.close(bound, present).text
    }

    pub(super) fn object(&mut self, entries: &[Entry]) -> Code {
        // Constructors and spreads in order; what comes later replaces.
        let mut parts: Vec<String> = Vec::new();
        let mut pairs: Vec<(&str, String)> = Vec::new();
        fn close(parts: &mut Vec<String>, pairs: &mut Vec<(&str, String)>) {
            if !pairs.is_empty() {
                parts.push(constructor(pairs));
                pairs.clear();
            }
        }
        for entry in entries {
            match entry {
                Entry::Pair { key, value } => {
                    let value = self.value(value).text;
                    // The same key twice in one constructor is an error.
                    pairs.retain(|(before, _)| before != key);
                    pairs.push((key, value));
                }
                Entry::Computed { key, value } => {
                    close(&mut parts, &mut pairs);
                    parts.push(self.computed(key, value));
                }
                Entry::Spread(value) => {
                    close(&mut parts, &mut pairs);
                    parts.push(self.spread(value));
                }
            }
        }
        let only_spread = matches!(entries, [Entry::Spread(_)]);
        if parts.is_empty() {
            return Code::new(constructor(&pairs), Level::Atom);
        }
        close(&mut parts, &mut pairs);
        if parts.len() == 1 && !only_spread {
            return Code::new(parts.remove(0), Level::Atom);
        }
        Code::path(format!("$merge([{}])", parts.join(", ")))
    }

    fn computed(&mut self, key: &Expr, value: &Expr) -> String {
        let is_string = is_text(&key.ty) || !(is_number(&key.ty) || is_bool(&key.ty));
        let key = self.value(key).text;
        let value = self.value(value).text;
        if is_string {
            format!("{{{key}: {value}}}")
        } else {
            format!("{{$string({key}): {value}}}")
        }
    }

    pub(super) fn index(&mut self, expr: &Expr, base: &Expr, index: &Expr) -> Code {
        if is_text(present(&index.ty)) || is_keyed(&base.ty) {
            return self.lookup(base, index);
        }
        if may_be_key(&index.ty) && !is_list(present(&base.ty)) {
            return self.element_or_member(base, index);
        }
        let missing = is_nullable(&expr.ty) || is_nullable(&base.ty);
        let text = self.indexed(base);
        if let Some(Literal::Number(number)) = index.as_literal() {
            return Code::path(format!("{text}[{number}]")).missing(missing);
        }
        let code = self.loose(index);
        // The predicate is evaluated for each item of the list.
        if is_repeatable(index) {
            return Code::path(format!("{text}[{}]", code.text)).missing(missing);
        }
        let bound = self.bind(code);
        let value = Code::path(format!("{text}[{}]", bound.code.text)).missing(missing);
        self.close(bound, value)
    }

    /// A list to whose text a predicate can be joined, and that can stand in a constructor as its items. A predicate on a predicate would see a sequence, not the item.
    fn indexed(&mut self, base: &Expr) -> String {
        let code = self.loose(base);
        let dynamic =
            matches!(&base.kind, ExprKind::Index { index, .. } if index.as_literal().is_none());
        // A constructor with a predicate is still a constructor to the one around it.
        if dynamic && code.level == Level::Path || code.is_constructor() {
            format!("({})", code.text)
        } else {
            code.at(Level::Path)
        }
    }

    fn lookup(&mut self, base: &Expr, key: &Expr) -> Code {
        let base = self.loose(base);
        let key = self.loose(key);
        Code::path(format!("$lookup({}, {})", base.text, key.text)).missing(true)
    }

    /// Only the run knows whether the index is a place in a list or a key.
    fn element_or_member(&mut self, base: &Expr, index: &Expr) -> Code {
        let base = self.loose(base);
        let base = self.bind(base);
        let index = self.loose(index);
        let index = self.bind(index);
        let (list, at) = (&base.code.text, &index.code.text);
        let value = Code::new(
            format!("$type({at}) = 'number' ? {list}[{at}] : $lookup({list}, {at})"),
            Level::Conditional,
        )
        .missing(true);
        let value = self.close(index, value);
        self.close(base, value)
    }

    pub(super) fn slice(&mut self, base: &Expr, from: Option<&Expr>, to: Option<&Expr>) -> Code {
        let nested = may_be_list(&element_type(&base.ty));
        if let (Some(first), Some(last)) = (from.map_or(Some(0), place), to.and_then(place))
            && first <= last
            && last - first < 100
        {
            let list = self.indexed(base);
            return sequence(format!("{list}[[{first}..{last}]]"), nested);
        }
        let list = self.loose(base);
        let list = self.bind(list);
        let from = from.map(|from| self.bound_place(from, &list.code.text));
        let to = to.map(|to| self.bound_place(to, &list.code.text));
        let item = self.enter("item");
        let at = self.enter("at");
        let tests: Vec<String> = from
            .iter()
            .map(|from| format!("{at} >= {}", from.code.above(Level::Comparison)))
            .chain(
                to.iter()
                    .map(|to| format!("{at} <= {}", to.code.above(Level::Comparison))),
            )
            .collect();
        let mut value = if tests.is_empty() {
            list.code.clone()
        } else {
            sequence(
                format!(
                    "$filter({}, function({item}, {at}) {{ {} }})",
                    list.code.text,
                    tests.join(" and ")
                ),
                nested,
            )
        };
        self.leave(&at);
        self.leave(&item);
        for bound in [to, from].into_iter().flatten() {
            value = self.close(bound, value);
        }
        self.close(list, value)
    }

    /// An end of a slice as a place counted from the beginning.
    fn bound_place(&mut self, end: &Expr, list: &str) -> super::writer::Bound {
        if let Some(Literal::Number(number)) = end.as_literal() {
            let code = match number.as_i64() {
                Some(n) if n < 0 => {
                    Code::new(format!("$count({list}) - {}", n.unsigned_abs()), Level::Sum)
                        .cheap(true)
                }
                _ => Code::atom(number.to_string()),
            };
            return self.bind(code);
        }
        let code = self.value(end);
        let bound = self.bind(code);
        let text = bound.code.above(Level::Comparison);
        let place = Code::new(
            format!(
                "{text} < 0 ? $count({list}) + {} : {}",
                bound.code.above(Level::Sum),
                bound.code.text
            ),
            Level::Conditional,
        );
        let place = self.close(bound, place);
        self.bind(place)
    }

    pub(super) fn list_comprehension(
        &mut self,
        local: &Local,
        source: &Expr,
        condition: Option<&Expr>,
        value: &Expr,
    ) -> Code {
        let nested = may_be_list(&value.ty);
        let element = element_type(&source.ty);
        let itself = matches!(&value.kind, ExprKind::Local(name) if name.id == local.id);
        if itself && condition.is_none() {
            let list = self.indexed(source);
            return sequence(list, false);
        }
        let (items, kept) = self.filtered(local, source, condition, &element);
        if itself {
            return sequence(items, kept);
        }
        if !may_be_list(&element) && is_step(value, local) {
            let path = self.in_context(local, |writer| writer.value(value).text);
            return sequence(format!("{items}.{path}"), false);
        }
        let items = if kept { format!("{items}[]") } else { items };
        let function = self.function(local, |writer| writer.value(value).text);
        sequence(format!("$map({items}, {function})"), nested)
    }

    /// The items that satisfy the condition, as text to which a path can be joined. True when they are a sequence in which
    /// a single list would lose its brackets.
    fn filtered(
        &mut self,
        local: &Local,
        source: &Expr,
        condition: Option<&Expr>,
        element: &Type,
    ) -> (String, bool) {
        let Some(condition) = condition else {
            return (self.indexed(source), false);
        };
        if !may_be_list(element) && is_simple(condition) && is_bool(&condition.ty) {
            let test = self.in_context(local, |writer| writer.value(condition).text);
            return (format!("{}[{test}]", self.indexed(source)), false);
        }
        let source = self.loose(source).text;
        let function = self.function(local, |writer| writer.truth(condition, Demand::Value).text);
        (
            format!("$filter({source}, {function})"),
            may_be_list(element),
        )
    }

    /// An expression inside a predicate or path, where the local is what JSONata looks at.
    fn in_context<T>(&mut self, local: &Local, body: impl FnOnce(&mut Self) -> T) -> T {
        let mut context = Code::atom("$");
        context.context = true;
        self.define(local, context);
        body(self)
    }

    pub(super) fn object_comprehension(
        &mut self,
        local: &Local,
        source: &Expr,
        condition: Option<&Expr>,
        key: &Expr,
        value: &Expr,
    ) -> Code {
        let element = element_type(&source.ty);
        let (items, kept) = self.filtered(local, source, condition, &element);
        let items = if kept { format!("{items}[]") } else { items };
        let function = self.function(local, |writer| writer.computed(key, value));
        Code::path(format!("$merge([$map({items}, {function})])"))
    }

    /// Always in brackets: in the last place of a function, JSONata 2.0.6 fails to call what `$sort` compares by.
    pub(super) fn sort(&mut self, list: &Expr, local: &Local, key: &Expr) -> Code {
        let by_path = is_simple(key)
            && (is_text(&key.ty) || is_number(&key.ty))
            && !may_be_list(&element_type(&list.ty));
        if by_path {
            let key = self.in_context(local, |writer| writer.sort_key(key));
            let list = self.indexed(list);
            return sequence(format!("{list}^({key})"), false);
        }
        let source = self.loose(list).text;
        let left = self.enter("a");
        let right = self.enter("b");
        self.define(local, Code::atom(&left));
        let first = self.sort_key(key);
        self.define(local, Code::atom(&right));
        let second = self.sort_key(key);
        self.leave(&right);
        self.leave(&left);
        sequence(
            format!("$sort({source}, function({left}, {right}) {{ {first} > {second} }})"),
            false,
        )
    }

    fn sort_key(&mut self, key: &Expr) -> String {
        let code = if super::writer::is_timestamp(&key.ty) {
            self.millis(key)
        } else {
            self.value(key)
        };
        code.above(Level::Comparison)
    }
}

/// A sequence as a list: none is empty, one stays a list, and a list in it keeps its brackets.
fn sequence(text: String, nested: bool) -> Code {
    let keep = if nested { "[]" } else { "" };
    Code::new(format!("[{text}{keep}]"), Level::Atom)
}

fn constructor(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{}: {value}", text::quote(key)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// A literal place from the beginning.
fn place(end: &Expr) -> Option<i64> {
    match end.as_literal() {
        Some(Literal::Number(number)) => number.as_i64().filter(|n| *n >= 0),
        _ => None,
    }
}

/// Whether members are found by keys that are data.
fn is_keyed(ty: &Type) -> bool {
    match present(ty) {
        Type::Map(_) | Type::Object(_) => true,
        Type::Shape(shape) => {
            matches!(
                shape.kind(),
                ShapeKind::Structure { .. } | ShapeKind::Map { .. }
            )
        }
        _ => false,
    }
}

fn may_be_key(ty: &Type) -> bool {
    !is_number(present(ty))
}

/// Whether evaluating it again gives the same at next to no cost.
fn is_repeatable(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_)
        | ExprKind::Variable(_)
        | ExprKind::Local(_)
        | ExprKind::Deploy(_)
        | ExprKind::Context(_) => true,
        ExprKind::Member { .. } | ExprKind::Unary { .. } => {
            expr.children().into_iter().all(is_repeatable)
        }
        // What fails does so for an empty list too.
        ExprKind::Binary { op, left, right } => {
            !matches!(op, Binary::Coalesce | Binary::In)
                && is_number(&left.ty)
                && is_number(&right.ty)
                && expr.children().into_iter().all(is_repeatable)
        }
        _ => false,
    }
}

/// Whether it is a chain of members of the local, each certainly there and no list: a path gives one value for each item.
fn is_step(value: &Expr, local: &Local) -> bool {
    match &value.kind {
        ExprKind::Member { base, name } => {
            let certain = !is_nullable(&value.ty) && !may_be_list(&value.ty);
            certain
                && text::step(name).is_some()
                && (matches!(&base.kind, ExprKind::Local(name) if name.id == local.id)
                    || is_step(base, local))
        }
        _ => false,
    }
}

/// Whether it can stand in a predicate: nothing in it looks at another context, or makes an object of one.
fn is_simple(expr: &Expr) -> bool {
    let here = match &expr.kind {
        ExprKind::Literal(literal) => !matches!(literal, Literal::Object(_)),
        ExprKind::Variable(_)
        | ExprKind::Local(_)
        | ExprKind::Deploy(_)
        | ExprKind::Context(_)
        | ExprKind::Member { .. }
        | ExprKind::Template(_)
        | ExprKind::Unary { .. }
        | ExprKind::If { .. }
        | ExprKind::Function { .. }
        | ExprKind::Regex(_) => true,
        ExprKind::Binary { .. } => true,
        _ => false,
    };
    here && expr.children().into_iter().all(is_simple)
}
