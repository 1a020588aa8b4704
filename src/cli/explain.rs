//! `flowc explain`: what a code means.

use super::Outcome;
use super::output::Output;
use crate::diagnostic::render::severity_word;
use crate::diagnostic::{Code, find_nearest};
use crate::workspace::Error;

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc explain F0302
  flowc explain unknown-name
  flowc explain            list all codes")]
pub(super) struct Args {
    /// A code or its name (default: list all)
    code: Option<String>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let Some(wanted) = &args.code else {
        for code in Code::ALL {
            output.result(&format!(
                "{} {:<8} {}\n",
                code.code(),
                severity_word(code.severity()),
                code.name()
            ));
        }
        return Ok(Outcome::Fine);
    };
    match Code::find(wanted) {
        Some(code) => {
            output.result(code.explanation());
            Ok(Outcome::Fine)
        }
        None => {
            let names = Code::ALL.iter().flat_map(|c| [c.code(), c.name()]);
            output.error(&match find_nearest(wanted, names) {
                Some(near) => format!("there is no code `{wanted}`; did you mean `{near}`?"),
                None => format!("there is no code `{wanted}`; `flowc explain` lists all"),
            });
            Ok(Outcome::Problems)
        }
    }
}
