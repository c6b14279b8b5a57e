"""Daily use of the unmodified MLflow client: what people do in scripts and notebooks, group by group.

    python live.py URL

Every check names the calls it makes. All of them run, and the failures are told together at the end.
"""
import concurrent.futures
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import time

import matplotlib

matplotlib.use("Agg")

import harness
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from PIL import Image
from sklearn.linear_model import LinearRegression, LogisticRegression

# Said here, so that the client need not start a process that finds them out.
REQUIREMENTS = ["scikit-learn"]
LARGE = 64 << 20
WRITERS = 8
STEPS = 50


def frame(rows=200):
    random = np.random.default_rng(7)
    features = pd.DataFrame({"hour": random.uniform(0, 24, rows), "distance": random.uniform(100, 3000, rows)})
    return features, (features["hour"] * 100 + features["distance"] > 2500).astype(int)


def nested_runs_know_their_parent():
    """start_run(nested=True), start_run(parent_run_id=), get_parent_run, search_runs by tag, active and last run."""
    mlflow.set_experiment("nested")
    with mlflow.start_run(run_name="parent") as parent:
        for depth in range(3):
            with mlflow.start_run(run_name=f"child-{depth}", nested=True) as child:
                mlflow.log_param("depth", depth)
                mlflow.log_metric("score", depth / 10)
                assert mlflow.active_run().info.run_id == child.info.run_id
        assert mlflow.active_run().info.run_id == parent.info.run_id
    with mlflow.start_run(parent_run_id=parent.info.run_id, run_name="late"):
        pass
    client = MlflowClient()
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    assert mlflow.get_parent_run(parent.info.run_id) is None
    children = mlflow.search_runs(
        experiment_names=["nested"], filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
        order_by=["metrics.score DESC"],
    )
    assert list(children["tags.mlflow.runName"]) == ["child-2", "child-1", "child-0", "late"], children
    assert mlflow.last_active_run().info.run_name == "late"
    with mlflow.start_run(run_id=child.info.run_id):
        mlflow.log_metric("score", 0.9)
    assert client.get_run(child.info.run_id).data.metrics["score"] == 0.9


def threads_log_into_runs_of_their_own_and_into_one():
    """MlflowClient.create_run, log_metric, log_param, set_tag, log_batch, set_terminated from many threads."""
    client = MlflowClient()
    experiment = mlflow.set_experiment("threads").experiment_id
    shared = client.create_run(experiment, run_name="shared").info.run_id

    def work(number):
        own = client.create_run(experiment, run_name=f"thread-{number}").info.run_id
        client.log_param(shared, f"writer-{number}", number)
        client.set_tag(shared, "newest", str(number))
        for step in range(STEPS):
            client.log_metric(own, "loss", step, step=step)
            client.log_metric(shared, f"loss-{number}", step, step=step)
        client.set_terminated(own)
        return own

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        runs = list(pool.map(work, range(WRITERS)))
    client.set_terminated(shared)
    for run in runs:
        assert [point.value for point in client.get_metric_history(run, "loss")] == list(range(STEPS))
    data = client.get_run(shared).data
    assert data.params == {f"writer-{number}": str(number) for number in range(WRITERS)}, data.params
    assert data.metrics == {f"loss-{number}": STEPS - 1 for number in range(WRITERS)}, data.metrics
    assert data.tags["newest"] in data.params.values()


def processes_share_a_parent_run():
    """start_run(parent_run_id=), log_metric and log_text in processes of their own."""
    mlflow.set_experiment("processes")
    script = (
        "import sys, mlflow\n"
        "mlflow.set_experiment('processes')\n"
        "with mlflow.start_run(parent_run_id=sys.argv[1], run_name=sys.argv[2]) as run:\n"
        "    mlflow.log_metric('rank', int(sys.argv[2]))\n"
        "    mlflow.log_text(sys.argv[2], 'rank.txt')\n"
    )
    with mlflow.start_run(run_name="launcher") as parent:
        started = [
            subprocess.Popen([sys.executable, "-c", script, parent.info.run_id, str(rank)]) for rank in range(2)
        ]
        assert [process.wait() for process in started] == [0, 0]
    children = mlflow.search_runs(
        experiment_names=["processes"], filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
        order_by=["metrics.rank"],
    )
    assert list(children["metrics.rank"]) == [0, 1], children
    assert list(children["status"]) == ["FINISHED"] * 2
    texts = [mlflow.artifacts.load_text(f"runs:/{run}/rank.txt") for run in children["run_id"]]
    assert texts == ["0", "1"]


