//! Requirements files: read, checked and brought to the form that names an environment.

use std::fs;
use std::path::Path;

use crate::{Error, Result};

/// The longest requirements text, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// How deep `-r` may nest.
const MAX_DEPTH: usize = 8;

/// A set of requirements in pip's format, without comments, with included files in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    normalised: String,
}

impl Requirements {
    /// No packages at all.
    pub fn none() -> Self {
        Self { normalised: String::new() }
    }

    /// Takes the text of a requirements file; `name` is for messages. Included files are refused.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        Self::collect(name, text, None, 0)
    }

    /// Reads a requirements file and the files it includes by `-r`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(Error::at(path))?;
        Self::collect(&path.display().to_string(), &text, path.parent(), 0)
    }

    /// The text that is installed: one requirement per line, sorted when no option depends on the order.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// Whether there is nothing to install.
    pub fn is_empty(&self) -> bool {
        self.normalised.is_empty()
    }

    fn collect(name: &str, text: &str, folder: Option<&Path>, depth: usize) -> Result<Self> {
        let lines = lines(name, text, folder, depth)?;
        let (mut options, mut packages): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|line| line.starts_with('-'));
        packages.sort();
        packages.dedup();
        options.append(&mut packages);
        let mut normalised = options.join("\n");
        if !normalised.is_empty() {
            normalised.push('\n');
        }
        Ok(Self { normalised })
    }
}

fn lines(name: &str, text: &str, folder: Option<&Path>, depth: usize) -> Result<Vec<String>> {
    let fail = |line: usize, reason: String| Error::Requirements { place: format!("{name}:{line}"), reason };
    if text.len() > MAX_BYTES {
        return Err(fail(1, format!("a requirements file has at most {MAX_BYTES} bytes")));
    }
    let mut out = Vec::new();
    for (number, line) in logical_lines(text) {
        let first = line.split([' ', '=']).next().unwrap_or_default();
        match first {
            "-r" | "--requirement" => {
                let rest = line[first.len()..].trim_start_matches([' ', '=']);
                let Some(folder) = folder else {
                    return Err(fail(number, format!("{rest} cannot be included here: write its lines out")));
                };
                if depth == MAX_DEPTH {
                    return Err(fail(
                        number,
                        format!("files include one another more than {MAX_DEPTH} deep"),
                    ));
                }
                let path = folder.join(rest);
                let text = fs::read_to_string(&path)
                    .map_err(|error| fail(number, format!("cannot read {}: {error}", path.display())))?;
                out.extend(lines(&path.display().to_string(), &text, path.parent(), depth + 1)?);
            }
            "-c" | "--constraint" => {
                return Err(fail(
                    number,
                    "constraint files are not followed: write the versions into the requirements".to_owned(),
                ));
            }
            "-e" | "--editable" => return Err(fail(number, local(&line))),
            _ if line.starts_with(['.', '/']) || line.contains("file:") => {
                return Err(fail(number, local(&line)));
            }
            _ => out.push(line),
        }
    }
    Ok(out)
}

fn local(line: &str) -> String {
    format!(
        "{line:?} names a local folder, whose content may change unseen: publish it as a package, or keep the code in the project"
    )
}

/// Lines with continuations joined, comments and blanks gone, runs of blanks as one; with their numbers.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut pending: Option<(usize, String)> = None;
    for (index, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let (number, mut joined) = pending.take().unwrap_or((index + 1, String::new()));
        if let Some(start) = raw.trim_end().strip_suffix('\\') {
            joined.push_str(start);
            joined.push(' ');
            pending = Some((number, joined));
            continue;
        }
        joined.push_str(raw);
        let line = tidy(&joined);
        if !line.is_empty() {
            out.push((number, line));
        }
    }
    if let Some((number, joined)) = pending {
        let line = tidy(&joined);
        if !line.is_empty() {
            out.push((number, line));
        }
    }
    out
}

fn tidy(line: &str) -> String {
    let comment =
        line.char_indices().find(|&(at, c)| c == '#' && (at == 0 || line[..at].ends_with([' ', '\t'])));
    let line = comment.map_or(line, |(at, _)| &line[..at]);
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_order_and_blanks_do_not_change_the_name() {
        let one = Requirements::parse("r", "numpy==2.1  # fast\n\n  pandas>=2 \n").unwrap();
        let two = Requirements::parse("r", "# all\npandas>=2\nnumpy==2.1\nnumpy==2.1").unwrap();
        assert_eq!(one, two);
        assert_eq!(one.normalised(), "numpy==2.1\npandas>=2\n");
    }

    #[test]
    fn options_come_first_and_hashes_stay_with_their_package() {
        let text = "a==1 \\\n  --hash=sha256:00\n--index-url https://host/simple#egg\n";
        let read = Requirements::parse("r", text).unwrap();
        assert_eq!(read.normalised(), "--index-url https://host/simple#egg\na==1 --hash=sha256:00\n");
    }

    #[test]
    fn included_files_are_put_in_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("base.txt"), "numpy\n").unwrap();
        fs::write(folder.path().join("all.txt"), "-r base.txt\npandas\n").unwrap();
        let read = Requirements::read(&folder.path().join("all.txt")).unwrap();
        assert_eq!(read.normalised(), "numpy\npandas\n");
        let error = Requirements::parse("all.txt", "x\n-r base.txt").unwrap_err();
        assert_eq!(error.to_string(), "all.txt:2: base.txt cannot be included here: write its lines out");
    }

    #[test]
    fn local_folders_are_refused_with_the_way_out() {
        for line in ["-e .", "./package", "/srv/x.whl", "x @ file:///srv/x"] {
            let error = Requirements::parse("r", line).unwrap_err();
            assert!(error.to_string().contains("publish it as a package"), "{error}");
        }
    }
}
