"""Asks MLflow's own server and ours the same, and says where they differ.

    python run.py URL

URL is ours, with an empty home. VOLANO_TEST_SEQUENCES and VOLANO_TEST_FILTERS say how much is tried, VOLANO_TEST_SEED
makes another choice.
"""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import filters
import random_calls
import recorded
from accepted import ACCEPTED
from pair import Pair

PATIENCE_S = 120


def oracle(folder):
    """Starts MLflow's server on a free port; the process and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
               "--artifacts-destination", f"{folder}/artifacts", "--port", str(port), "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parent / "ordered"), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = open(pathlib.Path(folder, "log"), "w", encoding="utf-8")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE_S and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return process, url
        except OSError:
            time.sleep(0.2)
    process.kill()
    raise SystemExit("MLflow's server does not start: " + pathlib.Path(folder, "log").read_text(encoding="utf-8")[-2000:])


def play_recorded(pair):
    told = []
    for title, calls in recorded.sequences():
        pair.start()
        difference = pair.play(calls, whole=True)
        if difference is not None:
            told.append(f"{title}:\n{difference}")
    return "\n\n".join(told) or None


def amount(name, otherwise):
    return int(os.environ.get(name, otherwise))


def compare(theirs, ours):
    seed = os.environ.get("VOLANO_TEST_SEED", "20131231")
    pair = Pair(theirs, ours, ACCEPTED)
    parts = [
        ("recorded sequences", lambda: play_recorded(pair)),
        ("random sequences", lambda: random_calls.check(pair, amount("VOLANO_TEST_SEQUENCES", 40), seed)),
        ("random filters", lambda: filters.check(pair, amount("VOLANO_TEST_FILTERS", 300), seed)),
    ]
    failed = False
    for title, part in parts:
        started = time.monotonic()
        told = part()
        print(f"{title}: {pair.calls} calls so far, {time.monotonic() - started:.1f} s")
        if told is not None:
            failed = True
            print(f"{title} differ\n{told}", file=sys.stderr)
    unused = [rule.name for rule in ACCEPTED if rule.name not in pair.used and not rule.sometimes]
    if unused:
        failed = True
        print(f"accepted differences that never came up: {unused}", file=sys.stderr)
    return failed


def main():
    with tempfile.TemporaryDirectory() as folder:
        process, theirs = oracle(folder)
        try:
            failed = compare(theirs, sys.argv[1])
        finally:
            # Its workers are in its session.
            os.killpg(process.pid, 15)
            process.wait()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
