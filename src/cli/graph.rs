//! `flowc graph`: a picture of the pipelines.

use std::path::PathBuf;

use super::output::Output;
use super::{Outcome, find_workspace};
use crate::backend::graph;
use crate::diagnostic::find_nearest;
use crate::driver;
use crate::workspace::{self, Error};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc graph jobs.flow                              a Mermaid flowchart, for a page of Markdown
  flowc graph jobs.flow --as svg > jobs.svg          a picture, for light and dark pages
  flowc graph jobs.flow --pipeline nightly --as dot | dot -Tpdf > nightly.pdf")]
pub(super) struct Args {
    /// A .flow file
    file: PathBuf,

    /// Only this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,

    /// How the picture is written
    #[arg(long = "as", value_enum, value_name = "KIND", default_value_t = Picture::Mermaid)]
    picture: Picture,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Picture {
    /// A Mermaid flowchart
    Mermaid,
    /// A digraph for Graphviz
    Dot,
    /// A picture that stands for itself
    Svg,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let workspace = find_workspace()?;
    let path = workspace::display(&args.file);
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
    let graph = graph::graph(program, args.pipeline.as_deref());
    output.result(&match args.picture {
        Picture::Mermaid => graph.mermaid(),
        Picture::Dot => graph.dot(),
        Picture::Svg => graph.svg(),
    });
    Ok(Outcome::Fine)
}
