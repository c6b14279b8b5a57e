//! Contracts: what every file of a data set must look like, learned from profiles and kept as YAML.
//!
//! Rules on values hold for each file by itself, so that a small broken file is not hidden by the many good ones.

mod parse;

use std::fmt::Write as _;

use crate::data::profile::{ColumnProfile, TableProfile};
use crate::data::violation::{Example, Severity, Violation};
use crate::suggest::nearest;
use crate::yaml::{Place, Problem};

/// Most different values that a learned list of allowed values has.
const MAX_ALLOWED: usize = 64;
/// Distinct values up to which a text column is learned as a category.
const MAX_CATEGORY: u64 = 50;
/// How far beyond what was seen a learned range reaches, as a share of its width.
const RANGE_MARGIN: f64 = 0.1;
/// Missing values that a learned rule allows beyond the double of what was seen.
const NULL_MARGIN: f64 = 0.02;
/// Kilometres in a mile.
const MILE: f64 = 1.609_344;

/// The expectations on a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contract {
    /// Rules by column, in the order of the file.
    pub columns: Vec<ColumnRule>,
    /// Rows that a file has at least.
    pub min_rows: Option<u64>,
    /// Columns whose values together occur once.
    pub unique: Vec<String>,
    /// What a column does that has no rules; nothing when absent.
    pub others: Option<Severity>,
    /// Where the rules on the whole table stand in the file.
    pub places: TablePlaces,
}

/// Where the rules that are not about one column stand in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TablePlaces {
    /// `rows`.
    pub rows: Option<Place>,
    /// `unique`.
    pub unique: Option<Place>,
    /// `others`.
    pub others: Option<Place>,
}

/// A rule on values that only a look at the rows can count and quote.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The column.
    pub column: String,
    /// The rule, as [`Violation::rule`] has it.
    pub rule: &'static str,
    /// Which values break it.
    pub breaks: Breaks,
}

/// Which values break a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Breaks {
    /// None at all.
    Missing,
    /// Numbers below the first or above the second.
    Outside(Option<f64>, Option<f64>),
    /// Texts that are not in the list.
    NotAmong(Vec<String>),
    /// Texts that do not read as a value of this type.
    NotA(String),
}

/// What a look at the rows of a file found for a [`Question`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Rows that break the rule.
    pub count: u64,
    /// A few of them, with values that differ.
    pub examples: Vec<Example>,
}

/// The rules of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnRule {
    /// The column.
    pub name: String,
    /// The word for its type.
    pub kind: Option<String>,
    /// The share of missing values that is borne, 0 to 1.
    pub max_null_share: f64,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// All values there may be.
    pub allowed: Option<Vec<String>>,
    /// What a violation does.
    pub severity: Severity,
    /// Where it stands in the file.
    pub place: Option<Place>,
}

impl Contract {
    /// Learns rules that the data behind `profile` keeps, with some room; `key` are columns that are unique together.
    pub fn infer(profile: &TableProfile, key: &[String]) -> Self {
        Self {
            columns: profile.columns.iter().map(ColumnRule::infer).collect(),
            min_rows: Some(1),
            unique: key.to_vec(),
            ..Self::default()
        }
    }

    /// Number of single rules.
    pub fn rules(&self) -> usize {
        let of = |column: &ColumnRule| {
            2 + usize::from(column.min.is_some())
                + usize::from(column.max.is_some())
                + usize::from(column.allowed.is_some())
        };
        self.columns.iter().map(of).sum::<usize>()
            + usize::from(self.min_rows.is_some())
            + usize::from(!self.unique.is_empty())
            + usize::from(self.others.is_some())
    }

    /// The contract as YAML.
    pub fn to_yaml(&self) -> String {
        let mut text = String::from("columns:\n");
        for column in &self.columns {
            // Writing to a string cannot fail.
            let _written = writeln!(text, "  {}: {{{}}}", quoted(&column.name), column.settings().join(", "));
        }
        if let Some(rows) = self.min_rows {
            let _written = writeln!(text, "rows: {{min: {rows}}}");
        }
        if !self.unique.is_empty() {
            let names: Vec<String> = self.unique.iter().map(|name| quoted(name)).collect();
            let _written = writeln!(text, "unique: [{}]", names.join(", "));
        }
        if let Some(severity) = self.others {
            let word = if severity == Severity::Warn { "warn" } else { "block" };
            let _written = writeln!(text, "others: {word}");
        }
        text
    }

