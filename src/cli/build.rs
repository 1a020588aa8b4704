//! `flowc build`: compiles and writes, or compares with what was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use similar::TextDiff;

use super::output::{Output, plural};
use super::{Outcome, find_sources, find_workspace};
use crate::backend::Artifact;
use crate::ir::Program;
use crate::workspace::{self, Error};
use crate::{driver, environment};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc build                          every .flow file below this folder, to out/
  flowc build pipelines --out infra    infra/NAME/NAME.template.json and its parts
  flowc build --env prod               also NAME.prod.params.json, from flowc.toml
  flowc build --check                  exit 1, with a diff, when something is not up to date")]
pub(super) struct Args {
    /// Files, or folders that are searched for .flow files (default: this folder)
    paths: Vec<PathBuf>,

    /// Where to write, a folder a source file [default: `out` of flowc.toml, else out]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Also write the parameters of this environment of flowc.toml, for `aws cloudformation deploy`
    #[arg(long, value_name = "NAME")]
    env: Option<String>,

    /// Write nothing; show what would change, and exit 1 when something would
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let workspace = find_workspace()?;
    let environment = match &args.env {
        Some(name) => Some(Environment {
            name,
            given: workspace.environment(name)?,
        }),
        None => None,
    };
    let found = find_sources(&args.paths)?;
    workspace::check_outputs(&found)?;
    let out = args.out.clone().unwrap_or_else(|| workspace.default_out());
    let mut outcome = Outcome::Fine;
    let mut totals = Totals::default();
    let mut declared: Vec<String> = Vec::new();
    let mut problems: Vec<String> = Vec::new();
    for source in &found {
        let main = workspace::read_source(&source.path)?;
        let compilation = driver::compile(main, &workspace.levels, &mut workspace::read_used);
        output.diagnostics(&compilation.diagnostics, &compilation.sources);
        output.summary(&source.path, &compilation.diagnostics);
        let Some(program) = &compilation.program else {
            outcome = Outcome::Problems;
            continue;
        };
        let mut emission = driver::emit(program);
        if emission.has_errors() {
            output.diagnostics(&emission.diagnostics, &compilation.sources);
            output.summary(&source.path, &emission.diagnostics);
            outcome = Outcome::Problems;
            continue;
        }
        output.diagnostics(&emission.diagnostics, &compilation.sources);
        for note in &emission.notes {
            output.status("Note", note);
        }
        declared.extend(program.params.iter().map(|param| param.name.clone()));
        if let Some(environment) = &environment {
            match environment.parameters(program, &emission) {
                Ok(artifact) => emission.artifacts.extend(artifact),
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            }
        }
        let folder = out.join(&source.out);
        for artifact in &emission.artifacts {
            let path = folder.join(&artifact.name);
            if args.check {
                if compare(&path, &artifact.text, output)? {
                    totals.unchanged += 1;
                } else {
                    outcome = Outcome::Problems;
                }
            } else if workspace::write(&path, &artifact.text)? {
                totals.written += 1;
                output.status("Wrote", &workspace::display(&path));
            } else {
                totals.unchanged += 1;
            }
        }
        let names: Vec<&str> = emission.artifacts.iter().map(|a| a.name.as_str()).collect();
        for stale in workspace::find_stale(&folder, &names) {
            output.status(
                "Stale",
                &format!("{} is not made any more", workspace::display(&stale)),
            );
            if args.check {
                outcome = Outcome::Problems;
            }
        }
    }
    if let Some(environment) = &environment {
        // A file with errors may declare what seems unknown.
        if outcome == Outcome::Fine {
            problems.extend(environment.unknown(&declared, args.paths.is_empty()));
        }
        if !problems.is_empty() {
            return Err(workspace.environment_error(environment.name, &problems));
        }
    }
    if outcome == Outcome::Fine {
        let verb = if args.check { "Checked" } else { "Built" };
        let mut what = plural(found.len(), "file");
        if args.check {
            what.push_str(", all up to date");
        } else if totals.written == 0 {
            what.push_str(", nothing changed");
        }
        output.status(verb, &what);
    }
    Ok(outcome)
}

/// What `--env` names.
struct Environment<'a> {
    name: &'a str,
    given: BTreeMap<String, Value>,
}

impl Environment<'_> {
    /// None for a file that makes no template.
    fn parameters(
        &self,
        program: &Program,
        emission: &driver::Emission,
    ) -> Result<Option<Artifact>, Vec<String>> {
        let Some(template) = emission.artifacts.first() else {
            return Ok(None);
        };
        let template = serde_json::from_str(&template.text).unwrap_or_default();
        environment::parameters(program, &template, self.name, &self.given).map(Some)
    }

    /// Values that no template of this run takes. Where only some files are built, those of the others are not known: a
    /// name is wrong when it is nearly that of a parameter.
    fn unknown(&self, declared: &[String], all: bool) -> Vec<String> {
        environment::unknown(&self.given, declared)
            .into_iter()
            .filter(|(_, near)| all || near.is_some())
            .map(|(name, near)| match near {
                Some(near) => format!("there is no parameter `{name}`; did you mean `{near}`?"),
                None => format!("no template has a parameter `{name}`"),
            })
            .collect()
    }
}

#[derive(Default)]
struct Totals {
    written: usize,
    unchanged: usize,
}

/// Whether the file holds the text; otherwise prints the difference.
fn compare(path: &Path, text: &str, output: &mut Output) -> Result<bool, Error> {
    let read_error = |error: std::io::Error| Error::Read {
        path: workspace::display(path),
        reason: error.to_string(),
    };
    if workspace::holds(path, text).map_err(read_error)? {
        return Ok(true);
    }
    let (old, old_name) = match std::fs::read(path) {
        Ok(bytes) => (
            String::from_utf8_lossy(&bytes).into_owned(),
            workspace::display(path),
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            (String::new(), "/dev/null".to_owned())
        }
        Err(error) => return Err(read_error(error)),
    };
    let diff = TextDiff::from_lines(old.as_str(), text);
    let rendered = diff
        .unified_diff()
        .context_radius(3)
        .header(&old_name, &format!("{} (new)", workspace::display(path)))
        .to_string();
    output.result(&rendered);
    Ok(false)
}
