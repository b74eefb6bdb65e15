"""A holdout that is random, of the promised size, and alike in what the list is sorted by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from commlab.errors import ArgumentError
from commlab.models.holdout import holdout_arms, seed_of, strata


def people(n, **columns):
    return pd.DataFrame({"member_id": [f"m{i}" for i in range(n)], **columns})


@pytest.mark.parametrize(("holdout", "n", "held"), [(0.2, 500, 100), (0.5, 10, 5), (0.15, 400, 60)])
def test_the_share_is_exact_where_blocks_fit(holdout, n, held):
    arms = holdout_arms(people(n), holdout, seed=3)
    assert (arms == "control").sum() == held
    assert set(arms) == {"control", "treated"}


@pytest.mark.parametrize("n", [7, 23])
def test_everybody_has_the_same_chance(n):
    frame, seeds = people(n), 4000
    held = sum((holdout_arms(frame, 0.2, seed=s) == "control").to_numpy() for s in range(seeds))
    low, high = stats.binom.ppf([0.0005 / n, 1 - 0.0005 / n], seeds, 0.2)
    assert ((held >= low) & (held <= high)).all()


def test_neighbours_are_not_tied_to_one_pattern():
    frame = people(10)
    patterns = {tuple(holdout_arms(frame, 0.2, seed=s)) for s in range(400)}
    assert len(patterns) == 25  # 5 places in each of two blocks


def test_every_stratum_is_held_out_alike_and_the_list_order_is_balanced():
    rng = np.random.default_rng(1)
    frame = people(
        1000, adviser_id=rng.choice(["a", "b", None], 1000), risk=np.linspace(1, 0, 1000)
    )
    arms = holdout_arms(frame, 0.2, by="adviser_id", seed=5)
    shares = (arms == "control").groupby(frame["adviser_id"].fillna("")).mean()
    assert shares.between(0.19, 0.21).all()
    risk = frame.groupby(arms)["risk"].mean()
    # Within blocks of five the ranks differ by at most 4/1000 of the range.
    assert abs(risk["control"] - risk["treated"]) < 0.02


def test_a_numeric_column_is_cut_into_fifths():
    found = strata(people(100, risk=np.arange(100.0)), "risk")
    assert found.value_counts().tolist() == [20] * 5


def test_same_seed_same_arms_and_the_list_is_not_changed():
    frame = people(40)
    before = frame.copy()
    seed = seed_of("c1")
    assert holdout_arms(frame, 0.2, seed=seed).equals(holdout_arms(frame, 0.2, seed=seed))
    assert not holdout_arms(frame, 0.2, seed=seed).equals(
        holdout_arms(frame, 0.2, seed=seed_of("c2"))
    )
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(("options", "words"), [
    ({"holdout": 0.0}, "at least 5"), ({"holdout": 1.0}, "at most 95"),
    ({"holdout": 0.01}, "holdout is 0.01"),
    ({"holdout": 0.2, "by": "store"}, "no such column"),
])  # fmt: skip
def test_bad_arguments_are_named(options, words):
    with pytest.raises(ArgumentError, match=words):
        holdout_arms(people(5), **options)


def test_an_empty_list_gives_no_arms():
    assert holdout_arms(people(0), 0.2).empty
