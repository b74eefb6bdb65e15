"""What lies ahead by segment, and by rule of thumb where no model passed its test."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as distributions

from commlab import metrics
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.models._parameter_draws import DRAWS, parameter_draws
from commlab.models._scoring import MOST_FITTED, rules_of_thumb, sampled
from commlab.models.backtest_purchases import MIN_CUTOFFS, MODELS, PurchaseBacktest
from commlab.models.segment_forecast import segment_forecast
from commlab.models.staticcovariates import StaticCovariateModel
from commlab.text import Words, word

if TYPE_CHECKING:
    from commlab.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class Outlook:
    """What the buyers of each segment, and newcomers to it, will buy.

    Attributes:
        by: Covariate -> frame of `segment_forecast`, without models of a segment alone.
        verdict: Whether telling segments apart foretold later purchases "better", "worse" or
            "alike" on earlier days.
        gain: By how much, see `SegmentBacktest`.
    """

    by: Mapping[str, pd.DataFrame]
    verdict: str
    gain: Estimate


def segment_outlook(
    customers: pd.DataFrame, tested: PurchaseBacktest | None, horizon: float, *,
    level: float = LEVEL, draws: int = DRAWS, seed: int = 0,
) -> Outlook:  # fmt: skip
    """Return what lies ahead by segment, by the model that a backtest chose.

    Args:
        customers: From `metrics.present_customers`, with the columns of the backtest.
        tested: The backtest, with segments.
        horizon: Time ahead, in the unit of T.
        level: Level of the intervals.
        draws: Draws of the parameters.
        seed: Seed.

    Raises:
        NotEnoughDataError: Nothing was tested, a rule of thumb was as good, or segments cannot
            be told apart.
    """
    if tested is None or tested.by_segment is None:
        why = "" if tested is None else tested.no_segments
        raise NotEnoughDataError(f"segments could not be tested on earlier days. {why}".strip())
    if tested.beaten:
        raise NotEnoughDataError("a rule of thumb came as close as the models on earlier days.")
    found = tested.by_segment
    model = StaticCovariateModel(MODELS[tested.chosen](), found.covariates)
    model.fit(sampled(customers, MOST_FITTED, seed), strict=True)
    points = parameter_draws(model, draws, seed)
    frames = {
        name: segment_forecast(customers, model, horizon, by=name, alone=False, level=level,
                               draws=draws, seed=seed, points=points)
        for name in found.covariates
    }  # fmt: skip
    return Outlook(frames, found.verdict, found.gain)


@dataclasses.dataclass(frozen=True)
class SimpleProjection:
    """What the rule of thumb that did best says, put right by what it missed.

    Attributes:
        rule: "past_rate", "last_period" or "population_mean".
        weeks: Weeks ahead: those over which it was tested.
        plain: Purchases of all buyers by the rule as it stands.
        purchases: The same, times purchases that came over purchases expected on earlier days;
            the interval holds how much that ratio moved from day to day.
        margin: `purchases` times the mean margin of a repeat purchase so far.
        errors: Frame, a row a cutoff: cutoff, customers, actual, predicted, bias.
    """

    rule: str
    weeks: float
    plain: float
    purchases: Estimate
    margin: Estimate
    errors: pd.DataFrame

    def words(self) -> dict[str, object]:
        """Return what the sentences about it need."""
        bias = self.errors["bias"]
        named: Words = word(f"ltv.method.{self.rule}")
        return {
            "rule": named, "weeks": round(self.weeks), "plain": round(self.plain),
            "purchases": self.purchases, "cutoffs": len(self.errors),
            "least": float(bias.min()), "most": float(bias.max()),
        }  # fmt: skip


def simple_projection(
    ds: Dataset, tested: PurchaseBacktest | None, weeks: int, *, level: float = LEVEL
) -> SimpleProjection:
    """Return the projection by rule of thumb, for data in which no model is better.

    It reaches no further than it was tested: over the weeks of the backtest.

    Args:
        ds: The dataset, with orders.
        tested: The backtest.
        weeks: Weeks over which it tested.
        level: Level of the intervals.

    Raises:
        NotEnoughDataError: Nothing was tested, or on fewer than three days with purchases.
    """
    if tested is None:
        raise NotEnoughDataError("there was no earlier day on which a rule could be tested.")
    errors = tested.scores[tested.scores["method"] == tested.baseline]
    errors = errors[["cutoff", "customers", "actual", "predicted", "bias"]].reset_index(drop=True)
    came, said = (errors[name].to_numpy(dtype=float) for name in ("actual", "predicted"))
    if len(errors) < MIN_CUTOFFS or not ((came > 0) & (said > 0)).all():
        raise NotEnoughDataError(f"{len(errors)} cutoffs with purchases, must be {MIN_CUTOFFS}.")
    customers = metrics.present_customers(ds, weeks)
    weight = customers["weight"].to_numpy(dtype=float)
    plain = float(weight @ rules_of_thumb(customers, float(weeks), weight)[tested.baseline])
    ratio = float(came.sum() / said.sum())
    reach = float(np.exp(next_reach(np.log(came / said), errors["cutoff"], weeks, level=level)))
    n, middle = round(float(weight.sum())), plain * ratio

    def estimate(unit: str, by: float) -> Estimate:
        # A mean margin below 0 turns the ends round.
        low, high = sorted((middle / reach * by, middle * reach * by))
        return Estimate(value=middle * by, low=low, high=high, level=level, n=n, unit=unit,
                        method="rule of thumb, corrected by backtest")  # fmt: skip

    try:
        margin = estimate("money", _margin_of_a_repeat(metrics.customer_values(ds)))
    except NotEnoughDataError as error:  # no margin is known: purchases can be told all the same
        margin = Estimate.refused(error.what, unit="money", n=n)
    return SimpleProjection(
        tested.baseline, float(weeks), plain, estimate("orders", 1.0), margin, errors
    )


def next_reach(
    errors: npt.NDArray[np.float64], cutoffs: pd.Series, weeks: float, *, level: float = LEVEL
) -> float:
    """Return how far the error over the weeks to come may lie from the mean of earlier ones.

    As for one more cutoff by Student's t, were the tests of weeks apart. Errors over the same weeks
    are alike by the share of them in common: they differ less from each other than from those of
    weeks to come, and their mean rests on fewer than as many cutoffs.

    Args:
        errors: An error a cutoff, shape (k,).
        cutoffs: Their days.
        weeks: Weeks tested after each.
        level: Confidence level.
    """
    k = len(errors)
    days = pd.to_datetime(cutoffs).to_numpy(dtype="datetime64[D]").astype(int)
    apart = np.abs(days[:, None] - days)[np.triu_indices(k, 1)]
    alike = float(np.clip(1 - apart / (7 * weeks), 0.0, None).mean())
    spread = float(errors.std(ddof=1)) / (1 - alike) ** 0.5
    moved = spread * (1 + (1 + (k - 1) * alike) / k) ** 0.5
    return float(distributions.t.ppf((1 + level) / 2, k - 1)) * moved


def _margin_of_a_repeat(buyers: pd.DataFrame) -> float:
    again = buyers["frequency"].to_numpy(dtype=float)
    if not again.sum():
        raise NotEnoughDataError("nobody bought again, so the margin of a repeat is not known.")
    return float(again @ buyers["monetary_value"].to_numpy(dtype=float) / again.sum())
