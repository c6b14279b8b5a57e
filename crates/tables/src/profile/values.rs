//! The values of a column: every one with its count while they are few, sketches once they are many.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datasketches::common::SearchCriteria;
use datasketches::frequencies::{ErrorType, FrequentItemsSketch};
use datasketches::hll::{HllSketch, HllType, HllUnion};
use datasketches::kll::{KllFloat, KllSketch};
use domain::data::profile::{Histogram, Quantile};
use serde::{Deserialize, Serialize};

use super::decode::Undecodable;

/// Different numbers that are counted one by one.
const MAX_NUMBERS: usize = 20_000;
/// Different texts that are counted one by one.
const MAX_TEXTS: usize = 5_000;
/// 2^12 registers: 1.6 % standard error of distinct counts.
const HLL_LG_K: u8 = 12;
/// Ranks within 0.7 % (99 % sure).
const KLL_K: u16 = 400;
/// Places of the sketch of frequent texts.
const FREQUENT: usize = 1024;
/// Bins of a histogram.
const BINS: usize = 20;
/// The quantiles of a profile.
pub const SHARES: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/// Finite numbers.
#[derive(Clone)]
pub enum Numbers {
    /// Each with its count, by bits.
    Exact(HashMap<u64, u64>),
    /// Quantiles and distinct count.
    Sketched {
        /// Quantiles.
        quantiles: Box<KllSketch<KllFloat<f64>>>,
        /// Distinct count.
        distinct: Box<HllSketch>,
    },
}

/// Texts.
#[derive(Clone)]
pub enum Texts {
    /// Each with its count.
    Exact(HashMap<String, u64>),
    /// Frequent ones and distinct count.
    Sketched {
        /// Frequent ones.
        frequent: Box<FrequentItemsSketch<String>>,
        /// Distinct count.
        distinct: Box<HllSketch>,
    },
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Exact(HashMap::new())
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self::Exact(HashMap::new())
    }
}

fn hll() -> Box<HllSketch> {
    Box::new(HllSketch::new(HLL_LG_K, HllType::Hll8).expect("12 is in the sketch's range"))
}

/// Minus zero and zero are one value.
fn bits(value: f64) -> u64 {
    if value == 0.0 { 0 } else { value.to_bits() }
}

fn item(value: f64) -> KllFloat<f64> {
    KllFloat::<f64>::new(value).expect("only finite numbers come here")
}

impl Numbers {
    /// Adds a finite number so many times.
    pub fn add(&mut self, value: f64, times: u64) {
        match self {
            Self::Exact(counts) => {
                *counts.entry(bits(value)).or_default() += times;
                if counts.len() > MAX_NUMBERS {
                    self.sketch();
                }
            }
            Self::Sketched { quantiles, distinct } => {
                distinct.update(bits(value));
                for _ in 0..times {
                    quantiles.update(item(value));
                }
            }
        }
    }

