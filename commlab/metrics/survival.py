"""Stays in groups and friendships as rows of ages, counted in the engine for survival models.

Ages are whole days since the stay began, each time rounded to the nearest day, so that time
under observation is right on average. What the source could not see is kept apart:

- A stay counts from `observed_from` on (delayed entry): whoever left before is not in the data.
  Where it is null the stay is taken as observed from its start, and counted as such.
- An end is known to lie in (`last_seen_at`, `left_at`]; without `last_seen_at` it is `left_at`.
- A stay that ended by migration or closing did not end by leaving: it is censored there. So is
  one in a group that was closed.
- A stay that is not known to have ended goes on until `last_seen_at` where that is known (the
  last time anybody looked), else until the end of `as_of`.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import DataWarning, NotEnoughDataError
from commlab.metrics import cohorts, periods
from commlab.metrics.stays import (
    BEFORE_BEGINNING,
    BEFORE_OBSERVATION,
    OK,
    Case,
    ages,
    friendships,
    stays,
)

if TYPE_CHECKING:
    from commlab.dataset import Dataset

KINDS = ("membership", "friendship")
_KEYS = ("case", "segment", "cluster", "entry", "lower", "upper", "observed", "fault")
_FAULTS = {BEFORE_BEGINNING: "beginning", BEFORE_OBSERVATION: "observation"}
COLUMNS = ("segment", "cluster", "entry", "lower", "upper", "observed", "n")
# Daily looks come late by some hours: a bracket of up to 30 hours counts as one day.
_NARROW = 1.25
_STALE = 7.0  # days without a look after which "still in" is doubtful
# Chat groups are put together into so many clusters at most: enough for any interval, and the
# counts stay small whatever the number of groups.
MAX_CLUSTERS = 1000


def membership_rows(
    ds: Dataset,
    *,
    split: str | None = None,
    until: str | dt.date | None = None,
    joined_until: str | dt.date | None = None,
    unit: str = "month",
) -> pd.DataFrame:
    """Count stays in groups by age at entry and end.

    Args:
        ds: The dataset, with memberships.
        split: None; "group" or "positioning" of the group stayed in, "join_scene", "cohort"
            (period in which the stay began); or a split of members (see
            `commlab.metrics.cohorts.members`).
        until: Count as if the data ended with this day (for backtests); default `ds.as_of`.
        joined_until: Only stays that began by the end of this day.
        unit: Period of split "cohort", "week" or "month".

    Returns:
        Frame: segment, cluster (number of the chat group, groups put together beyond 1,000),
        entry, lower, upper, observed, n, as `commlab.models.risksets` describes them. Staff are
        not among them. Stays that contradict themselves (left before they began, or before they
        were under observation) are left out, with a warning that counts them.

    Raises:
        MissingTableError: There are no memberships, or the split needs another table.
    """
    case = Case(guards.date("until", until), guards.date("joined_until", joined_until))
    return _rows(ds, stays(ds, split, [case], unit), split, unit, 1)[0]


def friendship_rows(
    ds: Dataset,
    *,
    split: str | None = None,
    until: str | dt.date | None = None,
    joined_until: str | dt.date | None = None,
    unit: str = "month",
) -> pd.DataFrame:
    """Count friendships with staff by age at entry and end: "still a friend".

    A deletion by staff is not the customer's: the friendship is censored there. The cluster is
    the staff member.

    Args:
        ds: The dataset, with contacts.
        split: None, "channel" (code), "script" (of the code), "adviser" (staff member),
            "add_way" or "cohort".
        until: See `membership_rows`.
        joined_until: See `membership_rows`.
        unit: See `membership_rows`.

    Returns:
        The frame of `membership_rows`.

    Raises:
        MissingTableError: There are no contacts, or the split needs another table.
    """
    case = Case(guards.date("until", until), guards.date("joined_until", joined_until))
    return _rows(ds, friendships(ds, split, [case], unit), split, unit, 1)[0]


def stay_coverage(ds: Dataset, kind: str = "membership") -> pd.DataFrame:
    """Return what the source saw of stays or friendships: one row of counts.

    Args:
        ds: The dataset.
        kind: "membership" or "friendship".

    Returns:
        Frame: stays, unknown_start (no `observed_from`: old cohorts may be survivors only),
        late_entry (seen only from half a day or more after the beginning on), lost, bracketed
        (losses known less exactly than a day), moved (migrated, closed, or deleted by staff),
        stale (still in, but last seen more than 7 days before the end of the data),
        before_observation and before_beginning (contradictions that are left out).
    """
    guards.one_of("kind", kind, KINDS)
    table = (stays if kind == "membership" else friendships)(ds, None, [Case()], "month")
    aged = ages(table)
    valid = aged.fault == OK
    lost = valid & aged.observed
    count = {
        "stays": aged.count(),
        "unknown_start": aged.observed_from.isnull().sum(),
        "late_entry": (valid & (aged.entry_age >= 0.5)).sum(),
        "lost": lost.sum(),
        "bracketed": (lost & (aged.last - aged.first > _NARROW)).sum(),
        "moved": (valid & aged.moved).sum(),
        "stale": (valid & aged.gone.isnull() & (aged.end_age - aged.last > _STALE)).sum(),
        "before_observation": (aged.fault == BEFORE_OBSERVATION).sum(),
        "before_beginning": (aged.fault == BEFORE_BEGINNING).sum(),
    }
    counted = aged.agg(**{name: value.fill_null(0).cast("int64") for name, value in count.items()})
    return ds.frame(counted)


def rolling_cutoffs(
    ds: Dataset, *, horizon: int = 84, every: int = 28, most: int = 6
) -> tuple[dt.date, ...]:
    """Return days on which to ask what would have been projected, the latest first.

    Args:
        ds: The dataset, with memberships.
        horizon: Days that must have passed since.
        every: Days between cutoffs.
        most: At most so many.

    Raises:
        NotEnoughDataError: No cutoff has as many days of data before it as after it.
    """
    for name, value in (("horizon", horizon), ("every", every), ("most", most)):
        guards.whole(name, value, low=1)
    memberships = ds.table("memberships")
    first = ds.frame(memberships.agg(first=memberships.joined_at.min()))["first"].iloc[0]
    days = [ds.as_of - dt.timedelta(days=horizon + every * place) for place in range(most)]
    kept = tuple(day for day in days if not pd.isna(first) and (day - first.date()).days >= horizon)
    if not kept:
        raise NotEnoughDataError(
            f"the stays began less than {2 * horizon} days before {ds.as_of.isoformat()}: a "
            f"projection over {horizon} days cannot be tested.",
            fix="Use a shorter horizon.",
        )
    return kept


def history(
    ds: Dataset, cutoffs: Sequence[dt.date]
) -> dict[dt.date, tuple[pd.DataFrame, pd.DataFrame]]:
    """Return for each cutoff the stays as known then, and the same stays as known now.

    Args:
        ds: The dataset, with memberships.
        cutoffs: Days, each the last one that was known.
    """
    days = list(dict.fromkeys(cutoffs))
    cases = [Case(until=day) for day in days] + [Case(begun_until=day) for day in days]
    rows = _rows(ds, stays(ds, None, cases, "month"), None, "month", len(cases))
    return {day: (rows[place], rows[place + len(days)]) for place, day in enumerate(days)}


def _rows(
    ds: Dataset, table: ir.Table, split: str | None, unit: str, cases: int
) -> list[pd.DataFrame]:
    """Return the counts of each case."""
    aged = ages(table)
    middle = (aged.first + aged.last) / 2
    near_first, near_last = (aged.first + 0.5).floor(), (aged.last + 0.5).floor()
    narrow = aged.last - aged.first <= _NARROW
    ended = ibis.greatest(middle.ceil(), 1)
    upper = ibis.ifelse(narrow, ended, ibis.greatest(near_last, near_first + 1))
    lower = ibis.ifelse(narrow, ended - 1, near_first)
    # A stay that moved or goes on: the middle of what is known (of one moment, itself).
    open_end = (middle + 0.5).floor()
    entry = (aged.entry_age + 0.5).floor()
    whole = "int64"
    placed = aged.mutate(
        entry=ibis.ifelse(aged.observed, ibis.least(entry, lower), entry).cast(whole),
        lower=ibis.ifelse(aged.observed, lower, open_end).cast(whole),
        upper=ibis.ifelse(aged.observed, upper, open_end).cast(whole),
        segment=aged.segment.cast("string").fill_null(cohorts.UNKNOWN),
    )
    # Only the keys that tell rows apart: constants would be hashed and sorted for every row, and
    # all that is chosen here is kept in memory, since it is read twice.
    one: dict[str, Any] = {"case": 0} if cases == 1 else {}
    one |= {"segment": "all"} if split is None else {}
    by = [name for name in _KEYS if name not in one]
    placed = placed.select("key", *(name for name in by if name != "cluster"))
    groups = placed.select("key").distinct()
    numbered = groups.mutate(cluster=ibis.dense_rank().over(order_by=groups.key) % MAX_CLUSTERS)
    placed = placed.left_join(numbered, "key").drop("key_right")
    frame = ds.frame(placed.group_by(by).agg(n=placed.count()), by).assign(**one)
    faults = frame[(frame["fault"] != OK) & (frame["case"] == 0)]
    if len(faults):
        left_out = faults.groupby("fault")["n"].sum()
        counts = ", ".join(
            f"{int(left_out[fault]):,} that ended before {word}"
            for fault, word in _FAULTS.items()
            if fault in left_out.index
        )
        warnings.warn(
            f"Left out of {int(frame.loc[frame['case'] == 0, 'n'].sum()):,} stays: {counts}. "
            "Run ds.check() for examples.",
            DataWarning,
            stacklevel=3,
        )
        frame = frame[frame["fault"] == OK]
    if split == "cohort" and len(frame):
        days = periods.starts(frame["segment"].astype("int64"), unit, ds.settings.week_start)
        frame = frame.assign(segment=days.strftime("%Y-%m-%d").to_numpy(dtype=object))
    return [
        frame.loc[frame["case"] == case, list(COLUMNS)].reset_index(drop=True)
        for case in range(cases)
    ]
