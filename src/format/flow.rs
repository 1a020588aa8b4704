//! Flows, stages and their modifiers.

use super::expr::Padding;
use super::writer::Writer;
use crate::syntax::ast::{
    Binding, Block, CallMode, Else, ErrorName, Expr, ExprKind, Flow, If, Let, Map, MapBody,
    MapOption, MapOptionKind, Match, Name, Pattern, Poll, PollBody, PollPart, PollPartKind, Stage,
    StageKind,
};

/// Where a block stands when there is room for it on its line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// On that line.
    Fit,
    /// On lines of its own: what branches, loops or is defined shows its shape.
    Open,
}

impl Writer<'_> {
    /// `flow a -> b`: the first stage stands in line with the arrows where there are any.
    pub(super) fn flow(&mut self, flow: &Flow) {
        self.word("flow");
        let links = links(&flow.stages);
        if links.len() == 1 {
            return self.stages(&flow.stages);
        }
        self.group(|w| {
            w.indent(|w| {
                for (index, stage) in links.into_iter().enumerate() {
                    if index > 0 {
                        w.joint();
                    }
                    w.stage(stage);
                }
            });
        });
    }

    /// `a -> b`: on one line, or an arrow a line.
    pub(super) fn stages(&mut self, stages: &[Stage]) {
        let links = links(stages);
        let Some((first, rest)) = links.split_first() else {
            return;
        };
        self.group(|w| {
            w.stage(first);
            w.indent(|w| {
                for stage in rest {
                    w.joint();
                    w.stage(stage);
                }
            });
        });
    }

    fn joint(&mut self) {
        self.comments_before_joint();
        self.line_between();
        self.arrow();
    }

    /// A block after what it belongs to on the same line.
    pub(super) fn block(&mut self, block: &Block, room: Room) {
        self.group(|w| {
            w.token("{");
            w.rest_of_block(block, room);
        });
    }

    /// What follows a block's opening brace.
    fn rest_of_block(&mut self, block: &Block, room: Room) {
        if !block.stages.is_empty() || self.is_commented() {
            self.indent(|w| {
                if !block.stages.is_empty() {
                    w.block_edge(room);
                    w.stages(&block.stages);
                }
                w.closing_comments(block.stages.is_empty());
            });
            self.block_edge(room);
        }
        self.token("}");
    }

    fn block_edge(&mut self, room: Room) {
        match room {
            Room::Fit => self.line(),
            Room::Open => self.hard_line(),
        }
    }

    /// A stage without the body of a `map(…) -> stage`: that is a link of its own.
    pub(super) fn stage(&mut self, stage: &Stage) {
        self.group(|w| w.stage_and_modifiers(stage));
    }

    /// The modifiers stand on the stage's line if all do.
    fn stage_and_modifiers(&mut self, stage: &Stage) {
        match &stage.binding {
            Some(Binding::Name(name)) => {
                self.leaf(name.span);
                self.space();
                self.word("=");
            }
            Some(Binding::Fields(names, _)) => {
                self.list("{", names, "}", Padding::Blanks, |w, name| {
                    w.leaf(name.span);
                });
                self.space();
                self.word("=");
            }
            None => {}
        }
        self.stage_kind(&stage.kind);
        self.indent(|w| {
            for modifier in &stage.modifiers {
                w.line();
                w.modifier(modifier);
            }
        });
    }

    fn stage_kind(&mut self, kind: &StageKind) {
        match kind {
            StageKind::Use {
                mode,
                name,
                args,
                block,
                ..
            } => {
                self.mode(*mode);
                self.leaf(name.span);
                if let Some(args) = args {
                    self.arguments(args);
                }
                if let Some(block) = block {
                    self.space_unless_commented();
                    self.block(block, Room::Fit);
                }
            }
            StageKind::Call {
                mode,
                service,
                operation,
                args,
                ..
            } => {
                self.mode(*mode);
                self.leaf(service.span);
                self.token(".");
                self.leaf(operation.span);
                self.arguments(args);
            }
            StageKind::Pass(value) => self.with_value("pass", value.as_ref()),
            StageKind::Let(binding) => self.binding(binding),
            StageKind::Set { name, value } => {
                self.word("set");
                self.assignment(name, value);
            }
            StageKind::Map(map) => self.map(map),
            StageKind::Parallel { collect, branches } => {
                self.word("parallel");
                if collect.is_some() {
                    self.word("collect");
                }
                self.cases(branches, |w, branch| {
                    w.leaf(branch.name.span);
                    w.space_unless_commented();
                    w.block(&branch.block, Room::Fit);
                });
            }
            StageKind::If(branching) => self.branching(branching),
            StageKind::Match(choice) => self.choice(choice),
            StageKind::Try(block) => {
                self.token("try");
                self.space_unless_commented();
                self.block(block, Room::Fit);
            }
            StageKind::Poll(poll) => self.poll(poll),
            StageKind::While { condition, block } => {
                self.word("while");
                self.condition_and_block(condition, block);
            }
            StageKind::Loop(block) => {
                self.token("loop");
                self.space_unless_commented();
                self.block(block, Room::Open);
            }
            StageKind::Wait(duration) => {
                self.word("wait");
                self.expr(duration);
            }
            StageKind::WaitUntil(moment) => {
                self.word("wait");
                self.word("until");
                self.expr(moment);
            }
            StageKind::Fail { error, cause } => {
                self.token("fail");
                if let Some(error) = error {
                    self.space();
                    self.failure(error, cause.as_ref());
                }
            }
            StageKind::Return(value) => self.with_value("return", value.as_ref()),
            StageKind::Break => self.token("break"),
            StageKind::Continue => self.token("continue"),
            StageKind::Invalid => self.misread(),
        }
    }

    fn mode(&mut self, mode: CallMode) {
        match mode {
            CallMode::Complete => {}
            CallMode::Start => self.word("start"),
            CallMode::Await => self.word("await"),
        }
    }

    /// `let name = value`
    pub(super) fn binding(&mut self, binding: &Let) {
        self.word("let");
        self.assignment(&binding.name, &binding.value);
    }

    fn assignment(&mut self, name: &Name, value: &Expr) {
        self.leaf(name.span);
        self.space();
        self.word("=");
        self.expr(value);
    }

    pub(super) fn with_value(&mut self, keyword: &'static str, value: Option<&Expr>) {
        self.token(keyword);
        if let Some(value) = value {
            self.space();
            self.expr(value);
        }
    }

    /// `Name "cause"`
    pub(super) fn failure(&mut self, error: &ErrorName, cause: Option<&Expr>) {
        self.group(|w| {
            w.leaf(error.span);
            if let Some(cause) = cause {
                w.indent(|w| {
                    w.line();
                    w.expr(cause);
                });
            }
        });
    }

    /// The head of a map, and its body if that is a block.
    fn map(&mut self, map: &Map) {
        self.group(|w| {
            w.token("map");
            w.map_source(map);
            let MapBody::Block(block) = &map.body else {
                return w.group(|w| {
                    w.indent(|w| w.map_options(&map.options));
                });
            };
            if map.options.is_empty() {
                w.space_unless_commented();
                w.token("{");
            } else {
                w.group(|w| {
                    w.indent(|w| w.map_options(&map.options));
                    w.comments_before_joint();
                    w.line();
                    w.token("{");
                });
            }
            w.rest_of_block(block, Room::Fit);
        });
    }

    /// `(x: T in xs, n)`
    fn map_source(&mut self, map: &Map) {
        self.group(|w| {
            w.token("(");
            w.indent(|w| {
                w.soft_line();
                if let Some(item) = &map.item {
                    w.leaf(item.span);
                    if let Some(ty) = &map.item_type {
                        w.word(":");
                        w.ty(ty);
                    }
                    w.space();
                    w.word("in");
                }
                w.expr(&map.items);
                if let Some(concurrency) = &map.concurrency {
                    w.comma();
                    w.line_between();
                    w.expr(concurrency);
                }
                w.last_comma();
                w.closing_comments(false);
            });
            w.soft_line();
            w.token(")");
        });
    }

    fn map_options(&mut self, options: &[MapOption]) {
        for option in options {
            self.line();
            match &option.kind {
                MapOptionKind::Distributed => self.token("distributed"),
                MapOptionKind::Express => self.token("express"),
                MapOptionKind::Standard => self.token("standard"),
                MapOptionKind::Collect => self.token("collect"),
                MapOptionKind::Batch(size) => {
                    self.word("batch");
                    self.expr(size);
                }
                MapOptionKind::Tolerate { value, percent } => {
                    self.word("tolerate");
                    self.expr(value);
                    if *percent {
                        self.token("%");
                    }
                }
                MapOptionKind::Results { target, args } => {
                    self.word("results");
                    self.word("to");
                    self.leaf(target.span);
                    self.arguments(args);
                }
                MapOptionKind::Label(label) => {
                    self.word("label");
                    self.leaf(label.span);
                }
            }
        }
    }

    fn branching(&mut self, branching: &If) {
        let mut last = branching;
        loop {
            self.word("if");
            self.condition_and_block(&last.condition, &last.then);
            let Some(otherwise) = &last.otherwise else {
                return;
            };
            self.space_unless_commented();
            self.token("else");
            match otherwise {
                Else::If(next) => {
                    self.space();
                    last = next;
                }
                Else::Block(block) => {
                    self.space_unless_commented();
                    return self.block(block, Room::Open);
                }
            }
        }
    }

    fn choice(&mut self, choice: &Match) {
        self.word("match");
        self.condition_and_brace(&choice.subject);
        self.rest_of_cases(&choice.arms, |w, arm| {
            if arm.patterns.is_empty() {
                w.token("else");
                w.space_unless_commented();
                return w.block(&arm.block, Room::Fit);
            }
            w.names_and_block(&arm.patterns, &arm.block, Self::pattern);
        });
    }

    fn pattern(&mut self, pattern: &Pattern) {
        if self.next_token() < pattern.value.span.start as usize {
            self.word(pattern.op.node.word());
        }
        self.leaf(pattern.value.span);
    }

    /// Branches or arms, a line each at least.
    fn cases<T>(&mut self, cases: &[T], case: impl Fn(&mut Self, &T)) {
        self.space_unless_commented();
        self.token("{");
        self.rest_of_cases(cases, case);
    }

    fn rest_of_cases<T>(&mut self, cases: &[T], case: impl Fn(&mut Self, &T)) {
        self.indent(|w| {
            for (index, each) in cases.iter().enumerate() {
                if index == 0 {
                    w.hard_line();
                } else {
                    w.hard_line_between(false);
                }
                case(w, each);
            }
            w.closing_comments(cases.is_empty());
        });
        self.hard_line();
        self.token("}");
    }

    fn condition_and_block(&mut self, condition: &Expr, block: &Block) {
        self.condition_and_brace(condition);
        self.rest_of_block(block, Room::Open);
    }

    /// The brace stands below a condition of several lines that ends in no bracket.
    fn condition_and_brace(&mut self, condition: &Expr) {
        let mut inner = condition;
        while let ExprKind::Unary { operand, .. } = &inner.kind {
            inner = operand;
        }
        self.group(|w| {
            w.expr(condition);
            if matches!(inner.kind, ExprKind::Binary { .. } | ExprKind::If { .. }) {
                w.comments_before_joint();
                w.line();
            } else {
                w.space_unless_commented();
            }
            w.token("{");
        });
    }

    /// `A, B { … }`
    pub(super) fn names_and_block<T>(
        &mut self,
        names: &[T],
        block: &Block,
        name: impl Fn(&mut Self, &T),
    ) {
        self.group(|w| {
            w.group(|w| {
                w.names(names, name);
                if names.len() > 1 {
                    w.comments_before_joint();
                    w.line();
                } else {
                    w.space_unless_commented();
                }
                w.token("{");
            });
            w.rest_of_block(block, Room::Fit);
        });
    }

    /// `A, B`
    pub(super) fn names<T>(&mut self, names: &[T], name: impl Fn(&mut Self, &T)) {
        self.indent(|w| {
            for (index, each) in names.iter().enumerate() {
                if index > 0 {
                    w.comma();
                    w.line();
                }
                name(w, each);
            }
        });
    }

    fn poll(&mut self, poll: &Poll) {
        self.word("poll");
        match &poll.body {
            PollBody::Block(block) => self.block(block, Room::Fit),
            PollBody::Stage(stage) if links(std::slice::from_ref(stage)).len() > 1 => {
                self.stages(std::slice::from_ref(stage));
            }
            // Its modifiers break with the parts of the poll.
            PollBody::Stage(stage) => self.stage_and_modifiers(stage),
        }
        self.indent(|w| {
            for part in &poll.parts {
                w.line();
                w.poll_part(part);
            }
        });
    }

    fn poll_part(&mut self, part: &PollPart) {
        let (word, value) = match &part.kind {
            PollPartKind::Until(value) => ("until", value),
            PollPartKind::Every(value) => ("every", value),
            PollPartKind::Timeout(value) => ("timeout", value),
            PollPartKind::Max(value) => ("max", value),
            PollPartKind::FailWhen {
                condition,
                error,
                cause,
            } => {
                return self.group(|w| {
                    w.word("fail");
                    w.word("when");
                    w.expr(condition);
                    if let Some(error) = error {
                        w.indent(|w| {
                            w.line();
                            w.failure(error, cause.as_ref());
                        });
                    }
                });
            }
        };
        self.word(word);
        self.expr(value);
    }
}

/// The stages of a chain as arrows join them: the body of `map(…) -> stage` is the next.
fn links(stages: &[Stage]) -> Vec<&Stage> {
    let mut links = Vec::with_capacity(stages.len());
    for stage in stages {
        let mut link = stage;
        links.push(link);
        while let StageKind::Map(map) = &link.kind
            && let MapBody::Stage(body) = &map.body
        {
            link = body;
            links.push(link);
        }
    }
    links
}
