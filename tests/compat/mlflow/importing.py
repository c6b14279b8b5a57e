"""A store that MLflow's own client has made is taken over by `volano import mlflow`, and read again through that client.

    python importing.py VOLANO

Everything is compared on both sides; the import is cut off in the middle and started again; what cannot be taken over is
refused with a sentence.
"""
import atexit
import contextlib
import hashlib
import http.client
import http.server
import json
import math
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import threading
import uuid

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput, Metric, Param, ViewType

import importing_traces as traces

VOLANO = os.path.abspath(sys.argv[1])
VALUES = [1 / 11, float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1e308, 0.1 + 0.2]
# So many runs that the import takes several calls.
MANY = 450


def fill(client, root, work):
    """Many kinds of content, made as its users make them; artifacts lie in `root`, or where the store puts them."""
    def experiment(name, **more):
        location = root and (root / name.replace(" ", "_")).as_uri()
        return client.create_experiment(name, artifact_location=location, **more)

    churn = experiment("churn größe 🦦", tags={"team": "wachstum", "note": "a\nb"})
    gone = experiment("gone")
    experiment("empty")
    parent = client.create_run(churn, start_time=1_600_000_000_000, run_name="parent", tags={"k": "ü", "mlflow.user": "ada"})
    run = parent.info.run_id
    for step, value in enumerate(VALUES):
        client.log_metric(run, "loss/train", value, timestamp=1_600_000_000_000 + step, step=step)
    client.log_batch(run, metrics=[Metric("many", n / 7, 1_600_000_000_000 + n, n - 500) for n in range(1000)])
    client.log_batch(run, params=[Param(f"p{n}", "x" * 500 if n == 3 else str(n / 3)) for n in range(100)])
    client.set_tag(run, "long", "é" * 4000)
    for source in ("a", "b"):
        dataset = MetaDataset(HTTPDatasetSource(f"https://data.example/{source}.csv"), name=f"rows {source}")
        entity = Dataset(name=dataset.name, digest=dataset.digest, source_type="http",
                         source=json.dumps({"url": source}), schema='{"x": 1}' if source == "a" else None)
        client.log_inputs(run, [DatasetInput(entity, [InputTag("mlflow.data.context", f"train {source}")])])
    (work / "files/deep/er").mkdir(parents=True)
    (work / "files/deep/er/größe 1.txt").write_text("ü")
    (work / "files/empty.bin").write_bytes(b"")
    (work / "files/big.bin").write_bytes(bytes(range(256)) * (3 << 12))
    client.log_artifacts(run, str(work / "files"))
    child = client.create_run(churn, run_name="child", tags={"mlflow.parentRunId": run}).info.run_id
    client.log_metric(child, "loss/train", 0.5, step=-3)
    client.set_terminated(child, "FAILED", 1_700_000_000_000)
    client.set_terminated(run, "FINISHED", 1_600_000_100_000)
    dropped = client.create_run(churn, run_name="dropped").info.run_id
    client.log_text(dropped, "still there", "note.txt")
    client.delete_run(dropped)
    client.create_run("0", run_name="in the default experiment")
    client.log_param(client.create_run(gone, run_name="of a deleted experiment").info.run_id, "a", "b")
    client.delete_experiment(gone)

    model = client.create_logged_model(churn, name="forest", source_run_id=run, model_type="agent",
                                       tags={"a": "b"}, params={"depth": "3"})
    client.log_metric(run, "auc", 1 / 11, step=2, timestamp=5, model_id=model.model_id)
    (made := work / "made").mkdir()
    (made / "MLmodel").write_text("flavors: {}\n")
    (made / "weights.bin").write_bytes(b"\x00\xff" * 999)
    client.log_model_artifacts(model.model_id, str(made))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run, [LoggedModelOutput(model.model_id, 7)])
    client.log_inputs(child, models=[LoggedModelInput(model.model_id)])
    client.log_artifacts(child, str(made), "model")
    lost = client.create_logged_model(churn, name="pending", tags={"x": "y"})
    client.delete_logged_model(lost.model_id)

    client.create_registered_model("churn", tags={"owner": "ada"}, description="who leaves\nsoon")
    client.create_model_version("churn", f"models:/{model.model_id}", run_id=run, tags={"t": "1"}, description="one")
    child_uri = client.get_run(child).info.artifact_uri
    client.create_model_version("churn", f"{child_uri}/model", run_id=child, run_link="https://ci.example/7")
    client.create_model_version("churn", f"runs:/{child}/model", run_id=child)
    client.create_model_version("churn", f"{child_uri}/model", run_id=child)
    client.delete_model_version("churn", "3")
    client.delete_model_version("churn", "4")
    client.set_registered_model_alias("churn", "champion", "2")
    client.set_registered_model_alias("churn", "früher", "1")
    client.transition_model_version_stage("churn", "1", "Archived")
    client.transition_model_version_stage("churn", "2", "Production")
    client.create_registered_model("nothing yet")


