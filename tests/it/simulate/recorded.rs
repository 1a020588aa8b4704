//! Executions recorded on AWS: the simulator ends them as the service did.

use std::collections::{BTreeMap, BTreeSet};

use flowc::simulate::call::{Answer, Call, Service};
use flowc::simulate::definition::{Machine, Mode};
use flowc::simulate::event::Event;
use flowc::simulate::failure::Failure;
use flowc::simulate::object::Objects;
use flowc::simulate::run::{Error, Simulation, StateTest, Validation, World};
use serde_json::{Map, Value, json};

use crate::support::read_compressed;

/// What tasks answered in the recording, attempt by attempt.
struct Recorded<'c> {
    mocks: BTreeMap<String, Vec<&'c Value>>,
    /// What the functions do, where nothing else is known.
    functions: Vec<&'c str>,
}

impl Service for Recorded<'_> {
    fn answer(&mut self, call: &Call) -> Option<Answer> {
        let name = if self.mocks.contains_key(&*call.state) {
            &*call.state
        } else {
            "?"
        };
        if let Some(answers) = self.mocks.get_mut(name) {
            assert!(
                !answers.is_empty(),
                "`{}` is called more often than recorded",
                call.state
            );
            return Some(answer(answers.remove(0)));
        }
        let function = self.functions.first()?;
        Some(run_function(function, call))
    }
}

fn answer(recorded: &Value) -> Answer {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let event = recorded["event"].as_str().expect("an event");
    if event.ends_with("TimedOut") {
        return Answer::never();
    }
    if event.ends_with("Succeeded") {
        return Answer::succeed(parsed(&recorded["output"]));
    }
    Answer::fail(Failure {
        error: text(&recorded["error"]),
        cause: text(&recorded["cause"]),
    })
}

/// Payloads that are no objects were recorded as JSON texts.
fn parsed(recorded: &Value) -> Value {
    match recorded {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| recorded.clone()),
        other => other.clone(),
    }
}

fn run_function(function: &str, call: &Call) -> Answer {
    let event = call.arguments.json();
    let is_service = call.resource.arn.contains(":states:::lambda:invoke");
    let event = if is_service { &event["Payload"] } else { event };
    let payload = match function {
        "id_function.py" if event.is_null() => json!({}),
        "id_function.py" => event.clone(),
        "return_bytes_str.py" => json!("HelloWorld!"),
        "raise_exception.py" => {
            let cause = json!({
                "errorMessage": "Some exception was raised.",
                "errorType": "Exception",
                "requestId": "id",
                "stackTrace": ["  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n"],
            });
            return Answer::fail(Failure::new("Exception", cause.to_string()));
        }
        other => panic!("what does {other} do?"),
    };
    if !is_service {
        return Answer::succeed(payload);
    }
    let headers = [
        "Connection",
        "Content-Length",
        "Content-Type",
        "Date",
        "X-Amz-Executed-Version",
        "X-Amzn-Trace-Id",
        "x-amzn-Remapped-Content-Length",
        "x-amzn-RequestId",
    ];
    let one: Map<String, Value> = headers
        .iter()
        .map(|h| ((*h).to_owned(), json!("x")))
        .collect();
    let all: Map<String, Value> = headers
        .iter()
        .map(|h| ((*h).to_owned(), json!(["x"])))
        .collect();
    Answer::succeed(json!({
        "ExecutedVersion": "$LATEST",
        "Payload": payload,
        "SdkHttpMetadata": { "AllHttpHeaders": all, "HttpHeaders": one, "HttpStatusCode": 200 },
        "SdkResponseMetadata": { "RequestId": "id" },
        "StatusCode": 200,
    }))
}

/// What is compared.
#[derive(Debug, Default, PartialEq)]
struct Ended {
    status: Option<String>,
    output: Option<Value>,
    error: Option<String>,
    cause: Option<Value>,
    next: Option<String>,
}

struct Case<'c> {
    value: &'c Value,
    masked: bool,
}

