//! `flowc test`: runs the tests of sources in the simulator.

use std::path::PathBuf;

use super::output::{Output, plural};
use super::{Outcome, find_sources, find_workspace};
use crate::backend::deployment::Deployment;
use crate::diagnostic::{Diagnostic, Severity};
use crate::driver;
use crate::simulate::clock::duration_text;
use crate::testing::bench::Bench;
use crate::testing::coverage::{Count, Coverage, Report};
use crate::testing::junit::{self, Suite};
use crate::testing::{self, Options, Verdict};
use crate::workspace::{self, Error};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc test                        the tests of every .flow file below this folder
  flowc test jobs.flow --filter lost     those whose name or pipeline holds a text
  flowc test --coverage             and what no test reaches, underlined
  flowc test --junit results.xml    for a CI system

Calls that the generated policies do not allow fail, as they would in AWS.")]
pub(super) struct Args {
    /// Files, or folders that are searched for .flow files (default: this folder)
    paths: Vec<PathBuf>,

    /// Only tests whose name, or whose pipeline's, holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Write the results as JUnit XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Show what no test reaches: states, branches, handlers, retries
    #[arg(long)]
    coverage: bool,

    /// Let calls succeed that the generated policies do not allow
    #[arg(long)]
    no_permissions: bool,

    /// Decides ids, jitter and random numbers
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// Over all files.
#[derive(Default)]
struct Sum {
    passed: usize,
    failed: usize,
    /// Files that could not be compiled.
    broken: usize,
    coverage: Report,
    gaps: usize,
    suites: Vec<Suite>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let workspace = find_workspace()?;
    let found = find_sources(&args.paths)?;
    let mut sum = Sum::default();
    for source in &found {
        let main = workspace::read_source(&source.path)?;
        let compilation = driver::compile(main, &workspace.levels, &mut workspace::read_used);
        let errors: Vec<Diagnostic> = compilation
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .cloned()
            .collect();
        let sources = &compilation.sources;
        let Some(program) = &compilation.program else {
            output.diagnostics(&errors, sources);
            output.summary(&source.path, &errors);
            sum.suites
                .push(Suite::broken(&source.path, &errors, sources));
            sum.broken += 1;
            continue;
        };
        if program.tests.is_empty() && !args.coverage {
            continue;
        }
        let bench = match Bench::new(program, Deployment::new(program)) {
            Ok(bench) => bench,
            Err(refused) => {
                output.error(&format!("{}: {refused}", source.path));
                sum.broken += 1;
                continue;
            }
        };
        let options = Options {
            permissions: !args.no_permissions,
            seed: args.seed,
        };
        let mut coverage = Coverage::default();
        let verdicts = testing::run(&bench, args.filter.as_deref(), options, &mut coverage);
        for verdict in &verdicts {
            tell(verdict, output);
            output.diagnostics(&verdict.failures, sources);
        }
        let failed = verdicts.iter().filter(|v| !v.passed()).count();
        sum.failed += failed;
        sum.passed += verdicts.len() - failed;
        if args.coverage {
            let mut report = coverage.report(&bench, sources);
            report.gaps.retain_mut(|gap| workspace.levels.apply(gap));
            output.diagnostics(&report.gaps, sources);
            let denied = report.gaps.iter().any(|g| g.severity == Severity::Error);
            sum.gaps += usize::from(denied);
            sum.coverage += &report;
        }
        if !verdicts.is_empty() {
            sum.suites
                .push(Suite::new(&source.path, &verdicts, sources));
        }
    }
    if let Some(path) = &args.junit {
        workspace::write(path, &junit::document(&sum.suites))?;
    }
    Ok(conclude(args, &sum, found.len(), output))
}

fn tell(verdict: &Verdict, output: &mut Output) {
    let name = format!("{}: {}", verdict.pipeline, verdict.name());
    let mut text = if verdict.duration == 0 {
        name
    } else {
        format!("{name}, in {}", duration_text(verdict.duration))
    };
    for mock in &verdict.unused {
        text.push_str(&format!("; unused: `{mock}`"));
    }
    output.status(if verdict.passed() { "Passed" } else { "Failed" }, &text);
}

fn conclude(args: &Args, sum: &Sum, files: usize, output: &mut Output) -> Outcome {
    let all = sum.passed + sum.failed;
    if args.coverage {
        let counts = [
            (sum.coverage.states, "states"),
            (sum.coverage.branches, "branches"),
            (sum.coverage.handlers, "handlers"),
            (sum.coverage.retries, "retries"),
        ];
        let texts: Vec<String> = counts.map(|(count, what)| of(count, what)).into();
        output.status("Covered", &texts.join(", "));
    }
    let broken = match sum.broken {
        0 => String::new(),
        n => format!(", {} not compiled", plural(n, "file")),
    };
    if all == 0 && sum.broken == files {
        output.status("Tested", &format!("nothing{broken}"));
    } else if all == 0 {
        let what = match &args.filter {
            Some(filter) => format!("no name of a test holds `{filter}`"),
            None => "there are no tests".to_owned(),
        };
        output.status(
            "Tested",
            &format!("nothing: {what} in {}{broken}", plural(files, "file")),
        );
    } else {
        output.status(
            "Tested",
            &format!(
                "{}: {} passed, {} failed{broken}",
                plural(all, "test"),
                sum.passed,
                sum.failed
            ),
        );
    }
    // A name that nothing has is a mistake: nothing was tested.
    let nothing = all == 0 && args.filter.is_some();
    if sum.failed + sum.broken + sum.gaps > 0 || nothing {
        Outcome::Problems
    } else {
        Outcome::Fine
    }
}

fn of(count: Count, what: &str) -> String {
    format!("{} of {} {what}", count.reached, count.all)
}
