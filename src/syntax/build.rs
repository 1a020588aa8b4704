//! From the parser's pairs to the tree: a function a rule, in the grammar's order.
//!
//! A node ends at its last token: the parser's own span may go on over blanks and comments.

mod expr;
mod flow;
mod items;
mod text;

use pest::iterators::{Pair, Pairs};

use super::Parsed;
use super::ast::{File, Name};
use super::grammar::Rule;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span, Spanned};

/// Builds the tree of a file that the grammar took.
pub(super) fn file(file: FileId, text: &str, pairs: Pairs<'_, Rule>) -> Parsed {
    let mut builder = Builder::new(file, text);
    builder.read_comments(&pairs);
    let mut items = Vec::new();
    for pair in pairs.flat_map(Pair::into_inner) {
        match pair.as_rule() {
            Rule::COMMENT | Rule::EOI => {}
            _ => items.push(builder.item(pair)),
        }
    }
    Parsed {
        file: File {
            doc: builder.take_file_doc(),
            items,
        },
        comments: builder.comments,
        diagnostics: builder.diagnostics,
    }
}

/// What the functions of a build share.
pub(super) struct Builder<'a> {
    file: FileId,
    text: &'a str,
    comments: Vec<Spanned<String>>,
    /// The first comment that is not yet passed.
    next_comment: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: FileId, text: &'a str) -> Self {
        Self {
            file,
            text,
            comments: Vec::new(),
            next_comment: 0,
            diagnostics: Vec::new(),
        }
    }

    fn read_comments(&mut self, pairs: &Pairs<'_, Rule>) {
        // A lookahead may meet a comment twice; a place has one comment.
        for pair in pairs.clone().flatten() {
            if pair.as_rule() == Rule::COMMENT {
                let span = pair.as_span();
                let start = span.start() as u32;
                if self.comments.last().is_none_or(|c| c.span.start < start) {
                    self.comments.push(Spanned::new(
                        span.as_str().trim_end().to_owned(),
                        Span::new(
                            self.file,
                            span.start(),
                            span.start() + span.as_str().trim_end().len(),
                        ),
                    ));
                }
            }
        }
    }

    /// All `//!` lines.
    fn take_file_doc(&self) -> Option<Spanned<String>> {
        let lines: Vec<&Spanned<String>> = self
            .comments
            .iter()
            .filter(|c| c.node.starts_with("//!"))
            .collect();
        join_docs(&lines, "//!")
    }

    /// The `///` lines that stand just before a place.
    fn doc_before(&mut self, start: u32) -> Option<Spanned<String>> {
        while self
            .comments
            .get(self.next_comment)
            .is_some_and(|c| c.span.start < start)
        {
            self.next_comment += 1;
        }
        let mut first = self.next_comment;
        let mut below = start;
        while first > 0 {
            let comment = &self.comments[first - 1];
            let between = self
                .text
                .get(comment.span.end as usize..below as usize)
                .unwrap_or("x");
            let is_doc = comment.node.starts_with("///") && !comment.node.starts_with("////");
            if !is_doc || !between.chars().all(char::is_whitespace) {
                break;
            }
            below = comment.span.start;
            first -= 1;
        }
        let lines: Vec<&Spanned<String>> = self.comments[first..self.next_comment].iter().collect();
        join_docs(&lines, "///")
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// From a pair's start to the end of its last token.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        Span::new(self.file, pair.as_span().start(), end_of(pair))
    }

    fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Spanned::new(pair.as_str().to_owned(), self.span(pair))
    }
}

fn join_docs(lines: &[&Spanned<String>], mark: &str) -> Option<Spanned<String>> {
    let (first, last) = (lines.first()?, lines.last()?);
    let text = lines
        .iter()
        .map(|line| {
            let line = line.node.strip_prefix(mark).unwrap_or(&line.node);
            line.strip_prefix(' ').unwrap_or(line)
        })
        .collect::<Vec<_>>()
        .join("\n");
    Some(Spanned::new(text, first.span.to(last.span)))
}

/// Where the last token of a pair ends.
fn end_of(pair: &Pair<'_, Rule>) -> usize {
    let mut inner = pair.clone().into_inner();
    while let Some(last) = inner.next_back() {
        if last.as_rule() != Rule::COMMENT {
            return end_of(&last);
        }
    }
    pair.as_span().end()
}

/// The children of a pair, comments left out, taken one after another.
struct Children<'i> {
    pairs: std::iter::Peekable<Pairs<'i, Rule>>,
}

impl<'i> Children<'i> {
    fn of(pair: Pair<'i, Rule>) -> Self {
        Self {
            pairs: pair.into_inner().peekable(),
        }
    }

    fn peek(&mut self) -> Option<Rule> {
        while self
            .pairs
            .next_if(|pair| pair.as_rule() == Rule::COMMENT)
            .is_some()
        {}
        self.pairs.peek().map(Pair::as_rule)
    }

    fn next(&mut self) -> Option<Pair<'i, Rule>> {
        self.peek();
        self.pairs.next()
    }

    /// The next child if it is this rule.
    fn take(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        if self.peek() == Some(rule) {
            self.pairs.next()
        } else {
            None
        }
    }

    /// The next child, which the grammar promises.
    fn need(&mut self, rule: Rule) -> Pair<'i, Rule> {
        match self.take(rule) {
            Some(pair) => pair,
            None => unreachable!("the grammar promises {rule:?}, found {:?}", self.peek()),
        }
    }

    /// The next child of any rule, which the grammar promises.
    fn any(&mut self) -> Pair<'i, Rule> {
        match self.next() {
            Some(pair) => pair,
            None => unreachable!("the grammar promises another child"),
        }
    }

    /// All children of this rule from here on, tokens between them passed over.
    fn rest(mut self, rule: Rule) -> Vec<Pair<'i, Rule>> {
        let mut found = Vec::new();
        while let Some(pair) = self.next() {
            if pair.as_rule() == rule {
                found.push(pair);
            }
        }
        found
    }
}
