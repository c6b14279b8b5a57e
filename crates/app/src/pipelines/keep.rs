//! Which unit of a fan-out goes on.

use domain::pipelines::step::Keep;
use domain::pipelines::step_run::StepResult;

use crate::{Error, Result};

/// The result with the best value of the metric; ties go to the first unit.
pub(super) fn best<'a>(results: &'a [StepResult], keep: &Keep) -> Result<&'a StepResult> {
    let mut best: Option<(&StepResult, f64)> = None;
    for result in results {
        let Some(value) = result.metrics.get(&keep.metric).copied().filter(|value| !value.is_nan()) else {
            continue;
        };
        let better = best.is_none_or(
            |(_, so_far)| {
                if keep.higher_is_better { value > so_far } else { value < so_far }
            },
        );
        if better {
            best = Some((result, value));
        }
    }
    best.map(|(result, _)| result).ok_or_else(|| {
        let step = results.first().map_or("?", |result| result.step.as_str());
        let reason = format!("no unit logged the metric {:?} that `keep` compares", keep.metric);
        Error::invalid(format!("steps.{step}.keep"), reason)
    })
}
