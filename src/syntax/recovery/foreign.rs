//! What is wrong with a token by itself: other languages' operators, quotes and comments, and what has no end.
//!
//! Each is told once and replaced in the draft by what was meant, so that the rest is read as if nothing were.

use std::collections::BTreeMap;

use super::text::Text;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::source::Span;
use crate::syntax::draft::{LEFT_OUT, Patch, Patches, set};
use crate::syntax::scan::{Flaw, FlawKind, Foreign, TokenKind, own_operator};

/// Of one kind of mistake, this many are told one by one; more are told together.
const FEW: usize = 3;

/// A text with more of them is no program, and is read up to there.
const MOST: usize = 1_000;

/// What was told of tokens.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub diagnostics: Vec<Diagnostic>,
    /// Tokens that are not what was meant.
    pub tokens: Vec<usize>,
    /// The places of what has no end: what else is wrong on their lines comes from that.
    pub places: Vec<Span>,
    /// Where the tokens end that were looked at: with so many mistakes before it, the rest is not read.
    pub end: usize,
}

/// Reports the flaws and the foreign tokens, and mends them in `patches`.
pub(super) fn tell(text: &Text<'_>, flaws: &[Flaw], patches: &mut Patches) -> Told {
    let mut told = Told {
        end: mend_strings(text, flaws, patches),
        ..Told::default()
    };
    tell_flaws(text, flaws, &mut told);
    let mut by_kind: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for (index, token) in text.tokens[..told.end].iter().enumerate() {
        let TokenKind::Foreign(kind) = token.kind else {
            continue;
        };
        if told.tokens.len() >= MOST {
            told.end = index;
            break;
        }
        told.tokens.push(index);
        let (mend, diagnostic) = describe(text, index, kind);
        set(patches, index, mend);
        if find_flaw(flaws, token.start).is_some() {
            continue;
        }
        let group = match kind {
            Foreign::Word => format!("word {}", text.word(index)),
            Foreign::Operator | Foreign::Character => format!("sign {}", text.word(index)),
            Foreign::Quoted => format!("quote {:?}", text.word(index).chars().next()),
            kind => format!("{kind:?}"),
        };
        by_kind.entry(group).or_default().push(diagnostic);
    }
    for (group, diagnostics) in by_kind {
        if group.starts_with("word ") || diagnostics.len() > FEW {
            told.diagnostics.extend(join(diagnostics));
        } else {
            told.diagnostics.extend(diagnostics);
        }
    }
    told
}

/// One message for one habit: the first place is told, all are mended.
fn join(diagnostics: Vec<Diagnostic>) -> Option<Diagnostic> {
    let more = diagnostics.len() - 1;
    let mut diagnostics = diagnostics.into_iter();
    let mut joined = diagnostics.next()?;
    if more == 0 {
        return Some(joined);
    }
    let places = if more == 1 { "place" } else { "places" };
    joined.message = format!("{}, here and in {more} more {places}", joined.message);
    for (number, next) in diagnostics.enumerate() {
        if number == 0 {
            joined = joined.also(next.primary.span, "the next one");
        }
        if let (Some(fix), Some(more)) = (&mut joined.fix, next.fix) {
            fix.edits.extend(more.edits);
            fix.safe &= more.safe;
        }
    }
    if let Some(fix) = &mut joined.fix {
        fix.title = format!("{}, everywhere", fix.title);
    }
    Some(joined)
}

fn tell_flaws(text: &Text<'_>, flaws: &[Flaw], told: &mut Told) {
    let mut last: Option<Span> = None;
    for flaw in &flaws[..flaws.len().min(MOST)] {
        let span = Span::new(text.file, flaw.start as usize, flaw.end as usize);
        told.places.push(span);
        let between =
            last.and_then(|last: Span| text.source.get(last.end as usize..span.start as usize));
        last = Some(span);
        // A second one on a line comes from the first.
        if between.is_some_and(|text| !text.contains(['\n', '\r'])) {
            continue;
        }
        told.diagnostics.push(describe_flaw(text, flaw, span));
    }
}

