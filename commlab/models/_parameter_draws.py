"""Draws of a purchase model's parameters: how sure the fit is, carried into predictions."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.estimate import LEVEL

Array = npt.NDArray[np.float64]
DRAWS = 200  # ends of a 95 % interval are then known to a tenth of its width
_PROPOSALS = 4  # proposals for each draw kept
_DEGREES = 5.0  # tails of the proposal, heavier than any likelihood's: weights stay bounded
Model = TypeVar("Model", bound=Any)


def parameter_draws(model: Any, draws: int = DRAWS, seed: int = 0) -> Array:
    """Return draws of log parameters, by importance from a Student t at the maximum.

    Proposals on the log scale (heavy-tailed, with the inverse information as scale) are resampled
    by likelihood over proposal density: a flat prior on the logarithms, of which Wald's normal
    interval is the approximation that covers too seldom. Sampling/importance resampling: Rubin
    1988, Using the SIR algorithm to simulate posterior distributions, Bayesian Statistics 3.

    Args:
        model: A fitted BG/NBD, MBG/NBD, Pareto/NBD or Gamma–Gamma model.
        draws: Draws to return.
        seed: Seed.

    Returns:
        Shape (draws, parameters), logarithms in the model's own scale (see `with_parameters`).
    """
    guards.whole("draws", draws, low=1)
    guards.whole("seed", seed)
    if hasattr(model, "_parameter_draws"):  # covariates: effects of levels have a prior
        return np.asarray(model._parameter_draws(draws, seed))
    rng = np.random.default_rng(seed)
    centre, spread = model._maximum.point, model._log_covariance
    spread = np.where(np.isfinite(spread), spread, 0.0)  # a parameter on its bound stays there
    values, vectors = np.linalg.eigh((spread + spread.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    n, k = _PROPOSALS * draws, len(centre)
    normal = rng.standard_normal((n, k))
    fat = np.sqrt(_DEGREES / rng.chisquare(_DEGREES, n))
    points = centre + (normal * fat[:, None]) @ root.T
    distance = (normal**2).sum(axis=1) * fat**2
    density = -(_DEGREES + k) / 2 * np.log1p(distance / _DEGREES)
    height = np.array([model._function(point, False)[0] for point in points])
    weight = np.where(np.isfinite(height), height - density, -np.inf)
    weight = np.exp(weight - weight.max())
    steps = (np.arange(draws) + rng.random()) / draws
    chosen = np.searchsorted(np.cumsum(weight) / weight.sum(), steps)
    return rng.permutation(points[np.minimum(chosen, n - 1)])


def draw_interval(drawn: npt.ArrayLike, level: float = LEVEL) -> tuple[Array, Array]:
    """Return the ends of the central part of draws, along the first axis.

    Between the draws of rank (n + 1)·p the next one falls with exactly the chance promised. The
    usual interpolation stays inside them: of 200 draws it holds 94.1 % instead of 95 % (Hyndman &
    Fan 1996, Sample quantiles in statistical packages, Am. Statistician 50, definitions 6 and 7).

    Example:
        >>> [round(float(end), 9) for end in draw_interval(range(1, 200), 0.95)]
        [5.0, 195.0]
    """
    tail = (1 - level) / 2
    values = np.asarray(drawn, dtype=float)
    low, high = np.quantile(values, [tail, 1 - tail], axis=0, method="weibull")
    return low, high


def with_parameters(model: Model, points: Array) -> Iterator[Model]:
    """Yield copies of a model at each row of `parameter_draws`."""
    if hasattr(model, "_with_point"):
        yield from (model._with_point(point) for point in points)
        return
    scales = model.params_.to_numpy() / _natural(model, model._maximum.point)
    for point in points:
        one = copy.copy(model)
        values = _natural(model, point) * scales
        one.params_ = pd.Series(values, index=model.params_.index, name="params")
        if hasattr(model, "mean_spend_"):
            p, q, v = values
            one.mean_spend_ = p * v / (q - 1)
        yield one


def _natural(model: Any, point: Array) -> Array:
    values = np.exp(point)
    if hasattr(model, "mean_spend_"):  # Gamma–Gamma searches in log(q − 1)
        values[1] += 1
    return values
