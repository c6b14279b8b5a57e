//! Traces: what clients tell of whole ones, and reading them.

use std::time::Duration;

use db::Conn;
use db::search::Search;
use db::tracking::trace::{self, Numbered};
use db::tracking::{assessment, run, span, trace_metric};
use domain::Id;
use domain::governance::role::Permission;
use domain::search::page::{Page, Place};
use domain::search::trace_correlation::Correlation;
use domain::search::trace_metrics::{MetricPoint, MetricQuery};
use domain::search::{Object, parse_filter};
use domain::tracking::assessment::{Assessment, MAX_ASSESSMENTS, public_id};
use domain::tracking::experiment::{ExperimentId, View};
use domain::tracking::span::Span;
use domain::tracking::trace::{
    ARTIFACT_LOCATION, Doomed, Entries, FINALIZED, FIXED_TAGS, MAX_ENTRIES, MAX_KEY_LEN, MAX_LINKS, MAX_PAGE,
    MAX_TAG_LEN, NAME_TAG, TraceId, TraceInfo, TraceState, checked_name, is_complete,
};
use domain::tracking::validation::{Refusal, check_key, cut};

use super::{SearchRequest, experiment};
use crate::{App, Audit, Context, Error, Result};

/// How long a reader waits for spans that are on their way.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most prompts that one call links to a trace.
const MAX_PROMPTS: usize = 100;

/// Traces as a view on [`App`].
pub struct Traces<'a>(pub(super) &'a App);

impl App {
    /// The traces.
    pub fn traces(&self) -> Traces<'_> {
        Traces(self)
    }
}

/// A trace with its spans.
#[derive(Clone, Debug)]
pub struct Trace {
    /// All but the spans.
    pub info: TraceInfo,
    /// Roots first, then by their start.
    pub spans: Vec<Span>,
}

