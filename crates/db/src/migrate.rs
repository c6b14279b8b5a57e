//! The schema's steps, applied in order, each in a transaction of its own, recorded with its hash.

use crate::dialect::Engine;
use crate::{Conn, Error, Result, args};

/// One step: number, name, text with the engine's words left open.
struct Migration {
    version: i64,
    name: &'static str,
    text: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            text: include_str!(concat!("../migrations/", $name, ".sql")),
        }),*]
    };
}

/// Add yours here, with the next number; never change one that has been released.
const MIGRATIONS: &[Migration] = migrations![
    1 "0001_governance",
    2 "0002_data",
    3 "0003_tracking",
    4 "0004_registry",
    5 "0005_pipelines",
    6 "0006_serving",
    7 "0007_monitoring",
    12 "0012_alias_reason",
    13 "0013_upload_webhook",
    14 "0014_trace",
    15 "0015_evaluation",
    16 "0016_metric_recent",
    18 "0018_trash",
    19 "0019_saved_view",
    20 "0020_data_ref",
];

/// Key of the PostgreSQL advisory lock that keeps two servers from migrating at once: "volano" in ASCII.
const LOCK_KEY: i64 = 0x0076_6f6c_616e_6f00;

/// Brings the schema up to date; refuses a newer one.
pub(crate) async fn run(conn: &mut Conn<'_>, database: &str) -> Result<()> {
    if conn.engine() == Engine::Postgres {
        conn.execute("SELECT pg_advisory_lock($1)", args![LOCK_KEY]).await?;
    }
    let result = apply(conn, database).await;
    if conn.engine() == Engine::Postgres {
        conn.execute("SELECT pg_advisory_unlock($1)", args![LOCK_KEY]).await?;
    }
    result
}

async fn apply(conn: &mut Conn<'_>, database: &str) -> Result<()> {
    conn.run_script(
        "CREATE TABLE IF NOT EXISTS schema_version \
         (version BIGINT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL)",
    )
    .await?;
    let row =
        conn.fetch_one("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version", args![]).await?;
    let found: i64 = row.get("version")?;
    let known = MIGRATIONS.last().map_or(0, |last| last.version);
    if found > known {
        return Err(Error::Newer { database: database.to_owned(), found, known });
    }
    let applied = conn.fetch_all("SELECT version FROM schema_version", args![]).await?;
    let applied: Vec<i64> = applied.iter().map(|row| row.get("version")).collect::<Result<_>>()?;
    for migration in pending(MIGRATIONS, &applied) {
        conn.run_script("BEGIN").await?;
        let text = conn.engine().migration(migration.text);
        if let Err(error) = step(conn, migration, &text).await {
            conn.run_script("ROLLBACK").await?;
            return Err(error);
        }
        conn.run_script("COMMIT").await?;
    }
    Ok(())
}

/// The steps that a database still needs: by what has been applied, not by the greatest number, because steps of work that
/// goes on side by side may be released in another order than that of their numbers.
fn pending<'m>(all: &'m [Migration], applied: &[i64]) -> impl Iterator<Item = &'m Migration> {
    all.iter().filter(|step| !applied.contains(&step.version))
}

async fn step(conn: &mut Conn<'_>, migration: &Migration, text: &str) -> Result<()> {
    conn.run_script(text).await?;
    let hash = blake3::hash(migration.text.as_bytes()).to_hex().to_string();
    conn.execute(
        "INSERT INTO schema_version (version, name, hash) VALUES ($1, $2, $3)",
        args![migration.version, migration.name, hash],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_was_released_late_is_applied_late() {
        let step = |version| Migration { version, name: "a_step", text: "" };
        let all = [step(1), step(2), step(5)];
        let versions = |applied: &[i64]| pending(&all, applied).map(|step| step.version).collect::<Vec<_>>();
        assert_eq!(versions(&[]), [1, 2, 5]);
        assert_eq!(versions(&[1, 5]), [2]);
        assert!(versions(&[1, 2, 5]).is_empty());
    }

    #[test]
    fn the_steps_are_in_the_order_of_their_numbers() {
        assert!(MIGRATIONS.is_sorted_by(|a, b| a.version < b.version));
    }
}
