"""Fills both SQLite stores with the same runs and points, by SQL: no server must run on them meanwhile."""

import hashlib
import sqlite3
from pathlib import Path

METRICS = [f"metric_{n}" for n in range(10)]
PARAMS = [f"param_{n}" for n in range(5)]
TAGS = ["mlflow.runName", "mlflow.user", "team"]
START = 1_700_000_000_000


def run_id(number: int) -> str:
    """An id as version 7 has it, the same in both stores."""
    digest = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
    return f"{START + number * 1000:012x}7{digest[:3]}8{digest[3:18]}"


def metric(number: int, key: int) -> float:
    """Between 0 and 1, and no metric tells anything about another."""
    mixed = (number * 10 + key + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 31) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return (mixed >> 32) / 2**32


def param(number: int, key: int) -> str:
    """The first has ten values, the second a thousand, the rest as many as there are runs."""
    return f"value_{number * 7919 % (10, 1000, 10**9, 10**9, 10**9)[key]}"


def tags(number: int) -> list[str]:
    return [f"run-{number}", "bench", f"team-{number * 31 % 5000:04d}-{'red' if number % 4 else 'blue'}"]


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY;")
    return connection


def _without_indexes(connection: sqlite3.Connection, tables: list[str]) -> list[str]:
    marks = ",".join("?" * len(tables))
    found = connection.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})", tables,
    ).fetchall()
    for name, _ in found:
        connection.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in found]


def fill_volano(path: Path, first: int, end: int, history: bool) -> None:
    """Runs `first` to `end` of experiment 0; `history` also stores their points, not only the newest."""
    connection = _open(path)
    indexes = _without_indexes(connection, ["run", "metric_latest", "param", "run_tag"])
    connection.execute("BEGIN")
    connection.executemany("INSERT OR IGNORE INTO tracking_key (name) VALUES (?)", [(k,) for k in METRICS + PARAMS + TAGS])
    keys = dict(connection.execute("SELECT name, num FROM tracking_key"))
    base = connection.execute("SELECT COALESCE(MAX(num), 0) FROM run").fetchone()[0] + 1 - first
    numbers = range(first, end)
    connection.executemany(
        "INSERT INTO run (num, id, experiment, name, user_id, status, deleted, start_ms, end_ms) "
        "VALUES (?, ?, 0, ?, 'bench', 'finished', FALSE, ?, ?)",
        ((base + n, run_id(n), f"run-{n}", START + n * 1000, START + n * 1000 + 500) for n in numbers),
    )
    points = lambda: ((base + n, keys[key], START + n * 1000, metric(n, k)) for n in numbers for k, key in enumerate(METRICS))
    connection.executemany(
        "INSERT INTO metric_latest (run, key, time_ms, value, experiment, step, kind) VALUES (?, ?, ?, ?, 0, 1, 0)", points(),
    )
    if history:
        connection.executemany("INSERT INTO metric (run, key, time_ms, value, step, kind) VALUES (?, ?, ?, ?, 1, 0)", points())
    connection.executemany(
        "INSERT INTO param (run, key, experiment, value, head) VALUES (?1, ?2, 0, ?3, ?3)",
        ((base + n, keys[key], param(n, k)) for n in numbers for k, key in enumerate(PARAMS)),
    )
    connection.executemany(
        "INSERT INTO run_tag (run, key, experiment, value, head) VALUES (?1, ?2, 0, ?3, ?3)",
        ((base + n, keys[key], value) for n in numbers for key, value in zip(TAGS, tags(n), strict=True)),
    )
    for sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def fill_mlflow(path: Path, first: int, end: int, history: bool) -> None:
    connection = _open(path)
    indexes = _without_indexes(connection, ["latest_metrics", "metrics", "params", "tags"])
    connection.execute("BEGIN")
    numbers = range(first, end)
    connection.executemany(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, "
        "source_version, lifecycle_stage, artifact_uri, experiment_id) "
        "VALUES (?1, ?2, 'UNKNOWN', '', '', 'bench', 'FINISHED', ?3, ?3 + 500, '', 'active', "
        "'mlflow-artifacts:/0/' || ?1 || '/artifacts', 0)",
        ((run_id(n), f"run-{n}", START + n * 1000) for n in numbers),
    )
    points = lambda: ((run_id(n), key, START + n * 1000, metric(n, k)) for k, key in enumerate(METRICS) for n in numbers)
    connection.executemany(
        "INSERT INTO latest_metrics (run_uuid, key, timestamp, value, step, is_nan) VALUES (?, ?, ?, ?, 1, 0)", points(),
    )
    if history:
        connection.executemany("INSERT INTO metrics (run_uuid, key, timestamp, value, step, is_nan) VALUES (?, ?, ?, ?, 1, 0)", points())
    connection.executemany(
        "INSERT INTO params (run_uuid, key, value) VALUES (?, ?, ?)",
        ((run_id(n), key, param(n, k)) for k, key in enumerate(PARAMS) for n in numbers),
    )
    connection.executemany(
        "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)",
        ((run_id(n), key, tags(n)[t]) for t, key in enumerate(TAGS) for n in numbers),
    )
    for sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.close()


def curve(path: Path, name: str, run: str, points: int) -> None:
    """A history of many points of one metric, `long`, of a run that is there."""
    connection = _open(path)
    connection.execute("BEGIN")
    if name == "volano":
        connection.execute("INSERT OR IGNORE INTO tracking_key (name) VALUES ('long')")
        (key,) = connection.execute("SELECT num FROM tracking_key WHERE name = 'long'").fetchone()
        (number,) = connection.execute("SELECT num FROM run WHERE id = ?", (run,)).fetchone()
        connection.executemany(
            "INSERT INTO metric (run, key, step, time_ms, value, kind) VALUES (?, ?, ?, ?, ?, 0)",
            ((number, key, n, START + n * 10, 1 / (n + 1)) for n in range(points)),
        )
        connection.execute(
            "INSERT INTO metric_latest (run, key, experiment, step, time_ms, value, kind) VALUES (?, ?, 0, ?, ?, ?, 0)",
            (number, key, points - 1, START + (points - 1) * 10, 1 / points),
        )
    else:
        connection.executemany(
            "INSERT INTO metrics (run_uuid, key, step, timestamp, value, is_nan) VALUES (?, 'long', ?, ?, ?, 0)",
            ((run, n, START + n * 10, 1 / (n + 1)) for n in range(points)),
        )
        connection.execute(
            "INSERT INTO latest_metrics (run_uuid, key, step, timestamp, value, is_nan) VALUES (?, 'long', ?, ?, ?, 0)",
            (run, points - 1, START + (points - 1) * 10, 1 / points),
        )
    connection.execute("COMMIT")
    connection.close()
