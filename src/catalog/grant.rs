//! What a call must be allowed to do, with holes that its arguments fill.

use std::fmt::{self, Display, Formatter};

/// One statement that a call needs: all actions on all resources under all conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// `glue:StartJobRun`
    pub actions: Vec<String>,
    /// None means that AWS offers no resource-level permission here (`*`).
    pub resources: Vec<ArnTemplate>,
    pub conditions: Vec<Condition>,
    /// Needed only when this holds of the arguments.
    pub when: Option<When>,
    pub source: GrantSource,
}

/// Where the fact is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantSource {
    /// AWS's guide or the service authorization reference.
    Documented,
    /// By the naming rule, since no source knows the operation: reported by `flowc iam --why`.
    Assumed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// A member (dotted path) is given.
    Given(String),
    /// A member is not given.
    Absent(String),
    /// A member is given and has one of these values, or a value that only the run knows.
    OneOf(String, Vec<String>),
}

/// `StringEquals iam:PassedToService glue.amazonaws.com`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub operator: String,
    pub key: String,
    pub value: ArnTemplate,
}

/// An ARN, or a condition's value, with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArnTemplate {
    pub parts: Vec<ArnPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArnPart {
    Text(String),
    Partition,
    Region,
    Account,
    /// The partition's domain: `amazonaws.com`.
    UrlSuffix,
    /// The name of the machine that makes the call.
    Machine,
    /// A value of the call.
    Member(Hole),
    /// An id that exists only at run time, chosen by the service: `*`.
    Any,
    /// A variable of IAM's policy language, filled at each request: `aws:userid`.
    Variable(String),
}

/// A hole that an argument fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Dotted path into the arguments; `[]` stands for each element, `{}` for each key of a map. Behind `->` stands a path
    /// into the arguments of the call of the same service whose result holds the value: `QueryExecutionId->WorkGroup`;
    /// it is `*` when the pipeline has no such call.
    pub path: String,
    pub reading: Reading,
    /// What stands there when the argument is not given; None: the template that has the hole is not needed then
    /// (and neither is a grant that loses its last resource, or a condition, in this way).
    pub absent: Option<String>,
}

/// How the argument's text becomes a part of an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it is.
    Text,
    /// The whole ARN; where a name is given, it stands in the ARN's last place (`NameOrArn` of APIs).
    Arn,
    /// A name, or an ARN that replaces the whole template but for a part that has a hole of its own.
    NameOrArn,
    /// An id that the service chose: as it is when it is known, `*` when only the run knows it.
    Id,
    /// The name in an ARN (`NAME` of `…:stateMachine:NAME` and of `…:connection/NAME/ID`), or the name alone.
    Name,
    /// A name or an ARN that may end in `:revision`; `:*` follows one that does not. An ARN replaces the whole template.
    Revised,
    /// The last segment of a URL: an SQS queue's name.
    UrlTail,
    /// The first label of a host name: an API's id.
    HostLabel,
    /// Without a leading slash.
    NoLeadingSlash,
    /// The bucket of `s3://bucket/key`.
    S3Bucket,
    /// The key or prefix of `s3://bucket/key`.
    S3Key,
}

impl Grant {
    /// Reads the notation of the catalog's data:
    /// `ACTION[, ACTION] on RESOURCE[, RESOURCE] [if OPERATOR KEY VALUE [and …]] [when MEMBER] [assumed]`.
    ///
    /// A resource is `*` (no resource-level permission), a template of [`ArnTemplate::parse`], or a name that `alias`
    /// knows, and so is a value. After `when` stands a member's path, `not` and a path, or a path, `in` and values.
    pub fn parse(line: &str, alias: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let wrong = |what: &str| format!("`{line}`: {what}");
        let mut words = line.split_ascii_whitespace().peekable();
        let actions = comma_list(&mut words);
        if words.next() != Some("on") {
            return Err(wrong("`on` and resources must follow the actions"));
        }
        let named = comma_list(&mut words);
        let mut grant = Grant {
            actions,
            resources: Vec::new(),
            conditions: Vec::new(),
            when: None,
            source: GrantSource::Documented,
        };
        if named != ["*"] {
            for name in named {
                let text = alias(&name).unwrap_or(name);
                grant.resources.push(ArnTemplate::parse(&text)?);
            }
        }
        while let Some(word) = words.next() {
            match word {
                "if" | "and" => {
                    let (Some(operator), Some(key), Some(value)) =
                        (words.next(), words.next(), words.next())
                    else {
                        return Err(wrong("a condition has an operator, a key and a value"));
                    };
                    grant.conditions.push(Condition {
                        operator: operator.to_owned(),
                        key: key.to_owned(),
                        value: ArnTemplate::parse(
                            &alias(value).unwrap_or_else(|| value.to_owned()),
                        )?,
                    });
                }
                "when" => {
                    let path = words.next().ok_or_else(|| wrong("`when` needs a member"))?;
                    grant.when = Some(match words.peek() {
                        Some(&"in") => {
                            words.next();
                            When::OneOf(path.to_owned(), comma_list(&mut words))
                        }
                        _ if path == "not" => {
                            let path = words.next().ok_or_else(|| wrong("`not` needs a member"))?;
                            When::Absent(path.to_owned())
                        }
                        _ => When::Given(path.to_owned()),
                    });
                }
                "assumed" => grant.source = GrantSource::Assumed,
                _ => return Err(wrong(&format!("`{word}` has no place here"))),
            }
        }
        Ok(grant)
    }
}

