//! From the document to states.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map as Object, Value};

use super::fields::{Fields, Problems, SCHEMA};
use super::{
    Catcher, Choice, Flow, FlowId, Kind, Language, Machine, Mode, Refusal, Resource, ResourceKind,
    ResultPath, Retrier, Rule, State, StateId, Task, Test, Wait, check, map,
};
use crate::simulate::choice::Condition;
use crate::simulate::clock::Moment;
use crate::simulate::data::Data;
use crate::simulate::template::expression_source;

/// What the parsing of one machine shares.
pub(super) struct Parser<'a> {
    pub mode: Mode,
    pub problems: &'a Problems,
    /// None until the state is parsed: states name each other.
    states: Vec<Option<State>>,
    flows: Vec<Flow>,
    names: HashMap<Rc<str>, StateId>,
    /// Flows nest no deeper than JSON texts are read.
    machine_language: Language,
}

pub(super) fn parse(definition: &Value, mode: Mode) -> Result<Machine, Vec<Refusal>> {
    let problems = Problems::default();
    let machine = match definition.as_object() {
        Some(object) => parse_machine(object, mode, &problems),
        None => {
            problems.add(SCHEMA, "/", "Expected value of type Object");
            None
        }
    };
    let mut refusals = problems.take();
    // A machine with mistakes may have gaps.
    if let (Some(machine), true) = (&machine, refusals.is_empty()) {
        refusals.extend(check::check(machine));
    }
    match machine {
        Some(machine) if refusals.is_empty() => Ok(machine),
        _ => Err(refusals),
    }
}

fn parse_machine(
    object: &Object<String, Value>,
    mode: Mode,
    problems: &Problems,
) -> Option<Machine> {
    let mut fields = Fields {
        object,
        location: String::new(),
        language: Language::JsonPath,
        problems,
    };
    fields.language = language(&fields, Language::JsonPath);
    if fields
        .get("Version")
        .is_some_and(|version| version != "1.0")
    {
        fields.refuse("Version", "Value must be \"1.0\"");
    }
    let mut parser = Parser {
        mode,
        problems,
        states: Vec::new(),
        flows: Vec::new(),
        names: HashMap::new(),
        machine_language: fields.language,
    };
    parser.flow(&fields);
    let timeout = fields
        .has("TimeoutSeconds")
        .then(|| fields.number("TimeoutSeconds", 0.0, 99_999_999.0, 0.0) as u64);
    let states = parser.states.into_iter().collect::<Option<Vec<State>>>()?;
    let sends_tokens = states.iter().any(|state| match &state.kind {
        Kind::Task(task) => matches!(&task.resource.kind,
            ResourceKind::Service { operation, .. } if operation.starts_with("sendTask")),
        _ => false,
    });
    Some(Machine {
        mode,
        timeout,
        states,
        flows: parser.flows,
        names: parser.names,
        sends_tokens,
    })
}

fn language(fields: &Fields, outer: Language) -> Language {
    match fields.text("QueryLanguage") {
        None => outer,
        Some("JSONata") => Language::Jsonata,
        Some("JSONPath") => Language::JsonPath,
        Some(_) => {
            fields.refuse("QueryLanguage", "Value must be 'JSONPath' or 'JSONata'");
            outer
        }
    }
}

/// Fields that a state of the other language has.
const JSONPATH_ONLY: [&str; 19] = [
    "InputPath",
    "OutputPath",
    "Parameters",
    "ResultSelector",
    "ResultPath",
    "ItemsPath",
    "MaxConcurrencyPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "ErrorPath",
    "CausePath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "MaxItemsPath",
    "MaxItemsPerBatchPath",
    "MaxInputBytesPerBatchPath",
    "Result",
];
const JSONATA_ONLY: [&str; 3] = ["Arguments", "Output", "Items"];

