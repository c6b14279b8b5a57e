//! Data sets, their versions, and the objects that hold their bytes.

pub mod commit;
pub mod object_id;
pub mod relative_path;
pub mod tree;

pub use commit::Commit;
pub use object_id::{CommitId, FileId, TreeId};
pub use relative_path::RelativePath;
pub use tree::TreeFile;