def logging_without_waiting_loses_nothing():
    """log_metric, log_metrics, log_params, set_tags and log_batch with synchronous=False, flush_async_logging."""
    mlflow.set_experiment("asynchronous")
    with mlflow.start_run() as run:
        pending = [mlflow.log_metric("loss", 1 / (step + 1), step=step, synchronous=False) for step in range(300)]
        mlflow.log_metrics({"a": 1, "b": 2}, synchronous=False)
        mlflow.log_params({f"p{n}": n for n in range(100)}, synchronous=False).wait()
        mlflow.set_tags({"kind": "asynchronous"}, synchronous=False).wait()
        for operation in pending:
            operation.wait()
        mlflow.flush_async_logging()
    client = MlflowClient()
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 300
    data = client.get_run(run.info.run_id).data
    assert len(data.params) == 100 and data.tags["kind"] == "asynchronous" and data.metrics["b"] == 2, data
    mlflow.config.enable_async_logging()
    with mlflow.start_run() as run:
        mlflow.log_metric("late", 1)
        mlflow.log_param("late", "yes")
    mlflow.config.enable_async_logging(False)
    mlflow.flush_async_logging()
    assert client.get_run(run.info.run_id).data.params == {"late": "yes"}


def figures_of_the_machine_are_kept():
    """start_run(log_system_metrics=True), set_system_metrics_sampling_interval, get_metric_history."""
    mlflow.set_experiment("system")
    mlflow.set_system_metrics_sampling_interval(0.1)
    mlflow.set_system_metrics_samples_before_logging(1)
    client = MlflowClient()
    with mlflow.start_run(log_system_metrics=True) as run:
        for _ in range(200):
            if client.get_metric_history(run.info.run_id, "system/cpu_utilization_percentage"):
                break
            time.sleep(0.05)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert metrics["system/system_memory_usage_megabytes"] > 0, metrics
    assert "system/disk_usage_percentage" in metrics and "system/network_receive_megabytes" in metrics, metrics


def everything_that_can_be_logged_comes_back():
    """log_figure, log_image (file and time step), log_dict, log_text, log_table and load_table, log_artifact(s)."""
    mlflow.set_experiment("things")
    with mlflow.start_run() as run:
        figure, axes = plt.subplots()
        axes.plot([1, 2, 3])
        mlflow.log_figure(figure, "plots/line.png")
        plt.close(figure)
        pixels = np.zeros((8, 8, 3), dtype=np.uint8)
        pixels[2:4] = 255
        mlflow.log_image(pixels, "images/square.png")
        for step in range(3):
            mlflow.log_image(pixels, key="progress", step=step)
        mlflow.log_dict({"a": [1, {"b": None}]}, "notes/plain.json")
        mlflow.log_dict({"a": [1, 2]}, "notes/plain.yaml")
        mlflow.log_text("<b>ümläut</b>", "notes/page.html")
        mlflow.log_table({"question": ["one", "two"], "answer": [1, 2]}, "tables/answers.json")
        mlflow.log_table(pd.DataFrame({"question": ["three"], "answer": [3]}), "tables/answers.json")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "deep").mkdir()
            (folder / "a b+%ü.txt").write_text("odd name")
            (folder / "deep" / "empty.bin").write_bytes(b"")
            mlflow.log_artifacts(str(folder), "folder")
            mlflow.log_artifact(str(folder / "a b+%ü.txt"))
    client = MlflowClient()
    listed = {entry.path for entry in client.list_artifacts(run.info.run_id)}
    assert {"plots", "images", "notes", "tables", "folder", "a b+%ü.txt"} <= listed, listed
    assert len(client.list_artifacts(run.info.run_id, "images")) >= 7, "a picture of each step and its thumbnail"
    assert mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/notes/plain.json") == {"a": [1, {"b": None}]}
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/page.html") == "<b>ümläut</b>"
    image = mlflow.artifacts.load_image(f"runs:/{run.info.run_id}/images/square.png")
    assert isinstance(image, Image.Image) and image.size == (8, 8)
    table = mlflow.load_table("tables/answers.json", run_ids=[run.info.run_id], extra_columns=["run_id"])
    assert list(table["answer"]) == [1, 2, 3] and set(table["run_id"]) == {run.info.run_id}, table
    with tempfile.TemporaryDirectory() as folder:
        got = pathlib.Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="folder", dst_path=folder))
        assert (got / "a b+%ü.txt").read_text() == "odd name" and (got / "deep" / "empty.bin").read_bytes() == b""
    paths = [entry.path for entry in mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="folder")]
    assert paths == ["folder/a b+%ü.txt", "folder/deep"], paths


