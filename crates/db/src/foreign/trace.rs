//! Traces of an MLflow database, with their spans and what was said about them.

use std::collections::HashMap;

use domain::Timestamp;
use domain::tracking::import::trace::{AssessmentErrorRecord, AssessmentRecord, TraceRecord, read_span};
use domain::tracking::span::Span;
use domain::tracking::trace::{
    ARTIFACT_LOCATION, COST, Entries, NAME_TAG, SESSION, TOKEN_USAGE, TraceId, TraceState,
};
use domain::tracking::usage::{COSTS, TOKENS};
use serde_json::Value as Json;

use super::tracking::next;
use super::{Cursor, Foreign, FoundTrace, Left, Page, Read, grouped, text, whole};
use crate::tracking::list;
use crate::{Result, Row, Value, args};

/// The metadata with the run that assessed.
const ASSESSED_IN: &str = "mlflow.assessment.sourceRunId";

impl Foreign {
    /// The next `limit` traces after a place, in the order in which they were made.
    pub async fn traces(&mut self, after: Cursor, limit: i64) -> Result<Page<FoundTrace>> {
        if !self.has("trace_info") {
            return Ok((Vec::new(), None));
        }
        let sql = format!(
            "SELECT t.rowid AS place, CAST(request_id AS TEXT) AS id, CAST(experiment_id AS INTEGER) AS experiment, \
             CAST(timestamp_ms AS INTEGER) AS start, CAST(execution_time_ms AS INTEGER) AS duration, \
             CAST(status AS TEXT) AS state, {} FROM trace_info t WHERE t.rowid > $1 AND {} ORDER BY t.rowid LIMIT $2",
            self.newer_columns(),
            self.in_experiments("t.experiment_id")
        );
        let rows = self.rows(&sql, args![after, limit]).await?;
        let ids: Vec<Value> = rows.iter().map(|row| Ok(text(row, "id")?.into())).collect::<Result<_>>()?;
        if ids.is_empty() {
            return Ok((Vec::new(), None));
        }
        let mut parts = Parts {
            tags: self.entries("trace_tags", &ids).await?,
            metadata: self.entries("trace_request_metadata", &ids).await?,
            metrics: self.trace_metrics(&ids).await?,
            assessments: self.assessments(&ids).await?,
            runs: self.links("run", &ids).await?,
            prompts: self.links("prompt_version", &ids).await?,
        };
        let found = rows.iter().map(|row| trace(row, &mut parts)).collect::<Result<_>>()?;
        Ok((found, next(&rows, limit)?))
    }

    /// The columns that came after the first schema of traces; absent ones read as nothing.
    fn newer_columns(&self) -> String {
        let texts = ["client_request_id", "request_preview", "response_preview", "trace_name", "session_id"];
        let columns = texts.into_iter().map(|column| (column, "TEXT"));
        let columns = columns.chain(TOKENS.into_iter().map(|column| (column, "INTEGER")));
        let columns = columns.chain(COSTS.into_iter().map(|column| (column, "REAL")));
        let column = |(column, kind): (&str, &str)| {
            let from = if self.has_column("trace_info", column) { column } else { "NULL" };
            format!("CAST({from} AS {kind}) AS {column}")
        };
        columns.map(column).collect::<Vec<_>>().join(", ")
    }

    async fn entries(&mut self, table: &str, ids: &[Value]) -> Result<HashMap<String, Entries>> {
        let sql = format!(
            "SELECT CAST(request_id AS TEXT) AS owner, CAST(key AS TEXT) AS key, CAST(value AS TEXT) AS value \
             FROM {table} WHERE request_id IN ({})",
            list(1, ids.len())
        );
        let pairs = grouped(&self.rows(&sql, ids.to_vec()).await?, |row| {
            Ok((text(row, "key")?, text(row, "value")?))
        })?;
        Ok(pairs.into_iter().map(|(owner, pairs)| (owner, pairs.into_iter().collect())).collect())
    }

    /// Tokens and costs as the versions in between kept them.
    async fn trace_metrics(&mut self, ids: &[Value]) -> Result<HashMap<String, Vec<(String, f64)>>> {
        if !self.has("trace_metrics") {
            return Ok(HashMap::new());
        }
        let sql = format!(
            "SELECT CAST(request_id AS TEXT) AS owner, CAST(key AS TEXT) AS key, CAST(value AS REAL) AS value \
             FROM trace_metrics WHERE value IS NOT NULL AND request_id IN ({})",
            list(1, ids.len())
        );
        grouped(&self.rows(&sql, ids.to_vec()).await?, |row| Ok((text(row, "key")?, row.get("value")?)))
    }

