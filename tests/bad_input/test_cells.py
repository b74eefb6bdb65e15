"""Cells, keys and times that contradict their declaration: place, shape and mend are named."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commlab.dataset import open_dataset

from .conftest import HEADER, ROWS, call

UTC = pd.to_datetime([row.split(",")[2] for row in ROWS], utc=True)


@pytest.mark.parametrize(
    ("line", "old", "new", "place", "dtype", "shape"),
    [
        (5, "[0-9.]+$", "twelve", "orders.csv, amount", "money", "orders.csv:5: aaaaaa"),
        (9, "[0-9.]+$", "￥1 234", "orders.csv, amount", "money", "orders.csv:9: ￥0 000"),
        (41, "2026[^,]*", "13800138000 昨天", "orders.csv, paid_at", "time",
         "orders.csv:41: 00000000000 字天"),
    ],
)  # fmt: skip
def test_a_cell_that_will_not_cast(stopped, sources, line, old, new, place, dtype, shape):
    sources.spoil(line, old, new)
    error = stopped(sources.folder)
    assert f"{place}: 1 row (2.5 % of those filled)" in error.replace("\xa0", " ")
    assert f"cannot be read as {dtype}. For example {shape.split(': ')[0]}: " in error
    assert new not in error
    assert "give the format in map.toml and load again" in error
    assert "nothing was run" in error
    assert f"commlab check {sources.folder.as_posix()}" in error


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([{"yuan": 1}] * 40),
        pa.array([b"1"] * 40),
        pa.array([True] * 40),
        pa.array([1e300] * 40),
        pa.array([[1]] * 40),
    ],
    ids=["struct", "binary", "truth", "huge", "list"],
)
def test_a_parquet_column_of_another_type(stopped, sources, cells):
    columns = {"order_id": [f"o{n}" for n in range(40)], "paid_at": pa.array(UTC), "amount": cells}
    (sources.folder / "orders.csv").unlink()
    pq.write_table(pa.table(columns), sources.folder / "orders.parquet")
    error = stopped(sources.folder)
    assert "orders.parquet, amount: 40 rows" in error.replace("\xa0", " ")
    assert "cannot be read as money" in error


def test_a_required_column_that_is_missing(stopped, sources):
    sources.write("orders.csv", [HEADER.replace("amount", "13800138000"), *ROWS])
    error = stopped(sources.folder)
    assert "orders.csv, amount: orders has no column amount" in error
    assert "The file has: order_id, member_id, paid_at, 00000000000." in error


def test_keys_that_contradict_each_other(stopped, sources):
    sources.write("orders.csv", [HEADER, *ROWS, "o1,m1,2026-02-11 03:00:00,99.00", ROWS[4]])
    error = stopped(sources.folder)
    assert "orders.csv, order_id: Keys of orders (order_id) whose rows contradict" in error
    assert "each other: 1 (2.5 % of all keys). For example orders.csv:2,42." in error.replace(
        "\xa0", " "
    )
    assert "keep the newest row of each key" in error


def test_the_message_is_in_the_language_of_the_pages(stopped, sources):
    sources.spoil(5, "[0-9.]+$", "twelve")
    assert "无法识别为 money 类型。例如：orders.csv:5: aaaaaa。" in stopped(
        sources.folder, "--lang", "zh"
    )


@pytest.mark.parametrize("zoned", ["+08:00", "Z", "+0800", "+08"])
def test_offsets_in_some_rows_and_none_in_others(stopped, sources, zoned):
    rows = [
        row.replace("03:00:00", f"03:00:00{zoned}") if n % 4 else row for n, row in enumerate(ROWS)
    ]
    sources.write("orders.csv", [HEADER, *rows])
    error = stopped(sources.folder).replace("\xa0", " ")
    assert "orders.csv, paid_at: 10 rows (25 % of those filled)" in error
    assert "names no zone, while the others do" in error
    assert "orders.csv:2: 0000-00-00 00:00:00" in error
    assert "write the offset on every row" in error


def test_different_offsets_and_zones_are_instants_all_the_same(sources):
    plain = open_dataset(sources.folder, as_of="2026-06-18").table("orders")
    expected = sorted(plain.paid_at.to_pandas())
    moved = [
        UTC[n].tz_convert(("Asia/Shanghai", "America/New_York", "UTC")[n % 3]).isoformat()
        for n in range(40)
    ]
    rows = [row.replace(row.split(",")[2], when) for row, when in zip(ROWS, moved, strict=True)]
    sources.write("orders.csv", [HEADER, *rows])
    assert call("check", sources.folder).status == 0
    in_text = open_dataset(sources.folder, as_of="2026-06-18").table("orders")
    assert sorted(in_text.paid_at.to_pandas()) == expected

    (sources.folder / "orders.csv").unlink()
    columns = {name: [row.split(",")[n] for row in ROWS] for n, name in enumerate(("order_id",
               "member_id"))}  # fmt: skip
    frame = pd.DataFrame({**columns, "paid_at": UTC.tz_convert("America/New_York"), "amount": 1.0})
    frame.to_parquet(sources.folder / "orders.parquet")
    assert call("check", sources.folder).status == 0
    elsewhere = open_dataset(sources.folder, as_of="2026-06-18").table("orders")
    assert sorted(elsewhere.paid_at.to_pandas()) == expected


@pytest.mark.parametrize("zone", ["UTC", None])
def test_nanoseconds(sources, zone):
    plain = open_dataset(sources.folder, as_of="2026-06-18").table("orders")
    expected = sorted(plain.paid_at.to_pandas())
    (sources.folder / "orders.csv").unlink()
    nanoseconds = pa.array(UTC.tz_localize(None).astype("datetime64[ns]"))
    columns = {
        "order_id": [f"o{n}" for n in range(40)],
        "paid_at": nanoseconds.cast(pa.timestamp("ns", zone)),
        "amount": pa.array([1.0] * 40),
    }
    pq.write_table(pa.table(columns), sources.folder / "orders.parquet", version="2.6")
    assert pq.read_schema(sources.folder / "orders.parquet").field("paid_at").type.unit == "ns"
    told = call("check", sources.folder)
    assert (told.status, "warning" in told.output.splitlines()[0]) == (0, False)
    read = open_dataset(sources.folder, as_of="2026-06-18").table("orders")
    assert sorted(read.paid_at.to_pandas()) == expected