def a_large_file_comes_back_byte_for_byte():
    """log_artifact and download_artifacts of a file that is sent in pieces where the server takes them."""
    mlflow.set_experiment("large")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "weights.bin"
        source.write_bytes(np.random.default_rng(3).bytes(LARGE))
        wanted = hashlib.sha256(source.read_bytes()).hexdigest()
        with mlflow.start_run() as run:
            mlflow.log_artifact(str(source), "model")
        source.unlink()
        got = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/model/weights.bin", dst_path=folder)
        assert hashlib.sha256(pathlib.Path(got).read_bytes()).hexdigest() == wanted
    [entry] = MlflowClient().list_artifacts(run.info.run_id, "model")
    assert (entry.path, entry.file_size) == ("model/weights.bin", LARGE)


def data_sets_are_named_by_the_runs_that_saw_them():
    """mlflow.data.from_pandas, from_numpy, log_input, log_inputs, Run.inputs, search_runs over dataset fields."""
    mlflow.set_experiment("inputs")
    features, late = frame()
    table = features.assign(late=late)
    first = mlflow.data.from_pandas(table, source="flights.csv", name="flights", targets="late")
    second = mlflow.data.from_numpy(features.to_numpy(), targets=late.to_numpy(), name="matrix")
    with mlflow.start_run() as run:
        mlflow.log_input(first, context="training", tags={"split": "0.8"})
        mlflow.log_input(second, context="validation")
        mlflow.log_input(first, context="training")
    inputs = MlflowClient().get_run(run.info.run_id).inputs.dataset_inputs
    assert {entry.dataset.name for entry in inputs} == {"flights", "matrix"}, inputs
    flights = next(entry for entry in inputs if entry.dataset.name == "flights")
    assert flights.dataset.digest == first.digest and flights.dataset.schema and flights.dataset.profile
    assert {tag.key: tag.value for tag in flights.tags}["mlflow.data.context"] == "training"
    assert mlflow.data.get_source(flights).to_dict() == {"uri": "flights.csv"}
    for wanted in ["dataset.name = 'flights'", f"dataset.digest = '{first.digest}'", "dataset.context = 'training'"]:
        found = mlflow.search_runs(experiment_names=["inputs"], filter_string=wanted)
        assert list(found["run_id"]) == [run.info.run_id], wanted


