"""Traces, evaluation data sets and scorers of stores that are taken over: made as their users make them, and compared."""
import contextlib
import json
import pathlib
import sqlite3
import urllib.parse
import uuid

import mlflow
import mlflow.genai.datasets
from mlflow.entities import AssessmentError, AssessmentSource, Expectation, SpanEvent, ViewType
from mlflow.genai.judges import make_judge
from mlflow.genai.scorers import Guidelines

# Where files and spans are is the server's own matter.
PLACES = ("mlflow.artifactLocation", "mlflow.trace.spansLocation")
ADA = AssessmentSource("HUMAN", "ada")
JUDGE = AssessmentSource("LLM_JUDGE", "gpt-4o")
# So many traces that the import takes several calls.
MANY = 430
IMAGE = b"\x89PNG" + bytes(range(256))


@mlflow.trace(span_type="CHAIN")
def answer(question):
    with mlflow.start_span("ask größe 🦦", span_type="LLM") as span:
        span.set_inputs({"q": question, "n": [1, 2.5, None, 1e-7, 12345678901234567]})
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
        span.set_attribute("mlflow.llm.model", "gpt-4o")
        span.set_attribute("mlflow.llm.provider", "openai")
        span.add_event(SpanEvent("half way", attributes={"share": 0.5, "many": [1, 2]}))
        span.set_outputs("größe\n🦦\0!")
    mlflow.update_current_trace(tags={"team": "wachstum", "long": "é" * 4000}, client_request_id="request 1",
                                metadata={"mlflow.trace.session": "s 1", "m": "v"})
    return {"y": "x" * 3000}


@mlflow.trace
def fail():
    raise ValueError("boom")


def fill_traces(client, experiment, database):
    """Traces of an experiment; with a database also what a folder store has no place for."""
    mlflow.set_experiment(experiment_id=experiment)
    answer(1)
    first = mlflow.get_last_active_trace_id()
    with contextlib.suppress(ValueError):
        fail()
    second = mlflow.get_last_active_trace_id()
    with mlflow.start_run() as run:
        answer("in a run")
        third = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    root = client.get_trace(first).data.spans[0]
    said = mlflow.log_feedback(trace_id=first, name="good", value=True, rationale="because ü", source=ADA, metadata={"a": "b"})
    mlflow.override_feedback(trace_id=first, assessment_id=said.assessment_id, value="no", rationale="not at all", source=ADA)
    mlflow.log_feedback(trace_id=first, name="judged", source=JUDGE, error=AssessmentError("RATE_LIMIT", "too many", "at line 1"))
    mlflow.log_feedback(trace_id=second, name="score", value=0.1 + 0.2, source=JUDGE, span_id=root.span_id)
    mlflow.log_feedback(trace_id=second, name="parts", value={"a": [1, 2.0, "x"]}, source=JUDGE,
                        metadata={"mlflow.assessment.sourceRunId": run.info.run_id})
    mlflow.log_expectation(trace_id=first, name="right", value={"a": [1, 2.0, None]}, source=ADA)
    mlflow.log_expectation(trace_id=first, name="word", value="forty-two", source=ADA)
    changed = mlflow.log_expectation(trace_id=third, name="changed", value=1, source=ADA)
    mlflow.update_assessment(third, changed.assessment_id, Expectation(name="changed", value=2, source=ADA))
    client.set_trace_tag(second, "later", "ü")
    if database:
        client.link_traces_to_run([first, second], run.info.run_id)
        fill_evaluation(client, experiment, first)
    return first, second, third


def fill_evaluation(client, experiment, trace_id):
    """Data sets with records of all kinds, and scorers in versions."""
    dataset = mlflow.genai.datasets.create_dataset(name="fragen 🦦", experiment_id=[experiment, "0"],
                                                   tags={"mlflow.user": "ada", "k": "ü"})
    dataset.merge_records([
        {"inputs": {"q": 1}, "expectations": {"e": 2}, "tags": {"t": "1"}},
        {"inputs": {"q": "ü", "n": 1.0}, "outputs": {"o": [1, 2.5]}},
        {"inputs": {"z": None}, "outputs": "a text"},
    ])
    dataset.merge_records([client.get_trace(trace_id)])
    dataset.merge_records([{"inputs": {"many": n}, "outputs": n / 7} for n in range(1200)])
    mlflow.genai.datasets.create_dataset(name="empty", experiment_id=[])
    judge = make_judge(name="quality", instructions="is {{outputs}} good?", model="openai:/gpt-4o", feedback_value_type=str)
    judge.register(experiment_id=experiment)
    make_judge(name="quality", instructions="is {{outputs}} really good?", model="openai:/gpt-4o",
               feedback_value_type=str).register(experiment_id=experiment)
    Guidelines(name="polite", guidelines="be polite").register(experiment_id=experiment)


