"""At which hours members write: the profile of the day and the week."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics import periods
from commlab.metrics.activity import covered

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW_DAYS = 84  # twelve weeks: long enough for every weekday, short enough for today's habits
HOURS = 24


def day_hours(
    ds: Dataset, window_days: int = WINDOW_DAYS, *, by_group: bool = False
) -> pd.DataFrame:
    """Return how many members wrote in each hour of each day.

    A member counts once an hour however much they write: a push is to reach people, and one loud
    voice is not many ears.

    Args:
        ds: The dataset, with messages.
        window_days: Days looked back from the last day that the messages cover.
        by_group: Whether to count each chat group apart.

    Returns:
        Frame: day (days since 1970), hour (0–23), people, and group_id on demand; only hours in
        which somebody wrote. Members are all who are not staff; messages outside groups are left
        out, revoked ones too.

    Raises:
        MissingTableError: There are no messages.
        NotEnoughDataError: No member wrote in a group in the window.
    """
    guards.whole("window_days", window_days, low=1)
    rows = ds.table("messages")
    rows = rows.filter(~rows.revoked, rows.group_id.notnull(), rows.member_id.notnull())
    rows = rows.anti_join(ds.staff_ids(), "member_id")
    until = _last_day(ds)
    since = until - dt.timedelta(days=window_days - 1)
    rows = rows.filter(
        rows.sent_at >= dt.datetime.combine(since, dt.time()),
        rows.sent_at < dt.datetime.combine(until + dt.timedelta(days=1), dt.time()),
    )
    keys = ["group_id", "day", "hour"] if by_group else ["day", "hour"]
    rows = rows.mutate(day=_day(rows.sent_at), hour=rows.sent_at.hour().cast("int64"))
    frame = ds.frame(rows.group_by(keys).agg(people=rows.member_id.nunique()), keys)
    if frame.empty:
        raise NotEnoughDataError(f"no member wrote in a group in the last {window_days} days.")
    return frame


def _day(at: ir.TimestampValue) -> ir.IntegerValue:
    return at.cast("date").epoch_days().cast("int64")


def _last_day(ds: Dataset) -> dt.date:
    """Return the last whole day of the messages: a day that the export cuts short looks quiet."""
    rows = ds.table("messages").filter(ibis._.group_id.notnull())
    last = ds.frame(rows.agg(last=_day(rows.sent_at).max()))["last"].iloc[0]
    if pd.isna(last):
        raise NotEnoughDataError("no message is in a group.")
    _, covers = covered(ds, "message", "day", 0)
    end = periods.number_of(ds.as_of, "day") if covers is None else covers
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(min(end, max(int(last), 0))))


def week_profile(hours: pd.DataFrame) -> pd.DataFrame:
    """Return what share of a usual week's activity falls into each hour of each weekday.

    Args:
        hours: From `day_hours`, not by group.

    Returns:
        Frame of 7 × 24 rows: weekday (0 is Monday), hour, days (of this weekday with any
        activity), people (member-hours in all), mean (of those days), share (of the whole week,
        sums to 1).
    """
    weekday = (hours["day"].to_numpy() + 3) % 7  # 1970-01-01 was a Thursday
    days = np.array([len(set(hours["day"].to_numpy()[weekday == place])) for place in range(7)])
    total = np.zeros((7, HOURS))
    np.add.at(total, (weekday, hours["hour"].to_numpy()), hours["people"].to_numpy(dtype=float))
    mean = total / np.maximum(days, 1)[:, None]
    place, hour = np.indices((7, HOURS))
    return pd.DataFrame(
        {
            "weekday": place.ravel(),
            "hour": hour.ravel(),
            "days": days[place.ravel()],
            "people": total.ravel().astype(np.int64),
            "mean": mean.ravel(),
            "share": (mean / max(mean.sum(), 1e-12)).ravel(),
        }
    )