def the_champion_is_loaded_by_its_alias():
    """log_model(registered_model_name=), set_registered_model_alias, load_model by alias and version, copy, stages."""
    mlflow.set_experiment("registry")
    features, late = frame()
    client = MlflowClient()
    for strength in (0.1, 1.0):
        with mlflow.start_run():
            model = LogisticRegression(C=strength, max_iter=500).fit(features, late)
            mlflow.sklearn.log_model(
                model, name="model", registered_model_name="late", signature=infer_signature(features, late),
                pip_requirements=REQUIREMENTS,
            )
    client.set_registered_model_alias("late", "champion", "2")
    loaded = mlflow.pyfunc.load_model("models:/late@champion")
    assert (loaded.predict(features) == model.predict(features)).all()
    assert loaded.metadata.signature.inputs.input_names() == ["hour", "distance"]
    native = mlflow.sklearn.load_model("models:/late/1")
    assert native.C == 0.1
    assert client.get_model_version_by_alias("late", "champion").version in (2, "2")
    copied = client.copy_model_version("models:/late@champion", "late-production")
    assert (mlflow.pyfunc.load_model(f"models:/late-production/{copied.version}").predict(features) == late).mean() > 0.8
    client.update_model_version("late", "1", description="the weaker one")
    client.set_model_version_tag("late", "1", "checked", "yes")
    assert client.get_model_version("late", "1").tags == {"checked": "yes"}
    assert [int(found.version) for found in client.search_model_versions("name = 'late'", order_by=["version_number ASC"])] == [1, 2]
    client.delete_registered_model_alias("late", "champion")
    client.delete_model_version("late", "1")
    assert [int(found.version) for found in client.search_model_versions("name = 'late'")] == [2]
    info = mlflow.models.get_model_info("models:/late/2")
    assert "sklearn" in info.flavors and info.signature is not None
    [logged] = mlflow.search_logged_models(experiment_ids=[mlflow.get_experiment_by_name("registry").experiment_id],
                                           output_format="list", max_results=1)
    assert logged.status == "READY", logged


def a_model_is_evaluated_with_figures_and_plots():
    """mlflow.models.evaluate of a classifier, a regressor and a static data set; EvaluationResult.metrics, artifacts."""
    mlflow.set_experiment("evaluation")
    features, late = frame()
    table = features.assign(late=late)
    with mlflow.start_run() as run:
        model = LogisticRegression(max_iter=500).fit(features, late)
        info = mlflow.sklearn.log_model(model, name="classifier", pip_requirements=REQUIREMENTS)
        result = mlflow.models.evaluate(
            info.model_uri, table, targets="late", model_type="classifier", evaluators="default",
            evaluator_config={"log_model_explainability": False},
        )
    kept = MlflowClient().get_run(run.info.run_id)
    assert kept.data.metrics["accuracy_score"] == result.metrics["accuracy_score"], kept.data.metrics
    assert {"confusion_matrix", "roc_curve_plot"} <= set(result.artifacts), result.artifacts
    paths = [entry.path for entry in MlflowClient().list_artifacts(run.info.run_id)]
    assert any(path.endswith("confusion_matrix.png") for path in paths), paths
    predictions = pd.DataFrame({"prediction": LinearRegression().fit(features, late).predict(features), "late": late})
    with mlflow.start_run() as run:
        result = mlflow.models.evaluate(
            data=predictions, predictions="prediction", targets="late", model_type="regressor", extra_metrics=[mlflow.metrics.mse()],
        )
    assert MlflowClient().get_run(run.info.run_id).data.metrics["root_mean_squared_error"] > 0, result.metrics
    compared = mlflow.validate_evaluation_results(
        validation_thresholds={"mean_absolute_error": mlflow.models.MetricThreshold(threshold=10, greater_is_better=False)},
        candidate_result=result,
    )
    assert compared is None


