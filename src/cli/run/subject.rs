//! What `flowc run` runs: a pipeline of a program, or a definition.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Args, Values, input};
use crate::backend::deployment::Deployment;
use crate::cli::find_workspace;
use crate::cli::output::{Output, plural};
use crate::driver;
use crate::simulate::definition::{Machine, Mode, Placeholder, substitute};
use crate::simulate::mock::file::MockFile;
use crate::simulate::permissions::Policy;
use crate::simulate::run::Settings;
use crate::testing::answers::Defaults;
use crate::testing::bench::{Bench, Parts};
use crate::workspace::{self, Error};

/// What is to be run.
pub(super) struct Subject {
    pub name: String,
    pub machine: Machine,
    pub settings: Settings,
    /// Machines that it may start, by their ARNs.
    pub others: BTreeMap<String, Machine>,
    /// By the names of the machines.
    pub policies: Vec<(String, Policy)>,
    /// By the ARNs of the roles that states call under.
    pub step_policies: Vec<(String, Policy)>,
    /// What calls are answered that no mock answers, where more is known than their operations.
    pub defaults: Defaults,
}

/// `sales.asl.json` is the machine `sales`.
pub(super) fn machine_name(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// The pipeline of a program that is given this input, compiled; None after its problems were told.
pub(super) fn read_program(
    args: &Args,
    given: &Value,
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
    let bench = match Bench::new(program, deployment) {
        Ok(bench) => bench,
        Err(refused) => {
            output.error(&refused.to_string());
            return Ok(None);
        }
    };
    let deployment = &bench.deployment;
    let settings = Settings {
        partition: deployment.partition.clone(),
        region: deployment.region.clone(),
        account: deployment.account.clone(),
        machine: bench.machine_name(found).to_owned(),
        role: bench.role(found),
        ..Settings::default()
    };
    for problem in input::problems(&program.pipelines[found], given) {
        output.warning(&problem);
    }
    let name = program.pipelines[found].name.clone();
    let defaults = Defaults::of(&bench);
    let Parts {
        machines,
        policies,
        step_policies,
    } = bench.into_parts();
    let mut machine = None;
    let mut others = BTreeMap::new();
    for (at, (arn, other)) in machines.into_iter().enumerate() {
        if at == found {
            machine = Some(other);
        } else {
            others.insert(arn, other);
        }
    }
    Ok(machine.map(|machine| Subject {
        name,
        machine,
        settings,
        others,
        policies,
        step_policies,
        defaults,
    }))
}

pub(super) fn read_definition(
    args: &Args,
    values: &Values,
    mocks: &MockFile,
    output: &mut Output,
) -> Result<Option<Subject>, Error> {
    let stem = machine_name(&args.file);
    let mode = if args.express {
        Mode::Express
    } else {
        Mode::Standard
    };
    let Some(machine) = read_machine(&args.file, mode, values, mocks, output)? else {
        return Ok(None);
    };
    let settings = Settings {
        machine: stem.clone(),
        ..Settings::default()
    };
    let policies = if args.permissions {
        let path = args.file.with_file_name(format!("{stem}.iam.json"));
        let text = workspace::read_text(&path)?;
        let text = substitute(&text, &substitutions(&settings, values, mocks)).text;
        let broken = |reason| Error::Config {
            path: workspace::display(&path),
            reason,
        };
        let document = serde_json::from_str(&text)
            .map_err(|error| broken(format!("it is not JSON: {error}")))?;
        let policy = Policy::parse(&document)
            .ok_or_else(|| broken("it is no policy document".to_owned()))?;
        vec![(stem.clone(), policy)]
    } else {
        Vec::new()
    };
    Ok(Some(Subject {
        name: stem,
        machine,
        settings,
        others: BTreeMap::new(),
        policies,
        step_policies: Vec::new(),
        defaults: Defaults::default(),
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
pub(super) fn read_machine(
    path: &Path,
    mode: Mode,
    values: &Values,
    mocks: &MockFile,
    output: &mut Output,
) -> Result<Option<Machine>, Error> {
    let text = workspace::read_text(path)?;
    let settings = Settings {
        machine: machine_name(path),
        ..Settings::default()
    };
    let mut known = substitutions(&settings, values, mocks);
    for placeholder in substitute(&text, &known).unknown {
        let name = &placeholder.name;
        let value = made_up(&text, &placeholder, &settings);
        output.status(
            "Assumed",
            &format!("${{{name}}} is {value}; --set {name}=… says otherwise"),
        );
        known.insert(placeholder.name, value);
    }
    let text = substitute(&text, &known).text;
    match Machine::parse_text(&text, mode) {
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

/// A value for a `${name}`: a number where a value is wanted, a function's ARN where it is all of a Task's resource,
/// else the name itself.
fn made_up(definition: &str, placeholder: &Placeholder, settings: &Settings) -> String {
    let name = &placeholder.name;
    let quoted = format!("\"${{{name}}}\"");
    let is_resource = definition.match_indices(&quoted).any(|(at, _)| {
        let before = definition[..at].trim_end().strip_suffix(':');
        before.is_some_and(|before| before.trim_end().ends_with("\"Resource\""))
    });
    if placeholder.is_bare {
        "60".to_owned()
    } else if is_resource {
        format!(
            "arn:{}:lambda:{}:{}:function:{name}",
            settings.partition, settings.region, settings.account
        )
    } else {
        name.clone()
    }
}
