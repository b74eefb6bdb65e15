"""The null world of the trade: nothing happens, and the naive readings are as large as published.

The published figures: participants' daily spend +317 %, 13 days 1.81 times November, the same
rule on the untouched holdout +320 %; with 0.6 orders a month +151 %, before and after +40 %.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from commlab.dataset import open_dataset
from commlab.simulate import NullWorld, null_world, read_truth
from commlab.simulate.null_world import expected_readings

SEEDS = range(12)
ZONE = "Asia/Shanghai"


def spend_by_arm(world: NullWorld) -> pd.DataFrame:
    """Members with arm, participation, and spend in November and in the campaign's 13 days."""
    orders = world.tables["orders"].to_pandas()
    day = orders.paid_at.dt.tz_convert(ZONE)
    spend = orders.amount.astype(float)
    people = world.tables["assignments"].to_pandas().set_index("member_id")
    for name, first, end in (
        ("november", "2025-11-01", "2025-12-01"),
        ("window", "2025-12-01", "2025-12-14"),
    ):
        inside = (day >= pd.Timestamp(first, tz=ZONE)) & (day < pd.Timestamp(end, tz=ZONE))
        people[name] = spend[inside].groupby(orders.member_id[inside]).sum()
    return people.fillna({"november": 0.0, "window": 0.0})


def readings(people: pd.DataFrame, chosen: pd.Series) -> tuple[float, float]:
    """Total of the window over that of November, and gain in daily spend, of those chosen."""
    ratio = people.window[chosen].sum() / people.november[chosen].sum()
    return ratio, ratio * 30 / 13 - 1


def test_closed_form_gives_the_published_figures() -> None:
    trade, mild = expected_readings(), expected_readings(0.6)
    assert trade["daily_gain"] == pytest.approx(3.17, abs=0.03)
    assert trade["window_over_november"] == pytest.approx(1.81, abs=0.01)
    assert mild["daily_gain"] == pytest.approx(1.51, abs=0.03)
    assert trade["before_after"] == mild["before_after"] == pytest.approx(0.40)


@pytest.mark.parametrize("orders_a_month", [0.258, 0.6])
def test_naive_readings_over_seeds(orders_a_month: float) -> None:
    truth = expected_readings(orders_a_month)
    found = []
    for seed in SEEDS:
        people = spend_by_arm(null_world(seed, orders_a_month=orders_a_month))
        ours = people.participated_at.notna()
        # The same rule on the holdout: half of those who bought, whom no campaign touched.
        holdout = (people.arm == "control") & (people.window > 0)
        holdout &= np.random.default_rng(seed).random(len(people)) < 0.5
        assert not ours[people.arm == "control"].any()
        found.append([*readings(people, ours), *readings(people, holdout),
                      readings(people, people.arm != "")[1]])  # fmt: skip
    found = np.array(found)
    wanted = [truth["window_over_november"], truth["daily_gain"]] * 2 + [truth["before_after"]]
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    # A ratio of sums is biased by the order of its squared error; the error itself hides it.
    assert (np.abs(found.mean(axis=0) - wanted) < 4 * error).all()
    if orders_a_month < 0.5:
        assert (found[:, [1, 3]] > 1.5).all()
        assert (found[:, [0, 2]] > 1.4).all()


def test_intention_to_treat_rejects_at_the_promised_rate() -> None:
    scores = []
    for seed in range(60):
        people = spend_by_arm(null_world(1000 + seed, members=4000))
        ours, others = (people.window[people.arm == arm] for arm in ("treated", "control"))
        error = np.sqrt(ours.var() / len(ours) + others.var() / len(others))
        scores.append((ours.mean() - others.mean()) / error)
    rejected = int((np.abs(scores) > 1.96).sum())
    low, high = stats.binom.ppf([0.0005, 0.9995], 60, 0.05)
    assert low <= rejected <= high
    assert abs(np.mean(scores)) < 4 / np.sqrt(60)


def test_buyers_are_an_nbd() -> None:
    world = null_world(3)
    people = spend_by_arm(world)
    n = world.tables["orders"].to_pandas().groupby("member_id").size()
    count = n.reindex(people.index, fill_value=0).to_numpy()
    mean = 0.258 / 30 * (184 + 0.4 * 13)
    silent = (1 + mean / 0.5) ** -0.5
    assert abs(count.mean() - mean) < 4 * count.std() / np.sqrt(count.size)
    assert abs((count == 0).mean() - silent) < 4 * np.sqrt(silent * (1 - silent) / count.size)
    half = people.participated_at.notna().sum()
    buyers = ((people.arm == "treated") & (people.window > 0)).sum()
    assert abs(half - buyers / 2) < 4 * np.sqrt(buyers) / 2


def test_it_is_a_workspace_and_the_same_again(tmp_path) -> None:
    world = null_world(5, members=2000)
    ds = open_dataset(world.write(tmp_path / "null"))
    assert not ds.check().errors
    assert [f.name for f in ds.settings.festivals] == ["festival"]
    assert read_truth(tmp_path / "null") == world.truth
    again = null_world(5, members=2000)
    assert all(again.tables[name].equals(rows) for name, rows in world.tables.items())
    assert not null_world(6, members=2000).tables["orders"].equals(world.tables["orders"])
