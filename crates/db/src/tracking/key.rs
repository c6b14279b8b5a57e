//! Interned keys of metrics, params and tags.

use std::collections::HashMap;

use super::{list, pieces, placeholders};
use crate::{Conn, Result, Value};

/// The numbers of `names`; new ones are given theirs. Names are taken in order, so that writers that meet do not
/// wait for each other in a circle.
pub(crate) async fn intern(conn: &mut Conn<'_>, names: &[&str]) -> Result<HashMap<String, i64>> {
    let mut known = lookup(conn, names).await?;
    let mut missing: Vec<&str> = names.iter().copied().filter(|name| !known.contains_key(*name)).collect();
    missing.sort_unstable();
    missing.dedup();
    for chunk in pieces(&missing) {
        let sql = format!(
            "INSERT INTO tracking_key (name) VALUES {} ON CONFLICT (name) DO NOTHING",
            placeholders(chunk.len(), 1)
        );
        conn.execute(&sql, chunk.iter().map(|name| Value::from(*name)).collect()).await?;
    }
    if !missing.is_empty() {
        known.extend(lookup(conn, &missing).await?);
    }
    Ok(known)
}

/// The names of numbers.
pub(crate) async fn names(conn: &mut Conn<'_>, keys: &[i64]) -> Result<HashMap<i64, String>> {
    let mut unique = keys.to_vec();
    unique.sort_unstable();
    unique.dedup();
    let mut names = HashMap::with_capacity(unique.len());
    for piece in pieces(&unique) {
        let sql = format!("SELECT num, name FROM tracking_key WHERE num IN ({})", list(1, piece.len()));
        for row in conn.fetch_all(&sql, piece.iter().map(|key| Value::from(*key)).collect()).await? {
            names.insert(row.get("num")?, row.get("name")?);
        }
    }
    Ok(names)
}

/// The numbers of those of `names` that have one.
pub(crate) async fn lookup(conn: &mut Conn<'_>, names: &[&str]) -> Result<HashMap<String, i64>> {
    let mut unique = names.to_vec();
    unique.sort_unstable();
    unique.dedup();
    let mut known = HashMap::with_capacity(unique.len());
    for chunk in pieces(&unique) {
        let sql = format!("SELECT num, name FROM tracking_key WHERE name IN ({})", list(1, chunk.len()));
        let args = chunk.iter().map(|name| Value::from(*name)).collect();
        for row in conn.fetch_all(&sql, args).await? {
            known.insert(row.get("name")?, row.get("num")?);
        }
    }
    Ok(known)
}
