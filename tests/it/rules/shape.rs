//! Rules about states and fields: what stands where, how large, how many, and what leads to what.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::document::{Document, Flow, Kind, State, is_expression};

type Say<'s> = &'s mut dyn FnMut(&str, String);

const MOST: u64 = 99_999_999;

/// Of a state of this type, in JSONata: the fields that it must have, and those that it may have.
fn fields(ty: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match ty {
        "Task" => (
            &["Resource"],
            &[
                "Arguments",
                "Output",
                "Assign",
                "Retry",
                "Catch",
                "TimeoutSeconds",
                "HeartbeatSeconds",
                "Credentials",
                "Next",
                "End",
            ],
        ),
        "Parallel" => (
            &["Branches"],
            &[
                "Arguments",
                "Output",
                "Assign",
                "Retry",
                "Catch",
                "Next",
                "End",
            ],
        ),
        "Map" => (
            &["ItemProcessor"],
            &[
                "Items",
                "ItemSelector",
                "ItemReader",
                "ItemBatcher",
                "ResultWriter",
                "MaxConcurrency",
                "Label",
                "ToleratedFailureCount",
                "ToleratedFailurePercentage",
                "Output",
                "Assign",
                "Retry",
                "Catch",
                "Next",
                "End",
            ],
        ),
        "Pass" => (&[], &["Output", "Assign", "Next", "End"]),
        "Wait" => (
            &[],
            &["Seconds", "Timestamp", "Output", "Assign", "Next", "End"],
        ),
        "Choice" => (&["Choices"], &["Default", "Output", "Assign"]),
        "Succeed" => (&[], &["Output"]),
        "Fail" => (&[], &["Error", "Cause"]),
        _ => return None,
    })
}

pub fn states_have_the_fields_of_their_type(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        let Some((must, may)) = fields(state.ty()) else {
            say(&state.path, format!("no type {:?}", state.get("Type")));
            continue;
        };
        for field in must {
            if state.get(field).is_none() {
                say(&state.path, format!("lacks {field}"));
            }
        }
        for field in state.fields.keys() {
            let own = must.contains(&field.as_str()) || may.contains(&field.as_str());
            if !own && !["Type", "Comment"].contains(&field.as_str()) {
                say(&state.path, format!("has {field}"));
            }
        }
    }
}

pub fn flows_have_the_fields_of_their_kind(document: &Document<'_>, say: Say<'_>) {
    for flow in &document.flows {
        let may: &[&str] = match flow.kind {
            Kind::Machine => &["QueryLanguage", "TimeoutSeconds"],
            Kind::Branch => &[],
            Kind::Inline | Kind::Distributed { .. } => &["ProcessorConfig"],
        };
        for field in flow.fields.keys() {
            if !may.contains(&field.as_str())
                && !["StartAt", "States", "Comment"].contains(&field.as_str())
            {
                say(&flow.path, format!("has {field}"));
            }
        }
        if flow.kind == Kind::Machine {
            if flow.fields.get("QueryLanguage").and_then(Value::as_str) != Some("JSONata") {
                say(&flow.path, "is not JSONata".to_owned());
            }
            whole(
                flow.fields.get("TimeoutSeconds"),
                1,
                MOST,
                "TimeoutSeconds",
                &flow.path,
                say,
            );
        }
    }
}

pub fn comments_are_text(document: &Document<'_>, say: Say<'_>) {
    for flow in &document.flows {
        if flow.fields.get("Comment").is_some_and(|c| !c.is_string()) {
            say(&flow.path, "a comment that is no text".to_owned());
        }
    }
    for state in document.states() {
        for way in state.ways() {
            if way.get("Comment").is_some_and(|c| !c.is_string()) {
                say(&state.path, "a comment that is no text".to_owned());
            }
        }
    }
}

pub fn states_go_on_or_end(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        let (next, end) = (state.get("Next"), state.get("End"));
        let terminal = matches!(state.ty(), "Choice" | "Succeed" | "Fail");
        let sound = match (next, end) {
            (None, None) => terminal,
            (Some(next), None) => !terminal && next.is_string(),
            (None, Some(end)) => !terminal && *end == Value::Bool(true),
            (Some(_), Some(_)) => false,
        };
        if !sound {
            say(&state.path, format!("Next is {next:?} and End is {end:?}"));
        }
    }
}

