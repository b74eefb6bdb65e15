"""What every buy-till-you-die model offers: fit, standard errors, intervals and flags."""

from __future__ import annotations

import abc
import warnings
from collections.abc import Mapping
from typing import ClassVar, TypeVar

import numpy as np
import pandas as pd

from commlab import guards
from commlab.config import MIN_REPEAT_BUYERS
from commlab.errors import ConvergenceWarning, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models import _btyd_fit
from commlab.models._btyd_data import (
    UNIT_ATTR,
    Array,
    Customers,
    check_customers,
    check_fit,
    distinct,
)
from commlab.models._btyd_future import CustomerFuture
from commlab.models._btyd_profile import profile_interval

ENGINES = ("own", "lifetimes")
Self = TypeVar("Self", bound="BuyTillYouDieModel")


class BuyTillYouDieModel(CustomerFuture):
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
    # Effects that covariates may have: the parameter each scales, and 1 or −1 in its exponent.
    covariate_effects: ClassVar[Mapping[str, tuple[str, float]]]

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
        return _btyd_fit.judged(self._function, point)

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

    def __repr__(self) -> str:
        if not hasattr(self, "params_"):
            return f"{type(self).__name__}()"
        inside = ", ".join(f"{name}={value:.4g}" for name, value in self.params_.items())
        return f"{type(self).__name__}({inside})"
