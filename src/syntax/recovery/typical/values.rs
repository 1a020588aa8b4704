//! Numbers, durations, sizes and what is in strings.

use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::source::Span;
use crate::syntax::draft::{LEFT_OUT, Patch};
use crate::syntax::grammar::{self, Rule};
use crate::syntax::recovery::site::{Mend, Site};
use crate::syntax::scan::TokenKind;

/// A unit's word: what it is written as, and how many of that it is.
fn unit(word: &str) -> Option<(&'static str, u64)> {
    if word == "M" {
        return Some(("MB", 1));
    }
    Some(match word.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => ("s", 1),
        "m" | "min" | "mins" | "minute" | "minutes" => ("m", 1),
        "h" | "hr" | "hrs" | "hour" | "hours" => ("h", 1),
        "d" | "day" | "days" => ("d", 1),
        "w" | "week" | "weeks" => ("d", 7),
        "b" | "byte" | "bytes" => ("", 1),
        "k" | "kb" | "kib" | "kilobyte" | "kilobytes" => ("KB", 1),
        "mb" | "mib" | "megabyte" | "megabytes" => ("MB", 1),
        "g" | "gb" | "gib" | "gigabyte" | "gigabytes" => ("GB", 1),
        _ => return None,
    })
}

/// A count of a unit as it is written, if it comes out whole.
fn with_unit(count: &str, word: &str) -> Option<String> {
    let (own, times) = unit(word)?;
    if let Ok(count) = count.parse::<u64>() {
        return Some(format!("{}{own}", count.checked_mul(times)?));
    }
    let (smaller, each) = match own {
        "m" => ("s", 60.0),
        "h" => ("m", 60.0),
        "d" => ("h", 24.0),
        "GB" => ("MB", 1024.0),
        "MB" => ("KB", 1024.0),
        _ => return None,
    };
    let count = count.parse::<f64>().ok()? * times as f64 * each;
    let whole = count.fract() == 0.0 && (0.0..1e12).contains(&count);
    whole.then(|| format!("{}{smaller}", count as u64))
}

/// Whether a number, a duration or a size is written so.
fn is_well_formed(written: &str) -> bool {
    [Rule::number, Rule::duration, Rule::size]
        .iter()
        .any(|rule| {
            grammar::parse(*rule, written)
                .is_ok_and(|mut pairs| pairs.next().is_some_and(|pair| pair.as_str() == written))
        })
}

/// `1_000`, `007`, `0xff`, `1gb`, `1.5h`, `500ms`
pub(super) fn number(site: &Site<'_, '_>) -> Option<Mend> {
    let written = site.word();
    if site.text.kind(site.at) != Some(TokenKind::Number) || is_well_formed(written) {
        return None;
    }
    let letters = written.find(|c: char| !c.is_ascii_digit() && !matches!(c, '_' | '.'));
    let (digits, rest) = written.split_at(letters.unwrap_or(written.len()));
    let digits = digits.replace('_', "");
    let trimmed = match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        rest if rest.starts_with('.') => format!("0{rest}"),
        rest => rest.to_owned(),
    };
    let (message, own) =
        if let Some(hex) = written.strip_prefix("0x").or(written.strip_prefix("0X")) {
            let value = u64::from_str_radix(&hex.replace('_', ""), 16).ok();
            (
                "a number is written in decimal".to_owned(),
                value.map(|value| value.to_string()),
            )
        } else if let Some(binary) = written.strip_prefix("0b").or(written.strip_prefix("0o")) {
            let radix = if written.starts_with("0b") { 2 } else { 8 };
            let value = u64::from_str_radix(&binary.replace('_', ""), radix).ok();
            (
                "a number is written in decimal".to_owned(),
                value.map(|value| value.to_string()),
            )
        } else if rest.is_empty() && written.contains('_') {
            ("a number has no `_` in it".to_owned(), Some(trimmed))
        } else if rest.is_empty() && trimmed != digits {
            // In other languages it may be an octal one.
            ("a number does not begin with `0`".to_owned(), Some(trimmed))
        } else if rest.eq_ignore_ascii_case("ms") {
            ("a duration has whole seconds".to_owned(), None)
        } else if let Some(own) = with_unit(&trimmed, rest) {
            let kind = if unit(rest).is_some_and(|(unit, _)| unit.len() == 1) {
                "duration is written like `30s`, `5m`, `2h` or `1d`"
            } else {
                "size is written like `256KB`, `1MB` or `2GB`"
            };
            (format!("a {kind}"), Some(own))
        } else if written.contains('_') {
            ("a number has no `_` in it".to_owned(), None)
        } else {
            ("expected a number".to_owned(), None)
        };
    let diagnostic = site.diagnostic(
        Code::MalformedNumber,
        format!("{message}, found `{written}`"),
    );
    let diagnostic = match &own {
        Some(own) => {
            let diagnostic = diagnostic.replace(site.span(), own.clone(), format!("write `{own}`"));
            let octal = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
            if octal && rest.is_empty() {
                diagnostic.offered()
            } else {
                diagnostic
            }
        }
        None if rest.eq_ignore_ascii_case("ms") => diagnostic.help("`1s` is the shortest"),
        None => diagnostic
            .help("write digits, as in `1000` or `1.5`; durations are `5m`, sizes `256KB`"),
    };
    Some(
        Mend::new(diagnostic, site.at)
            .put(site.at, Patch::text(own.unwrap_or_else(|| "1".to_owned())))
            .sure(),
    )
}

