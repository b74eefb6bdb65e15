"""Readings of a campaign that a page shows: facts in words, figures by their stable keys."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.metrics.outcomes import Outcomes
from commlab.models import aggregates
from commlab.models.campaign_money import Profit
from commlab.models.campaign_verdict import Claims
from commlab.models.did import EventStudy
from commlab.models.experiment import (
    CUPED,
    PLAIN,
    arm_aggregates,
    chosen_metrics,
    headline,
)
from commlab.text import word

# Metric → its name in the keys of figures, as published tables of experiments have it.
KEYS = {"orders": "orders", "buyers": "conversion", "revenue": "spend", "margin": "margin",
        "visitors": "visit", "order_value": "order_value"}  # fmt: skip
_KINDS = frozenset({"coupon", "team_buy", "fission", "lecture", "draw", "check_in", "care", "push"})


def campaign_facts(outcomes: Outcomes) -> dict[str, Any]:
    """Return what the head of a page says of a campaign: name, kind, starts, ends, people, design.

    Args:
        outcomes: Outcomes of the campaign.
    """
    item = outcomes.campaign
    people = arm_aggregates(outcomes)[1]
    kind = item.kind if item.kind in _KINDS else "other"
    return {
        "name": item.name, "kind": word(f"campaign.kind.{kind}"),
        "starts": item.starts_at.date(), "ends": item.ends_at.date(),
        "people": sum(people.values()), "design": word(f"campaign.design.{item.design}"),
    }  # fmt: skip


def itt_figures(outcomes: Outcomes, table: pd.DataFrame) -> dict[str, Estimate]:
    """Return the intention-to-treat figures of a readout by their keys within a campaign.

    `itt.orders`, `.conversion`, `.spend`, `.margin`, `.visit`, `.order_value`, and the same under
    `itt_cuped`; with `.<arm>` where there are several arms.

    Args:
        outcomes: Outcomes of the campaign.
        table: See `readout`.
    """
    out = {}
    for name, adjusted in (("itt", PLAIN), ("itt_cuped", CUPED)):
        rows = table[table["adjusted"] == adjusted]
        for arm, metric in zip(rows["arm"], rows["metric"], strict=True):
            parts = [name, KEYS[metric]]
            parts += [part_of_key(arm)] if len(outcomes.arms) > 1 else []
            one = rows[(rows["arm"] == arm) & (rows["metric"] == metric)].iloc[0]
            if adjusted == CUPED and one["status"] == "refused":
                figure = Estimate.refused(one["reason"], unit=one["unit"])
            else:
                figure = headline(table, metric, arm, adjusted)
            out[".".join(parts)] = figure
    return out


def part_of_key(name: str) -> str:
    """Return an id as one part of the key of a figure.

    Example:
        >>> part_of_key("618 活动/A"), part_of_key("c01")
        ('618-活动-A', 'c01')
    """
    return re.sub(r"[^\w-]+", "-", str(name)).strip("-_") or "x"


def cluster_facts(outcomes: Outcomes, metric: str, arm: str) -> dict[str, float]:
    """Return deff (times larger variance), people and effective (n) of a clustered campaign.

    Args:
        outcomes: Outcomes of the campaign.
        metric: The metric.
        arm: The arm.
    """
    deff, effective = design_effect(outcomes, metric, arm)
    people = arm_aggregates(outcomes)[1]
    return {"deff": deff, "people": people[outcomes.control] + people[arm], "effective": effective}


def read_study(claims: Claims) -> EventStudy:
    """Return the event study of some claims.

    Raises:
        NotEnoughDataError: There is none.
    """
    if claims.event_study is None:
        raise NotEnoughDataError(
            "orders before the campaign are too short, or people too few.",
            fix="Load older orders.",
        )
    return claims.event_study


def known_profit(claims: Claims) -> Profit:
    """Return what a campaign earned.

    Raises:
        NotEnoughDataError: It cannot be said.
    """
    if not claims.profit.net.ok:
        raise NotEnoughDataError(
            "whether it paid cannot be said.",
            fix="Assign at random, and give orders their cost or the settings a margin.",
        )
    return claims.profit


def null_claim(frame: pd.DataFrame) -> Estimate:
    """Return what would be reported of the made-up campaign that did nothing.

    Args:
        frame: See `null_example`.
    """
    row: Any = frame.set_index("row").loc["reported"]
    return Estimate(value=row["value"], low=row["low"], high=row["high"], n=row["people"],
                    unit="share")  # fmt: skip


def metrics_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a readout as a line a metric and arm, the plain difference beside the one with CUPED.

    Args:
        frame: See `readout`.

    Returns:
        Frame: arm, metric, unit, control, treated, difference, low, high, error, cuped, cuped_low,
        cuped_high, cuped_error, relative, p, p_adjusted (of CUPED where there is one), n_control,
        n_treated, status, reason.
    """
    keys = ["arm", "metric"]
    plain = frame[frame["adjusted"] == PLAIN].set_index(keys)
    cuped = frame[frame["adjusted"] == CUPED].set_index(keys).reindex(plain.index)
    names = {"difference": "cuped", "low": "cuped_low", "high": "cuped_high",
             "error": "cuped_error"}  # fmt: skip
    out = plain.assign(**{new: cuped[old] for old, new in names.items()})
    used = cuped["status"] == "ok"
    for name in ("p", "p_adjusted", "relative"):
        out[name] = cuped[name].where(used, plain[name])
    columns = ["unit", "control", "treated", "difference", "low", "high", "error", *names.values(),
               "relative", "p", "p_adjusted", "n_control", "n_treated", "status",
               "reason"]  # fmt: skip
    return out[columns].reset_index()


def design_effect(outcomes: Outcomes, metric: str, arm: str) -> tuple[float, float]:
    """Return how many times larger clusters make the variance, and the effective n.

    Variance of the difference by clusters over that of the same people taken singly.

    Args:
        outcomes: Outcomes of a clustered campaign.
        metric: The metric.
        arm: The arm.
    """
    (metric,) = chosen_metrics(outcomes, [metric])
    found, people, _ = arm_aggregates(outcomes)
    robust = aggregates.contrast(
        found[outcomes.control], found[arm], metric, several=outcomes.clustered
    )
    single = aggregates.read(outcomes.table.select("arm", metric), [metric])
    naive = aggregates.contrast(single[outcomes.control], single[arm], metric)
    n = people[outcomes.control] + people[arm]
    if robust is None or naive is None:
        return math.nan, math.nan
    effect = (robust.error / naive.error) ** 2
    return effect, n / max(effect, 1e-12)
