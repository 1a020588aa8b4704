//! Which brackets belong together, when they do not all.
//!
//! Of all ways to read the brackets, the one with the fewest mistakes is taken; indentation and the words that begin
//! items and members decide between equals. A handful of readings is carried along at a time, so that the time is
//! linear in the text.

use std::ops::Range;

use super::text::Text;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::syntax::draft::{Patch, Patches, set};
use crate::syntax::scan::TokenKind;

/// How many readings are carried along.
const READINGS: usize = 8;

/// With more brackets than these, only one is.
const MANY_BRACKETS: usize = 100_000;

/// A reading with more mistakes, or with more brackets open at once, is not worth going on with: what comes after is
/// not read.
const MOST_MISTAKES: u32 = 100;
const MOST_OPEN: u32 = 128;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Brackets {
    /// For each token that opens something: where what follows it begins. 0 for the others.
    after: Vec<usize>,
    pub problems: Vec<Problem>,
    /// The closing parentheses of pipelines whose opening brace is missing, with the end of their members.
    pub bodies: Vec<(usize, usize)>,
}

/// A bracket without its partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Opened here; the closing one is missing before a token.
    Unclosed { open: usize, before: usize },
    /// Closes nothing.
    Unopened { close: usize },
    /// Closed by a bracket of another kind.
    Crossed { open: usize, close: usize },
    /// A pipeline's opening brace is missing after this parenthesis.
    NoBody { paren: usize },
}

impl Problem {
    /// The tokens that are not as they should be.
    pub(super) fn tokens(self) -> (usize, usize) {
        match self {
            Problem::Unclosed { open, before } => (open, before.saturating_sub(1)),
            Problem::Unopened { close } => (close, close),
            Problem::Crossed { open, close } => (open, close),
            Problem::NoBody { paren } => (paren, paren),
        }
    }
}

impl Brackets {
    /// Pairs the brackets. What is missing or too many is mended in `patches`.
    pub(super) fn pair(text: &mut Text<'_>, patches: &mut Patches) -> Self {
        let mut brackets = Brackets {
            after: vec![0; text.tokens.len()],
            ..Brackets::default()
        };
        let edits = match pair_all(text) {
            Some(edits) => edits,
            None => {
                let (edits, end) = Search::new(text).run();
                text.tokens.truncate(end);
                brackets.after.truncate(end);
                edits
            }
        };
        for edit in edits {
            brackets.apply(text, patches, edit);
        }
        brackets.pair_quotes(text);
        brackets.problems.sort_by_key(|problem| problem.tokens());
        brackets
    }

    fn apply(&mut self, text: &mut Text<'_>, patches: &mut Patches, edit: Edited) {
        match edit {
            Edited::Pair { open, close } => self.after[open] = close + 1,
            Edited::Unclosed { open, before } => {
                self.after[open] = before;
                self.problems.push(Problem::Unclosed { open, before });
                insert_after(patches, before.saturating_sub(1), closing(text.word(open)));
            }
            Edited::Dropped { close } => {
                self.problems.push(Problem::Unopened { close });
                set(patches, close, Patch::text(""));
                // No bracket any more, for whoever looks at the tokens after this.
                text.tokens[close].kind = TokenKind::Sign;
            }
            Edited::Replaced { open, close } => {
                self.after[open] = close + 1;
                self.problems.push(Problem::Crossed { open, close });
                set(patches, close, Patch::text(closing(text.word(open))));
            }
            Edited::Body { paren, end } => {
                self.problems.push(Problem::NoBody { paren });
                self.bodies.push((paren, end));
            }
        }
    }

    fn pair_quotes(&mut self, text: &Text<'_>) {
        let mut open = Vec::new();
        for (index, token) in text.tokens.iter().enumerate() {
            match token.kind {
                TokenKind::OpenQuote => open.push(index),
                TokenKind::CloseQuote => {
                    if let Some(open) = open.pop() {
                        self.after[open] = index + 1;
                    }
                }
                _ => {}
            }
        }
    }

    /// Where what follows a token begins, all that it opens passed over.
    pub(super) fn skip(&self, index: usize) -> usize {
        match self.after.get(index) {
            Some(after) if *after > index => *after,
            _ => index + 1,
        }
    }

