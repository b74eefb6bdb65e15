"""What customers will do where parameters differ by level: the model's answers, put together."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, StatisticalWarning
from commlab.models import _covariate_levels as _levels
from commlab.models._btyd_base import BuyTillYouDieModel
from commlab.models._btyd_data import Array, Customers
from commlab.models._btyd_future import chance_alive, whole_counts
from commlab.models._level_effects import Posterior

_FEW = 500  # rows a pattern: up to it one call for all rows beats one a pattern


class FutureByLevel:
    """Predictions of a purchase model at the parameters of each customer's levels."""

    model: BuyTillYouDieModel
    covariates: tuple[str, ...]
    pooled_: BuyTillYouDieModel
    params_: pd.Series
    _known: list[npt.NDArray[np.str_]]
    _patterns: npt.NDArray[np.intp]
    _pattern_weight: Array
    _posterior: Posterior
    _point: Array
    _units: Array

    def log_likelihood(self, rfm: pd.DataFrame) -> pd.Series:
        """Return the log-likelihood of each row, for log scores."""
        return self._by_pattern(rfm, lambda one, rows: one.log_likelihood(rows))

    def expected_probability_alive(self, rfm: pd.DataFrame) -> pd.Series:
        """Return P(alive at T | x, t_x, T), aligned with the rows."""
        return self._by_pattern(rfm, lambda one, rows: one.expected_probability_alive(rows))

    def expected_purchases(self, rfm: pd.DataFrame, horizon: float) -> pd.Series:
        """Return the expected number of purchases in (T, T + horizon], aligned with the rows."""
        self._fitted()
        if len(rfm) > _FEW * len(self._patterns):
            # Many rows a pattern share (x, T): each pair once, pattern by pattern.
            return self._by_pattern(rfm, lambda one, rows: one.expected_purchases(rows, horizon))
        horizon = guards.in_range("horizon", float(horizon), low=0)
        rows, p = self._at_own(rfm)
        ahead = self.pooled_._expected_alive(p, rows.frequency, rows.T, horizon)
        alive = chance_alive(self.pooled_._log_odds_dead(p, rows.frequency, rows.recency, rows.T))
        return pd.Series(alive * ahead, index=rfm.index, name="expected_purchases")

    def probability_of_purchase(self, rfm: pd.DataFrame, horizon: float) -> pd.Series:
        """Return P(at least one purchase in (T, T + horizon]), aligned with the rows."""
        return self._by_pattern(rfm, lambda one, rows: one.probability_of_purchase(rows, horizon))

    def dert(self, rfm: pd.DataFrame, discount: float, horizon: float | None = None) -> pd.Series:
        """Return the discounted expected residual transactions, aligned with the rows."""
        return self._by_pattern(rfm, lambda one, rows: one.dert(rows, discount, horizon))

    def purchase_pmf(
        self, counts: npt.ArrayLike, horizon: float, rfm: pd.DataFrame
    ) -> pd.DataFrame:
        """Return P(X = n) within the horizon given the past, a column for each n."""
        horizon = guards.in_range("horizon", float(horizon), low=0, open_low=True)
        n = whole_counts(counts)
        rows, p = self._at_own(rfm)
        down = [np.reshape(value, (-1, 1)) for value in p]
        x, tx, T = (v[:, None] for v in (rows.frequency, rows.recency, rows.T))
        alive = chance_alive(self.pooled_._log_odds_dead(down, x, tx, T))
        chance = alive * self.pooled_._pmf_alive(down, x, T, horizon, n[None, :])
        chance = chance + np.where(n == 0, 1 - alive, 0.0)
        return pd.DataFrame(chance, index=rfm.index, columns=n.astype(int))

    def expected_purchases_new_customer(self, horizon: npt.ArrayLike) -> Array:
        """Return E[X(t)] of a newcomer, the levels mixed as among the customers of the fit.

        For one level call `expected_purchases` with a row of frequency, recency and T 0.
        """
        self._fitted()
        share = self._pattern_weight / self._pattern_weight.sum()
        each = [self._at_levels(row).expected_purchases_new_customer(horizon)
                for row in self._patterns]  # fmt: skip
        return np.asarray(np.tensordot(share, np.array(each), axes=1))

    def sample_purchases(
        self, rfm: pd.DataFrame, horizon: float, draws: int = 1000, seed: int = 0
    ) -> npt.NDArray[np.int32]:
        """Return predictive draws of purchases in (T, T + horizon], shape (draws, rows)."""
        out = np.empty((draws, len(rfm)), dtype=np.int32)
        for rows, block in self.iter_purchases(rfm, horizon, draws, seed):
            out[:, rows] = block
        return out

    def iter_purchases(
        self, rfm: pd.DataFrame, horizon: float, draws: int = 1000, seed: int = 0
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]]:
        """Yield predictive draws by blocks: places of rows and an array (draws, places)."""
        guards.whole("seed", seed)
        parts = self._parts(rfm)
        states = np.random.SeedSequence(seed).generate_state(max(len(parts), 1))
        for (one, rows, at), state in zip(parts, states, strict=False):
            for place, block in one.iter_purchases(rows, horizon, draws, int(state)):
                yield at[place], block

    def _by_pattern(
        self, rfm: pd.DataFrame, ask: Callable[[Any, pd.DataFrame], pd.Series]
    ) -> pd.Series:
        out, name = np.empty(len(rfm)), None
        for one, rows, at in self._parts(rfm):
            answer = ask(one, rows)
            out[at], name = answer.to_numpy(), answer.name
        return pd.Series(out, index=rfm.index, name=name)

    def _at_own(self, rfm: pd.DataFrame) -> tuple[Customers, list[Any]]:
        """Return the customers and their parameters: arrays where levels move them."""
        layout = self._posterior.layout
        codes = self._codes(rfm)
        point = np.asarray(self._point)
        logs = np.broadcast_to(point[: layout.parameters], (len(rfm), layout.parameters)).copy()
        for c, size in enumerate(layout.sizes):
            effects = np.array([point[layout.place(c, level)] for level in range(size)])
            logs += effects[codes[:, c]] @ layout.moves
        own = np.exp(logs.T) * self._units[:, None]
        same = np.exp(point[: layout.parameters]) * self._units
        moved = np.atleast_1d(layout.moves.any(axis=0))
        p = [own[k] if moved[k] else float(same[k]) for k in range(len(own))]
        return self.pooled_._check(rfm), p

    def _parts(self, rfm: pd.DataFrame) -> list[tuple[Any, pd.DataFrame, npt.NDArray[np.intp]]]:
        """Return the model of each pattern of levels with its rows and where they stand."""
        codes = self._codes(rfm)
        if not len(rfm):
            return []
        patterns, at = _levels.group(codes)
        return [(self._at_levels(levels), rfm.iloc[place], place)
                for levels, place in zip(patterns, at, strict=True)]  # fmt: skip

    def _codes(self, rfm: pd.DataFrame) -> npt.NDArray[np.intp]:
        """Return the level of each row, a column a covariate; warn of those never seen."""
        self._fitted()
        codes = _levels.encode(_levels.labels(rfm, self.covariates), self._known)
        for c, known in enumerate(self._known):
            unseen = int((codes[:, c] == len(known)).sum())
            if unseen:
                warnings.warn(
                    f"{unseen:,} of {len(rfm):,} customers have a level of {self.covariates[c]} "
                    "that the fit did not see: they are taken as in the middle.",
                    StatisticalWarning,
                    stacklevel=5,
                )
        return codes

    def _at_levels(self, levels: npt.NDArray[np.intp]) -> Any:
        layout, one = self._posterior.layout, copy.copy(self.pooled_)
        own: Array = self._point[layout.places(levels)]
        logs = layout.joint @ own
        one.params_ = pd.Series(
            np.exp(logs) * self._units, index=list(self.model.parameters), name="params"
        )
        return one

    def _fitted(self) -> None:
        if not hasattr(self, "params_"):
            raise ArgumentError("the model is not fitted yet.", fix="Call fit(rfm) first.")
