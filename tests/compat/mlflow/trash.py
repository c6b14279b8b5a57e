"""What the unmodified client sees of things that are deleted, restored and purged: the address of a server is the argument."""

import json
import sys
import urllib.request

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

url = sys.argv[1]
mlflow.set_tracking_uri(url)
client = MlflowClient(url)


def own(method, path, body=None):
    """Calls Volano's own API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/api/v1{path}", data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def gone(call, *args):
    try:
        call(*args)
    except MlflowException as error:
        assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error
    else:
        raise AssertionError(f"{call} found it")


def seen(run_id):
    """All that the client shows of a run."""
    run = client.get_run(run_id)
    history = [(p.step, p.value, p.timestamp) for p in client.get_metric_history(run_id, "loss")]
    files = {}
    for entry in client.list_artifacts(run_id):
        if not entry.is_dir:
            files[entry.path] = mlflow.artifacts.load_text(f"runs:/{run_id}/{entry.path}")
    return run.to_dictionary(), history, files


experiment = client.create_experiment("bin")
mlflow.set_experiment("bin")
with mlflow.start_run(run_name="kept in mind") as run:
    for step in range(50):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_params({"lr": 0.1, "depth": 8})
    mlflow.set_tag("team", "ops")
    mlflow.log_text("some notes", "notes.txt")
    model = mlflow.pyfunc.log_model(name="echo", python_model=lambda model_input: model_input, pip_requirements=["mlflow"])
with mlflow.start_span("asked") as span:
    span.set_inputs({"question": "what goes with an experiment?"})
mlflow.flush_trace_async_logging()
assert len(mlflow.search_traces(locations=[experiment], return_type="list")) == 1
run_id = run.info.run_id
before = seen(run_id)
version = mlflow.register_model(model.model_uri, "echo")
client.set_registered_model_alias("echo", "champion", version.version)
client.set_model_version_tag("echo", "1", "checked", "yes")
registered = client.get_model_version("echo", "1")

# A run.
client.delete_run(run_id)
item = own("GET", "/trash?kind=run")["items"][0]
assert item["ref"] == f"run:{run_id}" and item["name"] == "kept in mind" and item["bytes"] > 10, item
own("POST", "/trash/restore", {"refs": [item["ref"]]})
assert seen(run_id) == before

# A version, with its alias.
client.delete_model_version("echo", "1")
gone(client.get_model_version, "echo", "1")
own("POST", "/trash/restore", {"refs": ["model:echo:1"]})
again = client.get_model_version("echo", "1")
assert (again.source, again.run_id, again.tags, again.aliases) == (
    registered.source,
    registered.run_id,
    registered.tags,
    ["champion"],
), again

# A whole model.
client.delete_registered_model("echo")
gone(client.get_registered_model, "echo")
assert not client.search_registered_models() and not client.search_model_versions()
own("POST", "/trash/restore", {"refs": ["model:echo"]})
assert client.get_model_version_by_alias("echo", "champion").version == "1"
assert mlflow.pyfunc.load_model("models:/echo@champion").predict([3]) == [3]

# The run stays while the version is there.
client.delete_experiment(experiment)
kept = own("POST", "/trash/preview", {})["kept"]
assert any(entry["ref"] == f"run:{run_id}" and "echo:1" in entry["reason"] for entry in kept), kept
client.restore_experiment(experiment)
assert seen(run_id) == before

# All of it, for good.
client.delete_registered_model("echo")
client.delete_experiment(experiment)
preview = own("POST", "/trash/preview", {})
assert not preview["kept"], preview
purge = own("POST", "/trash/purges", {"wait": True})
assert purge["freed"] == preview["freed"], (purge, preview)
assert purge["freed"]["points"] == 50 and purge["freed"]["runs"] == 1 and purge["freed"]["model_versions"] == 1, purge
gone(client.get_run, run_id)
gone(client.get_experiment, experiment)
assert int(client.create_experiment("bin")) > int(experiment)
