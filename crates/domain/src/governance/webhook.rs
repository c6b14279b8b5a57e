//! Webhooks: addresses that are told of changes in the registry, and each telling.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::tracking::validation::Refusal;
use crate::{Id, Timestamp};

/// Most characters of a webhook's name.
pub const MAX_NAME_LEN: usize = 63;
/// Most characters of a description.
pub const MAX_DESCRIPTION_LEN: usize = 1000;
/// Most bytes of a secret.
pub const MAX_SECRET_LEN: usize = 1000;
/// Tries until a delivery is given up.
pub const MAX_ATTEMPTS: i64 = 6;
/// Longest wait between two tries, in milliseconds.
pub const MAX_WAIT_MS: i64 = 10 * 60 * 1000;

macro_rules! events {
    ($($name:ident = $entity:literal $action:literal, $doc:literal;)*) => {
        /// What is told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum WebhookEvent {
            $(#[doc = $doc] $name),*
        }

        impl WebhookEvent {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The kind of thing.
            pub fn entity(self) -> &'static str {
                match self { $(Self::$name => $entity),* }
            }

            /// What happened to it.
            pub fn action(self) -> &'static str {
                match self { $(Self::$name => $action),* }
            }
        }
    };
}

events! {
    ModelCreated = "registered_model" "created", "A model was registered.";
    VersionCreated = "model_version" "created", "A version was registered.";
    VersionTagSet = "model_version_tag" "set", "A tag of a version was set.";
    VersionTagDeleted = "model_version_tag" "deleted", "A tag of a version was removed.";
    AliasCreated = "model_version_alias" "created", "An alias was pointed at a version.";
    AliasDeleted = "model_version_alias" "deleted", "An alias was removed.";
    PromptCreated = "prompt" "created", "A prompt was registered.";
    PromptVersionCreated = "prompt_version" "created", "A version of a prompt was registered.";
    PromptTagSet = "prompt_tag" "set", "A tag of a prompt was set.";
    PromptTagDeleted = "prompt_tag" "deleted", "A tag of a prompt was removed.";
    PromptVersionTagSet = "prompt_version_tag" "set", "A tag of a prompt's version was set.";
    PromptVersionTagDeleted = "prompt_version_tag" "deleted", "A tag of a prompt's version was removed.";
    PromptAliasCreated = "prompt_alias" "created", "An alias was pointed at a prompt's version.";
    PromptAliasDeleted = "prompt_alias" "deleted", "An alias of a prompt was removed.";
    BudgetExceeded = "budget_policy" "exceeded", "A budget was exceeded; nothing here has budgets, so it is never told.";
}

impl WebhookEvent {
    /// `model_version.created`.
    pub fn name(self) -> String {
        format!("{}.{}", self.entity(), self.action())
    }

    /// From its two words.
    pub fn of(entity: &str, action: &str) -> Result<Self, Refusal> {
        let same = |event: &&Self| event.entity() == entity && event.action() == action;
        if let Some(found) = Self::ALL.iter().find(same) {
            return Ok(*found);
        }
        let of_entity = Self::ALL.iter().filter(|event| event.entity() == entity);
        let mut actions: Vec<String> = of_entity.map(|event| format!("'{}'", event.action())).collect();
        actions.sort_unstable();
        let reason = format!(
            "Invalid action '{action}' for entity '{entity}'. Valid actions are: [{}]",
            actions.join(", ")
        );
        Err(Refusal::new("events", reason))
    }

    /// From `model_version.created`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match text.split_once('.') {
            Some((entity, action)) => Self::of(entity, action),
            None => Err(Refusal::new(
                "events",
                format!(
                    "Invalid event string format: {text}. Expected format: 'entity.action' (e.g., \
                     'registered_model.created')"
                ),
            )),
        }
    }

    /// The event that takes this one's place when the thing is a prompt.
    #[must_use]
    pub fn of_prompt(self) -> Self {
        match self {
            Self::ModelCreated => Self::PromptCreated,
            Self::VersionCreated => Self::PromptVersionCreated,
            Self::VersionTagSet => Self::PromptVersionTagSet,
            Self::VersionTagDeleted => Self::PromptVersionTagDeleted,
            Self::AliasCreated => Self::PromptAliasCreated,
            Self::AliasDeleted => Self::PromptAliasDeleted,
            other => other,
        }
    }

    /// The data of a test.
    pub fn example(self) -> Value {
        let prompt = self.entity().starts_with("prompt");
        let name = if prompt { "example_prompt" } else { "example_model" };
        let tags = json!({"example_key": "example_value"});
        match self {
            Self::ModelCreated => {
                json!({"name": name, "tags": tags, "description": "An example registered model"})
            }
            Self::PromptCreated => json!({"name": name, "tags": tags, "description": "An example prompt"}),
            Self::VersionCreated => json!({
                "name": name, "version": "1", "source": "models:/123", "run_id": "abcd1234abcd5678", "tags": tags,
                "description": "An example model version",
            }),
            Self::PromptVersionCreated => json!({
                "name": name, "version": "1", "template": "Hello {{name}}!", "tags": tags,
                "description": "An example prompt version",
            }),
            Self::VersionTagSet | Self::PromptVersionTagSet => {
                json!({"name": name, "version": "1", "key": "example_key", "value": "example_value"})
            }
            Self::VersionTagDeleted | Self::PromptVersionTagDeleted => {
                json!({"name": name, "version": "1", "key": "example_key"})
            }
            Self::PromptTagSet => json!({"name": name, "key": "example_key", "value": "example_value"}),
            Self::PromptTagDeleted => json!({"name": name, "key": "example_key"}),
            Self::AliasCreated | Self::PromptAliasCreated => {
                json!({"name": name, "alias": "example_alias", "version": "1"})
            }
            Self::AliasDeleted | Self::PromptAliasDeleted => json!({"name": name, "alias": "example_alias"}),
            Self::BudgetExceeded => json!({
                "budget_policy_id": "bp-abc123", "budget_unit": "USD", "budget_amount": 100.0,
                "current_spend": 105.5, "duration_unit": "MONTHS", "duration_value": 1, "target_scope": "ENDPOINT",
                "workspace": "default", "target_value": "ep-abc123", "window_start": 1_704_067_200_000_i64,
            }),
        }
    }
}

