"""Tracks, registers and loads a model through the unmodified MLflow client.

    python client.py URL
"""
import os
import pathlib
import sys
import tempfile

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

EXPERIMENT = "compatibility"
MODEL = "delays"


def frame():
    random = np.random.default_rng(7)
    features = pd.DataFrame({"hour": random.uniform(0, 24, 200), "distance": random.uniform(100, 3000, 200)})
    late = (features["hour"] * 100 + features["distance"] > 2500).astype(int)
    return features, late


def train(features, late):
    """Autolog watches the fit; everything else is logged by hand."""
    mlflow.set_experiment(EXPERIMENT)
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run(run_name="logistic") as run:
        model = LogisticRegression(C=0.5, max_iter=500).fit(features, late)
        mlflow.log_param("note", "über 100 %")
        mlflow.set_tags({"team": "ops", "stage": "trial"})
        for step in range(5):
            mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        mlflow.log_metrics({"share": 0.25, "undefined": float("nan")})
        mlflow.log_dict({"columns": list(features)}, "notes/columns.json")
        mlflow.log_text("first line\nzweite Zeile\n", "notes/text.txt")
        info = mlflow.sklearn.log_model(
            model, name="model", signature=infer_signature(features, model.predict(features)),
            input_example=features.head(2),
        )
    mlflow.sklearn.autolog(disable=True)
    return run.info.run_id, model, info


def check_run(client, run_id):
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED" and run.info.run_name == "logistic", run.info
    assert run.data.params["C"] == "0.5", run.data.params
    assert run.data.params["note"] == "über 100 %", run.data.params
    assert run.data.tags["team"] == "ops" and run.data.tags["estimator_name"] == "LogisticRegression"
    assert "training_accuracy_score" in run.data.metrics, run.data.metrics
    assert np.isnan(run.data.metrics["undefined"])
    history = client.get_metric_history(run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(n, 1.0 / (n + 1)) for n in range(5)], history
    assert run.inputs.dataset_inputs, "autolog names the data set that it saw"
    assert len(run.outputs.model_outputs) == 1, run.outputs
    try:
        client.log_param(run_id, "C", "0.7")
    except MlflowException as error:
        assert error.error_code == "INVALID_PARAMETER_VALUE", error
    else:
        raise AssertionError("a param was written twice")


def check_search(client, run_id):
    with mlflow.start_run(run_name="weaker"):
        mlflow.log_metric("loss", 0.9)
        mlflow.log_param("C", "10")
    table = mlflow.search_runs(
        experiment_names=[EXPERIMENT], filter_string="metrics.loss < 1 and params.C LIKE '%'",
        order_by=["metrics.loss ASC"],
    )
    assert list(table["tags.mlflow.runName"]) == ["logistic", "weaker"], table
    tagged = mlflow.search_runs(experiment_names=[EXPERIMENT], filter_string="tags.team = 'ops'")
    assert list(tagged["run_id"]) == [run_id], tagged
    experiment = client.get_experiment_by_name(EXPERIMENT)
    first = client.search_runs([experiment.experiment_id], max_results=1)
    second = client.search_runs([experiment.experiment_id], max_results=1, page_token=first.token)
    assert len(first) == len(second) == 1 and first[0].info.run_id != second[0].info.run_id
    try:
        client.search_runs([experiment.experiment_id], filter_string="metrics.loss <<< 1")
    except MlflowException as error:
        assert error.error_code == "INVALID_PARAMETER_VALUE", error
    else:
        raise AssertionError("a filter without meaning was taken")


def check_artifacts(client, run_id, folder):
    top = {entry.path: entry.is_dir for entry in client.list_artifacts(run_id)}
    assert top["notes"] is True, top
    notes = {entry.path: entry.file_size for entry in client.list_artifacts(run_id, "notes")}
    assert set(notes) == {"notes/columns.json", "notes/text.txt"} and all(notes.values()), notes
    got = pathlib.Path(client.download_artifacts(run_id, "notes", folder))
    assert (got / "text.txt").read_text(encoding="utf-8") == "first line\nzweite Zeile\n"
    large = pathlib.Path(folder, "large.bin")
    large.write_bytes(os.urandom(3 << 20))
    client.log_artifact(run_id, str(large), "blobs")
    back = pathlib.Path(client.download_artifacts(run_id, "blobs/large.bin", tempfile.mkdtemp(dir=folder)))
    assert back.read_bytes() == large.read_bytes()


def check_registry(client, info, features, model):
    first = mlflow.register_model(info.model_uri, MODEL)
    second = mlflow.register_model(info.model_uri, MODEL, tags={"reason": "again"})
    assert (int(first.version), int(second.version)) == (1, 2), (first, second)
    client.set_registered_model_alias(MODEL, "champion", "1")
    client.set_registered_model_alias(MODEL, "champion", "2")
    assert client.get_model_version_by_alias(MODEL, "champion").version in (2, "2")
    assert client.get_registered_model(MODEL).aliases == {"champion": "2"}
    client.update_model_version(MODEL, "2", description="the one in use")
    versions = client.search_model_versions(f"name = '{MODEL}'", order_by=["version_number DESC"])
    assert [int(version.version) for version in versions] == [2, 1], versions
    assert versions[0].description == "the one in use" and versions[0].tags["reason"] == "again"
    for address in (f"models:/{MODEL}@champion", f"models:/{MODEL}/1", info.model_uri):
        loaded = mlflow.pyfunc.load_model(address)
        assert list(loaded.metadata.signature.inputs.input_names()) == list(features), address
        assert np.array_equal(loaded.predict(features), model.predict(features)), address
    estimator = mlflow.sklearn.load_model(f"models:/{MODEL}@champion")
    assert np.allclose(estimator.predict_proba(features), model.predict_proba(features))
    client.delete_registered_model_alias(MODEL, "champion")
    try:
        client.get_model_version_by_alias(MODEL, "champion")
    except MlflowException as error:
        assert error.error_code in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"), error
    else:
        raise AssertionError("an alias that was removed still answers")
    client.set_registered_model_alias(MODEL, "champion", "2")


def check_deletion(client, run_id):
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert run_id not in list(mlflow.search_runs(experiment_names=[EXPERIMENT])["run_id"])
    client.restore_run(run_id)
    assert run_id in list(mlflow.search_runs(experiment_names=[EXPERIMENT])["run_id"])


def main():
    mlflow.set_tracking_uri(sys.argv[1])
    client = MlflowClient()
    features, late = frame()
    run_id, model, info = train(features, late)
    check_run(client, run_id)
    check_search(client, run_id)
    with tempfile.TemporaryDirectory() as folder:
        check_artifacts(client, run_id, folder)
    check_registry(client, info, features, model)
    check_deletion(client, run_id)
    print("the client is content with run", run_id)


if __name__ == "__main__":
    main()
