//! Text of which parts are known later: by the deployment, or by the run alone (`*`).
//!
//! A pattern is what a permission can say about a name. It never looks at expressions; [`trace`] does.

mod names;
pub mod trace;

use super::{Deploy, Part, VariableId};
use crate::catalog::resource::RefForm;

/// A part of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// Exactly this text; `*`, `?` and `$` in it are characters.
    Text(String),
    /// Known when the template is deployed.
    Deploy(Deploy),
    /// One of two texts, which the deployment decides.
    If(Box<Choice>),
    /// The label of the distributed map whose items this variable holds; whoever names the states knows it.
    Label(VariableId),
    /// The domain of the partition: `amazonaws.com`.
    UrlSuffix,
    /// A variable of IAM's policy language: `aws:userid`.
    Variable(String),
    /// Any one character.
    One,
    /// Any text, `/` and `:` included.
    Any,
}

/// A text that depends on what the deployment knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Choice {
    pub condition: Condition,
    pub then: Pattern,
    pub otherwise: Pattern,
}

/// A condition that the deployment can evaluate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Both texts are known to the deployment.
    Equal(Pattern, Pattern),
    Not(Box<Condition>),
    /// Two or more.
    All(Vec<Condition>),
    /// Two or more.
    AnyOf(Vec<Condition>),
}

/// Pieces in order; neighbouring texts are one piece, and so are neighbouring `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

impl Pattern {
    pub fn text(text: impl Into<String>) -> Self {
        let mut pattern = Self::default();
        pattern.push(Piece::Text(text.into()));
        pattern
    }

    /// Anything at all.
    pub fn any() -> Self {
        Self::from(Piece::Any)
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub fn push(&mut self, piece: Piece) {
        match (self.pieces.last_mut(), piece) {
            (_, Piece::Text(text)) if text.is_empty() => {}
            (Some(Piece::Text(last)), Piece::Text(text)) => last.push_str(&text),
            (Some(Piece::Any), Piece::Any) => {}
            (_, piece) => self.pieces.push(piece),
        }
    }

    /// As [`Pattern::push`], of a text that is only looked at.
    pub fn push_text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    /// As [`Pattern::push_text`]; `*` and `?` are wildcards.
    pub fn push_wildcards(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['*', '?']) {
            self.push_text(&rest[..at]);
            self.push(match rest.as_bytes()[at] {
                b'*' => Piece::Any,
                _ => Piece::One,
            });
            rest = &rest[at + 1..];
        }
        self.push_text(rest);
    }

    pub fn append(&mut self, other: Pattern) {
        for piece in other.pieces {
            self.push(piece);
        }
    }

    /// The author's bound: `*` and `?` in its texts are wildcards.
    pub fn with_wildcards(self) -> Self {
        let mut bound = Self::default();
        for piece in self.pieces {
            let Piece::Text(text) = piece else {
                bound.push(piece);
                continue;
            };
            bound.push_wildcards(&text);
        }
        bound
    }

    /// Whether it stands for one text, known when the template is deployed.
    pub fn is_exact(&self) -> bool {
        !self
            .pieces
            .iter()
            .any(|p| matches!(p, Piece::Any | Piece::One))
    }

    /// Whether nothing in it tells one name from another: no letter, no digit, nothing that the deployment fills.
    pub fn is_unbounded(&self) -> bool {
        !self.is_empty()
            && self.pieces.iter().all(|piece| match piece {
                Piece::Text(text) => !text.contains(char::is_alphanumeric),
                Piece::Deploy(_)
                | Piece::If(_)
                | Piece::Label(_)
                | Piece::Variable(_)
                | Piece::UrlSuffix => false,
                Piece::One | Piece::Any => true,
            })
            && !self.is_exact()
    }

