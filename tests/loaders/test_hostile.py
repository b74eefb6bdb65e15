"""Exports that somebody made to do harm: refused, or neutral."""

import gzip
import io
import os
import zipfile

import openpyxl
import pyarrow.parquet as pq
import pytest

from commlab.errors import LoadError
from commlab.loaders import bombs, load
from commlab.loaders.files import open_source

ROWS = "order_id,paid_at,amount,member_id\n1,2026-01-01 08:00,5,a\n"


def workbook(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_unread(tmp_path):
    path = tmp_path / "orders.xlsx"
    stream = io.BytesIO(workbook([["order_id"], ["1"]]))
    with (
        zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as book,
        book.open("xl/worksheets/sheet2.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(256):
            sheet.write(b"\0" * (1 << 20))
    path.write_bytes(stream.getvalue())
    assert path.stat().st_size < 1 << 20
    with pytest.raises(LoadError, match=r"orders\.xlsx: unpacks to more than 268,"):
        load(path, "files", tmp_path / "w")


def test_a_gzip_bomb_is_refused_before_the_disk_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(bombs, "HARMLESS", 4 << 20)
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(ROWS.encode() + b"0" * (64 << 20)))
    with pytest.raises(LoadError, match=r"unpacks to more than 1\d,\d{3},\d{3} bytes"):
        load(path, "files", tmp_path / "w")


@pytest.mark.parametrize("name", ["archive.jsonl.gz", "external_get.json.gz"])
def test_a_bomb_among_answers_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(bombs, "HARMLESS", 4 << 20)
    line = (
        b'{"msgid": "a", "action": "switch"}\n' if "archive" in name else b'{"external_contact": {'
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(gzip.compress(line + b" " * (64 << 20)))
    with pytest.raises(LoadError, match=rf"{name}: unpacks to more than"):
        load(tmp_path / "in", "wecom", tmp_path / "w")


def test_equal_rows_are_no_bomb(tmp_path):
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress((ROWS + 9_999 * (ROWS.splitlines()[1] + "\n")).encode()))
    assert len(ROWS) * 5_000 > bombs.RATIO * path.stat().st_size
    assert load(path, "files", tmp_path / "w").tables == {"orders": 1}


BEGINNINGS = [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 500, b"\xd0\xcf\x11\xe0" + b"\0" * 600,
              b"PAR1" + b"\0" * 100]  # fmt: skip
NAMES = ["orders\x1b[2J.csv", "orders\n\r.csv", "orders -- ;rm.csv",
         "orders'; DROP TABLE x; --.csv", "..%2f..%2forders.csv"]  # fmt: skip


@pytest.mark.parametrize("content", BEGINNINGS)
def test_a_file_that_only_begins_like_a_workbook(tmp_path, content):
    path = tmp_path / "orders.xlsx"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=r"orders\.xlsx"):
        load(path, "files", tmp_path / "w")


def test_formulas_are_text_and_stay_text(tmp_path):
    formulas = ["=1+1", '=HYPERLINK("http://x")', "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3"]
    rows = [f'{n},2026-01-01 08:00,5,"{cell}"' for n, cell in enumerate(formulas)]
    text = "\n".join([ROWS.splitlines()[0], *(row.replace('\\"', '""') for row in rows)])
    text = text.replace('HYPERLINK("http://x")', 'HYPERLINK(""http://x"")')
    path = tmp_path / "orders.csv"
    path.write_text(text + "\n", encoding="utf-8")
    report = load(path, "files", tmp_path / "w")
    held = pq.read_table(tmp_path / "w" / "orders.parquet")["member_id"].to_pylist()
    assert held == formulas
    assert not [cell for cell in formulas if cell in report.to_json()]


def test_an_excel_formula_is_its_last_result_and_is_not_worked_out(tmp_path):
    path = tmp_path / "orders.xlsx"
    path.write_bytes(workbook([ROWS.splitlines()[0].split(","), ["1", "2026-01-01", "=5+5", "a"]]))
    with pytest.raises(LoadError, match="amount: empty"):
        load(path, "files", tmp_path / "w")


@pytest.mark.skipif(os.name != "posix", reason="needs links")
@pytest.mark.parametrize("form", ["files", "wecom", "taobao"])
def test_a_link_out_of_the_folder_is_refused(tmp_path, form):
    (tmp_path / "secret.csv").write_text(ROWS)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "orders.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(LoadError, match="a link that leads out of the folder"):
        load(tmp_path / "in", form, tmp_path / "w")


@pytest.mark.skipif(os.name != "posix", reason="needs such names")
@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_do_nothing(tmp_path, name):
    path = tmp_path / name
    path.write_text(ROWS)
    report = load(path, "files", tmp_path / "w")
    assert report.tables == {"orders": 1}
    assert str(report).isprintable() or all(line.isprintable() for line in str(report).splitlines())
    assert "\x1b" not in str(report)
    assert open_source(path).name.isprintable()
