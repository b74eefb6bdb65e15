"""Fitting survival curves to rows of stays, one a segment, as far as the data carry them.

Endings known to the step of the grid give the Kaplan–Meier estimate (`kaplan_meier`), wider
brackets Turnbull's (`turnbull`). Stays in one chat group are alike (a group that dies loses
all), so where rows name clusters the intervals respect them.
"""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import DataWarning, NotEnoughDataError, StatisticalWarning
from commlab.estimate import LEVEL
from commlab.models.kaplan_meier import edges, product_limit
from commlab.models.risksets import RiskSets, check_rows, choose_step, risk_sets, to_grid
from commlab.models.turnbull import turnbull, turnbull_draws

Array = npt.NDArray[np.float64]
DRAWS = 200  # enough for the ends of a 95 % interval to move by less than a tenth of its width
COLUMNS = ("segment", "day", "at_risk", "lost", "survival", "low", "high", "from_day", "method")


@dataclasses.dataclass(frozen=True)
class Curve:
    """Survival of one segment, as far as enough stays were under observation.

    Attributes:
        segment: Label.
        step: Days in a cell of the grid.
        first: Cell at which the curve begins; later than 0 only where nobody could be seen
            before, and then the curve holds for those who stayed so long.
        sets: Counts by cluster and cell, from `first` on; expected counts under Turnbull.
        survival: From 1 at the beginning, shape (cells + 1,).
        low: Lower end of the pointwise interval.
        high: Upper end of the pointwise interval.
        level: Confidence level.
        n: Stays of the segment.
        clusters: Number of clusters; 0 where rows name none.
        method: "Kaplan-Meier" or "Turnbull", with how the interval was made.
        draws: Resampled curves (draws, cells + 1) under Turnbull, else None.
    """

    segment: str
    step: int
    first: int
    sets: RiskSets
    survival: Array
    low: Array
    high: Array
    level: float
    n: int
    clusters: int
    method: str
    draws: Array | None = None

    @property
    def days(self) -> npt.NDArray[np.int64]:
        """Age in days at each point of the curve."""
        return (self.first + np.arange(len(self.survival))) * self.step

    def to_frame(self) -> pd.DataFrame:
        """Return the curve as a frame, a row for each point."""
        at_risk = self.sets.total_at_risk
        return pd.DataFrame(
            {
                "segment": self.segment,
                "day": self.days,
                "at_risk": np.concatenate([at_risk[:1], at_risk]),
                "lost": np.concatenate([[0.0], self.sets.total_lost]),
                "survival": self.survival,
                "low": self.low,
                "high": self.high,
                "from_day": self.first * self.step,
                "method": self.method,
            },
            columns=list(COLUMNS),
        )


def fit_curves(
    rows: pd.DataFrame,
    *,
    level: float = LEVEL,
    step: int | None = None,
    min_at_risk: int = MIN_AT_RISK,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Curve]:
    """Fit a curve to each segment.

    Args:
        rows: Rows of stays (see `commlab.models.risksets`).
        level: Confidence level.
        step: Days in a step of age; default: 1, or 7 where most endings are known less exactly.
        min_at_risk: A curve begins and ends where fewer stays are under observation.
        draws: Bootstrap samples for Turnbull's intervals.
        seed: Seed of the bootstrap.

    Returns:
        Curves by segment, in alphabetical order.

    Raises:
        NotEnoughDataError: No segment ever has `min_at_risk` stays under observation.
    """
    guards.whole("min_at_risk", min_at_risk, low=1)
    stays = check_rows(rows)
    grid = to_grid(stays, choose_step(stays) if step is None else step)
    used = choose_step(stays) if step is None else step
    curves: dict[str, Curve] = {}
    left_out = 0
    for segment, part in grid.groupby("segment", sort=True):
        span = _span(part, min_at_risk, str(segment), used)
        if span is None:
            left_out += 1
            continue
        curves[str(segment)] = _fit(str(segment), part, used, span, level, draws, seed)
    if not curves:
        raise NotEnoughDataError(
            f"{int(grid['n'].sum())} stays in {left_out} segments, never {min_at_risk} of one "
            "segment under observation at once.",
            fix="Use fewer segments, or a smaller min_at_risk.",
        )
    if left_out:
        warnings.warn(
            f"{left_out} of {left_out + len(curves)} segments never have {min_at_risk} stays "
            "under observation at once and get no curve.",
            DataWarning,
            stacklevel=2,
        )
    return curves


def _span(rows: pd.DataFrame, minimum: int, segment: str, step: int) -> tuple[int, int] | None:
    """First cell and one past the last of the stretch with enough stays at risk."""
    enough = risk_sets(rows).total_at_risk >= minimum
    if not enough.any():
        return None
    first = int(np.argmax(enough))
    after = ~enough[first:]
    stop = first + int(np.argmax(after)) if after.any() else len(enough)
    if first or enough[stop:].any():
        seen = int(rows.loc[rows["entry"] > 0, "n"].sum())
        warnings.warn(
            f"{segment}: fewer than {minimum} stays are under observation before day "
            f"{first * step} or after day {stop * step}; the curve holds for the days between, "
            f"among those who stayed {first * step} days ({seen} stays entered late).",
            StatisticalWarning,
            stacklevel=4,
        )
    return first, stop


def _fit(
    segment: str,
    rows: pd.DataFrame,
    step: int,
    span: tuple[int, int],
    level: float,
    draws: int,
    seed: int,
) -> Curve:
    first, stop = span
    wide = rows["observed"] & (rows["upper"] - rows["lower"] > 1)
    sets = risk_sets(rows).cut(first, stop)
    n = int(rows["n"].sum())
    if not wide.any():
        survival, low, high, method = product_limit(sets, level)
        clusters = len(sets.lost) if sets.clustered else 0
        return Curve(
            segment, step, first, sets, survival, low, high, level, n, clusters, method
        )  # fmt: skip
    fit = turnbull(rows)
    redrawn, clusters = turnbull_draws(rows, fit, draws=draws, seed=seed)
    base = np.maximum(redrawn.survival[:, first : first + 1], 1e-12)
    curves = redrawn.survival[:, first : stop + 1] / base
    survival = fit.survival[0, first : stop + 1] / fit.survival[0, first]
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(curves, tails, axis=0)
    low, high = np.minimum(low, survival), np.maximum(high, survival)
    at_risk = fit.at_risk[:, first:stop]
    low, high = edges(survival, at_risk[0], low, high, level)
    sets = RiskSets(fit.lost[:, first:stop], at_risk, clustered=False)
    method = f"Turnbull, bootstrap over {'clusters' if clusters else 'stays'}"
    return Curve(
        segment, step, first, sets, survival, low, high, level, n, clusters, method, curves
    )  # fmt: skip
