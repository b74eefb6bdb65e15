"""Each trap of Taobao's and Tmall's exports, on files written by hand to the format."""

import shutil
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import commlab
from commlab.errors import LoadError
from commlab.loaders import identifiers, load
from commlab.loaders.shops import items, orders, taobao

DATA = Path(__file__).parents[2] / "data" / "taobao"
HEADER = ",".join((
    "订单编号", "买家会员名", "总金额", "买家实际支付金额", "订单状态", "联系手机", "订单创建时间",
    "订单付款时间", "退款金额",
))  # fmt: skip


def frames(folder):
    return {path.stem: pq.read_table(path).to_pandas() for path in folder.glob("*.parquet")}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    out = tmp_path_factory.mktemp("taobao") / "w"
    report = load(DATA, "taobao", out)
    return report, frames(out), out


def export(tmp_path, *rows, header=HEADER, name="a.csv"):
    (tmp_path / "in").mkdir(exist_ok=True, parents=True)
    (tmp_path / "in" / name).write_bytes("\n".join([header, *rows, ""]).encode("gbk"))
    return tmp_path / "in"


def one(tmp_path, *rows, **options):
    report = load(export(tmp_path, *rows, **options), "taobao", tmp_path / "w")
    return report, frames(tmp_path / "w")["orders"].set_index("order_id")


def test_the_accounts_close_and_name_every_reason(loaded):
    report, _, _ = loaded
    assert report.check() is report
    first = report.account("ExportOrderList202606.csv", "orders + members")
    assert (first.rows, first.loaded) == (9, {orders.ORDER: 7})
    assert {reason: count.lines for reason, count in first.not_loaded.items()} == {
        "not paid: 等待买家付款": [8], "not paid: 交易关闭": [9]}  # fmt: skip
    earlier = report.account("ExportOrderList202601.csv", "orders + members")
    assert {reason: count.lines for reason, count in earlier.not_loaded.items()} == {
        "not paid: 等待买家付款": [2], orders.OLDER: [3]}  # fmt: skip


def test_title_rows_trailing_spaces_and_ids_in_formulas(loaded):
    held = loaded[1]["orders"].set_index("order_id")
    assert "260101000000000001" in held.index
    assert held.loc["260101000000000005", "amount"] == Decimal("1234.50")
    assert held.loc["260101000000000001", "paid_at"] == pd.Timestamp("2026-01-05 12:02", tz="UTC")
    assert loaded[0].sources[-1].header_line == 2
    assert {source.encoding for source in loaded[0].sources} == {"gb18030"}


def test_only_paid_orders_count_and_a_closed_paid_one_is_a_full_refund(loaded):
    held = loaded[1]["orders"].set_index("order_id")
    assert not {"260101000000000006", "260101000000000007"} & set(held.index)
    closed = held.loc["260101000000000004"]
    assert (closed["amount"], closed["refund_amount"]) == (Decimal("50.00"), Decimal("50.00"))


def test_a_paid_column_that_is_net_of_refunds_is_found_in_each_file(loaded):
    report, tables, _ = loaded
    held = tables["orders"].set_index("order_id")
    net, gross = held.loc["260101000000000002"], held.loc["260101000000000010"]
    assert (net["amount"], net["refund_amount"]) == (Decimal("80.00"), Decimal("30.00"))
    assert (gross["amount"], gross["refund_amount"]) == (Decimal("66.00"), Decimal("6.00"))
    notes = "\n".join(report.notes)
    assert f"ExportOrderList202606.csv: {taobao.NET.format(n='3', of='3')}." in notes
    assert f"ExportOrderList202601.csv: {taobao.GROSS.format(n='1', of='1')}." in notes


def test_a_file_that_cannot_tell_says_so_and_a_row_against_the_rule_is_counted(tmp_path):
    when = "2026-01-01 08:00:00,2026-01-01 08:01:00"
    report, held = one(tmp_path, f"1,a,50,50,交易成功,,{when},0", f"2,a,50,40,交易成功,,{when},5")
    assert f"a.csv: {taobao.SILENT}." in report.notes
    assert held.loc["2", "amount"] == 40
    rows = [f"{n},a,50,{50 - n},交易成功,,{when},{n}" for n in range(1, 4)]
    report, held = one(tmp_path, *rows, f"9,a,50,50,交易成功,,{when},7")
    assert f"a.csv: {taobao.NET.format(n='3', of='4')}." in report.notes
    assert report.accounts[0].altered[taobao.AGAINST].lines == [5]
    assert held["amount"].sum() == 3 * 50 + 57


def test_totals_count_once_per_order_however_often_it_is_exported(loaded, tmp_path):
    assert loaded[1]["orders"]["order_id"].is_unique
    row = "1,a,50,50,{status},,2026-01-01 08:00:00,2026-01-01 08:01:00,0"
    rows = [row.format(status="交易成功")] * 3 + [row.format(status="买家已付款，等待卖家发货")]
    report, held = one(tmp_path, *rows)
    assert held["amount"].tolist() == [Decimal("50.00")]
    assert report.accounts[0].loaded == {orders.ORDER: 1, orders.FURTHER: 3}
    # Overlapping exports: the later state wins, whichever file it is in.
    export(tmp_path, row.format(status="交易关闭"), name="0.csv")
    report = load(tmp_path / "in", "taobao", tmp_path / "w2")
    held = frames(tmp_path / "w2")["orders"]
    assert held["refund_amount"].tolist() == [Decimal("50.00")]
    assert report.account("a.csv", "orders + members").not_loaded[orders.OLDER].rows == 4


