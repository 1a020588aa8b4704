//! Writes the tokens of a program in the order of its source, each with the comments that stand around it.
//!
//! The tree says what comes next; the source says where that stands, so a comment is between the same two tokens before
//! and after; a comma alone may pass it. Commas that the grammar does not need and a bar before a type's first member
//! are the only tokens that come and go. Knows no construct of the language.

use super::doc::{Comment, Doc, Flat, Place};
use crate::source::{Span, Spanned};

pub(super) struct Writer<'a> {
    text: &'a str,
    comments: &'a [Spanned<String>],
    next_comment: usize,
    /// All of the source before is written.
    at: usize,
    /// Comments that stood before a comma and are written behind it.
    deferred: Vec<Row<'a>>,
    doc: Doc<'a>,
    misread: Option<usize>,
}

/// Comments that stand on one line of the source.
struct Row<'a> {
    comments: Vec<&'a str>,
    /// Whether no token stands on the line.
    own_line: bool,
    /// Whether an empty line is before it.
    blank_before: bool,
    /// Whether an empty line is behind it.
    blank_after: bool,
}

impl<'a> Writer<'a> {
    /// The comments are those of the text, in order.
    pub(super) fn new(text: &'a str, comments: &'a [Spanned<String>]) -> Self {
        Self {
            text,
            comments,
            next_comment: 0,
            at: 0,
            deferred: Vec::new(),
            doc: Doc::default(),
            misread: None,
        }
    }

    /// The text, or the place of the source where the tree says another thing.
    pub(super) fn finish(mut self) -> Result<String, usize> {
        let rows = self.take_rows();
        if !rows.is_empty() && !self.doc.is_empty() {
            let blank = rows.first().is_some_and(|row| row.blank_before);
            self.doc.line(Flat::Never, blank);
        }
        self.write_rows(rows);
        match self.misread {
            None if self.at == self.text.len() => Ok(self.doc.print()),
            None => Err(self.at),
            Some(at) => Err(at),
        }
    }

    // Tokens

    /// A keyword or punctuation.
    pub(super) fn token(&mut self, token: &'static str) {
        self.leading_comments();
        self.expect(token);
        self.doc.text(token);
        self.trailing_comments();
    }

    /// A keyword and a blank.
    pub(super) fn word(&mut self, word: &'static str) {
        self.token(word);
        self.doc.space();
    }

    /// `->`, however it is written.
    pub(super) fn arrow(&mut self) {
        self.leading_comments();
        if self.rest().starts_with('→') {
            self.at += '→'.len_utf8();
        } else {
            self.expect("->");
        }
        self.doc.text("->");
        self.trailing_comments();
        self.doc.space();
    }

    /// A name or a literal, as it is written.
    pub(super) fn leaf(&mut self, span: Span) {
        self.leading_comments();
        let range = span.range();
        let text = self.text.get(range.clone()).unwrap_or("");
        if self.at != range.start || text.is_empty() {
            return self.misread();
        }
        self.at = range.end;
        // A string's expressions may hold comments.
        while self
            .comment_from(self.next_comment)
            .is_some_and(|start| start < self.at)
        {
            self.next_comment += 1;
        }
        self.doc.text(text);
        self.trailing_comments();
    }

    /// Says that the tree is not the source's here.
    pub(super) fn misread(&mut self) {
        self.misread.get_or_insert(self.at);
    }

    /// Whether this is the next token, or how it begins.
    pub(super) fn is_next(&self, token: &str) -> bool {
        self.text
            .get(self.next_token()..)
            .is_some_and(|rest| rest.starts_with(token))
    }

    /// Where the next token begins.
    pub(super) fn next_token(&self) -> usize {
        let mut at = self.at;
        let mut comment = self.next_comment;
        loop {
            at = self.skip_blanks(at).0;
            if self.comment_from(comment) != Some(at) {
                return at;
            }
            at = self.comment_end(comment);
            comment += 1;
        }
    }

    /// Whether a node is written on several lines.
    pub(super) fn has_many_lines(&self, span: Span) -> bool {
        self.text
            .get(span.range())
            .is_some_and(|text| text.contains('\n'))
    }