    /// Reads a contract; every slip is a problem with its place and the way out.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        parse::parse(text, file)
    }

    /// What of one file breaks the rules, as far as a profile tells: [`Contract::questions`] are the rest. `before` is
    /// the newest good version, for telling what changed.
    pub fn check(
        &self,
        file: &str,
        profile: &TableProfile,
        before: Option<&TableProfile>,
        contract_path: &str,
    ) -> Vec<Violation> {
        let mut found = Vec::new();
        if let Some(min) = self.min_rows.filter(|min| profile.rows < *min) {
            let message = format!("{file} has {} rows, at least {min} are expected", profile.rows);
            found.push(Violation {
                place: at(contract_path, self.places.rows),
                ..Violation::new("rows", message)
            });
        }
        for rule in &self.columns {
            let column = profile.columns.iter().find(|column| column.name == rule.name);
            let earlier =
                before.and_then(|before| before.columns.iter().find(|column| column.name == rule.name));
            let broken = match column {
                Some(column) => rule.check(file, column, profile.rows, earlier),
                None => vec![self.missing(rule, file, profile)],
            };
            found.extend(broken.into_iter().map(|violation| Violation {
                column: Some(rule.name.clone()),
                severity: rule.severity,
                place: at(contract_path, rule.place),
                ..violation
            }));
        }
        found.extend(self.unknown_keys(file, profile, contract_path));
        found.extend(self.unknown_columns(file, profile, contract_path));
        found
    }

    /// What is to be asked of the rows: for what `found` names, how many and which; and whether all values are in the
    /// list, where the few frequent ones that a profile knows cannot prove it.
    pub fn questions(&self, profile: &TableProfile, found: &[Violation]) -> Vec<Question> {
        let mut questions = Vec::new();
        for rule in &self.columns {
            let Some(column) = profile.columns.iter().find(|column| column.name == rule.name) else {
                continue;
            };
            let broken =
                |name: &str| found.iter().any(|v| v.rule == name && v.column.as_ref() == Some(&rule.name));
            let mut ask =
                |name, breaks| questions.push(Question { column: rule.name.clone(), rule: name, breaks });
            match &rule.kind {
                Some(kind) if broken("type") => {
                    if column.kind == "text" {
                        ask("type", Breaks::NotA(kind.clone()));
                    }
                    continue;
                }
                _ => {}
            }
            if broken("nullable") {
                ask("nullable", Breaks::Missing);
            }
            if broken("range") {
                ask("range", Breaks::Outside(rule.min, rule.max));
            }
            if let Some(allowed) = rule.allowed.as_ref().filter(|allowed| !proves(column, allowed)) {
                ask("allowed", Breaks::NotAmong(allowed.clone()));
            }
        }
        questions
    }

    /// Puts an answer where it belongs: evidence for a violation that is there, or a violation of its own.
    pub fn answer(
        &self,
        (file, rows): (&str, u64),
        question: &Question,
        answer: Answer,
        contract_path: &str,
        found: &mut Vec<Violation>,
    ) {
        if answer.count == 0 {
            return;
        }
        let share = ratio(answer.count, rows);
        let many = format!("{} of {rows} rows ({:.1} %)", answer.count, share * 100.0);
        let known =
            found.iter_mut().find(|v| v.rule == question.rule && v.column.as_ref() == Some(&question.column));
        if let Some(violation) = known {
            if question.rule != "nullable" {
                violation.message.push_str(&format!(": {many}"));
            }
            violation.count = Some(answer.count);
            violation.share = Some(share);
            violation.examples = answer.examples;
            return;
        }
        let Some(rule) = self.columns.iter().find(|rule| rule.name == question.column) else { return };
        let shown: Vec<String> =
            answer.examples.iter().map(|example| format!("{:?}", example.value)).collect();
        let message =
            format!("{file}: {} has values that are not allowed: {}: {many}", rule.name, shown.join(", "));
        found.push(Violation {
            column: Some(rule.name.clone()),
            severity: rule.severity,
            place: at(contract_path, rule.place),
            count: Some(answer.count),
            share: Some(share),
            examples: answer.examples,
            ..Violation::new(question.rule, message)
        });
    }

    /// The violation that rows make whose key occurred before, of `rows` in the whole version.
    pub fn repeated(&self, rows: u64, answer: Answer, contract_path: &str) -> Violation {
        let share = ratio(answer.count, rows);
        let message = format!(
            "{} of {rows} rows ({:.1} %) repeat a value of {} that occurs before",
            answer.count,
            share * 100.0,
            self.unique.join(", ")
        );
        Violation {
            place: at(contract_path, self.places.unique),
            count: Some(answer.count),
            share: Some(share),
            examples: answer.examples,
            ..Violation::new("unique", message)
        }
    }

    fn unknown_keys(&self, file: &str, profile: &TableProfile, contract_path: &str) -> Vec<Violation> {
        let names: Vec<&str> = profile.columns.iter().map(|column| column.name.as_str()).collect();
        let absent = self.unique.iter().filter(|name| !names.contains(&name.as_str()));
        let told = absent.map(|name| {
            let near = nearest(name, names.iter().copied())
                .map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
            Violation {
                column: Some(name.clone()),
                place: at(contract_path, self.places.unique),
                ..Violation::new(
                    "missing_column",
                    format!("{file} has no column {name:?}, which `unique` names{near}"),
                )
            }
        });
        told.collect()
    }

    fn unknown_columns(&self, file: &str, profile: &TableProfile, contract_path: &str) -> Vec<Violation> {
        let Some(severity) = self.others else { return Vec::new() };
        let known = |name: &String| self.columns.iter().any(|rule| rule.name == *name);
        let others = profile.columns.iter().filter(|column| !known(&column.name));
        let told = others.map(|column| Violation {
            column: Some(column.name.clone()),
            severity,
            place: at(contract_path, self.places.others),
            ..Violation::new(
                "extra_column",
                format!("{file} has a column {:?} that no rule is about", column.name),
            )
        });
        told.collect()
    }

    fn missing(&self, rule: &ColumnRule, file: &str, profile: &TableProfile) -> Violation {
        let unknown = profile
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| !self.columns.iter().any(|rule| rule.name == *name));
        let unknown: Vec<&str> = unknown.collect();
        let near = unknown.iter().copied().find(|name| name.contains(&rule.name) || rule.name.contains(name));
        let renamed = near
            .or_else(|| nearest(&rule.name, unknown.iter().copied()))
            .map_or_else(String::new, |name| format!("; it has a new column {name:?}: was it renamed?"));
        Violation::new("missing_column", format!("{file} has no column {:?}{renamed}", rule.name))
    }
}