    pub(super) fn opens(&self, index: usize) -> bool {
        self.after.get(index).is_some_and(|after| *after > index)
    }

    /// The tokens inside of what a token opens.
    pub(super) fn inside(&self, text: &Text<'_>, open: usize) -> Range<usize> {
        let after = self.skip(open);
        let closed = after > open + 1
            && matches!(
                text.kind(after - 1),
                Some(TokenKind::Close | TokenKind::CloseHole | TokenKind::CloseQuote)
            )
            && !self.is_unclosed(open);
        open + 1..if closed { after - 1 } else { after }
    }

    /// What opens here ends before a token.
    pub(super) fn close_before(&mut self, open: usize, before: usize) {
        if let Some(after) = self.after.get_mut(open) {
            *after = before;
        }
    }

    pub(super) fn is_unclosed(&self, open: usize) -> bool {
        self.problems
            .iter()
            .any(|p| matches!(p, Problem::Unclosed { open: o, .. } if *o == open))
    }
}

pub(super) fn closing(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

fn insert_after(patches: &mut Patches, token: usize, closing: &str) {
    let after = patches.entry(token).or_default().after.take();
    set(
        patches,
        token,
        Patch::after(format!("{}{closing}", after.unwrap_or_default())),
    );
}

/// A bracket's place in a reading.
#[derive(Clone, Copy, Debug)]
enum Edited {
    Pair { open: usize, close: usize },
    Unclosed { open: usize, before: usize },
    Dropped { close: usize },
    Replaced { open: usize, close: usize },
    Body { paren: usize, end: usize },
}

/// All pairs, if every bracket has its partner.
fn pair_all(text: &Text<'_>) -> Option<Vec<Edited>> {
    let mut open: Vec<usize> = Vec::new();
    let mut edits = Vec::new();
    for (close, token) in text.tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Open | TokenKind::OpenHole => open.push(close),
            TokenKind::Close | TokenKind::CloseHole => {
                let opener = open.pop()?;
                let hole = text.kind(opener) == Some(TokenKind::OpenHole);
                let pairs = hole == (token.kind == TokenKind::CloseHole)
                    && (hole || closing(text.word(opener)) == text.word(close));
                if !pairs {
                    return None;
                }
                edits.push(Edited::Pair {
                    open: opener,
                    close,
                });
            }
            _ => {}
        }
    }
    open.is_empty().then_some(edits)
}

/// An open bracket, in a list that readings share.
#[derive(Clone, Copy)]
struct Opened {
    below: u32,
    /// How many are open with this one.
    depth: u32,
    token: usize,
    kind: OpenedKind,
    /// The column of the line that it stands on.
    indentation: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenedKind {
    Paren,
    Bracket,
    Brace,
    Hole,
    /// The braces of a pipeline. The token is the parenthesis before, if `missing`.
    Body {
        missing: bool,
    },
}

impl OpenedKind {
    fn closed_by(self, close: &str) -> bool {
        match self {
            OpenedKind::Paren => close == ")",
            OpenedKind::Bracket => close == "]",
            OpenedKind::Brace | OpenedKind::Body { .. } => close == "}",
            OpenedKind::Hole => false,
        }
    }

    fn is_body(self) -> bool {
        matches!(self, OpenedKind::Body { .. })
    }
}

/// One way to read the brackets so far.
#[derive(Clone, Copy)]
struct Reading {
    mistakes: u32,
    /// How much speaks against it beside.
    misfit: u32,
    /// The innermost open bracket, from 1; 0 when none is open.
    top: u32,
    /// The last edit, from 1; 0 when there is none.
    edits: u32,
}

struct Search<'s, 't> {
    text: &'s Text<'t>,
    opened: Vec<Opened>,
    edits: Vec<(u32, Edited)>,
    readings: Vec<Reading>,
    width: usize,
    /// The last item that surely began is a pipeline.
    in_pipeline: bool,
    indentation: usize,
}

/// What speaks against a reading, beside a mistake.
const SLIGHT: u32 = 1;
const CLEAR: u32 = 4;
const STRONG: u32 = 8;

impl<'s, 't> Search<'s, 't> {
    fn new(text: &'s Text<'t>) -> Self {
        let brackets = text
            .tokens
            .iter()
            .filter(|t| matches!(t.kind, TokenKind::Open | TokenKind::Close))
            .count();
        Self {
            text,
            opened: Vec::new(),
            edits: Vec::new(),
            readings: vec![Reading {
                mistakes: 0,
                misfit: 0,
                top: 0,
                edits: 0,
            }],
            width: if brackets > MANY_BRACKETS {
                1
            } else {
                READINGS
            },
            in_pipeline: false,
            indentation: 0,
        }
    }

