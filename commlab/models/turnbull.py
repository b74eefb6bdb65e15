"""Nonparametric maximum likelihood for stays whose end is only bracketed, under delayed entry.

Source: Turnbull 1976, The empirical distribution function with arbitrarily grouped, censored
and truncated data, J. R. Stat. Soc. B 38. lifelines has interval censoring or delayed entry,
not both at once; its special cases are what the tests compare with.

The unknown is the hazard of each cell of age. Given hazards, each bracketed stay is spread over
the cells of its bracket (E); hazards are then expected losses over expected stays at risk (M).
Conditioning on the age at entry is in the risk sets, so truncation needs no imagined stays.
"""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from commlab import guards
from commlab.errors import ConvergenceWarning, NotEnoughDataError

Array = npt.NDArray[np.float64]
TOLERANCE = 1e-7  # largest change of survival between two steps: far below any printed digit
MAX_STEPS = 5_000
_TINY = 1e-300


@dataclasses.dataclass(frozen=True)
class TurnbullFit:
    """The fitted curve; every array has a line per set of weights.

    Attributes:
        survival: Share that goes on after each cell, shape (sets, cells + 1), from 1 at age 0.
        lost: Expected losses, shape (sets, cells).
        at_risk: Expected stays at risk, shape (sets, cells).
        log_likelihood: Conditional log-likelihood, shape (sets,).
        steps: Steps that the algorithm took.
        converged: Whether it stopped by itself.
    """

    survival: Array
    lost: Array
    at_risk: Array
    log_likelihood: Array
    steps: int
    converged: bool


class _Pattern:
    """Where each distinct row adds to the cells: sparse differences, summed along the ages."""

    def __init__(self, rows: pd.DataFrame, cells: int) -> None:
        self.ended = rows["observed"].to_numpy()
        self.lower, self.upper = rows["lower"].to_numpy(), rows["upper"].to_numpy()
        self.entry = np.minimum(rows["entry"].to_numpy(), self.lower)
        self.cells = cells
        self.sure = self._spans(self.entry, self.lower)
        self.open = self._spans(self.lower[self.ended], self.upper[self.ended])

    def _spans(self, first: np.ndarray, stop: np.ndarray) -> sparse.csr_matrix:
        lines = np.tile(np.arange(len(first)), 2)
        values = np.repeat([1.0, -1.0], len(first))
        shape = (len(first), self.cells + 1)
        return sparse.csr_matrix((values, (lines, np.concatenate([first, stop]))), shape=shape)

    def total(self, weights: Array, spans: sparse.csr_matrix) -> Array:
        """Sum weights over the cells that each row spans, shape (sets, cells)."""
        return np.cumsum((spans.T @ weights.T).T, axis=1)[:, : self.cells]


