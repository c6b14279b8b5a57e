//! The chapters of the demo.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::codes;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::duration_ms;

use super::example::{Example, Request};
use super::narrator::Narrator;
use super::traffic::Traffic;
use super::watch::until;

/// The deployment of the example.
const DEPLOYMENT: &str = "flights-late";
/// The longest wait for a step of the loop: a cold environment is installed within it.
const PATIENCE: Duration = Duration::from_secs(1200);
/// The longest wait for what takes seconds.
const SOON: Duration = Duration::from_secs(120);
/// A month of the training data: asking for its flights moves nothing.
const CALM: u32 = 1;
/// Rows of one request.
const BATCH: usize = 50;

/// How much of the year is played.
struct Slice {
    first: std::ops::RangeInclusive<u32>,
    arriving: u32,
    asking: &'static [u32],
    rows: usize,
}

const WHOLE: Slice = Slice { first: 1..=3, arriving: 4, asking: &[5, 6, 7], rows: 1500 };
const FAST: Slice = Slice { first: 1..=2, arriving: 3, asking: &[7], rows: 1000 };

/// The demo's state.
pub struct Demo<'a> {
    client: Client,
    base: String,
    example: Example,
    tell: Narrator<'a>,
    slice: Slice,
}

impl<'a> Demo<'a> {
    /// A demo against the server at `base`.
    pub fn new(client: Client, base: String, example: Example, tell: Narrator<'a>, fast: bool) -> Self {
        Self { client, base, example, tell, slice: if fast { FAST } else { WHOLE } }
    }

    /// Plays all chapters.
    pub async fn play(&mut self) -> Result<()> {
        self.data_arrives().await?;
        self.first_model().await?;
        self.it_answers().await?;
        self.a_month_arrives().await?;
        let prediction = self.the_world_moves().await?;
        self.a_broken_batch().await?;
        self.back_and_trace(&prediction).await
    }

    async fn data_arrives(&mut self) -> Result<()> {
        self.tell.chapter(1, "data arrives and is looked at");
        let arrived = Instant::now();
        for month in self.slice.first.clone() {
            self.example.arrive(month)?;
        }
        let run = self.next_run(0).await?;
        let reaction_ms = i64::try_from(arrived.elapsed().as_millis()).unwrap_or(i64::MAX);
        let data = &run["data"]["flights"];
        let rows = data["rows"].as_i64().unwrap_or(0);
        let sentence = format!(
            "flights@v{}: {rows} rows; noticed, checked, published, and a run started {} after the files came (its trigger waits until they are quiet for 10 s)",
            data["number"],
            duration_ms(reaction_ms)
        );
        self.tell.step(&sentence, "/data/flights", json!({"data": run["data"], "reaction_ms": reaction_ms}));
        self.look_at_data().await
    }

    /// The profile of the first version, and the contract that Volano would write from it.
    async fn look_at_data(&self) -> Result<()> {
        let profile = self.client.get("/datasets/flights/versions/v1/profile").await?;
        let columns = profile.list("columns");
        let with_nulls = columns.iter().filter(|column| column["nulls"].as_u64() > Some(0)).count();
        let sentence = format!(
            "profiled: {} rows, {} columns, {with_nulls} of them with missing values",
            profile["rows"],
            columns.len()
        );
        let details = json!({"rows": profile["rows"], "columns": columns.len(), "with_nulls": with_nulls});
        self.tell.step(&sentence, "/data/flights@v1", details);
        let learned = self.client.post("/datasets/flights/contract/infer", json!({})).await?;
        let own = self.client.get("/datasets/flights/contract").await?;
        let sentence = format!(
            "a contract learned from it has {} rules; the project's own {}, which guards the door, has {}",
            learned["rules"],
            own.text("path"),
            own["rules"]
        );
        self.tell.step(&sentence, "/data/flights", learned);
        Ok(())
    }

