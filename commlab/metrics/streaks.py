"""Check-in streaks: how long they last, whether they harden into a habit, what follows their end.

A streak is a run of days with a check-in, without a gap. Days are drawn in the workspace's zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import intervals, stats
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics import periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

HABIT_DAYS = 7  # a week without a gap holds every day of the week once
LONGEST = 30  # days of the curve: beyond a month few streaks are left
RETURN_DAYS = 30  # after a broken streak: time for the next month's challenge
BANDS = (("1", 1, 1), ("2-6", 2, 6), ("7+", 7, 10_000))


def streak_survival(
    ds: Dataset, *, level: float = LEVEL, min_at_risk: int = MIN_AT_RISK
) -> pd.DataFrame:
    """Return by day of a streak how many go on to the next, and what share has come so far.

    Streaks that are unbroken at the end of `as_of` are left where they stand (Kaplan–Meier on
    days). Members are the units: several streaks of one member are alike.

    Args:
        ds: The dataset, with check-ins.
        level: Confidence level.
        min_at_risk: The curve ends where fewer streaks are at risk.

    Returns:
        Frame by days (1 … 30): days, at_risk (streaks that came so far and whose next day is
        over), passed (checked in on it), rate with low and high (Wilson, members being the
        units), survival (share of streaks that go on beyond that day) with survival_low and
        survival_high (Greenwood on the log scale).

    Raises:
        MissingTableError: No check-ins.
        NotEnoughDataError: Fewer streaks than `min_at_risk`.
    """
    streaks = _streaks(ds)
    last = _last_day(ds)
    steps = ibis.range(1, LONGEST + 1).unnest().name("days").as_table()
    grid = streaks.cross_join(steps)
    # At risk of ending on a day whose next day is over.
    grid = grid.filter(grid.length >= grid.days, grid.begin + grid.days <= last)
    each = grid.group_by("days", "member_id").agg(x=grid.count(), y=(grid.length > grid.days).sum())
    sums = each.group_by("days").agg(
        units=each.count(), at_risk=each.x.sum(), passed=each.y.sum(), yy=(each.y * each.y).sum(),
        xx=(each.x * each.x).sum(), xy=(each.x * each.y).sum(),
    )  # fmt: skip
    frame = ds.frame(sums, ["days"])
    frame = frame[(frame["at_risk"] >= min_at_risk).cummin()].reset_index(drop=True)
    if frame.empty:
        raise NotEnoughDataError(f"there are fewer than {min_at_risk} check-in streaks.")
    names = ("units", "passed", "at_risk", "yy", "xx", "xy")
    deff = intervals.clustered_effect(*(frame[name] for name in names))
    frame["rate"] = frame["passed"] / frame["at_risk"]
    frame["low"], frame["high"] = stats.wilson(frame["passed"], frame["at_risk"], level=level,
                                               deff=deff)  # fmt: skip
    frame["survival"] = frame["rate"].cumprod()
    # Greenwood's sum for the logarithm, widened where streaks of one member are alike.
    spread = (deff * (1 - frame["rate"]) / (frame["at_risk"] * frame["rate"])).cumsum()
    wide = np.exp(stats.quantile(level) * np.sqrt(spread))
    frame["survival_low"] = frame["survival"] / wide
    frame["survival_high"] = np.minimum(frame["survival"] * wide, 1.0)
    return frame[["days", "at_risk", "passed", "rate", "low", "high", "survival", "survival_low",
                  "survival_high"]]  # fmt: skip


def habit_strength(ds: Dataset, *, level: float = LEVEL, min_people: int = MIN_AT_RISK) -> Estimate:
    """Return how much likelier a streak of a week goes on the next day than a younger one.

    The difference, in percentage points, of the daily chances to go on, from the seventh day on
    and before it, members being the units. Near 0: days do not harden into a habit. Above 0 part
    of it is that those whom checking in suits are left.

    Args:
        ds: The dataset, with check-ins.
        level: Confidence level.
        min_people: Fewer members with a streak of a week are "too few".
    """
    streaks = _streaks(ds)
    last = _last_day(ds)
    # Days of the streak whose next day is over, split at a week; every day but the last goes on.
    seen = ibis.least(streaks.length, last - streaks.begin)
    ended = (streaks.begin + streaks.length <= last).cast("int64")
    old = ibis.greatest(seen - (HABIT_DAYS - 1), 0)
    young = seen - old
    end_old = ibis.ifelse(streaks.length >= HABIT_DAYS, ended, 0)
    rows = streaks.mutate(young=young, old=old, end_old=end_old, end_young=ended - end_old)
    each = rows.group_by("member_id").agg(
        **{name: rows[name].sum() for name in ("young", "old", "end_old", "end_young")}
    )
    frame = ds.frame(each, ["member_id"]).drop(columns="member_id").astype(float)
    n = int((frame["old"] > 0).sum())
    if n < min_people:
        return Estimate.too_few(n, unit="points", minimum=min_people)
    young, old = frame["young"].sum(), frame["old"].sum()
    one, two = frame["end_young"].sum() / young, frame["end_old"].sum() / old
    # Linearised, member by member: the two rates share people.
    own = (frame["end_young"] - one * frame["young"]) / young
    own -= (frame["end_old"] - two * frame["old"]) / old
    half = stats.quantile(level) * float(np.sqrt((own**2).sum() * len(frame) / (len(frame) - 1)))
    gap, half = 100 * float(one - two), 100 * half
    return Estimate(value=gap, low=gap - half, high=gap + half, level=level, n=n, unit="points",
                    method="delta")  # fmt: skip


def after_a_broken_streak(
    ds: Dataset, *, level: float = LEVEL, min_at_risk: int = MIN_AT_RISK
) -> pd.DataFrame:
    """Return how many check in again within 30 days of a broken streak, by its length.

    Args:
        ds: The dataset, with check-ins.
        level: Confidence level.
        min_at_risk: Streaks below which a rate is "too few".

    Returns:
        Frame by band ("1", "2-6", "7+" days): band, at_risk (streaks broken at least 30 days
        before the end), returned, rate with low and high (Wilson, members being the units), status.

    Raises:
        MissingTableError: No check-ins.
    """
    streaks = _streaks(ds)
    order = ibis.window(group_by="member_id", order_by="begin")
    rows = streaks.mutate(again=streaks.begin.lead().over(order))
    end = rows.begin + rows.length  # the first day without
    rows = rows.mutate(
        y=(rows.again.notnull() & (rows.again - end < RETURN_DAYS)).fill_null(False).cast("int64"),
        band=ibis.cases(*((rows.length <= high, name) for name, _, high in BANDS)),
    ).filter(end + RETURN_DAYS <= _last_day(ds) + 1)
    each = rows.group_by("band", "member_id").agg(x=rows.count(), y=rows.y.sum())
    sums = each.group_by("band").agg(
        units=each.count(), at_risk=each.x.sum(), returned=each.y.sum(),
        yy=(each.y * each.y).sum(), xx=(each.x * each.x).sum(), xy=(each.x * each.y).sum(),
    )  # fmt: skip
    frame = ds.frame(sums, ["band"]).set_index("band")
    frame = frame.reindex([name for name, *_ in BANDS], fill_value=0).reset_index()
    names = ("units", "returned", "at_risk", "yy", "xx", "xy")
    deff = intervals.clustered_effect(*(frame[name] for name in names))
    low, high = stats.wilson(frame["returned"], frame["at_risk"], level=level, deff=deff)
    enough = frame["at_risk"] >= min_at_risk
    rate = frame["returned"] / frame["at_risk"].where(enough)
    frame["rate"], frame["low"] = rate, pd.Series(low).where(enough)
    frame["high"] = pd.Series(high).where(enough)
    frame["status"] = np.where(enough, "ok", "too_few")
    return frame[["band", "at_risk", "returned", "rate", "low", "high", "status"]]


def _last_day(ds: Dataset) -> int:
    return int(pd.Timestamp(ds.as_of).to_datetime64().astype("datetime64[D]").astype(int))


def _streaks(ds: Dataset) -> ir.Table:
    """Return `member_id`, `begin` (day number), `length` (days) of every streak."""
    rows = ds.table("check_ins")
    rows = rows.filter(rows.member_id.notnull(), rows["at"].notnull())
    rows = rows.anti_join(ds.staff_ids(), "member_id")
    days = rows.select("member_id", day=periods.number(rows["at"], "day")).distinct()
    order = ibis.window(group_by="member_id", order_by="day")
    # Within a streak the day and its rank rise together.
    days = days.mutate(nth=ibis.row_number().over(order))
    days = days.mutate(island=days.day - days.nth)
    return days.group_by("member_id", "island").agg(
        begin=days.day.min(), length=days.count()
    ).drop("island")  # fmt: skip
