//! Evaluation data sets and scorers of other stores.

use db::Conn;
use db::tracking::{evaluation_dataset, evaluation_record, experiment, scorer};
use domain::Id;
use domain::tracking::evaluation_dataset::{EvaluationDataset, NewRecord, Record};
use domain::tracking::experiment::ExperimentId;
use domain::tracking::import::evaluation::{
    EvaluationDatasetRecord, EvaluationRecordsRecord, ScorerRecord, check_record,
};
use domain::tracking::scorer::OnlineConfig;

use super::{State, Taken, different};
use crate::Result;

/// Takes over an evaluation data set without its records.
pub(super) async fn take_dataset(conn: &mut Conn<'_>, record: &EvaluationDatasetRecord) -> Result<Taken> {
    if let Err(refusal) = record.check() {
        return Ok(Taken::Refused(refusal.to_string()));
    }
    if let Some(found) = evaluation_dataset::get(conn, &record.id).await? {
        let same = of_dataset(conn, found).await?.digest() == record.clone().digest();
        return Ok(if same { Taken::Here } else { Taken::Refused(different("evaluation data set")) });
    }
    let experiments: Vec<ExperimentId> =
        record.experiments.iter().map(|number| ExperimentId::from_number(*number)).collect();
    for id in &experiments {
        if experiment::bare(conn, *id).await?.is_none() {
            return Ok(Taken::Refused(format!("there is no experiment {id}")));
        }
    }
    let dataset = EvaluationDataset {
        id: record.id.clone(),
        name: record.name.clone(),
        digest: record.digest.clone(),
        schema: record.schema.clone(),
        records: 0,
        created_by: record.created_by.clone(),
        updated_by: record.updated_by.clone(),
        created: record.created,
        updated: record.updated,
        tags: record.tags.clone(),
    };
    let num = evaluation_dataset::insert(conn, &dataset).await?;
    evaluation_dataset::update(conn, num, &dataset).await?;
    evaluation_dataset::add_experiments(conn, num, &experiments).await?;
    Ok(Taken::Made)
}

/// Adds records to an evaluation data set that is here; those that are here already stay as they are.
pub(super) async fn take_records(conn: &mut Conn<'_>, record: &EvaluationRecordsRecord) -> Result<Taken> {
    if let Some(refusal) = record.records.iter().find_map(|record| check_record(record).err()) {
        return Ok(Taken::Refused(refusal.to_string()));
    }
    let Some(found) = evaluation_dataset::lock(conn, &record.dataset).await? else {
        return Ok(Taken::Refused("there is no such evaluation data set".to_owned()));
    };
    let named: Vec<(String, Record)> =
        record.records.iter().map(|record| (identity(record), record.clone())).collect();
    evaluation_record::add(conn, found.num, &named).await?;
    let count = evaluation_record::count(conn, found.num).await?;
    evaluation_dataset::set_count(conn, found.num, count).await?;
    Ok(Taken::Made)
}

fn identity(record: &Record) -> String {
    let given = NewRecord {
        inputs: record.inputs.clone(),
        outputs: None,
        expectations: None,
        tags: None,
        source: None,
    };
    given.identity()
}

/// The evaluation data set of an id as far as comparing needs it.
pub(super) async fn dataset_state(conn: &mut Conn<'_>, id: &Id) -> Result<Option<State>> {
    let Some(found) = evaluation_dataset::get(conn, id).await? else { return Ok(None) };
    let sum = evaluation_record::sum(conn, found.num).await?;
    Ok(Some(State {
        noun: "evaluation_dataset",
        id: id.to_string(),
        digest: of_dataset(conn, found).await?.digest(),
        parts: Some((sum.count, sum.text())),
        ..State::default()
    }))
}

async fn of_dataset(
    conn: &mut Conn<'_>,
    found: evaluation_dataset::Numbered,
) -> Result<EvaluationDatasetRecord> {
    let experiments = evaluation_dataset::experiments(conn, found.num).await?;
    let dataset = found.dataset;
    Ok(EvaluationDatasetRecord {
        id: dataset.id,
        name: dataset.name,
        digest: dataset.digest,
        schema: dataset.schema,
        created_by: dataset.created_by,
        updated_by: dataset.updated_by,
        created: dataset.created,
        updated: dataset.updated,
        tags: dataset.tags,
        experiments: experiments.into_iter().map(ExperimentId::number).collect(),
    })
}

/// Takes over a scorer with all its versions.
pub(super) async fn take_scorer(conn: &mut Conn<'_>, record: &ScorerRecord) -> Result<Taken> {
    if let Err(refusal) = record.check() {
        return Ok(Taken::Refused(refusal.to_string()));
    }
    if let Some(found) = scorer::by_id(conn, &record.id).await? {
        let same = found.digest() == record.clone().digest();
        return Ok(if same { Taken::Here } else { Taken::Refused(different("scorer")) });
    }
    let experiment = ExperimentId::from_number(record.experiment);
    if experiment::bare(conn, experiment).await?.is_none() {
        return Ok(Taken::Refused(format!("there is no experiment {experiment}")));
    }
    if scorer::find(conn, experiment, &record.name).await?.is_some() {
        return Ok(Taken::Refused(different("scorer")));
    }
    let (num, _) = scorer::ensure(conn, experiment, &record.name, &record.id).await?;
    for version in &record.versions {
        scorer::insert_version(conn, num, version).await?;
    }
    if let Some(online) = &record.online {
        let config = OnlineConfig {
            id: online.id.clone(),
            scorer: record.id.clone(),
            experiment,
            sample_rate: online.sample_rate,
            filter: online.filter.clone(),
        };
        scorer::set_online(conn, num, &config).await?;
    }
    Ok(Taken::Made)
}

/// The scorer of an id as far as comparing needs it.
pub(super) async fn scorer_state(conn: &mut Conn<'_>, id: &Id) -> Result<Option<State>> {
    let found = scorer::by_id(conn, id).await?;
    Ok(found.map(|found| State {
        noun: "scorer",
        id: id.to_string(),
        digest: found.digest(),
        ..State::default()
    }))
}