    /// Whether it is an ARN rather than a name. What only the deployment knows counts as a name.
    pub fn is_arn(&self) -> bool {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text.starts_with("arn:"),
            Some(Piece::Deploy(
                Deploy::Resource(_, RefForm::Arn)
                | Deploy::Machine(_)
                | Deploy::StepRole(..)
                | Deploy::Part(_, Part::Role(_)),
            )) => true,
            Some(Piece::Deploy(Deploy::Attribute(_, name))) => name.ends_with("Arn"),
            Some(Piece::If(choice)) => choice.then.is_arn(),
            _ => false,
        }
    }

    /// The choice, when it is one and nothing else.
    pub fn as_choice(&self) -> Option<&Choice> {
        match self.pieces.as_slice() {
            [Piece::If(choice)] => Some(choice),
            _ => None,
        }
    }

    /// The two patterns that its first choice stands for.
    pub fn split_choice(&self) -> Option<(Pattern, Pattern)> {
        self.pieces.iter().enumerate().find_map(|(at, piece)| {
            let Piece::If(choice) = piece else {
                return None;
            };
            let with = |middle: &Pattern| {
                let mut whole = Pattern {
                    pieces: self.pieces[..at].to_vec(),
                };
                whole.append(middle.clone());
                for piece in &self.pieces[at + 1..] {
                    whole.push(piece.clone());
                }
                whole
            };
            Some((with(&choice.then), with(&choice.otherwise)))
        })
    }

    /// Whether it is one value of the deployment and nothing else.
    pub fn as_deploy(&self) -> Option<&Deploy> {
        match self.pieces.as_slice() {
            [Piece::Deploy(deploy)] => Some(deploy),
            _ => None,
        }
    }

    /// The text, when nothing but text is in it.
    pub fn as_text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What stands before and behind the first place where `separator` holds of a character of a text.
    pub fn split_once(&self, separator: impl Fn(char) -> bool) -> Option<(Pattern, Pattern)> {
        self.pieces.iter().enumerate().find_map(|(at, piece)| {
            let Piece::Text(text) = piece else {
                return None;
            };
            text.find(&separator).map(|i| self.cut(at, i))
        })
    }

    /// As [`Pattern::split_once`], at the last such place.
    pub fn rsplit_once(&self, separator: impl Fn(char) -> bool) -> Option<(Pattern, Pattern)> {
        self.pieces
            .iter()
            .enumerate()
            .rev()
            .find_map(|(at, piece)| {
                let Piece::Text(text) = piece else {
                    return None;
                };
                text.rfind(&separator).map(|i| self.cut(at, i))
            })
    }

    /// Cuts out the character at byte `i` of the piece `at`, which is a text.
    fn cut(&self, at: usize, i: usize) -> (Pattern, Pattern) {
        let mut before = Pattern {
            pieces: self.pieces[..at].to_vec(),
        };
        let mut after = Pattern::default();
        if let Piece::Text(text) = &self.pieces[at] {
            let width = text[i..].chars().next().map_or(0, char::len_utf8);
            before.push(Piece::Text(text[..i].to_owned()));
            after.push(Piece::Text(text[i + width..].to_owned()));
        }
        after.pieces.extend_from_slice(&self.pieces[at + 1..]);
        (before, after)
    }

    /// Without this text at its beginning; None when it begins otherwise.
    pub fn strip_prefix(&self, prefix: &str) -> Option<Pattern> {
        let Some(Piece::Text(text)) = self.pieces.first() else {
            return None;
        };
        let mut stripped = Pattern::text(text.strip_prefix(prefix)?);
        stripped.pieces.extend_from_slice(&self.pieces[1..]);
        Some(stripped)
    }

    /// Without this text at its end, if it ends so.
    pub fn trim_end(mut self, suffix: &str) -> Pattern {
        if let Some(Piece::Text(text)) = self.pieces.last_mut()
            && let Some(trimmed) = text.strip_suffix(suffix)
        {
            *text = trimmed.to_owned();
            if text.is_empty() {
                self.pieces.pop();
            }
        }
        self
    }

    /// Whether every text of `other` certainly is one of this pattern. What the deployment fills covers itself only.
    pub fn covers(&self, other: &Pattern) -> bool {
        if self.is_exact() {
            return self == other;
        }
        // Most pairs part early, at a text.
        let equal = std::iter::zip(&self.pieces, &other.pieces)
            .take_while(|(own, others)| own == others && **own != Piece::Any)
            .count();
        if let (Some(Piece::Text(own)), Some(Piece::Text(others))) =
            (self.pieces.get(equal), other.pieces.get(equal))
            && !others.starts_with(own.as_str())
        {
            return false;
        }
        matches(
            &atoms(&self.pieces[equal..]),
            &atoms(&other.pieces[equal..]),
            false,
        )
    }

    /// Whether some text can be one of both. What the deployment fills may be any text.
    pub fn overlaps(&self, other: &Pattern) -> bool {
        matches(&atoms(&self.pieces), &atoms(&other.pieces), true)
    }
}

impl From<Piece> for Pattern {
    fn from(piece: Piece) -> Self {
        let mut pattern = Self::default();
        pattern.push(piece);
        pattern
    }
}

impl From<Deploy> for Pattern {
    fn from(deploy: Deploy) -> Self {
        Self::from(Piece::Deploy(deploy))
    }
}

