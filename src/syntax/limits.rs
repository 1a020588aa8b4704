//! Caps on size and nesting, looked at before the parser sees the text: its stack and its time are then bounded.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Bytes. The largest generated template is 1 MB; no source comes near.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Brackets open at once.
const MAX_DEPTH: usize = 96;

/// Unary operators in a row.
const MAX_PREFIXES: usize = 96;

/// The first cap that the text goes over.
pub(super) fn check(file: FileId, text: &str) -> Option<Diagnostic> {
    if text.len() > MAX_BYTES {
        return Some(Diagnostic::new(
            Code::SourceTooLarge,
            Span::new(file, 0, 0),
            format!(
                "the file has {} bytes, and {MAX_BYTES} is the most that is read",
                text.len()
            ),
        ));
    }
    let mut depth = 0usize;
    let mut prefixes = 0usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(too_deep(file, at));
                }
                prefixes = 0;
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'-' if bytes.get(at + 1) != Some(&b'>') => prefixes += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            byte if word_starts(bytes, at, byte) => {
                let word = word_at(bytes, at);
                match word {
                    b"not" | b"if" | b"else" | b"map" | b"poll" => prefixes += 1,
                    _ => prefixes = 0,
                }
                at += word.len();
                if prefixes > MAX_PREFIXES {
                    return Some(too_deep(file, at));
                }
                continue;
            }
            _ => prefixes = 0,
        }
        if prefixes > MAX_PREFIXES {
            return Some(too_deep(file, at));
        }
        at += 1;
    }
    None
}

fn too_deep(file: FileId, at: usize) -> Diagnostic {
    Diagnostic::new(
        Code::TooDeep,
        Span::new(file, at, at + 1),
        format!("this is nested more than {MAX_DEPTH} levels deep"),
    )
    .help("give an inner part a name of its own: a `step`, a `let` or a `fn`")
}

fn word_starts(bytes: &[u8], at: usize, byte: u8) -> bool {
    (byte.is_ascii_alphabetic() || byte == b'_')
        && (at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_'))
}

fn word_at(bytes: &[u8], at: usize) -> &[u8] {
    let end = bytes[at..]
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))
        .map_or(bytes.len(), |length| at + length);
    &bytes[at..end]
}
