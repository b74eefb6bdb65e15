"""The list for advisers: value at risk by hand, who is on it, in which order, with what offer."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import metrics
from commlab.errors import ArgumentError
from commlab.metrics.churn_list import COLUMNS, past_pace
from commlab.tables.lists import LISTS

HORIZON = 60
AS_OF = dt.date(2026, 6, 30)


def small(make_dataset, **tables):
    """Four buyers: old and dear, old and cheap, new, and one who has left."""
    orders = pd.DataFrame(
        [("old", "2026-01-01", 300.0), ("old", "2026-05-01", 300.0), ("cheap", "2026-01-01", 10.0),
         ("new", "2026-06-25", 50.0), ("gone", "2026-02-01", 900.0)],
        columns=["member_id", "paid_at", "amount"],
    )  # fmt: skip
    orders["order_id"] = [f"o{i}" for i in range(len(orders))]
    people = ["old", "cheap", "new", "gone"]
    members = pd.DataFrame({"member_id": people, "joined_at": "2026-01-01",
                            "adviser_id": ["s1", None, "s2", "s1"]})  # fmt: skip
    stays = pd.DataFrame({"member_id": people, "group_id": "g", "joined_at": "2026-01-01",
                          "left_at": [None, None, None, "2026-03-01"],
                          "leave_kind": [None, None, None, "left"]})  # fmt: skip
    given = {"orders": orders, "members": members, "memberships": stays, **tables}
    return make_dataset(given, as_of=str(AS_OF))


def rows_and_risk(ds):
    rows = metrics.churn_rows(ds, AS_OF)
    risks = {"old": 0.5, "cheap": 0.9, "new": 0.2, "gone": 1.0}
    return rows, rows["member_id"].map(risks)


def test_pace_is_spend_by_days_since_the_first_order_a_horizon_at_least(make_dataset):
    rows, _ = rows_and_risk(small(make_dataset))
    pace = dict(zip(rows["member_id"], past_pace(rows, HORIZON), strict=True))
    # From 1 January to 30 June are 180 days; the new one has had five of a horizon of sixty.
    assert pace["old"] == pytest.approx(600 / 180 * 60)
    assert pace["cheap"] == pytest.approx(10 / 180 * 60)
    assert pace["new"] == pytest.approx(50)


def test_the_list_holds_the_reachable_by_value_at_risk(make_dataset):
    ds = small(make_dataset)
    rows, risk = rows_and_risk(ds)
    before = rows.copy()
    listed = metrics.churn_list(ds, rows, risk, HORIZON, budget=1.0)
    pd.testing.assert_frame_equal(rows, before)
    assert tuple(listed.columns) == COLUMNS
    assert list(listed["member_id"]) == ["old", "new", "cheap"]  # who left cannot be reached
    assert listed["value_at_risk"].tolist() == pytest.approx([100.0, 10.0, 3.0], abs=0.01)
    assert listed["last_order_on"].tolist() == [dt.date(2026, 5, 1), dt.date(2026, 6, 25),
                                                dt.date(2026, 1, 1)]  # fmt: skip
    assert listed["adviser_id"].tolist()[:2] == ["s1", "s2"]
    assert listed["adviser_id"].isna().tolist() == [False, False, True]
    assert list(metrics.churn_list(ds, rows, risk, HORIZON, budget=0.34)["member_id"]) == [
        "old", "new"
    ]  # fmt: skip
    worth = metrics.listed_value(listed)
    assert worth.value == pytest.approx(113.0, abs=0.05)
    assert (worth.n, worth.unit) == (3, "money")
    # Variance of a sum of what is lost or not: Σ pace² p (1 − p).
    half = 1.959964 * np.sqrt(200**2 * 0.25 + 50**2 * 0.16 + (10 / 3) ** 2 * 0.09)
    assert worth.high - worth.value == pytest.approx(half, rel=1e-3)
    assert worth.low == 0.0  # money at risk is not negative


def test_the_declared_columns_are_those_of_the_list_with_reasons():
    assert set(LISTS["churn"].names) == {*COLUMNS, "reasons", "reasons_zh"}


def test_who_takes_part_gets_a_coupon_who_is_silent_gets_content(make_dataset):
    messages = pd.DataFrame({"message_id": ["1", "2"], "member_id": ["cheap", "old"],
                             "sent_at": ["2026-06-20", "2026-05-20"]})  # fmt: skip
    rows, risk = rows_and_risk(small(make_dataset, messages=messages))
    offer = dict(zip(rows["member_id"], metrics.churn_actions(rows), strict=True))
    assert offer == {"cheap": "coupon", "old": "content", "new": "content", "gone": "content"}
    layers = metrics.churn_layers(rows, risk, HORIZON).set_index("action")
    assert layers["people"].to_dict() == {"content": 3, "coupon": 1}
    assert layers.loc["coupon", "value_at_risk"] == pytest.approx(3.0)
    every = metrics.value_at_risk(rows, risk, HORIZON)
    assert layers["value_at_risk"].sum() == pytest.approx(every.value)


def test_without_signs_of_life_a_recent_order_is_one(make_dataset):
    rows, _ = rows_and_risk(small(make_dataset))
    offer = dict(zip(rows["member_id"], metrics.churn_actions(rows), strict=True))
    assert offer == {"cheap": "content", "old": "coupon", "new": "coupon", "gone": "content"}


def test_wrong_arguments(make_dataset):
    ds = small(make_dataset)
    rows, risk = rows_and_risk(ds)
    with pytest.raises(ArgumentError, match="4 rows and 3 risks"):
        metrics.churn_list(ds, rows, risk.head(3), HORIZON)
    for budget in (0, 1.1):
        with pytest.raises(ArgumentError, match="budget"):
            metrics.churn_list(ds, rows, risk, HORIZON, budget=budget)
