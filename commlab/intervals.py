"""Intervals of counts, of medians and of rates in clusters, from counts and sums alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from commlab.estimate import LEVEL
from commlab.stats import quantile

Array = npt.NDArray[np.float64]


def count_interval(
    n: npt.ArrayLike, total: npt.ArrayLike, total_sq: npt.ArrayLike, *, level: float = LEVEL
) -> tuple[Array, Array, Array]:
    """Return the mean of counts a unit with its score interval, the dispersion estimated.

    |x − m| = z √(φ m / n) solved for m: the score interval of a Poisson mean, widened by the
    dispersion φ = variance / mean of the counts (quasi-Poisson, McCullagh & Nelder 1989, section
    6.2), at least 1. With few events it holds where the normal interval lies too low.

    Args:
        n: Number of units.
        total: Sum of their counts.
        total_sq: Sum of the squares of their counts.
        level: Confidence level.

    Returns:
        Mean, lower and upper end; NaN where n < 2.

    Example:
        >>> [round(float(x), 4) for x in count_interval(100, 20, 30)]
        [0.2, 0.1215, 0.3291]
    """
    z = quantile(level)
    count = np.where(np.asarray(n, dtype=float) >= 2, n, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.asarray(total, dtype=float) / count
        variance = (np.asarray(total_sq, dtype=float) - count * mean**2) / (count - 1)
        wide = np.where(mean > 0, np.maximum(variance / mean, 1.0), 1.0) * z**2 / count
    half = np.sqrt(mean * wide + wide**2 / 4)
    return mean, np.maximum(mean + wide / 2 - half, 0.0), mean + wide / 2 + half


def median_interval(
    values: npt.ArrayLike, n: npt.ArrayLike, *, level: float = LEVEL
) -> tuple[float, float, float]:
    """Return the median of counted values and its interval by order statistics.

    The ranks are n / 2 ± z √n / 2 (the normal approximation of Binomial(n, ½); Conover 1999,
    Practical Nonparametric Statistics, section 3.2).

    Args:
        values: Distinct values, ascending, at least one.
        n: How often each occurs.
        level: Confidence level.

    Example:
        >>> median_interval([1, 2, 3], [40, 40, 20])
        (2.0, 1.0, 2.0)
    """
    own, cumulated = np.asarray(values), np.cumsum(np.asarray(n))
    total = int(cumulated[-1])
    half = quantile(level) * np.sqrt(total) / 2
    ranks = np.array([(total + 1) / 2, total / 2 - half, total / 2 + half + 1])
    places = np.searchsorted(cumulated, np.clip(np.floor(ranks), 1, total))
    middle, low, high = (float(own[place]) for place in places)
    return middle, low, high


def clustered_effect(
    units: npt.ArrayLike,
    successes: npt.ArrayLike,
    trials: npt.ArrayLike,
    sum_yy: npt.ArrayLike,
    sum_xx: npt.ArrayLike,
    sum_xy: npt.ArrayLike,
) -> Array:
    """Return the design effect of a rate whose trials come in clusters, at least 1.

    The variance of Σy / Σx over clusters (see `ratio_interval`) over that of as many independent
    trials; 1 where it cannot be estimated.

    Args:
        units: Number of clusters.
        successes: Σ y, y being the successes of a cluster.
        trials: Σ x, x being its trials.
        sum_yy: Σ y².
        sum_xx: Σ x².
        sum_xy: Σ x·y.

    Example:
        >>> round(float(clustered_effect(4, 8, 16, 32, 64, 32)), 3)  # all or nothing, four each
        5.333
    """
    n, k = np.asarray(trials, dtype=float), np.asarray(successes, dtype=float)
    count = np.asarray(units, dtype=float)
    yy, xx, xy = (np.asarray(values, dtype=float) for values in (sum_yy, sum_xx, sum_xy))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = k / n
        robust = (yy - 2 * rate * xy + rate**2 * xx) * count / (count - 1) / n**2
        effect = robust / (rate * (1 - rate) / n)
    return np.where(np.isfinite(effect), np.maximum(effect, 1.0), 1.0)
