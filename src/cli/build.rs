//! `flowc build`: compiles and writes, or compares with what was written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::environments::Environments;
use super::output::{Output, plural};
use super::{Outcome, find_sources, find_workspace};
use crate::driver;
use crate::workspace::{self, Error};

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
    let mut environments = match &args.env {
        Some(name) => Environments::one(&workspace, name)?,
        None if args.check => Environments::all(&workspace)?,
        None => Environments::default(),
    };
    let mut found = find_sources(&args.paths)?;
    workspace.place(&mut found);
    workspace::check_outputs(&found)?;
    let out = args.out.clone().unwrap_or_else(|| workspace.default_out());
    let mut outcome = Outcome::Fine;
    let mut totals = Totals::default();
    let mut folders = BTreeSet::new();
    for source in &found {
        let folder = out.join(&source.out);
        folders.insert(folder.clone());
        let main = workspace::read_source(&source.path)?;
        let compilation = driver::compile(main, &workspace.levels, &mut workspace::read_used);
        output.diagnostics(&compilation.diagnostics, &compilation.sources);
        output.summary(&source.path, &compilation.diagnostics);
        let Some(program) = &compilation.program else {
            outcome = Outcome::Problems;
            continue;
        };
        let (made, mut emission) = driver::make(program);
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
        // Nobody asked for the other environments, but what is there has to be true.
        let wants = |name: &str| args.env.is_some() || folder.join(name).exists();
        let template = made.as_ref().map(|made| &made.template);
        let Some(parameters) = environments.parameters(program, template, wants) else {
            continue;
        };
        emission.artifacts.extend(parameters);
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
    environments.finish(&workspace, &args.paths, outcome)?;
    if args.paths.is_empty() {
        for orphan in workspace::find_orphans(&out.join(workspace.here()), &folders) {
            let orphan = workspace::display(&orphan);
            output.status(
                "Stale",
                &format!("{orphan}/ has no source any more; delete it"),
            );
            if args.check {
                outcome = Outcome::Problems;
            }
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
