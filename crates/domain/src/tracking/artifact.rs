//! Artifacts: files that a run or a logged model keeps, named by a path below its root.

use serde::Serialize;

use crate::Id;

/// Whose files lie at a place below the artifact root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A run: `…/RUN_ID/artifacts`.
    Run(Id),
    /// A logged model: `…/models/m-ID/artifacts`.
    LoggedModel(Id),
}

/// Splits a path below the artifact root into the place of a run or logged model and the rest, which is empty for the
/// place itself. `None`: it lies in no such place.
pub fn split(path: &str) -> Option<(Owner, &str, &str)> {
    let mut start = 0;
    let mut before = "";
    for part in path.split('/') {
        let end = start + part.len();
        let after = &path[end..];
        if let Some(rest) =
            after.strip_prefix("/artifacts").filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            let owner = match (before, part.strip_prefix("m-")) {
                ("models", Some(id)) => Id::parse(id).map(Owner::LoggedModel),
                _ => Id::parse(part).map(Owner::Run),
            };
            if let Some(owner) = owner {
                return Some((owner, &path[..end + "/artifacts".len()], rest.trim_start_matches('/')));
            }
        }
        before = part;
        start = end + 1;
    }
    None
}

/// The place of a client's file in a folder: the last name of the file's own path, which may be of another system.
pub fn beside(folder: &str, file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    format!("{}/{name}", folder.trim_matches('/'))
}

/// One entry of a folder of artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Path below the root.
    pub path: String,
    /// Bytes; absent for a folder.
    pub size: Option<i64>,
}

impl Entry {
    /// Whether this is a folder.
    pub fn is_folder(&self) -> bool {
        self.size.is_none()
    }
}

/// The entries directly below `folder` (empty: the root), of `files` = (path, bytes) below that folder, by path.
pub fn children<'a>(folder: &str, files: impl IntoIterator<Item = (&'a str, i64)>) -> Vec<Entry> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut entries: Vec<Entry> = Vec::new();
    for (path, size) in files {
        let Some(rest) = path.strip_prefix(&prefix) else {
            continue;
        };
        let entry = match rest.split_once('/') {
            Some((name, _)) => Entry { path: format!("{prefix}{name}"), size: None },
            None => Entry { path: path.to_owned(), size: Some(size) },
        };
        entries.push(entry);
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup();
    entries
}

/// The content type by the name's ending; what nobody knows is bytes.
pub fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match (name, ending.as_deref()) {
        ("MLmodel" | "MLproject", _) => "text/plain",
        (
            _,
            Some(
                "txt" | "ipynb" | "log" | "err" | "cfg" | "conf" | "cnf" | "ini" | "md" | "yaml" | "yml"
                | "py" | "sql" | "toml" | "csv" | "tsv" | "js" | "html" | "htm" | "xml" | "svg",
            ),
        ) => "text/plain",
        (_, Some("json")) => "application/json",
        (_, Some("png")) => "image/png",
        (_, Some("jpg" | "jpeg")) => "image/jpeg",
        (_, Some("gif")) => "image/gif",
        (_, Some("webp")) => "image/webp",
        (_, Some("pdf")) => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// The headers of a file that is downloaded, always to be saved and never to be shown: what users uploaded runs in
/// nobody's browser. `size` is in bytes.
pub fn download_headers(path: &str, size: i64) -> [(&'static str, String); 4] {
    [
        ("content-type", content_type(path).to_owned()),
        ("content-length", size.to_string()),
        ("content-disposition", disposition(path)),
        ("x-content-type-options", "nosniff".to_owned()),
    ]
}

/// The `Content-Disposition` that makes a browser save a file instead of showing it, under the last part of its path.
fn disposition(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.bytes().all(plain) {
        return format!("attachment; filename={name}");
    }
    let quoted = name
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    format!("attachment; filename*=UTF-8''{}", quoted.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        assert_eq!(disposition("model/MLmodel"), "attachment; filename=MLmodel");
        assert_eq!(disposition("a/ü \"\r\n;.txt"), "attachment; filename*=UTF-8''%C3%BC%20%22%0D%0A%3B.txt");
    }

    #[test]
    fn a_file_keeps_its_last_name() {
        assert_eq!(beside("3/x/artifacts/", "/home/a/big.bin"), "3/x/artifacts/big.bin");
        assert_eq!(beside("3", "C:\\data\\big.bin"), "3/big.bin");
        assert_eq!(beside("3", "big.bin"), "3/big.bin");
    }

    #[test]
    fn a_folder_shows_its_files_and_each_folder_once() {
        let files = [("model/MLmodel", 3), ("model/data/a", 1), ("model/data/b", 2), ("plot.png", 9)];
        let root: Vec<String> = children("", files).into_iter().map(|e| e.path).collect();
        assert_eq!(root, ["model", "plot.png"]);
        let model = children("model", files);
        assert_eq!(model[0], Entry { path: "model/MLmodel".to_owned(), size: Some(3) });
        assert!(model[1].is_folder());
        assert_eq!(model.len(), 2);
    }

    #[test]
    fn a_path_belongs_to_its_run_or_logged_model() {
        let id = "0123456789abcdef0123456789abcdef";
        let run = format!("3/{id}/artifacts/model/MLmodel");
        let (owner, place, rest) = split(&run).unwrap();
        assert_eq!(owner, Owner::Run(Id::parse(id).unwrap()));
        assert_eq!((place, rest), (format!("3/{id}/artifacts").as_str(), "model/MLmodel"));
        let model = format!("3/models/m-{id}/artifacts");
        let (owner, place, rest) = split(&model).unwrap();
        assert_eq!(owner, Owner::LoggedModel(Id::parse(id).unwrap()));
        assert_eq!((place, rest), (model.as_str(), ""));
        assert_eq!(split(&format!("3/traces/tr-{id}/artifacts/traces.json")), None);
        assert_eq!(split(&format!("3/{id}/artifactsx")), None);
    }

    #[test]
    fn nothing_that_a_browser_would_run_keeps_its_type() {
        assert_eq!(content_type("a/report.html"), "text/plain");
        assert_eq!(content_type("x.svg"), "text/plain");
        assert_eq!(content_type("MLmodel"), "text/plain");
        assert_eq!(content_type("model.pkl"), "application/octet-stream");
    }
}
