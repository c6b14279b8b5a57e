//! Use-cases of the tracking room.

pub mod artifact;
pub mod experiment;
pub mod logged_model;
pub mod metric;
pub mod run;

use db::search::Search;
use domain::search::{Object, page, parse_filter, parse_order};
use domain::tracking::experiment::{ExperimentId, View};
use domain::tracking::validation::Refusal;

use crate::Result;

/// What to search for, as a caller writes it.
#[derive(Clone, Debug, Default)]
pub struct SearchRequest {
    /// Only in these experiments; runs and logged models.
    pub experiments: Vec<ExperimentId>,
    /// Only in these lifecycle stages.
    pub view: View,
    /// What must hold, in the filter language.
    pub filter: String,
    /// In which order.
    pub order_by: Vec<String>,
    /// Items on a page.
    pub max_results: i64,
    /// Where the page starts.
    pub page_token: Option<String>,
}

impl SearchRequest {
    /// Parses everything; the search asks for one item more than a page, which tells whether there is a next one.
    pub(crate) fn parse(&self, object: Object, most: i64) -> Result<Search> {
        if self.max_results < 1 || self.max_results > most {
            let reason = if self.max_results < 1 {
                format!(
                    "Invalid value for request parameter max_results. It must be a positive integer, but got value {}",
                    self.max_results
                )
            } else {
                format!(
                    "Invalid value for request parameter max_results. It must be at most {most}, but got value {}",
                    self.max_results
                )
            };
            return Err(Refusal::new("max_results", reason).into());
        }
        Ok(Search {
            experiments: self.experiments.clone(),
            view: self.view,
            filter: parse_filter(object, &self.filter)?,
            order: parse_order(object, &self.order_by)?,
            offset: page::offset(self.page_token.as_deref())?,
            limit: self.max_results + 1,
        })
    }
}
