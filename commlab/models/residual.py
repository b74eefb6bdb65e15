"""What buyers will leave without an end in sight, and how much of it lies beyond a horizon."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.models._discounting import yearly_rate
from commlab.models._parameter_draws import with_parameters
from commlab.stats import quantile

Array = npt.NDArray[np.float64]
_SAMPLE = 5_000  # buyers valued without end, by quadrature: some seconds
_SLOPES = 200  # of these, buyers on whom slopes are taken: they move little from one to another


@dataclasses.dataclass(frozen=True)
class ResidualValue:
    """Discounted expected margin of all purchases to come, service not subtracted.

    Attributes:
        mean: Of a buyer on average.
        beyond: Share of it that lies beyond the horizon.
    """

    mean: Estimate
    beyond: Estimate


def residual_value(
    rfm: pd.DataFrame,
    purchases: Any,
    spend: Any,
    *,
    horizon: float = 52.0,
    discount_rate: float = 0.10,
    level: float = LEVEL,
    seed: int = 0,
) -> ResidualValue:
    """Return the residual value of buyers to infinity (DERT times expected margin: DERL).

    Fader, Hardie & Lee 2005, RFM and CLV, J. Marketing Research 42, for Pareto/NBD; BG/NBD and
    MBG/NBD by quadrature. The intervals are those of the parameters (delta method on the logarithm
    and the log odds) and, beyond 5,000 buyers, of the sample of them that is valued: over all
    buyers together chance evens out.

    Args:
        rfm: See `lifetime_value`.
        purchases: A fitted purchase model.
        spend: A fitted `GammaGammaModel`.
        horizon: Time after which margin counts as beyond, in the unit of T.
        discount_rate: Yearly, above 0: without one there is no end of the sum.
        level: Confidence level.
        seed: Seed of the sample.

    Raises:
        NotEnoughDataError: Nobody is seen to leave, or nothing is discounted: a value without end
            would rest on what nobody has seen.
    """
    if purchases.name == "NBD":
        raise NotEnoughDataError("nobody is seen to leave, so there is no end to the purchases.")
    if discount_rate <= 0:
        raise NotEnoughDataError("without a discount rate later purchases add up without end.")
    rate = yearly_rate(rfm, discount_rate)
    rows = _some(rfm, _SAMPLE, seed)
    few = _some(rows, _SLOPES, seed)

    def flows(model: Any, people: pd.DataFrame) -> tuple[Array, Array]:
        return model.dert(people, rate).to_numpy(), model.dert(people, rate, horizon).to_numpy()

    ever, within = flows(purchases, rows)
    each = spend.expected_spend(rows).to_numpy()
    margin = spend.expected_spend(few).to_numpy()
    bought = _slopes(purchases, lambda one: _readings(*flows(one, few), margin))
    now = flows(purchases, few)
    paid = _slopes(spend, lambda one: _readings(*now, one.expected_spend(few).to_numpy()))
    drawn = len(rows) < len(rfm)
    chance = (ever * each).std(ddof=1) / (ever * each).mean() / len(rows) ** 0.5 if drawn else 0.0
    errors = np.sqrt(bought + paid + np.array([chance**2, 0.0]))
    middle, z = _readings(ever, within, each), quantile(level)
    n, method = len(rfm), f"{purchases.name} with Gamma–Gamma, parameters only"
    ends = [np.exp(middle[0] + side * z * errors[0]) for side in (-1, 0, 1)]
    odds = [special.expit(middle[1] + side * z * errors[1]) for side in (-1, 0, 1)]
    mean, beyond = (
        Estimate(value=value, low=low, high=high, level=level, n=n, unit=unit, method=method)
        for (low, value, high), unit in ((ends, "money"), (odds, "share"))
    )
    return ResidualValue(mean, beyond)


def _some(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    if len(rows) <= most:
        return rows
    chosen = np.random.default_rng(guards.whole("seed", seed)).permutation(len(rows))[:most]
    return rows.iloc[np.sort(chosen)]


def _readings(ever: Array, within: Array, margin: Array) -> Array:
    """Return the logarithm of the mean value, and the log odds of its share beyond."""
    whole = float(ever @ margin)
    return np.array([np.log(whole / len(ever)), special.logit(1 - float(within @ margin) / whole)])


def _slopes(model: Any, read: Callable[[Any], Array]) -> Array:
    """Return the variances of readings that the parameters of a model bring (delta method)."""
    point, spread = model._maximum.point, model._log_covariance
    held = np.flatnonzero(np.isfinite(np.diag(spread)) & (np.diag(spread) > 0))
    # A tenth of a standard error: wide enough for the digits, narrow enough to be straight.
    width = 0.1 * np.sqrt(np.diag(spread)[held])
    slopes = []
    for place, step in zip(held, width, strict=True):
        move = np.zeros(len(point))
        move[place] = step
        around = np.array([point + move, point - move])
        up, down = (read(one) for one in with_parameters(model, around))
        slopes.append((up - down) / (2 * step))
    slope = np.array(slopes)
    return np.einsum("ik,ij,jk->k", slope, spread[np.ix_(held, held)], slope)
