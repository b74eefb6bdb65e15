"""Shifted-beta-geometric model of how long people stay, counted in whole periods.

Source: Fader & Hardie 2007, How to project customer retention, J. Interactive Marketing 21(1).
Everybody leaves at the end of each period with a chance of his own; the chances are spread over
people as Beta(alpha, beta). Nobody's loyalty grows, yet the retention rate of those left does,
because the fickle leave first.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from commlab import guards
from commlab.errors import (
    ArgumentError,
    ConvergenceWarning,
    StatisticalWarning,
)
from commlab.estimate import LEVEL
from commlab.models.sbg_counts import check_counts, counts_from_survivors
from commlab.models.sbg_likelihood import V_BOUNDS, hessian, maximise, region, to_parameters

Array = npt.NDArray[np.float64]
PARAMETERS = ("alpha", "beta")
__all__ = ["ShiftedBetaGeometricModel", "check_counts", "counts_from_survivors", "sbg_survival"]


class ShiftedBetaGeometricModel:
    """Shifted-beta-geometric model, fitted by maximum likelihood to counts by age.

    The likelihood is that of each period's losses given who was at risk in it, so cohorts of
    any age, censored and late-observed stays go in as they are; for one cohort followed from
    its start it is the paper's (eq. B3).

    Attributes:
        params_: Series with alpha and beta.
        log_likelihood_: Log-likelihood at the maximum.
        covariance_: Covariance of alpha and beta (inverse observed information), a frame; NaN
            where the maximum lies on a bound (`on_bound_`), which is warned of.
        standard_errors_: Square roots of its diagonal.
        on_bound_: "" or why the maximum has no inner point: "constant" (retention does not
            rise with age: the model has become the geometric one) or "split" (all losses at
            once: some leave at once, the rest never).
        counts_: The counts fitted, by age.

    Example:
        >>> high_end = [1000, 869, 743, 653, 593, 551, 517, 491]
        >>> model = ShiftedBetaGeometricModel().fit(counts_from_survivors(high_end))
        >>> model.params_.round(3).to_dict()
        {'alpha': 0.668, 'beta': 3.806}
        >>> model.survival([8, 12]).round(3).tolist()
        [0.46, 0.378]
    """

    params_: pd.Series
    log_likelihood_: float
    covariance_: pd.DataFrame
    standard_errors_: pd.Series
    on_bound_: str
    counts_: pd.DataFrame

    def fit(self, counts: pd.DataFrame) -> ShiftedBetaGeometricModel:
        """Fit the model.

        Args:
            counts: Frame with `age` (period 1, 2, …), `lost` (left in that period) and
                `at_risk` (were there at its start and would have been seen to leave). Rows of
                the same age are added up; counts need not be whole.

        Returns:
            The model itself.

        Raises:
            DataError: A column is missing or the counts contradict each other.
            NotEnoughDataError: Too few losses, nobody or everybody lost, or only one period.
        """
        table = check_counts(counts)
        age, lost = table["age"].to_numpy(dtype=float), table["lost"].to_numpy(dtype=float)
        kept = table["at_risk"].to_numpy(dtype=float) - lost
        found = maximise(lost[None, :], kept[None, :], age)
        u, v = float(found.u[0]), float(found.v[0])
        alpha, beta = (float(x) for x in to_parameters(u, v))
        self.counts_ = table
        self.params_ = pd.Series([alpha, beta], index=list(PARAMETERS), name="params")
        self.log_likelihood_ = float(found.log_likelihood[0])
        self._point = (u, v)
        self.on_bound_ = ""
        if v > V_BOUNDS[1] - 0.01:
            self.on_bound_ = "constant"
        elif v < V_BOUNDS[0] + 0.01:
            self.on_bound_ = "split"
        matrix = np.full((2, 2), np.nan)
        if self.on_bound_:
            meaning = {
                "constant": "the share that leaves does not fall with age",
                "split": "all losses come at once and then none",
            }[self.on_bound_]
            warnings.warn(
                f"sBG is on its bound: {meaning} ({lost.sum():,.0f} lost of "
                f"{table['at_risk'].iloc[0]:,.0f} at risk in {len(table)} periods). alpha and "
                "beta and their errors mean nothing here; survival and its interval do.",
                ConvergenceWarning,
                stacklevel=2,
            )
        elif not found.converged[0]:
            warnings.warn(
                "sBG did not reach a maximum; look at the counts by age for jumps.",
                ConvergenceWarning,
                stacklevel=2,
            )
        else:
            matrix = np.linalg.inv(-hessian(alpha, beta, lost, kept, age))
        names = list(PARAMETERS)
        self.covariance_ = pd.DataFrame(matrix, index=names, columns=names)
        errors = np.sqrt(np.diag(matrix))
        self.standard_errors_ = pd.Series(errors, index=names, name="standard_errors")
        return self

    def survival(self, t: npt.ArrayLike) -> Array:
        """Return the share that stays beyond `t` periods (eq. 6): B(alpha, beta + t) / B.

        Args:
            t: Periods, any shape, at least 0.
        """
        times = _periods(t, low=0)
        alpha, beta = self._parameters()
        return sbg_survival(alpha, beta, times)

    def retention_rate(self, t: npt.ArrayLike) -> Array:
        """Return the share of those there at the start of period `t` who stay on (eq. 8).

        Args:
            t: Periods, any shape, at least 1.
        """
        times = _periods(t, low=1)
        alpha, beta = self._parameters()
        return np.asarray((beta + times - 1) / (alpha + beta + times - 1))

    def survival_interval(
        self, t: npt.ArrayLike, *, level: float = LEVEL, deff: float = 1.0
    ) -> pd.DataFrame:
        """Return survival with its profile-likelihood interval.

        The interval holds every survival that some parameters reach whose log-likelihood is
        within half the chi-squared quantile of the maximum: it needs no symmetry and holds on
        the bound too.

        Args:
            t: Periods, shape (m,).
            level: Confidence level.
            deff: Design effect by which the likelihood overstates the information (clusters).

        Returns:
            Frame: t, survival, low, high.
        """
        times = np.atleast_1d(_periods(t, low=0))
        alpha, beta = self._reached(level, deff)
        reached = sbg_survival(alpha[:, None], beta[:, None], times[None, :])
        middle = self.survival(times)
        return pd.DataFrame(
            {
                "t": times,
                "survival": middle,
                "low": np.minimum(reached.min(axis=0), middle),
                "high": np.maximum(reached.max(axis=0), middle),
            }
        )

    def parameter_intervals(self, *, level: float = LEVEL, deff: float = 1.0) -> pd.DataFrame:
        """Return alpha and beta with their profile-likelihood intervals.

        alpha and beta lie along a ridge on which the likelihood falls slowly to one side, so
        estimate ± error misses mostly on that side (docs/truth/survival.md). Source: Venzon &
        Moolgavkar 1988, Applied Statistics 37.

        Args:
            level: Confidence level.
            deff: See `survival_interval`.

        Returns:
            Frame: parameter, value, low, high; ends beyond what is searched are 0 or infinite.

        Example:
            >>> high_end = counts_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
            >>> table = ShiftedBetaGeometricModel().fit(high_end).parameter_intervals()
            >>> table.set_index("parameter").round(2).to_numpy().tolist()
            [[0.67, 0.51, 0.94], [3.81, 2.62, 5.96]]
        """
        reached = self._reached(level, deff)
        limit = np.exp(V_BOUNDS)
        total = reached[0] + reached[1]
        low = [0.0 if total.min() < 1.01 * limit[0] else float(x.min()) for x in reached]
        high = [np.inf if total.max() > 0.99 * limit[1] else float(x.max()) for x in reached]
        return pd.DataFrame(
            {"parameter": PARAMETERS, "value": self._parameters(), "low": low, "high": high}
        )

    def _reached(self, level: float, deff: float) -> tuple[Array, Array]:
        """Return alpha and beta on the edge of the profile-likelihood region."""
        guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
        guards.in_range("deff", deff, low=1)
        self._parameters()
        drop = deff * float(special.chdtri(1, 1 - level)) / 2
        lost = self.counts_["lost"].to_numpy(dtype=float)
        kept = self.counts_["at_risk"].to_numpy(dtype=float) - lost
        age = self.counts_["age"].to_numpy(dtype=float)
        u, v = region(lost, kept, age, self.log_likelihood_ - drop, self._point)
        return to_parameters(u, v)

    def expected_residual_lifetime(self, t: int = 0, *, horizon: int | None = None) -> float:
        """Return the mean number of further periods of those who stayed `t` periods.

        Args:
            t: Periods stayed so far.
            horizon: Count only so many further periods.

        Returns:
            Sum over k ≥ 1 of S(t + k − 1) / S(t), the period of leaving counted whole:
            (alpha + beta + t − 1) / (alpha − 1). Without a horizon it is infinite where
            alpha ≤ 1, which is warned of.
        """
        guards.whole("t", t, low=0)
        alpha, beta = self._parameters()
        if horizon is not None:
            guards.whole("horizon", horizon, low=1)
            ahead = sbg_survival(alpha, beta, t + np.arange(horizon, dtype=float))
            return float(ahead.sum() / sbg_survival(alpha, beta, np.asarray(float(t))))
        if alpha <= 1:
            warnings.warn(
                f"alpha == {alpha:.3g} <= 1: the mean lifetime is infinite, because some chances "
                "of leaving are too close to 0. Give a horizon.",
                StatisticalWarning,
                stacklevel=2,
            )
            return float("inf")
        return (alpha + beta + t - 1) / (alpha - 1)

    def derl(self, t: int, discount: float) -> float:
        """Return the discounted expected residual lifetime after `t` periods.

        Seen just before the renewal that ends period t + 1 (Fader & Hardie 2010, Customer-base
        valuation in a contractual setting, eq. 6 with n = t + 1).

        Args:
            t: Periods stayed so far.
            discount: Discount rate of one period, above 0.

        Example:
            >>> high_end = counts_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
            >>> round(ShiftedBetaGeometricModel().fit(high_end).derl(7, 0.1), 2)
            7.53
        """
        guards.whole("t", t, low=0)
        guards.in_range("discount", discount, low=0, open_low=True)
        alpha, beta = self._parameters()
        first = (beta + t) / (alpha + beta + t)
        return float(
            first * special.hyp2f1(1, beta + t + 1, alpha + beta + t + 1, 1 / (1 + discount))
        )

    def _parameters(self) -> tuple[float, float]:
        if not hasattr(self, "params_"):
            raise ArgumentError("the model is not fitted yet.", fix="Call fit(counts) first.")
        return float(self.params_["alpha"]), float(self.params_["beta"])

    def __repr__(self) -> str:
        if not hasattr(self, "params_"):
            return "ShiftedBetaGeometricModel()"
        alpha, beta = self._parameters()
        return f"ShiftedBetaGeometricModel(alpha={alpha:.4g}, beta={beta:.4g})"


def sbg_survival(alpha: npt.ArrayLike, beta: npt.ArrayLike, t: npt.ArrayLike) -> Array:
    """Return B(alpha, beta + t) / B(alpha, beta), broadcast."""
    a, b = np.asarray(alpha, dtype=float), np.asarray(beta, dtype=float)
    times = np.asarray(t, dtype=float)
    return np.asarray(np.exp(special.betaln(a, b + times) - special.betaln(a, b)))


def _periods(t: npt.ArrayLike, *, low: int) -> Array:
    times = np.asarray(t, dtype=float)
    if times.size and not (np.isfinite(times).all() and times.min() >= low):
        raise ArgumentError(f"t must be finite and >= {low}.")
    return times
