//! Cuts the tokens into items, and those of pipelines and tests into members, by the words that begin them.
//!
//! On a text that the grammar takes, the cuts are the grammar's own. Elsewhere a line's start and its indentation count.

use std::ops::Range;

use super::brackets::Brackets;
use super::text::{
    ITEM_WORDS, MEMBER_WORDS, MODIFIER_WORDS, SETTING_WORDS, TEST_WORDS, Text, is_reserved,
};
use crate::diagnostic::find_nearest;
use crate::syntax::scan::TokenKind;

/// The tokens of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub tokens: Range<usize>,
    pub body: Option<Body>,
}

/// The members of a pipeline or a test, between its braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub kind: BodyKind,
    /// The item's tokens before the brace.
    pub head: Range<usize>,
    pub members: Vec<Range<usize>>,
    /// The closing brace, if it is there.
    pub close: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    Pipeline,
    Test,
}

/// What begins at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Items,
    /// In a pipeline, before its first `let`, `step` or `flow`.
    Settings,
    Members,
    Tests,
}

pub(super) fn items(text: &Text<'_>, brackets: &Brackets) -> Vec<Part> {
    let mut parts = Vec::new();
    let all = 0..text.tokens.len();
    let mut at = 0;
    while at < all.end {
        let (mut end, body) = item_end(text, brackets, at, all.end);
        if body.is_none() {
            end = end.max(at + 1);
        }
        parts.push(Part {
            tokens: at..end,
            body,
        });
        at = end;
    }
    parts
}

/// Where the item ends that begins at `start`.
fn item_end(
    text: &Text<'_>,
    brackets: &Brackets,
    start: usize,
    limit: usize,
) -> (usize, Option<Body>) {
    let column = text.column(start);
    let head = test_head_end(text, start, limit);
    if let Some(first) = head
        && text.is_any(first, TEST_WORDS)
    {
        let end = unbraced_end(text, brackets, first, limit);
        let close = text.is(end, "}").then_some(end);
        let body = Body {
            kind: BodyKind::Test,
            head: start..first,
            members: members(text, brackets, first..end, BodyKind::Test),
            close,
        };
        return (close.map_or(end, |close| close + 1), Some(body));
    }
    let mut at = start;
    while at < limit {
        let in_head = head.is_some_and(|end| at < end);
        if at > start && !in_head && begins(text, start, at, column, Level::Items) {
            break;
        }
        let body = body_kind(text, brackets, start, at);
        let after = brackets.skip(at);
        // The head of a pipeline without its word.
        let head = body.and_then(|_| head_before(text, brackets, start, at));
        if let Some(head) = head {
            return (head, None);
        }
        if let Some(kind) = body {
            let (inside, close) = if text.is(at, "{") {
                let inside = brackets.inside(text, at);
                let close = (inside.end < after).then_some(inside.end);
                (inside, close)
            } else {
                missing_body(text, brackets, after)
            };
            let head = start..if text.is(at, "{") { at } else { after };
            let end = close.map_or(inside.end, |close| close + 1);
            let body = Body {
                kind,
                head,
                members: members(text, brackets, inside, kind),
                close,
            };
            return (end, Some(body));
        }
        at = after;
    }
    (at, None)
}

/// Behind the head of a test: its brace, or its first member where the brace is missing. None for any other item.
fn test_head_end(text: &Text<'_>, start: usize, limit: usize) -> Option<usize> {
    let is_test = text.is(start, "test") && text.kind(start + 1) == Some(TokenKind::OpenQuote);
    if !is_test {
        return None;
    }
    (start + 1..limit)
        .take_while(|at| !text.begins_item_surely(*at) || !text.is_first_on_line(*at))
        .find(|at| text.is(*at, "{") || text.is_first_on_line(*at))
        .filter(|at| text.is(*at, "{") || text.is_any(*at, TEST_WORDS))
}

/// Where the members end that follow a test's head without a brace: at a brace that closes nothing, or where an item begins.
fn unbraced_end(text: &Text<'_>, brackets: &Brackets, first: usize, limit: usize) -> usize {
    let mut at = first;
    while at < limit {
        if text.is(at, "}") || text.is_first_on_line(at) && text.begins_item_surely(at) {
            return at;
        }
        at = brackets.skip(at);
    }
    limit
}

/// Where the line begins that names the body, if that is after the item's own word.
fn head_before(text: &Text<'_>, brackets: &Brackets, start: usize, at: usize) -> Option<usize> {
    if text.is_any(start, &["pipeline", "test"]) {
        return None;
    }
    let mut head = (start..at)
        .rev()
        .find(|open| text.is(*open, "(") && brackets.skip(*open) == at)?;
    while head > start && !text.is_first_on_line(head) {
        head -= 1;
    }
    (head > start).then_some(head)
}

