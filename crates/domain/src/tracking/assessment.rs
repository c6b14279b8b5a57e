//! Assessments: what people, code or language models say about a trace.

use serde_json::{Value, json};

use super::trace::{Entries, MAX_ENTRIES, SESSION, TraceId};
use super::validation::{Refusal, check_length, cut};
use crate::{Id, Timestamp};

/// Most characters of a name, a source's id and a span's id.
pub const MAX_NAME_LEN: usize = 250;
/// Most characters of a rationale, and most bytes of a value as JSON.
pub const MAX_TEXT_LEN: usize = 1024 * 1024;
/// Most assessments of a trace.
pub const MAX_ASSESSMENTS: usize = 1_000;
/// Most characters of a stack trace that are kept: its end.
const MAX_STACK_LEN: usize = 10_000;
/// The metadata with the run that assessed.
const SOURCE_RUN: &str = "mlflow.assessment.sourceRunId";

/// Kinds of sources, in the order of their numbers on the wire.
pub const SOURCES: [&str; 4] = ["SOURCE_TYPE_UNSPECIFIED", "HUMAN", "LLM_JUDGE", "CODE"];

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssessmentError {
    /// A word for it.
    pub code: String,
    /// A sentence about it.
    pub message: Option<String>,
    /// Where it happened.
    pub stack: Option<String>,
}

/// What is said.
#[derive(Clone, Debug, PartialEq)]
pub enum Assessed {
    /// How good something was.
    Feedback {
        /// The verdict: any JSON.
        value: Value,
        /// Why there is none.
        error: Option<AssessmentError>,
    },
    /// What would have been right: any JSON.
    Expectation(Value),
    /// An issue that the trace shows; the assessment's name is its id, this is its name.
    Issue(String),
}

impl Assessed {
    /// The word in the database and in searches.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Feedback { .. } => "feedback",
            Self::Expectation(_) => "expectation",
            Self::Issue(_) => "issue",
        }
    }

    /// The value as JSON.
    pub fn value(&self) -> Value {
        match self {
            Self::Feedback { value, .. } | Self::Expectation(value) => value.clone(),
            Self::Issue(name) => json!({"issue_name": name}),
        }
    }

    /// The number that means are made of, and whether the value is itself a number: yes and true are 1, no and false 0.
    pub fn measure(&self) -> (Option<f64>, bool) {
        match self.value() {
            Value::Bool(truth) => (Some(f64::from(truth)), false),
            Value::Number(number) => {
                let number = number.as_f64().filter(|number| number.is_finite());
                (number, number.is_some())
            }
            Value::String(word) => match word.trim().to_lowercase().as_str() {
                "yes" => (Some(1.0), false),
                "no" => (Some(0.0), false),
                _ => (None, false),
            },
            _ => (None, false),
        }
    }

    /// What searches compare: a text as it is, everything else as JSON.
    pub fn text(&self) -> String {
        match self.value() {
            Value::String(text) => text,
            value => super::json_text::spaced(&value),
        }
    }
}

/// Something said about a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Its id: `a-` and 32 hexadecimal digits.
    pub id: String,
    /// The trace.
    pub trace: TraceId,
    /// What is judged: `correctness`.
    pub name: String,
    /// What kind of source judged: one of [`SOURCES`].
    pub source_type: String,
    /// Which one: a person, a model, a file.
    pub source_id: Option<String>,
    /// The span it is about, if it is about one.
    pub span: Option<String>,
    /// When it was said.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// What is said.
    pub assessed: Assessed,
    /// Why.
    pub rationale: Option<String>,
    /// More about it.
    pub metadata: Entries,
    /// The assessment that this one takes the place of.
    pub overrides: Option<String>,
    /// Whether no other one has taken its place.
    pub valid: bool,
}

/// `a-` and an id's digits.
pub fn public_id(id: &Id) -> String {
    format!("a-{id}")
}

impl Assessment {
    /// The run that assessed, if one did.
    pub fn run(&self) -> Option<&str> {
        self.metadata.get(SOURCE_RUN).map(String::as_str)
    }

    /// Whether it is about the whole conversation that the trace belongs to.
    pub fn is_about_session(&self) -> bool {
        self.metadata.contains_key(SESSION)
    }

