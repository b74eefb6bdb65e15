"""Active days, stickiness and what retained members buy, against plain pandas."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, stats

from . import reference

AS_OF = "2026-06-24"


@pytest.fixture(scope="module")
def world():
    return reference.random_world(8)


def lived(world):
    """Distinct (member, day) of activity from the anchor to as_of."""
    anchors = reference.anchors_of(world["members"])
    end = dt.datetime.fromisoformat(AS_OF) + dt.timedelta(days=1)
    return {
        (member, at.date())
        for member, at in reference.events_of(world, "any")
        if member in anchors and anchors[member] <= at < end
    }


def test_active_days(make_dataset, world):
    frame = metrics.active_days(make_dataset(world, as_of=AS_OF), 28, min_at_risk=1)
    first = dt.date(2026, 5, 28)
    anchors = reference.anchors_of(world["members"])
    at_risk = [member for member, at in anchors.items() if at.date() < first]
    days = pd.Series([member for member, day in lived(world) if day >= first]).value_counts()
    counts = days.reindex(at_risk, fill_value=0).value_counts().reindex(range(29), fill_value=0)
    assert frame["members"].tolist() == counts.tolist()
    assert (frame["at_risk"] == len(at_risk)).all()
    np.testing.assert_allclose(frame["share"], counts / len(at_risk))
    assert frame["at_least"].iloc[0] == 1
    assert frame["at_least"].iloc[1] == pytest.approx(1 - frame["share"].iloc[0])
    low, high = stats.wilson(counts, len(at_risk))
    np.testing.assert_allclose(frame["low"], low)
    np.testing.assert_allclose(frame["high"], high)
    few = metrics.active_days(make_dataset(world, as_of=AS_OF), min_at_risk=10_000)
    assert set(few["status"]) == {"too_few"}
    assert few["share"].isna().all()


# 9 weeks are kept in three parts of 21 days, 11 in as many weeks.
@pytest.mark.parametrize("length", [7, 28, 63, 77])
def test_stickiness(make_dataset, world, length):
    frame = metrics.stickiness(make_dataset(world, as_of=AS_OF), length, min_at_risk=1)
    last = dt.date.fromisoformat(AS_OF)
    pairs = lived(world)
    assert len(frame) == (last - dt.date(2025, 11, 5)).days // length
    for place, row in enumerate(frame.iloc[::-1].itertuples()):
        end = last - dt.timedelta(days=length * place)
        start = end - dt.timedelta(days=length - 1)
        assert (row.starts_on.date(), row.ends_on.date()) == (start, end)
        inside = [(m, d) for m, d in pairs if start <= d <= end]
        active = {m for m, _ in inside}
        assert row.mau == len(active)
        assert row.dau == pytest.approx(len(inside) / length)
        weeks = {(m, (end - d).days // 7) for m, d in inside}
        assert row.wau == pytest.approx(len(weeks) / (length // 7))
        if active:
            assert row.stickiness == pytest.approx(len(inside) / length / len(active))
            days = pd.Series([m for m, _ in inside]).value_counts()
            _, low, high = stats.mean_interval(len(days), days.sum(), (days**2).sum())
            assert row.low == pytest.approx(float(low) / length, nan_ok=True)
            assert row.high == pytest.approx(float(high) / length, nan_ok=True)


def test_stickiness_needs_whole_weeks(make_dataset, world):
    with pytest.raises(errors.ArgumentError):
        metrics.stickiness(make_dataset(world, as_of=AS_OF), 30)


def test_repurchase_by_retention(make_dataset, world):
    ds = make_dataset(world, as_of=AS_OF)
    frame = metrics.repurchase_by_retention(ds, 1, 2, activity="message", min_at_risk=1)
    anchors = reference.anchors_of(world["members"])
    orders = world["orders"].dropna(subset=["member_id"])
    wrote: dict = {}
    for member, at in reference.events_of(world, "message"):
        wrote.setdefault(member, []).append(at)
    expected = {True: [], False: []}
    for member, at in anchors.items():
        month = [reference.step(at.date().replace(day=1), "month", k) for k in range(5)]
        if month[4] > dt.date(2026, 6, 1):
            continue
        retained = any(month[1] <= t.date() < month[2] and t >= at for t in wrote.get(member, []))
        own = orders[orders["member_id"] == member]
        day = own["paid_at"].dt.date
        buyer = bool((day < month[2]).any())
        again = bool(((day >= month[2]) & (day < month[4])).any())
        own = own[own["paid_at"] >= at]
        back = own["refunded_at"].fillna(own["paid_at"])
        inside = own["paid_at"].dt.date.between(month[2], month[4] - dt.timedelta(days=1))
        returned = back.dt.date.between(month[2], month[4] - dt.timedelta(days=1))
        net = own.loc[inside, "amount"].sum() - own.loc[returned, "refund_amount"].sum()
        expected[retained].append((buyer, again and buyer, net))
    for row, retained in zip(frame.itertuples(), (True, False), strict=True):
        people = pd.DataFrame(expected[retained], columns=["buyer", "again", "net"])
        assert row.group == ("retained" if retained else "lost")
        assert row.members == len(people) > 10
        assert row.buyers == people["buyer"].sum()
        assert row.repurchasers == people["again"].sum()
        assert row.repurchase_rate == pytest.approx(people["again"].sum() / people["buyer"].sum())
        assert row.net_revenue == pytest.approx(people["net"].sum())
        assert row.net_per_member == pytest.approx(people["net"].mean())
        assert row.net_low < row.net_per_member < row.net_high
    same = metrics.repurchase_by_retention(ds, 1, 2, activity="message", min_at_risk=1)
    pd.testing.assert_frame_equal(frame, same)
    later = metrics.repurchase_by_retention(ds, 6, 6, min_at_risk=1)
    assert later["members"].tolist() == [0, 0]
    assert later["status"].tolist() == ["too_few"] * 2


def test_observed(make_dataset, world):
    frame = metrics.observed(make_dataset(world, as_of=AS_OF))
    assert frame["activity"].tolist() == ["message", "order"]
    messages = world["messages"]
    messages = messages[~messages["revoked"] & (messages["sent_at"] < "2026-06-25")]
    assert frame["events"].iloc[0] == len(messages)
    assert frame["first"].iloc[0] == messages["sent_at"].min()
    assert frame["last"].iloc[0] == messages["sent_at"].max()
