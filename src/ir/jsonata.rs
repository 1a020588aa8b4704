//! JSONata as text: what stands between the backticks of an escape, and in the expressions of a definition.
//!
//! Follows the tokenizer of JSONata 2.0.6, which Step Functions documents. Evaluates nothing.

/// A token and where it stands in the source, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'s> {
    pub kind: TokenKind,
    /// As written.
    pub text: &'s str,
    pub at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A field's name, in backticks or bare.
    Name,
    /// `$name`, `$` or `$$`.
    Variable,
    String,
    Number,
    /// `true`, `false`, `null`
    Constant,
    Regex,
    /// Operators and punctuation, `and`, `or` and `in` among them.
    Operator,
}

/// Why the text is no JSONata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub at: usize,
    pub message: String,
}

/// The names that JSONata and Step Functions give to functions, without `$`. No variable may have one of them.
const FUNCTIONS: &[&str] = &[
    "abs",
    "append",
    "assert",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "clone",
    "contains",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "each",
    "encodeUrl",
    "encodeUrlComponent",
    "error",
    "eval",
    "exists",
    "filter",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "map",
    "match",
    "max",
    "merge",
    "millis",
    "min",
    "not",
    "now",
    "number",
    "pad",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "random",
    "range",
    "reduce",
    "replace",
    "reverse",
    "round",
    "shuffle",
    "sift",
    "single",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "uuid",
    "zip",
];

/// Whether a function has this name, given without its `$`.
pub fn is_function_name(name: &str) -> bool {
    FUNCTIONS.binary_search(&name).is_ok()
}

/// The functions that Step Functions has, sorted, without `$`: all but `$eval`.
pub fn functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().copied().filter(|name| *name != "eval")
}

/// What can be said of a text without reading it as an expression: its tokens, its brackets, and that it does not stop short.
pub fn check(source: &str) -> Result<(), SyntaxError> {
    let tokens = tokens(source)?;
    let mut open: Vec<&Token> = Vec::new();
    for token in &tokens {
        if token.kind != TokenKind::Operator {
            continue;
        }
        let opening = match token.text {
            "(" | "[" | "{" => {
                open.push(token);
                continue;
            }
            ")" => "(",
            "]" => "[",
            "}" => "{",
            _ => continue,
        };
        if open.pop().is_none_or(|last| last.text != opening) {
            let message = format!("`{}` closes nothing that is open", token.text);
            return Err(error(token.at, message));
        }
    }
    if let Some(last) = open.last() {
        return Err(error(last.at, format!("`{}` is never closed", last.text)));
    }
    match tokens.last() {
        None => Err(error(0, "there is no expression")),
        Some(last) if wants_more(last) => Err(error(
            last.at,
            format!("nothing stands behind `{}`", last.text),
        )),
        Some(_) => Ok(()),
    }
}

/// Whether a token cannot be the last. `*`, `**` and `%` can: they select too.
fn wants_more(token: &Token) -> bool {
    token.kind == TokenKind::Operator && !matches!(token.text, ")" | "]" | "}" | "*" | "**" | "%")
}

const BLANKS: &str = " \t\n\r\u{b}";
const OPERATORS: &str = ".[]{}(),@#;:?+-*/%|=<>^&!~";
const PAIRS: [&str; 7] = ["..", ":=", "!=", ">=", "<=", "**", "~>"];

/// The tokens of an expression, without comments.
pub fn tokens(source: &str) -> Result<Vec<Token<'_>>, SyntaxError> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        if BLANKS.contains(c) {
            at += 1;
        } else if source[at..].starts_with("/*") {
            let length = source[at + 2..]
                .find("*/")
                .ok_or_else(|| error(at, "a comment has no end"))?;
            at += length + 4;
        } else {
            let (kind, length) = token(source, at, tokens.last())?;
            tokens.push(Token {
                kind,
                text: &source[at..at + length],
                at,
            });
            at += length;
        }
    }
    Ok(tokens)
}

fn token(
    source: &str,
    at: usize,
    before: Option<&Token>,
) -> Result<(TokenKind, usize), SyntaxError> {
    let rest = &source[at..];
    let first = rest.chars().next().unwrap_or_default();
    match first {
        '/' if !ends_operand(before) => return Ok((TokenKind::Regex, regex(rest, at)?)),
        '"' | '\'' => return Ok((TokenKind::String, string(rest, at, first)?)),
        '`' => {
            let length = rest[1..]
                .find('`')
                .ok_or_else(|| error(at, "a quoted name has no end"))?;
            return Ok((TokenKind::Name, length + 2));
        }
        _ => {}
    }
    if let Some(pair) = PAIRS.iter().find(|pair| rest.starts_with(**pair)) {
        return Ok((TokenKind::Operator, pair.len()));
    }
    if OPERATORS.contains(first) {
        return Ok((TokenKind::Operator, first.len_utf8()));
    }
    if let Some(length) = number(rest) {
        return Ok((TokenKind::Number, length));
    }
    let length = rest
        .find(|c| BLANKS.contains(c) || OPERATORS.contains(c))
        .unwrap_or(rest.len());
    let kind = match &rest[..length] {
        "and" | "or" | "in" => TokenKind::Operator,
        "true" | "false" | "null" => TokenKind::Constant,
        name if name.starts_with('$') => TokenKind::Variable,
        _ => TokenKind::Name,
    };
    Ok((kind, length))
}

