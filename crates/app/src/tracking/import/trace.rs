//! Traces of other stores: each with its assessments and links at once, its spans in any number of calls.

use db::Conn;
use db::tracking::{assessment, experiment, span, trace};
use domain::tracking::experiment::ExperimentId;
use domain::tracking::import::trace::{TraceRecord, TraceSpansRecord};
use domain::tracking::span::Span;
use domain::tracking::trace::{
    ARTIFACT_LOCATION, MAX_SPANS, MAX_TAG_LEN, SPANS_LOCATION, TRACKING_STORE, TraceId,
};
use domain::tracking::validation::cut;

use super::{State, Taken, different, files};
use crate::tracking::trace::place;
use crate::{Error, Result};

/// Takes over a trace without its spans.
pub(super) async fn take(conn: &mut Conn<'_>, record: &TraceRecord) -> Result<Taken> {
    let mut info = match record.check().and_then(|()| record.info()) {
        Ok(info) => info,
        Err(refusal) => return Ok(Taken::Refused(refusal.to_string())),
    };
    if let Some(found) = trace::get(conn, &record.id).await? {
        let same = of(conn, found).await?.digest() == record.clone().digest();
        return Ok(if same { Taken::Here } else { Taken::Refused(different("trace")) });
    }
    let Some(home) = experiment::bare(conn, ExperimentId::from_number(record.experiment)).await? else {
        return Ok(Taken::Refused(format!("there is no experiment {}", record.experiment)));
    };
    for said in &info.assessments {
        if assessment::owner(conn, &said.id).await?.is_some() {
            return Ok(Taken::Refused(format!("its assessment {} is here on another trace", said.id)));
        }
    }
    info.tags.insert(ARTIFACT_LOCATION.to_owned(), place(&home.location, &info.id));
    let num = trace::insert(conn, &info).await?.ok_or_else(|| Error::Unavailable {
        what: format!("the trace {} is being written by somebody else: import it again", info.id),
    })?;
    for said in &info.assessments {
        assessment::put(conn, num, said).await?;
    }
    for run in &record.runs {
        trace::link_run(conn, run, std::slice::from_ref(&info.id)).await?;
    }
    trace::link_prompts(conn, num, &record.prompts).await?;
    Ok(Taken::Made)
}

/// Adds spans to a trace that is here; those that are here already stay as they are.
pub(super) async fn take_spans(conn: &mut Conn<'_>, record: &TraceSpansRecord) -> Result<Taken> {
    let Some(found) = trace::lock(conn, &record.trace).await? else {
        return Ok(Taken::Refused("there is no such trace".to_owned()));
    };
    let read = |value: &serde_json::Value| Span::from_value(record.trace.clone(), value);
    let Some(spans) = record.spans.iter().map(read).collect::<Option<Vec<Span>>>() else {
        return Ok(Taken::Refused("one of its spans cannot be read".to_owned()));
    };
    let before = span::count(conn, found.num).await?;
    if usize::try_from(before).unwrap_or(usize::MAX) > MAX_SPANS {
        return Ok(Taken::Refused(format!("it has more than {MAX_SPANS} spans")));
    }
    span::add(conn, found.num, &spans).await?;
    if let Some(root) = spans.iter().find(|span| span.parent.is_none()) {
        trace::set_root(conn, found.num, &cut(root.name.clone(), MAX_TAG_LEN)).await?;
    }
    trace::set_tag(conn, found.num, SPANS_LOCATION, TRACKING_STORE).await?;
    Ok(Taken::Made)
}

/// The trace of an id as far as comparing needs it.
pub(super) async fn state(conn: &mut Conn<'_>, id: &TraceId, wanted: bool) -> Result<Option<State>> {
    let Some(found) = trace::get(conn, id).await? else { return Ok(None) };
    let sum = span::sum(conn, found.num).await?;
    let place = found.info.tags.get(ARTIFACT_LOCATION).cloned().unwrap_or_default();
    Ok(Some(State {
        noun: "trace",
        id: id.to_string(),
        files: files(conn, wanted, &place).await?,
        place: Some(place),
        digest: of(conn, found).await?.digest(),
        parts: Some((sum.count, sum.text())),
        ..State::default()
    }))
}

/// A trace of ours as a record.
async fn of(conn: &mut Conn<'_>, found: trace::Numbered) -> Result<TraceRecord> {
    let runs = trace::runs_of(conn, found.num).await?;
    let prompts = trace::prompts_of(conn, found.num).await?;
    Ok(TraceRecord::of(found.info, runs, prompts))
}