def add_many_traces(database, experiment):
    """Traces in numbers, straight into the tables."""
    with contextlib.closing(sqlite3.connect(database)) as base, base:
        for n in range(MANY):
            trace = f"tr-{uuid.uuid4().hex}"
            base.execute(
                "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, trace_name) "
                "VALUES (?, ?, ?, 5, 'OK', ?)", (trace, experiment, 1_650_000_000_000 + n, f"n {n}"))
            base.execute("INSERT INTO trace_tags (request_id, key, value) VALUES (?, 'mlflow.trace.spansLocation', "
                         "'TRACKING_STORE')", (trace,))
            start = (1_650_000_000_000 + n) * 1_000_000
            content = {"trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAE=", "parent_span_id": None, "name": "step",
                       "start_time_unix_nano": start, "end_time_unix_nano": start + 5, "events": [], "links": [],
                       "status": {"code": "STATUS_CODE_OK", "message": ""},
                       "attributes": {"mlflow.traceRequestId": json.dumps(trace), "x": str(n)}}
            base.execute(
                "INSERT INTO spans (trace_id, experiment_id, span_id, name, status, start_time_unix_nano, end_time_unix_nano, "
                "content) VALUES (?, ?, '0000000000000001', 'step', 'OK', ?, ?, ?)",
                (trace, experiment, start, start + 5, json.dumps(content)))


def files_of(client, trace_id):
    """The folder with the files of a trace, which clients do not always make."""
    location = client.get_trace(trace_id).info.tags["mlflow.artifactLocation"]
    return pathlib.Path(urllib.parse.unquote(location.removeprefix("file://")))


def attach(client, trace_id):
    """A picture among the files of a trace."""
    folder = files_of(client, trace_id) / "attachments"
    folder.mkdir(parents=True)
    (folder / "größe.png").write_bytes(IMAGE)


def assessment_of(said):
    # Of an expectation the client does not read over the network whether it is valid.
    return said.to_dictionary() | {"run": said.run_id, "overrides": said.overrides, "valid": said.valid is not False}


def span_of(span):
    return {
        "name": span.name, "id": span.span_id, "parent": span.parent_id, "trace": span.trace_id, "start": span.start_time_ns,
        "end": span.end_time_ns, "status": str(span.status.status_code), "message": span.status.description,
        "type": span.span_type, "inputs": span.inputs, "outputs": span.outputs, "attributes": span.attributes,
        "events": [(event.name, event.timestamp, event.attributes) for event in span.events],
        "links": [link.to_dict() for link in span.links],
    }


def trace_of(client, trace_id):
    """A trace as one document."""
    trace = client.get_trace(trace_id)
    info = trace.info
    return {
        "id": info.trace_id, "time": info.request_time, "duration": info.execution_duration, "state": str(info.state),
        "client": info.client_request_id, "request": info.request_preview, "response": info.response_preview,
        "tags": {key: value for key, value in info.tags.items() if key not in PLACES}, "metadata": info.trace_metadata,
        "assessments": sorted((assessment_of(said) for said in info.assessments), key=lambda said: said["assessment_id"]),
        "spans": sorted((span_of(span) for span in trace.data.spans), key=lambda span: span["id"]),
    }


def ids_of(client, experiment, **more):
    found, token = [], None
    while True:
        page = client.search_traces(locations=[experiment], include_spans=False, max_results=500, page_token=token, **more)
        found += [trace.info.trace_id for trace in page]
        token = page.token
        if not token:
            return found


def compare_traces(there, here, same):
    """Everything that the client shows of both sides."""
    for experiment in there.search_experiments(ViewType.ALL):
        number, other = experiment.experiment_id, here.get_experiment_by_name(experiment.name).experiment_id
        traces = ids_of(there, number)
        same(sorted(traces), sorted(ids_of(here, other)), f"{experiment.name}.traces")
        # Of the many alike a few are enough: the report has compared all.
        for trace in traces[:20]:
            same(trace_of(there, trace), trace_of(here, trace), trace)


def compare_links(there, here, same):
    for experiment in there.search_experiments(ViewType.ALL):
        other = here.get_experiment_by_name(experiment.name).experiment_id
        for run in there.search_runs([experiment.experiment_id], max_results=10):
            linked = ids_of(there, experiment.experiment_id, run_id=run.info.run_id)
            same(sorted(linked), sorted(ids_of(here, other, run_id=run.info.run_id)), run.info.run_name)


def records_of(client, dataset_id):
    found, token = [], None
    store = client._tracking_client.store
    while True:
        page, token = store._load_dataset_records(dataset_id, max_results=500, page_token=token)
        for record in page:
            document = record.to_dict()
            # No tags and an empty set of them are one here.
            found.append(document | {"tags": document.get("tags") or {}})
        if not token:
            return found