impl ColumnRule {
    fn infer(column: &ColumnProfile) -> Self {
        let rows = column.count + column.nulls;
        let share = ratio(column.nulls, rows);
        let number = column.number.as_ref().filter(|_| matches!(column.kind.as_str(), "integer" | "number"));
        let margin = number.map_or(0.0, |number| (number.max - number.min) * RANGE_MARGIN);
        // What was never negative stays so.
        let floor = |number: f64| if number >= 0.0 { (number - margin).max(0.0) } else { number - margin };
        let allowed = (column.kind == "text" && column.distinct <= MAX_CATEGORY)
            .then(|| column.top.iter().map(|top| top.value.clone()).collect::<Vec<_>>())
            .filter(|values| values.len() as u64 == column.distinct && values.len() <= MAX_ALLOWED)
            .map(|mut values| {
                values.sort();
                values
            });
        Self {
            name: column.name.clone(),
            kind: Some(column.kind.clone()),
            max_null_share: if column.nulls == 0 { 0.0 } else { (2.0 * share + NULL_MARGIN).min(1.0) },
            min: number.map(|number| rounded(floor(number.min), f64::floor)),
            max: number.map(|number| rounded(number.max + margin, f64::ceil)),
            allowed,
            severity: Severity::Block,
            place: None,
        }
    }

    fn settings(&self) -> Vec<String> {
        let mut parts = Vec::new();
        parts.extend(self.kind.as_ref().map(|kind| format!("type: {kind}")));
        if self.max_null_share == 0.0 {
            parts.push("nullable: false".to_owned());
        } else {
            parts.push(format!("max_null_share: {:.4}", self.max_null_share));
        }
        parts.extend(self.min.map(|min| format!("min: {min}")));
        parts.extend(self.max.map(|max| format!("max: {max}")));
        parts.extend(self.allowed.as_ref().map(|values| {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("allowed: [{}]", values.join(", "))
        }));
        if self.severity == Severity::Warn {
            parts.push("severity: warn".to_owned());
        }
        parts
    }

