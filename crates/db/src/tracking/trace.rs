//! Traces with their tags and metadata.

use std::collections::HashMap;

use domain::tracking::experiment::ExperimentId;
use domain::tracking::trace::{Doomed, Entries, TraceId, TraceInfo, TraceState};
use domain::tracking::usage::{Cost, Usage};

use super::{CHUNK, assessment, list, pieces, placeholders};
use crate::{Conn, Error, Result, Row, Value, args};

/// A trace with the number that its spans carry.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number.
    pub num: i64,
    /// The trace.
    pub info: TraceInfo,
}

const TOKEN_COLUMNS: &str = "input_tokens, output_tokens, total_tokens, cache_read_input_tokens, \
                             cache_creation_input_tokens, cache_creation_input_tokens_above_1hr";
const COST_COLUMNS: &str = "input_cost, output_cost, total_cost";

/// Makes a trace with its tags and metadata, unless its id is taken; its number.
///
/// On PostgreSQL this waits for another transaction that makes the same trace: when the id is taken, the other one is
/// committed and can be locked.
pub async fn insert(conn: &mut Conn<'_>, info: &TraceInfo) -> Result<Option<i64>> {
    let sql = format!(
        "INSERT INTO trace (id, experiment, start_ms, duration_ms, state, name, root, client_request_id, request_preview, \
         response_preview, session, usage_told, cost_told, {TOKEN_COLUMNS}, {COST_COLUMNS}) VALUES ($1, {}) ON CONFLICT (id) DO NOTHING \
         RETURNING num",
        list(2, 21)
    );
    let mut values = args![info.id.as_str()];
    values.extend(fields(info));
    let Some(row) = conn.fetch_optional(&sql, values).await? else { return Ok(None) };
    let num = row.get("num")?;
    set_entries(conn, num, info).await?;
    Ok(Some(num))
}

/// Writes a trace that is locked, its tags and its metadata; what is not among them stays.
pub async fn update(conn: &mut Conn<'_>, num: i64, info: &TraceInfo) -> Result<()> {
    let sql = format!(
        "UPDATE trace SET (experiment, start_ms, duration_ms, state, name, root, client_request_id, request_preview, \
         response_preview, session, usage_told, cost_told, {TOKEN_COLUMNS}, {COST_COLUMNS}) = ({}) WHERE num = $1",
        list(2, 21)
    );
    let mut values = args![num];
    values.extend(fields(info));
    conn.execute(&sql, values).await?;
    set_entries(conn, num, info).await
}

fn fields(info: &TraceInfo) -> Vec<Value> {
    let mut values = args![
        info.experiment.number(),
        info.start,
        info.duration_ms,
        info.state.as_str(),
        info.name.clone(),
        info.root.clone(),
        info.client_request_id.clone(),
        info.request_preview.clone(),
        info.response_preview.clone(),
        info.session.clone(),
        info.usage_told,
        info.cost_told,
    ];
    values.extend(info.usage.0.map(Value::from));
    values.extend(info.cost.0.map(Value::from));
    values
}

async fn set_entries(conn: &mut Conn<'_>, num: i64, info: &TraceInfo) -> Result<()> {
    for (table, entries) in [("trace_tag", &info.tags), ("trace_metadata", &info.metadata)] {
        // In the order of the keys, so that two writers never wait for one another.
        let entries: Vec<(&String, &String)> = entries.iter().collect();
        for piece in pieces(&entries) {
            let values = piece.iter().flat_map(|(key, value)| args![num, *key, *value]).collect();
            let sql = format!(
                "INSERT INTO {table} (trace, key, value) VALUES {} \
                 ON CONFLICT (trace, key) DO UPDATE SET value = excluded.value",
                placeholders(piece.len(), 3)
            );
            conn.execute(&sql, values).await?;
        }
    }
    Ok(())
}

/// The number of the newest trace.
pub async fn newest(conn: &mut Conn<'_>) -> Result<i64> {
    conn.fetch_one("SELECT COALESCE(MAX(num), 0) AS num FROM trace", args![]).await?.get("num")
}

/// One trace with all but its spans.
pub async fn get(conn: &mut Conn<'_>, id: &TraceId) -> Result<Option<Numbered>> {
    let row = conn.fetch_optional("SELECT * FROM trace WHERE id = $1", args![id.as_str()]).await?;
    Ok(load(conn, row.as_slice()).await?.pop())
}

