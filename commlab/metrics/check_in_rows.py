"""What checking in was rewarded with, and what those who did bought afterwards (C4)."""

from __future__ import annotations

import datetime as dt
import functools
import operator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab.metrics.participation import DAYS, participation_rows

if TYPE_CHECKING:
    from commlab.dataset import Dataset

REASONS = ("check_in", "check-in", "签到")  # words in the reason of a reward, e.g. 每日签到


def check_in_rows(ds: Dataset, days: int = DAYS) -> pd.DataFrame:
    """Return on how many days members checked in, what that was paid with, and what they left.

    Args:
        ds: The dataset, with orders, check_ins and points.
        days: Length of each window: check-ins and their points in the one before the last,
            margin in the last.

    Returns:
        The frame of `participation_rows` by check-ins alone, and other_days (of writing in a
        group in the same window), reward (points earned in it whose reason holds one of
        `REASONS`, currency units; missing without money per point in the settings, or where the
        ledger holds no such points at all: then it does not say what checking in costs).

    Raises:
        MissingTableError: There are no orders or no points.
        NotEnoughDataError: There are no check-ins, or no margin is known.
    """
    rows = participation_rows(ds, days, by=("check_ins",)).set_index("member_id")
    rows["other_days"] = 0
    if ds.has("messages"):
        wrote = participation_rows(ds, days, by=("messages",)).set_index("member_id")
        rows["other_days"] = wrote["active_days"]
    points = ds.table("points")
    first = ds.as_of - dt.timedelta(days=2 * days - 1)
    day = points["at"].date()
    reason = points.reason.lower()
    named = functools.reduce(operator.or_, (reason.contains(word) for word in REASONS))
    given = points.filter(named, points.delta > 0, day >= first,
                          day <= ds.as_of - dt.timedelta(days=days))  # fmt: skip
    sums = given.group_by("member_id").agg(points=given.delta.sum())
    earned = ds.frame(sums, ["member_id"]).set_index("member_id")["points"].astype(float)
    value = ds.settings.point_value if len(earned) else None
    worth = earned * (np.nan if value is None else value)
    rows["reward"] = worth.reindex(rows.index, fill_value=np.nan if value is None else 0.0)
    return rows.reset_index()
