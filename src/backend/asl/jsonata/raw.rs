//! The escape: JSONata of the author's own, its names replaced by what they stand for.

use super::code::{Code, Level};
use super::writer::{Writer, is_nullable};
use crate::ir::Expr;
use crate::ir::jsonata::{Token, TokenKind, tokens};
use crate::ir::types::Type;

impl Writer<'_> {
    pub(super) fn raw(&mut self, ty: &Type, text: &str, names: &[(String, Expr)]) -> Code {
        // Text without tokens has had its diagnostic.
        let tokens = tokens(text).unwrap_or_default();
        let mut assignments = String::new();
        let mut values: Vec<(&str, String)> = Vec::new();
        let mut entered = Vec::new();
        for (name, value) in names {
            if is_bound(&tokens, name) || !is_read(&tokens, name) {
                continue;
            }
            let code = self.value(value);
            // A value is computed once, and where the names of the escape do not reach.
            if path_root(&code.text).is_some_and(|root| !is_bound(&tokens, root)) {
                values.push((name, code.text));
                continue;
            }
            let bound = self.enter(name);
            assignments.push_str(&format!("{bound} := {}; ", code.text));
            values.push((name, bound.clone()));
            entered.push(bound);
        }
        let mut out = String::new();
        let mut at = 0;
        for (index, token) in tokens.iter().enumerate() {
            let Some(replacement) = replacement(&tokens, index, &values) else {
                continue;
            };
            out.push_str(&text[at..token.at]);
            out.push_str(&replacement);
            at = token.at + token.text.len();
        }
        out.push_str(&text[at..]);
        for name in &entered {
            self.leave(name);
        }
        let out = out.trim();
        let closed = is_constructor(&tokens);
        if !entered.is_empty() {
            return Code::new(format!("({assignments}{out})"), Level::Atom)
                .missing(!closed && is_nullable(ty));
        }
        Code::new(
            out,
            if closed || tokens.len() == 1 || is_group(&tokens) {
                Level::Atom
            } else {
                Level::Conditional
            },
        )
        .missing(!closed && is_nullable(ty))
    }
}

fn replacement(tokens: &[Token], index: usize, values: &[(&str, String)]) -> Option<String> {
    let token = &tokens[index];
    match token.kind {
        TokenKind::Variable => {
            let name = token.text.strip_prefix('$')?;
            if is_call(tokens, index) || is_binding(tokens, index) {
                return None;
            }
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some(value.clone())
        }
        // A substitution is looked for in strings and patterns too.
        TokenKind::String if token.text.contains("${") => {
            Some(token.text.replace("${", "$\\u007b"))
        }
        TokenKind::Regex if token.text.contains("${") => Some(token.text.replace("${", "$\\{")),
        _ => None,
    }
}

fn is_read(tokens: &[Token], name: &str) -> bool {
    tokens.iter().enumerate().any(|(index, token)| {
        token.kind == TokenKind::Variable
            && token.text.strip_prefix('$') == Some(name)
            && !is_call(tokens, index)
    })
}

fn is_call(tokens: &[Token], index: usize) -> bool {
    tokens.get(index + 1).is_some_and(|next| next.text == "(")
}

/// `$name := …`, or a parameter of a function: a name of the escape's own.
fn is_binding(tokens: &[Token], index: usize) -> bool {
    if tokens.get(index + 1).is_some_and(|next| next.text == ":=") {
        return true;
    }
    if index > 0 && matches!(tokens[index - 1].text, "@" | "#") {
        return true;
    }
    let mut before = index;
    while before > 0
        && (tokens[before - 1].kind == TokenKind::Variable || tokens[before - 1].text == ",")
    {
        before -= 1;
    }
    before > 1
        && tokens[before - 1].text == "("
        && matches!(tokens[before - 2].text, "function" | "λ")
}

/// Whether the escape gives the name, without `$`, a meaning of its own.
fn is_bound(tokens: &[Token], name: &str) -> bool {
    tokens.iter().enumerate().any(|(index, token)| {
        token.kind == TokenKind::Variable
            && token.text.strip_prefix('$') == Some(name)
            && is_binding(tokens, index)
    })
}

/// The variable, without `$`, of a text that is one, or members of one.
fn path_root(text: &str) -> Option<&str> {
    let path = text.strip_prefix('$')?;
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    path.split('.').all(plain).then(|| path.split('.').next())?
}

/// Whether the whole is one list or object, which is always there.
fn is_constructor(tokens: &[Token]) -> bool {
    is_between(tokens, "[", "]") || is_between(tokens, "{", "}")
}

fn is_group(tokens: &[Token]) -> bool {
    is_between(tokens, "(", ")")
}

fn is_between(tokens: &[Token], opening: &str, closing: &str) -> bool {
    if tokens.first().is_none_or(|token| token.text != opening) {
        return false;
    }
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        if token.kind == TokenKind::Operator {
            match token.text {
                "[" | "{" | "(" => depth += 1,
                "]" | "}" | ")" => depth -= 1,
                _ => {}
            }
        }
        if depth == 0 {
            return index + 1 == tokens.len() && token.text == closing;
        }
    }
    false
}
