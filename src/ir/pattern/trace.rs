//! From an expression to the pattern of the texts that it can have.
//!
//! Follows what is bound once, and members of what is written out. Where an expression has several texts (an enum's
//! values, both sides of an `if`, the elements of a list), one run takes one of them, the same wherever the same choice
//! is met again; [`each`] runs until all were taken.

use std::collections::HashMap;

use super::{Condition, Pattern, Piece};
use crate::ir::{
    Binary, Binding, Block, Call, Entry, Expr, ExprKind, Items, Literal, Pipeline, Program, Reader,
    StageKind, Time, Type, Unary, VariableId,
};

/// So many texts are listed one by one; above, `*` stands for them.
const LISTED: usize = 20;

/// Members of members are followed so deep: what is bound once has no cycle, but may be long.
const DEPTH: usize = 64;

/// What can be known of a program's texts before it runs.
pub struct Tracer<'a> {
    pub program: &'a Program,
    pub(super) pipeline: Option<&'a Pipeline>,
    items: HashMap<VariableId, &'a Items>,
    /// For each result's name, the calls whose results it can be.
    makers: HashMap<VariableId, Vec<Maker<'a>>>,
}

/// What binds a name.
#[derive(Clone, Copy)]
enum Maker<'a> {
    /// The result of a call, or a member of it.
    Call(&'a Call, Option<&'a str>),
    Other,
}

/// Where an expression or a member leads.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    Expr(&'a Expr),
    Literal(&'a Literal),
    /// A member that is certainly not there.
    Absent,
    /// Only the run knows.
    Unknown,
}

/// One run's choices.
#[derive(Default)]
pub struct Choices<'a> {
    taken: Vec<(usize, usize)>,
    /// Choices met before in this run, by what they are about.
    met: HashMap<String, usize>,
    at: usize,
    /// The number of texts that the choices so far multiply to.
    product: usize,
    locals: HashMap<u32, LocalValue<'a>>,
}

#[derive(Clone, Copy)]
enum LocalValue<'a> {
    Is(&'a Expr),
    ElementOf(&'a Expr),
}

/// Runs once for each combination of choices that a run meets.
pub fn each<'a, T>(mut run: impl FnMut(&mut Choices<'a>) -> T) -> Vec<T> {
    let mut results = Vec::new();
    let mut taken: Vec<(usize, usize)> = Vec::new();
    loop {
        let mut choices = Choices {
            taken: std::mem::take(&mut taken),
            product: 1,
            ..Choices::default()
        };
        results.push(run(&mut choices));
        taken = choices.taken;
        while let Some((pick, count)) = taken.pop() {
            if pick + 1 < count {
                taken.push((pick + 1, count));
                break;
            }
        }
        if taken.is_empty() {
            return results;
        }
    }
}

impl Choices<'_> {
    /// Takes one of `count`, the same each time for one `key`. `None` when listing all would be too many.
    fn take(&mut self, key: String, count: usize) -> Option<usize> {
        if let Some(pick) = self.met.get(&key) {
            return Some(*pick);
        }
        if self.product.saturating_mul(count) > LISTED {
            return None;
        }
        self.product *= count;
        Some(self.force(key, count))
    }

    /// As [`Choices::take`], however many: for what the author wrote out.
    fn force(&mut self, key: String, count: usize) -> usize {
        if let Some(pick) = self.met.get(&key) {
            return *pick;
        }
        let pick = match self.taken.get(self.at) {
            Some((pick, _)) => *pick,
            None => {
                self.taken.push((0, count));
                0
            }
        };
        self.at += 1;
        self.met.insert(key, pick);
        pick
    }
}

impl<'a> Tracer<'a> {
    pub fn new(program: &'a Program, pipeline: &'a Pipeline) -> Self {
        let mut tracer = Self {
            pipeline: Some(pipeline),
            ..Self::outside(program)
        };
        tracer.look_into(&pipeline.body);
        tracer
    }

    /// For expressions outside pipelines: names and properties of resources.
    pub fn outside(program: &'a Program) -> Self {
        Self {
            program,
            pipeline: None,
            items: HashMap::new(),
            makers: HashMap::new(),
        }
    }

