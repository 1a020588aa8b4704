//! `flowc run`: runs a pipeline or a definition in the simulator.

mod files;
mod input;
mod subject;
mod trace;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::Outcome;
use super::output::{Output, plural};
use crate::simulate::call::{Answer, Call, Guard, Service};
use crate::simulate::clock::{Millis, duration_text};
use crate::simulate::data::Data;
use crate::simulate::definition::Mode;
use crate::simulate::event::Event;
use crate::simulate::log::Log;
use crate::simulate::mock::file::{self as mock_file, MockFile};
use crate::simulate::mock::{Mocks, Target};
use crate::simulate::permissions::{Denial, Permissions, Roles};
use crate::simulate::run::{self, Simulation, Status, World};
use crate::testing::answers::Defaults;
use crate::workspace::{self, Error};
use files::Files;
use subject::{Subject, machine_name, read_definition, read_machine, read_program};
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
    let Some(subject) = read_subject(args, &input, &values, &mocks, output)? else {
        return Ok(Outcome::Problems);
    };
    let mut roles = Roles::default();
    for (machine, policy) in &subject.policies {
        roles.add(machine, Permissions::new(policy, &subject.settings));
    }
    for (role, policy) in &subject.step_policies {
        roles.add_assumed(role, Permissions::new(policy, &subject.settings));
    }
    let mut objects = Files::new(
        mock_folder(args.mock.as_deref()),
        std::mem::take(&mut mocks.objects),
    );
    let others = subject.others.iter();
    let simulation = Simulation {
        others: others
            .map(|(arn, machine)| (arn.clone(), machine))
            .collect(),
        settings: subject.settings.clone(),
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
    let mut service = Answering {
        mocks: &mut mocks.mocks,
        defaults: &subject.defaults,
    };
    let world = World {
        service: &mut service,
        objects: &mut objects,
        guard: args.permissions.then_some(&mut roles as &mut dyn Guard),
        observer: &mut observer,
    };
    let outcome = match simulation.run(input, world) {
        Ok(outcome) => outcome,
        Err(error) => {
            output.error(&error.to_string());
            return Ok(Outcome::Problems);
        }
    };
    let denials = roles.into_denials();
    if args.json {
        let summary = summary(&outcome, &log, &denials, subject.settings.start);
        output.result(&format!("{summary:#}\n"));
    }
    for denial in &denials {
        output.error(&format!(
            "`{}` is not allowed to do {} on {}; this statement is missing: {}",
            denial.state, denial.action, denial.resource, denial.statement
        ));
    }
    for target in mocks.mocks.unused() {
        let mock = target_text(target);
        output.status("Unused", &format!("a mock of {mock} answered nothing"));
    }
    output.status(ending(outcome.status), &tell(&subject.name, &outcome));
    if outcome.status == Status::Succeeded && denials.is_empty() {
        Ok(Outcome::Fine)
    } else {
        Ok(Outcome::Problems)
    }
}

/// Mocks, and behind them what tests answer too.
struct Answering<'a, 'm> {
    mocks: &'a mut Mocks<'m>,
    defaults: &'a Defaults,
}

impl Service for Answering<'_, '_> {
    fn answer(&mut self, call: &Call) -> Option<Answer> {
        let mocked = self.mocks.answer(call);
        mocked.or_else(|| self.defaults.answer(call))
    }

    fn items(&mut self, execution: &str, state: &str) -> Option<Vec<Data>> {
        self.mocks.items(execution, state)
    }
}

/// The program's pipeline or the definition, and the machines of the mock file; None after what is wrong was told.
fn read_subject(
    args: &Args,
    input: &Value,
    values: &Values,
    mocks: &MockFile,
    output: &mut Output,
) -> Result<Option<Subject>, Error> {
    let is_flow = args
        .file
        .extension()
        .is_some_and(|extension| extension == "flow");
    let subject = if is_flow {
        read_program(args, input, values, output)?
    } else {
        read_definition(args, values, mocks, output)?
    };
    let Some(mut subject) = subject else {
        return Ok(None);
    };
    for (arn, path) in &mocks.executions {
        let path = mock_folder(args.mock.as_deref()).join(path);
        let Some(machine) = read_machine(&path, Mode::Standard, values, mocks, output)? else {
            return Ok(None);
        };
        subject.others.insert(arn.clone(), machine);
    }
    subject.settings.seed = args.seed;
    if let Some(validation) = mocks.validation {
        subject.settings.validation = validation;
    }
    Ok(Some(subject))
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

/// What the paths in a mock file are relative to.
fn mock_folder(place: Option<&str>) -> &Path {
    let folder = place.map(mock_path).and_then(Path::parent);
    folder.unwrap_or(Path::new(""))
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

fn summary(outcome: &run::Outcome, log: &Log, denials: &[Denial], start: Millis) -> Value {
    let calls: Vec<Value> = log
        .calls()
        .map(|call| {
            json!({
                "state": *call.state,
                "resource": call.resource.arn,
                "arguments": call.arguments.json(),
                "attempt": call.attempt,
                "at_ms": call.time - start,
            })
        })
        .collect();
    let mut summary = json!({
        "status": outcome.status.name(),
        "duration_ms": outcome.duration,
        "transitions": outcome.transitions,
        "events": outcome.events,
        "path": log.entered().collect::<Vec<_>>(),
        "calls": calls,
        "variables": outcome.variables.iter().cloned().collect::<Map<_, _>>(),
    });
    if let Some(output) = &outcome.output {
        summary["output"] = output.clone();
    }
    if let Some(failure) = &outcome.failure {
        summary["error"] = json!(failure.error);
        summary["cause"] = json!(failure.cause);
    }
    if !denials.is_empty() {
        let missing = denials.iter().map(|denial| &denial.statement);
        summary["missing_permissions"] = missing.cloned().collect();
    }
    summary
}
