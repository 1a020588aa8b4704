//! A sequence of assignments as ones that happen at once.
//!
//! Assign and Output see the values from before the state. What an assignment reads of one before it is written out in
//! its place, or evaluated once under a name, and what can fail is evaluated whether it is read or not.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Assign, Graph, Target};
use super::live::{Live, ways_in};
use super::symbols::Symbols;
use super::terms::{can_fail, is_cheap, is_volatile, substitute, walk};
use crate::ir::fold::simplify;
use crate::ir::{Expr, ExprKind, Local, VariableId};

/// Ids of the names made here, far from those of the source.
const FIRST_NAMED: u32 = 1 << 29;

/// Settles every edge of a graph and of the graphs inside, as the document has them.
pub(super) fn settle(graph: &mut Graph, symbols: &Symbols<'_>) {
    let live = Live::of(graph, &ways_in(graph));
    for edge in graph.edges_mut() {
        let end = match &edge.target {
            Target::End(value) => value.as_deref(),
            _ => None,
        };
        let settled = at_once(&edge.assigns, end, symbols, |variable| {
            live.behind(&edge.target, variable)
        });
        if let Some((assigns, end)) = settled {
            edge.assigns = assigns;
            if let Target::End(Some(value)) = &mut edge.target
                && let Some(end) = end
            {
                **value = end;
            }
            edge.settled = true;
        }
    }
    for node in &mut graph.nodes {
        for body in node.op.bodies_mut() {
            settle(body, symbols);
        }
    }
}

/// How an assignment of a sequence is written.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// As an assignment.
    Assigned,
    /// Where it is read.
    Inline,
    /// Under a name, in the only expression that reads it.
    Named,
    /// Under a name, in the next expression that is written: nothing reads it, but it can fail.
    Evaluated,
}

/// How often an expression is written, by way of the variables that stand for it.
#[derive(Clone, Copy, Default)]
struct Copies {
    times: usize,
    /// In so many expressions that are evaluated each by itself.
    readers: usize,
}

impl Copies {
    const ONE: Self = Self {
        times: 1,
        readers: 1,
    };
}

/// The sequence, and the value behind it, in terms of what the variables hold before. `live` says what is read behind.
/// None when something would have to be evaluated twice that must not be.
pub(super) fn at_once(
    assigns: &[Assign],
    end: Option<&Expr>,
    symbols: &Symbols<'_>,
    live: impl Fn(VariableId) -> bool,
) -> Option<(Vec<Assign>, Option<Expr>)> {
    let mut reads = Reads::default();
    if let Some(end) = end {
        reads.count(end, Copies::ONE);
    }
    // Backwards: what is read behind each assignment, and so how it is written.
    let mut ways: Vec<(&Assign, Way)> = Vec::new();
    let mut written: BTreeSet<VariableId> = BTreeSet::new();
    for assign in assigns.iter().rev() {
        let mut copies = reads.take(assign.variable);
        let last = written.insert(assign.variable);
        let fails = can_fail(&assign.value);
        let unread = copies.times == 0 && !(last && live(assign.variable));
        let way = if unread {
            match (fails, last) {
                (false, _) => continue,
                (true, true) => Way::Assigned,
                (true, false) => Way::Evaluated,
            }
        } else if last && live(assign.variable) {
            Way::Assigned
        } else {
            Way::Inline
        };
        if way == Way::Assigned {
            copies.times += 1;
            copies.readers += 1;
        }
        let often = copies.times > 1 && (is_volatile(&assign.value) || !is_cheap(&assign.value));
        let way = match way {
            Way::Assigned if often => return None,
            Way::Inline if fails || often => {
                if copies.readers > 1 {
                    return None;
                }
                Way::Named
            }
            way => way,
        };
        let of = match way {
            Way::Named | Way::Evaluated => Copies::ONE,
            Way::Assigned | Way::Inline => copies,
        };
        reads.count(&assign.value, of);
        ways.push((assign, way));
    }
    ways.reverse();
    Some(write(&ways, end, symbols))
}

