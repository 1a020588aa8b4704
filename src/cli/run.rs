//! `flowc run`: runs a pipeline or a definition in the simulator.

mod files;
mod trace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::output::{Output, plural};
use super::{Outcome, find_workspace};
use crate::backend::deployment::Deployment;
use crate::backend::{self, asl};
use crate::driver;
use crate::simulate::call::Guard;
use crate::simulate::clock::duration_text;
use crate::simulate::definition::{Machine, Mode, substitute};
use crate::simulate::event::Event;
use crate::simulate::log::Log;
use crate::simulate::mock::Target;
use crate::simulate::mock::file::{self as mock_file, MockFile};
use crate::simulate::permissions::{Permissions, Policy};
use crate::simulate::run::{self, Settings, Simulation, Status, World};
use crate::workspace::{self, Error};
use files::Files;
use trace::Trace;

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc run jobs.flow --input '{ \"day\": \"2026-01-01\" }'
  flowc run jobs.flow --pipeline load --mock mocks.json --trace
  flowc run machine.asl.json --input @input.json --mock MockConfigFile.json#RetryPath
  flowc run jobs.flow --permissions      fail what the role is not allowed to do

A mock file:
  { \"mocks\": [
      { \"state\": \"load\", \"answers\": [{ \"throw\": { \"error\": \"Glue.Busy\" } }, { \"return\": {} }] },
      { \"operation\": \"s3:getObject\", \"when\": { \"arguments\": { \"Key\": \"a\" } }, \"return\": { \"Body\": \"x\" }, \"after\": 2 }
    ],
    \"objects\": { \"bucket/key.csv\": \"local.csv\" },
    \"executions\": { \"arn:aws:states:…:stateMachine:child\": \"child.asl.json\" },
    \"substitutions\": { \"Name\": \"value\" } }")]
pub(super) struct Args {
    /// A .flow file, or a definition (.asl.json)
    file: PathBuf,

    /// Which pipeline of the file [default: its only one]
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,

    /// The execution's input: JSON, or `@` and a file
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    input: String,

    /// Answers for calls, data and surroundings; of a MockConfigFile `#CASE` chooses the test case
    #[arg(long, value_name = "FILE[#CASE]")]
    mock: Option<String>,

    /// A parameter's value, or that of a `${NAME}` in a definition
    #[arg(long = "set", value_name = "NAME=VALUE")]
    values: Vec<String>,

    /// Fail calls that the generated policy does not allow (of a definition: NAME.iam.json beside it)
    #[arg(long)]
    permissions: bool,

    /// Print whole payloads
    #[arg(long, conflicts_with_all = ["events", "json"])]
    trace: bool,

    /// Print the execution's history, an event a line, as the service gives it
    #[arg(long, conflicts_with = "json")]
    events: bool,

    /// Print what came of it as one JSON object
    #[arg(long)]
    json: bool,

    /// Run a definition as an express machine
    #[arg(long)]
    express: bool,

