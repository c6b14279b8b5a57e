"""Autologging of training frameworks: what each logs by itself must be kept, and its model must load again.

    python frameworks.py URL
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import harness
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression


def frame(rows=120):
    random = np.random.default_rng(7)
    features = pd.DataFrame({"hour": random.uniform(0, 24, rows), "distance": random.uniform(0, 30, rows)})
    return features, (features["hour"] * 2 + features["distance"] > 40).astype(int)


def kept(run):
    return MlflowClient().get_run(run.info.run_id)


def steps(run, metric):
    return [point.step for point in MlflowClient().get_metric_history(run.info.run_id, metric)]


def model_of(run):
    """The model that the run logged, loaded without knowing what made it."""
    [output] = kept(run).outputs.model_outputs
    return mlflow.pyfunc.load_model(f"models:/{output.model_id}")


def one_call_for_all():
    """mlflow.autolog: every framework that is imported logs by itself, also into runs that it starts."""
    mlflow.set_experiment("one call")
    features, late = frame()
    mlflow.autolog(log_models=False, silent=True)
    LogisticRegression().fit(features, late)
    import lightgbm as lgb

    lgb.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(features, late)
    mlflow.autolog(disable=True)
    runs = mlflow.search_runs(experiment_names=["one call"], order_by=["attributes.start_time"])
    assert list(runs["status"]) == ["FINISHED"] * 2, runs
    assert runs["metrics.training_accuracy_score"].notna().any(), runs.columns


def scikit_learn():
    """mlflow.sklearn.autolog: params of the estimator, training figures, data set, model with signature."""
    mlflow.set_experiment("scikit-learn")
    features, late = frame()
    mlflow.sklearn.autolog(log_input_examples=True)
    with mlflow.start_run() as run:
        model = LogisticRegression(C=0.5).fit(features, late)
    mlflow.sklearn.autolog(disable=True)
    data = kept(run).data
    assert data.params["C"] == "0.5" and data.metrics["training_accuracy_score"] > 0.8, data
    assert [entry.dataset.source_type for entry in kept(run).inputs.dataset_inputs] == ["code"]
    loaded = model_of(run)
    assert (loaded.predict(features) == model.predict(features)).all() and loaded.metadata.signature is not None


def xgboost():
    """mlflow.xgboost.autolog: a figure for each round, importance as plot and file, model."""
    import xgboost as xgb

    mlflow.set_experiment("xgboost")
    features, late = frame()
    mlflow.xgboost.autolog()
    with mlflow.start_run() as run:
        rows = xgb.DMatrix(features, label=late)
        params = {"objective": "binary:logistic", "max_depth": 2}
        booster = xgb.train(params, rows, num_boost_round=5, evals=[(rows, "train")], verbose_eval=False)
    mlflow.xgboost.autolog(disable=True)
    assert steps(run, "train-logloss") == list(range(5)) and kept(run).data.params["max_depth"] == "2"
    paths = {entry.path for entry in MlflowClient().list_artifacts(run.info.run_id)}
    assert {"feature_importance_weight.json", "feature_importance_weight.png"} <= paths, paths
    assert np.allclose(model_of(run).predict(features), booster.predict(rows))


def lightgbm():
    """mlflow.lightgbm.autolog: a figure for each round, importance, model."""
    import lightgbm as lgb

    mlflow.set_experiment("lightgbm")
    features, late = frame()
    mlflow.lightgbm.autolog()
    with mlflow.start_run() as run:
        rows = lgb.Dataset(features, label=late)
        params = {"objective": "binary", "num_leaves": 4, "verbose": -1, "num_threads": 1}
        booster = lgb.train(params, rows, num_boost_round=5, valid_sets=[rows], valid_names=["train"])
    mlflow.lightgbm.autolog(disable=True)
    assert steps(run, "train-binary_logloss") == list(range(5)) and kept(run).data.params["num_leaves"] == "4"
    assert np.allclose(model_of(run).predict(features), booster.predict(features))


def keras():
    """mlflow.keras.autolog: losses for each epoch, the optimizer's settings, the summary, model."""
    import keras as k

    mlflow.set_experiment("keras")
    features, late = frame()
    rows = features.to_numpy(dtype="float32")
    mlflow.keras.autolog()
    with mlflow.start_run() as run:
        model = k.Sequential([k.layers.Input((2,)), k.layers.Dense(4, activation="relu"), k.layers.Dense(1, activation="sigmoid")])
        model.compile(optimizer=k.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
        model.fit(rows, late.to_numpy(), epochs=3, batch_size=40, validation_split=0.25, verbose=0)
    mlflow.keras.autolog(disable=True)
    assert steps(run, "loss") == list(range(3)) == steps(run, "val_loss"), kept(run).data.metrics
    data = kept(run).data
    assert data.params["epochs"] == "3" and data.params["optimizer_name"] == "adam", data.params
    assert "model_summary.txt" in {entry.path for entry in MlflowClient().list_artifacts(run.info.run_id)}
    assert np.allclose(model_of(run).predict(rows), model.predict(rows, verbose=0), atol=1e-5)


def statsmodels():
    """mlflow.statsmodels.autolog: figures of the fit, the summary, model."""
    import statsmodels.api as sm

    mlflow.set_experiment("statsmodels")
    features, _ = frame()
    mlflow.statsmodels.autolog()
    with mlflow.start_run() as run:
        columns = sm.add_constant(features[["distance"]])
        fitted = sm.OLS(features["hour"], columns).fit()
    mlflow.statsmodels.autolog(disable=True)
    data = kept(run).data
    assert "rsquared" in data.metrics and data.params["method"] == "pinv", data
    assert "model_summary.txt" in {entry.path for entry in MlflowClient().list_artifacts(run.info.run_id)}
    assert np.allclose(model_of(run).predict(columns), fitted.predict(columns))


if __name__ == "__main__":
    harness.main(sys.argv[1], [check for check in list(globals().values()) if harness.is_check(check, __name__)], sys.argv[2:])
