"""Margins, customers with their margins, and costs a person, against sums made by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

import commlab as cl
from commlab.errors import NotEnoughDataError

ORDERS = pd.DataFrame(
    [
        ("o1", "a", "2026-01-01 10:00", 100, 0, 40),
        ("o2", "a", "2026-01-15 10:00", 200, 50, 80),  # three quarters kept: 150 − 60
        ("o3", "a", "2026-01-15 20:00", 10, 0, 20),  # same day, below cost
        ("o4", "b", "2026-01-08 10:00", 60, 60, 30),  # all refunded: no occasion
        ("o5", "c", "2026-01-08 10:00", 60, 0, 30),
    ],
    columns=["order_id", "member_id", "paid_at", "amount", "refund_amount", "cost"],
)


def test_margin_is_paid_less_refunded_less_the_cost_of_what_was_kept(
    make_dataset: Callable,
) -> None:
    ds = make_dataset({"orders": ORDERS}, as_of="2026-01-29")
    assert cl.metrics.margin_source(ds) == "cost"
    got = cl.metrics.customer_values(ds).set_index("member_id")
    assert list(got.index) == ["a", "c"]
    a = got.loc["a"]
    assert (a["frequency"], a["recency"], a["T"]) == (1, 2.0, 4.0)
    assert a["first_margin"] == pytest.approx(60)
    assert a["monetary_value"] == pytest.approx(90 - 10)
    assert a["past_margin"] == pytest.approx(140)
    assert a["last_bought_on"] == dt.date(2026, 1, 15)
    assert got.loc["c", "monetary_value"] == 0
    assert got.attrs["time_unit"] == "W"


def test_without_cost_the_stated_margin_is_used_or_nothing(make_dataset: Callable) -> None:
    bare = ORDERS.drop(columns="cost")
    ds = make_dataset({"orders": bare}, as_of="2026-01-29", margin=0.5)
    assert cl.metrics.margin_source(ds) == "margin"
    got = cl.metrics.customer_values(ds).set_index("member_id")
    assert got.loc["a", "monetary_value"] == pytest.approx(80)
    with pytest.raises(NotEnoughDataError, match="no margin"):
        cl.metrics.customer_values(make_dataset({"orders": bare}, as_of="2026-01-29"))
    some = ORDERS.assign(cost=[40, None, 20, 30, 30])
    ds = make_dataset({"orders": some}, as_of="2026-01-29", margin=0.5)
    assert cl.metrics.margin_source(ds) == "mixed"
    got = cl.metrics.customer_values(ds).set_index("member_id")
    assert got.loc["a", "monetary_value"] == pytest.approx(75 - 10)


def test_costs_a_person(make_dataset: Callable) -> None:
    members = pd.DataFrame(
        {"member_id": ["a", "b", "c"], "joined_at": ["2026-01-01", "2026-01-01", "2026-01-15"]}
    )
    costs = pd.DataFrame(
        [
            ("2026-01-01", "2026-01-28", "staff", 280.0, None, None),
            ("2026-01-22", "2026-02-04", "content", 140.0, None, None),  # half lies after as_of
            ("2026-01-01", "2026-01-28", "goods", 999.0, None, None),
            ("2026-01-01", "2026-01-28", "event", 999.0, None, "c1"),
            ("2026-01-01", "2026-01-28", "platform", 50.0, "sm", None),
        ],
        columns=["starts_on", "ends_on", "category", "amount", "channel", "campaign_id"],
    )
    for name in ("starts_on", "ends_on"):
        costs[name] = pd.to_datetime(costs[name]).dt.date
    tables = {"orders": ORDERS, "members": members, "costs": costs}
    found = cl.metrics.unit_costs(make_dataset(tables, as_of="2026-01-28"))
    # 28 + 28 + 14 days are ten weeks of members; two bought first within.
    assert found.service == pytest.approx((280 + 70) / 10)
    assert found.acquisition == pytest.approx(50 / 2)
    assert found.weeks == 4
    none = cl.metrics.unit_costs(make_dataset({"orders": ORDERS}, as_of="2026-01-28"))
    assert (none.service, none.acquisition) == (None, None)


def test_the_most_valuable_come_first_with_who_looks_after_them(make_dataset: Callable) -> None:
    members = pd.DataFrame(
        {"member_id": ["a", "c"], "joined_at": "2026-01-01", "adviser_id": ["s1", None]}
    )
    ds = make_dataset({"orders": ORDERS, "members": members}, as_of="2026-01-28")
    people = cl.metrics.customer_values(ds).assign(
        expected_purchases=1.0, value=[5.0, 9.0], low=0.0, high=20.0, no_purchase=0.5,
        value_at_risk=1.0,
    )  # fmt: skip
    got = cl.metrics.valuable_members(ds, people, 0.5)
    assert got["member_id"].tolist() == ["c"]
    both = cl.metrics.valuable_members(ds, people, 1.0).set_index("member_id")
    assert both.loc["a", "adviser_id"] == "s1"
    assert both.loc["a", "purchases"] == 2
    assert list(both.reset_index().columns) == [
        column.name for column in cl.tables.LISTS["valuable"].columns
    ]
