//! The printing algebra: text, lines that may break, indentation and groups, after Wadler and Prettier.
//!
//! A document is one flat list of elements, written from left to right, so that its depth costs no stack and
//! printing is linear. A group is printed on one line when it fits; else all lines of it break, and the groups inside
//! it are asked one by one. Knows nothing of the language but that a comma may pass a comment.

/// Columns that a line should keep to.
const WIDTH: usize = 100;

/// Columns of one level of indentation.
const STEP: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Element<'a> {
    Text {
        text: &'a str,
        /// Of its first line.
        width: usize,
        many_lines: bool,
    },
    /// A blank between two texts; nothing at a line's end or start.
    Space,
    /// A line break in a broken group.
    Line {
        flat: Flat,
        /// With an empty line.
        blank: bool,
    },
    /// Stands in a broken group only.
    IfBroken(&'static str),
    Comment(Comment<'a>),
    GroupStart {
        broken: bool,
    },
    GroupEnd,
    IndentStart,
    IndentEnd,
}

/// What a line is in a group that is printed on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flat {
    Nothing,
    Space,
    /// It always breaks, and all groups around it.
    Never,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'a> {
    pub(super) text: &'a str,
    pub(super) place: Place,
    /// Whether what follows must stand on another line.
    pub(super) ends_line: bool,
    /// Whether an empty line follows, if it ends its line.
    pub(super) blank: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On a line of its own, or the first of several there.
    OwnLine,
    /// After another on the same line.
    Beside,
    /// After a text on the same line.
    Trailing,
    /// Between two texts on the same line.
    Inline,
}

impl Element<'_> {
    fn is_trailing(&self) -> bool {
        matches!(self, Element::Comment(comment) if comment.place == Place::Trailing)
    }

    fn opens(&self) -> bool {
        matches!(self, Element::GroupStart { .. } | Element::IndentStart)
    }
}

/// A document while it is written.
#[derive(Debug, Default)]
pub(super) struct Doc<'a> {
    elements: Vec<Element<'a>>,
}