fn comma_list<'a>(words: &mut impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list = Vec::new();
    for word in words {
        let (word, more) = match word.strip_suffix(',') {
            Some(word) => (word, true),
            None => (word, false),
        };
        list.push(word.to_owned());
        if !more {
            break;
        }
    }
    list
}

impl ArnTemplate {
    /// Reads the notation of the catalog's data: `arn:{partition}:glue:{region}:{account}:job/{JobName}`.
    ///
    /// `{partition}`, `{region}`, `{account}`, `{url_suffix}`, `{machine}` are the parts of those names, `*` is [`ArnPart::Any`] and
    /// `${aws:userid}` an [`ArnPart::Variable`].
    /// Every other `{…}` is a hole: a path, then `|reading`, then `=what stands there when it is absent`. As paths may
    /// hold `{}` (each key of a map), a hole ends at the brace that balances its own.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('*') {
                parts.push(ArnPart::Any);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("${") {
                let (name, after) = after
                    .split_once('}')
                    .ok_or_else(|| format!("`{text}` has an open brace"))?;
                parts.push(ArnPart::Variable(name.to_owned()));
                rest = after;
            } else if rest.starts_with('{') {
                let end =
                    closing_brace(rest).ok_or_else(|| format!("`{text}` has an open brace"))?;
                parts.push(parse_part(&rest[1..end])?);
                rest = &rest[end + 1..];
            } else {
                let end = text_end(rest);
                parts.push(ArnPart::Text(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        Ok(Self { parts })
    }

    /// The holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.parts.iter().filter_map(|part| match part {
            ArnPart::Member(hole) => Some(hole),
            _ => None,
        })
    }
}

impl Display for ArnTemplate {
    /// In the notation of [`ArnTemplate::parse`].
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            ArnPart::Text(text) => f.write_str(text),
            ArnPart::Partition => f.write_str("{partition}"),
            ArnPart::Region => f.write_str("{region}"),
            ArnPart::Account => f.write_str("{account}"),
            ArnPart::UrlSuffix => f.write_str("{url_suffix}"),
            ArnPart::Machine => f.write_str("{machine}"),
            ArnPart::Any => f.write_str("*"),
            ArnPart::Variable(name) => write!(f, "${{{name}}}"),
            ArnPart::Member(hole) => write!(f, "{hole}"),
        })
    }
}

impl Display for Hole {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}", self.path)?;
        if self.reading != Reading::Text {
            write!(f, "|{}", self.reading.word())?;
        }
        if let Some(absent) = &self.absent {
            write!(f, "={absent}")?;
        }
        f.write_str("}")
    }
}

