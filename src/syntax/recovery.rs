//! Reads a file that the grammar refuses: every mistake is told once, and all the rest becomes a tree.
//!
//! What is wrong with single tokens and with brackets is told first and mended in a draft. The draft is then cut into
//! items and members, and each is read by its own strict rule. Where one cannot be read on, the mistake is looked up
//! among those that people make; if reading gets further with what was meant, it was that. Else the least that lets
//! the rest be read is left out, and becomes `Invalid`.
//!
//! All that a program may be is said by the grammar. Nothing here accepts anything.

mod brackets;
mod foreign;
mod outline;
mod region;
mod site;
mod text;
mod typical;
mod words;

use std::collections::BTreeSet;
use std::ops::Range;

use brackets::{Brackets, Problem};
use outline::{Body, BodyKind, Part};
use pest::iterators::Pair;
use site::Site;
use text::Text;

use super::Parsed;
use super::ast::{
    self, Expr, ExprKind, Item, ItemKind, Member, MemberKind, Name, TestMember, TestMemberKind,
    Type, TypeKind,
};
use super::build::Builder;
use super::draft::{Draft, Patch, Patches, set};
use super::foreign_words::Bound;
use super::grammar::{self, Rule};
use super::limits;
use super::scan::{FlawKind, Scan, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span, Spanned};

/// A file with more problems than these is something else, and the rest of them would tell nobody anything.
const MOST_PROBLEMS: usize = 100;

/// How often the text may be read again, for what was meant in it.
const READS: usize = 3;

/// In a part with more tokens, one mistake is told.
const MOST_TOKENS: usize = 50_000;

/// How many things may be put in before one token.
const MOST_STAYS: usize = 2;

/// Bytes that may be read again in any file.
const SMALL: usize = 1 << 20;

pub(super) fn recover(file: FileId, source: &str, scan: Scan) -> Parsed {
    let comments = super::comments(file, source, &scan);
    let bound = Bound::of(source, &scan.tokens);
    let mut text = Text::new(file, source, scan.tokens);
    let mut base = Patches::new();
    let told = foreign::tell(&text, &scan.flaws, &mut base);
    text.tokens.truncate(told.end);
    let brackets = Brackets::pair(&mut text, &mut base);
    let parts = outline::items(&text, &brackets);
    let mut reader = Reader {
        builder: Builder::new(file, source, comments, bound),
        flawed: lines(&text, told.places.iter().copied()),
        quiet: lines(
            &text,
            brackets
                .problems
                .iter()
                .filter(|problem| !matches!(problem, Problem::Unopened { .. }))
                .flat_map(|problem| {
                    let (first, second) = problem.tokens();
                    [text.span(first), text.span(second)]
                }),
        ),
        told: told.tokens.into_iter().collect(),
        diagnostics: told.diagnostics,
        unclosed_comment: scan
            .flaws
            .iter()
            .any(|flaw| flaw.kind == FlawKind::UnclosedComment),
        renamed: BTreeSet::new(),
        budget: source.len() * READS + SMALL,
        text: &text,
        base,
        brackets,
    };
    let mut items = Vec::new();
    for part in &parts {
        items.push(reader.item(part));
        if reader.diagnostics.len() > MOST_PROBLEMS {
            break;
        }
    }
    reader.finish(items)
}

/// The lines on which places stand.
fn lines(text: &Text<'_>, places: impl Iterator<Item = Span>) -> Vec<Range<usize>> {
    places
        .take(MOST_PROBLEMS)
        .map(|span| {
            let (start, end) = (span.start as usize, span.end as usize);
            let before = text.source.get(..start).unwrap_or("");
            let after = text.source.get(end..).unwrap_or("");
            let from = before.rfind('\n').map_or(0, |at| at + 1);
            let to = after.find('\n').map_or(text.source.len(), |at| end + at);
            from..to
        })
        .collect()
}

struct Reader<'t> {
    text: &'t Text<'t>,
    brackets: Brackets,
    /// What was mended of tokens and brackets.
    base: Patches,
    builder: Builder<'t>,
    diagnostics: Vec<Diagnostic>,
    /// Lines with what has no end in a string or a comment: what else is wrong on them comes from that.
    flawed: Vec<Range<usize>>,
    /// Lines with a bracket that has no partner, likewise.
    quiet: Vec<Range<usize>>,
    /// Tokens that were told by themselves.
    told: BTreeSet<usize>,
    unclosed_comment: bool,
    /// Reserved words that the file uses as names.
    renamed: BTreeSet<&'t str>,
    /// Bytes that may still be read again.
    budget: usize,
}

