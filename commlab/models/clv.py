"""Lifetime value: the net margin that customers are expected to leave, less what they cost.

Value ahead = Σ over the horizon of discounted expected purchases × expected margin of one − cost
of serving the person. What winning a customer cost is spent for those who are here, so it is
subtracted for a new one only (`new_customer_value`).

Purchases and margins are taken as independent, as Gamma–Gamma does (Fader, Hardie & Lee 2005, RFM
and CLV: using iso-value curves, J. Marketing Research 42).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError, DataError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.models._btyd_data import UNIT_ATTR
from commlab.models._discounting import PER_YEAR, annuity, yearly_rate
from commlab.models._parameter_draws import (
    DRAWS,
    draw_interval,
    parameter_draws,
    with_parameters,
)
from commlab.models._value_draws import Plan, drawn_values

Array = npt.NDArray[np.float64]
ALL = "all"


@dataclasses.dataclass(frozen=True)
class LifetimeValue:
    """What customers are worth over a horizon from now.

    Attributes:
        people: The customers, in the order given: what they came with, and probability_alive,
            expected_purchases, margin (expected, of one purchase), gross (discounted expected
            margin), value (gross less service), low, high (predictive, of the person; beyond
            150,000 customers for the 100,000 most valuable and some others, else missing).
        segments: segment, buyers, value (mean of a buyer), low, high (predictive, of the mean),
            total.
        total: Value of all customers together.
        mean: Value of a customer on average.
        horizon: In units of time.
        discount_rate: Yearly.
        service: Cost of serving a person over the whole horizon, discounted.
        level: Level of the intervals.
    """

    people: pd.DataFrame
    segments: pd.DataFrame
    total: Estimate
    mean: Estimate
    horizon: float
    discount_rate: float
    service: float
    level: float

    def value_at_risk(self, churn: npt.ArrayLike) -> pd.Series:
        """Return what is lost if each customer leaves, times the chance that he does.

        Args:
            churn: Probability that each customer leaves, in the order of `people`.
        """
        chance = np.asarray(churn, dtype=float)
        if chance.shape != (len(self.people),) or not ((chance >= 0) & (chance <= 1)).all():
            raise ArgumentError(f"churn must be {len(self.people):,} chances between 0 and 1.")
        return (self.people["gross"] * chance).rename("value_at_risk")


def lifetime_value(
    rfm: pd.DataFrame,
    purchases: Any,
    spend: Any,
    *,
    horizon: float = 52.0,
    discount_rate: float = 0.10,
    service_cost: float = 0.0,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> LifetimeValue:
    """Return the value of each customer, of segments and of all, with predictive intervals.

    Each draw takes parameters (`parameter_draws`), then for every customer whether he is alive,
    how often he buys and what each purchase leaves. So intervals hold the parameters'
    uncertainty and chance, both for a person and for the mean of a segment, whose customers
    share the parameters. The memory in use does not grow with draws times customers.

    Args:
        rfm: Frame with frequency, recency, T, monetary_value (mean net margin of repeat
            purchases) and, for segments, `segment`.
        purchases: A fitted purchase model.
        spend: A `GammaGammaModel` fitted to the margins.
        horizon: Time ahead, in the unit of T.
        discount_rate: Yearly.
        service_cost: Money that serving a person costs per unit of time, over the whole horizon
            whether he buys or not.
        level: Level of the intervals.
        draws: Number of draws.
        seed: Seed.

    Raises:
        DataError: The frame does not say in which unit its time is (`attrs["time_unit"]`).
        ArgumentError: An argument is out of bounds.
    """
    guards.in_range("horizon", float(horizon), low=0, open_low=True)
    guards.in_range("service_cost", float(service_cost), low=0)
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    guards.whole("draws", draws, low=20)
    rate = yearly_rate(rfm, discount_rate)
    flow = purchases.dert(rfm, rate, horizon).to_numpy()
    plain = purchases.expected_purchases(rfm, horizon).to_numpy()
    # Later purchases are worth less: by the same share in the draws as in the mean.
    factor = np.divide(flow, plain, out=np.ones(len(flow)), where=plain > 0)
    margin = spend.expected_spend(rfm).to_numpy()
    service = service_cost * annuity(rate, horizon)
    labels = rfm["segment"].astype(str) if "segment" in rfm else pd.Series(ALL, rfm.index)
    names, place = np.unique(labels.to_numpy(dtype=str), return_inverse=True)
    low, high, sums = drawn_values(
        rfm, purchases, spend, Plan(factor, flow * margin, place, len(names), horizon, level,
                                    draws, seed),
    )  # fmt: skip
    people = rfm.assign(
        probability_alive=purchases.expected_probability_alive(rfm).to_numpy(),
        expected_purchases=plain,
        margin=margin,
        gross=flow * margin,
        value=flow * margin - service,
        low=low - service,
        high=high - service,
    )
    size = np.bincount(place, minlength=len(names)).astype(float)
    worth = people["value"].to_numpy(dtype=float)
    value = np.asarray(np.bincount(place, weights=worth, minlength=len(names)), dtype=float)
    ends = _around(value, sums - service * size, level)
    segments = pd.DataFrame(
        {"segment": names, "buyers": size.astype(int), "value": value / size,
         "low": ends[0] / size, "high": ends[1] / size, "total": value}
    )  # fmt: skip
    whole = np.array([value.sum()])
    low_all, high_all = _around(whole, (sums.sum(axis=1) - service * size.sum())[:, None], level)
    n = len(rfm)

    def estimate(by: float) -> Estimate:
        return Estimate(
            value=whole[0] / by, low=low_all[0] / by, high=high_all[0] / by, level=level, n=n,
            unit="money", method=f"{purchases.name} with Gamma–Gamma, predictive",
        )  # fmt: skip

    return LifetimeValue(
        people, segments, estimate(1.0), estimate(float(n)), float(horizon), discount_rate,
        service, level,
    )  # fmt: skip


def new_customer_value(
    first_margins: npt.ArrayLike,
    purchases: Any,
    spend: Any,
    *,
    horizon: float = 52.0,
    discount_rate: float = 0.10,
    service_cost: float = 0.0,
    acquisition_cost: float = 0.0,
    time_unit: str = "W",
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Return the lifetime value of somebody who buys first today, all costs subtracted.

    The mean of first purchases, plus the discounted expected margin of later ones, less service
    and acquisition. The interval is that of the mean: of parameters and of the first margins.

    Args:
        first_margins: Margin of each customer's first purchase, shape (n,).
        purchases: A fitted purchase model.
        spend: A fitted `GammaGammaModel`.
        horizon: Time ahead, in the unit of the model.
        discount_rate: Yearly.
        service_cost: See `lifetime_value`.
        acquisition_cost: Money that winning a buyer costs.
        time_unit: "D", "W" or "M".
        level: Confidence level.
        draws: Number of draws.
        seed: Seed.
    """
    new = pd.DataFrame({"frequency": [0.0], "recency": [0.0], "T": [0.0]})
    new.attrs[UNIT_ATTR] = guards.one_of("time_unit", time_unit, tuple(PER_YEAR))
    rate = yearly_rate(new, discount_rate)
    first = np.asarray(first_margins, dtype=float)
    if len(first) < 2 or not np.isfinite(first).all():
        raise DataError("first_margins must be two or more finite numbers.")
    costs = service_cost * annuity(rate, horizon) + acquisition_cost
    later = float(purchases.dert(new, rate, horizon).iloc[0]) * spend.mean_spend_
    value = float(first.mean()) + later - costs
    rng = np.random.default_rng(guards.whole("seed", seed))
    opening = rng.normal(first.mean(), first.std(ddof=1) / len(first) ** 0.5, draws)
    pairs = zip(
        with_parameters(purchases, parameter_draws(purchases, draws, seed)),
        with_parameters(spend, parameter_draws(spend, draws, seed + 1)),
        strict=True,
    )
    drawn = [float(one.dert(new, rate, horizon).iloc[0]) * two.mean_spend_ for one, two in pairs]
    low, high = _around(np.array([value]), (opening + np.array(drawn) - costs)[:, None], level)
    return Estimate(
        value=value, low=float(low[0]), high=float(high[0]), level=level, n=len(first),
        unit="money", method=f"{purchases.name} with Gamma–Gamma",
    )  # fmt: skip


