//! What CloudFormation does with `${Name}` before a definition is created.

use std::collections::BTreeMap;

/// A definition's text with values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substituted {
    pub text: String,
    /// Those without a value, which stay as they are, in the order of the text and each once.
    pub unknown: Vec<Placeholder>,
}

/// `${Name}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    pub name: String,
    /// It stands where JSON wants a value, not inside a string.
    pub is_bare: bool,
}

/// Puts values in for `${Name}`, as DefinitionSubstitutions do it: in the text, so a bare placeholder can become a number
/// and nothing is escaped; and again, for what the values bring along.
pub fn substitute(text: &str, values: &BTreeMap<String, String>) -> Substituted {
    let mut substituted = pass(text, values);
    // A value that names itself would never end.
    for _ in 0..values.len() {
        let next = pass(&substituted.text, values);
        if next.text == substituted.text {
            break;
        }
        substituted = next;
    }
    substituted
}

fn pass(text: &str, values: &BTreeMap<String, String>) -> Substituted {
    let mut filled = String::with_capacity(text.len());
    let mut unknown: Vec<Placeholder> = Vec::new();
    let mut in_string = false;
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        filled.push_str(before);
        in_string = ends_in_string(before, in_string);
        let name = behind.split('}').next().unwrap_or_default();
        let is_name = behind.len() > name.len()
            && !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || "_.:-".contains(c));
        match values.get(name) {
            Some(value) if is_name => {
                filled.push_str(value);
                rest = &behind[name.len() + 1..];
            }
            _ => {
                if is_name && unknown.iter().all(|known| known.name != name) {
                    unknown.push(Placeholder {
                        name: name.to_owned(),
                        is_bare: !in_string,
                    });
                }
                filled.push_str("${");
                rest = behind;
            }
        }
    }
    filled.push_str(rest);
    Substituted {
        text: filled,
        unknown,
    }
}

/// Whether the text stops inside a string, if it began in one or outside.
fn ends_in_string(text: &str, mut inside: bool) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        match c {
            '"' if !escaped => inside = !inside,
            '\\' if inside => {
                escaped = !escaped;
                continue;
            }
            _ => {}
        }
        escaped = false;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn bare_placeholder_becomes_a_number_and_a_quoted_one_stays_text() {
        let text = r#"{ "Seconds": ${wait}, "Comment": "${wait} s", "X": "\"${other}" }"#;
        let known = values(&[("wait", "60")]);
        let substituted = substitute(text, &known);
        assert_eq!(
            substituted.text,
            r#"{ "Seconds": 60, "Comment": "60 s", "X": "\"${other}" }"#
        );
        let other = Placeholder {
            name: "other".to_owned(),
            is_bare: false,
        };
        assert_eq!(substituted.unknown, [other]);
        assert!(substitute(text, &BTreeMap::new()).unknown[0].is_bare);
    }

    #[test]
    fn values_that_name_others_are_filled_and_those_that_name_themselves_end() {
        let known = values(&[("a", "<${b}>"), ("b", "1")]);
        assert_eq!(substitute("${a}", &known).text, "<1>");
        let endless = values(&[("a", "${a}")]);
        assert_eq!(substitute("${a}", &endless).text, "${a}");
    }

    #[test]
    fn what_names_nothing_stays() {
        let text = "{% ${ 'a': 1 } & '$' & '${' %}";
        let substituted = substitute(text, &values(&[("a", "1")]));
        assert_eq!(substituted.text, text);
        assert_eq!(substituted.unknown, []);
    }
}
