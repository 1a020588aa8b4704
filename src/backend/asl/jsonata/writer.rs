//! Writes one expression: its names, and the forms that have no rule of their own elsewhere.

use std::collections::{BTreeSet, HashMap};

use super::Environment;
use super::code::{Code, Demand, Level};
use super::text::{self, Piece};
use crate::catalog::shape::ShapeKind;
use crate::ir::jsonata::{TokenKind, tokens};
use crate::ir::types::Type;
use crate::ir::{Deploy, Expr, ExprKind, Literal, Local, Unary, VariableId};

pub(super) struct Writer<'e> {
    pub(super) env: &'e mut dyn Environment,
    /// Names, without `$`, that nothing made here may hide.
    taken: BTreeSet<String>,
    /// What the names of comprehensions and `fn` arguments stand for at this point.
    locals: HashMap<u32, Code>,
    /// The next id, downwards, of a local that no program has.
    pub(super) fresh: u32,
}

impl<'e> Writer<'e> {
    /// For one or more expressions that end in the same text.
    pub(super) fn new(
        env: &'e mut dyn Environment,
        exprs: impl IntoIterator<Item = &'e Expr>,
    ) -> Self {
        let mut taken = BTreeSet::new();
        let mut queue: Vec<&Expr> = exprs.into_iter().collect();
        while let Some(expr) = queue.pop() {
            if let ExprKind::Variable(id) = expr.kind {
                taken.extend(variables(&env.variable(id).text));
            }
            if let Some((id, path)) = root(expr)
                && let Some(part) = env.part(id, &path)
            {
                taken.extend(variables(&part.text));
            }
            if let ExprKind::Jsonata { text, names } = &expr.kind {
                taken.extend(
                    variables(text)
                        .filter(|name| !names.iter().any(|(replaced, _)| replaced == name)),
                );
            }
            queue.extend(expr.children());
        }
        Self {
            env,
            taken,
            locals: HashMap::new(),
            fresh: 3 << 30,
        }
    }

    /// Takes a new name, with `$`, until [`Writer::leave`].
    pub(super) fn enter(&mut self, wish: &str) -> String {
        let free = |name: &String| !text::is_reserved(name) && !self.taken.contains(name);
        let name = std::iter::once(wish.to_owned())
            .chain((2..).map(|n| format!("{wish}{n}")))
            .find(free)
            .unwrap_or_default();
        let code = format!("${name}");
        self.taken.insert(name);
        code
    }

    pub(super) fn leave(&mut self, name: &str) {
        self.taken.remove(name.trim_start_matches('$'));
    }

    pub(super) fn define(&mut self, local: &Local, code: Code) {
        self.locals.insert(local.id, code);
    }

    /// A function of one parameter, with the name that stands for the local in its body.
    pub(super) fn function(
        &mut self,
        local: &Local,
        body: impl FnOnce(&mut Self) -> String,
    ) -> String {
        let name = self.enter(&local.name);
        self.define(local, Code::atom(&name));
        let body = body(self);
        self.leave(&name);
        format!("function({name}) {{ {body} }}")
    }

    /// Text that may be repeated, and the assignments that must stand before it in a block.
    pub(super) fn bind(&mut self, code: Code) -> Bound {
        if code.cheap {
            return Bound {
                name: None,
                before: String::new(),
                code,
            };
        }
        let name = self.enter("v");
        Bound {
            before: format!("{name} := {}; ", code.text),
            code: Code::atom(&name).missing(code.missing),
            name: Some(name),
        }
    }

    /// Closes what [`Writer::bind`] opened around a body.
    pub(super) fn close(&mut self, bound: Bound, body: Code) -> Code {
        match bound.name {
            None => body,
            Some(name) => {
                self.leave(&name);
                Code::new(format!("({}{})", bound.before, body.text), Level::Atom)
                    .missing(body.missing)
            }
        }
    }

    /// Puts null where there would be nothing.
    pub(super) fn fill(&mut self, code: Code) -> Code {
        if !code.missing {
            return code;
        }
        let bound = self.bind(code);
        let text = &bound.code.text;
        let filled = Code::new(
            format!("$exists({text}) ? {text} : null"),
            Level::Conditional,
        );
        self.close(bound, filled)
    }

    /// As text of its own, never nothing.
    pub(super) fn whole(&mut self, expr: &Expr) -> String {
        self.emit(expr, Demand::Whole).text
    }

    pub(super) fn value(&mut self, expr: &Expr) -> Code {
        self.emit(expr, Demand::Value)
    }

