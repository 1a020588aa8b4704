//! Functions that do nothing which a step could not.

use std::collections::BTreeSet;

use crate::catalog;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    Block, Call, Entry, Expr, ExprKind, Literal, Program, ResourceId, StageKind, Target,
};

/// Longer code does more than hand on.
const MOST_LINES: usize = 15;

/// Calls of a function that the template makes, whose code only calls one operation of an API.
pub(super) fn needless(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for pipeline in &program.pipelines {
        look(program, &pipeline.body, &mut told, &mut found);
    }
    found
}

fn look(
    program: &Program,
    block: &Block,
    told: &mut BTreeSet<ResourceId>,
    found: &mut Vec<Diagnostic>,
) {
    for stage in &block.stages {
        if let StageKind::Call(call) = &stage.kind
            && let Target::Function(id) = call.target
            && let Some(operation) = only_call(program, id)
            && told.insert(id)
        {
            found.push(describe(program, call, id, &operation));
        }
        for inner in stage.blocks() {
            look(program, inner, told, found);
        }
    }
}

fn describe(program: &Program, call: &Call, id: ResourceId, operation: &str) -> Diagnostic {
    let function = program.resource(id);
    Diagnostic::new(
        Code::NeedlessFunction,
        call.span,
        format!(
            "`{}` only calls `{operation}`, which a step can do itself",
            function.name
        ),
    )
    .also(function.span, "its code does nothing else")
    .help(format!(
        "write `{operation}(…)`: no code to keep, no role of its own, nothing to pay for, and its result has a type"
    ))
}

/// The operation, when a function's inline code makes one call and decides nothing.
fn only_call(program: &Program, id: ResourceId) -> Option<String> {
    let code = program.resource(id).creation()?.property("Code")?;
    let text = match &code.kind {
        ExprKind::Literal(Literal::Object(members)) => {
            let (_, text) = members.iter().find(|(name, _)| name == "ZipFile")?;
            match text {
                Literal::String(text) => text,
                _ => return None,
            }
        }
        ExprKind::Object(entries) => entries.iter().find_map(|entry| match entry {
            Entry::Pair { key, value } if key == "ZipFile" => text_of(value),
            _ => None,
        })?,
        _ => return None,
    };
    python_call(text)
}

fn text_of(expr: &Expr) -> Option<&str> {
    match expr.as_literal() {
        Some(Literal::String(text)) => Some(text),
        _ => None,
    }
}

/// `glue.startJobRun` of Python that gets one client of boto3, calls it once, and neither decides nor repeats.
fn python_call(text: &str) -> Option<String> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let decides = |line: &&str| {
        let words = [
            "if ", "for ", "while ", "try:", "with ", "match ", "class ", "lambda ",
        ];
        words
            .iter()
            .any(|word| line.starts_with(word) || line.contains(&format!(" {word}")))
    };
    if lines.len() > MOST_LINES || lines.iter().any(decides) {
        return None;
    }
    let code = lines.join("\n");
    let mut clients = code.match_indices("boto3.client(");
    let (at, found) = clients.next()?;
    if clients.next().is_some() || code.matches("def ").count() != 1 {
        return None;
    }
    let argument = code[at + found.len()..].trim_start();
    let quote = argument
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))?;
    let service = argument[1..].split(quote).next()?;
    // `client = boto3.client("glue")`, or the call right behind it.
    let before = code[..at].rsplit('\n').next()?.trim();
    let operation = match before.strip_suffix('=').map(str::trim) {
        Some(client) => {
            let client = format!("{client}.");
            let mut calls = code.match_indices(&client).filter(|(at, _)| {
                let before = code[..*at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
            });
            let (at, found) = calls.next()?;
            if calls.next().is_some() {
                return None;
            }
            code[at + found.len()..].split('(').next()?
        }
        None => {
            let (_, behind) = argument.split_once(')')?;
            behind.strip_prefix('.')?.split('(').next()?
        }
    };
    let name = camel_case(operation.trim());
    let service = catalog::find_service(&service.replace('-', ""))?;
    let operation = service.find_operation(&name)?;
    let callable = operation.refused.is_none();
    callable.then(|| format!("{}.{name}", service.name))
}

/// `start_job_run` as `startJobRun`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_only_calls_is_told_from_code_that_decides() {
        let starts = "import boto3\n\nglue = boto3.client('glue')\n\ndef handler(event, context):\n    return glue.start_job_run(JobName=event['job'])\n";
        assert_eq!(python_call(starts).as_deref(), Some("glue.startJobRun"));
        let direct = "import boto3\ndef handler(event, context):\n    boto3.client(\"sns\").publish(TopicArn=event['topic'], Message='x')\n";
        assert_eq!(python_call(direct).as_deref(), Some("sns.publish"));
        for more in [
            "import boto3\ns3 = boto3.client('s3')\ndef handler(event, context):\n    if event['x']:\n        s3.delete_object(Bucket='b', Key='k')\n",
            "import boto3\ns3 = boto3.client('s3')\ndef handler(event, context):\n    s3.copy_object(Bucket='b', Key='k')\n    s3.delete_object(Bucket='b', Key='k')\n",
            "import boto3\ns3 = boto3.client('s3')\ndef handler(event, context):\n    return [o for o in s3.list_objects_v2(Bucket='b')]\n",
            "def handler(event, context):\n    return event\n",
            "import boto3\ndef handler(event, context):\n    return boto3.client(event['service']).publish()\n",
        ] {
            assert_eq!(python_call(more), None, "{more}");
        }
    }
}
