//! The rows of a query as they are made: nothing waits for the whole, and nothing holds it.
//!
//! Each query has a thread of its own: its stack is deep, because plans are walked by recursion, and work that does
//! not yield keeps nobody else waiting. It stops when its reader is gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNode;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;
use futures::{Stream, StreamExt};
use tables::encode::{Encoder, Encoding};
use tables::read::{conform, plain_schema};
use tables::rows::{Record, of_batch};
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Engine, Input, Limits};
use crate::error::{Error, Result};
use crate::run::{Column, columns, off_thread, refuse_twice};
use crate::statement::{self, Named, Reading};

/// The stack of a query's thread; pages of it that are not touched cost nothing.
const STACK: usize = 256 << 20;
/// Batches that wait for their reader.
const AHEAD: usize = 2;
/// A reader that takes nothing for so long is taken to be gone.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of the rows of one document at the most.
const MAX_DOCUMENT: usize = 64 << 20;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Query {
    /// One statement that only reads.
    pub text: String,
    /// The data versions that [`named`] found in it, under their names there.
    pub inputs: Vec<Input>,
    /// Rows at the most; all without it.
    pub limit: Option<usize>,
    /// Whether rows beyond the limit are counted.
    pub count: bool,
    /// Time that the engine may take; waiting for the reader does not count.
    pub time: Duration,
    /// What it may use.
    pub limits: Limits,
}

/// The rows of a result, to be taken as they come.
pub struct Rows {
    schema: SchemaRef,
    first: Option<RecordBatch>,
    pieces: mpsc::Receiver<Result<Piece>>,
    end: Option<End>,
}

/// A result as one document.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, by column name.
    pub rows: Vec<Record>,
    /// Whether there are more.
    pub truncated: bool,
    /// How many there are, when they were counted or all are here.
    pub total: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct End {
    truncated: bool,
    total: Option<u64>,
}

enum Piece {
    Columns(SchemaRef),
    Rows(RecordBatch),
    End(End),
}

/// The data versions that a query names; what is not a query is refused.
pub async fn named(text: &str) -> Result<Vec<Named>> {
    let (send, answer) = oneshot::channel();
    let text = text.to_owned();
    on_thread(move || {
        // Nobody to tell is no reason to fail.
        let _gone = send.send(statement::parse(&text).map(|reading| reading.names));
    })?;
    answer.await.map_err(|_| stopped())?
}

/// Starts a query and waits for its first rows: what fails by then fails here.
pub async fn open(query: Query) -> Result<Rows> {
    let (send, mut pieces) = mpsc::channel(AHEAD);
    on_thread(move || work(&query, &send))?;
    let schema = match pieces.recv().await {
        Some(Ok(Piece::Columns(schema))) => schema,
        Some(Err(error)) => return Err(error),
        Some(Ok(_)) | None => return Err(stopped()),
    };
    let mut rows = Rows { schema, first: None, pieces, end: None };
    rows.first = rows.next().await?;
    Ok(rows)
}

impl Rows {
    /// The next rows; none at the end.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(batch) = self.first.take() {
            return Ok(Some(batch));
        }
        if self.end.is_some() {
            return Ok(None);
        }
        match self.pieces.recv().await {
            Some(Ok(Piece::Rows(batch))) => Ok(Some(batch)),
            Some(Ok(Piece::End(end))) => {
                self.end = Some(end);
                Ok(None)
            }
            Some(Err(error)) => Err(error),
            Some(Ok(Piece::Columns(_))) | None => Err(stopped()),
        }
    }

    /// All rows as one document.
    pub async fn page(mut self) -> Result<Page> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        while let Some(batch) = self.next().await? {
            let sizes = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size());
            // What has no size of its own still takes the text of its values.
            bytes += sizes.map(|size| size.unwrap_or(0)).sum::<usize>() + batch.num_rows();
            if bytes > MAX_DOCUMENT {
                return Err(Error::Document { limit_mib: MAX_DOCUMENT >> 20 });
            }
            rows.extend(off_thread(move || of_batch(&batch).map_err(Error::Failed)).await?);
        }
        let End { truncated, total } = self.end.unwrap_or(End { truncated: false, total: None });
        Ok(Page { columns: columns(&self.schema), rows, truncated, total })
    }

    /// All rows as the bytes of a file, in parts.
    pub fn encoded(self, encoding: Encoding) -> Result<impl Stream<Item = Result<Vec<u8>>> + Send> {
        let encoder = Encoder::new(encoding, &self.schema)?;
        let begun = encoder.begun();
        let head = futures::stream::iter((!begun.is_empty()).then_some(Ok(begun)));
        let rest = futures::stream::try_unfold(Some((self, encoder)), |state| async move {
            let Some((mut rows, mut encoder)) = state else { return Ok(None) };
            while let Some(batch) = rows.next().await? {
                let (bytes, after) = off_thread(move || {
                    let bytes = encoder.write(&batch)?;
                    Ok((bytes, encoder))
                })
                .await?;
                encoder = after;
                if !bytes.is_empty() {
                    return Ok(Some((bytes, Some((rows, encoder)))));
                }
            }
            let bytes = off_thread(move || Ok(encoder.finish()?)).await?;
            Ok(Some((bytes, None)))
        });
        Ok(head.chain(rest))
    }
}

