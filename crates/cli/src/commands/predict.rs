//! `volano predict`: asks an endpoint, with figures of how long it took.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::deploy::with_nearest;
use super::with_client;
use crate::args::{Globals, PredictArgs};
use crate::client::{Client, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::{Fields, plain};
use crate::output::{Cell, Form, Output, Page, Progress, Table, count, duration_ms};
use crate::rows;

/// Rows in one request.
const BATCH: usize = 500;
/// Predictions that a terminal shows.
const SHOWN: usize = 20;

/// Does it.
pub async fn run(args: PredictArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    let input = rows::read(&args.input)?;
    with_client(globals, Need::Work, async |client| predict(client, &args, &input, out).await).await
}

async fn predict(client: &Client, args: &PredictArgs, input: &[Value], out: &Output) -> Result<Exit> {
    let path = format!("/serve/{}", segment(&args.name));
    let progress = Progress::items(out, &args.name, input.len() as u64);
    let started = Instant::now();
    let mut answers = Vec::with_capacity(input.len());
    for batch in input.chunks(BATCH) {
        let sent = client.post_raw(&path, json!({"rows": batch})).await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(failure) if failure.code() == &codes::NOT_FOUND => {
                return Err(with_nearest(client, &args.name, failure).await);
            }
            Err(failure) => return Err(failure),
        };
        let header = |name: &str| {
            answer.headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
        };
        let (first_id, version) = (header("x-volano-prediction-id"), header("x-volano-model-version"));
        let body = answer.json().await?;
        answers.extend(rows_of(&body, first_id.as_deref(), version.as_deref())?);
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    let took = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    finish(args, answers, took, out)
}

/// One object a row: prediction id, prediction, model version.
fn rows_of(body: &Value, first_id: Option<&str>, version: Option<&str>) -> Result<Vec<Value>> {
    let predictions = body["predictions"].as_array().ok_or_else(|| {
        Failure::new(&codes::INTERNAL, "the answer holds no predictions")
            .help("is this the address of a Volano server?")
    })?;
    let ids = body.list("prediction_ids");
    let row = |(n, prediction): (usize, &Value)| {
        let known = ids.get(n).and_then(Value::as_str).or_else(|| prediction["prediction_id"].as_str());
        let id = known.or(first_id.filter(|_| n == 0));
        let output =
            if prediction["prediction_id"].is_string() { &prediction["prediction"] } else { prediction };
        json!({"prediction_id": id, "prediction": output, "model_version": version})
    };
    Ok(predictions.iter().enumerate().map(row).collect())
}

fn finish(args: &PredictArgs, answers: Vec<Value>, took: i64, out: &Output) -> Result<Exit> {
    let total = count(answers.len() as i64);
    let target = args.output.clone().or_else(|| beside(&args.input).filter(|_| out.form() == Form::Table));
    if let Some(file) = target {
        write(&file, &answers)?;
        out.done(format_args!("{total} rows in {}  →  {}", duration_ms(took), file.display()));
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["prediction id", "prediction", "model version"]);
    let shown = if out.form() == Form::Table { SHOWN } else { answers.len() };
    for answer in answers.iter().take(shown) {
        let id = answer.text("prediction_id");
        table.push(vec![
            Cell::both(id, id),
            prediction_cell(&answer["prediction"]),
            Cell::text(answer.text("model_version")),
        ]);
    }
    let ids: Vec<String> = answers.iter().map(|answer| answer.text("prediction_id").to_owned()).collect();
    match out.form() {
        Form::Json | Form::Ids => out.list(&answers, &ids, table, ""),
        _ => out.show(&Value::Null, &ids, &Page::new().table(table)),
    }
    if answers.len() > shown {
        out.note(format_args!(
            "… {} more: write them all with -o FILE",
            count((answers.len() - shown) as i64)
        ));
    }
    out.note(format_args!("{total} rows in {}", duration_ms(took)));
    out.next("volano trace PREDICTION_ID");
    Ok(Exit::Done)
}

fn prediction_cell(prediction: &Value) -> Cell {
    match prediction.as_f64() {
        Some(value) if !prediction.is_i64() => Cell::number(Some(value)),
        _ => Cell::text(plain(prediction)),
    }
}

/// `new.csv` → `new.predictions.csv`; standard input has no such place.
fn beside(input: &Path) -> Option<PathBuf> {
    let stem = input.file_stem().filter(|_| input != Path::new("-"))?.to_str()?;
    Some(PathBuf::from(format!("{stem}.predictions.csv")))
}

/// JSON lines for names that end so, CSV else.
fn write(file: &Path, answers: &[Value]) -> Result<()> {
    let json = file.extension().is_some_and(|end| end == "jsonl" || end == "json");
    let mut text = String::new();
    if json {
        answers.iter().for_each(|answer| text.push_str(&format!("{answer}\n")));
    } else {
        text.push_str("prediction_id,prediction,model_version\n");
        for answer in answers {
            let cells =
                ["prediction_id", "prediction", "model_version"].map(|key| quoted(&plain(&answer[key])));
            text.push_str(&format!("{}\n", cells.join(",")));
        }
    }
    app::home::replace(file, text.as_bytes()).map_err(|error| Failure::file(file, "write", &error))
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_with_their_ids() {
        let body = json!({"predictions": [0.2, 0.9], "prediction_ids": ["a", "b"]});
        let rows = rows_of(&body, None, Some("churn:3")).unwrap();
        assert_eq!(rows[1], json!({"prediction_id": "b", "prediction": 0.9, "model_version": "churn:3"}));
        assert!(rows_of(&json!({}), None, None).is_err());
    }

    #[test]
    fn predictions_go_beside_the_rows() {
        assert_eq!(beside(Path::new("data/new.csv")), Some(PathBuf::from("new.predictions.csv")));
        assert_eq!(beside(Path::new("-")), None);
    }
}
