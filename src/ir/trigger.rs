//! What starts a pipeline by itself, and what it is started with.

use super::{Expr, Literal, ResourceId};
use crate::source::Span;

/// `on schedule(…)`, `on s3(…)`, …
#[derive(Clone, Debug)]
pub struct Trigger {
    pub source: TriggerSource,
    /// The execution's input; for a list, each record's.
    pub input: Feed,
    pub delivery: Delivery,
    pub span: Span,
}

/// How often, and for how long, a start is tried again before it goes to the dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub attempts: u64,
    /// Seconds.
    pub age: u64,
}

#[derive(Clone, Debug)]
pub enum TriggerSource {
    Schedule(Box<Schedule>),
    Rule(Box<Rule>),
    Pipe(Box<Pipe>),
}

/// Expressions are build- or deploy-time strings.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// `cron(…)`, `rate(…)`, `at(…)`
    pub expression: Expr,
    pub timezone: Option<Expr>,
    /// Minutes in which it may start.
    pub window: Option<u64>,
    pub start: Option<Expr>,
    pub end: Option<Expr>,
}

/// A rule of EventBridge.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `s3`, `event`, `finished`
    pub word: &'static str,
    /// An object, as EventBridge takes it.
    pub pattern: Expr,
    /// The name or ARN of the bus; None for the account's default one.
    pub bus: Option<Expr>,
    /// What the events come from, where it is declared: the bucket.
    pub from: Option<ResourceId>,
    /// The name of that, where it is not.
    pub name: Option<Expr>,
}

/// A pipe of EventBridge.
#[derive(Clone, Debug)]
pub struct Pipe {
    pub kind: PipeKind,
    /// The ARN of the stream or queue.
    pub arn: Expr,
    /// The declared stream, queue or table.
    pub from: Option<ResourceId>,
    /// Patterns of which one must fit; objects, as EventBridge takes them.
    pub filters: Vec<Expr>,
    pub batch: Option<u64>,
    /// Seconds.
    pub window: Option<u64>,
    /// From the oldest record on, instead of from now on.
    pub oldest: bool,
    /// Batches of one shard at the same time.
    pub parallel: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PipeKind {
    Kinesis,
    Sqs,
    DynamoDb,
}

/// What the service makes of an event.
#[derive(Clone, Debug)]
pub enum Feed {
    /// The event as it is.
    Event,
    Literal(Literal),
    /// A deploy-time string.
    Deploy(Expr),
    /// A field of the event.
    Field(Field),
    /// Texts, joined: literals, deploy-time strings and fields.
    Text(Vec<Feed>),
    Object(Vec<(String, Feed)>),
    List(Vec<Feed>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As the service names it: `$.detail.object.key`, `aws.scheduler.scheduled-time`.
    pub path: String,
    /// It may be missing, and stands between quotes then: the empty string.
    pub quoted: bool,
}

impl Trigger {
    /// All expressions.
    pub fn for_each_expr_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match &mut self.source {
            TriggerSource::Schedule(schedule) => {
                visit(&mut schedule.expression);
                let others = [
                    &mut schedule.timezone,
                    &mut schedule.start,
                    &mut schedule.end,
                ];
                others.into_iter().flatten().for_each(&mut *visit);
            }
            TriggerSource::Rule(rule) => {
                visit(&mut rule.pattern);
                let others = [&mut rule.bus, &mut rule.name];
                others.into_iter().flatten().for_each(&mut *visit);
            }
            TriggerSource::Pipe(pipe) => {
                visit(&mut pipe.arn);
                pipe.filters.iter_mut().for_each(&mut *visit);
            }
        }
        self.input.for_each_expr_mut(visit);
    }
}

impl TriggerSource {
    /// The word after `on`.
    pub fn word(&self) -> &'static str {
        match self {
            TriggerSource::Schedule(_) => "schedule",
            TriggerSource::Rule(rule) => rule.word,
            TriggerSource::Pipe(pipe) => match pipe.kind {
                PipeKind::Kinesis => "kinesis",
                PipeKind::Sqs => "sqs",
                PipeKind::DynamoDb => "dynamodb",
            },
        }
    }

    /// The declared resource that the events come from.
    pub fn resource(&self) -> Option<ResourceId> {
        match self {
            TriggerSource::Schedule(_) => None,
            TriggerSource::Rule(rule) => rule.from,
            TriggerSource::Pipe(pipe) => pipe.from,
        }
    }

    /// As [`TriggerSource::resource`], to change it in place.
    pub fn resource_mut(&mut self) -> Option<&mut ResourceId> {
        match self {
            TriggerSource::Schedule(_) => None,
            TriggerSource::Rule(rule) => rule.from.as_mut(),
            TriggerSource::Pipe(pipe) => pipe.from.as_mut(),
        }
    }
}

impl Feed {
    fn for_each_expr_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match self {
            Feed::Deploy(expr) => visit(expr),
            Feed::Text(parts) | Feed::List(parts) => {
                parts
                    .iter_mut()
                    .for_each(|part| part.for_each_expr_mut(visit));
            }
            Feed::Object(members) => {
                members
                    .iter_mut()
                    .for_each(|(_, value)| value.for_each_expr_mut(visit));
            }
            Feed::Event | Feed::Literal(_) | Feed::Field(_) => {}
        }
    }
}
