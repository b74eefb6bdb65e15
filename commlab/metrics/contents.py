"""Contents in groups: each piece with its group, hour and what members made of it; the cadence."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW_DAYS = 365  # a year: a form is posted once a week in a group, and a form needs many posts
SEEN_DAYS = 3  # a post gathers most of what it gets within three days
REACTIONS = ("clicks", "comments", "shares")
# Parts of the day as the trade plans posts (their first hours).
PARTS = {"night": 0, "morning": 6, "noon": 11, "afternoon": 14, "evening": 18, "late": 22}
UNKNOWN = "unknown"


def content_rows(ds: Dataset, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """Return the pieces of content of the window: what staff plan by hand, so a small table.

    Args:
        ds: The dataset, with contents.
        window_days: Days up to `as_of`. Pieces of the last three days are left out: they still
            gather clicks.

    Returns:
        Frame by time: content_id, group_id ("unknown" where a piece has none), posted_at, form
        (`contents.kind`), topic, part (of the day, `PARTS`), by_member (whether a member made it),
        money_spent, exposures, clicks, comments, shares (missing where the source has none).

    Raises:
        MissingTableError: There are no contents.
        NotEnoughDataError: None was posted in the window.
    """
    guards.whole("window_days", window_days, low=SEEN_DAYS + 1)
    c = ds.table("contents")
    start = ds.end - dt.timedelta(days=window_days)
    c = c.filter(c.posted_at >= start, c.posted_at < ds.end - dt.timedelta(days=SEEN_DAYS))
    rows = c.select(
        "content_id", "posted_at", "exposures", *REACTIONS,
        group_id=c.group_id.fill_null(UNKNOWN),
        form=c.kind,
        topic=c.topic.fill_null(UNKNOWN),
        part=_part(c.posted_at),
        creator_id=c.creator_id,
        cost=c.cost,
    )  # fmt: skip
    staff = ds.staff_ids().select(creator_id="member_id", is_staff=ibis.literal(True))
    rows = rows.left_join(staff, "creator_id").drop("creator_id_right")
    rows = rows.mutate(by_member=rows.creator_id.notnull() & rows.is_staff.isnull())
    frame = ds.frame(rows.drop("is_staff"), ["posted_at", "content_id"])
    if frame.empty:
        raise NotEnoughDataError(
            f"no content was posted in the last {window_days} days.",
            fix="Look back further (window_days).",
        )
    frame["money_spent"] = ds.money(frame.pop("cost").astype(float))
    for name in ("exposures", *REACTIONS):
        frame[name] = frame[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return frame


def _part(at: ir.TimestampValue) -> ir.StringValue:
    hour = at.hour()
    found: ir.StringValue = ibis.literal("night")
    for name, first in PARTS.items():
        found = ibis.ifelse(hour >= first, name, found)
    return found


def content_counts(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return posts, exposures and reactions by form, topic or part of the day, most seen first.

    Args:
        rows: From `content_rows`.
        by: "form", "topic", "part" or "by_member".
    """
    guards.one_of("by", by, ("form", "topic", "part", "by_member"))
    names = ["exposures", *REACTIONS]
    table = rows.groupby(by)[names].sum(min_count=1)
    table.insert(0, "posts", rows.groupby(by).size())
    table = table.reset_index().sort_values(["exposures", by], ascending=[False, True])
    for name in names:
        table[name] = table[name].round().astype("Int64")
    return table.reset_index(drop=True)


