//! Pearson correlations of pairs of numeric columns, in one pass, mergeable.

use domain::data::profile::Correlation;
use serde::{Deserialize, Serialize};

/// Columns whose pairs are followed at the most: the work grows with its square.
const MAX_COLUMNS: usize = 32;
/// Rows that a pair needs before its correlation means anything.
const MIN_ROWS: u64 = 3;

/// The co-moments of all pairs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Pairs(Vec<Pair>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pair {
    a: String,
    b: String,
    sums: Sums,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Sums {
    count: u64,
    mean_a: f64,
    mean_b: f64,
    aa: f64,
    bb: f64,
    ab: f64,
}

impl Pairs {
    /// Adds a batch: columns of one length, a missing number is not finite.
    pub(super) fn add(&mut self, columns: &[(&str, Vec<f64>)]) {
        let columns = &columns[..columns.len().min(MAX_COLUMNS)];
        for (index, (a, left)) in columns.iter().enumerate() {
            for (b, right) in &columns[index + 1..] {
                let mut sums = Sums::default();
                for (x, y) in left.iter().zip(right) {
                    if x.is_finite() && y.is_finite() {
                        sums.add(*x, *y);
                    }
                }
                self.of(a, b).merge(&sums);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for pair in &other.0 {
            self.of(&pair.a, &pair.b).merge(&pair.sums);
        }
    }

    /// The strongest first; constant columns have none.
    pub(super) fn correlations(&self) -> Vec<Correlation> {
        let mut all: Vec<_> = self
            .0
            .iter()
            .filter(|pair| pair.sums.count >= MIN_ROWS)
            .filter_map(|pair| {
                let r = pair.sums.ab / (pair.sums.aa.sqrt() * pair.sums.bb.sqrt());
                r.is_finite().then(|| Correlation {
                    a: pair.a.clone(),
                    b: pair.b.clone(),
                    r: r.clamp(-1.0, 1.0),
                })
            })
            .collect();
        all.sort_by(|x, y| y.r.abs().total_cmp(&x.r.abs()));
        all
    }

    fn of(&mut self, a: &str, b: &str) -> &mut Sums {
        let found = self.0.iter().position(|pair| pair.a == a && pair.b == b);
        let index = found.unwrap_or_else(|| {
            self.0.push(Pair { a: a.to_owned(), b: b.to_owned(), sums: Sums::default() });
            self.0.len() - 1
        });
        &mut self.0[index].sums
    }
}

impl Sums {
    fn add(&mut self, a: f64, b: f64) {
        self.count += 1;
        let n = self.count as f64;
        let (da, db) = (a - self.mean_a, b - self.mean_b);
        self.mean_a += da / n;
        self.mean_b += db / n;
        self.aa += da * (a - self.mean_a);
        self.bb += db * (b - self.mean_b);
        self.ab += da * (b - self.mean_b);
    }

    fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (na, nb) = (self.count as f64, other.count as f64);
        let n = na + nb;
        let (da, db) = (other.mean_a - self.mean_a, other.mean_b - self.mean_b);
        self.aa += other.aa + da * da * na * nb / n;
        self.bb += other.bb + db * db * na * nb / n;
        self.ab += other.ab + da * db * na * nb / n;
        self.mean_a += da * nb / n;
        self.mean_b += db * nb / n;
        self.count += other.count;
    }
}
