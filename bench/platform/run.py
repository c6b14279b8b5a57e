"""The platform itself: size, start, idle memory, reaction to a file; beside `mlflow server`.

VOLANO names the binary; the Python that runs this has mlflow installed. Standard library otherwise.
"""

import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

VOLANO = os.environ.get("VOLANO", "target/release/volano")
FLIGHTS = Path(__file__).resolve().parents[2] / "examples" / "flights"
STARTS = 5


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_ready(url: str, limit: float = 120) -> None:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"{url} did not answer within {limit} s")


def tree_rss_mb(pid: int) -> float:
    """Resident memory of a process and its descendants, in MB."""
    total, todo = 0, [pid]
    while todo:
        p = todo.pop()
        try:
            pages = int(Path(f"/proc/{p}/statm").read_text().split()[1])
            todo += [int(c) for t in Path(f"/proc/{p}/task").iterdir() for c in (t / "children").read_text().split()]
        except OSError:
            continue
        total += pages * os.sysconf("SC_PAGE_SIZE")
    return total / 1e6


def start(command: list[str], port: int, **kwargs) -> tuple[subprocess.Popen, float]:
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **kwargs)
    wait_ready(f"http://127.0.0.1:{port}/health")
    return process, time.monotonic() - begun


def stop(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def measure(name: str, command, folder: Path) -> tuple[float, float]:
    times, memory = [], 0.0
    for n in range(STARTS):
        port = free_port()
        process, seconds = start(command(port, folder / str(n)), port)
        times.append(seconds)
        time.sleep(3)  # idle means after what it does at start
        memory = tree_rss_mb(process.pid)
        stop(process)
    print(f"{name:<14} start to ready {statistics.median(times):7.3f} s   idle memory {memory:7.1f} MB")
    return statistics.median(times), memory


def reaction(folder: Path) -> float:
    """Seconds from a file's arrival to the creation of the pipeline run that it starts."""
    project = folder / "flights"
    shutil.copytree(FLIGHTS, project, ignore=shutil.ignore_patterns("data", "requests", "broken"))
    for kind in ("weather", "flights"):
        (project / "data" / kind).mkdir(parents=True)
    file = project / "volano.yaml"
    file.write_text(file.read_text().replace("settle: 10s", "settle: 0s"))
    port = free_port()
    process, _ = start([VOLANO, "server", "--port", str(port)], port, cwd=project)
    time.sleep(5)  # what lies there at the start is taken at once; a file that arrives later must look quiet first
    shutil.copy(FLIGHTS / "data/weather/2013-01.parquet", project / "data/weather/2013-01.parquet")
    arriving = project / "data/flights/.arriving"
    shutil.copy(FLIGHTS / "data/flights/2013-01.parquet", arriving)
    arrived = time.time()
    arriving.rename(project / "data/flights/2013-01.parquet")
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/pipelines/flights/runs") as answer:
                items = json.load(answer)["items"]
            if items:
                return items[-1]["created_ms"] / 1000 - arrived
            time.sleep(0.02)
        raise SystemExit("no pipeline run started within 60 s of the file's arrival")
    finally:
        stop(process)


def main() -> None:
    print(f"machine        {platform.node()}, {os.cpu_count()} cores, {platform.processor() or platform.machine()}")
    print(f"binary         {os.path.getsize(VOLANO) / 1e6:.1f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = measure("volano server", lambda port, home: [VOLANO, "server", "--port", str(port), "--home", str(home)], folder)
        print(f"file to run    {reaction(folder):7.3f} s")
        peer = measure(
            "mlflow server",
            lambda port, home: [
                sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
                "--backend-store-uri", f"sqlite:///{home}.db", "--artifacts-destination", f"{home}-artifacts",
            ],
            folder,
        )
    print(f"ratio          start {peer[0] / ours[0]:.1f} times faster, memory {peer[1] / ours[1]:.1f} times smaller")


if __name__ == "__main__":
    main()