    fn look_into(&mut self, block: &'a Block) {
        for stage in &block.stages {
            if let StageKind::Map(map) = &stage.kind
                && map.distributed.as_ref().is_none_or(|d| d.batch.is_none())
            {
                self.items.insert(map.item, &map.items);
            }
            if let StageKind::Assign { variable, .. } = &stage.kind {
                self.makers.entry(*variable).or_default().push(Maker::Other);
            }
            let call = match &stage.kind {
                // A handler's value is bound too, unless the type says that none is.
                StageKind::Call(call)
                    if stage.guard.catch.is_empty() || matches!(stage.ty, Type::Shape(_)) =>
                {
                    Some(call.as_ref())
                }
                _ => None,
            };
            let maker = |member| call.map_or(Maker::Other, |call| Maker::Call(call, member));
            match &stage.binds {
                Binding::None => {}
                Binding::Name(id) => self.makers.entry(*id).or_default().push(maker(None)),
                Binding::Fields(fields) => {
                    for (name, id) in fields {
                        self.makers.entry(*id).or_default().push(maker(Some(name)));
                    }
                }
            }
            for inner in stage.blocks() {
                self.look_into(inner);
            }
        }
    }

    /// The call whose result holds this value, and the member that it is, for a value at the result's top.
    pub fn maker(&self, node: Node<'a>, choices: &mut Choices<'a>) -> Option<(&'a Call, &'a str)> {
        let Node::Expr(expr) = node else {
            return None;
        };
        let Node::Expr(expr) = self.follow(expr, choices) else {
            return None;
        };
        let (id, member) = match &expr.kind {
            ExprKind::Variable(id) => (id, None),
            ExprKind::Member { base, name } => match &base.kind {
                ExprKind::Variable(id) => (id, Some(name.as_str())),
                _ => return None,
            },
            _ => return None,
        };
        let makers = self.makers.get(id)?;
        let pick = choices.force(format!("maker {}", id.0), makers.len());
        match (makers[pick], member) {
            (Maker::Call(call, None), Some(member)) | (Maker::Call(call, Some(member)), None) => {
                Some((call, member))
            }
            _ => None,
        }
    }

