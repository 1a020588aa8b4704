//! The word that begins an item or a member, and the name after it.

use crate::diagnostic::{Code, Diagnostic, Edit, Fix, find_nearest};
use crate::syntax::draft::Patch;
use crate::syntax::foreign_words::{self, Place};
use crate::syntax::grammar::Rule;
use crate::syntax::recovery::site::{Mend, Site};
use crate::syntax::recovery::text::{
    ITEM_WORDS, MEMBER_WORDS, MODIFIER_WORDS, SETTING_WORDS, TEST_WORDS, is_reserved,
};
use crate::syntax::scan::TokenKind;

/// `param`, `fn`, a resource, … in a pipeline.
pub(super) fn misplaced_item(site: &Site<'_, '_>) -> Option<Mend> {
    let first = site.range.start;
    let text = site.text;
    if site.rule != Rule::one_member || site.at > first + 2 {
        return None;
    }
    let word = text.word(first);
    let item = ITEM_WORDS.contains(&word) && !MEMBER_WORDS.contains(&word);
    let resource = text.is_name(first)
        && text.is_name(first + 1)
        && (text.is(first + 2, "=") || text.is(first + 2, "{"))
        && nearest_keyword(site, word).is_none()
        && foreign_words::find(word, Place::Member).is_none();
    if word == "retry" || !(item || resource) {
        return None;
    }
    let what = if resource {
        format!("a `{word}` is a resource, and stands")
    } else {
        format!("a `{word}` stands")
    };
    Some(Mend::message(
        Diagnostic::new(
            Code::Misplaced,
            text.span(first),
            format!("{what} beside the pipelines, not in one"),
        )
        .help("move it out of the pipeline's braces"),
    ))
}

/// `flow` or a setting outside of a pipeline.
pub(super) fn misplaced_member(site: &Site<'_, '_>) -> Option<Mend> {
    let first = site.range.start;
    let text = site.text;
    let word = text.word(first);
    let setting = text.is_any(first, SETTING_WORDS)
        && !text.is(first + 1, "=")
        && !(text.is_name(first + 1) && (text.is(first + 2, "=") || text.is(first + 2, "{")));
    if site.rule != Rule::one_item || !(text.is(first, "flow") || setting) {
        return None;
    }
    Some(Mend::message(
        Diagnostic::new(
            Code::Misplaced,
            text.span(first),
            format!("a `{word}` stands in a pipeline"),
        )
        .help("write it between the braces of `pipeline name() { … }`"),
    ))
}

fn keywords(rule: Rule) -> Vec<&'static str> {
    match rule {
        Rule::one_item => ITEM_WORDS.to_vec(),
        Rule::one_member => [MEMBER_WORDS, SETTING_WORDS].concat(),
        Rule::one_test_member => TEST_WORDS.to_vec(),
        Rule::pipeline_head => vec!["pipeline"],
        Rule::test_head => vec!["test"],
        _ => Vec::new(),
    }
}

fn nearest_keyword(site: &Site<'_, '_>, word: &str) -> Option<&'static str> {
    let keywords = keywords(site.rule);
    find_nearest(word, keywords.iter().copied()).and_then(|near| {
        keywords
            .iter()
            .copied()
            .find(|keyword| *keyword == near && near != word)
    })
}

/// `pipelne`, `stpe`, `Flow`
pub(super) fn misspelt(site: &Site<'_, '_>) -> Option<Mend> {
    let first = site.range.start;
    let text = site.text;
    let word = text.word(first);
    if !text.is_word(first) || is_reserved(word) || site.at > first + 4 {
        return None;
    }
    let keyword = nearest_keyword(site, word)?;
    let span = text.span(first);
    Some(
        Mend::new(
            Diagnostic::new(
                Code::MisspeltKeyword,
                span,
                format!("expected `{keyword}`, found `{word}`"),
            )
            .nearest(span, word, keyword),
            site.at.max(first + 1),
        )
        .put(first, Patch::text(keyword)),
    )
}

/// `expect succeded`
pub(super) fn misspelt_expectation(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let word = site.range.start + 1;
    let expectation = site.rule == Rule::one_test_member && text.is(site.range.start, "expect");
    if !expectation || site.at != word + 1 || !text.is_name(word) {
        return None;
    }
    let near = find_nearest(text.word(word), ["succeeded", "failed", "timed_out"])?;
    let span = text.span(word);
    Some(
        Mend::new(
            Diagnostic::new(
                Code::MisspeltKeyword,
                span,
                format!("expected `{near}`, found `{}`", text.word(word)),
            )
            .nearest(span, text.word(word), near),
            word,
        )
        .put(word, Patch::text(near)),
    )
}

/// `def`, `var`, `import`
pub(super) fn foreign(site: &Site<'_, '_>) -> Option<Mend> {
    let first = site.range.start;
    let text = site.text;
    let place = match site.rule {
        Rule::one_item | Rule::pipeline_head => Place::Item,
        Rule::one_member => Place::Member,
        _ => return None,
    };
    let word = text.word(first);
    if !text.is_word(first) || site.at > first + 8 {
        return None;
    }
    let foreign = foreign_words::find(word, place)?;
    let span = text.span(first);
    let follows = match foreign.own {
        "fn" | "pipeline" => text.is(first + 2, "(") || text.is(first + 2, "{"),
        "use" => true,
        "type" => text.is_word(first + 1),
        _ => text.is_word(first + 1) && !text.is(first + 1, "."),
    };
    if !follows {
        return None;
    }
    let path = foreign.own != "use" || text.kind(first + 1) == Some(TokenKind::OpenQuote);
    let body = foreign.own == "fn" && {
        let after = site.brackets.skip(first + 2);
        !text.is(after, "=") && !text.is(first + 2, "{")
    };
    let diagnostic = foreign.describe(span);
    if !path || body {
        return Some(Mend::message(diagnostic));
    }
    Some(
        Mend::new(
            diagnostic.replace(span, foreign.own, format!("write `{}`", foreign.own)),
            site.at.max(first + 1),
        )
        .put(first, Patch::text(foreign.own))
        .sure(),
    )
}

