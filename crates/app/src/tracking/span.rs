//! Spans as they come: in batches, of several traces, before or after what is told of the whole.

use std::collections::BTreeMap;

use db::Conn;
use db::tracking::{span, trace};
use domain::tracking::conventions::translate;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::span::Span;
use domain::tracking::trace::{ARTIFACT_LOCATION, Entries, Gist, MAX_SPANS, TraceId, TraceInfo};
use domain::tracking::usage::{Cost, Usage};
use domain::{Id, Timestamp};

use super::experiment;
use super::trace::{Traces, locked, place};
use crate::{Context, Error, Result};

/// Most traces that one batch of spans touches.
const MAX_TRACES: usize = 5_000;

/// Spans with what their sender says about itself.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The sender: its attributes as texts.
    pub resource: Entries,
    /// What it sent.
    pub spans: Vec<Span>,
}

/// The spans of one trace in a batch.
#[derive(Default)]
struct Part {
    resource: Entries,
    spans: Vec<Span>,
}

impl Traces<'_> {
    /// Stores spans; traces that there are not yet are made in the experiment. All of them or none.
    pub async fn log_spans(
        &self,
        ctx: &Context,
        experiment: ExperimentId,
        sent: Vec<Sent>,
        run: Option<&Id>,
    ) -> Result<()> {
        let parts = by_trace(sent);
        if parts.len() > MAX_TRACES {
            let reason =
                format!("a batch of spans has at most {MAX_TRACES} traces, this one has {}", parts.len());
            return Err(Error::invalid("resource_spans", reason));
        }
        let ids: Vec<TraceId> = parts.keys().cloned().collect();
        let ended: Vec<TraceId> = parts
            .iter()
            .filter(|(_, part)| part.spans.iter().any(|span| span.parent.is_none()))
            .map(|(id, _)| id.clone())
            .collect();
        let run = run.map(ToString::to_string);
        self.often(ctx, experiment, move |conn| {
            Box::pin(async move {
                let parent = experiment::active(conn, experiment).await?;
                // In the order of the ids, so that two batches never wait for one another.
                for (id, part) in &parts {
                    store(conn, (experiment, &parent.location), id, part).await?;
                }
                if let Some(run) = run {
                    trace::link_run(conn, &run, &ended).await?;
                }
                Ok(())
            })
        })
        .await?;
        for id in ids {
            self.0.notices().hint("tracking.trace.log", "trace", id);
        }
        Ok(())
    }
}

/// Sorts spans by their trace; of a span that comes twice the last one counts.
fn by_trace(sent: Vec<Sent>) -> BTreeMap<TraceId, Part> {
    let mut parts: BTreeMap<TraceId, Part> = BTreeMap::new();
    let mut places: BTreeMap<(TraceId, String), usize> = BTreeMap::new();
    for Sent { resource, spans } in sent {
        for mut span in spans {
            translate(&mut span);
            let part = parts.entry(span.trace.clone()).or_default();
            if part.resource.is_empty() {
                part.resource.clone_from(&resource);
            }
            match places.get(&(span.trace.clone(), span.id.clone())) {
                Some(place) => part.spans[*place] = span,
                None => {
                    places.insert((span.trace.clone(), span.id.clone()), part.spans.len());
                    part.spans.push(span);
                }
            }
        }
    }
    parts
}

/// The spans of one trace: makes or locks it, writes them, and takes in what they say about the whole.
async fn store(conn: &mut Conn<'_>, home: (ExperimentId, &str), id: &TraceId, part: &Part) -> Result<()> {
    let gist = Gist::of(&part.spans, &part.resource);
    let mut info = TraceInfo::new(id.clone(), home.0, Timestamp::from_millis(gist.start_ms));
    info.tags.insert(ARTIFACT_LOCATION.to_owned(), place(home.1, id));
    let num = match trace::insert(conn, &info).await? {
        Some(num) => num,
        None => {
            let found = locked(conn, id).await?;
            info = found.info;
            found.num
        }
    };
    span::upsert(conn, num, &part.spans).await?;
    let count = span::count(conn, num).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) > MAX_SPANS {
        let reason = format!("the trace {id} would have more than {MAX_SPANS} spans");
        return Err(Error::invalid("spans", reason));
    }
    let summed = part.spans.iter().any(|span| span.usage().is_some() || span.cost().is_some());
    let (usage, cost) = if summed {
        let (usages, costs) = span::nodes(conn, num).await?;
        (Usage::sum(&usages), Cost::sum(&costs))
    } else {
        (None, None)
    };
    info.absorb(&gist, usage, cost);
    trace::update(conn, num, &info).await?;
    Ok(())
}