def fill_prompts():
    """Prompts, which live beside the models."""
    mlflow.genai.register_prompt(name="greeting", template="Hello {{name}}!", commit_message="first", tags={"l": "en"})
    mlflow.genai.register_prompt(name="greeting", template="Grüß dich, {{name}} 🦦", commit_message="warmer")
    mlflow.genai.set_prompt_alias("greeting", "live", 2)


def add_many(database, root):
    """Runs in numbers, straight into the tables."""
    with contextlib.closing(sqlite3.connect(database)) as base, base:
        (experiment,) = base.execute("SELECT experiment_id FROM experiments WHERE name = 'empty'").fetchone()
        for n in range(MANY):
            run = uuid.uuid4().hex
            base.execute(
                "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, lifecycle_stage, artifact_uri, "
                "experiment_id) VALUES (?, ?, 'LOCAL', 'eve', 'FINISHED', ?, 'active', ?, ?)",
                (run, f"n {n}", 1_650_000_000_000 + n, f"{root}/empty/{run}/artifacts", experiment))
            rows = [("m", n / 11 + step, step, step, False, run) for step in range(3)]
            base.executemany("INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?,?,?,?,?,?)", rows)
            base.execute("INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?,?,?,?,?,?)",
                         rows[-1])


class Server:
    """The binary, on a home of its own."""

    def __init__(self, home):
        self.process = subprocess.Popen(
            [VOLANO, "server", "--home", str(home), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True)
        atexit.register(self.stop)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), self.url

    def audit(self):
        """The number of the newest entry."""
        return requests.get(f"{self.url}/api/v1/audit?limit=1").json()["items"][0]["seq"]

    def stop(self):
        self.process.kill()
        self.process.wait()


class Cut(http.server.BaseHTTPRequestHandler):
    """Passes requests on; after the given number of imports of a kind the importer is killed before it hears the answer."""

    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(self.server.upstream)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        if self.command == "POST" and self.path == "/api/v1/import" and self.server.kind in body:
            self.server.imports -= 1
            if self.server.imports == 0:
                self.server.importer.kill()
        with contextlib.suppress(OSError):
            self.close_connection = True
            self.send_response(answer.status)
            self.send_header("Connection", "close")
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = pass_on

    def log_message(self, *args):
        pass


