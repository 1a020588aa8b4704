//! What a program's roles may do and why, for people and for programs.

use std::sync::LazyLock;

use handlebars::Handlebars;
use serde::Serialize;
use serde_json::Value;

use super::asl::Definition;
use super::cfn::names::{Labels, Names};
use super::iam::{self, Policy, Statement};
use crate::ir::access::{self, Reason};
use crate::ir::pattern::Pattern;
use crate::ir::{Program, ResourceId};
use crate::source::Sources;

/// Width of the words before each line.
const WORDS: usize = 10;

/// The permissions of all roles that the template makes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Permissions {
    /// The execution roles.
    pub pipelines: Vec<RolePermissions>,
    /// Those of steps, triggers and resources.
    pub others: Vec<RolePermissions>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RolePermissions {
    /// Whose role it is: `load`, `load.put`, `load on schedule`, `job clean`.
    pub name: String,
    pub statements: Vec<Explained>,
}

/// A statement and what needs it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// As in the policy, with `${…}` where the deployment fills in.
    pub statement: Value,
    /// AWS offers no resource-level permission for its actions.
    pub unscopable: bool,
    /// No source confirms an action of it.
    pub assumed: bool,
    pub needed_by: Vec<NeededBy>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeededBy {
    /// Empty for what the pipeline itself needs.
    pub stage: String,
    /// `glue.startJobRun`, `log`
    pub what: String,
    pub path: String,
    pub line: usize,
    pub column: usize,
}

/// What each role may do. The definitions are those of the pipelines, in their order.
pub fn permissions(
    program: &Program,
    definitions: &[Definition],
    sources: &Sources,
) -> Permissions {
    let names = Names::new(program);
    let none = Labels::new();
    let role = |name: String, policy: &Policy, labels: &Labels| RolePermissions {
        name,
        statements: policy
            .statements
            .iter()
            .map(|statement| explain(statement, &names, labels, sources))
            .collect(),
    };
    let mut pipelines = Vec::new();
    let mut others = Vec::new();
    for (i, pipeline) in program.pipelines.iter().enumerate() {
        let labels = definitions.get(i).map_or(&none, |d| &d.labels);
        if pipeline.settings.role.is_none() {
            let policy = iam::policy(program, pipeline);
            pipelines.push(role(pipeline.name.clone(), &policy, labels));
        }
        for (step, policy) in iam::step_policies(program, pipeline) {
            others.push(role(format!("{}.{step}", pipeline.name), &policy, labels));
        }
        for trigger in &pipeline.settings.triggers {
            let accesses = access::find_start_accesses(program, pipeline, trigger);
            let name = format!("{} on {}", pipeline.name, trigger.source.word());
            others.push(role(name, &iam::merge(&accesses.needs), &none));
        }
    }
    for (id, resource) in (0u32..).map(ResourceId).zip(&program.resources) {
        let name = format!("{} {}", resource.kind.word, resource.name);
        for about in resource.creation().into_iter().flat_map(|c| &c.roles) {
            let accesses = access::find_service_accesses(program, id, Some(about));
            let name = match about.suffix.as_str() {
                "" => name.clone(),
                suffix => format!("{name} ({})", suffix.to_lowercase()),
            };
            others.push(role(name, &iam::merge(&accesses.needs), &none));
        }
        let touches = resource.creation().is_some_and(|c| !c.touches.is_empty());
        if touches && resource.kind.word == "role" {
            let accesses = access::find_service_accesses(program, id, None);
            others.push(role(name, &iam::merge(&accesses.needs), &none));
        }
    }
    Permissions { pipelines, others }
}

fn explain(statement: &Statement, names: &Names, labels: &Labels, sources: &Sources) -> Explained {
    let text = |pattern: &Pattern| iam::texts(pattern, names, labels);
    Explained {
        statement: statement.document(&text),
        unscopable: statement.is_unscopable(),
        assumed: statement.assumed,
        needed_by: statement
            .reasons
            .iter()
            .map(|reason| needed_by(reason, sources))
            .collect(),
    }
}

fn needed_by(reason: &Reason, sources: &Sources) -> NeededBy {
    let (line, column) = sources.line_column(reason.span);
    NeededBy {
        stage: reason.stage.clone(),
        what: reason.what.clone(),
        path: sources.get(reason.span.file).path.clone(),
        line,
        column,
    }
}

#[derive(Serialize)]
struct Page {
    roles: Vec<Section>,
}

#[derive(Serialize)]
struct Section {
    name: String,
    count: String,
    statements: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    sid: String,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    /// Padded, so that the texts stand in a column.
    word: String,
    text: String,
}

/// The permissions as people read them; with `why`, each with what needs it.
pub fn render(permissions: &Permissions, why: bool) -> String {
    let roles = permissions
        .pipelines
        .iter()
        .chain(&permissions.others)
        .map(|role| Section {
            name: role.name.clone(),
            count: match role.statements.len() {
                1 => "1 statement".to_owned(),
                n => format!("{n} statements"),
            },
            statements: role.statements.iter().map(|s| entry(s, why)).collect(),
        })
        .collect();
    let text = TEMPLATES
        .render("iam", &Page { roles })
        .expect("the template takes every page");
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}

static TEMPLATES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(handlebars::no_escape);
    templates
        .register_template_string("iam", include_str!("../../templates/iam.hbs"))
        .expect("the template is well formed");
    templates
});

fn entry(explained: &Explained, why: bool) -> Entry {
    let statement = &explained.statement;
    let mut lines = Vec::new();
    let mut add = |word: &str, texts: Vec<String>| {
        for (i, text) in texts.into_iter().enumerate() {
            let word = if i == 0 { word } else { "" };
            lines.push(Line {
                word: format!("  {word:WORDS$}"),
                text,
            });
        }
    };
    add("allow", texts(&statement["Action"]));
    add("on", texts(&statement["Resource"]));
    add("if", conditions(&statement["Condition"]));
    if why {
        add(
            "needed by",
            explained.needed_by.iter().map(reason).collect(),
        );
        if explained.unscopable {
            add(
                "note",
                vec!["AWS offers no resource-level permission for this".to_owned()],
            );
        }
        if explained.assumed {
            let note = "no AWS source lists this action; its name follows the API's";
            add("note", vec![note.to_owned()]);
        }
    }
    Entry {
        sid: statement["Sid"].as_str().unwrap_or_default().to_owned(),
        lines,
    }
}

fn reason(needed_by: &NeededBy) -> String {
    let NeededBy {
        stage,
        what,
        path,
        line,
        ..
    } = needed_by;
    match stage.as_str() {
        "" => format!("{what} ({path}:{line})"),
        stage => format!("{stage}: {what} ({path}:{line})"),
    }
}

fn conditions(operators: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (operator, keys) in operators.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            lines.push(format!("{key} {operator} {}", texts(values).join(" or ")));
        }
    }
    lines
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}
