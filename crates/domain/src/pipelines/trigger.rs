//! Triggers: rules over events that start pipeline runs.

use std::str::FromStr;

use chrono::DateTime;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::decision::Decision;
use super::expr::Condition;
use super::pipeline_run::PinnedData;
use crate::{Name, Timestamp};

/// One of `triggers:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriggerSpec {
    /// `name:`, else made from what it watches: `data-flights`, `schedule`, `drift-flights-late`.
    pub name: Name,
    /// What it watches.
    pub rule: Rule,
}

/// What a trigger watches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// New versions of a source.
    Data {
        /// The source.
        data: Name,
        /// Over `new_rows`, `new_files`, `new_bytes`, `rows`, `age`; without it any new version will do.
        when: Option<Condition>,
        /// No arrival for so many milliseconds.
        settle_ms: i64,
    },
    /// The clock.
    Schedule(Schedule),
    /// Drift reports of a deployment.
    Drift {
        /// The deployment.
        deployment: Name,
        /// Over `psi(COLUMN)`, `psi(any_feature)`, `psi(prediction)`, `moved(…)`, `rows`; without it any alarm will do.
        when: Option<Condition>,
    },
    /// Performance on labelled windows of a deployment.
    Performance {
        /// The deployment.
        deployment: Name,
        /// Over metrics, `champion.METRIC_at_release`, `labels`, `age`.
        when: Condition,
    },
}

impl Rule {
    /// The word in the project file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Data { .. } => "data",
            Self::Schedule(_) => "schedule",
            Self::Drift { .. } => "drift",
            Self::Performance { .. } => "performance",
        }
    }
}

/// `"0 3 * * 1 Europe/Rome"`: a cron pattern of five fields and a time zone (UTC when left out).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Schedule {
    text: String,
    cron: String,
    zone: Tz,
}

impl Schedule {
    /// Reads the text; `Err` says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (cron, zone) = match fields.as_slice() {
            [five @ .., zone] if five.len() == 5 => (five.join(" "), *zone),
            five if five.len() == 5 => (five.join(" "), "UTC"),
            other => {
                return Err(format!(
                    "a schedule has five fields (minute hour day month weekday) and a time zone, this has {} words",
                    other.len()
                ));
            }
        };
        let zone = Tz::from_str(zone).map_err(|_| {
            let near = crate::suggest::nearest(zone, chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name()));
            let hint = near.map_or_else(
                || "write one like Europe/Rome".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            format!("{zone:?} is not a time zone; {hint}")
        })?;
        croner::Cron::from_str(&cron).map_err(|error| format!("{cron:?} is not a schedule: {error}"))?;
        Ok(Self { text: text.to_owned(), cron, zone })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after `after` at which it is due; in a gap of summer time, the moment after the gap.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let cron = croner::Cron::from_str(&self.cron).ok()?;
        let start = DateTime::from_timestamp_millis(after.millis())?.with_timezone(&self.zone);
        let next = cron.find_next_occurrence(&start, false).ok()?;
        Some(Timestamp::from_millis(next.timestamp_millis()))
    }

    /// The last time in (`after`, `until`] at which it was due: what was missed meanwhile counts once.
    pub fn last_due(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let cron = croner::Cron::from_str(&self.cron).ok()?;
        let end = DateTime::from_timestamp_millis(until.millis())?.with_timezone(&self.zone);
        let last = cron.find_previous_occurrence(&end, true).ok()?;
        let last = Timestamp::from_millis(last.timestamp_millis());
        (last > after).then_some(last)
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.text
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

/// What is remembered of a trigger between two evaluations; everything else is read from events and runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TriggerState {
    /// Drift and performance findings up to this number have led to a firing or to "no change".
    #[serde(default)]
    pub seen_event: i64,
    /// When the trigger was first evaluated: schedules count from here.
    pub since_ms: Option<i64>,
    /// When it last started a run.
    pub last_fired_ms: Option<i64>,
    /// When its wish was last met: by a run of its own, by joining another, or because all work was done already.
    pub last_handled_ms: Option<i64>,
    /// The data version that "no change" was last said of.
    pub unchanged_data: Option<PinnedData>,
    /// After a firing a drift or performance trigger waits until its condition has been false.
    #[serde(default)]
    pub disarmed: bool,
    /// Why it is paused: it starts nothing until somebody resumes it.
    pub paused: Option<String>,
    /// Runs before this time do not count for `pause_after`: set when somebody resumes it.
    pub resumed_ms: Option<i64>,
    /// What the last stored decision was about; the same is not said twice in a row.
    pub last_said: Option<String>,
    /// After a failure: not tried again before this time.
    pub retry_after_ms: Option<i64>,
}

/// A trigger as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriggerStatus {
    /// The project.
    pub project: Name,
    /// Name and rule.
    pub trigger: TriggerSpec,
    /// What is remembered.
    pub state: TriggerState,
    /// When a schedule is next due.
    pub next_due_ms: Option<i64>,
    /// Its newest decision.
    pub last_decision: Option<Decision>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    #[test]
    fn a_schedule_keeps_its_zone_over_summer_time() {
        let schedule = Schedule::parse("0 3 * * 1 Europe/Rome").unwrap();
        let winter = schedule.next_after(at("2026-03-20T00:00:00Z")).unwrap();
        assert_eq!(winter, at("2026-03-23T02:00:00Z"));
        let summer = schedule.next_after(at("2026-03-28T00:00:00Z")).unwrap();
        assert_eq!(summer, at("2026-03-30T01:00:00Z"));
    }

    #[test]
    fn what_was_missed_while_nobody_looked_counts_once() {
        let schedule = Schedule::parse("0 3 * * *").unwrap();
        let last = schedule.last_due(at("2026-01-01T04:00:00Z"), at("2026-01-05T12:00:00Z"));
        assert_eq!(last, Some(at("2026-01-05T03:00:00Z")));
        let none = schedule.last_due(at("2026-01-05T03:00:00Z"), at("2026-01-05T12:00:00Z"));
        assert_eq!(none, None);
    }

    #[test]
    fn a_wrong_schedule_says_what_is_wrong() {
        assert!(Schedule::parse("0 3 * *").unwrap_err().contains("five fields"));
        assert!(Schedule::parse("0 25 * * 1").unwrap_err().contains("not a schedule"));
        assert!(Schedule::parse("0 3 * * 1 Europe/Roma").unwrap_err().contains("Europe/Rome"));
    }
}
