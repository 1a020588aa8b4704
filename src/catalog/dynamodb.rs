//! The expressions in which DynamoDB is told what to read and write.
//!
//! The words are those of the developer guide, as moto lists them:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>. Those of the language of
//! expressions itself are from its pages on each kind of expression.

use super::lines::find_line;

/// Upper case, sorted, one a line.
const RESERVED: &str = include_str!("dynamodb_words.txt");

/// Members that hold an expression.
const EXPRESSIONS: &[&str] = &[
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
];

/// What an expression is made of beside names: these are no attributes.
const KEYWORDS: &[&str] = &[
    "ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET",
];

/// Whether a member of a call of the service is an expression.
pub fn is_expression(service: &str, member: &str) -> bool {
    service == "dynamodb" && EXPRESSIONS.contains(&member)
}

/// The attributes in an expression that stand under a reserved name, with which the service refuses it.
pub fn reserved_names(expression: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_word) {
        let before = rest[..start].chars().next_back();
        let end = rest[start..]
            .find(|c| !is_word(c))
            .map_or(rest.len(), |length| start + length);
        let (word, after) = (&rest[start..end], &rest[end..]);
        let upper = word.to_ascii_uppercase();
        // `#alias`, `:value`, `size(…)`
        let is_attribute =
            !matches!(before, Some('#' | ':')) && !after.trim_start().starts_with('(');
        if is_attribute
            && !KEYWORDS.contains(&upper.as_str())
            && find_line(RESERVED, &upper).is_some()
            && !found.contains(&word)
        {
            found.push(word);
        }
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_under_reserved_names_are_found() {
        assert!(RESERVED.lines().is_sorted());
        assert_eq!(RESERVED.lines().count(), 573);
        for (expression, found) in [
            ("SET #status = :status, reason = :r", &[][..]),
            (
                "SET status = :s REMOVE job.Name, tags[0]",
                &["status", "Name"],
            ),
            ("attribute_not_exists(id) AND size(notes) > :n", &[]),
            ("attribute_not_exists(year) or ttl < :now", &["year", "ttl"]),
            ("state IN (:a, :b) AND state <> :c", &["state"]),
            ("", &[]),
        ] {
            assert_eq!(reserved_names(expression), found, "{expression}");
        }
    }
}
