"""Two servers that get the same requests, and the comparison of what they answer.

A request may name what earlier answers gave: `<r1>` in a path, query or body stands for the id that each server gave
under that name. Answers are compared after ids, server-side times and invented names are redacted.
"""
import dataclasses
import http.client
import json
import re
import urllib.parse

API = "/api/2.0/mlflow/"
SERVER_TIMES = {"created_time", "creation_time", "last_update_time", "creation_timestamp_ms", "last_updated_timestamp_ms"}
LOCATIONS = {"artifact_location", "artifact_uri", "root_uri", "mlflow.artifactLocation"}
NAME = re.compile(r"<[a-z]+\d+>")
HEX = re.compile(r"\b[0-9a-f]{32}\b")
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
# What goes over the wire as JSON in a text: its spaces say nothing.
IN_TEXTS = ("tags", "schema", "profile", "records")
INVENTED = re.compile(r"[a-z]+-[a-z]+-\d+")


@dataclasses.dataclass
class Call:
    """One request. `save` maps names to the dotted places in the answer where their ids are."""

    method: str
    path: str
    body: object = None
    query: list = dataclasses.field(default_factory=list)
    save: dict = dataclasses.field(default_factory=dict)
    kind: str | None = "application/json"
    headers: dict = dataclasses.field(default_factory=dict)

    def __str__(self):
        shown = self.body if isinstance(self.body, (str, bytes)) else json.dumps(self.body, ensure_ascii=False)
        query = f" ?{self.query}" if self.query else ""
        return f"{self.method} {self.path}{query} {shown[:400]}"


def post(path, save=None, **body):
    return Call("POST", path, body, save=save or {})


def raw(path, body, kind="application/json", method="POST"):
    """A request whose body is sent as it is written."""
    return Call(method, path, body, kind=kind)


def get(path, *pairs, **query):
    return Call("GET", path, query=[*query.items(), *pairs])


@dataclasses.dataclass
class Reply:
    status: int
    body: object

    def __str__(self):
        return f"{self.status} {json.dumps(self.body, ensure_ascii=False)[:1500]}"


class Server:
    """One of the two, with the ids that it gave."""

    def __init__(self, url):
        self.place = urllib.parse.urlsplit(url).netloc
        self.connection = http.client.HTTPConnection(self.place, timeout=60)
        self.names = {}

    def send(self, call):
        path = call.path if call.path.startswith("/") else API + call.path
        path = self.fill(path)
        if call.query:
            path += "?" + urllib.parse.urlencode([(name, self.fill(str(value))) for name, value in call.query])
        body = call.body
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = self.fill(body).encode("utf-8", "surrogatepass")
        headers = {"Content-Type": call.kind} if call.kind is not None and call.method != "GET" else {}
        headers |= {name: self.fill(value) for name, value in call.headers.items()}
        status, answer = self.exchange(call.method, path, body, headers)
        for name, place in call.save.items():
            found = answer
            for part in place.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            if found is not None:
                self.names[name] = str(found)
            elif name.startswith("<p"):
                # The last page names no next one.
                self.names.pop(name, None)
        return Reply(status, self.redact(answer))

    def exchange(self, method, path, body, headers):
        self.connection.request(method, path, body=body, headers=headers)
        response = self.connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text[:300]

    def fill(self, text):
        return NAME.sub(lambda found: self.names.get(found[0], "unbound"), text)

    def redact(self, value, key=None):
        if isinstance(value, dict):
            kept = {k: v for k, v in value.items() if k not in ("sqlstate", "error_class")}
            invented = kept.get("key") == "mlflow.runName"
            if "digest" in kept and "dataset_id" in kept:
                kept["digest"] = "<digest>"
            for name in IN_TEXTS:
                if isinstance(kept.get(name), str) and ("dataset_id" in kept or name == "records"):
                    kept[name] = json.loads(kept[name])
            named = kept.get("key") if kept.get("key") in LOCATIONS else "run_name" if invented else "value"
            return {k: self.redact(v, named if k == "value" else k) for k, v in kept.items()}
        if isinstance(value, list):
            items = [self.redact(item, key) for item in value]
            if all(isinstance(item, dict) and "key" in item and "step" not in item for item in items):
                items.sort(key=lambda item: item["key"])
            if key == "metrics" and len({item["key"] for item in items}) == len(items):
                items.sort(key=lambda item: item["key"])
            if key == "dataset_inputs":
                items.sort(key=json.dumps)
            return items
        if key in SERVER_TIMES:
            return "<time>"
        if key == "next_page_token":
            return "<token>"
        if key == "experiment_id" and isinstance(value, int):
            value = str(value)
        if isinstance(value, str):
            return self.redact_text(value, key)
        return value

    def redact_text(self, text, key):
        if key == "run_name" and INVENTED.fullmatch(text):
            return "<invented>"
        for name, given in self.names.items():
            if name == "<t0>":
                continue
            if len(given) >= 32:
                text = text.replace(given, name)
            elif key in ("experiment_id", "experiment_ids") and text == given:
                text = name
            elif key in LOCATIONS:
                text = re.sub(rf"^mlflow-artifacts:/{given}(?=/|$)", f"mlflow-artifacts:/{name}", text)
            elif key == "message":
                text = re.sub(rf"(?<=id=){given}\b|(?<=[Ee]xperiment ){given}\b|(?<=id ){given}\b", name, text)
        return UUID.sub("<id>", HEX.sub("<id>", text))


@dataclasses.dataclass
class Difference:
    call: Call
    theirs: Reply
    ours: Reply

    def __str__(self):
        return f"{self.call}\n  MLflow: {self.theirs}\n  Volano: {self.ours}"


class Pair:
    """Both servers, and the differences that are accepted."""

    def __init__(self, theirs, ours, accepted, token=0):
        self.theirs, self.ours = Server(theirs), Server(ours)
        self.token = token
        self.sequences = 0
        self.accepted = accepted
        self.used = {}
        self.calls = 0

    def start(self):
        """Forgets the names of the sequence before. `<t0>` stands for ten letters that are this sequence's own."""
        self.sequences += 1
        for server in (self.theirs, self.ours):
            server.names = {"<t0>": f"{self.token:05x}{self.sequences:05}"}

    def both(self, call):
        """Sends a call to both. The difference, if there is one that is not accepted, and whether the statuses agree."""
        self.calls += 1
        theirs, ours = self.theirs.send(call), self.ours.send(call)
        same = theirs.status == ours.status
        if theirs == ours:
            return None, same
        difference = Difference(call, theirs, ours)
        for rule in self.accepted:
            if rule.when(difference):
                self.used[rule.name] = self.used.get(rule.name, 0) + 1
                return None, same
        return difference, same

    def lacks(self, call):
        """Whether a call names what was not made."""
        named = NAME.findall(json.dumps(call.body) + str(call.query))
        return any(name not in self.ours.names for name in named)

    def play(self, calls, whole=False):
        """Plays a sequence to its end, or, unless it is to be played whole, to where a refusal differs: from there on the
        two hold different things."""
        for call in calls:
            if not whole and self.lacks(call):
                continue
            difference, same = self.both(call)
            if difference is not None:
                return difference
            if not same and not whole and call.method != "GET":
                return None
        return None
