//! Evaluation data sets and scorers of another store.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::trace::has_nul;
use super::{SetSum, check_id, check_tags, check_text, hash, sort_tags};
use crate::tracking::evaluation_dataset::{Record, Schema, check_name};
use crate::tracking::param::Tag;
use crate::tracking::scorer::{self, Definition, check_sample_rate};
use crate::tracking::validation::Refusal;
use crate::{Id, Timestamp};

/// An evaluation data set of another store, without its records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationDatasetRecord {
    /// Its id, without `d-`.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What changes with the records.
    pub digest: String,
    /// The fields that its records have had.
    pub schema: Option<Schema>,
    /// Who made it.
    pub created_by: Option<String>,
    /// Who changed its records last.
    pub updated_by: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// The numbers of its experiments.
    #[serde(default)]
    pub experiments: Vec<i64>,
}

/// Records of one evaluation data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationRecordsRecord {
    /// The data set, without `d-`.
    pub dataset: Id,
    /// Its records, or some of them.
    pub records: Vec<Record>,
}

/// A scorer of another store with all its versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorerRecord {
    /// Its id.
    pub id: Id,
    /// The number of its experiment.
    pub experiment: i64,
    /// Its name.
    pub name: String,
    /// Its versions.
    pub versions: Vec<ScorerVersionRecord>,
    /// How many traces it was to judge by itself.
    pub online: Option<OnlineRecord>,
}

/// A version of a scorer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorerVersionRecord {
    /// Its number.
    pub version: i64,
    /// What the client made of it: a JSON object in a text.
    pub definition: String,
    /// When it was registered.
    pub created: Timestamp,
}

/// How many traces a scorer judges by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlineRecord {
    /// The id of this rule.
    pub id: Id,
    /// The share of traces, from 0 to 1.
    pub sample_rate: f64,
    /// Which traces.
    pub filter: Option<String>,
}

impl EvaluationDatasetRecord {
    /// Refuses what cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        check_id("id", &self.id)?;
        check_name(&self.name)?;
        for text in [Some(&self.name), Some(&self.digest), self.created_by.as_ref(), self.updated_by.as_ref()]
        {
            check_text("evaluation_dataset", text.map_or("", String::as_str))?;
        }
        if has_nul(&serde_json::json!(self.schema)) {
            return Err(Refusal::new("schema", "its schema holds a NUL character"));
        }
        check_tags(&self.tags)
    }

    /// The hash of all that it says, whatever order its parts came in.
    pub fn digest(mut self) -> String {
        sort_tags(&mut self.tags);
        self.experiments.sort_unstable();
        self.experiments.dedup();
        hash(&self)
    }
}

/// Refuses a record that cannot be stored.
pub fn check_record(record: &Record) -> Result<(), Refusal> {
    check_id("id", &record.id)?;
    let whole = serde_json::to_value(record).unwrap_or(Value::Null);
    if has_nul(&whole) {
        return Err(Refusal::new("record", "it holds a NUL character"));
    }
    Ok(())
}

impl SetSum {
    /// Adds a record of an evaluation data set.
    pub fn add_record(&mut self, record: &Record) {
        self.add_text(&hash(record));
    }
}

impl ScorerRecord {
    /// Refuses what cannot be stored, and definitions that no client may register here either.
    pub fn check(&self) -> Result<(), Refusal> {
        check_id("id", &self.id)?;
        scorer::check_name(&self.name)?;
        check_text("name", &self.name)?;
        for version in &self.versions {
            check_text("definition", &version.definition)?;
            Definition::parse(&version.definition)?.check()?;
        }
        if self.versions.windows(2).any(|pair| pair[0].version == pair[1].version) {
            return Err(Refusal::new("versions", "a number is there twice"));
        }
        let Some(online) = &self.online else { return Ok(()) };
        check_id("online.id", &online.id)?;
        check_text("online.filter", online.filter.as_deref().unwrap_or_default())?;
        check_sample_rate(online.sample_rate)
    }

