//! From the parser's pairs to the tree: a function a rule, in the grammar's order.
//!
//! A node ends at its last token: the parser's own span may go on over blanks and comments. The text may be a draft
//! (see `recovery`): what it leaves out becomes `Invalid`, and all places are those of the file.

mod expr;
mod flow;
mod items;
mod text;

use std::collections::BTreeSet;

use pest::iterators::{Pair, Pairs};

use super::Parsed;
use super::ast::{File, Item, Name};
use super::draft::Places;
use super::foreign_words::Bound;
use super::grammar::Rule;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span, Spanned};

/// Builds the tree of a file that the grammar took.
pub(super) fn file(
    file: FileId,
    text: &str,
    comments: Vec<Spanned<String>>,
    bound: Bound,
    pairs: Pairs<'_, Rule>,
) -> Parsed {
    let mut builder = Builder::new(file, text, comments, bound);
    let mut items = Vec::new();
    for pair in pairs.flat_map(Pair::into_inner) {
        if pair.as_rule() != Rule::EOI {
            items.push(builder.item(pair));
        }
    }
    builder.finish(items)
}

/// What the functions of a build share.
pub(super) struct Builder<'a> {
    file: FileId,
    text: &'a str,
    /// Where the text that the pairs are of comes from.
    pub(super) places: Places,
    /// In order.
    comments: Vec<Spanned<String>>,
    /// The first comment that is not yet passed.
    next_comment: usize,
    /// The other languages' words for values that are names here.
    bound: Bound,
    /// Kinds of resources that are no misspelt keywords.
    kinds: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        file: FileId,
        text: &'a str,
        comments: Vec<Spanned<String>>,
        bound: Bound,
    ) -> Self {
        Self {
            file,
            text,
            places: Places::default(),
            comments,
            next_comment: 0,
            bound,
            kinds: BTreeSet::new(),
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn finish(self, items: Vec<Item>) -> Parsed {
        Parsed {
            file: File {
                doc: self.take_file_doc(),
                items,
            },
            comments: self.comments,
            diagnostics: self.diagnostics,
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
    pub(super) fn doc_before(&mut self, start: u32) -> Option<Spanned<String>> {
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

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// From a pair's start to the end of its last token.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        Span::new(
            self.file,
            self.places.start(pair.as_span().start()),
            self.places.end(end_of(pair)),
        )
    }

    /// Whether a name stands for what could not be read.
    fn is_left_out(&self, pair: &Pair<'_, Rule>) -> bool {
        self.places
            .is_left_out(pair.as_span().start(), pair.as_str())
    }

    fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Spanned::new(pair.as_str().to_owned(), self.span(pair))
    }
}

/// One text of the lines of a doc comment. Lines of a paragraph are broken for the source's width alone: they are one.
fn join_docs(lines: &[&Spanned<String>], mark: &str) -> Option<Spanned<String>> {
    let (first, last) = (lines.first()?, lines.last()?);
    let mut text = String::new();
    let mut in_paragraph = false;
    for (at, line) in lines.iter().enumerate() {
        let line = line.node.strip_prefix(mark).unwrap_or(&line.node);
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        let goes_on = in_paragraph && !begins_anew(line);
        if at > 0 {
            text.push(if goes_on { ' ' } else { '\n' });
        }
        text.push_str(line);
        in_paragraph = !line.is_empty();
    }
    Some(Spanned::new(text, first.span.to(last.span)))
}

/// Whether a line of a doc comment is none that goes on with the paragraph before: blank, indented, or an item of a list.
fn begins_anew(line: &str) -> bool {
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.is_empty()
        || line.starts_with([' ', '\t'])
        || ["- ", "* "].iter().any(|mark| line.starts_with(mark))
        || after_number.len() < line.len() && after_number.starts_with(". ")
}

/// Where the last token of a pair ends.
fn end_of(pair: &Pair<'_, Rule>) -> usize {
    match pair.clone().into_inner().next_back() {
        Some(last) => end_of(&last),
        None => pair.as_span().end(),
    }
}

/// The children of a pair, taken one after another.
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
        self.pairs.peek().map(Pair::as_rule)
    }

    fn next(&mut self) -> Option<Pair<'i, Rule>> {
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