    async fn assessments(&mut self, ids: &[Value]) -> Result<HashMap<String, Vec<Read<AssessmentRecord>>>> {
        if !self.has("assessments") {
            return Ok(HashMap::new());
        }
        let sql = format!(
            "SELECT CAST(trace_id AS TEXT) AS owner, CAST(assessment_id AS TEXT) AS id, CAST(name AS TEXT) AS name, \
             CAST(assessment_type AS TEXT) AS kind, CAST(value AS TEXT) AS value, CAST(error AS TEXT) AS error, \
             CAST(created_timestamp AS INTEGER) AS created, CAST(last_updated_timestamp AS INTEGER) AS updated, \
             CAST(source_type AS TEXT) AS source_type, CAST(source_id AS TEXT) AS source_id, \
             CAST(run_id AS TEXT) AS run, CAST(span_id AS TEXT) AS span, CAST(rationale AS TEXT) AS rationale, \
             CAST(overrides AS TEXT) AS overrides, CAST(valid AS INTEGER) AS valid, \
             CAST(assessment_metadata AS TEXT) AS metadata FROM assessments WHERE trace_id IN ({}) \
             ORDER BY trace_id, created_timestamp, rowid",
            list(1, ids.len())
        );
        grouped(&self.rows(&sql, ids.to_vec()).await?, assessment)
    }

    async fn links(&mut self, to: &str, ids: &[Value]) -> Result<HashMap<String, Vec<String>>> {
        if !self.has("entity_associations") {
            return Ok(HashMap::new());
        }
        let sql = format!(
            "SELECT CAST(source_id AS TEXT) AS owner, CAST(destination_id AS TEXT) AS other FROM entity_associations \
             WHERE source_type = 'trace' AND destination_type = '{to}' AND source_id IN ({}) ORDER BY rowid",
            list(1, ids.len())
        );
        grouped(&self.rows(&sql, ids.to_vec()).await?, |row| text(row, "other"))
    }

    /// The next `limit` spans of a trace after a place. Those whose content went to an archive are not among them.
    pub async fn spans(&mut self, trace: &TraceId, after: Cursor, limit: i64) -> Result<Page<Span>> {
        if !self.has("spans") {
            return Ok((Vec::new(), None));
        }
        let sql = "SELECT rowid AS place, CAST(span_id AS TEXT) AS id, CAST(content AS TEXT) AS content FROM spans \
                   WHERE trace_id = $1 AND rowid > $2 AND content <> '' ORDER BY rowid LIMIT $3";
        let rows = self.rows(sql, args![trace.as_str(), after, limit]).await?;
        let span = |row: &Row| {
            let parsed: std::result::Result<Json, _> = serde_json::from_str(&text(row, "content")?);
            let read = match parsed {
                Ok(content) => read_span(trace, &content).map_err(ToOwned::to_owned),
                Err(error) => Err(format!("its content is no JSON: {error}")),
            };
            let what = format!("span {} of trace {trace}", text(row, "id")?);
            Ok(read.map_err(|why| Left { what, why }))
        };
        Ok((rows.iter().map(span).collect::<Result<_>>()?, next(&rows, limit)?))
    }
}

/// What belongs to traces, by trace.
struct Parts {
    tags: HashMap<String, Entries>,
    metadata: HashMap<String, Entries>,
    metrics: HashMap<String, Vec<(String, f64)>>,
    assessments: HashMap<String, Vec<Read<AssessmentRecord>>>,
    runs: HashMap<String, Vec<String>>,
    prompts: HashMap<String, Vec<String>>,
}

