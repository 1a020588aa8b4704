//! The tree as text, without places: what tests read, and what the formatter compares.
//!
//! Two trees that mean the same written differently (`x` and `x: x`) have different dumps.

use std::fmt::Write;

use super::ast::{
    AccessClause, AccessMode, Allow, AnswerKind, Arg, Binding, Block, CallMode, Else, Entry,
    ErrorName, Expectation, Expr, ExprKind, File, ForClause, If, Item, ItemKind, Let, Map, MapBody,
    MapOption, MapOptionKind, Match, Member, MemberKind, MockTarget, Modifier, ModifierKind, Name,
    Parameter, Pattern, Poll, PollBody, PollPart, PollPartKind, Property, Resource, RetryPart,
    RetryPartKind, Setting, Stage, StageKind, Step, StepBody, StringPart, TestMember,
    TestMemberKind, Trigger, Type, TypeKind, UnaryOp,
};
use crate::source::Spanned;

/// One node a line for what stands on lines of its own in a program, expressions in the line of their node.
pub fn dump(file: &File) -> String {
    let mut dump = Dump {
        out: String::from("(file"),
        depth: 1,
    };
    dump.doc(&file.doc);
    for item in &file.items {
        dump.item(item);
    }
    dump.out.push_str(")\n");
    dump.out
}

struct Dump {
    out: String,
    depth: usize,
}

impl Dump {
    /// `(head …)` on a line of its own; `content` writes what is in it.
    fn node(&mut self, head: &str, content: impl FnOnce(&mut Self)) {
        self.out.push('\n');
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
        self.out.push('(');
        self.out.push_str(head);
        self.depth += 1;
        content(self);
        self.depth -= 1;
        self.out.push(')');
    }

    /// ` (head …)` in the line.
    fn inline(&mut self, head: &str, content: impl FnOnce(&mut Self)) {
        self.out.push_str(" (");
        self.out.push_str(head);
        content(self);
        self.out.push(')');
    }

    fn word(&mut self, word: &str) {
        self.out.push(' ');
        self.out.push_str(word);
    }

    fn name(&mut self, name: &Name) {
        self.word(&name.node);
    }

    fn names(&mut self, names: &[Name]) {
        for name in names {
            self.name(name);
        }
    }

    fn quoted(&mut self, text: &str) {
        // Writing to a string does not fail.
        let _ = write!(self.out, " {text:?}");
    }

    fn doc(&mut self, doc: &Option<Spanned<String>>) {
        if let Some(doc) = doc {
            self.node("doc", |d| d.quoted(&doc.node));
        }
    }

    fn item(&mut self, item: &Item) {
        let doc = &item.doc;
        match &item.kind {
            ItemKind::Use(use_item) => self.node("use", |d| {
                d.quoted(&use_item.path.node);
                d.doc(doc);
            }),
            ItemKind::Param(param) => self.node("param", |d| {
                d.name(&param.name);
                d.ty(&param.ty);
                d.default(&param.default);
                d.doc(doc);
            }),
            ItemKind::Let(binding) => self.node("let", |d| {
                d.binding(binding);
                d.doc(doc);
            }),
            ItemKind::Fn(function) => self.node("fn", |d| {
                d.name(&function.name);
                d.parameters(&function.params);
                d.expr(&function.body);
                d.doc(doc);
            }),
            ItemKind::Type(alias) => self.node("type", |d| {
                d.name(&alias.name);
                d.ty(&alias.ty);
                d.doc(doc);
            }),
            ItemKind::Retry(policy) => self.node("policy", |d| {
                d.name(&policy.name);
                d.retry_parts(&policy.parts);
                d.doc(doc);
            }),
            ItemKind::Resource(resource) => self.node("resource", |d| {
                d.resource(resource);
                d.doc(doc);
            }),
            ItemKind::Step(step) => self.node("step", |d| {
                d.name(&step.name);
                d.doc(doc);
                d.step_body(step);
            }),
            ItemKind::Pipeline(pipeline) => self.node("pipeline", |d| {
                d.name(&pipeline.name);
                d.parameters(&pipeline.params);
                d.doc(doc);
                for member in &pipeline.members {
                    d.member(member);
                }
            }),
            ItemKind::Test(test) => self.node("test", |d| {
                d.quoted(&test.title.node);
                d.name(&test.pipeline);
                d.doc(doc);
                for member in &test.members {
                    d.test_member(member);
                }
            }),
            ItemKind::Invalid => self.node("invalid", |d| d.doc(doc)),
        }
    }

