//! Stages, their blocks and their modifiers.

use super::starts::is_modifier_word;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, find_nearest};
use crate::syntax::draft::{LEFT_OUT, Patch};
use crate::syntax::foreign_words::{self, Place};
use crate::syntax::grammar::Rule;
use crate::syntax::recovery::site::{Mend, Site};
use crate::syntax::recovery::text::is_reserved;
use crate::syntax::scan::TokenKind;

/// `f() as j`
pub(super) fn name_after_stage(site: &Site<'_, '_>) -> Option<Mend> {
    let (text, name) = (site.text, site.at + 1);
    if !text.is(site.at, "as") || site.at_end() || !text.is_word(name) {
        return None;
    }
    let diagnostic = Diagnostic::new(
        Code::ForeignWord,
        text.spans(site.at, name),
        "a result has its name in front",
    )
    .help(format!(
        "write `{} = …` where the stage begins",
        text.word(name)
    ));
    Some(
        Mend::new(diagnostic, name)
            .drop(site.at..name + 1)
            .put(site.at, Patch::text(""))
            .sure(),
    )
}

/// `loop while ready { … }`
pub(super) fn loop_with_condition(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    if !text.is(before, "loop") || !site.is("while") {
        return None;
    }
    let span = text.span(before).to(text.span(site.at).before());
    Some(
        Mend::new(
            Diagnostic::new(
                Code::ForeignWord,
                text.spans(before, site.at),
                "`loop while` is written `while`",
            )
            .replace(span, "", "leave out `loop`"),
            site.at,
        )
        .put(before, Patch::text(""))
        .sure(),
    )
}

/// `elif`, `except`, `is`, `case`
pub(super) fn foreign_word_here(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    if !text.is_word(site.at) || site.at_end() {
        return None;
    }
    let word = site.word();
    if word == "not" && text.is(site.at + 1, "in") && site.expects_operator() {
        return Some(
            Mend::new(
                Diagnostic::new(
                    Code::ForeignWord,
                    text.spans(site.at, site.at + 1),
                    "there is no `not in`",
                )
                .help("write `not (a in b)`"),
                site.at + 1,
            )
            .put(site.at, Patch::text(""))
            .sure(),
        );
    }
    let places: &[Place] = if site.expects_any(&[Rule::arm, Rule::pattern]) {
        &[Place::Arm]
    } else if site.expects_operator() {
        &[Place::Operator, Place::Modifier]
    } else {
        &[Place::Modifier]
    };
    let foreign = places
        .iter()
        .find_map(|place| foreign_words::find(word, *place))?;
    let negated = foreign.own == "==" && text.is(site.at + 1, "not");
    let (last, own) = if negated {
        (site.at + 1, "!=")
    } else {
        (site.at, foreign.own)
    };
    let span = text.spans(site.at, last);
    let diagnostic = if negated {
        Diagnostic::new(Code::ForeignWord, span, "`is not` is written `!=`")
    } else {
        foreign.describe(span)
    };
    let title = if own.is_empty() {
        "leave it out".to_owned()
    } else {
        format!("write `{own}`")
    };
    Some(
        Mend::new(diagnostic.replace(span, own, title), last)
            .drop(site.at..last + 1)
            .put(site.at, Patch::text(own)),
    )
}

/// `throw X`, `sleep 5s`, `for x in xs`: what follows the word does not fit.
pub(super) fn foreign_word_before(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let here = (site.word() == "for" && site.expects(Rule::stage)).then_some(site.at);
    let word = here.or(site.before())?;
    if !text.is_word(word) || word > site.range.start && text.is(word - 1, ".") {
        return None;
    }
    let foreign = foreign_words::find(text.word(word), Place::Stage)?;
    let begins_stage = word > site.range.start
        && (["=", "->", "→", "{", "flow"]
            .iter()
            .any(|sign| text.is(word - 1, sign)));
    if !begins_stage {
        return None;
    }
    let diagnostic = foreign.describe(text.span(word));
    let mut mend = match foreign.own {
        "map" => Mend::new(diagnostic, site.at),
        own => Mend::new(
            diagnostic.replace(text.span(word), own, format!("write `{own}`")),
            site.at,
        ),
    };
    mend = mend.put(word, Patch::text(foreign.own)).sure();
    // `for x in xs {` has no parentheses; with them, only the word is another.
    if foreign.own == "map" && !text.is(word + 1, "(") {
        let mut block = word + 1;
        while block < site.range.end && !text.is(block, "{") {
            block = site.brackets.skip(block);
        }
        mend = mend
            .put(word, Patch::text("map("))
            .put(block.saturating_sub(1), Patch::after(")"));
        mend.until = block;
    }
    Some(mend)
}

