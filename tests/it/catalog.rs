//! Every service and operation holds what the catalog's users rely on.

#![expect(
    clippy::mutable_key_type,
    reason = "shapes are compared by identity, which decoding leaves alone"
)]

use std::collections::{BTreeSet, HashSet};

use flowc::catalog::cloudformation::Replacement;
use flowc::catalog::grant::{ArnPart, ArnTemplate, Grant, When};
use flowc::catalog::shape::{Shape, ShapeKind};
use flowc::catalog::{self, Form, Operation, Pattern, cloudformation, resource};

fn operation(service: &str, name: &str) -> &'static Operation {
    catalog::find_service(service)
        .and_then(|service| service.find_operation(name))
        .unwrap_or_else(|| panic!("{service}.{name} is not there"))
}

fn form(service: &str, name: &str, pattern: Pattern) -> &'static Form {
    operation(service, name)
        .form(pattern)
        .unwrap_or_else(|| panic!("{service}.{name} has no {pattern:?}"))
}

fn every_operation() -> impl Iterator<Item = &'static Operation> {
    let names: BTreeSet<_> = catalog::service_names()
        .filter_map(catalog::find_service)
        .map(|service| service.name)
        .collect();
    names
        .into_iter()
        .filter_map(catalog::find_service)
        .flat_map(|service| service.operations())
}

#[test]
fn services_answer_to_their_sdk_name_and_the_integrations_own() {
    for (name, service) in [
        ("states", "sfn"),
        ("events", "eventbridge"),
        ("elasticmapreduce", "emr"),
        ("glue", "glue"),
    ] {
        assert_eq!(catalog::find_service(name).map(|s| s.name), Some(service));
    }
    assert!(catalog::find_service("glu").is_none());
    assert!(catalog::service_names().count() > 430);
}

#[test]
fn an_optimized_operation_is_complete_when_it_waits() {
    let start = operation("glue", "startJobRun");
    let complete = start.complete().expect("it has forms");
    assert_eq!(complete.resource, "arn:aws:states:::glue:startJobRun.sync");
    assert!(complete.result.find_member("JobRunState").is_some());
    let start = form("glue", "startJobRun", Pattern::RequestResponse);
    assert_eq!(start.resource, "arn:aws:states:::glue:startJobRun");
    assert!(start.result.find_member("JobRunId").is_some());
    let callback = form("glue", "startJobRun", Pattern::Callback);
    assert_eq!(
        callback.resource,
        "arn:aws:states:::aws-sdk:glue:startJobRun.waitForTaskToken"
    );
}

#[test]
fn an_error_is_found_in_every_spelling_that_people_use() {
    let put = form("dynamodb", "putItem", Pattern::RequestResponse);
    for written in [
        "DynamoDB.ConditionalCheckFailed",
        "DynamoDb.ConditionalCheckFailedException",
        "DynamoDB.ConditionalCheckFailedException",
    ] {
        assert_eq!(
            put.find_error(written),
            Some("DynamoDB.ConditionalCheckFailedException")
        );
    }
    assert_eq!(put.find_error("Glue.ConditionalCheckFailed"), None);
    let head = form("s3", "headObject", Pattern::RequestResponse);
    assert_eq!(
        head.find_error("S3.NoSuchKey"),
        Some("S3.NoSuchKeyException")
    );
    let start = form("sfn", "startExecution", Pattern::Sync);
    let exists = Some("StepFunctions.ExecutionAlreadyExistsException");
    assert_eq!(start.find_error("Sfn.ExecutionAlreadyExists"), exists);
}

#[test]
fn every_error_is_found_by_its_own_name_and_without_its_ending() {
    for operation in every_operation() {
        for form in &operation.forms {
            let name = format!(
                "{}.{} {:?}",
                operation.service, operation.name, form.pattern
            );
            for error in &form.errors {
                assert_eq!(form.find_error(error), Some(error.as_str()), "{name}");
                let short = error.strip_suffix("Exception").unwrap_or(error);
                assert_eq!(form.find_error(short), Some(error.as_str()), "{name}");
            }
            assert_eq!(form.find_error("Nothing.OfThatName"), None, "{name}");
        }
    }
}

