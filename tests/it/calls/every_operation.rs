//! The smallest call of every operation, from text to a definition and a policy: nothing in it is wrong, so nothing may be
//! reported, and what comes out names the operation, its arguments and permissions that exist.

use std::collections::BTreeSet;

use flowc::backend::{asl, iam};
use flowc::catalog::grant::{Grant, GrantSource, Reading};
use flowc::catalog::shape::{Shape, ShapeKind};
use flowc::catalog::{self, Form, Operation, Pattern, Requirement, RequirementKind};
use flowc::diagnostic::Code;
use flowc::ir::{PipelineId, Program};
use serde_json::{Value, json};

use super::{compile, said};

/// Services that data pipelines use: all of their operations are called. Of the others, every seventh.
const SERVICES: &str = "
    appflow athena backup batch bedrock bedrockruntime cloudformation cloudwatch cloudwatchlogs codebuild comprehend
    databasemigration databrew datasync dynamodb ec2 ecs eks emr emrcontainers emrserverless eventbridge firehose glue iam
    kinesis kms lakeformation lambda mediaconvert mwaa opensearch pipes quicksight rds rdsdata redshift redshiftdata
    redshiftserverless rekognition s3 s3control s3tables sagemaker sagemakerruntime scheduler secretsmanager sfn sns sqs
    ssm sts textract timestreamquery timestreamwrite transcribe transfer translate";
const STEP: usize = 7;

