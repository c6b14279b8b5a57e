//! Columns of runs: what `--columns` names, and how a run's value under it reads.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::codes;
use crate::failure::{Failure, Result};
use crate::json::{Fields, plain};
use crate::output::{Cell, Table};
use crate::render;
use crate::runs;

/// What a column shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A field of the run itself.
    Attribute(Attribute),
    /// The newest value of a metric.
    Metric(String),
    /// A parameter.
    Param(String),
    /// A tag.
    Tag(String),
}

/// A field of the run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Its id.
    Id,
    /// Its name.
    Name,
    /// Its experiment's number.
    Experiment,
    /// Whether it runs, ended well or failed.
    Status,
    /// Who ran it.
    User,
    /// When it began.
    Started,
    /// When it ended.
    Ended,
    /// How long it took.
    Took,
}

/// Attributes by the names that people and MLflow's filters give them; the first name is the column's title.
const ATTRIBUTES: [(Attribute, &[&str]); 8] = [
    (Attribute::Id, &["run", "run_id", "id"]),
    (Attribute::Name, &["name", "run_name"]),
    (Attribute::Experiment, &["experiment", "experiment_id"]),
    (Attribute::Status, &["status"]),
    (Attribute::User, &["user", "user_id"]),
    (Attribute::Started, &["started", "start_time"]),
    (Attribute::Ended, &["ended", "end_time"]),
    (Attribute::Took, &["took", "duration"]),
];

/// A column of a list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands over it.
    pub title: String,
    /// What it shows.
    pub kind: Kind,
}

impl Column {
    /// A column of an attribute.
    pub fn attribute(attribute: Attribute) -> Self {
        let title =
            ATTRIBUTES.iter().find(|(known, _)| *known == attribute).map_or("", |(_, names)| names[0]);
        Self { title: title.to_owned(), kind: Kind::Attribute(attribute) }
    }

    /// A column of a metric, under its own name.
    pub fn metric(name: &str) -> Self {
        Self { title: name.to_owned(), kind: Kind::Metric(name.to_owned()) }
    }

    /// A column of a parameter, under its own name.
    pub fn param(name: &str) -> Self {
        Self { title: name.to_owned(), kind: Kind::Param(name.to_owned()) }
    }

    /// The run's value as a cell.
    pub fn cell(&self, run: &Value) -> Cell {
        match &self.kind {
            Kind::Attribute(Attribute::Id) => Cell::id(runs::id(run)),
            Kind::Attribute(Attribute::Name) => Cell::text(run.text("name")),
            Kind::Attribute(Attribute::Experiment) => Cell::text(run.text("experiment")),
            Kind::Attribute(Attribute::Status) => render::state(run.text("status")),
            Kind::Attribute(Attribute::User) => Cell::text(run.text("user")),
            Kind::Attribute(Attribute::Started) => Cell::time(run.int("start_ms")),
            Kind::Attribute(Attribute::Ended) => Cell::time(run.int("end_ms")),
            Kind::Attribute(Attribute::Took) => Cell::duration(runs::took(run)),
            Kind::Metric(name) => Cell::number(runs::metric(run, name)),
            Kind::Param(name) => text(&run["params"][name]),
            Kind::Tag(name) => text(&run["tags"][name]),
        }
    }

    /// The run's value as JSON has it; null when the run has none.
    fn value(&self, run: &Value) -> Value {
        match &self.kind {
            Kind::Attribute(Attribute::Id) => run["id"].clone(),
            Kind::Attribute(Attribute::Started) => run["start_ms"].clone(),
            Kind::Attribute(Attribute::Ended) => run["end_ms"].clone(),
            Kind::Attribute(Attribute::Took) => Value::from(runs::took(run)),
            Kind::Attribute(_) => run[&self.title].clone(),
            Kind::Metric(name) => run["metrics"][name].clone(),
            Kind::Param(name) => run["params"][name].clone(),
            Kind::Tag(name) => run["tags"][name].clone(),
        }
    }
}

fn text(value: &Value) -> Cell {
    if value.is_null() { Cell::none() } else { Cell::text(plain(value)) }
}

/// A table of these columns.
pub fn table(columns: &[Column], found: &[Value]) -> Table {
    let mut table = Table::new(columns.iter().map(|column| column.title.as_str()));
    for run in found {
        table.push(columns.iter().map(|column| column.cell(run)).collect());
    }
    table
}

