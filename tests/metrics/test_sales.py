"""Sales by month and growth accounting: to the cent, and closed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

from . import reference

AS_OF = "2026-06-24"


@pytest.fixture(scope="module")
def world():
    return reference.random_world(33)


def test_months_add_up_to_orders_less_refunds_to_the_cent(make_dataset, world):
    ds = make_dataset(world, as_of=AS_OF)
    sales = metrics.monthly_sales(ds)
    orders = world["orders"]
    orders = orders[orders["paid_at"] < dt.datetime(2026, 6, 25)]
    members = world["members"]
    staff = set(members.loc[members["role"] != "member", "member_id"])
    orders = orders[~orders["member_id"].isin(staff)]
    back = orders["refund_amount"].where(
        ~(orders["refunded_at"] >= dt.datetime(2026, 6, 25)), 0.0
    )  # fmt: skip
    cents = int((orders["amount"] * 100).round().sum() - (back.fillna(0) * 100).round().sum())
    assert round(sales["net"].sum() * 100) == cents
    assert sales["orders"].sum() == len(orders)
    month = orders["paid_at"].dt.to_period("M")
    buyers = orders.dropna(subset=["member_id"]).groupby(month)["member_id"].nunique()
    counted = sales.set_index(sales["month"].dt.to_period("M"))["buyers"]
    assert counted[buyers.index].tolist() == buyers.tolist()
    first = orders.dropna(subset=["member_id"]).groupby("member_id")["paid_at"].min()
    june = orders[month == "2026-06"].dropna(subset=["member_id"])
    again = {who for who in june["member_id"] if first[who] < pd.Timestamp("2026-06-01")}
    assert sales["returning"].iloc[-1] == len(again)
    assert sales["complete"].tolist() == [True] * (len(sales) - 1) + [False]
    assert round(metrics.closed_sales(ds, sales).value * 100) == cents
    short = sales.assign(net=sales["net"].where(sales.index > 0, sales["net"] - 0.01))
    with pytest.raises(errors.DataError, match="the orders one of"):
        metrics.closed_sales(ds, short)
    now, before = metrics.net_revenue(sales)
    assert now.value == sales["net"].iloc[-2]
    assert before.value == sales["net"].iloc[-3]


def test_repurchase_counts_days_not_orders(make_dataset):
    at = [dt.datetime(2026, 6, 1, 9), dt.datetime(2026, 6, 1, 20), dt.datetime(2026, 6, 2)]
    rows = [("a", at[0]), ("a", at[1]), ("b", at[0]), ("b", at[2]), ("c", at[2]),
            ("d", dt.datetime(2025, 1, 1)), ("d", at[0])]  # fmt: skip
    orders = pd.DataFrame(rows, columns=["member_id", "paid_at"]).assign(amount=1.0)
    orders["order_id"] = [f"o{i}" for i in range(len(orders))]
    found = metrics.repurchase_rate(make_dataset({"orders": orders}, as_of=AS_OF), min_at_risk=1)
    assert (found.value, found.n) == (0.25, 4)
    few = metrics.repurchase_rate(make_dataset({"orders": orders}, as_of=AS_OF))
    assert few.status == "too_few"


def test_books_close_or_the_page_does_not_appear(make_dataset, world):
    flow = metrics.lifecycle(make_dataset(world, as_of=AS_OF), "month", "any")
    books = metrics.growth_accounting(flow)
    assert len(books) > 3
    coming = books[["new", "activated_late", "resurrected"]].sum(axis=1)
    going = books[["dormant", "left"]].sum(axis=1)
    np.testing.assert_array_equal(
        (books["before"] + coming - going).astype(int), books["active"].astype(int)
    )
    spoilt = flow.copy()
    spoilt.loc[spoilt.index[spoilt["status"] == "ok"][-1], "dormant"] += 1
    with pytest.raises(errors.DataError, match="does not close"):
        metrics.growth_accounting(spoilt)
    with pytest.raises(errors.NotEnoughDataError):
        metrics.growth_accounting(flow.head(1))
    with pytest.raises(errors.ArgumentError, match="dormant"):
        metrics.growth_accounting(flow.drop(columns="dormant"))