def scikit_learn_logs_itself():
    """mlflow.sklearn.autolog with fit, score and a grid search whose children are runs of their own."""
    import sklearn.metrics
    from sklearn.model_selection import GridSearchCV

    mlflow.set_experiment("autolog scikit-learn")
    features, late = frame()
    mlflow.sklearn.autolog(max_tuning_runs=2)
    with mlflow.start_run() as run:
        search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0, 10.0]}, cv=2).fit(features, late)
        search.score(features, late)
        sklearn.metrics.f1_score(late, search.predict(features))
    mlflow.sklearn.autolog(disable=True)
    kept = MlflowClient().get_run(run.info.run_id)
    assert "best_C" in kept.data.params and "best_cv_score" in kept.data.metrics, kept.data
    assert any(name.startswith("f1_score") for name in kept.data.metrics), kept.data.metrics
    children = mlflow.search_runs(
        experiment_names=["autolog scikit-learn"], filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    )
    assert len(children) == 2, children
    paths = {entry.path for entry in MlflowClient().list_artifacts(run.info.run_id)}
    assert {"cv_results.csv", "estimator.html"} <= paths, paths
    models = mlflow.search_logged_models(
        experiment_ids=[kept.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'", output_format="list"
    )
    assert len(models) == 2, "the search and its best estimator"


def runs_become_a_table():
    """search_runs into pandas over several experiments with columns of every kind, in pages, and as a list."""
    mlflow.set_experiment("search one")
    for number in range(12):
        with mlflow.start_run(run_name=f"r{number}", tags={"team": "ops"}):
            mlflow.log_params({"lr": number / 10, "kind": "a" if number % 2 else "b"})
            mlflow.log_metrics({"auc": number / 12, "val/loss": 12 - number, "bad": float("nan"), "far": float("inf")})
    mlflow.set_experiment("search two")
    with mlflow.start_run(run_name="other"):
        mlflow.log_metric("auc", 0.5)
    table = mlflow.search_runs(
        experiment_names=["search one", "search two"],
        filter_string="metrics.auc >= 0.25 and attributes.status = 'FINISHED'", order_by=["metrics.auc DESC"],
    )
    assert len(table) == 10 and table["metrics.auc"].is_monotonic_decreasing, table
    assert table.loc[table["tags.mlflow.runName"] == "other", "params.lr"].isna().all()
    assert str(table["start_time"].dtype).startswith("datetime64"), table.dtypes
    assert table["metrics.far"].iloc[0] > 1e308, "infinity is kept as the largest number, as MLflow does"
    client = MlflowClient()
    experiment = mlflow.get_experiment_by_name("search one").experiment_id
    seen, token = [], None
    while True:
        page = client.search_runs([experiment], "metrics.`val/loss` < 11", order_by=["params.lr ASC"], max_results=4, page_token=token)
        seen += [run.info.run_name for run in page]
        token = page.token
        if not token:
            break
    assert len(seen) == len(set(seen)) == 10, seen
    assert len(mlflow.search_runs([experiment], max_results=3, output_format="list")) == 3
    found = mlflow.search_experiments(filter_string="name LIKE 'search %'", order_by=["name ASC"])
    assert [experiment.name for experiment in found] == ["search one", "search two"]


def what_is_deleted_can_be_restored():
    """delete_run, restore_run, delete_experiment, restore_experiment, rename, tags, delete_tag, views of searches."""
    client = MlflowClient()
    experiment = client.create_experiment("passing", tags={"a": "1"})
    run = client.create_run(experiment, run_name="first").info.run_id
    client.update_run(run, name="second", status="FAILED")
    assert client.get_run(run).info.run_name == "second" and client.get_run(run).info.status == "FAILED"
    client.set_tag(run, "x", "1")
    client.delete_tag(run, "x")
    client.delete_run(run)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    assert not client.search_runs([experiment])
    assert len(client.search_runs([experiment], run_view_type=mlflow.entities.ViewType.DELETED_ONLY)) == 1
    client.restore_run(run)
    client.rename_experiment(experiment, "passed")
    client.set_experiment_tag(experiment, "b", "2")
    client.delete_experiment(experiment)
    assert client.get_experiment(experiment).lifecycle_stage == "deleted"
    client.restore_experiment(experiment)
    kept = client.get_experiment_by_name("passed")
    assert kept.tags == {"a": "1", "b": "2"} or {"a", "b"} <= set(kept.tags), kept.tags
    assert [found.info.run_id for found in client.search_runs([experiment])] == [run]


def the_mlflow_command_line_works():
    """mlflow experiments create, search, rename, delete, restore, csv; runs list, describe, delete, restore; artifacts."""
    from click.testing import CliRunner
    from mlflow.cli import cli

    def command(*arguments):
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, (arguments, done.output, done.exception)
        return done.output

    command("experiments", "create", "-n", "by command")
    experiment = mlflow.get_experiment_by_name("by command").experiment_id
    assert "by command" in command("experiments", "search")
    mlflow.set_experiment("by command")
    with mlflow.start_run(run_name="told") as run:
        mlflow.log_metric("auc", 0.75)
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "note.txt").write_text("kept")
    command("artifacts", "log-artifact", "--local-file", str(folder / "note.txt"), "--run-id", run.info.run_id, "-a", "notes")
    assert "notes/note.txt" in command("artifacts", "list", "-r", run.info.run_id, "-a", "notes")
    got = command("artifacts", "download", "-r", run.info.run_id, "-a", "notes/note.txt", "-d", str(folder / "got"))
    assert pathlib.Path(got.strip().splitlines()[-1]).read_text() == "kept"
    assert run.info.run_id in command("runs", "list", "--experiment-id", experiment)
    assert '"auc": 0.75' in command("runs", "describe", "--run-id", run.info.run_id)
    command("runs", "delete", "--run-id", run.info.run_id)
    command("runs", "restore", "--run-id", run.info.run_id)
    assert "0.75" in command("experiments", "csv", "-x", experiment)
    command("experiments", "rename", "--experiment-id", experiment, "--new-name", "by another command")
    command("experiments", "delete", "-x", experiment)
    command("experiments", "restore", "-x", experiment)
    assert mlflow.get_experiment(experiment).name == "by another command"


