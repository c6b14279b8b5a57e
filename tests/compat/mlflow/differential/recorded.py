"""Sequences with the edges of every call about experiments, runs, what runs log, and searches."""
import json

import evaluated
import traced
from pair import Call, get, post, raw

WRONG = [None, 5, 1.5, True, [], {}, ["x"], {"a": 1}]


def experiment(name="<e1>"):
    return post("experiments/create", {name: "experiment_id"}, name=f"<t0>-{name[1:-1]}")


def run(name="<r1>", **fields):
    fields = {"experiment_id": "<e1>", "start_time": 1000, "run_name": name[1:-1], "user_id": "ann", **fields}
    return post("runs/create", {name: "run.info.run_id"}, **fields)


def shown(name="<r1>"):
    return get("runs/get", run_id=name)


def experiments():
    yield "names of experiments", [
        post("experiments/create", {"<e1>": "experiment_id"}, name="<t0> größe/日本 'q' \"d\""),
        get("experiments/get", experiment_id="<e1>"),
        get("experiments/get-by-name", experiment_name="<t0> größe/日本 'q' \"d\""),
        post("experiments/create", name="<t0> größe/日本 'q' \"d\""),
        get("experiments/get-by-name", experiment_name="<t0> nobody"),
        post("experiments/create"), post("experiments/create", name=""), post("experiments/create", name=None),
        post("experiments/create", {"<e2>": "experiment_id"}, name="<t0>" + "n" * 490),
        post("experiments/create", name="<t0>" + "n" * 491),
        post("experiments/create", {"<e3>": "experiment_id"}, name="  <t0> spaces  "),
        get("experiments/get", experiment_id="<e3>"),
        get("experiments/get"), get("experiments/get", experiment_id=""),
        get("experiments/get", experiment_id="987654321"), get("experiments/get", experiment_id="abc"),
        get("experiments/get", experiment_id="-1"), get("experiments/get", experimentId="<e1>"),
        get("experiments/get-by-name"), get("experiments/get-by-name", experiment_name=""),
    ]
    yield "locations of experiments", [
        *[post("experiments/create", name=f"<t0>-location-{index}", artifact_location=location)
          for index, location in enumerate([
              "mlflow-artifacts:/a/../b", "runs:/abc/x", "mlflow-artifacts:/a#fragment", "mlflow-artifacts:/a?x=../y"])],
        post("experiments/create", {"<e1>": "experiment_id"}, name="<t0>-location", artifact_location="mlflow-artifacts:/team/a"),
        get("experiments/get", experiment_id="<e1>"), run(), shown(),
        post("experiments/create", {"<e2>": "experiment_id"}, name="<t0>-no-location", artifact_location=""),
        get("experiments/get", experiment_id="<e2>"),
    ]
    yield "life of an experiment", [
        experiment(), run("<r1>"), run("<r2>"), post("runs/delete", run_id="<r2>"),
        post("experiments/delete", experiment_id="<e1>"), get("experiments/get", experiment_id="<e1>"),
        get("experiments/get-by-name", experiment_name="<t0>-e1"), shown("<r1>"), shown("<r2>"),
        post("experiments/delete", experiment_id="<e1>"),
        post("experiments/update", experiment_id="<e1>", new_name="<t0>-renamed"),
        post("experiments/set-experiment-tag", experiment_id="<e1>", key="k", value="v"),
        post("experiments/delete-experiment-tag", experiment_id="<e1>", key="k"),
        post("experiments/create", name="<t0>-e1"), run("<r3>"),
        post("runs/log-metric", run_id="<r1>", key="m", value=1, timestamp=1),
        post("runs/restore", run_id="<r1>"), shown("<r1>"), post("runs/delete", run_id="<r1>"),
        post("experiments/restore", experiment_id="<e1>"), shown("<r1>"), shown("<r2>"),
        post("experiments/restore", experiment_id="<e1>"),
        post("experiments/restore", experiment_id="987654321"), post("experiments/delete", experiment_id="987654321"),
        post("experiments/restore", experiment_id="x"), post("experiments/delete", experiment_id="x"),
        post("experiments/delete"), post("experiments/restore"),
    ]
    yield "renaming an experiment", [
        experiment(), experiment("<e2>"),
        post("experiments/update", experiment_id="<e1>", new_name="<t0>-new"), get("experiments/get", experiment_id="<e1>"),
        post("experiments/update", experiment_id="<e1>", new_name="<t0>-new"),
        post("experiments/update", experiment_id="<e1>", new_name="<t0>-e2"),
        post("experiments/update", experiment_id="<e1>", new_name=""),
        post("experiments/update", experiment_id="<e1>", new_name="n" * 501),
        post("experiments/update", experiment_id="<e1>"), post("experiments/update", new_name="x"),
        post("experiments/update", experiment_id="987654321", new_name="<t0>-y"),
        post("experiments/update", experimentId="<e1>", experiment_id="<e1>", newName="<t0>-both"),
        post("experiments/update", experimentId="<e1>", newName="<t0>-camel"),
    ]
    tagged = {"experiment_id": "<e1>", "key": "k"}
    yield "tags of an experiment", [
        post("experiments/create", {"<e1>": "experiment_id"}, name="<t0>-tagged",
             tags=[{"key": "a", "value": "1"}, {"key": "b", "value": ""}, {"key": "c"}]),
        get("experiments/get", experiment_id="<e1>"),
        post("experiments/create", name="<t0>-twice", tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]),
        post("experiments/create", name="<t0>-none", tags=[{"value": "1"}]),
        post("experiments/create", name="<t0>-bad", tags=[{"key": "a b;", "value": "1"}]),
        post("experiments/create", name="<t0>-long", tags=[{"key": "k" * 251, "value": "1"}]),
        *[post("experiments/set-experiment-tag", **{**tagged, **change}) for change in [
            {"value": "1"}, {"value": "2"}, {"value": ""}, {"value": None}, {}, {"key": "", "value": "x"}, {"key": "../x", "value": "x"},
            {"key": "a//b", "value": "x"}, {"key": "größe", "value": "ü"}, {"key": "k" * 250, "value": "x"}, {"key": "k" * 251, "value": "x"},
            {"value": "v" * 20000}, {"value": "v" * 20001}, {"key": "a\nb", "value": "x"}, {"key": " ", "value": "x"},
            {"key": ".", "value": "x"}, {"key": "a/", "value": "x"}, {"key": "a:b c-d_e.f/g", "value": "x"}]],
        get("experiments/get", experiment_id="<e1>"),
        *[post("experiments/delete-experiment-tag", experiment_id="<e1>", **key) for key in [
            {"key": "a"}, {"key": "a"}, {"key": ""}, {}, {"key": "nobody"}, {"key": "a;b"}]],
        post("experiments/set-experiment-tag", experiment_id="987654321", key="k", value="v"),
        post("experiments/delete-experiment-tag", experiment_id="987654321", key="k"),
        post("experiments/set-experiment-tag", experiment_id="x", key="k", value="v"),
        get("experiments/get", experiment_id="<e1>"),
    ]
    yield "searching experiments", [
        experiment("<e1>"), experiment("<e2>"), experiment("<e3>"),
        post("experiments/set-experiment-tag", experiment_id="<e2>", key="team", value="Ops"),
        post("experiments/delete", experiment_id="<e3>"),
        *[post("experiments/search", max_results=50, filter="name LIKE '<t0>-e%'", **more) for more in [
            {}, {"view_type": "ALL"}, {"view_type": "DELETED_ONLY"}, {"view_type": "ACTIVE_ONLY"}, {"view_type": 3}, {"viewType": "ALL"},
            {"order_by": ["name"]}, {"order_by": ["name DESC"]}, {"order_by": ["creation_time ASC"]}, {"order_by": ["experiment_id ASC"]},
            {"order_by": ["last_update_time DESC"]}, {"order_by": ["name", "experiment_id DESC"]}, {"order_by": ["attribute.name desc"]},
            {"order_by": ["tags.team"]}, {"order_by": ["nothing"]}, {"order_by": [""]}, {"order_by": "name"}]],
        *[post("experiments/search", max_results=50, filter=f"{text} AND name LIKE '<t0>%'") for text in [
            "name ILIKE '%E1'", "tags.team = 'Ops'", "tags.team != 'Ops'", "tag.team LIKE 'O%'", "tags.team LIKE 'o%'", "tags.team ILIKE 'o%'",
            "tags.team IS NULL", "tags.team IS NOT NULL", "tags.`team` = 'Ops'", "creation_time > 0", "creation_time < 10",
            "last_update_time >= 5", "attribute.name != 'x'", "attributes.name != 'x'", "attr.name != 'x'", "name IN ('x')",
            "creation_time = 'x'", "tags.team IN ('Ops')", "name = 5", "nothing = 'x'", "params.x = 'y'", "tags.team > 'a'"]],
        *[post("experiments/search", max_results=50, filter=text) for text in [
            "experiment_id = '0'", "experiment_id IN ('0')", "experiment_id NOT IN ('0') AND name = 'Default'", "experiment_id != '0' AND name = 'Default'",
            "experiment_id = 0", "name = 'Default' OR name = 'x' AND", "name LIKE", "= 'x'", "name", "name = 'Default' name = 'Default'"]],
        post("experiments/search"), post("experiments/search", max_results=0), post("experiments/search", max_results=-1),
        post("experiments/search", max_results=50001), post("experiments/search", max_results="x"),
        post("experiments/search", max_results="1", filter="name LIKE '<t0>-e%'"),
        post("experiments/search", max_results=1, filter="name LIKE '<t0>-e%'", page_token="eyJvZmZzZXQiOiAxfQ=="),
        post("experiments/search", max_results=1, page_token="!"), post("experiments/search", max_results=1, page_token="bm8="),
        post("experiments/search", max_results=1, page_token="e30="), post("experiments/search", max_results=1, view_type="BOGUS"),
        get("experiments/search", max_results=50, filter="name LIKE '<t0>-e%'"),
        get("experiments/search", ("order_by", "name DESC"), ("order_by", "experiment_id"), max_results=50, filter="name LIKE '<t0>-e%'"),
        get("experiments/search", max_results=50, view_type="ALL", filter="name LIKE '<t0>-e%'"),
    ]


