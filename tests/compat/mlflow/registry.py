"""Models, versions, aliases, stages, prompts, webhooks, logged models and large artifacts through the unmodified client.

    python registry.py URL

The server must let webhooks go to 127.0.0.1.
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import queue
import sys
import tempfile
import threading

os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(6 << 20)
os.environ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = str(5 << 20)

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

SECRET = "a secret of 26 characters."


def refused(code, call, *args, **named):
    """The message of a call that must be refused with a code."""
    try:
        call(*args, **named)
    except MlflowException as error:
        assert error.error_code == code, error
        return str(error)
    raise AssertionError(f"{call} was not refused")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Says no once, then yes; keeps what it was told."""

    told = queue.Queue()
    to_refuse = 1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Receiver.to_refuse:
            Receiver.to_refuse -= 1
            self.send_response(503)
        else:
            Receiver.told.put((dict(self.headers), body))
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def event():
    """The next telling, its signature checked."""
    headers, body = Receiver.told.get(timeout=30)
    headers = {name.lower(): value for name, value in headers.items()}
    signed = f"{headers['x-mlflow-delivery-id']}.{headers['x-mlflow-timestamp']}.{body.decode()}"
    digest = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    assert headers["x-mlflow-signature"] == "v1," + base64.b64encode(digest).decode(), headers
    document = json.loads(body)
    return f"{document['entity']}.{document['action']}", document["data"]


def check_webhooks(client, url, model):
    """Every kind of event arrives once, in order, signed; a refused one comes again."""
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{receiver.server_address[1]}/hook"
    events = ["registered_model.created", "model_version.created", "model_version_tag.set", "model_version_tag.deleted",
              "model_version_alias.created", "model_version_alias.deleted", "prompt.created", "prompt_version.created",
              "prompt_tag.set", "prompt_version_tag.set", "prompt_alias.created"]
    made = client.create_webhook(name="ci", url=address, events=events, secret=SECRET, description="tells us")
    assert made.secret is None and str(made.status) == "ACTIVE" and len(made.events) == len(events), made
    for bad in ("http://8.8.8.8/", "https://10.0.0.1/", "https://169.254.169.254/latest", "ftp://127.0.0.1/"):
        refused("INVALID_PARAMETER_VALUE", client.create_webhook, name="bad", url=bad, events=events[:1])
    refused("INVALID_PARAMETER_VALUE", client.create_webhook, name="-", url=address, events=events[:1])

    name = "told"
    client.create_registered_model(name, tags={"a": "b"}, description="of webhooks")
    assert event() == ("registered_model.created", {"name": name, "tags": {"a": "b"}, "description": "of webhooks"})
    client.create_model_version(name, f"models:/{model.model_id}", model_id=model.model_id)
    kind, data = event()
    assert kind == "model_version.created" and data["version"] == "1" and data["name"] == name, data
    client.set_model_version_tag(name, "1", "k", "v")
    assert event() == ("model_version_tag.set", {"name": name, "version": "1", "key": "k", "value": "v"})
    client.delete_model_version_tag(name, "1", "k")
    assert event() == ("model_version_tag.deleted", {"name": name, "version": "1", "key": "k"})
    client.set_registered_model_alias(name, "champion", "1")
    assert event() == ("model_version_alias.created", {"name": name, "alias": "champion", "version": "1"})
    client.delete_registered_model_alias(name, "champion")
    assert event() == ("model_version_alias.deleted", {"name": name, "alias": "champion"})
    mlflow.genai.register_prompt(name="hello", template="Hello {{name}}!", commit_message="first")
    # The client tags a prompt with its experiment in a thread of its own, and what is in line at once is sent at once: so these
    # three come in any order.
    kinds = dict(event() for _ in range(3))
    assert set(kinds) == {"prompt.created", "prompt_version.created", "prompt_tag.set"}, kinds
    assert kinds["prompt_version.created"]["template"] == "Hello {{name}}!", kinds
    assert kinds["prompt.created"]["name"] == "hello", kinds
    mlflow.genai.set_prompt_alias("hello", "production", 1)
    told = event()
    assert told[0] == "prompt_alias.created", told
    assert told[1] == {"name": "hello", "alias": "production", "version": "1"}, told

    result = client.test_webhook(made.webhook_id)
    assert result.success and result.response_status == 200, result
    assert event()[1]["name"] == "example_model"
    deliveries = requests.get(f"{url}/api/v1/webhooks/{made.webhook_id}/deliveries").json()["items"]
    assert {one["state"] for one in deliveries} <= {"delivered", "pending"}, deliveries
    assert max(one["attempts"] for one in deliveries) == 2, deliveries
    assert client.list_webhooks()[0].webhook_id == made.webhook_id
    changed = client.update_webhook(made.webhook_id, status="DISABLED", name="ci-2")
    assert (str(changed.status), changed.name) == ("DISABLED", "ci-2"), changed
    client.create_registered_model("unheard")
    client.delete_webhook(made.webhook_id)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_webhook, made.webhook_id)
    assert Receiver.told.empty()
    receiver.shutdown()