/// `x = f()` where `step` or `let` must stand.
pub(super) fn missing_keyword(site: &Site<'_, '_>) -> Option<Mend> {
    let first = site.range.start;
    let text = site.text;
    if site.at > first + 1 || !text.is_name(first) {
        return None;
    }
    let name = text.word(first);
    let keyword = match site.rule {
        Rule::one_member if text.is(first + 1, "=") => {
            let calls = text.is_word(first + 2)
                && (text.is(first + 3, "(") || text.is(first + 3, ".") && text.is(first + 5, "("));
            if calls || is_reserved(text.word(first + 2)) {
                "step"
            } else {
                "let"
            }
        }
        Rule::one_item if text.is(first + 1, "=") => "let",
        Rule::pipeline_head if text.is(first + 1, "(") => "pipeline",
        _ => return None,
    };
    let span = text.span(first);
    // In a file it may be the name of a resource that is missing instead.
    let until = if site.rule == Rule::one_item {
        site.range.end - 1
    } else {
        site.at.max(first + 1)
    };
    Some(
        Mend::new(
            Diagnostic::new(
                Code::Syntax,
                span,
                format!("expected `{keyword}` before `{name}`"),
            )
            .fix(Fix {
                title: format!("write `{keyword} {name}`"),
                edits: vec![Edit {
                    span: span.before(),
                    text: format!("{keyword} "),
                }],
                safe: false,
            }),
            until,
        )
        .put(first, Patch::text(format!("{keyword} {name}"))),
    )
}

/// Whether a name must stand at the place, and nothing else may.
fn expects_name(site: &Site<'_, '_>) -> bool {
    site.expects_any(&[Rule::name, Rule::parameter, Rule::map_item])
        && !site.expects_expression()
        && !site.expects(Rule::stage)
}

/// `step wait = …`
pub(super) fn reserved_name(site: &Site<'_, '_>) -> Option<Mend> {
    let word = site.word();
    if !site.text.is_word(site.at) || !is_reserved(word) || !expects_name(site) {
        return None;
    }
    // The next member's own word is no name.
    let begins = site.text.is_first_on_line(site.at)
        && (site.text.begins_member_surely(site.at) || site.text.begins_item_surely(site.at));
    if begins {
        return None;
    }
    let name = format!("{word}_");
    Some(
        Mend::new(
            site.diagnostic(
                Code::ReservedName,
                format!("`{word}` is a reserved word, and cannot be a name"),
            )
            .fix(Fix {
                title: format!("call it `{name}`"),
                edits: vec![Edit {
                    span: site.span(),
                    text: name.clone(),
                }],
                safe: false,
            }),
            site.at,
        )
        .put(site.at, Patch::text(name))
        .sure(),
    )
}

/// `step my-step = …`, `flow my-step -> b`
pub(super) fn hyphen_in_name(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let before = site.before()?;
    let hyphen = |at: usize| {
        text.is(at, "-")
            && text.touches_before(at)
            && text.touches_before(at + 1)
            && matches!(text.kind(at + 1), Some(TokenKind::Word | TokenKind::Number))
    };
    if !hyphen(site.at) || !text.is_word(before) {
        return None;
    }
    let mut last = site.at + 1;
    while hyphen(last + 1) {
        last += 2;
    }
    let written: String = (before..=last).map(|index| text.word(index)).collect();
    let own = written.replace('-', "_");
    let span = text.spans(before, last);
    Some(
        Mend::new(
            Diagnostic::new(
                Code::StrayCharacter,
                span,
                format!("`{written}` is no name: a name has no hyphens"),
            )
            .fix(Fix {
                title: format!("write `{own}`"),
                edits: vec![Edit {
                    span,
                    text: own.clone(),
                }],
                safe: false,
            }),
            last,
        )
        .drop(before + 1..last + 1)
        .put(before, Patch::text(own)),
    )
}

/// `step "load" = …`
pub(super) fn quoted_name(site: &Site<'_, '_>) -> Option<Mend> {
    let text = site.text;
    let open = site.at;
    if text.kind(open) != Some(TokenKind::OpenQuote) || !expects_name(site) {
        return None;
    }
    let after = site.brackets.skip(open);
    if text.kind(open + 1) != Some(TokenKind::Text) || after != open + 3 {
        return None;
    }
    let written = text.word(open + 1);
    let own: String = written
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if !own.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || is_reserved(&own) {
        return None;
    }
    let span = text.spans(open, after - 1);
    Some(
        Mend::new(
            Diagnostic::new(Code::Syntax, span, "expected a name, found a string").fix(Fix {
                title: format!("write `{own}`"),
                edits: vec![Edit {
                    span,
                    text: own.clone(),
                }],
                safe: false,
            }),
            after - 1,
        )
        .drop(open + 1..after)
        .put(open, Patch::text(own)),
    )
}

/// Modifiers are no names of stages, whatever the grammar takes them for.
pub(super) fn is_modifier_word(word: &str) -> bool {
    MODIFIER_WORDS.contains(&word)
}