def runs():
    yield "making runs", [
        experiment(), run(), shown(),
        post("runs/create", {"<r2>": "run.info.run_id"}, experiment_id="<e1>", user_id="ann"), shown("<r2>"),
        run("<r3>", run_name=""), run("<r4>", run_name=None, tags=[{"key": "mlflow.runName", "value": "tagged"}]), shown("<r4>"),
        run("<r5>", run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}]),
        run("<r6>", run_name="same", tags=[{"key": "mlflow.runName", "value": "same"}, {"key": "mlflow.user", "value": "bob"}]), shown("<r6>"),
        run("<r7>", user_id=""), run("<r8>", user_id="", tags=[{"key": "mlflow.user", "value": "bob"}]),
        run("<r9>", start_time="1234"), run("<r10>", start_time=-5), run("<r11>", start_time=0), run("<r12>", start_time=9223372036854775807),
        run("<r13>", start_time=1.0), run("<r20>", tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]),
        run("<r21>", tags=[{"key": "a"}]), shown("<r21>"), run("<r22>", tags=[{"key": "ü", "value": "日本"}]),
        run("<r23>", tags=[{"key": "a;b", "value": "1"}]), run("<r24>", tags=[{"key": "k" * 251, "value": "1"}]),
        run("<r25>", tags=[{"key": "t", "value": "v" * 8001}]), run("<r26>", run_name="n" * 300), shown("<r26>"),
        run("<r27>", experiment_id="987654321"), run("<r28>", experiment_id="x"), run("<r29>", experiment_id=""),
        run("<r30>", experiment_id=5), run("<r31>", start_time="x"), run("<r32>", run_name=5), run("<r33>", tags="x"), run("<r34>", tags=None),
        run("<r35>", start_time=1 << 63), run("<r36>", start_time=1.5), run("<r37>", start_time=True),
        get("runs/get"), get("runs/get", run_id=""), get("runs/get", run_id="0" * 32), get("runs/get", run_id="x"),
        get("runs/get", run_uuid="<r1>"), get("runs/get", runId="<r1>"), get("runs/get", run_id="<r1>", run_uuid="<r2>"),
    ]
    update = [
        {"status": "FINISHED"}, {"status": "FAILED", "end_time": 50}, {"status": "RUNNING"}, {"status": "SCHEDULED"}, {"status": "KILLED"},
        {"status": 3}, {"status": "3"}, {"status": "finished"}, {"status": "BOGUS"}, {"status": ""}, {"status": None}, {"status": 9},
        {"end_time": 0}, {"end_time": -1}, {"end_time": "77"}, {"end_time": "x"}, {"end_time": None}, {"endTime": 88}, {},
        {"run_name": "renamed"}, {"run_name": ""}, {"run_name": "ü" * 200}, {"run_name": None}, {"run_name": 5}, {"runName": "camel"},
        {"unknown": 1, "run_name": "kept"}]
    yield "changing runs", [
        experiment(), run(), *[call for fields in update for call in (post("runs/update", run_id="<r1>", **fields), shown())],
        post("runs/update", run_uuid="<r1>", status="FINISHED"), post("runs/update", status="FINISHED"),
        post("runs/update", run_id="0" * 32, status="FINISHED"), post("runs/update", run_id="x", status="FINISHED"),
        post("runs/set-tag", run_id="<r1>", key="mlflow.runName", value="by tag"), shown(),
        post("runs/delete-tag", run_id="<r1>", key="mlflow.runName"), shown(),
        post("runs/set-tag", run_id="<r1>", key="mlflow.user", value="eve"), shown(),
    ]
    yield "deleting and restoring runs", [
        experiment(), run(), post("runs/delete", run_id="<r1>"), shown(), post("runs/delete", run_id="<r1>"),
        post("runs/update", run_id="<r1>", status="FINISHED"), post("runs/log-metric", run_id="<r1>", key="m", value=1, timestamp=1),
        post("runs/log-parameter", run_id="<r1>", key="p", value="1"), post("runs/set-tag", run_id="<r1>", key="t", value="1"),
        post("runs/delete-tag", run_id="<r1>", key="t"), post("runs/log-batch", run_id="<r1>", metrics=[{"key": "m", "value": 1, "timestamp": 1}]),
        post("runs/log-batch", run_id="<r1>"), post("runs/log-inputs", run_id="<r1>"), post("runs/outputs", run_id="<r1>", models=[]),
        post("runs/restore", run_id="<r1>"), shown(), post("runs/restore", run_id="<r1>"),
        *[post(f"runs/{call}", **fields) for call in ("delete", "restore") for fields in ({}, {"run_id": "x"}, {"run_id": "0" * 32})],
        shown(), post("runs/delete", runId="<r1>"), post("runs/restore", run_uuid="<r1>"),
    ]