    pub(super) fn loose(&mut self, expr: &Expr) -> Code {
        self.emit(expr, Demand::Loose)
    }

    pub(super) fn emit(&mut self, expr: &Expr, demand: Demand) -> Code {
        let code = self.form(expr, demand);
        match demand {
            Demand::Loose | Demand::Raise => code,
            Demand::Value | Demand::Whole => self.fill(code),
        }
    }

    fn form(&mut self, expr: &Expr, demand: Demand) -> Code {
        match &expr.kind {
            ExprKind::Literal(value) => literal(value),
            ExprKind::Variable(id) => {
                let atom = self.env.variable(*id);
                // The text is a path: it can be taken on without parentheses, and repeated.
                Code::atom(atom.text).missing(atom.missing)
            }
            ExprKind::Local(local) => self
                .locals
                .get(&local.id)
                .cloned()
                .unwrap_or_else(|| Code::atom(format!("${}", local.name))),
            ExprKind::Deploy(deploy) => self.deploy(deploy, &expr.ty),
            ExprKind::Context(context) => Code::atom(self.env.context(*context)),
            ExprKind::Member { base, name } => self.member(expr, base, name),
            ExprKind::Index { base, index } => self.index(expr, base, index),
            ExprKind::Slice { base, from, to } => self.slice(base, from.as_deref(), to.as_deref()),
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::Unary {
                op: Unary::Not,
                operand,
            } => self.not(operand, demand),
            ExprKind::Unary {
                op: Unary::Negate,
                operand,
            } => {
                let operand = self.emit(operand, demand.operand());
                Code::new(format!("-{}", operand.at(Level::Path)), Level::Negation)
            }
            ExprKind::Binary { op, left, right } => self.binary(expr, *op, left, right, demand),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.truth(condition, Demand::Value);
                let then = self.emit(then, demand.part());
                let otherwise = self.emit(otherwise, demand.part());
                Code::new(
                    format!(
                        "{} ? {} : {}",
                        condition.above(Level::Conditional),
                        then.above(Level::Conditional),
                        otherwise.text
                    ),
                    Level::Conditional,
                )
                .missing(then.missing || otherwise.missing)
            }
            ExprKind::List(elements) => self.list(elements),
            ExprKind::Object(entries) => self.object(entries),
            ExprKind::ListComprehension {
                local,
                source,
                condition,
                value,
            } => self.list_comprehension(local, source, condition.as_deref(), value),
            ExprKind::ObjectComprehension {
                local,
                source,
                condition,
                key,
                value,
            } => self.object_comprehension(local, source, condition.as_deref(), key, value),
            ExprKind::Sort { list, local, key } => self.sort(list, local, key),
            ExprKind::Function { function, args } => self.call(expr, function, args, demand),
            ExprKind::Let { local, value, body } => self.assign(local, value, body, demand),
            ExprKind::Attributes(value) => self.attributes(value, demand),
            ExprKind::Plain(value) => self.plain(value, demand),
            ExprKind::Regex(source) => Code::atom(text::regex(source)),
            ExprKind::Jsonata { text, names } => self.raw(&expr.ty, text, names),
        }
    }

    /// Known at deployment: text inside a string, a bare number or bool, a list as text that is split.
    fn deploy(&mut self, deploy: &Deploy, ty: &Type) -> Code {
        let key = self.env.deploy(deploy);
        match deploy_form(ty) {
            DeployForm::Text => Code::atom(text::quote_pieces(&[Piece::Key(key)])),
            // A number can be negative.
            DeployForm::Bare => Code::new(format!("${{{key}}}"), Level::Negation).cheap(true),
            DeployForm::List => {
                let text = text::quote_pieces(&[Piece::Key(key)]);
                // Splitting no text would give one empty item.
                Code::new(
                    format!("{text} = '' ? [] : $split({text}, ',')"),
                    Level::Conditional,
                )
            }
        }
    }

    fn member(&mut self, expr: &Expr, base: &Expr, name: &str) -> Code {
        if let Some((id, path)) = root(expr)
            && let Some(part) = self.env.part(id, &path)
        {
            return Code::atom(part.text).missing(part.missing);
        }
        let base = self.loose(base);
        let missing = base.missing || is_nullable(&expr.ty);
        let code = match text::step(name) {
            Some(step) if base.context => Code::new(step, Level::Path),
            // A path cannot begin with a literal.
            Some(step) if base.text.starts_with(|c| !"$([{".contains(c)) && !base.within => {
                Code::new(format!("({}).{step}", base.text), Level::Path)
            }
            Some(step) => Code::new(format!("{}.{step}", base.at(Level::Path)), Level::Path),
            None => Code::path(format!("$lookup({}, {})", base.text, text::quote(name))),
        }
        .missing(missing)
        .cheap(base.cheap);
        Code {
            within: base.context || base.within,
            ..code
        }
    }

    /// Values that are evaluated once, before what reads them.
    fn assign(&mut self, local: &Local, value: &Expr, body: &Expr, demand: Demand) -> Code {
        let mut assignments = String::new();
        let mut entered = Vec::new();
        let (mut local, mut value, mut body) = (local, value, body);
        loop {
            let code = self.loose(value);
            if code.cheap {
                self.define(local, code);
            } else {
                let name = self.enter(&local.name);
                assignments.push_str(&format!("{name} := {}; ", code.text));
                self.define(local, Code::atom(&name).missing(code.missing));
                entered.push(name);
            }
            match &body.kind {
                ExprKind::Let {
                    local: inner,
                    value: inner_value,
                    body: inner_body,
                } => (local, value, body) = (inner, inner_value, inner_body),
                _ => break,
            }
        }
        let body = self.emit(body, demand.part());
        for name in &entered {
            self.leave(name);
        }
        if entered.is_empty() {
            return body;
        }
        Code::new(format!("({assignments}{})", body.text), Level::Atom).missing(body.missing)
    }

    /// Strings and values in one string. Null gives nothing.
    fn template(&mut self, parts: &[Expr]) -> Code {
        let mut joined: Vec<Code> = Vec::new();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut strings = false;
        for part in parts {
            match self.piece(part) {
                Some(piece) => pieces.push(piece),
                None => {
                    if let Some(text) = quote_all(&mut pieces) {
                        joined.push(text);
                        strings = true;
                    }
                    // Null gives the empty string.
                    strings |= is_text(present(&part.ty));
                    joined.push(self.interpolated(part));
                }
            }
        }
        if let Some(text) = quote_all(&mut pieces) {
            joined.push(text);
            strings = true;
        }
        match joined.len() {
            0 => Code::atom("''"),
            1 if strings => joined.remove(0).missing(false),
            1 => Code::path(format!("$string({})", joined[0].text)),
            _ => Code::new(
                joined
                    .iter()
                    .map(|code| code.above(Level::Sum))
                    .collect::<Vec<_>>()
                    .join(" & "),
                Level::Sum,
            ),
        }
    }

    /// What the string takes in as text that is known before the run.
    pub(super) fn piece(&mut self, part: &Expr) -> Option<Piece> {
        match &part.kind {
            ExprKind::Literal(literal) => Some(Piece::Text(literal_text(literal))),
            ExprKind::Deploy(deploy) if deploy_form(&part.ty) != DeployForm::List => {
                Some(Piece::Key(self.env.deploy(deploy)))
            }
            _ => None,
        }
    }

    fn interpolated(&mut self, part: &Expr) -> Code {
        let code = self.loose(part);
        if !code.missing && !can_be_null(part) {
            return code;
        }
        let bound = self.bind(code);
        let text = Code::new(
            format!(
                "{} != null ? {} : ''",
                bound.code.above(Level::Comparison),
                bound.code.text
            ),
            Level::Conditional,
        );
        self.close(bound, text)
    }
}

