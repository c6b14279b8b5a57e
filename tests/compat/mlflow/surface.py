"""Every call of the client's REST interface is served, or says what is missing.

    python surface.py URL

The calls are read from the descriptors that the client itself is generated from, so that a newer client brings its own.
"""
import importlib
import json
import pkgutil
import re
import sys

import mlflow.protos
import requests
from mlflow.protos import databricks_pb2

# What is not served, by path without its version, and a word of the answer that names what is missing.
MISSING = [
    (r"/mlflow/gateway/.*", "gateway"),
    (r"/mlflow/workspaces.*", "workspaces"),
    (r"/mlflow/issues.*", "issues"),
    (r"/mlflow/label-schemas/.*", "label schemas"),
    (r"/mlflow/review-queues/.*", "review queues"),
    (r"/mlflow/prompt-optimization/.*", "jobs"),
    (r"/mlflow/unity-catalog/.*", "Databricks"),
    (r"/unity-catalog/.*", "Databricks"),
    (r"/fs/.*", "Databricks"),
    (r"/mlflow/(unified-traces|get-online-trace-details)", "Databricks"),
    (r"/mlflow/artifacts/(get-presigned-upload-part-url|(complete|create)-multipart-upload|credentials-for-.*)", "Databricks"),
    (r"/mlflow/(traces|logged-models)/.*/credentials-for-.*", "Databricks"),
    (r"/mlflow-artifacts/presigned/.*", "download is not supported"),
]
# The versions of the interface that only Databricks serves.
DATABRICKS_VERSIONS = {4, 5}
# Calls that no descriptor names.
MORE = [
    ("GET", "/health", True), ("GET", "/version", True), ("GET", "/get-artifact", True), ("GET", "/model-versions/get-artifact", True),
    ("GET", "/api/3.0/mlflow/server-info", True), ("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk", True),
    ("POST", "/ajax-api/2.0/mlflow/upload-artifact", True), ("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", True),
    ("PUT", "/api/3.0/mlflow/scorers/online-config", True), ("GET", "/api/3.0/mlflow/scorers/online-configs", True),
    ("POST", "/graphql", False), ("POST", "/ajax-api/2.0/mlflow/runs/create-promptlab-run", False),
    ("POST", "/ajax-api/3.0/mlflow/scorer/invoke", False), ("GET", "/ajax-api/3.0/jobs/1", False), ("POST", "/gateway/chat/mlflow/invocations", False),
    ("GET", "/gateway/chat", False), ("POST", "/api/2.0/preview/mlflow/runs/search", False), ("GET", "/ajax-api/2.0/mlflow/nothing", False),
    ("DELETE", "/api/3.0/nothing", False), ("PATCH", "/api/9.9/mlflow/runs/search", False),
]


def described():
    """Method, path and version of every call in the client's descriptors."""
    calls = set()
    for module in pkgutil.walk_packages(mlflow.protos.__path__, "mlflow.protos."):
        if not module.name.endswith("_pb2"):
            continue
        descriptor = getattr(importlib.import_module(module.name), "DESCRIPTOR", None)
        for service in descriptor.services_by_name.values() if descriptor else ():
            for method in service.methods:
                for endpoint in method.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
                    calls.add((endpoint.method, "/" + endpoint.path.lstrip("/"), endpoint.since.major))
    return sorted(calls)


def filled(path):
    """The path with something in the place of its parameters."""
    return re.sub(r"\{[^}]*\}|<[^>]*>", "x1", path)


def expected(path, version):
    """The word that names what is missing, or None for what is served."""
    if version in DATABRICKS_VERSIONS:
        return "Databricks"
    return next((word for pattern, word in MISSING if re.fullmatch(pattern, path)), None)


def ask(url, method, path, body):
    sent = {} if method == "GET" else {"data": body, "headers": {"Content-Type": "application/json"}}
    return requests.request(method, url + path, timeout=30, **sent)


def told(answer, path):
    """The code and message of a refusal, which must be one that clients can read."""
    assert answer.status_code < 500 or answer.status_code == 501, (path, answer.status_code, answer.text[:300])
    assert "html" not in answer.headers.get("Content-Type", ""), (path, answer.text[:300])
    if answer.status_code < 400:
        return None, ""
    said = answer.json()
    assert set(said) >= {"error_code", "message"} and said["message"], (path, said)
    return said["error_code"], said["message"]


def check(url, method, path, word, served):
    """Asks with several bodies; what is wrong, or None."""
    for body in ("{}", "", "[]", json.dumps({"experiment_id": 5, "run_id": [], "name": {}, "tags": "x", "page_token": -1}), '{"x": 1e999}', "\ud83d".encode("utf-8", "surrogatepass")):
        answer = ask(url, method, path, body)
        code, message = told(answer, f"{method} {path} {body!r}")
        missing = answer.status_code in (404, 501) and code in ("ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED")
        if served and missing:
            return f"{method} {path} is not served: {message}"
        if not served and (not missing or word not in message):
            return f"{method} {path} does not say that {word!r} is missing: {answer.status_code} {answer.text[:200]}"
    return None


def main():
    url = sys.argv[1]
    calls = described()
    assert len(calls) > 200, len(calls)
    wrong, served = [], 0
    for method, path, version in calls:
        word = expected(path, version)
        served += word is None
        for root in ("/api", "/ajax-api"):
            wrong.append(check(url, method, f"{root}/{version}.0{filled(path)}", word, word is None))
    for method, path, is_served in MORE:
        wrong.append(check(url, method, path, "", is_served))
    unused = [pattern for pattern, _ in MISSING if not any(re.fullmatch(pattern, path) for _, path, _ in calls)]
    wrong += [f"nothing is missing at {pattern}" for pattern in unused]
    wrong = [line for line in wrong if line]
    print(f"{served} of {len(calls)} calls are served")
    sys.exit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
