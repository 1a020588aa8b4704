//! A report as a comment of a pull request: a template, into which everything goes escaped for where it stands.

use std::sync::LazyLock;

use handlebars::Handlebars;
use serde::Serialize;

use super::change::{Change, Kind};
use super::permissions::{PermissionChange, PermissionKind};
use super::report::{Report, counted};
use super::resources::{Action, ResourceChange};
use super::sentence::{Part, cut, join, need, sentence, subjects};
use super::{CostChange, FileChange, PipelineChange};

/// What GitHub takes as a comment, in characters; counted here in bytes, which are never fewer.
/// <https://docs.github.com/en/rest/issues/comments>
pub const MOST: usize = 65_536;

/// Characters of one value.
const VALUE: usize = 160;
/// Names in one cell.
const LISTED: usize = 12;
/// Left for what is said of what was cut.
const ROOM: usize = 512;

/// How much of a report is told, most first: rows of each table, and whether with pictures.
const LEVELS: [(usize, bool); 6] = [
    (usize::MAX, true),
    (usize::MAX, false),
    (200, false),
    (40, false),
    (8, false),
    (0, false),
];

#[derive(Serialize)]
struct Page {
    summary: String,
    tripped: Vec<Tripped>,
    permissions: Vec<PermissionRow>,
    more_permissions: String,
    resources: Vec<ResourceRow>,
    more_resources: String,
    costs: Vec<CostRow>,
    limits: Vec<String>,
    sections: Vec<Section>,
    more_changes: String,
    pictures: Vec<PictureRow>,
    folded: Vec<Section>,
    texts: Vec<Text>,
    about: String,
}

#[derive(Serialize)]
struct Tripped {
    condition: String,
    why: String,
}

#[derive(Serialize)]
struct PermissionRow {
    kind: String,
    holder: String,
    actions: String,
    scope: String,
    needs: String,
}

#[derive(Serialize)]
struct ResourceRow {
    action: String,
    name: String,
    #[serde(rename = "type")]
    cfn_type: String,
    what: String,
}

#[derive(Serialize)]
struct CostRow {
    pipeline: String,
    month: String,
    transitions: String,
    assumed: String,
}

#[derive(Serialize)]
struct Section {
    title: String,
    changes: Vec<String>,
}

#[derive(Serialize)]
struct PictureRow {
    name: String,
    mermaid: String,
    open: bool,
}

#[derive(Serialize)]
struct Text {
    fence: String,
    text: String,
}

static TEMPLATES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(handlebars::no_escape);
    templates
        .register_template_string("diff", include_str!("../../templates/diff.hbs"))
        .expect("the template is well formed");
    templates
});

fn write(page: &Page) -> String {
    let text = TEMPLATES
        .render("diff", page)
        .expect("the template takes every page");
    let mut text = text.trim().to_owned();
    text.push('\n');
    text
}

/// The comment; with `text`, the generated files line by line as far as there is room. Never more than [`MOST`].
pub fn render(report: &Report, text: bool) -> String {
    let mut last = String::new();
    for (rows, pictures) in LEVELS {
        let mut page = page(report, rows, pictures);
        last = write(&page);
        if last.len() > MOST {
            continue;
        }
        if text {
            add_texts(&mut page, report, MOST.saturating_sub(last.len() + ROOM));
            last = write(&page);
        }
        break;
    }
    last
}

/// The comment for a change that does not compile.
pub fn failed(report: &Report, places: &[String]) -> String {
    let mut page = page(report, 0, false);
    page.summary =
        counted(places.len(), "file does not compile|files do not compile").to_owned() + ".";
    page.sections = vec![Section {
        title: "Not compiled".to_owned(),
        changes: places
            .iter()
            .take(LISTED)
            .map(|place| prose(place))
            .collect(),
    }];
    write(&page)
}

