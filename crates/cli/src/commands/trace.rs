//! `volano trace`: from one prediction the whole way back.

use serde_json::Value;

use super::with_client;
use crate::args::{Globals, TraceArgs};
use crate::client::{Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::{Fields, plain};
use crate::output::{Cell, Output, Page, Table, count, short_id};
use crate::render;

/// The way back, in order, with the names of its stations.
const STATIONS: [(&str, &str); 15] = [
    ("prediction", "Prediction"),
    ("label", "Label"),
    ("deployment", "Deployment"),
    ("model_version", "Model version"),
    ("run", "Run"),
    ("evaluation", "Evaluation"),
    ("gate", "Gate"),
    ("step_run", "Step run"),
    ("environment", "Environment"),
    ("code", "Code"),
    ("pipeline_run", "Pipeline run"),
    ("trigger", "Trigger"),
    ("data", "What the training step read"),
    ("data_versions", "Data versions"),
    ("approvals", "Approvals"),
];

/// Characters of a parameter that is told.
const TOLD: usize = 60;

/// Does it.
pub async fn run(args: TraceArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    if domain::Id::parse(&args.prediction).is_none() {
        let message = format!("{:?} is not the id of a prediction: 32 hexadecimal digits", args.prediction);
        return Err(Failure::new(&codes::REFERENCE, message).help(
            "it is in the header x-volano-prediction-id of the answer, and in what volano predict prints",
        ));
    }
    with_client(globals, Need::Records, async |client| {
        let document = client.get(&format!("/trace/{}", segment(&args.prediction))).await?;
        out.show(&document, std::slice::from_ref(&args.prediction), &page(&document, out));
        Ok(Exit::Done)
    })
    .await
}

/// The way back as a page.
pub fn page(document: &Value, out: &Output) -> Page {
    let mut page = Page::new();
    if !document.text("sentence").is_empty() {
        page = page.text(document.text("sentence"));
    }
    let known = |key: &str| STATIONS.iter().any(|(name, _)| *name == key);
    for (key, title) in STATIONS {
        page = station(page, title, &document[key], out);
    }
    let rest =
        document.as_object().into_iter().flatten().filter(|(key, _)| !known(key) && *key != "sentence");
    for (key, value) in rest {
        page = station(page, &render::label(key), value, out);
    }
    page
}

fn station(page: Page, title: &str, value: &Value, out: &Output) -> Page {
    match value {
        Value::Null => page,
        Value::Object(map) if map.is_empty() => page,
        Value::Object(map) => {
            let (deep, flat): (Vec<_>, Vec<_>) = map.iter().partition(|(_, value)| is_deep(value));
            let keys: Vec<&str> = flat.iter().map(|(key, _)| key.as_str()).collect();
            let page = page.heading(title).fields(render::fields(value, &keys));
            deep.into_iter().fold(page, |page, (key, value)| below(page, key, value, out))
        }
        Value::Array(items) if items.is_empty() => page,
        Value::Array(items) if items.iter().all(Value::is_object) => page.heading(title).table(table(items)),
        other => page.heading(title).text(short_id(&plain(other)).to_owned()),
    }
}

/// Objects and lists of objects do not fit a line.
fn is_deep(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            map.len() > 3 || map.values().any(|value| value.is_object() || value.is_array())
        }
        Value::Array(items) => items.iter().any(Value::is_object),
        _ => false,
    }
}

/// Autologging records every argument of every part; what a person chose is short and not nested.
fn is_told(key: &str, value: &Value) -> bool {
    !key.contains("__") && plain(value).len() <= TOLD
}

fn below(page: Page, key: &str, value: &Value, out: &Output) -> Page {
    let page = page.text(format!("  {}", out.paint().dim(&render::label(key))));
    match value {
        Value::Array(items) => page.table(table(items)),
        Value::Object(map) => {
            let told: Vec<_> = map.iter().filter(|(key, value)| is_told(key, value)).collect();
            let pairs = told
                .iter()
                .map(|(key, value)| (format!("  {}", render::label(key)), render::cell(key, value)));
            let page = page.fields(pairs);
            match map.len() - told.len() {
                0 => page,
                more => page.text(
                    out.paint().dim(&format!("  and {more} more, longer or nested: volano exp show RUN")),
                ),
            }
        }
        other => page.fields([("", Cell::text(plain(other)))]),
    }
}

fn table(items: &[Value]) -> Table {
    let mut keys: Vec<&str> = Vec::new();
    for key in items.iter().filter_map(Value::as_object).flat_map(|map| map.keys()) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let mut table = Table::new(keys.iter().map(|key| render::label(key)));
    for item in items {
        table.push(keys.iter().map(|key| cell(key, &item[*key])).collect());
    }
    table
}

/// The parts of what was read with their rows; everything else as everywhere.
fn cell(key: &str, value: &Value) -> Cell {
    let parts = value.as_array().filter(|parts| key == "parts" && parts.iter().all(Value::is_object));
    let Some(parts) = parts else { return render::cell(key, value) };
    let part = |part: &Value| match part.int("rows") {
        Some(rows) => format!("{} ({} rows)", part.text("partition"), count(rows)),
        None => part.text("partition").to_owned(),
    };
    Cell::both(parts.iter().map(part).collect::<Vec<_>>().join(", "), plain(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Globals;
    use crate::output::Paint;
    use serde_json::json;

    #[test]
    fn the_way_back_is_printed_in_order() {
        let document = json!({
            "run": {"id": "0123456789abcdef0123456789abcdef", "params": {"lr": "0.1", "leaves": "31", "a": "1", "b": "2"}},
            "prediction": {"time_ms": 86_400_000, "output": 0.7},
            "data_versions": [{"dataset": "flights", "number": 3, "rows": 80_000}],
            "note": "kept",
        });
        let page = page(&document, &Output::new(&Globals::default()));
        insta::assert_snapshot!(page.render(Paint::off(), 100));
    }
}