def logged():
    point = {"run_id": "<r1>", "key": "m", "value": 1, "timestamp": 10, "step": 0}
    changes = [
        {}, {}, {"value": 2}, {"step": 1}, {"step": -3}, {"step": None}, {"timestamp": 0}, {"timestamp": -1}, {"timestamp": None},
        {"timestamp": "12"}, {"timestamp": 9223372036854775807}, {"step": "7"},
        {"value": "3.5"}, {"value": "NaN"}, {"value": "Infinity"}, {"value": "-Infinity"}, {"value": "inf"}, {"value": ""}, {"value": None},
        {"value": [1]}, {"value": 1e308}, {"value": -0.0}, {"value": 1e-320}, {"value": 12345678901234567890}, {"value": 0},
        {"key": ""}, {"key": None}, {"key": 5}, {"key": "a/b c-d_e.f:g"}, {"key": "größe"}, {"key": "a;b"}, {"key": "/a"}, {"key": "a//b"}, {"key": "../a"},
        {"key": "a/../b"}, {"key": "."}, {"key": "a/"}, {"key": "a\nb"}, {"key": "k" * 250}, {"key": "k" * 251}, {"run_id": ""}, {"run_id": "0" * 32}, {"run_id": "x"},
        {"run_id": 5}, {"unknown": 1}, {"key": "named", "dataset_name": "d", "dataset_digest": "1"}]
    yield "single metrics", [
        experiment(), run(), *[post("runs/log-metric", **{**point, **change}) for change in changes],
        post("runs/log-metric", run_id="<r1>", key="k", value=1), post("runs/log-metric", run_id="<r1>", key="k", timestamp=1),
        post("runs/log-metric", run_id="<r1>", value=1, timestamp=1), post("runs/log-metric", key="k", value=1, timestamp=1),
        post("runs/log-metric", run_uuid="<r1>", key="u", value=1, timestamp=1),
        shown(), *[get("metrics/get-history", run_id="<r1>", metric_key=key) for key in ("m", "named", "u", "nobody", "größe")],
    ]
    wrong = [{"timestamp": 1.5}, {"timestamp": 1 << 63}, {"step": 1.5}, {"value": "x"}, {"value": True}]
    yield "metrics of wrong types", [
        experiment(), run(), *[post("runs/log-metric", **{**point, **change}) for change in wrong],
        raw("runs/log-metric", '{"run_id": "<r1>", "key": "bare", "value": NaN, "timestamp": 1}'),
        raw("runs/log-metric", '{"run_id": "<r1>", "key": "huge", "value": 1e999, "timestamp": 1}'),
    ]
    history = [{"step": step, "timestamp": time, "value": value} for step, time, value in
               [(0, 5, 1.0), (0, 5, 2.0), (1, 4, "NaN"), (1, 4, -1), (1, 4, 1), (2, 3, "Infinity"), (2, 3, "-Infinity"), (5, 1, 0.5), (3, 9, 9)]]
    yield "histories", [
        experiment(), run(), run("<r2>"),
        *[post("runs/log-metric", run_id="<r1>", key="m", **point) for point in history], shown(),
        post("runs/log-batch", run_id="<r2>", metrics=[{"key": "m", **point} for point in reversed(history)]), shown("<r2>"),
        *[get("metrics/get-history", run_id="<r1>", metric_key="m", **more) for more in [
            {}, {"max_results": 2}, {"max_results": 4, "page_token": "eyJvZmZzZXQiOiAyfQ=="}, {"max_results": 0}, {"max_results": -1}, {"max_results": 100}, {"max_results": "x"},
            {"page_token": "!"}]],
        get("metrics/get-history", metric_key="m"), get("metrics/get-history", run_id="<r1>"), get("metrics/get-history", run_id="0" * 32, metric_key="m"),
        get("metrics/get-history", run_uuid="<r1>", metric_key="m"),
        *[get("/ajax-api/2.0/mlflow/metrics/get-history-bulk", *pairs) for pairs in [
            [("run_id", "<r1>"), ("metric_key", "m")], [("run_id", "<r1>"), ("run_id", "<r2>"), ("metric_key", "m"), ("max_results", 5)],
            [("metric_key", "m")], [("run_id", "<r1>")], [("run_id", "nobody"), ("metric_key", "m")], [("run_id", "r")] * 101 + [("metric_key", "m")]]],
        *[get("metrics/get-history-bulk-interval", *pairs) for pairs in [
            [("run_ids", "<r1>"), ("metric_key", "m")], [("run_ids", "<r1>"), ("run_ids", "<r2>"), ("metric_key", "m"), ("max_results", 3)],
            [("run_ids", "<r1>"), ("metric_key", "m"), ("start_step", 1), ("end_step", 2)], [("run_ids", "<r1>"), ("metric_key", "m"), ("start_step", 1)],
            [("run_ids", "<r1>"), ("metric_key", "m"), ("end_step", 1)], [("run_ids", "<r1>"), ("metric_key", "m"), ("start_step", 3), ("end_step", 1)],
            [("run_ids", "<r1>"), ("metric_key", "m"), ("start_step", 2), ("end_step", 2)],
            [("run_ids", "<r1>"), ("metric_key", "m"), ("max_results", 0)], [("run_ids", "<r1>"), ("metric_key", "m"), ("max_results", 2501)],
            [("run_ids", "<r1>"), ("metric_key", "m"), ("max_results", 1)], [("run_ids", "<r1>"), ("metric_key", "m"), ("max_results", 2)],
            [("metric_key", "m")], [("run_ids", "<r1>")], [("run_ids", "nobody"), ("metric_key", "m")], [("run_ids", "r")] * 101 + [("metric_key", "m")]]],
    ]
    texts = [
        {"key": "p", "value": "1"}, {"key": "p", "value": "1"}, {"key": "p", "value": "2"}, {"key": "p", "value": ""}, {"key": "e", "value": ""}, {"key": "n"},
        {"key": "x", "value": None}, {"key": "x", "value": 5}, {"key": "x", "value": True}, {"key": "x", "value": "NaN"}, {"key": "", "value": "1"}, {"value": "1"}, {"key": None, "value": "1"},
        {"key": 5, "value": "1"}, {"key": "größe", "value": "日本 🎉"}, {"key": "a;b", "value": "1"}, {"key": "/a", "value": "1"}, {"key": "a/../b", "value": "1"}, {"key": "..", "value": "1"},
        {"key": "k" * 250, "value": "1"}, {"key": "k" * 251, "value": "1"}, {"key": "long", "value": "v" * 6000}, {"key": "longer", "value": "v" * 6001}, {"key": "longest", "value": "ü" * 8001},
        {"key": "lines", "value": "a\nb\tc"}, {"key": "quotes", "value": "'\"`"}]
    yield "single params", [
        experiment(), run(), *[post("runs/log-parameter", run_id="<r1>", **text) for text in texts], shown(),
        post("runs/log-parameter", key="a", value="b"), post("runs/log-parameter", run_id="0" * 32, key="a", value="b"), post("runs/log-parameter", run_uuid="<r1>", key="uu", value="b"),
    ]
    yield "single tags", [
        experiment(), run(), *[post("runs/set-tag", run_id="<r1>", **text) for text in texts], shown(),
        post("runs/set-tag", key="a", value="b"), post("runs/set-tag", run_id="0" * 32, key="a", value="b"), post("runs/set-tag", run_uuid="<r1>", key="uu", value="b"),
        *[post("runs/delete-tag", run_id="<r1>", **key) for key in [{"key": "p"}, {"key": "p"}, {"key": ""}, {}, {"key": "a;b"}, {"key": 5}]],
        post("runs/delete-tag", key="p"), post("runs/delete-tag", run_id="0" * 32, key="p"), shown(),
    ]