/// The keywords that the place expects, as they are written.
fn expected_keywords(site: &Site<'_, '_>) -> Vec<String> {
    let mut words = Vec::new();
    for rule in site.expected {
        let name = format!("{rule:?}");
        match rule {
            Rule::access => words.extend(["reads".to_owned(), "writes".to_owned()]),
            Rule::timeout_modifier => words.push("timeout".to_owned()),
            Rule::answer => words.extend(["returns", "fails", "never"].map(str::to_owned)),
            Rule::retry
            | Rule::catch
            | Rule::finally
            | Rule::heartbeat
            | Rule::credentials
            | Rule::named
            | Rule::within
            | Rule::returns
            | Rule::allow => words.push(name),
            _ => {
                let own = name
                    .strip_prefix("kw_")
                    .or_else(|| name.strip_prefix("retry_"))
                    .or_else(|| name.strip_prefix("poll_"))
                    .or_else(|| name.strip_suffix("_option"));
                words.extend(own.map(str::to_owned));
            }
        }
    }
    // An operator's word is not what a name was meant for.
    words.retain(|word| !matches!(word.as_str(), "in" | "or" | "and" | "not" | "for" | "part"));
    words
}

/// `retyr max 3`, `distributd`, `expct`
pub(super) fn misspelt_keyword(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let word = site.word();
    if !text.is_word(site.at) || site.at_end() {
        return None;
    }
    let expected = expected_keywords(site);
    let keyword = find_nearest(word, expected.iter().map(String::as_str))?.to_owned();
    if keyword == word || word.len() < 3 {
        return None;
    }
    Some(
        Mend::new(
            site.diagnostic(
                Code::MisspeltKeyword,
                format!("expected `{keyword}`, found `{word}`"),
            )
            .nearest(site.span(), word, &keyword),
            site.at,
        )
        .put(site.at, Patch::text(keyword)),
    )
}

/// `retry max 3 f()`
pub(super) fn modifier_before_call(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let starts = |at: usize| {
        at > site.range.start
            && is_modifier_word(text.word(at))
            && text.is_word(at)
            && (["=", "->", "→", "{", "flow"]
                .iter()
                .any(|sign| text.is(at - 1, sign)))
    };
    let modifier = (site.at.saturating_sub(3)..=site.at)
        .rev()
        .find(|at| !site.at_end() && starts(*at))?;
    let limit = site.limit();
    let mut call = modifier + 1;
    while call < limit
        && !(text.is_name(call)
            && (text.is(call + 1, "(") || text.is(call + 1, ".") && text.is(call + 3, "(")))
    {
        call = site.brackets.skip(call);
    }
    let word = text.word(modifier);
    let diagnostic = Diagnostic::new(
        Code::Misplaced,
        text.spans(modifier, (call - 1).max(modifier)),
        format!("a `{word}` stands after the stage that it belongs to"),
    );
    if call >= limit {
        return Some(Mend::message(diagnostic));
    }
    let open = if text.is(call + 1, "(") {
        call + 1
    } else {
        call + 3
    };
    let last = site.brackets.skip(open) - 1;
    let moved = text
        .source
        .get(text.spans(modifier, call - 1).range())
        .unwrap_or("");
    let gap = text.gap(call);
    let mut edits = vec![
        Edit {
            span: text.span(modifier).to(text.span(call).before()),
            text: String::new(),
        },
        Edit {
            span: text.span(last).after(),
            text: format!(" {moved}"),
        },
    ];
    if gap.contains('/') {
        edits.clear();
    }
    let diagnostic = if edits.is_empty() {
        diagnostic
    } else {
        diagnostic.fix(Fix {
            title: "move it there".to_owned(),
            edits,
            safe: true,
        })
    };
    Some(
        Mend::new(diagnostic, call)
            .drop(modifier..call)
            .put(last, Patch::after(format!(" {moved}")))
            .sure(),
    )
}

