"""Groups by what they are for: a group counts once, and chance is not taken for a difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import commlab as cl
from commlab.errors import MissingTableError, NotEnoughDataError


def made(rng: np.random.Generator, shift: float, groups: int = 30) -> tuple[pd.DataFrame, ...]:
    """Groups of two goals whose activity differs by `shift`, and of three regions that do not."""
    ids = [f"g{n}" for n in range(groups)]
    goal = np.where(np.arange(groups) % 2, "sales", "loyalty")
    region = np.array(["north", "south", "west"])[rng.integers(3, size=groups)]
    mean = 0.3 + 0.08 * rng.standard_normal(groups) + shift * (goal == "loyalty")
    people = rng.integers(20, 60, groups)
    traits = pd.DataFrame({"group_id": ids, "region": region, "goal": goal})
    return traits, pd.DataFrame({"group_id": ids, "people": people, "total": mean * people})


def test_means_and_intervals_are_those_of_groups() -> None:
    traits, sums = made(np.random.default_rng(1), 0.0)
    table = cl.models.group_dimensions(traits, sums).set_index("segment")
    means = (sums["total"] / sums["people"])[traits["goal"] == "sales"]
    low, high = stats.t.interval(0.95, len(means) - 1, means.mean(), stats.sem(means))
    row = table.loc["sales"]
    assert row["groups"] == 15
    assert row[["mean", "mean_low", "mean_high"]].tolist() == pytest.approx(
        [means.mean(), low, high]
    )
    rest = (sums["total"] / sums["people"])[traits["goal"] == "loyalty"]
    assert row["p"] == pytest.approx(stats.ttest_ind(means, rest, equal_var=False).pvalue)


def test_a_kind_that_lives_more_is_told_and_chance_is_not() -> None:
    rng = np.random.default_rng(2)
    found = [
        cl.models.group_dimensions(*made(rng, shift)).set_index("segment")["flagged"]
        for shift in (0.25, 0.0)
        for _ in range(40)
    ]
    assert all(flagged["loyalty"] for flagged in found[:40])
    # Corrected over all kinds: some flag in at most 5 % of worlds; 99.9 % of Binomial(40, .05).
    assert sum(flagged.any() for flagged in found[40:]) <= stats.binom.ppf(0.9995, 40, 0.05)


def test_few_groups_say_nothing_of_their_kind() -> None:
    traits, sums = made(np.random.default_rng(3), 0.0)
    traits.loc[:2, "region"] = "east"
    table = cl.models.group_dimensions(traits, sums).set_index("segment")
    assert table.loc["east", "status"] == "too_few"
    assert np.isnan(table.loc["east", "mean"])
    assert not table.loc["east", "flagged"]


def test_small_groups_do_not_count_and_nothing_to_compare_is_refused() -> None:
    traits, sums = made(np.random.default_rng(4), 0.0)
    small = sums.assign(people=sums["people"].where(traits["goal"] == "sales", 4))
    with pytest.raises(NotEnoughDataError, match="no two kinds"):
        cl.models.group_dimensions(traits[["group_id", "goal"]], small)
    with pytest.raises(NotEnoughDataError, match="no two kinds"):
        cl.models.group_dimensions(traits.assign(goal="sales", region=None), sums)


def test_traits_are_the_columns_that_are_filled(make_dataset) -> None:
    groups = pd.DataFrame({"group_id": ["b", "a"], "created_at": "2026-01-01", "region": None,
                           "goal": ["sales", None]})  # fmt: skip
    orders = pd.DataFrame({"order_id": ["o"], "member_id": ["m"], "paid_at": ["2026-03-01 09:00"],
                           "amount": [1.0]})  # fmt: skip
    traits = cl.metrics.group_traits(make_dataset({"groups": groups, "orders": orders}))
    assert traits.columns.tolist() == ["group_id", "goal"]
    assert traits["group_id"].tolist() == ["a", "b"]
    with pytest.raises(MissingTableError, match=r"groups\.product"):
        cl.metrics.group_traits(make_dataset({"orders": orders}))
