//! Cuts any text into tokens and comments: where strings, brackets and words begin and end.
//!
//! Never fails and knows no grammar: what has no end gets one, with a [`Flaw`] that says so. What is written in another
//! language's way (`'…'`, `&&`, `#`) is a token of its own kind, so that recovery can name it. On a text that the
//! grammar takes, tokens and comments are those of the grammar.

/// Bytes of the text, and what they are. A token that has no bytes stands where one is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub start: u32,
    pub end: u32,
    pub kind: TokenKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    /// Digits, with the letters and dots that stick to them: `5m`, `1.5`, `1_000`.
    Number,
    /// `r"…"`, `re"…"`, `` jsonata`…` ``
    Verbatim,
    /// `"` or `"""`
    OpenQuote,
    /// Text between the quotes.
    Text,
    /// A brace in a string that must be written twice.
    TextBrace,
    OpenHole,
    CloseHole,
    CloseQuote,
    Open,
    Close,
    Sign,
    Foreign(Foreign),
}

/// What is no token of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Foreign {
    /// `&&`, `=>`, `≤`
    Operator,
    /// `'…'`, `“…”`, `` `…` ``
    Quoted,
    /// `# …`, `-- …`
    Comment,
    /// `*/` without its beginning.
    CommentEnd,
    /// A blank that only looks like one of the language.
    Blank,
    /// A word with letters beyond a to z.
    Word,
    /// `$`, one or more.
    Dollar,
    Character,
}

/// What has no end, or no beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub kind: FlawKind,
    /// What was opened, or what stands alone.
    pub start: u32,
    pub end: u32,
    /// Where the end was assumed.
    pub assumed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlawKind {
    UnclosedString,
    /// A string that ends in a typographic quote.
    SmartEnd,
    UnclosedComment,
    UnclosedHole,
    /// `{ … }` in a string, with what no expression holds.
    BraceInText,
    /// `}` in a string.
    LoneBrace,
}

#[derive(Debug, Default)]
pub(super) struct Scan {
    pub tokens: Vec<Token>,
    /// The comments with their marks, trailing blanks left out.
    pub comments: Vec<(u32, u32)>,
    pub flaws: Vec<Flaw>,
}

/// Signs, longest first. Those with a second part are other languages', with what is written here.
const SIGNS: &[(&str, Option<&str>)] = &[
    ("...", None),
    ("===", Some("==")),
    ("!==", Some("!=")),
    ("-->", Some("->")),
    ("==>", Some("->")),
    ("->", None),
    ("=>", Some("->")),
    ("==", None),
    ("!=", None),
    ("<=", None),
    (">=", None),
    ("??", None),
    ("..", None),
    ("::", None),
    ("&&", Some("and")),
    ("||", Some("or")),
    ("|>", Some("->")),
    (":=", Some("=")),
    ("**", Some("")),
    ("++", Some("")),
    ("+=", Some("")),
    ("-=", Some("")),
    ("*=", Some("")),
    ("<>", Some("!=")),
    ("=<", Some("<=")),
    ("~>", Some("->")),
    ("?.", Some(".")),
    (",", None),
    (":", None),
    (".", None),
    ("=", None),
    ("?", None),
    ("|", None),
    ("%", None),
    ("<", None),
    (">", None),
    ("+", None),
    ("-", None),
    ("*", None),
    ("/", None),
    ("→", None),
    ("!", Some("not")),
    ("⇒", Some("->")),
    ("⟶", Some("->")),
    ("➔", Some("->")),
    ("➜", Some("->")),
    ("–>", Some("->")),
    ("—>", Some("->")),
    ("≤", Some("<=")),
    ("≥", Some(">=")),
    ("≠", Some("!=")),
    ("×", Some("*")),
    ("÷", Some("/")),
    ("−", Some("-")),
    ("–", Some("-")),
    ("—", Some("-")),
    ("…", Some("...")),
];

/// What is written here for another language's operator; empty where there is no one word for it.
pub(super) fn own_operator(foreign: &str) -> Option<&'static str> {
    SIGNS
        .iter()
        .find(|(sign, _)| *sign == foreign)
        .and_then(|(_, own)| *own)
}