    /// The best reading, and where it ends.
    fn run(mut self) -> (Vec<Edited>, usize) {
        let mut end = self.text.tokens.len();
        for index in 0..self.text.tokens.len() {
            if self.is_hopeless() {
                end = index;
                break;
            }
            let first = self.text.is_first_on_line(index);
            if first {
                self.indentation = self.text.column(index);
            }
            match self.text.kind(index) {
                Some(TokenKind::Open) => self.open(index),
                Some(TokenKind::OpenHole) => self.open_hole(index),
                Some(TokenKind::Close) => self.step(|search, reading, next| {
                    search.close(index, first, reading, next);
                }),
                Some(TokenKind::CloseHole) => self.step(|search, mut reading, next| {
                    while let Some(top) = search.top(reading) {
                        if top.kind == OpenedKind::Hole {
                            search.edit(
                                &mut reading,
                                Edited::Pair {
                                    open: top.token,
                                    close: index,
                                },
                            );
                            reading.top = top.below;
                            break;
                        }
                        search.leave_open(&mut reading, top, index);
                    }
                    next.push(reading);
                }),
                Some(TokenKind::Word) if first => self.word(index),
                _ => {}
            }
        }
        (self.finish(end), end)
    }

    fn is_hopeless(&self) -> bool {
        self.readings.iter().all(|reading| {
            reading.mistakes > MOST_MISTAKES
                || self.top(*reading).is_some_and(|top| top.depth > MOST_OPEN)
        })
    }

    fn finish(mut self, end: usize) -> Vec<Edited> {
        self.step(|search, mut reading, next| {
            while let Some(top) = search.top(reading) {
                search.leave_open(&mut reading, top, end);
            }
            next.push(reading);
        });
        let mut edits = Vec::new();
        let mut at = self.readings.first().map_or(0, |reading| reading.edits);
        while let Some((before, edit)) = at
            .checked_sub(1)
            .and_then(|index| self.edits.get(index as usize))
        {
            edits.push(*edit);
            at = *before;
        }
        edits.reverse();
        edits
    }

    fn top(&self, reading: Reading) -> Option<Opened> {
        let index = reading.top.checked_sub(1)?;
        self.opened.get(index as usize).copied()
    }

    /// The outermost open bracket.
    fn bottom(&self, reading: Reading) -> Option<Opened> {
        let mut opened = self.top(reading)?;
        while let Some(below) = opened.below.checked_sub(1) {
            opened = self.opened[below as usize];
        }
        Some(opened)
    }

    fn edit(&mut self, reading: &mut Reading, edit: Edited) {
        self.edits.push((reading.edits, edit));
        reading.edits = self.edits.len() as u32;
    }

    /// Each reading goes on in one or more ways; the best are kept, one for each state of the brackets.
    fn step(&mut self, go_on: impl Fn(&mut Self, Reading, &mut Vec<Reading>)) {
        let mut next = Vec::new();
        for reading in std::mem::take(&mut self.readings) {
            go_on(self, reading, &mut next);
        }
        if next.len() > 1 {
            next.sort_by_key(|r| (r.mistakes, r.misfit));
            let mut tops: Vec<u32> = Vec::new();
            next.retain(|reading| {
                let new = !tops.contains(&reading.top) && tops.len() < self.width;
                if new {
                    tops.push(reading.top);
                }
                new
            });
        }
        self.readings = next;
    }

