//! Traces: taken over page by page, each followed by its spans, and compared.

use std::collections::HashMap;

use app::tracking::import::foreign::{Cursor, FoundTrace, Left};
use domain::tracking::import::trace::TraceSpansRecord;
use domain::tracking::span::Span;
use domain::tracking::trace::TraceId;
use serde_json::{Value, json};

use super::PAGE;
use super::compare::{OTHER, absent, compare_files, differs};
use super::report::Report;
use super::source::Source;
use super::spans::{Spans, attached};
use super::transfer::{Batch, Transfer};
use crate::codes;
use crate::failure::{Failure, Result};
use crate::output::{Output, Progress};

/// Spans of one trace that are sent in one piece.
const PIECE: usize = 500;
/// Bytes of one piece; a single span may be larger.
const PIECE_BYTES: usize = 4 << 20;
/// Bytes of a span that fit into a call.
const MAX_SPAN: usize = 48 << 20;

/// Takes over the traces that are not here yet.
pub async fn take(
    transfer: &mut Transfer<'_>,
    source: &mut Source,
    report: &mut Report,
    out: &Output,
) -> Result<()> {
    if report.counts.traces == 0 {
        return Ok(());
    }
    let progress = Progress::items(out, "traces", u64::try_from(report.counts.traces).unwrap_or_default());
    let mut after = 0;
    loop {
        let next = take_page(transfer, source, after, report, &progress).await?;
        let Some(next) = next else { break };
        after = next;
    }
    progress.finish();
    Ok(())
}

async fn take_page(
    transfer: &mut Transfer<'_>,
    source: &mut Source,
    after: Cursor,
    report: &mut Report,
    progress: &Progress,
) -> Result<Option<Cursor>> {
    let (page, next) = source.traces(after, PAGE).await?;
    let mut found: Vec<FoundTrace> = page.into_iter().flatten().collect();
    found.retain_mut(|found| transfer.renumber(&mut found.record.experiment));
    let ids: Vec<&TraceId> = found.iter().map(|found| &found.record.id).collect();
    let before = transfer.states(json!({"traces": ids})).await?;
    let mut batch = Batch::new("traces");
    for FoundTrace { record, .. } in &found {
        match before.get(record.id.as_str()) {
            // One that cannot be stored would keep the others of its call away.
            None => match record.check() {
                Ok(()) => batch.push(record)?,
                Err(refusal) => transfer.refuse_for("trace", &record.id, refusal.reason),
            },
            Some(state) if state["digest"] != record.clone().digest() => {
                transfer.refuse("trace", &record.id);
            }
            Some(_) => {}
        }
        if batch.is_full() {
            transfer.send(&mut batch, report).await?;
        }
    }
    transfer.send(&mut batch, report).await?;
    found.retain(|found| !transfer.is_refused("trace", found.record.id.as_str()));
    let made = found.iter().filter(|found| !before.contains_key(found.record.id.as_str()));
    report.tally("assessments").made += made.map(|found| found.record.assessments.len() as u64).sum::<u64>();
    take_spans(transfer, source, &found, &before, report, progress).await?;
    if let Some(artifacts) = transfer.artifacts {
        let files = found.iter().map(|found| (found.record.id.to_string(), attached(artifacts, found)));
        let files = files.filter(|(_, files)| !files.is_empty()).collect();
        transfer.send_files("traces", files, report).await?;
    }
    Ok(next)
}

/// Sends the spans of traces, but of those that have the same ones here.
async fn take_spans(
    transfer: &mut Transfer<'_>,
    source: &mut Source,
    found: &[FoundTrace],
    before: &HashMap<String, Value>,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let mut batch = Batch::new("spans");
    for found in found {
        progress.advance(1);
        let id = &found.record.id;
        let Spans { spans, .. } = match Spans::of(source, transfer.artifacts, found).await? {
            read if read.spans.is_empty() => continue,
            read if before.get(id.as_str()).is_some_and(|state| read.sum().is_of_parts(state)) => continue,
            read => read,
        };
        for piece in pieces(id, &spans)? {
            report.tally("spans").made += piece.spans.len() as u64;
            batch.push(&piece)?;
            if batch.is_full() {
                transfer.send(&mut batch, report).await?;
            }
        }
    }
    transfer.send(&mut batch, report).await?;
    Ok(())
}

/// Spans of a trace in pieces that fit into a call.
fn pieces(trace: &TraceId, spans: &[Span]) -> Result<Vec<TraceSpansRecord>> {
    let mut pieces: Vec<TraceSpansRecord> = Vec::new();
    let mut bytes = 0;
    for span in spans {
        let content = span.content();
        if content.len() > MAX_SPAN {
            continue;
        }
        bytes += content.len();
        let value = serde_json::from_str(&content).map_err(|error| Failure::new(&codes::INTERNAL, error))?;
        match pieces.last_mut() {
            Some(piece) if piece.spans.len() < PIECE && bytes <= PIECE_BYTES => piece.spans.push(value),
            _ => {
                bytes = content.len();
                pieces.push(TraceSpansRecord { trace: trace.clone(), spans: vec![value] });
            }
        }
    }
    Ok(pieces)
}

