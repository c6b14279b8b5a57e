"""Traces with the unmodified MLflow client, and spans by plain OTLP over HTTP, group by group.

    python traces.py URL

Every check names the calls it makes. All of them run, and the failures are told together at the end.
"""
import concurrent.futures
import gzip
import json
import math
import sys
import time
import uuid
import zlib

import harness
import mlflow
import requests
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, AssessmentSourceType, Feedback, SpanStatusCode, SpanType
from mlflow.exceptions import MlflowException
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

NANO = 1_000_000_000
START = 1_700_000_000


def fresh(name):
    """An experiment of its own for a check; its id."""
    return mlflow.set_experiment(f"{name}-{uuid.uuid4().hex[:6]}").experiment_id


def last():
    mlflow.flush_trace_async_logging()
    return mlflow.get_trace(mlflow.get_last_active_trace_id())


def found(experiment, text="", **more):
    """The ids of the traces that match, in their order."""
    traces = MlflowClient().search_traces(locations=[experiment], filter_string=text, include_spans=False, **more)
    return [trace.info.trace_id for trace in traces]


def refuses(words, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert words in str(error), (words, str(error))
    else:
        raise AssertionError(f"not refused: {words}")


def decorated_functions_make_a_tree():
    """mlflow.trace, start_span, set_attributes, get_trace, trace.data, token usage, tags and metadata of the trace."""
    experiment = fresh("tree")

    @mlflow.trace(span_type=SpanType.RETRIEVER)
    def look_up(question):
        return [f"about {question}", "ünïcode"]

    @mlflow.trace(name="answer", attributes={"depth": 2})
    def answer(question):
        mlflow.update_current_trace(tags={"team": "a"}, metadata={"mlflow.trace.session": "s1", "build": "7"}, client_request_id="req-1")
        facts = look_up(question)
        with mlflow.start_span("call", span_type=SpanType.CHAT_MODEL) as span:
            span.set_inputs({"messages": [{"role": "user", "content": question}]})
            usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
            span.set_attributes({"mlflow.chat.tokenUsage": usage, "temperature": 0.5, "n": 3})
            span.set_outputs({"text": "because"})
        return {"answer": "because", "facts": facts}

    answer("why")
    trace = last()
    info = trace.info
    assert info.experiment_id == experiment
    assert info.state.value == "OK" and info.execution_duration is not None
    assert info.tags["mlflow.traceName"] == "answer" and info.tags["team"] == "a"
    assert info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert info.tags["mlflow.artifactLocation"].endswith(f"/traces/{info.trace_id}/artifacts")
    assert info.trace_metadata["mlflow.trace.session"] == "s1" and info.trace_metadata["build"] == "7"
    assert info.client_request_id == "req-1"
    assert info.token_usage == {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    assert "why" in info.request_preview and "because" in info.response_preview
    assert [span.name for span in trace.data.spans] == ["answer", "look_up", "call"]
    root, child, call = trace.data.spans
    assert root.parent_id is None and child.parent_id == root.span_id and call.parent_id == root.span_id
    assert child.span_type == "RETRIEVER" and child.outputs == ["about why", "ünïcode"]
    assert call.attributes["temperature"] == 0.5 and call.attributes["n"] == 3
    assert root.start_time_ns <= child.start_time_ns <= root.end_time_ns
    assert mlflow.search_traces(locations=[experiment], return_type="list")[0].data.spans[0].name == "answer"
    frame = mlflow.search_traces(locations=[experiment])
    assert len(frame) == 1 and frame.iloc[0]["trace_id"] == info.trace_id


def failures_are_told_with_their_exception():
    """a raising function: state ERROR, the exception as an event; start_span_no_context and its end."""
    fresh("failures")

    @mlflow.trace
    def fail():
        raise ValueError("out of cheese")

    try:
        fail()
    except ValueError:
        pass
    trace = last()
    assert trace.info.state.value == "ERROR"
    span = trace.data.spans[0]
    assert span.status.status_code == SpanStatusCode.ERROR
    assert span.events[0].name == "exception" and "out of cheese" in span.events[0].attributes["exception.message"]
    root = mlflow.start_span_no_context("by hand", inputs={"x": 1}, tags={"k": "v"})
    child = mlflow.start_span_no_context("below", parent_span=root)
    child.end(outputs=2)
    root.end(outputs={"y": 3})
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(root.trace_id)
    assert trace.info.tags["k"] == "v" and len(trace.data.spans) == 2
    assert mlflow.get_trace("tr-" + "0" * 32) is None


def make(name, **attributes):
    """A trace of one span; the next one begins in another millisecond, so that their order is known."""
    with mlflow.start_span(name, span_type=attributes.pop("span_type", "UNKNOWN")) as span:
        mlflow.update_current_trace(tags=attributes.pop("tags", {}), metadata=attributes.pop("metadata", {}))
        span.set_attributes(attributes)
    ended = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 <= ended:
        pass
    return span.trace_id


def searches_filter_and_order():
    """search_traces with filter_string over attributes, tags, metadata, spans; AND, OR, NOT; order_by; pages."""
    experiment = fresh("search")
    first = make("alpha", tags={"lang": "en", "name": "x"}, metadata={"mlflow.trace.session": "s1"}, model="gpt-small", span_type="LLM")
    second = make("beta", tags={"lang": "de"}, metadata={"mlflow.trace.session": "s2"}, model="gpt-large", n=5, ok=True)
    third = make("Alpha two", tags={"lang": "de"}, model="other")
    mlflow.flush_trace_async_logging()
    client = MlflowClient()
    start = client.get_trace(second).info.request_time
    cases = [
        ("", [third, second, first]),
        ("name = 'alpha'", [first]),
        ("trace.name != 'alpha'", [third, second]),
        ("name LIKE 'a%'", [first]),
        ("name ILIKE 'a%'", [third, first]),
        ("name RLIKE '^[aA]lpha( two)?$'", [third, first]),
        ("name IN ('alpha', 'beta')", [second, first]),
        ("status = 'OK' AND tags.lang = 'de'", [third, second]),
        ("attributes.status != 'OK'", []),
        ("tag.lang = 'en' OR tags.lang = 'fr'", [first]),
        ("NOT tags.lang = 'en'", [third, second]),
        ("(tags.lang = 'en' OR name = 'beta') AND metadata.`mlflow.trace.session` LIKE 's%'", [second, first]),
        ("metadata.`mlflow.trace.session` IS NULL", [third]),
        ("tags.name IS NOT NULL", [first]),
        (f"timestamp_ms >= {start}", [third, second]),
        (f"timestamp < {start}", [first]),
        ("execution_time_ms >= 0", [third, second, first]),
        (f"end_time_ms < {start - 100_000}", []),
        ("span.type = 'LLM'", [first]),
        ("span.name LIKE '%lpha%' AND span.status = 'OK'", [third, first]),
        ("span.attributes.model LIKE '%gpt%'", [second, first]),
        ("span.attributes.model = 'gpt-small'", [first]),
        ("span.attributes.n = '5'", [second]),
        ("span.attributes.ok = 'true'", [second]),
        ("span.attributes.model RLIKE '^gpt-(small|large)$'", [second, first]),
        ("span.content ILIKE '%GPT-LARGE%'", [second]),
        ("trace.text LIKE '%gpt-small%'", [first]),
        ("span.type = 'LLM' AND span.attributes.model = 'gpt-large'", []),
        (f"request_id = '{third}'", [third]),
    ]
    for text, expected in cases:
        assert found(experiment, text) == expected, (text, found(experiment, text), expected)
    assert found(experiment, order_by=["timestamp ASC"]) == [first, second, third]
    assert found(experiment, order_by=["name DESC"])[0] == second
    assert found(experiment, order_by=["tags.lang DESC", "timestamp_ms ASC"]) == [first, second, third]
    page = client.search_traces(locations=[experiment], max_results=2, include_spans=False)
    assert len(page) == 2 and page.token
    late = make("late")
    mlflow.flush_trace_async_logging()
    rest = client.search_traces(locations=[experiment], max_results=2, page_token=page.token, include_spans=False)
    assert [trace.info.trace_id for trace in rest] == [first], "what comes between two pages moves nothing"
    assert found(experiment)[0] == late
    for bad in ["metrics.a > 1", "name RLIKE '('", "span.color = 'x'", "timestamp = 'x'", "prompt = 'x'"]:
        refuses("", found, experiment, bad)
    refuses("max_results", client.search_traces, locations=[experiment], max_results=501)
    filters_go_together(experiment)
    assert found("987654") == []


def filters_go_together(experiment):
    """TracingClient.calculate_trace_filter_correlation, by the counts of searches and MLflow's own formula."""
    from mlflow.store.analytics.trace_correlation import calculate_npmi_from_counts
    from mlflow.tracing.client import TracingClient

    for base in [None, "name ILIKE 'a%'", "tags.lang = 'de' OR name = 'alpha'", "name = 'nobody'"]:
        for first, second in [
            ("tags.lang = 'de'", "span.attributes.model LIKE '%gpt%'"), ("name = 'alpha'", "span.type = 'LLM'"),
            ("name = 'alpha'", "name = 'beta'"), ("name = 'nobody'", "status = 'OK'"), ("status = 'OK'", "execution_time_ms >= 0"),
            ("tags.lang = 'en' OR name = 'beta'", "NOT name = 'alpha'"),
        ]:
            told = TracingClient().calculate_trace_filter_correlation([experiment], first, second, base)
            within = [set(found(experiment, f"({text}) AND ({base})" if base else text)) for text in (first, second)]
            counts = len(within[0] & within[1]), len(within[0]), len(within[1]), len(found(experiment, base or ""))
            assert (told.joint_count, told.filter1_count, told.filter2_count, told.total_count) == counts, (base, first, second, told, counts)
            expected = calculate_npmi_from_counts(*counts)
            for ours, theirs in [(told.npmi, expected.npmi), (told.npmi_smoothed, expected.npmi_smoothed)]:
                same = math.isnan(theirs) if ours is None or math.isnan(ours) else math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12)
                assert same, (base, first, second, told, expected)
    refuses("", TracingClient().calculate_trace_filter_correlation, [experiment], "span.color = 'x'", "status = 'OK'")
    place = f"{mlflow.get_tracking_uri()}/api/3.0/mlflow/traces/calculate-filter-correlation"
    for sent in [{}, {"experiment_ids": [experiment], "filter_string1": "status = 'OK'"}, {"filter_string1": "a", "filter_string2": "b"}]:
        answer = requests.post(place, json=sent)
        assert answer.status_code == 400 and answer.json()["error_code"] == "INVALID_PARAMETER_VALUE", answer.text


def assessments_come_change_and_go():
    """log_feedback, log_expectation, override_feedback, update_assessment, get_assessment, delete_assessment, search by them."""
    experiment = fresh("assessments")
    one, two = make("one"), make("two")
    mlflow.flush_trace_async_logging()
    human = AssessmentSource(source_type=AssessmentSourceType.HUMAN, source_id="ada@example.org")
    good = mlflow.log_feedback(trace_id=one, name="good", value=True, source=human, rationale="looks right", metadata={"k": "v"})
    score = mlflow.log_feedback(trace_id=one, name="score", value=0.25)
    right = mlflow.log_expectation(trace_id=one, name="answer", value={"text": "because", "n": [1, 2]}, source=human)
    mlflow.log_feedback(trace_id=two, name="good", value="no")
    failed = mlflow.log_feedback(trace_id=two, name="judged", error=ValueError("no judge"))
    kept = mlflow.get_trace(one).info.assessments
    assert [a.name for a in kept] == ["good", "score", "answer"]
    assert good.assessment_id.startswith("a-")
    assert kept[0].value is True and kept[0].rationale == "looks right" and kept[0].metadata == {"k": "v"}
    assert kept[0].source == human and kept[2].value == {"text": "because", "n": [1, 2]}
    error = mlflow.get_assessment(two, failed.assessment_id).error
    assert error.error_code == "ValueError" and "no judge" in error.error_message
    for text, expected in [
        ("feedback.good = 'true'", [one]), ("feedback.good = 'no'", [two]), ("feedback.score < 0.5", [one]),
        ("feedback.score >= 0.5", []), ("feedback.score IS NULL", [two]), ("expectation.answer IS NOT NULL", [one]),
        ("expectation.answer LIKE '%because%'", [one]), ("feedback.good = 'true' OR feedback.good = 'no'", [two, one]),
    ]:
        assert found(experiment, text) == expected, (text, found(experiment, text))
    changed = mlflow.update_assessment(one, score.assessment_id, Feedback(name="score", value=0.75, rationale="better", metadata={"m": "2"}))
    assert changed.value == 0.75 and changed.rationale == "better" and changed.metadata["m"] == "2"
    assert found(experiment, "feedback.score >= 0.5") == [one]
    over = mlflow.override_feedback(trace_id=one, assessment_id=good.assessment_id, value=False, source=human)
    kept = {a.assessment_id: a for a in mlflow.get_trace(one).info.assessments}
    assert kept[over.assessment_id].overrides == good.assessment_id and kept[good.assessment_id].valid is False
    assert found(experiment, "feedback.good = 'true'") == [], "what was overridden does not count"
    mlflow.delete_assessment(one, over.assessment_id)
    assert mlflow.get_assessment(one, good.assessment_id).valid is True
    mlflow.delete_assessment(one, right.assessment_id)
    mlflow.delete_assessment(one, right.assessment_id)
    refuses("not found", mlflow.get_assessment, one, right.assessment_id)
    refuses("not found", mlflow.log_feedback, trace_id="tr-" + "1" * 32, name="x", value=1)
    refuses("Cannot update expectation", mlflow.update_assessment, one, good.assessment_id,
            mlflow.entities.Expectation(name="good", value=1))


def tags_and_names_change():
    """set_trace_tag, delete_trace_tag, also of the name; refused tags."""
    experiment = fresh("tags")
    trace = make("old")
    mlflow.flush_trace_async_logging()
    client = MlflowClient()
    client.set_trace_tag(trace, "color", "blau")
    mlflow.set_trace_tag(trace, "mlflow.traceName", "new")
    assert found(experiment, "tags.color = 'blau' AND name = 'new'") == [trace]
    client.delete_trace_tag(trace, "color")
    assert "color" not in client.get_trace(trace).info.tags
    refuses("No trace tag with key", client.delete_trace_tag, trace, "color")
    place = f"{mlflow.get_tracking_uri()}/api/2.0/mlflow/traces/{trace}/tags"
    fixed = requests.patch(place, json={"key": "mlflow.trace.spansLocation", "value": "x"})
    assert fixed.status_code == 400 and "immutable" in fixed.json()["message"], fixed.text
    refuses("not found", client.set_trace_tag, "tr-" + "1" * 32, "a", "b")


def traces_are_linked_to_runs_and_prompts():
    """start_run around traces, link_traces_to_run, search_traces(run_id=), register_prompt and link_prompt_versions_to_trace."""
    experiment = fresh("links")
    client = MlflowClient()
    with mlflow.start_run() as run:
        inside = make("inside")
    outside, other = make("outside"), make("other")
    mlflow.flush_trace_async_logging()
    client.link_traces_to_run([outside], run.info.run_id)
    client.link_traces_to_run([outside], run.info.run_id)
    assert set(found(experiment, f"run_id = '{run.info.run_id}'")) == {inside, outside}
    assert set(found(experiment, f"metadata.mlflow.sourceRun = '{run.info.run_id}'")) == {inside, outside}
    assert found(experiment, f"NOT run_id = '{run.info.run_id}'") == [other]
    refuses("Cannot link more than 100", client.link_traces_to_run, [f"tr-{n:032x}" for n in range(101)], run.info.run_id)
    prompt = mlflow.genai.register_prompt(name=f"greeting-{uuid.uuid4().hex[:6]}", template="Hi {{name}}")
    client.link_prompt_versions_to_trace([prompt], other)
    assert found(experiment, f"prompt = '{prompt.name}/{prompt.version}'") == [other]


def traces_are_deleted():
    """delete_traces by ids, by time and by number."""
    experiment = fresh("deletion")
    client = MlflowClient()
    traces = [make(f"t{n}") for n in range(5)]
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(trace_id=traces[0], name="good", value=True)
    assert client.delete_traces(experiment_id=experiment, trace_ids=traces[:1]) == 1
    assert client.delete_traces(experiment_id=experiment, trace_ids=traces[:1]) == 0
    assert client.delete_traces(experiment_id="0", trace_ids=traces[1:2]) == 0, "only in its own experiment"
    assert mlflow.get_trace(traces[0]) is None
    until = client.get_trace(traces[4]).info.request_time
    assert client.delete_traces(experiment_id=experiment, max_timestamp_millis=until, max_traces=1) == 1
    assert sorted(found(experiment)) == sorted(traces[2:])
    assert client.delete_traces(experiment_id=experiment, max_timestamp_millis=until) == 3
    refuses("must be specified", client.delete_traces, experiment_id=experiment)


def otlp_json(spans, **resource):
    def told(value):
        kind = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}[type(value)]
        return {kind: str(value) if kind == "intValue" else value}

    def pairs(values):
        return [{"key": key, "value": told(value)} for key, value in values.items()]

    return {"resourceSpans": [{"resource": {"attributes": pairs(resource)}, "scopeSpans": [{"spans": [
        {"traceId": span["trace"], "spanId": span["id"], "parentSpanId": span.get("parent", ""), "name": span["name"], "kind": 1,
         "startTimeUnixNano": str(span["start"]), "endTimeUnixNano": str(span["end"]), "attributes": pairs(span.get("attributes", {})),
         "status": {"code": span.get("status", 0)}} for span in spans]}]}]}


