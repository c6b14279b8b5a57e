//! What tests need from the driver and nothing else does.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection};

use crate::{Error, Result};

/// Creates the empty database `name` on the PostgreSQL server at `url`.
pub async fn create_database(url: &str, name: &str) -> Result<()> {
    let options = PgConnectOptions::from_str(url).map_err(|_| Error::Address(url.to_owned()))?;
    let mut conn = PgConnection::connect_with(&options).await?;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE \"{name}\""))).execute(&mut conn).await?;
    conn.close().await?;
    Ok(())
}
