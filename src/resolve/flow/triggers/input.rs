//! `with`: what of the event becomes the pipeline's input, as far as the service itself can make it.

use super::super::Flow;
use super::Started;
use crate::catalog::event::{self, Event, FieldKind};
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::trigger::Field;
use crate::ir::{Entry, Expr, ExprKind, Feed, Literal, Time, Type, VariableId};
use crate::resolve::call::CalleeParam;
use crate::resolve::expr::{self, require_time};
use crate::resolve::names::Names;
use crate::source::Span;
use crate::syntax::ast;

/// Stands for the event in a checked `with`; no pipeline has so many variables.
const EVENT: VariableId = VariableId(u32::MAX);

impl<'u> Flow<'_, 'u> {
    /// None where it was reported.
    pub(super) fn input(
        &mut self,
        event: &'static Event,
        ast: &'u ast::Trigger,
        started: &Started<'_>,
    ) -> Option<Feed> {
        let place = ast.kind.span;
        let shown = Expr {
            kind: ExprKind::Variable(EVENT),
            ty: event_type(event),
            time: Time::Run,
            span: place,
        };
        self.scope.show("event", shown);
        let feed = if event.list {
            self.record_input(event, ast.with.as_ref(), place, started)
        } else {
            match &ast.with {
                Some(with) => self.event_input(event, with, started),
                None => self.default_input(event, place, started),
            }
        };
        self.scope.hide();
        feed
    }

    /// Of each record, for a pipeline that takes a list of them.
    fn record_input(
        &mut self,
        event: &'static Event,
        with: Option<&ast::Expr>,
        place: Span,
        started: &Started<'_>,
    ) -> Option<Feed> {
        let [param] = started.params else {
            self.report(
                Diagnostic::new(
                    Code::MissingInput,
                    place,
                    format!(
                        "`{}` delivers a list, and the pipeline must take just that",
                        event.word
                    ),
                )
                .also(started.name, "it needs one parameter, a list")
                .help("`pipeline name(records: [T])`"),
            );
            return None;
        };
        let Type::List(element) = &param.ty else {
            if param.ty != Type::Invalid {
                self.report(
                    Diagnostic::new(
                        Code::MissingInput,
                        place,
                        format!(
                            "`{}` delivers a list, and `{}` is none",
                            event.word, param.name
                        ),
                    )
                    .also(started.name, "the pipeline's parameter must be a list")
                    .help("make its type `[T]`"),
                );
            }
            return None;
        };
        match with {
            Some(with) => {
                let value = expr::check(&mut self.scope, with, Some(element));
                let fine = self.check_attributes(&value, element, event);
                self.feed(&value, event).filter(|_| fine)
            }
            None if **element == Type::Any => Some(Feed::Event),
            None => {
                self.report(
                    Diagnostic::new(
                        Code::MissingInput,
                        place,
                        format!(
                            "nothing says what of a record becomes an element of `{}`",
                            param.name
                        ),
                    )
                    .help(match event.word {
                        "sqs" => "`with event.body`, or `with { … }` with members of `event`",
                        "kinesis" => "`with event.data`, or `with { … }` with members of `event`",
                        _ => "`with { … }` with members of `event`",
                    }),
                );
                None
            }
        }
    }

    fn event_input(
        &mut self,
        event: &'static Event,
        with: &ast::Expr,
        started: &Started<'_>,
    ) -> Option<Feed> {
        let ast::ExprKind::Object(entries) = &with.kind else {
            self.report(
                Diagnostic::new(
                    Code::TriggerInput,
                    with.span,
                    "`with` gives the pipeline's parameters by their names",
                )
                .help("`with { at: event.time }`"),
            );
            return None;
        };
        let mut given: Vec<(String, Feed)> = Vec::new();
        let mut fine = true;
        for entry in entries {
            let (key, value) = match entry {
                ast::Entry::Pair { key, value } => (key, value.clone()),
                ast::Entry::Short(name) => (name, expr::short_value(name)),
                ast::Entry::Computed { key: place, .. } | ast::Entry::Spread(place) => {
                    self.report(Diagnostic::new(
                        Code::TriggerInput,
                        place.span,
                        "`with` names each parameter",
                    ));
                    fine = false;
                    continue;
                }
            };
            let Some(param) = started.params.iter().find(|p| p.name == key.node) else {
                self.report_unknown_param(key, started);
                fine = false;
                continue;
            };
            if given.iter().any(|(name, _)| *name == key.node) {
                self.report(Diagnostic::new(
                    Code::DuplicateKey,
                    key.span,
                    format!("`{}` is given twice", key.node),
                ));
                fine = false;
                continue;
            }
            let value = expr::check(&mut self.scope, &value, Some(&param.ty));
            match self.feed(&value, event) {
                Some(feed) => given.push((key.node.clone(), feed)),
                None => fine = false,
            }
        }
        let missing: Vec<&CalleeParam> = started
            .params
            .iter()
            .filter(|param| !param.optional && !names(entries).contains(&param.name.as_str()))
            .collect();
        if !missing.is_empty() {
            self.report_missing(with.span, &missing, started);
            fine = false;
        }
        fine.then_some(Feed::Object(given))
    }

    /// Without `with`: the whole event for the one parameter that takes everything.
    fn default_input(
        &mut self,
        event: &'static Event,
        place: Span,
        started: &Started<'_>,
    ) -> Option<Feed> {
        if let [param] = started.params
            && param.ty == Type::Any
            && !param.optional
        {
            let whole = match event.word {
                // What the scheduler knows is no event, but a few texts.
                "schedule" => Feed::Object(
                    event
                        .fields
                        .iter()
                        .map(|field| (field.name.to_owned(), Feed::Field(field_of(field))))
                        .collect(),
                ),
                _ => Feed::Event,
            };
            return Some(Feed::Object(vec![(param.name.clone(), whole)]));
        }
        let missing: Vec<&CalleeParam> = started.params.iter().filter(|p| !p.optional).collect();
        if missing.is_empty() {
            return Some(Feed::Object(Vec::new()));
        }
        self.report_missing(place, &missing, started);
        None
    }

    fn report_missing(&mut self, place: Span, missing: &[&CalleeParam], started: &Started<'_>) {
        let words: Vec<String> = missing.iter().map(|p| format!("`{}`", p.name)).collect();
        let words = crate::resolve::types::and(&words);
        self.report(
            Diagnostic::new(
                Code::MissingInput,
                place,
                format!("this trigger gives nothing for {words}"),
            )
            .also(started.name, "the pipeline needs it")
            .help("give it after `with`, or give the parameter a default"),
        );
    }

    fn report_unknown_param(&mut self, key: &ast::Name, started: &Started<'_>) {
        let diagnostic = Diagnostic::new(
            Code::TriggerInput,
            key.span,
            format!("the pipeline has no parameter `{}`", key.node),
        )
        .also(started.name, "its parameters are declared here");
        let names = started.params.iter().map(|p| p.name.as_str());
        self.report(match find_nearest(&key.node, names) {
            Some(near) => diagnostic.nearest(key.span, &key.node, near),
            None => diagnostic,
        });
    }

    /// What the service makes of a checked value. None where it cannot, which is reported.
    fn feed(&mut self, value: &Expr, event: &'static Event) -> Option<Feed> {
        if value.ty == Type::Invalid {
            return None;
        }
        if let Some(literal) = value.as_literal() {
            return Some(Feed::Literal(literal.clone()));
        }
        if value.time == Time::Deploy {
            let what = "a part of a trigger's input";
            return require_time(&mut self.scope, value, Time::Deploy, what)
                .then(|| Feed::Deploy(value.clone()));
        }
        match &value.kind {
            ExprKind::Variable(EVENT) if event.word != "schedule" => Some(Feed::Event),
            ExprKind::Member { .. } | ExprKind::Index { .. } => match find_field(value, event) {
                Some((field, _)) => Some(Feed::Field(field)),
                None => self.too_much(value),
            },
            ExprKind::Template(parts) => {
                let mut texts = Vec::new();
                for part in parts {
                    texts.push(self.text_part(part, event)?);
                }
                Some(Feed::Text(texts))
            }
            ExprKind::Object(entries) => {
                let mut members = Vec::new();
                for entry in entries {
                    let Entry::Pair { key, value } = entry else {
                        return self.too_much(value);
                    };
                    members.push((key.clone(), self.feed(value, event)?));
                }
                Some(Feed::Object(members))
            }
            ExprKind::List(elements) if elements.iter().all(|e| !e.spread) => {
                let mut list = Vec::new();
                for element in elements {
                    list.push(self.feed(&element.value, event)?);
                }
                Some(Feed::List(list))
            }
            _ => self.too_much(value),
        }
    }

    /// A part of an interpolation.
    fn text_part(&mut self, part: &Expr, event: &'static Event) -> Option<Feed> {
        if let Some(literal) = part.as_literal() {
            return match literal {
                Literal::List(_) | Literal::Object(_) => self.too_much(part),
                literal => Some(Feed::Literal(literal.clone())),
            };
        }
        if part.time == Time::Deploy {
            return self.feed(part, event);
        }
        let Some((field, plain)) = find_field(part, event) else {
            return self.too_much(part);
        };
        if !plain {
            self.report(
                Diagnostic::new(
                    Code::UnescapedField,
                    part.span,
                    "the service puts this field into the text as it is: with a quote or a backslash in it the input is broken, and nothing starts",
                )
                .help("give the field by itself, and join the text in the pipeline"),
            );
        }
        Some(Feed::Field(Field {
            quoted: false,
            ..field
        }))
    }

    fn too_much(&mut self, value: &Expr) -> Option<Feed> {
        self.report(
            Diagnostic::new(
                Code::TriggerInput,
                value.span,
                "the service that starts the pipeline cannot compute this",
            )
            .help("it can pick fields of `event`, and join them with texts: give the fields, and compute in the pipeline"),
        );
        None
    }
}

