"""What every buy-till-you-die model offers: fit, errors, flags, and what customers will do."""

from __future__ import annotations

import abc
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import MIN_REPEAT_BUYERS
from commlab.errors import (
    ArgumentError,
    ConvergenceWarning,
    DataError,
    NotEnoughDataError,
    StatisticalWarning,
)
from commlab.estimate import LEVEL
from commlab.models import _btyd_fit
from commlab.models._btyd_data import (
    UNIT_ATTR,
    UNIT_RATIO,
    Array,
    Customers,
    check_customers,
    check_fit,
    distinct,
)
from commlab.models._btyd_profile import profile_interval

ENGINES = ("own", "lifetimes")
DRAWN = 2**22  # elements drawn at once: with their temporaries some 200 MB
Self = TypeVar("Self", bound="BuyTillYouDieModel")


class BuyTillYouDieModel(abc.ABC):
    """Base of BG/NBD, MBG/NBD and Pareto/NBD.

    Args:
        engine: "own", or "lifetimes" to let that package estimate the parameters; errors,
            intervals and predictions are this package's at the parameters it found.

    Attributes:
        params_: Series of the parameters.
        log_likelihood_: Log-likelihood at them (with constants in x left out as in the papers).
        covariance_: Frame, inverse observed information on the natural scale; a parameter on
            its bound has infinite variance and covariance 0.
        standard_errors_: Series, square roots of its diagonal.
        customers_: Customers fitted.
        repeat_buyers_: Those among them with a repeat purchase.
        converged_: Whether the search ended in a maximum.
        on_bound_: Names of parameters on a bound, the likelihood still rising towards it.
        flags_: Sentences that say why the fit should not carry a decision; empty when it may.
    """

    parameters: ClassVar[tuple[str, ...]]
    times: ClassVar[tuple[str, ...]]  # parameters counted in units of time
    name: ClassVar[str]
    fitter: ClassVar[str]  # class of the lifetimes package

    params_: pd.Series
    log_likelihood_: float
    covariance_: pd.DataFrame
    standard_errors_: pd.Series
    customers_: float
    repeat_buyers_: float
    converged_: bool
    on_bound_: tuple[str, ...]
    flags_: tuple[str, ...]

    def __init__(self, engine: str = "own") -> None:
        self.engine = guards.one_of("engine", engine, ENGINES)

    # What a model is -----------------------------------------------------------------------------

    @abc.abstractmethod
    def _starts(self, customers: Customers) -> list[Array]: ...

    @abc.abstractmethod
    def _likelihood(self) -> _btyd_fit.Likelihood: ...

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

    # Fitting -------------------------------------------------------------------------------------

    def fit(self: Self, rfm: pd.DataFrame, *, strict: bool = False) -> Self:
        """Fit the model by maximum likelihood.

        Args:
            rfm: Frame with `frequency` (repeat purchases), `recency` (from the first to the last
                one) and `T` (from the first one to the end of observation), in one time unit;
                with `weight` where a row stands for several customers alike.
            strict: Raise instead of flagging where the data cannot carry a decision.

        Returns:
            The model itself. Look at `flags_`.

        Raises:
            DataError: Rows contradict themselves; the message counts them.
            NotEnoughDataError: Nobody bought again; with `strict`, any flag.
        """
        customers = check_customers(rfm)
        check_fit(customers)
        self._unit = rfm.attrs.get(UNIT_ATTR)
        rows = distinct(customers)
        self.customers_, self.repeat_buyers_ = rows.customers, rows.repeat_buyers
        self._longest = float(rows.T.max())
        # In units of the mean T the bounds mean the same whatever the unit.
        scale = float((rows.weight * rows.T).sum() / rows.customers)
        self._scale, self._rows = scale, rows.scaled(scale)
        likelihood = self._likelihood()
        self._function = lambda point, derivatives: likelihood(
            point, self._rows, derivatives=derivatives
        )
        if self.engine == "lifetimes":
            found = self._fit_with_lifetimes(rows)
        else:
            found = _btyd_fit.fit(likelihood, self._rows, self._starts(self._rows))
        self._maximum = found
        self._log_covariance = _btyd_fit.covariance(found)
        units = np.array([scale if name in self.times else 1.0 for name in self.parameters])
        values, names = np.exp(found.point) * units, list(self.parameters)
        self.params_ = pd.Series(values, index=names, name="params")
        bought = float((rows.weight * rows.frequency).sum())
        self.log_likelihood_ = found.value - bought * float(np.log(scale))
        matrix = self._log_covariance * np.outer(values, values)
        self.covariance_ = pd.DataFrame(matrix, index=names, columns=names)
        self.standard_errors_ = pd.Series(
            np.sqrt(np.diag(matrix)), index=names, name="standard_errors"
        )
        self.converged_ = found.converged
        self.on_bound_ = tuple(np.asarray(names)[found.at_bound])
        self.flags_ = self._judge()
        if self.flags_:
            if strict:
                raise NotEnoughDataError(
                    f"{self.name}: {'; '.join(self.flags_)}.",
                    fix="Take a longer period or put segments together; `strict=False` fits "
                    "all the same.",
                )
            warnings.warn(
                f"{self.name}: {'; '.join(self.flags_)}. Not for a decision.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _judge(self) -> tuple[str, ...]:
        flags = []
        if self.repeat_buyers_ < MIN_REPEAT_BUYERS:
            flags.append(
                f"{self.repeat_buyers_:,.0f} repeat buyers of {self.customers_:,.0f} customers, "
                f"fewer than {MIN_REPEAT_BUYERS}"
            )
        if self.on_bound_:
            flags.append(f"{', '.join(self.on_bound_)} on a bound: the data do not hold it")
        elif not np.isfinite(self.standard_errors_.to_numpy()).all():
            flags.append("the likelihood is flat at its top: the parameters cannot be told apart")
        if not self.converged_:
            flags.append("the search did not reach a maximum")
        return tuple(flags)

    def _fit_with_lifetimes(self, rows: Customers) -> _btyd_fit.Maximum:
        import lifetimes

        self.lifetimes_ = getattr(lifetimes, self.fitter)()
        try:
            self.lifetimes_.fit(rows.frequency, rows.recency, rows.T, weights=rows.weight)
        except Exception as error:
            raise NotEnoughDataError(
                f"lifetimes could not fit {self.name}: {str(error).splitlines()[0]}",
                fix='Use engine="own", which says what the data lack.',
            ) from error
        params = self.lifetimes_.params_[list(self.parameters)].to_numpy(dtype=float)
        point = np.log(
            [value / (self._scale if name in self.times else 1.0)
             for name, value in zip(self.parameters, params, strict=True)]
        )  # fmt: skip
        value, gradient, hessian = self._function(point, True)
        inside = np.abs(point) < _btyd_fit.BOUND
        return _btyd_fit.Maximum(point, value, gradient, hessian, True, ~inside, 1)

    def confidence_intervals(
        self, *, level: float = LEVEL, method: str = "profile"
    ) -> pd.DataFrame:
        """Return intervals of the parameters.

        Args:
            level: Confidence level.
            method: "profile" (profile likelihood: for reporting), or "wald" (normal on the log
                scale: quick, but it covers r and b less often than it says).

        Returns:
            Frame with index parameter and columns low, high; 0 or infinite where the data set
            no end on that side.
        """
        self._fitted()
        guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
        guards.one_of("method", method, ("profile", "wald"))
        from scipy import special

        errors = np.sqrt(np.diag(self._log_covariance))
        point = self._maximum.point
        ends = []
        for index in range(len(point)):
            if method == "profile":
                pair = profile_interval(
                    self._function, self._maximum, index, float(errors[index]), level
                )
            else:
                reach = float(special.ndtri((1 + level) / 2)) * errors[index]
                pair = (point[index] - reach, point[index] + reach)
            ends.append(pair)
        low, high = np.exp(np.asarray(ends)).T * (self.params_.to_numpy() / np.exp(point))
        return pd.DataFrame({"low": low, "high": high}, index=list(self.parameters))

    @property
    def confidence_intervals_(self) -> pd.DataFrame:
        """95 % profile-likelihood intervals, computed at first use."""
        self._fitted()
        if getattr(self, "_intervals", (None, None))[0] is not self._maximum:
            self._intervals = (self._maximum, self.confidence_intervals())
        return self._intervals[1]

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
        alive = _chance(self._log_odds_dead(p, zero, zero, zero))[0]
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
        n = np.atleast_1d(np.asarray(counts, dtype=float))
        if not np.isfinite(n).all() or (n < 0).any() or (n != np.floor(n)).any():
            raise ArgumentError("counts must be whole numbers >= 0.")
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
        return _chance(odds)

    def _times_alive(self, rfm: pd.DataFrame, name: str, future: Any) -> pd.Series:
        """Return P(alive) times what depends on (x, T) alone, computed once for each pair."""
        customers = self._check(rfm)
        x_codes, x_values = pd.factorize(customers.frequency)
        T_codes, T_values = pd.factorize(customers.T)
        key = x_codes.astype(np.int64) * max(len(T_values), 1) + T_codes
        codes, keys = pd.factorize(key)
        x_place, T_place = np.divmod(keys, max(len(T_values), 1))
        values = np.asarray(future(x_values[x_place], T_values[T_place]))[codes]
        return pd.Series(self._alive(customers) * values, index=rfm.index, name=name)

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

    def __repr__(self) -> str:
        if not hasattr(self, "params_"):
            return f"{type(self).__name__}()"
        inside = ", ".join(f"{name}={value:.4g}" for name, value in self.params_.items())
        return f"{type(self).__name__}({inside})"


def _chance(log_odds_dead: Array) -> Array:
    from scipy import special

    return np.asarray(special.expit(-log_odds_dead))


def _horizon(horizon: float) -> float:
    return guards.in_range("horizon", float(horizon), low=0)
