//! What step runs printed.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use domain::Id;
use domain::governance::role::Permission;

use super::pipeline_run::Pipelines;
use crate::{Context, Error, Result};

/// The most bytes of one answer.
pub const MAX_BYTES: u64 = 1 << 20;

/// A part of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    /// The bytes from the asked offset on.
    pub bytes: Vec<u8>,
    /// Where to go on.
    pub next: u64,
}

impl Pipelines<'_> {
    /// What a step run printed, over all its attempts, from `offset` on, at most [`MAX_BYTES`]. Empty before it starts
    /// and for one that did not have to run.
    pub async fn log(&self, ctx: &Context, id: &Id, offset: u64) -> Result<LogChunk> {
        self.0.authorize(ctx, Permission::Read).await?;
        self.step_run(ctx, id).await?;
        let path = self.0.home().step_log(id);
        super::off_thread(move || {
            let mut file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Ok(LogChunk { bytes: Vec::new(), next: offset });
                }
                Err(error) => return Err(Error::internal(error)),
            };
            file.seek(SeekFrom::Start(offset)).map_err(Error::internal)?;
            let mut bytes = Vec::new();
            file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(Error::internal)?;
            let next = offset + bytes.len() as u64;
            Ok(LogChunk { bytes, next })
        })
        .await
    }
}
