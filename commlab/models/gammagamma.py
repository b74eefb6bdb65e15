"""Gamma–Gamma: what an average purchase of a customer is worth (Fader & Hardie 2013)."""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from commlab import guards
from commlab.config import MIN_REPEAT_BUYERS
from commlab.errors import (
    ArgumentError,
    ConvergenceWarning,
    DataError,
    DataWarning,
    NotEnoughDataError,
    StatisticalWarning,
)
from commlab.estimate import LEVEL
from commlab.models import _btyd_fit
from commlab.models._btyd_data import Array
from commlab.models._btyd_profile import profile_interval

# A rank correlation of spend with frequency that would move value by a tenth between the often
# and the seldom: independence, which the model assumes, is doubtful beyond it.
_CORRELATION = 0.2
_SIGNIFICANT = 0.01


class GammaGammaModel:
    """Gamma–Gamma model of spend, fitted by maximum likelihood.

    A customer's purchases vary around a mean of his own as a gamma with shape p; the rates of
    those gammas are spread over people as Gamma(q, v). Source: Fader & Hardie 2013, The
    gamma-gamma model of monetary value, eq. 1a (likelihood) and 5 (conditional mean). The fit
    keeps q above 1, since otherwise the mean spend over people is infinite.

    Args:
        engine: "own", or "lifetimes" to let that package estimate the parameters.

    Attributes:
        params_: Series with p, q and v (v in money).
        log_likelihood_: At the maximum.
        covariance_: Frame on the natural scale; infinite variance on the bound.
        standard_errors_: Series.
        on_bound_: Parameters on a bound ("q": its constraint).
        converged_: Whether the search ended in a maximum.
        mean_spend_: p·v / (q − 1), the mean over all people.
        correlation_: Spearman correlation of frequency and spend, which the model takes as 0.
        dropped_: Repeat buyers left out because their spend was not positive.
        flags_: Sentences that say why the fit should not carry a decision.

    Example:
        >>> import pandas as pd
        >>> rfm = pd.DataFrame({"frequency": [1, 2, 3, 1, 5, 2],
        ...                     "monetary_value": [20.0, 35, 30, 80, 28, 50], "weight": 50})
        >>> model = GammaGammaModel().fit(rfm)
        >>> spend = model.expected_spend(rfm)
        >>> bool(20 < spend[0] < model.mean_spend_)
        True
    """

    parameters: ClassVar[tuple[str, ...]] = ("p", "q", "v")

    def __init__(self, engine: str = "own") -> None:
        self.engine = guards.one_of("engine", engine, ("own", "lifetimes"))

    def fit(self, rfm: pd.DataFrame, *, strict: bool = False) -> GammaGammaModel:
        """Fit the model to repeat buyers.

        Args:
            rfm: Frame with `frequency` (purchases that `monetary_value` is the mean of) and
                `monetary_value`; with `weight` where a row stands for several customers.
            strict: Raise instead of flagging.

        Raises:
            DataError: A column is missing or holds what is no number.
            NotEnoughDataError: Fewer than three repeat buyers with positive spend; with
                `strict`, any flag.
        """
        x, m, weight = _check(rfm)
        again = (x > 0) & (weight > 0)
        bad = again & (m <= 0)
        self.dropped_ = float(weight[bad].sum())
        if self.dropped_:
            warnings.warn(
                f"{self.dropped_:,.0f} of {weight[again].sum():,.0f} repeat buyers have a mean "
                "spend <= 0 and are left out: count refunds with their orders, or drop them.",
                DataWarning,
                stacklevel=2,
            )
        keep = again & (m > 0)
        x, m, weight = x[keep], m[keep], weight[keep]
        self.customers_ = float(weight.sum())
        if len(np.unique(m)) < 3:
            raise NotEnoughDataError(
                f"{self.customers_:,.0f} repeat buyers with positive spend, of "
                f"{len(np.unique(m))} different amounts: three are the least.",
                fix=f"At least {MIN_REPEAT_BUYERS} repeat buyers carry a model.",
            )
        self.correlation_ = _spearman(x, m, weight)
        self._x, self._scale = x, float((weight * m).sum() / weight.sum())
        self._m, self._weight = m / self._scale, weight
        if self.engine == "lifetimes":
            found = self._fit_with_lifetimes(m)
        else:
            starts = [np.log([p, q, q / p]) for p in (1.0, 5.0) for q in (0.5, 3.0, 20.0)]
            tried = [_btyd_fit.newton(self._function, start) for start in starts]
            found = max(tried, key=lambda one: (one.converged, one.value))
        self._maximum = found
        p, above, v = np.exp(found.point)
        q, v = 1 + above, v * self._scale
        names = list(self.parameters)
        self.params_ = pd.Series([p, q, v], index=names, name="params")
        # A density of money: in units of the scale it is larger by it, for each customer.
        self.log_likelihood_ = found.value - self.customers_ * float(np.log(self._scale))
        self._log_covariance = _btyd_fit.covariance(found)
        slopes = np.array([p, above, v])
        matrix = self._log_covariance * np.outer(slopes, slopes)
        self.covariance_ = pd.DataFrame(matrix, index=names, columns=names)
        self.standard_errors_ = pd.Series(
            np.sqrt(np.diag(matrix)), index=names, name="standard_errors"
        )
        self.mean_spend_ = p * v / (q - 1)
        self.converged_ = found.converged
        self.on_bound_ = tuple(np.asarray(names)[found.at_bound])
        self.flags_ = self._judge()
        if self.flags_ and strict:
            raise NotEnoughDataError(f"Gamma–Gamma: {'; '.join(self.flags_)}.")
        if self.flags_:
            text = f"Gamma–Gamma: {'; '.join(self.flags_)}. Not for a decision."
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        if abs(self.correlation_) > _CORRELATION and self._p_correlation() < _SIGNIFICANT:
            warnings.warn(
                f"spend and frequency go together (Spearman {self.correlation_:.2f}), which the "
                "model takes as independent: value it by groups of frequency, or say so.",
                StatisticalWarning,
                stacklevel=2,
            )
        return self

    def _p_correlation(self) -> float:
        n = self.customers_
        t = self.correlation_ * np.sqrt(max(n - 2, 1) / max(1 - self.correlation_**2, 1e-12))
        return float(2 * stats.t.sf(abs(t), max(n - 2, 1)))

    def _judge(self) -> tuple[str, ...]:
        flags = []
        if self.customers_ < MIN_REPEAT_BUYERS:
            flags.append(f"{self.customers_:,.0f} repeat buyers, fewer than {MIN_REPEAT_BUYERS}")
        if "q" in self.on_bound_ and self.params_["q"] < 2:
            flags.append("q is held at 1: without that the mean spend would be infinite")
        elif self.on_bound_:
            flags.append(f"{', '.join(self.on_bound_)} on a bound: the data do not hold it")
        if not self.converged_:
            flags.append("the search did not reach a maximum")
        return tuple(flags)

    def _function(self, point: Array, derivatives: bool) -> tuple[float, Array, Array]:
        """Log-likelihood in log p, log(q − 1), log v: eq. 1a, spend in units of its mean."""
        p, above, v = np.exp(point)
        q = 1 + above
        x, m, weight = self._x, self._m, self._weight
        px, total = p * x, v + x * m
        log_total = np.log(total)
        value = float(
            (
                weight
                * (
                    special.gammaln(px + q) - special.gammaln(px) - special.gammaln(q)
                    + q * np.log(v) + px * np.log(x) + (px - 1) * np.log(m) - (px + q) * log_total
                )
            ).sum()
        )  # fmt: skip
        if not derivatives:
            return value, np.zeros(3), np.zeros((3, 3))
        psi, trigamma = special.digamma, lambda z: special.polygamma(1, z)

        def s(values: Array) -> float:
            return float((weight * values).sum())

        both, both2 = psi(px + q), trigamma(px + q)
        one = np.ones(len(x))
        slope = np.array(
            [
                s(x * (both - psi(px) + np.log(x) + np.log(m) - log_total)),
                s(both - psi(q) + np.log(v) - log_total),
                s(q / v - (px + q) / total),
            ]
        )
        curve = np.array(
            [
                [s(x**2 * (both2 - trigamma(px))), s(x * both2), s(-x / total)],
                [0, s((both2 - trigamma(q)) * one), s(1 / v - 1 / total)],
                [0, 0, s((px + q) / total**2 - q / v**2)],
            ]
        )
        curve = np.triu(curve) + np.triu(curve, 1).T
        by = np.array([p, above, v])
        return value, by * slope, curve * np.outer(by, by) + np.diag(by * slope)

    def _fit_with_lifetimes(self, m: Array) -> _btyd_fit.Maximum:
        from lifetimes import GammaGammaFitter

        self.lifetimes_ = GammaGammaFitter()
        self.lifetimes_.fit(self._x, m, weights=self._weight, q_constraint=True)
        p, q, v = (float(self.lifetimes_.params_[name]) for name in self.parameters)
        point = np.log([p, max(q - 1, np.exp(-_btyd_fit.BOUND)), v / self._scale])
        return _btyd_fit.judged(self._function, point)

    def confidence_intervals(self, *, level: float = LEVEL) -> pd.DataFrame:
        """Return profile-likelihood intervals: index parameter, columns low, high."""
        self._fitted()
        guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
        errors = np.sqrt(np.diag(self._log_covariance))
        ends = [
            profile_interval(self._function, self._maximum, i, float(errors[i]), level)
            for i in range(3)
        ]
        low, high = np.exp(np.asarray(ends)).T * [1, 1, self._scale] + [0, 1, 0]
        return pd.DataFrame({"low": low, "high": high}, index=list(self.parameters))

    def expected_spend(self, rfm: pd.DataFrame) -> pd.Series:
        """Return the expected mean spend of each customer (eq. 5), aligned with the rows.

        Customers without repeat purchases, and those whose spend is not positive, get the mean
        over all people.
        """
        self._fitted()
        x, m, _ = _check(rfm)
        p, q, v = (float(value) for value in self.params_)
        known = (x > 0) & (m > 0)
        seen = np.where(known, p * (v + x * np.where(known, m, 0.0)), 0.0)
        spend = np.where(known, seen / (p * np.where(known, x, 1.0) + q - 1), self.mean_spend_)
        return pd.Series(spend, index=rfm.index, name="expected_spend")

    def sample_spend(
        self, rfm: pd.DataFrame, draws: int = 1000, seed: int = 0
    ) -> npt.NDArray[np.float64]:
        """Return draws of each customer's mean spend, shape (draws, rows)."""
        self._fitted()
        guards.whole("draws", draws, low=1)
        x, m, _ = _check(rfm)
        p, q, v = (float(value) for value in self.params_)
        known = (x > 0) & (m > 0)
        shape = np.where(known, p * x + q, q)
        rate = np.where(known, v + x * np.where(known, m, 0.0), v)
        rng = np.random.default_rng(guards.whole("seed", seed))
        return np.asarray(p * rate / rng.gamma(shape, size=(draws, len(x))))

    def _fitted(self) -> None:
        if not hasattr(self, "params_"):
            raise ArgumentError("the model is not fitted yet.", fix="Call fit(rfm) first.")

    def __repr__(self) -> str:
        if not hasattr(self, "params_"):
            return "GammaGammaModel()"
        inside = ", ".join(f"{name}={value:.4g}" for name, value in self.params_.items())
        return f"GammaGammaModel({inside})"