fn describe_flaw(text: &Text<'_>, flaw: &Flaw, span: Span) -> Diagnostic {
    let opened = text.source.get(span.range()).unwrap_or("");
    let assumed = Span::new(text.file, flaw.assumed as usize, flaw.assumed as usize);
    let insert = |mark: &str| Fix {
        title: format!("close it with `{mark}`"),
        edits: vec![Edit {
            span: assumed,
            text: mark.to_owned(),
        }],
        safe: false,
    };
    match flaw.kind {
        FlawKind::UnclosedString => {
            let mark = closing_quote(opened);
            let diagnostic =
                Diagnostic::new(Code::UnclosedString, span, "this string is never closed");
            match opened {
                "'" => diagnostic
                    .help("a string stands in double quotes; one of several lines in `\"\"\"`"),
                "\"" => diagnostic
                    .help("a string ends on its line; one of several lines stands in `\"\"\"`")
                    .fix(insert(mark)),
                _ => diagnostic.fix(insert(mark)),
            }
        }
        FlawKind::SmartEnd => {
            let quote = text.source[flaw.assumed as usize..]
                .chars()
                .next()
                .unwrap_or('”');
            let end = Span {
                end: flaw.assumed + quote.len_utf8() as u32,
                ..assumed
            };
            Diagnostic::new(
                Code::ForeignQuotes,
                end,
                format!("a string ends in `\"`, found the typographic `{quote}`"),
            )
            .also(span, "the string begins here")
            .replace(end, "\"", "write `\"`")
        }
        FlawKind::UnclosedComment => {
            Diagnostic::new(Code::UnclosedComment, span, "this comment is never closed")
                .help("end it with `*/`, or begin each of its lines with `//`")
        }
        FlawKind::UnclosedHole => Diagnostic::new(
            Code::UnclosedInterpolation,
            span,
            "this `{` begins an interpolation that is never closed",
        )
        .help("for a brace in the text write `{{`")
        .fix(insert("}")),
        FlawKind::BraceInText => {
            let close = Span::new(text.file, span.end as usize - 1, span.end as usize);
            Diagnostic::new(
                Code::UnclosedInterpolation,
                span,
                "braces in a string hold an expression, and this is none",
            )
            .fix(Fix {
                title: "double the braces, for braces in the text".to_owned(),
                edits: vec![
                    Edit {
                        span: span.before(),
                        text: "{".to_owned(),
                    },
                    Edit {
                        span: close.after(),
                        text: "}".to_owned(),
                    },
                ],
                safe: false,
            })
        }
        FlawKind::LoneBrace => Diagnostic::new(
            Code::UnclosedInterpolation,
            span,
            "this `}` in a string closes no interpolation",
        )
        .replace(span, "}}", "write `}}` for a brace in the text")
        .offered(),
    }
}

/// The flaw of what begins at a place; flaws are in order.
fn find_flaw(flaws: &[Flaw], start: u32) -> Option<&Flaw> {
    let at = flaws.binary_search_by_key(&start, |flaw| flaw.start).ok()?;
    flaws.get(at)
}

fn closing_quote(open: &str) -> &'static str {
    match open {
        "\"\"\"" => "\"\"\"",
        "jsonata`" => "`",
        _ => "\"",
    }
}

/// Gives strings their ends, and doubles the braces that are text. The index of the first token that was not looked at.
fn mend_strings(text: &Text<'_>, flaws: &[Flaw], patches: &mut Patches) -> usize {
    let mut open = Vec::new();
    for (index, token) in text.tokens.iter().enumerate() {
        if patches.len() >= MOST {
            return index;
        }
        match token.kind {
            TokenKind::OpenQuote => open.push(index),
            TokenKind::CloseQuote => {
                let quote = open.pop().map_or("\"", |open| text.word(open));
                if text.word(index) != quote {
                    set(patches, index, Patch::text(closing_quote(quote)));
                }
            }
            TokenKind::CloseHole if token.start == token.end => {
                set(patches, index, Patch::text("}"));
            }
            TokenKind::TextBrace => set(patches, index, Patch::text(text.word(index).repeat(2))),
            TokenKind::Verbatim => {
                if let Some(flaw) = find_flaw(flaws, token.start) {
                    let opened = text
                        .source
                        .get(flaw.start as usize..flaw.end as usize)
                        .unwrap_or("");
                    set(patches, index, Patch::after(closing_quote(opened)));
                }
            }
            _ => {}
        }
    }
    text.tokens.len()
}