    async fn first_model(&mut self) -> Result<()> {
        self.tell
            .chapter(2, "prepare by SQL, explore in a notebook, train in a pinned environment, evaluate");
        let run = self.finished_run(1).await?;
        self.tell_run(&run);
        self.gate(&run).await.map(drop)
    }

    async fn it_answers(&mut self) -> Result<()> {
        self.tell.chapter(3, "the gate's choice is registered, deployed, and answers");
        self.served_after(0).await?;
        let ask = self.requests(CALM)?;
        let rows: Vec<&Value> = ask.iter().take(3).map(|request| &request.row).collect();
        let own = self.raw("/invocations", json!({"dataframe_records": rows})).await?;
        self.tell.step("answers MLflow's /invocations", "/deploy/flights-late", own);
        let whole: Vec<&Value> = ask.iter().map(|request| &request.row).filter(|row| is_whole(row)).collect();
        let tensors = json!({"inputs": tensors(&whole[..whole.len().min(3)])});
        let open = self.raw(&format!("/v2/models/{DEPLOYMENT}/infer"), tensors).await?;
        let sentence = format!("answers the Open Inference Protocol's /v2/models/{DEPLOYMENT}/infer");
        self.tell.step(&sentence, "/deploy/flights-late", open);
        Ok(())
    }

    async fn a_month_arrives(&mut self) -> Result<()> {
        self.tell.chapter(4, "another month arrives while a client keeps asking");
        let rows = self.requests(CALM)?.into_iter().map(|request| request.row).collect();
        let before = self.live_version().await?;
        let traffic = Traffic::start(&self.base, DEPLOYMENT, rows)?;
        self.example.arrive(self.slice.arriving)?;
        let run = self.finished_run(2).await?;
        self.tell_run(&run);
        if self.gate(&run).await? {
            self.served_after(before).await?;
        }
        let seen = traffic.stop().await;
        let sentence = format!(
            "{} answers meanwhile, {} dropped; by version {:?}; p50 {:.1} ms, p99 {:.1} ms",
            seen.answered,
            seen.failed,
            seen.versions,
            seen.latency_ms(0.5),
            seen.latency_ms(0.99)
        );
        if let Some(reason) = seen.first_failure {
            return Err(Failure::new(
                &codes::INTERNAL,
                format!("{} requests were dropped: {reason}", seen.failed),
            ));
        }
        self.tell.step(
            &sentence,
            "/deploy/flights-late",
            json!({"answered": seen.answered, "dropped": seen.failed}),
        );
        Ok(())
    }

    /// Asks for the months of summer, tells the truth later, and returns one prediction's id.
    async fn the_world_moves(&mut self) -> Result<String> {
        self.tell.chapter(5, "the world moves: requests of summer, labels later, drift, a retraining");
        let before = self.live_version().await?;
        // What was asked so far is a window of its own, and the calm before.
        self.tell_drift().await?;
        // The months are there before the requests: a retraining that the drift asks for has something new to learn.
        self.arrive_published(self.slice.asking).await?;
        let mut labels = Vec::new();
        for &month in self.slice.asking {
            for batch in self.requests(month)?.chunks(BATCH) {
                labels.extend(self.ask(batch).await?);
            }
        }
        let prediction = labels[0].text("prediction_id").to_owned();
        self.tell.step(&format!("{} predictions", labels.len()), "/deploy/flights-late", json!({}));
        self.tell_drift().await?;
        for batch in labels.chunks(500) {
            self.client.post(&self.of("labels"), json!({"labels": batch})).await?;
        }
        let performance = self.client.post(&self.of("performance"), json!({})).await?;
        self.tell.step(performance.text("sentence"), "/monitor/flights-late", performance.clone());
        let run = self.finished_run(3).await?;
        self.tell_run(&run);
        if self.gate(&run).await? {
            self.served_after(before).await?;
        }
        Ok(prediction)
    }

    async fn tell_drift(&self) -> Result<()> {
        let drift = self.client.post(&self.of("drift"), json!({})).await?;
        let verdict = json!({"verdict": drift["verdict"]});
        self.tell.step(drift.text("sentence"), "/monitor/flights-late", verdict);
        Ok(())
    }

