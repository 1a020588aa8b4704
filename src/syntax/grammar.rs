//! The parser that the grammar files make, and the words for its tokens.

#![allow(missing_docs)]

use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};
use pest::iterators::Pairs;
use pest_derive::Parser;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

#[derive(Parser)]
#[grammar = "../grammar/flow.pest"]
struct FlowParser;

pub(super) fn parse_file(text: &str) -> Result<Pairs<'_, Rule>, Box<Error<Rule>>> {
    FlowParser::parse(Rule::file, text).map_err(Box::new)
}

/// The parser's first complaint, in people's words.
pub(super) fn describe_error(file: FileId, text: &str, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => format!("{positives:?}"),
        ErrorVariant::CustomError { message } => message.clone(),
    };
    let end = (at + 1).min(text.len());
    Diagnostic::new(
        Code::Syntax,
        Span::new(file, at.min(end), end),
        format!("expected {expected}"),
    )
}
