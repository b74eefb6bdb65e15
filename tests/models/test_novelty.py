"""Halves of a campaign: sums by hand, a planted fading, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from campaign_worlds import AS_OF, START, world

from commlab.errors import NotEnoughDataError
from commlab.metrics.campaign_halves import campaign_halves
from commlab.metrics.outcomes import campaign_outcomes
from commlab.models.novelty import novelty

MIDDLE = START + pd.Timedelta(days=7) - pd.Timedelta(seconds=0.5)


@pytest.fixture
def engine():
    return "duckdb"


def early(tables, effect, seed=0):
    """Add orders of the treated in the first three days."""
    rng = np.random.default_rng(seed)
    listed = tables["assignments"]
    ids = listed.loc[listed["arm"] == "treated", "member_id"].to_numpy()
    ids = ids[rng.random(len(ids)) < effect]
    extra = pd.DataFrame({"order_id": [f"e{k}" for k in range(len(ids))], "member_id": ids,
                          "paid_at": "2026-03-02 10:00", "amount": 50.0, "cost": 20.0})  # fmt: skip
    return tables | {"orders": pd.concat([tables["orders"], extra])}


def test_halves_are_those_of_the_orders(make_dataset):
    tables = world(n=400, effect=0.4)
    ds = make_dataset(tables, as_of=AS_OF)
    outcomes = campaign_outcomes(ds, "c")
    orders = tables["orders"]
    at = pd.to_datetime(orders["paid_at"])
    inside = orders[at.between(START, START + pd.Timedelta(days=14) - pd.Timedelta(seconds=1))]
    first = inside[pd.to_datetime(inside["paid_at"]) < MIDDLE]["member_id"].value_counts()
    every = inside["member_id"].value_counts()
    got = campaign_halves(ds, outcomes).frame(["member_id", "first", "second", "change", "orders"])
    got = got.set_index("member_id")
    assert (got["first"] == first.reindex(got.index, fill_value=0)).all()
    assert (got["first"] + got["second"] == every.reindex(got.index, fill_value=0)).all()
    assert (got["first"] + got["second"] == got["orders"]).all()
    found = novelty(ds, outcomes)
    arm = tables["assignments"].set_index("member_id")["arm"]
    means = got.groupby(arm).mean()
    for name in ("first", "second", "change"):
        gap = means.loc["treated", name] - means.loc["control", name]
        assert found.estimates[name].value == pytest.approx(gap)
    money = novelty(ds, outcomes, "revenue").estimates["change"].value
    assert money == pytest.approx(50 * found.estimates["change"].value)


def test_a_planted_fading_is_seen_and_an_even_effect_is_not_called_one(make_dataset):
    faded = make_dataset(early(world(n=3000, effect=0.0), 0.4), as_of=AS_OF)
    found = novelty(faded, campaign_outcomes(faded, "c"))
    change = found.estimates["change"]
    assert found.way == "down"
    assert change.low <= -0.4 <= change.high
    assert found.estimates["second"].low <= 0 <= found.estimates["second"].high
    even = make_dataset(world(n=3000, effect=0.5), as_of=AS_OF)
    found = novelty(even, campaign_outcomes(even, "c"))
    assert found.way == "none"
    for name in ("first", "second"):
        assert found.estimates[name].low <= 0.15 <= found.estimates[name].high


def test_few_groups_go_by_rerandomisation(make_dataset):
    ds = make_dataset(world(n=900, groups=24, design="clustered", shared=0.3), as_of=AS_OF)
    found = novelty(ds, campaign_outcomes(ds, "c")).estimates["change"]
    assert found.method == "re-randomisation"
    assert found.low < found.value < found.high


def test_what_cannot_be_halved_is_refused(make_dataset):
    tables = world(n=300)
    chosen = make_dataset(world(n=300, design="observational"), as_of=AS_OF)
    with pytest.raises(NotEnoughDataError, match="nobody was assigned"):
        novelty(chosen, campaign_outcomes(chosen, "c"))
    running = make_dataset(tables, as_of="2026-03-08")
    with pytest.raises(NotEnoughDataError, match="not over"):
        novelty(running, campaign_outcomes(running, "c"))
    few = tables["assignments"].groupby("arm").head(20)
    small = make_dataset(tables | {"assignments": few}, as_of=AS_OF)
    with pytest.raises(NotEnoughDataError, match="an arm has 20 people"):
        novelty(small, campaign_outcomes(small, "c"))
    at = pd.to_datetime(tables["orders"]["paid_at"])
    hollow = tables["orders"][~at.between(MIDDLE, START + pd.Timedelta(days=14))]
    one_half = make_dataset(tables | {"orders": hollow}, as_of=AS_OF)
    with pytest.raises(NotEnoughDataError, match="people bought in one of the halves"):
        novelty(one_half, campaign_outcomes(one_half, "c"))
