//! Triggers: what starts a pipeline by itself, and what of the event becomes its input.

mod arguments;
mod attributes;
mod input;
mod pattern;

use super::Flow;
use crate::catalog::event::{self, Event, STATUSES};
use crate::catalog::resource::RefForm;
use crate::catalog::timezone;
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::trigger::{Delivery, Pipe, PipeKind, Rule, Schedule};
use crate::ir::{
    Deploy, Element, Entry, Expr, ExprKind, Literal, ResourceId, Time, Trigger, TriggerSource, Type,
};
use crate::resolve::call::CalleeParam;
use crate::resolve::expr;
use crate::resolve::symbols::{Lookup, Space};
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind};
use arguments::Arguments;

/// Attempts and seconds of a start that does not say otherwise: what EventBridge does by itself.
const DELIVERY: Delivery = Delivery {
    attempts: 185,
    age: 86_400,
};

/// Of a stream's records, which hold up those behind them.
const STREAM_DELIVERY: Delivery = Delivery {
    attempts: 10,
    age: 86_400,
};

/// What the trigger at hand starts.
pub(super) struct Started<'a> {
    pub params: &'a [CalleeParam],
    pub express: bool,
    /// Where the pipeline's name stands.
    pub name: Span,
}

impl<'u> Flow<'_, 'u> {
    /// None where it was reported.
    pub(super) fn trigger(
        &mut self,
        ast: &'u ast::Trigger,
        span: Span,
        started: &Started<'_>,
    ) -> Option<Trigger> {
        let word = ast.kind.node.as_str();
        let Some(event) = event::find(word) else {
            self.report_unknown_trigger(&ast.kind);
            return None;
        };
        let mut args = Arguments::new(&ast.args, word, ast.kind.span);
        let source = match word {
            "schedule" => self.schedule(&mut args),
            "s3" => self.on_s3(&mut args),
            "event" => self.on_event(&mut args, event),
            "finished" => self.on_finished(&mut args),
            _ => self.pipe(&mut args, event, started),
        };
        let delivery = self.delivery(&mut args, event);
        args.finish(self);
        let input = self.input(event, ast, started);
        Some(Trigger {
            source: source?,
            input: input?,
            delivery,
            span,
        })
    }

    fn report_unknown_trigger(&mut self, word: &ast::Name) {
        let words: Vec<&str> = event::EVENTS.iter().map(|event| event.word).collect();
        let diagnostic = Diagnostic::new(
            Code::UnknownTrigger,
            word.span,
            format!("nothing starts a pipeline `on {}`", word.node),
        );
        let near = match word.node.as_str() {
            "cron" | "rate" | "timer" => Some("schedule"),
            "bucket" | "object" => Some("s3"),
            "queue" => Some("sqs"),
            "stream" => Some("kinesis"),
            "table" => Some("dynamodb"),
            "eventbridge" | "rule" => Some("event"),
            "pipeline" => Some("finished"),
            other => find_nearest(other, words.iter().copied()),
        };
        self.report(match near {
            Some(near) => diagnostic.nearest(word.span, &word.node, near),
            None => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                diagnostic.help(format!("there are {}", words.join(", ")))
            }
        });
    }

    fn schedule(&mut self, args: &mut Arguments<'u>) -> Option<TriggerSource> {
        let expression = args.needed(self, "expression").and_then(|e| self.text(e));
        if let Some(value) = &expression
            && let Some(Literal::String(text)) = value.as_literal()
            && let Err(why) = pattern::check_schedule(text)
        {
            self.report(
                Diagnostic::new(Code::TriggerArgument, value.span, why).help(
                    "`cron(minutes hours day-of-month month day-of-week year)`, `rate(5 minutes)` or `at(2026-01-31T02:00:00)`",
                ),
            );
        }
        let timezone = args.named("timezone").and_then(|e| self.text(e));
        if let Some(value) = &timezone
            && let Some(Literal::String(text)) = value.as_literal()
            && !timezone::is_known(text)
        {
            let diagnostic = Diagnostic::new(
                Code::TriggerArgument,
                value.span,
                format!("`{text}` is no time zone"),
            );
            self.report(match find_nearest(text, timezone::names()) {
                Some(near) => diagnostic
                    .replace(value.span, format!("\"{near}\""), format!("write `{near}`"))
                    .guessed(text, near),
                None => diagnostic.help("zones have names such as `Europe/Berlin` or `UTC`"),
            });
        }
        let window = args
            .named("window")
            .and_then(|e| self.units(e, "`window`", 60, event::FLEXIBLE));
        let start = args.named("start").and_then(|e| self.moment(e));
        let end = args.named("end").and_then(|e| self.moment(e));
        Some(TriggerSource::Schedule(Box::new(Schedule {
            expression: expression?,
            timezone,
            window,
            start,
            end,
        })))
    }

    fn on_s3(&mut self, args: &mut Arguments<'u>) -> Option<TriggerSource> {
        let bucket = args
            .needed(self, "bucket")
            .and_then(|e| self.named_resource(e, "bucket"));
        let prefix = args.named("prefix").and_then(|e| self.text(e));
        let suffix = args.named("suffix").and_then(|e| self.text(e));
        let (bucket, from) = bucket?;
        let span = bucket.span;
        let text = |text: &str| literal_text(text, span);
        let mut detail = vec![pair(
            "bucket",
            object(vec![pair("name", list(vec![bucket.clone()]))]),
        )];
        let condition = match (prefix, suffix) {
            (None, None) => None,
            (Some(prefix), None) => Some(("prefix", prefix)),
            (None, Some(suffix)) => Some(("suffix", suffix)),
            (Some(prefix), Some(suffix)) => {
                let parts = vec![escaped(prefix), text("*"), escaped(suffix)];
                Some(("wildcard", joined(parts)))
            }
        };
        if let Some((operator, value)) = condition {
            let test = object(vec![pair(operator, value)]);
            detail.push(pair("object", object(vec![pair("key", list(vec![test]))])));
        }
        let pattern = object(vec![
            pair("source", list(vec![text("aws.s3")])),
            pair("detail-type", list(vec![text("Object Created")])),
            pair("detail", object(detail)),
        ]);
        Some(TriggerSource::Rule(Box::new(Rule {
            word: "s3",
            pattern,
            bus: None,
            name: from.is_none().then_some(bucket),
            from,
        })))
    }

    fn on_event(
        &mut self,
        args: &mut Arguments<'u>,
        event: &'static Event,
    ) -> Option<TriggerSource> {
        let pattern = args
            .needed(self, "pattern")
            .and_then(|e| self.event_pattern(e, event));
        let bus = args.named("bus").and_then(|written| {
            let value = expr::check(&mut self.scope, written, None);
            match value.ty {
                Type::Resource(_) => Some(expr::resource_name(&mut self.scope, value)),
                _ => self.fit_text(value),
            }
        });
        Some(TriggerSource::Rule(Box::new(Rule {
            word: "event",
            pattern: pattern?,
            bus,
            from: None,
            name: None,
        })))
    }

    fn on_finished(&mut self, args: &mut Arguments<'u>) -> Option<TriggerSource> {
        let pipeline = args
            .needed(self, "pipeline")
            .and_then(|e| self.finished_pipeline(e));
        let statuses = match args.named("on") {
            Some(written) => self.statuses(written),
            None => vec!["SUCCEEDED"],
        };
        let (machine, span) = pipeline?;
        let statuses = statuses.iter().map(|s| literal_text(s, span)).collect();
        let detail = vec![
            pair("status", list(statuses)),
            pair("stateMachineArn", list(vec![machine])),
        ];
        let pattern = object(vec![
            pair("source", list(vec![literal_text("aws.states", span)])),
            pair(
                "detail-type",
                list(vec![literal_text(
                    "Step Functions Execution Status Change",
                    span,
                )]),
            ),
            pair("detail", object(detail)),
        ]);
        Some(TriggerSource::Rule(Box::new(Rule {
            word: "finished",
            pattern,
            bus: None,
            from: None,
            name: None,
        })))
    }

    /// The machine of a pipeline of this file or of a used one.
    fn finished_pipeline(&mut self, written: &ast::Expr) -> Option<(Expr, Span)> {
        let span = written.span;
        let name = match &written.kind {
            ast::ExprKind::Name(name) => name.as_str(),
            _ => "",
        };
        let unit = self.place.unit;
        let found = self.scope.context.symbols.find(unit, Space::Value, name);
        let item = match found {
            Lookup::Item(item)
                if matches!(
                    self.scope.context.symbols.item(item).kind,
                    ItemKind::Pipeline(_)
                ) =>
            {
                item
            }
            _ => {
                let names = self.scope.context.symbols.names(unit, Space::Value);
                let diagnostic = Diagnostic::new(
                    Code::TriggerArgument,
                    span,
                    "`finished` takes a pipeline of this file or of a used one",
                );
                let near = find_nearest(name, names.iter().map(String::as_str));
                self.report(match near.filter(|near| *near != name) {
                    Some(near) => diagnostic.nearest(span, name, near),
                    None => diagnostic.help(
                        "the end of any other execution is an event: `on event({ source: [\"aws.states\"], … })`",
                    ),
                });
                return None;
            }
        };
        if self.scope.context.signature(item).express {
            self.report(
                Diagnostic::new(
                    Code::TriggerArgument,
                    span,
                    format!("`{name}` is express, and the end of an express execution is no event"),
                )
                .help("let it send an event of its own: `eventbridge.putEvents(…)`"),
            );
            return None;
        }
        let id = self.scope.context.pipeline_id(item);
        let machine = Expr {
            kind: ExprKind::Deploy(Deploy::Machine(id)),
            ty: Type::String,
            time: Time::Deploy,
            span,
        };
        Some((machine, span))
    }

    /// `failed`, `[failed, timed_out]`
    fn statuses(&mut self, written: &ast::Expr) -> Vec<&'static str> {
        let words: Vec<&ast::Expr> = match &written.kind {
            ast::ExprKind::List(elements) => elements.iter().map(|e| &e.value).collect(),
            _ => vec![written],
        };
        let mut statuses = Vec::new();
        for word in words {
            let name = match &word.kind {
                ast::ExprKind::Name(name) => name.as_str(),
                _ => "",
            };
            if let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == name) {
                statuses.push(*status);
                continue;
            }
            let known = STATUSES.iter().map(|(known, _)| *known);
            let diagnostic = Diagnostic::new(
                Code::TriggerArgument,
                word.span,
                "`on` takes how the execution ended",
            )
            .help("`succeeded`, `failed`, `timed_out`, `aborted`, or a list of them");
            self.report(match find_nearest(name, known) {
                Some(near) => diagnostic.nearest(word.span, name, near),
                None => diagnostic,
            });
        }
        statuses
    }

    fn pipe(
        &mut self,
        args: &mut Arguments<'u>,
        event: &'static Event,
        started: &Started<'_>,
    ) -> Option<TriggerSource> {
        let (kind, noun) = match event.word {
            "kinesis" => (PipeKind::Kinesis, "stream"),
            "sqs" => (PipeKind::Sqs, "queue"),
            _ => (PipeKind::DynamoDb, "table"),
        };
        let source = args
            .needed(self, noun)
            .and_then(|e| self.pipe_source(e, kind, noun));
        let fifo = source
            .as_ref()
            .is_some_and(|(arn, from)| self.is_fifo(arn, *from));
        let filters = match args.named("filter") {
            Some(written) => self.filters(written, event),
            None => Vec::new(),
        };
        let limit = if kind == PipeKind::Sqs && fifo {
            event::FIFO_BATCH
        } else {
            event::BATCH
        };
        let batch_place = args.peek("batch").map(|e| e.span);
        let batch = args
            .named("batch")
            .and_then(|e| self.count(e, "`batch`", limit));
        let window_place = args.peek("window").map(|e| e.span);
        let mut window = args
            .named("window")
            .and_then(|e| self.units(e, "`window`", 1, event::WINDOW));
        if fifo && let Some(span) = window_place {
            self.report(
                Diagnostic::new(
                    Code::TriggerArgument,
                    span,
                    "a FIFO queue delivers at once, and takes no `window`",
                )
                .help("leave it out"),
            );
            window = None;
        }
        if kind == PipeKind::Sqs
            && let Some(span) = batch_place
            && batch.is_some_and(|batch| batch > event::FIFO_BATCH.1)
            && window.is_none_or(|window| window == 0)
        {
            self.report(
                Diagnostic::new(
                    Code::TriggerArgument,
                    span,
                    "a queue gives more than 10 messages at once only when it is waited for them",
                )
                .help("say how long: `window: 5s`"),
            );
        }
        let mut oldest = false;
        let mut parallel = None;
        if kind != PipeKind::Sqs {
            if let Some(written) = args.named("start") {
                oldest = self.starting_position(written);
            }
            parallel = args
                .named("parallel")
                .and_then(|e| self.count(e, "`parallel`", event::PARALLEL));
        }
        if fifo && !started.express {
            self.report(
                Diagnostic::new(
                    Code::OrderLost,
                    args.place(),
                    "the messages of a FIFO queue start executions in order, but standard executions overlap, so their work is not in order",
                )
                .help("`mode express`: the pipe then waits for each batch before it takes the group's next one"),
            );
        }
        let (arn, from) = source?;
        Some(TriggerSource::Pipe(Box::new(Pipe {
            kind,
            arn,
            from,
            filters,
            batch,
            window,
            oldest,
            parallel,
        })))
    }

    /// The ARN of what a pipe reads, and the declared resource.
    fn pipe_source(
        &mut self,
        written: &ast::Expr,
        kind: PipeKind,
        noun: &str,
    ) -> Option<(Expr, Option<ResourceId>)> {
        let value = expr::check(&mut self.scope, written, None);
        let from = match &value.kind {
            ExprKind::Deploy(Deploy::Resource(id, _)) => Some(*id),
            _ => None,
        };
        let is_table = matches!(&value.ty, Type::Resource(found) if found.0.word == "table");
        if kind == PipeKind::DynamoDb && is_table {
            let id = from?;
            if self.scope.context.is_made(id) {
                let arn = Expr {
                    kind: ExprKind::Deploy(Deploy::Attribute(id, "StreamArn".to_owned())),
                    ty: Type::String,
                    time: Time::Deploy,
                    span: value.span,
                };
                return Some((arn, from));
            }
            self.report(
                Diagnostic::new(
                    Code::TriggerArgument,
                    value.span,
                    "the ARN of an existing table's stream ends in a date that the table's name does not tell",
                )
                .help("give the stream's ARN: `on dynamodb(\"arn:aws:dynamodb:…:table/orders/stream/2026-01-01T00:00:00.000\")`, or take it as a `param`"),
            );
            return None;
        }
        let arn = expr::resource_arn(&mut self.scope, value, noun)?;
        self.deployed(arn).map(|arn| (arn, from))
    }

    /// Whether a queue is certainly FIFO.
    fn is_fifo(&mut self, arn: &Expr, from: Option<ResourceId>) -> bool {
        if let Some(id) = from {
            let Some(resource) = self.scope.context.resource_value(id) else {
                return false;
            };
            return match &resource.origin {
                crate::ir::Origin::Existing(name) => ends_in_fifo(name),
                crate::ir::Origin::Created(creation) => {
                    let fifo = creation.property("FifoQueue").and_then(Expr::as_literal);
                    fifo == Some(&Literal::Bool(true))
                }
            };
        }
        ends_in_fifo(arn)
    }

    /// `oldest`, `newest`
    fn starting_position(&mut self, written: &ast::Expr) -> bool {
        let word = match &written.kind {
            ast::ExprKind::Name(name) => name.as_str(),
            _ => "",
        };
        if matches!(word, "oldest" | "newest") {
            return word == "oldest";
        }
        let diagnostic = Diagnostic::new(
            Code::TriggerArgument,
            written.span,
            "`start` is the `oldest` record, or the `newest`, which is meant when nothing is said",
        );
        self.report(match find_nearest(word, ["oldest", "newest"]) {
            Some(near) => diagnostic.nearest(written.span, word, near),
            None => diagnostic,
        });
        false
    }

    fn delivery(&mut self, args: &mut Arguments<'u>, event: &Event) -> Delivery {
        if event.word == "sqs" {
            return DELIVERY;
        }
        let (whole, attempts, age) = if event.list {
            (STREAM_DELIVERY, event::STREAM_ATTEMPTS, event::STREAM_AGE)
        } else {
            (DELIVERY, event::RULE_ATTEMPTS, event::RULE_AGE)
        };
        Delivery {
            attempts: args
                .named("attempts")
                .and_then(|e| self.count(e, "`attempts`", attempts))
                .unwrap_or(whole.attempts),
            age: args
                .named("age")
                .and_then(|e| self.units(e, "`age`", 1, age))
                .unwrap_or(whole.age),
        }
    }

    /// A declared resource's name, or a string that is one.
    fn named_resource(
        &mut self,
        written: &ast::Expr,
        kind: &str,
    ) -> Option<(Expr, Option<ResourceId>)> {
        let value = expr::check(&mut self.scope, written, None);
        match (&value.ty, &value.kind) {
            (Type::Resource(found), ExprKind::Deploy(Deploy::Resource(id, _)))
                if found.0.word == kind =>
            {
                let id = *id;
                let name = Expr {
                    kind: ExprKind::Deploy(Deploy::Resource(id, RefForm::Name)),
                    ty: Type::String,
                    ..value
                };
                Some((name, Some(id)))
            }
            (Type::Resource(found), _) => {
                let found = found.0.word;
                self.report(Diagnostic::new(
                    Code::WrongResource,
                    value.span,
                    format!("a `{kind}` is wanted, and this is a `{found}`"),
                ));
                None
            }
            _ => self.fit_text(value).map(|value| (value, None)),
        }
    }
}

