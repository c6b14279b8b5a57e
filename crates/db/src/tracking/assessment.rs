//! Assessments of traces.

use domain::tracking::assessment::{Assessed, Assessment, AssessmentError};
use domain::tracking::trace::TraceId;
use serde_json::{Value, json};

use crate::{Conn, Error, Result, Row, args};

/// Writes an assessment of a trace; one of the same id is replaced.
pub async fn put(conn: &mut Conn<'_>, trace: i64, assessment: &Assessment) -> Result<()> {
    let (measure, is_number) = assessment.assessed.measure();
    let error = match &assessment.assessed {
        Assessed::Feedback { error: Some(error), .. } => {
            Some(json!({"code": error.code, "message": error.message, "stack": error.stack}).to_string())
        }
        _ => None,
    };
    conn.execute(
        "INSERT INTO assessment (id, trace, name, kind, source_type, source_id, span, created_ms, updated_ms, value, text, \
         measure, is_number, error, rationale, metadata, about_session, overrides, valid) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, updated_ms = excluded.updated_ms, value = excluded.value, \
         text = excluded.text, measure = excluded.measure, is_number = excluded.is_number, error = excluded.error, \
         rationale = excluded.rationale, metadata = excluded.metadata, about_session = excluded.about_session",
        args![
            &assessment.id,
            trace,
            &assessment.name,
            assessment.assessed.kind(),
            &assessment.source_type,
            assessment.source_id.clone(),
            assessment.span.clone(),
            assessment.created,
            assessment.updated,
            &assessment.assessed.value(),
            assessment.assessed.text(),
            measure,
            is_number,
            error,
            assessment.rationale.clone(),
            &json!(assessment.metadata),
            assessment.is_about_session(),
            assessment.overrides.clone(),
            assessment.valid,
        ],
    )
    .await?;
    Ok(())
}

/// The number of the trace that has an assessment of this id.
pub async fn owner(conn: &mut Conn<'_>, id: &str) -> Result<Option<i64>> {
    let row = conn.fetch_optional("SELECT trace FROM assessment WHERE id = $1", args![id]).await?;
    row.map(|row| row.get("trace")).transpose()
}

/// Says whether another assessment of the trace has taken its place; whether it is there.
pub async fn set_valid(conn: &mut Conn<'_>, trace: i64, id: &str, valid: bool) -> Result<bool> {
    let sql = "UPDATE assessment SET valid = $3 WHERE trace = $1 AND id = $2";
    Ok(conn.execute(sql, args![trace, id, valid]).await? > 0)
}

/// Removes an assessment; whether it was there.
pub async fn delete(conn: &mut Conn<'_>, trace: i64, id: &str) -> Result<bool> {
    let sql = "DELETE FROM assessment WHERE trace = $1 AND id = $2";
    Ok(conn.execute(sql, args![trace, id]).await? > 0)
}

pub(crate) fn from_row(row: &Row, trace: TraceId) -> Result<Assessment> {
    let kind: String = row.get("kind")?;
    let value: Value = row.json("value")?;
    let error: Option<Value> = row.opt_json("error")?;
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let assessed = match kind.as_str() {
        "feedback" => Assessed::Feedback {
            value,
            error: error.map(|error| AssessmentError {
                code: text(&error["code"]).unwrap_or_default(),
                message: text(&error["message"]),
                stack: text(&error["stack"]),
            }),
        },
        "expectation" => Assessed::Expectation(value),
        "issue" => Assessed::Issue(text(&value["issue_name"]).unwrap_or_default()),
        _ => {
            let reason = format!("{kind:?} is no kind of assessment");
            return Err(Error::Corrupt { column: "assessment.kind".to_owned(), reason });
        }
    };
    Ok(Assessment {
        id: row.get("id")?,
        trace,
        name: row.get("name")?,
        source_type: row.get("source_type")?,
        source_id: row.get("source_id")?,
        span: row.get("span")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        assessed,
        rationale: row.get("rationale")?,
        metadata: row.json("metadata")?,
        overrides: row.get("overrides")?,
        valid: row.get("valid")?,
    })
}
