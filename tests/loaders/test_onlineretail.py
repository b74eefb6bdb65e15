import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import commlab
from commlab.errors import LoadError
from commlab.loaders import load, onlineretail, refunds

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LINES = """
100,A1,LAMP,10,2011-07-01 09:00:00,2.50,17850.0,United Kingdom
100,A1,LAMP,10,2011-07-01 09:00:00,2.50,17850.0,United Kingdom
100,B2,FREE MUG,1,2011-07-01 09:01:00,0.0,17850.0,United Kingdom
101,A1,LAMP,5,2011-01-10 10:00:00,2.50,17850.0,United Kingdom
102,A1,LAMP,3,2011-07-02 10:00:00,2.55,,France
103,C3,,4,2011-07-03 10:00:00,0.0,12345.0,France
104,C3,,-4,2011-07-03 10:00:00,0.0,,France
A105,B,Adjust bad debt,1,2011-07-04 10:00:00,-11062.06,,United Kingdom
C106,A1,LAMP,-4,2011-07-05 10:00:00,2.50,17850.0,United Kingdom
C107,A1,LAMP,-18,2011-07-06 10:00:00,2.50,17850.0,United Kingdom
C108,A1,LAMP,-1,2011-07-06 10:00:00,2.50,,France
C109,Z9,VASE,-1,2011-07-06 10:00:00,2.50,17850.0,United Kingdom
C110,A1,LAMP,-100,2011-07-06 10:00:00,2.50,17850.0,Spain
C111,A1,LAMP,-1,2011-07-07 10:00:00,99.00,17850.0,United Kingdom
C112,D4,POT,-1,2011-06-01 10:00:00,1.00,777.0,Italy
113,D4,POT,1,2011-06-02 10:00:00,1.00,777.0,Italy
114,P5,PADS,1,2011-06-03 10:00:00,0.001,777.0,Italy
114,D4,POT,1,2011-06-03 10:00:00,1.00,777.0,Italy
115,D4,POT,many,2011-06-03 10:00:00,1.00,777.0,Italy
116,D4,POT,1,soon,1.00,777.0,Italy
117,D4,POT,0,2011-06-03 10:00:00,1.00,777.0,Italy
""".strip().splitlines()


@pytest.fixture
def loaded(tmp_path):
    path = tmp_path / "retail.csv"
    path.write_text("\n".join([HEADER, *LINES]) + "\n")
    report = load(path, "online-retail", tmp_path / "w")
    frames = {
        name: pq.read_table(tmp_path / "w" / f"{name}.parquet").to_pandas()
        for name in ("members", "orders", "order_items")
    }
    return report, frames, tmp_path / "w"


def lines_of(*invoices):
    return [number for number, line in enumerate(LINES, start=2)
            if line.split(",")[0] in invoices]  # fmt: skip


def test_every_line_is_accounted_for(loaded):
    report, _, _ = loaded
    account = report.accounts[0]
    assert account.rows == len(LINES)
    assert account.loaded == {onlineretail.ORDER_LINE: 8, onlineretail.REFUND: 2}
    assert {reason: count.lines for reason, count in account.not_loaded.items()} == {
        "Quantity: not a whole number": lines_of("115"),
        "InvoiceDate: not a time": lines_of("116"),
        onlineretail.NO_QUANTITY: lines_of("117"),
        onlineretail.BAD_DEBT: lines_of("A105"),
        onlineretail.WRITTEN_OFF: lines_of("104"),
        onlineretail.NOTHING_TO_PAY: lines_of("103"),
        onlineretail.NOBODY: lines_of("C108"),
        refunds.NOT_BOUGHT: lines_of("C109", "C112"),
        refunds.TOO_MANY: lines_of("C110"),
        refunds.TOO_DEAR: lines_of("C111"),
    }
    assert account.altered[onlineretail.ROUNDED].lines == [lines_of("114")[0]]


def test_orders_and_refunds(loaded):
    orders = loaded[1]["orders"].set_index("order_id")
    assert sorted(orders.index) == ["100", "101", "102", "113", "114"]
    assert orders.loc["100", "amount"] == Decimal("50.00")
    assert orders.loc["102", "amount"] == Decimal("7.65")
    assert orders.loc["114", "amount"] == Decimal("1.00")
    assert orders.loc["100", "member_id"] == "17850"
    assert orders.loc["102", "buyer_status"] == "unknown"
    assert pd.isna(orders.loc["102", "member_id"])
    # Summer time in July, none in January.
    assert orders.loc["100", "paid_at"] == pd.Timestamp("2011-07-01 08:00", tz="UTC")
    assert orders.loc["101", "paid_at"] == pd.Timestamp("2011-01-10 10:00", tz="UTC")
    # C106 takes 4 lamps from order 100; C107's 18 are 16 left there and 2 of order 101.
    assert orders.loc["100", "refund_amount"] == Decimal("50.00")
    assert orders.loc["101", "refund_amount"] == Decimal("5.00")
    assert orders.loc["100", "refunded_at"] == pd.Timestamp("2011-07-06 09:00", tz="UTC")
    assert pd.isna(orders.loc["113", "refunded_at"])


