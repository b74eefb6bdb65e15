"""Push windows: the share of a day, and which window could be the best."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models import group_windows, push_windows


def hours(peak=20, days=60, seed=0, group=None, size=1.0):
    rng = np.random.default_rng(seed)
    rate = np.ones(24)
    rate[[peak % 24, (peak + 1) % 24]] = 9
    table = rng.poisson(size * rate * rng.gamma(4, 0.25, (days, 1)))
    day, hour = np.nonzero(table)
    frame = pd.DataFrame({"day": day, "hour": hour, "people": table[day, hour]})
    return frame if group is None else frame.assign(group_id=group)


def test_the_share_of_a_window_is_that_of_its_hours():
    rows = hours()
    found = push_windows(rows)
    assert found.best == 20
    inside = rows.loc[rows["hour"].isin([20, 21]), "people"].sum() / rows["people"].sum()
    assert found.share.value == pytest.approx(inside)
    assert found.share.low < 18 / 40 < found.share.high
    assert found.candidates == [20]
    assert found.clear
    told = found.told()
    assert (told["start"], told["end"]) == ("20:00", "22:00")


def test_windows_reach_over_midnight():
    found = push_windows(hours(23))
    assert found.best == 23
    assert found.told()["end"] == "01:00"
    one = push_windows(hours(23), width=1)
    assert set(one.candidates) <= {23, 0}
    assert one.to_frame()["share"].sum() == pytest.approx(1)


def test_equal_hours_leave_many_candidates():
    rng = np.random.default_rng(1)
    table = rng.poisson(3, (40, 24))
    day, hour = np.nonzero(table)
    found = push_windows(pd.DataFrame({"day": day, "hour": hour, "people": table[day, hour]}))
    assert len(found.candidates) > 12
    assert not found.clear


def test_a_group_with_other_hours_is_told():
    rows = pd.concat(
        [
            *(hours(20, seed=n, group=f"g{n}") for n in range(5)),
            hours(9, seed=9, group="x", size=0.1),
        ]
    )
    table = group_windows(rows).set_index("group_id")
    assert table.index[table["flagged"]].tolist() == ["x"]
    assert table.loc["x", "start"] == 9
    assert table.loc["x", "difference"] < -0.3


def test_bad_input_is_refused():
    with pytest.raises(NotEnoughDataError, match="14 days"):
        push_windows(hours(days=9))
    with pytest.raises(ArgumentError, match="width"):
        push_windows(hours(), width=13)