#[test]
fn the_sdks_own_error_is_none_of_an_optimized_integration() {
    let optimized = form("dynamodb", "putItem", Pattern::RequestResponse);
    assert_eq!(optimized.find_error("DynamoDb.DynamoDbException"), None);
    assert!(optimized.find_error("DynamoDB.AmazonDynamoDB").is_some());
    let sdk = form("dynamodb", "query", Pattern::RequestResponse);
    assert_eq!(sdk.find_error("DynamoDB.AmazonDynamoDBException"), None);
    assert!(sdk.find_error("DynamoDb.DynamoDb").is_some());
}

#[test]
fn members_are_spelled_as_each_integration_spells_them() {
    let describe = form("rds", "describeDBInstances", Pattern::RequestResponse);
    let member = describe
        .input
        .find_member("DBInstanceIdentifier")
        .expect("the API's spelling");
    assert_eq!(member.raw.name, "DbInstanceIdentifier");
    let put = form("dynamodb", "putItem", Pattern::RequestResponse);
    let item = put.input.find_member("Item").expect("Item").shape;
    let ShapeKind::Map { value, .. } = item.kind() else {
        panic!("Item is a map")
    };
    let bool = item
        .at(*value)
        .find_member("Bool")
        .expect("the SDK's spelling");
    assert_eq!(bool.raw.name, "BOOL");
}

#[test]
fn numbers_and_keys_have_the_limits_of_the_model() {
    let converse = form("bedrockruntime", "converse", Pattern::RequestResponse);
    let temperature = follow(converse.input, "InferenceConfig.Temperature").expect("Temperature");
    let ShapeKind::Number { min, max } = temperature.kind() else {
        panic!("a number")
    };
    assert_eq!((*min, *max), (Some(0.0), Some(1.0)));
    let create = form("sqs", "createQueue", Pattern::RequestResponse);
    let attributes = follow(create.input, "Attributes").expect("Attributes");
    let ShapeKind::Map { key: Some(key), .. } = attributes.kind() else {
        panic!("keys of their own")
    };
    let ShapeKind::String { values, .. } = attributes.at(*key).kind() else {
        panic!("keys are text")
    };
    assert!(values.contains(&"VisibilityTimeout".to_owned()));
}

#[test]
fn a_childs_output_is_parsed() {
    let start = form("states", "startExecution", Pattern::Sync);
    assert_eq!(
        start.resource,
        "arn:aws:states:::states:startExecution.sync:2"
    );
    let output = start.result.find_member("Output").expect("Output");
    assert!(matches!(output.shape.kind(), ShapeKind::Json));
    let start = form("sfn", "startSyncExecution", Pattern::RequestResponse);
    assert!(
        start
            .result
            .find_member("Output")
            .is_some_and(|m| m.raw.json_text)
    );
}

#[test]
fn every_operation_is_refused_with_a_reason_or_has_sound_forms() {
    let mut count = 0;
    for operation in every_operation() {
        count += 1;
        let name = format!("{}.{}", operation.service, operation.name);
        assert_eq!(
            operation.refused.is_some(),
            operation.forms.is_empty(),
            "{name}"
        );
        // The section of an integration that names no operation of the API must have patterns.
        assert_ne!(
            operation.refused.as_deref(),
            Some("no such operation"),
            "{name}"
        );
        let patterns: BTreeSet<_> = operation.forms.iter().map(|form| form.pattern).collect();
        assert_eq!(patterns.len(), operation.forms.len(), "{name}");
        for form in &operation.forms {
            check_resource(operation, form);
            check_form(&name, form);
        }
    }
    assert!(count > 19_000, "{count} operations");
}

fn check_resource(operation: &Operation, form: &Form) {
    let resource = &form.resource;
    let rest = resource
        .strip_prefix("arn:aws:states:::")
        .unwrap_or_else(|| panic!("{resource}"));
    let (service, call) = match rest.strip_prefix("aws-sdk:") {
        Some(rest) => {
            assert!(!form.optimized, "{resource}");
            rest.split_once(':').unwrap_or_else(|| panic!("{resource}"))
        }
        None => {
            assert!(form.optimized, "{resource}");
            rest.split_once(':').unwrap_or_else(|| panic!("{resource}"))
        }
    };
    assert!(!service.is_empty(), "{resource}");
    let suffix = call
        .strip_prefix(operation.name.as_str())
        .unwrap_or_else(|| panic!("{resource}"));
    let fits = match form.pattern {
        Pattern::RequestResponse => suffix.is_empty(),
        Pattern::Sync => suffix == ".sync" || suffix == ".sync:2",
        Pattern::Callback => suffix == ".waitForTaskToken",
    };
    assert!(fits, "{resource}");
    let named = catalog::find_service(&service.replace('-', "")).map(|s| s.name);
    assert_eq!(named, Some(operation.service), "{resource}");
}

