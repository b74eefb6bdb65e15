"""How large an effect the next campaign could show: from own history, for people and for groups."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from commlab import guards
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.randomisation import FEW_CLUSTERS, rerandomise

Array = npt.NDArray[np.float64]
POWER = 0.8  # four times as much weight on a false alarm as on a miss (Cohen 1988)


@dataclasses.dataclass(frozen=True)
class History:
    """What own history says about the noise of a metric.

    Attributes:
        mean: Mean a person.
        deviation: Standard deviation between people.
        icc: Intra-class correlation of groups (one-way ANOVA); 0 where units are people.
        size: Typical group: Σ size² / Σ size; 1 where units are people.
        units: Units in the history.
        people: People in it.
        residual: Share of the variance that a covariate leaves (CUPED); 1 without one.
    """

    mean: float
    deviation: float
    icc: float
    size: float
    units: int
    people: int
    residual: float = 1.0

    @property
    def design_effect(self) -> float:
        """How many times larger groups make the variance."""
        return max(1.0, 1 + (self.size - 1) * self.icc)


def history(
    frame: pd.DataFrame, metric: str, *, covariate: str | None = None, unit: str | None = None
) -> History:
    """Return the noise of a metric among people, and how alike members of a group are.

    Args:
        frame: One row a person; see `Outcomes.frame`, with a span before the campaign.
        metric: Column of the metric.
        covariate: Column that predicts it.
        unit: Column of the group; None: people are single.

    Raises:
        NotEnoughDataError: Fewer than two people or groups, or nothing varies.

    Example:
        >>> frame = pd.DataFrame({"y": [0, 0, 1, 1, 2, 3], "g": list("aabbcc")})
        >>> round(history(frame, "y", unit="g").icc, 2)
        0.89
    """
    y = frame[metric].to_numpy(dtype=float)
    n = len(y)
    if n < 2 or y.std() == 0:
        raise NotEnoughDataError(
            f"{metric} is the same for all of {n:,} people: there is no noise to plan with.",
            fix="Look at a longer time, or at another metric.",
        )
    residual = 1.0
    if covariate is not None:
        x = frame[covariate].to_numpy(dtype=float)
        residual = 1 - float(np.corrcoef(x, y)[0, 1]) ** 2 if x.std() else 1.0
    if unit is None:
        return History(float(y.mean()), float(y.std(ddof=1)), 0.0, 1.0, n, n, residual)
    groups, _ = pd.factorize(frame[unit])
    size = np.bincount(groups).astype(float)
    k = len(size)
    if k < 2 or k == n:
        raise NotEnoughDataError(
            f"{n:,} people in {k:,} groups: likeness within groups cannot be seen.",
            fix="Use groups with several people.",
        )
    sums = np.bincount(groups, weights=y)
    between = float((size * (sums / size - y.mean()) ** 2).sum()) / (k - 1)
    within = float((y**2).sum() - (sums**2 / size).sum()) / (n - k)
    typical = (n - float((size**2).sum()) / n) / (k - 1)  # m₀ of the unbalanced one-way ANOVA
    icc = (between - within) / (between + (typical - 1) * within)
    return History(
        float(y.mean()), float(y.std(ddof=1)), max(0.0, icc), float((size**2).sum() / n), k, n,
        residual,
    )  # fmt: skip


def detectable(
    past: History, units: int, *, holdout: float = 0.5, power: float = POWER, level: float = LEVEL
) -> float:
    """Return the smallest difference a person that would be found with the given power.

    (t₁₋α∕₂ + t_power) · σ · sqrt(deff · residual · (1/n₁ + 1/n₀)), Student's degrees of freedom
    from the number of units (Murray 1998, Design and analysis of group-randomized trials).

    Args:
        past: See `history`.
        units: People or groups to assign, both arms together.
        holdout: Share held out.
        power: Probability of finding it.
        level: Confidence level of the readout.

    Example:
        >>> past = History(mean=0.5, deviation=1.0, icc=0.0, size=1.0, units=999, people=999)
        >>> round(detectable(past, 1570), 3)
        0.142
    """
    guards.whole("units", units, low=4)
    guards.in_range("holdout", holdout, low=0, high=1, open_low=True, open_high=True)
    guards.in_range("power", power, low=0, high=1, open_low=True, open_high=True)
    freedom = units - 2
    reach = stats.t.ppf(0.5 + level / 2, freedom) + stats.t.ppf(power, freedom)
    people = units * (past.size if past.icc or past.size > 1 else 1.0)
    spread = past.design_effect * past.residual * (1 / holdout + 1 / (1 - holdout)) / people
    return float(reach * past.deviation * math.sqrt(spread))


def needed(
    past: History,
    difference: float,
    *,
    holdout: float = 0.5,
    power: float = POWER,
    level: float = LEVEL,
) -> int:
    """Return how many people or groups it takes to find a difference.

    Raises:
        ArgumentError: The difference is 0.
    """
    if not difference:
        raise ArgumentError("difference == 0, nothing finds it.", fix="Name the least that pays.")
    low, high = 4, 8
    while detectable(past, high, holdout=holdout, power=power, level=level) > abs(difference):
        low, high = high, high * 2
        if high > 1e9:
            raise ArgumentError(
                f"difference == {difference!r}, would take over a thousand million.",
                fix="Name a larger one.",
            )
    while low < high:
        middle = (low + high) // 2
        found = detectable(past, middle, holdout=holdout, power=power, level=level)
        low, high = (low, middle) if found <= abs(difference) else (middle + 1, high)
    return high


def false_alarms(
    frame: pd.DataFrame,
    metric: str,
    *,
    unit: str | None = None,
    holdout: float = 0.5,
    level: float = LEVEL,
    draws: int = 400,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how often the readout finds an effect where there is none: assign the past at random.

    Args:
        frame: One row a person, before any campaign.
        metric: Column of the metric.
        unit: Column of the group that is assigned as one; None: people.
        holdout: Share held out.
        level: Confidence level.
        draws: Assignments.
        seed: Seed.

    Returns:
        Frame by method: method ("ours": the readout of this design; "naive": people as if they
        had been assigned singly), rejected, draws, share, low, high (Wilson).
    """
    from commlab.stats import wilson

    guards.whole("draws", draws, low=1)
    rng = np.random.default_rng(seed)
    y = frame[metric].to_numpy(dtype=float)
    labels = frame[unit] if unit is not None else pd.Series(np.arange(len(frame)))
    groups, _ = pd.factorize(labels)
    size = np.bincount(groups).astype(float)
    total = np.bincount(groups, weights=y).astype(float)
    square = np.bincount(groups, weights=y * y).astype(float)
    c = len(size)
    held = round(c * holdout)
    if min(held, c - held) < 2:
        raise NotEnoughDataError(f"{c} units cannot be split {holdout:.0%}.", fix="Use more.")
    arms = np.zeros((draws, c), dtype=bool)
    arms[:, held:] = True
    arms = rng.permuted(arms, axis=1)
    few = unit is not None and c < FEW_CLUSTERS
    ours = np.array([
        _randomised(total, size, arm, level, seed) for arm in arms
    ]) if few else _by_units(total, size, arms, level)  # fmt: skip
    naive = _by_people(total, size, square, arms, level)
    rejected = np.array([ours.sum(), naive.sum()])
    low, high = wilson(rejected, draws)
    return pd.DataFrame({
        "method": ["ours", "naive"], "rejected": rejected, "draws": draws,
        "share": rejected / draws, "low": low, "high": high,
    })  # fmt: skip


