"""The table of claims about one campaign, from what is reported to what the design carries.

Eleven rows, each with its estimate or the reason why there is none; under it the checks that try
to refute it; and the gate that the word "causal" has to pass.
"""

from __future__ import annotations

import dataclasses
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
from commlab.models.assignment import SampleRatio, sample_ratio
from commlab.models.campaign_money import Profit, campaign_profit
from commlab.models.compliers import effect_on_compliers
from commlab.models.did import EventStudy, before_after, event_study
from commlab.models.experiment import arm_aggregates, headline, readout
from commlab.models.observational import Observed, observe
from commlab.models.refutation import causal_gate, deciding, direction, refute
from commlab.models.reported import reported
from commlab.text import Words, word

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