    fn sketch(&mut self) {
        let Self::Exact(counts) = std::mem::take(self) else { return };
        *self = Self::Sketched {
            quantiles: Box::new(KllSketch::new(KLL_K).expect("400 is in the sketch's range")),
            distinct: hll(),
        };
        for (value, times) in sorted(counts) {
            self.add(value, times);
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        match other {
            Self::Exact(counts) => {
                for (value, times) in counts {
                    self.add(f64::from_bits(*value), *times);
                }
            }
            Self::Sketched { quantiles, distinct } => {
                if matches!(self, Self::Exact(_)) {
                    self.sketch();
                }
                if let Self::Sketched { quantiles: mine, distinct: known } = self {
                    mine.merge(quantiles).expect("all sketches have one k");
                    **known = united(known, distinct);
                }
            }
        }
    }

    /// Different numbers, and whether that is exact.
    pub fn distinct(&self) -> (u64, bool) {
        match self {
            Self::Exact(counts) => (counts.len() as u64, true),
            Self::Sketched { distinct, .. } => (distinct.estimate().round() as u64, false),
        }
    }

    /// The error of ranks, 0 when exact.
    pub fn rank_error(&self) -> f64 {
        match self {
            Self::Exact(_) => 0.0,
            Self::Sketched { quantiles, .. } => quantiles.normalized_rank_error(),
        }
    }

    /// The quantiles at [`SHARES`].
    pub fn quantiles(&self) -> Vec<Quantile> {
        let values: Vec<Option<f64>> = match self {
            Self::Exact(counts) => {
                let sorted = sorted(counts.clone());
                SHARES.iter().map(|share| exact_quantile(&sorted, *share)).collect()
            }
            Self::Sketched { quantiles, .. } => {
                let view = quantiles.sorted_view();
                SHARES
                    .iter()
                    .map(|share| view.quantile(*share, SearchCriteria::Inclusive).ok().flatten())
                    .map(|value| value.map(KllFloat::into_inner))
                    .collect()
            }
        };
        SHARES
            .iter()
            .zip(values)
            .filter_map(|(share, value)| Some(Quantile { share: *share, value: value? }))
            .collect()
    }

    /// Counts in bins of equal width between two values.
    pub fn histogram(&self, min: f64, max: f64) -> Histogram {
        if min >= max || !(max - min).is_finite() {
            let total = match self {
                Self::Exact(counts) => counts.values().sum(),
                Self::Sketched { quantiles, .. } => quantiles.n(),
            };
            return Histogram { edges: vec![min, max], counts: vec![total] };
        }
        let width = (max - min) / BINS as f64;
        let mut edges: Vec<f64> = (0..BINS).map(|bin| min + width * bin as f64).collect();
        edges.push(max);
        let mut counts = vec![0; BINS];
        match self {
            Self::Exact(values) => {
                for (value, times) in values {
                    let value = f64::from_bits(*value);
                    let bin = edges[1..BINS].partition_point(|edge| *edge <= value);
                    counts[bin] += times;
                }
            }
            Self::Sketched { quantiles, .. } => {
                let splits: Vec<_> = edges[1..BINS].iter().map(|edge| item(*edge)).collect();
                if let Ok(Some(shares)) = quantiles.pmf(&splits, SearchCriteria::Exclusive) {
                    for (count, share) in counts.iter_mut().zip(shares) {
                        *count = (share * quantiles.n() as f64).round() as u64;
                    }
                }
            }
        }
        Histogram { edges, counts }
    }

    /// The most frequent numbers; none once they are many.
    pub fn top(&self, limit: usize) -> Vec<(f64, u64)> {
        let Self::Exact(counts) = self else { return Vec::new() };
        let mut all = sorted(counts.clone());
        all.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        all.truncate(limit);
        all
    }
}

impl Texts {
    /// Adds a text so many times.
    pub fn add(&mut self, text: &str, times: u64) {
        match self {
            Self::Exact(counts) => {
                if let Some(count) = counts.get_mut(text) {
                    *count += times;
                    return;
                }
                counts.insert(text.to_owned(), times);
                if counts.len() > MAX_TEXTS {
                    self.sketch();
                }
            }
            Self::Sketched { frequent, distinct } => {
                distinct.update(text);
                frequent.update_with_count(text.to_owned(), times);
            }
        }
    }

