"""One retention figure, and its honest change: the same period of the cohorts before."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from commlab import guards, stats
from commlab.estimate import LEVEL, Estimate
from commlab.metrics import cells, periods, rates

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# How many cohorts back the same season lies.
_YEAR = {"month": 12, "week": 52}


@dataclasses.dataclass(frozen=True)
class RetentionChange:
    """Retention at one period of the latest cohorts beside that of earlier ones.

    Attributes:
        current: Rate of the latest cohorts whose period is over.
        previous: Rate of the cohorts compared with, at the same period after joining.
        difference: current − previous (unit "share"), by Newcombe's square-and-add interval.
        p: Two-sided p-value of no difference; None where there is no difference to test.
        cohorts: First days of the latest cohorts, in order.
        previous_cohorts: First days of the cohorts compared with.
        festivals: Festivals that touch the period of one side only: a change may be theirs.
    """

    current: Estimate
    previous: Estimate
    difference: Estimate
    p: float | None
    cohorts: tuple[dt.date, ...]
    previous_cohorts: tuple[dt.date, ...]
    festivals: tuple[str, ...]


def retention_at(
    ds: Dataset,
    period: int = 1,
    *,
    cohorts: int = 1,
    back: int = 0,
    anchor: str = "joined",
    cohort: str = "month",
    activity: str = "any",
    kind: str = "on",
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> Estimate:
    """Return the rate at one period of the latest cohorts that have completed it.

    Args:
        ds: The dataset.
        period: Periods after joining.
        cohorts: Number of cohorts to pool.
        back: How many cohorts further back to look; `cohorts` gives the ones just before.
        anchor: See `retention`, and so for the others.
        cohort: "month" or "week".
        activity: See `retention`.
        kind: "on" or "unbounded".
        level: Confidence level.
        min_at_risk: People below which the figure is "too few"; default from the settings.

    Returns:
        Estimate in shares; refused where not that many consecutive cohorts have completed the
        period within the data.

    Example:
        >>> import commlab as cl
        >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
        >>> cl.metrics.retention_at(ds, 1)  # doctest: +SKIP
    """
    counts = _counts(ds, period, cohorts, anchor, cohort, activity, kind)
    smallest = rates.minimum(ds, min_at_risk)
    guards.whole("back", back)
    latest = _latest(counts, period)
    return _estimate(counts, period, latest, cohorts, back, cohort, level, smallest)[0]


def retention_change(
    ds: Dataset,
    period: int = 1,
    *,
    cohorts: int = 1,
    against: str = "previous",
    anchor: str = "joined",
    cohort: str = "month",
    activity: str = "any",
    kind: str = "on",
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> RetentionChange:
    """Return retention at one period and its change against earlier cohorts at the same period.

    Comparing this month's figure with last month's mixes cohorts of different ages; here both
    sides had the same time. Only the kind "on" has it exactly: "unbounded" gives older cohorts
    more time to come back, so it is refused.

    Args:
        ds: The dataset.
        period: Periods after joining.
        cohorts: Number of cohorts to pool on each side.
        against: "previous" (the cohorts just before) or "year" (12 months or 52 weeks before:
            the same season).
        anchor: See `retention`, and so for the others.
        cohort: "month" or "week".
        activity: See `retention`.
        kind: "on".
        level: Confidence level.
        min_at_risk: People below which a figure is "too few"; default from the settings.

    Returns:
        The change. Members of one chat group may be on both sides; that is not credited, so the
        interval is rather too wide than too narrow.
    """
    guards.one_of("against", against, ("previous", "year"))
    guards.one_of("kind", kind, ("on",))
    counts = _counts(ds, period, cohorts, anchor, cohort, activity, kind)
    smallest = rates.minimum(ds, min_at_risk)
    back = cohorts if against == "previous" else _YEAR[cohort]
    latest = _latest(counts, period)
    sides = [
        _estimate(counts, period, latest, cohorts, shift, cohort, level, smallest)
        for shift in (0, back)
    ]
    (current, deff, k), (previous, old_deff, old_k) = sides
    difference, p = _difference(current, previous, (k, deff), (old_k, old_deff), level)
    days = [_days(ds, latest, cohorts, shift, cohort) for shift in (0, back)]
    touched = [
        {name for day in side for name in _festivals(ds, day, period, cohort)} for side in days
    ]
    return RetentionChange(
        current=current,
        previous=previous,
        difference=difference,
        p=p,
        cohorts=days[0],
        previous_cohorts=days[1],
        festivals=tuple(sorted(touched[0] ^ touched[1])),
    )


def _counts(
    ds: Dataset, period: int, cohorts: int, anchor: str, cohort: str, activity: str, kind: str
) -> cells.Cells:
    guards.whole("period", period)
    guards.whole("cohorts", cohorts, low=1)
    guards.one_of("kind", kind, ("on", "unbounded"))
    return rates.count(ds, anchor, cohort, activity, kind, None, None, period)


def _latest(counts: cells.Cells, period: int) -> int | None:
    """Return the number of the latest cohort whose period is over and was observed."""
    if period >= len(counts.first) or not counts.known[:, period].any():
        return None
    return int(counts.cohorts[counts.known[:, period]].max())


def _estimate(
    counts: cells.Cells,
    period: int,
    latest: int | None,
    cohorts: int,
    back: int,
    unit: str,
    level: float,
    smallest: int,
) -> tuple[Estimate, float, int]:
    """Return the pooled rate of some cohorts, with its design effect and active members."""
    if latest is None:
        reason = f"no cohort has completed {unit} {period}"
        return Estimate.refused(reason, unit="share"), 1.0, 0
    wanted = np.arange(latest - back - cohorts + 1, latest - back + 1)
    chosen = counts.known & np.isin(counts.cohorts, wanted)[:, None]
    unseen = np.isin(counts.cohorts, wanted) & ~counts.known[:, period]
    if not chosen[:, period].any() or unseen.any() or wanted[0] < counts.cohorts.min():
        reason = f"there are no such earlier cohorts with {unit} {period} over"
        return Estimate.refused(reason, unit="share"), 1.0, 0
    pooled = counts.pool(chosen)
    people, active = int(pooled.people[0, period]), int(pooled.active[0, period])
    if people < smallest:
        return Estimate.too_few(people, unit="share", minimum=smallest), 1.0, active
    similarity = counts.similarity()
    deff = float(similarity.design_effect(pooled.squares[0, period], people, level))
    low, high = stats.wilson(active, people, level=level, deff=deff)
    method = "Wilson" if deff == 1 else f"Wilson, design effect {deff:.2f}"
    estimate = Estimate(
        value=active / people,
        low=float(low),
        high=float(high),
        level=level,
        n=people,
        unit="share",
        method=method,
    )
    return estimate, deff, active


def _difference(
    current: Estimate,
    previous: Estimate,
    new: tuple[int, float],
    old: tuple[int, float],
    level: float,
) -> tuple[Estimate, float | None]:
    """Return current − previous by square-and-add (Newcombe 1998, method 10), and its p-value."""
    sides = (current, previous)
    if any(not side.ok for side in sides):
        reason = "there is nothing to compare with"
        return Estimate.refused(reason, unit="share"), None
    a, b = ((float(s.value or 0), float(s.low or 0), float(s.high or 0)) for s in sides)
    gap = a[0] - b[0]
    low = gap - float(np.hypot(a[0] - a[1], b[2] - b[0]))
    high = gap + float(np.hypot(a[2] - a[0], b[0] - b[1]))
    people = (int(current.n or 0), int(previous.n or 0))
    p = stats.two_proportion_p(
        new[0] / new[1], people[0] / new[1], old[0] / old[1], people[1] / old[1]
    )
    estimate = Estimate(
        value=gap, low=low, high=high, level=level, n=sum(people), unit="share", method="Newcombe"
    )
    return estimate, float(p)


def _days(
    ds: Dataset, latest: int | None, cohorts: int, back: int, unit: str
) -> tuple[dt.date, ...]:
    if latest is None:
        return ()
    numbers = range(latest - back - cohorts + 1, latest - back + 1)
    return tuple(day.date() for day in periods.starts(numbers, unit, ds.settings.week_start))


def _festivals(ds: Dataset, day: dt.date, period: int, unit: str) -> list[str]:
    """Return the names of festivals in the period in which a cohort was looked at."""
    week_start = ds.settings.week_start
    number = periods.number_of(day, unit, week_start) + period
    begin, after = (item.date() for item in periods.starts([number, number + 1], unit, week_start))
    found = ds.settings.festivals_between(begin, after - dt.timedelta(days=1))
    return [festival.name for festival in found]
