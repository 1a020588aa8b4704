//! `flowc init`: a small project that builds.

use std::path::{Path, PathBuf};

use super::Outcome;
use super::output::Output;
use crate::workspace::{self, Error};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc init           in this folder
  flowc init sales     in the folder sales, which is made if it is not there
  flowc init --ci acme/flowc@v0.1.0
                       and a workflow for pull requests; in a project that is there, the workflow alone")]
pub(super) struct Args {
    /// The project's folder (default: this one)
    folder: Option<PathBuf>,

    /// Write a workflow that reviews pull requests on GitHub, with the action of this repository of flowc's
    #[arg(long, value_name = "OWNER/REPOSITORY@VERSION", num_args = 0..=1, default_missing_value = NO_ACTION)]
    ci: Option<String>,
}

/// Stands in the workflow when nobody said whose action to use.
const NO_ACTION: &str = concat!("OWNER/flowc@v", env!("CARGO_PKG_VERSION"));

const WORKFLOW: &str = ".github/workflows/flowc.yml";

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
    let workflow = match &args.ci {
        Some(action) => Some(workflow(folder, action)?),
        None => None,
    };
    let is_there = workflow.is_some() && folder.join(FILES[0].0).exists();
    let project = FILES.iter().filter(|_| !is_there);
    let mut files: Vec<(PathBuf, String)> = project
        .map(|(name, text)| (folder.join(name), (*text).to_owned()))
        .collect();
    files.extend(workflow);
    if let Some((taken, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(Error::Exists(workspace::display(taken)));
    }
    for (path, text) in &files {
        workspace::write(path, text)?;
        output.status("Wrote", &workspace::display(path));
    }
    let next = match (&args.ci, &args.folder) {
        (Some(action), _) if action == NO_ACTION => {
            format!("put the repository that has flowc in place of `OWNER` in {WORKFLOW}")
        }
        (_, Some(folder)) if !is_there => {
            format!("cd {} && flowc build", workspace::display(folder))
        }
        _ => "flowc build".to_owned(),
    };
    output.status("Next", &next);
    Ok(Outcome::Fine)
}

/// The workflow's place and text. GitHub finds it at the root of the repository alone.
fn workflow(folder: &Path, action: &str) -> Result<(PathBuf, String), Error> {
    if !is_action(action) {
        return Err(Error::Config {
            path: "--ci".to_owned(),
            reason: format!("`{action}` is not written as OWNER/REPOSITORY@VERSION"),
        });
    }
    let read_error = |error: std::io::Error| Error::Read {
        path: ".".to_owned(),
        reason: error.to_string(),
    };
    let absolute = std::path::absolute(folder).map_err(read_error)?;
    let root = absolute
        .ancestors()
        .find(|above| above.join(".git").exists());
    let (root, below) = match root {
        Some(root) => {
            let below = absolute.strip_prefix(root).unwrap_or(Path::new(""));
            // As seen from here: as many steps up as the folder lies below.
            let ups = below.components().count();
            let up: PathBuf = std::iter::repeat_n("..", ups).collect();
            (folder.join(up), workspace::display(below))
        }
        None => (folder.to_owned(), String::new()),
    };
    let below = if below.is_empty() { "." } else { &below };
    let text = include_str!("../../templates/init/workflow.yml")
        .replace("ACTION", action)
        .replace("FOLDER", &serde_json::Value::from(below).to_string());
    let place = root.join(WORKFLOW);
    let place = place
        .strip_prefix(".")
        .map_or(place.clone(), Path::to_owned);
    Ok((place, text))
}

/// `OWNER/REPOSITORY[/FOLDER]@VERSION`
fn is_action(text: &str) -> bool {
    let is_name = |name: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !name.is_empty() && name.chars().all(fits)
    };
    match text.split_once('@') {
        Some((place, version)) => {
            is_name(version) && place.contains('/') && place.split('/').all(is_name)
        }
        None => false,
    }
}
