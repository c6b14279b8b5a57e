//! The commit: the object whose hash is a data version's id.

use serde::{Deserialize, Serialize};

use super::object_id::{CommitId, FileId, TreeId};
use crate::Timestamp;

/// What was recorded when a data version was made; its id is the hash of [`Commit::encode`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The files.
    pub tree: TreeId,
    /// The versions this one follows; none for the first.
    pub parents: Vec<CommitId>,
    /// Who made it.
    pub author: String,
    /// When.
    pub time_ms: Timestamp,
    /// What the author says about it.
    pub message: String,
    /// The text of the contract that it was checked against.
    pub contract: Option<FileId>,
    /// Where the files came from: a pattern of a project, an upload, a step run.
    pub origin: String,
}

impl Commit {
    /// The canonical bytes: the line `volano-commit 1`, then one line of JSON with the fields in their order.
    pub fn encode(&self) -> Vec<u8> {
        let json = serde_json::to_string(self).expect("a commit holds only text and numbers");
        format!("{HEADER}\n{json}\n").into_bytes()
    }

    /// Reads canonical bytes back; anything else is `None`.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let json = text.strip_prefix(HEADER)?.strip_prefix('\n')?;
        let commit: Self = serde_json::from_str(json).ok()?;
        (commit.encode() == bytes).then_some(commit)
    }

    /// The hash of the canonical bytes.
    pub fn id(&self) -> CommitId {
        CommitId::of(&self.encode())
    }
}

const HEADER: &str = "volano-commit 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_reads_back_and_its_id_is_for_ever() {
        let commit = Commit {
            tree: TreeId::of(b"tree"),
            parents: vec![CommitId::of(b"parent")],
            author: "ada".to_owned(),
            time_ms: Timestamp::from_millis(1_700_000_000_000),
            message: "April".to_owned(),
            contract: None,
            origin: "data/flights/*.parquet".to_owned(),
        };
        assert_eq!(Commit::decode(&commit.encode()), Some(commit.clone()));
        assert_eq!(
            commit.id().to_string(),
            "2824a1ee29c2ed4f1ba9da4e4ac225f73cee836e521d29fa6c6cff6c5fb219f3"
        );
        let mut loose = commit.encode();
        loose.push(b'\n');
        assert_eq!(Commit::decode(&loose), None);
    }
}
