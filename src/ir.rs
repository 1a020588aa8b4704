//! The program as meant: typed, resolved, sugar gone, no names left to look up.
//!
//! Where a [`Program`] exists, a backend cannot fail. No `Option` here means "not resolved yet".
//!
//! Glossary: a *pipeline* becomes a state machine; a *block* is a sequence of *stages*; a *body* is a block with a scope
//! of its own at run time (a pipeline, an item of a map, a branch); a *call* becomes a Task state; a *guard* is what
//! stands around a stage (retry, catch, finally); a *label* is where a `return`, `break` or `continue` goes.
//! "State" is a word of `backend::asl` only.

pub mod access;
pub mod expr;
pub mod fold;
pub mod functions;
pub mod jsonata;
pub mod pattern;
pub mod subject;
pub mod test;
pub mod trigger;
pub mod types;
mod visit;

use std::cell::OnceCell;

use crate::catalog::created::{Role, Touching};
use crate::catalog::metric::Measure;
use crate::catalog::resource::ResourceKind;
use crate::catalog::{Form, Operation};
use crate::source::{FileId, Span};
pub use expr::{
    Binary, Context, Deploy, Element, Entry, Expr, ExprKind, Literal, Local, Part, Time, Unary,
};
pub use test::Test;
pub use trigger::{Feed, Trigger, TriggerSource};
pub use types::Type;
pub use visit::{for_each_stage, for_each_stage_mut};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipelineId(pub u32);
/// Index into [`Pipeline::variables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableId(pub u32);
/// A jump target of one pipeline: a body, an expanded step, or a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(pub u32);

/// One file's meaning: what becomes one template.
#[derive(Clone, Debug)]
pub struct Program {
    pub file: FileId,
    /// The file's name without folder and ending.
    pub stem: String,
    pub doc: Option<String>,
    /// The deploy-time parameters that something reaches, in source order.
    pub params: Vec<Param>,
    /// The resources that something reaches, in source order.
    pub resources: Vec<Resource>,
    /// The file's own pipelines, then those of used files that they reach, in source order.
    pub pipelines: Vec<Pipeline>,
    /// The file's own, in source order. Nothing that is emitted depends on them.
    pub tests: Vec<Test>,
}

/// A template parameter.
#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    /// `String`, `Int`, `Number`, `Bool`, `Timestamp`, an `Enum` or a list of strings.
    pub ty: Type,
    /// A build-time value.
    pub default: Option<Literal>,
    pub doc: Option<String>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Resource {
    pub name: String,
    pub kind: &'static ResourceKind,
    /// `AWS::Any::Type` of a `resource name: …`; else the kind's own.
    pub cfn_type: String,
    pub origin: Origin,
    /// What a function or activity answers.
    pub returns: Type,
    pub doc: Option<String>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Origin {
    /// Exists already, under this name (build or deploy time).
    Existing(Expr),
    /// Made by the template.
    Created(Creation),
}

/// What the template makes.
#[derive(Clone, Debug, Default)]
pub struct Creation {
    /// The wished name, which stands in the properties too; None: CloudFormation chooses.
    pub name: Option<Expr>,
    /// All properties by CloudFormation's names, build- or deploy-time values, defaults included.
    pub properties: Vec<(String, Expr)>,
    /// The roles that come along, since the author gave none in their place.
    pub roles: Vec<&'static Role>,
    /// What it touches under its role.
    pub touches: Vec<Touch>,
    /// The place of `logs`: a log group comes along, or its role may write to the service's own.
    pub logs: Option<Span>,
    /// When it leaves the stack.
    pub deletion: Deletion,
    /// When another takes its place.
    pub replacement: Deletion,
    pub depends_on: Vec<ResourceId>,
}

/// `reads raw/"sales/*"` of a resource that the template makes.
#[derive(Clone, Debug)]
pub struct Touch {
    pub touching: Touching,
    pub resource: ResourceId,
    /// The pattern behind `/`.
    pub path: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deletion {
    #[default]
    Delete,
    Retain,
    Snapshot,
}

/// What becomes a state machine.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub name: String,
    pub doc: Option<String>,
    /// In source order; each is a [`VariableKind::Parameter`].
    pub params: Vec<PipelineParam>,
    pub settings: Settings,
    /// Everything that the pipeline binds, indexed by [`VariableId`].
    pub variables: Vec<Variable>,
    /// Its `return`s have this label as target.
    pub label: LabelId,
    /// The file-level flow, the pipeline's `let`s as its first stages.
    pub body: Block,
    /// The type of what the pipeline returns.
    pub returns: Type,
    /// The number of labels; ids are below it.
    pub labels: u32,
    pub span: Span,
    /// What [`access::accesses`] found, once somebody asked.
    pub accesses: OnceCell<access::Accesses>,
}

#[derive(Clone, Debug)]
pub struct PipelineParam {
    pub variable: VariableId,
    /// Evaluated when the input lacks the parameter. Absent for a required one.
    pub default: Option<Expr>,
}

#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub express: bool,
    /// Seconds.
    pub timeout: Option<u64>,
    pub log: Log,
    pub trace: bool,
    /// Build- or deploy-time strings.
    pub tags: Vec<(String, Expr)>,
    /// A declared `role` that replaces the generated one.
    pub role: Option<ResourceId>,
    /// Each step calls under a role of its own.
    pub role_per_step: bool,
    /// The ARN of the key that definition and history are encrypted with, or its id.
    pub encrypt: Option<Expr>,
    pub triggers: Vec<Trigger>,
    pub alarms: Vec<Alarm>,
    pub dashboard: bool,
    pub release: Option<Release>,
}

