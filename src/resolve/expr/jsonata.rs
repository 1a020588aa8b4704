//! `` jsonata`…` ``: the names of the program that the text reads.

use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{Expr, ExprKind, Type};
use crate::resolve::expr::{Checker, invalid};
use crate::resolve::names::Found;
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn infer_jsonata(&mut self, text: &str, span: Span) -> Expr {
        let read = Names::of(text);
        let mut names: Vec<(String, Expr)> = Vec::new();
        let mut broken = false;
        for name in read.used {
            if name == "states" || names.iter().any(|(known, _)| *known == name) {
                continue;
            }
            match self.names.find(&name, span) {
                Found::Value(value) => names.push((name, value)),
                Found::Reported => broken = true,
                // Bound somewhere in the text itself: by `:=`, as a parameter, by `@` or `#`.
                _ if read.bound.contains(&name) => {}
                Found::Root(_) | Found::NoValue(_) => {
                    broken = true;
                    self.report(Diagnostic::new(
                        Code::NoValue,
                        span,
                        format!("`{name}` is no value, and `${name}` in the text reads it"),
                    ));
                }
                Found::Missing(candidates) => {
                    broken = true;
                    let diagnostic = Diagnostic::new(
                        Code::UnknownName,
                        span,
                        format!(
                            "there is no name `{name}` here, and `${name}` in the text reads it"
                        ),
                    );
                    let near = find_nearest(&name, candidates.iter().map(String::as_str));
                    self.report(match near {
                        Some(near) => diagnostic.help(format!("there is `${near}`")),
                        None => diagnostic,
                    });
                }
            }
        }
        if broken {
            return invalid(span);
        }
        let kind = ExprKind::Jsonata {
            text: text.to_owned(),
            names,
        };
        self.build(kind, Type::Any, span)
    }
}

/// The `$names` of a text: those that it reads, and those that it binds itself.
struct Names {
    used: Vec<String>,
    bound: Vec<String>,
}

impl Names {
    fn of(text: &str) -> Self {
        let mut names = Self {
            used: Vec::new(),
            bound: Vec::new(),
        };
        let mut rest = text;
        let mut after_operand = false;
        let mut params = false;
        while let Some(c) = rest.chars().next() {
            let tail = &rest[c.len_utf8()..];
            match c {
                '"' | '\'' => {
                    rest = skip_quoted(tail, c);
                    after_operand = true;
                }
                '/' if tail.starts_with('*') => {
                    rest = tail.split_once("*/").map_or("", |(_, rest)| rest);
                }
                '/' if !after_operand => {
                    rest = skip_quoted(tail, '/').trim_start_matches(['i', 'm']);
                    after_operand = true;
                }
                '$' => {
                    let end = tail
                        .find(|c: char| !c.is_alphanumeric() && c != '_')
                        .unwrap_or(tail.len());
                    let (name, tail) = tail.split_at(end);
                    rest = tail;
                    after_operand = true;
                    let next = tail.trim_start();
                    if name.is_empty() {
                        continue;
                    }
                    if params || next.starts_with(":=") {
                        names.bound.push(name.to_owned());
                    } else if !next.starts_with('(') {
                        names.used.push(name.to_owned());
                    }
                }
                '@' | '#' => {
                    // `xs@$x` and `xs#$i` bind.
                    let name = tail.trim_start().strip_prefix('$').unwrap_or("");
                    let end = name
                        .find(|c: char| !c.is_alphanumeric() && c != '_')
                        .unwrap_or(name.len());
                    if end > 0 {
                        names.bound.push(name[..end].to_owned());
                    }
                    rest = tail;
                }
                c if c.is_alphabetic() || c == '_' => {
                    let end = rest
                        .find(|c: char| !c.is_alphanumeric() && c != '_')
                        .unwrap_or(rest.len());
                    let (word, tail) = rest.split_at(end);
                    rest = tail;
                    params = matches!(word, "function" | "λ");
                    after_operand = !matches!(word, "and" | "or" | "in");
                }
                _ => {
                    if c == ')' {
                        params = false;
                    }
                    if !c.is_whitespace() {
                        after_operand = matches!(c, ')' | ']' | '}' | '`') || c.is_numeric();
                    }
                    rest = tail;
                }
            }
        }
        names
    }
}

/// What follows the closing quote.
fn skip_quoted(text: &str, quote: char) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return &text[at + c.len_utf8()..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn functions_strings_comments_and_patterns_hold_no_names() {
        let names = Names::of(
            "$count($xs) & '$no' & \"$no\\\"$no\" /* $no */ & $replace($a, /$no/i, '') & $b / $c",
        );
        assert_eq!(names.used, ["xs", "a", "b", "c"]);
    }

    #[test]
    fn names_that_the_text_binds_are_told() {
        let names = Names::of("($t := $x; $map($xs, function($v, $i) { $v + $i + $t }))");
        assert_eq!(names.bound, ["t", "v", "i"]);
        assert_eq!(names.used, ["x", "xs", "v", "i", "t"]);
    }

    #[test]
    fn dollar_alone_is_no_name() {
        assert_eq!(Names::of("$x[$ > 1].$$").used, ["x"]);
    }
}
