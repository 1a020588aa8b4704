//! What an expression reads, and the tree that the evaluator gets for it.
//!
//! Functions that Step Functions adds or defines otherwise are called by name only in the evaluator; where such a function
//! is used as a value, a lambda that calls it stands instead.

use jsonata_core::ast::{AstNode, BinaryOp, Stage};

use super::Reserved;

/// The functions that Step Functions adds to JSONata.
pub const ADDED_FUNCTIONS: [&str; 6] = ["partition", "range", "hash", "random", "uuid", "parse"];

/// Functions whose meaning the virtual world decides, and the one that is taken away; with the most arguments they take.
const OWN: [(&str, usize); 9] = [
    ("partition", 2),
    ("range", 3),
    ("hash", 2),
    ("random", 1),
    ("uuid", 0),
    ("parse", 1),
    ("millis", 0),
    ("shuffle", 1),
    ("eval", 2),
];

#[derive(Default)]
pub(super) struct Uses {
    /// Names that the expression itself binds somewhere.
    bound: Vec<String>,
    pub names: Vec<String>,
    pub reserved: Vec<Reserved>,
    pub added: Vec<&'static str>,
}

/// `??` and `?:` are younger than JSONata 2.0.6.
pub(super) fn refuse_newer(tree: &mut AstNode) -> Result<(), String> {
    let mut found = Ok(());
    walk(tree, &mut |node| {
        let AstNode::Binary { op, .. } = node else {
            return;
        };
        let operator = match op {
            BinaryOp::Coalesce => "??",
            BinaryOp::Default => "?:",
            _ => return,
        };
        found = Err(format!(
            "S0211: The symbol {operator:?} cannot be used as a unary operator"
        ));
    });
    found
}

fn walk(node: &mut AstNode, visit: &mut dyn FnMut(&AstNode)) {
    visit(node);
    for_each_child(node, &mut |child, _| walk(child, visit));
}

/// What the expression reads of the input document at its top level: names and `$` that are behind no step.
pub(super) fn find_document_use(tree: &mut AstNode) -> Option<String> {
    match tree {
        AstNode::Name(name) => Some(name.clone()),
        AstNode::ParentVariable(_) => Some("$$".to_owned()),
        AstNode::Variable(name) if name.is_empty() => Some("$".to_owned()),
        AstNode::Wildcard => Some("*".to_owned()),
        AstNode::Descendant => Some("**".to_owned()),
        // A function's body sees the document of the place where it was made.
        _ => {
            let mut found = None;
            for_each_child(tree, &mut |child, inner| {
                if found.is_none() {
                    found = if inner {
                        find_root_use(child)
                    } else {
                        find_document_use(child)
                    };
                }
            });
            found
        }
    }
}

/// `$$` reads the input document wherever it stands.
fn find_root_use(node: &mut AstNode) -> Option<String> {
    let mut found = None;
    walk(node, &mut |node| {
        if matches!(node, AstNode::ParentVariable(_)) {
            found = Some("$$".to_owned());
        }
    });
    found
}

/// Calls `visit` with each child, and with whether the child's `$` is something else than its parent's.
fn for_each_child(node: &mut AstNode, visit: &mut dyn FnMut(&mut AstNode, bool)) {
    match node {
        AstNode::Path { steps } => {
            for (at, step) in steps.iter_mut().enumerate() {
                visit(&mut step.node, at > 0);
                for stage in &mut step.stages {
                    if let Stage::Filter(filter) = stage {
                        visit(filter, true);
                    }
                }
            }
        }
        AstNode::Binary { lhs, rhs, .. } => {
            visit(lhs, false);
            visit(rhs, false);
        }
        AstNode::Unary { operand: child, .. } | AstNode::Lambda { body: child, .. } => {
            visit(child, false);
        }
        AstNode::Function { args, .. } => args.iter_mut().for_each(|arg| visit(arg, false)),
        AstNode::Call { procedure, args } => {
            visit(procedure, false);
            args.iter_mut().for_each(|arg| visit(arg, false));
        }
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => {
            items.iter_mut().for_each(|item| visit(item, false));
        }
        AstNode::Object(members) => {
            for (key, value) in members {
                visit(key, false);
                visit(value, false);
            }
        }
        AstNode::ObjectTransform { input, pattern } => {
            visit(input, false);
            for (key, value) in pattern {
                visit(key, true);
                visit(value, true);
            }
        }
        AstNode::Conditional {
            condition,
            then_branch,
            else_branch,
        } => {
            visit(condition, false);
            visit(then_branch, false);
            if let Some(else_branch) = else_branch {
                visit(else_branch, false);
            }
        }
        AstNode::FunctionApplication(inner) => visit(inner, true),
        AstNode::Sort { input, terms } => {
            visit(input, false);
            terms.iter_mut().for_each(|(term, _)| visit(term, true));
        }
        AstNode::Transform {
            location,
            update,
            delete,
        } => {
            visit(location, true);
            visit(update, true);
            if let Some(delete) = delete {
                visit(delete, true);
            }
        }
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => {}
    }
}