impl<'a> Doc<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    pub(super) fn text(&mut self, text: &'a str) {
        self.elements.push(measured(text));
    }

    pub(super) fn space(&mut self) {
        self.elements.push(Element::Space);
    }

    pub(super) fn line(&mut self, flat: Flat, blank: bool) {
        self.elements.push(Element::Line { flat, blank });
    }

    /// A comma after what was written last; comments that end the line let it pass.
    pub(super) fn comma(&mut self) {
        self.pass_closed_line(measured(","));
    }

    /// A comma that stands only where the group is broken.
    pub(super) fn trailing_comma(&mut self) {
        self.pass_closed_line(Element::IfBroken(","));
    }

    /// A text that stands only where the group is broken.
    pub(super) fn if_broken(&mut self, text: &'static str) {
        self.elements.push(Element::IfBroken(text));
    }

    pub(super) fn start_group(&mut self) {
        self.elements.push(Element::GroupStart { broken: false });
    }

    pub(super) fn end_group(&mut self) {
        self.end(Element::GroupEnd);
    }

    pub(super) fn start_indent(&mut self) {
        self.elements.push(Element::IndentStart);
    }

    pub(super) fn end_indent(&mut self) {
        self.end(Element::IndentEnd);
    }

    /// A comment that belongs to what was written last, or to what is written next.
    pub(super) fn comment(&mut self, comment: Comment<'a>) {
        if comment.place == Place::OwnLine || comment.place == Place::Beside {
            // It stands before all groups that begin with the next text: it does not break them.
            let at = self.openings();
            self.elements.insert(at, Element::Comment(comment));
        } else {
            self.elements.push(Element::Comment(comment));
        }
    }

    /// Whether what is written next begins a line, should the group be broken.
    pub(super) fn is_at_line_start(&self) -> bool {
        match self.elements[..self.openings()].last() {
            None | Some(Element::Line { .. }) => true,
            Some(Element::Comment(comment)) => {
                comment.ends_line && comment.place != Place::Trailing
            }
            Some(_) => false,
        }
    }

    /// Whether a comment stands last that nothing may follow on its line.
    pub(super) fn is_line_closed(&self) -> bool {
        matches!(self.elements.last(), Some(Element::Comment(comment)) if comment.ends_line)
    }

    /// Whether a comment stands last.
    pub(super) fn ends_in_comment(&self) -> bool {
        matches!(self.elements.last(), Some(Element::Comment(_)))
    }

    /// Where the run of openings at the end begins.
    fn openings(&self) -> usize {
        let run = self.elements.iter().rev().take_while(|e| e.opens()).count();
        self.elements.len() - run
    }

    /// Where the run of trailing comments at the end begins.
    fn trailing_comments(&self) -> usize {
        let run = self
            .elements
            .iter()
            .rev()
            .take_while(|e| e.is_trailing())
            .count();
        self.elements.len() - run
    }

    /// An end goes before trailing comments: they do not break what they stand behind.
    fn end(&mut self, end: Element<'a>) {
        let at = self.trailing_comments();
        self.elements.insert(at, end);
    }

    fn pass_closed_line(&mut self, element: Element<'a>) {
        let at = if self.is_line_closed() {
            self.trailing_comments()
        } else {
            self.elements.len()
        };
        self.elements.insert(at, element);
    }

    /// The text, with a newline at its end unless it is empty.
    pub(super) fn print(mut self) -> String {
        self.break_groups();
        let mut printer = Printer::new(&self.elements);
        for at in 0..self.elements.len() {
            printer.element(at);
        }
        printer.finish()
    }

    /// A group breaks when something in it ends a line.
    fn break_groups(&mut self) {
        let mut open = Vec::new();
        for at in 0..self.elements.len() {
            let breaks = match self.elements[at] {
                Element::GroupStart { .. } => {
                    open.push(at);
                    false
                }
                Element::GroupEnd => {
                    open.pop();
                    false
                }
                Element::Line { flat, .. } => flat == Flat::Never,
                Element::Comment(comment) => comment.ends_line || comment.place == Place::OwnLine,
                Element::Text { many_lines, .. } => many_lines,
                _ => false,
            };
            if breaks {
                for group in open.iter().rev() {
                    let Element::GroupStart { broken } = &mut self.elements[*group] else {
                        continue;
                    };
                    if std::mem::replace(broken, true) {
                        break;
                    }
                }
            }
        }
    }
}

fn measured(text: &str) -> Element<'_> {
    let first = text.split('\n').next().unwrap_or(text);
    Element::Text {
        text,
        width: first.chars().count(),
        many_lines: first.len() < text.len(),
    }
}

/// A line break that is written when a text follows.
#[derive(Clone, Copy)]
struct Newline {
    column: usize,
    blank: bool,
}

struct Printer<'a> {
    elements: &'a [Element<'a>],
    out: String,
    /// Characters in the line.
    column: usize,
    /// Column of the line's first text.
    line_indent: usize,
    indent: usize,
    /// Whether each open group is broken.
    broken: Vec<bool>,
    newline: Option<Newline>,
    space: bool,
    after_inline: bool,
}

