"""Matches of opinion leaders: near enough, each once, scarce ones first; and lifts by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.models.koc_later import CALIPER, _nearest
from commlab.stats import jackknife_reach


def values(numbers, letter):
    return pd.Series(numbers, index=[f"{letter}{n}" for n in range(len(numbers))], dtype=float)


def test_matches_are_near_and_nobody_is_one_twice():
    rng = np.random.default_rng(0)
    others = values(rng.gamma(2, 10, 500), "o")
    mine = values([20.0, 21.0, 22.0, 25.0, 400.0], "m")
    found = _nearest(mine, others, 5)
    assert [len(one) for one in found] == [5, 5, 5, 5, 0]  # nobody is like the last one
    ids = np.concatenate(found)
    assert len(set(ids)) == 20
    caliper = CALIPER * np.log1p(pd.concat([mine, others])).std(ddof=0)
    for own, match in zip(mine, found, strict=True):
        assert (np.abs(np.log1p(others[list(match)]) - np.log1p(own)) <= caliper).all()


def test_who_has_one_match_only_gets_it():
    found = _nearest(values([10.0, 10.4], "m"), values([10.8, 9.7, 0.0, 90.0], "o"), 1)
    assert [list(one) for one in found] == [["o1"], ["o0"]]


def test_candidates_of_one_group_hang_together():
    """Six groups, five candidates each that share their group's luck: one is as good as five."""
    rng = np.random.default_rng(1)
    luck = rng.normal(5, 3, 6)
    top, size = (5 * luck)[:, None], np.full((6, 1), 5.0)
    alone = 3 / np.sqrt(30)  # as if thirty candidates were independent
    half = jackknife_reach(top, size, np.array([alone]))[0]
    by_hand = 2.570582 * luck.std(ddof=1) / np.sqrt(6)
    assert half == pytest.approx(by_hand, rel=1e-6)
    assert half > 1.96 * alone
    few = jackknife_reach(top[:3], size[:3], np.array([alone]))[0]
    assert few == pytest.approx(1.959964 * alone)


def test_what_no_table_tells_is_no_sign():
    rows = pd.DataFrame(
        {"member_id": ["a", "b"], "takes": [5, 5], "full_price": pd.array([0, 3], dtype="Int64"),
         "net": [0.0, 300.0], "messages": pd.array([None, None], dtype="Int64"),
         "steps_after": pd.array([0, 9], dtype="Int64"), "left": pd.array([True, False])}
    )  # fmt: skip
    got = cl.models.freebie_score(rows)
    assert got.tolist() == pytest.approx([15 / 16, 0.0])
    # Two signs are known: they alone make nobody a hunter.
    blind = rows.assign(steps_after=pd.array([None, None], dtype="Int64"))
    assert cl.models.freebie_score(blind)[0] == pytest.approx(15 / 16 * 4 / 9)
    assert not cl.models.freebie_hunters(blind, cl.models.freebie_score(blind)).any()


def test_classes_use_the_level_of_the_intervals():
    rng = np.random.default_rng(2)
    people = rng.integers(20, 60, 15)
    mean = rng.normal(0.35, 0.08, 15)
    sums = pd.DataFrame({"group_id": [f"g{n}" for n in range(15)], "people": people,
                         "total": people * mean, "square": people * (mean**2 + 0.04)})  # fmt: skip
    wide = cl.models.group_classes(cl.models.group_stages(sums, level=0.99), level=0.99)
    usual = cl.models.group_classes(cl.models.group_stages(sums))
    assert wide["p_class"].to_numpy() == pytest.approx(usual["p_class"].to_numpy(), abs=1e-9)
