"""Maximum likelihood by Newton's method on the logarithms of the parameters.

Logarithms keep the parameters positive and straighten the ridges along which they are known
badly (log a and log b of BG/NBD correlate at .94). A start from a fit on a subsample leaves the
full data only a few steps to do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from commlab.models._btyd_data import Customers, systematic

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Time is counted in mean T. Beyond 10,000 a mixing distribution is a point to four digits (its
# coefficient of variation is below 1 %), below 1 in 10,000 nearly all its mass is at an end.
BOUND = float(np.log(1e4))
# Left to gain by the next step, in log-likelihood: parameters are then within 1e-5 standard errors.
TOLERANCE = 1e-10
# Other packages stop earlier; a thousandth of log-likelihood is a twentieth of a standard error.
FOREIGN_TOLERANCE = 1e-3
_MAX_STEPS = 200
_LONGEST = 2.0  # of a step, in log units: a factor of seven
_SCREEN = 2_048  # rows on which starts are compared
_SUBSAMPLE = 32_768  # rows that give a start within some standard errors of the full maximum
_TRIED = 3  # starts followed to their maximum: likelihoods of sparse data have flat valleys


class Likelihood(Protocol):
    """Log-likelihood of customers at logarithms of the parameters, with derivatives in them."""

    def __call__(
        self, point: Array, customers: Customers, *, derivatives: bool
    ) -> tuple[float, Array, Array]:
        """Return value, gradient and second derivatives (the last two may be unset)."""


@dataclasses.dataclass(frozen=True)
class Maximum:
    """Where a search ended.

    Attributes:
        point: Logarithms of the parameters, shape (k,).
        value: Log-likelihood.
        gradient: Shape (k,).
        hessian: Second derivatives, shape (k, k).
        converged: Whether the next step would gain nothing.
        at_bound: Parameters held by a bound, shape (k,).
        steps: Evaluations used.
    """

    point: Array
    value: float
    gradient: Array
    hessian: Array
    converged: bool
    at_bound: Flags
    steps: int


def newton(
    function: Callable[[Array, bool], tuple[float, Array, Array]],
    start: Array,
    *,
    fixed: Flags | None = None,
    tolerance: float = TOLERANCE,
    bound: float = BOUND,
) -> Maximum:
    """Climb to a maximum by damped Newton steps inside a box.

    Args:
        function: Takes a point and whether derivatives are wanted.
        start: Shape (k,).
        fixed: Parameters that stay where they are, shape (k,).
        tolerance: Gain of the next step at which the search ends.
        bound: Half the side of the box.
    """
    point = np.clip(start, -bound, bound)
    held = np.zeros(len(point), dtype=bool) if fixed is None else fixed
    value, gradient, hessian = function(point, True)
    steps = 1
    while True:
        at_low, at_high = point <= -bound, point >= bound
        blocked = (at_low & (gradient <= 0)) | (at_high & (gradient >= 0))
        free = ~(blocked | held)
        step, gain = _step(gradient, hessian, free)
        if gain < tolerance or steps >= _MAX_STEPS:
            done = bool(gain < tolerance)
            return Maximum(point, value, gradient, hessian, done, blocked & ~held, steps)
        for _ in range(30):
            trial = np.clip(point + step, -bound, bound)
            at, trial_gradient, trial_hessian = function(trial, True)
            steps += 1
            # The last digits of a long sum are noise: a step may lose that much.
            if at >= value - 1e-13 * abs(value):
                break
            step = step / 4
        else:
            return Maximum(point, value, gradient, hessian, False, blocked & ~held, steps)
        point, value, gradient, hessian = trial, at, trial_gradient, trial_hessian


def _step(gradient: Array, hessian: Array, free: Flags) -> tuple[Array, float]:
    """Return the step and the gain in value that the quadratic promises."""
    step = np.zeros(len(gradient))
    if not free.any():
        return step, 0.0
    curve, directions = np.linalg.eigh(-hessian[np.ix_(free, free)])
    slope = directions.T @ gradient[free]
    # Where the surface curves upwards, or is flat, climb along the gradient instead.
    curve = np.maximum(np.abs(curve), 1e-10 * max(float(np.abs(curve).max()), 1e-300))
    along = slope / curve
    gain = float(slope @ along) / 2
    move = directions @ along
    longest = float(np.abs(move).max())
    step[free] = move * min(1.0, _LONGEST / longest) if longest else move
    return step, gain


def fit(likelihood: Likelihood, customers: Customers, starts: Sequence[Array]) -> Maximum:
    """Find the maximum: best starts on few rows, then a subsample, then all rows.

    Args:
        likelihood: Log-likelihood with derivatives.
        customers: Distinct rows, time in units of mean T.
        starts: Points to compare.
    """

    def on(rows: Customers) -> Callable[[Array, bool], tuple[float, Array, Array]]:
        return lambda point, derivatives: likelihood(point, rows, derivatives=derivatives)

    few = customers if len(customers) <= _SCREEN else systematic(customers, _SCREEN)
    heights = [on(few)(np.asarray(start), False)[0] for start in starts]
    best = np.argsort(heights)[::-1][:_TRIED]
    loose = TOLERANCE if few is customers else 1e-3
    tried = [newton(on(few), starts[place], tolerance=loose) for place in best]
    found = max(tried, key=lambda one: (one.converged, one.value))
    if few is customers:
        return found
    if len(customers) > 2 * _SUBSAMPLE:
        found = newton(on(systematic(customers, _SUBSAMPLE)), found.point, tolerance=1e-3)
    return newton(on(customers), found.point)


def judged(function: Callable[[Array, bool], tuple[float, Array, Array]], point: Array) -> Maximum:
    """Return a point that another package found, with whether it is a maximum here too."""
    value, gradient, hessian = function(point, True)
    at_bound = np.abs(point) >= BOUND
    _, gain = _step(gradient, hessian, ~at_bound)
    return Maximum(point, value, gradient, hessian, gain < FOREIGN_TOLERANCE, at_bound, 1)


def covariance(maximum: Maximum) -> Array:
    """Return the covariance of the log parameters: inverse observed information.

    Parameters on a bound are taken as fixed there: their variance is infinite, their covariance
    with others 0. Where the information has no inverse, every variance is infinite.
    """
    size = len(maximum.point)
    out = np.zeros((size, size))
    np.fill_diagonal(out, np.inf)
    free = ~maximum.at_bound
    if not free.any():
        return out
    information = -maximum.hessian[np.ix_(free, free)]
    curve, directions = np.linalg.eigh(information)
    if curve.min() <= 1e-12 * abs(curve.max()):
        return out
    out[np.ix_(free, free)] = (directions / curve) @ directions.T
    return out