/// The names, without `$`, in a text.
fn variables(text: &str) -> impl Iterator<Item = String> {
    tokens(text)
        .unwrap_or_default()
        .into_iter()
        .filter(|token| token.kind == TokenKind::Variable)
        .map(|token| token.text.trim_start_matches('$').to_owned())
}

/// A value under a name, or itself where that is as good.
pub(super) struct Bound {
    name: Option<String>,
    before: String,
    pub(super) code: Code,
}

fn quote_all(pieces: &mut Vec<Piece>) -> Option<Code> {
    if pieces.is_empty() {
        return None;
    }
    Some(Code::atom(text::quote_pieces(&std::mem::take(pieces))))
}

/// A literal as JSON's text, strings as they are, null as nothing.
pub(super) fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Null => String::new(),
        Literal::String(text) => text.clone(),
        other => super::json(other).to_string(),
    }
}

pub(super) fn literal(literal: &Literal) -> Code {
    match literal {
        Literal::Null => Code::atom("null"),
        Literal::Bool(value) => Code::atom(value.to_string()),
        Literal::Number(number) => {
            let text = number.to_string();
            if text.starts_with('-') {
                Code::new(text, Level::Negation).cheap(true)
            } else {
                Code::atom(text)
            }
        }
        Literal::String(value) => Code::atom(text::quote(value)),
        Literal::List(items) => {
            let items: Vec<String> = items.iter().map(|item| self::literal(item).text).collect();
            Code::new(format!("[{}]", items.join(", ")), Level::Atom)
        }
        Literal::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", text::quote(key), self::literal(value).text))
                .collect();
            Code::new(format!("{{{}}}", entries.join(", ")), Level::Atom)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DeployForm {
    Text,
    Bare,
    List,
}

pub(super) fn deploy_form(ty: &Type) -> DeployForm {
    match ty {
        Type::Int | Type::Number | Type::Bool | Type::Duration | Type::Size => DeployForm::Bare,
        Type::List(_) => DeployForm::List,
        _ => DeployForm::Text,
    }
}

/// The variable at the root of a chain of members, and their names.
pub(super) fn root(expr: &Expr) -> Option<(VariableId, Vec<&str>)> {
    let mut path = Vec::new();
    let mut at = expr;
    while let ExprKind::Member { base, name } = &at.kind {
        path.push(name.as_str());
        at = base;
    }
    match at.kind {
        ExprKind::Variable(id) if !path.is_empty() => {
            path.reverse();
            Some((id, path))
        }
        _ => None,
    }
}

pub(super) fn is_nullable(ty: &Type) -> bool {
    match ty {
        Type::Invalid => true,
        Type::Shape(shape) => matches!(shape.kind(), ShapeKind::Json),
        ty => ty.is_nullable(),
    }
}

/// Whether the value can be null: by its form where that tells, else by its type.
pub(super) fn can_be_null(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(literal) => *literal == Literal::Null,
        ExprKind::Template(_)
        | ExprKind::Unary { .. }
        | ExprKind::List(_)
        | ExprKind::Object(_)
        | ExprKind::ListComprehension { .. }
        | ExprKind::ObjectComprehension { .. }
        | ExprKind::Slice { .. }
        | ExprKind::Sort { .. }
        | ExprKind::Attributes(_)
        | ExprKind::Deploy(_)
        | ExprKind::Regex(_) => false,
        _ => is_nullable(&expr.ty),
    }
}

/// The type without null.
pub(super) fn present(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) => inner,
        ty => ty,
    }
}

