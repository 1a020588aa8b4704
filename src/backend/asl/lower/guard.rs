//! Handlers, `finally` and the retry of blocks: where an error goes from each place that can raise one.
//!
//! A block is never made a Parallel. Each state that can fail catches for all handlers around it, inside out; a `fail` in
//! the same body is an assignment and a jump. `finally` is lowered once, and a variable says how it was entered.

use std::collections::BTreeSet;

use super::Lowering;
use crate::backend::asl::graph::{Assign, Catch, Delay, Edge, FrameId, NodeId, Op};
use crate::ir::{
    Binary, Block, Expr, Fail, Handler, LabelId, Retry, Stage, StageKind, Type, VariableId,
};

/// What stands around a place, in its own body.
pub(super) struct Frame {
    outer: Option<FrameId>,
    kind: FrameKind,
}

enum FrameKind {
    Catch(Vec<CatchRule>),
    Finally(Finally),
    /// The block of a `finally`: whatever fails here, the first error goes on.
    Cleanup {
        dispatch: NodeId,
        error: VariableId,
        fails: bool,
    },
}

#[derive(Clone)]
pub(super) struct CatchRule {
    pub errors: Vec<String>,
    /// Gets what `$states.errorOutput` holds.
    pub error: VariableId,
    pub entry: NodeId,
}

struct Finally {
    entry: NodeId,
    /// The error that it was entered with, or null.
    error: VariableId,
    /// Which jump it was entered by.
    exit: VariableId,
    jumps: Vec<(Exit, LabelId)>,
    fails: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Return,
    Break,
    Continue,
}

const ALL: &str = "States.ALL";
pub(super) const TASK_FAILED: &str = "States.TaskFailed";
const QUERY_EVALUATION: &str = "States.QueryEvaluationError";

/// The most seconds that a Wait takes.
const LONGEST_WAIT: u64 = 99_999_999;