fn stopped() -> Error {
    Error::Failed("it stopped before its end".to_owned())
}

fn on_thread(work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = std::thread::Builder::new().name("sql".to_owned()).stack_size(STACK);
    thread.spawn(work).map(drop).map_err(|error| Error::Scratch(format!("no thread for the query: {error}")))
}

fn work(query: &Query, out: &mpsc::Sender<Result<Piece>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(async {
            let done = answer(query, out).await;
            query.limits.stop.store(true, Ordering::Relaxed);
            if let Err(error) = done {
                // Nobody to tell is no reason to fail.
                let _gone = out.send_timeout(Err(error), PATIENCE).await;
            }
            Ok(())
        }),
        Err(error) => Err(Error::Scratch(format!("no thread for the query: {error}"))),
    };
    if let Err(error) = done {
        let _gone = out.blocking_send(Err(error));
    }
}

async fn answer(query: &Query, out: &mpsc::Sender<Result<Piece>>) -> Result<()> {
    let reading = statement::parse(&query.text)?;
    let mut flow = Flow { query, out, left: query.time, begun: false };
    let engine = flow.spend(Engine::open(&query.inputs, None, &query.limits)).await??;
    match flow.run(&engine, &reading).await {
        Err(Error::Memory { .. }) if !flow.begun && flow.joins(&engine, &reading).await => {
            engine.join_by_sorting();
            flow.run(&engine, &reading).await
        }
        done => done,
    }
}

/// A query on its way to its reader.
struct Flow<'a> {
    query: &'a Query,
    out: &'a mpsc::Sender<Result<Piece>>,
    /// Time that is left.
    left: Duration,
    /// Whether the reader has the columns.
    begun: bool,
}

impl Flow<'_> {
    async fn run(&mut self, engine: &Engine, reading: &Reading) -> Result<()> {
        let query = self.query;
        let failed = |error: DataFusionError| engine.explain(&error, &query.text);
        let frame = self.frame(engine, reading).await?;
        let schema = plain_schema(frame.schema().as_arrow());
        refuse_twice(&schema)?;
        // What tells of a query or a table stands alone.
        let alone = matches!(frame.logical_plan(), LogicalPlan::Explain(_) | LogicalPlan::DescribeTable(_));
        let limit = query.limit;
        let cut = match limit {
            Some(limit) if !alone => frame.clone().limit(0, Some(limit.saturating_add(1))).map_err(failed)?,
            _ => frame.clone(),
        };
        let mut stream = self.spend(cut.execute_stream()).await?.map_err(failed)?;
        let (mut sent, mut truncated) = (0, false);
        while let Some(batch) = self.spend(stream.next()).await? {
            let mut batch = batch.map_err(failed)?;
            let room = limit.map_or(usize::MAX, |limit| limit.saturating_sub(sent));
            if batch.num_rows() > room {
                truncated = true;
                batch = batch.slice(0, room);
            }
            if batch.num_rows() > 0 {
                sent += batch.num_rows();
                let batch = conform(&batch, &schema, "the result")?;
                self.begin(&schema).await?;
                self.send(Piece::Rows(batch)).await?;
            }
            if truncated {
                break;
            }
        }
        drop(stream);
        self.begin(&schema).await?;
        let total = match truncated {
            false => Some(sent as u64),
            true if query.count && !alone => Some(self.spend(frame.count()).await?.map_err(failed)? as u64),
            true => None,
        };
        self.send(Piece::End(End { truncated, total })).await
    }

    async fn frame(&mut self, engine: &Engine, reading: &Reading) -> Result<DataFrame> {
        let text = &self.query.text;
        self.spend(engine.plan_parsed(&reading.parsed, text)).await?
    }

    /// Whether the query joins, so that another way to join may need less memory.
    async fn joins(&mut self, engine: &Engine, reading: &Reading) -> bool {
        let frame = self.frame(engine, reading).await;
        frame.is_ok_and(|frame| {
            frame.logical_plan().exists(|plan| Ok(matches!(plan, LogicalPlan::Join(_)))).unwrap_or(false)
        })
    }

    /// Waits for the engine, as long as there is time and a reader.
    async fn spend<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let begun = Instant::now();
        let done = tokio::select! {
            done = work => done,
            () = tokio::time::sleep(self.left) => return Err(Error::Time { seconds: self.query.time.as_secs() }),
            () = self.out.closed() => return Err(Error::Failed("nobody waits for its result".to_owned())),
        };
        self.left = self.left.saturating_sub(begun.elapsed());
        Ok(done)
    }

    async fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        if !self.begun {
            self.begun = true;
            self.send(Piece::Columns(Arc::clone(schema))).await?;
        }
        Ok(())
    }

    async fn send(&self, piece: Piece) -> Result<()> {
        let gone = |_| Error::Failed("nobody takes its result".to_owned());
        self.out.send_timeout(Ok(piece), PATIENCE).await.map_err(gone)
    }
}

#[cfg(test)]
mod tests;
