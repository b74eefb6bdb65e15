"""What can be claimed of a campaign, in a word: the verdict, what to do, the figure to show."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pandas as pd

from commlab.estimate import Estimate
from commlab.metrics.outcomes import UNITS
from commlab.models.assignment import SampleRatio
from commlab.models.campaign_money import Profit
from commlab.models.did import EventStudy
from commlab.models.observational import Observed
from commlab.models.refutation import direction
from commlab.text import Words, word


@dataclasses.dataclass(frozen=True)
class Claims:
    """What can be claimed of one campaign and metric.

    Attributes:
        campaign_id: The campaign.
        arm: The arm.
        metric: The metric.
        rows: Frame of 11 rows: row, value, low, high, people, unit, method, status, reason (a text
            key where refused), assumption, standing ("naive", "association", "effect"),
            direction ("up", "down", "none", ""): whether the interval lies on one side of 0.
        panel: The refutation panel, see `refute`.
        causal: Whether the word may be used.
        failed: Which conditions of the gate failed: "design", "sample_ratio".
        doubts: Failed checks that take the ground from every estimate, see `deciding`.
        estimates: The estimate of each row by its name.
        ratio: The sample ratio; None where nobody was assigned at random.
        event_study: The event study; None where orders do not reach back.
        observed: The adjusted estimates.
        profit: What it earned.
        margin_each: Margin of one more unit of the metric, as everybody's orders have it; 0 where
            no margin is known.
    """

    campaign_id: str
    arm: str
    metric: str
    rows: pd.DataFrame
    panel: pd.DataFrame
    causal: bool
    failed: tuple[str, ...]
    doubts: tuple[str, ...]
    estimates: Mapping[str, Estimate]
    ratio: SampleRatio | None
    event_study: EventStudy | None
    observed: Observed
    profit: Profit
    margin_each: float

    @property
    def best(self) -> str:
        """Name of the row that carries most: by design, then by precision."""
        order = ("cuped", "intention_to_treat") if self.ratio is not None else (
            "doubly_robust", "difference_in_differences")  # fmt: skip
        return next((name for name in order if self.estimates[name].ok), order[-1])

    @property
    def headline(self) -> Estimate:
        """The honest figure; refused where the checks that decide fail."""
        item = self.estimates[self.best]
        if item.ok and self.doubts:
            return Estimate.refused(
                f"campaign.why.doubt_{self.doubts[0]}", unit=item.unit, n=item.n
            )
        return item

    @property
    def shown(self) -> Estimate:
        """The honest figure as a card writes it: orders for each 1,000 people."""
        return per_thousand(self.headline)

    @property
    def label(self) -> str:
        """Text key of the label of `shown` on a card."""
        return f"campaign.label.effect_{self.metric}"

    @property
    def said(self) -> Words:
        """The honest figure as a sentence says it."""
        return word(f"campaign.amount.{self.unit}", value=self.shown)

    @property
    def unit(self) -> str:
        """Unit of the metric, a person."""
        return UNITS[self.metric]

    @property
    def worth(self) -> Estimate | None:
        """Net money that following the advice brings, where a random assignment carries it."""
        net = self.profit.net
        if not net.ok or net.low is None or net.high is None or net.value is None or self.doubts:
            return None
        if self.advice in ("nothing", "gain_no_cost"):
            return None
        if self.advice not in ("harm", "nothing_costly", "gain_costly"):
            return net
        # Not doing it again saves what it lost.
        return dataclasses.replace(net, value=-net.value, low=-net.high, high=-net.low)

    @property
    def after(self) -> Estimate:
        """The figure of as many days after the campaign, as a sentence needs it."""
        row = self.panel.set_index("check").loc["pull_forward"]
        if pd.isna(row["value"]):
            return Estimate.refused(str(row["reason"]), unit=self.unit)
        return per_thousand(Estimate(
            value=row["value"], low=row["low"], high=row["high"], n=row["people"], unit=self.unit
        ))  # fmt: skip

    @property
    def advice(self) -> str:
        """What to do: a name under `[action]` of the text catalogue."""
        net, word = self.profit.net, self.verdict
        if word in ("harm", "broken"):
            return word
        if word == "gain":
            if not net.ok or net.reason:
                return "gain_no_cost"
            return {"up": "repeat", "down": "gain_costly"}.get(direction(net), "gain_unsure")
        if word == "nothing":
            return "nothing_costly" if direction(net) == "down" and not net.reason else "nothing"
        return "hold_out" if self.ratio is None else "nothing"

    @property
    def verdict(self) -> str:
        """What is to be said.

        "gain", "harm", "nothing": an effect of a random assignment, or none seen. "higher",
        "lower", "alike": an adjusted association whose checks hold. "broken": the assignment is
        not what was planned. "cannot_tell": the checks of an association fail. "too_few".
        """
        if self.doubts:
            return "broken" if self.ratio is not None else "cannot_tell"
        words = (("gain", "harm", "nothing") if self.ratio is not None
                 else ("higher", "lower", "alike"))  # fmt: skip
        side = direction(self.estimates[self.best])
        return dict(zip(("up", "down", "none"), words, strict=True)).get(side, "too_few")


def per_thousand(item: Estimate) -> Estimate:
    """Return a figure of orders a person as one of each 1,000 people; others as they are.

    The unit has no words of its own: labels and sentences around it say what it counts.

    Example:
        >>> per_thousand(Estimate(value=0.082, low=0.044, high=0.12, n=1300, unit="orders"))
        Estimate(82, 44–120, n=1,300, orders_per_1000)
    """
    if item.unit != "orders":
        return item
    ends: dict[str, Any] = {name: None if (end := getattr(item, name)) is None else 1000 * end
            for name in ("value", "low", "high")}  # fmt: skip
    return dataclasses.replace(item, unit="orders_per_1000", **ends)
