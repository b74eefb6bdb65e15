"""Pareto/NBD: customers who leave at a moment of their own (Schmittlein et al. 1987)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from commlab.models import _pareto
from commlab.models._btyd_base import BuyTillYouDieModel
from commlab.models._btyd_data import Array, Customers
from commlab.models._btyd_fit import Likelihood

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(_pareto.NODES)
_PANELS = 4  # steep falls get panels of their own


class ParetoNBDModel(BuyTillYouDieModel):
    """Pareto/NBD model, fitted by maximum likelihood.

    While alive a customer buys at a rate of his own, spread as Gamma(r, alpha), and leaves at a
    rate of his own, spread as Gamma(s, beta), whether he buys or not. Source: Schmittlein,
    Morrison & Colombo 1987, Management Science 33(1); Fader & Hardie 2005, A note on deriving the
    Pareto/NBD model and related expressions; Fader, Hardie & Lee 2005, RFM and CLV, JMR 42 (DERT).

    See `BuyTillYouDieModel` for the attributes.

    Example:
        >>> import pandas as pd
        >>> rfm = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0.0, 12, 30, 36],
        ...                     "T": [38.0, 38, 39, 38], "weight": [600, 200, 100, 100]})
        >>> model = ParetoNBDModel().fit(rfm)
        >>> bool(model.expected_purchases(rfm, horizon=13).min() > 0)
        True
    """

    parameters: ClassVar[tuple[str, ...]] = _pareto.PARAMETERS
    times: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    name: ClassVar[str] = "Pareto/NBD"
    fitter: ClassVar[str] = "ParetoNBDFitter"
    covariate_effects: ClassVar[Mapping[str, tuple[str, float]]] = {
        "purchase": ("alpha", -1.0),
        "dropout": ("beta", -1.0),
    }

    def _starts(self, customers: Customers) -> list[Array]:
        return _pareto.starts(customers)

    def _likelihood(self) -> Likelihood:
        return _pareto.likelihood

    def _row_log_likelihood(self, p: Sequence[Any], x: Array, tx: Array, T: Array) -> Array:
        return _pareto.log_likelihood(p, x, tx, T)

    def _log_odds_dead(self, p: Sequence[Any], x: Array, tx: Array, T: Array) -> Array:
        return _pareto.log_odds_dead(p, x, tx, T)

    def _expected_alive(self, p: Sequence[Any], x: Array, T: Array, t: float) -> Array:
        r, alpha, s, beta = p
        # (1 − q^(s−1)) / (s − 1), q = (beta + T)/(beta + T + t), is log(1/q) at s = 1.
        less, fall = s - 1, -np.log1p(t / (beta + T))
        lived = -fall if abs(less) < 1e-12 else -np.expm1(less * fall) / less
        return np.asarray((r + x) / (alpha + T) * (beta + T) * lived)

    def _none_alive(self, p: Sequence[Any], x: Array, T: Array, t: float) -> Array:
        return self._pmf_alive(p, x, T, t, np.zeros(1))

    def _pmf_alive(self, p: Sequence[Any], x: Array, T: Array, t: float, n: Array) -> Array:
        """Fader & Hardie 2014, Deriving the conditional PMF (brucehardie.com, note 28), eq. 16.

        The moment of leaving is integrated by quadrature.
        """
        r, alpha, s, beta = p
        shape, scale, start = r + x, alpha + T, beta + T
        # What holds neither the moment nor the sum over moments: one gamma function a cell.
        ways = special.gammaln(shape + n) - special.gammaln(shape) - special.gammaln(n + 1)

        def counts(y: Array) -> Array:
            """Return P(n purchases within y) of a rate spread as Gamma(shape, scale)."""
            with np.errstate(divide="ignore"):  # at y = 0 nothing was bought: log 0
                bought = np.log(y / (scale + y))
            none = -shape * np.log1p(y / scale)
            return np.asarray(np.exp(ways + none + np.where(n > 0, n * bought, 0.0)))

        total = np.exp(-s * np.log1p(t / start)) * counts(np.asarray(t, dtype=float))
        near = np.minimum(scale, start)
        length = np.log1p(t / near)
        for panel in range(_PANELS):
            for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
                u = length * ((panel + (point + 1) / 2) / _PANELS)
                y = near * np.expm1(u)
                left = s / start * np.exp(-(s + 1) * np.log1p(y / start))
                moved = weight * length / (2 * _PANELS) * near * np.exp(u)
                total = total + moved * left * counts(y)
        return np.asarray(total)

    def _dert_alive(self, p: Sequence[Any], x: Array, T: Array, discount: float, t: float) -> Array:
        r, alpha, s, beta = p
        start = beta + T
        end = np.minimum(t, 40 / discount) if discount > 0 else np.asarray(t)
        length = np.log1p(end / start)
        total = np.zeros(len(start))
        for panel in range(_PANELS):
            u = length[:, None] * ((panel + (_POINTS + 1) / 2) / _PANELS)
            fall = np.exp(-discount * start[:, None] * np.expm1(u) - (s - 1) * u)
            total += fall @ _WEIGHTS * length / (2 * _PANELS)
        return np.asarray((r + x) / (alpha + T) * start * total)

    def _draw_alive(
        self, p: Sequence[Any], x: Array, T: Array, t: float, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        r, alpha, s, beta = p
        # Life ahead, its rate Gamma(s, beta + T), is Pareto: drawn by inverting its survival.
        lives = (beta + T) * np.expm1(-np.log1p(-rng.random(x.shape)) / s)
        rate = rng.gamma(r + x, 1 / (alpha + T))
        return np.asarray(rng.poisson(rate * np.minimum(lives, t)))