/// `alarm failed, duration > 2h notify ops`, one condition of it.
#[derive(Clone, Debug)]
pub struct Alarm {
    pub measure: &'static Measure,
    /// In the measure's unit.
    pub above: f64,
    /// Topics.
    pub notify: Vec<ResourceId>,
    pub span: Span,
}

/// `release live canary 10% for 10m`: a version for each change, and an alias that triggers start.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    pub alias: String,
    /// None: all at once.
    pub gradual: Option<Gradual>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gradual {
    /// So much more each interval; else so much first, and the rest after the interval.
    pub linear: bool,
    pub percent: u64,
    pub minutes: u64,
}

#[derive(Clone, Debug)]
pub struct Log {
    pub level: LogLevel,
    pub payload: bool,
    /// Days; one of the values that CloudWatch Logs takes. Build or deploy time.
    pub keep: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Errors,
    All,
    Off,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: LogLevel::Errors,
            payload: false,
            keep: None,
        }
    }
}

/// Something with a value at run time. Build- and deploy-time `let`s are not variables: they stand where they are used.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The source's name; what is emitted may differ to stay unique.
    pub name: String,
    pub kind: VariableKind,
    pub ty: Type,
    /// The value of a `let` that nothing sets again: for tracing a name into a permission's pattern.
    pub value: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariableKind {
    /// A member of the execution's input.
    Parameter,
    Let,
    /// A stage's value.
    Result,
    /// A map's item, or its batch.
    Item,
    Index,
    /// `{ name, cause }` of the innermost handler.
    Error,
    /// `result` in a poll's conditions.
    PollResult,
}

/// Stages one after another. Its value is its last stage's; null when it is empty.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub stages: Vec<Stage>,
}

#[derive(Clone, Debug)]
pub struct Stage {
    pub kind: StageKind,
    /// Where its value goes. Bound after its guard: a handler's value is bound too.
    pub binds: Binding,
    pub guard: Guard,
    pub name: StateName,
    /// The type of its value (of its guard's, when handlers fall through).
    pub ty: Type,
    pub doc: Option<String>,
    /// In the source, for `--why` and ordering. A stage of an expanded step has the step's place.
    pub span: Span,
    /// Uses of steps that this stage was expanded from, outermost first.
    pub expanded_from: Vec<Span>,
}

#[derive(Clone, Debug, Default)]
pub enum Binding {
    #[default]
    None,
    Name(VariableId),
    /// Members of the value: `{ p, q } = …`.
    Fields(Vec<(String, VariableId)>),
}

/// What its state is called before numbering and cutting to 80 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateName {
    /// `glue`, `locked.acquire`; the owner's name for helper states (`poll.wait`).
    pub base: String,
    /// Given by `named`: never changed.
    pub exact: bool,
}

#[derive(Clone, Debug)]
pub enum StageKind {
    Call(Box<Call>),
    /// A value without a call.
    Pass(Expr),
    /// `let` and `set`. The value is that of the expression.
    Assign {
        variable: VariableId,
        value: Expr,
    },
    /// A block as one stage: `try`, or an expanded step. A `Return` to its label ends it with a value.
    Block {
        label: LabelId,
        block: Block,
    },
    Map(Box<Map>),
    Parallel {
        collect: bool,
        branches: Vec<Branch>,
    },
    /// First arm whose condition holds. `match` too, its subject bound before.
    If {
        arms: Vec<(Expr, Block)>,
        /// Empty when not written.
        otherwise: Block,
        /// The arms cover every value: `otherwise` cannot be reached, and the last arm may be the default.
        exhaustive: bool,
    },
    Poll(Box<Poll>),
    /// `while` (condition given) and `loop`.
    Loop {
        label: LabelId,
        condition: Option<Expr>,
        block: Block,
    },
    /// Seconds.
    Wait(Expr),
    /// A timestamp.
    WaitUntil(Expr),
    Fail(Fail),
    /// Ends the body or block with this label, with a value.
    Return {
        label: LabelId,
        value: Expr,
    },
    Break(LabelId),
    Continue(LabelId),
}

