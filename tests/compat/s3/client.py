"""Reads data versions without download, as clients of S3 do: boto3, pyarrow, pandas, Polars and DuckDB.

Usage: client.py URL FOLDER, where FOLDER holds Parquet files of flights.
"""

import hashlib
import pathlib
import random
import sys

import boto3
import botocore.client
import botocore.exceptions
import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import requests
from duckdb_extensions import import_extension

url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
api = f"{url}/api/v1"
host = url.removeprefix("http://")
key = requests.get(f"{api}/data/s3", timeout=60).json()
months = sorted((folder / "flights").glob("*.parquet"))
ODD = ["a+b & <c>.txt", "a/ü ö/x=1/y~z.txt", "a/ü ö.txt", "a-1.txt", "it's 100%.txt"]


def add(paths: list[tuple[str, bytes]], name: str = "flights", **more) -> None:
    files = []
    for path, content in paths:
        stored = requests.put(f"{api}/objects", data=content, timeout=60)
        stored.raise_for_status()
        files.append({"path": path, "file_id": stored.json()["file_id"]})
    answer = requests.post(f"{api}/datasets/{name}/versions", json={"files": files, **more}, timeout=60)
    assert answer.ok, answer.text


def client(**more):
    given = {"aws_access_key_id": key["access_key_id"], "aws_secret_access_key": key["secret_access_key"], **more}
    config = botocore.client.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
    return boto3.client("s3", endpoint_url=url, region_name=key["region"], config=config, **given)


def refused(code: str, status: int, call, *args, **kwargs) -> None:
    try:
        call(*args, **kwargs)
    except botocore.exceptions.ClientError as error:
        said = error.response
        assert (said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), said
    else:
        raise AssertionError(f"{call} was not refused")


def keys(**asked) -> list[str]:
    pages = client().get_paginator("list_objects_v2").paginate(**asked)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def with_boto3() -> None:
    s3 = client()
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["flights", "odd"]
    s3.head_bucket(Bucket="flights")
    assert s3.get_bucket_location(Bucket="flights")["LocationConstraint"] is None
    names = [path.name for path in months[:3]]
    listed = s3.list_objects_v2(Bucket="flights", Delimiter="/")
    assert [one["Prefix"] for one in listed["CommonPrefixes"]] == ["latest/", "review~april/", "v1/", "v2/"], listed
    assert keys(Bucket="flights", Prefix="v2/") == [f"v2/{name}" for name in names]
    assert keys(Bucket="flights", Prefix="v1") == [f"v1/{name}" for name in names[:2]]
    assert keys(Bucket="flights", PaginationConfig={"PageSize": 2}) == sorted(
        [f"{version}/{name}" for version in ("latest", "review~april", "v2") for name in names] + [f"v1/{name}" for name in names[:2]]
    ), "every version, page by page"
    first = s3.list_objects(Bucket="flights", MaxKeys=2, Prefix="v2/")
    rest = s3.list_objects(Bucket="flights", Prefix="v2/", Marker=first["NextMarker"])
    assert [one["Key"] for one in first["Contents"] + rest["Contents"]] == [f"v2/{name}" for name in names]
    content = months[0].read_bytes()
    head = s3.head_object(Bucket="flights", Key=f"v1/{names[0]}")
    assert (head["ContentLength"], head["AcceptRanges"]) == (len(content), "bytes")
    whole = s3.get_object(Bucket="flights", Key=f"latest/{names[0]}")
    assert whole["Body"].read() == content and whole["ETag"] == head["ETag"]
    assert whole["LastModified"] >= head["LastModified"]
    part = s3.get_object(Bucket="flights", Key=f"v1/{names[0]}", Range="bytes=100-1099")
    assert part["Body"].read() == content[100:1100] and part["ContentRange"] == f"bytes 100-1099/{len(content)}"
    refused("InvalidRange", 416, s3.get_object, Bucket="flights", Key=f"v1/{names[0]}", Range="bytes=999999999-")
    refused("304", 304, s3.get_object, Bucket="flights", Key=f"v1/{names[0]}", IfNoneMatch=head["ETag"])
    refused("PreconditionFailed", 412, s3.get_object, Bucket="flights", Key=f"v1/{names[0]}", IfMatch='"other"')
    target = pathlib.Path("downloaded.parquet")
    s3.download_file("flights", f"v2/{names[2]}", str(target))
    assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(months[2].read_bytes()).digest()

    # Names that need escapes in the path, in the query and in XML.
    assert keys(Bucket="odd", Prefix="v1/") == [f"v1/{name}" for name in sorted(ODD, key=str.encode)]
    for name in ODD:
        assert s3.get_object(Bucket="odd", Key=f"v1/{name}")["Body"].read() == name.encode(), name
    listed = s3.list_objects_v2(Bucket="odd", Prefix="v1/a/", Delimiter="/")
    assert [one["Prefix"] for one in listed["CommonPrefixes"]] == ["v1/a/ü ö/"], listed
    assert [one["Key"] for one in listed["Contents"]] == ["v1/a/ü ö.txt"]


def with_pyarrow_and_pandas() -> None:
    store = pafs.S3FileSystem(
        access_key=key["access_key_id"], secret_key=key["secret_access_key"], endpoint_override=host, scheme="http", region=key["region"]
    )
    wanted = pd.concat(map(pd.read_parquet, months[:3]))
    flights = ds.dataset("flights/v2", filesystem=store, format="parquet")
    assert flights.count_rows() == len(wanted)
    found = flights.to_table(columns=["dep_delay"]).to_pandas()
    pd.testing.assert_series_equal(found["dep_delay"], wanted["dep_delay"].reset_index(drop=True))
    assert store.get_file_info("flights/v3").type == pafs.FileType.NotFound
    assert store.get_file_info("flights/v1").type == pafs.FileType.Directory
    found = pd.read_parquet(f"flights/v1/{months[0].name}", filesystem=store)
    pd.testing.assert_frame_equal(found, pd.read_parquet(months[0]))


