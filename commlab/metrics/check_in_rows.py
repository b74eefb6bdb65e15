"""What checking in was rewarded with, and what those who did bought afterwards (C4)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab.metrics.participation import DAYS, participation_rows

if TYPE_CHECKING:
    from commlab.dataset import Dataset

REASONS = ("check_in", "签到")


def check_in_rows(ds: Dataset, days: int = DAYS) -> pd.DataFrame:
    """Return on how many days members checked in, what that was paid with, and what they left.

    Args:
        ds: The dataset, with orders, check_ins and points.
        days: Length of each window: check-ins and their points in the one before the last,
            margin in the last.

    Returns:
        The frame of `participation_rows` by check-ins alone, and other_days (of writing in a
        group in the same window), reward (points of the reasons "check_in" or "签到" earned in it,
        currency units; missing without money per point in the settings).

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
    given = points.filter(points.reason.isin(REASONS), points.delta > 0, day >= first,
                          day <= ds.as_of - dt.timedelta(days=days))  # fmt: skip
    sums = given.group_by("member_id").agg(points=given.delta.sum())
    earned = ds.frame(sums, ["member_id"]).set_index("member_id")["points"].astype(float)
    value = ds.settings.point_value
    worth = earned * (np.nan if value is None else value)
    rows["reward"] = worth.reindex(rows.index, fill_value=np.nan if value is None else 0.0)
    return rows.reset_index()
