//! `flowc cost`: what runs of the pipelines cost.

use std::path::PathBuf;

use super::output::Output;
use super::{Format, Outcome, find_workspace};
use crate::backend;
use crate::cost::assume::{Given, Source};
use crate::cost::price::DEFAULT_REGION;
use crate::cost::report::{self, Style};
use crate::cost::{self, Options, Problems};
use crate::diagnostic::find_nearest;
use crate::driver;
use crate::workspace::{self, Error};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc cost jobs.flow                                   formulas, prices, and what is assumed
  flowc cost jobs.flow --assume partitions=200,runs=30/month
  flowc cost jobs.flow --assume ready.after=20m --assume glue.dpu=10
  flowc cost jobs.flow --format markdown                  for a page or a comment
  flowc cost jobs.flow --format json                     as data

What is assumed can also stand in flowc.toml, for all pipelines or for one:
  [assume]
  runs = \"30/month\"
  nightly.partitions = 200")]
pub(super) struct Args {
    /// A .flow file
    file: PathBuf,

    /// Only this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,

    /// What holds in place of a default; several separated by commas
    #[arg(long, value_name = "NAME=VALUE")]
    assume: Vec<String>,

    /// The region whose price of a transition counts
    #[arg(long, value_name = "REGION", default_value = DEFAULT_REGION)]
    region: String,

    /// Say what each branch and handler that is not on the cheapest way adds
    #[arg(long)]
    ways: bool,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let workspace = find_workspace()?;
    let path = workspace::display(&args.file);
    let configured = workspace.assumptions().into_iter();
    let mut given: Vec<Given> = configured
        .map(|(name, value)| Given {
            name,
            value,
            source: Source::Config,
        })
        .collect();
    for text in &args.assume {
        let more = Given::parse(text).map_err(|reason| Error::Config {
            path: "--assume".to_owned(),
            reason,
        })?;
        given.extend(more);
    }
    let main = workspace::read_source(&path)?;
    let compilation = driver::compile(main, &workspace.levels, &mut workspace::read_used);
    let Some(program) = &compilation.program else {
        output.diagnostics(&compilation.diagnostics, &compilation.sources);
        output.summary(&path, &compilation.diagnostics);
        return Ok(Outcome::Problems);
    };
    if let Some(name) = &args.pipeline
        && !program.pipelines.iter().any(|p| p.name == *name)
    {
        let names = program.pipelines.iter().map(|p| p.name.as_str());
        output.error(&match find_nearest(name, names) {
            Some(near) => {
                format!("there is no pipeline `{name}` in this file; did you mean `{near}`?")
            }
            None => format!("there is no pipeline `{name}` in this file"),
        });
        return Ok(Outcome::Problems);
    }
    if program.pipelines.is_empty() {
        output.error(&format!("there is no pipeline in `{path}`"));
        return Ok(Outcome::Problems);
    }
    let options = Options {
        region: args.region.clone(),
        given,
    };
    let definitions = backend::make(program).definitions;
    let mut estimates = match cost::estimate(program, &definitions, &options) {
        Ok(estimates) => estimates,
        Err(Problems(problems)) => {
            problems.iter().for_each(|problem| output.error(problem));
            return Ok(Outcome::Problems);
        }
    };
    if args.ways || output.format() == Format::Json {
        cost::add_ways(&mut estimates, &definitions);
    }
    if let Some(name) = &args.pipeline {
        estimates.retain(|estimate| estimate.pipeline == *name);
    }
    output.result(&match output.format() {
        Format::Json => format!("{:#}\n", report::json(&estimates)),
        Format::Markdown => report::render(&estimates, Style::Markdown),
        _ => report::render(&estimates, Style::Text),
    });
    Ok(Outcome::Fine)
}