def as_protobuf(told):
    """The same message as bytes."""
    request = ExportTraceServiceRequest()
    for group in told["resourceSpans"]:
        made = request.resource_spans.add()

        def copy(target, pairs):
            for pair in pairs:
                attribute = target.add(key=pair["key"])
                (kind, value), = pair["value"].items()
                field = {"boolValue": "bool_value", "intValue": "int_value", "doubleValue": "double_value", "stringValue": "string_value"}[kind]
                setattr(attribute.value, field, int(value) if kind == "intValue" else value)

        copy(made.resource.attributes, group["resource"]["attributes"])
        for scope in group["scopeSpans"]:
            spans = made.scope_spans.add().spans
            for span in scope["spans"]:
                target = spans.add(trace_id=bytes.fromhex(span["traceId"]), span_id=bytes.fromhex(span["spanId"]),
                                   parent_span_id=bytes.fromhex(span["parentSpanId"]), name=span["name"],
                                   start_time_unix_nano=int(span["startTimeUnixNano"]), end_time_unix_nano=int(span["endTimeUnixNano"]))
                target.status.code = span["status"]["code"]
                copy(target.attributes, span["attributes"])
    return request.SerializeToString()


def send(experiment, body, kind="application/x-protobuf", **headers):
    headers = {"Content-Type": kind, "x-mlflow-experiment-id": experiment, **{key.replace("_", "-"): value for key, value in headers.items()}}
    return requests.post(f"{mlflow.get_tracking_uri()}/v1/traces", data=body, headers=headers)


