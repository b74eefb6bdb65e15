"""Inference for few clusters: what the assignment itself could have brought.

Below some 40 clusters the normal approximation of cluster-robust errors rejects true nulls too
often (Cameron, Gelbach & Miller 2008; MacKinnon & Webb 2017). Where clusters were assigned at
random their assignment can be drawn again, and the studentised difference tells (Su & Ding 2021);
where nobody was assigned, clusters' scores get random signs (Kline & Santos 2012).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL

Array = npt.NDArray[np.float64]
FEW_CLUSTERS = 40  # Cameron & Miller 2015, section VI: "few" may be 20 to 50
DRAWS = 4_999  # with them a p-value of .05 is known to ± .003
_FARTHEST = 1e4  # standard errors: an end beyond is open


@dataclasses.dataclass(frozen=True)
class Randomised:
    """What re-randomisation says.

    Attributes:
        value: Difference a person.
        low: Lower end of the interval, from inverting the test.
        high: Upper end.
        p: Two-sided p-value of no effect.
        draws: Assignments looked at; all there are, where they are few.
    """

    value: float
    low: float
    high: float
    p: float
    draws: int


def rerandomise(
    total: npt.ArrayLike,
    size: npt.ArrayLike,
    treated: npt.ArrayLike,
    *,
    dose: npt.ArrayLike | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Randomised:
    """Return the difference of two arms of clusters with its randomisation interval.

    The interval holds every effect that, taken away from the treated clusters, leaves a
    difference that re-randomising could bring. It is exact if the effect is the same for all.

    Args:
        total: Sum of the metric in each cluster, shape (c,).
        size: People in each cluster.
        treated: Whether each cluster was treated.
        dose: What the effect is counted by: participants in each cluster (then it is the effect
            on compliers); default the people of the treated clusters.
        level: Confidence level.
        draws: Assignments to draw; all of them where there are no more.
        seed: Seed of the drawing.

    Raises:
        NotEnoughDataError: There are so few assignments that none could be told from chance.

    Example:
        >>> total, size = [3, 4, 2, 5, 3, 9, 8, 11, 7, 12], [10] * 10
        >>> found = rerandomise(total, size, [False] * 5 + [True] * 5)
        >>> round(found.value, 2), round(found.p, 3), found.draws
        (0.6, 0.008, 252)
    """
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    y, n = np.asarray(total, dtype=float), np.asarray(size, dtype=float)
    mine = np.asarray(treated, dtype=bool)
    given = n * mine if dose is None else np.asarray(dose, dtype=float)
    arms = _assignments(mine, draws, seed)
    if len(arms) * (1 - level) < 2:
        raise NotEnoughDataError(
            f"{int(mine.sum())} treated and {int((~mine).sum())} untouched clusters can be drawn "
            f"in {len(arms)} ways: nothing could be told from chance at {level:.0%}.",
            fix="Assign more clusters: at least 5 an arm, better 20.",
        )

    def p_value(effect: float) -> float:
        found = _studentised(y - effect * given, n, np.vstack([mine, arms]))
        # Ties are as extreme: sums of the same numbers differ in the last digit.
        return float(np.mean(found[1:] >= found[0] * (1 - 1e-9)))

    start, error = _estimate(y, n, mine, given)
    ends = [_end(p_value, start, side * error, 1 - level) for side in (-1, 1)]
    return Randomised(start, ends[0], ends[1], p_value(0.0), len(arms))


def wild_interval(
    scores: npt.ArrayLike, value: float, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Return interval and p-value of an estimate from few clusters' summed influences.

    Each cluster's score gets a random sign; the interval takes the quantile of the studentised
    sums (wild cluster bootstrap on scores, symmetric; Kline & Santos 2012).

    Args:
        scores: Sum of the influence function over each cluster, shape (g,), summing to about 0.
        value: The estimate.
        level: Confidence level.
        draws: Draws of signs.
        seed: Seed.

    Returns:
        Lower end, upper end, two-sided p-value of 0.
    """
    psi = np.asarray(scores, dtype=float)
    psi = psi - psi.mean()
    g = len(psi)
    scale = math.sqrt(g / (g - 1))
    error = scale * float(np.sqrt((psi**2).sum()))
    if error == 0:
        return value, value, float(value == 0)
    signs = np.random.default_rng(seed).choice(_WEBB, size=(draws, g))
    drawn = signs * psi
    spread = scale * np.sqrt(((drawn - drawn.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
    t = np.abs(drawn.sum(axis=1)) / np.maximum(spread, 1e-300)
    # Never narrower than Student with as many degrees as clusters give.
    from scipy import stats

    bound = max(float(np.quantile(t, level)), float(stats.t.ppf(0.5 + level / 2, g - 1)))
    p = max(
        float(np.mean(t >= abs(value) / error)), float(2 * stats.t.sf(abs(value) / error, g - 1))
    )
    return value - bound * error, value + bound * error, p


# Webb (2014): six points, so that few clusters have more than 2^g different draws.
_WEBB = np.array([-math.sqrt(1.5), -1.0, -math.sqrt(0.5), math.sqrt(0.5), 1.0, math.sqrt(1.5)])


def _assignments(mine: npt.NDArray[np.bool_], draws: int, seed: int) -> npt.NDArray[np.bool_]:
    c, k = len(mine), int(mine.sum())
    if math.comb(c, k) <= draws:
        every = np.zeros((math.comb(c, k), c), dtype=bool)
        for row, chosen in enumerate(itertools.combinations(range(c), k)):
            every[row, list(chosen)] = True
        return every
    drawn = np.tile(mine, (draws, 1))
    drawn = np.random.default_rng(seed).permuted(drawn, axis=1)
    return np.vstack([mine, drawn])  # the assignment that was made is one of those possible


def _studentised(y: Array, n: Array, arms: npt.NDArray[np.bool_]) -> Array:
    """Return |difference of ratios| over its delta-method error, for each assignment."""
    parts = np.column_stack([np.ones_like(y), y, n, y * y, n * n, y * n])
    ones = arms.astype(float) @ parts
    value, variance = _ratio(ones)
    other, spread = _ratio(parts.sum(axis=0) - ones)
    gap = np.abs(value - other)
    with np.errstate(invalid="ignore", divide="ignore"):
        # A difference between clusters that are all alike is beyond any error.
        return np.where(gap < 1e-12 * (np.abs(value) + np.abs(other)) + 1e-300, 0.0,
                        gap / np.sqrt(variance + spread))  # fmt: skip


def _ratio(sums: Array) -> tuple[Array, Array]:
    count, y, n, yy, nn, yn = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        value = y / n
        residual = np.maximum(yy - 2 * value * yn + value**2 * nn, 0.0)
        return value, residual * count / np.maximum(count - 1, 1) / n**2


def _estimate(y: Array, n: Array, mine: npt.NDArray[np.bool_], given: Array) -> tuple[float, float]:
    """Return the effect a unit of dose, and a standard error to search with."""
    arms = np.vstack([mine])
    parts = np.column_stack([np.ones_like(y), y, n, y * y, n * n, y * n])
    ones = arms.astype(float) @ parts
    (value, variance), (other, spread) = _ratio(ones), _ratio(parts.sum(axis=0) - ones)
    reach = given[mine].sum() / n[mine].sum() - given[~mine].sum() / n[~mine].sum()
    gap, error = float((value - other)[0]), float(np.sqrt(variance + spread)[0])
    return float(gap / reach), float(max(error, 1e-9 * max(abs(gap), 1.0)) / abs(reach))


def _end(p_value: Callable[[float], float], start: float, step: float, alpha: float) -> float:
    """Return the effect farthest from the estimate that is not rejected."""
    reach = 1.0
    while p_value(start + reach * step) > alpha:
        reach *= 2
        if reach > _FARTHEST:
            raise NotEnoughDataError(
                "the clusters are so few and uneven that the interval has no end.",
                fix="Assign more clusters, at least 5 an arm, better 20.",
            )
    inside = 0.0 if reach == 1.0 else reach / 2
    return float(
        optimize.bisect(
            lambda far: p_value(start + far * step) - alpha - 1e-12,
            inside,
            reach,
            xtol=1e-3,
        )
        * step
        + start
    )