/// `catch { … }`, `catch (e) { … }`
pub(super) fn catch_without_error(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    if !site.before_is("catch") {
        return None;
    }
    let before = site.before()?;
    if site.is("{") {
        return Some(
            Mend::new(
                Diagnostic::new(
                    Code::Syntax,
                    text.span(before),
                    "expected an error's name or `all` after `catch`",
                )
                .replace(text.span(before).after(), " all", "write `catch all`"),
                site.at,
            )
            .put(before, Patch::after(" all")),
        );
    }
    if site.is("(") {
        let after = site.brackets.skip(site.at);
        let span = text.spans(site.at, after - 1);
        return Some(
            Mend::new(
                Diagnostic::new(
                    Code::Syntax,
                    span,
                    "expected an error's name or `all` after `catch`, found `(`",
                )
                .help("in the handler the error is `error`, with `error.name` and `error.cause`")
                .replace(span, "all", "write `catch all`")
                .offered(),
                after - 1,
            )
            .drop(site.at + 1..after)
            .put(site.at, Patch::text("all"))
            .sure(),
        );
    }
    None
}

/// `if c { a } else { b }` where a value must stand.
pub(super) fn braces_of_if(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    if !site.is("{") || !site.expects(Rule::kw_then) {
        return None;
    }
    let close = site.brackets.skip(site.at) - 1;
    let diagnostic = site
        .diagnostic(Code::Syntax, "expected `then`, found `{`")
        .help("as an expression it is `if c then a else b`; braces hold stages, in a flow");
    let until = close;
    if !(text.is(close, "}") && text.is(close + 1, "else") && text.is(close + 2, "{")) {
        return Some(
            Mend::new(diagnostic, until)
                .put(site.at, Patch::text("then"))
                .put(close, Patch::text(format!(" else {LEFT_OUT}")))
                .sure(),
        );
    }
    let other = close + 2;
    let last = site.brackets.skip(other) - 1;
    let edit = |token: usize, text_: &str| Edit {
        span: text.span(token),
        text: text_.to_owned(),
    };
    let without_blank = |token: usize| {
        let gap = text.gap(token + 1);
        let span = text.span(token);
        crate::source::Span {
            end: span.end + u32::from(gap.starts_with(' ')),
            ..span
        }
    };
    let before_blank = |token: usize| {
        let span = text.span(token);
        crate::source::Span {
            start: span.start - u32::from(text.gap(token).ends_with(' ')),
            ..span
        }
    };
    Some(
        Mend::new(
            diagnostic.fix(Fix {
                title: "write `then` and `else` without braces".to_owned(),
                edits: vec![
                    edit(site.at, "then"),
                    Edit {
                        span: before_blank(close),
                        text: String::new(),
                    },
                    Edit {
                        span: without_blank(other),
                        text: String::new(),
                    },
                    Edit {
                        span: before_blank(last),
                        text: String::new(),
                    },
                ],
                safe: true,
            }),
            until,
        )
        .put(site.at, Patch::text(" then "))
        .put(close, Patch::text(""))
        .put(other, Patch::text(""))
        .put(last, Patch::text(""))
        .sure(),
    )
}

/// `if c then a`
pub(super) fn missing_else(site: &Site<'_, '_>) -> Option<Mend> {
    let before = site.before()?;
    if !site.expects(Rule::kw_else) || !site.expects_operator() || site.text.begins_operand(site.at)
    {
        return None;
    }
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                site.text.span(before),
                "expected `else` after this: an `if` in an expression has a value either way",
            )
            .fix(Fix {
                title: "give it one".to_owned(),
                edits: vec![Edit {
                    span: site.text.span(before).after(),
                    text: " else null".to_owned(),
                }],
                safe: false,
            }),
            site.at.saturating_sub(1),
        )
        .put(before, Patch::after(format!(" else {LEFT_OUT}"))),
    )
}

/// The `=` of the step that the part is.
fn equals_of_step(site: &Site<'_, '_>) -> Option<usize> {
    let first = site.range.start;
    let text = site.text;
    (text.is(first, "step") && text.is_word(first + 1) && text.is(first + 2, "="))
        .then_some(first + 2)
}

/// `step a = x -> y`
pub(super) fn several_in_step(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let equals = equals_of_step(site)?;
    let complete = site.expects(Rule::EOI) && site.enclosing_bracket().is_none();
    if !(site.is("->") || site.is("→")) || !complete {
        return None;
    }
    let last = site.range.end - 1;
    let name = text.word(equals - 1);
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, "a step is one stage; several stand in braces")
                .fix(Fix {
                    title: format!("write `step {name}() {{ … }}`"),
                    edits: vec![
                        Edit {
                            span: text.span(equals - 1).after().to(text.span(equals)),
                            text: "() {".to_owned(),
                        },
                        Edit {
                            span: text.span(last).after(),
                            text: " }".to_owned(),
                        },
                    ],
                    safe: true,
                }),
            site.at,
        )
        .put(equals, Patch::text("() {"))
        .put(last, Patch::after(" }"))
        .sure(),
    )
}

