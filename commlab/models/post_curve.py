"""Orders of those present by day around posts: the picture beside `post_influence`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.influence_rows import InfluenceRows
from commlab.models.influence import (
    AFTER_DAYS,
    Array,
    _blocks,
    _Place,
    _place,
    _present,
    _week,
    _within,
)
from commlab.stats import jackknife_reach


def event_curve(
    rows: InfluenceRows,
    members: Iterable[str],
    *,
    days: tuple[int, int] = (-4, 6),
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return orders of those present by day before and after posts, all members together.

    Args:
        rows: What `metrics.influence_rows` returned.
        members: Whose posts.
        days: First and last day from the post.
        level: Confidence level.

    Days that other posts of the same member reach are left out, so that a curve before the post
    is not raised by the post before.

    Returns:
        Frame: day (0 is the day that begins with the post), orders, expected (from the hours of
        the same weeks outside the days after posts), posts, mean (orders above it for each 1,000
        present and day), low, high.
    """
    chosen = set(members)
    posts = rows.posts[rows.posts["member_id"].isin(chosen)]
    lags = np.arange(days[0], days[1] + 1)
    names = sorted(posts["group_id"].astype(str).unique())
    shape = (len(names), len(lags))
    seen_in, due_in, size_in = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    count = 0
    for (member, group), own in posts.groupby(["member_id", "group_id"], sort=True):
        at = np.sort(own["at"].to_numpy(dtype=float))
        place = _place(rows, str(member), str(group))
        quiet = ~_within(place.middle, at, AFTER_DAYS)
        calm = ~_within(place.orders, at, AFTER_DAYS)
        rate = _rates(place, quiet, calm)
        seen, due, size = (item[names.index(str(group))] for item in (seen_in, due_in, size_in))
        for number, lag in enumerate(lags):
            begin = at + lag
            inside = (begin >= 0) & (begin + 1 <= rows.length) & (rate[_week(at)] >= 0)
            # Another post whose days reach this one would be counted as what this post moves.
            near = np.searchsorted(at, begin + 1, "left")
            near = near - np.searchsorted(at, begin - AFTER_DAYS, "right")
            inside &= near == (0 <= lag < AFTER_DAYS)
            begin, week = begin[inside], _week(at[inside])
            ends = np.searchsorted(place.orders, [begin, begin + 1])
            seen[number] += (ends[1] - ends[0]).sum()
            there = _present(place.begins, place.ends, begin)
            due[number] += (rate[week] * there).sum()
            size[number] += there.sum()
        count += len(at)
    seen, due, size = (item.sum(axis=0) for item in (seen_in, due_in, size_in))
    if not size.all():
        raise NotEnoughDataError("there are no posts with members present around them.")
    floor = np.sqrt(np.maximum(seen, 1.0)) / size * 1000
    half = jackknife_reach(seen_in - due_in, size_in / 1000, floor, level=level)
    mean = (seen - due) / size * 1000
    return pd.DataFrame(
        {"day": lags, "orders": seen.astype(int), "expected": due, "posts": count, "mean": mean,
         "low": mean - half, "high": mean + half}
    )  # fmt: skip


def _rates(place: _Place, quiet: npt.NDArray[np.bool_], calm: npt.NDArray[np.bool_]) -> Array:
    """Return the rate of orders a person and day outside the windows, by week; -1 for none."""
    n = int(_week(place.middle[-1:])[0]) + 1
    hours = np.bincount(_week(place.middle), place.weight * quiet, n)
    orders = np.bincount(_week(place.orders), calm, n)
    whole = np.bincount(_week(place.middle), place.weight, n)
    block = _blocks(hours, whole)
    hours, orders = np.bincount(block, hours)[block], np.bincount(block, orders)[block]
    return np.where(hours > 0, orders / np.maximum(hours, 1e-12), -1.0)
