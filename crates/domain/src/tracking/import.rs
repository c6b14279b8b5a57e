//! What is taken over from another tracking store: whole records with the ids, times and people they have there, and the
//! digests by which both sides are compared.

pub mod evaluation;
pub mod trace;

use serde::{Deserialize, Serialize};

use super::input::{DatasetInput, ModelOutput};
use super::logged_model::LoggedModelStatus;
use super::metric::Metric;
use super::param::{Param, Tag};
use super::run::RunStatus;
use super::validation::{Refusal, join};
use crate::{Id, Timestamp};

/// An experiment of another store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentRecord {
    /// Its number there.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Marked as deleted.
    #[serde(default)]
    pub deleted: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// A run of another store, without its points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Its id.
    pub id: Id,
    /// The number of its experiment.
    pub experiment: i64,
    /// Its name.
    pub name: String,
    /// Who ran it.
    pub user: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it started.
    pub start: Timestamp,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Marked as deleted.
    #[serde(default)]
    pub deleted: bool,
    /// Its params.
    #[serde(default)]
    pub params: Vec<Param>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Data sets it read.
    #[serde(default)]
    pub datasets: Vec<DatasetInput>,
    /// Logged models it read.
    #[serde(default)]
    pub model_inputs: Vec<Id>,
    /// Logged models it made.
    #[serde(default)]
    pub model_outputs: Vec<ModelOutput>,
}

/// A point of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointRecord {
    /// The metric.
    pub key: String,
    /// At which step.
    pub step: i64,
    /// When, in epoch milliseconds.
    pub time: i64,
    /// The value: a number, or one of the words `NaN`, `Infinity`, `-Infinity`.
    #[serde(with = "figure")]
    pub value: f64,
}

impl From<PointRecord> for Metric {
    fn from(point: PointRecord) -> Self {
        Self { key: point.key, value: point.value, timestamp_ms: point.time, step: point.step }
    }
}

/// Points of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPointsRecord {
    /// The run.
    pub run: Id,
    /// Its points, or some of them.
    pub points: Vec<PointRecord>,
}

/// A metric of a logged model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelMetricRecord {
    /// The point.
    pub point: PointRecord,
    /// The run that measured.
    pub run: Id,
    /// Name of the data set, when said.
    pub dataset_name: Option<String>,
    /// Digest of the data set, when said.
    pub dataset_digest: Option<String>,
}

/// A logged model of another store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedModelRecord {
    /// Its id, without `m-`.
    pub id: Id,
    /// The number of its experiment.
    pub experiment: i64,
    /// What the code calls it.
    pub name: String,
    /// A word of the client.
    pub model_type: String,
    /// The run whose code logged it.
    pub source_run: Option<Id>,
    /// How its upload stands.
    pub status: LoggedModelStatus,
    /// Marked as deleted.
    #[serde(default)]
    pub deleted: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Its params.
    #[serde(default)]
    pub params: Vec<Param>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Its metrics.
    #[serde(default)]
    pub metrics: Vec<ModelMetricRecord>,
}

impl ExperimentRecord {
    /// Refuses what cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.id < 0 {
            return Err(Refusal::new("id", "the number of an experiment is not negative"));
        }
        if self.name.is_empty() {
            return Err(Refusal::new("name", "an experiment has a name"));
        }
        check_text("name", &self.name)?;
        check_tags(&self.tags)
    }
}

impl RunRecord {
    /// Refuses what cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        check_id("id", &self.id)?;
        for id in self.model_inputs.iter().chain(self.model_outputs.iter().map(|output| &output.model)) {
            check_id("model", id)?;
        }
        check_text("name", &self.name)?;
        check_text("user", &self.user)?;
        check_params(&self.params)?;
        check_tags(&self.tags)?;
        for input in &self.datasets {
            let dataset = &input.dataset;
            for text in [&dataset.name, &dataset.digest, &dataset.source_type, &dataset.source] {
                check_text("datasets", text)?;
            }
            for text in [&dataset.schema, &dataset.profile].into_iter().flatten() {
                check_text("datasets", text)?;
            }
            check_tags(&input.tags)?;
        }
        Ok(())
    }

    /// The hash of all that it says, whatever order its parts came in.
    pub fn digest(mut self) -> String {
        self.params.sort_by(|a, b| a.key.cmp(&b.key));
        sort_tags(&mut self.tags);
        for input in &mut self.datasets {
            sort_tags(&mut input.tags);
            let dataset = &mut input.dataset;
            // An absent description and an empty one read the same.
            dataset.schema = dataset.schema.take().filter(|text| !text.is_empty());
            dataset.profile = dataset.profile.take().filter(|text| !text.is_empty());
        }
        self.datasets.sort_by(|a, b| {
            let key = |input: &DatasetInput| (input.dataset.name.clone(), input.dataset.digest.clone());
            key(a).cmp(&key(b))
        });
        self.model_inputs.sort_unstable();
        self.model_outputs.sort_by(|a, b| (&a.model, a.step).cmp(&(&b.model, b.step)));
        hash(&self)
    }
}

