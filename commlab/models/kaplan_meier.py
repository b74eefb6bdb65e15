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


def critical(sets: RiskSets, level: float) -> tuple[Array, float]:
    """Return Student's quantile in each cell and the small-sample factor of the cluster variance.

    Degrees of freedom are Kish's effective number of clusters less one, each cluster weighing by
    its share in the stays at risk behind the curve so far: the oldest ages of a young community
    rest on its first few groups, however many there are by now. (With 25 groups that opened one
    after another, all 24 degrees covered 92 % at the last age instead of 95: docs/truth.)

    Returns:
        Quantiles, shape (cells,), and the factor; without two clusters normal ones, and 0.
    """
    clusters = int((sets.at_risk.sum(axis=1) > 0).sum())
    cells = sets.at_risk.shape[1]
    if not sets.clustered or clusters < 2:
        return np.full(cells, quantile(level)), 0.0
    at_risk, lost = sets.total_at_risk, sets.total_lost
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(at_risk > 0, sets.at_risk / at_risk, 0.0)
        hazard = np.where(at_risk > 0, lost / at_risk, 0.0)
        weight = np.cumsum(share * hazard, axis=1)
        weight = np.where(weight.sum(axis=0) > 0, weight, share)
        effective = weight.sum(axis=0) ** 2 / (weight**2).sum(axis=0)
    degrees = np.maximum(np.nan_to_num(effective, nan=clusters) - 1, 1.0)
    return distributions.t.ppf(0.5 + level / 2, degrees), clusters / (clusters - 1)


def half_width(sets: RiskSets, level: float) -> Array:
    """Return half the width of the interval of log S in each cell, shape (cells,).

    The wider of two: Greenwood's error with the normal quantile, and the clusters' with Student's.
    """
    plain = quantile(level) * np.sqrt(np.cumsum(greenwood(sets)))
    q, factor = critical(sets, level)
    robust = factor * (np.cumsum(influence(sets), axis=1) ** 2).sum(axis=0)
    return np.maximum(plain, q * np.sqrt(robust))


def product_limit(sets: RiskSets, level: float = LEVEL) -> tuple[Array, Array, Array, str]:
    """Return the Kaplan–Meier curve with its log-log interval.

    The error is Greenwood's or, where that gives the wider interval, the cluster-robust one
    with Student's quantile (see `half_width`).

    Returns:
        Survival, low and high, each of shape (cells + 1,), and the name of the method.
    """
    at_risk, lost = sets.total_at_risk, sets.total_lost
    with np.errstate(invalid="ignore", divide="ignore"):
        hazard = np.where(at_risk > 0, lost / at_risk, 0.0)
    survival = np.concatenate([[1.0], np.cumprod(1 - hazard)])
    _, factor = critical(sets, level)
    method = f"Kaplan-Meier, {'cluster-robust' if factor else 'Greenwood'}"
    half = np.concatenate([[0.0], half_width(sets, level)])
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(survival)
        spread = np.exp(half / np.abs(logs))
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
