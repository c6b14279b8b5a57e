//! Versions of registered models.

use domain::data::FileId;
use domain::registry::model_version::{ModelVersion, Stage};
use domain::tracking::param::Tag;
use domain::{Id, Timestamp};

use super::alias;
use super::model::model_name;
use crate::tracking::artifact::Artifact;
use crate::tracking::{CHUNK, list, placeholders};
use crate::{Conn, Error, Result, Row, Value, args};

/// The columns that [`numbered`] reads, of `model_version v JOIN model m`.
pub(crate) const COLUMNS: &str = "v.*, m.name AS model_name";

/// A version with its model's number.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The model's number.
    pub model: i64,
    /// The version.
    pub version: ModelVersion,
}

/// Stores a version, its tags and its files.
pub async fn insert(
    conn: &mut Conn<'_>,
    model: i64,
    version: &ModelVersion,
    files: &[Artifact],
) -> Result<()> {
    let provenance = serde_json::to_string(&version.provenance).expect("provenance is plain texts");
    conn.execute(
        "INSERT INTO model_version (model, version, description, stage, source, location, run, logged_model, run_link, \
         user_id, provenance, deleted, created_ms, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, FALSE, $12, $12)",
        args![
            model,
            version.version,
            &version.description,
            crate::tx::word(&version.stage),
            &version.source,
            &version.location,
            version.run.as_ref(),
            version.logged_model.as_ref(),
            &version.run_link,
            &version.user,
            provenance,
            version.created
        ],
    )
    .await?;
    for tag in &version.tags {
        set_tag(conn, model, version.version, tag).await?;
    }
    insert_files(conn, model, version.version, files).await
}

/// Stores the files of a version that has none.
pub(super) async fn insert_files(
    conn: &mut Conn<'_>,
    model: i64,
    version: i64,
    files: &[Artifact],
) -> Result<()> {
    for chunk in files.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO model_version_file (model, version, path, file, size) VALUES {}",
            placeholders(chunk.len(), 5)
        );
        let values = chunk
            .iter()
            .flat_map(|file| args![model, version, &file.path, file.file.to_string(), file.size])
            .collect();
        conn.execute(&sql, values).await?;
    }
    Ok(())
}

/// One version that is not deleted.
pub async fn get(conn: &mut Conn<'_>, name: &str, version: i64) -> Result<Option<Numbered>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM model_version v JOIN model m ON m.num = v.model \
         WHERE m.name = $1 AND v.version = $2 AND v.deleted = FALSE"
    );
    let Some(row) = conn.fetch_optional(&sql, args![name, version]).await? else {
        return Ok(None);
    };
    Ok(load(conn, vec![numbered(&row)?]).await?.pop())
}

/// The number of the newest version that is not deleted.
pub async fn latest(conn: &mut Conn<'_>, name: &str) -> Result<Option<i64>> {
    let row = conn
        .fetch_one(
            "SELECT MAX(v.version) AS version FROM model_version v JOIN model m ON m.num = v.model \
             WHERE m.name = $1 AND v.deleted = FALSE",
            args![name],
        )
        .await?;
    row.get("version")
}

/// The newest version of each stage that has one.
pub async fn latest_of_stages(conn: &mut Conn<'_>, model: i64) -> Result<Vec<Numbered>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM model_version v JOIN model m ON m.num = v.model WHERE v.model = $1 \
         AND v.deleted = FALSE AND v.version = (SELECT MAX(w.version) FROM model_version w \
         WHERE w.model = v.model AND w.stage = v.stage AND w.deleted = FALSE) ORDER BY v.version"
    );
    let rows = conn.fetch_all(&sql, args![model]).await?;
    let versions = rows.iter().map(numbered).collect::<Result<_>>()?;
    load(conn, versions).await
}

/// The versions of a model that are not deleted, newest first.
pub async fn of_model(conn: &mut Conn<'_>, model: i64) -> Result<Vec<ModelVersion>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM model_version v JOIN model m ON m.num = v.model \
         WHERE v.model = $1 AND v.deleted = FALSE ORDER BY v.version DESC"
    );
    let rows = conn.fetch_all(&sql, args![model]).await?;
    let versions = rows.iter().map(numbered).collect::<Result<_>>()?;
    Ok(load(conn, versions).await?.into_iter().map(|v| v.version).collect())
}

/// The versions that came from a run, newest first.
pub async fn of_run(conn: &mut Conn<'_>, run: &Id) -> Result<Vec<ModelVersion>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM model_version v JOIN model m ON m.num = v.model \
         WHERE v.run = $1 AND v.deleted = FALSE ORDER BY v.created_ms DESC, v.version DESC"
    );
    let rows = conn.fetch_all(&sql, args![run]).await?;
    let versions = rows.iter().map(numbered).collect::<Result<_>>()?;
    Ok(load(conn, versions).await?.into_iter().map(|v| v.version).collect())
}