impl Traces<'_> {
    /// Stores what a client tells of a whole trace; spans of it may have come before, or come later. Tags and metadata are as
    /// clients write them.
    pub async fn start(
        &self,
        ctx: &Context,
        mut info: TraceInfo,
        tags: Entries,
        mut metadata: Entries,
    ) -> Result<TraceInfo> {
        metadata.insert(FINALIZED.to_owned(), "true".to_owned());
        info.tell(tags, metadata)?;
        info.check()?;
        self.store(ctx, info).await
    }

    /// Begins a trace of which more will be told: the way of older clients.
    pub async fn begin(
        &self,
        ctx: &Context,
        mut info: TraceInfo,
        tags: Entries,
        metadata: Entries,
    ) -> Result<TraceInfo> {
        info.tell(tags, metadata)?;
        info.check()?;
        self.store(ctx, info).await
    }

    async fn store(&self, ctx: &Context, mut info: TraceInfo) -> Result<TraceInfo> {
        if info.assessments.len() > MAX_ASSESSMENTS {
            return Err(too_many_assessments(&info.id));
        }
        let assessments = std::mem::take(&mut info.assessments);
        let assessments: Vec<Assessment> = assessments
            .into_iter()
            .map(|assessment| settle(ctx, assessment).checked())
            .collect::<Result<_, Refusal>>()?;
        let id = info.id.clone();
        let stored = self
            .often(ctx, info.experiment, move |conn| {
                Box::pin(async move {
                    let parent = experiment::active(conn, info.experiment).await?;
                    info.tags.insert(ARTIFACT_LOCATION.to_owned(), place(&parent.location, &info.id));
                    let num = match trace::insert(conn, &info).await? {
                        Some(num) => num,
                        None => {
                            let found = locked(conn, &info.id).await?;
                            trace::update(conn, found.num, &found.info.retold(info.clone())).await?;
                            found.num
                        }
                    };
                    for assessment in &assessments {
                        check_owner(conn, num, assessment).await?;
                        assessment::put(conn, num, assessment).await?;
                    }
                    Ok(find(conn, &info.id).await?.info)
                })
            })
            .await?;
        self.0.notices().hint("tracking.trace.log", "trace", id);
        Ok(stored)
    }

    /// Ends a trace that an older client began.
    pub async fn end(
        &self,
        ctx: &Context,
        id: &TraceId,
        end_ms: i64,
        state: TraceState,
        told: (Entries, Entries),
    ) -> Result<TraceInfo> {
        let experiment = self.info(ctx, id).await?.experiment;
        let key = id.clone();
        let ended = self
            .often(ctx, experiment, move |conn| {
                Box::pin(async move {
                    let found = trace::lock(conn, &key).await?.ok_or_else(|| missing(&key))?;
                    let mut info = found.info;
                    info.tell(told.0, told.1)?;
                    info.state = state;
                    info.duration_ms = Some(end_ms.saturating_sub(info.start.millis()));
                    trace::update(conn, found.num, &info).await?;
                    Ok(find(conn, &key).await?.info)
                })
            })
            .await?;
        self.0.notices().hint("tracking.trace.log", "trace", id);
        Ok(ended)
    }

    /// A write to the traces of an experiment, of which the audit log has one event an hour.
    pub(super) async fn often<T, F>(&self, ctx: &Context, experiment: ExperimentId, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> futures::future::BoxFuture<'t, Result<T>> + Send + 'static,
    {
        let audit = Audit::new("tracking.trace.log", "experiment", experiment);
        let thing = format!("traces of {experiment}");
        self.0.mutate_often(ctx, Permission::WriteRuns, &thing, audit, work).await
    }

    /// One trace without its spans.
    pub async fn info(&self, ctx: &Context, id: &TraceId) -> Result<TraceInfo> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(find(&mut reader.conn(), id).await?.info)
    }

    /// One trace with the spans that are there.
    pub async fn get(&self, ctx: &Context, id: &TraceId) -> Result<Trace> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find(&mut conn, id).await?;
        let mut loaded = with_spans(&mut conn, vec![found]).await?;
        loaded.pop().ok_or_else(|| missing(id))
    }

    /// One trace with all the spans that its client announced; those that are on their way are waited for.
    pub async fn get_whole(&self, ctx: &Context, id: &TraceId) -> Result<Trace> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        // Listened to before the first look, so that nothing is missed in between.
        let mut news = self.0.notices().subscribe();
        loop {
            let found = self.get(ctx, id).await?;
            if is_complete(&found.info, &found.spans) {
                return Ok(found);
            }
            loop {
                match tokio::time::timeout_at(deadline, news.recv()).await {
                    Err(_) => return Err(Error::not_found("whole trace", id)),
                    Ok(Ok(notice)) if notice.noun == "trace" && notice.id == id.as_str() => break,
                    Ok(Ok(_)) => {}
                    // Some notices were missed: looking again tells.
                    Ok(Err(_)) => break,
                }
            }
        }
    }

    /// The contents of a trace's spans as they are kept.
    pub async fn contents(&self, ctx: &Context, id: &TraceId) -> Result<(TraceInfo, Vec<String>)> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = find(&mut conn, id).await?;
        let contents = span::contents(&mut conn, found.num).await?;
        Ok((found.info, contents))
    }

    /// The traces of these ids that there are, without spans, in the order of the ids.
    pub async fn infos(
        &self,
        ctx: &Context,
        ids: &[TraceId],
        experiments: Option<&[ExperimentId]>,
    ) -> Result<Vec<TraceInfo>> {
        check_count("trace_ids", ids.len())?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = trace::of_ids(&mut reader.conn(), ids, experiments).await?;
        Ok(found.into_iter().map(|found| found.info).collect())
    }

    /// The traces of these ids whose spans are all here, in the order of the ids.
    pub async fn batch(
        &self,
        ctx: &Context,
        ids: &[TraceId],
        experiments: Option<&[ExperimentId]>,
    ) -> Result<Vec<Trace>> {
        check_count("trace_ids", ids.len())?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let found = trace::of_ids(&mut conn, ids, experiments).await?;
        let mut loaded = with_spans(&mut conn, found).await?;
        loaded.retain(|trace| is_complete(&trace.info, &trace.spans));
        Ok(loaded)
    }

    /// A page of the traces that match, without spans.
    pub async fn search(&self, ctx: &Context, request: &SearchRequest) -> Result<Page<TraceInfo>> {
        let mut search = request.parse(Object::Traces, MAX_PAGE)?;
        search.view = View::All;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let newest = match search.newest {
            Some(newest) => newest,
            None => trace::newest(&mut conn).await?,
        };
        search.newest = Some(newest);
        let found = db::search::traces(&mut conn, &search).await?;
        let place = Place { offset: search.offset, newest: Some(newest) };
        Ok(Page::cut_at(found, place, request.max_results))
    }

    /// How much two filters go together among the traces of experiments that meet a third, if there is one.
    pub async fn correlation(
        &self,
        ctx: &Context,
        experiments: Vec<ExperimentId>,
        base: &str,
        filters: [&str; 2],
    ) -> Result<Correlation> {
        let filter = parse_filter(Object::Traces, base)?;
        let [first, second] = filters.map(|text| parse_filter(Object::Traces, text));
        let (first, second) = (first?, second?);
        let search = Search { experiments, filter, ..Search::default() };
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let filters = [first.as_ref(), second.as_ref()];
        Ok(db::search::correlate_traces(&mut reader.conn(), &search, filters).await?)
    }

    /// Figures over many traces.
    pub async fn metrics(&self, ctx: &Context, query: &MetricQuery) -> Result<Vec<MetricPoint>> {
        query.check()?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(trace_metric::query(&mut reader.conn(), query).await?)
    }

    /// Sets a tag; that of the name renames the trace.
    pub async fn set_tag(&self, ctx: &Context, id: &TraceId, key: &str, value: &str) -> Result<()> {
        check_free(key, "set")?;
        check_key(key, "key", MAX_KEY_LEN)?;
        let (key, value) = (key.to_owned(), value.to_owned());
        if key == NAME_TAG {
            checked_name(value.clone())?;
        }
        self.change(ctx, id, "tracking.trace.tag", serde_json::json!({"key": key}), move |conn, found| {
            Box::pin(async move {
                if key == NAME_TAG {
                    return Ok(trace::rename(conn, found.num, Some(&value)).await?);
                }
                if found.info.tags.len() >= MAX_ENTRIES && !found.info.tags.contains_key(&key) {
                    return Err(Error::invalid("key", format!("A trace has at most {MAX_ENTRIES} tags.")));
                }
                Ok(trace::set_tag(conn, found.num, &key, &cut(value, MAX_TAG_LEN)).await?)
            })
        })
        .await
    }

    /// Removes a tag; that of the name takes the name away.
    pub async fn delete_tag(&self, ctx: &Context, id: &TraceId, key: &str) -> Result<()> {
        check_free(key, "deleted")?;
        let key = key.to_owned();
        self.change(ctx, id, "tracking.trace.untag", serde_json::json!({"key": key}), move |conn, found| {
            Box::pin(async move {
                let there = if key == NAME_TAG {
                    trace::rename(conn, found.num, None).await?;
                    found.info.name.is_some()
                } else {
                    trace::delete_tag(conn, found.num, &key).await?
                };
                if there {
                    return Ok(());
                }
                Err(Error::not_found("trace tag", format!("{key} of {}", found.info.id)))
            })
        })
        .await
    }

    /// Deletes traces for good; how many.
    pub async fn delete(&self, ctx: &Context, doomed: Doomed) -> Result<u64> {
        doomed.check()?;
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let deleted = trace::delete(conn, &doomed).await?;
                    let ids: Vec<&str> = doomed.ids.iter().take(MAX_LINKS).map(TraceId::as_str).collect();
                    let detail = serde_json::json!({"traces": deleted, "ids": ids, "until_ms": doomed.until});
                    let audit = Audit::new("tracking.trace.delete", "experiment", doomed.experiment);
                    Ok((deleted, audit.detail(detail)))
                })
            })
            .await
    }

    /// Links traces to a run; those that there are not are passed over.
    pub async fn link_run(&self, ctx: &Context, run_id: &Id, ids: Vec<TraceId>) -> Result<()> {
        if ids.len() > MAX_LINKS {
            let count = ids.len();
            let reason = format!(
                "Cannot link more than {MAX_LINKS} traces to a run in a single request. Provided {count} traces."
            );
            return Err(Error::invalid("trace_ids", reason));
        }
        let run_id = run_id.clone();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    if run::get(conn, &run_id).await?.is_none() {
                        return Err(Error::not_found("run", &run_id));
                    }
                    trace::link_run(conn, run_id.as_str(), &ids).await?;
                    let detail = serde_json::json!({"traces": ids.len()});
                    Ok(((), Audit::new("tracking.trace.link", "run", &run_id).detail(detail)))
                })
            })
            .await
    }

    /// Links versions of prompts to a trace.
    pub async fn link_prompts(&self, ctx: &Context, id: &TraceId, prompts: Vec<(String, i64)>) -> Result<()> {
        if prompts.len() > MAX_PROMPTS {
            let reason = format!("At most {MAX_PROMPTS} prompt versions can be linked at once.");
            return Err(Error::invalid("prompt_versions", reason));
        }
        let prompts: Vec<String> =
            prompts.into_iter().map(|(name, version)| format!("{name}/{version}")).collect();
        let detail = serde_json::json!({"prompts": prompts});
        self.change(ctx, id, "tracking.trace.link_prompt", detail, move |conn, found| {
            Box::pin(async move { Ok(trace::link_prompts(conn, found.num, &prompts).await?) })
        })
        .await
    }

    /// Runs one change of a trace that is there.
    pub(super) async fn change<T, F>(
        &self,
        ctx: &Context,
        id: &TraceId,
        action: &'static str,
        detail: serde_json::Value,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>, Numbered) -> futures::future::BoxFuture<'t, Result<T>>
            + Send
            + 'static,
    {
        let id = id.clone();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let found = trace::lock(conn, &id).await?.ok_or_else(|| missing(&id))?;
                    let value = work(conn, found).await?;
                    Ok((value, Audit::new(action, "trace", &id).detail(detail)))
                })
            })
            .await
    }
}