def _around(value: Array, drawn: Array, level: float) -> tuple[Array, Array]:
    low, high = draw_interval(drawn, level)
    return np.minimum(low, value), np.maximum(high, value)


def value_models(buyers: pd.DataFrame, tested: Any) -> tuple[Any, Any]:
    """Return the models that a backtest allows, fitted to all buyers.

    Args:
        buyers: From `metrics.customer_values`.
        tested: A `PurchaseBacktest`; None: there was no earlier day to test on.

    Returns:
        The chosen purchase model, and Gamma–Gamma for the margins.

    Raises:
        NotEnoughDataError: Nothing was tested, a rule of thumb was as good, or the data do not
            hold the parameters.
    """
    from commlab.models.backtest_purchases import MODELS
    from commlab.models.gammagamma import GammaGammaModel

    if tested is None:
        raise NotEnoughDataError("there was no earlier day on which the models could be tested.")
    if tested.beaten:
        raise NotEnoughDataError("a rule of thumb came as close as the models on earlier days.")
    return MODELS[tested.chosen]().fit(buyers, strict=True), GammaGammaModel().fit(
        buyers, strict=True
    )


def at_risk(worth: LifetimeValue, purchases: Any, weeks: float) -> pd.DataFrame:
    """Return the people of a valuation with the chance that they stay away, and what that costs.

    Returns:
        `worth.people` with no_purchase (chance of no purchase within `weeks`, by the fitted
        model) and value_at_risk (expected margin times it).
    """
    away = 1 - purchases.probability_of_purchase(worth.people, weeks)
    return worth.people.assign(no_purchase=away, value_at_risk=worth.value_at_risk(away))
