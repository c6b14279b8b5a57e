//! Queries over data versions.

use app::data::sql::{Encoding, FIELD, Page, Question};
use app::{App, Error};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Span;
use crate::{Ctx, Json, Problem};

/// What is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlBody {
    /// One SELECT. Its tables are data versions: `flights@v3`, `flights@latest`, `flights`, `flights@2026-03-01`.
    sql: String,
    /// Rows at the most: of `json` 1,000 unless it is given and up to 10,000; of the others all.
    limit: Option<usize>,
    /// `json`, `csv`, `parquet` or `arrow`; without it, what `Accept` says.
    format: Option<String>,
    /// Whether `json` says how many rows there are beyond the limit, which may take as long again.
    #[serde(default)]
    count: bool,
}

/// A column of a result.
#[derive(Serialize, ToSchema)]
pub struct SqlColumn {
    /// Its name.
    name: String,
    /// `integer`, `number`, `text`, `boolean`, `date`, `timestamp`, …
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A result.
#[derive(Serialize, ToSchema)]
pub struct SqlResult {
    /// Its columns.
    columns: Vec<SqlColumn>,
    /// Values by row, in the order of the columns. Times are text, what is not a number is null.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<Value>>,
    /// Whether there are more rows.
    truncated: bool,
    /// How many rows there are, when all are here or they were counted.
    total: Option<u64>,
}

impl From<Page> for SqlResult {
    fn from(page: Page) -> Self {
        let names: Vec<String> = page.columns.iter().map(|column| column.name.clone()).collect();
        let values = |mut row: app::data::sql::Record| {
            names.iter().map(|name| row.get_mut(name).map(Value::take).unwrap_or_default()).collect()
        };
        Self {
            rows: page.rows.into_iter().map(values).collect(),
            columns: page
                .columns
                .into_iter()
                .map(|column| SqlColumn { name: column.name, kind: column.kind })
                .collect(),
            truncated: page.truncated,
            total: page.total,
        }
    }
}

/// The forms of an answer: their words, their media types.
const FORMS: [(&str, &str, Option<Encoding>); 4] = [
    ("json", "application/json", None),
    ("csv", "text/csv", Some(Encoding::Csv)),
    ("parquet", "application/vnd.apache.parquet", Some(Encoding::Parquet)),
    ("arrow", "application/vnd.apache.arrow.stream", Some(Encoding::Arrow)),
];

/// Asks a question in SQL over data versions. One statement that only reads (SELECT, WITH, EXPLAIN, DESCRIBE) is
/// answered as a JSON document, or as CSV, Parquet or an Arrow stream, which are sent while they are made: a body
/// that breaks off is not whole. A query takes 5 minutes and 512 MiB of memory at the most; beyond that memory it
/// spills to disk.
#[utoipa::path(post, path = "/data/sql", tag = "data", request_body = SqlBody,
    responses(
        (status = 200, content(
            (SqlResult = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"))),
        (status = "default", body = Problem)))]
pub async fn query(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    headers: HeaderMap,
    Json(body): Json<SqlBody>,
) -> Result<Response, Problem> {
    let (media, encoding) = form(body.format.as_deref(), &headers)?;
    let question = Question { sql: body.sql.clone(), limit: body.limit, count: body.count };
    let Some(encoding) = encoding else {
        let page = app.datasets().query(&ctx, question).await.map_err(|error| placed(error, &body.sql))?;
        return Ok(Json(SqlResult::from(page)).into_response());
    };
    let parts = app
        .datasets()
        .query_file(&ctx, question, encoding)
        .await
        .map_err(|error| placed(error, &body.sql))?;
    let media = HeaderValue::from_static(media);
    Ok(([(header::CONTENT_TYPE, media)], Body::from_stream(parts)).into_response())
}

/// The form that is asked for: by its word, else by its media type, else JSON.
fn form(word: Option<&str>, headers: &HeaderMap) -> Result<(&'static str, Option<Encoding>), Problem> {
    if let Some(word) = word {
        let found = FORMS.iter().find(|(name, ..)| *name == word);
        let reason = || format!("{word:?} is not one of json, csv, parquet, arrow");
        return found
            .map(|(_, media, encoding)| (*media, *encoding))
            .ok_or_else(|| Error::invalid("format", reason()).into());
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    let mut known =
        wanted.filter_map(|wanted| FORMS.iter().find(|(_, media, _)| media.eq_ignore_ascii_case(wanted)));
    let (_, media, encoding) = known.next().unwrap_or(&FORMS[0]);
    Ok((media, *encoding))
}

/// The problem with its place in the query as characters.
fn placed(error: Error, sql: &str) -> Problem {
    let mut problem = Problem::from(error);
    let place = problem.field.as_deref().and_then(|field| field.strip_prefix(FIELD)?.strip_prefix(':'));
    problem.span = place.and_then(|place| {
        let (line, column) = place.split_once(':')?;
        span(sql, line.parse().ok()?, column.parse().ok()?)
    });
    problem
}

/// The word at a line and column, both from 1.
fn span(sql: &str, line: usize, column: usize) -> Option<Span> {
    let before: usize =
        sql.split_inclusive('\n').take(line.checked_sub(1)?).map(|line| line.chars().count()).sum();
    let start = before + column.checked_sub(1)?;
    let rest = sql.chars().skip(start);
    let word = rest.take_while(|c| c.is_alphanumeric() || "_@-.".contains(*c)).count();
    let end = (start + word.max(1)).min(sql.chars().count());
    Some(Span { start: start.min(end), end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_wins_over_the_header_and_anything_else_is_json() {
        let accept = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, text.parse().unwrap());
            headers
        };
        let media = |word, accepted: &str| form(word, &accept(accepted)).map(|(media, _)| media);
        assert_eq!(media(None, "*/*").unwrap(), "application/json");
        assert_eq!(media(None, "text/html, text/csv;q=0.9").unwrap(), "text/csv");
        assert_eq!(media(Some("arrow"), "text/csv").unwrap(), "application/vnd.apache.arrow.stream");
        assert!(media(Some("xml"), "text/csv").is_err());
    }

    #[test]
    fn a_place_becomes_the_characters_of_its_word() {
        let at =
            |line, column| span("select é,\n depp from t", line, column).map(|span| (span.start, span.end));
        assert_eq!(at(2, 2), Some((11, 15)));
        assert_eq!(at(1, 8), Some((7, 8)));
        assert_eq!(at(3, 1), Some((22, 22)));
    }
}
