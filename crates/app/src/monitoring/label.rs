//! Labels: what turned out to be true, by prediction id; late, in part, corrected, sent twice.

use std::collections::HashSet;

use db::monitoring::label::{self, Stored};
use domain::governance::role::Permission;
use domain::monitoring::label::{Label, LabelOutcome};
use domain::pipelines::event::{EventKind, NewEvent};
use domain::{Id, Name};
use serde_json::{Value, json};

use crate::{App, Audit, Context, Error, Result};

/// Most labels of one call.
pub const MAX_LABELS: usize = 100_000;
/// Predictions whose ids are less than this apart are looked up together, in milliseconds.
const NEAR_MS: i64 = 600_000;

/// Labels as a view on [`App`].
pub struct Labels<'a>(&'a App);

impl App {
    /// The labels.
    pub fn labels(&self) -> Labels<'_> {
        Labels(self)
    }
}

impl Labels<'_> {
    /// Adds labels to predictions of a deployment. Sending the same again changes nothing; a later one corrects;
    /// ids that the deployment never answered are reported and nothing else is held up by them.
    pub async fn add(&self, ctx: &Context, deployment: &Name, labels: Vec<Label>) -> Result<LabelOutcome> {
        self.0.authorize(ctx, Permission::WriteMonitoring).await?;
        if labels.len() > MAX_LABELS {
            let limit =
                format!("{MAX_LABELS} labels in one call, these are {}: send them in parts", labels.len());
            return Err(Error::LimitReached { limit });
        }
        if let Some(bad) = labels.iter().find(|label| !is_label(&label.value)) {
            let reason =
                format!("{} is no label: a number, true, false or a class name is needed", bad.value);
            return Err(Error::invalid(format!("label of {}", bad.prediction_id), reason));
        }
        let known = self.known(ctx, deployment, &labels).await?;
        let (labels, unknown): (Vec<Label>, Vec<Label>) =
            labels.into_iter().partition(|label| known.contains(&label.prediction_id));
        let unknown: Vec<Id> = unknown.into_iter().map(|label| label.prediction_id).collect();
        let (name, now, id) = (deployment.to_string(), ctx.now(), ctx.new_id());
        self.0
            .mutate(ctx, Permission::WriteMonitoring, move |conn| {
                Box::pin(async move {
                    let mut outcome = LabelOutcome { unknown, ..LabelOutcome::default() };
                    for label in &labels {
                        let predicted = label.prediction_id.created();
                        match label::put(conn, &name, label, predicted, now).await? {
                            Stored::Added => outcome.added += 1,
                            Stored::Corrected => outcome.corrected += 1,
                            Stored::Unchanged => outcome.unchanged += 1,
                            Stored::Outdated => outcome.outdated += 1,
                        }
                    }
                    let counts = json!({
                        "added": outcome.added, "corrected": outcome.corrected, "unchanged": outcome.unchanged,
                        "outdated": outcome.outdated, "unknown": outcome.unknown.len(),
                    });
                    if outcome.added + outcome.corrected > 0 {
                        let event = NewEvent::new(EventKind::LabelsAdded, &name, counts.clone());
                        db::pipelines::event::append(conn, &id, now, event).await?;
                    }
                    Ok((outcome, Audit::new("monitoring.label.add", "label", &name).detail(counts)))
                })
            })
            .await
    }

    /// The label of a prediction, if it is known.
    pub async fn get(&self, ctx: &Context, prediction: &Id) -> Result<Option<Label>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(label::get(&mut reader.conn(), prediction).await?)
    }

    /// Which of the labels' predictions the deployment has answered. Ids hold their time, so near ones are looked
    /// up in one stretch of the log.
    async fn known(&self, ctx: &Context, deployment: &Name, labels: &[Label]) -> Result<HashSet<Id>> {
        let mut times: Vec<_> = labels.iter().map(|label| label.prediction_id.created()).collect();
        times.sort_unstable();
        let wanted: HashSet<&Id> = labels.iter().map(|label| &label.prediction_id).collect();
        let mut known = HashSet::new();
        let mut from = 0;
        for position in 1..=times.len() {
            let ends = times.get(position).is_none_or(|next| next.since(times[position - 1]) > NEAR_MS);
            if ends {
                let to = times[position - 1].plus_millis(1);
                let found = self.0.predictions().window(ctx, deployment, times[from], to).await?;
                known.extend(found.into_iter().map(|row| row.id).filter(|id| wanted.contains(id)));
                from = position;
            }
        }
        Ok(known)
    }
}

fn is_label(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
}
