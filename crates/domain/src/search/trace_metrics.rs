//! Figures over many traces: counts, durations, tokens, costs and assessments, by time and by what they belong to.

use super::lexer::{Token, tokens};
use crate::Timestamp;
use crate::tracking::experiment::ExperimentId;
use crate::tracking::json_text::float;
use crate::tracking::validation::Refusal;

/// Most points of an answer, and how many there are when the caller does not say.
pub const MAX_POINTS: i64 = 1_000;
/// Most aggregations, dimensions and filters of one question.
const MAX_PARTS: usize = 20;

/// What is counted or measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricView {
    /// Whole traces.
    Traces,
    /// Their steps.
    Spans,
    /// What was said about them.
    Assessments,
}

impl MetricView {
    /// In the order of their numbers on the wire.
    pub const WORDS: [&str; 3] = ["TRACES", "SPANS", "ASSESSMENTS"];

    /// From the word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "TRACES" => Some(Self::Traces),
            "SPANS" => Some(Self::Spans),
            "ASSESSMENTS" => Some(Self::Assessments),
            _ => None,
        }
    }
}

/// What is made of many values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregation {
    /// How many.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Avg,
    /// The value below which so many of a hundred are, between neighbours in proportion.
    Percentile(f64),
    /// The least.
    Min,
    /// The greatest.
    Max,
}

impl Aggregation {
    /// In the order of their numbers on the wire.
    pub const WORDS: [&str; 6] = ["COUNT", "SUM", "AVG", "PERCENTILE", "MIN", "MAX"];

    /// From the word and, for a percentile, its number.
    pub fn parse(word: &str, percentile: Option<f64>) -> Result<Self, Refusal> {
        let refuse = |reason: String| Err(Refusal::new("aggregations", reason));
        match (word, percentile) {
            ("PERCENTILE", None) => {
                refuse("Percentile value is required for PERCENTILE aggregation".to_owned())
            }
            ("PERCENTILE", Some(value)) if !(0.0..=100.0).contains(&value) => {
                refuse(format!("Percentile value must be between 0 and 100, got {}", float(value)))
            }
            ("PERCENTILE", Some(value)) => Ok(Self::Percentile(value)),
            (_, Some(_)) => refuse(format!(
                "Percentile value is only allowed for PERCENTILE aggregation type, got {word}"
            )),
            ("COUNT", None) => Ok(Self::Count),
            ("SUM", None) => Ok(Self::Sum),
            ("AVG", None) => Ok(Self::Avg),
            ("MIN", None) => Ok(Self::Min),
            ("MAX", None) => Ok(Self::Max),
            _ => refuse(format!("Unsupported aggregation type: {word}")),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Avg => "AVG",
            Self::Percentile(_) => "PERCENTILE",
            Self::Min => "MIN",
            Self::Max => "MAX",
        }
    }

    /// The name of its value in an answer.
    pub fn label(self) -> String {
        match self {
            Self::Percentile(value) => format!("P{}", float(value)),
            other => other.word().to_owned(),
        }
    }
}

/// One thing that must hold: `trace.tag.team = "a"`, `span.type = "LLM"`, `assessment.name = "x"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricFilter {
    /// `trace`, `span` or `assessment`.
    pub view: String,
    /// What of it.
    pub entity: String,
    /// The key of a tag or of metadata.
    pub key: Option<String>,
    /// What it must be.
    pub value: String,
}

/// What precedes the dot, and what may follow it; whether a key must follow that.
const FILTERS: [(&str, &[(&str, bool)]); 3] = [
    ("trace", &[("status", false), ("tag", true), ("metadata", true)]),
    ("span", &[("name", false), ("status", false), ("type", false)]),
    ("assessment", &[("name", false), ("type", false)]),
];

impl MetricFilter {
    /// Reads `IDENTIFIER = 'value'`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |reason: String| Refusal::new("filters", reason);
        let tokens = tokens(text).map_err(|refusal| refuse(refusal.reason))?;
        let [Token::Word(identifier), sign, value] = tokens.as_slice() else {
            return Err(refuse(format!("Invalid filter: '{text}'. Expected one filter clause.")));
        };
        if *sign != Token::Sign("=") {
            return Err(refuse(format!(
                "Invalid comparator: '{}', only '=' operator is supported",
                sign.shown()
            )));
        }
        let Token::Text(value) = value else {
            return Err(refuse(format!(
                "Expected a quoted string value for {identifier} value (e.g. 'my-value'). Got value {}",
                value.shown()
            )));
        };
        let mut parts = identifier.splitn(3, '.');
        let (view, entity, key) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let entity = entity.ok_or_else(|| {
            refuse(format!(
                "Invalid identifier '{identifier}'. Columns should be specified as 'trace.<key>', 'span.<key>', \
                 'assessment.<key>'."
            ))
        })?;
        let known = FILTERS.iter().find(|(name, _)| *name == view).map(|(_, entities)| *entities);
        let known = known.ok_or_else(|| {
            refuse(format!("Invalid view type '{view}'. Valid values are trace, span, assessment"))
        })?;
        match (known.iter().find(|(name, _)| *name == entity), key) {
            (None, _) => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                Err(refuse(format!(
                    "Invalid entity '{entity}' specified for view type '{view}'. Valid entities are {names:?}"
                )))
            }
            (Some((_, true)), None) => Err(refuse(format!(
                "Filtering by {entity} requires a key, e.g. '{view}.{entity}.<key> = <value>'"
            ))),
            (Some((_, false)), Some(_)) => Err(refuse(format!(
                "Filtering by {entity} does not require a key, use '{view}.{entity}' instead"
            ))),
            (Some(_), key) => Ok(Self {
                view: view.to_owned(),
                entity: entity.to_owned(),
                key: key.map(ToOwned::to_owned),
                value: value.clone(),
            }),
        }
    }
}

