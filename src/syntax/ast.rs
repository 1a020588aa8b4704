//! The program as written: sugar, spelling and order kept, comments not (they are trivia, by position).
//!
//! A node's span ends at its last child. `Invalid` stands where recovery left text out; it has had its diagnostic.

use crate::source::{Span, Spanned};

pub type Name = Spanned<String>;

#[derive(Clone, Debug, Default)]
pub struct File {
    /// The `//!` lines, joined by newlines, without their marks.
    pub doc: Option<Spanned<String>>,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub struct Item {
    /// The `///` lines, joined by newlines, without their marks.
    pub doc: Option<Spanned<String>>,
    pub kind: ItemKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ItemKind {
    Use(Use),
    Param(Param),
    Let(Let),
    Fn(Fn),
    Type(TypeAlias),
    Retry(RetryPolicy),
    Resource(Resource),
    Step(Step),
    Pipeline(Pipeline),
    Test(Test),
    Invalid,
}

/// `use "lib/common.flow"`
#[derive(Clone, Debug)]
pub struct Use {
    pub path: Text,
}

/// `param env: "dev" | "prod" = "dev"`
#[derive(Clone, Debug)]
pub struct Param {
    pub name: Name,
    pub ty: Type,
    pub default: Option<Expr>,
}

/// `let date = substring(at, 0, 10)`, as an item, a member or a stage.
#[derive(Clone, Debug)]
pub struct Let {
    pub name: Name,
    pub value: Expr,
}

/// `fn uri(bucket: string, key: string) = "s3://{bucket}/{key}"`
#[derive(Clone, Debug)]
pub struct Fn {
    pub name: Name,
    pub params: Vec<Parameter>,
    pub body: Expr,
}

#[derive(Clone, Debug)]
pub struct TypeAlias {
    pub name: Name,
    pub ty: Type,
}

/// `retry patient = max 30 every 1m backoff 1.5`
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    pub name: Name,
    pub parts: Vec<RetryPart>,
}

/// `kind name = "existing"`, `kind name { … }`, or both; `resource name: AWS::Any::Type …`.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The kind's word, or `resource`.
    pub kind: Name,
    pub name: Name,
    /// `AWS::Any::Type`, after `resource name:`.
    pub cfn_type: Option<Name>,
    /// The existing (or wished) name.
    pub existing: Option<Expr>,
    /// The braces' content: the resource is made by the template.
    pub properties: Option<Vec<Property>>,
    /// The result's type: of functions and activities.
    pub returns: Option<Type>,
}

#[derive(Clone, Debug)]
pub enum Property {
    /// `Name: expr`, or a short form.
    Value {
        key: Spanned<String>,
        value: Expr,
    },
    /// `reads …`, `writes …`
    Access(AccessClause),
    /// `catalog sales_db, …`
    Catalog(Vec<Name>, Span),
    /// `logs`
    Logs(Span),
    Invalid(Span),
}