def content_makers(rows: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return what contents of the brand and of members cost and bring (user content, co-creation).

    Args:
        rows: From `content_rows`.
        level: Confidence level.

    Returns:
        Frame by maker ("brand", "member"): maker, posts, creators (missing for the brand),
        exposures, clicks, spent (currency units; missing without costs), per_click, low, high
        (cost of a click, groups as clusters), status.
    """
    found = []
    for name, part in rows.groupby(rows["by_member"].map({True: "member", False: "brand"})):
        spent = part["money_spent"]
        groups = part.assign(spent=spent.fillna(0)).groupby("group_id")[["spent", "clicks"]].sum()
        y, x = groups["spent"].to_numpy(float), groups["clicks"].to_numpy(float)
        per_click, low, high = map(float, stats.ratio_interval(
            len(groups), y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum(),
            level=level, log=True,
        ))  # fmt: skip
        found.append({
            "maker": name, "posts": len(part),
            "creators": part["creator_id"].nunique() if name == "member" else pd.NA,
            "exposures": part["exposures"].sum(), "clicks": part["clicks"].sum(),
            "spent": spent.sum(), "per_click": per_click, "low": low, "high": high,
            "status": "ok" if np.isfinite(low) else "too_few",
        })  # fmt: skip
        if spent.isna().all():
            found[-1] |= dict.fromkeys(("spent", "per_click", "low", "high"), np.nan)
            found[-1]["status"] = "too_few"
    frame = pd.DataFrame(found)
    for name in ("creators", "exposures", "clicks"):
        frame[name] = frame[name].astype("Int64")
    return frame


def content_weeks(ds: Dataset) -> pd.DataFrame:
    """Return how many pieces were posted in each complete week, the silent ones included.

    Args:
        ds: The dataset, with contents.

    Returns:
        Frame: week (its first day), posts, groups (that got one), by_members (posts made by
        members).

    Raises:
        MissingTableError: There are no contents.
        NotEnoughDataError: There is no complete week.
    """
    rows = content_rows(ds, 10_000)
    numbers = rows["posted_at"].dt.date.map(
        lambda day: periods.number_of(day, "week", ds.settings.week_start)
    )
    last = periods.last_complete(ds.as_of, "week", ds.settings.week_start)
    first = int(numbers.min()) + 1  # the week in which the table begins may be cut short
    if first > last:
        raise NotEnoughDataError("contents cover no complete week.")
    by = rows.groupby(numbers)
    counts = {
        "posts": by.size(),
        "groups": by["group_id"].nunique(),
        "by_members": by["by_member"].sum(),
    }
    table = pd.DataFrame(counts).reindex(range(first, last + 1), fill_value=0)
    table = table.astype("int64").reset_index(names="number")
    table.insert(0, "week", periods.starts(table.pop("number"), "week", ds.settings.week_start))
    return table


def group_cadence(ds: Dataset, window_days: int = 84) -> pd.DataFrame:
    """Return how steadily each open group gets content.

    Args:
        ds: The dataset, with contents that name groups.
        window_days: Days up to `as_of`; groups younger than that count from their opening.

    Returns:
        Frame, the most neglected first: group_id, posts, weeks (of the window that the group was
        open), silent_weeks (without a post), gap_days (longest time without a post).

    Raises:
        MissingTableError: Contents name no groups.
    """
    if "group_id" not in ds.columns("contents"):
        raise MissingTableError("the cadence of groups needs contents.group_id.", where=ds.name)
    start = ds.end - dt.timedelta(days=window_days)
    c = ds.table("contents")
    rows = ds.frame(
        c.filter(c.group_id.notnull()).select("group_id", "posted_at"), ["group_id", "posted_at"]
    )
    opened = rows.groupby("group_id")["posted_at"].min()
    closed: set[str] = set()
    if ds.has("groups"):
        groups = ds.table("groups").select("group_id", "created_at", "closed_at")
        told = ds.frame(groups, ["group_id"]).set_index("group_id")
        opened = told["created_at"].reindex(opened.index.union(told.index)).fillna(opened)
        closed = set(told.index[told["closed_at"].notna()])
    found = []
    for name, born in opened.items():
        if name in closed:
            continue
        begin = max(pd.Timestamp(start), pd.Timestamp(born))
        mine = rows.loc[(rows["group_id"] == name) & (rows["posted_at"] >= begin), "posted_at"]
        weeks = int((pd.Timestamp(ds.end) - begin).days // 7)
        if weeks < 1:
            continue
        back = ((pd.Timestamp(ds.end) - mine).dt.days // 7).to_numpy()
        spoken = len(set(back[back < weeks]))
        ends = np.array([begin, *mine, pd.Timestamp(ds.end)], dtype="datetime64[s]")
        gap = np.diff(ends).max() / np.timedelta64(1, "D")
        found.append((name, len(mine), weeks, weeks - spoken, int(gap)))
    frame = pd.DataFrame(found, columns=["group_id", "posts", "weeks", "silent_weeks", "gap_days"])
    order = frame.assign(_share=frame["silent_weeks"] / frame["weeks"].clip(lower=1))
    order = order.sort_values(["_share", "gap_days", "group_id"], ascending=[False, False, True])
    return order.drop(columns="_share").reset_index(drop=True)