/// Gives an assessment the id that it lacks.
pub(super) fn settle(ctx: &Context, assessment: Assessment) -> Assessment {
    if !assessment.id.is_empty() {
        return assessment;
    }
    Assessment { id: public_id(&ctx.new_id()), ..assessment }
}

/// Where a trace keeps its files.
pub(super) fn place(location: &str, id: &TraceId) -> String {
    format!("{location}/traces/{id}/artifacts")
}

pub(super) fn missing(id: &TraceId) -> Error {
    Error::not_found("trace", id)
}

pub(super) fn too_many_assessments(id: &TraceId) -> Error {
    Error::invalid(
        "assessments",
        format!("The trace {id} would have more than {MAX_ASSESSMENTS} assessments."),
    )
}

async fn find(conn: &mut Conn<'_>, id: &TraceId) -> Result<Numbered> {
    trace::get(conn, id).await?.ok_or_else(|| missing(id))
}

/// The trace that was in the way of a new one. It is gone when somebody deleted it meanwhile.
pub(super) async fn locked(conn: &mut Conn<'_>, id: &TraceId) -> Result<Numbered> {
    trace::lock(conn, id).await?.ok_or_else(|| Error::Unavailable {
        what: format!("the trace {id} was deleted while it was written: send it again"),
    })
}

