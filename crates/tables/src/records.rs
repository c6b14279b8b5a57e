//! Plain columns of texts and whole numbers in a Parquet file: how logs are kept once they no longer grow.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

/// The values of one column, one per record.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Texts; JSON included.
    Text(Vec<Option<String>>),
    /// Whole numbers; times included.
    Number(Vec<i64>),
}

/// Writes the columns, zstd-compressed, whole or not at all: temporary name, fsync, rename.
pub fn write(path: &Path, columns: Vec<(&str, Cells)>) -> io::Result<()> {
    let arrays = columns.into_iter().map(|(name, cells)| {
        let array: ArrayRef = match cells {
            Cells::Text(values) => Arc::new(StringArray::from(values)),
            Cells::Number(values) => Arc::new(Int64Array::from(values)),
        };
        (name, array)
    });
    let batch = RecordBatch::try_from_iter(arrays).map_err(io::Error::other)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(io::Error::other)?))
        .build();
    let temporary = path.with_extension("tmp");
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
    let mut writer =
        ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(io::Error::other)?;
    writer.write(&batch).map_err(io::Error::other)?;
    writer.into_inner().map_err(io::Error::other)?.sync_all()?;
    std::fs::rename(&temporary, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// The named columns of a file that [`write`] made, in the order of `names`.
pub fn read(path: &Path, names: &[&str]) -> io::Result<Vec<Cells>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)
        .and_then(|builder| builder.with_batch_size(8192).build())
        .map_err(io::Error::other)?;
    let mut columns: Vec<Option<Cells>> = vec![None; names.len()];
    for batch in reader {
        let batch = batch.map_err(io::Error::other)?;
        for (name, column) in names.iter().zip(&mut columns) {
            let array = batch
                .column_by_name(name)
                .ok_or_else(|| io::Error::other(format!("{} has no column {name:?}", path.display())))?;
            extend(column, array.as_ref())?;
        }
    }
    Ok(columns.into_iter().map(|column| column.unwrap_or(Cells::Text(Vec::new()))).collect())
}

fn extend(column: &mut Option<Cells>, array: &dyn Array) -> io::Result<()> {
    if let Some(texts) = array.as_any().downcast_ref::<StringArray>() {
        let Cells::Text(values) = column.get_or_insert(Cells::Text(Vec::new())) else {
            return Err(io::Error::other("a column changes its type"));
        };
        values.extend(texts.iter().map(|text| text.map(ToOwned::to_owned)));
        return Ok(());
    }
    let numbers = array
        .as_any()
        .downcast_ref::<Int64Array>()
        .ok_or_else(|| io::Error::other("a column that is neither text nor a whole number"))?;
    let Cells::Number(values) = column.get_or_insert(Cells::Number(Vec::new())) else {
        return Err(io::Error::other("a column changes its type"));
    };
    values.extend(numbers.values());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_read_back_as_written_and_the_file_is_the_owners() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("volano-records-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("log.parquet");
        let texts = Cells::Text(vec![Some("ä".to_owned()), None]);
        let numbers = Cells::Number(vec![1, -2]);
        write(&path, vec![("t", texts.clone()), ("n", numbers.clone())]).unwrap();
        assert_eq!(read(&path, &["n", "t"]).unwrap(), [numbers, texts]);
        assert!(read(&path, &["missing"]).is_err());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
