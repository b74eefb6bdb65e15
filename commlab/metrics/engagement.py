"""How often members are active: active days, and daily, weekly and monthly active members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.estimate import LEVEL
from commlab.metrics import activity as activities
from commlab.metrics import cohorts, periods
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def _member_days(ds: Dataset, activity: str) -> ir.Table:
    """Return the distinct days on which members were active: `member_id`, `day` (number)."""
    people = cohorts.members(ds, "joined")
    rows = activities.by_period(ds, activity, "day").inner_join(people, "member_id")
    return rows.filter(rows["last"] >= rows.anchor).select("member_id", day="period")


def active_days(
    ds: Dataset,
    window_days: int = 28,
    activity: str = "any",
    *,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return on how many days of the last window members were active: the whole distribution.

    DAU / MAU is one number for two worlds: everybody once a week, or one in seven every day.

    Args:
        ds: The dataset.
        window_days: Length of the window that ends with `as_of`.
        activity: See `retention`.
        level: Confidence level.
        min_at_risk: Members below which nothing is said; default from the settings.

    Returns:
        One row per number of days, `active_days` 0 … `window_days`: `members`, `at_risk` (all
        who joined before the window), `share`, `low`, `high` (Wilson), `at_least` (share active
        on so many days or more), `status` ("ok", "too_few", "before_data" when the data of the
        activity begin inside the window, or "after_data" when they end before it does; shares
        are missing unless it is "ok").
    """
    guards.whole("window_days", window_days, low=1)
    smallest = minimum(ds, min_at_risk)
    last = periods.number_of(ds.as_of, "day")
    first = last - window_days + 1
    people = cohorts.members(ds, "joined")
    people = people.filter(periods.number(people.anchor, "day") < first).select("member_id")
    rows = _member_days(ds, activity)
    rows = rows.filter(rows.day >= first)
    rows = rows.group_by("member_id").agg(days=rows.count()).rename(who="member_id")
    both = people.left_join(rows, people.member_id == rows.who)
    both = both.select(days=both.days.fill_null(0))
    frame = ds.frame(both.group_by("days").agg(members=both.count()), ["days"])
    members = np.zeros(window_days + 1, dtype=np.int64)
    members[frame["days"].to_numpy(dtype=np.int64)] = frame["members"].to_numpy(dtype=np.int64)
    at_risk = int(members.sum())
    seen_from, seen_until = activities.covered(ds, activity, "day", first)
    status = "ok" if at_risk >= smallest else "too_few"
    status = "after_data" if seen_until is not None and seen_until < last else status
    status = "before_data" if seen_from is None or seen_from > first else status
    low, high = stats.wilson(members, np.full(len(members), at_risk), level=level)
    table = pd.DataFrame(
        {
            "active_days": np.arange(window_days + 1, dtype=np.int64),
            "members": members,
            "at_risk": at_risk,
            "share": members / max(at_risk, 1),
            "low": low,
            "high": high,
            "at_least": members[::-1].cumsum()[::-1] / max(at_risk, 1),
            "status": status,
        }
    )
    if status != "ok":
        table[["share", "low", "high", "at_least"]] = np.nan
    return table


def stickiness(
    ds: Dataset,
    window_days: int = 28,
    activity: str = "any",
    *,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return daily, weekly and monthly active members and DAU / MAU, in windows back from `as_of`.

    Windows of 28 days hold the same weekdays each, months do not. MAU is distinct members in the
    window, WAU the mean over its weeks, DAU the mean over its days.

    Args:
        ds: The dataset.
        window_days: Length of a window, a multiple of 7.
        activity: See `retention`.
        level: Confidence level.
        min_at_risk: Active members below which a ratio is "too few"; default from the settings.

    Returns:
        One row per window, oldest first: `starts_on`, `ends_on`, `dau`, `wau`, `mau`,
        `stickiness` (DAU / MAU: the mean share of days on which an active member was active),
        `low`, `high` (over members, from moments), `status` ("ok" or "too_few"). Only windows
        that the data of the activity cover whole.
    """
    guards.whole("window_days", window_days, low=7)
    guards.one_of("window_days % 7", window_days % 7, (0,))
    smallest = minimum(ds, min_at_risk)
    last = periods.number_of(ds.as_of, "day")
    rows = _member_days(ds, activity)
    rows = rows.mutate(week=((last - rows.day) / 7).floor().cast("int64"))
    rows = rows.group_by("member_id", "week").agg(days=rows.count())
    rows = rows.mutate(window=(rows.week / (window_days // 7)).floor().cast("int64"))
    rows = rows.group_by("member_id", "window").agg(days=rows.days.sum(), weeks=rows.count())
    sums = rows.group_by("window").agg(
        mau=rows.count(),
        days=rows.days.sum(),
        squares=(rows.days * rows.days).sum(),
        weeks=rows.weeks.sum(),
    )
    frame = ds.frame(sums, ["window"])
    # From 1970 on: the first event itself.
    seen_from, seen_until = activities.covered(ds, activity, "day", 0)
    whole = 0 if seen_from is None else (last - seen_from + 1) // window_days
    cut = 0 if seen_until is None else -((seen_until - last) // window_days)
    frame = frame.set_index("window").reindex(range(whole - 1, cut - 1, -1), fill_value=0)
    window = frame.index.to_numpy(dtype=np.int64)
    mau, days = frame["mau"].to_numpy(dtype=float), frame["days"].to_numpy(dtype=float)
    mean, low, high = stats.mean_interval(
        mau, days, frame["squares"].to_numpy(dtype=float), level=level
    )
    shown = mau >= smallest
    table = pd.DataFrame(
        {
            "starts_on": periods.starts(last - (window + 1) * window_days + 1, "day"),
            "ends_on": periods.starts(last - window * window_days, "day"),
            "dau": days / window_days,
            "wau": frame["weeks"].to_numpy(dtype=float) / (window_days // 7),
            "mau": mau.astype("int64"),
        }
    )
    for name, values in (("stickiness", mean), ("low", low), ("high", high)):
        share = np.clip(values / window_days, 0, 1)
        table[name] = np.where(shown, share, np.nan)
    table["status"] = np.where(shown, "ok", "too_few")
    return table
