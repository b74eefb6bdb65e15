"""What a campaign earned: the incremental net margin less what it cost."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pandas as pd
from scipy import stats

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaigns import ASSIGNED
from commlab.metrics.outcomes import Outcomes
from commlab.models.experiment import headline, readout

if TYPE_CHECKING:
    from commlab.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class Profit:
    """What an arm of a campaign earned.

    Attributes:
        net: Incremental net margin of all people of the arm together, less the cost of the arm.
        each: The same a person.
        margin: Incremental net margin a person, before cost.
        cost: Cost of the arm, from the lines that name the campaign; 0 where none does.
        cost_each: The same a person assigned to it.
        positive: Probability that `net` is above 0, from its interval and no other knowledge
            (a flat prior); without interval.
        people: People of the arm.
    """

    net: Estimate
    each: Estimate
    margin: Estimate
    cost: float
    cost_each: float
    positive: Estimate
    people: int


def campaign_profit(
    ds: Dataset, outcomes: Outcomes, arm: str | None = None, *, peeking: bool = False,
    level: float = LEVEL, min_people: int = MIN_AT_RISK, seed: int = 0,
) -> Profit:  # fmt: skip
    """Return what an arm of a campaign earned.

    Costs are the lines of `costs` that name the campaign; several arms are not told apart in
    them, and share them by people.

    Args:
        ds: The dataset.
        outcomes: See `campaign_outcomes`.
        arm: Arm that got something; default the first.
        peeking: See `readout`.
        level: Confidence level.
        min_people: People an arm below which nothing is said.
        seed: Seed of the re-randomisation of few clusters.
    """
    arm = outcomes.arms[0] if arm is None else guards.one_of("arm", arm, outcomes.arms)
    if outcomes.campaign.design not in ASSIGNED:
        return _refused("campaign.why.not_random", 0.0, 0)
    if "margin" not in outcomes.metrics:
        return _refused("campaign.why.no_margin", 0.0, 0)
    table = readout(outcomes, ["margin"], peeking=peeking, level=level, min_people=min_people,
                    seed=seed)  # fmt: skip
    gain = headline(table, "margin", arm)
    people = int(table.loc[table["arm"] == arm, "n_treated"].iloc[0])
    treated = int(table.drop_duplicates("arm")["n_treated"].sum())
    cost = campaign_cost(ds, outcomes.campaign.campaign_id) * people / max(treated, 1)
    if not gain.ok or gain.low is None or gain.high is None:
        found = _refused(gain.reason, cost, people)
        return dataclasses.replace(found, net=dataclasses.replace(gain, unit="money"))
    each = cost / people
    ends: dict[str, Any] = {
        name: float(getattr(gain, name)) - each for name in ("value", "low", "high")
    }
    scaled: dict[str, Any] = {name: end * people for name, end in ends.items()}
    why = "" if cost else "campaign.why.no_cost"
    method = f"{gain.method}, less cost"
    net = Estimate(level=level, n=gain.n, unit="money", method=method, reason=why,
                   **scaled)  # fmt: skip
    half = float(stats.norm.ppf(0.5 + level / 2))
    error = (ends["high"] - ends["low"]) / 2 / half
    chance = float(stats.norm.cdf(ends["value"] / error)) if error else float(ends["value"] > 0)
    # A confidence sequence is wider than one look needs: the chance then leans to one half.
    positive = Estimate(value=chance, n=gain.n, unit="share", method="normal, flat prior")
    return Profit(
        net=net,
        each=Estimate(level=level, n=gain.n, unit="money", method=method, reason=why, **ends),
        margin=dataclasses.replace(gain, unit="money"),
        cost=cost,
        cost_each=each,
        positive=positive,
        people=people,
    )


def campaign_cost(ds: Dataset, campaign_id: str) -> float:
    """Return the sum of the cost lines that name a campaign, in currency units."""
    if not ds.has("costs"):
        return 0.0
    costs = ds.table("costs")
    mine = costs.filter(costs.campaign_id == campaign_id)
    total = ds.frame(mine.agg(total=mine.amount.sum()))["total"].iloc[0]
    return 0.0 if pd.isna(total) else float(ds.money(float(total)))


def _refused(reason: str, cost: float, people: int) -> Profit:
    money, share = (Estimate.refused(reason, unit=unit) for unit in ("money", "share"))
    return Profit(money, money, money, cost, cost / people if people else 0.0, share, people)
