import json

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

import commlab
from commlab.errors import ArgumentError, LoadError
from commlab.loaders import FORMATS, load

MAP = """
[settings]
name = "小店"

[[orders]]
files = "订单*.csv"
where = [{ column = "订单状态", in = ["交易成功"] }]
columns.order_id = "订单编号"
columns.member_id = ["会员名", "昵称"]
columns.paid_at = "付款时间"
columns.amount = "实付"
columns.refund_amount = { from = "退款（分）", unit = "fen" }
columns.kind = { from = "类型", values = { "试用" = "trial" }, otherwise = "regular" }
columns.channel = { constant = "shop" }

[[members]]
files = "订单*.csv"
one_per_key = true
columns.member_id = ["会员名", "昵称"]
columns.joined_at = "创建时间"
columns.gender = { from = "性别", values = { "女" = "female", "男" = "male" } }
"""

ORDERS = """店铺订单报表
订单编号 ,昵称,创建时间,付款时间,实付,退款（分）,订单状态,类型,性别,备注
="900719925474099312",小明,2016/5/23 22:00,2016/5/23 22:02,"￥1,234.50",--,交易成功,试用,男,a
2,小红,2016-05-24 09:00,2016年5月24日,12元,300,交易成功,,女,b
3,小红,2016-05-22 08:00,42513.5,8.80,abc,交易成功,会员,未知,c
4,小刚,2016-05-25 08:00,,5,0,交易关闭,,,
5,小刚,2016-05-25 08:00,昨天,5,0,交易成功,,,
6,小刚,2016-05-25 08:00,2016-05-25,,0,交易成功,,,
2,小红,2016-05-24 09:00,2016年5月24日,12元,300,交易成功,,女,b
7,短行
"""


def folder(tmp_path, text=ORDERS, encoding="gb18030", name="订单1.csv", map_text=MAP):
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_bytes(text.encode(encoding))
    (tmp_path / "map.toml").write_text(map_text, encoding="utf-8")
    return tmp_path / "in", tmp_path / "map.toml"


def table(path, name):
    return pq.read_table(path / f"{name}.parquet").to_pylist()


def test_a_chinese_export_with_a_map(tmp_path):
    source, plan = folder(tmp_path)
    report = load(source, "files", tmp_path / "w", plan)
    orders = {row["order_id"]: row for row in table(tmp_path / "w", "orders")}
    assert sorted(orders) == ["2", "3", "900719925474099312"]
    first = orders["900719925474099312"]
    assert str(first["paid_at"]) == "2016-05-23 14:02:00+00:00"
    assert (str(first["amount"]), first["refund_amount"], first["kind"]) == (
        "1234.50", None, "trial")  # fmt: skip
    assert str(orders["2"]["refund_amount"]) == "3.00"
    assert {row["channel"] for row in orders.values()} == {"shop"}
    account = report.account("订单1.csv", "orders")
    assert account.rows == 8
    assert {reason: (count.rows, count.lines) for reason, count in account.not_loaded.items()} == {
        "fewer cells than the header": (1, [10]),
        "left out by the condition on '订单状态': 交易关闭": (1, [6]),
        "paid_at: not a time": (1, [7]),
        "amount: empty": (1, [8]),
        "exact copy of an earlier row": (1, [9]),
    }
    assert account.altered["refund_amount left empty: not an amount"].lines == [5]
    members = {row["member_id"]: row for row in table(tmp_path / "w", "members")}
    assert str(members["小红"]["joined_at"]) == "2016-05-22 00:00:00+00:00"
    assert members["小明"]["gender"] == "male"
    assert members["小红"]["gender"] is None
    assert report.sources[0].unmapped == ["备注"]
    assert report.sources[0].encoding == "gb18030"
    assert report.check() is report
    saved = json.loads((tmp_path / "w" / "load_report.json").read_text(encoding="utf-8"))
    assert saved == report.to_dict()
    assert "小明" not in str(report)
    assert "900719925474099312" not in str(report)


def test_the_workspace_opens(tmp_path):
    source, plan = folder(tmp_path)
    load(source, "files", tmp_path / "w", plan)
    ds = commlab.open_dataset(tmp_path / "w")
    assert ds.name == "小店"
    frame = ds.frame(ds.table("orders"), order_by=["order_id"])
    assert frame["amount"].sum() == 123450 + 880


@pytest.mark.parametrize("kind", ["csv", "tsv", "gz", "xlsx", "parquet"])
def test_canonical_columns_need_no_map(tmp_path, kind):
    frame = pd.DataFrame({
        "order_id": ["001", "002"], "member_id": ["a", None], "amount": ["1.50", "2"],
        "paid_at": ["2026-01-01 08:00:00", "2026-01-02 00:30:00"], "extra": ["x", "y"],
    })  # fmt: skip
    path = tmp_path / {"gz": "orders.csv.gz"}.get(kind, f"orders_2026-01.{kind}")
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for row in [list(frame), *frame.fillna("").to_numpy().tolist()]:
            book.active.append(row)
        book.save(path)
    elif kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    report = load(path, "files", tmp_path / "w")
    rows = table(tmp_path / "w", "orders")
    assert [row["order_id"] for row in rows] == ["001", "002"]
    assert [str(row["paid_at"]) for row in rows] == [
        "2026-01-01 00:00:00+00:00", "2026-01-01 16:30:00+00:00"]  # fmt: skip
    assert [row["member_id"] for row in rows] == ["a", None]
    assert report.sources[0].unmapped == ["extra"]
    load(path, "files", tmp_path / "u", zone="UTC")
    assert str(table(tmp_path / "u", "orders")[0]["paid_at"]) == "2026-01-01 08:00:00+00:00"
    assert commlab.open_dataset(tmp_path / "u").settings.zone == "UTC"


