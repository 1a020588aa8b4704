//! The catalog as people read it.

use std::sync::LazyLock;

use handlebars::Handlebars;
use serde::Serialize;

use super::layout::{Row, WIDTH, columns, wrap};
use super::types;
use crate::catalog::grant::{
    ArnPart, ArnTemplate, Condition, Grant, GrantSource, Hole, Reading, When,
};
use crate::catalog::shape::Shape;
use crate::catalog::{
    self, Form, Operation, Overview, Pattern, Requirement, RequirementKind, Service, machine, wait,
};

/// The most that a left column takes of a line.
const LEFT: usize = 34;

#[derive(Serialize)]
struct ServicesPage {
    count: usize,
    services: Vec<String>,
}

/// All services.
pub(super) fn services(services: &[Overview]) -> String {
    let rows: Vec<Row> = services
        .iter()
        .map(|service| {
            let mut right = format!("{:>4}", service.operations);
            if !service.optimized.is_empty() {
                right.push_str("  optimized: ");
                right.push_str(&service.optimized.join(", "));
            }
            if !service.documented {
                right.push_str("  not in AWS's guide");
            }
            Row {
                left: format!("  {}", service.name),
                right,
            }
        })
        .collect();
    render(
        "services",
        &ServicesPage {
            count: services.len(),
            services: columns(&rows, LEFT),
        },
    )
}

#[derive(Serialize)]
struct ServicePage {
    name: &'static str,
    count: usize,
    aliases: Vec<&'static str>,
    prefix: Option<String>,
    documented: bool,
    operations: Vec<String>,
}

/// One service and its operations.
pub(super) fn service(service: &'static Service) -> String {
    let rows: Vec<Row> = service
        .operations()
        .map(|operation| Row {
            left: format!("  {}", operation.name),
            right: match operation.refused {
                Some(_) => "refused".to_owned(),
                None => ways_in_short(operation),
            },
        })
        .collect();
    render(
        "service",
        &ServicePage {
            name: service.name,
            count: rows.len(),
            aliases: catalog::aliases(service.name).collect(),
            prefix: (!service.error_prefix.is_empty()).then(|| service.error_prefix.clone()),
            documented: service.documented,
            operations: columns(&rows, LEFT),
        },
    )
}

fn ways_in_short(operation: &Operation) -> String {
    let words: Vec<String> = ways(operation)
        .into_iter()
        .map(|(way, form)| {
            let mark = if form.optimized { "*" } else { "" };
            match (way, form.pattern) {
                (Way::Call, Pattern::Sync) => format!("call{mark} (waits for the end)"),
                _ => format!("{}{mark}", way.word()),
            }
        })
        .collect();
    words.join(", ")
}

/// How a call is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Call,
    Start,
    Await,
}

impl Way {
    pub(super) fn word(self) -> &'static str {
        match self {
            Way::Call => "call",
            Way::Start => "start",
            Way::Await => "await",
        }
    }

    /// What stands before the operation's name.
    fn before(self) -> &'static str {
        match self {
            Way::Call => "",
            Way::Start => "start ",
            Way::Await => "await ",
        }
    }
}

/// The ways in which an operation can be called, each with its form; `start` only where a plain call waits for more.
pub(super) fn ways(operation: &Operation) -> Vec<(Way, &Form)> {
    let complete = operation.complete();
    let mut ways: Vec<(Way, &Form)> = Vec::new();
    ways.extend(complete.map(|form| (Way::Call, form)));
    for (way, pattern) in [
        (Way::Start, Pattern::RequestResponse),
        (Way::Await, Pattern::Callback),
    ] {
        if let Some(form) = operation.form(pattern)
            && complete.is_none_or(|complete| complete.pattern != pattern)
        {
            ways.push((way, form));
        }
    }
    ways
}

#[derive(Serialize)]
struct OperationPage {
    name: String,
    refused: Vec<String>,
    calls: Vec<String>,
    arguments: Vec<Section>,
    results: Vec<Section>,
    errors: Vec<String>,
    permissions: Vec<Section>,
    notes: Vec<Section>,
}

/// What holds of some of the ways to call.
#[derive(Serialize)]
struct Section {
    /// Those ways; empty where it holds of all.
    of: String,
    /// Some line has a mark that must be explained.
    marked: bool,
    lines: Vec<String>,
}

/// One operation with all that a call of it must know.
pub(super) fn operation(operation: &Operation) -> String {
    let ways = ways(operation);
    render(
        "operation",
        &OperationPage {
            name: format!("{}.{}", operation.service, operation.name),
            refused: (operation.refused.iter())
                .flat_map(|reason| wrap(&format!("refused: {reason}"), WIDTH))
                .collect(),
            calls: calls(operation, &ways),
            arguments: sections(&ways, |form| vec![arguments(form)]),
            results: sections(&ways, |form| vec![result(form)]),
            errors: errors(&ways),
            permissions: sections(&ways, permissions),
            notes: sections(&ways, |form| notes(operation, form)),
        },
    )
}

