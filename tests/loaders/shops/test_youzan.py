"""Each trap of Youzan's exports, on files written by hand to the format."""

from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

import commlab
from commlab.loaders import identifiers, load
from commlab.loaders.shops import customers, orders, youzan

DATA = Path(__file__).parents[2] / "data" / "youzan"
ORDERS, CUSTOMERS = "订单明细.csv", "客户_2026-06-30.csv"


def frames(folder):
    return {path.stem: pq.read_table(path).to_pandas() for path in folder.glob("*.parquet")}


def person(phone):
    digest = identifiers.identifier_hash("phone", phone)
    return f"phone-{digest[: customers.ID_LENGTH]}"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    out = tmp_path_factory.mktemp("youzan") / "w"
    report = load(DATA, "youzan", out)
    return report, frames(out), out


def test_item_rows_repeat_the_total_which_is_summed_once(loaded):
    report, tables, _ = loaded
    held = tables["orders"].set_index("order_id")
    assert held.loc["E20260601100000001", "amount"] == Decimal("120.00")
    account = report.account(ORDERS, youzan.BOTH.into)
    assert account.loaded == {orders.ORDER: 5, orders.FURTHER: 1}
    lines = tables["order_items"].groupby("order_id")["amount"].sum()
    assert lines["E20260601100000001"] == Decimal("120.00")
    assert report.check() is report


def test_refunds_of_lines_add_up_and_a_closed_paid_order_is_refunded_whole(loaded):
    held = loaded[1]["orders"].set_index("order_id")["refund_amount"]
    assert held["E20260601100000001"] == Decimal("27.69")
    assert held["E20260602100000002"] == Decimal("50.00")
    assert held["E20260605100000005"] == 0


def test_unpaid_orders_are_counted_by_status(loaded):
    account = loaded[0].account(ORDERS, youzan.BOTH.into)
    assert {reason: count.lines for reason, count in account.not_loaded.items()} == {
        "not paid: 待付款": [5], "not paid: 已关闭": [6]}  # fmt: skip


def test_a_masked_phone_with_the_nickname_of_one_customer_is_that_customer(loaded):
    held = loaded[1]["orders"].set_index("order_id")["member_id"]
    assert held["E20260601100000001"] == person("13800000011")
    assert held["E20260602100000002"] == person("13800000012")


def test_a_masked_phone_that_fits_nobody_or_two_is_a_person_of_its_own_and_counted(loaded):
    report, tables, _ = loaded
    held = tables["orders"].set_index("order_id")["member_id"]
    assert held["E20260605100000005"].startswith("mask-")
    # Two customers share the mask and the nickname: neither is chosen.
    assert held["E20260607100000007"].startswith("mask-")
    account = report.account(ORDERS, youzan.BOTH.into)
    assert account.altered[youzan.BY_MASK].lines == [7, 9]


def test_a_nickname_alone_names_nobody(loaded):
    report, tables, _ = loaded
    assert pd.isna(tables["orders"].set_index("order_id").loc["E20260606100000006", "member_id"])
    assert report.account(ORDERS, youzan.BOTH.into).altered[youzan.NOBODY].lines == [8]


def test_phones_are_hashed_and_never_stored(loaded):
    _, tables, out = loaded
    text = "".join(frame.to_csv() for frame in tables.values())
    text += b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file()).decode(
        errors="ignore"
    )
    assert not [part for part in ("1380000", "138****", "13899990013", "王某") if part in text]
    assert identifiers.identifier_hash("phone", "13800000011") in set(
        tables["identities"]["value_hash"])  # fmt: skip


def test_customers_have_tier_points_tags_and_stored_value_as_of_the_export(loaded):
    report, tables, _ = loaded
    end = pd.Timestamp("2026-06-30 23:59:59", tz="Asia/Shanghai")
    tiers = tables["tiers"].set_index("member_id")
    assert tiers.loc[person("13800000011"), "tier"] == "银卡"
    assert (tiers["valid_from"] == end).all()
    points = tables["points"].set_index("member_id")
    assert points["delta"].to_dict() == {person("13800000011"): 150, person("13899990013"): 5}
    assert (points["reason"] == "opening").all()
    assert (points["at"] == end).all()
    tags = tables["tags"]
    assert sorted(tags["tag"]) == sorted(["老客", "护肤", customers.STORED])
    assert tags.loc[tags["tag"] != customers.STORED, "tagged_at"].isna().all()
    # One person's balance is nobody's business: with fewer than five the sum is not told.
    assert "88" not in "".join(report.notes)
    members = tables["members"].set_index("member_id")
    assert members.loc[person("13800000011"), "joined_at"] == pd.Timestamp(
        "2025-03-01 09:00", tz="Asia/Shanghai")  # fmt: skip
    account = report.account(CUSTOMERS, customers.SHEET.into)
    assert account.not_loaded[customers.NO_PHONE].lines == [6]


def test_orders_and_lines_may_be_two_sheets_of_one_workbook(tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "订单"
    page.append(
        ["订单号", "订单状态", "订单创建时间", "买家付款时间", "订单实收金额", "买家手机号"]
    )
    page.append(
        ["E1", "交易完成", "2026-06-01 10:00:00", "2026-06-01 10:01:00", 120, "13800000011"]
    )
    page = book.create_sheet("商品")
    page.append(
        ["订单号", "商品名称", "商品数量", "商品单价", "商品实际成交金额", "商品已退款金额"]
    )
    page.append(["E1", "面霜", 1, 100, 92.31, 0])
    page.append(["E1", "面膜", 1, 30, 27.69, 27.69])
    page.append(["E2", "面膜", 1, 30, 27.69, 27.69])
    book.save(tmp_path / "a.xlsx")
    report = load(tmp_path / "a.xlsx", "youzan", tmp_path / "w")
    held = frames(tmp_path / "w")
    assert held["orders"]["refund_amount"].tolist() == [Decimal("27.69")]
    assert held["order_items"]["amount"].sum() == Decimal("120.00")
    assert [account.rows_not_loaded for account in report.accounts] == [0, 1]


def test_five_customers_and_more_may_be_summed(tmp_path):
    header = "客户手机号,成为客户时间,储值余额"
    rows = [f"1380000000{n},2026-01-0{n} 08:00,{n}0.50" for n in range(1, 6)]
    path = tmp_path / "客户.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8-sig")
    report = load(path, "youzan", tmp_path / "w")
    assert any("5 customers hold 152.50 of stored value" in note for note in report.notes)
    tags = frames(tmp_path / "w")["tags"]
    # Without a day in the file's name the export is as old as its latest row.
    assert (tags["tagged_at"] == pd.Timestamp("2026-01-05 08:00", tz="Asia/Shanghai")).all()


def test_the_workspace_opens_and_its_check_finds_no_error(loaded):
    assert not commlab.open_dataset(loaded[2], as_of="2026-06-30").check().errors