/// The files of a version, by path.
pub async fn files(conn: &mut Conn<'_>, model: i64, version: i64) -> Result<Vec<Artifact>> {
    let rows = conn
        .fetch_all(
            "SELECT path, file, size FROM model_version_file WHERE model = $1 AND version = $2",
            args![model, version],
        )
        .await?;
    let mut files: Vec<Artifact> = rows.iter().map(file).collect::<Result<_>>()?;
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Changes the description.
pub async fn describe(
    conn: &mut Conn<'_>,
    model: i64,
    version: i64,
    text: &str,
    now: Timestamp,
) -> Result<()> {
    conn.execute(
        "UPDATE model_version SET description = $3, updated_ms = $4 WHERE model = $1 AND version = $2",
        args![model, version, text, now],
    )
    .await?;
    Ok(())
}

/// Moves a version to a stage; with `archive`, the others of that stage to the archive.
pub async fn set_stage(
    conn: &mut Conn<'_>,
    (model, version): (i64, i64),
    stage: Stage,
    archive: bool,
    now: Timestamp,
) -> Result<()> {
    if archive {
        conn.execute(
            "UPDATE model_version SET stage = 'archived', updated_ms = $4 \
             WHERE model = $1 AND version <> $2 AND stage = $3 AND deleted = FALSE",
            args![model, version, crate::tx::word(&stage), now],
        )
        .await?;
    }
    conn.execute(
        "UPDATE model_version SET stage = $3, updated_ms = $4 WHERE model = $1 AND version = $2",
        args![model, version, crate::tx::word(&stage), now],
    )
    .await?;
    Ok(())
}

/// Puts a version into the trash; its number is never given again.
pub async fn delete(
    conn: &mut Conn<'_>,
    model: i64,
    version: i64,
    actor: &str,
    now: Timestamp,
) -> Result<()> {
    conn.execute(
        "UPDATE model_version SET deleted = TRUE, deleted_ms = $3, deleted_by = $4, updated_ms = $3 \
         WHERE model = $1 AND version = $2",
        args![model, version, now, actor],
    )
    .await?;
    Ok(())
}

/// Takes a version of a model that is in use out of the trash; whether it was there.
pub async fn restore(conn: &mut Conn<'_>, model: i64, version: i64, now: Timestamp) -> Result<bool> {
    let restored = conn
        .execute(
            "UPDATE model_version SET deleted = FALSE, deleted_ms = NULL, deleted_by = '', updated_ms = $3 \
             WHERE model = $1 AND version = $2 AND deleted = TRUE AND with_model = FALSE",
            args![model, version, now],
        )
        .await?;
    Ok(restored > 0)
}

/// When a version was deleted, if it is in the trash.
pub async fn deleted_at(conn: &mut Conn<'_>, model: i64, version: i64) -> Result<Option<Timestamp>> {
    let row = conn
        .fetch_optional(
            "SELECT deleted_ms FROM model_version WHERE model = $1 AND version = $2 AND deleted = TRUE",
            args![model, version],
        )
        .await?;
    row.map(|row| row.opt_time("deleted_ms")).transpose().map(Option::flatten)
}

/// Sets a tag.
pub async fn set_tag(conn: &mut Conn<'_>, model: i64, version: i64, tag: &Tag) -> Result<()> {
    conn.execute(
        "INSERT INTO model_version_tag (model, version, key, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (model, version, key) DO UPDATE SET value = excluded.value",
        args![model, version, &tag.key, &tag.value],
    )
    .await?;
    Ok(())
}

/// Removes a tag, if it is there.
pub async fn delete_tag(conn: &mut Conn<'_>, model: i64, version: i64, key: &str) -> Result<()> {
    conn.execute(
        "DELETE FROM model_version_tag WHERE model = $1 AND version = $2 AND key = $3",
        args![model, version, key],
    )
    .await?;
    Ok(())
}

/// Fills in tags and aliases.
pub(crate) async fn load(conn: &mut Conn<'_>, mut versions: Vec<Numbered>) -> Result<Vec<Numbered>> {
    for chunk in versions.chunks_mut(CHUNK) {
        let mut models: Vec<i64> = chunk.iter().map(|version| version.model).collect();
        models.sort_unstable();
        models.dedup();
        let nums: Vec<Value> = models.into_iter().map(Value::from).collect();
        let mut args = nums.clone();
        args.extend(chunk.iter().map(|version| Value::from(version.version.version)));
        let sql = format!(
            "SELECT model, version, key, value FROM model_version_tag WHERE model IN ({}) AND version IN ({}) \
             ORDER BY model, version, key",
            list(1, nums.len()),
            list(1 + nums.len(), chunk.len())
        );
        for row in conn.fetch_all(&sql, args).await? {
            let key = (row.get::<i64>("model")?, row.get::<i64>("version")?);
            let tag = Tag::new(row.get::<String>("key")?, row.get::<String>("value")?);
            if let Some(version) = find(chunk, key) {
                version.tags.push(tag);
            }
        }
        for (model, target) in alias::of_models(conn, nums).await? {
            if let Some(version) = find(chunk, (model, target.version)) {
                version.aliases.push(target.alias);
            }
        }
    }
    Ok(versions)
}

fn find(chunk: &mut [Numbered], (model, number): (i64, i64)) -> Option<&mut ModelVersion> {
    chunk
        .iter_mut()
        .find(|version| version.model == model && version.version.version == number)
        .map(|version| &mut version.version)
}

pub(crate) fn numbered(row: &Row) -> Result<Numbered> {
    Ok(Numbered {
        model: row.get("model")?,
        version: ModelVersion {
            name: model_name(row, "model_name")?,
            version: row.get("version")?,
            description: row.get("description")?,
            stage: row.word("stage")?,
            source: row.get("source")?,
            location: row.get("location")?,
            run: row.opt_id("run")?,
            logged_model: row.opt_id("logged_model")?,
            run_link: row.get("run_link")?,
            user: row.get("user_id")?,
            created: row.time("created_ms")?,
            updated: row.time("updated_ms")?,
            tags: Vec::new(),
            aliases: Vec::new(),
            provenance: row.json("provenance")?,
        },
    })
}

fn file(row: &Row) -> Result<Artifact> {
    let file: String = row.get("file")?;
    Ok(Artifact {
        path: row.get("path")?,
        file: FileId::parse(&file).ok_or_else(|| Error::Corrupt {
            column: "file".to_owned(),
            reason: format!("{file:?} is not a file id"),
        })?,
        size: row.get("size")?,
    })
}