/// Blocks of lines, once each, gathered by the ways of which they hold.
fn sections(ways: &[(Way, &Form)], blocks: impl Fn(&Form) -> Vec<Vec<String>>) -> Vec<Section> {
    let mut found: Vec<(Vec<Way>, Vec<String>)> = Vec::new();
    for (way, form) in ways {
        for block in blocks(form) {
            match found.iter_mut().find(|(_, known)| *known == block) {
                Some((of, _)) => of.push(*way),
                None => found.push((vec![*way], block)),
            }
        }
    }
    let mut sections: Vec<(Vec<Way>, Vec<String>)> = Vec::new();
    for (of, block) in found {
        match sections.iter_mut().find(|(known, _)| *known == of) {
            Some((_, lines)) => lines.extend(block),
            None => sections.push((of, block)),
        }
    }
    // What holds of all comes first.
    sections.sort_by_key(|(of, _)| of.len() < ways.len());
    sections
        .into_iter()
        .map(|(of, lines)| Section {
            of: some_of(&of, ways.len()),
            marked: lines.iter().any(|line| line.contains('*')),
            lines,
        })
        .collect()
}

/// The ways in words; empty where they are all.
fn some_of(of: &[Way], all: usize) -> String {
    if of.len() == all {
        return String::new();
    }
    let words: Vec<&str> = of.iter().map(|way| way.word()).collect();
    words.join(" and ")
}

