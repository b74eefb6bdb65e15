"""The effect on those who take part because they were assigned, by the arm as instrument."""

from __future__ import annotations

import math

from scipy import stats

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models.experiment import arm_aggregates, few_clusters, unit_means
from commlab.models.randomisation import FEW_CLUSTERS

WEAK = 10.0  # first-stage F below which the ratio misleads (Staiger & Stock 1997)


def effect_on_compliers(
    outcomes: Outcomes,
    metric: str,
    arm: str,
    *,
    peeking: bool = False,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> Estimate:
    """Return the effect on compliers: the difference in outcomes over that in taking part.

    It holds if being assigned changes nothing for those who do not take part, and keeps nobody
    from it who would have come otherwise (Angrist, Imbens & Rubin 1996). The interval is Anderson
    & Rubin's (Fieller 1954), right however weak the instrument is; below F = 10 the estimate is
    refused all the same.

    Args:
        outcomes: Outcomes of a randomised or clustered campaign.
        metric: The metric.
        arm: The arm.
        peeking: Whether the campaign was looked at while it ran: this interval holds at one look
            only, so the estimate is then refused.
        level: Confidence level.
        min_people: People an arm below which nothing is said.
        seed: Seed of the re-randomisation of few clusters.
    """
    guards.one_of("metric", metric, outcomes.metrics)
    guards.one_of("arm", arm, outcomes.arms)
    unit = UNITS[metric]
    if outcomes.campaign.design == "observational":
        return Estimate.refused("campaign.why.not_random", unit=unit)
    if peeking:
        return Estimate.refused("campaign.why.peeking", unit=unit)
    _, people, sums = arm_aggregates(outcomes)
    sizes = people[outcomes.control], people[arm]
    n = sum(sizes)
    if min(sizes) < min_people:
        return Estimate.too_few(min(sizes), unit=unit, minimum=min_people)
    if not sums[arm]["participated"]:
        return Estimate.refused("campaign.why.nobody", unit=unit, n=n)
    columns = [metric, "participated"]
    (v0, c0, n0), (v1, c1, n1) = (unit_means(outcomes, a, columns) for a in (outcomes.control, arm))
    y, d = v1 - v0
    joint = c0 + c1
    if outcomes.clustered and n0 + n1 < FEW_CLUSTERS:
        first = d**2 / joint[1, 1] if joint[1, 1] else math.inf
        if first < WEAK:
            return Estimate.refused("campaign.why.weak", unit=unit, n=n)
        try:
            exact = few_clusters(outcomes, metric, arm, level=level, seed=seed, dose="participated")
        except NotEnoughDataError:
            return Estimate.refused("campaign.why.few_clusters", unit=unit, n=n)
        return Estimate(
            value=exact.value, low=exact.low, high=exact.high, level=level, n=n, unit=unit,
            method=f"instrument, re-randomisation of {n0 + n1} clusters",
        )  # fmt: skip
    first = d**2 / joint[1, 1] if joint[1, 1] else math.inf
    if first < WEAK:
        return Estimate.refused("campaign.why.weak", unit=unit, n=n)
    bound = float(stats.t.ppf(0.5 + level / 2, n0 + n1 - 2))
    low, high = _fieller(y, d, joint[0, 0], joint[1, 1], joint[0, 1], bound)
    return Estimate(
        value=y / d, low=low, high=high, level=level, n=n, unit=unit,
        method="instrument, Anderson-Rubin interval",
    )  # fmt: skip


def _fieller(y: float, d: float, yy: float, dd: float, yd: float, bound: float
             ) -> tuple[float, float]:  # fmt: skip
    """Return all b for which y − b d is within `bound` errors of 0; F >= 10 makes it finite."""
    square = d**2 - bound**2 * dd
    linear = y * d - bound**2 * yd
    plain = y**2 - bound**2 * yy
    root = math.sqrt(max(linear**2 - square * plain, 0.0))
    return (linear - root) / square, (linear + root) / square