def volano(server, *words):
    """Runs an import; exit code, the document and what it told."""
    command = [VOLANO, "import", "mlflow", *map(str, words), "--server", server if isinstance(server, str) else server.url,
               "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def cut_off(server, source, artifacts, imports, kind=b""):
    """Starts an import that is killed after so many calls that bring things of a kind."""
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cut)
    proxy.upstream, proxy.imports, proxy.kind = server.url.removeprefix("http://"), imports, kind
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    proxy.importer = subprocess.Popen(
        [VOLANO, "import", "mlflow", source, "--artifacts", artifacts, "--server",
         f"http://127.0.0.1:{proxy.server_address[1]}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert proxy.importer.wait() == -9, proxy.importer.returncode
    proxy.shutdown()


def same(a, b, where):
    """Equal, and not-a-number equals itself."""
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return
    if isinstance(a, dict) and isinstance(b, dict):
        assert a.keys() == b.keys(), (where, a.keys() ^ b.keys())
        for key in a:
            same(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list) and isinstance(b, list):
        assert len(a) == len(b), (where, a, b)
        for n, (one, other) in enumerate(zip(a, b)):
            same(one, other, f"{where}[{n}]")
    else:
        assert a == b, (where, a, b)


def files(client, run, path=None):
    """All files of a run with the hash of their bytes."""
    found = {}
    for entry in client.list_artifacts(run, path):
        if entry.is_dir:
            found |= files(client, run, entry.path)
        else:
            with tempfile.TemporaryDirectory() as work:
                content = pathlib.Path(client.download_artifacts(run, entry.path, work)).read_bytes()
            found[entry.path] = hashlib.sha256(content).hexdigest()
    return found


def run_of(client, run_id, deep=True):
    """A run as one document."""
    run = client.get_run(run_id)
    info = {key: value for key, value in dict(run.info).items() if key not in ("artifact_uri", "experiment_id")}
    inputs = [({**dict(one.dataset)}, {tag.key: tag.value for tag in one.tags}) for one in run.inputs.dataset_inputs]
    document = {
        "info": info, "params": run.data.params, "tags": run.data.tags, "metrics": run.data.metrics,
        "datasets": sorted(map(repr, inputs)),
        "inputs": sorted(one.model_id for one in run.inputs.model_inputs),
        "outputs": sorted((one.model_id, one.step) for one in run.outputs.model_outputs),
        "history": {key: sorted(((p.step, p.timestamp, repr(p.value)) for p in client.get_metric_history(run_id, key)))
                    for key in run.data.metrics},
    }
    if deep:
        document["files"] = files(client, run_id)
    return document


def model_of(client, name):
    """A registered model with its versions as one document."""
    model = client.get_registered_model(name)
    document = {
        "description": model.description or "", "tags": model.tags,
        "aliases": {alias: int(version) for alias, version in model.aliases.items()},
        "created": model.creation_timestamp, "updated": model.last_updated_timestamp, "versions": {},
    }
    for version in client.search_model_versions(f"name = '{name}'"):
        document["versions"][str(version.version)] = {
            "source": version.source, "stage": version.current_stage, "description": version.description or "",
            "run": version.run_id or "", "link": version.run_link or "", "tags": version.tags,
            "created": version.creation_timestamp, "updated": version.last_updated_timestamp, "user": version.user_id or "",
        }
    return document


def logged_of(client, model_id):
    """A logged model as one document."""
    model = client.get_logged_model(model_id)
    metrics = sorted((m.key, repr(m.value), m.step, m.timestamp, m.run_id, m.dataset_name) for m in model.metrics or [])
    return {
        "name": model.name, "type": model.model_type, "run": model.source_run_id, "status": str(model.status),
        "created": model.creation_timestamp, "updated": model.last_updated_timestamp, "tags": model.tags,
        "params": model.params, "metrics": metrics,
    }


def compare(there, here, renamed=()):
    """Everything that the client shows of both sides."""
    experiments = there.search_experiments(ViewType.ALL)
    for experiment in experiments:
        other = here.get_experiment_by_name(experiment.name)
        if experiment.experiment_id != "0":
            for field in ("tags", "lifecycle_stage", "creation_time", "last_update_time"):
                same(getattr(experiment, field), getattr(other, field), f"{experiment.name}.{field}")
        runs, others = ({run.info.run_id for run in client.search_runs([number], run_view_type=ViewType.ALL)}
                        for client, number in ((there, experiment.experiment_id), (here, other.experiment_id)))
        assert runs <= others, (experiment.name, runs - others)
        for n, run in enumerate(sorted(runs)):
            deep = len(runs) < 50
            # Of the many alike a few are enough: the report has compared all.
            if deep or n < 5:
                same(run_of(there, run, deep), run_of(here, run, deep), run)
        models, others = (client.search_logged_models([number])
                          for client, number in ((there, experiment.experiment_id), (here, other.experiment_id)))
        assert {m.model_id for m in models} == {m.model_id for m in others}, experiment.name
        for model in models:
            same(logged_of(there, model.model_id), logged_of(here, model.model_id), model.name)
    for model in there.search_registered_models():
        same(model_of(there, model.name), model_of(here, model.name), model.name)


def tallies(document):
    return {kind["kind"]: kind for kind in document["kinds"]}


def check_database(folder):
    """A database: seen beforehand, cut off, taken up again, equal, and the same once more."""
    root, database = folder / "artifacts", folder / "mlflow.db"
    root.mkdir()
    uri = f"sqlite:///{database}"
    mlflow.set_tracking_uri(uri)
    there = MlflowClient(uri)
    fill(there, root, folder)
    fill_prompts()
    add_many(database, root)
    experiment = there.get_experiment_by_name("churn größe 🦦").experiment_id
    made = traces.fill_traces(there, experiment, True)
    traces.attach(there, made[0])
    traces.add_many_traces(database, there.get_experiment_by_name("empty").experiment_id)

    server = Server(folder / "home")
    here = MlflowClient(server.url)
    taken = here.create_experiment("was here first")
    assert taken == experiment
    before = server.audit()
    code, seen, told = volano(server, uri, "--artifacts", root, "--dry-run")
    assert code == 0 and server.audit() == before, told
    kinds = tallies(seen)
    assert kinds["runs"]["absent"] == MANY + 6 and kinds["runs"]["same"] == 0, seen
    assert kinds["traces"]["absent"] == traces.MANY + 3 and kinds["spans"]["absent"] == traces.MANY + 5, seen
    assert seen["bytes"] > 3_000_000, seen

    cut_off(server, str(database), str(root), 3)
    assert len(here.search_experiments(ViewType.ALL)) > 2
    # A call with traces and one with spans is made, and nobody hears of it.
    cut_off(server, str(database), str(root), 2, b'"traces":[')
    cut_off(server, str(database), str(root), 1, b'"spans":[')
    code, document, told = volano(server, database, "--artifacts", root)
    assert code == 0 and document["equal"], (document, told)
    kinds = tallies(document)
    assert all(kind["there"] == kind["same"] for kind in kinds.values()), kinds
    assert kinds["runs"]["there"] == MANY + 6 and kinds["runs"]["made"] == 0, kinds
    assert kinds["traces"]["there"] == traces.MANY + 3 and 0 < kinds["traces"]["made"] < traces.MANY, kinds
    assert kinds["spans"]["there"] == traces.MANY + 5 and 0 < kinds["spans"]["made"] <= traces.MANY, kinds
    assert kinds["assessments"]["there"] == 8 and kinds["evaluation data sets"]["there"] == 2, kinds
    assert kinds["evaluation records"]["there"] == 1204 and kinds["scorers"]["there"] == 2, kinds
    assert kinds["model versions"]["there"] == 4 and kinds["artifacts"]["there"] == 9, kinds
    assert [str(moved["there"]) for moved in document["experiments"]] == [taken], document
    compare(there, here)
    traces.compare_traces(there, here, same)
    traces.compare_links(there, here, same)
    traces.compare_evaluation(there, here, same)
    picture = requests.get(f"{server.url}/api/2.0/mlflow-artifacts/artifacts/"
                           f"{here.get_trace(made[0]).info.tags['mlflow.artifactLocation'].removeprefix('mlflow-artifacts:/')}"
                           "/attachments/größe.png")
    assert picture.content == traces.IMAGE, picture.text
    assert here.get_experiment(taken).name == "was here first"
    prompt = MlflowClient(server.url).get_prompt_version_by_alias("greeting", "live")
    assert prompt.template == "Grüß dich, {{name}} 🦦", prompt
    assert here.create_model_version("churn", "runs:/" + there.search_runs(["0"])[0].info.run_id + "/x",
                                     run_id=there.search_runs(["0"])[0].info.run_id).version == "5"
    here.delete_registered_model("churn")
    code, document, told = volano(server, database, "--artifacts", root)
    assert code == 0 and tallies(document)["models"]["made"] == 1, (document, told)
    for version in ("1", "2"):
        with tempfile.TemporaryDirectory() as work:
            local = mlflow.artifacts.download_artifacts(f"models:/churn/{version}", dst_path=work, tracking_uri=server.url)
            assert (pathlib.Path(local) / "weights.bin").read_bytes() == b"\x00\xff" * 999

    before = server.audit()
    code, document, told = volano(server, uri, "--artifacts", root)
    assert code == 0 and document["equal"] and server.audit() == before, (document, told)
    assert not any(kind["made"] for kind in document["kinds"]), document
    compare(there, here)
    check_conflicts(there, here, server, database, root)
    check_trace_conflicts(there, here, server, database, root, made)
    verified = subprocess.run([VOLANO, "audit", "verify", "--server", server.url], capture_output=True, text=True)
    assert verified.returncode == 0, verified.stderr
    server.stop()


def check_conflicts(there, here, server, database, root):
    """What is here with other content stays, the rest comes."""
    run = next(run.info.run_id for run in there.search_runs(["0"]))
    here.set_tag(run, "ours", "kept")
    here.set_registered_model_tag("churn", "ours", "kept")
    new = there.create_run("0", run_name="a late one").info.run_id
    with contextlib.closing(sqlite3.connect(database)) as base, base:
        base.execute("INSERT INTO registered_models (name, creation_time, last_updated_time, workspace) "
                     "VALUES ('a/b', 1, 1, 'default')")
    code, document, told = volano(server, database, "--artifacts", root)
    lines = "\n".join(document["differences"])
    assert code == 3 and not document["equal"] and len(document["differences"]) == 3, document
    assert f"run {run}: it is here with other content" in lines and "model churn: it is here with" in lines, lines
    assert "model a/b: Invalid model name 'a/b'" in lines, lines
    assert here.get_run(run).data.tags["ours"] == "kept" and here.get_run(new).info.run_name == "a late one"
    assert here.get_registered_model("churn").tags["ours"] == "kept"


def check_trace_conflicts(there, here, server, database, root, made):
    """A trace, a data set and a scorer that went on here stay as they are; damaged pieces are named, the rest comes."""
    before = len(volano(server, database, "--artifacts", root)[1]["differences"])
    here.set_trace_tag(made[1], "ours", "kept")
    mlflow.set_tracking_uri(server.url)
    (dataset,) = (found for found in there.search_datasets(max_results=9) if found.name == "empty")
    here.set_dataset_tags(dataset.dataset_id, {"ours": "kept"})
    code, document, _ = volano(server, database, "--artifacts", root)
    lines = "\n".join(document["differences"])
    assert code == 3 and len(document["differences"]) == before + 2, document
    assert f"trace {made[1]}: it is here with other content" in lines, lines
    assert f"evaluation data set {dataset.dataset_id[2:]}: it is here with other content" in lines, lines
    assert here.get_trace(made[1]).info.tags["ours"] == "kept"


def check_damaged(folder):
    """What nobody can read is named, and the rest comes."""
    root, database = folder / "artifacts", folder / "mlflow.db"
    root.mkdir()
    uri = f"sqlite:///{database}"
    mlflow.set_tracking_uri(uri)
    there = MlflowClient(uri)
    experiment = there.create_experiment("x", artifact_location=(root / "x").as_uri())
    made = traces.fill_traces(there, experiment, True)
    with contextlib.closing(sqlite3.connect(database)) as base, base:
        base.execute("INSERT INTO online_scoring_configs (online_scoring_config_id, scorer_id, sample_rate, experiment_id) "
                     "SELECT ?, scorer_id, 0.5, experiment_id FROM scorers WHERE scorer_name = 'quality'", (str(uuid.uuid4()),))
    older = folder / "older.db"
    traces.make_older(database, older)
    known = {trace: traces.trace_of(there, trace) for trace in made}
    files = {trace: traces.files_of(there, trace) for trace in made}
    for trace in made:
        traces.write_span_file(files[trace] / "traces.json", there.get_trace(trace))
    traces.damage(database, made[0], made[1])
    (files[made[1]] / "traces.json").rename(folder / "kept.json")
    server = Server(folder / "home")
    here = MlflowClient(server.url)
    code, document, told = volano(server, database, "--artifacts", root)
    lines = "\n".join(document["differences"])
    assert code == 3 and len(document["differences"]) == 6, (document, told)
    for part in (f"of trace {made[0]}: its content is no JSON", "its value is no JSON", "trace \"a/b\": Invalid trace ID",
                 f"spans of trace {made[1]}: they are in an archive", "its inputs cannot be read",
                 "Custom scorer registration (using @scorer decorator) is disabled"):
        assert part in lines, (part, lines)
    assert document["notes"] == ["scorers that judge new traces by themselves there, and not here: 1"], document
    kinds = tallies(document)
    assert (kinds["traces"]["there"], kinds["traces"]["same"]) == (4, 3), kinds
    assert (kinds["spans"]["there"], kinds["spans"]["same"]) == (3, 3), kinds
    assert [kinds["assessments"][count] for count in ("there", "same", "made")] == [8, 7, 7], kinds
    assert (kinds["evaluation records"]["there"], kinds["evaluation records"]["same"]) == (1204, 1203), kinds
    same(known[made[2]], traces.trace_of(here, made[2]), made[2])
    (config,) = here._tracking_client.store.get_online_scoring_configs([here._tracking_client.store.get_scorer(
        here.get_experiment_by_name("x").experiment_id, "quality").scorer_id])
    assert config.sample_rate == 0.5, config
    server.stop()
    check_older(folder, older, root, known, files)


def check_older(folder, database, root, known, files):
    """A schema without tables for spans: they come out of files, also with a later import."""
    made = list(known)
    server = Server(folder / "older")
    here = MlflowClient(server.url)
    code, document, told = volano(server, database, "--without-artifacts")
    kinds = tallies(document)
    assert code == 0 and kinds["traces"]["same"] == 3 and kinds["spans"]["there"] == 0, (document, told)
    code, document, told = volano(server, database, "--artifacts", root)
    assert code == 3 and document["differences"] == [f"spans of trace {made[1]}: their file traces.json was not found"], document
    kinds = tallies(document)
    assert kinds["traces"]["made"] == 0 and kinds["spans"] == {
        "kind": "spans", "there": 4, "same": 4, "made": 4, "absent": 0}, kinds
    # The store says no more than this about them.
    for trace in (made[0], made[2]):
        theirs, ours = known[trace], traces.trace_of(here, trace)
        for key in ("id", "time", "duration", "state", "tags"):
            same(theirs[key], ours[key], f"{trace}.{key}")
        assert ours["metadata"]["mlflow.trace.session"] == "s 1", ours["metadata"]
        same(theirs["spans"], ours["spans"], f"{trace}.spans")
    (folder / "kept.json").rename(files[made[1]] / "traces.json")
    code, document, told = volano(server, database, "--artifacts", root)
    assert code == 0 and tallies(document)["spans"]["made"] == 1, (document, told)
    code, document, told = volano(server, database, "--without-artifacts")
    assert code == 0 and document["equal"], (document, told)
    server.stop()


def check_folder(folder):
    """A folder store, read as it lies."""
    root = folder / "mlruns"
    mlflow.set_tracking_uri(str(root))
    there = MlflowClient(str(root))
    fill(there, None, folder)
    made = traces.fill_traces(there, there.get_experiment_by_name("churn größe 🦦").experiment_id, False)
    traces.attach(there, made[0])
    server = Server(folder / "home")
    code, document, told = volano(server, root)
    assert code == 0 and document["equal"], (document, told)
    assert tallies(document)["points"]["there"] > 1000, document
    assert tallies(document)["traces"]["there"] == 3 and tallies(document)["spans"]["there"] == 5, document
    here = MlflowClient(server.url)
    for experiment in there.search_experiments(ViewType.ALL):
        other = here.get_experiment_by_name(experiment.name)
        for run in there.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL):
            ours = run_of(here, run.info.run_id)
            theirs = run_of(there, run.info.run_id)
            # The store's own reader takes the run for the model it made.
            theirs["outputs"] = ours["outputs"]
            # As from MLflow's databases: infinity is the largest number, and zero has no sign.
            theirs["history"] = {
                key: [(step, at, value.replace("inf", "1.7976931348623157e+308").replace("-0.0", "0.0")) for step, at, value in points]
                for key, points in theirs["history"].items()}
            same(theirs, ours, run.info.run_name)
        assert experiment.tags == other.tags and experiment.lifecycle_stage == other.lifecycle_stage
    for model in there.search_registered_models():
        same(model_of(there, model.name), model_of(here, model.name), model.name)
    traces.compare_traces(there, here, same)
    code, document, told = volano(server, root.as_uri())
    assert code == 0 and not any(kind["made"] for kind in document["kinds"]), (document, told)
    server.stop()


def check_refusals(folder):
    """What is no store of MLflow, or has no artifacts, is refused before anything is sent."""
    def refused(sentence, *words):
        code, _, told = volano("http://127.0.0.1:9", *words)
        assert code == 2 and sentence in told, (code, told)

    refused("there is no such file or folder", folder / "none.db", "--artifacts", folder)
    (folder / "text.db").write_text("this is no database, but a text that is long enough to be read as one" * 20)
    refused("it cannot be read as an SQLite database", folder / "text.db", "--artifacts", folder)
    with contextlib.closing(sqlite3.connect(folder / "other.db")) as base, base:
        base.execute("CREATE TABLE customers (id INTEGER)")
    refused("not one of MLflow's", folder / "other.db", "--artifacts", folder)
    refused("postgresql stores are not read", "postgresql://ada:secret@db/mlflow", "--artifacts", folder)
    (folder / "empty").mkdir()
    refused("is no mlruns folder", folder / "empty")
    database = folder / "old.db"
    uri = f"sqlite:///{database}"
    client = MlflowClient(uri)
    experiment = client.create_experiment("x", artifact_location=(folder / "x").as_uri())
    model = client.create_logged_model(experiment, name="m")
    client.finalize_logged_model(model.model_id, "READY")
    refused("--artifacts is missing", uri)
    refused("there is no such file or folder", uri, "--artifacts", folder / "nowhere")
    refused("artifacts are missing: no run or model of the store has files in", uri, "--artifacts", folder / "empty")
    with contextlib.closing(sqlite3.connect(database)) as base, base:
        base.execute("ALTER TABLE runs RENAME COLUMN deleted_time TO something_else")
    refused("mlflow db upgrade sqlite:///", uri, "--artifacts", folder)


def main():
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        for check in (check_refusals, check_database, check_damaged, check_folder):
            folder = pathlib.Path(work) / check.__name__
            folder.mkdir()
            check(folder)
            print(f"{check.__name__}: {check.__doc__}", file=sys.stderr)


if __name__ == "__main__":
    main()
