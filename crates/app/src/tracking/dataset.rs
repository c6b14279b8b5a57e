//! Data sets that runs read.

use db::tracking::input;
use domain::governance::role::Permission;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::input::DatasetSummary;

use super::experiment::Experiments;
use crate::{Context, Result};

/// Most data sets of one answer.
const MAX_SUMMARIES: i64 = 1000;

impl Experiments<'_> {
    /// The data sets that runs of these experiments read, with what they were read for.
    pub async fn datasets(&self, ctx: &Context, ids: &[ExperimentId]) -> Result<Vec<DatasetSummary>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(input::summaries(&mut reader.conn(), ids, MAX_SUMMARIES).await?)
    }
}
