//! The objects of S3 that a run reads and writes.

use std::collections::BTreeMap;

use super::clock::Millis;

/// What an `ItemReader` reads from. Nothing here touches the disk: whoever runs a simulation brings the bytes.
pub trait ObjectStore {
    /// The content of an object; None when there is none, Err when it cannot be had.
    fn get(&mut self, bucket: &str, key: &str) -> Option<Result<Vec<u8>, String>>;

    /// The objects of a bucket whose keys begin so, in the order of their keys.
    fn list(&mut self, bucket: &str, prefix: &str) -> Vec<Listed>;

    /// Whether anything is known of a bucket.
    fn has_bucket(&mut self, bucket: &str) -> bool;

    /// Writes an object.
    fn put(&mut self, bucket: &str, key: &str, content: Vec<u8>);
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    pub size: u64,
    pub modified: Millis,
}

/// Objects in memory.
#[derive(Clone, Debug, Default)]
pub struct Objects(BTreeMap<(String, String), Vec<u8>>);

impl Objects {
    pub fn insert(&mut self, bucket: &str, key: &str, content: impl Into<Vec<u8>>) {
        let place = (bucket.to_owned(), key.to_owned());
        self.0.insert(place, content.into());
    }

    /// Bucket, key and content, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &[u8])> {
        self.0
            .iter()
            .map(|((bucket, key), content)| (bucket.as_str(), key.as_str(), content.as_slice()))
    }
}

impl ObjectStore for Objects {
    fn get(&mut self, bucket: &str, key: &str) -> Option<Result<Vec<u8>, String>> {
        let place = (bucket.to_owned(), key.to_owned());
        self.0.get(&place).cloned().map(Ok)
    }

    fn list(&mut self, bucket: &str, prefix: &str) -> Vec<Listed> {
        let entries = self
            .iter()
            .filter(|(b, key, _)| *b == bucket && key.starts_with(prefix));
        entries
            .map(|(_, key, content)| Listed {
                key: key.to_owned(),
                size: content.len() as u64,
                modified: 0,
            })
            .collect()
    }

    fn has_bucket(&mut self, bucket: &str) -> bool {
        self.iter().any(|(b, ..)| b == bucket)
    }

    fn put(&mut self, bucket: &str, key: &str, content: Vec<u8>) {
        self.insert(bucket, key, content);
    }
}