pub(super) fn scan(text: &str) -> Scan {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        frames: Vec::new(),
        limits: Vec::new(),
        proper: 0,
        hopeless: 0,
        hopeless_block: 0,
        no_backtick: 0,
        odd_triples: None,
        scan: Scan::default(),
    };
    scanner.run();
    scanner.scan
}

/// What the scanner stands in; nothing is code outside of strings.
#[derive(Clone, Copy)]
enum Frame {
    /// The code of an interpolation, with the braces that are open in it.
    Hole(u32),
    /// A string that is known to be well formed, up to its own closing quote.
    Proper { triple: bool },
    /// A string that is not, up to `end`; `closed` when a quote stands there.
    Plain {
        triple: bool,
        end: usize,
        closed: bool,
    },
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    frames: Vec<Frame>,
    /// The ends of the strings around that are not well formed.
    limits: Vec<usize>,
    /// How many strings around are.
    proper: usize,
    /// No string that begins before this place is well formed.
    hopeless: usize,
    /// Nor is one of several lines before this.
    hopeless_block: usize,
    /// No backtick stands before this place, from where one was looked for.
    no_backtick: usize,
    /// Whether a `"""` of the file has no partner; counted when first asked.
    odd_triples: Option<bool>,
    scan: Scan,
}

/// The most bytes of an interpolation in a string that has no proper end.
const LONGEST_BROKEN_HOLE: usize = 512;

/// The most bytes of a string in other quotes.
const LONGEST_FOREIGN_STRING: usize = 4096;

