//! `flowc check`: reports problems and writes nothing, or mends those that have one right fix.

use std::path::{Path, PathBuf};

use super::environments::Environments;
use super::output::{Output, plural};
use super::{Outcome, find_sources, find_workspace};
use crate::driver::{self, Compilation};
use crate::source::{FileId, SourceFile};
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
    let mut environments = Environments::all(&workspace)?;
    for source in &found {
        let main = workspace::read_source(&source.path)?;
        let mut compilation = compile(main, &workspace);
        if args.fix {
            compilation = fix(compilation, &workspace, output)?;
        }
        let mut diagnostics = compilation.diagnostics;
        if let Some(program) = &compilation.program {
            let emission = driver::emit(program);
            environments.check(program, &emission);
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
    let complete = args.paths.is_empty() && workspace.is_here();
    environments.finish(&workspace, (outcome == Outcome::Fine).then_some(complete))?;
    if outcome == Outcome::Fine {
        output.status("Checked", &plural(found.len(), "file"));
    }
    Ok(outcome)
}

fn compile(main: SourceFile, workspace: &Workspace) -> Compilation {
    driver::compile(main, &workspace.levels, &mut workspace::read_used)
}

/// Applies safe fixes to the file until none is left, and writes what came out. A round that leaves more mistakes of syntax
/// than there were is not kept.
fn fix(
    mut compilation: Compilation,
    workspace: &Workspace,
    output: &mut Output,
) -> Result<Compilation, Error> {
    let main = FileId(0);
    let mut fixed = 0;
    for _ in 0..MOST_ROUNDS {
        let file = compilation.sources.get(main);
        let Some((text, count)) = driver::apply_fixes(&file.text, main, &compilation.diagnostics)
        else {
            break;
        };
        let mended = compile(SourceFile::new(file.path.as_str(), text), workspace);
        if mended.syntax_error_count() > compilation.syntax_error_count() {
            break;
        }
        fixed += count;
        compilation = mended;
    }
    if fixed > 0 {
        let SourceFile { path, text } = compilation.sources.get(main);
        workspace::write(Path::new(path), text)?;
        output.status("Fixed", &format!("{} in {path}", plural(fixed, "problem")));
    }
    Ok(compilation)
}