impl Lowering<'_> {
    /// A stage with its retry, handlers and `finally`.
    pub(super) fn guarded(
        &mut self,
        stage: &Stage,
        at: NodeId,
        value: Option<VariableId>,
    ) -> Option<NodeId> {
        match &stage.guard.finally {
            Some(block) => self.finally(stage, block, at, value),
            None => self.catching(stage, at, value),
        }
    }

    fn catching(&mut self, stage: &Stage, at: NodeId, value: Option<VariableId>) -> Option<NodeId> {
        let handlers = &stage.guard.catch;
        if handlers.is_empty() {
            return self.retrying(stage, at, value);
        }
        let join = self.point("end");
        let rules: Vec<CatchRule> = handlers
            .iter()
            .map(|handler| {
                self.note_caught(handler.error, &handler.errors);
                CatchRule {
                    errors: handler.errors.clone(),
                    error: handler.error,
                    entry: self.point("catch"),
                }
            })
            .collect();
        let entries: Vec<NodeId> = rules.iter().map(|rule| rule.entry).collect();
        let outer = self.enter(FrameKind::Catch(rules));
        let end = self.retrying(stage, at, value);
        self.frame = outer;
        if let Some(end) = end {
            self.connect(end, join);
        }
        for (handler, entry) in handlers.iter().zip(entries) {
            self.handler(handler, entry, join, value);
        }
        self.reached(join)
    }

    fn handler(
        &mut self,
        handler: &Handler,
        entry: NodeId,
        join: NodeId,
        value: Option<VariableId>,
    ) {
        let Some(entry) = self.reached(entry) else {
            return;
        };
        if let Some(end) = self.block(&handler.block, entry, value) {
            self.connect(end, join);
        }
    }

    /// Calls, maps and parallels retry by themselves; a block is started again from here.
    fn retrying(&mut self, stage: &Stage, at: NodeId, value: Option<VariableId>) -> Option<NodeId> {
        let native = match &stage.kind {
            StageKind::Call(call) => !super::runs_in_line(call),
            kind => matches!(kind, StageKind::Map(_) | StageKind::Parallel { .. }),
        };
        let rules = &stage.guard.retry;
        if native || rules.is_empty() {
            return self.kind(stage, at, value);
        }
        let terms = self.terms;
        let name = self.owner_name();
        let error = self.symbols.variable("failure", super::error_type());
        let attempts: Vec<VariableId> = rules
            .iter()
            .map(|_| self.symbols.variable(format!("{name}_attempt"), Type::Int))
            .collect();
        let zeros = attempts.iter().map(|id| (*id, terms.int(0))).collect();
        let at = self.assign(at, Some("start"), zeros);
        let start = self.point("again");
        self.connect(at, start);
        let catch: Vec<CatchRule> = rules
            .iter()
            .map(|rule| CatchRule {
                errors: rule.errors.clone(),
                error,
                entry: self.point("retry"),
            })
            .collect();
        let entries: Vec<NodeId> = catch.iter().map(|rule| rule.entry).collect();
        let outer = self.enter(FrameKind::Catch(catch));
        let end = self.kind(stage, start, value);
        self.frame = outer;
        for ((rule, entry), attempt) in rules.iter().zip(entries).zip(attempts) {
            if let Some(entry) = self.reached(entry) {
                self.try_again(rule, entry, start, attempt, error);
            }
        }
        end
    }

    /// Waits and starts the block again, or passes the error on when the attempts are used up.
    fn try_again(
        &mut self,
        rule: &Retry,
        entry: NodeId,
        start: NodeId,
        attempt: VariableId,
        error: VariableId,
    ) {
        let possible = possible(&rule.errors);
        if rule.max_attempts == 0 {
            self.raise_again(entry, Some("fail"), error, possible);
            return;
        }
        let terms = self.terms;
        let count = || terms.variable(attempt, Type::Int);
        let left = terms.binary(
            Binary::Lt,
            count(),
            terms.int(rule.max_attempts),
            Type::Bool,
        );
        let (targets, used_up) = self.branch(entry, Some("retry"), vec![left]);
        let delay =
            Delay::Seconds(terms.jsonata(delay(rule), vec![("attempt", count())], Type::Duration));
        let next = terms.binary(Binary::Add, count(), terms.int(1), Type::Int);
        let edge = Edge {
            assigns: vec![Assign {
                variable: attempt,
                value: next,
            }],
            ..Edge::default()
        };
        for target in targets {
            let delay = match &delay {
                Delay::Seconds(expr) | Delay::Until(expr) => Delay::Seconds(expr.clone()),
            };
            let next = Edge {
                assigns: edge.assigns.clone(),
                ..Edge::default()
            };
            let wait = self.then(target, Some("backoff"), Op::Wait { delay, next });
            self.connect(wait, start);
        }
        self.place(used_up);
        self.raise_again(used_up, Some("fail"), error, possible);
    }

    fn finally(
        &mut self,
        stage: &Stage,
        block: &Block,
        at: NodeId,
        value: Option<VariableId>,
    ) -> Option<NodeId> {
        let terms = self.terms;
        let error_type = Type::optional(super::error_type());
        let error = self.symbols.variable("failure", error_type.clone());
        let exit = self.symbols.variable("exit", Type::String);
        let entry = self.point("cleanup");
        let outer = self.enter(FrameKind::Finally(Finally {
            entry,
            error,
            exit,
            jumps: Vec::new(),
            fails: false,
        }));
        let frame = self.frame;
        let done = self.catching(stage, at, value);
        self.frame = outer;
        let (jumps, fails) = match self.leave(frame) {
            Some(FrameKind::Finally(finally)) => {
                (std::mem::take(&mut finally.jumps), finally.fails)
            }
            _ => (Vec::new(), false),
        };
        if let Some(done) = done {
            let mut how = vec![(error, terms.null())];
            if !jumps.is_empty() {
                how.push((exit, terms.string("next")));
            }
            let done = self.assign(done, Some("done"), how);
            self.connect(done, entry);
        }
        let entry = self.reached(entry)?;

        let dispatch = self.point("finally");
        let outer = self.enter(FrameKind::Cleanup {
            dispatch,
            error,
            fails: false,
        });
        let frame = self.frame;
        let end = self.block(block, entry, None);
        self.frame = outer;
        let cleanup_fails = match self.leave(frame) {
            Some(FrameKind::Cleanup { fails, .. }) => *fails,
            _ => false,
        };
        if let Some(end) = end {
            self.connect(end, dispatch);
        }
        let at = self.reached(dispatch)?;
        self.dispatch(
            at,
            (error, fails || cleanup_fails),
            (exit, jumps),
            done.is_some(),
        )
    }

    /// Goes on behind a `finally` as it was entered.
    fn dispatch(
        &mut self,
        at: NodeId,
        (error, fails): (VariableId, bool),
        (exit, jumps): (VariableId, Vec<(Exit, LabelId)>),
        goes_on: bool,
    ) -> Option<NodeId> {
        let terms = self.terms;
        let mut conditions = Vec::new();
        if fails {
            let error = terms.variable(error, Type::optional(super::error_type()));
            conditions.push(terms.is_not_null(error));
        }
        for n in 0..jumps.len() {
            let entered = terms.variable(exit, Type::String);
            conditions.push(terms.eq(entered, terms.string(&exit_name(&jumps, n))));
        }
        if !goes_on {
            conditions.pop();
        }
        let (mut targets, default) = if conditions.is_empty() {
            (Vec::new(), at)
        } else {
            self.branch(at, Some("finally"), conditions)
        };
        targets.push(default);
        let mut targets = targets.into_iter();
        if fails && let Some(at) = targets.next() {
            self.place(at);
            self.raise_again(at, Some("fail"), error, None);
        }
        for (exit, label) in jumps {
            if let Some(at) = targets.next() {
                self.place(at);
                self.jump(at, exit, label);
            }
        }
        let at = targets.next()?;
        self.place(at);
        Some(at)
    }

    /// Takes every failure of a body, as `collect` does, until [`Lowering::frame`] is set back to what is returned.
    pub(super) fn enter_catch_all(&mut self, error: VariableId, entry: NodeId) -> Option<FrameId> {
        self.enter(FrameKind::Catch(vec![CatchRule {
            errors: vec![ALL.to_owned()],
            error,
            entry,
        }]))
    }

    fn enter(&mut self, kind: FrameKind) -> Option<FrameId> {
        let outer = self.frame;
        self.frame = Some(FrameId(self.frames.len() as u32));
        self.frames.push(Frame { outer, kind });
        outer
    }

    fn leave(&mut self, frame: Option<FrameId>) -> Option<&mut FrameKind> {
        self.frames
            .get_mut(frame?.0 as usize)
            .map(|frame| &mut frame.kind)
    }

    /// What to catch here, and where to: the rules of all handlers around, the innermost first.
    pub(super) fn catchers(&mut self) -> Vec<Catch> {
        let terms = self.terms;
        let output = terms.variable(self.error_output, super::error_type());
        let mut catchers: Vec<Catch> = Vec::new();
        let mut listed = BTreeSet::new();
        let mut next = self.frame;
        while let Some(frame) = next.and_then(|id| self.frames.get_mut(id.0 as usize)) {
            next = frame.outer;
            let rules = match &mut frame.kind {
                FrameKind::Catch(rules) => rules.clone(),
                FrameKind::Finally(finally) => {
                    finally.fails = true;
                    next = None;
                    vec![CatchRule {
                        errors: vec![ALL.to_owned()],
                        error: finally.error,
                        entry: finally.entry,
                    }]
                }
                FrameKind::Cleanup {
                    dispatch,
                    error,
                    fails,
                } => {
                    *fails = true;
                    let (dispatch, error) = (*dispatch, *error);
                    let mut edge = Edge::to(dispatch);
                    edge.assigns.push(Assign {
                        variable: error,
                        value: self.first_error(error, output.clone()),
                    });
                    catchers.push(Catch {
                        errors: vec![ALL.to_owned()],
                        edge,
                    });
                    self.graph.node_mut(dispatch).entered = true;
                    break;
                }
            };
            for rule in rules {
                let errors: Vec<String> = rule
                    .errors
                    .into_iter()
                    .filter(|name| listed.insert(name.clone()))
                    .collect();
                if errors.is_empty() {
                    continue;
                }
                if errors.iter().any(|name| name == ALL) {
                    next = None;
                }
                let mut edge = Edge::to(rule.entry);
                edge.assigns.push(Assign {
                    variable: rule.error,
                    value: output.clone(),
                });
                catchers.push(Catch { errors, edge });
                self.graph.node_mut(rule.entry).entered = true;
                if next.is_none() && listed.contains(ALL) {
                    break;
                }
            }
        }
        catchers
    }

    /// The handler that takes an expression's failure here.
    pub(super) fn eval_guard(&self) -> Option<FrameId> {
        let mut next = self.frame;
        while let Some(id) = next {
            let frame = self.frames.get(id.0 as usize)?;
            let takes = match &frame.kind {
                FrameKind::Catch(rules) => rules.iter().any(|rule| takes_evaluation(&rule.errors)),
                FrameKind::Finally(_) | FrameKind::Cleanup { .. } => true,
            };
            if takes {
                return Some(id);
            }
            next = frame.outer;
        }
        None
    }

    pub(super) fn fail(&mut self, fail: &Fail, at: NodeId) {
        match fail {
            Fail::Raise { error, cause } => {
                let cause = cause.as_ref().map(|cause| self.expr(cause));
                self.raise(at, None, error, cause);
            }
            Fail::Again(error) => {
                let possible = self.caught.get(error).cloned();
                self.raise_again(at, None, *error, possible);
            }
        }
    }

    /// Raises an error of a known name: the handler that takes it is known too.
    pub(super) fn raise(
        &mut self,
        at: NodeId,
        role: Option<&'static str>,
        name: &str,
        cause: Option<Expr>,
    ) {
        let terms = self.terms;
        let value = |cause: Option<Expr>| {
            let cause = cause.unwrap_or_else(|| terms.string(""));
            terms.object(vec![("Error", terms.string(name)), ("Cause", cause)])
        };
        let mut next = self.frame;
        while let Some(frame) = next.and_then(|id| self.frames.get_mut(id.0 as usize)) {
            next = frame.outer;
            let (error, entry, cleanup) = match &mut frame.kind {
                FrameKind::Catch(rules) => {
                    let taken = rules
                        .iter()
                        .find(|rule| rule.errors.iter().any(|e| e == name || e == ALL));
                    match taken {
                        Some(rule) => (rule.error, rule.entry, false),
                        None => continue,
                    }
                }
                FrameKind::Finally(finally) => {
                    finally.fails = true;
                    (finally.error, finally.entry, false)
                }
                FrameKind::Cleanup {
                    dispatch,
                    error,
                    fails,
                } => {
                    *fails = true;
                    (*error, *dispatch, true)
                }
            };
            let value = value(cause);
            let value = if cleanup {
                self.first_error(error, value)
            } else {
                value
            };
            let at = self.assign(at, role, vec![(error, value)]);
            self.connect(at, entry);
            return;
        }
        let error = terms.string(name);
        self.then(at, role, Op::Fail { error, cause });
    }

    /// Raises an error whose name only the run knows, one of `possible` where that is given. `role` is that of the state
    /// that fails, where no handler is around.
    fn raise_again(
        &mut self,
        at: NodeId,
        role: Option<&'static str>,
        error: VariableId,
        possible: Option<Vec<String>>,
    ) {
        let terms = self.terms;
        let mut possible = possible;
        let mut conditions = Vec::new();
        let mut targets: Vec<(VariableId, NodeId)> = Vec::new();
        // The way of all errors that no condition names.
        let mut rest: Option<(VariableId, NodeId, bool)> = None;
        let mut next = self.frame;
        'frames: while let Some(frame) = next.and_then(|id| self.frames.get_mut(id.0 as usize)) {
            next = frame.outer;
            match &mut frame.kind {
                FrameKind::Catch(rules) => {
                    for rule in rules {
                        if rule.errors.iter().any(|name| name == ALL) {
                            rest = Some((rule.error, rule.entry, false));
                            break 'frames;
                        }
                        let names: Vec<String> = match &mut possible {
                            None => rule.errors.clone(),
                            Some(possible) => {
                                let any_task = |errors: &[String]| {
                                    errors.iter().any(|name| name == TASK_FAILED)
                                };
                                let open = any_task(possible);
                                let wild = any_task(&rule.errors);
                                let (taken, left): (Vec<String>, Vec<String>) =
                                    std::mem::take(possible).into_iter().partition(|name| {
                                        rule.errors.contains(name) || wild && is_of_task(name)
                                    });
                                *possible = left;
                                if possible.is_empty() {
                                    rest = Some((rule.error, rule.entry, false));
                                    break 'frames;
                                }
                                // What was caught as any error of a task may be each of those named here.
                                if open || wild {
                                    rule.errors.clone()
                                } else {
                                    taken
                                }
                            }
                        };
                        if !names.is_empty() {
                            conditions.push(names);
                            targets.push((rule.error, rule.entry));
                        }
                    }
                }
                FrameKind::Finally(finally) => {
                    finally.fails = true;
                    rest = Some((finally.error, finally.entry, false));
                    break 'frames;
                }
                FrameKind::Cleanup {
                    dispatch,
                    error,
                    fails,
                } => {
                    *fails = true;
                    rest = Some((*error, *dispatch, true));
                    break 'frames;
                }
            }
        }
        let raised = || terms.variable(error, super::error_type());
        let name = || terms.member(raised(), "Error", Type::String);
        let conditions: Vec<Expr> = conditions
            .iter()
            .map(|names| matches(terms, &name(), names))
            .collect();
        let (points, at) = if conditions.is_empty() {
            (Vec::new(), at)
        } else {
            self.branch(at, Some("raise"), conditions)
        };
        for (point, (handler_error, entry)) in points.into_iter().zip(targets) {
            let at = self.assign(point, Some("raise"), vec![(handler_error, raised())]);
            self.connect(at, entry);
        }
        match rest {
            Some((handler_error, entry, cleanup)) => {
                let value = if cleanup {
                    self.first_error(handler_error, raised())
                } else {
                    raised()
                };
                let at = self.assign(at, Some("raise"), vec![(handler_error, value)]);
                self.connect(at, entry);
            }
            None => {
                let cause = self.cause_of(raised());
                let fail = Op::Fail {
                    error: name(),
                    cause: Some(cause),
                };
                self.then(at, role, fail);
            }
        }
    }

    /// Leaves everything up to a label, through each `finally` on the way.
    pub(super) fn jump(&mut self, at: NodeId, exit: Exit, label: LabelId) {
        let terms = self.terms;
        let Some(target) = self.labels.get(&label).copied() else {
            return;
        };
        let mut next = self.frame;
        while next != target.frame
            && let Some(frame) = next.and_then(|id| self.frames.get_mut(id.0 as usize))
        {
            next = frame.outer;
            if let FrameKind::Finally(finally) = &mut frame.kind {
                let n = match finally.jumps.iter().position(|jump| *jump == (exit, label)) {
                    Some(n) => n,
                    None => {
                        finally.jumps.push((exit, label));
                        finally.jumps.len() - 1
                    }
                };
                let name = exit_name(&finally.jumps, n);
                let how = vec![
                    (finally.error, terms.null()),
                    (finally.exit, terms.string(&name)),
                ];
                let entry = finally.entry;
                let at = self.assign(at, Some(exit.word()), how);
                self.connect(at, entry);
                return;
            }
        }
        let target = match exit {
            Exit::Continue => target.head.unwrap_or(target.exit),
            Exit::Return | Exit::Break => target.exit,
        };
        self.connect(at, target);
    }

    fn first_error(&self, error: VariableId, second: Expr) -> Expr {
        let terms = self.terms;
        let ty = Type::optional(super::error_type());
        let first = terms.variable(error, ty.clone());
        terms.binary(Binary::Coalesce, first, second, ty)
    }

    pub(super) fn note_caught(&mut self, error: VariableId, errors: &[String]) {
        if let Some(errors) = possible(errors) {
            self.caught.insert(error, errors);
        }
    }
}

