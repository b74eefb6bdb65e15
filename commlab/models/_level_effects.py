"""Effects of segments on a purchase model's parameters, drawn towards none: search and posterior.

The log parameters of customers whose covariates have levels l₁, l₂, … are θ + Σ_c M′u_(c, l_c): θ
for all, u an effect of a level, M which log parameter an effect moves and with which sign (Fader &
Hardie 2007, Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models). Every
level has its effect, u ~ N(0, τ²), so that no level is the reference and no coding matters.

τ, one a covariate and effect, is learnt from the data: the Laplace approximation of the marginal
likelihood, the likelihood's curvature taken at the last mode (Breslow & Clayton 1993, Approximate
inference in generalized linear mixed models, JASA 88, section 2), under a half-normal prior
(Gelman 2006, Prior distributions for variance parameters, Bayesian Analysis 1). Its mode in log τ
is never at 0, where few levels would put a maximum (Chung et al. 2013, Psychometrika 78). What
leaves here are draws of (θ, u, τ): the intervals hold that τ is not known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from commlab.models._btyd_data import Array, Customers
from commlab.models._btyd_fit import BOUND, Likelihood, Maximum, newton

Whole = npt.NDArray[np.intp]
# Prior of τ: segments commonly differ by less than a factor e; seven-fold is left possible (2 σ).
PRIOR_SPREAD = 1.0
_START = 0.3
_CLOSE = 1e-4  # of log τ: a ten-thousandth of the spread
_MAX_ROUNDS = 100
_DEGREES = 5.0  # of the Student t from which log τ is proposed
_HELD = 1e8  # precision of a parameter on its bound: it moves by 1 in 10,000
_HEAVIER = 1.1  # proposals of θ, u this much wider than the normal approximation: tails are covered


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where each effect stands among the coefficients: θ first, then by covariate, level, effect.

    Attributes:
        moves: M, shape (effects, parameters).
        sizes: Levels of each covariate, the last one standing for those never seen.
    """

    moves: Array
    sizes: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """Number of parameters of the model itself."""
        return int(self.moves.shape[1])

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.parameters + len(self.moves) * sum(self.sizes)

    @property
    def spread_of(self) -> Whole:
        """Return which τ each coefficient has, −1 for θ, shape (size,)."""
        effects = len(self.moves)
        groups = [
            np.tile(np.arange(effects) + c * effects, levels) for c, levels in enumerate(self.sizes)
        ]
        return np.concatenate([np.full(self.parameters, -1), *groups]).astype(np.intp)

    @property
    def joint(self) -> Array:
        """Return the matrix from the coefficients of `places` to log parameters."""
        return np.hstack([np.eye(self.parameters), *[self.moves.T] * len(self.sizes)])

    def place(self, covariate: int, level: int) -> slice:
        """Return where the effects of a level stand."""
        effects = len(self.moves)
        start = self.parameters + effects * (sum(self.sizes[:covariate]) + level)
        return slice(start, start + effects)

    def places(self, levels: npt.NDArray[np.integer]) -> Whole:
        """Return the coefficients that concern customers of these levels, one a covariate."""
        every = np.arange(self.size)
        own = [every[self.place(c, int(level))] for c, level in enumerate(levels)]
        return np.concatenate([every[: self.parameters], *own])


