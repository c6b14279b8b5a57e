"""How Volano's searches grow with the number of runs, and whether inserts keep up as points gather."""

import http.client
import json
import threading
import time
from pathlib import Path

import stores
from servers import Server, ask

QUESTIONS = {
    "newest": {},
    "metric filter, selective": {"filter": "metrics.metric_1 > 0.9999"},
    "metric filter, wide": {"filter": "metrics.metric_1 > 0.5"},
    "metric filter, ordered by a metric": {"filter": "metrics.metric_1 > 0.5", "order_by": ["metrics.metric_2 DESC"]},
    "param equality, 1 in 10": {"filter": "params.param_0 = 'value_3'"},
    "param equality, 1 in 1,000": {"filter": "params.param_1 = 'value_3'"},
    "tag LIKE, wide": {"filter": "tags.team LIKE '%blue'"},
    "tag LIKE, selective": {"filter": "tags.team LIKE '%-0042-%'"},
    "two metrics and a param, ordered by a metric": {
        "filter": "metrics.metric_1 > 0.5 AND metrics.metric_3 < 0.5 AND params.param_0 = 'value_3'",
        "order_by": ["metrics.metric_2 DESC"],
    },
    "page 51, ordered by a metric": {"order_by": ["metrics.metric_2 DESC"], "deep": 50},
}


def searches(folder: Path, sizes: list[int], seconds: float) -> None:
    server = Server("volano", folder / "growth", None)
    server.start()
    server.stop()
    print(f"p50 in ms of 100 runs of {'':<22}" + "".join(f"{size:>12,}" for size in sizes))
    rows: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    before = 0
    for size in sizes:
        stores.fill_volano(server.store, before, size, history=False)
        before = size
        server.start()
        for name, question in QUESTIONS.items():
            body = {"experiment_ids": ["0"], "max_results": 100, **question}
            for _ in range(body.pop("deep", 0)):
                body["page_token"] = server.call("runs/search", body)["next_page_token"]
            rows[name].append(ask(server, seconds, "runs/search", body))
        server.stop()
    for name, figures in rows.items():
        print(f"{name:<46}" + "".join(f"{figure:>12.2f}" for figure in figures), flush=True)


def points(folder: Path, total: int) -> None:
    """Four clients log batches of 1,000 points, each to runs of its own, a new one every 100,000 points."""
    server = Server("volano", folder / "points", None)
    server.start()
    clients, every, done = 4, max(total // 10, 1), [0]
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        run, step = server.make_run()["run_id"], 0
        while True:
            if step == 10_000:
                run, step = server.make_run()["run_id"], 0
            metrics = [
                {"key": f"layer_{key}", "value": 1 / (key + step + 1), "timestamp": stores.START + at, "step": at}
                for at in range(step, step + 100) for key in range(10)
            ]
            step += 100
            connection.request("POST", "/api/2.0/mlflow/runs/log-batch", json.dumps({"run_id": run, "metrics": metrics}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"a batch was answered with {answer.status}")
            with lock:
                done[0] += len(metrics)
                if done[0] >= total:
                    return

    threads = [threading.Thread(target=client) for _ in range(clients)]
    begun = last = time.monotonic()
    for thread in threads:
        thread.start()
    print(f"{'points':>14} {'a second':>12} {'bytes each':>12}")
    at = 0
    while at < total:
        time.sleep(0.05)
        now, held = time.monotonic(), done[0]
        if held - at >= every or held >= total:
            size = sum(path.stat().st_size for path in server.store.parent.glob("volano.db*"))
            print(f"{held:>14,} {(held - at) / (now - last):>12,.0f} {size / held:>12.1f}", flush=True)
            at, last = held, now
    for thread in threads:
        thread.join()
    print(f"{done[0]:,} points in {time.monotonic() - begun:.0f} s")
    server.stop()
