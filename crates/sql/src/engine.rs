//! A session of the engine: settings, memory, scratch space, inputs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, ident};
use datafusion::sql::parser::Statement;
use domain::pipelines::step::Partition;
use tables::Format;
use tables::read::{self, TableFile};
use tables::write::ParquetWriter;

use crate::error::{Error, Result, explain};
use crate::partition;

/// A table that a query may name: the rows of a set of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name in the query.
    pub name: String,
    /// Its files, in order.
    pub files: Vec<TableFile>,
}

/// What a query may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of memory; beyond them it spills.
    pub memory: usize,
    /// An existing folder for spilled rows, emptied when the query is done.
    pub scratch: PathBuf,
    /// Bytes of it that spilled rows may take.
    pub spilled: u64,
    /// What to do when memory is not enough.
    pub help: &'static str,
    /// Set when nobody waits for the result any more: reading the inputs stops.
    pub stop: Arc<AtomicBool>,
}

impl Limits {
    /// What a step's query may use unless the step says otherwise: one GiB of memory, and a scratch folder.
    pub fn scratch_in(folder: &Path) -> Self {
        Self {
            memory: 1 << 30,
            scratch: folder.to_owned(),
            spilled: 100 << 30,
            help: "raise the step's `need: {memory: …}`, or join fewer rows at once",
            stop: Arc::default(),
        }
    }
}

/// A session with its inputs registered.
pub(crate) struct Engine {
    context: SessionContext,
    names: Vec<String>,
    limits: Limits,
    // Holds rewritten inputs and spilled rows; removed with the engine.
    _scratch: tempfile::TempDir,
}

impl Engine {
    /// Opens a session over `inputs`; with a partition, inputs that have its column show only its rows.
    pub(crate) async fn open(
        inputs: &[Input],
        part: Option<(&Partition, &str)>,
        limits: &Limits,
    ) -> Result<Self> {
        let scratch =
            tempfile::Builder::new().prefix("query-").tempdir_in(&limits.scratch).map_err(|error| {
                Error::Scratch(format!("no scratch space in {}: {error}", limits.scratch.display()))
            })?;
        let engine = Self {
            context: session(scratch.path(), limits)?,
            names: inputs.iter().map(|input| input.name.clone()).collect(),
            limits: limits.clone(),
            _scratch: scratch,
        };
        for (index, input) in inputs.iter().enumerate() {
            let folder = engine._scratch.path().join(index.to_string());
            engine.register(input, &folder, part).await?;
        }
        Ok(engine)
    }

    /// Plans a query; anything but a SELECT is refused.
    pub(crate) async fn plan(&self, query: &str) -> Result<DataFrame> {
        let only_select =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        self.context.sql_with_options(query, only_select).await.map_err(|error| self.explain(&error, query))
    }

    /// Plans a statement that was found to read only; the engine looks at it a second time.
    pub(crate) async fn plan_parsed(&self, parsed: &Statement, query: &str) -> Result<DataFrame> {
        let failed = |error: datafusion::error::DataFusionError| self.explain(&error, query);
        let only_select =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let plan = self.context.state().statement_to_plan(parsed.clone()).await.map_err(failed)?;
        only_select.verify_plan(&plan).map_err(failed)?;
        self.context.execute_logical_plan(plan).await.map_err(failed)
    }

    /// Joins from now on by sorting both sides, which spills, where a hash table must fit into memory.
    pub(crate) fn join_by_sorting(&self) {
        let state = self.context.state_ref();
        let mut state = state.write();
        let options = state.config_mut().options_mut();
        options.optimizer.prefer_hash_join = false;
        // The planner sorts only what it may also cut in parts.
        options.execution.target_partitions = 2;
    }

    pub(crate) fn explain(&self, error: &datafusion::error::DataFusionError, query: &str) -> Error {
        explain(error, query, &self.names, &self.limits)
    }

    async fn register(&self, input: &Input, scratch: &Path, part: Option<(&Partition, &str)>) -> Result<()> {
        let failed = |error: datafusion::error::DataFusionError| self.explain(&error, "");
        let provider = table(input, scratch, &self.limits.stop).await?;
        let column = part.filter(|(by, _)| provider.schema().column_with_name(&by.column).is_some());
        let provider: Arc<dyn TableProvider> = match column {
            None => provider,
            Some((by, value)) => {
                let schema = provider.schema();
                let field = schema.field_with_name(&by.column).map_err(|error| failed(error.into()))?;
                let filter = rows_of(by, value, field.data_type()).map_err(failed)?;
                let frame = self.context.read_table(provider).map_err(failed)?;
                frame.filter(filter).map_err(failed)?.into_view()
            }
        };
        self.context.register_table(quoted(&input.name), provider).map_err(failed)?;
        Ok(())
    }
}

