"""Golden values of the metrics and drift distances, from scikit-learn, SciPy and statsmodels.

Run in an environment with those three:  python make.py > golden.json
The inputs are in the file beside the values, so the tests need no Python.
"""

import json
import sys

import numpy as np
from scipy import spatial, special, stats
from sklearn import calibration, metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

random = np.random.default_rng(20130101)


def binary_values(y, score, weights):
    called = score >= 0.5
    kw = {"sample_weight": weights}
    fpr, tpr, _ = metrics.roc_curve(y, score, drop_intermediate=False, **kw)
    w = np.ones(len(y)) if weights is None else weights
    edges = np.linspace(0, 1, 11)
    bins = np.searchsorted(edges[1:-1], score)
    ece = sum(
        w[bins == b].sum() * abs(np.average(y[bins == b], weights=w[bins == b]) - np.average(score[bins == b], weights=w[bins == b]))
        for b in range(10)
        if w[bins == b].sum() > 0
    ) / w.sum()
    return {
        "accuracy": metrics.accuracy_score(y, called, **kw),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, called, **kw),
        "precision": metrics.precision_score(y, called, **kw),
        "recall": metrics.recall_score(y, called, **kw),
        "specificity": metrics.recall_score(y, called, pos_label=0, **kw),
        "f1": metrics.f1_score(y, called, **kw),
        "f2": metrics.fbeta_score(y, called, beta=2, **kw),
        "f05": metrics.fbeta_score(y, called, beta=0.5, **kw),
        "mcc": metrics.matthews_corrcoef(y, called, **kw),
        "kappa": metrics.cohen_kappa_score(y, called, **kw),
        "roc_auc": metrics.roc_auc_score(y, score, **kw),
        "pr_auc": metrics.average_precision_score(y, score, **kw),
        "ks": float(np.max(np.abs(tpr - fpr))),
        "log_loss": metrics.log_loss(y, score, **kw),
        "brier": metrics.brier_score_loss(y, score, **kw),
        "ece": ece,
    }


def delong(y, a, b):
    """The definition itself: placement values by comparing every positive with every negative."""

    def placements(score):
        wins = (score[y == 1][:, None] > score[y == 0][None, :]) + 0.5 * (score[y == 1][:, None] == score[y == 0][None, :])
        return wins.mean(axis=1), wins.mean(axis=0)

    (pa, na), (pb, nb) = placements(a), placements(b)
    var = np.var(pa, ddof=1) / len(pa) + np.var(na, ddof=1) / len(na)
    se = np.sqrt(np.var(pa - pb, ddof=1) / len(pa) + np.var(na - nb, ddof=1) / len(na))
    diff = pa.mean() - pb.mean()
    return {"auc": pa.mean(), "variance": var, "difference": diff, "standard_error": se, "p_value": 2 * stats.norm.sf(abs(diff / se))}


def binary_case(n, weights):
    y = (random.random(n) < 0.3).astype(int)
    score = np.clip(np.round(random.beta(2 + 2 * y, 4), 2), 0, 1)  # rounded: ties
    other = np.clip(score + random.normal(0, 0.15, n), 0, 1)
    score[:2] = [0.0, 1.0]
    w = random.integers(1, 6, n) / 2 if weights else None
    observed, predicted = calibration.calibration_curve(y, score, n_bins=10)
    return {
        "labels": y.tolist(),
        "scores": score.tolist(),
        "other": other.tolist(),
        "weights": None if w is None else w.tolist(),
        "values": binary_values(y, score, w),
        "calibration": {"observed": observed.tolist(), "predicted": predicted.tolist()},
        "delong": delong(y, score, other),
    }


def multiclass_case(n, k, weights):
    y = random.integers(0, k, n)
    logits = random.normal(0, 1, (n, k)) + 1.2 * np.eye(k)[y]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    called = p.argmax(axis=1)
    w = random.random(n) + 0.1 if weights else None
    kw = {"sample_weight": w}
    values = {
        "accuracy": metrics.accuracy_score(y, called, **kw),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, called, **kw),
        "mcc": metrics.matthews_corrcoef(y, called, **kw),
        "kappa": metrics.cohen_kappa_score(y, called, **kw),
        "f1_micro": metrics.f1_score(y, called, average="micro", **kw),
    }
    for average in ("macro", "weighted"):
        values[f"precision_{average}"] = metrics.precision_score(y, called, average=average, **kw)
        values[f"recall_{average}"] = metrics.recall_score(y, called, average=average, **kw)
        values[f"f1_{average}"] = metrics.f1_score(y, called, average=average, **kw)
    probabilities = {
        "log_loss": metrics.log_loss(y, p, **kw),
        "top_2_accuracy": metrics.top_k_accuracy_score(y, p, k=2, **kw),
        "roc_auc_macro": metrics.roc_auc_score(y, p, multi_class="ovr", average="macro", **kw),
        "roc_auc_weighted": metrics.roc_auc_score(y, p, multi_class="ovr", average="weighted", **kw),
    }
    return {
        "classes": k,
        "actual": y.tolist(),
        "predicted": called.tolist(),
        "probabilities": p.ravel().tolist(),
        "weights": None if w is None else w.tolist(),
        "values": values,
        "probability_values": probabilities,
    }


