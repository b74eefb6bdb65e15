"""Lifetime value read once more: held against the backtest, and as it was four weeks earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from commlab import metrics
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.models.backtest_purchases import MIN_CUTOFFS, PurchaseBacktest
from commlab.models.clv import LifetimeValue, lifetime_value, value_models
from commlab.models.outlook import next_reach
from commlab.models.survival import ended_by, median_time, survival_curve
from commlab.stats import quantile

if TYPE_CHECKING:
    from commlab.dataset import Dataset

MOST_BUYERS = 50_000  # valued twice: with more the earlier value takes longer than it is worth


def corrected_total(worth: LifetimeValue, tested: PurchaseBacktest, weeks: float) -> Estimate:
    """Return the value of all buyers, corrected by how much the model missed on earlier days.

    Expected margin is multiplied by purchases that came over purchases expected, all cutoffs
    together. The interval adds how much that ratio moved from cutoff to cutoff (Student's t on
    its logarithm, see `next_reach`) to that of the model. What was missed over some weeks may not
    be missed over a year: read it as the size of the doubt.

    Args:
        worth: What `lifetime_value` returned.
        tested: The backtest of the model used.
        weeks: Weeks over which it tested.

    Raises:
        NotEnoughDataError: Fewer than three cutoffs, or no purchases came or were expected.
    """
    rows = tested.scores[tested.scores["method"] == tested.chosen]
    came, said = rows["actual"].to_numpy(float), rows["predicted"].to_numpy(float)
    if len(rows) < MIN_CUTOFFS or not ((came > 0) & (said > 0)).all():
        raise NotEnoughDataError(f"{len(rows)} cutoffs with purchases, must be {MIN_CUTOFFS}.")
    service = worth.service * len(worth.people)
    total = worth.total
    if total.value is None or total.low is None or total.high is None:
        raise NotEnoughDataError("there is no total to correct.")
    gross, low, high = (end + service for end in (total.value, total.low, total.high))
    ratio = float(came.sum() / said.sum())
    reach = next_reach(np.log(came / said), rows["cutoff"], weeks, level=total.level)
    z = quantile(total.level)
    own = (np.log(high) - np.log(max(low, 1e-9 * high))) / (2 * z)
    half = float(np.hypot(reach, z * own))
    ends = (gross * ratio * np.exp(side * half) - service for side in (-1, 1))
    return Estimate(
        value=gross * ratio - service, low=float(next(ends)), high=float(next(ends)),
        level=total.level, n=total.n, unit="money", method=f"{total.method}, corrected by backtest",
    )  # fmt: skip


def value_before(ds: Dataset, tested: PurchaseBacktest, **ahead: Any) -> LifetimeValue | None:
    """Return the lifetime value as it stood four weeks earlier, by the model used now.

    Args:
        ds: The dataset.
        tested: The backtest that chose the model.
        **ahead: What `lifetime_value` was given.

    Returns:
        The value then; None where the data do not reach so far back or there are more than
        50,000 buyers.
    """

    def value(then: Dataset) -> LifetimeValue | None:
        buyers = metrics.customer_values(then)
        if len(buyers) > MOST_BUYERS:
            return None
        return lifetime_value(buyers, *value_models(buyers, tested), **ahead)

    return metrics.figure_before(ds, value)


def bought_again(ds: Dataset, days: int = 90) -> Estimate:
    """Return the share of buyers with a second purchase within so many days (Kaplan–Meier)."""
    return ended_by(metrics.second_orders(ds), days)


def time_to_second(ds: Dataset) -> Estimate:
    """Return the days after which half of the buyers have bought again (Kaplan–Meier)."""
    return median_time(survival_curve(metrics.second_orders(ds)))
