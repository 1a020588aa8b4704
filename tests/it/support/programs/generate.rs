//! Makes a program of a list of choices. Where they run out, the simplest alternative is taken, so that a shorter list with
//! smaller numbers makes a simpler program: what proptest's shrinking needs.

mod expressions;

use std::fmt::{self, Debug, Formatter};

use proptest::prelude::*;

use super::{Block, Catch, Expr, Kind, Map, MapMode, Poll, Program, Retry, Stage, Step};

const ERRORS: [&str; 3] = ["App.A", "App.B", "App.C"];
/// Stages of a program, roughly.
const MOST_STAGES: usize = 60;
const DEEPEST: usize = 5;

/// A program that shows itself as its text.
#[derive(Clone)]
pub struct Made(pub Program);

impl Debug for Made {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0)
    }
}

/// Programs of every size.
pub fn programs() -> impl Strategy<Value = Made> {
    proptest::collection::vec(any::<u16>(), 0..400).prop_map(|choices| Made(program(&choices)))
}

pub fn program(choices: &[u16]) -> Program {
    let mut maker = Maker {
        choices,
        names: 0,
        sites: 0,
        stages: 0,
        steps: Vec::new(),
    };
    let around = Around {
        body: 0,
        depth: 0,
        looped: false,
        returns: true,
        error: Errors::None,
        cleanup: true,
        inner: None,
    };
    let params = [("a", Ty::Int), ("w", Ty::Word), ("xs", Ty::Ints)];
    let scope: Vec<Name> = params
        .iter()
        .map(|(name, ty)| Name {
            name: (*name).to_owned(),
            ty: *ty,
            body: None,
        })
        .collect();
    for _ in 0..maker.pick(3) {
        maker.step(&scope, &around);
    }
    let mut body = maker.block(&mut scope.clone(), &around);
    if body.is_empty() {
        body.push(Stage::of(Kind::Pass(None)));
    }
    Program {
        steps: maker.steps.into_iter().map(|made| made.step).collect(),
        body,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ty {
    Int,
    Bool,
    Word,
    Ints,
    /// What a function answers.
    Answer,
    /// The same, or null.
    Maybe,
    /// A list of them.
    Answers,
    /// `{ ok, failed }` of a map whose bodies give them.
    CollectedAnswers,
    /// `{ ok, failed }` of a map.
    Collected,
    /// Only handed on.
    Any,
}

#[derive(Clone)]
struct Name {
    name: String,
    ty: Ty,
    /// The body whose stages may `set` it.
    body: Option<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Errors {
    None,
    /// A handler is around, but not in this body.
    Read,
    /// In a handler of this body.
    Again,
}

/// What may stand at a place.
#[derive(Clone)]
struct Around {
    body: usize,
    depth: usize,
    looped: bool,
    returns: bool,
    error: Errors,
    /// Nothing cancels this place.
    cleanup: bool,
    /// In the flow of a step that takes a block: what is not yet written.
    inner: Option<()>,
}

struct MadeStep {
    step: Step,
    cleans: bool,
}

struct Maker<'c> {
    choices: &'c [u16],
    names: usize,
    sites: usize,
    stages: usize,
    steps: Vec<MadeStep>,
}

impl Maker<'_> {
    fn pick(&mut self, below: usize) -> usize {
        let Some((first, rest)) = self.choices.split_first() else {
            return 0;
        };
        self.choices = rest;
        usize::from(*first) % below
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.pick(n) == n - 1
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn site(&mut self) -> usize {
        self.sites += 1;
        self.sites
    }

    fn step(&mut self, scope: &[Name], around: &Around) {
        let name = self.name("step");
        let params: Vec<String> = (0..self.pick(3)).map(|_| self.name("p")).collect();
        let takes_block = self.pick(2) == 1;
        let mut scope = scope.to_vec();
        scope.extend(params.iter().map(|param| Name {
            name: param.clone(),
            ty: Ty::Int,
            body: None,
        }));
        self.names += 1;
        let around = Around {
            body: self.names,
            depth: 1,
            inner: takes_block.then_some(()),
            ..around.clone()
        };
        let mut body = self.block(&mut scope, &around);
        if takes_block && !says_body(&body) {
            let mut given = Stage::of(Kind::Body);
            if self.pick(2) == 1 {
                given = Stage::of(Kind::Try(vec![given]));
                given.finally = Some(vec![self.call(&scope, &around)]);
            }
            // Nothing behind a stage that is always left otherwise.
            body.retain(falls);
            body.push(given);
        }
        // Something comes behind every use.
        if !body.iter().all(falls) && !returns(&body) {
            body.retain(falls);
        }
        let cleans = self.cleans(&body);
        let step = Step {
            name,
            params,
            takes_block,
            body,
        };
        self.steps.push(MadeStep { step, cleans });
    }

    /// Whether it has a `finally`, or uses a step that has one.
    fn cleans(&self, block: &Block) -> bool {
        block.iter().any(|stage| {
            let by_step = match &stage.kind {
                Kind::Use { step, .. } => self
                    .steps
                    .iter()
                    .any(|made| made.cleans && made.step.name == *step),
                _ => false,
            };
            by_step
                || stage.finally.is_some()
                || stage.blocks().into_iter().any(|inner| self.cleans(inner))
        })
    }

    fn block(&mut self, scope: &mut Vec<Name>, around: &Around) -> Block {
        let mut block = Vec::new();
        let many = self.pick(4);
        for _ in 0..many {
            if self.stages >= MOST_STAGES {
                break;
            }
            self.stages += 1;
            self.stage(scope, around, &mut block);
            if !block.iter().all(falls) {
                break;
            }
        }
        block
    }

    /// A block behind which nothing that it binds is seen.
    fn inner(&mut self, scope: &[Name], around: &Around) -> Block {
        let around = Around {
            depth: around.depth + 1,
            ..around.clone()
        };
        self.block(&mut scope.to_vec(), &around)
    }

    /// A block whose value is an answer.
    fn answering(&mut self, scope: &[Name], around: &Around) -> Block {
        let deeper = Around {
            depth: around.depth + 1,
            ..around.clone()
        };
        let mut seen = scope.to_vec();
        let mut block = self.block(&mut seen, &deeper);
        if !block.iter().all(falls) {
            block.clear();
            seen = scope.to_vec();
        }
        block.push(self.call(&seen, &deeper));
        block
    }

    fn stage(&mut self, scope: &mut Vec<Name>, around: &Around, block: &mut Block) {
        let deep = around.depth >= DEEPEST;
        let (mut stage, ty) = match self.pick(if deep { 8 } else { 20 }) {
            0 | 1 => {
                let stage = self.call(scope, around);
                (stage, Ty::Answer)
            }
            2 => {
                let value = self.payload(scope, around);
                (Stage::of(Kind::Pass(Some(value))), Ty::Any)
            }
            3 => {
                let (value, ty) = match self.pick(5) {
                    4 => (Expr::Risky(Box::new(self.boolean(scope, 1))), Ty::Any),
                    0 => (self.int(scope, 2), Ty::Int),
                    1 => (self.boolean(scope, 2), Ty::Bool),
                    2 => (self.ints(scope, 1), Ty::Ints),
                    _ => (self.payload(scope, around), Ty::Any),
                };
                let name = self.name("v");
                scope.push(Name {
                    name: name.clone(),
                    ty,
                    body: Some(around.body),
                });
                block.push(Stage::of(Kind::Let(name, value)));
                return;
            }
            4 => {
                let own: Vec<Name> = scope
                    .iter()
                    .filter(|name| {
                        name.body == Some(around.body) && matches!(name.ty, Ty::Int | Ty::Bool)
                    })
                    .cloned()
                    .collect();
                if own.is_empty() {
                    block.push(Stage::of(Kind::Wait(1)));
                    return;
                }
                let name = own[self.pick(own.len())].clone();
                let value = match name.ty {
                    Ty::Int => self.int(scope, 2),
                    _ => self.boolean(scope, 2),
                };
                block.push(Stage::of(Kind::Set(name.name, value)));
                return;
            }
            5 => (Stage::of(self.leave(scope, around)), Ty::Any),
            6 => {
                let site = self.site();
                let payload = self.payload(scope, around);
                let mut seen = scope.clone();
                seen.push(Name {
                    name: "result".to_owned(),
                    ty: Ty::Answer,
                    body: None,
                });
                let result = || Expr::name("result");
                let fail_when = (self.pick(3) == 1).then(|| {
                    let ten = Expr::Add(Box::new(result().member("n")), Box::new(Expr::Int(3)));
                    let many = Expr::Call("count", Box::new(result().member("xs")));
                    (
                        Expr::Less(Box::new(ten), Box::new(many)),
                        ERRORS[self.pick(ERRORS.len())],
                    )
                });
                let until = match self.pick(2) {
                    0 => result().member("b"),
                    _ => self.boolean(&seen, 1),
                };
                let max = self.pick(3) as u64 + 1;
                let poll = Poll {
                    site,
                    payload,
                    until,
                    fail_when,
                    max,
                };
                let mut stage = Stage::of(Kind::Poll(Box::new(poll)));
                stage.bind = Some(format!("c{site}"));
                (stage, Ty::Answer)
            }
            7 => self.use_step(scope, around),
            8 => (Stage::of(self.choose(scope, around)), Ty::Any),
            9 => {
                let condition = self.boolean(scope, 1);
                let arm = self.answering(scope, around);
                let kind = Kind::If {
                    arms: vec![(condition, arm)],
                    otherwise: None,
                };
                (Stage::of(kind), Ty::Maybe)
            }
            10 => (Stage::of(self.choose_word(scope, around)), Ty::Any),
            11..=13 => (self.attempt(scope, around), Ty::Any),
            14 | 15 => self.map(scope, around),
            16 => self.parallel(scope, around),
            17 | 18 => {
                self.repeat(scope, around, block);
                return;
            }
            _ => (Stage::of(Kind::Wait(self.pick(3) as u64 + 1)), Ty::Any),
        };
        if !matches!(stage.kind, Kind::Try(_)) {
            self.guard(&mut stage, scope, around);
        }
        let plain = stage.catch.is_empty();
        if stage.bind.is_none() && !matches!(stage.kind, Kind::Wait(_)) && self.pick(2) == 1 {
            stage.bind = Some(self.name("x"));
        }
        if let Some(name) = &stage.bind
            && falls(&stage)
        {
            scope.push(Name {
                name: name.clone(),
                ty: if plain { ty } else { Ty::Any },
                body: None,
            });
        }
        block.push(stage);
    }

    fn call(&mut self, scope: &[Name], around: &Around) -> Stage {
        let site = self.site();
        let payload = self.payload(scope, around);
        Stage::bound(&format!("c{site}"), Kind::Call(site, payload))
    }

    /// A stage behind which nothing comes.
    fn leave(&mut self, scope: &[Name], around: &Around) -> Kind {
        match self.pick(6) {
            0 | 1 => {
                let cause = match self.pick(3) {
                    0 => None,
                    1 => Some(Expr::Text("said so".to_owned())),
                    _ => Some(self.joined(scope, around)),
                };
                Kind::Fail(Some((ERRORS[self.pick(ERRORS.len())], cause)))
            }
            2 if around.error == Errors::Again => Kind::Fail(None),
            3 if around.looped => Kind::Break,
            4 if around.looped => Kind::Continue,
            5 | 3 if around.returns => {
                let value = (self.pick(3) > 0).then(|| self.payload(scope, around));
                Kind::Return(value)
            }
            _ => Kind::Pass(None),
        }
    }

    fn choose(&mut self, scope: &[Name], around: &Around) -> Kind {
        let arms = (0..=self.pick(2))
            .map(|_| {
                let condition = self.boolean(scope, 2);
                (condition, self.inner(scope, around))
            })
            .collect();
        let otherwise = (self.pick(2) == 1).then(|| self.inner(scope, around));
        Kind::If { arms, otherwise }
    }

    fn choose_word(&mut self, scope: &[Name], around: &Around) -> Kind {
        let subject = self.word(scope);
        let first = self.inner(scope, around);
        let second = self.inner(scope, around);
        let mut arms = vec![(vec!["p"], first)];
        let otherwise = match self.pick(3) {
            0 => Some(second),
            1 => {
                arms.push((vec!["q", "r"], second));
                None
            }
            _ => {
                arms.push((vec!["r"], second));
                Some(self.inner(scope, around))
            }
        };
        Kind::Match {
            subject,
            arms,
            otherwise,
        }
    }

    fn attempt(&mut self, scope: &mut Vec<Name>, around: &Around) -> Stage {
        let deeper = Around {
            depth: around.depth + 1,
            ..around.clone()
        };
        let mut seen = scope.clone();
        let mut block = vec![self.call(scope, &deeper)];
        if self.pick(3) == 0 {
            block = Vec::new();
        }
        block.extend(self.block(&mut seen, &deeper));
        let mut stage = Stage::of(Kind::Try(block));
        self.guard(&mut stage, scope, around);
        // What a block binds is seen behind it where nothing can have come between.
        if stage.catch.is_empty() && falls(&stage) {
            *scope = seen;
        }
        stage
    }

    /// Retry, handlers and `finally`.
    fn guard(&mut self, stage: &mut Stage, scope: &[Name], around: &Around) {
        let guarded = stage.retry.is_some() || !stage.catch.is_empty() || stage.finally.is_some();
        let always = matches!(stage.kind, Kind::Try(_));
        if guarded || around.depth >= DEEPEST || !(always || self.one_in(4)) {
            return;
        }
        let open = kind_is_open(&stage.kind);
        if open && self.one_in(3) {
            let errors = ERRORS[..=self.pick(2)].to_vec();
            let max = self.pick(2) as u64 + 1;
            stage.retry = Some(Retry { errors, max });
        }
        let handlers = match self.pick(4) {
            _ if !open => 0,
            0 => 0,
            1 | 2 => 1,
            _ => 2,
        };
        let first = self.pick(ERRORS.len());
        for n in 0..handlers {
            let last = n + 1 == handlers;
            let errors = if last && self.pick(2) == 1 {
                Vec::new()
            } else {
                vec![ERRORS[(first + n) % ERRORS.len()]]
            };
            let inside = Around {
                error: Errors::Again,
                ..around.clone()
            };
            let block = self.inner(scope, &inside);
            stage.catch.push(Catch { errors, block });
        }
        if around.cleanup && self.one_in(3) {
            let inside = Around {
                looped: false,
                returns: false,
                inner: None,
                error: match around.error {
                    Errors::None => Errors::None,
                    _ => Errors::Read,
                },
                ..around.clone()
            };
            let mut block = vec![self.call(scope, &inside)];
            block.extend(self.inner(scope, &inside));
            stage.finally = Some(block);
        }
    }

    fn map(&mut self, scope: &[Name], around: &Around) -> (Stage, Ty) {
        let items = self.ints(scope, 1);
        let mode = match self.pick(4) {
            0 | 1 => MapMode::Inline,
            2 => MapMode::Distributed,
            _ => MapMode::Batched(self.pick(3) as u64 + 1),
        };
        let collect = self.pick(2) == 1;
        let item = self.name("item");
        let mut seen: Vec<Name> = scope
            .iter()
            .filter(|name| name.name != "index")
            .cloned()
            .collect();
        let batched = matches!(mode, MapMode::Batched(_));
        seen.push(Name {
            name: item.clone(),
            ty: if batched { Ty::Ints } else { Ty::Int },
            body: None,
        });
        if !batched {
            seen.push(Name {
                name: "index".to_owned(),
                ty: Ty::Int,
                body: None,
            });
        }
        let mut body = self.body(&seen, around, collect);
        // Names of the body are not seen by what is put behind it.
        let answers = self.pick(2) == 1 && body.iter().all(falls) && !returns(&body);
        if answers {
            body.push(self.call(&seen, around));
        }
        let map = Map {
            item,
            items,
            mode,
            collect,
            body,
        };
        let ty = match (collect, answers) {
            (true, true) => Ty::CollectedAnswers,
            (true, false) => Ty::Collected,
            (false, true) => Ty::Answers,
            (false, false) => Ty::Any,
        };
        (Stage::of(Kind::Map(Box::new(map))), ty)
    }

    fn body(&mut self, scope: &[Name], around: &Around, collect: bool) -> Block {
        self.names += 1;
        let around = Around {
            body: self.names,
            looped: false,
            returns: true,
            error: match around.error {
                Errors::None => Errors::None,
                _ => Errors::Read,
            },
            cleanup: around.cleanup && collect,
            inner: None,
            ..around.clone()
        };
        let mut block = self.inner(scope, &around);
        if block.is_empty() {
            block.push(self.call(scope, &around));
        }
        block
    }

    fn parallel(&mut self, scope: &[Name], around: &Around) -> (Stage, Ty) {
        let collect = self.pick(2) == 1;
        let branches = (0..=self.pick(2))
            .map(|_| {
                let name = self.name("b");
                (name, self.body(scope, around, collect))
            })
            .collect();
        let kind = Kind::Parallel { collect, branches };
        (Stage::of(kind), Ty::Any)
    }

    /// A counter, and a loop that it ends.
    fn repeat(&mut self, scope: &mut Vec<Name>, around: &Around, block: &mut Block) {
        let counter = self.name("n");
        let limit = Expr::Int(self.pick(3) as i64 + 1);
        block.push(Stage::of(Kind::Let(counter.clone(), Expr::Int(0))));
        scope.push(Name {
            name: counter.clone(),
            ty: Ty::Int,
            // Nothing else may set it.
            body: None,
        });
        let count = || Box::new(Expr::name(&counter));
        let next = Expr::Add(count(), Box::new(Expr::Int(1)));
        let mut inside = vec![Stage::of(Kind::Set(counter.clone(), next))];
        let endless = self.pick(2) == 1;
        if endless {
            let over = Expr::Less(Box::new(limit.clone()), count());
            inside.push(Stage::of(Kind::If {
                arms: vec![(over, vec![Stage::of(Kind::Break)])],
                otherwise: None,
            }));
        }
        let around = Around {
            looped: true,
            ..around.clone()
        };
        inside.extend(self.inner(scope, &around));
        block.push(Stage::of(if endless {
            Kind::Loop(inside)
        } else {
            Kind::While(Expr::Less(count(), Box::new(limit)), inside)
        }));
    }

    fn use_step(&mut self, scope: &[Name], around: &Around) -> (Stage, Ty) {
        let usable: Vec<usize> = (0..self.steps.len())
            .filter(|at| around.cleanup || !self.steps[*at].cleans)
            .collect();
        // A step's own flow uses none: what is used twice there is written out four times.
        if usable.is_empty() || around.inner.is_some() {
            let value = (self.pick(2) == 1).then(|| self.int(scope, 1));
            return (Stage::of(Kind::Pass(value)), Ty::Any);
        }
        let at = usable[self.pick(usable.len())];
        let step = &self.steps[at].step;
        let (name, params, takes_block) = (step.name.clone(), step.params.len(), step.takes_block);
        // What is known before the run would be computed then, and an error there is the compiler's.
        let args = (0..params)
            .map(|_| Expr::Add(Box::new(Expr::name("a")), Box::new(self.int(scope, 1))))
            .collect();
        let block = takes_block.then(|| {
            let mut block = self.inner(scope, around);
            block.retain(falls);
            block
        });
        let kind = Kind::Use {
            step: name,
            args,
            block,
        };
        let mut stage = Stage::of(kind);
        stage.bind = Some(self.name("x"));
        (stage, Ty::Any)
    }
}

fn text(text: &str) -> Expr {
    Expr::Text(text.to_owned())
}

fn says_body(block: &Block) -> bool {
    block
        .iter()
        .any(|stage| matches!(stage.kind, Kind::Body) || stage.blocks().into_iter().any(says_body))
}

/// Whether something can come behind it.
fn falls(stage: &Stage) -> bool {
    let all = |block: &Block| block.iter().all(falls);
    let inside = match &stage.kind {
        Kind::Fail(_) | Kind::Return(_) | Kind::Break | Kind::Continue => false,
        Kind::If { arms, otherwise } => {
            arms.iter().any(|(_, arm)| all(arm)) || otherwise.as_ref().is_none_or(all)
        }
        Kind::Match {
            arms, otherwise, ..
        } => arms.iter().any(|(_, arm)| all(arm)) || otherwise.as_ref().is_some_and(all),
        Kind::Try(block) => all(block),
        Kind::Loop(block) => breaks(block),
        Kind::Parallel { collect, branches } => {
            *collect || branches.iter().all(|(_, body)| all(body) || returns(body))
        }
        _ => true,
    };
    let handled = stage.catch.iter().any(|catch| all(&catch.block));
    (inside || handled) && stage.finally.as_ref().is_none_or(all)
}

/// Whether a body ends early somewhere.
fn returns(block: &Block) -> bool {
    block.iter().any(|stage| match &stage.kind {
        Kind::Return(_) => true,
        Kind::Map(_) | Kind::Parallel { .. } => {
            stage.catch.iter().any(|catch| returns(&catch.block))
        }
        _ => stage.blocks().into_iter().any(returns),
    })
}

fn breaks(block: &Block) -> bool {
    block.iter().any(|stage| match &stage.kind {
        Kind::Break => true,
        Kind::While(..) | Kind::Loop(_) | Kind::Map(_) | Kind::Parallel { .. } => {
            stage.catch.iter().any(|catch| breaks(&catch.block))
        }
        _ => stage.blocks().into_iter().any(breaks),
    })
}

/// Whether a function's own errors can come out of it.
fn kind_is_open(kind: &Kind) -> bool {
    let open = |block: &Block| block.iter().any(is_open);
    match kind {
        Kind::Call(..) | Kind::Poll(_) => true,
        Kind::Map(map) => map.mode == MapMode::Inline && !map.collect && open(&map.body),
        Kind::Parallel { collect, branches } => {
            !collect && branches.iter().any(|(_, body)| open(body))
        }
        Kind::Use { block, .. } => block.as_ref().is_some_and(open),
        _ => {
            let stage = Stage::of(kind.clone());
            stage.blocks().into_iter().any(open)
        }
    }
}

fn is_open(stage: &Stage) -> bool {
    let takes_all = stage.catch.iter().any(|catch| catch.errors.is_empty());
    let open = |block: &Block| block.iter().any(is_open);
    !takes_all && kind_is_open(&stage.kind)
        || stage.catch.iter().any(|catch| open(&catch.block))
        || stage.finally.as_ref().is_some_and(open)
}