    fn expect(&mut self, token: &str) {
        if self.rest().starts_with(token) {
            self.at += token.len();
        } else {
            self.misread();
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    // Commas

    /// A comma between two elements.
    pub(super) fn comma(&mut self) {
        self.comments_before_comma();
        self.expect(",");
        self.doc.comma();
        self.comments_after_comma();
    }

    /// A comma between two elements where it may be left out.
    pub(super) fn optional_comma(&mut self) {
        if self.is_next(",") {
            self.comma();
        } else {
            self.doc.comma();
        }
    }

    /// The comma behind the last element, written only where each element has a line of its own.
    pub(super) fn last_comma(&mut self) {
        if self.is_next(",") {
            self.comments_before_comma();
            self.expect(",");
            self.doc.trailing_comma();
            self.comments_after_comma();
        } else {
            self.doc.trailing_comma();
        }
    }

    /// Passes over a comma that is not written.
    pub(super) fn drop_comma(&mut self) {
        if self.is_next(",") {
            self.comments_before_comma();
            self.expect(",");
            self.comments_after_comma();
        }
    }

    /// Passes over a bar before a type's first member.
    pub(super) fn drop_bar(&mut self) {
        if self.is_next("|") {
            self.deferred = self.take_rows();
            self.expect("|");
        }
    }

    fn comments_before_comma(&mut self) {
        let rows = self.take_rows();
        if self.doc.is_line_closed() || rows.iter().any(|row| row.own_line) {
            self.deferred = rows;
        } else {
            self.write_rows(rows);
        }
    }

    fn comments_after_comma(&mut self) {
        if self.deferred.is_empty() {
            self.trailing_comments();
        }
    }

    // Layout

    pub(super) fn space(&mut self) {
        self.doc.space();
    }

    /// A blank, or a line break where the group is broken.
    pub(super) fn line(&mut self) {
        self.doc.line(Flat::Space, false);
    }

    /// Nothing, or a line break where the group is broken.
    pub(super) fn soft_line(&mut self) {
        self.doc.line(Flat::Nothing, false);
    }

    /// As `line`; an empty line of the source is kept.
    pub(super) fn line_between(&mut self) {
        let blank = self.is_blank_next();
        self.doc.line(Flat::Space, blank);
    }

    /// A line break. An empty line of the source is kept, or made.
    pub(super) fn hard_line_between(&mut self, blank: bool) {
        let blank = blank || self.is_blank_next();
        self.doc.line(Flat::Never, blank);
    }

    pub(super) fn hard_line(&mut self) {
        self.doc.line(Flat::Never, false);
    }

    /// A blank, or a line break when a comment would make one anyway: what follows is then in line with what it
    /// belongs to.
    pub(super) fn space_unless_commented(&mut self) {
        let (at, newlines) = self.skip_blanks(self.at);
        let has_own_line = self.comment_from(self.next_comment) == Some(at)
            && (newlines > 0 || self.ends_line(self.next_comment));
        if self.doc.is_line_closed() || has_own_line {
            self.hard_line();
        } else {
            self.space();
        }
    }

    /// A text that stands only where the group is broken.
    pub(super) fn if_broken(&mut self, text: &'static str) {
        self.doc.if_broken(text);
    }

    pub(super) fn group(&mut self, content: impl FnOnce(&mut Self)) {
        self.doc.start_group();
        content(self);
        self.doc.end_group();
    }

    pub(super) fn indent(&mut self, content: impl FnOnce(&mut Self)) {
        self.doc.start_indent();
        content(self);
        self.doc.end_indent();
    }

    /// Whether a comment stands between what was written and the next token.
    pub(super) fn is_commented(&self) -> bool {
        self.doc.ends_in_comment()
            || self.comment_from(self.next_comment) == Some(self.skip_blanks(self.at).0)
    }

    fn is_blank_next(&self) -> bool {
        self.deferred.is_empty() && self.skip_blanks(self.at).1 > 1
    }

    // Comments

    /// The comments before a closing bracket, each line of them on a line of its own. `first` if nothing else stands
    /// in the brackets.
    pub(super) fn closing_comments(&mut self, first: bool) {
        let mut rows = self.take_rows();
        if rows.iter().any(|row| row.own_line) || self.doc.is_line_closed() {
            for (index, row) in rows.iter_mut().enumerate() {
                let blank = row.blank_before && !(first && index == 0);
                row.own_line = true;
                row.blank_after = false;
                self.doc.line(Flat::Space, blank);
                write_row(&mut self.doc, row);
            }
        } else {
            self.write_rows(rows);
        }
    }

    /// The comments before the next token.
    pub(super) fn leading_comments(&mut self) {
        let rows = self.take_rows();
        self.write_rows(rows);
    }

    /// The comments between what was written and a token on the same line that joins it to something: they belong to
    /// what was written, wherever that token goes.
    pub(super) fn comments_before_joint(&mut self) {
        if self.skip_blanks(self.at).1 == 0 && !self.doc.is_line_closed() {
            self.leading_comments();
        }
    }

    fn write_rows(&mut self, rows: Vec<Row<'a>>) {
        for mut row in rows {
            // Empty lines are kept between what has lines of its own, not within it.
            row.blank_after &= self.doc.is_at_line_start();
            write_row(&mut self.doc, &row);
        }
    }

    /// Writes the comments on the line of the last token, if no other token follows them there.
    fn trailing_comments(&mut self) {
        if self.doc.is_line_closed() {
            return;
        }
        let mut at = self.at;
        let mut taken = self.next_comment;
        let mut comment = self.next_comment;
        loop {
            let (start, newlines) = self.skip_blanks(at);
            if newlines > 0 || start == self.text.len() {
                taken = comment;
                break;
            }
            if self.comment_from(comment) != Some(start) {
                break;
            }
            if is_documentation(self.comment(comment)) {
                taken = comment;
                break;
            }
            at = self.comment_end(comment);
            comment += 1;
            if self.ends_line(comment - 1) {
                taken = comment;
                break;
            }
        }
        while self.next_comment < taken {
            self.doc.comment(Comment {
                text: self.comment(self.next_comment),
                place: Place::Trailing,
                ends_line: self.ends_line(self.next_comment),
                blank: false,
            });
            self.at = self.comment_end(self.next_comment);
            self.next_comment += 1;
        }
    }

    /// Takes all comments before the next token. The last row is the one that may share its line with that.
    fn take_rows(&mut self) -> Vec<Row<'a>> {
        let mut rows = std::mem::take(&mut self.deferred);
        let known = rows.len();
        let mut starts_line = self.doc.is_empty() || self.doc.is_line_closed() || known > 0;
        loop {
            let (at, newlines) = self.skip_blanks(self.at);
            self.at = at;
            starts_line |= newlines > 0;
            if rows.len() > known
                && let Some(row) = rows.last_mut()
            {
                row.own_line |= starts_line || at == self.text.len();
                row.blank_after = newlines > 1;
            }
            if self.comment_from(self.next_comment) != Some(at) {
                break;
            }
            let text = self.comment(self.next_comment);
            let documentation = is_documentation(text);
            if rows.len() == known || starts_line || documentation {
                if let Some(row) = rows.last_mut() {
                    row.own_line = true;
                }
                rows.push(Row {
                    comments: vec![text],
                    own_line: documentation,
                    blank_before: newlines > 1,
                    blank_after: false,
                });
            } else if let Some(row) = rows.last_mut() {
                row.comments.push(text);
            }
            starts_line = self.ends_line(self.next_comment);
            self.at = self.comment_end(self.next_comment);
            self.next_comment += 1;
        }
        space_documentation(&mut rows);
        rows
    }

    fn comment(&self, index: usize) -> &'a str {
        self.comments
            .get(index)
            .map_or("", |comment| comment.node.trim_end())
    }