    fn open(&mut self, index: usize) {
        let indentation = self.indentation;
        let brace = match self.text.word(index) {
            "(" => OpenedKind::Paren,
            "[" => OpenedKind::Bracket,
            _ => OpenedKind::Brace,
        };
        let holds_members = self.in_pipeline || self.text.holds_members(index);
        self.step(|search, reading, next| {
            let body = brace == OpenedKind::Brace && holds_members;
            let kind = if body && reading.top == 0 {
                OpenedKind::Body { missing: false }
            } else {
                brace
            };
            // What was opened on the line before it may have no end.
            if body && reading.top != 0 && search.text.is_first_on_line(index + 1) {
                let mut closed = reading;
                while let Some(top) = search.top(closed) {
                    if !search.text.same_line(top.token, index) {
                        break;
                    }
                    search.leave_open(&mut closed, top, index);
                }
                if closed.top == 0 {
                    let kind = OpenedKind::Body { missing: false };
                    next.push(search.push(closed, index, kind, indentation));
                }
            }
            next.push(search.push(reading, index, kind, indentation));
        });
        if brace == OpenedKind::Brace && self.readings.iter().all(|r| r.top != 0) {
            let within = self.readings.iter().all(|reading| {
                self.bottom(*reading)
                    .is_some_and(|bottom| bottom.kind.is_body())
            });
            self.in_pipeline &= !within;
        }
    }

    fn open_hole(&mut self, index: usize) {
        let indentation = self.indentation;
        self.step(|search, reading, next| {
            next.push(search.push(reading, index, OpenedKind::Hole, indentation));
        });
    }

    fn push(
        &mut self,
        mut reading: Reading,
        token: usize,
        kind: OpenedKind,
        indentation: usize,
    ) -> Reading {
        self.opened.push(Opened {
            below: reading.top,
            depth: self.top(reading).map_or(0, |top| top.depth) + 1,
            token,
            kind,
            indentation,
        });
        reading.top = self.opened.len() as u32;
        reading
    }

    /// The innermost bracket is never closed; its partner is missing before a token.
    fn leave_open(&mut self, reading: &mut Reading, top: Opened, before: usize) {
        reading.top = top.below;
        reading.mistakes += 1;
        let edit = match top.kind {
            OpenedKind::Body { missing: true } => Edited::Body {
                paren: top.token,
                end: before,
            },
            _ => Edited::Unclosed {
                open: top.token,
                before,
            },
        };
        self.edit(reading, edit);
    }

    fn close(&mut self, index: usize, first: bool, reading: Reading, next: &mut Vec<Reading>) {
        let close = self.text.word(index);
        let mut dropped = reading;
        dropped.mistakes += 1;
        self.edit(&mut dropped, Edited::Dropped { close: index });
        let Some(top) = self.top(reading) else {
            next.push(dropped);
            return;
        };
        if top.kind == OpenedKind::Hole {
            next.push(dropped);
            return;
        }
        let fits = top.kind.closed_by(close);
        let misfit = if fits {
            self.misfit(index, first, top)
        } else {
            0
        };
        if fits {
            let mut paired = reading;
            paired.misfit += misfit;
            self.pair(&mut paired, top, index);
            self.after_paren(index, top, paired, next);
            next.push(paired);
            if misfit == 0 {
                return;
            }
        } else {
            let mut replaced = reading;
            replaced.mistakes += 1;
            replaced.misfit += SLIGHT;
            if !matches!(top.kind, OpenedKind::Body { missing: true }) {
                replaced.top = top.below;
                self.edit(
                    &mut replaced,
                    Edited::Replaced {
                        open: top.token,
                        close: index,
                    },
                );
                next.push(replaced);
            }
        }
        next.push(dropped);
        // What is open inside of the partner has none.
        let mut popped = reading;
        let mut inner = top;
        for _ in 0..READINGS {
            self.leave_open(&mut popped, inner, index);
            let Some(outer) = self.top(popped) else {
                break;
            };
            if outer.kind == OpenedKind::Hole {
                break;
            }
            if outer.kind.closed_by(close) {
                let mut paired = popped;
                paired.misfit += self.misfit(index, first, outer);
                self.pair(&mut paired, outer, index);
                next.push(paired);
            }
            inner = outer;
        }
    }

