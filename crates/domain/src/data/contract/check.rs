//! What of one file breaks the rules.

use super::column::moment;
use super::{ColumnRule, Contract, at, borne, ratio};
use crate::data::profile::{ColumnProfile, TableProfile};
use crate::data::violation::{Example, Violation};
use crate::suggest::nearest;

/// Kilometres in a mile.
const MILE: f64 = 1.609_344;
/// What stands for a value of a column with personal data.
const MASKED: &str = "(masked)";

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
    /// Numbers (for dates and times milliseconds) below the first or above the second.
    Outside(Option<f64>, Option<f64>),
    /// Texts that are not in the list.
    NotAmong(Vec<String>),
    /// Texts that do not read as a value of this type.
    NotA(String),
    /// Texts that the regular expression does not match as a whole.
    NotLike(String),
    /// Texts with fewer characters than the first or more than the second.
    NotLong(Option<f64>, Option<f64>),
}

/// What a look at the rows of a file found for a [`Question`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Rows that break the rule.
    pub count: u64,
    /// A few of them, with values that differ.
    pub examples: Vec<Example>,
}

impl Contract {
    /// What of one file breaks the rules, as far as a profile tells: [`Contract::questions`] are the rest. `before` is
    /// the newest good version, for telling what changed.
    pub fn check(
        &self,
        file: &str,
        profile: &TableProfile,
        before: Option<&TableProfile>,
        contract_path: &str,
    ) -> Vec<Violation> {
        let mut found = self.wrong_count(file, profile.rows, contract_path);
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

    fn wrong_count(&self, file: &str, rows: u64, contract_path: &str) -> Vec<Violation> {
        let few = self.min_rows.filter(|min| rows < *min).map(|min| format!("at least {min} are expected"));
        let many = self.max_rows.filter(|max| rows > *max).map(|max| format!("at most {max} are expected"));
        let told = few.into_iter().chain(many).map(|expected| Violation {
            place: at(contract_path, self.places.rows),
            ..Violation::new("rows", format!("{file} has {rows} rows, {expected}"))
        });
        told.collect()
    }

    /// What is to be asked of the rows: for what `found` names, how many and which; and whether all values are in the
    /// list or like the pattern, where the few frequent ones that a profile knows cannot prove it.
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
            if broken("length") {
                let length = rule.length.unwrap_or_default();
                ask("length", Breaks::NotLong(length.min, length.max));
            }
            if let Some(allowed) = rule.allowed.as_ref().filter(|allowed| !proves(column, allowed)) {
                ask("allowed", Breaks::NotAmong(allowed.clone()));
            }
            if let Some(pattern) = rule.pattern.as_ref().filter(|_| column.count > 0) {
                ask("pattern", Breaks::NotLike(pattern.clone()));
            }
        }
        questions
    }

    /// Puts an answer where it belongs: evidence for a violation that is there, or a violation of its own. A violation
    /// goes when enough of the file's values keep the rule.
    pub fn answer(
        &self,
        (file, profile): (&str, &TableProfile),
        question: &Question,
        mut answer: Answer,
        contract_path: &str,
        found: &mut Vec<Violation>,
    ) {
        let Some(rule) = self.column(&question.column).filter(|_| answer.count > 0) else { return };
        let known =
            found.iter().position(|v| v.rule == question.rule && v.column.as_ref() == Some(&rule.name));
        let on_values = !matches!(question.breaks, Breaks::Missing | Breaks::NotA(_));
        let values = profile.column(&rule.name).map_or(profile.rows, |column| column.count);
        if on_values && borne(answer.count, values, rule.mostly) {
            if let Some(known) = known {
                found.remove(known);
            }
            return;
        }
        if rule.pii {
            mask(&mut answer.examples);
        }
        let rows = profile.rows;
        let share = ratio(answer.count, rows);
        let many = format!("{} of {rows} rows ({:.1} %)", answer.count, share * 100.0);
        if let Some(violation) = known.and_then(|known| found.get_mut(known)) {
            if question.rule != "nullable" {
                violation.message.push_str(&format!(": {many}"));
            }
            violation.count = Some(answer.count);
            violation.share = Some(share);
            violation.examples = answer.examples;
            return;
        }
        let shown: Vec<String> =
            answer.examples.iter().map(|example| format!("{:?}", example.value)).collect();
        let shown = if rule.pii { String::new() } else { format!("{}: ", shown.join(", ")) };
        let wrong = match question.rule {
            "pattern" => format!("that are not like {:?}", rule.pattern.as_deref().unwrap_or_default()),
            _ => "that are not allowed".to_owned(),
        };
        found.push(Violation {
            column: Some(rule.name.clone()),
            severity: rule.severity,
            place: at(contract_path, rule.place),
            count: Some(answer.count),
            share: Some(share),
            examples: answer.examples,
            ..Violation::new(
                question.rule,
                format!("{file}: {} has values {wrong}: {shown}{many}", rule.name),
            )
        });
    }

    /// The violation that rows make whose key occurred before, of `rows` in the whole version.
    pub fn repeated(&self, rows: u64, mut answer: Answer, contract_path: &str) -> Violation {
        if self.unique.iter().any(|column| self.is_pii(column)) {
            mask(&mut answer.examples);
        }
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
        let others = profile.columns.iter().filter(|column| self.column(&column.name).is_none());
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
        found.extend(self.wrong_length(file, column));
        found.extend(self.distorted(file, column));
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
        let limit = |limit: Option<f64>| limit.map_or_else(|| "…".to_owned(), |limit| self.limit(limit));
        let expected = format!("{} to {} is expected", limit(self.min), limit(self.max));
        // The least and the greatest are values of single rows.
        if self.pii {
            let message = format!("{file}: {} has values outside of its range, {expected}", self.name);
            return Some(Violation::new("range", message));
        }
        let value = |value: f64| moment(&column.kind, value);
        let (least, most) = (value(number.min), value(number.max));
        let message = format!("{file}: {} goes from {least} to {most}, {expected}", self.name);
        let change = before.filter(|_| !self.is_time()).and_then(|before| {
            let (was, is) = (before.number.as_ref()?.median()?, number.median()?);
            Some(format!("median {was} before, {is} now{}", unit_change(is / was)))
        });
        Some(Violation { change, ..Violation::new("range", message) })
    }

    fn wrong_length(&self, file: &str, column: &ColumnProfile) -> Option<Violation> {
        let (bounds, text) = (self.length?, column.text.as_ref()?);
        // Lengths are far below 2^53.
        let (least, most) = (text.min_length as f64, text.max_length as f64);
        if bounds.hold(least) && bounds.hold(most) {
            return None;
        }
        let message = format!(
            "{file}: {} has {least} to {most} characters, {} are expected",
            self.name,
            bounds.words()
        );
        Some(Violation::new("length", message))
    }

    fn distorted(&self, file: &str, column: &ColumnProfile) -> Vec<Violation> {
        if column.count == 0 {
            return Vec::new();
        }
        let number = column.number.as_ref();
        let rules = &self.distribution;
        let mean =
            rules.mean.zip(number).map(|(bounds, number)| ("mean", "mean".to_owned(), bounds, number.mean));
        let quantiles = rules.quantiles.iter().filter_map(|(share, bounds)| {
            Some(("quantile", format!("{share} quantile"), *bounds, number?.quantile(*share)?))
        });
        // Counts are far below 2^53.
        let distinct = column.distinct as f64;
        let distinct = rules
            .distinct
            .map(|bounds| ("distinct", "number of different values".to_owned(), bounds, distinct));
        let all = mean.into_iter().chain(quantiles).chain(distinct);
        let broken = all.filter(|(_, _, bounds, value)| !bounds.hold(*value));
        let told = broken.map(|(rule, what, bounds, value)| {
            let name = &self.name;
            Violation::new(
                rule,
                format!("{file}: the {what} of {name} is {value}, {} is expected", bounds.words()),
            )
        });
        told.collect()
    }
}

/// Hides the values of examples; nothing stays nothing.
pub(super) fn mask(examples: &mut [Example]) {
    for example in examples.iter_mut().filter(|example| !example.value.is_empty()) {
        MASKED.clone_into(&mut example.value);
    }
}

/// Whether a profile's frequent values are all its values, and all in the list.
fn proves(column: &ColumnProfile, allowed: &[String]) -> bool {
    let whole = column.exact && column.top.len() as u64 == column.distinct;
    whole && column.top.iter().all(|top| allowed.contains(&top.value))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_between_medians_is_read_as_a_change_of_unit() {
        assert_eq!(unit_change(1.609), " (× 1.609: miles to kilometres?)");
        assert_eq!(unit_change(1.2), " (× 1.200)");
    }
}