/// `step a = { … }`
pub(super) fn block_in_step(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let equals = equals_of_step(site)?;
    let block = equals + 1;
    if !text.is(block, "{") || site.at < block || text.is(site.brackets.skip(block), "=") {
        return None;
    }
    let name = text.word(equals - 1);
    let span = text.span(equals - 1).after().to(text.span(equals));
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                text.span(block),
                "expected a stage after `=`, found a block",
            )
            .replace(span, "()", format!("write `step {name}() {{ … }}`")),
            site.at,
        )
        .put(equals, Patch::text("()"))
        .sure(),
    )
}

/// `-> { … }`
pub(super) fn block_as_stage(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let is_block = |open: usize| {
        text.is(open, "{")
            && open > site.range.start
            && (["->", "→", "="].iter().any(|sign| text.is(open - 1, sign)))
            && !text.is(site.brackets.skip(open), "=")
    };
    let enclosing = site.enclosing();
    let just_before = site.before().and_then(|close| {
        (site.range.start..close)
            .rev()
            .take(64)
            .find(|open| site.brackets.opens(*open) && site.brackets.skip(*open) == close + 1)
    });
    let open = enclosing
        .iter()
        .rev()
        .copied()
        .chain(just_before)
        .find(|open| is_block(*open))?;
    // An object after `=` is a value, as in `let x = {`.
    let value = text.is(open - 1, "=")
        && open >= 3
        && (text.is(open - 3, "let") || text.is(open - 3, "set") || text.is(open - 3, "param"));
    if value {
        return None;
    }
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                text.span(open),
                "expected a stage, found a block",
            )
            .replace(
                text.span(open).before(),
                "try ",
                "write `try { … }`, a block as one stage",
            ),
            site.at,
        )
        .put(open - 1, Patch::after(" try")),
    )
}

/// `try f()`, `if c f()`, `catch all f()`
pub(super) fn missing_block(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let flows = site.rule == Rule::one_member || text.is(site.range.start, "step");
    if !flows
        || !site.expects_any(&[Rule::open_brace, Rule::block])
        || !text.is_word(site.at)
        || site.at_end()
        || text.is_continuation(site.at)
        || text.begins_item_surely(site.at)
        || site.expects_modifier()
        || site.expects(Rule::arrow)
    {
        return None;
    }
    // The block of a step holds all that follows.
    let of_step = text.is(site.range.start, "step") && site.enclosing_bracket().is_none();
    let end = if of_step && text.is(before, ")") {
        site.range.end
    } else {
        site.sync(site.at, site.limit())
    };
    let head = text.word(before);
    let message = match head {
        "try" => "a `try` has a block `{ … }`; a stage alone needs no `try`".to_owned(),
        _ => format!("expected a block `{{ … }}`, found `{}`", site.word()),
    };
    Some(
        Mend::new(
            site.diagnostic(Code::Syntax, message).fix(Fix {
                title: "put it in braces".to_owned(),
                edits: vec![
                    Edit {
                        span: site.span().before(),
                        text: "{ ".to_owned(),
                    },
                    Edit {
                        span: text.span(end - 1).after(),
                        text: " }".to_owned(),
                    },
                ],
                safe: false,
            }),
            site.at,
        )
        .put(before, Patch::after(" {"))
        .put(end - 1, Patch::after(" }")),
    )
}

/// `if c then { … }`, `a and then b`
pub(super) fn then_in_flow(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    if site.is("then") && text.is(site.at + 1, "{") && site.expects(Rule::open_brace) {
        let span = site.span().to(text.span(site.at + 1).before());
        return Some(
            Mend::new(
                site.diagnostic(Code::Syntax, "expected `{`, found `then`")
                    .help("in a flow it is `if c { … }`; `then` belongs to an expression")
                    .replace(span, "", "leave out `then`"),
                site.at,
            )
            .put(site.at, Patch::text("")),
        );
    }
    let and_then = site.is("and") && text.is(site.at + 1, "then");
    if !(and_then || site.is("then")) || !site.expects(Rule::arrow) {
        return None;
    }
    let last = site.at + usize::from(and_then);
    let span = text.spans(site.at, last);
    let written = text.source.get(span.range()).unwrap_or("then");
    let before_arrow = text.kind(before) != Some(TokenKind::Sign);
    before_arrow.then(|| {
        Mend::new(
            Diagnostic::new(
                Code::ForeignWord,
                span,
                format!("`{written}` is written `->`"),
            )
            .replace(span, "->", "write `->`"),
            last,
        )
        .drop(site.at..last + 1)
        .put(site.at, Patch::text("->"))
    })
}