class PatternLikelihood:
    """Log-likelihood of customers grouped by the levels they share, in all coefficients."""

    def __init__(
        self, layout: Layout, make: Callable[[], Likelihood], patterns: Sequence[Customers],
        levels: npt.NDArray[np.integer],
        each: Callable[[Sequence[Any], Array, Array, Array], Array] | None = None,
    ) -> None:  # fmt: skip
        """Keep customers by pattern.

        Args:
            layout: Where the coefficients stand.
            make: Makes the likelihood of customers with the same parameters.
            patterns: Customers of each pattern of levels.
            levels: Levels of each pattern.
            each: Log-likelihood of each customer at parameters of his own, given x, tx, T: the
                value alone is then one call, not one a pattern. Draws ask for it by hundreds.
        """
        self._layout, self._patterns = layout, patterns
        self._parts = [make() for _ in patterns]
        self._places = [layout.places(row) for row in levels]
        self._each = each
        if each is not None:
            self._all = Customers.together(patterns)
            self._of = np.repeat(np.arange(len(patterns)), [len(part) for part in patterns])

    def __call__(self, point: Array, derivatives: bool) -> tuple[float, Array, Array]:
        """Return value, gradient and second derivatives."""
        joint, size = self._layout.joint, self._layout.size
        value, slope, curve = 0.0, np.zeros(size), np.zeros((size, size))
        if self._each is not None and not derivatives:
            logs = np.array([joint @ point[places] for places in self._places])
            own, rows = np.exp(logs)[self._of].T, self._all
            fixed = ~np.atleast_1d(self._layout.moves.any(axis=0))
            p = [own[k, 0] if fixed[k] else own[k] for k in range(len(own))]
            found = self._each(p, rows.frequency, rows.recency, rows.T)
            return float(rows.weight @ found), slope, curve
        for part, rows, places in zip(self._parts, self._patterns, self._places, strict=True):
            more, by, twice = part(joint @ point[places], rows, derivatives=derivatives)
            value += more
            if derivatives:
                slope[places] += joint.T @ by
                curve[np.ix_(places, places)] += joint.T @ twice @ joint
        return value, slope, curve


@dataclasses.dataclass(frozen=True)
class Posterior:
    """What the data say of θ, u and τ.

    Attributes:
        maximum: Mode of θ, u at the mode of τ; its value is the penalised log-likelihood.
        log_spread: log τ at its mode, shape (covariates × effects,).
        value: Log-likelihood at the mode.
        curvature: J, minus the second derivatives of the log-likelihood there.
        pull: J times the mode plus the gradient: the linear term of the parabola.
        converged: Whether both searches ended.
        layout: See there.
        function: The log-likelihood.
    """

    maximum: Maximum
    log_spread: Array
    value: float
    curvature: Array
    pull: Array
    converged: bool
    layout: Layout
    function: PatternLikelihood

    def propose(self, count: int, seed: int) -> tuple[Array, Array, Array]:
        """Return draws and their importance weights.

        log τ comes from a Student t at its mode, θ and u given it from the normal approximation;
        the weights put the true likelihood in the place of the parabola. Heavy ones are cut
        (Ionides 2008, Truncated importance sampling, J. Comp. Graph. Statistics 17).

        Returns:
            Coefficients (count, size), log τ (count, k), weights (count,) that sum to 1.
        """
        rng = np.random.default_rng(seed)
        k, size = len(self.log_spread), self.layout.size
        root = self._spread_root()
        fat = np.sqrt(_DEGREES / rng.chisquare(_DEGREES, count))
        normal = rng.standard_normal((count, k)) * fat[:, None]
        spreads = self.log_spread + normal @ root.T
        outside = -(_DEGREES + k) / 2 * np.log1p((normal**2).sum(axis=1) / _DEGREES)
        points, logs = np.empty((count, size)), np.empty(count)
        for row, log_spread in enumerate(spreads):
            precision = self.curvature + np.diag(_precisions(self.layout, log_spread))
            factor = np.linalg.cholesky(precision)
            middle = np.linalg.solve(precision, self.pull)
            z = rng.standard_normal(size) * _HEAVIER
            points[row] = middle + np.linalg.solve(factor.T, z)
            point: Array = points[row]
            parabola = point @ self.pull - point @ self.curvature @ point / 2
            # The parabola's normal was drawn wider than it is: that goes into the weight too.
            wider = -(z @ z) * (1 - 1 / _HEAVIER**2) / 2
            logs[row] = (
                self.function(point, False)[0] - parabola + wider
                + marginal(self.layout, self.curvature, self.pull, log_spread)[0] - outside[row]
            )  # fmt: skip
        logs = np.where(np.isfinite(logs), logs, -np.inf)
        weight = np.exp(logs - logs.max())
        weight = np.minimum(weight, weight.mean() * count**0.5)
        return points, spreads, weight / weight.sum()

    def _spread_root(self) -> Array:
        """Return a root of the inverse curvature of the marginal in log τ."""
        k, step = len(self.log_spread), 1e-4
        slopes = [
            [marginal(self.layout, self.curvature, self.pull, self.log_spread + sign * one)[1]
             for sign in (1, -1)]
            for one in np.eye(k) * step
        ]  # fmt: skip
        curve = -np.array([(up - down) / (2 * step) for up, down in slopes])
        values, vectors = np.linalg.eigh((curve + curve.T) / 2)
        return np.asarray(vectors / np.sqrt(np.maximum(values, 0.1)))


