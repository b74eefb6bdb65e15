"""What customers will do by a fitted model: alive, purchases ahead, their value now, draws."""

from __future__ import annotations

import abc
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, DataError, StatisticalWarning
from commlab.models._btyd_data import UNIT_ATTR, UNIT_RATIO, Array, Customers, check_customers

_DENSE = 4  # cells of a table of (x, T) for each customer, up to which it is laid out in full
DRAWN = 2**20  # elements drawn at once: with their temporaries some 80 MB


class CustomerFuture(abc.ABC):
    """Predictions of a model that knows P(alive) and what a living customer will buy.

    `p` is the parameters in order; the other arrays broadcast.
    """

    params_: pd.Series
    _longest: float
    _unit: str | None

    @abc.abstractmethod
    def _row_log_likelihood(self, p: Sequence[Any], x: Array, tx: Array, T: Array) -> Array: ...

    @abc.abstractmethod
    def _log_odds_dead(self, p: Sequence[Any], x: Array, tx: Array, T: Array) -> Array: ...

    @abc.abstractmethod
    def _expected_alive(self, p: Sequence[Any], x: Array, T: Array, t: float) -> Array: ...

    @abc.abstractmethod
    def _none_alive(self, p: Sequence[Any], x: Array, T: Array, t: float) -> Array: ...

    @abc.abstractmethod
    def _pmf_alive(self, p: Sequence[Any], x: Array, T: Array, t: float, n: Array) -> Array: ...

    @abc.abstractmethod
    def _dert_alive(
        self, p: Sequence[Any], x: Array, T: Array, discount: float, t: float
    ) -> Array: ...

    @abc.abstractmethod
    def _draw_alive(
        self, p: Sequence[Any], x: Array, T: Array, t: float, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]: ...

    # What customers will do ----------------------------------------------------------------------

    def log_likelihood(self, rfm: pd.DataFrame) -> pd.Series:
        """Return the log-likelihood of each row, for log scores."""
        customers = self._check(rfm)
        rows = self._row_log_likelihood(
            self._params(), customers.frequency, customers.recency, customers.T
        )
        return pd.Series(rows, index=rfm.index, name="log_likelihood")

    def expected_probability_alive(self, rfm: pd.DataFrame) -> pd.Series:
        """Return P(alive at T | x, t_x, T), aligned with the rows."""
        customers = self._check(rfm)
        return pd.Series(self._alive(customers), index=rfm.index, name="probability_alive")

    def expected_purchases(self, rfm: pd.DataFrame, horizon: float) -> pd.Series:
        """Return the expected number of purchases in (T, T + horizon], aligned with the rows.

        Args:
            rfm: Customers.
            horizon: Time ahead, in the unit of T, at least 0.
        """
        horizon = _horizon(horizon)
        return self._times_alive(
            rfm,
            "expected_purchases",
            lambda x, T: self._expected_alive(self._params(), x, T, horizon),
        )

    def probability_of_purchase(self, rfm: pd.DataFrame, horizon: float) -> pd.Series:
        """Return P(at least one purchase in (T, T + horizon]), aligned with the rows."""
        horizon = _horizon(horizon)
        return self._times_alive(
            rfm,
            "probability_of_purchase",
            lambda x, T: 1 - self._none_alive(self._params(), x, T, horizon),
        )

    def dert(self, rfm: pd.DataFrame, discount: float, horizon: float | None = None) -> pd.Series:
        """Return the discounted expected residual transactions, aligned with the rows.

        Args:
            rfm: Customers.
            discount: Continuous discount rate for a unit of time: a yearly rate of 15 % is
                log(1.15) / 52.18 a week. Above 0; 0 is allowed with a horizon.
            horizon: End, in the unit of T; None: never.
        """
        guards.in_range("discount", discount, low=0, open_low=horizon is None)
        end = np.inf if horizon is None else _horizon(horizon)
        return self._times_alive(
            rfm, "dert", lambda x, T: self._dert_alive(self._params(), x, T, discount, end)
        )

    def expected_purchases_new_customer(self, horizon: npt.ArrayLike) -> Array:
        """Return E[X(t)] of a customer who has just bought first, for each t of `horizon`."""
        self._fitted()
        zero, p = np.zeros(1), self._params()
        alive = chance_alive(self._log_odds_dead(p, zero, zero, zero))[0]
        spans = np.asarray(horizon, dtype=float)
        flat = [alive * float(self._expected_alive(p, zero, zero, _horizon(float(t)))[0])
                for t in np.ravel(spans)]  # fmt: skip
        return np.asarray(flat).reshape(spans.shape)

    def purchase_pmf(
        self, counts: npt.ArrayLike, horizon: float, rfm: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Return P(X = n) within the horizon, a column for each n.

        Args:
            counts: Whole numbers n, shape (m,).
            horizon: Time ahead, in the unit of T, above 0.
            rfm: Customers, given their past; None: a customer who has just bought first.

        Returns:
            Frame of shape (rows, m), or (1, m) without `rfm`.
        """
        horizon = guards.in_range("horizon", _horizon(horizon), low=0, open_low=True)
        n = whole_counts(counts)
        frame = pd.DataFrame([[0.0, 0.0, 0.0]], columns=["frequency", "recency", "T"])
        frame = frame if rfm is None else rfm
        customers = self._check(frame)
        alive = self._alive(customers)[:, None]
        x, T = customers.frequency[:, None], customers.T[:, None]
        chance = alive * self._pmf_alive(self._params(), x, T, horizon, n[None, :])
        chance = chance + np.where(n == 0, 1 - alive, 0.0)
        return pd.DataFrame(chance, index=frame.index, columns=n.astype(int))

    def sample_purchases(
        self, rfm: pd.DataFrame, horizon: float, draws: int = 1000, seed: int = 0
    ) -> npt.NDArray[np.int32]:
        """Return predictive draws of purchases in (T, T + horizon].

        Whole draws of many customers fill memory: 1,000 of 100,000 take 400 MB. Where a sum or a
        quantile is all that is wanted, go through `iter_purchases`.

        Returns:
            Array of shape (draws, rows).
        """
        out = np.empty((draws, len(rfm)), dtype=np.int32)
        for rows, block in self.iter_purchases(rfm, horizon, draws, seed):
            out[:, rows] = block
        return out

    def iter_purchases(
        self, rfm: pd.DataFrame, horizon: float, draws: int = 1000, seed: int = 0
    ) -> Iterator[tuple[slice, npt.NDArray[np.int64]]]:
        """Yield predictive draws by blocks of rows: the rows and an array (draws, rows)."""
        customers, horizon = self._check(rfm), _horizon(horizon)
        guards.whole("draws", draws, low=1)
        guards.whole("seed", seed)
        width = max(1, DRAWN // draws)
        blocks = -(-len(customers) // width)
        alive, p = self._alive(customers), self._params()
        for number, child in enumerate(np.random.SeedSequence(seed).spawn(blocks)):
            rng = np.random.default_rng(child)
            rows = slice(number * width, min((number + 1) * width, len(customers)))
            shape = (draws, rows.stop - rows.start)
            x = np.broadcast_to(customers.frequency[rows], shape)
            T = np.broadcast_to(customers.T[rows], shape)
            bought = self._draw_alive(p, x, T, horizon, rng)
            bought[rng.random(shape) >= alive[rows]] = 0
            yield rows, bought

    # Helpers -------------------------------------------------------------------------------------

    def _params(self) -> tuple[float, ...]:
        return tuple(float(value) for value in self.params_)

    def _alive(self, customers: Customers) -> Array:
        odds = self._log_odds_dead(
            self._params(), customers.frequency, customers.recency, customers.T
        )
        return chance_alive(odds)

    def _times_alive(self, rfm: pd.DataFrame, name: str, future: Any) -> pd.Series:
        """Return P(alive) times what depends on (x, T) alone, computed once for each pair."""
        customers = self._check(rfm)
        T_codes, T_values = pd.factorize(customers.T)
        ages = max(len(T_values), 1)
        cells = (int(customers.frequency.max(initial=0)) + 1) * ages
        if cells <= _DENSE * max(len(T_codes), 1):
            # A table of all pairs is small: no hash of a million keys.
            codes = customers.frequency.astype(np.int64) * ages + T_codes
            seen = np.zeros(cells, dtype=bool)
            seen[codes] = True
            keys = np.flatnonzero(seen)
            x_values, T_place = np.divmod(keys, ages)
            table = np.empty(cells)
            table[keys] = future(x_values.astype(float), T_values[T_place])
        else:
            x_codes, x_values = pd.factorize(customers.frequency)
            codes, keys = pd.factorize(x_codes.astype(np.int64) * ages + T_codes)
            x_place, T_place = np.divmod(keys, ages)
            table = np.asarray(future(x_values[x_place], T_values[T_place]))
        values = self._alive(customers) * table[codes]
        return pd.Series(values, index=rfm.index, name=name)

    def _check(self, rfm: pd.DataFrame) -> Customers:
        self._fitted()
        customers = check_customers(rfm)
        unit = rfm.attrs.get(UNIT_ATTR)
        if unit and self._unit and unit != self._unit:
            raise DataError(
                f"the frame counts time in {unit!r}, the model was fitted in {self._unit!r}.",
                fix="Make both with one `time_unit`.",
            )
        longest = float(customers.T.max(initial=0.0))
        if longest > UNIT_RATIO * self._longest:
            warnings.warn(
                f"T reaches {longest:g} here and {self._longest:g} in the data of the fit: is it "
                "one time unit?",
                StatisticalWarning,
                stacklevel=4,
            )
        return customers

    def _fitted(self) -> None:
        if not hasattr(self, "params_"):
            raise ArgumentError("the model is not fitted yet.", fix="Call fit(rfm) first.")


def whole_counts(counts: npt.ArrayLike) -> Array:
    """Return counts of purchases as an array of whole numbers >= 0.

    Raises:
        ArgumentError: They are not.
    """
    n = np.atleast_1d(np.asarray(counts, dtype=float))
    if not np.isfinite(n).all() or (n < 0).any() or (n != np.floor(n)).any():
        raise ArgumentError("counts must be whole numbers >= 0.")
    return n


def chance_alive(log_odds_dead: Array) -> Array:
    """Return P(alive) from the log odds of having left."""
    # A quarter of the time of scipy's expit; e^700 is still finite, and the chance then 1e-304.
    return np.asarray(1 / (1 + np.exp(np.minimum(log_odds_dead, 700.0))))


def _horizon(horizon: float) -> float:
    return guards.in_range("horizon", float(horizon), low=0)
