//! Aliases: names that point at one version of a model, and the history of where they pointed.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::tracking::validation::Refusal;

/// Most characters of an alias.
pub const MAX_ALIAS_LEN: usize = 255;

/// Most characters of the reason for a move.
pub const MAX_REASON_LEN: usize = 2000;

/// The alias of the version that is served.
pub const CHAMPION: &str = "champion";
/// The alias of the version that is being tried.
pub const CHALLENGER: &str = "challenger";

/// Where an alias points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasTarget {
    /// The alias.
    pub alias: String,
    /// The version's number.
    pub version: i64,
}

/// What happened to an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasChange {
    /// It was pointed at a version.
    Set,
    /// It went back to where it pointed before.
    RolledBack,
    /// It was removed.
    Removed,
}

/// One line of an alias's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AliasEvent {
    /// The alias.
    pub alias: String,
    /// What happened.
    pub change: AliasChange,
    /// Where it points since, if anywhere.
    pub version: Option<i64>,
    /// Where it pointed before, if anywhere.
    pub previous: Option<i64>,
    /// When.
    pub time: Timestamp,
    /// Who did it.
    pub actor: String,
    /// Why, in the words of whoever did it; empty when they did not say.
    pub reason: String,
}

/// Checks the reason for a move: at most [`MAX_REASON_LEN`] characters.
pub fn check_reason(reason: &str) -> Result<(), Refusal> {
    crate::tracking::validation::check_length(reason, "reason", MAX_REASON_LEN)
}

/// The word that stands for the newest version wherever an alias is read.
pub const LATEST: &str = "latest";

/// Checks an alias that is to be set: as [`check_alias_text`], and `latest` and `v3` mean something else.
pub fn check_alias(alias: &str) -> Result<(), Refusal> {
    let refuse = |why: String| Err(Refusal::new("alias", why));
    check_alias_text(alias)?;
    if alias.eq_ignore_ascii_case(LATEST) {
        return refuse("'latest' alias name (case insensitive) is reserved.".to_owned());
    }
    let number = alias.strip_prefix(['v', 'V']);
    if number.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())) {
        return refuse(format!("Version alias name '{alias}' is reserved."));
    }
    Ok(())
}

/// Checks that a text could be an alias: letters, digits, `_` and `-`.
pub fn check_alias_text(alias: &str) -> Result<(), Refusal> {
    let refuse = |why: String| Err(Refusal::new("alias", why));
    if alias.is_empty() {
        return refuse("Registered model alias name cannot be empty.".to_owned());
    }
    if !alias.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return refuse(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        ));
    }
    crate::tracking::validation::check_length(alias, "Registered model alias name", MAX_ALIAS_LEN)
}

/// Where a rollback of an alias goes, given its history, oldest first: the target before the present one. Each
/// rollback undoes one move, so that two of them go back two.
pub fn rollback_target(history: &[AliasEvent]) -> Option<i64> {
    let mut targets: Vec<i64> = Vec::new();
    for event in history {
        match (event.change, event.version) {
            (AliasChange::RolledBack, _) => {
                targets.pop();
            }
            (AliasChange::Set, Some(version)) if targets.last() != Some(&version) => targets.push(version),
            (AliasChange::Set | AliasChange::Removed, _) => {}
        }
    }
    targets.pop()?;
    targets.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(change: AliasChange, version: i64) -> AliasEvent {
        AliasEvent {
            alias: CHAMPION.to_owned(),
            change,
            version: Some(version),
            previous: None,
            time: Timestamp::from_millis(0),
            actor: "local".to_owned(),
            reason: String::new(),
        }
    }

    #[test]
    fn each_rollback_undoes_one_move() {
        use AliasChange::{RolledBack, Set};
        let mut history = vec![event(Set, 1)];
        assert_eq!(rollback_target(&history), None);
        history.push(event(Set, 2));
        history.push(event(Set, 2));
        history.push(event(Set, 3));
        assert_eq!(rollback_target(&history), Some(2));
        history.push(event(RolledBack, 2));
        assert_eq!(rollback_target(&history), Some(1));
        history.push(event(RolledBack, 1));
        assert_eq!(rollback_target(&history), None);
        history.push(event(Set, 4));
        assert_eq!(rollback_target(&history), Some(1));
    }

    #[test]
    fn words_with_a_meaning_of_their_own_are_no_aliases() {
        assert!(check_alias("champion_2-a").is_ok());
        for bad in ["", "latest", "Latest", "v3", "a b", "a@b"] {
            assert!(check_alias(bad).is_err(), "{bad:?}");
        }
    }
}
