//! Registered models.

use domain::Timestamp;
use domain::registry::model::{Model, ModelName, PROMPT_TAG};
use domain::tracking::param::Tag;

use super::alias;
use crate::tracking::{CHUNK, list};
use crate::{Conn, Error, Result, Row, Value, args};

/// A registered model with its number.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number.
    pub num: i64,
    /// The model.
    pub model: Model,
}

/// Makes a registered model; its number.
pub async fn insert(conn: &mut Conn<'_>, name: &ModelName, description: &str, now: Timestamp) -> Result<i64> {
    let row = conn
        .fetch_one(
            "INSERT INTO model (name, description, created_ms, updated_ms, last_version) \
             VALUES ($1, $2, $3, $3, 0) RETURNING num",
            args![name.as_str(), description, now],
        )
        .await?;
    row.get("num")
}

/// One model with tags and aliases.
pub async fn get(conn: &mut Conn<'_>, name: &str) -> Result<Option<Numbered>> {
    let row = conn.fetch_optional("SELECT * FROM model WHERE name = $1", args![name]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(load(conn, vec![from_row(&row)?]).await?.pop())
}

/// Whether the thing of that name is a prompt.
pub async fn is_prompt(conn: &mut Conn<'_>, name: &str) -> Result<bool> {
    let row = conn
        .fetch_optional(
            "SELECT t.value FROM model_tag t JOIN model m ON m.num = t.model WHERE m.name = $1 AND t.key = $2",
            args![name, PROMPT_TAG],
        )
        .await?;
    let value: Option<String> = row.map(|row| row.get("value")).transpose()?;
    Ok(value.is_some_and(|value| value.eq_ignore_ascii_case("true")))
}

/// Locks a model's row until the transaction ends; its number. Whoever changes versions or aliases takes it first.
pub async fn lock(conn: &mut Conn<'_>, name: &str, now: Timestamp) -> Result<Option<i64>> {
    let row = conn
        .fetch_optional("UPDATE model SET updated_ms = $2 WHERE name = $1 RETURNING num", args![name, now])
        .await?;
    row.map(|row| row.get("num")).transpose()
}

/// The next version number of a model; the row stays locked until the transaction ends, so a number that is not
/// used in the end is given again.
pub async fn next_version(conn: &mut Conn<'_>, num: i64) -> Result<i64> {
    let row = conn
        .fetch_one(
            "UPDATE model SET last_version = last_version + 1 WHERE num = $1 RETURNING last_version",
            args![num],
        )
        .await?;
    row.get("last_version")
}

/// Gives a model another name; its versions go with it.
pub async fn rename(conn: &mut Conn<'_>, num: i64, name: &ModelName) -> Result<()> {
    conn.execute("UPDATE model SET name = $2 WHERE num = $1", args![num, name.as_str()]).await?;
    Ok(())
}

/// Changes the description.
pub async fn describe(conn: &mut Conn<'_>, num: i64, description: &str) -> Result<()> {
    conn.execute("UPDATE model SET description = $2 WHERE num = $1", args![num, description]).await?;
    Ok(())
}

/// Puts a model with its versions into the trash: its row keeps everything, under a name that no model can have.
pub async fn delete(conn: &mut Conn<'_>, num: i64, actor: &str, now: Timestamp) -> Result<()> {
    conn.execute(
        "UPDATE model SET deleted = TRUE, deleted_name = name, name = name || '/' || CAST(num AS TEXT), \
         deleted_ms = $2, deleted_by = $3 WHERE num = $1",
        args![num, now, actor],
    )
    .await?;
    conn.execute(
        "UPDATE model_version SET deleted = TRUE, with_model = TRUE, deleted_ms = $2, deleted_by = $3 \
         WHERE model = $1 AND deleted = FALSE",
        args![num, now, actor],
    )
    .await?;
    Ok(())
}

/// Takes a model out of the trash, with the versions that went there with it. Its name must be free.
pub async fn restore(conn: &mut Conn<'_>, num: i64, now: Timestamp) -> Result<()> {
    conn.execute(
        "UPDATE model SET deleted = FALSE, name = deleted_name, deleted_name = NULL, deleted_ms = NULL, \
         deleted_by = '', updated_ms = $2 WHERE num = $1 AND deleted = TRUE",
        args![num, now],
    )
    .await?;
    conn.execute(
        "UPDATE model_version SET deleted = FALSE, with_model = FALSE, deleted_ms = NULL, deleted_by = '' \
         WHERE model = $1 AND with_model = TRUE",
        args![num],
    )
    .await?;
    Ok(())
}

/// The deleted model of that name: the one of that number, or the one deleted last.
pub async fn deleted(conn: &mut Conn<'_>, name: &str, num: Option<i64>) -> Result<Option<i64>> {
    let row = conn
        .fetch_optional(
            "SELECT num FROM model WHERE deleted AND deleted_name = $1 AND num = COALESCE($2, num) \
             ORDER BY deleted_ms DESC, num DESC LIMIT 1",
            args![name, num],
        )
        .await?;
    row.map(|row| row.get("num")).transpose()
}

/// Sets a tag.
pub async fn set_tag(conn: &mut Conn<'_>, num: i64, tag: &Tag) -> Result<()> {
    conn.execute(
        "INSERT INTO model_tag (model, key, value) VALUES ($1, $2, $3) \
         ON CONFLICT (model, key) DO UPDATE SET value = excluded.value",
        args![num, &tag.key, &tag.value],
    )
    .await?;
    Ok(())
}

/// Removes a tag, if it is there.
pub async fn delete_tag(conn: &mut Conn<'_>, num: i64, key: &str) -> Result<()> {
    conn.execute("DELETE FROM model_tag WHERE model = $1 AND key = $2", args![num, key]).await?;
    Ok(())
}

/// Fills in tags and aliases.
pub(crate) async fn load(conn: &mut Conn<'_>, mut models: Vec<Numbered>) -> Result<Vec<Numbered>> {
    for chunk in models.chunks_mut(CHUNK) {
        let nums: Vec<Value> = chunk.iter().map(|model| Value::from(model.num)).collect();
        let sql = format!(
            "SELECT model, key, value FROM model_tag WHERE model IN ({}) ORDER BY model, key",
            list(1, nums.len())
        );
        for row in conn.fetch_all(&sql, nums.clone()).await? {
            let num: i64 = row.get("model")?;
            let tag = Tag::new(row.get::<String>("key")?, row.get::<String>("value")?);
            find(chunk, num).tags.push(tag);
        }
        for (num, target) in alias::of_models(conn, nums).await? {
            find(chunk, num).aliases.push(target);
        }
    }
    Ok(models)
}

fn find(chunk: &mut [Numbered], num: i64) -> &mut Model {
    let found = chunk.iter_mut().find(|model| model.num == num);
    &mut found.expect("the query asked for these models only").model
}

pub(crate) fn from_row(row: &Row) -> Result<Numbered> {
    Ok(Numbered {
        num: row.get("num")?,
        model: Model {
            name: model_name(row, "name")?,
            description: row.get("description")?,
            created: row.time("created_ms")?,
            updated: row.time("updated_ms")?,
            tags: Vec::new(),
            aliases: Vec::new(),
            last_version: row.get("last_version")?,
        },
    })
}

pub(crate) fn model_name(row: &Row, column: &str) -> Result<ModelName> {
    let text: String = row.get(column)?;
    ModelName::parse(&text)
        .map_err(|refusal| Error::Corrupt { column: column.to_owned(), reason: refusal.reason })
}
