"""Margins by age against a walk through each member, and planted payback."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics

AS_OF = dt.date(2026, 6, 30)


def world(rng, members=120):
    """Members of two channels with costs, and orders that half of them place."""
    joined = pd.to_datetime(AS_OF) - pd.to_timedelta(rng.integers(5, 300, members), unit="D")
    people = pd.DataFrame({"member_id": [f"m{i}" for i in range(members)], "joined_at": joined,
                           "channel": np.where(np.arange(members) % 2, "ads", "shop")})  # fmt: skip
    rows = []
    for who in people.itertuples():
        for _ in range(rng.poisson(2) if rng.random() < 0.6 else 0):
            day = who.joined_at + pd.Timedelta(days=int(rng.integers(-10, 300)))
            rows.append((who.member_id, day, round(float(rng.gamma(2, 40)), 2)))
    orders = pd.DataFrame(rows, columns=["member_id", "paid_at", "amount"])
    orders["order_id"] = [f"o{i}" for i in range(len(orders))]
    orders["cost"] = (orders["amount"] * 0.4).round(2)
    costs = pd.DataFrame({"starts_on": [dt.date(2026, 1, 1)] * 2, "category": "platform",
                          "ends_on": [AS_OF] * 2, "amount": [4000.0, 100.0],
                          "channel": ["ads", "shop"]})  # fmt: skip
    return {"members": people, "orders": orders, "costs": costs}


def by_hand(tables, channel):
    """Age → (at risk, mean, robust variance), member by member."""
    people = tables["members"][tables["members"]["channel"] == channel]
    orders = tables["orders"]
    orders = orders[orders["paid_at"].dt.date <= AS_OF]
    left = orders["amount"] - orders["cost"]
    begun = orders["paid_at"].min().date().replace(day=1)  # silent at first no longer than later
    seen, entry, margins = {}, {}, {}
    for who in people.itertuples():
        day = who.joined_at.date()
        seen[who.member_id] = ((AS_OF - day).days + 1) // 30
        entry[who.member_id] = max(-((day - begun).days // 30), 0)
        own = orders[orders["member_id"] == who.member_id]
        ages = [(at.date() - day).days for at in own["paid_at"]]
        margins[who.member_id] = [
            sum(
                m
                for age, m in zip(ages, left[own.index], strict=True)
                if age >= 0 and age // 30 == s
            )
            for s in range(seen[who.member_id])
        ]
    months = max(seen.values())
    there = {who: range(entry[who], seen[who]) for who in seen}
    n = [sum(age in ages for ages in there.values()) for age in range(months)]
    mean = [
        sum(m[age] for who, m in margins.items() if age in there[who]) / n[age]
        for age in range(months)
    ]
    out = {}
    for stop in range(months):
        parts = [
            sum((m[age] - mean[age]) / n[age] for age in there[who] if age <= stop)
            for who, m in margins.items()
        ]
        out[stop + 1] = (n[stop], sum(mean[: stop + 1]), sum(x * x for x in parts))
    return out


def test_curves_equal_a_walk_member_by_member(make_dataset):
    tables = world(np.random.default_rng(5))
    frame = metrics.margin_curves(make_dataset(tables, as_of=AS_OF), min_at_risk=1)
    for channel in ("ads", "shop"):
        expected = by_hand(tables, channel)
        rows = frame[frame["channel"] == channel].set_index("age")
        assert rows.index.tolist() == list(expected)
        for age, (n, mean, variance) in expected.items():
            assert rows.loc[age, "at_risk"] == n
            assert rows.loc[age, "margin"] == pytest.approx(mean)
            half = (rows.loc[age, "high"] - rows.loc[age, "low"]) / 2
            assert half == pytest.approx(1.959964 * variance**0.5, rel=1e-6)


def test_months_before_orders_were_recorded_are_not_empty(make_dataset):
    # Half joined a year before the export of orders begins; everybody buys for 10 a month.
    early, late = dt.date(2025, 1, 1), dt.date(2026, 1, 1)
    joined = [early] * 60 + [late] * 60
    people = pd.DataFrame({"member_id": [f"m{i}" for i in range(120)], "channel": "ads",
                           "joined_at": pd.to_datetime(joined)})  # fmt: skip
    rows = [
        (f"m{i}", pd.Timestamp(late) + pd.Timedelta(days=30 * k + 1), 10.0, f"o{i}-{k}")
        for i in range(120) for k in range(6)
    ]  # fmt: skip
    orders = pd.DataFrame(rows, columns=["member_id", "paid_at", "amount", "order_id"])
    orders["cost"] = 0.0
    costs = pd.DataFrame({"starts_on": [late], "category": ["platform"], "amount": [1200.0],
                          "channel": ["ads"]})  # fmt: skip
    tables = {"members": people, "orders": orders, "costs": costs}
    curves = metrics.margin_curves(make_dataset(tables, as_of=AS_OF))
    assert curves["at_risk"].iloc[0] == 60
    assert curves["margin"].iloc[1] == pytest.approx(20.0)
    # 60 joined in the year of the costs, for 20 each.
    assert metrics.payback(curves)["age"].tolist() == [2]


def test_a_channel_too_small_for_a_cost_does_not_lend_its_members(make_dataset):
    joined = pd.Timestamp("2026-01-01")
    people = pd.DataFrame({"member_id": [f"m{i}" for i in range(60)], "joined_at": joined,
                           "channel": ["ads"] * 50 + ["qr"] * 10})  # fmt: skip
    orders = pd.DataFrame({"order_id": [f"o{i}" for i in range(11)], "cost": 0.0,
                           "member_id": ["m0", *(f"m{i}" for i in range(50, 60))],
                           "paid_at": joined + pd.Timedelta(days=2),
                           "amount": [5.0] + [1000.0] * 10})  # fmt: skip
    channels = pd.DataFrame({"channel": ["ads", "qr"], "parent": [None, "ads"]})
    costs = pd.DataFrame({"starts_on": dt.date(2026, 1, 1), "category": "platform",
                          "amount": [100.0, 900.0], "channel": ["ads", "qr"]})  # fmt: skip
    tables = {"members": people, "orders": orders, "channels": channels, "costs": costs}
    curves = metrics.margin_curves(make_dataset(tables, as_of=AS_OF))
    assert set(curves["channel"]) == {"ads"}
    assert curves["at_risk"].iloc[0] == 50
    assert curves["margin"].iloc[-1] == pytest.approx(0.1)


def test_intervals_cover(make_dataset):
    # Sixty channels, each a world of its own. Everybody buys each 30 days 0.5 times on average,
    # for 10 to 30: 10 a month to the brand. Who buys often goes on to.
    rng = np.random.default_rng(8)
    worlds, members = 60, 150
    channel = np.repeat([f"c{i:02d}" for i in range(worlds)], members)
    joined = pd.to_datetime(AS_OF) - pd.to_timedelta(
        rng.integers(30, 330, worlds * members), unit="D"
    )
    people = pd.DataFrame(
        {"member_id": [f"m{i}" for i in range(len(channel))], "channel": channel}
    ).assign(joined_at=joined)
    times = rng.poisson(0.5 * rng.gamma(2, 0.5, len(channel))[:, None], (len(channel), 11))
    who, month = np.nonzero(times)
    who, month = np.repeat(who, times[who, month]), np.repeat(month, times[who, month])
    day = 30 * month + rng.integers(0, 30, len(who))
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(who))],
            "member_id": people["member_id"].to_numpy()[who],
            "paid_at": joined[who] + pd.to_timedelta(day, unit="D"),
            "amount": rng.integers(10, 31, len(who)).astype(float),
            "cost": 0.0,
        }
    )
    costs = pd.DataFrame({"channel": np.unique(channel), "amount": 900.0, "category": "platform",
                          "starts_on": dt.date(2026, 1, 1)})  # fmt: skip
    tables = {"members": people, "orders": orders, "costs": costs}
    frame = metrics.margin_curves(make_dataset(tables, as_of=AS_OF))
    rows = frame[frame["age"] == 6]
    assert len(rows) == worlds
    # 99.9 % range of Binomial(60, .95): 50 to 60.
    assert ((rows["low"] <= 60) & (rows["high"] >= 60)).sum() >= 50


def test_payback_reads_the_curves():
    curves = pd.DataFrame(
        {
            "channel": ["a"] * 3 + ["b"] * 2,
            "age": [1, 2, 3, 1, 2],
            "at_risk": [90, 80, 70, 50, 40],
            "margin": [10.0, 22.0, 31.0, 1.0, 2.0],
            "low": [8.0, 19.0, 27.0, 0.0, 0.5],
            "high": [12.0, 25.0, 35.0, 2.0, 3.5],
            "cost": [20.0] * 3 + [8.0] * 2,
        }
    )
    found = metrics.payback(curves).set_index("channel")
    assert found.index.tolist() == ["a", "b"]
    assert found.loc["a", ["age", "age_low", "age_high", "seen"]].tolist() == [2, 2, 3, 3]
    assert found.loc["a", "ratio"] == pytest.approx(1.55)
    assert found.loc["b", ["age", "age_low", "age_high"]].isna().all()


def test_without_a_month_of_anybody(make_dataset):
    tables = world(np.random.default_rng(5))
    tables["members"]["joined_at"] = pd.Timestamp(AS_OF) - pd.Timedelta(days=3)
    with pytest.raises(errors.NotEnoughDataError, match="month"):
        metrics.margin_curves(make_dataset(tables, as_of=AS_OF), min_at_risk=1)