/// Why a part cannot be read on.
#[derive(Debug)]
struct Stop {
    /// The token that does not fit; the part's end when one is missing there.
    at: usize,
    byte: usize,
    expected: Vec<Rule>,
    /// The parser's stack ended.
    too_deep: bool,
}

type Build<'b, T> = &'b mut dyn FnMut(&mut Builder<'_>, Pair<'_, Rule>) -> T;

/// How far a part was read by leaving out or mending something.
#[derive(Clone, Copy, Debug)]
struct Reached {
    /// The last token of that.
    token: usize,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// What was meant is known; the code of the mistake.
    Mended(Option<Code>),
    /// What was meant was guessed; likewise.
    Guessed(Code),
    /// What was meant is not known.
    LeftOut,
}

/// After a guess, what does not fit within so many tokens may come from that.
const NEAR: usize = 8;

/// What is read then; else where it stops next, and what was got past.
type Next<T> = Result<T, (Stop, Reached)>;

impl<'t> Reader<'t> {
    fn item(&mut self, part: &Part) -> Item {
        let span = self.text.spans(part.tokens.start, part.tokens.end - 1);
        let too_deep = limits::check_tokens(
            self.text.file,
            self.text.source,
            &self.text.tokens[part.tokens.clone()],
        );
        if let Some(diagnostic) = too_deep {
            self.brackets
                .problems
                .retain(|problem| !part.tokens.contains(&problem.tokens().0));
            self.diagnostics.push(diagnostic);
            return self.skeleton(part.tokens.clone(), span);
        }
        match &part.body {
            None => self
                .read(Rule::one_item, part.tokens.clone(), &mut |builder, pair| {
                    builder.one_item(pair)
                })
                .unwrap_or_else(|| self.skeleton(part.tokens.clone(), span)),
            Some(body) => self.item_with_body(part, body, span),
        }
    }

    fn item_with_body(&mut self, part: &Part, body: &Body, span: Span) -> Item {
        let doc = self.builder.doc_before(span.start);
        let end = match body.close {
            Some(close) => self.text.span(close),
            None => self.text.span(part.tokens.end - 1).after(),
        };
        let kind = match body.kind {
            BodyKind::Pipeline => {
                let head = self.read(Rule::pipeline_head, body.head.clone(), &mut |b, pair| {
                    b.pipeline_head(pair)
                });
                let members: Vec<Member> = body
                    .members
                    .iter()
                    .map(|member| self.member(member.clone()))
                    .collect();
                let named = self.name(body.head.start + 1);
                match head.or(named.map(|name| (name, Vec::new()))) {
                    Some((name, params)) => {
                        ItemKind::Pipeline(self.builder.pipeline_of(name, params, members, end))
                    }
                    None => ItemKind::Invalid,
                }
            }
            BodyKind::Test => {
                let head = self.read(Rule::test_head, body.head.clone(), &mut |b, pair| {
                    b.test_head(pair)
                });
                let members: Vec<TestMember> = body
                    .members
                    .iter()
                    .map(|member| self.test_member(member.clone()))
                    .collect();
                match head {
                    Some((title, pipeline)) => ItemKind::Test(super::ast::Test {
                        title,
                        pipeline,
                        members,
                    }),
                    None => ItemKind::Invalid,
                }
            }
        };
        Item { doc, kind, span }
    }

    fn member(&mut self, range: Range<usize>) -> Member {
        let span = self.text.spans(range.start, range.end - 1);
        let read = self.read(Rule::one_member, range.clone(), &mut |builder, pair| {
            builder.one_member(pair)
        });
        match read {
            Some(member) => member,
            None => {
                let item = self.skeleton(range, span);
                let kind = match item.kind {
                    ItemKind::Step(step) => MemberKind::Step(step),
                    ItemKind::Let(binding) => MemberKind::Let(binding),
                    _ => MemberKind::Invalid,
                };
                Member {
                    doc: item.doc,
                    kind,
                    span,
                }
            }
        }
    }