def test_items_keep_equal_lines_and_add_up_to_the_orders(loaded):
    items = loaded[1]["order_items"]
    assert len(items) == 8
    assert (items["order_id"] == "100").sum() == 3
    totals = items.groupby("order_id")["amount"].sum()
    orders = loaded[1]["orders"].set_index("order_id")["amount"]
    assert totals.to_dict() == orders.to_dict()


def test_members(loaded):
    members = loaded[1]["members"].set_index("member_id")
    assert sorted(members.index) == ["12345", "17850", "777"]
    assert members.loc["777", "joined_at"] == pd.Timestamp("2011-06-01 09:00", tz="UTC")
    assert members.loc["17850", "joined_at"] == pd.Timestamp("2011-01-10 10:00", tz="UTC")
    assert members.loc["17850", "region"] == "United Kingdom"


def test_settings(loaded):
    ds = commlab.open_dataset(loaded[2], as_of="2011-07-05")
    assert (ds.name, ds.settings.zone, ds.settings.currency, ds.settings.calendar) == (
        "Online Retail", "Europe/London", "GBP", "none")  # fmt: skip


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Invoice,StockCode\n1,2\n")
    with pytest.raises(LoadError, match="InvoiceNo"):
        load(path, "online-retail", tmp_path / "w")
    path.write_text(HEADER + "\n1,A,x,one,2011-01-01,2,3,UK\n")
    with pytest.raises(LoadError, match=r"line 2.*Quantity.*'one'"):
        load(path, "online-retail", tmp_path / "w")
    path.write_text(HEADER + "\n")
    with pytest.raises(LoadError, match="no rows"):
        load(path, "online-retail", tmp_path / "w")


def test_refunds_never_exceed_what_was_paid():
    rng = np.random.default_rng(0)
    times = pd.date_range("2011-01-01", periods=400, freq="h", tz="UTC").as_unit("us")
    frame = pd.DataFrame({
        "order_id": [str(i // 2) for i in range(400)], "member_id": rng.choice(["a", "b"], 400),
        "sku": rng.choice(["x", "y"], 400), "paid_at": times,
        "quantity": rng.integers(1, 9, 400), "amount": rng.integers(1, 900, 400),
    })  # fmt: skip
    returned = frame.sample(150, random_state=1).assign(quantity=lambda rows: -rows["quantity"])
    before = (frame.copy(), returned.copy())
    found, unmatched = refunds.match(frame, returned)
    paid = frame.groupby("order_id")["amount"].sum()
    assert (found["refund_amount"] <= found["order_id"].map(paid)).all()
    lost = [line for lines in unmatched.values() for line in lines]
    assert found["refund_amount"].sum() == returned.drop(index=lost)["amount"].sum()
    pd.testing.assert_frame_equal(frame, before[0])
    pd.testing.assert_frame_equal(returned, before[1])


def test_the_real_file(shared_data, tmp_path):
    path = shared_data / "online_retail.csv.gz"
    report = load(path, "online-retail", tmp_path / "w")
    assert report.rows_read == 541_909
    assert report.rows_loaded + report.rows_not_loaded == 541_909
    # The same from the raw file, without the loader.
    raw = pd.read_csv(path, dtype={"InvoiceNo": str, "StockCode": str})
    raw["at"] = pd.to_datetime(raw["InvoiceDate"])
    letter = raw["InvoiceNo"].str[0]
    money = (raw["UnitPrice"] * raw["Quantity"]).round(2)
    good = ~letter.isin(["C", "A"]) & (raw["Quantity"] > 0)
    totals = money[good].groupby(raw["InvoiceNo"]).sum().round(2)
    totals = totals[totals > 0]
    ds = commlab.open_dataset(tmp_path / "w", as_of="2011-12-09")
    orders = ds.frame(ds.table("orders"), order_by=["order_id"]).set_index("order_id")
    assert orders["amount"].div(100).to_dict() == totals.to_dict()
    firsts = raw[raw["InvoiceNo"].isin(totals.index)].groupby("InvoiceNo")["at"].min()
    assert (orders["paid_at"] == firsts.reindex(orders.index)).all()
    joined = raw.dropna(subset=["CustomerID"]).groupby("CustomerID")["at"].min()
    members = ds.frame(ds.table("members"), order_by=["member_id"]).set_index("member_id")
    assert len(members) == 4_372
    assert (members["joined_at"] == joined.set_axis(joined.index.astype(int).astype(str))).all()
    assert (orders["refund_amount"] <= orders["amount"]).all()
    dated = orders[orders["refund_amount"] > 0]
    assert (dated["refunded_at"] >= dated["paid_at"]).all()
    assert ds.as_of == dt.date(2011, 12, 9)
