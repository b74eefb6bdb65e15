"""BG/NBD: who buys how often, and who has left (Fader, Hardie & Lee 2005)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from commlab.models import _betageo, _betageo_future
from commlab.models._btyd_base import BuyTillYouDieModel
from commlab.models._btyd_data import Array, Customers
from commlab.models._btyd_fit import Likelihood


class BetaGeoModel(BuyTillYouDieModel):
    """BG/NBD model, fitted by maximum likelihood.

    While alive a customer buys at a rate of his own, spread as Gamma(r, alpha); after each repeat
    purchase he leaves with a chance of his own, spread as Beta(a, b). Source: Fader, Hardie & Lee
    2005, "Counting your customers" the easy way, Marketing Science 24(2): the likelihood
    there, eq. 8 (counts), 9 and 10 (expectations).

    Whoever never bought again counts as alive for ever, so for status use
    `ModifiedBetaGeoModel`.

    See `BuyTillYouDieModel` for the attributes.

    Example:
        >>> import pandas as pd
        >>> rfm = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0.0, 12, 30, 36],
        ...                     "T": [38.0, 38, 39, 38], "weight": [600, 200, 100, 100]})
        >>> model = BetaGeoModel().fit(rfm)
        >>> model.expected_probability_alive(rfm).round(2).tolist()[0]
        1.0
    """

    parameters: ClassVar[tuple[str, ...]] = _betageo.PARAMETERS
    times: ClassVar[tuple[str, ...]] = ("alpha",)
    name: ClassVar[str] = "BG/NBD"
    fitter: ClassVar[str] = "BetaGeoFitter"
    covariate_effects: ClassVar[Mapping[str, tuple[str, float]]] = {
        "purchase": ("alpha", -1.0),
        "dropout": ("a", 1.0),
        "staying": ("b", 1.0),
    }
    # Whether the first purchase too may be the last: 0 here, 1 for MBG/NBD.
    _first: ClassVar[int] = 0

    def _starts(self, customers: Customers) -> list[Array]:
        return _betageo.starts(customers)

    def _likelihood(self) -> Likelihood:
        return _betageo.BetaGeometricLikelihood(self._first)

    def _row_log_likelihood(self, p: Sequence[Any], x: Array, tx: Array, T: Array) -> Array:
        return _betageo.log_likelihood(p, x, tx, T, self._first)

    def _log_odds_dead(self, p: Sequence[Any], x: Array, tx: Array, T: Array) -> Array:
        return _betageo.log_odds_dead(p, x, tx, T, self._first)

    def _now(self, p: Sequence[Any], x: Array, T: Array) -> tuple[Array, Array, Array, Array]:
        """Parameters of a customer who is alive: of his rate, and of his chance of leaving."""
        r, alpha, a, b = p
        return r + x, alpha + T, np.asarray(a, dtype=float), b + x + self._first

    def _expected_alive(self, p: Sequence[Any], x: Array, T: Array, t: float) -> Array:
        return _betageo_future.expected(*self._now(p, x, T), np.asarray(t))

    def _none_alive(self, p: Sequence[Any], x: Array, T: Array, t: float) -> Array:
        shape, scale, _, _ = self._now(p, x, T)
        return np.asarray(np.exp(-shape * np.log1p(t / scale)))

    def _pmf_alive(self, p: Sequence[Any], x: Array, T: Array, t: float, n: Array) -> Array:
        return _betageo_future.pmf(*self._now(p, x, T), t, n)

    def _dert_alive(self, p: Sequence[Any], x: Array, T: Array, discount: float, t: float) -> Array:
        shape, scale, a, stay = self._now(p, x, T)
        out = np.empty(len(x))
        for start in range(0, len(x), 512):
            rows = slice(start, start + 512)
            out[rows] = _betageo_future.discounted(
                shape[rows], scale[rows], a, stay[rows], discount, t
            )
        return out

    def _draw_alive(
        self, p: Sequence[Any], x: Array, T: Array, t: float, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        return _betageo_future.draw(*self._now(p, x, T), t, rng)
