"""Stays in groups and friendships in one normal form, with their ages, as expressions.

Normal form: `case`, `known` (the midnight after the last day that is known), `segment`, `key`
(what makes stays alike), `start`, `observed_from`, `seen` (last known to go on), `gone` (first
known to be over; null: goes on), `moved` (over, but not by leaving).

One query answers several cases (a backtest asks what was known on several days), since writing
a query takes longer than running it on data of usual size.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from commlab import guards
from commlab.metrics import cohorts, periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_STAY_SPLITS = ("join_scene", "cohort", "group", "positioning")
_FRIEND_SPLITS = ("channel", "adviser", "script", "add_way", "cohort")
_NOT_LEAVING = ("migrated", "closed")
OK, BEFORE_BEGINNING, BEFORE_OBSERVATION = range(3)


@dataclasses.dataclass(frozen=True)
class Case:
    """What is known, and of which stays.

    Attributes:
        until: As if the data ended with this day; None: the end of the data.
        begun_until: Only stays that began by the end of this day; None: all.
    """

    until: dt.date | None = None
    begun_until: dt.date | None = None


def persons(ds: Dataset, rows: ir.Table) -> ir.Table:
    """Return the rows of persons that other figures count too: no staff, no unknown ids."""
    if ds.has("members"):
        return rows.semi_join(ds.people(), "member_id")
    return rows.anti_join(ds.staff_ids(), "member_id")


def stays(ds: Dataset, split: str | None, cases: Sequence[Case], unit: str) -> ir.Table:
    """Return stays in groups in the normal form (see the module).

    Args:
        ds: The dataset.
        split: See `commlab.metrics.survival.membership_rows`.
        cases: What is known in each case.
        unit: Period of split "cohort".
    """
    stays = ds.table("memberships")
    stays = persons(ds, stays)
    stays = _in_each(stays, stays.joined_at, stays.observed_from, ds, cases)
    closed = ibis.null("timestamp(6)")
    positioning = ibis.null("string")
    if ds.has("groups"):
        groups = ds.table("groups").select("group_id", "closed_at", "positioning")
        stays = stays.left_join(groups, "group_id").drop("group_id_right")
        closed, positioning = stays.closed_at, stays.positioning
    closed = _by(stays.known, closed)
    gone = _by(stays.known, stays.left_at)
    kind = stays.leave_kind.isin(_NOT_LEAVING).fill_null(False) & gone.notnull()
    shut = closed.notnull() & (gone.isnull() | (stays.leave_kind.isnull() & (gone >= closed)))
    shut = shut.fill_null(False)
    segments = {
        "join_scene": stays.join_scene, "group": stays.group_id, "positioning": positioning,
        "cohort": _cohort(ds, stays.joined_at, unit),
    }  # fmt: skip
    member_split = split is not None and split not in _STAY_SPLITS
    if split is not None:
        guards.one_of("split", split, (*_STAY_SPLITS, *cohorts.SPLITS))
    if split == "positioning":
        ds.table("groups")  # says what is missing
    seen = stays.last_seen_at
    table = stays.select(
        "case",
        "known",
        "member_id",
        segment=segments.get(split or "", ibis.literal("all")),
        key=stays.group_id.fill_null(cohorts.UNKNOWN),
        start=stays.joined_at,
        observed_from=stays.observed_from,
        # A closed group was last seen when it closed, at the latest.
        seen=ibis.ifelse(shut & seen.notnull(), ibis.least(seen, closed), seen),
        gone=ibis.ifelse(shut, closed, gone),
        moved=kind | shut,
    )
    if member_split:
        of = cohorts.members(ds, split=split).select("member_id", of="segment")
        table = table.left_join(of, "member_id").drop("member_id_right")
        table = table.mutate(segment=table["of"]).drop("of")
    return table


def friendships(ds: Dataset, split: str | None, cases: Sequence[Case], unit: str) -> ir.Table:
    """Return friendships in the normal form; the arguments are those of `stays`."""
    friends = ds.table("contacts")
    friends = persons(ds, friends)
    friends = _in_each(friends, friends.added_at, friends.observed_from, ds, cases)
    if split is not None:
        guards.one_of("split", split, _FRIEND_SPLITS)
    if split == "script":
        scripts = ds.table("channels").select("channel", "script")
        friends = friends.left_join(scripts, "channel").drop("channel_right")
    gone = _by(friends.known, friends.deleted_at)
    segment: ir.Value = ibis.literal("all")
    if split == "cohort":
        segment = _cohort(ds, friends.added_at, unit)
    elif split is not None:
        segment = friends["staff_id" if split == "adviser" else split]
    return friends.select(
        "case",
        "known",
        "member_id",
        segment=segment,
        key=friends.staff_id.fill_null(cohorts.UNKNOWN),
        start=friends.added_at,
        observed_from=friends.observed_from,
        seen=ibis.null("timestamp(6)"),
        gone=gone,
        moved=gone.notnull() & (friends.deleted_by == "staff").fill_null(False),
    )


def _in_each(
    rows: ir.Table, start: ir.Value, observed_from: ir.Value, ds: Dataset, cases: Sequence[Case]
) -> ir.Table:
    """Return the rows that could be seen in each case, with `case` and `known`."""
    known = [min(ds.end, _midnight(case.until)) if case.until else ds.end for case in cases]
    begun = [
        min(end, _midnight(case.begun_until)) if case.begun_until else end
        for case, end in zip(cases, known, strict=True)
    ]
    limits = ibis.memtable(
        {"case": list(range(len(cases))), "known": known, "begun": begun},
        schema={"case": "int64", "known": "timestamp(6)", "begun": "timestamp(6)"},
    )
    rows = rows.mutate(_start=start, _observed=observed_from).cross_join(limits)
    seen = rows["_observed"].isnull() | (rows["_observed"] < rows.known)
    return rows.filter(rows["_start"] < rows.begun, seen).drop("_start", "_observed", "begun")


def _by(known: ir.Value, when: ir.Value) -> ir.Value:
    """What was known of a time at a midnight."""
    return ibis.ifelse(when < known, when, ibis.null("timestamp(6)"))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time())


def _cohort(ds: Dataset, start: ir.Value, unit: str) -> ir.Value:
    guards.one_of("unit", unit, ("week", "month"))
    return periods.number(start, unit, ds.settings.week_start).cast("string")


def ages(table: ir.Table) -> ir.Table:
    """Add ages in days: `entry_age`, `first` and `last` of the end, `end_age`; and what they say.

    Args:
        table: Stays or friendships in the normal form.

    Returns:
        The table with the ages as floats, `observed` (ended by leaving) and `fault`: OK, or how
        it contradicts itself, BEFORE_BEGINNING (ended before it began) or BEFORE_OBSERVATION
        (ended before it was under observation). Numbers: rows are grouped by it, and words would
        be hashed for every row.
    """
    limit = table.known

    def age(when: ir.Value) -> ir.Value:
        return (when.epoch_seconds() - table.start.epoch_seconds()).cast("float64") / 86_400

    seen = ibis.ifelse(table.seen < limit, table.seen, ibis.ifelse(
        table.seen.notnull(), limit, ibis.null("timestamp(6)")))  # fmt: skip
    goes_on = ibis.coalesce(seen, limit)
    last = ibis.coalesce(table.gone, goes_on)
    first = ibis.ifelse(table.gone.notnull(), ibis.coalesce(ibis.least(seen, last), last), last)
    order = table.gone.notnull() & (table.gone < table.start)
    before = table.gone.notnull() & (table.gone <= table.observed_from)
    return table.mutate(
        entry_age=ibis.greatest(ibis.coalesce(age(table.observed_from), 0.0), 0.0),
        first=ibis.greatest(age(first), 0.0),
        last=ibis.greatest(age(last), 0.0),
        end_age=age(limit),
        observed=table.gone.notnull() & ~table.moved,
        fault=ibis.cases(
            (order.fill_null(False), BEFORE_BEGINNING),
            (before.fill_null(False), BEFORE_OBSERVATION),
            else_=OK,
        ),
    )