    fn test_member(&mut self, range: Range<usize>) -> TestMember {
        let span = self.text.spans(range.start, range.end - 1);
        self.read(Rule::one_test_member, range, &mut |builder, pair| {
            builder.one_test_member(pair)
        })
        .unwrap_or(TestMember {
            kind: TestMemberKind::Invalid,
            span,
        })
    }

    /// What can be told of a part that cannot be read: its name, so that its uses are no mistakes.
    fn skeleton(&mut self, range: Range<usize>, span: Span) -> Item {
        let doc = self.builder.doc_before(span.start);
        let invalid = Expr {
            kind: ExprKind::Invalid,
            span,
        };
        let ty = Type {
            kind: TypeKind::Invalid,
            span,
        };
        let kind = match (self.text.word(range.start), self.name(range.start + 1)) {
            ("let", Some(name)) => ItemKind::Let(ast::Let {
                name,
                value: invalid,
            }),
            ("param", Some(name)) => ItemKind::Param(ast::Param {
                name,
                ty,
                default: None,
            }),
            ("type", Some(name)) => ItemKind::Type(ast::TypeAlias { name, ty }),
            ("step", Some(name)) => ItemKind::Step(ast::Step {
                name,
                body: ast::StepBody::Invalid,
            }),
            ("pipeline", Some(name)) => ItemKind::Pipeline(ast::Pipeline {
                name,
                params: Vec::new(),
                members: vec![Member {
                    doc: None,
                    kind: MemberKind::Invalid,
                    span,
                }],
                end: span.after(),
            }),
            _ => ItemKind::Invalid,
        };
        Item { doc, kind, span }
    }

    fn name(&self, token: usize) -> Option<Name> {
        self.text
            .is_name(token)
            .then(|| Spanned::new(self.text.word(token).to_owned(), self.text.span(token)))
    }

    /// Reads a part by its rule. What is wrong in it is told, and left out; None when nothing is left.
    fn read<T>(&mut self, rule: Rule, range: Range<usize>, build: Build<'_, T>) -> Option<T> {
        let told_before = self.diagnostics.len();
        let read = self.read_on(rule, range.clone(), build);
        self.explain_unopened(&range, told_before);
        read
    }

    fn read_on<T>(&mut self, rule: Rule, range: Range<usize>, build: Build<'_, T>) -> Option<T> {
        let mut over = Patches::new();
        let mut stop = match self.attempt(rule, &range, &over, build) {
            Ok(read) => return Some(read),
            Err(stop) => stop,
        };
        let mut reached: Option<Reached> = None;
        // What is put in before a token need not get past it, but not again and again.
        let mut stays = 0;
        while stays < MOST_STAYS {
            if stop.too_deep {
                let token = self.text.tokens[range.start];
                self.diagnostics.push(limits::too_deep(
                    self.text.file,
                    &token,
                    "this is nested too deep".to_owned(),
                ));
                return None;
            }
            if range.len() > MOST_TOKENS {
                self.diagnostics.push(self.describe(rule, &range, &stop));
                return None;
            }
            // Looking for a mistake costs about as much as reading the part.
            let cost = self.text.spans(range.start, range.end - 1).range().len();
            self.budget = self.budget.checked_sub(cost)?;
            let next = self.go_on(rule, &range, &mut over, &stop, reached, build)?;
            match next {
                Ok(read) => return Some(read),
                Err((next, past)) => {
                    stays = if next.at > stop.at { 0 } else { stays + 1 };
                    stop = next;
                    reached = Some(past);
                }
            }
        }
        None
    }

