//! Use-cases of the tracking room.

pub mod artifact;
pub mod artifact_part;
pub mod assessment;
pub mod dataset;
pub mod evaluation_dataset;
pub mod experiment;
pub(crate) mod hourly;
pub mod import;
pub mod logged_model;
pub mod metric;
pub(crate) mod points;
pub mod relocate;
pub mod run;
pub mod run_list;
pub mod saved_view;
pub mod scorer;
pub mod span;
pub mod trace;

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
            let given = self.max_results;
            let bound = if given < 1 { "a positive integer".to_owned() } else { format!("at most {most}") };
            let reason =
                format!("Invalid value {given} for parameter 'max_results' supplied. It must be {bound}");
            return Err(Refusal::new("max_results", reason).into());
        }
        let place = page::place(self.page_token.as_deref())?;
        Ok(Search {
            experiments: self.experiments.clone(),
            view: self.view,
            filter: parse_filter(object, &self.filter)?,
            order: parse_order(object, &self.order_by)?,
            newest: place.newest,
            offset: place.offset,
            limit: self.max_results + 1,
        })
    }
}
