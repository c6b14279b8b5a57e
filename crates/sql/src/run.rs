//! Running a query.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use domain::pipelines::step::Partition;
use futures::StreamExt;
use tables::read::{conform, plain_schema, type_word};
use tables::write::ParquetWriter;

use crate::engine::{Engine, Input, Limits};
use crate::error::{Error, Result};

/// A file that a query made.
#[derive(Clone, Debug)]
pub struct Output {
    /// Rows in it.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The word for its type: `integer`, `number`, `text`, `timestamp`, …
    pub kind: &'static str,
}

/// The first rows of a result.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

/// Runs a query and writes its rows to the Parquet file `out`, which must not exist; a failed query leaves none.
///
/// With a partition, the inputs that have its column show only the rows of that value.
pub async fn run(
    query: &str,
    inputs: &[Input],
    out: &Path,
    part: Option<(&Partition, &str)>,
    limits: &Limits,
) -> Result<Output> {
    let engine = Engine::open(inputs, part, limits).await?;
    let written = write(&engine, query, out).await;
    if written.is_err() {
        // Absent when the failure came before the first row.
        let _absent = std::fs::remove_file(out);
    }
    written
}

/// The first `limit` rows of a query.
pub async fn query(query: &str, inputs: &[Input], limit: usize, limits: &Limits) -> Result<Preview> {
    let engine = Engine::open(inputs, None, limits).await?;
    let failed = |error: datafusion::error::DataFusionError| engine.explain(&error, query);
    let frame = engine.plan(query).await?.limit(0, Some(limit)).map_err(failed)?;
    let schema = plain_schema(frame.schema().as_arrow());
    let mut batches = Vec::new();
    for batch in frame.collect().await.map_err(failed)? {
        batches.push(conform(&batch, &schema, "the result")?);
    }
    Ok(Preview { schema, batches })
}

/// The columns that a query yields, without running it; finds its faults.
pub async fn output_columns(query: &str, inputs: &[Input], limits: &Limits) -> Result<Vec<Column>> {
    let engine = Engine::open(inputs, None, limits).await?;
    let frame = engine.plan(query).await?;
    frame.clone().create_physical_plan().await.map_err(|error| engine.explain(&error, query))?;
    Ok(columns(&plain_schema(frame.schema().as_arrow())))
}

async fn write(engine: &Engine, query: &str, out: &Path) -> Result<Output> {
    let failed = |error: datafusion::error::DataFusionError| engine.explain(&error, query);
    let frame = engine.plan(query).await?;
    let schema = plain_schema(frame.schema().as_arrow());
    refuse_twice(&schema)?;
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    let mut writer = ParquetWriter::create(out, Arc::clone(&schema))?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed)?;
        let (rows, columns) = (Arc::clone(&schema), writer);
        writer = off_thread(move || {
            let mut writer = columns;
            writer.write(&conform(&batch, &rows, "the result")?)?;
            Ok(writer)
        })
        .await?;
    }
    let rows = off_thread(move || Ok(writer.finish()?)).await?;
    Ok(Output { rows, columns: columns(&schema) })
}

pub(crate) fn refuse_twice(schema: &Schema) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    match schema.fields().iter().find(|field| !seen.insert(field.name())) {
        None => Ok(()),
        Some(field) => Err(Error::Query {
            line: None,
            column: None,
            message: format!("the result has the column {:?} twice", field.name()),
            help: Some("give one of them another name with AS".to_owned()),
        }),
    }
}

pub(crate) fn columns(schema: &Schema) -> Vec<Column> {
    schema
        .fields()
        .iter()
        .map(|field| Column { name: field.name().clone(), kind: type_word(field.data_type()) })
        .collect()
}

pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Failed(error.to_string())),
    }
}
