//! `if`, `poll` and loops.

use super::{Label, Lowering};
use crate::backend::asl::graph::{Assign, Delay, Edge, NodeId, Op};
use crate::ir::{Binary, Block, Expr, LabelId, Literal, Poll, Type, VariableId};

impl Lowering<'_> {
    pub(super) fn choose(
        &mut self,
        arms: &[(Expr, Block)],
        otherwise: &Block,
        exhaustive: bool,
        at: NodeId,
        value: Option<VariableId>,
    ) -> Option<NodeId> {
        // What is known now needs no rule.
        let mut rules: Vec<(&Expr, &Block)> = Vec::new();
        let mut default = otherwise;
        let mut closed = exhaustive;
        for (condition, block) in arms {
            match condition.as_literal() {
                Some(Literal::Bool(false)) => {}
                Some(Literal::Bool(true)) => {
                    default = block;
                    closed = false;
                    break;
                }
                _ => rules.push((condition, block)),
            }
        }
        if closed && let Some((_, last)) = rules.pop() {
            default = last;
        }
        if rules.is_empty() {
            return self.block(default, at, value);
        }
        let conditions = rules
            .iter()
            .map(|(condition, _)| self.expr(condition))
            .collect();
        let (targets, rest) = self.branch(at, None, conditions);
        let join = self.point("end");
        let blocks = rules.iter().map(|(_, block)| *block).chain([default]);
        for (target, block) in targets.into_iter().chain([rest]).zip(blocks) {
            self.place(target);
            if let Some(end) = self.block(block, target, value) {
                self.connect(end, join);
            }
        }
        self.reached(join)
    }

    pub(super) fn repeat(
        &mut self,
        label: LabelId,
        condition: Option<&Expr>,
        block: &Block,
        at: NodeId,
        value: Option<VariableId>,
    ) -> Option<NodeId> {
        let head = self.point("loop");
        let exit = self.point("end");
        self.connect(at, head);
        let frame = self.frame;
        self.labels.insert(
            label,
            Label {
                exit,
                head: Some(head),
                value: None,
                frame,
            },
        );
        let start = match condition {
            None => head,
            Some(condition) => {
                let condition = self.expr(condition);
                let (targets, rest) = self.branch(head, None, vec![condition]);
                self.connect(rest, exit);
                targets.first().copied()?
            }
        };
        if let Some(end) = self.block(block, start, None) {
            self.connect(end, head);
        }
        let exit = self.reached(exit)?;
        Some(self.assign_value(exit, value, self.terms.null()))
    }

    /// Does it, looks at the result, waits, does it again.
    pub(super) fn poll(
        &mut self,
        poll: &Poll,
        at: NodeId,
        value: Option<VariableId>,
    ) -> Option<NodeId> {
        let terms = self.terms;
        let result = match value {
            Some(value) => {
                self.aliases.insert(poll.result, value);
                value
            }
            None => poll.result,
        };
        let name = self.owner_name();
        let mut start = Vec::new();
        let mut over = Vec::new();
        let mut count = None;
        if let Some(max) = &poll.max {
            let max = self.expr(max);
            let attempt = self.symbols.variable(format!("{name}_attempt"), Type::Int);
            let read = terms.variable(attempt, Type::Int);
            start.push((attempt, terms.int(1)));
            over.push(terms.binary(Binary::Ge, read.clone(), max, Type::Bool));
            let next = terms.binary(Binary::Add, read, terms.int(1), Type::Int);
            count = Some(Assign {
                variable: attempt,
                value: next,
            });
        }
        if let Some(timeout) = &poll.timeout {
            let timeout = self.expr(timeout);
            let deadline = self.symbols.variable(format!("{name}_deadline"), Type::Int);
            let until = match timeout.as_literal() {
                Some(Literal::Number(seconds)) => {
                    let millis = seconds.as_f64().unwrap_or_default() * 1000.0;
                    terms.jsonata(format!("$millis() + {millis}"), vec![], Type::Int)
                }
                _ => {
                    let text = "$millis() + $timeout * 1000".to_owned();
                    let names = vec![("timeout", timeout)];
                    terms.jsonata(text, names, Type::Int)
                }
            };
            start.push((deadline, until));
            over.push(terms.jsonata(
                "$millis() >= $deadline".to_owned(),
                vec![("deadline", terms.variable(deadline, Type::Int))],
                Type::Bool,
            ));
        }
        let at = if start.is_empty() {
            at
        } else {
            self.assign(at, Some("start"), start)
        };
        let head = self.point("again");
        self.connect(at, head);
        let end = self.block(&poll.block, head, Some(result))?;

        let mut conditions: Vec<Expr> = poll
            .fail_when
            .iter()
            .map(|fail| self.expr(&fail.condition))
            .collect();
        conditions.push(self.expr(&poll.until));
        let over = terms.or(over);
        let ends = over.is_some();
        conditions.extend(over);
        let (targets, again) = self.branch(end, Some("until"), conditions);
        let mut targets = targets.into_iter();

        let last = || {
            let ty = self.symbols.ty(result).clone();
            terms.text(terms.variable(result, ty))
        };
        let unfinished = last();
        let causes: Vec<Expr> = poll
            .fail_when
            .iter()
            .map(|fail| match &fail.cause {
                Some(cause) => self.expr(cause),
                None => last(),
            })
            .collect();

        let every = self.expr(&poll.every);
        self.place(again);
        let (again, every) = self.precomputed(again, every);
        let next = Edge {
            assigns: count.into_iter().collect(),
            ..Edge::default()
        };
        let delay = Delay::Seconds(every);
        let wait = self.then(again, Some("wait"), Op::Wait { delay, next });
        self.connect(wait, head);

        for (fail, cause) in poll.fail_when.iter().zip(causes) {
            if let Some(at) = targets.next() {
                self.place(at);
                self.raise(at, Some("failed"), &fail.error, Some(cause));
            }
        }
        let done = targets.next()?;
        if ends && let Some(at) = targets.next() {
            self.place(at);
            self.raise(at, Some("timed_out"), "Poll.TimedOut", Some(unfinished));
        }
        self.place(done);
        Some(done)
    }
}