    fn default(&mut self, default: &Option<Expr>) {
        if let Some(default) = default {
            self.inline("=", |d| d.expr(default));
        }
    }

    fn binding(&mut self, binding: &Let) {
        self.name(&binding.name);
        self.expr(&binding.value);
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            self.inline("parameter", |d| {
                d.name(&parameter.name);
                d.ty(&parameter.ty);
                d.default(&parameter.default);
            });
        }
    }

    fn resource(&mut self, resource: &Resource) {
        self.name(&resource.kind);
        self.name(&resource.name);
        if let Some(cfn_type) = &resource.cfn_type {
            self.name(cfn_type);
        }
        self.default(&resource.existing);
        if let Some(properties) = &resource.properties {
            self.node("properties", |d| {
                for property in properties {
                    d.property(property);
                }
            });
        }
        if let Some(returns) = &resource.returns {
            self.inline("returns", |d| d.ty(returns));
        }
    }

    fn property(&mut self, property: &Property) {
        match property {
            Property::Value { key, value } => self.node("property", |d| {
                d.quoted(&key.node);
                d.expr(value);
            }),
            Property::Access(access) => self.access(access),
            Property::Catalog(names, _) => self.node("catalog", |d| d.names(names)),
            Property::Logs(_) => self.node("logs", |_| {}),
            Property::Invalid(_) => self.node("invalid", |_| {}),
        }
    }

    fn access(&mut self, access: &AccessClause) {
        let head = match access.mode {
            AccessMode::Reads => "reads",
            AccessMode::Writes => "writes",
        };
        self.node(head, |d| {
            for target in &access.targets {
                match &target.path {
                    Some(path) => d.inline("/", |d| {
                        d.name(&target.resource);
                        d.expr(path);
                    }),
                    None => d.name(&target.resource),
                }
            }
        });
    }

    fn step_body(&mut self, step: &Step) {
        match &step.body {
            StepBody::Stage(stage) => self.stage(stage),
            StepBody::Flow { params, block } => {
                self.inline("parameters", |d| d.parameters(params));
                self.block("block", block);
            }
            StepBody::Invalid => self.word("invalid"),
        }
    }

    fn member(&mut self, member: &Member) {
        let doc = &member.doc;
        match &member.kind {
            MemberKind::Setting(setting) => {
                self.doc(doc);
                self.setting(setting);
            }
            MemberKind::Let(binding) => self.node("let", |d| {
                d.binding(binding);
                d.doc(doc);
            }),
            MemberKind::Step(step) => self.node("step", |d| {
                d.name(&step.name);
                d.doc(doc);
                d.step_body(step);
            }),
            MemberKind::Flow(flow) => self.node("flow", |d| {
                d.doc(doc);
                for stage in &flow.stages {
                    d.stage(stage);
                }
            }),
            MemberKind::Invalid => self.node("invalid", |d| d.doc(doc)),
        }
    }

    fn setting(&mut self, setting: &Setting) {
        match setting {
            Setting::Mode(mode) => self.node("mode", |d| d.name(mode)),
            Setting::Trigger(trigger) => self.trigger(trigger),
            Setting::Timeout(timeout) => self.node("timeout", |d| d.expr(timeout)),
            Setting::Defaults(modifiers) => self.node("defaults", |d| d.modifiers(modifiers)),
            Setting::Log {
                level,
                payload,
                keep,
            } => self.node("log", |d| {
                d.name(level);
                if payload.is_some() {
                    d.word("payload");
                }
                if let Some(keep) = keep {
                    d.inline("keep", |d| d.expr(keep));
                }
            }),
            Setting::Trace => self.node("trace", |_| {}),
            Setting::Encrypt(key) => self.node("encrypt", |d| d.expr(key)),
            Setting::Tags(entries) => self.node("tags", |d| d.entries(entries)),
            Setting::Alarm { conditions, notify } => self.node("alarm", |d| {
                for condition in conditions {
                    match &condition.above {
                        Some(above) => d.inline(">", |d| {
                            d.name(&condition.metric);
                            d.expr(above);
                        }),
                        None => d.name(&condition.metric),
                    }
                }
                if !notify.is_empty() {
                    d.inline("notify", |d| d.names(notify));
                }
            }),
            Setting::Dashboard => self.node("dashboard", |_| {}),
            Setting::Role(role) => self.node("role", |d| d.name(role)),
            Setting::RolePerStep => self.node("role-per-step", |_| {}),
            Setting::Release(release) => self.node("release", |d| {
                d.name(&release.alias);
                if let Some(gradual) = &release.gradual {
                    d.word(if gradual.linear { "linear" } else { "canary" });
                    d.expr(&gradual.percent);
                    d.expr(&gradual.interval);
                }
            }),
            Setting::Allow(allow) => self.allow(allow),
        }
    }

    fn trigger(&mut self, trigger: &Trigger) {
        self.node("on", |d| {
            d.name(&trigger.kind);
            d.args(&trigger.args);
            if let Some(with) = &trigger.with {
                d.inline("with", |d| d.expr(with));
            }
        });
    }

    fn allow(&mut self, allow: &Allow) {
        self.node("allow", |d| {
            d.name(&allow.lint);
            if let Some(reason) = &allow.reason {
                d.quoted(&reason.node);
            }
        });
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Name(name) => self.word(name),
            TypeKind::Literal(text) => self.quoted(text),
            TypeKind::List(element) => self.inline("list", |d| d.ty(element)),
            TypeKind::Object(fields) => self.inline("object", |d| {
                for field in fields {
                    d.inline(if field.optional { "field?" } else { "field" }, |d| {
                        d.quoted(&field.name.node);
                        d.ty(&field.ty);
                    });
                }
            }),
            TypeKind::Optional(inner) => self.inline("?", |d| d.ty(inner)),
            TypeKind::Union(types) => self.inline("|", |d| {
                for ty in types {
                    d.ty(ty);
                }
            }),
            TypeKind::Invalid => self.word("invalid"),
        }
    }

    fn block(&mut self, head: &str, block: &Block) {
        self.node(head, |d| {
            for stage in &block.stages {
                d.stage(stage);
            }
        });
    }

    fn stage(&mut self, stage: &Stage) {
        self.node("stage", |d| {
            match &stage.binding {
                Some(Binding::Name(name)) => d.inline("bind", |d| d.name(name)),
                Some(Binding::Fields(names, _)) => d.inline("bind-fields", |d| d.names(names)),
                None => {}
            }
            d.stage_kind(&stage.kind);
            d.modifiers(&stage.modifiers);
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
                self.inline("use", |d| {
                    d.name(name);
                    if let Some(args) = args {
                        d.args(args);
                    }
                });
                if let Some(block) = block {
                    self.block("block", block);
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
                self.inline("call", |d| {
                    d.name(service);
                    d.name(operation);
                    d.args(args);
                });
            }
            StageKind::Pass(value) => self.with_value("pass", value),
            StageKind::Let(binding) => self.inline("let", |d| d.binding(binding)),
            StageKind::Set { name, value } => self.inline("set", |d| {
                d.name(name);
                d.expr(value);
            }),
            StageKind::Map(map) => self.map(map),
            StageKind::Parallel { collect, branches } => {
                self.word(if collect.is_some() {
                    "parallel-collect"
                } else {
                    "parallel"
                });
                for branch in branches {
                    self.block(&branch.name.node, &branch.block);
                }
            }
            StageKind::If(if_stage) => self.if_stage(if_stage),
            StageKind::Match(match_stage) => self.match_stage(match_stage),
            StageKind::Try(block) => self.block("try", block),
            StageKind::Poll(poll) => self.poll(poll),
            StageKind::While { condition, block } => {
                self.inline("while", |d| d.expr(condition));
                self.block("do", block);
            }
            StageKind::Loop(block) => self.block("loop", block),
            StageKind::Wait(duration) => self.inline("wait", |d| d.expr(duration)),
            StageKind::WaitUntil(moment) => self.inline("wait-until", |d| d.expr(moment)),
            StageKind::Fail { error, cause } => self.inline("fail", |d| d.failure(error, cause)),
            StageKind::Return(value) => self.with_value("return", value),
            StageKind::Break => self.word("break"),
            StageKind::Continue => self.word("continue"),
            StageKind::Invalid => self.word("invalid"),
        }
    }

    fn mode(&mut self, mode: CallMode) {
        match mode {
            CallMode::Complete => {}
            CallMode::Start => self.word("start"),
            CallMode::Await => self.word("await"),
        }
    }

    fn with_value(&mut self, head: &str, value: &Option<Expr>) {
        self.inline(head, |d| {
            if let Some(value) = value {
                d.expr(value);
            }
        });
    }

    fn failure(&mut self, error: &Option<ErrorName>, cause: &Option<Expr>) {
        if let Some(error) = error {
            self.error_name(error);
        }
        if let Some(cause) = cause {
            self.expr(cause);
        }
    }

    fn map(&mut self, map: &Map) {
        self.inline("map", |d| {
            if let Some(item) = &map.item {
                d.inline("item", |d| {
                    d.name(item);
                    if let Some(ty) = &map.item_type {
                        d.ty(ty);
                    }
                });
            }
            d.expr(&map.items);
            if let Some(concurrency) = &map.concurrency {
                d.inline("at-most", |d| d.expr(concurrency));
            }
            for option in &map.options {
                d.map_option(option);
            }
        });
        match &map.body {
            MapBody::Block(block) => self.block("each", block),
            MapBody::Stage(stage) => self.node("each-stage", |d| d.stage(stage)),
            MapBody::Invalid => self.word("invalid"),
        }
    }

    fn map_option(&mut self, option: &MapOption) {
        match &option.kind {
            MapOptionKind::Distributed => self.word("distributed"),
            MapOptionKind::Express => self.word("express"),
            MapOptionKind::Standard => self.word("standard"),
            MapOptionKind::Collect => self.word("collect"),
            MapOptionKind::Batch(size) => self.inline("batch", |d| d.expr(size)),
            MapOptionKind::Tolerate { value, percent } => {
                let head = if *percent {
                    "tolerate-percent"
                } else {
                    "tolerate"
                };
                self.inline(head, |d| d.expr(value));
            }
            MapOptionKind::Results { target, args } => self.inline("results", |d| {
                d.name(target);
                d.args(args);
            }),
            MapOptionKind::Label(text) => self.inline("label", |d| d.quoted(&text.node)),
        }
    }

    fn if_stage(&mut self, if_stage: &If) {
        self.inline("if", |d| d.expr(&if_stage.condition));
        self.block("then", &if_stage.then);
        match &if_stage.otherwise {
            Some(Else::If(other)) => self.node("else", |d| d.if_stage(other)),
            Some(Else::Block(block)) => self.block("else", block),
            None => {}
        }
    }

    fn match_stage(&mut self, match_stage: &Match) {
        self.inline("match", |d| d.expr(&match_stage.subject));
        for arm in &match_stage.arms {
            self.node("arm", |d| {
                for pattern in &arm.patterns {
                    d.pattern(pattern);
                }
                d.block("block", &arm.block);
            });
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        self.inline(pattern.op.node.word(), |d| d.expr(&pattern.value));
    }

    fn poll(&mut self, poll: &Poll) {
        self.word("poll");
        match &poll.body {
            PollBody::Stage(stage) => self.stage(stage),
            PollBody::Block(block) => self.block("block", block),
        }
        for part in &poll.parts {
            self.poll_part(part);
        }
    }

    fn poll_part(&mut self, part: &PollPart) {
        let (head, value) = match &part.kind {
            PollPartKind::Until(value) => ("until", value),
            PollPartKind::Every(value) => ("every", value),
            PollPartKind::Timeout(value) => ("part-timeout", value),
            PollPartKind::Max(value) => ("max", value),
            PollPartKind::FailWhen {
                condition,
                error,
                cause,
            } => {
                return self.node("fail-when", |d| {
                    d.expr(condition);
                    d.failure(error, cause);
                });
            }
        };
        self.node(head, |d| d.expr(value));
    }

    fn error_name(&mut self, error: &ErrorName) {
        if error.quoted {
            self.quoted(&error.name);
        } else {
            self.word(&error.name);
        }
    }

    fn modifiers(&mut self, modifiers: &[Modifier]) {
        for modifier in modifiers {
            self.modifier(&modifier.kind);
        }
    }

    fn modifier(&mut self, modifier: &ModifierKind) {
        match modifier {
            ModifierKind::Retry { policy, parts } => self.node("retry", |d| {
                if let Some(policy) = policy {
                    d.name(policy);
                }
                d.retry_parts(parts);
            }),
            ModifierKind::RetryNone => self.node("retry-none", |_| {}),
            ModifierKind::Catch { errors, block } => self.node("catch", |d| {
                for error in errors {
                    d.error_name(error);
                }
                d.block("block", block);
            }),
            ModifierKind::Finally(block) => self.block("finally", block),
            ModifierKind::Timeout(value) => self.node("timeout", |d| d.expr(value)),
            ModifierKind::Heartbeat(value) => self.node("heartbeat", |d| d.expr(value)),
            ModifierKind::Credentials(value) => self.node("credentials", |d| d.expr(value)),
            ModifierKind::Named(text) => self.node("named", |d| d.quoted(&text.node)),
            ModifierKind::Within(value) => self.node("within", |d| d.expr(value)),
            ModifierKind::Access(access) => self.access(access),
            ModifierKind::Returns(ty) => self.node("returns", |d| d.ty(ty)),
            ModifierKind::Allow(allow) => self.allow(allow),
        }
    }

    fn retry_parts(&mut self, parts: &[RetryPart]) {
        for part in parts {
            match &part.kind {
                RetryPartKind::On(errors) => self.inline("on", |d| {
                    for error in errors {
                        d.error_name(error);
                    }
                }),
                RetryPartKind::Max(value) => self.inline("max", |d| d.expr(value)),
                RetryPartKind::Every(value) => self.inline("every", |d| d.expr(value)),
                RetryPartKind::Backoff(value) => self.inline("backoff", |d| d.expr(value)),
                RetryPartKind::MaxDelay(value) => self.inline("max-delay", |d| d.expr(value)),
                RetryPartKind::Jitter => self.word("jitter"),
            }
        }
    }

    fn args(&mut self, args: &[Arg]) {
        self.inline("args", |d| {
            for arg in args {
                match &arg.name {
                    Some(name) => d.inline(":", |d| {
                        d.quoted(&name.node);
                        d.arg_value(arg);
                    }),
                    None => d.arg_value(arg),
                }
            }
        });
    }

    fn arg_value(&mut self, arg: &Arg) {
        match &arg.for_name {
            Some(name) => self.inline("for", |d| {
                d.name(name);
                d.expr(&arg.value);
            }),
            None => self.expr(&arg.value),
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Null => self.word("null"),
            ExprKind::Bool(value) => self.word(if *value { "true" } else { "false" }),
            ExprKind::Number(text) => self.word(text),
            ExprKind::Duration(seconds) => self.word(&format!("{seconds}s")),
            ExprKind::Size(bytes) => self.word(&format!("{bytes}B")),
            ExprKind::String(parts) => self.string(parts),
            ExprKind::Regex(pattern) => self.inline("re", |d| d.quoted(pattern)),
            ExprKind::Jsonata(text) => self.inline("jsonata", |d| d.quoted(text)),
            ExprKind::Name(name) => self.word(name),
            ExprKind::Member { base, name } => self.inline(".", |d| {
                d.expr(base);
                d.name(name);
            }),
            ExprKind::Index { base, index } => self.inline("at", |d| {
                d.expr(base);
                d.expr(index);
            }),
            ExprKind::Slice { base, from, to } => self.inline("slice", |d| {
                d.expr(base);
                for end in [from, to] {
                    match end {
                        Some(end) => d.expr(end),
                        None => d.word("_"),
                    }
                }
            }),
            ExprKind::Call { name, args } => self.inline("apply", |d| {
                d.name(name);
                d.args(args);
            }),
            ExprKind::Unary { op, operand } => {
                let head = match op.node {
                    UnaryOp::Not => "not",
                    UnaryOp::Negate => "negate",
                };
                self.inline(head, |d| d.expr(operand));
            }
            ExprKind::Binary { op, left, right } => self.inline(op.node.word(), |d| {
                d.expr(left);
                d.expr(right);
            }),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => self.inline("if", |d| {
                d.expr(condition);
                d.expr(then);
                d.expr(otherwise);
            }),
            ExprKind::List(elements) => self.inline("list", |d| {
                for element in elements {
                    if element.spread {
                        d.inline("...", |d| d.expr(&element.value));
                    } else {
                        d.expr(&element.value);
                    }
                }
            }),
            ExprKind::Object(entries) => self.inline("object", |d| d.entries(entries)),
            ExprKind::ListComprehension { value, clause } => self.inline("list-for", |d| {
                d.expr(value);
                d.for_clause(clause);
            }),
            ExprKind::ObjectComprehension { key, value, clause } => {
                self.inline("object-for", |d| {
                    d.expr(key);
                    d.expr(value);
                    d.for_clause(clause);
                });
            }
            ExprKind::Paren(inner) => self.inline("paren", |d| d.expr(inner)),
            ExprKind::Invalid => self.word("invalid"),
        }
    }

    fn string(&mut self, parts: &[StringPart]) {
        match parts {
            [] => self.quoted(""),
            [StringPart::Text(text)] => self.quoted(text),
            parts => self.inline("string", |d| {
                for part in parts {
                    match part {
                        StringPart::Text(text) => d.quoted(text),
                        StringPart::Expr(expr) => d.expr(expr),
                    }
                }
            }),
        }
    }

    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Pair { key, value } => self.inline(":", |d| {
                    d.quoted(&key.node);
                    d.expr(value);
                }),
                Entry::Computed { key, value } => self.inline("computed", |d| {
                    d.expr(key);
                    d.expr(value);
                }),
                Entry::Short(name) => self.name(name),
                Entry::Spread(value) => self.inline("...", |d| d.expr(value)),
            }
        }
    }

    fn for_clause(&mut self, clause: &ForClause) {
        self.inline("for", |d| {
            d.name(&clause.name);
            d.expr(&clause.source);
            if let Some(condition) = &clause.condition {
                d.expr(condition);
            }
        });
    }

    fn target(&mut self, target: &MockTarget) {
        if target.quoted {
            for part in &target.parts {
                self.quoted(&part.node);
            }
        } else {
            self.inline("target", |d| d.names(&target.parts));
        }
    }

    fn test_member(&mut self, member: &TestMember) {
        match &member.kind {
            TestMemberKind::Given(value) => self.node("given", |d| d.expr(value)),
            TestMemberKind::Mock {
                target,
                when,
                answers,
            } => self.node("mock", |d| {
                d.target(target);
                if let Some(when) = when {
                    d.inline("when", |d| d.expr(when));
                }
                for answer in answers {
                    match &answer.kind {
                        AnswerKind::Returns(value) => d.inline("returns", |d| d.expr(value)),
                        AnswerKind::Fails { error, cause } => d.inline("fails", |d| {
                            d.error_name(error);
                            if let Some(cause) = cause {
                                d.expr(cause);
                            }
                        }),
                        AnswerKind::Never => d.word("never"),
                    }
                    if let Some(after) = &answer.after {
                        d.inline("after", |d| d.expr(after));
                    }
                }
            }),
            TestMemberKind::Expect(expectation) => {
                self.node("expect", |d| d.expectation(expectation));
            }
            TestMemberKind::EachStepFails { but, expected } => self.node("each-step-fails", |d| {
                for target in but {
                    d.inline("but", |d| d.target(target));
                }
                for member in expected {
                    d.test_member(member);
                }
            }),
            TestMemberKind::Invalid => self.node("invalid", |_| {}),
        }
    }

    fn expectation(&mut self, expectation: &Expectation) {
        match expectation {
            Expectation::Succeeded(value) => self.with_value("succeeded", value),
            Expectation::Failed { error, cause } => {
                self.inline("failed", |d| d.failure(error, cause));
            }
            Expectation::TimedOut => self.word("timed-out"),
            Expectation::Holds(condition) => self.inline("holds", |d| d.expr(condition)),
            Expectation::Called {
                target,
                times,
                with,
            } => self.inline("called", |d| {
                d.target(target);
                d.expr(times);
                if let Some(with) = with {
                    d.inline("with", |d| d.expr(with));
                }
            }),
            Expectation::Before { first, second } => self.inline("before", |d| {
                d.target(first);
                d.target(second);
            }),
        }
    }
}
