"""Before and after, and difference in differences: what a campaign without a holdout looks like.

A difference in differences is the effect only if both sides would have moved alike without the
campaign. The event study shows whether they did before it, and tests it.
"""

from __future__ import annotations

import dataclasses
import math

import ibis
import numpy as np
import pandas as pd
from scipy import stats

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaign_panel import Panel
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models import aggregates
from commlab.models.aggregates import Array
from commlab.models.experiment import arm_aggregates, unit_means
from commlab.models.randomisation import FEW_CLUSTERS, wild_interval


@dataclasses.dataclass(frozen=True)
class EventStudy:
    """Difference in differences, span by span.

    Attributes:
        estimate: The campaign's span less the mean of all spans before, treated less others.
        fake: The same as if the campaign had begun one span earlier: the last span before less
            the mean of those before it. Not 0: the sides did not move alike.
        table: Frame by span: period (0 the campaign, −1 the reference), difference (to the
            reference), low, high, treated, others (means a person).
        pre_trend_p: p-value of all spans before being as the reference (F test; NaN with one).
        units: Units that were compared.
    """

    estimate: Estimate
    fake: Estimate
    table: pd.DataFrame
    pre_trend_p: float
    units: int


def event_study(
    panel: Panel, *, level: float = LEVEL, min_people: int = MIN_AT_RISK, seed: int = 0
) -> EventStudy:
    """Return difference in differences and its event study, errors by unit.

    Args:
        panel: See `campaign_panel`.
        level: Confidence level.
        min_people: People on either side below which nothing is said.
        seed: Seed of the wild bootstrap that serves fewer than 40 units.

    Raises:
        NotEnoughDataError: Fewer people or units than can be compared.
    """
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    places = len(panel.periods)
    names = ["n_t", "n_c", *panel.columns("t"), *panel.columns("c")]
    found = aggregates.read(panel.table.mutate(all=ibis.literal("all")), names, by="all")["all"]
    units = found.count()
    mean = np.array([float(found.mean(name)) for name in names])
    treated, others = mean[0] * units, mean[1] * units
    if min(treated, others) < min_people or units < 3:
        raise NotEnoughDataError(
            f"{treated:.0f} treated and {others:.0f} other people in {units} units, each must be "
            f"{min_people}.",
            fix="Wait for a larger campaign.",
        )
    joint = np.array([[float(found.cov(a, b)) for b in names] for a in names])
    slope, gap = _linear(mean, places)
    rows = None
    if units < FEW_CLUSTERS:
        rows = panel.table.order_by("unit").to_pandas()[names].to_numpy(dtype=float)
    before = [k for k, number in enumerate(panel.periods) if number < 0]
    now, last = panel.periods.index(0), before[-1]
    unit, n = UNITS[panel.metric], int(treated + others)

    def say(weights: Array) -> tuple[float, float, float]:
        return _interval(weights @ slope, float(weights @ gap), joint, units, rows, level, seed)[:3]

    table = []
    for place, number in enumerate(panel.periods):
        weights = np.zeros(places)
        weights[place] += 1
        weights[last] -= 1
        value, low, high = say(weights) if place != last else (0.0, 0.0, 0.0)
        table.append({
            "period": number, "difference": value, "low": low, "high": high,
            "treated": mean[2 + place] / mean[0], "others": mean[2 + places + place] / mean[1],
        })  # fmt: skip
    method = f"difference in differences, errors by unit ({units:,})"
    estimates = []
    for place, base in ((now, before), (last, before[:-1])):
        weights = np.zeros(places)
        weights[place] = 1.0
        weights[base] -= 1 / len(base)
        value, low, high = say(weights)
        estimates.append(Estimate(value=value, low=low, high=high, level=level, n=n, unit=unit,
                                  method=method))  # fmt: skip
    contrasts = np.zeros((len(before) - 1, places))
    for row, place in enumerate(before[:-1]):
        contrasts[row, place], contrasts[row, last] = 1.0, -1.0
    p = _wald(contrasts @ gap, contrasts @ slope @ joint @ slope.T @ contrasts.T / units, units)
    return EventStudy(estimates[0], estimates[1], pd.DataFrame(table), p, units)


