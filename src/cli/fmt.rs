//! `flowc fmt`: formats sources in place, or says which are not formatted.

use std::io::Read;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::output::{Output, plural};
use super::{Outcome, find_sources};
use crate::format::{self, FormatError};
use crate::source::{FileId, SourceFile, Sources};
use crate::workspace::{self, Error};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc fmt            every .flow file below this folder
  flowc fmt --check    exit 1, with a diff, when a file is not formatted
  flowc fmt -          from standard input to standard output")]
pub(super) struct Args {
    /// Files, or folders that are searched for .flow files; - for standard input (default: this folder)
    paths: Vec<PathBuf>,

    /// Write nothing; show what would change, and exit 1 when something would
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    if args.paths == [PathBuf::from("-")] {
        return standard_input(args.check, output);
    }
    let found = find_sources(&args.paths)?;
    let mut outcome = Outcome::Fine;
    let mut changed = 0;
    for source in &found {
        let file = workspace::read_source(&source.path)?;
        let Some(formatted) = format(&file, output) else {
            outcome = Outcome::Problems;
            continue;
        };
        if formatted == *file.text {
            continue;
        }
        if args.check {
            show_difference(&file.path, &file.text, &formatted, output);
            outcome = Outcome::Problems;
        } else if workspace::write(Path::new(&source.path), &formatted)? {
            changed += 1;
            output.status("Formatted", &source.path);
        }
    }
    if outcome == Outcome::Fine && changed == 0 {
        output.status(
            "Checked",
            &format!("{}, all formatted", plural(found.len(), "file")),
        );
    }
    Ok(outcome)
}

fn standard_input(check: bool, output: &mut Output) -> Result<Outcome, Error> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Error::Read {
            path: "standard input".to_owned(),
            reason: error.to_string(),
        })?;
    let file = SourceFile::new("<stdin>", String::from_utf8_lossy(&bytes));
    let Some(formatted) = format(&file, output) else {
        return Ok(Outcome::Problems);
    };
    if !check {
        output.result(&formatted);
        return Ok(Outcome::Fine);
    }
    if formatted == *file.text {
        return Ok(Outcome::Fine);
    }
    show_difference(&file.path, &file.text, &formatted, output);
    Ok(Outcome::Problems)
}

/// The formatted text, or None with the reason told.
fn format(file: &SourceFile, output: &mut Output) -> Option<String> {
    match format::format(FileId(0), &file.text) {
        Ok(formatted) => Some(formatted),
        Err(FormatError::Syntax(diagnostics)) => {
            let mut sources = Sources::default();
            sources.add(file.clone());
            output.diagnostics(&diagnostics, &sources);
            output.summary(&file.path, &diagnostics);
            None
        }
        Err(error) => {
            output.error(&format!("{}: {error}", file.path));
            None
        }
    }
}

fn show_difference(path: &str, old: &str, new: &str, output: &mut Output) {
    let diff = TextDiff::from_lines(old, new);
    let text = diff
        .unified_diff()
        .context_radius(3)
        .header(path, &format!("{path} (formatted)"))
        .to_string();
    output.result(&text);
}