def shop(trace):
    """Two spans of a shop: the root, and a call of a language model below it."""
    return otlp_json([
        {"trace": trace, "id": "00000000000000a1", "name": "checkout", "start": START * NANO, "end": (START + 2) * NANO,
         "attributes": {"session.id": "cart-7", "user.id": "ada"}},
        {"trace": trace, "id": "00000000000000a2", "parent": "00000000000000a1", "name": "chat m", "start": START * NANO + 5,
         "end": (START + 1) * NANO, "status": 1,
         "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-1", "gen_ai.usage.input_tokens": 7,
                        "gen_ai.usage.output_tokens": 3, "gen_ai.input.messages": '[{"role":"user","content":"hi"}]'}},
    ], **{"service.name": "shop", "telemetry.sdk.language": "python"})


def opentelemetry_sends_spans_in_any_form():
    """POST /v1/traces as protobuf and JSON, plain, gzip and deflate; run header; sums of tokens; refusals."""
    experiment = fresh("otlp")
    with mlflow.start_run() as run:
        pass
    forms = {
        "proto": lambda told: (as_protobuf(told), {}),
        "json": lambda told: (json.dumps(told), {"kind": "application/json; charset=utf-8"}),
        "gzip": lambda told: (gzip.compress(as_protobuf(told)), {"Content_Encoding": "gzip"}),
        "gzipped json": lambda told: (gzip.compress(json.dumps(told).encode()), {"kind": "application/json", "Content_Encoding": "gzip"}),
        "deflate": lambda told: (zlib.compress(as_protobuf(told)), {"Content_Encoding": "deflate"}),
        "raw deflate": lambda told: (zlib.compress(as_protobuf(told))[2:-4], {"Content_Encoding": "deflate"}),
    }
    for name, form in forms.items():
        trace = uuid.uuid4().hex
        body, headers = form(shop(trace))
        answer = send(experiment, body, x_mlflow_run_id=run.info.run_id, **headers)
        assert answer.status_code == 200, (name, answer.text)
        assert answer.headers["Content-Type"] == ("application/json" if "json" in name else "application/x-protobuf")
        kept = mlflow.get_trace(f"tr-{trace}")
        info = kept.info
        assert info.experiment_id == experiment and info.state.value == "OK", name
        assert (info.request_time, info.execution_duration) == (START * 1000, 2000)
        assert info.token_usage == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        assert info.tags["service.name"] == "shop" and "telemetry.sdk.language" not in info.tags
        assert info.trace_metadata["mlflow.trace.session"] == "cart-7" and info.trace_metadata["mlflow.trace.user"] == "ada"
        root, call = kept.data.spans
        assert call.span_type == "CHAT_MODEL" and call.inputs == [{"role": "user", "content": "hi"}]
        assert call.attributes["mlflow.llm.model"] == "m-1" and call.parent_id == root.span_id
        assert f"tr-{trace}" in found(experiment, f"run_id = '{run.info.run_id}'")
    assert len(found(experiment, "tags.`service.name` = 'shop' AND span.type = 'CHAT_MODEL'")) == len(forms)
    good = as_protobuf(shop(uuid.uuid4().hex))
    nameless = requests.post(f"{mlflow.get_tracking_uri()}/v1/traces", data=good, headers={"Content-Type": "application/x-protobuf"})
    assert nameless.status_code == 422, nameless.text
    for expected, answer in [
        (404, send("987654", good)), (400, send("x", good)), (400, send(experiment, good, kind="text/plain")),
        (400, send(experiment, b"")), (400, send(experiment, b"nonsense")), (400, send(experiment, "{", kind="application/json")),
        (400, send(experiment, good, Content_Encoding="gzip")), (400, send(experiment, good, Content_Encoding="br")),
        (413, send(experiment, gzip.compress(bytes(65 << 20)), Content_Encoding="gzip")),
        (422, send(experiment, as_protobuf(otlp_json([{"trace": "", "id": "aa", "name": "n", "start": 1, "end": 2}])))),
    ]:
        assert answer.status_code == expected, (expected, answer.status_code, answer.text)