fn session(scratch: &Path, limits: &Limits) -> Result<SessionContext> {
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(read::BATCH_ROWS)
        .with_information_schema(false);
    let options = config.options_mut();
    options.execution.parquet.schema_force_view_types = false;
    options.execution.parquet.pushdown_filters = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    // What each sort keeps back for merging must leave room where memory is little.
    let reserved = &mut options.execution.sort_spill_reservation_bytes;
    *reserved = (limits.memory / 32).min(*reserved);
    options.sql_parser.collect_spans = true;
    // The physical plan names the files of the store.
    options.explain.logical_plan_only = true;
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![scratch.to_owned()]))
        .with_max_temp_directory_size(limits.spilled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory)))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(|error| Error::Failed(error.strip_backtrace()))?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

/// The files as one table: Parquet is read in place, anything else is rewritten as Parquet first, so that it
/// need not fit into memory.
async fn table(input: &Input, scratch: &Path, stop: &Arc<AtomicBool>) -> Result<Arc<dyn TableProvider>> {
    let (files, folder, stop) = (input.files.clone(), scratch.to_owned(), Arc::clone(stop));
    let (schema, paths) = tokio::task::spawn_blocking(move || as_parquet(&files, &folder, &stop))
        .await
        .map_err(|error| Error::Failed(error.to_string()))??;
    let failed = |error: datafusion::error::DataFusionError| Error::Failed(error.strip_backtrace());
    let mut urls = Vec::with_capacity(paths.len());
    for path in paths {
        let path = path
            .canonicalize()
            .map_err(|error| tables::Error::new(&input.name, format!("{}: {error}", path.display())))?;
        let text = path.to_str().ok_or_else(|| {
            tables::Error::new(&input.name, format!("{} is not a path in UTF-8", path.display()))
        })?;
        urls.push(ListingTableUrl::parse(text).map_err(failed)?);
    }
    let format = ParquetFormat::default().with_force_view_types(false);
    let options = ListingOptions::new(Arc::new(format)).with_file_extension("");
    let config =
        ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config).map_err(failed)?))
}

fn as_parquet(
    files: &[TableFile],
    scratch: &Path,
    stop: &AtomicBool,
) -> Result<(datafusion::arrow::datatypes::SchemaRef, Vec<PathBuf>)> {
    let schema = read::common_schema(files)?;
    let mut paths = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        if Format::of_file(&file.name, &file.path) == Some(Format::Parquet) {
            paths.push(file.path.clone());
            continue;
        }
        std::fs::create_dir_all(scratch)
            .map_err(|error| tables::Error::new(&file.name, format!("no scratch space: {error}")))?;
        let path = scratch.join(format!("{index}.parquet"));
        let mut writer = ParquetWriter::create(&path, Arc::clone(&schema))?;
        for batch in read::open(file)? {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Failed("nobody waits for its result".to_owned()));
            }
            writer.write(&read::conform(&batch?, &schema, &file.name)?)?;
        }
        writer.finish()?;
        paths.push(path);
    }
    Ok((schema, paths))
}

/// The condition that holds for the rows of a partition.
fn rows_of(
    by: &Partition,
    value: &str,
    kind: &datafusion::arrow::datatypes::DataType,
) -> datafusion::error::Result<Expr> {
    let column = ident(&by.column);
    if value == partition::NONE {
        return Ok(column.is_null());
    }
    match partition::range(by.unit, value) {
        Some((from, to)) => {
            let bound = |micros| ScalarValue::TimestampMicrosecond(Some(micros), None).cast_to(kind);
            let from = lit(bound(from)?);
            let to = lit(bound(to)?);
            Ok(column.clone().gt_eq(from).and(column.lt(to)))
        }
        None => {
            let value = ScalarValue::Utf8(Some(value.to_owned())).cast_to(kind)?;
            Ok(column.eq(lit(value)))
        }
    }
}

/// A table's name as the catalogue takes it: as it is, never folded or split at a dot.
fn quoted(name: &str) -> datafusion::common::TableReference {
    datafusion::common::TableReference::bare(name)
}
