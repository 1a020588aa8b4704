//! `ItemReader`: items from objects.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>

use std::io::Read;

use serde_json::{Map as Object, Value, json};

use super::distributed::reader_failed;
use super::fan::Entry;
use super::fields::View;
use super::{Engine, ThreadId};
use crate::simulate::call::Access;
use crate::simulate::data::Data;
use crate::simulate::definition::{
    HeaderLocation, InputType, ManifestType, Map, Reader, ReaderConfig,
};
use crate::simulate::event::EventKind;
use crate::simulate::failure::Trouble;

/// What was read.
pub(super) struct Dataset {
    pub entries: Vec<Entry>,
    /// `S3://bucket/key`
    pub source: String,
}

/// The most items that a map takes.
const MOST_ITEMS: i64 = 100_000_000;

impl Engine<'_, '_> {
    pub(super) fn read_items(
        &mut self,
        id: ThreadId,
        map: &Map,
        input: &Data,
    ) -> Result<Dataset, Trouble> {
        let Some(reader) = &map.reader else {
            return Err(reader_failed("There is no ItemReader"));
        };
        let view = View::rooted(input);
        let arguments = match &reader.arguments {
            Some(template) => {
                let field = format!("ItemReader/{}", reader.arguments_name);
                self.evaluate(id, template, &field, view)?
            }
            None => Data::new(json!({})),
        };
        let text = |name: &str| {
            let value = arguments.json().get(name);
            value.and_then(Value::as_str).map(str::to_owned)
        };
        let most = match &reader.config.max_items {
            None => None,
            Some(setting) => match self.whole_number(id, setting, view)? {
                0 => None,
                count if count < 0 => return Err(reader_failed("field MaxItems must be positive")),
                count => Some(count.min(MOST_ITEMS) as usize),
            },
        };
        let bucket = text("Bucket").ok_or_else(|| reader_failed("The Bucket is missing"))?;
        let mut dataset = if reader.resource.ends_with(":listObjectsV2") {
            let prefix = text("Prefix").unwrap_or_default();
            let access = Access::ListObjects {
                bucket: &bucket,
                prefix: &prefix,
            };
            self.guard_access(id, access).map_err(Trouble::Failed)?;
            self.list_items(id, reader, &bucket, &prefix)?
        } else {
            let key = text("Key").ok_or_else(|| reader_failed("The Key is missing"))?;
            let source = format!("S3://{bucket}/{key}");
            let version = arguments.json().get("VersionId").is_some();
            let entries = match self.fetch(id, &bucket, &key, version)? {
                Some(content) => self.items_of_object(id, &reader.config, &key, content)?,
                None => Vec::new(),
            };
            Dataset { entries, source }
        };
        if let Some(most) = most {
            dataset.entries.truncate(most);
        }
        Ok(dataset)
    }

    /// Whether the role may read what a map reads, where its items are given instead.
    pub(super) fn guard_reader(
        &mut self,
        id: ThreadId,
        map: &Map,
        input: &Data,
    ) -> Result<(), Trouble> {
        let (Some(reader), true) = (&map.reader, self.world.guard.is_some()) else {
            return Ok(());
        };
        let Some(template) = &reader.arguments else {
            return Ok(());
        };
        let field = format!("ItemReader/{}", reader.arguments_name);
        let arguments = self.evaluate(id, template, &field, View::rooted(input))?;
        let text = |name: &str| arguments.json().get(name).and_then(Value::as_str);
        let bucket = text("Bucket").unwrap_or_default();
        let access = if reader.resource.ends_with(":listObjectsV2") {
            Access::ListObjects {
                bucket,
                prefix: text("Prefix").unwrap_or_default(),
            }
        } else {
            Access::ReadObject {
                bucket,
                key: text("Key").unwrap_or_default(),
                version: arguments.json().get("VersionId").is_some(),
            }
        };
        self.guard_access(id, access).map_err(Trouble::Failed)
    }