fn page(report: &Report, rows: usize, pictures: bool) -> Page {
    let permissions: Vec<&PermissionChange> = report
        .files
        .iter()
        .flat_map(|file| &file.permissions)
        .collect();
    let resources: Vec<&ResourceChange> = report
        .files
        .iter()
        .flat_map(|file| &file.resources)
        .filter(|r| r.has_effect())
        .collect();
    let several = report.files.len() > 1;
    let mut sections = Vec::new();
    let mut folded = Vec::new();
    let mut left = rows;
    let mut hidden = 0;
    for file in &report.files {
        for pipeline in &file.pipelines {
            let changes: Vec<String> = pipeline.changes.iter().map(item).collect();
            let shown: Vec<String> = changes.iter().take(left).cloned().collect();
            hidden += changes.len() - shown.len();
            left -= shown.len();
            if rows > 0 {
                let title = pipeline_title(pipeline, file, several);
                sections.push(Section {
                    title,
                    changes: shown,
                });
            }
        }
        let changes: Vec<String> = file.template.iter().map(item).collect();
        let shown: Vec<String> = changes.iter().take(left).cloned().collect();
        hidden += changes.len() - shown.len();
        left -= shown.len();
        if !shown.is_empty() {
            let title = format!("Template of {}", tag(&file.path));
            folded.push(Section {
                title,
                changes: shown,
            });
        }
    }
    let drawn: Vec<_> = match pictures {
        true => report
            .files
            .iter()
            .flat_map(|file| &file.pictures)
            .collect(),
        false => Vec::new(),
    };
    let more = |count: usize, words: &str| match count {
        0 => String::new(),
        count => format!("… and {}; `flowc diff` shows all.", counted(count, words)),
    };
    Page {
        summary: report.summary(),
        tripped: (report.tripped.iter())
            .map(|tripped| Tripped {
                condition: tripped.condition.clone(),
                why: tripped.why.clone(),
            })
            .collect(),
        more_permissions: more(
            permissions.len().saturating_sub(rows),
            "more permission|more permissions",
        ),
        permissions: permissions.into_iter().take(rows).map(permission).collect(),
        more_resources: more(
            resources.len().saturating_sub(rows),
            "more resource|more resources",
        ),
        resources: resources.into_iter().take(rows).map(resource).collect(),
        costs: (report.files.iter().flat_map(|file| &file.costs))
            .take(rows)
            .map(cost)
            .collect(),
        limits: (report.files.iter().flat_map(|file| &file.limits))
            .take(rows.min(LISTED))
            .map(|limit| {
                format!(
                    "the {} of {} has {} of {} {}, and had {}",
                    limit.what,
                    code(&limit.subject),
                    limit.after,
                    limit.most,
                    limit.unit,
                    limit.before
                )
            })
            .collect(),
        sections,
        more_changes: more(hidden, "more change|more changes"),
        pictures: (drawn.iter())
            .map(|picture| PictureRow {
                name: html(&picture.pipeline),
                mermaid: picture.mermaid.trim_end().to_owned(),
                open: drawn.len() == 1,
            })
            .collect(),
        folded,
        texts: Vec::new(),
        about: format!(
            "{} compared: {} with {}",
            counted(report.compared, "file|files"),
            html(&cut(&report.after, VALUE)).replace('`', ""),
            html(&cut(&report.before, VALUE)).replace('`', "")
        ),
    }
}

fn add_texts(page: &mut Page, report: &Report, room: usize) {
    let mut left = room;
    for change in report.files.iter().flat_map(|file| &file.texts) {
        let text = change.unified();
        let fence = "`".repeat(longest_run(&text).max(2) + 1);
        let size = text.len() + 2 * fence.len() + 8;
        if size <= left {
            left -= size;
            page.texts.push(Text {
                fence,
                text: text.trim_end().to_owned(),
            });
        }
    }
}

fn pipeline_title(pipeline: &PipelineChange, file: &FileChange, several: bool) -> String {
    let words = match pipeline.kind {
        Kind::Added => " is new".to_owned(),
        Kind::Removed => " is gone".to_owned(),
        Kind::Renamed => format!(
            " was {}",
            code(pipeline.before.as_deref().unwrap_or_default())
        ),
        _ if !pipeline.has_effect() => ": names and descriptions only".to_owned(),
        _ => String::new(),
    };
    let place = if several {
        format!(" ({})", code(&file.path))
    } else {
        String::new()
    };
    format!("{}{words}{place}", code(&pipeline.name))
}

/// An item of a list.
fn item(change: &Change) -> String {
    let names: Vec<String> = subjects(change).iter().map(|name| code(name)).collect();
    let parts = sentence(change).into_iter().map(|part| match part {
        Part::Words(words) => prose(&words),
        Part::Value(value) => code(&cut(&value, VALUE)),
    });
    let words = join(parts);
    match names.as_slice() {
        [] => words,
        names => format!("{}: {words}", names.join(", ")),
    }
}

