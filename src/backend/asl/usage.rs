//! What is read of each variable: only that is kept.
//!
//! A use is a tree of members. It flows backwards through assignments, into the bodies of maps and parallels, until
//! nothing changes; then what nobody reads is not assigned, and of results only the parts that somebody reads. What can
//! fail is evaluated all the same: a program that leaves a value unread still says that there is one.

use std::collections::BTreeMap;

use super::graph::{Graph, Map, Op, Target};
use super::symbols::Symbols;
use super::terms::{Terms, can_fail, is_unknown};
use crate::ir::{self, Binary, Entry, Expr, ExprKind, Literal, Type, VariableId};

/// What is read of a value.
#[derive(Clone, Debug, Default)]
struct Use {
    /// All of it.
    whole: bool,
    /// Whether it is there: not null, an element of a list that is counted.
    present: bool,
    /// These members, with their types.
    members: BTreeMap<String, (Type, Use)>,
    /// This of each element.
    elements: Option<Box<Use>>,
}

impl Use {
    fn whole() -> Self {
        Self {
            whole: true,
            ..Self::default()
        }
    }

    fn present() -> Self {
        Self {
            present: true,
            ..Self::default()
        }
    }

    fn of_elements(part: Use) -> Self {
        Self {
            present: true,
            elements: Some(Box::new(part)),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        !self.whole && !self.present && self.members.is_empty() && self.elements.is_none()
    }

    /// Whether it is there, and nothing of what is in it.
    fn is_presence(&self) -> bool {
        self.present && !self.whole && self.members.is_empty() && self.elements.is_none()
    }

    /// Adds another; true when that was news.
    fn add(&mut self, other: &Use) -> bool {
        if self.whole {
            return false;
        }
        if other.whole {
            *self = Self::whole();
            return true;
        }
        let mut news = other.present && !self.present;
        self.present |= other.present;
        for (name, (ty, part)) in &other.members {
            match self.members.get_mut(name) {
                Some((_, known)) => news |= known.add(part),
                None => {
                    self.members
                        .insert(name.clone(), (ty.clone(), part.clone()));
                    news = true;
                }
            }
        }
        if let Some(part) = &other.elements {
            match &mut self.elements {
                Some(known) => news |= known.add(part),
                None => {
                    self.elements = Some(part.clone());
                    news = true;
                }
            }
        }
        news
    }

    /// Of a list's elements.
    fn element(&self) -> Use {
        match &self.elements {
            _ if self.whole => Use::whole(),
            Some(part) => (**part).clone(),
            None if self.present => Use::present(),
            None => Use::default(),
        }
    }
}

struct Usage<'g> {
    symbols: &'g Symbols<'g>,
    uses: Vec<Use>,
    /// What may flow into a variable.
    sources: BTreeMap<VariableId, Vec<Source<'g>>>,
    /// Variables whose use has grown.
    changed: Vec<VariableId>,
}