def _precisions(layout: Layout, log_spread: Array) -> Array:
    places = layout.spread_of
    return np.where(places >= 0, np.exp(-2 * log_spread[places]), BOUND**-2)


def marginal(
    layout: Layout, curvature: Array, pull: Array, log_spread: Array
) -> tuple[float, Array]:
    """Return the log marginal density of log τ, θ and u integrated out, and its gradient.

    ½ b′Q⁻¹b − ½ log|Q| − Σ log τ + log prior, Q = J + diag(1/9.2², 1/τ²), b the pull: the
    integral of exp(b′β − ½β′Jβ) over the normal prior of β = (θ, u). That of θ is as wide as the
    box of the search, so as good as flat, and θ integrated out too, as in REML.
    """
    places, precisions = layout.spread_of, _precisions(layout, log_spread)
    factor = np.linalg.cholesky(curvature + np.diag(precisions))
    half = np.linalg.solve(factor, np.column_stack([pull, np.eye(layout.size)]))
    inverse = half[:, 1:].T @ half[:, 1:]
    middle = half[:, 1:].T @ half[:, 0]
    effects = places >= 0
    levels = np.bincount(places[effects], minlength=len(log_spread))
    squares = (middle**2 + np.diag(inverse)) * precisions
    prior = log_spread - np.exp(2 * log_spread) / (2 * PRIOR_SPREAD**2)
    value = float(
        half[:, 0] @ half[:, 0] / 2 - np.log(np.diag(factor)).sum() - levels @ log_spread
        + prior.sum()
    )  # fmt: skip
    slope = np.bincount(places[effects], weights=squares[effects]) - levels
    return value, slope + 1 - np.exp(2 * log_spread) / PRIOR_SPREAD**2


def posterior(layout: Layout, function: PatternLikelihood, start: Array) -> Posterior:
    """Find the modes: θ and u at τ, then τ at the curvature there, until neither moves.

    Args:
        layout: Where the coefficients stand.
        function: Log-likelihood with derivatives.
        start: θ of a model without effects.
    """
    from scipy import optimize

    groups = len(layout.sizes) * len(layout.moves)
    log_spread = np.full(groups, np.log(_START))
    point = np.concatenate([start, np.zeros(layout.size - len(start))])
    settled = False
    for _ in range(_MAX_ROUNDS):
        precisions = _precisions(layout, log_spread)

        def height(at: Array, derivatives: bool, precisions: Array = precisions) -> tuple[
            float, Array, Array
        ]:  # fmt: skip
            value, slope, curve = function(at, derivatives)
            value -= float(precisions @ at**2) / 2
            return value, slope - precisions * at, curve - np.diag(precisions)

        maximum = newton(height, point)
        point = maximum.point
        slope = maximum.gradient + precisions * point
        values, vectors = np.linalg.eigh(-(maximum.hessian + np.diag(precisions)))
        # A likelihood may curve upwards where a level says next to nothing: then it says nothing.
        curvature = (vectors * np.maximum(values, 0.0)) @ vectors.T
        pull = curvature @ point + slope
        # A parameter on its bound stays there, in draws too, as without covariates.
        for place in np.flatnonzero(maximum.at_bound):
            curvature[place] = curvature[:, place] = pull[place] = 0.0
            curvature[place, place], pull[place] = _HELD, _HELD * point[place]
        if settled:
            break
        found = optimize.minimize(
            lambda at, J=curvature, b=pull: tuple(-one for one in marginal(layout, J, b, at)),
            log_spread, jac=True, method="L-BFGS-B", bounds=[(-9.0, 2.0)] * groups,
        )  # fmt: skip
        settled = bool(np.abs(found.x - log_spread).max() < _CLOSE)
        log_spread = found.x
    value = function(point, False)[0]
    return Posterior(
        maximum, log_spread, value, curvature, pull, maximum.converged and settled, layout, function
    )
