//! A part of a file as recovery would have it: some tokens replaced, some added. Knows where each byte comes from, so
//! that the tree that is read from a draft has the places of the file.

use std::collections::BTreeMap;
use std::ops::Range;

use super::scan::Token;

/// What stands in a token's place, and what follows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Patch {
    /// None keeps the token; empty leaves it out.
    pub text: Option<String>,
    /// How many tokens beside its own the text stands for. What follows the last of them stays.
    pub more: usize,
    pub after: Option<String>,
}

/// The name that stands for what could not be read.
pub(super) const LEFT_OUT: &str = "left_out";

impl Patch {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// One text for so many tokens.
    pub(super) fn for_tokens(count: usize, text: impl Into<String>) -> Self {
        Self {
            more: count.saturating_sub(1),
            ..Self::text(text)
        }
    }

    pub(super) fn after(text: impl Into<String>) -> Self {
        Self {
            after: Some(text.into()),
            ..Self::default()
        }
    }
}

/// By the token's index.
pub(super) type Patches = BTreeMap<usize, Patch>;

/// Sets what `patch` says, and keeps the rest.
pub(super) fn set(patches: &mut Patches, token: usize, patch: Patch) {
    let entry = patches.entry(token).or_default();
    if patch.text.is_some() {
        entry.text = patch.text;
        entry.more = patch.more;
    }
    if patch.after.is_some() {
        entry.after = patch.after;
    }
}

/// Where the bytes of a draft come from. The default is a text that is its own draft.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<Part>);

#[derive(Clone, Copy, Debug)]
struct Part {
    /// Where it begins in the draft.
    at: u32,
    /// What it is or stands for in the file.
    start: u32,
    end: u32,
    kept: bool,
}

impl Places {
    /// Where something begins in the file that begins here in the draft.
    pub(super) fn start(&self, at: usize) -> usize {
        let after = self.0.partition_point(|part| part.at as usize <= at);
        let Some(part) = after.checked_sub(1).map(|index| self.0[index]) else {
            return self.0.first().map_or(at, |part| part.start as usize);
        };
        if part.kept {
            (part.start as usize + (at - part.at as usize)).min(part.end as usize)
        } else {
            part.start as usize
        }
    }

    /// Where something ends in the file that ends here in the draft.
    pub(super) fn end(&self, at: usize) -> usize {
        let after = self.0.partition_point(|part| (part.at as usize) < at);
        let Some(part) = after.checked_sub(1).map(|index| self.0[index]) else {
            return self.0.first().map_or(at, |part| part.start as usize);
        };
        if part.kept {
            (part.start as usize + (at - part.at as usize)).min(part.end as usize)
        } else {
            part.end as usize
        }
    }

    /// Whether a name of the draft stands for something that could not be read.
    pub(super) fn is_left_out(&self, at: usize, name: &str) -> bool {
        let after = self.0.partition_point(|part| part.at as usize <= at);
        let part = after.checked_sub(1).map(|index| self.0[index]);
        name == LEFT_OUT && part.is_some_and(|part| !part.kept)
    }
}

#[derive(Debug)]
pub(super) struct Draft {
    pub text: String,
    pub places: Places,
}

impl Draft {
    /// The draft of some tokens; where both say something, `over` holds.
    pub(super) fn new(
        source: &str,
        tokens: &[Token],
        range: Range<usize>,
        base: &Patches,
        over: &Patches,
    ) -> Self {
        let mut draft = Self {
            text: String::new(),
            places: Places::default(),
        };
        let index_of_last = range.end.saturating_sub(1);
        let (Some(first), Some(last)) = (tokens.get(range.start), tokens.get(index_of_last)) else {
            return draft;
        };
        let mut at = first.start;
        let mut merged: BTreeMap<usize, Patch> = base
            .range(range.clone())
            .map(|(index, patch)| (*index, patch.clone()))
            .collect();
        for (index, patch) in over.range(range) {
            set(&mut merged, *index, patch.clone());
        }
        let mut passed = 0;
        for (index, patch) in &merged {
            if *index < passed {
                continue;
            }
            let token = tokens[*index];
            let through = (index + patch.more).min(index_of_last);
            let end = tokens[through].end;
            match &patch.text {
                Some(text) => {
                    draft.keep(source, at, token.start);
                    draft.put(text, token.start, end, false);
                }
                None => draft.keep(source, at, end),
            }
            let after = merged.get(&through).and_then(|patch| patch.after.as_ref());
            if let Some(text) = after {
                draft.put(text, end, end, false);
            }
            at = end;
            passed = through + 1;
        }
        draft.keep(source, at, last.end);
        draft
    }

    fn keep(&mut self, source: &str, start: u32, end: u32) {
        if let Some(text) = source.get(start as usize..end as usize) {
            self.put(text, start, end, true);
        }
    }

    fn put(&mut self, text: &str, start: u32, end: u32, kept: bool) {
        if text.is_empty() && start == end {
            return;
        }
        self.places.0.push(Part {
            at: self.text.len() as u32,
            start,
            end,
            kept,
        });
        self.text.push_str(text);
    }
}