def batches():
    metric = {"key": "m", "value": 1, "timestamp": 1, "step": 0}

    def batch(**parts):
        return post("runs/log-batch", run_id="<r1>", **parts)

    yield "batches", [
        experiment(), run(), batch(), batch(metrics=[], params=[], tags=[]),
        batch(metrics=[metric, metric, {**metric, "value": 2}, {**metric, "key": "n", "step": 5}], params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "1"}]), shown(),
        batch(metrics=[metric], params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "2"}]), shown(),
        batch(params=[{"key": "p", "value": "2"}]), batch(params=[{"key": "p", "value": "3"}, {"key": "q", "value": "1"}]), shown(),
        batch(params=[{"key": "q", "value": "1"}, {"key": "r", "value": "1"}]), batch(params=[{"key": "q", "value": "2"}, {"key": "r", "value": "2"}]),
        batch(params=[{"key": "d", "value": "1"}, {"key": "d", "value": "1"}]), batch(params=[{"key": "d", "value": "1"}, {"key": "d", "value": "2"}, {"key": "", "value": "2"}, {"key": "", "value": "2"}]),
        batch(tags=[{"key": "d", "value": "1"}, {"key": "d", "value": "2"}]), batch(tags=[{"key": "mlflow.runName", "value": "by batch"}]), shown(),
        batch(metrics=[{**metric, "key": f"x{n}"} for n in range(1001)]), batch(params=[{"key": f"x{n}", "value": "1"} for n in range(101)]),
        batch(tags=[{"key": f"x{n}", "value": "1"} for n in range(101)]),
        batch(metrics=[{**metric, "key": f"x{n}"} for n in range(950)], params=[{"key": f"x{n}", "value": "1"} for n in range(51)]),
        batch(metrics=[{**metric, "key": "limit", "step": n} for n in range(900)], params=[{"key": f"l{n}", "value": "1"} for n in range(100)]),
        batch(metrics=[{**metric, "timestamp": -1}]), batch(metrics=[metric, {**metric, "key": "a;b"}]), batch(metrics=[{"value": 1, "timestamp": 1}]), batch(metrics=[{"key": "m", "timestamp": 1}]),
        batch(metrics=[{"key": "m", "value": 1}]), batch(metrics=[{"key": "stepless", "value": "NaN", "timestamp": "5"}]), batch(metrics=[metric, {**metric, "value": "x"}]), batch(metrics=[metric, {**metric, "value": ""}]),
        batch(metrics=[{**metric, "key": "k" * 251}]), batch(params=[{"key": "k" * 251, "value": "1"}]), batch(tags=[{"key": "k" * 251, "value": "1"}]),
        batch(params=[{"key": "a;b", "value": "1"}]), batch(params=[{"value": "1"}]), batch(params=[{"key": "novalue"}]), batch(tags=[{"value": "1"}]), batch(tags=[{"key": "novalue"}]), batch(tags=[{"key": "../x", "value": "1"}]),
        batch(params=[{"key": "cut", "value": "v" * 6001}], tags=[{"key": "cut", "value": "v" * 8001}]),
        batch(metrics="x"), batch(metrics={}), batch(metrics=[5]), batch(metrics=["x"]), batch(metrics=None), batch(params=5), batch(tags=["x"]), batch(params=[None]),
        post("runs/log-batch"), post("runs/log-batch", run_id=""), post("runs/log-batch", run_id="0" * 32, metrics=[metric]), post("runs/log-batch", run_id=5),
        batch(metrics=[{**metric, "key": "after"}], params=[{"key": "p", "value": "other"}], tags=[{"key": "after", "value": "1"}]), shown(),
    ]


