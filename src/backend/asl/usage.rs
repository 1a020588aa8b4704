//! What is read of each variable: only that is kept.
//!
//! A use is a tree of members. It flows backwards through assignments, into the bodies of maps and parallels, until
//! nothing changes; then what nobody reads is not assigned, and of results only the parts that somebody reads.

use std::collections::BTreeMap;

use super::graph::{Graph, Op, Target};
use super::symbols::Symbols;
use super::terms::Terms;
use crate::ir::{Entry, Expr, ExprKind, Type, VariableId};

/// What is read of a value.
#[derive(Clone, Debug, Default)]
struct Use {
    /// All of it.
    whole: bool,
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

    fn is_empty(&self) -> bool {
        !self.whole && self.members.is_empty() && self.elements.is_none()
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
        let mut news = false;
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
            None => Use::default(),
        }
    }
}

struct Usage<'g> {
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
}

/// Drops what nobody reads, and narrows what is kept of results.
pub(super) fn prune(graph: &mut Graph, symbols: &Symbols<'_>) {
    let uses = {
        let mut usage = Usage {
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
                    Source::Value(expr) => usage.read(expr, &part),
                    Source::Element(expr) => usage.read(expr, &part.element()),
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
                self.sources
                    .entry(assign.variable)
                    .or_default()
                    .push(Source::Value(&assign.value));
            }
            if let Target::End(Some(value)) = &edge.target {
                match result {
                    None => self.read(value, &Use::whole()),
                    Some((variable, element)) => {
                        let source = if element {
                            Source::Element(value)
                        } else {
                            Source::Value(value)
                        };
                        self.sources.entry(variable).or_default().push(source);
                    }
                }
            }
        }
        for node in &graph.nodes {
            match &node.op {
                Op::Map(map) => {
                    let mut own = Vec::new();
                    map.own_exprs(&mut own);
                    for expr in own {
                        self.read(expr, &Use::whole());
                    }
                    for capture in &map.captures {
                        self.sources
                            .entry(capture.input.source)
                            .or_default()
                            .push(Source::Value(&capture.value));
                    }
                    self.collect(&map.body, Some((map.result, true)));
                }
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

    /// `part` is read of the expression's value.
    fn read(&mut self, expr: &Expr, part: &Use) {
        if part.is_empty() {
            return;
        }
        match &expr.kind {
            ExprKind::Variable(id) => {
                if self.uses[id.0 as usize].add(part) {
                    self.changed.push(*id);
                }
            }
            ExprKind::Member { base, name } => {
                let member = (expr.ty.clone(), part.clone());
                let part = Use {
                    members: BTreeMap::from([(name.clone(), member)]),
                    ..Use::default()
                };
                self.read(base, &part);
            }
            ExprKind::Index { base, index } => {
                self.read(index, &Use::whole());
                match index.as_literal() {
                    Some(crate::ir::Literal::Number(_)) => {
                        let part = Use {
                            elements: Some(Box::new(part.clone())),
                            ..Use::default()
                        };
                        self.read(base, &part);
                    }
                    _ => self.read(base, &Use::whole()),
                }
            }
            ExprKind::Object(entries) if only_pairs(entries) && !part.whole => {
                for entry in entries {
                    if let Entry::Pair { key, value } = entry
                        && let Some((_, part)) = part.members.get(key)
                    {
                        self.read(value, part);
                    }
                }
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.read(condition, &Use::whole());
                self.read(then, part);
                self.read(otherwise, part);
            }
            ExprKind::ListComprehension {
                local,
                source,
                condition,
                value,
            } => {
                let mut inner = LocalUse {
                    id: local.id,
                    used: Use::default(),
                };
                if let Some(condition) = condition {
                    inner.read(condition, &Use::whole());
                    self.read(condition, &Use::whole());
                }
                inner.read(value, &part.element());
                self.read(value, &part.element());
                let part = Use {
                    elements: Some(Box::new(inner.used)),
                    ..Use::default()
                };
                self.read(source, &part);
            }
            _ => {
                for child in expr.children() {
                    self.read(child, &Use::whole());
                }
            }
        }
    }
}

/// What a comprehension reads of its element.
struct LocalUse {
    id: u32,
    used: Use,
}

impl LocalUse {
    fn read(&mut self, expr: &Expr, part: &Use) {
        if part.is_empty() {
            return;
        }
        match &expr.kind {
            ExprKind::Local(local) if local.id == self.id => {
                self.used.add(part);
            }
            ExprKind::Member { base, name } => {
                let member = (expr.ty.clone(), part.clone());
                let part = Use {
                    members: BTreeMap::from([(name.clone(), member)]),
                    ..Use::default()
                };
                self.read(base, &part);
            }
            _ => {
                for child in expr.children() {
                    self.read(child, &Use::whole());
                }
            }
        }
    }
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
                Some(_) if part.is_empty() => *value = None,
                Some(value) => keep(value, &part, symbols),
                None => {}
            }
        }
    }
    for node in &mut graph.nodes {
        match &mut node.op {
            Op::Map(map) => {
                map.captures
                    .retain(|capture| used(capture.input.source).is_some_and(|u| !u.is_empty()));
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
    match &mut value.kind {
        ExprKind::Variable(id)
            if is_call_result(*id, symbols)
                && !part.members.is_empty()
                && part.elements.is_none() =>
        {
            *value = project(value, part);
        }
        ExprKind::Object(entries) if only_pairs(entries) && !part.members.is_empty() => {
            entries.retain_mut(|entry| match entry {
                Entry::Pair { key, value } => match part.members.get(key) {
                    Some((_, part)) => {
                        keep(value, part, symbols);
                        true
                    }
                    None => false,
                },
                _ => true,
            });
        }
        _ => {}
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
