"""What advisers do, from what the service exports of each day; never a league table of results."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from commlab import guards

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW = 90  # days looked back on: a quarter
COLUMNS = ("segment", "days", "friends", "chats", "reply_share", "reply_minutes",
           "negative_feedback")  # fmt: skip


def adviser_work(ds: Dataset, window_days: int = WINDOW) -> pd.DataFrame:
    """Return what each adviser did in the last days.

    Args:
        ds: The dataset, with staff_days.
        window_days: Days up to `as_of`.

    Returns:
        Frame sorted by segment: segment (staff id), days (with a row), friends (new contacts),
        chats, reply_share (of first messages answered, weighted by chats), reply_minutes (to the
        first answer, likewise), negative_feedback (customers who blocked or deleted). Full
        counts of what was exported, so without intervals; missing where nothing was said.

    Raises:
        MissingTableError: There are no staff_days.
    """
    guards.whole("window_days", window_days, low=1)
    first = ds.as_of - dt.timedelta(days=window_days - 1)
    rows = ds.table("staff_days")
    rows = rows.filter(rows.on >= first)
    chats = rows.chats.fill_null(0)

    def weighted(value: ibis.Value) -> ibis.Value:
        known = ibis.ifelse(value.notnull(), chats, 0)
        return (value * chats).sum() / known.sum().nullif(0)

    table = rows.group_by(segment="staff_id").agg(
        days=rows.count(),
        friends=rows.new_contacts.sum(),
        chats=chats.sum(),
        reply_share=weighted(rows.reply_share),
        reply_minutes=weighted(rows.reply_minutes),
        negative_feedback=rows.negative_feedback.sum(),
    )
    return ds.frame(table, ["segment"])[list(COLUMNS)]