def inputs():
    def dataset(**change):
        described = {"name": "d", "digest": "abc", "source_type": "local", "source": "{}", "schema": "s", "profile": "p", **change}
        return {"dataset": {key: value for key, value in described.items() if value is not ...}, "tags": [{"key": "mlflow.data.context", "value": "train"}]}

    def log(*datasets, **more):
        return post("runs/log-inputs", run_id="<r1>", datasets=list(datasets), **more)

    yield "data sets", [
        experiment(), run(), run("<r2>"), log(dataset()), log(dataset()), shown(), log(dataset(schema="other", profile="other", source="x")), shown(),
        post("runs/log-inputs", run_id="<r2>", datasets=[dataset()]), log(dataset(digest="2"), dataset(name="e")), shown(), log({"dataset": dataset(name="bare")["dataset"]}), shown(),
        log(dataset(name="n" * 500)), log(dataset(name="n" * 501)), log(dataset(digest="d" * 36)), log(dataset(digest="d" * 37)), log(dataset(source="s" * 65535)), log(dataset(source="s" * 65536)),
        log(dataset(name="schema", schema="s" * 1048576)), log(dataset(name="nones", schema=..., profile=...)),
        log({**dataset(name="t"), "tags": [{"key": "k" * 256, "value": "1"}]}), log({**dataset(name="t"), "tags": [{"key": "k", "value": "v" * 501}]}), log({**dataset(name="t"), "tags": [{"key": "k"}]}),
        log(), post("runs/log-inputs"), post("runs/log-inputs", run_id="0" * 32, datasets=[dataset()]), post("runs/log-inputs", run_id="0" * 32), post("runs/log-inputs", run_id="<r1>", datasets="x"),
        shown(), post("runs/search", experiment_ids=["<e1>"]),
        post("runs/log-inputs", run_id="<r1>", models=[{"model_id": "m-0123456789abcdef0123456789abcde"}]), post("runs/outputs", run_id="<r1>"), post("runs/outputs", run_id="<r1>", models=[]),
        post("runs/outputs", models=[{"model_id": "m-0123456789abcdef0123456789abcde", "step": 1}]),
    ]
    yield "data sets without something", [
        experiment(), run(), log(dataset(name=...)), log(dataset(digest=...)), log(dataset(source=...)), log(dataset(source_type=...)), log(dataset(name="")), log({"tags": []}), log(5),
        log({**dataset(name="t"), "tags": [{"value": "1"}]}), log({**dataset(name="twice"), "tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}),
    ]
    model = {"artifact_path": "model", "flavors": {"python_function": {}}, "utc_time_created": "2026-01-01 00:00:00", "run_id": "<r1>"}
    yield "models of older clients", [
        experiment(), run(), post("runs/log-model", run_id="<r1>", model_json="{"), post("runs/log-model", run_id="<r1>", model_json="{}"), post("runs/log-model", run_id="<r1>", model_json="[]"),
        post("runs/log-model", run_id="<r1>"), post("runs/log-model", model_json="{}"), post("runs/log-model", run_id="0" * 32, model_json=json.dumps(model)),
        post("runs/log-model", run_id="<r1>", model_json=json.dumps(model)), post("runs/log-model", run_id="<r1>", model_json=json.dumps({**model, "artifact_path": "second"})),
    ]


def searches():
    def search(**fields):
        return post("runs/search", **{"experiment_ids": ["<e1>"], **fields})

    yield "searching runs", [
        experiment(), run("<r1>", start_time=1), run("<r2>", start_time=3), run("<r3>", start_time=2), post("runs/delete", run_id="<r3>"),
        search(), search(run_view_type="ALL"), search(run_view_type="DELETED_ONLY"), search(run_view_type="ACTIVE_ONLY"), search(run_view_type=2), search(run_view_type="all"), search(run_view_type="BOGUS"), search(runViewType="ALL"),
        search(experiment_ids=[]), post("runs/search"), search(experiment_ids=["987654321"]), search(experiment_ids=["x"]), search(experiment_ids="<e1>"), search(experiment_ids=[5]), search(experiment_ids=None), search(experiment_ids=["<e1>", "<e1>"]),
        search(max_results=0), search(max_results=-1), search(max_results=50000), search(max_results=50001), search(max_results="1"), search(max_results="x"), search(max_results=None), search(max_results=1),
        search(max_results=1, page_token="eyJvZmZzZXQiOiAxfQ=="), search(max_results=1, page_token="eyJvZmZzZXQiOiA5fQ=="), search(page_token="!"), search(page_token="bm8="), search(page_token="e30="), search(page_token=""), search(page_token="eyJvZmZzZXQiOiAtMX0="),
        search(filter="params.A`model name` IS NOT NULL"), search(filter=""), search(filter="  "), search(filter=None), search(filter=5), search(order_by=[]), search(order_by=None), search(order_by="start_time"), search(order_by=[5]), search(order_by=["start_time", "start_time DESC"]),
        search(order_by=["metrics.m"]), search(order_by=["start_time ASC"]), search(order_by=["attributes.start_time asc", "run_id"]),
    ]


def bodies():
    yield "bodies and content types", [
        experiment(), run(),
        raw("runs/search", json.dumps(json.dumps({"experiment_ids": ["<e1>"]})).replace('\\"<e1>\\"', '\\"<e1>\\"')),
        raw("runs/log-parameter", '"{\\"run_id\\": \\"<r1>\\", \\"key\\": \\"twice\\", \\"value\\": \\"encoded\\"}"'),
        *[raw("runs/search", body) for body in ("", "{", "[]", "5", "null", "true", '"x"', "{}", '{"a"', "[{}]")],
        *[raw("runs/update", body) for body in ("", "{", "[]", "5", "null", '"x"')],
        *[raw("runs/log-batch", body) for body in ("", "{", "[]", "5", "null", '"x"')],
        *[raw("runs/search", '{"experiment_ids": ["<e1>"]}', kind) for kind in
          ("application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", None)],
        raw("runs/log-parameter", '{"run_id": "<r1>", "key": "unicode", "value": "\\u00fc\\ud83c\\udf89"}'),
        raw("runs/log-parameter", b'{"run_id": "x", "key": "latin", "value": "\xfc"}'),
        raw("runs/log-parameter", '{"run_id": "<r1>", "key": "first", "key": "second", "value": "1"}'), shown(),
        Call("GET", "runs/search"), Call("PUT", "runs/search", {}), Call("DELETE", "runs/create", {}), Call("POST", "runs/get", {"run_id": "<r1>"}), Call("GET", "runs/nothing"), Call("POST", "/api/2.0/mlflow/nothing/at-all", {}),
        Call("POST", "/ajax-api/2.0/mlflow/runs/search", {"experiment_ids": ["<e1>"]}), Call("POST", "/api/3.0/mlflow/runs/search", {"experiment_ids": ["<e1>"]}), Call("GET", "/version"), Call("GET", "/health"),
        raw("runs/log-parameter", '{"run_id": "<r1>", "key": "nul", "value": "a\\u0000b"}'),
        raw("runs/log-parameter", '{"run_id": "<r1>", "key": "lone", "value": "\\ud83c"}'),
    ]
    fields = {"experiments/get-by-name": [], "runs/create": ["experiment_id", "run_name", "start_time", "user_id"], "runs/log-metric": ["step", "model_id"],
              "experiments/create": ["name", "artifact_location", "tags"], "runs/search": ["filter", "order_by", "page_token", "max_results"],
              "experiments/search": ["order_by", "page_token"]}
    for path, names in fields.items():
        for name in names:
            yield f"wrong types of {name} in {path}", [
                post(path, **{"max_results": 5, "filter": "name LIKE '<t0>%'" if path == "experiments/search" else "", name: value}) for value in WRONG]


def sequences():
    """All sequences: titles and calls."""
    for part in (experiments, runs, logged, batches, inputs, searches, bodies, evaluated.sequences, traced.sequences):
        yield from part()