impl<'a> Printer<'a> {
    fn new(elements: &'a [Element<'a>]) -> Self {
        Self {
            elements,
            out: String::new(),
            column: 0,
            line_indent: 0,
            indent: 0,
            broken: vec![true],
            newline: None,
            space: false,
            after_inline: false,
        }
    }

    fn finish(mut self) -> String {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }

    fn element(&mut self, at: usize) {
        match self.elements[at] {
            Element::Text { text, .. } => self.text(text),
            Element::Space => self.space = true,
            Element::Line { flat, blank } => {
                if self.is_broken() {
                    let blank = blank || self.newline.is_some_and(|n| n.blank);
                    self.newline = Some(Newline {
                        column: self.indent,
                        blank,
                    });
                } else if flat == Flat::Space {
                    self.space = true;
                }
            }
            Element::IfBroken(text) => {
                if self.is_broken() {
                    self.text(text);
                }
            }
            Element::Comment(comment) => self.comment(comment),
            Element::GroupStart { broken } => {
                let broken = self.is_broken() && (broken || !self.fits(at));
                self.broken.push(broken);
            }
            Element::GroupEnd => {
                self.broken.pop();
            }
            Element::IndentStart => self.indent += STEP,
            Element::IndentEnd => self.indent -= STEP,
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.last().copied().unwrap_or(true)
    }

    fn text(&mut self, text: &str) {
        let after_inline = std::mem::take(&mut self.after_inline);
        self.space |= after_inline && !text.starts_with([',', ')', ']', '.', ':']);
        self.begin();
        self.write(text);
    }

    fn comment(&mut self, comment: Comment<'_>) {
        match comment.place {
            Place::OwnLine => {
                if self.newline.is_none() && !self.out.is_empty() {
                    self.newline = Some(self.continuation());
                }
            }
            Place::Beside => self.space = true,
            // `(/* why */ x)`, `( // why`
            Place::Trailing | Place::Inline => {
                self.space |= comment.ends_line || !self.out.ends_with(['(', '[']);
            }
        }
        self.begin();
        self.write(comment.text);
        if comment.ends_line {
            self.newline = Some(if comment.place == Place::Trailing {
                self.continuation()
            } else {
                Newline {
                    column: self.line_indent,
                    blank: comment.blank,
                }
            });
        } else {
            self.after_inline = true;
        }
    }

    /// Where a line begins that goes on with what the one before began.
    fn continuation(&self) -> Newline {
        Newline {
            column: self.indent + STEP,
            blank: false,
        }
    }

    /// Writes the line break or the blank that is due before a text.
    fn begin(&mut self) {
        self.after_inline = false;
        if let Some(newline) = self.newline.take() {
            self.space = false;
            self.out.push('\n');
            if newline.blank {
                self.out.push('\n');
            }
            self.out.extend(std::iter::repeat_n(' ', newline.column));
            self.column = newline.column;
            self.line_indent = newline.column;
        }
        if std::mem::take(&mut self.space) && !self.out.is_empty() {
            self.out.push(' ');
            self.column += 1;
        }
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rfind('\n') {
            Some(at) => self.column = text[at + 1..].chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    /// Whether the group that starts at a place, and what follows it up to where a line can break, stay within the
    /// width. All groups around it are broken. Looks no further than a line.
    fn fits(&self, start: usize) -> bool {
        let mut column = match self.newline {
            Some(newline) => newline.column,
            None => self.column,
        };
        let mut space = self.space && self.newline.is_none();
        let mut depth = 0usize;
        let mut inside = true;
        for element in &self.elements[start..] {
            let width = match *element {
                Element::GroupStart { .. } => {
                    depth += 1;
                    continue;
                }
                Element::GroupEnd => {
                    depth = depth.saturating_sub(1);
                    inside &= depth > 0;
                    continue;
                }
                Element::IndentStart | Element::IndentEnd => continue,
                Element::Space => {
                    space = true;
                    continue;
                }
                Element::Line { .. } if !inside => return true,
                Element::Line { flat, .. } => {
                    space |= flat == Flat::Space;
                    continue;
                }
                Element::IfBroken(text) if !inside && depth == 0 => text.len(),
                Element::IfBroken(_) => continue,
                Element::Comment(comment) => {
                    if comment.ends_line || comment.place == Place::OwnLine {
                        return true;
                    }
                    space = true;
                    comment.text.chars().count()
                }
                Element::Text { width, .. } => width,
            };
            column += width + usize::from(std::mem::take(&mut space));
            if column > WIDTH {
                return false;
            }
            match element {
                Element::Text {
                    many_lines: true, ..
                } => return true,
                Element::Comment(_) => space = true,
                _ => {}
            }
        }
        true
    }
}
