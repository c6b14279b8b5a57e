//! The state of the code: commit, branch, and what is not committed.

use std::process::Command;

/// Bytes of uncommitted changes that are kept at most.
const MAX_DIFF: usize = 4 << 20;

/// What git says about the working directory.
pub struct State {
    commit: String,
    branch: Option<String>,
    remote: Option<String>,
    changed: usize,
    /// What differs from the commit, as a patch.
    pub diff: Option<Vec<u8>>,
}

impl State {
    /// Asks git; `None` outside of a repository, without git, or before the first commit.
    pub fn read() -> Option<Self> {
        let commit = line(&["rev-parse", "HEAD"])?;
        let status = output(&["status", "--porcelain", "--untracked-files=normal"]).unwrap_or_default();
        let changed = status.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        let diff = output(&["diff", "HEAD"]).filter(|diff| !diff.is_empty() && diff.len() <= MAX_DIFF);
        Some(Self {
            commit,
            branch: line(&["symbolic-ref", "--short", "HEAD"]),
            remote: line(&["config", "--get", "remote.origin.url"]).map(|url| without_password(&url)),
            changed,
            diff,
        })
    }

    /// The tags that MLflow's pages know, and the number of changed files.
    pub fn tags(&self) -> Vec<(&'static str, String)> {
        let mut tags = vec![
            ("mlflow.source.git.commit", self.commit.clone()),
            ("volano.git.changed_files", self.changed.to_string()),
        ];
        tags.extend(self.branch.clone().map(|branch| ("mlflow.source.git.branch", branch)));
        tags.extend(self.remote.clone().map(|url| ("mlflow.source.git.repoURL", url)));
        tags
    }

    /// `git 9f2c1a7 (2 files changed)`
    pub fn sentence(&self) -> String {
        let commit = self.commit.get(..7).unwrap_or(&self.commit);
        match self.changed {
            0 => format!("git {commit}"),
            1 => format!("git {commit} (1 file changed)"),
            changed => format!("git {commit} ({changed} files changed)"),
        }
    }
}

fn output(arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then_some(output.stdout)
}

fn line(arguments: &[&str]) -> Option<String> {
    let text = String::from_utf8(output(arguments)?).ok()?;
    let line = text.lines().next()?.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// An address without the user part, which may hold a token.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.find('@')) {
        (Some((scheme, rest)), Some(_)) => {
            let host = rest.split_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{host}")
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_the_remote_is_not_recorded() {
        assert_eq!(without_password("https://ada:secret@git.example/x.git"), "https://git.example/x.git");
        assert_eq!(without_password("git@git.example:x.git"), "git@git.example:x.git");
    }
}
