//! `flowc iam`: what the template's roles may do, and why.

use std::path::PathBuf;

use super::output::Output;
use super::{Format, Outcome, find_workspace};
use crate::backend::{self, report};
use crate::driver;
use crate::workspace::{self, Error};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc iam jobs.flow                  the policy of each pipeline
  flowc iam --why jobs.flow            each statement with the steps and lines that need it
  flowc iam --why --format json jobs.flow")]
pub(super) struct Args {
    /// A .flow file
    file: PathBuf,

    /// Say which step and which line needs each statement
    #[arg(long)]
    why: bool,

    /// Only this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let workspace = find_workspace()?;
    let main = workspace::read_source(&workspace::display(&args.file))?;
    let compilation = driver::compile(main, &workspace.levels, &mut workspace::read_used);
    let Some(program) = &compilation.program else {
        output.diagnostics(&compilation.diagnostics, &compilation.sources);
        output.summary(&workspace::display(&args.file), &compilation.diagnostics);
        return Ok(Outcome::Problems);
    };
    if let Some(name) = &args.pipeline
        && !program.pipelines.iter().any(|p| p.name == *name)
    {
        output.error(&format!("there is no pipeline `{name}` in this file"));
        return Ok(Outcome::Problems);
    }
    let made = backend::make(program);
    let mut permissions = report::permissions(program, &made.definitions, &compilation.sources);
    if let Some(name) = &args.pipeline {
        permissions.pipelines.retain(|p| p.name == *name);
        let own = |role: &report::RolePermissions| {
            let rest = role.name.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with(['.', ' ']))
        };
        permissions.others.retain(own);
    }
    let text = if output.format() == Format::Json {
        format!("{:#}\n", serde_json::json!(permissions))
    } else {
        report::render(&permissions, args.why)
    };
    output.result(&text);
    Ok(Outcome::Fine)
}
