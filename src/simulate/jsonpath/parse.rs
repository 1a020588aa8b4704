//! Reads the text of a path.

use super::filter::Filter;
use super::{Function, Path, Root, Step};

/// A place in a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) {
            Ok(())
        } else {
            Err(format!("expected `{token}` at character {}", self.at))
        }
    }

    pub fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// `'…'` or `"…"`; a backslash stands before the quote or another backslash, and is itself elsewhere.
    pub fn quoted(&mut self) -> Result<String, String> {
        let quote = self.peek().filter(|c| matches!(c, '\'' | '"'));
        let quote = quote.ok_or_else(|| format!("expected a quote at character {}", self.at))?;
        let mut content = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.clone().next() {
                    Some((_, c)) if c == quote || c == '\\' => {
                        content.push(c);
                        chars.next();
                    }
                    _ => content.push('\\'),
                },
                c if c == quote => {
                    self.at += at + c.len_utf8();
                    return Ok(content);
                }
                c => content.push(c),
            }
        }
        Err("a quote is not closed".to_owned())
    }

    pub fn integer(&mut self) -> Option<i64> {
        let start = self.at;
        self.take("-");
        let digits = self.take_while(|c| c.is_ascii_digit());
        let number = (!digits.is_empty()).then(|| self.text[start..self.at].parse().ok());
        if number.is_none() {
            self.at = start;
        }
        number.flatten()
    }
}

pub(super) fn parse(text: &str) -> Result<Path, String> {
    let mut cursor = Cursor::new(text);
    let path = path(&mut cursor)?;
    if !cursor.is_at_end() {
        return Err(format!("unexpected `{}`", cursor.rest()));
    }
    Ok(path)
}

fn path(cursor: &mut Cursor) -> Result<Path, String> {
    let text = cursor.rest();
    cursor.expect("$")?;
    let root = if cursor.take("$") {
        Root::Context
    } else {
        match cursor.take_while(|c| c.is_alphanumeric() || c == '_') {
            "" => Root::Input,
            name => Root::Variable(name.to_owned()),
        }
    };
    let steps = steps(cursor)?;
    let length = text.len() - cursor.rest().len();
    Ok(Path {
        text: text[..length].to_owned(),
        root,
        steps,
    })
}

/// The steps that follow, up to something that is none. Behind a function stands no more.
pub(super) fn steps(cursor: &mut Cursor) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    loop {
        if cursor.take("..") {
            steps.push(Step::Descendants);
            if cursor.peek() != Some('[') {
                steps.push(member(cursor)?);
            }
        } else if cursor.take(".") {
            steps.push(member(cursor)?);
        } else if cursor.take("[") {
            steps.push(bracket(cursor)?);
        } else {
            return Ok(steps);
        }
        if let Some(Step::Function(_)) = steps.last() {
            return Ok(steps);
        }
    }
}

fn member(cursor: &mut Cursor) -> Result<Step, String> {
    if cursor.take("*") {
        return Ok(Step::Wildcard);
    }
    // As the service's parser does: everything up to the next step.
    let name = cursor.take_while(|c| {
        !matches!(
            c,
            '.' | '['
                | ']'
                | '('
                | ')'
                | ','
                | '='
                | '<'
                | '>'
                | '!'
                | '&'
                | '|'
                | '~'
                | '\''
                | '"'
        ) && !c.is_whitespace()
    });
    if name.is_empty() {
        return Err("a name is missing behind `.`".to_owned());
    }
    if cursor.take("()") {
        let function = Function::ALL.iter().find(|(known, _)| *known == name);
        let (_, function) = function.ok_or_else(|| format!("there is no function `{name}`"))?;
        return Ok(Step::Function(*function));
    }
    Ok(Step::Child(name.to_owned()))
}

/// What stands between brackets, the first of which is read.
fn bracket(cursor: &mut Cursor) -> Result<Step, String> {
    cursor.skip_blanks();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.take("*");
            Step::Wildcard
        }
        Some('?') => {
            cursor.take("?");
            cursor.skip_blanks();
            cursor.expect("(")?;
            let filter = Filter::parse(cursor)?;
            cursor.skip_blanks();
            cursor.expect(")")?;
            Step::Filter(filter)
        }
        Some('\'' | '"') => {
            let mut names = vec![cursor.quoted()?];
            while comma(cursor) {
                names.push(cursor.quoted()?);
            }
            match names.len() {
                1 => Step::Child(names.remove(0)),
                _ => Step::Children(names),
            }
        }
        _ => numbers(cursor)?,
    };
    cursor.skip_blanks();
    cursor.expect("]")?;
    Ok(step)
}

fn numbers(cursor: &mut Cursor) -> Result<Step, String> {
    let first = cursor.integer();
    cursor.skip_blanks();
    if cursor.take(":") {
        cursor.skip_blanks();
        return Ok(Step::Slice(first, cursor.integer()));
    }
    let mut indices = vec![first.ok_or("expected a name, a number, `*` or `?` behind `[`")?];
    while comma(cursor) {
        indices.push(cursor.integer().ok_or("expected a number behind `,`")?);
    }
    Ok(match indices[..] {
        [index] => Step::Index(index),
        _ => Step::Indices(indices),
    })
}

pub(super) fn comma(cursor: &mut Cursor) -> bool {
    cursor.skip_blanks();
    let found = cursor.take(",");
    cursor.skip_blanks();
    found
}