    fn sketch(&mut self) {
        let Self::Exact(counts) = std::mem::take(self) else { return };
        *self = Self::Sketched {
            frequent: Box::new(FrequentItemsSketch::new(FREQUENT).expect("1024 is a power of two")),
            distinct: hll(),
        };
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort();
        for (text, times) in counts {
            self.add(&text, times);
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        match other {
            Self::Exact(counts) => {
                for (text, times) in counts {
                    self.add(text, *times);
                }
            }
            Self::Sketched { frequent, distinct } => {
                if matches!(self, Self::Exact(_)) {
                    self.sketch();
                }
                if let Self::Sketched { frequent: mine, distinct: known } = self {
                    mine.merge(frequent);
                    **known = united(known, distinct);
                }
            }
        }
    }

    /// Different texts, and whether that is exact.
    pub fn distinct(&self) -> (u64, bool) {
        match self {
            Self::Exact(counts) => (counts.len() as u64, true),
            Self::Sketched { distinct, .. } => (distinct.estimate().round() as u64, false),
        }
    }

    /// The most frequent texts.
    pub fn top(&self, limit: usize) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = match self {
            Self::Exact(counts) => counts.iter().map(|(text, times)| (text.clone(), *times)).collect(),
            Self::Sketched { frequent, .. } => frequent
                .frequent_items(ErrorType::NoFalsePositives)
                .iter()
                .map(|row| (row.item().clone(), row.estimate()))
                .collect(),
        };
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(limit);
        all
    }
}

fn united(a: &HllSketch, b: &HllSketch) -> HllSketch {
    let mut union = HllUnion::new(HLL_LG_K).expect("12 is in the sketch's range");
    union.update(a);
    union.update(b);
    union.to_sketch(HllType::Hll8)
}

fn sorted(counts: HashMap<u64, u64>) -> Vec<(f64, u64)> {
    let mut all: Vec<_> = counts.into_iter().map(|(value, times)| (f64::from_bits(value), times)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// The quantile with linear interpolation between neighbours (R type 7, the default of NumPy and pandas).
fn exact_quantile(sorted: &[(f64, u64)], share: f64) -> Option<f64> {
    let total: u64 = sorted.iter().map(|(_, times)| times).sum();
    let position = share * total.checked_sub(1)? as f64;
    let (low, part) = (position.floor(), position.fract());
    let at = |index: u64| {
        let mut seen = 0;
        sorted.iter().find_map(|(value, times)| {
            seen += times;
            (index < seen).then_some(*value)
        })
    };
    let below = at(low as u64)?;
    if part == 0.0 {
        return Some(below);
    }
    let above = at(low as u64 + 1)?;
    Some(below + (above - below) * part)
}

/// How values are stored: counts as lists, sketches in their own format, base64.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredNumbers {
    Exact(Vec<(f64, u64)>),
    Sketched { quantiles: String, distinct: String },
}

/// See [`StoredNumbers`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredTexts {
    Exact(Vec<(String, u64)>),
    Sketched { frequent: String, distinct: String },
}

impl From<&Numbers> for StoredNumbers {
    fn from(numbers: &Numbers) -> Self {
        match numbers {
            Numbers::Exact(counts) => Self::Exact(sorted(counts.clone())),
            Numbers::Sketched { quantiles, distinct } => Self::Sketched {
                quantiles: STANDARD.encode(quantiles.serialize()),
                distinct: STANDARD.encode(distinct.serialize()),
            },
        }
    }
}

impl TryFrom<StoredNumbers> for Numbers {
    type Error = Undecodable;

    fn try_from(stored: StoredNumbers) -> Result<Self, Undecodable> {
        Ok(match stored {
            StoredNumbers::Exact(counts) => {
                Self::Exact(counts.into_iter().map(|(value, times)| (bits(value), times)).collect())
            }
            StoredNumbers::Sketched { quantiles, distinct } => Self::Sketched {
                quantiles: Box::new(KllSketch::deserialize(&STANDARD.decode(quantiles)?)?),
                distinct: Box::new(HllSketch::deserialize(&STANDARD.decode(distinct)?)?),
            },
        })
    }
}

impl From<&Texts> for StoredTexts {
    fn from(texts: &Texts) -> Self {
        match texts {
            Texts::Exact(counts) => {
                let mut counts: Vec<_> = counts.iter().map(|(text, times)| (text.clone(), *times)).collect();
                counts.sort();
                Self::Exact(counts)
            }
            Texts::Sketched { frequent, distinct } => Self::Sketched {
                frequent: STANDARD.encode(frequent.serialize()),
                distinct: STANDARD.encode(distinct.serialize()),
            },
        }
    }
}

impl TryFrom<StoredTexts> for Texts {
    type Error = Undecodable;

    fn try_from(stored: StoredTexts) -> Result<Self, Undecodable> {
        Ok(match stored {
            StoredTexts::Exact(counts) => Self::Exact(counts.into_iter().collect()),
            StoredTexts::Sketched { frequent, distinct } => Self::Sketched {
                frequent: Box::new(FrequentItemsSketch::deserialize(&STANDARD.decode(frequent)?)?),
                distinct: Box::new(HllSketch::deserialize(&STANDARD.decode(distinct)?)?),
            },
        })
    }
}
