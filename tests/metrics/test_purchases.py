"""Histories for backtests: what was known at a cutoff, and what came after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, NotEnoughDataError

COLUMNS = ["order_id", "member_id", "paid_at", "amount", "refund_amount", "refunded_at"]
ORDERS = pd.DataFrame(
    [
        ("o1", "a", "2026-01-01 10:00", 10, 0, None),
        ("o2", "a", "2026-02-12 10:00", 10, 10, "2026-03-20 10:00"),  # refunded after the cutoff
        ("o3", "a", "2026-03-05 10:00", 10, 0, None),
        ("o4", "a", "2026-03-05 20:00", 10, 0, None),
        ("o5", "b", "2026-01-01 10:00", 10, 0, None),
        ("o6", "c", "2026-03-04 10:00", 10, 0, None),  # not a customer yet
        ("o7", "a", "2026-04-20 10:00", 10, 0, None),  # after the horizon
    ],
    columns=COLUMNS,
)


def test_before_the_cutoff_as_known_then_after_it_as_known_now(make_dataset: Callable) -> None:
    ds = make_dataset({"orders": ORDERS}, as_of="2026-04-30")
    (one,) = cl.metrics.purchase_history(ds, [dt.date(2026, 2, 26)], 4)
    rows = one.customers.set_index("frequency")
    assert rows.loc[1].to_dict() == {
        "recency": 6.0, "T": 8.0, "last": 1.0, "holdout": 1.0, "weight": 1.0
    }  # fmt: skip
    assert rows.loc[0].to_dict() == {
        "recency": 0.0, "T": 8.0, "last": 0.0, "holdout": 0.0, "weight": 1.0
    }  # fmt: skip
    assert one.customers.attrs["time_unit"] == "W"
    weekly = one.weekly.set_index("week")["actual"]
    assert (weekly[-2], weekly[0], weekly[1]) == (1, 1, 2)
    assert weekly.iloc[-1] == 2


def test_cutoffs_leave_room_on_both_sides(make_dataset: Callable) -> None:
    ds = make_dataset({"orders": ORDERS}, as_of="2026-04-30")
    assert cl.metrics.purchase_cutoffs(ds, 4, every_weeks=2, most=4) == (
        dt.date(2026, 4, 2), dt.date(2026, 3, 19), dt.date(2026, 3, 5),
    )  # fmt: skip
    with pytest.raises(NotEnoughDataError, match="cannot be tested"):
        cl.metrics.purchase_cutoffs(ds, 13)
    with pytest.raises(ArgumentError, match="after the cutoff"):
        cl.metrics.purchase_history(ds, [dt.date(2026, 4, 20)], 4)


MEMBERS = pd.DataFrame({
    "member_id": ["a", "b", "c", "s"],
    "joined_at": ["2025-12-01", "2026-03-01", "2025-12-01", "2025-12-01"],
    "channel": ["qr", "ad", None, "qr"],
    "role": ["member", "member", "member", "staff"]})  # fmt: skip


def test_segments_are_those_known_then(make_dataset: Callable) -> None:
    ds = make_dataset({"orders": ORDERS, "members": MEMBERS}, as_of="2026-04-30")
    assert cl.metrics.static_segments(ds) == ("channel",)
    (one,) = cl.metrics.purchase_history(ds, [dt.date(2026, 2, 26)], 4, ["channel"])
    assert one.covariates == ("channel",)
    # b joined after the cutoff: then nobody knew his channel.
    assert one.customers.set_index("frequency")["channel"].to_dict() == {0: "unknown", 1: "qr"}
    (plain,) = cl.metrics.purchase_history(ds, [dt.date(2026, 2, 26)], 4)
    pd.testing.assert_frame_equal(one.customers.drop(columns="channel"), plain.customers)
    pd.testing.assert_frame_equal(one.weekly, plain.weekly)


def test_customers_of_today_have_no_future(make_dataset: Callable) -> None:
    ds = make_dataset({"orders": ORDERS, "members": MEMBERS}, as_of="2026-04-30")
    rows = cl.metrics.present_customers(ds, 9, ["channel"]).set_index("channel")
    assert "holdout" not in rows
    # a: 1 January, 5 March, 20 April (the order of February was refunded in March).
    assert rows.loc["qr", ["frequency", "last"]].tolist() == [2, 2]
    assert rows.loc["qr", "recency"] == pytest.approx(109 / 7)
    assert rows.loc["ad", ["frequency", "last"]].tolist() == [0, 0]
    # c bought first within the nine weeks: a first purchase is no repeat.
    assert rows.loc["unknown", ["frequency", "last"]].tolist() == [0, 0]
    assert rows["weight"].sum() == 3
