"""People picked for what they did fall, or rise, by themselves: regression to the mean.

Whoever is picked for having bought most did so partly by luck, and luck does not last (Galton
1886). The same rule on people who were left alone shows how much of a change it makes by itself.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import ibis
import numpy as np
import pandas as pd
from scipy import stats

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.outcomes import MONTH_DAYS, UNITS, Outcomes
from commlab.models import aggregates
from commlab.models.aggregates import Array, Means

MOST = 3  # orders in the month: so many and more are one band at most, beyond it people are few
FEWEST_UNITS = 10  # the delta method of a ratio of second moments needs more than a handful
ALONE, TREATED = "alone", "treated"


@dataclasses.dataclass(frozen=True)
class ReturnToMean:
    """What became of people picked by their month before a campaign.

    Attributes:
        table: Frame, those who had bought most first: band (orders in the month before), more
            (whether the band holds those with more orders too: bands are as many as have people),
            side ("alone", "treated"), people, before (a person, of the month, for as many days as
            the campaign lasted), now, low, high (a person, in its days), status.
        lasting: Of what set people who were left alone apart in the month, the share that is left
            in the campaign's days; 1 were no luck at all.
        unit: Unit of the metric.
    """

    table: pd.DataFrame
    lasting: Estimate
    unit: str


def regression_to_mean(
    outcomes: Outcomes,
    metric: str = "orders",
    arm: str | None = None,
    *,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> ReturnToMean:
    """Return what became of people picked by what they did in the month before a campaign.

    Args:
        outcomes: Outcomes of a campaign.
        metric: "orders" or "revenue".
        arm: Arm that got something; default the first.
        level: Confidence level.
        min_people: People of a band below which nothing is said.

    Raises:
        NotEnoughDataError: Too few people or clusters were left alone, or orders do not cover the
            month.
    """
    guards.one_of("metric", metric, ("orders", "revenue"))
    arm = outcomes.arms[0] if arm is None else guards.one_of("arm", arm, outcomes.arms)
    if outcomes.pre_seen < min(MONTH_DAYS, outcomes.pre_days):
        raise NotEnoughDataError(
            "orders do not cover the month before the campaign.", fix="Load older orders."
        )
    top = _top(outcomes, arm, min_people)
    item = outcomes.campaign
    days = item.days * item.fraction / MONTH_DAYS
    rows = outcomes.table.filter(outcomes.table.arm.isin([outcomes.control, arm]))
    band = ibis.least(rows.month_orders, float(top)).cast("int64").cast("string")
    rows = rows.mutate(
        side=ibis.ifelse(rows.arm == arm, TREATED, ALONE) + ":" + band,
        now=rows[metric], before=rows[f"month_{metric}"] * days,
        product=rows[metric] * rows[f"month_{metric}"] * days,
        square=(rows[f"month_{metric}"] * days) ** 2,
    )  # fmt: skip
    several = outcomes.clustered
    bands = _means(rows, ["now", "before"], several)
    table = []
    for name, (found, people) in bands.items():
        side, _, number = name.partition(":")
        # A unit alone has no spread, and so few people no mean.
        ok = people >= min_people and found is not None
        mean, past, half = _mean(found, level) if ok else (np.nan,) * 3
        table.append({
            "band": int(number), "more": int(number) == top, "side": side, "people": people,
            "before": past, "now": mean, "low": mean - half, "high": mean + half,
            "status": "ok" if ok else "too_few",
        })  # fmt: skip
    frame = pd.DataFrame(table).sort_values(["band", "side"], ascending=[False, True])
    alone = _means(rows.filter(rows.arm == outcomes.control).mutate(side=ibis.literal(ALONE)),
                   ["before", "now", "product", "square"], several)  # fmt: skip
    lasting = _lasting(alone, UNITS[metric], level, min_people)
    return ReturnToMean(frame.reset_index(drop=True), lasting, UNITS[metric])


def _top(outcomes: Outcomes, arm: str, min_people: int) -> int:
    """Return the orders of the upper band: as many as enough people of both sides had."""
    rows = outcomes.table.filter(outcomes.table.arm.isin([outcomes.control, arm]))
    had = {f"n{k}": (rows.month_orders >= k).sum() for k in range(1, MOST + 1)}
    least = rows.group_by("arm").agg(**had).to_pandas().drop(columns="arm").min()
    return max([k for k in range(1, MOST + 1) if least[f"n{k}"] >= min_people], default=1)


def _mean(found: Means, level: float) -> tuple[float, float, float]:
    """Return the mean now, that before, and half the width of the interval of the first."""
    reach = float(stats.t.ppf(0.5 + level / 2, found.n - 1))
    return (
        float(found.value[0]),
        float(found.value[1]),
        reach * float(np.sqrt(found.covariance[0, 0])),
    )


def _means(rows: Any, columns: list[str], several: bool) -> dict[str, tuple[Any, int]]:
    """Return means and people by side; no means (None) of a unit alone, which has no spread."""
    if several:
        made = aggregates.by_unit(rows, columns, keys=("side",))
        found = aggregates.read(made, [*columns, aggregates.SIZE], by="side")
    else:
        found = aggregates.read(rows.select("side", *columns), columns, by="side")
    return {
        side: (
            aggregates.means(item, columns, several=several) if item.count() > 1 else None,
            round(item.count() * (item.mean(aggregates.SIZE) if several else 1.0)),
        )
        for side, item in found.items()
    }


def _lasting(
    alone: dict[str, tuple[Any, int]], unit: str, level: float, min_people: int
) -> Estimate:
    if ALONE not in alone or alone[ALONE][1] < min_people:
        raise NotEnoughDataError("too few people were left alone.", fix="Hold out more people.")
    found, people = alone[ALONE]
    if found is None or found.n < FEWEST_UNITS:
        raise NotEnoughDataError(
            f"fewer than {FEWEST_UNITS} groups were left alone.", fix="Hold out more groups."
        )

    def share(v: Array) -> float:
        # Slope of now on before, both in units of their mean: what would be 1 if nothing were luck.
        return float((v[2] - v[0] * v[1]) / (v[3] - v[0] ** 2) * v[0] / v[1])

    if found.value[1] <= 0 or found.value[3] <= found.value[0] ** 2:
        return Estimate.refused("campaign.why.nothing_bought", unit="share", n=people)
    point, error = aggregates.delta(share, found.value, found.covariance)
    half = float(stats.t.ppf(0.5 + level / 2, found.n - 1)) * error
    return Estimate(value=point, low=point - half, high=point + half, level=level, n=people,
                    unit="share", method="slope over means, delta method")  # fmt: skip
