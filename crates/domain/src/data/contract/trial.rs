//! How often each rule would have fired on versions that there were.

use crate::data::violation::{Severity, Violation};

/// A rule that some version breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// The rule, as [`Violation::rule`] has it.
    pub rule: String,
    /// The column, unless it is about the table.
    pub column: Option<String>,
    /// What it does.
    pub severity: Severity,
    /// Where it stands.
    pub place: Option<String>,
    /// How many versions break it.
    pub versions: u64,
    /// The first of them.
    pub first: String,
    /// The last of them.
    pub last: String,
    /// What was said of the last.
    pub example: String,
}

/// The rules that versions break, the most frequent first; versions come with their names, the newest first.
pub fn fired<'a>(versions: impl IntoIterator<Item = (String, &'a [Violation])>) -> Vec<Fired> {
    let mut all: Vec<Fired> = Vec::new();
    for (version, violations) in versions {
        for violation in violations {
            let same = |known: &&mut Fired| {
                known.rule == violation.rule
                    && known.column == violation.column
                    && known.place == violation.place
            };
            match all.iter_mut().find(same) {
                // Several files of one version may break a rule.
                Some(known) if known.first == version => {}
                Some(known) => {
                    known.versions += 1;
                    known.first.clone_from(&version);
                }
                None => all.push(Fired {
                    rule: violation.rule.clone(),
                    column: violation.column.clone(),
                    severity: violation.severity,
                    place: violation.place.clone(),
                    versions: 1,
                    first: version.clone(),
                    last: version.clone(),
                    example: violation.message.clone(),
                }),
            }
        }
    }
    all.sort_by_key(|rule| std::cmp::Reverse(rule.versions));
    all
}