/// The kind of body that begins at a token of the item, if one does.
fn body_kind(text: &Text<'_>, brackets: &Brackets, start: usize, at: usize) -> Option<BodyKind> {
    let after = brackets.skip(at);
    if text.is(at, "(") && brackets.bodies.iter().any(|(paren, _)| paren + 1 == after) {
        return Some(BodyKind::Pipeline);
    }
    if !text.is(at, "{") || !brackets.opens(at) {
        return None;
    }
    let first = at + 1;
    match text.word(start) {
        "pipeline" => Some(BodyKind::Pipeline),
        "test" => Some(BodyKind::Test),
        _ if !text.is_first_on_line(first) => None,
        _ if text.holds_members(at) => Some(BodyKind::Pipeline),
        _ if text.is_any(first, &["given", "mock", "expect"])
            && !text.is(first + 1, ":")
            && !is_reserved(text.word(start)) =>
        {
            Some(BodyKind::Test)
        }
        _ => None,
    }
}

/// The members that follow a pipeline's parameters without a brace.
fn missing_body(
    text: &Text<'_>,
    brackets: &Brackets,
    after: usize,
) -> (Range<usize>, Option<usize>) {
    let end = brackets
        .bodies
        .iter()
        .find(|(paren, _)| paren + 1 == after)
        .map_or(after, |(_, end)| *end);
    (after..end, text.is(end, "}").then_some(end))
}

fn members(
    text: &Text<'_>,
    brackets: &Brackets,
    inside: Range<usize>,
    kind: BodyKind,
) -> Vec<Range<usize>> {
    let mut level = match kind {
        BodyKind::Pipeline => Level::Settings,
        BodyKind::Test => Level::Tests,
    };
    let column = text.column(inside.start);
    let mut members: Vec<Range<usize>> = Vec::new();
    let mut start = inside.start;
    let mut at = inside.start;
    while at < inside.end {
        if at > start && begins(text, start, at, column, level) {
            members.push(start..at);
            start = at;
        }
        let setting = find_nearest(text.word(at), SETTING_WORDS.iter().copied()).is_some();
        if at == start && level == Level::Settings && !setting {
            level = Level::Members;
        }
        at = brackets.skip(at).min(inside.end);
    }
    if start < inside.end {
        members.push(start..inside.end);
    }
    members
}

/// Whether an item or member begins at a token after `start`, where the last one began; the first stands at `column`.
fn begins(text: &Text<'_>, start: usize, at: usize, column: usize, level: Level) -> bool {
    let first = text.is_first_on_line(at);
    let member_or_key = text.is(at - 1, ".") || text.is(at + 1, ":") && !first;
    if !text.is_word(at) || member_or_key {
        return false;
    }
    let open_ended = text.is_open_ended(at - 1);
    let dedented = first && text.column(at) <= column;
    let word = text.word(at);
    let surely = text.begins_item_surely(at)
        || text.begins_member_surely(at)
        || word == "retry" && text.is_name(at + 1) && text.is(at + 2, "=");
    let outside = word == "flow" && level == Level::Items;
    // `step a step b` is one step, with a word too many.
    let complete = at > start + 2;
    if surely && (first || complete && !open_ended && !outside) {
        return true;
    }
    let own = match level {
        Level::Items => ITEM_WORDS,
        Level::Settings | Level::Members => MEMBER_WORDS,
        Level::Tests => TEST_WORDS,
    };
    match word {
        // A stage too, and a modifier.
        "let" => return dedented || !open_ended && (first || text.is(at + 2, "=")),
        "retry" => return false,
        _ if own.contains(&word) => return first || level == Level::Tests && !open_ended,
        _ => {}
    }
    if open_ended {
        return dedented && text.looks_like_start(at);
    }
    // A binding whose word is missing; in a flow it is a stage.
    if first && text.is_name(at) && text.is(at + 1, "=") && !text.is(start, "flow") {
        return true;
    }
    let is_setting = text.is_any(at, SETTING_WORDS);
    match level {
        Level::Settings if is_setting => return true,
        // `timeout` and `allow` after a step are taken for its own.
        Level::Members if is_setting && !text.is_any(at, MODIFIER_WORDS) => {
            return dedented && (word != "on" || text.is(at + 2, "("));
        }
        _ => {}
    }
    // A resource on the line of the item before it.
    let resource = level == Level::Items
        && !first
        && text.is_name(at)
        && text.is_name(at + 1)
        && (text.is(at + 2, "=") || text.is(at + 2, "{"));
    (dedented || resource) && !text.is_continuation(at)
}
