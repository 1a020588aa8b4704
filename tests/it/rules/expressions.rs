//! Rules about expressions: where they may stand, that they parse, and which names they may read there.

use std::collections::BTreeSet;

use jsonata_core::ast::{AstNode, BinaryOp, Stage};
use jsonata_core::parser;

use super::document::{Document, State, Text, expression};

type Say<'s> = &'s mut dyn FnMut(&str, String);

/// Functions of JSONata 2.0.6 that Step Functions has, and its own.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
const FUNCTIONS: &str = "string length substring substringBefore substringAfter uppercase lowercase trim pad contains split join \
    match replace base64encode base64decode encodeUrl encodeUrlComponent decodeUrl decodeUrlComponent number abs floor ceil round \
    power sqrt formatNumber formatBase formatInteger parseInteger sum max min average boolean not exists count append sort reverse \
    shuffle distinct zip keys lookup spread merge each error assert type now millis fromMillis toMillis map filter single reduce \
    sift partition range hash random uuid parse";

fn is_function(name: &str) -> bool {
    FUNCTIONS.split_whitespace().any(|known| known == name)
}

/// Fields of which no part is evaluated.
const CONSTANT: [&str; 14] = [
    "Type",
    "Comment",
    "Resource",
    "Next",
    "Default",
    "End",
    "Label",
    "ItemProcessor",
    "Catch/Next",
    "Catch/ErrorEquals",
    "Catch/Comment",
    "Choices/Next",
    "Choices/Comment",
    "Retry/ErrorEquals",
];

pub fn expressions_stand_where_they_are_evaluated(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        for text in state.texts() {
            if text.text.contains("{%") && CONSTANT.contains(&text.field.as_str()) {
                say(&text.path, text.text.to_owned());
            }
        }
    }
}

/// An expression begins with `{%` and ends with `%}`; half of one, or one with blanks around it, is refused.
pub fn expressions_are_whole_strings(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        for text in state.texts() {
            let trimmed = text.text.trim();
            let (begins, ends) = (trimmed.starts_with("{%"), trimmed.ends_with("%}"));
            if (begins || ends) && expression(text.text).is_none() {
                say(&text.path, text.text.to_owned());
            }
        }
        for (field, value) in state.fields {
            if !["Branches", "ItemProcessor"].contains(&field.as_str()) {
                keys(value, &mut |key| {
                    if key.contains("{%") {
                        say(&state.path, format!("the key {key}"));
                    }
                });
            }
        }
    }
}

fn keys(value: &serde_json::Value, visit: &mut dyn FnMut(&str)) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, member) in members {
                visit(key);
                keys(member, visit);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, visit)),
        _ => {}
    }
}

/// With a number for each `${…}`, which the template fills in: as a number, or as a part of a string.
fn filled(source: &str) -> String {
    let mut filled = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("${")
        && let Some((_, behind)) = after.split_once('}')
    {
        filled.push_str(before);
        filled.push('1');
        rest = behind;
    }
    filled + rest
}

pub fn expressions_parse(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        for text in state.texts() {
            if let Some(source) = expression(text.text)
                && let Err(error) = parser::parse(&filled(source))
            {
                say(&text.path, format!("{source}: {error:?}"));
            }
        }
    }
}

/// What an expression reads from outside of itself.
#[derive(Default)]
struct Names {
    /// Of variables, and of functions that stand without a call, without `$`.
    variables: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// The paths from `$states`: `result.Payload`.
    states: BTreeSet<String>,
    /// `$`, `$$` or a bare name where there is no context.
    rootless: bool,
    bound: BTreeSet<String>,
}

fn names(text: &Text<'_>) -> Option<Names> {
    let tree = parser::parse(&filled(expression(text.text)?)).ok()?;
    let mut names = Names::default();
    names.visit(&tree, false);
    let bound = std::mem::take(&mut names.bound);
    names.variables.retain(|name| !bound.contains(name));
    names.functions.retain(|name| !bound.contains(name));
    Some(names)
}