impl Parser<'_> {
    /// A `States` object with its `StartAt`.
    pub fn flow(&mut self, fields: &Fields) -> Option<FlowId> {
        let id = FlowId(self.flows.len() as u32);
        // Its place is taken before those of the flows inside.
        self.flows.push(Flow { start: StateId(0) });
        if !fields.require(&["States", "StartAt"]) {
            return None;
        }
        let states = fields.object("States")?;
        if states.object.is_empty() {
            fields.refuse("States", "Value cannot be empty");
        }
        let mut own: HashMap<&str, StateId> = HashMap::new();
        for name in states.object.keys() {
            let id = StateId(self.states.len() as u32);
            self.states.push(None);
            own.insert(name, id);
            if name.chars().count() > 80 {
                states.refuse(name, "State names are no longer than 80 characters");
            }
            if self.names.insert(Rc::from(name.as_str()), id).is_some() {
                self.problems.add(
                    "DUPLICATE_STATE_NAME",
                    &states.place(name),
                    format!("Duplicate state name: {name}"),
                );
            }
        }
        for (name, id) in states
            .object
            .keys()
            .filter_map(|name| Some((name, *own.get(name.as_str())?)))
        {
            let Some(state) = states.object(name) else {
                continue;
            };
            self.states[id.0 as usize] = self.state(name, state, &own);
        }
        let start = fields.text("StartAt")?;
        match own.get(start) {
            Some(start) => self.flows[id.0 as usize].start = *start,
            None => self.problems.add(
                "MISSING_TRANSITION_TARGET",
                &fields.place("StartAt"),
                format!("Missing 'StartAt' target: {start}"),
            ),
        }
        Some(id)
    }

    fn target(
        &self,
        fields: &Fields,
        field: &str,
        own: &HashMap<&str, StateId>,
    ) -> Option<StateId> {
        let name = fields.text(field)?;
        let found = own.get(name).copied();
        if found.is_none() {
            self.problems.add(
                "MISSING_TRANSITION_TARGET",
                &fields.place(field),
                format!("Missing '{field}' target: {name}"),
            );
        }
        found
    }

    fn state(
        &mut self,
        name: &str,
        mut fields: Fields,
        own: &HashMap<&str, StateId>,
    ) -> Option<State> {
        fields.language = language(&fields, self.machine_language);
        if self.machine_language == Language::Jsonata && fields.language == Language::JsonPath {
            fields.refuse(
                "",
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            );
        }
        if !fields.require(&["Type"]) {
            return None;
        }
        let (foreign, word): (&[&str], _) = match fields.language {
            Language::Jsonata => (&JSONPATH_ONLY, "JSONata"),
            Language::JsonPath => (&JSONATA_ONLY, "JSONPath"),
        };
        for field in foreign.iter().filter(|field| fields.has(field)) {
            // Recorded executions have a Result in a JSONata Pass state.
            if *field != "Result" {
                let message =
                    format!("Field '{field}' is not supported when QueryLanguage is {word}");
                fields.refuse(field, message);
            }
        }
        let kind = self.kind(&fields, own)?;
        let next = match &kind {
            Kind::Choice(_) | Kind::Succeed | Kind::Fail { .. } => None,
            _ => match (fields.get("Next"), fields.get("End")) {
                (Some(_), Some(Value::Bool(true))) => {
                    fields.refuse("", "Only one of 'Next' and 'End' can be given");
                    None
                }
                (Some(_), _) => self.target(&fields, "Next", own),
                (None, Some(Value::Bool(true))) => None,
                (None, _) => {
                    fields.refuse("", "These fields are required: [Next] or [End]");
                    None
                }
            },
        };
        let jsonata = fields.language == Language::Jsonata;
        let parameters = if jsonata { "Arguments" } else { "Parameters" };
        let path = |field: &str| match fields.get(field) {
            None | Some(Value::Null) => None,
            Some(_) => fields.path(field),
        };
        let is_null = |field: &str| fields.get(field).is_some_and(Value::is_null);
        let retry: Vec<Retrier> = fields.objects("Retry").iter().map(retrier).collect();
        let catch = fields.objects("Catch");
        let catch: Vec<Catcher> = catch.iter().filter_map(|f| self.catcher(f, own)).collect();
        check_wildcards(&fields, "Retry", retry.iter().map(|rule| &rule.errors));
        check_wildcards(&fields, "Catch", catch.iter().map(|rule| &rule.errors));
        Some(State {
            name: Rc::from(name),
            language: fields.language,
            input_path: path("InputPath"),
            no_input: is_null("InputPath"),
            // A map's Parameters are its ItemSelector.
            parameters: match &kind {
                Kind::Map(_) => None,
                _ => fields.template(parameters),
            },
            result_selector: fields.template("ResultSelector"),
            result_path: fields.result_path(),
            output_path: path("OutputPath"),
            no_output: is_null("OutputPath"),
            assign: fields.assign(),
            output: if jsonata {
                fields.template("Output")
            } else {
                None
            },
            retry,
            catch,
            next,
            kind,
        })
    }

    fn kind(&mut self, fields: &Fields, own: &HashMap<&str, StateId>) -> Option<Kind> {
        Some(match fields.text("Type")? {
            "Task" => Kind::Task(Box::new(self.task(fields)?)),
            "Pass" => Kind::Pass {
                result: fields.get("Result").cloned().map(Data::new),
            },
            "Choice" => Kind::Choice(Box::new(self.choice(fields, own)?)),
            "Wait" => Kind::Wait(wait(fields)?),
            "Succeed" => Kind::Succeed,
            "Fail" => Kind::Fail {
                error: fields.setting("Error", "ErrorPath"),
                cause: fields.setting("Cause", "CausePath"),
            },
            "Parallel" => {
                if !fields.require(&["Branches"]) {
                    return None;
                }
                let branches = fields.objects("Branches");
                if branches.is_empty() {
                    fields.refuse("Branches", "Value cannot be empty");
                }
                let flows: Vec<FlowId> = branches.iter().filter_map(|b| self.flow(b)).collect();
                Kind::Parallel(flows)
            }
            "Map" => Kind::Map(Box::new(map::parse(self, fields)?)),
            other => {
                fields.refuse("Type", format!("Value '{other}' is no state type"));
                return None;
            }
        })
    }

    fn task(&self, fields: &Fields) -> Option<Task> {
        if !fields.require(&["Resource"]) {
            return None;
        }
        let resource = Resource::parse(fields.text("Resource")?);
        if self.mode == Mode::Express {
            let message = match &resource.kind {
                ResourceKind::Activity if resource.arn.contains(":activity:") => {
                    Some("Express state machine does not support Activity ARN")
                }
                _ if resource.is_sync() => {
                    Some("Express state machine does not support '.sync' service integration")
                }
                // The service's own message has this blank at its end.
                _ if resource.is_callback() => Some(
                    "Express state machine does not support '.waitForTaskToken' service integration ",
                ),
                _ => None,
            };
            if let Some(message) = message {
                fields.refuse("Resource", message);
            }
        }
        if let Some(credentials) = fields.object("Credentials")
            && !credentials.has("RoleArn")
            && !credentials.has("RoleArn.$")
        {
            let message = "The field 'RoleArn' is required but was missing";
            fields.refuse("Credentials", message);
        }
        Some(Task {
            resource: Rc::new(resource),
            timeout: fields.setting("TimeoutSeconds", "TimeoutSecondsPath"),
            heartbeat: fields.setting("HeartbeatSeconds", "HeartbeatSecondsPath"),
            credentials: fields.template("Credentials"),
        })
    }

    fn choice(&self, fields: &Fields, own: &HashMap<&str, StateId>) -> Option<Choice> {
        if !fields.require(&["Choices"]) {
            return None;
        }
        let rules = fields.objects("Choices");
        if rules.is_empty() {
            fields.refuse("Choices", "Value cannot be empty");
        }
        let rules = rules.iter().filter_map(|rule| {
            if !rule.require(&["Next"]) {
                return None;
            }
            let test = match rule.language {
                Language::Jsonata => {
                    if !rule.require(&["Condition"]) {
                        return None;
                    }
                    Test::Jsonata(rule.template("Condition")?)
                }
                Language::JsonPath => match Condition::parse(rule.object) {
                    Ok(condition) => Test::JsonPath(condition),
                    Err(reason) => {
                        rule.refuse("", reason);
                        return None;
                    }
                },
            };
            Some(Rule {
                test,
                assign: rule.assign(),
                output: match rule.language {
                    Language::Jsonata => rule.template("Output"),
                    Language::JsonPath => None,
                },
                next: self.target(rule, "Next", own)?,
            })
        });
        Some(Choice {
            rules: rules.collect(),
            default: self.target(fields, "Default", own),
        })
    }

    fn catcher(&self, fields: &Fields, own: &HashMap<&str, StateId>) -> Option<Catcher> {
        if !fields.require(&["ErrorEquals", "Next"]) {
            return None;
        }
        let jsonata = fields.language == Language::Jsonata;
        Some(Catcher {
            errors: fields.texts("ErrorEquals"),
            assign: fields.assign(),
            output: if jsonata {
                fields.template("Output")
            } else {
                None
            },
            result_path: if jsonata {
                ResultPath::Whole
            } else {
                fields.result_path()
            },
            next: self.target(fields, "Next", own)?,
        })
    }
}