/// Forwards: each value in terms of what was before all of them.
fn write(
    ways: &[(&Assign, Way)],
    end: Option<&Expr>,
    symbols: &Symbols<'_>,
) -> (Vec<Assign>, Option<Expr>) {
    let mut values: Vec<(VariableId, Expr)> = Vec::new();
    let mut named: Vec<Named> = Vec::new();
    let mut assigned: Vec<Assign> = Vec::new();
    for (n, (assign, way)) in ways.iter().enumerate() {
        let variable = assign.variable;
        let value = with_values(&assign.value, &values);
        let value = match way {
            Way::Inline => value,
            Way::Assigned | Way::Named | Way::Evaluated => within(value, &mut named),
        };
        let read = match way {
            Way::Assigned => {
                assigned.retain(|known| known.variable != variable);
                assigned.push(Assign {
                    variable,
                    value: value.clone(),
                });
                value
            }
            Way::Inline => value,
            Way::Named | Way::Evaluated => {
                let local = Local {
                    id: FIRST_NAMED + (variable.0 << 8) + n as u32,
                    name: symbols.name(variable).into(),
                };
                let read = Expr {
                    kind: ExprKind::Local(local.clone()),
                    ..value.clone()
                };
                named.push(Named {
                    local,
                    value,
                    variable,
                    unread: *way == Way::Evaluated,
                });
                read
            }
        };
        values.retain(|(known, _)| *known != variable);
        values.push((variable, read));
    }
    let end = end.map(|end| within(with_values(end, &values), &mut named));
    // Where no expression came behind, an assignment evaluates it.
    for Named {
        variable, value, ..
    } in named.into_iter().filter(|named| named.unread)
    {
        if assigned.iter().all(|known| known.variable != variable) {
            assigned.push(Assign { variable, value });
        }
    }
    (assigned, end)
}

struct Named {
    local: Local,
    value: Expr,
    variable: VariableId,
    unread: bool,
}

/// The expression behind the named values that it reads, or that have to be evaluated before it.
fn within(expr: Expr, named: &mut Vec<Named>) -> Expr {
    let mut expr = expr;
    let mut kept = Vec::new();
    for one in std::mem::take(named).into_iter().rev() {
        if !one.unread && !reads_local(&expr, one.local.id) {
            kept.push(one);
            continue;
        }
        let kind = ExprKind::Let {
            local: one.local,
            value: Box::new(one.value),
            body: Box::new(expr.clone()),
        };
        expr = simplify(Expr { kind, ..expr });
    }
    kept.reverse();
    *named = kept;
    expr
}

fn reads_local(expr: &Expr, id: u32) -> bool {
    let mut read = false;
    walk(expr, &mut |part| {
        read |= matches!(&part.kind, ExprKind::Local(local) if local.id == id);
    });
    read
}

#[derive(Default)]
struct Reads(BTreeMap<VariableId, Copies>);

impl Reads {
    /// An expression that is written so often.
    fn count(&mut self, expr: &Expr, of: Copies) {
        let mut here: BTreeMap<VariableId, usize> = BTreeMap::new();
        for (variable, times) in occurrences(expr) {
            *here.entry(variable).or_default() += times;
        }
        for (variable, times) in here {
            let copies = self.0.entry(variable).or_default();
            copies.times += times * of.times;
            copies.readers += of.readers;
        }
    }

    fn take(&mut self, variable: VariableId) -> Copies {
        self.0.remove(&variable).unwrap_or_default()
    }
}

/// The expression with values in the place of variables.
pub(super) fn with_values(expr: &Expr, values: &[(VariableId, Expr)]) -> Expr {
    let mut expr = expr.clone();
    substitute(&mut expr, &|id| {
        values
            .iter()
            .find(|(variable, _)| *variable == id)
            .map(|(_, value)| value.clone())
    });
    expr
}

/// How often each variable is read: inside a comprehension, more than once.
pub(super) fn occurrences(expr: &Expr) -> Vec<(VariableId, usize)> {
    fn visit(expr: &Expr, times: usize, found: &mut Vec<(VariableId, usize)>) {
        match &expr.kind {
            ExprKind::Variable(id) => found.push((*id, times)),
            ExprKind::ListComprehension { source, .. }
            | ExprKind::ObjectComprehension { source, .. }
            | ExprKind::Sort { list: source, .. } => {
                for child in expr.children() {
                    let once = std::ptr::eq(child, source.as_ref());
                    visit(child, if once { times } else { times + 1 }, found);
                }
            }
            // The text may read a name more than once.
            ExprKind::Jsonata { .. } => {
                for child in expr.children() {
                    visit(child, times + 1, found);
                }
            }
            _ => {
                for child in expr.children() {
                    visit(child, times, found);
                }
            }
        }
    }
    let mut found = Vec::new();
    visit(expr, 1, &mut found);
    found
}
