//! Expressions: typed, with the time at which they are known.

use std::sync::Arc;

use super::functions::Function;
use super::types::Type;
use super::{ParamId, PipelineId, ResourceId, VariableId};
use crate::catalog::resource::RefForm;
use crate::source::Span;

/// When a value is known. The latest part of an expression decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Time {
    Build,
    Deploy,
    Run,
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub time: Time,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    /// Every build-time expression is folded to this.
    Literal(Literal),
    Variable(VariableId),
    /// A comprehension's name, or the argument of an expanded `fn`.
    Local(Local),
    Deploy(Deploy),
    Context(Context),
    /// A member that is not there is null.
    Member {
        base: Box<Expr>,
        name: String,
    },
    /// An element of a list (negative from the end; out of range gives null), or a member by a computed key.
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    /// Both ends included.
    Slice {
        base: Box<Expr>,
        from: Option<Box<Expr>>,
        to: Option<Box<Expr>>,
    },
    /// Strings and interpolated values, joined. Null gives the empty string, what is no string its JSON text.
    Template(Vec<Expr>),
    Unary {
        op: Unary,
        operand: Box<Expr>,
    },
    Binary {
        op: Binary,
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
    /// `[value for local in source if condition]`
    ListComprehension {
        local: Local,
        source: Box<Expr>,
        condition: Option<Box<Expr>>,
        value: Box<Expr>,
    },
    /// `{ key: value for local in source if condition }`
    ObjectComprehension {
        local: Local,
        source: Box<Expr>,
        condition: Option<Box<Expr>>,
        key: Box<Expr>,
        value: Box<Expr>,
    },
    /// `sort(list, key for local)`
    Sort {
        list: Box<Expr>,
        local: Local,
        key: Box<Expr>,
    },
    Function {
        function: &'static Function,
        args: Vec<Expr>,
    },
    /// An argument of an expanded `fn`, evaluated once, and the body that reads it.
    Let {
        local: Local,
        value: Box<Expr>,
        body: Box<Expr>,
    },
    /// `attributes(value)`: DynamoDB's attribute values by type. A member of type string set or number set stands as a
    /// call of `string_set`/`number_set` inside.
    Attributes(Box<Expr>),
    /// `plain(item)`, reading both spellings.
    Plain(Box<Expr>),
    /// `re"…"`
    Regex(String),
    /// The text between the backticks, and the values of the names in it.
    Jsonata {
        text: String,
        names: Vec<(String, Expr)>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Null,
    Bool(bool),
    /// JSON's number: integers stay integers.
    Number(serde_json::Number),
    String(String),
    List(Vec<Literal>),
    /// In source order.
    Object(Vec<(String, Literal)>),
}

/// A name inside one expression; ids are unique in a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Local {
    pub id: u32,
    pub name: Arc<str>,
}

/// Known when the template is deployed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deploy {
    Param(ParamId),
    Resource(ResourceId, RefForm),
    /// An attribute of a made resource, by CloudFormation's name.
    Attribute(ResourceId, String),
    /// What comes along with a made resource.
    Part(ResourceId, Part),
    /// The ARN of the role that a step of a pipeline calls under.
    StepRole(PipelineId, String),
    /// A state machine's ARN.
    Machine(PipelineId),
    Account,
    Region,
    Partition,
    StackName,
    /// A part of the stack's id that no other stack has.
    StackUnique,
    Import(String),
}

/// What comes along with a resource that the template makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The ARN of the role at this place of its roles.
    Role(usize),
    /// The name of the instance profile around that role.
    Profile(usize),
    /// The name of the log group.
    LogGroup,
}

/// The context object, always the pipeline's own; `Child…` are of a distributed map's child execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    ExecutionId,
    ExecutionName,
    ExecutionStart,
    ExecutionRole,
    ExecutionInput,
    ExecutionRedriveCount,
    ChildId,
    ChildName,
    StateName,
    StateEntered,
    StateRetryCount,
    MachineId,
    MachineName,
    TaskToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    Not,
    Negate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `??`
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

#[derive(Clone, Debug)]
pub struct Element {
    pub spread: bool,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub enum Entry {
    Pair { key: String, value: Expr },
    Computed { key: Expr, value: Expr },
    Spread(Expr),
}

impl Expr {
    pub fn literal(value: Literal, ty: Type, span: Span) -> Self {
        Self {
            kind: ExprKind::Literal(value),
            ty,
            time: Time::Build,
            span,
        }
    }

    pub fn null(span: Span) -> Self {
        Self::literal(Literal::Null, Type::Null, span)
    }

