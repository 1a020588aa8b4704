//! What a made-up program means, by the book: the tree is walked, and nothing of the compiler is used.

use std::collections::BTreeMap;

use serde_json::{Map as Object, Value, json};

use super::{Block, Catch, Expr, Kind, Map, MapMode, Poll, Program, Retry, Stage};

#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    pub error: String,
    pub cause: String,
}

pub type Outcome = Result<Value, Raised>;

/// A call that was made: its place, and the payload.
pub type Call = (usize, Value);

/// What a run did, and how it ended.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub calls: Vec<Call>,
    pub outcome: Outcome,
}

/// A way into one of several flows that run at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fork {
    /// Of which map run, and the item's place.
    Item(usize, usize),
    /// Of which parallel's run, and the branch's place.
    Branch(usize, usize),
}

impl Fork {
    fn run(&self) -> usize {
        match self {
            Fork::Item(run, _) | Fork::Branch(run, _) => *run,
        }
    }
}

/// The places of the items that are worked on, the outermost first.
pub fn indexes(flow: &[Fork]) -> Vec<usize> {
    flow.iter()
        .filter_map(|fork| match fork {
            Fork::Item(_, index) => Some(*index),
            Fork::Branch(..) => None,
        })
        .collect()
}

/// Whether two flows run at once: they part in one run of a map or a parallel.
pub fn are_siblings(a: &[Fork], b: &[Fork]) -> bool {
    a.iter()
        .zip(b)
        .find(|(a, b)| a != b)
        .is_some_and(|(a, b)| a.run() == b.run())
}

/// A run, and in which flow each of its calls was made.
#[derive(Debug)]
pub struct Traced {
    pub run: Run,
    pub flows: Vec<Vec<Fork>>,
    /// A body failed whose siblings are stopped by that: what they did before is nobody's to say.
    pub cut_short: bool,
}

/// More calls than any program worth comparing makes.
pub const MOST_CALLS: usize = 400;

/// Runs the program. None when it makes too many calls.
pub fn run(
    program: &Program,
    input: &Value,
    answer: &mut dyn FnMut(usize, &Value) -> Outcome,
) -> Option<Run> {
    let traced = run_traced(program, input, &mut |site, _, payload| {
        answer(site, payload)
    });
    traced.map(|traced| traced.run)
}

/// Runs the program; an answer may depend on the items that are worked on. None when it makes too many calls.
pub fn run_traced(
    program: &Program,
    input: &Value,
    answer: &mut dyn FnMut(usize, &[usize], &Value) -> Outcome,
) -> Option<Traced> {
    let names = input.as_object().expect("an object").clone();
    let mut walker = Walker {
        program,
        answer,
        names: names.into_iter().collect(),
        calls: Vec::new(),
        flow: Vec::new(),
        flows: Vec::new(),
        cut_short: false,
        next: 1,
        tired: false,
    };
    let place = Place {
        target: 0,
        looped: 0,
        error: None,
        body: None,
    };
    let outcome = match walker.block(&program.body, &place) {
        Ok(value) | Err(Way::Return(0, value)) => Ok(value),
        Err(Way::Raise(raised)) => Err(raised),
        Err(way) => panic!("{way:?} leaves the pipeline"),
    };
    (!walker.tired).then_some(Traced {
        run: Run {
            calls: walker.calls,
            outcome,
        },
        flows: walker.flows,
        cut_short: walker.cut_short,
    })
}

/// How a stage is left, other than by its end.
#[derive(Debug)]
enum Way {
    Raise(Raised),
    Return(usize, Value),
    Break(usize),
    Continue(usize),
}

/// Where a stage stands: what `return`, `break`, `fail` and `body` mean.
#[derive(Clone)]
struct Place<'p> {
    target: usize,
    looped: usize,
    error: Option<Raised>,
    body: Option<(&'p Block, Box<Place<'p>>)>,
}