fn ends_in_fifo(name: &Expr) -> bool {
    match &name.kind {
        ExprKind::Literal(Literal::String(text)) => text.ends_with(".fifo"),
        ExprKind::Template(parts) => parts.last().is_some_and(ends_in_fifo),
        _ => false,
    }
}

fn literal_text(text: &str, span: Span) -> Expr {
    Expr::literal(Literal::String(text.to_owned()), Type::String, span)
}

fn pair(key: &str, value: Expr) -> Entry {
    Entry::Pair {
        key: key.to_owned(),
        value,
    }
}

fn object(entries: Vec<Entry>) -> Expr {
    let span = match entries.first() {
        Some(Entry::Pair { value, .. }) => value.span,
        _ => Span::default(),
    };
    Expr {
        kind: ExprKind::Object(entries),
        ty: Type::Any,
        time: Time::Deploy,
        span,
    }
}

fn list(elements: Vec<Expr>) -> Expr {
    let span = elements.first().map(|e| e.span).unwrap_or_default();
    let elements = elements
        .into_iter()
        .map(|value| Element {
            spread: false,
            value,
        })
        .collect();
    Expr {
        kind: ExprKind::List(elements),
        ty: Type::Any,
        time: Time::Deploy,
        span,
    }
}

/// Texts in a row.
fn joined(parts: Vec<Expr>) -> Expr {
    let span = parts.first().map(|e| e.span).unwrap_or_default();
    Expr {
        kind: ExprKind::Template(parts),
        ty: Type::String,
        time: Time::Deploy,
        span,
    }
}

/// A text in which `*` and `\` are no signs of a wildcard, as far as it is known.
fn escaped(mut value: Expr) -> Expr {
    value.for_each_mut(&mut |part| {
        if let ExprKind::Literal(Literal::String(text)) = &mut part.kind {
            *text = text.replace('\\', "\\\\").replace('*', "\\*");
        }
    });
    value
}
