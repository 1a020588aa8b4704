//! How names, strings, numbers and patterns are spelled in JSONata 2.0.6. Knows nothing of the program.

use std::fmt::Write;

use crate::ir::jsonata::is_function_name;

/// Whether an emitted variable or local may not have this name.
pub fn is_reserved(name: &str) -> bool {
    name == "states" || is_function_name(name)
}

/// A piece of a string: text of the author's, or a place that the deployment fills.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    /// The key of a substitution.
    Key(String),
}

/// A string literal.
pub fn quote(text: &str) -> String {
    quote_pieces(&[Piece::Text(text.to_owned())])
}

/// A string literal with `${key}` in it. What a deployment puts there needs no escape: see
/// [`parameter_pattern`](super::parameter_pattern).
pub(super) fn quote_pieces(pieces: &[Piece]) -> String {
    let has = |c: char| {
        pieces
            .iter()
            .any(|p| matches!(p, Piece::Text(text) if text.contains(c)))
    };
    // JSONata has no `\'`; double quotes cost a backslash each in JSON.
    let mark = if has('\'') && !has('"') { '"' } else { '\'' };
    let mut out = String::from(mark);
    for piece in pieces {
        match piece {
            Piece::Key(key) => {
                let _ = write!(out, "${{{key}}}");
            }
            Piece::Text(text) => escape(&mut out, text, mark),
        }
    }
    out.push(mark);
    out
}

fn escape(out: &mut String, text: &str, mark: char) {
    let mut before = '\0';
    for c in text.chars() {
        match (before, c) {
            // `${` would be taken for a substitution, `{%` and `%}` for an expression's ends.
            ('$', '{') => out.push_str("\\u007b"),
            ('{', '%') => out.push_str("\\u0025"),
            ('%', '}') => out.push_str("\\u007d"),
            (_, '\\') => out.push_str("\\\\"),
            (_, '\n') => out.push_str("\\n"),
            (_, '\r') => out.push_str("\\r"),
            (_, '\t') => out.push_str("\\t"),
            (_, c) if c == mark || c.is_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            (_, c) => out.push(c),
        }
        before = c;
    }
}

/// Whether a string can stand in the definition as it is: it is taken neither for an expression nor for a substitution.
pub fn is_plain(text: &str) -> bool {
    !(text.contains("{%") || text.contains("%}") || text.contains("${"))
}

/// Whether the pieces, joined in the definition, stay what they are whatever the deployment puts between them.
pub(super) fn are_plain(pieces: &[Piece]) -> bool {
    pieces.iter().enumerate().all(|(at, piece)| match piece {
        Piece::Key(_) => true,
        Piece::Text(text) => {
            let key_after = at + 1 < pieces.len();
            // A value may begin or end with `%`.
            is_plain(text)
                && !(key_after && text.ends_with('{'))
                && !(at > 0 && text.starts_with('}'))
        }
    })
}

/// The pieces as the definition shows them.
pub(super) fn join_pieces(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Key(key) => format!("${{{key}}}"),
        })
        .collect()
}

/// A member's name as a step of a path, behind the dot. None when JSONata cannot write it: it has a backtick.
pub fn step(name: &str) -> Option<String> {
    let plain = name
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(
            name,
            "and" | "or" | "in" | "true" | "false" | "null" | "function"
        );
    if plain {
        Some(name.to_owned())
    } else if name.contains('`') || !is_plain(name) || name.chars().any(char::is_control) {
        None
    } else {
        Some(format!("`{name}`"))
    }
}

/// A pattern between slashes. JSONata looks for the closing one by counting brackets and by a single look back for a
/// backslash, so both are made unambiguous.
pub(super) fn regex(source: &str) -> String {
    if source.is_empty() {
        return "/(?:)/".to_owned();
    }
    let mut out = String::from("/");
    let mut class = false;
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\\') | None => out.push_str("\\x5c"),
                Some(next) => {
                    out.extend(['\\', next]);
                    if matches!(next, 'p' | 'P' | 'u') && chars.peek() == Some(&'{') {
                        out.extend(chars.by_ref().take_while(|c| *c != '}'));
                        out.push('}');
                    }
                }
            },
            '/' => out.push_str("\\/"),
            '[' if !class => {
                class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            '(' | ')' | '{' | '}' | '[' if class => out.extend(['\\', c]),
            '{' => match repetition(chars.clone()) {
                Some(text) => {
                    chars.nth(text.len() - 2);
                    out.push_str(&text);
                }
                None => out.push_str("\\{"),
            },
            '}' => out.push_str("\\}"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('/');
    out
}

/// `{2}`, `{2,}`, `{2,3}`, when that is what follows the brace.
fn repetition(rest: impl Iterator<Item = char>) -> Option<String> {
    let mut text = String::from("{");
    for c in rest {
        match c {
            '0'..='9' => text.push(c),
            ',' if text.len() > 1 && !text.contains(',') => text.push(c),
            '}' if text.len() > 1 => {
                text.push('}');
                return Some(text);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_with_what_they_do_not_contain() {
        assert_eq!(quote("a\\b"), r"'a\\b'");
        assert_eq!(quote("it's"), r#""it's""#);
        assert_eq!(quote(r#"it's "x""#), r#"'it\u0027s "x"'"#);
        assert_eq!(quote("a\nb\u{1}"), r"'a\nb\u0001'");
    }

    #[test]
    fn text_never_looks_like_a_substitution_or_the_end_of_an_expression() {
        assert_eq!(quote("${a} {% b %}"), r"'$\u007ba} {\u0025 b %\u007d'");
        assert!(!is_plain("a ${b}"));
        assert!(!are_plain(&[
            Piece::Text("{".into()),
            Piece::Key("a".into()),
        ]));
    }

    #[test]
    fn steps_that_are_no_names_stand_in_backticks() {
        assert_eq!(step("a_1").as_deref(), Some("a_1"));
        assert_eq!(step("--dt").as_deref(), Some("`--dt`"));
        assert_eq!(step("and").as_deref(), Some("`and`"));
        assert_eq!(step("a`b"), None);
    }

    #[test]
    fn brackets_in_a_pattern_do_not_hide_its_end() {
        assert_eq!(regex("[(]a/b"), r"/[\(]a\/b/");
        assert_eq!(regex(r"\\(x)"), r"/\x5c(x)/");
        assert_eq!(regex(r"\d{2,3}${x}{%"), r"/\d{2,3}$\{x\}\{%/");
        assert_eq!(regex(""), "/(?:)/");
    }
}
