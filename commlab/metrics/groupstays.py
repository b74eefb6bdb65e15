"""Stays in groups by week: who is there in which week, who comes and who goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab.metrics import periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

FOREVER = 10_000_000  # week number of an end that is not known: later than any
# An end by migration or closing is not leaving.
MOVED = ("migrated", "closed")


def member_stays(ds: Dataset) -> ir.Table:
    """Return the stays of members who are not staff, with the weeks of their ends.

    Returns:
        Expression: group_id, member_id, joined_at, left_at, leave_kind, first_week, last_week
        (numbers of `periods`; `FOREVER` where no end is known). A stay that ends before it begins
        lasts for the week of its beginning.
    """
    stays = ds.table("memberships")
    stays = stays.anti_join(ds.staff_ids(), "member_id")
    stays = stays.filter(stays.group_id.notnull(), stays.joined_at.notnull())
    first = periods.number(stays.joined_at, "week", ds.settings.week_start)
    last = periods.number(stays.left_at, "week", ds.settings.week_start)
    # Not by greatest(): on either engine it passes over nulls.
    end = ibis.ifelse(stays.left_at.isnull(), FOREVER, ibis.ifelse(last < first, first, last))
    end = end.cast("int64")
    return stays.select(
        "group_id", "member_id", "joined_at", "left_at", "leave_kind",
        first_week=first, last_week=end,
    )  # fmt: skip


def present_weeks(ds: Dataset) -> ir.Table:
    """Return in which weeks each person was in each group, spells that share no week.

    Returns:
        Expression: group_id, member_id, first_week, last_week. Whoever leaves and comes back
        within a week is there once in it.
    """
    stays = member_stays(ds)
    before = ibis.window(
        group_by=["group_id", "member_id"],
        order_by=["first_week", "last_week", "joined_at"],
        preceding=(None, 1),
    )
    stays = stays.mutate(seen_until=stays.last_week.max().over(before))
    begin = ibis.greatest(stays.first_week, (stays.seen_until + 1).fill_null(stays.first_week))
    spells = stays.select("group_id", "member_id", "last_week", first_week=begin)
    return spells.filter(spells.first_week <= spells.last_week)


def flows(ds: Dataset) -> ir.Table:
    """Return comings and goings as changes by group and week.

    Returns:
        Expression: group_id, week, came (spells that begin, for the count of those present), gone
        (spells whose last week was the one before), joined, left, moved (stays that began, ended
        by leaving or removal, ended by migration or closing in the week).
    """
    spells, stays = present_weeks(ds), member_stays(ds)
    moved = stays.leave_kind.isin(MOVED).fill_null(False)
    none = ibis.literal(0, "int64")
    one = ibis.literal(1, "int64")
    parts = [
        spells.select("group_id", week="first_week", came=one, gone=none, joined=none, left=none,
                      moved=none),
        spells.filter(spells.last_week < FOREVER).select(
            "group_id", week=spells.last_week + 1, came=none, gone=one, joined=none, left=none,
            moved=none,
        ),
        stays.select("group_id", week="first_week", came=none, gone=none, joined=one, left=none,
                     moved=none),
        stays.filter(stays.left_at.notnull()).select(
            "group_id", week="last_week", came=none, gone=none, joined=none,
            left=ibis.ifelse(moved, 0, 1).cast("int64"), moved=moved.cast("int64"),
        ),
    ]  # fmt: skip
    rows = ibis.union(*parts)
    names = ("came", "gone", "joined", "left", "moved")
    return rows.group_by("group_id", "week").agg(**{name: rows[name].sum() for name in names})