def test_items_belong_to_orders_that_count(loaded):
    report, tables, _ = loaded
    held = tables["order_items"]
    account = report.account("ExportOrderDetailList202606.csv", "order_items")
    assert account.not_loaded[items.NO_ORDER].lines == [6]
    assert account.altered[items.FROM_PRICE].rows == 4
    three = held[held["order_id"] == "260101000000000005"]
    assert three["amount"].sum() == Decimal("1234.50")
    assert set(three["sku"]) == {"QH-8", "QH-9", "赠品小样"}


def test_phones_are_hashed_and_never_stored_and_masked_ones_name_nobody(loaded):
    _, tables, out = loaded
    held = tables["identities"]
    own = identifiers.identifier_hash("phone", "13800000001")
    assert held.loc[held["value_hash"] == own, "member_id"].tolist() == ["晴天小铺"]
    # The gift of 14 February went to somebody else's phone.
    assert identifiers.identifier_hash("phone", "13800000009") not in set(held["value_hash"])
    every = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    text = "".join(frame.to_csv() for frame in tables.values()) + every.decode(errors="ignore")
    assert not [phone for phone in ("13800000001", "13800000002", "138****0002") if phone in text]
    assert "某路" not in text
    assert tables["members"].set_index("member_id").loc["晴天小铺", "region"] == "上海"


def test_a_masked_nickname_is_an_unknown_buyer(loaded):
    row = loaded[1]["orders"].set_index("order_id").loc["260101000000000008"]
    assert pd.isna(row["member_id"])
    assert row["paid_at"] == pd.Timestamp("2026-06-20 04:01", tz="UTC")


def test_formulas_in_cells_stay_text(loaded):
    assert '=HYPERLINK("http://example.com")' in set(loaded[1]["order_items"]["product"])


def test_the_report_holds_no_contents(loaded):
    text = str(loaded[0]) + loaded[0].to_json()
    assert not [word for word in ("晴天小铺", "1380000", "某路", "2601010") if word in text]


def test_unknown_statuses_and_broken_cells_are_counted(tmp_path):
    when = "2026-01-01 08:00:00,2026-01-01 08:01:00"
    report, held = one(
        tmp_path, f"1,a,50,50,神秘状态,,{when},0", f"2,a,50,很多,交易成功,,{when},0",
        "3,a,50,50,交易成功,,2026-01-01 08:00:00,昨天,0", f",a,50,50,交易成功,,{when},0",
        "5,a,50,50,交易成功,,2026-01-01 08:00:00,,0", "6,a,50,50,另一种,,2026-01-01 08:00:00,,0",
        f"7,a,50,50,交易成功,,{when},60", f"8,a,50,0,交易关闭,,{when},0",
    )  # fmt: skip
    account = report.accounts[0]
    assert {reason: count.lines for reason, count in account.not_loaded.items()} == {
        "order number: empty": [5], "payment time: not a time": [4],
        "amount paid: not an amount": [3], orders.UNDATED: [6], "not paid: another status": [7],
    }  # fmt: skip
    assert account.altered[orders.UNKNOWN].lines == [2]
    assert account.altered[orders.TOO_MUCH].lines == [8]
    assert account.altered[orders.FROM_TOTAL].lines == [9]
    assert held.loc["7", "refund_amount"] == 50
    assert (held.loc["8", "amount"], held.loc["8", "refund_amount"]) == (50, 50)
    assert "另一种" not in str(report)


def test_a_report_without_a_status_goes_by_the_payment_time(tmp_path):
    header = "订单编号,总金额,买家实际支付金额,收货地址,订单创建时间,订单付款时间,退款金额"
    rows = ["1,178.8,0.0,上海,2020-02-21 00:00:00,,0.0",
            "2,21.0,21.0,内蒙古自治区,2020-02-20 23:59:54,2020-02-21 00:00:02,0.0",
            "3,37.0,0.0,安徽省,2020-02-20 23:59:35,2020-02-20 23:59:40,37.0"]  # fmt: skip
    report, held = one(tmp_path, *rows, header=header)
    assert held["amount"].tolist() == [Decimal("37.00"), Decimal("21.00")]
    assert held.loc["3", "refund_amount"] == 37
    assert report.accounts[0].not_loaded["not paid"].lines == [2]


def test_the_workspace_opens_and_its_check_finds_no_error(loaded):
    ds = commlab.open_dataset(loaded[2], as_of="2026-06-30")
    assert not ds.check().errors


def test_messages_for_wrong_files(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    shutil.copy(DATA / "ExportOrderDetailList202606.csv", source)
    with pytest.raises(LoadError, match="no order report among the files"):
        load(source, "taobao", tmp_path / "w")
    (source / "ExportOrderDetailList202606.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        LoadError, match=r"columns of no sheet that this format knows: a, b.*订单编号"
    ):
        load(source, "taobao", tmp_path / "w")
    with pytest.raises(LoadError, match=r"no paid order among its rows: not paid: 等待买家付款"):
        one(tmp_path / "x", "1,a,50,0,等待买家付款,,2026-01-01 08:00:00,,0")
    assert not (tmp_path / "w").exists()


def test_doubts_are_counted_only_of_rows_that_are_loaded(tmp_path):
    row = "1,小**明,50,50,{status},138****0004,2026-01-01 08:00:00,2026-01-01 08:01:00,0"
    source = export(tmp_path, row.format(status="卖家已发货，等待买家确认"))
    export(tmp_path, row.format(status="交易成功"), name="b.csv")
    report = load(source, "taobao", tmp_path / "w")
    earlier, later = (report.account(name, "orders + members") for name in ("a.csv", "b.csv"))
    assert earlier.not_loaded[orders.OLDER].rows == 1
    assert earlier.altered == {}
    assert later.altered[taobao.HIDDEN].rows == later.altered[identifiers.MASKED].rows == 1
