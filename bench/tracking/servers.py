"""Starts both servers, asks them, drives them with wrk, and weighs them."""

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib import metadata
from pathlib import Path

VOLANO = os.environ.get("VOLANO", "target/release/volano")
WRK = Path(__file__).resolve().parent / "wrk"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One of the two, on a home of its own."""

    def __init__(self, name: str, folder: Path, database: str | None):
        self.name, self.folder, self.port = name, folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        if name == "volano":
            self.store = folder / "home" / "volano.db"
            self.command = [VOLANO, "server", "--port", str(self.port), "--home", str(folder / "home")]
            if database:
                self.command += ["--database", database]
        else:
            self.store = folder / "mlflow.db"
            self.command = [
                sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
                "--backend-store-uri", database.replace("postgres://", "postgresql://") if database else f"sqlite:///{self.store}",
                "--artifacts-destination", str(folder / "artifacts"),
            ]
        self.process = None

    def start(self) -> float:
        begun = time.monotonic()
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)
        while time.monotonic() < begun + 180:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
                    if answer.status == 200:
                        return time.monotonic() - begun
            except OSError:
                time.sleep(0.003)
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended at its start: see {self.folder / 'log'}")
        raise SystemExit(f"{self.name} was not ready within 180 s")

    def stop(self) -> None:
        if self.process:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None

    def call(self, path: str, body: dict | None = None, method: str | None = None) -> dict:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/2.0/mlflow/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"}, method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

    def make_run(self, experiment: str = "0") -> dict:
        return self.call("runs/create", {"experiment_id": experiment, "start_time": 1_700_000_000_000})["run"]["info"]

    def memory_mb(self) -> float:
        """Resident memory of the server's processes; what one file maps twice counts twice."""
        total, todo = 0, [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                todo += [int(c) for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
            except OSError:
                continue
            total += pages * os.sysconf("SC_PAGE_SIZE")
        return total / 1e6


# Seconds after which a question is not asked again and again.
SLOW = 5
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def drive(server: Server, script: str, connections: int, seconds: float, **env: str) -> tuple[float, float, float]:
    """Requests a second, and the median and the 99th percentile of their latency in milliseconds."""
    done = subprocess.run(
        ["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds:.0f}s", "--timeout", "120s", "--latency",
         "-s", str(WRK / script), f"http://127.0.0.1:{server.port}"],
        env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )
    text = done.stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    median, slow = (re.search(rf"{share}%\s+([\d.]+)(us|ms|s|m)\b", text) for share in (50, 99))
    if done.returncode or not rate or not median or not slow or "Non-2xx" in text:
        raise SystemExit(f"{server.name}, {script}:\n{text}{done.stderr}")
    return float(rate[1]), float(median[1]) * _UNITS[median[2]], float(slow[1]) * _UNITS[slow[2]]


def ask(server: Server, seconds: float, path: str, body: dict | None = None) -> float:
    """The median latency of one question from one connection, in milliseconds; of a slow one, the time of its second answer."""
    address = f"/api/2.0/mlflow/{path}"
    for _ in range(2):
        begun = time.monotonic()
        server.call(path, body)
        took = time.monotonic() - begun
    if took > SLOW:
        return took * 1e3
    question = {"METHOD": "POST" if body else "GET", "ADDRESS": address, "BODY": json.dumps(body) if body else ""}
    return drive(server, "ask.lua", 1, max(seconds, 5 * took), **question)[1]


def weigh(server: Server) -> tuple[float, float]:
    """Median seconds from start to ready, and idle memory in MB."""
    times = []
    for _ in range(3):
        times.append(server.start())
        time.sleep(3)  # idle means after what it does at its start
        memory = server.memory_mb()
        server.stop()
    return statistics.median(times), memory


def installed_mb(name: str) -> float:
    """Bytes of what must be installed: the one file, or the package with all it requires."""
    if name == "volano":
        return os.path.getsize(VOLANO) / 1e6
    seen, todo, total = set(), ["mlflow"], 0
    while todo:
        package = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if package in seen:
            continue
        seen.add(package)
        try:
            found = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            continue
        for file in found.files or []:
            try:
                total += file.locate().stat().st_size
            except OSError:
                pass
        todo += [re.match(r"[\w.-]+", need)[0] for need in found.requires or [] if "extra ==" not in need]
    return total / 1e6


def scratch() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="volano-tracking-", dir=os.environ.get("BENCH_FOLDER"))