fn trace(row: &Row, parts: &mut Parts) -> Result<Read<FoundTrace>> {
    let written = text(row, "id")?;
    let id = match TraceId::parse(&written) {
        Ok(id) => id,
        Err(refusal) => return Ok(Err(Left { what: format!("trace {written:?}"), why: refusal.reason })),
    };
    let mut tags = parts.tags.remove(&written).unwrap_or_default();
    let mut metadata = parts.metadata.remove(&written).unwrap_or_default();
    // Where there is a column of its own, it says more than a tag that was left behind.
    let own = [("trace_name", NAME_TAG, &mut tags), ("session_id", SESSION, &mut metadata)];
    for (column, key, entries) in own {
        if let Some(value) = row.get::<Option<String>>(column)? {
            entries.insert(key.to_owned(), value);
        }
    }
    let metrics = parts.metrics.remove(&written).unwrap_or_default();
    for (key, columns) in [(TOKEN_USAGE, &TOKENS[..]), (COST, &COSTS[..])] {
        if let Some(figures) = figures(row, columns, key == COST)? {
            metadata.insert(key.to_owned(), figures);
        } else if !metadata.contains_key(key)
            && let Some(figures) = of_metrics(&metrics, columns)
        {
            metadata.insert(key.to_owned(), figures);
        }
    }
    let (mut assessments, mut left) = (Vec::new(), Vec::new());
    for read in parts.assessments.remove(&written).unwrap_or_default() {
        match read {
            Ok(assessment) => assessments.push(assessment),
            Err(one) => left.push(one),
        }
    }
    let files = tags.get(ARTIFACT_LOCATION).cloned().unwrap_or_default();
    let record = TraceRecord {
        id,
        experiment: whole(row, "experiment")?,
        start: Timestamp::from_millis(whole(row, "start")?),
        duration_ms: row.get("duration")?,
        // Versions before 3.0 had a longer word for the unknown one.
        state: TraceState::parse(&text(row, "state")?).unwrap_or_default(),
        client_request_id: row.get("client_request_id")?,
        request_preview: row.get("request_preview")?,
        response_preview: row.get("response_preview")?,
        tags,
        metadata,
        assessments,
        runs: parts.runs.remove(&written).unwrap_or_default(),
        prompts: parts.prompts.remove(&written).unwrap_or_default(),
    };
    Ok(Ok(FoundTrace { record, files, left }))
}

/// The JSON text of figures in columns, when there are any.
fn figures(row: &Row, columns: &[&str], is_cost: bool) -> Result<Option<String>> {
    let mut known = serde_json::Map::new();
    for column in columns {
        let value = if is_cost {
            row.get::<Option<f64>>(*column)?.map(Json::from)
        } else {
            row.get::<Option<i64>>(*column)?.map(Json::from)
        };
        known.extend(value.map(|value| ((*column).to_owned(), value)));
    }
    Ok((!known.is_empty()).then(|| Json::Object(known).to_string()))
}

fn of_metrics(metrics: &[(String, f64)], columns: &[&str]) -> Option<String> {
    let known = metrics.iter().filter(|(key, _)| columns.contains(&key.as_str()));
    let known: serde_json::Map<String, Json> =
        known.map(|(key, value)| (key.clone(), Json::from(*value))).collect();
    (!known.is_empty()).then(|| Json::Object(known).to_string())
}

fn assessment(row: &Row) -> Result<Read<AssessmentRecord>> {
    let (id, trace) = (text(row, "id")?, text(row, "owner")?);
    let left = |why: String| Left { what: format!("assessment {id} of trace {trace}"), why };
    let json = |column: &str| -> Result<std::result::Result<Json, Left>> {
        let text = row.get::<Option<String>>(column)?.unwrap_or_else(|| "null".to_owned());
        let parsed = serde_json::from_str(&text);
        Ok(parsed.map_err(|error| left(format!("its {column} is no JSON: {error}"))))
    };
    let (value, error, metadata) = match (json("value")?, json("error")?, json("metadata")?) {
        (Ok(value), Ok(error), Ok(metadata)) => (value, error, metadata),
        (Err(left), ..) | (_, Err(left), _) | (.., Err(left)) => return Ok(Err(left)),
    };
    let word = |value: &Json| value.as_str().map(ToOwned::to_owned);
    let mut entries = Entries::new();
    for (key, value) in metadata.as_object().into_iter().flatten() {
        entries.insert(key.clone(), word(value).unwrap_or_else(|| value.to_string()));
    }
    if let Some(run) = row.get::<Option<String>>("run")?.filter(|run| !run.is_empty()) {
        entries.entry(ASSESSED_IN.to_owned()).or_insert(run);
    }
    let record = AssessmentRecord {
        id: id.clone(),
        name: text(row, "name")?,
        kind: text(row, "kind")?,
        value,
        error: error.is_object().then(|| AssessmentErrorRecord {
            code: word(&error["error_code"]).unwrap_or_default(),
            message: word(&error["error_message"]),
            stack: word(&error["stack_trace"]),
        }),
        source_type: text(row, "source_type")?,
        source_id: row.get("source_id")?,
        span: row.get("span")?,
        created: Timestamp::from_millis(whole(row, "created")?),
        updated: Timestamp::from_millis(whole(row, "updated")?),
        rationale: row.get("rationale")?,
        metadata: entries,
        overrides: row.get("overrides")?,
        valid: row.get::<Option<i64>>("valid")? != Some(0),
    };
    Ok(match record.check() {
        Ok(()) => Ok(record),
        Err(refusal) => Err(left(refusal.reason)),
    })
}