impl<'c> Case<'c> {
    fn text(&self, name: &str) -> &'c str {
        self.value[name].as_str().unwrap_or_default()
    }

    fn run(&self) -> Result<(), String> {
        match self.text("kind") {
            "create_error" | "validation" => self.refused(),
            "test_state" | "test_state_error" => self.tested(),
            _ => self.executed(),
        }
    }

    fn mode(&self) -> Mode {
        match self.text("type") {
            "EXPRESS" => Mode::Express,
            _ => Mode::Standard,
        }
    }

    fn service(&self) -> Recorded<'c> {
        let mocks = self.value["mocks"].as_object().into_iter().flatten();
        let mocks = mocks.map(|(name, answers)| {
            let answers = answers.as_array().expect("answers").iter().collect();
            (name.clone(), answers)
        });
        let functions = self.value["lambdas"].as_object().into_iter().flatten();
        Recorded {
            mocks: mocks.collect(),
            functions: functions.filter_map(|(_, file)| file.as_str()).collect(),
        }
    }

    fn objects(&self) -> Objects {
        let mut objects = Objects::default();
        for (place, content) in self.value["s3_objects"].as_object().into_iter().flatten() {
            let (bucket, key) = place.split_once('/').expect("a bucket and a key");
            objects.insert(bucket, key, content.as_str().expect("text"));
        }
        objects
    }

    fn machine(&self, definition: &Value, mode: Mode) -> Result<Machine, String> {
        Machine::parse(definition, mode).map_err(|refusals| {
            let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            format!("refused: {}", refusals.join("; "))
        })
    }

    fn executed(&self) -> Result<(), String> {
        let machine = self.machine(&self.value["definition"], self.mode())?;
        let mut simulation = Simulation::new(&machine);
        // Recorded answers have masked values in them.
        simulation.settings.validation = Validation::None;
        let recorded = &self.value["recorded"];
        if recorded["status"] == "ABORTED" {
            simulation.stop_after = Some(1000);
        }
        let mut service = self.service();
        let mut types = Vec::new();
        let mut observer = |event: &Event| {
            if event.kind.is_recorded() && event.execution.0 == 0 {
                types.push(event.kind.type_name());
            }
        };
        let world = World {
            service: &mut service,
            objects: &mut self.objects(),
            guard: None,
            observer: &mut observer,
        };
        let outcome = simulation
            .run(self.value["input"].clone(), world)
            .map_err(|error| error.to_string())?;
        let failure = outcome.failure.unwrap_or_default();
        let ended = Ended {
            status: Some(outcome.status.name().to_owned()),
            output: outcome.output,
            error: failure.error,
            cause: failure.cause.map(Value::String),
            next: None,
        };
        self.compare(&ended)?;
        self.compare_events(&types)
    }

    fn tested(&self) -> Result<(), String> {
        let definition = &self.value["definition"];
        let params = &self.value["params"];
        // A state may stand alone.
        let whole = if definition.get("States").is_some() {
            definition.clone()
        } else {
            let mut state = definition.clone();
            let mut states = json!({});
            let transitions = definition["Catch"].as_array().into_iter().flatten();
            let transitions =
                transitions.chain(definition["Choices"].as_array().into_iter().flatten());
            let mut names: BTreeSet<&str> =
                transitions.filter_map(|t| t["Next"].as_str()).collect();
            names.extend(
                ["Next", "Default"]
                    .iter()
                    .filter_map(|name| definition[name].as_str()),
            );
            for name in names {
                states[name] = json!({ "Type": "Succeed" });
            }
            if state.get("QueryLanguage").is_none() {
                state["QueryLanguage"] = json!("JSONPath");
            }
            states["StateName"] = state;
            json!({ "StartAt": "StateName", "States": states })
        };
        let machine = self.machine(&whole, Mode::Standard)?;
        let mut simulation = Simulation::new(&machine);
        simulation.settings.validation = match params["mock"]["fieldValidationMode"].as_str() {
            Some("NONE") => Validation::None,
            // What a function answered has masked values in it.
            None if params.get("mock").is_none() => Validation::None,
            Some("PRESENT") => Validation::Present,
            _ => Validation::Strict,
        };
        let json_text = |value: &Value| -> Option<Value> {
            value
                .as_str()
                .map(|text| serde_json::from_str(text).expect("JSON"))
        };
        let mock = match (&params["mock"]["result"], &params["mock"]["errorOutput"]) {
            (Value::Null, Value::Null) => None,
            (Value::Null, error) => Some(Err(Failure::new(
                error["error"].as_str().unwrap_or_default(),
                error["cause"].as_str().unwrap_or_default(),
            ))),
            (result, _) => match serde_json::from_str(result.as_str().unwrap_or_default()) {
                Ok(result) => Some(Ok(result)),
                Err(_) => return Err("the mock is not JSON".to_owned()),
            },
        };
        let configuration = &params["stateConfiguration"];
        let test = StateTest {
            state: params["stateName"].as_str().map(str::to_owned),
            input: self.value["input"].clone(),
            variables: match json_text(&params["variables"]) {
                Some(Value::Object(variables)) => variables,
                _ => Map::new(),
            },
            context: json_text(&params["context"]),
            mock,
            retries: configuration["retrierRetryCount"]
                .as_u64()
                .unwrap_or_default(),
            failed_items: configuration["mapIterationFailureCount"]
                .as_u64()
                .unwrap_or_default(),
        };
        let mut service = self.service();
        let world = World {
            service: &mut service,
            objects: &mut self.objects(),
            guard: None,
            observer: &mut (),
        };
        let outcome = simulation.run_state(&test, world);
        let recorded = &self.value["recorded"];
        if let Some(message) = recorded["error"]["Message"].as_str() {
            return match outcome {
                Err(Error::Mock { message: m, .. })
                    if message == m
                        || message == format!("Mock result schema validation error: {m}") =>
                {
                    Ok(())
                }
                other => Err(format!("{other:?} is not `{message}`")),
            };
        }
        let outcome = outcome.map_err(|error| error.to_string())?;
        let failure = outcome.failure.unwrap_or_default();
        let ended = Ended {
            status: Some(outcome.status.name().to_owned()),
            output: outcome.output,
            error: failure.error,
            cause: failure.cause.map(Value::String),
            next: outcome.next,
        };
        self.compare(&ended)
    }

    /// What the service said of the definition.
    fn refused(&self) -> Result<(), String> {
        let definition = match &self.value["definition"] {
            Value::String(text) => Machine::parse_text(text, self.mode()),
            definition => Machine::parse(definition, self.mode()),
        };
        let refusals = definition.err().unwrap_or_default();
        let recorded = &self.value["recorded"];
        if let Some(message) = recorded["error"]["Message"].as_str() {
            let expected = message
                .strip_prefix("Invalid State Machine Definition: '")
                .and_then(|rest| rest.strip_suffix('\''))
                .unwrap_or(message);
            return if refusals
                .iter()
                .any(|refusal| refusal.to_string() == expected)
            {
                Ok(())
            } else {
                Err(format!("{refusals:?} is not `{expected}`"))
            };
        }
        let diagnostics = recorded["diagnostics"].as_array().expect("diagnostics");
        let expected: Vec<String> = diagnostics
            .iter()
            .map(|d| {
                let text = |name: &str| d[name].as_str().unwrap_or_default();
                format!(
                    "{}: {} at {}",
                    text("code"),
                    text("message"),
                    text("location")
                )
            })
            .collect();
        let found: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        if expected == found {
            Ok(())
        } else {
            Err(format!("{found:?} is not {expected:?}"))
        }
    }

    fn compare(&self, ended: &Ended) -> Result<(), String> {
        let recorded = &self.value["recorded"];
        let text = |name: &str| recorded[name].as_str();
        if ended.status.as_deref() != text("status") {
            return Err(format!("{ended:?} is not {}", recorded["status"]));
        }
        let caught = text("status") == Some("CAUGHT_ERROR");
        // A recording may mask the whole output, under its own name.
        let is_whole = |output: &Value| {
            output
                .as_str()
                .is_some_and(|o| o.ends_with("EventDetails.output"))
        };
        if let Some(output) = recorded.get("output")
            && !is_whole(output)
            && !ended.output.as_ref().is_some_and(|o| self.same(o, output))
        {
            return Err(format!("{:?} is not {output}", ended.output));
        }
        if ended.error.as_deref() != text("error") {
            return Err(format!("{ended:?} is not the error {}", recorded["error"]));
        }
        match (recorded.get("cause"), &ended.cause) {
            (None | Some(Value::Null), None) => {}
            (Some(cause), Some(found)) if self.same(found, cause) => {}
            (cause, found) => return Err(format!("cause {found:?} is not {cause:?}")),
        }
        if recorded.get("nextState").is_some() || caught {
            let next = text("nextState");
            if ended.next.as_deref() != next {
                return Err(format!("{:?} is not next: {next:?}", ended.next));
            }
        }
        Ok(())
    }

    /// Recorded values are JSON texts where they are no objects, and have names in them for what changes.
    fn same(&self, found: &Value, recorded: &Value) -> bool {
        match (found, recorded) {
            (Value::String(found), Value::String(recorded)) => {
                let json = |text: &String| serde_json::from_str::<Value>(text).ok();
                found == recorded
                    || same_text(found, recorded)
                    || json(recorded) == Some(Value::String(found.clone()))
                    || json(found)
                        .zip(json(recorded))
                        .is_some_and(|(f, r)| self.same(&f, &r))
                    || self.masked
            }
            (Value::String(found), recorded) if !recorded.is_null() => {
                serde_json::from_str(found).is_ok_and(|found: Value| self.same(&found, recorded))
            }
            (Value::Object(found), Value::Object(recorded)) => {
                found.len() == recorded.len()
                    && found.iter().all(|(name, value)| {
                        recorded
                            .get(name)
                            .is_some_and(|recorded| self.same(value, recorded))
                    })
            }
            (Value::Array(found), Value::Array(recorded)) => {
                found.len() == recorded.len()
                    && found.iter().zip(recorded).all(|(f, r)| self.same(f, r))
            }
            (found, Value::String(text)) => {
                serde_json::from_str(text).is_ok_and(|recorded: Value| self.same(found, &recorded))
                    || self.masked
            }
            (Value::Number(found), Value::Number(recorded)) => found.as_f64() == recorded.as_f64(),
            (found, Value::Null) if self.masked => !found.is_object(),
            _ => found == recorded,
        }
    }

    /// As many events of each type. Recordings leave out some of Parallel states, whose places change from run to run.
    fn compare_events(&self, types: &[String]) -> Result<(), String> {
        let Some(recorded) = self.value["recorded"]["event_types"].as_array() else {
            return Ok(());
        };
        let count = |types: &mut dyn Iterator<Item = &str>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for event in types {
                if !event.starts_with("ParallelState") {
                    *counts.entry(event.to_owned()).or_default() += 1;
                }
            }
            counts
        };
        let found = count(&mut types.iter().map(String::as_str));
        let recorded = count(&mut recorded.iter().filter_map(Value::as_str));
        if found == recorded {
            Ok(())
        } else {
            Err(format!("events {types:?} are not {recorded:?}"))
        }
    }
}

