"""When to push: hours in which most of a day's active members are there, and how sure that is.

Days are the units: what is written within a day hangs together. The share of a window is the ratio
of two sums over days (Deng, Knoblich & Lu 2018); intervals of all windows hold together
(Bonferroni). A window could be the best unless another is shown to be better: with each pair tested
at (1 − level) / (windows − 1), one-sided, the set of those that could be the best holds the truly
best one with probability `level` at least (multiple comparisons with the best: Hsu 1984, Annals of
Statistics 12; here by Bonferroni, as windows overlap and so hang together).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate

Array = npt.NDArray[np.float64]
HOURS = 24
MIN_DAYS = 14  # two weeks: every weekday twice
MIN_PEOPLE = 100  # member-hours: below it a window of a twelfth of the day holds eight


@dataclasses.dataclass(frozen=True)
class PushWindows:
    """Windows of the day, and which of them could be the best.

    Attributes:
        frame: start (hour), end (hour, after 24 again from 0), share, low, high (simultaneous
            over all windows), could_be_best, people (member-hours), days.
        best: Start of the window with the largest share.
        share: Its share, with the simultaneous interval.
        level: Confidence level.
    """

    frame: pd.DataFrame
    best: int
    share: Estimate
    level: float

    @property
    def candidates(self) -> list[int]:
        """Starts of the windows that could be the best, by hour."""
        return self.frame.loc[self.frame["could_be_best"], "start"].tolist()

    @property
    def clear(self) -> bool:
        """Whether those that could be the best overlap the best one: then it does not matter."""
        width = int((self.frame["end"].iloc[0] - self.frame["start"].iloc[0]) % HOURS)
        gaps = [abs(start - self.best) for start in self.candidates]
        return all(min(gap, HOURS - gap) < width for gap in gaps)

    def told(self) -> dict[str, str | Estimate]:
        """Return what a sentence says of the best window: start and end on a clock, its share."""
        width = int((self.frame["end"].iloc[0] - self.frame["start"].iloc[0]) % HOURS)
        ends = {"start": self.best, "end": (self.best + width) % HOURS}
        return {**{name: f"{hour:02d}:00" for name, hour in ends.items()}, "share": self.share}

    def to_frame(self) -> pd.DataFrame:
        """Return the windows."""
        return self.frame.copy()


def by_day(hours: pd.DataFrame) -> Array:
    """Return member-hours by day and hour, days with any activity only.

    Args:
        hours: day, hour, people (`metrics.day_hours`).
    """
    place, days = pd.factorize(hours["day"], sort=True)
    table = np.zeros((len(days), HOURS))
    np.add.at(table, (place, hours["hour"].to_numpy()), hours["people"].to_numpy(dtype=float))
    return table


def push_windows(
    hours: pd.DataFrame, *, width: int = 2, level: float = LEVEL, min_days: int = MIN_DAYS
) -> PushWindows:
    """Return the share of a day's activity in each window, and which could be the best.

    Args:
        hours: day, hour, people; only hours with people.
        width: Hours of a window; every start hour is tried, over midnight too.
        level: Confidence level.
        min_days: Days with activity that are needed.

    Raises:
        NotEnoughDataError: Fewer days, or fewer than 100 member-hours.

    Example:
        >>> rows = [(day, hour, 9 if hour in (8, 9) else 1 + (day * hour) % 2)
        ...         for day in range(30) for hour in range(24)]
        >>> push_windows(pd.DataFrame(rows, columns=["day", "hour", "people"])).best
        8
    """
    guards.whole("width", width, low=1, high=12)
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    table = by_day(hours)
    n, people = len(table), table.sum()
    if n < min_days or people < MIN_PEOPLE:
        raise NotEnoughDataError(
            f"{n} days with {people:,.0f} member-hours: {min_days} days and {MIN_PEOPLE} "
            "member-hours are needed to compare hours.",
            fix="Look back further (window_days).",
        )
    inside = _windows(table, width)
    total = table.sum(axis=1)
    # Each interval at a level at which all of them hold together.
    one = 1 - (1 - level) / HOURS
    share, low, high = stats.ratio_interval(
        n, inside.sum(axis=0), people, (inside**2).sum(axis=0), (total**2).sum(),
        (inside * total[:, None]).sum(axis=0), level=one, log=True,
    )  # fmt: skip
    could = _could_be_best(inside, total, level)
    start = np.arange(HOURS)
    frame = pd.DataFrame(
        {
            "start": start,
            "end": (start + width) % HOURS,
            "share": share,
            "low": np.maximum(low, 0.0),
            "high": np.minimum(high, 1.0),
            "could_be_best": could,
            "people": inside.sum(axis=0).astype(np.int64),
            "days": n,
        }
    )
    best = int(np.argmax(share))
    found = Estimate(
        value=float(share[best]), low=float(frame["low"][best]), high=float(frame["high"][best]),
        level=level, n=n, unit="share", method="ratio over days, simultaneous",
    )  # fmt: skip
    return PushWindows(frame, best, found, level)


def _windows(table: Array, width: int) -> Array:
    return sum((np.roll(table, -step, axis=1) for step in range(width)), np.zeros_like(table))


def _could_be_best(inside: Array, total: Array, level: float) -> npt.NDArray[np.bool_]:
    """Return which windows no other one beats."""
    n = len(inside)
    rate = inside.sum(axis=0) / total.sum()
    # Residuals of each ratio; those of a difference are their difference.
    residual = (inside - rate * total[:, None]) / total.mean()
    cross = residual.T @ residual / (n - 1) / n
    variance = np.diag(cross)[:, None] + np.diag(cross)[None, :] - 2 * cross
    gap = rate[None, :] - rate[:, None]  # by how much the column is above the row
    bar = distributions.t.ppf(1 - (1 - level) / (HOURS - 1), n - 1)
    return ~(gap > bar * np.sqrt(np.maximum(variance, 0)) + 1e-12).any(axis=1)


def group_windows(
    hours: pd.DataFrame, *, width: int = 2, level: float = LEVEL, min_days: int = MIN_DAYS
) -> pd.DataFrame:
    """Return which groups keep other hours than all groups together.

    For each group the share of its activity in the best window of all, against that of the other
    groups on the same days (paired by day), corrected for the number of groups.

    Args:
        hours: group_id, day, hour, people (`metrics.day_hours(…, by_group=True)`).
        width: Hours of a window.
        level: Confidence level; a group is flagged where its adjusted p is below 1 − level.
        min_days: Days with activity that a group needs.

    Returns:
        Frame by group: group_id, days, people (member-hours), start and end of its own best window,
        share (of its activity in the best window of all), low, high, rest_share, difference, p,
        p_adjusted, flagged, status ("ok" or "too_few").
    """
    everyone = hours.groupby(["day", "hour"])[["people"]].sum().reset_index()
    best = push_windows(everyone, width=width, level=level, min_days=min_days).best
    rows = []
    for name, part in hours.groupby("group_id", sort=True):
        rows.append((name, *_one_group(part, everyone, best, width, level, min_days)))
    names = ["group_id", "days", "people", "start", "end", "share", "low", "high", "rest_share",
             "difference", "p", "status"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=names)
    frame.insert(11, "p_adjusted", stats.benjamini_hochberg(frame["p"].to_numpy(dtype=float)))
    frame.insert(12, "flagged", (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool))
    return frame


def _one_group(
    part: pd.DataFrame, everyone: pd.DataFrame, best: int, width: int, level: float, min_days: int
) -> tuple[object, ...]:
    mine = by_day(part)
    n, people = len(mine), mine.sum()
    nothing = (np.nan,) * 8
    if n < min_days or people < MIN_PEOPLE:
        return (n, int(people), *nothing, "too_few")
    days = np.sort(part["day"].unique())
    rest = by_day(everyone[everyone["day"].isin(days)]) - mine
    own = int(np.argmax(_windows(mine, width).sum(axis=0)))
    a, x = _windows(mine, width)[:, best], mine.sum(axis=1)
    b, y = _windows(rest, width)[:, best], rest.sum(axis=1)
    share, low, high = stats.ratio_interval(
        n, a.sum(), people, (a * a).sum(), (x * x).sum(), (a * x).sum(), level=level
    )
    ends = (own, (own + width) % HOURS, float(share), max(float(low), 0.0), min(float(high), 1.0))
    if y.sum() <= 0:
        return (n, int(people), *ends, np.nan, np.nan, np.nan, "ok")
    other = b.sum() / y.sum()
    residual = (a - share * x) / x.mean() - (b - other * y) / y.mean()
    error = np.sqrt(float((residual**2).sum()) / (n - 1) / n)
    gap = float(share - other)
    p = 2 * distributions.t.sf(abs(gap) / error, n - 1) if error > 0 else float(gap == 0)
    return (n, int(people), *ends, float(other), gap, float(p), "ok")
