//! A number predicted: errors, and how much of the variation is explained.

use super::{
    MetricError, Values, check_finite, check_len, check_weights, put, ratio, sum, weight, weighted_mean,
};

/// Every regression metric of `predicted` against `actual`.
pub fn evaluate(actual: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> Result<Values, MetricError> {
    if actual.is_empty() {
        return Err(MetricError::Empty);
    }
    let rows = actual.len();
    check_len("predictions", predicted.len(), rows)?;
    check_finite("label", actual)?;
    check_finite("prediction", predicted)?;
    check_weights(weights, rows)?;
    let mean = |value: &dyn Fn(usize) -> f64| weighted_mean(rows, weights, value);
    let error = |row: usize| predicted[row] - actual[row];
    let mse = mean(&|row| error(row).powi(2));
    let mut values = Values::new();
    values.insert("rows".to_owned(), rows as f64);
    put(&mut values, "mae", Some(mean(&|row| error(row).abs())));
    put(&mut values, "mse", Some(mse));
    put(&mut values, "rmse", Some(mse.sqrt()));
    put(&mut values, "bias", Some(mean(&error)));
    let centre = mean(&|row| actual[row]);
    let spread = mean(&|row| (actual[row] - centre).powi(2));
    put(&mut values, "r2", ratio(mse, spread).map(|share| 1.0 - share));
    let errors: Vec<f64> = (0..rows).map(|row| error(row).abs()).collect();
    put(&mut values, "median_absolute_error", Some(weighted_median(&errors, weights)));
    let relative = |row: usize| error(row).abs() / actual[row].abs().max(f64::EPSILON);
    put(&mut values, "mape", Some(mean(&relative)));
    let symmetric =
        |row: usize| ratio(2.0 * error(row).abs(), actual[row].abs() + predicted[row].abs()).unwrap_or(0.0);
    put(&mut values, "smape", Some(mean(&symmetric)));
    put(&mut values, "wape", ratio(mean(&|row| error(row).abs()), mean(&|row| actual[row].abs())));
    if actual.iter().chain(predicted).all(|value| *value > -1.0) {
        let logarithmic = mean(&|row| (predicted[row].ln_1p() - actual[row].ln_1p()).powi(2));
        put(&mut values, "rmsle", Some(logarithmic.sqrt()));
    }
    Ok(values)
}

/// Mean pinball loss of a predicted `quantile` (0..1).
pub fn pinball(
    actual: &[f64],
    predicted: &[f64],
    quantile: f64,
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    if actual.is_empty() {
        return Err(MetricError::Empty);
    }
    check_len("predictions", predicted.len(), actual.len())?;
    check_weights(weights, actual.len())?;
    Ok(weighted_mean(actual.len(), weights, |row| {
        let under = actual[row] - predicted[row];
        if under >= 0.0 { quantile * under } else { (quantile - 1.0) * under }
    }))
}

/// Share of rows whose label lies in the predicted interval, ends included.
pub fn coverage(
    actual: &[f64],
    low: &[f64],
    high: &[f64],
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    if actual.is_empty() {
        return Err(MetricError::Empty);
    }
    check_len("lower ends", low.len(), actual.len())?;
    check_len("upper ends", high.len(), actual.len())?;
    check_weights(weights, actual.len())?;
    Ok(weighted_mean(actual.len(), weights, |row| {
        f64::from(u8::from(low[row] <= actual[row] && actual[row] <= high[row]))
    }))
}

/// The value with half of the weight on either side; the mean of two neighbours when the half falls between them.
pub fn weighted_median(values: &[f64], weights: Option<&[f64]>) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).filter(|row| weight(weights, *row) > 0.0).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let half = sum(order.iter().map(|row| weight(weights, *row))) / 2.0;
    let mut reached = 0.0;
    for (position, row) in order.iter().copied().enumerate() {
        reached += weight(weights, row);
        if reached > half {
            return values[row];
        }
        if reached == half {
            let next = order.get(position + 1).copied().unwrap_or(row);
            return f64::midpoint(values[row], values[next]);
        }
    }
    order.last().map_or(f64::NAN, |row| values[*row])
}