    fn pair(&mut self, reading: &mut Reading, top: Opened, close: usize) {
        reading.top = top.below;
        let edit = match top.kind {
            OpenedKind::Body { missing: true } => Edited::Body {
                paren: top.token,
                end: close,
            },
            _ => Edited::Pair {
                open: top.token,
                close,
            },
        };
        self.edit(reading, edit);
    }

    /// What speaks against two brackets as partners.
    fn misfit(&self, close: usize, first: bool, top: Opened) -> u32 {
        let text = self.text;
        let shape = if first {
            if text.column(close) == top.indentation {
                0
            } else {
                CLEAR
            }
        } else if text.same_line(top.token, close) {
            0
        } else {
            SLIGHT
        };
        let after = close + 1;
        let goes_on = after < text.tokens.len()
            && (text.kind(after) == Some(TokenKind::Close)
                || text.is(after, "->")
                || text.is(after, "flow")
                || text.is_continuation(after)
                || text.is_first_on_line(after) && text.column(after) > top.indentation);
        shape
            + if top.kind.is_body() && goes_on {
                STRONG
            } else {
                0
            }
    }

    /// A pipeline's members may follow its parameters without a brace.
    fn after_paren(&mut self, close: usize, top: Opened, paired: Reading, next: &mut Vec<Reading>) {
        let text = self.text;
        let head = top.kind == OpenedKind::Paren
            && top.below == 0
            && top.token >= 2
            && text.is(top.token - 2, "pipeline")
            && !text.is(close + 1, "{");
        if head {
            let mut opened = paired;
            opened.mistakes += 1;
            let opened = self.push(
                opened,
                close,
                OpenedKind::Body { missing: true },
                self.indentation,
            );
            next.push(opened);
        }
    }

    /// A word that begins a line, and perhaps an item or a member.
    fn word(&mut self, index: usize) {
        let text = self.text;
        let column = self.indentation;
        if text.begins_item_surely(index) {
            self.in_pipeline = text.is(index, "pipeline");
            self.step(|search, reading, next| {
                search.begin(index, reading, next, |search, reading| {
                    // An item in an item.
                    reading.mistakes += 1;
                    let deeper = search
                        .bottom(*reading)
                        .is_some_and(|bottom| column > bottom.indentation);
                    reading.misfit += if deeper { 0 } else { STRONG };
                });
            });
        } else if text.begins_member_surely(index) {
            self.step(|search, reading, next| search.member(index, column, reading, next));
        } else if text.looks_like_start(index) {
            self.step(|search, reading, next| {
                let few = search
                    .top(reading)
                    .is_some_and(|top| top.depth as usize <= READINGS);
                let out = search
                    .bottom(reading)
                    .is_some_and(|bottom| column <= bottom.indentation);
                if out && few {
                    search.begin(index, reading, next, |_, reading| {
                        reading.misfit += CLEAR;
                    });
                } else {
                    next.push(reading);
                }
            });
        }
    }

    /// An item begins: nothing is open, or all that is has no end; else it stands where `stay` says what that costs.
    fn begin(
        &mut self,
        index: usize,
        reading: Reading,
        next: &mut Vec<Reading>,
        stay: impl Fn(&Self, &mut Reading),
    ) {
        if reading.top == 0 {
            next.push(reading);
            return;
        }
        let mut closed = reading;
        while let Some(top) = self.top(closed) {
            self.leave_open(&mut closed, top, index);
        }
        next.push(closed);
        let mut stayed = reading;
        stay(self, &mut stayed);
        next.push(stayed);
    }