fn atoms(pieces: &[Piece]) -> Vec<Atom<'_>> {
    let mut atoms = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => atoms.extend(text.chars().map(Atom::Char)),
            Piece::Any => atoms.push(Atom::Any),
            Piece::One => atoms.push(Atom::One),
            piece => atoms.push(Atom::Late(piece)),
        }
    }
    atoms
}

#[derive(Clone, Copy, PartialEq)]
enum Atom<'a> {
    Char(char),
    One,
    Any,
    Late(&'a Piece),
}

/// Whether `a` covers `b`; or, with `either`, whether they overlap (then wildcards of `b` count too).
fn matches(a: &[Atom], b: &[Atom], either: bool) -> bool {
    // `reached[j]`: the atoms of `a` so far can match the first `j` of `b`.
    let mut reached = vec![false; b.len() + 1];
    reached[0] = true;
    let skips = |x: &Atom| matches!(x, Atom::Any) || either && matches!(x, Atom::Late(_));
    let spread = |reached: &mut Vec<bool>| {
        if either {
            for j in 0..b.len() {
                if reached[j] && skips(&b[j]) {
                    reached[j + 1] = true;
                }
            }
        }
    };
    spread(&mut reached);
    for x in a {
        let mut next = vec![false; b.len() + 1];
        if skips(x) {
            let mut any = false;
            for j in 0..=b.len() {
                any |= reached[j];
                next[j] = any;
            }
        } else {
            for j in 0..b.len() {
                let one = match (x, &b[j]) {
                    (_, y) if either && skips(y) => {
                        next[j] |= reached[j];
                        true
                    }
                    (Atom::One, Atom::Char(_) | Atom::One) => true,
                    (Atom::Char(_), Atom::One) => either,
                    (x, y) => *x == *y && *x != Atom::Any,
                };
                next[j + 1] |= one && reached[j];
            }
            next[b.len()] |= either && reached[b.len()] && b.last().is_some_and(skips);
        }
        reached = next;
        spread(&mut reached);
    }
    reached[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Pattern {
        Pattern::text(text).with_wildcards()
    }

    #[test]
    fn a_wider_pattern_covers_a_narrower_one() {
        for (a, b, covers) in [
            ("*", "", true),
            ("*", "a*b?", true),
            ("a*", "ab*", true),
            ("ab*", "a*", false),
            ("a?c", "abc", true),
            ("a?c", "a*c", false),
            ("a*c", "a?c", true),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*a*", "bab", true),
            ("*a*a", "a", false),
        ] {
            assert_eq!(glob(a).covers(&glob(b)), covers, "{a} covers {b}");
        }
    }

    #[test]
    fn patterns_overlap_when_one_text_is_in_both() {
        for (a, b, overlaps) in [
            ("clean-*", "*-sales", true),
            ("clean-*", "load-*", false),
            ("*", "x", true),
            ("a*", "b*", false),
            ("a?", "a", false),
            ("a?", "?b", true),
            ("ab*", "*", true),
            ("a*c", "abc", true),
            ("", "*", true),
            ("x", "", false),
        ] {
            assert_eq!(glob(a).overlaps(&glob(b)), overlaps, "{a} and {b}");
            assert_eq!(glob(b).overlaps(&glob(a)), overlaps, "{b} and {a}");
        }
    }

    #[test]
    fn a_wildcard_character_of_a_name_is_none() {
        assert!(!Pattern::text("a*").covers(&Pattern::text("ab")));
        assert!(Pattern::text("a*").is_exact());
    }

    #[test]
    fn a_deploy_time_part_covers_itself_alone() {
        let region = Pattern::from(Deploy::Region);
        assert!(region.covers(&region));
        assert!(!region.covers(&Pattern::text("eu-west-1")));
        assert!(region.overlaps(&Pattern::text("eu-west-1")));
    }

    #[test]
    fn punctuation_alone_bounds_nothing() {
        assert!(glob("*/*").is_unbounded());
        assert!(!glob("in/*").is_unbounded());
        assert!(!Pattern::text("/").is_unbounded());
    }

    #[test]
    fn a_pattern_splits_at_characters_of_its_texts() {
        let mut pattern = Pattern::text("arn:");
        pattern.push(Piece::Deploy(Deploy::Partition));
        pattern.push(Piece::Text(":s3:::bucket".into()));
        let (before, after) = pattern.rsplit_once(|c| c == ':').expect("it has a colon");
        assert_eq!(after, Pattern::text("bucket"));
        assert_eq!(before.pieces().len(), 3);
    }
}
