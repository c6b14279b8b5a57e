//! The spans of a trace: from the database, or from the file that clients wrote beside it.

use std::collections::HashMap;
use std::path::Path;

use app::tracking::import::foreign::{FoundTrace, Left, Read};
use domain::tracking::import::SetSum;
use domain::tracking::import::trace::read_span;
use domain::tracking::span::Span;
use domain::tracking::trace::{SPANS_LOCATION, TRACKING_STORE, TraceId, TraceState};
use serde_json::Value;

use super::artifacts::{Artifacts, LocalFile, tree};
use super::source::Source;
use super::transfer::Sum;
use crate::failure::Result;

/// The file with the spans of a trace among its artifacts.
const FILE: &str = "traces.json";
/// Where the spans of a trace are that were moved out of the database.
const ARCHIVE: &str = "ARCHIVE_REPO";
/// Spans that are read at once.
const PAGE: i64 = 1000;

/// The spans of a trace, with what cannot be read of them.
#[derive(Debug, Default)]
pub struct Spans {
    /// Each once.
    pub spans: Vec<Span>,
    /// Why some, or all, are not among them.
    pub left: Vec<Left>,
}

impl Spans {
    /// All spans that the other store has of a trace.
    pub async fn of(source: &mut Source, artifacts: Option<&Artifacts>, found: &FoundTrace) -> Result<Self> {
        let id = &found.record.id;
        let mut read = Vec::new();
        let mut after = 0;
        loop {
            let (page, next) = source.spans(id, after, PAGE).await?;
            read.extend(page);
            let Some(next) = next else { break };
            after = next;
        }
        if read.is_empty() {
            match artifacts.and_then(|artifacts| artifacts.locate(id.as_str(), &found.files)) {
                Some(folder) if folder.join(FILE).is_file() => read = in_file(&folder.join(FILE), id),
                _ => read.extend(lost(found, artifacts.is_some()).map(Err)),
            }
        }
        Ok(Self::sorted(read))
    }

    /// Of a span that is there twice the last one counts.
    fn sorted(read: Vec<Read<Span>>) -> Self {
        let mut sorted = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        for one in read {
            match one {
                Err(left) => sorted.left.push(left),
                Ok(span) => match places.get(&span.id) {
                    Some(place) => sorted.spans[*place] = span,
                    None => {
                        places.insert(span.id.clone(), sorted.spans.len());
                        sorted.spans.push(span);
                    }
                },
            }
        }
        sorted
    }

    /// The spans added up.
    pub fn sum(&self) -> Sum {
        let mut sum = SetSum::default();
        self.spans.iter().for_each(|span| sum.add_text(&span.content()));
        Sum(sum)
    }
}

/// Files of a trace beside that of its spans, such as pictures that were attached to them.
pub fn attached(artifacts: &Artifacts, found: &FoundTrace) -> Vec<LocalFile> {
    let folder = artifacts.locate(found.record.id.as_str(), &found.files);
    let mut files = folder.map(|folder| tree(&folder).files).unwrap_or_default();
    files.retain(|file| file.path != FILE);
    files
}

/// Why spans that ought to be there are not found; those of a trace that runs, or ended without any, are not missed.
fn lost(found: &FoundTrace, with_artifacts: bool) -> Option<Left> {
    let record = &found.record;
    let what = || format!("spans of trace {}", record.id);
    let place = record.tags.get(SPANS_LOCATION).map(String::as_str);
    if place == Some(ARCHIVE) {
        let why = "they are in an archive (traces.pb), which is not read".to_owned();
        return Some(Left { what: what(), why });
    }
    let is_missed = with_artifacts
        && place != Some(TRACKING_STORE)
        && matches!(record.state, TraceState::Ok | TraceState::Error);
    is_missed.then(|| Left { what: what(), why: format!("their file {FILE} was not found") })
}

/// The spans in a file.
fn in_file(file: &Path, trace: &TraceId) -> Vec<Read<Span>> {
    let left = |why: String| vec![Err(Left { what: format!("spans of trace {trace}"), why })];
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return left(format!("{}: {error}", file.display())),
    };
    let parsed: Value = match serde_json::from_slice(&bytes) {
        Ok(parsed) => parsed,
        Err(error) => return left(format!("{} is no JSON: {error}", file.display())),
    };
    let Some(spans) = parsed["spans"].as_array() else {
        return left(format!("{} has no list of spans", file.display()));
    };
    let span = |(index, span): (usize, &Value)| {
        let what = || format!("span {} of trace {trace}", index + 1);
        read_span(trace, span).map_err(|why| Left { what: what(), why: why.to_owned() })
    };
    spans.iter().enumerate().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_span_is_named_and_the_others_come() {
        let folder = tempfile::tempdir().unwrap();
        let trace = TraceId::parse("tr-0123456789abcdef0123456789abcdef").unwrap();
        let file = folder.path().join(FILE);
        let span = r#"{"name": "a", "context": {"span_id": "0x1", "trace_id": "0x2"}, "parent_id": null,
            "start_time": 5, "end_time": 7, "status_code": "OK", "status_message": "", "attributes": {}, "events": []}"#;
        std::fs::write(&file, format!(r#"{{"spans": [{span}, {{"name": "b"}}, {span}]}}"#)).unwrap();
        let read = Spans::sorted(in_file(&file, &trace));
        assert_eq!((read.spans.len(), read.sum().0.count), (1, 1));
        assert_eq!(read.left.len(), 1);
        assert!(read.left[0].what.starts_with("span 2 of trace tr-"), "{:?}", read.left);
        for damaged in ["{", "{}", ""] {
            std::fs::write(&file, damaged).unwrap();
            assert!(in_file(&file, &trace)[0].is_err(), "{damaged}");
        }
    }
}
