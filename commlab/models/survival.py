"""How long stays last: survival curves, shares that last, restricted mean lifetime.

See `commlab.models.curves` for how the curves are fitted.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError
from commlab.estimate import LEVEL, Estimate
from commlab.models.curves import DRAWS, Curve, fit_curves
from commlab.models.kaplan_meier import critical, greenwood, influence
from commlab.models.risksets import check_rows
from commlab.stats import quantile

Array = npt.NDArray[np.float64]


def survival_curve(
    rows: pd.DataFrame,
    level: float = LEVEL,
    *,
    step: int | None = None,
    min_at_risk: int = MIN_AT_RISK,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the share of stays that last beyond each age, by segment.

    Arguments and errors are those of `fit_curves`.

    Returns:
        Frame: segment, day (age in days), at_risk (stays under observation in the step that
        ends there), lost (in that step), survival (share that lasts beyond), low, high,
        from_day (where the curve begins: survival is among those who stayed so long), method.

    Example:
        >>> rows = pd.DataFrame({"lower": [0, 2, 3], "upper": [1, 3, 3],
        ...                      "observed": [True, True, False], "n": [10, 20, 70]})
        >>> survival_curve(rows)[["day", "at_risk", "survival"]].round(3).to_numpy().tolist()
        [[0.0, 100.0, 1.0], [1.0, 100.0, 0.9], [2.0, 90.0, 0.9], [3.0, 90.0, 0.7]]
    """
    curves = fit_curves(
        rows, level=level, step=step, min_at_risk=min_at_risk, draws=draws, seed=seed
    )
    return pd.concat([curve.to_frame() for curve in curves.values()], ignore_index=True)


def survival_at(
    rows: pd.DataFrame,
    days: int,
    *,
    segment: str | None = None,
    level: float = LEVEL,
    step: int | None = None,
    min_at_risk: int = MIN_AT_RISK,
    seed: int = 0,
) -> Estimate:
    """Return the share of stays that last beyond an age, as an estimate.

    Refused where too few stays were followed so long, or where nobody was seen from the start.

    Args:
        rows: Rows of stays.
        days: Age in days.
        segment: Segment, where the rows hold several.
        level: Confidence level.
        step: See `fit_curves`.
        min_at_risk: See `fit_curves`.
        seed: Seed of the bootstrap, where there is one.

    Example:
        >>> rows = pd.DataFrame({"lower": [0, 9], "upper": [1, 9], "observed": [True, False],
        ...                      "n": [20, 80]})
        >>> survival_at(rows, 7)
        Estimate(0.8, 0.707378–0.866033, n=80, share, Kaplan-Meier, Greenwood)
    """
    options = {"level": level, "step": step, "min_at_risk": min_at_risk, "seed": seed}
    curve = _only(rows, segment, options)
    reason = _out_of_reach(curve, days)
    if reason:
        return Estimate.refused(reason, unit="share", n=curve.n)
    value, low, high = (
        float(np.interp(days, curve.days, line)) for line in (curve.survival, curve.low, curve.high)
    )
    # Those followed that long, not all who ever began: they carry the figure.
    frame = curve.to_frame()
    followed = round(float(frame.loc[frame["day"] <= days, "at_risk"].iloc[-1]))
    return Estimate(
        value=value, low=low, high=high, level=level, n=followed, unit="share", method=curve.method
    )


