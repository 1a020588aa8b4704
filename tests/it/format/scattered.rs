//! Programs as nobody writes them: tokens with any blanks, line breaks and comments between them.

use std::ops::Range;

use super::made::GLUED;

/// What may stand between two tokens. The first ten are blanks.
const GAPS: [&str; 20] = [
    "",
    " ",
    "\n",
    "  ",
    " ",
    "\n  \n\n",
    "",
    "\r\n",
    "\t\r\n\r\n",
    "\u{FEFF}",
    " // c\n",
    "\n// own line\n",
    "//\n",
    " /* c */ ",
    "/**/",
    "\n /* own line */\n",
    " /* two\n   lines */ ",
    "\n/// Documentation.\n",
    "\n//// no documentation\r\n",
    "\n\n//! apart\n\n",
];

/// The tokens with gaps between them, whatever the bytes decide; nothing where nothing must be when they are used up.
pub fn scatter(tokens: &[String], gaps: &[u8]) -> String {
    let mut text = String::new();
    let mut gaps = gaps.iter();
    let mut last = "";
    for token in tokens {
        let choice = gaps.next().map_or(0, |byte| *byte as usize);
        // Three of four are blanks: comments in each gap would leave no lines to fit.
        let gap = GAPS[if choice < 192 {
            choice % 10
        } else {
            choice % GAPS.len()
        }];
        match token.strip_prefix(GLUED) {
            Some(glued) => text.push_str(glued),
            None => {
                if gap.is_empty() && !may_join(last, token) || last.ends_with('/') {
                    text.push(' ');
                }
                text.push_str(gap);
                text.push_str(token);
            }
        }
        last = token;
    }
    text
}

/// Whether two tokens stay two with nothing between them.
fn may_join(first: &str, second: &str) -> bool {
    let (Some(end), Some(start)) = (first.chars().last(), second.chars().next()) else {
        return true;
    };
    let is_word = |c: char| c.is_alphanumeric() || "_\"`".contains(c);
    let is_bracket = |c: char| "(){}[],".contains(c);
    let is_dot = |c: char| c == '.';
    is_bracket(end)
        || is_bracket(start)
        || is_word(end) != is_word(start) && !is_dot(end) && !is_dot(start)
}

pub fn is_code_space(c: char) -> bool {
    matches!(c, ' ' | '\n')
}

/// A program with other blanks between its tokens: as many where an empty line or a comment is, else one line break at
/// most, and more of them around brackets and commas.
pub fn reflow(text: &str, choices: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut choices = choices.iter();
    let mut at = 0;
    for gap in gaps(text) {
        out.push_str(&text[at..gap.start]);
        at = gap.end;
        let blanks = &text[gap.clone()];
        let choice = choices.next().map_or(0, |byte| *byte as usize);
        let line = text[..gap.start].rsplit('\n').next().unwrap_or("");
        let beside_comment =
            line.trim_start().starts_with("//") || text[gap.end..].starts_with("//");
        let other = match (blanks.matches('\n').count(), choice % 8) {
            _ if beside_comment => blanks,
            (2.., 0..4) => "\n\n",
            (2.., _) => " \n \n\n\n  ",
            (_, 0) => blanks,
            (_, 1) if may_join(&text[..gap.start], &text[gap.end..]) => "",
            (_, 1 | 2) if !blanks.is_empty() => " ",
            (_, 3) => "\n",
            (_, 4) => "\n      ",
            (_, 5) => "   ",
            _ => blanks,
        };
        out.push_str(other);
    }
    out.push_str(&text[at..]);
    out
}

/// The blanks between tokens, and the places beside brackets and commas where there are none.
fn gaps(text: &str) -> Vec<Range<usize>> {
    let mut gaps: Vec<Range<usize>> = Vec::new();
    // Whether each open brace is that of an interpolation.
    let mut holes = Vec::new();
    let mut in_string = false;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        if in_string {
            match byte {
                b'\\' => {
                    bytes.next();
                }
                b'{' if text[at..].starts_with("{{") => {
                    bytes.next();
                }
                b'{' => {
                    in_string = false;
                    holes.push(true);
                }
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        let in_hole = holes.contains(&true);
        match byte {
            b'"' => in_string = true,
            b'/' if text[at..].starts_with("//") => {
                while bytes.next_if(|(_, byte)| *byte != b'\n').is_some() {}
            }
            b'{' => holes.push(false),
            b'}' => in_string = holes.pop().unwrap_or(false),
            _ => {}
        }
        if in_hole || at == 0 {
            continue;
        }
        let is_space = is_code_space(char::from(byte));
        match gaps.last_mut() {
            Some(gap) if is_space && gap.end == at => gap.end = at + 1,
            _ if is_space => gaps.push(at..at + 1),
            Some(gap) if gap.end == at => {}
            _ if b"(){}[],".contains(&byte) => gaps.push(at..at),
            _ => {}
        }
    }
    gaps
}