fn names(entries: &[ast::Entry]) -> Vec<&str> {
    entries
        .iter()
        .filter_map(|entry| match entry {
            ast::Entry::Pair { key, .. } => Some(key.node.as_str()),
            ast::Entry::Short(name) => Some(name.node.as_str()),
            _ => None,
        })
        .collect()
}

fn field_of(field: &event::EventField) -> Field {
    Field {
        path: field.path.to_owned(),
        quoted: field.kind.is_quoted(),
    }
}

/// The field that a path through `event` leads to, and whether it may stand in a text.
fn find_field(value: &Expr, event: &'static Event) -> Option<(Field, bool)> {
    match &value.kind {
        ExprKind::Member { base, name } => {
            if matches!(base.kind, ExprKind::Variable(EVENT)) {
                let known = event.fields.iter().find(|field| field.name == *name)?;
                return Some((field_of(known), known.plain));
            }
            let (mut field, _) = find_field(base, event)?;
            if !event::is_path_step(name) {
                return None;
            }
            field.path.push('.');
            field.path.push_str(name);
            Some((field, false))
        }
        ExprKind::Index { base, index } => {
            let (mut field, _) = find_field(base, event)?;
            match index.as_literal()? {
                Literal::Number(number) => {
                    field.path.push_str(&format!("[{}]", number.as_u64()?));
                }
                Literal::String(name) if event::is_path_step(name) => {
                    field.path.push('.');
                    field.path.push_str(name);
                }
                _ => return None,
            }
            Some((field, false))
        }
        _ => None,
    }
}

/// As [`find_field`], as the service names it.
pub(super) fn path_of(value: &Expr, event: &'static Event) -> Option<String> {
    find_field(value, event).map(|(field, _)| field.path)
}

fn event_type(event: &Event) -> Type {
    Type::object(event.fields.iter().map(|field| {
        let ty = match field.kind {
            FieldKind::Text | FieldKind::QuotedText => Type::String,
            FieldKind::MaybeText => Type::optional(Type::String),
            FieldKind::Timestamp | FieldKind::QuotedTimestamp => Type::Timestamp,
            FieldKind::Int => Type::Int,
            FieldKind::Number => Type::Number,
            FieldKind::Texts => Type::list(Type::String),
            FieldKind::OneOf(values) => Type::one_of(values.iter().map(|v| (*v).to_owned())),
            FieldKind::Any => Type::Any,
        };
        (field.name.to_owned(), ty, false)
    }))
}