impl Scanner<'_> {
    fn run(&mut self) {
        while self.at < self.bytes.len() || !self.frames.is_empty() {
            match self.frames.last().copied() {
                None | Some(Frame::Hole(_)) => self.code(),
                Some(Frame::Proper { triple }) => {
                    let end = self.text_end(triple, self.bytes.len());
                    self.string_text(end, triple, true);
                }
                Some(Frame::Plain {
                    triple,
                    end,
                    closed,
                }) => self.string_text(end, triple, closed),
            }
        }
    }

    /// Where the code or text that is read now must end.
    fn limit(&self) -> usize {
        self.limits.last().copied().unwrap_or(self.bytes.len())
    }

    fn enter(&mut self, frame: Frame) {
        match frame {
            Frame::Plain { end, .. } => self.limits.push(end),
            Frame::Proper { .. } => self.proper += 1,
            Frame::Hole(_) => {}
        }
        self.frames.push(frame);
    }

    fn leave(&mut self) -> Option<Frame> {
        let frame = self.frames.pop()?;
        match frame {
            Frame::Plain { .. } => {
                self.limits.pop();
            }
            Frame::Proper { .. } => self.proper -= 1,
            Frame::Hole(_) => {}
        }
        Some(frame)
    }

    fn push(&mut self, end: usize, kind: TokenKind) {
        self.scan.tokens.push(Token {
            start: self.at as u32,
            end: end as u32,
            kind,
        });
        self.at = end;
    }

    fn flaw(&mut self, kind: FlawKind, start: usize, end: usize, assumed: usize) {
        self.scan.flaws.push(Flaw {
            kind,
            start: start as u32,
            end: end as u32,
            assumed: assumed as u32,
        });
    }

    fn starts_with(&self, mark: &str) -> bool {
        self.bytes[self.at..].starts_with(mark.as_bytes())
    }

    /// One token of code, or the blanks and comments before it.
    fn code(&mut self) {
        let limit = self.limit();
        if self.at >= limit {
            // An interpolation that the string's end cuts off.
            if matches!(self.leave(), Some(Frame::Hole(_))) {
                self.push(self.at, TokenKind::CloseHole);
            }
            return;
        }
        let byte = self.bytes[self.at];
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
            b'/' if self.starts_with("//") => self.line_comment(limit),
            b'/' if self.starts_with("/*") => self.block_comment(limit),
            b'"' => self.open_string(limit),
            b'{' => {
                if let Some(Frame::Hole(braces)) = self.frames.last_mut() {
                    *braces += 1;
                }
                self.push(self.at + 1, TokenKind::Open);
            }
            b'}' => match self.frames.last_mut() {
                Some(Frame::Hole(0)) => {
                    self.leave();
                    self.push(self.at + 1, TokenKind::CloseHole);
                }
                Some(Frame::Hole(braces)) => {
                    *braces -= 1;
                    self.push(self.at + 1, TokenKind::Close);
                }
                _ => self.push(self.at + 1, TokenKind::Close),
            },
            b'(' | b'[' => self.push(self.at + 1, TokenKind::Open),
            b')' | b']' => self.push(self.at + 1, TokenKind::Close),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(limit),
            b'0'..=b'9' => self.number(limit),
            b'\'' => self.foreign_string('\'', '\'', limit),
            b'`' => self.foreign_string('`', '`', limit),
            b'#' if self.begins_comment() => self.foreign_comment(limit),
            b'-' if self.starts_with("-- ") && self.is_first_on_line() => {
                self.foreign_comment(limit);
            }
            // `*//` and `*/*` are a product and a comment.
            b'*' if self.starts_with("*/")
                && !self.starts_with("*//")
                && !self.starts_with("*/*") =>
            {
                self.push(self.at + 2, TokenKind::Foreign(Foreign::CommentEnd));
            }
            b'$' => {
                let end = self.run_end(self.at, limit, |b| b == b'$');
                self.push(end, TokenKind::Foreign(Foreign::Dollar));
            }
            _ => self.sign_or_character(limit),
        }
    }

    fn sign_or_character(&mut self, limit: usize) {
        let first = self.bytes[self.at];
        let sign = SIGNS.iter().find(|(sign, _)| {
            sign.as_bytes()[0] == first && self.starts_with(sign) && self.at + sign.len() <= limit
        });
        if let Some((sign, own)) = sign {
            let kind = match own {
                None => TokenKind::Sign,
                Some(_) => TokenKind::Foreign(Foreign::Operator),
            };
            return self.push(self.at + sign.len(), kind);
        }
        let Some(character) = self.text[self.at..].chars().next() else {
            self.at += 1;
            return;
        };
        let end = self.at + character.len_utf8();
        match character {
            '\u{feff}' => self.at = end,
            '“' | '”' | '„' => self.foreign_string(character, '”', limit),
            '‘' | '’' => self.foreign_string(character, '’', limit),
            '«' => self.foreign_string(character, '»', limit),
            c if is_odd_blank(c) => {
                let end = self.characters_end(end, limit, is_odd_blank);
                self.push(end, TokenKind::Foreign(Foreign::Blank));
            }
            c if c.is_alphabetic() => {
                let end = self.characters_end(end, limit, |c| c.is_alphanumeric() || c == '_');
                self.push(end, TokenKind::Foreign(Foreign::Word));
            }
            _ => self.push(end, TokenKind::Foreign(Foreign::Character)),
        }
    }

    fn run_end(&self, from: usize, limit: usize, takes: impl Fn(u8) -> bool) -> usize {
        self.bytes[from..limit]
            .iter()
            .position(|b| !takes(*b))
            .map_or(limit, |length| from + length)
    }

    fn characters_end(&self, from: usize, limit: usize, takes: impl Fn(char) -> bool) -> usize {
        self.text[from..limit]
            .char_indices()
            .find(|(_, c)| !takes(*c))
            .map_or(limit, |(length, _)| from + length)
    }

    fn word(&mut self, limit: usize) {
        let end = self.run_end(self.at, limit, is_word_byte);
        let next = self.bytes.get(end).filter(|_| end < limit);
        match (&self.bytes[self.at..end], next) {
            (b"r" | b"re", Some(b'"')) => self.raw_string(end + 1, limit),
            (b"jsonata", Some(b'`')) => self.jsonata(end + 1, limit),
            (_, Some(128..)) if self.letter_at(end) => {
                let end = self.characters_end(end, limit, |c| c.is_alphanumeric() || c == '_');
                self.push(end, TokenKind::Foreign(Foreign::Word));
            }
            _ => self.push(end, TokenKind::Word),
        }
    }

    fn letter_at(&self, at: usize) -> bool {
        self.text[at..]
            .chars()
            .next()
            .is_some_and(char::is_alphanumeric)
    }

    fn number(&mut self, limit: usize) {
        let mut end = self.run_end(self.at, limit, is_word_byte);
        let digit = |at: usize| at < limit && self.bytes[at].is_ascii_digit();
        if end < limit && self.bytes[end] == b'.' && digit(end + 1) {
            end = self.run_end(end + 1, limit, is_word_byte);
        }
        let exponent = matches!(self.bytes[end - 1], b'e' | b'E')
            && self.bytes[self.at..end - 1]
                .iter()
                .all(|b| b.is_ascii_digit() || *b == b'.');
        if exponent && end < limit && matches!(self.bytes[end], b'+' | b'-') && digit(end + 1) {
            end = self.run_end(end + 1, limit, is_word_byte);
        }
        self.push(end, TokenKind::Number);
    }

    fn line_comment(&mut self, limit: usize) {
        let end = self.line_end(self.at).min(limit);
        self.comment(end);
    }

    fn block_comment(&mut self, limit: usize) {
        match find(self.bytes, self.at + 2, limit, b"*/") {
            Some(end) => self.comment(end + 2),
            None => {
                self.flaw(
                    FlawKind::UnclosedComment,
                    self.at,
                    (self.at + 2).min(limit),
                    limit,
                );
                self.comment(limit);
            }
        }
    }

    fn comment(&mut self, end: usize) {
        let text = self.text[self.at..end].trim_end();
        let trimmed = self.at + text.len();
        self.scan.comments.push((self.at as u32, trimmed as u32));
        self.at = end;
    }

    fn line_end(&self, from: usize) -> usize {
        self.run_end(from, self.bytes.len(), |b| b != b'\n' && b != b'\r')
    }

    fn is_first_on_line(&self) -> bool {
        let before = &self.bytes[..self.at];
        let blanks = before
            .iter()
            .rev()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        match before.len() - blanks {
            0 => true,
            end => matches!(before[end - 1], b'\n' | b'\r'),
        }
    }

    fn begins_comment(&self) -> bool {
        self.at == 0 || self.bytes[self.at - 1].is_ascii_whitespace()
    }

    fn foreign_comment(&mut self, limit: usize) {
        let end = self.line_end(self.at).min(limit);
        let length = self.text[self.at..end].trim_end().len();
        self.push(self.at + length, TokenKind::Foreign(Foreign::Comment));
    }

    /// A string in quotes that are not the language's, up to its end on the same line.
    fn foreign_string(&mut self, open: char, close: char, limit: usize) {
        let after = self.at + open.len_utf8();
        let longest = limit.min(after + LONGEST_FOREIGN_STRING);
        let line = if open == '`' {
            longest
        } else {
            self.line_end(after).min(longest)
        };
        let mut escaped = false;
        let mut line_floor = line;
        while !self.text.is_char_boundary(line_floor) {
            line_floor -= 1;
        }
        for (length, c) in self.text[after..line_floor].char_indices() {
            let ends = c == close || c == open || close == '”' && matches!(c, '"' | '“');
            if ends && !escaped {
                let end = after + length + c.len_utf8();
                return self.push(end, TokenKind::Foreign(Foreign::Quoted));
            }
            escaped = c == '\\' && !escaped;
        }
        if open == '\'' && self.letter_at(after) {
            let end = self.assumed_end(after, line_floor);
            self.flaw(FlawKind::UnclosedString, self.at, after, end);
            return self.push(end, TokenKind::Foreign(Foreign::Quoted));
        }
        self.push(after, TokenKind::Foreign(Foreign::Character));
    }

    /// Where a string ends that is open at the end of its line: before the brackets and commas that close the line.
    fn assumed_end(&self, after: usize, line: usize) -> usize {
        let text = self.text[after..line].trim_end();
        let kept = text.trim_end_matches(|c: char| ")]},;".contains(c) || c.is_ascii_whitespace());
        after + if kept.is_empty() { 0 } else { kept.len() }
    }

    fn raw_string(&mut self, after: usize, limit: usize) {
        let line = self.line_end(after).min(limit);
        match self.bytes[after..line].iter().position(|b| *b == b'"') {
            Some(length) => self.push(after + length + 1, TokenKind::Verbatim),
            None => {
                let end = self.assumed_end(after, line);
                self.flaw(FlawKind::UnclosedString, self.at, after, end);
                self.push(end, TokenKind::Verbatim);
            }
        }
    }

    fn jsonata(&mut self, after: usize, limit: usize) {
        let end = (after >= self.no_backtick)
            .then(|| find(self.bytes, after, limit, b"`"))
            .flatten();
        match end {
            Some(end) => self.push(end + 1, TokenKind::Verbatim),
            None => {
                self.no_backtick = limit;
                let end = self.assumed_block_end(after, limit);
                self.flaw(FlawKind::UnclosedString, self.at, after, end);
                self.push(end, TokenKind::Verbatim);
            }
        }
    }

    fn open_string(&mut self, limit: usize) {
        let triple = self.starts_with("\"\"\"");
        let start = self.at;
        let after = start + if triple { 3 } else { 1 };
        let hopeless = if triple {
            self.hopeless_block
        } else {
            self.hopeless
        };
        let proper =
            self.proper > 0 || start >= hopeless && self.ends_properly(after, limit, triple);
        let frame = if proper {
            Frame::Proper { triple }
        } else if triple {
            self.broken_triple(start, after, limit)
        } else {
            self.broken_string(start, after, limit)
        };
        self.push(after.min(limit), TokenKind::OpenQuote);
        self.enter(frame);
    }

    fn ends_properly(&mut self, after: usize, limit: usize, triple: bool) -> bool {
        match find_string_end(self.bytes, after, limit, triple) {
            Ok(end) => !triple || !self.runs_into_code(after, end),
            Err(failed) => {
                if triple {
                    self.hopeless_block = failed;
                } else {
                    self.hopeless = failed;
                }
                false
            }
        }
    }

    fn broken_string(&mut self, start: usize, after: usize, limit: usize) -> Frame {
        let line = self.line_end(after).min(limit);
        let mut at = after;
        while at < line {
            match self.bytes[at] {
                b'\\' => at += 2,
                b'"' => {
                    return Frame::Plain {
                        triple: false,
                        end: at,
                        closed: true,
                    };
                }
                _ => at += 1,
            }
        }
        let smart = self.text[after..line].rfind(['”', '“', '„']);
        if let Some(length) = smart {
            let end = after + length;
            self.flaw(FlawKind::SmartEnd, start, after, end);
            return Frame::Plain {
                triple: false,
                end,
                closed: true,
            };
        }
        let end = self.assumed_end(after, line);
        self.flaw(FlawKind::UnclosedString, start, after, end);
        Frame::Plain {
            triple: false,
            end,
            closed: false,
        }
    }

    fn broken_triple(&mut self, start: usize, after: usize, limit: usize) -> Frame {
        let found = find(self.bytes, after, limit, b"\"\"\"");
        if let Some(end) = found.filter(|end| !self.runs_into_code(after, *end)) {
            return Frame::Plain {
                triple: true,
                end,
                closed: true,
            };
        }
        let end = self.assumed_block_end(after, limit);
        self.flaw(FlawKind::UnclosedString, start, after, end);
        Frame::Plain {
            triple: true,
            end,
            closed: false,
        }
    }

    /// Whether a `"""` string that ends at `end` has swallowed code, because another one was not closed.
    fn runs_into_code(&mut self, after: usize, end: usize) -> bool {
        let odd = *self
            .odd_triples
            .get_or_insert_with(|| self.text.matches("\"\"\"").count() % 2 == 1);
        odd && self.find_code_line(after, end).is_some()
    }

    /// Where text of several lines ends that has no end: before the next line that looks like code.
    fn assumed_block_end(&self, after: usize, limit: usize) -> usize {
        let end = self.find_code_line(after, limit).unwrap_or(limit);
        self.assumed_end(after, end)
    }

    /// The start of the first line that begins as an item or a member does, no deeper than the line of `after`.
    fn find_code_line(&self, after: usize, limit: usize) -> Option<usize> {
        let line_start = self.text[..after].rfind('\n').map_or(0, |at| at + 1);
        let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let most = indentation(&self.text[line_start..after]);
        let mut at = after;
        while let Some(newline) = find(self.bytes, at, limit, b"\n") {
            at = newline + 1;
            let line = &self.text[at..self.line_end(at).min(limit)];
            if indentation(line) <= most && begins_code(line.trim_start()) {
                return Some(at);
            }
        }
        None
    }

    /// Where the text of a proper string stops: at its closing quote.
    fn text_end(&self, triple: bool, limit: usize) -> usize {
        let mut at = self.at;
        while at < limit {
            match self.bytes[at] {
                b'"' if !triple || self.bytes[at..].starts_with(b"\"\"\"") => return at,
                b'\\' if !triple => at += 2,
                b'{' => {
                    if self.bytes.get(at + 1) != Some(&b'{') {
                        return at;
                    }
                    at += 2;
                }
                b'}' => {
                    if self.bytes.get(at + 1) != Some(&b'}') {
                        return at;
                    }
                    at += 2;
                }
                _ => at += 1,
            }
        }
        limit
    }

    /// Text of a string whose own end is `end` at the latest, and what stops it: a hole, a brace, the closing quote.
    fn string_text(&mut self, end: usize, triple: bool, closed: bool) {
        let stop = self.text_end(triple, end).min(end);
        if stop > self.at {
            return self.push(stop, TokenKind::Text);
        }
        let in_plain = matches!(self.frames.last(), Some(Frame::Plain { .. }));
        match self.bytes.get(stop) {
            Some(b'{') if stop < end || !in_plain => {
                if !in_plain || self.is_hole(end) {
                    self.push(stop + 1, TokenKind::OpenHole);
                    self.enter(Frame::Hole(0));
                } else {
                    self.push(stop + 1, TokenKind::TextBrace);
                }
            }
            Some(b'}') if stop < end || !in_plain => {
                // A brace that was taken for text has been told already.
                if !self.closes_text_brace() {
                    self.flaw(FlawKind::LoneBrace, stop, stop + 1, stop + 1);
                }
                self.push(stop + 1, TokenKind::TextBrace);
            }
            _ => {
                let quote = match self.bytes.get(stop) {
                    _ if !closed => 0,
                    Some(b'"') if triple => 3,
                    Some(b'"') => 1,
                    Some(_) => self.text[stop..].chars().next().map_or(0, char::len_utf8),
                    None => 0,
                };
                self.leave();
                self.push(stop + quote, TokenKind::CloseQuote);
            }
        }
    }

    /// Whether the last brace in the string is an opening one that was taken for text, or escaped.
    fn closes_text_brace(&self) -> bool {
        let last = self.scan.tokens.iter().rev().find_map(|token| {
            let text = &self.text[token.start as usize..token.end as usize];
            match token.kind {
                TokenKind::TextBrace => Some(text == "{"),
                TokenKind::Text if text.contains("\\{") => Some(true),
                TokenKind::Text => None,
                _ => Some(false),
            }
        });
        last == Some(true)
    }

    /// Whether the brace here begins an interpolation, in a string that is not well formed.
    fn is_hole(&mut self, end: usize) -> bool {
        let start = self.at;
        let last = end.min(start + LONGEST_BROKEN_HOLE);
        let mut depth = 0;
        let mut escaped = false;
        for at in start..last {
            match self.bytes[at] {
                b'{' => depth += 1,
                b'}' if depth == 1 => {
                    if escaped {
                        self.flaw(FlawKind::BraceInText, start, at + 1, at + 1);
                    }
                    return !escaped;
                }
                b'}' => depth -= 1,
                b'\\' => escaped = true,
                _ => {}
            }
        }
        let path = self.run_end(start + 1, end, |b| is_word_byte(b) || b == b'.');
        self.flaw(FlawKind::UnclosedHole, start, start + 1, path);
        false
    }
}

