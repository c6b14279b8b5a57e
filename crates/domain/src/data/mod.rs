//! Data sets, their versions, and the objects that hold their bytes.

pub mod commit;
pub mod contract;
pub mod data_version;
pub mod dataset;
pub mod object_id;
pub mod profile;
pub mod reference;
pub mod relative_path;
pub mod source;
pub mod tree;
pub mod violation;

pub use commit::Commit;
pub use data_version::{DataVersion, VersionState};
pub use dataset::Dataset;
pub use object_id::{ChunkId, CommitId, FileId, TreeId};
pub use reference::{At, DataRef};
pub use relative_path::RelativePath;
pub use source::{DataKind, Source};
pub use tree::TreeFile;
pub use violation::{Severity, Violation};