def check_models(client, model):
    """Names, versions, stages, aliases, copies and searches."""
    client.create_registered_model("churn")
    said = refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "churn")
    assert "Registered Model (name=churn) already exists." in said, said
    refused("INVALID_PARAMETER_VALUE", client.create_registered_model, "a/b")
    source = f"models:/{model.model_id}"
    versions = [client.create_model_version("churn", source, model_id=model.model_id, tags={"n": str(n)}) for n in (1, 2, 3)]
    assert [int(version.version) for version in versions] == [1, 2, 3] and versions[0].status == "READY"
    for bad, named in ((source, {}), ("/etc/passwd", {}), ("file:///etc", {}), ("s3://b/m", {}), ("runs:/x/../y", {})):
        refused("INVALID_PARAMETER_VALUE", client.create_model_version, "churn", bad, **named)
    client.transition_model_version_stage("churn", "1", "Production")
    client.transition_model_version_stage("churn", "2", "Production", archive_existing_versions=True)
    assert client.get_model_version("churn", "1").current_stage == "Archived"
    latest = {version.current_stage: int(version.version) for version in client.get_latest_versions("churn")}
    assert latest == {"Archived": 1, "Production": 2, "None": 3}, latest
    client.set_registered_model_alias("churn", "champion", "2")
    assert int(client.get_model_version_by_alias("churn", "champion").version) == 2
    for reserved in ("latest", "v1"):
        refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, "churn", reserved, "1")
    client.delete_model_version("churn", "2")
    said = refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, "churn", "champion")
    assert "Registered model alias champion not found." in said, said
    assert int(client.create_model_version("churn", source, model_id=model.model_id).version) == 4
    copied = client.copy_model_version("models:/churn/1", "churn-prod")
    assert (copied.name, int(copied.version), copied.source) == ("churn-prod", 1, "models:/churn/1"), copied
    found = client.search_model_versions("name = 'churn' and tags.n = '3'")
    assert [int(version.version) for version in found] == [3]
    names = [found.name for found in client.search_registered_models("name LIKE 'churn%'", order_by=["name DESC"])]
    assert names == ["churn-prod", "churn"], names
    client.rename_registered_model("churn-prod", "churn-live")
    assert client.get_model_version("churn-live", "1").name == "churn-live"
    client.delete_registered_model("churn-live")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "churn-live")
    pages = client.search_model_versions("name = 'churn'", max_results=2)
    rest = client.search_model_versions("name = 'churn'", max_results=2, page_token=pages.token)
    assert len(pages) == 2 and len(rest) == 1 and not rest.token, (pages, rest)