    /// Lets months arrive and waits until all of them are in the newest version.
    async fn arrive_published(&self, months: &[u32]) -> Result<()> {
        let files = |data: &Value| data["latest"]["files"].as_u64().unwrap_or(0);
        let wanted = files(&self.client.get("/datasets/flights").await?) + months.len() as u64;
        for &month in months {
            self.example.arrive(month)?;
        }
        let found = |data: &Value| (files(data) >= wanted).then_some(());
        until(&self.client, &self.tell, "/datasets/flights", "the data version", SOON, found).await
    }

    async fn a_broken_batch(&mut self) -> Result<()> {
        self.tell.chapter(6, "a broken batch is stopped at the door");
        let before = self.live().await?;
        let name = self.example.arrive_broken()?;
        let rejected = until(
            &self.client,
            &self.tell,
            "/events?limit=50",
            "the refusal of the broken batch",
            SOON,
            |events| events.list("items").iter().find(|event| event.text("kind") == "data.rejected").cloned(),
        )
        .await?;
        let reasons = rejected["payload"].list("reasons");
        let sentence = format!("{name} is refused for {} reasons", reasons.len());
        self.tell.step(&sentence, "/data/flights", rejected.clone());
        self.tell.lines(reasons.iter().map(|reason| reason.as_str().unwrap_or_default().to_owned()));
        self.example.remove(name)?;
        let after = self.live().await?;
        if before != after {
            return Err(Failure::new(
                &codes::INTERNAL,
                "the served model changed although the batch was refused",
            ));
        }
        self.tell.step(&format!("still serving {}:{}", after.text("model"), after["version"]), "", json!({}));
        Ok(())
    }