def test_a_workspace_loads_into_an_equal_workspace(tmp_path):
    source, plan = folder(tmp_path)
    load(source, "files", tmp_path / "one", plan)
    load(tmp_path / "one", "files", tmp_path / "two")
    for name in ("orders", "members"):
        assert table(tmp_path / "one", name) == table(tmp_path / "two", name)
    assert (tmp_path / "two" / "commlab.toml").read_text() == (
        tmp_path / "one" / "commlab.toml").read_text()  # fmt: skip


def test_a_file_is_known_by_its_columns_when_not_by_its_name(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text("message_id,member_id,sent_at,text\n1,a,2026-01-01 08:00,hi\n")
    assert load(path, "files", tmp_path / "w").tables == {"messages": 1}
    path.write_text("x,y\n1,2\n")
    with pytest.raises(LoadError, match=r"orders\.csv"):
        load(path, "files", tmp_path / "w")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("订单编号,昵称,创建时间,付款时间,实付,订单状态\n", "no rows"),
        ("订单编号,昵称,创建时间,付款日,实付,订单状态\n1,a,t,t,2,交易成功\n", "'付款时间'.*付款日"),
        ("订单编号,昵称,创建时间,付款时间,实付\n1,a,t,t,2\n", "'订单状态'.*condition"),
        (
            "订单编号,昵称,创建时间,付款时间,实付,订单状态\n1,a,2026-01-01,soon,2,交易成功\n",
            r"订单1\.csv, line 2.*paid_at: not a time \('soon'\)",
        ),
        ("", "empty"),
    ],
)
def test_bad_input_says_file_line_value_and_mend(tmp_path, text, message):
    source, plan = folder(tmp_path, text)
    with pytest.raises(LoadError, match=message) as error:
        load(source, "files", tmp_path / "w", plan)
    assert error.value.fix
    assert not (tmp_path / "w").exists()


def test_missing_files(tmp_path):
    with pytest.raises(LoadError, match="no such file or folder"):
        load(tmp_path / "none", "files", tmp_path / "w")
    (tmp_path / "empty").mkdir()
    with pytest.raises(LoadError, match="no file that can be read"):
        load(tmp_path / "empty", "files", tmp_path / "w")
    source, plan = folder(tmp_path, name="定单.csv")
    with pytest.raises(LoadError, match=r"订单\*\.csv"):
        load(source, "files", tmp_path / "w", plan)


def test_one_header_only_file_among_others_is_noted(tmp_path):
    folder(tmp_path, text=ORDERS.splitlines()[1] + "\n", name="订单2.csv")
    source, plan = folder(tmp_path)
    report = load(source, "files", tmp_path / "w", plan)
    assert any("订单2.csv has a header and no rows" in note for note in report.notes)


def test_wrong_arguments(tmp_path):
    with pytest.raises(ArgumentError, match=r"'filez'.*'files'"):
        load(tmp_path, "filez", tmp_path / "w")
    with pytest.raises(ArgumentError, match="takes none"):
        load(tmp_path, "hillstrom", tmp_path / "w", "map.toml")
    with pytest.raises(ArgumentError, match="zone"):
        load(tmp_path, "files", tmp_path / "w", zone="Mars")
    with pytest.raises(ArgumentError, match="says it already"):
        load(tmp_path, "chat-log", tmp_path / "w", zone="UTC")
    with pytest.raises(ArgumentError, match="at least one"):
        load([], "files", tmp_path / "w")


def test_every_format_has_a_module_with_words():
    import importlib

    for item in FORMATS.values():
        module = importlib.import_module(item.module)
        assert callable(module.read)
        assert module.__doc__
        assert item.summary


ID = st.sampled_from(["1", "2", "3", "", "--", "x y", '="7"', "1.2E+18"])
TIME = st.sampled_from(["2026-01-01", "2026/1/2 3:04", "soon", "", "46023.5", "1767225600"])
AMOUNT = st.sampled_from(["1", "￥1,234.50", "x", "", "1.005", "12,5", "-3", "1e400", "9" * 20])
ROW = st.tuples(ID, ID, TIME, AMOUNT, st.sampled_from(["", "trial", "other"]))


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=25), st.lists(st.integers(0, 6), max_size=4))
def test_rows_in_are_rows_loaded_plus_rows_reported(tmp_path_factory, rows, widths):
    work = tmp_path_factory.mktemp("p")
    lines = ["order_id,member_id,paid_at,amount,kind", "good,m,2026-01-01,1,regular"]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    ragged = [",".join("c" * width) for width in widths if width]
    (work / "orders.csv").write_text("\n".join([*lines, *quoted, *ragged]) + "\n")
    report = load(work / "orders.csv", "files", work / "w").check()
    assert report.rows_read == 1 + len(rows) + len(ragged)
    assert report.rows_loaded + report.rows_not_loaded == report.rows_read
    written = table(work / "w", "orders")
    assert len(written) == report.rows_loaded == report.tables["orders"]
    assert all(row["order_id"] and row["paid_at"] and row["amount"] is not None for row in written)
