//! The serving room's part of `/metrics`: requests, failures and latencies of every version that is loaded.

use std::fmt::Write;

use app::App;
use app::serving::stats::LATENCY_BOUNDS_US;

/// The metrics of all routes in OpenMetrics' text format, without the closing line.
pub(crate) fn text(app: &App) -> String {
    let routes = app.deployments().tallies();
    let mut text = String::new();
    // Writing to a String does not fail.
    let _infallible = write(&mut text, app, &routes);
    text
}

fn write(text: &mut String, app: &App, routes: &[app::serving::deployment::RouteTally]) -> std::fmt::Result {
    let labels = |route: &app::serving::deployment::RouteTally| {
        let model = route.model.to_string().replace('\\', "\\\\").replace('"', "\\\"");
        format!("deployment=\"{}\",model=\"{model}\",version=\"{}\"", route.deployment, route.version)
    };
    writeln!(text, "# HELP volano_predictions Requests that a version answered, well or badly.")?;
    writeln!(text, "# TYPE volano_predictions counter")?;
    for route in routes {
        writeln!(text, "volano_predictions_total{{{}}} {}", labels(route), route.tally.requests)?;
    }
    writeln!(text, "# HELP volano_prediction_errors Requests that a version failed.")?;
    writeln!(text, "# TYPE volano_prediction_errors counter")?;
    for route in routes {
        writeln!(text, "volano_prediction_errors_total{{{}}} {}", labels(route), route.tally.errors)?;
    }
    writeln!(text, "# HELP volano_prediction_seconds Time from a request's arrival to its answer.")?;
    writeln!(text, "# TYPE volano_prediction_seconds histogram")?;
    for route in routes {
        let labels = labels(route);
        let mut below = 0;
        for (bound, count) in LATENCY_BOUNDS_US.iter().zip(route.tally.buckets) {
            below += count;
            let seconds = *bound as f64 / 1e6;
            writeln!(text, "volano_prediction_seconds_bucket{{{labels},le=\"{seconds}\"}} {below}")?;
        }
        let all = route.tally.requests;
        writeln!(text, "volano_prediction_seconds_bucket{{{labels},le=\"+Inf\"}} {all}")?;
        writeln!(text, "volano_prediction_seconds_sum{{{labels}}} {}", route.tally.sum_us as f64 / 1e6)?;
        writeln!(text, "volano_prediction_seconds_count{{{labels}}} {all}")?;
    }
    writeln!(
        text,
        "# HELP volano_predictions_unlogged Predictions that were answered but could not be logged."
    )?;
    writeln!(text, "# TYPE volano_predictions_unlogged counter")?;
    writeln!(text, "volano_predictions_unlogged_total {}", app.deployments().unlogged())
}
