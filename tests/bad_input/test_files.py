"""Files that cannot be read: the message names file, line and mend, and nothing is run."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .conftest import HEADER, ROWS, call


def test_a_missing_folder(stopped, tmp_path):
    error = stopped(tmp_path / "nowhere")
    assert "nowhere: there is no such folder." in error
    assert "commlab load" in error


def test_a_file_instead_of_a_folder(stopped, sources):
    error = stopped(sources.folder / "orders.csv")
    assert "orders.csv: is a file; a workspace is a folder" in error
    assert "Name the folder that holds it" in error


def test_a_folder_without_tables(stopped, sources):
    (sources.folder / "orders.csv").rename(sources.folder / "Bestellungen.csv")
    assert "brand: holds none of the canonical tables. It needs at least one of orders" in stopped(
        sources.folder
    )


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file(stopped, sources, content):
    sources.bytes("orders.csv", content)
    error = stopped(sources.folder)
    assert "orders.csv: is empty, without even a header. Export it again" in error


def test_an_empty_parquet_file(stopped, sources):
    sources.bytes("messages.parquet", b"")
    error = stopped(sources.folder)
    assert "messages.parquet: is not a readable Parquet file" in error
    assert "Write it again" in error


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_header_and_no_rows(stopped, sources, end):
    sources.bytes("orders.csv", (HEADER + end).encode())
    error = stopped(sources.folder)
    assert "the last day of the data cannot be seen: orders.csv holds no rows." in error
    error = stopped(sources.folder, "--as-of", "2026-06-01")
    assert "None of the tables that an analysis can start from is there with rows" in error


def test_a_header_and_no_rows_beside_a_sound_table_is_a_warning(sources):
    sources.write("messages.csv", ["message_id,member_id,sent_at"])
    told = call("check", sources.folder)
    assert told.status == 0
    assert "Warning: messages: messages is there and holds no rows." in told.output


@pytest.mark.parametrize("line", [1, 2, 41, 5_000])
def test_a_wrong_encoding(stopped, sources, line):
    rows = [row for n in range(150) for row in (r.replace("o", f"o{n}x") for r in ROWS)]
    lines = [HEADER, *rows]
    encoded = [text.encode() for text in lines]
    encoded[line - 1] = lines[line - 1].replace("m", "张三").encode("gb18030")
    sources.bytes("orders.csv", b"\n".join(encoded) + b"\n")
    error = stopped(sources.folder)
    assert f"orders.csv: line {line} is not UTF-8 text." in error
    assert "Save it as UTF-8, or load the export with `commlab load`" in error
    assert "张三" not in error


def test_utf_16(stopped, sources):
    sources.bytes("orders.csv", "\n".join([HEADER, *ROWS]).encode("utf-16"))
    assert "orders.csv: line 1 is not UTF-8 text." in stopped(sources.folder)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("$", ",13800138000,x", "line 7 has more cells than the header, which has 4."),
        (",m[0-9]", "", "line 7 has fewer cells than the header, which has 4."),
        ("^", '"', "line 7 opens a quote that is never closed."),
    ],
)
def test_a_broken_line(stopped, sources, old, new, what):
    sources.spoil(7, old, new)
    error = stopped(sources.folder)
    assert f"orders.csv: {what}" in error
    assert "`commlab load`" in error
    assert "13800138000" not in error


def test_a_column_named_twice(stopped, sources):
    sources.write("orders.csv", [HEADER.replace("member_id", "order_id"), *ROWS])
    assert "orders.csv: line 1 gives columns 1 and 2 the same name." in stopped(sources.folder)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_what_a_sound_file_may_look_like(sources, mark):
    lines = [line.replace(",", mark) for line in (HEADER, *ROWS)]
    content = b"\xef\xbb\xbf" + "\r\n".join(lines).replace("o5", '"o5"').encode()
    sources.bytes("orders.csv", content)
    told = call("check", sources.folder)
    assert (told.status, told.output.splitlines()[-1][:20]) == (0, "0 errors, 0 warnings")
    (sources.folder / "orders.csv").unlink()
    sources.bytes("orders.csv.gz", gzip.compress(content))
    assert call("check", sources.folder).output == told.output


def parquet(sources, compression):
    n = 50_000
    table = pa.table(
        {
            "message_id": [f"x{number}" for number in range(n)],
            "member_id": [f"m{number % 9}" for number in range(n)],
            "sent_at": pa.array(np.arange(n) * 10**9 + 1_767_225_600_000_000).cast(
                pa.timestamp("us", "UTC")
            ),
        }
    )
    pq.write_table(table, sources.folder / "messages.parquet", compression=compression)
    return (sources.folder / "messages.parquet").read_bytes()


def test_a_parquet_file_that_breaks_off(stopped, sources):
    whole = parquet(sources, "zstd")
    sources.bytes("messages.parquet", whole[: len(whole) // 2])
    error = stopped(sources.folder)
    assert "messages.parquet: is not a readable Parquet file" in error
    assert "load the export anew" in error


@pytest.mark.parametrize("compression", ["zstd", "snappy", "none"])
def test_a_parquet_file_damaged_inside(stopped, sources, compression):
    whole = parquet(sources, compression)
    sources.bytes("messages.parquet", whole[:40] + b"\x00" * 500 + whole[540:])
    error = stopped(sources.folder, "--as-of", "2026-06-01")
    assert "messages.parquet: is a broken Parquet file" in error
    assert "Write or copy it again" in error


def test_settings_that_are_wrong(stopped, sources):
    for text, what in (
        ("zone = Asia", "commlab.toml: is not valid TOML"),
        ('zone = "Asia/Beijing"', "commlab.toml: zone == 'Asia/Beijing', must be an IANA"),
        ("as_off = 2026-06-01", "commlab.toml: unknown setting 'as_off'. Did you mean 'as_of'?"),
        (
            "as_of = 2019-01-01",
            "commlab.toml: as_of is 2019-01-01, before the first day of the data, 2026-01-10",
        ),
    ):
        sources.write("commlab.toml", [text])
        assert what in stopped(sources.folder)