impl RunPointsRecord {
    /// Refuses what cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        check_id("run", &self.run)?;
        self.points.iter().try_for_each(|point| check_text("key", &point.key))
    }
}

impl LoggedModelRecord {
    /// Refuses what cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        check_id("id", &self.id)?;
        for id in self.source_run.iter().chain(self.metrics.iter().map(|metric| &metric.run)) {
            check_id("run", id)?;
        }
        check_text("name", &self.name)?;
        check_text("model_type", &self.model_type)?;
        for metric in &self.metrics {
            check_text("metrics", &metric.point.key)?;
        }
        check_params(&self.params)?;
        check_tags(&self.tags)
    }

    /// The hash of all that it says, whatever order its parts came in.
    pub fn digest(mut self) -> String {
        self.params.sort_by(|a, b| a.key.cmp(&b.key));
        sort_tags(&mut self.tags);
        for metric in &mut self.metrics {
            metric.point.value += 0.0;
        }
        self.metrics.sort_by(|a, b| {
            let key = |metric: &ModelMetricRecord| {
                (metric.point.key.clone(), metric.run.clone(), metric.point.step, metric.point.time)
            };
            key(a).cmp(&key(b))
        });
        hash(&self)
    }
}

/// A set as a sum that does not depend on its order: how many, and the wrapping sum of 128 bits of the hash of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetSum {
    /// How many.
    pub count: u64,
    sum: u128,
}

impl SetSum {
    /// Adds a point.
    pub fn add_point(&mut self, key: &str, step: i64, time_ms: i64, value: f64) {
        // One engine keeps no sign of zero, and a NaN has many forms.
        let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
        let mut hasher = blake3::Hasher::new();
        hasher.update(&step.to_le_bytes()).update(&time_ms.to_le_bytes());
        hasher.update(&value.to_bits().to_le_bytes()).update(key.as_bytes());
        self.add(&hasher.finalize());
    }

    /// Adds a text.
    pub fn add_text(&mut self, text: &str) {
        self.add(&blake3::hash(text.as_bytes()));
    }

    fn add(&mut self, hash: &blake3::Hash) {
        let mut half = [0; 16];
        half.copy_from_slice(&hash.as_bytes()[..16]);
        self.count += 1;
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(half));
    }

    /// The sum as text.
    pub fn text(&self) -> String {
        format!("{:032x}", self.sum)
    }
}

/// Values that JSON has no number for go as words.
pub mod figure {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes it.
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        match *value {
            value if value.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("Infinity"),
            f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            value => serializer.serialize_f64(value),
        }
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Word(String),
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(value) => Ok(value),
            Written::Word(word) => match word.as_str() {
                "NaN" => Ok(f64::NAN),
                "Infinity" => Ok(f64::INFINITY),
                "-Infinity" => Ok(f64::NEG_INFINITY),
                _ => Err(serde::de::Error::custom(format!(
                    "{word:?} is no value: write a number, \"NaN\", \"Infinity\" or \"-Infinity\""
                ))),
            },
        }
    }
}

/// The hash of a record.
pub(crate) fn hash(record: &impl Serialize) -> String {
    let text = serde_json::to_vec(record).expect("a record is plain texts and numbers");
    blake3::hash(&text).to_hex().to_string()
}

/// Sorts tags by key.
pub(crate) fn sort_tags(tags: &mut [Tag]) {
    tags.sort_by(|a, b| a.key.cmp(&b.key));
}