    /// Checks lengths and cuts the stack of an error.
    pub fn checked(mut self) -> Result<Self, Refusal> {
        if self.name.is_empty() {
            let reason = "Missing value for required parameter 'assessment.assessment_name'.";
            return Err(Refusal::new("assessment.assessment_name", reason));
        }
        check_length(&self.name, "assessment_name", MAX_NAME_LEN)?;
        check_length(self.source_id.as_deref().unwrap_or_default(), "source_id", MAX_NAME_LEN)?;
        check_length(self.span.as_deref().unwrap_or_default(), "span_id", MAX_NAME_LEN)?;
        check_length(self.rationale.as_deref().unwrap_or_default(), "rationale", MAX_TEXT_LEN)?;
        check_length(&self.assessed.value().to_string(), "value", MAX_TEXT_LEN)?;
        if self.metadata.len() > MAX_ENTRIES {
            let reason = format!("An assessment has at most {MAX_ENTRIES} entries of metadata.");
            return Err(Refusal::new("metadata", reason));
        }
        for (key, value) in &self.metadata {
            check_length(key, "metadata key", MAX_NAME_LEN)?;
            check_length(value, "metadata value", MAX_TEXT_LEN)?;
        }
        if let Assessed::Expectation(Value::Null) = self.assessed {
            return Err(Refusal::new("expectation", "The `value` field must be specified."));
        }
        if let Assessed::Feedback { error: Some(error), .. } = &mut self.assessed {
            error.stack = error.stack.take().map(end_of_stack);
            error.message = error.message.take().map(|text| cut(text, MAX_TEXT_LEN));
        }
        Ok(self)
    }

    /// Takes in a change: only what is told changes, metadata is added to, and the kind stays.
    pub fn changed(mut self, change: Change, now: Timestamp) -> Result<Self, Refusal> {
        let refuse = |reason: &str| Err(Refusal::new("assessment", reason));
        match (change.expectation, change.feedback) {
            (Some(_), Some(_)) => {
                return refuse("Cannot specify both `expectation` and `feedback` parameters.");
            }
            (Some(_), None) if !matches!(self.assessed, Assessed::Expectation(_)) => {
                return refuse("Cannot update expectation value on a Feedback assessment.");
            }
            (None, Some(_)) if !matches!(self.assessed, Assessed::Feedback { .. }) => {
                return refuse("Cannot update feedback value on an Expectation assessment.");
            }
            (Some(value), None) | (None, Some(value)) => self.assessed = value,
            (None, None) => {}
        }
        self.name = change.name.unwrap_or(self.name);
        self.rationale = change.rationale.or(self.rationale);
        self.metadata.extend(change.metadata);
        self.updated = now;
        self.checked()
    }
}

fn end_of_stack(stack: String) -> String {
    const PREFIX: &str = "[Stack trace is truncated]\n...\n";
    let length = stack.chars().count();
    if length <= MAX_STACK_LEN {
        return stack;
    }
    let kept = MAX_STACK_LEN - PREFIX.len();
    PREFIX.to_owned() + &stack.chars().skip(length - kept).collect::<String>()
}

/// What is to change of an assessment; absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name.
    pub name: Option<String>,
    /// The value of an expectation.
    pub expectation: Option<Assessed>,
    /// The value of feedback.
    pub feedback: Option<Assessed>,
    /// The reason.
    pub rationale: Option<String>,
    /// Entries of metadata that are added or replaced.
    pub metadata: Entries,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(value: Value) -> Assessment {
        Assessment {
            id: "a-1".to_owned(),
            trace: TraceId::parse("tr-1").unwrap(),
            name: "correctness".to_owned(),
            source_type: "HUMAN".to_owned(),
            source_id: None,
            span: None,
            created: Timestamp::from_millis(1),
            updated: Timestamp::from_millis(1),
            assessed: Assessed::Feedback { value, error: None },
            rationale: Some("because".to_owned()),
            metadata: Entries::from([("a".to_owned(), "1".to_owned())]),
            overrides: None,
            valid: true,
        }
    }

    #[test]
    fn yes_counts_as_one_but_is_no_number() {
        let measure = |value: Value| feedback(value).assessed.measure();
        assert_eq!(measure(json!(" Yes")), (Some(1.0), false));
        assert_eq!(measure(json!(false)), (Some(0.0), false));
        assert_eq!(measure(json!(3)), (Some(3.0), true));
        assert_eq!(measure(json!([1])), (None, false));
        assert_eq!(feedback(json!("good")).assessed.text(), "good");
        assert_eq!(feedback(json!({"a": 1})).assessed.text(), "{\"a\": 1}");
    }

    #[test]
    fn a_change_keeps_what_it_does_not_tell_and_the_kind() {
        let now = Timestamp::from_millis(9);
        let metadata = Entries::from([("b".to_owned(), "2".to_owned())]);
        let change = Change { metadata, ..Change::default() };
        let after = feedback(json!(1)).changed(change, now).unwrap();
        assert_eq!((after.updated, after.metadata.len()), (now, 2));
        assert_eq!(after.rationale.as_deref(), Some("because"));
        let other = Change { expectation: Some(Assessed::Expectation(json!(2))), ..Change::default() };
        let refused = feedback(json!(1)).changed(other, now).unwrap_err();
        assert_eq!(refused.reason, "Cannot update expectation value on a Feedback assessment.");
    }

    #[test]
    fn only_the_end_of_a_long_stack_is_kept() {
        let kept = end_of_stack("x".repeat(50_000) + "end");
        assert_eq!(kept.chars().count(), MAX_STACK_LEN);
        assert!(kept.ends_with("xend"));
    }
}
