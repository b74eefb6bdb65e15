"""Which segment is best: adjusted for the mix of people, drawn in, with a probability.

A raw league table is one of luck and of mix: the top row is often a small segment, or one that
recruited in a good month. Here segments are compared within strata (month of joining, region, …)
by an additive model, small ones are drawn towards the whole (`shrinkage`), and each gets the
probability that it is the best of all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models.shrinkage import shrink
from commlab.stats import benjamini_hochberg, quantile

Array = npt.NDArray[np.float64]
NEED = ("segment", "stratum", "n", "total", "square")
_NODES = 128  # of Gauss–Hermite: probabilities of up to 50 segments are exact to 1e-6


def ranked_segments(
    sums: pd.DataFrame, *, level: float = LEVEL, min_people: int = MIN_AT_RISK
) -> pd.DataFrame:
    """Return segments by what they bring, adjusted for strata and drawn towards the whole.

    The adjusted mean is that of y = segment + stratum (least squares over people), at the mix of
    strata of all people: where every segment has people in every stratum and strata differ by the
    same amount in each, it is the post-stratified mean. Its error is the sandwich over people, so
    that neither equal variances nor an additive truth are asked for.

    Args:
        sums: One row a segment and stratum: segment, stratum, n (people), total and square (sums
            of their values and of the squares).
        level: Confidence level.
        min_people: Segments of fewer people are "too_few": neither shown nor used.

    Returns:
        Frame, highest first, those with too few last: segment, people, mean with mean_low and
        mean_high (as counted), adjusted with adjusted_low and adjusted_high, value with low and
        high (adjusted and drawn in), best (probability of being the highest), difference (adjusted
        minus the plain mean of all others), p, p_adjusted
        (Benjamini–Hochberg), flagged (p_adjusted below 1 − level), status.

    Raises:
        ArgumentError: A column is missing.
        NotEnoughDataError: Fewer than two segments have enough people in shared strata.

    Example:
        >>> sums = pd.DataFrame({"segment": ["a", "b"], "stratum": ["may", "may"],
        ...                      "n": [400, 400], "total": [200, 120], "square": [200, 120]})
        >>> ranked_segments(sums)[["segment", "adjusted", "best"]].round(3).to_numpy().tolist()
        [['a', 0.5, 1.0], ['b', 0.3, 0.0]]
    """
    lacking = [name for name in NEED if name not in sums]
    if lacking:
        raise ArgumentError(f"sums lacks {', '.join(lacking)}.", fix=f"It needs {', '.join(NEED)}.")
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    rows = sums[sums["n"] > 0]
    whole = rows.groupby("segment", sort=True)[["n", "total", "square"]].sum()
    used = whole.index[(whole["n"] >= max(min_people, 2))]
    if len(used) < 2:
        raise NotEnoughDataError(
            f"{len(used)} of {len(whole)} segments have {min_people} people: two are the least to "
            "compare.",
            fix="Use a coarser split.",
        )
    effect, error, cross = _adjusted(rows[rows["segment"].isin(used)], used)
    n, total, square = (whole[name].to_numpy(dtype=float) for name in ("n", "total", "square"))
    mean = total / n
    spread = np.maximum(square - n * mean**2, 0) / np.maximum(n - 1, 1) / n
    enough = whole.index.isin(used) & (n >= max(min_people, 2))
    good = error > 0
    if good.sum() < 2:
        raise NotEnoughDataError("nobody differs from anybody: there is nothing to compare.")
    drawn, variance = effect.copy(), error.copy()
    drawn[good], variance[good], _ = shrink(effect[good], error[good])
    difference, p = _against_rest(effect, cross)
    z = quantile(level)
    out = pd.DataFrame({"segment": whole.index, "people": n.astype(int)})
    figures = {
        "mean": mean, "mean_low": mean - z * spread**0.5, "mean_high": mean + z * spread**0.5,
    }  # fmt: skip
    for name, values in figures.items():
        out[name] = np.where(enough, values, np.nan)
    judged = {
        "adjusted": effect, "adjusted_low": effect - z * error**0.5,
        "adjusted_high": effect + z * error**0.5,
        "value": drawn, "low": drawn - z * variance**0.5, "high": drawn + z * variance**0.5,
        "best": probability_best(drawn, variance), "difference": difference, "p": p,
    }  # fmt: skip
    for name, values in judged.items():
        out[name] = np.nan
        out.loc[enough, name] = values
    out["p_adjusted"] = benjamini_hochberg(out["p"].to_numpy(dtype=float))
    out["flagged"] = (out["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    out["status"] = np.where(enough, "ok", "too_few")
    out = out.assign(_last=~enough, _value=-out["value"])
    out = out.sort_values(["_last", "_value", "segment"], kind="stable")
    return out.drop(columns=["_last", "_value"]).reset_index(drop=True)


def with_top(
    ranked: pd.DataFrame, share: float = 1 / 3, *, level: float = LEVEL, seed: int = 0
) -> pd.DataFrame:
    """Return ranked segments with `in_top`, the probability of being among the top ones.

    Args:
        ranked: From `ranked_segments`.
        share: See `probability_top`.
        level: Confidence level that `ranked` was made with.
        seed: See `probability_top`.
    """
    known = (ranked["status"] == "ok").to_numpy()
    spread = (ranked["high"] - ranked["low"]).to_numpy(dtype=float) / (2 * quantile(level))
    chance = np.full(len(ranked), np.nan)
    value = ranked["value"].to_numpy(dtype=float)
    chance[known] = probability_top(value[known], spread[known] ** 2, share, seed=seed)
    return ranked.assign(in_top=chance)


def probability_best(values: npt.ArrayLike, variances: npt.ArrayLike) -> Array:
    """Return the probability of each of independent normal quantities to be the greatest.

    P(i is best) = ∫ φ_i(x) Π_{j≠i} Φ_j(x) dx, by Gauss–Hermite quadrature: no draws, no seed.

    Args:
        values: Means, shape (n,).
        variances: Variances, above 0, shape (n,).

    Example:
        >>> probability_best([1.0, 1.0], [0.5, 0.5]).round(6).tolist()
        [0.5, 0.5]
    """
    mean = np.asarray(values, dtype=float)
    deviation = np.sqrt(np.maximum(np.asarray(variances, dtype=float), 1e-300))
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    x = mean[:, None] + deviation[:, None] * nodes
    below = special.log_ndtr((x[:, :, None] - mean) / deviation)  # (i, node, j)
    own = below[np.arange(len(mean)), :, np.arange(len(mean))]
    chance = np.exp(below.sum(axis=2) - own) @ weights / weights.sum()
    return chance / chance.sum()


def probability_top(
    values: npt.ArrayLike,
    variances: npt.ArrayLike,
    share: float = 1 / 3,
    *,
    draws: int = 4000,
    seed: int = 0,
) -> Array:
    """Return the probability of each of independent normal quantities to be among the top ones.

    Args:
        values: Means, shape (n,).
        variances: Variances, at least 0, shape (n,).
        share: Share of them that counts as the top, rounded up to a whole number.
        draws: Number of draws: the error of a probability is at most 0.8 points.
        seed: Seed.

    Example:
        >>> probability_top([3.0, 0.0, 0.0], [0.01, 0.01, 0.01]).round(2).tolist()
        [1.0, 0.0, 0.0]
    """
    guards.in_range("share", share, low=0, high=1, open_low=True)
    mean, spread = np.asarray(values, dtype=float), np.sqrt(np.asarray(variances, dtype=float))
    if not len(mean):
        return np.zeros(0)
    top = int(np.ceil(share * len(mean) - 1e-9))
    drawn = np.random.default_rng(seed).normal(mean, spread, size=(draws, len(mean)))
    line = np.partition(drawn, len(mean) - top, axis=1)[:, len(mean) - top]
    return (drawn >= line[:, None]).mean(axis=0)


def _adjusted(rows: pd.DataFrame, used: pd.Index) -> tuple[Array, Array, Array]:
    """Return adjusted means by segment, their variances, and the covariance matrix."""
    segment = pd.Categorical(rows["segment"], categories=used).codes.astype(int)
    stratum, strata = pd.factorize(rows["stratum"], sort=True)
    n, total, square = (rows[name].to_numpy(dtype=float) for name in ("n", "total", "square"))
    k, h = len(used), len(strata)
    share = np.bincount(stratum, weights=n, minlength=h) / n.sum()
    # Segment dummies and strata measured from the mix of all, so that a segment's coefficient is
    # its mean at that mix; the first stratum is left out.
    design = np.zeros((len(rows), k + h - 1))
    design[np.arange(len(rows)), segment] = 1
    if h > 1:
        dummies = np.eye(h)[stratum] - share
        design[:, k:] = dummies[:, 1:]
    gram = design.T @ (n[:, None] * design)
    inverse = np.linalg.pinv(gram)
    beta = inverse @ (design.T @ total)
    fitted = design @ beta
    # Σ (y − fitted)² over the people of a cell.
    residual = np.maximum(square - 2 * fitted * total + n * fitted**2, 0)
    people = n.sum()
    free = people / max(people - np.linalg.matrix_rank(gram), 1)
    cross = free * inverse @ (design.T @ (residual[:, None] * design)) @ inverse
    return beta[:k], np.maximum(np.diag(cross)[:k], 0.0), cross[:k, :k]


def _against_rest(effect: Array, cross: Array) -> tuple[Array, Array]:
    """Return each effect minus the mean of the others, and the two-sided p of no difference."""
    k = len(effect)
    contrast = np.eye(k) - (1 - np.eye(k)) / (k - 1)
    difference = contrast @ effect
    variance = np.maximum(np.diag(contrast @ cross @ contrast.T), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * special.ndtr(-np.abs(difference) / np.sqrt(variance))
    return difference, p