impl Names {
    /// `inner`: something before gives the context.
    fn visit(&mut self, node: &AstNode, inner: bool) {
        let all = |names: &mut Self, nodes: &[AstNode], inner: bool| {
            nodes.iter().for_each(|node| names.visit(node, inner));
        };
        match node {
            AstNode::Variable(name) if name.is_empty() => self.rootless |= !inner,
            AstNode::Variable(name) => {
                if name == "states" {
                    self.states.insert(String::new());
                }
                self.variables.insert(name.clone());
            }
            AstNode::ParentVariable(_) => self.rootless = true,
            AstNode::Name(_) | AstNode::Wildcard | AstNode::Descendant | AstNode::Parent(_) => {
                self.rootless |= !inner;
            }
            AstNode::Path { steps } => {
                if let Some(AstNode::Variable(root)) = steps.first().map(|step| &step.node)
                    && root == "states"
                {
                    let path: Vec<&str> = steps[1..]
                        .iter()
                        .map_while(|step| match &step.node {
                            AstNode::Name(name) => Some(name.as_str()),
                            _ => None,
                        })
                        .collect();
                    self.states.insert(path.join("."));
                }
                for (n, step) in steps.iter().enumerate() {
                    let root =
                        n == 0 && matches!(&step.node, AstNode::Variable(name) if name == "states");
                    if !root {
                        self.visit(&step.node, inner || n > 0);
                    }
                    self.bound.extend(step.focus.clone());
                    self.bound.extend(step.index_var.clone());
                    for stage in &step.stages {
                        if let Stage::Filter(filter) = stage {
                            self.visit(filter, true);
                        }
                    }
                }
            }
            AstNode::Binary { op, lhs, rhs } => {
                match (op, lhs.as_ref()) {
                    (BinaryOp::ColonEqual, AstNode::Variable(name)) => {
                        self.bound.insert(name.clone());
                    }
                    _ => self.visit(lhs, inner),
                }
                self.visit(rhs, inner);
            }
            AstNode::Unary { operand, .. } => self.visit(operand, inner),
            AstNode::Function { name, args, .. } => {
                self.functions.insert(name.clone());
                all(self, args, inner);
            }
            AstNode::Call { procedure, args } => {
                self.visit(procedure, inner);
                all(self, args, inner);
            }
            AstNode::Lambda { params, body, .. } => {
                self.bound.extend(params.iter().cloned());
                self.visit(body, inner);
            }
            AstNode::Array(items) | AstNode::Block(items) => all(self, items, inner),
            AstNode::ArrayGroup(items) => all(self, items, true),
            AstNode::Object(pairs) => {
                for (key, value) in pairs {
                    self.visit(key, inner);
                    self.visit(value, inner);
                }
            }
            AstNode::ObjectTransform { input, pattern } => {
                self.visit(input, inner);
                for (key, value) in pattern {
                    self.visit(key, true);
                    self.visit(value, true);
                }
            }
            AstNode::Conditional {
                condition,
                then_branch,
                else_branch,
            } => {
                self.visit(condition, inner);
                self.visit(then_branch, inner);
                if let Some(branch) = else_branch {
                    self.visit(branch, inner);
                }
            }
            AstNode::FunctionApplication(inside) => self.visit(inside, true),
            AstNode::Sort { input, terms } => {
                self.visit(input, inner);
                terms.iter().for_each(|(term, _)| self.visit(term, true));
            }
            AstNode::Transform {
                location,
                update,
                delete,
            } => {
                self.visit(location, true);
                self.visit(update, true);
                if let Some(delete) = delete {
                    self.visit(delete, true);
                }
            }
            AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. } => {}
        }
    }
}

fn each_expression(document: &Document<'_>, visit: &mut dyn FnMut(&State<'_>, &Text<'_>, &Names)) {
    for state in document.states() {
        for text in state.texts() {
            if let Some(names) = names(&text) {
                visit(&state, &text, &names);
            }
        }
    }
}

