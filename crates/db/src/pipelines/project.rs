//! Projects: where they live and what their file said last.

use domain::pipelines::project::{Problem, Project};
use domain::{Name, Timestamp};

use super::json;
use crate::{Conn, Result, Row, args};

/// A registered project.
#[derive(Clone, Debug)]
pub struct ProjectRecord {
    /// Its name.
    pub name: Name,
    /// The folder of its file.
    pub root: String,
    /// BLAKE3 of the file as it was read last.
    pub file_hash: String,
    /// The newest valid definition.
    pub definition: Project,
    /// What is wrong with the file as it is now; empty when the definition is of this file.
    pub problems: Vec<Problem>,
    /// When it was registered.
    pub registered: Timestamp,
    /// When the file last changed.
    pub updated: Timestamp,
}

/// Records a project, or what changed in it.
pub async fn save(conn: &mut Conn<'_>, record: &ProjectRecord) -> Result<()> {
    conn.execute(
        "INSERT INTO project (name, root, file_hash, definition, problems, registered_ms, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET root = excluded.root, \
         file_hash = excluded.file_hash, definition = excluded.definition, problems = excluded.problems, \
         updated_ms = excluded.updated_ms",
        args![
            &record.name,
            &record.root,
            &record.file_hash,
            json(&record.definition)?,
            json(&record.problems)?,
            record.registered,
            record.updated
        ],
    )
    .await?;
    Ok(())
}

/// One project.
pub async fn get(conn: &mut Conn<'_>, name: &str) -> Result<Option<ProjectRecord>> {
    let row = conn.fetch_optional("SELECT * FROM project WHERE name = $1", args![name]).await?;
    row.as_ref().map(from_row).transpose()
}

/// All projects by name.
pub async fn list(conn: &mut Conn<'_>) -> Result<Vec<ProjectRecord>> {
    let rows = conn.fetch_all("SELECT * FROM project ORDER BY name", args![]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<ProjectRecord> {
    Ok(ProjectRecord {
        name: row.name("name")?,
        root: row.get("root")?,
        file_hash: row.get("file_hash")?,
        definition: row.json("definition")?,
        problems: row.json("problems")?,
        registered: row.time("registered_ms")?,
        updated: row.time("updated_ms")?,
    })
}