def other_clients_forms_of_requests_are_understood():
    """What the Java and R clients send: run_uuid beside run_id, parameters of GET in the query and in the body."""
    import requests

    root = f"{mlflow.get_tracking_uri()}/api/2.0/mlflow"
    experiment = requests.post(f"{root}/experiments/create", json={"name": "other clients"}).json()["experiment_id"]
    by_name = requests.get(f"{root}/experiments/get-by-name", params={"experiment_name": "other clients"}).json()
    assert by_name["experiment"]["experiment_id"] == experiment
    body = {"experiment_id": experiment, "user_id": "ada", "start_time": 1_700_000_000_000, "tags": [{"key": "k", "value": "v"}]}
    run = requests.post(f"{root}/runs/create", json=body).json()["run"]["info"]["run_uuid"]
    for path, value in [
        ("log-parameter", {"key": "p", "value": "1"}),
        ("log-metric", {"key": "m", "value": 0.5, "timestamp": 1_700_000_000_001, "step": "3"}),
        ("log-metric", {"key": "m", "value": "NaN", "timestamp": "1700000000002", "step": 4}),
        ("set-tag", {"key": "t", "value": "1"}),
    ]:
        answer = requests.post(f"{root}/runs/{path}", json={"run_uuid": run, **value})
        assert answer.status_code == 200, (path, answer.text)
    got = requests.get(f"{root}/runs/get", params={"run_uuid": run, "run_id": run}).json()["run"]
    assert got["data"]["params"] == [{"key": "p", "value": "1"}], got
    with_body = requests.get(f"{root}/runs/get", json={"run_id": run})
    assert with_body.status_code == 200 or with_body.json()["error_code"] == "INVALID_PARAMETER_VALUE", with_body.text
    history = requests.get(f"{root}/metrics/get-history", params={"run_uuid": run, "run_id": run, "metric_key": "m"}).json()
    assert [point["value"] for point in history["metrics"]] == [0.5, "NaN"], history
    found = requests.post(f"{root}/runs/search", json={"experiment_ids": [experiment], "run_view_type": "ACTIVE_ONLY", "max_results": "10"}).json()
    assert [entry["info"]["run_id"] for entry in found["runs"]] == [run], found
    done = {"run_uuid": run, "status": "FINISHED", "end_time": 1_700_000_000_500}
    assert requests.post(f"{root}/runs/update", json=done).json()["run_info"]["status"] == "FINISHED"
    assert requests.get(f"{root}/artifacts/list", params={"run_uuid": run, "run_id": run}).json()["root_uri"]
    assert requests.post(f"{root}/runs/delete", json={"run_id": run}).json() == {}


if __name__ == "__main__":
    harness.main(sys.argv[1], [check for check in list(globals().values()) if harness.is_check(check, __name__)], sys.argv[2:])
