//! A report as GitHub's workflow commands: what a reviewer must not miss, at the line that asks for it.
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>

use super::report::Report;
use super::sentence::{cut, need, word};

/// Characters of a message.
const MESSAGE: usize = 500;

/// A warning for each permission that is wider, and for each resource that is replaced or loses data; then the summary as
/// a notice.
pub fn annotations(report: &Report) -> String {
    let mut out = String::new();
    for file in &report.files {
        for permission in file
            .permissions
            .iter()
            .filter(|permission| permission.wider)
        {
            let by = permission.needed_by.first();
            let asked = by.map_or_else(String::new, |by| format!(", for {}", need(by)));
            let message = format!(
                "{}: {}: {} on {}{asked}",
                permission.holder,
                word(permission),
                permission.actions.join(", "),
                permission.resources.join(", "),
            );
            let (path, line) = match by {
                Some(by) => (by.place.path.as_str(), by.place.line),
                None => (file.path.as_str(), 1),
            };
            command(
                &mut out,
                "warning",
                Some((path, line)),
                "wider permission",
                &message,
            );
        }
        for resource in &file.resources {
            let grave =
                resource.data.is_some_and(|data| data.is_grave()) || resource.fails.is_some();
            let replaced = resource.properties.iter().any(|property| property.replaces);
            if !grave && !replaced {
                continue;
            }
            let mut message = format!(
                "{} ({}) {}",
                resource.name,
                resource.cfn_type,
                resource.action.words()
            );
            if let Some(data) = resource.data {
                message.push_str(&format!("; {}", data.words()));
            }
            if let Some(fails) = &resource.fails {
                message.push_str(&format!("; the deployment will fail: {fails}"));
            }
            command(
                &mut out,
                "warning",
                Some((&file.path, 1)),
                "resource",
                &message,
            );
        }
    }
    command(&mut out, "notice", None, "flowc diff", &report.summary());
    out
}

fn command(out: &mut String, kind: &str, place: Option<(&str, usize)>, title: &str, message: &str) {
    let place = place.map_or_else(String::new, |(path, line)| {
        format!("file={},line={line},", property(path))
    });
    out.push_str(&format!(
        "::{kind} {place}title={title}::{}\n",
        data(&cut(message, MESSAGE))
    ));
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
