//! `` jsonata`…` ``: the names of the program that the text reads.

use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::jsonata::{self, TokenKind};
use crate::ir::{Expr, ExprKind, Type};
use crate::resolve::expr::{Checker, invalid};
use crate::resolve::names::Found;
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn infer_jsonata(&mut self, text: &str, span: Span) -> Expr {
        if let Err(error) = jsonata::check(text) {
            // The text stands before the closing backtick.
            let start = span.end as usize - 1 - text.len() + error.at;
            let end = text[error.at..].chars().next().map_or(0, char::len_utf8);
            self.report(Diagnostic::new(
                Code::Syntax,
                Span::new(span.file, start, start + end),
                format!("this is no JSONata: {}", error.message),
            ));
            return invalid(span);
        }
        let read = Names::of(text);
        let mut names: Vec<(String, Expr)> = Vec::new();
        let mut broken = false;
        for name in read.called {
            let exists = jsonata::functions().any(|function| function == name);
            if !exists && !read.bound.contains(&name) {
                broken = true;
                self.report_unknown_jsonata(&name, span);
            }
        }
        for (name, at) in read.used {
            if name == "states" || names.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let span = place_of(&name, at, text, span);
            match self.names.find(&name, span) {
                Found::Value(value) => names.push((name, value)),
                Found::Reported => broken = true,
                // Bound somewhere in the text itself: by `:=`, as a parameter, by `@` or `#`.
                _ if read.bound.contains(&name) => {}
                // A function as a value: `$map(xs, $uppercase)`.
                Found::Missing(_) | Found::NoValue(_) if jsonata::is_function_name(&name) => {}
                Found::Root(_) | Found::NoValue(_) => {
                    broken = true;
                    self.report(Diagnostic::new(
                        Code::NoValue,
                        span,
                        format!("`{name}` is no value, and `${name}` reads it"),
                    ));
                }
                Found::Missing(candidates) => {
                    broken = true;
                    let diagnostic = Diagnostic::new(
                        Code::UnknownName,
                        span,
                        format!("there is no name `{name}` here that `${name}` could read"),
                    );
                    let near = find_nearest(&name, candidates.iter().map(String::as_str));
                    self.report(match near {
                        Some(near) => diagnostic
                            .replace(span, format!("${near}"), format!("write `${near}`"))
                            .guessed(&name, near),
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

    fn report_unknown_jsonata(&mut self, name: &str, span: Span) {
        let diagnostic = Diagnostic::new(
            Code::UnknownFunction,
            span,
            format!("Step Functions has no function `${name}`"),
        );
        let near = find_nearest(name, jsonata::functions());
        self.report(match near {
            Some(near) => diagnostic.help(format!("there is `${near}`")),
            None => diagnostic,
        });
    }
}

/// Where a name stands in the source, `at` being its place in the text between the backticks.
fn place_of(name: &str, at: usize, text: &str, literal: Span) -> Span {
    const OPENING: &str = "jsonata`";
    let written = (literal.end - literal.start) as usize;
    if written != OPENING.len() + text.len() + 1 {
        return literal;
    }
    let start = literal.start + (OPENING.len() + at) as u32;
    Span {
        start,
        end: start + 1 + name.len() as u32,
        ..literal
    }
}

/// The `$names` of a text, each with the place of its `$`: those that it reads, and those that it calls; and those that it
/// binds itself.
#[derive(Default)]
struct Names {
    used: Vec<(String, usize)>,
    called: Vec<String>,
    bound: Vec<String>,
}

impl Names {
    fn of(text: &str) -> Self {
        let tokens = jsonata::tokens(text).unwrap_or_default();
        let mut names = Self::default();
        let mut in_parameters = false;
        for (i, token) in tokens.iter().enumerate() {
            let text_at = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|t| t.text);
            let (before, after) = (text_at(i.checked_sub(1)), text_at(Some(i + 1)));
            match token.kind {
                TokenKind::Operator if token.text == "(" => {
                    in_parameters |= matches!(before, Some("function" | "λ"));
                }
                TokenKind::Operator if token.text == ")" => in_parameters = false,
                TokenKind::Variable => {
                    let name = token.text.trim_start_matches('$');
                    if name.is_empty() {
                        continue;
                    }
                    // `xs@$x` and `xs#$i` bind too.
                    let binds =
                        in_parameters || after == Some(":=") || matches!(before, Some("@" | "#"));
                    if binds {
                        names.bound.push(name.to_owned());
                    } else if after == Some("(") {
                        names.called.push(name.to_owned());
                    } else {
                        // Tokens are parts of the text.
                        let at = token.text.as_ptr() as usize - text.as_ptr() as usize;
                        names.used.push((name.to_owned(), at));
                    }
                }
                _ => {}
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    fn used(text: &str) -> Vec<String> {
        let names = Names::of(text);
        names.used.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn functions_strings_comments_and_patterns_hold_no_names() {
        assert_eq!(
            used(
                "$count($xs) & '$no' & \"$no\\\"$no\" /* $no */ & $replace($a, /$no/i, '') & $b / $c"
            ),
            ["xs", "a", "b", "c"]
        );
    }

    #[test]
    fn names_that_the_text_binds_are_told() {
        let text = "($t := $x; $map($xs, function($v, $i) { $v + $i + $t }))";
        assert_eq!(Names::of(text).bound, ["t", "v", "i"]);
        assert_eq!(used(text), ["x", "xs", "v", "i", "t"]);
    }

    #[test]
    fn dollar_alone_is_no_name() {
        assert_eq!(used("$x[$ > 1].$$"), ["x"]);
    }
}