def _randomised(total: Array, size: Array, arm: np.ndarray, level: float, seed: int) -> bool:
    return rerandomise(total, size, arm, level=level, draws=999, seed=seed).p < 1 - level


def _by_units(total: Array, size: Array, arms: np.ndarray, level: float) -> np.ndarray:
    parts = np.column_stack([np.ones_like(size), total, size, total**2, size**2, total * size])
    ones = arms.astype(float) @ parts
    moments = []
    for sums in (ones, parts.sum(axis=0) - ones):
        count, y, n, yy, nn, yn = sums.T
        value = y / n
        spread = np.maximum(yy - 2 * value * yn + value**2 * nn, 0) * count / (count - 1) / n**2
        moments.append((value, spread, count))
    return _welch(moments, level)


def _by_people(
    total: Array, size: Array, square: Array, arms: np.ndarray, level: float
) -> np.ndarray:
    parts = np.column_stack([size, total, square])
    ones = arms.astype(float) @ parts
    moments = []
    for sums in (ones, parts.sum(axis=0) - ones):
        n, y, yy = sums.T
        moments.append((y / n, np.maximum(yy - y * y / n, 0) / (n - 1) / n, n))
    return _welch(moments, level)


def _welch(moments: list[tuple[Array, Array, Array]], level: float) -> np.ndarray:
    (v1, s1, n1), (v0, s0, n0) = moments
    freedom = (s1 + s0) ** 2 / (s1**2 / (n1 - 1) + s0**2 / (n0 - 1))
    return np.asarray(np.abs(v1 - v0) / np.sqrt(s1 + s0) > stats.t.ppf(0.5 + level / 2, freedom))
