//! Made-up programs in which every stage stands inside of every other: as a tree, as text, as the tree's own meaning.
//!
//! Only what can be written in the language and has no mistake. A program's functions are `f0 … f3`; each place that calls
//! one has a number, and is called `c<number>`, so that a run can be compared call by call.

pub mod generate;
pub mod reference;

use std::fmt::{self, Display, Formatter, Write as _};

/// What all functions of a made-up program answer.
pub const ANSWER: &str = r#"{ n: int, b: bool, s: "p" | "q" | "r", xs: [int] }"#;
pub const FUNCTIONS: usize = 4;

#[derive(Clone, Debug)]
pub struct Program {
    pub steps: Vec<Step>,
    pub body: Block,
}

#[derive(Clone, Debug)]
pub struct Step {
    pub name: String,
    /// Integers.
    pub params: Vec<String>,
    pub takes_block: bool,
    pub body: Block,
}

pub type Block = Vec<Stage>;

#[derive(Clone, Debug)]
pub struct Stage {
    pub bind: Option<String>,
    pub kind: Kind,
    pub retry: Option<Retry>,
    pub catch: Vec<Catch>,
    pub finally: Option<Block>,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// The number of the place, and the payload.
    Call(usize, Expr),
    Pass(Option<Expr>),
    Let(String, Expr),
    Set(String, Expr),
    Map(Box<Map>),
    Parallel {
        collect: bool,
        branches: Vec<(String, Block)>,
    },
    If {
        arms: Vec<(Expr, Block)>,
        otherwise: Option<Block>,
    },
    Match {
        subject: Expr,
        arms: Vec<(Vec<&'static str>, Block)>,
        otherwise: Option<Block>,
    },
    Try(Block),
    Poll(Box<Poll>),
    While(Expr, Block),
    Loop(Block),
    Wait(u64),
    Fail(Option<(&'static str, Option<Expr>)>),
    Return(Option<Expr>),
    Break,
    Continue,
    Use {
        step: String,
        args: Vec<Expr>,
        block: Option<Block>,
    },
    /// The caller's block.
    Body,
}

#[derive(Clone, Debug)]
pub struct Map {
    pub item: String,
    pub items: Expr,
    pub mode: MapMode,
    pub collect: bool,
    pub body: Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapMode {
    Inline,
    Distributed,
    /// The item is a list of at most so many.
    Batched(u64),
}

#[derive(Clone, Debug)]
pub struct Poll {
    pub site: usize,
    pub payload: Expr,
    /// They may read `result`.
    pub until: Expr,
    pub fail_when: Option<(Expr, &'static str)>,
    pub max: u64,
}

#[derive(Clone, Debug)]
pub struct Retry {
    pub errors: Vec<&'static str>,
    pub max: u64,
}

#[derive(Clone, Debug)]
pub struct Catch {
    /// Empty for all.
    pub errors: Vec<&'static str>,
    pub block: Block,
}

#[derive(Clone, Debug)]
pub enum Expr {
    Null,
    Int(i64),
    Text(String),
    Name(String),
    Member(Box<Expr>, &'static str),
    Add(Box<Expr>, Box<Expr>),
    Less(Box<Expr>, Box<Expr>),
    Equal(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Both(Box<Expr>, Box<Expr>),
    Either(Box<Expr>, Box<Expr>),
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A number, or an error where the condition does not hold: `number(if … then "1" else "none")`.
    Risky(Box<Expr>),
    /// `count`, `sum`
    Call(&'static str, Box<Expr>),
    List(Vec<Expr>),
    Object(Vec<(String, Expr)>),
    /// `"…{…}…"`
    Joined(Vec<Expr>),
    /// `[each + 1 for each in …]`
    Each(Box<Expr>),
    /// `[each.… for each in …]`
    Pluck(Box<Expr>, &'static [&'static str]),
    /// `…[n]`, which may be null.
    At(Box<Expr>, i64),
    /// `… ?? …`
    Else(Box<Expr>, Box<Expr>),
}

impl Expr {
    pub fn name(name: &str) -> Self {
        Expr::Name(name.to_owned())
    }

    pub fn member(self, name: &'static str) -> Self {
        Expr::Member(Box::new(self), name)
    }
}

impl Stage {
    pub fn of(kind: Kind) -> Self {
        Self {
            bind: None,
            kind,
            retry: None,
            catch: Vec::new(),
            finally: None,
        }
    }

    pub fn bound(name: &str, kind: Kind) -> Self {
        Self {
            bind: Some(name.to_owned()),
            ..Self::of(kind)
        }
    }

    /// Every block of a stage, those of its guard too.
    pub fn blocks(&self) -> Vec<&Block> {
        let mut all: Vec<&Block> = match &self.kind {
            Kind::Map(map) => vec![&map.body],
            Kind::Parallel { branches, .. } => branches.iter().map(|(_, body)| body).collect(),
            Kind::If { arms, otherwise } => {
                arms.iter().map(|(_, arm)| arm).chain(otherwise).collect()
            }
            Kind::Match {
                arms, otherwise, ..
            } => arms.iter().map(|(_, arm)| arm).chain(otherwise).collect(),
            Kind::Try(block) | Kind::While(_, block) | Kind::Loop(block) => vec![block],
            Kind::Use { block, .. } => block.iter().collect(),
            _ => Vec::new(),
        };
        all.extend(self.catch.iter().map(|catch| &catch.block));
        all.extend(&self.finally);
        all
    }
}

/// The program's text. Its only pipeline is `made`, and takes an int, a word and a list of ints.
impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for n in 0..FUNCTIONS {
            writeln!(f, "function f{n} = \"f{n}\" returns {ANSWER}")?;
        }
        writeln!(
            f,
            "\npipeline made(a: int, w: \"p\" | \"q\" | \"r\", xs: [int]) {{"
        )?;
        for step in &self.steps {
            let params: Vec<String> = step.params.iter().map(|p| format!("{p}: int")).collect();
            let mut text = String::new();
            block(&mut text, &step.body, 1);
            writeln!(f, "  step {}({}) {text}", step.name, params.join(", "))?;
        }
        let mut text = String::new();
        flow(&mut text, &self.body, 1);
        write!(f, "  flow {text}\n}}\n")
    }
}

fn block(out: &mut String, stages: &[Stage], depth: usize) {
    if stages.is_empty() {
        out.push_str("{}");
        return;
    }
    let pad = "  ".repeat(depth);
    let _ = write!(out, "{{\n{pad}  ");
    flow(out, stages, depth + 1);
    let _ = write!(out, "\n{pad}}}");
}

fn flow(out: &mut String, stages: &[Stage], depth: usize) {
    for (n, stage) in stages.iter().enumerate() {
        if n > 0 {
            let _ = write!(out, "\n{}-> ", "  ".repeat(depth));
        }
        write_stage(out, stage, depth);
    }
}

fn write_stage(out: &mut String, stage: &Stage, depth: usize) {
    if let Some(name) = &stage.bind {
        let _ = write!(out, "{name} = ");
    }
    write_kind(out, &stage.kind, depth);
    let pad = "  ".repeat(depth + 1);
    if let Some(retry) = &stage.retry {
        let _ = write!(
            out,
            "\n{pad}retry on {} max {} every 1s",
            retry.errors.join(", "),
            retry.max
        );
    }
    for catch in &stage.catch {
        let errors = match catch.errors.as_slice() {
            [] => "all".to_owned(),
            errors => errors.join(", "),
        };
        let _ = write!(out, "\n{pad}catch {errors} ");
        block(out, &catch.block, depth + 1);
    }
    if let Some(cleanup) = &stage.finally {
        let _ = write!(out, "\n{pad}finally ");
        block(out, cleanup, depth + 1);
    }
}

fn write_kind(out: &mut String, kind: &Kind, depth: usize) {
    let call = |site: usize, payload: &Expr| format!("f{}({payload})", site % FUNCTIONS);
    let _ = match kind {
        Kind::Call(site, payload) => write!(out, "{}", call(*site, payload)),
        Kind::Pass(None) => write!(out, "pass"),
        Kind::Pass(Some(value)) => write!(out, "pass {value}"),
        Kind::Let(name, value) => write!(out, "let {name} = {value}"),
        Kind::Set(name, value) => write!(out, "set {name} = {value}"),
        Kind::Map(map) => {
            let mut options = String::new();
            match map.mode {
                MapMode::Inline => {}
                MapMode::Distributed => options.push_str(" distributed"),
                MapMode::Batched(n) => {
                    let _ = write!(options, " distributed batch {n}");
                }
            }
            if map.collect {
                options.push_str(" collect");
            }
            let _ = write!(out, "map({} in {}, 2){options} ", map.item, map.items);
            block(out, &map.body, depth);
            Ok(())
        }
        Kind::Parallel { collect, branches } => {
            let pad = "  ".repeat(depth + 1);
            out.push_str(if *collect {
                "parallel collect {"
            } else {
                "parallel {"
            });
            for (name, body) in branches {
                let _ = write!(out, "\n{pad}{name} ");
                block(out, body, depth + 1);
            }
            write!(out, "\n{}}}", "  ".repeat(depth))
        }
        Kind::If { arms, otherwise } => {
            for (n, (condition, arm)) in arms.iter().enumerate() {
                let word = if n == 0 { "if" } else { " else if" };
                let _ = write!(out, "{word} {condition} ");
                block(out, arm, depth);
            }
            if let Some(arm) = otherwise {
                out.push_str(" else ");
                block(out, arm, depth);
            }
            Ok(())
        }
        Kind::Match {
            subject,
            arms,
            otherwise,
        } => {
            let pad = "  ".repeat(depth + 1);
            let _ = write!(out, "match {subject} {{");
            for (words, arm) in arms {
                let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
                let _ = write!(out, "\n{pad}{} ", words.join(", "));
                block(out, arm, depth + 1);
            }
            if let Some(arm) = otherwise {
                let _ = write!(out, "\n{pad}else ");
                block(out, arm, depth + 1);
            }
            write!(out, "\n{}}}", "  ".repeat(depth))
        }
        Kind::Try(inner) => {
            out.push_str("try ");
            block(out, inner, depth);
            Ok(())
        }
        Kind::Poll(poll) => {
            let _ = write!(out, "poll {}", call(poll.site, &poll.payload));
            if let Some((condition, error)) = &poll.fail_when {
                let _ = write!(out, " fail when {condition} {error} \"given up\"");
            }
            write!(out, " until {} every 5s max {}", poll.until, poll.max)
        }
        Kind::While(condition, inner) => {
            let _ = write!(out, "while {condition} ");
            block(out, inner, depth);
            Ok(())
        }
        Kind::Loop(inner) => {
            out.push_str("loop ");
            block(out, inner, depth);
            Ok(())
        }
        Kind::Wait(seconds) => write!(out, "wait {seconds}s"),
        Kind::Fail(None) => write!(out, "fail"),
        Kind::Fail(Some((name, None))) => write!(out, "fail {name}"),
        Kind::Fail(Some((name, Some(cause)))) => write!(out, "fail {name} ({cause})"),
        Kind::Return(None) => write!(out, "return"),
        Kind::Return(Some(value)) => write!(out, "return {value}"),
        Kind::Break => write!(out, "break"),
        Kind::Continue => write!(out, "continue"),
        Kind::Use {
            step,
            args,
            block: given,
        } => {
            let args: Vec<String> = args.iter().map(Expr::to_string).collect();
            let _ = write!(out, "{step}({})", args.join(", "));
            if let Some(given) = given {
                out.push(' ');
                block(out, given, depth);
            }
            Ok(())
        }
        Kind::Body => write!(out, "body"),
    };
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Null => write!(f, "null"),
            Expr::Int(n) => write!(f, "{n}"),
            Expr::Text(text) => write!(f, "{text:?}"),
            Expr::Name(name) => write!(f, "{name}"),
            Expr::Member(base, name) => write!(f, "{base}.{name}"),
            Expr::Add(a, b) => write!(f, "({a} + {b})"),
            Expr::Less(a, b) => write!(f, "({a} < {b})"),
            Expr::Equal(a, b) => write!(f, "({a} == {b})"),
            Expr::Not(a) => write!(f, "(not {a})"),
            Expr::Both(a, b) => write!(f, "({a} and {b})"),
            Expr::Either(a, b) => write!(f, "({a} or {b})"),
            Expr::Choose(c, a, b) => write!(f, "(if {c} then {a} else {b})"),
            Expr::Risky(fine) => {
                write!(f, "number(if {fine} then \"1\" else \"none\")")
            }
            Expr::Call(name, a) => write!(f, "{name}({a})"),
            Expr::List(items) => {
                let items: Vec<String> = items.iter().map(Expr::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Expr::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{key}: {value}"))
                    .collect();
                write!(f, "{{ {} }}", members.join(", "))
            }
            Expr::Joined(parts) => {
                write!(f, "\"")?;
                for part in parts {
                    match part {
                        Expr::Text(text) => write!(f, "{text}")?,
                        part => write!(f, "{{{part}}}")?,
                    }
                }
                write!(f, "\"")
            }
            Expr::Each(list) => write!(f, "[each + 1 for each in {list}]"),
            Expr::Pluck(list, path) => {
                write!(f, "[each.{} for each in {list}]", path.join("."))
            }
            Expr::At(list, n) => write!(f, "{list}[{n}]"),
            Expr::Else(value, other) => write!(f, "({value} ?? {other})"),
        }
    }
}