def check_logged_models(client, experiment):
    """Search by metric on a data set, tokens, tags, deletion."""
    made = []
    with mlflow.start_run(experiment_id=experiment) as run:
        for number in range(3):
            model = mlflow.initialize_logged_model(name=f"net{number}", params={"depth": str(number)}, tags={"n": str(number)})
            client.log_metric(run.info.run_id, "auc", 0.5 + number / 10, model_id=model.model_id,
                              dataset_name="valid", dataset_digest="d1")
            client.finalize_logged_model(model.model_id, "READY")
            made.append(model)
    found = client.search_logged_models([experiment], "metrics.auc > 0.55", order_by=[{"field_name": "metrics.auc", "ascending": False}])
    assert [model.name for model in found] == ["net2", "net1"], found
    on_other = client.search_logged_models([experiment], "metrics.auc > 0.55", datasets=[{"dataset_name": "other"}])
    assert list(on_other) == [], on_other
    first = client.search_logged_models([experiment], "name LIKE 'net%'", max_results=2)
    second = client.search_logged_models([experiment], "name LIKE 'net%'", max_results=2, page_token=first.token)
    assert len(first) == 2 and len(second) == 1, (first, second)
    said = refused("INVALID_PARAMETER_VALUE", client.search_logged_models, [experiment], "name = 'net1'", page_token=first.token)
    assert "page token" in said, said
    client.set_logged_model_tags(made[0].model_id, {"k": "v"})
    client.delete_logged_model_tag(made[0].model_id, "n")
    tags = client.get_logged_model(made[0].model_id).tags
    assert tags["k"] == "v" and "n" not in tags, tags
    client.delete_logged_model(made[1].model_id)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_logged_model, made[1].model_id)
    return made[2]


def check_large_artifacts(client, url, experiment):
    """A large file goes in parts, and comes back whole, or a part of it."""
    run = client.create_run(experiment)
    with tempfile.TemporaryDirectory() as folder:
        large = pathlib.Path(folder, "large model.bin")
        large.write_bytes(os.urandom((12 << 20) + 17))
        client.log_artifact(run.info.run_id, str(large), "model")
        entry = client.list_artifacts(run.info.run_id, "model")[0]
        assert (entry.path, entry.file_size) == ("model/large model.bin", large.stat().st_size), entry
        os.mkdir(folder + "/back")
        back = pathlib.Path(client.download_artifacts(run.info.run_id, "model/large model.bin", folder + "/back"))
        assert back.read_bytes() == large.read_bytes()
        place = f"{experiment}/{run.info.run_id}/artifacts/model"
        part = requests.get(f"{url}/api/2.0/mlflow-artifacts/artifacts/{place}/large model.bin", headers={"Range": "bytes=5-14"})
        assert part.status_code == 206 and part.content == large.read_bytes()[5:15], part
    root = f"{url}/api/2.0/mlflow-artifacts/mpu"
    begun = requests.post(f"{root}/create/{place}", json={"path": "/x/half.bin", "num_parts": 2}).json()
    sent = requests.put(begun["credentials"][0]["url"], data=b"half")
    missing = requests.post(f"{root}/complete/{place}", json={
        "path": "/x/half.bin", "upload_id": begun["upload_id"],
        "parts": [{"part_number": 1, "etag": sent.headers["ETag"]}, {"part_number": 2}]})
    assert missing.status_code == 400 and "part 2 has not been uploaded" in missing.text, missing.text
    wrong = requests.post(f"{root}/complete/{place}", json={
        "path": "/x/half.bin", "upload_id": begun["upload_id"], "parts": [{"part_number": 1, "etag": "wrong"}]})
    assert wrong.status_code == 400, wrong.text
    assert requests.post(f"{root}/abort/{place}", json={"path": "/x/half.bin", "upload_id": begun["upload_id"]}).status_code == 200
    gone = requests.put(begun["credentials"][1]["url"], data=b"late")
    assert gone.status_code == 404, gone.text
    assert [entry.path for entry in client.list_artifacts(run.info.run_id, "model")] == ["model/large model.bin"]


def check_prompts(client):
    """Prompts are hidden among the models."""
    names = {model.name for model in client.search_registered_models()}
    assert "hello" not in names and "told" in names, names
    prompts = client.search_registered_models("tags.`mlflow.prompt.is_prompt` = 'true'")
    assert [prompt.name for prompt in prompts] == ["hello"], prompts
    said = refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "hello")
    assert "already taken by a prompt" in said, said
    assert mlflow.genai.load_prompt("prompts:/hello@production").template == "Hello {{name}}!"


def main():
    url = sys.argv[1]
    mlflow.set_tracking_uri(url)
    client = MlflowClient()
    experiment = client.create_experiment("registry")
    model = check_logged_models(client, experiment)
    check_models(client, model)
    check_webhooks(client, url, model)
    check_prompts(client)
    check_large_artifacts(client, url, experiment)
    print("the client is content with the registry")


if __name__ == "__main__":
    main()
