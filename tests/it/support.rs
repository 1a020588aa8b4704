//! What several areas' tests need.

pub mod compiled;
pub mod machine;
pub mod programs;
pub mod sequential;
pub mod sketch;

use std::path::Path;

/// A file of `tests/data`, decompressed.
pub fn read_compressed(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    let file = std::fs::File::open(&path).expect("the file is there");
    zstd::decode_all(file).expect("the file is compressed by zstd")
}