    /// Tells what is wrong at a place and gets past it; None when that cannot be done.
    fn go_on<T>(
        &mut self,
        rule: Rule,
        range: &Range<usize>,
        over: &mut Patches,
        stop: &Stop,
        reached: Option<Reached>,
        build: Build<'_, T>,
    ) -> Option<Next<T>> {
        if let Some(moved) = self.move_closing(rule, range, over, stop, build) {
            return Some(moved);
        }
        if let Some(renamed) = self.rename(rule, range, over, stop, build) {
            return Some(renamed);
        }
        let quiet = self.is_quiet(rule, range, stop);
        let mends: Vec<site::Mend> = typical::mends(&self.site(rule, range, stop)).collect();
        let mut sure: Option<Diagnostic> = None;
        for mend in mends {
            if mend.last {
                if !quiet {
                    self.diagnostics.push(mend.diagnostic);
                }
                return None;
            }
            let tried = self.with(over, &mend.patches, stop);
            let goal = self.goal(rule, range, stop, &mend);
            if !mend.patches.is_empty()
                && let Some(next) = self.try_on(rule, range, &tried, goal, build)
            {
                *over = tried;
                if mend.diagnostic.code == Code::ReservedName {
                    self.renamed.insert(self.text.word(stop.at));
                }
                let code = mend.diagnostic.code;
                if !quiet && !reached.is_some_and(|r| self.comes_from(r, stop.at, Some(code))) {
                    self.diagnostics.push(mend.diagnostic);
                }
                let reached = Reached {
                    token: mend.until,
                    how: if mend.weak {
                        How::Guessed(code)
                    } else {
                        How::Mended(Some(code))
                    },
                };
                return Some(next.map_err(|next| (next, reached)));
            }
            if mend.sure && sure.is_none() {
                sure = Some(mend.diagnostic);
            }
        }
        if !quiet && !reached.is_some_and(|r| self.comes_from(r, stop.at, None)) {
            let general = self.describe(rule, range, stop);
            self.diagnostics.push(sure.unwrap_or(general));
        }
        let regions = region::candidates(&self.site(rule, range, stop));
        for region in regions {
            for patches in region.patches(self.text) {
                let tried = self.with(over, &patches, stop);
                if let Some(next) = self.try_on(rule, range, &tried, region.until, build) {
                    *over = tried;
                    let reached = Reached {
                        token: region.until,
                        how: How::LeftOut,
                    };
                    return Some(next.map_err(|next| (next, reached)));
                }
            }
        }
        None
    }

    /// The token that must be got past for a mend to be what was meant: a weak one needs more than its own place.
    fn goal(&self, rule: Rule, range: &Range<usize>, stop: &Stop, mend: &site::Mend) -> usize {
        if !mend.weak || mend.until >= range.end {
            return mend.until;
        }
        let site = self.site(rule, range, stop);
        let sync = site.sync(self.brackets.skip(mend.until), range.end);
        (mend.until + 2).min(sync).max(mend.until)
    }

    /// Whether what does not fit at a token comes from what was got past before it. The same mistake again does not.
    fn comes_from(&self, reached: Reached, at: usize, code: Option<Code>) -> bool {
        let near = at <= reached.token + NEAR && self.text.same_line(reached.token, at);
        match reached.how {
            How::Mended(Some(last)) | How::Guessed(last) if code == Some(last) => false,
            How::Mended(_) => at <= reached.token + 1,
            How::Guessed(_) => near || at <= reached.token + 1,
            How::LeftOut => at <= reached.token + NEAR || self.text.same_line(reached.token, at),
        }
    }

    /// More patches; what they insert joins the brackets that were inserted there before.
    fn with(&self, over: &Patches, more: &Patches, stop: &Stop) -> Patches {
        let mut all = over.clone();
        for (token, patch) in more {
            let mut patch = patch.clone();
            let inserted = self.inserted_after(over, *token);
            if let (Some(new), false) = (&patch.after, inserted.is_empty()) {
                let inside = stop.byte <= self.text.span(*token).end as usize;
                patch.after = Some(if inside {
                    format!("{new}{inserted}")
                } else {
                    format!("{inserted}{new}")
                });
            }
            set(&mut all, *token, patch);
        }
        all
    }

    fn inserted_after(&self, over: &Patches, token: usize) -> String {
        [over, &self.base]
            .iter()
            .find_map(|patches| patches.get(&token)?.after.clone())
            .unwrap_or_default()
    }

    /// Reads with other patches; None if that does not get past a token.
    fn try_on<T>(
        &mut self,
        rule: Rule,
        range: &Range<usize>,
        over: &Patches,
        until: usize,
        build: Build<'_, T>,
    ) -> Option<Result<T, Stop>> {
        match self.attempt(rule, range, over, build) {
            Ok(read) => Some(Ok(read)),
            Err(next) if !next.too_deep && next.at > until => Some(Err(next)),
            Err(_) => None,
        }
    }

