//! Evaluation data sets with their records, and scorers: taken over and compared.

use app::tracking::import::foreign::{Left, Read};
use domain::Id;
use domain::tracking::evaluation_dataset::Record;
use domain::tracking::import::SetSum;
use domain::tracking::import::evaluation::{
    EvaluationDatasetRecord, EvaluationRecordsRecord, ScorerRecord, check_record,
};
use serde_json::{Value, json};

use super::PAGE;
use super::compare::{OTHER, absent, differs};
use super::report::Report;
use super::source::Source;
use super::transfer::{Batch, Sum, Transfer};
use crate::failure::Result;

/// Records of a data set that are read at once.
const RECORDS: i64 = 500;
/// Records that are sent in one piece.
const PIECE: usize = 100;
/// Scorers that are asked for at once.
const SCORERS: usize = 500;

/// Takes over the evaluation data sets and scorers that are not here yet.
pub async fn take(transfer: &mut Transfer<'_>, source: &mut Source, report: &mut Report) -> Result<()> {
    let mut after = 0;
    loop {
        let (page, next) = source.evaluation_datasets(after, PAGE).await?;
        let mut records: Vec<EvaluationDatasetRecord> = page.into_iter().flatten().collect();
        records.iter_mut().for_each(|record| renumber(transfer, record));
        let ids: Vec<Id> = records.iter().map(|record| record.id.clone()).collect();
        let before = transfer.states(json!({"evaluation_datasets": ids})).await?;
        let mut batch = Batch::new("evaluation_datasets");
        for record in &records {
            match before.get(record.id.as_str()) {
                None => match record.check() {
                    Ok(()) => batch.push(record)?,
                    Err(refusal) => {
                        transfer.refuse_for("evaluation_dataset", &record.id, refusal.reason);
                    }
                },
                Some(state) if state["digest"] != record.clone().digest() => {
                    transfer.refuse("evaluation_dataset", &record.id);
                }
                Some(_) => {}
            }
            if batch.is_full() {
                transfer.send(&mut batch, report).await?;
            }
        }
        transfer.send(&mut batch, report).await?;
        for id in &ids {
            if !transfer.is_refused("evaluation_dataset", id.as_str()) {
                take_records(transfer, source, id, before.get(id.as_str()), report).await?;
            }
        }
        let Some(next) = next else { break };
        after = next;
    }
    take_scorers(transfer, source, report).await
}

/// Gives a data set the numbers that its experiments have here.
fn renumber(transfer: &Transfer<'_>, record: &mut EvaluationDatasetRecord) {
    record.experiments.retain_mut(|experiment| transfer.renumber(experiment));
}

/// Sends the records of a data set, unless the same ones are here.
async fn take_records(
    transfer: &mut Transfer<'_>,
    source: &mut Source,
    dataset: &Id,
    before: Option<&Value>,
    report: &mut Report,
) -> Result<()> {
    if let Some(state) = before
        && sum_of(source, dataset).await?.0.is_of_parts(state)
    {
        return Ok(());
    }
    let mut batch = Batch::new("evaluation_records");
    let mut after = 0;
    loop {
        let (page, next) = source.evaluation_records(dataset, after, RECORDS).await?;
        let records: Vec<Record> =
            page.into_iter().flatten().filter(|record| check_record(record).is_ok()).collect();
        for piece in records.chunks(PIECE) {
            report.tally("evaluation records").made += piece.len() as u64;
            batch.push(&EvaluationRecordsRecord { dataset: dataset.clone(), records: piece.to_vec() })?;
            if batch.is_full() {
                transfer.send(&mut batch, report).await?;
            }
        }
        let Some(next) = next else { break };
        after = next;
    }
    transfer.send(&mut batch, report).await?;
    Ok(())
}

/// The records of a data set added up, and those that cannot be read.
async fn sum_of(source: &mut Source, dataset: &Id) -> Result<(Sum, Vec<Left>)> {
    let (mut sum, mut left) = (SetSum::default(), Vec::new());
    let mut after = 0;
    loop {
        let (page, next) = source.evaluation_records(dataset, after, RECORDS).await?;
        for read in page {
            match read {
                Ok(record) => sum.add_record(&record),
                Err(one) => left.push(one),
            }
        }
        let Some(next) = next else { return Ok((Sum(sum), left)) };
        after = next;
    }
}