#[derive(Clone, Copy)]
enum Source<'g> {
    Value(&'g Expr),
    /// A body's value is an element of the map's list.
    Element(&'g Expr),
    /// An item is an element of this list.
    Items(&'g Expr),
    /// A batch holds elements of this list.
    Batches(&'g Expr),
}

/// Drops what nobody reads, and narrows what is kept of results.
pub(super) fn prune(graph: &mut Graph, symbols: &Symbols<'_>) {
    let uses = {
        let mut usage = Usage {
            symbols,
            uses: vec![Use::default(); symbols.len()],
            sources: BTreeMap::new(),
            changed: Vec::new(),
        };
        usage.collect(graph, None);
        while let Some(variable) = usage.changed.pop() {
            let part = usage.uses[variable.0 as usize].clone();
            let sources = usage.sources.get(&variable).cloned().unwrap_or_default();
            for source in sources {
                match source {
                    Source::Value(expr) => usage.read_kept(expr, &part),
                    Source::Element(expr) => usage.read_kept(expr, &part.element()),
                    Source::Items(expr) => usage.read(expr, &Use::of_elements(part.clone())),
                    Source::Batches(expr) => usage.read(expr, &Use::of_elements(part.element())),
                }
            }
        }
        usage.uses
    };
    narrow(graph, &uses, symbols, None);
}

impl<'g> Usage<'g> {
    /// `result` is where a body's value goes; the pipeline's own goes out whole.
    fn collect(&mut self, graph: &'g Graph, result: Option<(VariableId, bool)>) {
        for edge in graph.edges() {
            for assign in &edge.assigns {
                self.flows(assign.variable, Source::Value(&assign.value));
                if can_fail(&assign.value)
                    && self.uses[assign.variable.0 as usize].add(&Use::present())
                {
                    self.changed.push(assign.variable);
                }
            }
            if let Target::End(Some(value)) = &edge.target {
                if result.is_some() && can_fail(value) {
                    self.read_kept(value, &Use::present());
                }
                match result {
                    None => self.read(value, &Use::whole()),
                    Some((variable, true)) => self.flows(variable, Source::Element(value)),
                    Some((variable, false)) => self.flows(variable, Source::Value(value)),
                }
            }
        }
        for node in &graph.nodes {
            match &node.op {
                Op::Map(map) => self.collect_map(map),
                Op::Parallel(parallel) => {
                    for branch in &parallel.branches {
                        self.collect(&branch.body, Some((branch.result, false)));
                    }
                }
                op => {
                    for expr in op.exprs() {
                        self.read(expr, &Use::whole());
                    }
                }
            }
        }
    }

    fn collect_map(&mut self, map: &'g Map) {
        let mut own = Vec::new();
        map.own_exprs(&mut own);
        let items = match &map.items {
            ir::Items::Values(items) => Some(items),
            ir::Items::Dataset(_) => None,
        };
        for expr in own {
            if items.is_none_or(|items| !std::ptr::eq(items, expr)) {
                self.read(expr, &Use::whole());
            }
        }
        if let Some(items) = items {
            self.read(items, &Use::of_elements(Use::present()));
            let source = if map.is_batched() {
                Source::Batches(items)
            } else {
                Source::Items(items)
            };
            self.flows(map.item.source, source);
        }
        for capture in &map.captures {
            self.flows(capture.input.source, Source::Value(&capture.value));
        }
        self.collect(&map.body, Some((map.result, true)));
    }

    fn flows(&mut self, variable: VariableId, source: Source<'g>) {
        self.sources.entry(variable).or_default().push(source);
    }

    /// As [`Usage::read`], of what [`narrow`] leaves of the expression.
    fn read_kept(&mut self, expr: &Expr, part: &Use) {
        if part.is_empty() || part.whole {
            return self.read(expr, part);
        }
        let mut kept = expr.clone();
        keep(&mut kept, part, self.symbols);
        self.read(&kept, part);
    }

    /// `part` is read of the expression's value. Whatever the expression names is read: it is written as it stands.
    fn read(&mut self, expr: &Expr, part: &Use) {
        if part.is_empty() {
            return;
        }
        trace(expr, part, &mut |root, part| {
            if let Root::Variable(id) = root
                && self.uses[id.0 as usize].add(part)
            {
                self.changed.push(id);
            }
        });
    }
}

/// What an expression reads of.
enum Root {
    Variable(VariableId),
    /// The name of a comprehension or of a value inside the expression.
    Local(u32),
}

/// Tells what is read of each name when `part` is read of the expression's value, at least that it is there.
fn trace(expr: &Expr, part: &Use, found: &mut dyn FnMut(Root, &Use)) {
    let nothing = Use::present();
    let part = if part.is_empty() { &nothing } else { part };
    match &expr.kind {
        ExprKind::Variable(id) => found(Root::Variable(*id), part),
        ExprKind::Local(local) => found(Root::Local(local.id), part),
        ExprKind::Member { base, name } => {
            let member = (expr.ty.clone(), part.clone());
            let part = Use {
                members: BTreeMap::from([(name.clone(), member)]),
                ..Use::default()
            };
            trace(base, &part, found);
        }
        ExprKind::Index { base, index } => {
            trace(index, &Use::whole(), found);
            let part = match index.as_literal() {
                Some(Literal::Number(_)) => Use::of_elements(part.clone()),
                _ => Use::whole(),
            };
            trace(base, &part, found);
        }
        ExprKind::Object(entries) if only_pairs(entries) && !part.whole => {
            for entry in entries {
                if let Entry::Pair { key, value } = entry {
                    match part.members.get(key) {
                        Some((_, part)) => trace(value, part, found),
                        None => trace(value, &Use::whole(), found),
                    }
                }
            }
        }
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => {
            trace(condition, &Use::whole(), found);
            trace(then, part, found);
            trace(otherwise, part, found);
        }
        ExprKind::Binary {
            op: Binary::Coalesce,
            left,
            right,
        } => {
            let mut first = part.clone();
            first.add(&Use::present());
            trace(left, &first, found);
            trace(right, part, found);
        }
        ExprKind::Binary {
            op: Binary::Eq | Binary::Ne,
            left,
            right,
        } if is_null(left) || is_null(right) => {
            trace(left, &Use::present(), found);
            trace(right, &Use::present(), found);
        }
        ExprKind::Function { function, args } if function.name == "count" => {
            for arg in args {
                trace(arg, &Use::of_elements(Use::present()), found);
            }
        }
        ExprKind::ListComprehension {
            local,
            source,
            condition,
            value,
        } => {
            let mut of_element = Use::present();
            let mut inner = |root, part: &Use| match root {
                Root::Local(id) if id == local.id => {
                    of_element.add(part);
                }
                root => found(root, part),
            };
            if let Some(condition) = condition {
                trace(condition, &Use::whole(), &mut inner);
            }
            trace(value, &part.element(), &mut inner);
            trace(source, &Use::of_elements(of_element), found);
        }
        ExprKind::Let { local, value, body } => {
            let mut of_value = Use::default();
            trace(body, part, &mut |root, part| match root {
                Root::Local(id) if id == local.id => {
                    of_value.add(part);
                }
                root => found(root, part),
            });
            // It is evaluated whether it is read or not.
            of_value.add(&Use::present());
            trace(value, &of_value, found);
        }
        _ => {
            for child in expr.children() {
                trace(child, &Use::whole(), found);
            }
        }
    }
}

fn is_null(expr: &Expr) -> bool {
    expr.as_literal() == Some(&Literal::Null)
}

fn only_pairs(entries: &[Entry]) -> bool {
    entries
        .iter()
        .all(|entry| matches!(entry, Entry::Pair { .. }))
}

fn narrow(
    graph: &mut Graph,
    uses: &[Use],
    symbols: &Symbols<'_>,
    result: Option<(VariableId, bool)>,
) {
    let used = |id: VariableId| uses.get(id.0 as usize);
    for edge in graph.edges_mut() {
        edge.assigns.retain_mut(|assign| {
            let Some(part) = used(assign.variable).filter(|part| !part.is_empty()) else {
                return false;
            };
            keep(&mut assign.value, part, symbols);
            true
        });
        if let Target::End(value) = &mut edge.target
            && let Some((variable, element)) = result
        {
            let part = used(variable).cloned().unwrap_or_default();
            let part = if element { part.element() } else { part };
            match value {
                Some(given) if part.is_empty() && !can_fail(given) => *value = None,
                Some(given) if part.is_empty() => keep(given, &Use::present(), symbols),
                Some(value) => keep(value, &part, symbols),
                None => {}
            }
        }
    }
    for node in &mut graph.nodes {
        match &mut node.op {
            Op::Map(map) => {
                map.captures.retain_mut(|capture| {
                    let Some(part) = used(capture.input.source).filter(|part| !part.is_empty())
                    else {
                        return false;
                    };
                    keep(&mut capture.value, part, symbols);
                    true
                });
                narrow(&mut map.body, uses, symbols, Some((map.result, true)));
            }
            Op::Parallel(parallel) => {
                for branch in &mut parallel.branches {
                    narrow(
                        &mut branch.body,
                        uses,
                        symbols,
                        Some((branch.result, false)),
                    );
                }
            }
            _ => {}
        }
    }
}

/// Leaves out of a result or an object what nobody reads.
fn keep(value: &mut Expr, part: &Use, symbols: &Symbols<'_>) {
    if part.whole {
        return;
    }
    if part.is_presence() {
        shrink(value);
        return;
    }
    match &mut value.kind {
        ExprKind::Variable(id)
            if is_call_result(*id, symbols)
                && !part.members.is_empty()
                && part.elements.is_none() =>
        {
            *value = project(value, part);
        }
        ExprKind::If {
            then, otherwise, ..
        } => {
            keep(then, part, symbols);
            keep(otherwise, part, symbols);
        }
        ExprKind::Binary {
            op: Binary::Coalesce,
            right,
            ..
        } => keep(right, part, symbols),
        ExprKind::Object(entries) if only_pairs(entries) && !part.members.is_empty() => {
            entries.retain_mut(|entry| match entry {
                Entry::Pair { key, value } => match part.members.get(key) {
                    Some((_, part)) => {
                        keep(value, part, symbols);
                        true
                    }
                    None => can_fail(value),
                },
                _ => true,
            });
        }
        _ => {}
    }
}

/// Leaves of a value that something is there.
fn shrink(value: &mut Expr) {
    let nothing = matches!(&value.kind, ExprKind::Object(entries) if entries.is_empty());
    let surely = !value.ty.is_nullable() && !is_unknown(&value.ty) && !can_fail(value);
    if surely && !nothing && value.as_literal().is_none() {
        let terms = Terms { span: value.span };
        *value = terms.object(Vec::new());
    }
}

/// A text that would be parsed once for each member is kept whole.
fn is_call_result(id: VariableId, symbols: &Symbols<'_>) -> bool {
    symbols
        .find_place(id)
        .is_some_and(|place| place.text.starts_with("$states.result"))
}

fn project(value: &Expr, part: &Use) -> Expr {
    let terms = Terms { span: value.span };
    let pairs = part
        .members
        .iter()
        .map(|(name, (ty, part))| {
            let member = terms.member(value.clone(), name, ty.clone());
            let deeper = !part.whole && !part.members.is_empty() && part.elements.is_none();
            let member = if deeper {
                project(&member, part)
            } else {
                member
            };
            (name.as_str(), member)
        })
        .collect();
    terms.object(pairs)
}
