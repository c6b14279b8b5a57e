//! The store of files: what it takes, whether it is whole, and putting older versions into packs.

use app::App;
use app::data::upkeep::{Collected, Damaged, DataUsage, DatasetUsage, Verified};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Ctx, Json, Problem};

/// What the versions hold, and what the store takes for it. Sizes in bytes.
#[derive(Serialize, ToSchema)]
pub struct DataUsageBody {
    /// By name.
    datasets: Vec<DatasetUsageBody>,
    /// Whole files, of data sets, runs and models.
    whole_files: u64,
    /// Their bytes.
    whole_bytes: u64,
    /// Packs of chunks.
    packs: u64,
    /// Their bytes, those of the lists of chunks that make files included.
    pack_bytes: u64,
    /// Files that packs have.
    packed_files: u64,
    /// The bytes of these files, each as large as it reads.
    packed_files_bytes: u64,
    /// How many times more these would be if they shared nothing.
    dedup_ratio: f64,
    /// How many times smaller compression makes the chunks.
    compression_ratio: f64,
    /// Bytes of chunks that belong to no file any more.
    garbage_bytes: u64,
}

/// What the versions of a data set hold.
#[derive(Serialize, ToSchema)]
pub struct DatasetUsageBody {
    /// The data set.
    name: String,
    /// Its versions, rejected ones and those on branches too.
    versions: u64,
    /// The bytes of the newest published one.
    newest_bytes: i64,
    /// The bytes of all, as if none shared any.
    all_bytes: i64,
}

impl From<DatasetUsage> for DatasetUsageBody {
    fn from(usage: DatasetUsage) -> Self {
        let DatasetUsage { name, versions, newest, all } = usage;
        Self { name, versions, newest_bytes: newest, all_bytes: all }
    }
}

impl From<DataUsage> for DataUsageBody {
    fn from(usage: DataUsage) -> Self {
        let store = usage.store;
        Self {
            datasets: usage.datasets.into_iter().map(Into::into).collect(),
            whole_files: store.whole_files,
            whole_bytes: store.whole_bytes,
            packs: store.packs,
            pack_bytes: store.pack_bytes + store.recipe_bytes,
            packed_files: store.packed_files,
            packed_files_bytes: store.referenced_bytes,
            dedup_ratio: store.dedup_ratio(),
            compression_ratio: store.compression_ratio(),
            garbage_bytes: store.garbage,
        }
    }
}

/// Shows what the versions hold and what the store takes for it.
#[utoipa::path(get, path = "/data/usage", tag = "data",
    responses((status = 200, body = DataUsageBody), (status = "default", body = Problem)))]
pub async fn usage(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<DataUsageBody>, Problem> {
    Ok(Json(app.datasets().usage(&ctx).await?.into()))
}

/// What a look at every byte found.
#[derive(Serialize, ToSchema)]
pub struct VerifiedBody {
    /// Objects that were read.
    objects: u64,
    /// Their bytes.
    bytes: u64,
    /// What is damaged; empty when all is well.
    damaged: Vec<DamagedBody>,
}

/// A damaged object and whom it hurts.
#[derive(Serialize, ToSchema)]
pub struct DamagedBody {
    /// `file`, `pack`, `recipes`, `index`, `tree` or `commit`.
    kind: &'static str,
    /// Where it lies.
    path: String,
    /// What is wrong with it.
    reason: &'static str,
    /// Whether it was put right again from elsewhere in the store.
    mended: bool,
    /// Ids of files that cannot be read for it.
    files: Vec<String>,
    /// The data versions that hold one of them.
    versions: Vec<String>,
}

impl From<Damaged> for DamagedBody {
    fn from(damaged: Damaged) -> Self {
        let Damaged { kind, path, reason, mended, files, versions } = damaged;
        Self { kind, path, reason, mended, files: files.iter().map(ToString::to_string).collect(), versions }
    }
}

/// Reads every stored byte and compares it with its hash; mends what can be mended and names the rest.
#[utoipa::path(post, path = "/data/verify", tag = "data",
    responses((status = 200, body = VerifiedBody), (status = "default", body = Problem)))]
pub async fn verify(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<VerifiedBody>, Problem> {
    let Verified { objects, bytes, damaged } = app.datasets().verify(&ctx).await?;
    Ok(Json(VerifiedBody { objects, bytes, damaged: damaged.into_iter().map(Into::into).collect() }))
}

/// Whether to do it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectBody {
    /// Says what would be done, does nothing.
    #[serde(default)]
    plan: bool,
}

/// What was done, or would be.
#[derive(Serialize, ToSchema)]
pub struct CollectedBody {
    /// Whether nothing was done.
    plan: bool,
    /// Whole files that stay: those of the newest versions.
    kept_files: u64,
    /// Their bytes.
    kept_bytes: u64,
    /// Whole files of older versions that go, or went, into packs.
    files: u64,
    /// Their bytes.
    bytes: u64,
    /// Bytes that were written to packs for them.
    stored_bytes: u64,
    /// Whole files of older versions that were read within the last hour: they stay for now.
    in_use: u64,
    /// Whole files of older versions that are damaged and stay as they are.
    damaged: u64,
    /// Bytes of packs that belonged to no file any more.
    freed_bytes: u64,
}

/// Puts what only older versions hold into packs, drops the whole copies, and frees what belongs to no file any more. Every
/// version reads as before.
#[utoipa::path(post, path = "/data/gc", tag = "data", request_body = CollectBody,
    responses((status = 200, body = CollectedBody), (status = "default", body = Problem)))]
pub async fn collect(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<CollectBody>,
) -> Result<Json<CollectedBody>, Problem> {
    let plan = body.plan;
    let done = app.datasets().collect(&ctx, plan).await?;
    let Collected { kept_files, kept_bytes, files, bytes, stored, in_use, damaged, freed } = done;
    Ok(Json(CollectedBody {
        plan,
        kept_files,
        kept_bytes,
        files,
        bytes,
        stored_bytes: stored,
        in_use,
        damaged,
        freed_bytes: freed,
    }))
}
