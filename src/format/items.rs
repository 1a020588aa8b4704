//! Items, members of pipelines and tests.

use super::expr::Padding;
use super::flow::Room;
use super::writer::Writer;
use crate::syntax::ast::{
    Answer, AnswerKind, Expectation, Expr, File, Item, ItemKind, Member, MemberKind, MockTarget,
    Parameter, Pipeline, Property, Resource, Setting, Step, StepBody, Test, TestMember,
    TestMemberKind,
};

impl Writer<'_> {
    pub(super) fn file(&mut self, file: &File) {
        for (index, item) in file.items.iter().enumerate() {
            if index > 0 {
                let before = &file.items[index - 1];
                self.hard_line_between(has_body(before) || has_body(item));
            }
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Use(used) => {
                self.word("use");
                self.leaf(used.path.span);
            }
            ItemKind::Param(param) => {
                self.word("param");
                self.leaf(param.name.span);
                self.word(":");
                self.ty(&param.ty);
                self.default(param.default.as_ref());
            }
            ItemKind::Let(binding) => self.binding(binding),
            ItemKind::Fn(function) => {
                self.word("fn");
                self.leaf(function.name.span);
                self.parameters(&function.params);
                self.default(Some(&function.body));
            }
            ItemKind::Type(alias) => {
                self.word("type");
                self.leaf(alias.name.span);
                self.space();
                self.word("=");
                self.ty(&alias.ty);
            }
            ItemKind::Retry(policy) => {
                self.word("retry");
                self.leaf(policy.name.span);
                self.space();
                self.token("=");
                self.group(|w| {
                    w.indent(|w| w.retry_parts(&policy.parts));
                });
            }
            ItemKind::Resource(resource) => self.resource(resource),
            ItemKind::Step(step) => self.step(step),
            ItemKind::Pipeline(pipeline) => self.pipeline(pipeline),
            ItemKind::Test(test) => self.test(test),
            ItemKind::Invalid => self.misread(),
        }
    }

    /// ` = value`
    fn default(&mut self, value: Option<&Expr>) {
        if let Some(value) = value {
            self.space();
            self.word("=");
            self.expr(value);
        }
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        self.list("(", parameters, ")", Padding::None, |w, parameter| {
            w.leaf(parameter.name.span);
            w.word(":");
            w.ty(&parameter.ty);
            w.default(parameter.default.as_ref());
        });
    }

    fn resource(&mut self, resource: &Resource) {
        self.leaf(resource.kind.span);
        self.space();
        self.leaf(resource.name.span);
        if let Some(cfn_type) = &resource.cfn_type {
            self.word(":");
            self.leaf(cfn_type.span);
        }
        self.default(resource.existing.as_ref());
        if let Some(properties) = &resource.properties {
            self.space_unless_commented();
            self.properties(properties);
        }
        if let Some(returns) = &resource.returns {
            self.space();
            self.word("returns");
            self.ty(returns);
        }
    }

    /// What a resource touches stands on lines of its own, without commas: a comma would go on with its list.
    fn properties(&mut self, properties: &[Property]) {
        let is_value = |property: &Property| matches!(property, Property::Value { .. });
        if properties.is_empty() {
            return self.list("{", properties, "}", Padding::Blanks, |_, _| {});
        }
        let has_clauses = !properties.iter().all(is_value);
        self.group(|w| {
            w.token("{");
            w.indent(|w| {
                for (index, property) in properties.iter().enumerate() {
                    match index
                        .checked_sub(1)
                        .and_then(|before| properties.get(before))
                    {
                        Some(before) if is_value(before) => {
                            w.optional_comma();
                            w.line_between();
                        }
                        Some(_) => {
                            w.drop_comma();
                            w.line_between();
                        }
                        None if has_clauses => w.hard_line(),
                        None => w.line(),
                    }
                    w.property(property);
                }
                if properties.last().is_some_and(is_value) {
                    w.last_comma();
                } else {
                    w.drop_comma();
                }
                w.closing_comments(false);
            });
            w.line();
            w.token("}");
        });
    }

    fn property(&mut self, property: &Property) {
        match property {
            Property::Value { key, value } => self.pair(key.span, value),
            Property::Access(access) => self.access(access),
            Property::Catalog(names, _) => {
                self.word("catalog");
                self.group(|w| w.names(names, |w, name| w.leaf(name.span)));
            }
            Property::Logs(span) => self.leaf(*span),
            Property::Invalid(_) => self.misread(),
        }
    }

    fn step(&mut self, step: &Step) {
        self.word("step");
        self.leaf(step.name.span);
        match &step.body {
            StepBody::Stage(stage) => {
                self.space();
                self.word("=");
                self.stages(std::slice::from_ref(stage));
            }
            StepBody::Flow { params, block } => {
                self.parameters(params);
                self.space_unless_commented();
                self.block(block, Room::Open);
            }
            StepBody::Invalid => self.misread(),
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        self.word("pipeline");
        self.leaf(pipeline.name.span);
        self.parameters(&pipeline.params);
        self.space_unless_commented();
        self.body(&pipeline.members, starts_part, Self::member);
    }

    /// Members between braces, each on a line of its own; an empty line before those that start a part.
    fn body<T>(
        &mut self,
        members: &[T],
        starts_part: impl Fn(&T, &T) -> bool,
        member: impl Fn(&mut Self, &T),
    ) {
        self.token("{");
        if !members.is_empty() || self.is_commented() {
            self.indent(|w| {
                for (index, each) in members.iter().enumerate() {
                    match index.checked_sub(1).and_then(|before| members.get(before)) {
                        Some(before) => w.hard_line_between(starts_part(before, each)),
                        None => w.hard_line(),
                    }
                    member(w, each);
                }
                w.closing_comments(members.is_empty());
            });
            self.hard_line();
        }
        self.token("}");
    }

    fn member(&mut self, member: &Member) {
        match &member.kind {
            MemberKind::Setting(setting) => self.setting(setting),
            MemberKind::Let(binding) => self.binding(binding),
            MemberKind::Step(step) => self.step(step),
            MemberKind::Flow(flow) => self.flow(flow),
            MemberKind::Invalid => self.misread(),
        }
    }

    fn setting(&mut self, setting: &Setting) {
        match setting {
            Setting::Mode(mode) => {
                self.word("mode");
                self.leaf(mode.span);
            }
            Setting::Trigger(trigger) => self.group(|w| {
                w.word("on");
                w.leaf(trigger.kind.span);
                w.arguments(&trigger.args);
                if let Some(with) = &trigger.with {
                    w.indent(|w| {
                        w.line();
                        w.with_value("with", Some(with));
                    });
                }
            }),
            Setting::Timeout(value) => self.with_value("timeout", Some(value)),
            Setting::Defaults(modifiers) => {
                self.word("defaults");
                if modifiers.is_empty() {
                    return self.list("{", modifiers, "}", Padding::Blanks, |_, _| {});
                }
                self.enclosed("{", "}", Padding::Blanks, |w| {
                    for (index, modifier) in modifiers.iter().enumerate() {
                        if index > 0 {
                            w.line_between();
                        }
                        w.modifier(modifier);
                    }
                });
            }
            Setting::Log {
                level,
                payload,
                keep,
            } => {
                self.word("log");
                self.leaf(level.span);
                let keep_first = match (payload, keep) {
                    (Some(payload), Some(keep)) => keep.span.start < payload.start,
                    _ => false,
                };
                let payload = |w: &mut Self| {
                    if let Some(payload) = payload {
                        w.comma();
                        w.space();
                        w.leaf(*payload);
                    }
                };
                if !keep_first {
                    payload(self);
                }
                if let Some(keep) = keep {
                    self.comma();
                    self.space();
                    self.with_value("keep", Some(keep));
                }
                if keep_first {
                    payload(self);
                }
            }
            Setting::Trace => self.token("trace"),
            Setting::Encrypt(key) => self.with_value("encrypt", Some(key)),
            Setting::Tags(entries) => {
                self.word("tags");
                self.entries(entries);
            }
            Setting::Alarm { conditions, notify } => self.group(|w| {
                w.word("alarm");
                w.group(|w| {
                    w.names(conditions, |w, condition| {
                        w.leaf(condition.metric.span);
                        if let Some(above) = &condition.above {
                            w.space();
                            w.word(">");
                            w.expr(above);
                        }
                    });
                });
                if !notify.is_empty() {
                    w.indent(|w| {
                        w.line();
                        w.word("notify");
                        w.group(|w| w.names(notify, |w, name| w.leaf(name.span)));
                    });
                }
            }),
            Setting::Dashboard => self.token("dashboard"),
            Setting::Release(release) => {
                self.word("release");
                self.leaf(release.alias.span);
                if let Some(gradual) = &release.gradual {
                    self.space();
                    self.word(if gradual.linear { "linear" } else { "canary" });
                    self.expr(&gradual.percent);
                    self.token("%");
                    self.space();
                    self.word(if gradual.linear { "every" } else { "for" });
                    self.expr(&gradual.interval);
                }
            }
            Setting::Role(role) => {
                self.word("role");
                self.leaf(role.span);
            }
            Setting::RolePerStep => {
                self.word("role");
                self.token("per_step");
            }
            Setting::Allow(allow) => self.allow(allow),
        }
    }

    fn test(&mut self, test: &Test) {
        self.word("test");
        self.leaf(test.title.span);
        self.space();
        self.word("of");
        self.leaf(test.pipeline.span);
        self.space_unless_commented();
        self.body(&test.members, |_, _| false, Self::test_member);
    }

    fn test_member(&mut self, member: &TestMember) {
        match &member.kind {
            TestMemberKind::Given(value) => self.with_value("given", Some(value)),
            TestMemberKind::Mock {
                target,
                when,
                answers,
            } => {
                self.word("mock");
                self.mock_target(target);
                if when.is_none()
                    && let [answer] = answers.as_slice()
                {
                    self.space();
                    return self.answer(answer);
                }
                self.group(|w| {
                    w.indent(|w| {
                        if let Some(when) = when {
                            w.line();
                            w.with_value("when", Some(when));
                        }
                        for (index, answer) in answers.iter().enumerate() {
                            if index > 0 {
                                w.comma();
                            }
                            w.line();
                            w.answer(answer);
                        }
                    });
                });
            }
            TestMemberKind::Expect(expectation) => {
                self.word("expect");
                self.expectation(expectation);
            }
            TestMemberKind::EachStepFails { but, expected } => {
                self.word("each");
                self.word("step");
                for (index, target) in but.iter().enumerate() {
                    if index == 0 {
                        self.word("but");
                    } else {
                        self.comma();
                        self.space();
                    }
                    self.mock_target(target);
                }
                if !but.is_empty() {
                    self.space();
                }
                self.token("fails");
                self.space_unless_commented();
                self.body(expected, |_, _| false, Self::test_member);
            }
            TestMemberKind::Invalid => self.misread(),
        }
    }

    fn mock_target(&mut self, target: &MockTarget) {
        for (index, part) in target.parts.iter().enumerate() {
            if index > 0 {
                self.token(".");
            }
            self.leaf(part.span);
        }
    }

    fn answer(&mut self, answer: &Answer) {
        match &answer.kind {
            // `returns` may be left out, of later answers too.
            AnswerKind::Returns(value) => {
                if self.next_token() < value.span.start as usize {
                    self.word("returns");
                }
                self.expr(value);
            }
            AnswerKind::Fails { error, cause } => {
                self.word("fails");
                self.failure(error, cause.as_ref());
            }
            AnswerKind::Never => self.token("never"),
        }
        if let Some(after) = &answer.after {
            self.space();
            self.with_value("after", Some(after));
        }
    }

    fn expectation(&mut self, expectation: &Expectation) {
        match expectation {
            Expectation::Succeeded(value) => {
                self.token("succeeded");
                if let Some(value) = value {
                    self.space();
                    self.with_value("with", Some(value));
                }
            }
            Expectation::Failed { error, cause } => {
                self.token("failed");
                if let Some(error) = error {
                    self.space();
                    self.failure(error, cause.as_ref());
                }
            }
            Expectation::TimedOut => self.token("timed_out"),
            Expectation::Holds(condition) => self.expr(condition),
            Expectation::Called {
                target,
                times,
                with,
            } => {
                self.mock_target(target);
                self.space();
                self.with_value("called", Some(times));
                if let Some(with) = with {
                    self.space();
                    self.with_value("with", Some(with));
                }
            }
            Expectation::Before { first, second } => {
                self.mock_target(first);
                self.space();
                self.word("before");
                self.mock_target(second);
            }
        }
    }
}

/// Whether an item is a block of its own, with empty lines around it.
fn has_body(item: &Item) -> bool {
    match &item.kind {
        ItemKind::Pipeline(_) | ItemKind::Test(_) => true,
        ItemKind::Step(step) => matches!(step.body, StepBody::Flow { .. }),
        _ => false,
    }
}

/// The settings, what is defined, and the flow are the parts of a pipeline.
fn starts_part(before: &Member, member: &Member) -> bool {
    let is_setting = |member: &Member| matches!(member.kind, MemberKind::Setting(_));
    is_setting(before) && !is_setting(member) || matches!(member.kind, MemberKind::Flow(_))
}
