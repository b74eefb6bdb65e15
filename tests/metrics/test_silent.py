"""The list of those who went silent equals a walk through the people."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from commlab import metrics

from . import reference
from .test_lifecycle import gone_by, stays_of

AS_OF = "2026-06-24"


@pytest.mark.parametrize("unit", ["month", "week"])
@pytest.mark.parametrize("seed", [1, 2])
def test_equals_a_walk(make_dataset, unit, seed):
    world = reference.random_world(seed)
    stays, contacts = stays_of(world, seed)
    ds = make_dataset({**world, "memberships": stays, "contacts": contacts}, as_of=AS_OF)
    flow = metrics.lifecycle(ds, unit, "order")
    frame = metrics.silent_members(ds, flow, unit, "order")
    last = flow.loc[flow["status"] == "ok", "period"].iloc[-1].date()
    before, after = reference.step(last, unit, -1), reference.step(last, unit)
    midnight = dt.datetime.combine(dt.date.fromisoformat(AS_OF), dt.time()) + dt.timedelta(days=1)
    anchors = reference.anchors_of(world["members"])
    gone = gone_by(stays, contacts)
    expected = {}
    for member, born in anchors.items():
        own = [at for who, at in reference.events_of(world, "order")
               if who == member and born <= at < midnight]  # fmt: skip
        periods = {reference.first_day(at, unit) for at in own}
        away = gone(member, after) or gone(member, midnight)
        if born < midnight and before in periods and max(periods) == before and not away:
            expected[member] = max(own).date()
    got = dict(zip(frame["member_id"], frame["last_active_on"], strict=True))
    assert got == expected
    assert expected or unit == "week"
    orders = world["orders"]
    orders = orders[orders["paid_at"] < midnight]
    for row in frame.itertuples():
        own = orders[orders["member_id"] == row.member_id]
        assert row.orders == len(own)
    assert frame["net_revenue"].is_monotonic_decreasing


def small(make_dataset, orders, **tables):
    frame = pd.DataFrame(orders, columns=["member_id", "paid_at", "amount"])
    frame["order_id"] = [f"o{number}" for number in range(len(frame))]
    members = pd.DataFrame({"member_id": ["a", "b"], "joined_at": "2026-01-01",
                            "adviser_id": ["s1", None]})  # fmt: skip
    return make_dataset({"members": members, "orders": frame, **tables}, as_of="2026-03-10")


def test_the_dearest_first_with_adviser_and_money(make_dataset):
    ds = small(make_dataset, [("a", "2026-01-05", 10.0), ("b", "2026-01-09", 99.5),
                              ("b", "2026-01-07", 0.5)])  # fmt: skip
    frame = metrics.silent_members(ds, metrics.lifecycle(ds, activity="order"), activity="order")
    assert frame["member_id"].tolist() == ["b", "a"]
    assert frame["net_revenue"].tolist() == [100.0, 10.0]
    assert frame["adviser_id"].fillna("").tolist() == ["", "s1"]


def test_back_since_then_needs_no_call(make_dataset):
    ds = small(make_dataset, [("a", "2026-01-05", 10.0), ("b", "2026-01-09", 99.5),
                              ("b", "2026-03-02", 1.0)])  # fmt: skip
    frame = metrics.silent_members(ds, metrics.lifecycle(ds, activity="order"), activity="order")
    assert frame["member_id"].tolist() == ["a"]


def test_no_complete_period_gives_an_empty_list(make_dataset):
    members = pd.DataFrame({"member_id": ["a"], "joined_at": ["2026-03-02"]})
    orders = pd.DataFrame({"order_id": ["o"], "member_id": "a", "paid_at": "2026-03-03",
                           "amount": 1.0})  # fmt: skip
    ds = make_dataset({"members": members, "orders": orders}, as_of="2026-03-10")
    frame = metrics.silent_members(ds, metrics.lifecycle(ds, activity="order"), activity="order")
    assert frame.empty
    assert "member_id" in frame
