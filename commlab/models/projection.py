"""Survival beyond what was seen: from the last age followed on, by sBG or by a baseline.

A projection carries the observed curve on from its last whole period: S(t0) times the model's
share of those there at t0 who stay until t. Intervals come from resampled curves (clusters
where rows name them, else losses given the stays at risk), each with a fit of its own, so they
hold both what is uncertain about the curve and what is uncertain about the model's parameters;
that the model is the right one they cannot hold: `commlab.models.backtest_survival` asks that.
"""

from __future__ import annotations

import dataclasses
import itertools
import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError, DataWarning, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.curves import Curve, fit_curves
from commlab.models.kaplan_meier import critical, half_width, influence
from commlab.models.sbg import check_counts, sbg_survival
from commlab.models.sbg_likelihood import maximise, to_parameters
from commlab.stats import quantile

Array = npt.NDArray[np.float64]
METHODS = ("sbg", "constant", "last")
DRAWS = 400  # ends of a 95 % interval from 10 draws on each side


@dataclasses.dataclass(frozen=True)
class Periods:
    """A curve in whole periods.

    Attributes:
        step: Days in a period.
        age: Number of each period from 1 (the first `step` days), shape (periods,).
        lost: Losses in each period.
        at_risk: Stays whose losses those are: lost / at_risk is exactly the curve's fall. Stays
            that were censored inside the period count by their share in it.
        survival: The curve at the end of the last period.
        draws_lost: Losses in resampled curves, given `at_risk`, shape (draws, periods).
        draws_survival: Resampled curves at the end of the last period, shape (draws,).
    """

    step: int
    age: Array
    lost: Array
    at_risk: Array
    survival: float
    draws_lost: Array
    draws_survival: Array

    @property
    def day(self) -> int:
        """Age in days at the end of the last period."""
        return int(self.age[-1]) * self.step

    def counts(self) -> pd.DataFrame:
        """Return the frame that `ShiftedBetaGeometricModel.fit` takes."""
        return pd.DataFrame(
            {"age": self.age.astype("int64"), "lost": self.lost, "at_risk": self.at_risk}
        )


def redraw(curve: Curve, draws: int, seed: int) -> Array:
    """Return resampled curves, shape (draws, points).

    Where rows name clusters whole clusters are drawn, and the spread is widened to that of the
    curve's own interval (few clusters; clusters that happen to be too much alike); else the losses
    of each step are drawn given who was at risk.
    """
    if curve.draws is not None:
        return curve.draws
    generator = np.random.default_rng(seed)
    sets = curve.sets
    _, factor = critical(sets, curve.level)
    if factor:
        active = sets.at_risk.sum(axis=1) > 0
        lost, at_risk = sets.lost[active], sets.at_risk[active]
        size = len(lost)
        picks = generator.multinomial(size, np.full(size, 1 / size), size=draws).astype(float)
        drawn, risk = picks @ lost, picks @ at_risk
    else:
        risk = np.broadcast_to(sets.total_at_risk, (draws, len(sets.total_at_risk)))
        whole = np.round(risk).astype("int64")
        with np.errstate(invalid="ignore", divide="ignore"):
            hazard = np.where(risk[0] > 0, sets.total_lost / risk[0], 0.0)
        drawn = generator.binomial(whole, np.clip(hazard, 0, 1)).astype(float)
        risk = whole
    with np.errstate(invalid="ignore", divide="ignore"):
        fall = np.where(risk > 0, drawn / risk, 0.0)
    logs = np.cumsum(np.log(np.maximum(1 - fall, 1e-12)), axis=1)
    if factor:
        centre = np.log(np.maximum(curve.survival[1:], 1e-12))
        spread = np.sqrt((np.cumsum(influence(sets), axis=1) ** 2).sum(axis=0))
        wanted = half_width(sets, curve.level) / quantile(curve.level)
        stretch = np.divide(wanted, spread, out=np.ones_like(spread), where=spread > 0)
        logs = np.minimum(centre + stretch * (logs - centre), 0.0)
        logs = np.minimum.accumulate(logs, axis=1)
    return np.hstack([np.ones((draws, 1)), np.exp(logs)])


