//! Profiles: one pass over a file makes a sketch of it; sketches of files merge into the profile of a table.

mod column;
mod correlation;
mod decode;
mod moments;
mod values;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use domain::data::profile::TableProfile;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::read::{self, TableFile, type_word};

use column::{ColumnSketch, StoredColumn};
use correlation::Pairs;

pub(crate) use column::as_millis;
pub use decode::Undecodable;
pub use moments::Moments;
pub use values::SHARES;

/// The format of stored sketches; another one makes them be computed again.
pub const FORMAT: &str = "1";
/// Correlations of a profile at the most.
const MAX_CORRELATIONS: usize = 50;

/// What is remembered of a table's rows: mergeable.
#[derive(Clone, Default)]
pub struct TableSketch {
    rows: u64,
    files: u64,
    columns: Vec<ColumnSketch>,
    pairs: Pairs,
}

/// The sketch of a file.
pub fn sketch(file: &TableFile) -> Result<TableSketch> {
    let reader = read::open(file)?;
    let mut sketch = TableSketch::new(&reader.schema());
    for batch in reader {
        sketch.add(&batch?);
    }
    Ok(sketch)
}

/// The profile of several files together.
pub fn profile(files: &[TableFile]) -> Result<TableProfile> {
    let mut all = TableSketch::default();
    for file in files {
        all.merge(&sketch(file)?).map_err(|reason| Error::new(&file.name, reason))?;
    }
    Ok(all.profile())
}

impl TableSketch {
    /// An empty sketch of a file with these columns.
    pub fn new(schema: &Schema) -> Self {
        let columns =
            schema.fields().iter().map(|field| ColumnSketch::new(field.name(), type_word(field.data_type())));
        Self { rows: 0, files: 1, columns: columns.collect(), pairs: Pairs::default() }
    }

    /// Adds rows; their columns are those it was made with.
    pub fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        let mut numeric = Vec::new();
        for (sketch, array) in self.columns.iter_mut().zip(batch.columns()) {
            if let Some(numbers) = sketch.add(array) {
                numeric.push((sketch.name.as_str(), numbers));
            }
        }
        self.pairs.add(&numeric);
    }

    /// Adds the rows of another table; says which column does not fit.
    pub fn merge(&mut self, other: &Self) -> Result<(), String> {
        for column in &other.columns {
            match self.columns.iter_mut().find(|known| known.name == column.name) {
                Some(known) => known.merge(column)?,
                None => {
                    let mut added = column.clone();
                    added.nulls += self.rows;
                    self.columns.push(added);
                }
            }
        }
        for column in &mut self.columns {
            if !other.columns.iter().any(|known| known.name == column.name) {
                column.nulls += other.rows;
            }
        }
        self.rows += other.rows;
        self.files += other.files;
        self.pairs.merge(&other.pairs);
        Ok(())
    }

    /// Rows seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What has been seen.
    pub fn profile(&self) -> TableProfile {
        let mut correlations = self.pairs.correlations();
        correlations.truncate(MAX_CORRELATIONS);
        TableProfile {
            rows: self.rows,
            files: self.files,
            columns: self.columns.iter().map(ColumnSketch::profile).collect(),
            correlations,
        }
    }

    /// The bytes to store.
    pub fn encode(&self) -> Vec<u8> {
        let stored = Stored {
            rows: self.rows,
            files: self.files,
            columns: self.columns.iter().map(StoredColumn::from).collect(),
            pairs: self.pairs.clone(),
        };
        serde_json::to_vec(&stored).expect("a sketch holds only finite numbers and text")
    }

    /// Reads stored bytes back.
    pub fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let stored: Stored = serde_json::from_slice(bytes)?;
        let columns: Result<_, _> = stored.columns.into_iter().map(ColumnSketch::try_from).collect();
        Ok(Self { rows: stored.rows, files: stored.files, columns: columns?, pairs: stored.pairs })
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    rows: u64,
    files: u64,
    columns: Vec<StoredColumn>,
    pairs: Pairs,
}