pub fn names_lead_to_states_of_the_same_flow(document: &Document<'_>, say: Say<'_>) {
    for flow in &document.flows {
        match flow.start() {
            Some(start) if flow.find(start).is_some() => {}
            start => say(&flow.path, format!("starts at {start:?}")),
        }
    }
    for state in document.states() {
        for next in state.next() {
            if document.flow(&state).find(next).is_none() {
                say(&state.path, format!("leads to {next}"));
            }
        }
        for way in state.catchers().chain(state.rules()) {
            if !way.get("Next").is_some_and(Value::is_string) {
                say(&state.path, format!("a way that leads nowhere: {way:?}"));
            }
        }
    }
}

/// The states of a flow, and the names of those that its start leads to.
fn reached<'d>(document: &Document<'d>, flow: usize) -> (Vec<State<'d>>, BTreeSet<&'d str>) {
    let states: Vec<State<'_>> = document.states().filter(|s| s.flow == flow).collect();
    let mut reached: BTreeSet<&str> = document.flows[flow].start().into_iter().collect();
    loop {
        let before = reached.len();
        for state in &states {
            if reached.contains(state.name) {
                reached.extend(state.next());
            }
        }
        if reached.len() == before {
            return (states, reached);
        }
    }
}

pub fn every_state_is_reached(document: &Document<'_>, say: Say<'_>) {
    for flow in 0..document.flows.len() {
        let (states, reached) = reached(document, flow);
        for state in states.iter().filter(|s| !reached.contains(s.name)) {
            say(&state.path, "is never reached".to_owned());
        }
    }
}

pub fn every_flow_can_end(document: &Document<'_>, say: Say<'_>) {
    let ends =
        |state: &State<'_>| state.get("End").is_some() || matches!(state.ty(), "Succeed" | "Fail");
    for (number, flow) in document.flows.iter().enumerate() {
        let (states, reached) = reached(document, number);
        if !states
            .iter()
            .any(|state| reached.contains(state.name) && ends(state))
        {
            say(&flow.path, "never ends".to_owned());
        }
    }
}

pub fn names_are_short_and_unique_in_the_machine(document: &Document<'_>, say: Say<'_>) {
    let mut known = BTreeSet::new();
    for state in document.states() {
        let length = state.name.chars().count();
        if length == 0 || length > 80 {
            say(&state.path, format!("{length} characters"));
        }
        if !known.insert(state.name) {
            say(&state.path, "a name that stands twice".to_owned());
        }
    }
}

pub fn choices_have_rules_and_a_default(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Choice") {
        if state.rules().next().is_none() {
            say(&state.path, "no rules".to_owned());
        }
        // Legal without, and then an execution can fail with States.NoChoiceMatched.
        if state.get("Default").is_none() {
            say(&state.path, "no default".to_owned());
        }
        for rule in state.rules() {
            only(
                rule,
                &["Condition", "Next", "Assign", "Output", "Comment"],
                &state.path,
                say,
            );
            match rule.get("Condition") {
                Some(Value::Bool(_)) => {}
                Some(condition) if is_expression(condition) => {}
                other => say(&state.path, format!("a condition that is {other:?}")),
            }
        }
    }
}

pub fn waits_have_one_time(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Wait") {
        match (state.get("Seconds"), state.get("Timestamp")) {
            (seconds @ Some(_), None) => whole(seconds, 0, MOST, "Seconds", &state.path, say),
            (None, Some(at)) => {
                if !is_expression(at) && !at.as_str().is_some_and(is_moment) {
                    say(&state.path, format!("waits until {at}"));
                }
            }
            _ => say(&state.path, "not one of Seconds and Timestamp".to_owned()),
        }
    }
}

fn is_moment(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 20
        && bytes[10] == b'T'
        && (text.ends_with('Z') || text[11..].contains(['+', '-']))
}

