//! The numbers agree with scikit-learn, SciPy and statsmodels to 1e-9; `golden/make.py` made them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use serde::Deserialize;
use tables::compare::{compare_auc, delong, mcnemar};
use tables::drift::{self, Bins, Sample, Values};
use tables::metrics::{binary, calibration, interval, multiclass, regression};

#[derive(Deserialize)]
struct Golden {
    binary: Vec<Binary>,
    multiclass: Vec<Multiclass>,
    regression: Vec<Regression>,
    drift: Vec<Drift>,
    categories: Vec<Categories>,
    intervals: Vec<Intervals>,
    mcnemar: Vec<McNemar>,
}

#[derive(Deserialize)]
struct Binary {
    labels: Vec<u8>,
    scores: Vec<f64>,
    other: Vec<f64>,
    weights: Option<Vec<f64>>,
    values: BTreeMap<String, f64>,
    calibration: Calibration,
    delong: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Calibration {
    observed: Vec<f64>,
    predicted: Vec<f64>,
}

#[derive(Deserialize)]
struct Multiclass {
    classes: usize,
    actual: Vec<usize>,
    predicted: Vec<usize>,
    probabilities: Vec<f64>,
    weights: Option<Vec<f64>>,
    values: BTreeMap<String, f64>,
    probability_values: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Regression {
    actual: Vec<f64>,
    predicted: Vec<f64>,
    weights: Option<Vec<f64>>,
    values: BTreeMap<String, f64>,
    pinball_90: f64,
}

#[derive(Deserialize)]
struct Drift {
    reference: Vec<f64>,
    window: Vec<f64>,
    ks: f64,
    kolmogorov_p: f64,
    wasserstein: f64,
    wasserstein_iqr: f64,
    reference_shares: Vec<f64>,
    window_shares: Vec<f64>,
    psi: f64,
    jensen_shannon: f64,
}

#[derive(Deserialize)]
struct Categories {
    before: Vec<u64>,
    after: Vec<u64>,
    total_variation: f64,
    chi_square_p: f64,
}

#[derive(Deserialize)]
struct Intervals {
    hits: f64,
    trials: f64,
    other: f64,
    other_trials: f64,
    wilson: [f64; 2],
    newcombe: [f64; 2],
}

#[derive(Deserialize)]
struct McNemar {
    a: u64,
    b: u64,
    p: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/golden.json")).unwrap()
}

#[track_caller]
fn same(name: &str, found: f64, wanted: f64) {
    let tolerance = 1e-9 * wanted.abs().max(1.0);
    assert!((found - wanted).abs() <= tolerance, "{name}: {found} instead of {wanted}");
}

#[track_caller]
fn all_same(found: &BTreeMap<String, f64>, wanted: &BTreeMap<String, f64>) {
    for (name, value) in wanted {
        let got = found.get(name).unwrap_or_else(|| panic!("{name} is absent"));
        same(name, *got, *value);
    }
}

#[test]
fn binary_metrics_agree() {
    for case in golden().binary {
        let labels: Vec<bool> = case.labels.iter().map(|label| *label == 1).collect();
        let weights = case.weights.as_deref();
        let report =
            binary::evaluate(&labels, &case.scores, weights, binary::BinaryOptions::default()).unwrap();
        all_same(&report.values, &case.values);
        let bins = calibration::curve(&labels, &case.scores, None, 10).unwrap();
        assert_eq!(bins.len(), case.calibration.observed.len());
        for (index, bin) in bins.iter().enumerate() {
            same("observed", bin.observed, case.calibration.observed[index]);
            same("predicted", bin.predicted, case.calibration.predicted[index]);
        }
        let auc = delong::auc(&labels, &case.scores).unwrap().unwrap();
        same("auc", auc.value, case.delong["auc"]);
        same("variance", auc.variance, case.delong["variance"]);
        let compared = compare_auc(&labels, &case.scores, &case.other).unwrap().unwrap();
        same("difference", compared.difference, case.delong["difference"]);
        same("standard error", compared.standard_error, case.delong["standard_error"]);
        same("p", compared.p_value, case.delong["p_value"]);
    }
}

#[test]
fn multiclass_metrics_agree() {
    for case in golden().multiclass {
        let weights = case.weights.as_deref();
        let report = multiclass::evaluate(&case.actual, &case.predicted, case.classes, weights).unwrap();
        all_same(&report.values, &case.values);
        let values =
            multiclass::evaluate_probabilities(&case.actual, &case.probabilities, case.classes, 2, weights)
                .unwrap();
        all_same(&values, &case.probability_values);
    }
}

#[test]
fn regression_metrics_agree() {
    for case in golden().regression {
        let weights = case.weights.as_deref();
        let values = regression::evaluate(&case.actual, &case.predicted, weights).unwrap();
        all_same(&values, &case.values);
        let pinball = regression::pinball(&case.actual, &case.predicted, 0.9, weights).unwrap();
        same("pinball", pinball, case.pinball_90);
    }
}

#[test]
fn distances_agree() {
    for case in golden().drift {
        let reference = Sample::numeric(case.reference.iter().copied().map(Some));
        let window = Sample::numeric(case.window.iter().copied().map(Some));
        let (Values::Numeric(before), Values::Numeric(after)) = (&reference.values, &window.values) else {
            panic!("numbers are numeric")
        };
        same("ks", drift::ks_statistic(before, after), case.ks);
        same("p", drift::kolmogorov_p(case.ks, before.len(), after.len()), case.kolmogorov_p);
        same("wasserstein", drift::wasserstein(before, after), case.wasserstein);
        let bins = Bins::of(&reference).unwrap().compare(&reference, &window);
        for (index, bin) in bins.iter().enumerate() {
            same("reference share", bin.reference_share, case.reference_shares[index]);
            same("window share", bin.window_share, case.window_shares[index]);
        }
        let column = drift::column("x", &reference, &window, 1, &Default::default());
        same("psi", column.psi, case.psi);
        same("jensen-shannon", column.jensen_shannon, case.jensen_shannon);
        same("wasserstein over iqr", column.wasserstein_iqr.unwrap(), case.wasserstein_iqr);
    }
}

#[test]
fn category_distances_agree() {
    for case in golden().categories {
        let counts = |counts: &[u64]| -> BTreeMap<String, u64> {
            let named = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            named.map(|(index, count)| (index.to_string(), *count)).collect()
        };
        let (before, after) = (counts(&case.before), counts(&case.after));
        same("total variation", drift::total_variation(&before, &after), case.total_variation);
        same("chi-square p", drift::chi_square_p(&before, &after).unwrap(), case.chi_square_p);
    }
}

#[test]
fn intervals_and_mcnemar_agree() {
    let golden = golden();
    for case in golden.intervals {
        let wilson = interval::wilson(case.hits, case.trials, 0.95).unwrap();
        same("low", wilson.low, case.wilson[0]);
        same("high", wilson.high, case.wilson[1]);
        let (rate, other) = (case.hits / case.trials, case.other / case.other_trials);
        let newcombe = interval::newcombe_z(rate, case.trials, other, case.other_trials, interval::z(0.95));
        same("newcombe low", newcombe.low, case.newcombe[0]);
        same("newcombe high", newcombe.high, case.newcombe[1]);
    }
    for case in golden.mcnemar {
        same("mcnemar", mcnemar::p_value(case.a, case.b), case.p);
    }
}
