//! Writing Parquet: zstd, with pages cut by content, so that a changed row changes few pages.

use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{CdcOptions, WriterProperties};

use crate::error::{Error, Result};

/// Rows in a row group at the most.
const GROUP_ROWS: usize = 1 << 17;

/// A Parquet file being written; equal batches give equal bytes.
pub struct ParquetWriter {
    name: String,
    inner: ArrowWriter<File>,
}

impl ParquetWriter {
    /// Begins a file at `path`, which must not exist.
    pub fn create(path: &Path, schema: SchemaRef) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::create_new(path)
            .map_err(|error| Error::new(&name, format!("cannot be written: {error}")))?;
        let properties = properties(&name)?;
        let inner = ArrowWriter::try_new(file, schema, Some(properties))
            .map_err(|error| Error::new(&name, error.to_string()))?;
        Ok(Self { name, inner })
    }

    /// Adds rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.inner.write(batch).map_err(|error| Error::new(&self.name, format!("cannot be written: {error}")))
    }

    /// Writes the footer and returns the number of rows once the bytes are on disk.
    pub fn finish(mut self) -> Result<u64> {
        let failed = |error: String| Error::new(&self.name, format!("cannot be written: {error}"));
        let metadata = self.inner.finish().map_err(|error| failed(error.to_string()))?;
        let rows = metadata.file_metadata().num_rows();
        self.inner.inner().sync_all().map_err(|error| failed(error.to_string()))?;
        Ok(rows.unsigned_abs())
    }
}

/// How all Parquet is written.
pub(crate) fn properties(name: &str) -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(3).map_err(|error| Error::new(name, error.to_string()))?;
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_created_by("volano".to_owned())
        .set_content_defined_chunking(Some(CdcOptions::default()))
        .build())
}
