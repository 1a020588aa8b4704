//! String literals: escapes, interpolation, indentation.

use pest::iterators::Pair;

use super::{Builder, Children};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Expr, ExprKind, StringPart, Text};
use crate::syntax::grammar::Rule;

impl Builder<'_> {
    /// `text`: a string without expressions.
    pub(super) fn text(&mut self, pair: Pair<'_, Rule>) -> Text {
        let span = self.span(&pair);
        let string = Children::of(pair).need(Rule::string);
        let parts = self.string_parts(string);
        let mut text = String::new();
        for part in parts {
            match part {
                StringPart::Text(part) => text.push_str(&part),
                StringPart::Expr(expr) => self.report(
                    Diagnostic::new(
                        Code::Syntax,
                        expr.span,
                        "this string must be plain text: it is needed before any value is known",
                    )
                    .help("write `{{` for a brace"),
                ),
            }
        }
        Spanned::new(text, span)
    }

    pub(super) fn string(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        Expr {
            kind: ExprKind::String(self.string_parts(pair)),
            span,
        }
    }

    pub(super) fn string_parts(&mut self, pair: Pair<'_, Rule>) -> Vec<StringPart> {
        let mut children = Children::of(pair);
        let triple = children.any().as_rule() == Rule::open_triple;
        let mut parts = Vec::new();
        let mut text = String::new();
        while let Some(child) = children.next() {
            match child.as_rule() {
                Rule::quoted_text => text.push_str(child.as_str()),
                Rule::triple_text => text.push_str(&child.as_str().replace("\r\n", "\n")),
                Rule::double_brace => text.push_str(&child.as_str()[..1]),
                Rule::escape => self.escape(&child, &mut text),
                Rule::interpolation => {
                    if text.ends_with('$') {
                        self.warn_of_dollar(&child);
                    }
                    if !text.is_empty() {
                        parts.push(StringPart::Text(std::mem::take(&mut text)));
                    }
                    let hole = Children::of(child).rest(Rule::hole);
                    for hole in hole {
                        let expr = Children::of(hole).need(Rule::expr);
                        parts.push(StringPart::Expr(self.expr(expr)));
                    }
                }
                _ => {}
            }
        }
        if !text.is_empty() {
            parts.push(StringPart::Text(text));
        }
        if triple {
            remove_indentation(&mut parts);
        }
        parts
    }

    /// `"${name}"` is a dollar sign and a value.
    fn warn_of_dollar(&mut self, hole: &Pair<'_, Rule>) {
        let hole = self.span(hole);
        let dollar = Span {
            start: hole.start.saturating_sub(1),
            end: hole.start,
            ..hole
        };
        if self.text.get(dollar.range()) != Some("$") {
            return;
        }
        self.report(
            Diagnostic::new(
                Code::DollarInterpolation,
                dollar,
                "this `$` stands before the value: an interpolation is `{…}`, without it",
            )
            .help("if a dollar sign is meant, write it as `\\u0024`")
            .fix(Fix {
                title: "leave it out".to_owned(),
                edits: vec![Edit {
                    span: dollar,
                    text: String::new(),
                }],
                safe: false,
            }),
        );
    }

    fn escape(&mut self, pair: &Pair<'_, Rule>, text: &mut String) {
        let escape = &pair.as_str()[1..];
        let letter = match escape.as_bytes().first() {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = u16::from_str_radix(&escape[1..], 16).unwrap_or(0xFFFD);
                return self.unicode_escape(pair, unit, text);
            }
            _ => escape.chars().next().unwrap_or('\\'),
        };
        text.push(letter);
    }

    /// `\uD83D\uDE00`: a pair of surrogates is one character; half a pair is none.
    fn unicode_escape(&mut self, pair: &Pair<'_, Rule>, unit: u16, text: &mut String) {
        let before = pair.as_span().start();
        // The parser's own text: places are those of its pairs.
        let source = pair.get_input();
        let is_high = |unit: u16| (0xD800..0xDC00).contains(&unit);
        let is_low = |unit: u16| (0xDC00..0xE000).contains(&unit);
        let unit_at = |start: usize| {
            let escape = source.get(start..start + 6)?;
            u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
        };
        if is_low(unit) {
            let high = before
                .checked_sub(6)
                .and_then(unit_at)
                .filter(|u| is_high(*u));
            if let Some(high) = high {
                text.extend(char::decode_utf16([high, unit]).filter_map(Result::ok));
                return;
            }
        } else if is_high(unit) {
            if unit_at(before + 6).is_some_and(is_low) {
                return;
            }
        } else {
            text.extend(char::decode_utf16([unit]).filter_map(Result::ok));
            return;
        }
        let span = self.span(pair);
        self.report(
            Diagnostic::new(
                Code::Syntax,
                span,
                format!("`{}` is half of a character", pair.as_str()),
            )
            .help("write both halves, or the character itself"),
        );
    }
}

/// Of a `"""` string: drops a first line that is blank, the common indentation, and the blanks before the end mark.
fn remove_indentation(parts: &mut Vec<StringPart>) {
    if let Some(StringPart::Text(first)) = parts.first_mut()
        && let Some(newline) = first.find('\n')
        && first[..newline].trim().is_empty()
    {
        first.drain(..=newline);
        let indentation = common_indentation(parts);
        let mut line_start = true;
        for part in parts.iter_mut() {
            match part {
                StringPart::Text(text) => {
                    *text = without_indentation(text, indentation, line_start);
                    line_start = false;
                }
                StringPart::Expr(_) => line_start = false,
            }
        }
    }
    if let Some(StringPart::Text(last)) = parts.last_mut()
        && let Some(newline) = last.rfind('\n')
        && last[newline..].trim().is_empty()
    {
        last.truncate(newline);
    }
    parts.retain(|part| !matches!(part, StringPart::Text(text) if text.is_empty()));
}

/// The least indentation of the lines that are not blank.
fn common_indentation(parts: &[StringPart]) -> usize {
    let mut least: Option<usize> = None;
    let mut line_start = true;
    for (index, part) in parts.iter().enumerate() {
        let StringPart::Text(text) = part else {
            if line_start {
                least = Some(0);
            }
            line_start = false;
            continue;
        };
        let lines: Vec<&str> = text.split('\n').collect();
        for (number, line) in lines.iter().enumerate() {
            let starts = number > 0 || line_start;
            let goes_on = number + 1 == lines.len() && index + 1 < parts.len();
            let blank = line.trim().is_empty();
            if starts && (!blank || goes_on) {
                let width = line.len() - line.trim_start_matches([' ', '\t']).len();
                least = Some(least.map_or(width, |l| l.min(width)));
            }
        }
        line_start = false;
    }
    least.unwrap_or(0)
}

fn without_indentation(text: &str, indentation: usize, mut line_start: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
            line_start = true;
        }
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        let cut = if line_start {
            indentation.min(blanks)
        } else {
            0
        };
        out.push_str(&line[cut..]);
    }
    out
}
