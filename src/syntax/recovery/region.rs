//! What is left out around a place that cannot be read: the least that lets the rest be read.

use std::ops::Range;

use super::site::Site;
use super::text::Text;
use crate::syntax::draft::{LEFT_OUT, Patch, Patches};
use crate::syntax::grammar::Rule;
use crate::syntax::scan::TokenKind;

/// Tokens that may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub tokens: Range<usize>,
    /// It is left out for good reason if reading then gets past this token.
    pub until: usize,
    /// It begins where an argument, an entry or a stage does.
    whole: bool,
    /// Something must stand there.
    needed: bool,
}

impl Region {
    /// The ways to leave it out, those that keep most first.
    pub(super) fn patches(&self, text: &Text<'_>) -> Vec<Patches> {
        let Range { start, end } = self.tokens.clone();
        if start >= end {
            // Something is missing before the token.
            return match start.checked_sub(1) {
                Some(before) => [LEFT_OUT, "{}"]
                    .iter()
                    .map(|text| Patches::from([(before, Patch::after(format!(" {text} ")))]))
                    .collect(),
                None => Vec::new(),
            };
        }
        let leave = |from: usize, with: String| {
            Patches::from([(from, Patch::for_tokens(end - from, with))])
        };
        let mut ways = Vec::new();
        let keyed = text.is_word(start) && (text.is(start + 1, ":") || text.is(start + 1, "="));
        if self.whole && keyed && start + 2 < end {
            ways.push(leave(start + 2, LEFT_OUT.to_owned()));
        }
        if self.whole && text.is_name(start) {
            let name = text.word(start);
            ways.push(leave(start, format!("{name}: {LEFT_OUT}")));
            ways.push(leave(start, format!("{name} {{}}")));
        }
        if self.whole {
            ways.push(leave(start, LEFT_OUT.to_owned()));
            ways.push(leave(start, String::new()));
            ways.push(leave(start, "null {}".to_owned()));
        } else {
            ways.push(leave(start, String::new()));
            ways.push(leave(start, LEFT_OUT.to_owned()));
            if self.needed {
                ways.reverse();
            }
        }
        ways
    }
}

/// From the smallest to the largest.
pub(super) fn candidates(site: &Site<'_, '_>) -> Vec<Region> {
    let text = site.text;
    let mut regions: Vec<Region> = Vec::new();
    let needed = site.expects_expression()
        || site.expects_any(&[Rule::stage, Rule::type_expr, Rule::name, Rule::error_name]);
    let mut add = |tokens: Range<usize>, until: usize, whole: bool| {
        let region = Region {
            tokens,
            until,
            whole,
            needed,
        };
        if !regions.contains(&region) {
            regions.push(region);
        }
    };
    let mut levels = vec![site.range.clone()];
    let enclosing = site.enclosing();
    for open in enclosing {
        levels.push(site.brackets.inside(text, *open));
    }
    let mut at = site.at;
    for (depth, level) in levels.iter().enumerate().rev() {
        let innermost = depth + 1 == levels.len();
        let start = segment_start(site, level, at);
        let end = segment_end(site, level, at);
        if innermost {
            if at < level.end {
                // What ends the argument or stage is kept, and must be read for it to be the end.
                let sync = site.sync(at, level.end);
                add(at..at, at, false);
                if sync > at {
                    add(at..at + 1, at + 2, false);
                    add(at..sync, sync, false);
                }
                add(start..sync, sync, true);
            } else {
                add(at..at, at, false);
            }
        }
        if start < end {
            add(start..end, end, true);
        }
        if level.start < level.end && depth > 0 {
            add(level.clone(), level.end, true);
        }
        if let Some(open) = depth.checked_sub(1).map(|depth| enclosing[depth]) {
            at = open;
        }
    }
    regions
}

fn is_separator(text: &Text<'_>, at: usize) -> bool {
    text.is(at, ",") || text.is(at, "->") || text.is(at, "→")
}

/// The first token of the argument, entry or stage that a token is in.
fn segment_start(site: &Site<'_, '_>, level: &Range<usize>, at: usize) -> usize {
    let text = site.text;
    let part = *level == site.range;
    let mut start = level.start;
    let mut index = level.start;
    let mut seen_equals = false;
    while index < at.min(level.end) {
        let next = site.brackets.skip(index);
        let after_equals = part && !seen_equals && text.is(index, "=");
        seen_equals |= after_equals;
        let property = !part
            && index > level.start
            && text.is_first_on_line(index)
            && text.is(index + 1, ":")
            && matches!(text.kind(index), Some(TokenKind::Word));
        if property {
            start = index;
        }
        if is_separator(text, index) || after_equals || part && text.is(index, "flow") {
            start = next;
        }
        index = next;
    }
    start
}

/// Where that one ends.
fn segment_end(site: &Site<'_, '_>, level: &Range<usize>, at: usize) -> usize {
    let text = site.text;
    let part = *level == site.range;
    let mut index = at;
    while index < level.end {
        let property = !part
            && index > at
            && text.is_first_on_line(index)
            && text.is(index + 1, ":")
            && matches!(text.kind(index), Some(TokenKind::Word));
        if is_separator(text, index) || property {
            return index;
        }
        index = site.brackets.skip(index);
    }
    level.end.max(at.min(level.end))
}