#[derive(Clone, Debug)]
pub enum Fail {
    /// A name of the author's, and the cause (a string), if any.
    Raise { error: String, cause: Option<Expr> },
    /// The handler's error again.
    Again(VariableId),
}

/// What stands around a stage. Nests in this order: retry innermost, then catch, then finally.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// In the order of matching. On a call they include the default for transient errors.
    pub retry: Vec<Retry>,
    pub catch: Vec<Handler>,
    pub finally: Option<Block>,
}

/// A rule of `Retry`, numbers as the service takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Emitted names; `States.ALL` alone.
    pub errors: Vec<String>,
    pub interval_seconds: u64,
    pub max_attempts: u64,
    pub backoff_rate: f64,
    pub max_delay_seconds: Option<u64>,
    pub jitter: bool,
}

#[derive(Clone, Debug)]
pub struct Handler {
    /// Emitted names; `States.ALL` alone.
    pub errors: Vec<String>,
    /// `error` in the handler's block.
    pub error: VariableId,
    pub block: Block,
    pub span: Span,
}

/// A Task.
#[derive(Clone, Debug)]
pub struct Call {
    pub operation: &'static Operation,
    pub form: &'static Form,
    /// What is called, in the source's words, for reports and names.
    pub target: Target,
    pub arguments: Arguments,
    /// Where in the result the stage's value is (`Payload`, `Output`); empty for the whole result.
    pub value_path: Vec<String>,
    /// The value at `value_path` is JSON text, and parsed.
    pub parse: bool,
    /// The type of that value, as the program or the model says it.
    pub result: Type,
    /// Seconds.
    pub timeout: Option<Expr>,
    /// Seconds.
    pub heartbeat: Option<Expr>,
    /// A role's ARN.
    pub credentials: Option<Expr>,
    /// The author's bound for a name that only the run knows; a build- or deploy-time pattern.
    pub within: Option<Expr>,
    /// What the call touches beside its arguments.
    pub accesses: Vec<Access>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Target {
    /// `service.operation`
    Api,
    Function(ResourceId),
    /// The Task's `Resource` is this activity's ARN.
    Activity(ResourceId),
    Pipeline(PipelineId),
}

#[derive(Clone, Debug)]
pub enum Arguments {
    /// Members by their emitted names, as written. One whose type is optional is left out of the call when null.
    Members(Vec<(String, Expr)>),
    /// The whole input of an activity.
    Value(Expr),
}

/// `reads raw/"sales/*"`
#[derive(Clone, Debug)]
pub struct Access {
    pub writes: bool,
    pub resource: ResourceId,
    /// The pattern behind `/`.
    pub path: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Map {
    pub items: Items,
    pub item: VariableId,
    pub index: VariableId,
    /// `MaxConcurrency`; None: as many as the service allows.
    pub concurrency: Option<Expr>,
    pub collect: bool,
    pub distributed: Option<Distributed>,
    pub label: LabelId,
    pub body: Block,
    /// The type of one body's value.
    pub returns: Type,
}

#[derive(Clone, Debug)]
pub enum Items {
    Values(Expr),
    Dataset(Box<Dataset>),
}

/// What an ItemReader reads.
#[derive(Clone, Debug)]
pub struct Dataset {
    pub reader: Reader,
    pub bucket: Expr,
    /// The key, or the prefix of `objects`.
    pub key: Option<Expr>,
    /// Members of `ReaderConfig` beside `InputType`, by their ASL names.
    pub config: Vec<(String, Expr)>,
    /// Further members of the reader's `Arguments`.
    pub arguments: Vec<(String, Expr)>,
    /// The author's bound for a key that only the run knows: `within` after the map.
    pub within: Option<Expr>,
    /// What reading touches beside the key, `reads` after the map: the files that a manifest names, the bucket's key.
    pub accesses: Vec<Access>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reader {
    Csv,
    Json,
    Jsonl,
    Parquet,
    Manifest,
    Inventory,
    /// `listObjectsV2`
    Objects,
}

#[derive(Clone, Debug)]
pub struct Distributed {
    /// Children are express.
    pub express: bool,
    pub batch: Option<Batch>,
    pub tolerate: Option<Tolerate>,
    pub results: Option<ResultTarget>,
    /// Given by the author; else the backend derives one from the map's name.
    pub label: Option<String>,
}

#[derive(Clone, Debug)]
pub enum Batch {
    Items(Expr),
    Bytes(Expr),
}

#[derive(Clone, Debug)]
pub enum Tolerate {
    Count(Expr),
    Percentage(Expr),
}

/// `results to s3(bucket, prefix)`
#[derive(Clone, Debug)]
pub struct ResultTarget {
    pub bucket: Expr,
    pub prefix: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct Branch {
    pub name: String,
    pub label: LabelId,
    pub block: Block,
    pub returns: Type,
    pub span: Span,
}

/// Does the block at once, then looks at its value; waits; again. The value is the last result.
#[derive(Clone, Debug)]
pub struct Poll {
    pub block: Block,
    /// `result` in the conditions.
    pub result: VariableId,
    /// Looked at before `until`, in order.
    pub fail_when: Vec<FailWhen>,
    pub until: Expr,
    /// Seconds.
    pub every: Expr,
    /// Seconds; looked at between calls. Raises `Poll.TimedOut`.
    pub timeout: Option<Expr>,
    /// Calls. Raises `Poll.TimedOut`.
    pub max: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct FailWhen {
    pub condition: Expr,
    /// `Poll.Failed` if not written.
    pub error: String,
    /// None: the last result as JSON text.
    pub cause: Option<Expr>,
}

impl Pipeline {
    /// Whether some trigger gives it a list of records as its whole input, for its only parameter.
    pub fn takes_lists(&self) -> bool {
        let mut triggers = self.settings.triggers.iter();
        triggers.any(|trigger| matches!(trigger.source, TriggerSource::Pipe(_)))
    }

