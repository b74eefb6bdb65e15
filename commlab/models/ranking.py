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
from scipy import sparse, special
from scipy.sparse import csgraph

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.cohorts import UNKNOWN
from commlab.models._adjusted import adjusted_means
from commlab.models.shrinkage import shrink
from commlab.stats import benjamini_hochberg, mean_interval, quantile, wilson

Array = npt.NDArray[np.float64]
NEED = ("segment", "stratum", "n", "total", "square")
MIN_FOR_MONEY = 100  # people: means of skewed amounts are not normal before
_Z = np.linspace(-6, 6, 49)  # grid of one quantity in its standard deviations
_MOST = 200  # quantities compared at once: the grid holds 49 points of each


def ranked_segments(
    sums: pd.DataFrame, *, level: float = LEVEL, min_people: int = MIN_AT_RISK
) -> pd.DataFrame:
    """Return segments by what they bring, adjusted for strata and drawn towards the whole.

    The adjusted mean is that of y = segment + stratum (least squares over people), at the mix of
    strata of all people: where every segment has people in every stratum and strata differ by the
    same amount in each, it is the post-stratified mean. Its error is the sandwich over people, or
    over chat groups where the sums name them, so that neither equal variances nor an additive
    truth are asked for. Of shares that are nearly all or nothing the error is at least that of
    Agresti & Coull; their difference from the others is tested with the variance of the strata's
    own rates, and not judged where fewer than five yes or no were to be expected.

    Segments that share no stratum with the others, not even by way of third ones, cannot be
    compared with them; nor can "unknown", which is no segment.

    Args:
        sums: One row a segment and stratum (and chat group): segment, stratum, n (people), total
            and square (sums of their values and of the squares); `cluster` where people of one
            chat group are alike, missing for those without one.
        level: Confidence level.
        min_people: Segments of fewer people are "too_few": neither shown nor used. Of money at
            least 100.

    Returns:
        Frame, highest first, those not compared last: segment, people, mean with mean_low and
        mean_high (as counted; Wilson for shares), adjusted with adjusted_low and adjusted_high,
        value with low and high (adjusted and drawn in), best (probability of being the highest),
        difference (adjusted minus the plain mean of all others), p, p_adjusted
        (Benjamini–Hochberg), flagged (p_adjusted below 1 − level), status ("ok", "too_few" or
        "not_comparable"), and for shares yes (people).

    Raises:
        ArgumentError: A column is missing.
        NotEnoughDataError: Fewer than two segments have enough people in shared strata, or nobody
            differs from anybody.

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
    shares = bool((rows["total"] == rows["square"]).all() and (rows["total"] <= rows["n"]).all())
    least = max(min_people, 2) if shares else max(min_people, MIN_FOR_MONEY)
    whole = rows.groupby("segment", sort=True)[["n", "total", "square"]].sum()
    enough = (whole["n"] >= least).to_numpy()
    joined = _joined(rows, [name for name in whole.index[enough] if name != UNKNOWN])
    alone = np.where(whole.index.isin(joined), "ok", "not_comparable")
    status = pd.Series(np.where(enough, alone, "too_few"), index=whole.index)
    if len(joined) < 2:
        raise NotEnoughDataError(
            f"{len(joined)} of {len(whole)} segments have {least} people who joined when others "
            "did: two are the least to compare.",
            fix="Use a coarser split.",
        )
    compared = rows[rows["segment"].isin(joined)]
    alike = shares and compared["total"].sum() in (0, compared["n"].sum())
    fitted = adjusted_means(compared, joined, shares=shares)
    if alike or (fitted.variance > 0).sum() < 2:
        raise NotEnoughDataError("nobody differs from anybody: there is nothing to compare.")
    out = _as_counted(whole, status, shares, level)
    reach = fitted.quantiles(level)
    drawn, variance = fitted.mean.copy(), fitted.variance.copy()
    good = variance > 0
    drawn[good], variance[good], _ = shrink(fitted.mean[good], fitted.variance[good])
    judged = {
        "adjusted": fitted.mean,
        "adjusted_low": fitted.mean - reach * fitted.variance**0.5,
        "adjusted_high": fitted.mean + reach * fitted.variance**0.5,
        "value": drawn, "low": drawn - reach * variance**0.5, "high": drawn + reach * variance**0.5,
        "best": probability_best(drawn, variance * (reach / quantile(level)) ** 2),
        "difference": fitted.difference, "p": fitted.p,
    }  # fmt: skip
    shown = (status == "ok").to_numpy()
    for name, values in judged.items():
        bounded = shares and name not in ("best", "difference", "p")
        held = np.full(len(out), np.nan)
        held[shown] = np.clip(values, 0, 1) if bounded else values
        out[name] = held
    out["p_adjusted"] = benjamini_hochberg(out["p"].to_numpy(dtype=float))
    out["flagged"] = (out["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    out["status"] = status.to_numpy()
    out = out.assign(_last=~shown, _value=-out["value"])
    out = out.sort_values(["_last", "_value", "segment"], kind="stable")
    return out.drop(columns=["_last", "_value"]).reset_index(drop=True)


def _joined(rows: pd.DataFrame, used: list[str]) -> list[str]:
    """Return the segments that hang together by strata they share: the largest such set."""
    held = rows[rows["segment"].isin(used)]
    if held.empty:
        return []
    segment, names = pd.factorize(held["segment"], sort=True)
    stratum, strata = pd.factorize(held["stratum"])
    size = len(names) + len(strata)
    ones = np.ones(len(held))
    graph = sparse.coo_matrix((ones, (segment, len(names) + stratum)), shape=(size, size))
    _, part = csgraph.connected_components(graph, directed=False)
    people = np.bincount(part[segment], weights=held["n"].to_numpy(dtype=float))
    return [str(name) for name, own in zip(names, part, strict=False) if own == people.argmax()]


def _as_counted(whole: pd.DataFrame, status: pd.Series, shares: bool, level: float) -> pd.DataFrame:
    """Return segment, people and the mean as counted, with its interval."""
    n, total, square = (whole[name].to_numpy(dtype=float) for name in ("n", "total", "square"))
    out = pd.DataFrame({"segment": whole.index.astype(str), "people": n.astype(int)})
    if shares:
        out["yes"] = total.astype(int)
        low, high = wilson(total, n, level=level)
        mean = total / n
    else:
        mean, low, high = mean_interval(n, total, square, level=level)
    few = (status == "too_few").to_numpy()
    for name, values in (("mean", mean), ("mean_low", low), ("mean_high", high)):
        out[name] = np.where(few, np.nan, values)
    return out


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

    P(i is best) = ∫ φ_i(x) Π_{j≠i} Φ_j(x) dx on a grid that holds 49 points of each quantity, so
    that a narrow one beside a wide one is seen: right to about 0.001, without draws. Of more than
    200 quantities those are compared whose upper reach is highest; the others have none.

    Args:
        values: Means, shape (n,).
        variances: Variances, at least 0, shape (n,).

    Example:
        >>> probability_best([1.0, 1.0], [0.5, 0.5]).round(3).tolist()
        [0.5, 0.5]
    """
    mean = np.asarray(values, dtype=float)
    spread = np.sqrt(np.maximum(np.asarray(variances, dtype=float), 0))
    # A quantity that is known exactly: a thousandth of the widest spread stands for it.
    spread = np.maximum(spread, 1e-3 * spread.max(initial=0) + 1e-12)
    chance = np.zeros(len(mean))
    chosen = np.argsort(-(mean + 2 * spread), kind="stable")[:_MOST]
    m, s = mean[chosen], spread[chosen]
    x = np.unique(m[:, None] + s[:, None] * _Z)
    below = special.log_ndtr((x[None, :] - m[:, None]) / s[:, None])
    density = np.exp(-0.5 * ((x[None, :] - m[:, None]) / s[:, None]) ** 2) / s[:, None]
    each = np.trapezoid(density * np.exp(below.sum(axis=0) - below), x, axis=1)
    chance[chosen] = each / each.sum()
    return chance


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
