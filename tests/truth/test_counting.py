"""Numpy and the engine count the same, so intervals may be judged on numpy's counts."""

from __future__ import annotations

import pandas as pd
import pytest

from commlab import metrics

from .counting import counted
from .experiments.retention import MEMBERS
from .worlds import community, steady_world


def frames(ds):
    """Everything that the experiments of retention read."""
    week = {"cohort": "week", "activity": "message"}
    change = metrics.retention_change(ds, 1, **week)
    return [
        metrics.retention(ds, **week),
        metrics.retention(ds, cohort="week", activity="order"),
        metrics.overall_retention(ds, **week),
        metrics.compare_retention(ds, split="channel", **week),
        pd.DataFrame([{"low": change.difference.low, "high": change.difference.high}]),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_engine_gives_the_same_frames(seed):
    world = steady_world()
    with community(world, seed, MEMBERS) as ds:
        expected = frames(ds)
    with counted(world, seed, MEMBERS) as ds:
        found = frames(ds)
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)