/// `<name>` and `<name:1>` in a recorded text stand for any text.
fn same_text(found: &str, recorded: &str) -> bool {
    let Some(open) = recorded.find('<') else {
        return found == recorded;
    };
    let Some(close) = recorded[open..].find('>') else {
        return found == recorded;
    };
    let (before, after) = (&recorded[..open], &recorded[open + close + 1..]);
    let Some(rest) = found.strip_prefix(before) else {
        return false;
    };
    (0..=rest.len())
        .filter(|at| rest.is_char_boundary(*at))
        .any(|at| same_text(&rest[at..], after))
}

#[test]
fn recorded_executions_end_as_they_did() {
    let cases = read_compressed("executions.jsonl.zst");
    let cases = String::from_utf8(cases).expect("text");
    let exceptions: BTreeMap<&str, &str> = include_str!("../../data/executions_exceptions.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('\t').expect("a case and a reason"))
        .collect();
    let mut passed: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut needless = Vec::new();
    let mut seen = BTreeSet::new();
    for line in cases.lines() {
        let value: Value = serde_json::from_str(line).expect("a case");
        let id = value["id"].as_str().expect("an id").to_owned();
        let masked = value.get("masked_output").is_some();
        let case = Case {
            value: &value,
            masked,
        };
        match (case.run(), exceptions.get(id.as_str())) {
            (Ok(()), None) => {
                let class = case.text("class").to_owned();
                *passed.entry(class).or_default() += 1;
            }
            (Ok(()), Some(_)) => needless.push(id.clone()),
            (Err(reason), None) => wrong.push(format!("{id}: {reason}")),
            (Err(_), Some(_)) => {}
        }
        seen.insert(id);
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(needless.is_empty(), "these pass: {needless:?}");
    assert!(exceptions.keys().all(|id| seen.contains(*id)));
    assert_eq!(
        passed.values().sum::<usize>() + exceptions.len(),
        seen.len()
    );
}