def regression_case(n, weights):
    y = random.gamma(2, 10, n)
    p = np.maximum(y + random.normal(1, 5, n), -0.5)
    w = random.integers(1, 5, n).astype(float) if weights else None
    kw = {"sample_weight": w}
    ww = np.ones(n) if w is None else w
    mse = metrics.mean_squared_error(y, p, **kw)
    return {
        "actual": y.tolist(),
        "predicted": p.tolist(),
        "weights": None if w is None else w.tolist(),
        "values": {
            "mae": metrics.mean_absolute_error(y, p, **kw),
            "mse": mse,
            "rmse": metrics.root_mean_squared_error(y, p, **kw),
            "bias": np.average(p - y, weights=ww),
            "r2": metrics.r2_score(y, p, **kw),
            "median_absolute_error": metrics.median_absolute_error(y, p, **kw),
            "mape": metrics.mean_absolute_percentage_error(y, p, **kw),
            "smape": np.average(2 * np.abs(p - y) / (np.abs(p) + np.abs(y)), weights=ww),
            "wape": np.average(np.abs(p - y), weights=ww) / np.average(np.abs(y), weights=ww),
            "rmsle": np.sqrt(np.average((np.log1p(p) - np.log1p(y)) ** 2, weights=ww)),
        },
        "pinball_90": metrics.mean_pinball_loss(y, p, alpha=0.9, **kw),
    }


def drift_case(n, m, shift):
    a, b = random.normal(0, 1, n).round(2), random.normal(shift, 1.1, m).round(2)
    d = stats.ks_2samp(a, b).statistic
    edges = np.quantile(a, np.arange(1, 10) / 10)
    share = lambda x: np.bincount(np.searchsorted(edges, x, side="right"), minlength=10) / len(x)
    p, q = share(a), share(b)
    pf, qf = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
    return {
        "reference": a.tolist(),
        "window": b.tolist(),
        "ks": d,
        "kolmogorov_p": float(special.kolmogorov(d * np.sqrt(n * m / (n + m)))),
        "wasserstein": stats.wasserstein_distance(a, b),
        "wasserstein_iqr": stats.wasserstein_distance(a, b) / stats.iqr(a),
        "reference_shares": p.tolist(),
        "window_shares": q.tolist(),
        "psi": float(((qf - pf) * np.log(qf / pf)).sum()),
        "jensen_shannon": float(spatial.distance.jensenshannon(p, q, base=2)),
    }


def category_case(before, after):
    table = np.array([before, after])
    table = table[:, table.sum(axis=0) > 0]
    p, q = table[0] / table[0].sum(), table[1] / table[1].sum()
    return {
        "before": before,
        "after": after,
        "total_variation": float(np.abs(p - q).sum() / 2),
        "chi_square_p": stats.chi2_contingency(table, correction=False).pvalue,
    }


def interval_case(hits, n, other, m):
    low, high = proportion_confint(hits, n, alpha=0.05, method="wilson")
    difference = confint_proportions_2indep(hits, n, other, m, method="newcomb", compare="diff")
    return {"hits": hits, "trials": n, "other": other, "other_trials": m, "wilson": [low, high], "newcombe": list(difference)}


golden = {
    "binary": [binary_case(400, False), binary_case(400, True)],
    "multiclass": [multiclass_case(200, 4, False), multiclass_case(200, 3, True)],
    "regression": [regression_case(151, False), regression_case(150, True), regression_case(150, False)],
    "drift": [drift_case(300, 80, 0.0), drift_case(500, 200, 0.4), drift_case(200, 200, 2.0)],
    "categories": [category_case([50, 30, 20, 0], [40, 40, 10, 10]), category_case([500, 480, 3], [51, 47, 0])],
    "intervals": [interval_case(3, 40, 300, 2000), interval_case(90, 100, 70, 100), interval_case(0, 25, 5, 30)],
    "mcnemar": [
        {"a": a, "b": b, "p": mcnemar([[0, a], [b, 0]], exact=a + b <= 1000, correction=True).pvalue}
        for a, b in ((10, 3), (40, 60), (700, 600))
    ],
}
json.dump(golden, sys.stdout, separators=(",", ":"), default=float)
