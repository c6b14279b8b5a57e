//! Sums that keep their digits over millions of rows.

/// The sum by Neumaier's compensated algorithm: its error does not grow with the number of terms.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    total + lost
}

/// The weighted mean of `value(row)` over `rows` rows; NaN when the weights sum to zero.
pub fn weighted_mean(rows: usize, weights: Option<&[f64]>, value: impl Fn(usize) -> f64) -> f64 {
    let above = sum((0..rows).map(|row| super::weight(weights, row) * value(row)));
    let below = weights.map_or(rows as f64, |weights| sum(weights.iter().copied()));
    above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_beside_large_ones() {
        assert_eq!(sum([1e16, 1.0, -1e16, 1.0]), 2.0);
    }
}
