"""Group weeks from `group_days`, the daily counts that the source itself exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.metrics import periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WEEK = 7
_NEVER = ("staff_messages", "bot_messages", "atmosphere", "ads", "told_ads", "staff_told_ads",
          "staff_hard_ads", "moved", "net_revenue")  # fmt: skip


def weeks_from_days(ds: Dataset) -> pd.DataFrame:
    """Return the weeks of each group as the source counted its days.

    Members are those of the last day, active ones the mean a day (persons of different days cannot
    be told apart), messages and flows are sums. Staff are counted with members, as the source does.
    A week with fewer than seven exported days is a gap, or open where it is not over.

    Raises:
        NotEnoughDataError: The days name no groups (some sources count by owner only).
    """
    rows = ds.table("group_days")
    rows = rows.filter(rows.group_id.notnull())
    rows = rows.mutate(week=periods.number(rows.on, "week", ds.settings.week_start))
    sums = rows.group_by("group_id", "week").agg(
        days=rows.on.nunique(),
        members=rows.members.argmax(rows.on),
        active=rows.members_active.mean(),
        messages=rows.messages.sum(),
        joined=rows.joined.sum(),
        left=rows["left"].sum(),
    )
    frame = ds.frame(sums, ["group_id", "week"]).rename(columns={"week": "number"})
    if frame.empty:
        raise NotEnoughDataError(
            "group_days names no groups, so stages cannot be told.",
            fix="Export the statistics by group, not by owner.",
        )
    frame = _filled(ds, frame)
    over = periods.last_complete(ds.as_of, "week", ds.settings.week_start)
    short = np.where(frame["days"].fillna(0) < WEEK, "gap", "ok")
    frame["status"] = np.where(frame["number"] > over, "open", short)
    for name in _NEVER:
        frame[name] = np.nan
    return frame.assign(unlisted=0, last=np.datetime64("NaT"))


def _filled(ds: Dataset, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the weeks between the first and last exported ones, age and closing."""
    ends = frame.groupby("group_id")["number"].agg(["min", "max"])
    parts = [
        pd.DataFrame({"group_id": name, "number": np.arange(low, high + 1)})
        for name, low, high in ends.itertuples()
    ]
    frame = pd.concat(parts).merge(frame, on=["group_id", "number"], how="left")
    opened = frame["group_id"].map(ends["min"]).astype(float)
    closed = pd.Series(np.inf, index=frame.index)
    created_on = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]")
    if ds.has("groups"):
        groups = ds.frame(ds.table("groups").select("group_id", "created_at", "closed_at"))
        groups = groups.set_index("group_id")
        week_start = ds.settings.week_start
        weeks = {
            name: groups[name].dropna().map(
                lambda at: periods.number_of(at.date(), "week", week_start)
            )
            for name in ("created_at", "closed_at")
        }  # fmt: skip
        opened = frame["group_id"].map(weeks["created_at"]).astype(float).fillna(opened)
        closed = frame["group_id"].map(weeks["closed_at"]).astype(float).fillna(np.inf)
        created_on = frame["group_id"].map(groups["created_at"])
    return frame.assign(
        age=(frame["number"] - opened).astype("int64"),
        opened=created_on,
        closed=(frame["number"] >= closed),
    )
