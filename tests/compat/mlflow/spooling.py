"""What MLflow's own client logs under `volano run` while the server is away is there exactly once, in order, in the end.

    python spooling.py VOLANO
"""
import atexit
import contextlib
import http.client
import http.server
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

import mlflow
from mlflow import MlflowClient

VOLANO = os.path.abspath(sys.argv[1])
PATIENCE = 120

CHILD = """
import os, pathlib, sys, time
import mlflow
from mlflow import MlflowClient

folder = pathlib.Path(sys.argv[1])

def tell(word):
    (folder / word).touch()

def await_word(word):
    until = time.monotonic() + 120
    while not (folder / word).exists():
        assert time.monotonic() < until, word
        time.sleep(0.02)

client = MlflowClient()
with mlflow.start_run() as run:
    def log(steps):
        for step in steps:
            client.log_metric(run.info.run_id, "loss", step / 11, timestamp=1_700_000_000_000 + step, step=step)
    log(range(80))
    mlflow.log_text("before", "before.txt")
    tell("half")
    await_word("dead")
    mlflow.set_tag("when", "first")
    log(range(80, 150))
    mlflow.log_text("meanwhile, ü", "deep/meanwhile.txt")
    mlflow.log_param("late", "yes")
    mlflow.set_tag("when", "last")
    tell("offline")
    if "made" in sys.argv:
        try:
            client.create_experiment("cannot be made now")
        except Exception as error:
            (folder / "refusal").write_text(str(error))
    await_word("on")
    log(range(150, 200))
"""


class Server:
    """The binary on a home and a port that stay."""

    def __init__(self, home, port):
        self.home, self.port, self.url = home, port, f"http://127.0.0.1:{port}"
        atexit.register(self.kill)
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [VOLANO, "server", "--home", str(self.home), "--port", str(self.port)], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline().strip() == self.url

    def kill(self):
        self.process.kill()
        self.process.wait()