def restricted_mean(
    rows: pd.DataFrame,
    days: int,
    *,
    segment: str | None = None,
    level: float = LEVEL,
    step: int | None = None,
    min_at_risk: int = MIN_AT_RISK,
    seed: int = 0,
) -> Estimate:
    """Return the mean number of days stayed within the first `days`, as an estimate.

    The area under the curve, straight between its points (a loss falls on average in the
    middle of its step). The interval is normal, from the influence of clusters or Greenwood's
    variance (Klein & Moeschberger 2003, eq. 4.5.2), or from Turnbull's resampled curves.

    Arguments are those of `survival_at`.

    Example:
        >>> rows = pd.DataFrame({"lower": [0, 9], "upper": [1, 9], "observed": [True, False],
        ...                      "n": [20, 80]})
        >>> restricted_mean(rows, 7).value
        5.7
    """
    options = {"level": level, "step": step, "min_at_risk": min_at_risk, "seed": seed}
    curve = _only(rows, segment, options)
    reason = _out_of_reach(curve, days)
    if reason:
        return Estimate.refused(reason, unit="days", n=curve.n)
    weight = _trapezoid(curve.days, days)
    value = float(curve.survival @ weight)
    if curve.draws is not None:
        tails = [(1 - level) / 2, (1 + level) / 2]
        low, high = np.quantile(curve.draws @ weight, tails)
        low, high = min(float(low), value), max(float(high), value)
    else:
        # What a loss in a cell takes from the area: all of the curve that lies behind it.
        behind = np.cumsum((curve.survival * weight)[:0:-1])[::-1]
        half = quantile(level) * float(behind**2 @ greenwood(curve.sets)) ** 0.5
        q, factor = critical(curve.sets, level)
        if factor:
            robust = factor * float(((influence(curve.sets) @ behind) ** 2).sum())
            last = int(np.searchsorted(curve.days[1:], days))
            half = max(half, float(q[min(last, len(q) - 1)]) * robust**0.5)
        low, high = max(value - half, 0.0), min(value + half, float(days))
    return Estimate(
        value=value, low=low, high=high, level=level, n=curve.n, unit="days", method=curve.method
    )


def _only(rows: pd.DataFrame, segment: str | None, options: dict[str, Any]) -> Curve:
    known = tuple(check_rows(rows)["segment"].unique())
    if segment is None and len(known) > 1:
        raise ArgumentError(
            f"segment == None, but the rows hold {len(known)} segments.",
            fix=f"Name one of {', '.join(map(repr, known[:5]))}.",
        )
    if segment is not None:
        guards.one_of("segment", segment, known)
        rows = rows[rows["segment"].astype("string").fillna("unknown") == segment]
    return next(iter(fit_curves(rows, **options).values()))


def _out_of_reach(curve: Curve, days: int) -> str:
    guards.whole("days", days, low=0)
    if curve.first:
        return f"too few stays were seen from their first day on (from day {curve.days[0]} only)"
    if days > curve.days[-1]:
        return f"enough stays were followed for {curve.days[-1]} days, not for {days}"
    return ""


def _trapezoid(points: npt.NDArray[np.int64], days: int) -> Array:
    """Weights w such that w @ S is the area under straight lines through S up to `days`."""
    weight = np.zeros(len(points))
    for place, (start, stop) in enumerate(itertools.pairwise(points.tolist())):
        width = min(max(days - start, 0), stop - start)
        share = width / (stop - start)
        weight[place] += width * (1 - share / 2)
        weight[place + 1] += width * share / 2
    return weight


def ended_by(rows: pd.DataFrame, days: int, *, level: float = LEVEL) -> Estimate:
    """Return the share that has ended by an age: the rest of `survival_at`."""
    left = survival_at(rows, days, level=level)
    if left.value is None or left.low is None or left.high is None:
        return left
    return dataclasses.replace(left, value=1 - left.value, low=1 - left.high, high=1 - left.low)


def median_time(curve: pd.DataFrame, share: float = 0.5, *, level: float = LEVEL) -> Estimate:
    """Return the age by which a share has ended, with the curve's own band turned on its side.

    Refused where the curve does not fall so far; the interval is open where its band does not
    (Brookmeyer & Crowley 1982, A confidence interval for the median survival time, Biometrics 38).

    Args:
        curve: From `survival_curve`, one segment.
        share: Share that has ended.
        level: Confidence level of the curve's band.
    """
    guards.in_range("share", share, low=0, high=1, open_low=True, open_high=True)
    left = 1 - share
    day = curve["day"].to_numpy(dtype=float)

    def first(name: str) -> float:
        below = np.flatnonzero(curve[name].to_numpy(dtype=float) <= left + 1e-12)
        return float(day[below[0]]) if len(below) else float("nan")

    value, low, high = first("survival"), first("low"), first("high")
    n = int(curve["at_risk"].max())
    if np.isnan(value) or np.isnan(high):
        return Estimate.refused(
            f"within {day[-1]:.0f} days the curve does not surely fall to {left:.0%}",
            unit="days", n=n,
        )  # fmt: skip
    return Estimate(
        value=value, low=min(low, value), high=high, level=level, n=n, unit="days",
        method="Kaplan-Meier, Brookmeyer-Crowley",
    )  # fmt: skip