    /// Decides ids, jitter and random numbers
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// What is to be run.
struct Subject {
    name: String,
    machine: Machine,
    settings: Settings,
    /// Machines that it may start, by their ARNs.
    others: BTreeMap<String, Machine>,
    policy: Option<Value>,
}

/// Names and values of `--set`.
type Values = Vec<(String, String)>;

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let values = read_values(&args.values)?;
    let input = read_input(&args.input)?;
    let stem = machine_name(&args.file);
    let mut mocks = match &args.mock {
        None => MockFile::default(),
        Some(place) => read_mocks(place, args.pipeline.as_deref().unwrap_or(&stem))?,
    };
    let is_flow = args
        .file
        .extension()
        .is_some_and(|extension| extension == "flow");
    let subject = if is_flow {
        read_program(args, &values, output)?
    } else {
        read_definition(args, &stem, &values, &mocks, output)?
    };
    let Some(mut subject) = subject else {
        return Ok(Outcome::Problems);
    };
    let folder = args
        .mock
        .as_deref()
        .map(mock_path)
        .and_then(Path::parent)
        .unwrap_or(Path::new(""));
    for (arn, path) in &mocks.executions {
        let path = folder.join(path);
        let Some(machine) = read_machine(&path, Mode::Standard, &values, &mocks, output)? else {
            return Ok(Outcome::Problems);
        };
        subject.others.insert(arn.clone(), machine);
    }
    subject.settings.seed = args.seed;
    if let Some(validation) = mocks.validation {
        subject.settings.validation = validation;
    }
    let mut objects = Files::new(folder, std::mem::take(&mut mocks.objects));
    let policy = match subject.policy.as_ref().map(Policy::parse) {
        Some(Some(policy)) => Some(policy),
        Some(None) => {
            output.error("the policy is no policy document");
            return Ok(Outcome::Problems);
        }
        None => None,
    };
    let settings = subject.settings.clone();
    let mut permissions = policy
        .as_ref()
        .map(|policy| Permissions::new(policy, &settings));
    let simulation = Simulation {
        others: subject
            .others
            .iter()
            .map(|(arn, machine)| (arn.clone(), machine))
            .collect(),
        settings: subject.settings,
        ..Simulation::new(&subject.machine)
    };
    let mut log = Log::default();
    let mut trace = Trace::new(args.trace);
    let mut observer = |event: &Event| {
        if args.json {
            log.events.push(event.clone());
        } else if args.events {
            if event.kind.is_recorded() {
                output.result(&format!("{}\n", event.history()));
            }
        } else {
            output.result(&trace.lines(event));
        }
    };
    let world = World {
        service: &mut mocks.mocks,
        objects: &mut objects,
        guard: permissions
            .as_mut()
            .map(|permissions| permissions as &mut dyn Guard),
        observer: &mut observer,
    };
    let outcome = match simulation.run(input, world) {
        Ok(outcome) => outcome,
        Err(error) => {
            output.error(&error.to_string());
            return Ok(Outcome::Problems);
        }
    };
    let denials = permissions
        .map(|permissions| permissions.denials)
        .unwrap_or_default();
    if args.json {
        let denied: Vec<&Value> = denials.iter().map(|denial| &denial.statement).collect();
        output.result(&format!("{:#}\n", summary(&outcome, &log, &denied)));
    }
    for denial in &denials {
        output.error(&format!(
            "`{}` is not allowed to do {} on {}; this statement is missing: {}",
            denial.state, denial.action, denial.resource, denial.statement
        ));
    }
    for target in mocks.mocks.unused() {
        output.status(
            "Unused",
            &format!("a mock of {} answered nothing", target_text(target)),
        );
    }
    output.status(ending(outcome.status), &tell(&subject.name, &outcome));
    if outcome.status == Status::Succeeded && denials.is_empty() {
        Ok(Outcome::Fine)
    } else {
        Ok(Outcome::Problems)
    }
}

/// `sales.asl.json` is the machine `sales`.
fn machine_name(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn read_values(texts: &[String]) -> Result<Values, Error> {
    let pairs = texts.iter().map(|text| match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Error::Config {
            path: "--set".to_owned(),
            reason: format!("`{text}` is not written as NAME=VALUE"),
        }),
    });
    pairs.collect()
}

fn read_input(text: &str) -> Result<Value, Error> {
    let (place, content) = match text.strip_prefix('@') {
        Some(path) => (path.to_owned(), workspace::read_text(Path::new(path))?),
        None => ("--input".to_owned(), text.to_owned()),
    };
    serde_json::from_str(&content).map_err(|error| Error::Config {
        path: place,
        reason: format!("it is not JSON: {error}"),
    })
}

/// The path before `#CASE`.
fn mock_path(place: &str) -> &Path {
    Path::new(place.split_once('#').map_or(place, |(path, _)| path))
}

fn read_mocks(place: &str, machine: &str) -> Result<MockFile, Error> {
    let path = mock_path(place);
    let case = place.split_once('#').map(|(_, case)| case);
    let text = workspace::read_text(path)?;
    mock_file::read(&text, machine, case).map_err(|reason| Error::Config {
        path: workspace::display(path),
        reason,
    })
}