/// Whether a value of the type can be a list.
pub(super) fn may_be_list(ty: &Type) -> bool {
    match ty {
        Type::Any | Type::Invalid | Type::List(_) => true,
        Type::Optional(inner) => may_be_list(inner),
        Type::Union(members) => members.iter().any(may_be_list),
        Type::Shape(shape) => matches!(shape.kind(), ShapeKind::List { .. } | ShapeKind::Json),
        _ => false,
    }
}

/// Whether a value of the type is a list and nothing else.
pub(super) fn is_list(ty: &Type) -> bool {
    match ty {
        Type::List(_) => true,
        Type::Shape(shape) => matches!(shape.kind(), ShapeKind::List { .. }),
        _ => false,
    }
}

/// Whether a value of the type is a string and nothing else.
pub(super) fn is_text(ty: &Type) -> bool {
    match ty {
        Type::String | Type::Timestamp | Type::Enum(_) | Type::Resource(_) => true,
        Type::Union(members) => members.iter().all(is_text),
        Type::Shape(shape) => matches!(
            shape.kind(),
            ShapeKind::String { .. } | ShapeKind::Timestamp | ShapeKind::Blob
        ),
        _ => false,
    }
}

/// Whether a value of the type is a number and nothing else.
pub(super) fn is_number(ty: &Type) -> bool {
    match ty {
        Type::Int | Type::Number | Type::Duration | Type::Size => true,
        Type::Union(members) => members.iter().all(is_number),
        Type::Shape(shape) => {
            matches!(
                shape.kind(),
                ShapeKind::Integer { .. } | ShapeKind::Number { .. }
            )
        }
        _ => false,
    }
}

pub(super) fn is_bool(ty: &Type) -> bool {
    match ty {
        Type::Bool => true,
        Type::Shape(shape) => matches!(shape.kind(), ShapeKind::Boolean),
        _ => false,
    }
}

pub(super) fn is_timestamp(ty: &Type) -> bool {
    match ty {
        Type::Timestamp => true,
        Type::Optional(inner) => is_timestamp(inner),
        Type::Shape(shape) => matches!(shape.kind(), ShapeKind::Timestamp),
        _ => false,
    }
}