pub fn failures_are_texts(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Fail") {
        for field in ["Error", "Cause"] {
            if state.get(field).is_some_and(|value| !value.is_string()) {
                say(&state.path, format!("{field} is no text"));
            }
        }
    }
}

pub fn resources_are_constants(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Task") {
        let sound = state
            .text("Resource")
            .is_some_and(|resource| resource.starts_with("arn:") || is_placeholder(resource));
        if !sound {
            say(
                &state.path,
                format!("the resource {:?}", state.get("Resource")),
            );
        }
    }
}

/// An activity's ARN, which the template fills in.
fn is_placeholder(text: &str) -> bool {
    text.starts_with("${") && text.ends_with('}')
}

pub fn tasks_times_are_in_range(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Task") {
        let (timeout, heartbeat) = (state.get("TimeoutSeconds"), state.get("HeartbeatSeconds"));
        whole(timeout, 1, MOST, "TimeoutSeconds", &state.path, say);
        whole(heartbeat, 1, MOST, "HeartbeatSeconds", &state.path, say);
        if let (Some(timeout), Some(heartbeat)) = (
            timeout.and_then(Value::as_u64),
            heartbeat.and_then(Value::as_u64),
        ) && heartbeat >= timeout
        {
            say(
                &state.path,
                format!("a heartbeat of {heartbeat} in {timeout}"),
            );
        }
    }
}

pub fn credentials_name_a_role(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        if let Some(credentials) = state.get("Credentials")
            && !credentials["RoleArn"].is_string()
        {
            say(&state.path, format!("the credentials {credentials}"));
        }
    }
}

pub fn arguments_are_given_by_name(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Task") {
        let activity = state.text("Resource").is_some_and(is_placeholder);
        match state.get("Arguments") {
            Some(Value::Object(_)) => {}
            Some(value) if is_expression(value) || activity => {}
            // Absent, the state's input would be sent.
            other => say(&state.path, format!("the arguments {other:?}")),
        }
    }
}

pub fn parallels_have_branches(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Parallel") {
        let branches = state.get("Branches").and_then(Value::as_array);
        if branches.is_none_or(Vec::is_empty) {
            say(&state.path, "no branches".to_owned());
        }
    }
}

pub fn maps_have_what_their_mode_has(document: &Document<'_>, say: Say<'_>) {
    const DISTRIBUTED: [&str; 6] = [
        "ItemReader",
        "ItemBatcher",
        "ResultWriter",
        "ToleratedFailureCount",
        "ToleratedFailurePercentage",
        "Label",
    ];
    for state in document.states().filter(|s| s.ty() == "Map") {
        let path = &state.path;
        let config = &state.fields["ItemProcessor"]["ProcessorConfig"];
        let (mode, execution) = (config["Mode"].as_str(), config["ExecutionType"].as_str());
        match (mode, execution) {
            (Some("INLINE"), None) => {
                for field in DISTRIBUTED
                    .iter()
                    .filter(|field| state.get(field).is_some())
                {
                    say(path, format!("{field} in an inline map"));
                }
            }
            (Some("DISTRIBUTED"), Some("STANDARD" | "EXPRESS")) => {}
            _ => say(path, format!("the processor {config}")),
        }
        match (state.get("Items"), state.get("ItemReader")) {
            (Some(items), None) if items.is_array() || is_expression(items) => {}
            (None, Some(_)) => {}
            (items, _) => say(path, format!("the items {items:?}")),
        }
    }
}

pub fn maps_numbers_are_in_range(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Map") {
        let path = &state.path;
        whole(
            state.get("MaxConcurrency"),
            0,
            MOST,
            "MaxConcurrency",
            path,
            say,
        );
        whole(
            state.get("ToleratedFailureCount"),
            0,
            MOST,
            "ToleratedFailureCount",
            path,
            say,
        );
        if let Some(percentage) = state.get("ToleratedFailurePercentage")
            && !is_expression(percentage)
            && !percentage
                .as_f64()
                .is_some_and(|p| (0.0..=100.0).contains(&p))
        {
            say(path, format!("tolerates {percentage} %"));
        }
        if let Some(batcher) = state.get("ItemBatcher").and_then(Value::as_object) {
            only(
                batcher,
                &["MaxItemsPerBatch", "MaxInputBytesPerBatch", "BatchInput"],
                path,
                say,
            );
            let sizes = (
                batcher.get("MaxItemsPerBatch"),
                batcher.get("MaxInputBytesPerBatch"),
            );
            if sizes == (None, None) {
                say(path, "a batch of no size".to_owned());
            }
            whole(sizes.0, 1, MOST, "MaxItemsPerBatch", path, say);
            whole(sizes.1, 1, 262_144, "MaxInputBytesPerBatch", path, say);
        }
    }
}

