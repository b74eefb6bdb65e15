import datetime as dt
import gzip

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from commlab.errors import LoadError
from commlab.loaders import files, header
from commlab.loaders.files import open_source


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path, sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_files(tmp_path, encoding, delimiter):
    rows = [["订单编号 ", "买家", "金额"], ["1", "小明", "1.5"], ["2", "小红", "2.5"]]
    text = "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"
    source = open_source(write(tmp_path / "订单.csv", text, encoding))
    assert source.columns == ("订单编号", "买家", "金额")
    frame = source.read().frame
    assert frame["买家"].tolist() == ["小明", "小红"]
    assert frame.index.tolist() == [2, 3]


def test_title_rows_above_the_header(tmp_path):
    text = "店铺订单报表\n导出时间：2026-01-01,共 2 条\n\n单号,时间,金额,备注\n1,t,2,\n2,t,3,\n"
    source = open_source(write(tmp_path / "a.csv", text))
    assert (source.header_line, source.columns) == (4, ("单号", "时间", "金额", "备注"))
    assert source.read().frame.index.tolist() == [5, 6]


def test_header_is_found_by_the_names_that_are_expected(tmp_path):
    text = "a,b,c\nd,e,f\n单号,时间,\n1,2,3\n"
    path = write(tmp_path / "a.csv", text)
    assert open_source(path, expect=["单号"]).header_line == 3
    assert open_source(path).header_line == 1
    assert open_source(path, header_line=2).columns == ("d", "e", "f")
    with pytest.raises(LoadError, match="header == 9"):
        open_source(path, header_line=9)


def test_nameless_and_doubled_columns():
    assert header.clean_names(["a", "", "a", "a (2)", " ", ""]) == ("a", "(column 2)", "a (2)",
                                                                 "a (2) (2)")  # fmt: skip


def test_lines_are_those_of_the_file_when_cells_hold_line_breaks(tmp_path):
    text = 'id,text\n1,"two\nlines"\n\n2,plain\n3,"a ""quoted"" word"\n'
    chunk = open_source(write(tmp_path / "a.csv", text)).read()
    assert chunk.frame.index.tolist() == [2, 5, 6]
    assert chunk.frame["text"].tolist() == ["two\nlines", "plain", 'a "quoted" word']


def test_ragged_and_empty_rows_are_reported_not_padded(tmp_path):
    text = "id,name\n1,a\n2\n3,b,c\n,\n4,d,,\n"
    chunk = open_source(write(tmp_path / "a.csv", text)).read()
    assert chunk.frame["id"].tolist() == ["1", "4"]
    assert chunk.rejected == {files.TOO_FEW: [3], files.TOO_MANY: [4], files.EMPTY: [5]}
    assert chunk.rows == 5


def test_a_quote_that_is_not_closed_swallows_nothing(tmp_path):
    path = write(tmp_path / "a.csv", 'id,text\n1,ok\n2,"open\n3,lost\n4,lost\n')
    with pytest.raises(LoadError, match=r"a\.csv, line 3.*quote"):
        open_source(path).read()


def test_gzip(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress("编号,名\n1,小明\n".encode("gbk")))
    assert open_source(path).read().frame["名"].tolist() == ["小明"]
    whole = gzip.compress(bytes(range(256)) * 500)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LoadError, match="broken gzip"):
        open_source(path)


def test_excel(tmp_path):
    moment = dt.datetime(2026, 1, 2, 3, 4, 5)
    rows = [["报表"], ["单号", "时间", "金额", "是"], [12345678901234567890, moment, 2.5, True],
            ["007", None, 17850, False]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", {"空": [], "订单": rows, "别的": [["x"]]})
    source = open_source(path)
    assert (source.sheet, source.other_sheets, source.header_line) == ("订单", ("别的",), 2)
    frame = source.read().frame
    assert frame["单号"].tolist()[1] == "007"
    assert "E+19" in frame["单号"].tolist()[0]  # Excel lost the digits: visible, not invented
    assert frame["时间"].tolist() == ["2026-01-02 03:04:05", ""]
    assert frame["金额"].tolist() == ["2.5", "17850"]
    assert frame["是"].tolist() == ["true", "false"]
    assert frame.index.tolist() == [3, 4]
    assert open_source(path, sheet="别的").columns == ("x",)
    with pytest.raises(LoadError, match="订单"):
        open_source(path, sheet="定单")


def test_parquet(tmp_path):
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    table = pa.table({
        "id": pa.array([1, None], pa.int64()), "at": pa.array([moment, None]),
        "x": [17850.0, 0.5], "tags": [["a", "b"], None],
        "d": pa.array(["u", "v"]).dictionary_encode(),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    frame = open_source(tmp_path / "a.parquet").read().frame
    assert frame["id"].tolist() == ["1", ""]
    assert frame["at"].tolist()[0].startswith("2026-01-01 00:00:00")
    assert frame["x"].tolist() == ["17850", "0.5"]
    assert frame["tags"].tolist() == ["a;b", ""]
    assert frame["d"].tolist() == ["u", "v"]
    assert frame.index.tolist() == [1, 2]


def test_kind_is_read_from_the_bytes_not_the_name(tmp_path):
    text = write(tmp_path / "a.xls", "单号\t金额\n1\t2\n", "gbk")
    assert open_source(text).kind == "text"
    page = write(tmp_path / "b.xls", "<html><table><tr><td>1</td></tr></table></html>")
    with pytest.raises(LoadError, match="web page"):
        open_source(page)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "empty"),
        ("blank.csv", b"\n\n \n", "empty"),
        ("broken.xlsx", b"PK\x03\x04 nothing of the kind", "workbook"),
        ("broken.parquet", b"PAR1 nothing of the kind PAR1", "Parquet"),
        ("broken.csv.gz", b"\x1f\x8b\x08 nothing", "gzip"),
    ],
)
def test_broken_files(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LoadError, match=message) as error:
        open_source(path).read()
    assert name in str(error.value)


def test_missing_file_and_column(tmp_path):
    with pytest.raises(LoadError, match="no such file"):
        open_source(tmp_path / "none.csv")
    source = open_source(write(tmp_path / "a.csv", "InvoiceNo,Qty\n1,2\n"))
    with pytest.raises(LoadError, match=r"line 1.*'Invoice'.*'InvoiceNo'"):
        source.require(["Invoice"])


CELL = st.text(st.characters(exclude_characters="\r\x00", exclude_categories=("Cs",)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12), st.integers(1, 5))
def test_rows_and_cells_round_trip(tmp_path_factory, rows, size):
    path = tmp_path_factory.mktemp("f") / "a.csv"
    expected = pd.DataFrame(
        [("x" + left, right) for left, right in rows], columns=["alpha", "beta"]
    )
    expected.to_csv(path, index=False, encoding="utf-8-sig")
    chunks = list(open_source(path, delimiter=",").chunks(size))
    assert sum(chunk.rows for chunk in chunks) == len(rows)
    found = pd.concat([chunk.frame for chunk in chunks])
    assert found["alpha"].tolist() == expected["alpha"].tolist()
    assert found["beta"].tolist() == expected["beta"].tolist()
