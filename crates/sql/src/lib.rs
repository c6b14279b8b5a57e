//! SQL over tables: the one home of the query engine.
//!
//! A query reads named inputs (sets of files) and yields rows, written to one Parquet file or returned. One
//! partition and one thread of execution make equal inputs give equal bytes; what does not fit into memory spills to a
//! scratch folder. Nothing but the inputs can be read, and nothing but the result is written.

mod answer;
mod engine;
mod error;
mod partition;
mod run;
mod statement;

pub use answer::{Page, Query, Rows, named, open};
pub use engine::{Input, Limits};
pub use error::{Error, Result};
pub use partition::{PartitionFiles, partitions};
pub use run::{Column, Output, Preview, output_columns, query, run};
pub use statement::Named;
