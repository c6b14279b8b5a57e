//! What to predict, from what, and how the rows are cut: guessed from the data, said aloud, easy to change.

use serde_json::{Value, json};

use super::survey::{Column, Survey};
use crate::args::Template;
use crate::codes;
use crate::failure::{Failure, Result};
use crate::output::Cell;

/// Names that labels have, best first.
const LABELS: [&str; 16] = [
    "label",
    "target",
    "y",
    "churn",
    "churned",
    "late",
    "outcome",
    "class",
    "default",
    "fraud",
    "is_fraud",
    "survived",
    "converted",
    "clicked",
    "price",
    "demand",
];
/// Answers that mean yes.
const YES: [&str; 8] = ["yes", "true", "y", "t", "1", "positive", "churned", "late"];
/// A category has at most so many values.
const MOST_CATEGORIES: i64 = 200;
/// Slices are made by columns with at most so many values.
const MOST_SLICES: i64 = 10;
/// Fewer rows are too few to learn from and to hold some out.
const FEWEST_ROWS: i64 = 20;
/// Rows that each of two answers needs: some to learn from, some to judge by.
const FEWEST_OF_AN_ANSWER: i64 = 5;
/// Months that make it worth cutting the rows by month: some to train on, one to hold out.
const FEWEST_MONTHS: i64 = 3;
const MONTH_MS: f64 = 30.44 * 86_400_000.0;

/// Kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Yes or no.
    Binary,
    /// One of a few names.
    Classes,
    /// How much.
    Number,
    /// The next value of a series.
    Forecast,
}

/// A column as the features have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name in the file.
    pub source: String,
    /// Its name in the features: letters, digits, `_`.
    pub name: String,
}

/// What was chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Rows of the file.
    pub rows: i64,
    /// The kind of problem.
    pub problem: Problem,
    /// What is predicted.
    pub label: Feature,
    /// The value that means yes, as it stands in the file, and whether it is a number there.
    pub yes: Option<(String, bool)>,
    /// Texts that go in.
    pub categories: Vec<Feature>,
    /// Numbers that go in.
    pub numbers: Vec<Feature>,
    /// The time of a row.
    pub time: Option<Feature>,
    /// Whether the rows are cut by month.
    pub by_month: bool,
    /// What tells rows apart.
    pub key: Option<Feature>,
    /// Columns for slices.
    pub slices: Vec<String>,
    /// Columns that are left out, with the reason.
    pub left_out: Vec<(String, &'static str)>,
}

impl Choice {
    /// Chooses for a file; `label` is what the person said.
    pub fn make(survey: &Survey, label: Option<&str>, template: Template) -> Result<Self> {
        let time = survey.columns.iter().find(|column| is_time(column));
        let label = match label {
            Some(name) => survey.column(name)?,
            None => guess_label(survey, template)?,
        };
        let problem = match template {
            Template::Forecast => Problem::Forecast,
            _ => problem_of(label),
        };
        check_label(label, problem, survey.rows)?;
        if survey.rows < FEWEST_ROWS {
            let message = format!("{} rows are too few to learn from", survey.rows);
            return Err(Failure::new(&codes::VALUE, message)
                .help(format_args!("give a file with at least {FEWEST_ROWS} rows, better thousands")));
        }
        if problem == Problem::Forecast && time.is_none() {
            return Err(Failure::new(
                &codes::VALUE,
                "a forecast needs a column with dates or times, and the data has none",
            )
            .help("leave --template forecast out to predict from the other columns"));
        }
        let key = survey.columns.iter().find(|column| is_key(column, survey.rows, &label.name));
        let mut choice = Self {
            rows: survey.rows,
            problem,
            label: feature(label),
            yes: (problem == Problem::Binary).then(|| yes_of(label)),
            categories: Vec::new(),
            numbers: Vec::new(),
            by_month: problem != Problem::Forecast && time.is_some_and(|time| months(time) >= FEWEST_MONTHS),
            time: time.map(feature),
            key: key.map(feature),
            slices: Vec::new(),
            left_out: Vec::new(),
        };
        if problem != Problem::Forecast {
            choice.take_features(survey, label);
            if choice.categories.is_empty() && choice.numbers.is_empty() {
                return Err(Failure::new(
                    &codes::VALUE,
                    format!("nothing is left to predict {} from", label.name),
                )
                .help("the other columns are keys, times, constants or free text"));
            }
        }
        Ok(choice)
    }

    fn take_features(&mut self, survey: &Survey, label: &Column) {
        for column in &survey.columns {
            let taken =
                [&self.time, &self.key].into_iter().flatten().any(|feature| feature.source == column.name);
            if column.name == label.name || taken {
                continue;
            }
            match use_of(column) {
                Ok(Use::Number) => self.numbers.push(feature(column)),
                Ok(Use::Category) => {
                    if column.distinct > 1 && column.distinct <= MOST_SLICES && self.slices.len() < 2 {
                        self.slices.push(feature(column).name);
                    }
                    self.categories.push(feature(column));
                }
                Err(reason) => self.left_out.push((column.name.clone(), reason)),
            }
        }
    }