/// `5 minutes`, `256 KB`
pub(super) fn unit_apart(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let unit_here = text.is_word(site.at) && !text.is(site.at + 1, ":");
    if !unit_here || text.kind(before) != Some(TokenKind::Number) {
        return None;
    }
    let (count, word) = (text.word(before), site.word());
    unit(word)?;
    let span = text.spans(before, site.at);
    let own = with_unit(count, word);
    let diagnostic = Diagnostic::new(
        Code::MalformedNumber,
        span,
        match unit(word) {
            Some((own, _)) if own.len() == 1 => {
                "a duration is written like `30s`, `5m`, `2h` or `1d`"
            }
            _ => "a size is written like `256KB`, `1MB` or `2GB`",
        },
    );
    let diagnostic = match &own {
        Some(own) => diagnostic.replace(span, own.clone(), format!("write `{own}`")),
        None => diagnostic,
    };
    let own = own.unwrap_or_else(|| count.to_owned());
    Some(
        Mend::new(diagnostic, site.at)
            .put(before, Patch::text(own))
            .put(site.at, Patch::text(""))
            .sure(),
    )
}

/// `5%` where no share is meant.
pub(super) fn percent(site: &Site<'_, '_>) -> Option<Mend> {
    let before = site.before()?;
    let share = |number: usize| site.text.kind(number) == Some(TokenKind::Number);
    let sign = if site.is("%") && share(before) {
        site.at
    } else if site.text.is(before, "%") && site.expects_expression() {
        before
    } else {
        return None;
    };
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                site.text.span(sign),
                "expected a number after `%`, which gives the remainder of a division",
            )
            .help("a share in percent stands after `tolerate`, `linear` and `canary` only: `tolerate 5%`"),
            site.at.saturating_sub(1),
        )
        .put(sign, Patch::text(""))
        .sure(),
    )
}

/// `.5`
pub(super) fn leading_dot(site: &Site<'_, '_>) -> Option<Mend> {
    let next = site.at + 1;
    if !site.is(".")
        || !site.expects_expression()
        || site.text.kind(next) != Some(TokenKind::Number)
        || !site.text.touches_before(next)
    {
        return None;
    }
    Some(
        Mend::new(
            Diagnostic::new(
                Code::MalformedNumber,
                site.text.spans(site.at, next),
                "a number begins with a digit",
            )
            .replace(
                site.span().before(),
                "0",
                format!("write `0.{}`", site.text.word(next)),
            ),
            next,
        )
        .put(site.at, Patch::text("0.")),
    )
}

/// `+5`
pub(super) fn sign_before_number(site: &Site<'_, '_>) -> Option<Mend> {
    if !site.is("+") || !site.expects_expression() {
        return None;
    }
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, "a number has no `+` before it")
                .replace(site.span(), "", "leave it out"),
            site.at,
        )
        .put(site.at, Patch::text("")),
    )
}

