"""NBD: customers who buy at rates of their own, and of whom nobody leaves (Ehrenberg 1959)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from commlab.models._btyd_base import BuyTillYouDieModel
from commlab.models._btyd_data import Array, Customers
from commlab.models._btyd_fit import Likelihood


class NBDModel(BuyTillYouDieModel):
    """Negative binomial model of repeat buying, fitted by maximum likelihood.

    A customer buys at a rate of his own, spread as Gamma(r, alpha), for ever. It is what BG/NBD,
    MBG/NBD and Pareto/NBD become where the data show nobody leaving and their parameters of
    leaving run to a bound; this one has none. Purchases far ahead are then too many: over some
    months nobody was seen to leave, over years somebody will. Source: Ehrenberg 1959, The pattern
    of consumer purchases, Applied Statistics 8; Fader & Hardie 2002, A note on an integrated model
    of customer buying behavior, EJOR 139 (conditional expectation).

    See `BuyTillYouDieModel` for the attributes. The lifetimes package has no such model.

    Example:
        >>> import pandas as pd
        >>> rfm = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0.0, 12, 30, 36],
        ...                     "T": [38.0, 38, 39, 38], "weight": [600, 200, 100, 100]})
        >>> NBDModel().fit(rfm).expected_probability_alive(rfm).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    parameters: ClassVar[tuple[str, ...]] = ("r", "alpha")
    times: ClassVar[tuple[str, ...]] = ("alpha",)
    name: ClassVar[str] = "NBD"
    covariate_effects: ClassVar[Mapping[str, tuple[str, float]]] = {"purchase": ("alpha", -1.0)}

    def __init__(self) -> None:
        super().__init__()

    def _starts(self, customers: Customers) -> list[Array]:
        bought = float((customers.weight * customers.frequency).sum())
        rate = bought / float((customers.weight * customers.T).sum())
        return [np.log([r, r / rate]) for r in (0.2, 1.0, 5.0)]

    def _likelihood(self) -> Likelihood:
        return _log_likelihood

    def _row_log_likelihood(self, p: Sequence[Any], x: Array, tx: Array, T: Array) -> Array:
        r, alpha = p
        found = special.gammaln(r + x) - special.gammaln(r)
        return np.asarray(found - x * np.log(alpha + T) - r * np.log1p(T / alpha))

    def _log_odds_dead(self, p: Sequence[Any], x: Array, tx: Array, T: Array) -> Array:
        return np.full(np.broadcast(x, T).shape, -np.inf)

    def _expected_alive(self, p: Sequence[Any], x: Array, T: Array, t: float) -> Array:
        r, alpha = p
        return np.asarray((r + x) / (alpha + T) * t)

    def _none_alive(self, p: Sequence[Any], x: Array, T: Array, t: float) -> Array:
        r, alpha = p
        return np.asarray(np.exp(-(r + x) * np.log1p(t / (alpha + T))))

    def _pmf_alive(self, p: Sequence[Any], x: Array, T: Array, t: float, n: Array) -> Array:
        r, alpha = p
        return np.asarray(stats.nbinom.pmf(n, r + x, (alpha + T) / (alpha + T + t)))

    def _dert_alive(self, p: Sequence[Any], x: Array, T: Array, discount: float, t: float) -> Array:
        r, alpha = p
        length = -np.expm1(-discount * t) / discount if discount > 0 else t
        return np.asarray((r + x) / (alpha + T) * length)

    def _draw_alive(
        self, p: Sequence[Any], x: Array, T: Array, t: float, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        r, alpha = p
        return np.asarray(rng.poisson(rng.gamma(r + x, 1 / (alpha + T)) * t))


def _log_likelihood(
    point: Array, customers: Customers, *, derivatives: bool
) -> tuple[float, Array, Array]:
    """Return the log-likelihood at log r and log alpha, with its derivatives in them."""
    r, alpha = np.exp(point)
    x, T, weight = customers.frequency, customers.T, customers.weight
    grown = special.gammaln(r + x) - special.gammaln(r)
    value = float(weight @ (grown - x * np.log(alpha + T) - r * np.log1p(T / alpha)))
    gradient, hessian = np.zeros(2), np.zeros((2, 2))
    if derivatives:
        by_r = r * float(weight @ (special.digamma(r + x) - special.digamma(r)
                                   - np.log1p(T / alpha)))  # fmt: skip
        by_alpha = float(weight @ (r - alpha * (r + x) / (alpha + T)))
        gradient[:] = by_r, by_alpha
        trigamma = special.polygamma(1, r + x) - special.polygamma(1, r)
        hessian[0, 0] = r**2 * float(weight @ trigamma) + by_r
        hessian[0, 1] = hessian[1, 0] = r * float(weight @ (T / (alpha + T)))
        hessian[1, 1] = -alpha * float(weight @ ((r + x) * T / (alpha + T) ** 2))
    return value, gradient, hessian