    fn attempt<T>(
        &mut self,
        rule: Rule,
        range: &Range<usize>,
        over: &Patches,
        build: Build<'_, T>,
    ) -> Result<T, Stop> {
        let draft = Draft::new(
            self.text.source,
            &self.text.tokens,
            range.clone(),
            &self.base,
            over,
        );
        let none = Stop {
            at: range.start,
            byte: 0,
            expected: Vec::new(),
            too_deep: false,
        };
        let Some(budget) = self.budget.checked_sub(draft.text.len()) else {
            return Err(none);
        };
        self.budget = budget;
        let failure = match grammar::parse(rule, &draft.text) {
            Ok(mut pairs) => {
                let Some(pair) = pairs.next() else {
                    return Err(none);
                };
                self.builder.places = draft.places;
                return Ok(build(&mut self.builder, pair));
            }
            Err(failure) => failure,
        };
        let byte = draft.places.start(failure.at);
        let at = if failure.at >= draft.text.len() {
            range.end
        } else {
            let tokens = &self.text.tokens[range.clone()];
            range.start
                + tokens.partition_point(|token| {
                    (token.end as usize) <= byte
                        && !(token.start == token.end && token.end as usize == byte)
                })
        };
        Err(Stop {
            at,
            byte,
            expected: failure.expected,
            too_deep: failure.too_deep,
        })
    }