    async fn back_and_trace(&mut self, prediction: &str) -> Result<()> {
        self.tell.chapter(7, "one command back, and the whole way of a prediction");
        let started = Instant::now();
        let back = self.client.post(&self.of("rollback"), json!({"reason": "shown in the demo"})).await?;
        let took = duration_ms(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX));
        let sentence = format!("{}:{} serves again after {took}", back.text("model"), back["to_version"]);
        self.tell.step(&sentence, "/deploy/flights-late", back.clone());
        let trace = self.client.get(&format!("/trace/{prediction}")).await?;
        let page = format!("/trace/{prediction}");
        self.tell.step(&format!("volano trace {prediction}"), &page, trace.clone());
        self.tell.trace(&trace);
        let audit = self.client.get("/audit/verify").await?;
        if audit["intact"] != json!(true) {
            return Err(Failure::new(&codes::AUDIT, format!("the audit log is broken: {}", audit["reason"])));
        }
        self.tell.step(&format!("audit log intact: {} events", audit["events"]), "/activity", audit.clone());
        self.own_share().await
    }

    /// How long the loop took, and how much of it was not the project's own code and its environment.
    async fn own_share(&self) -> Result<()> {
        let mut spans = Vec::new();
        for run in self.client.get("/pipelines/flights/runs").await?.list("items") {
            let run = self.client.get(&format!("/pipeline-runs/{}", run.text("id"))).await?;
            spans.extend(spans_of_code(&run));
        }
        let (whole, code) = (self.tell.at_ms(), covered_ms(spans));
        let share = 100.0 * (whole - code) as f64 / whole as f64;
        let sentence = format!(
            "the whole loop took {}; environments, notebook and training {}, everything else {} ({share:.0} %)",
            duration_ms(whole),
            duration_ms(code),
            duration_ms(whole - code)
        );
        self.tell.step(&sentence, "/", json!({"whole_ms": whole, "code_ms": code}));
        Ok(())
    }

    /// Waits for the run after number `after` to exist.
    async fn next_run(&self, after: i64) -> Result<Value> {
        until(&self.client, &self.tell, "/pipelines/flights/runs", "a pipeline run", SOON, |runs| {
            runs.list("items").iter().find(|run| run["number"].as_i64() == Some(after + 1)).cloned()
        })
        .await
    }

    /// Waits for run `number` to end well.
    async fn finished_run(&self, number: i64) -> Result<Value> {
        let run = self.next_run(number - 1).await?;
        let path = format!("/pipeline-runs/{}", run.text("id"));
        let ended = until(&self.client, &self.tell, &path, "the end of the run", PATIENCE, |run| {
            (!matches!(run.text("state"), "queued" | "running")).then(|| run.clone())
        })
        .await?;
        if ended.text("state") == "succeeded" {
            return Ok(ended);
        }
        let failed = ended.list("steps").iter().find(|step| step.text("state") == "failed");
        let reason = failed.map_or_else(|| ended["message"].to_string(), |step| step["failure"].to_string());
        Err(Failure::new(
            &codes::INTERNAL,
            format!("run {number} ended as {}: {reason}", ended.text("state")),
        ))
    }

    fn tell_run(&self, run: &Value) {
        let steps = run.list("steps");
        let took = |step: &Value| {
            span(step).map_or_else(String::new, |(from, to)| format!(" {}", duration_ms(to - from)))
        };
        let line = |step: &Value| {
            let unit = step["partition"].as_str().map_or_else(String::new, |part| format!(" {part}"));
            format!(
                "{}{unit}: {}{} – {}",
                step.text("step"),
                step.text("state"),
                took(step),
                step.text("reason")
            )
        };
        let page = format!("/pipeline-runs/{}", run.text("id"));
        let cause = &run["cause"];
        let why = cause["trigger"]
            .as_str()
            .map_or_else(|| "by hand".to_owned(), |name| format!("by trigger {name}"));
        self.tell.step(&format!("run {} started {why} and succeeded", run["number"]), &page, run.clone());
        self.tell.lines(steps.iter().map(line));
    }

    /// Waits for the gate's decision on a run and tells it; whether it accepted.
    async fn gate(&self, run: &Value) -> Result<bool> {
        let path = format!("/decisions?kind=gate&pipeline_run={}", run.text("id"));
        let decision = until(&self.client, &self.tell, &path, "the gate's decision", SOON, |decisions| {
            decisions.list("items").first().cloned()
        })
        .await?;
        let sentence = format!("the gate: {}", decision.text("reason"));
        self.tell.step(&sentence, "/models/flights", decision.clone());
        Ok(decision.text("outcome") == "accepted")
    }

    async fn live_version(&self) -> Result<i64> {
        Ok(self.live().await?["version"].as_i64().unwrap_or(0))
    }

    /// Waits until the deployment serves a version newer than `before` and no rollout is under way.
    async fn served_after(&self, before: i64) -> Result<()> {
        let path = format!("/deployments/{DEPLOYMENT}");
        let limit = Instant::now();
        let deployment = loop {
            // The deployment appears with the first accepted model.
            match self.client.get(&path).await {
                Ok(found)
                    if found["live"]["version"].as_i64() > Some(before) && found["rollout"].is_null() =>
                {
                    break found;
                }
                Ok(_) | Err(_) if limit.elapsed() < SOON => {
                    tokio::time::sleep(Duration::from_millis(100)).await
                }
                Ok(found) => {
                    return Err(Failure::new(
                        &codes::BUSY,
                        format!("the deployment did not settle: {found}"),
                    ));
                }
                Err(error) => return Err(error),
            }
        };
        let live = &deployment["live"];
        let sentence = format!("{DEPLOYMENT} serves {}:{}", live.text("model"), live["version"]);
        self.tell.step(&sentence, "/deploy/flights-late", live.clone());
        Ok(())
    }

    async fn live(&self) -> Result<Value> {
        Ok(self.client.get(&format!("/deployments/{DEPLOYMENT}")).await?["live"].clone())
    }

    /// Asks for a batch and returns its labels with the predictions' ids.
    async fn ask(&self, batch: &[Request]) -> Result<Vec<Value>> {
        let rows: Vec<&Value> = batch.iter().map(|request| &request.row).collect();
        let answer = self.raw(&format!("/serve/{DEPLOYMENT}"), json!({"rows": rows})).await?;
        let ids = answer["prediction_ids"].as_array().cloned().unwrap_or_default();
        let label = |(id, request): (&Value, &Request)| json!({"prediction_id": id, "value": request.late});
        Ok(ids.iter().zip(batch).map(label).collect())
    }

    fn requests(&self, month: u32) -> Result<Vec<Request>> {
        self.example.requests(month, self.slice.rows)
    }

    fn of(&self, what: &str) -> String {
        format!("/deployments/{DEPLOYMENT}/{what}")
    }

    /// Sends `body` to a path of the prediction surface.
    async fn raw(&self, path: &str, body: Value) -> Result<Value> {
        self.client.post_raw(path, body).await?.json().await
    }
}

