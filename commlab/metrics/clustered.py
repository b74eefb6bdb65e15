"""Rates whose events hang together in clusters, from sums that the engine makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats as distributions

from commlab import stats
from commlab.estimate import LEVEL

if TYPE_CHECKING:
    from commlab.dataset import Dataset

Array = npt.NDArray[np.float64]
_SUMS = ("clusters", "y", "x", "yy", "xx", "xy")


def cluster_sums(rows: ir.Table, keys: Sequence[str], cluster: str, y: str, x: str) -> ir.Table:
    """Return what an interval of Σy / Σx needs, by segment, clusters being the units.

    Args:
        rows: Any rows.
        keys: Columns of the segments.
        cluster: Column of the cluster.
        y: Column that is counted, 0 or 1 or a number.
        x: Column of the chances.

    Returns:
        Expression by segment: the keys, clusters (with any x), y, x, yy, xx, xy.
    """
    both = rows.group_by([*keys, cluster]).agg(
        y=rows[y].cast("float64").sum(), x=rows[x].cast("float64").sum()
    )
    both = both.filter(both.x > 0)
    return both.group_by(list(keys)).agg(
        clusters=both.count(),
        yy=(both.y * both.y).sum(),
        xx=(both.x * both.x).sum(),
        xy=(both.y * both.x).sum(),
        y=both.y.sum(),
        x=both.x.sum(),
    )


def clustered_rates(sums: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return rates with Wilson intervals whose n is divided by the design effect.

    The design effect is the variance between clusters over that of independent events, at least
    1, with Student's quantile for few clusters (Korn & Graubard 1998, eq. 2.1).

    Args:
        sums: From `cluster_sums`.
        level: Confidence level.

    Returns:
        Frame like `sums`: rate, low, high, deff; missing where fewer than two clusters are.
    """
    n, y, x, yy, xx, xy = (sums[name].to_numpy(dtype=float) for name in _SUMS)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = y / x
        between = (yy - 2 * rate * xy + rate**2 * xx) * n / (n - 1) / x**2
        alone = rate * (1 - rate) / x
        deff = np.where(alone > 0, np.maximum(between / alone, 1.0), 1.0)
        student = distributions.t.ppf(0.5 + level / 2, np.where(n > 1, n - 1, np.nan))
    # Where clusters do not matter, Student's quantile would only widen.
    factor = np.where(deff > 1, (student / special.ndtri(0.5 + level / 2)) ** 2, 1.0)
    deff = deff * factor
    low, high = stats.wilson(y, x, level=level, deff=deff)
    known = (n > 1) & (x > 0)
    return pd.DataFrame(
        {
            name: np.where(known, values, np.nan)
            for name, values in (("rate", rate), ("low", low), ("high", high), ("deff", deff))
        },
        index=sums.index,
    )


def two_way_error(
    ds: Dataset, rows: ir.Table, residual: str, first: str, second: str
) -> tuple[float, int]:
    """Return the standard error of a sum of residuals that hang together in two ways.

    V = V(first) + V(second) − V(both) (Cameron, Gelbach & Miller 2011, J. Bus. Econ. Stat. 29,
    eq. 2.9), each Σ over clusters of the squared sum, times n / (n − 1); where that is below the
    larger of the two, the larger stands.

    Args:
        ds: The dataset.
        rows: Rows with residuals that sum to 0.
        residual: Column of the residuals.
        first: Column of the one cluster.
        second: Column of the other.

    Returns:
        The error, and the smaller number of clusters.
    """
    parts, counts = [], []
    for keys in ([first], [second], [first, second]):
        sums = rows.group_by(keys).agg(e=rows[residual].sum())
        row = ds.frame(sums.agg(n=sums.count(), v=(sums.e * sums.e).sum())).iloc[0]
        n = int(row["n"])
        parts.append(float(row["v"] or 0.0) * n / max(n - 1, 1))
        counts.append(n)
    variance = max(parts[0] + parts[1] - parts[2], parts[0], parts[1])
    return float(np.sqrt(variance)), min(counts[:2])


def interval(value: float, error: float, clusters: int, level: float) -> tuple[float, float]:
    """Return the ends of Student's interval with as many clusters."""
    half = float(distributions.t.ppf(0.5 + level / 2, max(clusters - 1, 1))) * error
    return value - half, value + half


def held(ds: Dataset, table: ir.Table) -> ir.Table:
    """Return a table that is worked out once for several questions, where that may be."""
    return table if ds.engine.borrowed else table.cache()


def flag(condition: ir.BooleanValue) -> ir.IntegerValue:
    """Return 1 where a condition holds, else 0; unknown counts as 0."""
    return ibis.ifelse(condition.fill_null(False), 1, 0).cast("int64")
