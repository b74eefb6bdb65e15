"""What the next campaign could show: the smallest difference that so many people would reveal."""

from __future__ import annotations

import dataclasses

import pandas as pd

from commlab.config import MIN_AT_RISK
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models.campaign_verdict import per_thousand
from commlab.models.power import POWER, History, detectable, false_alarms, history, needed
from commlab.text import Words, word

HOLDOUTS = (0.5, 0.2, 0.1)
TIMES = (1, 2, 4)  # as many as now, twice, four times: each doubling takes 30 % off


@dataclasses.dataclass(frozen=True)
class NextCampaign:
    """What a campaign of the same length could show.

    Attributes:
        table: Frame by size and holdout: people (or groups), holdout, detectable (difference a
            person found with 80 % power), share (of the mean).
        history: Noise of the metric in as many days right before this campaign.
        alarms: Frame, see `false_alarms`: how often a difference is found where there is none.
        worth: Difference a person that pays for the cost of a person; None where not known.
        enough: Units that would find `worth` with half of them held out; None where not known.
        grouped: Whether units are groups.
        unit: Unit of the differences.
    """

    table: pd.DataFrame
    history: History
    alarms: pd.DataFrame
    worth: float | None
    enough: int | None
    grouped: bool
    unit: str

    @property
    def least(self) -> Estimate:
        """The least difference that as many people again would reveal, half of them held out."""
        row = self.table[(self.table["times"] == 1) & (self.table["holdout"] == 0.5)].iloc[0]
        return per_thousand(Estimate(value=row["detectable"], n=int(row["people"]),
                                     unit=self.unit, method="power 80 %"))  # fmt: skip

    @property
    def said(self) -> Words:
        """The least difference as a sentence says it."""
        return word(f"campaign.amount.{self.unit}", value=self.least)

    @property
    def draws(self) -> int:
        """Assignments of the A/A simulation."""
        return int(self.alarms["draws"].iloc[0])

    @property
    def false_alarms(self) -> dict[str, float]:
        """Share of them in which an effect was found: "ours" and "naive"."""
        return dict(zip(self.alarms["method"], self.alarms["share"].astype(float), strict=True))


def next_campaign(
    outcomes: Outcomes,
    metric: str = "orders",
    *,
    cost_each: float = 0.0,
    margin_each: float = 0.0,
    level: float = LEVEL,
    power: float = POWER,
    draws: int = 400,
    seed: int = 0,
) -> NextCampaign:
    """Return what the next campaign among the same kind of people could show.

    Noise is taken from the days right before this campaign, as many as it lasted; what those
    before tell in advance is taken off, as CUPED will.

    Args:
        outcomes: Outcomes of a campaign.
        metric: The metric.
        cost_each: Cost of treating a person, in money.
        margin_each: Margin that one more unit of the metric brings, in money.
        level: Confidence level of the readout.
        power: Probability of finding the difference.
        draws: Assignments of the A/A simulation.
        seed: Seed of the A/A simulation.

    Raises:
        NotEnoughDataError: Fewer people than can be planned with, or nothing of the metric
            happened before.
    """
    grouped = outcomes.campaign.design == "clustered"
    before, earlier = f"placebo_{metric}", f"earlier_{metric}"
    columns = ["member_id", before, earlier, *(["unit"] if grouped else [])]
    frame = outcomes.frame(columns)
    if len(frame) < 2 * MIN_AT_RISK:
        raise NotEnoughDataError(
            f"{len(frame)} people: too few to plan with.", fix="Use a larger campaign."
        )
    unit = "unit" if grouped else None
    past = history(frame, before, covariate=earlier, unit=unit)
    rows = []
    for times in TIMES:
        for holdout in HOLDOUTS:
            if min(round(past.units * times * holdout), past.units * times) < 2:
                continue
            least = detectable(past, past.units * times, holdout=holdout, power=power, level=level)
            rows.append({
                "times": times, "units": past.units * times, "people": past.people * times,
                "holdout": holdout, "detectable": least,
                "share": least / past.mean if past.mean > 0 else None,
            })  # fmt: skip
    worth = cost_each / margin_each if cost_each > 0 and margin_each > 0 else None
    return NextCampaign(
        table=pd.DataFrame(rows).astype({"share": "float64"}),
        history=past,
        alarms=false_alarms(frame, before, unit=unit, level=level, draws=draws, seed=seed),
        worth=worth,
        enough=_enough(past, worth, power, level),
        grouped=grouped,
        unit=UNITS[metric],
    )


def _enough(past: History, worth: float | None, power: float, level: float) -> int | None:
    if worth is None:
        return None
    try:
        return needed(past, worth, power=power, level=level)
    except ArgumentError:
        return None
