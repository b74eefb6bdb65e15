"""Retention of a real shop equals ten lines of pandas, cell by cell."""

from __future__ import annotations

import functools

import pandas as pd
import pytest

from commlab import metrics

AS_OF = "2011-11-30"


@functools.cache
def read(path):
    raw = pd.read_csv(path, dtype=str, usecols=["InvoiceNo", "CustomerID", "InvoiceDate",
                                                "Quantity", "UnitPrice"])  # fmt: skip
    raw = raw[raw["CustomerID"].notna() & ~raw["InvoiceNo"].str.startswith("C")]
    raw["amount"] = raw["Quantity"].astype(float) * raw["UnitPrice"].astype(float)
    raw["at"] = pd.to_datetime(raw["InvoiceDate"])
    return raw


@pytest.fixture
def lines(shared_data):
    """Invoice lines of known customers, without cancellations."""
    path = shared_data / "online_retail.csv.gz"
    if not path.is_file():
        pytest.skip("online_retail.csv.gz is not here")
    return read(path)


@pytest.fixture
def ds(make_dataset, lines):
    orders = lines.groupby("InvoiceNo").agg(
        member_id=("CustomerID", "first"), paid_at=("at", "min"), amount=("amount", "sum")
    )
    orders = orders.reset_index(names="order_id").round({"amount": 2})
    return make_dataset({"orders": orders}, as_of=AS_OF, zone="Europe/London", currency="GBP")


@pytest.mark.parametrize("unit", ["month", "week"])
def test_equals_ten_lines_of_pandas(ds, lines, unit):
    log = lines.groupby("InvoiceNo").agg(who=("CustomerID", "first"), at=("at", "min"))
    log = log[log["at"] < "2011-12-01"]
    log["p"] = log["at"].dt.to_period("M" if unit == "month" else "W-SUN")
    log["c"] = log.groupby("who")["p"].transform("min")
    log["k"] = (log["p"] - log["c"]).map(lambda gap: gap.n)
    active = log.groupby(["c", "k"])["who"].nunique()
    size = log[log["k"] == 0].groupby("c")["who"].nunique()
    last = pd.Period(AS_OF, "M" if unit == "month" else "W-SUN")
    expected = {
        (c.start_time, k): (size[c], active.get((c, k), 0))
        for c in size.index
        for k in range((last - c).n + (unit == "month"))
    }
    frame = metrics.retention(ds, anchor="first_order", cohort=unit, activity="order",
                              min_at_risk=1)  # fmt: skip
    known = frame[frame["status"] == "ok"]
    got = {(row.cohort, row.period): (row.at_risk, row.active) for row in known.itertuples()}
    assert got == expected
    assert len(got) == 78 if unit == "month" else len(got) > 1300
    # The last month is over, the last week is not.
    assert frame["status"].eq("open").sum() == (0 if unit == "month" else len(size))


def test_lifecycle_closes(ds):
    frame = metrics.lifecycle(ds, activity="order", anchor="first_order")
    assert frame["status"].tolist() == ["ok"] * 12
    closing = (
        frame["active"].shift(fill_value=0) + frame["new"] + frame["activated_late"]
        + frame["resurrected"] - frame["dormant"] - frame["left"]
    )  # fmt: skip
    assert (frame["active"] == closing).all()
    assert (frame["activated_late"] == 0).all()
    assert frame["new"].sum() == frame["members"].iloc[-1]