    /// The metric that tells how good it is.
    pub fn metric(&self) -> &'static str {
        match self.problem {
            Problem::Binary => "roc_auc",
            Problem::Classes => "accuracy",
            Problem::Number | Problem::Forecast => "rmse",
        }
    }

    fn sentence(&self) -> &'static str {
        match self.problem {
            Problem::Binary => "yes or no",
            Problem::Classes => "one of a few classes",
            Problem::Number => "a number",
            Problem::Forecast => "the next values of a series",
        }
    }

    /// For people.
    pub fn fields(&self) -> Vec<(&'static str, Cell)> {
        let names = |features: &[Feature]| {
            features.iter().map(|feature| feature.source.clone()).collect::<Vec<_>>().join(", ")
        };
        let one = |feature: &Option<Feature>| {
            feature.as_ref().map(|feature| feature.source.clone()).unwrap_or_default()
        };
        let left_out =
            self.left_out.iter().map(|(name, why)| format!("{name} ({why})")).collect::<Vec<_>>().join(", ");
        vec![
            (
                "label",
                Cell::text(format!(
                    "{}: {}, measured by {}",
                    self.label.source,
                    self.sentence(),
                    self.metric()
                )),
            ),
            ("key", Cell::text(one(&self.key))),
            ("time", Cell::text(one(&self.time))),
            ("numbers", Cell::text(names(&self.numbers))),
            ("categories", Cell::text(names(&self.categories))),
            ("left out", Cell::text(left_out)),
        ]
    }

    /// For machines.
    pub fn document(&self) -> Value {
        let names =
            |features: &[Feature]| features.iter().map(|feature| feature.source.clone()).collect::<Vec<_>>();
        json!({
            "label": self.label.source,
            "problem": match self.problem {
                Problem::Binary => "binary",
                Problem::Classes => "classes",
                Problem::Number => "number",
                Problem::Forecast => "forecast",
            },
            "metric": self.metric(),
            "rows": self.rows,
            "key": self.key.as_ref().map(|key| &key.source),
            "time": self.time.as_ref().map(|time| &time.source),
            "numbers": names(&self.numbers),
            "categories": names(&self.categories),
            "left_out": self.left_out.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        })
    }
}

enum Use {
    Number,
    Category,
}

/// How a column can go in, or why it cannot.
fn use_of(column: &Column) -> Result<Use, &'static str> {
    match (column.kind.as_str(), column.semantic.as_str()) {
        (_, "empty") => Err("no values"),
        (_, "constant") => Err("one value in every row"),
        (_, "email") => Err("personal data"),
        ("integer", "identifier") => Err("another value in every row"),
        ("integer" | "number" | "boolean", _) => Ok(Use::Number),
        ("text", _) if column.distinct <= MOST_CATEGORIES => Ok(Use::Category),
        ("text", _) => Err("too many different texts"),
        ("date" | "timestamp", _) => Err("a time"),
        _ => Err("neither number nor text"),
    }
}

fn is_time(column: &Column) -> bool {
    matches!(column.kind.as_str(), "date" | "timestamp")
}

fn is_number(column: &Column) -> bool {
    matches!(column.kind.as_str(), "integer" | "number")
}

/// Another value in every row, and a name or type that keys have.
fn is_key(column: &Column, rows: i64, label: &str) -> bool {
    let unique = column.nulls == 0 && column.distinct == rows && rows > 1;
    let named = column.name.to_lowercase().split(['_', ' ', '-']).any(|word| word == "id" || word == "key")
        || column.name.to_lowercase().ends_with("id");
    unique && column.name != label && (column.kind == "text" || (column.kind == "integer" && named))
}

fn months(time: &Column) -> i64 {
    time.range.map_or(0, |(first, last)| ((last - first) / MONTH_MS).ceil() as i64)
}

fn guess_label(survey: &Survey, template: Template) -> Result<&Column> {
    let usable = |column: &&Column| {
        !is_time(column)
            && column.distinct > 1
            && (template != Template::Forecast || is_number(column))
            && (is_number(column) || column.kind == "boolean" || column.distinct <= 20)
            && !is_key(column, survey.rows, "")
    };
    let by_name = LABELS.iter().find_map(|name| {
        survey.columns.iter().filter(usable).find(|column| column.name.to_lowercase() == *name)
    });
    let two_values = || survey.columns.iter().rev().filter(usable).find(|column| column.distinct == 2);
    let last = || survey.columns.iter().rev().find(usable);
    let found = match template {
        Template::Forecast => by_name.or_else(last),
        _ => by_name.or_else(two_values).or_else(last),
    };
    found.ok_or_else(|| {
        Failure::new(&codes::VALUE, "no column looks like something to predict")
            .help("say which: --label COLUMN")
    })
}