fn text_end(text: &str) -> usize {
    let end = text.find(['*', '{']).unwrap_or(text.len());
    if text[end..].starts_with('{') && text[..end].ends_with('$') {
        end - 1
    } else {
        end
    }
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn parse_part(text: &str) -> Result<ArnPart, String> {
    Ok(match text {
        "partition" => ArnPart::Partition,
        "region" => ArnPart::Region,
        "account" => ArnPart::Account,
        "url_suffix" => ArnPart::UrlSuffix,
        "machine" => ArnPart::Machine,
        _ => {
            let (text, absent) = match text.split_once('=') {
                Some((text, absent)) => (text, Some(absent.to_owned())),
                None => (text, None),
            };
            let (path, reading) = match text.split_once('|') {
                Some((path, reading)) => (path, Reading::parse(reading)?),
                None => (text, Reading::Text),
            };
            if path.is_empty() {
                return Err("a hole has no path".to_owned());
            }
            ArnPart::Member(Hole {
                path: path.to_owned(),
                reading,
                absent,
            })
        }
    })
}

impl Reading {
    const ALL: [Self; 11] = [
        Self::Text,
        Self::Arn,
        Self::NameOrArn,
        Self::Id,
        Self::Name,
        Self::Revised,
        Self::UrlTail,
        Self::HostLabel,
        Self::NoLeadingSlash,
        Self::S3Bucket,
        Self::S3Key,
    ];

    fn parse(word: &str) -> Result<Self, String> {
        (Self::ALL.into_iter())
            .find(|reading| reading.word() == word && *reading != Self::Text)
            .ok_or_else(|| format!("`{word}` is no reading"))
    }

    /// As the notation of templates has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Arn => "arn",
            Self::NameOrArn => "name_or_arn",
            Self::Id => "id",
            Self::Name => "name",
            Self::Revised => "revised",
            Self::UrlTail => "url_tail",
            Self::HostLabel => "host_label",
            Self::NoLeadingSlash => "no_leading_slash",
            Self::S3Bucket => "s3_bucket",
            Self::S3Key => "s3_key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_keeps_text_and_tells_holes_from_parts() {
        let template = ArnTemplate::parse("arn:{partition}:events:{region}:{account}:event-bus/{Entries[].Bus|name_or_arn=default}*")
            .expect("well formed");
        assert_eq!(template.parts.len(), 9);
        assert_eq!(template.parts[1], ArnPart::Partition);
        assert_eq!(template.parts[8], ArnPart::Any);
        let hole = template.holes().next().expect("one hole");
        assert_eq!(hole.path, "Entries[].Bus");
        assert_eq!(hole.reading, Reading::NameOrArn);
        assert_eq!(hole.absent.as_deref(), Some("default"));
    }

    #[test]
    fn a_template_is_written_as_it_is_read() {
        for text in [
            "arn:{partition}:events:{region}:{account}:event-bus/{Entries[].Bus|name_or_arn=default}*",
            "user/${aws:userid}/{RequestItems{}|id}/{Key=*}.{url_suffix}{machine}",
        ] {
            let template = ArnTemplate::parse(text).expect("well formed");
            assert_eq!(template.to_string(), text);
        }
    }

    #[test]
    fn a_hole_may_stand_for_each_key_of_a_map() {
        let template =
            ArnTemplate::parse("table/{RequestItems{}|name_or_arn}").expect("well formed");
        assert_eq!(
            template.holes().next().map(|h| h.path.as_str()),
            Some("RequestItems{}")
        );
    }

    #[test]
    fn a_policy_variable_is_no_hole() {
        let template = ArnTemplate::parse("user/${aws:userid}/{Id|id}").expect("well formed");
        assert_eq!(
            template.parts[1],
            ArnPart::Variable("aws:userid".to_owned())
        );
        assert_eq!(template.holes().count(), 1);
    }

    #[test]
    fn a_grant_reads_as_a_sentence() {
        let alias = |name: &str| (name == "job").then(|| "arn:x:job/{JobName}".to_owned());
        let line = "glue:GetJobRun, glue:GetJobRuns on job if StringLike s3:prefix {Prefix}* and Bool a:b true when not Tags assumed";
        let grant = Grant::parse(line, alias).expect("well formed");
        assert_eq!(grant.actions, ["glue:GetJobRun", "glue:GetJobRuns"]);
        assert_eq!(grant.resources.len(), 1);
        assert_eq!(grant.conditions.len(), 2);
        assert_eq!(grant.when, Some(When::Absent("Tags".to_owned())));
        assert_eq!(grant.source, GrantSource::Assumed);

        let grant = Grant::parse("a:B on * when M in X, Y", |_| None).expect("well formed");
        assert!(grant.resources.is_empty());
        let values = vec!["X".to_owned(), "Y".to_owned()];
        assert_eq!(grant.when, Some(When::OneOf("M".to_owned(), values)));
    }

    #[test]
    fn an_open_brace_and_an_unknown_reading_are_refused() {
        assert!(ArnTemplate::parse("a{b").is_err());
        assert!(ArnTemplate::parse("{b|c}").is_err());
    }
}