def turnbull(
    rows: pd.DataFrame,
    weights: npt.ArrayLike | None = None,
    *,
    cells: int | None = None,
    start: Array | None = None,
    tolerance: float = TOLERANCE,
    max_steps: int = MAX_STEPS,
) -> TurnbullFit:
    """Fit the curve to rows of stays on a grid.

    Where the brackets leave the place of losses undecided, the curve falls there at the even
    hazard it started from: any curve between the ends of such a stretch is as likely.

    Args:
        rows: One segment, from `commlab.models.risksets.to_grid`.
        weights: Number of stays of each row, shape (rows,) or (sets, rows); default: `n`.
        cells: Number of cells; default: up to the last age in the rows.
        start: Hazards to start from, shape (cells,); default: one even hazard.
        tolerance: Stop when no survival moves by more.
        max_steps: Give up after so many steps, with a warning.

    Raises:
        NotEnoughDataError: Nobody was under observation.

    Example:
        >>> rows = pd.DataFrame({"entry": [0, 0, 0], "lower": [0, 1, 3], "upper": [2, 3, 3],
        ...                      "observed": [True, True, False], "n": [4, 3, 3]})
        >>> turnbull(rows).survival.round(3).tolist()
        [[1.0, 1.0, 0.3, 0.3]]
    """
    size = int(cells if cells is not None else rows["upper"].max() if len(rows) else 0)
    guards.whole("cells", size, low=0)
    pattern = _Pattern(rows, size)
    weight = np.atleast_2d(np.asarray(rows["n"] if weights is None else weights, dtype=float))
    sure = pattern.total(weight, pattern.sure)
    if not size or not sure.sum() + weight[:, pattern.ended].sum():
        raise NotEnoughDataError("no stay was under observation at any age.")
    hazard = np.atleast_2d(_first_hazard(pattern, weight, sure) if start is None else start)
    hazard = np.repeat(hazard, len(weight) // len(hazard), axis=0)
    steps, moved = 0, np.full(len(weight), np.inf)
    while steps < max_steps and (moved > tolerance).any():
        going = np.flatnonzero(moved > tolerance)
        w, fixed, old = weight[going], sure[going], hazard[going]
        once = _step(pattern, w, fixed, old)
        twice = _step(pattern, w, fixed, once)
        steps += 2
        moved[going] = np.abs(_survival(twice) - _survival(once)).max(axis=1)
        leap = _leap(pattern, w, old, once, twice)
        hazard[going] = np.where((moved[going] > tolerance)[:, None], leap, twice)
    survival = _survival(hazard)
    lost, at_risk = _expected(pattern, weight, sure, survival)
    if (moved > tolerance).any():
        warnings.warn(
            f"Turnbull's algorithm moved by {moved.max():.1g} at its last of {steps} steps; "
            "the curve is exact to about that. Raise max_steps, or use a coarser step.",
            ConvergenceWarning,
            stacklevel=2,
        )
    log_likelihood = _log_likelihood(pattern, weight, survival)
    return TurnbullFit(
        survival, lost, at_risk, log_likelihood, steps, bool((moved <= tolerance).all())
    )


def _first_hazard(pattern: _Pattern, weight: Array, sure: Array) -> Array:
    """One even hazard that counts half of each bracket as at risk."""
    ended = weight[:, pattern.ended]
    width = (pattern.upper - pattern.lower)[pattern.ended]
    exposure = sure.sum(axis=1) + ended @ ((width + 1) / 2)
    rate = ended.sum(axis=1) / np.maximum(exposure, _TINY)
    return np.repeat(np.clip(rate, 1e-9, 0.5)[:, None], pattern.cells, axis=1)


def _survival(hazard: Array) -> Array:
    return np.asarray(np.cumprod(np.hstack([np.ones((len(hazard), 1)), 1 - hazard]), axis=1))


def _step(pattern: _Pattern, weight: Array, sure: Array, hazard: Array) -> Array:
    lost, at_risk = _expected(pattern, weight, sure, _survival(hazard))
    share = np.where(at_risk > _TINY, lost / np.maximum(at_risk, _TINY), 0.0)
    return np.clip(share, 0, 1)


def _leap(pattern: _Pattern, weight: Array, start: Array, once: Array, twice: Array) -> Array:
    """Go on along the path of two steps where that raises the likelihood.

    Varadhan & Roland 2008, Scand. J. Stat. 35 (SQUAREM, step length S3): plain EM steps take
    thousands to empty the cells that hold nobody.
    """
    first, second = once - start, twice - 2 * once + start
    size = np.sqrt((first**2).sum(axis=1) / np.maximum((second**2).sum(axis=1), 1e-30))
    length = np.maximum(size, 1.0)[:, None]
    leap = start + 2 * length * first + length**2 * second
    # Never to 0 or 1 by a leap: no step leads out of there.
    leap = np.clip(leap, np.minimum(0.1 * twice, twice), 1 - 0.1 * (1 - twice))
    gain = _log_likelihood(pattern, weight, _survival(leap))
    better = gain > _log_likelihood(pattern, weight, _survival(twice))
    return np.where(better[:, None], leap, twice)


def _expected(
    pattern: _Pattern, weight: Array, sure: Array, survival: Array
) -> tuple[Array, Array]:
    lower, upper = pattern.lower[pattern.ended], pattern.upper[pattern.ended]
    chance = np.maximum(survival[:, lower] - survival[:, upper], _TINY)
    scaled = weight[:, pattern.ended] / chance
    covering = pattern.total(scaled, pattern.open)
    ahead = pattern.total(scaled * survival[:, upper], pattern.open)
    before, mass = survival[:, :-1], survival[:, :-1] - survival[:, 1:]
    waiting = np.maximum(before * covering - ahead, 0)
    return mass * covering, sure + waiting


def _log_likelihood(pattern: _Pattern, weight: Array, survival: Array) -> Array:
    safe = np.log(np.maximum(survival, _TINY))
    ended = pattern.ended
    lower, upper, entry = pattern.lower, pattern.upper, pattern.entry
    gone = np.maximum(survival[:, lower[ended]] - survival[:, upper[ended]], _TINY)
    terms = np.where(ended, 0.0, safe[:, lower])
    terms[:, ended] = np.log(gone)
    informs = ended | (lower > entry)
    return np.asarray((weight * (terms - safe[:, entry]) * informs).sum(axis=1))


def turnbull_draws(
    rows: pd.DataFrame, fit: TurnbullFit, *, draws: int, seed: int
) -> tuple[TurnbullFit, int]:
    """Refit on resampled clusters (or stays, where rows name no cluster).

    Args:
        rows: The rows of `fit`, with `cluster`.
        fit: The fit to all rows; draws start from its hazards.
        draws: Bootstrap samples.
        seed: Seed of the resampling.

    Returns:
        The fits, one line a draw, and the number of clusters (0 without clusters).
    """
    generator = np.random.default_rng(seed)
    keys = ["entry", "lower", "upper", "observed"]
    distinct: pd.DataFrame = rows.groupby(keys, as_index=False, sort=True)[["n"]].sum()
    n = distinct["n"].to_numpy()
    clusters = 0
    if rows["cluster"].isna().any():
        weights = generator.multinomial(int(n.sum()), n / n.sum(), size=draws).astype(float)
    else:
        line, index = pd.factorize(rows["cluster"], sort=True)
        clusters = len(index)
        place = distinct.reset_index().merge(rows.assign(line=line), on=keys)
        counts = sparse.csr_matrix(
            (place["n_y"].astype(float), (place["line"], place["index"])), (clusters, len(n))
        )
        picks = generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=draws)
        weights = (counts.T @ picks.T.astype(float)).T
    before, mass = fit.survival[0, :-1], -np.diff(fit.survival[0])
    hazard = np.where(before > _TINY, mass / np.maximum(before, _TINY), 0.0)
    # Never from exactly 0 or 1: the algorithm cannot leave them.
    start = np.clip(hazard, 1e-6, 1 - 1e-6)
    cells = fit.survival.shape[1] - 1
    return turnbull(distinct, weights, cells=cells, start=start, tolerance=1e-5), clusters