pub fn labels_are_short_and_unique(document: &Document<'_>, say: Say<'_>) {
    let mut known = BTreeSet::new();
    for state in document.states().filter(|s| s.ty() == "Map") {
        let Some(label) = state.text("Label") else {
            // Without one, permissions cannot name the map's children.
            if state.fields["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED" {
                say(&state.path, "no label".to_owned());
            }
            continue;
        };
        let plain = label
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if !plain || label.is_empty() || label.len() > 40 || !known.insert(label) {
            say(&state.path, format!("the label {label}"));
        }
    }
}

pub fn readers_and_writers_are_complete(document: &Document<'_>, say: Say<'_>) {
    for state in document.states().filter(|s| s.ty() == "Map") {
        let path = &state.path;
        if let Some(reader) = state.get("ItemReader") {
            let arguments = &reader["Arguments"];
            let (needs, known) = match reader["Resource"].as_str() {
                Some("arn:aws:states:::s3:getObject") => (
                    &["Bucket", "Key"][..],
                    &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"][..],
                ),
                Some("arn:aws:states:::s3:listObjectsV2") => (&["Bucket"][..], &[][..]),
                other => {
                    say(path, format!("reads by {other:?}"));
                    continue;
                }
            };
            for member in needs
                .iter()
                .filter(|member| arguments.get(**member).is_none())
            {
                say(path, format!("reads without {member}"));
            }
            let config = &reader["ReaderConfig"];
            let flattens = config["Transformation"] == "LOAD_AND_FLATTEN";
            match config["InputType"].as_str() {
                Some(ty) if known.contains(&ty) || flattens => {}
                None if needs.len() == 1 && !flattens => {}
                None if config.get("ManifestType").is_some() => {}
                ty => say(path, format!("reads {ty:?}")),
            }
            if config["CSVHeaderLocation"] == "GIVEN" && config.get("CSVHeaders").is_none() {
                say(path, "reads CSV with headers that are not given".to_owned());
            }
        }
        if let Some(writer) = state.get("ResultWriter") {
            let bucket = writer["Arguments"].get("Bucket");
            if writer["Resource"] != "arn:aws:states:::s3:putObject" || bucket.is_none() {
                say(path, format!("writes by {writer}"));
            }
        }
    }
}

/// What an express execution cannot do stands nowhere below an express child.
pub fn express_children_do_not_wait(document: &Document<'_>, say: Say<'_>) {
    let express = |flow: &Flow<'_>| flow.kind == (Kind::Distributed { express: true });
    for state in document.states() {
        let inside = document.flows.iter().enumerate().any(|(at, flow)| {
            express(flow) && (at == state.flow || around(document, state.flow).contains(&at))
        });
        if !inside {
            continue;
        }
        let waits = state.text("Resource").is_some_and(|resource| {
            resource.ends_with(".sync")
                || resource.ends_with(".sync:2")
                || resource.ends_with(".waitForTaskToken")
                || is_placeholder(resource)
        });
        let distributed = state
            .get("ItemProcessor")
            .is_some_and(|p| p["ProcessorConfig"]["Mode"] == "DISTRIBUTED");
        if waits || distributed {
            say(&state.path, "in an express child".to_owned());
        }
    }
}

fn around(document: &Document<'_>, flow: usize) -> Vec<usize> {
    let mut all = Vec::new();
    let mut at = flow;
    while let Some(outer) = document.flows[at].outer {
        all.push(outer);
        at = outer;
    }
    all
}

pub fn retriers_are_in_range(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        for rule in state.retriers() {
            let path = &state.path;
            only(
                rule,
                &[
                    "ErrorEquals",
                    "IntervalSeconds",
                    "MaxAttempts",
                    "BackoffRate",
                    "MaxDelaySeconds",
                    "JitterStrategy",
                    "Comment",
                ],
                path,
                say,
            );
            let number = |field: &str| rule.get(field).and_then(Value::as_u64);
            constant(
                rule.get("IntervalSeconds"),
                1,
                MOST,
                "IntervalSeconds",
                path,
                say,
            );
            constant(rule.get("MaxAttempts"), 0, MOST, "MaxAttempts", path, say);
            constant(
                rule.get("MaxDelaySeconds"),
                1,
                31_622_400,
                "MaxDelaySeconds",
                path,
                say,
            );
            if let Some(rate) = rule.get("BackoffRate")
                && !rate.as_f64().is_some_and(|rate| rate >= 1.0)
            {
                say(path, format!("BackoffRate is {rate}"));
            }
            if number("MaxDelaySeconds")
                .is_some_and(|most| most < number("IntervalSeconds").unwrap_or(1))
            {
                say(path, "MaxDelaySeconds is below IntervalSeconds".to_owned());
            }
            if let Some(jitter) = rule.get("JitterStrategy")
                && !matches!(jitter.as_str(), Some("FULL" | "NONE"))
            {
                say(path, format!("JitterStrategy is {jitter}"));
            }
        }
    }
}

