//! How much two filters of traces go together.

/// How many traces there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correlation {
    /// All that are looked at.
    pub total: i64,
    /// Those that the first filter matches.
    pub first: i64,
    /// Those that the second filter matches.
    pub second: i64,
    /// Those that both match.
    pub both: i64,
}

/// What is added to each cell of the smoothed figure: Jeffreys' prior.
const PRIOR: f64 = 0.5;

impl Correlation {
    /// Normalized pointwise mutual information, from -1 (never together) through 0 (independent) to 1 (always together);
    /// `None` when one of the filters matches nothing.
    ///
    /// `ln(p(xy) / (p(x) p(y))) / -ln p(xy)`: Bouma, "Normalized (Pointwise) Mutual Information in Collocation Extraction",
    /// 2009.
    pub fn npmi(&self) -> Option<f64> {
        if self.both == 0 && self.first > 0 && self.second > 0 && self.cells().is_some() {
            return Some(-1.0);
        }
        self.with(0.0)
    }

    /// The same after half a trace more of each of the four kinds: steadier when there are few.
    pub fn npmi_smoothed(&self) -> Option<f64> {
        self.with(PRIOR)
    }

    /// Both, only the first, only the second, neither; `None` when they do not fit together or a filter matches nothing.
    fn cells(&self) -> Option<[i64; 4]> {
        let cells = [
            self.both,
            self.first - self.both,
            self.second - self.both,
            self.total - self.first - self.second + self.both,
        ];
        let defined = self.first > 0 && self.second > 0 && cells.iter().all(|cell| *cell >= 0);
        defined.then_some(cells)
    }

    #[expect(clippy::cast_precision_loss, reason = "no database has 2^53 traces")]
    fn with(&self, prior: f64) -> Option<f64> {
        let cells = self.cells()?;
        if cells[1..] == [0, 0, 0] {
            return Some(1.0);
        }
        let [both, first, second, neither] = cells.map(|cell| cell as f64 + prior);
        let together = (both / (both + first + second + neither)).ln();
        let apart = ((both + first) / both).ln() + ((both + second) / both).ln();
        // ln p(xy) - ln p(x) - ln p(y), with the total taken out: the marginals are told as multiples of `both`.
        Some(((-together - apart) / -together).clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(both: i64, first: i64, second: i64, total: i64) -> Correlation {
        Correlation { total, first, second, both }
    }

    #[test]
    fn what_always_or_never_goes_together_is_at_the_ends() {
        assert_eq!(of(0, 10, 10, 100).npmi(), Some(-1.0));
        assert_eq!(of(7, 7, 7, 7).npmi(), Some(1.0));
        assert_eq!(of(7, 7, 7, 7).npmi_smoothed(), Some(1.0));
        assert!((of(5, 5, 5, 100).npmi().unwrap() - 1.0).abs() < 1e-12);
        assert!(of(25, 50, 50, 100).npmi().unwrap().abs() < 1e-12);
    }

    #[test]
    fn what_matches_nothing_or_cannot_be_has_no_figure() {
        for one in [of(0, 0, 5, 10), of(0, 5, 0, 10), of(0, 0, 0, 0), of(6, 5, 7, 10), of(1, 8, 8, 10)] {
            assert_eq!((one.npmi(), one.npmi_smoothed()), (None, None), "{one:?}");
        }
    }
}