    /// Where a comment begins.
    fn comment_from(&self, index: usize) -> Option<usize> {
        self.comments
            .get(index)
            .map(|comment| comment.span.start as usize)
    }

    /// Where a comment ends, with the blanks behind it that are not part of its text.
    fn comment_end(&self, index: usize) -> usize {
        let Some(comment) = self.comments.get(index) else {
            return self.text.len();
        };
        let end = comment.span.end as usize;
        if !comment.node.starts_with("//") {
            return end;
        }
        self.text
            .get(end..)
            .and_then(|rest| rest.find(['\n', '\r']))
            .map_or(self.text.len(), |length| end + length)
    }

    /// Whether nothing may follow a comment on its line: after one of several lines, nothing should.
    fn ends_line(&self, index: usize) -> bool {
        let text = self.comment(index);
        text.starts_with("//") || text.contains('\n')
    }

    /// The end of the blanks at a place, and the number of line ends in them.
    fn skip_blanks(&self, at: usize) -> (usize, usize) {
        let rest = self.text.get(at..).unwrap_or("");
        let end = rest
            .find(|c| !matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{FEFF}'))
            .unwrap_or(rest.len());
        let newlines = rest[..end].bytes().filter(|b| matches!(b, b'\n' | b'\r'));
        (at + end, newlines.count())
    }
}

/// No empty line stands behind an item's documentation, one behind the file's.
fn space_documentation(rows: &mut [Row<'_>]) {
    let is_file = |row: &Row<'_>| row.comments.iter().any(|text| text.starts_with("//!"));
    for index in 0..rows.len() {
        let next_is_file = rows.get(index + 1).is_some_and(is_file);
        let row = &mut rows[index];
        if is_file(row) {
            row.blank_after = !next_is_file;
        } else if row.comments.iter().any(|text| is_documentation(text)) {
            row.blank_after = false;
        }
        let blank = row.blank_after;
        if let Some(next) = rows.get_mut(index + 1) {
            next.blank_before = blank;
        }
    }
}

fn write_row<'a>(doc: &mut Doc<'a>, row: &Row<'a>) {
    for (index, text) in row.comments.iter().enumerate() {
        let is_last = index + 1 == row.comments.len();
        doc.comment(Comment {
            text,
            place: match (row.own_line, index) {
                (true, 0) => Place::OwnLine,
                (true, _) => Place::Beside,
                (false, _) => Place::Inline,
            },
            ends_line: row.own_line && is_last,
            blank: row.blank_after && is_last,
        });
    }
}

/// `///` and `//!`: they belong to what follows, or to the file.
fn is_documentation(comment: &str) -> bool {
    comment.starts_with("//!") || comment.starts_with("///") && !comment.starts_with("////")
}