pub fn catchers_have_their_fields(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        for rule in state.catchers() {
            only(
                rule,
                &["ErrorEquals", "Next", "Assign", "Output", "Comment"],
                &state.path,
                say,
            );
        }
    }
}

/// `States.ALL` alone and last; no name that an earlier rule has taken; none that no rule takes.
pub fn errors_are_matched_in_order(document: &Document<'_>, say: Say<'_>) {
    for state in document.states() {
        let lists: [Vec<&Map<String, Value>>; 2] =
            [state.retriers().collect(), state.catchers().collect()];
        for rules in lists {
            let mut taken = BTreeSet::new();
            for (n, rule) in rules.iter().enumerate() {
                let names: Vec<&str> = rule
                    .get("ErrorEquals")
                    .and_then(Value::as_array)
                    .map(|names| names.iter().filter_map(Value::as_str).collect())
                    .unwrap_or_default();
                if names.is_empty() {
                    say(&state.path, "a rule for no error".to_owned());
                }
                let last = n + 1 == rules.len();
                if names.contains(&"States.ALL") && (names.len() > 1 || !last) {
                    say(&state.path, "States.ALL is not alone and last".to_owned());
                }
                if names.contains(&"States.Runtime") {
                    say(&state.path, "States.Runtime is never taken".to_owned());
                }
                for name in names {
                    if !taken.insert(name) {
                        say(&state.path, format!("{name} stands twice"));
                    }
                }
            }
        }
    }
}

/// CloudFormation takes none in a template.
pub fn no_value_is_null(document: &Document<'_>, say: Say<'_>) {
    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(items) => items.iter().any(has_null),
            Value::Object(members) => members.values().any(has_null),
            _ => false,
        }
    }
    for state in document.states() {
        for (field, value) in state.fields {
            let inside = ["Branches", "ItemProcessor"].contains(&field.as_str());
            if !inside && has_null(value) {
                say(&state.path, format!("a null in {field}"));
            }
        }
    }
}

fn only(map: &Map<String, Value>, known: &[&str], path: &str, say: Say<'_>) {
    for field in map.keys().filter(|field| !known.contains(&field.as_str())) {
        say(path, format!("has {field}"));
    }
}

/// A whole number of a range, or an expression.
fn whole(value: Option<&Value>, least: u64, most: u64, field: &str, path: &str, say: Say<'_>) {
    if !value.is_some_and(is_expression) {
        constant(value, least, most, field, path, say);
    }
}

fn constant(value: Option<&Value>, least: u64, most: u64, field: &str, path: &str, say: Say<'_>) {
    let Some(value) = value else { return };
    if !value.as_u64().is_some_and(|n| (least..=most).contains(&n)) {
        say(path, format!("{field} is {value}"));
    }
}
