"""Sequences with the edges of the calls about traces, their spans and their assessments."""
import json

from pair import Call, get, post

ROOT = "/api/3.0/mlflow/"
OLD = "/api/2.0/mlflow/"
NOBODY = "tr-" + "0" * 32
NANO = 1_700_000_000_000_000_000
TIME = "2023-11-14T22:13:20Z"


def experiment(name="<e1>"):
    return post("experiments/create", {name: "experiment_id"}, name=f"<t0>-{name[1:-1]}")


def bare(n):
    """The digits of a trace that is this sequence's own."""
    return f"{n:022}<t0>"


def place(name="<e1>"):
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": name}}


def told(n, **fields):
    return {"trace_id": f"tr-{bare(n)}", "trace_location": place(), "request_time": TIME, "state": "OK", **fields}


def start(n, **fields):
    return post(ROOT + "traces", trace={"trace_info": told(n, **fields)})


def shown(n):
    return get(ROOT + f"traces/tr-{bare(n)}")


def whole(n):
    return get(ROOT + "traces/get", trace_id=f"tr-{bare(n)}", allow_partial="true")


def search(text="", **fields):
    return post(ROOT + "traces/search", **{"locations": [place()], "filter": text, **fields})


def span(n, number, parent=None, seconds=1, **fields):
    attributes = fields.pop("attributes", {})
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    pairs = [{"key": key, "value": {kinds[type(value)]: str(value) if type(value) is int else value}} for key, value in attributes.items()]
    return {"traceId": bare(n), "spanId": f"{number:016x}", "parentSpanId": "" if parent is None else f"{parent:016x}", "name": f"step {number}",
            "startTimeUnixNano": str(NANO + number), "endTimeUnixNano": str(NANO + seconds * 1_000_000_000), "attributes": pairs, "status": {"code": 1}, **fields}


