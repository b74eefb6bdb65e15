"""Bands of silence against a walk through the people; what a return cost, by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import metrics, stats
from commlab.errors import MissingTableError, NotEnoughDataError

from . import reference
from .test_churn_features import occasions

AS_OF = dt.date(2026, 6, 24)
HORIZON = 42
STATUSES = ["delivered", "sent", "unsent", "limit", None]


def with_sends(seed):
    world = reference.random_world(seed)
    rng = np.random.default_rng([seed, 9])
    who = rng.choice([*world["members"]["member_id"], None], 2000)
    at = pd.Timestamp("2025-11-05") + pd.to_timedelta(rng.integers(0, 230 * 1440, 2000), "min")
    world["sends"] = pd.DataFrame({
        "send_id": [f"s{i}" for i in range(2000)], "kind": "mass", "member_id": who,
        "planned_at": at, "sent_at": at, "status": rng.choice(STATUSES, 2000)})  # fmt: skip
    return world


def walk(world):
    """[(member, days of silence, came back, written to)] of every spell."""
    out = []
    for place in (1, 2, 3):
        cutoff = AS_OF - dt.timedelta(days=HORIZON * place)
        end, sends = cutoff + dt.timedelta(days=HORIZON), world["sends"]
        reached = sends[sends["status"].isna() | sends["status"].isin(["sent", "delivered"])]
        days = reached["sent_at"].dt.date
        lately = reached[(days <= cutoff) & (days > cutoff - dt.timedelta(days=14))]
        written, later = set(lately["member_id"].dropna()), occasions(world, end)
        for who, own in occasions(world, cutoff).items():
            back = any(day > cutoff for day in later.get(who, {}))
            out.append((who, (cutoff - max(own)).days, back, who in written))
    return out


@pytest.mark.parametrize("seed", [1, 2])
def test_equals_a_walk(make_dataset, seed):
    world = with_sends(seed)
    bands = (14, 28, 56)
    ds = make_dataset(world, as_of=str(AS_OF), min_at_risk=10)
    whole = metrics.dormant_bands(ds, HORIZON, bands=bands)
    parts = metrics.dormant_bands(ds, HORIZON, bands=bands, by_send=True)
    spells = walk(world)
    assert list(whole["band"]) == list(parts["band"].unique()) == ["14–27", "28–55", "56+"]
    table = pd.concat([whole.assign(send="all"), parts])
    seen = 0
    for row in table.itertuples():
        top = 10_000 if pd.isna(row.until) else row.until
        mine = [s for s in spells if row.from_day <= s[1] <= top
                and (row.send == "all" or s[3] == (row.send == "sent"))]  # fmt: skip
        assert row.at_risk == len(mine)
        assert row.returned == sum(s[2] for s in mine)
        if len(mine) < 10:
            assert row.status == "too_few"
            assert np.isnan(row.rate)
            continue
        seen += 1
        people = len({s[0] for s in mine})
        low, high = stats.wilson(row.returned, len(mine), deff=len(mine) / people)
        wanted = (row.returned / len(mine), float(low), float(high))
        assert (row.rate, row.low, row.high) == pytest.approx(wanted)
    assert seen >= 6
    silent = [s for s in spells if s[1] >= 14]
    rate = metrics.returned(whole)
    assert rate.n == len(silent)
    assert rate.value == pytest.approx(sum(s[2] for s in silent) / len(silent))
    assert rate.low < rate.value < rate.high


def test_without_sends_nothing_can_be_told_apart(make_dataset):
    world = reference.random_world(3)
    ds = make_dataset(world, as_of=str(AS_OF))
    assert "send" not in metrics.dormant_bands(ds, HORIZON, bands=(14, 28))
    with pytest.raises(MissingTableError, match="sends"):
        metrics.dormant_bands(ds, HORIZON, bands=(14, 28), by_send=True)
    nowhere = pd.DataFrame({"send_id": ["s1"], "kind": "mass", "group_id": "g1",
                            "sent_at": "2026-05-10"})  # fmt: skip
    ds = make_dataset({**world, "sends": nowhere}, as_of=str(AS_OF))
    with pytest.raises(NotEnoughDataError, match="no send reached a silent person"):
        metrics.dormant_bands(ds, HORIZON, bands=(14, 28), by_send=True)


def test_nobody_silent_is_refused(make_dataset):
    ds = make_dataset(reference.random_world(3), as_of=str(AS_OF))
    with pytest.raises(NotEnoughDataError, match="nobody had been silent for 400 days"):
        metrics.dormant_bands(ds, HORIZON, bands=(400,))


def campaign_world(cost_names="c1"):
    """80 people silent for 59 days; 40 are written to, and 10 of those come back."""
    people = [f"m{i:02d}" for i in range(80)]
    orders = pd.DataFrame({"member_id": people, "paid_at": "2026-01-01", "amount": 10.0})
    back = pd.DataFrame({"member_id": people[:10], "paid_at": "2026-03-10", "amount": 10.0})
    orders = pd.concat([orders, back], ignore_index=True)
    orders["order_id"] = [f"o{i}" for i in range(len(orders))]
    fresh = pd.DataFrame({"order_id": [f"f{i}" for i in range(10)], "amount": 5.0,
                          "member_id": [f"n{i}" for i in range(10)],
                          "paid_at": "2026-02-25"})  # fmt: skip
    written = [*people[:40], *fresh["member_id"]]
    sends = pd.DataFrame({"send_id": [f"s{i}" for i in range(50)], "kind": "mass",
                          "member_id": written, "sent_at": "2026-03-01 10:00",
                          "status": "delivered", "campaign_id": "c1"})  # fmt: skip
    costs = pd.DataFrame({"starts_on": [dt.date(2026, 3, 1)], "category": ["event"],
                          "amount": [500.0], "campaign_id": [cost_names]})  # fmt: skip
    return {"orders": pd.concat([orders, fresh]), "sends": sends, "costs": costs}


def test_cost_of_a_return_by_hand(make_dataset):
    """40 of 50 sends went to silent people: they bear 400 of 500, and 10 came back."""
    ds = make_dataset(campaign_world(), as_of="2026-06-24")
    cost = metrics.cost_per_return(ds, HORIZON)
    assert cost.value == pytest.approx(40.0)
    low, high = stats.wilson(10, 40)
    assert (cost.low, cost.high) == pytest.approx((10 / float(high), 10 / float(low)))
    assert (cost.n, cost.unit) == (10, "money")


def test_costs_that_name_no_such_campaign_are_refused(make_dataset):
    ds = make_dataset(campaign_world(cost_names=None), as_of="2026-06-24")
    with pytest.raises(NotEnoughDataError, match="reached 0 silent people"):
        metrics.cost_per_return(ds, HORIZON)