fn describe(text: &Text<'_>, index: usize, kind: Foreign) -> (Patch, Diagnostic) {
    match kind {
        Foreign::Operator => operator(text, index),
        Foreign::Quoted => quoted(text, index),
        Foreign::Comment => comment(text, index),
        Foreign::CommentEnd => (
            Patch::text(""),
            Diagnostic::new(
                Code::UnclosedComment,
                text.span(index),
                "this `*/` ends no comment",
            )
            .replace(text.span(index), "", "leave it out"),
        ),
        Foreign::Blank => blank(text, index),
        Foreign::Word => word(text, index),
        Foreign::Dollar => dollar(text, index),
        Foreign::Character => character(text, index),
    }
}

fn operator(text: &Text<'_>, index: usize) -> (Patch, Diagnostic) {
    let span = text.span(index);
    let foreign = text.word(index);
    let own = own_operator(foreign).unwrap_or("");
    let diagnostic = |message: String| Diagnostic::new(Code::ForeignOperator, span, message);
    match foreign {
        "++" => (
            Patch::text(""),
            diagnostic("there is no `++`".to_owned())
                .help("write `set x = x + 1`; texts are joined by interpolation: `\"{a}{b}\"`"),
        ),
        "**" => (
            Patch::text("*"),
            diagnostic("there is no `**`".to_owned()).help("write `power(x, n)`"),
        ),
        "+=" | "-=" | "*=" => {
            let message = format!("there is no `{foreign}`");
            let diagnostic = diagnostic(message);
            let name = index.checked_sub(1).filter(|name| text.is_name(*name));
            let diagnostic = match name {
                Some(name) => {
                    let long = format!("= {} {}", text.word(name), &foreign[..1]);
                    let title = format!("write `{long} …`");
                    diagnostic.replace(span, long, title).offered()
                }
                None => diagnostic.help("write `set x = x + 1`"),
            };
            (Patch::text("="), diagnostic)
        }
        "=>" if is_arm(text, index) => (
            Patch::text(""),
            diagnostic("an arm has no arrow: it is `pattern { … }`".to_owned()).replace(
                span.to(text.span(index + 1).before()),
                "",
                "leave it out",
            ),
        ),
        "||" if in_type(text, index) => (
            Patch::text("|"),
            diagnostic("in a type, `||` is written `|`".to_owned()).replace(span, "|", "write `|`"),
        ),
        "?." => (
            Patch::text("."),
            diagnostic("a member that is not there is null: `?.` is `.`".to_owned()).replace(
                span,
                ".",
                "write `.`",
            ),
        ),
        _ => {
            let spaced = spaced(text, index, own);
            let comparison = foreign == "!" && compares(text, index);
            let diagnostic = diagnostic(format!("`{foreign}` is written `{own}`"));
            let default = foreign == "||"
                && matches!(
                    text.kind(index + 1),
                    Some(TokenKind::OpenQuote | TokenKind::Number | TokenKind::Open)
                );
            let diagnostic = if default {
                diagnostic.help("`or` is for bools; what stands in for null comes after `??`")
            } else {
                diagnostic
            };
            let diagnostic = if comparison {
                diagnostic.help("`not` covers the comparison that follows; use parentheses")
            } else {
                let diagnostic = diagnostic.replace(span, spaced.clone(), format!("write `{own}`"));
                if default {
                    diagnostic.offered()
                } else {
                    diagnostic
                }
            };
            (Patch::text(spaced), diagnostic)
        }
    }
}

/// Whether a type is written here: after the `:` of a parameter, or the `=` of a `type`.
fn in_type(text: &Text<'_>, index: usize) -> bool {
    let mut line = index;
    while line > 0 && index - line < 64 && !text.is_first_on_line(line) {
        line -= 1;
    }
    if !text.is_any(line, &["type", "param", "pipeline", "fn", "step"]) {
        return false;
    }
    let sign = (line..index)
        .rev()
        .find(|at| text.is(*at, "=") || text.is(*at, ":"));
    sign.is_some_and(|sign| text.is(sign, ":") || text.is(line, "type") && sign == line + 2)
}

