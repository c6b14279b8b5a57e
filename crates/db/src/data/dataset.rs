//! Data sets.

use domain::data::dataset::{ContractFile, Dataset};
use domain::data::{DataKind, FileId};
use domain::{Id, Name};

use super::opt_object;
use crate::tx::{Row, word};
use crate::{Conn, Result, args};

const COLUMNS: &str = "id, name, kind, key_columns, time_column, contract_file, contract_path, created_ms";

/// Adds a data set; [`crate::Error::Duplicate`] when the name is taken.
pub async fn insert(conn: &mut Conn<'_>, dataset: &Dataset) -> Result<()> {
    let contract = dataset.contract.as_ref();
    conn.execute(
        "INSERT INTO dataset (id, name, kind, key_columns, time_column, contract_file, contract_path, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            &dataset.id,
            &dataset.name,
            word(&dataset.kind),
            serde_json::json!(dataset.key).to_string(),
            dataset.time_column.clone(),
            contract.map(|contract| contract.file_id.to_string()),
            contract.map(|contract| contract.path.clone()),
            dataset.created_ms
        ],
    )
    .await?;
    Ok(())
}

/// The data set of that name.
pub async fn get(conn: &mut Conn<'_>, name: &Name) -> Result<Option<Dataset>> {
    let sql = format!("SELECT {COLUMNS} FROM dataset WHERE name = $1");
    conn.fetch_optional(&sql, args![name]).await?.map(|row| read(&row)).transpose()
}

/// All data sets by name.
pub async fn list(conn: &mut Conn<'_>) -> Result<Vec<Dataset>> {
    let sql = format!("SELECT {COLUMNS} FROM dataset ORDER BY name");
    conn.fetch_all(&sql, args![]).await?.iter().map(read).collect()
}

/// Records what a source declares about its data set.
pub async fn declare(
    conn: &mut Conn<'_>,
    id: &Id,
    kind: DataKind,
    key: &[String],
    time_column: Option<&str>,
) -> Result<()> {
    conn.execute(
        "UPDATE dataset SET kind = $2, key_columns = $3, time_column = $4 WHERE id = $1",
        args![id, word(&kind), serde_json::json!(key).to_string(), time_column.map(ToOwned::to_owned)],
    )
    .await?;
    Ok(())
}

/// Sets or removes the contract.
pub async fn set_contract(conn: &mut Conn<'_>, id: &Id, contract: Option<&ContractFile>) -> Result<()> {
    conn.execute(
        "UPDATE dataset SET contract_file = $2, contract_path = $3 WHERE id = $1",
        args![
            id,
            contract.map(|contract| contract.file_id.to_string()),
            contract.map(|contract| contract.path.clone())
        ],
    )
    .await?;
    Ok(())
}

fn read(row: &Row) -> Result<Dataset> {
    let file_id = opt_object(row, "contract_file", FileId::parse)?;
    let path: Option<String> = row.get("contract_path")?;
    Ok(Dataset {
        id: row.id("id")?,
        name: row.name("name")?,
        kind: row.word("kind")?,
        key: row.json("key_columns")?,
        time_column: row.get("time_column")?,
        contract: file_id.zip(path).map(|(file_id, path)| ContractFile { file_id, path }),
        created_ms: row.time("created_ms")?,
    })
}
