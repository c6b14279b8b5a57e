"""Asks in SQL as data scientists do, with pyarrow and pandas, and compares with pandas' own figures.

Usage: client.py URL FOLDER, where FOLDER holds Parquet files of flights and weather.
"""

import io
import pathlib
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import requests

url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
api = f"{url}/api/v1"


def add(name: str, paths: list[pathlib.Path]) -> None:
    files = []
    for path in paths:
        stored = requests.put(f"{api}/objects", data=path.read_bytes(), timeout=60)
        stored.raise_for_status()
        files.append({"path": path.name, "file_id": stored.json()["file_id"]})
    requests.post(f"{api}/datasets/{name}/versions", json={"files": files}, timeout=60).raise_for_status()


def ask(sql: str, form: str) -> requests.Response:
    answer = requests.post(f"{api}/data/sql", json={"sql": sql, "format": form}, stream=True, timeout=120)
    answer.raise_for_status()
    answer.raw.decode_content = True
    return answer


def arrow(sql: str) -> pd.DataFrame:
    return pa.ipc.open_stream(ask(sql, "arrow").raw).read_all().to_pandas()


def parquet(sql: str) -> pd.DataFrame:
    return pq.read_table(io.BytesIO(ask(sql, "parquet").content)).to_pandas()


def csv(sql: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(ask(sql, "csv").content))


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    wanted = wanted.reset_index(drop=True)
    assert list(found.columns) == list(wanted.columns), (found.columns, wanted.columns)
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False, rtol=1e-9)


months = sorted((folder / "flights").glob("*.parquet"))
add("flights", months[:3])
add("flights", months[:4])
add("weather", sorted((folder / "weather").glob("*.parquet")))
before = pd.concat(map(pd.read_parquet, months[:3]))
now = pd.concat(map(pd.read_parquet, months[:4]))
weather = pd.concat(map(pd.read_parquet, sorted((folder / "weather").glob("*.parquet"))))

for read in (arrow, parquet, csv):
    grouped = read(
        "select carrier, count(*) as n, avg(dep_delay) as delay, stddev(arr_delay) as spread "
        "from flights@v1 group by carrier order by carrier"
    )
    groups = before.groupby("carrier")
    wanted = pd.DataFrame(
        {"n": groups.size(), "delay": groups.dep_delay.mean(), "spread": groups.arr_delay.std()}
    ).reset_index()
    same(grouped, wanted)

    added = read(
        "select n.month, count(*) as n from flights@latest n "
        "left join (select distinct month from flights@v1) b on n.month = b.month "
        "where b.month is null group by n.month"
    )
    gained = now[~now.month.isin(before.month)]
    same(added, pd.DataFrame({"month": [4], "n": [len(gained)]}))

    joined = read(
        "select f.origin, avg(w.wind_speed) as wind, corr(f.dep_delay, w.visib) as r from flights@v2 f "
        "join weather w using (origin, time_hour) group by f.origin order by f.origin"
    )
    both = now.merge(weather[["origin", "time_hour", "wind_speed", "visib"]], on=["origin", "time_hour"])
    groups = both.groupby("origin")
    wanted = groups.agg(wind=("wind_speed", "mean")).reset_index()
    wanted["r"] = [group.dep_delay.corr(group.visib) for _, group in groups]
    same(joined, wanted)

columns = ["time_hour", "carrier", "flight", "tailnum", "dep_delay"]
every = f"select {', '.join(columns)} from flights@v2 order by time_hour, carrier, flight, origin"
wanted = now.sort_values(["time_hour", "carrier", "flight", "origin"])[columns]
same(arrow(every), wanted)
same(parquet(every), wanted)

print(f"{len(wanted)} rows are as pandas has them")
