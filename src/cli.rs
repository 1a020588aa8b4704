//! The command line: a file a subcommand.
//!
//! Status and diagnostics go to stderr, results to stdout only when asked for. Exit 0 fine, 1 diagnostics,
//! 2 usage or I/O, 101 a bug of ours.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::workspace;

mod build;
mod catalog;
mod check;
mod cost;
mod diff;
mod environments;
mod explain;
mod fmt;
mod graph;
mod iam;
mod init;
mod output;
mod run;
mod test;

use output::Output;

/// Compiles .flow pipelines to AWS Step Functions definitions, IAM policies and CloudFormation templates.
#[derive(Parser, Debug)]
#[command(
    name = "flowc",
    version,
    after_help = "Examples:
  flowc init sales              start a project in the folder sales
  flowc build                   compile every .flow file below this folder
  flowc build --check           fail when the files on disk are not what the sources say
  flowc check --fix jobs.flow   report problems, and mend those that have one right fix
  flowc diff main               what a change changes: steps, permissions, resources
  flowc fmt --check             fail when a file is not formatted
  flowc iam --why jobs.flow     which step needs which permission
  flowc graph jobs.flow         the pipelines as a picture
  flowc catalog glue.startJobRun what a call takes, gives, raises and needs
  flowc run jobs.flow           run a pipeline without AWS
  flowc test                    run the tests that stand in the sources
  flowc cost jobs.flow          what a run costs, as a formula of the data
  flowc explain F0302           what an error means, with an example"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How diagnostics are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    format: Format,

    /// When to use colours (`NO_COLOR` is honoured)
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,

    /// Print no status lines
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Compile pipelines to definitions, policies and templates
    Build(build::Args),
    /// Report problems and write nothing
    Check(check::Args),
    /// Say what a change of the sources changes: steps, permissions, resources
    Diff(diff::Args),
    /// Format sources
    Fmt(fmt::Args),
    /// Print the permissions of all roles that the template makes
    Iam(iam::Args),
    /// Show what can be called: services, operations, their arguments, results, errors and permissions
    Catalog(catalog::Args),
    /// Run a pipeline or a definition here, with made-up or mocked answers
    Run(run::Args),
    /// Run the tests of sources in the simulator, under the roles that they get
    Test(test::Args),
    /// Say what runs cost, as a formula of the data and in dollars
    Cost(cost::Args),
    /// Explain an error or a warning
    Explain(explain::Args),
    /// Draw the pipelines: Mermaid, DOT or SVG
    Graph(graph::Args),
    /// Start a small project that builds
    Init(init::Args),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the source, for people
    Human,
    /// A line each
    Short,
    /// A JSON object a line
    Json,
    /// GitHub's workflow commands
    Github,
    /// One SARIF log
    Sarif,
    /// Markdown, of what is a page; diagnostics as for people
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// How a command ended, when nothing outside the program went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine,
    /// There were errors, or files differ.
    Problems,
}

/// Parses the arguments, runs the command, and says how it ended.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "flowc: {info}\nThis is a bug in flowc. Please report it with the source that shows it."
        );
        std::process::exit(101);
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // A closed pipe is not an error.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let mut output = Output::new(cli.format, use_color(cli.color), cli.quiet);
    if cli.format == Format::Sarif && matches!(cli.command, Command::Diff(_)) {
        output.error(
            "`flowc diff` writes no SARIF; `--format` is human, short, json, markdown or github",
        );
        return ExitCode::from(2);
    }
    let outcome = match cli.command {
        Command::Build(args) => build::run(&args, &mut output),
        Command::Check(args) => check::run(&args, &mut output),
        Command::Diff(args) => diff::run(&args, &mut output),
        Command::Fmt(args) => fmt::run(&args, &mut output),
        Command::Iam(args) => iam::run(&args, &mut output),
        Command::Catalog(args) => catalog::run(&args, &mut output),
        Command::Run(args) => run::run(&args, &mut output),
        Command::Test(args) => test::run(&args, &mut output),
        Command::Cost(args) => cost::run(&args, &mut output),
        Command::Explain(args) => explain::run(&args, &mut output),
        Command::Graph(args) => graph::run(&args, &mut output),
        Command::Init(args) => init::run(&args, &mut output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "flowc", &mut script);
            output.result(&String::from_utf8_lossy(&script));
            Ok(Outcome::Fine)
        }
    };
    let finished = output.finish();
    match outcome.and_then(|outcome| finished.map(|()| outcome)) {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Problems) => ExitCode::from(1),
        Err(error) => {
            output.error(&error.to_string());
            ExitCode::from(2)
        }
    }
}

fn use_color(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                && std::env::var_os("TERM").is_none_or(|v| v != "dumb")
        }
    }
}

/// The configuration of the current folder.
fn find_workspace() -> Result<workspace::Workspace, workspace::Error> {
    let here = std::env::current_dir().map_err(|error| workspace::Error::Read {
        path: ".".to_owned(),
        reason: error.to_string(),
    })?;
    workspace::Workspace::find(&here)
}

/// The sources of the given paths; of this folder when none is given.
fn find_sources(paths: &[PathBuf]) -> Result<Vec<workspace::Found>, workspace::Error> {
    if paths.is_empty() {
        workspace::find_sources(&[PathBuf::from(".")])
    } else {
        workspace::find_sources(paths)
    }
}