    fn member(&mut self, index: usize, column: usize, reading: Reading, next: &mut Vec<Reading>) {
        let is_step = self.text.is(index, "step");
        let Some(top) = self.top(reading) else {
            let mut outside = reading;
            if is_step {
                outside.misfit += if column > 0 { CLEAR } else { 0 };
            } else {
                outside.mistakes += 1;
            }
            next.push(outside);
            return;
        };
        if top.kind.is_body() {
            // A step of the file, when the pipeline's members stand deeper.
            if is_step && column <= top.indentation {
                self.begin(index, reading, next, |_, reading| {
                    reading.misfit += CLEAR;
                });
            } else {
                next.push(reading);
            }
            return;
        }
        let mut stayed = reading;
        stayed.mistakes += 1;
        stayed.misfit += STRONG;
        next.push(stayed);
        let mut closed = reading;
        while let Some(top) = self.top(closed) {
            if top.kind.is_body() {
                break;
            }
            self.leave_open(&mut closed, top, index);
        }
        next.push(closed);
    }
}

impl Problem {
    pub(super) fn describe(self, text: &Text<'_>) -> Diagnostic {
        match self {
            Problem::Unclosed { open, before } => {
                let bracket = text.word(open);
                let closing = closing(bracket);
                let last = before.saturating_sub(1).max(open);
                let place = text.span(last).after();
                let diagnostic = Diagnostic::new(
                    Code::UnclosedBracket,
                    text.span(open),
                    format!("this `{bracket}` is never closed"),
                );
                let diagnostic = match text.tokens.get(before) {
                    Some(_) if !text.same_line(open, before) => diagnostic.also(
                        text.span(before),
                        format!("`{closing}` is missing before this"),
                    ),
                    _ => diagnostic,
                };
                diagnostic.fix(Fix {
                    title: format!("close it with `{closing}`"),
                    edits: vec![Edit {
                        span: place,
                        text: closing_text(text, open, before),
                    }],
                    safe: false,
                })
            }
            Problem::Unopened { close } => {
                let bracket = text.word(close);
                let diagnostic = Diagnostic::new(
                    Code::UnopenedBracket,
                    text.span(close),
                    format!("this `{bracket}` closes nothing"),
                );
                if let Some(name) = unopened_parameters(text, close) {
                    return diagnostic.fix(Fix {
                        title: "open the parameters with `(`".to_owned(),
                        edits: vec![Edit {
                            span: text.span(name).after(),
                            text: "(".to_owned(),
                        }],
                        safe: false,
                    });
                }
                diagnostic.fix(Fix {
                    title: "leave it out".to_owned(),
                    edits: vec![Edit {
                        span: text.span(close),
                        text: String::new(),
                    }],
                    safe: false,
                })
            }
            Problem::Crossed { open, close } => {
                let (opener, closer) = (text.word(open), text.word(close));
                let closing = closing(opener);
                Diagnostic::new(
                    Code::UnopenedBracket,
                    text.span(close),
                    format!("expected `{closing}`, found `{closer}`"),
                )
                .also(text.span(open), format!("this `{opener}` is open"))
                .fix(Fix {
                    title: format!("write `{closing}`"),
                    edits: vec![Edit {
                        span: text.span(close),
                        text: closing.to_owned(),
                    }],
                    safe: false,
                })
            }
            Problem::NoBody { paren } => Diagnostic::new(
                Code::Syntax,
                text.span(paren),
                "expected `{` after the pipeline's parameters",
            )
            .replace(text.span(paren).after(), " {", "open the pipeline's braces"),
        }
    }
}

/// The name of the pipeline, step or function whose parameters end with this parenthesis, and begin with none.
fn unopened_parameters(text: &Text<'_>, close: usize) -> Option<usize> {
    let mut head = close;
    while head > 0 && !text.is_first_on_line(head) {
        head -= 1;
    }
    let heads = text.is_any(head, &["pipeline", "step", "fn"]) && text.is_word(head + 1);
    (text.is(close, ")") && heads && !text.is(head + 2, "(") && !text.is(head + 2, "="))
        .then_some(head + 1)
}

/// A closing bracket as it should be written: on a line of its own when the opening one ends its line.
fn closing_text(text: &Text<'_>, open: usize, before: usize) -> String {
    let closing = closing(text.word(open));
    let own_line = text.is_first_on_line(open + 1)
        && !text.same_line(open, before.saturating_sub(1).max(open));
    if own_line {
        let mut line = open;
        while line > 0 && !text.is_first_on_line(line) {
            line -= 1;
        }
        format!("\n{}{closing}", " ".repeat(text.column(line)))
    } else if text.word(open) == "{" {
        format!(" {closing}")
    } else {
        closing.to_owned()
    }
}