def _check(rfm: pd.DataFrame) -> tuple[Array, Array, Array]:
    missing = [name for name in ("frequency", "monetary_value") if name not in rfm.columns]
    if missing:
        raise DataError(
            f"the frame lacks {', '.join(missing)}.",
            fix="Make it with `cl.metrics.rfm_summary(ds)`.",
        )
    x = rfm["frequency"].to_numpy(dtype=float, na_value=np.nan)
    # One-timers have no repeat spend: whatever stands there is not read.
    m = rfm["monetary_value"].to_numpy(dtype=float, na_value=np.nan)
    m = np.where(x == 0, 0.0, m)
    weight = np.ones(len(x))
    if "weight" in rfm.columns:
        weight = rfm["weight"].to_numpy(dtype=float, na_value=np.nan)
    bad = ~(np.isfinite(x + m + weight) & (x >= 0) & (x == np.floor(x)) & (weight >= 0))
    if bad.any():
        raise DataError(
            f"{int(bad.sum()):,} of {len(x):,} rows have a missing value, or a frequency that is "
            "no whole number >= 0.",
            fix="Drop or mend these rows.",
        )
    return x, m, weight


def _spearman(x: Array, m: Array, weight: Array) -> float:
    """Weighted rank correlation: rows of equal value share the middle of their ranks."""

    def ranks(values: Array) -> Array:
        _, place = np.unique(values, return_inverse=True)
        total = np.bincount(place, weights=weight)
        return np.asarray((np.cumsum(total) - total / 2)[place])

    a, b = ranks(x), ranks(m)
    a, b = a - np.average(a, weights=weight), b - np.average(b, weights=weight)
    scale = float(np.sqrt((weight * a * a).sum() * (weight * b * b).sum()))
    return float((weight * a * b).sum() / scale) if scale else 0.0
