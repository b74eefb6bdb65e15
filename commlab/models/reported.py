"""The claim as the trade would report it, and the same rule where nothing was done."""

from __future__ import annotations

import ibis
import numpy as np
from scipy import stats

from commlab.config import MIN_AT_RISK, MIN_EVENTS
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.outcomes import MONTH_DAYS, Outcomes
from commlab.models import aggregates
from commlab.models.aggregates import Array


def reported(
    outcomes: Outcomes, metric: str = "revenue", *, level: float = LEVEL
) -> tuple[Estimate, Estimate]:
    """Return the gain of those who took part, and what the same choice shows without a campaign.

    The first compares their daily spend in the campaign's days with the 30 days before. They were
    chosen by what they did in those days, so it is selection on the outcome. The second takes as
    many buyers and others from the control arm: nothing was done to them.

    Args:
        outcomes: Outcomes of a campaign.
        metric: "orders", "revenue" or "margin".
        level: Confidence level.

    Returns:
        Relative gains (1 is +100 %), intervals on the scale of the log of the ratio.
    """
    days = max(1, round((outcomes.campaign.fraction or 1) * outcomes.campaign.days))
    scale = MONTH_DAYS / days
    table = outcomes.table
    columns = {
        "now": table[metric], "before": table[f"month_{metric}"], "buyer": table["buyers"],
        "before_buyer": table["buyers"] * table[f"month_{metric}"],
    }  # fmt: skip
    rows = table.mutate(**columns)
    mine = rows.filter(rows.participated > 0).mutate(side=ibis.literal("t"))
    others = rows.filter(rows.arm == outcomes.control, rows.participated == 0).mutate(
        side=ibis.literal("c")
    )
    names = list(columns)
    took = aggregates.read(mine.select("side", *names), names, by="side").get("t")
    rest = aggregates.read(others.select("side", *names), names, by="side").get("c")
    unit = "share"
    if took is not None and took.count() < MIN_AT_RISK:
        few = Estimate.too_few(took.count(), unit=unit, minimum=MIN_AT_RISK)
        return few, few
    if took is None:
        nobody = Estimate.refused("campaign.why.nobody", unit=unit)
        return nobody, nobody
    one = aggregates.means(took, names)
    first = _gain(lambda v: v[0] / v[1] * scale, one.value, one.covariance, one.n, level)
    if rest is None or rest.count() < 2:
        return first, Estimate.refused("campaign.why.no_control", unit=unit)
    share = float(one.value[2])
    two = aggregates.means(rest, names)
    if two.n < MIN_AT_RISK or two.value[2] * two.n < MIN_EVENTS or share <= 0:
        return first, Estimate.too_few(int(two.value[2] * two.n), unit=unit, minimum=MIN_EVENTS)

    def same_rule(v: Array) -> float:
        # As many buyers as among the participants, the rest drawn from those who bought nothing.
        others = (1 - share) * (v[1] - v[3]) / (1 - v[2]) if v[2] < 1 else 0.0
        return float(share * v[0] / v[2] / (share * v[3] / v[2] + others) * scale)

    return first, _gain(same_rule, two.value, two.covariance, two.n, level)


def _gain(function: object, value: Array, covariance: Array, n: int, level: float) -> Estimate:
    if n < MIN_AT_RISK:
        return Estimate.too_few(n, unit="share", minimum=MIN_AT_RISK)
    with np.errstate(invalid="ignore", divide="ignore"):
        point, error = aggregates.delta(function, value, covariance)  # type: ignore[arg-type]
    if not np.isfinite(point) or point <= 0 or not np.isfinite(error):
        return Estimate.refused("campaign.why.nothing_bought", unit="share", n=n)
    reach = float(np.exp(stats.norm.ppf(0.5 + level / 2) * error / point))
    return Estimate(value=point - 1, low=point / reach - 1, high=point * reach - 1, level=level,
                    n=n, unit="share", method="ratio of means, delta method on the log",
    )  # fmt: skip
