//! The tokens of a file with their text, and what can be told of a place from the tokens around it.

use crate::source::{FileId, Span};
use crate::syntax::scan::{Token, TokenKind};

/// Words that no name may be, and that begin an item.
pub(super) const ITEM_WORDS: &[&str] = &[
    "use", "param", "let", "fn", "type", "retry", "step", "pipeline", "test", "resource",
];

/// Words that begin a member of a pipeline and are no settings.
pub(super) const MEMBER_WORDS: &[&str] = &["let", "step", "flow"];

pub(super) const SETTING_WORDS: &[&str] = &[
    "mode",
    "on",
    "timeout",
    "defaults",
    "log",
    "trace",
    "encrypt",
    "tags",
    "alarm",
    "dashboard",
    "release",
    "role",
    "allow",
];

pub(super) const TEST_WORDS: &[&str] = &["given", "mock", "expect", "each"];

/// Words that go on with the stage before them.
pub(super) const MODIFIER_WORDS: &[&str] = &[
    "retry",
    "catch",
    "finally",
    "timeout",
    "heartbeat",
    "credentials",
    "named",
    "within",
    "reads",
    "writes",
    "returns",
    "allow",
];

/// Words that go on with something else: parts of `retry` and `poll`, options of `map`, arms.
const FOLLOWING_WORDS: &[&str] = &[
    "on",
    "max",
    "every",
    "backoff",
    "max_delay",
    "jitter",
    "until",
    "fail",
    "else",
    "then",
    "distributed",
    "express",
    "standard",
    "collect",
    "batch",
    "tolerate",
    "results",
    "label",
    "notify",
    "linear",
    "canary",
    "with",
    "of",
    "to",
    "when",
    "payload",
    "keep",
    "and",
    "or",
    "in",
    "for",
];

const RESERVED: &[&str] = &[
    "use", "param", "let", "fn", "type", "resource", "step", "pipeline", "test", "flow", "map",
    "parallel", "if", "then", "else", "match", "try", "catch", "finally", "poll", "until", "while",
    "loop", "wait", "fail", "return", "pass", "break", "continue", "set", "start", "await",
    "retry", "and", "or", "not", "in", "for", "true", "false", "null",
];

/// Reserved words after which an expression, a name or a stage must come.
const LEADING_WORDS: &[&str] = &[
    "use", "param", "let", "fn", "type", "resource", "step", "pipeline", "test", "flow", "if",
    "then", "match", "until", "while", "wait", "set", "start", "await", "and", "or", "not", "in",
    "for",
];

pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// The tokens of a file.
pub(super) struct Text<'t> {
    pub file: FileId,
    pub source: &'t str,
    pub tokens: Vec<Token>,
}

impl<'t> Text<'t> {
    pub(super) fn new(file: FileId, source: &'t str, tokens: Vec<Token>) -> Self {
        Self {
            file,
            source,
            tokens,
        }
    }

