//! `flowc check`: reports problems and writes nothing, or mends those that have one right fix.

use std::path::{Path, PathBuf};

use super::environments::Environments;
use super::output::{Output, plural};
use super::{Outcome, find_sources, find_workspace};
use crate::driver::mend::mend;
use crate::driver::{self, Compilation};
use crate::workspace::{self, Error, Workspace};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc check                    every .flow file below this folder
  flowc check --fix              apply the fixes that keep the meaning
  flowc check --format github    annotations for a pull request")]
pub(super) struct Args {
    /// Files, or folders that are searched for .flow files (default: this folder)
    paths: Vec<PathBuf>,

    /// Apply the fixes that certainly keep or restore what was meant
    #[arg(long)]
    fix: bool,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let workspace = find_workspace()?;
    let found = find_sources(&args.paths)?;
    let mut outcome = Outcome::Fine;
    let mut environments = Environments::all(&workspace)?;
    for source in &found {
        let main = workspace::read_source(&source.path)?;
        let mut compilation = driver::compile(main, &workspace.levels, &mut workspace::read_used);
        if args.fix {
            compilation = fix(&source.path, compilation, &workspace, output)?;
        }
        let mut diagnostics = compilation.diagnostics;
        if let Some(program) = &compilation.program {
            let (made, emission) = driver::make(program);
            environments.check(program, made.as_ref().map(|made| &made.template));
            diagnostics.extend(emission.diagnostics);
        }
        output.diagnostics(&diagnostics, &compilation.sources);
        output.summary(&source.path, &diagnostics);
        if diagnostics
            .iter()
            .any(|d| d.severity == crate::diagnostic::Severity::Error)
        {
            outcome = Outcome::Problems;
        }
    }
    environments.finish(&workspace, &args.paths, outcome)?;
    if outcome == Outcome::Fine {
        output.status("Checked", &plural(found.len(), "file"));
    }
    Ok(outcome)
}

/// Applies safe fixes to the file until none is left, or none at all where they would not make it better.
fn fix(
    path: &str,
    compilation: Compilation,
    workspace: &Workspace,
    output: &mut Output,
) -> Result<Compilation, Error> {
    match mend(&compilation, &workspace.levels, &mut workspace::read_used) {
        Ok(Some(mended)) => {
            workspace::write(Path::new(path), &mended.text)?;
            let problems = plural(mended.count, "problem");
            output.status("Fixed", &format!("{problems} in {path}"));
            Ok(mended.compilation)
        }
        Ok(None) => Ok(compilation),
        Err(reason) => {
            output.error(&format!("{path} is left as it is: {reason}"));
            Ok(compilation)
        }
    }
}
