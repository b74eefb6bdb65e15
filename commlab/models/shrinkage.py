"""Means of segments, small ones drawn towards the whole by as much as chance moves them.

Normal–normal empirical Bayes. A segment's observed mean varies around its own true mean by
sampling error, and true means vary around the mean of all by τ. Paule & Mandel 1982 give τ from
the observed means; each is then drawn towards the middle by error²/(error² + τ²), and its interval
carries the uncertainty of the middle and of that share (Morris 1983, Parametric empirical Bayes
inference, JASA 78, eqs. 1.15–1.17, for unequal errors).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.stats import benjamini_hochberg, quantile

Array = npt.NDArray[np.float64]
_FEWEST = 4  # segments: with three the share drawn in, (k − 3)/(k − 1), would be none


def shrunk_means(
    values: npt.ArrayLike,
    segments: npt.ArrayLike,
    *,
    extra_variance: pd.Series | None = None,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return the mean of each segment, as it is and drawn towards the whole.

    Args:
        values: One a person, shape (n,).
        segments: Label of each person's segment, shape (n,).
        extra_variance: Variance of each segment's mean from other sources than the sampling of
            people, by label; default none.
        level: Confidence level.
        min_people: Segments of fewer people are "too_few": neither shown nor used.

    Returns:
        Frame, highest first, those with too few last: segment, buyers (people), mean, mean_low,
        mean_high (plain, normal), value, low, high (shrunk), weight (share of the segment's own
        mean in it), difference (mean minus that of all others), p (Welch), p_adjusted
        (Benjamini–Hochberg), flagged, status.

    Raises:
        NotEnoughDataError: Fewer than two segments have enough people.

    Example:
        >>> values, segments = [8, 12] * 200 + [9, 15] * 20, ["a"] * 400 + ["b"] * 40
        >>> shrunk_means(values, segments)[["mean", "value"]].round(2).to_numpy().tolist()
        [[12.0, 11.88], [10.0, 10.01]]
    """
    value = np.asarray(values, dtype=float)
    labels, place = np.unique(np.asarray(segments).astype(str), return_inverse=True)
    n = np.bincount(place).astype(float)
    total, square = np.bincount(place, weights=value), np.bincount(place, weights=value**2)
    return shrunk_sums(
        labels, n, total, square, extra_variance=extra_variance, level=level, min_people=min_people
    )


def shrunk_sums(
    segments: npt.ArrayLike,
    people: npt.ArrayLike,
    total: npt.ArrayLike,
    square: npt.ArrayLike,
    *,
    extra_variance: pd.Series | None = None,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return what `shrunk_means` returns, from sums by segment.

    Args:
        segments: Label of each segment, each once.
        people: Its people.
        total: Sum of their values.
        square: Sum of the squares of their values.
        extra_variance: See `shrunk_means`.
        level: Confidence level.
        min_people: See `shrunk_means`.

    Raises:
        NotEnoughDataError: Fewer than two segments have enough people.
    """
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    labels = np.asarray(segments).astype(str)
    n, total, square = (np.asarray(x, dtype=float) for x in (people, total, square))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        spread = np.maximum(square - n * mean**2, 0.0) / (n - 1)
        error = spread / n
    if extra_variance is not None:
        error = error + extra_variance.reindex(labels).to_numpy(dtype=float)
    enough = (n >= max(min_people, 2)) & (error > 0)
    if enough.sum() < 2:
        raise NotEnoughDataError(
            f"{int(enough.sum())} of {len(labels)} segments have {min_people} people: two are the "
            "least to compare.",
            fix="Use a coarser split.",
        )
    drawn, variance, weight = shrink(mean[enough], error[enough])
    rest_n = n.sum() - n
    rest = (total.sum() - total) / np.maximum(rest_n, 1)
    rest_error = np.maximum(square.sum() - square - rest_n * rest**2, 0) / np.maximum(rest_n, 2)
    rest_error = rest_error / np.maximum(rest_n - 1, 1)
    difference = np.where(rest_n > 0, mean - rest, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * special.ndtr(-np.abs(difference) / np.sqrt(error + rest_error))
    z = quantile(level)
    out = pd.DataFrame({"segment": labels, "buyers": n.astype(int)})
    columns = {
        "mean": mean, "mean_low": mean - z * error**0.5, "mean_high": mean + z * error**0.5,
        "difference": difference, "p": p,
    }  # fmt: skip
    for name, array in columns.items():
        out[name] = np.where(enough, array, np.nan)
    for name, array in (
        ("value", drawn), ("low", drawn - z * variance**0.5), ("high", drawn + z * variance**0.5),
        ("weight", weight),
    ):  # fmt: skip
        out[name] = np.nan
        out.loc[enough, name] = array
    out["p_adjusted"] = benjamini_hochberg(out["p"].to_numpy(dtype=float))
    out["flagged"] = (out["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    out["status"] = np.where(enough, "ok", "too_few")
    out = out.assign(_last=~enough, _value=-out["value"])
    out = out.sort_values(["_last", "_value", "segment"], kind="stable")
    return out.drop(columns=["_last", "_value"]).reset_index(drop=True)


def drawn_in(
    values: npt.ArrayLike, variances: npt.ArrayLike, *, level: float = LEVEL
) -> tuple[Array, Array, Array]:
    """Return estimates drawn towards their middle, and the ends of their intervals.

    Args:
        values: Independent estimates of the same kind, shape (n,).
        variances: Their sampling variances, above 0.
        level: Confidence level.

    Example:
        >>> value, low, high = drawn_in([0.0, 0.1, 0.2, 5.0], [1.0] * 4)
        >>> bool(0.2 < value[3] < 5 and low[3] < value[3] < high[3])
        True
    """
    drawn, variance, _ = shrink(np.asarray(values, dtype=float), np.asarray(variances, dtype=float))
    half = quantile(level) * np.sqrt(variance)
    return drawn, drawn - half, drawn + half


def shrink(mean: Array, error: Array) -> tuple[Array, Array, Array]:
    """Return shrunk means, their variances and the weights of the segments' own means."""
    k = len(mean)
    between = _paule_mandel(mean, error)
    precision = 1 / (error + between)
    middle = float(precision @ mean / precision.sum())
    shrink = error / (error + between)
    if k >= _FEWEST:  # Morris's correction: a τ estimated from few segments draws too hard
        shrink = shrink * (k - 3) / (k - 1)
    weight = 1 - shrink
    drawn = weight * mean + shrink * middle
    variance = error * (1 - shrink * (k - 1) / k)
    if k >= _FEWEST:
        relative = (error + between).mean() / (error + between)
        variance = variance + 2 / (k - 3) * shrink**2 * relative * (mean - middle) ** 2
    else:
        variance = error  # too few segments to learn how much they differ: plain intervals
    return drawn, variance, weight


def _paule_mandel(mean: Array, error: Array) -> float:
    """Return the variance between true means at which their weighted squares are as expected."""

    def excess(between: float) -> float:
        weight = 1 / (error + between)
        middle = weight @ mean / weight.sum()
        return float(weight @ (mean - middle) ** 2) - (len(mean) - 1)

    if excess(0.0) <= 0:
        return 0.0
    from scipy import optimize

    high = float(mean.var() + error.max()) + 1e-12
    while excess(high) > 0:
        high *= 2
    return float(optimize.brentq(excess, 0.0, high))
