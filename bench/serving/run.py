"""One row at a time to the same model: this server beside `mlflow models serve`, in one run.

    python run.py [REQUESTS]

Needs VOLANO, the built binary, and a Python with mlflow and scikit-learn, which runs this script. Prints the machine,
both servers' latencies, and the ratio of the medians.
"""
import http.client
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.ensemble import HistGradientBoostingClassifier

REQUESTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
COLUMNS = [f"c{index}" for index in range(20)]
BODY = json.dumps({"dataframe_split": {"columns": COLUMNS, "data": [[0.5] * len(COLUMNS)]}})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, path, seconds=120):
    for _ in range(seconds * 10):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(f"nothing answers on port {port}{path}")


def train(folder):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.uniform(size=(5000, len(COLUMNS))), columns=COLUMNS)
    model = HistGradientBoostingClassifier(max_iter=100).fit(rows, rows.c0 + rows.c1 > 1)
    mlflow.sklearn.save_model(
        model, folder, serialization_format="cloudpickle", input_example=rows.head(2),
        signature=infer_signature(rows.head(), model.predict_proba(rows.head())), pyfunc_predict_fn="predict_proba",
    )


def measure(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times = []
    for number in range(REQUESTS + 50):
        begun = time.perf_counter()
        connection.request("POST", path, BODY, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        assert response.status == 200, text
        if number >= 50:
            times.append((time.perf_counter() - begun) * 1000)
    return times, json.loads(text)["predictions"]


def figures(name, times):
    p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    print(f"{name:<22} p50 {p50:8.2f} ms   p99 {p99:8.2f} ms   {1000 / statistics.mean(times):8.0f} requests/s")
    return p50


def call(port, method, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    assert response.status < 300, text
    return json.loads(text)


def deploy(port, folder):
    mlflow.set_tracking_uri(f"http://127.0.0.1:{port}")
    with mlflow.start_run() as run:
        mlflow.log_artifacts(folder, "model")
    version = mlflow.MlflowClient()
    version.create_registered_model("bench")
    number = version.create_model_version("bench", f"runs:/{run.info.run_id}/model", run.info.run_id).version
    call(port, "PUT", "/api/v1/deployments/bench", {"model": f"bench:{number}"})
    for _ in range(6000):
        status = call(port, "GET", "/api/v1/deployments/bench", None)
        if status["state"] in ("ready", "failed"):
            assert status["state"] == "ready", status
            return
        time.sleep(0.1)
    sys.exit("the deployment does not become ready")


def main():
    work = Path(tempfile.mkdtemp())
    processes = []
    try:
        model = work / "model"
        train(str(model))
        peer_port, port = free_port(), free_port()
        serve = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model), "-p", str(peer_port), "--env-manager", "local"]
        # mlflow starts its server by name, so that name must be found.
        found = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        processes.append(subprocess.Popen(serve, env=found, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        server = [os.environ["VOLANO"], "server", "--home", str(work / "home"), "--port", str(port)]
        processes.append(subprocess.Popen(server, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        wait_for(peer_port, "/ping")
        wait_for(port, "/health")
        deploy(port, str(model))
        print(f"{platform.node()}, {os.cpu_count()} cores, {REQUESTS} requests of one row with {len(COLUMNS)} columns")
        theirs, their_answer = measure(peer_port, "/invocations")
        ours, our_answer = measure(port, "/serve/bench/invocations")
        assert np.allclose(their_answer, our_answer), (their_answer, our_answer)
        ratio = figures("mlflow models serve", theirs) / figures("volano", ours)
        print(f"mlflow takes {ratio:.1f} times as long (median)")
    finally:
        for process in processes:
            process.terminate()
        shutil.rmtree(work, ignore_errors=True)


main()