/// The runs as objects of these columns alone, under the names that were asked for.
pub fn objects(columns: &[Column], names: &[String], found: &[Value]) -> Vec<Value> {
    let object = |run: &Value| {
        let pairs = columns.iter().zip(names).map(|(column, name)| (name.clone(), column.value(run)));
        Value::Object(pairs.collect::<Map<String, Value>>())
    };
    found.iter().map(object).collect()
}

/// The columns that `names` mean for these runs; a bare name is an attribute, else a metric, a parameter or a tag.
pub fn parse(names: &[String], found: &[Value]) -> Result<Vec<Column>> {
    names.iter().map(|name| one(name, found)).collect()
}

fn one(name: &str, found: &[Value]) -> Result<Column> {
    let name = name.trim();
    let column = |title: &str, kind| Ok(Column { title: title.to_owned(), kind });
    if let Some((group, key)) = name.split_once('.').filter(|(_, key)| !key.is_empty()) {
        let key = key.trim_matches(['"', '`']);
        match group {
            "metrics" | "metric" => return column(key, Kind::Metric(key.to_owned())),
            "params" | "param" | "parameters" => return column(key, Kind::Param(key.to_owned())),
            "tags" | "tag" => return column(key, Kind::Tag(key.to_owned())),
            "attributes" | "attribute" | "attr" => {
                return attribute(key).map(Column::attribute).ok_or_else(|| unknown(name, found));
            }
            _ => {}
        }
    }
    if let Some(attribute) = attribute(name) {
        return Ok(Column::attribute(attribute));
    }
    let has = |kind: &str| found.iter().any(|run| !run[kind][name].is_null());
    match (has("metrics"), has("params"), has("tags")) {
        (true, _, _) => Ok(Column::metric(name)),
        (_, true, _) => Ok(Column::param(name)),
        (_, _, true) => column(name, Kind::Tag(name.to_owned())),
        // Of no runs nobody can say what a name means.
        _ if found.is_empty() => Ok(Column::metric(name)),
        _ => Err(unknown(name, found)),
    }
}

fn attribute(name: &str) -> Option<Attribute> {
    ATTRIBUTES.iter().find(|(_, names)| names.contains(&name)).map(|(attribute, _)| *attribute)
}

fn unknown(name: &str, found: &[Value]) -> Failure {
    let failure = Failure::new(&codes::VALUE, format!("--columns: no run here has {name:?}"));
    let attributes = ATTRIBUTES.iter().map(|(_, names)| names[0].to_owned());
    let keys = |kind: &'static str| {
        let keys = found.iter().flat_map(move |run| run.pairs(kind));
        keys.map(move |(key, _)| key.to_owned()).collect::<BTreeSet<String>>()
    };
    let known: Vec<String> =
        attributes.chain(keys("metrics")).chain(keys("params")).chain(keys("tags")).collect();
    let bare = name.strip_prefix("attributes.").unwrap_or(name);
    match domain::suggest::nearest(bare, known.iter().map(String::as_str)) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help("write metrics.NAME, params.NAME, tags.NAME, or one of: run, name, experiment, status, user, started, ended, took"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found() -> Vec<Value> {
        vec![
            json!({"id": "a", "name": "one", "metrics": {"auc": 0.5, "val/loss": "NaN"}, "params": {"lr": "1"},
                    "tags": {"team": "ops", "lr": "x"}}),
        ]
    }

    fn kinds(names: &[&str]) -> Vec<Kind> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        parse(&names, &found()).unwrap().into_iter().map(|column| column.kind).collect()
    }

    #[test]
    fn a_name_is_an_attribute_else_a_metric_a_parameter_or_a_tag() {
        let wanted = vec![
            Kind::Attribute(Attribute::Started),
            Kind::Metric("auc".to_owned()),
            Kind::Param("lr".to_owned()),
            Kind::Tag("team".to_owned()),
            Kind::Tag("lr".to_owned()),
            Kind::Metric("val/loss".to_owned()),
            Kind::Attribute(Attribute::Name),
        ];
        let names =
            ["start_time", "auc", "lr", "team", "tags.lr", "metrics.\"val/loss\"", "attributes.run_name"];
        assert_eq!(kinds(&names), wanted);
    }

    #[test]
    fn a_name_that_no_run_has_is_refused_with_the_nearest() {
        let failure = parse(&["acu".to_owned()], &found()).unwrap_err();
        assert_eq!(failure.message(), "--columns: no run here has \"acu\"");
        assert!(parse(&["anything".to_owned()], &[]).is_ok());
    }
}
