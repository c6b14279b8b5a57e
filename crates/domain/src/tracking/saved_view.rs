//! Saved views: what somebody looks at in a list of runs, under a name.

use serde::{Deserialize, Serialize};

use super::experiment::ExperimentId;
use super::validation::Refusal;
use crate::search::{Object, parse_filter, parse_order};
use crate::{Id, Timestamp};

/// Most characters of a view's name.
pub const MAX_NAME_LEN: usize = 120;
/// Most columns of a view.
pub const MAX_COLUMNS: usize = 200;
/// Most characters of a column's key.
pub const MAX_KEY_LEN: usize = 500;
/// Pixels between which a column is wide.
pub const WIDTHS: std::ops::RangeInclusive<u32> = 40..=2_000;

/// A column of a list of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewColumn {
    /// `metrics.auc`, `params.lr`, `tags.team`, or an attribute such as `start_time`.
    pub key: String,
    /// Pixels; the page chooses when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
}

/// What a view shows, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// What must hold, in the filter language.
    #[serde(default)]
    pub filter: String,
    /// In which order.
    #[serde(default)]
    pub order_by: Vec<String>,
    /// The columns after the name, from left to right; the page chooses when there are none.
    #[serde(default)]
    pub columns: Vec<ViewColumn>,
    /// What runs are gathered by: `params.lr`, `tags.team`, `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<String>,
    /// Whether runs stand below the run that started them.
    #[serde(default)]
    pub nested: bool,
}

impl Layout {
    /// Checks that the filter and the order can be read, and the columns are within limits.
    pub fn check(&self) -> Result<(), Refusal> {
        parse_filter(Object::Runs, &self.filter)?;
        parse_order(Object::Runs, &self.order_by)?;
        if let Some(group) = &self.group_by {
            GroupBy::parse(group)?;
        }
        if self.columns.len() > MAX_COLUMNS {
            let given = self.columns.len();
            return Err(Refusal::new(
                "columns",
                format!("a view has at most {MAX_COLUMNS} columns, these are {given}"),
            ));
        }
        for (index, column) in self.columns.iter().enumerate() {
            if column.key.is_empty() || column.key.chars().count() > MAX_KEY_LEN {
                let reason = format!("a column's key has between 1 and {MAX_KEY_LEN} characters");
                return Err(Refusal::new(format!("columns[{index}].key"), reason));
            }
            if column.width.is_some_and(|width| !WIDTHS.contains(&width)) {
                let reason =
                    format!("a column is between {} and {} pixels wide", WIDTHS.start(), WIDTHS.end());
                return Err(Refusal::new(format!("columns[{index}].width"), reason));
            }
        }
        Ok(())
    }
}

/// What runs are gathered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// The value of a param.
    Param(String),
    /// The value of a tag.
    Tag(String),
    /// How they stand.
    Status,
    /// Who ran them.
    User,
    /// Their experiment.
    Experiment,
}

impl GroupBy {
    /// Takes `params.lr`, `tags.team`, `status`, `user` or `experiment`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let keyed = |key: &str, make: fn(String) -> Self| (!key.is_empty()).then(|| make(key.to_owned()));
        let found = match text.split_once('.') {
            Some(("params", key)) => keyed(key, Self::Param),
            Some(("tags", key)) => keyed(key, Self::Tag),
            None if text == "status" => Some(Self::Status),
            None if text == "user" => Some(Self::User),
            None if text == "experiment" => Some(Self::Experiment),
            _ => None,
        };
        let reason =
            || format!("{text:?} does not gather runs: use params.KEY, tags.KEY, status, user or experiment");
        found.ok_or_else(|| Refusal::new("group_by", reason()))
    }
}

/// A layout under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Who made it, and alone may change it.
    pub owner: String,
    /// Whether others see it.
    pub shared: bool,
    /// Of which experiment's runs; of all when absent.
    pub experiment: Option<ExperimentId>,
    /// What it shows.
    pub layout: Layout,
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
}

impl SavedView {
    /// Checks a view's name; it comes back without blanks around it.
    pub fn check_name(name: &str) -> Result<String, Refusal> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME_LEN || name.chars().any(char::is_control) {
            let reason = format!("a view's name has between 1 and {MAX_NAME_LEN} characters on one line");
            return Err(Refusal::new("name", reason));
        }
        Ok(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_that_cannot_be_read_is_refused_with_its_field() {
        let column = |key: &str, width| ViewColumn { key: key.to_owned(), width };
        let right = Layout {
            filter: "metrics.auc > 0.8 OR NOT (params.lr = '0.1')".to_owned(),
            order_by: vec!["metrics.auc DESC".to_owned()],
            columns: vec![column("metrics.auc", Some(120)), column("start_time", None)],
            group_by: Some("params.lr".to_owned()),
            nested: false,
        };
        assert_eq!(right.check(), Ok(()));
        let field = |layout: Layout| layout.check().unwrap_err().field;
        assert_eq!(field(Layout { filter: "metrics.auc >".to_owned(), ..right.clone() }), "filter");
        assert_eq!(field(Layout { order_by: vec!["color".to_owned()], ..right.clone() }), "order_by");
        assert_eq!(field(Layout { columns: vec![column("", None)], ..right.clone() }), "columns[0].key");
        assert_eq!(
            field(Layout { columns: vec![column("a", Some(3))], ..right.clone() }),
            "columns[0].width"
        );
        assert_eq!(field(Layout { group_by: Some("metrics.auc".to_owned()), ..right }), "group_by");
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(SavedView::check_name("  best of May ").unwrap(), "best of May");
        for bad in ["", " ", "a\nb", &"x".repeat(MAX_NAME_LEN + 1)] {
            assert!(SavedView::check_name(bad).is_err(), "{bad:?}");
        }
    }
}