pub fn functions_exist(document: &Document<'_>, say: Say<'_>) {
    each_expression(document, &mut |_, text, names| {
        for name in names.functions.iter().filter(|name| !is_function(name)) {
            say(&text.path, format!("${name} is no function: {}", text.text));
        }
    });
}

/// What the flow assigns, or one around it as far as a child execution sees.
pub fn variables_are_assigned_in_sight(document: &Document<'_>, say: Say<'_>) {
    let assigned = assigned(document);
    each_expression(document, &mut |state, text, names| {
        let mut seen = document.seen_from(state.flow);
        seen.push(state.flow);
        for name in &names.variables {
            let known = name == "states"
                || is_function(name)
                || seen
                    .iter()
                    .any(|flow| assigned[*flow].contains(name.as_str()));
            if !known {
                say(&text.path, format!("${name}: {}", text.text));
            }
        }
    });
}

fn assigned<'d>(document: &Document<'d>) -> Vec<BTreeSet<&'d str>> {
    let mut assigned = vec![BTreeSet::new(); document.flows.len()];
    for state in document.states() {
        assigned[state.flow].extend(state.assigned());
    }
    assigned
}

/// A name belongs to the outermost flow that assigns it.
pub fn no_flow_assigns_a_name_of_one_around_it(document: &Document<'_>, say: Say<'_>) {
    let assigned = assigned(document);
    for state in document.states() {
        let mut at = state.flow;
        while let Some(outer) = document.flows[at].outer {
            for name in state.assigned() {
                if assigned[outer].contains(name) {
                    say(&state.path, format!("assigns ${name}"));
                }
            }
            at = outer;
        }
    }
}

pub fn assigned_names_are_names(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        for name in state.assigned() {
            let mut chars = name.chars();
            let begins = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
            let goes_on = chars.all(|c| c.is_alphanumeric() || c == '_');
            let taken = name == "states" || name == "eval" || is_function(name);
            if !begins || !goes_on || taken || name.chars().count() > 80 {
                say(&state.path, format!("assigns ${name}"));
            }
        }
    }
}

pub fn expressions_have_no_context(document: &Document<'_>, say: Say<'_>) {
    each_expression(document, &mut |_, text, names| {
        if names.rootless {
            say(&text.path, text.text.to_owned());
        }
    });
}

pub fn states_is_read_where_it_has_a_value(document: &Document<'_>, say: Say<'_>) {
    each_expression(document, &mut |state, text, names| {
        for path in &names.states {
            let mut members = path.split('.');
            let first = members.next().unwrap_or("");
            let leaves = ["Assign", "Output"].contains(&text.field.as_str());
            let works = ["Task", "Parallel", "Map"].contains(&state.ty());
            let inside = |place: &str| path == place || path.starts_with(&format!("{place}."));
            let sound = match first {
                "input" => true,
                "result" => leaves && works,
                "errorOutput" => ["Catch/Assign", "Catch/Output"].contains(&text.field.as_str()),
                "context" if inside("context.Map") => {
                    text.field == "ItemSelector" && inside("context.Map.Item")
                }
                "context" if inside("context.Task") => {
                    text.field == "Arguments" && inside("context.Task.Token")
                }
                "context" => ["Execution", "State", "StateMachine"]
                    .iter()
                    .any(|part| inside(&format!("context.{part}"))),
                _ => false,
            };
            if !sound {
                say(&text.path, format!("$states.{path}"));
            }
        }
    });
}

/// Nobody can answer a callback whose token goes nowhere.
pub fn callbacks_hand_on_their_token(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        let waits = state
            .text("Resource")
            .is_some_and(|resource| resource.ends_with(".waitForTaskToken"));
        let given = state.texts().iter().any(|text| {
            text.field == "Arguments"
                && names(text).is_some_and(|names| names.states.contains("context.Task.Token"))
        });
        if waits != given {
            say(
                &state.path,
                format!("waits: {waits}, gives its token: {given}"),
            );
        }
    }
}
