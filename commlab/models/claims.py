"""The table of claims about one campaign, from what is reported to what the design carries.

Eleven rows, each with its estimate or the reason why there is none; under it the checks that try
to refute it; and the gate that the word "causal" has to pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaign_panel import campaign_panel, last_year
from commlab.metrics.campaigns import ASSIGNED
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models.assignment import sample_ratio
from commlab.models.campaign_money import campaign_profit
from commlab.models.campaign_verdict import Claims
from commlab.models.compliers import effect_on_compliers
from commlab.models.did import EventStudy, before_after, event_study
from commlab.models.experiment import arm_aggregates, headline, readout
from commlab.models.observational import observe
from commlab.models.refutation import causal_gate, deciding, direction, refute
from commlab.models.reported import reported

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Row → what must hold for its number to be the effect.
ROWS = {
    "reported": "participants_would_not_have_bought",
    "same_rule": "nothing_was_done",
    "before_after": "nothing_else_changed",
    "calendar": "as_last_year",
    "difference_in_differences": "alike_trends",
    "event_study": "alike_trends_tested",
    "doubly_robust": "nothing_hidden",
    "intention_to_treat": "random_assignment",
    "cuped": "random_assignment",
    "compliers": "only_through_taking_part",
    "net_money": "random_assignment_and_costs",
}
NAIVE = ("reported", "same_rule", "before_after", "calendar")
ADJUSTED = ("difference_in_differences", "event_study", "doubly_robust")


def campaign_claims(
    ds: Dataset,
    outcomes: Outcomes,
    metric: str = "orders",
    *,
    arm: str | None = None,
    planned: Mapping[str, float] | float | None = None,
    peeking: bool = False,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> Claims:
    """Return the table of claims and the refutation panel of a campaign.

    Args:
        ds: The dataset.
        outcomes: See `campaign_outcomes`.
        metric: "orders" or "revenue", a person assigned, over the campaign's days.
        arm: Arm that got something; default the first.
        planned: See `sample_ratio`.
        peeking: See `readout`.
        level: Confidence level.
        min_people: People below which nothing is said.
        seed: Seed of folds and re-randomisations.
    """
    guards.one_of("metric", metric, ("orders", "revenue"))
    arm = outcomes.arms[0] if arm is None else guards.one_of("arm", arm, outcomes.arms)
    randomised = outcomes.campaign.design in ASSIGNED
    unit = UNITS[metric]
    ratio = sample_ratio(outcomes, planned) if randomised else None
    failed = causal_gate(outcomes, ratio)
    study, why = _study(ds, outcomes, metric, arm, level, min_people, seed)
    seen = observe(outcomes, metric, arm=arm, level=level, min_people=min_people, seed=seed)
    refused = Estimate.refused
    claim, same_rule = reported(outcomes, level=level)
    found: dict[str, Estimate] = {"reported": claim, "same_rule": same_rule}
    found["before_after"] = before_after(outcomes, metric, level=level, min_people=min_people)
    past = last_year(ds, outcomes)
    found["calendar"] = (
        refused("campaign.why.no_year", unit=unit)
        if past is None
        else before_after(outcomes, metric, year_ago=past, level=level, min_people=min_people)
    )
    found["difference_in_differences"] = study.estimate if study else refused(why, unit=unit)
    found["event_study"] = _tested(study, why, unit, level)
    found["doubly_robust"] = seen.effect.estimate
    if randomised:
        table = readout(outcomes, [metric], peeking=peeking, level=level, min_people=min_people,
                        seed=seed)  # fmt: skip
        found["intention_to_treat"] = headline(table, metric, arm, "plain")
        cuped = table[(table["arm"] == arm) & (table["adjusted"] == "cuped")].iloc[0]
        found["cuped"] = (
            refused(cuped["reason"], unit=unit)
            if cuped["status"] == "refused"
            else headline(table, metric, arm)
        )
        found["compliers"] = effect_on_compliers(
            outcomes, metric, arm, peeking=peeking, level=level, min_people=min_people, seed=seed
        )
    else:
        for name in ("intention_to_treat", "cuped", "compliers"):
            found[name] = refused("campaign.why.not_random", unit=unit)
    profit = campaign_profit(ds, outcomes, arm, peeking=peeking, level=level,
                             min_people=min_people, seed=seed)  # fmt: skip
    found["net_money"] = profit.net
    tried = found["intention_to_treat" if randomised else "difference_in_differences"]
    panel = refute(outcomes, metric, arm, ratio=ratio, study=study, seen=seen, found=tried,
                   level=level, min_people=min_people, seed=seed)  # fmt: skip
    return Claims(
        campaign_id=outcomes.campaign.campaign_id,
        arm=arm,
        metric=metric,
        rows=_rows(found, causal=not failed),
        panel=panel,
        causal=not failed,
        failed=failed,
        doubts=deciding(panel, randomised=randomised),
        estimates=found,
        ratio=ratio,
        event_study=study,
        observed=seen,
        profit=profit,
        margin_each=_margin_each(outcomes, metric),
    )


def _margin_each(outcomes: Outcomes, metric: str) -> float:
    if "margin" not in outcomes.metrics:
        return 0.0
    _, _, sums = arm_aggregates(outcomes)
    margin, units = (sum(float(one[name]) for one in sums.values()) for name in (
        "pre_margin", f"pre_{metric}"))  # fmt: skip
    return margin / units if units > 0 else 0.0


def _study(
    ds: Dataset, outcomes: Outcomes, metric: str, arm: str, level: float, min_people: int, seed: int
) -> tuple[EventStudy | None, str]:
    try:
        panel = campaign_panel(ds, outcomes, metric, arm=arm)
        return event_study(panel, level=level, min_people=min_people, seed=seed), ""
    except NotEnoughDataError:
        return None, "campaign.why.no_trend"


def _tested(study: EventStudy | None, why: str, unit: str, level: float) -> Estimate:
    if study is None:
        return Estimate.refused(why, unit=unit)
    if study.pre_trend_p < 1 - level:
        return Estimate.refused("campaign.why.apart_before", unit=unit, n=study.estimate.n)
    now: Any = study.table.set_index("period").loc[0]
    return Estimate(value=now["difference"], low=now["low"], high=now["high"], level=level,
                    n=study.estimate.n, unit=unit, method="event study, against the last days "
                    "before")  # fmt: skip


def _rows(found: dict[str, Estimate], *, causal: bool) -> pd.DataFrame:
    rows = []
    for name, assumption in ROWS.items():
        item = found[name]
        standing = "naive" if name in NAIVE else "association"
        if name not in (*NAIVE, *ADJUSTED) and causal:
            standing = "effect"
        rows.append({
            "row": name, "value": item.value, "low": item.low, "high": item.high,
            "people": item.n, "unit": item.unit, "method": item.method, "status": item.status,
            "reason": item.reason, "assumption": assumption, "standing": standing,
            "direction": direction(item),
        })  # fmt: skip
    numbers = ["value", "low", "high"]
    return pd.DataFrame(rows).astype({"people": "Int64", **dict.fromkeys(numbers, "float64")})
