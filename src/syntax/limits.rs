//! Caps on size and nesting, looked at before the parser sees the text: its stack and its time are then bounded. And
//! whether it is a text at all.

use super::scan::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Bytes. The largest generated template is 1 MB; no source comes near.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What stands inside of one another: brackets, interpolations, `else if`, `map … -> map`, unary operators.
const MAX_DEPTH: usize = 96;

/// Binary operators and accesses that hang on one another, those around the brackets counted too.
const MAX_OPERATORS: usize = 512;

/// The whole text is looked at only up to this size.
pub(super) fn check_size(file: FileId, text: &str) -> Option<Diagnostic> {
    (text.len() > MAX_BYTES).then(|| {
        Diagnostic::new(
            Code::SourceTooLarge,
            Span::new(file, 0, 0),
            format!(
                "the file has {} bytes, and {MAX_BYTES} is the most that is read",
                text.len()
            ),
        )
        .help("split it, and bring the parts together with `use`")
    })
}

/// Bytes that are no UTF-8 are read as U+FFFD; a file with one was written in another encoding, or has lost a character
/// on its way.
pub(super) fn check_encoding(file: FileId, text: &str) -> Option<Diagnostic> {
    let start = text.find(char::REPLACEMENT_CHARACTER)?;
    let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
    let diagnostic = Diagnostic::new(
        Code::NotText,
        Span::new(file, start, end),
        "this is not UTF-8 text",
    );
    Some(
        match text[end..].starts_with(char::REPLACEMENT_CHARACTER) && start == 0 {
            true => diagnostic.help("it looks like UTF-16; save the file as UTF-8"),
            false => diagnostic
                .help("save the file as UTF-8; if the character U+FFFD is meant, write `\\uFFFD`"),
        },
    )
}

/// What an open bracket, or the text outside of all, holds so far.
#[derive(Clone, Copy, Default)]
struct Level {
    /// `if` after `else`, `map` after `map`, `poll`, unary operators.
    chain: usize,
    /// Binary operators and accesses.
    operators: usize,
    /// In the head of a `map`, whose body comes after the arrow.
    in_map: bool,
}

/// The first token that goes over a cap.
pub(super) fn check_tokens(file: FileId, text: &str, tokens: &[Token]) -> Option<Diagnostic> {
    let mut levels = vec![Level::default()];
    let (mut chains, mut operators) = (0, 0);
    let mut before: Option<&Token> = None;
    for token in tokens {
        let (Some(level), Some(word)) = (
            levels.last_mut(),
            text.get(token.start as usize..token.end as usize),
        ) else {
            break;
        };
        let was = *level;
        match token.kind {
            TokenKind::Open | TokenKind::OpenHole
                if word == "[" && before.is_some_and(ends_operand) =>
            {
                level.operators += 1;
            }
            TokenKind::Sign => match word {
                "," => *level = Level::default(),
                ":" | "=" => level.operators = 0,
                "->" | "→" if level.in_map => {
                    level.in_map = false;
                    level.operators = 0;
                }
                "->" | "→" => *level = Level::default(),
                "-" if !before.is_some_and(ends_operand) => level.chain += 1,
                _ => level.operators += 1,
            },
            TokenKind::Word => match word {
                "use" | "param" | "let" | "fn" | "type" | "resource" | "step" | "pipeline"
                | "test" | "flow" | "set" | "retry" | "catch" | "finally" => {
                    *level = Level::default();
                }
                "and" | "or" | "in" => level.operators += 1,
                "not" | "poll" | "if" => level.chain += 1,
                "map" => {
                    level.chain += 1;
                    level.in_map = true;
                }
                _ => {}
            },
            TokenKind::Close if word == "}" => {
                levels.pop();
                // What it closed may have been the body.
                if let Some(level) = levels.last_mut() {
                    level.in_map = false;
                }
            }
            TokenKind::Close | TokenKind::CloseHole => {
                levels.pop();
            }
            _ => {}
        }
        if matches!(token.kind, TokenKind::Close | TokenKind::CloseHole) {
            chains = levels.iter().map(|l| l.chain).sum();
            operators = levels.iter().map(|l| l.operators).sum();
            if levels.is_empty() {
                levels.push(Level::default());
            }
        } else {
            let now = levels.last().copied().unwrap_or_default();
            chains = chains + now.chain - was.chain;
            operators = operators + now.operators - was.operators;
        }
        if matches!(token.kind, TokenKind::Open | TokenKind::OpenHole) {
            levels.push(Level::default());
        }
        if levels.len() - 1 + chains > MAX_DEPTH {
            return Some(too_deep(
                file,
                token,
                format!("this is nested more than {MAX_DEPTH} levels deep"),
            ));
        }
        if operators > MAX_OPERATORS {
            return Some(too_deep(
                file,
                token,
                format!("this expression has more than {MAX_OPERATORS} operators"),
            ));
        }
        before = Some(token);
    }
    None
}

/// What the parser says when its stack ends before a cap does.
pub(super) fn too_deep(file: FileId, token: &Token, message: String) -> Diagnostic {
    Diagnostic::new(
        Code::TooDeep,
        Span::new(file, token.start as usize, token.end as usize),
        message,
    )
    .help("give an inner part a name of its own: a `step`, a `let` or a `fn`")
}

/// Whether what comes next can be applied to what ends here.
fn ends_operand(token: &Token) -> bool {
    matches!(
        token.kind,
        TokenKind::Word
            | TokenKind::Number
            | TokenKind::Verbatim
            | TokenKind::CloseQuote
            | TokenKind::Close
    )
}