/// `"A" => {`
fn is_arm(text: &Text<'_>, index: usize) -> bool {
    text.is(index + 1, "{")
        && index.checked_sub(1).is_some_and(|before| {
            text.is(before, "else")
                || matches!(
                    text.kind(before),
                    Some(TokenKind::CloseQuote | TokenKind::Number)
                )
        })
}

/// Whether what follows is compared with something, so that `not` reaches further than `!` does.
fn compares(text: &Text<'_>, index: usize) -> bool {
    let mut depth = 0usize;
    for at in index + 1..(index + 64).min(text.tokens.len()) {
        match text.kind(at) {
            Some(TokenKind::Open) => depth += 1,
            Some(TokenKind::Close) if depth == 0 => return false,
            Some(TokenKind::Close) => depth -= 1,
            Some(TokenKind::Sign | TokenKind::Word | TokenKind::Foreign(_)) if depth == 0 => {
                match text.word(at) {
                    "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "===" | "!==" => return true,
                    "." => {}
                    "and" | "or" | "&&" | "||" | "," | "->" | "then" => return false,
                    _ if text.is_first_on_line(at) && text.is_word(at) => return false,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    false
}

/// A word in a sign's place, apart from the words beside it.
fn spaced(text: &Text<'_>, index: usize, own: &str) -> String {
    if !own.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return own.to_owned();
    }
    let before = if text.touches_before(index) && index > 0 && text.ends_operand(index - 1) {
        " "
    } else {
        ""
    };
    let after = if text.touches_before(index + 1) {
        " "
    } else {
        ""
    };
    format!("{before}{own}{after}")
}

fn quoted(text: &Text<'_>, index: usize) -> (Patch, Diagnostic) {
    let span = text.span(index);
    let written = text.word(index);
    let mut characters = written.chars();
    let open = characters.next().unwrap_or('\'');
    let closed = characters
        .next_back()
        .is_some_and(|last| open != '\'' || last == '\'');
    let inner = if closed {
        characters.as_str()
    } else {
        &written[open.len_utf8()..]
    };
    let inner = if open == '`' {
        inner.replace("${", "{").replace('\n', "\\n")
    } else {
        inner.to_owned()
    };
    // What is text between these quotes would be an expression between double ones.
    let braces = match open {
        '\'' => inner.contains(['{', '}']),
        '`' => written.matches('{').count() != written.matches("${").count(),
        _ => false,
    };
    let own = format!("\"{}\"", with_own_quotes(&inner));
    let message = match open {
        '\'' => "a string stands in double quotes, found single ones",
        '`' => "a string stands in double quotes, found backticks",
        _ => "a string stands in plain double quotes, found typographic ones",
    };
    let fix = Fix {
        title: "write `\"…\"`".to_owned(),
        edits: vec![Edit {
            span,
            text: own.clone(),
        }],
        safe: !braces,
    };
    (
        Patch::text(own),
        Diagnostic::new(Code::ForeignQuotes, span, message).fix(fix),
    )
}

/// The text of a string in other quotes, with the escapes that double ones need.
fn with_own_quotes(inner: &str) -> String {
    let mut own = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some(quote @ ('\'' | '`')) => own.push(quote),
                Some(other) => own.extend(['\\', other]),
                None => own.push_str("\\\\"),
            },
            '"' => own.push_str("\\\""),
            c => own.push(c),
        }
    }
    own
}

fn comment(text: &Text<'_>, index: usize) -> (Patch, Diagnostic) {
    let span = text.span(index);
    let mark = if text.word(index).starts_with('#') {
        "#"
    } else {
        "--"
    };
    let marks = Span {
        end: span.start + mark.len() as u32,
        ..span
    };
    (
        Patch::text(""),
        Diagnostic::new(
            Code::ForeignComment,
            marks,
            format!("a comment begins with `//`, found `{mark}`"),
        )
        .replace(marks, "//", "write `//`"),
    )
}

