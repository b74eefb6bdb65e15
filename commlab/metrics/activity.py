"""What counts as activity: events of members as one Ibis expression, and when they are seen.

An activity is a sign of life, not of value: a paid order counts whether it is refunded or not
(`rfm_summary` counts positive net spend instead), a revoked message does not count.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import EARLIEST, MIN_EVENTS
from commlab.errors import MissingTableError
from commlab.metrics import periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Activity -> (table, time column). Steps of `touchpoints` are told apart by their event.
_SOURCES = {
    "message": ("messages", "sent_at"),
    "order": ("orders", "paid_at"),
    "check_in": ("check_ins", "at"),
    "click": ("touchpoints", "at"),
    "visit": ("touchpoints", "at"),
    "share": ("touchpoints", "at"),
}
_STEPS = {"click": "clicked", "visit": "visited", "share": "shared"}
# What "any" means; visits and shares are rarely exported whole, so they count only when asked for.
ANY = ("message", "order", "check_in", "click")
ACTIVITIES = ("any", *_SOURCES)
_FEW = 0.01  # of the events: so many dates before `EARLIEST` are slips
_EPOCH = dt.date(1970, 1, 1)


def sources(ds: Dataset, activity: str = "any") -> tuple[str, ...]:
    """Return the activities that make up `activity` in this workspace.

    Args:
        ds: The dataset.
        activity: "any", "message", "order", "check_in", "click", "visit" or "share".

    Raises:
        MissingTableError: The workspace holds none of the tables needed.
    """
    guards.one_of("activity", activity, ACTIVITIES)
    wanted = ANY if activity == "any" else (activity,)
    present = tuple(name for name in wanted if ds.has(_SOURCES[name][0]))
    if not present:
        tables = " or ".join(sorted({_SOURCES[name][0] for name in wanted}))
        raise MissingTableError(
            f"activity == {activity!r} needs the table {tables}, which the workspace lacks.",
            where=ds.name,
            fix=f"It has: {', '.join(ds.tables)}.",
        )
    return present


def _rows(ds: Dataset, name: str, since: dt.date | None = None) -> ir.Table:
    """Return member_id and at of one activity, unknown persons included."""
    table, time = _SOURCES[name]
    rows = ds.table(table, since)
    if name == "message":
        rows = rows.filter(~rows.revoked)
    elif name in _STEPS:
        rows = rows.filter(rows.event == _STEPS[name])
    return rows.select("member_id", at=time)


def events(ds: Dataset, activity: str = "any", since: dt.date | None = None) -> ir.Table:
    """Return the events of known persons as an expression: `member_id`, `at` (naive local time).

    Staff are still among them: joining with `cohorts.members` leaves them out.

    Args:
        ds: The dataset.
        activity: "any" is the union of message, order, check_in and click, each where its table
            exists; "visit" and "share" are steps of `touchpoints`.
        since: What happened before this day is left out.

    Raises:
        MissingTableError: The workspace holds none of the tables needed.
    """
    parts = [_rows(ds, name, since) for name in sources(ds, activity)]
    union = ibis.union(*parts) if len(parts) > 1 else parts[0]
    # Undated events are gone already: they were not before `as_of`.
    return union.filter(union.member_id.notnull())


def by_period(ds: Dataset, activity: str, unit: str, since: dt.date | None = None) -> ir.Table:
    """Return one row per member and period with activity: `member_id`, `period`, `last`.

    What happened before the day `since` is left out.

    `last` is the last moment of activity in the period: it is at or after a moment exactly when
    some activity of that period is, so nothing finer is needed to ignore what precedes an anchor.
    """

    def grouped() -> ir.Table:
        rows = events(ds, activity, since)
        rows = rows.mutate(period=periods.number(rows.at, unit, ds.settings.week_start))
        return rows.group_by("member_id", "period").agg(last=rows.at.max())

    # Days are asked for once or twice and are nearly as many as the events.
    if unit == "day" or since is not None:
        return grouped()
    return ds.repeated(f"{activity}_by_{unit}", grouped)


def observed(ds: Dataset) -> pd.DataFrame:
    """Return since when and until when each activity is seen.

    Returns:
        One row per activity that the workspace can show: `activity`, `table`, `events`, `first`,
        `last` (naive local times; missing where there are no events).
    """
    names = [name for name, (table, _) in _SOURCES.items() if ds.has(table)]
    if not names:
        return pd.DataFrame(columns=["activity", "table", "events", "first", "last"])
    parts = []
    for name in names:
        rows = _rows(ds, name)
        edges = rows.agg(events=rows.count(), first=rows.at.min(), last=rows.at.max())
        parts.append(edges.mutate(activity=ibis.literal(name)))
    frame = ds.frame(ibis.union(*parts) if len(parts) > 1 else parts[0])
    frame["table"] = [_SOURCES[name][0] for name in frame["activity"]]
    order = frame["activity"].map({name: place for place, name in enumerate(_SOURCES)})
    frame = frame.iloc[np.argsort(order.to_numpy())].reset_index(drop=True)
    return frame[["activity", "table", "events", "first", "last"]]


def covered(
    ds: Dataset, activity: str, unit: str, oldest: int
) -> tuple[int, int] | tuple[None, None]:
    """Return the numbers of the first and last period that the activity's source covers whole.

    An export often begins later than the community, or ends before `as_of`, and the periods it
    lacks would look silent. Periods before that of the first event are not covered. The period
    of the first event is covered unless the community is older than it and the silence at its
    start is longer than any silence inside the source (so that a holiday on the first is not
    taken for a late export).

    The source goes on to `as_of` when its last silence is no longer than one inside it; with
    fewer than 5 days of activity that cannot be judged, and it is taken to go on. Otherwise it
    ended: periods after that of the last event are not covered, nor is that one, once it is
    past, when the silence at its end is longer than any inside.

    Only events of persons who are not staff count. Those before 2010 are ignored when they are
    at most 1 % of all: a placeholder date says nothing of the source. For "any" the source that
    reaches furthest decides, at either end: see `observed` for the others.

    Args:
        ds: The dataset.
        activity: See `events`.
        unit: "day", "week" or "month".
        oldest: Number of the period of the oldest cohort.

    Returns:
        First number (`oldest` where the source is as old) and last number (that of the period
        of `as_of` where the source goes on; below the first where no period is covered whole);
        None and None where there is no event at all.
    """
    week_start = ds.settings.week_start
    days = _days(ds, activity)
    if not len(days):
        return None, None
    begin, end = (_EPOCH + dt.timedelta(days=int(day)) for day in days[[0, -1]])
    longest = int(np.diff(days).max(initial=1)) - 1
    first = periods.number_of(begin, unit, week_start)
    if first <= oldest:
        first = oldest
    elif (begin - _start(first, unit, week_start)).days > longest:
        first += 1
    current = periods.number_of(ds.as_of, unit, week_start)
    if len(days) < MIN_EVENTS or (ds.as_of - end).days <= longest:
        return first, current
    last = periods.number_of(end, unit, week_start)
    if last < current and (_start(last + 1, unit, week_start) - end).days - 1 > longest:
        last -= 1
    return first, last


def covered_from(ds: Dataset, activity: str) -> dt.date | None:
    """Return the first day of the first month that the activity's source covers whole.

    Args:
        ds: The dataset.
        activity: See `events`.

    Returns:
        The day (see `covered`: of the oldest member's month where the source is as old); None
        without events.
    """
    people = ds.people()
    first = ds.frame(people.agg(first=people.joined_at.min()))["first"].iloc[0]
    oldest = periods.number_of((first if pd.notna(first) else ds.end).date(), "month")
    month, _ = covered(ds, activity, "month", oldest)
    return None if month is None else _start(month, "month", "monday")


def _days(ds: Dataset, activity: str) -> npt.NDArray[np.int64]:
    """Return the days on which persons who are not staff were active, few early ones left out."""
    rows = events(ds, activity).semi_join(ds.people(), "member_id")
    rows = rows.select(day=rows.at.date())
    frame = ds.frame(rows.group_by("day").agg(events=rows.count()), ["day"])
    day = frame["day"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    count = frame["events"].to_numpy(dtype=np.int64)
    early = day < (EARLIEST - _EPOCH).days
    few = count[early].sum() <= _FEW * count.sum()
    return day[~early] if few else day


def _start(number: int, unit: str, week_start: str) -> dt.date:
    day: dt.date = periods.starts([number], unit, week_start)[0].date()
    return day