fn check_form(name: &str, form: &Form) {
    let members = form.input.members().chain(form.result.members());
    for member in members {
        member.shape.kind();
    }
    for error in &form.transient {
        assert!(
            form.errors.contains(error),
            "{name}: transient {error} is no error of it"
        );
    }
    for grant in &form.grants {
        check_grant(name, form, grant);
    }
}

fn check_grant(name: &str, form: &Form, grant: &Grant) {
    for action in &grant.actions {
        assert!(
            action
                .split_once(':')
                .is_some_and(|(p, a)| !p.is_empty() && !a.is_empty()),
            "{name}: {action}"
        );
    }
    for template in grant
        .resources
        .iter()
        .chain(grant.conditions.iter().map(|c| &c.value))
    {
        check_template(name, form, template);
    }
    if let Some(When::Given(path) | When::Absent(path) | When::OneOf(path, _)) = &grant.when {
        assert!(
            leads(form.input, path),
            "{name}: `when {path}` leads nowhere"
        );
    }
}

fn check_template(name: &str, form: &Form, template: &ArnTemplate) {
    for hole in template.holes() {
        let path = hole.path.split("->").next().unwrap_or_default();
        assert!(
            leads(form.input, path),
            "{name}: {{{}}} leads nowhere",
            hole.path
        );
    }
}

/// Whether a path, spelled as the form spells its members, leads from a shape to a value.
fn leads(shape: Shape, path: &str) -> bool {
    follow(shape, path).is_some()
}

/// What a path leads to; a map's key is the map itself.
fn follow(shape: Shape, path: &str) -> Option<Shape> {
    if path.is_empty() {
        return Some(shape);
    }
    let kind = shape.kind();
    if let Some(rest) = path.strip_prefix("[]") {
        let ShapeKind::List { element, .. } = kind else {
            return None;
        };
        return follow(shape.at(*element), rest.trim_start_matches('.'));
    }
    if let Some(rest) = path.strip_prefix("{}") {
        return (matches!(kind, ShapeKind::Map { .. }) && rest.is_empty()).then_some(shape);
    }
    let end = path.find(['.', '[', '{']).unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    let member = shape.find_member(name).filter(|m| m.raw.name == name)?;
    follow(member.shape, rest.trim_start_matches('.'))
}

#[test]
fn a_wait_knows_every_state_that_the_api_names() {
    let mut previous = None;
    for wait in catalog::wait::waits() {
        let name = format!("{}.{}", wait.service, wait.start);
        assert!(previous < Some(name.clone()), "{name} is out of order");
        operation(wait.service, wait.start);
        // Its result is the API's own, whatever optimized form there is beside it.
        let poll = operation(wait.service, wait.poll);
        let form = poll
            .form(Pattern::RequestResponse)
            .expect("it can be asked");
        let state =
            follow(form.result, wait.path).unwrap_or_else(|| panic!("{name}: {}", wait.path));
        let ShapeKind::String { values, .. } = state.kind() else {
            panic!("{name}: the state is no text");
        };
        // `ALL` is for those who list.
        let known: BTreeSet<&str> = (values.iter().map(String::as_str))
            .filter(|value| *value != "ALL")
            .collect();
        let named = [wait.running, wait.done, wait.failed].concat();
        let told: BTreeSet<&str> = named.iter().copied().collect();
        assert_eq!(told.len(), named.len(), "{name}: a state is told twice");
        assert_eq!(told, known, "{name}");
        assert_eq!(
            catalog::wait::find_wait(wait.service, wait.start),
            Some(wait)
        );
        previous = Some(name);
    }
}

