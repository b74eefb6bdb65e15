"""How alike the members of one chat group are, and what that does to an interval."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy import stats as distributions

from commlab import stats

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Similarity:
    """How alike members of one chat group are.

    Attributes:
        icc: Intra-class correlation, at least 0.
        typical: Size of the groups (in one cell) that it was estimated from.
        degrees: Degrees of freedom between groups; 0 where no cell has two groups.
    """

    icc: float
    typical: float
    degrees: int

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
        if self.degrees < 1 or self.typical <= 1 or self.icc == 0:
            return np.ones_like(deff)
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.where(n > 0, np.asarray(squares, dtype=float) / n, 1.0)
            pooled = 1 + (self.typical - 1) * self.icc
            reach = (size - 1) * pooled / ((self.typical - 1) * deff)
            degrees = np.where(reach > 0, self.degrees / reach**2, np.inf)
        tail = 0.5 + level / 2
        student = distributions.t.ppf(tail, np.clip(degrees, 1, 1e9))
        return deff * (student / special.ndtri(tail)) ** 2