fn calls(operation: &Operation, ways: &[(Way, &Form)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (way, form) in ways {
        let before = way.before();
        let does = match form.pattern {
            Pattern::Sync => "goes on when what it starts is done (not in an express pipeline)",
            Pattern::Callback => {
                "goes on when `task.token` is answered (not in an express pipeline)"
            }
            Pattern::RequestResponse if *way == Way::Start => {
                "goes on as soon as the service has accepted"
            }
            Pattern::RequestResponse => "goes on with the service's answer",
        };
        lines.push(format!(
            "  {before}{}.{}(…)",
            operation.service, operation.name
        ));
        lines.push(format!("      {does}"));
        lines.push(format!("      {}", form.resource));
    }
    lines
}

fn arguments(form: &Form) -> Vec<String> {
    let mut lines = members(form.input, "none");
    for requirement in form.requirements() {
        let sentence = demand(requirement);
        lines.extend(indented(&sentence));
    }
    lines
}

fn demand(requirement: &Requirement) -> String {
    let members = requirement.members.join(", ");
    match requirement.kind {
        RequirementKind::ExactlyOne => format!("exactly one of {members}"),
        RequirementKind::AtLeastOne => format!("at least one of {members}"),
        RequirementKind::AtMostOne => format!("at most one of {members}"),
        RequirementKind::Together => format!("all or none of {members}"),
    }
}

fn result(form: &Form) -> Vec<String> {
    match form.pattern {
        Pattern::Callback => vec!["  what the answer to `task.token` holds".to_owned()],
        _ => members(form.result, "an empty object"),
    }
}

fn members(shape: Shape, none: &str) -> Vec<String> {
    let rows = types::rows(shape);
    if rows.is_empty() {
        let text = if shape.has_members() {
            none
        } else {
            "any JSON"
        };
        return vec![format!("  {text}")];
    }
    columns(&rows, LEFT)
}

/// All errors of all ways, each with the ways that raise it where not all do.
fn errors(ways: &[(Way, &Form)]) -> Vec<String> {
    let mut names: Vec<&String> = Vec::new();
    for name in ways.iter().flat_map(|(_, form)| &form.errors) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut rows: Vec<Row> = names
        .into_iter()
        .map(|name| {
            let of = |holds: &dyn Fn(&Form) -> bool| -> Vec<Way> {
                (ways.iter().filter(|(_, form)| holds(form)))
                    .map(|(way, _)| *way)
                    .collect()
            };
            let raise = of(&|form| form.errors.contains(name));
            let transient = of(&|form| form.transient.contains(name));
            let mut words = Vec::new();
            if raise.len() < ways.len() {
                words.push(format!("of {}", some_of(&raise, ways.len())));
            }
            if transient == raise {
                words.push("transient".to_owned());
            } else if !transient.is_empty() {
                words.push(format!("transient of {}", some_of(&transient, ways.len())));
            }
            Row {
                left: format!("  {name}"),
                right: words.join(", "),
            }
        })
        .collect();
    let open: Vec<Way> = (ways.iter().filter(|(_, form)| form.open_errors))
        .map(|(way, _)| *way)
        .collect();
    if !open.is_empty() {
        rows.push(Row {
            left: "  and names that no model knows".to_owned(),
            right: match some_of(&open, ways.len()).as_str() {
                "" => String::new(),
                of => format!("of {of}"),
            },
        });
    }
    columns(&rows, 50)
}

fn permissions(form: &Form) -> Vec<Vec<String>> {
    match form.grants.is_empty() {
        true => vec![vec!["  none".to_owned()]],
        false => form.grants.iter().map(grant).collect(),
    }
}

fn grant(grant: &Grant) -> Vec<String> {
    let mut lines = indented(&grant.actions.join(", "));
    let mut add = |word: &str, text: &str| {
        let row = Row {
            left: format!("    {word:4}"),
            right: text.to_owned(),
        };
        lines.extend(columns(&[row], LEFT));
    };
    if grant.resources.is_empty() {
        add("on", "everything: AWS offers no resource-level permission");
    }
    for (i, resource) in grant.resources.iter().enumerate() {
        add(if i == 0 { "on" } else { "" }, &arn(resource));
    }
    for condition in &grant.conditions {
        add("if", &condition_text(condition));
    }
    match &grant.when {
        Some(When::Given(path)) => add("when", &format!("{path} is given")),
        Some(When::Absent(path)) => add("when", &format!("{path} is not given")),
        Some(When::OneOf(path, values)) => {
            add("when", &format!("{path} is {}", values.join(" or ")));
        }
        None => {}
    }
    if grant.source == GrantSource::Assumed {
        add(
            "note",
            "assumed: no source lists this action, its name follows the API's",
        );
    }
    lines
}

fn condition_text(condition: &Condition) -> String {
    let value = arn(&condition.value);
    format!("{} {} {value}", condition.key, condition.operator)
}

/// An ARN with its holes in words.
fn arn(template: &ArnTemplate) -> String {
    // An argument that is an ARN stands for all of it.
    if let Some(hole) = template.holes().find(|hole| hole.reading == Reading::Arn) {
        return hole_text(hole);
    }
    template
        .parts
        .iter()
        .map(|part| match part {
            ArnPart::Text(text) => text.clone(),
            ArnPart::Partition => "{partition}".to_owned(),
            ArnPart::Region => "{region}".to_owned(),
            ArnPart::Account => "{account}".to_owned(),
            ArnPart::UrlSuffix => "{domain}".to_owned(),
            ArnPart::Machine => "{this machine}".to_owned(),
            ArnPart::Any => "*".to_owned(),
            ArnPart::Variable(name) => format!("${{{name}}}"),
            ArnPart::Member(hole) => hole_text(hole),
        })
        .collect()
}

fn hole_text(hole: &Hole) -> String {
    let what = match hole.path.split_once("->") {
        Some((id, path)) => format!("{path} of the call that gave {id}"),
        None => match hole.path.strip_suffix("{}") {
            Some(map) => format!("each key of {map}"),
            None => hole.path.clone(),
        },
    };
    match &hole.absent {
        Some(absent) => format!("{{{what}, else {absent}}}"),
        None => format!("{{{what}}}"),
    }
}

fn notes(operation: &Operation, form: &Form) -> Vec<Vec<String>> {
    let mut notes = Vec::new();
    let documented = catalog::find_service(operation.service).is_none_or(|s| s.documented);
    if !form.optimized && !documented {
        notes.push("AWS's guide does not list the service: it may not be there yet.".to_owned());
    }
    if machine::touches_named_data(operation.service, &operation.name) {
        notes.push(
            "What its text touches is declared behind the call, with `reads` and `writes`."
                .to_owned(),
        );
    }
    if form.pattern == Pattern::RequestResponse
        && let Some(wait) = wait::find_wait(operation.service, &operation.name)
    {
        notes.push(format!(
            "Its end is seen by `{}.{}`: `{}` is then {}.",
            wait.service,
            wait.poll,
            wait.path,
            [wait.done, wait.failed].concat().join(", ")
        ));
    }
    if !form.dependents.is_empty() {
        let actions = form.dependents.join(", ");
        notes.push(format!(
            "Not granted, though AWS names it as needed in some cases: {actions}."
        ));
    }
    notes.extend(form.unverified.iter().map(|s| format!("Unverified: {s}")));
    notes.iter().map(|note| indented(note)).collect()
}

fn indented(text: &str) -> Vec<String> {
    let lines = wrap(text, WIDTH - 2);
    lines.iter().map(|line| format!("  {line}")).collect()
}

static TEMPLATES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(handlebars::no_escape);
    for (name, text) in [
        (
            "services",
            include_str!("../../../templates/catalog/services.hbs"),
        ),
        (
            "service",
            include_str!("../../../templates/catalog/service.hbs"),
        ),
        (
            "operation",
            include_str!("../../../templates/catalog/operation.hbs"),
        ),
    ] {
        templates
            .register_template_string(name, text)
            .expect("the template is well formed");
    }
    templates
});

fn render(template: &str, page: &impl Serialize) -> String {
    let text = TEMPLATES
        .render(template, page)
        .expect("the template takes every page");
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}