/// `reads raw/"sales/*", orders` or `writes …`
#[derive(Clone, Debug)]
pub struct AccessClause {
    pub mode: AccessMode,
    pub targets: Vec<AccessTarget>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessMode {
    Reads,
    Writes,
}

#[derive(Clone, Debug)]
pub struct AccessTarget {
    pub resource: Name,
    /// The pattern behind `/`.
    pub path: Option<Expr>,
    pub span: Span,
}

/// `step name = stage` or `step name(params) { flow }`
#[derive(Clone, Debug)]
pub struct Step {
    pub name: Name,
    pub body: StepBody,
}

#[derive(Clone, Debug)]
pub enum StepBody {
    Stage(Box<Stage>),
    Flow {
        params: Vec<Parameter>,
        block: Block,
    },
    Invalid,
}

/// A parameter of a step, function or pipeline.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: Name,
    pub ty: Type,
    pub default: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Pipeline {
    pub name: Name,
    pub params: Vec<Parameter>,
    pub members: Vec<Member>,
    /// The closing brace's place, or where it should be.
    pub end: Span,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub doc: Option<Spanned<String>>,
    pub kind: MemberKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum MemberKind {
    Setting(Setting),
    Let(Let),
    Step(Step),
    Flow(Flow),
    Invalid,
}

#[derive(Clone, Debug)]
pub enum Setting {
    /// `mode standard` or `mode express`, the word as written.
    Mode(Name),
    Trigger(Trigger),
    Timeout(Expr),
    /// `defaults { retry …  timeout … }`
    Defaults(Vec<Modifier>),
    /// `log errors, payload, keep 30d`
    Log {
        level: Name,
        payload: Option<Span>,
        keep: Option<Expr>,
    },
    Trace,
    /// `encrypt key`
    Encrypt(Expr),
    /// `tags { team: "data" }`
    Tags(Vec<Entry>),
    /// `alarm failed, duration > 3h notify ops`
    Alarm {
        conditions: Vec<AlarmCondition>,
        notify: Vec<Name>,
    },
    Dashboard,
    /// `role name`
    Role(Name),
    /// `role per_step`
    RolePerStep,
    Release(Release),
    Allow(Allow),
}

/// `release live`, `release live linear 10% every 5m`, `release live canary 10% for 10m`
#[derive(Clone, Debug)]
pub struct Release {
    pub alias: Name,
    pub gradual: Option<Gradual>,
}

#[derive(Clone, Debug)]
pub struct Gradual {
    /// Else canary.
    pub linear: bool,
    pub percent: Expr,
    pub interval: Expr,
}

#[derive(Clone, Debug)]
pub struct AlarmCondition {
    pub metric: Name,
    /// `> 3h`
    pub above: Option<Expr>,
}

/// `on schedule("cron(…)", timezone: "…") with { at: event.scheduled_time }`
#[derive(Clone, Debug)]
pub struct Trigger {
    pub kind: Name,
    pub args: Vec<Arg>,
    pub with: Option<Expr>,
}

/// `allow(unbounded-poll, "the vendor promises an end")`
#[derive(Clone, Debug)]
pub struct Allow {
    pub lint: Name,
    pub reason: Option<Text>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Type {
    pub kind: TypeKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TypeKind {
    /// A built-in type, an alias or a resource kind.
    Name(String),
    /// `"dev"`
    Literal(String),
    List(Box<Type>),
    Object(Vec<Field>),
    Optional(Box<Type>),
    Union(Vec<Type>),
    Invalid,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: Name,
    pub optional: bool,
    pub ty: Type,
}

/// A string literal without expressions in it, as a path, a name or a reason.
pub type Text = Spanned<String>;

/// Stages joined by `->`. At least one.
#[derive(Clone, Debug)]
pub struct Flow {
    pub stages: Vec<Stage>,
    pub span: Span,
}

/// `{ flow }`; may be empty.
#[derive(Clone, Debug)]
pub struct Block {
    pub stages: Vec<Stage>,
    /// With the braces.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Stage {
    pub binding: Option<Binding>,
    pub kind: StageKind,
    pub modifiers: Vec<Modifier>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Binding {
    /// `x = stage`
    Name(Name),
    /// `{ p, q } = stage`
    Fields(Vec<Name>, Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum CallMode {
    /// The most complete pattern that the integration has.
    #[default]
    Complete,
    /// `start`: go on as soon as the service has accepted.
    Start,
    /// `await`: wait for the task token.
    Await,
}

#[derive(Clone, Debug)]
pub enum StageKind {
    /// A step, function, activity, pipeline or `body` by name; `lambda(…)` and `http(…)` too.
    Use {
        mode: CallMode,
        name: Name,
        /// None without parentheses.
        args: Option<Vec<Arg>>,
        block: Option<Block>,
        /// From the name to the closing parenthesis.
        call: Span,
    },
    /// `service.operation(Member: value)`
    Call {
        mode: CallMode,
        service: Name,
        operation: Name,
        args: Vec<Arg>,
        /// From the service to the closing parenthesis.
        call: Span,
    },
    Pass(Option<Expr>),
    Let(Let),
    Set {
        name: Name,
        value: Expr,
    },
    Map(Box<Map>),
    Parallel {
        collect: Option<Span>,
        branches: Vec<Branch>,
    },
    If(Box<If>),
    Match(Box<Match>),
    Try(Block),
    Poll(Box<Poll>),
    While {
        condition: Expr,
        block: Block,
    },
    Loop(Block),
    Wait(Expr),
    WaitUntil(Expr),
    Fail {
        error: Option<ErrorName>,
        cause: Option<Expr>,
    },
    Return(Option<Expr>),
    Break,
    Continue,
    Invalid,
}

/// `name { flow }` in a `parallel`.
#[derive(Clone, Debug)]
pub struct Branch {
    pub name: Name,
    pub block: Block,
}

/// `map(x: Row in xs, n) options body`
#[derive(Clone, Debug)]
pub struct Map {
    pub item: Option<Name>,
    pub item_type: Option<Type>,
    pub items: Expr,
    pub concurrency: Option<Expr>,
    pub options: Vec<MapOption>,
    pub body: MapBody,
}

#[derive(Clone, Debug)]
pub enum MapBody {
    /// `{ … }`
    Block(Block),
    /// `-> stage`, with its modifiers
    Stage(Stage),
    Invalid,
}

#[derive(Clone, Debug)]
pub struct MapOption {
    pub kind: MapOptionKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum MapOptionKind {
    Distributed,
    Express,
    Standard,
    Collect,
    Batch(Expr),
    /// `tolerate 5%` (percent) or `tolerate 10`
    Tolerate {
        value: Expr,
        percent: bool,
    },
    /// `results to s3(bucket, prefix)`
    Results {
        target: Name,
        args: Vec<Arg>,
    },
    Label(Text),
}

#[derive(Clone, Debug)]
pub struct If {
    pub condition: Expr,
    pub then: Block,
    pub otherwise: Option<Else>,
}

#[derive(Clone, Debug)]
pub enum Else {
    If(Box<If>),
    Block(Block),
}

#[derive(Clone, Debug)]
pub struct Match {
    pub subject: Expr,
    pub arms: Vec<Arm>,
}

#[derive(Clone, Debug)]
pub struct Arm {
    /// Empty for `else`.
    pub patterns: Vec<Pattern>,
    pub block: Block,
    pub span: Span,
}

/// `"A"`, `> 10`, `null`
#[derive(Clone, Debug)]
pub struct Pattern {
    /// `Eq` when none is written.
    pub op: Spanned<BinaryOp>,
    /// A literal.
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub struct Poll {
    pub body: PollBody,
    pub parts: Vec<PollPart>,
}

#[derive(Clone, Debug)]
pub enum PollBody {
    Stage(Box<Stage>),
    Block(Block),
}

#[derive(Clone, Debug)]
pub struct PollPart {
    pub kind: PollPartKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum PollPartKind {
    Until(Expr),
    Every(Expr),
    Timeout(Expr),
    Max(Expr),
    FailWhen {
        condition: Expr,
        error: Option<ErrorName>,
        cause: Option<Expr>,
    },
}

/// A dotted name or a string; `all` is `ErrorName { name: "all", quoted: false }`.
#[derive(Clone, Debug)]
pub struct ErrorName {
    pub name: String,
    pub quoted: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Modifier {
    pub kind: ModifierKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ModifierKind {
    /// `retry [policy] parts`
    Retry {
        policy: Option<Name>,
        parts: Vec<RetryPart>,
    },
    /// `retry none`
    RetryNone,
    Catch {
        errors: Vec<ErrorName>,
        block: Block,
    },
    Finally(Block),
    Timeout(Expr),
    Heartbeat(Expr),
    Credentials(Expr),
    Named(Text),
    Within(Expr),
    Access(AccessClause),
    Returns(Type),
    Allow(Allow),
}

#[derive(Clone, Debug)]
pub struct RetryPart {
    pub kind: RetryPartKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum RetryPartKind {
    On(Vec<ErrorName>),
    Max(Expr),
    Every(Expr),
    Backoff(Expr),
    MaxDelay(Expr),
    Jitter,
}

/// `value`, `name: value`, or `x.key for x` (the key of `sort`).
#[derive(Clone, Debug)]
pub struct Arg {
    pub name: Option<Spanned<String>>,
    pub value: Expr,
    pub for_name: Option<Name>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Null,
    Bool(bool),
    /// As written; valid JSON.
    Number(String),
    /// Seconds.
    Duration(u64),
    /// Bytes.
    Size(u64),
    /// Any string literal, its escapes resolved and, in `"""…"""`, its indentation removed.
    String(Vec<StringPart>),
    /// `re"…"`, the pattern's text.
    Regex(String),
    /// `` jsonata`…` ``, the text between the backticks.
    Jsonata(String),
    Name(String),
    Member {
        base: Box<Expr>,
        name: Name,
    },
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    /// `a[1..3]`, both ends included
    Slice {
        base: Box<Expr>,
        from: Option<Box<Expr>>,
        to: Option<Box<Expr>>,
    },
    Call {
        name: Name,
        args: Vec<Arg>,
    },
    Unary {
        op: Spanned<UnaryOp>,
        operand: Box<Expr>,
    },
    Binary {
        op: Spanned<BinaryOp>,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    List(Vec<Element>),
    Object(Vec<Entry>),
    /// `[value for name in source if condition]`
    ListComprehension {
        value: Box<Expr>,
        clause: Box<ForClause>,
    },
    /// `{ key: value for name in source if condition }`
    ObjectComprehension {
        key: Box<Expr>,
        value: Box<Expr>,
        clause: Box<ForClause>,
    },
    Paren(Box<Expr>),
    Invalid,
}

#[derive(Clone, Debug)]
pub enum StringPart {
    Text(String),
    Expr(Expr),
}

#[derive(Clone, Debug)]
pub struct Element {
    pub spread: bool,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub enum Entry {
    /// `key: value` or `"key": value`
    Pair { key: Spanned<String>, value: Expr },
    /// `[key]: value`
    Computed { key: Expr, value: Expr },
    /// `short`
    Short(Name),
    /// `...value`
    Spread(Expr),
}

#[derive(Clone, Debug)]
pub struct ForClause {
    pub name: Name,
    pub source: Expr,
    pub condition: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Not,
    Negate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Coalesce,
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

impl BinaryOp {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            BinaryOp::Coalesce => "??",
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::In => "in",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
        }
    }
}

/// `test "…" of pipeline { … }`
#[derive(Clone, Debug)]
pub struct Test {
    pub title: Text,
    pub pipeline: Name,
    pub members: Vec<TestMember>,
}

#[derive(Clone, Debug)]
pub struct TestMember {
    pub kind: TestMemberKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TestMemberKind {
    /// `given { … }`
    Given(Expr),
    /// `mock NAME [when cond] answer, …`
    Mock {
        target: MockTarget,
        when: Option<Expr>,
        answers: Vec<Answer>,
    },
    Expect(Expectation),
    /// `each step [but a, b] fails { expect … }`
    EachStepFails {
        but: Vec<MockTarget>,
        expected: Vec<TestMember>,
    },
    Invalid,
}

/// A step, binding, quoted state name, or `service.operation`.
#[derive(Clone, Debug)]
pub struct MockTarget {
    pub parts: Vec<Name>,
    pub quoted: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub kind: AnswerKind,
    /// `after 2h`: how long the call takes.
    pub after: Option<Expr>,
}

#[derive(Clone, Debug)]
pub enum AnswerKind {
    Returns(Expr),
    Fails {
        error: ErrorName,
        cause: Option<Expr>,
    },
    /// Nobody answers.
    Never,
}

#[derive(Clone, Debug)]
pub enum Expectation {
    /// `expect succeeded [with v]`
    Succeeded(Option<Expr>),
    /// `expect failed Name ["cause"]`
    Failed {
        error: Option<ErrorName>,
        cause: Option<Expr>,
    },
    TimedOut,
    /// `expect NAME called n [with { … }]`
    Called {
        target: MockTarget,
        times: Expr,
        with: Option<Expr>,
    },
    /// `expect A before B`
    Before {
        first: MockTarget,
        second: MockTarget,
    },
    /// `expect duration < 5m`
    Holds(Expr),
}
