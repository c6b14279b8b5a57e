//! The flights example as the binary carries it.

use std::fs;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use crate::codes;
use crate::failure::{Failure, Result};

/// The project of `examples/flights`, data included.
#[derive(RustEmbed)]
#[folder = "../../examples/flights"]
struct Files;

/// Marks a folder that an earlier demo made, and that a new one may therefore replace.
const MARKER: &str = ".made-by-volano-demo";

/// A copy of the example in a folder, its data arriving file by file.
pub struct Example {
    root: PathBuf,
}

impl Example {
    /// Writes the project without its data into `root`, replacing what an earlier demo left there.
    pub fn write(root: &Path) -> Result<Self> {
        if root.join(MARKER).exists() {
            fs::remove_dir_all(root).map_err(|error| failed(root, &error))?;
        }
        let occupied = fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            return Err(Failure::new(
                &codes::VALUE,
                format!("the folder {} is not empty and no demo made it", root.display()),
            )
            .help("give another folder: volano demo --dir DIR"));
        }
        let example = Self { root: root.to_owned() };
        for name in Files::iter().filter(|name| is_project_file(name)) {
            example.copy(&name, &name)?;
        }
        for folder in ["data/flights", "data/weather"] {
            fs::create_dir_all(root.join(folder)).map_err(|error| failed(root, &error))?;
        }
        fs::write(root.join(MARKER), "").map_err(|error| failed(root, &error))?;
        Ok(example)
    }

    /// The project's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Lets a month's weather and flights arrive, the flights last and each file whole at once.
    pub fn arrive(&self, month: u32) -> Result<()> {
        for set in ["weather", "flights"] {
            let name = format!("data/{set}/2013-{month:02}.parquet");
            self.copy(&name, &name)?;
        }
        Ok(())
    }

    /// Lets the broken batch arrive; returns its path below the project.
    pub fn arrive_broken(&self) -> Result<&'static str> {
        let name = "data/flights/2013-08.parquet";
        self.copy("broken/2013-08.parquet", name)?;
        Ok(name)
    }

    /// Takes a file away again.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        fs::remove_file(&path).map_err(|error| failed(&path, &error))
    }

    /// A month's requests: rows of features, and what became of each flight.
    pub fn requests(&self, month: u32, rows: usize) -> Result<Vec<Request>> {
        let name = format!("requests/2013-{month:02}.csv");
        let file = bytes(&name).map_err(|error| failed(Path::new(&name), &error))?;
        Ok(requests(&String::from_utf8_lossy(&file), rows))
    }

    fn copy(&self, from: &str, to: &str) -> Result<()> {
        let path = self.root.join(to);
        let folder = path.parent().unwrap_or(&self.root);
        let temporary = folder.join(".arriving");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&temporary, bytes(from)?))
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(|error| failed(&path, &error))
    }
}

/// One row to predict, and the truth that becomes known later.
pub struct Request {
    /// Feature values by column.
    pub row: serde_json::Value,
    /// Whether the flight came 15 minutes late or more.
    pub late: i64,
}

/// Reads the comma-separated file that `scripts/make_requests.py` writes: no quotes, the truth in the last column.
fn requests(text: &str, rows: usize) -> Vec<Request> {
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let value = |text: &str| match text.parse::<f64>() {
        Ok(number) => serde_json::json!(number),
        Err(_) if text.is_empty() => serde_json::Value::Null,
        Err(_) => serde_json::json!(text),
    };
    let request = |line: &str| {
        let (features, late) = line.rsplit_once(',')?;
        let row =
            columns.iter().zip(features.split(',')).map(|(name, text)| ((*name).to_owned(), value(text)));
        Some(Request { row: serde_json::Value::Object(row.collect()), late: late.parse().ok()? })
    };
    lines.take(rows).filter_map(request).collect()
}

fn is_project_file(name: &str) -> bool {
    !["data/", "requests/", "broken/"].iter().any(|folder| name.starts_with(folder))
}

fn bytes(name: &str) -> std::io::Result<std::borrow::Cow<'static, [u8]>> {
    let missing =
        || std::io::Error::new(std::io::ErrorKind::NotFound, format!("{name} is not in this binary"));
    Files::get(name).map(|file| file.data).ok_or_else(missing)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::file(path, "write", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_rows_with_their_truth() {
        let read = requests("origin,hour,temp,late\nEWR,11.0,,0\nJFK,7.0,51.5,1\n", 10);
        assert_eq!(read[0].row, serde_json::json!({"origin": "EWR", "hour": 11.0, "temp": null}));
        assert_eq!((read[0].late, read[1].late), (0, 1));
    }

    #[test]
    fn the_binary_carries_the_project_and_every_month() {
        let folder = tempfile::tempdir().unwrap();
        let example = Example::write(&folder.path().join("flights")).unwrap();
        assert!(example.root().join("volano.yaml").is_file());
        assert!(!example.root().join("requests").exists());
        example.arrive(1).unwrap();
        assert!(example.root().join("data/flights/2013-01.parquet").is_file());
        assert_eq!(example.requests(7, 300).unwrap().len(), 300);
        Example::write(example.root()).unwrap();
        std::fs::write(folder.path().join("mine"), "").unwrap();
        assert!(Example::write(folder.path()).is_err());
    }
}
