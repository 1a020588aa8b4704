//! Rows of Parquet files.

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

/// Each row as an object of its columns.
pub(super) fn read(content: &[u8]) -> Result<Vec<Value>, String> {
    let reader = SerializedFileReader::new(bytes::Bytes::copy_from_slice(content))
        .map_err(|error| error.to_string())?;
    let rows = reader
        .get_row_iter(None)
        .map_err(|error| error.to_string())?;
    rows.map(|row| match row {
        Ok(row) => Ok(row.to_json_value()),
        Err(error) => Err(error.to_string()),
    })
    .collect()
}