/// Compares all traces with what is here.
pub async fn compare(
    transfer: &mut Transfer<'_>,
    source: &mut Source,
    report: &mut Report,
    out: &Output,
) -> Result<()> {
    if report.counts.traces == 0 {
        return Ok(());
    }
    let traces = u64::try_from(report.counts.traces).unwrap_or_default();
    let progress = Progress::items(out, "comparing traces", traces);
    let mut after = 0;
    loop {
        let (page, next) = source.traces(after, PAGE).await?;
        let mut found = Vec::with_capacity(page.len());
        for read in page {
            report.tally("traces").there += 1;
            progress.advance(1);
            match read {
                Ok(one) => found.push(one),
                Err(left) => say(report, left),
            }
        }
        let ids: Vec<&TraceId> = found.iter().map(|found| &found.record.id).collect();
        let states = transfer.states(json!({"traces": ids, "files": transfer.artifacts.is_some()})).await?;
        for one in found {
            let state = states.get(one.record.id.as_str());
            compare_one(transfer, source, one, state, report).await?;
        }
        let Some(next) = next else { break };
        after = next;
    }
    progress.finish();
    Ok(())
}

async fn compare_one(
    transfer: &Transfer<'_>,
    source: &mut Source,
    mut found: FoundTrace,
    state: Option<&Value>,
    report: &mut Report,
) -> Result<()> {
    transfer.renumber(&mut found.record.experiment);
    let id = found.record.id.clone();
    let assessments = (found.record.assessments.len() + found.left.len()) as u64;
    report.tally("assessments").there += assessments;
    std::mem::take(&mut found.left).into_iter().for_each(|left| say(report, left));
    let spans = Spans::of(source, transfer.artifacts, &found).await?;
    let sum = spans.sum();
    report.tally("spans").there += sum.0.count;
    spans.left.into_iter().for_each(|left| say(report, left));
    if let Some(artifacts) = transfer.artifacts {
        compare_files(transfer, report, id.as_str(), &attached(artifacts, &found), state)?;
    }
    let Some(state) = state else {
        report.tally("traces").absent += 1;
        report.tally("spans").absent += sum.0.count;
        report.tally("assessments").absent += assessments;
        absent(transfer, report, "trace", id.as_str());
        return Ok(());
    };
    let said = found.record.assessments.len() as u64;
    if state["digest"] != found.record.digest() {
        differs(transfer, report, "trace", id.as_str(), OTHER);
        return Ok(());
    }
    report.tally("traces").same += 1;
    report.tally("assessments").same += said;
    // Without its artifacts a trace may have none there; what an earlier import brought is no difference.
    if sum.0.count == 0 || sum.is_of_parts(state) {
        report.tally("spans").same += sum.0.count;
        return Ok(());
    }
    let here = state["parts"].as_u64().unwrap_or_default();
    report.tally("spans").absent += sum.0.count.saturating_sub(here);
    if !report.is_foreseeing() || here > 0 {
        let why = format!("{} spans there, {here} here, not the same ones", sum.0.count);
        differs(transfer, report, "spans", id.as_str(), &why);
    }
    Ok(())
}

fn say(report: &mut Report, left: Left) {
    report.differs(format!("{}: {}", left.what, left.why));
}

#[cfg(test)]
mod tests {
    use domain::tracking::import::trace::read_span;

    use super::*;

    fn span(id: usize, text: &str) -> Span {
        let trace = TraceId::parse("tr-1").unwrap();
        let value = json!({"context": {"span_id": format!("{id:x}")}, "name": "a", "start_time": 1,
            "attributes": {"text": text}});
        read_span(&trace, &value).unwrap()
    }

    #[test]
    fn pieces_are_bounded_by_number_and_by_bytes_and_leave_nothing_out() {
        let trace = TraceId::parse("tr-1").unwrap();
        let lengths = |spans: &[Span]| {
            let pieces = pieces(&trace, spans).unwrap();
            pieces.iter().map(|piece| piece.spans.len()).collect::<Vec<_>>()
        };
        let many: Vec<Span> = (0..1_001).map(|id| span(id, "x")).collect();
        assert_eq!(lengths(&many), [500, 500, 1]);
        let large: Vec<Span> = (0..3).map(|id| span(id, &"x".repeat(PIECE_BYTES * 2 / 3))).collect();
        assert_eq!(lengths(&large), [1, 1, 1]);
        assert!(pieces(&trace, &[]).unwrap().is_empty());
    }
}
