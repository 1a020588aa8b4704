//! Expressions and times in a few words, as the program writes them.

use crate::ir::expr::{
    Binary, Context, Deploy, Element, Entry, Expr, ExprKind, Literal, Part, Unary,
};
use crate::ir::{Pipeline, Program};

/// Longer texts are cut: a picture is no listing.
const MOST: usize = 44;

/// What the names in a pipeline's expressions stand for.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub program: &'a Program,
    pub pipeline: &'a Pipeline,
}

impl Words<'_> {
    /// An expression on one line of limited length.
    pub fn expr(self, expr: &Expr) -> String {
        shorten(&self.write(expr, 0))
    }

    /// Seconds as a duration where they are known.
    pub fn duration(self, expr: &Expr) -> String {
        match expr.as_literal() {
            Some(Literal::Number(n)) => match n.as_u64() {
                Some(seconds) => duration(seconds),
                None => format!("{n}s"),
            },
            _ => self.expr(expr),
        }
    }

    /// `level` is that of the operator around: what binds less gets parentheses.
    fn write(self, expr: &Expr, level: u8) -> String {
        match &expr.kind {
            ExprKind::Literal(value) => literal(value),
            ExprKind::Variable(id) => self.pipeline.variable(*id).name.clone(),
            ExprKind::Local(local) => local.name.to_string(),
            ExprKind::Deploy(deploy) => self.deploy(deploy),
            ExprKind::Context(context) => context_name(*context).to_owned(),
            ExprKind::Member { base, name } => format!("{}.{name}", self.write(base, TIGHT)),
            ExprKind::Index { base, index } => {
                format!("{}[{}]", self.write(base, TIGHT), self.write(index, 0))
            }
            ExprKind::Slice { base, from, to } => {
                let end = |end: &Option<Box<Expr>>| {
                    end.as_ref()
                        .map(|end| self.write(end, 0))
                        .unwrap_or_default()
                };
                format!("{}[{}..{}]", self.write(base, TIGHT), end(from), end(to))
            }
            ExprKind::Template(parts) => {
                let parts: String = parts
                    .iter()
                    .map(|part| match part.as_literal() {
                        Some(Literal::String(text)) => text.clone(),
                        _ => format!("{{{}}}", self.write(part, 0)),
                    })
                    .collect();
                format!("\"{parts}\"")
            }
            ExprKind::Unary { op, operand } => {
                let (sign, own) = match op {
                    Unary::Not => ("not ", NOT),
                    Unary::Negate => ("-", TIGHT),
                };
                enclose(format!("{sign}{}", self.write(operand, own)), own < level)
            }
            // One member that results have in two spellings was written once.
            ExprKind::Binary {
                op: Binary::Coalesce,
                left,
                right,
            } if left.span == right.span && left.span == expr.span => self.write(left, level),
            ExprKind::Binary { op, left, right } => {
                let (sign, own) = operator(*op);
                let text = format!(
                    "{} {sign} {}",
                    self.write(left, own),
                    self.write(right, own + 1)
                );
                enclose(text, own < level)
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let text = format!(
                    "if {} then {} else {}",
                    self.write(condition, 0),
                    self.write(then, 0),
                    self.write(otherwise, 0)
                );
                enclose(text, level > 0)
            }
            ExprKind::List(elements) => {
                let elements = elements.iter().map(|Element { spread, value }| {
                    let dots = if *spread { "..." } else { "" };
                    format!("{dots}{}", self.write(value, 0))
                });
                format!("[{}]", join(elements))
            }
            ExprKind::Object(entries) => {
                let entries = entries.iter().map(|entry| match entry {
                    Entry::Pair { key, value } => format!("{key}: {}", self.write(value, 0)),
                    Entry::Computed { key, value } => {
                        format!("[{}]: {}", self.write(key, 0), self.write(value, 0))
                    }
                    Entry::Spread(value) => format!("...{}", self.write(value, 0)),
                });
                braces(&join(entries))
            }
            ExprKind::ListComprehension {
                local,
                source,
                value,
                ..
            } => format!(
                "[{} for {} in {}]",
                self.write(value, 0),
                local.name,
                self.write(source, 0)
            ),
            ExprKind::ObjectComprehension {
                local,
                source,
                key,
                value,
                ..
            } => format!(
                "{{ {}: {} for {} in {} }}",
                self.write(key, 0),
                self.write(value, 0),
                local.name,
                self.write(source, 0)
            ),
            ExprKind::Sort { list, .. } => format!("sort({})", self.write(list, 0)),
            ExprKind::Function { function, args } => {
                let args = args.iter().map(|arg| self.write(arg, 0));
                format!("{}({})", function.name, join(args))
            }
            ExprKind::Let { body, .. } => self.write(body, level),
            ExprKind::Attributes(value) => format!("attributes({})", self.write(value, 0)),
            ExprKind::Plain(value) => format!("plain({})", self.write(value, 0)),
            ExprKind::Regex(source) => format!("re\"{source}\""),
            ExprKind::Jsonata { text, .. } => format!("jsonata`{text}`"),
        }
    }

    fn deploy(self, deploy: &Deploy) -> String {
        match deploy {
            Deploy::Param(id) => self.program.param(*id).name.clone(),
            Deploy::Resource(id, _) => self.program.resource(*id).name.clone(),
            Deploy::Attribute(id, attribute) => {
                format!("{}.{attribute}", self.program.resource(*id).name)
            }
            Deploy::Part(id, part) => {
                let name = &self.program.resource(*id).name;
                match part {
                    Part::Role(_) => format!("role of {name}"),
                    Part::Profile(_) => format!("profile of {name}"),
                    Part::LogGroup => format!("logs of {name}"),
                }
            }
            Deploy::StepRole(_, step) => format!("role of {step}"),
            Deploy::Machine(id) => self.program.pipeline(*id).name.clone(),
            Deploy::Account => "aws.account".to_owned(),
            Deploy::Region => "aws.region".to_owned(),
            Deploy::Partition => "aws.partition".to_owned(),
            Deploy::StackName => "stack.name".to_owned(),
            Deploy::StackUnique => "stack.id".to_owned(),
            Deploy::Import(name) => format!("import(\"{name}\")"),
        }
    }
}

