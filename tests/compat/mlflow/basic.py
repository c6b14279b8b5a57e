"""What every script does, with whatever MLflow client is installed: a small one or an older one.

    python basic.py URL
"""
import importlib.util
import pathlib
import sys
import tempfile

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

NAME = "basics"


def log(folder):
    mlflow.set_experiment(NAME)
    with mlflow.start_run(run_name="parent") as parent:
        mlflow.log_param("rate", 0.1)
        mlflow.log_params({"depth": 3, "note": "über"})
        for step in range(3):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"acc": 0.5, "odd": float("nan")})
        mlflow.set_tags({"team": "ops"})
        path = pathlib.Path(folder, "model", "weights.txt")
        path.parent.mkdir()
        path.write_text("1 2 3", encoding="utf-8")
        mlflow.log_artifacts(str(path.parent), "model")
        mlflow.log_text("hello", "notes/hello.txt")
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_metric("loss", 9.0)
    return parent.info.run_id


def read(client, run_id, folder):
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED" and run.info.run_name == "parent", run.info
    assert run.data.params == {"rate": "0.1", "depth": "3", "note": "über"}, run.data.params
    assert run.data.metrics["loss"] == 1 / 3 and run.data.metrics["odd"] != run.data.metrics["odd"], run.data.metrics
    assert [point.step for point in client.get_metric_history(run_id, "loss")] == [0, 1, 2]
    found = mlflow.search_runs(experiment_names=[NAME], filter_string="metrics.loss < 1 and tags.team = 'ops'", output_format="list")
    assert [one.info.run_id for one in found] == [run_id], found
    newest = client.search_runs([run.info.experiment_id], order_by=["metrics.loss DESC"], max_results=1)
    assert newest[0].info.run_name == "child" and newest.token, newest
    assert {entry.path for entry in client.list_artifacts(run_id)} == {"model", "notes"}
    got = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="notes/hello.txt", dst_path=folder)
    assert pathlib.Path(got).read_text(encoding="utf-8") == "hello"
    try:
        client.log_param(run_id, "rate", "0.2")
    except MlflowException as error:
        assert error.error_code == "INVALID_PARAMETER_VALUE", error
    else:
        raise AssertionError("a param was written twice")


def register(client, run_id, folder):
    client.create_registered_model(NAME)
    source = f"{client.get_run(run_id).info.artifact_uri}/model"
    version = client.create_model_version(NAME, source, run_id)
    client.set_registered_model_alias(NAME, "champion", version.version)
    found = client.get_model_version_by_alias(NAME, "champion")
    assert str(found.version) == "1" and found.run_id == run_id, found
    got = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{NAME}@champion", dst_path=folder))
    assert (got / "weights.txt").read_text(encoding="utf-8") == "1 2 3", list(got.iterdir())


def load():
    """A model of Python code is logged, registered, loaded and asked, where the client can do that."""
    if importlib.util.find_spec("pandas") is None:
        return
    import mlflow.pyfunc
    import pandas

    class Doubled(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input * 2

    with mlflow.start_run():
        logged = mlflow.pyfunc.log_model("doubled", python_model=Doubled(), registered_model_name="doubled")
    for address in (logged.model_uri, "models:/doubled/1"):
        answer = mlflow.pyfunc.load_model(address).predict(pandas.DataFrame({"a": [1.0, 2.0]}))
        assert list(answer["a"]) == [2.0, 4.0], answer


def main():
    mlflow.set_tracking_uri(sys.argv[1])
    client = MlflowClient()
    with tempfile.TemporaryDirectory() as folder:
        run_id = log(folder)
        read(client, run_id, folder)
        register(client, run_id, folder)
    load()
    print("mlflow", mlflow.__version__, "is content with run", run_id)


if __name__ == "__main__":
    main()