#[test]
fn the_smallest_call_of_every_operation_becomes_a_definition_and_a_policy() {
    let wanted: BTreeSet<&str> = SERVICES.split_whitespace().collect();
    assert_eq!(wanted.len(), 58);
    let (mut of_these, mut of_others, mut wrong) = (0, 0, Vec::new());
    let services = catalog::overview().into_iter();
    for service in services.filter_map(|row| catalog::find_service(row.name)) {
        let all = wanted.contains(service.name);
        // An activity and an HTTP call are written in another way.
        if matches!(service.name, "activity" | "http") {
            continue;
        }
        for (i, operation) in service.operations().enumerate() {
            if operation.refused.is_some() || !all && i % STEP != 0 {
                continue;
            }
            if all {
                of_these += 1;
            } else {
                of_others += 1;
            }
            for (word, pattern) in [("", None), ("start ", Some(Pattern::RequestResponse))] {
                let complete = operation.complete();
                let form = match pattern {
                    None => complete,
                    Some(pattern) => operation.form(pattern),
                };
                let again = pattern.is_some() && complete.map(|form| form.pattern) == pattern;
                if let Some(form) = form.filter(|_| !again)
                    && let Err(why) = build(word, operation, form)
                {
                    wrong.push(format!(
                        "{word}{}.{}: {why}",
                        operation.service, operation.name
                    ));
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
    assert!(of_these > 5_000, "{of_these}");
    assert!(of_others > 2_000, "{of_others}");
}

fn build(word: &str, operation: &Operation, form: &Form) -> Result<(), String> {
    let arguments = smallest(form);
    let call = format!(
        "{word}{}.{}{}",
        operation.service,
        operation.name,
        written(&arguments)
    );
    let mut compilation = compile(&format!(
        "pipeline it() {{ timeout 12h step it = {call} flow it }}"
    ));
    // What a query touches can be known to its author alone.
    compilation
        .diagnostics
        .retain(|d| d.code != Code::UndeclaredData);
    let said = said(&compilation);
    let Some(program) = compilation.program.filter(|_| said.is_empty()) else {
        return Err(format!("{call}\n{said}"));
    };
    check_definition(&program, form, &arguments)?;
    check_policy(&program, form, &arguments)
}

fn check_definition(program: &Program, form: &Form, arguments: &Value) -> Result<(), String> {
    let machine = json!(asl::lower(program, PipelineId(0)).machine);
    let state = &machine["States"]["it"];
    let found = (&state["Type"], &state["Resource"], &state["Arguments"]);
    let no_arguments = json!({});
    let given = match &state["Arguments"] {
        Value::Null => &no_arguments,
        given => given,
    };
    if *found.0 != "Task" || *found.1 != *form.resource || given != arguments {
        return Err(format!("{state}"));
    }
    Ok(())
}

fn check_policy(program: &Program, form: &Form, arguments: &Value) -> Result<(), String> {
    let policy = iam::policy(program, &program.pipelines[0]);
    let needed = |grant: &&Grant| grant.when.is_none() && is_filled(grant, arguments);
    for grant in form.grants.iter().filter(needed) {
        for action in &grant.actions {
            if !policy.statements.iter().any(|s| s.actions.contains(action)) {
                return Err(format!("{action} is not allowed"));
            }
        }
    }
    for statement in &policy.statements {
        for action in &statement.actions {
            let grants = || form.grants.iter().filter(|g| g.actions.contains(action));
            // Beside what the call needs, the pipeline writes its log.
            if grants().next().is_none() && !action.starts_with("logs:") {
                return Err(format!("{action} is allowed and not needed"));
            }
            let assumed = grants().any(|grant| grant.source == GrantSource::Assumed);
            let exists = catalog::actions::is_known(action);
            let is_told = assumed && statement.assumed;
            if !exists && !is_told {
                return Err(format!("{action} does not exist"));
            }
        }
    }
    Ok(())
}

/// Whether the arguments have all that its ARNs and conditions are made of.
fn is_filled(grant: &Grant, arguments: &Value) -> bool {
    let values = grant.conditions.iter().map(|condition| &condition.value);
    (grant.resources.iter().chain(values))
        .flat_map(|template| template.holes())
        .all(|hole| {
            let given = hole
                .path
                .split('.')
                .try_fold(arguments, |at, step| at.get(step));
            hole.absent.is_some() || given.is_some()
        })
}

/// The fewest arguments that the model takes.
fn smallest(form: &Form) -> Value {
    let mut arguments = smallest_value(form.input, "", form, 0);
    for requirement in form.requirements() {
        let Requirement { kind, members } = requirement;
        let needs = matches!(
            kind,
            RequirementKind::ExactlyOne | RequirementKind::AtLeastOne
        );
        let given = members.iter().any(|name| !arguments[name].is_null());
        if needs && !given {
            let name = &members[0];
            let member = form
                .input
                .find_member(name)
                .expect("a requirement's member");
            arguments[name] = smallest_value(member.shape, name, form, 1);
        }
    }
    arguments
}

fn smallest_value(shape: Shape, path: &str, form: &Form, depth: usize) -> Value {
    let inside = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match shape.kind() {
        ShapeKind::Structure { union, .. } => {
            let mut members: Vec<_> = shape.members().filter(|m| m.raw.required).collect();
            if *union && members.is_empty() && depth < 20 {
                // The first that is no structure, where there is one: a union may hold itself.
                let plain = shape.members().find(|m| !m.shape.has_members());
                members.extend(plain.or_else(|| shape.members().next()));
            }
            let values = members.into_iter().map(|member| {
                let name = member.raw.name.clone();
                let value = smallest_value(member.shape, &inside(&name), form, depth + 1);
                (name, value)
            });
            Value::Object(values.collect())
        }
        ShapeKind::List { element, min, .. } => {
            let element = shape.at(*element);
            let count = min.unwrap_or(0) as usize;
            let one = || smallest_value(element, &format!("{path}[]"), form, depth + 1);
            Value::Array((0..count).map(|_| one()).collect())
        }
        ShapeKind::Map {
            key, value, min, ..
        } => {
            let count = min.unwrap_or(0) as usize;
            let value = shape.at(*value);
            let keys = key.map(|key| shape.at(key).kind());
            let entries = (0..count).map(|i| {
                let key = match keys {
                    Some(ShapeKind::String { values, .. }) if !values.is_empty() => {
                        values[i].clone()
                    }
                    Some(ShapeKind::String { min, max, .. }) => text(&i.to_string(), *min, *max),
                    _ => i.to_string(),
                };
                let value = smallest_value(value, &format!("{path}{{}}"), form, depth + 1);
                (key, value)
            });
            Value::Object(entries.collect())
        }
        ShapeKind::String { values, .. } if !values.is_empty() => json!(values[0]),
        ShapeKind::String { min, max, .. } => json!(text(example(form, path), *min, *max)),
        ShapeKind::Integer { min, max } => json!(min.unwrap_or(1).min(max.unwrap_or(i64::MAX))),
        // All limits that are above zero are whole.
        ShapeKind::Number { min, max } => {
            json!(min.unwrap_or(1.0).min(max.unwrap_or(1.0)).ceil() as i64)
        }
        ShapeKind::Boolean => json!(true),
        ShapeKind::Timestamp => json!("2026-01-01T00:00:00Z"),
        ShapeKind::Blob => json!("YQ=="),
        ShapeKind::Json => json!({}),
    }
}

/// A text in the form that the call's permissions read it in.
fn example(form: &Form, path: &str) -> &'static str {
    let reading = (form.grants.iter())
        .flat_map(|grant| {
            (grant.resources.iter())
                .chain(grant.conditions.iter().map(|condition| &condition.value))
                .flat_map(|template| template.holes())
        })
        .find(|hole| hole.path == path)
        .map(|hole| hole.reading);
    match reading {
        Some(Reading::Arn) => "arn:aws:s3:::a",
        Some(Reading::HostLabel) => "a.execute-api.eu-west-1.amazonaws.com",
        Some(Reading::UrlTail) => "https://sqs.eu-west-1.amazonaws.com/111122223333/a",
        Some(Reading::S3Bucket | Reading::S3Key) => "s3://a/a",
        Some(Reading::Name) if path.ends_with("Arn") => {
            "arn:aws:states:eu-west-1:111122223333:stateMachine:a"
        }
        _ => "a",
    }
}

/// Drawn out or cut to a length that the model takes.
fn text(text: &str, min: Option<u64>, max: Option<u64>) -> String {
    let (min, max) = (min.unwrap_or(0) as usize, max.map(|max| max as usize));
    let drawn = format!("{text}{}", "a".repeat(min.saturating_sub(text.len())));
    drawn.chars().take(max.unwrap_or(usize::MAX)).collect()
}

/// Arguments as the language writes them.
fn written(arguments: &Value) -> String {
    let members = arguments.as_object().into_iter().flatten();
    let written: Vec<String> = members
        .map(|(name, value)| format!("{name}: {}", literal(value)))
        .collect();
    format!("({})", written.join(", "))
}

fn literal(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = (members.iter())
                .map(|(name, value)| format!("{name:?}: {}", literal(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => format!("\"{}\"", text.replace('{', "{{").replace('}', "}}")),
        other => other.to_string(),
    }
}
