//! Items, members of pipelines, types and tests.

use pest::iterators::Pair;

use super::{Builder, Children};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, find_nearest};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{
    AlarmCondition, Answer, AnswerKind, Block, Entry, Expectation, Expr, ExprKind, Field, Fn,
    Gradual, Item, ItemKind, Let, Member, MemberKind, MockTarget, ModifierKind, Name, Param,
    Parameter, Pipeline, Property, Release, Resource, RetryPolicy, Setting, StageKind, Step,
    StepBody, StringPart, Test, TestMember, TestMemberKind, Text, Trigger, Type, TypeAlias,
    TypeKind, Use,
};
use crate::syntax::draft::LEFT_OUT;
use crate::syntax::foreign_words::{self, Place};
use crate::syntax::grammar::Rule;

impl Builder<'_> {
    pub(in crate::syntax) fn one_item(&mut self, pair: Pair<'_, Rule>) -> Item {
        self.item(Children::of(pair).any())
    }

    pub(in crate::syntax) fn one_member(&mut self, pair: Pair<'_, Rule>) -> Member {
        self.member(Children::of(pair).any())
    }

    pub(in crate::syntax) fn one_test_member(&mut self, pair: Pair<'_, Rule>) -> TestMember {
        self.test_member(Children::of(pair).any())
    }

    /// A pipeline up to its opening brace.
    pub(in crate::syntax) fn pipeline_head(
        &mut self,
        pair: Pair<'_, Rule>,
    ) -> (Name, Vec<Parameter>) {
        let mut children = Children::of(pair);
        children.need(Rule::kw_pipeline);
        let name = children.need(Rule::name);
        let params = children.need(Rule::parameters);
        (self.name(&name), self.parameters(params))
    }

    /// A test up to its opening brace: its title and its pipeline.
    pub(in crate::syntax) fn test_head(&mut self, pair: Pair<'_, Rule>) -> (Text, Name) {
        let mut children = Children::of(pair);
        children.need(Rule::kw_test);
        let title = children.need(Rule::text);
        children.need(Rule::kw_of);
        let pipeline = children.need(Rule::name);
        (self.text(title), self.name(&pipeline))
    }

    pub(super) fn item(&mut self, pair: Pair<'_, Rule>) -> Item {
        let span = self.span(&pair);
        let doc = self.doc_before(span.start);
        let kind = match pair.as_rule() {
            Rule::use_item => {
                let path = Children::of(pair).rest(Rule::text).pop();
                match path {
                    Some(path) => ItemKind::Use(Use {
                        path: self.text(path),
                    }),
                    None => ItemKind::Invalid,
                }
            }
            Rule::param_item => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_param);
                let name = children.need(Rule::name);
                children.need(Rule::colon);
                let ty = children.need(Rule::type_expr);
                ItemKind::Param(Param {
                    name: self.name(&name),
                    ty: self.type_expr(ty),
                    default: children.rest(Rule::expr).pop().map(|e| self.expr(e)),
                })
            }
            Rule::let_item => ItemKind::Let(self.let_item(pair)),
            Rule::fn_item => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_fn);
                let name = children.need(Rule::name);
                let params = children.need(Rule::parameters);
                children.need(Rule::equals);
                let body = children.need(Rule::expr);
                ItemKind::Fn(Fn {
                    name: self.name(&name),
                    params: self.parameters(params),
                    body: self.expr(body),
                })
            }
            Rule::type_item => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_type);
                let name = children.need(Rule::name);
                children.need(Rule::equals);
                let ty = children.need(Rule::type_expr);
                ItemKind::Type(TypeAlias {
                    name: self.name(&name),
                    ty: self.type_expr(ty),
                })
            }
            Rule::retry_item => {
                let mut children = Children::of(pair);
                children.need(Rule::kw_retry);
                let name = children.need(Rule::name);
                children.need(Rule::equals);
                let name = self.name(&name);
                let mut parts = Vec::new();
                while let Some(part) = children.next() {
                    parts.push(self.retry_part(part));
                }
                ItemKind::Retry(RetryPolicy { name, parts })
            }
            Rule::step_item => ItemKind::Step(self.step(pair)),
            Rule::pipeline_item => ItemKind::Pipeline(self.pipeline(pair)),
            Rule::test_item => ItemKind::Test(self.test(pair)),
            _ => {
                let resource = self.resource(pair);
                if self.is_keyword(&resource.kind) {
                    ItemKind::Invalid
                } else {
                    ItemKind::Resource(resource)
                }
            }
        };
        Item { doc, kind, span }
    }

    pub(super) fn let_item(&mut self, pair: Pair<'_, Rule>) -> Let {
        let mut children = Children::of(pair);
        children.need(Rule::kw_let);
        let name = children.need(Rule::name);
        children.need(Rule::equals);
        let value = children.need(Rule::expr);
        Let {
            name: self.name(&name),
            value: self.expr(value),
        }
    }

    fn parameters(&mut self, pair: Pair<'_, Rule>) -> Vec<Parameter> {
        Children::of(pair)
            .rest(Rule::parameter)
            .into_iter()
            .map(|parameter| {
                let span = self.span(&parameter);
                let mut children = Children::of(parameter);
                let name = children.need(Rule::name);
                children.need(Rule::colon);
                let ty = children.need(Rule::type_expr);
                Parameter {
                    name: self.name(&name),
                    ty: self.type_expr(ty),
                    default: children.rest(Rule::expr).pop().map(|e| self.expr(e)),
                    span,
                }
            })
            .collect()
    }

    fn resource(&mut self, pair: Pair<'_, Rule>) -> Resource {
        let mut children = Children::of(pair);
        let kind = children.any();
        let kind = self.name(&kind);
        let name = children.need(Rule::name);
        let mut resource = Resource {
            kind,
            name: self.name(&name),
            cfn_type: None,
            existing: None,
            properties: None,
            returns: None,
        };
        while let Some(child) = children.next() {
            match child.as_rule() {
                Rule::cfn_type => resource.cfn_type = Some(self.name(&child)),
                Rule::expr => resource.existing = Some(self.expr(child)),
                Rule::properties => resource.properties = Some(self.properties(child)),
                Rule::returns => {
                    resource.returns = Children::of(child)
                        .rest(Rule::type_expr)
                        .pop()
                        .map(|ty| self.type_expr(ty));
                }
                _ => {}
            }
        }
        resource
    }

    fn properties(&mut self, pair: Pair<'_, Rule>) -> Vec<Property> {
        let mut properties = Vec::new();
        let mut children = Children::of(pair);
        while let Some(child) = children.next() {
            let span = self.span(&child);
            match child.as_rule() {
                Rule::access => properties.push(Property::Access(self.access(child))),
                Rule::catalog_access => {
                    let names = Children::of(child)
                        .rest(Rule::name)
                        .iter()
                        .map(|name| self.name(name))
                        .collect();
                    properties.push(Property::Catalog(names, span));
                }
                Rule::logs_access => properties.push(Property::Logs(span)),
                Rule::property_pair => {
                    let mut inner = Children::of(child);
                    let key = inner.any();
                    let key_span = self.span(&key);
                    let key = if key.as_rule() == Rule::string {
                        self.plain_string(key)
                    } else {
                        key.as_str().to_owned()
                    };
                    let value = inner.rest(Rule::expr).pop();
                    properties.push(match value.filter(|_| key != LEFT_OUT) {
                        Some(value) => Property::Value {
                            key: Spanned::new(key, key_span),
                            value: self.expr(value),
                        },
                        None => Property::Invalid(span),
                    });
                }
                _ => {}
            }
        }
        properties
    }

    /// A string's text; expressions in it are reported.
    fn plain_string(&mut self, pair: Pair<'_, Rule>) -> String {
        let mut plain = String::new();
        for part in self.string_parts(pair) {
            match part {
                StringPart::Text(text) => plain.push_str(&text),
                StringPart::Expr(expr) => self.report(
                    Diagnostic::new(Code::Syntax, expr.span, "this string must be plain text")
                        .help("write `{{` for a brace"),
                ),
            }
        }
        plain
    }

    fn step(&mut self, pair: Pair<'_, Rule>) -> Step {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        children.need(Rule::kw_step);
        let name = children.need(Rule::name);
        let name = self.name(&name);
        let body = match children.take(Rule::parameters) {
            Some(params) => {
                let params = self.parameters(params);
                let block = children.take(Rule::block);
                StepBody::Flow {
                    params,
                    block: block.map_or_else(
                        || Block {
                            stages: Vec::new(),
                            span,
                        },
                        |block| self.block(block),
                    ),
                }
            }
            None => match children.rest(Rule::stage).pop() {
                Some(stage) => StepBody::Stage(Box::new(self.stage(stage))),
                None => StepBody::Invalid,
            },
        };
        Step { name, body }
    }

    fn pipeline(&mut self, pair: Pair<'_, Rule>) -> Pipeline {
        let mut end = self.span(&pair).after();
        let mut children = Children::of(pair);
        children.need(Rule::kw_pipeline);
        let name = children.need(Rule::name);
        let params = children.need(Rule::parameters);
        let name = self.name(&name);
        let params = self.parameters(params);
        let mut members: Vec<Member> = Vec::new();
        children.need(Rule::open_brace);
        while let Some(child) = children.next() {
            if child.as_rule() == Rule::close_brace {
                end = self.span(&child);
            } else {
                let member = self.member(child);
                members.push(member);
            }
        }
        self.pipeline_of(name, params, members, end)
    }

    pub(in crate::syntax) fn pipeline_of(
        &mut self,
        name: Name,
        params: Vec<Parameter>,
        mut members: Vec<Member>,
        end: Span,
    ) -> Pipeline {
        self.check_order(&mut members);
        Pipeline {
            name,
            params,
            members,
            end,
        }
    }

    /// A kind that is a misspelt keyword, or another language's: the grammar takes `stpe a = x` for a resource.
    fn is_keyword(&mut self, kind: &Name) -> bool {
        const WORDS: &[&str] = &[
            "use", "param", "let", "fn", "type", "retry", "step", "pipeline", "test", "resource",
            "flow",
        ];
        if self.kinds.contains(&kind.node) {
            return false;
        }
        let diagnostic = match foreign_words::find(&kind.node, Place::Item) {
            // `function` is a kind, too.
            Some(word) if word.word != "function" => word.describe(kind.span).replace(
                kind.span,
                word.own,
                format!("write `{}`", word.own),
            ),
            Some(_) => return false,
            None => match find_nearest(&kind.node, WORDS.iter().copied()) {
                Some(near) if kind.node != "retry" => Diagnostic::new(
                    Code::MisspeltKeyword,
                    kind.span,
                    format!("expected `{near}`, found `{}`", kind.node),
                )
                .nearest(kind.span, &kind.node, near),
                _ => {
                    self.kinds.insert(kind.node.clone());
                    return false;
                }
            },
        };
        if kind.node == "resource" {
            return false;
        }
        // `from x import y` is two resources, and one mistake.
        let same_line = self.diagnostics.last().is_some_and(|last| {
            let between = last.primary.span.end as usize..kind.span.start as usize;
            self.text
                .get(between)
                .is_some_and(|text| !text.contains(['\n', '\r']))
        });
        if !same_line {
            self.report(diagnostic);
        }
        true
    }

    /// Settings stand first: `timeout` after a step would be the step's.
    fn check_order(&mut self, members: &mut [Member]) {
        let Some(first) = members
            .iter()
            .find(|m| !matches!(m.kind, MemberKind::Setting(_) | MemberKind::Invalid))
        else {
            return;
        };
        let first = first.span.before();
        let mut late: Vec<Span> = members
            .iter()
            .filter(|m| matches!(m.kind, MemberKind::Setting(_)) && m.span.start > first.start)
            .map(|m| m.span)
            .collect();
        let of_stages: Vec<Span> = members.iter_mut().filter_map(take_timeout).collect();
        late.extend(&of_stages);
        late.sort();
        for setting in late {
            let text = self.text.get(setting.range()).unwrap_or("").to_owned();
            let removed = self.with_line_end(setting);
            self.report(
                Diagnostic::new(
                    Code::SettingTooLate,
                    setting,
                    "a setting stands before the first `let`, `step` or `flow`",
                )
                .also(first, "it belongs before this")
                .fix(Fix {
                    title: "move it there".to_owned(),
                    edits: vec![
                        Edit {
                            span: first,
                            text: format!("{text}\n\n  "),
                        },
                        Edit {
                            span: removed,
                            text: String::new(),
                        },
                    ],
                    // Behind a stage it may be meant for that one.
                    safe: !of_stages.contains(&setting),
                }),
            );
        }
    }

    /// A member's place with the blanks before it and the line's end after it.
    fn with_line_end(&self, span: Span) -> Span {
        let before = self.text.get(..span.start as usize).unwrap_or("");
        let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
        let after = self.text.get(span.end as usize..).unwrap_or("");
        let newline = if after.starts_with("\r\n") {
            2
        } else {
            u32::from(after.starts_with('\n'))
        };
        Span {
            start: span.start - blanks as u32,
            end: span.end + newline,
            ..span
        }
    }

    pub(super) fn member(&mut self, pair: Pair<'_, Rule>) -> Member {
        let span = self.span(&pair);
        let doc = self.doc_before(span.start);
        let kind = match pair.as_rule() {
            Rule::let_item => MemberKind::Let(self.let_item(pair)),
            Rule::step_item => MemberKind::Step(self.step(pair)),
            Rule::flow_member => match Children::of(pair).rest(Rule::flow).pop() {
                Some(flow) => MemberKind::Flow(self.flow(flow)),
                None => MemberKind::Invalid,
            },
            _ => match self.setting(pair) {
                Some(setting) => MemberKind::Setting(setting),
                None => MemberKind::Invalid,
            },
        };
        Member { doc, kind, span }
    }

    fn setting(&mut self, pair: Pair<'_, Rule>) -> Option<Setting> {
        let rule = pair.as_rule();
        if rule == Rule::allow {
            return Some(Setting::Allow(self.allow(pair)));
        }
        let mut children = Children::of(pair);
        children.any();
        Some(match rule {
            Rule::mode_setting => Setting::Mode(self.name(&children.next()?)),
            Rule::trigger_setting => {
                let kind = children.need(Rule::name);
                let args = children.need(Rule::call_arguments);
                Setting::Trigger(Trigger {
                    kind: self.name(&kind),
                    args: self.arguments(args),
                    with: children.rest(Rule::expr).pop().map(|e| self.expr(e)),
                })
            }
            Rule::timeout_setting => Setting::Timeout(self.expr(children.next()?)),
            Rule::defaults_setting => {
                let mut modifiers = Vec::new();
                while let Some(child) = children.next() {
                    if !matches!(child.as_rule(), Rule::open_brace | Rule::close_brace) {
                        modifiers.push(self.modifier(child));
                    }
                }
                Setting::Defaults(modifiers)
            }
            Rule::log_setting => {
                let level = children.need(Rule::name);
                let (mut payload, mut keep) = (None, None);
                let level = self.name(&level);
                while let Some(child) = children.next() {
                    match child.as_rule() {
                        Rule::kw_payload => {
                            self.check_once("payload", payload.is_some(), &child);
                            payload = Some(self.span(&child));
                        }
                        Rule::log_keep => {
                            self.check_once("keep", keep.is_some(), &child);
                            keep = Children::of(child)
                                .rest(Rule::expr)
                                .pop()
                                .map(|e| self.expr(e));
                        }
                        _ => {}
                    }
                }
                Setting::Log {
                    level,
                    payload,
                    keep,
                }
            }
            Rule::trace_setting => Setting::Trace,
            Rule::encrypt_setting => Setting::Encrypt(self.expr(children.next()?)),
            Rule::tags_setting => Setting::Tags(self.tags(children.next()?)),
            Rule::alarm_setting => {
                let (mut conditions, mut notify) = (Vec::new(), Vec::new());
                while let Some(child) = children.next() {
                    match child.as_rule() {
                        Rule::alarm_condition => {
                            let mut inner = Children::of(child);
                            let metric = inner.need(Rule::name);
                            conditions.push(AlarmCondition {
                                metric: self.name(&metric),
                                above: inner.rest(Rule::expr).pop().map(|e| self.expr(e)),
                            });
                        }
                        Rule::name => notify.push(self.name(&child)),
                        _ => {}
                    }
                }
                Setting::Alarm { conditions, notify }
            }
            Rule::dashboard_setting => Setting::Dashboard,
            Rule::release_setting => {
                let alias = self.name(&children.need(Rule::name));
                let gradual = children.next().and_then(|gradual| {
                    let linear = gradual.as_rule() == Rule::linear_release;
                    let mut parts = Children::of(gradual).rest(Rule::expr).into_iter();
                    Some(Gradual {
                        linear,
                        percent: self.expr(parts.next()?),
                        interval: self.expr(parts.next()?),
                    })
                });
                Setting::Release(Release { alias, gradual })
            }
            _ => {
                let name = children.next()?;
                if name.as_str() == "per_step" {
                    Setting::RolePerStep
                } else {
                    Setting::Role(self.name(&name))
                }
            }
        })
    }

    /// Reports a part of a setting that stands there already.
    fn check_once(&mut self, part: &str, taken: bool, pair: &Pair<'_, Rule>) {
        if taken {
            let span = self.span(pair);
            self.report(Diagnostic::new(
                Code::Syntax,
                span,
                format!("`{part}` is said twice; leave one out"),
            ));
        }
    }

    fn tags(&mut self, object: Pair<'_, Rule>) -> Vec<Entry> {
        let mut tags = Vec::new();
        let mut children = Children::of(object);
        while let Some(child) = children.next() {
            match child.as_rule() {
                Rule::entry => tags.push(self.entry(child)),
                Rule::for_clause => {
                    let span = self.span(&child);
                    self.report(
                        Diagnostic::new(Code::Syntax, span, "tags are no comprehension")
                            .help("write each tag as `Name: value`"),
                    );
                }
                _ => {}
            }
        }
        tags
    }

    pub(super) fn type_expr(&mut self, pair: Pair<'_, Rule>) -> Type {
        let span = self.span(&pair);
        let mut members: Vec<Type> = Children::of(pair)
            .rest(Rule::type_postfix)
            .into_iter()
            .map(|ty| self.type_postfix(ty))
            .collect();
        if members.len() == 1
            && let Some(only) = members.pop()
        {
            return only;
        }
        Type {
            kind: TypeKind::Union(members),
            span,
        }
    }

    fn type_postfix(&mut self, pair: Pair<'_, Rule>) -> Type {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let primary = children.any();
        let primary_span = self.span(&primary);
        let kind = match primary.as_rule() {
            Rule::list_type => match Children::of(primary).rest(Rule::type_expr).pop() {
                Some(element) => TypeKind::List(Box::new(self.type_expr(element))),
                None => TypeKind::Invalid,
            },
            Rule::object_type => TypeKind::Object(
                Children::of(primary)
                    .rest(Rule::field)
                    .into_iter()
                    .map(|field| self.field(field))
                    .collect(),
            ),
            Rule::string => TypeKind::Literal(self.plain_string(primary)),
            _ if self.is_left_out(&primary) => TypeKind::Invalid,
            _ => TypeKind::Name(primary.as_str().trim_end().to_owned()),
        };
        let ty = Type {
            kind,
            span: primary_span,
        };
        if children.take(Rule::question).is_some() {
            Type {
                kind: TypeKind::Optional(Box::new(ty)),
                span,
            }
        } else {
            ty
        }
    }

    fn field(&mut self, pair: Pair<'_, Rule>) -> Field {
        let mut children = Children::of(pair);
        let name = children.need(Rule::any_name);
        let optional = children.take(Rule::question).is_some();
        children.need(Rule::colon);
        let ty = children.need(Rule::type_expr);
        Field {
            name: self.name(&name),
            optional,
            ty: self.type_expr(ty),
        }
    }

    fn test(&mut self, pair: Pair<'_, Rule>) -> Test {
        let mut children = Children::of(pair);
        children.need(Rule::kw_test);
        let title = children.need(Rule::text);
        children.need(Rule::kw_of);
        let pipeline = children.need(Rule::name);
        let title = self.text(title);
        let pipeline = self.name(&pipeline);
        let mut members = Vec::new();
        while let Some(child) = children.next() {
            if !matches!(child.as_rule(), Rule::open_brace | Rule::close_brace) {
                members.push(self.test_member(child));
            }
        }
        Test {
            title,
            pipeline,
            members,
        }
    }

    fn test_member(&mut self, pair: Pair<'_, Rule>) -> TestMember {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut children = Children::of(pair);
        let kind = match rule {
            Rule::given => match children.rest(Rule::expr).pop() {
                Some(expr) => TestMemberKind::Given(self.expr(expr)),
                None => TestMemberKind::Invalid,
            },
            Rule::mock => {
                children.need(Rule::kw_mock);
                let target = children.need(Rule::mock_target);
                let target = self.mock_target(target);
                let when = children.take(Rule::kw_when).map(|_| {
                    let expr = children.need(Rule::expr);
                    self.expr(expr)
                });
                TestMemberKind::Mock {
                    target,
                    when,
                    answers: children
                        .rest(Rule::answer)
                        .into_iter()
                        .map(|answer| self.answer(answer))
                        .collect(),
                }
            }
            Rule::expect => {
                children.need(Rule::kw_expect);
                TestMemberKind::Expect(self.expectation(children))
            }
            _ => {
                children.need(Rule::kw_each);
                children.need(Rule::kw_step);
                let but = children.take(Rule::each_but).map(|but| {
                    let targets = Children::of(but).rest(Rule::mock_target).into_iter();
                    targets.map(|target| self.mock_target(target)).collect()
                });
                TestMemberKind::EachStepFails {
                    but: but.unwrap_or_default(),
                    expected: children
                        .rest(Rule::expect)
                        .into_iter()
                        .map(|member| self.test_member(member))
                        .collect(),
                }
            }
        };
        TestMember { kind, span }
    }

    fn expectation(&mut self, mut children: Children<'_>) -> Expectation {
        let child = children.any();
        match child.as_rule() {
            Rule::expect_succeeded => Expectation::Succeeded(
                Children::of(child)
                    .rest(Rule::expr)
                    .pop()
                    .map(|e| self.expr(e)),
            ),
            Rule::expect_failed => {
                let mut inner = Children::of(child);
                inner.need(Rule::kw_failed);
                Expectation::Failed {
                    error: inner.take(Rule::error_name).map(|e| self.error_name(e)),
                    cause: inner.take(Rule::cause).map(|c| self.cause(c)),
                }
            }
            Rule::expect_timed_out => Expectation::TimedOut,
            Rule::expect_holds => {
                let mut inner = Children::of(child);
                let condition = inner.need(Rule::expr);
                Expectation::Holds(self.expr(condition))
            }
            _ => {
                let target = self.mock_target(child);
                let what = children.any();
                let rule = what.as_rule();
                let mut inner = Children::of(what);
                inner.any();
                if rule == Rule::expect_before {
                    let second = inner.need(Rule::mock_target);
                    return Expectation::Before {
                        first: target,
                        second: self.mock_target(second),
                    };
                }
                let times = inner.need(Rule::expr);
                Expectation::Called {
                    target,
                    times: self.expr(times),
                    with: inner.rest(Rule::expr).pop().map(|e| self.expr(e)),
                }
            }
        }
    }

    fn mock_target(&mut self, pair: Pair<'_, Rule>) -> MockTarget {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let mut parts = Vec::new();
        let mut quoted = false;
        while let Some(child) = children.next() {
            match child.as_rule() {
                Rule::text => {
                    quoted = true;
                    parts.push(self.text(child));
                }
                Rule::name | Rule::any_name => parts.push(self.name(&child)),
                _ => {}
            }
        }
        MockTarget {
            parts,
            quoted,
            span,
        }
    }

    fn answer(&mut self, pair: Pair<'_, Rule>) -> Answer {
        let span = self.span(&pair);
        let mut children = Children::of(pair);
        let kind = if children.take(Rule::kw_fails).is_some() {
            let error = children.need(Rule::error_name);
            AnswerKind::Fails {
                error: self.error_name(error),
                cause: children.take(Rule::cause).map(|c| self.cause(c)),
            }
        } else if children.take(Rule::kw_never).is_some() {
            AnswerKind::Never
        } else {
            children.take(Rule::kw_returns);
            AnswerKind::Returns(match children.take(Rule::expr) {
                Some(expr) => self.expr(expr),
                None => Expr {
                    kind: ExprKind::Invalid,
                    span,
                },
            })
        };
        let after = children.take(Rule::answer_time).map(|time| {
            let mut inner = Children::of(time);
            inner.need(Rule::kw_after);
            let expr = inner.need(Rule::expr);
            self.expr(expr)
        });
        Answer { kind, after }
    }
}

/// A `timeout` after a step that makes no call is the pipeline's, and stands too late.
fn take_timeout(member: &mut Member) -> Option<Span> {
    let MemberKind::Step(Step {
        body: StepBody::Stage(stage),
        ..
    }) = &mut member.kind
    else {
        return None;
    };
    let calls = matches!(
        stage.kind,
        StageKind::Call { .. } | StageKind::Use { .. } | StageKind::Invalid
    );
    let last = stage.modifiers.last()?;
    if calls || !matches!(last.kind, ModifierKind::Timeout(_)) {
        return None;
    }
    stage.modifiers.pop().map(|modifier| modifier.span)
}
