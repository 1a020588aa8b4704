//! Signs between things: `=`, `:`, `,`, `->`, parentheses.

use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::syntax::draft::{LEFT_OUT, Patch};
use crate::syntax::grammar::Rule;
use crate::syntax::recovery::site::{Mend, Site};
use crate::syntax::scan::TokenKind;

/// `let x: int = 3`, `fn f(x: int): int = x`
pub(super) fn type_of_let(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let first = site.range.start;
    let is_let = text.is(first, "let") && site.at == first + 2 && site.is(":");
    let is_fn = text.is(first, "fn") && (site.is(":") || site.is("->"));
    if !(is_let || is_fn) || !site.expects(Rule::equals) {
        return None;
    }
    let mut equals = site.at + 1;
    while equals < site.range.end && !text.is(equals, "=") {
        equals = site.brackets.skip(equals);
    }
    if equals >= site.range.end || equals == site.at + 1 {
        return None;
    }
    let span = text.spans(site.at, equals - 1);
    let word = text.word(first);
    let removed = text.span(site.at - 1).after().to(span);
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                span,
                format!("a `{word}` has no type of its own: it is that of its value"),
            )
            .replace(removed, "", "leave it out"),
            equals,
        )
        .drop(site.at..equals),
    )
}

/// `step a: f()`
pub(super) fn colon_for_equals(site: &Site<'_, '_>) -> Option<Mend> {
    if !site.is(":") && !site.is("==") || !site.expects(Rule::equals) {
        return None;
    }
    let found = site.word();
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, format!("expected `=`, found `{found}`"))
                .replace(site.span(), spaced_equals(site), "write `=`"),
            site.at,
        )
        .put(site.at, Patch::text("=")),
    )
}

/// `=`, with the blank before it that a colon has none of.
fn spaced_equals(site: &Site<'_, '_>) -> &'static str {
    if site.text.touches_before(site.at) {
        " ="
    } else {
        "="
    }
}

/// `f(Bucket = raw)`, `{ a = 1 }`
pub(super) fn equals_for_colon(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let inner = site.enclosing_bracket()?;
    let begins = [",", "(", "{", "..."]
        .iter()
        .any(|sign| before > 0 && text.is(before - 1, sign));
    if !site.is("=") || !site.expects(Rule::colon) || !begins || text.is(inner, "[") {
        return None;
    }
    // `name: type = default` has its colon already, and `name = default` lacks the type.
    if is_parameters(site, inner) {
        return None;
    }
    let blank = text.gap(site.at);
    let span = if blank.chars().all(|c| c == ' ') {
        text.span(before).after().to(site.span())
    } else {
        site.span()
    };
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, "expected `:`, found `=`")
                .replace(span, ":", "write `:`"),
            site.at,
        )
        .put(site.at, Patch::text(":")),
    )
}

fn is_parameters(site: &Site<'_, '_>, open: usize) -> bool {
    open >= 2
        && ["pipeline", "step", "fn"]
            .iter()
            .any(|word| site.text.is(open - 2, word))
}

/// `param env = "dev"`, `pipeline p(x)`
pub(super) fn missing_type(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let ends = site.at_end() || ["=", ",", ")"].iter().any(|sign| site.is(sign));
    if site.expected != [Rule::colon] || !ends || !text.is_name(before) {
        return None;
    }
    let name = text.word(before);
    let default = if site.is("=") {
        match text.kind(site.at + 1) {
            Some(TokenKind::OpenQuote) => Some("string"),
            Some(TokenKind::Number)
                if text.word(site.at + 1).bytes().all(|b| b.is_ascii_digit()) =>
            {
                Some("int")
            }
            Some(TokenKind::Word) if text.is_any(site.at + 1, &["true", "false"]) => Some("bool"),
            _ => None,
        }
    } else {
        None
    };
    let diagnostic = Diagnostic::new(
        Code::Syntax,
        text.span(before),
        format!("expected `:` and a type after `{name}`"),
    );
    let diagnostic = match default {
        Some(ty) => diagnostic.fix(Fix {
            title: format!("write `{name}: {ty}`"),
            edits: vec![Edit {
                span: text.span(before).after(),
                text: format!(": {ty}"),
            }],
            safe: false,
        }),
        None => diagnostic.help(format!(
            "write `{name}: string`, or another type; `any` takes everything"
        )),
    };
    Some(
        Mend::new(diagnostic, site.at.saturating_sub(1))
            .put(before, Patch::after(format!(": {LEFT_OUT}")))
            .sure(),
    )
}

/// `if x = 3 {`
pub(super) fn comparison(site: &Site<'_, '_>) -> Option<Mend> {
    if !site.is("=") || !site.expects(Rule::equal) {
        return None;
    }
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, "a comparison is written `==`, found `=`")
                .replace(site.span(), "==", "write `==`"),
            site.at,
        )
        .put(site.at, Patch::text("==")),
    )
}