def dataset_of(client, dataset_id):
    dataset = client.get_dataset(dataset_id)
    return {
        "name": dataset.name, "tags": dataset.tags, "schema": dataset.schema and json.loads(dataset.schema),
        "profile": dataset.profile and json.loads(dataset.profile), "digest": dataset.digest, "created": dataset.created_time,
        "updated": dataset.last_update_time, "by": dataset.created_by, "last": dataset.last_updated_by,
        "records": records_of(client, dataset_id),
    }


def compare_evaluation(there, here, same):
    """Data sets with their records in their order, scorers with their versions."""
    datasets = there.search_datasets(max_results=1000)
    assert len(datasets) == 2, datasets
    names = {experiment.experiment_id: experiment.name for experiment in there.search_experiments(ViewType.ALL)}
    for dataset in datasets:
        same(dataset_of(there, dataset.dataset_id), dataset_of(here, dataset.dataset_id), dataset.name)
        homes, others = (client._tracking_client.store.get_dataset_experiment_ids(dataset.dataset_id) for client in (there, here))
        same(sorted(names[number] for number in homes), sorted(here.get_experiment(number).name for number in others), "homes")
    count = 0
    for experiment in there.search_experiments():
        other = here.get_experiment_by_name(experiment.name).experiment_id
        stores = ((there._tracking_client.store, experiment.experiment_id), (here._tracking_client.store, other))
        for scorer in stores[0][0].list_scorers(experiment.experiment_id):
            versions = [[(v.scorer_name, v.scorer_version, v._serialized_scorer, v.creation_time, v.scorer_id.replace("-", ""))
                         for v in store.list_scorer_versions(number, scorer.scorer_name)] for store, number in stores]
            same(versions[0], versions[1], scorer.scorer_name)
            count += len(versions[0])
    assert count == 3, count


def make_older(database, older):
    """A copy with the schema of 2.22: spans are in files alone, and nothing is said about traces yet."""
    with contextlib.closing(sqlite3.connect(database)) as base, contextlib.closing(sqlite3.connect(older)) as copy:
        base.backup(copy)
        copy.executescript("""
            INSERT OR REPLACE INTO trace_tags (request_id, key, value)
                SELECT request_id, 'mlflow.traceName', trace_name FROM trace_info WHERE trace_name IS NOT NULL;
            INSERT OR REPLACE INTO trace_request_metadata (request_id, key, value)
                SELECT request_id, 'mlflow.trace.session', session_id FROM trace_info WHERE session_id IS NOT NULL;
            DELETE FROM trace_tags WHERE key = 'mlflow.trace.spansLocation';
            DELETE FROM trace_tags WHERE request_id IN (SELECT request_id FROM trace_info WHERE trace_name LIKE 'n %');
            DELETE FROM trace_info WHERE trace_name LIKE 'n %';
            CREATE TABLE kept AS SELECT request_id, experiment_id, timestamp_ms, execution_time_ms, status FROM trace_info;
            DROP TABLE trace_info;
            ALTER TABLE kept RENAME TO trace_info;
        """)
        for table in ("spans", "span_metrics", "trace_metrics", "assessments", "entity_associations", "scorer_versions",
                      "scorers", "online_scoring_configs", "evaluation_dataset_records", "evaluation_dataset_tags",
                      "evaluation_datasets"):
            copy.execute(f"DROP TABLE {table}")
        copy.commit()


def write_span_file(file, trace):
    """The file of a trace's spans in the form that 2.x wrote."""
    spans = [{
        "name": span.name, "context": {"trace_id": hex(int(span._trace_id, 16)), "span_id": "0x" + span.span_id},
        "parent_id": span.parent_id and "0x" + span.parent_id, "start_time": span.start_time_ns, "end_time": span.end_time_ns,
        "status_code": span.status.status_code.value, "status_message": span.status.description,
        "attributes": span.to_dict()["attributes"],
        "events": [{"name": e.name, "timestamp": e.timestamp, "attributes": e.attributes} for e in span.events],
    } for span in trace.data.spans]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"spans": spans}))


def damage(database, trace, other):
    """Pieces that nobody can read, as crashes and hands leave them behind."""
    with contextlib.closing(sqlite3.connect(database)) as base, base:
        base.execute("UPDATE spans SET content = '{' WHERE trace_id = ? AND parent_span_id IS NOT NULL", (trace,))
        base.execute("UPDATE assessments SET value = '{' WHERE name = 'word'")
        base.execute("INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('a/b', 0, 1, 'OK')")
        base.execute("UPDATE trace_tags SET value = 'ARCHIVE_REPO' WHERE key = 'mlflow.trace.spansLocation' AND request_id = ?",
                     (other,))
        base.execute("UPDATE spans SET content = '' WHERE trace_id = ?", (other,))
        base.execute("UPDATE evaluation_dataset_records SET inputs = '[' WHERE json_extract(inputs, '$.q') = 1")
        base.execute("UPDATE scorer_versions SET serialized_scorer = '{\"call_source\": \"return 1\"}' WHERE scorer_id IN "
                     "(SELECT scorer_id FROM scorers WHERE scorer_name = 'polite')")
