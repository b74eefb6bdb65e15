"""The one place that speaks to tea-tasting: counts, means and covariances made in the engine.

All readouts of a campaign start from here. tea-tasting asks the engine for them in one GROUP BY
and does the inference on the difference of two means or ratios (Welch, delta method, CUPED).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from itertools import combinations

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from tea_tasting import aggr
from tea_tasting.metrics import RatioOfMeans

Array = npt.NDArray[np.float64]
SIZE = "size"  # people of a unit: the denominator where units hold several


@dataclasses.dataclass(frozen=True)
class Contrast:
    """A difference of two arms, a person.

    Attributes:
        control: Mean of the control arm (adjusted, with a covariate).
        treated: Mean of the other arm.
        difference: treated − control.
        low: Lower end of its interval.
        high: Upper end.
        error: Its standard error.
        relative: treated / control − 1; NaN where the control mean is not above 0.
        relative_low: Lower end (symmetric for the log of the ratio).
        relative_high: Upper end.
        p: Two-sided p-value.
    """

    control: float
    treated: float
    difference: float
    low: float
    high: float
    error: float
    relative: float
    relative_low: float
    relative_high: float
    p: float


@dataclasses.dataclass(frozen=True)
class Means:
    """Means a person of several columns, and the covariance of those means.

    Attributes:
        n: Units.
        value: Means, shape (k,).
        covariance: Of the means, shape (k, k): delta method where units hold several people.
    """

    n: int
    value: Array
    covariance: Array


def by_unit(table: ir.Table, columns: Sequence[str], keys: Sequence[str] = ("arm",)) -> ir.Table:
    """Return sums over the people of each unit, one row a unit (and key)."""
    sums = {name: table[name].sum() for name in (*columns, SIZE)}
    return table.group_by([*keys, "unit"]).agg(**sums)


def read(
    table: ir.Table,
    columns: Sequence[str],
    by: str = "arm",
    pairs: Sequence[tuple[str, str]] | None = None,
) -> dict[str, aggr.Aggregates]:
    """Return counts, means, variances and covariances of columns by arm, in one GROUP BY.

    Args:
        table: One row a unit.
        columns: Columns.
        by: Column of the arm.
        pairs: Pairs whose covariance is wanted; None: all. Of twenty columns all pairs would take
            most of the time.
    """
    names = list(dict.fromkeys(columns))
    found = aggr.read_aggregates(
        table,
        by,
        has_count=True,
        mean_cols=names,
        var_cols=names,
        cov_cols=list(combinations(names, 2)) if pairs is None else list(dict.fromkeys(pairs)),
    )
    return {str(key): _complete(value) for key, value in found.items()}


def contrast(
    control: aggr.Aggregates,
    treated: aggr.Aggregates,
    metric: str,
    *,
    covariate: str | None = None,
    denominator: str | None = None,
    several: bool = False,
    level: float = 0.95,
) -> Contrast | None:
    """Return the difference of a metric between two arms; None where nothing varies.

    Args:
        control: Aggregates of the control arm.
        treated: Aggregates of the other.
        metric: Column.
        covariate: Column from before the campaign that predicts it: CUPED (Deng et al. 2013).
        denominator: Column whose mean that of the metric is divided by: a ratio of means, its error
            by the delta method. Not with a covariate.
        several: Whether units hold several people: then it is the ratio of means of sums and
            sizes, which is the cluster-robust difference (Deng, Knoblich & Lu 2018).
        level: Confidence level.
    """
    if min(control.count(), treated.count()) < 2:
        return None
    if denominator and min(control.mean(denominator), treated.mean(denominator)) <= 0:
        return None
    if not control.var(metric) and not treated.var(metric):
        return None
    if denominator and not any(_varies(side, metric, denominator) for side in (control, treated)):
        return None
    size = denominator or (SIZE if several else None)
    method = RatioOfMeans(
        metric,
        size,
        covariate,
        size if covariate else None,
        confidence_level=level,
        alternative="two-sided",
        equal_var=False,
        use_t=True,
    )
    found = method.analyze_aggregates(control, treated)
    error = abs(found.effect_size / found.statistic) if found.statistic else math.nan
    if math.isnan(error):  # no difference at all: the width of the interval tells the error
        error = (found.effect_size_ci_upper - found.effect_size_ci_lower) / 4
    defined = found.control > 0 and found.treatment > 0
    relative = (found.rel_effect_size, found.rel_effect_size_ci_lower,
                found.rel_effect_size_ci_upper) if defined else (math.nan,) * 3  # fmt: skip
    return Contrast(
        float(found.control),
        float(found.treatment),
        float(found.effect_size),
        float(found.effect_size_ci_lower),
        float(found.effect_size_ci_upper),
        float(error),
        float(relative[0]),
        float(relative[1]),
        float(relative[2]),
        float(found.pvalue),
    )


def means(found: aggr.Aggregates, columns: Sequence[str], *, several: bool = False) -> Means:
    """Return means a person and their covariance."""
    names, n = list(columns), found.count()
    value = np.array([float(found.mean(name)) for name in names])
    spread = np.array([[_covariance(found, one, two) for two in names] for one in names])
    if several:
        size, weight = float(found.mean(SIZE)), float(found.var(SIZE))
        joint = np.array([_covariance(found, name, SIZE) for name in names])
        value = value / size
        # Linearised: the sums less value · size have the covariance that the ratios need.
        spread = spread - np.outer(value, joint) - np.outer(joint, value)
        spread = (spread + weight * np.outer(value, value)) / size**2
    return Means(n, value, spread / n)


def delta(
    function: Callable[[Array], float], value: Array, covariance: Array
) -> tuple[float, float]:
    """Return a function of means and its standard error (delta method, central differences)."""
    point = function(value)
    step = 1e-5 * np.maximum(np.abs(value), 1e-6)
    slope = np.array([
        (function(value + step * unit) - function(value - step * unit)) / (2 * step[place])
        for place, unit in enumerate(np.eye(len(value)))
    ])  # fmt: skip
    return float(point), float(np.sqrt(max(slope @ covariance @ slope, 0.0)))


def _varies(found: aggr.Aggregates, metric: str, denominator: str) -> bool:
    """Return whether a ratio is not the same for everybody, as the price of a single product is."""
    ratio = float(found.mean(metric) / found.mean(denominator))
    spread = float(found.var(metric)), float(found.var(denominator))
    rest = spread[0] - 2 * ratio * _covariance(found, metric, denominator) + ratio**2 * spread[1]
    # Beyond the rounding of sums that cancel out.
    return rest > 1e-9 * max(spread[0], 1e-300)


def _complete(found: aggr.Aggregates) -> aggr.Aggregates:
    """Add each column's covariance with itself: a shared denominator asks for it."""
    own = {(name, name): variance for name, variance in found.var_.items()}
    return aggr.Aggregates(found.count_, found.mean_, found.var_, found.cov_ | own)


def _covariance(found: aggr.Aggregates, one: str, two: str) -> float:
    return float(found.var(one) if one == two else found.cov(one, two))