    fn site<'s>(&'s self, rule: Rule, range: &Range<usize>, stop: &'s Stop) -> Site<'s, 't> {
        Site::new(
            self.text,
            &self.brackets,
            rule,
            range.clone(),
            stop.at,
            stop.byte,
            &stop.expected,
        )
    }

    /// Whether what does not fit at a place comes from something that was told.
    fn is_quiet(&self, rule: Rule, range: &Range<usize>, stop: &Stop) -> bool {
        let at = stop.at;
        // After a bracket that closes nothing, on its line.
        let unopened = self.brackets.problems.iter().any(|problem| {
            matches!(problem, Problem::Unopened { close } if range.contains(close)
                && *close < at
                && (close + 1 == at || self.text.same_line(*close, at)))
        });
        let in_unclosed = self
            .site(rule, range, stop)
            .enclosing_bracket()
            .is_some_and(|open| self.brackets.is_unclosed(open));
        if unopened || in_unclosed {
            return true;
        }
        let near = |token: usize| {
            let start = self.text.span(token).start as usize;
            self.told.contains(&token)
                || self
                    .quiet
                    .iter()
                    .chain(&self.flawed)
                    .any(|line| line.contains(&start))
        };
        near(at.min(range.end - 1)) || at > range.start && near(at - 1)
    }

    /// A bracket that is never closed was perhaps to be closed here.
    fn move_closing<T>(
        &mut self,
        rule: Rule,
        range: &Range<usize>,
        over: &mut Patches,
        stop: &Stop,
        build: Build<'_, T>,
    ) -> Option<Next<T>> {
        let open = self.site(rule, range, stop).enclosing_bracket()?;
        let problem = self
            .brackets
            .problems
            .iter()
            .position(|p| matches!(p, Problem::Unclosed { open: o, .. } if *o == open))?;
        let Problem::Unclosed { before, .. } = self.brackets.problems[problem] else {
            return None;
        };
        if stop.at >= before || stop.at <= open + 1 {
            return None;
        }
        let closing = brackets::closing(self.text.word(open));
        let mut line = stop.at;
        while line > open + 1 && !self.text.is_first_on_line(line) {
            line -= 1;
        }
        for end in [stop.at, line] {
            let inserted = |token: usize| self.inserted_after(over, token);
            let mut tried = over.clone();
            set(
                &mut tried,
                before - 1,
                Patch::after(inserted(before - 1).replacen(closing, "", 1)),
            );
            set(
                &mut tried,
                end - 1,
                Patch::after(format!("{}{closing}", inserted(end - 1))),
            );
            if let Some(next) = self.try_on(rule, range, &tried, stop.at, build) {
                *over = tried;
                self.brackets.problems[problem] = Problem::Unclosed { open, before: end };
                self.brackets.close_before(open, end);
                let reached = Reached {
                    token: stop.at,
                    how: How::Mended(None),
                };
                return Some(next.map_err(|next| (next, reached)));
            }
        }
        None
    }

    /// A reserved word that was told where it was to be a name is one where it is used, too.
    fn rename<T>(
        &mut self,
        rule: Rule,
        range: &Range<usize>,
        over: &mut Patches,
        stop: &Stop,
        build: Build<'_, T>,
    ) -> Option<Next<T>> {
        for token in [stop.at, stop.at.checked_sub(1)?] {
            let word = self.text.word(token);
            let known = range.contains(&token)
                && self.text.kind(token) == Some(TokenKind::Word)
                && self.renamed.contains(word);
            if !known {
                continue;
            }
            let mut tried = over.clone();
            set(&mut tried, token, Patch::text(format!("{word}_")));
            if let Some(next) = self.try_on(rule, range, &tried, stop.at.saturating_sub(1), build) {
                *over = tried;
                let reached = Reached {
                    token: stop.at,
                    how: How::Mended(None),
                };
                return Some(next.map_err(|next| (next, reached)));
            }
        }
        None
    }

    /// What is expected at a place, and what stands there.
    fn describe(&self, rule: Rule, range: &Range<usize>, stop: &Stop) -> Diagnostic {
        let end = match rule {
            Rule::one_item => "the next item",
            Rule::one_member => "the next member",
            Rule::one_test_member => "the next `mock` or `expect`",
            _ => "`{`",
        };
        let site = self.site(rule, range, stop);
        let expected = words::expected(&stop.expected, end);
        let found = site.found();
        let first = self.text.is_first_on_line(stop.at) || stop.at >= self.text.tokens.len();
        // Where the part could end, the next token is what is wrong.
        let complete = stop.expected.contains(&Rule::EOI);
        let before = site.before();
        let diagnostic = match before {
            // What is missing is missing where the last line ends.
            Some(before) if (first || site.at_end()) && !complete => Diagnostic::new(
                Code::Syntax,
                self.text.span(before),
                format!(
                    "expected {expected} after {}, found {found}",
                    site.found_at(before)
                ),
            ),
            _ => Diagnostic::new(
                Code::Syntax,
                self.text.span(stop.at),
                format!("expected {expected}, found {found}"),
            ),
        };
        let hole = site
            .enclosing_bracket()
            .is_some_and(|open| self.text.kind(open) == Some(TokenKind::OpenHole));
        if hole {
            diagnostic
                .help("braces in a string hold an expression; for a brace in the text write `{{`")
        } else {
            diagnostic
        }
    }

    fn finish(mut self, items: Vec<Item>) -> Parsed {
        let end = self.text.tokens.len();
        let mut last: Option<usize> = None;
        for problem in std::mem::take(&mut self.brackets.problems) {
            // What a comment without end has swallowed may have closed it.
            let swallowed = self.unclosed_comment
                && matches!(problem, Problem::Unclosed { before, .. } if before >= end);
            let (first, second) = problem.tokens();
            let from_flaw = self.flawed.iter().any(|line| {
                [first, second]
                    .iter()
                    .any(|token| line.contains(&(self.text.span(*token).start as usize)))
            });
            // Of several on a line, the others often come from the first.
            let again = last.is_some_and(|last| self.text.same_line(last, first));
            if !swallowed && !from_flaw && !again {
                self.diagnostics.push(problem.describe(self.text));
            }
            last = Some(first);
        }
        let mut parsed = self.builder.finish(items);
        // What the tree shows on a line that was mended comes from the mend.
        let told = lines(self.text, self.diagnostics.iter().map(|d| d.primary.span));
        parsed.diagnostics.retain(|diagnostic| {
            let start = diagnostic.primary.span.start as usize;
            !told.iter().any(|line| line.contains(&start))
        });
        parsed.diagnostics.extend(self.diagnostics);
        parsed.diagnostics.sort_by_key(|d| (d.primary.span, d.code));
        parsed.diagnostics.truncate(MOST_PROBLEMS);
        parsed
    }

    /// A bracket that closes nothing, after something in the same part that does not fit: its partner is missing there.
    fn explain_unopened(&mut self, range: &Range<usize>, told_before: usize) {
        let Some(first) = self.diagnostics[told_before..]
            .iter()
            .map(|d| d.primary.span.start)
            .min()
        else {
            return;
        };
        let text = self.text;
        self.brackets.problems.retain(|problem| {
            !matches!(problem, Problem::Unopened { close }
                if range.contains(close) && text.span(*close).start > first)
        });
    }
}