    fn value_of(&self, id: VariableId) -> Option<&'a Expr> {
        self.pipeline?.variable(id).value.as_ref()
    }

    /// The pattern of an expression's text. Null is the empty text.
    pub fn text(&self, expr: &'a Expr, choices: &mut Choices<'a>) -> Pattern {
        self.text_at(expr, choices, DEPTH)
    }

    /// The pattern of what [`Tracer::follow`] and [`Tracer::member`] found.
    pub fn node_text(&self, node: Node<'a>, choices: &mut Choices<'a>) -> Pattern {
        match node {
            Node::Expr(expr) => self.text(expr, choices),
            Node::Literal(literal) => literal_text(literal),
            Node::Absent => Pattern::default(),
            Node::Unknown => Pattern::any(),
        }
    }

    fn text_at(&self, expr: &'a Expr, choices: &mut Choices<'a>, depth: usize) -> Pattern {
        let Some(depth) = depth.checked_sub(1) else {
            return Pattern::any();
        };
        match &expr.kind {
            ExprKind::Literal(literal) => literal_text(literal),
            ExprKind::Deploy(deploy) => self.deploy(deploy),
            ExprKind::Template(parts) => {
                let mut pattern = Pattern::default();
                for part in parts {
                    pattern.append(self.text_at(part, choices, depth));
                }
                pattern
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } if expr.time == Time::Deploy || condition.time == Time::Deploy => {
                let then = self.text_at(then, choices, depth);
                let otherwise = self.text_at(otherwise, choices, depth);
                self.decided(self.condition(condition, choices), then, otherwise)
            }
            ExprKind::Index { base, index } if index.time == Time::Deploy => {
                self.looked_up(base, index, choices, depth)
            }
            ExprKind::If {
                then, otherwise, ..
            } => match choices.take(place("if", expr), 2) {
                Some(0) => self.text_at(then, choices, depth),
                Some(_) => self.text_at(otherwise, choices, depth),
                None => Pattern::any(),
            },
            ExprKind::Binary {
                op: Binary::Coalesce,
                left,
                right,
            } => match choices.take(place("??", expr), 2) {
                Some(0) => self.text_at(left, choices, depth),
                Some(_) => self.text_at(right, choices, depth),
                None => Pattern::any(),
            },
            ExprKind::Function { function, args } if function.name == "join" => {
                self.joined(args, choices, depth)
            }
            ExprKind::Variable(_)
            | ExprKind::Local(_)
            | ExprKind::Member { .. }
            | ExprKind::Index { .. }
            | ExprKind::Let { .. } => match self.follow_at(expr, choices, depth) {
                Node::Expr(found) if !std::ptr::eq(found, expr) => {
                    self.text_at(found, choices, depth)
                }
                Node::Literal(literal) => literal_text(literal),
                Node::Absent => Pattern::default(),
                Node::Expr(_) | Node::Unknown => self.typed(expr, choices, depth),
            },
            _ => Pattern::any(),
        }
    }

    /// What the deployment decides; any, when it cannot.
    fn decided(&self, condition: Option<Condition>, then: Pattern, otherwise: Pattern) -> Pattern {
        match condition {
            _ if then == otherwise => then,
            Some(condition) if then.is_exact() && otherwise.is_exact() => {
                Pattern::from(Piece::If(Box::new(super::Choice {
                    condition,
                    then,
                    otherwise,
                })))
            }
            _ => Pattern::any(),
        }
    }

    /// A member of an object that is written out, by a key that the deployment knows; the last where no other fits.
    fn looked_up(
        &self,
        base: &'a Expr,
        index: &'a Expr,
        choices: &mut Choices<'a>,
        depth: usize,
    ) -> Pattern {
        let key = self.text_at(index, choices, depth);
        let members: Option<Vec<(&str, Node)>> = match self.follow_at(base, choices, depth) {
            Node::Literal(Literal::Object(members)) => Some(
                members
                    .iter()
                    .map(|(name, value)| (name.as_str(), Node::Literal(value)))
                    .collect(),
            ),
            Node::Expr(Expr {
                kind: ExprKind::Object(entries),
                ..
            }) => entries
                .iter()
                .map(|entry| match entry {
                    Entry::Pair { key, value } => Some((key.as_str(), Node::Expr(value))),
                    Entry::Computed { .. } | Entry::Spread(_) => None,
                })
                .collect(),
            _ => None,
        };
        let Some(((_, last), others)) = members.as_deref().and_then(<[_]>::split_last) else {
            return Pattern::any();
        };
        let last = self.node_text(*last, choices);
        others.iter().rev().fold(last, |otherwise, (name, node)| {
            let condition = Condition::Equal(key.clone(), Pattern::text(*name));
            let then = self.node_text(*node, choices);
            self.decided(Some(condition), then, otherwise)
        })
    }

    /// A condition that the deployment can evaluate; None for what only the run can.
    pub fn condition(&self, expr: &'a Expr, choices: &mut Choices<'a>) -> Option<Condition> {
        let text = |expr: &'a Expr, choices: &mut Choices<'a>| {
            Some(self.text(expr, choices)).filter(Pattern::is_exact)
        };
        Some(match &expr.kind {
            ExprKind::Unary {
                op: Unary::Not,
                operand,
            } => Condition::Not(Box::new(self.condition(operand, choices)?)),
            ExprKind::Binary { op, left, right } => match op {
                Binary::Eq => Condition::Equal(text(left, choices)?, text(right, choices)?),
                Binary::Ne => Condition::Not(Box::new(Condition::Equal(
                    text(left, choices)?,
                    text(right, choices)?,
                ))),
                Binary::And | Binary::Or => {
                    let both = vec![
                        self.condition(left, choices)?,
                        self.condition(right, choices)?,
                    ];
                    match op {
                        Binary::And => Condition::All(both),
                        _ => Condition::AnyOf(both),
                    }
                }
                Binary::In => {
                    let left = text(left, choices)?;
                    let mut each = self
                        .constants(right)?
                        .into_iter()
                        .map(|value| Condition::Equal(left.clone(), value));
                    let first = each.next()?;
                    each.fold(first, |any, one| Condition::AnyOf(vec![any, one]))
                }
                _ => return None,
            },
            // A parameter of type bool.
            _ if expr.ty == Type::Bool => {
                Condition::Equal(text(expr, choices)?, Pattern::text("true"))
            }
            _ => return None,
        })
    }

    /// The texts of a list that is written out.
    fn constants(&self, list: &'a Expr) -> Option<Vec<Pattern>> {
        match &list.kind {
            ExprKind::Literal(Literal::List(elements)) => {
                Some(elements.iter().map(literal_text).collect())
            }
            ExprKind::List(elements) => elements
                .iter()
                .map(|e| (!e.spread).then(|| self.constant(&e.value)))
                .collect(),
            _ => None,
        }
    }

    /// What the type says where nothing else does: each value of an enum.
    fn typed(&self, expr: &'a Expr, choices: &mut Choices<'a>, depth: usize) -> Pattern {
        let (ty, nullable) = match &expr.ty {
            Type::Optional(ty) => (ty.as_ref(), true),
            ty => (ty, false),
        };
        if let Type::Enum(values) = ty
            && !values.open
        {
            let count = values.values.len() + usize::from(nullable);
            return match choices.take(self.key(expr), count) {
                Some(pick) => values
                    .values
                    .get(pick)
                    .map_or_else(Pattern::default, Pattern::text),
                None => Pattern::any(),
            };
        }
        self.listed_key(expr, choices, depth)
            .unwrap_or_else(Pattern::any)
    }

    /// `item.Key` of `objects(bucket, prefix)` begins with the prefix.
    fn listed_key(
        &self,
        expr: &'a Expr,
        choices: &mut Choices<'a>,
        depth: usize,
    ) -> Option<Pattern> {
        let ExprKind::Member { base, name } = &expr.kind else {
            return None;
        };
        let ExprKind::Variable(item) = base.kind else {
            return None;
        };
        let Some(Items::Dataset(dataset)) = self.items.get(&item) else {
            return None;
        };
        let prefix = match dataset.reader {
            Reader::Objects => dataset.key.as_ref()?,
            _ => return None,
        };
        (name == "Key").then(|| {
            let mut pattern = self.text_at(prefix, choices, depth);
            pattern.push(Piece::Any);
            pattern
        })
    }

    /// What a choice among an expression's values is about: the same name is the same choice.
    fn key(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Variable(id) => format!("v{}", id.0),
            ExprKind::Local(local) => format!("l{}", local.id),
            ExprKind::Member { base, name } => format!("{}.{name}", self.key(base)),
            _ => place("", expr),
        }
    }

    fn joined(&self, args: &'a [Expr], choices: &mut Choices<'a>, depth: usize) -> Pattern {
        let Some(list) = args.first() else {
            return Pattern::any();
        };
        let separator = match args.get(1) {
            Some(separator) => self.text_at(separator, choices, depth),
            None => Pattern::default(),
        };
        let Node::Expr(Expr {
            kind: ExprKind::List(elements),
            ..
        }) = self.follow_at(list, choices, depth)
        else {
            return Pattern::any();
        };
        let mut pattern = Pattern::default();
        for (i, element) in elements.iter().enumerate() {
            if element.spread {
                return Pattern::any();
            }
            if i > 0 {
                pattern.append(separator.clone());
            }
            pattern.append(self.text_at(&element.value, choices, depth));
        }
        pattern
    }

    /// The expression that an expression stands for: through names bound once and members of what is written out.
    pub fn follow(&self, expr: &'a Expr, choices: &mut Choices<'a>) -> Node<'a> {
        self.follow_at(expr, choices, DEPTH)
    }

    fn follow_at(&self, expr: &'a Expr, choices: &mut Choices<'a>, depth: usize) -> Node<'a> {
        let Some(depth) = depth.checked_sub(1) else {
            return Node::Unknown;
        };
        match &expr.kind {
            ExprKind::Literal(literal) => Node::Literal(literal),
            ExprKind::Variable(id) => match self.value_of(*id) {
                Some(value) => self.follow_at(value, choices, depth),
                None => match self.items.get(id) {
                    Some(Items::Values(list)) => match self.element_at(list, choices, depth) {
                        Node::Unknown => Node::Expr(expr),
                        element => element,
                    },
                    _ => Node::Expr(expr),
                },
            },
            ExprKind::Local(local) => match choices.locals.get(&local.id).copied() {
                Some(LocalValue::Is(value)) => self.follow_at(value, choices, depth),
                Some(LocalValue::ElementOf(list)) => match self.element_at(list, choices, depth) {
                    Node::Unknown => Node::Expr(expr),
                    element => element,
                },
                None => Node::Expr(expr),
            },
            ExprKind::Let { local, value, body } => {
                choices.locals.insert(local.id, LocalValue::Is(value));
                self.follow_at(body, choices, depth)
            }
            ExprKind::Member { base, name } => {
                let base = self.follow_at(base, choices, depth);
                match self.member_at(base, name, choices, depth) {
                    Node::Unknown => Node::Expr(expr),
                    member => member,
                }
            }
            ExprKind::Index { base, index } => match self.follow_at(base, choices, depth) {
                Node::Expr(Expr {
                    kind: ExprKind::List(elements),
                    ..
                }) if elements.iter().all(|e| !e.spread) => {
                    match position(index, elements.len()).and_then(|at| elements.get(at)) {
                        Some(element) => self.follow_at(&element.value, choices, depth),
                        None => Node::Expr(expr),
                    }
                }
                Node::Literal(Literal::List(elements)) => {
                    match position(index, elements.len()).and_then(|at| elements.get(at)) {
                        Some(element) => Node::Literal(element),
                        None => Node::Expr(expr),
                    }
                }
                _ => Node::Expr(expr),
            },
            _ => Node::Expr(expr),
        }
    }

    /// A member of an object that is written out.
    pub fn member(&self, node: Node<'a>, name: &str, choices: &mut Choices<'a>) -> Node<'a> {
        let node = match node {
            Node::Expr(expr) => self.follow(expr, choices),
            node => node,
        };
        self.member_at(node, name, choices, DEPTH)
    }

    fn member_at(
        &self,
        node: Node<'a>,
        name: &str,
        choices: &mut Choices<'a>,
        depth: usize,
    ) -> Node<'a> {
        match node {
            Node::Literal(Literal::Object(members)) => members
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map_or(Node::Absent, |(_, value)| Node::Literal(value)),
            Node::Literal(Literal::Null) | Node::Absent => Node::Absent,
            Node::Expr(Expr {
                kind: ExprKind::Object(entries),
                ..
            }) => {
                for entry in entries.iter().rev() {
                    match entry {
                        Entry::Pair { key, value } if key == name => {
                            return self.follow_at(value, choices, depth);
                        }
                        Entry::Pair { .. } => {}
                        Entry::Computed { key, value } => {
                            let key = self.text_at(key, choices, depth);
                            match key.as_text() {
                                Some(text) if text == name => {
                                    return self.follow_at(value, choices, depth);
                                }
                                Some(_) => {}
                                None => return Node::Unknown,
                            }
                        }
                        Entry::Spread(value) => {
                            let spread = self.follow_at(value, choices, depth);
                            match self.member_at(spread, name, choices, depth) {
                                Node::Absent => {}
                                found => return found,
                            }
                        }
                    }
                }
                Node::Absent
            }
            _ => Node::Unknown,
        }
    }

    /// One element of a list that is written out; Absent when it has none.
    pub fn element(&self, node: Node<'a>, choices: &mut Choices<'a>) -> Node<'a> {
        match node {
            Node::Expr(expr) => self.element_at(expr, choices, DEPTH),
            Node::Literal(Literal::List(elements)) => {
                let key = format!("literal {:p}", elements.as_ptr());
                match elements.len() {
                    0 => Node::Absent,
                    n => Node::Literal(&elements[choices.force(key, n)]),
                }
            }
            Node::Absent => Node::Absent,
            _ => Node::Unknown,
        }
    }

    fn element_at(&self, list: &'a Expr, choices: &mut Choices<'a>, depth: usize) -> Node<'a> {
        let Some(depth) = depth.checked_sub(1) else {
            return Node::Unknown;
        };
        match self.follow_at(list, choices, depth) {
            Node::Expr(expr) => match &expr.kind {
                ExprKind::List(elements) if elements.is_empty() => Node::Absent,
                ExprKind::List(elements) => {
                    let pick = choices.force(place("element", expr), elements.len());
                    let element = &elements[pick];
                    if element.spread {
                        self.element_at(&element.value, choices, depth)
                    } else {
                        self.follow_at(&element.value, choices, depth)
                    }
                }
                ExprKind::ListComprehension {
                    local,
                    source,
                    value,
                    ..
                } => {
                    choices
                        .locals
                        .insert(local.id, LocalValue::ElementOf(source));
                    self.follow_at(value, choices, depth)
                }
                _ => Node::Unknown,
            },
            node @ Node::Literal(_) => self.element(node, choices),
            Node::Absent => Node::Absent,
            Node::Unknown => Node::Unknown,
        }
    }

    /// One key of an object that is written out, as a pattern; None when it has none.
    pub fn object_key(&self, node: Node<'a>, choices: &mut Choices<'a>) -> Option<Pattern> {
        let node = match node {
            Node::Expr(expr) => self.follow(expr, choices),
            node => node,
        };
        match node {
            Node::Literal(Literal::Object(members)) => {
                let key = format!("literal {:p}", members.as_ptr());
                match members.len() {
                    0 => None,
                    n => Some(Pattern::text(&members[choices.force(key, n)].0)),
                }
            }
            Node::Expr(
                expr @ Expr {
                    kind: ExprKind::Object(entries),
                    ..
                },
            ) => {
                if entries.is_empty() {
                    return None;
                }
                match &entries[choices.force(place("key", expr), entries.len())] {
                    Entry::Pair { key, .. } => Some(Pattern::text(key)),
                    Entry::Computed { key, .. } => Some(self.text(key, choices)),
                    Entry::Spread(value) => self.object_key(Node::Expr(value), choices),
                }
            }
            Node::Expr(Expr {
                kind:
                    ExprKind::ObjectComprehension {
                        local, source, key, ..
                    },
                ..
            }) => {
                choices
                    .locals
                    .insert(local.id, LocalValue::ElementOf(source));
                Some(self.text(key, choices))
            }
            Node::Absent | Node::Literal(_) => None,
            _ => Some(Pattern::any()),
        }
    }

    /// Whether an expression may be null when the run comes to it.
    pub fn may_be_null(&self, node: Node<'a>) -> bool {
        match node {
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Literal(literal) => *literal == Literal::Null,
                _ => matches!(&expr.ty, Type::Optional(_) | Type::Null),
            },
            Node::Literal(literal) => *literal == Literal::Null,
            Node::Absent => true,
            Node::Unknown => false,
        }
    }

    /// Whether this run is one in which the argument at `path` is null.
    pub fn takes_null(&self, path: &str, choices: &mut Choices<'a>) -> bool {
        choices.force(format!("null {path}"), 2) == 1
    }

    /// As [`Tracer::constant`], of an expression outside of pipelines.
    pub fn text_of(&self, expr: &Expr) -> Pattern {
        Tracer::outside(self.program).constant(expr)
    }

    /// The pattern of a build- or deploy-time expression: its first, where it has several.
    pub fn constant(&self, expr: &'a Expr) -> Pattern {
        self.text(expr, &mut Choices::default())
    }
}

fn literal_text(literal: &Literal) -> Pattern {
    match literal {
        Literal::Null => Pattern::default(),
        Literal::Bool(value) => Pattern::text(value.to_string()),
        Literal::Number(value) => Pattern::text(value.to_string()),
        Literal::String(value) => Pattern::text(value),
        Literal::List(_) | Literal::Object(_) => Pattern::any(),
    }
}

fn position(index: &Expr, length: usize) -> Option<usize> {
    let Some(Literal::Number(index)) = index.as_literal() else {
        return None;
    };
    let index = index.as_i64()?;
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { length + index } else { index }).ok()
}

fn place(what: &str, expr: &Expr) -> String {
    let span = expr.span;
    format!("{what}@{}:{}-{}", span.file.0, span.start, span.end)
}