    /// The content of an object. A bucket of which nothing is known is taken for one without data; a known one without
    /// the object fails the reader.
    fn fetch(
        &mut self,
        id: ThreadId,
        bucket: &str,
        key: &str,
        version: bool,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let access = Access::ReadObject {
            bucket,
            key,
            version,
        };
        self.guard_access(id, access).map_err(Trouble::Failed)?;
        match self.world.objects.get(bucket, key) {
            Some(Ok(content)) => decompressed(key, content).map(Some),
            Some(Err(reason)) => Err(reader_failed(reason)),
            None if self.world.objects.has_bucket(bucket) => Err(reader_failed(format!(
                "The specified key does not exist: {key} in {bucket}"
            ))),
            None => {
                let note = format!("no data was given for s3://{bucket}/{key}: no items");
                self.log(id, EventKind::Note(note));
                Ok(None)
            }
        }
    }

    fn list_items(
        &mut self,
        id: ThreadId,
        reader: &Reader,
        bucket: &str,
        prefix: &str,
    ) -> Result<Dataset, Trouble> {
        if !self.world.objects.has_bucket(bucket) {
            let note = format!("no data was given for s3://{bucket}/{prefix}: no items");
            self.log(id, EventKind::Note(note));
        }
        let listed = self.world.objects.list(bucket, prefix);
        let mut entries = Vec::new();
        for object in listed {
            if reader.config.flatten {
                if let Some(content) = self.fetch(id, bucket, &object.key, false)? {
                    entries.extend(self.items_of_object(
                        id,
                        &reader.config,
                        &object.key,
                        content,
                    )?);
                }
            } else {
                entries.push(Entry::from_value(json!({
                    "Etag": format!("\"{:032x}\"", object.size),
                    "Key": object.key,
                    "LastModified": object.modified / 1000,
                    "Size": object.size,
                    "StorageClass": "STANDARD",
                })));
            }
        }
        Ok(Dataset {
            entries,
            source: format!("S3://{bucket}"),
        })
    }

    fn items_of_object(
        &mut self,
        id: ThreadId,
        config: &ReaderConfig,
        key: &str,
        content: Vec<u8>,
    ) -> Result<Vec<Entry>, Trouble> {
        match (config.manifest_type, config.input_type) {
            (Some(ManifestType::AthenaData), _) => self.items_of_athena(id, config, &content),
            (Some(ManifestType::S3Inventory), _) | (None, Some(InputType::Manifest)) => {
                self.items_of_inventory(id, &content)
            }
            (None, input_type) => read_records(config, input_type, key, &content),
        }
    }

    /// A list of files, one `s3://bucket/key` a line.
    fn items_of_athena(
        &mut self,
        id: ThreadId,
        config: &ReaderConfig,
        content: &[u8],
    ) -> Result<Vec<Entry>, Trouble> {
        let mut entries = Vec::new();
        for line in text_of(content)?
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let place = line
                .strip_prefix("s3://")
                .and_then(|rest| rest.split_once('/'));
            let Some((bucket, key)) = place else {
                return Err(reader_failed(format!("'{line}' is no object")));
            };
            if let Some(content) = self.fetch(id, bucket, key, false)? {
                entries.extend(read_records(config, config.input_type, key, &content)?);
            }
        }
        Ok(entries)
    }

    /// A manifest that names its files and their columns.
    fn items_of_inventory(&mut self, id: ThreadId, content: &[u8]) -> Result<Vec<Entry>, Trouble> {
        let manifest: Value = serde_json::from_str(text_of(content)?)
            .map_err(|error| reader_failed(format!("The manifest is not JSON: {error}")))?;
        let text = |name: &str| {
            manifest
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let bucket = text("destinationBucket");
        let bucket = bucket.rsplit(':').next().unwrap_or(bucket).to_owned();
        let columns: Vec<String> = text("fileSchema")
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect();
        let files = manifest
            .get("files")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let mut entries = Vec::new();
        for file in files {
            let key = file.get("key").and_then(Value::as_str).unwrap_or_default();
            if let Some(content) = self.fetch(id, &bucket, key, false)? {
                entries.extend(read_csv(&content, b',', Some(columns.clone()))?);
            }
        }
        Ok(entries)
    }
}

