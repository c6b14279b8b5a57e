"""The tracking server beside `mlflow server` with its default store: the same requests from the same generator, in one run.

    python run.py [--only ROW,ROW] [--runs N] [--seconds S] [--postgres URL] [--growth [N,N]] [--points N]

Needs wrk, VOLANO (the built binary) and a Python with mlflow, which runs this script. Prints both figures and their ratio
for every row; `--growth` prints how searches grow with the number of runs, `--points` how inserts keep up (Volano alone).
"""

import argparse
import os
import platform
from pathlib import Path

import artifacts
import growth
import stores
from servers import Server, ask, drive, installed_mb, scratch, weigh

GIGABYTE = 1_000_000_000 // (1 << 24) * (1 << 24)
CONNECTIONS = 16
SEARCH = {
    "experiment_ids": ["0"], "filter": "metrics.metric_1 > 0.5", "order_by": ["metrics.metric_2 DESC"], "max_results": 100,
}


def say(row: str, ours: float, theirs: float, unit: str, better: str) -> None:
    ratio = ours / theirs if better == "more" else theirs / ours
    print(f"{row:<44} {ours:>12,.3f} {theirs:>12,.3f}  {unit:<10} {ratio:>8.1f} x", flush=True)


class Bench:
    def __init__(self, options: argparse.Namespace, folder: Path):
        self.options, self.folder, self.count = options, folder, 0

    def pair(self, engine: str) -> list[Server]:
        """Both servers, not started, on stores of their own that are new."""
        self.count += 1
        made = []
        for name in ("volano", "mlflow"):
            database = None
            if engine == "postgres":
                database = f"{self.options.postgres.rsplit('/', 1)[0]}/bench_{name}_{os.getpid()}_{self.count}"
                os.system(f"psql -q {self.options.postgres} -c 'CREATE DATABASE {database.rsplit('/', 1)[1]}'")
            made.append(Server(name, self.folder / f"{name}-{self.count}", database))
        return made

    def both(self, engine: str, work) -> list:
        """What `work` returns for each of them, one after the other."""
        found = []
        for server in self.pair(engine):
            server.start()
            try:
                found.append(work(server))
            finally:
                server.stop()
        return found

    def writes(self, engine: str) -> None:
        seconds = self.options.seconds

        def work(server: Server) -> list[tuple[float, float]]:
            runs = ",".join(server.make_run()["run_id"] for _ in range(CONNECTIONS))
            server.call("runs/log-batch", {"run_id": runs.split(",")[0], "metrics": [
                {"key": f"layer_{n:02d}", "value": 0, "timestamp": 1, "step": 0} for n in range(1, 101)]})
            found = []
            for script, requests in (("log_metric", 1), ("log_batch", 1), ("life", 3)):
                rate, _, slow = drive(server, f"{script}.lua", CONNECTIONS, seconds, RUNS=runs)
                found.append((rate / requests, slow))
            return found

        ours, theirs = self.both(engine, work)
        for row, left, right in zip(("log one metric", "log-batch of 100 metrics", "create, log, finish a run"), ours, theirs, strict=True):
            say(f"{row} ({engine})", left[0], right[0], "a second", "more")
            say("  99 of 100 requests within", left[1], right[1], "ms", "less")

    def reads(self) -> None:
        pair = self.pair("sqlite")
        found = []
        for server in pair:
            server.start()
            run = server.make_run()["run_id"]
            server.stop()
            fill = stores.fill_volano if server.name == "volano" else stores.fill_mlflow
            fill(server.store, 0, self.options.runs, True)
            stores.curve(server.store, server.name, run, 1_000_000)
            server.start()
            try:
                first = ask(server, self.options.seconds, "runs/search", SEARCH)
                thousand = ask(server, self.options.seconds, "runs/search", {**SEARCH, "max_results": 1000})
                path = f"metrics/get-history-bulk-interval?run_ids={run}&metric_key=long&max_results=2500"
                found.append((first, thousand, ask(server, self.options.seconds, path)))
            finally:
                server.stop()
        rows = (f"search {self.options.runs:,} runs, 100 of them", f"search {self.options.runs:,} runs, 1,000 of them",
                "a curve of 1,000,000 points")
        for row, left, right in zip(rows, *found, strict=True):
            say(row, left, right, "ms", "less")

    def artifacts(self) -> None:
        source, target = self.folder / "big.bin", self.folder / "taken.bin"
        artifacts.make_file(source, GIGABYTE)
        up = min(artifacts.copy_through_socket(source, target) for _ in range(3))
        down = min(artifacts.receive_through_socket(source, target) for _ in range(3))

        def work(server: Server) -> list[tuple[float, float]]:
            times = []
            for _ in range(3):
                place = server.make_run()["artifact_uri"]
                memory = artifacts.Memory(server)
                memory.start()
                sent = artifacts.upload(server, source, place)
                taken = artifacts.download(server, target, place, source.name)
                times.append((sent, taken, memory.grown()))
            return [min(column) if index < 2 else max(column) for index, column in enumerate(zip(*times, strict=True))]

        ours, theirs = self.both("sqlite", work)
        say("upload of 1 GB", ours[0], theirs[0], "s", "less")
        print(f"{'':<44} {ours[0] / up:>11.2f}x {theirs[0] / up:>11.2f}x  of a copy through a socket, {up:.2f} s")
        say("download of 1 GB", ours[1], theirs[1], "s", "less")
        print(f"{'':<44} {ours[1] / down:>11.2f}x {theirs[1] / down:>11.2f}x  of a copy through a socket, {down:.2f} s")
        say("memory grown by both", ours[2], theirs[2], "MB", "less")
        source.unlink()

    def weight(self) -> None:
        (start, memory), (their_start, their_memory) = (weigh(server) for server in self.pair("sqlite"))
        say("start to ready", start, their_start, "s", "less")
        say("idle memory", memory, their_memory, "MB", "less")
        say("installed size", installed_mb("volano"), installed_mb("mlflow"), "MB", "less")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="writes,reads,artifacts,weight")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--postgres", help="a postgres:// address whose user may create databases: the writes on it, too")
    parser.add_argument("--growth", nargs="?", const="10000,100000,1000000", help="numbers of runs, rising")
    parser.add_argument("--points", type=int, help="how many points to insert")
    options = parser.parse_args()
    print(f"machine: {platform.node()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with scratch() as folder:
        bench = Bench(options, Path(folder))
        if options.growth:
            growth.searches(Path(folder), [int(number) for number in options.growth.split(",")], options.seconds)
        if options.points:
            growth.points(Path(folder), options.points)
        if options.growth or options.points:
            return
        print(f"{'':<44} {'Volano':>12} {'MLflow':>12}")
        for row in options.only.split(","):
            if row == "writes":
                bench.writes("sqlite")
                if options.postgres:
                    bench.writes("postgres")
            else:
                getattr(bench, row)()


if __name__ == "__main__":
    main()