def before_after(
    outcomes: Outcomes,
    metric: str = "orders",
    *,
    year_ago: pd.DataFrame | None = None,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> Estimate:
    """Return the treated people's campaign less as many days right before it, a person.

    Args:
        outcomes: Outcomes of the campaign.
        metric: The metric; with `year_ago` "orders" or "revenue".
        year_ago: See `last_year`: the days before are then raised by what they rose by a year
            earlier, festival against the days before it.
        level: Confidence level.
        min_people: Treated people below which nothing is said.
    """
    unit = UNITS[metric]
    parts = [unit_means(outcomes, arm, [metric, f"placebo_{metric}"]) for arm in outcomes.arms]
    units = sum(part[2] for part in parts)
    people = arm_aggregates(outcomes)[1]
    n = sum(people[arm] for arm in outcomes.arms)
    if n < min_people or units < 2:
        return Estimate.too_few(n, unit=unit, minimum=min_people)
    if outcomes.pre_seen < min(outcomes.campaign.days, outcomes.pre_days):
        return Estimate.refused("campaign.why.no_before", unit=unit, n=n)
    weight = np.array([people[arm] for arm in outcomes.arms]) / n
    value = sum(w * part[0] for w, part in zip(weight, parts, strict=True))
    joint = sum(w**2 * part[1] for w, part in zip(weight, parts, strict=True))
    method = "paired, before and after"
    if year_ago is not None:
        row = year_ago.iloc[0]
        if row[f"placebo_{metric}"] <= 0 or row["n"] < min_people:
            return Estimate.refused("campaign.why.few_last_year", unit=unit, n=n)
        past = np.array([row[metric], row[f"placebo_{metric}"]])
        cross = row[f"cov_{metric}"]
        noise = np.array([[row[f"var_{metric}"], cross], [cross, row[f"var_placebo_{metric}"]]])
        value = np.concatenate([value, past])
        full = np.zeros((4, 4))
        full[:2, :2], full[2:, 2:] = joint, noise / row["n"]
        point, error = aggregates.delta(lambda v: v[0] - v[1] * v[2] / v[3], value, full)
        method = "before and after, raised by the same calendar days of last year"
    else:
        point, error = aggregates.delta(lambda v: v[0] - v[1], value, joint)
    half = float(stats.t.ppf(0.5 + level / 2, max(units - 1, 1))) * error
    return Estimate(value=point, low=point - half, high=point + half, level=level, n=n, unit=unit,
                    method=method)  # fmt: skip


def _linear(mean: Array, places: int) -> tuple[Array, Array]:
    """Return, by span, how treated − others (a person) moves with the units' means, and itself."""
    slope, gap = np.zeros((places, len(mean))), np.zeros(places)
    for place in range(places):
        t, c = 2 + place, 2 + places + place
        slope[place, t], slope[place, c] = 1 / mean[0], -1 / mean[1]
        slope[place, 0], slope[place, 1] = -mean[t] / mean[0] ** 2, mean[c] / mean[1] ** 2
        gap[place] = mean[t] / mean[0] - mean[c] / mean[1]
    return slope, gap


def _interval(
    weights: Array,
    value: float,
    joint: Array,
    units: int,
    rows: Array | None,
    level: float,
    seed: int,
) -> tuple[float, float, float, float]:
    if rows is not None:
        low, high, p = wild_interval(rows @ weights / units, value, level=level, seed=seed)
        return value, low, high, p
    error = math.sqrt(max(float(weights @ joint @ weights), 0.0) / units)
    half = float(stats.t.ppf(0.5 + level / 2, units - 1)) * error
    p = float(2 * stats.t.sf(abs(value) / error, units - 1)) if error else float(value == 0)
    return value, value - half, value + half, p


def _wald(gap: Array, joint: Array, units: int) -> float:
    """F test of all contrasts together (Hotelling's degrees of freedom)."""
    k = len(gap)
    if not k or units - k < 1:
        return math.nan
    values = np.linalg.eigvalsh(joint)
    if values.min() <= 1e-12 * max(values.max(), 1e-300):
        return math.nan
    wald = float(gap @ np.linalg.solve(joint, gap))
    return float(stats.f.sf(wald * (units - k) / ((units - 1) * k), k, units - k))
