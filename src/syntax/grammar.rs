//! The parser that the grammar files make.
//!
//! Its rules' names are for the builder; no message shows them.

#![allow(missing_docs)]

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pairs;
use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "../grammar/flow.pest"]
#[grammar = "../grammar/recovery.pest"]
struct FlowParser;

/// Why a text is none of what a rule takes.
#[derive(Debug)]
pub(super) struct Failure {
    /// The byte up to which it could still have been one.
    pub at: usize,
    /// What could stand there, in no order.
    pub expected: Vec<Rule>,
    /// The parser's stack ended first.
    pub too_deep: bool,
}

pub(super) fn parse(rule: Rule, text: &str) -> Result<Pairs<'_, Rule>, Failure> {
    FlowParser::parse(rule, text).map_err(|error| {
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        match error.variant {
            ErrorVariant::ParsingError { positives, .. } => Failure {
                at,
                expected: positives,
                too_deep: false,
            },
            ErrorVariant::CustomError { .. } => Failure {
                at,
                expected: Vec::new(),
                too_deep: true,
            },
        }
    })
}
