//! Writes expressions as JSONata 2.0.6: templates of a state's fields, conditions, source for the lowering to build on.
//!
//! The language has no "undefined", JSONata has. What is written here is null where the language says null, and never
//! nothing. Decides no state and no name of a variable: those come through [`Environment`].

mod code;
mod collections;
mod dynamodb;
mod functions;
mod operators;
mod raw;
mod text;
mod writer;

use serde_json::Value;

use crate::ir::types::Type;
use crate::ir::{Context, Deploy, Element, Entry, Expr, ExprKind, Literal, VariableId};
use code::Demand;
use text::Piece;
pub use text::{is_plain, is_reserved, quote, step};
use writer::{DeployForm, Writer, can_be_null, deploy_form};

/// What an expression finds around it.
pub trait Environment {
    /// The text of a variable's value at this place.
    fn variable(&self, id: VariableId) -> Atom;

    /// Where a part of a variable's value is kept under a name of its own. None: it is read as a member.
    fn part(&self, _id: VariableId, _path: &[&str]) -> Option<Atom> {
        None
    }

    /// The key of the substitution that stands for the value.
    fn deploy(&mut self, deploy: &Deploy) -> String;

    fn context(&self, context: Context) -> String {
        context_path(context).to_owned()
    }

    /// How the members of attribute values are spelled where this expression goes.
    fn attributes(&self) -> AttributeSpelling {
        AttributeSpelling::Api
    }
}

/// A variable, or a path of members from one: `$gate`, `$states.input.at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    pub text: String,
    /// There can be nothing in place of null.
    pub missing: bool,
}

impl Atom {
    /// Of something that is always there.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            missing: false,
        }
    }
}

/// How DynamoDB's types are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeSpelling {
    /// `BOOL NULL SS NS`: optimized integrations, and what is kept in a table or sent elsewhere.
    Api,
    /// `Bool Nul Ss Ns`: arguments of `aws-sdk:dynamodb`.
    Sdk,
}

/// A field's value: JSON as people write it, with `{% … %}` where only the run knows more. Null is an expression too:
/// CloudFormation takes no null in a template, and a definition stands in one.
pub fn template(expr: &Expr, env: &mut dyn Environment) -> Value {
    let expr = dynamodb::spelled_out(expr, env.attributes());
    let expr = expr.as_ref();
    match &expr.kind {
        ExprKind::Literal(literal) => literal_template(literal),
        ExprKind::List(elements) if elements.iter().all(|element| !element.spread) => elements
            .iter()
            .map(|Element { value, .. }| template(value, env))
            .collect(),
        ExprKind::Object(entries) if has_plain_keys(entries) => Value::Object(
            entries
                .iter()
                .filter_map(|entry| match entry {
                    Entry::Pair { key, value } => Some((key.clone(), template(value, env))),
                    Entry::Computed { .. } | Entry::Spread(_) => None,
                })
                .collect(),
        ),
        ExprKind::Deploy(deploy) if deploy_form(&expr.ty) == DeployForm::Text => {
            Value::String(format!("${{{}}}", env.deploy(deploy)))
        }
        ExprKind::Template(parts) => match plain_template(parts, env) {
            Some(text) => Value::String(text),
            None => Value::String(wrap(&expression(expr, env))),
        },
        _ => Value::String(wrap(&expression(expr, env))),
    }
}

/// A member of a call's arguments.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: String,
    pub value: Expr,
    /// Left out of the call when it is null.
    pub optional: bool,
}

/// The arguments of a call: JSON, or one expression where members may be left out.
pub fn members(members: &[Member], env: &mut dyn Environment) -> Value {
    let given: Vec<&Member> = members
        .iter()
        .filter(|m| !(m.optional && m.value.as_literal() == Some(&Literal::Null)))
        .collect();
    let optional = |m: &Member| m.optional && can_be_null(&m.value);
    if !given.iter().any(|member| optional(member)) {
        let values = given
            .iter()
            .map(|member| (member.name.clone(), template(&member.value, env)));
        return Value::Object(values.collect());
    }
    let spelled: Vec<(&Member, std::borrow::Cow<Expr>)> = given
        .iter()
        .map(|member| {
            (
                *member,
                dynamodb::spelled_out(&member.value, env.attributes()),
            )
        })
        .collect();
    let mut writer = Writer::new(env, spelled.iter().map(|(_, value)| value.as_ref()));
    let pairs: Vec<String> = spelled
        .iter()
        .map(|(member, value)| {
            let text = if optional(member) {
                writer.if_present(value)
            } else {
                writer.value(value).text
            };
            format!("{}: {text}", quote(&member.name))
        })
        .collect();
    Value::String(wrap(&format!("{{{}}}", pairs.join(", "))))
}