    pub fn as_literal(&self) -> Option<&Literal> {
        match &self.kind {
            ExprKind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The parts that an expression is made of, in evaluation order.
    pub fn children(&self) -> Vec<&Expr> {
        self.kind.children()
    }

    /// As [`Expr::children`], to change them in place.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        self.kind.children_mut()
    }
}

impl ExprKind {
    /// The parts that it is made of, in evaluation order.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            ExprKind::Literal(_)
            | ExprKind::Variable(_)
            | ExprKind::Local(_)
            | ExprKind::Deploy(_)
            | ExprKind::Context(_)
            | ExprKind::Regex(_) => Vec::new(),
            ExprKind::Member { base, .. } => vec![base],
            ExprKind::Index { base, index } => vec![base, index],
            ExprKind::Slice { base, from, to } => std::iter::once(base.as_ref())
                .chain(from.as_deref())
                .chain(to.as_deref())
                .collect(),
            ExprKind::Template(parts) => parts.iter().collect(),
            ExprKind::Unary { operand, .. } => vec![operand],
            ExprKind::Binary { left, right, .. } => vec![left, right],
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => vec![condition, then, otherwise],
            ExprKind::List(elements) => elements.iter().map(|e| &e.value).collect(),
            ExprKind::Object(entries) => entries
                .iter()
                .flat_map(|entry| match entry {
                    Entry::Pair { value, .. } | Entry::Spread(value) => vec![value],
                    Entry::Computed { key, value } => vec![key, value],
                })
                .collect(),
            ExprKind::ListComprehension {
                source,
                condition,
                value,
                ..
            } => std::iter::once(source.as_ref())
                .chain(condition.as_deref())
                .chain(std::iter::once(value.as_ref()))
                .collect(),
            ExprKind::ObjectComprehension {
                source,
                condition,
                key,
                value,
                ..
            } => std::iter::once(source.as_ref())
                .chain(condition.as_deref())
                .chain([key.as_ref(), value.as_ref()])
                .collect(),
            ExprKind::Sort { list, key, .. } => vec![list, key],
            ExprKind::Function { args, .. } => args.iter().collect(),
            ExprKind::Let { value, body, .. } => vec![value, body],
            ExprKind::Attributes(value) | ExprKind::Plain(value) => vec![value],
            ExprKind::Jsonata { names, .. } => names.iter().map(|(_, value)| value).collect(),
        }
    }

    /// As [`ExprKind::children`], to change them in place.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            ExprKind::Literal(_)
            | ExprKind::Variable(_)
            | ExprKind::Local(_)
            | ExprKind::Deploy(_)
            | ExprKind::Context(_)
            | ExprKind::Regex(_) => Vec::new(),
            ExprKind::Member { base, .. } => vec![base],
            ExprKind::Index { base, index } => vec![base, index],
            ExprKind::Slice { base, from, to } => std::iter::once(base.as_mut())
                .chain(from.as_deref_mut())
                .chain(to.as_deref_mut())
                .collect(),
            ExprKind::Template(parts) => parts.iter_mut().collect(),
            ExprKind::Unary { operand, .. } => vec![operand],
            ExprKind::Binary { left, right, .. } => vec![left, right],
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => vec![condition, then, otherwise],
            ExprKind::List(elements) => elements.iter_mut().map(|e| &mut e.value).collect(),
            ExprKind::Object(entries) => entries
                .iter_mut()
                .flat_map(|entry| match entry {
                    Entry::Pair { value, .. } | Entry::Spread(value) => vec![value],
                    Entry::Computed { key, value } => vec![key, value],
                })
                .collect(),
            ExprKind::ListComprehension {
                source,
                condition,
                value,
                ..
            } => std::iter::once(source.as_mut())
                .chain(condition.as_deref_mut())
                .chain(std::iter::once(value.as_mut()))
                .collect(),
            ExprKind::ObjectComprehension {
                source,
                condition,
                key,
                value,
                ..
            } => std::iter::once(source.as_mut())
                .chain(condition.as_deref_mut())
                .chain([key.as_mut(), value.as_mut()])
                .collect(),
            ExprKind::Sort { list, key, .. } => vec![list, key],
            ExprKind::Function { args, .. } => args.iter_mut().collect(),
            ExprKind::Let { value, body, .. } => vec![value, body],
            ExprKind::Attributes(value) | ExprKind::Plain(value) => vec![value],
            ExprKind::Jsonata { names, .. } => names.iter_mut().map(|(_, value)| value).collect(),
        }
    }
}