struct Walker<'p, 'a> {
    program: &'p Program,
    answer: &'a mut dyn FnMut(usize, &[usize], &Value) -> Outcome,
    /// Every name is bound in one place only, so that one table will do.
    names: BTreeMap<String, Value>,
    calls: Vec<Call>,
    /// The flow that is walked, and that of each call.
    flow: Vec<Fork>,
    flows: Vec<Vec<Fork>>,
    cut_short: bool,
    next: usize,
    tired: bool,
}

type Left = Result<Value, Way>;

impl From<Raised> for Way {
    fn from(raised: Raised) -> Self {
        Way::Raise(raised)
    }
}

/// What an expression raises that has no value. Its cause is whoever's wording, and empty here.
pub const EVALUATION: &str = "States.QueryEvaluationError";

fn raise(error: &str, cause: impl Into<String>) -> Way {
    Way::Raise(Raised {
        error: error.to_owned(),
        cause: cause.into(),
    })
}

/// The names that a block binds.
fn bound(block: &Block, names: &mut Vec<String>) {
    for stage in block {
        names.extend(stage.bind.clone());
        if let Kind::Let(name, _) = &stage.kind {
            names.push(name.clone());
        }
        for inner in stage.blocks() {
            bound(inner, names);
        }
    }
}

impl<'p> Walker<'p, '_> {
    fn id(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    fn block(&mut self, block: &'p Block, place: &Place<'p>) -> Left {
        let mut value = Value::Null;
        for stage in block {
            value = self.stage(stage, place)?;
        }
        Ok(value)
    }

    fn stage(&mut self, stage: &'p Stage, place: &Place<'p>) -> Left {
        let value = self.guarded(stage, place)?;
        if let Some(name) = &stage.bind {
            self.names.insert(name.clone(), value.clone());
        }
        Ok(value)
    }

    fn guarded(&mut self, stage: &'p Stage, place: &Place<'p>) -> Left {
        let left = self.caught(stage, place);
        let Some(cleanup) = &stage.finally else {
            return left;
        };
        // The first error goes on; a failing cleanup takes the place of every other way out.
        match (left, self.block(cleanup, place)) {
            (Err(Way::Raise(first)), _) => Err(Way::Raise(first)),
            (_, Err(second)) => Err(second),
            (left, Ok(_)) => left,
        }
    }

    fn caught(&mut self, stage: &'p Stage, place: &Place<'p>) -> Left {
        let raised = match self.retried(stage, place) {
            Err(Way::Raise(raised)) => raised,
            left => return left,
        };
        let takes = |catch: &&Catch| {
            catch.errors.is_empty() || catch.errors.contains(&raised.error.as_str())
        };
        match stage.catch.iter().find(takes) {
            Some(catch) => {
                let place = Place {
                    error: Some(raised),
                    ..place.clone()
                };
                self.block(&catch.block, &place)
            }
            None => Err(Way::Raise(raised)),
        }
    }

    fn retried(&mut self, stage: &'p Stage, place: &Place<'p>) -> Left {
        let mut left = match &stage.retry {
            Some(Retry { max, .. }) => *max,
            None => 0,
        };
        loop {
            match self.kind(&stage.kind, place) {
                Err(Way::Raise(raised))
                    if left > 0
                        && stage
                            .retry
                            .as_ref()
                            .is_some_and(|retry| retry.errors.contains(&raised.error.as_str())) =>
                {
                    left -= 1;
                }
                done => return done,
            }
        }
    }

    fn kind(&mut self, kind: &'p Kind, place: &Place<'p>) -> Left {
        match kind {
            Kind::Call(site, payload) => {
                let payload = self.value(payload, place)?;
                self.call(*site, payload)
            }
            Kind::Pass(value) => Ok(self.optional(value, place)?),
            Kind::Let(name, value) | Kind::Set(name, value) => {
                let value = self.value(value, place)?;
                self.names.insert(name.clone(), value.clone());
                Ok(value)
            }
            Kind::Map(map) => self.map(map, place),
            Kind::Parallel { collect, branches } => self.parallel(*collect, branches, place),
            Kind::If { arms, otherwise } => {
                for (condition, arm) in arms {
                    if self.holds(condition, place)? {
                        return self.block(arm, place);
                    }
                }
                match otherwise {
                    Some(arm) => self.block(arm, place),
                    None => Ok(Value::Null),
                }
            }
            Kind::Match {
                subject,
                arms,
                otherwise,
            } => {
                let subject = self.value(subject, place)?;
                for (words, arm) in arms {
                    if words.iter().any(|word| subject == *word) {
                        return self.block(arm, place);
                    }
                }
                match otherwise {
                    Some(arm) => self.block(arm, place),
                    None => panic!("no arm takes {subject}"),
                }
            }
            Kind::Try(block) => self.block(block, place),
            Kind::Poll(poll) => self.poll(poll, place),
            Kind::While(condition, block) => self.repeat(Some(condition), block, place),
            Kind::Loop(block) => self.repeat(None, block, place),
            Kind::Wait(_) => Ok(Value::Null),
            Kind::Fail(None) => {
                let raised = place.error.clone().expect("inside of a handler");
                Err(Way::Raise(raised))
            }
            Kind::Fail(Some((name, cause))) => {
                let cause = match self.optional(cause, place)? {
                    Value::String(text) => text,
                    _ => String::new(),
                };
                Err(raise(name, cause))
            }
            Kind::Return(value) => Err(Way::Return(place.target, self.optional(value, place)?)),
            Kind::Break => Err(Way::Break(place.looped)),
            Kind::Continue => Err(Way::Continue(place.looped)),
            Kind::Use { step, args, block } => self.use_step(step, args, block.as_ref(), place),
            Kind::Body => {
                let (block, place) = place.body.clone().expect("inside of a step");
                self.block(block, &place)
            }
        }
    }

    fn call(&mut self, site: usize, payload: Value) -> Left {
        if self.calls.len() >= MOST_CALLS {
            self.tired = true;
            return Err(raise("Too.Tired", ""));
        }
        self.calls.push((site, payload.clone()));
        self.flows.push(self.flow.clone());
        let indexes = indexes(&self.flow);
        (self.answer)(site, &indexes, &payload).map_err(Way::Raise)
    }

    /// A body with a scope of its own, and where its `return` leads.
    fn body(&mut self, block: &'p Block, place: &Place<'p>) -> Result<Value, Raised> {
        let target = self.id();
        let place = Place {
            target,
            ..place.clone()
        };
        match self.block(block, &place) {
            Ok(value) => Ok(value),
            Err(Way::Return(of, value)) if of == target => Ok(value),
            Err(Way::Raise(raised)) => Err(raised),
            Err(way) => panic!("{way:?} leaves a body"),
        }
    }

    fn map(&mut self, map: &'p Map, place: &Place<'p>) -> Left {
        let items = self.list(&map.items, place)?;
        let items: Vec<Value> = match map.mode {
            MapMode::Batched(n) => items.chunks(n as usize).map(|batch| json!(batch)).collect(),
            _ => items,
        };
        let outer = self.names.clone();
        let run = self.id();
        let (mut ok, mut failed) = (Vec::new(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            self.names.insert(map.item.clone(), item.clone());
            self.names.insert("index".to_owned(), json!(index));
            self.flow.push(Fork::Item(run, index));
            let done = self.body(&map.body, place);
            self.flow.pop();
            self.cut_short |= done.is_err() && !map.collect;
            self.names.clone_from(&outer);
            match done {
                Ok(value) => ok.push(value),
                Err(raised) if map.collect => {
                    let error = json!({ "name": raised.error, "cause": raised.cause });
                    failed.push(match map.mode {
                        MapMode::Batched(_) => json!({ "item": item, "error": error }),
                        _ => json!({ "item": item, "index": index, "error": error }),
                    });
                }
                Err(raised) if map.mode == MapMode::Inline => return Err(Way::Raise(raised)),
                Err(_) => return Err(raise("States.ExceedToleratedFailureThreshold", "too many")),
            }
        }
        Ok(if map.collect {
            json!({ "ok": ok, "failed": failed })
        } else {
            Value::Array(ok)
        })
    }

    fn parallel(
        &mut self,
        collect: bool,
        branches: &'p [(String, Block)],
        place: &Place<'p>,
    ) -> Left {
        let outer = self.names.clone();
        let run = self.id();
        let (mut ok, mut failed) = (Object::new(), Object::new());
        for (index, (name, block)) in branches.iter().enumerate() {
            self.flow.push(Fork::Branch(run, index));
            let done = self.body(block, place);
            self.flow.pop();
            self.cut_short |= done.is_err() && !collect;
            self.names.clone_from(&outer);
            match done {
                Ok(value) => {
                    ok.insert(name.clone(), value);
                }
                Err(raised) if collect => {
                    let error = json!({ "name": raised.error, "cause": raised.cause });
                    failed.insert(name.clone(), error);
                }
                Err(raised) => return Err(Way::Raise(raised)),
            }
        }
        Ok(if collect {
            json!({ "ok": ok, "failed": failed })
        } else {
            Value::Object(ok)
        })
    }

    fn poll(&mut self, poll: &'p Poll, place: &Place<'p>) -> Left {
        for count in 1.. {
            let payload = self.value(&poll.payload, place)?;
            let result = self.call(poll.site, payload)?;
            self.names.insert("result".to_owned(), result.clone());
            if let Some((condition, error)) = &poll.fail_when
                && self.holds(condition, place)?
            {
                return Err(raise(error, "given up"));
            }
            if self.holds(&poll.until, place)? {
                return Ok(result);
            }
            if count >= poll.max {
                return Err(raise("Poll.TimedOut", result.to_string()));
            }
        }
        unreachable!("counting has no end")
    }

    fn repeat(&mut self, condition: Option<&'p Expr>, block: &'p Block, place: &Place<'p>) -> Left {
        let looped = self.id();
        let inner = Place {
            looped,
            ..place.clone()
        };
        loop {
            if let Some(condition) = condition
                && !self.holds(condition, place)?
            {
                break;
            }
            match self.block(block, &inner) {
                Ok(_) => {}
                Err(Way::Break(of)) if of == looped => break,
                Err(Way::Continue(of)) if of == looped => {}
                Err(way) => return Err(way),
            }
        }
        Ok(Value::Null)
    }

    fn use_step(
        &mut self,
        name: &str,
        args: &'p [Expr],
        block: Option<&'p Block>,
        place: &Place<'p>,
    ) -> Left {
        let program = self.program;
        let step = program
            .steps
            .iter()
            .find(|step| step.name == name)
            .expect("a step");
        let values = args
            .iter()
            .map(|arg| self.value(arg, place))
            .collect::<Result<Vec<Value>, Raised>>()?;
        // Its names are its own: a use inside of the block that it is given has others.
        let mut own = step.params.clone();
        bound(&step.body, &mut own);
        let outer: Vec<(String, Option<Value>)> = own
            .into_iter()
            .map(|name| (name.clone(), self.names.get(&name).cloned()))
            .collect();
        self.names.extend(step.params.iter().cloned().zip(values));
        let target = self.id();
        let inner = Place {
            target,
            looped: 0,
            error: place.error.clone(),
            body: block.map(|block| (block, Box::new(place.clone()))),
        };
        let left = self.block(&step.body, &inner);
        for (name, value) in outer {
            match value {
                Some(value) => self.names.insert(name, value),
                None => self.names.remove(&name),
            };
        }
        match left {
            Err(Way::Return(of, value)) if of == target => Ok(value),
            left => left,
        }
    }

    fn optional(&self, value: &Option<Expr>, place: &Place<'_>) -> Outcome {
        match value {
            Some(value) => self.value(value, place),
            None => Ok(Value::Null),
        }
    }

    fn holds(&self, condition: &Expr, place: &Place<'_>) -> Result<bool, Raised> {
        match self.value(condition, place)? {
            Value::Bool(value) => Ok(value),
            other => panic!("{condition} is {other}"),
        }
    }

    fn int(&self, expr: &Expr, place: &Place<'_>) -> Result<i64, Raised> {
        let value = self.value(expr, place)?;
        Ok(value
            .as_i64()
            .unwrap_or_else(|| panic!("{expr} is {value}")))
    }

    fn list(&self, expr: &Expr, place: &Place<'_>) -> Result<Vec<Value>, Raised> {
        match self.value(expr, place)? {
            Value::Array(items) => Ok(items),
            other => panic!("{expr} is {other}"),
        }
    }

    fn value(&self, expr: &Expr, place: &Place<'_>) -> Outcome {
        let value = |expr: &Expr| self.value(expr, place);
        Ok(match expr {
            Expr::Null => Value::Null,
            Expr::Int(n) => json!(n),
            Expr::Text(text) => json!(text),
            Expr::Name(name) if name == "error" => {
                let raised = place.error.as_ref().expect("inside of a handler");
                json!({ "name": raised.error, "cause": raised.cause })
            }
            Expr::Name(name) => self
                .names
                .get(name)
                .unwrap_or_else(|| panic!("{name} is not bound"))
                .clone(),
            Expr::Member(base, name) => value(base)?[*name].clone(),
            Expr::Add(a, b) => json!(self.int(a, place)? + self.int(b, place)?),
            Expr::Less(a, b) => json!(self.int(a, place)? < self.int(b, place)?),
            Expr::Equal(a, b) => json!(value(a)? == value(b)?),
            Expr::Not(a) => json!(!self.holds(a, place)?),
            Expr::Both(a, b) => json!(self.holds(a, place)? && self.holds(b, place)?),
            Expr::Either(a, b) => json!(self.holds(a, place)? || self.holds(b, place)?),
            Expr::Choose(c, a, b) => value(if self.holds(c, place)? { a } else { b })?,
            Expr::Risky(fine) => {
                if !self.holds(fine, place)? {
                    return Err(Raised {
                        error: EVALUATION.to_owned(),
                        cause: String::new(),
                    });
                }
                json!(1)
            }
            Expr::Call("count", a) => json!(self.list(a, place)?.len()),
            Expr::Call(_, a) => {
                let items = self.list(a, place)?;
                json!(items.iter().filter_map(Value::as_i64).sum::<i64>())
            }
            Expr::List(items) => items.iter().map(value).collect::<Result<_, _>>()?,
            Expr::Object(members) => members
                .iter()
                .map(|(key, member)| Ok((key.clone(), value(member)?)))
                .collect::<Result<Object<_, _>, _>>()?
                .into(),
            Expr::Joined(parts) => {
                let mut joined = String::new();
                for part in parts {
                    match value(part)? {
                        Value::String(text) => joined.push_str(&text),
                        other => joined.push_str(&other.to_string()),
                    }
                }
                json!(joined)
            }
            Expr::Pluck(list, path) => {
                let step = |item: Value, name: &&str| item[*name].clone();
                let items = self.list(list, place)?.into_iter();
                items.map(|item| path.iter().fold(item, step)).collect()
            }
            Expr::At(list, n) => {
                let items = self.list(list, place)?;
                let at = if *n < 0 { items.len() as i64 + n } else { *n };
                usize::try_from(at)
                    .ok()
                    .and_then(|at| items.get(at).cloned())
                    .unwrap_or(Value::Null)
            }
            Expr::Else(first, other) => match value(first)? {
                Value::Null => value(other)?,
                first => first,
            },
            Expr::Each(list) => self
                .list(list, place)?
                .iter()
                .map(|item| json!(item.as_i64().expect("an int") + 1))
                .collect(),
        })
    }
}
