//! What a file holds: its profile and a first contract, from a server of our own on a home that is thrown away.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::{Client, segment};
use crate::codes;
use crate::commands::data::missing;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::local;
use crate::output::{Output, spin};

/// What a file holds.
pub struct Survey {
    /// The data set's name.
    pub dataset: String,
    /// Rows.
    pub rows: i64,
    /// Columns, in order.
    pub columns: Vec<Column>,
    /// The contract that was learned, as YAML.
    pub contract: String,
}

/// A column.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// `integer`, `number`, `text`, `boolean`, `date`, `timestamp`, …
    pub kind: String,
    /// What its values seem to mean: `identifier`, `categorical`, `numeric`, …
    pub semantic: String,
    /// Rows without a value.
    pub nulls: i64,
    /// Different values.
    pub distinct: i64,
    /// Least and greatest value; of times in milliseconds.
    pub range: Option<(f64, f64)>,
    /// The most frequent values, the most frequent first.
    pub top: Vec<String>,
    /// In how many rows the rarest value of all is, when there are few.
    pub rarest: Option<i64>,
}

impl Survey {
    /// Reads a file.
    pub async fn of(file: &Path, dataset: &str, out: &Output) -> Result<Self> {
        let size = std::fs::metadata(file).map_err(|error| missing(file, &error))?;
        if size.is_dir() {
            return Err(Failure::new(&codes::NO_FILE, format!("{} is a folder", file.display()))
                .help("name one file; more can be put beside it later"));
        }
        if size.len() == 0 {
            return Err(Failure::new(&codes::DATA, format!("{} is empty: 0 bytes", file.display()))
                .help("nothing was written"));
        }
        let home = tempfile::tempdir()
            .map_err(|error| Failure::file(&std::env::temp_dir(), "make a folder in", &error))?;
        let client = local::scratch(home.path()).await?;
        let survey = spin(out, "reading", read(&client, file, dataset, out)).await;
        client.close().await;
        survey
    }

    /// The column of that name, or the nearest to it.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let failure = Failure::new(&codes::VALUE, format!("the data has no column {name:?}"));
            let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            match domain::suggest::nearest(name, names.iter().copied()) {
                Some(near) => failure.help(format_args!("did you mean {near}?")),
                None => failure.help(format_args!("it has: {}", names.join(", "))),
            }
        })
    }
}

async fn read(client: &Client, file: &Path, dataset: &str, out: &Output) -> Result<Survey> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stored = client.put_file("/api/v1/objects", file, out, &name).await?;
    let base = format!("/datasets/{}", segment(dataset));
    let body = json!({"files": [{"path": name, "file_id": stored.text("file_id")}], "kind": "table"});
    let added =
        client.post(&format!("{base}/versions"), body).await.map_err(|failure| unreadable(file, &failure))?;
    if let Some(violation) = added["version"].list("violations").first() {
        let said = violation.text("message");
        // The server knows the file by its name alone.
        let message = match said.strip_prefix(&name) {
            Some(rest) => format!("{}{rest}", file.display()),
            None => format!("cannot read {}: {said}", file.display()),
        };
        return Err(Failure::new(&codes::DATA, message).help("nothing was written"));
    }
    let profile = client
        .get(&format!("{base}/versions/v1/profile"))
        .await
        .map_err(|failure| unreadable(file, &failure))?;
    let contract = client.post(&format!("{base}/contract/infer"), json!({})).await?;
    let survey = Survey {
        dataset: dataset.to_owned(),
        rows: profile.int("rows").unwrap_or(0),
        columns: profile.list("columns").iter().map(column).collect(),
        contract: contract.text("text").to_owned(),
    };
    Ok(survey)
}

/// What cannot be read is the data's fault here, whatever field the server names.
fn unreadable(file: &Path, failure: &Failure) -> Failure {
    Failure::new(&codes::DATA, format!("cannot read {}: {}", file.display(), failure.message()))
        .help("nothing was written")
}

fn column(profile: &Value) -> Column {
    let number = &profile["number"];
    Column {
        name: profile.text("name").to_owned(),
        kind: profile.text("type").to_owned(),
        semantic: profile.text("semantic").to_owned(),
        nulls: profile.int("nulls").unwrap_or(0),
        distinct: profile.int("distinct").unwrap_or(0),
        range: number.float("min").zip(number.float("max")),
        rarest: profile
            .list("top")
            .last()
            .and_then(|top| top.int("count"))
            .filter(|_| profile.int("distinct") == i64::try_from(profile.list("top").len()).ok()),
        top: profile.list("top").iter().map(|top| top.text("value").to_owned()).collect(),
    }
}