/// No client writes over an assessment of another trace.
pub(super) async fn check_owner(conn: &mut Conn<'_>, trace: i64, assessment: &Assessment) -> Result<()> {
    match assessment::owner(conn, &assessment.id).await? {
        Some(owner) if owner != trace => {
            Err(Error::AlreadyExists { noun: "assessment", id: assessment.id.clone() })
        }
        _ => Ok(()),
    }
}

async fn with_spans(conn: &mut Conn<'_>, found: Vec<Numbered>) -> Result<Vec<Trace>> {
    let keys: Vec<(i64, TraceId)> = found.iter().map(|found| (found.num, found.info.id.clone())).collect();
    let mut spans = span::of_traces(conn, &keys).await?;
    Ok(found
        .into_iter()
        .map(|found| Trace { spans: spans.remove(&found.num).unwrap_or_default(), info: found.info })
        .collect())
}

fn check_free(key: &str, operation: &str) -> Result<()> {
    // Clearing the note of a failure is how a client asks for another try.
    let cleared = operation == "deleted" && key == "mlflow.trace.archivalFailure";
    if FIXED_TAGS.contains(&key) && !cleared {
        let reason = format!("Tag '{key}' is immutable and cannot be {operation} on a trace.");
        return Err(Error::invalid("key", reason));
    }
    Ok(())
}

fn check_count(field: &'static str, count: usize) -> Result<()> {
    if i64::try_from(count).unwrap_or(i64::MAX) > MAX_PAGE {
        return Err(Error::invalid(field, format!("At most {MAX_PAGE} traces can be fetched at once.")));
    }
    Ok(())
}
