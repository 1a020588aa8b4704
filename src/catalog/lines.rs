//! Tables that are text: a line an entry, sorted by the first of the columns, which tabs part.

/// The line of a key. Halves what is left, so that a table of which one line is wanted is not read whole.
pub(super) fn find_line<'a>(table: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = table;
    while !rest.is_empty() {
        let before = &rest.as_bytes()[..rest.len() / 2];
        let start = before.iter().rposition(|byte| *byte == b'\n');
        let start = start.map_or(0, |at| at + 1);
        let (line, after) = rest[start..]
            .split_once('\n')
            .unwrap_or((&rest[start..], ""));
        let own = line.split_once('\t').map_or(line, |(own, _)| own);
        match own.cmp(key) {
            std::cmp::Ordering::Less => rest = after,
            std::cmp::Ordering::Greater => rest = &rest[..start],
            std::cmp::Ordering::Equal => return Some(line),
        }
    }
    None
}