    /// The hash of all that it says, whatever order its parts came in.
    pub fn digest(mut self) -> String {
        self.versions.sort_by_key(|version| version.version);
        hash(&self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn dataset() -> EvaluationDatasetRecord {
        EvaluationDatasetRecord {
            id: Id::parse(ID).unwrap(),
            name: "questions".to_owned(),
            digest: "4c092fac".to_owned(),
            schema: serde_json::from_value(json!({"inputs": {"q": "string"}, "outputs": "string",
                "expectations": {}, "version": "1.0"}))
            .unwrap(),
            created_by: Some("ada".to_owned()),
            updated_by: None,
            created: Timestamp::from_millis(1),
            updated: Timestamp::from_millis(2),
            tags: vec![Tag::new("b", "1"), Tag::new("a", "2")],
            experiments: vec![3, 1],
        }
    }

    fn scorer(definitions: &[&str]) -> ScorerRecord {
        let version = |(index, definition): (usize, &&str)| ScorerVersionRecord {
            version: i64::try_from(index).unwrap() + 1,
            definition: (*definition).to_owned(),
            created: Timestamp::from_millis(1),
        };
        ScorerRecord {
            id: Id::parse(ID).unwrap(),
            experiment: 1,
            name: "quality".to_owned(),
            versions: definitions.iter().enumerate().map(version).collect(),
            online: Some(OnlineRecord { id: Id::parse(ID).unwrap(), sample_rate: 0.5, filter: None }),
        }
    }

    #[test]
    fn a_digest_does_not_depend_on_the_order_of_tags_experiments_and_versions() {
        let one = dataset();
        let turned =
            EvaluationDatasetRecord { tags: one.tags.iter().rev().cloned().collect(), ..one.clone() };
        let turned = EvaluationDatasetRecord { experiments: vec![1, 3, 3], ..turned };
        assert_eq!(turned.digest(), one.clone().digest());
        assert_ne!(EvaluationDatasetRecord { schema: None, ..one.clone() }.digest(), one.clone().digest());
        assert!(one.check().is_ok());
        let mut turned = scorer(&["{}", "{\"a\": 1}"]);
        turned.versions.reverse();
        assert_eq!(turned.digest(), scorer(&["{}", "{\"a\": 1}"]).digest());
        assert_ne!(scorer(&["{}"]).digest(), scorer(&["{ }"]).digest());
    }

    #[test]
    fn a_record_counts_by_all_that_it_says() {
        let record = json!({"id": ID, "inputs": {"q": 1}, "outputs": {"a": 2.0}, "expectations": null, "tags": {"t": "1"},
            "source": {"source_type": "TRACE", "source_data": {"trace_id": "tr-1"}}, "created": 1, "updated": 2,
            "created_by": "ada", "updated_by": null});
        let read = |value: &Value| serde_json::from_value::<Record>(value.clone()).unwrap();
        let sum = |value: &Value| {
            let mut sum = SetSum::default();
            sum.add_record(&read(value));
            sum.text()
        };
        let mut other = record.clone();
        other["outputs"]["a"] = json!(2);
        assert_ne!(sum(&record), sum(&other));
        assert_eq!(sum(&record), sum(&serde_json::to_value(read(&record)).unwrap()));
        assert!(check_record(&read(&record)).is_ok());
        other["tags"]["t"] = json!("\0");
        assert!(check_record(&read(&other)).is_err());
    }

    #[test]
    fn a_scorer_that_runs_code_is_refused_whole() {
        assert!(scorer(&["{}", "{\"a\": 1}"]).check().is_ok());
        assert!(scorer(&["{}", "{\"call_source\": \"return 1\"}"]).check().is_err());
        assert!(scorer(&["[]"]).check().is_err());
        let mut greedy = scorer(&[]);
        greedy.online.as_mut().unwrap().sample_rate = 2.0;
        assert!(greedy.check().is_err());
    }
}