const NOT: u8 = 4;
const TIGHT: u8 = 9;

fn operator(op: Binary) -> (&'static str, u8) {
    match op {
        Binary::Coalesce => ("??", 1),
        Binary::Or => ("or", 2),
        Binary::And => ("and", 3),
        Binary::Eq => ("==", 5),
        Binary::Ne => ("!=", 5),
        Binary::Lt => ("<", 5),
        Binary::Le => ("<=", 5),
        Binary::Gt => (">", 5),
        Binary::Ge => (">=", 5),
        Binary::In => ("in", 5),
        Binary::Add => ("+", 6),
        Binary::Sub => ("-", 6),
        Binary::Mul => ("*", 7),
        Binary::Div => ("/", 7),
        Binary::Rem => ("%", 7),
    }
}

fn context_name(context: Context) -> &'static str {
    match context {
        Context::ExecutionId => "execution.id",
        Context::ExecutionName => "execution.name",
        Context::ExecutionStart => "execution.start",
        Context::ExecutionRole => "execution.role",
        Context::ExecutionInput => "execution.input",
        Context::ExecutionRedriveCount => "execution.redrive_count",
        Context::ChildId => "child.id",
        Context::ChildName => "child.name",
        Context::StateName => "state.name",
        Context::StateEntered => "state.entered",
        Context::StateRetryCount => "state.retry_count",
        Context::MachineId => "machine.id",
        Context::MachineName => "machine.name",
        Context::TaskToken => "task.token",
    }
}

fn enclose(text: String, is_needed: bool) -> String {
    if is_needed { format!("({text})") } else { text }
}

fn braces(inner: &str) -> String {
    match inner {
        "" => "{}".to_owned(),
        inner => format!("{{ {inner} }}"),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Null => "null".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Number(value) => value.to_string(),
        Literal::String(text) => format!("\"{text}\""),
        Literal::List(items) => format!("[{}]", join(items.iter().map(literal))),
        Literal::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{key}: {}", literal(value)));
            braces(&join(members))
        }
    }
}

/// `1h30m`
pub(super) fn duration(seconds: u64) -> String {
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if rest >= length {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// On one line, and not too long.
pub(super) fn shorten(text: &str) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), MOST)
}

/// At most so many characters.
pub(super) fn cut(line: &str, most: usize) -> String {
    if line.chars().count() <= most {
        return line.to_owned();
    }
    let kept: String = line.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}
