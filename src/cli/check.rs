//! `flowc check`: reports problems and writes nothing, or mends those that have one right fix.

use std::path::{Path, PathBuf};

use super::output::{Output, plural};
use super::{Outcome, find_sources, find_workspace};
use crate::driver::{self, Compilation};
use crate::source::FileId;
use crate::workspace::{self, Error, Workspace};

/// A fix can uncover the next problem; more rounds than this mean that two of them disagree.
const MOST_ROUNDS: usize = 10;

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
    for source in &found {
        let compilation = match compile(&source.path, &workspace) {
            Ok(compilation) => compilation,
            Err(error @ Error::NotText(_)) => {
                output.error(&error.to_string());
                outcome = Outcome::Problems;
                continue;
            }
            Err(error) => return Err(error),
        };
        let compilation = if args.fix {
            fix(&source.path, compilation, &workspace, output)?
        } else {
            compilation
        };
        let mut diagnostics = compilation.diagnostics;
        if let Some(program) = &compilation.program {
            diagnostics.extend(driver::emit(program).diagnostics);
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
    if outcome == Outcome::Fine {
        output.status("Checked", &plural(found.len(), "file"));
    }
    Ok(outcome)
}

fn compile(path: &str, workspace: &Workspace) -> Result<Compilation, Error> {
    let main = workspace::read_source(path)?;
    Ok(driver::compile(
        main,
        &workspace.levels,
        &mut workspace::read_used,
    ))
}

/// Applies safe fixes to the file until none is left.
fn fix(
    path: &str,
    mut compilation: Compilation,
    workspace: &Workspace,
    output: &mut Output,
) -> Result<Compilation, Error> {
    for _ in 0..MOST_ROUNDS {
        let main = FileId(0);
        let text = &compilation.sources.get(main).text;
        let Some((mended, count)) = driver::apply_fixes(text, main, &compilation.diagnostics)
        else {
            break;
        };
        workspace::write(Path::new(path), &mended)?;
        output.status("Fixed", &format!("{} in {path}", plural(count, "problem")));
        compilation = compile(path, workspace)?;
    }
    Ok(compilation)
}
