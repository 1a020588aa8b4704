//! Text in columns and lines that fit a terminal.

/// Lines are no longer where they can be broken.
pub(super) const WIDTH: usize = 80;

/// Stands for a blank at which a line is not broken.
pub(super) const FIRM: char = '\u{a0}';

/// Breaks a text at blanks into lines of at most `width` characters; a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A row of two columns: what stands on the left, and the text beside it, broken within its column.
pub(super) struct Row {
    pub left: String,
    pub right: String,
}

/// The rows as lines, the right column where the widest left one ends, but no further than `most`.
pub(super) fn columns(rows: &[Row], most: usize) -> Vec<String> {
    let gap = 2;
    let widest = rows.iter().map(|row| length(&row.left)).max().unwrap_or(0);
    let column = widest.min(most) + gap;
    let mut lines: Vec<String> = Vec::new();
    for row in rows {
        let mut parts = wrap(&row.right, WIDTH - column).into_iter();
        let first = parts.next().unwrap_or_default();
        if length(&row.left) + gap <= column {
            lines.push(format!("{:column$}{first}", row.left));
        } else {
            lines.push(row.left.clone());
            lines.push(format!("{:column$}{first}", ""));
        }
        lines.extend(parts.map(|part| format!("{:column$}{part}", "")));
    }
    lines
        .iter()
        .map(|line| line.trim_end().replace(FIRM, " "))
        .collect()
}

/// In characters; the catalog's names have no wide ones.
fn length(text: &str) -> usize {
    text.chars().count()
}
