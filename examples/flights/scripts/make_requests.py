"""Writes what the demo sends after the first model is served: requests of winter and summer, and one broken batch.

    python scripts/make_requests.py        # after make_data.py

`requests/2013-MM.csv` are the features of sql/features.sql for 1,500 flights a month, with what became of them in the last
column. `broken/2013-08.parquet` is a month as a careless export would send it: one column renamed, distances in
kilometres, half of the destinations missing.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
ROWS = 1500
SEED = 7


def features(month: int) -> pd.DataFrame:
    """The table of sql/features.sql for one month."""
    flights = pd.read_parquet(ROOT / f"data/flights/2013-{month:02d}.parquet")
    weather = pd.read_parquet(ROOT / f"data/weather/2013-{month:02d}.parquet")
    weather = weather.groupby(["origin", "time_hour"], as_index=False)[WEATHER].mean()
    table = flights.merge(weather, on=["origin", "time_hour"], how="left")
    table = table[table.arr_delay.notna()]
    out = table[["origin", "dest", "carrier"]].copy()
    out["hour"] = table.hour.astype(float)
    out["day_of_week"] = ((table.time_hour.dt.day_of_week + 1) % 7).astype(float)
    out["distance"] = table.distance.astype(float)
    out["sched_arr_minute"] = (table.sched_arr_time // 100 * 60 + table.sched_arr_time % 100).astype(float)
    out[WEATHER] = table[WEATHER]
    out["late"] = (table.arr_delay >= 15).astype(int)
    return out


def main() -> None:
    (ROOT / "requests").mkdir(exist_ok=True)
    for month in (1, 5, 6, 7):
        sample = features(month).sample(ROWS, random_state=SEED)
        sample.round(4).to_csv(ROOT / f"requests/2013-{month:02d}.csv", index=False)

    (ROOT / "broken").mkdir(exist_ok=True)
    flights = pq.read_table(ROOT / "data/flights/2013-08.parquet")
    broken = flights.to_pandas().sample(ROWS, random_state=SEED).sort_values(["time_hour", "carrier", "flight"])
    broken["distance"] = (broken.distance * 1.609).round().astype("int16")
    broken.loc[broken.index[::2], "dest"] = None
    whole = {field.name: "Int16" for field in flights.schema if pa.types.is_integer(field.type)}
    broken = broken.astype(whole).rename(columns={"carrier": "carrier_code"})
    arrow = pa.Table.from_pandas(broken, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(arrow, ROOT / "broken/2013-08.parquet", compression="zstd")


if __name__ == "__main__":
    main()