/// `"\d+"`
pub(super) fn escape(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    if text.kind(site.at) != Some(TokenKind::Text) {
        return None;
    }
    let token = text.span(site.at);
    let written = text.word(site.at);
    let mut own = String::with_capacity(written.len());
    let mut edits: Vec<Edit> = Vec::new();
    let mut at = 0;
    while at < written.len() {
        let rest = &written[at..];
        let length = match escape_length(rest) {
            Ok(length) => {
                own.push_str(&rest[..length]);
                length
            }
            Err(length) => {
                let start = token.start as usize + at;
                let meant = meant_by_escape(&rest[..length]);
                own.push_str(&meant);
                edits.push(Edit {
                    span: Span::new(text.file, start, start + length),
                    text: meant,
                });
                length
            }
        };
        at += length;
    }
    let first = edits.first()?.clone();
    let escape = text.source.get(first.span.range()).unwrap_or("\\");
    let diagnostic = Diagnostic::new(
        Code::UnknownEscape,
        first.span,
        format!("there is no escape `{escape}`"),
    )
    .fix(Fix {
        title: format!("write `{}`", first.text),
        edits,
        safe: matches!(escape, "\\'" | "\\`" | "\\$"),
    });
    let diagnostic = match escape {
        "\\u" => diagnostic.help("`\\u` is followed by four hexadecimal digits"),
        "\\{" | "\\}" => diagnostic.help("a brace in the text is written twice"),
        "\\d" | "\\w" | "\\s" | "\\." | "\\S" | "\\D" | "\\W" | "\\(" | "\\[" => {
            diagnostic.help("a pattern is written `re\"…\"`, and has no escapes of its own")
        }
        "\\'" | "\\`" | "\\$" => diagnostic,
        _ => diagnostic.help("text without escapes is written `r\"…\"`"),
    };
    Some(
        Mend::new(diagnostic, site.at)
            .put(site.at, Patch::text(own))
            .sure(),
    )
}

/// The bytes of the character or escape that a text begins with; an error when there is no such escape.
fn escape_length(text: &str) -> Result<usize, usize> {
    let mut characters = text.chars();
    let first = characters.next().map_or(1, char::len_utf8);
    if !text.starts_with('\\') {
        return Ok(first);
    }
    match characters.next() {
        Some('u') if text.get(2..6).is_some_and(is_hex) => Ok(6),
        Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Ok(2),
        second => Err(first + second.map_or(0, char::len_utf8)),
    }
}

fn meant_by_escape(escape: &str) -> String {
    match escape {
        "\\{" => "{{".to_owned(),
        "\\}" => "}}".to_owned(),
        "\\'" | "\\`" | "\\$" => escape[1..].to_owned(),
        _ => format!("\\{escape}"),
    }
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `"{}"`
pub(super) fn empty_interpolation(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    if text.kind(site.at) != Some(TokenKind::CloseHole)
        || text.kind(before) != Some(TokenKind::OpenHole)
    {
        return None;
    }
    let span = text.spans(before, site.at);
    Some(
        Mend::new(
            Diagnostic::new(
                Code::UnclosedInterpolation,
                span,
                "expected an expression between these braces",
            )
            .fix(Fix {
                title: "write `{{}}`, for braces in the text".to_owned(),
                edits: vec![Edit {
                    span,
                    text: "{{}}".to_owned(),
                }],
                safe: false,
            }),
            site.at,
        )
        .put(before, Patch::after(LEFT_OUT))
        .sure(),
    )
}

/// `r"…"` where text must be plain.
pub(super) fn spelling_of_string(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    if text.kind(site.at) != Some(TokenKind::Verbatim)
        || !site.expects_any(&[Rule::text, Rule::string])
        || site.expects_expression()
    {
        return None;
    }
    let written = site.word();
    let own = written
        .strip_prefix("r\"")
        .or_else(|| written.strip_prefix("re\""))
        .and_then(|inner| inner.strip_suffix('"'))
        .map(|inner| {
            let inner = inner.replace('\\', "\\\\");
            format!("\"{}\"", inner.replace('{', "{{").replace('}', "}}"))
        })?;
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, "expected a plain string `\"…\"`")
                .replace(site.span(), own.clone(), format!("write `{own}`")),
            site.at,
        )
        .put(site.at, Patch::text(own)),
    )
}