/// Refuses an id that is none.
pub(crate) fn check_id(field: &str, id: &Id) -> Result<(), Refusal> {
    if Id::parse(id.as_str()).is_some_and(|parsed| parsed == *id) {
        return Ok(());
    }
    Err(Refusal::new(field, format!("{:?} is not an id: 32 lower-case hexadecimal digits", id.as_str())))
}

/// Refuses NUL, which one engine does not store.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), Refusal> {
    if text.contains('\0') {
        return Err(Refusal::new(field, format!("{text:?} holds a NUL character")));
    }
    Ok(())
}

/// Refuses tags that cannot be stored.
pub(crate) fn check_tags(tags: &[Tag]) -> Result<(), Refusal> {
    for (index, tag) in tags.iter().enumerate() {
        let field = format!("tags[{index}]");
        check_text(&join(&field, "key"), &tag.key)?;
        check_text(&join(&field, "value"), &tag.value)?;
    }
    unique(tags.iter().map(|tag| tag.key.as_str()), "tags")
}

fn check_params(params: &[Param]) -> Result<(), Refusal> {
    for (index, param) in params.iter().enumerate() {
        let field = format!("params[{index}]");
        check_text(&join(&field, "key"), &param.key)?;
        check_text(&join(&field, "value"), &param.value)?;
    }
    unique(params.iter().map(|param| param.key.as_str()), "params")
}

fn unique<'a>(keys: impl Iterator<Item = &'a str>, field: &str) -> Result<(), Refusal> {
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Refusal::new(field, format!("{:?} is there twice", pair[0]))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn run(params: &[(&str, &str)]) -> RunRecord {
        let params = params.iter().map(|(key, value)| Param { key: (*key).into(), value: (*value).into() });
        RunRecord {
            id: Id::parse(ID).unwrap(),
            experiment: 1,
            name: "a".to_owned(),
            user: "ada".to_owned(),
            status: RunStatus::Finished,
            start: Timestamp::from_millis(1),
            end: None,
            deleted: false,
            params: params.collect(),
            tags: Vec::new(),
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        }
    }

    #[test]
    fn a_digest_depends_on_what_is_said_and_not_on_its_order() {
        let one = run(&[("a", "1"), ("b", "2")]);
        let turned = run(&[("b", "2"), ("a", "1")]);
        assert_eq!(one.clone().digest(), turned.digest());
        assert_ne!(one.clone().digest(), run(&[("a", "1"), ("b", "3")]).digest());
        assert_ne!(one.clone().digest(), RunRecord { deleted: true, ..one }.digest());
    }

    #[test]
    fn points_add_up_in_any_order_and_nan_is_one_value() {
        let points = [("loss", 1, 0.1), ("loss", 2, f64::NAN), ("acc", 1, -0.0)];
        let sum = |order: &[usize]| {
            let mut sum = SetSum::default();
            order.iter().for_each(|n| sum.add_point(points[*n].0, points[*n].1, 5, points[*n].2));
            sum
        };
        assert_eq!(sum(&[0, 1, 2]), sum(&[2, 0, 1]));
        assert_ne!(sum(&[0, 1]), sum(&[0, 2]));
        assert_ne!(sum(&[0, 1]).text(), sum(&[0, 0]).text());
    }

    #[test]
    fn every_value_of_a_metric_goes_through_json_to_the_last_bit() {
        for value in [1.0 / 11.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324, 3.0] {
            let point = PointRecord { key: "k".to_owned(), step: -1, time: 7, value };
            let back: PointRecord = serde_json::from_str(&serde_json::to_string(&point).unwrap()).unwrap();
            assert!(back.value.to_bits() == value.to_bits() || value.is_nan() && back.value.is_nan());
        }
        assert!(serde_json::from_str::<PointRecord>(r#"{"key":"k","step":0,"time":0,"value":"x"}"#).is_err());
    }

    #[test]
    fn what_no_database_holds_is_refused() {
        assert!(run(&[("a", "1")]).check().is_ok());
        assert!(run(&[("a", "\0")]).check().is_err());
        assert!(run(&[("a", "1"), ("a", "1")]).check().is_err());
        let text = serde_json::to_string(&run(&[])).unwrap().replace(ID, "../../etc");
        assert!(serde_json::from_str::<RunRecord>(&text).unwrap().check().is_err());
    }
}
