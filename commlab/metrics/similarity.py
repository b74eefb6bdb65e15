"""How alike the members of one chat group are, and what that does to an interval."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy import special, stats as distributions

from commlab import stats

Floats = npt.NDArray[np.float64]


def estimate(sizes: Floats, active: Floats, over: npt.NDArray[np.bool_]) -> Similarity:
    """Return how alike members of one group are, from counts by group and cohort.

    Method of moments with every cohort's rate removed. With group effects u_g that a group keeps
    whatever the cohort, the sums of residuals are R = M u + noise, where M = diag(d) − A,
    d_g = Σ_c n_gc s_c, A_gh = Σ_c n_gc s_c n_hc / n_c and s_c² = p_c (1 − p_c), so
    E Σ R_g² = icc ‖M‖² + (1 − icc) N with N = Σ s_c² n_gc (1 − n_gc / n_c). Contrasts between
    groups of all cohorts count, not only those within one (which would leave groups that recruit
    one after another without any). Degrees of freedom are Satterthwaite's, ‖M‖⁴ / ‖M Mᵀ‖², of
    the period that tells most: periods of the same groups do not add up.

    Args:
        sizes: Members by group and cohort, shape (groups, cohorts).
        active: Active members, shape (groups, cohorts, periods).
        over: Whether a period counts, shape (cohorts, periods).
    """
    surplus = room = noise = whole = largest = degrees = 0.0
    for period in range(active.shape[2]):
        n = sizes[:, over[:, period]]
        k = active[:, over[:, period], period]
        total = n.sum(axis=0)
        n, k, total = n[:, total > 0], k[:, total > 0], total[total > 0]
        if not n.size:
            continue
        rate = k.sum(axis=0) / total
        spread = rate * (1 - rate)
        residual = (k - n * rate).sum(axis=1)
        scaled = n * np.sqrt(spread)
        own = scaled.sum(axis=1)
        share = n / total
        crossed = float(((scaled.T @ scaled) * (share.T @ share)).sum())
        norm = float((own**2).sum() - 2 * (own * (scaled * share).sum(axis=1)).sum()) + crossed
        part = float((spread * n * (1 - share)).sum())
        surplus += float((residual**2).sum()) - part
        room += norm - part
        noise += part
        whole += norm
        if norm > largest:
            largest, degrees = norm, norm**2 / _fourth(own, scaled, share)
    if room <= 0 or noise <= 0:
        return Similarity(0.0, 1.0, 0.0)
    return Similarity(min(max(surplus / room, 0.0), 1.0), whole / noise, degrees)


def _fourth(own: Floats, scaled: Floats, share: Floats) -> float:
    """Return ‖M Mᵀ‖², from its low-rank form D² + U K Uᵀ (M is groups × groups)."""
    cohorts = share.shape[1]
    parts = np.hstack([scaled, own[:, None] * share])
    middle = np.zeros((2 * cohorts, 2 * cohorts))
    middle[:cohorts, :cohorts] = share.T @ share
    middle[:cohorts, cohorts:] = middle[cohorts:, :cohorts] = -np.eye(cohorts)
    inner = middle @ (parts.T @ parts)
    crossed = np.trace(middle @ (parts.T @ (own[:, None] ** 2 * parts)))
    return float((own**4).sum() + 2 * crossed + np.trace(inner @ inner))


@dataclasses.dataclass(frozen=True)
class Similarity:
    """How alike members of one chat group are.

    Attributes:
        icc: Intra-class correlation, at least 0.
        typical: Size of the groups (in one cell) that it was estimated from.
        degrees: Degrees of freedom between groups; 0 where there are no two to compare.
    """

    icc: float
    typical: float
    degrees: float

    def design_effect(self, squares: npt.ArrayLike, people: npt.ArrayLike, level: float) -> Floats:
        """Return by how much to divide n so that a Wilson interval respects the groups.

        The variance is inflated by 1 + (m − 1)·icc with m = Σ size² / Σ size; the quantile is
        Student's, because icc comes from few groups (Korn & Graubard 1998, Survey Methodology 24,
        eq. 2.1: effective n × (z / t)²). Its degrees of freedom follow Satterthwaite: a cell
        whose groups are small hardly depends on icc and keeps the normal quantile. Where icc is
        estimated as 0 the interval is Wilson's as it stands: Student's quantile would then cover
        99 % instead of 95 (4 to 15 groups of 20 to 60; with this rule it is 94 to 98 for icc
        from 0 to .2; not heeding groups covers 85 % at icc .02 and 47 % at .2).

        Args:
            squares: Σ size² over the groups of each cell, lone members counting 1 each.
            people: Σ size.
            level: Confidence level of the interval.
        """
        n = np.asarray(people, dtype=float)
        deff = stats.design_effect(squares, n, self.icc)
        if self.degrees <= 0 or self.typical <= 1 or self.icc == 0:
            return np.ones_like(deff)
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.where(n > 0, np.asarray(squares, dtype=float) / n, 1.0)
            pooled = 1 + (self.typical - 1) * self.icc
            reach = (size - 1) * pooled / ((self.typical - 1) * deff)
            degrees = np.where(reach > 0, self.degrees / reach**2, np.inf)
        tail = 0.5 + level / 2
        student = distributions.t.ppf(tail, np.clip(degrees, 1, 1e9))
        return deff * (student / special.ndtri(tail)) ** 2
