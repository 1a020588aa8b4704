//! Objects that a mock file names: local files and inline data. What a run writes stays in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::simulate::mock::file::Content;
use crate::simulate::object::{Listed, ObjectStore, Objects};

pub(super) struct Files {
    folder: PathBuf,
    /// By `bucket/key`.
    given: BTreeMap<String, Content>,
    written: Objects,
}

impl Files {
    /// Paths are relative to the mock file's folder.
    pub fn new(folder: &Path, given: BTreeMap<String, Content>) -> Self {
        Self {
            folder: folder.to_owned(),
            given,
            written: Objects::default(),
        }
    }

    fn read(&self, content: &Content) -> Result<Vec<u8>, String> {
        match content {
            Content::File(path) => {
                let path = self.folder.join(path);
                std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
            }
            Content::Text { text } => Ok(text.clone().into_bytes()),
            Content::Json { json } => Ok(json.to_string().into_bytes()),
        }
    }
}

impl ObjectStore for Files {
    fn get(&mut self, bucket: &str, key: &str) -> Option<Result<Vec<u8>, String>> {
        match self.given.get(&format!("{bucket}/{key}")) {
            Some(content) => Some(self.read(content)),
            None => self.written.get(bucket, key),
        }
    }

    fn list(&mut self, bucket: &str, prefix: &str) -> Vec<Listed> {
        let start = format!("{bucket}/");
        let mut listed = self.written.list(bucket, prefix);
        for (place, content) in &self.given {
            let Some(key) = place
                .strip_prefix(&start)
                .filter(|key| key.starts_with(prefix))
            else {
                continue;
            };
            let (size, modified) = match content {
                Content::File(path) => match std::fs::metadata(self.folder.join(path)) {
                    Ok(meta) => {
                        let modified = meta
                            .modified()
                            .ok()
                            .and_then(|m| m.duration_since(UNIX_EPOCH).ok());
                        (
                            meta.len(),
                            modified.map_or(0, |since| since.as_millis() as i64),
                        )
                    }
                    Err(_) => (0, 0),
                },
                content => (
                    self.read(content).map_or(0, |content| content.len() as u64),
                    0,
                ),
            };
            listed.push(Listed {
                key: key.to_owned(),
                size,
                modified,
            });
        }
        listed.sort_by(|one, other| one.key.cmp(&other.key));
        listed
    }

    fn has_bucket(&mut self, bucket: &str) -> bool {
        let start = format!("{bucket}/");
        self.given.keys().any(|place| place.starts_with(&start)) || self.written.has_bucket(bucket)
    }

    fn put(&mut self, bucket: &str, key: &str, content: Vec<u8>) {
        self.written.put(bucket, key, content);
    }
}