fn permission(permission: &PermissionChange) -> PermissionRow {
    let word = permission.kind.words();
    let kind = match (permission.wider, permission.kind) {
        (true, PermissionKind::Widened) => "⚠️ **wider**".to_owned(),
        (true, _) => format!("⚠️ **wider**: {word}"),
        (false, _) => word.to_owned(),
    };
    let mut holder = cell(&permission.holder);
    if !permission.principal.is_empty() {
        holder.push_str(&format!("<br>by {}", cell(&permission.principal)));
    }
    let mut actions = listed(&permission.actions);
    if permission.denies {
        actions.insert_str(0, "forbidden: ");
    }
    let mut scope = listed(&permission.resources);
    let conditions = |conditions: &[String]| match conditions {
        [] => String::new(),
        conditions => format!("<br>if {}", listed(conditions)),
    };
    scope.push_str(&conditions(&permission.conditions));
    for was in permission.before.iter().take(LISTED) {
        let conditions = conditions(&was.conditions).replace("<br>", " ");
        scope.push_str(&format!(
            "<br>was {}{conditions}",
            cell(&cut(&was.resource, VALUE))
        ));
    }
    let needs: Vec<String> = permission.needed_by.iter().map(need).collect();
    PermissionRow {
        kind,
        holder,
        actions,
        scope: scope.trim_start_matches("<br>").to_owned(),
        needs: listed(&needs),
    }
}

fn resource(resource: &ResourceChange) -> ResourceRow {
    let mut action = match resource.action {
        Action::Replace | Action::MayReplace => format!("⚠️ **{}**", resource.action.words()),
        action => action.words().to_owned(),
    };
    if let Some(data) = resource.data {
        let words = if data.is_grave() {
            format!("**{}**", data.words())
        } else {
            data.words().to_owned()
        };
        action.push_str(&format!("; {words}"));
    }
    let mut what: Vec<String> = Vec::new();
    for property in resource.properties.iter().take(LISTED) {
        let value = |text: &String| cell(&cut(text, VALUE));
        let path = cell(&property.path);
        what.push(match (&property.before, &property.after) {
            (Some(before), Some(after)) => format!("{path}: {} → {}", value(before), value(after)),
            (Some(before), None) => format!("{path} gone (was {})", value(before)),
            (None, Some(after)) => format!("{path}: {}", value(after)),
            (None, None) => path,
        });
    }
    let more = resource.properties.len().saturating_sub(LISTED);
    if more > 0 {
        what.push(format!("{more} more"));
    }
    if let Some(fails) = &resource.fails {
        what.push(format!("**the deployment will fail**: {}", cell(fails)));
    }
    ResourceRow {
        action,
        name: cell(&resource.name),
        cfn_type: cell(&resource.cfn_type),
        what: what.join("<br>"),
    }
}

fn cost(cost: &CostChange) -> CostRow {
    let (before, after, percent) = cost.month();
    let mut month = match before == after || before.is_empty() {
        true => cell(&after),
        false => format!("{} → {}", cell(&before), cell(&after)),
    };
    if !percent.is_empty() {
        month.push_str(&format!(" ({percent})"));
    }
    let short = |text: &str| cell(&cut(text, VALUE));
    let own = cost.after.as_ref().or(cost.before.as_ref());
    CostRow {
        pipeline: cell(&cost.pipeline),
        month,
        transitions: match cost.transitions() {
            Some((before, after)) => format!("{} → {}", short(before), short(after)),
            None => own.map(|own| short(&own.transitions)).unwrap_or_default(),
        },
        assumed: listed(&cost.assumed),
    }
}

fn listed(texts: &[String]) -> String {
    let mut words: Vec<String> = texts
        .iter()
        .filter(|t| !t.is_empty())
        .take(LISTED)
        .map(|text| cell(&cut(text, VALUE)))
        .collect();
    let more = texts.len().saturating_sub(LISTED);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join("<br>")
}

/// Words that are ours as they are; with anything else in them, as code: there nothing is a link, a mention or markup.
fn prose(text: &str) -> String {
    let ours = |c: char| c.is_ascii_alphanumeric() || " ,.:-=→".contains(c);
    if text.chars().all(ours) {
        text.to_owned()
    } else {
        code(text)
    }
}

/// A text as code, on one line.
fn code(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// As [`code`], in a table, where a bar would end the cell.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A text in HTML.
fn html(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Markdown goes on inside of HTML.
            '*' | '_' | '[' | ']' | '~' | '\\' | '|' => {
                out.push_str(&format!("&#{};", u32::from(c)))
            }
            // Whoever is called so is not to be called.
            '@' => out.push_str("@&#8203;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A name in HTML, as code.
fn tag(text: &str) -> String {
    format!("<code>{}</code>", html(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_holds_whatever_stands_in_it() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code("a\nb"), "`a b`");
        assert_eq!(code(" "), "");
        assert_eq!(cell("a|b"), "`a\\|b`");
    }

    #[test]
    fn only_plain_words_are_prose() {
        assert_eq!(prose("goes on to"), "goes on to");
        assert_eq!(prose("catch @all"), "`catch @all`");
        assert_eq!(html("<@a_b>"), "&lt;@&#8203;a&#95;b&gt;");
    }
}
