//! Evaluation data sets and their records.

use std::collections::HashMap;

use db::Conn;
use db::tracking::evaluation_dataset::{self, Numbered};
use db::tracking::{evaluation_record, experiment};
use domain::Id;
use domain::governance::role::Permission;
use domain::search::Object;
use domain::search::page::{self, Page, Place};
use domain::tracking::evaluation_dataset::{
    EvaluationDataset, MAX_EXPERIMENTS, MAX_RECORDS, NewRecord, Record, Upserted, check_count, check_name,
    digest, public_id,
};
use domain::tracking::experiment::ExperimentId;
use domain::tracking::param::Tag;
use futures::future::BoxFuture;

use super::SearchRequest;
use crate::{App, Audit, Context, Error, Result};

/// Most data sets on one page.
pub const MAX_PAGE: i64 = 50_000;
/// Most records on one page.
pub const MAX_RECORD_PAGE: i64 = 50_000;

/// Evaluation data sets as a view on [`App`].
pub struct EvaluationDatasets<'a>(&'a App);

impl App {
    /// The evaluation data sets.
    pub fn evaluation_datasets(&self) -> EvaluationDatasets<'_> {
        EvaluationDatasets(self)
    }
}

impl EvaluationDatasets<'_> {
    /// Makes a data set without records, in experiments that exist.
    pub async fn create(
        &self,
        ctx: &Context,
        name: &str,
        experiments: Vec<ExperimentId>,
        tags: Vec<Tag>,
    ) -> Result<EvaluationDataset> {
        check_name(name)?;
        check_count("experiment_ids", experiments.len(), MAX_EXPERIMENTS)?;
        let made = EvaluationDataset::new(ctx.new_id(), name.to_owned(), tags, ctx.now());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    exist(conn, &experiments).await?;
                    let num = evaluation_dataset::insert(conn, &made).await?;
                    evaluation_dataset::add_experiments(conn, num, &experiments).await?;
                    let audit =
                        Audit::new("tracking.evaluation_dataset.create", "evaluation_dataset", &made.id)
                            .detail(serde_json::json!({"name": made.name, "experiments": experiments}));
                    Ok((made, audit))
                })
            })
            .await
    }

    /// One data set.
    pub async fn get(&self, ctx: &Context, id: &Id) -> Result<EvaluationDataset> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(find(&mut reader.conn(), id).await?.dataset)
    }

    /// Removes a data set with its records; one that is not there is removed already.
    pub async fn delete(&self, ctx: &Context, id: &Id) -> Result<()> {
        let done = self
            .change(ctx, id, "tracking.evaluation_dataset.delete", |conn, found| {
                Box::pin(async move { Ok(evaluation_dataset::delete(conn, found.num).await?) })
            })
            .await;
        match done {
            Err(Error::NotFound { noun: NOUN, .. }) => Ok(()),
            done => done,
        }
    }

    /// A page of the data sets that match; without experiments those of all.
    pub async fn search(&self, ctx: &Context, request: &SearchRequest) -> Result<Page<EvaluationDataset>> {
        let search = request.parse(Object::EvaluationDatasets, MAX_PAGE)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = db::search::evaluation_datasets(&mut reader.conn(), &search).await?;
        Ok(Page::cut(found, search.offset, request.max_results))
    }

    /// Sets tags.
    pub async fn set_tags(&self, ctx: &Context, id: &Id, tags: Vec<Tag>) -> Result<()> {
        self.change(ctx, id, "tracking.evaluation_dataset.tag", move |conn, found| {
            Box::pin(async move { Ok(evaluation_dataset::set_tags(conn, found.num, &tags).await?) })
        })
        .await
    }

    /// Removes a tag; one that is not there is removed already, also with its data set.
    pub async fn delete_tag(&self, ctx: &Context, id: &Id, key: &str) -> Result<()> {
        let key = key.to_owned();
        let done = self
            .change(ctx, id, "tracking.evaluation_dataset.untag", move |conn, found| {
                Box::pin(async move { Ok(evaluation_dataset::delete_tag(conn, found.num, &key).await?) })
            })
            .await;
        match done {
            Err(Error::NotFound { noun: NOUN, .. }) => Ok(()),
            done => done,
        }
    }

    /// Adds records, or changes those that have the same inputs.
    pub async fn upsert(&self, ctx: &Context, id: &Id, records: Vec<NewRecord>) -> Result<Upserted> {
        check_count("records", records.len(), MAX_RECORDS)?;
        let context = ctx.clone();
        self.change(ctx, id, "tracking.evaluation_dataset.upsert", move |conn, found| {
            Box::pin(async move { upsert(conn, &context, found, records).await })
        })
        .await
    }

    /// A page of a data set's records, in the order in which they came.
    pub async fn records(
        &self,
        ctx: &Context,
        id: &Id,
        max_results: i64,
        page_token: Option<&str>,
    ) -> Result<Page<Record>> {
        if !(1..=MAX_RECORD_PAGE).contains(&max_results) {
            let reason = format!(
                "Invalid value {max_results} for parameter 'max_results' supplied. It must be from 1 to {MAX_RECORD_PAGE}"
            );
            return Err(Error::invalid("max_results", reason));
        }
        // A page starts after a record's number, so that nothing is seen twice or missed while records come and go.
        let after = page::place(page_token)?.offset;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let dataset = find(&mut conn, id).await?.num;
        let mut found = evaluation_record::page(&mut conn, dataset, after, max_results + 1).await?;
        let limit = usize::try_from(max_results).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        let next_page_token = last.map(|last| page::token(Place { offset: last.num, newest: None }));
        Ok(Page { items: found.into_iter().map(|found| found.record).collect(), next_page_token })
    }

    /// Removes records; how many of them were there.
    pub async fn delete_records(&self, ctx: &Context, id: &Id, records: Vec<Id>) -> Result<i64> {
        check_count("dataset_record_ids", records.len(), MAX_RECORDS)?;
        let now = ctx.now();
        self.change(ctx, id, "tracking.evaluation_dataset.delete_records", move |conn, found| {
            Box::pin(async move {
                let removed = evaluation_record::delete(conn, found.num, &records).await?;
                let mut dataset = found.dataset;
                dataset.records = evaluation_record::count(conn, found.num).await?;
                if removed > 0 {
                    dataset.digest = digest(&dataset.name, now);
                    dataset.updated = now;
                }
                evaluation_dataset::update(conn, found.num, &dataset).await?;
                Ok(i64::try_from(removed).unwrap_or(i64::MAX))
            })
        })
        .await
    }

    /// The experiments that a data set is in.
    pub async fn experiments(&self, ctx: &Context, id: &Id) -> Result<Vec<ExperimentId>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find(&mut conn, id).await?;
        Ok(evaluation_dataset::experiments(&mut conn, found.num).await?)
    }

    /// Adds a data set to experiments that exist.
    pub async fn add_to_experiments(
        &self,
        ctx: &Context,
        id: &Id,
        experiments: Vec<ExperimentId>,
    ) -> Result<EvaluationDataset> {
        check_count("experiment_ids", experiments.len(), MAX_EXPERIMENTS)?;
        let (now, of) = (ctx.now(), id.clone());
        self.change(ctx, id, "tracking.evaluation_dataset.add_to_experiments", move |conn, found| {
            Box::pin(async move {
                exist(conn, &experiments).await?;
                evaluation_dataset::add_experiments(conn, found.num, &experiments).await?;
                evaluation_dataset::touch(conn, found.num, now).await?;
                Ok(find(conn, &of).await?.dataset)
            })
        })
        .await
    }

    /// Takes a data set out of experiments.
    pub async fn remove_from_experiments(
        &self,
        ctx: &Context,
        id: &Id,
        experiments: Vec<ExperimentId>,
    ) -> Result<EvaluationDataset> {
        check_count("experiment_ids", experiments.len(), MAX_EXPERIMENTS)?;
        let (now, of) = (ctx.now(), id.clone());
        self.change(ctx, id, "tracking.evaluation_dataset.remove_from_experiments", move |conn, found| {
            Box::pin(async move {
                if evaluation_dataset::remove_experiments(conn, found.num, &experiments).await? > 0 {
                    evaluation_dataset::touch(conn, found.num, now).await?;
                }
                Ok(find(conn, &of).await?.dataset)
            })
        })
        .await
    }

    /// Runs one change of a data set, which nobody else changes meanwhile.
    async fn change<T, F>(&self, ctx: &Context, id: &Id, action: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>, Numbered) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = evaluation_dataset::lock(conn, &id).await?;
                    let done = work(conn, found.ok_or_else(|| missing(&id))?).await?;
                    Ok((done, Audit::new(action, NOUN, &id)))
                })
            })
            .await
    }
}