def with_polars() -> None:
    options = {
        "aws_access_key_id": key["access_key_id"], "aws_secret_access_key": key["secret_access_key"], "aws_region": key["region"],
        "aws_endpoint_url": url, "aws_allow_http": "true",
    }
    found = pl.scan_parquet("s3://flights/v2/*.parquet", storage_options=options).select(pl.len(), pl.col("dep_delay").mean()).collect()
    wanted = pl.scan_parquet(months[:3]).select(pl.len(), pl.col("dep_delay").mean()).collect()
    assert found.equals(wanted), (found, wanted)


def with_duckdb() -> None:
    import_extension("httpfs")
    duckdb.sql("LOAD httpfs")
    duckdb.sql(
        f"CREATE SECRET (TYPE s3, KEY_ID '{key['access_key_id']}', SECRET '{key['secret_access_key']}', REGION '{key['region']}', "
        f"ENDPOINT '{host}', USE_SSL false, URL_STYLE 'path')"
    )
    ask = "SELECT count(*), avg(dep_delay) FROM read_parquet({})"
    found = duckdb.sql(ask.format("'s3://flights/v2/*.parquet'")).fetchall()
    assert found == duckdb.sql(ask.format([str(path) for path in months[:3]])).fetchall(), found
    one = duckdb.sql(ask.format(f"'s3://flights/latest/{months[1].name}'")).fetchall()
    assert one == duckdb.sql(ask.format([str(months[1])])).fetchall()


def from_packs() -> None:
    """What only packs have is read from there, whole and in part, without being put together again."""
    content = random.Random(3).randbytes(20_000_000)
    add([("big.bin", content)], "packed", kind="files")
    add([("big.bin", content + b"more")], "packed", kind="files")
    requests.post(f"{api}/data/gc", json={}, timeout=60).raise_for_status()
    before = requests.get(f"{api}/data/usage", timeout=60).json()
    s3 = client()
    assert s3.get_object(Bucket="packed", Key="v1/big.bin")["Body"].read() == content
    for first, last in [(0, 0), (16_777_210, 16_777_220), (8_000_000, 19_999_999), (19_999_990, 30_000_000)]:
        part = s3.get_object(Bucket="packed", Key="v1/big.bin", Range=f"bytes={first}-{last}")["Body"].read()
        assert part == content[first : last + 1], (first, last)
    assert requests.get(f"{api}/datasets/packed/versions/v1/file", params={"path": "big.bin"}, timeout=60).content == content
    after = requests.get(f"{api}/data/usage", timeout=60).json()
    assert before["packed_files"] >= 1 and after["whole_files"] == before["whole_files"], (before, after)


def nothing_else_is_answered() -> None:
    s3 = client()
    name = f"v1/{months[0].name}"
    refused("SignatureDoesNotMatch", 403, client(aws_secret_access_key="vss_wrong").list_buckets)
    refused("InvalidAccessKeyId", 403, client(aws_access_key_id="somebody").list_buckets)
    refused("InvalidAccessKeyId", 403, client(aws_access_key_id="vst_x").list_buckets)
    refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket="nobody")
    refused("404", 404, s3.head_bucket, Bucket="nobody")
    for missing in ["v9/x", "v1/nothing", "v1", "no-such-branch/x", "v1/../v2/x", "v1/%2e%2e/x"]:
        refused("NoSuchKey", 404, s3.get_object, Bucket="flights", Key=missing)
    refused("404", 404, s3.head_object, Bucket="flights", Key="v1/nothing")
    refused("MethodNotAllowed", 405, s3.put_object, Bucket="flights", Key="v1/x", Body=b"x")
    refused("MethodNotAllowed", 405, s3.delete_object, Bucket="flights", Key=name)
    refused("MethodNotAllowed", 405, s3.create_bucket, Bucket="mine")
    refused("NotImplemented", 501, s3.get_bucket_acl, Bucket="flights")
    refused("NotImplemented", 501, s3.get_object_tagging, Bucket="flights", Key=name)
    refused("InvalidArgument", 400, s3.list_objects_v2, Bucket="flights", Delimiter="-")
    refused("InvalidArgument", 400, s3.list_objects_v2, Bucket="flights", ContinuationToken="zz")
    assert s3.list_objects_v2(Bucket="flights", MaxKeys=0)["KeyCount"] == 0
    assert keys(Bucket="flights", Prefix="v9/") == keys(Bucket="flights", Prefix="nothing") == []
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"}
    for more, code in [({}, "AuthorizationHeaderMalformed"), ({"x-amz-date": "20260101T000000Z"}, "RequestTimeTooSkewed")]:
        answer = requests.get(f"{url}/flights", headers={**signed, **more}, timeout=60)
        assert answer.status_code in (400, 403) and f"<Code>{code}</Code>" in answer.text, answer.text


add([(path.name, path.read_bytes()) for path in months[:2]])
add([(path.name, path.read_bytes()) for path in months[:3]], branch="review/april")
add([(path.name, path.read_bytes()) for path in months[:3]])
add([(name, name.encode()) for name in ODD], "odd", kind="files")
for check in (with_boto3, with_pyarrow_and_pandas, with_polars, with_duckdb, nothing_else_is_answered, from_packs):
    check()
    print(check.__name__, "holds")
print("versions are read without download")
