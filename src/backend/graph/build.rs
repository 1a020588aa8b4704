//! From a pipeline to its picture's model.

use super::words::{Words, cut, duration, shorten};
use super::{Arm, Chart, Handler, Kind, Loop, Node};
use crate::catalog::{Pattern, resource};
use crate::ir::{
    Arguments, Batch, Binary, Block, Call, Dataset, Expr, ExprKind, Fail, Items, Map, Pipeline,
    Poll, Program, Reader, Retry, Stage, StageKind, Target, Tolerate,
};

pub(super) fn chart(program: &Program, pipeline: &Pipeline) -> Chart {
    let builder = Builder {
        words: Words { program, pipeline },
    };
    let params: Vec<&str> = (pipeline.params.iter())
        .map(|param| pipeline.variable(param.variable).name.as_str())
        .collect();
    Chart {
        name: pipeline.name.clone(),
        signature: shorten(&format!("{}({})", pipeline.name, params.join(", "))),
        express: pipeline.settings.express,
        doc: pipeline.doc.clone(),
        label: pipeline.label,
        stages: builder.block(&pipeline.body),
    }
}

#[derive(Clone, Copy)]
struct Builder<'a> {
    words: Words<'a>,
}

impl Builder<'_> {
    fn block(self, block: &Block) -> Vec<Node> {
        block.stages.iter().flat_map(|s| self.stage(s)).collect()
    }

    /// A block whose only stage has the name of what it stands in: then what it calls is title enough.
    fn only_said_once(self, block: &Block, name: &str) -> Vec<Node> {
        let mut stages = self.block(block);
        if let [only] = stages.as_mut_slice()
            && only.title == name
            && !only.lines.is_empty()
        {
            only.title = only.lines.remove(0);
        }
        stages
    }

    /// A stage's node; of what is not shown, nothing, and of what stands for its stages, those.
    fn stage(self, stage: &Stage) -> Vec<Node> {
        let name = match stage.name.exact {
            true => stage.name.base.as_str(),
            // What it is inside of is seen.
            false => stage.name.base.rsplit('.').next().unwrap_or_default(),
        };
        let node = |kind, title: &str, lines| Node {
            kind,
            stage: stage.name.base.clone(),
            title: title.to_owned(),
            lines,
            doc: stage.doc.clone(),
            handlers: Vec::new(),
            finally: None,
        };
        let mut node = match &stage.kind {
            StageKind::Call(call) => Node {
                stage: stage.name.base.clone(),
                ..self.call(call, &stage.guard.retry, name)
            },
            StageKind::Pass(_) => node(Kind::Pass, name, Vec::new()),
            // What only moves data is not shown, unless something is around it.
            StageKind::Assign { .. } if stage.guard.is_empty() => return Vec::new(),
            StageKind::Assign { .. } => node(Kind::Pass, name, Vec::new()),
            StageKind::Block { label, block } => {
                let mut stages = self.block(block);
                let is_left = stages.iter().any(|node| node.jumps_to(*label));
                if stage.guard.is_empty() && !is_left {
                    // A box around one stage says nothing but its name.
                    if let [only] = stages.as_mut_slice() {
                        if only.title == "try" {
                            only.title = name.to_owned();
                        }
                        return stages;
                    }
                    if stages.is_empty() || name == "body" {
                        return stages;
                    }
                }
                let kind = Kind::Group {
                    label: Some(*label),
                    stages,
                };
                node(kind, name, Vec::new())
            }
            StageKind::Map(map) => {
                let kind = Kind::Group {
                    label: Some(map.label),
                    stages: self.block(&map.body),
                };
                node(kind, &self.map_title(map), self.map_lines(map))
            }
            StageKind::Parallel { collect, branches } => {
                let arms = branches
                    .iter()
                    .map(|branch| Arm {
                        words: branch.name.clone(),
                        label: Some(branch.label),
                        stages: self.only_said_once(&branch.block, &branch.name),
                    })
                    .collect();
                let title = if *collect {
                    "parallel collect"
                } else {
                    "parallel"
                };
                node(Kind::Fork(arms), title, Vec::new())
            }
            StageKind::If {
                arms,
                otherwise,
                exhaustive,
            } => {
                let (title, words) = self.question(arms, *exhaustive, name);
                let mut shown: Vec<Arm> = (arms.iter().zip(words))
                    .map(|((_, block), words)| Arm {
                        words,
                        label: None,
                        stages: self.block(block),
                    })
                    .collect();
                if !exhaustive {
                    shown.push(Arm {
                        words: if arms.len() == 1 { "no" } else { "else" }.to_owned(),
                        label: None,
                        stages: self.block(otherwise),
                    });
                }
                node(Kind::Choice(shown), &title, Vec::new())
            }
            StageKind::Poll(poll) => {
                let (kind, lines) = self.poll(poll, name);
                node(kind, name, lines)
            }
            StageKind::Loop {
                label,
                condition,
                block,
            } => {
                let before = condition.as_ref().map(|c| self.words.expr(c));
                let title = match &before {
                    Some(condition) => format!("while {condition}"),
                    None => "loop".to_owned(),
                };
                let looped = Loop {
                    label: Some(*label),
                    stages: self.block(block),
                    before,
                    until: None,
                    every: None,
                };
                node(Kind::Loop(looped), &title, Vec::new())
            }
            StageKind::Wait(seconds) => {
                let title = format!("wait {}", self.words.duration(seconds));
                node(Kind::Wait, &title, Vec::new())
            }
            StageKind::WaitUntil(moment) => {
                let title = shorten(&format!("wait until {}", self.words.expr(moment)));
                node(Kind::Wait, &title, Vec::new())
            }
            StageKind::Fail(Fail::Raise { error, cause }) => {
                let lines = cause.iter().map(|cause| self.words.expr(cause)).collect();
                node(Kind::Fail, &format!("fail {error}"), lines)
            }
            StageKind::Fail(Fail::Again(_)) => node(Kind::Fail, "fail again", Vec::new()),
            StageKind::Return { label, .. } => node(Kind::Return(*label), "return", Vec::new()),
            StageKind::Break(label) => node(Kind::Break(*label), "break", Vec::new()),
            StageKind::Continue(label) => node(Kind::Continue(*label), "continue", Vec::new()),
        };
        if !matches!(stage.kind, StageKind::Call(_)) {
            node.lines.extend(stage.guard.retry.iter().map(retry));
        }
        let handlers = stage.guard.catch.iter().map(|handler| Handler {
            errors: errors(&handler.errors),
            stages: self.block(&handler.block),
        });
        node.handlers.extend(handlers);
        if let Some(finally) = &stage.guard.finally {
            node.finally = Some(self.block(finally));
        }
        vec![node]
    }

    /// What a choice asks, and the answers that lead to its arms.
    fn question(
        self,
        arms: &[(Expr, Block)],
        exhaustive: bool,
        name: &str,
    ) -> (String, Vec<String>) {
        if let [(condition, _)] = arms
            && !exhaustive
        {
            return (self.words.expr(condition), vec!["yes".to_owned()]);
        }
        let compared: Option<Vec<(String, Vec<String>)>> =
            (arms.iter().map(|(condition, _)| self.compared(condition))).collect();
        if let Some(compared) = compared
            && let Some((subject, _)) = compared.first()
            && compared.iter().all(|(other, _)| other == subject)
        {
            let title = shorten(&format!("match {subject}"));
            let words = compared
                .iter()
                .map(|(_, values)| shorten(&values.join(", ")));
            return (title, words.collect());
        }
        let words = arms.iter().map(|(condition, _)| self.words.expr(condition));
        (name.to_owned(), words.collect())
    }

    /// The subject and the values of `x == "a" or x == "b"`.
    fn compared(self, condition: &Expr) -> Option<(String, Vec<String>)> {
        match &condition.kind {
            ExprKind::Binary {
                op: Binary::Eq,
                left,
                right,
            } if right.as_literal().is_some() => {
                Some((self.words.expr(left), vec![self.words.expr(right)]))
            }
            ExprKind::Binary {
                op: Binary::Or,
                left,
                right,
            } => {
                let (subject, mut values) = self.compared(left)?;
                let (other, more) = self.compared(right)?;
                values.extend(more);
                (subject == other).then_some((subject, values))
            }
            _ => None,
        }
    }

    fn call(self, call: &Call, retries: &[Retry], name: &str) -> Node {
        let complete = call.operation.complete().map(|form| form.pattern);
        let before = match call.form.pattern {
            Pattern::Callback => "await ",
            Pattern::RequestResponse if complete == Some(Pattern::Sync) => "start ",
            Pattern::RequestResponse | Pattern::Sync => "",
        };
        let (kind, what) = match call.target {
            Target::Api => {
                let name = format!("{}.{}", call.operation.service, call.operation.name);
                (Kind::Call, name)
            }
            Target::Function(id) => {
                let name = &self.words.program.resource(id).name;
                (Kind::Call, format!("function {name}"))
            }
            Target::Activity(id) => {
                let name = &self.words.program.resource(id).name;
                (Kind::Call, format!("activity {name}"))
            }
            Target::Pipeline(id) => {
                let name = &self.words.program.pipeline(id).name;
                (Kind::Pipeline(name.clone()), format!("pipeline {name}"))
            }
        };
        let does = format!("{before}{what}");
        let own_name = what.rsplit(['.', ' ']).next().unwrap_or_default();
        let (title, mut lines) = if name == own_name {
            (does, Vec::new())
        } else {
            (name.to_owned(), vec![does])
        };
        if matches!(call.target, Target::Api) {
            lines.extend(self.subjects(call));
        }
        if let Some(timeout) = &call.timeout {
            lines.push(format!("timeout {}", self.words.duration(timeout)));
        }
        for rule in retries {
            let by_default = rule.errors.iter().all(|e| call.form.transient.contains(e));
            if !by_default {
                lines.push(retry(rule));
            } else if !is_default(rule) {
                lines.push(format!("retry {}", numbers(rule)));
            }
        }
        Node {
            kind,
            stage: String::new(),
            title,
            lines,
            doc: None,
            handlers: Vec::new(),
            finally: None,
        }
    }

    /// What the call works on: the arguments that name resources.
    fn subjects(self, call: &Call) -> Vec<String> {
        let Arguments::Members(members) = &call.arguments else {
            return Vec::new();
        };
        members
            .iter()
            .filter(|(name, _)| {
                let kinds = resource::named_kinds(call.operation.service, name);
                kinds.iter().any(|kind| !matches!(*kind, "role" | "key"))
            })
            .map(|(_, value)| self.words.expr(value))
            .collect()
    }

    fn map_title(self, map: &Map) -> String {
        let over = match &map.items {
            Items::Values(values) => self.words.expr(values),
            Items::Dataset(dataset) => self.dataset(dataset),
        };
        shorten(&format!("map {over}"))
    }

    fn map_lines(self, map: &Map) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(concurrency) = &map.concurrency {
            lines.push(format!("{} at a time", self.words.expr(concurrency)));
        }
        if let Some(distributed) = &map.distributed {
            let children = if distributed.express {
                "express"
            } else {
                "standard"
            };
            lines.push(format!("distributed, {children} children"));
            match &distributed.batch {
                Some(Batch::Items(n)) => lines.push(format!("batches of {}", self.words.expr(n))),
                Some(Batch::Bytes(n)) => {
                    lines.push(format!("batches of {} bytes", self.words.expr(n)));
                }
                None => {}
            }
            match &distributed.tolerate {
                Some(Tolerate::Count(n)) => {
                    lines.push(format!("{} may fail", self.words.expr(n)));
                }
                Some(Tolerate::Percentage(n)) => {
                    lines.push(format!("{} % may fail", self.words.expr(n)));
                }
                None => {}
            }
            if let Some(results) = &distributed.results {
                lines.push(format!("results to {}", self.words.expr(&results.bucket)));
            }
        }
        if map.collect {
            lines.push("failures are collected".to_owned());
        }
        lines
    }

    fn dataset(self, dataset: &Dataset) -> String {
        let reader = match dataset.reader {
            Reader::Csv => "csv",
            Reader::Json => "json",
            Reader::Jsonl => "jsonl",
            Reader::Parquet => "parquet",
            Reader::Manifest => "manifest",
            Reader::Inventory => "inventory",
            Reader::Objects => "objects",
        };
        let parts = std::iter::once(&dataset.bucket).chain(&dataset.key);
        let parts: Vec<String> = parts.map(|part| self.words.expr(part)).collect();
        format!("{reader}({})", parts.join(", "))
    }

    fn poll(self, poll: &Poll, name: &str) -> (Kind, Vec<String>) {
        let until = self.words.expr(&poll.until);
        let every = self.words.duration(&poll.every);
        let mut lines = vec![format!("until {until}"), format!("every {every}")];
        for fail in &poll.fail_when {
            lines.push(format!("fails when {}", self.words.expr(&fail.condition)));
        }
        if let Some(timeout) = &poll.timeout {
            lines.push(format!("timeout {}", self.words.duration(timeout)));
        }
        if let Some(max) = &poll.max {
            lines.push(format!("{} calls at most", self.words.expr(max)));
        }
        let looped = Loop {
            label: None,
            stages: self.only_said_once(&poll.block, name),
            before: None,
            until: Some(until),
            every: Some(every),
        };
        (Kind::Loop(looped), lines)
    }
}

/// Whether a rule for transient errors has the numbers that every call's has.
fn is_default(rule: &Retry) -> bool {
    (rule.max_attempts, rule.interval_seconds) == (3, 2)
}

fn retry(rule: &Retry) -> String {
    format!("retry {} {}", cut(&errors(&rule.errors), 26), numbers(rule))
}

fn numbers(rule: &Retry) -> String {
    let every = duration(rule.interval_seconds);
    format!("every {every} max {}", rule.max_attempts)
}

/// Names as the program writes them.
fn errors(names: &[String]) -> String {
    let words: Vec<&str> = names
        .iter()
        .map(|name| match name.as_str() {
            "States.ALL" => "all",
            name => name.strip_suffix("Exception").unwrap_or(name),
        })
        .collect();
    shorten(&words.join(", "))
}
