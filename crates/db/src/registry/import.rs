//! Registered models that are taken over with the numbers and times they had elsewhere.

use domain::Timestamp;
use domain::registry::import::ModelRecord;

use super::model_version;
use crate::tracking::artifact::Artifact;
use crate::{Conn, Result, args};

/// Says when a model changed last and which number it gave last.
pub async fn set_past(conn: &mut Conn<'_>, model: i64, record: &ModelRecord) -> Result<()> {
    conn.execute(
        "UPDATE model SET updated_ms = $2, last_version = $3 WHERE num = $1",
        args![model, record.updated, record.last_version],
    )
    .await?;
    Ok(())
}

/// Says when a version changed last.
pub async fn set_version_past(
    conn: &mut Conn<'_>,
    model: i64,
    version: i64,
    updated: Timestamp,
) -> Result<()> {
    conn.execute(
        "UPDATE model_version SET updated_ms = $3 WHERE model = $1 AND version = $2",
        args![model, version, updated],
    )
    .await?;
    Ok(())
}

/// Gives a version that has no files those that are at `location`.
pub async fn add_files(
    conn: &mut Conn<'_>,
    (model, version): (i64, i64),
    location: &str,
    files: &[Artifact],
) -> Result<()> {
    model_version::insert_files(conn, model, version, files).await?;
    conn.execute(
        "UPDATE model_version SET location = $3 WHERE model = $1 AND version = $2",
        args![model, version, location],
    )
    .await?;
    Ok(())
}