/// Whether a webhook is told anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// It is.
    #[default]
    Active,
    /// It is not.
    Disabled,
}

/// An address that is told of changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its id.
    pub id: Id,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where it is told.
    pub url: String,
    /// Of what.
    pub events: Vec<WebhookEvent>,
    /// Whether at all.
    pub status: WebhookStatus,
    /// The sealed secret that its tellings are signed with, if it has one.
    pub secret: Option<Vec<u8>>,
    /// Who made it.
    pub creator: String,
    /// When.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
}

/// How a delivery stands.
///
/// ```text
/// pending ──► delivered
///    └──────► failed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Still to be told, or told again.
    Pending,
    /// The other side said yes.
    Delivered,
    /// The other side said no, or was not reached in [`MAX_ATTEMPTS`] tries.
    Failed,
}

impl DeliveryState {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// One telling.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id, which the other side knows repeats by.
    pub id: Id,
    /// The webhook.
    pub webhook: Id,
    /// `model_version.created`.
    pub event: String,
    /// The body, the same at every try.
    pub payload: String,
    /// How it stands.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: i64,
    /// When it is tried next.
    pub next: Timestamp,
    /// When the change happened.
    pub created: Timestamp,
    /// When it came to its end.
    pub finished: Option<Timestamp>,
    /// The last HTTP status.
    pub status: Option<i64>,
    /// What was wrong at the last try; empty when nothing was.
    pub error: String,
}

/// Checks a name: letters, digits, `.`, `_`, `-`, a letter or digit at both ends.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let ends = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if ends && name.len() <= MAX_NAME_LEN && name.chars().all(inner) {
        return Ok(());
    }
    let reason = format!(
        "Webhook name '{name}' is invalid. It must start and end with a letter or digit, be less than 63 characters \
         long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-)."
    );
    Err(Refusal::new("name", reason))
}

/// How long to wait after `attempts` tries, in milliseconds: 1 s, 4 s, 16 s, … at most [`MAX_WAIT_MS`]; what the other
/// side asks for goes before, within the same limit.
pub fn wait_ms(attempts: i64, retry_after: Option<u64>) -> i64 {
    let asked = retry_after.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1000));
    let own = 1000_i64.saturating_mul(4_i64.saturating_pow(u32::try_from(attempts - 1).unwrap_or(0)));
    asked.unwrap_or(own).clamp(1000, MAX_WAIT_MS)
}

/// Whether an HTTP status asks to be tried again.
pub fn is_temporary(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_written_as_its_two_words() {
        for event in WebhookEvent::ALL {
            assert_eq!(WebhookEvent::parse(&event.name()).unwrap(), *event);
            assert!(event.example().is_object());
        }
        let refusal = WebhookEvent::of("model_version", "updated").unwrap_err();
        assert_eq!(
            refusal.reason,
            "Invalid action 'updated' for entity 'model_version'. Valid actions are: ['created']"
        );
        assert!(WebhookEvent::parse("model_version").is_err());
    }

    #[test]
    fn a_name_begins_and_ends_with_a_letter_or_digit() {
        for good in ["a", "ci.hook_1-b", &"n".repeat(63)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a.", "a b", "ü", &"n".repeat(64), "a\n"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_wait_grows_and_has_an_end() {
        let waits: Vec<i64> = (1..=MAX_ATTEMPTS).map(|attempts| wait_ms(attempts, None)).collect();
        assert_eq!(waits, [1000, 4000, 16_000, 64_000, 256_000, 600_000]);
        assert_eq!(wait_ms(1, Some(30)), 30_000);
        assert_eq!(wait_ms(1, Some(u64::MAX)), 1000);
        assert_eq!(wait_ms(1, Some(100_000)), MAX_WAIT_MS);
        assert_eq!(wait_ms(i64::MAX, None), 1000);
    }
}