/// Where the stage or the name ends that a pattern's arrow leads to.
fn arm_end(site: &Site<'_, '_>, from: usize) -> usize {
    let limit = site.limit();
    let mut index = site.brackets.skip(from);
    while index < limit {
        let pattern = matches!(
            site.text.kind(index),
            Some(TokenKind::OpenQuote | TokenKind::Number)
        ) || site.text.is(index, "else")
            || site.text.is(index, ",");
        if pattern {
            return index;
        }
        index = site.brackets.skip(index);
    }
    limit
}

/// `match e { "A" -> a }`
pub(super) fn arrow_in_arm(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let arrow = site.is("->") || site.is("→") || site.is(":");
    let in_braces = site
        .enclosing_bracket()
        .is_some_and(|open| text.is(open, "{"));
    let arm = in_braces && site.expects_any(&[Rule::open_brace, Rule::block]);
    let before = site.before()?;
    let pattern = matches!(
        text.kind(before),
        Some(TokenKind::CloseQuote | TokenKind::Number)
    ) || text.is(before, "else");
    if !arrow || !arm || !pattern || site.at + 1 >= site.limit() {
        return None;
    }
    let diagnostic = site.diagnostic(Code::Syntax, "an arm has no arrow: it is `pattern { … }`");
    if text.is(site.at + 1, "{") {
        let span = site.span().to(text.span(site.at + 1).before());
        let blank = if text.touches_before(site.at) {
            " "
        } else {
            ""
        };
        return Some(
            Mend::new(diagnostic.replace(span, blank, "leave it out"), site.at)
                .put(site.at, Patch::text(" ")),
        );
    }
    let end = arm_end(site, site.at + 1);
    Some(
        Mend::new(
            diagnostic.fix(Fix {
                title: "put the stage in braces".to_owned(),
                edits: vec![
                    Edit {
                        span: site.span(),
                        text: "{".to_owned(),
                    },
                    Edit {
                        span: text.span(end - 1).after(),
                        text: " }".to_owned(),
                    },
                ],
                safe: true,
            }),
            site.at,
        )
        .put(site.at, Patch::text("{"))
        .put(end - 1, Patch::after(" }")),
    )
}

/// `parallel { a, b }`
pub(super) fn branch_without_block(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let open = site.enclosing_bracket()?;
    let branches = text.is(open, "{")
        && (text.is(open.checked_sub(1)?, "parallel")
            || text.is(open - 1, "collect") && text.is(open.checked_sub(2)?, "parallel"));
    let after =
        site.is(",") || text.kind(site.at) == Some(TokenKind::Close) || text.is_name(site.at);
    // Behind a word of the language it is a stage, and that word the mistake.
    let begins = !is_reserved(text.word(before.checked_sub(1)?));
    let named = begins && text.is_name(before);
    if !branches || !after || !named || !site.expects(Rule::open_brace) {
        return None;
    }
    let inside = site.brackets.inside(text, open);
    let names: Vec<usize> = (before..inside.end)
        .filter(|at| text.is_name(*at))
        .collect();
    let plain = (before..inside.end).all(|at| text.is_name(at) || text.is(at, ","));
    let name = text.word(before);
    let diagnostic = Diagnostic::new(
        Code::Syntax,
        text.span(before),
        format!("expected `{{` and a flow after the branch's name `{name}`"),
    );
    if !plain {
        return Some(
            Mend::new(diagnostic, site.at.saturating_sub(1))
                .put(before, Patch::after(format!(" {{ {LEFT_OUT} }}")))
                .sure(),
        );
    }
    let mut mend = Mend::new(
        diagnostic.fix(Fix {
            title: format!("write `{name} {{ {name} }}`"),
            edits: (before..inside.end)
                .map(|at| Edit {
                    span: text.span(at),
                    text: if text.is(at, ",") {
                        String::new()
                    } else {
                        format!("{0} {{ {0} }}", text.word(at))
                    },
                })
                .collect(),
            safe: false,
        }),
        inside.end - 1,
    );
    for at in before..inside.end {
        mend = mend.put(at, Patch::text(""));
    }
    for at in names {
        mend = mend.put(at, Patch::text(format!("{0} {{ {0} }}", text.word(at))));
    }
    Some(mend)
}