    /// A token's text, empty past the last.
    pub(super) fn word(&self, index: usize) -> &'t str {
        self.tokens
            .get(index)
            .and_then(|t| self.source.get(t.start as usize..t.end as usize))
            .unwrap_or("")
    }

    pub(super) fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|t| t.kind)
    }

    pub(super) fn is(&self, index: usize, word: &str) -> bool {
        self.word(index) == word
            && !matches!(
                self.kind(index),
                None | Some(TokenKind::Text | TokenKind::TextBrace)
            )
    }

    pub(super) fn is_word(&self, index: usize) -> bool {
        self.kind(index) == Some(TokenKind::Word)
    }

    /// A word that may be a name.
    pub(super) fn is_name(&self, index: usize) -> bool {
        self.is_word(index) && !is_reserved(self.word(index))
    }

    pub(super) fn is_any(&self, index: usize, words: &[&str]) -> bool {
        self.is_word(index) && words.contains(&self.word(index))
    }

    pub(super) fn span(&self, index: usize) -> Span {
        match self.tokens.get(index) {
            Some(token) => Span::new(self.file, token.start as usize, token.end as usize),
            None => Span::new(self.file, self.source.len(), self.source.len()),
        }
    }

    /// From the first to the last of two tokens.
    pub(super) fn spans(&self, first: usize, last: usize) -> Span {
        self.span(first).to(self.span(last))
    }

    /// The text between a token and the one before it.
    pub(super) fn gap(&self, index: usize) -> &'t str {
        let end = index
            .checked_sub(1)
            .and_then(|before| self.tokens.get(before))
            .map_or(0, |t| t.end as usize);
        let start = self
            .tokens
            .get(index)
            .map_or(self.source.len(), |t| t.start as usize);
        self.source.get(end..start).unwrap_or("")
    }

    /// A closing bracket that closes nothing, and is read as if it were not there.
    fn is_dropped(&self, index: usize) -> bool {
        self.kind(index) == Some(TokenKind::Sign) && matches!(self.word(index), ")" | "]" | "}")
    }

    pub(super) fn is_first_on_line(&self, index: usize) -> bool {
        index == 0
            || self.gap(index).contains(['\n', '\r'])
            || self.is_dropped(index - 1) && self.is_first_on_line(index - 1)
    }

    pub(super) fn touches_before(&self, index: usize) -> bool {
        index > 0 && self.gap(index).is_empty()
    }

    /// Bytes between the line's start and the token that is first on it.
    pub(super) fn column(&self, index: usize) -> usize {
        let gap = self.gap(index);
        match gap.rfind(['\n', '\r']) {
            Some(at) => gap.len() - at - 1,
            None if index == 0 => gap.len(),
            None if self.is_dropped(index - 1) => self.column(index - 1),
            None => 0,
        }
    }

    /// Whether two tokens stand on one line.
    pub(super) fn same_line(&self, first: usize, second: usize) -> bool {
        let (start, end) = (
            self.span(first.min(second)).end as usize,
            self.span(first.max(second)).start as usize,
        );
        !self
            .source
            .get(start..end)
            .unwrap_or("")
            .contains(['\n', '\r'])
    }

    /// Whether an expression can end with this token.
    pub(super) fn ends_operand(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(TokenKind::Word) => {
                !is_reserved(self.word(index))
                    || self.is_any(index, &["true", "false", "null"])
                    || index > 0 && self.is(index - 1, ".")
            }
            Some(
                TokenKind::Number | TokenKind::Verbatim | TokenKind::CloseQuote | TokenKind::Close,
            ) => true,
            _ => false,
        }
    }

    /// Whether an expression can begin with this token.
    pub(super) fn begins_operand(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(TokenKind::Word) => {
                !is_reserved(self.word(index))
                    || self.is_any(index, &["true", "false", "null", "not", "if", "match"])
            }
            Some(
                TokenKind::Number | TokenKind::Verbatim | TokenKind::OpenQuote | TokenKind::Open,
            ) => true,
            _ => false,
        }
    }

    /// Whether something must follow this token, so that nothing new begins after it.
    pub(super) fn is_open_ended(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(TokenKind::Sign) => !self.is(index, "?") && !self.is(index, "%"),
            Some(TokenKind::Open | TokenKind::OpenHole | TokenKind::OpenQuote) => true,
            Some(TokenKind::Word) => {
                self.is_any(index, LEADING_WORDS) && !(index > 0 && self.is(index - 1, "."))
            }
            _ => false,
        }
    }

    /// Whether a word at a line's start goes on with what stands before it.
    pub(super) fn is_continuation(&self, index: usize) -> bool {
        self.is_any(index, MODIFIER_WORDS) || self.is_any(index, FOLLOWING_WORDS)
    }

    /// Words that begin an item and, where they stand, nothing else.
    pub(super) fn begins_item_surely(&self, index: usize) -> bool {
        if !self.is_word(index) {
            return false;
        }
        let named = self.is_word(index + 1);
        match self.word(index) {
            "pipeline" => named,
            "fn" => named && self.is(index + 2, "("),
            "type" => named && self.is(index + 2, "="),
            "param" | "resource" => named && self.is(index + 2, ":"),
            "use" | "test" => self.kind(index + 1) == Some(TokenKind::OpenQuote),
            _ => false,
        }
    }

    /// `step name` and `flow …`, which stand in nothing but a pipeline; the first in a file too.
    pub(super) fn begins_member_surely(&self, index: usize) -> bool {
        if !self.is_word(index) {
            return false;
        }
        match self.word(index) {
            "step" => {
                self.is_word(index + 1)
                    && (self.is(index + 2, "=")
                        || self.is(index + 2, "(")
                        || self.is(index + 2, ":"))
            }
            "flow" => {
                self.is_word(index + 1) && !self.is(index + 2, ":") || self.is(index + 1, "{")
            }
            _ => false,
        }
    }

    /// Whether the members of a pipeline follow an opening brace, to judge by the first of them.
    pub(super) fn holds_members(&self, open: usize) -> bool {
        let first = open + 1;
        if !self.is(open, "{") || !self.is_first_on_line(first) {
            return false;
        }
        let mut head = open;
        while head > 0 && !self.is_first_on_line(head) {
            head -= 1;
        }
        let setting = self.is_any(first, SETTING_WORDS)
            && !self.is(first + 1, ":")
            && !self.is(first + 1, "(")
            && open > 0
            && self.word(open - 1) == ")";
        let binding = self.is(first, "let") && self.is(first + 2, "=");
        self.begins_member_surely(first) || (setting || binding) && !self.is(head, "step")
    }

    /// `kind name =`, `let name =`: begins something, if it stands where an item or a member does.
    pub(super) fn looks_like_start(&self, index: usize) -> bool {
        self.is_word(index)
            && (self.is_word(index + 1)
                && (self.is(index + 2, "=")
                    || self.is(index + 2, "{")
                    || self.is(index + 2, ":")
                    || self.is(index + 2, "("))
                || self.kind(index + 1) == Some(TokenKind::OpenQuote))
            && !self.is_continuation(index)
            || self.is(index, "retry") && self.is_word(index + 1) && self.is(index + 2, "=")
    }
}