async fn take_scorers(transfer: &mut Transfer<'_>, source: &mut Source, report: &mut Report) -> Result<()> {
    let read = source.scorers().await?;
    let mut records: Vec<ScorerRecord> = read.into_iter().flatten().collect();
    records.retain_mut(|record| transfer.renumber(&mut record.experiment));
    for page in records.chunks(SCORERS) {
        let ids: Vec<&Id> = page.iter().map(|record| &record.id).collect();
        let before = transfer.states(json!({"scorers": ids})).await?;
        let mut batch = Batch::new("scorers");
        for record in page {
            match before.get(record.id.as_str()) {
                None => match record.check() {
                    Ok(()) => batch.push(record)?,
                    Err(refusal) => transfer.refuse_for("scorer", &record.id, refusal.reason),
                },
                Some(state) if state["digest"] != record.clone().digest() => {
                    transfer.refuse("scorer", &record.id);
                }
                Some(_) => {}
            }
            if batch.is_full() {
                transfer.send(&mut batch, report).await?;
            }
        }
        transfer.send(&mut batch, report).await?;
    }
    Ok(())
}

/// Compares all evaluation data sets and scorers with what is here.
pub async fn compare(transfer: &mut Transfer<'_>, source: &mut Source, report: &mut Report) -> Result<()> {
    let mut after = 0;
    loop {
        let (page, next) = source.evaluation_datasets(after, PAGE).await?;
        let mut records = readable(page, "evaluation data sets", report);
        records.iter_mut().for_each(|record| renumber(transfer, record));
        let ids: Vec<&Id> = records.iter().map(|record| &record.id).collect();
        let states = transfer.states(json!({"evaluation_datasets": ids})).await?;
        for record in records {
            let state = states.get(record.id.as_str());
            compare_dataset(transfer, source, record, state, report).await?;
        }
        let Some(next) = next else { break };
        after = next;
    }
    let mut records = readable(source.scorers().await?, "scorers", report);
    records.iter_mut().for_each(|record| {
        transfer.renumber(&mut record.experiment);
    });
    let idle =
        records.iter().filter(|record| record.online.as_ref().is_some_and(|rule| rule.sample_rate > 0.0));
    let idle = idle.count();
    if idle > 0 {
        report.note(format!("scorers that judge new traces by themselves there, and not here: {idle}"));
    }
    for page in records.chunks(SCORERS) {
        let ids: Vec<&Id> = page.iter().map(|record| &record.id).collect();
        let states = transfer.states(json!({"scorers": ids})).await?;
        for record in page {
            match states.get(record.id.as_str()) {
                None => {
                    report.tally("scorers").absent += 1;
                    absent(transfer, report, "scorer", record.id.as_str());
                }
                Some(state) if state["digest"] == record.clone().digest() => {
                    report.tally("scorers").same += 1;
                }
                Some(_) => differs(transfer, report, "scorer", record.id.as_str(), OTHER),
            }
        }
    }
    Ok(())
}

/// Those that can be read; the others are said.
fn readable<T>(read: Vec<Read<T>>, kind: &'static str, report: &mut Report) -> Vec<T> {
    report.tally(kind).there += read.len() as u64;
    let mut records = Vec::with_capacity(read.len());
    for one in read {
        match one {
            Ok(record) => records.push(record),
            Err(left) => report.differs(format!("{}: {}", left.what, left.why)),
        }
    }
    records
}

async fn compare_dataset(
    transfer: &Transfer<'_>,
    source: &mut Source,
    record: EvaluationDatasetRecord,
    state: Option<&Value>,
    report: &mut Report,
) -> Result<()> {
    let id = record.id.clone();
    let (sum, left) = sum_of(source, &id).await?;
    report.tally("evaluation records").there += sum.0.count + left.len() as u64;
    for left in left {
        report.differs(format!("{}: {}", left.what, left.why));
    }
    let Some(state) = state else {
        report.tally("evaluation data sets").absent += 1;
        report.tally("evaluation records").absent += sum.0.count;
        absent(transfer, report, "evaluation_dataset", id.as_str());
        return Ok(());
    };
    if state["digest"] != record.digest() {
        differs(transfer, report, "evaluation_dataset", id.as_str(), OTHER);
        return Ok(());
    }
    report.tally("evaluation data sets").same += 1;
    if sum.is_of_parts(state) {
        report.tally("evaluation records").same += sum.0.count;
        return Ok(());
    }
    let here = state["parts"].as_u64().unwrap_or_default();
    report.tally("evaluation records").absent += sum.0.count.saturating_sub(here);
    if !report.is_foreseeing() || here > 0 {
        let why = format!("{} records there, {here} here, not the same ones", sum.0.count);
        differs(transfer, report, "evaluation_records", id.as_str(), &why);
    }
    Ok(())
}