/// `c ? a : b`
pub(super) fn ternary(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    if !site.is("?") || !site.expects_operator() {
        return None;
    }
    let limit = site.limit();
    let mut colon = site.at + 1;
    while colon < limit && !text.is(colon, ":") && !text.is(colon, "->") {
        colon = site.brackets.skip(colon);
    }
    if !text.is(colon, ":") {
        return None;
    }
    // The parts are read as operands of something, for what is wrong in them.
    Some(
        Mend::new(
            site.diagnostic(Code::ForeignOperator, "there is no `? :`")
                .help("write `if condition then a else b`"),
            colon,
        )
        .put(site.at, Patch::text("??"))
        .put(colon, Patch::text("??"))
        .sure(),
    )
}

/// `a -> -> b`, `a,, b`
pub(super) fn doubled(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let word = site.word();
    let same = text.word(before) == word || text.is(before, "→") && word == "->";
    let doubles = matches!(
        word,
        "->" | "→" | "," | "=" | ":" | "." | "|" | "and" | "or" | "in" | "flow" | "step" | "let"
    );
    if site.at_end() || !same || !doubles {
        return None;
    }
    let span = text.span(before).after().to(site.span());
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, format!("`{word}` stands twice"))
                .replace(span, "", "leave one out"),
            site.at,
        )
        .drop(site.at..site.at + 1),
    )
}

/// `flow a -> b ->`
pub(super) fn arrow_at_end(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let ends = site.at_end() || text.kind(site.at) == Some(TokenKind::Close);
    if !(text.is(before, "->") || text.is(before, "→")) || !ends || before == site.range.start {
        return None;
    }
    let span = text.span(before - 1).after().to(text.span(before));
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                text.span(before),
                format!("expected a stage after `->`, found {}", site.found()),
            )
            .replace(span, "", "leave the `->` out"),
            site.at.saturating_sub(1),
        )
        .drop(before..before + 1),
    )
}

/// `flow -> a`, `{ -> a }`
pub(super) fn arrow_at_start(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let starts = text.is(before, "flow") || text.is(before, "{");
    if !(site.is("->") || site.is("→")) || !starts {
        return None;
    }
    let span = site.span().to(text.span(site.at + 1).before());
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, "expected a stage before `->`")
                .replace(span, "", "leave the `->` out"),
            site.at,
        )
        .drop(site.at..site.at + 1),
    )
}

/// `pipeline p {`, `step a {`
pub(super) fn missing_parameters(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let found_brace = site.is("{") || site.at_end() && text.is(site.at, "{");
    let head = before == site.range.start + 1
        && ["pipeline", "step"]
            .iter()
            .any(|word| text.is(site.range.start, word));
    if !found_brace || !head || !site.expects(Rule::open_paren) {
        return None;
    }
    let name = text.word(before);
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                text.span(before),
                format!("expected `(` after `{name}`: parameters stand in parentheses, also when there are none"),
            )
            .replace(text.span(before).after(), "()", format!("write `{name}()`")),
            site.at.saturating_sub(1),
        )
        .put(before, Patch::after("()")),
    )
}

/// Whether a stage could begin at the place.
fn begins_stage(site: &Site<'_, '_>) -> bool {
    let text = site.text;
    !site.at_end()
        && text.is_word(site.at)
        && !text.is_continuation(site.at)
        && !text.is_any(
            site.at,
            &["and", "or", "not", "in", "true", "false", "null"],
        )
}

/// `flow a b`
pub(super) fn missing_arrow(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let after_map = site.expects(Rule::kw_distributed);
    if !site.expects(Rule::arrow) || !begins_stage(site) {
        return None;
    }
    let message = if after_map {
        "expected `->` and the stage of each item, or a block"
    } else {
        "expected `->` between two stages"
    };
    let insert = if text.is_first_on_line(site.at) {
        (site.span().before(), "-> ")
    } else {
        (text.span(before).after(), " ->")
    };
    Some(
        Mend::new(
            site.diagnostic(Code::MissingSeparator, message).replace(
                insert.0,
                insert.1,
                "write `->`",
            ),
            site.at,
        )
        .put(before, Patch::after(" ->")),
    )
}

/// `f(x: 1 y: 2)`, `[1 2]`
pub(super) fn missing_comma(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let begins = (text.begins_operand(site.at) || text.is_word(site.at) || site.is("..."))
        && !site.is("(")
        && !site.is("[");
    let ends = text.ends_operand(before) || text.is(before, "?") || text.is_word(before);
    if site.at_end() || !site.expects(Rule::comma) || !begins || !ends {
        return None;
    }
    let inner = site.enclosing_bracket()?;
    let what = match text.word(inner) {
        "(" if is_parameters(site, inner) => "parameters",
        "(" => "arguments",
        "[" => "elements",
        _ => "entries",
    };
    Some(
        Mend::new(
            site.diagnostic(
                Code::MissingSeparator,
                format!("expected `,` between two {what}"),
            )
            .replace(text.span(before).after(), ",", "write `,`"),
            site.at,
        )
        .put(before, Patch::after(","))
        .weak(),
    )
}