/// Puts the evaluator's calls in, and says what the tree reads.
pub(super) fn adapt(tree: &mut AstNode) -> Uses {
    let mut uses = Uses::default();
    walk(tree, &mut |node| match node {
        AstNode::Binary {
            op: BinaryOp::ColonEqual,
            lhs,
            ..
        } => {
            if let AstNode::Variable(name) = &**lhs {
                uses.bound.push(name.clone());
            }
        }
        AstNode::Lambda { params, .. } => uses.bound.extend(params.iter().cloned()),
        _ => {}
    });
    visit(tree, &mut uses);
    uses
}

fn visit(node: &mut AstNode, uses: &mut Uses) {
    match node {
        AstNode::Path { steps } => {
            let names: Vec<&AstNode> = steps.iter().map(|step| &step.node).collect();
            if let [AstNode::Variable(first), AstNode::Name(member), ..] = names[..]
                && first == "states"
                && steps[0].stages.is_empty()
                && let Some(member) = Reserved::ALL.into_iter().find(|r| r.name() == member)
            {
                add_reserved(uses, member);
                for (at, step) in steps.iter_mut().enumerate() {
                    if at > 0 {
                        visit(&mut step.node, uses);
                    }
                    for stage in &mut step.stages {
                        if let Stage::Filter(filter) = stage {
                            visit(filter, uses);
                        }
                    }
                }
                return;
            }
        }
        AstNode::Variable(name) => {
            if name == "states" {
                Reserved::ALL
                    .into_iter()
                    .for_each(|r| add_reserved(uses, r));
            } else if !name.is_empty() {
                add_name(uses, name);
                if !uses.bound.contains(name)
                    && let Some(lambda) = own_function(name)
                {
                    *node = lambda;
                    // The lambda's parameters are its own, and its call is registered below.
                    let mut own = Uses::default();
                    for_each_child(node, &mut |child, _| visit(child, &mut own));
                    own.added.into_iter().for_each(|name| add_added(uses, name));
                }
            }
            return;
        }
        AstNode::Function {
            name,
            args,
            is_builtin: true,
        } => {
            add_name(uses, name);
            if name == "now" {
                *node = now_call(std::mem::take(args));
            } else if name == "toMillis" && reads_today(args) {
                put_today_before(args);
            } else if let Some((own, _)) = OWN.iter().find(|(own, _)| own == name) {
                add_added(uses, own);
            }
        }
        _ => {}
    }
    for_each_child(node, &mut |child, _| visit(child, uses));
}

fn add_name(uses: &mut Uses, name: &str) {
    if !uses.names.iter().any(|known| known == name) {
        uses.names.push(name.to_owned());
    }
}

fn add_reserved(uses: &mut Uses, member: Reserved) {
    if !uses.reserved.contains(&member) {
        uses.reserved.push(member);
    }
}

fn add_added(uses: &mut Uses, name: &'static str) {
    if !uses.added.contains(&name) {
        uses.added.push(name);
    }
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function {
        name: name.to_owned(),
        args,
        is_builtin: true,
    }
}

/// `$now(picture, zone)` is `$fromMillis($millis(), picture, zone)`.
fn now_call(more: Vec<AstNode>) -> AstNode {
    let mut args = vec![call("millis", Vec::new())];
    args.extend(more);
    call("fromMillis", args)
}

/// Whether a moment is read without any part of a date, which is then today's.
fn reads_today(args: &[AstNode]) -> bool {
    let [_, AstNode::String(picture)] = args else {
        return false;
    };
    let date_parts = [
        "[Y", "[M", "[D", "[d", "[F", "[W", "[w", "[X", "[x", "[E", "[C",
    ];
    picture.contains('[') && !date_parts.iter().any(|part| picture.contains(part))
}

/// The evaluator would ask the machine's clock.
fn put_today_before(args: &mut [AstNode]) {
    let picture = || AstNode::String("[Y0001]-[M01]-[D01] ".to_owned());
    let today = call("fromMillis", vec![call("millis", Vec::new()), picture()]);
    for (arg, before) in args.iter_mut().zip([today, picture()]) {
        let rest = std::mem::replace(arg, AstNode::Null);
        *arg = AstNode::Binary {
            op: BinaryOp::Concatenate,
            lhs: Box::new(before),
            rhs: Box::new(rest),
        };
    }
}

/// A function of our own as a value.
fn own_function(name: &str) -> Option<AstNode> {
    let (params, body) = if name == "now" {
        (Vec::new(), now_call(Vec::new()))
    } else {
        let (_, arity) = OWN.iter().find(|(own, _)| *own == name)?;
        let params: Vec<String> = (0..*arity).map(|n| format!("a{n}")).collect();
        let args = params.iter().cloned().map(AstNode::Variable).collect();
        (params, call(name, args))
    };
    Some(AstNode::Lambda {
        params,
        body: Box::new(body),
        signature: None,
        thunk: false,
    })
}