impl Exit {
    fn word(self) -> &'static str {
        match self {
            Exit::Return => "return",
            Exit::Break => "break",
            Exit::Continue => "continue",
        }
    }
}

/// `return`, `break-2`: unique among the jumps through one `finally`.
fn exit_name(jumps: &[(Exit, LabelId)], n: usize) -> String {
    let exit = jumps[n].0;
    let same = jumps[..n].iter().filter(|(e, _)| *e == exit).count();
    match same {
        0 => exit.word().to_owned(),
        same => format!("{}-{}", exit.word(), same + 1),
    }
}

/// The names that an error caught by these can have, `States.TaskFailed` among them for any error of a task; None for any.
fn possible(errors: &[String]) -> Option<Vec<String>> {
    let open = errors.iter().any(|name| name == ALL);
    (!open).then(|| errors.to_vec())
}

/// Whether `States.TaskFailed` takes an error of this name.
fn is_of_task(name: &str) -> bool {
    name == TASK_FAILED
        || name == "States.Permissions"
        || name.starts_with("States.Http.")
        || !name.starts_with("States.")
}

fn takes_evaluation(errors: &[String]) -> bool {
    errors
        .iter()
        .any(|name| name == ALL || name == QUERY_EVALUATION)
}

/// As the service matches names: exactly, and `States.TaskFailed` for whatever a task can raise but a timeout.
fn matches(terms: super::Terms, name: &Expr, errors: &[String]) -> Expr {
    let exact = match errors {
        [only] => terms.eq(name.clone(), terms.string(only)),
        several => terms.binary(Binary::In, name.clone(), terms.strings(several), Type::Bool),
    };
    if !errors.iter().any(|error| error == TASK_FAILED) {
        return exact;
    }
    let failed = terms.jsonata(
        "$name = 'States.Permissions' or $not($contains($name, /^States\\./)) or $contains($name, /^States\\.Http\\./)"
            .to_owned(),
        vec![("name", name.clone())],
        Type::Bool,
    );
    terms.binary(Binary::Or, exact, failed, Type::Bool)
}

/// Seconds before attempt `$attempt`, which counts from 0.
fn delay(rule: &Retry) -> String {
    let mut text = rule.interval_seconds.to_string();
    if rule.backoff_rate != 1.0 {
        let power = format!("$power({}, $attempt)", rule.backoff_rate);
        text = match rule.interval_seconds {
            1 => power,
            _ => format!("{text} * {power}"),
        };
    }
    let tries = i32::try_from(rule.max_attempts).unwrap_or(i32::MAX);
    let longest = rule.interval_seconds as f64 * rule.backoff_rate.powi(tries - 1);
    let cap = rule
        .max_delay_seconds
        .or((longest > LONGEST_WAIT as f64).then_some(LONGEST_WAIT));
    if let Some(cap) = cap {
        text = format!("$min([{cap}, {text}])");
    }
    if rule.jitter {
        return format!("$floor($random() * ({text} + 1))");
    }
    if rule.backoff_rate.fract() != 0.0 {
        text = format!("$floor({text})");
    }
    text
}