/// One trace, which nobody else changes until the transaction ends.
pub async fn lock(conn: &mut Conn<'_>, id: &TraceId) -> Result<Option<Numbered>> {
    let sql = format!("SELECT * FROM trace WHERE id = $1 {}", conn.engine().for_update());
    let row = conn.fetch_optional(&sql, args![id.as_str()]).await?;
    Ok(load(conn, row.as_slice()).await?.pop())
}

/// The traces of these ids that there are, in the order of the ids, each once; only of these experiments if some are told.
pub async fn of_ids(
    conn: &mut Conn<'_>,
    ids: &[TraceId],
    experiments: Option<&[ExperimentId]>,
) -> Result<Vec<Numbered>> {
    let mut rows = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let sql = format!("SELECT * FROM trace WHERE id IN ({})", list(1, chunk.len()));
        let values = chunk.iter().map(|id| Value::from(id.as_str())).collect();
        rows.extend(conn.fetch_all(&sql, values).await?);
    }
    let found = load(conn, &rows).await?;
    let wanted =
        |info: &TraceInfo| experiments.is_none_or(|experiments| experiments.contains(&info.experiment));
    let mut by_id: HashMap<TraceId, Numbered> = found
        .into_iter()
        .filter(|found| wanted(&found.info))
        .map(|found| (found.info.id.clone(), found))
        .collect();
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// Reads traces and fills in their tags, metadata and assessments.
pub(crate) async fn load(conn: &mut Conn<'_>, rows: &[Row]) -> Result<Vec<Numbered>> {
    let mut found: Vec<Numbered> = rows.iter().map(numbered).collect::<Result<_>>()?;
    for chunk in found.chunks_mut(CHUNK) {
        let places: HashMap<i64, usize> =
            chunk.iter().enumerate().map(|(at, found)| (found.num, at)).collect();
        let nums: Vec<Value> = chunk.iter().map(|found| Value::from(found.num)).collect();
        for table in ["trace_tag", "trace_metadata"] {
            let sql =
                format!("SELECT trace, key, value FROM {table} WHERE trace IN ({})", list(1, nums.len()));
            for row in conn.fetch_all(&sql, nums.clone()).await? {
                let Some(found) = places.get(&row.get::<i64>("trace")?).map(|at| &mut chunk[*at]) else {
                    continue;
                };
                let entries: &mut Entries =
                    if table == "trace_tag" { &mut found.info.tags } else { &mut found.info.metadata };
                entries.insert(row.get("key")?, row.get("value")?);
            }
        }
        let sql = format!(
            "SELECT * FROM assessment WHERE trace IN ({}) ORDER BY trace, created_ms, num",
            list(1, nums.len())
        );
        for row in conn.fetch_all(&sql, nums).await? {
            if let Some(at) = places.get(&row.get::<i64>("trace")?) {
                let info = &mut chunk[*at].info;
                info.assessments.push(assessment::from_row(&row, info.id.clone())?);
            }
        }
    }
    Ok(found)
}

fn numbered(row: &Row) -> Result<Numbered> {
    let corrupt = |column: &str, text: String| Error::Corrupt {
        column: column.to_owned(),
        reason: format!("{text:?} is not known"),
    };
    let id: String = row.get("id")?;
    let state: String = row.get("state")?;
    let mut usage = Usage::default();
    for (column, tokens) in TOKEN_COLUMNS.split(", ").zip(&mut usage.0) {
        *tokens = row.get(column)?;
    }
    let mut cost = Cost::default();
    for (column, dollars) in COST_COLUMNS.split(", ").zip(&mut cost.0) {
        *dollars = row.get(column)?;
    }
    let info = TraceInfo {
        id: TraceId::parse(&id).map_err(|_| corrupt("trace.id", id))?,
        experiment: ExperimentId::from_number(row.get("experiment")?),
        start: row.time("start_ms")?,
        duration_ms: row.get("duration_ms")?,
        state: TraceState::parse(&state).ok_or_else(|| corrupt("trace.state", state))?,
        name: row.get("name")?,
        root: row.get("root")?,
        client_request_id: row.get("client_request_id")?,
        request_preview: row.get("request_preview")?,
        response_preview: row.get("response_preview")?,
        session: row.get("session")?,
        usage,
        usage_told: row.get("usage_told")?,
        cost,
        cost_told: row.get("cost_told")?,
        tags: Entries::new(),
        metadata: Entries::new(),
        assessments: Vec::new(),
    };
    Ok(Numbered { num: row.get("num")?, info })
}

