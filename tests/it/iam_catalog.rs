//! Every call has its permissions, over all of the catalog: each grant is filled by the arguments that it names.

use std::collections::{BTreeMap, BTreeSet};

use flowc::backend::cfn::names::{Labels, Names};
use flowc::catalog::grant::{ArnPart, Grant, GrantSource, Reading, When};
use flowc::catalog::{self, Form, Operation};
use flowc::ir::access::{Accesses, find_accesses};
use flowc::ir::pattern::Piece;
use flowc::ir::{Expr, StageKind};

use crate::by_hand::*;

/// Arguments that have members along these paths, each with its text.
#[derive(Default)]
struct Tree {
    text: Option<String>,
    members: BTreeMap<String, Tree>,
}

impl Tree {
    fn insert(&mut self, path: &str, text: &str) {
        let mut at = self;
        let path = path.split("->").next().unwrap_or_default();
        for step in path.replace("[]", ".[]").replace("{}", ".{}").split('.') {
            at = at.members.entry(step.to_owned()).or_default();
        }
        at.text = Some(text.to_owned());
    }

    fn expr(&self) -> Expr {
        if let Some(element) = self.members.get("[]") {
            return list(vec![element.expr()]);
        }
        if let Some(key) = self.members.get("{}") {
            let name = key.text.clone().unwrap_or_default();
            return object(vec![(name.as_str(), key.expr())]);
        }
        if self.members.is_empty() {
            return text(self.text.as_deref().unwrap_or("given"));
        }
        object(
            self.members
                .iter()
                .map(|(name, tree)| (name.as_str(), tree.expr()))
                .collect(),
        )
    }
}

fn example(reading: Reading, path: &str) -> String {
    let name: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
    match reading {
        Reading::Arn => format!("arn:aws:test:eu-west-1:111122223333:thing/{name}"),
        Reading::Revised => format!("{name}:1"),
        Reading::HostLabel => format!("{name}.execute-api.eu-west-1.amazonaws.com"),
        Reading::UrlTail => format!("https://example.com/{name}"),
        Reading::NoLeadingSlash => format!("/{name}"),
        Reading::S3Bucket | Reading::S3Key => format!("s3://bucket{name}/key{name}"),
        Reading::Name if path.ends_with("Arn") => {
            format!("arn:aws:states:eu-west-1:111122223333:stateMachine:{name}")
        }
        Reading::Text | Reading::NameOrArn | Reading::Id | Reading::Name => name,
    }
}

/// The smallest arguments with which the call needs the grant.
fn arguments(grant: &Grant) -> Tree {
    let mut tree = Tree::default();
    let values = grant.conditions.iter().map(|c| &c.value);
    for hole in grant.resources.iter().chain(values).flat_map(|t| t.holes()) {
        tree.insert(&hole.path, &example(hole.reading, &hole.path));
    }
    match &grant.when {
        Some(When::Given(path)) => {
            if !has(&tree, path) {
                tree.insert(path, "given");
            }
        }
        Some(When::OneOf(path, values)) => tree.insert(path, &values[0]),
        Some(When::Absent(_)) | None => {}
    }
    tree
}

fn has(tree: &Tree, path: &str) -> bool {
    let mut at = tree;
    for step in path.replace("[]", ".[]").replace("{}", ".{}").split('.') {
        match at.members.get(step) {
            Some(next) => at = next,
            None => return false,
        }
    }
    true
}

fn accesses(operation: &'static Operation, form: &'static Form, tree: &Tree) -> Accesses {
    let members = tree
        .members
        .iter()
        .map(|(name, tree)| (name.as_str(), tree.expr()))
        .collect();
    let mut call = call(operation.service, &operation.name, form.pattern, members);
    call.accesses = Vec::new();
    let stages = vec![stage("it", StageKind::Call(Box::new(call)))];
    let program = program(stages);
    let mut found = find_accesses(&program, &program.pipelines[0]);
    found
        .problems
        .retain(|p| !matches!(p, flowc::ir::access::Problem::UndeclaredData { .. }));
    found
}

fn every_form() -> impl Iterator<Item = (&'static Operation, &'static Form)> {
    let names: BTreeSet<_> = catalog::service_names()
        .filter_map(catalog::find_service)
        .map(|service| service.name)
        .collect();
    names
        .into_iter()
        .filter_map(catalog::find_service)
        .flat_map(|service| service.operations())
        .flat_map(|operation| operation.forms.iter().map(move |form| (operation, form)))
}

#[test]
fn each_grant_of_each_operation_is_filled_by_its_arguments() {
    let mut wrong = Vec::new();
    for (operation, form) in every_form() {
        for grant in &form.grants {
            let name = format!(
                "{}.{} {:?} {:?}",
                operation.service, operation.name, form.pattern, grant.actions
            );
            let found = accesses(operation, form, &arguments(grant));
            if !found.problems.is_empty() {
                wrong.push(format!("{name}: {:?}", found.problems));
            }
            let needs: Vec<_> = found
                .needs
                .iter()
                .filter(|need| need.actions == grant.actions)
                .collect();
            if needs.is_empty() {
                wrong.push(format!("{name}: not needed"));
            }
            let program = program(Vec::new());
            let names = Names::new(&program);
            for resource in needs.iter().flat_map(|need| &need.resources) {
                let text = names.plain(resource, &Labels::new());
                let forced = grant.resources.is_empty()
                    || grant.resources.iter().any(|t| t.parts == [ArnPart::Any]);
                if text == "*" && !forced {
                    wrong.push(format!("{name}: * that AWS does not force"));
                }
                if text != "*" && (!text.starts_with("arn:") || text.split(':').count() < 6) {
                    wrong.push(format!("{name}: {text} is no ARN"));
                }
                let fixed = grant.resources.iter().all(|t| {
                    !t.parts.contains(&ArnPart::Any) && t.holes().all(|h| !h.path.contains("->"))
                });
                if fixed && !forced && resource.pieces().contains(&Piece::Any) {
                    wrong.push(format!("{name}: {text} is wider than its arguments"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_need_is_of_a_grant_of_the_call() {
    for (operation, form) in every_form() {
        let mut tree = Tree::default();
        for grant in &form.grants {
            for hole in grant.resources.iter().flat_map(|t| t.holes()) {
                tree.insert(&hole.path, &example(hole.reading, &hole.path));
            }
        }
        for need in accesses(operation, form, &tree).needs {
            assert!(
                form.grants
                    .iter()
                    .any(|grant| grant.actions == need.actions),
                "{}.{}: {:?}",
                operation.service,
                operation.name,
                need.actions
            );
        }
    }
}

#[test]
fn a_key_has_one_condition_of_an_operator() {
    for (operation, form) in every_form() {
        for grant in &form.grants {
            let keys: BTreeSet<_> = grant
                .conditions
                .iter()
                .map(|c| (&c.operator, &c.key))
                .collect();
            assert_eq!(
                keys.len(),
                grant.conditions.len(),
                "{}.{}",
                operation.service,
                operation.name
            );
        }
    }
}

#[test]
fn every_action_is_one_of_iams_or_marked_as_assumed() {
    let known: BTreeSet<&str> = catalog::actions::names().collect();
    for (operation, form) in every_form() {
        for grant in &form.grants {
            for action in &grant.actions {
                assert!(
                    grant.source == GrantSource::Assumed || known.contains(action.as_str()),
                    "{}.{}: {action}",
                    operation.service,
                    operation.name
                );
            }
        }
    }
}