    /// Whether something that starts it can leave dead letters; a queue has its own.
    pub fn has_dead_letters(&self) -> bool {
        self.settings.triggers.iter().any(|trigger| {
            !matches!(&trigger.source, TriggerSource::Pipe(pipe) if pipe.kind == trigger::PipeKind::Sqs)
        })
    }

    pub fn variable(&self, id: VariableId) -> &Variable {
        &self.variables[id.0 as usize]
    }
}

impl Resource {
    /// What the template makes; None for one that exists.
    pub fn creation(&self) -> Option<&Creation> {
        match &self.origin {
            Origin::Created(creation) => Some(creation),
            Origin::Existing(_) => None,
        }
    }
}

impl Creation {
    /// A property by its name.
    pub fn property(&self, name: &str) -> Option<&Expr> {
        let found = self.properties.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value)
    }
}

impl Program {
    pub fn param(&self, id: ParamId) -> &Param {
        &self.params[id.0 as usize]
    }

    pub fn resource(&self, id: ResourceId) -> &Resource {
        &self.resources[id.0 as usize]
    }

    pub fn pipeline(&self, id: PipelineId) -> &Pipeline {
        &self.pipelines[id.0 as usize]
    }
}

impl Stage {
    /// The blocks inside, those of its guard last: in source order but for a `finally`, which always stands last.
    pub fn blocks(&self) -> Vec<&Block> {
        let mut blocks: Vec<&Block> = match &self.kind {
            StageKind::Block { block, .. } | StageKind::Loop { block, .. } => vec![block],
            StageKind::Map(map) => vec![&map.body],
            StageKind::Parallel { branches, .. } => branches.iter().map(|b| &b.block).collect(),
            StageKind::If {
                arms, otherwise, ..
            } => arms
                .iter()
                .map(|(_, block)| block)
                .chain([otherwise])
                .collect(),
            StageKind::Poll(poll) => vec![&poll.block],
            StageKind::Call(_)
            | StageKind::Pass(_)
            | StageKind::Assign { .. }
            | StageKind::Wait(_)
            | StageKind::WaitUntil(_)
            | StageKind::Fail(_)
            | StageKind::Return { .. }
            | StageKind::Break(_)
            | StageKind::Continue(_) => Vec::new(),
        };
        blocks.extend(self.guard.catch.iter().map(|handler| &handler.block));
        blocks.extend(&self.guard.finally);
        blocks
    }
}

impl Guard {
    pub fn is_empty(&self) -> bool {
        self.retry.is_empty() && self.catch.is_empty() && self.finally.is_none()
    }
}