fn problem_of(label: &Column) -> Problem {
    match label.kind.as_str() {
        _ if label.distinct == 2 => Problem::Binary,
        "integer" | "number" => Problem::Number,
        _ => Problem::Classes,
    }
}

fn check_label(label: &Column, problem: Problem, rows: i64) -> Result<()> {
    let name = &label.name;
    let why = match (problem, label.rarest) {
        _ if label.distinct == 0 => "it has no values".to_owned(),
        _ if label.distinct == 1 => "it has the same value in every row".to_owned(),
        (Problem::Forecast, _) if !is_number(label) => "a forecast needs numbers".to_owned(),
        (Problem::Classes, _) if label.distinct == rows => "it has another value in every row".to_owned(),
        (Problem::Classes, _) if label.kind == "text" && label.distinct > MOST_CATEGORIES => {
            "it has too many different texts".to_owned()
        }
        (Problem::Classes, _) if is_time(label) => "it is a time".to_owned(),
        (Problem::Binary, Some(rarest)) if rarest < FEWEST_OF_AN_ANSWER && rows >= FEWEST_ROWS => {
            format!("one of its two values is in {rarest} of {rows} rows only")
        }
        _ => return Ok(()),
    };
    Err(Failure::new(&codes::VALUE, format!("{name} cannot be predicted: {why}"))
        .help("name another column: --label COLUMN"))
}

/// The value that means yes: a word for it, else the greater number, else the rarer text.
fn yes_of(label: &Column) -> (String, bool) {
    if label.kind == "boolean" {
        return ("true".to_owned(), false);
    }
    if is_number(label) {
        let greatest = label.range.map_or(1.0, |(_, greatest)| greatest);
        return (greatest.to_string(), true);
    }
    let said = label.top.iter().find(|value| YES.contains(&value.to_lowercase().as_str()));
    let rarer = label.top.get(1).or(label.top.first());
    (said.or(rarer).cloned().unwrap_or_default(), false)
}

/// A column with a name that needs no quotes anywhere.
fn feature(column: &Column) -> Feature {
    let usable = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let plain =
        column.name.chars().all(usable) && column.name.starts_with(|sign: char| sign.is_ascii_alphabetic());
    let name = if plain {
        column.name.clone()
    } else {
        let name: String =
            column.name.to_lowercase().chars().map(|sign| if usable(sign) { sign } else { '_' }).collect();
        let name = name.trim_matches('_').to_owned();
        if name.starts_with(|sign: char| sign.is_ascii_alphabetic()) {
            name
        } else {
            format!("column_{name}")
        }
    };
    Feature { source: column.name.clone(), name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str, semantic: &str, distinct: i64) -> Column {
        Column {
            name: name.to_owned(),
            kind: kind.to_owned(),
            semantic: semantic.to_owned(),
            distinct,
            ..Column::default()
        }
    }

    fn survey(columns: Vec<Column>) -> Survey {
        Survey { dataset: "churn".to_owned(), rows: 100, columns, contract: String::new() }
    }

    #[test]
    fn label_key_time_and_features_are_guessed() {
        let mut signup = column("signup", "date", "timestamp", 90);
        signup.range = Some((0.0, 5.0 * MONTH_MS));
        let mut churned = column("Churned", "text", "boolean", 2);
        churned.top = vec!["No".to_owned(), "Yes".to_owned()];
        let survey = survey(vec![
            column("customer_id", "text", "identifier", 100),
            signup,
            column("Monthly Charge", "number", "numeric", 80),
            column("plan", "text", "categorical", 3),
            column("note", "text", "text", 900),
            churned,
        ]);
        let choice = Choice::make(&survey, None, Template::Tabular).unwrap();
        assert_eq!((choice.label.source.as_str(), choice.problem), ("Churned", Problem::Binary));
        assert_eq!(choice.yes, Some(("Yes".to_owned(), false)));
        assert_eq!(choice.key.unwrap().source, "customer_id");
        assert!(choice.by_month);
        assert_eq!(choice.numbers[0].name, "monthly_charge");
        assert_eq!(choice.slices, ["plan"]);
        assert_eq!(choice.left_out, [("note".to_owned(), "too many different texts")]);
    }

    #[test]
    fn a_label_that_is_not_there_or_says_nothing_is_refused() {
        let survey =
            survey(vec![column("price", "number", "numeric", 50), column("same", "text", "constant", 1)]);
        let text = |label: &str| {
            let failure = Choice::make(&survey, Some(label), Template::Tabular).unwrap_err();
            failure.render(crate::output::Paint::off(), 100)
        };
        insta::assert_snapshot!([text("prise"), text("same"), text("price")].join("\n"));
    }
}
