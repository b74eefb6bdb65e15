"""How strong a hidden cause would have to be to explain an estimate away.

Cinelli & Hazlett 2020, Making sense of sensitivity: extending omitted variable bias, J. R. Stat.
Soc. B 82. Everything follows from one regression of the outcome on taking part and covariates.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Robustness:
    """Sensitivity of one estimate.

    Attributes:
        estimate: Regression coefficient of taking part.
        error: Its standard error.
        freedom: Residual degrees of freedom.
        value: Robustness value: a hidden cause that explains this share of what is left of both,
            taking part and the outcome, brings the estimate to 0.
        value_alpha: The share at which it can no longer be told from 0.
        benchmark: Name of the covariate held up for comparison; "" for none.
        benchmark_taking_part: Share of taking part that a hidden cause as strong as it explains.
        benchmark_outcome: Share of the outcome.
        benchmarked: What is left of the estimate if there were such a cause; NaN without one.
    """

    estimate: float
    error: float
    freedom: int
    value: float
    value_alpha: float
    benchmark: str = ""
    benchmark_taking_part: float = math.nan
    benchmark_outcome: float = math.nan
    benchmarked: float = math.nan

    @property
    def explained_away(self) -> bool:
        """Whether a cause as strong as the benchmark would take the whole estimate."""
        return not math.isnan(self.benchmarked) and self.benchmarked * self.estimate <= 0


def robustness_value(
    t: float, freedom: int, *, q: float = 1.0, level: float | None = None
) -> float:
    """Return the robustness value (their eqs. 16 and 19).

    Args:
        t: t statistic of taking part.
        freedom: Residual degrees of freedom.
        q: Share of the estimate to explain away.
        level: None: bring it to (1 − q) of itself; else: make it insignificant at this level.

    Example:
        >>> round(robustness_value(4.184, 783), 3)
        0.139
        >>> round(robustness_value(4.184, 783, level=0.95), 3)
        0.076
    """
    guards.in_range("q", q, low=0, open_low=True)
    guards.whole("freedom", freedom, low=2)
    f = q * abs(t) / math.sqrt(freedom)
    if level is not None:
        f -= float(stats.t.ppf(0.5 + level / 2, freedom - 1)) / math.sqrt(freedom - 1)
        if f <= 0:
            return 0.0
    return 0.5 * (math.sqrt(f**4 + 4 * f**2) - f**2)


def robustness(
    y: npt.ArrayLike,
    treated: npt.ArrayLike,
    X: npt.ArrayLike,
    *,
    names: list[str] | None = None,
    benchmark: str = "",
    level: float = LEVEL,
) -> Robustness:
    """Return how robust the regression estimate of taking part is to a hidden cause.

    Args:
        y: Outcome, shape (n,).
        treated: Whether each took part.
        X: Covariates, shape (n, k), without constant.
        names: Names of the covariates.
        benchmark: Covariate as whose strength a hidden cause is taken.
        level: Confidence level.

    Raises:
        NotEnoughDataError: Too few rows for the covariates, or taking part is one of them.
    """
    outcome, d = np.asarray(y, dtype=float), np.asarray(treated, dtype=float)
    covariates = np.asarray(X, dtype=float).reshape(len(d), -1)
    ones = np.ones((len(d), 1))
    freedom = len(d) - covariates.shape[1] - 2
    if freedom < 2:
        raise NotEnoughDataError(
            f"{len(d)} people for {covariates.shape[1]} covariates.", fix="Use fewer covariates."
        )
    base = np.hstack([ones, covariates])
    resid_d, resid_y = _residual(base, d), _residual(base, outcome)
    left = float(resid_d @ resid_d)
    if left < 1e-10 * len(d):
        raise NotEnoughDataError(
            "the covariates say exactly who took part: there is nobody to compare with.",
            fix="Leave out what follows from taking part.",
        )
    estimate = float(resid_d @ resid_y) / left
    rest = resid_y - estimate * resid_d
    error = math.sqrt(float(rest @ rest) / freedom / left)
    if error == 0:
        raise NotEnoughDataError("the outcome is explained without rest.", fix="Look at the data.")
    t = estimate / error
    found = Robustness(estimate, error, freedom, robustness_value(t, freedom),
                       robustness_value(t, freedom, level=level))  # fmt: skip
    if not benchmark or names is None or benchmark not in names:
        return found
    place = names.index(benchmark)
    others = np.hstack([ones, np.delete(covariates, place, axis=1)])
    x = covariates[:, place]
    with_d = partial_r2(others, x, d)
    with_y = partial_r2(np.hstack([others, d[:, None]]), x, outcome)
    part, out = bounds(with_d, with_y)
    bias = hidden_bias(error, freedom, part, out)
    return dataclasses.replace(
        found,
        benchmark=benchmark,
        benchmark_taking_part=part,
        benchmark_outcome=out,
        benchmarked=estimate - math.copysign(bias, estimate),
    )


def bounds(with_taking_part: float, with_outcome: float) -> tuple[float, float]:
    """Return what a hidden cause once as strong as a covariate explains (their eqs. 21 and 22).

    Args:
        with_taking_part: Partial R² of the covariate with taking part.
        with_outcome: Partial R² of the covariate with the outcome, given taking part.

    Returns:
        Partial R² of the hidden cause with taking part, and with the outcome; at most 1.

    Example:
        >>> [round(x, 4) for x in bounds(0.1, 0.2)]
        [0.1111, 0.3125]
    """
    part = with_taking_part / (1 - with_taking_part) if with_taking_part < 0.5 else 1.0
    shared = min(with_taking_part**2 / (1 - with_taking_part) ** 2, 1 - 1e-12)
    reach = (1 + math.sqrt(shared)) / math.sqrt(1 - shared)
    return min(part, 1.0), min(reach**2 * with_outcome / (1 - with_outcome), 1.0)


def hidden_bias(error: float, freedom: int, taking_part: float, outcome: float) -> float:
    """Return by how much a hidden cause of given strength moves the estimate (their eq. 14).

    Example:
        >>> round(0.0973158 - hidden_bias(0.0232611, 783, 0.009164, 0.124641), 4)
        0.0752
    """
    if taking_part >= 1:
        return math.inf
    return error * math.sqrt(freedom * outcome * taking_part / (1 - taking_part))


def partial_r2(base: Array, x: Array, y: Array) -> float:
    """Return the share of what `base` leaves of y that x explains."""
    rest_x, rest_y = _residual(base, x), _residual(base, y)
    size = float(rest_x @ rest_x) * float(rest_y @ rest_y)
    return float(rest_x @ rest_y) ** 2 / size if size > 0 else 0.0


def _residual(base: Array, y: Array) -> Array:
    fitted, *_ = np.linalg.lstsq(base, y, rcond=None)
    return np.asarray(y - base @ fitted)
