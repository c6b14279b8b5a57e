"""The differences that are meant. Each has its reason; docs/book/mlflow-differences.md tells them to users."""
import dataclasses
import json
import re
from collections.abc import Callable

from pair import Reply


@dataclasses.dataclass
class Rule:
    """A difference that is meant, and how it is recognised."""

    name: str
    reason: str
    when: Callable
    # Whether it depends on chance that it comes up at all.
    sometimes: bool = False


def code(reply):
    return reply.body.get("error_code") if isinstance(reply.body, dict) else None


def message(reply):
    return reply.body.get("message", "") if isinstance(reply.body, dict) else str(reply.body)


def refused(difference, *starts):
    """Ours refuses with a sentence that starts so."""
    return difference.ours.status == 400 and message(difference.ours).startswith(starts)


def alike(difference):
    """Both refuse, for the same reason, in other words."""
    return difference.theirs.status == difference.ours.status and code(difference.theirs) == code(difference.ours) is not None


def searches(call):
    return call.path.endswith(("/search", "metrics/get-history"))


def given(call, name):
    body = call.body if isinstance(call.body, dict) else {}
    return body.get(name)


def tags_of(call):
    tags = given(call, "tags")
    return [tag for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []


def repeats_a_tag(call):
    keys = [tag.get("key") for tag in tags_of(call)]
    return len(set(keys)) < len(keys)


def filter_of(call):
    return str(given(call, "filter_string") or given(call, "filter"))


def evaluates(call):
    """Whether it is about evaluation data sets or scorers."""
    return "/3.0/mlflow/datasets/" in call.path or "/3.0/mlflow/scorers/" in call.path


def traces(call):
    """Whether it is about traces."""
    return "/mlflow/traces" in call.path or call.path == "/v1/traces"


def without_durations(body):
    return re.sub(r'"execution_duration": "[^"]*", ', "", json.dumps(body, sort_keys=True))


def tags_told(reply):
    return reply.body["trace"]["trace_info"].get("tags", {}).items() if isinstance(reply.body, dict) and "trace" in reply.body else ()


def widens(difference):
    """Ours takes a filter or order that MLflow refuses, and that holds one of these words."""
    text = filter_of(difference.call)
    return difference.theirs.status == 400 and difference.ours.status == 200 and re.search(
        r"\b(OR|NOT)\b|[(]|\battr(ibutes)?\.|\btag\.|^\s*$", text, re.IGNORECASE) is not None


def camel(call):
    """Whether a field is written in camelCase."""
    return bool({"runId", "experimentId"} & (set(call.body or {}) if isinstance(call.body, dict) else {name for name, _ in call.query}))


ACCEPTED = [
    Rule("failure", "a mistake of the caller is a 4xx, where MLflow fails with 500",
         lambda d: d.theirs.status == 500 and 400 <= d.ours.status < 500),
    Rule("null", "null counts as absent everywhere; MLflow fails on it in some calls",
         lambda d: d.theirs.status == 500 and d.ours.status == 200 and isinstance(d.call.body, dict) and None in d.call.body.values()),
    Rule("wrong type", "a field of the wrong type or range is refused; MLflow goes on with fields unset",
         lambda d: d.theirs.status in (200, 404) and refused(d, "Invalid value ") and "Hint: Value was of type" in message(d.ours)),
    Rule("malformed", "a body that is not a JSON object is refused; MLflow takes it as an empty one",
         lambda d: d.ours.status == 400 and message(d.ours).startswith("Malformed request") and d.theirs.status in (200, 400)),
    Rule("database", "where MLflow shows an error of its database, ours says what is wrong, or does what was meant",
         lambda d: d.theirs.status == 400 and "sqlite3." in message(d.theirs) and d.ours.status in (200, 400)
         and (d.ours.status == 400 or "KEY constraint" in message(d.theirs) or repeats_a_tag(d.call) or d.call.path == "runs/log-inputs")),
    Rule("tag of a new run", "the tags of a new run keep the rules of every other tag; MLflow checks them everywhere else",
         lambda d: d.call.path == "runs/create" and d.theirs.status == 200
         and any(len(tag.get("value", "")) > 8000 or "tags[" in message(d.ours) for tag in tags_of(d.call))),
    Rule("page token", "a broken page token is told in other words",
         lambda d: refused(d, "Invalid page token")),
    Rule("search sentence", "what is wrong with a filter or an order is told in other words: MLflow's depend on the order of Python's sets",
         lambda d: searches(d.call) and alike(d) and d.theirs.status == 400),
    Rule("wider search", "OR, NOT, parentheses and every spelling of an attribute are taken wherever MLflow refuses them",
         lambda d: searches(d.call) and widens(d)),
    Rule("senseless search", "a filter without sense is refused; MLflow takes some of them and finds nothing",
         lambda d: searches(d.call) and filter_of(d.call) != "None" and d.theirs == Reply(200, {}) and d.ours.status == 400),
    Rule("method", "an unknown call or method is ENDPOINT_NOT_FOUND, on which clients fall back to older calls",
         lambda d: d.theirs.status in (404, 405) and code(d.ours) == "ENDPOINT_NOT_FOUND"),
    Rule("location", "artifacts are kept by the server: a location names a folder below its artifact root",
         lambda d: d.call.path == "experiments/create" and refused(d, "Invalid value") and "artifact_location" in message(d.ours)),
    Rule("camel case", "every name may be written in camelCase; MLflow takes that only for what is not required",
         lambda d: d.theirs.status == 400 and d.ours.status == 200 and camel(d.call)),
    Rule("run_uuid", "a run may be named by run_uuid in every call; MLflow takes that only in some",
         lambda d: d.theirs.status == 404 and "id= not found" in message(d.theirs) and given(d.call, "run_uuid") is not None),
    Rule("letter case", "content types and the words of enums are read without regard to case",
         lambda d: d.call.kind == "APPLICATION/JSON" or given(d.call, "run_view_type") == "all"),
    Rule("caller", "a run without a user is the caller's",
         lambda d: d.call.path == "runs/create" and not given(d.call, "user_id") and d.theirs.status == d.ours.status == 200),
    Rule("data set", "a data set needs a name, a digest, a type and a source",
         lambda d: d.call.path == "runs/log-inputs" and d.theirs.status == 200
         and refused(d, "Missing value for required parameter 'datasets[0].")),
    Rule("model id", "what is not the id of a logged model is no input or output",
         lambda d: d.call.path in ("runs/log-inputs", "runs/outputs") and d.theirs.status == 200 and "Logged model with ID" in message(d.ours)),
    Rule("model fields", "the fields that an old description of a model lacks are listed in one order",
         lambda d: d.call.path == "runs/log-model" and alike(d) and "missing mandatory fields" in message(d.ours), sometimes=True),
    Rule("two versions", "every call is served under both versions of the API's path",
         lambda d: d.theirs.status == 404 and d.ours.status == 200 and d.call.path.startswith("/api/3.0/")),
    Rule("version", "the version is that of the interface",
         lambda d: d.call.path == "/version"),
    Rule("evaluation sentence", "what is wrong with a data set, a record or a scorer is told in other words",
         lambda d: evaluates(d.call) and alike(d)),
    Rule("evaluation data set", "a data set that is not there has no records and no experiments; MLflow lists none, or shows its database's error",
         lambda d: evaluates(d.call) and d.theirs.status in (200, 400) and d.ours.status == 404 and "Evaluation dataset with id" in message(d.ours)),
    Rule("experiment of a data set", "the experiments of a new data set must be there",
         lambda d: d.call.path.endswith("/datasets/create") and d.theirs.status == 200 and d.ours.status == 404 and "No Experiment" in message(d.ours)),
    Rule("records", "records are a list",
         lambda d: d.call.path.endswith("/records") and d.theirs.status == 200 and refused(d, "Parameter 'records' must be a JSON list")),
    Rule("order of data sets", "data sets may be ordered by who made or changed them, and times compared with any number",
         lambda d: d.call.path.endswith("/datasets/search") and d.theirs.status == 400 and d.ours.status == 200
         and (given(d.call, "order_by") == ["created_by"] or re.search(r"\d\.\d", filter_of(d.call)))),
    Rule("back-ticks", "a key in back-ticks is the key, also in searches of data sets",
         lambda d: d.call.path.endswith("/datasets/search") and "`" in filter_of(d.call) and d.theirs == Reply(200, {})),
    Rule("not a number", "NaN is a text in every answer, as JSON has no such number",
         lambda d: d.call.path.endswith("get-history-bulk") and json.dumps(d.theirs.body, sort_keys=True).replace("NaN", '"NaN"') == json.dumps(d.ours.body, sort_keys=True)),
    Rule("trace sentence", "what is wrong with a trace or an assessment, or that it is not there, is told in other words",
         lambda d: traces(d.call) and alike(d)),
    Rule("trace that is not there", "tags of a trace that is not there",
         lambda d: d.call.path.endswith("/tags") and traces(d.call) and "sqlite3." in message(d.theirs) and d.ours.status == 404),
    Rule("answer to spans", "spans that came as JSON are answered in JSON, as OTLP has it",
         lambda d: d.call.path == "/v1/traces" and d.theirs == Reply(200, "") and d.ours == Reply(200, {})),
    Rule("tags of a trace told twice", "the answer to a trace that is told again has all its tags",
         lambda d: d.call.path.endswith("/mlflow/traces") and d.theirs.status == d.ours.status == 200 and set(tags_told(d.theirs)) < set(tags_told(d.ours))),
    Rule("told duration", "the duration that a client told is not changed by spans that come later; in MLflow that depends on the tokens of the spans",
         lambda d: traces(d.call) and d.theirs.status == d.ours.status == 200 and without_durations(d.theirs.body) == without_durations(d.ours.body)),
    Rule("number in a filter", "numbers in filters of traces may have an exponent",
         lambda d: d.call.path.endswith("traces/search") and d.theirs.status == 400 and d.ours.status == 200 and "1e15" in filter_of(d.call)),
]
