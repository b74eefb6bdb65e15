"""Groups of buyers and costs of channels, against what a table by hand says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, MissingTableError, NotEnoughDataError

ORDERS = pd.DataFrame(
    [
        ("o1", "a", "2026-01-05 10:00", 100, 40), ("o2", "a", "2026-03-20 10:00", 200, 80),
        ("o3", "b", "2025-11-08 10:00", 60, 30), ("o4", "c", "2026-03-25 10:00", 10, 5),
        ("o5", "d", "2025-12-24 10:00", 900, 300), ("o6", "d", "2025-12-28 10:00", 30, 10),
    ],
    columns=["order_id", "member_id", "paid_at", "amount", "cost"],
)  # fmt: skip
MEMBERS = pd.DataFrame({
    "member_id": list("abcde"), "channel": ["x1", "x2", "y", "x1", "x1"],
    "joined_at": ["2026-01-02", "2025-11-01", "2026-03-01", "2025-06-01",
                  "2026-02-01"]})  # fmt: skip
TIERS = pd.DataFrame({
    "member_id": ["a", "a", "b", "d"], "tier": ["silver", "gold", "silver", "gold"],
    "valid_from": ["2026-01-01", "2026-03-01", "2025-11-01", "2025-12-01"],
    "valid_to": ["2026-02-28 23:59", None, "2026-01-31 23:59", None]})  # fmt: skip


def groups_by(ds, by):
    buyers = cl.metrics.customer_values(ds)
    return dict(zip(buyers["member_id"], cl.metrics.buyer_groups(ds, buyers, by), strict=True))


def test_groups_of_buyers(make_dataset: Callable) -> None:
    tables = {"orders": ORDERS, "members": MEMBERS, "tiers": TIERS}
    ds = make_dataset(tables, as_of="2026-03-31")
    quarters = {"a": "2026-Q1", "b": "2025-Q4", "c": "2026-Q1", "d": "2025-Q4"}
    assert groups_by(ds, "first_order") == quarters
    assert groups_by(ds, "tier") == {"a": "gold", "b": "unknown", "c": "unknown", "d": "gold"}
    assert groups_by(ds, "channel") == {"a": "x1", "b": "x2", "c": "y", "d": "x1"}
    # Silence 11, 143, 6, 93 days; repeat purchases 1, 0, 0, 1; margin 180, 30, 5, 620.
    assert groups_by(ds, "rfm") == {"a": "111", "b": "000", "c": "100", "d": "011"}
    assert cl.metrics.buyer_splits(ds) == ("channel", "tier", "first_order", "rfm")
    assert cl.metrics.buyer_splits(ds, but="channel") == ("tier", "first_order", "rfm")
    # What became known later is not in it: a was silver on 10 February.
    assert groups_by(ds.at("2026-02-10"), "tier")["a"] == "silver"
    with pytest.raises(ArgumentError, match="by"):
        groups_by(ds, "shoe_size")


def test_without_tiers_there_is_no_split_by_them(make_dataset: Callable) -> None:
    ds = make_dataset({"orders": ORDERS}, as_of="2026-03-31")
    assert cl.metrics.buyer_splits(ds) == ("first_order", "rfm")
    with pytest.raises(MissingTableError, match="tiers"):
        groups_by(ds, "tier")


COSTS = pd.DataFrame({
    "starts_on": [dt.date(2026, month, 1) for month in (1, 1, 2, 1)],
    "ends_on": [dt.date(2026, 1, 31), dt.date(2026, 4, 30), dt.date(2026, 2, 28),
                dt.date(2026, 1, 31)],
    "category": ["platform", "platform", "platform", "staff"],
    "amount": [300, 120, 50, 999], "channel": ["x", "y", "z", None]})  # fmt: skip
CODES = pd.DataFrame({"channel": ["x1", "x2", "y"], "parent": ["x", "x", None]})


def test_channels_cost_what_their_lines_say(make_dataset: Callable) -> None:
    tables = {"orders": ORDERS, "members": MEMBERS, "costs": COSTS, "channels": CODES}
    ds = make_dataset(tables, as_of="2026-03-31")
    got = cl.metrics.acquisition_costs(ds, min_people=1).set_index("channel")
    # Costs begin on 1 January: a and e joined by x since then; of y's 120 days 90 are over.
    assert got.loc["x", ["spent", "joined", "buyers"]].tolist() == [300, 2, 1]
    assert got.loc["x", ["per_member", "per_buyer"]].tolist() == [150, 300]
    assert got.loc["y", "spent"] == pytest.approx(90)
    assert got.loc["y", ["joined", "buyers"]].tolist() == [1, 1]
    assert got.loc["z", ["joined", "status"]].tolist() == [0, "too_few"]
    few = cl.metrics.acquisition_costs(ds, min_people=2).set_index("channel")
    assert few.loc["y", "status"] == "too_few"
    assert few["per_buyer"].isna().all()


def test_what_channels_cost_is_refused_without_the_names(make_dataset: Callable) -> None:
    bare = COSTS.assign(channel=None)
    ds = make_dataset({"orders": ORDERS, "members": MEMBERS, "costs": bare}, as_of="2026-03-31")
    with pytest.raises(NotEnoughDataError, match="names a channel"):
        cl.metrics.acquisition_costs(ds)
    with pytest.raises(MissingTableError, match="members"):
        cl.metrics.acquisition_costs(
            make_dataset({"orders": ORDERS, "costs": COSTS}, as_of="2026-03-31")
        )


def test_a_figure_four_weeks_earlier_is_that_of_the_data_then(make_dataset: Callable) -> None:
    ds = make_dataset({"orders": ORDERS}, as_of="2026-03-31")

    def buyers(then):
        return len(cl.metrics.customer_values(then))

    assert (buyers(ds), cl.metrics.figure_before(ds, buyers)) == (4, 3)
    assert cl.metrics.figure_before(ds, buyers, days=365) is None

    def refused(then):
        raise NotEnoughDataError("too few.")

    assert cl.metrics.figure_before(ds, refused) is None
