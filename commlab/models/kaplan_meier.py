"""The Kaplan–Meier estimate from counts, with delayed entry and clusters.

Source: Kaplan & Meier 1958; Greenwood 1926 for the variance of independent stays; for stays that
are alike within clusters Ying & Wei 1994, The Kaplan-Meier estimate for dependent failure time
observations, J. Multivariate Anal. 50: squared sums of the estimate's influence by cluster.
lifelines is what the tests compare with; it has no clusters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats as distributions

from commlab.estimate import LEVEL
from commlab.models.risksets import RiskSets
from commlab.stats import quantile, wilson

Array = npt.NDArray[np.float64]


def influence(sets: RiskSets) -> Array:
    """Return what each cluster adds to log S in each cell, shape (clusters, cells)."""
    at_risk, lost = sets.total_at_risk, sets.total_lost
    stayed = at_risk - lost
    with np.errstate(invalid="ignore", divide="ignore"):
        hazard = np.where(at_risk > 0, lost / at_risk, 0.0)
        parts = (sets.lost - hazard * sets.at_risk) / stayed
    return np.where(stayed > 0, parts, 0.0)


def greenwood(sets: RiskSets) -> Array:
    """Return Greenwood's addition to the variance of log S in each cell, shape (cells,)."""
    at_risk, lost = sets.total_at_risk, sets.total_lost
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = lost / (at_risk * (at_risk - lost))
    return np.where((lost > 0) & (at_risk > lost), parts, 0.0)


def critical(sets: RiskSets, level: float) -> tuple[float, float]:
    """Return the quantile for intervals and the small-sample factor of the cluster variance."""
    clusters = int((sets.at_risk.sum(axis=1) > 0).sum())
    if not sets.clustered or clusters < 2:
        return quantile(level), 0.0
    factor = clusters / (clusters - 1)
    return float(distributions.t.ppf(0.5 + level / 2, clusters - 1)), factor


def product_limit(sets: RiskSets, level: float = LEVEL) -> tuple[Array, Array, Array, str]:
    """Return the Kaplan–Meier curve with its log-log interval.

    The variance is Greenwood's or, where it is larger, the cluster-robust one (with few
    clusters the latter is itself uncertain; with two or more the quantile is Student's).

    Returns:
        Survival, low and high, each of shape (cells + 1,), and the name of the method.
    """
    at_risk, lost = sets.total_at_risk, sets.total_lost
    with np.errstate(invalid="ignore", divide="ignore"):
        hazard = np.where(at_risk > 0, lost / at_risk, 0.0)
    survival = np.concatenate([[1.0], np.cumprod(1 - hazard)])
    variance = np.cumsum(greenwood(sets))
    q, factor = critical(sets, level)
    method = "Kaplan-Meier, Greenwood"
    if factor:
        robust = factor * (np.cumsum(influence(sets), axis=1) ** 2).sum(axis=0)
        variance = np.maximum(variance, robust)
        method = "Kaplan-Meier, cluster-robust"
    error = np.sqrt(np.concatenate([[0.0], variance]))
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(survival)
        spread = np.exp(q * error / np.abs(logs))
        low, high = np.exp(logs * spread), np.exp(logs / spread)
    low, high = edges(survival, at_risk, low, high, level)
    return survival, low, high, method


def edges(
    survival: Array, at_risk: Array, low: Array, high: Array, level: float
) -> tuple[Array, Array]:
    """Return the interval with Wilson's where log(-log S) does not exist: none or all lost."""
    seen = np.minimum.accumulate(np.concatenate([at_risk[:1], at_risk]))
    none, everybody = survival >= 1, survival <= 0
    low = np.where(none, wilson(seen, seen, level=level)[0], low)
    high = np.where(none, 1.0, high)
    high = np.where(everybody, wilson(0 * seen, seen, level=level)[1], high)
    low = np.where(everybody, 0.0, low)
    low[0] = high[0] = 1.0
    return low, high