/// Whether a `/` behind the token divides.
fn ends_operand(before: Option<&Token>) -> bool {
    before.is_some_and(|token| match token.kind {
        TokenKind::Operator => matches!(token.text, ")" | "]" | "}"),
        _ => true,
    })
}

fn string(rest: &str, at: usize, mark: char) -> Result<usize, SyntaxError> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((offset, c)) = chars.next() {
        if c == mark {
            return Ok(offset + 1);
        }
        if c == '\\' {
            match chars.next() {
                Some((_, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {}
                Some((offset, 'u')) => {
                    let digits = rest.get(offset + 1..offset + 5);
                    if !digits.is_some_and(|d| d.bytes().all(|b| b.is_ascii_hexdigit())) {
                        return Err(error(
                            at + offset,
                            "`\\u` stands before four hexadecimal digits",
                        ));
                    }
                    chars.nth(3);
                }
                Some((offset, other)) => {
                    return Err(error(
                        at + offset,
                        format!("`\\{other}` is no escape of JSONata"),
                    ));
                }
                None => break,
            }
        }
    }
    Err(error(at, "a string has no end"))
}

/// Brackets are counted, and a single backslash before one or before the slash is all that is looked at.
fn regex(rest: &str, at: usize) -> Result<usize, SyntaxError> {
    let mut depth = 0i32;
    let mut before = '/';
    for (offset, c) in rest.char_indices().skip(1) {
        if before != '\\' {
            match c {
                '/' if depth == 0 && offset == 1 => {
                    return Err(error(at, "a pattern is empty"));
                }
                '/' if depth == 0 => {
                    let flags = rest[offset + 1..]
                        .find(|c| c != 'i' && c != 'm')
                        .unwrap_or(rest.len() - offset - 1);
                    return Ok(offset + 1 + flags);
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
        before = c;
    }
    Err(error(at, "a pattern has no end"))
}

/// The length of a number without a sign.
fn number(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        bytes[from.min(bytes.len())..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut length = match bytes.first()? {
        b'0' => 1,
        b'1'..=b'9' => digits(0),
        _ => return None,
    };
    if bytes.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    Some(length)
}

fn error(at: usize, message: impl Into<String>) -> SyntaxError {
    SyntaxError {
        at,
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source)
            .unwrap()
            .into_iter()
            .map(|t| t.text)
            .collect()
    }

    #[test]
    fn names_end_at_operators_and_blanks() {
        assert_eq!(
            texts("$states.input.`a b`[x>1..2] /* c */ & 'it\\u0027s'"),
            [
                "$states",
                ".",
                "input",
                ".",
                "`a b`",
                "[",
                "x",
                ">",
                "1",
                "..",
                "2",
                "]",
                "&",
                "'it\\u0027s'"
            ]
        );
    }

    #[test]
    fn a_slash_divides_behind_an_operand_and_begins_a_pattern_elsewhere() {
        assert_eq!(texts("$a/2"), ["$a", "/", "2"]);
        assert_eq!(
            texts("$match($a, /[/]x\\/y/i)"),
            ["$match", "(", "$a", ",", "/[/]x\\/y/i", ")"]
        );
    }

    #[test]
    fn numbers_have_no_sign_and_no_open_point() {
        assert_eq!(texts("1.5e3-2.a"), ["1.5e3", "-", "2", ".", "a"]);
    }

    #[test]
    fn what_has_no_end_is_an_error() {
        for source in ["'abc", "`abc", "/abc", "/* abc", "'\\q'", "'\\u12'"] {
            assert!(tokens(source).is_err(), "{source}");
        }
    }

    #[test]
    fn functions_are_sorted() {
        assert!(FUNCTIONS.is_sorted());
        assert!(is_function_name("eval"));
        assert!(functions().all(|name| name != "eval"));
    }

    #[test]
    fn brackets_close_what_is_open_and_no_operator_stands_last() {
        for source in [
            "$sum(",
            "[1, 2",
            "(1]",
            "1)",
            "{'a': 1",
            "",
            "/* only */",
            "1 +",
            "$x and",
            "a.",
        ] {
            assert!(check(source).is_err(), "{source}");
        }
        for source in [
            "$sum([1, 2])",
            "a.*",
            "a.**",
            "a.%",
            "($x := 1; $x + 1)",
            "'(' & \"]\"",
            r"/\)/",
        ] {
            assert_eq!(check(source), Ok(()), "{source}");
        }
    }
}