def to_periods(curve: Curve, step: int, *, draws: int = DRAWS, seed: int = 0) -> Periods:
    """Cut a curve into whole periods of `step` days.

    Raises:
        ArgumentError: `step` is not a multiple of the curve's own step.
        NotEnoughDataError: The curve has less than one whole period.
    """
    guards.whole("step", step, low=1)
    if step % curve.step:
        raise ArgumentError(f"step == {step}, must be a multiple of the curve's {curve.step} days.")
    days = curve.days
    alive = curve.survival > 0
    edges = np.flatnonzero((days % step == 0) & alive)
    if len(edges) < 2:
        raise NotEnoughDataError(
            f"{curve.segment}: stays were followed from day {days[0]} to day {days[-1]}, less than "
            f"one whole period of {step} days.",
            fix="Use a shorter step.",
        )
    drawn = redraw(curve, draws, seed)
    lost = np.add.reduceat(curve.sets.total_lost, edges[:-1])
    lost[-1] = curve.sets.total_lost[edges[-2] : edges[-1]].sum()
    fall = 1 - curve.survival[edges[1:]] / curve.survival[edges[:-1]]
    mean_risk = [curve.sets.total_at_risk[a:b].mean() for a, b in itertools.pairwise(edges)]
    at_risk = np.where(fall > 0, lost / np.where(fall > 0, fall, 1), mean_risk)
    drawn_fall = 1 - drawn[:, edges[1:]] / np.maximum(drawn[:, edges[:-1]], 1e-12)
    return Periods(
        step=step,
        age=days[edges[1:]] / step,
        lost=lost,
        at_risk=at_risk,
        survival=float(curve.survival[edges[-1]]),
        draws_lost=np.clip(drawn_fall, 0, 1) * at_risk,
        draws_survival=drawn[:, edges[-1]],
    )


def ratios(method: str, lost: Array, at_risk: Array, age: Array, ahead: int) -> Array:
    """Return the share of those there after the last period who stay 1, …, `ahead` more.

    Args:
        method: "sbg"; "constant" (one share leaves in every period: the geometric model); "last"
            (the share that left in the last period seen goes on leaving).
        lost: Shape (lines, periods).
        at_risk: Shape (periods,).
        age: Shape (periods,).
        ahead: Number of periods.

    Returns:
        Shape (lines, ahead).
    """
    guards.one_of("method", method, METHODS)
    steps = np.arange(1, ahead + 1)
    if method == "sbg":
        found = maximise(lost, at_risk - lost, age)
        alpha, beta = to_parameters(found.u, found.v)
        start = sbg_survival(alpha, beta, age[-1])[:, None]
        return np.asarray(sbg_survival(alpha[:, None], beta[:, None], age[-1] + steps) / start)
    if method == "constant":
        stay = 1 - lost.sum(axis=1) / at_risk.sum()
    else:
        stay = 1 - lost[:, -1] / at_risk[-1]
    return np.asarray(stay[:, None] ** steps)


def project(
    rows: pd.DataFrame,
    horizon: int,
    *,
    step: int = 7,
    method: str = "sbg",
    level: float = LEVEL,
    min_at_risk: int = MIN_AT_RISK,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Project the survival of each segment beyond the last age that was followed.

    Args:
        rows: Rows of stays (see `commlab.models.risksets`).
        horizon: Days to add.
        step: Days in a period of the model: 7 for weeks, 30 for months.
        method: See `ratios`.
        level: Confidence level.
        min_at_risk: The observed curve ends where fewer stays are under observation.
        draws: Resampled curves for the intervals.
        seed: Seed of the resampling.

    Returns:
        Frame: segment, day, survival, low, high, method; the first row of a segment is the last
        point that was observed.

    Raises:
        NotEnoughDataError: No segment has the two periods, five losses and five stays kept that
            the least model needs.
    """
    guards.whole("horizon", horizon, low=1)
    curves = fit_curves(rows, level=level, min_at_risk=min_at_risk, draws=draws, seed=seed)
    parts, reasons = [], []
    for segment, curve in curves.items():
        try:
            used = to_periods(curve, step, draws=draws, seed=seed)
            check_counts(used.counts())
        except NotEnoughDataError as error:
            reasons.append(f"{segment}: {error}")
            continue
        parts.append(_project(curve, used, -(-horizon // step), method, level))
    if not parts:
        raise NotEnoughDataError("; ".join(reasons))
    if reasons:
        warnings.warn("No projection for " + "; ".join(reasons), DataWarning, stacklevel=2)
    return pd.concat(parts, ignore_index=True)


def _project(curve: Curve, used: Periods, ahead: int, method: str, level: float) -> pd.DataFrame:
    point = ratios(method, used.lost[None, :], used.at_risk, used.age, ahead)[0]
    drawn = ratios(method, used.draws_lost, used.at_risk, used.age, ahead)
    survival = used.survival * np.concatenate([[1.0], point])
    lines = used.draws_survival[:, None] * np.hstack([np.ones((len(drawn), 1)), drawn])
    low, high = np.quantile(lines, [(1 - level) / 2, (1 + level) / 2], axis=0)
    last = int(np.flatnonzero(curve.days == used.day)[0])
    low[0], high[0] = curve.low[last], curve.high[last]
    return pd.DataFrame(
        {
            "segment": curve.segment,
            "day": used.day + used.step * np.arange(ahead + 1),
            "survival": survival,
            "low": np.minimum(low, survival),
            "high": np.maximum(high, survival),
            "method": method,
        }
    )
