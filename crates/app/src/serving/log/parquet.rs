//! The compacted form of a segment.

use std::io;
use std::path::Path;

use domain::registry::model::ModelName;
use domain::serving::{Prediction, RouteKind};
use domain::{Id, Name};
use tables::records::{self, Cells};

const COLUMNS: [&str; 10] = [
    "id",
    "time_ms",
    "deployment",
    "model",
    "version",
    "route",
    "features",
    "output",
    "latency_us",
    "request_id",
];

/// Writes the records whole or not at all.
pub(super) fn write(path: &Path, predictions: &[Prediction]) -> io::Result<()> {
    let text = |value: fn(&Prediction) -> String| {
        Cells::Text(predictions.iter().map(|prediction| Some(value(prediction))).collect())
    };
    let number = |value: fn(&Prediction) -> i64| Cells::Number(predictions.iter().map(value).collect());
    let cells = [
        text(|prediction| prediction.id.to_string()),
        number(|prediction| prediction.time_ms.millis()),
        text(|prediction| prediction.deployment.to_string()),
        text(|prediction| prediction.model.to_string()),
        number(|prediction| prediction.version),
        text(|prediction| route_word(prediction.route).to_owned()),
        text(|prediction| serde_json::Value::Object(prediction.features.clone()).to_string()),
        text(|prediction| prediction.output.to_string()),
        number(|prediction| prediction.latency_us),
        Cells::Text(predictions.iter().map(|prediction| prediction.request_id.clone()).collect()),
    ];
    records::write(path, COLUMNS.into_iter().zip(cells).collect())
}

/// The records whose id, as bytes of text, is `wanted`.
pub(super) fn read(path: &Path, wanted: impl Fn(&[u8]) -> bool) -> io::Result<Vec<Prediction>> {
    let columns = Columns(records::read(path, &COLUMNS)?);
    (0..columns.rows())
        .filter(|row| columns.text(0, *row).is_ok_and(|id| wanted(id.as_bytes())))
        .map(|row| columns.prediction(row))
        .collect()
}

struct Columns(Vec<Cells>);

impl Columns {
    fn rows(&self) -> usize {
        match &self.0[0] {
            Cells::Text(values) => values.len(),
            Cells::Number(values) => values.len(),
        }
    }

    fn text(&self, column: usize, row: usize) -> io::Result<&str> {
        match &self.0[column] {
            Cells::Text(values) => values[row].as_deref().ok_or_else(|| unreadable(COLUMNS[column])),
            Cells::Number(_) => Err(unreadable(COLUMNS[column])),
        }
    }

    fn number(&self, column: usize, row: usize) -> io::Result<i64> {
        match &self.0[column] {
            Cells::Number(values) => Ok(values[row]),
            Cells::Text(_) => Err(unreadable(COLUMNS[column])),
        }
    }

    fn prediction(&self, row: usize) -> io::Result<Prediction> {
        Ok(Prediction {
            id: Id::parse(self.text(0, row)?).ok_or_else(|| unreadable("id"))?,
            time_ms: domain::Timestamp::from_millis(self.number(1, row)?),
            deployment: Name::parse(self.text(2, row)?).map_err(io::Error::other)?,
            model: ModelName::parse(self.text(3, row)?).map_err(|_| unreadable("model"))?,
            version: self.number(4, row)?,
            route: if self.text(5, row)? == route_word(RouteKind::Canary) {
                RouteKind::Canary
            } else {
                RouteKind::Live
            },
            features: serde_json::from_str(self.text(6, row)?)?,
            output: serde_json::from_str(self.text(7, row)?)?,
            latency_us: self.number(8, row)?,
            request_id: self.text(9, row).ok().map(ToOwned::to_owned),
        })
    }
}

fn route_word(route: RouteKind) -> &'static str {
    match route {
        RouteKind::Live => "live",
        RouteKind::Canary => "canary",
    }
}

fn unreadable(column: &str) -> io::Error {
    io::Error::other(format!("the column {column:?} of a prediction log is unreadable"))
}