fn decompressed(key: &str, content: Vec<u8>) -> Result<Vec<u8>, Trouble> {
    let failed = |error: std::io::Error| reader_failed(format!("Cannot decompress {key}: {error}"));
    if key.ends_with(".gz") {
        let mut plain = Vec::new();
        let mut decoder = flate2::read::MultiGzDecoder::new(content.as_slice());
        decoder.read_to_end(&mut plain).map_err(failed)?;
        return Ok(plain);
    }
    if key.ends_with(".zst") || key.ends_with(".zstd") {
        return zstd::decode_all(content.as_slice()).map_err(failed);
    }
    Ok(content)
}

fn text_of(content: &[u8]) -> Result<&str, Trouble> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    std::str::from_utf8(content).map_err(|_| reader_failed("The object is not UTF-8 text"))
}

fn read_records(
    config: &ReaderConfig,
    input_type: Option<InputType>,
    key: &str,
    content: &[u8],
) -> Result<Vec<Entry>, Trouble> {
    match input_type {
        Some(InputType::Csv) => {
            let headers = match config.header_location {
                HeaderLocation::Given => Some(config.headers.clone()),
                HeaderLocation::FirstRow => None,
            };
            read_csv(content, config.delimiter, headers)
        }
        Some(InputType::JsonLines) => text_of(content)?
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| match serde_json::from_str(line) {
                Ok(value) => Ok(Entry::from_value(value)),
                Err(error) => Err(reader_failed(format!(
                    "A line of {key} is not JSON: {error}"
                ))),
            })
            .collect(),
        Some(InputType::Json) | None => read_json(config, key, content),
        Some(InputType::Parquet) => super::super::parquet::read(content)
            .map(|rows| rows.into_iter().map(Entry::from_value).collect())
            .map_err(|reason| reader_failed(format!("Cannot read {key}: {reason}"))),
        Some(InputType::Manifest) => Err(reader_failed("A manifest does not list manifests")),
    }
}

fn read_json(config: &ReaderConfig, key: &str, content: &[u8]) -> Result<Vec<Entry>, Trouble> {
    let value: Value = serde_json::from_str(text_of(content)?)
        .map_err(|error| reader_failed(format!("{key} is not JSON: {error}")))?;
    let value = match config.items_pointer.as_deref() {
        None | Some("") => value,
        Some(pointer) => value.pointer(pointer).cloned().unwrap_or(Value::Null),
    };
    match value {
        Value::Array(items) => Ok(items.into_iter().map(Entry::from_value).collect()),
        Value::Object(members) => Ok(members
            .into_iter()
            .map(|(key, value)| Entry {
                value: Data::new(value),
                key: Some(key),
            })
            .collect()),
        _ => Err(reader_failed("Attempting to map over non-iterable node.")),
    }
}

/// Rows as objects of texts: short rows are filled with empty texts, what has no header is dropped.
fn read_csv(
    content: &[u8],
    delimiter: u8,
    headers: Option<Vec<String>>,
) -> Result<Vec<Entry>, Trouble> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text_of(content)?.as_bytes());
    let mut rows = reader.records();
    let failed = |error: csv::Error| reader_failed(format!("The CSV is malformed: {error}"));
    let headers = match headers {
        Some(headers) => headers,
        None => match rows.next() {
            Some(row) => row.map_err(failed)?.iter().map(str::to_owned).collect(),
            None => return Ok(Vec::new()),
        },
    };
    let mut sorted: Vec<&String> = headers.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(reader_failed("CSV headers cannot contain duplicates."));
    }
    let mut entries = Vec::new();
    for row in rows {
        let row = row.map_err(failed)?;
        let members = headers.iter().enumerate().map(|(at, header)| {
            let field = row.get(at).unwrap_or_default();
            (header.clone(), Value::String(field.to_owned()))
        });
        entries.push(Entry::from_value(Value::Object(
            members.collect::<Object<_, _>>(),
        )));
    }
    Ok(entries)
}