/// Where the string ends whose text begins at `at`, interpolations with all that is in them passed over; else where that
/// became impossible.
fn find_string_end(
    bytes: &[u8],
    mut at: usize,
    limit: usize,
    triple: bool,
) -> Result<usize, usize> {
    let mut frames = vec![Frame::Proper { triple }];
    while at < limit {
        let byte = bytes[at];
        let next = bytes.get(at + 1).copied();
        match frames.last_mut() {
            None => return Err(at),
            Some(Frame::Hole(braces)) => match byte {
                b'{' => *braces += 1,
                b'}' if *braces == 0 => {
                    frames.pop();
                }
                b'}' => *braces -= 1,
                b'"' => {
                    let triple = bytes[at..].starts_with(b"\"\"\"");
                    at += if triple { 2 } else { 0 };
                    frames.push(Frame::Proper { triple });
                }
                b'/' if next == Some(b'/') => {
                    while at < limit && !matches!(bytes[at], b'\n' | b'\r') {
                        at += 1;
                    }
                }
                b'/' if next == Some(b'*') => match find(bytes, at + 2, limit, b"*/") {
                    Some(end) => at = end + 1,
                    None => return Err(limit),
                },
                byte if is_word_byte(byte) => {
                    let start = at;
                    while at + 1 < limit && is_word_byte(bytes[at + 1]) {
                        at += 1;
                    }
                    let (mark, stops_at_line) = match (&bytes[start..=at], bytes.get(at + 1)) {
                        (b"r" | b"re", Some(b'"')) => (b'"', true),
                        (b"jsonata", Some(b'`')) => (b'`', false),
                        _ => {
                            at += 1;
                            continue;
                        }
                    };
                    at += 2;
                    while at < limit && bytes[at] != mark {
                        if stops_at_line && matches!(bytes[at], b'\n' | b'\r') {
                            return Err(at);
                        }
                        at += 1;
                    }
                }
                _ => {}
            },
            Some(Frame::Proper { triple } | Frame::Plain { triple, .. }) => match byte {
                b'"' if *triple && !bytes[at..].starts_with(b"\"\"\"") => {}
                b'"' => {
                    let length = if *triple { 3 } else { 1 };
                    frames.pop();
                    if frames.is_empty() {
                        return Ok(at);
                    }
                    at += length - 1;
                }
                b'\n' | b'\r' if !*triple => return Err(at),
                b'\\' if !*triple && !matches!(next, Some(b'\n' | b'\r')) => at += 1,
                b'{' if next == Some(b'{') => at += 1,
                b'{' => frames.push(Frame::Hole(0)),
                b'}' if next == Some(b'}') => at += 1,
                _ => {}
            },
        }
        at += 1;
    }
    Err(limit)
}

fn find(bytes: &[u8], from: usize, limit: usize, mark: &[u8]) -> Option<usize> {
    bytes
        .get(from..limit)?
        .windows(mark.len())
        .position(|window| window == mark)
        .map(|length| from + length)
}

/// Whether a line begins as an item or a member does, and as little else would.
fn begins_code(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (Some(first), Some(second)) = (words.next(), words.next()) else {
        return false;
    };
    let third = words.next();
    match first {
        "step" | "let" => third == Some("=") || first == "step" && second.contains('('),
        "pipeline" => second.contains('('),
        "flow" => third == Some("->") || third.is_none(),
        "param" => second.ends_with(':'),
        "test" | "use" => second.starts_with('"'),
        _ => false,
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A character that looks like a blank, or like nothing, and is none of the language's blanks.
fn is_odd_blank(c: char) -> bool {
    (c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n' | '\r'))
        || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}')
}