#[test]
fn every_kind_is_a_type_with_its_name_among_the_properties() {
    let words: Vec<_> = resource::kinds().iter().map(|kind| kind.word).collect();
    assert!(words.is_sorted());
    assert_eq!(words.len(), 24);
    for kind in resource::kinds() {
        let word = kind.word;
        assert_eq!(
            resource::find_kind(word).map(|k| k.cfn_type),
            Some(kind.cfn_type)
        );
        let ty = cloudformation::find_type(kind.cfn_type).unwrap_or_else(|| panic!("{word}"));
        let property = follow(ty.properties, kind.name_property);
        assert!(property.is_some(), "{word}: {}", kind.name_property);
        if !kind.arn_attribute.is_empty() {
            let attribute = ty.attributes.find_member(kind.arn_attribute);
            assert!(attribute.is_some(), "{word}: {}", kind.arn_attribute);
        }
        assert_eq!(
            kind.arn.parts.first(),
            Some(&ArnPart::Text("arn:".to_owned())),
            "{word}"
        );
        for hole in kind.arn.holes() {
            assert_eq!(hole.path, "Name", "{word}");
        }
    }
}

#[test]
fn every_resource_type_is_whole() {
    let mut count = 0;
    for name in cloudformation::type_names() {
        count += 1;
        let ty = cloudformation::find_type(&name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(ty.name, name);
        let mut seen = HashSet::new();
        walk(ty.properties, &mut seen);
        walk(ty.attributes, &mut seen);
        for only in &ty.create_only {
            let property = only.path.split('/').next().expect("a name");
            let known = ty.properties.find_member(property).is_some()
                || ty
                    .attributes
                    .members()
                    .any(|m| m.raw.name.starts_with(property));
            assert!(known, "{name}: {property}");
        }
    }
    assert!(count > 1_800, "{count} types");
    assert!(cloudformation::find_type("AWS::Glue::Jobb").is_none());
    assert!(cloudformation::find_type("Custom").is_none());
}

#[test]
fn a_resource_type_knows_what_must_be_set_and_what_replaces_it() {
    let job = cloudformation::find_type("AWS::Glue::Job").expect("it is there");
    let required: Vec<_> = (job.properties.members().filter(|m| m.raw.required))
        .map(|m| m.raw.name.as_str())
        .collect();
    assert_eq!(required, ["Command", "Role"]);
    let replacing = |name: &str| {
        let ty = cloudformation::find_type(name).expect("it is there");
        let rules = ty.create_only.iter();
        rules
            .map(|only| (only.path.as_str(), only.replacement))
            .collect::<Vec<_>>()
    };
    assert_eq!(replacing("AWS::Glue::Job"), [("Name", Replacement::Always)]);
    assert!(replacing("AWS::Glue::Table").contains(&("TableInput/Name", Replacement::Always)));
    assert!(replacing("AWS::DynamoDB::Table").contains(&("KeySchema", Replacement::Sometimes)));
    assert_eq!(job.identifier, ["Name"]);
    let class = job
        .properties
        .find_member("ExecutionClass")
        .expect("it is there");
    let ShapeKind::String { values, .. } = class.shape.kind() else {
        panic!("a choice of values");
    };
    assert_eq!(values, &["FLEX", "STANDARD"]);
    let table = cloudformation::find_type("AWS::DynamoDB::Table").expect("it is there");
    assert!(table.attributes.find_member("StreamArn").is_some());
    assert!(table.properties.find_member("StreamArn").is_none());
}

/// Looks at every shape that one leads to.
fn walk(shape: Shape, seen: &mut HashSet<Shape>) {
    if !seen.insert(shape) {
        return;
    }
    match shape.kind() {
        ShapeKind::Structure { members, .. } => {
            let mut names = HashSet::new();
            for member in members {
                assert!(
                    names.insert(&member.name),
                    "{shape:?}: two of {}",
                    member.name
                );
                walk(shape.at(member.shape), seen);
            }
        }
        ShapeKind::List { element, .. } => walk(shape.at(*element), seen),
        ShapeKind::Map { key, value, .. } => {
            if let Some(key) = key {
                let kind = shape.at(*key).kind();
                assert!(
                    matches!(kind, ShapeKind::String { .. }),
                    "{shape:?}: {kind:?}"
                );
            }
            walk(shape.at(*value), seen);
        }
        _ => {}
    }
}

#[test]
fn every_type_of_every_operation_is_whole_at_every_depth() {
    for operation in every_operation() {
        let mut seen = HashSet::new();
        for form in &operation.forms {
            walk(form.input, &mut seen);
            walk(form.result, &mut seen);
        }
    }
}

/// What a reviewer reads: every optimized integration as the catalog understands it.
#[test]
fn optimized_integrations_read_as_reviewed() {
    let mut text = String::new();
    for operation in every_operation() {
        for form in operation.forms.iter().filter(|form| form.optimized) {
            describe(form, &mut text);
        }
    }
    insta::assert_snapshot!("integrations", text);
}

fn describe(form: &Form, text: &mut String) {
    let mut line = |head: &str, rest: String| {
        if !rest.is_empty() {
            text.push_str(&format!("{head}{rest}\n"));
        }
    };
    line("", form.resource.clone());
    line("  takes  ", members(form.input));
    line("  gives  ", members(form.result));
    line(
        "  raises ",
        form.errors.join(" ") + if form.open_errors { " …" } else { "" },
    );
    line("  retry  ", form.transient.join(" "));
    for requirement in form.requirements() {
        line(
            "  demand ",
            format!("{:?} {}", requirement.kind, requirement.members.join(", ")),
        );
    }
    for grant in &form.grants {
        line("  allow  ", grant_text(grant));
    }
    line("  beside ", form.dependents.join(" "));
    for sentence in &form.unverified {
        line("  unsure ", sentence.clone());
    }
}

fn members(shape: Shape) -> String {
    if matches!(shape.kind(), ShapeKind::Json) {
        return "any".to_owned();
    }
    let member = |m: flowc::catalog::shape::Member| {
        let mark = if m.raw.required { "*" } else { "" };
        let json = if m.raw.any_json { "~" } else { "" };
        format!("{}{mark}{json}", m.raw.name)
    };
    shape.members().map(member).collect::<Vec<_>>().join(" ")
}

fn grant_text(grant: &Grant) -> String {
    let resources: Vec<String> = grant.resources.iter().map(template_text).collect();
    let mut text = format!(
        "{} on {}",
        grant.actions.join(", "),
        if resources.is_empty() {
            "*".to_owned()
        } else {
            resources.join(", ")
        }
    );
    for condition in &grant.conditions {
        text += &format!(
            " if {} {} {}",
            condition.operator,
            condition.key,
            template_text(&condition.value)
        );
    }
    match &grant.when {
        Some(When::Given(path)) => text += &format!(" when {path}"),
        Some(When::Absent(path)) => text += &format!(" when not {path}"),
        Some(When::OneOf(path, values)) => {
            text += &format!(" when {path} in {}", values.join(", "))
        }
        None => {}
    }
    text
}

fn template_text(template: &ArnTemplate) -> String {
    template
        .parts
        .iter()
        .map(|part| match part {
            ArnPart::Text(text) => text.clone(),
            ArnPart::Partition => "{partition}".to_owned(),
            ArnPart::Region => "{region}".to_owned(),
            ArnPart::Account => "{account}".to_owned(),
            ArnPart::UrlSuffix => "{url_suffix}".to_owned(),
            ArnPart::Machine => "{machine}".to_owned(),
            ArnPart::Variable(name) => format!("${{{name}}}"),
            ArnPart::Any => "*".to_owned(),
            ArnPart::Member(hole) => {
                let absent = hole
                    .absent
                    .as_deref()
                    .map(|text| format!("={text}"))
                    .unwrap_or_default();
                format!("{{{}|{:?}{absent}}}", hole.path, hole.reading)
            }
        })
        .collect()
}

#[test]
fn every_pattern_of_a_schema_is_one_that_we_read() {
    fn visit(shape: Shape, seen: &mut HashSet<Shape>, patterns: &mut BTreeSet<&str>) {
        if !seen.insert(shape) {
            return;
        }
        patterns.extend(shape.pattern());
        match shape.kind() {
            ShapeKind::List { element, .. } => visit(shape.at(*element), seen, patterns),
            ShapeKind::Map { value, .. } => visit(shape.at(*value), seen, patterns),
            _ => shape.members().for_each(|m| visit(m.shape, seen, patterns)),
        }
    }
    let mut seen = HashSet::new();
    let mut patterns = BTreeSet::new();
    for name in cloudformation::type_names() {
        let known = cloudformation::find_type(&name).expect("it is listed");
        visit(known.properties, &mut seen, &mut patterns);
    }
    assert!(patterns.len() > 2_000, "{}", patterns.len());
    for pattern in patterns {
        assert!(regex::Regex::new(pattern).is_ok(), "{pattern}");
    }
}