/// JSONata source that always has a value.
pub fn expression(expr: &Expr, env: &mut dyn Environment) -> String {
    let expr = dynamodb::spelled_out(expr, env.attributes());
    let expr = expr.as_ref();
    Writer::new(env, [expr]).whole(expr)
}

/// A condition, where the service checks that the value is a bool.
pub fn condition(expr: &Expr, env: &mut dyn Environment) -> Value {
    let expr = dynamodb::spelled_out(expr, env.attributes());
    let expr = expr.as_ref();
    let source = Writer::new(env, [expr]).emit(expr, Demand::Raise).text;
    Value::String(wrap(&source))
}

/// Source between the marks by which the service knows it.
pub fn wrap(source: &str) -> String {
    format!("{{% {source} %}}")
}

/// What a template's parameter of this type must match, as CloudFormation's `AllowedPattern`; for a list, each of its
/// values. None for types whose values CloudFormation checks itself.
///
/// Substitution is textual and nothing can be escaped in it, so a value may hold nothing that has a meaning around it: no
/// quote and no backslash (a string in JSONata, a string in JSON), no control character (JSON), no brace (`{%` and `%}`
/// make an expression of a string, `${` another substitution). Numbers and the words `true` and `false` need none.
pub fn parameter_pattern(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::String | Type::Timestamp | Type::Any => Some(r#"^[^'"\\{}\x00-\x1F\x7F]*$"#),
        Type::Enum(_) => None,
        Type::List(element) => parameter_pattern(element),
        _ => None,
    }
}

/// Whether a parameter may have this value: what [`parameter_pattern`] says, for defaults and the values of enums.
pub fn is_parameter_value(text: &str) -> bool {
    !text
        .chars()
        .any(|c| matches!(c, '\'' | '"' | '\\' | '{' | '}') || c.is_ascii_control())
}

fn context_path(context: Context) -> &'static str {
    match context {
        Context::ExecutionId | Context::ChildId => "$states.context.Execution.Id",
        Context::ExecutionName | Context::ChildName => "$states.context.Execution.Name",
        Context::ExecutionStart => "$states.context.Execution.StartTime",
        Context::ExecutionRole => "$states.context.Execution.RoleArn",
        Context::ExecutionInput => "$states.context.Execution.Input",
        Context::ExecutionRedriveCount => "$states.context.Execution.RedriveCount",
        Context::StateName => "$states.context.State.Name",
        Context::StateEntered => "$states.context.State.EnteredTime",
        Context::StateRetryCount => "$states.context.State.RetryCount",
        Context::MachineId => "$states.context.StateMachine.Id",
        Context::MachineName => "$states.context.StateMachine.Name",
        Context::TaskToken => "$states.context.Task.Token",
    }
}

/// The literal as JSON.
fn json(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Number(number) => Value::Number(number.clone()),
        Literal::String(text) => Value::String(text.clone()),
        Literal::List(items) => items.iter().map(json).collect(),
        Literal::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), json(value)))
            .collect(),
    }
}

fn literal_template(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::String(wrap("null")),
        Literal::String(text) if !is_plain(text) => Value::String(wrap(&quote(text))),
        Literal::List(items) => items.iter().map(literal_template).collect(),
        Literal::Object(entries) if entries.iter().all(|(key, _)| is_plain(key)) => entries
            .iter()
            .map(|(key, value)| (key.clone(), literal_template(value)))
            .collect(),
        Literal::Object(_) => Value::String(wrap(&writer::literal(literal).text)),
        other => json(other),
    }
}

/// The keys of an object that can stand in the definition: nobody looks for expressions in a key, only for substitutions.
fn has_plain_keys(entries: &[Entry]) -> bool {
    entries.iter().all(|entry| match entry {
        Entry::Pair { key, .. } => is_plain(key),
        Entry::Computed { .. } | Entry::Spread(_) => false,
    })
}

/// A string whose parts are all known before the run.
fn plain_template(parts: &[Expr], env: &mut dyn Environment) -> Option<String> {
    let known = parts.iter().all(|part| match &part.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Deploy(_) => deploy_form(&part.ty) != DeployForm::List,
        _ => false,
    });
    if !known {
        return None;
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for part in parts {
        match &part.kind {
            ExprKind::Deploy(deploy) => pieces.push(Piece::Key(env.deploy(deploy))),
            ExprKind::Literal(literal) => {
                let text = writer::literal_text(literal);
                match pieces.last_mut() {
                    Some(Piece::Text(before)) => before.push_str(&text),
                    _ => pieces.push(Piece::Text(text)),
                }
            }
            _ => {}
        }
    }
    text::are_plain(&pieces).then(|| text::join_pieces(&pieces))
}