fn retrier(fields: &Fields) -> Retrier {
    const MOST: f64 = 99_999_999.0;
    fields.require(&["ErrorEquals"]);
    let max_delay = fields
        .has("MaxDelaySeconds")
        .then(|| fields.number("MaxDelaySeconds", 1.0, 31_622_400.0, 1.0));
    Retrier {
        errors: fields.texts("ErrorEquals"),
        interval: fields.number("IntervalSeconds", 1.0, MOST, 1.0),
        max_attempts: fields.number("MaxAttempts", 0.0, MOST, 3.0) as u64,
        backoff: fields.number("BackoffRate", 1.0, f64::MAX, 2.0),
        max_delay,
        jitter: match fields.text("JitterStrategy") {
            None | Some("NONE") => false,
            Some("FULL") => true,
            Some(_) => {
                fields.refuse("JitterStrategy", "Value must be 'FULL' or 'NONE'");
                false
            }
        },
    }
}

/// `States.ALL` stands alone and last.
fn check_wildcards<'r>(
    fields: &Fields,
    field: &str,
    rules: impl ExactSizeIterator<Item = &'r Vec<String>>,
) {
    let last = rules.len().saturating_sub(1);
    for (at, errors) in rules.enumerate() {
        let place = format!("{field}[{at}]/ErrorEquals");
        if errors.is_empty() {
            fields.refuse(&place, "Value cannot be empty");
        }
        if errors.iter().any(|error| error == "States.ALL") && (errors.len() > 1 || at < last) {
            let message = "'States.ALL' must appear alone, and in the last rule only";
            fields.refuse(&place, message);
        }
    }
}

fn wait(fields: &Fields) -> Option<Wait> {
    let seconds = fields.setting("Seconds", "SecondsPath");
    let timestamp = fields.setting("Timestamp", "TimestampPath");
    if let Some(Value::String(text)) = fields.get("Timestamp")
        && expression_source(text).is_none()
        && Moment::parse(text).is_none()
    {
        fields.refuse("Timestamp", "String does not match RFC3339 timestamp");
    }
    if let Some(value @ Value::Number(_)) = fields.get("Seconds")
        && value.as_u64().is_none_or(|seconds| seconds > 99_999_999)
    {
        fields.refuse("Seconds", "Value is not an integer between 0 and 99999999");
    }
    match (seconds, timestamp) {
        (Some(seconds), None) => Some(Wait::Seconds(seconds)),
        (None, Some(timestamp)) => Some(Wait::Timestamp(timestamp)),
        _ => {
            let message = "Exactly one of 'Seconds', 'SecondsPath', 'Timestamp' and 'TimestampPath' must be given";
            fields.refuse("", message);
            None
        }
    }
}
