"""Whether a campaign wears off: what it added in its first half and in its second."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK, MIN_EVENTS
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.campaign_halves import CHANGE, FIRST, SECOND, campaign_halves
from commlab.metrics.campaigns import ASSIGNED
from commlab.metrics.outcomes import UNITS, Outcomes
from commlab.models import aggregates
from commlab.models.campaign_verdict import per_thousand
from commlab.models.experiment import few_clusters
from commlab.models.randomisation import FEW_CLUSTERS
from commlab.models.refutation import direction
from commlab.text import Words, word

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_COLUMNS = {"first": FIRST, "second": SECOND, "change": CHANGE}


@dataclasses.dataclass(frozen=True)
class Novelty:
    """What a random assignment added in each half of the campaign's days.

    Attributes:
        table: Frame: half ("first", "second", "change": second less first), value, low, high,
            people, unit; differences of the arms, a person.
        estimates: The same as estimates, by half.
        unit: Unit of the metric.
    """

    table: pd.DataFrame
    estimates: dict[str, Estimate]
    unit: str

    @property
    def way(self) -> str:
        """How the second half differs: "down" or "up" beyond chance, else "none"."""
        return direction(self.estimates["change"])

    @property
    def said(self) -> dict[str, Words | Estimate]:
        """The figures as a sentence says them; what they count is said with the first."""
        shown: dict[str, Words | Estimate] = {
            name: per_thousand(item) for name, item in self.estimates.items()
        }
        return shown | {"first": word(f"campaign.amount.{self.unit}", value=shown["first"])}


def novelty(
    ds: Dataset,
    outcomes: Outcomes,
    metric: str = "orders",
    arm: str | None = None,
    *,
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
    seed: int = 0,
) -> Novelty:
    """Return what an arm of a randomised campaign added in its first and in its second half.

    Whether it wore off is told by the change of each person, compared between the arms: two
    intervals side by side would not say it.

    Args:
        ds: The dataset.
        outcomes: Outcomes of a randomised or clustered campaign that is over.
        metric: "orders" or "revenue".
        arm: Arm that got something; default the first.
        level: Confidence level.
        min_people: People an arm below which nothing is said.
        seed: Seed of the re-randomisation of few clusters.

    Raises:
        NotEnoughDataError: Nobody was assigned at random, the campaign still runs, an arm is too
            small, too few bought in one of the halves, or too few clusters were assigned.
    """
    arm = outcomes.arms[0] if arm is None else guards.one_of("arm", arm, outcomes.arms)
    if outcomes.campaign.design not in ASSIGNED:
        raise NotEnoughDataError(
            "nobody was assigned at random.", fix="Hold out a random part: `commlab assign`."
        )
    halved = campaign_halves(ds, outcomes, metric)
    names, several = list(_COLUMNS.values()), outcomes.clustered
    rows = aggregates.by_unit(halved.table, names) if several else halved.table
    sides = aggregates.read(rows, [*names, aggregates.SIZE] if several else names)
    control, treated = sides[outcomes.control], sides[arm]
    people = [round(side.count() * (side.mean(aggregates.SIZE) if several else 1.0))
              for side in (control, treated)]  # fmt: skip
    if min(people) < min_people:
        raise NotEnoughDataError(
            f"an arm has {min(people)} people, must be {min_people}.", fix="Use a larger campaign."
        )
    counts = halved.table.filter(halved.table.arm.isin([outcomes.control, arm]))
    bought = counts.agg(**{name: (counts[name] != 0).sum() for name in (FIRST, SECOND)})
    least = int(bought.to_pandas().fillna(0).iloc[0].min())
    if least < 2 * MIN_EVENTS:
        raise NotEnoughDataError(
            f"{least} people bought in one of the halves, must be {2 * MIN_EVENTS}.",
            fix="Read a campaign with more purchases.",
        )
    few = several and control.count() + treated.count() < FEW_CLUSTERS
    method = "ratio of means by cluster, delta method" if several else "Welch"
    method = "re-randomisation" if few else method
    found = {}
    for name, column in _COLUMNS.items():
        made: Any = aggregates.contrast(control, treated, column, several=several, level=level)
        if made is None:
            raise NotEnoughDataError(
                "a half is the same for everybody.", fix="Read a campaign with more purchases."
            )
        value = made.difference
        if few:
            made = few_clusters(halved, column, arm, level=level, seed=seed)
            value = made.value
        found[name] = Estimate(
            value=value, low=made.low, high=made.high, level=level, n=sum(people),
            unit=UNITS[metric], method=method,
        )  # fmt: skip
    table = pd.DataFrame([
        {"half": name, "value": item.value, "low": item.low, "high": item.high, "people": item.n,
         "unit": item.unit} for name, item in found.items()
    ]).astype(dict.fromkeys(("value", "low", "high"), "float64"))  # fmt: skip
    return Novelty(table, found, UNITS[metric])