/// `{ a 1 }`, `f(Bucket "x")`
pub(super) fn missing_colon(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let begins = before > 0 && [",", "(", "{"].iter().any(|sign| text.is(before - 1, sign));
    let value = matches!(
        text.kind(site.at),
        Some(TokenKind::Number | TokenKind::OpenQuote | TokenKind::Verbatim)
    ) || site.expected == [Rule::colon] && text.begins_operand(site.at);
    if site.at_end() || !site.expects(Rule::colon) || !begins || !value || !text.is_word(before) {
        return None;
    }
    let name = text.word(before);
    Some(
        Mend::new(
            site.diagnostic(
                Code::MissingSeparator,
                format!("expected `:` after `{name}`"),
            )
            .replace(text.span(before).after(), ":", "write `:`"),
            site.at,
        )
        .put(before, Patch::after(":"))
        .weak(),
    )
}

/// A sign that must stand at the place, and does not: `step a f()`, `s3 headObject()`.
pub(super) fn missing_sign(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    if site.at_end() {
        return None;
    }
    let signs = [
        (Rule::equals, "="),
        (Rule::colon, ":"),
        (Rule::dot, "."),
        (Rule::kw_in, "in"),
        (Rule::kw_then, "then"),
        (Rule::kw_of, "of"),
        (Rule::kw_to, "to"),
    ];
    // What the parser could also read on with is not what is missing.
    let (_, sign) = signs.into_iter().find(|(rule, sign)| {
        site.expects(*rule)
            && (!site.expects_operator() || *sign == "then")
            && (*sign != "."
                || text.is_name(site.at) && text.is(site.at + 1, "(") && text.is_name(before))
            && (*sign != "=" || !site.expects_modifier())
    })?;
    let spaced = match sign {
        "." | ":" => sign.to_owned(),
        sign => format!(" {sign}"),
    };
    let after = site.found_at(before);
    Some(
        Mend::new(
            site.diagnostic(
                Code::MissingSeparator,
                format!("expected `{sign}` after {after}, found {}", site.found()),
            )
            .fix(Fix {
                title: format!("write `{sign}`"),
                edits: vec![Edit {
                    span: text.span(before).after(),
                    text: spaced.clone(),
                }],
                safe: sign == "=",
            }),
            site.at,
        )
        .put(before, Patch::after(format!("{spaced} ")))
        .weak(),
    )
}

/// `map xs -> s`, `on schedule "rate(1 day)"`
pub(super) fn missing_parentheses(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let only = site
        .expected
        .iter()
        .all(|rule| matches!(rule, Rule::open_paren | Rule::call_arguments));
    if !only || site.at_end() || !text.begins_operand(site.at) || site.is("(") || site.is("{") {
        return None;
    }
    let limit = site.limit();
    let mut end = site.at;
    while end < limit
        && !["->", "→", "{", ",", "with"]
            .iter()
            .any(|sign| text.is(end, sign))
        && !(end > site.at && text.is_continuation(end) && !text.is(end, "in"))
    {
        end = site.brackets.skip(end);
    }
    if end == site.at {
        return None;
    }
    let name = text.word(before);
    Some(
        Mend::new(
            site.diagnostic(
                Code::Syntax,
                format!("expected `(` after `{name}`, found {}", site.found()),
            )
            .fix(Fix {
                title: format!("write `{name}(…)`"),
                edits: vec![
                    Edit {
                        span: text.span(before).after().to(site.span().before()),
                        text: "(".to_owned(),
                    },
                    Edit {
                        span: text.span(end - 1).after(),
                        text: ")".to_owned(),
                    },
                ],
                safe: true,
            }),
            site.at,
        )
        .put(before, Patch::after("("))
        .put(end - 1, Patch::after(")")),
    )
}

/// `resource q: AWS.SQS.Queue`
pub(super) fn dots_in_type(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    if !site.expects(Rule::cfn_type) || !text.is_word(site.at) {
        return None;
    }
    let mut last = site.at;
    while [".", ":", "/"].iter().any(|sign| text.is(last + 1, sign)) && text.is_word(last + 2) {
        last += 2;
    }
    if last == site.at {
        return None;
    }
    let own: Vec<&str> = (site.at..=last)
        .step_by(2)
        .map(|at| text.word(at))
        .collect();
    let own = own.join("::");
    let span = text.spans(site.at, last);
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                span,
                format!("a resource's type is written with `::`: `{own}`"),
            )
            .replace(span, own.clone(), format!("write `{own}`")),
            last,
        )
        .drop(site.at + 1..last + 1)
        .put(site.at, Patch::text(own)),
    )
}