/// The pipeline of a program, compiled; None after its problems were told.
fn read_program(
    args: &Args,
    values: &Values,
    output: &mut Output,
) -> Result<Option<Subject>, Error> {
    let workspace = find_workspace()?;
    let path = workspace::display(&args.file);
    let main = workspace::read_source(&path)?;
    let compilation = driver::compile(main, &workspace.levels, &mut workspace::read_used);
    output.diagnostics(&compilation.diagnostics, &compilation.sources);
    output.summary(&path, &compilation.diagnostics);
    let Some(program) = &compilation.program else {
        return Ok(None);
    };
    let names: Vec<String> = program
        .pipelines
        .iter()
        .map(|p| format!("`{}`", p.name))
        .collect();
    let found = match &args.pipeline {
        Some(name) => program.pipelines.iter().position(|p| p.name == *name),
        None if program.pipelines.len() == 1 => Some(0),
        None => None,
    };
    let Some(found) = found else {
        output.error(&match &args.pipeline {
            Some(name) => format!("there is no pipeline `{name}` among {}", names.join(", ")),
            None if names.is_empty() => "there is no pipeline in this file".to_owned(),
            None => format!("choose one with --pipeline: {}", names.join(", ")),
        });
        return Ok(None);
    };
    let mut deployment = Deployment::new(program);
    for (name, value) in values {
        if !deployment.set(name, value) {
            output.error(&format!(
                "there is no parameter `{name}` that this file uses"
            ));
            return Ok(None);
        }
    }
    let made = backend::make(program);
    let mut machines: Vec<Machine> = Vec::new();
    for (pipeline, definition) in program.pipelines.iter().zip(&made.definitions) {
        let mode = if pipeline.settings.express {
            Mode::Express
        } else {
            Mode::Standard
        };
        match read_made(&deployment, definition, mode) {
            Ok(machine) => machines.push(machine),
            Err(refusals) => {
                output.error(&format!("`{}` would be refused: {refusals}", pipeline.name));
                return Ok(None);
            }
        }
    }
    let pipeline = &program.pipelines[found];
    let labels = &made.definitions[found].labels;
    let policy = args
        .permissions
        .then(|| deployment.policy(&made.policies[found], labels));
    let machine = machines.remove(found);
    let others = program
        .pipelines
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != found);
    let others = others
        .zip(machines)
        .map(|((_, other), machine)| (deployment.machine_arn(&other.name), machine));
    let settings = Settings {
        partition: deployment.partition.clone(),
        region: deployment.region.clone(),
        account: deployment.account.clone(),
        machine: pipeline.name.clone(),
        role: format!(
            "arn:{}:iam::{}:role/{}",
            deployment.partition, deployment.account, pipeline.name
        ),
        ..Settings::default()
    };
    Ok(Some(Subject {
        name: pipeline.name.clone(),
        machine,
        settings,
        others: others.collect(),
        policy,
    }))
}

fn read_made(
    deployment: &Deployment,
    made: &asl::Definition,
    mode: Mode,
) -> Result<Machine, String> {
    let mut definition = serde_json::to_value(&made.machine).map_err(|error| error.to_string())?;
    substitute(&mut definition, &deployment.substitutions(made));
    Machine::parse(&definition, mode).map_err(|refusals| {
        let texts: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        texts.join("; ")
    })
}

fn read_definition(
    args: &Args,
    stem: &str,
    values: &Values,
    mocks: &MockFile,
    output: &mut Output,
) -> Result<Option<Subject>, Error> {
    let mode = if args.express {
        Mode::Express
    } else {
        Mode::Standard
    };
    let Some(machine) = read_machine(&args.file, mode, values, mocks, output)? else {
        return Ok(None);
    };
    let settings = Settings {
        machine: stem.to_owned(),
        ..Settings::default()
    };
    let policy = if args.permissions {
        let path = args.file.with_file_name(format!("{stem}.iam.json"));
        let text = workspace::read_text(&path)?;
        let mut policy: Value = serde_json::from_str(&text).map_err(|error| Error::Config {
            path: workspace::display(&path),
            reason: format!("it is not JSON: {error}"),
        })?;
        substitute(&mut policy, &substitutions(&settings, values, mocks));
        Some(policy)
    } else {
        None
    };
    Ok(Some(Subject {
        name: stem.to_owned(),
        machine,
        settings,
        others: BTreeMap::new(),
        policy,
    }))
}

/// What the pseudo parameters of templates stand for, and what was said otherwise.
fn substitutions(
    settings: &Settings,
    values: &Values,
    mocks: &MockFile,
) -> BTreeMap<String, String> {
    let pseudo = [
        ("AWS::AccountId", settings.account.as_str()),
        ("AWS::Region", settings.region.as_str()),
        ("AWS::Partition", settings.partition.as_str()),
        ("AWS::StackName", settings.machine.as_str()),
        ("AWS::URLSuffix", "amazonaws.com"),
    ];
    let mut known: BTreeMap<String, String> = pseudo
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    known.extend(mocks.substitutions.clone());
    known.extend(values.iter().cloned());
    known
}

