//! Where reading a part came to an end, and what is around that place.

use std::ops::Range;

use super::brackets::Brackets;
use super::text::Text;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::draft::{Patch, Patches};
use crate::syntax::grammar::Rule;
use crate::syntax::scan::TokenKind;

/// The place at which a part could not be read on.
pub(super) struct Site<'s, 't> {
    pub text: &'s Text<'t>,
    pub brackets: &'s Brackets,
    /// What is read.
    pub rule: Rule,
    /// The part's tokens.
    pub range: Range<usize>,
    /// The token that does not fit; the part's end when one is missing there.
    pub at: usize,
    pub expected: &'s [Rule],
    /// The brackets and quotes around the place, outermost first.
    enclosing: Vec<usize>,
}

/// A mistake with its message, and what would be read if it were none.
pub(super) struct Mend {
    pub diagnostic: Diagnostic,
    pub patches: Patches,
    /// It was the mistake if reading then gets past this token.
    pub until: usize,
    /// The message holds even if it does not.
    pub sure: bool,
    /// More than its own place must be read for it to be what was meant.
    pub weak: bool,
    /// Nothing more can be told of the part.
    pub last: bool,
}

impl Mend {
    pub(super) fn new(diagnostic: Diagnostic, until: usize) -> Self {
        Self {
            diagnostic,
            patches: Patches::new(),
            until,
            sure: false,
            weak: false,
            last: false,
        }
    }

    /// A message, where nothing can be mended.
    pub(super) fn message(diagnostic: Diagnostic) -> Self {
        Self {
            last: true,
            ..Self::new(diagnostic, usize::MAX).sure()
        }
    }

    pub(super) fn sure(mut self) -> Self {
        self.sure = true;
        self
    }

    pub(super) fn weak(mut self) -> Self {
        self.weak = true;
        self
    }

    pub(super) fn put(mut self, token: usize, patch: Patch) -> Self {
        crate::syntax::draft::set(&mut self.patches, token, patch);
        self
    }

    /// Leaves tokens out.
    pub(super) fn drop(mut self, tokens: Range<usize>) -> Self {
        for token in tokens {
            self = self.put(token, Patch::text(""));
        }
        self
    }
}

impl<'s, 't> Site<'s, 't> {
    pub(super) fn new(
        text: &'s Text<'t>,
        brackets: &'s Brackets,
        rule: Rule,
        range: Range<usize>,
        at: usize,
        byte: usize,
        expected: &'s [Rule],
    ) -> Self {
        let mut enclosing = Vec::new();
        let mut index = range.start;
        while index < at && index < range.end {
            let after = brackets.skip(index);
            // Before a closing bracket that was put in, right after the last token.
            let at_missing_end = at == after
                && brackets.is_unclosed(index)
                && byte <= text.span(after - 1).end as usize;
            if brackets.opens(index) && (at < after || at_missing_end) {
                enclosing.push(index);
                index += 1;
            } else {
                index = after;
            }
        }
        Self {
            text,
            brackets,
            rule,
            range,
            at,
            expected,
            enclosing,
        }
    }

    pub(super) fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    pub(super) fn expects_any(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|rule| self.expects(*rule))
    }

    pub(super) fn expects_expression(&self) -> bool {
        self.expects_any(&[Rule::expr, Rule::operand])
    }

    /// An expression is complete, and could go on.
    pub(super) fn expects_operator(&self) -> bool {
        self.expects_any(&[Rule::coalesce, Rule::plus, Rule::equal])
    }

    pub(super) fn expects_modifier(&self) -> bool {
        self.expects_any(&[Rule::kw_catch, Rule::catch, Rule::kw_finally, Rule::finally])
    }

    /// The token before the place, if the part has one.
    pub(super) fn before(&self) -> Option<usize> {
        self.at
            .checked_sub(1)
            .filter(|before| *before >= self.range.start)
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.range.end
    }

    pub(super) fn is(&self, word: &str) -> bool {
        !self.at_end() && self.text.is(self.at, word)
    }

    pub(super) fn word(&self) -> &'t str {
        if self.at_end() {
            ""
        } else {
            self.text.word(self.at)
        }
    }

    pub(super) fn before_is(&self, word: &str) -> bool {
        self.before()
            .is_some_and(|before| self.text.is(before, word))
    }

    pub(super) fn span(&self) -> Span {
        self.text.span(self.at)
    }

    pub(super) fn diagnostic(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.span(), message)
    }

    /// What stands at the place, in words.
    pub(super) fn found(&self) -> String {
        found(self.text, self.at)
    }

    pub(super) fn found_at(&self, token: usize) -> String {
        found(self.text, token)
    }

    /// The innermost bracket around the place.
    pub(super) fn enclosing_bracket(&self) -> Option<usize> {
        self.enclosing.last().copied()
    }

    /// All of them, outermost first.
    pub(super) fn enclosing(&self) -> &[usize] {
        &self.enclosing
    }

    /// The first token from `from` on, at its own level, that ends a stage, an argument or an element, or goes on with a
    /// modifier.
    pub(super) fn sync(&self, from: usize, limit: usize) -> usize {
        let mut index = from;
        while index < limit {
            let ends = matches!(
                self.text.kind(index),
                Some(TokenKind::Close | TokenKind::CloseHole | TokenKind::CloseQuote)
            ) || [",", "->", "→"]
                .iter()
                .any(|sign| self.text.is(index, sign))
                || index > from && self.text.is_any(index, super::text::MODIFIER_WORDS);
            if ends {
                return index;
            }
            index = self.brackets.skip(index).min(limit);
        }
        limit
    }

    /// Where what is around the place ends: before the closing bracket, or with the part.
    pub(super) fn limit(&self) -> usize {
        self.enclosing_bracket().map_or(self.range.end, |open| {
            self.brackets.inside(self.text, open).end
        })
    }
}

/// The most characters of a token that a message repeats.
const LONGEST_WORD: usize = 32;

fn found(text: &Text<'_>, at: usize) -> String {
    match text.kind(at) {
        None => "the end of the file".to_owned(),
        Some(TokenKind::OpenQuote) => "a string".to_owned(),
        Some(TokenKind::CloseQuote) => "the end of the string".to_owned(),
        Some(TokenKind::Text) => "text".to_owned(),
        Some(TokenKind::Verbatim) => "a string".to_owned(),
        Some(_) => {
            let word = text.word(at);
            match word.char_indices().nth(LONGEST_WORD) {
                Some((end, _)) => format!("`{}…`", &word[..end]),
                None => format!("`{word}`"),
            }
        }
    }
}