/// When a run executed the project's own code, environments included: from and to in milliseconds.
fn spans_of_code(run: &Value) -> Vec<(i64, i64)> {
    let graph = run.list("graph");
    let is_code = |name: &str| {
        graph.iter().any(|step| step.text("name") == name && matches!(step.text("kind"), "run" | "notebook"))
    };
    let steps = run.list("steps");
    steps.iter().filter(|step| is_code(step.text("step"))).filter_map(span).collect()
}

/// From when to when a step worked, in milliseconds.
fn span(step: &Value) -> Option<(i64, i64)> {
    step.int("started_ms").zip(step.int("finished_ms"))
}

/// The time that spans cover together, each moment counted once.
fn covered_ms(mut spans: Vec<(i64, i64)>) -> i64 {
    spans.sort_unstable();
    let (mut covered, mut until) = (0, i64::MIN);
    for (from, to) in spans {
        covered += (to - from.max(until)).max(0);
        until = until.max(to);
    }
    covered
}

/// Whether a row has a value in every column.
fn is_whole(row: &Value) -> bool {
    row.as_object().is_some_and(|row| row.values().all(|value| !value.is_null()))
}

/// Rows as the Open Inference Protocol has them: one tensor a column.
fn tensors(rows: &[&Value]) -> Vec<Value> {
    let columns = rows.first().and_then(|row| row.as_object()).into_iter().flat_map(|row| row.keys());
    let tensor = |name: &String| {
        let values: Vec<&Value> = rows.iter().map(|row| &row[name]).collect();
        let datatype = if values.iter().all(|value| value.is_number()) { "FP64" } else { "BYTES" };
        json!({"name": name, "shape": [values.len(), 1], "datatype": datatype, "data": values})
    };
    columns.map(tensor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_that_two_steps_share_count_once() {
        assert_eq!(covered_ms(vec![(10, 20), (0, 5), (15, 30), (16, 18)]), 25);
        let run = json!({
            "graph": [{"name": "prepare", "kind": "sql"}, {"name": "train", "kind": "run"}],
            "steps": [
                {"step": "prepare", "started_ms": 0, "finished_ms": 10},
                {"step": "train", "started_ms": 10, "finished_ms": 40},
                {"step": "train", "started_ms": null, "finished_ms": null},
            ],
        });
        assert_eq!(spans_of_code(&run), [(10, 40)]);
    }

    #[test]
    fn rows_become_one_tensor_a_column() {
        let rows = [json!({"hour": 7.0, "origin": "EWR"}), json!({"hour": 9.5, "origin": "JFK"})];
        let made = tensors(&rows.iter().collect::<Vec<_>>());
        assert_eq!(
            made,
            [
                json!({"name": "hour", "shape": [2, 1], "datatype": "FP64", "data": [7.0, 9.5]}),
                json!({"name": "origin", "shape": [2, 1], "datatype": "BYTES", "data": ["EWR", "JFK"]}),
            ]
        );
        assert!(is_whole(&rows[0]) && !is_whole(&json!({"temp": null})));
    }
}
