//! Evaluation data sets and scorers of an MLflow database.

use std::collections::HashMap;

use domain::tracking::evaluation_dataset::{Record, Schema, parse_id, parse_record_id};
use domain::tracking::import::evaluation::{
    EvaluationDatasetRecord, OnlineRecord, ScorerRecord, ScorerVersionRecord, check_record,
};
use domain::{Id, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::tracking::{next, no_id, tag};
use super::{Cursor, Foreign, Left, Page, Read, grouped, text, whole};
use crate::tracking::list;
use crate::{Result, Row, Value, args};

/// What outputs are kept under, so that a text can be told from nothing.
const WRAPPED: &str = "mlflow_wrapped";

impl Foreign {
    /// The next `limit` evaluation data sets after a place, in the order in which they were made.
    pub async fn evaluation_datasets(
        &mut self,
        after: Cursor,
        limit: i64,
    ) -> Result<Page<EvaluationDatasetRecord>> {
        if !self.has("evaluation_datasets") {
            return Ok((Vec::new(), None));
        }
        let own =
            if self.has_column("evaluation_datasets", "workspace") { "workspace = 'default'" } else { "1" };
        let sql = format!(
            "SELECT rowid AS place, CAST(dataset_id AS TEXT) AS id, CAST(name AS TEXT) AS name, \
             CAST(digest AS TEXT) AS digest, CAST(schema AS TEXT) AS schema_text, \
             CAST(created_time AS INTEGER) AS created, CAST(last_update_time AS INTEGER) AS updated, \
             CAST(created_by AS TEXT) AS created_by, CAST(last_updated_by AS TEXT) AS updated_by \
             FROM evaluation_datasets WHERE rowid > $1 AND {own} ORDER BY rowid LIMIT $2"
        );
        let rows = self.rows(&sql, args![after, limit]).await?;
        let ids: Vec<Value> = rows.iter().map(|row| Ok(text(row, "id")?.into())).collect::<Result<_>>()?;
        if ids.is_empty() {
            return Ok((Vec::new(), None));
        }
        let sql = format!(
            "SELECT CAST(dataset_id AS TEXT) AS owner, CAST(key AS TEXT) AS key, CAST(value AS TEXT) AS value \
             FROM evaluation_dataset_tags WHERE dataset_id IN ({}) ORDER BY dataset_id, key",
            list(1, ids.len())
        );
        let mut tags = grouped(&self.rows(&sql, ids.clone()).await?, tag)?;
        let mut experiments = HashMap::new();
        if self.has("entity_associations") {
            let sql = format!(
                "SELECT CAST(source_id AS TEXT) AS owner, CAST(destination_id AS INTEGER) AS experiment \
                 FROM entity_associations WHERE source_type = 'evaluation_dataset' \
                 AND destination_type = 'experiment' AND source_id IN ({}) ORDER BY rowid",
                list(1, ids.len())
            );
            experiments = grouped(&self.rows(&sql, ids).await?, |row| whole(row, "experiment"))?;
        }
        let dataset = |row: &Row| {
            let written = text(row, "id")?;
            let Some(id) = parse_id(&written) else {
                return Ok(Err(no_id("evaluation data set", &written)));
            };
            let schema = match json::<Schema>(row, "schema_text")? {
                Ok(schema) => schema,
                Err(why) => return Ok(Err(Left { what: format!("evaluation data set {written}"), why })),
            };
            Ok(Ok(EvaluationDatasetRecord {
                id,
                name: text(row, "name")?,
                digest: text(row, "digest")?,
                schema,
                created_by: row.get("created_by")?,
                updated_by: row.get("updated_by")?,
                created: Timestamp::from_millis(whole(row, "created")?),
                updated: Timestamp::from_millis(whole(row, "updated")?),
                tags: tags.remove(&written).unwrap_or_default(),
                experiments: experiments.remove(&written).unwrap_or_default(),
            }))
        };
        Ok((rows.iter().map(dataset).collect::<Result<_>>()?, next(&rows, limit)?))
    }

    /// The next `limit` records of a data set after so many, in the order in which MLflow shows them.
    pub async fn evaluation_records(
        &mut self,
        dataset: &Id,
        after: Cursor,
        limit: i64,
    ) -> Result<Page<Record>> {
        let sql = "SELECT CAST(dataset_record_id AS TEXT) AS id, CAST(inputs AS TEXT) AS inputs, \
                   CAST(outputs AS TEXT) AS outputs, CAST(expectations AS TEXT) AS expectations, \
                   CAST(tags AS TEXT) AS tags, CAST(source AS TEXT) AS source, \
                   CAST(created_time AS INTEGER) AS created, CAST(last_update_time AS INTEGER) AS updated, \
                   CAST(created_by AS TEXT) AS created_by, CAST(last_updated_by AS TEXT) AS updated_by \
                   FROM evaluation_dataset_records WHERE dataset_id = $1 \
                   ORDER BY created_time, dataset_record_id LIMIT $2 OFFSET $3";
        let rows = self.rows(sql, args![format!("d-{dataset}"), limit, after]).await?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let records = rows.iter().map(record).collect::<Result<_>>()?;
        Ok((records, (count >= limit).then(|| after.saturating_add(count))))
    }

    /// All scorers with their versions.
    pub async fn scorers(&mut self) -> Result<Vec<Read<ScorerRecord>>> {
        if !self.has("scorers") || !self.has("scorer_versions") {
            return Ok(Vec::new());
        }
        let sql = "SELECT CAST(scorer_id AS TEXT) AS owner, CAST(scorer_version AS INTEGER) AS version, \
                   CAST(serialized_scorer AS TEXT) AS definition, CAST(creation_time AS INTEGER) AS created \
                   FROM scorer_versions ORDER BY scorer_id, scorer_version";
        let mut versions = grouped(&self.rows(sql, args![]).await?, |row| {
            Ok(ScorerVersionRecord {
                version: whole(row, "version")?,
                definition: text(row, "definition")?,
                created: Timestamp::from_millis(whole(row, "created")?),
            })
        })?;
        let mut online = HashMap::new();
        if self.has("online_scoring_configs") {
            let sql = "SELECT CAST(scorer_id AS TEXT) AS owner, CAST(online_scoring_config_id AS TEXT) AS id, \
                       CAST(sample_rate AS REAL) AS sample_rate, CAST(filter_string AS TEXT) AS filter \
                       FROM online_scoring_configs ORDER BY rowid";
            online = grouped(&self.rows(sql, args![]).await?, |row| {
                Ok((text(row, "id")?, row.get::<f64>("sample_rate")?, row.get::<Option<String>>("filter")?))
            })?;
        }
        let sql = format!(
            "SELECT CAST(scorer_id AS TEXT) AS id, CAST(experiment_id AS INTEGER) AS experiment, \
             CAST(scorer_name AS TEXT) AS name FROM scorers s WHERE {} ORDER BY rowid",
            self.in_experiments("s.experiment_id")
        );
        let rows = self.rows(&sql, args![]).await?;
        let scorer = |row: &Row| {
            let written = text(row, "id")?;
            let Some(id) = undashed(&written) else { return Ok(Err(no_id("scorer", &written))) };
            let online = match online.remove(&written).and_then(|mut rules| rules.pop()) {
                Some((id, sample_rate, filter)) => match undashed(&id) {
                    Some(id) => Some(OnlineRecord { id, sample_rate, filter }),
                    None => return Ok(Err(no_id("online scoring config", &id))),
                },
                None => None,
            };
            Ok(Ok(ScorerRecord {
                id,
                experiment: whole(row, "experiment")?,
                name: text(row, "name")?,
                versions: versions.remove(&written).unwrap_or_default(),
                online,
            }))
        };
        rows.iter().map(scorer).collect()
    }
}

/// An id that may be written with dashes.
fn undashed(text: &str) -> Option<Id> {
    Id::parse(&text.replace('-', ""))
}

/// The JSON in a column; null and nothing are the same. Why not, when it is none of that form.
fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<std::result::Result<Option<T>, String>> {
    let text = row.get::<Option<String>>(column)?.filter(|text| !text.is_empty());
    let Some(text) = text else { return Ok(Ok(None)) };
    Ok(serde_json::from_str(&text).map_err(|error| format!("its {column} cannot be read: {error}")))
}

fn record(row: &Row) -> Result<Read<Record>> {
    let written = text(row, "id")?;
    let what = || format!("evaluation record {written}");
    let Some(id) = parse_record_id(&written) else { return Ok(Err(no_id("evaluation record", &written))) };
    let read = (json(row, "inputs")?, json::<Json>(row, "outputs")?, json(row, "expectations")?);
    let (inputs, outputs, expectations) = match read {
        (Ok(inputs), Ok(outputs), Ok(expectations)) => (inputs, outputs, expectations),
        (Err(why), ..) | (_, Err(why), _) | (.., Err(why)) => return Ok(Err(Left { what: what(), why })),
    };
    let (tags, source) = match (json(row, "tags")?, json(row, "source")?) {
        (Ok(tags), Ok(source)) => (tags, source),
        (Err(why), _) | (_, Err(why)) => return Ok(Err(Left { what: what(), why })),
    };
    let record = Record {
        id,
        inputs: inputs.unwrap_or_default(),
        outputs: outputs.map(|outputs| outputs[WRAPPED].clone()).filter(|outputs| !outputs.is_null()),
        expectations,
        tags: tags.unwrap_or_default(),
        source,
        created: Timestamp::from_millis(whole(row, "created")?),
        updated: Timestamp::from_millis(whole(row, "updated")?),
        created_by: row.get("created_by")?,
        updated_by: row.get("updated_by")?,
    };
    Ok(match check_record(&record) {
        Ok(()) => Ok(record),
        Err(refusal) => Err(Left { what: what(), why: refusal.reason }),
    })
}