    fn check(
        &self,
        file: &str,
        column: &ColumnProfile,
        rows: u64,
        before: Option<&ColumnProfile>,
    ) -> Vec<Violation> {
        let name = &self.name;
        let mut found = Vec::new();
        // What has no value has no type: whether that is borne, the next rule says.
        let kind = self.kind.as_ref().filter(|kind| column.count > 0 && !same_kind(kind, &column.kind));
        if let Some(kind) = kind {
            let message = format!("{file}: {name} is {}, {kind} is expected", column.kind);
            found.push(Violation::new("type", message));
            return found;
        }
        let share = ratio(column.nulls, rows);
        if share > self.max_null_share {
            let message = format!(
                "{file}: {name} is missing in {} of {rows} rows ({:.1} %), at most {:.1} % are borne",
                column.nulls,
                share * 100.0,
                self.max_null_share * 100.0
            );
            let change = before.map(|before| {
                format!("before {:.1} %", ratio(before.nulls, before.count + before.nulls) * 100.0)
            });
            found.push(Violation {
                count: Some(column.nulls),
                share: Some(share),
                change,
                ..Violation::new("nullable", message)
            });
        }
        found.extend(self.out_of_range(file, column, before));
        found
    }

    fn out_of_range(
        &self,
        file: &str,
        column: &ColumnProfile,
        before: Option<&ColumnProfile>,
    ) -> Option<Violation> {
        let number = column.number.as_ref()?;
        let below = self.min.is_some_and(|min| number.min < min);
        let above = self.max.is_some_and(|max| number.max > max);
        if !below && !above {
            return None;
        }
        let limit = |limit: Option<f64>| limit.map_or_else(|| "…".to_owned(), |limit| limit.to_string());
        let message = format!(
            "{file}: {} goes from {} to {}, {} to {} is expected",
            self.name,
            number.min,
            number.max,
            limit(self.min),
            limit(self.max)
        );
        let change = before.and_then(|before| {
            let (was, is) = (before.number.as_ref()?.median()?, number.median()?);
            Some(format!("median {was} before, {is} now{}", unit_change(is / was)))
        });
        Some(Violation { change, ..Violation::new("range", message) })
    }
}

/// Whether a profile's frequent values are all its values, and all in the list.
fn proves(column: &ColumnProfile, allowed: &[String]) -> bool {
    let whole = column.exact && column.top.len() as u64 == column.distinct;
    whole && column.top.iter().all(|top| allowed.contains(&top.value))
}

fn at(file: &str, place: Option<Place>) -> Option<String> {
    place.map(|place| format!("{file}:{}:{}", place.line, place.column))
}

/// Counts as shares; rows are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A whole number where the range is wide, else four digits.
fn rounded(value: f64, whole: fn(f64) -> f64) -> f64 {
    if value.abs() >= 10.0 { whole(value) } else { whole(value * 1e4) / 1e4 }
}

/// Whole numbers with gaps come as floating-point numbers from some programs.
fn same_kind(expected: &str, found: &str) -> bool {
    expected == found || (expected == "number" && found == "integer")
}

/// What a factor between two medians looks like.
fn unit_change(factor: f64) -> String {
    let near = |unit: f64| (factor / unit - 1.0).abs() < 0.05;
    let guess = match () {
        () if near(MILE) => ": miles to kilometres?",
        () if near(1.0 / MILE) => ": kilometres to miles?",
        () if near(1000.0) || near(1.0 / 1000.0) => ": a thousandfold unit?",
        () if near(60.0) || near(1.0 / 60.0) => ": minutes and hours or seconds?",
        () if near(100.0) || near(0.01) => ": a hundredfold unit?",
        () => "",
    };
    format!(" (× {factor:.3}{guess})")
}

fn quoted(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "columns:\n  origin: {type: text, nullable: false, allowed: [EWR, JFK, LGA]}\n  \
                        distance: {type: integer, min: 17, max: 5482}\nrows: {min: 1}\nunique: [origin, distance]\n";

    #[test]
    fn a_contract_reads_back_as_it_was_written() {
        let read = Contract::parse(TEXT, "contracts/flights.yaml").unwrap();
        assert_eq!(read.rules(), 9);
        let again = Contract::parse(&read.to_yaml(), "again").unwrap();
        assert_eq!(again.to_yaml(), read.to_yaml());
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_the_nearest_key() {
        let text = "columns:\n  distance: {typ: integer, min: far}\nunqiue: [a]\n";
        let problems = Contract::parse(text, "c.yaml").unwrap_err();
        let told: Vec<_> = problems.iter().map(|p| (p.line, p.column, p.help.clone())).collect();
        assert_eq!(
            told,
            [
                (2, 14, Some("did you mean `type`?".to_owned())),
                (2, 33, Some("a number, like `min: 0`".to_owned())),
                (3, 1, Some("did you mean `unique`?".to_owned())),
            ]
        );
    }

    #[test]
    fn a_factor_between_medians_is_read_as_a_change_of_unit() {
        assert_eq!(unit_change(1.609), " (× 1.609: miles to kilometres?)");
        assert_eq!(unit_change(1.2), " (× 1.200)");
    }
}
