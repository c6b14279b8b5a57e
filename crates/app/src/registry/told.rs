//! What webhooks are told of the registry, in the transaction of each change.

use std::collections::BTreeMap;

use db::Conn;
use db::registry::{alias, model};
use domain::Timestamp;
use domain::governance::webhook::WebhookEvent;
use domain::registry::model::{Model, ModelName, PROMPT_TAG};
use domain::registry::model_version::ModelVersion;
use domain::tracking::param::Tag;
use serde_json::{Value, json};

use crate::Result;
use crate::governance::webhook::{Told, tell};

/// The tag that says what kind of prompt it is.
const PROMPT_TYPE_TAG: &str = "_mlflow_prompt_type";
/// The tag that holds a prompt's text.
const PROMPT_TEXT_TAG: &str = "mlflow.prompt.text";

fn optional(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::from(text) }
}

/// The tags without those that only say what kind of thing it is.
fn plain(tags: &[Tag], left_out: &[&str]) -> BTreeMap<String, String> {
    let kept = tags.iter().filter(|tag| !left_out.contains(&tag.key.as_str()));
    kept.map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// A model or a prompt is new.
pub(super) async fn model_created(conn: &mut Conn<'_>, made: &Model) -> Result<()> {
    let prompt = made.is_prompt();
    let left_out: &[&str] = if prompt { &[PROMPT_TAG, PROMPT_TYPE_TAG] } else { &[] };
    let data = json!({
        "name": made.name, "tags": plain(&made.tags, left_out), "description": made.description,
    });
    tell(conn, made.created, Told::new(prompt, WebhookEvent::ModelCreated, data)).await
}

/// A version of a model or prompt is new.
pub(super) async fn version_created(conn: &mut Conn<'_>, prompt: bool, version: &ModelVersion) -> Result<()> {
    let data = if prompt {
        let text = version.tags.iter().find(|tag| tag.key == PROMPT_TEXT_TAG);
        let left_out = [PROMPT_TAG, PROMPT_TYPE_TAG, PROMPT_TEXT_TAG];
        json!({
            "name": version.name, "version": version.version.to_string(), "template": text.map(|tag| &tag.value),
            "tags": plain(&version.tags, &left_out), "description": optional(&version.description),
        })
    } else {
        json!({
            "name": version.name, "version": version.version.to_string(), "source": version.source,
            "run_id": version.run, "tags": plain(&version.tags, &[]), "description": optional(&version.description),
        })
    };
    tell(conn, version.created, Told::new(prompt, WebhookEvent::VersionCreated, data)).await
}

/// A tag of a prompt was set, or removed when there is no value. Nobody is told of a model's tags.
pub(super) async fn tag_changed(
    conn: &mut Conn<'_>,
    now: Timestamp,
    name: &ModelName,
    (key, value): (&str, Option<&str>),
) -> Result<()> {
    if !model::is_prompt(conn, name.as_str()).await? {
        return Ok(());
    }
    let (event, data) = match value {
        Some(value) => (WebhookEvent::PromptTagSet, json!({"name": name, "key": key, "value": value})),
        None => (WebhookEvent::PromptTagDeleted, json!({"name": name, "key": key})),
    };
    tell(conn, now, Told { event, data }).await
}

/// A tag of a version was set, or removed when there is no value.
pub(super) async fn version_tag_changed(
    conn: &mut Conn<'_>,
    now: Timestamp,
    (name, version): (&ModelName, i64),
    (key, value): (&str, Option<&str>),
) -> Result<()> {
    let prompt = model::is_prompt(conn, name.as_str()).await?;
    let version = version.to_string();
    let (event, data) = match value {
        Some(value) => (
            WebhookEvent::VersionTagSet,
            json!({"name": name, "version": version, "key": key, "value": value}),
        ),
        None => (WebhookEvent::VersionTagDeleted, json!({"name": name, "version": version, "key": key})),
    };
    tell(conn, now, Told::new(prompt, event, data)).await
}

/// Moves an alias, puts it on record and tells of it; where it pointed before.
pub(crate) async fn move_alias(
    conn: &mut Conn<'_>,
    (name, num): (&ModelName, i64),
    step: alias::Move<'_>,
) -> Result<Option<i64>> {
    let (alias, version, now) = (step.alias.to_owned(), step.version, step.now);
    let previous = alias::apply(conn, num, step).await?;
    alias_told(conn, now, name, (&alias, version)).await?;
    Ok(previous)
}

/// Tells where an alias points now, or that it is gone.
pub(super) async fn alias_told(
    conn: &mut Conn<'_>,
    now: Timestamp,
    name: &ModelName,
    (alias, version): (&str, Option<i64>),
) -> Result<()> {
    let prompt = model::is_prompt(conn, name.as_str()).await?;
    let (event, data) = match version {
        Some(version) => (
            WebhookEvent::AliasCreated,
            json!({"name": name, "alias": alias, "version": version.to_string()}),
        ),
        None => (WebhookEvent::AliasDeleted, json!({"name": name, "alias": alias})),
    };
    tell(conn, now, Told::new(prompt, event, data)).await
}
