"""Stages by rank and line, what chance makes of ranks, classes, time spent golden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from commlab.errors import NotEnoughDataError
from commlab.models import (
    golden_time,
    group_classes,
    group_stages,
    stage_counts,
    told_apart,
    weekly_stages,
)
from commlab.models.groupstage import bottom
from tests.truth.harness import noise_range

from .grouplogs import weeks


def sums(means, people=40, seed=0):
    """Sums of 0/1 values whose true means are given."""
    rng = np.random.default_rng(seed)
    total = rng.binomial(people, means)
    return pd.DataFrame({"group_id": [f"g{n:02}" for n in range(len(means))], "people": people,
                         "total": total.astype(float), "square": total.astype(float)})  # fmt: skip


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.floats(0.05, 0.5))
def test_never_more_than_the_share_and_never_one_above_another_left_out(values, share):
    low = bottom(values, share)
    assert low.sum() <= share * len(values) + 1e-9
    array = np.array(values)
    if low.any():
        assert array[low].max() < array[~low].min()


def test_ten_groups_have_two_silver_ones_and_alike_groups_none():
    assert bottom(range(10), 0.2).sum() == 2
    assert bottom([3] * 10, 0.2).sum() == 0
    assert bottom([1, np.nan, 2, 3, 4, 5], 0.2).tolist() == [True] + [False] * 5


def test_a_ranking_finds_a_lowest_fifth_where_groups_do_not_differ():
    told, ranked = 0, 0
    for seed in range(100):
        table = group_stages(sums([0.4] * 20, seed=seed))
        ranked += stage_counts(table)["silver"]
        told += stage_counts(table)["sure"] > 0
    assert ranked > 100 * 2  # by rank there is nearly always somebody
    assert told <= noise_range(100, 0.05)[1]  # corrected: at most 5 % of worlds are promised


def test_where_none_is_silver_there_is_no_count():
    assert told_apart(group_stages(sums([0.4] * 4))).status == "refused"
    counted = told_apart(group_stages(sums([0.05] + [0.5] * 19, people=60)))
    assert (counted.value, counted.n) == (1, 20)


def test_a_group_that_lies_below_is_told_apart():
    table = group_stages(sums([0.05] + [0.5] * 19, people=60))
    row = table.set_index("group_id").loc["g00"]
    assert (row["rank_stage"], row["verdict"]) == ("silver", "below")
    assert row["value"] > row["mean"]  # drawn towards the whole


def test_a_silent_group_is_low_not_too_few():
    table = group_stages(sums([0.0] + [0.5] * 9)).set_index("group_id")
    row = table.loc["g00"]
    assert (row["status"], row["line_stage"], row["verdict"]) == ("ok", "silver", "below")


def test_the_line_looks_at_nobody_else():
    table = group_stages(sums([0.02] * 10, people=400), line=0.1)
    assert (table["line_stage"] == "silver").all()
    assert (group_stages(sums([0.5] * 10), line=0.1)["line_stage"] == "golden").all()


def test_small_groups_take_no_rank():
    frame = sums([0.5] * 6)
    frame.loc[0, ["people", "total", "square"]] = [3, 0.0, 0.0]
    row = group_stages(frame).set_index("group_id").loc["g00"]
    assert (row["status"], row["rank_stage"]) == ("too_few", "")
    with pytest.raises(NotEnoughDataError):
        group_stages(frame.head(1))


def test_classes_are_fifths_and_halves_with_their_probability():
    table = group_stages(sums(np.linspace(0.1, 0.9, 20), people=400))
    found = group_classes(table)
    assert found["class"].value_counts().to_dict() == {"S": 4, "A": 6, "B": 6, "C": 4}
    ends = found.set_index("group_id")["p_class"]
    assert ends["g19"] > 0.95
    assert ends["g00"] > 0.95
    alike = group_classes(group_stages(sums([0.5] * 20, people=40, seed=3)))
    assert alike["p_class"].mean() < 0.6
    pd.testing.assert_frame_equal(found, group_classes(table))
    with pytest.raises(NotEnoughDataError, match="need 5"):
        group_classes(table.head(4))


def test_stages_by_week_know_nothing_of_later_weeks():
    rng = np.random.default_rng(5)
    frame = pd.concat([weeks(rng.poisson(5 + n, 14), f"g{n}", members=30.0) for n in range(10)])
    whole = weekly_stages(frame)
    end = whole["week"].sort_values().unique()[7]
    cut = weekly_stages(frame[frame["week"] <= end])
    early = whole[whole["week"] <= end].reset_index(drop=True)
    pd.testing.assert_frame_equal(early, cut)


def test_time_golden_counts_known_weeks():
    frame = pd.concat([weeks([1] * 6, "low")] + [weeks([15] * 6, f"g{n}") for n in range(9)])
    time = golden_time(weekly_stages(frame)).set_index("group_id")
    assert time.loc["low", ["weeks", "golden_weeks", "line_weeks"]].tolist() == [6, 0, 0]
    assert time.loc["g0", "golden_share"] == 1.0
    gap = frame.assign(status=np.where(frame["age"] == 2, "gap", "ok"))
    assert golden_time(weekly_stages(gap)).set_index("group_id").loc["g0", "weeks"] == 5


def test_value_takes_the_place_of_activity():
    frame = pd.concat([weeks([5] * 3, f"g{n}") for n in range(5)])
    values = frame[["group_id", "week"]].assign(people=40, mean=frame["group_id"].map(
        {"g0": 1.0, "g1": 9.0, "g2": 8.0, "g3": 7.0, "g4": 6.0}), high=3)  # fmt: skip
    staged = weekly_stages(frame, values)
    assert set(staged.loc[staged["silver"].astype(bool), "group_id"]) == {"g0"}
    assert (staged["count"] == 3).all()
