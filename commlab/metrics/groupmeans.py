"""What the members of each group are worth and how much they take part, as sums by group.

Sums, not rows of people: count, total and sum of squares give the mean of a group and its error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError
from commlab.metrics import groupstays, periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW_WEEKS = 4  # what the trade judges by (four consecutive weeks), and a month of habits
HIGH_VALUE = 20.0  # points above which a member is worth inviting to another group


def group_activity(ds: Dataset, window_weeks: int = WINDOW_WEEKS) -> pd.DataFrame:
    """Return how much members take part: in what share of the weeks they were there they wrote.

    Args:
        ds: The dataset, with messages and memberships.
        window_weeks: Complete weeks looked back.

    Returns:
        Frame by group: group_id, people (persons there in any of the weeks), total and square
        (sums of their shares and of the squares).

    Raises:
        MissingTableError: There are no messages or no memberships.
    """
    guards.whole("window_weeks", window_weeks, low=1)
    last = periods.last_complete(ds.as_of, "week", ds.settings.week_start)
    first = last - window_weeks + 1
    spells = groupstays.present_weeks(ds)
    spells = spells.filter(spells.first_week <= last, spells.last_week >= first)
    begin = ibis.greatest(spells.first_week, first)
    weeks = (ibis.least(spells.last_week, last) - begin + 1).cast("int64")
    there = spells.mutate(weeks=weeks).group_by("group_id", "member_id")
    there = there.agg(weeks=ibis._.weeks.sum())
    rows = ds.table("messages")
    rows = rows.filter(~rows.revoked, rows.group_id.notnull())
    rows = rows.mutate(week=periods.number(rows.sent_at, "week", ds.settings.week_start))
    rows = rows.filter(rows.week >= first, rows.week <= last)
    wrote = rows.group_by("group_id", "member_id").agg(active=rows.week.nunique())
    both = there.left_join(wrote, ["group_id", "member_id"])
    share = both.active.fill_null(0).cast("float64") / both.weeks.cast("float64")
    # Whoever writes in a week without being known to be there counts for the weeks known.
    return _sums(ds, both.select("group_id", value=ibis.least(share, 1.0)))


def group_points(ds: Dataset, points: pd.DataFrame, high_value: float = HIGH_VALUE) -> pd.DataFrame:
    """Return the community value of each group: the points of the members there at the end.

    Args:
        ds: The dataset, with memberships.
        points: Points of members: member_id, points. Members without a row have 0.
        high_value: Points above which a member counts as of high value.

    Returns:
        Frame by group: group_id, people, total, square, high (members above `high_value`).

    Raises:
        ArgumentError: The frame lacks a column.
    """
    missing = [name for name in ("member_id", "points") if name not in points]
    if missing:
        raise ArgumentError(f"points lacks the column {missing[0]!r}.", fix="member_points has it.")
    week = periods.number_of(ds.as_of, "week", ds.settings.week_start)
    stays = groupstays.member_stays(ds)
    there = stays.filter(stays.left_at.isnull() & (stays.first_week <= week))
    there = there.select("group_id", "member_id").distinct()
    # Kept: Ibis drops a memtable from the engine once nothing refers to it.
    table = ibis.memtable(points[["member_id", "points"]].astype({"points": "float64"}))
    both = there.left_join(table, "member_id")
    return _sums(ds, both.select("group_id", value=both.points.fill_null(0.0)), high_value)


def _sums(ds: Dataset, rows: ir.Table, high_value: float | None = None) -> pd.DataFrame:
    found = {
        "people": rows.count(),
        "total": rows.value.sum(),
        "square": (rows.value * rows.value).sum(),
    }
    if high_value is not None:
        found["high"] = rows.count(where=rows.value > high_value)
    return ds.frame(rows.group_by("group_id").agg(**found), ["group_id"])