def tokens_are_summed_over_batches():
    """spans of one trace in several requests, the parent's sum after its children's."""
    experiment, trace = fresh("batches"), uuid.uuid4().hex
    usage = json.dumps({"input_tokens": 4, "output_tokens": 1, "total_tokens": 5})
    spans = [
        {"trace": trace, "id": f"{n:016x}", "parent": f"{1:016x}", "name": f"s{n}", "start": START * NANO + n, "end": (START + n) * NANO,
         "attributes": {"mlflow.chat.tokenUsage": usage}} for n in (2, 3)
    ]
    root = {"trace": trace, "id": f"{1:016x}", "name": "root", "start": START * NANO, "end": (START + 9) * NANO, "status": 2,
            "attributes": {"mlflow.chat.tokenUsage": json.dumps({"input_tokens": 9, "output_tokens": 2, "total_tokens": 11})}}
    for batch, tokens, state in [(spans[:1], 5, "IN_PROGRESS"), (spans[1:], 10, "IN_PROGRESS"), (spans[:1], 10, "IN_PROGRESS"), ([root], 11, "ERROR")]:
        assert send(experiment, as_protobuf(otlp_json(batch))).status_code == 200
        info = MlflowClient().get_trace(f"tr-{trace}", display=False).info
        assert (info.token_usage["total_tokens"], info.state.value) == (tokens, state), (info.token_usage, info.state)
    assert info.execution_duration == 9000