/// A question about many traces.
#[derive(Clone, Debug)]
pub struct MetricQuery {
    /// Only in these experiments.
    pub experiments: Vec<ExperimentId>,
    /// What is counted or measured.
    pub view: MetricView,
    /// Which figure.
    pub metric: String,
    /// What is made of the values.
    pub aggregations: Vec<Aggregation>,
    /// What they are grouped by.
    pub dimensions: Vec<String>,
    /// What must hold, all of it.
    pub filters: Vec<MetricFilter>,
    /// Grouped by stretches of time of so many seconds, too.
    pub interval_s: Option<i64>,
    /// Not before.
    pub start: Option<Timestamp>,
    /// Not after.
    pub end: Option<Timestamp>,
    /// At most so many points.
    pub most: i64,
}

/// A figure: its name, what can be made of it, and what it can be grouped by.
type Figure = (&'static str, &'static [&'static str], &'static [&'static str]);

const SUMMED: &[&str] = &["AVG", "MAX", "MIN", "PERCENTILE", "SUM"];
const MEASURED: &[&str] = &["AVG", "MAX", "MIN", "PERCENTILE"];
const COUNTED: &[&str] = &["COUNT"];
const MODELS: &[&str] = &["span_model_name", "span_model_provider"];
const TRACES: &[Figure] = &[
    ("trace_count", COUNTED, &["trace_name", "trace_status"]),
    ("session_count", COUNTED, &[]),
    ("latency", MEASURED, &["trace_name"]),
    ("input_tokens", SUMMED, &["trace_name"]),
    ("output_tokens", SUMMED, &["trace_name"]),
    ("total_tokens", SUMMED, &["trace_name"]),
    ("cache_read_input_tokens", SUMMED, &["trace_name"]),
    ("cache_creation_input_tokens", SUMMED, &["trace_name"]),
];
const SPANS: &[Figure] = &[
    (
        "span_count",
        COUNTED,
        &["span_model_name", "span_model_provider", "span_name", "span_status", "span_type"],
    ),
    ("latency", MEASURED, &["span_name", "span_status"]),
    ("input_cost", SUMMED, MODELS),
    ("output_cost", SUMMED, MODELS),
    ("total_cost", SUMMED, MODELS),
];
const ASSESSMENTS: &[Figure] = &[
    ("assessment_count", COUNTED, &["assessment_name", "assessment_value"]),
    ("assessment_value", MEASURED, &["assessment_name"]),
];

impl MetricQuery {
    /// Checks that the figure exists, and that it can be asked for in this way.
    pub fn check(&self) -> Result<(), Refusal> {
        let figures = match self.view {
            MetricView::Traces => TRACES,
            MetricView::Spans => SPANS,
            MetricView::Assessments => ASSESSMENTS,
        };
        let Some((_, aggregations, dimensions)) = figures.iter().find(|(name, _, _)| *name == self.metric)
        else {
            let names: Vec<&str> = figures.iter().map(|(name, _, _)| *name).collect();
            let reason = format!("metric_name must be one of {}, got '{}'", quoted(&names), self.metric);
            return Err(Refusal::new("metric_name", reason));
        };
        let wrong = |given: &mut Vec<&str>, known: &[&str]| {
            given.retain(|word| !known.contains(word));
            given.sort_unstable();
            given.dedup();
            !given.is_empty()
        };
        let mut given: Vec<&str> = self.aggregations.iter().map(|aggregation| aggregation.word()).collect();
        if wrong(&mut given, aggregations) {
            let reason = format!(
                "Found invalid aggregation_type(s): {}. Supported aggregation types: {}",
                quoted(&given),
                quoted(aggregations)
            );
            return Err(Refusal::new("aggregations", reason));
        }
        let mut given: Vec<&str> = self.dimensions.iter().map(String::as_str).collect();
        if wrong(&mut given, dimensions) {
            let reason = format!(
                "Found invalid dimension(s): {}. Supported dimensions: {}",
                quoted(&given),
                quoted(dimensions)
            );
            return Err(Refusal::new("dimensions", reason));
        }
        self.check_rest()
    }

    fn check_rest(&self) -> Result<(), Refusal> {
        let most = self.aggregations.len().max(self.dimensions.len()).max(self.filters.len());
        if most > MAX_PARTS {
            let reason = format!("At most {MAX_PARTS} aggregations, dimensions and filters can be given.");
            return Err(Refusal::new("aggregations", reason));
        }
        if self.interval_s.is_some() && (self.start.is_none() || self.end.is_none()) {
            let reason = "start_time_ms and end_time_ms are required if time_interval_seconds is set";
            return Err(Refusal::new("time_interval_seconds", reason));
        }
        if self.interval_s.is_some_and(|seconds| !(1..=10_000_000_000).contains(&seconds)) {
            let reason = "time_interval_seconds must be a positive number of seconds";
            return Err(Refusal::new("time_interval_seconds", reason));
        }
        if self.most < 1 || self.most > MAX_POINTS {
            let reason = format!(
                "Invalid value {} for parameter 'max_results' supplied. It must be between 1 and {MAX_POINTS}",
                self.most
            );
            return Err(Refusal::new("max_results", reason));
        }
        let own =
            [(MetricView::Spans, "span", "SPANS"), (MetricView::Assessments, "assessment", "ASSESSMENTS")];
        for (view, word, name) in own {
            if self.view != view && self.filters.iter().any(|filter| filter.view == word) {
                let given = MetricView::WORDS[self.view as usize];
                let reason =
                    format!("Filtering by {word} is only supported for {name} view type, got {given}");
                return Err(Refusal::new("filters", reason));
            }
        }
        Ok(())
    }
}

/// A list as Python shows it.
fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!("[{}]", words.join(", "))
}

/// One point of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPoint {
    /// When its stretch of time begins, if it was asked by time.
    pub bucket: Option<Timestamp>,
    /// What its values belong to: dimension and word.
    pub dimensions: Vec<(String, String)>,
    /// What was made of them: label and number.
    pub values: Vec<(String, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(metric: &str, aggregation: Aggregation, dimensions: &[&str]) -> MetricQuery {
        MetricQuery {
            experiments: vec![ExperimentId::DEFAULT],
            view: MetricView::Traces,
            metric: metric.to_owned(),
            aggregations: vec![aggregation],
            dimensions: dimensions.iter().map(|name| (*name).to_owned()).collect(),
            filters: Vec::new(),
            interval_s: None,
            start: None,
            end: None,
            most: 10,
        }
    }

    #[test]
    fn a_question_fits_its_figure() {
        assert!(query("latency", Aggregation::Percentile(95.0), &["trace_name"]).check().is_ok());
        let reason = |query: MetricQuery| query.check().unwrap_err().reason;
        assert!(
            reason(query("x", Aggregation::Count, &[]))
                .starts_with("metric_name must be one of ['trace_count'")
        );
        assert_eq!(
            reason(query("latency", Aggregation::Count, &[])),
            "Found invalid aggregation_type(s): ['COUNT']. Supported aggregation types: ['AVG', 'MAX', 'MIN', 'PERCENTILE']"
        );
        assert!(reason(query("latency", Aggregation::Min, &["span_name"])).contains("['span_name']"));
        let by_time = MetricQuery { interval_s: Some(60), ..query("latency", Aggregation::Min, &[]) };
        assert!(reason(by_time).contains("are required"));
        let filters = vec![MetricFilter::parse("span.name = 'x'").unwrap()];
        let filtered = MetricQuery { filters, ..query("latency", Aggregation::Min, &[]) };
        assert!(reason(filtered).contains("only supported for SPANS view type, got TRACES"));
    }

    #[test]
    fn a_filter_is_one_equality() {
        let filter = MetricFilter::parse("trace.tag.`a.b` = \"x\"").unwrap();
        assert_eq!(
            (filter.entity.as_str(), filter.key.as_deref(), filter.value.as_str()),
            ("tag", Some("a.b"), "x")
        );
        for bad in [
            "",
            "trace = 'x'",
            "run.id = 'x'",
            "trace.color = 'x'",
            "trace.tag = 'x'",
            "span.name.x = 'x'",
            "trace.status != 'OK'",
            "trace.status = 1",
            "trace.status = 'OK' AND trace.status = 'OK'",
        ] {
            assert!(MetricFilter::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_percentile_has_its_number() {
        assert_eq!(Aggregation::parse("PERCENTILE", Some(99.9)).unwrap().label(), "P99.9");
        assert!(Aggregation::parse("PERCENTILE", None).is_err());
        assert!(Aggregation::parse("SUM", Some(1.0)).is_err());
        assert!(Aggregation::parse("PERCENTILE", Some(101.0)).is_err());
    }
}