/// A definition's file; None after what the service would refuse was told.
fn read_machine(
    path: &Path,
    mode: Mode,
    values: &Values,
    mocks: &MockFile,
    output: &mut Output,
) -> Result<Option<Machine>, Error> {
    let text = workspace::read_text(path)?;
    let mut definition: Value = match serde_json::from_str(&text) {
        Ok(definition) => definition,
        Err(error) => {
            output.error(&format!(
                "`{}` is not JSON: {error}",
                workspace::display(path)
            ));
            return Ok(None);
        }
    };
    let settings = Settings {
        machine: machine_name(path),
        ..Settings::default()
    };
    let mut known = substitutions(&settings, values, mocks);
    for name in substitute(&mut definition, &known) {
        let value = made_up(&definition, &name, &settings);
        output.status(
            "Assumed",
            &format!("${{{name}}} is {value}; --set {name}=… says otherwise"),
        );
        known.insert(name, value);
    }
    substitute(&mut definition, &known);
    match Machine::parse(&definition, mode) {
        Ok(machine) => Ok(Some(machine)),
        Err(refusals) => {
            for refusal in &refusals {
                output.error(&format!("`{}`: {refusal}", workspace::display(path)));
            }
            let count = plural(refusals.len(), "reason");
            output.status(
                "Refused",
                &format!("{}, for {count}", workspace::display(path)),
            );
            Ok(None)
        }
    }
}

/// A value for a `${name}`: a function's ARN where a Task has it for its resource, else the name itself.
fn made_up(definition: &Value, name: &str, settings: &Settings) -> String {
    let wanted = format!("${{{name}}}");
    if is_resource(definition, &wanted) {
        format!(
            "arn:{}:lambda:{}:{}:function:{name}",
            settings.partition, settings.region, settings.account
        )
    } else {
        name.to_owned()
    }
}

fn is_resource(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| {
            name == "Resource" && member == wanted || is_resource(member, wanted)
        }),
        Value::Array(items) => items.iter().any(|item| is_resource(item, wanted)),
        _ => false,
    }
}

fn target_text(target: &Target) -> String {
    match target {
        Target::State(name) => format!("the state `{name}`"),
        Target::Operation(service, operation) => format!("`{service}:{operation}`"),
        Target::Function(name) => format!("the function `{name}`"),
        Target::Any => "every call".to_owned(),
    }
}

fn ending(status: Status) -> &'static str {
    match status {
        Status::Succeeded => "Succeeded",
        Status::Failed => "Failed",
        Status::TimedOut => "Timed out",
        Status::Aborted => "Aborted",
    }
}

fn tell(name: &str, outcome: &run::Outcome) -> String {
    let mut text = format!(
        "{name} in {} of virtual time: {}, {}",
        duration_text(outcome.duration),
        plural(outcome.transitions as usize, "transition"),
        plural(outcome.events as usize, "event"),
    );
    if let Some(failure) = &outcome.failure {
        text.push_str(&format!(" ({failure})"));
    }
    text
}

fn summary(outcome: &run::Outcome, log: &Log, denied: &[&Value]) -> Value {
    let calls: Vec<Value> = log
        .calls()
        .map(|call| {
            json!({
                "state": *call.state,
                "resource": call.resource.arn,
                "arguments": call.arguments.json(),
                "attempt": call.attempt,
                "at": call.time,
            })
        })
        .collect();
    let variables = outcome
        .variables
        .iter()
        .cloned()
        .collect::<serde_json::Map<_, _>>();
    let mut summary = json!({
        "status": outcome.status.name(),
        "duration_ms": outcome.duration,
        "transitions": outcome.transitions,
        "events": outcome.events,
        "path": log.entered().collect::<Vec<_>>(),
        "calls": calls,
        "variables": variables,
    });
    if let Some(output) = &outcome.output {
        summary["output"] = output.clone();
    }
    if let Some(failure) = &outcome.failure {
        summary["error"] = json!(failure.error);
        summary["cause"] = json!(failure.cause);
    }
    if !denied.is_empty() {
        summary["missing_permissions"] = json!(denied);
    }
    summary
}
