//! Reads `integrations/*.toml`: what lies over the derived tables, one file a service, one section an operation.
//!
//! `src/catalog/integrations/README.md` describes the files. Only the section of an operation that is asked for is
//! parsed: a section begins at a line that begins with `[`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

macro_rules! files {
    ($($service:literal)*) => {
        &[$(($service, include_str!(concat!("integrations/", $service, ".toml")))),*]
    };
}

/// `(service, file)`, sorted.
#[rustfmt::skip]
const FILES: &[(&str, &str)] = files!(
    "activity" "apigateway" "athena" "batch" "bedrock" "bedrockruntime" "cloudwatch" "cloudwatchlogs" "codebuild"
    "databasemigration" "databrew" "dynamodb" "ec2" "ecs" "eks" "emr" "emrcontainers" "emrserverless" "eventbridge"
    "glue" "http" "kinesis" "kms" "lambda" "mediaconvert" "rdsdata" "redshiftdata" "rekognition" "s3" "s3control"
    "sagemaker" "secretsmanager" "sfn" "sns" "sqs" "ssm" "textract" "timestreamquery" "timestreamwrite" "transcribe"
);

/// A curated file, cut into sections.
#[derive(Debug, Default)]
pub(super) struct File {
    pub head: Head,
    text: &'static str,
    sections: Vec<Section>,
}

/// What stands before the first operation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Head {
    /// The name in the ARNs of the optimized integration.
    pub integration: String,
    /// The prefix of its errors.
    pub prefix: String,
    pub docs: String,
    /// What every optimized operation can raise beside its modelled errors, without the prefix.
    pub errors: Vec<String>,
    /// What the default retry takes, without the prefix.
    pub transient: Vec<String>,
    /// Names for resources in grants.
    pub arns: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Section {
    operations: Vec<&'static str>,
    lines: Range<usize>,
}

/// One operation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Entry {
    /// Those of the optimized integration; when there are none, the section changes the SDK integration.
    pub patterns: Vec<Word>,
    /// In the notation of types; the API's when absent.
    pub input: Option<String>,
    pub result: Option<String>,
    /// Members of the input that take any JSON where the API wants text.
    pub takes_json: Vec<String>,
    /// Members of the result whose text is JSON.
    pub holds_json: Vec<String>,
    /// In place of the derived ones.
    pub grants: Option<Vec<String>>,
    /// Actions that it needs and no argument bounds.
    pub dependents: Vec<String>,
    /// Beside the derived ones.
    pub more_grants: Vec<String>,
    pub requirements: Vec<String>,
    pub errors: Vec<String>,
    /// In place of the file's.
    pub transient: Option<Vec<String>>,
    pub open_errors: bool,
    /// Sentences: what no source confirms.
    pub unverified: Vec<String>,
    pub sync: Variant,
    pub callback: Variant,
}

/// What a pattern has beside what the operation has.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Variant {
    /// `.sync:2`
    pub suffix: Option<String>,
    pub result: Option<String>,
    /// Beside those of the operation.
    pub grants: Vec<String>,
    pub errors: Vec<String>,
    pub unverified: Vec<String>,
}

impl Variant {
    pub const NONE: Self = Self {
        suffix: None,
        result: None,
        grants: Vec::new(),
        errors: Vec::new(),
        unverified: Vec::new(),
    };
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Word {
    Request,
    Sync,
    Callback,
}

/// Services that have a file, sorted.
pub(super) fn service_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|&(name, _)| name)
}

/// The name of a service that has a file, as it is kept.
pub(super) fn find_name(service: &str) -> Option<&'static str> {
    let at = FILES
        .binary_search_by(|(name, _)| (*name).cmp(service))
        .ok()?;
    Some(FILES[at].0)
}

/// The file of a service; `None` when there is none.
pub(super) fn find_file(service: &str) -> Option<Result<File, String>> {
    let at = FILES
        .binary_search_by(|(name, _)| (*name).cmp(service))
        .ok()?;
    let (name, text) = FILES[at];
    Some(File::parse(text).map_err(|error| format!("{name}.toml: {error}")))
}

impl File {
    fn parse(text: &'static str) -> Result<Self, String> {
        let starts: Vec<usize> = (text.starts_with('[').then_some(0).into_iter())
            .chain(text.match_indices("\n[").map(|(at, _)| at + 1))
            .collect();
        let mut sections: Vec<Section> = Vec::new();
        let mut head_end = text.len();
        for (i, &start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(text.len());
            let line = text[start..end].lines().next().unwrap_or_default();
            let key = key_of(line).ok_or_else(|| format!("`{line}` is no section's first line"))?;
            if key == "arns" {
                continue;
            }
            head_end = head_end.min(start);
            match sections.last_mut() {
                // `[startJobRun.sync]` belongs to `[startJobRun]`.
                Some(last) if key.split(' ').eq(last.operations.iter().copied()) => {
                    last.lines.end = end
                }
                _ => sections.push(Section {
                    operations: key.split(' ').collect(),
                    lines: start..end,
                }),
            }
        }
        let head = toml::from_str(&text[..head_end]).map_err(|error| error.to_string())?;
        Ok(Self {
            head,
            text,
            sections,
        })
    }

    /// Names of all operations that have a section, in the file's order.
    pub fn operations(&self) -> impl Iterator<Item = &'static str> {
        self.sections
            .iter()
            .flat_map(|s| s.operations.iter().copied())
    }

    /// The section of an operation, and the place of the operation among [`File::operations`].
    pub fn find_entry(&self, operation: &str) -> Option<Result<(usize, Entry), String>> {
        let place = self.operations().position(|name| name == operation)?;
        let at = self
            .sections
            .iter()
            .position(|s| s.operations.contains(&operation))?;
        let read =
            toml::from_str::<BTreeMap<String, Entry>>(&self.text[self.sections[at].lines.clone()]);
        Some(match read {
            Ok(entries) => entries
                .into_values()
                .next()
                .map(|entry| (place, entry))
                .ok_or_else(|| format!("the section of {operation} is empty")),
            Err(error) => Err(error.to_string()),
        })
    }
}

/// `startJobRun` of `[startJobRun.sync]`, `a b` of `["a b"]`.
fn key_of(line: &'static str) -> Option<&'static str> {
    let inner = line.strip_prefix('[')?;
    match inner.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => inner.split(['.', ']']).next(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_of_files_is_that_of_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog/integrations");
        let found: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned()))
            .collect();
        let listed: Vec<&str> = service_names().collect();
        assert!(listed.is_sorted());
        assert!(found.iter().map(String::as_str).eq(listed));
    }

    #[test]
    fn cutting_a_file_into_sections_loses_nothing() {
        for (name, text) in FILES {
            let file = File::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let whole: toml::Table = toml::from_str(text).expect("it is TOML");
            let operations: BTreeSet<&str> = (whole.iter())
                .filter(|(key, value)| value.is_table() && *key != "arns")
                .flat_map(|(key, _)| key.split(' '))
                .collect();
            let cut: Vec<&str> = file.operations().collect();
            assert_eq!(
                cut.iter().copied().collect::<BTreeSet<_>>(),
                operations,
                "{name}"
            );
            assert_eq!(
                cut.len(),
                operations.len(),
                "{name}: an operation has two sections"
            );
            for operation in cut {
                let found = file.find_entry(operation).expect("it was listed");
                found.unwrap_or_else(|error| panic!("{name}.{operation}: {error}"));
            }
        }
    }
}
