//! Problems in a program, as the stages report them.
//!
//! A diagnostic is built where the problem is found, in one expression; how it looks is `render`'s business.
//! Messages start lower case, name things in backticks, say the fact first and what to do after.

use crate::source::Span;

mod codes;
pub mod formats;
pub mod levels;
pub mod render;

pub use codes::Code;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Error,
    Warning,
}

/// A place that belongs to a diagnostic, and what is to say about it (may be empty).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// Replaces the text under `span`; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// A way out that a program can carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative: "write `dt`".
    pub title: String,
    pub edits: Vec<Edit>,
    /// True when it certainly keeps or restores the author's meaning, so that `check --fix` may apply it.
    pub safe: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    /// The place that is wrong, underlined.
    pub primary: Label,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// What else is known of it.
    pub notes: Vec<String>,
    /// What to do, where there is something to say.
    pub help: Vec<String>,
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A diagnostic of the code's own severity.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            secondary: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fix: None,
        }
    }

    /// The text beside the primary underline.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// A safe fix of one replacement.
    pub fn replace(self, span: Span, text: impl Into<String>, title: impl Into<String>) -> Self {
        self.fix(Fix {
            title: title.into(),
            edits: vec![Edit {
                span,
                text: text.into(),
            }],
            safe: true,
        })
    }

    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The fix is shown, and not applied by itself: it may not be what was meant.
    pub fn offered(mut self) -> Self {
        if let Some(fix) = &mut self.fix {
            fix.safe = false;
        }
        self
    }

    /// Puts the nearest name in the place of the one that was written.
    pub fn nearest(self, span: Span, written: &str, near: &str) -> Self {
        self.replace(span, near, format!("write `{near}`"))
            .guessed(written, near)
    }

    /// The fix puts `near` in the place of `written`, which no table says: it is applied by itself only where it can be
    /// nothing but a slip of the keyboard.
    pub fn guessed(self, written: &str, near: &str) -> Self {
        if is_slip(written, near) {
            self
        } else {
            self.offered()
        }
    }
}

/// Whether `written` is `near` but for its case and its `_`, for two neighbours that changed places, or for one letter
/// too many or too few inside of a word. Another letter, digit, beginning or ending makes another name: `orders` is not
/// `order`, nor `part_1` `part_2`.
fn is_slip(written: &str, near: &str) -> bool {
    let fold = |text: &str| -> String {
        let plain = text.chars().filter(|c| !matches!(c, '_' | '-'));
        plain.flat_map(char::to_lowercase).collect()
    };
    if fold(written) == fold(near) {
        return true;
    }
    let (written, near): (Vec<char>, Vec<char>) =
        (written.chars().collect(), near.chars().collect());
    let same = |a: &&char, b: &&char| a.to_lowercase().eq(b.to_lowercase());
    let equal = |(a, b): &(&char, &char)| same(a, b);
    let begin = written.iter().zip(&near).take_while(equal).count();
    let (a, b) = (&written[begin..], &near[begin..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(equal).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    match (a, b) {
        ([first, second], [third, fourth]) => {
            near.len() >= 4
                && same(&first, &fourth)
                && same(&second, &third)
                && [first, second].iter().all(|c| c.is_alphabetic())
        }
        ([letter], []) | ([], [letter]) => {
            let longer = if a.is_empty() { &near } else { &written };
            let before = begin.checked_sub(1).map(|at| longer[at]);
            let after = longer.get(begin + 1);
            // A capital begins the next word, unless all are capitals.
            let ends_word = |c: char| {
                !c.is_alphabetic() || c.is_uppercase() && longer.iter().any(|c| c.is_lowercase())
            };
            longer.len() >= 5
                && letter.is_alphabetic()
                && before.is_some_and(char::is_alphabetic)
                && after.is_some_and(|c| !ends_word(*c))
        }
        _ => false,
    }
}

/// The candidate nearest to `name`, if it is near enough to be what was meant, and no other is as near.
/// Compares without regard to case first, then by edit distance: what is offered may be put there, so it is a slip of the
/// keyboard that is looked for, and not another word.
pub fn find_nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = match name.chars().count() {
        // Of two letters any other name is one edit away.
        0..=2 => 0,
        3..=5 => 1,
        6..=13 => 2,
        _ => 3,
    };
    let name = lowercase(name);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&name, candidate, limit)?, candidate)))
        .collect();
    near.sort_unstable();
    let (best, nearest) = *near.first()?;
    let rivalled = near
        .iter()
        .any(|(distance, other)| *distance == best && !other.eq_ignore_ascii_case(nearest));
    (!rivalled).then_some(nearest)
}

/// Optimal string alignment distance (a swap of neighbours counts one), if at most `limit`.
fn distance(a: &[char], candidate: &str, limit: usize) -> Option<usize> {
    if a.len().abs_diff(candidate.chars().count()) > limit {
        return None;
    }
    let b: Vec<char> = lowercase(candidate);
    let width = b.len() + 1;
    // The row before the last, the last, and the one that is being filled.
    let mut rows = vec![0; 3 * width];
    let (before, rest) = rows.split_at_mut(width);
    let (above, row) = rest.split_at_mut(width);
    let (mut before, mut above, mut row) = (before, above, row);
    for (j, cell) in above.iter_mut().enumerate() {
        *cell = j;
    }
    for (i, x) in a.iter().enumerate() {
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let mut best = (above[j] + usize::from(x != y))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row[j + 1] = best;
        }
        (before, above, row) = (above, row, before);
    }
    above.last().copied().filter(|d| *d <= limit)
}

fn lowercase(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{find_nearest, is_slip};

    #[test]
    fn the_nearest_name_is_offered_when_no_other_is_as_near() {
        let names = ["orders_es", "orders_us", "sales"];
        assert_eq!(find_nearest("sale", names), Some("sales"));
        assert_eq!(find_nearest("SALES", names), Some("sales"));
        assert_eq!(find_nearest("orders_as", names), None);
        assert_eq!(find_nearest("customers", names), None);
        assert_eq!(find_nearest("runCrawler", ["getCrawler"]), None);
    }

    #[test]
    fn of_two_letters_only_the_case_may_differ() {
        assert_eq!(find_nearest("dt", ["ds", "x"]), None);
        assert_eq!(find_nearest("DT", ["dt", "x"]), Some("dt"));
    }

    #[test]
    fn a_slip_of_the_keyboard_is_told_from_another_name() {
        let slips = [
            ("ContentLenght", "ContentLength"),
            ("Argumens", "Arguments"),
            ("Mesage", "Message"),
            ("raw_bucket", "rawBucket"),
            ("SUCEEDED", "SUCCEEDED"),
            ("quaarantine", "quarantine"),
        ];
        for (written, near) in slips {
            assert!(is_slip(written, near), "{written} {near}");
        }
        let others = [
            ("orders", "order"),
            ("orders_in", "order_in"),
            ("OrdersCount", "OrderCount"),
            ("part_1", "part_2"),
            ("load_a", "load_b"),
            ("v12", "v21"),
            ("clean", "clear"),
            ("unload", "load"),
            ("COMPLETE", "COMPLETED"),
            ("StartTime", "StateTime"),
            ("a", ""),
        ];
        for (written, near) in others {
            assert!(!is_slip(written, near), "{written} {near}");
        }
    }

    #[test]
    fn two_spellings_of_one_name_are_no_rivals() {
        let names = ["DBInstanceIdentifier", "DbInstanceIdentifier"];
        assert!(find_nearest("DbInstanceIdentifer", names).is_some());
    }
}