/// Sets a tag.
pub async fn set_tag(conn: &mut Conn<'_>, num: i64, key: &str, value: &str) -> Result<()> {
    conn.execute(
        "INSERT INTO trace_tag (trace, key, value) VALUES ($1, $2, $3) \
         ON CONFLICT (trace, key) DO UPDATE SET value = excluded.value",
        args![num, key, value],
    )
    .await?;
    Ok(())
}

/// Removes a tag; whether it was there.
pub async fn delete_tag(conn: &mut Conn<'_>, num: i64, key: &str) -> Result<bool> {
    let removed =
        conn.execute("DELETE FROM trace_tag WHERE trace = $1 AND key = $2", args![num, key]).await?;
    Ok(removed > 0)
}

/// Gives a trace a name, or takes it away.
pub async fn rename(conn: &mut Conn<'_>, num: i64, name: Option<&str>) -> Result<()> {
    conn.execute("UPDATE trace SET name = $2 WHERE num = $1", args![num, name]).await?;
    Ok(())
}

/// Deletes traces with all that belongs to them; how many.
pub async fn delete(conn: &mut Conn<'_>, doomed: &Doomed) -> Result<u64> {
    let experiment = doomed.experiment.number();
    let Some(until) = doomed.until else {
        let mut deleted = 0;
        for chunk in doomed.ids.chunks(CHUNK) {
            let sql = format!("DELETE FROM trace WHERE experiment = $1 AND id IN ({})", list(2, chunk.len()));
            let mut values = args![experiment];
            values.extend(chunk.iter().map(|id| Value::from(id.as_str())));
            deleted += conn.execute(&sql, values).await?;
        }
        return Ok(deleted);
    };
    let sql = "DELETE FROM trace WHERE num IN \
               (SELECT num FROM trace WHERE experiment = $1 AND start_ms <= $2 ORDER BY start_ms, id LIMIT $3)";
    conn.execute(sql, args![experiment, until, doomed.most.unwrap_or(i64::MAX)]).await
}

/// Links traces to a run; those that are linked or that there are not are passed over.
pub async fn link_run(conn: &mut Conn<'_>, run: &str, ids: &[TraceId]) -> Result<()> {
    for chunk in ids.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO trace_run (run, trace) SELECT $1, num FROM trace WHERE id IN ({}) ON CONFLICT DO NOTHING",
            list(2, chunk.len())
        );
        let mut values = args![run];
        values.extend(chunk.iter().map(|id| Value::from(id.as_str())));
        conn.execute(&sql, values).await?;
    }
    Ok(())
}

/// The runs that a trace is linked to.
pub async fn runs_of(conn: &mut Conn<'_>, num: i64) -> Result<Vec<String>> {
    let rows = conn.fetch_all("SELECT run FROM trace_run WHERE trace = $1 ORDER BY run", args![num]).await?;
    rows.iter().map(|row| row.get("run")).collect()
}

/// The prompts (`name/version`) that are linked to a trace.
pub async fn prompts_of(conn: &mut Conn<'_>, num: i64) -> Result<Vec<String>> {
    let sql = "SELECT prompt FROM trace_prompt WHERE trace = $1 ORDER BY prompt";
    conn.fetch_all(sql, args![num]).await?.iter().map(|row| row.get("prompt")).collect()
}

/// Says what a trace's first step is called.
pub async fn set_root(conn: &mut Conn<'_>, num: i64, name: &str) -> Result<()> {
    conn.execute("UPDATE trace SET root = $2 WHERE num = $1", args![num, name]).await?;
    Ok(())
}

/// Links prompts (`name/version`) to a trace.
pub async fn link_prompts(conn: &mut Conn<'_>, num: i64, prompts: &[String]) -> Result<()> {
    for prompt in prompts {
        conn.execute(
            "INSERT INTO trace_prompt (prompt, trace) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            args![prompt, num],
        )
        .await?;
    }
    Ok(())
}
