//! `flowc init`: a small project that builds.

use std::path::{Path, PathBuf};

use super::Outcome;
use super::output::Output;
use crate::workspace::{self, Error};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc init           in this folder
  flowc init sales     in the folder sales, which is made if it is not there")]
pub(super) struct Args {
    /// The project's folder (default: this one)
    folder: Option<PathBuf>,
}

/// The files of a new project.
const FILES: &[(&str, &str)] = &[
    (
        "flowc.toml",
        include_str!("../../templates/init/flowc.toml"),
    ),
    (
        "pipelines/nightly.flow",
        include_str!("../../templates/init/nightly.flow"),
    ),
];

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let folder = args.folder.as_deref().unwrap_or(Path::new("."));
    let paths: Vec<PathBuf> = FILES.iter().map(|(name, _)| folder.join(name)).collect();
    if let Some(taken) = paths.iter().find(|path| path.exists()) {
        return Err(Error::Exists(workspace::display(taken)));
    }
    for ((_, text), path) in FILES.iter().zip(&paths) {
        workspace::write(path, text)?;
        output.status("Wrote", &workspace::display(path));
    }
    let inside = if args.folder.is_some() {
        format!("cd {} && flowc build", workspace::display(folder))
    } else {
        "flowc build".to_owned()
    };
    output.status("Next", &inside);
    Ok(Outcome::Fine)
}