def spans(*given, resource=(), experiment="<e1>"):
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in resource]
    body = {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": list(given)}]}]}
    return Call("POST", "/v1/traces", json.dumps(body), headers={"x-mlflow-experiment-id": experiment})


def assess(n, name="<a1>", **fields):
    fields = {"assessment_name": "good", "source": {"source_type": "HUMAN", "source_id": "ann"}, "create_time": TIME, "last_update_time": TIME, **fields}
    return Call("POST", ROOT + f"traces/tr-{bare(n)}/assessments", {"assessment": fields}, save={name: "assessment.assessment_id"})


def assessment(method, n, name="<a1>", **body):
    return Call(method, ROOT + f"traces/tr-{bare(n)}/assessments/{name}", body or None)


def tag(method, n, **body):
    return Call(method, OLD + f"traces/tr-{bare(n)}/tags", body)


def life():
    usage = json.dumps({"input_tokens": 5, "output_tokens": 2, "total_tokens": 7})
    yield "life of a trace", [
        experiment(), start(1), shown(1), start(1, state="ERROR", execution_duration="1.500s", tags={"a": "1", "mlflow.traceName": "n"}, trace_metadata={"m": "2"}), shown(1),
        start(2, tags={"k": "v" * 5000, "größe": "ü"}, trace_metadata={"long": "x" * 300, "mlflow.trace.session": "s", "mlflow.trace.tokenUsage": usage,
              "mlflow.trace.cost": json.dumps({"input_cost": 0.00001, "output_cost": 2})}, client_request_id="req", request_preview="in", response_preview="out"), shown(2),
        start(3, state="IN_PROGRESS", request_time="2023-11-14T22:13:20.123Z", execution_duration="0.001s"), shown(3), start(4, state=1, request_time="2023-11-14T23:13:20.123456+01:00"), shown(4),
        get(OLD + f"traces/tr-{bare(2)}/info"), get(ROOT + f"traces/{NOBODY}"), get(OLD + f"traces/{NOBODY}/info"), get(ROOT + "traces/get", trace_id=NOBODY), get(ROOT + "traces/get"),
        post(ROOT + "traces"), start(5, trace_location=place("987654321")), post("experiments/delete", experiment_id="<e1>"), start(6), shown(1),
    ]
    yield "tags of a trace", [
        experiment(), start(1, tags={"a": "1"}), tag("PATCH", 1, key="a", value="2"), tag("PATCH", 1, key="b"), tag("PATCH", 1, key="mlflow.traceName", value="new"), shown(1),
        tag("PATCH", 1), tag("PATCH", 1, key="a;b", value="1"), tag("PATCH", 1, key="k" * 251, value="1"), tag("PATCH", 1, key="v", value="v" * 9000), tag("PATCH", 1, key="mlflow.trace.spansLocation", value="x"),
        tag("DELETE", 1, key="a"), tag("DELETE", 1, key="a"), tag("DELETE", 1, key="mlflow.traceName"), tag("DELETE", 1, key="mlflow.traceName"), tag("DELETE", 1), shown(1),
        tag("PATCH", 9, key="a", value="1"), tag("DELETE", 9, key="a"),
    ]
    yield "traces of old clients", [
        experiment(), post(OLD + "traces", {"<r1>": "trace_info.request_id"}, experiment_id="<e1>", timestamp_ms=1000, tags=[{"key": "mlflow.traceName", "value": "n"}], request_metadata=[{"key": "a", "value": "1"}]),
        Call("PATCH", OLD + "traces/<r1>", {"timestamp_ms": 1500, "status": "OK", "tags": [{"key": "b", "value": "2"}], "request_metadata": [{"key": "a", "value": "3"}]}),
        get(OLD + "traces/<r1>/info"), get(OLD + "traces", experiment_ids="<e1>"), get(OLD + "traces"), get(OLD + "traces", experiment_ids="<e1>", max_results=501),
    ]


def sent():
    yield "spans by OpenTelemetry", [
        experiment(), spans(span(1, 2, 1, attributes={"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4})), shown(1),
        spans(span(1, 1, attributes={"session.id": "s", "user.id": "u", "input.value": '{"q": 1}', "mlflow.traceTag.t": "1"}, seconds=2), resource=[("service.name", "shop"), ("telemetry.sdk.name", "x")]), shown(1), whole(1),
        spans(span(1, 2, 1, attributes={"gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 4, "n": 1, "f": 0.5, "b": True, "text": "ü"}, status={"code": 2, "message": "no"})), whole(1),
        start(1, execution_duration="9s", tags={"mlflow.traceName": "told"}), whole(1), spans(span(1, 3, 1, seconds=20)), whole(1),
        start(2, trace_metadata={"mlflow.trace.tokenUsage": json.dumps({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2})}),
        spans(span(2, 1, attributes={"mlflow.chat.tokenUsage": json.dumps({"input_tokens": 9, "output_tokens": 9, "total_tokens": 18})})), shown(2),
        get(ROOT + "traces/batchGet", ("trace_ids", f"tr-{bare(1)}"), ("trace_ids", NOBODY)), get(ROOT + "traces/batchGet"),
        post(ROOT + "traces/batchGetInfos", trace_ids=[f"tr-{bare(1)}", NOBODY]), post(ROOT + "traces/batchGetInfos"),
        spans(), spans(span(3, 1, traceId="")), spans(span(3, 1), experiment="987654321"), Call("POST", "/v1/traces", "{}", headers={}),
        Call("POST", "/v1/traces", "{", headers={"x-mlflow-experiment-id": "<e1>"}), Call("POST", "/v1/traces", "x", kind="text/plain", headers={"x-mlflow-experiment-id": "<e1>"}),
    ]


def assessed():
    def update(mask, **fields):
        return assessment("PATCH", 1, assessment={"assessment_name": "other", **fields}, update_mask=mask)

    yield "assessments of a trace", [
        experiment(), start(1), assess(1, feedback={"value": True}, rationale="r", metadata={"k": "v"}), assessment("GET", 1), assess(1, "<a2>", expectation={"value": 5}),
        assess(1, "<a3>", expectation={"serialized_value": {"serialization_format": "JSON_FORMAT", "value": '{"a": [1, 2]}'}}), assess(1, "<a4>", assessment_name="issue-1", issue={"issue_name": "slow"}),
        assess(1, "<a5>", feedback={"error": {"error_code": "E", "error_message": "m", "stack_trace": "s"}}), shown(1),
        update("assessmentName,feedback,rationale,metadata", feedback={"value": "no"}, rationale="better", metadata={"j": "2"}), assessment("GET", 1), update("feedback", feedback={"value": [1, 2]}),
        update("expectation", expectation={"value": 1}), assessment("PATCH", 1, "<a2>", assessment={"assessment_name": "x", "feedback": {"value": 1}}, update_mask="feedback"),
        assess(1, "<a6>", feedback={"value": False}, overrides="<a1>"), assessment("GET", 1), assessment("GET", 1, "<a6>"), assess(1, "<a7>", feedback={"value": 1}, overrides="a-nobody"),
        assessment("DELETE", 1, "<a6>"), assessment("GET", 1), assessment("DELETE", 1, "<a6>"), assessment("GET", 1, "<a6>"), assessment("GET", 9), assess(9, "<a8>", feedback={"value": 1}),
        assess(1, "<a9>"), assess(1, "<a9>", expectation={"serialized_value": {"serialization_format": "X", "value": "1"}}), Call("POST", ROOT + f"traces/tr-{bare(1)}/assessments", {}), update(None),
    ]


def searches():
    filters = [
        "", "name = 'one'", "trace.name != 'one'", "status = 'OK'", "attributes.status = 'ERROR'", "timestamp_ms > 0", "timestamp > 1e15", "execution_time_ms >= 1000", "end_time_ms < 5",
        "tags.t = 'a'", "tag.t LIKE 'A%'", "tags.t ILIKE 'A%'", "tags.t RLIKE '^a'", "tags.t IS NULL", "tags.t IS NOT NULL", "metadata.m = '1'", "request_metadata.m != '1'",
        "metadata.`mlflow.trace.session` = 's'", "name IN ('one', 'two')", "request_id NOT IN ('x')", "client_request_id = 'req'", "run_id = 'x'", "name LIKE 'o%' AND tags.t = 'a'",
        "span.name = 'step 1'", "span.status = 'OK' AND span.name LIKE '%2'", "span.type = 'LLM'", "span.attributes.model LIKE '%gpt%'", "span.content LIKE '%gpt%'", "trace.text LIKE '%gpt%'",
        "feedback.good = 'true'", "feedback.good != 'true'", "feedback.score > 0.2", "feedback.good IS NULL", "expectation.e = 'x'", "issue.id = 'i'", "prompt = 'p/1'",
        "metrics.a > 1", "span.color = 'x'", "status > 'OK'", "timestamp = 'x'", "feedback.score > 'x'", "prompt = 'p'", "name =", "status IS NULL",
    ]
    yield "searches of traces", [
        experiment(), start(1, tags={"mlflow.traceName": "one", "t": "ab"}, trace_metadata={"m": "1", "mlflow.trace.session": "s"}, execution_duration="1s", client_request_id="req",
                            assessments=[{"assessment_name": "good", "source": {"source_type": "CODE"}, "feedback": {"value": True}, "create_time": TIME, "last_update_time": TIME},
                                         {"assessment_name": "score", "source": {"source_type": "CODE"}, "feedback": {"value": 0.5}, "create_time": TIME, "last_update_time": TIME}]),
        start(2, tags={"mlflow.traceName": "two", "t": "a"}, request_time="2023-11-14T22:13:21Z", state="ERROR"), start(3, request_time="2023-11-14T22:13:19Z"),
        spans(span(1, 1), span(1, 2, 1, attributes={"model": "gpt-4", "mlflow.spanType": "LLM"})),
        *[search(text) for text in filters], *[search(order_by=order) for order in (["timestamp ASC"], ["execution_time DESC"], ["name ASC"], ["tags.t DESC"], ["metadata.m ASC"], ["status ASC", "request_id DESC"],
                                                                               ["span.name ASC"], ["name", "name"], ["x"])],
        search(max_results=1), search(max_results=0), search(max_results=501), post(ROOT + "traces/search"), post(ROOT + "traces/search", locations=[place("987654321")]), search(page_token="!"),
    ]
    yield "deletion of traces", [
        experiment(), experiment("<e2>"), *[start(n, request_time=f"2023-11-14T22:13:{10 + n}Z") for n in range(1, 6)],
        *[post(ROOT + "traces/delete-traces", **body) for body in (
            {"experiment_id": "<e2>", "request_ids": [f"tr-{bare(1)}"]}, {"experiment_id": "<e1>", "request_ids": [f"tr-{bare(1)}", NOBODY]}, {"experiment_id": "<e1>"}, {"experiment_id": "<e1>", "max_timestamp_millis": 1, "request_ids": ["x"]},
            {"experiment_id": "<e1>", "request_ids": ["x"], "max_traces": 1}, {"experiment_id": "<e1>", "max_timestamp_millis": 1_700_000_000_000, "max_traces": 0},
            {"experiment_id": "<e1>", "max_timestamp_millis": 1_700_000_000_000, "max_traces": 1}, {"experiment_id": "<e1>", "max_timestamp_millis": 1_800_000_000_000}, {"request_ids": ["x"]})], search(),
    ]
    yield "links of traces", [
        experiment(), post("runs/create", {"<r1>": "run.info.run_id"}, experiment_id="<e1>", run_name="r"), start(1), start(2),
        post(OLD + "traces/link-to-run", trace_ids=[f"tr-{bare(1)}"], run_id="<r1>"), search("run_id = '<r1>'"), post(OLD + "traces/link-to-run", trace_ids=[f"tr-{n}" for n in range(101)], run_id="<r1>"),
        post(OLD + "traces/link-to-run", run_id="<r1>"), post(OLD + "traces/link-to-run", trace_ids=[f"tr-{bare(1)}"]),
        post(OLD + "traces/link-prompts", trace_id=f"tr-{bare(2)}", prompt_versions=[{"name": "p", "version": "1"}]), search("prompt = 'p/1'"),
        post(OLD + "traces/link-prompts", trace_id=NOBODY, prompt_versions=[{"name": "p", "version": "1"}]), post(OLD + "traces/link-prompts", trace_id=f"tr-{bare(2)}"),
    ]


def figures():
    def ask(metric="latency", aggregations=({"aggregation_type": "AVG"},), view="TRACES", **fields):
        return post(ROOT + "traces/metrics", experiment_ids=["<e1>"], view_type=view, metric_name=metric, aggregations=list(aggregations), **fields)

    count = [{"aggregation_type": "COUNT"}]
    yield "figures over traces", [
        experiment(), *[start(n, request_time=f"2023-11-14T2{n}:13:00Z", execution_duration=f"{n}s", tags={"mlflow.traceName": f"t{n % 2}"}) for n in range(4)], spans(span(7, 1), span(7, 2, 1)),
        assess(1, feedback={"value": True}), ask("trace_count", count), ask("trace_count", count, dimensions=["trace_name", "trace_status"]),
        ask(aggregations=[{"aggregation_type": kind} for kind in ("AVG", "MIN", "MAX")] + [{"aggregation_type": "PERCENTILE", "percentile_value": 90}]), ask(dimensions=["trace_name"]),
        ask("trace_count", count, time_interval_seconds=3600, start_time_ms=0, end_time_ms=1_800_000_000_000), ask("trace_count", count, time_interval_seconds=3600),
        ask("span_count", count, "SPANS", dimensions=["span_name"]), ask("assessment_count", count, "ASSESSMENTS", dimensions=["assessment_name", "assessment_value"]), ask("assessment_value", view="ASSESSMENTS"),
        ask("trace_count", count, filters=["trace.status = 'OK'"]), ask("trace_count", count, filters=["trace.tag.`mlflow.traceName` = 't1'"]), ask("session_count", count), ask("total_tokens"),
        ask("x"), ask("latency", count), ask(dimensions=["span_name"]), ask("trace_count", count, filters=["span.name = 'x'"]), ask("trace_count", count, filters=["x = 'y'"]),
    ]


def sequences():
    for part in (life, sent, assessed, searches, figures):
        yield from part()