fn blank(text: &Text<'_>, index: usize) -> (Patch, Diagnostic) {
    let span = text.span(index);
    let c = text.word(index).chars().next().unwrap_or('\u{a0}');
    let name = match c {
        '\u{a0}' | '\u{202f}' => "a no-break space",
        '\u{200b}'..='\u{200d}' | '\u{2060}' => "a character without width",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "a line separator",
        '\u{b}' | '\u{c}' => "a control character",
        _ => "a wide or thin space",
    };
    let own = if matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}') {
        ""
    } else {
        " "
    };
    let title = if own.is_empty() {
        "leave it out"
    } else {
        "write a space"
    };
    (
        Patch::text(own),
        Diagnostic::new(
            Code::StrayCharacter,
            span,
            format!("expected a space, found {name} (U+{:04X})", u32::from(c)),
        )
        .replace(span, own, title),
    )
}

fn word(text: &Text<'_>, index: usize) -> (Patch, Diagnostic) {
    let span = text.span(index);
    let written = text.word(index);
    // The same for each use, so that the names still fit.
    let mut own: String = written
        .chars()
        .map(|c| if c.is_ascii() { c } else { '_' })
        .collect();
    if own.starts_with(|c: char| c.is_ascii_digit()) {
        own.insert(0, '_');
    }
    (
        Patch::text(own),
        Diagnostic::new(
            Code::StrayCharacter,
            span,
            format!("`{written}` is no name"),
        )
        .help("a name is made of the letters `a` to `z` and `A` to `Z`, digits and `_`"),
    )
}

fn dollar(text: &Text<'_>, index: usize) -> (Patch, Diagnostic) {
    let span = text.span(index);
    let next = index + 1;
    let touches = text.touches_before(next);
    let diagnostic = |message: String| Diagnostic::new(Code::ForeignOperator, span, message);
    if touches && text.is_word(next) {
        let name = text.word(next);
        return (
            Patch::text(""),
            diagnostic(format!("a name stands without `$`: `{name}`")).replace(
                span,
                "",
                "leave it out",
            ),
        );
    }
    if touches && text.is(next, "{") {
        let mut close = next + 1;
        while text.is_word(close) || text.is(close, ".") {
            close += 1;
        }
        let diagnostic =
            diagnostic("outside of a string an expression stands by itself".to_owned());
        let diagnostic = if text.is(close, "}") && close > next + 1 {
            diagnostic.fix(Fix {
                title: "leave out `${` and `}`".to_owned(),
                edits: vec![
                    Edit {
                        span: text.spans(index, next),
                        text: String::new(),
                    },
                    Edit {
                        span: text.span(close),
                        text: String::new(),
                    },
                ],
                safe: true,
            })
        } else {
            diagnostic
        };
        return (Patch::text(""), diagnostic);
    }
    (
        Patch::text(LEFT_OUT),
        diagnostic("there is no `$`: every result has a name".to_owned())
            .help("name what it is of: a parameter, or `step.member` for a step's result"),
    )
}

fn character(text: &Text<'_>, index: usize) -> (Patch, Diagnostic) {
    let span = text.span(index);
    let written = text.word(index);
    let printable = written.chars().all(|c| !c.is_control());
    let name = match written.chars().next() {
        Some(c) if !printable => format!("the character U+{:04X}", u32::from(c)),
        _ => format!("`{written}`"),
    };
    let diagnostic = |message: String| Diagnostic::new(Code::StrayCharacter, span, message);
    let diagnostic = match written {
        ";" => diagnostic("nothing ends in `;`".to_owned()),
        "'" | "`" | "“" | "”" | "„" | "‘" | "’" | "«" | "»" => {
            return (
                Patch::text(""),
                Diagnostic::new(
                    Code::ForeignQuotes,
                    span,
                    format!("a string stands in double quotes, found {name}"),
                ),
            );
        }
        _ => diagnostic(format!("{name} means nothing here")),
    };
    (
        Patch::text(""),
        diagnostic.fix(Fix {
            title: "leave it out".to_owned(),
            edits: vec![Edit {
                span,
                text: String::new(),
            }],
            safe: written == ";",
        }),
    )
}