const NOUN: &str = "evaluation_dataset";

fn missing(id: &Id) -> Error {
    Error::not_found(NOUN, public_id(id))
}

async fn find(conn: &mut Conn<'_>, id: &Id) -> Result<Numbered> {
    evaluation_dataset::get(conn, id).await?.ok_or_else(|| missing(id))
}

/// Refuses experiments that are not there.
async fn exist(conn: &mut Conn<'_>, experiments: &[ExperimentId]) -> Result<()> {
    for id in experiments {
        experiment::bare(conn, *id).await?.ok_or_else(|| Error::not_found("experiment", id))?;
    }
    Ok(())
}

async fn upsert(
    conn: &mut Conn<'_>,
    ctx: &Context,
    found: Numbered,
    records: Vec<NewRecord>,
) -> Result<Upserted> {
    let now = ctx.now();
    let Numbered { num, mut dataset } = found;
    let mut schema = dataset.schema.take();
    let mut user = None;
    let identities: Vec<String> = records.iter().map(NewRecord::identity).collect();
    let mut known = {
        let mut wanted: Vec<&str> = identities.iter().map(String::as_str).collect();
        wanted.sort_unstable();
        wanted.dedup();
        evaluation_record::named(conn, num, &wanted).await?
    };
    let mut changed: HashMap<String, i64> = HashMap::new();
    let mut made: Vec<(String, Record)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut done = Upserted::default();
    for (given, identity) in records.into_iter().zip(identities) {
        schema.get_or_insert_default().learn(&given);
        user = given.user().map(ToOwned::to_owned).or(user);
        if let Some(old) = known.get_mut(&identity) {
            old.record.merge(given, now);
            changed.insert(identity, old.num);
            done.updated += 1;
        } else if let Some(place) = places.get(&identity) {
            // The same inputs twice in one call.
            made[*place].1.merge(given, now);
            done.updated += 1;
        } else {
            places.insert(identity.clone(), made.len());
            made.push((identity, Record::new(ctx.new_id(), given, now)));
            done.inserted += 1;
        }
    }
    evaluation_record::insert(conn, num, &made).await?;
    for (identity, number) in &changed {
        evaluation_record::update(conn, *number, &known[identity].record).await?;
    }
    dataset.records += done.inserted;
    dataset.schema = schema;
    dataset.digest = digest(&dataset.name, now);
    dataset.updated = now;
    dataset.updated_by = user;
    evaluation_dataset::update(conn, num, &dataset).await?;
    Ok(done)
}