def spans_and_the_whole_come_in_any_order():
    """POST traces (start) and POST /v1/traces for the same traces at the same time, from many threads."""
    experiment = fresh("race")
    root = mlflow.get_tracking_uri()

    def whole(trace):
        info = {"trace_id": f"tr-{trace}", "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
                "request_time": "2023-11-14T22:13:20Z", "execution_duration": "2s", "state": "OK",
                "tags": {"mlflow.traceName": "told", "k": "v"}, "trace_metadata": {"m": "1"},
                "assessments": [{"assessment_name": "good", "source": {"source_type": "HUMAN", "source_id": "a"}, "feedback": {"value": True}}]}
        return requests.post(f"{root}/api/3.0/mlflow/traces", json={"trace": {"trace_info": info}})

    def spans(trace, n):
        told = [{"trace": trace, "id": f"{10 * n + k + 1:016x}", "parent": "" if n == k == 0 else f"{1:016x}", "name": f"s{n}{k}",
                 "start": START * NANO + n, "end": (START + 1) * NANO,
                 "attributes": {"mlflow.chat.tokenUsage": json.dumps({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2})} if n or k else {}}
                for k in range(3)]
        return send(experiment, as_protobuf(otlp_json(told)))

    traces = [uuid.uuid4().hex for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = [job for trace in traces for job in
                [pool.submit(spans, trace, 1), pool.submit(whole, trace), pool.submit(spans, trace, 0), pool.submit(spans, trace, 2)]]
        for job in jobs:
            assert job.result().status_code == 200, job.result().text
    client = MlflowClient()
    for trace in traces:
        kept = client.get_trace(f"tr-{trace}")
        info = kept.info
        assert len(kept.data.spans) == 9, len(kept.data.spans)
        assert info.token_usage == {"input_tokens": 8, "output_tokens": 8, "total_tokens": 16}, info.token_usage
        assert info.tags["mlflow.traceName"] == "told" and info.tags["k"] == "v" and info.trace_metadata["m"] == "1"
        assert info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
        assert len(info.assessments) == 1 and info.state.value == "OK" and info.execution_duration == 2000


def figures_over_many_traces():
    """POST traces/metrics: counts, means and percentiles, by name and by time."""
    experiment = fresh("figures")
    for n in range(4):
        told = otlp_json([{"trace": uuid.uuid4().hex, "id": f"{1:016x}", "name": "root", "start": (START + 3600 * n) * NANO,
                           "end": (START + 3600 * n + n + 1) * NANO, "attributes": {"mlflow.traceTag.mlflow.traceName": f"t{n % 2}"}}])
        assert send(experiment, as_protobuf(told)).status_code == 200

    def ask(metric, aggregations, view="TRACES", **more):
        body = {"experiment_ids": [experiment], "view_type": view, "metric_name": metric, "aggregations": aggregations, **more}
        answer = requests.post(f"{mlflow.get_tracking_uri()}/api/3.0/mlflow/traces/metrics", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json().get("data_points", [])

    count = [{"aggregation_type": "COUNT"}]
    assert ask("trace_count", count)[0]["values"] == {"COUNT": 4.0}
    by_name = ask("trace_count", count, dimensions=["trace_name"])
    assert [(p["dimensions"], p["values"]["COUNT"]) for p in by_name] == [({"trace_name": "t0"}, 2.0), ({"trace_name": "t1"}, 2.0)]
    figures = [{"aggregation_type": kind} for kind in ("AVG", "MIN", "MAX")] + [{"aggregation_type": "PERCENTILE", "percentile_value": p} for p in (50, 90)]
    values = ask("latency", figures)[0]["values"]
    assert values == {"AVG": 2500.0, "MIN": 1000.0, "MAX": 4000.0, "P50.0": 2500.0, "P90.0": 3700.0}, values
    by_time = ask("trace_count", count, time_interval_seconds=3600, start_time_ms=START * 1000, end_time_ms=(START + 10000) * 1000)
    assert [p["dimensions"]["time_bucket"] for p in by_time][0] == "2023-11-14T22:00:00+00:00" and len(by_time) == 3, by_time
    assert ask("span_count", count, view="SPANS", filters=["span.name = 'root'", "trace.status = 'OK'"])[0]["values"]["COUNT"] == 4.0
    assert ask("assessment_count", count, view="ASSESSMENTS")[0]["values"]["COUNT"] == 0.0


def old_clients_begin_and_end():
    """the 2.0 calls: POST and PATCH traces, info, search; and the file of spans that a page downloads."""
    experiment = fresh("old")
    root = f"{mlflow.get_tracking_uri()}/api/2.0/mlflow"
    begun = requests.post(f"{root}/traces", json={"experiment_id": experiment, "timestamp_ms": 1000, "tags": [{"key": "mlflow.traceName", "value": "n"}],
                                                  "request_metadata": [{"key": "a", "value": "b"}]}).json()["trace_info"]
    assert begun["status"] == "IN_PROGRESS" and begun["timestamp_ms"] == 1000
    ended = requests.patch(f"{root}/traces/{begun['request_id']}", json={"timestamp_ms": 1500, "status": "OK", "tags": [{"key": "t", "value": "1"}]}).json()
    assert ended["trace_info"]["execution_time_ms"] == 500 and ended["trace_info"]["status"] == "OK"
    info = requests.get(f"{root}/traces/{begun['request_id']}/info").json()["trace_info"]
    assert {"key": "t", "value": "1"} in info["tags"] and {"key": "a", "value": "b"} in info["request_metadata"]
    listed = requests.get(f"{root}/traces", params={"experiment_ids": [experiment], "filter": "name = 'n'"}).json()
    assert [trace["request_id"] for trace in listed["traces"]] == [begun["request_id"]]
    trace = make("file")
    mlflow.flush_trace_async_logging()
    answer = requests.get(f"{mlflow.get_tracking_uri()}/ajax-api/2.0/mlflow/get-trace-artifact", params={"request_id": trace})
    assert "attachment" in answer.headers["Content-Disposition"]
    assert [span["name"] for span in answer.json()["spans"]] == ["file"]


if __name__ == "__main__":
    harness.main(sys.argv[1], [check for check in list(globals().values()) if harness.is_check(check, __name__)], sys.argv[2:])