class Cut(http.server.BaseHTTPRequestHandler):
    """Passes calls on; after so many the program that makes them is killed before it hears the answer."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(self.server.upstream)
        connection.request(self.command, self.path, body, {"Content-Type": self.headers["Content-Type"]})
        answer = connection.getresponse()
        content = answer.read()
        self.server.calls -= 1
        if self.server.calls == 0:
            self.server.caller.kill()
        with contextlib.suppress(OSError):
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_PUT = do_POST

    def log_message(self, *args):
        pass


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def await_word(folder, word):
    until = time.monotonic() + PATIENCE
    while not (folder / word).exists():
        assert time.monotonic() < until, word
        time.sleep(0.02)


def spools(folder):
    found = folder / "spool"
    return sorted(found.iterdir()) if found.exists() else []


def volano(folder, *words):
    """A command whose spools are in the folder."""
    environment = os.environ | {"VOLANO_SPOOL": str(folder / "spool"), "HOME": str(folder)}
    return subprocess.Popen([VOLANO, *map(str, words)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def run(folder, server, wait, *words):
    """A run of the child, half done."""
    (folder / "child.py").write_text(CHILD)
    started = volano(folder, "run", "--server", server.url, "--wait", wait, "--", sys.executable, folder / "child.py", folder,
                     *words)
    await_word(folder, "half")
    return started


def check_whole(server):
    """All is there once, in order."""
    client = MlflowClient(server.url)
    (found,) = client.search_runs(["0"])
    points = client.get_metric_history(found.info.run_id, "loss")
    assert [(p.step, p.timestamp, p.value) for p in points] == [
        (step, 1_700_000_000_000 + step, step / 11) for step in range(200)], [p.step for p in points]
    assert found.info.status == "FINISHED", found.info
    assert found.data.tags["when"] == "last" and found.data.params["late"] == "yes", found.data
    with tempfile.TemporaryDirectory() as work:
        for name, text in (("before.txt", "before"), ("deep/meanwhile.txt", "meanwhile, ü")):
            local = client.download_artifacts(found.info.run_id, name, work)
            assert pathlib.Path(local).read_text() == text
    assert "output.log" in [entry.path for entry in client.list_artifacts(found.info.run_id)]
    assert found.data.metrics["system/seconds"] > 0


def check_back_in_time(folder):
    """A server that is killed and comes back during the run."""
    server = Server(folder / "home", free_port())
    started = run(folder, server, 60)
    server.kill()
    (folder / "dead").touch()
    await_word(folder, "offline")
    assert len(spools(folder)) == 1
    server.start()
    (folder / "on").touch()
    _, told = started.communicate(timeout=PATIENCE)
    assert started.returncode == 0, told
    assert "is away: what is logged is kept" in told and "the server is back" in told, told
    check_whole(server)
    assert spools(folder) == []
    server.kill()


def check_back_later(folder):
    """A server that stays away: what was logged is kept, and handed over once, also when that is cut off."""
    server = Server(folder / "home", free_port())
    started = run(folder, server, 1, "made")
    server.kill()
    (folder / "dead").touch()
    await_word(folder, "offline")
    await_word(folder, "refusal")
    assert f"the tracking server {server.url} is away" in (folder / "refusal").read_text()
    (folder / "on").touch()
    _, told = started.communicate(timeout=PATIENCE)
    assert started.returncode == 0 and "volano run --replay" in told, (started.returncode, told)
    (kept,) = spools(folder)
    assert (kept.stat().st_mode & 0o777) == 0o700
    assert (kept / "calls").stat().st_size > 0

    away = volano(folder, "run", "--replay")
    _, told = away.communicate(timeout=PATIENCE)
    assert away.returncode == 5 and "calls wait in" in told, (away.returncode, told)
    server.start()
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cut)
    proxy.upstream, proxy.calls = server.url.removeprefix("http://"), 40
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    proxy.caller = volano(folder, "run", "--replay", "--server", f"http://127.0.0.1:{proxy.server_address[1]}")
    assert proxy.caller.wait(timeout=PATIENCE) == -9
    proxy.shutdown()
    assert spools(folder) == [kept]
    again = volano(folder, "run", "--replay")
    _, told = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0 and "calls were handed over" in told, (again.returncode, told)
    check_whole(server)
    nothing = volano(folder, "run", "--replay")
    _, told = nothing.communicate(timeout=PATIENCE)
    assert nothing.returncode == 0 and "nothing waits" in told, told
    assert spools(folder) == []
    check_next_run(folder, server)
    server.kill()


def check_next_run(folder, server):
    """What a run left is handed over by the next one, and what the server refuses is put aside."""
    client = MlflowClient(server.url)
    (found,) = client.search_runs(["0"])
    left = folder / "spool/left"
    left.mkdir(parents=True)
    (left / "about.json").write_text(f'{{"server": "{server.url}"}}')
    call = '{{"number": {}, "method": "POST", "path": "/api/2.0/mlflow/runs/set-tag", "content_type": "application/json", ' \
           '"text": "{{\\"run_id\\": \\"{}\\", \\"key\\": \\"left\\", \\"value\\": \\"behind\\"}}"}}\n'
    (left / "calls").write_text(call.format(1, "0" * 32) + call.format(2, found.info.run_id))
    done = volano(folder, "run", "--server", server.url, "--", "true")
    _, told = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0 and "of an earlier run were handed over" in told, told
    assert "the server refused 1 calls" in told and "0" * 32 in (left / "refused").read_text(), told
    assert client.get_run(found.info.run_id).data.tags["left"] == "behind"


def main():
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        for check in (check_back_in_time, check_back_later):
            folder = pathlib.Path(work) / check.__name__
            folder.mkdir()
            check(folder)
            print(f"{check.__name__}: {check.__doc__}", file=sys.stderr)


if __name__ == "__main__":
    main()
