"""From when to when each group lived, week by week, and which weeks the messages cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab.metrics import groupstays, periods
from commlab.metrics.activity import covered

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def _lives(ds: Dataset, said: pd.DataFrame) -> pd.DataFrame:
    """Return opening, closing and the weeks of the life of every group."""
    spoken = said.groupby("group_id")["number"].agg(["min"])
    spoken["max"] = said[said["messages"] > 0].groupby("group_id")["number"].max()
    names = ["created_at", "closed_at"]
    if ds.has("groups"):
        groups = ds.table("groups").select("group_id", *names)
        lives = ds.frame(groups, ["group_id"]).set_index("group_id")
        lives = lives.reindex(lives.index.union(spoken.index))
    else:
        lives = pd.DataFrame(np.datetime64("NaT"), index=spoken.index, columns=names)
    if ds.has("memberships"):
        stays = groupstays.member_stays(ds)
        joined = ds.frame(stays.group_by("group_id").agg(first=stays.first_week.min()))
        lives["joined"] = joined.set_index("group_id")["first"].reindex(lives.index)
    else:
        lives["joined"] = np.nan
    current = periods.number_of(ds.as_of, "week", ds.settings.week_start)
    opened = _numbers(lives["created_at"], ds)
    seen = pd.concat([spoken["min"].reindex(lives.index), lives["joined"]], axis=1).min(axis=1)
    # A group is as old as its opening says; without one it begins with the first sight of it.
    lives["opened"] = opened.fillna(seen)
    lives["first"] = pd.concat([opened, seen], axis=1).min(axis=1)
    closed = _numbers(lives["closed_at"], ds)
    after = pd.concat([closed, spoken["max"].reindex(lives.index)], axis=1).max(axis=1)
    # A member wrote after it was closed: it was opened again. Staff may go on posting anywhere.
    lives["last"] = np.where(closed.isna(), current, np.minimum(after, current))
    lives["closed_week"] = closed
    return lives.dropna(subset=["first"]).rename_axis("group_id").reset_index()


def _numbers(times: pd.Series, ds: Dataset) -> pd.Series:
    days = pd.to_datetime(times)
    return days.map(
        lambda at: (
            np.nan if pd.isna(at) else periods.number_of(at.date(), "week", ds.settings.week_start)
        )
    ).astype(float)


def week_grid(ds: Dataset, said: pd.DataFrame) -> pd.DataFrame:
    """Return a row for every group and week of its life, with the status of the week.

    Args:
        ds: The dataset, with messages.
        said: What was written: group_id, number (of the week), messages (of members).

    Returns:
        Frame by group and week: group_id, number, age, opened (day), closed, after_closing, status.
    """
    lives = _lives(ds, said)
    first, last = lives["first"].to_numpy(dtype=np.int64), lives["last"].to_numpy(dtype=np.int64)
    each = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(lives)), each)
    number = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(each) - each, each)
    frame = pd.DataFrame({"group_id": lives["group_id"].to_numpy()[row], "number": number})
    frame["age"] = number - lives["opened"].to_numpy(dtype=np.int64)[row]
    frame["opened"] = _opened_day(lives, ds)[row]
    closed = lives["closed_week"].to_numpy(dtype=float)[row]
    closed = np.where(np.isnan(closed), np.inf, closed)
    frame["closed"], frame["after_closing"] = number >= closed, number > closed
    frame["status"] = _status(ds, frame["number"], said)
    return frame


def _opened_day(lives: pd.DataFrame, ds: Dataset) -> np.ndarray:
    created = lives["created_at"].to_numpy(dtype="datetime64[D]")
    seen = periods.starts(lives["opened"].astype("int64"), "week", ds.settings.week_start)
    return np.where(np.isnat(created), seen.to_numpy(dtype="datetime64[D]"), created)


def _status(ds: Dataset, number: pd.Series, said: pd.DataFrame) -> np.ndarray:
    week_start = ds.settings.week_start
    status = np.full(len(number), "ok", dtype=object)
    status[~number.isin(said["number"].unique()).to_numpy()] = "gap"
    first, last = covered(ds, "message", "week", int(number.min()))
    # Where only staff wrote there is nothing that says from when to when the source reaches.
    if first is not None and last is not None:
        status[(number < first).to_numpy()] = "before_data"
        status[(number > last).to_numpy()] = "after_data"
    running = number > periods.last_complete(ds.as_of, "week", week_start)
    status[running.to_numpy()] = "open"
    return status
