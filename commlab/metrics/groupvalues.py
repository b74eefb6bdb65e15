"""The community value of each group week by week, as it was known at the end of each week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics import periods
from commlab.metrics.groupmeans import HIGH_VALUE, group_points
from commlab.tables import table

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WEEKS = 26  # half a year: every path through trial, cleaning, watch and closing fits in


def weekly_values(
    ds: Dataset,
    points_of: Callable[[Dataset], pd.DataFrame],
    *,
    weeks: int = WEEKS,
    high_value: float = HIGH_VALUE,
) -> pd.DataFrame:
    """Return the mean points of the members of each group, and how many are of high value.

    Points are counted anew from the workspace as it was known at the end of each week.

    Args:
        ds: The dataset, with memberships.
        points_of: Function of a dataset that returns member_id and points, `metrics.member_points`.
        weeks: Complete weeks looked back.
        high_value: Points above which a member counts as of high value.

    Returns:
        Frame: group_id, week (first day), people, mean, high.

    Raises:
        NotEnoughDataError: No week is complete.
    """
    guards.whole("weeks", weeks, low=1)
    last = periods.last_complete(ds.as_of, "week", ds.settings.week_start)
    starts = periods.starts(range(last - weeks + 1, last + 1), "week", ds.settings.week_start)
    first = _first_day(ds)
    parts = []
    for start in starts:
        end = start.date() + dt.timedelta(days=6)
        if end < first:
            continue
        then = ds.at(end)
        sums = group_points(then, points_of(then), high_value)
        parts.append(sums.assign(week=start))
    if not parts:
        raise NotEnoughDataError("no week is complete, so there is no community value by week.")
    frame = pd.concat(parts, ignore_index=True)
    frame["mean"] = frame["total"] / frame["people"].clip(lower=1)
    return frame[["group_id", "week", "people", "mean", "high"]]


def _first_day(ds: Dataset) -> dt.date:
    """Return the day from which there are members in groups, and orders or messages to count."""

    def begin(name: str) -> dt.date:
        rows = ds.table(name)
        day = ds.frame(rows.agg(first=rows[table(name).event].min()))["first"].iloc[0]
        return ds.as_of if pd.isna(day) else pd.Timestamp(day).date()

    told = [begin(name) for name in ("orders", "messages") if ds.has(name)]
    return max([begin("memberships"), *([min(told)] if told else [])])
