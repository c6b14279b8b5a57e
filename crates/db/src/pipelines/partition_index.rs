//! Which partitions a file holds: computed once per content.

use std::collections::BTreeMap;

use crate::{Conn, Result, args};

use super::json;

/// Rows and a hash of the rows of one partition within one file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Part {
    /// How many rows.
    pub rows: i64,
    /// BLAKE3 of their content, 64 hexadecimal digits.
    pub hash: String,
}

/// The partitions of a file by name; `None` when the file has no such column.
pub type Parts = Option<BTreeMap<String, Part>>;

/// What is known of a file for `spec`, such as `month(time_hour)`.
pub async fn get(conn: &mut Conn<'_>, file_id: &str, spec: &str) -> Result<Option<Parts>> {
    let row = conn
        .fetch_optional(
            "SELECT parts FROM partition_index WHERE file_id = $1 AND spec = $2",
            args![file_id, spec],
        )
        .await?;
    row.map(|row| row.json("parts")).transpose()
}

/// Remembers the partitions of a file.
pub async fn put(conn: &mut Conn<'_>, file_id: &str, spec: &str, parts: &Parts) -> Result<()> {
    conn.execute(
        "INSERT INTO partition_index (file_id, spec, parts) VALUES ($1, $2, $3) \
         ON CONFLICT (file_id, spec) DO NOTHING",
        args![file_id, spec, json(parts)?],
    )
    .await?;
    Ok(())
}
